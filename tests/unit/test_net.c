#include <math.h>

#include "net/net.h"
#include "net/op.h"
#include "suites.h"

/* One node, y = Relu(x) over float [N, 2], operator set 17. */
#define VALUE(letter) \
    0x0A, 1, letter, 0x12, 15, 0x0A, 13, 8, 1, 0x12, 9, 0x0A, 3, 0x12, 1, 'N', 0x0A, 2, 8, 2
static const char RELU[] = {8, 8, 0x3A, 58, 0x0A, 12, 0x0A, 1, 'x', 0x12, 1, 'y', 0x22, 4, 'R',
                            'e', 'l', 'u', 0x5A, 20, VALUE('x'), 0x62, 20, VALUE('y'), 0x42, 2,
                            0x10, 17};

struct fixture {
    struct mlp_arena arena;
    struct mlp_err e;
    struct mlp_onnx_model model;
    struct mlp_net *net;
};

static enum mlp_code load(struct fixture *f, struct mlp_str bytes)
{
    mlp_arena_init(&f->arena, 1 << 20);
    mlp_err_init(&f->e);
    if (mlp_onnx_parse(&f->model, &f->arena, bytes, &f->e))
        return f->e.code;
    return mlp_net_load(&f->model, &f->arena, &f->net, &f->e);
}

START_TEST(a_network_runs_and_stays_warm)
{
    struct fixture f;
    struct mlp_net_run r;
    float x[4] = {-1, 2, 3, -0.5F};
    struct mlp_tensor in = {.type = MLP_DT_FLOAT, .rank = 2, .dims = {2, 2}, .n = 4}, out;
    in.f32 = x;
    ck_assert_int_eq(load(&f, (struct mlp_str){RELU, sizeof(RELU)}), MLP_OK);
    ck_assert_uint_eq(mlp_net_ninputs(f.net), 1);
    ck_assert_int_eq(mlp_net_input(f.net, 0)->dims[0], -1);
    ck_assert_int_eq(mlp_net_run_init(&r, f.net, 1 << 20, &f.e), MLP_OK);
    ck_assert_int_eq(mlp_net_run(&r, &in, &out, &f.e), MLP_OK);
    ck_assert(out.n == 4 && out.f32[0] == 0 && out.f32[1] == 2 && out.f32[3] == 0);
    mlp_net_run(&r, &in, &out, &f.e);
    const void *block = r.arena.head;
    const float *place = out.f32;
    ck_assert_int_eq(mlp_net_run(&r, &in, &out, &f.e), MLP_OK);
    ck_assert(r.arena.head == block && out.f32 == place);
    in.dims[1] = 4;
    in.dims[0] = 1;
    ck_assert_int_eq(mlp_net_run(&r, &in, &out, &f.e), MLP_EINPUT);
    mlp_net_run_fini(&r);
    mlp_arena_fini(&f.arena);
}
END_TEST

START_TEST(a_cut_file_is_refused_with_words)
{
    for (size_t n = 0; n < sizeof(RELU) - 4; n++) {
        struct fixture f;
        ck_assert_int_eq(load(&f, (struct mlp_str){RELU, n}), MLP_EINPUT);
        ck_assert(f.e.message[0] != '\0');
        mlp_arena_fini(&f.arena);
    }
}
END_TEST

START_TEST(an_unknown_operator_is_named)
{
    char bytes[sizeof(RELU)];
    struct fixture f;
    memcpy(bytes, RELU, sizeof(RELU));
    bytes[17] = 'x';
    ck_assert_int_eq(load(&f, (struct mlp_str){bytes, sizeof(bytes)}), MLP_EINPUT);
    ck_assert_ptr_nonnull(strstr(f.e.message, "Relx"));
    mlp_arena_fini(&f.arena);
}
END_TEST

START_TEST(halves_round_to_nearest_even)
{
    for (uint32_t h = 0; h < 0x10000; h++) {
        float x = mlp_half_float((uint16_t)h), b = mlp_bfloat_float((uint16_t)h);
        ck_assert(isnan(x) || mlp_float_half(x) == h);
        ck_assert(isnan(b) || mlp_float_bfloat(b) == h);
    }
    ck_assert_uint_eq(mlp_float_half(65519.0F), 0x7BFF);
    ck_assert_uint_eq(mlp_float_half(65520.0F), 0x7C00);
    ck_assert_uint_eq(mlp_float_half(1 + 1.0F / 2048), 0x3C00);
    ck_assert_uint_eq(mlp_float_half(1 + 3.0F / 2048), 0x3C02);
}
END_TEST

START_TEST(shapes_broadcast_as_numpy_does)
{
    struct mlp_tensor a = {.rank = 3, .dims = {4, 1, 3}}, b = {.rank = 2, .dims = {5, 1}};
    int64_t dims[MLP_MAX_RANK], strides[MLP_MAX_RANK];
    uint32_t rank;
    ck_assert(mlp_tensor_broadcast(&a, &b, &rank, dims));
    ck_assert(rank == 3 && dims[0] == 4 && dims[1] == 5 && dims[2] == 3);
    mlp_net_strides(&b, rank, dims, strides);
    ck_assert(strides[0] == 0 || dims[0] == 1);
    ck_assert(strides[1] == 1 && strides[2] == 0);
    b.dims[1] = 2;
    ck_assert(!mlp_tensor_broadcast(&a, &b, &rank, dims));
}
END_TEST

Suite *suite_net(void)
{
    Suite *s = suite_create("net");
    TCase *t = tcase_create("net");
    tcase_add_test(t, a_network_runs_and_stays_warm);
    tcase_add_test(t, a_cut_file_is_refused_with_words);
    tcase_add_test(t, an_unknown_operator_is_named);
    tcase_add_test(t, halves_round_to_nearest_even);
    tcase_add_test(t, shapes_broadcast_as_numpy_does);
    suite_add_tcase(s, t);
    return s;
}
