/* pool_planes.c: the largest number of windows over planes of floats, line by line (nn.h). */
#include <math.h>

#include "net/nn.h"
#include "net/packed.h"

/* The largest in reach of line o of the output, column by column. */
static void fold_lines(const struct mlp_window *w, const float *x, int64_t o, float *line)
{
    const size_t width = (size_t)w->in[1];
    bool first = true;
    for (int64_t k = 0; k < w->kernel[0]; k++) {
        int64_t at = o * w->stride[0] - w->before[0] + k * w->dilation[0];
        if (at < 0 || at >= w->in[0])
            continue;
        if (first)
            memcpy(line, x + (size_t)at * width, width * sizeof *line);
        else
            mlp_floats_max(line, x + (size_t)at * width, width);
        first = false;
    }
    for (size_t i = 0; first && i < width; i++)
        line[i] = -INFINITY;
}

/* The largest of a line's windows. */
static void max_of_line(const struct mlp_window *w, const float *line, float *y)
{
    for (int64_t p = 0; p < w->out[1]; p++) {
        float most = -INFINITY;
        int64_t start = p * w->stride[1] - w->before[1];
        for (int64_t k = 0; k < w->kernel[1]; k++) {
            int64_t at = start + k * w->dilation[1];
            if (at >= 0 && at < w->in[1] && !(line[at] <= most))
                most = line[at];
        }
        y[p] = most;
    }
}

/* Windows of two by two, side by side, all inside the image: what nearly every network has. */
static bool is_quarter(const struct mlp_window *w)
{
    bool quarter = true;
    for (uint32_t d = 0; d < 2; d++)
        quarter = quarter && w->kernel[d] == 2 && w->stride[d] == 2 && w->dilation[d] == 1 &&
                  w->before[d] == 0 && 2 * w->out[d] <= w->in[d];
    return quarter;
}

static void max_plane(const struct mlp_window *w, const float *x, float *line, float *y)
{
    const size_t out = (size_t)w->out[1], width = (size_t)w->in[1];
    const bool quarter = is_quarter(w);
    for (size_t o = 0; o < (size_t)w->out[0]; o++) {
        if (quarter) {
            mlp_floats_pool(y + o * out, x + 2 * o * width, x + (2 * o + 1) * width, out);
            continue;
        }
        fold_lines(w, x, (int64_t)o, line);
        max_of_line(w, line, y + o * out);
    }
}

enum mlp_code mlp_pool_planes(const struct mlp_net_call *c, const struct mlp_window *w,
                              const float *x, float *y, size_t planes)
{
    float *line = mlp_arena_array64(c->arena, (size_t)w->in[1] + 1, sizeof *line);
    if (!line)
        return mlp_err_nomem(c->e);
    for (size_t i = 0; i < planes; i++)
        max_plane(w, x + i * w->nin, line, y + i * w->nout);
    return MLP_OK;
}
