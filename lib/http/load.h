/* load.h: asks a server over many connections at once and says how long the answers took.
 *
 * Closed loop: each connection asks as soon as it has its answer. Open loop (a rate is given):
 * requests are due at fixed times whether or not answers come, and their times count from when they
 * were due, so that a server that stalls is not asked less and made to look good ("coordinated
 * omission"; Tene, How NOT to Measure Latency, 2013). One blocking thread a connection. */
#ifndef MLP_HTTP_LOAD_H
#define MLP_HTTP_LOAD_H

#include "http/client.h"

struct mlp_load {
    const char *url;
    const char *headers;          /* complete lines; NULL: none */
    const char *ca;               /* as of mlp_client_config */
    const struct mlp_str *bodies; /* posted in turn, each connection from a place of its own */
    size_t nbodies;               /* 0: GET */
    unsigned connections;         /* 1 to MLP_LOAD_MOST */
    uint64_t duration_ns;
    uint64_t requests;            /* at most so many; 0: no limit but the time */
    double rate;                  /* a second, over all connections; 0: closed loop */
};
#define MLP_LOAD_MOST 1024u

struct mlp_load_result {
    uint64_t ok, other, failed;   /* answers of 2xx, of another status, none */
    int status;                   /* of the first that was another */
    struct mlp_err error;         /* of the first that got none */
    double seconds;
    uint64_t *ns;                 /* times of the answers, ascending; owned */
    size_t n;
};

/* MLP_EUSAGE for a URL that is none; MLP_EIO without memory or threads. That requests fail is no
 * error. The result is finished with mlp_load_fini, also after an error. */
enum mlp_code mlp_load_run(const struct mlp_load *load, struct mlp_load_result *r,
                           struct mlp_err *e);
void mlp_load_fini(struct mlp_load_result *r);

/* The time that a share q of the answers did not exceed, by nearest rank; 0 without answers. */
uint64_t mlp_load_quantile(const struct mlp_load_result *r, double q);

#endif
