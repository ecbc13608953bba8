/* nn.c: convolutions and what is computed like them (nn.h). Conv lays the windows out as a matrix
 * and multiplies; ConvTranspose and Col2Im go the way back. The places are computed once for all
 * channels and images. */
#include "net/nn.h"

#include <math.h>

#include "net/real.h"

struct conv {
    struct mlp_window_spec window;
    int64_t group, offset_group;
    const int64_t *output_padding, *output_shape;
    size_t npadding, nshape;
};

static enum mlp_code prepare_conv(struct mlp_net_build *b, const void **params)
{
    struct conv *p = mlp_arena_alloc(b->arena, sizeof(*p));
    if (!p)
        return mlp_err_nomem(b->e);
    *params = p;
    if (mlp_window_read(b, &p->window) || mlp_net_attr_int(b, "group", 1, &p->group) ||
        mlp_net_attr_int(b, "offset_group", 1, &p->offset_group) ||
        mlp_net_attr_ints(b, "output_padding", &p->output_padding, &p->npadding) ||
        mlp_net_attr_ints(b, "output_shape", &p->output_shape, &p->nshape))
        return b->e->code;
    if (p->group < 1 || p->offset_group < 1)
        return mlp_net_bad(b, "group is %lld, offset_group %lld", (long long)p->group,
                           (long long)p->offset_group);
    return MLP_OK;
}

/* A convolution's input and weights in the type to multiply in, and the channels of a group. */
struct pass {
    const struct mlp_net_call *c;
    struct mlp_window w;
    struct mlp_tensor x, k, y, matrix;
    int64_t *at;
    size_t groups, images, in, out; /* in, out: channels of a group */
};

static enum mlp_code take_inputs(struct pass *s)
{
    const struct mlp_net_call *c = s->c;
    const struct conv *p = c->node->params;
    enum mlp_dtype type = mlp_real_width(c->in[0]->type);
    s->groups = (size_t)p->group;
    if (mlp_real_inputs(c, UINT32_MAX) ||
        mlp_real_as(c->arena, c->in[0], type, &s->x, c->e) ||
        mlp_real_as(c->arena, c->in[1], type, &s->k, c->e))
        return c->e->code;
    if (s->x.rank < 3 || s->x.rank > MLP_NN_SPATIAL + 2 || s->x.rank != s->k.rank)
        return mlp_net_fail(c, "input and weights do not fit each other");
    s->images = (size_t)s->x.dims[0];
    return MLP_OK;
}

static enum mlp_code make_out(struct pass *s, size_t channels, const int64_t *spatial)
{
    int64_t dims[MLP_MAX_RANK] = {s->x.dims[0], (int64_t)channels};
    for (uint32_t d = 0; d < s->w.rank; d++)
        dims[d + 2] = spatial[d];
    return mlp_tensor_make(&s->y, s->c->arena, s->x.type, s->w.rank + 2, dims, s->c->e);
}

/* Room for channels of a group x elements of a window x places. */
static enum mlp_code make_matrix(struct pass *s, size_t channels, size_t places)
{
    size_t depth, all;
    if (!mlp_real_times(channels, s->w.nkernel, &depth) || !mlp_real_times(depth, places, &all))
        return mlp_net_fail(s->c, "a window with too many places");
    return mlp_real_room(s->c->arena, s->x.type, all, &s->matrix, s->c->e);
}

/* The bias, and the result as the type of the input. */
static enum mlp_code finish(struct pass *s, const struct mlp_tensor *bias, size_t plane)
{
    struct mlp_tensor *y = &s->y;
    if (bias && bias->type == MLP_DT_FLOAT)
        for (size_t i = 0; i < y->n; i++)
            y->f32[i] += bias->f32[i / plane % bias->n];
    else
        for (size_t i = 0; bias && i < y->n; i++)
            mlp_tensor_set_number(y, i, mlp_tensor_number(y, i) +
                                            mlp_tensor_number(bias, i / plane % bias->n));
    return mlp_real_as(s->c->arena, y, s->c->in[0]->type, &s->c->out[0], s->c->e);
}

/* --- Conv --- */

/* The windows of a group's planes, the first of which starts at `from`, as rows of the matrix. */
static void lay_out(struct pass *s, size_t from)
{
    size_t plane = s->w.nkernel * s->w.nout, nin = s->w.nin;
    const int64_t *at = s->at;
    if (s->x.type == MLP_DT_DOUBLE) {
        for (size_t i = 0; i < s->in * plane; i++)
            s->matrix.f64[i] =
                at[i % plane] < 0 ? 0 : s->x.f64[from + i / plane * nin + (size_t)at[i % plane]];
        return;
    }
    for (size_t ch = 0; ch < s->in; ch++) {
        const float *x = s->x.f32 + from + ch * nin;
        float *to = s->matrix.f32 + ch * plane;
        for (size_t i = 0; i < plane; i++)
            to[i] = at[i] < 0 ? 0 : x[at[i]];
    }
}

/* The weights of a group times the matrix, into the planes of an image. */
static void multiply_group(struct pass *s, size_t i)
{
    size_t depth = s->in * s->w.nkernel, plane = s->w.nout;
    const struct mlp_net_gemm g = {s->out, plane, depth, depth, plane, plane};
    mlp_real_gemm(&g, (struct mlp_real_at){&s->k, i % s->groups * s->out * depth},
                  (struct mlp_real_at){&s->matrix, 0}, &s->y, i * s->out * plane);
}

/* Channels of input, weights and bias. */
static enum mlp_code conv_channels(struct pass *s, const struct mlp_tensor *bias)
{
    int64_t groups = (int64_t)s->groups;
    if (s->x.dims[1] / groups != s->k.dims[1] || s->x.dims[1] % groups || s->k.dims[0] % groups ||
        (bias && (int64_t)bias->n != s->k.dims[0]))
        return mlp_net_fail(s->c, "input, weights and bias do not fit each other");
    s->in = (size_t)s->k.dims[1];
    s->out = (size_t)(s->k.dims[0] / groups);
    return MLP_OK;
}

static enum mlp_code slide(struct pass *s, const struct mlp_tensor *bias)
{
    bool floats = bias && bias->type == MLP_DT_FLOAT;
    const struct mlp_conv v = {.c = s->c, .w = &s->w, .x = s->x.f32, .k = s->k.f32,
                               .bias = floats ? bias->f32 : NULL, .y = s->y.f32,
                               .images = s->images, .groups = s->groups, .in = s->in,
                               .out = s->out};
    return mlp_conv_slide(&v) ? s->c->e->code : finish(s, floats ? NULL : bias, s->w.nout);
}

static enum mlp_code run_conv(const struct mlp_net_call *c)
{
    const struct conv *p = c->node->params;
    const struct mlp_tensor *bias = mlp_net_in(c, 2);
    struct pass s = {.c = c};
    if (take_inputs(&s) || conv_channels(&s, bias) ||
        mlp_window_make(c, &p->window, s.k.dims + 2, &s.w) ||
        make_out(&s, (size_t)s.k.dims[0], s.w.out))
        return c->e->code;
    if (s.x.type == MLP_DT_FLOAT && s.y.n && mlp_conv_slides(&s.w, s.in))
        return slide(&s, bias);
    if (mlp_window_places(c, &s.w, &s.at) || make_matrix(&s, s.in, s.w.nout))
        return c->e->code;
    for (size_t i = 0; s.y.n && i < s.images * s.groups; i++) {
        lay_out(&s, i * s.in * s.w.nin);
        multiply_group(&s, i);
    }
    return finish(&s, bias, s.w.nout);
}

/* --- the way back: each number of the matrix is added to its place --- */

static void add_back(struct pass *s, size_t channels, size_t to, const struct mlp_tensor *from,
                     size_t start)
{
    size_t plane = s->w.nkernel * s->w.nout;
    for (size_t i = 0; i < channels * plane; i++) {
        int64_t at = s->at[i % plane];
        size_t place = to + i / plane * s->w.nin + (size_t)at;
        if (at >= 0 && s->y.type == MLP_DT_FLOAT)
            s->y.f32[place] += from->f32[start + i];
        else if (at >= 0)
            s->y.f64[place] += from->f64[start + i];
    }
}

/* One dimension of ConvTranspose, all but in and before known: `in` of the window is the output. */
static enum mlp_code transposed_dimension(const struct mlp_net_call *c, struct mlp_window *w,
                                          uint32_t d)
{
    const struct conv *p = c->node->params;
    const struct mlp_window_spec *s = &p->window;
    int64_t more = p->npadding ? p->output_padding[d] : 0;
    int64_t full = (w->out[d] - 1) * w->stride[d] + (w->kernel[d] - 1) * w->dilation[d] + 1 + more;
    bool same = s->auto_pad == MLP_PAD_UPPER || s->auto_pad == MLP_PAD_LOWER;
    if (p->nshape || same) {
        w->in[d] = p->nshape ? p->output_shape[p->nshape - w->rank + d] : w->out[d] * w->stride[d];
        int64_t pad = full > w->in[d] ? full - w->in[d] : 0;
        w->before[d] = s->auto_pad == MLP_PAD_UPPER ? pad / 2 : pad - pad / 2;
    } else if (s->auto_pad == MLP_PAD_GIVEN && s->pads) {
        w->before[d] = s->pads[d];
        w->in[d] = full - s->pads[d] - s->pads[d + w->rank];
    } else {
        w->in[d] = full;
    }
    return w->in[d] < 1 ? mlp_net_fail(c, "dimension %u of the output would be empty", d + 2)
                        : MLP_OK;
}

static enum mlp_code fit_attributes(const struct pass *s)
{
    const struct conv *p = s->c->node->params;
    size_t rank = s->w.rank;
    bool fits = (!p->window.rank || p->window.rank == rank) &&
                (!p->npadding || p->npadding == rank) &&
                (!p->nshape || p->nshape == rank || p->nshape == rank + 2);
    for (size_t d = 0; fits && d < p->npadding; d++)
        fits = p->output_padding[d] >= 0 && p->output_padding[d] <= INT32_MAX;
    return fits ? MLP_OK : mlp_net_fail(s->c, "attributes that do not fit an input of rank %u",
                                        s->x.rank);
}

static bool slides(int64_t size)
{
    return size >= 1 && size <= INT32_MAX;
}

/* Dimension d of a window as the attributes say; the sizes are set. */
static enum mlp_code set_steps(const struct pass *s, struct mlp_window *w, uint32_t d)
{
    const struct conv *p = s->c->node->params;
    const struct mlp_window_spec *spec = &p->window;
    w->stride[d] = spec->strides ? spec->strides[d] : 1;
    w->dilation[d] = spec->dilations ? spec->dilations[d] : 1;
    if (!slides(w->kernel[d]))
        return mlp_net_fail(s->c, "a kernel of %lld elements", (long long)w->kernel[d]);
    return MLP_OK;
}

static enum mlp_code transposed_window(struct pass *s)
{
    struct mlp_window *w = &s->w;
    w->rank = s->x.rank - 2;
    if (fit_attributes(s))
        return s->c->e->code;
    for (uint32_t d = 0; d < w->rank; d++) {
        w->out[d] = s->x.dims[d + 2];
        w->kernel[d] = s->k.dims[d + 2];
        if (!slides(w->out[d]))
            return mlp_net_fail(s->c, "dimension %u is of a size that no window slides over",
                                d + 2);
        if (set_steps(s, w, d) || transposed_dimension(s->c, w, d))
            return s->c->e->code;
    }
    return mlp_window_count(s->c, w);
}

static enum mlp_code transposed_channels(struct pass *s, const struct mlp_tensor *bias)
{
    int64_t groups = (int64_t)s->groups, all;
    if (s->x.dims[1] != s->k.dims[0] || s->x.dims[1] % groups ||
        __builtin_mul_overflow(s->k.dims[1], groups, &all) ||
        (bias && (int64_t)bias->n != all))
        return mlp_net_fail(s->c, "input, weights and bias do not fit each other");
    s->in = (size_t)(s->x.dims[1] / groups);
    s->out = (size_t)s->k.dims[1];
    return MLP_OK;
}

static enum mlp_code run_conv_transpose(const struct mlp_net_call *c)
{
    const struct mlp_tensor *bias = mlp_net_in(c, 2);
    struct mlp_tensor turned;
    struct pass s = {.c = c};
    if (take_inputs(&s) || transposed_channels(&s, bias) || transposed_window(&s) ||
        make_out(&s, s.out * s.groups, s.w.in) || mlp_window_places(c, &s.w, &s.at) ||
        make_matrix(&s, s.out, s.w.nout) ||
        mlp_real_room(c->arena, s.x.type, s.k.n / s.groups, &turned, c->e))
        return c->e->code;
    size_t wide = s.out * s.w.nkernel, plane = s.w.nout;
    const struct mlp_net_gemm g = {wide, plane, s.in, s.in, plane, plane};
    memset(s.y.data, 0, s.y.n * mlp_dtype_size(s.y.type));
    for (size_t i = 0; s.y.n && i < s.images * s.groups; i++) {
        mlp_real_transpose(&turned, &s.k, i % s.groups * s.in * wide, s.in, wide);
        mlp_real_gemm(&g, (struct mlp_real_at){&turned, 0},
                      (struct mlp_real_at){&s.x, i * s.in * plane}, &s.matrix, 0);
        add_back(&s, s.out, i * s.out * s.w.nin, &s.matrix, 0);
    }
    return finish(&s, bias, s.w.nin);
}

/* --- Col2Im --- */

/* The window of Col2Im: sizes of image and blocks are inputs. */
static enum mlp_code block_window(struct pass *s)
{
    const struct mlp_net_call *c = s->c;
    const struct conv *p = c->node->params;
    const struct mlp_window_spec *spec = &p->window;
    const struct mlp_tensor *image = c->in[1], *block = c->in[2];
    struct mlp_window *w = &s->w;
    if (image->type != MLP_DT_INT64 || block->type != MLP_DT_INT64 || image->n != block->n ||
        image->n < 1 || image->n > MLP_NN_SPATIAL || (spec->rank && spec->rank != image->n))
        return mlp_net_fail(c, "image and block need one to three int64 each");
    w->rank = (uint32_t)image->n;
    for (uint32_t d = 0; d < w->rank; d++) {
        int64_t pads = spec->pads ? spec->pads[d] + spec->pads[d + w->rank] : 0;
        w->in[d] = image->i64[d];
        w->kernel[d] = block->i64[d];
        w->before[d] = spec->pads ? spec->pads[d] : 0;
        if (!slides(w->in[d]))
            return mlp_net_fail(c, "dimension %u of the image is %lld", d, (long long)w->in[d]);
        if (set_steps(s, w, d))
            return c->e->code;
        int64_t room = w->in[d] + pads - ((w->kernel[d] - 1) * w->dilation[d] + 1);
        w->out[d] = room < 0 ? 0 : room / w->stride[d] + 1;
    }
    return mlp_window_count(c, w);
}

static enum mlp_code run_col2im(const struct mlp_net_call *c)
{
    struct pass s = {.c = c};
    if (mlp_real_inputs(c, 1) ||
        mlp_real_as(c->arena, c->in[0], mlp_real_width(c->in[0]->type), &s.x, c->e) ||
        block_window(&s))
        return c->e->code;
    if (s.x.rank != 3 || (size_t)s.x.dims[2] != s.w.nout ||
        (size_t)s.x.dims[1] % s.w.nkernel)
        return mlp_net_fail(c, "an input that is not made of the image's blocks");
    size_t channels = (size_t)s.x.dims[1] / s.w.nkernel;
    if (make_out(&s, channels, s.w.in) || mlp_window_places(c, &s.w, &s.at))
        return c->e->code;
    memset(s.y.data, 0, s.y.n * mlp_dtype_size(s.y.type));
    for (size_t i = 0; s.x.n && i < (size_t)s.x.dims[0]; i++)
        add_back(&s, channels, i * channels * s.w.nin, &s.x, i * (size_t)(s.x.dims[1]) * s.w.nout);
    return finish(&s, NULL, 1);
}

/* --- DeformConv: places are moved by offsets, and read between the pixels --- */

static double pixel(const struct mlp_tensor *x, size_t plane, const int64_t size[2], double y,
                    double z)
{
    if (!(y >= 0) || !(z >= 0) || y >= (double)size[0] || z >= (double)size[1])
        return 0;
    return mlp_tensor_number(x, plane + (size_t)y * (size_t)size[1] + (size_t)z);
}

static double between(const struct mlp_tensor *x, size_t plane, const int64_t size[2], double y,
                      double z)
{
    double top = floor(y), left = floor(z), down = y - top, right = z - left;
    return (1 - down) * ((1 - right) * pixel(x, plane, size, top, left) +
                         right * pixel(x, plane, size, top, left + 1)) +
           down * ((1 - right) * pixel(x, plane, size, top + 1, left) +
                   right * pixel(x, plane, size, top + 1, left + 1));
}

static enum mlp_code deform_shapes(const struct pass *s)
{
    const struct mlp_net_call *c = s->c;
    const struct conv *p = c->node->params;
    const struct mlp_tensor *offset = c->in[2], *mask = mlp_net_in(c, 4);
    size_t each = (size_t)p->offset_group * s->w.nkernel;
    bool fits = s->w.rank == 2 && s->x.dims[1] % p->offset_group == 0 && offset->rank == 4 &&
                p->offset_group <= INT32_MAX && (!mask || mask->rank == 4);
    for (uint32_t d = 0; fits && d < 4; d++) {
        int64_t want = d == 0 ? s->x.dims[0] : d == 1 ? (int64_t)each : s->w.out[d - 2];
        fits = offset->dims[d] == want * (d == 1 ? 2 : 1) && (!mask || mask->dims[d] == want);
    }
    return fits ? MLP_OK : mlp_net_fail(c, "offsets or mask do not fit input and weights");
}

/* lay_out() with the offsets: channel ch of the image's input, all elements of its windows. */
static void lay_out_moved(struct pass *s, size_t image, size_t ch, size_t row)
{
    const struct mlp_net_call *c = s->c;
    const struct conv *p = c->node->params;
    const struct mlp_tensor *mask = mlp_net_in(c, 4);
    const struct mlp_window *w = &s->w;
    size_t channels = (size_t)s->x.dims[1], groups = (size_t)p->offset_group;
    size_t first = (image * groups + ch / (channels / groups)) * w->nkernel;
    for (size_t k = 0; k < w->nkernel; k++)
        for (size_t o = 0; o < w->nout; o++) {
            size_t at = (first + k) * w->nout + o, shift = (2 * (first + k)) * w->nout + o;
            int64_t oy = (int64_t)o / w->out[1], ox = (int64_t)o % w->out[1];
            int64_t ky = (int64_t)k / w->kernel[1], kx = (int64_t)k % w->kernel[1];
            double y = (double)(oy * w->stride[0] - w->before[0] + ky * w->dilation[0]) +
                       mlp_tensor_number(c->in[2], shift);
            double x = (double)(ox * w->stride[1] - w->before[1] + kx * w->dilation[1]) +
                       mlp_tensor_number(c->in[2], shift + w->nout);
            double v = between(&s->x, (image * channels + ch) * w->nin, w->in, y, x);
            mlp_tensor_set_number(&s->matrix, (row * w->nkernel + k) * w->nout + o,
                                  mask ? v * mlp_tensor_number(mask, at) : v);
        }
}

static enum mlp_code run_deform_conv(const struct mlp_net_call *c)
{
    const struct conv *p = c->node->params;
    const struct mlp_tensor *bias = mlp_net_in(c, 3);
    struct pass s = {.c = c};
    if (take_inputs(&s) || conv_channels(&s, bias) ||
        mlp_window_make(c, &p->window, s.k.dims + 2, &s.w) || deform_shapes(&s) ||
        make_out(&s, (size_t)s.k.dims[0], s.w.out) || make_matrix(&s, s.in, s.w.nout))
        return c->e->code;
    for (size_t i = 0; s.y.n && i < s.images * s.groups; i++) {
        for (size_t row = 0; row < s.in; row++)
            lay_out_moved(&s, i / s.groups, i % s.groups * s.in + row, row);
        multiply_group(&s, i);
    }
    return finish(&s, bias, s.w.nout);
}

const struct mlp_net_op mlp_net_nn[] = {
    {"", "Col2Im", 18, 0, 3, 3, 1, prepare_conv, run_col2im},
    {"", "Conv", 1, 0, 2, 3, 1, prepare_conv, run_conv},
    {"", "ConvTranspose", 1, 0, 2, 3, 1, prepare_conv, run_conv_transpose},
    {"", "DeformConv", 19, 0, 3, 5, 1, prepare_conv, run_deform_conv},
    {0}};
