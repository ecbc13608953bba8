/* The self-test of a package: rows whose answers are known. */
#include "serve/predict.h"

#include "text/num.h"

#include <math.h>
#include <stdlib.h>

#define PREFIX "probability_"

/* Which columns of the table hold answers: -1 where there is none. */
struct expected {
    int prediction;
    int *probability; /* per class */
};

static enum mlp_code find_expected(const struct mlp_served *s, const struct mlp_table *t,
                                   struct expected *x, struct mlp_err *e)
{
    struct mlp_buf name;
    x->prediction = mlp_table_find(t, MLP_STR("prediction"));
    x->probability = calloc(s->info->nclasses + 1, sizeof *x->probability);
    if (!x->probability)
        return mlp_err_nomem(e);
    mlp_buf_init(&name, 1u << 20);
    for (size_t i = 0; i < s->info->nclasses; i++) {
        x->probability[i] = -1;
        if (!s->info->has_proba)
            continue;
        mlp_buf_reset(&name);
        mlp_buf_adds(&name, PREFIX);
        mlp_buf_addstr(&name, s->info->classes[i]);
        x->probability[i] = mlp_table_find(t, mlp_buf_str(&name));
    }
    mlp_buf_fini(&name);
    return MLP_OK;
}

/* Numbers agree when they do as numbers, other texts when they are the same. */
static bool same_text(struct mlp_str a, struct mlp_str b)
{
    double x, y;
    if (mlp_str_eq(a, b))
        return true;
    return mlp_num_f64(a, &x) && mlp_num_f64(b, &y) && mlp_predict_agree(x, y);
}

static bool same_prediction(const struct mlp_served *s, const struct mlp_scratch *w, size_t i,
                            struct mlp_str want)
{
    double number;
    if (s->info->nclasses)
        return same_text(want, s->info->classes[w->label[i]]);
    return mlp_num_f64(want, &number) && mlp_predict_agree(number, w->value[i]);
}

static enum mlp_code check_row(const struct mlp_served *s, const struct mlp_batch *b, size_t first,
                               size_t i, const struct expected *x, struct mlp_err *e)
{
    const struct mlp_scratch *w = &s->scratch[0];
    unsigned long long line = (unsigned long long)b->line[first + i];
    double number;
    if (x->prediction >= 0) {
        struct mlp_str want = mlp_cell_str(mlp_cell_at(b, first + i, (size_t)x->prediction));
        if (!same_prediction(s, w, i, want))
            return mlp_err_set(e, MLP_ETRUST, "golden line %llu: the prediction is not %.*s", line,
                               MLP_STR_ARG(want));
    }
    for (size_t c = 0; c < s->info->nclasses; c++) {
        if (x->probability[c] < 0)
            continue;
        struct mlp_str want = mlp_cell_str(mlp_cell_at(b, first + i, (size_t)x->probability[c]));
        double have = w->proba[i * s->info->nclasses + c];
        if (!mlp_num_f64(want, &number) || fabs(number - have) > 1e-9)
            return mlp_err_set(e, MLP_ETRUST, "golden line %llu: the probability of %.*s is %.17g, "
                                              "not %.*s",
                               line, MLP_STR_ARG(s->info->classes[c]), have, MLP_STR_ARG(want));
    }
    return MLP_OK;
}

/* Predicts rows first .. first + n of a frame over a whole batch. */
static enum mlp_code check_part(struct mlp_served *s, const struct mlp_batch *b,
                                const struct mlp_frame *all, size_t first,
                                const struct expected *x, struct mlp_err *e)
{
    struct mlp_scratch *w = &s->scratch[0];
    size_t left = all->nrows - first, n = left < w->max_rows ? left : w->max_rows;
    for (size_t i = 0; i < s->info->ninputs; i++) {
        if (w->numbers[i])
            memcpy(w->numbers[i], all->numbers[i] + first, n * sizeof **w->numbers);
        else
            memcpy(w->texts[i], all->texts[i] + first, n * sizeof **w->texts);
    }
    const struct mlp_frame frame = {n, w->numbers, w->texts};
    const struct mlp_result result = {w->proba, w->value, w->label};
    enum mlp_code code = mlp_model_predict(s->model, w->work, &frame, &result, e);
    for (size_t i = 0; code == MLP_OK && i < n; i++)
        code = check_row(s, b, first, i, x, e);
    return code;
}

static enum mlp_code check_batch(struct mlp_served *s, const struct mlp_batch *b, const int *map,
                                 const struct expected *x, struct mlp_err *e)
{
    struct mlp_frame all;
    enum mlp_code code = mlp_model_frame(s->model, b, map, &all, e);
    for (size_t first = 0; code == MLP_OK && first < all.nrows; first += s->scratch[0].max_rows)
        code = check_part(s, b, &all, first, x, e);
    return code;
}

static enum mlp_code check_table(struct mlp_served *s, struct mlp_table *t, const int *map,
                                 uint64_t *rows, struct mlp_err *e)
{
    struct expected x = {0};
    struct mlp_batch *b = NULL;
    enum mlp_code code = find_expected(s, t, &x, e);
    while (code == MLP_OK && (code = mlp_table_next(t, &b, e)) == MLP_OK && b) {
        code = check_batch(s, b, map, &x, e);
        *rows += b->nrows;
    }
    free(x.probability);
    return code;
}

enum mlp_code mlp_golden_check(struct mlp_served *s, struct mlp_str table, uint64_t *rows,
                               struct mlp_err *e)
{
    struct mlp_table *t = NULL;
    int *map = calloc(s->info->ninputs + 1, sizeof *map);
    *rows = 0;
    enum mlp_code code = map ? mlp_table_open_mem(table, "golden rows", NULL, &t, e)
                             : mlp_err_nomem(e);
    if (code == MLP_OK)
        code = mlp_model_bind(s->model, t, NULL, map, e);
    if (code == MLP_OK)
        code = check_table(s, t, map, rows, e);
    if (t)
        mlp_table_close(t);
    free(map);
    return code;
}
