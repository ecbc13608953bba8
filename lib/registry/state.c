/* What events mean: versions, aliases, tags, evidence. */
#include "registry/internal.h"

#include "text/json.h"

static struct mlp_version *find_version(const struct mlp_registry *r, struct mlp_str model,
                                        uint64_t version)
{
    for (size_t i = r->versions.n; i-- > 0;) {
        struct mlp_version *v = mlp_vec_at(&r->versions, i);
        if (v->version == version && mlp_str_eq(v->model, model))
            return v;
    }
    return NULL;
}

/* Appends each text of the list member `name` of a line to referrers. */
static enum mlp_code take_referrers(struct mlp_registry *r, const struct mlp_event *event,
                                    struct mlp_version *v, struct mlp_err *e)
{
    struct mlp_str text = mlp_registry_member(r, event, "referrers"), digest;
    while (mlp_str_split(&text, ' ', &digest)) {
        struct mlp_str *slot = digest.n ? mlp_vec_push(&v->referrers) : NULL;
        if (slot)
            *slot = digest;
        else if (digest.n)
            return mlp_err_nomem(e);
    }
    return MLP_OK;
}

static enum mlp_code apply_add(struct mlp_registry *r, const struct mlp_event *event,
                               struct mlp_err *e)
{
    struct mlp_version *v = mlp_vec_push(&r->versions);
    if (!v)
        return mlp_err_nomem(e);
    *v = (struct mlp_version){
        .model = event->model,
        .version = event->version,
        .digest = event->digest,
        .created = event->time,
        .actor = event->actor,
    };
    mlp_vec_init(&v->tags, sizeof(struct mlp_pair));
    mlp_vec_init(&v->referrers, sizeof(struct mlp_str));
    return take_referrers(r, event, v, e);
}

static struct mlp_alias *find_alias(const struct mlp_registry *r, struct mlp_str model,
                                    struct mlp_str name)
{
    for (size_t i = 0; i < r->aliases.n; i++) {
        struct mlp_alias *a = mlp_vec_at(&r->aliases, i);
        if (mlp_str_eq(a->name, name) && mlp_str_eq(a->model, model))
            return a;
    }
    return NULL;
}

static enum mlp_code apply_alias(struct mlp_registry *r, const struct mlp_event *event,
                                 struct mlp_err *e)
{
    struct mlp_str name = mlp_registry_member(r, event, "alias");
    struct mlp_alias *a = find_alias(r, event->model, name);
    if (!a) {
        a = mlp_vec_push(&r->aliases);
        if (!a)
            return mlp_err_nomem(e);
        *a = (struct mlp_alias){.model = event->model, .name = name};
    }
    if (a->version != event->version)
        a->previous = a->version;
    a->version = event->version;
    a->seq = event->seq;
    return MLP_OK;
}

static enum mlp_code apply_tag(struct mlp_registry *r, const struct mlp_event *event,
                               struct mlp_version *v, struct mlp_err *e)
{
    struct mlp_str key = mlp_registry_member(r, event, "key");
    struct mlp_pair *pair = NULL;
    for (size_t i = 0; i < v->tags.n && !pair; i++) {
        struct mlp_pair *p = mlp_vec_at(&v->tags, i);
        if (mlp_str_eq(p->key, key))
            pair = p;
    }
    if (!pair)
        pair = mlp_vec_push(&v->tags);
    if (!pair)
        return mlp_err_nomem(e);
    *pair = (struct mlp_pair){key, mlp_registry_member(r, event, "value")};
    return MLP_OK;
}

enum mlp_code mlp_state_apply(struct mlp_registry *r, const struct mlp_event *event,
                              struct mlp_err *e)
{
    if (mlp_str_is(event->type, "add"))
        return apply_add(r, event, e);
    if (mlp_str_is(event->type, "alias"))
        return apply_alias(r, event, e);
    struct mlp_version *v = find_version(r, event->model, event->version);
    /* Other types, also those of later releases, change nothing that is derived here. */
    if (!v)
        return MLP_OK;
    if (mlp_str_is(event->type, "tag"))
        return apply_tag(r, event, v, e);
    if (mlp_str_is(event->type, "attach"))
        return take_referrers(r, event, v, e);
    return MLP_OK;
}

size_t mlp_registry_nversions(const struct mlp_registry *r)
{
    return r->versions.n;
}

const struct mlp_version *mlp_registry_version(const struct mlp_registry *r, size_t i)
{
    return mlp_vec_at(&r->versions, i);
}

size_t mlp_registry_naliases(const struct mlp_registry *r)
{
    return r->aliases.n;
}

const struct mlp_alias *mlp_registry_alias_at(const struct mlp_registry *r, size_t i)
{
    return mlp_vec_at(&r->aliases, i);
}

const struct mlp_alias *mlp_registry_alias(const struct mlp_registry *r, struct mlp_str model,
                                           struct mlp_str alias)
{
    const struct mlp_alias *a = find_alias(r, model, alias);
    return a && a->version ? a : NULL;
}

size_t mlp_registry_nevents(const struct mlp_registry *r)
{
    return r->events.n;
}

const struct mlp_event *mlp_registry_event(const struct mlp_registry *r, size_t i)
{
    return mlp_vec_at(&r->events, i);
}

/* ---- references */

static const struct mlp_version *newest(const struct mlp_registry *r, struct mlp_str model)
{
    const struct mlp_version *best = NULL;
    for (size_t i = 0; i < r->versions.n; i++) {
        const struct mlp_version *v = mlp_vec_at(&r->versions, i);
        if (mlp_str_eq(v->model, model) && (!best || v->version > best->version))
            best = v;
    }
    return best;
}

static const struct mlp_version *by_digest(const struct mlp_registry *r, struct mlp_str digest)
{
    for (size_t i = r->versions.n; i-- > 0;) {
        const struct mlp_version *v = mlp_vec_at(&r->versions, i);
        if (mlp_str_eq(v->digest, digest))
            return v;
    }
    return NULL;
}

static enum mlp_code no_such_model(const struct mlp_registry *r, struct mlp_str model,
                                   struct mlp_err *e)
{
    mlp_err_set(e, MLP_ENOTFOUND, "no model \"%.*s\" in the registry %s", MLP_STR_ARG(model),
                r->dir);
    unsigned least = 4;
    struct mlp_str near = {NULL, 0};
    for (size_t i = 0; i < r->versions.n; i++) {
        const struct mlp_version *v = mlp_vec_at(&r->versions, i);
        unsigned d = mlp_str_distance(model, v->model);
        if (d < least) {
            least = d;
            near = v->model;
        }
    }
    if (near.p)
        return mlp_err_hint(e, "did you mean \"%.*s\"?", MLP_STR_ARG(near));
    return mlp_err_hint(e, "mlp-register list shows what is there; add puts a package in");
}

/* The part after '@': a number, vN, an alias, or latest. */
static const struct mlp_version *by_name(const struct mlp_registry *r, struct mlp_str model,
                                         struct mlp_str ref)
{
    uint64_t number;
    struct mlp_str digits = ref;
    if (mlp_str_is(ref, "latest"))
        return newest(r, model);
    if (ref.n > 1 && ref.p[0] == 'v')
        digits = (struct mlp_str){ref.p + 1, ref.n - 1};
    if (mlp_str_u64(digits, &number))
        return find_version(r, model, number);
    const struct mlp_alias *a = mlp_registry_alias(r, model, ref);
    return a ? find_version(r, model, a->version) : NULL;
}

enum mlp_code mlp_registry_resolve(const struct mlp_registry *r, const char *text,
                                   const struct mlp_version **out, struct mlp_err *e)
{
    struct mlp_str ref = mlp_str_from(text);
    size_t at = mlp_str_find(ref, '@');
    struct mlp_str model = {ref.p, at};
    if (mlp_str_starts(ref, "sha256:")) {
        *out = by_digest(r, ref);
        if (!*out)
            return mlp_err_set(e, MLP_ENOTFOUND, "no version has the digest %s", text);
        return MLP_OK;
    }
    if (!newest(r, model)) {
        *out = NULL;
        return no_such_model(r, model, e);
    }
    struct mlp_str after = {ref.p + at + 1, at < ref.n ? ref.n - at - 1 : 0};
    *out = at < ref.n ? by_name(r, model, after) : newest(r, model);
    if (*out)
        return MLP_OK;
    mlp_err_set(e, MLP_ENOTFOUND, "model \"%.*s\" has no version or alias \"%.*s\"",
                MLP_STR_ARG(model), MLP_STR_ARG(after));
    return mlp_err_hint(e, "mlp-register list %.*s shows what it has", MLP_STR_ARG(model));
}
