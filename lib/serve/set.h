/* set.h: everything that serves at one moment, and how it is replaced under load.
 *
 * A set is immutable. Threads read it under a hazard pointer (Michael, "Hazard Pointers", IEEE
 * TPDS 15, 2004): one store and two loads a request, no lock, no shared counter. The one who
 * replaces it waits until no thread points at the old one. */
#ifndef MLP_SERVE_SET_H
#define MLP_SERVE_SET_H

#include "serve/serve.h"
#include "serve/served.h"

/* An arm of a route. */
struct mlp_lane {
    enum mlp_arm role;
    unsigned weight;             /* per cent of the requests; 0 for shadows */
    struct mlp_served *served;   /* counted */
};

struct mlp_lanes {
    char name[128];
    size_t n;
    bool shadowed;               /* some lane is a shadow */
    struct mlp_lane lane[MLP_DEPLOYMENT_TARGETS];
};

struct mlp_set {
    size_t nroutes;
    struct mlp_lanes *routes;    /* owned */
};

/* serve.c: hands the answer of a command to its client. */
mlp_job_done mlp_serve_answered;

/* Loads the set that config describes. Models that `old` (may be NULL) has already are shared. */
enum mlp_code mlp_set_load(const struct mlp_serve_config *config, unsigned threads,
                           const struct mlp_set *old, struct mlp_set **out, struct mlp_err *e);
void mlp_set_free(struct mlp_set *s);

/* True when both serve the same models with the same roles and weights. */
bool mlp_set_same(const struct mlp_set *a, const struct mlp_set *b);

/* The route of that name; an empty name means the only one. NULL when there is none. */
const struct mlp_lanes *mlp_set_route(const struct mlp_set *s, struct mlp_str name);

/* The lane that answers: by the key's hash where there is one, so that a key always meets the same
 * arm, else by turn, exact over any 100 requests in a row. */
const struct mlp_lane *mlp_lanes_pick(const struct mlp_lanes *r, struct mlp_str key,
                                      uint64_t turn);

/* The place where the set is found. */
struct mlp_sets;
enum mlp_code mlp_sets_new(unsigned threads, struct mlp_sets **out, struct mlp_err *e);

/* Frees the set in it too. NULL is fine. */
void mlp_sets_free(struct mlp_sets *s);

/* The set in force, good until thread calls leave. NULL before the first swap. */
const struct mlp_set *mlp_sets_enter(struct mlp_sets *s, unsigned thread);
void mlp_sets_leave(struct mlp_sets *s, unsigned thread);

/* The set in force, for the only thread that swaps. */
struct mlp_set *mlp_sets_now(const struct mlp_sets *s);

/* Puts next in force (owned from here on), waits until nobody reads the one before and frees it.
 * From one thread at a time, which must not be inside. */
void mlp_sets_swap(struct mlp_sets *s, struct mlp_set *next);

#endif
