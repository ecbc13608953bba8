/* groups.h: how rows fall into groups, what differs between them, and which of them fare worst. */
#ifndef MLP_STAT_GROUPS_H
#define MLP_STAT_GROUPS_H

#include "stat/metrics.h"

/* Fairness of a binary task, between the groups of more->group: metrics like any other, so that a
 * bootstrap and a champion come with them. Groups without the rows that a rate is of do not count;
 * NaN with fewer than two. Differences are greatest less least, ratios least by greatest, as
 * fairlearn's; score_gap is between groups' mean of score less rate of positives. */
double mlp_demographic_parity_difference(const struct mlp_binary *b);
double mlp_demographic_parity_ratio(const struct mlp_binary *b);
double mlp_equalized_odds_difference(const struct mlp_binary *b);
double mlp_equalized_odds_ratio(const struct mlp_binary *b);
double mlp_equal_opportunity_difference(const struct mlp_binary *b);
double mlp_calibration_difference(const struct mlp_binary *b);
/* All of them, ending with a NULL name. */
const struct mlp_metric *mlp_fairness_table(void);

/* One way to sort rows: code[row] below n, or UINT32_MAX for none. All is borrowed. */
struct mlp_grouping {
    const uint32_t *code;
    size_t n;
};

/* What to look at: loss of each row (the greater the worse; 0 and 1 only when `errors`), the
 * groupings, the least rows of a group, and whether pairs of groups count besides single ones. */
struct mlp_search {
    const double *loss;
    size_t rows;
    bool errors, pairs;
    const struct mlp_grouping *groupings;
    size_t ngroupings, least;
};

/* A group, or the meeting of two: grouping and code; b is SIZE_MAX for a single one. p is one-sided
 * for a greater loss than the other rows', by Fisher's exact test of errors or the ranks' sum of
 * other losses; adjusted is p times the number of groups that were looked at (Bonferroni), at most
 * 1: it holds however many there were and whatever their overlap. */
struct mlp_subgroup {
    size_t a, b, rows;
    uint32_t code_a, code_b;
    double mean, rest, p, adjusted;
};

/* Finds the groups of greater loss, the least p first, at most `most` in out (*n); *looked is how
 * many there were. A pair is left out when it tells no more than one of its sides that is in the
 * list. MLP_EIO without memory. */
enum mlp_code mlp_subgroup_search(const struct mlp_search *s, size_t most,
                                  struct mlp_subgroup *out, size_t *n, size_t *looked,
                                  struct mlp_err *e);

#endif
