#include "table/internal.h"

#include "base/file.h"
#include "text/num.h"

#include <math.h>
#include <stdlib.h>

#define NAMES_MEMORY ((size_t)64 << 20)
#define SPARE_BYTES ((size_t)64 << 10)
#define RECODE_BYTES 16384
#define SNIFF_BYTES 65536 /* of the first line, which tells the format */

size_t mlp_row_limit(const struct mlp_table *t)
{
    size_t n = t->options.max_row_bytes ? t->options.max_row_bytes : MLP_ROW_BYTES;
    return n < MLP_MOST_ROW_BYTES ? n : MLP_MOST_ROW_BYTES;
}

size_t mlp_block_bytes(const struct mlp_table *t)
{
    size_t n = t->options.block_bytes ? t->options.block_bytes : MLP_BLOCK_BYTES;
    if (n < MLP_LEAST_BLOCK_BYTES)
        n = MLP_LEAST_BLOCK_BYTES;
    return n < MLP_MOST_ROW_BYTES ? n : MLP_MOST_ROW_BYTES;
}

enum mlp_code mlp_row_too_long(struct mlp_table *t, struct mlp_err *e)
{
    size_t limit = mlp_row_limit(t), mib = (size_t)1 << 20;
    if (limit % mib == 0)
        mlp_err_set(e, MLP_EINPUT, "the row that starts here is over %zu MiB", limit / mib);
    else
        mlp_err_set(e, MLP_EINPUT, "the row that starts here is over %zu bytes", limit);
    if (t->format == MLP_TABLE_NDJSON)
        mlp_err_hint(e, "each line holds one object: is this NDJSON?");
    else
        mlp_err_hint(e, "an unbalanced quote? look for one that is not closed");
    return mlp_err_at(e, t->source, t->line, 0);
}

bool mlp_is_null_text(const struct mlp_table *t, struct mlp_str s)
{
    for (const char *const *z = t->options.nulls; z && *z; z++)
        if (mlp_str_is(s, *z))
            return true;
    return false;
}

static void note_nulls(struct mlp_table *t)
{
    for (const char *const *z = t->options.nulls; z && *z; z++) {
        unsigned char c = (unsigned char)(*z)[0];
        t->null_starts[c / 64] |= (uint64_t)1 << c % 64;
    }
}

/* ---- filling the block */

static enum mlp_code read_part(struct mlp_table *t, char *p, size_t n, size_t *got,
                               struct mlp_err *e)
{
    struct mlp_source *s = &t->from;
    size_t most = s->end - s->at < n ? (size_t)(s->end - s->at) : n;
    if (most == 0)
        return MLP_OK;
    enum mlp_code code = mlp_os_pread(s->fd, p, most, s->at, got, e);
    if (code == MLP_OK && *got == 0)
        code = mlp_err_set(e, MLP_EIO, "became shorter while it was read");
    s->at += *got;
    return code == MLP_OK ? MLP_OK : mlp_err_at(e, t->source, 0, 0);
}

static enum mlp_code read_source(struct mlp_table *t, char *p, size_t n, size_t *got,
                                 struct mlp_err *e)
{
    struct mlp_source *s = &t->from;
    *got = 0;
    if (t->failed.code != MLP_OK)
        return t->failed.code;
    if (s->stream)
        return mlp_stream_read(s->stream, p, n, got, e);
    if (s->fd >= 0)
        return read_part(t, p, n, got, e);
    *got = s->memory.n < n ? s->memory.n : n;
    if (*got)
        memcpy(p, s->memory.p, *got);
    s->memory.p += *got;
    s->memory.n -= *got;
    return MLP_OK;
}

static size_t take_recoded(struct mlp_recode *r, char *p, size_t n)
{
    size_t most = r->out.n - r->at < n ? r->out.n - r->at : n;
    if (most)
        memcpy(p, r->out.p + r->at, most);
    r->at += most;
    return most;
}

/* Gives the recoder that has nothing left more of what comes before it. */
static enum mlp_code feed(struct mlp_table *t, struct mlp_err *e)
{
    char bytes[RECODE_BYTES];
    unsigned i = t->nrecodes - 1;
    size_t have = 0;
    while (i > 0 && !t->recode[i].failed && !t->recode[i - 1].ended &&
           t->recode[i - 1].at == t->recode[i - 1].out.n)
        i--;
    if (t->recode[i].failed)
        return t->failed.code;
    if (i > 0)
        have = take_recoded(&t->recode[i - 1], bytes, sizeof bytes);
    else if (read_source(t, bytes, sizeof bytes, &have, e) != MLP_OK)
        return e->code;
    mlp_recode_add(&t->recode[i], bytes, have, have == 0, e);
    return MLP_OK;
}

/* The next bytes, or what is wrong behind the last: not before those are taken. */
static enum mlp_code read_some(struct mlp_table *t, char *p, size_t n, size_t *got)
{
    struct mlp_recode *last = t->nrecodes ? &t->recode[t->nrecodes - 1] : NULL;
    enum mlp_code code = MLP_OK;
    if (!last)
        code = read_source(t, p, n, got, &t->failed);
    while (last && code == MLP_OK && (*got = take_recoded(last, p, n)) == 0 && !last->ended)
        code = feed(t, &t->failed);
    return code;
}

/* From here on the bytes go through one more; those in the block are its first. */
static void recode_from_here(struct mlp_table *t, enum mlp_recode_kind kind)
{
    struct mlp_recode *r = &t->recode[t->nrecodes++];
    mlp_recode_init(r, kind);
    mlp_recode_add(r, t->block + t->start, t->have - t->start, t->at_end, &t->failed);
    t->start = t->have = 0;
    t->at_end = false;
}

static enum mlp_code grow_block(struct mlp_table *t, size_t cap, struct mlp_err *e)
{
    char *p = realloc(t->block, cap + MLP_CSV_PAD);
    if (!p)
        return mlp_err_nomem(e);
    t->block = p;
    t->cap = cap;
    return MLP_OK;
}

/* Goes on in the block whose batches have had their time. */
static enum mlp_code next_block(struct mlp_table *t, size_t want, struct mlp_err *e)
{
    struct mlp_block last = {t->block, t->cap};
    size_t left = t->have - t->start;
    t->resting[t->at_block] = last;
    t->at_block = (t->at_block + 1) % (t->options.kept + 1);
    struct mlp_block *next = &t->resting[t->at_block];
    t->block = next->p;
    t->cap = next->cap;
    *next = (struct mlp_block){NULL, 0};
    enum mlp_code code = MLP_OK;
    if (t->cap < want || t->cap < left)
        code = grow_block(t, want < left ? left : want, e);
    if (code == MLP_OK && left)
        memcpy(t->block, last.p + t->start, left);
    t->have = code == MLP_OK ? left : 0;
    t->start = 0;
    return code;
}

/* Moves what is left to the front of a block with room for `want` bytes. */
static enum mlp_code make_room(struct mlp_table *t, size_t want, struct mlp_err *e)
{
    enum mlp_code code = t->moves_on ? next_block(t, want, e) : MLP_OK;
    t->moves_on = false;
    if (t->start) {
        memmove(t->block, t->block + t->start, t->have - t->start);
        t->have -= t->start;
        t->start = 0;
    }
    return code == MLP_OK && t->cap < want ? grow_block(t, want, e) : code;
}

enum mlp_code mlp_table_fill(struct mlp_table *t, size_t want, struct mlp_err *e)
{
    enum mlp_code code = make_room(t, want, e);
    if (code != MLP_OK)
        return code;
    /* A pipe that ends a line is not waited on for a full block. */
    bool is_pipe = t->from.stream && mlp_stream_size(t->from.stream) == 0;
    size_t had = t->have;
    bool failed = false;
    while (t->have < want && !t->at_end) {
        size_t got = 0;
        failed = read_some(t, t->block + t->have, want - t->have, &got) != MLP_OK;
        if (failed)
            break;
        t->at_end = got == 0;
        t->have += got;
        t->taken += got;
        if (is_pipe && t->have && t->block[t->have - 1] == '\n')
            break;
    }
    memset(t->block + t->have, 0, MLP_CSV_PAD);
    /* A fault behind bytes that are not taken yet has its time. */
    if (!failed || t->have > had)
        return MLP_OK;
    /* What is left is part of a row, and no longer one to wait for the end of. */
    if (t->have > mlp_row_limit(t))
        return mlp_row_too_long(t, e);
    mlp_err_at(&t->failed, t->source, 0, 0);
    if (e)
        *e = t->failed;
    return t->failed.code;
}

void mlp_table_stop_when(struct mlp_table *t, const atomic_bool *stop)
{
    if (t->from.stream)
        mlp_stream_stop_when(t->from.stream, stop);
}

/* ---- columns */

enum mlp_code mlp_table_take_name(struct mlp_table *t, struct mlp_str name, struct mlp_err *e)
{
    bool fresh;
    size_t most = t->options.max_columns ? t->options.max_columns : MLP_MOST_COLUMNS;
    char unnamed[40];
    if (name.n == 0 && t->options.name_unnamed) {
        int n = snprintf(unnamed, sizeof unnamed, "Unnamed: %zu", t->names.n);
        name = (struct mlp_str){unnamed, (size_t)n};
    }
    if (t->names.n >= most) {
        mlp_err_set(e, MLP_EINPUT, "more than %zu columns", most);
    } else if (name.n == 0) {
        mlp_err_set(e, MLP_EINPUT, "column %zu has no name", t->names.n + 1);
        mlp_err_hint(e, "name it, or say that the file has no header");
    } else if (memchr(name.p, '\0', name.n) || !mlp_str_utf8(name)) {
        mlp_err_set(e, MLP_EINPUT, "column %zu: the name is not text in UTF-8", t->names.n + 1);
        mlp_err_hint(e, "is this a CSV, TSV or NDJSON file?");
    } else {
        struct mlp_str copy = mlp_arena_str(&t->names_arena, name);
        struct mlp_str *slot = copy.p ? mlp_vec_push(&t->names) : NULL;
        uint64_t *index = slot ? mlp_map_put(&t->by_name, name, &fresh) : NULL;
        if (!index)
            return mlp_err_nomem(e);
        *slot = copy;
        if (fresh) {
            *index = t->names.n - 1;
            return MLP_OK;
        }
        mlp_err_set(e, MLP_EINPUT, "two columns are named \"%.*s\"", MLP_STR_ARG(name));
    }
    return mlp_err_at(e, t->source, t->line, 0);
}

size_t mlp_table_ncols(const struct mlp_table *t)
{
    return t->names.n;
}

struct mlp_str mlp_table_name(const struct mlp_table *t, size_t column)
{
    return *(struct mlp_str *)mlp_vec_at(&t->names, column);
}

int mlp_table_find(const struct mlp_table *t, struct mlp_str name)
{
    const uint64_t *index = mlp_map_get(&t->by_name, name);
    return index ? (int)*index : -1;
}

struct mlp_str mlp_table_header(const struct mlp_table *t)
{
    return t->header;
}

struct mlp_str mlp_table_eol(const struct mlp_table *t)
{
    return t->eol;
}

const char *mlp_table_source(const struct mlp_table *t)
{
    return t->source;
}

enum mlp_table_format mlp_table_format_of(const struct mlp_table *t)
{
    return t->format;
}

const struct mlp_csv_dialect *mlp_table_dialect(const struct mlp_table *t)
{
    return &t->dialect;
}

uint64_t mlp_table_bytes(const struct mlp_table *t)
{
    return t->from.stream ? mlp_stream_consumed(t->from.stream) : t->taken;
}

uint64_t mlp_table_size(const struct mlp_table *t)
{
    return t->from.stream ? mlp_stream_size(t->from.stream) : 0;
}

/* ---- format */

/* The ending of a name without .gz or .zst. */
static struct mlp_str plain_name(const char *source)
{
    struct mlp_str s = mlp_str_from(source);
    if (mlp_str_ends(s, ".gz"))
        s.n -= 3;
    else if (mlp_str_ends(s, ".zst"))
        s.n -= 4;
    return s;
}

static enum mlp_table_format by_name(const char *source)
{
    struct mlp_str s = plain_name(source);
    if (mlp_str_ends(s, ".csv"))
        return MLP_TABLE_CSV;
    if (mlp_str_ends(s, ".tsv") || mlp_str_ends(s, ".tab"))
        return MLP_TABLE_TSV;
    if (mlp_str_ends(s, ".ndjson") || mlp_str_ends(s, ".jsonl"))
        return MLP_TABLE_NDJSON;
    return MLP_TABLE_AUTO;
}

/* The separator that the line has most of, outside quotes; a comma when it has none. */
static char sniff_delimiter(struct mlp_str line)
{
    static const char candidates[4] = {',', ';', '\t', '|'};
    size_t counts[4] = {0}, best = 0;
    bool quoted = false;
    for (size_t i = 0; i < line.n; i++) {
        quoted ^= line.p[i] == '"';
        for (size_t k = 0; k < 4; k++)
            counts[k] += !quoted && line.p[i] == candidates[k];
    }
    for (size_t k = 1; k < 4; k++)
        if (counts[k] > counts[best])
            best = k;
    return candidates[best];
}

/* Where the line of the header begins: after blank lines and those that stand before it. */
static const char *header_line(const struct mlp_table *t, const char *p, const char *end)
{
    size_t skip = t->options.skip_rows;
    for (;;) {
        while (p < end && (*p == '\n' || *p == '\r'))
            p++;
        bool comment = p < end && t->options.comment && *p == t->options.comment;
        if (p == end || (!skip && !comment))
            return p;
        skip -= skip && !comment;
        while (p < end && *p != '\n')
            p++;
    }
}

/* The header's line, as far as the block has it and as it is looked at; *whole when more bytes
 * would not change it. */
static struct mlp_str first_line(const struct mlp_table *t, bool *whole)
{
    const char *p = t->block + t->start, *end = t->block + t->have, *from;
    bool quoted = false;
    if (end - p > SNIFF_BYTES)
        end = p + SNIFF_BYTES;
    p = header_line(t, p, end);
    for (from = p; p < end && (quoted || *p != '\n'); p++)
        quoted ^= *p == '"';
    *whole = p < end || t->at_end || end < t->block + t->have;
    return (struct mlp_str){from, (size_t)(p - from)};
}

/* Reads until the first line is whole, which tells the format and the delimiter. */
static enum mlp_code see_first_line(struct mlp_table *t, struct mlp_str *line, struct mlp_err *e)
{
    size_t want = mlp_block_bytes(t);
    bool whole = false, fill = t->have == t->start;
    while (!whole) {
        /* What is there may do: a pipe is not waited on for more. */
        enum mlp_code code = fill ? mlp_table_fill(t, want, e) : MLP_OK;
        if (code != MLP_OK)
            return code;
        fill = true;
        /* A byte order mark is no part of the first name. */
        if (t->taken == t->have && t->have >= 3 && memcmp(t->block, "\xEF\xBB\xBF", 3) == 0)
            t->start = 3;
        *line = first_line(t, &whole);
        if (t->have - t->start >= want)
            want *= 2;
    }
    return MLP_OK;
}

/* Installs what turns the file's encoding into UTF-8, once its first bytes are there. */
static enum mlp_code decode(struct mlp_table *t, struct mlp_err *e)
{
    static const enum mlp_recode_kind kinds[] = {
        [MLP_ENCODING_UTF16] = MLP_RECODE_UTF16, [MLP_ENCODING_LATIN1] = MLP_RECODE_LATIN1,
        [MLP_ENCODING_WINDOWS1252] = MLP_RECODE_WINDOWS1252};
    enum mlp_table_encoding encoding = t->options.encoding;
    enum mlp_code code = mlp_table_fill(t, mlp_block_bytes(t), e);
    const unsigned char *p = (const unsigned char *)t->block;
    if (encoding == MLP_ENCODING_AUTO && t->have >= 2 &&
        ((p[0] == 0xFF && p[1] == 0xFE) || (p[0] == 0xFE && p[1] == 0xFF)))
        encoding = MLP_ENCODING_UTF16;
    if (code != MLP_OK || encoding < MLP_ENCODING_UTF16 || t->empty_is_text)
        return code;
    recode_from_here(t, kinds[encoding]);
    return MLP_OK;
}

static bool is_array(const struct mlp_table *t, struct mlp_str line)
{
    bool may_be = t->options.format == MLP_TABLE_NDJSON || t->options.format == MLP_TABLE_AUTO;
    line = mlp_str_trim(line);
    if (!may_be || t->empty_is_text || line.n == 0 || line.p[0] != '[')
        return false;
    line = mlp_str_trim((struct mlp_str){line.p + 1, line.n - 1});
    return t->options.format == MLP_TABLE_NDJSON || line.n == 0 || line.p[0] == '{';
}

static void choose_format(struct mlp_table *t, struct mlp_str line)
{
    if (t->empty_is_text) { /* made from a columnar file */
        t->format = MLP_TABLE_CSV;
        t->dialect = (struct mlp_csv_dialect){',', '"'};
        return;
    }
    t->format = t->options.format ? t->options.format : by_name(t->source);
    if (t->format == MLP_TABLE_AUTO) {
        line = mlp_str_trim(line);
        t->format = line.n && line.p[0] == '{' ? MLP_TABLE_NDJSON : MLP_TABLE_CSV;
    }
    t->dialect = (struct mlp_csv_dialect){t->options.delimiter, '"'};
    if (!t->dialect.delimiter)
        t->dialect.delimiter = t->format == MLP_TABLE_TSV ? '\t' : sniff_delimiter(line);
}

static enum mlp_code read_header(struct mlp_table *t, struct mlp_err *e)
{
    struct mlp_str line = {NULL, 0};
    enum mlp_code code = decode(t, e);
    if (code == MLP_OK)
        code = see_first_line(t, &line, e);
    if (code == MLP_OK && is_array(t, line)) {
        recode_from_here(t, MLP_RECODE_JSON_ARRAY);
        code = see_first_line(t, &line, e);
    }
    if (code != MLP_OK)
        return code;
    if (t->have == t->start && t->options.empty) {
        t->format = MLP_TABLE_NDJSON;
        return MLP_OK;
    }
    if (t->have == t->start) {
        mlp_err_set(e, MLP_EINPUT, "is empty, expected a header line");
        return mlp_err_at(e, t->source, 0, 0);
    }
    choose_format(t, line);
    return t->format == MLP_TABLE_NDJSON ? mlp_ndjson_header(t, e) : mlp_csv_header(t, e);
}

/* ---- opening */

struct mlp_table *mlp_table_new(const char *source, const struct mlp_table_options *options)
{
    struct mlp_table *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    t->from.fd = -1;
    mlp_err_init(&t->failed);
    t->line = 1;
    t->eol = MLP_STR("\n");
    if (options)
        t->options = *options;
    if (t->options.kept > MLP_TABLE_KEPT)
        t->options.kept = MLP_TABLE_KEPT;
    note_nulls(t);
    mlp_str_copy(mlp_str_from(source), t->source, sizeof t->source);
    mlp_arena_init(&t->names_arena, NAMES_MEMORY);
    for (unsigned i = 0; i <= MLP_TABLE_KEPT; i++) {
        mlp_arena_init(&t->turns[i].arena, MLP_BATCH_MEMORY);
        t->turns[i].batch.arena = &t->turns[i].arena;
    }
    t->turn = t->turns;
    mlp_vec_init(&t->names, sizeof(struct mlp_str));
    mlp_map_init(&t->by_name, 0, NAMES_MEMORY);
    mlp_buf_init(&t->scratch, MLP_BATCH_MEMORY);
    return t;
}

void mlp_table_close(struct mlp_table *t)
{
    if (!t)
        return;
    mlp_stream_close(t->from.stream);
    if (t->from.fd > 0)
        mlp_os_close(t->from.fd, NULL);
    for (unsigned i = 0; i < t->nrecodes; i++)
        mlp_recode_fini(&t->recode[i]);
    for (unsigned i = 0; i <= MLP_TABLE_KEPT; i++) {
        free(t->resting[i].p);
        mlp_arena_fini(&t->turns[i].arena);
    }
    free(t->block);
    free(t->pos);
    mlp_buf_fini(&t->scratch);
    mlp_vec_fini(&t->names);
    mlp_map_fini(&t->by_name);
    mlp_arena_fini(&t->names_arena);
    free(t);
}

/* Reads the header and hands the table out, or closes it when that or what came before failed. */
static enum mlp_code finish_open(struct mlp_table *t, enum mlp_code code, struct mlp_table **out,
                                 struct mlp_err *e)
{
    char d = t->options.delimiter;
    *out = NULL;
    if (code == MLP_OK && (d == '"' || d == '\n' || d == '\r'))
        code = mlp_err_set(e, MLP_EUSAGE, "a quote or a line end cannot be the delimiter");
    if (code == MLP_OK)
        code = read_header(t, e);
    if (code == MLP_OK)
        *out = t;
    else
        mlp_table_close(t);
    return code;
}

enum mlp_code mlp_table_open(const char *path, const struct mlp_table_options *options,
                             struct mlp_table **out, struct mlp_err *e)
{
    struct mlp_table *t = mlp_table_new(mlp_file_name(path), options);
    *out = NULL;
    if (!t)
        return mlp_err_nomem(e);
    enum mlp_code code = mlp_stream_open(path, &t->from.stream, e);
    t->empty_is_text = code == MLP_OK && mlp_stream_columnar(t->from.stream);
    return finish_open(t, code, out, e);
}

enum mlp_code mlp_table_open_mem(struct mlp_str bytes, const char *source,
                                 const struct mlp_table_options *options, struct mlp_table **out,
                                 struct mlp_err *e)
{
    struct mlp_table *t = mlp_table_new(source, options);
    *out = NULL;
    if (!t)
        return mlp_err_nomem(e);
    t->from.memory = bytes;
    return finish_open(t, MLP_OK, out, e);
}

/* ---- batches */

/* One piece of the arena for all arrays, with spare bytes behind it for unquoted texts: that one
 * block is kept from batch to batch, and a warm loop never allocates. */
enum mlp_code mlp_batch_reserve(struct mlp_table *t, size_t rows, struct mlp_err *e)
{
    struct mlp_batch *b = &t->turn->batch;
    size_t row = sizeof *b->raw + sizeof *b->line + sizeof *b->bad;
    mlp_arena_reset(&t->turn->arena);
    b->nrows = 0;
    b->ncols = t->names.n;
    b->first_row = t->row;
    row += b->ncols * sizeof *b->cells;
    if (rows > MLP_BATCH_MEMORY / row)
        return mlp_err_nomem(e);
    if (t->turn->arena.held < rows * row + SPARE_BYTES) {
        mlp_arena_array64(&t->turn->arena, rows * row + SPARE_BYTES, 1);
        mlp_arena_reset(&t->turn->arena);
    }
    char *p = mlp_arena_array64(&t->turn->arena, rows, row);
    if (!p)
        return mlp_err_nomem(e);
    b->cells = (struct mlp_cell *)(void *)p;
    p += rows * b->ncols * sizeof *b->cells;
    b->raw = (struct mlp_str *)(void *)p;
    b->line = (uint64_t *)(void *)(b->raw + rows);
    b->bad = (const char **)(void *)(b->line + rows);
    return MLP_OK;
}

/* Whether the last row reaches to the end of what was read. */
static bool ends_open(const struct mlp_table *t)
{
    const struct mlp_batch *b = &t->turn->batch;
    const struct mlp_str *last = b->nrows ? &b->raw[b->nrows - 1] : NULL;
    return last && last->p + last->n == t->block + t->have;
}

enum mlp_code mlp_table_next(struct mlp_table *t, struct mlp_batch **batch, struct mlp_err *e)
{
    *batch = NULL;
    if (t->names.n == 0) /* options.empty */
        return MLP_OK;
    t->at_turn = (t->at_turn + 1) % (t->options.kept + 1);
    t->turn = &t->turns[t->at_turn];
    t->moves_on = t->options.kept > 0;
    enum mlp_code code =
        t->format == MLP_TABLE_NDJSON ? mlp_ndjson_batch(t, e) : mlp_csv_batch(t, e);
    if (code == MLP_OK && t->turn->batch.nrows)
        *batch = &t->turn->batch;
    t->turn->batch.open_end = ends_open(t);
    t->row += t->turn->batch.nrows;
    return code;
}

size_t mlp_batch_f64(const struct mlp_batch *b, size_t column, double *out, uint8_t *ok)
{
    size_t bad = 0;
    const struct mlp_cell *c = b->cells + column;
    for (size_t r = 0; r < b->nrows; r++, c += b->ncols) {
        ok[r] = 1;
        if (!c->p) {
            out[r] = NAN;
        } else if (!mlp_num_f64(mlp_cell_str(c), &out[r])) {
            out[r] = NAN;
            ok[r] = 0;
            bad++;
        }
    }
    return bad;
}
