/* paired.h: tests of two models on the same rows, and of a group of rows against the rest. */
#ifndef MLP_STAT_PAIRED_H
#define MLP_STAT_PAIRED_H

#include <stdbool.h>
#include <stddef.h>

/* statistic is the test's own; p is two-sided unless the function says otherwise. */
struct mlp_test {
    double statistic, p;
};

/* McNemar's exact test (1947) of n rows: y, and two predictions of it. only_a and only_b count the
 * rows that one of them alone has right; the statistic is the smaller count, as statsmodels' is. No
 * such row gives p 1. */
struct mlp_test mlp_mcnemar(const double *y, const double *a, const double *b, size_t n,
                            size_t *only_a, size_t *only_b);

/* Student's paired t of n differences d; NaN below two. All differences equal: p 0, or 1 for 0. */
struct mlp_test mlp_paired_t(const double *d, size_t n);

/* Wilcoxon's signed ranks (1945) of n differences; zeros are left out, ties get mean ranks. The
 * statistic is the smaller sum. As SciPy's `auto`: exact up to 50 differences without ties or
 * zeros, and up to 13 with them, else by the normal law with its correction for ties. NaN without
 * memory, or when every difference is 0 and there are over 13. */
struct mlp_test mlp_wilcoxon(const double *d, size_t n);

/* Whether a group has more hits than chance gives it: of `total` rows `hits` are, and `group` rows
 * have `inside` of them. One-sided p of Fisher's exact test (the hypergeometric tail). */
double mlp_fisher_more(size_t total, size_t hits, size_t group, size_t inside);

/* Whether values of a group are greater (Mann and Whitney 1947), one-sided, by the normal law:
 * rank_sum is the sum of the group's mean ranks, ties the sum of t^3 - t over tied values. */
double mlp_rank_sum_more(size_t total, size_t group, double rank_sum, double ties);

/* Mean ranks, from 1, of n values in out[n]; *ties as above. False without memory. */
bool mlp_mean_ranks(const double *v, size_t n, double *out, double *ties);

/* Interval of the q-quantile from order statistics, free of any law: v[n] is sorted, level as 0.95.
 * NaN at an end that n values cannot bound. */
void mlp_quantile_interval(const double *v, size_t n, double q, double level, double *lo,
                           double *hi);

#endif
