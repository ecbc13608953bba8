/* kafka.h: messages of a Kafka topic in, answers to another topic out, exactly once.
 *
 * One transaction holds the answers to a batch and the offsets behind it, so that who reads the
 * answers with isolation.level=read_committed sees those of every message once, whatever process,
 * network or broker fails meanwhile. A batch that cannot be committed is aborted and read again.
 * When the group gives partitions to another member, what was taken but not answered is dropped:
 * the other one reads it. Members that were cut off cannot commit: offsets go with the group's
 * generation.
 * Sources: KIP-98 (transactions), KIP-447 (offsets by generation), KIP-345 (static members). */
#ifndef MLP_STREAM_KAFKA_H
#define MLP_STREAM_KAFKA_H

#include "base/log.h"
#include "base/str.h"

/* A setting of librdkafka by its name in CONFIGURATION.md. */
struct mlp_kafka_setting {
    const char *name, *value;
};

/* Texts are borrowed until the close. */
struct mlp_kafka_config {
    const char *brokers;         /* "host:9092,host2:9092" */
    const char *from, *to;       /* topics */
    const char *dead;            /* topic of messages that cannot be answered; NULL: none */
    const char *group;           /* consumer group; NULL: "mlp-serve" */
    const char *instance;        /* a name that this member alone has, and keeps over restarts: a
                                    restart goes on at once; NULL: another one each time */
    const struct mlp_kafka_setting *settings; /* of the user; ours win where the promise needs it */
    size_t nsettings;
    size_t max_messages;         /* of a transaction; 0: 10,000 */
    unsigned wait_ms;            /* for brokers, when starting and when told to stop; 0: 30 s */
    bool (*stopped)(void *ctx);  /* whether the caller wants to end; asked while waiting */
    void *ctx;
    const struct mlp_log *log;   /* events: assigned, revoked, aborted, broker; NULL: none */
};

/* Views, good until the commit. A value without p: a tombstone. */
struct mlp_kafka_message {
    struct mlp_str key, value;
    int32_t partition;
    int64_t offset;
};

struct mlp_kafka;

/* Loads librdkafka (NULL: the system's librdkafka.so.1) and connects to nothing: nothing of it runs
 * before open. MLP_ENOTFOUND: there is none. The caller closes *k, NULL on failure. */
enum mlp_code mlp_kafka_new(const char *library, struct mlp_kafka **k, struct mlp_err *e);

/* Ends what another process of the same instance left open, and joins the group. MLP_EUSAGE for
 * a setting that is unknown, wrong, or ours; MLP_EREMOTE when no broker answers in time. Once. */
enum mlp_code mlp_kafka_open(struct mlp_kafka *k, const struct mlp_kafka_config *config,
                             struct mlp_err *e);

/* Waits up to wait_ms for a message and takes what is there by then, in order within a partition,
 * without waiting for more; *n may be 0. MLP_EREMOTE: this member cannot go on (another has its
 * instance, say). */
enum mlp_code mlp_kafka_take(struct mlp_kafka *k, unsigned wait_ms, size_t *n, struct mlp_err *e);

/* Message i of those taken. */
struct mlp_kafka_message mlp_kafka_message(const struct mlp_kafka *k, size_t i);

/* Sends an answer to message i, with its key and headers; value without p: a tombstone. What cannot
 * be sent now is found by the commit. MLP_EINPUT: larger than a message may be. */
enum mlp_code mlp_kafka_answer(struct mlp_kafka *k, size_t i, struct mlp_str value,
                               struct mlp_err *e);

/* Sends message i as it came to the topic `dead`, which must be set, with headers mlp-error (why),
 * mlp-topic, mlp-partition and mlp-offset. */
enum mlp_code mlp_kafka_bury(struct mlp_kafka *k, size_t i, const char *why, struct mlp_err *e);

/* Commits the answers with the offsets behind all messages taken; *done false: it was aborted, and
 * the messages come again. MLP_EREMOTE: this member cannot go on, or had no success in ten
 * attempts; what was sent is never seen then. Messages are gone after. */
enum mlp_code mlp_kafka_commit(struct mlp_kafka *k, bool *done, struct mlp_err *e);

/* Leaves the group (with an instance it keeps its place until the session ends). NULL is fine. */
void mlp_kafka_close(struct mlp_kafka *k);

#endif
