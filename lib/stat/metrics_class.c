/* Metrics of predicted classes, from weights by class. */
#include "stat/metrics_inside.h"

#include <float.h>
#include <math.h>
#include <stdint.h>

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

/* Agreement beyond that of chance, from the margins. */
double mlp_cohen_kappa(const struct mlp_binary *b)
{
    struct tally t;
    double hits = 0, chance = 0;
    if (!count(b, &t))
        return (double)NAN;
    for (size_t k = 0; k < t.classes; k++) {
        hits += t.hit[k];
        chance += t.label[k] * t.pred[k] / t.total;
    }
    return t.total - chance > 0 ? 1 - (t.total - hits) / (t.total - chance) : (double)NAN;
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


/* Mean over classes by their labels' weight. */
static double weighted(const struct mlp_binary *b, double (*fn)(const struct tally *, size_t))
{
    struct tally t;
    double sum = 0;
    if (!count(b, &t))
        return (double)NAN;
    for (size_t k = 0; k < t.classes; k++)
        sum += t.label[k] * fn(&t, k);
    return sum / t.total;
}

double mlp_precision_weighted(const struct mlp_binary *b)
{
    return weighted(b, class_precision);
}
double mlp_recall_weighted(const struct mlp_binary *b)
{
    return weighted(b, class_recall);
}
double mlp_f1_weighted(const struct mlp_binary *b)
{
    return weighted(b, class_f1);
}

/* Share of a class's rows that were met; NaN without such rows. */
static double met(const struct mlp_binary *b, size_t class)
{
    struct tally t;
    return count(b, &t) && t.label[class] > 0 ? t.hit[class] / t.label[class] : (double)NAN;
}

double mlp_specificity(const struct mlp_binary *b)
{
    return met(b, 0);
}
double mlp_fpr(const struct mlp_binary *b)
{
    return 1 - met(b, 0);
}
double mlp_fnr(const struct mlp_binary *b)
{
    return 1 - met(b, 1);
}

double mlp_expected_cost(const struct mlp_binary *b)
{
    const struct mlp_metric_more *more = b->more;
    double sum = 0, total = 0;
    for (size_t i = 0; i < b->n && more && more->cost; i++) {
        size_t y = (size_t)b->y[i], p = (size_t)b->pred[i];
        if (!(y < more->classes && p < more->classes))
            return (double)NAN;
        sum += weight(b, i) * more->cost[y * more->classes + p];
        total += weight(b, i);
    }
    return sum / total;
}
