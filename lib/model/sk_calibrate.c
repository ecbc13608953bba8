/* sk_calibrate.c: CalibratedClassifierCV: scores through a sigmoid or an isotonic curve, the mean
 * over folds. */
#include "model/ops_est.h"
#include "model/sk_parts.h"
#include <math.h>

static enum mlp_code sigmoid_column(struct mlp_sk *s, struct mlp_cols x, struct mlp_cols *out)
{
    struct mlp_cols z;
    double a = mlp_sk_num(s, "a_", NAN), b = mlp_sk_num(s, "b_", NAN);
    if (isnan(a) || isnan(b))
        return mlp_sk_bad(s, "it has no a_ and b_");
    return mlp_sk_affine(s, x, -a, -b, &z) ? s->e->code : mlp_sk_map(s, MLP_FN_SIGMOID, z, out);
}

enum mlp_code mlp_sk_isotonic(struct mlp_sk *s, struct mlp_cols x, struct mlp_cols *out)
{
    struct mlp_curve p = {.clip = mlp_sk_is(s, "out_of_bounds", "clip")};
    if (mlp_sk_doubles(s, "X_thresholds_", 0, &p.x, &p.n) ||
        mlp_sk_doubles(s, "y_thresholds_", p.n, &p.y, NULL))
        return s->e->code;
    if (!p.n)
        return mlp_sk_bad(s, "X_thresholds_ is empty");
    if (!p.clip && !mlp_sk_is(s, "out_of_bounds", "nan"))
        return mlp_sk_bad(s, "out_of_bounds is neither nan nor clip");
    void *params = mlp_sk_params(s, &p, sizeof p);
    return params ? mlp_sk_node(s, &mlp_op_curve, params, x, x.n, out) : s->e->code;
}

enum mlp_code mlp_read_isotonic(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    out->predict_kind = MLP_OUT_F64;
    if (x.n != 1)
        return mlp_sk_bad(s, "it takes one feature");
    if (mlp_sk_isotonic(s, x, &out->predict))
        return s->e->code;
    out->transform = out->predict;
    out->is_transform = true;
    return MLP_OK;
}

static enum mlp_code calibrate(struct mlp_sk *s, const struct mlp_value *calibrator,
                               struct mlp_cols x, struct mlp_cols *out)
{
    const struct mlp_value *outer = s->self;
    s->self = calibrator;
    enum mlp_code code = mlp_value_is_a(calibrator, "_SigmoidCalibration")
                             ? sigmoid_column(s, x, out)
                         : mlp_value_is_a(calibrator, "IsotonicRegression")
                             ? mlp_sk_isotonic(s, x, out)
                             : mlp_sk_bad(s, "a calibrator that is not known");
    s->self = outer;
    return code;
}

/* What the calibrators take: the decision, else the probabilities (the second of two). */
static struct mlp_cols response(const struct mlp_pred *p)
{
    if (p->decision.n)
        return p->decision;
    return p->proba.n == 2 ? mlp_cols_slice(p->proba, 1, 1) : p->proba;
}

/* Shares of their sum, and nothing above 1. */
static enum mlp_code finish(struct mlp_sk *s, struct mlp_cols all, struct mlp_cols *out)
{
    struct mlp_share share = {true};
    struct mlp_scale top = {.clip = true, .lo = -(double)INFINITY, .hi = 1};
    void *a = mlp_sk_params(s, &share, sizeof share), *b = mlp_sk_params(s, &top, sizeof top);
    if (!a || !b)
        return s->e->code;
    if (all.n == 1)
        return mlp_sk_node(s, &mlp_op_pair, NULL, all, 2, out);
    return mlp_sk_node(s, &mlp_op_share, a, all, all.n, &all)
               ? s->e->code
               : mlp_sk_node(s, &mlp_op_scale, b, all, all.n, out);
}

/* Temperature scaling (1.8 on): logits times beta_, softmax; of probabilities the logarithm, of one
 * decision (-d, d) (_convert_to_logits). */
static enum mlp_code temperature(struct mlp_sk *s, const struct mlp_value *calibrator,
                                 const struct mlp_pred *p, struct mlp_cols *out)
{
    double beta;
    struct mlp_cols logits = p->decision, minus;
    if (!mlp_value_f64(mlp_value_attr(calibrator, "beta_"), &beta))
        return mlp_sk_bad(s, "a calibrator has no beta_");
    if (!logits.n && (mlp_sk_affine(s, p->proba, 1, 1e-12, &logits) ||
                      mlp_sk_map(s, MLP_FN_LOG, logits, &logits)))
        return s->e->code;
    if (logits.n == 1) {
        if (mlp_sk_map(s, MLP_FN_NEGATIVE, logits, &minus) ||
            mlp_cols_join(s->g, &minus, &logits, s->e))
            return s->e->code;
        logits = minus;
    }
    if (mlp_sk_affine(s, logits, beta, 0, &logits))
        return s->e->code;
    return mlp_sk_node(s, &mlp_op_softmax, NULL, logits, logits.n, out);
}

/* The columns of an inner estimator, which may not have seen all classes, among all of them. */
static enum mlp_code place_classes(struct mlp_sk *s, const struct mlp_pred *p,
                                   const struct mlp_labels *labels, struct mlp_cols *all)
{
    double *at = mlp_arena_array(s->tmp, labels->n, sizeof *at);
    struct mlp_labels found = {.n = all->n, .number = at};
    struct mlp_pred placed = {.proba = *all, .nlabels = 1};
    const struct mlp_labels *one = &found;
    if (!at || p->nlabels != 1 || p->labels[0]->n != all->n || labels->n < all->n)
        return at ? mlp_sk_bad(s, "calibrators do not fit the classes") : mlp_err_nomem(s->e);
    for (size_t i = 0; i < all->n; i++)
        at[i] = mlp_sk_position(labels, p->labels[0], i);
    placed.labels = &one;
    return mlp_sk_spread(s, &placed, labels->n, all);
}

/* One _CalibratedClassifier. */
static enum mlp_code fold(struct mlp_sk *s, struct mlp_cols x, const struct mlp_labels *labels,
                          struct mlp_cols *out)
{
    const struct mlp_value *inner = mlp_sk_attr(s, "estimator");
    const struct mlp_value *calibrators = mlp_sk_attr(s, "calibrators");
    struct mlp_pred p;
    struct mlp_cols all = {NULL, 0}, one;
    if (!inner)
        inner = mlp_sk_attr(s, "base_estimator");
    if (mlp_sk_child(s, inner, x, &p, "estimator"))
        return s->e->code;
    if (mlp_value_is_a(mlp_value_at(calibrators, 0), "_TemperatureScaling"))
        return temperature(s, mlp_value_at(calibrators, 0), &p, out);
    struct mlp_cols score = response(&p);
    if (score.n != mlp_value_count(calibrators))
        return mlp_sk_bad(s, "calibrators do not fit the classes");
    for (size_t i = 0; i < score.n; i++)
        if (calibrate(s, mlp_value_at(calibrators, i), mlp_cols_slice(score, i, 1), &one) ||
            mlp_cols_join(s->g, &all, &one, s->e))
            return s->e->code;
    if (labels->n > 2 && place_classes(s, &p, labels, &all))
        return s->e->code;
    return finish(s, all, out);
}

enum mlp_code mlp_read_calibrated(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    const struct mlp_value *list = mlp_sk_attr(s, "calibrated_classifiers_"), *outer = s->self;
    const struct mlp_labels *labels;
    struct mlp_cols all = {NULL, 0}, one;
    size_t n = mlp_value_count(list);
    if (mlp_sk_classes(s, "classes_", &labels))
        return s->e->code;
    if (!n)
        return mlp_sk_bad(s, "it has no calibrated_classifiers_");
    for (size_t i = 0; i < n; i++) {
        s->self = mlp_value_at(list, i);
        enum mlp_code code = fold(s, x, labels, &one);
        s->self = outer;
        if (code || mlp_cols_join(s->g, &all, &one, s->e))
            return s->e->code;
    }
    struct mlp_mix p = {n, NULL, (double)n};
    void *params = mlp_sk_params(s, &p, sizeof p);
    if (!params || mlp_sk_node(s, &mlp_op_mix, params, all, labels->n, &out->proba))
        return s->e->code;
    return mlp_sk_pick(s, out->proba, labels, out);
}
