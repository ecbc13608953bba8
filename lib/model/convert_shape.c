/* convert_shape.c: single columns bent, products, bins, splines and imputing from neighbours as
 * ONNX operators (convert_lower.h; ops_shape.c runs them). */
#include "model/convert_lower.h"
#include "model/ops_shape.h"
#include "model/ops_words.h"
#include <math.h>

/* Column by column, side by side: each makes columns of column i. */
static enum mlp_code each_column(struct mlp_lower *l,
                                 uint32_t (*make)(struct mlp_lower *, size_t, uint32_t))
{
    size_t n = l->n->in.n;
    uint32_t *parts = mlp_lower_array(l, n, sizeof *parts);
    for (size_t i = 0; parts && i < n; i++)
        parts[i] = make(l, i, n > 1 ? mlp_lower_column(l, l->x, i) : l->x);
    if (parts)
        l->y = mlp_emit_concat(l->w, parts, n, 1);
    return l->c->e->code;
}

/* How many of n values stand in the relation to x: [N,1]. */
static uint32_t count_of(struct mlp_lower *l, const char *op, uint32_t x, const double *v, size_t n)
{
    uint32_t flags = mlp_lower_flag(l, op, x, mlp_emit_row(l->w, v, n));
    return mlp_emit_reduce(l->w, "ReduceSum", flags, 1, true);
}

/* --- products --- */

static uint32_t degree_of(const struct mlp_products *p, size_t j)
{
    return p->start[j + 1] - p->start[j];
}

/* The outputs of one degree, in order: [N, n]. */
static uint32_t products_of(struct mlp_lower *l, const uint32_t *outputs, size_t n, uint32_t degree)
{
    const struct mlp_products *p = l->n->params;
    uint32_t y = MLP_EMIT_NONE;
    uint32_t *idx = mlp_lower_array(l, n, sizeof *idx);
    double *ones = mlp_lower_array(l, n, sizeof *ones);
    if (!idx || !ones)
        return y;
    for (size_t i = 0; i < n; i++)
        ones[i] = 1;
    if (degree == 0)
        return mlp_lower_constant(l, ones, n);
    for (uint32_t k = 0; k < degree; k++) {
        for (size_t i = 0; i < n; i++)
            idx[i] = p->term[p->start[outputs[i]] + k];
        uint32_t factor = mlp_lower_columns(l, l->x, idx, n);
        y = k ? mlp_emit2(l->w, "Mul", y, factor) : factor;
    }
    return y;
}

static enum mlp_code write_products(struct mlp_lower *l)
{
    const struct mlp_products *p = l->n->params;
    size_t width = l->n->out_width, done = 0, nparts = 0;
    uint32_t *order = mlp_lower_array(l, width, sizeof *order), most = 0;
    uint32_t *place = mlp_lower_array(l, width, sizeof *place);
    for (size_t j = 0; j < width; j++)
        most = degree_of(p, j) > most ? degree_of(p, j) : most;
    uint32_t *parts = mlp_lower_array(l, (size_t)most + 1, sizeof *parts);
    if (!order || !place || !parts)
        return l->c->e->code;
    bool sorted = true;
    for (uint32_t d = 0; d <= most; d++) {
        size_t from = done;
        for (size_t j = 0; j < width; j++)
            if (degree_of(p, j) == d) {
                sorted &= j == done;
                place[j] = (uint32_t)done;
                order[done++] = (uint32_t)j;
            }
        if (done > from)
            parts[nparts++] = products_of(l, order + from, done - from, d);
    }
    l->y = mlp_emit_concat(l->w, parts, nparts, 1);
    if (!sorted)
        l->y = mlp_lower_columns(l, l->y, place, width);
    return l->c->e->code;
}

/* --- bins and splines --- */

static uint32_t bin_column(struct mlp_lower *l, size_t i, uint32_t x)
{
    const struct mlp_bins *p = l->n->params;
    double none = 0;
    return p->n[i] ? count_of(l, "GreaterOrEqual", x, p->edge[i], p->n[i])
                   : mlp_lower_constant(l, &none, 1);
}

static enum mlp_code write_bins(struct mlp_lower *l)
{
    return each_column(l, bin_column);
}

/* Where a spline is evaluated: x, and the number of its interval as [N,1]. */
struct at_knots {
    const double *knot;
    size_t n;
    uint32_t x, interval;
};

static uint32_t knot_at(struct mlp_lower *l, const struct at_knots *a, int offset)
{
    uint32_t at = mlp_emit2(l->w, "Add", a->interval, mlp_emit_num(l->w, offset));
    return mlp_lower_table(l, a->knot, a->n, 1, at);
}

/* de Boor's recurrence, as ops_shape.c has it; b gets degree + 1 tensors. */
static void emit_bases(struct mlp_lower *l, const struct at_knots *a, unsigned degree, uint32_t *b)
{
    struct mlp_emit *w = l->w;
    uint32_t left[MLP_SPLINE_MAX_DEGREE + 1], right[MLP_SPLINE_MAX_DEGREE + 1];
    b[0] = mlp_emit_num(w, 1);
    for (unsigned j = 1; j <= degree; j++) {
        uint32_t saved = mlp_emit_num(w, 0);
        left[j] = mlp_emit2(w, "Sub", a->x, knot_at(l, a, 1 - (int)j));
        right[j] = mlp_emit2(w, "Sub", knot_at(l, a, (int)j), a->x);
        for (unsigned i = 0; i < j; i++) {
            uint32_t span = mlp_emit2(w, "Add", right[i + 1], left[j - i]);
            uint32_t part = mlp_emit2(w, "Div", b[i], span);
            b[i] = mlp_emit2(w, "Add", saved, mlp_emit2(w, "Mul", right[i + 1], part));
            saved = mlp_emit2(w, "Mul", left[j - i], part);
        }
        b[j] = saved;
    }
}

static uint32_t clipped(struct mlp_lower *l, uint32_t x, double lo, double hi)
{
    uint32_t a = mlp_emit_num(l->w, lo), b = mlp_emit_num(l->w, hi);
    x = mlp_emit3(l->w, "Where", mlp_emit2(l->w, "Less", x, a), a, x);
    return mlp_emit3(l->w, "Where", mlp_emit2(l->w, "Greater", x, b), b, x);
}

static uint32_t spline_column(struct mlp_lower *l, size_t i, uint32_t x)
{
    const struct mlp_splines *p = l->n->params;
    struct mlp_emit *w = l->w;
    const double *t = p->knot[i];
    size_t last = p->nknots[i] - p->degree - 2, count = p->nknots[i] - p->degree - 1 - p->drop_last;
    uint32_t b[MLP_SPLINE_MAX_DEGREE + 1], y = MLP_EMIT_NONE, zero = mlp_emit_num(w, 0);
    if (p->beyond == MLP_BEYOND_CONSTANT)
        x = clipped(l, x, t[p->degree], t[last + 1]);
    uint32_t first = last > p->degree
        ? count_of(l, "GreaterOrEqual", x, t + p->degree + 1, last - p->degree)
        : mlp_emit2(w, "Mul", x, zero);
    struct at_knots a = {t, p->nknots[i], x,
                         mlp_emit2(w, "Add", first, mlp_emit_num(w, p->degree))};
    uint32_t columns = mlp_lower_iota(l, count);
    emit_bases(l, &a, p->degree, b);
    for (unsigned j = 0; j <= p->degree; j++) {
        uint32_t at = mlp_emit2(w, "Add", first, mlp_emit_num(w, j));
        uint32_t part = mlp_emit3(w, "Where", mlp_emit2(w, "Equal", columns, at), b[j], zero);
        y = j ? mlp_emit2(w, "Add", y, part) : part;
    }
    return y;
}

static enum mlp_code write_splines(struct mlp_lower *l)
{
    const struct mlp_splines *p = l->n->params;
    if ((p->beyond != MLP_BEYOND_CONSTANT && p->beyond != MLP_BEYOND_CONTINUE) || p->zero_missing)
        return mlp_lower_refuse(l, "its extrapolation is neither constant nor continue");
    return each_column(l, spline_column);
}

/* --- quantiles --- */

/* A line for each count of points that x has passed: start, value there, slope. Beyond the ends
 * the end's value. backward: counted from the last point. */
static double *interval_lines(struct mlp_lower *l, const double *xs, const double *ys, size_t n,
                              bool backward)
{
    double *t = mlp_lower_array(l, 3 * (n + 1), sizeof *t);
    for (size_t k = 0; t && k <= n; k++) {
        if (k == 0 || k == n) {
            t[3 * k + 1] = ys[(k == 0) != backward ? 0 : n - 1];
            continue;
        }
        size_t a = backward ? n - k : k - 1, b = backward ? a - 1 : k;
        t[3 * k] = xs[a];
        t[3 * k + 1] = ys[a];
        t[3 * k + 2] = (ys[b] - ys[a]) / (xs[b] - xs[a]);
    }
    return t;
}

static uint32_t interpolated(struct mlp_lower *l, uint32_t x, const double *xs, bool backward)
{
    const struct mlp_quantiles *p = l->n->params;
    struct mlp_emit *w = l->w;
    double *lines = interval_lines(l, xs, p->reference, p->n, backward);
    if (!lines)
        return MLP_EMIT_NONE;
    uint32_t k = count_of(l, backward ? "LessOrEqual" : "GreaterOrEqual", x, xs, p->n);
    uint32_t line = mlp_lower_table(l, lines, p->n + 1, 3, k);
    uint32_t d = mlp_emit2(w, "Sub", x, mlp_lower_column(l, line, 0));
    d = mlp_emit2(w, "Mul", mlp_lower_column(l, line, 2), d);
    return mlp_emit2(w, "Add", d, mlp_lower_column(l, line, 1));
}

static uint32_t quantile_column(struct mlp_lower *l, size_t i, uint32_t x)
{
    const struct mlp_quantiles *p = l->n->params;
    struct mlp_emit *w = l->w;
    const double *q = p->quantile + i * p->n;
    double slack = p->normal ? 1e-7 : 0;
    uint32_t first = mlp_emit_num(w, q[0]), last = mlp_emit_num(w, q[p->n - 1]);
    uint32_t near = mlp_emit_num(w, slack);
    uint32_t y = mlp_emit2(w, "Add", interpolated(l, x, q, false), interpolated(l, x, q, true));
    y = mlp_emit2(w, "Mul", y, mlp_emit_num(w, 0.5));
    uint32_t low = mlp_emit2(w, p->normal ? "Less" : "Equal", mlp_emit2(w, "Sub", x, near), first);
    uint32_t high = mlp_emit2(w, p->normal ? "Greater" : "Equal", mlp_emit2(w, "Add", x, near),
                              last);
    y = mlp_emit3(w, "Where", high, mlp_emit_num(w, 1), y);
    y = mlp_emit3(w, "Where", low, mlp_emit_num(w, 0), y);
    return mlp_emit3(w, "Where", mlp_emit1(w, "IsNaN", x), x, y);
}

static uint32_t horner(struct mlp_lower *l, uint32_t r, const double terms[8])
{
    uint32_t y = mlp_emit_num(l->w, terms[7]);
    for (int i = 6; i >= 0; i--)
        y = mlp_emit2(l->w, "Add", mlp_emit2(l->w, "Mul", y, r), mlp_emit_num(l->w, terms[i]));
    return y;
}

static uint32_t ratio(struct mlp_lower *l, uint32_t r, size_t set)
{
    return mlp_emit2(l->w, "Div", horner(l, r, mlp_normal_quantile_terms[set]),
                     horner(l, r, mlp_normal_quantile_terms[set + 1]));
}

/* The normal quantile of p, kept off 0 and 1 as scikit-learn keeps it. */
static uint32_t normal_quantile(struct mlp_lower *l, uint32_t p)
{
    struct mlp_emit *w = l->w;
    double edge = 1e-7 - 0x1p-52;
    p = clipped(l, p, edge, 1 - edge);
    uint32_t half = mlp_emit_num(w, 0.5), q = mlp_emit2(w, "Sub", p, half);
    uint32_t below = mlp_emit2(w, "Less", q, mlp_emit_num(w, 0));
    uint32_t inner = mlp_emit2(w, "Sub", mlp_emit_num(w, 0.180625), mlp_emit2(w, "Mul", q, q));
    uint32_t middle = mlp_emit2(w, "Mul", q, horner(l, inner, mlp_normal_quantile_terms[0]));
    middle = mlp_emit2(w, "Div", middle, horner(l, inner, mlp_normal_quantile_terms[1]));
    uint32_t tail = mlp_emit3(w, "Where", below, p, mlp_emit2(w, "Sub", mlp_emit_num(w, 1), p));
    uint32_t r = mlp_emit1(w, "Sqrt", mlp_emit1(w, "Neg", mlp_emit1(w, "Log", tail)));
    uint32_t five = mlp_emit_num(w, 5);
    uint32_t far = ratio(l, mlp_emit2(w, "Sub", r, five), 4);
    uint32_t near = ratio(l, mlp_emit2(w, "Sub", r, mlp_emit_num(w, 1.6)), 2);
    uint32_t outer = mlp_emit3(w, "Where", mlp_emit2(w, "Greater", r, five), far, near);
    outer = mlp_emit3(w, "Where", below, mlp_emit1(w, "Neg", outer), outer);
    uint32_t inside = mlp_emit2(w, "LessOrEqual", mlp_emit1(w, "Abs", q), mlp_emit_num(w, 0.425));
    return mlp_emit3(w, "Where", inside, middle, outer);
}

static enum mlp_code write_quantiles(struct mlp_lower *l)
{
    const struct mlp_quantiles *p = l->n->params;
    if (p->inverse)
        return mlp_lower_refuse(l, "its inverse is not written");
    if (!each_column(l, quantile_column) && p->normal)
        l->y = normal_quantile(l, l->y);
    return l->c->e->code;
}

/* --- power, norms, weighing --- */

/* (base^lambda - 1) / lambda */
static uint32_t power_of(struct mlp_lower *l, uint32_t base, double lambda)
{
    struct mlp_emit *w = l->w;
    uint32_t by = mlp_emit_num(w, lambda);
    uint32_t y = mlp_emit2(w, "Sub", mlp_emit2(w, "Pow", base, by), mlp_emit_num(w, 1));
    return mlp_emit2(w, "Div", y, by);
}

static uint32_t power_column(struct mlp_lower *l, size_t i, uint32_t x)
{
    const struct mlp_power *p = l->n->params;
    struct mlp_emit *w = l->w;
    double lambda = p->lambda[i];
    if (p->box_cox)
        return lambda == 0 ? mlp_emit1(w, "Log", x) : power_of(l, x, lambda);
    uint32_t one = mlp_emit_num(w, 1);
    uint32_t up = fabs(lambda) < 0x1p-52 ? mlp_lower_log1p(l, x)
                                         : power_of(l, mlp_emit2(w, "Add", x, one), lambda);
    uint32_t down = fabs(lambda - 2) > 0x1p-52
        ? power_of(l, mlp_emit2(w, "Sub", one, x), 2 - lambda)
        : mlp_lower_log1p(l, mlp_emit1(w, "Neg", x));
    uint32_t positive = mlp_emit2(w, "GreaterOrEqual", x, mlp_emit_num(w, 0));
    return mlp_emit3(w, "Where", positive, up, mlp_emit1(w, "Neg", down));
}

static enum mlp_code write_power(struct mlp_lower *l)
{
    if (((const struct mlp_power *)l->n->params)->inverse)
        return mlp_lower_refuse(l, "its inverse is not written");
    return each_column(l, power_column);
}

/* Rows over their norm, where that is not 0. */
static uint32_t over_norm(struct mlp_lower *l, uint32_t x, enum mlp_norm kind)
{
    struct mlp_emit *w = l->w;
    uint32_t a = kind == MLP_NORM_L2 ? mlp_emit2(w, "Mul", x, x) : mlp_emit1(w, "Abs", x);
    a = mlp_emit_reduce(w, kind == MLP_NORM_MAX ? "ReduceMax" : "ReduceSum", a, 1, true);
    if (kind == MLP_NORM_L2)
        a = mlp_emit1(w, "Sqrt", a);
    uint32_t none = mlp_emit2(w, "Equal", a, mlp_emit_num(w, 0));
    return mlp_emit3(w, "Where", none, x, mlp_emit2(w, "Div", x, a));
}

static enum mlp_code write_normalize(struct mlp_lower *l)
{
    l->y = over_norm(l, l->x, ((const struct mlp_normalize *)l->n->params)->norm);
    return MLP_OK;
}

static enum mlp_code write_tfidf(struct mlp_lower *l)
{
    const struct mlp_tfidf *p = l->n->params;
    struct mlp_emit *w = l->w;
    uint32_t y = l->x;
    if (p->narrow)
        return mlp_lower_refuse(l, "it works in float32");
    if (p->sublinear) {
        uint32_t none = mlp_emit2(w, "Equal", y, mlp_emit_num(w, 0));
        uint32_t log = mlp_emit2(w, "Add", mlp_emit1(w, "Log", y), mlp_emit_num(w, 1));
        y = mlp_emit3(w, "Where", none, y, log);
    }
    if (p->idf)
        y = mlp_emit2(w, "Mul", y, mlp_emit_row(w, p->idf, l->n->in.n));
    if (p->norm != MLP_TFIDF_NONE)
        y = over_norm(l, y, p->norm == MLP_TFIDF_L2 ? MLP_NORM_L2 : MLP_NORM_L1);
    l->y = y;
    return MLP_OK;
}

/* --- imputing from neighbours --- */

/* The row with NaN where it is missing, whether it is, and how far each stored row is: [N, n],
 * infinity where nothing compares. */
struct donors {
    uint32_t x, missing, distance;
};

static uint32_t donor_distances(struct mlp_lower *l, const struct donors *d)
{
    const struct mlp_knn_impute *p = l->n->params;
    struct mlp_emit *w = l->w;
    size_t m = l->n->in.n;
    double *row = mlp_lower_array(l, p->n * m, sizeof *row);
    double *has = mlp_lower_array(l, p->n * m, sizeof *has);
    if (!row || !has)
        return MLP_EMIT_NONE;
    for (size_t i = 0; i < p->n * m; i++) {
        has[i] = !isnan(p->row[i]);
        row[i] = isnan(p->row[i]) ? 0 : p->row[i];
    }
    uint32_t zero = mlp_emit_num(w, 0), one = mlp_emit_num(w, 1);
    uint32_t x = mlp_emit3(w, "Where", d->missing, zero, d->x);
    uint32_t both = mlp_emit2(w, "Sub", one, mlp_emit_cast(w, d->missing, MLP_DT_DOUBLE));
    both = mlp_emit2(w, "Mul", mlp_emit_unsqueeze(w, both, 1), mlp_emit_matrix(w, has, p->n, m));
    uint32_t gap = mlp_emit2(w, "Sub", mlp_emit_unsqueeze(w, x, 1),
                             mlp_emit_matrix(w, row, p->n, m));
    gap = mlp_emit2(w, "Mul", gap, both);
    uint32_t sum = mlp_emit_reduce(w, "ReduceSum", mlp_emit2(w, "Mul", gap, gap), 2, false);
    uint32_t count = mlp_emit_reduce(w, "ReduceSum", both, 2, false);
    sum = mlp_emit2(w, "Div", mlp_emit2(w, "Mul", sum, mlp_emit_num(w, (double)m)), count);
    return mlp_emit3(w, "Where", mlp_emit2(w, "Equal", count, zero), mlp_emit_num(w, INFINITY),
                     mlp_emit1(w, "Sqrt", sum));
}

/* Stored rows that have the column: their numbers and values. */
static size_t find_donors(const struct mlp_knn_impute *p, size_t column, size_t width,
                          uint32_t *idx, double *value)
{
    size_t n = 0;
    for (size_t r = 0; r < p->n; r++)
        if (!isnan(p->row[r * width + column])) {
            value[n] = p->row[r * width + column];
            idx[n++] = (uint32_t)r;
        }
    return n;
}

static uint32_t donated(struct mlp_lower *l, const struct donors *d, uint32_t column)
{
    const struct mlp_knn_impute *p = l->n->params;
    struct mlp_emit *w = l->w;
    uint32_t *idx = mlp_lower_array(l, p->n, sizeof *idx);
    double *value = mlp_lower_array(l, p->n, sizeof *value);
    uint32_t mean = mlp_emit_num(w, p->mean[column]);
    size_t n = idx && value ? find_donors(p, column, l->n->in.n, idx, value) : 0;
    int64_t k = (int64_t)(n < p->k ? n : p->k), first = 0;
    if (!k)
        return mean;
    uint32_t in[2] = {mlp_lower_columns(l, d->distance, idx, n), mlp_emit_ints(w, &k, 1)};
    mlp_emit_attr_int(w, "axis", 1);
    mlp_emit_attr_int(w, "largest", 0);
    uint32_t near = mlp_emit_outs(w, "TopK", in, 2, 2);
    uint32_t v = mlp_emit_gather(w, mlp_emit_row(w, value, n), near + 1, 0);
    uint32_t sum = mlp_emit_num(w, (double)k);
    if (p->by_distance) {
        uint32_t weight = mlp_lower_nearness(l, near);
        sum = mlp_emit_reduce(w, "ReduceSum", weight, 1, true);
        v = mlp_emit2(w, "Mul", v, weight);
    }
    v = mlp_emit2(w, "Div", mlp_emit_reduce(w, "ReduceSum", v, 1, true), sum);
    uint32_t far = mlp_emit_gather(w, near, mlp_emit_ints(w, &first, 1), 1);
    return mlp_emit3(w, "Where", mlp_emit1(w, "IsInf", far), mean, v);
}

static enum mlp_code write_knn_impute(struct mlp_lower *l)
{
    const struct mlp_knn_impute *p = l->n->params;
    struct mlp_emit *w = l->w;
    struct donors d = {l->x, 0, 0};
    uint32_t *parts = mlp_lower_array(l, l->n->out_width, sizeof *parts);
    if (!isnan(p->missing))
        d.x = mlp_emit3(w, "Where", mlp_emit2(w, "Equal", l->x, mlp_emit_num(w, p->missing)),
                        mlp_emit_num(w, NAN), l->x);
    d.missing = mlp_emit1(w, "IsNaN", d.x);
    d.distance = donor_distances(l, &d);
    for (size_t j = 0; parts && j < l->n->out_width; j++) {
        uint32_t x = mlp_lower_column(l, d.x, p->keep[j]);
        parts[j] = mlp_emit3(w, "Where", mlp_emit1(w, "IsNaN", x), donated(l, &d, p->keep[j]), x);
    }
    if (parts)
        l->y = mlp_emit_concat(w, parts, l->n->out_width, 1);
    return l->c->e->code;
}

const struct mlp_lowering mlp_lower_shape[] = {
    {&mlp_op_products, write_products}, {&mlp_op_bins, write_bins},
    {&mlp_op_splines, write_splines}, {&mlp_op_quantiles, write_quantiles},
    {&mlp_op_power, write_power}, {&mlp_op_normalize, write_normalize},
    {&mlp_op_tfidf, write_tfidf}, {&mlp_op_knn_impute, write_knn_impute}, {NULL, NULL},
};
