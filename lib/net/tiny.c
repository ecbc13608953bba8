/* tiny.c: floats of 8 bits and fewer (tiny.h). */
#include "net/tiny.h"

#include <math.h>

/* sign, exponent, mantissa; uz: the pattern of -0 is NaN and there is no infinity; nan: the bits,
 * without sign, from which on there are no numbers. */
struct format {
    int mantissa, bias;
    uint8_t sign, most, nan, infinity; /* most: the largest number; infinity 0: has none */
    bool uz;
};

static const struct format FORMATS[] = {
    [MLP_DT_FLOAT8E4M3FN - MLP_DT_FLOAT8E4M3FN] = {3, 7, 0x80, 0x7E, 0x7F, 0, false},
    [MLP_DT_FLOAT8E4M3FNUZ - MLP_DT_FLOAT8E4M3FN] = {3, 8, 0x80, 0x7F, 0x80, 0, true},
    [MLP_DT_FLOAT8E5M2 - MLP_DT_FLOAT8E4M3FN] = {2, 15, 0x80, 0x7B, 0x7D, 0x7C, false},
    [MLP_DT_FLOAT8E5M2FNUZ - MLP_DT_FLOAT8E4M3FN] = {2, 16, 0x80, 0x7F, 0x80, 0, true},
};
static const struct format FORMAT4 = {1, 1, 0x08, 0x07, 0x08, 0, false};

static const struct format *format_of(enum mlp_dtype t)
{
    if (t == MLP_DT_FLOAT4E2M1)
        return &FORMAT4;
    return t >= MLP_DT_FLOAT8E4M3FN && t <= MLP_DT_FLOAT8E5M2FNUZ
               ? &FORMATS[t - MLP_DT_FLOAT8E4M3FN]
               : NULL;
}

bool mlp_dtype_is_tiny(enum mlp_dtype t)
{
    return t == MLP_DT_FLOAT8E8M0 || format_of(t);
}

unsigned mlp_dtype_packing(enum mlp_dtype t)
{
    if (t == MLP_DT_INT4 || t == MLP_DT_UINT4 || t == MLP_DT_FLOAT4E2M1)
        return 4;
    return t == MLP_DT_INT2 || t == MLP_DT_UINT2 ? 2 : 8;
}

static float number_of(const struct format *f, uint8_t bits)
{
    uint8_t rest = bits & (uint8_t)(f->sign - 1);
    int exponent = rest >> f->mantissa, fraction = rest & ((1 << f->mantissa) - 1);
    if (f->uz ? bits == f->sign : rest >= f->nan)
        return NAN;
    float x = f->infinity && rest == f->infinity ? INFINITY
              : exponent ? ldexpf((float)(fraction | 1 << f->mantissa),
                                  exponent - f->bias - f->mantissa)
                         : ldexpf((float)fraction, 1 - f->bias - f->mantissa);
    return bits & f->sign ? -x : x;
}

float mlp_tiny_number(enum mlp_dtype t, uint8_t bits)
{
    const struct format *f = format_of(t);
    if (!f)
        return bits == 0xFF ? NAN : ldexpf(1, (int)bits - 127);
    return number_of(f, t == MLP_DT_FLOAT4E2M1 ? bits & 15 : bits);
}

static uint8_t power_of_two(double x, bool saturate)
{
    int exponent;
    if (isnan(x) || isinf(x))
        return 0xFF;
    double half = frexp(fabs(x), &exponent); /* |x| = half 2^exponent, half in [0.5, 1) */
    exponent += 126 + (half > 0.5);
    if (half == 0 || exponent < 0)
        return 0;
    return exponent > 254 ? saturate ? 254 : 255 : (uint8_t)exponent;
}

/* Bits without sign, rounded to even; above `most` when it is too large. */
static unsigned rounded(const struct format *f, double a)
{
    int exponent;
    if (a == 0)
        return 0;
    frexp(a, &exponent);
    exponent = exponent - 1 < 1 - f->bias ? 1 - f->bias : exponent - 1;
    double q = nearbyint(ldexp(a, f->mantissa - exponent));
    /* A mantissa that rounds up to the next power of two carries into the exponent. */
    return q > 4096 ? 4096 : (unsigned)q + ((unsigned)(exponent + f->bias - 1) << f->mantissa);
}

uint8_t mlp_tiny_bits(enum mlp_dtype t, double x, bool saturate)
{
    const struct format *f = format_of(t);
    if (!f)
        return power_of_two(x, saturate);
    uint8_t sign = signbit(x) ? f->sign : 0;
    uint8_t none = f->uz ? f->nan : t == MLP_DT_FLOAT4E2M1 ? f->sign : (uint8_t)(sign | 0x7F);
    if (isnan(x))
        return none;
    unsigned bits = isinf(x) ? 4096 : rounded(f, fabs(x));
    if (bits > f->most && !saturate && t != MLP_DT_FLOAT4E2M1)
        return f->infinity ? sign | f->infinity : none;
    if (bits > f->most)
        bits = f->most;
    return (uint8_t)bits | (bits || !f->uz ? sign : 0);
}

void mlp_tiny_unpack(enum mlp_dtype t, uint8_t *p, size_t n)
{
    unsigned bits = mlp_dtype_packing(t), mask = (1U << bits) - 1, sign = 1U << (bits - 1);
    bool extend = t == MLP_DT_INT4 || t == MLP_DT_INT2;
    for (size_t i = n; i-- > 0 && bits < 8;) { /* from the end: what is read lies before */
        size_t at = i * bits;
        unsigned v = (unsigned)p[at / 8] >> at % 8 & mask;
        p[i] = (uint8_t)(extend && (v & sign) ? v | (0xFFU & ~mask) : v);
    }
}
