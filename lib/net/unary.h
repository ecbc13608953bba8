/* unary.h: the elementwise operators of one tensor, which math.c lists (ONNX operator spec). */
#ifndef MLP_NET_UNARY_H
#define MLP_NET_UNARY_H

#include "net/op.h"

/* Functions by name: Exp, Relu, Elu, ...; alpha, beta and gamma are read where they have them. */
enum mlp_code mlp_net_prepare_unary(struct mlp_net_build *b, const void **params);
enum mlp_code mlp_net_run_unary(const struct mlp_net_call *c);

enum mlp_code mlp_net_run_not(const struct mlp_net_call *c);
enum mlp_code mlp_net_run_isnan(const struct mlp_net_call *c);
/* IsInf: of the signs that detect_negative and detect_positive ask for. */
enum mlp_code mlp_net_prepare_isinf(struct mlp_net_build *b, const void **params);
enum mlp_code mlp_net_run_isinf(const struct mlp_net_call *c);
enum mlp_code mlp_net_run_identity(const struct mlp_net_call *c);

/* Clip: limits are attributes before operator set 11, inputs since; params may be NULL. */
enum mlp_code mlp_net_prepare_clip(struct mlp_net_build *b, const void **params);
enum mlp_code mlp_net_run_clip(const struct mlp_net_call *c);

#endif
