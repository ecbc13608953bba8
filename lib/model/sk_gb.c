/* sk_gb.c: GradientBoostingClassifier and GradientBoostingRegressor.
 *
 * raw = start + learning_rate * (tree by tree, in order), in double. The start comes from init_:
 * class priors through the link, a constant, nothing ("zero"), or another estimator over x in
 * float32. */
#include "model/sk_parts.h"
#include "model/sk_trees.h"
#include <float.h>
#include <math.h>

static bool exponential(const struct mlp_sk *s)
{
    return mlp_sk_is(s, "loss", "exponential");
}

/* Probabilities are kept off 0 and 1: by float32's rounding, from 1.8 on by float64's. */
static double margin(const struct mlp_sk *s)
{
    return mlp_sk_version(s) >= 1008000 ? DBL_EPSILON : (double)FLT_EPSILON;
}

static double clip_prior(double p, double eps)
{
    return p < eps ? eps : p > 1 - eps ? 1 - eps : p;
}

/* Priors to raw values: logit (half of it for exponential) for two classes; log for more, from
 * 1.4 on less its mean. */
static void link_priors(const struct mlp_sk *s, const double *prior, size_t k, double *base)
{
    if (k == 1) {
        double p = clip_prior(prior[1], margin(s));
        base[0] = (exponential(s) ? 0.5 : 1.0) * log(p / (1 - p));
        return;
    }
    double mean = 0;
    for (size_t i = 0; i < k; i++)
        mean += base[i] = log(clip_prior(prior[i], margin(s)));
    for (size_t i = 0; i < k && mlp_sk_version(s) >= 1004000; i++)
        base[i] -= mean / (double)k;
}

static enum mlp_code prior_base(struct mlp_sk *s, const struct mlp_value *init, size_t k,
                                double *base)
{
    struct mlp_nd nd;
    size_t want = k == 1 ? 2 : k;
    if (mlp_nd_read(mlp_value_attr(init, "class_prior_"), s->tmp, &nd, s->e))
        return mlp_err_wrap(s->e, "init_.class_prior_");
    if (nd.count != want)
        return mlp_sk_bad(s, "init_ has %zu priors for %zu classes", nd.count, want);
    const double *prior = mlp_nd_doubles(&nd, s->tmp, s->e);
    if (!prior)
        return s->e->code;
    link_priors(s, prior, k, base);
    return MLP_OK;
}

/* Probabilities, clipped, through the link: logit (half of it for exponential) for two classes;
 * log for more, from 1.4 on less its mean. */
static enum mlp_code link_proba(struct mlp_sk *s, struct mlp_cols proba, size_t k,
                                struct mlp_cols *out)
{
    double eps = margin(s);
    if (k == 1 && proba.n == 2)
        proba = mlp_cols_slice(proba, 1, 1);
    if (proba.n != k)
        return mlp_sk_bad(s, "init_ has %zu probabilities for %zu classes", proba.n, k);
    if (mlp_sk_clip(s, proba, eps, 1 - eps, &proba) ||
        mlp_sk_map(s, k == 1 ? MLP_FN_LOGIT : MLP_FN_LOG, proba, out))
        return s->e->code;
    if (k == 1)
        return exponential(s) ? mlp_sk_affine(s, *out, 0.5, 0, out) : MLP_OK;
    return mlp_sk_version(s) < 1004000 ? MLP_OK
                                       : mlp_sk_node(s, &mlp_op_centre, NULL, *out, k, out);
}

static enum mlp_code constant_base(struct mlp_sk *s, const struct mlp_value *init, double *base)
{
    struct mlp_nd nd;
    if (mlp_nd_read(mlp_value_attr(init, "constant_"), s->tmp, &nd, s->e))
        return mlp_err_wrap(s->e, "init_.constant_");
    if (nd.count != 1)
        return mlp_sk_bad(s, "init_ has %zu constants", nd.count);
    base[0] = mlp_nd_f64(&nd, 0, NULL);
    return MLP_OK;
}

/* Another estimator as start: its answers become further columns of the trees' input. */
static enum mlp_code estimator_base(struct mlp_sk *s, const struct mlp_value *init, size_t k,
                                    struct mlp_cols *x)
{
    struct mlp_cols narrow, start;
    struct mlp_pred p;
    if (mlp_sk_map(s, MLP_FN_FLOAT32, *x, &narrow) ||
        mlp_sk_child(s, init, narrow, &p, "init_"))
        return s->e->code;
    start = p.predict;
    if (mlp_sk_has(s, "classes_") && link_proba(s, p.proba, k, &start))
        return s->e->code;
    if (start.n != k)
        return mlp_sk_bad(s, "init_ does not give a value for each class");
    return mlp_cols_join(s->g, x, &start, s->e);
}

static enum mlp_code read_base(struct mlp_sk *s, size_t k, struct mlp_cols *x, double *base)
{
    const struct mlp_value *init = mlp_sk_attr(s, "init_");
    if (mlp_value_is_none(init) || mlp_value_text_is(init, "zero"))
        return MLP_OK;
    if (mlp_value_is_a(init, "DummyClassifier") &&
        mlp_value_text_is(mlp_value_attr(init, "strategy"), "prior"))
        return prior_base(s, init, k, base);
    if (mlp_value_is_a(init, "DummyRegressor") && k == 1)
        return constant_base(s, init, base);
    return estimator_base(s, init, k, x);
}

static enum mlp_code add_stages(struct mlp_sk *s, struct mlp_forest_builder *b,
                                const struct mlp_nd *stages, size_t k)
{
    double rate = mlp_sk_num(s, "learning_rate", NAN);
    if (isnan(rate))
        return mlp_sk_bad(s, "learning_rate cannot be read");
    for (size_t i = 0; i < stages->count; i++) {
        struct mlp_tree_plan p = {MLP_LEAF_RAW, 1, NULL, rate, (uint32_t)(i % k), NULL};
        if (mlp_sk_add_tree(s, b, stages->objects[i], &p, NULL))
            return s->e->code;
    }
    return MLP_OK;
}

/* raw values: one column for two classes and for regression, else one a class. */
static enum mlp_code read_raw(struct mlp_sk *s, struct mlp_cols x, struct mlp_cols *raw)
{
    struct mlp_nd stages;
    struct mlp_forest_builder b;
    if (mlp_sk_width(s, x) || mlp_sk_estimators(s, "estimators_", &stages))
        return s->e->code;
    size_t k = stages.ndim == 2 ? stages.shape[1] : 0, nfeatures = x.n;
    double *base = mlp_arena_array(s->tmp, k, sizeof *base);
    if (!base)
        return mlp_err_nomem(s->e);
    if (k == 0 || stages.fortran)
        return mlp_sk_bad(s, "estimators_ has no stages");
    if (read_base(s, k, &x, base))
        return s->e->code;
    struct mlp_forest_spec spec = {.nfeatures = (uint32_t)nfeatures, .noutputs = (uint32_t)k,
                                   .value_width = 1, .float32 = true,
                                   .explain = s->g->explain};
    mlp_forest_begin(&b, &spec, s->keep);
    if (add_stages(s, &b, &stages, k)) {
        mlp_forest_drop(&b);
        return s->e->code;
    }
    return mlp_sk_trees(s, &b, base, x, false, raw);
}

enum mlp_code mlp_read_gradient_regressor(struct mlp_sk *s, struct mlp_cols x,
                                          struct mlp_pred *out)
{
    out->predict_kind = MLP_OUT_F64;
    return read_raw(s, x, &out->predict);
}

enum mlp_code mlp_read_gradient_classifier(struct mlp_sk *s, struct mlp_cols x,
                                           struct mlp_pred *out)
{
    const struct mlp_labels *labels;
    struct mlp_cols p;
    if (mlp_sk_classes(s, "classes_", &labels) || read_raw(s, x, &out->decision))
        return s->e->code;
    struct mlp_cols raw = out->decision;
    if (raw.n > 1)
        return mlp_sk_node(s, &mlp_op_softmax, NULL, raw, raw.n, &out->proba)
                   ? s->e->code
                   : mlp_sk_pick(s, raw, labels, out);
    struct mlp_above at_zero = {0, true};
    if (mlp_sk_map(s, exponential(s) ? MLP_FN_HALF_SIGMOID : MLP_FN_SIGMOID, raw, &p) ||
        mlp_sk_node(s, &mlp_op_pair, NULL, p, 2, &out->proba))
        return s->e->code;
    return mlp_sk_pick_above(s, raw, at_zero, labels, out);
}
