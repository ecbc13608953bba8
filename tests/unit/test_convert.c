/* Writing ONNX: the wire format, graphs, and whole models (tests/conformance/convert asks ONNX
 * Runtime for their answers). */
#include "suites.h"

#include "base/file.h"
#include "model/convert.h"
#include "net/onnx.h"
#include "net/wire_write_onnx.h"

#include <stdlib.h>

#define FIXTURES "tests/fixtures/model/"

static struct mlp_arena arena;
static struct mlp_buf buf;
static struct mlp_err err;

static void setup(void)
{
    mlp_arena_init(&arena, (size_t)64 << 20);
    mlp_buf_init(&buf, (size_t)64 << 20);
    mlp_err_init(&err);
}

static void teardown(void)
{
    mlp_arena_fini(&arena);
    mlp_buf_fini(&buf);
}

static void holds(const struct mlp_buf *b, const char *want, size_t n)
{
    ck_assert_uint_eq(b->n, n);
    for (size_t i = 0; i < n; i++)
        ck_assert_msg(b->p[i] == want[i], "byte %zu is %02x, not %02x", i,
                      (unsigned)(unsigned char)b->p[i], (unsigned)(unsigned char)want[i]);
}
#define HOLDS(b, text) holds(b, text, sizeof(text) - 1)

/* The examples of protobuf.dev, "Encoding", and its edges. */
START_TEST(wire_fields)
{
    mlp_wire_int(&buf, 1, 150);
    mlp_wire_str(&buf, 2, mlp_str_from("testing"));
    mlp_wire_int(&buf, 16, 0);
    mlp_wire_int(&buf, 1, -2);
    mlp_wire_float(&buf, 3, 1.5f);
    HOLDS(&buf, "\x08\x96\x01\x12\x07testing\x80\x01\x00"
                "\x08\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01\x1d\x00\x00\xc0\x3f");
}
END_TEST

START_TEST(wire_messages)
{
    char long_text[131];
    memset(long_text, 'x', sizeof long_text - 1);
    long_text[130] = '\0';
    size_t outer = mlp_wire_open(&buf, 3), inner = mlp_wire_open(&buf, 1);
    mlp_wire_close(&buf, inner);
    inner = mlp_wire_open(&buf, 2);
    mlp_wire_text(&buf, 1, long_text);
    mlp_wire_close(&buf, inner);
    mlp_wire_close(&buf, outer);
    ck_assert_uint_eq(buf.n, 3 + 2 + 3 + 3 + 130);
    ck_assert_int_eq(memcmp(buf.p, "\x1a\x8a\x01\x0a\x00\x12\x85\x01\x0a\x82\x01xx", 13), 0);
}
END_TEST

START_TEST(wire_over_the_maximum)
{
    struct mlp_buf small;
    mlp_buf_init(&small, 4);
    size_t at = mlp_wire_open(&small, 1);
    mlp_wire_text(&small, 1, "too long");
    mlp_wire_close(&small, at);
    ck_assert(small.failed);
    mlp_buf_fini(&small);
}
END_TEST

/* What protobuf's own writer makes of the same ModelProto. */
static const char expected_model[] =
    "\x08\x0a\x12\x03mlp\x1a\x01\x31\x32\x00:\x91\x02\x0a\x10\x0a\x01X\x0a\x02"
    "t1\x12\x02t2\x22\x03\x41\x64\x64\x0ar\x0a\x02t2\x12\x02t4\x22\x0cLabelEnc"
    "oder*\x1d\x0a\x0d\x64\x65\x66\x61ult_int64\x18\xff\xff\xff\xff\xff\xff\xff"
    "\xff\xff\x01\xa0\x01\x02*\x16\x0a\x0ckeys_stringsJ\x01\x61J\x00\xa0\x01\x08"
    "*\x17\x0a\x0dvalues_int64s@\xac\x02@\x00\xa0\x01\x07:\x0a\x61i.onnx.ml\x0a"
    "!\x0a\x02t3\x0a\x02t4\x12\x02t5\x22\x06Gather*\x0b\x0a\x04\x61xis\x18\x00"
    "\xa0\x01\x02\x0a\x11\x0a\x02t5\x12\x01y\x22\x08Identity\x12\x05model*\x10"
    "\x10\x0b\x42\x02t1J\x08\x00\x00\x00\x00\x00\x00\xf0\x3f*\x11\x08\x02\x10\x08"
    "2\x02no2\x03yesB\x02t3Z\x15\x0a\x01X\x12\x10\x0a\x0e\x08\x0b\x12\x0a\x0a\x03"
    "\x12\x01N\x0a\x03\x08\xac\x02\x62\x10\x0a\x01y\x12\x0b\x0a\x09\x08\x08\x12"
    "\x05\x0a\x03\x12\x01NB\x04\x0a\x00\x10\x15\x42\x0e\x0a\x0a\x61i.onnx.ml\x10"
    "\x05r\x06\x0a\x01k\x12\x01v";

START_TEST(graph_as_protobuf_writes_it)
{
    static const struct mlp_str answers[] = {{"no", 2}, {"yes", 3}}, keys[] = {{"a", 1}, {"", 0}};
    static const int64_t codes[] = {300, 0};
    static const struct mlp_str key = {"k", 1}, value = {"v", 1};
    struct mlp_emit w;
    mlp_emit_init(&w, &arena, "t", 1 << 20);
    uint32_t x = mlp_emit_input(&w, mlp_str_from("X"), MLP_DT_DOUBLE, 300);
    uint32_t y = mlp_emit2(&w, "Add", x, mlp_emit_num(&w, 1));
    uint32_t table = mlp_emit_texts(&w, answers, 2);
    mlp_emit_attr_int(&w, "default_int64", -1);
    mlp_emit_attr_texts(&w, "keys_strings", keys, 2);
    mlp_emit_attr_ints(&w, "values_int64s", codes, 2);
    y = mlp_emit1(&w, "ml:LabelEncoder", y);
    mlp_emit_output(&w, mlp_str_from("y"), MLP_DT_STRING, 0, mlp_emit_gather(&w, table, y, 0));
    struct mlp_emit_about about = {.producer = mlp_str_from("mlp"), .version = mlp_str_from("1"),
                                   .graph = mlp_str_from("model"), .doc = mlp_str_from(""),
                                   .keys = &key, .values = &value, .n = 1};
    ck_assert_int_eq(mlp_emit_model(&w, &about, &buf, &err), MLP_OK);
    holds(&buf, expected_model, sizeof expected_model - 1);
    mlp_emit_fini(&w);
}
END_TEST

START_TEST(graph_over_the_maximum)
{
    struct mlp_emit w;
    struct mlp_emit_about about = {.producer = mlp_str_from("mlp")};
    double row[64] = {0};
    mlp_emit_init(&w, &arena, "t", 100);
    mlp_emit_row(&w, row, 64);
    ck_assert_int_eq(mlp_emit_model(&w, &about, &buf, &err), MLP_EINPUT);
    mlp_emit_fini(&w);
}
END_TEST

/* --- models --- */

static bool has(const struct mlp_buf *b, const char *text)
{
    return memmem(b->p, b->n, text, strlen(text)) != NULL;
}

static struct mlp_model *open_model(const char *path)
{
    struct mlp_model *m;
    ck_assert_msg(mlp_model_open(path, NULL, &m, &err) == MLP_OK, "%s: %s", path, err.message);
    return m;
}

START_TEST(model_twice_the_same)
{
    static const char *const paths[] = {FIXTURES "trees.joblib", FIXTURES "forest.joblib",
                                        FIXTURES "strict.joblib"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct mlp_model *m = open_model(paths[i]);
        struct mlp_convert_options o = {.digest = mlp_str_from("sha256:00"),
                                        .version = mlp_str_from("9")};
        struct mlp_buf again;
        mlp_buf_init(&again, 1 << 24);
        mlp_buf_reset(&buf);
        ck_assert_int_eq(mlp_model_convert(m, &o, &buf, &err), MLP_OK);
        ck_assert_int_eq(mlp_model_convert(m, &o, &again, &err), MLP_OK);
        holds(&again, buf.p, buf.n);
        ck_assert(has(&buf, "source.digest") && has(&buf, "sha256:00"));
        ck_assert(has(&buf, "income") && !has(&buf, "decision"));
        o.all_outputs = true;
        mlp_buf_reset(&again);
        ck_assert_int_eq(mlp_model_convert(m, &o, &again, &err), MLP_OK);
        ck_assert(i == 1 || has(&again, "decision"));
        mlp_buf_fini(&again);
        mlp_model_free(m);
    }
}
END_TEST

/* Our own reader finds what was declared. */
START_TEST(model_read_back)
{
    struct mlp_model *m = open_model(FIXTURES "strict.joblib");
    struct mlp_convert_options o = {.digest = mlp_str_from("sha256:00")};
    struct mlp_onnx_model onnx;
    ck_assert_int_eq(mlp_model_convert(m, &o, &buf, &err), MLP_OK);
    ck_assert_msg(mlp_onnx_parse(&onnx, &arena, mlp_buf_str(&buf), &err) == MLP_OK, "%s",
                  err.message);
    ck_assert_int_eq(onnx.ir_version, MLP_EMIT_IR);
    ck_assert_uint_eq(onnx.nopsets, 2);
    ck_assert_uint_eq(onnx.nmetadata, 5);
    ck_assert(mlp_str_is(onnx.metadata_values[4], "sha256:00"));
    ck_assert_uint_eq(onnx.graph.ninputs, 3);
    ck_assert(mlp_str_is(onnx.graph.inputs[0].name, "age"));
    ck_assert_int_eq(onnx.graph.inputs[0].type, MLP_DT_DOUBLE);
    ck_assert_int_eq(onnx.graph.inputs[2].type, MLP_DT_STRING);
    ck_assert_uint_eq(onnx.graph.noutputs, 2);
    ck_assert(mlp_str_is(onnx.graph.outputs[0].name, "label"));
    ck_assert_int_eq(onnx.graph.outputs[0].type, MLP_DT_STRING);
    ck_assert_int_eq(onnx.graph.outputs[0].rank, 1);
    ck_assert(mlp_str_is(onnx.graph.outputs[1].name, "probabilities"));
    ck_assert_int_eq(onnx.graph.outputs[1].dims[0], -1);
    ck_assert_int_eq(onnx.graph.outputs[1].dims[1], 2);
    mlp_model_free(m);
}
END_TEST

START_TEST(model_over_the_maximum)
{
    struct mlp_model *m = open_model(FIXTURES "forest.joblib");
    struct mlp_convert_options o = {.all_outputs = false};
    struct mlp_buf small;
    mlp_buf_init(&small, 2000);
    ck_assert_msg(mlp_model_convert(m, &o, &small, &err) == MLP_EINPUT, "%s", err.message);
    mlp_buf_fini(&small);
    mlp_model_free(m);
}
END_TEST

Suite *suite_convert(void)
{
    Suite *s = suite_create("convert");
    TCase *c = tcase_create("convert");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, wire_fields);
    tcase_add_test(c, wire_messages);
    tcase_add_test(c, wire_over_the_maximum);
    tcase_add_test(c, graph_as_protobuf_writes_it);
    tcase_add_test(c, graph_over_the_maximum);
    tcase_add_test(c, model_twice_the_same);
    tcase_add_test(c, model_read_back);
    tcase_add_test(c, model_over_the_maximum);
    suite_add_tcase(s, c);
    return s;
}
