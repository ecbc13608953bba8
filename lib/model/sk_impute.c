/* sk_impute.c: IterativeImputer: each column that has missing values from the others, round by
 * round, as the sequence of fitted estimators says. */
#include "model/sk_parts.h"
#include <math.h>

/* What the rounds work on: the columns that were not missing throughout. */
struct rounds {
    struct mlp_cols now;         /* the values so far */
    struct mlp_cols missing;     /* 1 where the input was missing */
    const double *least, *most;
    size_t nleast, nmost;
};

/* Columns without a single value: known from 1.6 on, before by the statistic that they lack. */
static enum mlp_code empty_columns(struct mlp_sk *s, size_t n, bool *empty)
{
    const struct mlp_value *flags = mlp_sk_attr(s, "_is_empty_feature");
    const struct mlp_value *v =
        flags ? flags : mlp_value_attr(mlp_sk_attr(s, "initial_imputer_"), "statistics_");
    struct mlp_nd nd;
    if (mlp_value_is_none(v) || mlp_nd_read(v, s->tmp, &nd, s->e) || nd.count != n)
        return mlp_sk_bad(s, "the initial imputer does not fit the features");
    for (size_t i = 0; i < n; i++) {
        double d = mlp_nd_f64(&nd, i, NULL);
        empty[i] = flags ? d != 0 : isnan(d);
    }
    return MLP_OK;
}

/* 1 where a column of x is missing; of columns that are kept though empty never. */
static enum mlp_code missing_columns(struct mlp_sk *s, struct mlp_cols x, struct mlp_cols *out)
{
    struct mlp_impute p = {NULL, mlp_sk_num(s, "missing_values", (double)NAN)};
    void *params = mlp_sk_params(s, &p, sizeof p);
    double *zero = mlp_arena_array(s->keep, 1, sizeof *zero);
    bool *empty = mlp_arena_array(s->tmp, x.n, sizeof *empty);
    bool keep = mlp_sk_flag(s, "keep_empty_features", false);
    struct mlp_cols all, never;
    if (!params || !zero || !empty)
        return mlp_err_nomem(s->e);
    if (empty_columns(s, x.n, empty) || mlp_sk_constant(s, zero, 1, &never) ||
        mlp_sk_node(s, &mlp_op_indicator, params, x, x.n, &all))
        return s->e->code;
    *out = (struct mlp_cols){mlp_arena_array(s->keep, x.n, sizeof *out->p), 0};
    if (!out->p)
        return mlp_err_nomem(s->e);
    for (size_t i = 0; i < x.n; i++)
        if (keep || !empty[i])
            out->p[out->n++] = empty[i] ? never.p[0] : all.p[i];
    return MLP_OK;
}

static enum mlp_code pick_columns(struct mlp_sk *s, const struct mlp_value *v, struct mlp_cols x,
                                  struct mlp_cols *out)
{
    struct mlp_nd nd;
    if (mlp_value_is_none(v) || mlp_nd_read(v, s->tmp, &nd, s->e))
        return mlp_sk_bad(s, "imputation_sequence_ cannot be read");
    *out = (struct mlp_cols){mlp_arena_array(s->keep, nd.count, sizeof *out->p), nd.count};
    if (!out->p)
        return mlp_err_nomem(s->e);
    for (size_t i = 0; i < nd.count; i++) {
        int64_t at = mlp_nd_i64(&nd, i, NULL);
        if (at < 0 || (size_t)at >= x.n)
            return mlp_sk_bad(s, "imputation_sequence_ is out of range");
        out->p[i] = x.p[at];
    }
    return MLP_OK;
}

/* Column f's missing values become what was predicted, within the limits. */
static enum mlp_code replace(struct mlp_sk *s, size_t f, struct mlp_cols value, struct rounds *r)
{
    double least = f < r->nleast ? r->least[f] : -(double)INFINITY;
    double most = f < r->nmost ? r->most[f] : (double)INFINITY;
    struct mlp_cols choice = mlp_cols_slice(r->missing, f, 1);
    struct mlp_cols now = mlp_cols_slice(r->now, f, 1);
    if (mlp_sk_clip(s, value, least, most, &value) ||
        mlp_cols_join(s->g, &choice, &now, s->e) || mlp_cols_join(s->g, &choice, &value, s->e) ||
        mlp_sk_node(s, &mlp_op_choose, NULL, choice, 1, &value))
        return s->e->code;
    r->now.p[f] = value.p[0];
    return MLP_OK;
}

/* One _ImputerTriplet: (feature, its neighbours, estimator). */
static enum mlp_code impute_one(struct mlp_sk *s, const struct mlp_value *triplet, size_t i,
                                struct rounds *r)
{
    const struct mlp_value *args =
        triplet && triplet->type == MLP_VALUE_OBJECT ? triplet->u.object->args : triplet;
    struct mlp_cols near;
    struct mlp_pred p;
    int64_t f;
    if (!mlp_value_i64(mlp_value_at(args, 0), &f) || f < 0 || (size_t)f >= r->now.n)
        return mlp_sk_bad(s, "imputation_sequence_ is out of range");
    if (pick_columns(s, mlp_value_at(args, 1), r->now, &near) ||
        mlp_sk_child(s, mlp_value_at(args, 2), near, &p, "imputation_sequence_[%zu]", i))
        return s->e->code;
    if (p.predict.n != 1 || p.predict_kind == MLP_OUT_LABEL)
        return mlp_sk_bad(s, "an estimator does not predict one number");
    return replace(s, (size_t)f, p.predict, r);
}

static enum mlp_code run_rounds(struct mlp_sk *s, struct mlp_cols x, struct rounds *r)
{
    const struct mlp_value *sequence = mlp_sk_attr(s, "imputation_sequence_");
    struct mlp_col *own = mlp_arena_array(s->keep, r->now.n + 1, sizeof *own);
    if (!own)
        return mlp_err_nomem(s->e);
    for (size_t i = 0; i < r->now.n; i++)
        own[i] = r->now.p[i];
    r->now.p = own;
    if (missing_columns(s, x, &r->missing) ||
        (mlp_sk_has(s, "_min_value") &&
         mlp_sk_doubles(s, "_min_value", 0, &r->least, &r->nleast)) ||
        (mlp_sk_has(s, "_max_value") && mlp_sk_doubles(s, "_max_value", 0, &r->most, &r->nmost)))
        return s->e->code;
    if (r->missing.n != r->now.n)
        return mlp_sk_bad(s, "the initial imputer does not fit the features");
    for (size_t i = 0; i < mlp_value_count(sequence); i++)
        if (impute_one(s, mlp_value_at(sequence, i), i, r))
            return s->e->code;
    return MLP_OK;
}

enum mlp_code mlp_read_iterative_imputer(struct mlp_sk *s, struct mlp_cols x,
                                         struct mlp_pred *out)
{
    struct mlp_pred first;
    struct rounds r = {.nleast = 0};
    if (mlp_sk_flag(s, "sample_posterior", false))
        return mlp_sk_bad(s, "sample_posterior=True draws at random, which no two runs repeat");
    if (mlp_sk_width(s, x) ||
        mlp_sk_child(s, mlp_sk_attr(s, "initial_imputer_"), x, &first, "initial_imputer_"))
        return s->e->code;
    r.now = first.transform;
    if (mlp_sk_num(s, "n_iter_", 0) > 0 && run_rounds(s, x, &r))
        return s->e->code;
    out->is_transform = true;
    out->transform = r.now;
    return mlp_sk_join_indicator(s, x, NULL, &out->transform);
}
