/* ops_num.c: operations over numbers (ops.h). */
#include "model/ops.h"
#include <math.h>

#define EACH_ROW(c, x, y)                                                                          \
    const double *x = (c)->x;                                                                      \
    double *y = (c)->y;                                                                            \
    for (size_t row_ = 0; row_ < (c)->rows; row_++, x += (c)->ldx, y += (c)->ldy)

static enum mlp_code run_scale(const struct mlp_gnode *n, struct mlp_call *c)
{
    const struct mlp_scale *p = n->params;
    EACH_ROW(c, x, y) {
        for (size_t i = 0; i < n->in.n; i++) {
            double v = x[i];
            v = p->sub ? v - p->sub[i] : v;
            v = p->div ? v / p->div[i] : v;
            v = p->mul ? v * p->mul[i] : v;
            v = p->add ? v + p->add[i] : v;
            y[i] = v;
        }
        for (size_t i = 0; p->clip && i < n->in.n; i++)
            y[i] = y[i] < p->lo ? p->lo : y[i] > p->hi ? p->hi : y[i];
    }
    return MLP_OK;
}

const struct mlp_op mlp_op_scale = {"scaler", run_scale, NULL};

static bool is_missing(double x, double missing)
{
    return isnan(missing) ? isnan(x) : x == missing;
}

static enum mlp_code run_impute(const struct mlp_gnode *n, struct mlp_call *c)
{
    const struct mlp_impute *p = n->params;
    EACH_ROW(c, x, y)
        for (size_t i = 0; i < n->in.n; i++)
            y[i] = is_missing(x[i], p->missing) ? p->value[i] : x[i];
    return MLP_OK;
}

static enum mlp_code run_indicator(const struct mlp_gnode *n, struct mlp_call *c)
{
    const struct mlp_impute *p = n->params;
    EACH_ROW(c, x, y)
        for (size_t i = 0; i < n->in.n; i++)
            y[i] = is_missing(x[i], p->missing);
    return MLP_OK;
}

const struct mlp_op mlp_op_impute = {"imputer", run_impute, NULL};
const struct mlp_op mlp_op_indicator = {"missing indicator", run_indicator, NULL};

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

static double half_sigmoid(double x)
{
    return sigmoid(2 * x);
}

static double identity(double x)
{
    return x;
}

static double square(double x)
{
    return x * x;
}

static double negative(double x)
{
    return -x;
}

static double reciprocal(double x)
{
    return 1 / x;
}

static double sign(double x)
{
    return isnan(x) ? x : (double)((x > 0) - (x < 0));
}

static double relu(double x)
{
    return x > 0 ? x : 0;
}

static double is_nan(double x)
{
    return isnan(x);
}

static double to_float32(double x)
{
    return (double)(float)x;
}

/* xgboost/src/common/math.h: Sigmoid. */
static double sigmoid32(double x)
{
    float z = -(float)x;
    z = z < 88.7f ? z : 88.7f;
    return (double)(1.0f / (expf(z) + 1.0f + 1e-16f));
}

static double exp32(double x)
{
    return (double)expf((float)x);
}

static double log1pexp(double x)
{
    return log1p(exp(x));
}

static double signed_square(double x)
{
    return x < 0 ? -x * x : x * x;
}

static double radians(double x)
{
    return x * (3.14159265358979323846 / 180);
}

static double degrees(double x)
{
    return x * (180 / 3.14159265358979323846);
}

static double is_finite(double x)
{
    return isfinite(x) != 0;
}

static double is_infinite(double x)
{
    return isinf(x) != 0;
}

static double sign_bit(double x)
{
    return signbit(x) != 0;
}

static double logical_not(double x)
{
    return x == 0;
}

static double logit(double p)
{
    return log(p / (1 - p));
}

static double exp10_of(double x)
{
    return pow(10, x);
}

static double log_gamma(double x)
{
    int sign_of_gamma;
    return lgamma_r(x, &sign_of_gamma);
}

/* The normal distribution function. */
static double ndtr(double x)
{
    return 0.5 * erfc(-x * 0.70710678118654752440);
}

static double (*const functions[])(double) = {
    [MLP_FN_IDENTITY] = identity, [MLP_FN_EXP] = exp, [MLP_FN_EXPM1] = expm1, [MLP_FN_LOG] = log,
    [MLP_FN_LOG1P] = log1p, [MLP_FN_LOG2] = log2, [MLP_FN_LOG10] = log10, [MLP_FN_SQRT] = sqrt,
    [MLP_FN_CBRT] = cbrt, [MLP_FN_ABS] = fabs, [MLP_FN_SQUARE] = square,
    [MLP_FN_NEGATIVE] = negative, [MLP_FN_RECIPROCAL] = reciprocal, [MLP_FN_SIGN] = sign,
    [MLP_FN_SIN] = sin, [MLP_FN_COS] = cos, [MLP_FN_TANH] = tanh, [MLP_FN_SINH] = sinh,
    [MLP_FN_COSH] = cosh, [MLP_FN_ARCSINH] = asinh, [MLP_FN_FLOOR] = floor, [MLP_FN_CEIL] = ceil,
    [MLP_FN_RINT] = rint, [MLP_FN_EXP2] = exp2, [MLP_FN_RADIANS] = radians,
    [MLP_FN_DEGREES] = degrees, [MLP_FN_SIGMOID] = sigmoid, [MLP_FN_RELU] = relu,
    [MLP_FN_HALF_SIGMOID] = half_sigmoid, [MLP_FN_ISNAN] = is_nan, [MLP_FN_FLOAT32] = to_float32,
    [MLP_FN_LOG1PEXP] = log1pexp, [MLP_FN_SIGNED_SQUARE] = signed_square,
    [MLP_FN_SIGMOID32] = sigmoid32, [MLP_FN_EXP32] = exp32, [MLP_FN_TAN] = tan,
    [MLP_FN_ARCSIN] = asin, [MLP_FN_ARCCOS] = acos, [MLP_FN_ARCTAN] = atan,
    [MLP_FN_ARCCOSH] = acosh, [MLP_FN_ARCTANH] = atanh, [MLP_FN_TRUNC] = trunc,
    [MLP_FN_ISFINITE] = is_finite, [MLP_FN_ISINF] = is_infinite, [MLP_FN_SIGNBIT] = sign_bit,
    [MLP_FN_NOT] = logical_not, [MLP_FN_LOGIT] = logit, [MLP_FN_EXP10] = exp10_of,
    [MLP_FN_ERF] = erf, [MLP_FN_ERFC] = erfc, [MLP_FN_LGAMMA] = log_gamma, [MLP_FN_NDTR] = ndtr,
};

static enum mlp_code run_map(const struct mlp_gnode *n, struct mlp_call *c)
{
    const struct mlp_map_fn *p = n->params;
    double (*fn)(double) = functions[p->fn];
    EACH_ROW(c, x, y)
        for (size_t i = 0; i < n->in.n; i++)
            y[i] = fn(x[i]);
    return MLP_OK;
}

const struct mlp_op mlp_op_map = {"function", run_map, NULL};

/* Four sums side by side hide the latency of the addition. */
static double dot(const double *x, const double *w, size_t n)
{
    double a = 0, b = 0, c = 0, d = 0;
    size_t i = 0;
    for (; i + 4 <= n; i += 4) {
        a += x[i] * w[i];
        b += x[i + 1] * w[i + 1];
        c += x[i + 2] * w[i + 2];
        d += x[i + 3] * w[i + 3];
    }
    for (; i < n; i++)
        a += x[i] * w[i];
    return (a + b) + (c + d);
}

static enum mlp_code run_linear(const struct mlp_gnode *n, struct mlp_call *c)
{
    const struct mlp_linear *p = n->params;
    size_t k = n->out_width;
    EACH_ROW(c, x, y) {
        if (k == 1) {
            y[0] = dot(x, p->weight, n->in.n) + (p->bias ? p->bias[0] : 0);
            continue;
        }
        memset(y, 0, k * sizeof *y);
        for (size_t i = 0; i < n->in.n; i++) {
            const double *w = p->weight + i * k;
            double v = x[i];
            /* Indicator columns are mostly zero. */
            for (size_t j = 0; v != 0 && j < k; j++)
                y[j] += v * w[j];
        }
        for (size_t j = 0; p->bias && j < k; j++)
            y[j] += p->bias[j];
    }
    return MLP_OK;
}

const struct mlp_op mlp_op_linear = {"linear model", run_linear, NULL};

static enum mlp_code run_softmax(const struct mlp_gnode *n, struct mlp_call *c)
{
    size_t k = n->in.n;
    EACH_ROW(c, x, y) {
        double most = x[0], sum = 0;
        for (size_t i = 1; i < k; i++)
            most = x[i] > most ? x[i] : most;
        for (size_t i = 0; i < k; i++)
            sum += y[i] = exp(x[i] - most);
        for (size_t i = 0; i < k; i++)
            y[i] /= sum;
    }
    return MLP_OK;
}

const struct mlp_op mlp_op_softmax = {"softmax", run_softmax, NULL};

static enum mlp_code run_softmax32(const struct mlp_gnode *n, struct mlp_call *c)
{
    size_t k = n->in.n;
    EACH_ROW(c, x, y) {
        float most = (float)x[0];
        double sum = 0;
        for (size_t i = 1; i < k; i++)
            most = fmaxf(most, (float)x[i]);
        for (size_t i = 0; i < k; i++)
            sum += y[i] = (double)expf((float)x[i] - most);
        for (size_t i = 0; i < k; i++)
            y[i] = (double)((float)y[i] / (float)sum);
    }
    return MLP_OK;
}

const struct mlp_op mlp_op_softmax32 = {"softmax", run_softmax32, NULL};

static enum mlp_code run_gblinear(const struct mlp_gnode *n, struct mlp_call *c)
{
    const struct mlp_gblinear *p = n->params;
    size_t k = n->out_width, m = n->in.n;
    EACH_ROW(c, x, y)
        for (size_t j = 0; j < k; j++) {
            float sum = p->weight[m * k + j] + p->start;
            for (size_t i = 0; i < m; i++)
                if (!isnan(x[i]))
                    sum += (float)x[i] * p->weight[i * k + j];
            y[j] = (double)sum;
        }
    return MLP_OK;
}

const struct mlp_op mlp_op_gblinear = {"linear booster", run_gblinear, NULL};

static enum mlp_code run_share(const struct mlp_gnode *n, struct mlp_call *c)
{
    const struct mlp_share *p = n->params;
    size_t k = n->in.n;
    EACH_ROW(c, x, y) {
        double sum = 0;
        for (size_t i = 0; i < k; i++)
            sum += x[i];
        for (size_t i = 0; i < k; i++)
            y[i] = sum != 0 ? x[i] / sum : p->uniform ? 1 / (double)k : x[i];
    }
    return MLP_OK;
}

const struct mlp_op mlp_op_share = {"share of the sum", run_share, NULL};

static enum mlp_code run_ratio(const struct mlp_gnode *n, struct mlp_call *c)
{
    EACH_ROW(c, x, y) {
        double sum = 0;
        for (size_t i = 0; i < n->in.n; i++)
            sum += x[i];
        for (size_t i = 0; i < n->in.n; i++)
            y[i] = x[i] / sum;
    }
    return MLP_OK;
}

const struct mlp_op mlp_op_ratio = {"ratio to the sum", run_ratio, NULL};

static enum mlp_code run_centre(const struct mlp_gnode *n, struct mlp_call *c)
{
    EACH_ROW(c, x, y) {
        double sum = 0;
        for (size_t i = 0; i < n->in.n; i++)
            sum += x[i];
        for (size_t i = 0; i < n->in.n; i++)
            y[i] = x[i] - sum / (double)n->in.n;
    }
    return MLP_OK;
}

const struct mlp_op mlp_op_centre = {"centring", run_centre, NULL};

static enum mlp_code run_choose(const struct mlp_gnode *n, struct mlp_call *c)
{
    size_t k = n->out_width;
    EACH_ROW(c, x, y)
        for (size_t i = 0; i < k; i++)
            y[i] = x[i] != 0 ? x[2 * k + i] : x[k + i];
    return MLP_OK;
}

const struct mlp_op mlp_op_choose = {"choice", run_choose, NULL};

static enum mlp_code run_pair(const struct mlp_gnode *n, struct mlp_call *c)
{
    EACH_ROW(c, x, y)
        for (size_t i = 0; i < n->in.n; i++) {
            y[2 * i] = 1 - x[i];
            y[2 * i + 1] = x[i];
        }
    return MLP_OK;
}

const struct mlp_op mlp_op_pair = {"two classes", run_pair, NULL};

static enum mlp_code run_argmax(const struct mlp_gnode *n, struct mlp_call *c)
{
    EACH_ROW(c, x, y) {
        size_t best = 0;
        for (size_t i = 1; i < n->in.n; i++)
            if (x[i] > x[best])
                best = i;
        y[0] = (double)best;
    }
    return MLP_OK;
}

const struct mlp_op mlp_op_argmax = {"largest", run_argmax, NULL};

static enum mlp_code run_argmax_last(const struct mlp_gnode *n, struct mlp_call *c)
{
    EACH_ROW(c, x, y) {
        size_t best = 0;
        for (size_t i = 1; i < n->in.n; i++)
            if (x[i] >= x[best])
                best = i;
        y[0] = (double)best;
    }
    return MLP_OK;
}

const struct mlp_op mlp_op_argmax_last = {"last largest", run_argmax_last, NULL};

static enum mlp_code run_above(const struct mlp_gnode *n, struct mlp_call *c)
{
    const struct mlp_above *p = n->params;
    EACH_ROW(c, x, y)
        for (size_t i = 0; i < n->in.n; i++)
            y[i] = p->or_equal ? x[i] >= p->limit : x[i] > p->limit;
    return MLP_OK;
}

const struct mlp_op mlp_op_above = {"threshold", run_above, NULL};

static enum mlp_code run_constant(const struct mlp_gnode *n, struct mlp_call *c)
{
    const struct mlp_constant *p = n->params;
    for (size_t r = 0; r < c->rows; r++)
        memcpy(c->y + r * c->ldy, p->value, n->out_width * sizeof *c->y);
    return MLP_OK;
}

const struct mlp_op mlp_op_constant = {"constant", run_constant, NULL};

static enum mlp_code run_expand(const struct mlp_gnode *n, struct mlp_call *c)
{
    const struct mlp_expand *p = n->params;
    EACH_ROW(c, x, y) {
        memset(y, 0, n->out_width * sizeof *y);
        for (size_t i = 0; i < n->in.n; i++) {
            int32_t to = p->map[i][(int32_t)x[i] + 1];
            if (to >= 0)
                y[to] = 1;
        }
    }
    return MLP_OK;
}

const struct mlp_op mlp_op_expand = {"one-hot", run_expand, NULL};

static enum mlp_code run_lookup(const struct mlp_gnode *n, struct mlp_call *c)
{
    const struct mlp_lookup *p = n->params;
    EACH_ROW(c, x, y)
        for (size_t i = 0; i < n->in.n; i++)
            y[i] = p->table[i][(int32_t)x[i] + 1];
    return MLP_OK;
}

const struct mlp_op mlp_op_lookup = {"lookup", run_lookup, NULL};

static enum mlp_code run_mix(const struct mlp_gnode *n, struct mlp_call *c)
{
    const struct mlp_mix *p = n->params;
    size_t k = n->out_width;
    EACH_ROW(c, x, y)
        for (size_t j = 0; j < k; j++) {
            double sum = 0;
            for (size_t i = 0; i < p->parts; i++)
                sum += p->weight ? x[i * k + j] * p->weight[i] : x[i * k + j];
            y[j] = sum / p->divide;
        }
    return MLP_OK;
}

const struct mlp_op mlp_op_mix = {"average", run_mix, NULL};
