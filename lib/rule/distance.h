/* distance.h: how far the values of a column in two tables are apart, as TensorFlow Data Validation
 * measures it, so that its thresholds keep their meaning.
 *
 * Texts: the infinity norm is the largest difference of a value's shares; the normalized absolute
 * difference the largest difference of its counts, as a share of all values of both; the divergence
 * that of Jensen and Shannon (Lin 1991) to base 2. Columns of numbers have the divergence alone, of
 * two histograms with ten bins each: made of 1,000 quantiles, of equal width, or of equal counts
 * when the rule says so; both are cut at the edges of either, bins that are one point (and those at
 * infinity) stand for themselves. Values that are not whole are rounded to 32 bits first, as that
 * program does when it reads CSV. */
#ifndef MLP_RULE_DISTANCE_H
#define MLP_RULE_DISTANCE_H

#include "rule/internal.h"

/* What is known of a column in one table. Values beyond sums.most are a fair sample. */
struct mlp_distance_state {
    bool started;
    enum mlp_kind kind;
    struct mlp_map counts;        /* of texts; of rules on columns of type any or string */
    struct mlp_column_sums sums;  /* finite numbers; of rules on columns of numbers */
    uint64_t low, high, nan;      /* values that are -inf, inf, nan */
};
void mlp_distance_state_fini(struct mlp_distance_state *s);

/* Adds the column's values in a batch. texts: they are counted one by one, MLP_EINPUT when they
 * take more than 256 MB; else only numbers are kept. */
enum mlp_code mlp_distance_add(struct mlp_distance_state *s, bool texts,
                               const struct mlp_column_view *v, struct mlp_err *e);

/* Of a and b; NaN when there is none: no values, or texts against numbers. *most is the text that
 * differs most, for the two that have one: borrowed from the states. MLP_EIO without memory. */
enum mlp_code mlp_distance_value(const struct mlp_rule *rule, struct mlp_distance_state *a,
                                 struct mlp_distance_state *b, double *value,
                                 struct mlp_str *most, struct mlp_err *e);

/* distance_bins.c: a histogram. Bins in order, points and infinite ones among them. */
#define MLP_DISTANCE_BINS 16
struct mlp_bin {
    double lo, hi, n;
};
struct mlp_bins {
    struct mlp_bin bin[MLP_DISTANCE_BINS];
    size_t n;
    double nan;
};
/* A value and how often it comes. */
struct mlp_weighed {
    double value, n;
};
/* Of values in ascending order, without NaN, infinities among them. */
void mlp_bins_make(struct mlp_bins *b, const struct mlp_weighed *x, size_t n, bool quantiles);
/* Jensen and Shannon's divergence of two histograms; NaN when one is empty. */
double mlp_bins_divergence(const struct mlp_bins *a, const struct mlp_bins *b);

#endif
