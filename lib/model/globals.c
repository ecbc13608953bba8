/* globals.c: which names a pickle may mention (globals.h). */
#include "model/globals.h"
#include <stdarg.h>

static const char *const exact[] = {
    "numpy.dtype", "numpy.ndarray", "_codecs.encode", "joblib.numpy_pickle.NumpyArrayWrapper",
    "numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct",
    "numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar",
    "numpy.core.numeric._frombuffer", "numpy._core.numeric._frombuffer",
    "numpy.ma.core._mareconstruct", "numpy.ma.core.MaskedArray", "numpy.ma.MaskedArray",
    "builtins.slice", "builtins.set", "builtins.frozenset", "builtins.bytearray",
    "builtins.bytes", "builtins.list", "builtins.dict", "builtins.tuple", "builtins.object",
    "builtins.int", "builtins.float", "builtins.complex", "builtins.str", "builtins.bool",
    "builtins.range", "__builtin__.slice", "__builtin__.set", "__builtin__.frozenset",
    "__builtin__.bytearray", "__builtin__.bytes", "__builtin__.list", "__builtin__.dict",
    "__builtin__.tuple", "__builtin__.object", "__builtin__.int", "__builtin__.long",
    "__builtin__.float", "__builtin__.complex", "__builtin__.str", "__builtin__.unicode",
    "__builtin__.bool", "copyreg._reconstructor", "copy_reg._reconstructor",
    "collections.OrderedDict", "collections.defaultdict", "functools.partial",
    "scipy._lib.array_api_compat.numpy._aliases.asarray", "xgboost.core.Booster",
    "lightgbm.basic.Booster", "pandas.core.indexes.base.Index",
    "pandas.core.indexes.base._new_Index", NULL};

/* Scalar types of NumPy, as numpy.NAME. */
static const char *const scalar_types[] = {
    "float16", "float32", "float64", "longdouble", "int8", "int16", "int32", "int64", "uint8",
    "uint16", "uint32", "uint64", "intp", "bool", "bool_", "str_", "bytes_", "object_", "number",
    "generic", "integer", "floating", "void", "nan", NULL};

/* Functions of NumPy that FunctionTransformer is given, as numpy.NAME or from its internals. */
static const char *const functions[] = {
    "exp", "expm1", "log", "log1p", "log2", "log10", "sqrt", "cbrt", "abs", "absolute", "fabs",
    "square", "negative", "reciprocal", "sign", "sin", "cos", "tan", "tanh", "sinh", "cosh",
    "arcsinh", "arccosh", "arctanh", "arcsin", "arccos", "arctan", "floor", "ceil", "rint",
    "trunc", "fix", "exp2", "radians", "deg2rad", "degrees", "rad2deg", "isnan", "isfinite",
    "isinf", "signbit", "logical_not", "positive", "clip", "round", "round_", "around",
    "nan_to_num", "mean", NULL};

/* The same of scipy.special. */
static const char *const special_functions[] = {
    "expit", "logit", "log1p", "expm1", "cbrt", "exp2", "exp10", "erf", "erfc", "gammaln", "ndtr",
    NULL};

/* Modules whose classes are models or their inert parts. */
static const char *const modules[] = {
    "sklearn.", "_loss.", "numpy.random.", "numpy.dtypes.", "scipy.sparse.",
    "scipy.interpolate.", "scipy.stats.", "xgboost.sklearn.", "xgboost.callback.",
    "lightgbm.sklearn.", "lightgbm.callback.", NULL};

/* Parts of those that hold no models but ways to reach files and code. */
static const char *const refused_modules[] = {
    "sklearn.datasets.", "sklearn.externals.", "sklearn.utils._testing.", "sklearn.tests.",
    "sklearn.utils.fixes.", "sklearn._build_utils.", "numpy.random.tests.", "scipy.sparse.tests.",
    NULL};

static bool listed(struct mlp_str s, const char *const *list)
{
    for (; *list; list++)
        if (mlp_str_is(s, *list))
            return true;
    return false;
}

static bool starts_with_one(struct mlp_str s, const char *const *list)
{
    for (; *list; list++)
        if (mlp_str_starts(s, *list))
            return true;
    return false;
}

static bool numpy_name(struct mlp_str name)
{
    struct mlp_str last = mlp_name_last(name);
    struct mlp_str module = {name.p, name.n - last.n};
    if (mlp_str_is(module, "numpy."))
        return listed(last, scalar_types) || listed(last, functions);
    if (mlp_str_is(module, "scipy.special._ufuncs.") ||
        mlp_str_is(module, "scipy.special._special_ufuncs."))
        return listed(last, special_functions);
    return (mlp_str_is(module, "numpy.core._multiarray_umath.") ||
            mlp_str_is(module, "numpy._core._multiarray_umath.")) &&
           listed(last, functions);
}

/* Classes may be made anew; of functions only those by which Cython's classes come back. */
static bool may_be_called(struct mlp_str name)
{
    struct mlp_str last = mlp_name_last(name);
    size_t i = 0;
    while (i < last.n && last.p[i] == '_')
        i++;
    bool is_class = i < last.n && last.p[i] >= 'A' && last.p[i] <= 'Z';
    return is_class || mlp_str_starts(last, "__pyx_unpickle_") || mlp_str_is(last, "newObj") ||
           mlp_str_ends(last, "_ctor") || mlp_str_is(last, "make_column_selector") ||
           mlp_str_ends(last, "_gen") || mlp_str_ends(last, "_frozen") ||
           (mlp_str_starts(name, "scipy.sparse.") &&
            (mlp_str_ends(last, "_matrix") || mlp_str_ends(last, "_array")));
}

bool mlp_global_allowed(struct mlp_str name, bool called)
{
    if (listed(name, exact) || numpy_name(name))
        return true;
    if (!starts_with_one(name, modules) || starts_with_one(name, refused_modules))
        return false;
    return !called || may_be_called(name);
}

/* --- places --- */

struct search {
    const struct mlp_value *target;
    char *out;
    size_t size;
    size_t budget;               /* values that may still be looked at */
};

#define MAX_DEPTH 32

static bool search(struct search *s, const struct mlp_value *v, size_t at, unsigned depth);

static size_t label(const struct search *s, size_t at, const char *fmt, ...) MLP_PRINTF(3, 4);
static size_t label(const struct search *s, size_t at, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = at < s->size ? vsnprintf(s->out + at, s->size - at, fmt, ap) : 0;
    va_end(ap);
    return n > 0 ? at + (size_t)n : at;
}

static bool search_items(struct search *s, const struct mlp_values *list, size_t at,
                         unsigned depth)
{
    for (size_t i = 0; i < list->n; i++) {
        const struct mlp_value *v = list->p[i], *name = mlp_value_at(v, 0);
        size_t n = label(s, at, "[%zu]", i);
        /* steps and transformers are (name, estimator, ...) */
        if (v->type == MLP_VALUE_TUPLE && name && name->type == MLP_VALUE_TEXT)
            n = label(s, n, " '%.*s'", MLP_STR_ARG(name->u.s));
        if (search(s, v, n, depth))
            return true;
    }
    return false;
}

static bool search_pairs(struct search *s, const struct mlp_values *list, size_t at,
                         unsigned depth)
{
    for (size_t i = 0; i + 1 < list->n; i += 2) {
        const struct mlp_value *key = list->p[i];
        size_t n = at;
        if (key->type == MLP_VALUE_TEXT)
            n = label(s, at, "%s%.*s", at ? " > " : "", MLP_STR_ARG(key->u.s));
        if (search(s, key, n, depth) || search(s, list->p[i + 1], n, depth))
            return true;
    }
    return false;
}

static bool search_object(struct search *s, const struct mlp_object *o, size_t at, unsigned depth)
{
    return search(s, o->fn, at, depth) || search(s, o->state, at, depth) ||
           search(s, o->args, at, depth) || search_items(s, &o->items, at, depth) ||
           search_pairs(s, &o->pairs, at, depth);
}

static bool search(struct search *s, const struct mlp_value *v, size_t at, unsigned depth)
{
    if (!v || depth == 0 || s->budget == 0)
        return false;
    s->budget--;
    if (v == s->target) {
        s->out[at < s->size ? at : s->size - 1] = '\0';
        return true;
    }
    switch (v->type) {
    case MLP_VALUE_TUPLE:
        for (size_t i = 0; i < v->u.list.n; i++)
            if (search(s, v->u.list.p[i], at, depth - 1))
                return true;
        return false;
    case MLP_VALUE_LIST:
    case MLP_VALUE_SET:
        return search_items(s, &v->u.list, at, depth - 1);
    case MLP_VALUE_DICT:
        return search_pairs(s, &v->u.list, at, depth - 1);
    case MLP_VALUE_OBJECT:
        return search_object(s, v->u.object, at, depth - 1);
    default:
        return false;
    }
}

void mlp_value_place(const struct mlp_value *root, const struct mlp_value *target, char *out,
                     size_t size)
{
    struct search s = {target, out, size, 1000000};
    out[0] = '\0';
    if (!search(&s, root, 0, MAX_DEPTH))
        out[0] = '\0';
}

static enum mlp_code refuse(const struct mlp_pickle *p, const struct mlp_global *g,
                            struct mlp_err *e)
{
    char place[256];
    mlp_value_place(p->root, g->value, place, sizeof place);
    mlp_err_set(e, MLP_EINPUT, "%s%s%.*s belongs to no model that can be read; nothing was run",
                place, place[0] ? ": " : "", MLP_STR_ARG(g->name));
    mlp_err_hint(e, "a custom class or function cannot be served from a pickle: export the model "
                    "to ONNX, or use a class that `mlp-serve inspect --classes` lists");
    return mlp_err_at_byte(e, g->offset);
}

enum mlp_code mlp_globals_check(const struct mlp_pickle *p, struct mlp_err *e)
{
    for (size_t i = 0; i < p->globals.n; i++) {
        const struct mlp_global *g = mlp_vec_at(&p->globals, i);
        if (!mlp_global_allowed(g->name, g->value->called))
            return refuse(p, g, e);
    }
    return MLP_OK;
}
