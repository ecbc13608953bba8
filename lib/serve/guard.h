/* guard.h: what a request must pass before a model is asked: load, origin, who, how often.
 *
 * It answers what does not pass by itself: 503 over --max-inflight, 401 and 403 by the auth file
 * (http/auth.h), 429 over a client's rate or quota (http/limit.h). A client is an API key, the
 * subject of a token, or an address. Probes (/healthz, /v2/health/live, /ping, ...) meet no
 * limit. */
#ifndef MLP_SERVE_GUARD_H
#define MLP_SERVE_GUARD_H

#include "http/limit.h"

struct mlp_asking;
struct mlp_log;

/* All zero: no guard. Texts are borrowed. */
struct mlp_guard_config {
    const char *auth;            /* mlp-auth(5) file; NULL: everybody may */
    struct mlp_rate rate, quota; /* of a client whose key has none of its own; n 0: no limit */
    unsigned max_inflight;       /* requests that wait for an answer; 0: no limit */
    const char *const *origins;  /* CORS: these may, "*" is everybody; none: nobody */
    size_t norigins;
};

struct mlp_guard;

/* Reads the auth file and the key set and starts the thread that keeps them up to date. *g is NULL
 * when the configuration asks for nothing. A key set that cannot be fetched is no error: it is
 * tried again, and tokens are refused meanwhile. config and log outlive g. Heap. */
enum mlp_code mlp_guard_new(const struct mlp_guard_config *config, unsigned threads,
                            const struct mlp_log *log, struct mlp_guard **g, struct mlp_err *e);
/* No request may be under way. NULL is fine. */
void mlp_guard_free(struct mlp_guard *g);

/* True: go on. False: answered. Call done once for each, when the answer is made. g NULL is
 * everybody, for nothing. */
bool mlp_guard_admit(struct mlp_guard *g, struct mlp_asking *q);
void mlp_guard_done(struct mlp_guard *g);

/* From the loop: look whether files changed (about once a second); or read them whatever. */
void mlp_guard_tick(struct mlp_guard *g);
void mlp_guard_force(struct mlp_guard *g);

#endif
