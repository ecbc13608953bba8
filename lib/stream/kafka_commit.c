#include "stream/kafka_inside.h"

#include "base/os.h"

/* Each call of the library waits so long at most, so that a wish to stop is heard. */
#define CALL_MS 1000
#define MOST_ABORTS 10u

void *kafka_insist(struct mlp_kafka *k, void *(*call)(struct mlp_kafka *k), bool starting)
{
    uint64_t since = starting ? mlp_os_monotonic_ns() : 0;
    for (;;) {
        void *error = call(k);
        if (!error || !k->api.error_is_retriable(error))
            return error;
        k->api.poll(k->producer, 0); /* its errors are told */
        bool stop = k->config.stopped && k->config.stopped(k->config.ctx);
        if (stop && starting)
            return error;
        if (stop && !since)
            since = mlp_os_monotonic_ns();
        if (since && mlp_os_monotonic_ns() - since >= k->config.wait_ms * (uint64_t)1000000)
            return error;
        k->api.error_destroy(error);
        mlp_os_sleep_ms(50);
    }
}

enum mlp_code kafka_failed(struct mlp_kafka *k, void *error, const char *doing, struct mlp_err *e)
{
    int err = k->api.error_code(error);
    mlp_err_set(e, MLP_EREMOTE, "Kafka, %s: %.400s", doing, k->api.error_string(error));
    k->api.error_destroy(error);
    if (err == KAFKA_FENCED || err == KAFKA_FENCED_INSTANCE)
        mlp_err_hint(e, "does another process run as --instance %.100s?", k->instance);
    return MLP_EREMOTE;
}

/* For each partition the offset of the first message taken, or that behind the last. */
static struct kafka_places *places(const struct mlp_kafka *k, bool behind)
{
    struct kafka_places *p = k->api.topic_partition_list_new(16);
    for (size_t i = 0; p && i < k->ntaken; i++) {
        const struct kafka_message *m = k->taken[i];
        const char *topic = k->api.topic_name(m->rkt);
        struct kafka_place *at = k->api.topic_partition_list_find(p, topic, m->partition);
        bool first = !at;
        if (first)
            at = k->api.topic_partition_list_add(p, topic, m->partition);
        if (behind)
            at->offset = m->offset + 1;
        else if (first)
            at->offset = m->offset;
    }
    return p;
}

static void *send_offsets(struct mlp_kafka *k)
{
    struct kafka_places *p = places(k, true);
    void *error = k->api.send_offsets_to_transaction(k->producer, p, k->member, CALL_MS);
    k->api.topic_partition_list_destroy(p);
    return error;
}

static void *commit(struct mlp_kafka *k)
{
    return k->api.commit_transaction(k->producer, CALL_MS);
}

static void *give_up(struct mlp_kafka *k)
{
    return k->api.abort_transaction(k->producer, CALL_MS);
}

/* Reads on from the first message taken. Partitions that are no longer ours fail, as they may. */
static void rewind_taken(struct mlp_kafka *k)
{
    struct kafka_places *p = places(k, false);
    void *error = p ? k->api.seek_partitions(k->consumer, p, 10000) : NULL;
    if (error)
        k->api.error_destroy(error);
    if (p)
        k->api.topic_partition_list_destroy(p);
}

static enum mlp_code abort_all(struct mlp_kafka *k, const char *why, struct mlp_err *e)
{
    kafka_tell(k, MLP_WARN, "aborted", why);
    if (++k->aborts >= MOST_ABORTS)
        return mlp_err_set(e, MLP_EREMOTE, "Kafka: ten transactions in a row failed: %.400s", why);
    void *error = k->begun ? kafka_insist(k, give_up, false) : NULL;
    if (error)
        return kafka_failed(k, error, "aborting a transaction", e);
    rewind_taken(k);
    if (k->aborts > 1)
        mlp_os_sleep_ms(100u << (k->aborts < 6 ? k->aborts : 6));
    return MLP_OK;
}

/* Whether the messages taken are ours. A member that the group cut off (a machine that slept, say)
 * has no generation until it polls, and offsets without one would be accepted: hence the order, for
 * the library sets both on the thread that answers the first question. */
static bool still_member(struct mlp_kafka *k)
{
    k->member = k->api.consumer_group_metadata(k->consumer);
    return k->member && !k->api.assignment_lost(k->consumer);
}

/* The first error of the two steps, or NULL. */
static void *try_commit(struct mlp_kafka *k)
{
    void *error = kafka_insist(k, send_offsets, false);
    return error ? error : kafka_insist(k, commit, false);
}

static enum mlp_code settle(struct mlp_kafka *k, bool *done, struct mlp_err *e)
{
    char why[300];
    if (k->broken || !k->begun)
        return abort_all(k, "an answer could not be sent", e);
    if (!still_member(k))
        return abort_all(k, "the group took the partitions away", e);
    void *error = try_commit(k);
    *done = !error;
    if (!error)
        return MLP_OK;
    if (!k->api.error_txn_requires_abort(error))
        return kafka_failed(k, error, "committing", e);
    snprintf(why, sizeof why, "%s", k->api.error_string(error));
    k->api.error_destroy(error);
    return abort_all(k, why, e);
}

enum mlp_code mlp_kafka_commit(struct mlp_kafka *k, bool *done, struct mlp_err *e)
{
    *done = false;
    enum mlp_code code = settle(k, done, e);
    if (*done)
        k->aborts = 0;
    k->begun = k->broken = false;
    if (k->member)
        k->api.consumer_group_metadata_destroy(k->member);
    k->member = NULL;
    kafka_drop(k);
    return code;
}
