/* convert_est.c: votes, medians, curves, distances and densities as ONNX operators
 * (convert_lower.h; ops_est.c runs them). */
#include "model/convert_lower.h"
#include "model/ops_est.h"
#include <math.h>

/* [N, n, k]: whether voter i chose class j. */
static uint32_t choices(struct mlp_lower *l)
{
    return mlp_emit2(l->w, "Equal", mlp_emit_unsqueeze(l->w, l->x, 2),
                     mlp_lower_iota(l, l->n->out_width));
}

static enum mlp_code write_votes(struct mlp_lower *l)
{
    const struct mlp_votes *p = l->n->params;
    uint32_t votes = mlp_emit_cast(l->w, choices(l), MLP_DT_DOUBLE);
    if (p->weight)
        votes = mlp_emit2(l->w, "Mul", votes, mlp_emit_matrix(l->w, p->weight, l->n->in.n, 1));
    l->y = mlp_emit_reduce(l->w, "ReduceSum", votes, 1, false);
    return MLP_OK;
}

static enum mlp_code write_samme(struct mlp_lower *l)
{
    const struct mlp_samme *p = l->n->params;
    size_t n = l->n->in.n;
    double *other = mlp_lower_array(l, n, sizeof *other);
    for (size_t i = 0; other && i < n; i++)
        other[i] = p->other * p->weight[i];
    if (!other)
        return l->c->e->code;
    uint32_t votes = mlp_emit3(l->w, "Where", choices(l), mlp_emit_matrix(l->w, p->weight, n, 1),
                               mlp_emit_matrix(l->w, other, n, 1));
    votes = mlp_emit_reduce(l->w, "ReduceSum", votes, 1, false);
    l->y = mlp_emit2(l->w, "Div", votes, mlp_emit_num(l->w, p->divide));
    return MLP_OK;
}

static enum mlp_code write_samme_r(struct mlp_lower *l)
{
    const struct mlp_samme_r *p = l->n->params;
    struct mlp_emit *w = l->w;
    double k = l->n->out_width;
    uint32_t least = mlp_emit_num(w, 0x1p-52);
    uint32_t x = mlp_emit_reshape(w, l->x, p->parts, l->n->out_width);
    x = mlp_emit1(w, "Log", mlp_emit3(w, "Where", mlp_emit2(w, "Less", x, least), least, x));
    uint32_t mean = mlp_emit2(w, "Mul", mlp_emit_reduce(w, "ReduceSum", x, 2, true),
                              mlp_emit_num(w, 1 / k));
    x = mlp_emit2(w, "Mul", mlp_emit2(w, "Sub", x, mean), mlp_emit_num(w, k - 1));
    x = mlp_emit_reduce(w, "ReduceSum", x, 1, false);
    l->y = mlp_emit2(w, "Div", x, mlp_emit_num(w, p->divide));
    return MLP_OK;
}

/* The first value, in ascending order, at which the weights so far reach half of all. */
static enum mlp_code write_median(struct mlp_lower *l)
{
    const struct mlp_median *p = l->n->params;
    struct mlp_emit *w = l->w;
    int64_t n = (int64_t)l->n->in.n, last = n - 1;
    uint32_t in[2] = {l->x, mlp_emit_ints(w, &n, 1)};
    mlp_emit_attr_int(w, "axis", 1);
    mlp_emit_attr_int(w, "largest", 0);
    uint32_t sorted = mlp_emit_outs(w, "TopK", in, 2, 2);
    uint32_t weight = mlp_emit_gather(w, mlp_emit_row(w, p->weight, (size_t)n), sorted + 1, 0);
    uint32_t sums = mlp_emit2(w, "CumSum", weight, mlp_emit_int(w, 1));
    uint32_t half = mlp_emit_gather(w, sums, mlp_emit_ints(w, &last, 1), 1);
    half = mlp_emit2(w, "Mul", half, mlp_emit_num(w, 0.5));
    uint32_t reached = mlp_lower_flag(l, "GreaterOrEqual", sums, half);
    mlp_emit_attr_int(w, "axis", 1);
    uint32_t at = mlp_emit1(w, "ArgMax", reached);
    mlp_emit_attr_int(w, "axis", 1);
    l->y = mlp_emit2(w, "GatherElements", sorted, at);
    return MLP_OK;
}

static enum mlp_code write_difference(struct mlp_lower *l)
{
    l->y = mlp_emit2(l->w, "Sub", mlp_lower_column(l, l->x, 1), mlp_lower_column(l, l->x, 0));
    return MLP_OK;
}

/* Lines by interval: row i is start, value at the start and slope between points i and i + 1. */
static double *lines_of(struct mlp_lower *l, const struct mlp_curve *p)
{
    double *t = mlp_lower_array(l, 3 * p->n, sizeof *t);
    for (size_t i = 0; t && i < p->n; i++) {
        size_t j = i + 1 < p->n ? i + 1 : i;
        double dx = p->x[j] - p->x[i];
        t[3 * i] = p->x[i];
        t[3 * i + 1] = p->y[i];
        t[3 * i + 2] = dx != 0 ? (p->y[j] - p->y[i]) / dx : 0;
    }
    return t;
}

static uint32_t curve_column(struct mlp_lower *l, const struct mlp_curve *p, uint32_t x)
{
    struct mlp_emit *w = l->w;
    double first = p->x[0], last = p->x[p->n - 1];
    double *table = lines_of(l, p);
    if (!table)
        return MLP_EMIT_NONE;
    uint32_t below = mlp_emit_num(w, first), above = mlp_emit_num(w, last);
    uint32_t gone = mlp_emit_num(w, NAN);
    uint32_t at = mlp_lower_flag(l, "GreaterOrEqual", x, mlp_emit_row(w, p->x, p->n));
    at = mlp_emit2(w, "Sub", mlp_emit_reduce(w, "ReduceSum", at, 1, true), mlp_emit_num(w, 1));
    at = mlp_emit2(w, "Max", at, mlp_emit_num(w, 0));
    uint32_t line = mlp_lower_table(l, table, p->n, 3, at);
    uint32_t y = mlp_emit2(w, "Sub", x, mlp_lower_column(l, line, 0));
    y = mlp_emit2(w, "Add", mlp_emit2(w, "Mul", mlp_lower_column(l, line, 2), y),
                  mlp_lower_column(l, line, 1));
    uint32_t low = p->clip ? mlp_emit_num(w, p->y[0]) : gone;
    uint32_t high = p->clip ? mlp_emit_num(w, p->y[p->n - 1]) : gone;
    y = mlp_emit3(w, "Where", mlp_emit2(w, "Equal", x, below), mlp_emit_num(w, p->y[0]), y);
    y = mlp_emit3(w, "Where", mlp_emit2(w, "Less", x, below), low, y);
    return mlp_emit3(w, "Where", mlp_emit2(w, "Greater", x, above), high, y);
}

static enum mlp_code write_curve(struct mlp_lower *l)
{
    const struct mlp_curve *p = l->n->params;
    uint32_t *parts = mlp_lower_array(l, l->n->in.n, sizeof *parts);
    if (p->n == 0)
        return mlp_lower_refuse(l, "its curve has no points");
    for (size_t i = 0; parts && i < l->n->in.n; i++)
        parts[i] = curve_column(l, p, mlp_lower_column(l, l->x, i));
    if (parts)
        l->y = mlp_emit_concat(l->w, parts, l->n->in.n, 1);
    return l->c->e->code;
}

/* [N, k, m]: the row less each of k points. */
static uint32_t less_points(struct mlp_lower *l, const double *points, size_t k)
{
    return mlp_emit2(l->w, "Sub", mlp_emit_unsqueeze(l->w, l->x, 1),
                     mlp_emit_matrix(l->w, points, k, l->n->in.n));
}

static uint32_t square_of(struct mlp_lower *l, uint32_t x)
{
    return mlp_emit2(l->w, "Mul", x, x);
}

static enum mlp_code write_distances(struct mlp_lower *l)
{
    const struct mlp_centres *p = l->n->params;
    uint32_t d = square_of(l, less_points(l, p->centre, l->n->out_width));
    l->y = mlp_emit1(l->w, "Sqrt", mlp_emit_reduce(l->w, "ReduceSum", d, 2, false));
    return MLP_OK;
}

/* |x|^2 - 2 x.c + |c|^2, not below 0. */
static enum mlp_code write_squares(struct mlp_lower *l)
{
    const struct mlp_centres *p = l->n->params;
    struct mlp_emit *w = l->w;
    size_t m = l->n->in.n, k = l->n->out_width;
    double *turned = mlp_lower_array(l, m * k + k, sizeof *turned), *own = turned + m * k;
    for (size_t i = 0; turned && i < k; i++)
        for (size_t j = 0; j < m; j++) {
            turned[j * k + i] = p->centre[i * m + j];
            own[i] += p->centre[i * m + j] * p->centre[i * m + j];
        }
    if (!turned)
        return l->c->e->code;
    uint32_t zero = mlp_emit_num(w, 0);
    uint32_t both = mlp_emit2(w, "MatMul", l->x, mlp_emit_matrix(w, turned, m, k));
    uint32_t d = mlp_emit_reduce(w, "ReduceSum", square_of(l, l->x), 1, true);
    d = mlp_emit2(w, "Sub", d, mlp_emit2(w, "Mul", both, mlp_emit_num(w, 2)));
    d = mlp_emit2(w, "Add", d, mlp_emit_row(w, own, k));
    l->y = mlp_emit3(w, "Where", mlp_emit2(w, "Greater", d, zero), d, zero);
    return MLP_OK;
}

static uint32_t density(struct mlp_lower *l, uint32_t length, double constant)
{
    uint32_t half = mlp_emit2(l->w, "Mul", length, mlp_emit_num(l->w, 0.5));
    return mlp_emit2(l->w, "Sub", mlp_emit_num(l->w, constant), half);
}

static enum mlp_code write_gauss(struct mlp_lower *l)
{
    const struct mlp_gauss *p = l->n->params;
    size_t m = l->n->in.n;
    const double *root = p->root;
    uint32_t *parts = mlp_lower_array(l, l->n->out_width, sizeof *parts);
    for (size_t k = 0; parts && k < l->n->out_width; k++) {
        uint32_t d = mlp_emit2(l->w, "Sub", l->x, mlp_emit_row(l->w, p->mean + k * m, m));
        d = mlp_emit2(l->w, "MatMul", d, mlp_emit_matrix(l->w, root, m, p->rank[k]));
        d = mlp_emit_reduce(l->w, "ReduceSum", square_of(l, d), 1, true);
        parts[k] = density(l, d, p->constant[k]);
        root += m * p->rank[k];
    }
    if (parts)
        l->y = mlp_emit_concat(l->w, parts, l->n->out_width, 1);
    return l->c->e->code;
}

static enum mlp_code write_naive(struct mlp_lower *l)
{
    const struct mlp_naive *p = l->n->params;
    size_t k = l->n->out_width;
    uint32_t d = square_of(l, less_points(l, p->mean, k));
    d = mlp_emit2(l->w, "Div", d, mlp_emit_matrix(l->w, p->variance, k, l->n->in.n));
    d = mlp_emit2(l->w, "Mul", mlp_emit_reduce(l->w, "ReduceSum", d, 2, false),
                  mlp_emit_num(l->w, 0.5));
    l->y = mlp_emit2(l->w, "Sub", mlp_emit_row(l->w, p->constant, k), d);
    return MLP_OK;
}

static enum mlp_code write_logsumexp(struct mlp_lower *l)
{
    struct mlp_emit *w = l->w;
    uint32_t most = mlp_emit_reduce(w, "ReduceMax", l->x, 1, true);
    uint32_t e = mlp_emit1(w, "Exp", mlp_emit2(w, "Sub", l->x, most));
    uint32_t sum = mlp_emit1(w, "Log", mlp_emit_reduce(w, "ReduceSum", e, 1, true));
    l->y = mlp_emit2(w, "Add", sum, most);
    return MLP_OK;
}

const struct mlp_lowering mlp_lower_est[] = {
    {&mlp_op_votes, write_votes}, {&mlp_op_samme, write_samme},
    {&mlp_op_samme_r, write_samme_r}, {&mlp_op_median, write_median},
    {&mlp_op_difference, write_difference}, {&mlp_op_curve, write_curve},
    {&mlp_op_distances, write_distances}, {&mlp_op_gauss, write_gauss},
    {&mlp_op_squares, write_squares},
    {&mlp_op_naive, write_naive}, {&mlp_op_logsumexp, write_logsumexp}, {NULL, NULL},
};
