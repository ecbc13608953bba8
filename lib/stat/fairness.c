/* Fairness: rates by group, in one pass. */
#include "stat/groups.h"
#include "stat/metrics_inside.h"

#include <math.h>
#include <string.h>

struct rates {
    double rows[MLP_METRIC_CLASSES], positives[MLP_METRIC_CLASSES], chosen[MLP_METRIC_CLASSES];
    double hits[MLP_METRIC_CLASSES], scores[MLP_METRIC_CLASSES];
    size_t groups;
};

static bool count_rates(const struct mlp_binary *b, struct rates *r)
{
    memset(r, 0, sizeof *r);
    if (!b->more || !b->more->group || b->more->groups > MLP_METRIC_CLASSES)
        return false;
    r->groups = b->more->groups;
    for (size_t i = 0; i < b->n; i++) {
        size_t g = b->more->group[i];
        double w = weight(b, i);
        if (g >= r->groups)
            continue;
        r->rows[g] += w;
        r->positives[g] += w * b->y[i];
        r->chosen[g] += b->pred ? w * b->pred[i] : 0;
        r->hits[g] += b->pred ? w * b->pred[i] * b->y[i] : 0;
        r->scores[g] += b->score ? w * b->score[i] : 0;
    }
    return true;
}

static double selection(const struct rates *r, size_t g)
{
    return r->chosen[g] / r->rows[g];
}
static double true_positive(const struct rates *r, size_t g)
{
    return r->hits[g] / r->positives[g];
}
static double false_positive(const struct rates *r, size_t g)
{
    return (r->chosen[g] - r->hits[g]) / (r->rows[g] - r->positives[g]);
}
static double overrating(const struct rates *r, size_t g)
{
    return (r->scores[g] - r->positives[g]) / r->rows[g];
}

typedef double rate_fn(const struct rates *, size_t);

/* Least and greatest; false with fewer than two groups that have the rate. */
static bool extremes(const struct rates *r, rate_fn *fn, double *least, double *most)
{
    size_t n = 0;
    for (size_t g = 0; g < r->groups; g++) {
        double rate = fn(r, g);
        if (!isfinite(rate))
            continue;
        *least = n == 0 || rate < *least ? rate : *least;
        *most = n == 0 || rate > *most ? rate : *most;
        n++;
    }
    return n >= 2;
}

static double difference(const struct rates *r, rate_fn *fn)
{
    double least, most;
    return extremes(r, fn, &least, &most) ? most - least : (double)NAN;
}

static double ratio(const struct rates *r, rate_fn *fn)
{
    double least, most;
    if (!extremes(r, fn, &least, &most))
        return (double)NAN;
    return most > 0 ? least / most : 1;
}

double mlp_demographic_parity_difference(const struct mlp_binary *b)
{
    struct rates r;
    return count_rates(b, &r) ? difference(&r, selection) : (double)NAN;
}

double mlp_demographic_parity_ratio(const struct mlp_binary *b)
{
    struct rates r;
    return count_rates(b, &r) ? ratio(&r, selection) : (double)NAN;
}

double mlp_equalized_odds_difference(const struct mlp_binary *b)
{
    struct rates r;
    if (!count_rates(b, &r))
        return (double)NAN;
    double hits = difference(&r, true_positive), alarms = difference(&r, false_positive);
    return hits > alarms || isnan(alarms) ? hits : alarms;
}

double mlp_equalized_odds_ratio(const struct mlp_binary *b)
{
    struct rates r;
    if (!count_rates(b, &r))
        return (double)NAN;
    double hits = ratio(&r, true_positive), alarms = ratio(&r, false_positive);
    return hits < alarms || isnan(alarms) ? hits : alarms;
}

double mlp_equal_opportunity_difference(const struct mlp_binary *b)
{
    struct rates r;
    return count_rates(b, &r) ? difference(&r, true_positive) : (double)NAN;
}

double mlp_calibration_difference(const struct mlp_binary *b)
{
    struct rates r;
    return count_rates(b, &r) ? difference(&r, overrating) : (double)NAN;
}

static const struct mlp_metric table[] = {
    {"demographic_parity_difference", mlp_demographic_parity_difference, MLP_BEST_LOW,
     MLP_NEEDS_PRED, MLP_TASK_BINARY, 0},
    {"demographic_parity_ratio", mlp_demographic_parity_ratio, MLP_BEST_HIGH, MLP_NEEDS_PRED,
     MLP_TASK_BINARY, 0},
    {"equalized_odds_difference", mlp_equalized_odds_difference, MLP_BEST_LOW, MLP_NEEDS_PRED,
     MLP_TASK_BINARY, 0},
    {"equalized_odds_ratio", mlp_equalized_odds_ratio, MLP_BEST_HIGH, MLP_NEEDS_PRED,
     MLP_TASK_BINARY, 0},
    {"equal_opportunity_difference", mlp_equal_opportunity_difference, MLP_BEST_LOW,
     MLP_NEEDS_PRED, MLP_TASK_BINARY, 0},
    {"calibration_difference", mlp_calibration_difference, MLP_BEST_LOW, MLP_NEEDS_SCORE,
     MLP_TASK_BINARY, 0},
    {NULL, NULL, MLP_BEST_LOW, MLP_NEEDS_PRED, 0, 0},
};

const struct mlp_metric *mlp_fairness_table(void)
{
    return table;
}
