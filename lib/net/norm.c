/* norm.c: normalisations (onnx.ai/onnx/operators). Sums are of doubles, rounded once. */
#include <math.h>

#include "net/real.h"

struct norm {
    int64_t axis, groups, size, p, training, spatial;
    float epsilon, momentum, alpha, beta, bias;
    const int64_t *axes;
    size_t naxes;
    bool rms, per_group;
};

static enum mlp_code prepare_norm(struct mlp_net_build *b, const void **params)
{
    struct norm *p = mlp_arena_alloc(b->arena, sizeof(*p));
    if (!p)
        return mlp_err_nomem(b->e);
    *params = p;
    p->rms = mlp_str_is(b->node->op_type, "RMSNormalization");
    p->per_group = b->opset < 21; /* GroupNormalization: scale and bias were of groups */
    if (mlp_net_attr_float(b, "epsilon", 1e-5F, &p->epsilon) ||
        mlp_net_attr_float(b, "momentum", 0.9F, &p->momentum) ||
        mlp_net_attr_float(b, "alpha", 1e-4F, &p->alpha) ||
        mlp_net_attr_float(b, "beta", 0.75F, &p->beta) ||
        mlp_net_attr_float(b, "bias", 1, &p->bias) || mlp_net_attr_int(b, "axis", -1, &p->axis) ||
        mlp_net_attr_int(b, "num_groups", 0, &p->groups) ||
        mlp_net_attr_int(b, "size", 0, &p->size) || mlp_net_attr_int(b, "p", 2, &p->p) ||
        mlp_net_attr_int(b, "training_mode", 0, &p->training) ||
        mlp_net_attr_int(b, "spatial", 1, &p->spatial))
        return b->e->code;
    if (!p->spatial)
        return mlp_net_bad(b, "spatial 0 is not understood");
    return mlp_net_attr_ints(b, "axes", &p->axes, &p->naxes);
}

/* Mean and variance of n numbers; about 0 where they are not to be centred. */
static void moments(const double *x, size_t n, bool centred, double *mean, double *variance)
{
    double sum = 0, square = 0;
    for (size_t i = 0; centred && i < n; i++)
        sum += x[i];
    *mean = n ? sum / (double)n : 0;
    for (size_t i = 0; i < n; i++)
        square += (x[i] - *mean) * (x[i] - *mean);
    *variance = square / (double)(n ? n : 1);
}

/* y = x * scale + add for n elements from `at` on. */
static void affine(const struct mlp_tensor *x, struct mlp_tensor *y, size_t at, size_t n,
                   double scale, double add)
{
    if (x->type == MLP_DT_FLOAT) {
        const float *from = x->f32 + at;
        float *to = y->f32 + at, s = (float)scale, a = (float)add;
        for (size_t i = 0; i < n; i++)
            to[i] = from[i] * s + a;
        return;
    }
    for (size_t i = at; i < at + n; i++)
        mlp_tensor_set_number(y, i, mlp_tensor_number(x, i) * scale + add);
}

/* The elements of one channel of one image. */
static size_t plane_of(const struct mlp_tensor *x)
{
    size_t planes = x->rank > 1 ? (size_t)x->dims[0] * (size_t)x->dims[1] : 1;
    return x->n && planes ? x->n / planes : 0;
}

/* --- BatchNormalization --- */

/* Training: the moments of each channel over the batch, and what the running ones become. */
static enum mlp_code batch_moments(const struct mlp_net_call *c, double *mean, double *variance)
{
    const struct norm *p = c->node->params;
    const struct mlp_tensor *x = c->in[0];
    if (x->rank < 2 || !x->n)
        return mlp_net_fail(c, "no channels to train with");
    size_t channels = (size_t)x->dims[1], plane = plane_of(x), n = x->n / channels;
    for (size_t i = 0; i < x->n; i++)
        mean[i / plane % channels] += mlp_tensor_number(x, i) / (double)n;
    for (size_t i = 0; i < x->n; i++) {
        double off = mlp_tensor_number(x, i) - mean[i / plane % channels];
        variance[i / plane % channels] += off * off / (double)n;
    }
    for (uint32_t i = 1; i < c->nout; i++) {
        const struct mlp_tensor *running = c->in[i + 2];
        if (mlp_tensor_like(&c->out[i], c->arena, running->type, running, c->e))
            return c->e->code;
        for (size_t k = 0; k < channels; k++)
            mlp_tensor_set_number(&c->out[i], k,
                                  mlp_tensor_number(running, k) * (double)p->momentum +
                                      (i == 1 ? mean[k] : variance[k]) *
                                          (1 - (double)p->momentum));
    }
    return MLP_OK;
}

static enum mlp_code check_channels(const struct mlp_net_call *c, uint32_t end, size_t channels)
{
    for (uint32_t i = 0; i < end; i++) {
        if (!mlp_dtype_is_real(c->in[i]->type))
            return mlp_net_bad_type(c, i);
        if (i > 0 && c->in[i]->n != channels)
            return mlp_net_fail(c, "input %u does not have %zu numbers", i, channels);
    }
    return MLP_OK;
}

static enum mlp_code run_batch(const struct mlp_net_call *c)
{
    const struct norm *p = c->node->params;
    const struct mlp_tensor *x = c->in[0];
    size_t channels = x->rank > 1 ? (size_t)x->dims[1] : 1, plane = plane_of(x);
    if (check_channels(c, 5, channels) ||
        mlp_tensor_like(&c->out[0], c->arena, x->type, x, c->e))
        return c->e->code;
    double *mean = mlp_real_doubles(c, channels), *variance = mlp_real_doubles(c, channels);
    if (!mean || !variance)
        return c->e->code;
    if (c->nout > (p->training ? 3 : 1))
        return mlp_net_fail(c, "%u outputs", c->nout);
    if (p->training && batch_moments(c, mean, variance))
        return c->e->code;
    mlp_real_read(c->in[3], 0, p->training ? 0 : channels, mean);
    mlp_real_read(c->in[4], 0, p->training ? 0 : channels, variance);
    for (size_t at = 0, i = 0; at < x->n; at += plane, i++) {
        size_t k = x->rank > 1 ? i % channels : 0;
        double scale = mlp_tensor_number(c->in[1], k) / sqrt(variance[k] + (double)p->epsilon);
        affine(x, &c->out[0], at, plane, scale, mlp_tensor_number(c->in[2], k) - mean[k] * scale);
    }
    return MLP_OK;
}

/* --- groups of channels: InstanceNormalization, GroupNormalization --- */

static enum mlp_code norm_groups(const struct mlp_net_call *c, size_t groups, bool per_group)
{
    const struct norm *p = c->node->params;
    const struct mlp_tensor *x = c->in[0];
    size_t channels = (size_t)x->dims[1], each = channels / groups, plane = plane_of(x);
    size_t wide = each * plane;
    double *row = mlp_real_doubles(c, wide), mean, variance;
    if (!row || check_channels(c, 3, per_group ? groups : channels) ||
        mlp_tensor_like(&c->out[0], c->arena, x->type, x, c->e))
        return c->e->code;
    for (size_t at = 0; at < x->n; at += wide) {
        mlp_real_read(x, at, wide, row);
        moments(row, wide, true, &mean, &variance);
        double inverse = 1 / sqrt(variance + (double)p->epsilon);
        for (size_t i = 0; i < wide; i++) {
            size_t channel = (at + i) / plane % channels, k = per_group ? channel / each : channel;
            row[i] = (row[i] - mean) * inverse * mlp_tensor_number(c->in[1], k) +
                     mlp_tensor_number(c->in[2], k);
        }
        mlp_real_write(&c->out[0], at, wide, row);
    }
    return MLP_OK;
}

static enum mlp_code run_instance(const struct mlp_net_call *c)
{
    const struct mlp_tensor *x = c->in[0];
    if (x->rank < 3 || x->dims[1] < 1 || !mlp_dtype_is_real(x->type))
        return mlp_net_fail(c, "an input that is no channels of numbers");
    return norm_groups(c, (size_t)x->dims[1], false);
}

static enum mlp_code run_group(const struct mlp_net_call *c)
{
    const struct norm *p = c->node->params;
    const struct mlp_tensor *x = c->in[0];
    if (x->rank < 2 || x->dims[1] < 1 || p->groups < 1 || x->dims[1] % p->groups ||
        !mlp_dtype_is_real(x->type))
        return mlp_net_fail(c, "channels that are no %lld groups", (long long)p->groups);
    return norm_groups(c, (size_t)p->groups, p->per_group);
}

/* --- from an axis on: LayerNormalization, RMSNormalization --- */

/* The optional outputs: mean and 1 / standard deviation of every row. */
static enum mlp_code moments_out(const struct mlp_net_call *c, uint32_t axis)
{
    const struct mlp_tensor *x = c->in[0];
    int64_t dims[MLP_MAX_RANK];
    for (uint32_t d = 0; d < x->rank; d++)
        dims[d] = d < axis ? x->dims[d] : 1;
    for (uint32_t i = 1; i < c->nout; i++)
        if (mlp_tensor_make(&c->out[i], c->arena, mlp_real_width(x->type), x->rank, dims, c->e))
            return c->e->code;
    return MLP_OK;
}

/* Whether t can be broadcast to the shape of x without changing it. */
static bool spreads(const struct mlp_tensor *t, const struct mlp_tensor *x)
{
    int64_t dims[MLP_MAX_RANK];
    uint32_t rank;
    if (!mlp_tensor_broadcast(t, x, &rank, dims) || rank != x->rank)
        return false;
    for (uint32_t i = 0; i < rank; i++)
        if (dims[i] != x->dims[i])
            return false;
    return true;
}

/* Scale and bias as doubles for each element of a row; those that differ by row, too, are refused
 * by the operator set. */
static enum mlp_code spread_row(const struct mlp_net_call *c, uint32_t i, uint32_t axis,
                                size_t wide, double *to)
{
    const struct mlp_tensor *t = mlp_net_in(c, i), *x = c->in[0];
    struct mlp_tensor row = *x;
    struct mlp_walk w;
    row.rank = x->rank - axis;
    memmove(row.dims, x->dims + axis, row.rank * sizeof(*row.dims));
    if (t && !mlp_dtype_is_real(t->type))
        return mlp_net_bad_type(c, i);
    if (t && !spreads(t, &row))
        return mlp_net_fail(c, "input %u does not fit the normalised axes", i);
    mlp_walk_init(&w, row.rank, row.dims);
    if (t)
        mlp_walk_add(&w, 0, t);
    for (size_t k = 0; t && k < wide; k++, mlp_walk_next(&w))
        to[k] = mlp_tensor_number(t, w.offset[0]);
    return MLP_OK;
}

static void norm_row(const struct mlp_net_call *c, size_t r, size_t wide, double *const work[3])
{
    const struct norm *p = c->node->params;
    double mean, variance, *row = work[0];
    mlp_real_read(c->in[0], r * wide, wide, row);
    moments(row, wide, !p->rms, &mean, &variance);
    double inverse = 1 / sqrt(variance + (double)p->epsilon);
    for (size_t k = 0; k < wide; k++)
        row[k] = (row[k] - mean) * inverse * work[1][k] + work[2][k];
    mlp_real_write(&c->out[0], r * wide, wide, row);
    if (c->nout > 1)
        mlp_tensor_set_number(&c->out[1], r, mean);
    if (c->nout > 2)
        mlp_tensor_set_number(&c->out[2], r, inverse);
}

static enum mlp_code run_layer(const struct mlp_net_call *c)
{
    const struct norm *p = c->node->params;
    const struct mlp_tensor *x = c->in[0];
    size_t wide = 1;
    uint32_t axis;
    if (!mlp_dtype_is_real(x->type))
        return mlp_net_bad_type(c, 0);
    if (mlp_net_axis(c, p->axis, x->rank, &axis) || moments_out(c, axis) ||
        mlp_tensor_like(&c->out[0], c->arena, x->type, x, c->e))
        return c->e->code;
    for (uint32_t d = axis; x->n && d < x->rank; d++)
        wide *= (size_t)x->dims[d];
    double *const work[3] = {mlp_real_doubles(c, wide), mlp_real_doubles(c, wide),
                             mlp_real_doubles(c, wide)};
    if (!work[0] || !work[1] || !work[2])
        return c->e->code;
    if (x->n && (spread_row(c, 1, axis, wide, work[1]) || spread_row(c, 2, axis, wide, work[2])))
        return c->e->code;
    for (size_t r = 0; x->n && r < x->n / wide; r++)
        norm_row(c, r, wide, work);
    return MLP_OK;
}

/* --- LpNormalization, MeanVarianceNormalization, LRN --- */

static enum mlp_code run_lp(const struct mlp_net_call *c)
{
    const struct norm *p = c->node->params;
    const struct mlp_tensor *x = c->in[0];
    uint32_t axis;
    if (mlp_real_inputs(c, 1) || mlp_net_axis(c, p->axis, x->rank, &axis) ||
        mlp_tensor_like(&c->out[0], c->arena, x->type, x, c->e))
        return c->e->code;
    if (p->p != 1 && p->p != 2)
        return mlp_net_fail(c, "p is %lld", (long long)p->p);
    size_t n = (size_t)x->dims[axis], step = 1;
    for (uint32_t d = axis + 1; x->n && d < x->rank; d++)
        step *= (size_t)x->dims[d];
    for (size_t line = 0; x->n && line < x->n / n; line++) {
        size_t at = line / step * step * n + line % step;
        double sum = 0;
        for (size_t k = 0; k < n; k++) {
            double v = fabs(mlp_tensor_number(x, at + k * step));
            sum += p->p == 1 ? v : v * v;
        }
        double norm = p->p == 1 ? sum : sqrt(sum);
        for (size_t k = 0; k < n; k++) /* a line of zeros stays one */
            mlp_tensor_set_number(&c->out[0], at + k * step,
                                  norm == 0 ? 0 : mlp_tensor_number(x, at + k * step) / norm);
    }
    return MLP_OK;
}

/* x's shape with 1 for the axes that are folded: what the sums have. */
static enum mlp_code folded_shape(const struct mlp_net_call *c, struct mlp_tensor *sums)
{
    static const int64_t usual[] = {0, 2, 3};
    const struct norm *p = c->node->params;
    size_t n = p->naxes ? p->naxes : 3;
    *sums = *c->in[0];
    for (size_t i = 0; i < n; i++) {
        uint32_t axis;
        if (mlp_net_axis(c, p->naxes ? p->axes[i] : usual[i], sums->rank, &axis))
            return c->e->code;
        sums->dims[axis] = 1;
    }
    return mlp_tensor_make(sums, c->arena, MLP_DT_DOUBLE, sums->rank, sums->dims, c->e);
}

static enum mlp_code run_mean_variance(const struct mlp_net_call *c)
{
    const struct mlp_tensor *x = c->in[0];
    struct mlp_tensor mean, *y = &c->out[0];
    struct mlp_walk start, w;
    if (mlp_real_inputs(c, 1) || folded_shape(c, &mean) ||
        mlp_tensor_like(y, c->arena, x->type, x, c->e))
        return c->e->code;
    double *variance = mlp_real_doubles(c, mean.n), n = (double)x->n / (double)mean.n;
    if (!variance)
        return c->e->code;
    memset(mean.f64, 0, mean.n * sizeof(*mean.f64));
    mlp_walk_init(&start, x->rank, x->dims);
    mlp_walk_add(&start, 0, &mean);
    w = start;
    for (size_t i = 0; i < x->n; i++, mlp_walk_next(&w))
        mean.f64[w.offset[0]] += mlp_tensor_number(x, i) / n;
    w = start;
    for (size_t i = 0; i < x->n; i++, mlp_walk_next(&w)) {
        double off = mlp_tensor_number(x, i) - mean.f64[w.offset[0]];
        variance[w.offset[0]] += off * off / n;
    }
    w = start;
    for (size_t i = 0; i < x->n; i++, mlp_walk_next(&w))
        mlp_tensor_set_number(y, i, (mlp_tensor_number(x, i) - mean.f64[w.offset[0]]) /
                                        (sqrt(variance[w.offset[0]]) + 1e-9));
    return MLP_OK;
}

static double lrn_sum(const struct mlp_tensor *x, size_t i, size_t channels, size_t plane,
                      size_t size)
{
    size_t k = i / plane % channels, before = (size - 1) / 2, after = size / 2;
    size_t first = k > before ? k - before : 0, sum_at = i - (k - first) * plane;
    size_t last = after < channels - 1 - k ? k + after : channels - 1;
    double sum = 0;
    for (size_t ch = first; ch <= last; ch++, sum_at += plane) {
        double v = mlp_tensor_number(x, sum_at);
        sum += v * v;
    }
    return sum;
}

static enum mlp_code run_lrn(const struct mlp_net_call *c)
{
    const struct norm *p = c->node->params;
    const struct mlp_tensor *x = c->in[0];
    if (mlp_real_inputs(c, 1) || mlp_tensor_like(&c->out[0], c->arena, x->type, x, c->e))
        return c->e->code;
    if (x->rank < 2 || p->size < 1 || p->size > INT32_MAX)
        return mlp_net_fail(c, "an input that is no channels, or a size of %lld",
                            (long long)p->size);
    size_t channels = (size_t)x->dims[1], plane = plane_of(x), size = (size_t)p->size;
    for (size_t i = 0; i < x->n; i++) {
        double sum = (double)p->alpha / (double)size * lrn_sum(x, i, channels, plane, size);
        mlp_tensor_set_number(&c->out[0], i, mlp_tensor_number(x, i) *
                                                 pow((double)p->bias + sum, -(double)p->beta));
    }
    return MLP_OK;
}

const struct mlp_net_op mlp_net_norm[] = {
    {"", "BatchNormalization", 7, 0, 5, 5, 5, prepare_norm, run_batch},
    {"", "GroupNormalization", 18, 0, 3, 3, 1, prepare_norm, run_group},
    {"", "InstanceNormalization", 6, 0, 3, 3, 1, prepare_norm, run_instance},
    {"", "LayerNormalization", 17, 0, 2, 3, 3, prepare_norm, run_layer},
    {"", "LpNormalization", 1, 0, 1, 1, 1, prepare_norm, run_lp},
    {"", "LRN", 1, 0, 1, 1, 1, prepare_norm, run_lrn},
    {"", "MeanVarianceNormalization", 9, 0, 1, 1, 1, prepare_norm, run_mean_variance},
    {"", "RMSNormalization", 23, 0, 2, 2, 1, prepare_norm, run_layer},
    {0}};
