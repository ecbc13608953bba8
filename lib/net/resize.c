/* resize.c: Resize and Upsample (onnx.ai/onnx/operators). Interpolation is separable: an axis at a
 * time, each with the places that an output element is made of and their weights. */
#include <math.h>

#include "net/real.h"

enum mode { NEAREST, LINEAR, CUBIC };
enum coordinates {
    HALF_PIXEL, HALF_PIXEL_SYMMETRIC, PYTORCH_HALF_PIXEL, ALIGN_CORNERS, ASYMMETRIC, CROP
};
enum rounding { PREFER_FLOOR, PREFER_CEIL, FLOOR, CEIL };
enum policy { STRETCH, NOT_LARGER, NOT_SMALLER };

struct resize {
    enum mode mode;
    enum coordinates coordinates;
    enum rounding rounding;
    enum policy policy;
    int64_t antialias, exclude;
    float cubic, extrapolation;
    const int64_t *axes;
    const float *scales;         /* Upsample before operator set 9 */
    size_t naxes, nscales;
    bool simple;                 /* no more inputs than the scales */
};

/* --- attributes --- */

/* Which of the words an attribute has, into *which. */
static enum mlp_code choose(struct mlp_net_build *b, const char *name, const char *const *words,
                            unsigned *which)
{
    struct mlp_str word;
    if (mlp_net_attr_str(b, name, words[0], &word))
        return b->e->code;
    for (unsigned i = 0; words[i]; i++)
        if (mlp_str_is(word, words[i])) {
            *which = i;
            return MLP_OK;
        }
    return mlp_net_bad(b, "%s '%.*s' is none that the operator set knows", name,
                       MLP_STR_ARG(word));
}

static enum mlp_code prepare_words(struct mlp_net_build *b, struct resize *p)
{
    static const char *const modes[] = {"nearest", "linear", "cubic", NULL};
    static const char *const coordinates[] = {
        "half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners",
        "asymmetric", "tf_crop_and_resize", NULL};
    static const char *const roundings[] = {"round_prefer_floor", "round_prefer_ceil", "floor",
                                            "ceil", NULL};
    static const char *const policies[] = {"stretch", "not_larger", "not_smaller", NULL};
    unsigned mode, place, rounding, policy;
    if (choose(b, "mode", modes, &mode) ||
        choose(b, "coordinate_transformation_mode", coordinates, &place) ||
        choose(b, "nearest_mode", roundings, &rounding) ||
        choose(b, "keep_aspect_ratio_policy", policies, &policy))
        return b->e->code;
    p->mode = (enum mode)mode;
    p->coordinates = p->simple ? ASYMMETRIC : (enum coordinates)place;
    p->rounding = p->simple ? FLOOR : (enum rounding)rounding;
    p->policy = (enum policy)policy;
    return MLP_OK;
}

static enum mlp_code prepare_resize(struct mlp_net_build *b, const void **params)
{
    struct resize *p = mlp_arena_alloc(b->arena, sizeof(*p));
    if (!p)
        return mlp_err_nomem(b->e);
    *params = p;
    p->simple = b->opset < 11 || mlp_str_is(b->node->op_type, "Upsample");
    if (prepare_words(b, p) || mlp_net_attr_int(b, "antialias", 0, &p->antialias) ||
        mlp_net_attr_int(b, "exclude_outside", 0, &p->exclude) ||
        mlp_net_attr_float(b, "cubic_coeff_a", -0.75F, &p->cubic) ||
        mlp_net_attr_float(b, "extrapolation_value", 0, &p->extrapolation) ||
        mlp_net_attr_ints(b, "axes", &p->axes, &p->naxes) ||
        mlp_net_attr_floats(b, "scales", &p->scales, &p->nscales))
        return b->e->code;
    return p->antialias && p->mode == NEAREST ? mlp_net_bad(b, "antialias of nearest") : MLP_OK;
}

/* --- the sizes --- */

struct axis {
    int64_t in, out;
    double scale, start, end;    /* start and end: of the region, as shares of the input */
};

/* The numbers of an input, or of the attribute that it was before; none is no error. */
static enum mlp_code take_numbers(const struct mlp_net_call *c, const struct mlp_tensor *t,
                                  size_t want, double *to, bool *given)
{
    *given = t && t->n;
    if (*given && t->n != want)
        return mlp_net_fail(c, "%zu sizes, scales or bounds where %zu are needed", t->n, want);
    for (size_t i = 0; *given && i < want; i++) {
        to[i] = mlp_tensor_number(t, i);
        if (!isfinite(to[i]))
            return mlp_net_fail(c, "a size, scale or bound that is no number");
    }
    return MLP_OK;
}

/* One scale for all axes, where the ratio is to be kept. */
static void keep_ratio(const struct resize *p, struct axis *axes, const uint32_t *which, size_t n)
{
    double all = axes[which[0]].scale;
    for (size_t i = 1; i < n; i++)
        all = p->policy == NOT_LARGER ? fmin(all, axes[which[i]].scale)
                                      : fmax(all, axes[which[i]].scale);
    for (size_t i = 0; i < n; i++) {
        axes[which[i]].scale = all;
        axes[which[i]].out = (int64_t)(all * (double)axes[which[i]].in + 0.5);
    }
}

static enum mlp_code axis_by_size(const struct mlp_net_call *c, struct axis *a, double out)
{
    if (out < 0 || out > INT32_MAX || a->in > INT32_MAX)
        return mlp_net_fail(c, "%lld elements cannot become %g", (long long)a->in, out);
    a->out = (int64_t)out;
    a->scale = a->in ? out / (double)a->in : 1;
    return MLP_OK;
}

static enum mlp_code axis_by_scale(const struct mlp_net_call *c, struct axis *a, double scale)
{
    double out = floor(scale * (double)a->in);
    if (scale <= 0 || axis_by_size(c, a, out))
        return mlp_net_fail(c, "%lld elements cannot be scaled by %g", (long long)a->in, scale);
    a->scale = scale;
    return MLP_OK;
}

static enum mlp_code size_axes(const struct mlp_net_call *c, struct axis *axes,
                               const uint32_t *which, size_t n)
{
    const struct resize *p = c->node->params;
    double scales[MLP_MAX_RANK], sizes[MLP_MAX_RANK];
    bool by_scale, by_size = false;
    const struct mlp_tensor old = {.type = MLP_DT_FLOAT, .n = p->nscales,
                                   .data = (void *)(uintptr_t)p->scales};
    const struct mlp_tensor *t = p->nscales ? &old : mlp_net_in(c, p->simple ? 1 : 2);
    if (take_numbers(c, t, n, scales, &by_scale) ||
        (!p->simple && take_numbers(c, mlp_net_in(c, 3), n, sizes, &by_size)))
        return c->e->code;
    if (by_scale == by_size)
        return mlp_net_fail(c, "either scales or sizes are needed");
    for (size_t i = 0; i < n; i++)
        if (by_size ? axis_by_size(c, &axes[which[i]], sizes[i])
                    : axis_by_scale(c, &axes[which[i]], scales[i]))
            return c->e->code;
    if (by_size && p->policy != STRETCH)
        keep_ratio(p, axes, which, n);
    return MLP_OK;
}

static enum mlp_code take_axes(const struct mlp_net_call *c, struct axis axes[MLP_MAX_RANK])
{
    const struct resize *p = c->node->params;
    const struct mlp_tensor *x = c->in[0];
    uint32_t which[MLP_MAX_RANK];
    double bounds[2 * MLP_MAX_RANK];
    size_t n = p->naxes ? p->naxes : x->rank;
    bool given = false;
    if (n > x->rank || n == 0)
        return mlp_net_fail(c, "%zu axes of %u dimensions", n, x->rank);
    for (uint32_t d = 0; d < x->rank; d++)
        axes[d] = (struct axis){x->dims[d], x->dims[d], 1, 0, 1};
    for (size_t i = 0; i < n; i++)
        if (mlp_net_axis(c, p->naxes ? p->axes[i] : (int64_t)i, x->rank, &which[i]))
            return c->e->code;
    if (size_axes(c, axes, which, n) ||
        (p->coordinates == CROP && take_numbers(c, mlp_net_in(c, 1), 2 * n, bounds, &given)))
        return c->e->code;
    for (size_t i = 0; given && i < n; i++) {
        axes[which[i]].start = bounds[i];
        axes[which[i]].end = bounds[n + i];
    }
    return MLP_OK;
}

/* --- what an element of the output is made of --- */

struct taps {
    size_t n;                    /* each */
    int64_t *index;              /* n for each element of the output; -1: outside the region */
    double *weight;
};

/* The place of output element o in the input, between -1 and its size. Scales are floats, and what
 * is divided by one is a float too: where a place lies between two elements that decides. */
static double place_of(const struct resize *p, const struct axis *a, double o)
{
    double in = (double)a->in, wide = a->scale * in, x = 0, centre = in / 2;
    double half = (double)((float)(o + 0.5) / (float)a->scale - 0.5F);
    switch (p->coordinates) {
    case ALIGN_CORNERS: x = wide == 1 ? 0 : o * (in - 1) / (wide - 1); break;
    case ASYMMETRIC: x = (double)((float)o / (float)a->scale); break;
    case CROP:
        x = wide == 1 ? (a->end - a->start) * (in - 1) / 2
                      : o * (a->end - a->start) * (in - 1) / (wide - 1);
        x += a->start * (in - 1);
        break;
    case PYTORCH_HALF_PIXEL: x = a->out == 1 ? 0 : half; break;
    case HALF_PIXEL: x = half; break;
    case HALF_PIXEL_SYMMETRIC: x = centre * (1 - (double)a->out / wide) + half; break;
    }
    return x > -1 ? fmin(x, in) : -1;
}

static double cubic(double x, double a)
{
    x = fabs(x);
    if (x <= 1)
        return ((a + 2) * x - (a + 3)) * x * x + 1;
    return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
}

/* The weight of a place at a distance, which antialias stretches when shrinking. */
static double weight_of(const struct resize *p, double distance)
{
    if (p->mode == LINEAR)
        return fmax(0, 1 - fabs(distance));
    return cubic(distance, (double)p->cubic);
}

/* How many elements of the input an element of the output is made of. */
static size_t reach(const struct resize *p, const struct axis *a)
{
    double half = p->mode == LINEAR ? 1 : 2, scale = p->antialias ? fmin(a->scale, 1) : 1;
    return p->mode == NEAREST ? 1 : (size_t)(2 - 2 * (floor(-half / scale) + 1));
}

static int64_t clamp(int64_t i, int64_t n)
{
    return i < 0 ? 0 : i >= n ? n - 1 : i;
}

static int64_t nearest(const struct resize *p, const struct axis *a, double x)
{
    double low = floor(x), part = x - low;
    bool up = p->rounding == CEIL           ? part > 0
              : p->rounding == PREFER_FLOOR ? part > 0.5
              : p->rounding == PREFER_CEIL  ? part >= 0.5
                                            : false;
    return clamp((int64_t)low + up, a->in);
}

static void weigh(const struct resize *p, const struct axis *a, double x, const struct taps *t,
                  size_t o)
{
    double scale = p->antialias ? fmin(a->scale, 1) : 1, sum = 0;
    int64_t first = (int64_t)ceil(x) - (int64_t)t->n / 2, *index = t->index + o * t->n;
    double *weight = t->weight + o * t->n;
    for (size_t k = 0; k < t->n; k++) {
        int64_t i = first + (int64_t)k;
        bool out = p->exclude && (i < 0 || i >= a->in);
        weight[k] = out ? 0 : weight_of(p, ((double)i - x) * scale);
        index[k] = clamp(i, a->in);
        sum += weight[k];
    }
    for (size_t k = 0; (p->exclude || p->antialias) && sum != 0 && k < t->n; k++)
        weight[k] /= sum;
}

static enum mlp_code make_taps(const struct mlp_net_call *c, const struct axis *a, struct taps *t)
{
    const struct resize *p = c->node->params;
    size_t all, out = (size_t)a->out;
    if (a->scale < 0.1 / (double)a->in)
        return mlp_net_fail(c, "a scale of %g for %lld elements", a->scale, (long long)a->in);
    t->n = reach(p, a);
    if (!mlp_real_times(t->n, out, &all))
        return mlp_net_fail(c, "a scale of %g for %zu elements", a->scale, out);
    t->index = mlp_arena_array(c->arena, all, sizeof(*t->index));
    t->weight = mlp_real_doubles(c, all);
    if (!t->index || !t->weight)
        return mlp_err_nomem(c->e);
    for (size_t o = 0; o < out; o++) {
        double x = place_of(p, a, (double)o);
        if (p->mode == NEAREST)
            t->index[o] = nearest(p, a, x);
        else
            weigh(p, a, x, t, o);
        if (p->coordinates == CROP && (x < 0 || x > (double)a->in - 1))
            t->index[o * t->n] = -1;
    }
    return MLP_OK;
}

/* --- one axis --- */

struct lines {
    size_t outer, in, out, inner;
};

static void copy_lines(const struct resize *p, const struct lines *l, const struct taps *t,
                       const struct mlp_tensor *x, struct mlp_tensor *y)
{
    size_t size = mlp_dtype_size(x->type);
    for (size_t i = 0; i < l->outer * l->out; i++) {
        int64_t from = t->index[i % l->out];
        size_t at = (i / l->out * l->in + (size_t)from) * l->inner;
        if (from >= 0)
            memcpy(y->u8 + i * l->inner * size, x->u8 + at * size, l->inner * size);
        for (size_t k = 0; from < 0 && k < l->inner; k++)
            mlp_tensor_set_number(y, i * l->inner + k, (double)p->extrapolation);
    }
}

static void mix_lines(const struct resize *p, const struct lines *l, const struct taps *t,
                      const double *x, double *y)
{
    for (size_t i = 0; i < l->outer * l->out; i++) {
        const int64_t *index = t->index + i % l->out * t->n;
        const double *weight = t->weight + i % l->out * t->n;
        double *to = y + i * l->inner;
        for (size_t k = 0; k < l->inner; k++)
            to[k] = index[0] < 0 ? (double)p->extrapolation : 0;
        for (size_t j = 0; index[0] >= 0 && j < t->n; j++) {
            const double *from = x + (i / l->out * l->in + (size_t)index[j]) * l->inner;
            for (size_t k = 0; k < l->inner; k++)
                to[k] += weight[j] * from[k];
        }
    }
}

static enum mlp_code resize_axis(const struct mlp_net_call *c, const struct axis *a, uint32_t d,
                                 struct mlp_tensor *x)
{
    const struct resize *p = c->node->params;
    struct lines l = {1, (size_t)a->in, (size_t)a->out, 1};
    struct mlp_tensor y;
    struct taps t = {0};
    int64_t dims[MLP_MAX_RANK];
    memcpy(dims, x->dims, sizeof(dims));
    dims[d] = a->out;
    for (uint32_t i = 0; i < x->rank; i++)
        *(i < d ? &l.outer : &l.inner) *= i == d ? 1 : (size_t)dims[i];
    if (make_taps(c, a, &t) || mlp_tensor_make(&y, c->arena, x->type, x->rank, dims, c->e))
        return c->e->code;
    if (p->mode == NEAREST)
        copy_lines(p, &l, &t, x, &y);
    else
        mix_lines(p, &l, &t, x->f64, y.f64);
    *x = y;
    return MLP_OK;
}

static bool computes(const struct resize *p, enum mlp_dtype type)
{
    return p->mode == NEAREST || (p->mode == LINEAR && type != MLP_DT_STRING) ||
           mlp_dtype_is_real(type);
}

static bool stays(const struct axis *a)
{
    return a->in == a->out && a->scale == 1 && a->start == 0 && a->end == 1;
}

static enum mlp_code run_resize(const struct mlp_net_call *c)
{
    const struct resize *p = c->node->params;
    struct axis axes[MLP_MAX_RANK];
    struct mlp_tensor x = *c->in[0];
    int64_t dims[MLP_MAX_RANK];
    if (!computes(p, x.type))
        return mlp_net_bad_type(c, 0);
    if (take_axes(c, axes))
        return c->e->code;
    for (uint32_t d = 0; d < x.rank; d++)
        dims[d] = axes[d].out;
    if (mlp_tensor_make(&c->out[0], c->arena, x.type, x.rank, dims, c->e))
        return c->e->code;
    if (!c->out[0].n || !x.n)
        return c->out[0].n ? mlp_net_fail(c, "an input without elements") : MLP_OK;
    if (p->mode != NEAREST && mlp_real_as(c->arena, c->in[0], MLP_DT_DOUBLE, &x, c->e))
        return c->e->code;
    for (uint32_t d = 0; d < x.rank; d++)
        if (!stays(&axes[d]) && resize_axis(c, &axes[d], d, &x))
            return c->e->code;
    return mlp_real_as(c->arena, &x, c->in[0]->type, &c->out[0], c->e);
}

const struct mlp_net_op mlp_net_resize[] = {
    {"", "Resize", 10, 10, 2, 2, 1, prepare_resize, run_resize},
    {"", "Resize", 11, 0, 1, 4, 1, prepare_resize, run_resize},
    {"", "Upsample", 7, 8, 1, 1, 1, prepare_resize, run_resize},
    {"", "Upsample", 9, 0, 2, 2, 1, prepare_resize, run_resize},
    {0}};
