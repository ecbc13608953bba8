#include "stat/tests.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#define EXACT_MOST 10000

/* --- two samples, exact --------------------------------------------------------------------- */

/* Equal sizes n: P(D >= h/n) = 2 (t1 - t2 + t3 - ...) with tk = C(2n, n - kh) / C(2n, n)
 * (Gnedenko and Korolyuk 1951), nested so that every factor is at most one. */
static double equal_sizes(double n, double h)
{
    double p = 0;
    for (double k = floor(n / h); k >= 1; k--) {
        double ratio = 1; /* tk / t(k-1) */
        for (double j = 0; j < h; j++)
            ratio *= (n - k * h + 1 + j) / (n + (k - 1) * h + 1 + j);
        p = ratio * (1 - p);
    }
    return 2 * p;
}

static double gcd(double a, double b)
{
    while (b > 0) {
        double r = fmod(a, b);
        a = b;
        b = r;
    }
    return a;
}

/* The strip of lattice points (i, j) with |i/n - j/m| < d: of row i, those first <= j < end. */
struct strip {
    double n, m, h; /* n / g, m / g; h = d * lcm, an integer */
    size_t rows, columns;
};

static void strip_row(const struct strip *s, size_t i, size_t *first, size_t *end)
{
    double x = (double)i * s->m;
    double lo = floor((x - s->h) / s->n) + 1, hi = ceil((x + s->h) / s->n);
    *first = lo > 0 ? (size_t)lo : 0;
    *end = hi <= (double)s->columns ? (size_t)hi : s->columns + 1;
}

/* Share of the paths to each point of row i that have left the strip, in place over the row
 * before: a path came from the left with probability j/(i+j), else from below. Points outside have
 * share one. */
static void next_row(const struct strip *s, double *share, size_t i)
{
    size_t first, end;
    strip_row(s, i, &first, &end);
    double left = first ? 1 : share[0];
    for (size_t j = first; j < end; j++) {
        double r = 1 / (double)(i + j), below = share[j] * ((double)i * r);
        left = left * ((double)j * r) + below;
        share[j] = left;
    }
}

/* P(D >= d) by counting paths (Hodges 1957): the share that leaves the strip, which keeps its
 * relative precision however small it is. NaN without memory. */
static double outside(double n, double m, double g, double h)
{
    struct strip s = {n / g, m / g, h, (size_t)n, (size_t)m};
    double *share = malloc((s.columns + 1) * sizeof *share);
    if (!share)
        return NAN;
    size_t first, end;
    strip_row(&s, 0, &first, &end);
    for (size_t j = 0; j <= s.columns; j++)
        share[j] = j < end ? 0 : 1;
    for (size_t i = 1; i <= s.rows; i++)
        next_row(&s, share, i);
    double p = share[s.columns];
    free(share);
    return p;
}

double mlp_ks_p(double d, double n, double m)
{
    if (!(n >= 1) || !(m >= 1) || !(d >= 0))
        return NAN;
    if (n > EXACT_MOST || m > EXACT_MOST)
        return mlp_kolmogorov_sf(nearbyint(n * m / (n + m)), d);
    double g = gcd(n, m), h = nearbyint(d * (n / g * m));
    if (h < 1)
        return 1;
    double p = n >= m && n <= m ? equal_sizes(n, h) : outside(m, n, g, h);
    return p > 1 ? 1 : p;
}

/* --- one sample ----------------------------------------------------------------------------- */

/* P(D+ >= d): Smirnov's sum as Birnbaum and Tingey (1951) give it. Its terms are positive. */
static double smirnov(double n, double d)
{
    double sum = 0, most = floor(n * (1 - d)), choose = 0; /* log C(n, j) */
    for (double j = 0; j <= most; j++) {
        double x = d + j / n, y = 1 - x;
        if (y > 0)
            sum += exp(choose + (j - 1) * log(x) + (n - j) * log(y));
        choose += log((n - j) / (j + 1));
    }
    return d * sum;
}

/* The same for many values, to O(1/n^2) (Maag and Dicaire 1971). */
static double smirnov_limit(double n, double d)
{
    double w = (6 * n * d + 1) * (6 * n * d + 1) / (18 * n);
    double p = exp(-w) * (1 - (2 * w * w - 4 * w - 1) / (18 * n));
    return p > 0 ? p : 0;
}

static double two_smirnov(double n, double d)
{
    double p = 2 * (n > 200000 ? smirnov_limit(n, d) : smirnov(n, d));
    return p < 1 ? p : 1;
}

/* A k x k matrix of doubles and a power of ten of its own, so that powers do not overflow. */
struct power {
    double *v;
    int scale;
};

static void multiply(const double *a, const double *b, double *out, size_t k)
{
    for (size_t i = 0; i < k; i++) {
        for (size_t j = 0; j < k; j++) {
            double s = 0;
            for (size_t l = 0; l < k; l++)
                s += a[i * k + l] * b[l * k + j];
            out[i * k + j] = s;
        }
    }
}

static void rescale(struct power *p, size_t k)
{
    if (p->v[(k / 2) * k + k / 2] < 1e140)
        return;
    for (size_t i = 0; i < k * k; i++)
        p->v[i] *= 1e-140;
    p->scale += 140;
}

/* result = base^n, by squaring; base and spare are used up. */
static void raise(struct power *result, struct power *base, double *spare, size_t k, unsigned n)
{
    for (size_t i = 0; i < k * k; i++)
        result->v[i] = i % (k + 1) == 0;
    for (; n; n >>= 1) {
        double *t;
        if (n & 1) {
            multiply(result->v, base->v, spare, k);
            t = result->v, result->v = spare, spare = t;
            result->scale += base->scale;
            rescale(result, k);
        }
        multiply(base->v, base->v, spare, k);
        t = base->v, base->v = spare, spare = t;
        base->scale *= 2;
        rescale(base, k);
    }
}

/* Durbin's matrix H for n d = k - h (Marsaglia, Tsang and Wang 2003, section 2). */
static void durbin_matrix(double *m, size_t size, double h)
{
    for (size_t i = 0; i < size; i++)
        for (size_t j = 0; j < size; j++)
            m[i * size + j] = i + 1 >= j;
    for (size_t i = 0; i < size; i++) {
        m[i * size] -= pow(h, (double)(i + 1));
        m[(size - 1) * size + i] -= pow(h, (double)(size - i));
    }
    m[(size - 1) * size] += 2 * h - 1 > 0 ? pow(2 * h - 1, (double)size) : 0;
    for (size_t i = 0; i < size; i++)
        for (size_t j = 0; j <= i + 1 && j < size; j++)
            for (size_t g = 1; g <= i + 1 - j; g++)
                m[i * size + j] /= (double)g;
}

/* P(D < d) as n!/n^n times an element of H^n. NaN without memory. */
static double durbin_cdf(double n, double d)
{
    size_t k = (size_t)(n * d) + 1, size = 2 * k - 1;
    double *memory = malloc(3 * size * size * sizeof *memory);
    if (!memory)
        return NAN;
    struct power base = {memory, 0}, result = {memory + size * size, 0};
    durbin_matrix(base.v, size, (double)k - n * d);
    raise(&result, &base, memory + 2 * size * size, size, (unsigned)n);
    double p = result.v[(k - 1) * size + k - 1];
    int scale = result.scale;
    free(memory);
    for (double i = 1; i <= n; i++) {
        p *= i / n;
        if (p < 1e-140) {
            p *= 1e140;
            scale -= 140;
        }
    }
    return p * pow(10, scale);
}

/* The sums of Pelz and Good (1976), equations for K0 to K3, in z = d sqrt(n). */
static double pelz_good_cdf(double n, double d)
{
    const double pi2 = M_PI * M_PI, pi4 = pi2 * pi2, pi6 = pi4 * pi2;
    double z = d * sqrt(n), z2 = z * z, z4 = z2 * z2, z6 = z4 * z2;
    double k0 = 0, k1 = 0, k2 = 0, k3 = 0;
    for (int k = 0; k < 60; k++) {
        double h = k + 0.5, h2 = h * h, h4 = h2 * h2, h6 = h4 * h2;
        double e = exp(-pi2 * h2 / (2 * z2));
        k0 += e;
        k1 += e * (pi2 * h2 - z2);
        k2 += e * (6 * z6 + 2 * z4 + pi2 * (2 * z4 - 5 * z2) * h2 + pi4 * (1 - 2 * z2) * h4);
        k3 += e * (-30 * z6 - 90 * z4 * z4 + pi2 * (135 * z4 - 96 * z6) * h2 +
                   pi4 * (212 * z4 - 60 * z2) * h4 + pi6 * (5 - 30 * z2) * h6);
    }
    for (int k = 1; k < 60; k++) {
        double q = pi2 * k * k, e = exp(-q / (2 * z2));
        k2 -= 2 * z4 * q * e;
        k3 += 30 * z4 * (3 * q * z2 - q * q) * e;
    }
    double root = sqrt(2 * M_PI), s = sqrt(n);
    return root / z * k0 + root / (6 * z4) * k1 / s + root / (72 * z6 * z) * k2 / n +
           root / (6480 * z6 * z4) * k3 / (n * s);
}

/* P(D <= d) where n d <= 1: only the orders that put one value into each gap (Ruben and Gambino
 * 1982). */
static double lowest_cdf(double n, double t)
{
    double p = 1;
    for (double i = 1; i <= n && p > 0; i++)
        p *= i / n * (2 * t - 1);
    return p;
}

static double middle_sf(double n, double d)
{
    double t = n * d, z2 = t * d, cdf;
    if (n <= 140 ? z2 > 4 : z2 >= 2.2)
        return z2 < 370 ? two_smirnov(n, d) : 0;
    if (n <= 140 || (n <= 100000 && t * sqrt(d) <= 1.4))
        cdf = durbin_cdf(n, d);
    else
        cdf = pelz_good_cdf(n, d);
    if (isnan(cdf))
        cdf = pelz_good_cdf(n, d);
    return cdf < 1 ? 1 - cdf : 0;
}

double mlp_kolmogorov_sf(double n, double d)
{
    double t = n * d;
    if (!(n >= 1) || isnan(d))
        return NAN;
    if (d >= 1)
        return 0;
    if (t <= 0.5)
        return 1;
    if (t <= 1)
        return 1 - lowest_cdf(n, t);
    if (t >= n - 1)
        return 2 * pow(1 - d, n);
    return d >= 0.5 ? two_smirnov(n, d) : middle_sf(n, d);
}
