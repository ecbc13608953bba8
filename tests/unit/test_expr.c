/* Row expressions: what each comes to over the rows of a table, a letter a row: T(rue), F(alse),
 * N(ull), W(rong); and what is no expression, with the place. */
#include "suites.h"

#include "rule/internal.h"

static struct mlp_err err;

#define MOST_COLUMNS 8

/* Columns whose names begin with n, d, b or t have the type float, date, bool or string. */
static enum mlp_rule_type type_of(struct mlp_str name)
{
    switch (name.p[0]) {
    case 'n': return MLP_TYPE_FLOAT;
    case 'd': return MLP_TYPE_DATETIME;
    case 'b': return MLP_TYPE_BOOL;
    case 't': return MLP_TYPE_STRING;
    default: return MLP_TYPE_ANY;
    }
}

static void evaluate(const struct mlp_expr *x, const char *csv, char *out)
{
    struct mlp_table *t = NULL;
    struct mlp_batch *b;
    struct mlp_matcher matcher;
    struct mlp_expr_place places[MOST_COLUMNS];
    struct mlp_table_options o = {.format = MLP_TABLE_CSV};
    struct mlp_expr_context c = {places, &matcher, 86400.0 * 365};
    ck_assert_int_eq(mlp_matcher_init(&matcher, &err), MLP_OK);
    ck_assert_int_eq(mlp_table_open_mem(mlp_str_from(csv), "t.csv", &o, &t, &err), MLP_OK);
    for (size_t i = 0; i < mlp_expr_ncolumns(x); i++) {
        struct mlp_str name = mlp_expr_column(x, i);
        int at = mlp_table_find(t, name);
        ck_assert_int_ge(at, 0);
        places[i] = (struct mlp_expr_place){(size_t)at, type_of(name)};
    }
    while (mlp_table_next(t, &b, &err) == MLP_OK && b) {
        uint8_t truth[64];
        ck_assert_uint_le(b->nrows, sizeof truth);
        ck_assert_int_eq(mlp_expr_eval(x, &c, b, truth, &err), MLP_OK);
        for (size_t r = 0; r < b->nrows; r++)
            *out++ = "FTNW"[truth[r]];
    }
    *out = '\0';
    mlp_table_close(t);
    mlp_matcher_fini(&matcher);
}

static void comes_to(const char *csv, const char *text, const char *want)
{
    struct mlp_arena a;
    struct mlp_expr *x;
    char got[128];
    mlp_arena_init(&a, 1 << 20);
    mlp_err_init(&err);
    ck_assert_msg(mlp_expr_parse(mlp_str_from(text), &a, &x, &err) == MLP_OK, "%s: %s", text,
                  err.message);
    evaluate(x, csv, got);
    ck_assert_msg(strcmp(got, want) == 0, "%s: got %s, want %s", text, got, want);
    mlp_expr_fini(x);
    mlp_arena_fini(&a);
}

struct pair {
    const char *text, *want;
};

static void all_come_to(const char *csv, const struct pair *p)
{
    for (; p->text; p++)
        comes_to(csv, p->text, p->want);
}

START_TEST(numbers)
{
    static const struct pair t[] = {
        {"n1 < n2", "TFFN"},          {"n1 + n2 == 3", "TFTN"},
        {"n1 - n2 * 2 == -3", "TFFN"}, {"(n1 - n2) * 2 == -2", "TFFN"},
        {"n1 / (n2 - 2) > 0", "WTFN"}, {"-n1 == -1", "TFFT"},
        {"n1 % 2 == 0", "FFTF"},      {"-7 % 3 == 2", "TTTT"},
        {"n1 in [1, 2]", "TFTT"},     {"n1 not in [1, -2]", "FTTF"},
        {"abs(n2 - n1) >= 1 and n2 is not null", "TFTF"},
        {"round(2.5) == 3 and round(-2.449, 2) == -2.45 and floor(-0.5) == -1", "TTTT"},
        {"sqrt(9) == 3 and ceil(1.2) == 2 and ln(1) == 0", "TTTT"}, {"sqrt(-1) > 0", "WWWW"},
        {"least(n1, n2, 9) == 1", "TFTT"}, {"greatest(n1, coalesce(n2, 100)) >= 100", "FFFT"},
        {"1e3 == 1000 and .5 * 2 == 1 or n1 == 1", "TTTT"}, {NULL, NULL},
    };
    all_come_to("n1,n2\n1,2\n5,5\n2,1\n1,\n", t);
}
END_TEST

START_TEST(three_values)
{
    static const struct pair t[] = {
        {"b1 and b2", "TFFNFN"},     {"b1 or b2", "TTFTNN"},    {"not b1", "FFTFTN"},
        {"b2 is null", "FFFTTT"},    {"b2 is not null", "TTTFFF"}, {"b1 == true", "TTFTFN"},
        {"not not b1", "TTFTFN"},    {"b1 != b2", "FTFNNN"},    {"null == null", "NNNNNN"},
        {"coalesce(b1, b2, false)", "TTFTFF"}, {"b1 and n", "WWFWFW"},
        {"b1 or n", "TTWTWW"},       {"n", "WWWWWW"},           {NULL, NULL},
    };
    all_come_to("b1,b2,n\ntrue,1,1\ntrue,false,1\nfalse,false,1\nTrue,,1\nfalse,,1\n,,1\n", t);
}
END_TEST

START_TEST(texts)
{
    static const struct pair t[] = {
        {"t == \"paid\"", "TFFN"},    {"t == 'it''s'", "FTFN"},   {"t < \"q\"", "TTFN"},
        {"t match \"^p\"", "TFFN"},   {"t not match '[0-9]'", "TTTN"},
        {"length(t) == 4", "TTFN"},   {"length(t) == 2", "FFTN"}, {"upper(t) == \"PAID\"", "TFFN"},
        {"lower(\"ABC\") == \"abc\"", "TTTT"}, {"starts(t, \"pa\")", "TFFN"},
        {"ends(t, \"s\")", "FTFN"},   {"contains(t, \"ai\")", "TFFN"},
        {"trim(\"  a \") == \"a\"", "TTTT"}, {"contains(t, \"\")", "TTTN"},
        {"t in [\"paid\", \"\xC3\xA9t\"]", "TFTN"}, {"`x y` == 5", "TWWN"},
        {"`x y` == \"5\"", "TFFN"},   {"number(`x y`) > 4", "TWWN"}, {"t > 5", "WWWN"},
        {"length(5) == 1", "WWWW"},   {NULL, NULL},
    };
    all_come_to("t,x y\npaid,5\nit's,\"five\"\n\xC3\xA9t,-\n,\n", t);
}
END_TEST

START_TEST(times)
{
    static const struct pair t[] = {
        {"d1 <= d2", "TFNW"},         {"d2 - d1 <= 1d", "TTNW"},
        {"d1 >= \"2020-01-01\"", "TTTW"}, {"d1 + 24h == d2", "TFNW"},
        {"d1 == \"no date\"", "WWWW"}, {"year(d1) == 2020 and month(d1) == 1", "TTTW"},
        {"day(d1) == 2", "FTFW"},     {"weekday(d1) == 3", "TFFW"}, {"now() > d1", "FFFW"},
        {"now() - 1w < now()", "TTTT"}, {"d1 * 2 > 0", "WWWW"}, {"5 - d1 > 0", "WWWW"},
        {"weekday(\"1969-12-31\") == 3", "TTTT"}, {NULL, NULL},
    };
    all_come_to("d1,d2\n2020-01-01,2020-01-02\n2020-01-02T10:00:00Z,2020-01-02\n2020-01-03,\n"
                "2020-13-01,2020-01-01\n", t);
}
END_TEST

START_TEST(rows_that_are_not_well_formed)
{
    comes_to("n1,n2\n1,2\n1\n3,4,5\n", "n1 > 0", "TNN");
    comes_to("n1,n2\n1,2\n", "1 == 1", "T");
}
END_TEST

START_TEST(what_is_no_expression)
{
    static const struct pair t[] = {
        {"", "at character 1: expected a value, found its end"},
        {"a +", "at character 4: expected a value"},
        {"a == 'b", "at character 6: expected a value"},
        {"foo(1)", "at character 1: there is no function foo"},
        {"length()", "at character 8: expected another argument"},
        {"length(a, b)", "at character 11: expected ) as the function has all"},
        {"a in (1, 2)", "at character 6: expected [, found '(1, 2)'"},
        {"a in [b]", "at character 8: expected only numbers and texts"},
        {"a not b", "at character 7: expected in or match"},
        {"a is b", "at character 6: expected null"},
        {"((a)", "at character 5: expected ), found its end"},
        {"5 5", "at character 3: expected an operator or the end"},
        {"a < b < c", "at character 7: expected an operator or the end"},
        {"a match b", "at character 9: expected a regular expression in quotes"},
        {"a match '('", "regular expression, at character 2"},
        {"5x", "at character 1: expected a value"},
        {"a = 5", "at character 3: expected an operator"},
        {"and", "at character 1: expected a value"},
        {"a; b", "at character 2: expected an operator"},
        {"1e", "expected a value"},
        {NULL, NULL},
    };
    for (size_t i = 0; t[i].text; i++) {
        struct mlp_arena a;
        struct mlp_expr *x;
        mlp_arena_init(&a, 1 << 20);
        mlp_err_init(&err);
        ck_assert_int_eq(mlp_expr_parse(mlp_str_from(t[i].text), &a, &x, &err), MLP_EINPUT);
        ck_assert_msg(strstr(err.message, t[i].want) != NULL, "%s: %s", t[i].text, err.message);
        ck_assert_ptr_null(x);
        mlp_arena_fini(&a);
    }
}
END_TEST

/* Depth and size are bounded, so that no rules file overflows the stack. */
START_TEST(long_expressions)
{
    static const struct {
        const char *before, *again, *after;
        size_t most;
    } t[] = {{"", "(", "1 == 1", 62},
             {"1 == 1", " and 1 == 1", "", 1000},
             {"0", "+1", " > 0", 2000}};
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        for (int over = 0; over < 2; over++) {
            struct mlp_arena a;
            struct mlp_expr *x;
            struct mlp_buf b;
            mlp_arena_init(&a, 1 << 22);
            mlp_buf_init(&b, 1 << 20);
            mlp_buf_adds(&b, t[i].before);
            for (size_t k = 0; k < t[i].most * (over ? 10 : 1); k++)
                mlp_buf_adds(&b, t[i].again);
            mlp_buf_adds(&b, t[i].after);
            for (size_t k = 0; t[i].again[0] == '(' && k < t[i].most * (over ? 10 : 1); k++)
                mlp_buf_addc(&b, ')');
            mlp_err_init(&err);
            enum mlp_code code = mlp_expr_parse(mlp_buf_str(&b), &a, &x, &err);
            ck_assert_msg(code == (over ? MLP_EINPUT : MLP_OK), "%zu: %s", i, err.message);
            mlp_expr_fini(x);
            mlp_buf_fini(&b);
            mlp_arena_fini(&a);
        }
    }
}
END_TEST

Suite *suite_expr(void)
{
    Suite *s = suite_create("expr");
    TCase *t = tcase_create("expr");
    tcase_add_test(t, numbers);
    tcase_add_test(t, three_values);
    tcase_add_test(t, texts);
    tcase_add_test(t, times);
    tcase_add_test(t, rows_that_are_not_well_formed);
    tcase_add_test(t, what_is_no_expression);
    tcase_add_test(t, long_expressions);
    suite_add_tcase(s, t);
    return s;
}
