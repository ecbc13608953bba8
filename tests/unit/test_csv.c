/* Splitting delimited text: every way of looking at 64 bytes finds what a byte-by-byte reading
 * finds, and fields are read and written back as they were. */
#include "suites.h"

#include "base/rng.h"
#include "text/csv.h"

#include <stdlib.h>

static const struct mlp_csv_dialect csv = {',', '"'};
static const struct mlp_csv_dialect tsv = {'\t', 0};

/* The definition, with nothing clever: positions into out, the state in *s. */
static size_t index_plainly(const struct mlp_csv_dialect *d, struct mlp_str b, uint32_t *out,
                            struct mlp_csv_scan *s)
{
    size_t n = 0;
    *s = (struct mlp_csv_scan){.at = s->at};
    for (size_t i = 0; i < b.n; i++) {
        bool quote = d->quote && b.p[i] == d->quote, feed = b.p[i] == '\n';
        s->feeds += feed;
        switch (s->at) {
        case MLP_CSV_QUOTED:
            if (quote)
                s->at = MLP_CSV_CLOSED;
            continue;
        case MLP_CSV_PLAIN:
            s->stray |= quote;
            break;
        default:
            if (quote) {
                s->at = MLP_CSV_QUOTED;
                continue;
            }
        }
        s->at = MLP_CSV_PLAIN;
        if (feed || b.p[i] == d->delimiter) {
            out[n++] = (uint32_t)i;
            s->rows += feed;
            s->at = MLP_CSV_START;
        }
    }
    return n;
}

static void same_everywhere(const struct mlp_csv_dialect *d, struct mlp_str text,
                            enum mlp_csv_at at)
{
    uint32_t *want = malloc((text.n + 64) * sizeof *want);
    uint32_t *got = malloc((text.n + 64) * sizeof *got);
    char *block = malloc(text.n + MLP_CSV_PAD);
    ck_assert(want && got && block);
    memcpy(block, text.p, text.n);
    /* What lies behind the end must not count. */
    memset(block + text.n, '"', MLP_CSV_PAD);
    struct mlp_csv_scan expected = {.at = at};
    size_t n = index_plainly(d, text, want, &expected);
    for (int isa = MLP_CSV_PORTABLE; isa <= (int)mlp_csv_best_isa(); isa++) {
        for (int positions = 0; positions < 2; positions++) {
            struct mlp_csv_scan s = {.at = at};
            struct mlp_str b = {block, text.n};
            size_t found = mlp_csv_index_isa((enum mlp_csv_isa)isa, d, b,
                                             positions ? got : NULL, &s);
            ck_assert_uint_eq(found, n);
            ck_assert(!positions || !n || memcmp(got, want, n * sizeof *got) == 0);
            ck_assert_int_eq(s.at, expected.at);
            ck_assert_uint_eq(s.rows, expected.rows);
            ck_assert_uint_eq(s.feeds, expected.feeds);
            ck_assert_int_eq(s.stray, expected.stray);
        }
    }
    free(want);
    free(got);
    free(block);
}

START_TEST(all_ways_find_the_same_positions)
{
    static const char letters[] = "ab,,\n\"\"\"\r\t";
    static const size_t choices[] = {10, 5, 7, 4};
    struct mlp_rng rng;
    mlp_rng_init(&rng, 42);
    char text[400];
    for (int round = 0; round < 4000; round++) {
        size_t n = (size_t)mlp_rng_below(&rng, sizeof text);
        size_t from = (size_t)mlp_rng_below(&rng, 4);
        for (size_t i = 0; i < n; i++)
            text[i] = letters[mlp_rng_below(&rng, choices[from])];
        struct mlp_str t = {text, n};
        same_everywhere(&csv, t, (enum mlp_csv_at)(round % 4));
        same_everywhere(&tsv, t, MLP_CSV_START);
    }
}
END_TEST

START_TEST(well_formed_text_of_any_length_is_not_stray)
{
    /* Fields with quotes, two and three bytes apart, over the edges of groups. */
    char text[300];
    size_t n = 0;
    while (n < 290) {
        const char *field = n % 3 ? "\"a\"\"\n\"" : "x";
        size_t len = strlen(field);
        memcpy(text + n, field, len);
        n += len;
        text[n] = n % 5 ? ',' : '\n';
        n++;
    }
    for (size_t len = 0; len <= n; len++) {
        uint32_t out[400];
        struct mlp_csv_scan s = {.at = MLP_CSV_START};
        index_plainly(&csv, (struct mlp_str){text, len}, out, &s);
        ck_assert(!s.stray);
        same_everywhere(&csv, (struct mlp_str){text, len}, MLP_CSV_START);
    }
}
END_TEST

START_TEST(a_block_may_be_cut_anywhere)
{
    static const char text[] = "a,\"b\"\"\n,\",c\r\n5\" disk,\"x\"y\n\"\",,\"\n";
    size_t n = sizeof text - 1;
    char block[sizeof text + MLP_CSV_PAD] = {0};
    uint32_t whole[128], part[128];
    struct mlp_csv_scan all = {.at = MLP_CSV_START};
    memcpy(block, text, n);
    size_t want = mlp_csv_index(&csv, block, n, whole, &all);
    for (size_t cut = 0; cut <= n; cut++) {
        struct mlp_csv_scan s = {.at = MLP_CSV_START};
        size_t a = mlp_csv_index(&csv, block, cut, part, &s);
        size_t rows = s.rows, feeds = s.feeds;
        size_t b = mlp_csv_index(&csv, block + cut, n - cut, part + a, &s);
        for (size_t i = a; i < a + b; i++)
            part[i] += (uint32_t)cut;
        ck_assert_uint_eq(a + b, want);
        ck_assert(memcmp(whole, part, want * sizeof *whole) == 0);
        ck_assert_int_eq(s.at, all.at);
        ck_assert_uint_eq(rows + s.rows, all.rows);
        ck_assert_uint_eq(feeds + s.feeds, all.feeds);
    }
}
END_TEST

START_TEST(values_are_unquoted_only_when_whole)
{
    static const char *const cases[][2] = {
        {"plain", "plain"}, {"", ""}, {"\"\"", ""}, {"\"a\"", "a"}, {"\"a\"\"b\"", "a\"b"},
        {"\"\"\"\"", "\""}, {"\"\"\"a\"\"\"", "\"a\""}, {"\"a,\nb\"", "a,\nb"},
        {"5\" disk", "5\" disk"}, {"\"", "\""}, {"\"a", "\"a"}, {"\"a\"b", "\"a\"b"},
        {"\"a\"b\"", "\"a\"b\""}, {" \"a\"", " \"a\""},
    };
    struct mlp_buf scratch;
    mlp_buf_init(&scratch, 100);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mlp_str v = mlp_csv_unquote(&csv, mlp_str_from(cases[i][0]), &scratch);
        ck_assert_msg(mlp_str_is(v, cases[i][1]), "%s gave %.*s", cases[i][0], MLP_STR_ARG(v));
    }
    struct mlp_str raw = MLP_STR("\"a\"\"b\"");
    ck_assert(mlp_csv_unquote(&tsv, raw, &scratch).p == raw.p);
    mlp_buf_fini(&scratch);
}
END_TEST

START_TEST(faults_are_named)
{
    static const char *const good[] = {"", "a", "\"\"", "\"a\"\"b\"", "\"\"\"\"", "a b"};
    static const char *const bad[][2] = {
        {"5\" disk", "inside an unquoted"}, {"a\"", "inside an unquoted"},
        {"\"a\"b", "after a closing"}, {"\"a\" ", "after a closing"}, {"\"a", "does not end"},
        {"\"", "does not end"}, {"\"a\"\"", "does not end"},
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        ck_assert_msg(!mlp_csv_fault(&csv, mlp_str_from(good[i])), "%s", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const char *fault = mlp_csv_fault(&csv, mlp_str_from(bad[i][0]));
        ck_assert_msg(fault && strstr(fault, bad[i][1]), "%s: %s", bad[i][0], fault);
        ck_assert_ptr_null(mlp_csv_fault(&tsv, mlp_str_from(bad[i][0])));
    }
}
END_TEST

START_TEST(written_fields_read_back)
{
    static const char *const values[] = {
        "", "a", "a,b", "a\"b", "\"", "a\nb", "a\rb", "a\tb", "\"\"", " a ", "\xC3\xBC",
    };
    struct mlp_buf b, scratch;
    mlp_buf_init(&b, 1000);
    mlp_buf_init(&scratch, 1000);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        mlp_buf_reset(&b);
        mlp_csv_add(&csv, &b, mlp_str_from(values[i]), true);
        ck_assert_ptr_null(mlp_csv_fault(&csv, mlp_buf_str(&b)));
        struct mlp_str v = mlp_csv_unquote(&csv, mlp_buf_str(&b), &scratch);
        ck_assert_msg(mlp_str_is(v, values[i]), "%s", values[i]);
    }
    mlp_buf_reset(&b);
    mlp_csv_add(&csv, &b, MLP_STR("plain"), true);
    mlp_csv_add(&csv, &b, MLP_STR(""), false);
    mlp_csv_add(&csv, &b, MLP_STR(""), true);
    mlp_csv_add(&tsv, &b, MLP_STR("a\"b"), true);
    ck_assert_str_eq(b.p, "plain\"\"a\"b");
    mlp_buf_fini(&b);
    mlp_buf_fini(&scratch);
}
END_TEST

START_TEST(line_feeds_are_counted)
{
    ck_assert_uint_eq(mlp_csv_lines("", 0), 0);
    ck_assert_uint_eq(mlp_csv_lines("\n", 1), 1);
    ck_assert_uint_eq(mlp_csv_lines("a\nb\n\nc", 6), 3);
}
END_TEST

Suite *suite_csv(void)
{
    Suite *s = suite_create("csv");
    TCase *c = tcase_create("csv");
    tcase_add_test(c, all_ways_find_the_same_positions);
    tcase_add_test(c, well_formed_text_of_any_length_is_not_stray);
    tcase_add_test(c, a_block_may_be_cut_anywhere);
    tcase_add_test(c, values_are_unquoted_only_when_whole);
    tcase_add_test(c, faults_are_named);
    tcase_add_test(c, written_fields_read_back);
    tcase_add_test(c, line_feeds_are_counted);
    suite_add_tcase(s, c);
    return s;
}
