/* Messages of the gRPC inference service: what they may hold, and what is refused by name. */
#include "suites.h"

#include "serve/grpc_wire.h"
#include "text/proto.h"

#include <math.h>

enum { BYTES_MAX = 1 << 16 };

/* A ModelInferRequest that is being put together. */
struct message {
    struct mlp_buf b;
    struct mlp_arena arena;
    struct mlp_err e;
    struct mlp_grpc_request r;
};

static void begin(struct message *m)
{
    mlp_buf_init(&m->b, BYTES_MAX);
    mlp_arena_init(&m->arena, 1 << 20);
    mlp_err_init(&m->e);
}

static enum mlp_code take(struct message *m)
{
    return mlp_grpc_read_infer(mlp_buf_str(&m->b), &m->arena, &m->r, &m->e);
}

static void end(struct message *m)
{
    mlp_buf_fini(&m->b);
    mlp_arena_fini(&m->arena);
}

/* Opens an input of shape [rows, 1] and, in it, contents; close with put_end. */
static void put_input(struct message *m, const char *name, const char *type, int64_t rows,
                      size_t at[2])
{
    at[0] = mlp_wire_open(&m->b, 5);
    mlp_wire_text(&m->b, 1, name);
    mlp_wire_text(&m->b, 2, type);
    mlp_wire_int(&m->b, 3, rows);
    mlp_wire_int(&m->b, 3, 1);
    at[1] = mlp_wire_open(&m->b, 5);
}

static void put_end(struct message *m, const size_t at[2])
{
    mlp_wire_close(&m->b, at[1]);
    mlp_wire_close(&m->b, at[0]);
}

START_TEST(names_and_flags)
{
    struct mlp_grpc_names names;
    struct mlp_err e;
    struct mlp_buf b;
    mlp_err_init(&e);
    mlp_buf_init(&b, 1000);
    mlp_wire_text(&b, 1, "m");
    mlp_wire_text(&b, 2, "7");
    mlp_wire_text(&b, 3, "id");
    mlp_wire_text(&b, 99, "unknown");
    ck_assert_int_eq(mlp_grpc_read_names(mlp_buf_str(&b), &names, &e), MLP_OK);
    ck_assert(mlp_str_is(names.text[0], "m") && mlp_str_is(names.text[1], "7"));
    ck_assert(mlp_str_is(names.text[2], "id") && !names.flag);
    ck_assert_int_eq(mlp_grpc_read_names(MLP_STR("\x10\1"), &names, &e), MLP_OK);
    ck_assert(names.flag && !names.text[0].n);
    ck_assert_int_eq(mlp_grpc_read_names(MLP_STR(""), &names, &e), MLP_OK);
    ck_assert_int_eq(mlp_grpc_read_names(MLP_STR("\x0a\5ab"), &names, &e), MLP_EINPUT);
    mlp_buf_fini(&b);
}
END_TEST

/* Packed or not, in one piece or in several: the same numbers. */
START_TEST(typed_contents_of_every_type)
{
    static const struct {
        const char *type, *contents;
        size_t n;
        double first, last;
    } cases[] = {
        {"BOOL", "\x0a\3\1\0\1", 5, 1, 1},
        {"BOOL", "\x08\1\x08\0\x08\1", 6, 1, 1},
        {"INT8", "\x12\x0c\xff\xff\xff\xff\xff\xff\xff\xff\xff\1\x02\x7f", 14, -1, 127},
        {"INT64", "\x1a\2\1\2\x18\3", 6, 1, 3},
        {"UINT16", "\x22\4\1\2\x80\1", 6, 1, 128},
        {"UINT64", "\x28\1\x28\2\x28\xff\xff\xff\xff\xff\xff\xff\xff\xff\1", 15, 1,
         18446744073709551615.0},
        {"FP32", "\x35\0\0\x80\x3f\x35\0\0\0\x40\x35\0\0\x40\x40", 15, 1, 3},
        {"FP32", "\x32\4\0\0\x80\x3f\x32\x08\0\0\0\x40\0\0\x40\x40", 16, 1, 3},
        {"FP64", "\x39\0\0\0\0\0\0\xf0\x3f\x3a\x10\0\0\0\0\0\0\0\x40\0\0\0\0\0\0\x08\x40", 27, 1,
         3},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct message m;
        size_t at[2];
        begin(&m);
        put_input(&m, "x", cases[i].type, 3, at);
        mlp_buf_add(&m.b, cases[i].contents, cases[i].n);
        put_end(&m, at);
        ck_assert_msg(take(&m) == MLP_OK, "%zu: %s", i, m.e.message);
        const struct mlp_tensor *t = &m.r.in.tensor[0];
        ck_assert_msg(t->count == 3 && t->numbers, "%zu: %zu", i, t->count);
        ck_assert_double_eq(t->numbers[0], cases[i].first);
        ck_assert_double_eq(t->numbers[2], cases[i].last);
        ck_assert(m.r.in.n == 1 && t->rank == 2 && t->shape[0] == 3 && !m.r.raw);
        end(&m);
    }
}
END_TEST

START_TEST(floats_in_one_piece_are_not_copied)
{
    struct message m;
    size_t at[2];
    begin(&m);
    put_input(&m, "x", "FP64", 1, at);
    mlp_wire_str(&m.b, 7, (struct mlp_str){"\0\0\0\0\0\0\xf0\x3f", 8});
    put_end(&m, at);
    ck_assert_int_eq(take(&m), MLP_OK);
    const char *raw = m.r.in.tensor[0].raw.p;
    ck_assert(raw > m.b.p && raw < m.b.p + m.b.n && !m.r.in.tensor[0].numbers);
    end(&m);
}
END_TEST

START_TEST(texts_and_raw_contents)
{
    struct message m;
    size_t at[2];
    begin(&m);
    put_input(&m, "c", "BYTES", 2, at);
    mlp_wire_text(&m.b, 8, "red");
    mlp_wire_text(&m.b, 8, "");
    put_end(&m, at);
    ck_assert_int_eq(take(&m), MLP_OK);
    ck_assert(m.r.in.tensor[0].count == 2 && mlp_str_is(m.r.in.tensor[0].texts[0], "red"));
    end(&m);
    begin(&m);
    at[0] = mlp_wire_open(&m.b, 5);
    mlp_wire_text(&m.b, 1, "c");
    mlp_wire_text(&m.b, 2, "FP16");
    mlp_wire_str(&m.b, 3, MLP_STR("\2\1")); /* packed */
    mlp_wire_close(&m.b, at[0]);
    mlp_wire_text(&m.b, 7, "abcd");
    at[0] = mlp_wire_open(&m.b, 6);
    mlp_wire_text(&m.b, 1, "predict");
    mlp_wire_close(&m.b, at[0]);
    ck_assert_int_eq(take(&m), MLP_OK);
    ck_assert(m.r.raw && mlp_str_is(m.r.in.tensor[0].raw, "abcd"));
    ck_assert(m.r.in.tensor[0].type == MLP_DT_FP16 && m.r.in.tensor[0].shape[0] == 2);
    ck_assert(m.r.noutputs == 1 && mlp_str_is(m.r.outputs[0], "predict"));
    end(&m);
}
END_TEST

static void refused(struct message *m, const char *why)
{
    ck_assert_int_eq(take(m), MLP_EINPUT);
    ck_assert_msg(strstr(m->e.message, why) != NULL, "%s lacks %s", m->e.message, why);
    end(m);
}

START_TEST(what_is_refused)
{
    struct message m;
    size_t at[2];
    begin(&m);
    put_input(&m, "x", "INT32", 1, at);
    mlp_wire_int(&m.b, 3, 1); /* int64_contents */
    put_end(&m, at);
    refused(&m, "tensor \"x\": its contents are not those of INT32");
    begin(&m);
    put_input(&m, "x", "FP16", 1, at);
    mlp_wire_int(&m.b, 2, 1);
    put_end(&m, at);
    refused(&m, "tensor \"x\": its contents are not those of FP16");
    begin(&m);
    put_input(&m, "x", "INT32", -1, at);
    put_end(&m, at);
    refused(&m, "a negative dimension");
    begin(&m);
    put_input(&m, "x", "INT32", 1, at);
    for (int i = 0; i < 8; i++)
        mlp_wire_int(&m.b, 2, 1);
    put_end(&m, at);
    at[0] = mlp_wire_open(&m.b, 5);
    mlp_wire_str(&m.b, 3, MLP_STR("\1\1\1\1\1\1\1\1\1"));
    mlp_wire_close(&m.b, at[0]);
    refused(&m, "too many dimensions");
    begin(&m);
    put_input(&m, "x", "INT32", 1, at);
    mlp_wire_int(&m.b, 2, 1);
    put_end(&m, at);
    mlp_wire_text(&m.b, 7, "abcd");
    refused(&m, "exclude each other");
    begin(&m);
    mlp_wire_text(&m.b, 7, "abcd");
    refused(&m, "0 inputs have 1 raw_input_contents");
    begin(&m);
    mlp_buf_adds(&m.b, "\x2a\x7f");
    refused(&m, "no protobuf");
    begin(&m);
    put_input(&m, "x", "UINT8", 1, at);
    mlp_wire_str(&m.b, 4, MLP_STR("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\1"));
    put_end(&m, at);
    refused(&m, "tensor \"x\"");
}
END_TEST

/* The same outputs as raw contents and as typed ones. */
START_TEST(answers_of_both_kinds)
{
    static const char raw[] = "\2\0\0\0ab\0\0\0\0";
    struct mlp_tensor_out out[2] = {
        {"predict", MLP_DT_BYTES, 1, {2, 0}, true, {0}},
        {"other", MLP_DT_INT64, 1, {1, 0}, false, {0}},
    };
    struct mlp_grpc_names names = {{MLP_STR("m"), {0}, MLP_STR("i")}, false};
    struct mlp_grpc_request choice = {.outputs = &(struct mlp_str){"other", 5}, .noutputs = 1};
    struct mlp_err e;
    struct mlp_buf b;
    mlp_err_init(&e);
    mlp_buf_init(&b, 1000);
    mlp_buf_init(&out[0].raw, 100);
    mlp_buf_init(&out[1].raw, 100);
    mlp_buf_add(&out[0].raw, raw, sizeof raw - 1);
    mlp_buf_add(&out[1].raw, "\5\0\0\0\0\0\0\0", 8);
    mlp_grpc_write_infer(&names, 3, false, out, 2, &b);
    static const char typed[] = "\x0a\1m\x12\1" "3\x1a\1i\x2a\x1a\x0a\7predict\x12\5BYTES"
                                "\x18\2\x2a\6\x42\2ab\x42\0";
    ck_assert_uint_eq(b.n, sizeof typed - 1);
    ck_assert_int_eq(memcmp(b.p, typed, b.n), 0);
    mlp_buf_reset(&b);
    ck_assert_int_eq(mlp_grpc_choose(&choice, out, 2, &e), MLP_OK);
    ck_assert(!out[0].wanted && out[1].wanted);
    mlp_grpc_write_infer(&names, 3, true, out, 2, &b);
    static const char end_of_raw[] = "\x32\x08\5\0\0\0\0\0\0\0";
    ck_assert_int_eq(memcmp(b.p + b.n - 10, end_of_raw, 10), 0);
    choice.outputs = &(struct mlp_str){"none", 4};
    ck_assert_int_eq(mlp_grpc_choose(&choice, out, 2, &e), MLP_EINPUT);
    mlp_tensor_outputs_fini(out, 2);
    mlp_buf_fini(&b);
}
END_TEST

Suite *suite_grpc(void);
Suite *suite_grpc(void)
{
    Suite *suite = suite_create("grpc");
    TCase *all = tcase_create("messages");
    tcase_add_test(all, names_and_flags);
    tcase_add_test(all, typed_contents_of_every_type);
    tcase_add_test(all, floats_in_one_piece_are_not_copied);
    tcase_add_test(all, texts_and_raw_contents);
    tcase_add_test(all, what_is_refused);
    tcase_add_test(all, answers_of_both_kinds);
    suite_add_tcase(suite, all);
    return suite;
}
