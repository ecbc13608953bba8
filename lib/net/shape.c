/* shape.c: operators that move elements or name shapes, and compute nothing. */
#include <string.h>

#include "net/element.h"

/* --- attributes that later became inputs --- */

struct list {
    const int64_t *p;
    size_t n;
    bool given;
};

static enum mlp_code read_list(struct mlp_net_build *b, const char *name, const void **params)
{
    struct list *l = mlp_arena_alloc(b->arena, sizeof(*l));
    if (!l)
        return mlp_err_nomem(b->e);
    *params = l;
    l->given = mlp_net_attr_given(b, name);
    return mlp_net_attr_ints(b, name, &l->p, &l->n);
}

static enum mlp_code prepare_axes(struct mlp_net_build *b, const void **params)
{
    return read_list(b, "axes", params);
}

static enum mlp_code prepare_perm(struct mlp_net_build *b, const void **params)
{
    return read_list(b, "perm", params);
}

static enum mlp_code prepare_int(struct mlp_net_build *b, const char *name, int64_t dflt,
                                 const void **params)
{
    int64_t *p = mlp_arena_alloc(b->arena, sizeof(*p));
    if (!p)
        return mlp_err_nomem(b->e);
    *params = p;
    return mlp_net_attr_int(b, name, dflt, p);
}

static enum mlp_code prepare_axis0(struct mlp_net_build *b, const void **params)
{
    return prepare_int(b, "axis", 0, params);
}

static enum mlp_code prepare_axis1(struct mlp_net_build *b, const void **params)
{
    return prepare_int(b, "axis", 1, params);
}

/* The list of the node's attribute, or of input i. */
static enum mlp_code list_of(const struct mlp_net_call *c, uint32_t i, struct list *l)
{
    const struct list *p = c->node->params;
    *l = p ? *p : (struct list){0};
    if (i >= c->nin || !c->in[i])
        return MLP_OK;
    if (c->in[i]->type != MLP_DT_INT64 || c->in[i]->rank > 1)
        return mlp_net_bad_type(c, i);
    *l = (struct list){c->in[i]->i64, c->in[i]->n, true};
    return MLP_OK;
}

/* The input under another shape: no element moves. */
static enum mlp_code view(const struct mlp_net_call *c, uint32_t rank, const int64_t *dims)
{
    size_t n = 1;
    struct mlp_tensor *y = &c->out[0];
    *y = *c->in[0];
    y->rank = rank;
    for (uint32_t i = 0; i < rank; i++) {
        y->dims[i] = dims[i];
        if (dims[i] < 0 || __builtin_mul_overflow(n, (size_t)dims[i], &n))
            return mlp_net_fail(c, "a dimension of %lld", (long long)dims[i]);
    }
    return n == c->in[0]->n ? MLP_OK
                            : mlp_net_fail(c, "%zu elements do not fit the shape", c->in[0]->n);
}

/* --- Reshape, Flatten, Squeeze, Unsqueeze --- */

static enum mlp_code prepare_allowzero(struct mlp_net_build *b, const void **params)
{
    return prepare_int(b, "allowzero", 0, params);
}

static enum mlp_code run_reshape(const struct mlp_net_call *c)
{
    const int64_t *allowzero = c->node->params;
    const struct mlp_tensor *x = c->in[0], *s = c->in[1];
    int64_t dims[MLP_MAX_RANK], known = 1, *open = NULL;
    if (s->type != MLP_DT_INT64 || s->n > MLP_MAX_RANK)
        return mlp_net_bad_type(c, 1);
    for (size_t i = 0; i < s->n; i++) {
        dims[i] = s->i64[i] || *allowzero ? s->i64[i] : i < x->rank ? x->dims[i] : -2;
        if (dims[i] == -1 && !open)
            open = &dims[i];
        else if (dims[i] < 0 || __builtin_mul_overflow(known, dims[i], &known))
            return mlp_net_fail(c, "a dimension of %lld", (long long)dims[i]);
    }
    if (open)
        *open = known ? (int64_t)x->n / known : 0;
    return view(c, (uint32_t)s->n, dims);
}

static enum mlp_code run_flatten(const struct mlp_net_call *c)
{
    const int64_t *axis = c->node->params;
    const struct mlp_tensor *x = c->in[0];
    int64_t a = *axis < 0 ? *axis + x->rank : *axis, dims[2] = {1, 1};
    if (a < 0 || a > x->rank)
        return mlp_net_fail(c, "axis %lld of %u dimensions", (long long)*axis, x->rank);
    for (uint32_t i = 0; i < x->rank; i++)
        dims[i >= a] *= x->dims[i];
    return view(c, 2, dims);
}

/* Bit i of *mask: axis i is in the list. */
static enum mlp_code axis_mask(const struct mlp_net_call *c, const struct list *l, uint32_t rank,
                               uint32_t *mask)
{
    *mask = 0;
    for (size_t i = 0; i < l->n; i++) {
        uint32_t a;
        if (mlp_net_axis(c, l->p[i], rank, &a))
            return c->e->code;
        *mask |= 1U << a;
    }
    return MLP_OK;
}

static enum mlp_code run_squeeze(const struct mlp_net_call *c)
{
    const struct mlp_tensor *x = c->in[0];
    int64_t dims[MLP_MAX_RANK];
    uint32_t mask, rank = 0;
    struct list l;
    if (list_of(c, 1, &l) || axis_mask(c, &l, x->rank, &mask))
        return c->e->code;
    for (uint32_t i = 0; i < x->rank; i++)
        if (l.given ? !(mask >> i & 1) : x->dims[i] != 1)
            dims[rank++] = x->dims[i];
    return view(c, rank, dims);
}

static enum mlp_code run_unsqueeze(const struct mlp_net_call *c)
{
    const struct mlp_tensor *x = c->in[0];
    int64_t dims[MLP_MAX_RANK];
    uint32_t mask, from = 0;
    struct list l;
    if (list_of(c, 1, &l))
        return c->e->code;
    if (l.n + x->rank > MLP_MAX_RANK)
        return mlp_net_fail(c, "more than %d dimensions", MLP_MAX_RANK);
    uint32_t rank = x->rank + (uint32_t)l.n;
    if (axis_mask(c, &l, rank, &mask))
        return c->e->code;
    for (uint32_t i = 0; i < rank; i++)
        dims[i] = mask >> i & 1 || from >= x->rank ? 1 : x->dims[from++];
    return view(c, rank, dims);
}

/* --- Transpose --- */

static enum mlp_code run_transpose(const struct mlp_net_call *c)
{
    const struct list *perm = c->node->params;
    const struct mlp_tensor *x = c->in[0];
    int64_t dims[MLP_MAX_RANK], strides[MLP_MAX_RANK];
    struct mlp_walk w;
    uint32_t seen = 0;
    if (perm->given && perm->n != x->rank)
        return mlp_net_fail(c, "perm has %zu axes, the input %u", perm->n, x->rank);
    mlp_net_strides(x, x->rank, x->dims, strides);
    for (uint32_t i = 0; i < x->rank; i++) {
        int64_t from = perm->given ? perm->p[i] : (int64_t)(x->rank - 1 - i);
        if (from < 0 || from >= x->rank || seen >> from & 1)
            return mlp_net_fail(c, "perm is no permutation");
        seen |= 1U << from;
        dims[i] = x->dims[from];
    }
    if (mlp_tensor_make(&c->out[0], c->arena, x->type, x->rank, dims, c->e))
        return c->e->code;
    mlp_walk_init(&w, x->rank, dims);
    for (uint32_t i = 0; i < x->rank; i++)
        w.stride[0][i] = strides[perm->given ? perm->p[i] : (int64_t)(x->rank - 1 - i)];
    for (size_t i = 0; i < x->n; i++, mlp_walk_next(&w))
        mlp_tensor_copy_element(&c->out[0], i, x, w.offset[0]);
    return MLP_OK;
}

/* --- Concat --- */

static size_t product(const int64_t *dims, uint32_t from, uint32_t to)
{
    size_t n = 1;
    for (uint32_t i = from; i < to; i++)
        n *= (size_t)dims[i];
    return n;
}

static enum mlp_code concat_dims(const struct mlp_net_call *c, uint32_t axis, int64_t *dims)
{
    const struct mlp_tensor *x = c->in[0];
    memcpy(dims, x->dims, sizeof(x->dims));
    for (uint32_t i = 1; i < c->nin; i++) {
        if (!c->in[i] || c->in[i]->type != x->type || c->in[i]->rank != x->rank)
            return mlp_net_bad_type(c, i);
        for (uint32_t k = 0; k < x->rank; k++)
            if (k != axis && c->in[i]->dims[k] != x->dims[k])
                return mlp_net_fail(c, "input %u has another shape", i);
        dims[axis] += c->in[i]->dims[axis];
    }
    return MLP_OK;
}

static enum mlp_code run_concat(const struct mlp_net_call *c)
{
    const int64_t *wanted = c->node->params;
    const struct mlp_tensor *x = c->in[0];
    int64_t dims[MLP_MAX_RANK];
    uint32_t axis;
    if (mlp_net_axis(c, *wanted, x->rank, &axis) || concat_dims(c, axis, dims) ||
        mlp_tensor_make(&c->out[0], c->arena, x->type, x->rank, dims, c->e))
        return c->e->code;
    size_t outer = product(dims, 0, axis), size = mlp_dtype_size(x->type);
    size_t row = product(dims, axis, x->rank) * size, at = 0;
    for (uint32_t i = 0; i < c->nin; i++) {
        size_t len = product(c->in[i]->dims, axis, x->rank) * size;
        for (size_t o = 0; len && o < outer; o++)
            memcpy((char *)c->out[0].data + o * row + at, (const char *)c->in[i]->data + o * len,
                   len);
        at += len;
    }
    return MLP_OK;
}

/* --- Gather --- */

static enum mlp_code run_gather(const struct mlp_net_call *c)
{
    const int64_t *wanted = c->node->params;
    const struct mlp_tensor *x = c->in[0], *ix = c->in[1];
    int64_t dims[2 * MLP_MAX_RANK];
    uint32_t axis, rank = 0;
    if (ix->type != MLP_DT_INT64 && ix->type != MLP_DT_INT32)
        return mlp_net_bad_type(c, 1);
    if (mlp_net_axis(c, *wanted, x->rank, &axis))
        return c->e->code;
    for (uint32_t i = 0; i < axis; i++)
        dims[rank++] = x->dims[i];
    for (uint32_t i = 0; i < ix->rank; i++)
        dims[rank++] = ix->dims[i];
    for (uint32_t i = axis + 1; i < x->rank; i++)
        dims[rank++] = x->dims[i];
    if (mlp_tensor_make(&c->out[0], c->arena, x->type, rank, dims, c->e))
        return c->e->code;
    size_t outer = product(x->dims, 0, axis), size = mlp_dtype_size(x->type);
    size_t len = product(x->dims, axis + 1, x->rank) * size, many = (size_t)x->dims[axis];
    char *to = c->out[0].data;
    for (size_t o = 0; o < outer; o++)
        for (size_t k = 0; k < ix->n; k++, to += len) {
            int64_t at = mlp_tensor_integer(ix, k);
            at += at < 0 ? (int64_t)many : 0;
            if (at < 0 || at >= (int64_t)many)
                return mlp_net_fail(c, "index %lld of %zu", (long long)at, many);
            memcpy(to, (const char *)x->data + (o * many + (size_t)at) * len, len);
        }
    return MLP_OK;
}

/* --- Slice: starts, ends, axes, steps --- */

struct cut {
    int64_t start, step, n;
};

static int64_t between(int64_t x, int64_t lo, int64_t hi)
{
    return x < lo ? lo : x > hi ? hi : x;
}

/* numpy's slice start:end:step of a dimension d, with its ends outside the range cut. */
static struct cut make_cut(int64_t start, int64_t end, int64_t step, int64_t d)
{
    start = between(start < 0 ? start + d : start, step > 0 ? 0 : 0, step > 0 ? d : d - 1);
    end = between(end < 0 && end >= -d ? end + d : end, step > 0 ? 0 : -1, step > 0 ? d : d - 1);
    int64_t n = step > 0 ? end - start : start - end, by = step > 0 ? step : -(step + 1);
    by += step < 0;
    return (struct cut){start, step, n <= 0 || d == 0 ? 0 : (n - 1) / by + 1};
}

static enum mlp_code read_cuts(const struct mlp_net_call *c, struct cut *cuts)
{
    const struct mlp_tensor *x = c->in[0], *axes = c->nin > 3 ? c->in[3] : NULL;
    const struct mlp_tensor *steps = c->nin > 4 ? c->in[4] : NULL;
    size_t n = c->in[1]->n;
    if (c->in[2]->n != n || (axes && axes->n != n) || (steps && steps->n != n))
        return mlp_net_fail(c, "starts, ends, axes and steps of different lengths");
    for (uint32_t i = 0; i < x->rank; i++)
        cuts[i] = (struct cut){0, 1, x->dims[i]};
    for (size_t i = 0; i < n; i++) {
        uint32_t a;
        int64_t step = steps ? mlp_tensor_integer(steps, i) : 1;
        if (mlp_net_axis(c, axes ? mlp_tensor_integer(axes, i) : (int64_t)i, x->rank, &a))
            return c->e->code;
        if (step == 0 || step == INT64_MIN)
            return mlp_net_fail(c, "a step of %lld", (long long)step);
        cuts[a] = make_cut(mlp_tensor_integer(c->in[1], i), mlp_tensor_integer(c->in[2], i), step,
                           x->dims[a]);
    }
    return MLP_OK;
}

static enum mlp_code run_slice(const struct mlp_net_call *c)
{
    const struct mlp_tensor *x = c->in[0];
    struct cut cuts[MLP_MAX_RANK];
    int64_t dims[MLP_MAX_RANK], strides[MLP_MAX_RANK];
    struct mlp_walk w;
    if (read_cuts(c, cuts))
        return c->e->code;
    for (uint32_t i = 0; i < x->rank; i++)
        dims[i] = cuts[i].n;
    if (mlp_tensor_make(&c->out[0], c->arena, x->type, x->rank, dims, c->e))
        return c->e->code;
    mlp_net_strides(x, x->rank, x->dims, strides);
    mlp_walk_init(&w, x->rank, dims);
    for (uint32_t i = 0; i < x->rank; i++) {
        w.stride[0][i] = dims[i] > 1 ? strides[i] * cuts[i].step : 0;
        w.offset[0] += (size_t)(strides[i] * cuts[i].start);
    }
    for (size_t i = 0; i < c->out[0].n; i++, mlp_walk_next(&w))
        mlp_tensor_copy_element(&c->out[0], i, x, w.offset[0]);
    return MLP_OK;
}

/* --- Shape, Size, ConstantOfShape, Expand --- */

static enum mlp_code prepare_shape(struct mlp_net_build *b, const void **params)
{
    int64_t *p = mlp_arena_array(b->arena, 2, sizeof(*p));
    if (!p)
        return mlp_err_nomem(b->e);
    *params = p;
    if (mlp_net_attr_int(b, "start", 0, &p[0]))
        return b->e->code;
    return mlp_net_attr_int(b, "end", INT64_MAX, &p[1]);
}

static enum mlp_code run_shape(const struct mlp_net_call *c)
{
    const int64_t *p = c->node->params;
    const struct mlp_tensor *x = c->in[0];
    int64_t rank = x->rank;
    int64_t from = between(p[0] < 0 ? p[0] + rank : p[0], 0, rank);
    int64_t to = between(p[1] < 0 ? p[1] + rank : p[1], from, rank);
    int64_t n = to - from;
    if (mlp_tensor_make(&c->out[0], c->arena, MLP_DT_INT64, 1, &n, c->e))
        return c->e->code;
    for (int64_t i = 0; i < n; i++)
        c->out[0].i64[i] = x->dims[from + i];
    return MLP_OK;
}

static enum mlp_code run_size(const struct mlp_net_call *c)
{
    if (mlp_tensor_make(&c->out[0], c->arena, MLP_DT_INT64, 0, NULL, c->e))
        return c->e->code;
    c->out[0].i64[0] = (int64_t)c->in[0]->n;
    return MLP_OK;
}

static enum mlp_code prepare_fill(struct mlp_net_build *b, const void **params)
{
    const struct mlp_tensor *t;
    if (mlp_net_attr_tensor(b, "value", &t))
        return b->e->code;
    *params = t;
    return t && t->n != 1 ? mlp_net_bad(b, "a value of %zu elements", t->n) : MLP_OK;
}

static enum mlp_code run_fill(const struct mlp_net_call *c)
{
    const struct mlp_tensor *value = c->node->params, *s = c->in[0];
    if (s->type != MLP_DT_INT64 || s->n > MLP_MAX_RANK)
        return mlp_net_bad_type(c, 0);
    if (mlp_tensor_make(&c->out[0], c->arena, value ? value->type : MLP_DT_FLOAT, (uint32_t)s->n,
                        s->i64, c->e))
        return c->e->code;
    for (size_t i = 0; i < c->out[0].n; i++) {
        if (value)
            mlp_tensor_copy_element(&c->out[0], i, value, 0);
        else
            c->out[0].f32[i] = 0;
    }
    return MLP_OK;
}

static enum mlp_code run_expand(const struct mlp_net_call *c)
{
    const struct mlp_tensor *x = c->in[0], *s = c->in[1];
    struct mlp_tensor shape = {.rank = (uint32_t)s->n};
    struct mlp_walk w;
    if (s->type != MLP_DT_INT64 || s->n > MLP_MAX_RANK)
        return mlp_net_bad_type(c, 1);
    for (size_t i = 0; i < s->n; i++)
        shape.dims[i] = s->i64[i];
    if (!mlp_tensor_broadcast(x, &shape, &shape.rank, shape.dims))
        return mlp_net_fail(c, "shapes that do not fit each other");
    if (mlp_tensor_make(&c->out[0], c->arena, x->type, shape.rank, shape.dims, c->e))
        return c->e->code;
    mlp_walk_init(&w, shape.rank, shape.dims);
    mlp_walk_add(&w, 0, x);
    for (size_t i = 0; i < c->out[0].n; i++, mlp_walk_next(&w))
        mlp_tensor_copy_element(&c->out[0], i, x, w.offset[0]);
    return MLP_OK;
}

const struct mlp_net_op mlp_net_shape[] = {
    {"", "Reshape", 5, 0, 2, 2, 1, prepare_allowzero, run_reshape},
    {"", "Flatten", 1, 0, 1, 1, 1, prepare_axis1, run_flatten},
    {"", "Squeeze", 1, 12, 1, 1, 1, prepare_axes, run_squeeze},
    {"", "Squeeze", 13, 0, 1, 2, 1, NULL, run_squeeze},
    {"", "Unsqueeze", 1, 12, 1, 1, 1, prepare_axes, run_unsqueeze},
    {"", "Unsqueeze", 13, 0, 2, 2, 1, NULL, run_unsqueeze},
    {"", "Transpose", 1, 0, 1, 1, 1, prepare_perm, run_transpose},
    {"", "Concat", 4, 0, 1, UINT32_MAX, 1, prepare_axis0, run_concat},
    {"", "Gather", 1, 0, 2, 2, 1, prepare_axis0, run_gather},
    {"", "Slice", 10, 0, 3, 5, 1, NULL, run_slice},
    {"", "Shape", 1, 0, 1, 1, 1, prepare_shape, run_shape},
    {"", "Size", 1, 0, 1, 1, 1, NULL, run_size},
    {"", "ConstantOfShape", 9, 0, 1, 1, 1, prepare_fill, run_fill},
    {"", "Expand", 8, 0, 2, 2, 1, NULL, run_expand},
    {0}};
