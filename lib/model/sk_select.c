/* sk_select.c: feature selection by scores: nothing runs, columns are left out. */
#include "model/sk_parts.h"
#include <float.h>
#include <math.h>
#include <stdlib.h>

enum mlp_code mlp_sk_keep_where(struct mlp_sk *s, struct mlp_cols x, const bool *keep,
                                struct mlp_pred *out)
{
    out->is_transform = true;
    out->transform.p = mlp_arena_array(s->keep, x.n, sizeof *out->transform.p);
    if (!out->transform.p)
        return mlp_err_nomem(s->e);
    for (size_t i = 0; i < x.n; i++)
        if (keep[i])
            out->transform.p[out->transform.n++] = x.p[i];
    return MLP_OK;
}

struct ranked {
    double score;
    size_t index;
};

static int by_score(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    if (x->score != y->score)
        return x->score < y->score ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

/* The k best scores; among equals the later columns, as a stable sort leaves them. */
static enum mlp_code keep_best(struct mlp_sk *s, const double *score, size_t n, size_t k,
                               bool *keep)
{
    struct ranked *r = mlp_arena_array(s->tmp, n, sizeof *r);
    if (!r)
        return mlp_err_nomem(s->e);
    for (size_t i = 0; i < n; i++)
        r[i] = (struct ranked){isnan(score[i]) ? -DBL_MAX : score[i], i};
    qsort(r, n, sizeof *r, by_score);
    for (size_t i = 0; i < n; i++)
        keep[r[i].index] = i + k >= n;
    return MLP_OK;
}

double mlp_sk_percentile(struct mlp_sk *s, const double *v, size_t n, double q)
{
    struct ranked *r = mlp_arena_array(s->tmp, n, sizeof *r);
    if (!r || !n)
        return NAN;
    for (size_t i = 0; i < n; i++)
        r[i] = (struct ranked){v[i], i};
    qsort(r, n, sizeof *r, by_score);
    double at = q / 100 * (double)(n - 1);
    size_t lo = (size_t)at, hi = lo + 1 < n ? lo + 1 : lo;
    return r[lo].score + (at - (double)lo) * (r[hi].score - r[lo].score);
}

/* SelectPercentile: above the percentile, and of those at it the first until the count is full. */
static void keep_percent(struct mlp_sk *s, const double *score, size_t n, double percent,
                         bool *keep)
{
    double limit = mlp_sk_percentile(s, score, n, 100 - percent);
    size_t kept = 0, most = (size_t)((double)n * percent / 100);
    for (size_t i = 0; i < n; i++)
        kept += keep[i] = score[i] > limit;
    for (size_t i = 0; i < n && kept < most; i++)
        if (!keep[i] && score[i] == limit) {
            keep[i] = true;
            kept++;
        }
}

static int by_number(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* SelectFdr: the largest p-value under the line of Benjamini and Hochberg, and all at or below. */
static enum mlp_code keep_discoveries(struct mlp_sk *s, const double *p, size_t n, double alpha,
                                      bool *keep)
{
    double *sorted = mlp_sk_params(s, p, n * sizeof *sorted), limit = -1;
    if (!sorted)
        return s->e->code;
    qsort(sorted, n, sizeof *sorted, by_number);
    for (size_t i = 0; i < n; i++)
        if (sorted[i] <= alpha / (double)n * (double)(i + 1))
            limit = sorted[i];
    for (size_t i = 0; i < n; i++)
        keep[i] = limit >= 0 && p[i] <= limit;
    return MLP_OK;
}

/* How self selects; GenericUnivariateSelect says by name, with one parameter for all. */
enum selection { SELECT_BEST, SELECT_PERCENT, SELECT_FPR, SELECT_FDR, SELECT_FWE };

static enum selection selection_of(const struct mlp_sk *s, double *parameter)
{
    static const struct {
        const char *name, *mode, *parameter;
        enum selection how;
        double otherwise;
    } known[] = {{"SelectKBest", "k_best", "k", SELECT_BEST, INFINITY},
                 {"SelectPercentile", "percentile", "percentile", SELECT_PERCENT, 10},
                 {"SelectFpr", "fpr", "alpha", SELECT_FPR, 0.05},
                 {"SelectFdr", "fdr", "alpha", SELECT_FDR, 0.05},
                 {"SelectFwe", "fwe", "alpha", SELECT_FWE, 0.05}};
    bool generic = mlp_value_is_a(s->self, "GenericUnivariateSelect");
    size_t i = 4;
    while (i > 0 && !(generic ? mlp_sk_is(s, "mode", known[i].mode)
                              : mlp_value_is_a(s->self, known[i].name)))
        i--;
    *parameter = mlp_sk_num(s, generic ? "param" : known[i].parameter, known[i].otherwise);
    return known[i].how;
}

enum mlp_code mlp_read_select_best(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    double parameter;
    enum selection how = selection_of(s, &parameter);
    bool *keep = mlp_arena_array(s->tmp, x.n, sizeof *keep), scores = how <= SELECT_PERCENT;
    const double *v;
    if (!keep)
        return mlp_err_nomem(s->e);
    if (mlp_sk_width(s, x) ||
        mlp_sk_doubles(s, scores ? "scores_" : "pvalues_", x.n, &v, NULL))
        return s->e->code;
    double limit = how == SELECT_FWE ? parameter / (double)x.n : parameter;
    double k = parameter < 0 ? 0 : parameter > (double)x.n ? (double)x.n : parameter;
    for (size_t i = 0; i < x.n; i++)
        keep[i] = v[i] < limit;
    if (how == SELECT_PERCENT)
        keep_percent(s, v, x.n, parameter, keep);
    else if ((how == SELECT_BEST && keep_best(s, v, x.n, (size_t)k, keep)) ||
             (how == SELECT_FDR && keep_discoveries(s, v, x.n, parameter, keep)))
        return s->e->code;
    return mlp_sk_keep_where(s, x, keep, out);
}

/* RFE and RFECV keep a mask. */
enum mlp_code mlp_read_select_support(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    const double *mask;
    bool *keep = mlp_arena_array(s->tmp, x.n, sizeof *keep);
    if (!keep)
        return mlp_err_nomem(s->e);
    if (mlp_sk_width(s, x) || mlp_sk_doubles(s, "support_", x.n, &mask, NULL))
        return s->e->code;
    for (size_t i = 0; i < x.n; i++)
        keep[i] = mask[i] != 0;
    if (mlp_sk_keep_where(s, x, keep, out))
        return s->e->code;
    struct mlp_cols chosen = out->transform;
    if (!mlp_sk_has(s, "estimator_"))
        return MLP_OK;
    struct mlp_pred p;
    if (mlp_sk_child(s, mlp_sk_attr(s, "estimator_"), chosen, &p, "estimator_"))
        return s->e->code;
    *out = p;
    out->transform = chosen;
    out->is_transform = true;
    return MLP_OK;
}

enum mlp_code mlp_read_select_variance(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    const double *variance;
    bool *keep = mlp_arena_array(s->tmp, x.n, sizeof *keep);
    double limit = mlp_sk_num(s, "threshold", 0);
    if (!keep)
        return mlp_err_nomem(s->e);
    if (mlp_sk_width(s, x) || mlp_sk_doubles(s, "variances_", x.n, &variance, NULL))
        return s->e->code;
    for (size_t i = 0; i < x.n; i++)
        keep[i] = variance[i] > limit;
    return mlp_sk_keep_where(s, x, keep, out);
}
