/* tiny.h: floats of 8 bits and fewer, and elements that a file packs several to a byte.
 *
 * Formats: FLOAT8E4M3FN and FLOAT8E5M2 as "FP8 Formats for Deep Learning" (Micikevicius et al.,
 * 2022) has them, the FNUZ forms as "8-bit Numerical Formats for Deep Neural Networks" (Noune et
 * al., 2022), FLOAT4E2M1 and FLOAT8E8M0 as the OCP Microscaling specification 1.0. In memory every
 * element has a byte of its own, an int2 or int4 with its sign extended. */
#ifndef MLP_NET_TINY_H
#define MLP_NET_TINY_H

#include "net/tensor.h"

/* Whether t is one of the floats above. */
bool mlp_dtype_is_tiny(enum mlp_dtype t);

/* Bits of an element in a file where several share a byte, lowest bits first: 4 or 2; 8 for what
 * is not packed. */
unsigned mlp_dtype_packing(enum mlp_dtype t);

/* The number that the bits stand for, NaN included. */
float mlp_tiny_number(enum mlp_dtype t, uint8_t bits);

/* The nearest number's bits, ties to even. What is too large becomes the largest when saturate,
 * else infinity, or NaN where the format has no infinity (FLOAT4E2M1: always the largest).
 * FLOAT8E8M0 holds powers of two only: rounded up, the sign lost. */
uint8_t mlp_tiny_bits(enum mlp_dtype t, double x, bool saturate);

/* Spreads n elements that lie packed at the start of p over n bytes. */
void mlp_tiny_unpack(enum mlp_dtype t, uint8_t *p, size_t n);

#endif
