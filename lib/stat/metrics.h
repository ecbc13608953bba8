/* metrics.h: quality of predictions against labels. Definitions are scikit-learn's.
 *
 * Every metric is a function of the rows alone, so that a bootstrap is the same function under
 * other weights. Nothing here keeps state; the inputs are only read. */
#ifndef MLP_STAT_METRICS_H
#define MLP_STAT_METRICS_H

#include "base/err.h"
#include <stdbool.h>
#include <stddef.h>

/* Rows, borrowed. Binary: y is 0 or 1, score a probability or decision value, pred 0 or 1. Several
 * classes: y and pred are class numbers from 0. Regression: y true, score predicted. w is a weight
 * >= 0 a row, or NULL for equal ones. Arrays that a metric does not need may be NULL. */
struct mlp_binary {
    size_t n;
    const double *y, *score, *pred, *w;
};

/* Ties exact (Mann-Whitney); NaN when one class is absent, or without memory for the sort (rows
 * that come in ascending order of score are not sorted again). */
double mlp_roc_auc(const struct mlp_binary *b);
/* Sum of precision times step of recall, without interpolation; 0 without positives. */
double mlp_average_precision(const struct mlp_binary *b);
/* Of probabilities, kept 2^-52 away from 0 and 1; NaN when a score is outside [0, 1]. */
double mlp_log_loss(const struct mlp_binary *b);
double mlp_brier(const struct mlp_binary *b);
/* Expected calibration error over 10 equal-width bins, closed below (Naeini et al. 2015). */
double mlp_ece(const struct mlp_binary *b);

/* Most classes that the following can tell apart; NaN beyond. */
#define MLP_METRIC_CLASSES 256

/* Any number of classes. Classes without labels do not count in balanced accuracy; mcc is that of
 * Gorodkin 2004, 0 when it is not defined. */
double mlp_accuracy(const struct mlp_binary *b);
double mlp_balanced_accuracy(const struct mlp_binary *b);
double mlp_mcc(const struct mlp_binary *b);
/* Of class 1; 0 where the denominator is 0. */
double mlp_precision(const struct mlp_binary *b);
double mlp_recall(const struct mlp_binary *b);
double mlp_f1(const struct mlp_binary *b);
/* Means over the classes that are labelled or predicted. */
double mlp_precision_macro(const struct mlp_binary *b);
double mlp_recall_macro(const struct mlp_binary *b);
double mlp_f1_macro(const struct mlp_binary *b);

/* Regression. r2 of constant labels is 1 when they are met, else 0; NaN below two rows. */
double mlp_mae(const struct mlp_binary *b);
double mlp_rmse(const struct mlp_binary *b);
double mlp_r2(const struct mlp_binary *b);

typedef double mlp_metric_fn(const struct mlp_binary *);

enum mlp_task { MLP_TASK_BINARY = 1, MLP_TASK_MULTICLASS = 2, MLP_TASK_REGRESSION = 4 };

/* A metric by name ("roc_auc", "accuracy", ...), whether greater is better, whether it needs
 * `score` (else `pred`), and the tasks that it is for (enum mlp_task, or-ed). */
struct mlp_metric {
    const char *name;
    mlp_metric_fn *fn;
    bool greater_is_better, needs_score;
    unsigned tasks;
};
/* NULL when unknown. */
const struct mlp_metric *mlp_metric_find(const char *name);
/* All of them, in the order of reports, ending with a NULL name. */
const struct mlp_metric *mlp_metric_table(void);

/* What to resample: metrics, all under the same weights, and other predictions of the same rows,
 * in the same order (other->n, y and w are not used; other may be NULL). All is borrowed. */
struct mlp_resample {
    mlp_metric_fn *const *fns;
    size_t nfns;
    const struct mlp_binary *other;
    unsigned rounds;
    double level;      /* in (0, 1): 0.95 gives lo and hi at 2.5 % and 97.5 % */
    uint64_t seed;
};

/* p: two-sided, twice the smaller share of rounds on either side of no difference, with one added
 * to count and rounds (Davison and Hinkley 1997, 4.2); NaN without `other`. */
struct mlp_interval {
    double lo, hi, p;
};

/* Percentile intervals from seeded Poisson(1) bootstrap samples (Hanley and MacGibbon 2006; one
 * sort, then one pass a round and metric) in out[nfns]. Rounds in which a metric is not defined do
 * not count for it (NaN when none does). The same seed gives the same figures on any number of
 * threads. MLP_EIO without memory. */
enum mlp_code mlp_bootstrap(const struct mlp_binary *b, const struct mlp_resample *plan,
                            struct mlp_interval *out, struct mlp_err *e);

/* DeLong's test (DeLong, DeLong and Clarke-Pearson 1988; fast form of Sun and Xu 2014) of two
 * scores on the same rows: difference of AUC (a's less the other's), its standard error, two-sided
 * p. a->w must be NULL: the test has no weights. MLP_EINPUT with weights or below two rows of
 * either class; MLP_EIO without memory. */
enum mlp_code mlp_delong(const struct mlp_binary *a, const double *other_score, double *difference,
                         double *se, double *p, struct mlp_err *e);

#endif
