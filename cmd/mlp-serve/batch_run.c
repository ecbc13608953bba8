/* Predicting the rows of a table in shares, one a thread. */
#include "batch.h"

#include "base/thread.h"

#include <math.h>
#include <stdlib.h>

/* Fewer rows are not worth a thread. */
#define LEAST_ROWS 64

/* Room for the share's values, in its arena, by the model's numbering and by ours. */
static enum mlp_code take_values(struct share *s, double **by_output)
{
    for (size_t k = 0; k < s->b->nsets; k++) {
        const struct column_set *set = &s->b->sets[k];
        s->values[k] = mlp_arena_array64(&s->arena, s->rows.nrows * set->o->width, sizeof(double));
        if (!s->values[k])
            return mlp_err_nomem(&s->e);
        by_output[set->o - s->b->outputs] = s->values[k];
    }
    return MLP_OK;
}

static void mark_missing(const struct batch *b, const struct mlp_frame *frame)
{
    size_t n = mlp_model_info(b->m)->ninputs;
    for (size_t i = 0; !isnan(b->missing) && i < n; i++)
        for (size_t r = 0; frame->numbers[i] && r < frame->nrows; r++)
            if (frame->numbers[i][r] == b->missing)
                frame->numbers[i][r] = NAN;
}

/* A CSV cannot tell an empty text from a missing one: the caller may. */
static void fill_empty(const struct batch *b, const struct mlp_frame *frame)
{
    const char *name;
    for (size_t k = 0; (name = mlp_opt_nth(b->cmd, EMPTY_TEXT, k)); k++)
        for (size_t i = 0; i < mlp_model_info(b->m)->ninputs; i++) {
            bool text = frame->texts[i] && mlp_str_is(mlp_model_info(b->m)->inputs[i].name, name);
            for (size_t r = 0; text && r < frame->nrows; r++)
                if (!frame->texts[i][r].p)
                    frame->texts[i][r] = MLP_STR("");
        }
}

static enum mlp_code predict_share(struct share *s)
{
    double *by_output[BATCH_OUTPUTS] = {NULL};
    struct mlp_frame frame;
    if (mlp_model_frame(s->b->m, &s->rows, s->b->map, &frame, &s->e) || take_values(s, by_output))
        return s->e.code;
    mark_missing(s->b, &frame);
    fill_empty(s->b, &frame);
    if (mlp_model_predict_outputs(s->b->m, s->work, &frame, s->b->which, by_output, &s->e))
        return mlp_err_at(&s->e, NULL, s->rows.line[mlp_work_bad_row(s->work)], 0);
    return MLP_OK;
}

static void run_share(void *ctx, size_t i)
{
    struct share *s = (struct share *)ctx + i;
    mlp_buf_reset(&s->text);
    if (s->rows.nrows == 0)
        return;
    if (predict_share(s)) {
        mlp_err_at(&s->e, mlp_table_source(s->b->t), 0, 0);
        return;
    }
    for (size_t r = 0; r < s->rows.nrows; r++) {
        if (s->b->ndjson)
            batch_json_row(s, r, &s->text);
        else
            batch_csv_row(s, r, &s->text);
    }
    mlp_buf_check(&s->text, &s->e);
}

static enum mlp_code check_rows(const struct batch *b, const struct mlp_batch *rows,
                                struct mlp_err *e)
{
    for (size_t r = 0; r < rows->nrows; r++)
        if (rows->bad[r]) {
            mlp_err_set(e, MLP_EINPUT, "%s", rows->bad[r]);
            return mlp_err_at(e, mlp_table_source(b->t), rows->line[r], 0);
        }
    return MLP_OK;
}

static enum mlp_code fit_work(struct share *s, size_t n, struct mlp_err *e)
{
    if (s->work && n <= BATCH_BLOCK)
        return MLP_OK;
    mlp_work_free(s->work);
    return mlp_work_new(s->b->m, n > BATCH_BLOCK ? n : BATCH_BLOCK, &s->work, e);
}

/* A share is a view of the batch with memory of its own, so that threads do not meet. */
static enum mlp_code split(struct batch *b, const struct mlp_batch *rows, struct share *shares,
                           struct mlp_err *e)
{
    size_t each = (rows->nrows + b->threads - 1) / b->threads;
    each = each < LEAST_ROWS ? LEAST_ROWS : each;
    if (check_rows(b, rows, e))
        return e->code;
    for (unsigned i = 0; i < b->threads; i++) {
        struct share *s = &shares[i];
        size_t start = i * each < rows->nrows ? i * each : rows->nrows;
        size_t n = rows->nrows - start < each ? rows->nrows - start : each;
        mlp_arena_reset(&s->arena);
        s->rows = *rows;
        s->rows.nrows = n;
        s->rows.cells += start * rows->ncols;
        s->rows.line += start;
        s->rows.arena = &s->arena;
        if (n && fit_work(s, n, e))
            return e->code;
    }
    return MLP_OK;
}

static enum mlp_code predict_batch(struct batch *b, const struct mlp_batch *rows,
                                   struct share *shares, struct mlp_err *e)
{
    if (split(b, rows, shares, e))
        return e->code;
    mlp_parallel_for(b->threads, b->threads, run_share, shares);
    for (unsigned i = 0; i < b->threads; i++) {
        if (shares[i].e.code) {
            *e = shares[i].e;
            return e->code;
        }
        if (shares[i].text.n && mlp_out_str(&b->out, mlp_buf_str(&shares[i].text)))
            return MLP_OK; /* told by the commit */
    }
    return MLP_OK;
}

static enum mlp_code run_all(struct batch *b, struct share *shares, struct mlp_err *e)
{
    struct mlp_buf header;
    struct mlp_batch *rows;
    mlp_buf_init(&header, BATCH_BLOCK * 16);
    batch_write_header(b, &header);
    enum mlp_code code = mlp_buf_check(&header, e);
    if (!code && !b->ndjson)
        mlp_out_str(&b->out, mlp_buf_str(&header));
    mlp_buf_fini(&header);
    while (!code && !(code = mlp_table_next(b->t, &rows, e)) && rows)
        code = predict_batch(b, rows, shares, e);
    return code;
}

enum mlp_code batch_run(struct batch *b, struct mlp_err *e)
{
    struct share *shares = calloc(b->threads, sizeof *shares);
    if (!shares)
        return mlp_err_nomem(e);
    for (unsigned i = 0; i < b->threads; i++) {
        shares[i].b = b;
        mlp_buf_init(&shares[i].text, (size_t)1 << 31);
        mlp_arena_init(&shares[i].arena, (size_t)1 << 32);
        mlp_err_init(&shares[i].e);
    }
    enum mlp_code code = run_all(b, shares, e);
    for (unsigned i = 0; i < b->threads; i++) {
        mlp_work_free(shares[i].work);
        mlp_buf_fini(&shares[i].text);
        mlp_arena_fini(&shares[i].arena);
    }
    free(shares);
    if (!code)
        return mlp_out_commit(&b->out, e);
    return code;
}
