/* sk_boost.c: the scikit-learn wrappers of XGBoost and LightGBM inside pickles. The booster is
 * bytes in the wrapper's state: UBJSON {Config, Model}, or the text model. */
#include "model/boost.h"
#include "model/sk_readers.h"
#include "model/xgboost_binary.h"
#include <math.h>

/* A wrapper's labels: classes_ of its encoder where it has one, 0, 1, ... otherwise. */
static enum mlp_code wrapper_labels(struct mlp_sk *s, const struct mlp_boost *b,
                                    const struct mlp_labels **out)
{
    const struct mlp_value *encoder = mlp_sk_attr(s, "_le");
    const struct mlp_value *classes = mlp_value_attr(encoder, "classes_");
    *out = b->labels;
    if (mlp_value_is_none(classes))
        return MLP_OK;
    if (mlp_sk_labels(s, classes, out))
        return s->e->code;
    return (*out)->n == b->labels->n ? MLP_OK : mlp_sk_bad(s, "classes_ do not fit the booster");
}

static enum mlp_code wrapper_results(struct mlp_sk *s, struct mlp_boost *b, bool classifier,
                                     struct mlp_pred *out)
{
    out->predict_kind = b->predict_kind;
    out->predict = b->predict;
    if (!classifier)
        return MLP_OK;
    if (mlp_boost_classify(s, b))
        return s->e->code;
    if (!b->labels) {
        out->predict = b->label;
        out->predict_kind = MLP_OUT_INT;
        out->proba = b->proba;
        out->proba_kind = b->predict_kind;
        return MLP_OK;
    }
    out->labels = mlp_arena_array(s->keep, 1, sizeof *out->labels);
    if (!out->labels)
        return mlp_err_nomem(s->e);
    out->nlabels = 1;
    out->predict_kind = MLP_OUT_LABEL;
    out->predict = b->label;
    out->proba = b->proba;
    out->proba_kind = b->predict_kind;
    return wrapper_labels(s, b, &out->labels[0]);
}

/* The number that means missing becomes NaN; XGBoost looks for it among float32. */
static enum mlp_code mark_missing(struct mlp_sk *s, struct mlp_cols *x)
{
    double missing = (double)(float)mlp_sk_num(s, "missing", NAN);
    if (isnan(missing))
        return MLP_OK;
    if (mlp_sk_map(s, MLP_FN_FLOAT32, *x, x))
        return s->e->code;
    double *nan = mlp_arena_array(s->keep, x->n, sizeof *nan);
    for (size_t i = 0; nan && i < x->n; i++)
        nan[i] = NAN;
    struct mlp_impute p = {nan, missing};
    void *params = nan ? mlp_sk_params(s, &p, sizeof p) : NULL;
    return params ? mlp_sk_node(s, &mlp_op_impute, params, *x, x->n, x) : mlp_err_nomem(s->e);
}

static bool is_classifier(const struct mlp_sk *s)
{
    struct mlp_str name = mlp_name_last(mlp_value_name(s->self));
    return mlp_str_ends(name, "Classifier");
}

enum mlp_code mlp_read_xgb_wrapper(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    const struct mlp_jval *model;
    struct mlp_boost b = {.is_classifier = false};
    if (mlp_xgb_pickled(s, s->self, &model) || mark_missing(s, &x) ||
        mlp_xgb_read(s, model, x, true, &b))
        return s->e->code;
    return wrapper_results(s, &b, is_classifier(s), out);
}

static const struct mlp_value *booster_of(const struct mlp_value *v)
{
    return mlp_boost_is_booster(v) ? v : mlp_value_attr(v, "_Booster");
}

bool mlp_boost_is_booster(const struct mlp_value *root)
{
    struct mlp_str name = mlp_value_name(root);
    return mlp_str_is(name, "xgboost.core.Booster") || mlp_str_is(name, "lightgbm.basic.Booster");
}

enum mlp_code mlp_xgb_pickled(struct mlp_sk *s, const struct mlp_value *wrapper,
                              const struct mlp_jval **model)
{
    const struct mlp_value *booster = booster_of(wrapper);
    const struct mlp_value *handle = mlp_value_attr(booster, "handle");
    struct mlp_str bytes;
    struct mlp_jval *root;
    if (!mlp_value_bytes(handle, s->tmp, &bytes))
        return mlp_sk_bad(s, "it has no booster (not fitted?)");
    bool binary = mlp_is_xgboost_binary(bytes);
    if (binary ? mlp_jdoc_xgboost_binary(bytes, s->tmp, &root, s->e)
               : mlp_jdoc_ubjson(bytes, s->tmp, &root, s->e))
        return mlp_err_wrap(s->e, "the booster");
    const struct mlp_jval *inner = mlp_jval_get(root, "Model");
    *model = inner ? inner : root;
    return MLP_OK;
}

enum mlp_code mlp_lgb_pickled(struct mlp_sk *s, const struct mlp_value *wrapper,
                              struct mlp_str *text)
{
    const struct mlp_value *booster = booster_of(wrapper);
    const struct mlp_value *v = mlp_value_attr(booster, "_handle");
    if (mlp_value_is_none(v))
        v = mlp_value_attr(booster, "handle");
    if (!v || v->type != MLP_VALUE_TEXT)
        return mlp_sk_bad(s, "it has no booster (not fitted?)");
    *text = v->u.s;
    return MLP_OK;
}

enum mlp_code mlp_read_lgb_wrapper(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    struct mlp_str text;
    struct mlp_boost b;
    const struct mlp_value *booster = mlp_sk_attr(s, "_Booster");
    double best = 0;
    if (!mlp_value_f64(mlp_value_attr(booster, "best_iteration"), &best))
        best = 0;
    if (mlp_lgb_pickled(s, s->self, &text) ||
        mlp_lgb_read(s, text, x, best > 0 ? (size_t)best : 0, &b))
        return s->e->code;
    /* Its decision_function, since 4.6, is the raw score. */
    if (is_classifier(s))
        out->decision = b.margin;
    return wrapper_results(s, &b, is_classifier(s), out);
}
