/* select.c: Unique and TensorScatter (ONNX operator spec). */
#include <math.h>
#include <stdlib.h>

#include "net/element.h"
#include "net/ml.h"

/* --- Unique: slices along an axis, each once --- */

struct unique {
    bool flat;                   /* no axis: single elements */
    int64_t axis, sorted;
};

/* Where slices lie: element k of slice i at (k / inner * slices + i) * inner + k % inner. */
struct slices {
    const struct mlp_tensor *x;
    size_t n, outer, inner;
};

/* A slice: `at` is its place in x; `first` and `group` are set when equal ones are together. */
struct slice {
    const struct slices *of;
    size_t at, first, count;
};

static size_t element(const struct slices *s, size_t slice, size_t k)
{
    return (k / s->inner * s->n + slice) * s->inner + k % s->inner;
}

static int compare_numbers(double a, double b)
{
    if (isnan(a) || isnan(b)) /* equal to each other, behind all numbers */
        return isnan(a) - isnan(b);
    return (a > b) - (a < b);
}

static int compare_elements(const struct mlp_tensor *x, size_t i, size_t j)
{
    if (x->type == MLP_DT_STRING)
        return mlp_str_cmp(x->str[i], x->str[j]);
    if (x->type == MLP_DT_UINT64)
        return (x->u64[i] > x->u64[j]) - (x->u64[i] < x->u64[j]);
    if (mlp_dtype_is_real(x->type))
        return compare_numbers(mlp_tensor_number(x, i), mlp_tensor_number(x, j));
    int64_t a = mlp_tensor_integer(x, i), b = mlp_tensor_integer(x, j);
    return (a > b) - (a < b);
}

static int compare_slices(const struct slice *a, const struct slice *b)
{
    const struct slices *s = a->of;
    for (size_t k = 0; k < s->outer * s->inner; k++) {
        int d = compare_elements(s->x, element(s, a->at, k), element(s, b->at, k));
        if (d)
            return d;
    }
    return 0;
}

static int by_value(const void *pa, const void *pb)
{
    const struct slice *a = pa, *b = pb;
    int d = compare_slices(a, b);
    return d ? d : (a->at > b->at) - (a->at < b->at);
}

static int by_first(const void *pa, const void *pb)
{
    const struct slice *a = pa, *b = pb;
    return (a->first > b->first) - (a->first < b->first);
}

static enum mlp_code prepare_unique(struct mlp_net_build *b, const void **params)
{
    void *made;
    if (mlp_net_params(b, sizeof(struct unique), &made))
        return b->e->code;
    struct unique *p = made;
    *params = p;
    p->flat = !mlp_net_attr_given(b, "axis");
    return mlp_net_attr_int(b, "axis", 0, &p->axis) ? b->e->code
                                                    : mlp_net_attr_int(b, "sorted", 1, &p->sorted);
}

/* The slices that differ, in the order of the output; group[i] is where slice i of x went. */
static enum mlp_code find_groups(const struct mlp_net_call *c, const struct slices *s,
                                 struct slice **out, size_t *n, size_t *group)
{
    const struct unique *p = c->node->params;
    struct slice *all = mlp_arena_array(c->arena, s->n, sizeof *all);
    size_t *owner = mlp_arena_array(c->arena, s->n, sizeof *owner); /* by slice: its first */
    if (!all || !owner)
        return mlp_err_nomem(c->e);
    for (size_t i = 0; i < s->n; i++)
        all[i] = (struct slice){.of = s, .at = i};
    qsort(all, s->n, sizeof *all, by_value);
    for (size_t i = 0, from = 0; i < s->n; i++) {
        if (*n == 0 || compare_slices(&all[*n - 1], &all[i])) {
            from = all[i].at;
            all[(*n)++] = (struct slice){.of = s, .at = from, .first = from};
        } /* what moved forward is before i, and has been looked at */
        all[*n - 1].count++;
        owner[all[i].at] = from;
    }
    *out = all;
    if (!p->sorted)
        qsort(all, *n, sizeof *all, by_first);
    for (size_t i = 0; i < *n; i++)
        group[all[i].first] = i;
    for (size_t i = 0; i < s->n; i++)
        group[i] = group[owner[i]];
    return MLP_OK;
}

/* Output i as a vector of integers, where the node wants it; NULL where not. */
static enum mlp_code make_vector(const struct mlp_net_call *c, uint32_t i, size_t n, int64_t **out)
{
    int64_t dims[1] = {(int64_t)n};
    *out = NULL;
    if (i >= c->nout)
        return MLP_OK;
    if (mlp_tensor_make(&c->out[i], c->arena, MLP_DT_INT64, 1, dims, c->e))
        return c->e->code;
    *out = c->out[i].i64;
    return MLP_OK;
}

static enum mlp_code tell_groups(const struct mlp_net_call *c, const struct slice *groups,
                                 size_t n, const size_t *group, size_t total)
{
    int64_t *first, *where, *count;
    if (make_vector(c, 1, n, &first) || make_vector(c, 2, total, &where) ||
        make_vector(c, 3, n, &count))
        return c->e->code;
    for (size_t i = 0; first && i < n; i++)
        first[i] = (int64_t)groups[i].first;
    for (size_t i = 0; where && i < total; i++)
        where[i] = (int64_t)group[i];
    for (size_t i = 0; count && i < n; i++)
        count[i] = (int64_t)groups[i].count;
    return MLP_OK;
}

static enum mlp_code measure(const struct mlp_net_call *c, struct slices *s, uint32_t *axis)
{
    const struct unique *p = c->node->params;
    const struct mlp_tensor *x = c->in[0];
    *s = (struct slices){.x = x, .n = x->n, .outer = 1, .inner = 1};
    *axis = 0;
    if (p->flat)
        return MLP_OK;
    if (mlp_net_axis(c, p->axis, x->rank, axis))
        return c->e->code;
    for (uint32_t i = 0; i < x->rank; i++)
        *(i < *axis ? &s->outer : &s->inner) *= i == *axis ? 1 : (size_t)x->dims[i];
    s->n = (size_t)x->dims[*axis];
    return x->n ? MLP_OK : mlp_net_fail(c, "an empty tensor cut along an axis");
}

static enum mlp_code run_unique(const struct mlp_net_call *c)
{
    const struct unique *p = c->node->params;
    const struct mlp_tensor *x = c->in[0];
    struct slices s;
    uint32_t axis;
    int64_t dims[MLP_MAX_RANK] = {0};
    if (measure(c, &s, &axis))
        return c->e->code;
    struct slice *groups = NULL;
    size_t n = 0, *group = mlp_arena_array(c->arena, s.n, sizeof *group);
    if (!group || find_groups(c, &s, &groups, &n, group) || !groups)
        return mlp_err_nomem(c->e);
    memcpy(dims, x->dims, sizeof dims);
    dims[axis] = (int64_t)n;
    if (mlp_tensor_make(&c->out[0], c->arena, x->type, p->flat ? 1 : x->rank, dims, c->e))
        return c->e->code;
    const struct slices to = {.n = n, .outer = s.outer, .inner = s.inner};
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < s.outer * s.inner; k++)
            mlp_tensor_copy_element(&c->out[0], element(&to, i, k), x,
                                    element(&s, groups[i].at, k));
    return tell_groups(c, groups, n, group, s.n);
}

/* --- TensorScatter: updates written into a cache, each batch from its own place on --- */

struct cache {
    int64_t axis;
    bool circular;
};

static enum mlp_code prepare_cache(struct mlp_net_build *b, const void **params)
{
    struct mlp_str mode;
    void *made;
    if (mlp_net_params(b, sizeof(struct cache), &made))
        return b->e->code;
    struct cache *p = made;
    *params = p;
    if (mlp_net_attr_int(b, "axis", -2, &p->axis) ||
        mlp_net_attr_str(b, "mode", "linear", &mode))
        return b->e->code;
    p->circular = mlp_str_is(mode, "circular");
    return p->circular || mlp_str_is(mode, "linear")
               ? MLP_OK
               : mlp_net_bad(b, "mode '%.*s' is none that is known", MLP_STR_ARG(mode));
}

static enum mlp_code check_cache(const struct mlp_net_call *c, uint32_t *axis)
{
    const struct cache *p = c->node->params;
    const struct mlp_tensor *x = c->in[0], *u = c->in[1], *at = c->nin > 2 ? c->in[2] : NULL;
    if (mlp_net_axis(c, p->axis, x->rank, axis))
        return c->e->code;
    bool fits = *axis > 0 && u->type == x->type && u->rank == x->rank;
    for (uint32_t i = 0; fits && i < x->rank; i++)
        fits = i == *axis ? u->dims[i] <= x->dims[i] : u->dims[i] == x->dims[i];
    if (fits && at)
        fits = (at->type == MLP_DT_INT64 || at->type == MLP_DT_INT32) &&
               (int64_t)at->n == x->dims[0];
    return fits ? MLP_OK : mlp_net_fail(c, "the update or its places do not fit the cache");
}

static enum mlp_code run_tensor_scatter(const struct mlp_net_call *c)
{
    const struct cache *p = c->node->params;
    const struct mlp_tensor *x = c->in[0], *u = c->in[1], *places = c->nin > 2 ? c->in[2] : NULL;
    struct mlp_tensor *y = &c->out[0];
    uint32_t axis;
    size_t inner = 1;
    if (check_cache(c, &axis) || mlp_tensor_like(y, c->arena, x->type, x, c->e))
        return c->e->code;
    for (uint32_t i = axis + 1; i < x->rank; i++)
        inner *= (size_t)x->dims[i];
    for (size_t i = 0; i < x->n; i++)
        mlp_tensor_copy_element(y, i, x, i);
    size_t room = (size_t)x->dims[axis], n = (size_t)u->dims[axis];
    for (size_t i = 0; i < u->n; i++) {
        size_t outer = i / inner / n, batch = i / (u->n / (size_t)u->dims[0]);
        int64_t from = places ? mlp_tensor_integer(places, batch) : 0;
        if (from < 0 || (uint64_t)from > (p->circular ? room - 1 : room - n))
            return mlp_net_fail(c, "place %lld in a cache of %zu", (long long)from, room);
        size_t at = ((size_t)from + i / inner % n) % room;
        mlp_tensor_copy_element(y, (outer * room + at) * inner + i % inner, u, i);
    }
    return MLP_OK;
}

const struct mlp_net_op mlp_net_select[] = {
    {"", "Unique", 11, 0, 1, 1, 4, prepare_unique, run_unique},
    {"", "TensorScatter", 24, 0, 2, 3, 1, prepare_cache, run_tensor_scatter},
    {0}};
