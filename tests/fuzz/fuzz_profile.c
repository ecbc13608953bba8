/* Profiles from anywhere: what is read is written the same again, adds up with itself, and
 * compares with itself without a shift. What is no profile is read as a table and profiled. */
#include "stat/shift.h"

#include <math.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool holds)
{
    if (!holds)
        __builtin_trap();
}

static void write_twice(const struct mlp_profile *p)
{
    struct mlp_buf one, two;
    struct mlp_profile back;
    struct mlp_err e;
    mlp_err_init(&e);
    mlp_buf_init(&one, 1 << 26);
    mlp_buf_init(&two, 1 << 26);
    mlp_profile_write(p, &one);
    if (!one.failed) {
        expect(mlp_profile_parse(&back, mlp_buf_str(&one), "again", &e) == MLP_OK);
        mlp_profile_write(&back, &two);
        expect(mlp_str_eq(mlp_buf_str(&one), mlp_buf_str(&two)));
        mlp_profile_fini(&back);
    }
    mlp_buf_fini(&one);
    mlp_buf_fini(&two);
}

static void compare(const struct mlp_profile *a, const struct mlp_profile *b)
{
    struct mlp_shift s;
    uint64_t unseen;
    for (size_t i = 0; i < a->ncols; i++) {
        mlp_shift_column(&a->cols[i], &b->cols[i], &s, NULL);
        mlp_shift_visible(&s, 0.01);
        mlp_shift_unseen(&a->cols[i], &b->cols[i], &unseen, &s, NULL);
    }
}

static bool try_profile(struct mlp_str text)
{
    struct mlp_profile p, q;
    if (mlp_profile_parse(&p, text, "fuzz", NULL) != MLP_OK)
        return false;
    write_twice(&p);
    if (mlp_profile_parse(&q, text, "fuzz", NULL) == MLP_OK) {
        compare(&p, &q);
        if (mlp_profile_merge(&p, &q, NULL) == MLP_OK)
            write_twice(&p);
        mlp_profile_fini(&q);
    }
    mlp_profile_fini(&p);
    return true;
}

static bool read_rows(struct mlp_str text, const struct mlp_profile *ref, struct mlp_profile *out)
{
    struct mlp_table *t;
    struct mlp_batch *b;
    struct mlp_profiler *p;
    bool ok = true;
    if (mlp_table_open_mem(text, "fuzz", NULL, &t, NULL) != MLP_OK)
        return false;
    if (mlp_profiler_new(ref, &p, NULL) != MLP_OK) {
        mlp_table_close(t);
        return false;
    }
    while (ok && (ok = mlp_table_next(t, &b, NULL) == MLP_OK) && b)
        ok = mlp_profiler_add(p, t, b, NULL, NULL) == MLP_OK;
    ok = ok && mlp_profiler_finish(p, out, NULL) == MLP_OK;
    mlp_profiler_free(p);
    mlp_table_close(t);
    return ok;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mlp_str text = {(const char *)data, size};
    struct mlp_profile first = {0}, second = {0};
    if (try_profile(text) || !read_rows(text, NULL, &first))
        return 0;
    write_twice(&first);
    if (read_rows(text, &first, &second)) {
        compare(&first, &second);
        expect(mlp_profile_merge(&second, &first, NULL) == MLP_OK);
        mlp_profile_fini(&second);
    }
    mlp_profile_fini(&first);
    return 0;
}
