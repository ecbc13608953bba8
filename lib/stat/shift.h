/* shift.h: how much one column moved between two profiles, and whether that can be chance.
 *
 * Every comparison gives a p-value and an effect, because either alone misleads: with many rows
 * everything is significant, with few rows noise looks large. Both sizes enter both. */
#ifndef MLP_STAT_SHIFT_H
#define MLP_STAT_SHIFT_H

#include "stat/profile.h"

enum mlp_shift_test { MLP_SHIFT_NONE, MLP_SHIFT_KS, MLP_SHIFT_CHI2, MLP_SHIFT_SHARE };

/* What was found. Numbers that do not apply are NaN.
 * effect: of numbers, the Wasserstein distance over the reference's standard deviation (over
 * IQR / 1.349 when the tails are heavy), values more than ten of these beyond the middle 99.2 %
 * moved in, so that no single outlier decides; where the reference does not spread at all, the KS
 * distance. Of categories, the Jensen-Shannon distance (natural log) after rare ones are pooled. Of
 * shares, |2 asin sqrt p - 2 asin sqrt q| (Cohen's h). */
struct mlp_shift {
    enum mlp_shift_test test;
    const char *effect_name;     /* "wasserstein/sd", "js", "h" */
    double n, m;                 /* values on each side */
    double statistic, df, p, effect;
    double ks, wasserstein, psi, js, v; /* wasserstein: in the column's units, as above */
    double linf;                 /* greatest difference of the shares of a text or bin */
};

/* Compares the values of a column: Kolmogorov-Smirnov on numbers (from `sorted` on both sides, else
 * on the bins, which can only make p larger), Pearson on numbers with at most two distinct values
 * and on texts. Columns that are not exact are compared on the sampled values that both sides
 * counted, and the rest. test is NONE when a side has no values or the types differ. */
enum mlp_code mlp_shift_column(const struct mlp_pcolumn *ref, const struct mlp_pcolumn *cur,
                               struct mlp_shift *s, struct mlp_err *e);

/* Compares x of n with y of m: pooled two-proportion z test. */
void mlp_shift_share(uint64_t x, uint64_t n, uint64_t y, uint64_t m, struct mlp_shift *s);

/* Texts of cur that ref has never seen, against as many as chance brings: the share that occurs
 * once in ref (Good 1953). p is one-sided. *unseen is their number of rows, estimated when cur is
 * not exact. NONE unless ref is exact and both have texts. */
enum mlp_code mlp_shift_unseen(const struct mlp_pcolumn *ref, const struct mlp_pcolumn *cur,
                               uint64_t *unseen, struct mlp_shift *s, struct mlp_err *e);

/* The smallest effect (in the shift's own units; of numbers, of a pure move of a normal column)
 * that would be significant at alpha four times out of five at these sizes. */
double mlp_shift_visible(const struct mlp_shift *s, double alpha);

/* Values with a count: finite numbers, or texts. */
uint64_t mlp_pcolumn_values(const struct mlp_pcolumn *c);

#endif
