/* What the verb check writes: good rows as they came; of rejected ones every reason (NDJSON), or
 * the rows with their reasons behind them (a table). */
#include "check.h"

#include "text/json.h"

/* The line end that follows row r; that of the header where the input ends without one. */
static struct mlp_str line_end(const struct check_run *run, const struct mlp_batch *b, size_t r)
{
    const char *end = b->raw[r].p + b->raw[r].n;
    if (b->open_end && r + 1 == b->nrows)
        return mlp_table_eol(run->table);
    return *end == '\r' ? MLP_STR("\r\n") : MLP_STR("\n");
}

/* Good rows that stand next to each other in the block leave in one write, with whatever line
 * ends they had. */
void check_write_good(struct check_run *run, const struct mlp_batch *b, const uint8_t *good)
{
    for (size_t r = 0; r < b->nrows; r++) {
        if (!good[r])
            continue;
        const char *start = b->raw[r].p;
        struct mlp_str eol = line_end(run, b, r);
        while (r + 1 < b->nrows && good[r + 1] &&
               b->raw[r + 1].p == b->raw[r].p + b->raw[r].n + eol.n) {
            r++;
            eol = line_end(run, b, r);
        }
        mlp_out_write(&run->good, start, (size_t)(b->raw[r].p + b->raw[r].n - start));
        mlp_out_str(&run->good, eol);
    }
}

static void write_reasons(struct check_run *run, const struct mlp_reject *x, size_t n)
{
    for (size_t i = 0; i < n; i++, x++) {
        struct mlp_buf *b = &run->line;
        mlp_buf_reset(b);
        mlp_buf_addf(b, "{\"line\":%llu,\"row\":%llu,\"column\":", (unsigned long long)x->line,
                     (unsigned long long)x->row);
        mlp_json_quote(b, x->column);
        mlp_buf_adds(b, ",\"rule\":");
        mlp_json_quote(b, x->rule);
        mlp_buf_adds(b, ",\"value\":");
        mlp_json_quote(b, x->value);
        mlp_buf_adds(b, "}\n");
        mlp_out_str(&run->rejects, mlp_buf_str(b));
    }
}

/* ---- rejected rows as a table */

static bool names_table(const char *path, char *delimiter)
{
    struct mlp_str s = mlp_str_from(path);
    *delimiter = mlp_str_ends(s, ".tsv") ? '\t' : ',';
    return mlp_str_ends(s, ".csv") || mlp_str_ends(s, ".tsv");
}

static void add_field(struct check_run *run, struct mlp_str value)
{
    if (run->line.n)
        mlp_buf_addc(&run->line, run->dialect.delimiter);
    mlp_csv_add(&run->dialect, &run->line, value, false);
}

static void end_line(struct check_run *run)
{
    mlp_buf_addc(&run->line, '\n');
    mlp_out_str(&run->rejects, mlp_buf_str(&run->line));
    mlp_buf_reset(&run->line);
}

/* "age/min; email/match", and the values likewise. */
static void add_joined(struct check_run *run, const struct mlp_reject *x, size_t n, bool values)
{
    struct mlp_buf *b = &run->field;
    mlp_buf_reset(b);
    for (size_t i = 0; i < n; i++) {
        mlp_buf_adds(b, i ? "; " : "");
        if (!values && x[i].column.n) {
            mlp_buf_addstr(b, x[i].column);
            mlp_buf_addc(b, '/');
        }
        mlp_buf_addstr(b, values ? x[i].value : x[i].rule);
    }
    add_field(run, mlp_buf_str(b));
}

/* A row that is not well formed has no cells worth the name: its bytes are the value. */
static void write_row(struct check_run *run, const struct mlp_batch *b, const struct mlp_reject *x,
                      size_t n)
{
    size_t r = x->batch_row;
    bool first = true;
    char line[24];
    mlp_buf_reset(&run->line);
    for (size_t c = 0; c < b->ncols; c++) {
        struct mlp_str cell = mlp_cell_str(mlp_cell_at(b, r, c));
        if (!first)
            mlp_buf_addc(&run->line, run->dialect.delimiter);
        first = false;
        if (!b->bad[r])
            mlp_csv_add(&run->dialect, &run->line, cell.p ? cell : (struct mlp_str){"", 0}, false);
    }
    snprintf(line, sizeof line, "%llu", (unsigned long long)x->line);
    mlp_buf_addc(&run->line, run->dialect.delimiter);
    mlp_buf_adds(&run->line, line);
    add_joined(run, x, n, false);
    if (b->bad[r])
        add_field(run, b->raw[r]);
    else
        add_joined(run, x, n, true);
    end_line(run);
}

static void write_rows(struct check_run *run, const struct mlp_checked *checked)
{
    const struct mlp_reject *x = checked->rejects;
    for (size_t i = 0, n; i < checked->nrejects; i += n) {
        for (n = 1; i + n < checked->nrejects && x[i + n].batch_row == x[i].batch_row; n++)
            continue;
        write_row(run, checked->batch, &x[i], n);
    }
}

void check_write_rejects(struct check_run *run, const struct mlp_checked *x)
{
    if (run->rejects.fd >= 0 && run->rejects_table)
        write_rows(run, x);
    else if (run->rejects.fd >= 0)
        write_reasons(run, x->rejects, x->nrejects);
}

enum mlp_code check_open_outputs(struct check_run *run, struct mlp_err *e)
{
    static const char *const more[] = {"_line", "_rule", "_value"};
    const char *rejects = mlp_opt_text(run->cmd, OPT_REJECTS);
    enum mlp_code code = mlp_out_open(&run->good, mlp_opt_text(run->cmd, OPT_OUTPUT), e);
    if (code == MLP_OK && rejects)
        code = mlp_out_open(&run->rejects, rejects, e);
    if (code == MLP_OK && mlp_table_header(run->table).n) {
        mlp_out_str(&run->good, mlp_table_header(run->table));
        mlp_out_str(&run->good, mlp_table_eol(run->table));
    }
    run->dialect.quote = '"';
    run->rejects_table = rejects && names_table(rejects, &run->dialect.delimiter);
    if (code != MLP_OK || !run->rejects_table)
        return code;
    for (size_t i = 0; i < mlp_table_ncols(run->table); i++)
        add_field(run, mlp_table_name(run->table, i));
    for (size_t i = 0; i < sizeof more / sizeof *more; i++)
        add_field(run, mlp_str_from(more[i]));
    end_line(run);
    return mlp_buf_check(&run->line, e);
}
