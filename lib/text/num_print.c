#include "text/num.h"
#include "text/num_pow5.h"

#include <math.h>

/* Schubfach: Raffaello Giulietti, "The Schubfach way to render doubles", 2021. Of the decimals
 * with the fewest digits that read back as the value, the nearest one; sections are his. */
struct shortest {
    uint64_t digits;
    int exponent; /* of ten */
};

/* Exact for the exponents of doubles (section 9.1). */
static int floor_log2_pow10(int e)
{
    return (e * 1741647) >> 19;
}

/* floor(log10(2^e)), or floor(log10(3/4 * 2^e)) where the gap below is half of that above. */
static int floor_log10_pow2(int e, bool closer_below)
{
    return (e * 1262611 - (closer_below ? 524031 : 0)) >> 22;
}

/* The top 64 of 192 bits of g * c, with every dropped bit or-ed into the last (section 9.10). */
static uint64_t round_to_odd64(mlp_uint128 g, uint64_t c)
{
    mlp_uint128 low = (mlp_uint128)(uint64_t)g * c;
    mlp_uint128 high = (mlp_uint128)(uint64_t)(g >> 64) * c + (uint64_t)(low >> 64);
    return (uint64_t)(high >> 64) | ((uint64_t)high > 1);
}

static uint64_t round_to_odd32(uint64_t g, uint32_t c)
{
    mlp_uint128 product = (mlp_uint128)g * c;
    return (uint64_t)(product >> 64) | ((uint32_t)(product >> 32) > 1);
}

/* The ends of the interval that reads back, and the value, in units of a quarter of 10^k. */
struct interval {
    uint64_t lower, value, upper;
};

/* One digit less if a multiple of ten lies inside, else the nearer of the two integers. */
static struct shortest choose(const struct interval *v, int k)
{
    uint64_t s = v->value / 4;
    if (s >= 10) {
        uint64_t tens = s / 10;
        bool down = v->lower <= 40 * tens, up = 40 * tens + 40 <= v->upper;
        if (down != up)
            return (struct shortest){tens + up, k + 1};
    }
    bool down = v->lower <= 4 * s, up = 4 * s + 4 <= v->upper;
    if (down != up)
        return (struct shortest){s + up, k};
    uint64_t middle = 4 * s + 2;
    bool round_up = v->value > middle || (v->value == middle && (s & 1));
    return (struct shortest){s + round_up, k};
}

/* c * 2^q; closer_below: the value is a power of two, its lower neighbour is nearer. */
static struct shortest shortest64(uint64_t c, int q, bool closer_below)
{
    int k = floor_log10_pow2(q, closer_below), h = q + floor_log2_pow10(-k) + 1;
    mlp_uint128 g = mlp_num_pow10_up(-k);
    uint64_t odd = c & 1; /* the ends belong to the interval when c is even */
    struct interval v = {round_to_odd64(g, (4 * c - 2 + closer_below) << h) + odd,
                         round_to_odd64(g, 4 * c << h),
                         round_to_odd64(g, (4 * c + 2) << h) - odd};
    return choose(&v, k);
}

static struct shortest shortest32(uint32_t c, int q, bool closer_below)
{
    int k = floor_log10_pow2(q, closer_below), h = q + floor_log2_pow10(-k) + 1;
    mlp_uint128 wide = mlp_num_pow10_up(-k);
    uint64_t g = (uint64_t)(wide >> 64) + ((uint64_t)wide != 0);
    uint32_t odd = c & 1;
    struct interval v = {round_to_odd32(g, (4 * c - 2 + closer_below) << h) + odd,
                         round_to_odd32(g, 4 * c << h),
                         round_to_odd32(g, (4 * c + 2) << h) - odd};
    return choose(&v, k);
}

static const char pairs[201] =
    "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
    "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
    "8081828384858687888990919293949596979899";

/* Writes the digits so that they end at `end`; returns where they start. */
static char *put_digits(char *end, uint64_t v)
{
    while (v >= 100) {
        end -= 2;
        memcpy(end, pairs + 2 * (v % 100), 2);
        v /= 100;
    }
    if (v < 10) {
        *--end = (char)('0' + v);
        return end;
    }
    end -= 2;
    memcpy(end, pairs + 2 * v, 2);
    return end;
}

/* 1.5e-05, 1e+16: at least two digits of exponent, as repr() has it. */
static size_t put_scientific(char *out, const char *digits, size_t n, int exponent)
{
    char *p = out;
    *p++ = digits[0];
    if (n > 1) {
        *p++ = '.';
        memcpy(p, digits + 1, n - 1);
        p += n - 1;
    }
    *p++ = 'e';
    *p++ = exponent < 0 ? '-' : '+';
    unsigned e = (unsigned)(exponent < 0 ? -exponent : exponent);
    if (e >= 100) {
        *p++ = (char)('0' + e / 100);
        e %= 100;
    }
    memcpy(p, pairs + 2 * e, 2);
    return (size_t)(p + 2 - out);
}

/* digits * 10^(point - n), 0 < value < 1e16: 0.00012, 1.5, 100.0. */
static size_t put_plain(char *out, const char *digits, size_t n, int point)
{
    if (point <= 0) {
        size_t zeros = (size_t)-point;
        memcpy(out, "0.0000", 2 + zeros);
        memcpy(out + 2 + zeros, digits, n);
        return 2 + zeros + n;
    }
    size_t whole = (size_t)point;
    if (n > whole) {
        memcpy(out, digits, whole);
        out[whole] = '.';
        memcpy(out + whole + 1, digits + whole, n - whole);
        return n + 1;
    }
    memcpy(out, digits, n);
    memset(out + n, '0', whole - n);
    memcpy(out + whole, ".0", 2);
    return whole + 2;
}

/* repr() turns to the exponent below 1e-4 and from 1e16 on. */
static size_t lay_out(char *out, struct shortest s)
{
    char space[24], *end = space + sizeof space, *digits = put_digits(end, s.digits);
    int point = (int)(end - digits) + s.exponent;
    while (end - digits > 1 && end[-1] == '0')
        end--;
    size_t n = (size_t)(end - digits);
    if (point > 16 || point < -3)
        return put_scientific(out, digits, n, point - 1);
    return put_plain(out, digits, n, point);
}

static size_t put_special(char *out, bool nan, bool negative)
{
    const char *z = nan ? "nan" : negative ? "-inf" : "inf";
    size_t n = strlen(z);
    memcpy(out, z, n + 1);
    return n;
}

static size_t print_f64(double v, char *out)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    uint64_t fraction = bits & ((UINT64_C(1) << 52) - 1);
    int exponent = (int)(bits >> 52 & 0x7FF);
    size_t sign = bits >> 63;
    if (exponent == 0x7FF)
        return put_special(out, fraction != 0, sign);
    out[0] = '-';
    out += sign;
    double size = sign ? -v : v;
    /* Integers are exact as they are. */
    if (size < 0x1p53 && size == (double)(int64_t)size)
        return sign + lay_out(out, (struct shortest){(uint64_t)(int64_t)size, 0});
    if (exponent == 0)
        return sign + lay_out(out, shortest64(fraction, -1074, false));
    return sign + lay_out(out, shortest64(fraction | UINT64_C(1) << 52, exponent - 1075,
                                          fraction == 0 && exponent > 1));
}

static size_t print_f32(float v, char *out)
{
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    uint32_t fraction = bits & ((UINT32_C(1) << 23) - 1);
    int exponent = (int)(bits >> 23 & 0xFF);
    size_t sign = bits >> 31;
    if (exponent == 0xFF)
        return put_special(out, fraction != 0, sign);
    out[0] = '-';
    out += sign;
    float size = sign ? -v : v;
    if (size < 0x1p24f && size == (float)(int32_t)size)
        return sign + lay_out(out, (struct shortest){(uint64_t)(int32_t)size, 0});
    if (exponent == 0)
        return sign + lay_out(out, shortest32(fraction, -149, false));
    return sign + lay_out(out, shortest32(fraction | UINT32_C(1) << 23, exponent - 150,
                                          fraction == 0 && exponent > 1));
}

size_t mlp_num_print_f64(double v, char out[32])
{
    size_t n = print_f64(v, out);
    out[n] = '\0';
    return n;
}

size_t mlp_num_print_f32(float v, char out[32])
{
    size_t n = print_f32(v, out);
    out[n] = '\0';
    return n;
}

void mlp_num_add_json(struct mlp_buf *b, double v)
{
    char text[32];
    size_t n = mlp_num_print_f64(v, text);
    if (!isfinite(v)) {
        mlp_buf_adds(b, "null");
        return;
    }
    if (text[n - 1] == '0' && text[n - 2] == '.')
        n -= 2;
    mlp_buf_add(b, text, n);
}
