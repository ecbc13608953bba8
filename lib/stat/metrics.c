/* Metrics of binary scores, and the table of all metrics. */
#include "stat/metrics_inside.h"
#include "stat/ranked.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* Rank metrics: a function of rows in ascending order of score. */

static bool ascending(const struct mlp_binary *b)
{
    for (size_t i = 1; i < b->n; i++)
        if (!(b->score[i - 1] <= b->score[i]))
            return false;
    return true;
}

static double of_ranks(const struct mlp_binary *b, mlp_metric_fn *fn)
{
    struct mlp_ranked r;
    if (ascending(b))
        return fn(b);
    if (!mlp_rank(b, &r))
        return (double)NAN;
    double value = fn(&r.b);
    mlp_ranked_fini(&r);
    return value;
}

static double roc_auc(const struct mlp_binary *b)
{
    double positive = 0, negative = 0, area = 0;
    for (size_t i = 0; i < b->n;) {
        double p = 0, n = 0, score = b->score[i];
        do {
            double w = weight(b, i);
            p += w * b->y[i];
            n += w * (1 - b->y[i]);
            i++;
        } while (i < b->n && b->score[i] == score);
        area += p * (negative + n / 2);
        positive += p;
        negative += n;
    }
    return positive > 0 && negative > 0 ? area / (positive * negative) : (double)NAN;
}

double mlp_roc_auc(const struct mlp_binary *b)
{
    return of_ranks(b, roc_auc);
}

static double average_precision(const struct mlp_binary *b)
{
    double tp = 0, fp = 0, sum = 0;
    for (size_t i = b->n; i > 0;) {
        double p = 0, score = b->score[i - 1];
        do {
            i--;
            double w = weight(b, i);
            p += w * b->y[i];
            fp += w * (1 - b->y[i]);
        } while (i > 0 && b->score[i - 1] == score);
        tp += p;
        if (p > 0)
            sum += p * (tp / (tp + fp));
    }
    return tp > 0 ? sum / tp : 0;
}

/* Both rates at once, from the lowest score upwards; ties move together. */
static double ks(const struct mlp_binary *b)
{
    double positive = 0, negative = 0, p = 0, n = 0, most = 0;
    for (size_t i = 0; i < b->n; i++) {
        positive += weight(b, i) * b->y[i];
        negative += weight(b, i) * (1 - b->y[i]);
    }
    for (size_t i = 0; i < b->n; i++) {
        p += weight(b, i) * b->y[i];
        n += weight(b, i) * (1 - b->y[i]);
        bool last = i + 1 == b->n || b->score[i + 1] != b->score[i];
        double gap = fabs(p / positive - n / negative);
        most = last && gap > most ? gap : most;
    }
    return positive > 0 && negative > 0 ? most : (double)NAN;
}

double mlp_ks_score(const struct mlp_binary *b)
{
    return of_ranks(b, ks);
}

double mlp_average_precision(const struct mlp_binary *b)
{
    return of_ranks(b, average_precision);
}

/* Metrics of probabilities. */

static bool probability(double p)
{
    return p >= 0 && p <= 1;
}

double mlp_log_loss(const struct mlp_binary *b)
{
    double sum = 0, total = 0;
    for (size_t i = 0; i < b->n; i++) {
        double p = b->y[i] > 0 ? b->score[i] : 1 - b->score[i], w = weight(b, i);
        if (!probability(b->score[i]))
            return (double)NAN;
        p = p < DBL_EPSILON ? DBL_EPSILON : p;
        p = p > 1 - DBL_EPSILON ? 1 - DBL_EPSILON : p;
        if (w > 0)
            sum -= w * log(p);
        total += w;
    }
    return sum / total;
}

double mlp_brier(const struct mlp_binary *b)
{
    double sum = 0, total = 0;
    for (size_t i = 0; i < b->n; i++) {
        double d = b->score[i] - b->y[i], w = weight(b, i);
        if (!probability(b->score[i]))
            return (double)NAN;
        sum += w * d * d;
        total += w;
    }
    return sum / total;
}

double mlp_ece(const struct mlp_binary *b)
{
    double gap[10] = {0}, sum = 0, total = 0;
    for (size_t i = 0; i < b->n; i++) {
        double w = weight(b, i);
        if (!probability(b->score[i]))
            return (double)NAN;
        size_t bin = (size_t)(b->score[i] * 10);
        gap[bin < 10 ? bin : 9] += w * (b->y[i] - b->score[i]);
        total += w;
    }
    for (size_t k = 0; k < 10; k++)
        sum += fabs(gap[k]);
    return sum / total;
}

#define BINARY MLP_TASK_BINARY
#define MULTI MLP_TASK_MULTICLASS
#define CLASSES (MLP_TASK_BINARY | MLP_TASK_MULTICLASS)
#define NUMBERS MLP_TASK_REGRESSION
#define HIGH MLP_BEST_HIGH
#define LOW MLP_BEST_LOW
#define SCORE MLP_NEEDS_SCORE
#define PRED MLP_NEEDS_PRED
#define SCORES MLP_NEEDS_SCORES
#define COST MLP_NEEDS_COST

static const struct mlp_metric table[] = {
    {"roc_auc", mlp_roc_auc, HIGH, SCORE, BINARY, 0},
    {"average_precision", mlp_average_precision, HIGH, SCORE, BINARY, 0},
    {"ks", mlp_ks_score, HIGH, SCORE, BINARY, 0},
    {"log_loss", mlp_log_loss, LOW, SCORE, BINARY, 0},
    {"brier", mlp_brier, LOW, SCORE, BINARY, 0},
    {"ece", mlp_ece, LOW, SCORE, BINARY, 0},
    {"accuracy", mlp_accuracy, HIGH, PRED, CLASSES, 0},
    {"balanced_accuracy", mlp_balanced_accuracy, HIGH, PRED, CLASSES, 0},
    {"precision", mlp_precision, HIGH, PRED, BINARY, 0},
    {"recall", mlp_recall, HIGH, PRED, BINARY, 0},
    {"f1", mlp_f1, HIGH, PRED, BINARY, 0},
    {"specificity", mlp_specificity, HIGH, PRED, BINARY, 0},
    {"fpr", mlp_fpr, LOW, PRED, BINARY, 0},
    {"fnr", mlp_fnr, LOW, PRED, BINARY, 0},
    {"mcc", mlp_mcc, HIGH, PRED, CLASSES, 0},
    {"cohen_kappa", mlp_cohen_kappa, HIGH, PRED, CLASSES, 0},
    {"precision_macro", mlp_precision_macro, HIGH, PRED, MULTI, BINARY},
    {"recall_macro", mlp_recall_macro, HIGH, PRED, MULTI, BINARY},
    {"f1_macro", mlp_f1_macro, HIGH, PRED, MULTI, BINARY},
    {"precision_weighted", mlp_precision_weighted, HIGH, PRED, MULTI, BINARY},
    {"recall_weighted", mlp_recall_weighted, HIGH, PRED, MULTI, BINARY},
    {"f1_weighted", mlp_f1_weighted, HIGH, PRED, MULTI, BINARY},
    {"precision_micro", mlp_accuracy, HIGH, PRED, 0, CLASSES},
    {"recall_micro", mlp_accuracy, HIGH, PRED, 0, CLASSES},
    {"f1_micro", mlp_accuracy, HIGH, PRED, 0, CLASSES},
    {"roc_auc_ovr", mlp_roc_auc_ovr, HIGH, SCORES, MULTI, 0},
    {"roc_auc_ovo", mlp_roc_auc_ovo, HIGH, SCORES, MULTI, 0},
    {"roc_auc_ovr_weighted", mlp_roc_auc_ovr_weighted, HIGH, SCORES, 0, MULTI},
    {"roc_auc_ovo_weighted", mlp_roc_auc_ovo_weighted, HIGH, SCORES, 0, MULTI},
    {"top_k_accuracy", mlp_top_k_accuracy, HIGH, SCORES, MULTI, 0},
    {"log_loss", mlp_log_loss_classes, LOW, SCORES, MULTI, 0},
    {"brier", mlp_brier_classes, LOW, SCORES, MULTI, 0},
    {"ece", mlp_ece_classes, LOW, SCORES, MULTI, 0},
    {"expected_cost", mlp_expected_cost, LOW, COST, CLASSES, 0},
    {"mae", mlp_mae, LOW, SCORE, NUMBERS, 0},
    {"mse", mlp_mse, LOW, SCORE, NUMBERS, 0},
    {"rmse", mlp_rmse, LOW, SCORE, NUMBERS, 0},
    {"r2", mlp_r2, HIGH, SCORE, NUMBERS, 0},
    {"explained_variance", mlp_explained_variance, HIGH, SCORE, NUMBERS, 0},
    {"mape", mlp_mape, LOW, SCORE, NUMBERS, 0},
    {"median_ae", mlp_median_ae, LOW, SCORE, NUMBERS, 0},
    {"max_error", mlp_max_error, LOW, SCORE, NUMBERS, 0},
    {"pinball", mlp_pinball, LOW, SCORE, NUMBERS, 0},
    {"mean_error", mlp_mean_error, MLP_BEST_ZERO, SCORE, NUMBERS, 0},
    {NULL, NULL, LOW, PRED, 0, 0},
};

const struct mlp_metric *mlp_metric_table(void)
{
    return table;
}

const struct mlp_metric *mlp_metric_find(const char *name)
{
    for (const struct mlp_metric *m = table; m->name; m++)
        if (strcmp(m->name, name) == 0)
            return m;
    return NULL;
}
