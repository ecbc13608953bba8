/* model_rows.h: what the fuzzers of model files share: a model that loads must also answer. */
#ifndef TESTS_FUZZ_MODEL_ROWS_H
#define TESTS_FUZZ_MODEL_ROWS_H

#include "model/model.h"

#include <math.h>
#include <stdlib.h>

#define ROWS 3
#define MOST_INPUTS 4096

/* Rows of odd values: zero, missing, huge, negative, texts known and unknown. */
static inline void fill_rows(const struct mlp_model_info *info, double **numbers,
                             struct mlp_str **texts)
{
    static const double odd[] = {0, NAN, 1e300, -3.5, 7};
    static const char *const words[] = {"a", "", "word and word", "b\xc3\xa9"};
    for (size_t i = 0; i < info->ninputs; i++)
        for (size_t r = 0; r < ROWS; r++) {
            numbers[i][r] = odd[(i + r) % 5];
            texts[i][r] = (i + r) % 5 == 4 ? (struct mlp_str){NULL, 0}
                                           : mlp_str_from(words[(i + r) % 4]);
        }
}

static inline void predict_rows(const struct mlp_model *m)
{
    const struct mlp_model_info *info = mlp_model_info(m);
    struct mlp_arena a;
    struct mlp_err e;
    struct mlp_work *w;
    size_t noutputs;
    const struct mlp_output *o = mlp_model_outputs(m, &noutputs);
    double *out[32] = {NULL};
    mlp_err_init(&e);
    mlp_arena_init(&a, (size_t)256 << 20);
    double **numbers = mlp_arena_array(&a, info->ninputs, sizeof *numbers);
    struct mlp_str **texts = mlp_arena_array(&a, info->ninputs, sizeof *texts);
    bool ok = numbers && texts && info->ninputs <= MOST_INPUTS;
    for (size_t i = 0; ok && i < info->ninputs; i++) {
        numbers[i] = mlp_arena_array(&a, ROWS, sizeof **numbers);
        texts[i] = mlp_arena_array(&a, ROWS, sizeof **texts);
        ok = numbers[i] && texts[i];
    }
    for (size_t i = 0; ok && i < noutputs; i++)
        ok = (out[i] = mlp_arena_array(&a, o[i].width * ROWS, sizeof **out)) != NULL;
    if (ok && !mlp_work_new(m, ROWS, &w, &e)) {
        struct mlp_frame f = {ROWS, numbers, texts};
        fill_rows(info, numbers, texts);
        mlp_model_predict_outputs(m, w, &f, (uint32_t)((UINT64_C(1) << noutputs) - 1), out, &e);
        mlp_work_free(w);
    }
    mlp_arena_fini(&a);
}

/* Loads bytes as a model of at most 64 MiB, and predicts with it. */
static inline void load_and_predict(struct mlp_str bytes)
{
    struct mlp_model_limits limits = {.memory_bytes = (size_t)64 << 20};
    struct mlp_model *m;
    struct mlp_err e;
    mlp_err_init(&e);
    if (mlp_model_open_mem(bytes, "fuzz", &limits, &m, &e)) {
        if (!e.message[0])
            abort();
        return;
    }
    predict_rows(m);
    mlp_model_free(m);
}

#endif
