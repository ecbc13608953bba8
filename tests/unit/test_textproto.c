/* The text format of protocol buffers: what is read, what is refused and where. */
#include "suites.h"

#include "text/textproto.h"

#include <math.h>
#include <stdlib.h>

static struct mlp_err err;

static enum mlp_code parse(struct mlp_doc *d, const char *text)
{
    size_t n = strlen(text);
    char *exact = malloc(n ? n : 1);
    ck_assert_ptr_nonnull(exact);
    memcpy(exact, text, n);
    mlp_err_init(&err);
    mlp_doc_init(d, "x.pbtxt", (size_t)1 << 20);
    enum mlp_code code = mlp_doc_parse_textproto(d, (struct mlp_str){exact, n}, &err);
    free(exact);
    return code;
}

/* The tree as JSON, on one line. */
static void reads_as(const char *text, const char *json)
{
    struct mlp_doc d;
    struct mlp_buf b;
    mlp_buf_init(&b, 1 << 20);
    ck_assert_msg(parse(&d, text) == MLP_OK, "%s: %s", text, err.message);
    mlp_node_write_json(d.root, &b, 0, false);
    ck_assert_str_eq(mlp_buf_str(&b).p, json);
    mlp_buf_fini(&b);
    mlp_doc_fini(&d);
}

START_TEST(messages_are_read)
{
    reads_as("", "{}");
    reads_as("# nothing\n", "{}");
    reads_as("a: 1", "{\"a\":[1]}");
    reads_as("a { b: 'x' } a: < b: \"y\" >; c {}", "{\"a\":[{\"b\":[\"x\"]},{\"b\":[\"y\"]}],"
                                                   "\"c\":[{}]}");
    reads_as("a: [1, 2], a: 3", "{\"a\":[1,2,3]}");
    reads_as("a: [] b: [{c: 1}, {c: 2}]", "{\"a\":[],\"b\":[{\"c\":[1]},{\"c\":[2]}]}");
    reads_as("[x.y/z.W] { a: b }", "{\"[x.y/z.W]\":[{\"a\":[\"b\"]}]}");
}
END_TEST

START_TEST(scalars_are_read)
{
    reads_as("a: true b: false c: True", "{\"a\":[true],\"b\":[false],\"c\":[\"True\"]}");
    reads_as("a: 0x1F b: -017 c: 1.5f d: -2e3 e: .5 f: 0",
             "{\"a\":[31],\"b\":[-15],\"c\":[1.5],\"d\":[-2000],\"e\":[0.5],\"f\":[0]}");
    reads_as("a: 18446744073709551615", "{\"a\":[18446744073709551615]}");
    reads_as("a: \"x\" 'y'\n # and\n \"z\"", "{\"a\":[\"xyz\"]}");
    reads_as("a: '\\x41\\102\\u00e9\\n\\'\\\"\\U0001F600'",
             "{\"a\":[\"AB\xC3\xA9\\n'\\\"\xF0\x9F\x98\x80\"]}");
}
END_TEST

START_TEST(infinities_are_numbers)
{
    struct mlp_doc d;
    ck_assert_int_eq(parse(&d, "a: inf b: -inf c: nan d: - 1"), MLP_OK);
    ck_assert(isinf(mlp_node_num(mlp_textproto_last(d.root, "a"), 0)));
    ck_assert(mlp_node_num(mlp_textproto_last(d.root, "b"), 0) == -INFINITY);
    ck_assert(isnan(mlp_node_num(mlp_textproto_last(d.root, "c"), 0)));
    ck_assert_int_eq(mlp_node_int(mlp_textproto_last(d.root, "d"), 0), -1);
    ck_assert_ptr_null(mlp_textproto_last(d.root, "e"));
    ck_assert_ptr_null(mlp_textproto_all(NULL, "e"));
    mlp_doc_fini(&d);
}
END_TEST

START_TEST(faults_have_a_place)
{
    static const struct {
        const char *text;
        unsigned line, column;
    } faults[] = {
        {"a", 1, 2}, {"a:", 1, 3}, {"a {", 1, 4}, {"a {\n b: 1\n", 3, 1}, {"a: 'x", 1, 6},
        {"a: 'x\n'", 1, 6}, {"}", 1, 1}, {"a: 1 }", 1, 6}, {"a { >", 1, 5}, {"a: [1", 1, 6},
        {"a: [1 2]", 1, 7}, {"a: '\\q'", 1, 7}, {"a: '\\xZ'", 1, 7}, {"a: '\\ud800'", 1, 11},
        {"a: '\\xff'", 1, 4}, {"a: '\\0'", 1, 4}, {"a: 1x", 1, 4}, {"a: 0x", 1, 4}, {"a: 09", 1, 4},
        {"a: --1", 1, 5}, {"a: -b", 1, 4}, {"[x: 1", 1, 1}, {"1: 1", 1, 1}, {"a: 1\nb c", 2, 3},
    };
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        struct mlp_doc d;
        ck_assert_msg(parse(&d, faults[i].text) == MLP_EINPUT, "%s is read", faults[i].text);
        ck_assert_msg(err.line == faults[i].line && err.column == faults[i].column,
                      "%s: %d:%d: %s", faults[i].text, (int)err.line, (int)err.column,
                      err.message);
        ck_assert_str_eq(err.source, "x.pbtxt");
        ck_assert_ptr_null(d.root);
        mlp_doc_fini(&d);
    }
}
END_TEST

START_TEST(nesting_is_bounded)
{
    struct mlp_doc d;
    char deep[101 * 2 + 1] = "";
    for (size_t i = 0; i < 101; i++)
        memcpy(deep + 2 * i, "a{", 2);
    ck_assert_int_eq(parse(&d, deep), MLP_EINPUT);
    ck_assert_ptr_nonnull(strstr(err.message, "100"));
    mlp_doc_fini(&d);
}
END_TEST

START_TEST(quoted_texts_read_back)
{
    struct mlp_doc d;
    struct mlp_buf b;
    static const char text[] = "a\"b\\c\n\t\x01\x7F\xC3\xA9";
    mlp_buf_init(&b, 1 << 10);
    mlp_buf_adds(&b, "a: ");
    mlp_textproto_quote(&b, MLP_STR(text));
    ck_assert_int_eq(parse(&d, mlp_buf_str(&b).p), MLP_OK);
    ck_assert_str_eq(mlp_textproto_last(d.root, "a")->text.p, text);
    mlp_doc_fini(&d);
    mlp_buf_fini(&b);
}
END_TEST

Suite *suite_textproto(void)
{
    Suite *s = suite_create("textproto");
    TCase *c = tcase_create("textproto");
    tcase_add_test(c, messages_are_read);
    tcase_add_test(c, scalars_are_read);
    tcase_add_test(c, infinities_are_numbers);
    tcase_add_test(c, faults_have_a_place);
    tcase_add_test(c, nesting_is_bounded);
    tcase_add_test(c, quoted_texts_read_back);
    suite_add_tcase(s, c);
    return s;
}
