/* sk_pre.c: transformers of numbers, value by value: scalers, imputers, functions. */
#include "model/sk_readers.h"
#include <math.h>

static enum mlp_code add_scale(struct mlp_sk *s, const struct mlp_scale *p, struct mlp_cols x,
                               struct mlp_pred *out)
{
    void *params = mlp_sk_params(s, p, sizeof *p);
    out->is_transform = true;
    return params ? mlp_sk_node(s, &mlp_op_scale, params, x, x.n, &out->transform) : s->e->code;
}

/* An attribute that may be None when its step is off. */
static enum mlp_code optional(struct mlp_sk *s, const char *name, bool on, size_t n,
                              const double **out)
{
    *out = NULL;
    return on && mlp_sk_has(s, name) ? mlp_sk_doubles(s, name, n, out, NULL) : MLP_OK;
}

enum mlp_code mlp_read_standard_scaler(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    struct mlp_scale p = {0};
    if (mlp_sk_width(s, x) ||
        optional(s, "mean_", mlp_sk_flag(s, "with_mean", true), x.n, &p.sub) ||
        optional(s, "scale_", mlp_sk_flag(s, "with_std", true), x.n, &p.div))
        return s->e->code;
    return add_scale(s, &p, x, out);
}

static enum mlp_code feature_range(struct mlp_sk *s, struct mlp_scale *p)
{
    const struct mlp_value *range = mlp_sk_attr(s, "feature_range");
    p->clip = mlp_sk_flag(s, "clip", false);
    if (p->clip && (!mlp_value_f64(mlp_value_at(range, 0), &p->lo) ||
                    !mlp_value_f64(mlp_value_at(range, 1), &p->hi)))
        return mlp_sk_bad(s, "feature_range cannot be read");
    return MLP_OK;
}

enum mlp_code mlp_read_minmax_scaler(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    struct mlp_scale p = {0};
    if (mlp_sk_width(s, x) || mlp_sk_doubles(s, "scale_", x.n, &p.mul, NULL) ||
        mlp_sk_doubles(s, "min_", x.n, &p.add, NULL) || feature_range(s, &p))
        return s->e->code;
    return add_scale(s, &p, x, out);
}

enum mlp_code mlp_read_maxabs_scaler(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    struct mlp_scale p = {.clip = mlp_sk_flag(s, "clip", false), .lo = -1, .hi = 1};
    if (mlp_sk_width(s, x) || mlp_sk_doubles(s, "scale_", x.n, &p.div, NULL))
        return s->e->code;
    return add_scale(s, &p, x, out);
}

enum mlp_code mlp_read_robust_scaler(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    struct mlp_scale p = {0};
    if (mlp_sk_width(s, x) ||
        optional(s, "center_", mlp_sk_flag(s, "with_centering", true), x.n, &p.sub) ||
        optional(s, "scale_", mlp_sk_flag(s, "with_scaling", true), x.n, &p.div))
        return s->e->code;
    return add_scale(s, &p, x, out);
}

/* --- imputation --- */

/* What counts as missing: NaN (None and pandas.NA too), a number, or a text. */
struct missing {
    double number;               /* NaN: nothing but missing cells */
    struct mlp_str text;
};

static enum mlp_code read_missing(struct mlp_sk *s, struct missing *m)
{
    const struct mlp_value *v = mlp_sk_attr(s, "missing_values");
    *m = (struct missing){NAN, {NULL, 0}};
    if (v && v->type == MLP_VALUE_TEXT)
        m->text = mlp_arena_str(s->keep, v->u.s);
    else if (v && v->type != MLP_VALUE_NONE && v->type != MLP_VALUE_GLOBAL &&
             !mlp_value_f64(v, &m->number))
        return mlp_sk_bad(s, "missing_values cannot be read");
    return MLP_OK;
}

/* A column of the imputer: its statistic is a text or a number. as_is: nothing is filled in. */
struct fill {
    struct mlp_str text;
    double number;
    bool is_text, keep, as_is;
};

/* With missing_values=NaN None stays None in columns of objects. A blank cell may be either; where
 * the encoder that follows has a category None, the training data had None. */
static bool none_follows(const struct mlp_sk *s, size_t column)
{
    const struct mlp_value *list = mlp_value_attr(s->next, "categories_");
    const struct mlp_value *missing = mlp_sk_attr(s, "missing_values");
    struct mlp_nd nd;
    struct mlp_err unused;
    mlp_err_init(&unused);
    if (!list || !missing || missing->type != MLP_VALUE_FLOAT ||
        mlp_nd_read(mlp_value_at(list, column), s->tmp, &nd, &unused))
        return false;
    for (size_t i = 0; nd.objects && i < nd.count; i++)
        if (nd.objects[i]->type == MLP_VALUE_NONE)
            return true;
    return false;
}

static enum mlp_code read_fills(struct mlp_sk *s, size_t n, struct fill **out)
{
    struct mlp_nd nd;
    struct fill *f = mlp_arena_array(s->tmp, n, sizeof *f);
    size_t kept = 0;
    bool all = mlp_sk_flag(s, "keep_empty_features", false) || mlp_sk_is(s, "strategy", "constant");
    if (mlp_sk_array(s, "statistics_", &nd))
        return s->e->code;
    if (!f)
        return mlp_err_nomem(s->e);
    if (nd.count != n)
        return mlp_sk_bad(s, "statistics_ has %zu values for %zu columns", nd.count, n);
    for (size_t i = 0; i < n; i++) {
        struct mlp_str t = mlp_nd_text(&nd, i, s->keep);
        f[i].is_text = t.p != NULL;
        f[i].text = t.p ? mlp_arena_str(s->keep, t) : t;
        f[i].number = mlp_nd_f64(&nd, i, NULL);
        f[i].keep = f[i].is_text || all || !isnan(f[i].number);
        f[i].as_is = f[i].is_text && none_follows(s, kept);
        kept += f[i].keep;
    }
    *out = f;
    return MLP_OK;
}

/* The columns whose statistic is of one kind, as one node over them. */
static enum mlp_code impute_kind(struct mlp_sk *s, const struct missing *m, struct mlp_cols x,
                                 const struct fill *f, bool text, struct mlp_cols *out)
{
    struct mlp_cols in = {mlp_arena_array(s->keep, x.n, sizeof *in.p), 0};
    double *number = mlp_arena_array64(s->keep, x.n, sizeof *number);
    struct mlp_str *texts = mlp_arena_array(s->keep, x.n, sizeof *texts);
    if (!in.p || !number || !texts)
        return mlp_err_nomem(s->e);
    for (size_t i = 0; i < x.n; i++)
        if (f[i].keep && !f[i].as_is && f[i].is_text == text) {
            number[in.n] = f[i].number;
            texts[in.n] = f[i].text;
            in.p[in.n++] = x.p[i];
        }
    struct mlp_impute pn = {number, m->number};
    struct mlp_impute_text pt = {texts, m->text};
    void *params = text ? mlp_sk_params(s, &pt, sizeof pt) : mlp_sk_params(s, &pn, sizeof pn);
    out->n = 0;
    if (!params || !in.n)
        return params ? MLP_OK : s->e->code;
    return text ? mlp_sk_texts(s, &mlp_op_impute_text, params, in, MLP_WIRE_TEXT, out)
                : mlp_sk_node(s, &mlp_op_impute, params, in, in.n, out);
}

/* Indicator columns of some inputs; texts where the column's statistic is text. */
static enum mlp_code add_indicator(struct mlp_sk *s, const struct missing *m, struct mlp_cols x,
                                   const bool *is_text, struct mlp_cols *joined)
{
    struct mlp_impute pn = {NULL, m->number};
    struct mlp_impute_text pt = {NULL, m->text};
    void *number = mlp_sk_params(s, &pn, sizeof pn), *text = mlp_sk_params(s, &pt, sizeof pt);
    struct mlp_nd nd;
    if (!number || !text || mlp_sk_array(s, "features_", &nd))
        return s->e->code;
    for (size_t k = 0; k < nd.count; k++) {
        int64_t i = mlp_nd_i64(&nd, k, NULL);
        struct mlp_cols made;
        if (i < 0 || (size_t)i >= x.n)
            return mlp_sk_bad(s, "features_ is out of range");
        struct mlp_cols one = mlp_cols_slice(x, (size_t)i, 1);
        if (is_text && is_text[i]
                ? mlp_sk_texts(s, &mlp_op_indicator_text, text, one, MLP_WIRE_NUM, &made)
                : mlp_sk_node(s, &mlp_op_indicator, number, one, 1, &made))
            return s->e->code;
        if (mlp_cols_join(s->g, joined, &made, s->e))
            return s->e->code;
    }
    return MLP_OK;
}

enum mlp_code mlp_read_missing_indicator(struct mlp_sk *s, struct mlp_cols x,
                                         struct mlp_pred *out)
{
    struct missing m;
    out->is_transform = true;
    return read_missing(s, &m) ? s->e->code : add_indicator(s, &m, x, NULL, &out->transform);
}

enum mlp_code mlp_sk_join_indicator(struct mlp_sk *s, struct mlp_cols x, const bool *is_text,
                                    struct mlp_cols *joined)
{
    const struct mlp_value *outer = s->self, *indicator = mlp_sk_attr(s, "indicator_");
    struct missing m;
    if (!mlp_sk_flag(s, "add_indicator", false) || mlp_value_is_none(indicator))
        return MLP_OK;
    if (read_missing(s, &m))
        return s->e->code;
    s->self = indicator;
    enum mlp_code code = add_indicator(s, &m, x, is_text, joined);
    s->self = outer;
    return code;
}

enum mlp_code mlp_read_simple_imputer(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    struct missing m;
    struct fill *f = NULL;
    struct mlp_cols number, text;
    if (mlp_sk_width(s, x) || read_missing(s, &m) || read_fills(s, x.n, &f) ||
        impute_kind(s, &m, x, f, false, &number) || impute_kind(s, &m, x, f, true, &text))
        return s->e->code;
    bool *is_text = mlp_arena_array(s->tmp, x.n, sizeof *is_text);
    struct mlp_cols all = {mlp_arena_array(s->keep, x.n, sizeof *all.p), 0};
    if (!all.p || !is_text)
        return mlp_err_nomem(s->e);
    size_t nn = 0, nt = 0;
    for (size_t i = 0; i < x.n; i++) {
        is_text[i] = f[i].is_text;
        if (f[i].as_is)
            all.p[all.n++] = x.p[i];
        else if (f[i].keep)
            all.p[all.n++] = f[i].is_text ? text.p[nt++] : number.p[nn++];
    }
    out->is_transform = true;
    out->transform = all;
    return mlp_sk_join_indicator(s, x, is_text, &out->transform);
}
