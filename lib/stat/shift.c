#include "stat/shift.h"

#include "base/map.h"
#include "stat/sketch.h"
#include "stat/tests.h"

#include <math.h>
#include <stdlib.h>

#define FAR 10.0           /* standard deviations beyond which a value counts as no further */
#define HEAVY 1.5          /* sd over IQR / 1.349 from which tails are heavy */
#define IQR_OF_NORMAL 1.3489795003921634
#define GROUPS 10

uint64_t mlp_pcolumn_values(const struct mlp_pcolumn *c)
{
    uint64_t gone = c->missing + c->bad + c->infinite;
    return c->rows > gone ? c->rows - gone : 0;
}

static void clear(struct mlp_shift *s)
{
    *s = (struct mlp_shift){.p = NAN, .effect = NAN, .statistic = NAN, .df = NAN, .ks = NAN,
                            .wasserstein = NAN, .psi = NAN, .js = NAN, .v = NAN,
                            .linf = NAN};
}

/* --- numbers -------------------------------------------------------------------------------- */

static uint64_t binned(const struct mlp_pcolumn *c)
{
    uint64_t n = 0;
    for (size_t i = 0; c->nedges && i <= c->nedges; i++)
        n += c->counts[i];
    return n;
}

/* The upper edge of the bin that holds the reference's quantile q. */
static double quantile(const struct mlp_pcolumn *c, double n, double q)
{
    double before = 0;
    for (size_t i = 0; i < c->nedges; i++) {
        before += (double)c->counts[i];
        if (before >= q * n)
            return c->edges[i];
    }
    return c->edges[c->nedges - 1];
}

static double within(double x, struct mlp_range r)
{
    return x < r.lo ? r.lo : x > r.hi ? r.hi : x;
}

/* Standard deviation of the bins' means, the outermost moved in to [lo, hi]. */
static double inner_sd(const struct mlp_pcolumn *c, double n, struct mlp_range r)
{
    double sum = 0, squares = 0;
    for (size_t i = 0; i <= c->nedges; i++) {
        if (!c->counts[i])
            continue;
        double k = (double)c->counts[i], x = c->bin_sums[i] / k;
        x = within(x, r) - r.lo;
        sum += k * x;
        squares += k * x * x;
    }
    double variance = squares / n - (sum / n) * (sum / n);
    return variance > 0 ? sqrt(variance) : 0;
}

/* How wide the reference is, without being ruled by its tails. 0: it does not spread. */
static double spread(const struct mlp_pcolumn *ref, double n)
{
    double iqr = (quantile(ref, n, 0.75) - quantile(ref, n, 0.25)) / IQR_OF_NORMAL;
    if (!(iqr > 0)) {
        struct mlp_range middle = {quantile(ref, n, 1 / 256.0), quantile(ref, n, 255 / 256.0)};
        return inner_sd(ref, n, middle);
    }
    return isfinite(ref->stdev) && ref->stdev <= HEAVY * iqr ? ref->stdev : iqr;
}

/* The area between the two distribution functions within r. In one bin the integral of their
 * difference follows from counts and means exactly, and is the area unless they cross there; in
 * the bins that r cuts, the values of each side count as lying at their mean. */
static double binned_wasserstein(const struct mlp_pcolumn *a, const struct mlp_pcolumn *b,
                                 double n, double m, struct mlp_range r)
{
    double area = 0, f = 0, g = 0;
    for (size_t i = 0; i <= a->nedges; i++) {
        double lo = within(i ? a->edges[i - 1] : r.lo, r);
        double hi = within(i < a->nedges ? a->edges[i] : r.hi, r);
        double x = (double)a->counts[i], y = (double)b->counts[i];
        /* The integral of F over (lo, hi] is f (hi - lo) + df (hi - mean). */
        double here = (f - g) * (hi - lo);
        if (a->counts[i])
            here += x / n * (hi - within(a->bin_sums[i] / x, (struct mlp_range){lo, hi}));
        if (b->counts[i])
            here -= y / m * (hi - within(b->bin_sums[i] / y, (struct mlp_range){lo, hi}));
        area += fabs(here);
        f += x / n;
        g += y / m;
    }
    return area;
}

/* Neighbouring bins joined to about ten groups of equal share of the reference. */
static size_t grouped(const struct mlp_pcolumn *a, const struct mlp_pcolumn *b, double n,
                      uint64_t x[GROUPS + 1], uint64_t y[GROUPS + 1])
{
    size_t k = 0;
    double before = 0;
    x[0] = y[0] = 0;
    for (size_t i = 0; i <= a->nedges; i++) {
        x[k] += a->counts[i];
        y[k] += b->counts[i];
        before += (double)a->counts[i];
        if (x[k] && before >= n * (double)(k + 1) / GROUPS && k < GROUPS - 1) {
            k++;
            x[k] = y[k] = 0;
        }
    }
    return k + (x[k] + y[k] > 0);
}

static void shift_effect(const struct mlp_pcolumn *ref, const struct mlp_pcolumn *cur,
                         struct mlp_shift *s)
{
    double scale = spread(ref, s->n);
    struct mlp_range r = {quantile(ref, s->n, 1 / 256.0) - FAR * scale,
                          quantile(ref, s->n, 255 / 256.0) + FAR * scale};
    if (ref->sorted && cur->sorted)
        s->wasserstein = mlp_wasserstein_within(ref->sorted, ref->nsorted, cur->sorted,
                                                cur->nsorted, r);
    else
        s->wasserstein = binned_wasserstein(ref, cur, s->n, s->m, r);
    s->effect = scale > 0 ? s->wasserstein / scale : s->ks;
    s->effect_name = scale > 0 ? "wasserstein/sd" : "ks";
}

static void shift_numbers(const struct mlp_pcolumn *ref, const struct mlp_pcolumn *cur,
                          struct mlp_shift *s)
{
    uint64_t x[GROUPS + 1], y[GROUPS + 1];
    size_t bins = ref->nedges + 1;
    bool rows = ref->sorted && cur->sorted;
    s->n = (double)(rows ? ref->nsorted : binned(ref));
    s->m = (double)(rows ? cur->nsorted : binned(cur));
    if (!(s->n > 0) || !(s->m > 0))
        return;
    s->ks = rows ? mlp_ks_sorted(ref->sorted, ref->nsorted, cur->sorted, cur->nsorted)
                 : mlp_ks_counts(ref->counts, cur->counts, bins);
    if (ref->nedges <= 2) {
        s->test = MLP_SHIFT_CHI2;
        s->statistic = mlp_chi2_2xk(ref->counts, cur->counts, bins, &s->p, &s->df, &s->v);
    } else {
        s->test = MLP_SHIFT_KS;
        s->statistic = s->ks;
        s->p = mlp_ks_p(s->ks, s->n, s->m);
    }
    size_t k = grouped(ref, cur, s->n, x, y);
    s->psi = mlp_psi(x, y, k);
    s->js = mlp_js(x, y, k);
    s->linf = mlp_linf(ref->counts, cur->counts, ref->nedges + 1);
    shift_effect(ref, cur, s);
}

/* --- texts ---------------------------------------------------------------------------------- */

/* Counts of the same texts on both sides; the last cell is everything else. */
struct cells {
    uint64_t *x, *y;
    size_t n;
};

/* Hashes up to which a column has counted every value. */
static uint64_t counted_below(const struct mlp_pcolumn *c)
{
    uint64_t most = 0;
    if (c->distinct_exact)
        return UINT64_MAX;
    for (size_t i = 0; i < c->nvalues; i++)
        most = c->values[i].hash > most ? c->values[i].hash : most;
    return most;
}

static bool put_side(struct mlp_map *at, const struct mlp_pcolumn *c, uint64_t below,
                     uint64_t *counts, uint64_t *rest)
{
    *rest = mlp_pcolumn_values(c);
    for (size_t i = 0; i < c->nvalues; i++) {
        const struct mlp_pvalue *v = &c->values[i];
        bool fresh;
        if (v->hash > below)
            continue;
        uint64_t *slot = mlp_map_put(at, (struct mlp_str){(const char *)&v->hash, 8}, &fresh);
        if (!slot)
            return false;
        if (fresh)
            *slot = at->n - 1;
        counts[*slot] += v->count;
        *rest -= v->count < *rest ? v->count : *rest;
    }
    return true;
}

/* cells.x is the caller's to free (y is in it). */
static enum mlp_code common_cells(const struct mlp_pcolumn *a, const struct mlp_pcolumn *b,
                                  struct cells *c, struct mlp_err *e)
{
    struct mlp_map at;
    uint64_t u = counted_below(a), v = counted_below(b), below = u < v ? u : v, rest[2];
    size_t most = a->nvalues + b->nvalues + 1;
    c->x = calloc(2 * most, sizeof *c->x);
    if (!c->x)
        return mlp_err_nomem(e);
    c->y = c->x + most;
    mlp_map_init(&at, 1, (size_t)1 << 24);
    bool ok = put_side(&at, a, below, c->x, &rest[0]) && put_side(&at, b, below, c->y, &rest[1]);
    c->n = at.n;
    c->x[c->n] = rest[0];
    c->y[c->n++] = rest[1];
    mlp_map_fini(&at);
    if (ok)
        return MLP_OK;
    free(c->x);
    return mlp_err_nomem(e);
}

static enum mlp_code shift_texts(const struct mlp_pcolumn *ref, const struct mlp_pcolumn *cur,
                                 struct mlp_shift *s, struct mlp_err *e)
{
    struct cells c = {NULL, NULL, 0};
    s->n = (double)mlp_pcolumn_values(ref);
    s->m = (double)mlp_pcolumn_values(cur);
    if (!(s->n > 0) || !(s->m > 0))
        return MLP_OK;
    enum mlp_code code = common_cells(ref, cur, &c, e);
    if (code != MLP_OK)
        return code;
    s->test = MLP_SHIFT_CHI2;
    s->effect_name = "js";
    s->statistic = mlp_chi2_2xk(c.x, c.y, c.n, &s->p, &s->df, &s->v);
    s->linf = mlp_linf(c.x, c.y, c.n);
    c.n = mlp_pool_2xk(c.x, c.y, c.n, c.x, c.y);
    s->js = s->effect = mlp_js(c.x, c.y, c.n);
    s->psi = mlp_psi(c.x, c.y, c.n);
    free(c.x);
    return isnan(s->p) ? mlp_err_nomem(e) : MLP_OK;
}

enum mlp_code mlp_shift_column(const struct mlp_pcolumn *ref, const struct mlp_pcolumn *cur,
                               struct mlp_shift *s, struct mlp_err *e)
{
    clear(s);
    if (ref->type != cur->type || ref->nedges != cur->nedges)
        return MLP_OK;
    if (ref->type == MLP_P_TEXT)
        return shift_texts(ref, cur, s, e);
    if (ref->nedges)
        shift_numbers(ref, cur, s);
    return s->test != MLP_SHIFT_NONE && isnan(s->p) ? mlp_err_nomem(e) : MLP_OK;
}

/* --- shares --------------------------------------------------------------------------------- */

void mlp_shift_share(uint64_t x, uint64_t n, uint64_t y, uint64_t m, struct mlp_shift *s)
{
    clear(s);
    s->n = (double)n;
    s->m = (double)m;
    if (n == 0 || m == 0)
        return;
    double p = fmin(1, (double)x / s->n), q = fmin(1, (double)y / s->m);
    s->test = MLP_SHIFT_SHARE;
    s->effect_name = "h";
    s->statistic = q - p;
    s->p = mlp_two_proportions_p(x, n, y, m);
    s->effect = fabs(2 * asin(sqrt(p)) - 2 * asin(sqrt(q)));
}

static bool has_hash(const struct mlp_map *seen, uint64_t hash)
{
    return mlp_map_get(seen, (struct mlp_str){(const char *)&hash, 8}) != NULL;
}

/* Rows of cur whose text is not among those seen. */
static uint64_t count_unseen(const struct mlp_map *seen, const struct mlp_pcolumn *cur)
{
    uint64_t rows = 0, all = mlp_pcolumn_values(cur);
    for (size_t i = 0; i < cur->nvalues; i++)
        rows += has_hash(seen, cur->values[i].hash) ? 0 : cur->values[i].count;
    if (cur->distinct_exact)
        return rows;
    double part = ((double)counted_below(cur) + 1) * 0x1p-64;
    double estimate = nearbyint((double)rows / part);
    return estimate < (double)all ? (uint64_t)estimate : all;
}

enum mlp_code mlp_shift_unseen(const struct mlp_pcolumn *ref, const struct mlp_pcolumn *cur,
                               uint64_t *unseen, struct mlp_shift *s, struct mlp_err *e)
{
    uint64_t n = mlp_pcolumn_values(ref), m = mlp_pcolumn_values(cur), once = 0;
    struct mlp_map seen;
    clear(s);
    *unseen = 0;
    if (ref->type != MLP_P_TEXT || cur->type != MLP_P_TEXT || !ref->distinct_exact || !n || !m)
        return MLP_OK;
    mlp_map_init(&seen, 1, (size_t)1 << 24);
    bool ok = true;
    for (size_t i = 0; i < ref->nvalues && ok; i++) {
        struct mlp_str key = {(const char *)&ref->values[i].hash, 8};
        ok = mlp_map_put(&seen, key, NULL) != NULL;
        once += ref->values[i].count == 1;
    }
    *unseen = ok ? count_unseen(&seen, cur) : 0;
    mlp_map_fini(&seen);
    if (!ok)
        return mlp_err_nomem(e);
    mlp_shift_share(once, n, *unseen, m, s);
    s->p = s->statistic > 0 ? s->p / 2 : 1;
    s->effect = s->statistic > 0 ? s->effect : 0;
    return MLP_OK;
}

/* --- what could have been seen -------------------------------------------------------------- */

/* Noncentrality at which chi-square with df degrees exceeds its critical value four times out of
 * five, its law taken as normal (Patnaik's two moments). */
static double noncentrality(double alpha, double df)
{
    const double eighty = 0.8416212335729143;
    double critical = mlp_chi2_isf(alpha, df), lambda = critical;
    for (int i = 0; i < 50; i++) {
        double next = critical - df + eighty * sqrt(2 * (df + 2 * lambda));
        lambda = next > 0 ? next : 0;
    }
    return lambda;
}

/* For KS: a shift whose true distance equals the critical one is seen with power .8, because the
 * greatest difference over all places exceeds the true one by chance. */
static double visible_ks(double size, double alpha)
{
    double d = sqrt(log(2 / alpha) / (2 * size));
    return d < 1 ? 2 * mlp_normal_quantile((1 + d) / 2) : INFINITY;
}

double mlp_shift_visible(const struct mlp_shift *s, double alpha)
{
    double size = s->n * s->m / (s->n + s->m);
    if (s->test == MLP_SHIFT_NONE || !(size > 0))
        return NAN;
    if (s->test == MLP_SHIFT_KS)
        return visible_ks(size, alpha);
    double lambda = noncentrality(alpha, s->df >= 1 ? s->df : 1);
    bool js = s->effect_name && strcmp(s->effect_name, "js") == 0;
    return sqrt(lambda / size / (js ? 8 : 1));
}
