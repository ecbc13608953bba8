/* serve.h: the parts of the verb serve. */
#ifndef MLP_SERVE_SERVE_VERB_H
#define MLP_SERVE_SERVE_VERB_H

#include "verbs.h"

#include "serve/serve.h"

/* Those before the blank line are told by --help, the others by the man page. */
enum {
    OPT_DEPLOYMENT, OPT_LISTEN, OPT_REGISTRY, OPT_KEY, OPT_THREADS, OPT_LOG, OPT_TLS_CERT,
    OPT_TLS_KEY, OPT_AUTH, OPT_RATE, OPT_MAX_INFLIGHT, OPT_ADMIN, OPT_EXEC, OPT_EXPLAIN,
    OPT_RUNTIME,

    OPT_LOG_SAMPLE, OPT_LOG_SIZE, OPT_LOG_KEEP, OPT_FEEDBACK, OPT_PROFILE, OPT_LIVE_WINDOW,
    OPT_OTLP, OPT_TRACE_SAMPLE, OPT_SANDBOX, OPT_EXTRA, OPT_MAX_ROWS, OPT_MAX_BODY,
    OPT_MAX_CONNECTIONS, OPT_MAX_REQUESTS, OPT_HEADER_TIMEOUT, OPT_BODY_TIMEOUT, OPT_IDLE_TIMEOUT,
    OPT_DRAIN, OPT_READY_FD, OPT_EVENTS, OPT_ROW_TIMEOUT, OPT_BATCH, OPT_TLS_CA, OPT_TLS_CLIENT,
    OPT_BURST, OPT_QUOTA, OPT_CORS
};

/* serve_text.c. */
extern const char *const serve_details[];

/* MLP_EUSAGE when what was given does not go together. */
enum mlp_code serve_operands(const struct mlp_serve_config *c, struct mlp_err *e);

#define SERVE_ORIGINS 32

/* What the options of the guard say; its origins are borrowed from the array, which has room for
 * SERVE_ORIGINS. MLP_EUSAGE when they cannot be meant. */
enum mlp_code serve_guard(const struct mlp_cmd *cmd, const char **origins,
                          struct mlp_guard_config *g, struct mlp_err *e);

#endif
