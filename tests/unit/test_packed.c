/* The products with packed weights, and the loops of floats, against plain ones. */
#include <math.h>
#include <stdlib.h>

#include "net/packed.h"
#include "suites.h"

#define MOST 70

static float *draw(size_t n, uint64_t seed)
{
    float *x = malloc((n + 1) * sizeof *x);
    ck_assert_ptr_nonnull(x);
    for (size_t i = 0; i < n; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        x[i] = (float)(int32_t)(seed >> 32) * 0x1p-31f;
    }
    return x;
}

struct sizes {
    size_t m, n, k;
};

static void check_product(const struct sizes *s, bool transposed, bool with_bias)
{
    struct mlp_arena a;
    struct mlp_err e;
    struct mlp_packed p;
    float *x = draw(s->m * s->k, 1), *w = draw(s->k * s->n, 2), *bias = draw(s->n, 3);
    float *y = draw(s->m * s->n, 4), *one = draw(s->n, 5);
    struct mlp_tensor b = {.type = MLP_DT_FLOAT, .rank = 2, .n = s->k * s->n, .f32 = w};
    b.dims[transposed] = (int64_t)s->k;
    b.dims[!transposed] = (int64_t)s->n;
    mlp_arena_init(&a, 1 << 24);
    mlp_err_init(&e);
    ck_assert_int_eq(mlp_packed_make(&p, &a, &b, transposed, &e), MLP_OK);
    struct mlp_packed_call call = {s->m, s->k, s->n, with_bias ? bias : NULL};
    mlp_packed_product(&p, &call, x, y);
    call.m = 1;
    for (size_t i = 0; i < s->m; i++) {
        mlp_packed_product(&p, &call, x + i * s->k, one);
        ck_assert_int_eq(memcmp(one, y + i * s->n, s->n * sizeof *y), 0);
        for (size_t j = 0; j < s->n; j++) {
            double sum = with_bias ? (double)bias[j] : 0;
            for (size_t k = 0; k < s->k; k++)
                sum += (double)x[i * s->k + k] *
                       (double)w[transposed ? j * s->k + k : k * s->n + j];
            ck_assert_double_eq_tol(sum, (double)one[j], 1e-4);
        }
    }
    free(x), free(w), free(bias), free(y), free(one);
    mlp_arena_fini(&a);
}

START_TEST(a_row_does_not_depend_on_the_others)
{
    static const struct sizes sizes[] = {{1, 1, 1}, {7, 5, 3}, {13, 16, 30}, {20, 17, 64},
                                         {9, 64, 31}, {3, 100, 8}, {700, 9, 40}, {8, 8, 0}};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        check_product(&sizes[i], false, true);
        check_product(&sizes[i], true, false);
    }
}
END_TEST

START_TEST(windows_slide_where_they_lie)
{
    static const size_t offset[5] = {0, 1, 7, 30, 3};
    float *x = draw(200, 1), *w = draw(11 * 5, 2), *y = draw(11 * 150, 3);
    for (size_t m = 1; m <= 11; m++)
        for (size_t n = 1; n < 60; n += 13) {
            const struct mlp_slide s = {m, n, 5, 150, offset};
            mlp_slide_product(&s, w, x, y);
            for (size_t i = 0; i < m; i++)
                for (size_t j = 0; j < n; j++) {
                    double sum = 0;
                    for (size_t k = 0; k < 5; k++)
                        sum += (double)w[i * 5 + k] * (double)x[offset[k] + j];
                    ck_assert_double_eq_tol(sum, (double)y[i * 150 + j], 1e-5);
                }
        }
    free(x), free(w), free(y);
}
END_TEST

static float most(float a, float b)
{
    return a > b ? a : b;
}

START_TEST(loops_of_every_length)
{
    float *x = draw(2 * MOST, 1), *z = draw(2 * MOST, 2), *s = draw(MOST, 3), y[MOST + 1];
    for (size_t n = 0; n <= MOST; n++) {
        y[n] = 42;
        mlp_floats_add(y, x, n, 0.5f);
        for (size_t i = 0; i < n; i++)
            ck_assert_float_eq(y[i], x[i] + 0.5f);
        mlp_floats_add(y, y, n, 1);
        for (size_t i = 0; i < n; i++)
            ck_assert_float_eq(y[i], x[i] + 0.5f + 1);
        mlp_floats_relu(y, x, n);
        for (size_t i = 0; i < n; i++)
            ck_assert_float_eq(y[i], x[i] < 0 ? 0 : x[i]);
        memcpy(y, x, n * sizeof *y);
        mlp_floats_max(y, z, n);
        for (size_t i = 0; i < n; i++)
            ck_assert_float_eq(y[i], most(x[i], z[i]));
        mlp_floats_scale(y, x, z, s, n);
        for (size_t i = 0; i < n; i++)
            ck_assert_float_eq(y[i], (x[i] - z[i]) * s[i]);
        mlp_floats_pool(y, x, z, n);
        for (size_t i = 0; i < n; i++)
            ck_assert_float_eq(y[i], most(most(x[2 * i], z[2 * i]),
                                          most(x[2 * i + 1], z[2 * i + 1])));
        ck_assert_float_eq(y[n], 42);
    }
    free(x), free(z), free(s);
}
END_TEST

START_TEST(what_is_no_number_stays)
{
    float x[11], y[11];
    for (size_t i = 0; i < 11; i++)
        x[i] = NAN;
    mlp_floats_relu(y, x, 11);
    for (size_t i = 0; i < 11; i++)
        ck_assert(isnan(y[i]));
}
END_TEST

Suite *suite_packed(void);
Suite *suite_packed(void)
{
    Suite *s = suite_create("packed");
    TCase *t = tcase_create("packed");
    tcase_add_test(t, a_row_does_not_depend_on_the_others);
    tcase_add_test(t, windows_slide_where_they_lie);
    tcase_add_test(t, loops_of_every_length);
    tcase_add_test(t, what_is_no_number_stays);
    suite_add_tcase(s, t);
    return s;
}
