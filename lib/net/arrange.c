/* arrange.c: operators that move elements about: Split, Pad, Tile, gathers and scatters by element,
 * and those that make arrays of indices. */
#include "net/element.h"

/* One integer attribute, or two. */
struct pair {
    int64_t a, b;
};

static enum mlp_code prepare_pair(struct mlp_net_build *b, const char *first, int64_t first_dflt,
                                  const char *second, const void **params)
{
    struct pair *p = mlp_arena_alloc(b->arena, sizeof *p);
    if (!p)
        return mlp_err_nomem(b->e);
    *params = p;
    if (mlp_net_attr_int(b, first, first_dflt, &p->a))
        return b->e->code;
    return second ? mlp_net_attr_int(b, second, 0, &p->b) : MLP_OK;
}

static enum mlp_code prepare_axis(struct mlp_net_build *b, const void **params)
{
    return prepare_pair(b, "axis", 0, NULL, params);
}

static size_t product(const int64_t *dims, uint32_t from, uint32_t to)
{
    size_t n = 1;
    for (uint32_t i = from; i < to; i++)
        n *= (size_t)dims[i];
    return n;
}

static bool is_index(const struct mlp_tensor *t)
{
    return t->type == MLP_DT_INT64 || t->type == MLP_DT_INT32;
}

/* An index of -n .. n - 1 as 0 .. n - 1. */
static enum mlp_code index_of(const struct mlp_net_call *c, const struct mlp_tensor *ix, size_t i,
                              int64_t n, size_t *out)
{
    int64_t at = mlp_tensor_integer(ix, i);
    if (at < -n || at >= n)
        return mlp_net_fail(c, "index %lld beyond a dimension of %lld", (long long)at,
                            (long long)n);
    *out = (size_t)(at < 0 ? at + n : at);
    return MLP_OK;
}

/* --- Split --- */

struct split {
    int64_t axis;
    const int64_t *sizes;
    size_t n;
};

static enum mlp_code prepare_split(struct mlp_net_build *b, const void **params)
{
    struct split *p = mlp_arena_alloc(b->arena, sizeof *p);
    if (!p)
        return mlp_err_nomem(b->e);
    *params = p;
    if (mlp_net_attr_int(b, "axis", 0, &p->axis))
        return b->e->code;
    return b->opset < 13 ? mlp_net_attr_ints(b, "split", &p->sizes, &p->n) : MLP_OK;
}

/* The length of part i: as told, else equal parts, the last one smaller. */
static int64_t part_length(const struct mlp_net_call *c, const struct split *p, uint32_t i,
                           int64_t whole)
{
    if (p->n)
        return i < p->n ? p->sizes[i] : 0;
    if (c->nin > 1 && c->in[1])
        return i < c->in[1]->n ? mlp_tensor_integer(c->in[1], i) : 0;
    int64_t each = (whole + c->nout - 1) / c->nout, left = whole - each * i;
    return left < 0 ? 0 : left < each ? left : each;
}

static enum mlp_code run_split(const struct mlp_net_call *c)
{
    const struct split *p = c->node->params;
    const struct mlp_tensor *x = c->in[0];
    int64_t dims[MLP_MAX_RANK], from = 0;
    uint32_t axis;
    if (mlp_net_axis(c, p->axis, x->rank, &axis))
        return c->e->code;
    size_t outer = product(x->dims, 0, axis), size = mlp_dtype_size(x->type);
    size_t inner = product(x->dims, axis + 1, x->rank) * size;
    memcpy(dims, x->dims, sizeof dims);
    for (uint32_t i = 0; i < c->nout; i++) {
        int64_t n = part_length(c, p, i, x->dims[axis]);
        if (n < 0 || n > x->dims[axis] - from)
            return mlp_net_fail(c, "parts that do not fit the dimension");
        dims[axis] = n;
        if (mlp_tensor_make(&c->out[i], c->arena, x->type, x->rank, dims, c->e))
            return c->e->code;
        for (size_t o = 0; o < outer && n && inner; o++)
            memcpy((char *)c->out[i].data + o * (size_t)n * inner,
                   (const char *)x->data + (o * (size_t)x->dims[axis] + (size_t)from) * inner,
                   (size_t)n * inner);
        from += n;
    }
    return from == x->dims[axis] ? MLP_OK
                                 : mlp_net_fail(c, "parts that do not fit the dimension");
}

/* --- Tile --- */

static enum mlp_code run_tile(const struct mlp_net_call *c)
{
    const struct mlp_tensor *x = c->in[0], *times = c->in[1];
    struct mlp_walk w;
    int64_t dims[MLP_MAX_RANK];
    if (!is_index(times) || times->n != x->rank)
        return mlp_net_bad_type(c, 1);
    for (uint32_t i = 0; i < x->rank; i++) {
        int64_t k = mlp_tensor_integer(times, i);
        if (k < 0 || __builtin_mul_overflow(x->dims[i], k, &dims[i]))
            return mlp_net_fail(c, "repeats that cannot be");
    }
    if (mlp_tensor_make(&c->out[0], c->arena, x->type, x->rank, dims, c->e))
        return c->e->code;
    mlp_walk_init(&w, x->rank, dims);
    for (size_t i = 0; i < c->out[0].n; i++, mlp_walk_next(&w)) {
        size_t from = 0;
        for (uint32_t k = 0; k < x->rank; k++)
            from = from * (size_t)x->dims[k] + (size_t)(w.at[k] % x->dims[k]);
        mlp_tensor_copy_element(&c->out[0], i, x, from);
    }
    return MLP_OK;
}

/* --- Pad --- */

enum pad_mode { PAD_CONSTANT, PAD_REFLECT, PAD_EDGE, PAD_WRAP };
struct pad {
    enum pad_mode mode;
    const int64_t *pads;         /* of old operator sets */
    size_t n;
    float value;
};

static enum mlp_code prepare_pad(struct mlp_net_build *b, const void **params)
{
    static const char *const modes[] = {"constant", "reflect", "edge", "wrap"};
    struct pad *p = mlp_arena_alloc(b->arena, sizeof *p);
    struct mlp_str mode;
    if (!p)
        return mlp_err_nomem(b->e);
    *params = p;
    if (mlp_net_attr_str(b, "mode", "constant", &mode))
        return b->e->code;
    for (unsigned i = 0; i < 4; i++)
        if (mlp_str_is(mode, modes[i])) {
            p->mode = (enum pad_mode)i;
            if (b->opset >= 11)
                return MLP_OK;
            return mlp_net_attr_float(b, "value", 0, &p->value)
                       ? b->e->code
                       : mlp_net_attr_ints(b, "pads", &p->pads, &p->n);
        }
    return mlp_net_bad(b, "its mode is not understood");
}

/* Before and behind each axis of x. */
static enum mlp_code pad_sizes(const struct mlp_net_call *c, const struct pad *p,
                               int64_t before[MLP_MAX_RANK], int64_t behind[MLP_MAX_RANK])
{
    const struct mlp_tensor *list = c->nin > 1 ? c->in[1] : NULL;
    const struct mlp_tensor *axes = c->nin > 3 ? c->in[3] : NULL;
    size_t n = axes ? axes->n : c->in[0]->rank, given = list ? list->n : p->n;
    memset(before, 0, MLP_MAX_RANK * sizeof *before);
    memset(behind, 0, MLP_MAX_RANK * sizeof *behind);
    if (given != 2 * n || (list && !is_index(list)) || (axes && !is_index(axes)))
        return mlp_net_fail(c, "pads that do not fit the shape");
    for (size_t i = 0; i < n; i++) {
        uint32_t at = (uint32_t)i;
        if (axes && mlp_net_axis(c, mlp_tensor_integer(axes, i), c->in[0]->rank, &at))
            return c->e->code;
        before[at] = list ? mlp_tensor_integer(list, i) : p->pads[i];
        behind[at] = list ? mlp_tensor_integer(list, n + i) : p->pads[n + i];
    }
    return MLP_OK;
}

/* Where place `at` of the padded axis comes from; -1: from nowhere. */
static int64_t source_of(enum pad_mode mode, int64_t at, int64_t n)
{
    if (at >= 0 && at < n)
        return at;
    if (mode == PAD_CONSTANT || n == 0)
        return -1;
    if (mode == PAD_EDGE || n == 1)
        return at < 0 ? 0 : n - 1;
    if (mode == PAD_WRAP)
        return (at % n + n) % n;
    int64_t period = 2 * (n - 1), k = (at % period + period) % period;
    return k < n ? k : period - k;
}

/* Fills the padded tensor: elements of x, or the value. */
static void fill_pad(const struct mlp_net_call *c, const int64_t *before)
{
    const struct pad *p = c->node->params;
    const struct mlp_tensor *x = c->in[0], *value = c->nin > 2 ? c->in[2] : NULL;
    struct mlp_tensor *out = &c->out[0];
    struct mlp_walk w;
    mlp_walk_init(&w, out->rank, out->dims);
    for (size_t i = 0; i < out->n; i++, mlp_walk_next(&w)) {
        int64_t from = 0;
        for (uint32_t k = 0; k < x->rank && from >= 0; k++) {
            int64_t at = source_of(p->mode, w.at[k] - before[k], x->dims[k]);
            from = at < 0 ? -1 : from * x->dims[k] + at;
        }
        if (from >= 0)
            mlp_tensor_copy_element(out, i, x, (size_t)from);
        else if (value)
            mlp_tensor_copy_element(out, i, value, 0);
        else
            mlp_tensor_set_number(out, i, (double)p->value);
    }
}

static enum mlp_code run_pad(const struct mlp_net_call *c)
{
    const struct pad *p = c->node->params;
    const struct mlp_tensor *x = c->in[0], *value = c->nin > 2 ? c->in[2] : NULL;
    int64_t before[MLP_MAX_RANK], behind[MLP_MAX_RANK], dims[MLP_MAX_RANK];
    if (pad_sizes(c, p, before, behind))
        return c->e->code;
    if (value && (value->type != x->type || value->n != 1))
        return mlp_net_bad_type(c, 2);
    for (uint32_t i = 0; i < x->rank; i++)
        if (__builtin_add_overflow(x->dims[i], before[i], &dims[i]) ||
            __builtin_add_overflow(dims[i], behind[i], &dims[i]))
            return mlp_net_fail(c, "pads that cannot be");
    if (mlp_tensor_make(&c->out[0], c->arena, x->type, x->rank, dims, c->e))
        return c->e->code;
    fill_pad(c, before);
    return MLP_OK;
}

/* --- GatherElements, ScatterElements --- */

/* The place in x that element i of the indices, where the walk stands, names along an axis. */
static enum mlp_code place_of(const struct mlp_net_call *c, const struct mlp_walk *w, size_t i,
                              uint32_t axis, size_t *out)
{
    const struct mlp_tensor *x = c->in[0];
    size_t at = 0, chosen = 0;
    if (index_of(c, c->in[1], i, x->dims[axis], &chosen))
        return c->e->code;
    for (uint32_t k = 0; k < x->rank; k++)
        at = at * (size_t)x->dims[k] + (k == axis ? chosen : (size_t)w->at[k]);
    *out = at;
    return MLP_OK;
}

/* Indices of the rank of x, and within it but along the axis. */
static enum mlp_code check_indices(const struct mlp_net_call *c, uint32_t axis)
{
    const struct mlp_tensor *x = c->in[0], *ix = c->in[1];
    bool fits = is_index(ix) && ix->rank == x->rank;
    for (uint32_t k = 0; k < x->rank && fits; k++)
        fits = k == axis || ix->dims[k] <= x->dims[k];
    return fits ? MLP_OK : mlp_net_bad_type(c, 1);
}

static enum mlp_code run_gather_elements(const struct mlp_net_call *c)
{
    const struct pair *p = c->node->params;
    struct mlp_walk w;
    uint32_t axis;
    size_t at;
    if (mlp_net_axis(c, p->a, c->in[0]->rank, &axis) || check_indices(c, axis) ||
        mlp_tensor_like(&c->out[0], c->arena, c->in[0]->type, c->in[1], c->e))
        return c->e->code;
    mlp_walk_init(&w, c->in[1]->rank, c->in[1]->dims);
    for (size_t i = 0; i < c->out[0].n; i++, mlp_walk_next(&w)) {
        if (place_of(c, &w, i, axis, &at))
            return c->e->code;
        mlp_tensor_copy_element(&c->out[0], i, c->in[0], at);
    }
    return MLP_OK;
}

enum reduction { REDUCE_NONE, REDUCE_ADD, REDUCE_MUL, REDUCE_MAX, REDUCE_MIN };
struct scatter {
    int64_t axis;
    enum reduction reduction;
};

static enum mlp_code prepare_scatter(struct mlp_net_build *b, const void **params)
{
    static const char *const names[] = {"none", "add", "mul", "max", "min"};
    struct scatter *p = mlp_arena_alloc(b->arena, sizeof *p);
    struct mlp_str name;
    if (!p)
        return mlp_err_nomem(b->e);
    *params = p;
    if (mlp_net_attr_int(b, "axis", 0, &p->axis) ||
        mlp_net_attr_str(b, "reduction", "none", &name))
        return b->e->code;
    for (unsigned i = 0; i < 5; i++)
        if (mlp_str_is(name, names[i])) {
            p->reduction = (enum reduction)i;
            return MLP_OK;
        }
    return mlp_net_bad(b, "its reduction is not understood");
}

/* Element `from` of u goes to element `to` of t. */
static void put(struct mlp_tensor *t, size_t to, const struct mlp_tensor *u, size_t from,
                enum reduction how)
{
    double a, b;
    if (how == REDUCE_NONE) {
        mlp_tensor_copy_element(t, to, u, from);
        return;
    }
    a = mlp_tensor_number(t, to);
    b = mlp_tensor_number(u, from);
    mlp_tensor_set_number(t, to, how == REDUCE_ADD   ? a + b
                                 : how == REDUCE_MUL ? a * b
                                 : how == REDUCE_MAX ? (a > b ? a : b)
                                                     : (a < b ? a : b));
}

static enum mlp_code copy_of(const struct mlp_net_call *c)
{
    if (c->in[2]->type != c->in[0]->type)
        return mlp_net_bad_type(c, 2);
    if (mlp_tensor_like(&c->out[0], c->arena, c->in[0]->type, c->in[0], c->e))
        return c->e->code;
    if (c->out[0].n)
        memcpy(c->out[0].data, c->in[0]->data, c->out[0].n * mlp_dtype_size(c->out[0].type));
    return MLP_OK;
}

static enum mlp_code run_scatter_elements(const struct mlp_net_call *c)
{
    const struct scatter *p = c->node->params;
    struct mlp_walk w;
    uint32_t axis;
    size_t at;
    if (mlp_net_axis(c, p->axis, c->in[0]->rank, &axis) || check_indices(c, axis) || copy_of(c))
        return c->e->code;
    if (!mlp_tensor_same_shape(c->in[1], c->in[2]))
        return mlp_net_fail(c, "updates of another shape than the indices");
    mlp_walk_init(&w, c->in[1]->rank, c->in[1]->dims);
    for (size_t i = 0; i < c->in[1]->n; i++, mlp_walk_next(&w)) {
        if (place_of(c, &w, i, axis, &at))
            return c->e->code;
        put(&c->out[0], at, c->in[2], i, p->reduction);
    }
    return MLP_OK;
}

/* --- GatherND, ScatterND: the last axis of the indices names leading axes --- */

/* The first element, of x, of the slice that tuple i names; `batch` leading axes come from i. */
static enum mlp_code slice_of(const struct mlp_net_call *c, size_t i, uint32_t batch, size_t *out)
{
    const struct mlp_tensor *x = c->in[0], *ix = c->in[1];
    size_t k = (size_t)ix->dims[ix->rank - 1], at = 0, chosen = 0;
    size_t tuples = product(ix->dims, batch, ix->rank - 1);
    at = batch && tuples ? i / tuples : 0;
    for (size_t j = 0; j < k; j++) {
        if (index_of(c, ix, i * k + j, x->dims[batch + j], &chosen))
            return c->e->code;
        at = at * (size_t)x->dims[batch + j] + chosen;
    }
    *out = at * product(x->dims, batch + (uint32_t)k, x->rank);
    return MLP_OK;
}

static enum mlp_code check_tuples(const struct mlp_net_call *c, uint32_t batch)
{
    const struct mlp_tensor *x = c->in[0], *ix = c->in[1];
    bool fits = is_index(ix) && ix->rank > batch && x->rank >= batch &&
                ix->dims[ix->rank - 1] <= (int64_t)(x->rank - batch);
    for (uint32_t k = 0; k < batch && fits; k++)
        fits = x->dims[k] == ix->dims[k];
    return fits ? MLP_OK : mlp_net_bad_type(c, 1);
}

static enum mlp_code run_gather_nd(const struct mlp_net_call *c)
{
    const struct pair *p = c->node->params;
    const struct mlp_tensor *x = c->in[0], *ix = c->in[1];
    int64_t dims[2 * MLP_MAX_RANK];
    uint32_t rank = 0, batch = (uint32_t)p->a;
    if (p->a < 0 || p->a >= MLP_MAX_RANK || check_tuples(c, batch))
        return c->e->code ? c->e->code : mlp_net_bad_type(c, 1);
    uint32_t named = batch + (uint32_t)ix->dims[ix->rank - 1];
    for (uint32_t k = 0; k + 1 < ix->rank; k++)
        dims[rank++] = ix->dims[k];
    for (uint32_t k = named; k < x->rank; k++)
        dims[rank++] = x->dims[k];
    if (mlp_tensor_make(&c->out[0], c->arena, x->type, rank, dims, c->e))
        return c->e->code;
    size_t slice = product(x->dims, named, x->rank), at;
    size_t tuples = product(ix->dims, 0, ix->rank - 1);
    for (size_t i = 0; i < tuples && slice; i++) {
        if (slice_of(c, i, batch, &at))
            return c->e->code;
        for (size_t s = 0; s < slice; s++)
            mlp_tensor_copy_element(&c->out[0], i * slice + s, x, at + s);
    }
    return MLP_OK;
}

static enum mlp_code run_scatter_nd(const struct mlp_net_call *c)
{
    const struct scatter *p = c->node->params;
    const struct mlp_tensor *x = c->in[0], *ix = c->in[1];
    size_t at;
    if (check_tuples(c, 0) || copy_of(c))
        return c->e->code;
    size_t slice = product(x->dims, (uint32_t)ix->dims[ix->rank - 1], x->rank);
    size_t tuples = product(ix->dims, 0, ix->rank - 1);
    if (c->in[2]->n != tuples * slice)
        return mlp_net_fail(c, "updates of another shape than the indices name");
    for (size_t i = 0; i < tuples && slice; i++) {
        if (slice_of(c, i, 0, &at))
            return c->e->code;
        for (size_t s = 0; s < slice; s++)
            put(&c->out[0], at + s, c->in[2], i * slice + s, p->reduction);
    }
    return MLP_OK;
}

/* --- sums, ranges, indices --- */

static enum mlp_code prepare_cumsum(struct mlp_net_build *b, const void **params)
{
    return prepare_pair(b, "exclusive", 0, "reverse", params);
}

static enum mlp_code run_cumsum(const struct mlp_net_call *c)
{
    const struct pair *p = c->node->params;
    const struct mlp_tensor *x = c->in[0];
    uint32_t axis;
    if (!is_index(c->in[1]) || c->in[1]->n != 1)
        return mlp_net_bad_type(c, 1);
    if (mlp_net_axis(c, mlp_tensor_integer(c->in[1], 0), x->rank, &axis) ||
        mlp_tensor_like(&c->out[0], c->arena, x->type, x, c->e))
        return c->e->code;
    size_t n = (size_t)x->dims[axis], inner = product(x->dims, axis + 1, x->rank);
    for (size_t line = 0; n && line < x->n / n; line++) {
        size_t first = line / inner * n * inner + line % inner;
        double sum = 0;
        for (size_t i = 0; i < n; i++) {
            size_t at = first + (p->b ? n - 1 - i : i) * inner;
            double v = mlp_tensor_number(x, at);
            mlp_tensor_set_number(&c->out[0], at, p->a ? sum : sum + v);
            sum = x->type == MLP_DT_FLOAT ? (double)(float)(sum + v) : sum + v;
        }
    }
    return MLP_OK;
}

static enum mlp_code run_range(const struct mlp_net_call *c)
{
    enum mlp_dtype type = c->in[0]->type;
    double start = mlp_tensor_number(c->in[0], 0), limit = mlp_tensor_number(c->in[1], 0);
    double step = mlp_tensor_number(c->in[2], 0);
    if (c->in[0]->n != 1 || c->in[1]->n != 1 || c->in[2]->n != 1 || step == 0)
        return mlp_net_fail(c, "a range without an end");
    double n = (limit - start) / step;
    int64_t count = !(n > 0) ? 0 : n > 1e9 ? -1 : (int64_t)n + ((double)(int64_t)n < n);
    if (mlp_tensor_make(&c->out[0], c->arena, type, 1, &count, c->e))
        return c->e->code;
    for (int64_t i = 0; i < count; i++)
        mlp_tensor_set_number(&c->out[0], (size_t)i, start + (double)i * step);
    return MLP_OK;
}

static enum mlp_code prepare_trilu(struct mlp_net_build *b, const void **params)
{
    return prepare_pair(b, "upper", 1, NULL, params);
}

static enum mlp_code run_trilu(const struct mlp_net_call *c)
{
    const struct pair *p = c->node->params;
    const struct mlp_tensor *x = c->in[0];
    int64_t k = c->nin > 1 && c->in[1] && c->in[1]->n ? mlp_tensor_integer(c->in[1], 0) : 0;
    if (x->rank < 2)
        return mlp_net_bad_type(c, 0);
    if (mlp_tensor_like(&c->out[0], c->arena, x->type, x, c->e))
        return c->e->code;
    int64_t rows = x->dims[x->rank - 2], cols = x->dims[x->rank - 1];
    for (size_t i = 0; i < x->n; i++) {
        int64_t col = (int64_t)i % cols, row = (int64_t)i / cols % rows;
        bool keep = p->a ? col - row >= k : col - row <= k;
        if (keep)
            mlp_tensor_copy_element(&c->out[0], i, x, i);
        else
            mlp_tensor_set_integer(&c->out[0], i, 0);
    }
    return MLP_OK;
}

static enum mlp_code run_nonzero(const struct mlp_net_call *c)
{
    const struct mlp_tensor *x = c->in[0];
    struct mlp_walk w;
    int64_t dims[2] = {x->rank, 0};
    for (size_t i = 0; i < x->n; i++)
        dims[1] += mlp_tensor_number(x, i) != 0;
    if (mlp_tensor_make(&c->out[0], c->arena, MLP_DT_INT64, 2, dims, c->e))
        return c->e->code;
    size_t found = 0;
    mlp_walk_init(&w, x->rank, x->dims);
    for (size_t i = 0; i < x->n; i++, mlp_walk_next(&w)) {
        if (mlp_tensor_number(x, i) == 0)
            continue;
        for (uint32_t k = 0; k < x->rank; k++)
            c->out[0].i64[k * (size_t)dims[1] + found] = w.at[k];
        found++;
    }
    return MLP_OK;
}

static enum mlp_code prepare_one_hot(struct mlp_net_build *b, const void **params)
{
    return prepare_pair(b, "axis", -1, NULL, params);
}

/* values: what stands where an entry is not, and where it is. */
static enum mlp_code run_one_hot(const struct mlp_net_call *c)
{
    const struct pair *p = c->node->params;
    const struct mlp_tensor *ix = c->in[0], *values = c->in[2];
    int64_t dims[MLP_MAX_RANK], depth = c->in[1]->n ? mlp_tensor_integer(c->in[1], 0) : 0;
    uint32_t axis;
    if (values->n != 2 || ix->rank == MLP_MAX_RANK)
        return mlp_net_bad_type(c, 2);
    if (mlp_net_axis(c, p->a, ix->rank + 1, &axis))
        return c->e->code;
    for (uint32_t k = 0; k <= ix->rank; k++)
        dims[k] = k == axis ? depth : ix->dims[k - (k > axis)];
    if (mlp_tensor_make(&c->out[0], c->arena, values->type, ix->rank + 1, dims, c->e))
        return c->e->code;
    size_t inner = product(dims, axis + 1, ix->rank + 1);
    for (size_t i = 0; i < c->out[0].n; i++) {
        size_t level = i / inner % (size_t)depth, from = i / inner / (size_t)depth * inner;
        int64_t at = mlp_tensor_integer(ix, from + i % inner);
        at = at < 0 ? at + depth : at;
        mlp_tensor_copy_element(&c->out[0], i, values, at == (int64_t)level);
    }
    return MLP_OK;
}

static enum mlp_code prepare_batch(struct mlp_net_build *b, const void **params)
{
    return prepare_pair(b, "batch_dims", 0, NULL, params);
}

const struct mlp_net_op mlp_net_arrange[] = {
    {"", "Split", 2, 0, 1, 2, UINT32_MAX, prepare_split, run_split},
    {"", "Tile", 6, 0, 2, 2, 1, NULL, run_tile},
    {"", "Pad", 2, 0, 1, 4, 1, prepare_pad, run_pad},
    {"", "GatherElements", 11, 0, 2, 2, 1, prepare_axis, run_gather_elements},
    {"", "Scatter", 9, 10, 3, 3, 1, prepare_scatter, run_scatter_elements},
    {"", "ScatterElements", 11, 0, 3, 3, 1, prepare_scatter, run_scatter_elements},
    {"", "GatherND", 11, 0, 2, 2, 1, prepare_batch, run_gather_nd},
    {"", "ScatterND", 11, 0, 3, 3, 1, prepare_scatter, run_scatter_nd},
    {"", "CumSum", 11, 0, 2, 2, 1, prepare_cumsum, run_cumsum},
    {"", "Range", 11, 0, 3, 3, 1, NULL, run_range},
    {"", "Trilu", 14, 0, 1, 2, 1, prepare_trilu, run_trilu},
    {"", "NonZero", 9, 0, 1, 1, 1, NULL, run_nonzero},
    {"", "OneHot", 9, 0, 3, 3, 1, prepare_one_hot, run_one_hot},
    {0}};
