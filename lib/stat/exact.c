#include "stat/exact.h"

#include "base/str.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>

void mlp_exact_add(struct mlp_exact *a, const struct mlp_exact *b)
{
    uint64_t carry = 0;
    for (size_t i = 0; i < MLP_EXACT_LIMBS; i++) {
        mlp_u128 t = (mlp_u128)a->limb[i] + b->limb[i] + carry;
        a->limb[i] = (uint64_t)t;
        carry = (uint64_t)(t >> 64);
    }
}

void mlp_exact_add_scaled(struct mlp_exact *a, mlp_int128 v, int exponent)
{
    unsigned at = (unsigned)(exponent - MLP_EXACT_LOW), shift = at % 64;
    uint64_t sign = v < 0 ? UINT64_MAX : 0, carry = 0;
    mlp_u128 u = (mlp_u128)v;
    uint64_t part[3] = {(uint64_t)u, (uint64_t)(u >> 64), sign};
    uint64_t below = 0;
    for (size_t i = at / 64, k = 0; i < MLP_EXACT_LIMBS; i++, k++) {
        uint64_t p = k < 3 ? part[k] : sign;
        uint64_t word = shift ? p << shift | below >> (64 - shift) : p;
        below = p;
        mlp_u128 t = (mlp_u128)a->limb[i] + word + carry;
        a->limb[i] = (uint64_t)t;
        carry = (uint64_t)(t >> 64);
    }
}

/* |x| in *magnitude; returns whether x is negative. */
static bool absolute(const struct mlp_exact *x, struct mlp_exact *magnitude)
{
    bool negative = x->limb[MLP_EXACT_LIMBS - 1] >> 63;
    uint64_t carry = negative;
    for (size_t i = 0; i < MLP_EXACT_LIMBS; i++) {
        uint64_t w = (negative ? ~x->limb[i] : x->limb[i]) + carry;
        carry = carry && w == 0;
        magnitude->limb[i] = w;
    }
    return negative;
}

/* Position of the highest bit, -1 for zero. */
static int top_bit(const struct mlp_exact *x)
{
    for (int i = MLP_EXACT_LIMBS; i-- > 0;)
        if (x->limb[i])
            return i * 64 + 63 - __builtin_clzll(x->limb[i]);
    return -1;
}

/* Position of the lowest bit of a number that is not zero. */
static int low_bit(const struct mlp_exact *x)
{
    int i = 0;
    while (x->limb[i] == 0)
        i++;
    return i * 64 + __builtin_ctzll(x->limb[i]);
}

/* Bits at..at+n-1, n <= 53; those below bit 0 are zero. */
static uint64_t bits_at(const struct mlp_exact *x, int at, int n)
{
    uint64_t v = 0;
    for (int i = 0; i < n; i++) {
        int bit = at + i;
        if (bit >= 0 && bit < MLP_EXACT_LIMBS * 64)
            v |= (x->limb[bit / 64] >> (bit % 64) & 1) << i;
    }
    return v;
}

void mlp_exact_get(const struct mlp_exact *x, int shift, double *hi, double *lo)
{
    struct mlp_exact m;
    double sign = absolute(x, &m) ? -1 : 1;
    int top = top_bit(&m);
    *hi = *lo = 0;
    if (top < 0)
        return;
    int at = top - 52, exponent = at + MLP_EXACT_LOW + shift;
    double a = sign * ldexp((double)bits_at(&m, at, 53), exponent);
    double b = sign * ldexp((double)bits_at(&m, at - 53, 53), exponent - 53);
    *hi = a + b;
    *lo = isfinite(*hi) ? (a - *hi) + b : 0;
}

int mlp_exact_log2(const struct mlp_exact *x)
{
    struct mlp_exact m;
    absolute(x, &m);
    int top = top_bit(&m);
    return top < 0 ? INT_MIN : top + MLP_EXACT_LOW;
}

void mlp_exact_write(const struct mlp_exact *x, struct mlp_buf *out)
{
    struct mlp_exact m;
    bool negative = absolute(x, &m);
    int top = top_bit(&m);
    if (top < 0) {
        mlp_buf_adds(out, "0x0p+0");
        return;
    }
    int low = low_bit(&m), digits = (top - low) / 4 + 1;
    mlp_buf_adds(out, negative ? "-0x" : "0x");
    while (digits-- > 0)
        mlp_buf_addc(out, "0123456789abcdef"[bits_at(&m, low + 4 * digits, 4)]);
    mlp_buf_addf(out, "p%+d", low + MLP_EXACT_LOW);
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool mlp_exact_parse(struct mlp_str text, struct mlp_exact *x)
{
    bool negative = mlp_str_starts(text, "-");
    struct mlp_str rest = {text.p + negative, text.n - negative};
    int64_t exponent;
    size_t p = mlp_str_find(rest, 'p');
    *x = (struct mlp_exact){{0}};
    if (!mlp_str_starts(rest, "0x") || p <= 2 || p + 1 >= rest.n)
        return false;
    struct mlp_str power = {rest.p + p + 1, rest.n - p - 1};
    if (power.p[0] == '+')
        power = (struct mlp_str){power.p + 1, power.n - 1};
    if (!mlp_str_i64(power, &exponent) || exponent < MLP_EXACT_LOW || exponent > 2048 ||
        exponent - MLP_EXACT_LOW + 4 * (int64_t)(p - 2) > MLP_EXACT_LIMBS * 64 - 4)
        return false;
    for (size_t i = p; i-- > 2; exponent += 4) {
        int digit = hex_digit(rest.p[i]);
        if (digit < 0)
            return false;
        mlp_exact_add_scaled(x, negative ? -digit : digit, (int)exponent);
    }
    return true;
}

void mlp_moments_init(struct mlp_moments *m)
{
    *m = (struct mlp_moments){0};
}

void mlp_moments_fini(struct mlp_moments *m)
{
    free(m->rows);
    mlp_moments_init(m);
}

struct mlp_moment_row *mlp_moments_row(struct mlp_moments *m, unsigned biased)
{
    if (m->nrows == m->cap) {
        size_t cap = m->cap ? 2 * m->cap : 8;
        struct mlp_moment_row *rows = realloc(m->rows, cap * sizeof *rows);
        if (!rows) {
            m->failed = true;
            return NULL;
        }
        m->rows = rows;
        m->cap = cap;
    }
    m->rows[m->nrows] = (struct mlp_moment_row){.biased = biased ? (int)biased : 1};
    m->slot[biased] = (int16_t)++m->nrows;
    return &m->rows[m->nrows - 1];
}

/* v * 2^exponent for an unsigned v, in two halves that fit a signed 128-bit integer. */
static void add_unsigned(struct mlp_exact *x, mlp_u128 v, int exponent)
{
    mlp_exact_add_scaled(x, (mlp_int128)(uint64_t)v, exponent);
    mlp_exact_add_scaled(x, (mlp_int128)(v >> 64), exponent + 64);
}

void mlp_moments_get(const struct mlp_moments *m, struct mlp_exact *sum,
                     struct mlp_exact *squares)
{
    for (size_t i = 0; i < m->nrows; i++) {
        const struct mlp_moment_row *r = &m->rows[i];
        mlp_exact_add_scaled(sum, r->sum, r->biased - 1075);
        add_unsigned(squares, r->low, 2 * r->biased - 2150);
        add_unsigned(squares, r->high, 2 * r->biased - 2150 + 64);
    }
}

/* Product and quotient of unevaluated pairs (Dekker 1971), enough for the variance below. */
struct pair {
    double hi, lo;
};

static struct pair two_sum(double a, double b)
{
    double s = a + b, t = s - a;
    return (struct pair){s, (a - (s - t)) + (b - t)};
}

static struct pair square_over(struct pair a, double n)
{
    double p = a.hi * a.hi;
    double low = fma(a.hi, a.hi, -p) + 2 * a.hi * a.lo;
    double q = p / n;
    return two_sum(q, (fma(-q, n, p) + low) / n);
}

void mlp_exact_mean(const struct mlp_exact *sum, const struct mlp_exact *squares, uint64_t n,
                    double *mean, double *stdev)
{
    struct pair s, q;
    *mean = *stdev = NAN;
    if (n == 0)
        return;
    mlp_exact_get(sum, 0, &s.hi, &s.lo);
    *mean = (s.hi + s.lo) / (double)n;
    if (n == 1)
        return;
    *stdev = 0;
    int top = mlp_exact_log2(squares);
    if (top == INT_MIN)
        return;
    /* Scaled near 1, so that neither huge nor denormal values leave the range of double. */
    int half = -top / 2;
    mlp_exact_get(sum, half, &s.hi, &s.lo);
    mlp_exact_get(squares, 2 * half, &q.hi, &q.lo);
    struct pair m = square_over(s, (double)n), d = two_sum(q.hi, -m.hi);
    double variance = (d.hi + (d.lo + (q.lo - m.lo))) / (double)(n - 1);
    *stdev = variance > 0 ? ldexp(sqrt(variance), -half) : 0;
}
