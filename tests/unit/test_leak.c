/* Rows that were seen before, and columns that tell the label. */
#include "suites.h"

#include "base/rng.h"
#include "stat/leak.h"

#include <math.h>

static uint64_t hash_of(uint64_t i)
{
    struct mlp_rng r;
    mlp_rng_init(&r, i);
    return mlp_rng_u64(&r);
}

START_TEST(rows_are_found_again)
{
    struct mlp_seen s;
    struct mlp_err e;
    const struct mlp_seen_row *first;
    mlp_err_init(&e);
    mlp_seen_init(&s, 5000);
    for (uint32_t i = 0; i < 5000; i++) {
        struct mlp_seen_row row = {hash_of(i), i, 0, i + 2};
        ck_assert_int_eq(mlp_seen_add(&s, &row, &first, &e), MLP_OK);
        ck_assert_ptr_null(first);
    }
    for (uint32_t i = 0; i < 5000; i++) {
        struct mlp_seen_row row = {hash_of(i), 0, 1, 0};
        ck_assert_int_eq(mlp_seen_add(&s, &row, &first, &e), MLP_OK);
        ck_assert(first && first->line == i + 2 && first->rest == i && first->file == 0);
    }
    ck_assert_uint_eq(s.n, 5000);
    struct mlp_seen_row more = {hash_of(5000), 0, 0, 0};
    ck_assert_int_eq(mlp_seen_add(&s, &more, &first, &e), MLP_EINPUT);
    ck_assert_ptr_nonnull(strstr(e.message, "do not fit in the memory allowed"));
    mlp_seen_fini(&s);
}
END_TEST

START_TEST(a_cell_is_its_column_and_text)
{
    struct mlp_str none = {NULL, 0};
    ck_assert(mlp_cell_hash(0, MLP_STR("a")) != mlp_cell_hash(1, MLP_STR("a")));
    ck_assert(mlp_cell_hash(0, MLP_STR("a")) != mlp_cell_hash(0, MLP_STR("b")));
    ck_assert(mlp_cell_hash(0, MLP_STR("")) != mlp_cell_hash(0, none));
    ck_assert(mlp_cell_hash(3, MLP_STR("ab")) == mlp_cell_hash(3, MLP_STR("ab")));
}
END_TEST

enum { N = 2000 };
static double y[N], x[N];
static uint32_t code[N];

static double score(enum mlp_task task, size_t ncodes, size_t classes)
{
    struct mlp_solo s = {N, ncodes, classes, y, code, task};
    return mlp_solo_score(&s);
}

START_TEST(a_column_is_as_good_as_what_it_tells)
{
    struct mlp_rng r;
    mlp_rng_init(&r, 5);
    for (size_t i = 0; i < N; i++) {
        y[i] = mlp_rng_f64(&r) < 0.3;
        code[i] = (uint32_t)y[i] + 2 * (uint32_t)mlp_rng_below(&r, 3);
    }
    ck_assert(score(MLP_TASK_BINARY, 6, 2) == 1);
    ck_assert(score(MLP_TASK_MULTICLASS, 6, 2) == 1);
    ck_assert(score(MLP_TASK_REGRESSION, 6, 0) > 0.99);
    /* A code a row: an identifier tells nothing of other rows. */
    for (size_t i = 0; i < N; i++)
        code[i] = (uint32_t)i;
    ck_assert(score(MLP_TASK_BINARY, N, 2) < 0.6);
    ck_assert(score(MLP_TASK_MULTICLASS, N, 2) == 0);
    ck_assert(score(MLP_TASK_REGRESSION, N, 0) < 0.05);
    /* Chance. */
    for (size_t i = 0; i < N; i++)
        code[i] = (uint32_t)mlp_rng_below(&r, 10);
    ck_assert(fabs(score(MLP_TASK_BINARY, 10, 2) - 0.5) < 0.06);
    for (size_t i = 0; i < N; i++)
        y[i] = 0;
    ck_assert(isnan(score(MLP_TASK_BINARY, 10, 2)) && isnan(score(MLP_TASK_MULTICLASS, 10, 2)));
}
END_TEST

START_TEST(numbers_fall_into_equal_bins)
{
    uint32_t counts[12] = {0};
    for (size_t i = 0; i < N; i++)
        x[i] = i < 100 ? (double)NAN : (double)((i * 7) % 1900);
    ck_assert_uint_eq(mlp_quantile_codes(x, N, 10, code), 11);
    for (size_t i = 0; i < N; i++)
        counts[code[i]]++;
    for (size_t k = 0; k < 10; k++)
        ck_assert_uint_eq(counts[k], 190);
    ck_assert_uint_eq(counts[10], 100);
    for (size_t i = 0; i < N; i++)
        x[i] = 3;
    ck_assert_uint_eq(mlp_quantile_codes(x, N, 10, code), 2);
    ck_assert_uint_eq(code[0], 0);
}
END_TEST

Suite *suite_leak(void)
{
    Suite *s = suite_create("leak");
    TCase *t = tcase_create("leak");
    tcase_add_test(t, rows_are_found_again);
    tcase_add_test(t, a_cell_is_its_column_and_text);
    tcase_add_test(t, a_column_is_as_good_as_what_it_tells);
    tcase_add_test(t, numbers_fall_into_equal_bins);
    suite_add_tcase(s, t);
    return s;
}
