/* spread_law.c: distances of a column from what was expected of it. */
#include "rule/spread.h"

#include "stat/tests.h"

#include <math.h>
#include <stdlib.h>

/* Shares that were observed and expected, cell by cell. */
struct shares {
    double *observed, *expected;
    size_t n;
};

/* Both sides sum to one, as scipy.stats.entropy makes them. */
static double divergence(const struct shares *s)
{
    double p = 0, q = 0, kl = 0;
    for (size_t i = 0; i < s->n; i++) {
        p += s->observed[i];
        q += s->expected[i];
    }
    for (size_t i = 0; i < s->n; i++) {
        double a = s->observed[i] / p, b = s->expected[i] / q;
        if (a > 0)
            kl += b > 0 ? a * log(a / b) : INFINITY;
    }
    return p > 0 && q > 0 ? kl : NAN;
}

static enum mlp_code make(struct shares *s, size_t most, struct mlp_err *e)
{
    s->n = 0;
    s->observed = calloc(most + 1, sizeof(double));
    s->expected = calloc(most + 1, sizeof(double));
    return s->observed && s->expected ? MLP_OK : mlp_err_nomem(e);
}

static void add(struct shares *s, double observed, double expected)
{
    s->observed[s->n] = observed;
    s->expected[s->n++] = expected;
}

static size_t count_strangers(const struct mlp_spread *x, const struct mlp_spread_state *s)
{
    size_t n = 0;
    for (size_t i = 0; i < s->counts.n; i++)
        n += !mlp_map_get(&x->set, s->counts.entries[i].key);
    return n;
}

/* Values that nobody expected share what is held out for them, and the others make room. */
static void fill_values(const struct mlp_spread *x, const struct mlp_spread_state *s,
                        struct shares *out)
{
    size_t strangers = count_strangers(x, s);
    double scale = strangers ? 1 - x->tail_holdout : 1, n = (double)s->n;
    for (size_t i = 0; i < x->set.n; i++) {
        const uint64_t *count = mlp_map_get(&s->counts, x->set.entries[i].key);
        add(out, count ? (double)*count / n : 0, x->weights[i] * scale);
    }
    for (size_t i = 0; i < s->counts.n; i++)
        if (!mlp_map_get(&x->set, s->counts.entries[i].key))
            add(out, (double)s->counts.entries[i].value / n, x->tail_holdout / (double)strangers);
}

/* An end at infinity is a tail itself; at a finite end the held out share stands beyond it. */
static void fill_bins(const struct mlp_spread *x, const struct mlp_spread_state *s,
                      struct shares *out)
{
    size_t empty = 0;
    double n = (double)s->n, keep = 1 - x->tail_holdout - x->internal_holdout;
    bool low = isinf(x->edges[0]) == 0, high = isinf(x->edges[x->nweights]) == 0;
    double tail = low && high ? x->tail_holdout / 2 : x->tail_holdout;
    for (size_t i = 0; i < x->nweights; i++)
        empty += x->weights[i] * keep == 0;
    if (low)
        add(out, (double)s->bins[0] / n, x->has_tails ? x->tails[0] : tail);
    for (size_t i = 0; i < x->nweights; i++) {
        double w = x->weights[i] * keep;
        if (w == 0 && x->internal_holdout > 0)
            w = x->internal_holdout / (double)empty;
        add(out, (double)s->bins[i + 1] / n, w);
    }
    if (high)
        add(out, (double)s->bins[x->nweights + 1] / n, x->has_tails ? x->tails[1] : tail);
}

enum mlp_code mlp_spread_kl(const struct mlp_spread *x, const struct mlp_spread_state *s,
                            double *kl, struct mlp_err *e)
{
    struct shares shares;
    enum mlp_code code = make(&shares, x->nweights + s->counts.n + 2, e);
    *kl = NAN;
    if (code == MLP_OK && s->n && (!x->edges || s->bins)) {
        if (x->edges)
            fill_bins(x, s, &shares);
        else
            fill_values(x, s, &shares);
        *kl = divergence(&shares);
    }
    free(shares.observed);
    free(shares.expected);
    return code;
}

double mlp_spread_chi_square(const struct mlp_spread *x, const struct mlp_spread_state *s)
{
    struct shares shares;
    double sum = 0, n = (double)s->n;
    if (s->n == 0 || make(&shares, x->nweights + s->counts.n, NULL) != MLP_OK)
        return NAN;
    fill_values(x, s, &shares);
    for (size_t i = 0; i < shares.n; i++) {
        double d = shares.observed[i] - shares.expected[i];
        if (d != 0)
            sum += n * d * d / shares.expected[i];
    }
    double df = (double)shares.n - 1;
    free(shares.observed);
    free(shares.expected);
    return df < 1 ? 1 : isinf(sum) ? 0 : mlp_chi2_sf(sum, df);
}

/* ---- laws, with the parameters of scipy.stats */

static double cdf(const struct mlp_spread *x, double v)
{
    const double *p = x->params;
    switch (x->law) {
    case MLP_LAW_NORM: return mlp_normal_cdf((v - p[0]) / p[1]);
    case MLP_LAW_UNIFORM: v = (v - p[0]) / p[1]; return v < 0 ? 0 : v > 1 ? 1 : v;
    case MLP_LAW_EXPON: v = (v - p[0]) / p[1]; return v < 0 ? 0 : -expm1(-v);
    case MLP_LAW_GAMMA: v = (v - p[1]) / p[2]; return v <= 0 ? 0 : 1 - mlp_gamma_q(p[0], v);
    case MLP_LAW_CHI2: v = (v - p[1]) / p[2]; return v <= 0 ? 0 : 1 - mlp_chi2_sf(v, p[0]);
    case MLP_LAW_BETA:
        v = (v - p[2]) / p[3];
        return v <= 0 ? 0 : v >= 1 ? 1 : mlp_beta_inc(p[0], p[1], v);
    }
    return NAN;
}

double mlp_spread_ks(const struct mlp_spread *x, struct mlp_spread_state *s)
{
    double d = 0, n = (double)s->sums.nvalues;
    if (s->sums.nvalues == 0)
        return NAN;
    mlp_sort_f64(s->sums.values, s->sums.nvalues);
    s->sums.sorted = true;
    for (size_t i = 0; i < s->sums.nvalues; i++) {
        double f = cdf(x, s->sums.values[i]);
        d = fmax(d, fmax((double)(i + 1) / n - f, f - (double)i / n));
    }
    return mlp_kolmogorov_sf(n, d);
}
