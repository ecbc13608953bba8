/* nn.h: windows that slide over the spatial dimensions of a tensor: what Conv and the pools share.
 *
 * Tensors are N x C x spatial, with one to MLP_NN_SPATIAL spatial dimensions. */
#ifndef MLP_NET_NN_H
#define MLP_NET_NN_H

#include "net/op.h"

#define MLP_NN_SPATIAL 3

enum mlp_auto_pad { MLP_PAD_GIVEN, MLP_PAD_VALID, MLP_PAD_UPPER, MLP_PAD_LOWER };

/* The attributes; lists are NULL where the node has none, and then count as 1 (pads: 0). */
struct mlp_window_spec {
    const int64_t *kernel, *strides, *pads, *dilations;
    size_t rank;                 /* of the lists that are given; 0: none is */
    enum mlp_auto_pad auto_pad;
    bool ceil;
};

/* A window over one input shape. */
struct mlp_window {
    uint32_t rank;
    int64_t in[MLP_NN_SPATIAL], out[MLP_NN_SPATIAL], kernel[MLP_NN_SPATIAL];
    int64_t stride[MLP_NN_SPATIAL], dilation[MLP_NN_SPATIAL], before[MLP_NN_SPATIAL];
    int64_t after[MLP_NN_SPATIAL];
    size_t nin, nout, nkernel;   /* their products */
};

/* Reads kernel_shape, strides, pads, dilations, auto_pad, ceil_mode; lists are borrowed. */
enum mlp_code mlp_window_read(struct mlp_net_build *b, struct mlp_window_spec *s);

/* The window over x; kernel: the spatial sizes where the attribute is absent (Conv: of the
 * weights), else NULL. Fails where ranks do not fit or the output would be empty. */
enum mlp_code mlp_window_make(const struct mlp_net_call *c, const struct mlp_window_spec *s,
                              const int64_t *kernel, struct mlp_window *w);

/* Sets nin, nout and nkernel from the sizes, for who fills a window otherwise; fails where they or
 * all places together overflow. */
enum mlp_code mlp_window_count(const struct mlp_net_call *c, struct mlp_window *w);

/* All places of a window, nkernel x nout of them as mlp_window_at() says, in the run's arena. */
enum mlp_code mlp_window_places(const struct mlp_net_call *c, const struct mlp_window *w,
                                int64_t **out);

/* Where element k of the window at output position o lies in a plane of the input; -1 in the
 * padding. */
int64_t mlp_window_at(const struct mlp_window *w, size_t o, size_t k);

/* A convolution of floats (conv.c): images of groups * in channels, weights groups * out x in x
 * kernel, bias (groups * out numbers or NULL), and where the result goes. */
struct mlp_conv {
    const struct mlp_net_call *c;
    const struct mlp_window *w;
    const float *x, *k, *bias;
    float *y;
    size_t images, groups, in, out; /* in, out: channels of a group */
};
/* Whether windows move one step at a time, over lines or planes of sizes that a padded copy is good
 * for: then mlp_conv_slide() multiplies without laying them out. */
bool mlp_conv_slides(const struct mlp_window *w, size_t channels);
enum mlp_code mlp_conv_slide(const struct mlp_conv *v);

/* The largest of each window, for planes of floats (pool_planes.c): x is planes x in, y planes x
 * out; w has two dimensions. */
enum mlp_code mlp_pool_planes(const struct mlp_net_call *c, const struct mlp_window *w,
                              const float *x, float *y, size_t planes);

#endif
