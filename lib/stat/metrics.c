#include "stat/metrics.h"
#include "stat/ranked.h"

#include <float.h>
#include <math.h>
#include <string.h>

static double weight(const struct mlp_binary *b, size_t i)
{
    return b->w ? b->w[i] : 1;
}

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

/* Metrics of classes, from weights by class. */

struct tally {
    size_t classes;
    double total;
    double label[MLP_METRIC_CLASSES], pred[MLP_METRIC_CLASSES], hit[MLP_METRIC_CLASSES];
};

static size_t count_classes(const struct mlp_binary *b)
{
    double most = 1;
    for (size_t i = 0; i < b->n; i++) {
        if (!(b->y[i] >= 0 && b->pred[i] >= 0))
            return SIZE_MAX;
        most = b->y[i] > most ? b->y[i] : most;
        most = b->pred[i] > most ? b->pred[i] : most;
    }
    return most < MLP_METRIC_CLASSES ? (size_t)most + 1 : SIZE_MAX;
}

static bool count(const struct mlp_binary *b, struct tally *t)
{
    t->classes = count_classes(b);
    t->total = 0;
    if (t->classes > MLP_METRIC_CLASSES)
        return false;
    for (size_t k = 0; k < t->classes; k++)
        t->label[k] = t->pred[k] = t->hit[k] = 0;
    for (size_t i = 0; i < b->n; i++) {
        size_t y = (size_t)b->y[i], p = (size_t)b->pred[i];
        double w = weight(b, i);
        t->label[y] += w;
        t->pred[p] += w;
        t->hit[y] += y == p ? w : 0;
        t->total += w;
    }
    return true;
}

static double ratio(double a, double b)
{
    return b > 0 ? a / b : 0;
}

double mlp_accuracy(const struct mlp_binary *b)
{
    struct tally t;
    double hits = 0;
    if (!count(b, &t))
        return (double)NAN;
    for (size_t k = 0; k < t.classes; k++)
        hits += t.hit[k];
    return hits / t.total;
}

double mlp_balanced_accuracy(const struct mlp_binary *b)
{
    struct tally t;
    double sum = 0, classes = 0;
    if (!count(b, &t))
        return (double)NAN;
    for (size_t k = 0; k < t.classes; k++) {
        sum += ratio(t.hit[k], t.label[k]);
        classes += t.label[k] > 0;
    }
    return sum / classes;
}

double mlp_mcc(const struct mlp_binary *b)
{
    struct tally t;
    double hits = 0, agree = 0, label = 0, pred = 0;
    if (!count(b, &t))
        return (double)NAN;
    for (size_t k = 0; k < t.classes; k++) {
        hits += t.hit[k];
        agree += t.label[k] * t.pred[k];
        /* total^2 - sum of squares, without cancellation when all is one class. */
        label += t.label[k] * (t.total - t.label[k]);
        pred += t.pred[k] * (t.total - t.pred[k]);
    }
    double spread = sqrt(label) * sqrt(pred);
    if (!(t.total > 0))
        return (double)NAN;
    return spread > DBL_EPSILON * t.total * t.total ? (hits * t.total - agree) / spread : 0;
}

static double class_precision(const struct tally *t, size_t k)
{
    return ratio(t->hit[k], t->pred[k]);
}
static double class_recall(const struct tally *t, size_t k)
{
    return ratio(t->hit[k], t->label[k]);
}
static double class_f1(const struct tally *t, size_t k)
{
    return ratio(2 * t->hit[k], t->label[k] + t->pred[k]);
}

static double positive(const struct mlp_binary *b, double (*fn)(const struct tally *, size_t))
{
    struct tally t;
    return count(b, &t) && t.total > 0 ? fn(&t, 1) : (double)NAN;
}

static double macro(const struct mlp_binary *b, double (*fn)(const struct tally *, size_t))
{
    struct tally t;
    double sum = 0, classes = 0;
    if (!count(b, &t))
        return (double)NAN;
    for (size_t k = 0; k < t.classes; k++) {
        sum += fn(&t, k);
        classes += t.label[k] > 0 || t.pred[k] > 0;
    }
    return sum / classes;
}

double mlp_precision(const struct mlp_binary *b)
{
    return positive(b, class_precision);
}
double mlp_recall(const struct mlp_binary *b)
{
    return positive(b, class_recall);
}
double mlp_f1(const struct mlp_binary *b)
{
    return positive(b, class_f1);
}
double mlp_precision_macro(const struct mlp_binary *b)
{
    return macro(b, class_precision);
}
double mlp_recall_macro(const struct mlp_binary *b)
{
    return macro(b, class_recall);
}
double mlp_f1_macro(const struct mlp_binary *b)
{
    return macro(b, class_f1);
}

/* Regression. */

double mlp_mae(const struct mlp_binary *b)
{
    double sum = 0, total = 0;
    for (size_t i = 0; i < b->n; i++) {
        double w = weight(b, i);
        sum += w * fabs(b->y[i] - b->score[i]);
        total += w;
    }
    return sum / total;
}

static double squares(const struct mlp_binary *b, double *total)
{
    double sum = 0;
    *total = 0;
    for (size_t i = 0; i < b->n; i++) {
        double d = b->y[i] - b->score[i], w = weight(b, i);
        sum += w * d * d;
        *total += w;
    }
    return sum;
}

double mlp_rmse(const struct mlp_binary *b)
{
    double total, sum = squares(b, &total);
    return sqrt(sum / total);
}

double mlp_r2(const struct mlp_binary *b)
{
    double total, left = squares(b, &total), mean = 0, spread = 0;
    for (size_t i = 0; i < b->n; i++)
        mean += weight(b, i) * b->y[i] / total;
    for (size_t i = 0; i < b->n; i++)
        spread += weight(b, i) * (b->y[i] - mean) * (b->y[i] - mean);
    if (b->n < 2 || !(total > 0))
        return (double)NAN;
    if (spread > 0)
        return 1 - left / spread;
    return left > 0 ? 0 : 1;
}

#define BINARY MLP_TASK_BINARY
#define CLASSES (MLP_TASK_BINARY | MLP_TASK_MULTICLASS)

static const struct mlp_metric table[] = {
    {"roc_auc", mlp_roc_auc, true, true, BINARY},
    {"average_precision", mlp_average_precision, true, true, BINARY},
    {"log_loss", mlp_log_loss, false, true, BINARY},
    {"brier", mlp_brier, false, true, BINARY},
    {"ece", mlp_ece, false, true, BINARY},
    {"accuracy", mlp_accuracy, true, false, CLASSES},
    {"balanced_accuracy", mlp_balanced_accuracy, true, false, CLASSES},
    {"precision", mlp_precision, true, false, BINARY},
    {"recall", mlp_recall, true, false, BINARY},
    {"f1", mlp_f1, true, false, BINARY},
    {"mcc", mlp_mcc, true, false, CLASSES},
    {"precision_macro", mlp_precision_macro, true, false, MLP_TASK_MULTICLASS},
    {"recall_macro", mlp_recall_macro, true, false, MLP_TASK_MULTICLASS},
    {"f1_macro", mlp_f1_macro, true, false, MLP_TASK_MULTICLASS},
    {"mae", mlp_mae, false, true, MLP_TASK_REGRESSION},
    {"rmse", mlp_rmse, false, true, MLP_TASK_REGRESSION},
    {"r2", mlp_r2, true, true, MLP_TASK_REGRESSION},
    {NULL, NULL, false, false, 0},
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
