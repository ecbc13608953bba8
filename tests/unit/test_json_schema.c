/* JSON Schema: what the public test suite does not look at: faults and their places, limits, what
 * is refused, and numbers. */
#include "suites.h"

#include "rule/json_schema.h"

static struct mlp_doc doc, data;
static struct mlp_json_schema *schema;
static struct mlp_json_check *check;
static struct mlp_err err;

static void setup(void)
{
    mlp_err_init(&err);
    schema = NULL;
    ck_assert_int_eq(mlp_json_check_new(&check, &err), MLP_OK);
    mlp_doc_init(&doc, "schema.json", 1 << 20);
    mlp_doc_init(&data, "data.json", 1 << 22);
}

static void teardown(void)
{
    mlp_json_schema_free(schema);
    mlp_json_check_free(check);
    mlp_doc_fini(&doc);
    mlp_doc_fini(&data);
}

static enum mlp_code compile(const char *text)
{
    struct mlp_json_schema_options options = {MLP_JSON_DRAFT_2020, true};
    ck_assert_int_eq(mlp_doc_parse_json(&doc, mlp_str_from(text), &err), MLP_OK);
    return mlp_json_schema_new(&doc, doc.root, &options, &schema, &err);
}

static bool holds(const char *text)
{
    bool valid = false;
    mlp_doc_fini(&data);
    mlp_doc_init(&data, "data.json", 1 << 22);
    ck_assert_int_eq(mlp_doc_parse_json(&data, mlp_str_from(text), &err), MLP_OK);
    ck_assert_msg(mlp_json_check_value(check, schema, data.root, 10, &valid, &err) == MLP_OK, "%s",
                  err.message);
    return valid;
}

START_TEST(faults_have_places)
{
    size_t n;
    ck_assert_int_eq(compile("{\"properties\": {\"a/b\": {\"items\": {\"minimum\": 3}}},"
                             " \"required\": [\"id\"]}"), MLP_OK);
    ck_assert(!holds("{\"a/b\": [5, 1, 2]}"));
    const struct mlp_json_fault *f = mlp_json_check_faults(check, &n);
    ck_assert_uint_eq(n, 3);
    ck_assert(mlp_str_is(f[0].keyword, "required"));
    ck_assert(mlp_str_is(f[1].at, "/a/b/1"));
    ck_assert(mlp_str_is(f[1].schema, "/properties/a~1b/items/minimum"));
    ck_assert(mlp_str_is(f[2].words, "expected >= 3"));
}
END_TEST

START_TEST(numbers_are_exact)
{
    ck_assert_int_eq(compile("{\"minimum\": 9007199254740993, \"multipleOf\": 0.01}"), MLP_OK);
    ck_assert(!holds("9007199254740992"));
    ck_assert(holds("9007199254740993"));
    ck_assert(holds("18446744073709551615"));
    ck_assert(!holds("9007199254740992.0"));
    ck_assert(holds("1e300"));
}
END_TEST

START_TEST(decimals_are_multiples)
{
    ck_assert_int_eq(compile("{\"multipleOf\": 0.0001}"), MLP_OK);
    ck_assert(holds("0.0075"));
    ck_assert(!holds("0.00751"));
    ck_assert(holds("-19.9900"));
    ck_assert(!holds("1e-5"));
    ck_assert(holds("0"));
}
END_TEST

/* Each is refused, at its place and by its name. */
static const char *const refused[][2] = {
    {"{\"type\": \"text\"}", "type: expected null, boolean"},
    {"{\"minimum\": \"3\"}", "minimum: expected a number"},
    {"{\"multipleOf\": 0}", "above 0"},
    {"{\"minLength\": -1}", "0 or more"},
    {"{\"pattern\": \"(a\"}", "regular expression"},
    {"{\"pattern\": \"\\\\Z\"}", "ECMA 262"},
    {"{\"$ref\": \"#/nowhere\"}", "nothing in this document is"},
    {"{\"$ref\": \"https://example.com/x.json\"}", "nothing in this document is"},
    {"{\"properties\": []}", "properties: expected"},
    {"{\"properties\": {\"a\": 3}}", "a: expected a schema"},
    {"{\"required\": \"a\"}", "a list of names"},
    {"{\"$schema\": \"https://json-schema.org/draft/2019-09/schema\", \"$recursiveRef\": \"#\"}",
     "$recursiveRef is not supported"},
};

START_TEST(faulty_schemas_are_refused)
{
    ck_assert_int_eq(compile(refused[_i][0]), MLP_EINPUT);
    ck_assert_msg(strstr(err.message, refused[_i][1]), "%s", err.message);
    ck_assert_uint_eq(err.line, 1);
}
END_TEST

START_TEST(endless_references_end)
{
    bool valid;
    ck_assert_int_eq(compile("{\"$ref\": \"#/$defs/a\", \"$defs\": {\"a\": {\"$ref\": \"#\"}}}"),
                     MLP_OK);
    ck_assert_int_eq(mlp_json_check_value(check, schema, doc.root, 0, &valid, &err), MLP_EINPUT);
    ck_assert(strstr(err.message, "refer to itself"));
}
END_TEST

START_TEST(work_is_bounded)
{
    bool valid;
    /* 2^30 ways through thirty pairs of references. */
    struct mlp_buf b;
    mlp_buf_init(&b, 1 << 20);
    mlp_buf_adds(&b, "{\"$ref\": \"#/$defs/s0\", \"$defs\": {");
    for (int i = 0; i < 30; i++)
        mlp_buf_addf(&b, "\"s%d\": {\"allOf\": [{\"$ref\": \"#/$defs/s%d\"}, "
                     "{\"$ref\": \"#/$defs/s%d\"}]},", i, i + 1, i + 1);
    mlp_buf_adds(&b, "\"s30\": true}}");
    ck_assert_int_eq(compile(b.p), MLP_OK);
    ck_assert_int_eq(mlp_json_check_value(check, schema, doc.root, 0, &valid, &err), MLP_EINPUT);
    ck_assert(strstr(err.message, "steps"));
    mlp_buf_fini(&b);
}
END_TEST

Suite *suite_json_schema(void)
{
    Suite *s = suite_create("json_schema");
    TCase *t = tcase_create("evaluation");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, faults_have_places);
    tcase_add_test(t, numbers_are_exact);
    tcase_add_test(t, decimals_are_multiples);
    tcase_add_loop_test(t, faulty_schemas_are_refused, 0, sizeof refused / sizeof *refused);
    tcase_add_test(t, endless_references_end);
    tcase_add_test(t, work_is_bounded);
    suite_add_tcase(s, t);
    return s;
}
