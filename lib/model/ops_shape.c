/* ops_shape.c: bending columns and building new ones (ops_shape.h). */
#include "model/ops_shape.h"
#include <math.h>

static enum mlp_code run_products(const struct mlp_gnode *n, struct mlp_call *c)
{
    const struct mlp_products *p = n->params;
    for (size_t r = 0; r < c->rows; r++) {
        const double *x = c->x + r * c->ldx;
        for (size_t j = 0; j < n->out_width; j++) {
            double v = 1;
            for (uint32_t t = p->start[j]; t < p->start[j + 1]; t++)
                v *= x[p->term[t]];
            c->y[r * c->ldy + j] = v;
        }
    }
    return MLP_OK;
}

const struct mlp_op mlp_op_products = {"polynomial", run_products, NULL};

static enum mlp_code run_bins(const struct mlp_gnode *n, struct mlp_call *c)
{
    const struct mlp_bins *p = n->params;
    for (size_t r = 0; r < c->rows; r++)
        for (size_t i = 0; i < n->in.n; i++) {
            double x = c->x[r * c->ldx + i];
            size_t lo = 0, hi = p->n[i];
            while (lo < hi) {
                size_t mid = (lo + hi) / 2;
                if (p->edge[i][mid] <= x)
                    lo = mid + 1;
                else
                    hi = mid;
            }
            c->y[r * c->ldy + i] = (double)lo;
        }
    return MLP_OK;
}

const struct mlp_op mlp_op_bins = {"bins", run_bins, NULL};

/* The degree + 1 bases that are not zero in knot interval k, by de Boor's recurrence ("A Practical
 * Guide to Splines", ch. X). */
static void bases(const double *t, size_t k, unsigned degree, double x, double *b)
{
    double left[MLP_SPLINE_MAX_DEGREE + 1], right[MLP_SPLINE_MAX_DEGREE + 1];
    b[0] = 1;
    for (unsigned j = 1; j <= degree; j++) {
        double saved = 0;
        left[j] = x - t[k + 1 - j];
        right[j] = t[k + j] - x;
        for (unsigned i = 0; i < j; i++) {
            double part = b[i] / (right[i + 1] + left[j - i]);
            b[i] = saved + right[i + 1] * part;
            saved = left[j - i] * part;
        }
        b[j] = saved;
    }
}

/* The interval of column's knots that holds x: k with t[k] <= x < t[k + 1], of the base ones. */
static size_t interval(const struct mlp_splines *p, size_t column, double x)
{
    const double *t = p->knot[column];
    size_t last = p->nknots[column] - p->degree - 2, k = p->degree;
    while (k < last && x >= t[k + 1])
        k++;
    return k;
}

/* The bases from k - degree on, beyond the boundary `at` as the lines that touch them there: each
 * with the slope of its derivative, degree * (difference of bases of a degree less over their
 * knots). */
static void touching_lines(const struct mlp_splines *p, size_t column, double at, double x,
                           double *b)
{
    const double *t = p->knot[column];
    size_t k = interval(p, column, at);
    double low[MLP_SPLINE_MAX_DEGREE + 2] = {0};
    bases(t, k, p->degree, at, b);
    if (p->degree == 0)
        return;
    bases(t, k, p->degree - 1, at, low + 1);
    for (unsigned j = 0; j <= p->degree; j++) {
        size_t i = k - p->degree + j;
        double left = low[j], right = j < p->degree ? low[j + 1] : 0, slope = 0;
        if (j > 0)
            slope += p->degree * left / (t[i + p->degree] - t[i]);
        if (j < p->degree)
            slope -= p->degree * right / (t[i + p->degree + 1] - t[i + 1]);
        b[j] += (x - at) * slope;
    }
}

/* x moved by whole periods into [lo, hi). */
static double wrapped(double x, double lo, double hi)
{
    double period = hi - lo, rest = fmod(x - lo, period);
    return lo + (rest < 0 ? rest + period : rest);
}

/* Where a column's base interval ends. scikit-learn raises the degree by which it counts the knots,
 * up to 2, from column to column when straight lines continue a degree below 2. */
static unsigned counted_degree(const struct mlp_splines *p, size_t column)
{
    if (p->beyond != MLP_BEYOND_LINEAR || p->degree > 1)
        return p->degree;
    return column < 2 - p->degree ? p->degree + (unsigned)column : 2;
}

/* Straight lines beyond the end `at`, for the first (or last) bases only. */
static void line_row(const struct mlp_splines *p, size_t column, double at, double x, double *y)
{
    double b[MLP_SPLINE_MAX_DEGREE + 1];
    size_t whole = p->nknots[column] - p->degree - 1, k = interval(p, column, at);
    unsigned degree = counted_degree(p, column), lines = degree <= 1 ? degree + 1 : degree;
    touching_lines(p, column, at, x, b);
    for (unsigned j = 0; j <= p->degree; j++) {
        size_t to = k - p->degree + j;
        if (x < at ? to < lines : to + lines >= whole)
            y[to] = b[j];
    }
}

/* All bases of one column at x into y, which has room for all of them. False where x is beyond
 * what may be. */
static bool spline_row(const struct mlp_splines *p, size_t column, double x, double *y)
{
    const double *t = p->knot[column];
    unsigned degree = counted_degree(p, column);
    size_t whole = p->nknots[column] - p->degree - 1, period = whole;
    double lo = t[degree], hi = t[p->nknots[column] - degree - 1], b[MLP_SPLINE_MAX_DEGREE + 1];
    memset(y, 0, whole * sizeof *y);
    bool outside = x < lo || x > hi;
    if (isnan(x) || (outside && p->beyond == MLP_BEYOND_ERROR))
        return isnan(x) != 0;
    double inside = x < lo ? lo : x > hi ? hi : x;
    if (outside && p->beyond == MLP_BEYOND_LINEAR) {
        line_row(p, column, inside, x, y);
        return true;
    }
    if (p->beyond == MLP_BEYOND_PERIODIC) {
        x = wrapped(x, lo, hi);
        period -= p->degree;
    }
    x = p->beyond == MLP_BEYOND_CONSTANT ? inside : x;
    size_t k = interval(p, column, x);
    bases(t, k, p->degree, x, b);
    for (unsigned j = 0; j <= p->degree; j++)
        y[(k - p->degree + j) % period] += b[j];
    return true;
}

size_t mlp_splines_width(const struct mlp_splines *p, size_t column)
{
    return p->nknots[column] - p->degree - 1 - p->drop_last -
           (p->beyond == MLP_BEYOND_PERIODIC ? p->degree : 0);
}

static enum mlp_code run_splines(const struct mlp_gnode *n, struct mlp_call *c)
{
    const struct mlp_splines *p = n->params;
    for (size_t r = 0; r < c->rows; r++) {
        double *y = c->y + r * c->ldy;
        for (size_t i = 0; i < n->in.n; i++) {
            size_t count = mlp_splines_width(p, i);
            if (!spline_row(p, i, c->x[r * c->ldx + i], c->scratch)) {
                struct mlp_str name = mlp_graph_column_name(c->g, n, i);
                c->row = r;
                return mlp_err_set(c->e, MLP_EINPUT,
                                   "%.*s: a value is beyond the limits of the knots",
                                   MLP_STR_ARG(name));
            }
            memcpy(y, c->scratch, count * sizeof *y);
            y += count;
        }
    }
    return MLP_OK;
}

static size_t splines_scratch(const struct mlp_gnode *n, size_t rows)
{
    const struct mlp_splines *p = n->params;
    size_t most = 0;
    (void)rows;
    for (size_t i = 0; i < n->in.n; i++)
        most = p->nknots[i] > most ? p->nknots[i] : most;
    return most * sizeof(double);
}

const struct mlp_op mlp_op_splines = {"splines", run_splines, splines_scratch};

/* numpy.interp: piecewise linear, clipped; the last of equal points counts. */
static double interpolate(double x, const double *xs, const double *ys, size_t n, bool backward)
{
    /* backward: over -xs and -ys from the end, which settles ties the other way. */
    double sign = backward ? -1 : 1;
    size_t lo = 0, hi = n;
    x *= sign;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (sign * xs[backward ? n - 1 - mid : mid] <= x)
            lo = mid + 1;
        else
            hi = mid;
    }
    if (lo == 0)
        return ys[backward ? n - 1 : 0];
    if (lo == n)
        return ys[backward ? 0 : n - 1];
    size_t a = backward ? n - lo : lo - 1, b = backward ? n - lo - 1 : lo;
    double x0 = sign * xs[a], x1 = sign * xs[b], y0 = sign * ys[a], y1 = sign * ys[b];
    return sign * ((y1 - y0) / (x1 - x0) * (x - x0) + y0);
}

/* The normal quantile, Wichura's algorithm AS 241 (1988): 16 digits. */
const double mlp_normal_quantile_terms[6][8] = {
    {3.3871328727963666080e0, 1.3314166789178437745e+2, 1.9715909503065514427e+3,
     1.3731693765509461125e+4, 4.5921953931549871457e+4, 6.7265770927008700853e+4,
     3.3430575583588128105e+4, 2.5090809287301226727e+3},
    {1, 4.2313330701600911252e+1, 6.8718700749205790830e+2,
     5.3941960214247511077e+3, 2.1213794301586595867e+4, 3.9307895800092710610e+4,
     2.8729085735721942674e+4, 5.2264952788528545610e+3},
    {1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0,
     3.64784832476320460504e0, 1.27045825245236838258e0, 2.41780725177450611770e-1,
     2.27238449892691845833e-2, 7.74545014278341407640e-4},
    {1, 2.05319162663775882187e0, 1.67638483018380384940e0,
     6.89767334985100004550e-1, 1.48103976427480074590e-1, 1.51986665636164571966e-2,
     5.47593808499534494600e-4, 1.05075007164441684324e-9},
    {6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0,
     2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3,
     2.71155556874348757815e-5, 2.01033439929228813265e-7},
    {1, 5.99832206555887937690e-1, 1.36929880922735805310e-1,
     1.48753612908506148525e-2, 7.86869131145613259100e-4, 1.84631831751005468180e-5,
     1.42151175831644588870e-7, 2.04426310338993978564e-15},
};

static double normal_quantile(double p)
{
    const double (*t)[8] = mlp_normal_quantile_terms;
    double q = p - 0.5, r, top = 0, bottom = 0;
    bool middle = fabs(q) <= 0.425;
    r = middle ? 0.180625 - q * q : sqrt(-log(q < 0 ? p : 1 - p));
    bool far = !middle && r > 5;
    const double *num = t[middle ? 0 : far ? 4 : 2], *den = t[middle ? 1 : far ? 5 : 3];
    if (!middle)
        r -= far ? 5 : 1.6;
    for (int i = 7; i >= 0; i--) {
        top = top * r + num[i];
        bottom = bottom * r + den[i];
    }
    return middle ? q * top / bottom : q < 0 ? -top / bottom : top / bottom;
}

/* scipy's ppf at 1e-7 less a rounding, where scikit-learn clips. */
static double normal_value(double p)
{
    double edge = 1e-7 - 0x1p-52;
    double lo = normal_quantile(edge), hi = normal_quantile(1 - edge);
    double v = p <= 0 ? lo : p >= 1 ? hi : normal_quantile(p);
    return v < lo ? lo : v > hi ? hi : v;
}

static double quantile_value(const struct mlp_quantiles *p, const double *q, double x)
{
    if (isnan(x))
        return x;
    double first = q[0], last = q[p->n - 1];
    bool low = p->normal ? x - 1e-7 < first : x == first;
    bool high = p->normal ? x + 1e-7 > last : x == last;
    double y = 0.5 * (interpolate(x, q, p->reference, p->n, false) +
                      interpolate(x, q, p->reference, p->n, true));
    y = low ? 0 : high ? 1 : y;
    return p->normal ? normal_value(y) : y;
}

/* inverse_transform of one column, whose quantiles are q. */
static double quantile_inverse(const struct mlp_quantiles *p, const double *q, double x)
{
    x = p->normal ? 0.5 * erfc(-x * 0.70710678118654752440) : x;
    if (isnan(x))
        return x;
    if (p->normal ? x - 1e-7 < 0 : x == 0)
        return q[0];
    if (p->normal ? x + 1e-7 > 1 : x == 1)
        return q[p->n - 1];
    return interpolate(x, p->reference, q, p->n, false);
}

static enum mlp_code run_quantiles(const struct mlp_gnode *n, struct mlp_call *c)
{
    const struct mlp_quantiles *p = n->params;
    for (size_t r = 0; r < c->rows; r++)
        for (size_t i = 0; i < n->in.n; i++)
            c->y[r * c->ldy + i] =
                p->inverse ? quantile_inverse(p, p->quantile + i * p->n, c->x[r * c->ldx + i])
                           : quantile_value(p, p->quantile + i * p->n, c->x[r * c->ldx + i]);
    return MLP_OK;
}

const struct mlp_op mlp_op_quantiles = {"quantiles", run_quantiles, NULL};

static double power_value(double x, double lambda, bool box_cox)
{
    if (box_cox)
        return lambda == 0 ? log(x) : (pow(x, lambda) - 1) / lambda;
    if (x >= 0)
        return fabs(lambda) < 0x1p-52 ? log1p(x) : (pow(x + 1, lambda) - 1) / lambda;
    return fabs(lambda - 2) > 0x1p-52 ? -(pow(1 - x, 2 - lambda) - 1) / (2 - lambda) : -log1p(-x);
}

static double power_inverse(double x, double lambda, bool box_cox)
{
    if (box_cox)
        return lambda == 0 ? exp(x) : pow(x * lambda + 1, 1 / lambda);
    if (x >= 0)
        return fabs(lambda) < 0x1p-52 ? exp(x) - 1 : pow(x * lambda + 1, 1 / lambda) - 1;
    return fabs(lambda - 2) > 0x1p-52 ? 1 - pow(-(2 - lambda) * x + 1, 1 / (2 - lambda))
                                      : 1 - exp(-x);
}

static enum mlp_code run_power(const struct mlp_gnode *n, struct mlp_call *c)
{
    const struct mlp_power *p = n->params;
    for (size_t r = 0; r < c->rows; r++)
        for (size_t i = 0; i < n->in.n; i++) {
            double x = c->x[r * c->ldx + i];
            c->y[r * c->ldy + i] = isnan(x)     ? x
                                   : p->inverse ? power_inverse(x, p->lambda[i], p->box_cox)
                                                : power_value(x, p->lambda[i], p->box_cox);
        }
    return MLP_OK;
}

const struct mlp_op mlp_op_power = {"power", run_power, NULL};

static double norm_of(const double *x, size_t n, enum mlp_norm norm)
{
    double v = 0;
    for (size_t i = 0; i < n; i++) {
        double a = fabs(x[i]);
        if (norm == MLP_NORM_MAX)
            v = a > v ? a : v;
        else
            v += norm == MLP_NORM_L1 ? a : a * a;
    }
    return norm == MLP_NORM_L2 ? sqrt(v) : v;
}

static enum mlp_code run_normalize(const struct mlp_gnode *n, struct mlp_call *c)
{
    const struct mlp_normalize *p = n->params;
    for (size_t r = 0; r < c->rows; r++) {
        const double *x = c->x + r * c->ldx;
        double norm = norm_of(x, n->in.n, p->norm);
        for (size_t i = 0; i < n->in.n; i++)
            c->y[r * c->ldy + i] = norm == 0 ? x[i] : x[i] / norm;
    }
    return MLP_OK;
}

const struct mlp_op mlp_op_normalize = {"normalizer", run_normalize, NULL};

/* --- imputing from neighbours --- */

struct donor {
    double distance, value;
};

/* sklearn.metrics.pairwise.nan_euclidean_distances; NaN when nothing compares. */
static double nan_distance(const double *a, const double *b, size_t n)
{
    double sum = 0;
    size_t both = 0;
    for (size_t i = 0; i < n; i++)
        if (!isnan(a[i]) && !isnan(b[i])) {
            sum += (a[i] - b[i]) * (a[i] - b[i]);
            both++;
        }
    return both ? sqrt(sum * (double)n / (double)both) : NAN;
}

/* Of the donors of column i the k nearest; those that do not compare come last. */
static size_t find_donors(const struct mlp_knn_impute *p, const double *distance, size_t column,
                          size_t width, struct donor *d)
{
    size_t have = 0;
    for (size_t r = 0; r < p->n; r++) {
        double value = p->row[r * width + column];
        double far = isnan(distance[r]) ? INFINITY : distance[r];
        if (isnan(value) || (have == p->k && !(far < d[have - 1].distance)))
            continue;
        size_t at = have < p->k ? have++ : have - 1;
        for (; at > 0 && d[at - 1].distance > far; at--)
            d[at] = d[at - 1];
        d[at] = (struct donor){far, value};
    }
    return have;
}

static double donated(const struct mlp_knn_impute *p, const struct donor *d, size_t n,
                      double otherwise)
{
    double sum = 0, weights = 0;
    if (n == 0 || isinf(d[0].distance))
        return otherwise;
    for (size_t i = 0; i < n; i++) {
        double w = 1;
        if (p->by_distance)
            w = d[0].distance == 0 ? d[i].distance == 0 : 1 / d[i].distance;
        sum += w * d[i].value;
        weights += w;
    }
    return sum / weights;
}

static enum mlp_code run_knn_impute(const struct mlp_gnode *n, struct mlp_call *c)
{
    const struct mlp_knn_impute *p = n->params;
    size_t m = n->in.n;
    double *distance = c->scratch, *x = distance + p->n;
    struct donor *d = (struct donor *)(void *)(x + m + (p->n + m) % 2);
    for (size_t r = 0; r < c->rows; r++) {
        bool any = false;
        for (size_t i = 0; i < m; i++) {
            double v = c->x[r * c->ldx + i];
            x[i] = v == p->missing ? NAN : v;
            any |= isnan(x[i]);
        }
        for (size_t k = 0; any && k < p->n; k++)
            distance[k] = nan_distance(x, p->row + k * m, m);
        for (size_t j = 0; j < n->out_width; j++) {
            uint32_t i = p->keep[j];
            c->y[r * c->ldy + j] =
                isnan(x[i]) ? donated(p, d, find_donors(p, distance, i, m, d), p->mean[i]) : x[i];
        }
    }
    return MLP_OK;
}

static size_t knn_impute_scratch(const struct mlp_gnode *n, size_t rows)
{
    const struct mlp_knn_impute *p = n->params;
    (void)rows;
    return (p->n + n->in.n + 2) * sizeof(double) + (p->k + 1) * sizeof(struct donor);
}

const struct mlp_op mlp_op_knn_impute = {"imputer from neighbours", run_knn_impute,
                                         knn_impute_scratch};
