/* predict MODEL TABLE: CPU time of one row at a time, and of blocks of 1,000, over rows that vary
 * (one repeated row flatters trees). Prints nanoseconds a row, the median of five runs, and the
 * time that loading took. */
#include "base/os.h"
#include "model/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_ROWS 20000
#define RUNS 5

struct rows {
    size_t n, inputs;
    double **numbers;
    struct mlp_str **texts;
    struct mlp_arena arena;
};

static void die(const struct mlp_err *e)
{
    mlp_err_print(e, "predict", stderr);
    exit(1);
}

/* Texts of a batch live until the next one: they are copied. */
static void take_batch(struct rows *r, const struct mlp_frame *f)
{
    size_t n = f->nrows < MOST_ROWS - r->n ? f->nrows : MOST_ROWS - r->n;
    for (size_t i = 0; i < r->inputs; i++)
        for (size_t k = 0; k < n; k++) {
            if (f->numbers[i])
                r->numbers[i][r->n + k] = f->numbers[i][k];
            if (f->texts[i] && f->texts[i][k].p)
                r->texts[i][r->n + k] = mlp_arena_str(&r->arena, f->texts[i][k]);
        }
    r->n += n;
}

static void read_rows(const struct mlp_model *m, const char *path, struct rows *r)
{
    struct mlp_err e;
    struct mlp_table *t;
    struct mlp_batch *b;
    struct mlp_frame f;
    mlp_err_init(&e);
    mlp_arena_init(&r->arena, (size_t)2 << 30);
    r->n = 0;
    r->inputs = mlp_model_info(m)->ninputs;
    r->numbers = mlp_arena_array(&r->arena, r->inputs, sizeof *r->numbers);
    r->texts = mlp_arena_array(&r->arena, r->inputs, sizeof *r->texts);
    int *map = mlp_arena_array(&r->arena, r->inputs, sizeof *map);
    for (size_t i = 0; i < r->inputs; i++) {
        r->numbers[i] = mlp_arena_array(&r->arena, MOST_ROWS, sizeof **r->numbers);
        r->texts[i] = mlp_arena_array(&r->arena, MOST_ROWS, sizeof **r->texts);
    }
    if (mlp_table_open(path, NULL, &t, &e) || mlp_model_bind(m, t, NULL, map, &e))
        die(&e);
    while (r->n < MOST_ROWS) {
        if (mlp_table_next(t, &b, &e) || (b && mlp_model_frame(m, b, map, &f, &e)))
            die(&e);
        if (!b)
            break;
        take_batch(r, &f);
    }
    mlp_table_close(t);
}

static double one_run(const struct mlp_model *m, struct mlp_work *w, const struct rows *r,
                      size_t block, double *proba)
{
    struct mlp_err e;
    int32_t *label = calloc(block, sizeof *label);
    double *numbers[4096], *value = calloc(block, sizeof *value);
    struct mlp_str *texts[4096];
    struct mlp_result result = {proba, value, label};
    mlp_err_init(&e);
    if (!label || !value)
        exit(1);
    uint64_t start = mlp_os_cpu_ns();
    for (size_t at = 0; at < r->n; at += block) {
        size_t n = r->n - at < block ? r->n - at : block;
        for (size_t i = 0; i < r->inputs; i++) {
            numbers[i] = r->numbers[i] + at;
            texts[i] = r->texts[i] + at;
        }
        struct mlp_frame f = {n, numbers, texts};
        if (mlp_model_predict(m, w, &f, &result, &e))
            die(&e);
    }
    double ns = (double)(mlp_os_cpu_ns() - start) / (double)r->n;
    free(label);
    free(value);
    return ns;
}

static int ascending(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return x[0] < y[0] ? -1 : x[0] > y[0];
}

static double median_run(const struct mlp_model *m, const struct rows *r, size_t block)
{
    struct mlp_err e;
    struct mlp_work *w;
    double runs[RUNS];
    size_t k = mlp_model_info(m)->nclasses;
    double *proba = calloc(block * (k ? k : 1), sizeof *proba);
    mlp_err_init(&e);
    if (!proba || mlp_work_new(m, block, &w, &e))
        die(&e);
    for (size_t i = 0; i < RUNS; i++)
        runs[i] = one_run(m, w, r, block, proba);
    mlp_work_free(w);
    free(proba);
    qsort(runs, RUNS, sizeof *runs, ascending);
    return runs[RUNS / 2];
}

int main(int argc, char **argv)
{
    struct mlp_err e;
    struct mlp_model *m;
    struct rows r;
    mlp_err_init(&e);
    if (argc != 3) {
        fputs("usage: predict MODEL TABLE\n", stderr);
        return 2;
    }
    uint64_t start = mlp_os_cpu_ns();
    if (mlp_model_open(argv[1], NULL, &m, &e))
        die(&e);
    double load = (double)(mlp_os_cpu_ns() - start) / 1e6;
    if (mlp_model_info(m)->ninputs > 4096)
        return 2;
    read_rows(m, argv[2], &r);
    printf("%s: load %.1f ms, %.1f MiB; one row %.0f ns, batch %.0f ns/row\n", argv[1], load,
           (double)mlp_model_info(m)->bytes / 1048576, median_run(m, &r, 1),
           median_run(m, &r, 1000));
    mlp_arena_fini(&r.arena);
    mlp_model_free(m);
    return 0;
}
