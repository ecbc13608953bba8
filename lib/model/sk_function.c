/* sk_function.c: FunctionTransformer over functions of NumPy and SciPy that are known by name.
 * Nothing is run: the name says what the formula is. */
#include "model/sk_parts.h"
#include <float.h>
#include <math.h>

static const struct {
    const char *name;
    enum mlp_fn fn;
} known_functions[] = {
    {"exp", MLP_FN_EXP}, {"expm1", MLP_FN_EXPM1}, {"log", MLP_FN_LOG}, {"log1p", MLP_FN_LOG1P},
    {"log2", MLP_FN_LOG2}, {"log10", MLP_FN_LOG10}, {"sqrt", MLP_FN_SQRT}, {"cbrt", MLP_FN_CBRT},
    {"abs", MLP_FN_ABS}, {"absolute", MLP_FN_ABS}, {"fabs", MLP_FN_ABS},
    {"square", MLP_FN_SQUARE}, {"negative", MLP_FN_NEGATIVE}, {"reciprocal", MLP_FN_RECIPROCAL},
    {"sign", MLP_FN_SIGN}, {"sin", MLP_FN_SIN}, {"cos", MLP_FN_COS}, {"tan", MLP_FN_TAN},
    {"tanh", MLP_FN_TANH}, {"sinh", MLP_FN_SINH}, {"cosh", MLP_FN_COSH},
    {"arcsinh", MLP_FN_ARCSINH}, {"arccosh", MLP_FN_ARCCOSH}, {"arctanh", MLP_FN_ARCTANH},
    {"arcsin", MLP_FN_ARCSIN}, {"arccos", MLP_FN_ARCCOS}, {"arctan", MLP_FN_ARCTAN},
    {"floor", MLP_FN_FLOOR}, {"ceil", MLP_FN_CEIL}, {"rint", MLP_FN_RINT},
    {"trunc", MLP_FN_TRUNC}, {"fix", MLP_FN_TRUNC}, {"exp2", MLP_FN_EXP2},
    {"radians", MLP_FN_RADIANS}, {"deg2rad", MLP_FN_RADIANS}, {"degrees", MLP_FN_DEGREES},
    {"rad2deg", MLP_FN_DEGREES}, {"expit", MLP_FN_SIGMOID}, {"logit", MLP_FN_LOGIT},
    {"isnan", MLP_FN_ISNAN}, {"isfinite", MLP_FN_ISFINITE}, {"isinf", MLP_FN_ISINF},
    {"signbit", MLP_FN_SIGNBIT}, {"logical_not", MLP_FN_NOT}, {"positive", MLP_FN_IDENTITY},
    {"exp10", MLP_FN_EXP10}, {"erf", MLP_FN_ERF}, {"erfc", MLP_FN_ERFC},
    {"gammaln", MLP_FN_LGAMMA}, {"ndtr", MLP_FN_NDTR},
};

static bool from_numpy(const struct mlp_value *v)
{
    return v && v->type == MLP_VALUE_GLOBAL &&
           (mlp_str_starts(v->u.s, "numpy.") || mlp_str_starts(v->u.s, "scipy.special."));
}

bool mlp_known_function(const struct mlp_value *v, enum mlp_fn *fn)
{
    if (!from_numpy(v))
        return false;
    struct mlp_str last = mlp_name_last(v->u.s);
    for (size_t i = 0; i < sizeof known_functions / sizeof known_functions[0]; i++)
        if (mlp_str_is(last, known_functions[i].name)) {
            *fn = known_functions[i].fn;
            return true;
        }
    return false;
}

enum mlp_code mlp_sk_clip(struct mlp_sk *s, struct mlp_cols x, double lo, double hi,
                          struct mlp_cols *out)
{
    struct mlp_scale p = {.clip = true, .lo = lo, .hi = hi};
    void *params = mlp_sk_params(s, &p, sizeof p);
    return params ? mlp_sk_node(s, &mlp_op_scale, params, x, x.n, out) : s->e->code;
}

enum mlp_code mlp_sk_replace(struct mlp_sk *s, struct mlp_cols x, double what, double by,
                             struct mlp_cols *out)
{
    double *value = mlp_arena_array64(s->keep, x.n, sizeof *value);
    struct mlp_impute p = {value, what};
    void *params = value ? mlp_sk_params(s, &p, sizeof p) : NULL;
    for (size_t i = 0; value && i < x.n; i++)
        value[i] = by;
    return params ? mlp_sk_node(s, &mlp_op_impute, params, x, x.n, out) : mlp_err_nomem(s->e);
}

/* --- functions with keywords --- */

static double keyword(const struct mlp_value *kw, const char *a, const char *b, double otherwise)
{
    double v;
    return mlp_value_f64(mlp_value_get(kw, a), &v) || mlp_value_f64(mlp_value_get(kw, b), &v)
               ? v
               : otherwise;
}

static enum mlp_code clip(struct mlp_sk *s, const struct mlp_value *kw, struct mlp_cols x,
                          struct mlp_cols *out)
{
    double lo = keyword(kw, "a_min", "min", -(double)INFINITY);
    return mlp_sk_clip(s, x, lo, keyword(kw, "a_max", "max", (double)INFINITY), out);
}

/* numpy.round: to whole numbers after scaling by a power of ten. */
static enum mlp_code round_to(struct mlp_sk *s, const struct mlp_value *kw, struct mlp_cols x,
                              struct mlp_cols *out)
{
    double decimals = keyword(kw, "decimals", "decimals", 0);
    double *power = mlp_arena_array64(s->keep, x.n, sizeof *power);
    if (!power)
        return mlp_err_nomem(s->e);
    for (size_t i = 0; i < x.n; i++)
        power[i] = pow(10, fabs(decimals));
    struct mlp_scale up = {.mul = power}, down = {.div = power};
    void *a = mlp_sk_params(s, decimals < 0 ? &down : &up, sizeof up);
    void *b = mlp_sk_params(s, decimals < 0 ? &up : &down, sizeof up);
    if (!a || !b || mlp_sk_node(s, &mlp_op_scale, a, x, x.n, &x) ||
        mlp_sk_map(s, MLP_FN_RINT, x, &x))
        return s->e->code;
    return mlp_sk_node(s, &mlp_op_scale, b, x, x.n, out);
}

static enum mlp_code nan_to_num(struct mlp_sk *s, const struct mlp_value *kw, struct mlp_cols x,
                                struct mlp_cols *out)
{
    double inf = (double)INFINITY, most = keyword(kw, "posinf", "posinf", DBL_MAX);
    double least = keyword(kw, "neginf", "neginf", -DBL_MAX);
    if (mlp_sk_replace(s, x, inf, most, &x) || mlp_sk_replace(s, x, -inf, least, &x))
        return s->e->code;
    return mlp_sk_replace(s, x, (double)NAN, keyword(kw, "nan", "nan", 0), out);
}

typedef enum mlp_code keyword_fn(struct mlp_sk *, const struct mlp_value *, struct mlp_cols,
                                 struct mlp_cols *);

/* A function whose keywords are all known, or NULL. */
static keyword_fn *find_keyword_function(const struct mlp_value *f, const struct mlp_value *kw)
{
    static const struct {
        const char *name;
        keyword_fn *fn;
        const char *keywords[5];
    } known[] = {{"clip", clip, {"a_min", "a_max", "min", "max"}},
                 {"round", round_to, {"decimals"}}, {"around", round_to, {"decimals"}},
                 {"round_", round_to, {"decimals"}},
                 {"nan_to_num", nan_to_num, {"nan", "posinf", "neginf", "copy"}}};
    size_t i = 0;
    while (from_numpy(f) && i < sizeof known / sizeof known[0] &&
           !mlp_str_is(mlp_name_last(f->u.s), known[i].name))
        i++;
    if (!from_numpy(f) || i == sizeof known / sizeof known[0])
        return NULL;
    size_t found = 0;
    for (const char *const *k = known[i].keywords; *k; k++)
        found += mlp_value_get(kw, *k) != NULL;
    return 2 * found == mlp_value_count(kw) ? known[i].fn : NULL;
}

/* --- FunctionTransformer --- */

/* HistGradientBoosting passes its numeric columns through check_array, bound to a type. */
static bool only_checks(const struct mlp_value *f)
{
    return mlp_value_text_is(f, "sklearn.utils.validation.check_array");
}

/* functools.partial over a function and keywords is that function with them. */
static void unwrap_partial(const struct mlp_value **f, const struct mlp_value **kw)
{
    const struct mlp_value *v = *f;
    if (!v || v->type != MLP_VALUE_OBJECT ||
        !mlp_str_is(mlp_value_name(v), "functools.partial") || !v->u.object->args)
        return;
    *f = mlp_value_at(v->u.object->args, 0);
    if (mlp_value_count(*kw) == 0 && v->u.object->state &&
        mlp_value_count(mlp_value_at(v->u.object->state, 1)) == 0)
        *kw = mlp_value_at(v->u.object->state, 2);
}

static enum mlp_code unknown_function(struct mlp_sk *s, const struct mlp_value *f, bool keywords)
{
    struct mlp_str name = mlp_value_name(f);
    mlp_sk_bad(s, "the function %.*s%s is code, which is not run; known are NumPy's log1p, exp, "
                  "sqrt and the like", name.n ? (int)name.n : 7, name.n ? name.p : "(other)",
               keywords ? " with keywords" : "");
    return mlp_err_hint(s->e, "export the model to ONNX, or move the function before the model");
}

enum mlp_code mlp_sk_function(struct mlp_sk *s, const struct mlp_value *f,
                              const struct mlp_value *kw, struct mlp_cols x,
                              struct mlp_cols *out)
{
    enum mlp_fn fn = MLP_FN_IDENTITY;
    *out = x;
    unwrap_partial(&f, &kw);
    if (mlp_value_is_none(f) || only_checks(f))
        return MLP_OK;
    keyword_fn *with = find_keyword_function(f, kw);
    if (with)
        return with(s, kw, x, out);
    if (!mlp_known_function(f, &fn) || mlp_value_count(kw))
        return unknown_function(s, f, mlp_value_count(kw) != 0);
    return mlp_sk_map(s, fn, x, out);
}

enum mlp_code mlp_read_function(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    out->is_transform = true;
    return mlp_sk_function(s, mlp_sk_attr(s, "func"), mlp_sk_attr(s, "kw_args"), x,
                           &out->transform);
}
