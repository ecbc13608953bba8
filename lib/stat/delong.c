/* DeLong's test. A row's placement is the share of the other class that it beats, ties counting
 * half; the AUC is the mean placement of either class, and the variance of a difference is that of
 * the rows' differences of placement, so that no covariance matrix is needed. */
#include "stat/ranked.h"

#include <math.h>
#include <stdlib.h>

struct classes {
    double positives, negatives;
};

static bool place(const struct mlp_binary *a, const double *score, struct classes c, double *out)
{
    struct mlp_ranked r;
    struct mlp_binary rows = {.n = a->n, .y = a->y, .score = score};
    double positive = 0, negative = 0;
    if (!mlp_rank(&rows, &r))
        return false;
    for (size_t i = 0, end; i < r.b.n; i = end) {
        double p = 0;
        for (end = i; end < r.b.n && (end == i || r.b.score[end] == r.b.score[i]); end++)
            p += r.b.y[end];
        double n = (double)(end - i) - p;
        for (size_t k = i; k < end; k++)
            out[r.at[k]] = r.b.y[k] > 0 ? (negative + n / 2) / c.negatives
                                        : (c.positives - positive - p / 2) / c.positives;
        positive += p;
        negative += n;
    }
    mlp_ranked_fini(&r);
    return true;
}

/* Mean, and variance of the mean, of the differences of the rows of one class. */
static double mean_of(const struct mlp_binary *a, const double *d, double class, double *variance)
{
    double n = 0, mean = 0, sum = 0;
    for (size_t i = 0; i < a->n; i++) {
        mean += a->y[i] == class ? d[i] : 0;
        n += a->y[i] == class;
    }
    mean /= n;
    for (size_t i = 0; i < a->n; i++)
        sum += a->y[i] == class ? (d[i] - mean) * (d[i] - mean) : 0;
    *variance = sum / (n - 1) / n;
    return mean;
}

static void compare(const struct mlp_binary *a, const double *d, double *difference, double *se,
                    double *p)
{
    double of_positives, of_negatives;
    *difference = mean_of(a, d, 1, &of_positives);
    mean_of(a, d, 0, &of_negatives);
    *se = sqrt(of_positives + of_negatives);
    if (*se > 0)
        *p = erfc(fabs(*difference) / *se / sqrt(2));
    else
        *p = *difference != 0 ? 0 : 1;
}

enum mlp_code mlp_delong(const struct mlp_binary *a, const double *other_score, double *difference,
                         double *se, double *p, struct mlp_err *e)
{
    struct classes c = {0, 0};
    for (size_t i = 0; i < a->n; i++) {
        c.positives += a->y[i];
        c.negatives += 1 - a->y[i];
    }
    if (a->w)
        return mlp_err_set(e, MLP_EINPUT, "DeLong's test is not defined for weighted rows");
    if (c.positives < 2 || c.negatives < 2)
        return mlp_err_set(e, MLP_EINPUT, "DeLong's test needs two rows of each class");
    double *mine = calloc(a->n, sizeof *mine), *other = calloc(a->n, sizeof *other);
    bool ready = mine && other && place(a, a->score, c, mine) && place(a, other_score, c, other);
    if (ready) {
        for (size_t i = 0; i < a->n; i++)
            mine[i] -= other[i];
        compare(a, mine, difference, se, p);
    }
    free(mine);
    free(other);
    return ready ? MLP_OK : mlp_err_nomem(e);
}
