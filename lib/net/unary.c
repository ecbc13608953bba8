#include "net/unary.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "net/element.h"
#include "net/packed.h"

struct unary {
    const char *name;
    double (*f)(double);
    double (*g)(double x, const float k[3]); /* with alpha, beta or gamma */
    float alpha, beta;
};

struct unary_params {
    const struct unary *u;
    float k[2];
};

static double neg(double x) { return -x; }
static double recip(double x) { return 1 / x; }
static double relu(double x) { return x < 0 ? 0 : x; }
static double sigmoid(double x) { return 1 / (1 + exp(-x)); }
static double sign(double x) { return x > 0 ? 1 : x < 0 ? -1 : x; }
static double softplus(double x) { return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x)); }
static double softsign(double x) { return x / (1 + fabs(x)); }
static double mish(double x) { return x * tanh(softplus(x)); }
static double hard(double x) { return x < 0 ? 0 : x > 1 ? 1 : x; }
static double hardswish(double x) { return x * hard(x / 6 + 0.5); }
static double leaky(double x, const float *k) { return x < 0 ? (double)k[0] * x : x; }
static double elu(double x, const float *k) { return x < 0 ? (double)k[0] * expm1(x) : x; }
static double hardsigmoid(double x, const float *k)
{
    return hard((double)k[0] * x + (double)k[1]);
}
static double thresholded(double x, const float *k) { return x > (double)k[0] ? x : 0; }

static double selu(double x, const float *k)
{
    return (double)k[1] * (x > 0 ? x : (double)k[0] * expm1(x));
}

static double celu(double x, const float *k)
{
    return x >= 0 ? x : (double)k[0] * expm1(x / (double)k[0]);
}

/* By erf, or by its approximation with tanh: k[0] says which. */
static double gelu(double x, const float *k)
{
    double inner = 0.7978845608028654 * (x + 0.044715 * x * x * x); /* sqrt(2 / pi) */
    return k[0] != 0 ? x / 2 * (1 + tanh(inner)) : x / 2 * (1 + erf(x * 0.7071067811865476));
}

static double swish(double x, const float *k) { return x * sigmoid((double)k[0] * x); }

static double shrink(double x, const float *k)
{
    return x < -(double)k[0] ? x + (double)k[1] : x > (double)k[0] ? x - (double)k[1] : 0;
}

static const struct unary UNARY[] = {
    {"Abs", fabs, NULL, 0, 0},
    {"Neg", neg, NULL, 0, 0},
    {"Sqrt", sqrt, NULL, 0, 0},
    {"Exp", exp, NULL, 0, 0},
    {"Log", log, NULL, 0, 0},
    {"Reciprocal", recip, NULL, 0, 0},
    {"Erf", erf, NULL, 0, 0},
    {"Relu", relu, NULL, 0, 0},
    {"Sigmoid", sigmoid, NULL, 0, 0},
    {"Tanh", tanh, NULL, 0, 0},
    {"Floor", floor, NULL, 0, 0},
    {"Ceil", ceil, NULL, 0, 0},
    {"Round", rint, NULL, 0, 0},
    {"Sin", sin, NULL, 0, 0},
    {"Cos", cos, NULL, 0, 0},
    {"Tan", tan, NULL, 0, 0},
    {"Asin", asin, NULL, 0, 0},
    {"Acos", acos, NULL, 0, 0},
    {"Atan", atan, NULL, 0, 0},
    {"Sinh", sinh, NULL, 0, 0},
    {"Cosh", cosh, NULL, 0, 0},
    {"Asinh", asinh, NULL, 0, 0},
    {"Acosh", acosh, NULL, 0, 0},
    {"Atanh", atanh, NULL, 0, 0},
    {"Sign", sign, NULL, 0, 0},
    {"Softplus", softplus, NULL, 0, 0},
    {"Softsign", softsign, NULL, 0, 0},
    {"HardSwish", hardswish, NULL, 0, 0},
    {"Mish", mish, NULL, 0, 0},
    {"LeakyRelu", NULL, leaky, 0.01F, 0},
    {"Elu", NULL, elu, 1, 0},
    {"Selu", NULL, selu, 1.67326319217681884765625F, 1.05070102214813232421875F},
    {"HardSigmoid", NULL, hardsigmoid, 0.2F, 0.5F},
    {"ThresholdedRelu", NULL, thresholded, 1, 0},
    {"Celu", NULL, celu, 1, 0},
    {"Gelu", NULL, gelu, 0, 0},
    {"Swish", NULL, swish, 1, 0},
    {"Shrink", NULL, shrink, 0.5F, 0},
};

enum mlp_code mlp_net_prepare_unary(struct mlp_net_build *b, const void **params)
{
    struct unary_params *p = mlp_arena_alloc(b->arena, sizeof(*p));
    if (!p)
        return mlp_err_nomem(b->e);
    for (size_t i = 0; i < sizeof(UNARY) / sizeof(UNARY[0]); i++)
        if (mlp_str_is(b->node->op_type, UNARY[i].name))
            p->u = &UNARY[i];
    bool shrinks = p->u->g == shrink;
    const char *second = p->u->g == selu ? "gamma" : shrinks ? "bias" : "beta";
    struct mlp_str approximate;
    *params = p;
    if (mlp_net_attr_float(b, shrinks ? "lambd" : "alpha", p->u->alpha, &p->k[0]) ||
        mlp_net_attr_float(b, second, p->u->beta, &p->k[1]) ||
        mlp_net_attr_str(b, "approximate", "none", &approximate))
        return b->e->code;
    if (p->u->g == gelu)
        p->k[0] = mlp_str_is(approximate, "tanh");
    return MLP_OK;
}

static void whole_unary(const struct unary *u, const struct mlp_tensor *x, struct mlp_tensor *y)
{
    for (size_t i = 0; i < x->n; i++) {
        int64_t v = mlp_tensor_integer(x, i), s = v > 0 ? 1 : v < 0 ? -1 : 0;
        int64_t minus = (int64_t)(0 - (uint64_t)v);
        if (u->f == neg)
            v = minus;
        else if (u->f == sign)
            v = x->type == MLP_DT_UINT64 ? v != 0 : s;
        else if (x->type != MLP_DT_UINT64 && v < 0)
            v = u->f == fabs ? minus : 0;
        mlp_tensor_set_integer(y, i, v);
    }
}

static void float_unary(double (*f)(double), const float *x, float *y, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] = (float)f((double)x[i]);
}

static void real_unary(const struct unary_params *p, const struct mlp_tensor *x,
                       struct mlp_tensor *y)
{
    for (size_t i = 0; i < x->n; i++) {
        double v = mlp_tensor_number(x, i);
        mlp_tensor_set_number(y, i, p->u->f ? p->u->f(v) : p->u->g(v, p->k));
    }
}

enum mlp_code mlp_net_run_unary(const struct mlp_net_call *c)
{
    const struct unary_params *p = c->node->params;
    const struct mlp_tensor *x = c->in[0];
    struct mlp_tensor *y = &c->out[0];
    double (*f)(double) = p->u->f;
    bool whole = mlp_dtype_is_whole(x->type) && (f == neg || f == fabs || f == sign || f == relu);
    bool computes = p->u->g == shrink ? x->type != MLP_DT_STRING : mlp_dtype_is_real(x->type);
    if ((!whole && !computes) || c->nin > 1)
        return mlp_net_bad_type(c, 0);
    if (mlp_tensor_like(y, c->arena, x->type, x, c->e))
        return c->e->code;
    if (whole)
        whole_unary(p->u, x, y);
    else if (f == relu && x->type == MLP_DT_FLOAT)
        mlp_floats_relu(y->f32, x->f32, x->n);
    else if (f && x->type == MLP_DT_FLOAT)
        float_unary(f, x->f32, y->f32, x->n);
    else
        real_unary(p, x, y);
    return MLP_OK;
}

enum mlp_code mlp_net_run_not(const struct mlp_net_call *c)
{
    if (c->in[0]->type != MLP_DT_BOOL)
        return mlp_net_bad_type(c, 0);
    if (mlp_tensor_like(&c->out[0], c->arena, MLP_DT_BOOL, c->in[0], c->e))
        return c->e->code;
    for (size_t i = 0; i < c->out[0].n; i++)
        c->out[0].u8[i] = !c->in[0]->u8[i];
    return MLP_OK;
}

enum mlp_code mlp_net_run_isnan(const struct mlp_net_call *c)
{
    if (!mlp_dtype_is_real(c->in[0]->type))
        return mlp_net_bad_type(c, 0);
    if (mlp_tensor_like(&c->out[0], c->arena, MLP_DT_BOOL, c->in[0], c->e))
        return c->e->code;
    for (size_t i = 0; i < c->out[0].n; i++)
        c->out[0].u8[i] = (uint8_t)(isnan(mlp_tensor_number(c->in[0], i)) ? 1 : 0);
    return MLP_OK;
}

struct signs {
    int64_t negative, positive;
};

enum mlp_code mlp_net_prepare_isinf(struct mlp_net_build *b, const void **params)
{
    struct signs *p = mlp_arena_alloc(b->arena, sizeof(*p));
    if (!p)
        return mlp_err_nomem(b->e);
    *params = p;
    if (mlp_net_attr_int(b, "detect_negative", 1, &p->negative))
        return b->e->code;
    return mlp_net_attr_int(b, "detect_positive", 1, &p->positive);
}

enum mlp_code mlp_net_run_isinf(const struct mlp_net_call *c)
{
    const struct signs *p = c->node->params;
    if (!mlp_dtype_is_real(c->in[0]->type))
        return mlp_net_bad_type(c, 0);
    if (mlp_tensor_like(&c->out[0], c->arena, MLP_DT_BOOL, c->in[0], c->e))
        return c->e->code;
    for (size_t i = 0; i < c->out[0].n; i++) {
        double x = mlp_tensor_number(c->in[0], i);
        c->out[0].u8[i] = (uint8_t)(isinf(x) && (x > 0 ? p->positive : p->negative) != 0);
    }
    return MLP_OK;
}

enum mlp_code mlp_net_run_identity(const struct mlp_net_call *c)
{
    c->out[0] = *c->in[0];
    return MLP_OK;
}

/* --- Clip --- */

enum mlp_code mlp_net_prepare_clip(struct mlp_net_build *b, const void **params)
{
    float *p = mlp_arena_array(b->arena, 2, sizeof(*p));
    if (!p)
        return mlp_err_nomem(b->e);
    *params = p;
    if (mlp_net_attr_float(b, "min", -INFINITY, &p[0]))
        return b->e->code;
    return mlp_net_attr_float(b, "max", INFINITY, &p[1]);
}

static void clip_whole(const struct mlp_net_call *c, const struct mlp_tensor *lo,
                       const struct mlp_tensor *hi)
{
    for (size_t i = 0; i < c->out[0].n; i++) {
        int64_t x = mlp_tensor_integer(c->in[0], i);
        if (lo && x < mlp_tensor_integer(lo, 0))
            x = mlp_tensor_integer(lo, 0);
        if (hi && x > mlp_tensor_integer(hi, 0))
            x = mlp_tensor_integer(hi, 0);
        mlp_tensor_set_integer(&c->out[0], i, x);
    }
}

static double limit_of(const struct mlp_tensor *t, double none)
{
    return t ? mlp_tensor_number(t, 0) : none;
}

static void clip_real(const struct mlp_net_call *c, double lo, double hi)
{
    for (size_t i = 0; i < c->out[0].n; i++) {
        double x = mlp_tensor_number(c->in[0], i);
        x = x < lo ? lo : x;
        mlp_tensor_set_number(&c->out[0], i, x > hi ? hi : x);
    }
}

enum mlp_code mlp_net_run_clip(const struct mlp_net_call *c)
{
    const float *p = c->node->params;
    const struct mlp_tensor *lo = c->nin > 1 ? c->in[1] : NULL, *hi = c->nin > 2 ? c->in[2] : NULL;
    if ((lo && lo->n != 1) || (hi && hi->n != 1))
        return mlp_net_fail(c, "a limit that is no single number");
    if (c->in[0]->type == MLP_DT_STRING || c->in[0]->type == MLP_DT_UINT64)
        return mlp_net_bad_type(c, 0);
    if (mlp_tensor_like(&c->out[0], c->arena, c->in[0]->type, c->in[0], c->e))
        return c->e->code;
    if (mlp_dtype_is_whole(c->in[0]->type)) {
        clip_whole(c, lo, hi);
        return MLP_OK;
    }
    clip_real(c, p ? (double)p[0] : limit_of(lo, -INFINITY),
              p ? (double)p[1] : limit_of(hi, INFINITY));
    return MLP_OK;
}
