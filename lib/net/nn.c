/* nn.c: convolution, pooling and normalisation in float (nn.h). Conv lays the windows out as a
 * matrix and multiplies; the places are computed once for all channels and images. */
#include "net/nn.h"
#include <math.h>

struct nn {
    struct mlp_window_spec window;
    int64_t group, count_pad, axis;
    float epsilon;
};

static enum mlp_code params_of(struct mlp_net_build *b, const void **params, struct nn **n)
{
    *n = mlp_arena_alloc(b->arena, sizeof **n);
    *params = *n;
    return *n ? MLP_OK : mlp_err_nomem(b->e);
}

static enum mlp_code window_prepare(struct mlp_net_build *b, const void **params)
{
    struct nn *n = NULL;
    if (params_of(b, params, &n) || mlp_window_read(b, &n->window) ||
        mlp_net_attr_int(b, "group", 1, &n->group) ||
        mlp_net_attr_int(b, "count_include_pad", 0, &n->count_pad))
        return b->e->code;
    return n->group >= 1 ? MLP_OK : mlp_net_bad(b, "group is %lld", (long long)n->group);
}

static enum mlp_code floats_only(const struct mlp_net_call *c)
{
    for (uint32_t i = 0; i < c->nin; i++)
        if (c->in[i] && c->in[i]->type != MLP_DT_FLOAT)
            return mlp_net_bad_type(c, i);
    return MLP_OK;
}

/* All places of a window: nkernel x nout. */
static enum mlp_code places(const struct mlp_net_call *c, const struct mlp_window *w,
                            int64_t **out)
{
    int64_t *at = mlp_arena_array64(c->arena, w->nkernel * w->nout, sizeof *at);
    if (!at)
        return mlp_err_nomem(c->e);
    for (size_t k = 0; k < w->nkernel; k++)
        for (size_t o = 0; o < w->nout; o++)
            at[k * w->nout + o] = mlp_window_at(w, o, k);
    *out = at;
    return MLP_OK;
}

static enum mlp_code make_out(const struct mlp_net_call *c, const struct mlp_window *w,
                              int64_t channels)
{
    int64_t dims[MLP_MAX_RANK] = {c->in[0]->dims[0], channels};
    for (uint32_t d = 0; d < w->rank; d++)
        dims[d + 2] = w->out[d];
    return mlp_tensor_make(&c->out[0], c->arena, MLP_DT_FLOAT, w->rank + 2, dims, c->e);
}

/* --- Conv --- */

/* The windows of `channels` planes as rows of a matrix: channels * nkernel x nout. */
static void lay_out(const struct mlp_window *w, const int64_t *at, const float *x,
                    size_t channels, float *to)
{
    size_t plane = w->nkernel * w->nout;
    for (size_t ch = 0; ch < channels; ch++)
        for (size_t i = 0; i < plane; i++)
            to[ch * plane + i] = at[i] < 0 ? 0 : x[ch * w->nin + (size_t)at[i]];
}

static enum mlp_code check_conv(const struct mlp_net_call *c, size_t groups)
{
    const struct mlp_tensor *x = c->in[0], *k = c->in[1], *bias = c->nin > 2 ? c->in[2] : NULL;
    if (x->rank < 3 || x->rank != k->rank || x->dims[1] != k->dims[1] * (int64_t)groups ||
        k->dims[0] % (int64_t)groups || (bias && (int64_t)bias->n != k->dims[0]))
        return mlp_net_fail(c, "input, weights and bias do not fit each other");
    return MLP_OK;
}

static void add_bias(const struct mlp_tensor *bias, struct mlp_tensor *y, size_t plane)
{
    for (size_t i = 0; bias && i < y->n; i++)
        y->f32[i] += bias->f32[i / plane % bias->n];
}

static enum mlp_code conv_run(const struct mlp_net_call *c)
{
    const struct nn *p = c->node->params;
    size_t groups = (size_t)p->group;
    const struct mlp_tensor *x = c->in[0], *k = c->in[1];
    struct mlp_window w;
    int64_t *at;
    if (floats_only(c) || check_conv(c, groups) ||
        mlp_window_make(c, &p->window, k->dims + 2, &w) || make_out(c, &w, k->dims[0]) ||
        places(c, &w, &at))
        return c->e->code;
    size_t cin = (size_t)k->dims[1], cout = (size_t)k->dims[0] / groups, depth = cin * w.nkernel;
    float *matrix = mlp_arena_array64(c->arena, depth * w.nout, sizeof *matrix);
    if (!matrix)
        return mlp_err_nomem(c->e);
    for (size_t i = 0; i < (size_t)x->dims[0] * groups; i++) {
        lay_out(&w, at, x->f32 + i * cin * w.nin, cin, matrix);
        mlp_net_sgemm(cout, w.nout, depth, k->f32 + i % groups * cout * depth, depth, matrix,
                      w.nout, c->out[0].f32 + i * cout * w.nout, w.nout);
    }
    add_bias(c->nin > 2 ? c->in[2] : NULL, &c->out[0], w.nout);
    return MLP_OK;
}

/* --- pools --- */

static enum mlp_code max_pool_run(const struct mlp_net_call *c)
{
    const struct nn *p = c->node->params;
    struct mlp_window w;
    int64_t *at;
    if (floats_only(c) || mlp_window_make(c, &p->window, NULL, &w) ||
        make_out(c, &w, c->in[0]->dims[1]) || places(c, &w, &at))
        return c->e->code;
    for (size_t i = 0; i < c->out[0].n; i++) {
        const float *x = c->in[0]->f32 + i / w.nout * w.nin;
        float most = -INFINITY;
        for (size_t k = 0; k < w.nkernel; k++) {
            int64_t from = at[k * w.nout + i % w.nout];
            if (from >= 0 && !(x[from] <= most))
                most = x[from];
        }
        c->out[0].f32[i] = most;
    }
    return MLP_OK;
}

/* How many elements the window at o has inside the input and its padding: with ceil_mode the last
 * one reaches beyond. */
static size_t padded_count(const struct mlp_window *w, size_t o)
{
    size_t count = 1;
    for (uint32_t d = w->rank; d-- > 0;) {
        int64_t start = (int64_t)(o % (size_t)w->out[d]) * w->stride[d];
        int64_t room = w->in[d] + w->before[d] + w->after[d] - start, inside = 0;
        for (int64_t k = 0; k < w->kernel[d]; k++)
            inside += k * w->dilation[d] < room;
        count *= (size_t)inside;
        o /= (size_t)w->out[d];
    }
    return count;
}

static enum mlp_code average_pool_run(const struct mlp_net_call *c)
{
    const struct nn *p = c->node->params;
    struct mlp_window w;
    int64_t *at;
    if (floats_only(c) || mlp_window_make(c, &p->window, NULL, &w) ||
        make_out(c, &w, c->in[0]->dims[1]) || places(c, &w, &at))
        return c->e->code;
    for (size_t i = 0; i < c->out[0].n; i++) {
        const float *x = c->in[0]->f32 + i / w.nout * w.nin;
        float sum = 0;
        size_t inside = 0;
        for (size_t k = 0; k < w.nkernel; k++) {
            int64_t from = at[k * w.nout + i % w.nout];
            sum += from < 0 ? 0 : x[from];
            inside += from >= 0;
        }
        c->out[0].f32[i] = sum / (float)(p->count_pad ? padded_count(&w, i % w.nout) : inside);
    }
    return MLP_OK;
}

/* One number a channel: the mean, or the largest. */
static enum mlp_code global_pool(const struct mlp_net_call *c, bool largest)
{
    const struct mlp_tensor *x = c->in[0];
    int64_t dims[MLP_MAX_RANK];
    if (floats_only(c))
        return c->e->code;
    if (x->rank < 2)
        return mlp_net_bad_type(c, 0);
    for (uint32_t d = 0; d < x->rank; d++)
        dims[d] = d < 2 ? x->dims[d] : 1;
    if (mlp_tensor_make(&c->out[0], c->arena, MLP_DT_FLOAT, x->rank, dims, c->e))
        return c->e->code;
    size_t plane = c->out[0].n ? x->n / c->out[0].n : 0;
    for (size_t i = 0; i < c->out[0].n; i++) {
        const float *from = x->f32 + i * plane;
        float v = largest ? -INFINITY : 0;
        for (size_t k = 0; k < plane; k++)
            v = !largest ? v + from[k] : !(from[k] <= v) ? from[k] : v;
        c->out[0].f32[i] = largest ? v : v / (float)plane;
    }
    return MLP_OK;
}

static enum mlp_code global_average_run(const struct mlp_net_call *c)
{
    return global_pool(c, false);
}

static enum mlp_code global_max_run(const struct mlp_net_call *c)
{
    return global_pool(c, true);
}

/* Inference: the input, and a mask that drops nothing. */
static enum mlp_code dropout_run(const struct mlp_net_call *c)
{
    if (c->nin > 2 && c->in[2] && mlp_tensor_integer(c->in[2], 0))
        return mlp_net_fail(c, "training_mode is for training");
    c->out[0] = *c->in[0];
    if (c->nout < 2)
        return MLP_OK;
    if (mlp_tensor_like(&c->out[1], c->arena, MLP_DT_BOOL, c->in[0], c->e))
        return c->e->code;
    memset(c->out[1].u8, 1, c->out[1].n);
    return MLP_OK;
}

const struct mlp_net_op mlp_net_nn[] = {
    {"", "AveragePool", 1, 0, 1, 1, 1, window_prepare, average_pool_run},
    {"", "Conv", 1, 0, 2, 3, 1, window_prepare, conv_run},
    {"", "Dropout", 7, 0, 1, 3, 2, NULL, dropout_run},
    {"", "GlobalAveragePool", 1, 0, 1, 1, 1, NULL, global_average_run},
    {"", "GlobalMaxPool", 1, 0, 1, 1, 1, NULL, global_max_run},
    {"", "MaxPool", 1, 0, 1, 1, 1, window_prepare, max_pool_run},
    {NULL, NULL, 0, 0, 0, 0, 0, NULL, NULL},
};
