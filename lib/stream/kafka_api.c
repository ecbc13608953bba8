#include "stream/kafka_api.h"

#include "base/os.h"

#include <string.h>

static const char *const names[] = {
    "version_str", "conf_new", "conf_set", "conf_destroy", "conf_set_opaque",
    "conf_set_error_cb", "conf_set_rebalance_cb", "new", "destroy", "err2str", "fatal_error",
    "topic_new", "topic_destroy", "topic_name", "topic_partition_list_new",
    "topic_partition_list_destroy", "topic_partition_list_add", "topic_partition_list_find",
    "poll_set_consumer", "subscribe", "assign", "consumer_poll", "consumer_close",
    "assignment_lost", "seek_partitions", "consumer_group_metadata",
    "consumer_group_metadata_destroy", "message_destroy", "message_headers", "headers_new",
    "headers_copy", "headers_destroy", "header_add", "producev", "poll", "init_transactions",
    "begin_transaction", "send_offsets_to_transaction", "commit_transaction",
    "abort_transaction", "error_code", "error_string", "error_is_fatal", "error_is_retriable",
    "error_txn_requires_abort", "error_destroy"};
#define COUNT (sizeof names / sizeof *names)

_Static_assert(sizeof(struct kafka_api) == COUNT * sizeof(void (*)(void)), "a name a function");

enum mlp_code kafka_api_load(struct kafka_api *api, const char *library, struct mlp_err *e)
{
    void (*fn)(void);
    char name[80];
    for (size_t i = 0; i < COUNT; i++) {
        snprintf(name, sizeof name, "rd_kafka_%s", names[i]);
        if (mlp_os_library(library, name, &fn, e)) {
            mlp_err_wrap(e, "Kafka needs librdkafka 1.6 or later");
            return mlp_err_hint(e, "install librdkafka1 (Debian), librdkafka (Fedora, Alpine, "
                                   "Homebrew), or name its file: --library FILE");
        }
        memcpy((char *)api + i * sizeof fn, &fn, sizeof fn);
    }
    return MLP_OK;
}
