#include "suites.h"

#include "text/prom.h"
#include "text/prom_read.h"

#include <math.h>

static struct mlp_prom_page page;

static enum mlp_code parse(const char *text, struct mlp_arena *a, struct mlp_err *e)
{
    mlp_arena_init(a, 1 << 20);
    mlp_err_init(e);
    return mlp_prom_read(mlp_str_from(text), a, &page, e);
}

START_TEST(pages_are_read)
{
    struct mlp_arena a;
    struct mlp_err e;
    const struct mlp_prom_point *p;
    ck_assert_int_eq(parse("# HELP h of \\ it\n# TYPE h histogram\n\n"
                           "h_bucket{le=\"0.1\"} 3 # {trace_id=\"ab\"} 0.05 1.5\n"
                           "h_bucket{le=\"+Inf\",} 4\nh_sum 1.5e3\nh_count 4 1700000000000\n"
                           "# TYPE c counter\n"
                           "c_total{ a = \"x\\\"\\\\\\n\" , b=\"\xC3\xA9\"} +Inf\n"
                           "#TYPES\n# EOF\n  plain:name\tNaN  \n", &a, &e), MLP_OK);
    p = page.points;
    ck_assert_uint_eq(page.n, 6);
    ck_assert(mlp_str_is(p[0].name, "h_bucket") && p[0].type == MLP_PROM_HISTOGRAM);
    ck_assert(mlp_str_is(mlp_prom_get(&p[0], "le"), "0.1") && p[0].nlabels == 1);
    ck_assert(mlp_str_is(mlp_prom_get(&p[1], "le"), "+Inf"));
    ck_assert_double_eq(p[2].value, 1500);
    ck_assert_double_eq(p[3].value, 4);
    ck_assert(p[4].type == MLP_PROM_COUNTER && isinf(p[4].value));
    ck_assert(mlp_str_is(mlp_prom_get(&p[4], "a"), "x\"\\\n"));
    ck_assert(mlp_str_is(mlp_prom_get(&p[4], "b"), "\xC3\xA9"));
    ck_assert_ptr_null(mlp_prom_get(&p[4], "le").p);
    ck_assert(p[5].type == MLP_PROM_UNTYPED && isnan(p[5].value));
    mlp_arena_fini(&a);
}
END_TEST

static const struct {
    const char *text, *why;
} bad[] = {
    {"a 1", "line feed at the end"},
    {"a\n", "line 1, column 2: expected a number"},
    {"a 1 2 3\n", "line 1, column 7: expected the end of the line"},
    {"a one\n", "column 3: expected a number"},
    {"a 0x1\n", "a number"},
    {"1a 1\n", "column 1: expected the name"},
    {"\n\na-b 1\n", "line 3, column 2: expected a number"},
    {"a{b} 1\n", "column 4: expected ="},
    {"a{b=c} 1\n", "expected a quote"},
    {"a{b=\"c} 1\n", "expected a quote at the end"},
    {"a{b=\"c\\\"} 1\n", "expected a quote at the end"},
    {"a{b=\"\\t\"} 1\n", "expected \\\\, \\\" or \\n"},
    {"a{b=\"\xFF\"} 1\n", "UTF-8"},
    {"a{b=\"c\" d=\"e\"} 1\n", "expected , or }"},
    {"a{b=\"c\",b=\"e\"} 1\n", "each label once"},
    {"a{b:c=\"c\"} 1\n", "column 4: expected ="},
    {"a{,} 1\n", "a label or }"},
    {"a{b=\"c\"", "line feed"},
    {"# TYPE a counter\n# TYPE a gauge\n", "line 2, column 8: expected TYPE once"},
    {"a 1\n# TYPE a counter\n", "TYPE once, before"},
    {"# TYPE a thing\n", "counter, gauge"},
    {"# TYPE a counter x\n", "counter, gauge"},
    {"# TYPE\n", "name of a metric"},
    {"# TYPE h histogram\nh_bucket 1\n", "the label le"},
    {"a 1 # {} \n", "a number"},
    {"a 1 # x\n", "an exemplar's {"},
};

START_TEST(what_is_no_page_is_refused)
{
    struct mlp_arena a;
    struct mlp_err e;
    ck_assert_msg(parse(bad[_i].text, &a, &e) == MLP_EINPUT, "%s", bad[_i].text);
    ck_assert_msg(strstr(e.message, bad[_i].why) != NULL, "%s: %s", bad[_i].text, e.message);
    mlp_arena_fini(&a);
}
END_TEST

START_TEST(pages_are_bounded)
{
    struct mlp_arena a;
    struct mlp_buf b;
    struct mlp_err e;
    mlp_buf_init(&b, 1 << 20);
    for (int i = 0; i < 2000; i++)
        mlp_buf_addf(&b, "a_%d{x=\"\\n\"} 1\n", i);
    mlp_err_init(&e);
    mlp_arena_init(&a, 60000);
    ck_assert_int_eq(mlp_prom_read(mlp_buf_str(&b), &a, &page, &e), MLP_EIO);
    mlp_arena_fini(&a);
    mlp_arena_init(&a, 1 << 20);
    ck_assert_int_eq(mlp_prom_read(mlp_buf_str(&b), &a, &page, &e), MLP_OK);
    ck_assert_uint_eq(page.n, 2000);
    mlp_buf_reset(&b);
    mlp_buf_adds(&b, "a{");
    for (unsigned i = 0; i <= MLP_PROM_MAX_LABELS; i++)
        mlp_buf_addf(&b, "l%u=\"\",", i);
    mlp_buf_adds(&b, "} 1\n");
    mlp_arena_reset(&a);
    mlp_err_init(&e);
    ck_assert_int_eq(mlp_prom_read(mlp_buf_str(&b), &a, &page, &e), MLP_EINPUT);
    mlp_arena_fini(&a);
    mlp_buf_fini(&b);
}
END_TEST

START_TEST(what_we_write_is_read)
{
    struct mlp_arena a;
    struct mlp_buf b;
    const struct mlp_prom_label labels[] = {{"r", MLP_STR("a\"b\\c\nd")}, {"s", MLP_STR("")}, {0}};
    mlp_arena_init(&a, 1 << 20);
    mlp_buf_init(&b, 1000);
    mlp_prom_head(&b, "up", "gauge", "line\nand \\");
    mlp_prom_sample(&b, "up", labels, 0.1);
    mlp_prom_sample(&b, "up", NULL, -INFINITY);
    ck_assert_int_eq(mlp_prom_read(mlp_buf_str(&b), &a, &page, NULL), MLP_OK);
    ck_assert_uint_eq(page.n, 2);
    ck_assert(page.points[0].type == MLP_PROM_GAUGE);
    ck_assert_double_eq(page.points[0].value, 0.1);
    ck_assert(mlp_str_is(mlp_prom_get(&page.points[0], "r"), "a\"b\\c\nd"));
    ck_assert_double_eq(page.points[1].value, -INFINITY);
    mlp_arena_fini(&a);
    mlp_buf_fini(&b);
}
END_TEST

Suite *suite_prom(void)
{
    Suite *s = suite_create("prom");
    TCase *c = tcase_create("read");
    tcase_add_test(c, pages_are_read);
    tcase_add_loop_test(c, what_is_no_page_is_refused, 0, sizeof bad / sizeof *bad);
    tcase_add_test(c, pages_are_bounded);
    tcase_add_test(c, what_we_write_is_read);
    suite_add_tcase(s, c);
    return s;
}
