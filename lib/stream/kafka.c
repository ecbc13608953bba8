#include "stream/kafka_inside.h"

/* Bytes of values that one transaction takes up, before the last message. */
#define MOST_BYTES ((size_t)16 << 20)

void kafka_tell(const struct mlp_kafka *k, enum mlp_level level, const char *event,
                const char *text)
{
    const struct mlp_log_field fields[] = {{text ? "reason" : NULL, text, 0}, {0}};
    if (k->config.log)
        mlp_log_line(k->config.log, level, event, fields);
}

void kafka_drop(struct mlp_kafka *k)
{
    for (size_t i = 0; i < k->ntaken; i++)
        k->api.message_destroy(k->taken[i]);
    k->ntaken = k->bytes = 0;
}

/* What was taken belongs to somebody else now, or comes again from the committed offset. */
void kafka_rebalanced(void *rk, int err, struct kafka_places *p, void *kafka)
{
    struct mlp_kafka *k = kafka;
    bool given = err == KAFKA_ASSIGN;
    const struct mlp_log_field fields[] = {{"partitions", NULL, p->n}, {0}};
    kafka_drop(k);
    k->api.assign(rk, given ? p : NULL);
    if (k->config.log)
        mlp_log_line(k->config.log, MLP_INFO, given ? "assigned" : "revoked", fields);
}

static enum mlp_code fatal(struct mlp_kafka *k, void *client, struct mlp_err *e)
{
    char why[300];
    int err = k->api.fatal_error(client, why, sizeof why);
    if (!err)
        return MLP_OK;
    mlp_err_set(e, MLP_EREMOTE, "Kafka: %s", why);
    if (err == KAFKA_FENCED || err == KAFKA_FENCED_INSTANCE)
        mlp_err_hint(e, "does another process run as --instance %.100s?", k->instance);
    return MLP_EREMOTE;
}

/* False when nothing is there. */
static bool take_one(struct mlp_kafka *k, int wait_ms)
{
    struct kafka_message *m = k->api.consumer_poll(k->consumer, wait_ms);
    if (!m)
        return false;
    if (m->err) {
        kafka_tell(k, MLP_WARN, "kafka", m->payload ? m->payload : k->api.err2str(m->err));
        k->api.message_destroy(m);
        return false;
    }
    k->taken[k->ntaken++] = m;
    k->bytes += m->len;
    return true;
}

enum mlp_code mlp_kafka_take(struct mlp_kafka *k, unsigned wait_ms, size_t *n, struct mlp_err *e)
{
    bool more = take_one(k, (int)wait_ms);
    while (more && k->ntaken < k->config.max_messages && k->bytes < MOST_BYTES)
        more = take_one(k, 0);
    k->api.poll(k->producer, 0); /* its errors */
    *n = k->ntaken;
    if (k->ntaken == 0 && fatal(k, k->consumer, e))
        return e->code;
    return fatal(k, k->producer, e);
}

struct mlp_kafka_message mlp_kafka_message(const struct mlp_kafka *k, size_t i)
{
    const struct kafka_message *m = k->taken[i];
    return (struct mlp_kafka_message){.key = {m->key, m->key_len}, .value = {m->payload, m->len},
                                      .partition = m->partition, .offset = m->offset};
}

/* --- answers --- */

static enum mlp_code begin(struct mlp_kafka *k, struct mlp_err *e)
{
    if (k->begun)
        return MLP_OK;
    void *error = k->api.begin_transaction(k->producer);
    if (error)
        return kafka_failed(k, error, "beginning a transaction", e);
    k->begun = true;
    return MLP_OK;
}

/* Hands a message to the library, which copies it; headers go over to it, or are destroyed. */
static enum mlp_code send(struct mlp_kafka *k, void *topic, const struct kafka_message *m,
                          struct mlp_str value, void *headers, struct mlp_err *e)
{
    enum mlp_code code = begin(k, e);
    int err = 0;
    do {
        if (err)
            k->api.poll(k->producer, 10);
        if (!code && !k->broken)
            err = k->api.producev(k->producer, KAFKA_V_RKT, topic, KAFKA_V_VALUE, value.p, value.n,
                                  KAFKA_V_KEY, m->key, m->key_len, KAFKA_V_FLAGS, KAFKA_COPY,
                                  headers ? KAFKA_V_HEADERS : KAFKA_V_END, headers, KAFKA_V_END);
    } while (err == KAFKA_QUEUE_FULL);
    if (headers && (code || err || k->broken))
        k->api.headers_destroy(headers);
    if (err == KAFKA_TOO_LARGE)
        return mlp_err_set(e, MLP_EINPUT, "the answer is larger than a message may be");
    if (err)
        kafka_tell(k, MLP_WARN, "kafka", k->api.err2str(err));
    k->broken = k->broken || err;
    return code;
}

enum mlp_code mlp_kafka_answer(struct mlp_kafka *k, size_t i, struct mlp_str value,
                               struct mlp_err *e)
{
    void *headers = NULL;
    if (k->api.message_headers(k->taken[i], &headers) == 0 && headers)
        headers = k->api.headers_copy(headers);
    return send(k, k->to, k->taken[i], value, headers, e);
}

static void add_header(struct mlp_kafka *k, void *headers, const char *name, const char *value)
{
    k->api.header_add(headers, name, -1, value, -1);
}

enum mlp_code mlp_kafka_bury(struct mlp_kafka *k, size_t i, const char *why, struct mlp_err *e)
{
    const struct kafka_message *m = k->taken[i];
    char number[24];
    void *headers = NULL;
    if (k->api.message_headers(m, &headers) == 0 && headers)
        headers = k->api.headers_copy(headers);
    else
        headers = k->api.headers_new(4);
    if (!headers)
        return mlp_err_nomem(e);
    add_header(k, headers, "mlp-error", why);
    add_header(k, headers, "mlp-topic", k->api.topic_name(m->rkt));
    snprintf(number, sizeof number, "%d", m->partition);
    add_header(k, headers, "mlp-partition", number);
    snprintf(number, sizeof number, "%lld", (long long)m->offset);
    add_header(k, headers, "mlp-offset", number);
    return send(k, k->dead, m, (struct mlp_str){m->payload, m->len}, headers, e);
}
