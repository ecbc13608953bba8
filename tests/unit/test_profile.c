/* Profiles: exact sums, types, values, edges, JSON, and merging in any order to the same bytes. */
#include "suites.h"

#include "base/rng.h"
#include "stat/bins.h"
#include "stat/profile.h"
#include "stat/sketch.h"
#include "stat/tests.h"
#include "table/ahead.h"

#include <math.h>
#include <stdlib.h>

/* A table in memory into a profile. ref may be NULL. */
static void profile_csv(const char *csv, const struct mlp_profile *ref, struct mlp_profile *out)
{
    struct mlp_table *t;
    struct mlp_profiler *p;
    struct mlp_table_options o = {.format = MLP_TABLE_CSV, .kept = MLP_AHEAD_KEPT};
    struct mlp_err e;
    mlp_err_init(&e);
    *out = (struct mlp_profile){0};
    ck_assert_int_eq(mlp_table_open_mem(mlp_str_from(csv), "test", &o, &t, &e), MLP_OK);
    ck_assert_int_eq(mlp_profiler_new(ref, &p, &e), MLP_OK);
    ck_assert_int_eq(mlp_profiler_table(p, t, 3, &e), MLP_OK);
    ck_assert_int_eq(mlp_profiler_finish(p, out, &e), MLP_OK);
    mlp_profiler_free(p);
    mlp_table_close(t);
}

static char *text_of(const struct mlp_profile *p)
{
    struct mlp_buf b;
    mlp_buf_init(&b, 1 << 26);
    mlp_profile_write(p, &b);
    ck_assert_int_eq(mlp_buf_check(&b, NULL), MLP_OK);
    return mlp_buf_take(&b);
}

/* --- exact sums ----------------------------------------------------------------------------- */

static void sum_of(const double *v, size_t n, struct mlp_exact *sum, struct mlp_exact *squares)
{
    struct mlp_moments m;
    mlp_moments_init(&m);
    *sum = *squares = (struct mlp_exact){{0}};
    for (size_t i = 0; i < n; i++)
        mlp_moments_add(&m, v[i], 1);
    mlp_moments_get(&m, sum, squares);
    mlp_moments_fini(&m);
}

static void check_text(const double *v, size_t n, const char *want)
{
    struct mlp_exact sum, squares, back;
    struct mlp_buf b;
    mlp_buf_init(&b, 1 << 16);
    sum_of(v, n, &sum, &squares);
    mlp_exact_write(&sum, &b);
    ck_assert_str_eq(b.p, want);
    ck_assert(mlp_exact_parse(mlp_buf_str(&b), &back));
    ck_assert_mem_eq(&back, &sum, sizeof sum);
    mlp_buf_reset(&b);
    mlp_exact_write(&squares, &b);
    ck_assert(mlp_exact_parse(mlp_buf_str(&b), &back));
    ck_assert_mem_eq(&back, &squares, sizeof squares);
    mlp_buf_fini(&b);
}

START_TEST(exact_sums)
{
    check_text((const double[]){0}, 1, "0x0p+0");
    check_text((const double[]){1, 2, -4.5}, 3, "-0x3p-1");
    check_text((const double[]){1e308, 1e308, -1e308, -1e308, 1}, 5, "0x1p+0");
    /* The least double beside one: 1074 bits apart. */
    char far[300];
    memset(far, '0', sizeof far);
    memcpy(far, "0x4", 3);
    snprintf(far + 3 + 267, 30, "1p-1074");
    check_text((const double[]){5e-324, 1}, 2, far);
}
END_TEST

START_TEST(exact_bad_texts)
{
    static const char *const bad[] = {"", "0x", "0xp+0", "1p+0", "0x1", "0x1p", "0x1p+", "0xgp+0",
                                      "0x1p+99999", "0x1p-99999", "-", "0x1p1x", "0X1p+0"};
    struct mlp_exact x;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(!mlp_exact_parse(mlp_str_from(bad[i]), &x), "%s", bad[i]);
}
END_TEST

/* Means and deviations where sums in double precision lose every digit. */
START_TEST(exact_means)
{
    double v[1000], mean, stdev;
    struct mlp_exact sum, squares;
    for (size_t i = 0; i < 1000; i++)
        v[i] = 1e12 + (double)(i % 2);
    sum_of(v, 1000, &sum, &squares);
    mlp_exact_mean(&sum, &squares, 1000, &mean, &stdev);
    ck_assert_double_eq(mean, 1e12 + 0.5);
    ck_assert_double_eq_tol(stdev, sqrt(250.0 / 999), 1e-15);
    for (size_t i = 0; i < 1000; i++)
        v[i] = i % 2 ? 1e200 : -1e200;
    sum_of(v, 1000, &sum, &squares);
    mlp_exact_mean(&sum, &squares, 1000, &mean, &stdev);
    ck_assert_double_eq(mean, 0);
    ck_assert_double_eq_tol(stdev / 1e200, sqrt(1000.0 / 999), 1e-14);
    mlp_exact_mean(&sum, &squares, 0, &mean, &stdev);
    ck_assert(isnan(mean) && isnan(stdev));
}
END_TEST

/* --- bins ----------------------------------------------------------------------------------- */

static size_t slow_bin(const double *edges, size_t n, double x)
{
    size_t i = 0;
    while (i < n && x > edges[i])
        i++;
    return i;
}

START_TEST(bins_find_their_values)
{
    struct mlp_rng r;
    mlp_rng_init(&r, 5);
    for (int round = 0; round < 60; round++) {
        double edges[300];
        size_t n = 0, want = 1 + mlp_rng_below(&r, 290);
        double x = round % 3 ? -1e3 : -1e300;
        while (n < want) {
            double step = round % 3 == 1 ? mlp_rng_f64(&r) : exp(60 * (mlp_rng_f64(&r) - 0.5));
            x = round % 3 ? x + step : x * (1 - 1e-3 * mlp_rng_f64(&r));
            if (!n || x > edges[n - 1])
                edges[n++] = x;
        }
        struct mlp_bins b;
        ck_assert_int_eq(mlp_bins_init(&b, edges, n, NULL), MLP_OK);
        for (size_t i = 0; i < 600; i++) {
            double at = i < n ? edges[i] : edges[mlp_rng_below(&r, n)] + mlp_rng_f64(&r) - 0.5;
            at = i == 599 ? 1.7e308 : i == 598 ? -1.7e308 : at;
            size_t bin = slow_bin(edges, n, at);
            uint64_t before = b.counts[bin];
            mlp_bins_add(&b, at, 1);
            ck_assert_uint_eq(b.counts[bin], before + 1);
        }
        mlp_bins_fini(&b);
    }
}
END_TEST

START_TEST(edges_are_quantiles)
{
    struct mlp_weighted v[10000];
    double edges[MLP_BINS_MAX_EDGES];
    for (size_t i = 0; i < 10000; i++)
        v[i] = (struct mlp_weighted){(double)i + 1, 1};
    size_t n = mlp_bins_choose(v, 10000, edges);
    ck_assert_uint_gt(n, 257);
    ck_assert_double_eq(edges[0], 1);
    ck_assert_double_eq(edges[n - 1], 10000);
    bool median = false;
    for (size_t i = 0; i < n; i++)
        median = median || (edges[i] >= 5000 && edges[i] <= 5000);
    ck_assert(median);
    /* Few values: one bin each. */
    ck_assert_uint_eq(mlp_bins_choose(v, 256, edges), 256);
    ck_assert_uint_eq(mlp_bins_choose(v, 0, edges), 0);
}
END_TEST

/* --- columns -------------------------------------------------------------------------------- */

START_TEST(types)
{
    static const struct {
        const char *csv;
        enum mlp_ptype type;
        uint64_t missing, bad;
    } cases[] = {
        {"x\n1\n2\n-3\n", MLP_P_INT, 0, 0},
        {"x\n1\n2.5\n", MLP_P_REAL, 0, 0},
        {"x,y\n1,1\n,1\n2.5,1\n", MLP_P_REAL, 1, 0},
        {"x\n1\nnan\ninf\n2\n", MLP_P_INT, 1, 0},
        {"x\ntrue\nFalse\n", MLP_P_BOOL, 0, 0},
        {"x\n2013-01-31\n2013-02-01\n", MLP_P_DATE, 0, 0},
        {"x\n2013-01-31\n2013-02-01T12:00:00Z\n", MLP_P_DATETIME, 0, 0},
        {"x\n2013-02-30\n2013-02-01\n", MLP_P_TEXT, 0, 0},
        {"x\n007\n12\n", MLP_P_TEXT, 0, 0},
        {"x\na\n1\n", MLP_P_TEXT, 0, 0},
        {"x,y\n,1\n,2\n", MLP_P_EMPTY, 2, 0},
        {"x\n1e400\n1\n", MLP_P_REAL, 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mlp_profile p;
        profile_csv(cases[i].csv, NULL, &p);
        ck_assert_msg(p.cols[0].type == cases[i].type, "case %zu: %s", i,
                      mlp_ptype_name(p.cols[0].type));
        ck_assert_uint_eq(p.cols[0].missing, cases[i].missing);
        ck_assert_uint_eq(p.cols[0].bad, cases[i].bad);
        mlp_profile_fini(&p);
    }
}
END_TEST

START_TEST(one_percent_is_forgiven)
{
    struct mlp_buf b;
    struct mlp_profile p;
    mlp_buf_init(&b, 1 << 20);
    mlp_buf_adds(&b, "x\n");
    for (int i = 0; i < 300; i++)
        mlp_buf_addf(&b, i == 5 || i == 7 ? "oops\n" : "%d\n", i);
    profile_csv(b.p, NULL, &p);
    ck_assert_int_eq(p.cols[0].type, MLP_P_INT);
    ck_assert_uint_eq(p.cols[0].bad, 2);
    ck_assert_double_eq(p.cols[0].max, 299);
    mlp_profile_fini(&p);
    mlp_buf_fini(&b);
}
END_TEST

START_TEST(numbers_of_a_column)
{
    struct mlp_profile p;
    profile_csv("x,c\n3,a\n1,b\n2.0,a\n2,\n-inf,a\n", NULL, &p);
    const struct mlp_pcolumn *x = &p.cols[0], *c = mlp_profile_column(&p, MLP_STR("c"));
    ck_assert_int_eq(x->type, MLP_P_REAL);
    ck_assert_uint_eq(x->infinite, 1);
    ck_assert_double_eq(x->mean, 2);
    ck_assert_double_eq_tol(x->stdev, sqrt(2.0 / 3), 1e-15);
    ck_assert_uint_eq(x->nedges, 3);
    ck_assert_uint_eq(x->counts[1], 2);
    ck_assert_double_eq(x->bin_sums[1], 4);
    ck_assert_uint_eq(x->nvalues, 3);
    ck_assert(mlp_str_is(x->values[0].text, "2"));
    ck_assert(mlp_str_is(c->values[0].text, "a") && c->values[0].count == 3);
    ck_assert_double_eq(c->distinct, 2);
    ck_assert_ptr_null(mlp_profile_column(&p, MLP_STR("d")));
    mlp_profile_fini(&p);
}
END_TEST

START_TEST(against_a_reference)
{
    struct mlp_profile ref, cur;
    profile_csv("n,b,t,e\n1,true,a,\n2,false,b,\n3,true,c,\n", NULL, &ref);
    profile_csv("t,n,z,b\na,2,1,1\nq,x,2,0\n,2.5,3,7\n", &ref, &cur);
    ck_assert_uint_eq(cur.ncols, 4);
    const struct mlp_pcolumn *n = &cur.cols[0], *b = &cur.cols[1], *e = &cur.cols[3];
    ck_assert_int_eq(n->type, MLP_P_INT);
    ck_assert_uint_eq(n->bad, 2);      /* "x", and 2.5 is no integer */
    ck_assert_uint_eq(n->counts[1], 1);
    ck_assert_uint_eq(b->bad, 1);      /* 7 */
    ck_assert_uint_eq(e->missing, 3);  /* the data lack it */
    ck_assert_uint_eq(cur.cols[2].nvalues, 2);
    mlp_profile_fini(&cur);
    mlp_profile_fini(&ref);
}
END_TEST

/* --- shards --------------------------------------------------------------------------------- */

/* Rows of six columns: a real, an integer with few values, a real with gaps, texts with few and
 * many values, and a time. */
static char *make_rows(uint64_t seed, size_t n)
{
    struct mlp_rng r;
    struct mlp_buf b;
    mlp_rng_init(&r, seed);
    mlp_buf_init(&b, 1 << 26);
    mlp_buf_adds(&b, "real,few,gaps,short,long,time\n");
    for (size_t i = 0; i < n; i++) {
        double z = mlp_normal_quantile(mlp_rng_f64(&r) * 0.999998 + 1e-6);
        mlp_buf_addf(&b, "%.12g,%u,", z * 1e3, (unsigned)mlp_rng_below(&r, 9));
        if (mlp_rng_below(&r, 4))
            mlp_buf_addf(&b, "%.3e", exp(3 * z));
        mlp_buf_addf(&b, ",k%u,id-%u,", (unsigned)mlp_rng_below(&r, 40),
                     (unsigned)mlp_rng_below(&r, 9000));
        mlp_buf_addf(&b, "2013-%02u-%02uT%02u:00:00Z\n", 1 + (unsigned)mlp_rng_below(&r, 12),
                     1 + (unsigned)mlp_rng_below(&r, 28), (unsigned)mlp_rng_below(&r, 24));
    }
    return mlp_buf_take(&b);
}

#define SHARDS 7

/* The sum of the shards in an order, as text; half of the time the second half is added first. */
static char *merged(char *const shard[SHARDS], const size_t order[SHARDS], bool nested)
{
    struct mlp_profile sum[2], p;
    struct mlp_err e;
    mlp_err_init(&e);
    for (size_t half = 0; half < 2; half++) {
        size_t first = half ? SHARDS / 2 : 0, end = half ? SHARDS : SHARDS / 2;
        mlp_profile_parse(&sum[half], mlp_str_from(shard[order[first]]), "shard", &e);
        for (size_t i = first + 1; i < end; i++) {
            mlp_profile_parse(&p, mlp_str_from(shard[order[i]]), "shard", &e);
            ck_assert_int_eq(mlp_profile_merge(&sum[half], &p, &e), MLP_OK);
            mlp_profile_fini(&p);
        }
    }
    ck_assert_int_eq(mlp_profile_merge(&sum[nested], &sum[!nested], &e), MLP_OK);
    char *text = text_of(&sum[nested]);
    mlp_profile_fini(&sum[0]);
    mlp_profile_fini(&sum[1]);
    return text;
}

static void shuffle(struct mlp_rng *r, size_t order[SHARDS])
{
    for (size_t i = SHARDS; i > 1; i--) {
        size_t k = (size_t)mlp_rng_below(r, i), t = order[k];
        order[k] = order[i - 1];
        order[i - 1] = t;
    }
}

/* Shards of unequal sizes, one of them empty, in a hundred orders and two shapes: one text, and it
 * is the text of the whole. */
START_TEST(merging_in_any_order)
{
    static const size_t rows[SHARDS] = {6000, 1, 0, 2500, 40, 7000, 900};
    struct mlp_profile ref, whole, p;
    struct mlp_rng r;
    char *shard[SHARDS], *first = NULL, *base = make_rows(1, 5000);
    size_t order[SHARDS];
    struct mlp_buf all;
    mlp_rng_init(&r, 99);
    mlp_buf_init(&all, 1 << 26);
    profile_csv(base, NULL, &ref);
    for (size_t i = 0; i < SHARDS; i++) {
        char *csv = make_rows(10 + i, rows[i]);
        mlp_buf_adds(&all, i ? strchr(csv, '\n') + 1 : csv);
        profile_csv(csv, &ref, &p);
        shard[i] = text_of(&p);
        mlp_profile_fini(&p);
        free(csv);
        order[i] = i;
    }
    profile_csv(all.p, &ref, &whole);
    first = text_of(&whole);
    for (int i = 0; i < 100; i++) {
        shuffle(&r, order);
        char *text = merged(shard, order, i % 2);
        ck_assert_msg(strcmp(text, first) == 0, "order %d gives other bytes", i);
        free(text);
    }
    for (size_t i = 0; i < SHARDS; i++)
        free(shard[i]);
    free(first);
    free(base);
    mlp_buf_fini(&all);
    mlp_profile_fini(&ref);
    mlp_profile_fini(&whole);
}
END_TEST

START_TEST(merging_refuses)
{
    struct mlp_profile a, b;
    struct mlp_err e;
    static const char *const other[] = {"x\n1\n2\n", "y\n1\n2\n3\n", "x\na\nb\n", "x,y\n1,2\n"};
    for (size_t i = 0; i < 4; i++) {
        mlp_err_init(&e);
        profile_csv("x\n1\n2\n3\n", NULL, &a);
        profile_csv(other[i], NULL, &b);
        ck_assert_int_eq(mlp_profile_merge(&a, &b, &e), MLP_EINPUT);
        ck_assert_ptr_nonnull(strstr(e.message, "do not add up"));
        mlp_profile_fini(&a);
        mlp_profile_fini(&b);
    }
}
END_TEST

START_TEST(json_comes_back)
{
    char *csv = make_rows(3, 6000), *text, *again;
    struct mlp_profile p, back;
    profile_csv(csv, NULL, &p);
    text = text_of(&p);
    ck_assert_int_eq(mlp_profile_parse(&back, mlp_str_from(text), "test", NULL), MLP_OK);
    again = text_of(&back);
    ck_assert_str_eq(text, again);
    ck_assert_double_eq(p.cols[0].mean, back.cols[0].mean);
    ck_assert_double_eq(p.cols[4].distinct, back.cols[4].distinct);
    ck_assert_double_eq_tol(p.cols[4].distinct, 4400, 200);
    mlp_profile_fini(&p);
    mlp_profile_fini(&back);
    free(csv);
    free(text);
    free(again);
}
END_TEST

START_TEST(json_refuses)
{
    static const char *const bad[] = {
        "", "[]", "{}", "{\"format\":\"mlp-profile/2\",\"columns\":[]}",
        "{\"format\":\"mlp-profile/1\",\"rows\":-1,\"columns\":[]}",
        "{\"format\":\"mlp-profile/1\",\"rows\":1,\"columns\":[{\"name\":\"x\"}]}",
        "{\"format\":\"mlp-profile/1\",\"rows\":1,\"columns\":[{\"name\":\"x\",\"type\":\"int\","
        "\"exact\":true,\"values\":[]}]}",
        "{\"format\":\"mlp-profile/1\",\"rows\":1,\"columns\":[{\"name\":\"x\",\"type\":\"int\","
        "\"sum\":\"0x0p+0\",\"squares\":\"0x0p+0\",\"edges\":[2,1],\"counts\":[0,0,0],"
        "\"offsets\":[0,0,0],\"exact\":true,\"values\":[]}]}",
        "{\"format\":\"mlp-profile/1\",\"rows\":1,\"columns\":[{\"name\":\"x\",\"type\":\"int\","
        "\"sum\":\"0x0p+0\",\"squares\":\"0x0p+0\",\"edges\":[1,2],\"counts\":[0,0],"
        "\"offsets\":[0,0,0],\"exact\":true,\"values\":[]}]}",
        "{\"format\":\"mlp-profile/1\",\"rows\":1,\"columns\":[{\"name\":\"x\",\"type\":\"text\","
        "\"exact\":false,\"values\":[]}]}",
        "{\"format\":\"mlp-profile/1\",\"rows\":1,\"columns\":[{\"name\":\"x\",\"type\":\"text\","
        "\"exact\":true,\"values\":[[1,2]]}]}",
        "{\"format\":\"mlp-profile/1\",\"rows\":0,\"columns\":["
        "{\"name\":\"x\",\"type\":\"text\",\"exact\":true,\"values\":[]},"
        "{\"name\":\"x\",\"type\":\"text\",\"exact\":true,\"values\":[]}]}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct mlp_profile p;
        struct mlp_err e;
        mlp_err_init(&e);
        ck_assert_msg(mlp_profile_parse(&p, mlp_str_from(bad[i]), "bad.json", &e) == MLP_EINPUT,
                      "case %zu", i);
        ck_assert_str_eq(e.source, "bad.json");
    }
}
END_TEST

/* More values than are held: a fair sample, which says so, and true sums and ends. */
START_TEST(samples_say_so)
{
    const size_t n = 30000;
    struct mlp_rng r;
    struct mlp_profiler *p;
    struct mlp_profile out = {0};
    struct mlp_str name = MLP_STR("x");
    char text[48];
    struct mlp_cell cell = {text, 0, false};
    struct mlp_batch b = {.nrows = 1, .ncols = 1, .cells = &cell};
    double sum = 0;
    mlp_rng_init(&r, 1);
    mlp_profiler_new(NULL, &p, NULL);
    mlp_profiler_keep(p, 5000);
    for (size_t i = 0; i < n; i++) {
        cell.n = (uint32_t)snprintf(text, sizeof text, "%.6f", (double)i / (double)n);
        sum += (double)i / (double)n;
        mlp_profiler_add_named(p, &name, &b, NULL, NULL);
    }
    ck_assert_int_eq(mlp_profiler_finish(p, &out, NULL), MLP_OK);
    const struct mlp_pcolumn *c = &out.cols[0];
    uint64_t counted = 0;
    double before = 0, worst = 0;
    for (size_t i = 0; i <= c->nedges; i++)
        counted += c->counts[i];
    for (size_t i = 0; i < c->nedges; i++) {
        before += (double)c->counts[i] / (double)counted;
        worst = fmax(worst, fabs(before - c->edges[i]));
    }
    ck_assert(c->sampled && counted > 2000 && counted <= 5000 && !c->sorted);
    ck_assert_double_lt(worst, 1.63 / sqrt((double)counted)); /* KS at 1 % */
    ck_assert_double_eq_tol(c->mean, sum / (double)n, 1e-9);
    ck_assert_double_eq_tol(c->max, (double)(n - 1) / (double)n, 1e-6);
    ck_assert_double_eq(c->edges[0], 0);
    mlp_profile_fini(&out);
    mlp_profiler_free(p);
}
END_TEST

Suite *suite_profile(void)
{
    Suite *s = suite_create("profile");
    TCase *t = tcase_create("profile");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, exact_sums);
    tcase_add_test(t, exact_bad_texts);
    tcase_add_test(t, exact_means);
    tcase_add_test(t, bins_find_their_values);
    tcase_add_test(t, edges_are_quantiles);
    tcase_add_test(t, types);
    tcase_add_test(t, one_percent_is_forgiven);
    tcase_add_test(t, numbers_of_a_column);
    tcase_add_test(t, against_a_reference);
    tcase_add_test(t, merging_in_any_order);
    tcase_add_test(t, merging_refuses);
    tcase_add_test(t, json_comes_back);
    tcase_add_test(t, json_refuses);
    tcase_add_test(t, samples_say_so);
    suite_add_tcase(s, t);
    return s;
}
