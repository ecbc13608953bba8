/* tests.h: two-sample tests, distances and the special functions below them. Formulae agree with
 * SciPy where it has the same test; each function names its source. */
#ifndef MLP_STAT_TESTS_H
#define MLP_STAT_TESTS_H

#include "base/err.h"
#include <stdbool.h>
#include <stddef.h>

/* Regularised incomplete gamma Q(a, x) and beta I_x(a, b); normal CDF and its inverse. */
double mlp_gamma_q(double a, double x);
double mlp_beta_inc(double a, double b, double x);
double mlp_normal_cdf(double z);
double mlp_normal_quantile(double p);
/* P(X >= x) for chi-square with df degrees, and the x that has it; two-sided p of Student's t. */
double mlp_chi2_sf(double x, double df);
double mlp_chi2_isf(double p, double df);
double mlp_t_two_sided(double t, double df);

/* Two-sided p-value of the two-sample Kolmogorov-Smirnov statistic d, as SciPy's `auto`: exact
 * while both sizes are at most 10,000 (Hodges 1957, counting lattice paths), else the one-sample
 * law at the rounded size n*m/(n+m). Sizes are counts. NaN without memory. */
double mlp_ks_p(double d, double n, double m);

/* P(D >= d) for the one-sample statistic of n values: exact where that is cheap, Pelz and Good's
 * expansion (1976) elsewhere, choosing as Simard and L'Ecuyer (2011) do. */
double mlp_kolmogorov_sf(double n, double d);

/* KS statistic of two sorted samples; and of two histograms over the same edges. */
double mlp_ks_sorted(const double *a, size_t n, const double *b, size_t m);
double mlp_ks_counts(const uint64_t *a, const uint64_t *b, size_t bins);

/* First Wasserstein distance of two sorted samples; and the same with every value beyond lo or hi
 * moved to it, so that no outlier decides. */
double mlp_wasserstein_sorted(const double *a, size_t n, const double *b, size_t m);
struct mlp_range {
    double lo, hi;
};
double mlp_wasserstein_within(const double *a, size_t n, const double *b, size_t m,
                              struct mlp_range range);

/* Pearson chi-square of a 2 x k table, cells pooled until each expectation is >= 5 (rare ones
 * together); p in *p, degrees in *df, Cramer's V in *v. k after pooling of 1 gives p = 1. All are
 * NaN when a side is empty, and without memory. */
double mlp_chi2_2xk(const uint64_t *a, const uint64_t *b, size_t k, double *p, double *df,
                    double *v);

/* The pooling itself: writes the cells that stay to pa and pb, which have room for k (and may be a
 * and b), the pooled one last; returns how many. Cells without any count are dropped. */
size_t mlp_pool_2xk(const uint64_t *a, const uint64_t *b, size_t k, uint64_t *pa, uint64_t *pb);

/* Distances between two count vectors (normalised inside): PSI with empty shares as 1e-4,
 * Jensen-Shannon distance (natural log, square root), Hellinger, L-infinity, total variation. */
double mlp_psi(const uint64_t *a, const uint64_t *b, size_t k);
double mlp_js(const uint64_t *a, const uint64_t *b, size_t k);
double mlp_hellinger(const uint64_t *a, const uint64_t *b, size_t k);
double mlp_linf(const uint64_t *a, const uint64_t *b, size_t k);
double mlp_tvd(const uint64_t *a, const uint64_t *b, size_t k);

/* Two proportions, two-sided: pooled z test. */
double mlp_two_proportions_p(uint64_t x1, uint64_t n1, uint64_t x2, uint64_t n2);

/* In-place adjusted p-values: Holm (1979), Benjamini-Hochberg (1995). NaN stays NaN and does not
 * count. False without memory: p is then as it was. */
bool mlp_adjust_holm(double *p, size_t n);
bool mlp_adjust_bh(double *p, size_t n);

/* Sorts doubles ascending, -0 before 0, NaN last. */
void mlp_sort_f64(double *v, size_t n);

#endif
