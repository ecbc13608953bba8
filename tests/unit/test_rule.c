/* Rules as mlp-rules(5) says: what each rejects, what the report says, what a file may not say.
 * What a table comes to is written as "LINE column/rule=value;" for every reason to reject a row
 * and "id:outcome failed/total;" for every check that did not pass. */
#include "suites.h"

#include "rule/internal.h"
#include "table/ahead.h"

#include <math.h>
#include <stdlib.h>

static struct mlp_err err;

static struct mlp_rules *parse(const char *yaml)
{
    struct mlp_doc d;
    struct mlp_rules *rules = NULL;
    mlp_err_init(&err);
    mlp_doc_init(&d, "rules.yaml", (size_t)16 << 20);
    if (mlp_doc_parse_yaml(&d, mlp_str_from(yaml), &err) == MLP_OK)
        mlp_rules_parse(&d, &rules, &err);
    else
        mlp_doc_fini(&d);
    return rules;
}

static void show_report(struct mlp_buf *out, const struct mlp_report *r)
{
    for (const struct mlp_check *c = r->checks; c; c = c->next) {
        if (c->outcome == MLP_PASS)
            continue;
        mlp_buf_addf(out, "%.*s:%s", MLP_STR_ARG(c->id), mlp_outcome_name(c->outcome));
        if (c->total)
            mlp_buf_addf(out, " %llu/%llu", (unsigned long long)c->failed,
                         (unsigned long long)c->total);
        mlp_buf_addc(out, ';');
    }
}

static enum mlp_code add_rejects(void *ctx, const struct mlp_checked *checked, struct mlp_err *e)
{
    const struct mlp_reject *x = checked->rejects;
    (void)e;
    for (size_t i = 0; i < checked->nrejects; i++, x++) {
        ck_assert_int_eq(checked->good[x->batch_row], 0);
        mlp_buf_addf(ctx, "%llu %.*s/%.*s=%.*s;", (unsigned long long)x->line,
                     MLP_STR_ARG(x->column), MLP_STR_ARG(x->rule), MLP_STR_ARG(x->value));
    }
    return MLP_OK;
}

static enum mlp_code check(const char *yaml, const char *csv, unsigned threads,
                           struct mlp_buf *out, struct mlp_report *report)
{
    struct mlp_rules *rules = parse(yaml);
    ck_assert_msg(rules != NULL, "%s: %s", yaml, err.message);
    struct mlp_table_options o = {.block_bytes = 64, .kept = MLP_AHEAD_KEPT};
    struct mlp_table *t = NULL;
    struct mlp_checker *c = NULL;
    mlp_rules_input(rules, &o);
    enum mlp_code code = mlp_table_open_mem(mlp_str_from(csv), "t.csv", &o, &t, &err);
    if (code == MLP_OK)
        code = mlp_checker_new(rules, t, &c, &err);
    if (code == MLP_OK)
        code = mlp_checker_threads(c, threads, &err);
    if (code == MLP_OK)
        code = mlp_checker_table(c, t, UINT64_MAX, add_rejects, out, &err);
    if (code == MLP_OK)
        code = mlp_checker_finish(c, report, &err);
    show_report(out, report);
    mlp_checker_free(c);
    mlp_table_close(t);
    mlp_rules_free(rules);
    return code;
}

struct comes_to {
    const char *yaml, *csv, *want;
};

static void comes_to(const struct comes_to *t, unsigned threads)
{
    struct mlp_buf out;
    struct mlp_report report;
    mlp_buf_init(&out, 1 << 20);
    mlp_report_init(&report, "test", "data");
    enum mlp_code code = check(t->yaml, t->csv, threads, &out, &report);
    ck_assert_msg(code == MLP_OK, "%s: %s", t->yaml, err.message);
    ck_assert_msg(mlp_str_is(mlp_buf_str(&out), t->want), "%u threads: %s\n%s\n got %.*s\nwant %s",
                  threads, t->yaml, t->csv, MLP_STR_ARG(mlp_buf_str(&out)), t->want);
    mlp_report_fini(&report);
    mlp_buf_fini(&out);
}

/* However many threads there are. */
static void all_come_to(const struct comes_to *t)
{
    for (; t->yaml; t++) {
        comes_to(t, 1);
        comes_to(t, 3);
    }
}

START_TEST(types)
{
    static const struct comes_to t[] = {
        {"columns: {a: {type: int}}",
         "a,b\n1,\n-2,\n+3,\n4.0,\n,\n1e3,\n 5,\n123456789012345678901,\n-,\n",
         "5 a/type=4.0;7 a/type=1e3;8 a/type= 5;10 a/type=-;a/type:fail 4/8;"},
        {"columns: {a: {type: float}}", "a\n1\n-2.5e-3\n.5\n5.\ninf\nNaN\n1,\nx\n0x10\n1_000\n",
         "8 /row=2 fields, expected 1;9 a/type=x;10 a/type=0x10;11 a/type=1_000;"
         "row:fail 1/10;a/type:fail 3/9;"},
        {"columns: {a: {type: bool}}", "a\ntrue\nFalse\nTRUE\n0\n1\nyes\ntRUE\n2\n",
         "7 a/type=yes;8 a/type=tRUE;9 a/type=2;a/type:fail 3/8;"},
        {"columns: {a: {type: date}}",
         "a\n2013-01-31\n2013-02-29\n2012-02-29\n13-01-01\n2013-01-31T00:00:00Z\n",
         "3 a/type=2013-02-29;5 a/type=13-01-01;6 a/type=2013-01-31T00:00:00Z;a/type:fail 3/5;"},
        {"columns: {a: {type: datetime}}",
         "a\n2013-01-31T01:02:03Z\n2013-01-31 01:02:03.5+01:00\n2013-01-31T25:00:00Z\nnow\n",
         "4 a/type=2013-01-31T25:00:00Z;5 a/type=now;a/type:fail 2/4;"},
        {"columns: {a: {type: string}}", "a\nx\n\"\"\n", ""},
        {"columns: {a: {type: any, required: true}}", "a,b\nx,\n,\n\"\",\n",
         "3 a/required=;4 a/required=;a/required:fail 2/3;"},
        {0},
    };
    all_come_to(t);
}
END_TEST

START_TEST(bounds)
{
    static const struct comes_to t[] = {
        {"columns: {a: {type: int, min: 2, max: 4}}", "a,b\n1,\n2,\n4,\n5,\n,\n",
         "2 a/min=1;5 a/max=5;a/min:fail 1/4;a/max:fail 1/4;"},
        {"columns: {a: {type: float, above: 0, below: 1}}", "a\n0\n1e-300\n.9999\n1\nnan\n-inf\n",
         "2 a/above=0;5 a/below=1;6 a/above=nan;6 a/below=nan;7 a/above=-inf;"
         "a/above:fail 3/6;a/below:fail 2/6;"},
        {"columns: {a: {type: date, min: 2013-01-01, max: 2013-12-31}}",
         "a\n2012-12-31\n2013-01-01\n2013-12-31\n2014-01-01\n",
         "2 a/min=2012-12-31;5 a/max=2014-01-01;a/min:fail 1/4;a/max:fail 1/4;"},
        {"columns: {a: {type: datetime, above: '2013-01-01T00:00:00+01:00'}}",
         "a\n2012-12-31T23:00:00Z\n2012-12-31T23:00:00.001Z\n",
         "2 a/above=2012-12-31T23:00:00Z;a/above:fail 1/2;"},
        /* A value of another type is told once, and not compared. */
        {"columns: {a: {type: int, min: 2}}", "a\nx\n", "2 a/type=x;a/type:fail 1/1;"},
        {"columns: {a: {type: float, finite: true}}", "a\n1\ninf\n-inf\nnan\n1e999\n",
         "3 a/finite=inf;4 a/finite=-inf;5 a/finite=nan;6 a/finite=1e999;a/finite:fail 4/5;"},
        {"columns: {a: {length: [2, 3]}}", "a\n1\n12\n123\n1234\n\xC3\xA9\xC3\xA9\xC3\xA9\n",
         "2 a/length=1;5 a/length=1234;a/length:fail 2/5;"},
        {"columns: {a: {length: {max: 2}}}", "a\n12\n123\n", "3 a/length=123;a/length:fail 1/2;"},
        {0},
    };
    all_come_to(t);
}
END_TEST

START_TEST(sets)
{
    static const struct comes_to t[] = {
        {"columns: {a: {in: [x, yy, '', 12345678, 123456789012345, 1234567890123456, NO]}}",
         "a,b\nx,\nyy,\n,\n12345678,\n1234567,\n123456789012345,\n123456789012346,\n"
         "1234567890123456,\n1234567890123457,\nNO,\nno,\nxx,\n",
         "6 a/in=1234567;8 a/in=123456789012346;10 a/in=1234567890123457;12 a/in=no;13 a/in=xx;"
         "a/in:fail 5/11;"},
        {"columns: {a: {not_in: [x, N/A]}}", "a\ny\nN/A\nx\n",
         "3 a/not_in=N/A;4 a/not_in=x;a/not_in:fail 2/3;"},
        /* Numbers are compared as numbers. */
        {"columns: {a: {type: float, in: [1, 2.50]}}", "a\n1.0\n2.5\n1e0\n2\n",
         "5 a/in=2;a/in:fail 1/4;"},
        {"columns: {a: {type: int, not_in: [7, -1]}}", "a\n07\n-1\n1\n",
         "2 a/not_in=07;3 a/not_in=-1;a/not_in:fail 2/3;"},
        {"columns: {a: {type: bool, in: [true]}}", "a\nTrue\n1\n0\n", "4 a/in=0;a/in:fail 1/3;"},
        {"columns: {a: {type: date, in: [2013-01-01]}}", "a\n2013-01-01\n2013-01-02\n",
         "3 a/in=2013-01-02;a/in:fail 1/2;"},
        {0},
    };
    all_come_to(t);
}
END_TEST

START_TEST(expressions)
{
    static const struct comes_to t[] = {
        {"columns: {a: {match: '^[0-9a-f]{4}$'}}", "a\nbeef\nbeefs\nBEEF\n",
         "3 a/match=beefs;4 a/match=BEEF;a/match:fail 2/3;"},
        {"columns: {a: {match: b}}", "a\nabc\nac\n", "3 a/match=ac;a/match:fail 1/2;"},
        {"columns: {a: {not_match: '\\s'}}", "a\nabc\na c\n",
         "3 a/not_match=a c;a/not_match:fail 1/2;"},
        {"columns: {a: {match: '^.{2}$'}}", "a\n\xC3\xA9\xC3\xA9\n\xC3\xA9\n",
         "3 a/match=\xC3\xA9;a/match:fail 1/2;"},
        /* What takes too many steps holds to neither. */
        {"columns: {a: {match: '^(a+)+$', not_match: '^(a+)+$'}}",
         "a\naaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab\n",
         "2 a/match=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab;"
         "2 a/not_match=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab;"
         "a/match:fail 1/1;a/not_match:fail 1/1;"},
        {0},
    };
    all_come_to(t);
}
END_TEST

START_TEST(copies)
{
    static const struct comes_to t[] = {
        {"columns: {a: {unique: later}}", "a,b\n1,\n2,\n1,\n,\n,\n\"2\",\n",
         "4 a/unique=1;7 a/unique=2;a/unique:fail 2/4;"},
        {"columns: {a: {type: int, unique: true}}", "a\n1\n01\n1\n",
         "4 a/unique=1;a/unique:fail 1/3;"},
        /* A row that is not well formed takes no value away from the one that mends it. */
        {"columns: {a: {unique: later}}", "a,b\n1,x,y\n1,x\n",
         "2 /row=3 fields, expected 2;row:fail 1/2;"},
        {"keys: [[a, b], [b]]", "a,b\n1,2\n12,\n1,2\n,12\n",
         "4 /key=1,2;4 /key=1,2;key:fail 1/4;key:fail 1/4;"},
        {"keys: [[a, b]]", "a,b\n1,23\n12,3\n123,\n,123\n", ""},
        {0},
    };
    all_come_to(t);
}
END_TEST

START_TEST(severity_and_tolerance)
{
    static const struct comes_to t[] = {
        {"columns: {a: {type: int, max: 8, severity: warn}}", "a\n9\nx\n",
         "a/type:fail 1/2;a/max:fail 1/1;"},
        {"columns: {a: {type: int, max: 8, mostly: 0.9}}", "a\n1\n2\n3\n4\n5\n6\n7\n8\n8\n9\n",
         "11 a/max=9;"},
        {"columns: {a: {type: int, max: 8, mostly: 91%}}", "a\n1\n2\n3\n4\n5\n6\n7\n8\n8\n9\n",
         "11 a/max=9;a/max:fail 1/10;"},
        {"rejects: {max: 50%}\ncolumns: {a: {max: 1, type: int}}", "a\n1\n2\n",
         "3 a/max=2;a/max:fail 1/2;"},
        {"rejects: {max: 0.4}\ncolumns: {a: {max: 1, type: int}}", "a\n1\n2\n",
         "3 a/max=2;a/max:fail 1/2;rejects:fail;"},
        {0},
    };
    all_come_to(t);
}
END_TEST

START_TEST(columns_as_a_whole)
{
    static const struct comes_to t[] = {
        {"columns: {a: {missing: {max: 50%}}}", "a,b\n1,\n,\n", ""},
        {"columns: {a: {missing: {max: 0.49}}}", "a,b\n1,\n,\n", "a/missing:fail;"},
        /* A row that is not well formed is not missing a value. */
        {"columns: {b: {missing: 0}}", "a,b\n1,2\n,,\n",
         "3 /row=3 fields, expected 2;row:fail 1/2;"},
        {"columns: {a: {type: float, mean: [2, 2], stdev: [1, 1], sum: 6}}",
         "a,b\n1,\n2,\n3,\n,\ninf,\n", ""},
        {"columns: {a: {type: float, mean: [2.1, 3], stdev: {max: 0.9}, sum: 7}}",
         "a\n1\n2\n3\n", "a/mean:fail;a/stdev:fail;a/sum:fail;"},
        {"columns: {a: {type: float, mean: [null, 3]}}", "a,b\n,\n", "a/mean:fail;"},
        /* scipy.stats.skew and kurtosis of these numbers: 1.13841995766..., -0.212 */
        {"columns: {a: {type: float, skewness: [1.1384199576, 1.1384199577],"
         " kurtosis: [-0.21200001, -0.21199999], zeros: 0}}", "a\n1\n2\n3\n4\n10\n", ""},
        {"columns: {a: {type: float, skewness: [2, 3], kurtosis: {min: 0}, zeros: {max: 0.2}}}",
         "a\n1\n0\n3\n0\n", "a/skewness:fail;a/kurtosis:fail;a/zeros:fail;"},
        {"columns: {a: {type: float, skewness: {}, kurtosis: [0, 1]}}", "a\n1\n1\n",
         "a/kurtosis:fail;"},
        {"columns: {a: {type: date, fresh: 90000w}}", "a\n2013-01-31\n", ""},
        {"columns: {a: {type: datetime, fresh: 90s}}", "a\n2013-01-31T00:00:00Z\n",
         "a/fresh:fail;"},
        {"columns: {a: {type: date, fresh: 1d}}", "a,b\n,\n", "a/fresh:fail;"},
        /* numpy.corrcoef: 0.9421630606623846 */
        {"checks: [{columns: [a, b], correlation: [0.94216306, 0.94216307]}]",
         "a,b\n1,2\n2,1\n3,4\n,9\n4,3\n10,8\nx,7\n", ""},
        {"checks: [{name: apart, columns: [a, b], correlation: {max: 0.5}}]",
         "a,b\n1,1\n2,2\n3,3\n", "apart:fail;"},
        {"checks: [{name: apart, columns: [a, b], correlation: {min: 0.5}}]",
         "a,b\n1,1\n1,2\n", "apart:fail;"},
        {"columns: {a: {distinct: 2}, b: {distinct: {min: 3}}}", "a,b\nx,1\ny,2\nx,1\n",
         "b/distinct:fail;"},
        {"rows: {min: 3}", "a\n1\n2\n", "rows:fail;"},
        {"rows: [2, 2]", "a\n1\n2\n", ""},
        {0},
    };
    all_come_to(t);
}
END_TEST

START_TEST(which_columns)
{
    static const struct comes_to t[] = {
        {"input: {columns: exact}\ncolumns: {a: {}, b: {}}", "b,a\n1,2\n", ""},
        {"input: {columns: exact}\ncolumns: {a: {}, b: {}}", "b,a,c\n1,2,3\n", "columns:fail;"},
        {"input: {columns: ordered}\ncolumns: {a: {}, b: {}}", "b,a\n1,2\n", "columns:fail;"},
        {"input: {columns: ordered}\ncolumns: {a: {}, b: {}}", "a,b\n1,2\n", ""},
        {"input: {columns: superset}\ncolumns: {a: {}}", "b,a\n1,2\n", ""},
        {"input: {columns: subset}\ncolumns: {a: {required: true}, b: {}}", "b\n1\n", ""},
        /* What is absent, as it may be, fails nothing. */
        {"columns: {a: {}, z: {optional: true, type: float, mean: 1, distinct: 4, required: true}}",
         "a\n1\n", ""},
        {"input: {delimiter: ';', null: [NA, '-']}\ncolumns: {a: {required: true}}",
         "a;b\nNA;1\n-;2\n1;3\n", "2 a/required=;3 a/required=;a/required:fail 2/3;"},
        {0},
    };
    all_come_to(t);
}
END_TEST

START_TEST(order_and_absence)
{
    static const struct comes_to t[] = {
        {"columns: {a: {type: int, order: increasing}}", "a,b\n1,\n3,\n3,\n2,\n,\n9,\n10,\n",
         "5 a/order=2;a/order:fail 1/6;"},
        {"columns: {a: {type: int, order: strictly increasing}}", "a\n1\n3\n3\n4\n",
         "4 a/order=3;a/order:fail 1/4;"},
        {"columns: {a: {order: strictly decreasing}}", "a\nc\nb\nb\na\nab\n",
         "4 a/order=b;6 a/order=ab;a/order:fail 2/5;"},
        {"columns: {a: {type: date, order: decreasing}}", "a\n2020-02-01\n2020-01-31\n2021-01-01\n",
         "4 a/order=2021-01-01;a/order:fail 1/3;"},
        {"columns: {a: {null: true}}", "a,b\n,1\nx,2\n,3\n", "3 a/null=x;a/null:fail 1/3;"},
        {"columns: {a: {type: int, null: true}}", "a,b\n,1\nx,2\n",
         "3 a/null=x;3 a/type=x;a/type:fail 1/1;a/null:fail 1/2;"},
        {NULL, NULL, NULL},
    };
    all_come_to(t);
}
END_TEST

START_TEST(lists_of_expressions)
{
    static const struct comes_to t[] = {
        {"columns: {a: {match: ['^x', 'y$']}}", "a\nx\nay\nz\n", "4 a/match=z;a/match:fail 1/3;"},
        {"columns: {a: {match_all: ['^x', 'y$']}}", "a\nxy\nay\nx\n",
         "3 a/match_all=ay;4 a/match_all=x;a/match_all:fail 2/3;"},
        {"columns: {a: {not_match: ['^x', 'y$']}}", "a\nx\nay\nz\n",
         "2 a/not_match=x;3 a/not_match=ay;a/not_match:fail 2/3;"},
        {NULL, NULL, NULL},
    };
    all_come_to(t);
}
END_TEST

START_TEST(columns_by_their_numbers)
{
    static const struct comes_to t[] = {
        {"columns: {a: {type: int, least: 1, greatest: [null, 3], median: 2.5}}",
         "a\n4\n1\n2\n3\n", "a/greatest:fail;"},
        {"columns: {a: {type: float, quantile: {0.5: 3, 0: 1, 1: {max: 3.5}, 0.25: [1, 1.5]}}}",
         "a\n4\n1\n2\n3\n", "a/quantile 1:fail;a/quantile 0.25:fail;"},
        {"columns: {a: {type: date, least: {min: '2020-01-01'},\n"
         "              greatest: ['2020-01-01', '2020-12-31']}}",
         "a\n2020-05-01\n2019-12-31\n", "a/least:fail;"},
        {"columns: {a: {distinct_share: 75%}, b: {distinct_share: {min: 0.9}}}",
         "a,b\nx,1\ny,1\nx,\nz,1\n", "b/distinct_share:fail;"},
        {"columns: {a: {type: int, median: 5}}", "a,b\n,1\nx,2\n",
         "3 a/type=x;a/type:fail 1/1;a/median:fail;"},
        {"columns: {a: {type: int}}\n"
         "checks: [{column: a, when: 'b == \"x\"', median: 5, name: half}]",
         "a,b\n5,x\n900,y\n", ""},
        {NULL, NULL, NULL},
    };
    all_come_to(t);
}
END_TEST

/* Rows of a column that has one format: those that it refuses. */
START_TEST(formats)
{
    static const struct comes_to t[] = {
        {"columns: {a: {format: '%Y-%m-%d %H:%M'}}",
         "a\n2020-02-29 23:59\n2021-02-29 00:00\n2020-1-5 3:04\n2020-01-05 24:00\n2020-01-05\n",
         "3 a/format=2021-02-29 00:00;5 a/format=2020-01-05 24:00;6 a/format=2020-01-05;"
         "a/format:fail 3/5;"},
        {"columns: {a: {format: '%d %b %y, %I:%M%p'}}",
         "a\n\"05 Mar 21, 07:15pm\"\n\"5 may 21, 13:00AM\"\n",
         "3 a/format=5 may 21, 13:00AM;a/format:fail 1/2;"},
        {"columns: {a: {format: '%A %j %T%z'}}", "a\nfriday 366 01:02:03+0100\nFri 366 01:02:03Z\n",
         "3 a/format=Fri 366 01:02:03Z;a/format:fail 1/2;"},
        {"columns: {a: {format: email}}", "a\na.b+c@x-y.org\na@b\n@b\na@\na..b@c\na@-b\nab\n",
         "4 a/format=@b;5 a/format=a@;6 a/format=a..b@c;7 a/format=a@-b;8 a/format=ab;"
         "a/format:fail 5/7;"},
        {"columns: {a: {format: ipv4}}", "a\n1.2.3.4\n256.1.1.1\n1.2.3\n01.2.3.4\n1.2.3.4.5\n",
         "3 a/format=256.1.1.1;4 a/format=1.2.3;5 a/format=01.2.3.4;6 a/format=1.2.3.4.5;"
         "a/format:fail 4/5;"},
        {"columns: {a: {format: ipv6}}",
         "a\n::\n::1\n1:2:3:4:5:6:7:8\n1::8\n::1.2.3.4\n1:2:3:4:5:6:7\n1::2::3\n12345::\n:1\n",
         "7 a/format=1:2:3:4:5:6:7;8 a/format=1::2::3;9 a/format=12345::;10 a/format=:1;"
         "a/format:fail 4/9;"},
        {"columns: {a: {format: uuid}}", "a\n123e4567-e89b-12d3-a456-42661417400F\n123e4567\n",
         "3 a/format=123e4567;a/format:fail 1/2;"},
        {"columns: {a: {format: uri}}", "a\nhttp://x/y?z#%20\n/x\nhttp:\nhttp://x/%2\n",
         "3 a/format=/x;4 a/format=http:;5 a/format=http://x/%2;a/format:fail 3/4;"},
        {"columns: {a: {format: json}}", "a\n\"{\"\"a\"\": [1]}\"\n5\n{a}\n5 6\n",
         "4 a/format={a};5 a/format=5 6;a/format:fail 2/4;"},
        {"columns: {a: {format: hostname}}", "a\na-b.c\na_b\n-a\na.\n",
         "3 a/format=a_b;4 a/format=-a;5 a/format=a.;a/format:fail 3/4;"},
        {"columns: {a: {format: time}}", "a\n23:59:60.5Z\n24:00:00\n1:2:3+01:00\n12:00:00x\n",
         "3 a/format=24:00:00;5 a/format=12:00:00x;a/format:fail 2/4;"},
        {NULL, NULL, NULL},
    };
    all_come_to(t);
}
END_TEST

START_TEST(checks_of_some_rows)
{
    static const struct comes_to t[] = {
        {"checks: [{name: order, expect: 'a <= b'}, {expect: 'a > 0', when: 'b == 2'}]",
         "a,b\n1,2\n3,2\n-1,2\n,1\n9,10\nx,y\n",
         "3 /order=a=3 b=2;4 /a > 0=a=-1;order:fail 1/6;a > 0:fail 1/3;"},
        {"columns: {a: {type: int}}\nchecks: [{column: a, when: 'b == \"x\"', min: 5, name: big},\n"
         "  {column: a, when: 'b == \"y\"', missing: 0}]",
         "a,b\n5,x\n4,x\n1,y\n,y\n,x\n", "3 a/big=4;a/big:fail 1/2;a/missing:fail;"},
        {"checks: [{column: a, in: [1, 2], mostly: 50%, severity: warn}]", "a\n1\n3\n3\n",
         "a/in:fail 2/3;"},
        {"columns: {a: {optional: true}}\n"
         "checks: [{column: a, min: 5, type: int}, {expect: 'a > 1'}]",
         "b\n1\n", ""},
        {"input: {columns: ordered}\ncolumns: {a: {}, b: {}}\nchecks: [{column: a, in: [1]}]",
         "a,b\n1,2\n", ""},
        {"checks: [{expect: 'a / b > 1'}]", "a,b\n1,0\n4,2\n",
         "2 /a / b > 1=a=1 b=0;a / b > 1:fail 1/2;"},
        {NULL, NULL, NULL},
    };
    all_come_to(t);
}
END_TEST

START_TEST(faults_name_their_line)
{
    static const struct {
        const char *yaml;
        uint64_t line;
        const char *words;
    } t[] = {
        {"columns:\n  a: {typo: int}\n", 2, "unknown key \"typo\""},
        {"columns:\n  a: {requierd: true}\n", 2, "required"},
        {"colums: {}\n", 1, "columns"},
        {"columns:\n  a: {type: integer}\n", 2, "any, string, int"},
        {"columns:\n  a:\n    type: int\n    min: x\n", 4, "a number"},
        {"columns:\n  a:\n    type: float\n    min: .nan\n", 4, "a number"},
        {"columns:\n  a:\n    min: 1\n", 3, "the column to have the type"},
        {"columns:\n  a:\n    type: date\n    max: soon\n", 4, "a date"},
        {"columns:\n  a:\n    match: '('\n", 3, "regular expression, at character 2"},
        {"columns:\n  a:\n    match: 5\n", 3, "a regular expression"},
        {"columns:\n  a:\n    in: x\n", 3, "a list of values"},
        {"columns:\n  a:\n    in: {}\n", 3, "a list of values"},
        {"columns:\n  a:\n    in: [[x]]\n", 3, "a value"},
        {"columns:\n  a:\n    type: int\n    in: [1, x]\n", 4, "a value of the column's type"},
        {"columns:\n  a:\n    length: [1, 2, 3]\n", 3, "[min, max]"},
        {"columns:\n  a:\n    length: [3, 1]\n", 3, "[min, max]"},
        {"columns:\n  a:\n    missing: {mx: 1%}\n", 3, "unknown key \"mx\""},
        {"columns:\n  a:\n    missing: {max: 101%}\n", 3, "[min, max]"},
        {"columns:\n  a:\n    required: maybe\n", 3, "true or false"},
        {"columns:\n  a:\n    unique: first\n", 3, "later"},
        {"columns:\n  a:\n    type: int\n    finite: true\n", 4, "float"},
        {"columns:\n  a:\n    severity: fatal\n", 3, "error, warn or info"},
        {"columns:\n  a:\n    mostly: 2\n", 3, "a share"},
        {"columns:\n  a: 5\n", 2, "rules such as"},
        {"columns: [a]\n", 1, "a map from column names"},
        {"rows: many\n", 1, "[min, max]"},
        {"keys: a\n", 1, "a list of lists"},
        {"keys: [a]\n", 1, "a list of columns"},
        {"version: 2\n", 1, "expected 1"},
        {"input: {delimiter: ab}\n", 1, "one character"},
        {"input: {columns: none}\n", 1, "exact, ordered"},
        {"input:\n  null: NA\n", 2, "a list of texts"},
        {"columns:\n  a:\n    order: up\n", 3, "increasing or decreasing"},
        {"columns:\n  a:\n    format: post\n", 3, "date-time"},
        {"columns:\n  a:\n    null: 5\n", 3, "true or false"},
        {"columns:\n  a:\n    match: ['a', '(']\n", 3, "character 2"},
        {"columns:\n  a:\n    median: 5\n", 3, "to have the type int"},
        {"columns:\n  a:\n    type: int\n    quantile: {2: 5}\n", 4, "quantiles from 0 to 1"},
        {"columns:\n  a:\n    type: date\n    least: 5x\n", 4, "[min, max]"},
        {"checks: 5\n", 1, "a list of checks"},
        {"checks:\n  - {name: a}\n", 2, "a check such as"},
        {"checks:\n  - {expect: 'a >'}\n", 2, "at character 4"},
        {"checks:\n  - {expect: 'a > 1', column: b}\n", 2, "unknown key \"column\""},
        {"checks:\n  - {column: a, when: 'b b', min: 1}\n", 2, "at character 3"},
        {"checks:\n  - {column: a, whem: 'b'}\n", 2, "unknown key \"whem\""},
        {"- a\n", 1, "a map with \"columns\""},
        {"columns:\n  a: {}\n  a: {}\n", 3, "a"},
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        struct mlp_rules *rules = parse(t[i].yaml);
        ck_assert_msg(rules == NULL, "accepted: %s", t[i].yaml);
        ck_assert_int_eq(err.code, MLP_EINPUT);
        ck_assert_msg(err.line == t[i].line, "%s: line %d: %s", t[i].yaml, (int)err.line,
                      err.message);
        ck_assert_msg(strstr(err.message, t[i].words) != NULL, "%s: %s", t[i].yaml, err.message);
        ck_assert_str_eq(err.source, "rules.yaml");
    }
}
END_TEST

START_TEST(columns_that_are_not_there)
{
    struct mlp_buf out;
    struct mlp_report report;
    mlp_buf_init(&out, 1 << 16);
    mlp_report_init(&report, "test", "data");
    ck_assert_int_eq(check("columns: {carier: {}}", "carrier,b\n1,2\n", 1, &out, &report),
                     MLP_EINPUT);
    ck_assert_ptr_nonnull(strstr(err.message, "no column \"carier\""));
    ck_assert_ptr_nonnull(strstr(err.hint, "\"carrier\""));
    ck_assert_int_eq(check("keys: [[a, z]]", "a,b\n1,2\n", 1, &out, &report), MLP_EINPUT);
    ck_assert_ptr_nonnull(strstr(err.message, "\"z\""));
    mlp_report_fini(&report);
    mlp_buf_fini(&out);
}
END_TEST

START_TEST(what_will_be_checked)
{
    struct mlp_rules *r = parse("rows: [1, null]\n"
                                 "columns: {a: {type: int, min: 0, unique: later}}");
    struct mlp_buf out;
    mlp_buf_init(&out, 1 << 16);
    ck_assert_ptr_nonnull(r);
    ck_assert_uint_eq(mlp_rules_count(r), 4);
    mlp_rules_describe(r, &out);
    ck_assert_msg(mlp_str_is(mlp_buf_str(&out),
                             "rows: >= 1 (decided at the end; one pass)\n"
                             "a/type: int (row rule; one pass)\n"
                             "a/min: >= 0 (row rule; one pass)\n"
                             "a/unique: a value that no row before has (row rule; one pass, exact, "
                             "on disk beyond --memory)\n"),
                  "%.*s", MLP_STR_ARG(mlp_buf_str(&out)));
    mlp_buf_fini(&out);
    mlp_rules_free(r);
}
END_TEST

START_TEST(hashes_know_what_they_have)
{
    struct mlp_hashes h = {0};
    bool fresh;
    for (uint64_t pass = 0; pass < 2; pass++) {
        for (uint64_t i = 0; i < 5000; i++) {
            ck_assert_int_eq(mlp_hashes_add(&h, i * 0x9E3779B97F4A7C15u, &fresh, &err), MLP_OK);
            ck_assert_int_eq(fresh, pass == 0);
        }
    }
    ck_assert_uint_eq(mlp_hashes_count(&h), 5000);
    mlp_hashes_fini(&h);
}
END_TEST

/* Hashes as they come: every third was there before, near or far. */
static uint64_t nth_hash(uint64_t i)
{
    uint64_t x = (i % 3 ? i : i / 2) + 1;
    x = (x ^ x >> 31) * 0x7FB5D329728EA185u;
    return x ^ x >> 27;
}

/* With next to no memory most of them are on disk, in runs that are merged twice over. */
START_TEST(hashes_on_disk_are_known_too)
{
    struct mlp_hashes all = {0};
    const uint64_t n = 200000;
    for (uint64_t i = 0; i < n; i++) {
        bool fresh;
        ck_assert_int_eq(mlp_hashes_add(&all, nth_hash(i), &fresh, &err), MLP_OK);
    }
    static const size_t memory[] = {12000, 64 << 10, 1 << 20};
    for (size_t k = 0; k < sizeof memory / sizeof *memory; k++) {
        struct mlp_hashes h = {.most = memory[k]}, seen = {0};
        bool fresh, expected, has;
        for (uint64_t i = 0; i < n; i++) {
            ck_assert_int_eq(mlp_hashes_add(&h, nth_hash(i), &fresh, &err), MLP_OK);
            mlp_hashes_add(&seen, nth_hash(i), &expected, &err);
            ck_assert_msg(fresh == expected, "%zu bytes: hash %llu", memory[k],
                          (unsigned long long)i);
        }
        ck_assert_uint_eq(mlp_hashes_count(&h), mlp_hashes_count(&all));
        ck_assert(mlp_hashes_spilled(&h) > 0);
        for (uint64_t i = 0; i < n; i += 17) {
            ck_assert_int_eq(mlp_hashes_has(&h, nth_hash(i), &has, &err), MLP_OK);
            ck_assert(has);
            ck_assert_int_eq(mlp_hashes_has(&h, nth_hash(i) + 1, &has, &err), MLP_OK);
            ck_assert(!has);
        }
        mlp_hashes_fini(&h);
        mlp_hashes_fini(&seen);
    }
    mlp_hashes_fini(&all);
}
END_TEST

Suite *suite_rule(void)
{
    Suite *s = suite_create("rule");
    TCase *c = tcase_create("rule");
    tcase_add_test(c, types);
    tcase_add_test(c, bounds);
    tcase_add_test(c, sets);
    tcase_add_test(c, expressions);
    tcase_add_test(c, copies);
    tcase_add_test(c, severity_and_tolerance);
    tcase_add_test(c, columns_as_a_whole);
    tcase_add_test(c, which_columns);
    tcase_add_test(c, order_and_absence);
    tcase_add_test(c, lists_of_expressions);
    tcase_add_test(c, columns_by_their_numbers);
    tcase_add_test(c, formats);
    tcase_add_test(c, checks_of_some_rows);
    tcase_add_test(c, faults_name_their_line);
    tcase_add_test(c, columns_that_are_not_there);
    tcase_add_test(c, what_will_be_checked);
    tcase_add_test(c, hashes_know_what_they_have);
    tcase_add_test(c, hashes_on_disk_are_known_too);
    suite_add_tcase(s, c);
    return s;
}
