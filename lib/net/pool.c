/* pool.c: pools over sliding windows (nn.h). The halves and bytes go through float, where each of
 * their numbers has a place. */
#include <math.h>

#include "net/nn.h"
#include "net/real.h"

enum kind { POOL_MAX, POOL_MEAN, POOL_LP };

struct pool {
    struct mlp_window_spec window;
    enum kind kind;
    int64_t count_pad, p, columns;
};

static enum mlp_code prepare_pool(struct mlp_net_build *b, const void **params)
{
    struct pool *p = mlp_arena_alloc(b->arena, sizeof(*p));
    if (!p)
        return mlp_err_nomem(b->e);
    *params = p;
    p->kind = mlp_str_ends(b->node->op_type, "MaxPool") ? POOL_MAX
              : mlp_str_ends(b->node->op_type, "LpPool") ? POOL_LP
                                                         : POOL_MEAN;
    if (mlp_window_read(b, &p->window) ||
        mlp_net_attr_int(b, "count_include_pad", 0, &p->count_pad) ||
        mlp_net_attr_int(b, "storage_order", 0, &p->columns) ||
        mlp_net_attr_int(b, "p", 2, &p->p))
        return b->e->code;
    return p->p >= 1 ? MLP_OK : mlp_net_bad(b, "p is %lld", (long long)p->p);
}

/* The input in float or double; only the largest of whole numbers is asked for, of a byte. */
static enum mlp_code take_input(const struct mlp_net_call *c, const struct pool *p,
                                struct mlp_tensor *x)
{
    enum mlp_dtype type = c->in[0]->type;
    if (!mlp_dtype_is_real(type) &&
        (p->kind != POOL_MAX || (type != MLP_DT_INT8 && type != MLP_DT_UINT8)))
        return mlp_net_bad_type(c, 0);
    return mlp_real_as(c->arena, c->in[0], mlp_real_width(type), x, c->e);
}

static double element(const struct mlp_tensor *x, size_t i)
{
    return x->type == MLP_DT_FLOAT ? (double)x->f32[i] : x->f64[i];
}

/* --- what a window comes to --- */

struct view {
    const struct pool *p;
    const struct mlp_window *w;
    const struct mlp_tensor *x;
    const int64_t *at;
};

/* How many elements the window at o has inside the input and its padding: with ceil_mode the last
 * one reaches beyond. */
static size_t padded_count(const struct mlp_window *w, size_t o)
{
    size_t count = 1;
    for (uint32_t d = w->rank; d-- > 0;) {
        int64_t start = (int64_t)(o % (size_t)w->out[d]) * w->stride[d];
        int64_t room = w->in[d] + w->before[d] + w->after[d] - start, inside = 0;
        for (int64_t k = 0; k < w->kernel[d]; k++)
            inside += k * w->dilation[d] < room;
        count *= (size_t)inside;
        o /= (size_t)w->out[d];
    }
    return count;
}

/* The place of the largest, -1 where all is padding; NaN is larger than any number. */
static int64_t largest(const struct view *v, size_t plane, size_t o)
{
    int64_t best = -1;
    double most = 0;
    for (size_t k = 0; k < v->w->nkernel; k++) {
        int64_t from = v->at[k * v->w->nout + o];
        double x = from < 0 ? 0 : element(v->x, plane + (size_t)from);
        if (from >= 0 && (best < 0 || !(x <= most))) {
            best = from;
            most = x;
        }
    }
    return best;
}

static double mean(const struct view *v, size_t plane, size_t o)
{
    double sum = 0;
    size_t inside = 0;
    for (size_t k = 0; k < v->w->nkernel; k++) {
        int64_t from = v->at[k * v->w->nout + o];
        sum += from < 0 ? 0 : element(v->x, plane + (size_t)from);
        inside += from >= 0;
    }
    return sum / (double)(v->p->count_pad ? padded_count(v->w, o) : inside);
}

/* The p-norm of n elements in all: term by term, and at the end. */
static double lp_term(double x, int64_t p)
{
    return p == 1 ? fabs(x) : p == 2 ? x * x : pow(fabs(x), (double)p);
}

static double lp_end(double sum, int64_t p)
{
    return p == 1 ? sum : p == 2 ? sqrt(sum) : pow(sum, 1 / (double)p);
}

static double lp_norm(const struct view *v, size_t plane, size_t o)
{
    double sum = 0;
    for (size_t k = 0; k < v->w->nkernel; k++) {
        int64_t from = v->at[k * v->w->nout + o];
        sum += from < 0 ? 0 : lp_term(element(v->x, plane + (size_t)from), v->p->p);
    }
    return lp_end(sum, v->p->p);
}

/* The index that MaxPool's second output has of a place; with storage_order 1 columns are first. */
static int64_t index_of(const struct view *v, size_t plane, int64_t place)
{
    const struct mlp_window *w = v->w;
    int64_t at[MLP_NN_SPATIAL], index = 0;
    if (!v->p->columns)
        return (int64_t)plane + place;
    for (uint32_t d = w->rank; d-- > 0;) {
        at[d] = place % w->in[d];
        place /= w->in[d];
    }
    for (uint32_t d = w->rank; d-- > 0;)
        index = index * w->in[d] + at[d];
    return (int64_t)plane + index;
}

static void pool_element(const struct mlp_net_call *c, const struct view *v, size_t i)
{
    size_t plane = i / v->w->nout * v->w->nin, o = i % v->w->nout;
    if (v->p->kind != POOL_MAX) {
        mlp_tensor_set_number(&c->out[0], i, v->p->kind == POOL_MEAN ? mean(v, plane, o)
                                                                     : lp_norm(v, plane, o));
        return;
    }
    int64_t best = largest(v, plane, o);
    mlp_tensor_set_number(&c->out[0], i,
                          best < 0 ? -INFINITY : element(v->x, plane + (size_t)best));
    if (c->nout > 1)
        c->out[1].i64[i] = index_of(v, plane, best < 0 ? 0 : best);
}

static enum mlp_code run_pool(const struct mlp_net_call *c)
{
    const struct pool *p = c->node->params;
    struct mlp_window w;
    struct mlp_tensor x;
    int64_t *at, dims[MLP_MAX_RANK] = {0};
    if (take_input(c, p, &x) || mlp_window_make(c, &p->window, NULL, &w))
        return c->e->code;
    for (uint32_t d = 0; d < x.rank; d++)
        dims[d] = d < 2 ? x.dims[d] : w.out[d - 2];
    for (uint32_t i = 0; i < c->nout; i++)
        if (mlp_tensor_make(&c->out[i], c->arena, i ? MLP_DT_INT64 : c->in[0]->type, x.rank, dims,
                            c->e))
            return c->e->code;
    if (p->kind == POOL_MAX && c->in[0]->type == MLP_DT_FLOAT && c->nout == 1 && w.rank == 2)
        return mlp_pool_planes(c, &w, x.f32, c->out[0].f32, w.nout ? c->out[0].n / w.nout : 0);
    if (mlp_window_places(c, &w, &at))
        return c->e->code;
    const struct view v = {p, &w, &x, at};
    for (size_t i = 0; i < c->out[0].n; i++)
        pool_element(c, &v, i);
    return MLP_OK;
}

/* --- one number a channel --- */

static double whole_plane(const struct pool *p, const struct mlp_tensor *x, size_t at, size_t n)
{
    double v = p->kind == POOL_MAX ? -INFINITY : 0;
    for (size_t i = at; i < at + n; i++) {
        double e = element(x, i);
        if (p->kind == POOL_MAX)
            v = !(e <= v) ? e : v;
        else
            v += p->kind == POOL_MEAN ? e : lp_term(e, p->p);
    }
    if (p->kind == POOL_LP)
        return lp_end(v, p->p);
    return p->kind == POOL_MEAN ? v / (double)n : v;
}

static enum mlp_code run_global(const struct mlp_net_call *c)
{
    const struct pool *p = c->node->params;
    int64_t dims[MLP_MAX_RANK];
    struct mlp_tensor x;
    if (take_input(c, p, &x))
        return c->e->code;
    if (x.rank < 2)
        return mlp_net_fail(c, "an input that is no channels");
    for (uint32_t d = 0; d < x.rank; d++)
        dims[d] = d < 2 ? x.dims[d] : 1;
    if (mlp_tensor_make(&c->out[0], c->arena, c->in[0]->type, x.rank, dims, c->e))
        return c->e->code;
    size_t plane = c->out[0].n ? x.n / c->out[0].n : 0;
    for (size_t i = 0; i < c->out[0].n; i++)
        mlp_tensor_set_number(&c->out[0], i, whole_plane(p, &x, i * plane, plane));
    return MLP_OK;
}

/* --- MaxUnpool --- */

/* The shape that the pooled tensor had, as far as the window tells. */
static enum mlp_code unpooled_shape(const struct mlp_net_call *c, const struct pool *p,
                                    int64_t dims[MLP_MAX_RANK])
{
    const struct mlp_window_spec *s = &p->window;
    const struct mlp_tensor *x = c->in[0];
    if (x->rank < 3 || x->rank > MLP_NN_SPATIAL + 2 || !s->kernel || s->rank != x->rank - 2)
        return mlp_net_fail(c, "an input of rank %u does not fit the window", x->rank);
    for (uint32_t d = 0; d < x->rank; d++) {
        dims[d] = x->dims[d];
        if (d < 2)
            continue;
        if (x->dims[d] > INT32_MAX)
            return mlp_net_fail(c, "dimension %u is too large", d);
        dims[d] = (x->dims[d] - 1) * (s->strides ? s->strides[d - 2] : 1) + s->kernel[d - 2] -
                  (s->pads ? s->pads[d - 2] + s->pads[d - 2 + s->rank] : 0);
        if (dims[d] < 0)
            return mlp_net_fail(c, "the padding is larger than dimension %u", d);
    }
    return MLP_OK;
}

/* The larger shape that the node may ask for; the unpooled lies at its start. */
static enum mlp_code asked_shape(const struct mlp_net_call *c, const int64_t *least,
                                 int64_t dims[MLP_MAX_RANK])
{
    const struct mlp_tensor *shape = mlp_net_in(c, 2);
    uint32_t rank = c->in[0]->rank;
    if (shape && (shape->type != MLP_DT_INT64 || shape->n != rank))
        return mlp_net_fail(c, "output_shape needs an int64 for each dimension");
    for (uint32_t d = 0; d < rank; d++) {
        dims[d] = shape ? shape->i64[d] : least[d];
        if (dims[d] < least[d])
            return mlp_net_fail(c, "output_shape is smaller than what was pooled");
    }
    return MLP_OK;
}

static enum mlp_code run_unpool(const struct mlp_net_call *c)
{
    const struct mlp_tensor *x = c->in[0], *index = c->in[1];
    int64_t least[MLP_MAX_RANK] = {0}, dims[MLP_MAX_RANK] = {0};
    struct mlp_tensor *y = &c->out[0], small;
    if (!mlp_dtype_is_real(x->type) || index->type != MLP_DT_INT64)
        return mlp_net_bad_type(c, index->type != MLP_DT_INT64);
    if (!mlp_tensor_same_shape(x, index))
        return mlp_net_fail(c, "values and indices have different shapes");
    if (unpooled_shape(c, c->node->params, least) || asked_shape(c, least, dims) ||
        mlp_tensor_make(&small, c->arena, x->type, x->rank, least, c->e) ||
        mlp_tensor_make(y, c->arena, x->type, x->rank, dims, c->e))
        return c->e->code;
    memset(y->data, 0, y->n * mlp_dtype_size(y->type));
    for (size_t i = 0; i < x->n; i++) {
        if (index->i64[i] < 0 || (size_t)index->i64[i] >= small.n)
            return mlp_net_fail(c, "index %lld of %zu", (long long)index->i64[i], small.n);
        size_t rest = (size_t)index->i64[i], at = 0, step = 1;
        for (uint32_t d = x->rank; d-- > 0;) {
            at += rest % (size_t)least[d] * step;
            rest /= (size_t)least[d];
            step *= (size_t)dims[d];
        }
        mlp_tensor_copy_element(y, at, x, i);
    }
    return MLP_OK;
}

const struct mlp_net_op mlp_net_pool[] = {
    {"", "AveragePool", 1, 0, 1, 1, 1, prepare_pool, run_pool},
    {"", "GlobalAveragePool", 1, 0, 1, 1, 1, prepare_pool, run_global},
    {"", "GlobalLpPool", 2, 0, 1, 1, 1, prepare_pool, run_global},
    {"", "GlobalMaxPool", 1, 0, 1, 1, 1, prepare_pool, run_global},
    {"", "LpPool", 2, 0, 1, 1, 1, prepare_pool, run_pool},
    {"", "MaxPool", 1, 0, 1, 1, 2, prepare_pool, run_pool},
    {"", "MaxUnpool", 9, 0, 2, 3, 1, prepare_pool, run_unpool},
    {0}};
