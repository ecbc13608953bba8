/* nn_window.c: the geometry of sliding windows (nn.h): ONNX' Conv and pools, onnx.ai/onnx/operators
 * give the formulae of the output's size. */
#include "net/nn.h"

#include "net/real.h"

static enum mlp_code read_list(struct mlp_net_build *b, const char *name, size_t each,
                               struct mlp_window_spec *s, const int64_t **list)
{
    size_t n;
    if (mlp_net_attr_ints(b, name, list, &n))
        return b->e->code;
    if (!n) {
        *list = NULL;
        return MLP_OK;
    }
    for (size_t i = 0; i < n; i++)
        if ((*list)[i] < (each == 2 ? 0 : 1) || (*list)[i] > INT32_MAX)
            return mlp_net_bad(b, "%s has %lld", name, (long long)(*list)[i]);
    if (n % each || (s->rank && n / each != s->rank))
        return mlp_net_bad(b, "%s does not have as many numbers as the other lists", name);
    s->rank = n / each;
    return MLP_OK;
}

enum mlp_code mlp_window_read(struct mlp_net_build *b, struct mlp_window_spec *s)
{
    static const char *const pads[] = {"NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"};
    struct mlp_str word;
    int64_t ceil;
    if (read_list(b, "kernel_shape", 1, s, &s->kernel) ||
        read_list(b, "strides", 1, s, &s->strides) || read_list(b, "pads", 2, s, &s->pads) ||
        read_list(b, "dilations", 1, s, &s->dilations) ||
        mlp_net_attr_int(b, "ceil_mode", 0, &ceil) ||
        mlp_net_attr_str(b, "auto_pad", "NOTSET", &word))
        return b->e->code;
    s->ceil = ceil != 0;
    for (size_t i = 0; i < 4; i++)
        if (mlp_str_is(word, pads[i])) {
            s->auto_pad = (enum mlp_auto_pad)i;
            return MLP_OK;
        }
    return mlp_net_bad(b, "auto_pad '%.*s' is none that the operator set knows",
                       MLP_STR_ARG(word));
}

/* One dimension, its sizes but out known; false where no window fits. */
static bool size_dimension(const struct mlp_window_spec *s, struct mlp_window *w, uint32_t d)
{
    if (w->in[d] > INT32_MAX || w->kernel[d] < 1 || w->kernel[d] > INT32_MAX)
        return false;
    int64_t stride = s->strides ? s->strides[d] : 1, dilation = s->dilations ? s->dilations[d] : 1;
    int64_t span = (w->kernel[d] - 1) * dilation + 1, in = w->in[d];
    w->stride[d] = stride;
    w->dilation[d] = dilation;
    if (s->auto_pad == MLP_PAD_UPPER || s->auto_pad == MLP_PAD_LOWER) {
        w->out[d] = (in + stride - 1) / stride;
        int64_t pad = (w->out[d] - 1) * stride + span - in;
        pad = pad > 0 ? pad : 0;
        w->before[d] = s->auto_pad == MLP_PAD_UPPER ? pad / 2 : pad - pad / 2;
        w->after[d] = pad - w->before[d];
        return w->out[d] > 0;
    }
    int64_t room = in + w->before[d] + w->after[d] - span;
    if (room < 0)
        return false;
    w->out[d] = (room + (s->ceil ? stride - 1 : 0)) / stride + 1;
    /* A window that would start in the padding after the input does not count. */
    if (s->ceil && (w->out[d] - 1) * stride >= in + w->before[d])
        w->out[d]--;
    return w->out[d] > 0;
}

enum mlp_code mlp_window_make(const struct mlp_net_call *c, const struct mlp_window_spec *s,
                              const int64_t *kernel, struct mlp_window *w)
{
    const struct mlp_tensor *x = c->in[0];
    if (x->rank < 3 || x->rank > MLP_NN_SPATIAL + 2 || (s->rank && s->rank != x->rank - 2) ||
        (!kernel && !s->kernel))
        return mlp_net_fail(c, "an input of rank %u does not fit the window", x->rank);
    *w = (struct mlp_window){.rank = x->rank - 2};
    for (uint32_t d = 0; d < w->rank; d++) {
        bool given = s->pads && s->auto_pad == MLP_PAD_GIVEN;
        w->in[d] = x->dims[d + 2];
        w->kernel[d] = kernel ? kernel[d] : s->kernel[d];
        w->before[d] = given ? s->pads[d] : 0;
        w->after[d] = given ? s->pads[d + w->rank] : 0;
        if (!size_dimension(s, w, d))
            return mlp_net_fail(c, "the window does not fit dimension %u", d + 2);
    }
    return mlp_window_count(c, w);
}

enum mlp_code mlp_window_count(const struct mlp_net_call *c, struct mlp_window *w)
{
    size_t all;
    bool fits = true;
    w->nin = w->nout = w->nkernel = 1;
    for (uint32_t d = 0; d < w->rank; d++)
        fits = fits && mlp_real_times(w->nin, (size_t)w->in[d], &w->nin) &&
               mlp_real_times(w->nout, (size_t)w->out[d], &w->nout) &&
               mlp_real_times(w->nkernel, (size_t)w->kernel[d], &w->nkernel);
    fits = fits && w->nin <= PTRDIFF_MAX && mlp_real_times(w->nout, w->nkernel, &all) &&
           all <= PTRDIFF_MAX;
    return fits ? MLP_OK : mlp_net_fail(c, "a window with too many places");
}

enum mlp_code mlp_window_places(const struct mlp_net_call *c, const struct mlp_window *w,
                                int64_t **out)
{
    int64_t *at = mlp_arena_array64(c->arena, w->nkernel * w->nout, sizeof(*at));
    if (!at)
        return mlp_err_nomem(c->e);
    for (size_t k = 0; k < w->nkernel; k++)
        for (size_t o = 0; o < w->nout; o++)
            at[k * w->nout + o] = mlp_window_at(w, o, k);
    *out = at;
    return MLP_OK;
}

int64_t mlp_window_at(const struct mlp_window *w, size_t o, size_t k)
{
    int64_t at = 0, step = 1;
    for (uint32_t d = w->rank; d-- > 0;) {
        int64_t p = (int64_t)(o % (size_t)w->out[d]) * w->stride[d] - w->before[d] +
                    (int64_t)(k % (size_t)w->kernel[d]) * w->dilation[d];
        o /= (size_t)w->out[d];
        k /= (size_t)w->kernel[d];
        if (p < 0 || p >= w->in[d])
            return -1;
        at += p * step;
        step *= w->in[d];
    }
    return at;
}
