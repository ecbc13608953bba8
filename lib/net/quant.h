/* quant.h: whole numbers that stand for real ones, (q - zero point) * scale: for the table in
 * quant.c (ONNX operator spec; rounding and saturation as onnxruntime has them). */
#ifndef MLP_NET_QUANT_H
#define MLP_NET_QUANT_H

#include "net/op.h"

/* The least and the most of an integer type of up to 16 bits; false for other types. */
bool mlp_quant_range(enum mlp_dtype t, int32_t *least, int32_t *most);

/* x to the nearest integer, ties to even, plus zero, cut off at the ends of the range. */
int32_t mlp_quant_round(float x, int32_t zero, int32_t least, int32_t most);

/* Products: MatMulInteger, QLinearMatMul; ConvInteger, QLinearConv with the window's attributes. */
enum mlp_code mlp_net_run_matmul_integer(const struct mlp_net_call *c);
enum mlp_code mlp_net_run_qlinear_matmul(const struct mlp_net_call *c);
enum mlp_code mlp_net_prepare_qconv(struct mlp_net_build *b, const void **params);
enum mlp_code mlp_net_run_conv_integer(const struct mlp_net_call *c);
enum mlp_code mlp_net_run_qlinear_conv(const struct mlp_net_call *c);

#endif
