/* sk_select.c: feature selection: nothing runs, columns are left out. */
#include "model/sk_readers.h"
#include <float.h>
#include <math.h>
#include <stdlib.h>

static enum mlp_code keep_where(struct mlp_sk *s, struct mlp_cols x, const bool *keep,
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

/* numpy.percentile, linear between the two neighbours. */
static double percentile(const double *v, size_t n, double q, struct mlp_sk *s)
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
    double limit = percentile(score, n, 100 - percent, s);
    size_t kept = 0, most = (size_t)((double)n * percent / 100);
    for (size_t i = 0; i < n; i++)
        kept += keep[i] = score[i] > limit;
    for (size_t i = 0; i < n && kept < most; i++)
        if (!keep[i] && score[i] == limit) {
            keep[i] = true;
            kept++;
        }
}

enum mlp_code mlp_read_select_best(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    const double *score;
    bool *keep = mlp_arena_array(s->tmp, x.n, sizeof *keep);
    double k = mlp_sk_num(s, "k", (double)x.n);
    if (!keep)
        return mlp_err_nomem(s->e);
    if (mlp_sk_width(s, x) || mlp_sk_doubles(s, "scores_", x.n, &score, NULL))
        return s->e->code;
    if (mlp_value_is_a(s->self, "SelectPercentile"))
        keep_percent(s, score, x.n, mlp_sk_num(s, "percentile", 10), keep);
    else if (keep_best(s, score, x.n, k < 0 ? 0 : k > (double)x.n ? x.n : (size_t)k, keep))
        return s->e->code;
    return keep_where(s, x, keep, out);
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
    if (keep_where(s, x, keep, out))
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
    return keep_where(s, x, keep, out);
}

/* --- SelectFromModel --- */

/* Impurity that each feature takes away, over the tree's weight (tree_.compute_feature_importances
 * without the final norm). */
static enum mlp_code tree_importance(struct mlp_sk *s, size_t n, double *to)
{
    struct mlp_nd nd;
    struct mlp_column l, r, f, impurity, weight;
    if (mlp_nd_read(mlp_value_attr(mlp_sk_attr(s, "tree_"), "nodes"), s->tmp, &nd, s->e))
        return s->e->code;
    if (!mlp_nd_field(&nd, "left_child", &l) || !mlp_nd_field(&nd, "right_child", &r) ||
        !mlp_nd_field(&nd, "feature", &f) || !mlp_nd_field(&nd, "impurity", &impurity) ||
        !mlp_nd_field(&nd, "weighted_n_node_samples", &weight) || !nd.count)
        return mlp_sk_bad(s, "a tree's nodes lack a field that is known");
    double total = 0;
    for (size_t i = 0; i < nd.count; i++) {
        int64_t a = mlp_column_i64(&l, i), b = mlp_column_i64(&r, i), k = mlp_column_i64(&f, i);
        if (a < 0)
            continue;
        if (k < 0 || (size_t)k >= n || (size_t)a >= nd.count || b < 0 || (size_t)b >= nd.count)
            return mlp_sk_bad(s, "a tree's nodes are damaged");
        double gain = mlp_column_f64(&weight, i) * mlp_column_f64(&impurity, i) -
                      mlp_column_f64(&weight, (size_t)a) * mlp_column_f64(&impurity, (size_t)a) -
                      mlp_column_f64(&weight, (size_t)b) * mlp_column_f64(&impurity, (size_t)b);
        to[k] += gain;
    }
    for (size_t i = 0; i < n; i++)
        total += to[i] /= mlp_column_f64(&weight, 0);
    for (size_t i = 0; i < n && total > 0; i++)
        to[i] /= total;
    return MLP_OK;
}

/* The mean over the trees that split, as shares of their sum. */
static enum mlp_code forest_importance(struct mlp_sk *s, size_t n, double *to)
{
    struct mlp_nd list;
    const struct mlp_value *outer = s->self;
    double total = 0;
    double *one = mlp_arena_array(s->tmp, n, sizeof *one);
    if (!one)
        return mlp_err_nomem(s->e);
    if (mlp_sk_array(s, "estimators_", &list))
        return s->e->code;
    for (size_t t = 0; list.objects && t < list.count; t++) {
        memset(one, 0, n * sizeof *one);
        s->self = list.objects[t];
        enum mlp_code code = tree_importance(s, n, one);
        s->self = outer;
        if (code)
            return code;
        for (size_t i = 0; i < n; i++)
            to[i] += one[i];
    }
    for (size_t i = 0; i < n; i++)
        total += to[i];
    for (size_t i = 0; i < n && total > 0; i++)
        to[i] /= total;
    return MLP_OK;
}

/* Absolute coefficients; of several classes their sum (norm_order 1). */
static enum mlp_code coef_importance(struct mlp_sk *s, size_t n, double *to)
{
    const double *coef;
    size_t m;
    if (mlp_sk_doubles(s, "coef_", 0, &coef, &m))
        return s->e->code;
    if (m % n)
        return mlp_sk_bad(s, "coef_ does not fit the features");
    for (size_t i = 0; i < m; i++)
        to[i % n] += fabs(coef[i]);
    return MLP_OK;
}

static enum mlp_code importances(struct mlp_sk *s, const struct mlp_value *estimator, size_t n,
                                 double *to)
{
    const struct mlp_value *outer = s->self;
    enum mlp_code code;
    s->self = estimator;
    if (mlp_sk_has(s, "coef_"))
        code = coef_importance(s, n, to);
    else if (mlp_sk_has(s, "tree_"))
        code = tree_importance(s, n, to);
    else if (mlp_sk_has(s, "estimators_"))
        code = forest_importance(s, n, to);
    else
        code = mlp_sk_bad(s, "its importances are not known here");
    s->self = outer;
    return code;
}

/* threshold: a number, "mean", "median", "1.25*mean"; by default the mean, 1e-5 for Lasso. */
static enum mlp_code limit_of(struct mlp_sk *s, const double *v, size_t n, double *out)
{
    const struct mlp_value *t = mlp_sk_attr(s, "threshold"), *inner = mlp_sk_attr(s, "estimator_");
    struct mlp_str text = t && t->type == MLP_VALUE_TEXT ? t->u.s : MLP_STR("mean"), part;
    double scale = 1, mean = 0;
    if (mlp_value_f64(t, out))
        return MLP_OK;
    if (mlp_value_is_none(t) &&
        (mlp_value_is_a(inner, "Lasso") || mlp_value_is_a(inner, "LassoCV") ||
                                 mlp_value_text_is(mlp_value_attr(inner, "penalty"), "l1"))) {
        *out = 1e-5;
        return MLP_OK;
    }
    if (mlp_str_find(text, '*') < text.n) {
        mlp_str_split(&text, '*', &part);
        char number[40];
        mlp_str_copy(mlp_str_trim(part), number, sizeof number);
        scale = strtod(number, NULL);
    }
    for (size_t i = 0; i < n; i++)
        mean += v[i];
    mean /= (double)n;
    text = mlp_str_trim(text);
    if (!mlp_str_is(text, "mean") && !mlp_str_is(text, "median"))
        return mlp_sk_bad(s, "threshold cannot be read");
    *out = scale * (mlp_str_is(text, "mean") ? mean : percentile(v, n, 50, s));
    return MLP_OK;
}

enum mlp_code mlp_read_select_model(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    const char *name = mlp_sk_has(s, "estimator_") ? "estimator_" : "estimator";
    double *v = mlp_arena_array(s->tmp, x.n, sizeof *v), limit;
    bool *keep = mlp_arena_array(s->tmp, x.n, sizeof *keep);
    double most = mlp_sk_num(s, "max_features_", mlp_sk_num(s, "max_features", (double)x.n));
    if (!v || !keep)
        return mlp_err_nomem(s->e);
    if (!mlp_value_text_is(mlp_sk_attr(s, "importance_getter"), "auto") &&
        mlp_sk_has(s, "importance_getter"))
        return mlp_sk_bad(s, "an importance_getter other than auto is not read");
    if (importances(s, mlp_sk_attr(s, name), x.n, v) || limit_of(s, v, x.n, &limit))
        return s->e->code;
    if (most < (double)x.n && keep_best(s, v, x.n, most < 0 ? 0 : (size_t)most, keep))
        return s->e->code;
    for (size_t i = 0; i < x.n; i++)
        keep[i] = (most >= (double)x.n || keep[i]) && v[i] >= limit;
    return keep_where(s, x, keep, out);
}
