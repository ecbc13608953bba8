/* Rows of NDJSON: one flat object a line. Nested values are given as their JSON text. A line that
 * cannot be read is a bad row: where the next one starts is certain. */
#include "table/internal.h"

#include "text/json.h"

#include <inttypes.h>

#define MAX_DEPTH 64
#define MOST_ROWS ((size_t)1024)

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
    size_t want = mlp_block_bytes(t), limit = mlp_row_limit(t);
    while (!peek_line(t).p && !(t->at_end && t->have == t->start)) {
        size_t left = t->have - t->start;
        if (left > limit)
            return mlp_row_too_long(t, e);
        while (left >= want)
            want = want * 2 < limit ? want * 2 : limit + 1;
        enum mlp_code code = mlp_table_fill(t, want, e);
        if (code != MLP_OK)
            return code;
    }
    return peek_line(t).n > limit ? mlp_row_too_long(t, e) : MLP_OK;
}

static void pass_line(struct mlp_table *t, struct mlp_str line)
{
    t->start += line.n + 1;
    if (t->start > t->have)
        t->start = t->have;
    t->line++;
}

/* An error of the tokenizer, which counted lines within one: the place is that of the file. */
static enum mlp_code place(const struct mlp_table *t, struct mlp_err *e)
{
    if (e && e->code != MLP_OK && !e->source[0]) {
        e->line = t->line;
        mlp_err_at(e, t->source, t->line, 0);
    }
    return e ? e->code : MLP_EINPUT;
}

/* What is wrong with a line, in the batch's memory. */
static const char *fault_text(struct mlp_table *t, const struct mlp_err *e)
{
    char text[sizeof e->message + 32];
    int n = e->column ? snprintf(text, sizeof text, "column %" PRIu64 ": %s", e->column, e->message)
                      : snprintf(text, sizeof text, "%s", e->message);
    const char *copy = n > 0 ? mlp_arena_strz(&t->turn->arena, mlp_str_from(text)) : NULL;
    return copy ? copy : "not a JSON object";
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
            s = mlp_arena_str(&t->turn->arena, mlp_buf_str(&t->scratch));
            if (!s.p || t->scratch.failed)
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
    if (code == MLP_OK && s.n && !mlp_is_null(t, s))
        *cell = (struct mlp_cell){s.p, (uint32_t)s.n, cell->quoted};
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

/* A line being cut. `seen` tells for each column the last row (from 1) that had its key. */
struct cut {
    struct mlp_json json;
    struct mlp_cell *cells;
    uint32_t *seen, row;
    size_t expected;      /* the column that would come next */
    const char *bad;
};

/* The member whose key is k. */
static enum mlp_code cut_member(struct mlp_table *t, struct cut *c, const struct mlp_json_token *k,
                                struct mlp_err *e)
{
    struct mlp_json_token v;
    struct mlp_cell ignored;
    int column = find_column(t, key_text(t, k), c->expected);
    if (t->scratch.failed)
        return mlp_err_nomem(e);
    enum mlp_code code = mlp_json_next(&c->json, &v, e);
    if (code != MLP_OK)
        return code;
    if (column < 0) {
        c->bad = "a key that the first row does not have";
        return take_value(t, &c->json, &v, &ignored, e);
    }
    if (c->seen[column] == c->row)
        c->bad = "a key that is there twice";
    c->seen[column] = c->row;
    c->expected = (size_t)column + 1;
    return take_value(t, &c->json, &v, &c->cells[column], e);
}

static enum mlp_code open_object(struct mlp_json *j, struct mlp_str line, struct mlp_err *e)
{
    struct mlp_json_token k;
    mlp_json_init(j, line, MAX_DEPTH);
    enum mlp_code code = mlp_json_next(j, &k, e);
    if (code == MLP_OK && k.type != MLP_JSON_OBJECT)
        code = mlp_err_set(e, MLP_EINPUT, "expected a JSON object on each line");
    return code;
}

static enum mlp_code cut_line(struct mlp_table *t, struct cut *c, struct mlp_str line,
                              struct mlp_err *e)
{
    struct mlp_json_token k;
    enum mlp_code code = open_object(&c->json, line, e);
    while (code == MLP_OK && (code = mlp_json_next(&c->json, &k, e)) == MLP_OK) {
        if (k.type == MLP_JSON_END)
            break;
        if (k.type != MLP_JSON_OBJECT_END)
            code = cut_member(t, c, &k, e);
    }
    return code;
}

static enum mlp_code first_row(struct mlp_table *t, struct mlp_str *line, struct mlp_err *e)
{
    enum mlp_code code = more_lines(t, e);
    while (code == MLP_OK && (*line = peek_line(t)).p && mlp_str_trim(*line).n == 0) {
        pass_line(t, *line);
        code = more_lines(t, e);
    }
    if (code == MLP_OK && !line->p) {
        mlp_err_set(e, MLP_EINPUT, "holds blank lines only, expected a JSON object on each");
        mlp_err_at(e, t->source, 0, 0);
        code = MLP_EINPUT;
    }
    return code;
}

enum mlp_code mlp_ndjson_header(struct mlp_table *t, struct mlp_err *e)
{
    struct mlp_json j;
    struct mlp_json_token k, v;
    struct mlp_str line = {NULL, 0};
    enum mlp_code code = first_row(t, &line, e);
    if (code != MLP_OK)
        return code;
    code = open_object(&j, line, e);
    while (code == MLP_OK && (code = mlp_json_next(&j, &k, e)) == MLP_OK) {
        if (k.type == MLP_JSON_END)
            break;
        if (k.type == MLP_JSON_OBJECT_END)
            continue;
        struct mlp_str name = key_text(t, &k);
        code = t->scratch.failed ? mlp_err_nomem(e) : mlp_table_take_name(t, name, e);
        if (code == MLP_OK)
            code = mlp_json_next(&j, &v, e);
        if (code == MLP_OK)
            code = mlp_json_skip(&j, &v, e);
    }
    if (code == MLP_OK && line.n && line.p[line.n - 1] == '\r')
        t->eol = MLP_STR("\r\n");
    if (code == MLP_OK && t->names.n == 0)
        code = mlp_err_set(e, MLP_EINPUT, "the first object has no keys, expected the columns");
    return code == MLP_OK ? MLP_OK : place(t, e);
}

/* One line into the next row of the batch. Only a lack of memory is an error. */
static enum mlp_code cut_row(struct mlp_table *t, struct mlp_batch *b, struct mlp_str line,
                             uint32_t *seen, struct mlp_err *e)
{
    struct mlp_err wrong;
    struct cut c = {.cells = b->cells + b->nrows * b->ncols, .seen = seen};
    c.row = (uint32_t)b->nrows + 1;
    memset(c.cells, 0, b->ncols * sizeof *c.cells);
    mlp_err_init(&wrong);
    enum mlp_code code = cut_line(t, &c, line, &wrong);
    if (code == MLP_EIO)
        return mlp_err_nomem(e);
    if (code != MLP_OK) {
        memset(c.cells, 0, b->ncols * sizeof *c.cells);
        c.bad = fault_text(t, &wrong);
    }
    size_t n = line.n && line.p[line.n - 1] == '\r' ? line.n - 1 : line.n;
    b->bad[b->nrows] = c.bad;
    b->raw[b->nrows] = (struct mlp_str){line.p, n};
    b->line[b->nrows++] = t->line;
    return MLP_OK;
}

/* Takes whole lines of the block until the batch is full. */
static enum mlp_code cut_lines(struct mlp_table *t, size_t rows, struct mlp_err *e)
{
    struct mlp_str line;
    uint32_t *seen = mlp_arena_array(&t->turn->arena, t->turn->batch.ncols, sizeof *seen);
    enum mlp_code code = seen ? MLP_OK : mlp_err_nomem(e);
    while (code == MLP_OK && t->turn->batch.nrows < rows && (line = peek_line(t)).p) {
        /* Too long: told when it is the first of a batch. */
        if (line.n > mlp_row_limit(t))
            break;
        if (mlp_str_trim(line).n)
            code = cut_row(t, &t->turn->batch, line, seen, e);
        pass_line(t, line);
    }
    return code;
}

enum mlp_code mlp_ndjson_batch(struct mlp_table *t, struct mlp_err *e)
{
    size_t most = MLP_BATCH_CELLS / t->names.n;
    size_t rows = most < MOST_ROWS ? most + 1 : MOST_ROWS;
    enum mlp_code code = MLP_OK;
    t->turn->batch.nrows = 0;
    /* Blocks of blank lines make no rows, but are not the end. */
    while (code == MLP_OK && t->turn->batch.nrows == 0) {
        code = more_lines(t, e);
        if (code != MLP_OK || !peek_line(t).p)
            break;
        code = mlp_batch_reserve(t, rows, e);
        if (code == MLP_OK)
            code = cut_lines(t, rows, e);
    }
    return code;
}
