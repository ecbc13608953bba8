/* Metrics of regression. */
#include "stat/metrics_inside.h"
#include "stat/ranked.h"

#include <float.h>
#include <math.h>

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

double mlp_mse(const struct mlp_binary *b)
{
    double total, sum = squares(b, &total);
    return sum / total;
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


double mlp_mean_error(const struct mlp_binary *b)
{
    double sum = 0, total = 0;
    for (size_t i = 0; i < b->n; i++) {
        sum += weight(b, i) * (b->score[i] - b->y[i]);
        total += weight(b, i);
    }
    return sum / total;
}

/* As r2, but a constant error costs nothing. */
double mlp_explained_variance(const struct mlp_binary *b)
{
    double total = 0, mean = 0, spread = 0, left = 0, error = -mlp_mean_error(b);
    for (size_t i = 0; i < b->n; i++) {
        total += weight(b, i);
        mean += weight(b, i) * b->y[i];
    }
    mean /= total;
    for (size_t i = 0; i < b->n; i++) {
        double d = b->y[i] - b->score[i] - error, w = weight(b, i);
        left += w * d * d;
        spread += w * (b->y[i] - mean) * (b->y[i] - mean);
    }
    if (!(total > 0))
        return (double)NAN;
    if (spread > 0)
        return 1 - left / spread;
    return left > 0 ? 0 : 1;
}

double mlp_mape(const struct mlp_binary *b)
{
    double sum = 0, total = 0;
    for (size_t i = 0; i < b->n; i++) {
        double size = fabs(b->y[i]) > DBL_EPSILON ? fabs(b->y[i]) : DBL_EPSILON;
        sum += weight(b, i) * fabs(b->y[i] - b->score[i]) / size;
        total += weight(b, i);
    }
    return sum / total;
}

double mlp_max_error(const struct mlp_binary *b)
{
    double most = (double)NAN;
    for (size_t i = 0; i < b->n; i++) {
        double d = fabs(b->y[i] - b->score[i]);
        if (weight(b, i) > 0 && !(d <= most))
            most = d;
    }
    return most;
}

double mlp_pinball(const struct mlp_binary *b)
{
    double q = b->more && b->more->quantile > 0 ? b->more->quantile : 0.5, sum = 0, total = 0;
    for (size_t i = 0; i < b->n; i++) {
        double d = b->y[i] - b->score[i];
        sum += weight(b, i) * (d > 0 ? q * d : (q - 1) * d);
        total += weight(b, i);
    }
    return sum / total;
}

static double error_at(const struct mlp_binary *b, size_t i)
{
    return fabs(b->y[i] - b->score[i]);
}

/* Rows by ascending error: halfway through the weights, and the mean of both neighbours where the
 * half falls between them. */
static double middle(const struct mlp_binary *b)
{
    double total = 0, sum = 0, low = (double)NAN;
    for (size_t i = 0; i < b->n; i++)
        total += weight(b, i);
    for (size_t i = 0; i < b->n && total > 0; i++) {
        if (!(weight(b, i) > 0))
            continue;
        if (!isnan(low))
            return (low + error_at(b, i)) / 2;
        sum += weight(b, i);
        if (sum > total / 2)
            return error_at(b, i);
        if (sum == total / 2)
            low = error_at(b, i);
    }
    return (double)NAN;
}

double mlp_median_ae(const struct mlp_binary *b)
{
    struct mlp_ranked r;
    bool ascending = true;
    for (size_t i = 1; i < b->n && ascending; i++)
        ascending = error_at(b, i - 1) <= error_at(b, i);
    if (ascending)
        return middle(b);
    if (!mlp_rank_by(b, MLP_BY_ERROR, &r))
        return (double)NAN;
    double value = middle(&r.b);
    mlp_ranked_fini(&r);
    return value;
}
