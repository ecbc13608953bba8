/* sk_target.c: TransformedTargetRegressor, and the transformers that it turns round: each formula
 * is the class's own inverse_transform. */
#include "model/ops_shape.h"
#include "model/sk_parts.h"

static enum mlp_code scale(struct mlp_sk *s, const struct mlp_scale *p, struct mlp_cols y,
                           struct mlp_cols *out)
{
    *out = y;
    if (!p->sub && !p->div && !p->mul && !p->add)
        return MLP_OK;
    void *params = mlp_sk_params(s, p, sizeof *p);
    return params ? mlp_sk_node(s, &mlp_op_scale, params, y, y.n, out) : s->e->code;
}

static enum mlp_code optional(struct mlp_sk *s, const char *name, bool on, size_t n,
                              const double **out)
{
    return on && mlp_sk_has(s, name) ? mlp_sk_doubles(s, name, n, out, NULL) : MLP_OK;
}

static enum mlp_code invert_standard(struct mlp_sk *s, struct mlp_cols y, struct mlp_cols *out)
{
    struct mlp_scale p = {0};
    if (optional(s, "scale_", mlp_sk_flag(s, "with_std", true), y.n, &p.mul) ||
        optional(s, "mean_", mlp_sk_flag(s, "with_mean", true), y.n, &p.add))
        return s->e->code;
    return scale(s, &p, y, out);
}

static enum mlp_code invert_minmax(struct mlp_sk *s, struct mlp_cols y, struct mlp_cols *out)
{
    struct mlp_scale p = {0};
    if (mlp_sk_doubles(s, "min_", y.n, &p.sub, NULL) ||
        mlp_sk_doubles(s, "scale_", y.n, &p.div, NULL))
        return s->e->code;
    return scale(s, &p, y, out);
}

static enum mlp_code invert_maxabs(struct mlp_sk *s, struct mlp_cols y, struct mlp_cols *out)
{
    struct mlp_scale p = {0};
    if (mlp_sk_doubles(s, "scale_", y.n, &p.mul, NULL))
        return s->e->code;
    return scale(s, &p, y, out);
}

static enum mlp_code invert_robust(struct mlp_sk *s, struct mlp_cols y, struct mlp_cols *out)
{
    struct mlp_scale p = {0};
    if (optional(s, "scale_", mlp_sk_flag(s, "with_scaling", true), y.n, &p.mul) ||
        optional(s, "center_", mlp_sk_flag(s, "with_centering", true), y.n, &p.add))
        return s->e->code;
    return scale(s, &p, y, out);
}

static enum mlp_code invert_quantile(struct mlp_sk *s, struct mlp_cols y, struct mlp_cols *out)
{
    struct mlp_quantiles p;
    if (mlp_sk_read_quantiles(s, y.n, &p))
        return s->e->code;
    p.inverse = true;
    void *params = mlp_sk_params(s, &p, sizeof p);
    return params ? mlp_sk_node(s, &mlp_op_quantiles, params, y, y.n, out) : s->e->code;
}

static enum mlp_code invert_power(struct mlp_sk *s, struct mlp_cols y, struct mlp_cols *out)
{
    struct mlp_power p = {.box_cox = mlp_sk_is(s, "method", "box-cox"), .inverse = true};
    if (mlp_sk_doubles(s, "lambdas_", y.n, &p.lambda, NULL) ||
        (mlp_sk_flag(s, "standardize", true) &&
         mlp_sk_invert(s, mlp_sk_attr(s, "_scaler"), y, &y)))
        return s->e->code;
    void *params = mlp_sk_params(s, &p, sizeof p);
    return params ? mlp_sk_node(s, &mlp_op_power, params, y, y.n, out) : s->e->code;
}

static enum mlp_code invert_function(struct mlp_sk *s, struct mlp_cols y, struct mlp_cols *out)
{
    return mlp_sk_function(s, mlp_sk_attr(s, "inverse_func"), mlp_sk_attr(s, "inv_kw_args"), y,
                           out);
}

static enum mlp_code invert_pipeline(struct mlp_sk *s, struct mlp_cols y, struct mlp_cols *out)
{
    const struct mlp_value *steps = mlp_sk_attr(s, "steps");
    *out = y;
    for (size_t i = mlp_value_count(steps); i-- > 0;) {
        const struct mlp_value *step = mlp_value_at(mlp_value_at(steps, i), 1);
        if (mlp_value_is_none(step) || mlp_value_text_is(step, "passthrough"))
            continue;
        if (mlp_sk_invert(s, step, *out, out))
            return s->e->code;
    }
    return MLP_OK;
}

enum mlp_code mlp_sk_invert(struct mlp_sk *s, const struct mlp_value *t, struct mlp_cols y,
                            struct mlp_cols *out)
{
    static const struct {
        const char *name;
        enum mlp_code (*invert)(struct mlp_sk *, struct mlp_cols, struct mlp_cols *);
    } known[] = {{"StandardScaler", invert_standard}, {"MinMaxScaler", invert_minmax},
                 {"MaxAbsScaler", invert_maxabs}, {"RobustScaler", invert_robust},
                 {"QuantileTransformer", invert_quantile}, {"PowerTransformer", invert_power},
                 {"FunctionTransformer", invert_function}, {"Pipeline", invert_pipeline}};
    const struct mlp_value *outer = s->self;
    enum mlp_code code = MLP_EINPUT;
    size_t i = 0;
    if (s->depth >= 40)
        return mlp_sk_bad(s, "transformers are nested too deeply");
    s->depth++;
    s->self = t;
    while (i < sizeof known / sizeof known[0] && !mlp_value_is_a(t, known[i].name))
        i++;
    if (i < sizeof known / sizeof known[0])
        code = known[i].invert(s, y, out);
    else
        mlp_sk_bad(s, "a target transformed back by this class is not read");
    s->self = outer;
    s->depth--;
    return code;
}

enum mlp_code mlp_read_target(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    struct mlp_pred p;
    if (mlp_sk_child(s, mlp_sk_attr(s, "regressor_"), x, &p, "regressor_"))
        return s->e->code;
    if (!p.predict.n || p.predict_kind == MLP_OUT_LABEL)
        return mlp_sk_bad(s, "regressor_ does not predict numbers");
    out->predict_kind = MLP_OUT_F64;
    return mlp_sk_invert(s, mlp_sk_attr(s, "transformer_"), p.predict, &out->predict);
}
