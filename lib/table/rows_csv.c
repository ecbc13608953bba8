/* Rows of CSV and TSV: index a block, then cut it into cells. */
#include "table/internal.h"

#include <stdlib.h>

/* Room for the positions of n bytes, and for the line feed that a last row may get. */
static enum mlp_code reserve_positions(struct mlp_table *t, size_t n, struct mlp_err *e)
{
    if (t->pos_cap >= n + 65)
        return MLP_OK;
    free(t->pos);
    t->pos_cap = 0;
    t->pos = malloc((n + 65) * sizeof *t->pos);
    if (!t->pos)
        return mlp_err_nomem(e);
    t->pos_cap = n + 65;
    return MLP_OK;
}

/* Indexes block[start..have) and keeps the separators up to the last line feed that ends a row. */
static enum mlp_code index_block(struct mlp_table *t, struct mlp_err *e)
{
    enum mlp_code code = reserve_positions(t, t->cap, e);
    if (code != MLP_OK)
        return code;
    const char *p = t->block + t->start;
    size_t n = t->have - t->start;
    /* The last row of a file may lack its line feed: it gets one, in the padding. */
    if (t->at_end && n && p[n - 1] != '\n')
        t->block[t->start + n++] = '\n';
    t->utf8 = mlp_str_utf8((struct mlp_str){p, n});
    t->scan = (struct mlp_csv_scan){.at = MLP_CSV_START};
    t->pos_n = mlp_csv_index(&t->dialect, p, n, t->pos, &t->scan);
    t->rows_left = t->scan.rows;
    t->pos_i = 0;
    t->pos_base = t->start;
    while (t->pos_n && p[t->pos[t->pos_n - 1]] != '\n')
        t->pos_n--;
    return MLP_OK;
}

/* The file ends inside quotes: the place is where they were opened. */
static enum mlp_code unclosed(const struct mlp_table *t, struct mlp_err *e)
{
    const char *row = t->block + t->start, *line = row, *open = row;
    enum mlp_csv_at at = MLP_CSV_START;
    for (const char *p = row; p < t->block + t->have; p++) {
        struct mlp_csv_scan s = {.at = at};
        mlp_csv_index_isa(MLP_CSV_PORTABLE, &t->dialect, (struct mlp_str){p, 1}, NULL, &s);
        if (at == MLP_CSV_START && s.at == MLP_CSV_QUOTED)
            open = p;
        at = s.at;
    }
    for (const char *p = row; p < open; p++)
        if (*p == '\n')
            line = p + 1;
    mlp_err_set(e, MLP_EINPUT, "a quote opens here and is not closed by the end of the input");
    return mlp_err_at(e, t->source, t->line + mlp_csv_lines(row, (size_t)(open - row)),
                      (uint64_t)(open - line) + 1);
}

/* Whether bytes behind the `seen` ones end a row: what was seen is not scanned again, so that a
 * long row which arrives in small pieces costs no more than its bytes. */
static bool row_ends(const struct mlp_table *t, struct mlp_csv_scan *s, size_t *seen)
{
    size_t left = t->have - t->start;
    mlp_csv_index(&t->dialect, t->block + t->start + *seen, left - *seen, NULL, s);
    *seen = left;
    return s->rows > 0;
}

/* The end, or what is wrong with a row that does not end. */
static enum mlp_code no_row(struct mlp_table *t, size_t bytes, struct mlp_err *e)
{
    if (bytes == 0)
        return MLP_OK;
    return bytes > mlp_row_limit(t) ? mlp_row_too_long(t, e) : unclosed(t, e);
}

/* Makes sure that at least one whole row is indexed; pos_i stays pos_n only at the end. */
static enum mlp_code more_rows(struct mlp_table *t, struct mlp_err *e)
{
    size_t limit = mlp_row_limit(t), want = mlp_block_bytes(t), seen = 0;
    struct mlp_csv_scan s = {.at = MLP_CSV_START};
    /* What was read to see the first line may be all that a pipe has for now. */
    bool filled = t->pos_cap == 0 && t->have > t->start;
    for (;;) {
        enum mlp_code code = filled ? MLP_OK : mlp_table_fill(t, want, e);
        if (code == MLP_OK && (seen == 0 || t->at_end || row_ends(t, &s, &seen)))
            code = index_block(t, e);
        if (code != MLP_OK || t->pos_i < t->pos_n)
            return code;
        size_t left = t->have - t->start;
        if (left > limit || t->at_end)
            return no_row(t, left, e);
        if (seen == 0)
            s = t->scan;
        seen = left;
        filled = false;
        if (left >= want)
            want = want * 2 < limit ? want * 2 : limit + 1;
    }
}

/* "field 3: text after a closing quote", in the batch's memory. */
static const char *name_fault(struct mlp_table *t, size_t field, const char *fault)
{
    char text[96];
    int n = snprintf(text, sizeof text, "field %zu: %s", field, fault);
    const char *copy = mlp_arena_strz(&t->turn->arena, (struct mlp_str){text, (size_t)n});
    return copy ? copy : fault;
}

/* The fault of a raw field, or NULL. Where no quote is stray, a quoted field has one fault only:
 * text behind its last quote. */
static const char *find_fault(const struct mlp_table *t, struct mlp_str raw)
{
    char q = t->dialect.quote;
    bool whole = raw.n >= 2 && raw.p[0] == q && raw.p[raw.n - 1] == q;
    return whole && !t->scan.stray ? NULL : mlp_csv_fault(&t->dialect, raw);
}

/* A field that starts with a quote, or stands in a block with stray quotes. Returns its fault. */
static const char *odd_cell(struct mlp_table *t, struct mlp_str raw, struct mlp_cell *cell)
{
    const char *fault = find_fault(t, raw);
    if (fault || raw.p[0] != t->dialect.quote)
        return fault;
    struct mlp_str v = mlp_csv_unquote(&t->dialect, raw, &t->scratch);
    if (v.n && v.p == t->scratch.p)
        v = mlp_arena_str(&t->turn->arena, v);
    t->no_memory |= t->scratch.failed || !v.p;
    *cell = (struct mlp_cell){v.n || t->empty_is_text ? v.p : NULL, (uint32_t)v.n, true};
    return NULL;
}

/* A row being cut. */
struct cut {
    struct mlp_cell *cell, *stop;  /* the next cell, and behind the last */
    const char *at;                /* where the next field starts */
    const char *fault;
    size_t field;                  /* of the fault, from 1 */
    bool quoted;                   /* a field stood in quotes */
};

static void cut_odd(struct mlp_table *t, struct cut *c, const char *end, size_t field)
{
    const char *fault = odd_cell(t, (struct mlp_str){c->at, (size_t)(end - c->at)}, c->cell);
    c->quoted |= c->cell->quoted;
    if (fault && !c->fault) {
        c->fault = fault;
        c->field = field;
    }
}

/* Cuts the fields of one row into cells and returns the position of its line feed; those beyond
 * the last column are only passed over. This is the loop that every byte's price depends on. */
static const uint32_t *cut_fields(struct mlp_table *t, struct cut *c, const uint32_t *pos)
{
    const char *base = t->block + t->pos_base;
    const struct mlp_cell *first = c->cell;
    char q = t->dialect.quote;
    bool stray = t->scan.stray;
    for (;;) {
        const char *end = base + *pos;
        bool last = *end == '\n';
        const char *stop = last && end > c->at && end[-1] == '\r' ? end - 1 : end;
        size_t n = (size_t)(stop - c->at);
        *c->cell = (struct mlp_cell){n ? c->at : NULL, (uint32_t)n, false};
        if (n && (*c->at == q || stray))
            cut_odd(t, c, stop, (size_t)(c->cell - first) + 1);
        c->cell++;
        if (last)
            return pos;
        c->at = end + 1;
        pos++;
        if (c->cell == c->stop)
            break;
    }
    while (base[*pos] != '\n')
        pos++;
    return pos;
}

static const char *wrong_count(struct mlp_table *t, size_t fields)
{
    char text[64];
    int n = snprintf(text, sizeof text, "%zu fields, expected %zu", fields, t->names.n);
    const char *copy = mlp_arena_strz(&t->turn->arena, (struct mlp_str){text, (size_t)n});
    return copy ? copy : "wrong number of fields";
}

static bool is_blank(const struct mlp_cell *cells, size_t n, size_t bytes)
{
    for (size_t i = 0; i < n && bytes; i++)
        if (cells[i].p)
            return false;
    return true;
}

/* What is wrong with a row of so many fields, or NULL. */
static const char *row_fault(struct mlp_table *t, const struct cut *c, size_t fields,
                             struct mlp_str row)
{
    if (c->fault)
        return name_fault(t, c->field, c->fault);
    if (t->options.blank_rows && is_blank(c->stop - t->names.n, t->names.n, row.n))
        return "a blank row";
    if (fields != t->names.n)
        return wrong_count(t, fields);
    bool good = t->utf8 || mlp_str_utf8(row);
    return good ? NULL : "not UTF-8 (--encoding says what else it is)";
}

/* Cells of the row that read as a missing value. */
static void drop_nulls(const struct mlp_table *t, struct mlp_cell *cells, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (cells[i].p && mlp_is_null(t, mlp_cell_str(&cells[i])))
            cells[i] = (struct mlp_cell){NULL, 0, cells[i].quoted};
}

/* Cuts the row at separator pos_i into the next row of the batch. False, with the table as it
 * was, when the row is over the limit; a blank line is passed but makes no row. */
static bool cut_row(struct mlp_table *t, struct mlp_batch *b)
{
    const char *row = t->block + t->start;
    struct mlp_cell *cells = b->cells + b->nrows * b->ncols;
    struct cut c = {.cell = cells, .stop = cells + b->ncols, .at = row};
    const uint32_t *first = t->pos + t->pos_i, *last = cut_fields(t, &c, first);
    const char *end = t->block + t->pos_base + *last;
    size_t bytes = (size_t)(end - row), fields = (size_t)(last - first) + 1;
    if (bytes > mlp_row_limit(t))
        return false;
    uint64_t line = t->line;
    bool may_span = t->scan.feeds != t->scan.rows && (c.quoted || c.fault || fields > b->ncols);
    t->line += 1 + (may_span ? mlp_csv_lines(row, bytes) : 0);
    t->start += bytes + 1;
    t->pos_i += fields;
    t->rows_left--;
    if (bytes && end[-1] == '\r')
        bytes--;
    if (bytes == 0 && b->ncols > 1 && !t->options.blank_rows)
        return true;
    for (; c.cell < c.stop; c.cell++)
        *c.cell = (struct mlp_cell){NULL, 0, false};
    if (t->options.nulls)
        drop_nulls(t, cells, b->ncols);
    b->bad[b->nrows] = row_fault(t, &c, fields, (struct mlp_str){row, bytes});
    b->raw[b->nrows] = (struct mlp_str){row, bytes};
    b->line[b->nrows++] = line;
    return true;
}

/* The next rows of the block, at most as many as a batch holds. */
static enum mlp_code cut_rows(struct mlp_table *t, struct mlp_err *e)
{
    struct mlp_batch *b = &t->turn->batch;
    size_t most = MLP_BATCH_CELLS / t->names.n + 1;
    size_t rows = t->rows_left < most ? t->rows_left : most;
    enum mlp_code code = mlp_batch_reserve(t, rows, e);
    if (code != MLP_OK)
        return code;
    bool fits = true;
    for (size_t i = 0; i < rows && fits; i++)
        fits = cut_row(t, b);
    /* The line feed that the last row was given is not a byte of the source. */
    if (t->start > t->have)
        t->start = t->have;
    if (t->no_memory)
        return mlp_err_nomem(e);
    /* Rows before one that is too long are handed out first. */
    return fits || b->nrows ? MLP_OK : mlp_row_too_long(t, e);
}

enum mlp_code mlp_csv_batch(struct mlp_table *t, struct mlp_err *e)
{
    enum mlp_code code = MLP_OK;
    t->turn->batch.nrows = 0;
    while (code == MLP_OK && t->turn->batch.nrows == 0) {
        if (t->pos_i == t->pos_n)
            code = more_rows(t, e);
        if (code != MLP_OK || t->pos_i == t->pos_n)
            break;
        code = cut_rows(t, e);
    }
    return code;
}

/* ---- the header */

/* c1, c2, ... for a file without header. */
static enum mlp_code number_columns(struct mlp_table *t, size_t n, struct mlp_err *e)
{
    enum mlp_code code = MLP_OK;
    const char *const *given = t->options.names;
    for (size_t i = 0; i < n && code == MLP_OK; i++) {
        char name[32];
        snprintf(name, sizeof name, "c%zu", i + 1);
        code = mlp_table_take_name(t, mlp_str_from(given && *given ? *given++ : name), e);
    }
    return code;
}

static enum mlp_code take_name(struct mlp_table *t, struct mlp_str raw, size_t field,
                               struct mlp_err *e)
{
    const char *fault = mlp_csv_fault(&t->dialect, raw);
    if (fault) {
        mlp_err_set(e, MLP_EINPUT, "header, field %zu: %s", field, fault);
        return mlp_err_at(e, t->source, t->line, 0);
    }
    struct mlp_str name = mlp_csv_unquote(&t->dialect, raw, &t->scratch);
    return t->scratch.failed ? mlp_err_nomem(e) : mlp_table_take_name(t, name, e);
}

/* Takes the row of block[start..) that has `fields` fields and ends in `bytes` and a line feed. */
static enum mlp_code take_header(struct mlp_table *t, size_t fields, size_t bytes,
                                 struct mlp_err *e)
{
    const char *row = t->block + t->start, *at = row;
    size_t shown = bytes && row[bytes - 1] == '\r' ? bytes - 1 : bytes;
    enum mlp_code code = MLP_OK;
    for (size_t i = 0; i < fields && code == MLP_OK; i++) {
        const char *end = t->block + t->pos_base + t->pos[t->pos_i + i];
        size_t n = (size_t)((i + 1 == fields ? row + shown : end) - at);
        code = take_name(t, (struct mlp_str){at, n}, i + 1, e);
        at = end + 1;
    }
    if (code != MLP_OK)
        return code;
    t->header = mlp_arena_str(&t->names_arena, (struct mlp_str){row, shown});
    t->line += mlp_csv_lines(row, bytes) + 1;
    t->start += bytes + 1;
    t->pos_i += fields;
    t->rows_left--;
    if (t->start > t->have)
        t->start = t->have;
    return t->header.p ? MLP_OK : mlp_err_nomem(e);
}

/* Passes over a row. */
static void pass_row(struct mlp_table *t, size_t fields, size_t bytes)
{
    t->line += mlp_csv_lines(t->block + t->start, bytes) + 1;
    t->start += bytes + 1;
    if (t->start > t->have)
        t->start = t->have;
    t->pos_i += fields;
    t->rows_left--;
}

/* Whether a row stands before the header: a blank one, a comment, or one of `skip`. */
static bool is_before(const struct mlp_table *t, const char *row, size_t bytes, size_t *skip)
{
    if (bytes == 0 || (bytes == 1 && row[0] == '\r'))
        return true;
    if (t->options.comment && row[0] == t->options.comment)
        return true;
    *skip -= *skip > 0;
    return *skip > 0;
}

/* Finds the header's row: its fields, and its bytes without the line feed. */
static enum mlp_code find_header(struct mlp_table *t, size_t *fields, size_t *bytes,
                                 struct mlp_err *e)
{
    size_t skip = t->options.skip_rows + 1;
    for (;;) {
        enum mlp_code code = t->pos_i == t->pos_n ? more_rows(t, e) : MLP_OK;
        if (code != MLP_OK)
            return code;
        if (t->pos_i == t->pos_n) {
            bool notes = t->options.comment || t->options.skip_rows;
            mlp_err_set(e, MLP_EINPUT, "holds blank lines only%s, expected a header line",
                        notes ? " behind what stands before the header" : "");
            return mlp_err_at(e, t->source, 0, 0);
        }
        const char *p = t->block + t->pos_base, *row = t->block + t->start;
        size_t last = t->pos_i;
        while (p[t->pos[last]] != '\n')
            last++;
        *fields = last - t->pos_i + 1;
        *bytes = (size_t)(p + t->pos[last] - row);
        if (!is_before(t, row, *bytes, &skip))
            return MLP_OK;
        pass_row(t, *fields, *bytes);
    }
}

enum mlp_code mlp_csv_header(struct mlp_table *t, struct mlp_err *e)
{
    size_t fields = 0, bytes = 0;
    enum mlp_code code = find_header(t, &fields, &bytes, e);
    if (code != MLP_OK)
        return code;
    if (bytes > mlp_row_limit(t))
        return mlp_row_too_long(t, e);
    if (bytes && t->block[t->start + bytes - 1] == '\r')
        t->eol = MLP_STR("\r\n");
    return t->options.no_header ? number_columns(t, fields, e)
                                : take_header(t, fields, bytes, e);
}
