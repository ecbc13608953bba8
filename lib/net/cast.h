/* cast.h: Cast, CastLike and CastMap: numbers and texts as other types (ONNX operator spec).
 *
 * What does not fit: floats of 8 bits take the largest number unless saturate is 0; whole numbers
 * wrap around; a float beyond an integer type is not defined by the spec. */
#ifndef MLP_NET_CAST_H
#define MLP_NET_CAST_H

#include "net/op.h"

/* Cast to the type of the attribute `to`; CastLike to that of input 1. */
enum mlp_code mlp_net_prepare_cast(struct mlp_net_build *b, const void **params);
enum mlp_code mlp_net_prepare_cast_like(struct mlp_net_build *b, const void **params);
enum mlp_code mlp_net_run_cast(const struct mlp_net_call *c);

/* Element `from` of x into element `to` of y, whose types may be any. MLP_EINPUT for a text that is
 * no number; MLP_EIO when the arena is full. */
enum mlp_code mlp_cast_element(const struct mlp_net_call *c, const struct mlp_tensor *x,
                               size_t from, struct mlp_tensor *y, size_t to);

#endif
