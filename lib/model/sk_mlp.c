/* sk_mlp.c: MLPClassifier and MLPRegressor: linear layers with a function between. */
#include "model/ops_est.h"
#include "model/sk_readers.h"

static enum mlp_code activation(struct mlp_sk *s, const char *name, enum mlp_fn *fn)
{
    static const struct {
        const char *name;
        enum mlp_fn fn;
    } known[] = {{"identity", MLP_FN_IDENTITY}, {"logistic", MLP_FN_SIGMOID},
                 {"tanh", MLP_FN_TANH}, {"relu", MLP_FN_RELU}, {"softmax", MLP_FN_IDENTITY},
                 {"exp", MLP_FN_EXP}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (mlp_sk_is(s, name, known[i].name)) {
            *fn = known[i].fn;
            return MLP_OK;
        }
    return mlp_sk_bad(s, "%s is not known", name);
}

/* Layer i: coefs_[i] is inputs x outputs, as the operation wants it. */
static enum mlp_code layer(struct mlp_sk *s, size_t i, struct mlp_cols x, struct mlp_cols *out)
{
    struct mlp_nd w, b;
    if (mlp_nd_read(mlp_value_at(mlp_sk_attr(s, "coefs_"), i), s->tmp, &w, s->e) ||
        mlp_nd_read(mlp_value_at(mlp_sk_attr(s, "intercepts_"), i), s->tmp, &b, s->e))
        return s->e->code;
    if (w.ndim != 2 || w.shape[0] != x.n || b.count != w.shape[1])
        return mlp_sk_bad(s, "coefs_[%zu] does not fit what flows in", i);
    struct mlp_linear p = {mlp_nd_doubles(&w, s->keep, s->e), mlp_nd_doubles(&b, s->keep, s->e)};
    void *params = p.weight && p.bias ? mlp_sk_params(s, &p, sizeof p) : NULL;
    if (!params)
        return s->e->code;
    return i == 0 ? mlp_sk_finite(s, &mlp_op_linear, params, x, b.count, out)
                  : mlp_sk_node(s, &mlp_op_linear, params, x, b.count, out);
}

static enum mlp_code network(struct mlp_sk *s, struct mlp_cols x, struct mlp_cols *out)
{
    size_t n = mlp_value_count(mlp_sk_attr(s, "coefs_"));
    enum mlp_fn inner, outer;
    if (mlp_sk_width(s, x) || activation(s, "activation", &inner) ||
        activation(s, "out_activation_", &outer))
        return s->e->code;
    if (!n)
        return mlp_sk_bad(s, "it has no coefs_ (not fitted?)");
    for (size_t i = 0; i < n; i++) {
        enum mlp_fn fn = i + 1 < n ? inner : outer;
        if (layer(s, i, x, &x) || (fn != MLP_FN_IDENTITY && mlp_sk_map(s, fn, x, &x)))
            return s->e->code;
    }
    if (mlp_sk_is(s, "out_activation_", "softmax"))
        return mlp_sk_node(s, &mlp_op_softmax, NULL, x, x.n, out);
    *out = x;
    return MLP_OK;
}

enum mlp_code mlp_read_mlp_regressor(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    out->predict_kind = MLP_OUT_F64;
    return network(s, x, &out->predict);
}

enum mlp_code mlp_read_mlp_classifier(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    const struct mlp_labels *labels;
    struct mlp_cols y;
    struct mlp_above half = {0.5, false};
    const struct mlp_value *binarizer = mlp_sk_attr(s, "_label_binarizer");
    if (mlp_sk_labels(s, mlp_value_attr(binarizer, "classes_"), &labels) || network(s, x, &y))
        return s->e->code;
    if (mlp_sk_is(s, "out_activation_", "softmax")) {
        out->proba = y;
        return mlp_sk_pick(s, y, labels, out);
    }
    if (y.n == 1)
        return mlp_sk_node(s, &mlp_op_pair, NULL, y, 2, &out->proba)
                   ? s->e->code
                   : mlp_sk_pick_above(s, y, half, labels, out);
    /* Several labels at once. */
    void *params = mlp_sk_params(s, &half, sizeof half);
    out->proba = y;
    out->predict_kind = MLP_OUT_INT;
    return params ? mlp_sk_node(s, &mlp_op_above, params, y, y.n, &out->predict) : s->e->code;
}
