/* kafka_inside.h: what the files of kafka.h share: opening (kafka_open.c), taking messages
 * (kafka.c), transactions (kafka_commit.c). */
#ifndef MLP_STREAM_KAFKA_INSIDE_H
#define MLP_STREAM_KAFKA_INSIDE_H

#include "stream/kafka.h"
#include "stream/kafka_api.h"

struct mlp_kafka {
    struct kafka_api api;
    struct mlp_kafka_config config;
    char instance[128];          /* the transactional.id */
    void *consumer, *producer;   /* owned; NULL before open */
    void *to, *dead;             /* topics of the producer; owned */
    struct kafka_message **taken; /* owned, as are the messages */
    size_t ntaken;
    size_t bytes;                /* of their values */
    void *member;                /* in its generation, while committing; owned */
    bool begun;                  /* a transaction is open */
    bool broken;                 /* something was not sent: it must be aborted */
    unsigned aborts;             /* in a row */
};

/* kafka.c: forgets what was taken. */
void kafka_drop(struct mlp_kafka *k);

/* kafka.c: fits rd_kafka_conf_set_rebalance_cb with a struct mlp_kafka. Runs on the thread that
 * polls, hence never inside a transaction. */
void kafka_rebalanced(void *rk, int err, struct kafka_places *p, void *kafka);

/* kafka.c: a line of the log; text may be NULL. */
void kafka_tell(const struct mlp_kafka *k, enum mlp_level level, const char *event,
                const char *text);

/* kafka_commit.c: calls a function of transactions until it succeeds, fails for good, or wait_ms
 * have passed since somebody asked to stop. Starting: or since the call, and a wish to stop is
 * heard at once. Gives its error object, which the caller destroys, or NULL for success. */
void *kafka_insist(struct mlp_kafka *k, void *(*call)(struct mlp_kafka *k), bool starting);

/* kafka_commit.c: MLP_EREMOTE in the words of an error object, which it destroys. */
enum mlp_code kafka_failed(struct mlp_kafka *k, void *error, const char *doing, struct mlp_err *e);

#endif
