/* The text module but for CSV: numbers, JSON, documents, HTML, Prometheus text. */
#include "suites.h"

#include "text/doc.h"
#include "text/html.h"
#include "text/json.h"
#include "text/num.h"
#include "text/prom.h"

#include "base/file.h"
#include "base/rng.h"

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

/* Numbers. */

static bool reads(const char *z, double *v)
{
    return mlp_num_f64(mlp_str_from(z), v);
}

/* Both widths, against strtod and strtof, from memory that ends with the text. */
static void read_as_strtod(const char *z)
{
    size_t n = strlen(z);
    char *exact = malloc(n ? n : 1);
    ck_assert_ptr_nonnull(exact);
    memcpy(exact, z, n);
    double v = -1, want = strtod(z, NULL);
    float f = -1, want32 = strtof(z, NULL);
    bool ok = mlp_num_f64((struct mlp_str){exact, n}, &v);
    bool ok32 = mlp_num_f32((struct mlp_str){exact, n}, &f);
    free(exact);
    ck_assert_msg(ok && memcmp(&v, &want, sizeof v) == 0, "%s: %a, strtod %a", z, v, want);
    ck_assert_msg(ok32 && memcmp(&f, &want32, sizeof f) == 0, "%s: %a, strtof %a", z, (double)f,
                  (double)want32);
}

START_TEST(numbers_are_read_as_strtod_does)
{
    static const char *const texts[] = {
        "0", "-0", "+1", "1", "007", ".5", "5.", "1e5", "1E+5", "1e-5", "0e999999999999999999999",
        "123456789", "12345678.12345678", "0.1", "9007199254740993", "9007199254740992.5",
        "18446744073709551615", "18446744073709551616", "1e22", "1e23", "1e-22", "8.5e-23",
        "1.7976931348623157e308", "1.7976931348623158e308", "1.7976931348623159e308", "1e309",
        "-1e400", "2.2250738585072011e-308", "2.2250738585072014e-308", "4.9406564584124654e-324",
        "2.4703282292062327e-324", "2.4703282292062328e-324", "1e-400", "3.4028235677973366e38",
        "3.4028235677973365e38", "16777217", "16777219", "33554435e-1",
        "1.00000005960464477539062500", "1.00000005960464477539062501",
        "123456789012345678901234567890123456789", "0.000000000000000000000000000000000000000012",
        "100000000000000000000000000000000000000000e-41", "1e-99999999999", "inf", "-Infinity",
        "INF", "6929495644600919.5",
        "3.237883913302901289588352412501532174863037669423108059901e-319",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        read_as_strtod(texts[i]);
    double v;
    ck_assert(reads("nan", &v) && isnan(v));
    ck_assert(reads("-0.0", &v) && signbit(v));
}
END_TEST

START_TEST(what_is_no_number_is_refused)
{
    static const char *const texts[] = {
        "", "-", "+", ".", "-.", "e5", ".e5", "1e", "1e+", "1e5.", "1.2.3", "1,000", " 1", "1 ",
        "0x10", "--1", "+-1", "1_000", "12345678a", "123456789012a", "infinit", "in", "nanx",
        "1e5x", "one", "1d5", "\xC2\xB2",
    };
    double v = 42;
    float f = 42;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        ck_assert_msg(!reads(texts[i], &v), "%s", texts[i]);
        ck_assert(!mlp_num_f32(mlp_str_from(texts[i]), &f));
    }
    ck_assert(!mlp_num_f64((struct mlp_str){"1\0", 2}, &v));
    ck_assert(!mlp_num_f64((struct mlp_str){NULL, 0}, &v));
    ck_assert(v == 42 && f == 42);
}
END_TEST

/* 1 + 2^-53 lies half way between two doubles; a digit far behind decides. */
START_TEST(thousands_of_digits_round_right)
{
    char text[2100] = "1.00000000000000011102230246251565404236316680908203125";
    size_t n = strlen(text);
    read_as_strtod(text);
    memset(text + n, '0', 1900);
    text[n + 1900] = '\0';
    read_as_strtod(text);
    text[n + 1899] = '1';
    read_as_strtod(text);
    double v;
    ck_assert(reads(text, &v) && v > 1.0);
    memset(text, '0', 2000);
    memcpy(text + 2000, "1e2000", 7);
    read_as_strtod(text);
    text[1] = '.';
    ck_assert(reads(text, &v) && v == 10);
}
END_TEST

/* Mantissas of all lengths at every power of ten that a double knows: all rows of the table. */
START_TEST(every_power_of_ten_is_right)
{
    struct mlp_rng rng;
    char text[64];
    mlp_rng_init(&rng, 5);
    for (int q = -345; q <= 310; q++)
        for (unsigned i = 0; i < 20; i++) {
            unsigned long long m = mlp_rng_u64(&rng) >> (mlp_rng_u64(&rng) % 64);
            snprintf(text, sizeof text, "%llue%d", m, q);
            read_as_strtod(text);
        }
}
END_TEST

static const struct {
    double v;
    const char *text;
} reprs[] = {
    {0.0, "0.0"}, {-0.0, "-0.0"}, {0.1, "0.1"}, {100, "100.0"}, {1e-5, "1e-05"}, {1e16, "1e+16"},
    {9999999999999998, "9999999999999998.0"}, {1e15, "1000000000000000.0"}, {1e100, "1e+100"},
    {0.0001, "0.0001"}, {0.00012345, "0.00012345"}, {1.5e-7, "1.5e-07"}, {123456.789, "123456.789"},
    {1.0 / 3, "0.3333333333333333"}, {2.0 / 3, "0.6666666666666666"}, {5e-324, "5e-324"},
    {1.7976931348623157e308, "1.7976931348623157e+308"}, {9007199254740992, "9007199254740992.0"},
    {2.2250738585072014e-308, "2.2250738585072014e-308"},
    {9.5367431640625e-07, "9.5367431640625e-07"},
    {1.2345e22, "1.2345e+22"}, {INFINITY, "inf"}, {-INFINITY, "-inf"}, {NAN, "nan"},
    {-1.25, "-1.25"}, {2e-44, "2e-44"}, {9e15, "9000000000000000.0"}, {1e23, "1e+23"},
};

START_TEST(numbers_print_as_repr_does)
{
    char text[32];
    for (size_t i = 0; i < sizeof reprs / sizeof *reprs; i++) {
        ck_assert_uint_eq(mlp_num_print_f64(reprs[i].v, text), strlen(reprs[i].text));
        ck_assert_str_eq(text, reprs[i].text);
    }
    mlp_num_print_f32(0.1f, text);
    ck_assert_str_eq(text, "0.1");
    mlp_num_print_f32(16777216.0f, text);
    ck_assert_str_eq(text, "16777216.0");
    mlp_num_print_f32(1e-45f, text);
    ck_assert_str_eq(text, "1e-45");
    mlp_num_print_f32(3.4028235e38f, text);
    ck_assert_str_eq(text, "3.4028235e+38");
    mlp_num_print_f32(-INFINITY, text);
    ck_assert_str_eq(text, "-inf");
}
END_TEST

/* Digits that count in a printed number. */
static size_t digits_in(const char *z)
{
    size_t n = 0, zeros = 0;
    for (; *z && *z != 'e'; z++) {
        if (*z < '0' || *z > '9' || (*z == '0' && n == 0))
            continue;
        n++;
        zeros = *z == '0' ? zeros + 1 : 0;
    }
    return n - zeros;
}

static void print_shortest(double v)
{
    char text[32], other[40];
    double again;
    mlp_num_print_f64(v, text);
    ck_assert(reads(text, &again));
    ck_assert_msg(memcmp(&again, &v, sizeof v) == 0, "%a printed %s", v, text);
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(other, sizeof other, "%.*e", digits - 1, v);
        if (strtod(other, NULL) == v)
            break;
    }
    ck_assert_msg(digits_in(text) <= digits_in(other), "%s is longer than %s", text, other);
}

START_TEST(random_numbers_print_shortest_and_read_back)
{
    struct mlp_rng rng;
    mlp_rng_init(&rng, 7);
    for (unsigned i = 0; i < 20000; i++) {
        uint64_t bits = mlp_rng_u64(&rng);
        double v;
        memcpy(&v, &bits, sizeof v);
        if (i % 3 == 1)
            v = (double)(bits % 100000000) / 1000;
        if (isfinite(v))
            print_shortest(v);
        uint32_t half = (uint32_t)bits;
        float f, again;
        char text[32];
        memcpy(&f, &half, sizeof f);
        if (isnan(f))
            continue;
        size_t n = mlp_num_print_f32(f, text);
        ck_assert(mlp_num_f32((struct mlp_str){text, n}, &again));
        ck_assert_msg(memcmp(&f, &again, sizeof f) == 0, "%a printed %s", (double)f, text);
        ck_assert(!isfinite(f) || digits_in(text) <= 9);
        read_as_strtod(text);
    }
}
END_TEST

/* All powers of two: there the gap below is half the gap above. */
START_TEST(powers_of_two_print_shortest)
{
    for (int e = -1074; e <= 1023; e++)
        print_shortest(ldexp(1, e));
}
END_TEST

/* JSON. */

static enum mlp_code tokens_of(const char *z, bool nonfinite, char *shape, struct mlp_err *e)
{
    struct mlp_json j;
    struct mlp_json_token t;
    mlp_err_init(e);
    mlp_json_init(&j, mlp_str_from(z), 8);
    j.allow_nonfinite = nonfinite;
    for (;;) {
        enum mlp_code code = mlp_json_next(&j, &t, e);
        *shape = '\0';
        if (code != MLP_OK || t.type == MLP_JSON_END)
            return code;
        *shape++ = "?{}[]ksntf0"[t.type];
    }
}

START_TEST(tokens_come_in_order)
{
    char shape[64];
    struct mlp_err e;
    const char *text = " {\"a\" : [1, -2.5e+3, true,false,null, \"x\"], \"b\":{}, \"c\":[ ] }\r\n";
    ck_assert_int_eq(tokens_of(text, false, shape, &e), MLP_OK);
    ck_assert_str_eq(shape, "{k[nntf0s]k{}k[]}");
    ck_assert_int_eq(tokens_of("[NaN,-Infinity,Infinity,1]", true, shape, &e), MLP_OK);
    ck_assert_str_eq(shape, "[nnnn]");
    ck_assert_int_eq(tokens_of("[NaN]", false, shape, &e), MLP_EINPUT);
    ck_assert_int_eq(tokens_of("[-Infinity]", false, shape, &e), MLP_EINPUT);
    ck_assert_int_eq(tokens_of("[Nan]", true, shape, &e), MLP_EINPUT);
    ck_assert_int_eq(tokens_of("\"text alone\"", false, shape, &e), MLP_OK);
}
END_TEST

static const struct {
    const char *text, *error;
} json_errors[] = {
    {"", "1:1: expected a value, but the text ends here"},
    {"\n\n [1,", "3:5: expected a value, but the text ends here"},
    {"[1 2]", "1:4: expected ',' or ']', found '2'"},
    {"[1,]", "1:4: expected a value, found ']'"},
    {"[01]", "1:2: a number must not start with 0"},
    {"[1.]", "1:4: expected a digit after the point, found ']'"},
    {"[1e]", "1:4: expected a digit of the exponent, found ']'"},
    {"[-a]", "1:3: expected a digit, found 'a'"},
    {"{\"a\":1,}", "1:8: expected a name in double quotes, found '}'"},
    {"{\"a\" 1}", "1:6: expected ':' after the name, found '1'"},
    {"{\n\"a\":1\n]", "3:1: expected ',' or '}', found ']'"},
    {"[\"a", "1:2: the string that starts here has no closing quote"},
    {"[\"\\x\"]", "1:4: expected one of \" \\ / b f n r t u after the backslash, found 'x'"},
    {"[\"a\tb\"]", "1:4: control character 0x09 in a string: write it as \\u0009"},
    {"[\"\xC3(\"]", "1:3: byte 0xc3 is not UTF-8"},
    {"[\"\x80\"]", "1:3: byte 0x80 is not UTF-8"},
    {"[\"12345678\xFF\"]", "1:11: byte 0xff is not UTF-8"},
    {"[\"\\uD800\"]", "1:3: \\uD800 is half of a surrogate pair"},
    {"[\"\\uD800\\u0041\"]", "1:3: \\uD800 is half of a surrogate pair"},
    {"[\"\\uDC00\"]", "1:3: \\uDC00 is half of a surrogate pair"},
    {"[\"\\u12G4\"]", "1:3: \\u needs four hexadecimal digits"},
    {"[tru]", "1:2: expected a value (text goes in double quotes), found 't'"},
    {"{} {}", "1:4: expected nothing after the document, found '{'"},
    {"\xEF\xBB\xBF{}", "1:1: expected a value, found a byte order mark"},
    {"[[[[[[[[[1]]]]]]]]]", "1:9: nested deeper than 8 levels"},
};

START_TEST(json_errors_name_the_place)
{
    char shape[64], text[512];
    struct mlp_err e;
    for (size_t i = 0; i < sizeof json_errors / sizeof *json_errors; i++) {
        ck_assert_int_eq(tokens_of(json_errors[i].text, false, shape, &e), MLP_EINPUT);
        mlp_err_format(&e, text, sizeof text);
        /* Without a source the place comes first. */
        const char *found = strstr(text, json_errors[i].error);
        ck_assert_msg(found != NULL, "%s: %s", json_errors[i].text, text);
        ck_assert(e.offset != MLP_NO_OFFSET);
    }
}
END_TEST

START_TEST(values_are_skipped_whole)
{
    struct mlp_json j;
    struct mlp_json_token t;
    mlp_json_init(&j, MLP_STR("[{\"a\":[1,{\"b\":2}],\"c\":[]},7]"), 512);
    ck_assert_int_eq(mlp_json_next(&j, &t, NULL), MLP_OK);
    ck_assert_int_eq(mlp_json_next(&j, &t, NULL), MLP_OK);
    ck_assert_int_eq(t.type, MLP_JSON_OBJECT);
    ck_assert_int_eq(mlp_json_skip(&j, &t, NULL), MLP_OK);
    ck_assert_int_eq(mlp_json_next(&j, &t, NULL), MLP_OK);
    ck_assert_int_eq(t.type, MLP_JSON_NUMBER);
    ck_assert(mlp_str_is(t.raw, "7"));
    ck_assert_uint_eq(t.offset, 26);
    ck_assert_int_eq(mlp_json_skip(&j, &t, NULL), MLP_OK);
    ck_assert_int_eq(mlp_json_next(&j, &t, NULL), MLP_OK);
    ck_assert_int_eq(t.type, MLP_JSON_ARRAY_END);
}
END_TEST

START_TEST(escapes_become_utf8)
{
    struct mlp_buf b;
    mlp_buf_init(&b, 100);
    mlp_json_unescape(MLP_STR("a\\n\\\"\\/\\\\\\u0041\\u00e9\\u20AC\\uD83D\\uDE00"
                              "\\b\\f\\r\\tz"), &b);
    ck_assert_str_eq(b.p, "a\n\"/\\A\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\b\f\r\tz");
    mlp_buf_reset(&b);
    mlp_json_unescape(MLP_STR("\\u0000"), &b);
    ck_assert_uint_eq(b.n, 1);
    mlp_buf_fini(&b);
}
END_TEST

static void write_sample(struct mlp_json_out *o)
{
    mlp_json_open(o, '{');
    mlp_json_key(o, "a");
    mlp_json_open(o, '[');
    mlp_json_i64(o, INT64_MIN);
    mlp_json_u64(o, UINT64_MAX);
    mlp_json_f64(o, 100);
    mlp_json_f64(o, 1e-5);
    mlp_json_f64(o, NAN);
    mlp_json_close(o, ']');
    mlp_json_key_str(o, MLP_STR("b\n"));
    mlp_json_text(o, "x\"y\x01");
    mlp_json_key(o, "c");
    mlp_json_open(o, '{');
    mlp_json_close(o, '}');
    mlp_json_key(o, "d");
    mlp_json_text(o, NULL);
    mlp_json_key(o, "e");
    mlp_json_raw(o, MLP_STR("[1]"));
    mlp_json_key(o, "f");
    mlp_json_bool(o, true);
    mlp_json_close(o, '}');
}

START_TEST(the_writer_puts_commas_and_lines)
{
    struct mlp_buf b;
    struct mlp_json_out o;
    mlp_buf_init(&b, 1000);
    mlp_json_out_init(&o, &b, 0);
    write_sample(&o);
    ck_assert_str_eq(b.p, "{\"a\":[-9223372036854775808,18446744073709551615,100,1e-05,null],"
                          "\"b\\n\":\"x\\\"y\\u0001\",\"c\":{},\"d\":null,\"e\":[1],\"f\":true}");
    mlp_buf_reset(&b);
    mlp_json_out_init(&o, &b, 2);
    mlp_json_open(&o, '{');
    mlp_json_key(&o, "a");
    mlp_json_open(&o, '[');
    mlp_json_i64(&o, 1);
    mlp_json_i64(&o, 2);
    mlp_json_close(&o, ']');
    mlp_json_key(&o, "b");
    mlp_json_open(&o, '[');
    mlp_json_close(&o, ']');
    mlp_json_close(&o, '}');
    ck_assert_str_eq(b.p, "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": []\n}");
    mlp_buf_fini(&b);
}
END_TEST

/* Documents. */

static enum mlp_code parse(struct mlp_doc *d, bool yaml, const char *z, struct mlp_err *e)
{
    mlp_err_init(e);
    mlp_doc_init(d, "doc", (size_t)1 << 20);
    struct mlp_str text = mlp_str_from(z);
    return yaml ? mlp_doc_parse_yaml(d, text, e) : mlp_doc_parse_json(d, text, e);
}

/* The document as canonical JSON, or its error. */
static const char *as_json(bool yaml, const char *z, struct mlp_buf *b)
{
    struct mlp_doc d;
    struct mlp_err e;
    mlp_buf_reset(b);
    if (parse(&d, yaml, z, &e) == MLP_OK) {
        mlp_node_write_json(d.root, b, 0, true);
    } else {
        char text[1024];
        mlp_err_format(&e, text, sizeof text);
        mlp_buf_adds(b, text);
    }
    mlp_doc_fini(&d);
    return b->p;
}

static const struct {
    bool yaml;
    const char *text, *json;
} documents[] = {
    {false, "{\"b\":1,\"a\":[true,null,\"\\u00e9\"],\"\":0}",
     "{\"\":0,\"a\":[true,null,\"\xC3\xA9\"],\"b\":1}"},
    {false, "[9223372036854775807,-9223372036854775808,18446744073709551615,18446744073709551616]",
     "[9223372036854775807,-9223372036854775808,18446744073709551615,1.8446744073709552e+19]"},
    {false, "[9007199254740993, -0, -0.0, 1E2, 0.10]", "[9007199254740993,-0,-0,100,0.1]"},
    {false, "{\"a\":1,\n \"a\":2}", "doc:2:2: the name \"a\" is already at line 1"},
    {false, "[1e400]", "doc:1:2: 1e400 is beyond the range of a double"},
    {false, "[1,", "doc:1:4: expected a value, but the text ends here"},
    {true, "a: 1\nb: [x, 'y', \"z\"]\n", "{\"a\":1,\"b\":[\"x\",\"y\",\"z\"]}"},
    {true, "[yes, No, on, true, False, TRUE, ~, null, '', 'true', 0x1f, 0o17, 0x, 1_0]",
     "[\"yes\",\"No\",\"on\",true,false,true,null,null,\"\",\"true\",31,15,\"0x\",\"1_0\"]"},
    {true, "[1, +2, -3, 1.5, .5, 5., 1e3, 007, 2013-01-31, 1.2.3, nan, inf, -.inf, .nan]",
     "[1,2,-3,1.5,0.5,5,1000,7,\"2013-01-31\",\"1.2.3\",\"nan\",\"inf\",null,null]"},
    {true, "[0xffffffffffffffff, 0x10000000000000000, 18446744073709551615]",
     "[18446744073709551615,\"0x10000000000000000\",18446744073709551615]"},
    {true, "a: &x {k: [1]}\nb: *x\nc: [*x, *x]\n",
     "{\"a\":{\"k\":[1]},\"b\":{\"k\":[1]},\"c\":[{\"k\":[1]},{\"k\":[1]}]}"},
    {true, "a: &x 1\nb: &x 2\nc: *x\n", "{\"a\":1,\"b\":2,\"c\":2}"},
    {true, "&k key: 1\nb: *k\n", "{\"b\":\"key\",\"key\":1}"},
    {true, "a: |\n  one\n  two\nb: >\n  one\n  two\n",
     "{\"a\":\"one\\ntwo\\n\",\"b\":\"one two\\n\"}"},
    {true, "a: !!str 1\nb: !!int 2\nc: !!float 3\nd: !!null ~\n",
     "{\"a\":\"1\",\"b\":2,\"c\":3,\"d\":null}"},
    {true, "", "null"},
    {true, "# nothing\n", "null"},
    {true, "a:\nb: 1\n", "{\"a\":null,\"b\":1}"},
    {true, "a: 1\nb: 2\na: 3\n", "doc:3:1: the name \"a\" is already at line 1"},
    {true, "a: &x [*x]\n", "doc:1:8: the alias *x stands inside what it names"},
    {true, "a: *x\n", "doc:1:4: no anchor &x before this alias"},
    {true, "b: {<<: 1}\n", "doc:1:5: merge keys (<<) are not supported"},
    {true, "'<<': 1\n", "{\"<<\":1}"},
    {true, "? [a]\n: 1\n", "doc:1:3: expected a name, found a list"},
    {true, "a: !!int x\n", "doc:1:4: \"x\" with the tag tag:yaml.org,2002:int cannot be read"},
    {true, "a: !mine x\n", "doc:1:4: \"x\" with the tag !mine cannot be read"},
    {true, "a: !mine [x]\n", "doc:1:4: the tag !mine is not supported"},
    {true, "a: 1\n---\nb: 1\n", "doc:2:1: a second document: one is expected"},
    {true, "a: 1e999\n", "doc:1:4: 1e999 is beyond the range of a double"},
    {true, "a:\n\t- b\n",
     "doc:2:1: found character that cannot start any token while scanning for the next token"},
    {true, "a: \xFFz\n", "doc:1:4: invalid leading UTF-8 octet"},
};

START_TEST(documents_are_read_or_refused)
{
    struct mlp_buf b;
    mlp_buf_init(&b, (size_t)1 << 20);
    for (size_t i = 0; i < sizeof documents / sizeof *documents; i++)
        ck_assert_str_eq(as_json(documents[i].yaml, documents[i].text, &b), documents[i].json);
    mlp_buf_fini(&b);
}
END_TEST

START_TEST(duplicates_are_found_in_large_maps)
{
    struct mlp_buf text, b;
    mlp_buf_init(&text, 100000);
    mlp_buf_init(&b, 100000);
    mlp_buf_adds(&text, "{");
    for (unsigned i = 0; i < 500; i++)
        mlp_buf_addf(&text, "\"k%u\":%u,\n", i * 7919 % 500, i);
    mlp_buf_adds(&text, "\"last\":0}");
    ck_assert(as_json(false, text.p, &b)[0] == '{');
    text.n -= 9;
    mlp_buf_adds(&text, "\"k0\":0}");
    ck_assert_str_eq(as_json(false, text.p, &b), "doc:501:1: the name \"k0\" is already at line 1");
    mlp_buf_fini(&text);
    mlp_buf_fini(&b);
}
END_TEST

START_TEST(an_alias_bomb_meets_the_limit)
{
    struct mlp_buf text, b;
    mlp_buf_init(&text, 100000);
    mlp_buf_init(&b, 100000);
    mlp_buf_adds(&text, "l0: &l0 [x,x,x,x,x,x,x,x]\n");
    for (unsigned i = 1; i < 10; i++)
        mlp_buf_addf(&text, "l%u: &l%u [*l%u,*l%u,*l%u,*l%u,*l%u,*l%u,*l%u,*l%u]\n", i, i, i - 1,
                     i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
    ck_assert_str_eq(as_json(true, text.p, &b),
                     "doc: the document needs more than its limit of 1048576 bytes");
    mlp_buf_fini(&text);
    mlp_buf_fini(&b);
}
END_TEST

static void nest(struct mlp_buf *b, size_t depth, const char *inside)
{
    for (size_t i = 0; i < depth; i++)
        mlp_buf_addc(b, '[');
    mlp_buf_adds(b, inside);
    for (size_t i = 0; i < depth; i++)
        mlp_buf_addc(b, ']');
}

START_TEST(nesting_is_bounded)
{
    struct mlp_buf text, b;
    mlp_buf_init(&text, 10000);
    mlp_buf_init(&b, 10000);
    for (int yaml = 0; yaml <= 1; yaml++) {
        mlp_buf_reset(&text);
        nest(&text, 512, "");
        ck_assert_str_eq(as_json(yaml, text.p, &b), text.p);
        mlp_buf_reset(&text);
        nest(&text, 513, "");
        ck_assert_str_eq(as_json(yaml, text.p, &b), "doc:1:513: nested deeper than 512 levels");
    }
    mlp_buf_reset(&text);
    mlp_buf_adds(&text, "- &a ");
    nest(&text, 300, "");
    mlp_buf_adds(&text, "\n- ");
    nest(&text, 300, "*a");
    ck_assert_str_eq(as_json(true, text.p, &b), "doc:2:303: nested deeper than 512 levels");
    mlp_buf_fini(&text);
    mlp_buf_fini(&b);
}
END_TEST

START_TEST(nodes_are_found_with_defaults)
{
    struct mlp_doc d;
    struct mlp_err e;
    ck_assert_int_eq(parse(&d, true, "a:\n  b: {c: 7, s: x, r: 2.0, t: true}\nl: [5, 6]\n", &e),
                     MLP_OK);
    struct mlp_node *b = mlp_node_path(d.root, "a", "b", NULL);
    ck_assert_ptr_nonnull(b);
    ck_assert_uint_eq(b->line, 2);
    ck_assert_uint_eq(b->column, 3);
    ck_assert_int_eq(mlp_node_int(mlp_node_get(b, "c"), 0), 7);
    ck_assert_int_eq(mlp_node_int(mlp_node_get(b, "r"), 0), 2);
    ck_assert_int_eq(mlp_node_int(mlp_node_get(b, "s"), -1), -1);
    ck_assert(mlp_node_num(mlp_node_get(b, "c"), 0) == 7);
    ck_assert(mlp_node_num(mlp_node_get(b, "none"), 0.5) == 0.5);
    ck_assert(mlp_str_is(mlp_node_str(mlp_node_get(b, "s"), "?"), "x"));
    ck_assert(mlp_str_is(mlp_node_str(mlp_node_get(b, "c"), "?"), "?"));
    ck_assert(mlp_node_bool(mlp_node_get(b, "t"), false));
    ck_assert_int_eq(mlp_node_int(mlp_node_at(mlp_node_get(d.root, "l"), 1), 0), 6);
    ck_assert_ptr_null(mlp_node_at(mlp_node_get(d.root, "l"), 2));
    ck_assert_ptr_null(mlp_node_path(d.root, "a", "x", "c", NULL));
    ck_assert_ptr_null(mlp_node_get(NULL, "a"));
    mlp_doc_fini(&d);
}
END_TEST

START_TEST(unknown_keys_are_named_with_the_nearest)
{
    static const char *const known[] = {"columns", "rows", NULL};
    struct mlp_doc d;
    struct mlp_err e;
    char text[512];
    ck_assert_int_eq(parse(&d, true, "rows: 1\ncolums: 2\n", &e), MLP_OK);
    ck_assert_int_eq(mlp_node_known(&d, d.root, known, &e), MLP_EINPUT);
    mlp_err_format(&e, text, sizeof text);
    ck_assert_str_eq(text, "doc:2:1: unknown key \"colums\", did you mean \"columns\"?");
    ck_assert_int_eq(mlp_node_known(&d, d.root, known, NULL), MLP_EINPUT);
    ck_assert_int_eq(mlp_node_known(&d, mlp_node_get(d.root, "rows"), known, NULL), MLP_OK);
    mlp_doc_fini(&d);
}
END_TEST

/* What is hard to write in YAML: texts that look like something else, odd characters. */
static struct mlp_node *hard_tree(struct mlp_doc *d)
{
    static const char *const texts[] = {
        "", "yes", "No", "null", "~", "1", "1.0", "0x1", ".inf", "-", "- a", "a: b", "a:", "a #b",
        "#", "[", "{", "*a", "&a", "!a", "|", ">", "%", "@", "`", "'", "\"", "\\", " a", "a ",
        "a  b", "a\nb", "\t", "\x01", "\x7F", "\xC2\x85", "\xE2\x80\xA8", "\xEF\xBB\xBF",
        "\xC3\xA9", "a,b", "---", "...", "plain text", "sha256:0a", "http://x/y", "y", "=", "<<",
    };
    struct mlp_node *map = mlp_doc_new(d, MLP_DOC_MAP);
    struct mlp_node *list = mlp_node_put(d, map, "texts", mlp_doc_new(d, MLP_DOC_LIST));
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        mlp_node_push(list, mlp_doc_new_text(d, texts[i]));
        mlp_node_put(d, map, texts[i], mlp_doc_new_int(d, (int64_t)i));
    }
    char name[1500];
    memset(name, 'k', sizeof name);
    name[sizeof name - 1] = '\0';
    struct mlp_node *inner = mlp_node_put(d, map, name, mlp_doc_new(d, MLP_DOC_MAP));
    mlp_node_put(d, inner, "list", mlp_doc_new(d, MLP_DOC_LIST));
    mlp_node_put(d, inner, "map", mlp_doc_new(d, MLP_DOC_MAP));
    mlp_node_put(d, inner, "real", mlp_doc_new_num(d, 1e-7));
    mlp_node_put(d, inner, "bool", mlp_doc_new_bool(d, false));
    mlp_node_put(d, inner, "null", mlp_doc_new(d, MLP_DOC_NULL));
    struct mlp_node *pair = mlp_node_push(list, mlp_doc_new(d, MLP_DOC_MAP));
    mlp_node_put(d, pair, "x", mlp_doc_new_int(d, 1));
    mlp_node_put(d, pair, "y", mlp_doc_new_int(d, 2));
    return map;
}

START_TEST(built_trees_read_back_from_json_and_yaml)
{
    struct mlp_doc built, again;
    struct mlp_err e;
    struct mlp_buf text, want, got;
    mlp_doc_init(&built, "built", (size_t)1 << 20);
    mlp_buf_init(&text, 100000);
    mlp_buf_init(&want, 100000);
    mlp_buf_init(&got, 100000);
    built.root = hard_tree(&built);
    mlp_node_write_json(built.root, &want, 0, true);
    for (int yaml = 0; yaml <= 1; yaml++) {
        mlp_buf_reset(&text);
        mlp_buf_reset(&got);
        if (yaml)
            mlp_node_write_yaml(built.root, &text);
        else
            mlp_node_write_json(built.root, &text, 4, false);
        ck_assert_msg(parse(&again, yaml, text.p, &e) == MLP_OK, "%s in\n%s", e.message, text.p);
        mlp_node_write_json(again.root, &got, 0, true);
        ck_assert_str_eq(got.p, want.p);
        mlp_doc_fini(&again);
    }
    mlp_doc_fini(&built);
    mlp_buf_fini(&text);
    mlp_buf_fini(&want);
    mlp_buf_fini(&got);
}
END_TEST

START_TEST(yaml_is_written_plainly)
{
    struct mlp_doc d;
    struct mlp_err e;
    struct mlp_buf b;
    const char *text = "name: a b\n"
                       "list:\n  - 1\n  - x: 1.0\n    \"y\": []\n  - - \"no\"\nempty: {}\n";
    mlp_buf_init(&b, 1000);
    ck_assert_int_eq(parse(&d, true, text, &e), MLP_OK);
    mlp_node_write_yaml(d.root, &b);
    ck_assert_str_eq(b.p, text);
    mlp_buf_fini(&b);
    mlp_doc_fini(&d);
}
END_TEST

START_TEST(builders_take_null_and_stop_at_the_limit)
{
    struct mlp_doc d;
    mlp_doc_init(&d, "small", 4096);
    struct mlp_node *list = mlp_doc_new(&d, MLP_DOC_LIST);
    ck_assert_ptr_null(mlp_node_push(list, NULL));
    ck_assert_ptr_null(mlp_node_put(&d, NULL, "a", list));
    size_t n = 0;
    while (n < 1000 && mlp_node_push(list, mlp_doc_new_text(&d, "some text")))
        n++;
    ck_assert_uint_gt(n, 10);
    ck_assert_uint_lt(n, 1000);
    ck_assert_uint_eq(list->u.count, n);
    mlp_doc_fini(&d);
}
END_TEST

START_TEST(files_are_told_apart)
{
    struct mlp_doc d;
    struct mlp_err e;
    char path[] = "/tmp/mlp-unit-XXXXXX.yaml", message[512];
    int fd = mkstemps(path, 5);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, "{a: 1}", 6), 6);
    close(fd);
    mlp_err_init(&e);
    mlp_doc_init(&d, "", 65536);
    ck_assert_int_eq(mlp_doc_load(&d, path, 65536, &e), MLP_OK);
    ck_assert_int_eq(mlp_node_int(mlp_node_get(d.root, "a"), 0), 1);
    ck_assert_str_eq(d.source, path);
    mlp_doc_fini(&d);
    ck_assert_int_eq(mlp_doc_load(&d, path, 3, &e), MLP_EINPUT);
    unlink(path);
    mlp_err_init(&e);
    ck_assert_int_eq(mlp_doc_load(&d, path, 65536, &e), MLP_ENOTFOUND);
    mlp_err_format(&e, message, sizeof message);
    ck_assert_ptr_nonnull(strstr(message, path));
    mlp_doc_fini(&d);
}
END_TEST

/* HTML and Prometheus. */

START_TEST(html_is_escaped)
{
    struct mlp_buf b;
    mlp_buf_init(&b, 1000);
    mlp_html_add(&b, MLP_STR("<a href=\"x\">'&'\t\n\x01 \xC3\xA9 \xFF \xEF\xBF\xBF</a>"));
    ck_assert_str_eq(b.p, "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;\t\n\xEF\xBF\xBD \xC3\xA9 "
                          "\xEF\xBF\xBD \xEF\xBF\xBD&lt;/a&gt;");
    mlp_buf_fini(&b);
}
END_TEST

START_TEST(prometheus_text_is_escaped)
{
    struct mlp_buf b;
    struct mlp_prom_label labels[] = {
        {"route", MLP_STR("a\"b\\c\nd")}, {"junk", MLP_STR("\xFF")}, {NULL, {NULL, 0}}};
    mlp_buf_init(&b, 1000);
    mlp_prom_head(&b, "mlp_up", "gauge", "is \"up\"\nor \\ not");
    mlp_prom_sample(&b, "mlp_up", NULL, 1);
    mlp_prom_sample(&b, "mlp_up", labels, 0.25);
    mlp_prom_sample(&b, "mlp_up", labels + 2, INFINITY);
    mlp_prom_sample(&b, "mlp_up", NULL, -INFINITY);
    mlp_prom_sample(&b, "mlp_up", NULL, NAN);
    ck_assert_str_eq(b.p, "# HELP mlp_up is \"up\"\\nor \\\\ not\n# TYPE mlp_up gauge\nmlp_up 1\n"
                          "mlp_up{route=\"a\\\"b\\\\c\\nd\",junk=\"\xEF\xBF\xBD\"} 0.25\n"
                          "mlp_up +Inf\nmlp_up -Inf\nmlp_up NaN\n");
    mlp_buf_fini(&b);
}
END_TEST

static TCase *number_cases(void)
{
    TCase *c = tcase_create("num");
    tcase_set_timeout(c, 60);
    tcase_add_test(c, numbers_are_read_as_strtod_does);
    tcase_add_test(c, what_is_no_number_is_refused);
    tcase_add_test(c, thousands_of_digits_round_right);
    tcase_add_test(c, every_power_of_ten_is_right);
    tcase_add_test(c, numbers_print_as_repr_does);
    tcase_add_test(c, random_numbers_print_shortest_and_read_back);
    tcase_add_test(c, powers_of_two_print_shortest);
    return c;
}

static TCase *json_cases(void)
{
    TCase *c = tcase_create("json");
    tcase_add_test(c, tokens_come_in_order);
    tcase_add_test(c, json_errors_name_the_place);
    tcase_add_test(c, values_are_skipped_whole);
    tcase_add_test(c, escapes_become_utf8);
    tcase_add_test(c, the_writer_puts_commas_and_lines);
    return c;
}

static TCase *document_cases(void)
{
    TCase *c = tcase_create("doc");
    tcase_add_test(c, documents_are_read_or_refused);
    tcase_add_test(c, duplicates_are_found_in_large_maps);
    tcase_add_test(c, an_alias_bomb_meets_the_limit);
    tcase_add_test(c, nesting_is_bounded);
    tcase_add_test(c, nodes_are_found_with_defaults);
    tcase_add_test(c, unknown_keys_are_named_with_the_nearest);
    tcase_add_test(c, built_trees_read_back_from_json_and_yaml);
    tcase_add_test(c, yaml_is_written_plainly);
    tcase_add_test(c, builders_take_null_and_stop_at_the_limit);
    tcase_add_test(c, files_are_told_apart);
    return c;
}

Suite *suite_text(void)
{
    Suite *s = suite_create("text");
    TCase *marks = tcase_create("html");
    tcase_add_test(marks, html_is_escaped);
    tcase_add_test(marks, prometheus_text_is_escaped);
    suite_add_tcase(s, number_cases());
    suite_add_tcase(s, json_cases());
    suite_add_tcase(s, document_cases());
    suite_add_tcase(s, marks);
    return s;
}
