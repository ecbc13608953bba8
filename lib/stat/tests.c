#include "stat/tests.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

double mlp_ks_sorted(const double *a, size_t n, const double *b, size_t m)
{
    double most = 0;
    if (n == 0 || m == 0)
        return NAN;
    for (size_t i = 0, j = 0; i < n && j < m;) {
        double x = a[i] < b[j] ? a[i] : b[j];
        while (i < n && a[i] <= x)
            i++;
        while (j < m && b[j] <= x)
            j++;
        double d = fabs((double)i / (double)n - (double)j / (double)m);
        most = d > most ? d : most;
    }
    return most;
}

static uint64_t total_of(const uint64_t *v, size_t k)
{
    uint64_t total = 0;
    for (size_t i = 0; i < k; i++)
        total += v[i];
    return total;
}

double mlp_ks_counts(const uint64_t *a, const uint64_t *b, size_t bins)
{
    uint64_t n = total_of(a, bins), m = total_of(b, bins), i = 0, j = 0;
    double most = 0;
    if (n == 0 || m == 0)
        return NAN;
    for (size_t k = 0; k < bins; k++) {
        i += a[k];
        j += b[k];
        double d = fabs((double)i / (double)n - (double)j / (double)m);
        most = d > most ? d : most;
    }
    return most;
}

static double clamp(double x, struct mlp_range r)
{
    return x < r.lo ? r.lo : x > r.hi ? r.hi : x;
}

double mlp_wasserstein_within(const double *a, size_t n, const double *b, size_t m,
                              struct mlp_range range)
{
    double area = 0;
    size_t i = 0, j = 0;
    if (n == 0 || m == 0)
        return NAN;
    double last = clamp(a[0] < b[0] ? a[0] : b[0], range);
    while (i < n || j < m) {
        double x = j == m || (i < n && a[i] <= b[j]) ? a[i] : b[j], at = clamp(x, range);
        area += fabs((double)i / (double)n - (double)j / (double)m) * (at - last);
        last = at;
        while (i < n && a[i] <= x)
            i++;
        while (j < m && b[j] <= x)
            j++;
    }
    return area;
}

double mlp_wasserstein_sorted(const double *a, size_t n, const double *b, size_t m)
{
    return mlp_wasserstein_within(a, n, b, m, (struct mlp_range){-INFINITY, INFINITY});
}

/* Both sizes, and the least count that a cell must have in all for an expectation of 5. */
struct table {
    double n, m, least;
};

static struct table table_of(const uint64_t *a, const uint64_t *b, size_t k)
{
    struct table t = {(double)total_of(a, k), (double)total_of(b, k), 0};
    double small = t.n < t.m ? t.n : t.m;
    t.least = 5 * (t.n + t.m) / small;
    return t;
}

/* Index of the kept cell with the smallest count. */
static size_t smallest(const uint64_t *a, const uint64_t *b, size_t k)
{
    size_t at = 0;
    for (size_t i = 1; i < k; i++)
        if (a[i] + b[i] < a[at] + b[at])
            at = i;
    return at;
}

size_t mlp_pool_2xk(const uint64_t *a, const uint64_t *b, size_t k, uint64_t *pa, uint64_t *pb)
{
    struct table t = table_of(a, b, k);
    uint64_t rest_a = 0, rest_b = 0;
    size_t kept = 0;
    for (size_t i = 0; i < k; i++) {
        uint64_t x = a[i], y = b[i];
        if ((double)(x + y) < t.least) {
            rest_a += x;
            rest_b += y;
        } else if (x + y) {
            pa[kept] = x;
            pb[kept++] = y;
        }
    }
    if (rest_a + rest_b == 0)
        return kept;
    if (kept && (double)(rest_a + rest_b) < t.least) {
        size_t at = smallest(pa, pb, kept);
        rest_a += pa[at];
        rest_b += pb[at];
        memmove(&pa[at], &pa[at + 1], (kept - at - 1) * sizeof *pa);
        memmove(&pb[at], &pb[at + 1], (kept - at - 1) * sizeof *pb);
        kept--;
    }
    pa[kept] = rest_a;
    pb[kept] = rest_b;
    return kept + 1;
}

double mlp_chi2_2xk(const uint64_t *a, const uint64_t *b, size_t k, double *p, double *df,
                    double *v)
{
    struct table t = table_of(a, b, k);
    double x = 0, all = t.n + t.m;
    *p = 1;
    *df = *v = 0;
    uint64_t *pooled = malloc((2 * k + 1) * sizeof *pooled);
    if (!pooled || !(t.n > 0) || !(t.m > 0)) {
        free(pooled);
        *p = *v = NAN;
        return NAN;
    }
    size_t cells = mlp_pool_2xk(a, b, k, pooled, pooled + k);
    for (size_t i = 0; i < cells && cells > 1; i++) {
        double sum = (double)(pooled[i] + pooled[k + i]);
        double ea = sum * t.n / all, eb = sum * t.m / all;
        double da = (double)pooled[i] - ea, db = (double)pooled[k + i] - eb;
        x += da * da / ea + db * db / eb;
    }
    free(pooled);
    if (cells > 1) {
        *df = (double)(cells - 1);
        *p = mlp_chi2_sf(x, *df);
        *v = sqrt(x / all);
    }
    return x;
}

/* Shares of a cell on both sides. */
struct shares {
    double n, m;
};

static struct shares sizes(const uint64_t *a, const uint64_t *b, size_t k)
{
    return (struct shares){(double)total_of(a, k), (double)total_of(b, k)};
}

double mlp_psi(const uint64_t *a, const uint64_t *b, size_t k)
{
    struct shares s = sizes(a, b, k);
    double sum = 0;
    for (size_t i = 0; i < k; i++) {
        double p = a[i] ? (double)a[i] / s.n : 1e-4, q = b[i] ? (double)b[i] / s.m : 1e-4;
        sum += (p - q) * log(p / q);
    }
    return s.n > 0 && s.m > 0 ? sum : NAN;
}

double mlp_js(const uint64_t *a, const uint64_t *b, size_t k)
{
    struct shares s = sizes(a, b, k);
    double sum = 0;
    for (size_t i = 0; i < k; i++) {
        double p = (double)a[i] / s.n, q = (double)b[i] / s.m, mid = (p + q) / 2;
        sum += (p > 0 ? p * log(p / mid) : 0) + (q > 0 ? q * log(q / mid) : 0);
    }
    if (!(s.n > 0) || !(s.m > 0))
        return NAN;
    return sum > 0 ? sqrt(sum / 2) : 0;
}

double mlp_hellinger(const uint64_t *a, const uint64_t *b, size_t k)
{
    struct shares s = sizes(a, b, k);
    double sum = 0;
    for (size_t i = 0; i < k; i++) {
        double d = sqrt((double)a[i] / s.n) - sqrt((double)b[i] / s.m);
        sum += d * d;
    }
    return s.n > 0 && s.m > 0 ? sqrt(sum / 2) : NAN;
}

double mlp_linf(const uint64_t *a, const uint64_t *b, size_t k)
{
    struct shares s = sizes(a, b, k);
    double most = 0;
    for (size_t i = 0; i < k; i++) {
        double d = fabs((double)a[i] / s.n - (double)b[i] / s.m);
        most = d > most ? d : most;
    }
    return s.n > 0 && s.m > 0 ? most : NAN;
}

double mlp_tvd(const uint64_t *a, const uint64_t *b, size_t k)
{
    struct shares s = sizes(a, b, k);
    double sum = 0;
    for (size_t i = 0; i < k; i++)
        sum += fabs((double)a[i] / s.n - (double)b[i] / s.m);
    return s.n > 0 && s.m > 0 ? sum / 2 : NAN;
}

double mlp_two_proportions_p(uint64_t x1, uint64_t n1, uint64_t x2, uint64_t n2)
{
    double n = (double)n1, m = (double)n2;
    double pool = ((double)x1 + (double)x2) / (n + m);
    if (n1 == 0 || n2 == 0)
        return NAN;
    if (!(pool > 0) || !(pool < 1))
        return 1;
    double z = ((double)x1 / n - (double)x2 / m) / sqrt(pool * (1 - pool) * (1 / n + 1 / m));
    return erfc(fabs(z) * M_SQRT1_2);
}

/* --- many tests at once --------------------------------------------------------------------- */

struct ranked {
    double p;
    size_t at;
};

static int by_p(const void *a, const void *b)
{
    const struct ranked *u = a, *v = b;
    if (u->p < v->p || v->p < u->p)
        return u->p < v->p ? -1 : 1;
    return (u->at > v->at) - (u->at < v->at);
}

/* The p-values that are numbers, ascending; NULL without memory. */
static struct ranked *rank(const double *p, size_t n, size_t *count)
{
    struct ranked *r = malloc((n + 1) * sizeof *r);
    *count = 0;
    if (!r)
        return NULL;
    for (size_t i = 0; i < n; i++)
        if (!isnan(p[i]))
            r[(*count)++] = (struct ranked){p[i], i};
    qsort(r, *count, sizeof *r, by_p);
    return r;
}

bool mlp_adjust_holm(double *p, size_t n)
{
    size_t k;
    double most = 0;
    struct ranked *r = rank(p, n, &k);
    for (size_t i = 0; i < k; i++) {
        double q = r[i].p * (double)(k - i);
        most = q > most ? q : most;
        p[r[i].at] = most < 1 ? most : 1;
    }
    bool ranked = r != NULL;
    free(r);
    return ranked;
}

bool mlp_adjust_bh(double *p, size_t n)
{
    size_t k;
    double least = 1;
    struct ranked *r = rank(p, n, &k);
    for (size_t i = k; i-- > 0;) {
        double q = r[i].p * (double)k / (double)(i + 1);
        least = q < least ? q : least;
        p[r[i].at] = least;
    }
    bool ranked = r != NULL;
    free(r);
    return ranked;
}
