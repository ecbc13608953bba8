/* Tests, distances and special functions against SciPy's numbers; shifts; and how often columns
 * that did not move are called moved. */
#include "suites.h"

#include "base/rng.h"
#include "base/vec.h"
#include "stat/shift.h"
#include "stat/sketch.h"
#include "stat/tests.h"
#include <math.h>
#include <stdlib.h>

static void near(double got, double want, double relative)
{
    ck_assert_msg(fabs(got - want) <= relative * fabs(want), "%.17g, expected %.17g", got, want);
}

START_TEST(special_functions)
{
    /* scipy.special.gammaincc, betainc; scipy.stats.chi2.sf, norm.ppf, t.sf: SciPy 1.17.1. */
    near(mlp_gamma_q(0.5, 0.1), 0.6547208460185768, 1e-12);
    near(mlp_gamma_q(10, 3), 0.9988975118698845, 1e-12);
    near(mlp_gamma_q(3, 40), 3.572865928700233e-15, 1e-11);
    near(mlp_gamma_q(2000, 2100), 0.013647467683370367, 1e-9);
    near(mlp_beta_inc(2, 3, 0.4), 0.5248, 1e-12);
    near(mlp_beta_inc(50, 0.5, 0.9), 0.001204149832559813, 1e-9);
    near(mlp_chi2_sf(3.841458820694124, 1), 0.05, 1e-12);
    near(mlp_chi2_sf(300, 10), 1.5546747543803087e-58, 1e-9);
    near(mlp_chi2_isf(0.001, 7), 24.321886347856857, 1e-12);
    near(mlp_normal_cdf(-8), 6.22096057427174e-16, 1e-12);
    near(mlp_normal_quantile(0.975), 1.959963984540054, 1e-14);
    near(mlp_normal_quantile(1e-300), -37.0470962993612, 1e-12);
    near(mlp_t_two_sided(2.2281388519862753, 10), 0.05, 1e-11);
    ck_assert(isnan(mlp_gamma_q(-1, 1)) && isnan(mlp_normal_quantile(2)));
}
END_TEST

START_TEST(kolmogorov)
{
    /* scipy.stats.kstwo.sf(d, n) and ks_2samp(method="exact"). */
    near(mlp_kolmogorov_sf(10, 0.3), 0.27053557479999946, 1e-9);
    near(mlp_kolmogorov_sf(100, 0.1), 0.2526927570063874, 1e-9);
    near(mlp_kolmogorov_sf(1000, 0.05), 0.013012074781090332, 1e-9);
    near(mlp_kolmogorov_sf(500000, 0.0015), 0.21034190155828947, 1e-9);
    near(mlp_kolmogorov_sf(500000, 0.005), 2.767991769909747e-11, 1e-6);
    near(mlp_ks_p(0.75, 3, 4), 0.22857142857142862, 1e-12);
    near(mlp_ks_p(0.052, 1000, 1000), 0.13385273551786803, 1e-10);
    ck_assert(mlp_ks_p(0, 10, 10) >= 1 && mlp_ks_p(1, 100, 100) < 1e-50);
    ck_assert(isnan(mlp_ks_p(0.5, 0, 10)));
}
END_TEST

START_TEST(sorted_samples)
{
    const double a[] = {1, 2, 2, 3, 100}, b[] = {2, 3, 4};
    near(mlp_ks_sorted(a, 5, b, 3), 0.26666666666666666, 1e-12);
    near(mlp_wasserstein_sorted(a, 5, b, 3), 19.8, 1e-12);
    near(mlp_wasserstein_within(a, 5, b, 3, (struct mlp_range){0, 10}), 1.8, 1e-12);
    const uint64_t x[] = {1, 2, 1, 0, 1}, y[] = {0, 1, 1, 1, 0};
    near(mlp_ks_counts(x, y, 5), 0.26666666666666666, 1e-12);
    ck_assert(isnan(mlp_ks_sorted(a, 0, b, 3)));
}
END_TEST

START_TEST(sorting)
{
    struct mlp_rng r;
    mlp_rng_init(&r, 1);
    for (size_t n = 0; n < 3000; n = n * 2 + 1) {
        double *v = malloc((n + 1) * sizeof *v);
        for (size_t i = 0; i < n; i++)
            v[i] = i % 97 == 5 ? NAN : i % 31 == 7 ? -INFINITY : (mlp_rng_f64(&r) - 0.5) * 1e3;
        mlp_sort_f64(v, n);
        for (size_t i = 1; i < n; i++)
            ck_assert(isnan(v[i]) || v[i - 1] <= v[i]);
        free(v);
    }
}
END_TEST

START_TEST(categories)
{
    /* chi2_contingency([[90, 60, 30], [30, 50, 100]], correction=False). */
    const uint64_t a[] = {90, 60, 30, 1, 0}, b[] = {30, 50, 100, 0, 1};
    double p, df, v;
    near(mlp_chi2_2xk(a, b, 3, &p, &df, &v), 68.60139860139861, 1e-12);
    near(df, 2, 0);
    near(p, 1.2688070067300011e-15, 1e-9);
    near(v, 0.43653114500507356, 1e-12);
    /* Cells too rare to test go together, and with the smallest other one if need be. */
    uint64_t x[5], y[5];
    ck_assert_uint_eq(mlp_pool_2xk(a, b, 5, x, y), 3);
    ck_assert_uint_eq(x[2], 61);
    ck_assert_uint_eq(y[2], 51);
    mlp_chi2_2xk(a + 3, b + 3, 2, &p, &df, &v);
    near(p, 1, 0);
    near(mlp_two_proportions_p(10, 100, 25, 100), 0.00524720373911564, 1e-12);
    near(mlp_two_proportions_p(0, 100, 0, 50), 1, 0);
}
END_TEST

START_TEST(adjusting)
{
    double p[] = {0.01, NAN, 0.04, 0.03, 0.005}, q[5];
    memcpy(q, p, sizeof q);
    mlp_adjust_holm(p, 5);
    near(p[0], 0.03, 1e-12);
    near(p[2], 0.06, 1e-12);
    near(p[4], 0.02, 1e-12);
    ck_assert(isnan(p[1]));
    mlp_adjust_bh(q, 5);
    near(q[0], 0.02, 1e-12);
    near(q[3], 0.04, 1e-12);
}
END_TEST

START_TEST(hyperloglog)
{
    double worst = 0;
    for (uint64_t n = 10; n <= 100000; n *= 10) {
        uint8_t *registers = calloc(1, MLP_HLL_REGISTERS);
        for (uint64_t i = 0; i < n; i++)
            mlp_hll_add(registers, mlp_hash_f64((double)i));
        worst = fmax(worst, fabs(mlp_hll_estimate(registers) / (double)n - 1));
        free(registers);
    }
    ck_assert_double_lt(worst, 0.05); /* three standard errors */
}
END_TEST

/* --- simulations: seeded, so that they hold or not, once and for all ------------------------- */

enum family { NORMAL, LOGNORMAL, HEAVY, INTEGERS, FIVE, FIFTY, BINARY, FAMILIES };

static double normal(struct mlp_rng *r)
{
    return mlp_normal_quantile(fmax(mlp_rng_f64(r), 1e-18));
}

/* Zipf's law over n categories. */
static unsigned category(struct mlp_rng *r, unsigned n)
{
    double total = 0, u;
    for (unsigned i = 1; i <= n; i++)
        total += 1.0 / i;
    u = mlp_rng_f64(r) * total;
    for (unsigned i = 1; i < n; i++)
        if ((u -= 1.0 / i) < 0)
            return i;
    return n;
}

static size_t draw(struct mlp_rng *r, enum family f, double shift, char out[48])
{
    double x = 0;
    switch (f) {
    case NORMAL: x = normal(r) + shift; break;
    case LOGNORMAL: x = exp(normal(r)); break;
    case HEAVY: x = normal(r) / sqrt((pow(normal(r), 2) + pow(normal(r), 2)) / 2); break;
    case INTEGERS: x = (double)mlp_rng_below(r, 20); break;
    case BINARY: x = mlp_rng_f64(r) < 0.1; break;
    case FIVE: return (size_t)snprintf(out, 48, "c%u", category(r, 5));
    default: return (size_t)snprintf(out, 48, "c%u", category(r, 50));
    }
    return (size_t)snprintf(out, 48, "%.9g", x);
}

/* A profile of n rows of every family; the first column is moved by shift. */
static void make(struct mlp_rng *r, size_t n, double shift, const struct mlp_profile *ref,
                 struct mlp_profile *out)
{
    const struct mlp_str names[FAMILIES] = {MLP_STR("normal"), MLP_STR("lognormal"),
                                            MLP_STR("heavy"), MLP_STR("integers"),
                                            MLP_STR("five"), MLP_STR("fifty"), MLP_STR("binary")};
    struct mlp_cell *cells = calloc(n * FAMILIES, sizeof *cells);
    char(*text)[48] = calloc(n * FAMILIES, sizeof *text);
    for (size_t i = 0; i < n * FAMILIES; i++) {
        enum family f = (enum family)(i % FAMILIES);
        cells[i].p = text[i];
        cells[i].n = (uint32_t)draw(r, f, shift, text[i]);
    }
    struct mlp_batch b = {.nrows = n, .ncols = FAMILIES, .cells = cells};
    struct mlp_profiler *p;
    ck_assert_int_eq(mlp_profiler_new(ref, &p, NULL), MLP_OK);
    ck_assert_int_eq(mlp_profiler_add_named(p, names, &b, NULL, NULL), MLP_OK);
    ck_assert_int_eq(mlp_profiler_finish(p, out, NULL), MLP_OK);
    mlp_profiler_free(p);
    free(cells);
    free(text);
}

/* p-values of all columns of one comparison. */
static void compare(struct mlp_rng *r, size_t n, size_t m, double shift, double p[FAMILIES])
{
    struct mlp_profile ref = {0}, cur = {0};
    struct mlp_shift s;
    make(r, n, 0, NULL, &ref);
    make(r, m, shift, &ref, &cur);
    for (size_t i = 0; i < FAMILIES; i++) {
        ck_assert_int_eq(mlp_shift_column(&ref.cols[i], &cur.cols[i], &s, NULL), MLP_OK);
        ck_assert_int_ne(s.test, MLP_SHIFT_NONE);
        p[i] = s.p;
    }
    mlp_profile_fini(&ref);
    mlp_profile_fini(&cur);
}

START_TEST(false_alarms)
{
    static const size_t sizes[][2] = {{500, 500}, {1000, 100}, {2000, 200}};
    const int runs = 400;
    struct mlp_rng r;
    mlp_rng_init(&r, 2013);
    for (size_t k = 0; k < 3; k++) {
        int alarms[FAMILIES] = {0}, families = 0;
        for (int i = 0; i < runs; i++) {
            double p[FAMILIES];
            bool any = false;
            compare(&r, sizes[k][0], sizes[k][1], 0, p);
            for (size_t f = 0; f < FAMILIES; f++)
                alarms[f] += p[f] < 0.05;
            mlp_adjust_holm(p, FAMILIES);
            for (size_t f = 0; f < FAMILIES; f++)
                any = any || p[f] < 0.05;
            families += any;
        }
        for (size_t f = 0; f < FAMILIES; f++)
            ck_assert_msg(alarms[f] <= runs * 0.07, "%zu x %zu: column %zu: %d of %d",
                          sizes[k][0], sizes[k][1], f, alarms[f], runs);
        ck_assert_msg(families <= runs * 0.07, "%zu x %zu: family-wise %d of %d", sizes[k][0],
                      sizes[k][1], families, runs);
    }
}
END_TEST

/* The smallest visible shift is what it says: four times out of five. */
START_TEST(visible_shift)
{
    const int runs = 200;
    int seen = 0;
    struct mlp_rng r;
    struct mlp_shift s = {.test = MLP_SHIFT_KS, .n = 1000, .m = 500};
    double shift = mlp_shift_visible(&s, 0.05);
    mlp_rng_init(&r, 7);
    ck_assert(shift > 0.1 && shift < 0.3);
    for (int i = 0; i < runs; i++) {
        double p[FAMILIES];
        compare(&r, 1000, 500, shift, p);
        seen += p[NORMAL] < 0.05;
    }
    ck_assert_msg(seen >= runs * 0.7 && seen <= runs * 0.95, "%d of %d", seen, runs);
}
END_TEST

/* One column of n normal numbers, with one outlier when it is not 0. */
static void with_outlier(uint64_t seed, size_t n, double shift, double outlier,
                         const struct mlp_profile *ref, struct mlp_profile *out)
{
    struct mlp_rng r;
    struct mlp_str name = MLP_STR("x");
    struct mlp_cell *cells = calloc(n, sizeof *cells);
    char(*text)[48] = calloc(n, sizeof *text);
    mlp_rng_init(&r, seed);
    for (size_t i = 0; i < n; i++) {
        double x = normal(&r) + shift;
        cells[i].p = text[i];
        cells[i].n = (uint32_t)snprintf(text[i], 48, "%.9g", i == n / 2 && outlier > 0 ? outlier
                                                                                       : x);
    }
    struct mlp_batch b = {.nrows = n, .ncols = 1, .cells = cells};
    struct mlp_profiler *p;
    mlp_profiler_new(ref, &p, NULL);
    mlp_profiler_add_named(p, &name, &b, NULL, NULL);
    ck_assert_int_eq(mlp_profiler_finish(p, out, NULL), MLP_OK);
    mlp_profiler_free(p);
    free(cells);
    free(text);
}

static struct mlp_shift outlier_shift(double shift, double in_ref, double in_cur)
{
    struct mlp_profile ref = {0}, cur = {0};
    struct mlp_shift s;
    with_outlier(3, 2000, 0, in_ref, NULL, &ref);
    with_outlier(4, 1000, shift, in_cur, &ref, &cur);
    ck_assert_int_eq(mlp_shift_column(&ref.cols[0], &cur.cols[0], &s, NULL), MLP_OK);
    mlp_profile_fini(&ref);
    mlp_profile_fini(&cur);
    return s;
}

/* An outlier of a million on either side changes neither a null nor a shift of one sigma. */
START_TEST(one_outlier)
{
    static const double million[][2] = {{0, 0}, {1e6, 0}, {0, 1e6}, {1e6, 1e6}};
    for (size_t i = 0; i < 4; i++) {
        struct mlp_shift s = outlier_shift(0, million[i][0], million[i][1]);
        ck_assert_msg(s.p > 0.05 && s.effect < 0.1, "null %zu: p %g, effect %g", i, s.p, s.effect);
        s = outlier_shift(1, million[i][0], million[i][1]);
        ck_assert_msg(s.p < 1e-20 && s.effect > 0.8 && s.effect < 1.2, "sigma %zu: p %g, %g", i,
                      s.p, s.effect);
    }
}
END_TEST

START_TEST(shares)
{
    struct mlp_shift s;
    mlp_shift_share(100, 1000, 200, 1000, &s);
    near(s.effect, 0.2837941092083278, 1e-9);
    near(s.p, mlp_two_proportions_p(100, 1000, 200, 1000), 0);
    mlp_shift_share(0, 0, 1, 2, &s);
    ck_assert_int_eq(s.test, MLP_SHIFT_NONE);
}
END_TEST

Suite *suite_stat(void)
{
    Suite *s = suite_create("stat");
    TCase *t = tcase_create("stat");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, special_functions);
    tcase_add_test(t, kolmogorov);
    tcase_add_test(t, sorted_samples);
    tcase_add_test(t, sorting);
    tcase_add_test(t, categories);
    tcase_add_test(t, adjusting);
    tcase_add_test(t, hyperloglog);
    tcase_add_test(t, visible_shift);
    tcase_add_test(t, one_outlier);
    tcase_add_test(t, shares);
    suite_add_tcase(s, t);
    TCase *simulations = tcase_create("simulations");
    tcase_set_tags(simulations, "long"); /* valgrind leaves these out */
    tcase_set_timeout(simulations, 300);
    tcase_add_test(simulations, false_alarms);
    suite_add_tcase(s, simulations);
    return s;
}
