#include "stat/tests.h"

#include <float.h>
#include <math.h>

#define STEPS 100000

/* log Gamma without the global sign that lgamma() writes. */
static double log_gamma(double x)
{
    int sign;
    return lgamma_r(x, &sign);
}

/* P(a, x) by its power series (Abramowitz and Stegun 6.5.29), for x < a + 1. */
static double gamma_series(double a, double x)
{
    double term = 1 / a, sum = term;
    for (int i = 1; i < STEPS && fabs(term) > fabs(sum) * DBL_EPSILON / 4; i++) {
        term *= x / (a + i);
        sum += term;
    }
    return sum * exp(a * log(x) - x - log_gamma(a));
}

/* Q(a, x) by its continued fraction (6.5.31), evaluated with Lentz's method. */
static double gamma_fraction(double a, double x)
{
    const double tiny = DBL_MIN / DBL_EPSILON;
    double b = x + 1 - a, c = 1 / tiny, d = 1 / b, h = d, delta = 0;
    for (int i = 1; i < STEPS && fabs(delta - 1) > DBL_EPSILON; i++) {
        double an = -i * (i - a);
        b += 2;
        d = an * d + b;
        d = 1 / (fabs(d) < tiny ? tiny : d);
        c = b + an / c;
        c = fabs(c) < tiny ? tiny : c;
        delta = d * c;
        h *= delta;
    }
    return h * exp(a * log(x) - x - log_gamma(a));
}

double mlp_gamma_q(double a, double x)
{
    if (!(a > 0) || !(x >= 0))
        return NAN;
    if (x <= 0)
        return 1;
    if (isinf(x))
        return 0;
    return x < a + 1 ? 1 - gamma_series(a, x) : gamma_fraction(a, x);
}

/* The continued fraction of I_x(a, b) (26.5.8), Lentz's method: two steps a turn. */
static double beta_fraction(double a, double b, double x)
{
    const double tiny = DBL_MIN / DBL_EPSILON;
    double c = 1, d = 1 - (a + b) * x / (a + 1), delta = 0;
    d = 1 / (fabs(d) < tiny ? tiny : d);
    double h = d;
    for (int m = 1; m < STEPS && fabs(delta - 1) > DBL_EPSILON; m++) {
        double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        d = 1 + even * d;
        c = 1 + even / c;
        d = 1 / (fabs(d) < tiny ? tiny : d);
        c = fabs(c) < tiny ? tiny : c;
        h *= d * c;
        d = 1 + odd * d;
        c = 1 + odd / c;
        d = 1 / (fabs(d) < tiny ? tiny : d);
        c = fabs(c) < tiny ? tiny : c;
        delta = d * c;
        h *= delta;
    }
    return h;
}

double mlp_beta_inc(double a, double b, double x)
{
    if (!(a > 0) || !(b > 0) || !(x >= 0) || x > 1)
        return NAN;
    if (x <= 0 || x >= 1)
        return x;
    double front = exp(log_gamma(a + b) - log_gamma(a) - log_gamma(b) + a * log(x) +
                       b * log1p(-x));
    if (x < (a + 1) / (a + b + 2))
        return front * beta_fraction(a, b, x) / a;
    return 1 - front * beta_fraction(b, a, 1 - x) / b;
}

double mlp_normal_cdf(double z)
{
    return 0.5 * erfc(-z * M_SQRT1_2);
}

static double polynomial(const double *c, int n, double x)
{
    double v = c[n - 1];
    for (int i = n - 2; i >= 0; i--)
        v = v * x + c[i];
    return v;
}

/* Start of the lower half: Abramowitz and Stegun 26.2.23, error below 4.5e-4. */
static double quantile_start(double p)
{
    static const double top[] = {2.515517, 0.802853, 0.010328};
    static const double bottom[] = {1, 1.432788, 0.189269, 0.001308};
    double t = sqrt(-2 * log(p));
    return polynomial(top, 3, t) / polynomial(bottom, 4, t) - t;
}

/* Three steps of Halley's method on log(cdf) double the digits each time, in the tail too. */
double mlp_normal_quantile(double p)
{
    if (!(p >= 0 && p <= 1))
        return NAN;
    if (p <= 0 || p >= 1)
        return p <= 0 ? -INFINITY : INFINITY;
    double low = p < 0.5 ? p : 1 - p;
    double z = quantile_start(low);
    for (int i = 0; i < 4; i++) {
        double cdf = mlp_normal_cdf(z);
        double density = exp(-0.5 * z * z) * 0.3989422804014327;
        double u = (cdf - low) / density;
        z -= u / (1 + 0.5 * z * u);
    }
    return p < 0.5 ? z : -z;
}

double mlp_chi2_sf(double x, double df)
{
    return x <= 0 ? 1 : mlp_gamma_q(0.5 * df, 0.5 * x);
}

/* Bisection: the function only falls. 200 halvings reach the last bit from any bracket. */
double mlp_chi2_isf(double p, double df)
{
    double lo = 0, hi = df + 1;
    if (!(p > 0 && p <= 1) || !(df > 0))
        return NAN;
    while (mlp_chi2_sf(hi, df) > p)
        hi *= 2;
    for (int i = 0; i < 200 && hi - lo > DBL_EPSILON * hi; i++) {
        double mid = 0.5 * (lo + hi);
        if (mlp_chi2_sf(mid, df) > p)
            lo = mid;
        else
            hi = mid;
    }
    return 0.5 * (lo + hi);
}

double mlp_t_two_sided(double t, double df)
{
    return mlp_beta_inc(0.5 * df, 0.5, df / (df + t * t));
}
