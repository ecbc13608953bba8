/* sk_compose.c: estimators made of estimators in a row or side by side: Pipeline,
 * ColumnTransformer, FeatureUnion, the searches. */
#include "model/sk_readers.h"

static bool passes(const struct mlp_value *v)
{
    return mlp_value_is_none(v) || mlp_value_text_is(v, "passthrough");
}

enum mlp_code mlp_read_pipeline(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    const struct mlp_value *steps = mlp_sk_attr(s, "steps");
    size_t n = mlp_value_count(steps);
    out->transform = x;
    out->is_transform = true;
    if (!n)
        return mlp_sk_bad(s, "it has no steps");
    for (size_t i = 0; i < n; i++) {
        const struct mlp_value *name = mlp_value_at(mlp_value_at(steps, i), 0);
        const struct mlp_value *step = mlp_value_at(mlp_value_at(steps, i), 1);
        struct mlp_str z = name && name->type == MLP_VALUE_TEXT ? name->u.s : MLP_STR("?");
        if (passes(step))
            continue;
        if (!out->is_transform)
            return mlp_sk_bad(s, "step %zu takes from one that does not transform", i);
        s->next = mlp_value_at(mlp_value_at(steps, i + 1), 1);
        if (mlp_sk_child(s, step, out->transform, out, "steps[%zu] '%.*s'", i, MLP_STR_ARG(z)))
            return s->e->code;
    }
    return MLP_OK;
}

/* --- columns of a ColumnTransformer --- */

struct picker {
    struct mlp_sk *s;
    struct mlp_cols x;
    const struct mlp_nd *names;   /* feature_names_in_, or NULL */
    struct mlp_col *picked;       /* room for as many as asked for */
    size_t n, cap;
};

static enum mlp_code pick(struct picker *p, int64_t index)
{
    if (index < 0)
        index += (int64_t)p->x.n;
    if (index < 0 || (size_t)index >= p->x.n)
        return mlp_sk_bad(p->s, "column %lld is not among the %zu inputs", (long long)index,
                          p->x.n);
    if (p->n == p->cap)
        return mlp_sk_bad(p->s, "more columns are picked than asked for");
    p->picked[p->n++] = p->x.p[index];
    return MLP_OK;
}

static int64_t find_name(const struct picker *p, struct mlp_str name)
{
    for (size_t i = 0; p->names && i < p->names->count; i++)
        if (mlp_str_eq(mlp_nd_text(p->names, i, p->s->tmp), name))
            return (int64_t)i;
    return -1;
}

static enum mlp_code pick_name(struct picker *p, struct mlp_str name)
{
    int64_t i = find_name(p, name);
    if (i < 0)
        return mlp_sk_bad(p->s, "column '%.*s' is not in feature_names_in_", MLP_STR_ARG(name));
    return pick(p, i);
}

/* A bound of a slice: number, name or None. */
static enum mlp_code bound(struct picker *p, const struct mlp_value *v, int64_t otherwise,
                           int64_t *out)
{
    int64_t n = (int64_t)p->x.n;
    *out = otherwise;
    if (mlp_value_is_none(v))
        return MLP_OK;
    if (v->type == MLP_VALUE_TEXT)
        *out = find_name(p, v->u.s);
    else if (!mlp_value_i64(v, out))
        *out = -1;
    else if (*out < 0)
        *out += n;
    if (*out < 0)
        return mlp_sk_bad(p->s, "a slice of columns cannot be read");
    *out = *out > n ? n : *out;
    return MLP_OK;
}

/* Slices of names include their end, as in pandas. */
static enum mlp_code pick_slice(struct picker *p, const struct mlp_value *args)
{
    const struct mlp_value *stop = mlp_value_at(args, 1);
    int64_t from, to, step = 1;
    if (bound(p, mlp_value_at(args, 0), 0, &from) || bound(p, stop, (int64_t)p->x.n, &to))
        return p->s->e->code;
    if (!mlp_value_is_none(mlp_value_at(args, 2)) &&
        (!mlp_value_i64(mlp_value_at(args, 2), &step) || step <= 0))
        return mlp_sk_bad(p->s, "a slice of columns with a step that is not positive");
    if (stop && stop->type == MLP_VALUE_TEXT)
        to++;
    for (; from < to; from += step)
        if (pick(p, from))
            return p->s->e->code;
    return MLP_OK;
}

static bool is_mask(const struct mlp_nd *nd)
{
    if (!nd->objects)
        return nd->type.kind == 'b';
    return nd->count && nd->objects[0]->type == MLP_VALUE_BOOL;
}

static enum mlp_code pick_item(struct picker *p, const struct mlp_nd *nd, size_t i, bool mask)
{
    bool ok;
    struct mlp_str name = mlp_nd_text(nd, i, p->s->tmp);
    if (name.p)
        return pick_name(p, name);
    int64_t v = mlp_nd_i64(nd, i, &ok);
    if (!ok)
        return mlp_sk_bad(p->s, "a list of columns cannot be read");
    if (mask)
        return v ? pick(p, (int64_t)i) : MLP_OK;
    return pick(p, v);
}

/* A remainder's columns come as _RemainderColsList (1.5 on), a list in disguise. */
static const struct mlp_value *unwrap_columns(const struct mlp_value *v)
{
    const struct mlp_value *data = mlp_value_attr(v, "data");
    return mlp_value_is_a(v, "_RemainderColsList") && data ? data : v;
}

static enum mlp_code pick_columns(struct picker *p, const struct mlp_value *spec)
{
    struct mlp_nd nd;
    spec = unwrap_columns(spec);
    p->n = 0;
    p->cap = p->x.n;
    if (mlp_value_is_a(spec, "slice")) {
        p->picked = mlp_arena_array(p->s->keep, p->cap, sizeof *p->picked);
        return p->picked ? pick_slice(p, spec->u.object->args) : mlp_err_nomem(p->s->e);
    }
    if (!spec || mlp_nd_read(spec, p->s->tmp, &nd, p->s->e))
        return mlp_sk_bad(p->s, "a list of columns cannot be read");
    p->cap = nd.count > p->cap ? nd.count : p->cap;
    p->picked = mlp_arena_array(p->s->keep, p->cap, sizeof *p->picked);
    if (!p->picked)
        return mlp_err_nomem(p->s->e);
    bool mask = is_mask(&nd) && nd.ndim == 1;
    for (size_t i = 0; i < nd.count; i++)
        if (pick_item(p, &nd, i, mask))
            return p->s->e->code;
    return MLP_OK;
}

static enum mlp_code read_names(struct mlp_sk *s, struct mlp_nd *names, bool *have)
{
    *have = mlp_sk_has(s, "feature_names_in_");
    return *have ? mlp_sk_array(s, "feature_names_in_", names) : MLP_OK;
}

/* transformer_weights[name] times what a part makes. */
static enum mlp_code weigh(struct mlp_sk *s, const struct mlp_value *name, struct mlp_cols *cols)
{
    const struct mlp_value *weights = mlp_sk_attr(s, "transformer_weights");
    double w = 1;
    for (size_t i = 0; weights && i + 1 < mlp_value_count(weights); i += 2)
        if (name && name->type == MLP_VALUE_TEXT &&
            weights->u.list.p[i]->type == MLP_VALUE_TEXT &&
            mlp_str_eq(weights->u.list.p[i]->u.s, name->u.s))
            mlp_value_f64(weights->u.list.p[i + 1], &w);
    return w == 1 ? MLP_OK : mlp_sk_affine(s, *cols, w, 0, cols);
}

/* One of transformers_: (name, transformer, columns). */
static enum mlp_code column_part(struct mlp_sk *s, struct picker *p, const struct mlp_value *part,
                                 size_t i, struct mlp_cols *joined)
{
    const struct mlp_value *name = mlp_value_at(part, 0), *t = mlp_value_at(part, 1);
    struct mlp_str z = name && name->type == MLP_VALUE_TEXT ? name->u.s : MLP_STR("?");
    struct mlp_pred made;
    if (mlp_value_text_is(t, "drop"))
        return MLP_OK;
    if (pick_columns(p, mlp_value_at(part, 2)))
        return s->e->code;
    struct mlp_cols cols = {p->picked, p->n};
    if (!cols.n)
        return MLP_OK;
    if (passes(t))
        return weigh(s, name, &cols) ? s->e->code : mlp_cols_join(s->g, joined, &cols, s->e);
    if (mlp_sk_child(s, t, cols, &made, "transformers_[%zu] '%.*s'", i, MLP_STR_ARG(z)))
        return s->e->code;
    if (!made.is_transform)
        return mlp_sk_bad(s, "'%.*s' does not transform", MLP_STR_ARG(z));
    if (weigh(s, name, &made.transform))
        return s->e->code;
    return mlp_cols_join(s->g, joined, &made.transform, s->e);
}

enum mlp_code mlp_read_column_transformer(struct mlp_sk *s, struct mlp_cols x,
                                          struct mlp_pred *out)
{
    const struct mlp_value *parts = mlp_sk_attr(s, "transformers_");
    struct mlp_nd names;
    bool have;
    if (!parts)
        return mlp_sk_bad(s, "it has no transformers_ (not fitted?)");
    if (mlp_sk_width(s, x) || read_names(s, &names, &have))
        return s->e->code;
    struct picker p = {.s = s, .x = x, .names = have ? &names : NULL};
    out->is_transform = true;
    for (size_t i = 0; i < mlp_value_count(parts); i++)
        if (column_part(s, &p, mlp_value_at(parts, i), i, &out->transform))
            return s->e->code;
    return MLP_OK;
}

enum mlp_code mlp_read_union(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    const struct mlp_value *parts = mlp_sk_attr(s, "transformer_list");
    out->is_transform = true;
    for (size_t i = 0; i < mlp_value_count(parts); i++) {
        const struct mlp_value *name = mlp_value_at(mlp_value_at(parts, i), 0);
        const struct mlp_value *t = mlp_value_at(mlp_value_at(parts, i), 1);
        struct mlp_pred made = {.transform = x, .is_transform = true};
        if (mlp_value_text_is(t, "drop") || (mlp_value_is_none(t)))
            continue;
        if (!passes(t) && mlp_sk_child(s, t, x, &made, "transformer_list[%zu]", i))
            return s->e->code;
        if (!made.is_transform)
            return mlp_sk_bad(s, "part %zu does not transform", i);
        if (weigh(s, name, &made.transform) ||
            mlp_cols_join(s->g, &out->transform, &made.transform, s->e))
            return s->e->code;
    }
    return MLP_OK;
}

enum mlp_code mlp_read_search(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    if (!mlp_sk_has(s, "best_estimator_"))
        return mlp_sk_bad(s, "it has no best_estimator_ (not fitted, or refit=False)");
    return mlp_sk_child(s, mlp_sk_attr(s, "best_estimator_"), x, out, "best_estimator_");
}
