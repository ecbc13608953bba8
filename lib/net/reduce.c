/* reduce.c: operators that fold along axes: Reduce*, ArgMax, ArgMin, Softmax, Hardmax, TopK. */
#include <math.h>

#include "net/element.h"

enum fold { SUM, MEAN, PROD, MAX, MIN, L1, L2, SUM_SQUARE, LOG_SUM, LOG_SUM_EXP };

static const char *const FOLDS[] = {
    "ReduceSum", "ReduceMean", "ReduceProd", "ReduceMax", "ReduceMin", "ReduceL1", "ReduceL2",
    "ReduceSumSquare", "ReduceLogSum", "ReduceLogSumExp"};

struct reduce {
    enum fold fold;
    int64_t keepdims, noop;
    const int64_t *axes;
    size_t naxes;
};

static enum mlp_code prepare_reduce(struct mlp_net_build *b, const void **params)
{
    struct reduce *r = mlp_arena_alloc(b->arena, sizeof(*r));
    if (!r)
        return mlp_err_nomem(b->e);
    *params = r;
    for (size_t i = 0; i < sizeof(FOLDS) / sizeof(FOLDS[0]); i++)
        if (mlp_str_is(b->node->op_type, FOLDS[i]))
            r->fold = (enum fold)i;
    if (mlp_net_attr_int(b, "keepdims", 1, &r->keepdims) ||
        mlp_net_attr_int(b, "noop_with_empty_axes", 0, &r->noop))
        return b->e->code;
    return mlp_net_attr_ints(b, "axes", &r->axes, &r->naxes);
}

/* --- one result, over whole and over real numbers --- */

static double start_of(enum fold f)
{
    if (f == MAX)
        return -INFINITY;
    if (f == MIN)
        return INFINITY;
    return f == PROD;
}

static double real_step(enum fold f, double sum, double x)
{
    switch (f) {
    case PROD: return sum * x;
    case MAX: return x > sum || isnan(x) ? x : sum;
    case MIN: return x < sum || isnan(x) ? x : sum;
    case L1: return sum + fabs(x);
    case L2:
    case SUM_SQUARE: return sum + x * x;
    case LOG_SUM_EXP: return sum + exp(x);
    default: return sum + x;
    }
}

static double real_end(enum fold f, double sum, size_t n)
{
    switch (f) {
    case MEAN: return sum / (double)n;
    case L2: return sqrt(sum);
    case LOG_SUM:
    case LOG_SUM_EXP: return log(sum);
    default: return sum;
    }
}

static int64_t whole_step(enum fold f, int64_t sum, int64_t x)
{
    uint64_t s = (uint64_t)sum, u = (uint64_t)x;
    switch (f) {
    case PROD: return (int64_t)(s * u);
    case MAX: return x > sum ? x : sum;
    case MIN: return x < sum ? x : sum;
    case L1: return (int64_t)(s + (x < 0 ? 0 - u : u));
    case L2:
    case SUM_SQUARE: return (int64_t)(s + u * u);
    default: return (int64_t)(s + u);
    }
}

/* Two walks: over the results, and from each over what it folds. */
struct folding {
    struct mlp_walk outer, inner;
    size_t n;
};

static double fold_real(const struct folding *f, enum fold fold, const struct mlp_tensor *x)
{
    struct mlp_walk w = f->inner;
    double sum = start_of(fold), shift = 0;
    if (fold == LOG_SUM_EXP) {
        struct mlp_walk v = f->inner;
        shift = -INFINITY;
        for (size_t i = 0; i < f->n; i++, mlp_walk_next(&v))
            shift = fmax(shift, mlp_tensor_number(x, f->outer.offset[0] + v.offset[0]));
        shift = isfinite(shift) ? shift : 0;
    }
    for (size_t i = 0; i < f->n; i++, mlp_walk_next(&w))
        sum = real_step(fold, sum,
                        mlp_tensor_number(x, f->outer.offset[0] + w.offset[0]) - shift);
    return real_end(fold, sum, f->n) + shift;
}

static int64_t fold_whole(const struct folding *f, enum fold fold, const struct mlp_tensor *x)
{
    struct mlp_walk w = f->inner;
    int64_t sum = fold == MAX ? INT64_MIN : fold == MIN ? INT64_MAX : fold == PROD;
    for (size_t i = 0; i < f->n; i++, mlp_walk_next(&w))
        sum = whole_step(fold, sum, mlp_tensor_integer(x, f->outer.offset[0] + w.offset[0]));
    if (fold == MEAN)
        return f->n ? sum / (int64_t)f->n : 0;
    return fold == L2 ? (int64_t)sqrt((double)sum) : sum;
}

static enum mlp_code reduce_mask(const struct mlp_net_call *c, const struct reduce *r,
                                 uint32_t *mask)
{
    const struct mlp_tensor *axes = c->nin > 1 ? c->in[1] : NULL;
    size_t n = axes ? axes->n : r->naxes;
    uint32_t rank = c->in[0]->rank;
    *mask = n || r->noop ? 0 : (1U << rank) - 1;
    for (size_t i = 0; i < n; i++) {
        uint32_t a;
        if (mlp_net_axis(c, axes ? mlp_tensor_integer(axes, i) : r->axes[i], rank, &a))
            return c->e->code;
        *mask |= 1U << a;
    }
    return MLP_OK;
}

static void plan_fold(const struct mlp_tensor *x, uint32_t mask, struct folding *f)
{
    int64_t strides[MLP_MAX_RANK];
    mlp_net_strides(x, x->rank, x->dims, strides);
    mlp_walk_init(&f->outer, x->rank, x->dims);
    mlp_walk_init(&f->inner, x->rank, x->dims);
    f->n = 1;
    for (uint32_t i = 0; i < x->rank; i++) {
        bool in = mask >> i & 1;
        f->n *= in ? (size_t)x->dims[i] : 1;
        (in ? &f->outer : &f->inner)->dims[i] = 1;
        (in ? &f->inner : &f->outer)->stride[0][i] = strides[i];
    }
}

static enum mlp_code make_reduced(const struct mlp_net_call *c, enum mlp_dtype type, uint32_t mask,
                                  int64_t keepdims)
{
    const struct mlp_tensor *x = c->in[0];
    int64_t dims[MLP_MAX_RANK];
    uint32_t rank = 0;
    for (uint32_t i = 0; i < x->rank; i++)
        if (keepdims || !(mask >> i & 1))
            dims[rank++] = mask >> i & 1 ? 1 : x->dims[i];
    return mlp_tensor_make(&c->out[0], c->arena, type, rank, dims, c->e);
}

static enum mlp_code run_reduce(const struct mlp_net_call *c)
{
    const struct reduce *r = c->node->params;
    const struct mlp_tensor *x = c->in[0];
    struct folding f;
    uint32_t mask;
    bool whole = mlp_dtype_is_whole(x->type), logs = r->fold == LOG_SUM || r->fold == LOG_SUM_EXP;
    if (x->type == MLP_DT_STRING || x->type == MLP_DT_UINT64 || (whole && logs))
        return mlp_net_bad_type(c, 0);
    if (reduce_mask(c, r, &mask) || make_reduced(c, x->type, mask, r->keepdims))
        return c->e->code;
    plan_fold(x, mask, &f);
    if (whole && f.n == 0 && (r->fold == MAX || r->fold == MIN))
        return mlp_net_fail(c, "no elements to choose from");
    for (size_t i = 0; i < c->out[0].n; i++, mlp_walk_next(&f.outer)) {
        if (whole)
            mlp_tensor_set_integer(&c->out[0], i, fold_whole(&f, r->fold, x));
        else
            mlp_tensor_set_number(&c->out[0], i, fold_real(&f, r->fold, x));
    }
    return MLP_OK;
}

/* --- along one axis --- */

struct axis {
    int64_t axis, keepdims, last, largest;
    bool max, log, flat, hard;
};

static enum mlp_code prepare_arg(struct mlp_net_build *b, const void **params)
{
    struct axis *p = mlp_arena_alloc(b->arena, sizeof(*p));
    if (!p)
        return mlp_err_nomem(b->e);
    *params = p;
    p->max = mlp_str_is(b->node->op_type, "ArgMax");
    if (mlp_net_attr_int(b, "axis", 0, &p->axis) ||
        mlp_net_attr_int(b, "keepdims", 1, &p->keepdims))
        return b->e->code;
    return mlp_net_attr_int(b, "select_last_index", 0, &p->last);
}

static bool better(const struct mlp_tensor *x, size_t a, size_t b, bool max)
{
    if (x->type == MLP_DT_UINT64)
        return max ? x->u64[a] > x->u64[b] : x->u64[a] < x->u64[b];
    if (mlp_dtype_is_whole(x->type)) {
        int64_t p = mlp_tensor_integer(x, a), q = mlp_tensor_integer(x, b);
        return max ? p > q : p < q;
    }
    double p = mlp_tensor_number(x, a), q = mlp_tensor_number(x, b);
    return max ? p > q : p < q;
}

static enum mlp_code run_arg(const struct mlp_net_call *c)
{
    const struct axis *p = c->node->params;
    const struct mlp_tensor *x = c->in[0];
    struct folding f;
    uint32_t axis;
    if (x->type == MLP_DT_STRING)
        return mlp_net_bad_type(c, 0);
    if (mlp_net_axis(c, p->axis, x->rank, &axis) ||
        make_reduced(c, MLP_DT_INT64, 1U << axis, p->keepdims))
        return c->e->code;
    plan_fold(x, 1U << axis, &f);
    if (!f.n)
        return mlp_net_fail(c, "no elements to choose from");
    size_t step = (size_t)f.inner.stride[0][axis];
    for (size_t i = 0; i < c->out[0].n; i++, mlp_walk_next(&f.outer)) {
        size_t at = f.outer.offset[0], best = 0;
        for (size_t k = 1; k < f.n; k++)
            if (p->last ? !better(x, at + best * step, at + k * step, p->max)
                        : better(x, at + k * step, at + best * step, p->max))
                best = k;
        c->out[0].i64[i] = (int64_t)best;
    }
    return MLP_OK;
}

/* --- Softmax, LogSoftmax --- */

static enum mlp_code prepare_softmax(struct mlp_net_build *b, const void **params)
{
    struct axis *p = mlp_arena_alloc(b->arena, sizeof(*p));
    if (!p)
        return mlp_err_nomem(b->e);
    *params = p;
    p->flat = b->opset < 13;
    p->log = mlp_str_is(b->node->op_type, "LogSoftmax");
    p->hard = mlp_str_is(b->node->op_type, "Hardmax");
    return mlp_net_attr_int(b, "axis", p->flat ? 1 : -1, &p->axis);
}

/* 1 for the first of the largest, 0 for the others. */
static void hardmax_line(const struct folding *f, size_t step, const struct mlp_tensor *x,
                         struct mlp_tensor *y)
{
    size_t at = f->outer.offset[0], best = 0;
    for (size_t k = 0; k < f->n; k++) {
        if (better(x, at + k * step, at + best * step, true))
            best = k;
        mlp_tensor_set_number(y, at + k * step, 0);
    }
    mlp_tensor_set_number(y, at + best * step, 1);
}

static void softmax_line(const struct folding *f, size_t step, bool log_of,
                         const struct mlp_tensor *x, struct mlp_tensor *y)
{
    size_t at = f->outer.offset[0];
    double most = -INFINITY, sum = 0;
    for (size_t k = 0; k < f->n; k++)
        most = fmax(most, mlp_tensor_number(x, at + k * step));
    for (size_t k = 0; k < f->n; k++)
        sum += exp(mlp_tensor_number(x, at + k * step) - most);
    for (size_t k = 0; k < f->n; k++) {
        double v = mlp_tensor_number(x, at + k * step) - most;
        mlp_tensor_set_number(y, at + k * step, log_of ? v - log(sum) : exp(v) / sum);
    }
}

static enum mlp_code run_softmax(const struct mlp_net_call *c)
{
    const struct axis *p = c->node->params;
    struct mlp_tensor x = *c->in[0];
    struct folding f;
    uint32_t axis;
    if (!mlp_dtype_is_real(x.type))
        return mlp_net_bad_type(c, 0);
    if (mlp_net_axis(c, p->axis, x.rank, &axis) ||
        mlp_tensor_like(&c->out[0], c->arena, x.type, &x, c->e))
        return c->e->code;
    if (p->flat) { /* before operator set 13, all from the axis on is one line */
        for (uint32_t i = axis + 1; i < x.rank; i++)
            x.dims[axis] *= x.dims[i];
        x.rank = axis + 1;
    }
    plan_fold(&x, 1U << axis, &f);
    size_t lines = f.n ? x.n / f.n : 0;
    size_t step = (size_t)f.inner.stride[0][axis];
    for (size_t i = 0; i < lines; i++, mlp_walk_next(&f.outer))
        if (p->hard)
            hardmax_line(&f, step, &x, &c->out[0]);
        else
            softmax_line(&f, step, p->log, &x, &c->out[0]);
    return MLP_OK;
}

/* --- TopK: K is an input; ties go to the lower index --- */

static enum mlp_code prepare_topk(struct mlp_net_build *b, const void **params)
{
    struct axis *p = mlp_arena_alloc(b->arena, sizeof(*p));
    if (!p)
        return mlp_err_nomem(b->e);
    *params = p;
    if (mlp_net_attr_int(b, "axis", -1, &p->axis))
        return b->e->code;
    return mlp_net_attr_int(b, "largest", 1, &p->largest);
}

/* A line of elements and which of them come first. */
struct ranking {
    const struct mlp_tensor *x;
    size_t at, step;
    bool largest;
};

static bool comes_first(const struct ranking *r, int64_t a, int64_t b)
{
    size_t p = r->at + (size_t)a * r->step, q = r->at + (size_t)b * r->step;
    return better(r->x, p, q, r->largest) || (a < b && !better(r->x, q, p, r->largest));
}

/* Restores a heap whose root is the last of its n in order. */
static void sift_down(const struct ranking *r, int64_t *heap, size_t n, size_t i)
{
    for (size_t child; (child = 2 * i + 1) < n; i = child) {
        child += child + 1 < n && comes_first(r, heap[child], heap[child + 1]);
        if (!comes_first(r, heap[i], heap[child]))
            return;
        int64_t t = heap[i];
        heap[i] = heap[child];
        heap[child] = t;
    }
}

/* The k first of n in order: a heap of the best so far, then sorted. */
static void choose(const struct ranking *r, size_t n, int64_t *best, size_t k)
{
    for (size_t i = 0; i < k; i++)
        best[i] = (int64_t)i;
    for (size_t i = k / 2; i-- > 0;)
        sift_down(r, best, k, i);
    for (size_t i = k; i < n; i++)
        if (comes_first(r, (int64_t)i, best[0])) {
            best[0] = (int64_t)i;
            sift_down(r, best, k, 0);
        }
    for (size_t left = k; left-- > 1;) {
        int64_t t = best[0];
        best[0] = best[left];
        best[left] = t;
        sift_down(r, best, left, 0);
    }
}

static enum mlp_code run_topk(const struct mlp_net_call *c)
{
    const struct axis *p = c->node->params;
    const struct mlp_tensor *x = c->in[0];
    int64_t dims[MLP_MAX_RANK];
    struct mlp_tensor *y = &c->out[0], index;
    struct folding f, g;
    uint32_t axis;
    if (x->type == MLP_DT_STRING || c->in[1]->n != 1)
        return mlp_net_bad_type(c, 0);
    int64_t k = mlp_tensor_integer(c->in[1], 0);
    if (mlp_net_axis(c, p->axis, x->rank, &axis))
        return c->e->code;
    if (k < 0 || k > x->dims[axis])
        return mlp_net_fail(c, "%lld of %lld elements", (long long)k, (long long)x->dims[axis]);
    memcpy(dims, x->dims, sizeof(dims));
    dims[axis] = k;
    int64_t *best = mlp_arena_array(c->arena, (size_t)k + 1, sizeof(*best));
    if (!best)
        return mlp_err_nomem(c->e);
    if (mlp_tensor_make(y, c->arena, x->type, x->rank, dims, c->e) ||
        mlp_tensor_make(&index, c->arena, MLP_DT_INT64, x->rank, dims, c->e))
        return c->e->code;
    plan_fold(x, 1U << axis, &f);
    plan_fold(y, 1U << axis, &g);
    size_t lines = k ? y->n / (size_t)k : 0, from = (size_t)f.inner.stride[0][axis];
    size_t to = (size_t)g.inner.stride[0][axis];
    for (size_t i = 0; i < lines; i++, mlp_walk_next(&f.outer), mlp_walk_next(&g.outer)) {
        const struct ranking r = {x, f.outer.offset[0], from, p->largest != 0};
        choose(&r, f.n, best, (size_t)k);
        for (size_t j = 0; j < (size_t)k; j++) {
            size_t at = g.outer.offset[0] + j * to;
            mlp_tensor_copy_element(y, at, x, f.outer.offset[0] + (size_t)best[j] * from);
            index.i64[at] = best[j];
        }
    }
    if (c->nout > 1)
        c->out[1] = index;
    return MLP_OK;
}

#define REDUCE(name) {"", name, 1, 0, 1, 2, 1, prepare_reduce, run_reduce}

const struct mlp_net_op mlp_net_reduce[] = {
    REDUCE("ReduceSum"), REDUCE("ReduceMean"), REDUCE("ReduceProd"), REDUCE("ReduceMax"),
    REDUCE("ReduceMin"), REDUCE("ReduceL1"), REDUCE("ReduceL2"), REDUCE("ReduceSumSquare"),
    REDUCE("ReduceLogSum"), REDUCE("ReduceLogSumExp"),
    {"", "ArgMax", 1, 0, 1, 1, 1, prepare_arg, run_arg},
    {"", "ArgMin", 1, 0, 1, 1, 1, prepare_arg, run_arg},
    {"", "Softmax", 1, 0, 1, 1, 1, prepare_softmax, run_softmax},
    {"", "LogSoftmax", 1, 0, 1, 1, 1, prepare_softmax, run_softmax},
    {"", "Hardmax", 1, 0, 1, 1, 1, prepare_softmax, run_softmax},
    {"", "TopK", 10, 0, 2, 2, 2, prepare_topk, run_topk},
    {0}};
