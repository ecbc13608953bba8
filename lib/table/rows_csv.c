/* Rows of CSV and TSV: index a block, then cut it into cells. */
#include "table/internal.h"

#include <stdlib.h>

/* Rows that fit in a batch of this many columns. */
static size_t rows_per_batch(const struct mlp_table *t)
{
    size_t n = MLP_BATCH_CELLS / (t->names.n ? t->names.n : 1);
    return n ? n : 1;
}

/* Indexes block[start..have) and keeps the separators up to the last line feed that ends a row. */
static enum mlp_code index_block(struct mlp_table *t, bool *in_quotes, struct mlp_err *e)
{
    size_t n = t->have - t->start;
    if (t->pos_cap < n + 64) {
        free(t->pos);
        t->pos_cap = 0;
        t->pos = malloc((t->cap + 128) * sizeof *t->pos);
        if (!t->pos)
            return mlp_err_nomem(e);
        t->pos_cap = t->cap + 128;
    }
    const char *p = t->block + t->start;
    *in_quotes = false;
    t->pos_n = mlp_csv_index(&t->dialect, p, n, t->pos, in_quotes);
    t->pos_i = 0;
    t->pos_base = t->start;
    t->block_has_quotes = t->dialect.quote && n && memchr(p, t->dialect.quote, n);
    while (t->pos_n && p[t->pos[t->pos_n - 1]] != '\n')
        t->pos_n--;
    return MLP_OK;
}

static enum mlp_code unclosed(struct mlp_table *t, struct mlp_err *e)
{
    mlp_err_set(e, MLP_EINPUT, "the row that starts here has a quote that is not closed");
    return mlp_err_at(e, t->source, t->line, 0);
}

/* The last row of a file may lack its line feed: the block gets one in the padding. */
static void end_last_row(struct mlp_table *t)
{
    size_t n = t->have - t->start;
    t->block[t->have] = '\n';
    t->pos[t->pos_n] = (uint32_t)n;
    /* Separators of that row were dropped with it: index again, with the line feed. */
    bool in_quotes = false;
    t->pos_n = mlp_csv_index(&t->dialect, t->block + t->start, n + 1, t->pos, &in_quotes);
}

/* Makes sure that at least one whole row is indexed; pos_n stays 0 only at the end. */
static enum mlp_code more_rows(struct mlp_table *t, struct mlp_err *e)
{
    size_t want = t->options.block_bytes ? t->options.block_bytes : MLP_BLOCK_BYTES;
    for (;;) {
        bool in_quotes;
        enum mlp_code code = mlp_table_fill(t, want, e);
        if (code == MLP_OK)
            code = index_block(t, &in_quotes, e);
        if (code != MLP_OK || t->pos_n)
            return code;
        size_t left = t->have - t->start;
        if (t->at_end) {
            if (left && in_quotes)
                return unclosed(t, e);
            if (left)
                end_last_row(t);
            return MLP_OK;
        }
        if (left >= mlp_row_limit(t))
            return mlp_row_too_long(t, e);
        want = left * 2 > want ? left * 2 : want * 2;
        if (want > mlp_row_limit(t))
            want = mlp_row_limit(t) + 1;
    }
}

/* A cell whose raw text starts with a quote, or that stands in a block with quotes. */
static const char *quoted_cell(struct mlp_table *t, struct mlp_str raw, struct mlp_cell *cell)
{
    const char *fault = mlp_csv_fault(&t->dialect, raw);
    if (fault || raw.p[0] != t->dialect.quote)
        return fault;
    struct mlp_str v = mlp_csv_unquote(&t->dialect, raw, &t->scratch);
    if (v.p == t->scratch.p)
        v = mlp_arena_str(&t->arena, v);
    *cell = (struct mlp_cell){v.n ? v.p : NULL, (uint32_t)v.n, true};
    return v.p ? NULL : "out of memory";
}

/* The cell of a raw field; a fault is returned. */
static const char *set_cell(struct mlp_table *t, const char *p, size_t n, struct mlp_cell *cell)
{
    *cell = (struct mlp_cell){n ? p : NULL, (uint32_t)n, false};
    const char *fault = NULL;
    if (t->block_has_quotes && n)
        fault = quoted_cell(t, (struct mlp_str){p, n}, cell);
    if (t->options.nulls && cell->p && mlp_is_null(t, mlp_cell_str(cell)))
        cell->p = NULL;
    return fault;
}

static const char *wrong_count(struct mlp_table *t, size_t fields)
{
    char text[64];
    int n = snprintf(text, sizeof text, "%zu fields, expected %zu", fields, t->names.n);
    struct mlp_str copy = mlp_arena_str(&t->arena, (struct mlp_str){text, (size_t)n});
    return copy.p ? copy.p : "wrong number of fields";
}

/* Cuts the row at separator pos_i into cells. Returns false for a blank line, which is no row. */
static bool cut_row(struct mlp_table *t, struct mlp_batch *b)
{
    const char *p = t->block + t->pos_base, *at = t->block + t->start;
    struct mlp_cell *cells = b->cells + b->nrows * b->ncols;
    const char *fault = NULL;
    size_t fields = 0;
    for (bool last = false; !last; t->pos_i++) {
        const char *end = p + t->pos[t->pos_i];
        last = *end == '\n';
        size_t n = (size_t)(end - at);
        if (last && n && at[n - 1] == '\r')
            n--;
        if (fields < b->ncols) {
            const char *f = set_cell(t, at, n, &cells[fields]);
            fault = fault ? fault : f;
        }
        fields++;
        at = end + 1;
    }
    const char *row = t->block + t->start;
    size_t bytes = (size_t)(at - row) - 1;
    bool blank = fields == 1 && b->ncols > 1 && !cells[0].p && !cells[0].quoted;
    b->line[b->nrows] = t->line;
    t->line += t->block_has_quotes ? mlp_csv_lines(row, bytes + 1) : 1;
    t->start += bytes + 1;
    if (blank)
        return false;
    if (bytes && row[bytes - 1] == '\r')
        bytes--;
    for (size_t i = fields; i < b->ncols; i++)
        cells[i] = (struct mlp_cell){NULL, 0, false};
    b->raw[b->nrows] = (struct mlp_str){row, bytes};
    b->bad[b->nrows] = fault ? fault : fields != b->ncols ? wrong_count(t, fields) : NULL;
    return true;
}

enum mlp_code mlp_csv_batch(struct mlp_table *t, struct mlp_err *e)
{
    t->batch.nrows = 0;
    while (t->batch.nrows == 0) {
        enum mlp_code code = t->pos_i == t->pos_n ? more_rows(t, e) : MLP_OK;
        if (code != MLP_OK || t->pos_i == t->pos_n)
            return code;
        size_t most = rows_per_batch(t), left = t->pos_n - t->pos_i;
        code = mlp_batch_reserve(t, left < most ? left : most, e);
        if (code != MLP_OK)
            return code;
        while (t->pos_i < t->pos_n && t->batch.nrows < most)
            if (cut_row(t, &t->batch))
                t->batch.nrows++;
        /* The added line feed of the last row is not a byte of the source. */
        if (t->start > t->have)
            t->start = t->have;
    }
    return MLP_OK;
}

/* c1, c2, ... for a file without header. */
static enum mlp_code number_columns(struct mlp_table *t, size_t n, struct mlp_err *e)
{
    enum mlp_code code = MLP_OK;
    for (size_t i = 0; i < n && code == MLP_OK; i++) {
        char name[32];
        int len = snprintf(name, sizeof name, "c%zu", i + 1);
        code = mlp_table_take_name(t, (struct mlp_str){name, (size_t)len}, e);
    }
    return code;
}

static enum mlp_code take_header(struct mlp_table *t, size_t fields, struct mlp_err *e)
{
    const char *p = t->block + t->pos_base, *at = p, *row = at;
    enum mlp_code code = MLP_OK;
    for (size_t i = 0; i < fields && code == MLP_OK; i++) {
        const char *end = p + t->pos[i];
        struct mlp_str raw = {at, (size_t)(end - at)};
        if (i + 1 == fields && raw.n && raw.p[raw.n - 1] == '\r') {
            raw.n--;
            t->eol = MLP_STR("\r\n");
        }
        const char *fault = mlp_csv_fault(&t->dialect, raw);
        if (fault) {
            mlp_err_set(e, MLP_EINPUT, "header, column %zu: %s", i + 1, fault);
            return mlp_err_at(e, t->source, 1, 0);
        }
        code = mlp_table_take_name(t, mlp_csv_unquote(&t->dialect, raw, &t->scratch), e);
        at = end + 1;
    }
    size_t bytes = (size_t)(at - row) - 1;
    t->line += mlp_csv_lines(row, bytes) + 1;
    if (bytes && row[bytes - 1] == '\r')
        bytes--;
    t->header = mlp_arena_str(&t->names_arena, (struct mlp_str){row, bytes});
    t->start += (size_t)(at - row);
    if (t->start > t->have)
        t->start = t->have;
    t->pos_i = fields;
    return code;
}

enum mlp_code mlp_csv_header(struct mlp_table *t, struct mlp_err *e)
{
    enum mlp_code code = more_rows(t, e);
    if (code != MLP_OK)
        return code;
    size_t fields = 0;
    const char *p = t->block + t->pos_base;
    while (fields < t->pos_n && p[t->pos[fields]] != '\n')
        fields++;
    fields++;
    return t->options.no_header ? number_columns(t, fields, e) : take_header(t, fields, e);
}
