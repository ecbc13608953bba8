/* num_pow5.h: 128-bit powers of five, for num.c and num_print.c only.
 *
 * Row q - MLP_NUM_POW5_MIN holds the high and low 64 bits of 5^q scaled by a power of two into
 * [2^127, 2^128): exact for 0 <= q <= 55, rounded up for -27 <= q < 0, rounded down elsewhere, as
 * the proof of Eisel-Lemire wants them (Mushtak and Lemire, "Fast number parsing without
 * fallback", 2022). Schubfach wants all of them rounded up: see mlp_num_pow10_up. */
#ifndef MLP_TEXT_NUM_POW5_H
#define MLP_TEXT_NUM_POW5_H

#include <stdint.h>

#define MLP_NUM_POW5_MIN (-342)
#define MLP_NUM_POW5_MAX 324

/* The compilers' 128-bit integer, for 64 by 64 bit products. */
__extension__ typedef unsigned __int128 mlp_uint128;

extern const uint64_t mlp_num_pow5[MLP_NUM_POW5_MAX - MLP_NUM_POW5_MIN + 1][2];

/* The least 128-bit integer that is not below 10^q scaled into [2^127, 2^128). */
static inline mlp_uint128 mlp_num_pow10_up(int q)
{
    const uint64_t *row = mlp_num_pow5[q - MLP_NUM_POW5_MIN];
    return ((mlp_uint128)row[0] << 64 | row[1]) + (q < -27 || q > 55);
}

#endif
