/* serve.h: the parts of the verb serve. */
#ifndef MLP_SERVE_SERVE_VERB_H
#define MLP_SERVE_SERVE_VERB_H

#include "verbs.h"

#include "serve/serve.h"

enum {
    OPT_DEPLOYMENT, OPT_LISTEN, OPT_REGISTRY, OPT_KEY, OPT_THREADS, OPT_LOG, OPT_LOG_SAMPLE,
    OPT_LOG_SIZE, OPT_LOG_KEEP, OPT_FEEDBACK, OPT_EXTRA,
    OPT_MAX_ROWS, OPT_MAX_BODY, OPT_MAX_CONNECTIONS, OPT_MAX_REQUESTS, OPT_HEADER_TIMEOUT,
    OPT_BODY_TIMEOUT, OPT_IDLE_TIMEOUT, OPT_DRAIN, OPT_READY_FD, OPT_EVENTS, OPT_EXEC,
    OPT_ROW_TIMEOUT, OPT_EXPLAIN, OPT_BATCH, OPT_RUNTIME, OPT_TLS_CERT, OPT_TLS_KEY, OPT_TLS_CA,
    OPT_TLS_CLIENT, OPT_AUTH, OPT_RATE, OPT_BURST, OPT_QUOTA, OPT_MAX_INFLIGHT, OPT_CORS
};

/* MLP_EUSAGE when what was given does not go together. */
enum mlp_code serve_operands(const struct mlp_serve_config *c, struct mlp_err *e);

#define SERVE_ORIGINS 32

/* What the options of the guard say; its origins are borrowed from the array, which has room for
 * SERVE_ORIGINS. MLP_EUSAGE when they cannot be meant. */
enum mlp_code serve_guard(const struct mlp_cmd *cmd, const char **origins,
                          struct mlp_guard_config *g, struct mlp_err *e);

#endif
