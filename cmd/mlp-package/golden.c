/* Golden predictions: rows with the answers that the model gives when it is packed. Whoever loads
 * the package later can see whether it still gives them. */
#include "verbs.h"

#include "text/num.h"
#include <stdlib.h>

#define MOST_ROWS 100000

static const struct mlp_csv_dialect csv = {.delimiter = ',', .quote = '"'};

/* Memory for the rows of one batch. */
struct answers {
    struct mlp_work *work;
    double *proba, *value;
    int32_t *label;
    size_t rows;
    const char *source; /* the table's, for errors */
};

static void answers_fini(struct answers *a)
{
    mlp_work_free(a->work);
    free(a->proba);
    free(a->value);
    free(a->label);
    *a = (struct answers){.source = a->source};
}

static enum mlp_code answers_fit(struct answers *a, const struct mlp_model *m, size_t rows,
                                 struct mlp_err *e)
{
    if (rows <= a->rows)
        return MLP_OK;
    answers_fini(a);
    a->proba = calloc(rows * (mlp_model_info(m)->nclasses + 1), sizeof *a->proba);
    a->value = calloc(rows, sizeof *a->value);
    a->label = calloc(rows, sizeof *a->label);
    if (!a->proba || !a->value || !a->label)
        return mlp_err_nomem(e);
    a->rows = rows;
    return mlp_work_new(m, rows, &a->work, e);
}

static void add_number(struct mlp_buf *out, double v)
{
    char text[32];
    mlp_buf_addc(out, ',');
    mlp_buf_add(out, text, mlp_num_print_f64(v, text));
}

static void add_header(const struct mlp_model_info *info, struct mlp_buf *out)
{
    for (size_t i = 0; i < info->ninputs; i++) {
        mlp_csv_add(&csv, out, info->inputs[i].name, false);
        mlp_buf_addc(out, ',');
    }
    mlp_buf_adds(out, "prediction");
    for (size_t i = 0; info->has_proba && i < info->nclasses; i++) {
        struct mlp_buf name;
        mlp_buf_init(&name, 1 << 20);
        mlp_buf_adds(&name, "probability_");
        mlp_buf_addstr(&name, info->classes[i]);
        mlp_buf_addc(out, ',');
        mlp_csv_add(&csv, out, mlp_buf_str(&name), false);
        mlp_buf_fini(&name);
    }
    mlp_buf_addc(out, '\n');
}

static void add_row(const struct mlp_model_info *info, const struct mlp_batch *b, const int *map,
                    const struct answers *a, size_t r, struct mlp_buf *out)
{
    for (size_t i = 0; i < info->ninputs; i++) {
        const struct mlp_cell *cell = mlp_cell_at(b, r, (size_t)map[i]);
        mlp_csv_add(&csv, out, mlp_cell_str(cell), false);
        if (i + 1 < info->ninputs)
            mlp_buf_addc(out, ',');
    }
    if (info->nclasses) {
        mlp_buf_addc(out, ',');
        mlp_csv_add(&csv, out, info->classes[a->label[r]], false);
    } else {
        add_number(out, a->value[r]);
    }
    for (size_t c = 0; info->has_proba && c < info->nclasses; c++)
        add_number(out, a->proba[r * info->nclasses + c]);
    mlp_buf_addc(out, '\n');
}

static enum mlp_code bad_row(const struct mlp_table *t, const struct mlp_batch *b,
                             struct mlp_err *e)
{
    for (size_t r = 0; r < b->nrows; r++) {
        if (!b->bad[r])
            continue;
        mlp_err_set(e, MLP_EINPUT, "%s", b->bad[r]);
        return mlp_err_at(e, mlp_table_source(t), b->line[r], 0);
    }
    return MLP_OK;
}

static enum mlp_code predict_batch(const struct mlp_model *m, const struct mlp_batch *b,
                                   const int *map, struct answers *a, struct mlp_buf *out,
                                   struct mlp_err *e)
{
    struct mlp_frame frame;
    enum mlp_code code = answers_fit(a, m, b->nrows, e);
    if (code == MLP_OK)
        code = mlp_model_frame(m, b, map, &frame, e);
    const struct mlp_result result = {.value = a->value, .label = a->label,
                                      .proba = mlp_model_info(m)->has_proba ? a->proba : NULL};
    if (code != MLP_OK)
        return code;
    code = mlp_model_predict(m, a->work, &frame, &result, e);
    if (code != MLP_OK && mlp_work_bad_row(a->work) < b->nrows)
        mlp_err_at(e, a->source, b->line[mlp_work_bad_row(a->work)], 0);
    for (size_t r = 0; code == MLP_OK && r < b->nrows; r++)
        add_row(mlp_model_info(m), b, map, a, r, out);
    return code == MLP_OK ? mlp_buf_check(out, e) : code;
}

static enum mlp_code predict_table(const struct mlp_model *m, struct mlp_table *t, const int *map,
                                   struct mlp_buf *out, struct mlp_err *e)
{
    struct answers a = {.source = mlp_table_source(t)};
    struct mlp_batch *b = NULL;
    uint64_t rows = 0;
    enum mlp_code code;
    add_header(mlp_model_info(m), out);
    while ((code = mlp_table_next(t, &b, e)) == MLP_OK && b) {
        rows += b->nrows;
        code = bad_row(t, b, e);
        if (code == MLP_OK && rows > MOST_ROWS)
            code = mlp_err_set(e, MLP_EINPUT, "more than %d golden rows; a few hundred do",
                               MOST_ROWS);
        if (code == MLP_OK)
            code = predict_batch(m, b, map, &a, out, e);
        if (code != MLP_OK)
            break;
    }
    if (code == MLP_OK && rows == 0)
        code = mlp_err_set(e, MLP_EINPUT, "has a header but no rows");
    answers_fini(&a);
    return code;
}

enum mlp_code golden_predict(const struct mlp_model *m, const char *path, struct mlp_buf *out,
                             struct mlp_err *e)
{
    struct mlp_table *t = NULL;
    int *map = calloc(mlp_model_info(m)->ninputs + 1, sizeof *map);
    enum mlp_code code = map ? mlp_table_open(path, NULL, &t, e) : mlp_err_nomem(e);
    if (code == MLP_OK && mlp_model_info(m)->task == MLP_TASK_TRANSFORM)
        code = mlp_err_set(e, MLP_EINPUT, "no golden rows: the model transforms, it predicts not");
    if (code == MLP_OK)
        code = mlp_model_bind(m, t, NULL, map, e);
    if (code == MLP_OK)
        code = predict_table(m, t, map, out, e);
    if (code != MLP_OK)
        mlp_err_at(e, path, 0, 0);
    if (t)
        mlp_table_close(t);
    free(map);
    return code;
}
