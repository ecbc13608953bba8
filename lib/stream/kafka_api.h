/* kafka_api.h: the functions of librdkafka that are used, found while running.
 *
 * Declared here and not by the library's header, so that a build neither needs nor links it. Its
 * first major version keeps this interface (librdkafka.so.1); handles are pointers that nobody
 * looks into. Names are the library's without "rd_kafka_".
 * Source: librdkafka 2.0.2, rdkafka.h; CONFIGURATION.md. */
#ifndef MLP_STREAM_KAFKA_API_H
#define MLP_STREAM_KAFKA_API_H

#include "base/err.h"

#include <stddef.h>

/* rd_kafka_resp_err_t: below zero the library's own, above the protocol's. */
enum {
    KAFKA_TIMED_OUT = -185, KAFKA_QUEUE_FULL = -184, KAFKA_ASSIGN = -175, KAFKA_FATAL = -150,
    KAFKA_FENCED = -144, KAFKA_TOO_LARGE = 10, KAFKA_FENCED_INSTANCE = 82
};

/* rd_kafka_vtype_t: what the next arguments of producev are: a topic, a value or a key with their
 * lengths, flags, or headers, which it takes over when it succeeds. */
enum { KAFKA_V_END, KAFKA_V_RKT = 2, KAFKA_V_VALUE = 4, KAFKA_V_KEY, KAFKA_V_FLAGS = 7,
       KAFKA_V_HEADERS = 10 };
#define KAFKA_COPY 2             /* RD_KAFKA_MSG_F_COPY */

/* rd_kafka_type_t. */
enum { KAFKA_PRODUCER, KAFKA_CONSUMER };

/* rd_kafka_message_t: err is 0 for a message; else payload is NULL or the words of the error. */
struct kafka_message {
    int err;
    void *rkt;
    int32_t partition;
    void *payload;
    size_t len;
    void *key;
    size_t key_len;
    int64_t offset;
    void *private_data;
};

/* rd_kafka_topic_partition_t and its list. offset is that of the next message to read. */
struct kafka_place {
    char *topic;
    int32_t partition;
    int64_t offset;
    void *metadata;
    size_t metadata_size;
    void *opaque;
    int err;
    void *private_data;
};
struct kafka_places {
    int n, size;
    struct kafka_place *at;
};

/* In the order of the names in kafka_api.c. */
struct kafka_api {
    /* Settings: new_client takes them when it succeeds. Callbacks run on the thread that polls. */
    const char *(*version_str)(void);
    void *(*conf_new)(void);
    int (*conf_set)(void *conf, const char *name, const char *value, char *why, size_t size);
    void (*conf_destroy)(void *conf);
    void (*conf_set_opaque)(void *conf, void *opaque);
    void (*conf_set_error_cb)(void *conf, void (*fn)(void *rk, int err, const char *text,
                                                     void *opaque));
    void (*conf_set_rebalance_cb)(void *conf, void (*fn)(void *rk, int err,
                                                         struct kafka_places *p, void *opaque));
    void *(*new_client)(int type, void *conf, char *why, size_t size);
    void (*destroy)(void *rk);
    const char *(*err2str)(int err);
    int (*fatal_error)(void *rk, char *why, size_t size);
    /* A topic of one client; the list owns its places; add and find lend them. */
    void *(*topic_new)(void *rk, const char *name, void *conf);
    void (*topic_destroy)(void *rkt);
    const char *(*topic_name)(const void *rkt);
    struct kafka_places *(*topic_partition_list_new)(int size);
    void (*topic_partition_list_destroy)(struct kafka_places *p);
    struct kafka_place *(*topic_partition_list_add)(struct kafka_places *p, const char *topic,
                                                    int32_t partition);
    struct kafka_place *(*topic_partition_list_find)(const struct kafka_places *p,
                                                     const char *topic, int32_t partition);
    /* The consumer: assign with NULL gives everything back. A message is the caller's. */
    int (*poll_set_consumer)(void *rk);
    int (*subscribe)(void *rk, const struct kafka_places *topics);
    int (*assign)(void *rk, const struct kafka_places *p);
    struct kafka_message *(*consumer_poll)(void *rk, int timeout_ms);
    int (*consumer_close)(void *rk);
    int (*assignment_lost)(void *rk);
    void *(*seek_partitions)(void *rk, struct kafka_places *p, int timeout_ms);
    void *(*consumer_group_metadata)(void *rk);
    void (*consumer_group_metadata_destroy)(void *metadata);
    void (*message_destroy)(struct kafka_message *m);
    /* Headers of a message are lent; copies and new ones are the caller's. */
    int (*message_headers)(const struct kafka_message *m, void **headers);
    void *(*headers_new)(size_t n);
    void *(*headers_copy)(const void *headers);
    void (*headers_destroy)(void *headers);
    int (*header_add)(void *headers, const char *name, ptrdiff_t name_size, const void *value,
                      ptrdiff_t value_size);
    /* The producer. */
    int (*producev)(void *rk, ...);
    int (*poll)(void *rk, int timeout_ms);
    /* Transactions: what is returned is NULL for success, else an error, which the caller destroys:
     * the call may be repeated, the transaction must be aborted, or neither helps. */
    void *(*init_transactions)(void *rk, int timeout_ms);
    void *(*begin_transaction)(void *rk);
    void *(*send_offsets_to_transaction)(void *rk, const struct kafka_places *offsets,
                                         const void *metadata, int timeout_ms);
    void *(*commit_transaction)(void *rk, int timeout_ms);
    void *(*abort_transaction)(void *rk, int timeout_ms);
    int (*error_code)(const void *error);
    const char *(*error_string)(const void *error);
    int (*error_is_fatal)(const void *error);
    int (*error_is_retriable)(const void *error);
    int (*error_txn_requires_abort)(const void *error);
    void (*error_destroy)(void *error);
};

/* Loads a library and finds all of them. MLP_ENOTFOUND when there is none, MLP_EINPUT when it is
 * too old (before 1.6) or another one. */
enum mlp_code kafka_api_load(struct kafka_api *api, const char *library, struct mlp_err *e);

#endif
