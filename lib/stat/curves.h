/* curves.h: how a binary model does at every threshold, and how its probabilities hold: what the
 * plots of a report show. */
#ifndef MLP_STAT_CURVES_H
#define MLP_STAT_CURVES_H

#include "stat/metrics.h"

/* Weighted counts of those that a threshold chooses: score >= threshold. */
struct mlp_threshold {
    double threshold, tp, fp;
};

/* One for each distinct score, from the greatest down, evenly kept down to MLP_CURVE_POINTS of
 * them, first and last always; positives and negatives are those of all rows. */
#define MLP_CURVE_POINTS 400
struct mlp_curve {
    struct mlp_threshold points[MLP_CURVE_POINTS];
    size_t n;
    double positives, negatives;
};
/* Of rows that have y and score. MLP_EIO without memory. */
enum mlp_code mlp_curve_make(const struct mlp_binary *b, struct mlp_curve *out, struct mlp_err *e);

/* The threshold of the least mean cost under cost[4] (truth * 2 + prediction), choosing nothing
 * being one (threshold infinity); of equal costs the greatest threshold. */
struct mlp_cheapest {
    double threshold, cost;
};
enum mlp_code mlp_cheapest_threshold(const struct mlp_binary *b, const double cost[4],
                                     struct mlp_cheapest *out, struct mlp_err *e);

/* Ten bins of equal width over [0, 1], closed below (the last on both ends), as mlp_ece() has them:
 * weights, and weighted means of score and truth, NaN in an empty bin. False when a score is no
 * probability. */
#define MLP_CALIBRATION_BINS 10
struct mlp_calibration {
    double weight[MLP_CALIBRATION_BINS], score[MLP_CALIBRATION_BINS], truth[MLP_CALIBRATION_BINS];
};
bool mlp_calibrate(const struct mlp_binary *b, struct mlp_calibration *out);

/* out[truth * classes + prediction] += weight, over zeros. False for a class beyond. */
bool mlp_confusion(const struct mlp_binary *b, size_t classes, double *out);

#endif
