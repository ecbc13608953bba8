/* sk_linear.c: linear models: regressors, generalised linear models, classifiers. */
#include "model/sk_parts.h"
#include <math.h>

/* coef_ (k rows, or one vector) and intercept_ (one value, k values, or none) as a node. */
static enum mlp_code decision(struct mlp_sk *s, struct mlp_cols x, struct mlp_cols *out)
{
    const double *coef, *b = NULL;
    double *intercept;
    size_t n, nb = 0;
    if (mlp_sk_width(s, x) || mlp_sk_doubles(s, "coef_", 0, &coef, &n))
        return s->e->code;
    size_t k = n / x.n;
    if (k == 0 || n % x.n)
        return mlp_sk_bad(s, "coef_ has %zu values for %zu features", n, x.n);
    if (mlp_sk_has(s, "intercept_") && mlp_sk_doubles(s, "intercept_", 0, &b, &nb))
        return s->e->code;
    intercept = mlp_arena_array64(s->keep, k, sizeof *intercept);
    if (!intercept)
        return mlp_err_nomem(s->e);
    if (nb != 0 && nb != 1 && nb != k)
        return mlp_sk_bad(s, "intercept_ has %zu values for %zu outputs", nb, k);
    for (size_t i = 0; i < k; i++)
        intercept[i] = nb == 0 ? 0 : b[nb == 1 ? 0 : i];
    return mlp_sk_linear(s, x, coef, k, intercept, out);
}

enum mlp_code mlp_read_linear_regression(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    out->predict_kind = MLP_OUT_F64;
    return decision(s, x, &out->predict);
}

/* Poisson and gamma have a log link; Tweedie's depends: "auto" is log from power 1 up. */
enum mlp_code mlp_read_glm(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    struct mlp_cols raw;
    bool tweedie = mlp_value_is_a(s->self, "TweedieRegressor");
    bool identity = mlp_sk_is(s, "link", "identity") ||
                    (mlp_sk_is(s, "link", "auto") && mlp_sk_num(s, "power", 0) <= 0);
    out->predict_kind = MLP_OUT_F64;
    if (decision(s, x, &raw))
        return s->e->code;
    if (tweedie && identity) {
        out->predict = raw;
        return MLP_OK;
    }
    return mlp_sk_map(s, MLP_FN_EXP, raw, &out->predict);
}

/* decision_function and predict, which all linear classifiers share. */
static enum mlp_code classify(struct mlp_sk *s, struct mlp_cols x, const struct mlp_labels **labels,
                              struct mlp_pred *out)
{
    /* RidgeClassifier keeps them in its binarizer. */
    const struct mlp_value *binarizer = mlp_sk_attr(s, "_label_binarizer");
    bool own = mlp_sk_has(s, "classes_");
    if (own || !binarizer ? mlp_sk_classes(s, "classes_", labels)
                          : mlp_sk_labels(s, mlp_value_attr(binarizer, "classes_"), labels))
        return s->e->code;
    if (decision(s, x, &out->decision))
        return s->e->code;
    struct mlp_above zero = {0, false};
    if (out->decision.n == 1)
        return mlp_sk_pick_above(s, out->decision, zero, *labels, out);
    return mlp_sk_pick(s, out->decision, *labels, out);
}

enum mlp_code mlp_read_linear_classifier(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    const struct mlp_labels *labels;
    const struct mlp_value *type = mlp_value_attr(mlp_sk_attr(s, "_label_binarizer"), "y_type_");
    if (type && type->type == MLP_VALUE_TEXT && mlp_str_starts(type->u.s, "multilabel")) {
        out->predict_kind = MLP_OUT_INT;
        return decision(s, x, &out->decision)
                   ? s->e->code
                   : mlp_sk_above(s, out->decision, 0, &out->predict);
    }
    return classify(s, x, &labels, out);
}

/* SGDOneClassSVM: the score less offset_; inliers are at or above 0. */
enum mlp_code mlp_read_sgd_one_class(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    const double *coef, *offset;
    double *zero = mlp_arena_array64(s->keep, 1, sizeof *zero);
    if (!zero)
        return mlp_err_nomem(s->e);
    if (mlp_sk_width(s, x) || mlp_sk_doubles(s, "coef_", x.n, &coef, NULL) ||
        mlp_sk_doubles(s, "offset_", 1, &offset, NULL) ||
        mlp_sk_linear(s, x, coef, 1, zero, &out->score) ||
        mlp_sk_affine(s, out->score, 1, -offset[0], &out->decision))
        return s->e->code;
    return mlp_sk_inliers(s, out->decision, true, out);
}

/* Estimators that answer with the one that they ended up with: RANSAC, self-training. */
enum mlp_code mlp_read_inner(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    const char *name = mlp_sk_has(s, "estimator_") ? "estimator_" : "base_estimator_";
    return mlp_sk_child(s, mlp_sk_attr(s, name), x, out, "%s", name);
}

/* Sigmoid of every column, over their sum (one versus the rest). */
enum mlp_code mlp_sk_sigmoid_proba(struct mlp_sk *s, struct mlp_cols d, struct mlp_cols *out)
{
    struct mlp_cols p;
    struct mlp_share share = {false};
    if (mlp_sk_map(s, MLP_FN_SIGMOID, d, &p))
        return s->e->code;
    if (d.n == 1)
        return mlp_sk_node(s, &mlp_op_pair, NULL, p, 2, out);
    void *params = mlp_sk_params(s, &share, sizeof share);
    return params ? mlp_sk_node(s, &mlp_op_share, params, p, p.n, out) : s->e->code;
}

/* softmax of (-d, d) for two classes, of the decision for more. */
static enum mlp_code multinomial(struct mlp_sk *s, struct mlp_cols d, struct mlp_cols *out)
{
    struct mlp_cols both;
    if (d.n == 1) {
        if (mlp_sk_map(s, MLP_FN_NEGATIVE, d, &both) || mlp_cols_join(s->g, &both, &d, s->e))
            return s->e->code;
        d = both;
    }
    return mlp_sk_node(s, &mlp_op_softmax, NULL, d, d.n, out);
}

/* LogisticRegression.predict_proba: until 1.7 multi_class decides, after that the number of
 * classes (liblinear, and newton-cholesky until 1.5, are always one versus the rest). */
static bool one_versus_rest(const struct mlp_sk *s, size_t nclasses)
{
    bool liblinear =
        mlp_sk_is(s, "solver", "liblinear") ||
        (mlp_sk_is(s, "solver", "newton-cholesky") && mlp_sk_version(s) < 1006000);
    if (mlp_sk_is(s, "multi_class", "ovr"))
        return true;
    if (mlp_sk_is(s, "multi_class", "multinomial"))
        return false;
    return nclasses <= 2 || liblinear;
}

enum mlp_code mlp_read_logistic(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    const struct mlp_labels *labels;
    if (classify(s, x, &labels, out))
        return s->e->code;
    if (one_versus_rest(s, labels->n))
        return mlp_sk_sigmoid_proba(s, out->decision, &out->proba);
    return multinomial(s, out->decision, &out->proba);
}

/* modified_huber: (clip(d, -1, 1) + 1) / 2, over the sum for more than two classes, 1 / k each
 * when all are 0. */
static enum mlp_code huber_proba(struct mlp_sk *s, struct mlp_cols d, struct mlp_cols *out)
{
    double *half = mlp_arena_array64(s->keep, 2 * d.n, sizeof *half);
    if (!half)
        return mlp_err_nomem(s->e);
    struct mlp_cols clipped, p;
    struct mlp_scale clip = {.clip = true, .lo = -1, .hi = 1};
    for (size_t i = 0; i < d.n; i++) {
        half[i] = 0.5;
        half[d.n + i] = 2;
    }
    struct mlp_scale shift = {.div = half + d.n, .add = half};
    struct mlp_share share = {true};
    void *a = mlp_sk_params(s, &clip, sizeof clip), *b = mlp_sk_params(s, &shift, sizeof shift);
    void *c = mlp_sk_params(s, &share, sizeof share);
    if (!a || !b || !c || mlp_sk_node(s, &mlp_op_scale, a, d, d.n, &clipped) ||
        mlp_sk_node(s, &mlp_op_scale, b, clipped, d.n, &p))
        return s->e->code;
    return d.n == 1 ? mlp_sk_node(s, &mlp_op_pair, NULL, p, 2, out)
                    : mlp_sk_node(s, &mlp_op_share, c, p, p.n, out);
}

enum mlp_code mlp_read_sgd_classifier(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    const struct mlp_labels *labels;
    if (classify(s, x, &labels, out))
        return s->e->code;
    if (mlp_sk_is(s, "loss", "log_loss") || mlp_sk_is(s, "loss", "log"))
        return mlp_sk_sigmoid_proba(s, out->decision, &out->proba);
    if (mlp_sk_is(s, "loss", "modified_huber"))
        return huber_proba(s, out->decision, &out->proba);
    return MLP_OK;
}
