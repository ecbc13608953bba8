/* conv.c: convolution of floats whose windows move one step at a time (nn.h).
 *
 * They are multiplied where they lie: in a copy of the image with its padding, row p of the matrix
 * of windows is the image from an offset on, over the whole width; what hangs over at the end of a
 * line is left out when the result is copied. */
#include "net/nn.h"
#include "net/packed.h"

#define MOST_PADDING (1 << 20)
#define MOST_AREA 0x1p28         /* floats of a padded copy */

/* The padded image: lines x width for each channel. */
struct canvas {
    size_t lines, width, top, left, height_in, width_in, out_lines, out_width;
    float *image, *result;
    size_t *offset;
    size_t n, ldc;
};

bool mlp_conv_slides(const struct mlp_window *w, size_t channels)
{
    bool one = w->rank <= 2;
    double area = (double)channels;
    for (uint32_t d = 0; d < w->rank; d++) {
        double span = ((double)w->kernel[d] - 1) * (double)w->dilation[d];
        one = one && w->stride[d] == 1 && w->before[d] >= 0 && w->after[d] >= 0 && span >= 0 &&
              w->before[d] < MOST_PADDING && w->after[d] < MOST_PADDING;
        area *= (double)w->out[d] + span;
    }
    return one && area < MOST_AREA;
}

static void size_canvas(const struct mlp_window *w, struct canvas *v)
{
    const uint32_t last = w->rank - 1;
    const bool flat = w->rank == 1;
    v->height_in = flat ? 1 : (size_t)w->in[0];
    v->width_in = (size_t)w->in[last];
    v->out_lines = flat ? 1 : (size_t)w->out[0];
    v->out_width = (size_t)w->out[last];
    v->top = flat ? 0 : (size_t)w->before[0];
    v->left = (size_t)w->before[last];
    v->lines = flat ? 1 : v->out_lines + (size_t)((w->kernel[0] - 1) * w->dilation[0]);
    v->width = v->out_width + (size_t)((w->kernel[last] - 1) * w->dilation[last]);
    v->n = (v->out_lines - 1) * v->width + v->out_width;
    v->ldc = v->n + MLP_PANEL;
}

static enum mlp_code make_canvas(const struct mlp_conv *j, struct canvas *v)
{
    const struct mlp_window *w = j->w;
    const size_t depth = j->in * w->nkernel;
    const size_t plane = v->lines * v->width, wide = (size_t)w->kernel[w->rank - 1];
    v->image = mlp_arena_array64(j->c->arena, j->in * plane + MLP_PANEL, sizeof(float));
    v->result = mlp_arena_array64(j->c->arena, j->out * v->ldc, sizeof(float));
    v->offset = mlp_arena_array(j->c->arena, depth, sizeof(size_t));
    if (!v->image || !v->result || !v->offset)
        return mlp_err_nomem(j->c->e);
    memset(v->image, 0, (j->in * plane + MLP_PANEL) * sizeof(float));
    for (size_t p = 0; p < depth; p++) {
        size_t k = p % w->nkernel, line = k / wide;
        v->offset[p] = p / w->nkernel * plane + k % wide * (size_t)w->dilation[w->rank - 1] +
                       (line ? line * (size_t)w->dilation[0] * v->width : 0);
    }
    return MLP_OK;
}

/* Lines beyond what the windows reach are left out. */
static void draw(const struct canvas *v, const float *x, size_t channels)
{
    size_t lines = v->lines - v->top < v->height_in ? v->lines - v->top : v->height_in;
    size_t wide = v->width - v->left < v->width_in ? v->width - v->left : v->width_in;
    for (size_t ch = 0; ch < channels; ch++)
        for (size_t l = 0; l < lines; l++)
            memcpy(v->image + (ch * v->lines + v->top + l) * v->width + v->left,
                   x + (ch * v->height_in + l) * v->width_in, wide * sizeof *x);
}

static void copy_result(const struct mlp_conv *j, const struct canvas *v, size_t group, float *y)
{
    for (size_t o = 0; o < j->out; o++)
        for (size_t l = 0; l < v->out_lines; l++)
            mlp_floats_add(y + (o * v->out_lines + l) * v->out_width,
                           v->result + o * v->ldc + l * v->width, v->out_width,
                           j->bias ? j->bias[group * j->out + o] : 0);
}

enum mlp_code mlp_conv_slide(const struct mlp_conv *j)
{
    const size_t depth = j->in * j->w->nkernel;
    struct canvas v;
    size_canvas(j->w, &v);
    if (v.top > v.lines || v.left > v.width)
        return mlp_net_fail(j->c, "padding that is wider than the image and the window");
    if (make_canvas(j, &v))
        return j->c->e->code;
    const struct mlp_slide s = {j->out, v.n, depth, v.ldc, v.offset};
    for (size_t i = 0; i < j->images * j->groups; i++) {
        size_t group = i % j->groups;
        draw(&v, j->x + i * j->in * j->w->nin, j->in);
        mlp_slide_product(&s, j->k + group * j->out * depth, v.image, v.result);
        copy_result(j, &v, group, j->y + i * j->out * j->w->nout);
    }
    return MLP_OK;
}
