#include "stat/paired.h"
#include "stat/tests.h"

#include <math.h>
#include <stdlib.h>

struct mlp_test mlp_mcnemar(const double *y, const double *a, const double *b, size_t n,
                            size_t *only_a, size_t *only_b)
{
    *only_a = *only_b = 0;
    for (size_t i = 0; i < n; i++) {
        *only_a += a[i] == y[i] && b[i] != y[i];
        *only_b += b[i] == y[i] && a[i] != y[i];
    }
    double few = (double)(*only_a < *only_b ? *only_a : *only_b);
    double all = (double)(*only_a + *only_b);
    /* P(X <= few) of a fair coin is an incomplete beta function. */
    double p = all > 0 && few < all ? 2 * mlp_beta_inc(all - few, few + 1, 0.5) : 1;
    return (struct mlp_test){few, p < 1 ? p : 1};
}

struct mlp_test mlp_paired_t(const double *d, size_t n)
{
    double mean = 0, sum = 0;
    if (n < 2)
        return (struct mlp_test){(double)NAN, (double)NAN};
    for (size_t i = 0; i < n; i++)
        mean += d[i] / (double)n;
    for (size_t i = 0; i < n; i++)
        sum += (d[i] - mean) * (d[i] - mean);
    double se = sqrt(sum / (double)(n - 1) / (double)n);
    if (!(se > 0))
        return (struct mlp_test){mean > 0 ? (double)INFINITY : mean < 0 ? -(double)INFINITY : 0,
                                 mean != 0 ? 0 : 1};
    return (struct mlp_test){mean / se, mlp_t_two_sided(mean / se, (double)(n - 1))};
}

struct entry {
    double value;
    size_t at;
};

static int by_value(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    return (x->value > y->value) - (x->value < y->value);
}

bool mlp_mean_ranks(const double *v, size_t n, double *out, double *ties)
{
    struct entry *entries = calloc(n + 1, sizeof *entries);
    *ties = 0;
    if (!entries)
        return false;
    for (size_t i = 0; i < n; i++)
        entries[i] = (struct entry){v[i], i};
    qsort(entries, n, sizeof *entries, by_value);
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && entries[end].value == entries[i].value;)
            end++;
        double t = (double)(end - i);
        for (size_t k = i; k < end; k++)
            out[entries[k].at] = (double)(i + end + 1) / 2;
        *ties += t * t * t - t;
    }
    free(entries);
    return true;
}

/* Ways to choose signs such that the positive ranks sum to at most `sum`, as a share. Ranks count
 * double, so that halves of ties are whole. */
static double signs_below(const double *ranks, size_t n, double sum)
{
    double ways[2 * 50 * 51 / 2 + 1] = {1}, below = 0;
    size_t top = 0;
    for (size_t i = 0; i < n; i++) {
        size_t r = (size_t)(2 * ranks[i]);
        top += r;
        for (size_t k = top; k >= r; k--)
            ways[k] += ways[k - r];
    }
    for (size_t k = 0; k <= top && (double)k <= 2 * sum; k++)
        below += ways[k];
    return ldexp(below, -(int)n);
}

static double by_normal(double n, double plus, double ties)
{
    double variance = (n * (n + 1) * (2 * n + 1) - ties / 2) / 24;
    return erfc(fabs(plus - n * (n + 1) / 4) / sqrt(variance) * M_SQRT1_2);
}

/* d has no zeros; all is how many differences there were with them. */
static struct mlp_test signed_ranks(const double *d, const double *ranks, size_t n, size_t all,
                                    double ties)
{
    double plus = 0, minus = 0;
    for (size_t i = 0; i < n; i++) {
        plus += d[i] > 0 ? ranks[i] : 0;
        minus += d[i] < 0 ? ranks[i] : 0;
    }
    double least = plus < minus ? plus : minus, p;
    bool plain = ties <= 0 && n == all;
    if (plain ? all <= 50 : all <= 13)
        p = 2 * signs_below(ranks, n, least);
    else
        p = by_normal((double)n, plus, ties);
    return (struct mlp_test){least, p < 1 ? p : p >= 1 ? 1 : (double)NAN};
}

struct mlp_test mlp_wilcoxon(const double *d, size_t n)
{
    struct mlp_test test = {(double)NAN, (double)NAN};
    double *kept = calloc(3 * n + 1, sizeof *kept), *sizes = kept + n, *ranks = kept + 2 * n, ties;
    size_t left = 0;
    if (!kept)
        return test;
    for (size_t i = 0; i < n; i++)
        if (d[i] != 0) {
            kept[left] = d[i];
            sizes[left++] = fabs(d[i]);
        }
    if (mlp_mean_ranks(sizes, left, ranks, &ties))
        test = signed_ranks(kept, ranks, left, n, ties);
    free(kept);
    return test;
}

static double log_choose(double n, double k)
{
    int sign;
    return lgamma_r(n + 1, &sign) - lgamma_r(k + 1, &sign) - lgamma_r(n - k + 1, &sign);
}

double mlp_fisher_more(size_t total, size_t hits, size_t group, size_t inside)
{
    size_t most = hits < group ? hits : group;
    double whole = log_choose((double)total, (double)group), p = 0;
    for (size_t k = inside; k <= most; k++) {
        double term = exp(log_choose((double)hits, (double)k) +
                          log_choose((double)(total - hits), (double)group - (double)k) - whole);
        if (group - k > total - hits)
            continue;
        p += term;
        if (term < p * 1e-17 && k > inside + 2)
            break;
    }
    return p < 1 ? p : 1;
}

double mlp_rank_sum_more(size_t total, size_t group, double rank_sum, double ties)
{
    double n = (double)group, m = (double)total - n, all = (double)total;
    double mean = n * (all + 1) / 2;
    double variance = n * m / 12 * (all + 1 - ties / (all * (all - 1)));
    if (!(variance > 0))
        return 1;
    /* Half a rank against the steps of the sum. */
    return 0.5 * erfc((rank_sum - mean - 0.5) / sqrt(variance) * M_SQRT1_2);
}

/* P(X >= k) of n draws that succeed by q. */
static double at_least(size_t k, size_t n, double q)
{
    if (k == 0)
        return 1;
    return k > n ? 0 : mlp_beta_inc((double)k, (double)(n - k) + 1, q);
}

void mlp_quantile_interval(const double *v, size_t n, double q, double level, double *lo,
                           double *hi)
{
    double tail = (1 - level) / 2;
    size_t low = 0, high = n + 1;
    /* The greatest low that at_least() exceeds 1 - tail for, the least high that it is below tail
     * for: both by halving, as it falls with k. */
    for (size_t a = 0, b = n + 1; b - a > 1;) {
        size_t k = a + (b - a) / 2;
        *(at_least(k, n, q) >= 1 - tail ? &a : &b) = k;
        low = a;
    }
    for (size_t a = 0, b = n + 1; b - a > 1;) {
        size_t k = a + (b - a) / 2;
        *(at_least(k, n, q) <= tail ? &b : &a) = k;
        high = b;
    }
    *lo = low >= 1 ? v[low - 1] : (double)NAN;
    *hi = high <= n ? v[high - 1] : (double)NAN;
}
