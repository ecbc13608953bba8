/* exact.h: sums of doubles without rounding, the same whatever the order.
 *
 * Adding doubles rounds, so that shards added in another order give other bytes. Here every double
 * is an integer times a power of two: sums are kept as integers, per binary exponent while values
 * stream in (one 128-bit addition a value; Malcolm 1971, Neal 2015 "Fast exact summation using
 * small and large superaccumulators"), and as one wide fixed-point number at rest. */
#ifndef MLP_STAT_EXACT_H
#define MLP_STAT_EXACT_H

#include "base/buf.h"
#include "base/err.h"

__extension__ typedef __int128 mlp_int128;
__extension__ typedef unsigned __int128 mlp_u128;

/* A fixed-point number in two's complement, lowest limb first: bit 0 weighs 2^MLP_EXACT_LOW, which
 * is the square of the least double; the top leaves 2^60 additions of the greatest square. */
#define MLP_EXACT_LIMBS 68
#define MLP_EXACT_LOW (-2148)
struct mlp_exact {
    uint64_t limb[MLP_EXACT_LIMBS];
};

/* a += b. a += v * 2^exponent, where exponent >= MLP_EXACT_LOW. */
void mlp_exact_add(struct mlp_exact *a, const struct mlp_exact *b);
void mlp_exact_add_scaled(struct mlp_exact *a, mlp_int128 v, int exponent);

/* x * 2^shift as an unevaluated sum of two doubles, |lo| <= ulp(hi) / 2. */
void mlp_exact_get(const struct mlp_exact *x, int shift, double *hi, double *lo);

/* The binary exponent of |x|: 2^result <= |x|; INT_MIN for zero. */
int mlp_exact_log2(const struct mlp_exact *x);

/* "0x1a3p-20": sign, an odd hexadecimal integer, its power of two; "0x0p+0" for zero. One number
 * has one text. C, Python (float.fromhex) and JavaScript tools read it. parse is false on anything
 * else and on numbers beyond the range. */
void mlp_exact_write(const struct mlp_exact *x, struct mlp_buf *out);
bool mlp_exact_parse(struct mlp_str text, struct mlp_exact *x);

/* Count, sum and sum of squares of a stream of doubles. Embedded; rows and slots are owned. */
struct mlp_moments {
    uint64_t n;
    struct mlp_moment_row *rows;
    size_t nrows, cap;
    int16_t slot[2048];      /* row of a biased exponent plus one, 0 for none yet */
    bool failed;             /* out of memory: sticky */
};

/* The integers of one exponent: mantissas, and the two halves of their squares. */
struct mlp_moment_row {
    mlp_int128 sum;
    mlp_u128 low, high;
    int biased;
};

void mlp_moments_init(struct mlp_moments *m);
void mlp_moments_fini(struct mlp_moments *m);

/* A new row for a biased exponent; NULL without memory (failed is set). For the inline below. */
struct mlp_moment_row *mlp_moments_row(struct mlp_moments *m, unsigned biased);

/* Adds a finite x, count times. */
static inline void mlp_moments_add(struct mlp_moments *m, double x, uint64_t count)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    unsigned biased = (unsigned)(bits >> 52) & 2047;
    uint64_t mantissa = (bits & (((uint64_t)1 << 52) - 1)) | (uint64_t)(biased != 0) << 52;
    struct mlp_moment_row *row = m->slot[biased] ? &m->rows[m->slot[biased] - 1]
                                                 : mlp_moments_row(m, biased);
    m->n += count;
    if (!row)
        return;
    mlp_u128 square = (mlp_u128)mantissa * mantissa;
    mlp_int128 add = (mlp_int128)mantissa * (mlp_int128)count;
    row->sum += bits >> 63 ? -add : add;
    row->low += (mlp_u128)(uint64_t)square * count;
    row->high += (square >> 64) * count;
}

/* The sums so far, added to *sum and *squares. */
void mlp_moments_get(const struct mlp_moments *m, struct mlp_exact *sum,
                     struct mlp_exact *squares);

/* Mean and sample standard deviation (n - 1) from exact sums; NaN where undefined. */
void mlp_exact_mean(const struct mlp_exact *sum, const struct mlp_exact *squares, uint64_t n,
                    double *mean, double *stdev);

#endif
