/* sk_importance.c: SelectFromModel: features that an estimator finds important: by its
 * coefficients, or by the impurity that its trees take away. */
#include "model/sk_parts.h"
#include <float.h>
#include <math.h>
#include <stdlib.h>

/* The fields of a tree's nodes that importances need. */
struct nodes {
    struct mlp_column left, right, feature, impurity, weight;
    size_t n;
};

static enum mlp_code read_nodes(struct mlp_sk *s, struct nodes *t)
{
    struct mlp_nd nd;
    if (mlp_nd_read(mlp_value_attr(mlp_sk_attr(s, "tree_"), "nodes"), s->tmp, &nd, s->e))
        return s->e->code;
    t->n = nd.count;
    if (!mlp_nd_field(&nd, "left_child", &t->left) ||
        !mlp_nd_field(&nd, "right_child", &t->right) ||
        !mlp_nd_field(&nd, "feature", &t->feature) ||
        !mlp_nd_field(&nd, "impurity", &t->impurity) ||
        !mlp_nd_field(&nd, "weighted_n_node_samples", &t->weight) || !nd.count)
        return mlp_sk_bad(s, "a tree's nodes lack a field that is known");
    return MLP_OK;
}

static double weighed(const struct nodes *t, size_t i)
{
    return mlp_column_f64(&t->weight, i) * mlp_column_f64(&t->impurity, i);
}

static void normalize(double *v, size_t n)
{
    double total = 0;
    for (size_t i = 0; i < n; i++)
        total += v[i];
    for (size_t i = 0; i < n && total > 0; i++)
        v[i] /= total;
}

/* tree_.compute_feature_importances: impurity that each feature takes away over the tree's weight,
 * as shares of the sum when `shares`. */
static enum mlp_code tree_importance(struct mlp_sk *s, size_t n, bool shares, double *to)
{
    struct nodes t;
    if (read_nodes(s, &t))
        return s->e->code;
    for (size_t i = 0; i < t.n; i++) {
        int64_t a = mlp_column_i64(&t.left, i), b = mlp_column_i64(&t.right, i);
        int64_t k = mlp_column_i64(&t.feature, i);
        if (a < 0)
            continue;
        if (k < 0 || (size_t)k >= n || (size_t)a >= t.n || b < 0 || (size_t)b >= t.n)
            return mlp_sk_bad(s, "a tree's nodes are damaged");
        to[k] += weighed(&t, i) - weighed(&t, (size_t)a) - weighed(&t, (size_t)b);
    }
    for (size_t i = 0; i < n; i++)
        to[i] /= mlp_column_f64(&t.weight, 0);
    if (shares)
        normalize(to, n);
    return MLP_OK;
}

static enum mlp_code own_importance(struct mlp_sk *s, size_t n, double *to);

static enum mlp_code importance_of(struct mlp_sk *s, const struct mlp_value *v, size_t n,
                                   bool shares, double *to)
{
    const struct mlp_value *outer = s->self;
    enum mlp_code code;
    s->self = v;
    if (mlp_sk_has(s, "tree_"))
        code = tree_importance(s, n, shares, to);
    else if (s->depth >= 40)
        code = mlp_sk_bad(s, "estimators are nested too deeply");
    else {
        s->depth++;
        code = own_importance(s, n, to);
        s->depth--;
    }
    s->self = outer;
    return code;
}

/* The sum over estimators_, each times its weight, as shares. Forests take the mean of shares,
 * gradient boosting shares of the mean, AdaBoost the weighted mean of shares. */
static enum mlp_code ensemble_importance(struct mlp_sk *s, size_t n, double *to)
{
    struct mlp_nd list;
    const double *weight = NULL;
    size_t nweights = 0;
    bool boosted = mlp_sk_has(s, "learning_rate") && !mlp_sk_has(s, "estimator_weights_");
    double *one = mlp_arena_array(s->tmp, n, sizeof *one);
    if (!one)
        return mlp_err_nomem(s->e);
    if (mlp_sk_array(s, "estimators_", &list) ||
        (mlp_sk_has(s, "estimator_weights_") &&
         mlp_sk_doubles(s, "estimator_weights_", 0, &weight, &nweights)))
        return s->e->code;
    if (weight && nweights < list.count)
        return mlp_sk_bad(s, "estimator_weights_ are fewer than estimators_");
    for (size_t t = 0; list.objects && t < list.count; t++) {
        memset(one, 0, n * sizeof *one);
        if (importance_of(s, list.objects[t], n, !boosted, one))
            return s->e->code;
        for (size_t i = 0; i < n; i++)
            to[i] += weight ? weight[t] * one[i] : one[i];
    }
    normalize(to, n);
    return MLP_OK;
}

static enum mlp_code own_importance(struct mlp_sk *s, size_t n, double *to)
{
    if (!mlp_sk_has(s, "estimators_"))
        return mlp_sk_bad(s, "its importances are not known here");
    return ensemble_importance(s, n, to);
}

/* numpy.linalg.norm over the classes' coefficients of a feature, order 1, 2 or infinity. */
static enum mlp_code coef_importance(struct mlp_sk *s, size_t n, double order, double *to)
{
    const double *coef;
    size_t m;
    if (mlp_sk_doubles(s, "coef_", 0, &coef, &m))
        return s->e->code;
    if (m % n)
        return mlp_sk_bad(s, "coef_ does not fit the features");
    if (order != 1 && order != 2 && !isinf(order) && m != n)
        return mlp_sk_bad(s, "norm_order is neither 1, 2 nor infinity");
    for (size_t i = 0; i < m; i++) {
        double a = fabs(coef[i]), *v = &to[i % n];
        *v = m == n || order == 1 ? *v + a : order == 2 ? *v + a * a : fmax(*v, a);
    }
    for (size_t i = 0; i < n && m != n && order == 2; i++)
        to[i] = sqrt(to[i]);
    return MLP_OK;
}

/* Where importance_getter leads: "named_steps.clf.coef_" and the like; "auto" stays here. */
static enum mlp_code follow(struct mlp_sk *s, const struct mlp_value **v)
{
    const struct mlp_value *getter = mlp_sk_attr(s, "importance_getter");
    struct mlp_str path = {NULL, 0}, part;
    if (mlp_value_is_none(getter) || mlp_value_text_is(getter, "auto"))
        return MLP_OK;
    if (getter->type != MLP_VALUE_TEXT)
        return mlp_sk_bad(s, "an importance_getter of its own is code, which is not run");
    path = getter->u.s;
    while (mlp_str_find(path, '.') < path.n && mlp_str_split(&path, '.', &part)) {
        char name[100];
        const struct mlp_value *steps = mlp_value_attr(*v, "steps"), *next = NULL;
        mlp_str_copy(part, name, sizeof name);
        if (!mlp_str_is(part, "named_steps")) {
            *v = mlp_value_attr(*v, name);
            continue;
        }
        mlp_str_split(&path, '.', &part);
        mlp_str_copy(part, name, sizeof name);
        for (size_t i = 0; i < mlp_value_count(steps); i++)
            if (mlp_value_text_is(mlp_value_at(mlp_value_at(steps, i), 0), name))
                next = mlp_value_at(mlp_value_at(steps, i), 1);
        *v = next;
    }
    return *v ? MLP_OK : mlp_sk_bad(s, "importance_getter leads nowhere");
}

static enum mlp_code importances(struct mlp_sk *s, const struct mlp_value *estimator, size_t n,
                                 double *to)
{
    double order = mlp_sk_num(s, "norm_order", 1);
    const struct mlp_value *outer = s->self;
    if (follow(s, &estimator))
        return s->e->code;
    s->self = estimator;
    enum mlp_code code =
        mlp_sk_has(s, "coef_") ? coef_importance(s, n, order, to) : MLP_OK;
    bool linear = mlp_sk_has(s, "coef_");
    s->self = outer;
    return linear ? code : importance_of(s, estimator, n, true, to);
}

static bool is_one(const struct mlp_value *v)
{
    double d;
    return mlp_value_f64(v, &d) && fabs(d - 1) <= 1e-5 + 1e-8;
}

/* Estimators whose coefficients an L1 penalty makes zero: their threshold is 1e-5, not the mean. */
static bool makes_zeros(const struct mlp_sk *s, const struct mlp_value *v)
{
    struct mlp_str name = mlp_name_last(mlp_value_name(v));
    bool logistic = mlp_sk_version(s) >= 1008000;
    for (size_t i = 0; i + 5 <= name.n; i++)
        if (mlp_str_starts((struct mlp_str){name.p + i, name.n - i}, "Lasso"))
            return true;
    return mlp_value_text_is(mlp_value_attr(v, "penalty"), "l1") ||
           (mlp_str_is(name, "ElasticNet") && is_one(mlp_value_attr(v, "l1_ratio"))) ||
           (mlp_str_is(name, "ElasticNetCV") && is_one(mlp_value_attr(v, "l1_ratio_"))) ||
           (logistic && mlp_str_is(name, "LogisticRegression") &&
            is_one(mlp_value_attr(v, "l1_ratio")));
}

/* threshold: a number, "mean", "median", "1.25*mean"; by default the mean. */
static enum mlp_code limit_of(struct mlp_sk *s, const double *v, size_t n, double *out)
{
    const struct mlp_value *t = mlp_sk_attr(s, "threshold");
    const struct mlp_value *inner =
        mlp_sk_attr(s, mlp_sk_has(s, "estimator_") ? "estimator_" : "estimator");
    struct mlp_str text = t && t->type == MLP_VALUE_TEXT ? t->u.s : MLP_STR("mean"), part;
    double scale = 1, mean = 0;
    if (mlp_value_f64(t, out))
        return MLP_OK;
    *out = 1e-5;
    if (mlp_value_is_none(t) && makes_zeros(s, inner))
        return MLP_OK;
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
    *out = scale * (mlp_str_is(text, "mean") ? mean : mlp_sk_percentile(s, v, n, 50));
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
        return x->score > y->score ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

/* The `most` largest, the earlier among equals. */
static enum mlp_code keep_largest(struct mlp_sk *s, const double *v, size_t n, double most,
                                  bool *keep)
{
    struct ranked *r = mlp_arena_array(s->tmp, n, sizeof *r);
    if (!r)
        return mlp_err_nomem(s->e);
    for (size_t i = 0; i < n; i++)
        r[i] = (struct ranked){v[i], i};
    qsort(r, n, sizeof *r, by_score);
    for (size_t i = 0; i < n; i++)
        keep[r[i].index] = (double)i < most;
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
    if (importances(s, mlp_sk_attr(s, name), x.n, v) || limit_of(s, v, x.n, &limit) ||
        keep_largest(s, v, x.n, most, keep))
        return s->e->code;
    for (size_t i = 0; i < x.n; i++)
        keep[i] &= v[i] >= limit;
    return mlp_sk_keep_where(s, x, keep, out);
}
