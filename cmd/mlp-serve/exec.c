/* mlp-serve batch --exec: a command predicts the rows of a table. */
#include "exec.h"

/* --- rows out --- */

/* All columns but those that are marked aside. */
static void add_row(const struct exec *x, const struct mlp_batch *rows, size_t r,
                    struct mlp_buf *to)
{
    struct mlp_json_out o;
    mlp_json_out_init(&o, to, 0);
    mlp_json_open(&o, '{');
    for (size_t c = 0; c < mlp_table_ncols(x->b->t); c++) {
        if (x->b->skip[c])
            continue;
        mlp_json_key_str(&o, mlp_table_name(x->b->t, c));
        batch_json_cell(&o, mlp_cell_at(rows, r, c));
    }
    mlp_json_close(&o, '}');
}

static enum mlp_code make_rows(struct exec *x, const struct mlp_batch *rows,
                               const struct mlp_str **out, struct mlp_err *e)
{
    struct mlp_str *row = mlp_arena_array(rows->arena, rows->nrows, sizeof *row);
    if (!row)
        return mlp_err_nomem(e);
    mlp_buf_reset(&x->lines);
    for (size_t r = 0; r < rows->nrows; r++) {
        if (rows->bad[r]) {
            mlp_err_set(e, MLP_EINPUT, "%s", rows->bad[r]);
            return mlp_err_at(e, mlp_table_source(x->b->t), rows->line[r], 0);
        }
        row[r].n = x->lines.n;
        add_row(x, rows, r, &x->lines);
        row[r].n = x->lines.n - row[r].n;
    }
    if (mlp_buf_check(&x->lines, e))
        return e->code;
    const char *at = x->lines.p;
    for (size_t r = 0; r < rows->nrows; at += row[r++].n)
        row[r].p = at;
    *out = row;
    return MLP_OK;
}

/* --- answers in --- */

static void note_failure(struct exec *x, uint64_t line, const char *error)
{
    if (!error[0])
        return;
    if (x->failed++ == 0) {
        x->first_line = line;
        snprintf(x->first, sizeof x->first, "%s", error);
    }
}

static enum mlp_code begin(struct exec *x, const struct mlp_answer *answers, size_t n,
                           struct mlp_err *e)
{
    if (exec_learn(x, answers, n, e))
        return e->code;
    if (!x->b->ndjson)
        exec_header(x, &x->text);
    x->started = true;
    return MLP_OK;
}

static enum mlp_code write_rows(struct exec *x, const struct mlp_batch *rows,
                                const struct mlp_answer *answers, size_t n, struct mlp_err *e)
{
    struct mlp_reply r;
    mlp_buf_reset(&x->text);
    if (!x->started && begin(x, answers, n, e))
        return e->code;
    for (size_t i = 0; i < n; i++) {
        mlp_reply_read(&answers[i], &r);
        if (x->b->ndjson)
            exec_json_row(x, rows, i, &r, &x->text);
        else
            exec_csv_row(x, rows, i, &r, &x->text);
        note_failure(x, rows->line[i], r.error);
    }
    x->rows += n;
    if (mlp_buf_check(&x->text, e))
        return e->code;
    mlp_out_str(&x->b->out, mlp_buf_str(&x->text)); /* failures are told by the commit */
    return MLP_OK;
}

static enum mlp_code answer_batch(struct exec *x, const struct mlp_batch *rows, struct mlp_err *e)
{
    const struct mlp_str *row = NULL;
    size_t done = 0;
    struct mlp_answer *answers = mlp_arena_array(rows->arena, rows->nrows, sizeof *answers);
    if (!answers)
        return mlp_err_nomem(e);
    if (make_rows(x, rows, &row, e))
        return e->code;
    if (mlp_child_ask(x->child, row, rows->nrows, answers, &done, e)) {
        struct mlp_err ignored;
        mlp_err_init(&ignored);
        write_rows(x, rows, answers, done, &ignored);
        return e->code;
    }
    return write_rows(x, rows, answers, done, e);
}

static enum mlp_code run_rows(struct exec *x, struct mlp_err *e)
{
    struct mlp_batch *rows;
    enum mlp_code code;
    while (!(code = mlp_table_next(x->b->t, &rows, e)) && rows)
        if ((code = answer_batch(x, rows, e)))
            return code;
    if (!code && !x->started && !(code = begin(x, NULL, 0, e)))
        mlp_out_str(&x->b->out, mlp_buf_str(&x->text));
    if (!code)
        code = mlp_child_finish(x->child, e);
    return code ? code : mlp_out_commit(&x->b->out, e);
}

static enum mlp_code open_parts(struct exec *x, struct mlp_err *e)
{
    struct mlp_cmd *cmd = x->b->cmd;
    struct mlp_table_options to = {.block_bytes = BATCH_BLOCK,
                                   .empty = mlp_opt_flag(cmd, ALLOW_EMPTY)};
    const struct mlp_child_config config = {
        .command = mlp_opt_text(cmd, EXEC),
        .timeout_ms = (unsigned)(mlp_opt_number(cmd, ROW_TIMEOUT, 30) * 1000),
        .starts = (unsigned)mlp_opt_int(cmd, STARTS, 5)};
    if (mlp_operand(cmd, 1, NULL))
        return mlp_err_set(e, MLP_EUSAGE, "--exec is the model: give the table alone");
    if (mlp_opt_flag(cmd, EXPLAIN) || mlp_opt_text(cmd, OUTPUTS))
        return mlp_err_set(e, MLP_EUSAGE, "--explain and --outputs are not for --exec");
    if (mlp_table_open(mlp_operand(cmd, 0, "-"), &to, &x->b->t, e) ||
        batch_choose_kept(x->b, e) || mlp_out_open(&x->b->out, mlp_opt_text(cmd, OUT), e))
        return e->code;
    return mlp_child_open(&config, &x->child, e);
}

enum mlp_code batch_exec(struct batch *b, struct mlp_err *e)
{
    struct exec x = {.b = b};
    mlp_buf_init(&x.lines, EXEC_TEXT_MAX);
    mlp_buf_init(&x.text, EXEC_TEXT_MAX);
    mlp_vec_init(&x.classes, sizeof(struct mlp_str));
    enum mlp_code code = open_parts(&x, e);
    if (!code)
        code = run_rows(&x, e);
    mlp_child_close(x.child);
    mlp_buf_fini(&x.lines);
    mlp_buf_fini(&x.text);
    mlp_vec_fini(&x.classes);
    if (code || !x.failed)
        return code;
    mlp_err_set(e, MLP_FINDING, "%llu of %llu rows were not answered; the first: %s",
                (unsigned long long)x.failed, (unsigned long long)x.rows, x.first);
    return mlp_err_at(e, mlp_table_source(b->t), x.first_line, 0);
}
