/* convert_num.c: operations over numbers as ONNX operators (convert_lower.h; ops_num.c runs
 * them). */
#include "model/convert_lower.h"
#include <math.h>

static enum mlp_code write_scale(struct mlp_lower *l)
{
    const struct mlp_scale *p = l->n->params;
    const struct {
        const char *op;
        const double *by;
    } steps[] = {{"Sub", p->sub}, {"Div", p->div}, {"Mul", p->mul}, {"Add", p->add}};
    l->y = l->x;
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        if (steps[i].by)
            l->y = mlp_emit2(l->w, steps[i].op, l->y,
                             mlp_emit_row(l->w, steps[i].by, l->n->in.n));
    if (!p->clip)
        return MLP_OK;
    uint32_t lo = mlp_emit_num(l->w, p->lo), hi = mlp_emit_num(l->w, p->hi);
    l->y = mlp_emit3(l->w, "Where", mlp_emit2(l->w, "Less", l->y, lo), lo, l->y);
    l->y = mlp_emit3(l->w, "Where", mlp_emit2(l->w, "Greater", l->y, hi), hi, l->y);
    return MLP_OK;
}

static uint32_t missing_mask(struct mlp_lower *l)
{
    const struct mlp_impute *p = l->n->params;
    return isnan(p->missing) ? mlp_emit1(l->w, "IsNaN", l->x)
                             : mlp_emit2(l->w, "Equal", l->x, mlp_emit_num(l->w, p->missing));
}

static enum mlp_code write_impute(struct mlp_lower *l)
{
    const struct mlp_impute *p = l->n->params;
    l->y = mlp_emit3(l->w, "Where", missing_mask(l), mlp_emit_row(l->w, p->value, l->n->in.n),
                     l->x);
    return MLP_OK;
}

static enum mlp_code write_indicator(struct mlp_lower *l)
{
    l->y = mlp_emit_cast(l->w, missing_mask(l), MLP_DT_DOUBLE);
    return MLP_OK;
}

/* --- functions --- */

uint32_t mlp_lower_log1p(struct mlp_lower *l, uint32_t x)
{
    struct mlp_emit *w = l->w;
    uint32_t one = mlp_emit_num(w, 1), u = mlp_emit2(w, "Add", x, one);
    uint32_t part = mlp_emit2(w, "Div", mlp_emit2(w, "Mul", x, mlp_emit1(w, "Log", u)),
                              mlp_emit2(w, "Sub", u, one));
    uint32_t small = mlp_emit2(w, "Equal", u, one);
    mlp_emit_attr_int(w, "detect_negative", 0);
    uint32_t plain = mlp_emit2(w, "Or", small, mlp_emit1(w, "IsInf", x));
    return mlp_emit3(w, "Where", plain, x, part);
}

uint32_t mlp_lower_expm1(struct mlp_lower *l, uint32_t x)
{
    struct mlp_emit *w = l->w;
    uint32_t one = mlp_emit_num(w, 1), least = mlp_emit_num(w, -1);
    uint32_t u = mlp_emit1(w, "Exp", x), less = mlp_emit2(w, "Sub", u, one);
    uint32_t part = mlp_emit2(w, "Div", mlp_emit2(w, "Mul", less, x), mlp_emit1(w, "Log", u));
    part = mlp_emit3(w, "Where", mlp_emit2(w, "Equal", u, one), x, part);
    part = mlp_emit3(w, "Where", mlp_emit2(w, "Equal", less, least), least, part);
    return mlp_emit3(w, "Where", mlp_emit1(w, "IsInf", u), u, part);
}

static uint32_t sigmoid(struct mlp_lower *l, uint32_t x)
{
    uint32_t one = mlp_emit_num(l->w, 1);
    uint32_t below = mlp_emit2(l->w, "Add", one,
                               mlp_emit1(l->w, "Exp", mlp_emit1(l->w, "Neg", x)));
    return mlp_emit2(l->w, "Div", one, below);
}

static uint32_t by_number(struct mlp_lower *l, const char *op, double v)
{
    return mlp_emit2(l->w, op, l->x, mlp_emit_num(l->w, v));
}

/* (e + e / (e + 1)) / 2 with e = exp(x) - 1 keeps the digits of small x. */
static uint32_t sinh_of(struct mlp_lower *l)
{
    struct mlp_emit *w = l->w;
    uint32_t a = mlp_emit1(w, "Abs", l->x), e = mlp_lower_expm1(l, a);
    uint32_t part = mlp_emit2(w, "Div", e, mlp_emit2(w, "Add", e, mlp_emit_num(w, 1)));
    part = mlp_emit3(w, "Where", mlp_emit1(w, "IsInf", e), e, part);
    uint32_t half = mlp_emit2(w, "Mul", mlp_emit2(w, "Add", e, part), mlp_emit_num(w, 0.5));
    return mlp_emit2(w, "Mul", mlp_emit1(w, "Sign", l->x), half);
}

static uint32_t cosh_of(struct mlp_lower *l)
{
    struct mlp_emit *w = l->w;
    uint32_t up = mlp_emit1(w, "Exp", l->x), down = mlp_emit1(w, "Exp", mlp_emit1(w, "Neg", l->x));
    return mlp_emit2(w, "Mul", mlp_emit2(w, "Add", up, down), mlp_emit_num(w, 0.5));
}

/* sign(x) log1p(a + a^2 / (1 + sqrt(a^2 + 1))) with a = |x|. */
static uint32_t arcsinh_of(struct mlp_lower *l)
{
    struct mlp_emit *w = l->w;
    uint32_t a = mlp_emit1(w, "Abs", l->x), s = mlp_emit2(w, "Mul", a, a);
    uint32_t one = mlp_emit_num(w, 1);
    uint32_t root = mlp_emit1(w, "Sqrt", mlp_emit2(w, "Add", s, one));
    uint32_t part = mlp_emit2(w, "Div", s, mlp_emit2(w, "Add", root, one));
    uint32_t log = mlp_lower_log1p(l, mlp_emit2(w, "Add", a, part));
    return mlp_emit2(w, "Mul", mlp_emit1(w, "Sign", l->x), log);
}

static uint32_t cbrt_of(struct mlp_lower *l)
{
    struct mlp_emit *w = l->w;
    uint32_t root = mlp_emit2(w, "Pow", mlp_emit1(w, "Abs", l->x), mlp_emit_num(w, 1.0 / 3));
    return mlp_emit2(w, "Mul", mlp_emit1(w, "Sign", l->x), root);
}

static uint32_t sign_of(struct mlp_lower *l)
{
    return mlp_emit3(l->w, "Where", mlp_emit1(l->w, "IsNaN", l->x), l->x,
                     mlp_emit1(l->w, "Sign", l->x));
}

static uint32_t relu_of(struct mlp_lower *l)
{
    uint32_t zero = mlp_emit_num(l->w, 0);
    return mlp_emit3(l->w, "Where", mlp_emit2(l->w, "Greater", l->x, zero), l->x, zero);
}

static uint32_t float_num(struct mlp_lower *l, float v)
{
    double d = (double)v;
    return mlp_emit_const(l->w, MLP_DT_FLOAT, &d, NULL, 0);
}

static uint32_t narrow(struct mlp_lower *l, uint32_t x)
{
    return mlp_emit_cast(l->w, x, MLP_DT_FLOAT);
}

static uint32_t wide(struct mlp_lower *l, uint32_t x)
{
    return mlp_emit_cast(l->w, x, MLP_DT_DOUBLE);
}

static uint32_t sigmoid32_of(struct mlp_lower *l)
{
    struct mlp_emit *w = l->w;
    uint32_t z = mlp_emit1(w, "Neg", narrow(l, l->x)), most = float_num(l, 88.7f);
    uint32_t one = float_num(l, 1.0f);
    z = mlp_emit3(w, "Where", mlp_emit2(w, "Less", z, most), z, most);
    z = mlp_emit2(w, "Add", mlp_emit1(w, "Exp", z), one);
    z = mlp_emit2(w, "Add", z, float_num(l, 1e-16f));
    return wide(l, mlp_emit2(w, "Div", one, z));
}

/* Functions that ONNX has as they are. */
static const char *const plain_functions[] = {
    [MLP_FN_IDENTITY] = "Identity", [MLP_FN_EXP] = "Exp", [MLP_FN_LOG] = "Log",
    [MLP_FN_SQRT] = "Sqrt", [MLP_FN_ABS] = "Abs", [MLP_FN_NEGATIVE] = "Neg",
    [MLP_FN_SIN] = "Sin", [MLP_FN_COS] = "Cos", [MLP_FN_TANH] = "Tanh",
    [MLP_FN_FLOOR] = "Floor", [MLP_FN_CEIL] = "Ceil", [MLP_FN_RINT] = "Round",
};

#define PI 3.14159265358979323846

static uint32_t float_function(struct mlp_lower *l, enum mlp_fn fn)
{
    if (fn == MLP_FN_SIGMOID32)
        return sigmoid32_of(l);
    if (fn == MLP_FN_EXP32)
        return wide(l, mlp_emit1(l->w, "Exp", narrow(l, l->x)));
    return fn == MLP_FN_FLOAT32 ? wide(l, narrow(l, l->x)) : MLP_EMIT_NONE;
}

static uint32_t scaled_function(struct mlp_lower *l, enum mlp_fn fn)
{
    struct mlp_emit *w = l->w;
    switch (fn) {
    case MLP_FN_LOG2:
        return mlp_emit2(w, "Div", mlp_emit1(w, "Log", l->x), mlp_emit_num(w, log(2)));
    case MLP_FN_LOG10:
        return mlp_emit2(w, "Div", mlp_emit1(w, "Log", l->x), mlp_emit_num(w, log(10)));
    case MLP_FN_SQUARE:
        return mlp_emit2(w, "Mul", l->x, l->x);
    case MLP_FN_SIGNED_SQUARE:
        return mlp_emit2(w, "Mul", l->x, mlp_emit1(w, "Abs", l->x));
    case MLP_FN_RECIPROCAL:
        return mlp_emit2(w, "Div", mlp_emit_num(w, 1), l->x);
    case MLP_FN_EXP2:
        return mlp_emit2(w, "Pow", mlp_emit_num(w, 2), l->x);
    case MLP_FN_RADIANS:
        return by_number(l, "Mul", PI / 180);
    case MLP_FN_DEGREES:
        return by_number(l, "Mul", 180 / PI);
    default:
        return float_function(l, fn);
    }
}

static uint32_t made_function(struct mlp_lower *l, enum mlp_fn fn)
{
    switch (fn) {
    case MLP_FN_EXPM1:
        return mlp_lower_expm1(l, l->x);
    case MLP_FN_LOG1P:
        return mlp_lower_log1p(l, l->x);
    case MLP_FN_LOG1PEXP:
        return mlp_lower_log1p(l, mlp_emit1(l->w, "Exp", l->x));
    case MLP_FN_CBRT:
        return cbrt_of(l);
    case MLP_FN_SIGN:
        return sign_of(l);
    case MLP_FN_SINH:
        return sinh_of(l);
    case MLP_FN_COSH:
        return cosh_of(l);
    case MLP_FN_ARCSINH:
        return arcsinh_of(l);
    case MLP_FN_SIGMOID:
        return sigmoid(l, l->x);
    case MLP_FN_HALF_SIGMOID:
        return sigmoid(l, mlp_emit2(l->w, "Add", l->x, l->x));
    case MLP_FN_RELU:
        return relu_of(l);
    case MLP_FN_ISNAN:
        return wide(l, mlp_emit1(l->w, "IsNaN", l->x));
    default:
        return scaled_function(l, fn);
    }
}

static enum mlp_code write_map(struct mlp_lower *l)
{
    enum mlp_fn fn = ((const struct mlp_map_fn *)l->n->params)->fn;
    bool plain = (size_t)fn < sizeof plain_functions / sizeof *plain_functions &&
                 plain_functions[fn];
    l->y = plain ? mlp_emit1(l->w, plain_functions[fn], l->x) : made_function(l, fn);
    if (l->y == MLP_EMIT_NONE)
        return mlp_lower_refuse(l, "function %d has no ONNX form", (int)fn);
    return MLP_OK;
}

/* --- matrices --- */

static enum mlp_code write_linear(struct mlp_lower *l)
{
    const struct mlp_linear *p = l->n->params;
    size_t k = l->n->out_width;
    if (!l->n->in.n)
        return mlp_lower_refuse(l, "it has no columns");
    l->y = mlp_emit2(l->w, "MatMul", l->x, mlp_emit_matrix(l->w, p->weight, l->n->in.n, k));
    if (p->bias)
        l->y = mlp_emit2(l->w, "Add", l->y, mlp_emit_row(l->w, p->bias, k));
    return MLP_OK;
}

/* The sum runs feature by feature in float32, from the bias on: a running sum along the terms, of
 * which the last is taken. Missing features add nothing. */
static enum mlp_code write_gblinear(struct mlp_lower *l)
{
    const struct mlp_gblinear *p = l->n->params;
    struct mlp_emit *w = l->w;
    size_t k = l->n->out_width, m = l->n->in.n;
    int64_t dims[2] = {(int64_t)m, (int64_t)k}, last = (int64_t)m;
    double *weight = mlp_lower_array(l, m * k + k, sizeof *weight), *bias = weight + m * k;
    if (!weight)
        return l->c->e->code;
    for (size_t i = 0; i < m * k; i++)
        weight[i] = (double)p->weight[i];
    for (size_t j = 0; j < k; j++)
        bias[j] = (double)(p->weight[m * k + j] + p->start);
    uint32_t x = narrow(l, l->x);
    x = mlp_emit3(w, "Where", mlp_emit1(w, "IsNaN", x), float_num(l, 0), x);
    uint32_t terms[2] = {mlp_emit_unsqueeze(w, narrow(l, mlp_lower_constant(l, bias, k)), 1),
                         mlp_emit2(w, "Mul", mlp_emit_unsqueeze(w, x, 2),
                                   mlp_emit_const(w, MLP_DT_FLOAT, weight, dims, 2))};
    x = mlp_emit2(w, "CumSum", mlp_emit_concat(w, terms, 2, 1), mlp_emit_int(w, 1));
    x = mlp_emit_gather(w, x, mlp_emit_ints(w, &last, 1), 1);
    l->y = wide(l, mlp_emit_reshape(w, x, k, 0));
    return MLP_OK;
}

static enum mlp_code write_softmax(struct mlp_lower *l)
{
    mlp_emit_attr_int(l->w, "axis", 1);
    l->y = mlp_emit1(l->w, "Softmax", l->x);
    return MLP_OK;
}

static enum mlp_code write_softmax32(struct mlp_lower *l)
{
    struct mlp_emit *w = l->w;
    uint32_t x = narrow(l, l->x);
    uint32_t less = mlp_emit2(w, "Sub", x, mlp_emit_reduce(w, "ReduceMax", x, 1, true));
    uint32_t e = mlp_emit1(w, "Exp", less);
    uint32_t sum = mlp_emit_reduce(w, "ReduceSum", wide(l, e), 1, true);
    l->y = wide(l, mlp_emit2(w, "Div", e, narrow(l, sum)));
    return MLP_OK;
}

static enum mlp_code write_share(struct mlp_lower *l)
{
    const struct mlp_share *p = l->n->params;
    struct mlp_emit *w = l->w;
    uint32_t sum = mlp_emit_reduce(w, "ReduceSum", l->x, 1, true);
    uint32_t other = p->uniform ? mlp_emit_num(w, 1 / (double)l->n->in.n) : l->x;
    uint32_t none = mlp_emit2(w, "Equal", sum, mlp_emit_num(w, 0));
    l->y = mlp_emit3(w, "Where", none, other, mlp_emit2(w, "Div", l->x, sum));
    return MLP_OK;
}

static enum mlp_code write_ratio(struct mlp_lower *l)
{
    l->y = mlp_emit2(l->w, "Div", l->x, mlp_emit_reduce(l->w, "ReduceSum", l->x, 1, true));
    return MLP_OK;
}

static enum mlp_code write_centre(struct mlp_lower *l)
{
    uint32_t mean = mlp_emit2(l->w, "Div", mlp_emit_reduce(l->w, "ReduceSum", l->x, 1, true),
                              mlp_emit_num(l->w, (double)l->n->in.n));
    l->y = mlp_emit2(l->w, "Sub", l->x, mean);
    return MLP_OK;
}

/* Blocks of columns by their number: mask, a, b. */
static enum mlp_code write_choose(struct mlp_lower *l)
{
    uint32_t x = mlp_emit_reshape(l->w, l->x, 3, l->n->out_width), part[3];
    for (int64_t i = 0; i < 3; i++)
        part[i] = mlp_emit_gather(l->w, x, mlp_emit_int(l->w, i), 1);
    uint32_t none = mlp_emit2(l->w, "Equal", part[0], mlp_emit_num(l->w, 0));
    l->y = mlp_emit3(l->w, "Where", none, part[1], part[2]);
    return MLP_OK;
}

static enum mlp_code write_pair(struct mlp_lower *l)
{
    struct mlp_emit *w = l->w;
    uint32_t parts[2] = {mlp_emit2(w, "Sub", mlp_emit_num(w, 1), l->x), l->x};
    if (l->n->in.n == 1) {
        l->y = mlp_emit_concat(w, parts, 2, 1);
        return MLP_OK;
    }
    parts[0] = mlp_emit_unsqueeze(w, parts[0], 2);
    parts[1] = mlp_emit_unsqueeze(w, parts[1], 2);
    l->y = mlp_emit_reshape(w, mlp_emit_concat(w, parts, 2, 2), 2 * l->n->in.n, 0);
    return MLP_OK;
}

static enum mlp_code write_argmax(struct mlp_lower *l)
{
    mlp_emit_attr_int(l->w, "axis", 1);
    l->y = wide(l, mlp_emit1(l->w, "ArgMax", l->x));
    return MLP_OK;
}

static enum mlp_code write_argmax_last(struct mlp_lower *l)
{
    mlp_emit_attr_int(l->w, "axis", 1);
    mlp_emit_attr_int(l->w, "select_last_index", 1);
    l->y = wide(l, mlp_emit1(l->w, "ArgMax", l->x));
    return MLP_OK;
}

static enum mlp_code write_above(struct mlp_lower *l)
{
    const struct mlp_above *p = l->n->params;
    l->y = mlp_lower_flag(l, p->or_equal ? "GreaterOrEqual" : "Greater", l->x,
                          mlp_emit_num(l->w, p->limit));
    return MLP_OK;
}

static enum mlp_code write_constant(struct mlp_lower *l)
{
    const struct mlp_constant *p = l->n->params;
    l->y = mlp_lower_constant(l, p->value, l->n->out_width);
    return MLP_OK;
}

static enum mlp_code write_mix(struct mlp_lower *l)
{
    const struct mlp_mix *p = l->n->params;
    struct mlp_emit *w = l->w;
    uint32_t x = mlp_emit_reshape(w, l->x, p->parts, l->n->out_width);
    if (p->weight)
        x = mlp_emit2(w, "Mul", x, mlp_emit_matrix(w, p->weight, p->parts, 1));
    x = mlp_emit_reduce(w, "ReduceSum", x, 1, false);
    l->y = mlp_emit2(w, "Div", x, mlp_emit_num(w, p->divide));
    return MLP_OK;
}

const struct mlp_lowering mlp_lower_num[] = {
    {&mlp_op_scale, write_scale}, {&mlp_op_impute, write_impute},
    {&mlp_op_indicator, write_indicator}, {&mlp_op_map, write_map},
    {&mlp_op_linear, write_linear}, {&mlp_op_gblinear, write_gblinear},
    {&mlp_op_softmax, write_softmax}, {&mlp_op_softmax32, write_softmax32},
    {&mlp_op_share, write_share}, {&mlp_op_pair, write_pair},
    {&mlp_op_ratio, write_ratio}, {&mlp_op_centre, write_centre},
    {&mlp_op_choose, write_choose}, {&mlp_op_argmax_last, write_argmax_last},
    {&mlp_op_argmax, write_argmax}, {&mlp_op_above, write_above},
    {&mlp_op_constant, write_constant}, {&mlp_op_mix, write_mix}, {NULL, NULL},
};
