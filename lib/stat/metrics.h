/* metrics.h: quality of predictions against labels. Definitions are scikit-learn's.
 *
 * Every metric is a function of the rows alone, so that a bootstrap is the same function under
 * other weights. Nothing here keeps state; the inputs are only read. */
#ifndef MLP_STAT_METRICS_H
#define MLP_STAT_METRICS_H

#include "base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What some metrics need besides, all borrowed. scores: rows x classes, a row's side by side.
 * order: classes x rows, the rows by ascending score of each class, as mlp_class_order() makes
 * it; NULL: sorted at every call. cost: classes x classes, [truth * classes + prediction]. top:
 * the k of top_k_accuracy (0: 2). quantile: that of the pinball loss (0: 0.5). group: of each
 * row, below `groups` or none; for fairness (stat/groups.h). */
struct mlp_metric_more {
    const double *scores;
    const size_t *order;
    const double *cost;
    size_t classes, top;
    double quantile;
    const uint32_t *group;
    size_t groups;
};

/* The order of rows by the score of each class, which the caller frees; NULL without memory. */
size_t *mlp_class_order(const double *scores, size_t n, size_t classes);

/* Rows, borrowed. Binary: y is 0 or 1, score a probability or decision value, pred 0 or 1. Several
 * classes: y and pred are class numbers from 0. Regression: y true, score predicted. w is a weight
 * >= 0 a row, or NULL for equal ones. Arrays that a metric does not need may be NULL; so may
 * `more`, and what needs it is NaN then. */
struct mlp_binary {
    size_t n;
    const double *y, *score, *pred, *w;
    const struct mlp_metric_more *more;
};

/* Ties exact (Mann-Whitney); NaN when one class is absent, or without memory for the sort (rows
 * that come in ascending order of score are not sorted again). */
double mlp_roc_auc(const struct mlp_binary *b);
/* Sum of precision times step of recall, without interpolation; 0 without positives. */
double mlp_average_precision(const struct mlp_binary *b);
/* The two-sample Kolmogorov-Smirnov statistic of the scores of both classes; NaN without one. */
double mlp_ks_score(const struct mlp_binary *b);
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
/* Cohen 1960, without weights of disagreement; NaN when all is one class. */
double mlp_cohen_kappa(const struct mlp_binary *b);
/* Mean of more->cost over the rows (mlp_metric_more). */
double mlp_expected_cost(const struct mlp_binary *b);
/* Of class 1; 0 where the denominator is 0. */
double mlp_precision(const struct mlp_binary *b);
double mlp_recall(const struct mlp_binary *b);
double mlp_f1(const struct mlp_binary *b);
/* Of class 0 met, of class 0 missed, of class 1 missed; NaN without rows of the class. */
double mlp_specificity(const struct mlp_binary *b);
double mlp_fpr(const struct mlp_binary *b);
double mlp_fnr(const struct mlp_binary *b);
/* Means over the classes by the weight of their labels. */
double mlp_precision_weighted(const struct mlp_binary *b);
double mlp_recall_weighted(const struct mlp_binary *b);
double mlp_f1_weighted(const struct mlp_binary *b);
/* Means over the classes that are labelled or predicted. */
double mlp_precision_macro(const struct mlp_binary *b);
double mlp_recall_macro(const struct mlp_binary *b);
double mlp_f1_macro(const struct mlp_binary *b);

/* Of more->scores, labels being the numbers of its classes. Areas of one class against the rest,
 * and of each pair of classes (Hand and Till 2001), as plain means and by the weight of labels;
 * NaN when a class has no rows, or without memory for the sort. Of scores that tie for the last
 * place in the top, the class of the greater number is in. The Brier score is not halved; the
 * calibration error is that of the greatest score; these and the log loss take probabilities, or
 * are NaN. */
double mlp_roc_auc_ovr(const struct mlp_binary *b);
double mlp_roc_auc_ovo(const struct mlp_binary *b);
double mlp_roc_auc_ovr_weighted(const struct mlp_binary *b);
double mlp_roc_auc_ovo_weighted(const struct mlp_binary *b);
double mlp_top_k_accuracy(const struct mlp_binary *b);
double mlp_log_loss_classes(const struct mlp_binary *b);
double mlp_brier_classes(const struct mlp_binary *b);
double mlp_ece_classes(const struct mlp_binary *b);

/* Regression. r2 of constant labels is 1 when they are met, else 0; NaN below two rows. */
double mlp_mae(const struct mlp_binary *b);
double mlp_rmse(const struct mlp_binary *b);
double mlp_r2(const struct mlp_binary *b);
double mlp_mse(const struct mlp_binary *b);
/* Prediction less truth: too high is positive. */
double mlp_mean_error(const struct mlp_binary *b);
double mlp_explained_variance(const struct mlp_binary *b);
/* Relative to the truth's size, at least 2^-52: a share, not percent. */
double mlp_mape(const struct mlp_binary *b);
/* The mean of both middle rows where the weights' half falls between them; NaN without memory. */
double mlp_median_ae(const struct mlp_binary *b);
/* Of rows whose weight is not 0. */
double mlp_max_error(const struct mlp_binary *b);
/* Koenker and Bassett 1978, of more->quantile. */
double mlp_pinball(const struct mlp_binary *b);

typedef double mlp_metric_fn(const struct mlp_binary *);

enum mlp_task { MLP_TASK_BINARY = 1, MLP_TASK_MULTICLASS = 2, MLP_TASK_REGRESSION = 4 };

enum mlp_best { MLP_BEST_HIGH, MLP_BEST_LOW, MLP_BEST_ZERO };
/* The arrays besides y: score, pred, more->scores, or pred and more->cost. */
enum mlp_needs { MLP_NEEDS_SCORE, MLP_NEEDS_PRED, MLP_NEEDS_SCORES, MLP_NEEDS_COST };

/* A metric by name ("roc_auc", "accuracy", ...), which figure is best, what it needs, the tasks
 * that it is for (enum mlp_task, or-ed), and those for which it is worth its place only when
 * somebody asks. A name has one row for each of its definitions, whose tasks differ. */
struct mlp_metric {
    const char *name;
    mlp_metric_fn *fn;
    enum mlp_best best;
    enum mlp_needs needs;
    unsigned tasks, asked;
};
/* The first of the name; NULL when unknown. */
const struct mlp_metric *mlp_metric_find(const char *name);
/* All of them, in the order of reports, ending with a NULL name. */
const struct mlp_metric *mlp_metric_table(void);

/* How rows are sorted, once, for all rounds: by score, for metrics of ranks; by error, for the
 * median error; or not at all, where `more` has arrays that belong to rows. */
enum mlp_order { MLP_BY_SCORE, MLP_BY_ERROR, MLP_AS_THEY_ARE };

/* What to resample: metrics, all under the same weights, and other predictions of the same rows, in
 * the same order (other->n, y and w are not used; other may be NULL). All is borrowed. */
struct mlp_resample {
    mlp_metric_fn *const *fns;
    size_t nfns;
    const struct mlp_binary *other;
    unsigned rounds;
    double level;      /* in (0, 1): 0.95 gives lo and hi at 2.5 % and 97.5 % */
    uint64_t seed;
    enum mlp_order order;
};

/* delta_lo and delta_hi: the interval of the value less that of `other`. p: two-sided, twice the
 * smaller share of rounds on either side of no difference, with one added to count and rounds
 * (Davison and Hinkley 1997, 4.2). All three are NaN without `other`. */
struct mlp_interval {
    double lo, hi, p, delta_lo, delta_hi;
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
