#include "text/num.h"
#include "text/num_pow5.h"
#include "text/swar.h"

#include <math.h>
#include <stdlib.h>

/* The value is mantissa * 10^exponent once the text has at most 19 digits that count. */
struct decimal {
    uint64_t mantissa;
    int64_t exponent;         /* of ten, for the mantissa */
    int64_t scale;            /* of ten, for all digits taken as one integer */
    const char *first, *last; /* the digits, a point among them */
    bool negative;
    bool truncated;           /* a digit that is not 0 is missing in the mantissa */
};

/* The shape of an IEEE 754 binary format and the powers of ten that matter for it (Lemire 2021). */
struct format {
    int mantissa_bits;      /* without the hidden one */
    int bias;
    int infinite;           /* biased exponent of infinity */
    int least, most;        /* below: zero, above: infinity, whatever the mantissa */
    int tie_least, tie_most; /* outside, a product is never half way between two values */
};

static const struct format binary64 = {52, 1023, 0x7FF, -342, 308, -4, 23};
static const struct format binary32 = {23, 127, 0xFF, -64, 38, -17, 10};

#define DIGITS_MAX 19 /* 10^19 - 1 fits into 64 bits */

static const char *scan_digits(const char *p, const char *end, uint64_t *value)
{
    uint64_t v = *value;
    while (end - p >= 8) {
        uint64_t w = mlp_swar_load(p);
        if (!mlp_swar_digits(w))
            break;
        v = v * 100000000 + mlp_swar_value(w);
        p += 8;
    }
    for (; p < end; p++) {
        unsigned digit = (unsigned)(unsigned char)*p - '0';
        if (digit > 9)
            break;
        v = v * 10 + digit;
    }
    *value = v;
    return p;
}

/* Reads the exponent after the 'e'; false when it has no digit or something follows it. */
static bool scan_exponent(const char *p, const char *end, int64_t *exponent)
{
    bool negative = p < end && *p == '-';
    if (p < end && (*p == '-' || *p == '+'))
        p++;
    if (p == end)
        return false;
    int64_t v = 0;
    for (; p < end; p++) {
        unsigned digit = (unsigned)(unsigned char)*p - '0';
        if (digit > 9)
            return false;
        /* No text in memory has digits enough to make up for such an exponent. */
        if (v < INT64_C(100000000000000000))
            v = v * 10 + digit;
    }
    *exponent = negative ? -v : v;
    return true;
}

/* Keeps the first 19 digits that count of a longer text. */
static void shorten(struct decimal *d)
{
    const char *p = d->first;
    while (p < d->last && (*p == '0' || *p == '.'))
        p++;
    uint64_t v = 0;
    unsigned kept = 0;
    for (; p < d->last; p++) {
        unsigned digit = (unsigned)(unsigned char)*p - '0';
        if (*p == '.')
            continue;
        if (kept < DIGITS_MAX) {
            v = v * 10 + digit;
            kept++;
        } else {
            d->exponent++;
            d->truncated |= digit != 0;
        }
    }
    d->mantissa = v;
}

static inline bool scan(struct mlp_str s, struct decimal *d)
{
    const char *p = s.p, *end = s.p + s.n;
    int64_t exponent = 0, fraction = 0;
    uint64_t v = 0;
    d->negative = p < end && *p == '-';
    if (p < end && (*p == '-' || *p == '+'))
        p++;
    d->first = p;
    p = scan_digits(p, end, &v);
    int64_t digits = p - d->first;
    if (p < end && *p == '.') {
        const char *start = ++p;
        p = scan_digits(p, end, &v);
        fraction = p - start;
        digits += fraction;
    }
    if (digits == 0)
        return false;
    d->last = p;
    if (p < end && ((*p | 0x20) != 'e' || !scan_exponent(p + 1, end, &exponent)))
        return false;
    d->mantissa = v;
    d->scale = d->exponent = exponent - fraction;
    d->truncated = false;
    if (digits > DIGITS_MAX)
        shorten(d);
    return true;
}

static bool same_letters(struct mlp_str s, const char *lower)
{
    size_t n = strlen(lower);
    for (size_t i = 0; i < s.n && i < n; i++)
        if ((s.p[i] | 0x20) != lower[i])
            return false;
    return s.n == n;
}

/* inf, infinity and nan, with or without a sign. */
static bool scan_special(struct mlp_str s, double *out)
{
    bool negative = s.n && s.p[0] == '-';
    if (s.n && (s.p[0] == '-' || s.p[0] == '+')) {
        s.p++;
        s.n--;
    }
    if (same_letters(s, "inf") || same_letters(s, "infinity"))
        *out = negative ? -INFINITY : INFINITY;
    else if (same_letters(s, "nan"))
        *out = NAN;
    else
        return false;
    return true;
}

/* The top 128 bits of w * 5^q; the second product is needed only when the first leaves the bits
 * below the mantissa open (Lemire 2021, section 5.2; that two suffice: Mushtak and Lemire 2022). */
static inline mlp_uint128 scaled(uint64_t w, int q, int mantissa_bits)
{
    const uint64_t *row = mlp_num_pow5[q - MLP_NUM_POW5_MIN];
    uint64_t open = UINT64_MAX >> (mantissa_bits + 3);
    mlp_uint128 product = (mlp_uint128)w * row[0];
    if (((uint64_t)(product >> 64) & open) == open)
        product += (uint64_t)((mlp_uint128)w * row[1] >> 64);
    return product;
}

/* The bits of a value below the least normal one: more of the mantissa is rounded away. */
static uint64_t subnormal(uint64_t mantissa, int below)
{
    if (below >= 64)
        return 0;
    mantissa >>= below;
    return (mantissa + (mantissa & 1)) >> 1; /* may carry into the exponent, which is right */
}

/* The bits, without the sign, of the value nearest to w * 10^q, w > 0. */
static inline uint64_t nearest(uint64_t w, int64_t q64, const struct format f)
{
    uint64_t infinity = (uint64_t)f.infinite << f.mantissa_bits;
    if (q64 < f.least)
        return 0;
    if (q64 > f.most)
        return infinity;
    int q = (int)q64, zeros = __builtin_clzll(w);
    mlp_uint128 product = scaled(w << zeros, q, f.mantissa_bits);
    uint64_t high = (uint64_t)(product >> 64), low = (uint64_t)product;
    int top = (int)(high >> 63), shift = top + 64 - f.mantissa_bits - 3;
    uint64_t mantissa = high >> shift; /* one bit more than is kept */
    /* floor(log2(10^q)) is (217706 * q) >> 16 in this range. */
    int exponent = ((217706 * q) >> 16) + 63 + top - zeros + f.bias;
    if (exponent <= 0)
        return subnormal(mantissa, 1 - exponent);
    /* Exactly half way, and the mantissa is even: round down. */
    if (low <= 1 && q >= f.tie_least && q <= f.tie_most && (mantissa & 3) == 1 &&
        mantissa << shift == high)
        mantissa &= ~UINT64_C(1);
    mantissa = (mantissa + (mantissa & 1)) >> 1;
    /* The hidden bit adds 1 to the exponent's field, and a carry out of the mantissa one more. */
    uint64_t bits = ((uint64_t)(exponent - 1) << f.mantissa_bits) + mantissa;
    return bits < infinity ? bits : infinity;
}

/* More digits than any half-way point of a double has (767), and one that stands for the rest. */
#define SPELL_DIGITS 770
#define SPELL_SIZE (SPELL_DIGITS + 32)

/* A text of bounded length that rounds as the number does, for strtod. No program of this suite
 * calls setlocale, so that strtod's point is '.'; there is none here anyway. */
static void spell(const struct decimal *d, char out[SPELL_SIZE])
{
    size_t n = 0;
    int64_t exponent = d->scale;
    bool rest = false;
    for (const char *p = d->first; p < d->last; p++) {
        if (*p == '.' || (n == 0 && *p == '0'))
            continue;
        if (n < SPELL_DIGITS) {
            out[n++] = *p;
        } else {
            rest |= *p != '0';
            exponent++;
        }
    }
    if (rest) {
        out[n++] = '1';
        exponent--;
    }
    if (exponent > 99999 || exponent < -99999)
        exponent = exponent > 0 ? 99999 : -99999;
    snprintf(out + n, SPELL_SIZE - n, "e%d", (int)exponent);
}

static double from_bits64(uint64_t bits)
{
    double v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

static float from_bits32(uint64_t bits)
{
    uint32_t low = (uint32_t)bits;
    float v;
    memcpy(&v, &low, sizeof v);
    return v;
}

/* What Clinger's case leaves. */
static double slow64(const struct decimal *d)
{
    if (d->mantissa == 0)
        return 0;
    uint64_t bits = nearest(d->mantissa, d->exponent, binary64);
    if (!d->truncated || bits == nearest(d->mantissa + 1, d->exponent, binary64))
        return from_bits64(bits);
    char text[SPELL_SIZE];
    spell(d, text);
    return strtod(text, NULL);
}

static float slow32(const struct decimal *d)
{
    if (d->mantissa == 0)
        return 0;
    uint64_t bits = nearest(d->mantissa, d->exponent, binary32);
    if (!d->truncated || bits == nearest(d->mantissa + 1, d->exponent, binary32))
        return from_bits32(bits);
    char text[SPELL_SIZE];
    spell(d, text);
    return strtof(text, NULL);
}

/* Clinger ("How to read floating point numbers accurately", 1990): a mantissa and a power of ten
 * that are both exact need one correctly rounded operation. */
bool mlp_num_f64(struct mlp_str s, double *out)
{
    static const double tens[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                  1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                  1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    struct decimal d;
    if (!scan(s, &d))
        return scan_special(s, out);
    double v;
    if (d.mantissa <= UINT64_C(1) << 53 && !d.truncated && d.exponent >= -22 && d.exponent <= 22) {
        v = (double)(int64_t)d.mantissa;
        v = d.exponent < 0 ? v / tens[-d.exponent] : v * tens[d.exponent];
    } else {
        v = slow64(&d);
    }
    *out = d.negative ? -v : v;
    return true;
}

bool mlp_num_f32(struct mlp_str s, float *out)
{
    static const float tens[] = {1e0f, 1e1f, 1e2f, 1e3f, 1e4f, 1e5f,
                                 1e6f, 1e7f, 1e8f, 1e9f, 1e10f};
    struct decimal d;
    double special;
    if (!scan(s, &d)) {
        if (!scan_special(s, &special))
            return false;
        *out = (float)special;
        return true;
    }
    float v;
    if (d.mantissa <= UINT64_C(1) << 24 && !d.truncated && d.exponent >= -10 && d.exponent <= 10) {
        v = (float)(int64_t)d.mantissa;
        v = d.exponent < 0 ? v / tens[-d.exponent] : v * tens[d.exponent];
    } else {
        v = slow32(&d);
    }
    *out = d.negative ? -v : v;
    return true;
}
