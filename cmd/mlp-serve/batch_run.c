/* Predicting the rows of a table in shares, one a thread. */
#include "batch.h"

#include "base/thread.h"

#include <math.h>
#include <stdlib.h>

/* The values of this share within the batch's arrays, by the model's numbering and by ours. */
static void aim(struct share *s, double **by_output)
{
    for (size_t k = 0; k < s->b->nsets; k++) {
        const struct column_set *set = &s->b->sets[k];
        s->values[k] = set->values + s->start * set->o->width;
        by_output[set->o - s->b->outputs] = s->values[k];
    }
}

static enum mlp_code place_error(struct share *s)
{
    size_t r = s->start + mlp_work_bad_row(s->work);
    return mlp_err_at(&s->e, mlp_table_source(s->b->t), s->rows->line[r], 0);
}

static void run_share(void *ctx, size_t i)
{
    struct share *s = (struct share *)ctx + i;
    double *by_output[BATCH_OUTPUTS] = {NULL};
    if (s->frame.nrows == 0)
        return;
    aim(s, by_output);
    if (mlp_model_predict_outputs(s->b->m, s->work, &s->frame, s->b->which, by_output, &s->e)) {
        place_error(s);
        return;
    }
    mlp_buf_reset(&s->text);
    for (size_t r = 0; r < s->frame.nrows; r++) {
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

static enum mlp_code take_values(struct batch *b, const struct mlp_batch *rows, struct mlp_err *e)
{
    for (size_t k = 0; k < b->nsets; k++) {
        struct column_set *set = &b->sets[k];
        set->values = mlp_arena_array64(rows->arena, rows->nrows * set->o->width, sizeof(double));
        if (!set->values)
            return mlp_err_nomem(e);
    }
    return MLP_OK;
}

/* The frame of rows [start, start + n), as pointers into the whole one. */
static enum mlp_code cut_frame(struct share *s, const struct mlp_frame *whole, size_t n,
                               struct mlp_err *e)
{
    size_t inputs = mlp_model_info(s->b->m)->ninputs;
    double **numbers = mlp_arena_array(s->rows->arena, inputs, sizeof *numbers);
    struct mlp_str **texts = mlp_arena_array(s->rows->arena, inputs, sizeof *texts);
    if (!numbers || !texts)
        return mlp_err_nomem(e);
    for (size_t i = 0; i < inputs; i++) {
        numbers[i] = whole->numbers[i] ? whole->numbers[i] + s->start : NULL;
        texts[i] = whole->texts[i] ? whole->texts[i] + s->start : NULL;
    }
    s->frame = (struct mlp_frame){n, numbers, texts};
    return MLP_OK;
}

static enum mlp_code fit_work(struct share *s, size_t n, struct mlp_err *e)
{
    if (s->work && n <= BATCH_BLOCK)
        return MLP_OK;
    mlp_work_free(s->work);
    return mlp_work_new(s->b->m, n > BATCH_BLOCK ? n : BATCH_BLOCK, &s->work, e);
}

static enum mlp_code split(struct batch *b, const struct mlp_batch *rows, struct share *shares,
                           struct mlp_err *e)
{
    struct mlp_frame frame;
    if (check_rows(b, rows, e) || mlp_model_frame(b->m, rows, b->map, &frame, e) ||
        take_values(b, rows, e))
        return mlp_err_at(e, mlp_table_source(b->t), 0, 0);
    mark_missing(b, &frame);
    fill_empty(b, &frame);
    size_t each = (rows->nrows + b->threads - 1) / b->threads;
    for (unsigned i = 0; i < b->threads; i++) {
        struct share *s = &shares[i];
        size_t start = i * each < rows->nrows ? i * each : rows->nrows;
        size_t n = rows->nrows - start < each ? rows->nrows - start : each;
        s->rows = rows;
        s->start = start;
        if (cut_frame(s, &frame, n, e) || fit_work(s, n, e))
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
        if (shares[i].frame.nrows && mlp_out_str(&b->out, mlp_buf_str(&shares[i].text)))
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
        mlp_err_init(&shares[i].e);
    }
    enum mlp_code code = run_all(b, shares, e);
    for (unsigned i = 0; i < b->threads; i++) {
        mlp_work_free(shares[i].work);
        mlp_buf_fini(&shares[i].text);
    }
    free(shares);
    if (!code)
        return mlp_out_commit(&b->out, e);
    return code;
}
