#include "serve/set.h"

#include "base/map.h"
#include "base/os.h"
#include "registry/registry.h"

#include <stdlib.h>

/* What loading a set needs to know. */
struct loading {
    const struct mlp_serve_config *config;
    unsigned threads;
    const struct mlp_set *old;
    char registry[4096];
    struct mlp_set *set;
};

void mlp_set_free(struct mlp_set *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->nroutes; i++)
        for (size_t j = 0; j < s->routes[i].n; j++)
            mlp_served_drop(s->routes[i].lane[j].served);
    free(s->routes);
    free(s);
}

/* A model of a set by its digest, or NULL. */
static struct mlp_served *find_digest(const struct mlp_set *s, struct mlp_str digest)
{
    for (size_t i = 0; s && digest.n && i < s->nroutes; i++)
        for (size_t j = 0; j < s->routes[i].n; j++)
            if (mlp_str_is(digest, s->routes[i].lane[j].served->digest))
                return s->routes[i].lane[j].served;
    return NULL;
}

/* The model of an origin: one that serves already, or loaded. */
static enum mlp_code obtain(const struct loading *l, const struct mlp_origin *from,
                            struct mlp_served **out, struct mlp_err *e)
{
    struct mlp_served *have = find_digest(l->set, from->digest);
    if (!have)
        have = find_digest(l->old, from->digest);
    if (have) {
        *out = mlp_served_keep(have);
        return MLP_OK;
    }
    return mlp_served_load(from, l->threads, out, e);
}

/* Makes room for the routes of a set. */
static enum mlp_code new_set(struct loading *l, size_t nroutes, struct mlp_err *e)
{
    l->set = calloc(1, sizeof *l->set);
    if (l->set)
        l->set->routes = calloc(nroutes, sizeof *l->set->routes);
    return l->set && l->set->routes ? MLP_OK : mlp_err_nomem(e);
}

/* --- a model that was named --- */

static enum mlp_code load_ref(struct loading *l, const char *ref, struct mlp_served **out,
                              struct mlp_err *e)
{
    struct mlp_registry *registry = NULL;
    const struct mlp_version *v = NULL;
    char name[128];
    enum mlp_code code = mlp_registry_path(l->config->registry, l->registry, sizeof l->registry, e);
    if (code == MLP_OK)
        code = mlp_registry_open(l->registry, &registry, e);
    if (code != MLP_OK)
        return code;
    code = mlp_registry_resolve(registry, ref, &v, e);
    if (code == MLP_OK) {
        mlp_str_copy(v->model, name, sizeof name);
        const struct mlp_origin from = {.registry_dir = l->registry, .digest = v->digest,
                                        .name = name, .version = v->version,
                                        .key = l->config->key,
                                        .onnxruntime = l->config->onnxruntime,
            .reference = l->config->reference, .live_window_ns = l->config->live_window_ns,
                                        .explain = l->config->explain};
        code = obtain(l, &from, out, e);
    }
    mlp_registry_close(registry);
    return code;
}

static enum mlp_code load_named(struct loading *l, struct mlp_served **out, struct mlp_err *e)
{
    const char *model = l->config->model;
    struct mlp_stat st;
    const struct mlp_origin from = {.path = model, .key = l->config->key,
                                    .onnxruntime = l->config->onnxruntime,
            .reference = l->config->reference, .live_window_ns = l->config->live_window_ns,
                                    .explain = l->config->explain};
    enum mlp_code code = mlp_os_stat(model, false, &st, e);
    if (code != MLP_OK || st.exists)
        return code == MLP_OK ? mlp_served_load(&from, l->threads, out, e) : code;
    if (strchr(model, '@') || mlp_str_starts(mlp_str_from(model), "sha256:") ||
        (l->config->registry && !strchr(model, '/')))
        return load_ref(l, model, out, e);
    mlp_err_set(e, MLP_ENOTFOUND, "cannot open %s: no such file", model);
    return mlp_err_hint(e, "a model of a registry is written NAME@ALIAS or NAME@VERSION");
}

static enum mlp_code load_command(struct loading *l, struct mlp_served **out, struct mlp_err *e)
{
    const struct mlp_child_config config = {
        .command = l->config->exec, .timeout_ms = l->config->row_timeout_ms,
        .log = l->config->log};
    return mlp_served_command(&config, mlp_serve_answered, l->threads, out, e);
}

static enum mlp_code load_one(struct loading *l, struct mlp_err *e)
{
    enum mlp_code code = new_set(l, 1, e);
    if (code != MLP_OK)
        return code;
    struct mlp_lanes *route = &l->set->routes[0];
    l->set->nroutes = 1;
    route->lane[0].weight = 100;
    code = l->config->exec ? load_command(l, &route->lane[0].served, e)
                           : load_named(l, &route->lane[0].served, e);
    if (code != MLP_OK)
        return code;
    route->n = 1;
    mlp_str_copy(mlp_str_from(route->lane[0].served->name), route->name, sizeof route->name);
    return MLP_OK;
}

/* --- a deployment --- */

static enum mlp_code load_target(struct loading *l, const struct mlp_target *t,
                                 struct mlp_served **out, struct mlp_err *e)
{
    char path[4096], name[128];
    mlp_str_copy(t->model, name, sizeof name);
    struct mlp_origin from = {.digest = t->digest, .version = t->version, .key = l->config->key,
                              .name = t->model.n ? name : NULL, .registry_dir = l->registry,
                              .onnxruntime = l->config->onnxruntime,
            .reference = l->config->reference, .live_window_ns = l->config->live_window_ns,
                              .explain = l->config->explain};
    if (t->path.n) {
        if (!mlp_deployment_resolve(l->config->deployment, t->path, path, sizeof path))
            return mlp_err_set(e, MLP_EINPUT, "the path of a target is too long");
        from.path = path;
    }
    enum mlp_code code = obtain(l, &from, out, e);
    return code == MLP_OK ? code
                          : mlp_err_wrap(e, "%s target %.*s", mlp_arm_name(t->role),
                                         MLP_STR_ARG(t->model.n ? t->model : t->path));
}

static enum mlp_code load_route(struct loading *l, const struct mlp_route *from,
                                struct mlp_lanes *to, struct mlp_err *e)
{
    enum mlp_code code = MLP_OK;
    mlp_str_copy(from->name, to->name, sizeof to->name);
    for (size_t i = 0; code == MLP_OK && i < from->ntargets; i++) {
        const struct mlp_target *t = &from->targets[i];
        struct mlp_lane *lane = &to->lane[to->n];
        lane->role = t->role;
        lane->weight = t->weight;
        code = load_target(l, t, &lane->served, e);
        to->n += code == MLP_OK;
        to->shadowed = to->shadowed || t->role == MLP_ARM_SHADOW;
    }
    return code == MLP_OK ? code : mlp_err_wrap(e, "route %.*s", MLP_STR_ARG(from->name));
}

/* --registry wins over the file's own, which wins over the default. */
static enum mlp_code find_registry(struct loading *l, const struct mlp_deployment *d,
                                   struct mlp_err *e)
{
    if (!l->config->registry && d->registry[0]) {
        bool fits = mlp_deployment_resolve(l->config->deployment, mlp_str_from(d->registry),
                                           l->registry, sizeof l->registry);
        return fits ? MLP_OK : mlp_err_set(e, MLP_EINPUT, "the registry's path is too long");
    }
    return mlp_registry_path(l->config->registry, l->registry, sizeof l->registry, e);
}

static enum mlp_code load_deployment(struct loading *l, struct mlp_err *e)
{
    struct mlp_deployment *d = calloc(1, sizeof *d);
    if (!d)
        return mlp_err_nomem(e);
    enum mlp_code code = mlp_deployment_load(d, l->config->deployment, e);
    if (code == MLP_OK)
        code = find_registry(l, d, e);
    if (code == MLP_OK)
        code = new_set(l, d->nroutes, e);
    for (size_t i = 0; code == MLP_OK && i < d->nroutes; i++) {
        l->set->nroutes = i + 1;
        code = load_route(l, &d->routes[i], &l->set->routes[i], e);
    }
    mlp_deployment_fini(d);
    free(d);
    return mlp_err_at(e, code == MLP_OK ? NULL : l->config->deployment, 0, 0);
}

enum mlp_code mlp_set_load(const struct mlp_serve_config *config, unsigned threads,
                           const struct mlp_set *old, struct mlp_set **out, struct mlp_err *e)
{
    struct loading l = {.config = config, .threads = threads, .old = old};
    enum mlp_code code = config->deployment ? load_deployment(&l, e) : load_one(&l, e);
    *out = NULL;
    if (code == MLP_OK)
        *out = l.set;
    else
        mlp_set_free(l.set);
    return code;
}

static bool same_route(const struct mlp_lanes *a, const struct mlp_lanes *b)
{
    bool same = strcmp(a->name, b->name) == 0 && a->n == b->n;
    for (size_t i = 0; same && i < a->n; i++)
        same = a->lane[i].role == b->lane[i].role && a->lane[i].weight == b->lane[i].weight &&
               strcmp(a->lane[i].served->digest, b->lane[i].served->digest) == 0;
    return same;
}

bool mlp_set_same(const struct mlp_set *a, const struct mlp_set *b)
{
    bool same = a && b && a->nroutes == b->nroutes;
    for (size_t i = 0; same && i < a->nroutes; i++)
        same = same_route(&a->routes[i], &b->routes[i]);
    return same;
}

const struct mlp_lanes *mlp_set_route(const struct mlp_set *s, struct mlp_str name)
{
    if (name.n == 0)
        return s->nroutes == 1 ? &s->routes[0] : NULL;
    for (size_t i = 0; i < s->nroutes; i++)
        if (mlp_str_is(name, s->routes[i].name))
            return &s->routes[i];
    return NULL;
}

const struct mlp_lane *mlp_lanes_pick(const struct mlp_lanes *r, struct mlp_str key,
                                      uint64_t turn)
{
    /* 37 has no factor in common with 100: every share comes up once in 100 turns, well mixed. */
    unsigned at = (unsigned)(key.n ? mlp_hash64(key.p, key.n, 0) % 100 : turn * 37 % 100);
    for (size_t i = 0; i < r->n; i++) {
        if (at < r->lane[i].weight)
            return &r->lane[i];
        at -= r->lane[i].weight;
    }
    return &r->lane[0];
}

/* --- replacing --- */

struct hazard {
    _Alignas(64) _Atomic(const struct mlp_set *) set;
};

struct mlp_sets {
    _Alignas(64) _Atomic(struct mlp_set *) now;
    unsigned threads;
    struct hazard hazards[];
};

enum mlp_code mlp_sets_new(unsigned threads, struct mlp_sets **out, struct mlp_err *e)
{
    size_t size = sizeof **out + threads * sizeof(struct hazard);
    *out = aligned_alloc(64, size);
    if (!*out)
        return mlp_err_nomem(e);
    memset(*out, 0, size);
    (*out)->threads = threads;
    return MLP_OK;
}

void mlp_sets_free(struct mlp_sets *s)
{
    if (!s)
        return;
    mlp_set_free(atomic_load(&s->now));
    free(s);
}

const struct mlp_set *mlp_sets_enter(struct mlp_sets *s, unsigned thread)
{
    const struct mlp_set *set = atomic_load(&s->now), *again;
    for (;; set = again) {
        atomic_store(&s->hazards[thread].set, set);
        again = atomic_load(&s->now);
        if (again == set)
            return set;
    }
}

void mlp_sets_leave(struct mlp_sets *s, unsigned thread)
{
    atomic_store_explicit(&s->hazards[thread].set, NULL, memory_order_release);
}

struct mlp_set *mlp_sets_now(const struct mlp_sets *s)
{
    return atomic_load(&s->now);
}

void mlp_sets_swap(struct mlp_sets *s, struct mlp_set *next)
{
    struct mlp_set *before = atomic_exchange(&s->now, next);
    for (unsigned i = 0; before && i < s->threads; i++)
        while (atomic_load(&s->hazards[i].set) == before)
            mlp_os_sleep_ms(1);
    mlp_set_free(before);
}
