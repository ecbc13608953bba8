#include "stream/kafka_inside.h"

#include "base/os.h"

#include <stdlib.h>
#include <string.h>

#define LIBRARY "librdkafka.so.1"
#define MOST_MESSAGES 10000u
#define WAIT_MS 30000u

enum mlp_code mlp_kafka_new(const char *library, struct mlp_kafka **k, struct mlp_err *e)
{
    *k = calloc(1, sizeof **k);
    if (!*k)
        return mlp_err_nomem(e);
    enum mlp_code code = kafka_api_load(&(*k)->api, library ? library : LIBRARY, e);
    if (code) {
        free(*k);
        *k = NULL;
    }
    return code;
}

/* --- settings --- */

/* What the promise rests upon: nobody else may set it. */
static const char *const ours[][2] = {
    {"bootstrap.servers", "--brokers"}, {"metadata.broker.list", "--brokers"},
    {"group.id", "--group"}, {"group.instance.id", "--instance"},
    {"transactional.id", "--instance"}, {"enable.auto.commit", NULL},
    {"auto.commit.enable", NULL}, {"isolation.level", NULL}, {"enable.idempotence", NULL},
    {"partition.assignment.strategy", NULL}, {"enable.partition.eof", NULL}};

static enum mlp_code not_ours(const char *name, struct mlp_err *e)
{
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++) {
        if (strcmp(name, ours[i][0]) != 0)
            continue;
        mlp_err_set(e, MLP_EUSAGE, "%s is not to be set: exactly-once rests upon it", name);
        return ours[i][1] ? mlp_err_hint(e, "give %s", ours[i][1]) : MLP_EUSAGE;
    }
    return MLP_OK;
}

static enum mlp_code set(const struct mlp_kafka *k, void *conf, const char *name,
                         const char *value, struct mlp_err *e)
{
    char why[300];
    if (k->api.conf_set(conf, name, value, why, sizeof why) == 0)
        return MLP_OK;
    mlp_err_set(e, MLP_EUSAGE, "the setting %.80s of Kafka: %s", name, why);
    return mlp_err_hint(e, "names and values are those of librdkafka's CONFIGURATION.md");
}

static enum mlp_code set_users(const struct mlp_kafka *k, void *conf, struct mlp_err *e)
{
    enum mlp_code code = MLP_OK;
    for (size_t i = 0; !code && i < k->config.nsettings; i++) {
        const struct mlp_kafka_setting *s = &k->config.settings[i];
        code = not_ours(s->name, e);
        if (!code)
            code = set(k, conf, s->name, s->value, e);
    }
    return code;
}

static enum mlp_code set_all(struct mlp_kafka *k, void *conf, const char *const (*fixed)[2],
                             struct mlp_err *e)
{
    enum mlp_code code = set(k, conf, "bootstrap.servers", k->config.brokers, e);
    if (!code)
        code = set(k, conf, "client.id", "mlp-serve", e);
    /* Errors come by the callback. */
    if (!code)
        code = set(k, conf, "log_level", "0", e);
    /* As Java's: who joins topics by key finds the keys where others put them. */
    if (!code)
        code = set(k, conf, "partitioner", "murmur2_random", e);
    if (!code)
        code = set_users(k, conf, e);
    for (size_t i = 0; !code && fixed[i][0]; i++)
        code = set(k, conf, fixed[i][0], fixed[i][1], e);
    return code;
}

/* --- clients --- */

/* Runs on the thread that polls. */
static void told(void *rk, int err, const char *text, void *kafka)
{
    (void)rk;
    kafka_tell(kafka, err == KAFKA_FATAL ? MLP_ERROR : MLP_WARN, "kafka", text);
}

static enum mlp_code new_client(struct mlp_kafka *k, int type, const char *const (*fixed)[2],
                                void **client, struct mlp_err *e)
{
    char why[300];
    void *conf = k->api.conf_new();
    if (!conf)
        return mlp_err_nomem(e);
    k->api.conf_set_opaque(conf, k);
    k->api.conf_set_error_cb(conf, told);
    if (type == KAFKA_CONSUMER)
        k->api.conf_set_rebalance_cb(conf, kafka_rebalanced);
    if (set_all(k, conf, fixed, e)) {
        k->api.conf_destroy(conf);
        return e->code;
    }
    *client = k->api.new_client(type, conf, why, sizeof why); /* takes conf on success */
    if (*client)
        return MLP_OK;
    k->api.conf_destroy(conf);
    return mlp_err_set(e, MLP_EUSAGE, "Kafka: %s", why);
}

static enum mlp_code open_consumer(struct mlp_kafka *k, struct mlp_err *e)
{
    const char *const dynamic[][2] = {
        {"group.id", k->config.group}, {"enable.auto.commit", "false"},
        {"isolation.level", "read_committed"}, {NULL, NULL}, {NULL, NULL}};
    const char *fixed[sizeof dynamic / sizeof *dynamic][2];
    memcpy(fixed, dynamic, sizeof fixed);
    if (k->config.instance) {
        fixed[3][0] = "group.instance.id";
        fixed[3][1] = k->config.instance;
    }
    const char *const (*all)[2] = (const char *const (*)[2])fixed;
    enum mlp_code code = new_client(k, KAFKA_CONSUMER, all, &k->consumer, e);
    if (!code)
        k->api.poll_set_consumer(k->consumer);
    return code;
}

/* A process that has no name of its own makes one that nobody else has. */
static enum mlp_code name_instance(struct mlp_kafka *k, struct mlp_err *e)
{
    uint64_t chance = 0;
    if (!k->config.instance && mlp_os_random(&chance, sizeof chance, e))
        return e->code;
    if (k->config.instance)
        snprintf(k->instance, sizeof k->instance, "%.60s.%.60s", k->config.group,
                 k->config.instance);
    else
        snprintf(k->instance, sizeof k->instance, "%.60s.%016llx", k->config.group,
                 (unsigned long long)chance);
    return MLP_OK;
}

static enum mlp_code open_producer(struct mlp_kafka *k, struct mlp_err *e)
{
    const char *const fixed[][2] = {{"transactional.id", k->instance}, {NULL, NULL}};
    if (name_instance(k, e) || new_client(k, KAFKA_PRODUCER, fixed, &k->producer, e))
        return e->code;
    k->to = k->api.topic_new(k->producer, k->config.to, NULL);
    if (k->config.dead)
        k->dead = k->api.topic_new(k->producer, k->config.dead, NULL);
    if (!k->to || (k->config.dead && !k->dead))
        return mlp_err_set(e, MLP_EUSAGE, "\"%.100s\" is no name of a topic",
                           k->to ? k->config.dead : k->config.to);
    return MLP_OK;
}

static void *init_transactions(struct mlp_kafka *k)
{
    return k->api.init_transactions(k->producer, 1000);
}

static enum mlp_code subscribe(struct mlp_kafka *k, struct mlp_err *e)
{
    struct kafka_places *topics = k->api.topic_partition_list_new(1);
    if (!topics)
        return mlp_err_nomem(e);
    k->api.topic_partition_list_add(topics, k->config.from, -1);
    int err = k->api.subscribe(k->consumer, topics);
    k->api.topic_partition_list_destroy(topics);
    return err == 0 ? MLP_OK
                    : mlp_err_set(e, MLP_EUSAGE, "cannot read the topic %.100s: %s",
                                  k->config.from, k->api.err2str(err));
}

enum mlp_code mlp_kafka_open(struct mlp_kafka *k, const struct mlp_kafka_config *config,
                             struct mlp_err *e)
{
    k->config = *config;
    k->config.group = config->group ? config->group : "mlp-serve";
    k->config.max_messages = config->max_messages ? config->max_messages : MOST_MESSAGES;
    k->config.wait_ms = config->wait_ms ? config->wait_ms : WAIT_MS;
    k->taken = calloc(k->config.max_messages, sizeof *k->taken);
    if (!k->taken)
        return mlp_err_nomem(e);
    if (open_producer(k, e) || open_consumer(k, e))
        return e->code;
    void *error = kafka_insist(k, init_transactions, true);
    if (error) {
        kafka_failed(k, error, "starting transactions", e);
        return mlp_err_hint(e, "does a broker answer at %.120s?", k->config.brokers);
    }
    return subscribe(k, e);
}

void mlp_kafka_close(struct mlp_kafka *k)
{
    if (!k)
        return;
    kafka_drop(k);
    if (k->consumer) {
        k->api.consumer_close(k->consumer);
        k->api.destroy(k->consumer);
    }
    if (k->to)
        k->api.topic_destroy(k->to);
    if (k->dead)
        k->api.topic_destroy(k->dead);
    if (k->producer)
        k->api.destroy(k->producer);
    free(k->taken);
    free(k);
}
