/* metrics.h: quality of predictions against labels. Definitions are scikit-learn's. */
#ifndef MLP_STAT_METRICS_H
#define MLP_STAT_METRICS_H

#include "base/err.h"
#include <stdbool.h>
#include <stddef.h>

/* Binary: y is 0 or 1, score a probability or decision value, pred 0 or 1, w weights or NULL. */
struct mlp_binary {
    size_t n;
    const double *y, *score, *pred, *w;
};
/* Ties exact (Mann-Whitney); NaN when one class is absent. */
double mlp_roc_auc(const struct mlp_binary *b);
double mlp_average_precision(const struct mlp_binary *b);
double mlp_log_loss(const struct mlp_binary *b);
double mlp_brier(const struct mlp_binary *b);
/* Expected calibration error over 10 equal-width bins. */
double mlp_ece(const struct mlp_binary *b);
double mlp_accuracy(const struct mlp_binary *b);
double mlp_balanced_accuracy(const struct mlp_binary *b);
double mlp_precision(const struct mlp_binary *b);
double mlp_recall(const struct mlp_binary *b);
double mlp_f1(const struct mlp_binary *b);
double mlp_mcc(const struct mlp_binary *b);

/* Regression: y true, score predicted. */
double mlp_mae(const struct mlp_binary *b);
double mlp_rmse(const struct mlp_binary *b);
double mlp_r2(const struct mlp_binary *b);

typedef double mlp_metric_fn(const struct mlp_binary *);

/* A metric by name ("roc_auc", "accuracy", ...), whether greater is better, and whether it needs
 * `score` or `pred`. NULL when unknown. */
struct mlp_metric {
    const char *name;
    mlp_metric_fn *fn;
    bool greater_is_better, needs_score, regression;
};
const struct mlp_metric *mlp_metric_find(const char *name);
/* All of them, ending with a NULL name. */
const struct mlp_metric *mlp_metric_table(void);

/* Percentile interval from `rounds` seeded Poisson(1) bootstrap samples (one pass each; Hanley and
 * MacGibbon 2006). level 0.95 gives lo and hi at 2.5 % and 97.5 %. */
enum mlp_code mlp_bootstrap(const struct mlp_binary *b, mlp_metric_fn *fn, unsigned rounds,
                            double level, uint64_t seed, double *lo, double *hi,
                            struct mlp_err *e);

/* DeLong's test (DeLong, DeLong and Clarke-Pearson 1988; fast form of Sun and Xu 2014) of two
 * scores on the same rows: difference of AUC, its standard error, two-sided p. */
enum mlp_code mlp_delong(const struct mlp_binary *a, const double *other_score, double *difference,
                         double *se, double *p, struct mlp_err *e);

#endif
