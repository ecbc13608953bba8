/* convert_svm.c: kernels, pairwise votes and probabilities, and nearest neighbours as ONNX
 * operators (convert_lower.h; ops_svm.c runs them). */
#include "model/convert_lower.h"
#include "model/ops_est.h"
#include "model/ops_near.h"
#include <math.h>

/* Classes of a pairwise coupling that are written: the graph grows with their square. */
#define MOST_CLASSES 32

/* rows x width to width x rows. */
static double *transposed(struct mlp_lower *l, const double *v, size_t rows, size_t width)
{
    double *t = mlp_lower_array(l, rows * width, sizeof *t);
    for (size_t i = 0; t && i < rows; i++)
        for (size_t j = 0; j < width; j++)
            t[j * rows + i] = v[i * width + j];
    return t;
}

/* [N, n, m]: the row less each of n stored rows. */
static uint32_t less_rows(struct mlp_lower *l, const double *row, size_t n)
{
    return mlp_emit2(l->w, "Sub", mlp_emit_unsqueeze(l->w, l->x, 1),
                     mlp_emit_matrix(l->w, row, n, l->n->in.n));
}

static uint32_t kernel_rbf(struct mlp_lower *l, const struct mlp_svm *p)
{
    uint32_t d = less_rows(l, p->vector, p->n);
    d = mlp_emit_reduce(l->w, "ReduceSum", mlp_emit2(l->w, "Mul", d, d), 2, false);
    return mlp_emit1(l->w, "Exp", mlp_emit2(l->w, "Mul", d, mlp_emit_num(l->w, -p->gamma)));
}

static uint32_t kernel(struct mlp_lower *l, const struct mlp_svm *p)
{
    struct mlp_emit *w = l->w;
    size_t m = l->n->in.n;
    if (p->kernel == MLP_KERNEL_RBF)
        return kernel_rbf(l, p);
    double *vector = transposed(l, p->vector, p->n, m);
    if (!vector)
        return MLP_EMIT_NONE;
    uint32_t k = mlp_emit2(w, "MatMul", l->x, mlp_emit_matrix(w, vector, m, p->n));
    if (p->kernel == MLP_KERNEL_LINEAR)
        return k;
    k = mlp_emit2(w, "Add", mlp_emit2(w, "Mul", k, mlp_emit_num(w, p->gamma)),
                  mlp_emit_num(w, p->coef0));
    if (p->kernel == MLP_KERNEL_POLY)
        return mlp_emit2(w, "Pow", k, mlp_emit_num(w, p->degree));
    return mlp_emit1(w, "Tanh", k);
}

static enum mlp_code write_svm(struct mlp_lower *l)
{
    const struct mlp_svm *p = l->n->params;
    size_t k = l->n->out_width;
    double *weight = transposed(l, p->weight, k, p->n);
    if (!weight)
        return l->c->e->code;
    if (!p->n) {
        l->y = mlp_lower_constant(l, p->intercept, k);
        return MLP_OK;
    }
    uint32_t y = mlp_emit2(l->w, "MatMul", kernel(l, p), mlp_emit_matrix(l->w, weight, p->n, k));
    l->y = mlp_emit2(l->w, "Add", y, mlp_emit_row(l->w, p->intercept, k));
    return l->c->e->code;
}

/* --- pairs --- */

/* Pairs x classes: `first` at the first class of each pair, `second` at the other. */
static uint32_t pair_matrix(struct mlp_lower *l, size_t k, double first, double second)
{
    size_t pairs = k * (k - 1) / 2, t = 0;
    double *v = mlp_lower_array(l, pairs * k, sizeof *v);
    for (size_t i = 0; v && i < k; i++)
        for (size_t j = i + 1; j < k; j++, t++) {
            v[t * k + i] = first;
            v[t * k + j] = second;
        }
    return v ? mlp_emit_matrix(l->w, v, pairs, k) : MLP_EMIT_NONE;
}

/* Votes: `won` pairs (1 or 0) for the first class or, with `inverse`, for the second. */
static uint32_t votes(struct mlp_lower *l, size_t k, uint32_t won, bool inverse)
{
    uint32_t lost = mlp_emit2(l->w, "Sub", mlp_emit_num(l->w, 1), won);
    uint32_t a = mlp_emit2(l->w, "MatMul", inverse ? lost : won, pair_matrix(l, k, 1, 0));
    uint32_t b = mlp_emit2(l->w, "MatMul", inverse ? won : lost, pair_matrix(l, k, 0, 1));
    return mlp_emit2(l->w, "Add", a, b);
}

static enum mlp_code write_pair_votes(struct mlp_lower *l)
{
    size_t k = ((const struct mlp_pairs *)l->n->params)->k;
    uint32_t won = mlp_lower_flag(l, "Greater", l->x, mlp_emit_num(l->w, 0));
    uint32_t count = votes(l, k, won, false);
    mlp_emit_attr_int(l->w, "axis", 1);
    l->y = mlp_emit_cast(l->w, mlp_emit1(l->w, "ArgMax", count), MLP_DT_DOUBLE);
    return MLP_OK;
}

static enum mlp_code write_pair_decision(struct mlp_lower *l)
{
    struct mlp_emit *w = l->w;
    size_t k = ((const struct mlp_pairs *)l->n->params)->k;
    uint32_t lost = mlp_lower_flag(l, "Less", l->x, mlp_emit_num(w, 0));
    uint32_t sum = mlp_emit2(w, "MatMul", l->x, pair_matrix(l, k, 1, -1));
    uint32_t size = mlp_emit2(w, "Add", mlp_emit1(w, "Abs", sum), mlp_emit_num(w, 1));
    size = mlp_emit2(w, "Mul", size, mlp_emit_num(w, 3));
    l->y = mlp_emit2(w, "Add", votes(l, k, lost, true), mlp_emit2(w, "Div", sum, size));
    return MLP_OK;
}

static enum mlp_code write_pair_scores(struct mlp_lower *l)
{
    struct mlp_emit *w = l->w;
    size_t k = l->n->out_width, pairs = k * (k - 1) / 2;
    uint32_t zero = mlp_emit_num(w, 0), one = mlp_emit_num(w, 1);
    uint32_t x = mlp_emit_reshape(w, l->x, 2, pairs);
    uint32_t answer = mlp_emit_gather(w, x, mlp_emit_int(w, 0), 1);
    uint32_t second = mlp_emit2(w, "Sub", one, mlp_lower_flag(l, "Equal", answer, zero));
    uint32_t sum = mlp_emit2(w, "MatMul", mlp_emit_gather(w, x, mlp_emit_int(w, 1), 1),
                             pair_matrix(l, k, -1, 1));
    uint32_t size = mlp_emit2(w, "Add", mlp_emit1(w, "Abs", sum), one);
    size = mlp_emit2(w, "Mul", size, mlp_emit_num(w, 3));
    l->y = mlp_emit2(w, "Add", votes(l, k, second, true), mlp_emit2(w, "Div", sum, size));
    return MLP_OK;
}

/* [N, pairs]: probability of the first class, kept off 0 and 1. The logistic function has one
 * value however it is written; this form overflows to the right end. */
static uint32_t platt(struct mlp_lower *l, const struct mlp_pairs *p)
{
    struct mlp_emit *w = l->w;
    size_t pairs = p->k * (p->k - 1) / 2;
    uint32_t lo = mlp_emit_num(w, 1e-7), hi = mlp_emit_num(w, 1 - 1e-7), one = mlp_emit_num(w, 1);
    uint32_t z = mlp_emit2(w, "Add", mlp_emit2(w, "Mul", l->x, mlp_emit_row(w, p->a, pairs)),
                           mlp_emit_row(w, p->b, pairs));
    uint32_t v = mlp_emit2(w, "Div", one, mlp_emit2(w, "Add", one, mlp_emit1(w, "Exp", z)));
    v = mlp_emit3(w, "Where", mlp_emit2(w, "Less", v, lo), lo, v);
    return mlp_emit3(w, "Where", mlp_emit2(w, "Greater", v, hi), hi, v);
}

/* Column t of pairwise coupling: q[t][*] as [N,k], of pair probabilities given as columns. */
static uint32_t coupling_row(struct mlp_lower *l, const uint32_t *r, size_t k, size_t t)
{
    struct mlp_emit *w = l->w;
    uint32_t *q = mlp_lower_array(l, k, sizeof *q);
    uint32_t own = MLP_EMIT_NONE;
    for (size_t j = 0; q && j < k; j++) {
        if (j == t)
            continue;
        uint32_t square = mlp_emit2(w, "Mul", r[j * k + t], r[j * k + t]);
        own = own == MLP_EMIT_NONE ? square : mlp_emit2(w, "Add", own, square);
        q[j] = mlp_emit2(w, "Mul", mlp_emit1(w, "Neg", r[j * k + t]), r[t * k + j]);
    }
    if (!q)
        return MLP_EMIT_NONE;
    q[t] = own;
    return mlp_emit_concat(w, q, k, 1);
}

/* One class of a sweep (couple_step of ops_svm.c): p, qp [N,k] and pqp [N,1] change. */
struct sweep {
    uint32_t p, qp, pqp;
};

static void sweep_class(struct mlp_lower *l, struct sweep *s, uint32_t row, size_t k, size_t t)
{
    struct mlp_emit *w = l->w;
    double unit[MOST_CLASSES] = {0};
    unit[t] = 1;
    uint32_t own = mlp_lower_column(l, row, t), qpt = mlp_lower_column(l, s->qp, t);
    uint32_t diff = mlp_emit2(w, "Div", mlp_emit2(w, "Sub", s->pqp, qpt), own);
    uint32_t one = mlp_emit2(w, "Add", diff, mlp_emit_num(w, 1));
    uint32_t two = mlp_emit2(w, "Mul", qpt, mlp_emit_num(w, 2));
    uint32_t sum = mlp_emit2(w, "Add", mlp_emit2(w, "Mul", diff, own), two);
    sum = mlp_emit2(w, "Add", s->pqp, mlp_emit2(w, "Mul", diff, sum));
    s->pqp = mlp_emit2(w, "Div", mlp_emit2(w, "Div", sum, one), one);
    uint32_t step = mlp_emit2(w, "Add", s->qp, mlp_emit2(w, "Mul", diff, row));
    s->qp = mlp_emit2(w, "Div", step, one);
    uint32_t add = mlp_emit2(w, "Mul", diff, mlp_emit_row(w, unit, k));
    s->p = mlp_emit2(w, "Div", mlp_emit2(w, "Add", s->p, add), one);
}

/* The body of the Loop: (iteration, go on, p) -> (go on, p). Rows that are good enough stay. */
static void coupling_body(struct mlp_lower *l, const uint32_t *row, size_t k)
{
    struct mlp_emit *w = l->w;
    uint32_t dot[MOST_CLASSES];
    mlp_emit_body_input(w, MLP_DT_INT64, 0);
    mlp_emit_body_input(w, MLP_DT_BOOL, 0);
    uint32_t p = mlp_emit_body_input(w, MLP_DT_DOUBLE, 2);
    for (size_t t = 0; t < k; t++)
        dot[t] = mlp_emit_reduce(w, "ReduceSum", mlp_emit2(w, "Mul", row[t], p), 1, true);
    struct sweep s = {p, mlp_emit_concat(w, dot, k, 1), 0};
    s.pqp = mlp_emit_reduce(w, "ReduceSum", mlp_emit2(w, "Mul", p, s.qp), 1, true);
    uint32_t off = mlp_emit1(w, "Abs", mlp_emit2(w, "Sub", s.qp, s.pqp));
    off = mlp_emit_reduce(w, "ReduceMax", off, 1, true);
    uint32_t good = mlp_emit2(w, "Less", off, mlp_emit_num(w, 0.005 / (double)k));
    for (size_t t = 0; t < k; t++)
        sweep_class(l, &s, row[t], k, t);
    uint32_t next = mlp_emit3(w, "Where", good, p, s.p);
    uint32_t open = mlp_emit_cast(w, mlp_emit1(w, "Not", good), MLP_DT_INT64);
    mlp_emit_attr_int(w, "keepdims", 0);
    open = mlp_emit2(w, "Greater", mlp_emit1(w, "ReduceSum", open), mlp_emit_int(w, 0));
    mlp_emit_body_output(w, MLP_DT_BOOL, 0, open);
    mlp_emit_body_output(w, MLP_DT_DOUBLE, 2, next);
}

static enum mlp_code write_pair_proba(struct mlp_lower *l)
{
    const struct mlp_pairs *p = l->n->params;
    struct mlp_emit *w = l->w;
    struct mlp_emit_outer outer;
    size_t k = p->k;
    double start[MOST_CLASSES], yes = 1;
    uint32_t *r = mlp_lower_array(l, k * k, sizeof *r), row[MOST_CLASSES];
    if (k > MOST_CLASSES)
        return mlp_lower_refuse(l, "%zu classes are coupled, %d are written", k, MOST_CLASSES);
    uint32_t pair = platt(l, p), one = mlp_emit_num(w, 1);
    for (size_t i = 0, t = 0; r && i < k; i++)
        for (size_t j = i + 1; j < k; j++, t++) {
            r[i * k + j] = mlp_lower_column(l, pair, t);
            r[j * k + i] = mlp_emit2(w, "Sub", one, r[i * k + j]);
        }
    for (size_t t = 0; r && t < k; t++) {
        row[t] = coupling_row(l, r, k, t);
        start[t] = 1 / (double)k;
    }
    if (l->c->e->code)
        return l->c->e->code;
    uint32_t in[3] = {mlp_emit_int(w, k > 100 ? (int64_t)k : 100),
                      mlp_emit_const(w, MLP_DT_BOOL, &yes, NULL, 0),
                      mlp_lower_constant(l, start, k)};
    mlp_emit_body_begin(w, &outer);
    coupling_body(l, row, k);
    mlp_emit_body_end(w, &outer);
    l->y = mlp_emitn(w, "Loop", in, 3);
    return l->c->e->code;
}

/* --- neighbours --- */

/* Minkowski's and its special cases, without weights. */
static bool is_minkowski(const struct mlp_metric *m)
{
    return m->kind <= MLP_METRIC_MINKOWSKI && !m->w;
}

/* [N, n]: distances to the stored rows. */
static uint32_t distances(struct mlp_lower *l, const struct mlp_metric *m, const double *row,
                          size_t n)
{
    struct mlp_emit *w = l->w;
    uint32_t d = less_rows(l, row, n);
    if (m->kind == MLP_METRIC_EUCLIDEAN)
        return mlp_emit1(w, "Sqrt", mlp_emit_reduce(w, "ReduceSum", mlp_emit2(w, "Mul", d, d), 2,
                                                    false));
    d = mlp_emit1(w, "Abs", d);
    if (m->kind == MLP_METRIC_CHEBYSHEV)
        return mlp_emit_reduce(w, "ReduceMax", d, 2, false);
    if (m->kind == MLP_METRIC_MANHATTAN)
        return mlp_emit_reduce(w, "ReduceSum", d, 2, false);
    d = mlp_emit2(w, "Pow", d, mlp_emit_num(w, m->p));
    d = mlp_emit_reduce(w, "ReduceSum", d, 2, false);
    return mlp_emit2(w, "Pow", d, mlp_emit_num(w, 1 / m->p));
}

static enum mlp_code write_metric(struct mlp_lower *l)
{
    const struct mlp_metric_rows *p = l->n->params;
    if (!is_minkowski(&p->metric))
        return mlp_lower_refuse(l, "its metric is not Minkowski's");
    l->y = distances(l, &p->metric, p->row, l->n->out_width);
    return MLP_OK;
}

uint32_t mlp_lower_nearness(struct mlp_lower *l, uint32_t d)
{
    struct mlp_emit *w = l->w;
    uint32_t zero = mlp_emit_num(w, 0), one = mlp_emit_num(w, 1);
    uint32_t at = mlp_lower_flag(l, "Equal", d, zero);
    uint32_t exact = mlp_emit2(w, "Greater", mlp_emit_reduce(w, "ReduceMax", at, 1, true), zero);
    return mlp_emit3(w, "Where", exact, at, mlp_emit2(w, "Div", one, d));
}

/* The rows' numbers, then their distances, as mlp_op_nearest has them. */
static enum mlp_code write_nearest(struct mlp_lower *l)
{
    const struct mlp_nearest *p = l->n->params;
    struct mlp_emit *w = l->w;
    int64_t k = (int64_t)p->k;
    if (!is_minkowski(&p->near.metric))
        return mlp_lower_refuse(l, "its metric is not Minkowski's");
    uint32_t in[2] = {distances(l, &p->near.metric, p->near.row, p->near.n),
                      mlp_emit_ints(w, &k, 1)};
    mlp_emit_attr_int(w, "axis", 1);
    mlp_emit_attr_int(w, "largest", 0);
    uint32_t near = mlp_emit_outs(w, "TopK", in, 2, 2);
    uint32_t both[2] = {mlp_emit_cast(w, near + 1, MLP_DT_DOUBLE), near};
    l->y = mlp_emit_concat(w, both, 2, 1);
    return l->c->e->code;
}

/* Columns [from, from + n) of the input. */
static uint32_t some_columns(struct mlp_lower *l, size_t from, size_t n)
{
    uint32_t *at = mlp_lower_array(l, n, sizeof *at);
    for (size_t i = 0; at && i < n; i++)
        at[i] = (uint32_t)(from + i);
    return at ? mlp_lower_columns(l, l->x, at, n) : MLP_EMIT_NONE;
}

/* [n, width]: what each stored row votes for. */
static double *votes_of(struct mlp_lower *l, const struct mlp_near_vote *p, size_t n)
{
    size_t width = l->n->out_width;
    double *v = mlp_lower_array(l, n * width, sizeof *v);
    for (size_t i = 0; v && i < n; i++)
        for (size_t j = 0; j < width; j++) {
            const double *target = p->target + i * p->stride;
            v[i * width + j] = p->classes ? target[p->column] == (double)j : target[j];
        }
    return v;
}

static enum mlp_code write_near_vote(struct mlp_lower *l)
{
    const struct mlp_near_vote *p = l->n->params;
    struct mlp_emit *w = l->w;
    double *votes = votes_of(l, p, p->n);
    if (!votes)
        return l->c->e->code;
    uint32_t index = mlp_emit_cast(w, some_columns(l, 0, p->k), MLP_DT_INT64);
    uint32_t all = mlp_emit_matrix(w, votes, p->n, l->n->out_width);
    uint32_t target = mlp_emit_gather(w, all, index, 0), sum = mlp_emit_num(w, (double)p->k);
    if (p->by_distance) {
        uint32_t weight = mlp_lower_nearness(l, some_columns(l, p->k, p->k));
        sum = mlp_emit_reduce(w, "ReduceSum", weight, 1, true);
        target = mlp_emit2(w, "Mul", target, mlp_emit_unsqueeze(w, weight, 2));
    }
    l->y = mlp_emit2(w, "Div", mlp_emit_reduce(w, "ReduceSum", target, 1, false), sum);
    return l->c->e->code;
}

/* LocalOutlierFactor: the mean of the neighbours' densities over the row's own. */
static enum mlp_code write_outlier(struct mlp_lower *l)
{
    const struct mlp_outlier *p = l->n->params;
    const struct mlp_gnode *from = mlp_vec_at(&l->c->g->nodes, l->n->in.p[0].node);
    struct mlp_emit *w = l->w;
    if (from->op != &mlp_op_nearest)
        return mlp_lower_refuse(l, "its neighbours are not known");
    size_t n = ((const struct mlp_nearest *)from->params)->near.n;
    uint32_t count = mlp_emit_num(w, (double)p->k);
    uint32_t index = mlp_emit_cast(w, some_columns(l, 0, p->k), MLP_DT_INT64);
    uint32_t reach = mlp_emit_gather(w, mlp_emit_row(w, p->reach, n), index, 0);
    uint32_t lrd = mlp_emit_gather(w, mlp_emit_row(w, p->lrd, n), index, 0);
    reach = mlp_emit2(w, "Max", some_columns(l, p->k, p->k), reach);
    reach = mlp_emit2(w, "Div", mlp_emit_reduce(w, "ReduceSum", reach, 1, true), count);
    reach = mlp_emit2(w, "Add", reach, mlp_emit_num(w, 1e-10));
    uint32_t density = mlp_emit2(w, "Div", mlp_emit_num(w, 1), reach);
    uint32_t ratio = mlp_emit_reduce(w, "ReduceSum", mlp_emit2(w, "Div", lrd, density), 1, true);
    l->y = mlp_emit1(w, "Neg", mlp_emit2(w, "Div", ratio, count));
    return l->c->e->code;
}

const struct mlp_lowering mlp_lower_svm[] = {
    {&mlp_op_svm, write_svm}, {&mlp_op_pair_votes, write_pair_votes},
    {&mlp_op_pair_decision, write_pair_decision}, {&mlp_op_pair_proba, write_pair_proba},
    {&mlp_op_pair_scores, write_pair_scores}, {&mlp_op_outlier, write_outlier},
    {&mlp_op_metric, write_metric},
    {&mlp_op_nearest, write_nearest}, {&mlp_op_near_vote, write_near_vote}, {NULL, NULL},
};
