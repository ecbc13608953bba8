/* math.c: elementwise operators of two or more tensors: arithmetic, comparison, logic, Where. */
#include <math.h>

#include "net/cast.h"
#include "net/element.h"
#include "net/unary.h"

/* A function of two elements, over real and over whole numbers; NULL where the spec has none. */
struct binary {
    const char *name;
    double (*real)(double, double);
    int64_t (*whole)(int64_t, int64_t);
    bool test;                   /* gives a bool */
};

static double add_r(double a, double b) { return a + b; }
static double sub_r(double a, double b) { return a - b; }
static double mul_r(double a, double b) { return a * b; }
static double div_r(double a, double b) { return a / b; }
static double min_r(double a, double b) { return isnan(a) || a < b ? a : b; }
static double max_r(double a, double b) { return isnan(a) || a > b ? a : b; }
static double less_r(double a, double b) { return a < b; }
static double greater_r(double a, double b) { return a > b; }
static double less_eq_r(double a, double b) { return a <= b; }
static double greater_eq_r(double a, double b) { return a >= b; }
static double equal_r(double a, double b) { return a == b; }
static double prelu_r(double a, double b) { return a < 0 ? a * b : a; }

static int64_t add_i(int64_t a, int64_t b) { return (int64_t)((uint64_t)a + (uint64_t)b); }
static int64_t sub_i(int64_t a, int64_t b) { return (int64_t)((uint64_t)a - (uint64_t)b); }
static int64_t mul_i(int64_t a, int64_t b) { return (int64_t)((uint64_t)a * (uint64_t)b); }
static int64_t div_i(int64_t a, int64_t b) { return b == 0 ? 0 : b == -1 ? sub_i(0, a) : a / b; }
static int64_t min_i(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t max_i(int64_t a, int64_t b) { return a > b ? a : b; }
static int64_t less_i(int64_t a, int64_t b) { return a < b; }
static int64_t greater_i(int64_t a, int64_t b) { return a > b; }
static int64_t less_eq_i(int64_t a, int64_t b) { return a <= b; }
static int64_t greater_eq_i(int64_t a, int64_t b) { return a >= b; }
static int64_t equal_i(int64_t a, int64_t b) { return a == b; }
static int64_t and_i(int64_t a, int64_t b) { return a & b; }
static int64_t or_i(int64_t a, int64_t b) { return a | b; }
static int64_t xor_i(int64_t a, int64_t b) { return a ^ b; }
static int64_t prelu_i(int64_t a, int64_t b) { return a < 0 ? mul_i(a, b) : a; }

static int64_t pow_i(int64_t a, int64_t b)
{
    return (int64_t)pow((double)a, (double)b);
}

static const struct binary BINARY[] = {
    {"Add", add_r, add_i, false},
    {"Sub", sub_r, sub_i, false},
    {"Mul", mul_r, mul_i, false},
    {"Div", div_r, div_i, false},
    {"Pow", pow, pow_i, false},
    {"Min", min_r, min_i, false},
    {"Max", max_r, max_i, false},
    {"Sum", add_r, NULL, false},
    {"Mean", add_r, NULL, false},
    {"Less", less_r, less_i, true},
    {"Greater", greater_r, greater_i, true},
    {"LessOrEqual", less_eq_r, less_eq_i, true},
    {"GreaterOrEqual", greater_eq_r, greater_eq_i, true},
    {"Equal", equal_r, equal_i, true},
    {"And", NULL, and_i, true},
    {"Or", NULL, or_i, true},
    {"Xor", NULL, xor_i, true},
    {"BitwiseAnd", NULL, and_i, false},
    {"BitwiseOr", NULL, or_i, false},
    {"BitwiseXor", NULL, xor_i, false},
    {"PRelu", prelu_r, prelu_i, false},
};

static enum mlp_code find_binary(struct mlp_net_build *b, const void **params)
{
    for (size_t i = 0; i < sizeof(BINARY) / sizeof(BINARY[0]); i++)
        if (mlp_str_is(b->node->op_type, BINARY[i].name))
            *params = &BINARY[i];
    return MLP_OK;
}

/* The four operations of float that networks spend their time in. */
static bool fast_float(const char *name, const float *a, const float *b, float *restrict y,
                       size_t n)
{
    switch (name[0] == 'A' ? '+' : name[0] == 'D' ? '/' : name[1] == 'u' ? name[0] : '?') {
    case '+':
        for (size_t i = 0; i < n; i++)
            y[i] = a[i] + b[i];
        return true;
    case '/':
        for (size_t i = 0; i < n; i++)
            y[i] = a[i] / b[i];
        return true;
    case 'M':
        for (size_t i = 0; i < n; i++)
            y[i] = a[i] * b[i];
        return true;
    default:
        return false;
    }
}

static void apply(const struct binary *f, struct mlp_tensor *y, const struct mlp_tensor *a,
                  const struct mlp_tensor *b)
{
    struct mlp_walk w;
    mlp_walk_init(&w, y->rank, y->dims);
    mlp_walk_add(&w, 0, a);
    mlp_walk_add(&w, 1, b);
    bool real = mlp_dtype_is_real(a->type) || (mlp_dtype_is_real(b->type) && f->real);
    for (size_t i = 0; i < y->n; i++, mlp_walk_next(&w)) {
        size_t p = w.offset[0], q = w.offset[1];
        if (real)
            mlp_tensor_set_number(y, i, f->real(mlp_tensor_number(a, p), mlp_tensor_number(b, q)));
        else
            mlp_tensor_set_integer(y, i,
                                   f->whole(mlp_tensor_integer(a, p), mlp_tensor_integer(b, q)));
    }
}

static void equal_texts(struct mlp_tensor *y, const struct mlp_tensor *a,
                        const struct mlp_tensor *b)
{
    struct mlp_walk w;
    mlp_walk_init(&w, y->rank, y->dims);
    mlp_walk_add(&w, 0, a);
    mlp_walk_add(&w, 1, b);
    for (size_t i = 0; i < y->n; i++, mlp_walk_next(&w))
        y->u8[i] = mlp_str_eq(a->str[w.offset[0]], b->str[w.offset[1]]);
}

/* uint64 computes as int64: what is over 2^63 - 1 is refused rather than computed wrongly. */
static bool over(const struct mlp_tensor *t)
{
    for (size_t i = 0; t->type == MLP_DT_UINT64 && i < t->n; i++)
        if (t->u64[i] > INT64_MAX)
            return true;
    return false;
}

static enum mlp_code check_pair(const struct mlp_net_call *c, const struct binary *f,
                                const struct mlp_tensor *a, const struct mlp_tensor *b)
{
    bool real = mlp_dtype_is_real(a->type), power = mlp_str_is(MLP_STR("Pow"), f->name);
    if (a->type != b->type && !power)
        return mlp_net_fail(c, "inputs of types %s and %s", mlp_dtype_name(a->type),
                            mlp_dtype_name(b->type));
    if (b->type == MLP_DT_STRING || (real ? !f->real : !f->whole))
        return mlp_net_bad_type(c, 0);
    return over(a) || over(b) ? mlp_net_fail(c, "a whole number over 2^63 - 1") : MLP_OK;
}

static enum mlp_code binary_into(const struct mlp_net_call *c, const struct binary *f,
                                 const struct mlp_tensor *a, const struct mlp_tensor *b,
                                 struct mlp_tensor *y)
{
    uint32_t rank;
    int64_t dims[MLP_MAX_RANK];
    bool texts = a->type == MLP_DT_STRING && b->type == a->type && f->real == equal_r;
    if (!mlp_tensor_broadcast(a, b, &rank, dims))
        return mlp_net_fail(c, "shapes that do not fit each other");
    if (!texts && check_pair(c, f, a, b))
        return c->e->code;
    if (mlp_tensor_make(y, c->arena, f->test ? MLP_DT_BOOL : a->type, rank, dims, c->e))
        return c->e->code;
    if (texts)
        equal_texts(y, a, b);
    else if (a->type != MLP_DT_FLOAT || b->type != a->type || !mlp_tensor_same_shape(a, b) ||
             !fast_float(f->name, a->f32, b->f32, y->f32, y->n))
        apply(f, y, a, b);
    return MLP_OK;
}

static enum mlp_code run_binary(const struct mlp_net_call *c)
{
    return binary_into(c, c->node->params, c->in[0], c->in[1], &c->out[0]);
}

/* Sum, Mean, Min, Max of any number of tensors. */
static enum mlp_code run_variadic(const struct mlp_net_call *c)
{
    const struct binary *f = c->node->params;
    struct mlp_tensor sum = *c->in[0];
    for (uint32_t i = 1; i < c->nin; i++) {
        struct mlp_tensor y;
        if (!c->in[i] || binary_into(c, f, &sum, c->in[i], &y))
            return c->in[i] ? c->e->code : mlp_net_fail(c, "input %u is left out", i);
        sum = y;
    }
    c->out[0] = sum;
    if (!mlp_str_is(MLP_STR("Mean"), f->name))
        return MLP_OK;
    if (!mlp_dtype_is_real(sum.type))
        return mlp_net_bad_type(c, 0);
    if (mlp_tensor_like(&c->out[0], c->arena, sum.type, &sum, c->e))
        return c->e->code;
    for (size_t i = 0; i < sum.n; i++)
        mlp_tensor_set_number(&c->out[0], i, mlp_tensor_number(&sum, i) / c->nin);
    return MLP_OK;
}

/* --- Mod --- */

static double floor_mod(double a, double b)
{
    double r = fmod(a, b);
    return r != 0 && (r < 0) != (b < 0) ? r + b : r;
}

static int64_t rest_i(int64_t a, int64_t b)
{
    return b == 0 || b == -1 ? 0 : a % b;
}

static int64_t floor_mod_i(int64_t a, int64_t b)
{
    int64_t r = rest_i(a, b);
    return r != 0 && (r < 0) != (b < 0) ? r + b : r;
}

static const struct binary MOD[2] = {{"mod", floor_mod, floor_mod_i, false},
                                     {"mod", fmod, rest_i, false}};

static enum mlp_code prepare_mod(struct mlp_net_build *b, const void **params)
{
    int64_t fm;
    enum mlp_code code = mlp_net_attr_int(b, "fmod", 0, &fm);
    *params = &MOD[fm != 0];
    return code;
}

/* --- bits --- */

static int64_t shift_left(int64_t a, int64_t b)
{
    return b < 0 || b > 63 ? 0 : (int64_t)((uint64_t)a << b);
}

static int64_t shift_right(int64_t a, int64_t b)
{
    return b < 0 || b > 63 ? 0 : (int64_t)((uint64_t)a >> b);
}

static const struct binary SHIFT[2] = {{"left", NULL, shift_left, false},
                                       {"right", NULL, shift_right, false}};

static enum mlp_code prepare_shift(struct mlp_net_build *b, const void **params)
{
    struct mlp_str way;
    if (mlp_net_attr_str(b, "direction", "", &way))
        return b->e->code;
    bool right = mlp_str_is(way, "RIGHT");
    *params = &SHIFT[right];
    return right || mlp_str_is(way, "LEFT") ? MLP_OK : mlp_net_bad(b, "direction '%.*s'",
                                                                   MLP_STR_ARG(way));
}

static enum mlp_code run_bitwise_not(const struct mlp_net_call *c)
{
    const struct mlp_tensor *x = c->in[0];
    if (!mlp_dtype_is_whole(x->type) || x->type == MLP_DT_BOOL)
        return mlp_net_bad_type(c, 0);
    if (mlp_tensor_like(&c->out[0], c->arena, x->type, x, c->e))
        return c->e->code;
    for (size_t i = 0; i < x->n; i++)
        mlp_tensor_set_integer(&c->out[0], i, ~mlp_tensor_integer(x, i));
    return MLP_OK;
}

/* --- Where --- */

static enum mlp_code run_where(const struct mlp_net_call *c)
{
    struct mlp_tensor ab = {0};
    struct mlp_walk w;
    if (c->in[0]->type != MLP_DT_BOOL || c->in[1]->type != c->in[2]->type)
        return mlp_net_bad_type(c, c->in[0]->type != MLP_DT_BOOL ? 0 : 2);
    if (!mlp_tensor_broadcast(c->in[1], c->in[2], &ab.rank, ab.dims) ||
        !mlp_tensor_broadcast(c->in[0], &ab, &ab.rank, ab.dims))
        return mlp_net_fail(c, "shapes that do not fit each other");
    if (mlp_tensor_make(&c->out[0], c->arena, c->in[1]->type, ab.rank, ab.dims, c->e))
        return c->e->code;
    mlp_walk_init(&w, ab.rank, ab.dims);
    for (unsigned i = 0; i < 3; i++)
        mlp_walk_add(&w, i, c->in[i]);
    for (size_t i = 0; i < c->out[0].n; i++, mlp_walk_next(&w)) {
        unsigned k = c->in[0]->u8[w.offset[0]] ? 1 : 2;
        mlp_tensor_copy_element(&c->out[0], i, c->in[k], w.offset[k]);
    }
    return MLP_OK;
}

#define TWO(name, since) {"", name, since, 0, 2, 2, 1, find_binary, run_binary}
#define MANY(name, since) {"", name, since, 0, 1, UINT32_MAX, 1, find_binary, run_variadic}
#define ONE(name) {"", name, 6, 0, 1, 3, 2, mlp_net_prepare_unary, mlp_net_run_unary}

const struct mlp_net_op mlp_net_math[] = {
    TWO("Add", 7), TWO("Sub", 7), TWO("Mul", 7), TWO("Div", 7), TWO("Pow", 7), TWO("PRelu", 7),
    TWO("Less", 7), TWO("Greater", 7), TWO("LessOrEqual", 12), TWO("GreaterOrEqual", 12),
    TWO("Equal", 7), TWO("And", 7), TWO("Or", 7), TWO("Xor", 7), TWO("BitwiseAnd", 18),
    TWO("BitwiseOr", 18), TWO("BitwiseXor", 18),
    MANY("Min", 8), MANY("Max", 8), MANY("Sum", 8), MANY("Mean", 8),
    {"", "Mod", 10, 0, 2, 2, 1, prepare_mod, run_binary},
    {"", "Where", 9, 0, 3, 3, 1, NULL, run_where},
    ONE("Abs"), ONE("Neg"), ONE("Sqrt"), ONE("Exp"), ONE("Log"), ONE("Reciprocal"), ONE("Erf"),
    ONE("Relu"), ONE("Sigmoid"), ONE("Tanh"), ONE("Floor"), ONE("Ceil"), ONE("Round"),
    ONE("Sin"), ONE("Cos"), ONE("Tan"), ONE("Asin"), ONE("Acos"), ONE("Atan"), ONE("Sinh"),
    ONE("Cosh"), ONE("Asinh"), ONE("Acosh"), ONE("Atanh"), ONE("Sign"), ONE("Softplus"),
    ONE("Softsign"), ONE("HardSwish"), ONE("Mish"), ONE("LeakyRelu"), ONE("Elu"), ONE("Selu"),
    ONE("HardSigmoid"), ONE("ThresholdedRelu"), ONE("Celu"), ONE("Gelu"), ONE("Swish"),
    ONE("Shrink"),
    {"", "Not", 1, 0, 1, 1, 1, NULL, mlp_net_run_not},
    {"", "IsInf", 10, 0, 1, 1, 1, mlp_net_prepare_isinf, mlp_net_run_isinf},
    {"", "IsNaN", 9, 0, 1, 1, 1, NULL, mlp_net_run_isnan},
    {"", "Clip", 6, 10, 1, 1, 1, mlp_net_prepare_clip, mlp_net_run_clip},
    {"", "Clip", 11, 0, 1, 3, 1, NULL, mlp_net_run_clip},
    {"", "Cast", 6, 0, 1, 1, 1, mlp_net_prepare_cast, mlp_net_run_cast},
    {"", "CastLike", 15, 0, 2, 2, 1, mlp_net_prepare_cast_like, mlp_net_run_cast},
    {"", "BitShift", 11, 0, 2, 2, 1, prepare_shift, run_binary},
    {"", "BitwiseNot", 18, 0, 1, 1, 1, NULL, run_bitwise_not},
    {0}};
