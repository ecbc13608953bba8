/* The base module: errors, views, buffers, arenas, maps, time, files, options. */
#include "suites.h"

#include "base/arena.h"
#include "base/file.h"
#include "base/map.h"
#include "base/opt.h"
#include "base/progress.h"
#include "base/rng.h"
#include "base/thread.h"
#include "base/time.h"
#include "base/vec.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

START_TEST(first_error_wins)
{
    struct mlp_err e;
    mlp_err_init(&e);
    ck_assert_int_eq(mlp_err_set(&e, MLP_EINPUT, "bad %d", 7), MLP_EINPUT);
    ck_assert_int_eq(mlp_err_set(&e, MLP_EIO, "later"), MLP_EINPUT);
    mlp_err_at(&e, "a.csv", 3, 9);
    mlp_err_at(&e, "b.csv", 4, 1);
    mlp_err_wrap(&e, "column \"%s\"", "x");
    char text[256];
    mlp_err_format(&e, text, sizeof text);
    ck_assert_str_eq(text, "a.csv:3:9: column \"x\": bad 7");
}
END_TEST

START_TEST(error_of_errno_tells_not_found)
{
    struct mlp_err e;
    mlp_err_init(&e);
    ck_assert_int_eq(mlp_err_sys(&e, ENOENT, "cannot open x"), MLP_ENOTFOUND);
    ck_assert(strstr(e.message, "No such file") != NULL);
    mlp_err_init(&e);
    ck_assert_int_eq(mlp_err_sys(&e, ENOSPC, "cannot write"), MLP_EIO);
    ck_assert(e.hint[0] != '\0');
    ck_assert_int_eq(mlp_err_set(NULL, MLP_ETRUST, "x"), MLP_ETRUST);
}
END_TEST

START_TEST(views_split_trim_and_compare)
{
    struct mlp_str rest = MLP_STR("a,,b"), part;
    ck_assert(mlp_str_split(&rest, ',', &part) && mlp_str_is(part, "a"));
    ck_assert(mlp_str_split(&rest, ',', &part) && part.n == 0);
    ck_assert(mlp_str_split(&rest, ',', &part) && mlp_str_is(part, "b"));
    ck_assert(!mlp_str_split(&rest, ',', &part));
    ck_assert(mlp_str_is(mlp_str_trim(MLP_STR(" \t x y\r\n")), "x y"));
    ck_assert_int_lt(mlp_str_cmp(MLP_STR("a"), MLP_STR("ab")), 0);
    const char *words[] = {"check", "infer", NULL};
    ck_assert_int_eq(mlp_str_closest(MLP_STR("chekc"), words), 0);
    ck_assert_int_eq(mlp_str_closest(MLP_STR("zzz"), words), -1);
}
END_TEST

START_TEST(names_fit_patterns)
{
    static const struct {
        const char *text, *pattern;
        bool fits;
    } cases[] = {
        {"", "", true}, {"", "*", true}, {"a", "", false}, {"a.csv", "*.csv", true},
        {"a.csv.gz", "*.csv", false}, {"a.csv.csv", "*.csv", true}, {"abc", "a?c", true},
        {"ac", "a?c", false}, {"aXbXc", "a*b*c", true}, {"aXbX", "a*b*c", false},
        {"aaaaab", "*a*a*b", true}, {"ab", "ab**", true}, {"*", "?", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ck_assert_msg(mlp_str_fits(mlp_str_from(cases[i].text), mlp_str_from(cases[i].pattern)) ==
                          cases[i].fits, "%s %s", cases[i].text, cases[i].pattern);
}
END_TEST

START_TEST(integers_are_exact_to_the_edge)
{
    int64_t i;
    uint64_t u;
    ck_assert(mlp_str_i64(MLP_STR("-9223372036854775808"), &i) && i == INT64_MIN);
    ck_assert(!mlp_str_i64(MLP_STR("9223372036854775808"), &i));
    ck_assert(mlp_str_u64(MLP_STR("18446744073709551615"), &u) && u == UINT64_MAX);
    ck_assert(!mlp_str_u64(MLP_STR("18446744073709551616"), &u));
    ck_assert(!mlp_str_u64(MLP_STR(""), &u) && !mlp_str_u64(MLP_STR("1 "), &u));
}
END_TEST

START_TEST(utf8_is_strict)
{
    ck_assert(mlp_str_utf8(MLP_STR("plain, and \xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80 text")));
    ck_assert(!mlp_str_utf8(MLP_STR("\xC0\x80")));         /* overlong */
    ck_assert(!mlp_str_utf8(MLP_STR("\xED\xA0\x80")));     /* surrogate */
    ck_assert(!mlp_str_utf8(MLP_STR("\xF4\x90\x80\x80"))); /* past U+10FFFF */
    ck_assert(!mlp_str_utf8(MLP_STR("abc\xE2\x82")));      /* cut */
    ck_assert(!mlp_str_utf8(MLP_STR("\xFF")));
}
END_TEST

START_TEST(buffers_keep_their_maximum)
{
    struct mlp_buf b;
    struct mlp_err e;
    mlp_buf_init(&b, 10);
    mlp_buf_adds(&b, "12345");
    mlp_buf_addf(&b, "%d", 678);
    ck_assert_str_eq(b.p, "12345678");
    mlp_buf_adds(&b, "9ab");
    ck_assert(b.failed && b.n == 8);
    mlp_err_init(&e);
    ck_assert_int_eq(mlp_buf_check(&b, &e), MLP_EINPUT);
    ck_assert_ptr_null(mlp_buf_take(&b));
    mlp_buf_reset(&b);
    mlp_buf_addi64(&b, INT64_MIN + 1);
    ck_assert(b.failed);
    mlp_buf_fini(&b);
    mlp_buf_init(&b, 100);
    mlp_buf_addi64(&b, INT64_MIN);
    ck_assert_str_eq(b.p, "-9223372036854775808");
    mlp_buf_fini(&b);
}
END_TEST

START_TEST(quoting_makes_valid_json)
{
    struct mlp_buf b;
    mlp_buf_init(&b, 1000);
    mlp_buf_addquoted(&b, MLP_STR("a\"b\\c\n\x01\xC3\xA9\xFF"));
    ck_assert_str_eq(b.p, "\"a\\\"b\\\\c\\n\\u0001\xC3\xA9\xEF\xBF\xBD\"");
    mlp_buf_fini(&b);
}
END_TEST

START_TEST(arenas_keep_their_maximum_and_reuse)
{
    struct mlp_arena a;
    mlp_arena_init(&a, 100000);
    char *p = mlp_arena_alloc(&a, 1000);
    ck_assert_ptr_nonnull(p);
    for (int i = 0; i < 1000; i++)
        ck_assert_int_eq(p[i], 0);
    ck_assert_uint_eq((uintptr_t)mlp_arena_array64(&a, 3, 8) % 64, 0);
    ck_assert_ptr_null(mlp_arena_alloc(&a, 100000));
    ck_assert_ptr_null(mlp_arena_array(&a, SIZE_MAX / 2, 8));
    size_t held = 0;
    for (int i = 0; i < 5; i++) {
        mlp_arena_reset(&a);
        for (int k = 0; k < 20; k++)
            ck_assert_ptr_nonnull(mlp_arena_alloc(&a, 100));
        ck_assert(i < 2 || a.held == held);
        held = a.held;
    }
    ck_assert(mlp_str_is(mlp_arena_str(&a, MLP_STR("text")), "text"));
    mlp_arena_fini(&a);
}
END_TEST

START_TEST(maps_find_what_was_put)
{
    struct mlp_map m;
    mlp_map_init(&m, 42, 1 << 20);
    char key[32];
    for (uint64_t i = 0; i < 5000; i++) {
        bool fresh;
        int n = snprintf(key, sizeof key, "key-%llu", (unsigned long long)i);
        uint64_t *v = mlp_map_put(&m, (struct mlp_str){key, (size_t)n}, &fresh);
        ck_assert(v && fresh);
        *v = i * i;
    }
    for (uint64_t i = 0; i < 5000; i++) {
        int n = snprintf(key, sizeof key, "key-%llu", (unsigned long long)i);
        uint64_t *v = mlp_map_get(&m, (struct mlp_str){key, (size_t)n});
        ck_assert(v && *v == i * i);
        ck_assert(m.entries[i].value == i * i); /* insertion order */
    }
    ck_assert_ptr_null(mlp_map_get(&m, MLP_STR("absent")));
    bool fresh = true;
    mlp_map_put(&m, MLP_STR("key-7"), &fresh);
    ck_assert(!fresh && m.n == 5000);
    mlp_map_fini(&m);
}
END_TEST

START_TEST(random_numbers_are_the_published_ones)
{
    /* First outputs of xoshiro256** from the state that splitmix64 makes of seed 1. */
    struct mlp_rng r;
    mlp_rng_init(&r, 1);
    ck_assert_uint_eq(r.s[0], 0x910A2DEC89025CC1ull);
    double sum = 0;
    unsigned counts[4] = {0};
    for (int i = 0; i < 100000; i++) {
        sum += mlp_rng_f64(&r);
        counts[mlp_rng_below(&r, 4)]++;
    }
    ck_assert(sum > 49500 && sum < 50500);
    for (int i = 0; i < 4; i++)
        ck_assert(counts[i] > 24000 && counts[i] < 26000);
    unsigned long total = 0;
    for (int i = 0; i < 100000; i++)
        total += mlp_rng_poisson1(&r);
    ck_assert(total > 98500 && total < 101500);
}
END_TEST

START_TEST(time_goes_both_ways)
{
    char text[32];
    int64_t s;
    uint32_t nano;
    mlp_time_format(1359676799, text);
    ck_assert_str_eq(text, "2013-01-31T23:59:59Z");
    ck_assert(mlp_time_parse(mlp_str_from(text), &s, &nano) && s == 1359676799 && nano == 0);
    ck_assert(mlp_time_parse(MLP_STR("2013-02-01T01:59:59.25+02:00"), &s, &nano));
    ck_assert(s == 1359676799 && nano == 250000000);
    ck_assert(mlp_time_parse(MLP_STR("1969-12-31"), &s, &nano) && s == -86400);
    ck_assert(!mlp_time_parse(MLP_STR("2013-02-29"), &s, &nano));
    ck_assert(!mlp_time_parse(MLP_STR("2013-02-28T24:00:00"), &s, &nano));
    ck_assert(!mlp_time_parse(MLP_STR("2013-02-28x"), &s, &nano));
    for (int64_t day = -800000; day < 800000; day += 97) {
        struct mlp_civil c;
        mlp_civil_from_unix(day * 86400 + 5, &c);
        ck_assert(mlp_days_from_civil(c.year, c.month, c.day) == day && c.second == 5);
    }
}
END_TEST

static char *scratch(void)
{
    static char dir[64];
    snprintf(dir, sizeof dir, "/tmp/mlp-unit.XXXXXX");
    return mkdtemp(dir);
}

START_TEST(files_appear_whole_or_not_at_all)
{
    struct mlp_err e;
    struct mlp_out o;
    struct mlp_stat st;
    struct mlp_buf b;
    char path[128];
    char *dir = scratch();
    mlp_err_init(&e);
    snprintf(path, sizeof path, "%s/f", dir);
    ck_assert_int_eq(mlp_out_open(&o, path, &e), MLP_OK);
    for (int i = 0; i < 20000; i++)
        mlp_out_str(&o, MLP_STR("0123456789"));
    mlp_os_stat(path, false, &st, &e);
    ck_assert(!st.exists);
    ck_assert_int_eq(mlp_out_commit(&o, &e), MLP_OK);
    mlp_buf_init(&b, 200000);
    ck_assert_int_eq(mlp_file_read(path, &b, &e), MLP_OK);
    ck_assert_uint_eq(b.n, 200000);
    mlp_buf_fini(&b);
    mlp_buf_init(&b, 199999);
    ck_assert_int_eq(mlp_file_read(path, &b, &e), MLP_EINPUT);
    mlp_buf_fini(&b);
    mlp_err_init(&e);
    ck_assert_int_eq(mlp_out_open(&o, path, &e), MLP_OK);
    mlp_out_str(&o, MLP_STR("never"));
    mlp_out_abort(&o);
    struct mlp_list list;
    ck_assert_int_eq(mlp_os_list(dir, &list, &e), MLP_OK);
    ck_assert_uint_eq(list.n, 1); /* no temporary is left */
    mlp_os_list_free(&list);
    mlp_os_unlink(path, &e);
    mlp_os_rmdir(dir, &e);
}
END_TEST

START_TEST(a_full_disk_is_told)
{
    struct mlp_err e;
    mlp_err_init(&e);
    ck_assert_int_eq(mlp_file_write("/dev/full", MLP_STR("x"), 0, &e), MLP_EIO);
    ck_assert_int_eq(e.sys_errno, ENOSPC);
    ck_assert_str_eq(e.source, "/dev/full");
}
END_TEST

static void add_index(void *ctx, size_t i)
{
    _Atomic size_t *sum = ctx;
    *sum += i;
}

START_TEST(parallel_loops_do_each_index_once)
{
    _Atomic size_t sum = 0;
    mlp_parallel_for(1000, 4, add_index, &sum);
    ck_assert_uint_eq(sum, 499500);
    mlp_parallel_for(0, 4, add_index, &sum);
    ck_assert_uint_eq(sum, 499500);
}
END_TEST

static void add_index_of(void *ctx, size_t i, unsigned member)
{
    ck_assert_uint_lt(member, 3);
    *(_Atomic size_t *)ctx += i;
}

START_TEST(a_team_does_each_index_once_each_time)
{
    _Atomic size_t sum = 0;
    struct mlp_team *t;
    struct mlp_err e;
    mlp_err_init(&e);
    ck_assert_int_eq(mlp_team_new(3, &t, &e), MLP_OK);
    ck_assert_uint_eq(mlp_team_size(t), 3);
    for (int k = 0; k < 2000; k++) {
        mlp_team_run(t, (size_t)(k % 50), add_index_of, &sum);
        ck_assert_uint_eq(sum, (size_t)(k % 50 * (k % 50 - 1) / 2));
        sum = 0;
    }
    mlp_team_free(t);
    ck_assert_uint_eq(mlp_team_size(NULL), 1);
    mlp_team_run(NULL, 10, add_index_of, &sum);
    ck_assert_uint_eq(sum, 45);
    mlp_team_free(NULL);
}
END_TEST

enum { O_RULES, O_QUIET, O_JOBS, O_WAIT, O_FORMAT };
static const struct mlp_opt opts[] = {
    [O_RULES] = {"rules", 'r', MLP_OPT_FILE, "FILE", "rules", NULL, NULL, true},
    [O_QUIET] = {"quiet", 'q', MLP_OPT_FLAG, NULL, "say less", NULL, NULL, false},
    [O_JOBS] = {"jobs", 'j', MLP_OPT_INT, "N", "threads", NULL, "2", false},
    [O_WAIT] = {"wait", 0, MLP_OPT_SECONDS, "TIME", "pause", NULL, NULL, false},
    [O_FORMAT] = {"format", 0, MLP_OPT_CHOICE, "FORMAT", "form", "text|json", "text", false},
    {0},
};
static const struct mlp_verb verb = {
    .name = "check", .operands = "[FILE]", .max_operands = 1, .about = "", .opts = opts,
};
static const struct mlp_verb *const verbs[] = {&verb, NULL};
static const struct mlp_program program = {.name = "mlp-x", .verbs = verbs};

static enum mlp_code parse(struct mlp_cmd *cmd, struct mlp_err *e, int argc, const char **argv)
{
    *cmd = (struct mlp_cmd){.program = &program, .verb = &verb};
    mlp_err_init(e);
    char *copy[16];
    memcpy(copy, argv, (size_t)argc * sizeof *argv);
    return mlp_opt_parse(cmd, argc, copy, e);
}

START_TEST(options_come_from_the_table)
{
    struct mlp_cmd cmd;
    struct mlp_err e;
    const char *argv[] = {"-qj4", "--rules=a", "-r", "b", "--wait", "500ms", "--", "-f"};
    ck_assert_int_eq(parse(&cmd, &e, 8, argv), MLP_OK);
    ck_assert(mlp_opt_flag(&cmd, O_QUIET));
    ck_assert_int_eq(mlp_opt_int(&cmd, O_JOBS, 0), 4);
    ck_assert_str_eq(mlp_opt_nth(&cmd, O_RULES, 0), "a");
    ck_assert_str_eq(mlp_opt_nth(&cmd, O_RULES, 1), "b");
    ck_assert(mlp_opt_number(&cmd, O_WAIT, 0) == 0.5);
    ck_assert_str_eq(mlp_opt_text(&cmd, O_FORMAT), "text");
    ck_assert_str_eq(mlp_operand(&cmd, 0, ""), "-f");
    free(cmd.values);
    free(cmd.operands);
}
END_TEST

START_TEST(wrong_options_are_told_with_a_hint)
{
    static const struct {
        const char *argv[3];
        int argc;
        const char *says;
    } cases[] = {
        {{"--ruels", "x"}, 2, "did you mean --rules?"},
        {{"--jobs", "-1"}, 2, "is not a whole number"},
        {{"--format", "xml"}, 2, "one of text|json"},
        {{"--rules"}, 1, "needs a value"},
        {{"--quiet=1"}, 1, "takes no value"},
        {{"-j1", "-j2"}, 2, "given twice"},
        {{"a", "b"}, 2, "unexpected operand"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mlp_cmd cmd;
        struct mlp_err e;
        const char *argv[3];
        memcpy(argv, cases[i].argv, sizeof argv);
        ck_assert_int_eq(parse(&cmd, &e, cases[i].argc, argv), MLP_EUSAGE);
        ck_assert_msg(strstr(e.message, cases[i].says) || strstr(e.hint, cases[i].says),
                      "%s / %s", e.message, e.hint);
        free(cmd.values);
        free(cmd.operands);
    }
}
END_TEST

START_TEST(progress_tells_rate_and_time_left)
{
    char line[80];
    struct mlp_progress_at at = {NULL, 1234567, 12, 50000000, 200000000};
    size_t n = mlp_progress_words(&at, 2, line, sizeof line);
    ck_assert_str_eq(line, "1,234,567 rows, 12 rejected, 25 %, 25.0 MB/s, 0:06 left");
    ck_assert_uint_eq(n, strlen(line));
    at = (struct mlp_progress_at){"first look", 0, 0, 1000000, 0};
    mlp_progress_words(&at, 0.5, line, sizeof line);
    ck_assert_str_eq(line, "first look: 1 MB, 2.0 MB/s");
    at = (struct mlp_progress_at){NULL, 1, 0, 1, 40000000};
    mlp_progress_words(&at, 0.001, line, sizeof line);
    ck_assert_str_eq(line, "1 rows, 0 %, 0.0 MB/s, 11:06:40 left");
    ck_assert_uint_eq(mlp_progress_words(&at, 0.001, line, 8), 7);
}
END_TEST

Suite *suite_base(void)
{
    Suite *s = suite_create("base");
    TCase *t = tcase_create("base");
    tcase_add_test(t, first_error_wins);
    tcase_add_test(t, error_of_errno_tells_not_found);
    tcase_add_test(t, views_split_trim_and_compare);
    tcase_add_test(t, names_fit_patterns);
    tcase_add_test(t, integers_are_exact_to_the_edge);
    tcase_add_test(t, utf8_is_strict);
    tcase_add_test(t, buffers_keep_their_maximum);
    tcase_add_test(t, quoting_makes_valid_json);
    tcase_add_test(t, arenas_keep_their_maximum_and_reuse);
    tcase_add_test(t, maps_find_what_was_put);
    tcase_add_test(t, random_numbers_are_the_published_ones);
    tcase_add_test(t, time_goes_both_ways);
    tcase_add_test(t, files_appear_whole_or_not_at_all);
    tcase_add_test(t, a_full_disk_is_told);
    tcase_add_test(t, parallel_loops_do_each_index_once);
    tcase_add_test(t, a_team_does_each_index_once_each_time);
    tcase_add_test(t, options_come_from_the_table);
    tcase_add_test(t, wrong_options_are_told_with_a_hint);
    tcase_add_test(t, progress_tells_rate_and_time_left);
    suite_add_tcase(s, t);
    return s;
}
