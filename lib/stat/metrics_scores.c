/* Metrics of several classes' scores. One walk through the rows by ascending score of a class gives
 * the area against every other class at once. */
#include "stat/metrics_inside.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MOST MLP_METRIC_CLASSES

static bool has_scores(const struct mlp_binary *b)
{
    return b->more && b->more->scores && b->more->classes >= 2 && b->more->classes <= MOST;
}

static double score_at(const struct mlp_binary *b, size_t row, size_t class)
{
    return b->more->scores[row * b->more->classes + class];
}

struct entry {
    double score;
    size_t row;
};

static int by_score(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    if (x->score != y->score)
        return x->score < y->score ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

size_t *mlp_class_order(const double *scores, size_t n, size_t classes)
{
    struct entry *entries = calloc(n + 1, sizeof *entries);
    size_t *order = calloc(n * classes + 1, sizeof *order);
    for (size_t k = 0; k < classes && entries && order; k++) {
        for (size_t i = 0; i < n; i++)
            entries[i] = (struct entry){scores[i * classes + k], i};
        qsort(entries, n, sizeof *entries, by_score);
        for (size_t i = 0; i < n; i++)
            order[k * n + i] = entries[i].row;
    }
    if (!entries) {
        free(order);
        order = NULL;
    }
    free(entries);
    return order;
}

/* Weight of each class, and area[k]: pairs of a row of `class` and one of k that its score orders
 * rightly, ties counting half. */
struct areas {
    double label[MOST], area[MOST], below[MOST], tied[MOST];
};

/* One group of rows of equal score, which starts at i; returns its end. */
static size_t walk_group(const struct mlp_binary *b, size_t class, const size_t *order, size_t i,
                         struct areas *a)
{
    size_t start = i;
    double mine = 0;
    do {
        size_t y = (size_t)b->y[order[i]];
        mine += y == class ? weight(b, order[i]) : 0;
        a->tied[y] += weight(b, order[i]);
        i++;
    } while (i < b->n && score_at(b, order[i], class) == score_at(b, order[start], class));
    for (size_t k = 0; k < b->more->classes && mine > 0; k++)
        a->area[k] += mine * (a->below[k] + a->tied[k] / 2);
    for (size_t k = start; k < i; k++) {
        size_t y = (size_t)b->y[order[k]];
        a->below[y] += weight(b, order[k]);
        a->tied[y] = 0;
    }
    return i;
}

static void find_areas(const struct mlp_binary *b, size_t class, const size_t *order,
                       struct areas *a)
{
    memset(a, 0, sizeof *a);
    for (size_t i = 0; i < b->n;)
        i = walk_group(b, class, order + class * b->n, i, a);
    memcpy(a->label, a->below, sizeof a->label);
}

/* Sums of AUCs and of their weights; a class without rows makes the mean not defined. */
struct mean {
    double sum, total;
};

static void one_against_rest(const struct areas *a, size_t class, size_t classes, bool weighted,
                             struct mean *m)
{
    double rest = 0, area = 0, label = a->label[class];
    for (size_t k = 0; k < classes; k++) {
        rest += k == class ? 0 : a->label[k];
        area += k == class ? 0 : a->area[k];
    }
    double w = weighted ? label : 1;
    m->sum += label > 0 && rest > 0 ? w * area / (label * rest) : (double)NAN;
    m->total += w;
}

static void one_against_one(const struct areas *a, size_t class, size_t classes, bool weighted,
                            struct mean *m)
{
    for (size_t k = 0; k < classes; k++) {
        double w = weighted ? a->label[class] + a->label[k] : 1;
        if (k == class)
            continue;
        m->sum += a->label[class] > 0 && a->label[k] > 0
                      ? w * a->area[k] / (a->label[class] * a->label[k]) : (double)NAN;
        m->total += w;
    }
}

static double mean_auc(const struct mlp_binary *b, bool weighted,
                       void (*add)(const struct areas *, size_t, size_t, bool, struct mean *))
{
    struct areas a;
    struct mean m = {0, 0};
    size_t *made = NULL;
    if (!has_scores(b))
        return (double)NAN;
    for (size_t i = 0; i < b->n; i++)
        if (!(b->y[i] >= 0 && b->y[i] < (double)b->more->classes))
            return (double)NAN;
    if (!b->more->order)
        made = mlp_class_order(b->more->scores, b->n, b->more->classes);
    const size_t *order = made ? made : b->more->order;
    if (!order)
        return (double)NAN;
    for (size_t k = 0; k < b->more->classes; k++) {
        find_areas(b, k, order, &a);
        add(&a, k, b->more->classes, weighted, &m);
    }
    free(made);
    return m.sum / m.total;
}

double mlp_roc_auc_ovr(const struct mlp_binary *b)
{
    return mean_auc(b, false, one_against_rest);
}
double mlp_roc_auc_ovo(const struct mlp_binary *b)
{
    return mean_auc(b, false, one_against_one);
}
double mlp_roc_auc_ovr_weighted(const struct mlp_binary *b)
{
    return mean_auc(b, true, one_against_rest);
}
double mlp_roc_auc_ovo_weighted(const struct mlp_binary *b)
{
    return mean_auc(b, true, one_against_one);
}

/* The mean of what a row gives by its own class and scores. */
static double mean_of(const struct mlp_binary *b, double (*fn)(const struct mlp_binary *, size_t))
{
    double sum = 0, total = 0;
    if (!has_scores(b))
        return (double)NAN;
    for (size_t i = 0; i < b->n; i++) {
        double w = weight(b, i);
        if (w > 0)
            sum += w * fn(b, i);
        total += w;
    }
    return sum / total;
}

static bool probabilities(const struct mlp_binary *b, size_t row)
{
    for (size_t k = 0; k < b->more->classes; k++)
        if (!(score_at(b, row, k) >= 0 && score_at(b, row, k) <= 1))
            return false;
    return true;
}

/* Labels beyond the scored classes are in no top. */
static double in_top(const struct mlp_binary *b, size_t row)
{
    size_t y = (size_t)b->y[row], ahead = 0, top = b->more->top ? b->more->top : 2;
    if (y >= b->more->classes)
        return 0;
    double mine = score_at(b, row, y);
    for (size_t k = 0; k < b->more->classes; k++)
        ahead += score_at(b, row, k) > mine || (score_at(b, row, k) == mine && k > y);
    return ahead < top;
}

double mlp_top_k_accuracy(const struct mlp_binary *b)
{
    return mean_of(b, in_top);
}

static double surprise(const struct mlp_binary *b, size_t row)
{
    size_t y = (size_t)b->y[row];
    if (y >= b->more->classes || !probabilities(b, row))
        return (double)NAN;
    double p = score_at(b, row, y);
    p = p < DBL_EPSILON ? DBL_EPSILON : p > 1 - DBL_EPSILON ? 1 - DBL_EPSILON : p;
    return -log(p);
}

double mlp_log_loss_classes(const struct mlp_binary *b)
{
    return mean_of(b, surprise);
}

static double squared_distance(const struct mlp_binary *b, size_t row)
{
    double sum = 0;
    if (!probabilities(b, row))
        return (double)NAN;
    for (size_t k = 0; k < b->more->classes; k++) {
        double d = score_at(b, row, k) - ((double)k == b->y[row]);
        sum += d * d;
    }
    return sum;
}

double mlp_brier_classes(const struct mlp_binary *b)
{
    return mean_of(b, squared_distance);
}

double mlp_ece_classes(const struct mlp_binary *b)
{
    double gap[10] = {0}, sum = 0, total = 0;
    if (!has_scores(b))
        return (double)NAN;
    for (size_t i = 0; i < b->n; i++) {
        size_t best = 0;
        if (!probabilities(b, i))
            return (double)NAN;
        for (size_t k = 1; k < b->more->classes; k++)
            best = score_at(b, i, k) > score_at(b, i, best) ? k : best;
        double confidence = score_at(b, i, best), w = weight(b, i);
        size_t bin = (size_t)(confidence * 10);
        gap[bin < 10 ? bin : 9] += w * (((double)best == b->y[i]) - confidence);
        total += w;
    }
    for (size_t k = 0; k < 10; k++)
        sum += fabs(gap[k]);
    return sum / total;
}
