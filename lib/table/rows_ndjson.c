/* Rows of NDJSON: one flat object a line. Nested values are given as their JSON text. */
#include "table/internal.h"

#include "text/json.h"

#define MAX_DEPTH 64

/* The next line of the block without its line feed; p NULL when there is no whole one. */
static struct mlp_str peek_line(const struct mlp_table *t)
{
    const char *p = t->block + t->start;
    size_t n = t->have - t->start;
    const char *end = n ? memchr(p, '\n', n) : NULL;
    if (!end && t->at_end && n)
        end = p + n;
    return end ? (struct mlp_str){p, (size_t)(end - p)} : (struct mlp_str){NULL, 0};
}

static enum mlp_code more_lines(struct mlp_table *t, struct mlp_err *e)
{
    size_t want = t->options.block_bytes ? t->options.block_bytes : MLP_BLOCK_BYTES;
    while (!peek_line(t).p && !(t->at_end && t->have == t->start)) {
        size_t left = t->have - t->start;
        if (left > mlp_row_limit(t))
            return mlp_row_too_long(t, e);
        if (left * 2 > want)
            want = left * 2;
        enum mlp_code code = mlp_table_fill(t, want, e);
        if (code != MLP_OK)
            return code;
    }
    return MLP_OK;
}

static void pass_line(struct mlp_table *t, struct mlp_str line)
{
    t->start += line.n + 1;
    if (t->start > t->have)
        t->start = t->have;
    t->line++;
}

static enum mlp_code place(const struct mlp_table *t, struct mlp_err *e)
{
    /* The tokenizer counted lines within this one. */
    if (e && e->code != MLP_OK && !e->source[0]) {
        e->line = t->line;
        mlp_err_at(e, t->source, t->line, 0);
    }
    return e ? e->code : MLP_EINPUT;
}

/* The value that a token starts, as a cell. */
static enum mlp_code take_value(struct mlp_table *t, struct mlp_json *j, struct mlp_json_token *v,
                                struct mlp_cell *cell, struct mlp_err *e)
{
    size_t start = v->offset;
    *cell = (struct mlp_cell){NULL, 0, false};
    enum mlp_code code = MLP_OK;
    struct mlp_str s = v->raw;
    switch (v->type) {
    case MLP_JSON_NULL:
        return MLP_OK;
    case MLP_JSON_STRING:
        cell->quoted = true;
        if (v->escaped) {
            mlp_buf_reset(&t->scratch);
            mlp_json_unescape(v->raw, &t->scratch);
            s = mlp_arena_str(&t->arena, mlp_buf_str(&t->scratch));
            if (!s.p)
                return mlp_err_nomem(e);
        }
        break;
    case MLP_JSON_TRUE:
        s = MLP_STR("true");
        break;
    case MLP_JSON_FALSE:
        s = MLP_STR("false");
        break;
    case MLP_JSON_OBJECT:
    case MLP_JSON_ARRAY:
        code = mlp_json_skip(j, v, e);
        s = (struct mlp_str){j->text + start, (size_t)(j->p - j->text) - start};
        break;
    default:
        break;
    }
    cell->n = (uint32_t)s.n;
    cell->p = s.n && !mlp_is_null(t, s) ? s.p : NULL;
    return code;
}

/* Index of a key: the column after the last one, as rows of one writer have it, else by name. */
static int find_column(const struct mlp_table *t, struct mlp_str key, size_t expected)
{
    if (expected < t->names.n && mlp_str_eq(mlp_table_name(t, expected), key))
        return (int)expected;
    return mlp_table_find(t, key);
}

static struct mlp_str key_text(struct mlp_table *t, const struct mlp_json_token *k)
{
    if (!k->escaped)
        return k->raw;
    mlp_buf_reset(&t->scratch);
    mlp_json_unescape(k->raw, &t->scratch);
    return mlp_buf_str(&t->scratch);
}

static enum mlp_code cut_line(struct mlp_table *t, struct mlp_str line, struct mlp_cell *cells,
                              const char **bad, struct mlp_err *e)
{
    struct mlp_json j;
    struct mlp_json_token k, v;
    size_t expected = 0;
    mlp_json_init(&j, line, MAX_DEPTH);
    enum mlp_code code = mlp_json_next(&j, &k, e);
    if (code == MLP_OK && k.type != MLP_JSON_OBJECT)
        code = mlp_err_set(e, MLP_EINPUT, "expected a JSON object on each line");
    while (code == MLP_OK && (code = mlp_json_next(&j, &k, e)) == MLP_OK) {
        if (k.type == MLP_JSON_END)
            break;
        if (k.type == MLP_JSON_OBJECT_END)
            continue;
        struct mlp_cell ignored;
        int column = find_column(t, key_text(t, &k), expected);
        code = mlp_json_next(&j, &v, e);
        if (code == MLP_OK)
            code = take_value(t, &j, &v, column >= 0 ? &cells[column] : &ignored, e);
        if (column < 0)
            *bad = "a key that the first row does not have";
        else
            expected = (size_t)column + 1;
    }
    return code;
}

enum mlp_code mlp_ndjson_header(struct mlp_table *t, struct mlp_err *e)
{
    struct mlp_json j;
    struct mlp_json_token k, v;
    enum mlp_code code = more_lines(t, e);
    struct mlp_str line = peek_line(t);
    /* Blank lines before the first row are passed over. */
    while (code == MLP_OK && line.p && mlp_str_trim(line).n == 0) {
        pass_line(t, line);
        code = more_lines(t, e);
        line = peek_line(t);
    }
    if (code != MLP_OK)
        return code;
    mlp_json_init(&j, line, MAX_DEPTH);
    code = mlp_json_next(&j, &k, e);
    if (code == MLP_OK && k.type != MLP_JSON_OBJECT)
        code = mlp_err_set(e, MLP_EINPUT, "expected a JSON object on each line");
    while (code == MLP_OK && (code = mlp_json_next(&j, &k, e)) == MLP_OK) {
        if (k.type == MLP_JSON_OBJECT_END || k.type == MLP_JSON_END)
            break;
        code = mlp_table_take_name(t, key_text(t, &k), e);
        if (code == MLP_OK)
            code = mlp_json_next(&j, &v, e);
        if (code == MLP_OK)
            code = mlp_json_skip(&j, &v, e);
    }
    return code == MLP_OK ? MLP_OK : place(t, e);
}

/* Takes whole lines of the block until the batch is full. */
static enum mlp_code cut_lines(struct mlp_table *t, struct mlp_batch *b, size_t rows,
                               struct mlp_err *e)
{
    enum mlp_code code;
    struct mlp_str line;
    while (b->nrows < rows && (line = peek_line(t)).p) {
        struct mlp_cell *cells = b->cells + b->nrows * b->ncols;
        if (mlp_str_trim(line).n == 0) {
            pass_line(t, line);
            continue;
        }
        for (size_t i = 0; i < b->ncols; i++)
            cells[i] = (struct mlp_cell){NULL, 0, false};
        b->bad[b->nrows] = NULL;
        code = cut_line(t, line, cells, &b->bad[b->nrows], e);
        if (code != MLP_OK)
            return place(t, e);
        size_t n = line.n && line.p[line.n - 1] == '\r' ? line.n - 1 : line.n;
        b->raw[b->nrows] = (struct mlp_str){line.p, n};
        b->line[b->nrows++] = t->line;
        pass_line(t, line);
    }
    return MLP_OK;
}

enum mlp_code mlp_ndjson_batch(struct mlp_table *t, struct mlp_err *e)
{
    size_t most = MLP_BATCH_CELLS / (t->names.n ? t->names.n : 1);
    size_t rows = most < 1024 ? most + 1 : 1024;
    enum mlp_code code = MLP_OK;
    t->batch.nrows = 0;
    /* Blocks of blank lines make no rows, but are not the end. */
    while (code == MLP_OK && t->batch.nrows == 0) {
        code = more_lines(t, e);
        if (code != MLP_OK || !peek_line(t).p)
            break;
        code = mlp_batch_reserve(t, rows, e);
        if (code == MLP_OK)
            code = cut_lines(t, &t->batch, rows, e);
    }
    return code;
}
