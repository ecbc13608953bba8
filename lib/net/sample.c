/* sample.c: operators that read tensors between their elements: GridSample, AffineGrid, RoiAlign
 * (onnx.ai/onnx/operators). */
#include <math.h>

#include "net/real.h"

#define SPATIAL 3
#define MOST_SAMPLES 4096        /* a side of what RoiAlign averages; more would be no sample */

/* --- GridSample --- */

enum mode { LINEAR, NEAREST, CUBIC };
enum padding { ZEROS, BORDER, REFLECTION };

struct grid {
    enum mode mode;
    enum padding padding;
    int64_t corners;
};

static enum mlp_code prepare_grid(struct mlp_net_build *b, const void **params)
{
    static const char *const paddings[] = {"zeros", "border", "reflection"};
    static const char *const modes[] = {"linear", "nearest", "cubic", "bilinear", "bicubic"};
    static const enum mode means[] = {LINEAR, NEAREST, CUBIC, LINEAR, CUBIC};
    struct grid *p = mlp_arena_alloc(b->arena, sizeof(*p));
    struct mlp_str mode, padding;
    bool known[2] = {false, false};
    if (!p)
        return mlp_err_nomem(b->e);
    *params = p;
    if (mlp_net_attr_str(b, "mode", "linear", &mode) ||
        mlp_net_attr_str(b, "padding_mode", "zeros", &padding) ||
        mlp_net_attr_int(b, "align_corners", 0, &p->corners))
        return b->e->code;
    for (size_t i = 0; i < 5; i++)
        if (mlp_str_is(mode, modes[i])) {
            p->mode = means[i];
            known[0] = true;
        }
    for (size_t i = 0; i < 3; i++)
        if (mlp_str_is(padding, paddings[i])) {
            p->padding = (enum padding)i;
            known[1] = true;
        }
    return known[0] && known[1] ? MLP_OK
                                : mlp_net_bad(b, "mode '%.*s' or padding_mode '%.*s' is unknown",
                                              MLP_STR_ARG(mode), MLP_STR_ARG(padding));
}

/* The elements of one dimension that a place is made of; index -1: a zero outside. */
struct taps {
    size_t n;
    int64_t index[4];
    double weight[4];
};

/* x between low and high, mirrored at them as often as it takes. */
static double reflect(double x, double low, double high)
{
    double range = high - low;
    if (range <= 0 || (x >= low && x <= high))
        return range <= 0 ? low : x;
    double off = x < low ? low - x : x - high, turns = floor(off / range);
    double rest = off - turns * range;
    return (fmod(turns, 2) == 0) == (x < low) ? low + rest : high - rest;
}

static void cubic_weights(double x, double w[4])
{
    const double a = -0.75;
    w[0] = ((a * (x + 1) - 5 * a) * (x + 1) + 8 * a) * (x + 1) - 4 * a;
    w[1] = ((a + 2) * x - (a + 3)) * x * x + 1;
    w[2] = ((a + 2) * (1 - x) - (a + 3)) * (1 - x) * (1 - x) + 1;
    w[3] = ((a * (2 - x) - 5 * a) * (2 - x) + 8 * a) * (2 - x) - 4 * a;
}

static int64_t padded_index(const struct grid *p, double i, int64_t n)
{
    double low = p->corners ? 0 : -0.5, high = (double)n - (p->corners ? 1 : 0.5);
    if (p->padding == ZEROS)
        return i >= 0 && i < (double)n ? (int64_t)i : -1;
    if (p->padding == REFLECTION)
        i = trunc(reflect(i, low, high));
    return i < 0 ? 0 : i >= (double)n ? n - 1 : (int64_t)i;
}

/* The place that a coordinate of -1 .. 1 names in n elements; kept where doubles are whole. */
static double place_in(const struct grid *p, double g, int64_t n)
{
    double size = (double)n, low = p->corners ? 0 : -0.5, high = size - (p->corners ? 1 : 0.5);
    double x = (double)(float)(p->corners ? (g + 1) / 2 * (size - 1) : ((g + 1) * size - 1) / 2);
    x = x > -1e9 ? fmin(x, 1e9) : -1e9;
    if (p->mode == NEAREST)
        x = rint(x);
    if ((x >= low && x <= high) || p->mode == CUBIC) /* whose taps are put in their place alone */
        return x;
    return p->padding == BORDER       ? fmin(fmax(x, 0), size - 1)
           : p->padding == REFLECTION ? reflect(x, low, high)
                                      : x;
}

static void take_taps(const struct grid *p, double g, int64_t n, struct taps *t)
{
    double x = place_in(p, g, n), low = floor(x);
    t->n = p->mode == NEAREST ? 1 : p->mode == LINEAR ? 2 : 4;
    if (p->mode == NEAREST) {
        low = trunc(x);
        t->weight[0] = 1;
    } else if (p->mode == LINEAR) {
        t->weight[0] = 1 - (x - low);
        t->weight[1] = x - low;
    } else {
        cubic_weights(x - low, t->weight);
        low -= 1;
    }
    for (size_t k = 0; k < t->n; k++)
        t->index[k] = padded_index(p, low + (double)k, n);
}

/* The sum over all combinations of taps of a plane. */
static double mix(const struct mlp_tensor *x, size_t plane, uint32_t rank, const struct taps *t)
{
    size_t all = 1;
    double sum = 0;
    for (uint32_t d = 0; d < rank; d++)
        all *= t[d].n;
    for (size_t i = 0; i < all; i++) {
        size_t rest = i, at = 0, step = 1;
        double weight = 1;
        for (uint32_t d = rank; d-- > 0; rest /= t[d].n) {
            int64_t index = t[d].index[rest % t[d].n];
            weight *= index < 0 ? 0 : t[d].weight[rest % t[d].n];
            at += (size_t)(index < 0 ? 0 : index) * step;
            step *= (size_t)x->dims[d + 2];
        }
        if (weight != 0)
            sum += weight * mlp_tensor_number(x, plane + at);
    }
    return sum;
}

static enum mlp_code grid_shapes(const struct mlp_net_call *c, int64_t dims[MLP_MAX_RANK])
{
    const struct mlp_tensor *x = c->in[0], *g = c->in[1];
    bool fits = x->rank >= 3 && x->rank <= SPATIAL + 2 && g->rank == x->rank &&
                g->dims[0] == x->dims[0] && g->dims[g->rank - 1] == (int64_t)x->rank - 2;
    if (!fits)
        return mlp_net_fail(c, "a grid that does not fit the input");
    for (uint32_t d = 0; d < x->rank; d++) {
        dims[d] = d < 2 ? x->dims[d] : g->dims[d - 1];
        if (d >= 2 && (x->dims[d] < 1 || x->dims[d] > INT32_MAX))
            return mlp_net_fail(c, "dimension %u cannot be read between its elements", d);
    }
    return MLP_OK;
}

static enum mlp_code run_grid(const struct mlp_net_call *c)
{
    const struct grid *p = c->node->params;
    const struct mlp_tensor *x = c->in[0], *g = c->in[1];
    int64_t dims[MLP_MAX_RANK];
    struct taps taps[SPATIAL];
    if (!mlp_dtype_is_real(x->type) || !mlp_dtype_is_real(g->type))
        return mlp_net_bad_type(c, mlp_dtype_is_real(x->type));
    if (grid_shapes(c, dims) ||
        mlp_tensor_make(&c->out[0], c->arena, x->type, x->rank, dims, c->e))
        return c->e->code;
    uint32_t rank = x->rank - 2;
    size_t planes = c->out[0].n ? (size_t)dims[0] * (size_t)dims[1] : 0;
    size_t plane = planes ? x->n / planes : 0, places = planes ? c->out[0].n / planes : 0;
    for (size_t i = 0; planes && i < (size_t)dims[0] * places; i++) {
        size_t image = i / places * (size_t)dims[1];
        for (uint32_t d = 0; d < rank; d++) /* the grid has the last dimension first */
            take_taps(p, mlp_tensor_number(g, i * rank + rank - 1 - d), x->dims[d + 2], &taps[d]);
        for (size_t ch = image; ch < image + (size_t)dims[1]; ch++)
            mlp_tensor_set_number(&c->out[0], ch * places + i % places,
                                  mix(x, ch * plane, rank, taps));
    }
    return MLP_OK;
}

/* --- AffineGrid --- */

static enum mlp_code affine_shape(const struct mlp_net_call *c, int64_t dims[5])
{
    const struct mlp_tensor *theta = c->in[0], *size = c->in[1];
    size_t rank = size->n > 2 ? size->n - 2 : 0;
    if (size->type != MLP_DT_INT64 || rank < 2 || rank > SPATIAL || theta->rank != 3 ||
        theta->dims[0] != size->i64[0] || theta->dims[1] != (int64_t)rank ||
        theta->dims[2] != (int64_t)rank + 1)
        return mlp_net_fail(c, "theta and size do not fit each other");
    dims[0] = size->i64[0];
    for (size_t d = 0; d < rank; d++)
        dims[d + 1] = size->i64[d + 2];
    dims[rank + 1] = (int64_t)rank;
    return MLP_OK;
}

static enum mlp_code run_affine(const struct mlp_net_call *c)
{
    const struct grid *p = c->node->params;
    const struct mlp_tensor *theta = c->in[0];
    int64_t dims[5];
    if (mlp_real_inputs(c, 1) || affine_shape(c, dims))
        return c->e->code;
    size_t rank = (size_t)theta->dims[1], wide = rank + 1;
    if (mlp_tensor_make(&c->out[0], c->arena, theta->type, (uint32_t)rank + 2, dims, c->e))
        return c->e->code;
    size_t images = (size_t)dims[0], places = c->out[0].n ? c->out[0].n / images / rank : 0;
    for (size_t i = 0; places && i < images * places; i++) {
        double at[SPATIAL + 1]; /* the last dimension first, then 1 */
        size_t rest = i % places;
        for (size_t d = rank; d-- > 0; rest /= (size_t)dims[d + 1]) {
            double n = (double)dims[d + 1], o = (double)(rest % (size_t)dims[d + 1]);
            at[rank - 1 - d] = p->corners ? 2 * o / (n - 1) - 1 : (2 * o + 1) / n - 1;
        }
        at[rank] = 1;
        for (size_t r = 0; r < rank; r++) {
            double sum = 0;
            for (size_t k = 0; k < wide; k++)
                sum += mlp_tensor_number(theta, (i / places * rank + r) * wide + k) * at[k];
            mlp_tensor_set_number(&c->out[0], i * rank + r, sum);
        }
    }
    return MLP_OK;
}

/* --- RoiAlign --- */

struct roi {
    int64_t height, width, ratio;
    float scale;
    bool max, half_pixel;
};

static enum mlp_code check_roi(struct mlp_net_build *b, const struct roi *p, struct mlp_str mode)
{
    bool sizes = p->height >= 1 && p->height <= INT32_MAX && p->width >= 1 &&
                 p->width <= INT32_MAX && p->ratio >= 0 && p->ratio <= MOST_SAMPLES;
    return sizes && (p->max || mlp_str_is(mode, "avg"))
               ? MLP_OK
               : mlp_net_bad(b, "a size, ratio or mode that is none");
}

static enum mlp_code prepare_roi(struct mlp_net_build *b, const void **params)
{
    struct roi *p = mlp_arena_alloc(b->arena, sizeof(*p));
    struct mlp_str mode, place;
    if (!p)
        return mlp_err_nomem(b->e);
    *params = p;
    if (mlp_net_attr_int(b, "output_height", 1, &p->height) ||
        mlp_net_attr_int(b, "output_width", 1, &p->width) ||
        mlp_net_attr_int(b, "sampling_ratio", 0, &p->ratio) ||
        mlp_net_attr_float(b, "spatial_scale", 1, &p->scale) ||
        mlp_net_attr_str(b, "mode", "avg", &mode) ||
        mlp_net_attr_str(b, "coordinate_transformation_mode",
                         b->opset < 16 ? "output_half_pixel" : "half_pixel", &place))
        return b->e->code;
    p->max = mlp_str_is(mode, "max");
    p->half_pixel = mlp_str_is(place, "half_pixel");
    return check_roi(b, p, mode);
}

/* A region: where its bins start, how large they are and how many samples a side they take. */
struct region {
    double start[2], bin[2];
    size_t samples[2];
};

static enum mlp_code take_region(const struct mlp_net_call *c, size_t r, struct region *g)
{
    const struct roi *p = c->node->params;
    const int64_t size[2] = {p->height, p->width};
    for (unsigned d = 0; d < 2; d++) { /* rows hold x before y */
        double offset = p->half_pixel ? 0.5 : 0, scale = (double)p->scale;
        double from = mlp_tensor_number(c->in[1], r * 4 + 1 - d) * scale - offset;
        double end = mlp_tensor_number(c->in[1], r * 4 + 3 - d) * scale - offset;
        double wide = p->half_pixel ? end - from : fmax(end - from, 1);
        double samples = p->ratio ? (double)p->ratio : ceil(wide / (double)size[d]);
        if (!(samples <= MOST_SAMPLES))
            return mlp_net_fail(c, "region %zu is %g wide", r, wide);
        g->start[d] = from;
        g->bin[d] = wide / (double)size[d];
        g->samples[d] = samples > 0 ? (size_t)samples : 0;
    }
    return MLP_OK;
}

/* A place in one dimension: the two elements around it and how far it is between; false outside. */
static bool neighbours(double x, int64_t n, size_t at[2], double *part)
{
    if (!(x >= -1) || x > (double)n)
        return false;
    x = fmax(x, 0);
    size_t low = (size_t)x, last = (size_t)n - 1;
    at[0] = low < last ? low : last;
    at[1] = low < last ? low + 1 : last;
    *part = low < last ? x - (double)low : 0;
    return true;
}

/* One sample: the mean of four elements by distance; of "max", the largest of their shares. */
static double sample(const struct mlp_net_call *c, size_t plane, double y, double x)
{
    const struct roi *p = c->node->params;
    const struct mlp_tensor *t = c->in[0];
    size_t rows[2], cols[2], wide = (size_t)t->dims[3];
    double down, right;
    if (!neighbours(y, t->dims[2], rows, &down) || !neighbours(x, t->dims[3], cols, &right))
        return 0;
    const double v[4] = {
        (1 - down) * (1 - right) * mlp_tensor_number(t, plane + rows[0] * wide + cols[0]),
        (1 - down) * right * mlp_tensor_number(t, plane + rows[0] * wide + cols[1]),
        down * (1 - right) * mlp_tensor_number(t, plane + rows[1] * wide + cols[0]),
        down * right * mlp_tensor_number(t, plane + rows[1] * wide + cols[1])};
    return p->max ? fmax(fmax(v[0], v[1]), fmax(v[2], v[3])) : v[0] + v[1] + v[2] + v[3];
}

static double bin_value(const struct mlp_net_call *c, const struct region *g, size_t plane,
                        size_t bin)
{
    const struct roi *p = c->node->params;
    const double at[2] = {(double)(bin / (size_t)p->width), (double)(bin % (size_t)p->width)};
    size_t n = g->samples[0] * g->samples[1];
    double all = 0;
    for (size_t i = 0; i < n; i++) {
        const size_t s[2] = {i / g->samples[1], i % g->samples[1]};
        double where[2];
        for (unsigned d = 0; d < 2; d++)
            where[d] = g->start[d] + at[d] * g->bin[d] +
                       ((double)s[d] + 0.5) * g->bin[d] / (double)g->samples[d];
        double v = sample(c, plane, where[0], where[1]);
        all = !p->max ? all + v : i == 0 ? v : fmax(all, v);
    }
    return p->max ? all : all / (double)(n ? n : 1);
}

static enum mlp_code check_regions(const struct mlp_net_call *c)
{
    const struct mlp_tensor *x = c->in[0], *rois = c->in[1], *batch = c->in[2];
    if (mlp_real_inputs(c, 2))
        return c->e->code;
    if (x->rank != 4 || rois->rank != 2 || rois->dims[1] != 4 || batch->type != MLP_DT_INT64 ||
        batch->rank != 1 || batch->dims[0] != rois->dims[0] || x->dims[2] < 1 || x->dims[3] < 1)
        return mlp_net_fail(c, "regions that do not fit the input");
    for (size_t r = 0; r < batch->n; r++)
        if (batch->i64[r] < 0 || batch->i64[r] >= x->dims[0])
            return mlp_net_fail(c, "image %lld of %lld", (long long)batch->i64[r],
                                (long long)x->dims[0]);
    return MLP_OK;
}

static enum mlp_code run_roi(const struct mlp_net_call *c)
{
    const struct roi *p = c->node->params;
    const struct mlp_tensor *x = c->in[0], *rois = c->in[1], *batch = c->in[2];
    if (check_regions(c))
        return c->e->code;
    const int64_t dims[4] = {rois->dims[0], x->dims[1], p->height, p->width};
    if (mlp_tensor_make(&c->out[0], c->arena, x->type, 4, dims, c->e))
        return c->e->code;
    size_t channels = (size_t)x->dims[1], bins = (size_t)p->height * (size_t)p->width;
    for (size_t r = 0; c->out[0].n && r < (size_t)dims[0]; r++) {
        struct region g;
        if (take_region(c, r, &g))
            return c->e->code;
        size_t image = (size_t)batch->i64[r] * channels;
        size_t plane = (size_t)x->dims[2] * (size_t)x->dims[3];
        for (size_t i = 0; i < channels * bins; i++)
            mlp_tensor_set_number(&c->out[0], r * channels * bins + i,
                                  bin_value(c, &g, (image + i / bins) * plane, i % bins));
    }
    return MLP_OK;
}

const struct mlp_net_op mlp_net_sample[] = {
    {"", "AffineGrid", 20, 0, 2, 2, 1, prepare_grid, run_affine},
    {"", "GridSample", 16, 0, 2, 2, 1, prepare_grid, run_grid},
    {"", "RoiAlign", 10, 0, 3, 3, 1, prepare_roi, run_roi},
    {0}};
