/* An Arrow IPC file or stream: messages, the schema first. Those of a stream follow each other;
 * those of a file lie where its footer says. */
#include "table/arrow.h"

#include "base/vec.h"

#include <stdlib.h>

#define META_BYTES ((uint64_t)64 << 20)
#define BODY_BYTES ((uint64_t)1 << 30)
#define MEMORY ((size_t)2 << 30)
#define MOST_DEPTH 32
#define MOST_FIELDS 65536u

/* Types of the union Type (Schema.fbs). */
enum { T_NULL = 1, T_INT, T_FLOAT, T_BINARY, T_UTF8, T_BOOL, T_DECIMAL, T_DATE, T_TIME, T_TIMESTAMP,
       T_STRUCT = 13, T_FIXED = 15, T_DURATION = 18, T_LARGE_BINARY = 19, T_LARGE_UTF8 = 20,
       T_BINARY_VIEW = 23, T_UTF8_VIEW = 24 };

/* What a message holds. */
enum { HEAD_SCHEMA = 1, HEAD_DICTIONARY = 2, HEAD_BATCH = 3 };

/* The words of a dictionary, in memory of their own: a later one of the same id takes its place. */
struct words {
    int64_t id;
    const struct mlp_arrow_field *field;
    struct mlp_arena arena;
    struct mlp_arrow_array array;
    bool loaded;
};

struct arrow {
    struct mlp_bytes bytes;
    uint64_t at;                 /* of the next message */
    struct mlp_flat footer;      /* of a file; p NULL: a stream */
    size_t blocks[2], nblocks[2]; /* in the footer: of dictionaries, of record batches */
    size_t block;                /* the next, over both */
    struct mlp_arena schema;     /* fields, names */
    struct mlp_vec fields;       /* of struct mlp_arrow_field, depth first */
    struct mlp_vec columns;      /* of struct mlp_columnar_field */
    struct mlp_vec places;       /* of size_t: the field of each column */
    struct mlp_vec words;        /* of struct words */
    struct mlp_arena batch;      /* the message at hand */
    struct mlp_arrow_array *arrays; /* one a field; in batch */
    size_t row, rows;            /* of the batch: handed out, in all */
};

/* A message: its metadata, its header's table, and its body. */
struct message {
    struct mlp_flat meta;
    size_t header;
    int kind;
    struct mlp_str body;
};

static enum mlp_code bad(struct mlp_err *e, const char *why)
{
    return mlp_err_set(e, MLP_EINPUT, "Arrow: %s", why);
}

/* ---- messages */

static enum mlp_code load(struct arrow *r, struct mlp_arena *a, uint64_t n, struct mlp_str *s,
                          struct mlp_err *e)
{
    char *p = mlp_arena_array64(a, (size_t)n + 8, 1);
    if (r->at > r->bytes.size || n > r->bytes.size - r->at)
        return bad(e, "ends too early");
    if (!p)
        return mlp_err_nomem(e);
    *s = (struct mlp_str){p, (size_t)n};
    enum mlp_code code = mlp_bytes_read(&r->bytes, r->at, p, (size_t)n, e);
    r->at += n;
    return code;
}

/* Moves to the file's next block, {offset, metadata's length, body's length}; false at the end. */
static bool next_block(struct arrow *r)
{
    size_t which = r->block >= r->nblocks[0], i = r->block - (which ? r->nblocks[0] : 0);
    if (i >= r->nblocks[which])
        return false;
    r->block++;
    r->at = (uint64_t)mlp_flat_int(&r->footer, r->blocks[which] + 24 * i, 8);
    return true;
}

/* Reads the next message into a; kind stays 0 at the end. Message: header_type 1, header 2,
 * bodyLength 3. */
static enum mlp_code next_message(struct arrow *r, struct mlp_arena *a, struct message *m,
                                  struct mlp_err *e)
{
    struct mlp_str head, meta;
    *m = (struct message){.kind = 0};
    if (r->footer.p ? !next_block(r) : r->at == r->bytes.size)
        return MLP_OK;
    enum mlp_code code = load(r, a, 8, &head, e);
    if (code != MLP_OK)
        return code;
    struct mlp_flat f = {(const unsigned char *)head.p, 8, false};
    uint32_t n = (uint32_t)mlp_flat_int(&f, 4, 4);
    if ((uint32_t)mlp_flat_int(&f, 0, 4) != UINT32_MAX || n > META_BYTES)
        return bad(e, "there is no message where one should be (files from before 2019 are not "
                      "read)");
    if (n == 0)
        return MLP_OK;
    code = load(r, a, n, &meta, e);
    if (code != MLP_OK)
        return code;
    m->meta = (struct mlp_flat){(const unsigned char *)meta.p, n, false};
    size_t root = mlp_flat_root(&m->meta);
    m->kind = (int)mlp_flat_number(&m->meta, root, 1, 1, 0);
    m->header = mlp_flat_table(&m->meta, root, 2);
    int64_t body = mlp_flat_number(&m->meta, root, 3, 8, 0);
    if (m->meta.bad || !m->header || body < 0 || (uint64_t)body > BODY_BYTES)
        return bad(e, "a message is damaged, or over 1 GiB");
    return load(r, a, (uint64_t)body, &m->body, e);
}

/* ---- the schema */

static void integer_type(struct mlp_flat *f, int id, size_t type, struct mlp_arrow_field *to)
{
    (void)id;
    to->layout = MLP_ARROW_FIXED;
    to->width = (size_t)mlp_flat_number(f, type, 0, 4, 0) / 8;
    to->is_signed = mlp_flat_number(f, type, 1, 1, 0) != 0;
    to->type.kind = to->is_signed ? MLP_CELL_INT : MLP_CELL_UINT;
}

static void float_type(struct mlp_flat *f, int id, size_t type, struct mlp_arrow_field *to)
{
    (void)id;
    int64_t precision = mlp_flat_number(f, type, 0, 2, 0) & 3;
    to->layout = MLP_ARROW_FIXED;
    to->width = (size_t)2 << precision;
    to->floating = true;
    to->type.kind = precision == 2 ? MLP_CELL_DOUBLE : MLP_CELL_FLOAT;
}

/* Units: seconds 0, milliseconds 1, microseconds 2, nanoseconds 3. */
static void clock_type(struct mlp_flat *f, int id, size_t type, struct mlp_arrow_field *to)
{
    int64_t unit = mlp_flat_number(f, type, 0, 2, id == T_TIMESTAMP ? 0 : 1) & 3;
    to->layout = MLP_ARROW_FIXED;
    to->is_signed = true;
    to->width = 8;
    to->type.scale = (int)unit * 3;
    if (id == T_DATE) {
        to->type = (struct mlp_cell_type){.kind = MLP_CELL_DATE, .scale = unit ? 3 : 0};
        to->width = unit ? 8 : 4;
    } else if (id == T_TIME) {
        to->type.kind = MLP_CELL_TIME;
        to->width = (size_t)mlp_flat_number(f, type, 1, 4, 32) / 8;
    } else if (id == T_TIMESTAMP) {
        to->type.kind = MLP_CELL_TIMESTAMP;
        to->type.utc = mlp_flat_text(f, type, 1).n != 0;
    } else {
        to->type = (struct mlp_cell_type){.kind = MLP_CELL_INT};
    }
}

static void decimal_type(struct mlp_flat *f, int id, size_t type, struct mlp_arrow_field *to)
{
    (void)id;
    int64_t scale = mlp_flat_number(f, type, 1, 4, 0);
    to->layout = MLP_ARROW_FIXED;
    to->width = (size_t)mlp_flat_number(f, type, 2, 4, 128) / 8;
    to->is_signed = true;
    to->type = (struct mlp_cell_type){.kind = MLP_CELL_DECIMAL, .little = true,
                                      .scale = (int)(scale >= 0 && scale <= 76 ? scale : -1)};
}

static void bytes_type(struct mlp_flat *f, int id, size_t type, struct mlp_arrow_field *to)
{
    bool text = id == T_UTF8 || id == T_LARGE_UTF8 || id == T_UTF8_VIEW;
    bool large = id == T_LARGE_UTF8 || id == T_LARGE_BINARY;
    bool view = id == T_UTF8_VIEW || id == T_BINARY_VIEW;
    to->type.kind = text ? MLP_CELL_TEXT : MLP_CELL_BYTES;
    to->layout = id == T_FIXED ? MLP_ARROW_FIXED
                 : large       ? MLP_ARROW_LARGE_TEXT
                 : view        ? MLP_ARROW_VIEW
                               : MLP_ARROW_TEXT;
    if (id == T_FIXED)
        to->width = (size_t)mlp_flat_number(f, type, 0, 4, 0);
}

/* Types that say nothing more of themselves. */
static void plain_type(struct mlp_flat *f, int id, size_t type, struct mlp_arrow_field *to)
{
    (void)f;
    (void)type;
    to->layout = id == T_NULL ? MLP_ARROW_NONE : id == T_BOOL ? MLP_ARROW_BITS : MLP_ARROW_STRUCT;
    to->type.kind = id == T_BOOL ? MLP_CELL_BOOL : MLP_CELL_NULL;
}

/* False for what has no cells: lists, maps, unions, intervals. */
static bool read_type(struct mlp_flat *f, int id, size_t type, struct mlp_arrow_field *to)
{
    static void (*const readers[])(struct mlp_flat *, int, size_t, struct mlp_arrow_field *) = {
        [T_NULL] = plain_type,    [T_INT] = integer_type,        [T_FLOAT] = float_type,
        [T_BINARY] = bytes_type,  [T_UTF8] = bytes_type,         [T_BOOL] = plain_type,
        [T_DECIMAL] = decimal_type, [T_DATE] = clock_type,       [T_TIME] = clock_type,
        [T_TIMESTAMP] = clock_type, [T_STRUCT] = plain_type,     [T_FIXED] = bytes_type,
        [T_DURATION] = clock_type, [T_LARGE_BINARY] = bytes_type, [T_LARGE_UTF8] = bytes_type,
        [T_BINARY_VIEW] = bytes_type, [T_UTF8_VIEW] = bytes_type};
    if (id < 0 || (size_t)id >= sizeof readers / sizeof *readers || !readers[id])
        return false;
    readers[id](f, id, type, to);
    enum mlp_cell_kind kind = to->type.kind;
    size_t most = kind == MLP_CELL_BYTES ? 65536 : kind == MLP_CELL_DECIMAL ? 32 : 8;
    return to->layout != MLP_ARROW_FIXED ||
           (to->width && to->width <= most && to->type.scale >= 0);
}

static enum mlp_code note_words(struct arrow *r, const struct mlp_arrow_field *f, int64_t id,
                                struct mlp_err *e)
{
    struct words *w = mlp_vec_push(&r->words);
    if (!w)
        return mlp_err_nomem(e);
    *w = (struct words){.id = id, .field = f};
    mlp_arena_init(&w->arena, MEMORY);
    return MLP_OK;
}

/* A field whose cells are positions: what the schema says of it is said of the words, and the
 * positions are a field of integers. Both stand side by side, the words' first. */
static enum mlp_code encode(struct arrow *r, struct mlp_flat *f, size_t dictionary,
                            struct mlp_arrow_field *field, struct mlp_err *e)
{
    struct mlp_arrow_field *words = mlp_arena_alloc(&r->schema, sizeof *words);
    size_t index = mlp_flat_table(f, dictionary, 1);
    if (!words)
        return mlp_err_nomem(e);
    *words = *field;
    field->words = r->words.n;
    field->encoded = true;
    field->layout = MLP_ARROW_FIXED;
    field->floating = false;
    field->width = 4;
    field->is_signed = true;
    if (index)
        integer_type(f, T_INT, index, field);
    field->type.kind = MLP_CELL_INT;
    if (field->width == 0 || field->width > 8 || words->layout == MLP_ARROW_STRUCT)
        return bad(e, "a dictionary is of a kind that is not read");
    return note_words(r, words, mlp_flat_number(f, dictionary, 0, 8, 0), e);
}

struct place {
    size_t table;                /* of the field in the schema */
    struct mlp_str path;         /* of its parent */
    int parent, depth;
};

static enum mlp_code name_field(struct arrow *r, struct mlp_flat *f, const struct place *at,
                                struct mlp_str *name, struct mlp_err *e)
{
    struct mlp_buf path;
    mlp_buf_init(&path, 1 << 16);
    if (at->path.n) {
        mlp_buf_addstr(&path, at->path);
        mlp_buf_addc(&path, '.');
    }
    mlp_buf_addstr(&path, mlp_flat_text(f, at->table, 0));
    *name = mlp_arena_str(&r->schema, mlp_buf_str(&path));
    bool good = !path.failed && name->p;
    mlp_buf_fini(&path);
    return good ? MLP_OK : mlp_err_nomem(e);
}

static enum mlp_code add_column(struct arrow *r, struct mlp_arrow_field *field, size_t place,
                                const struct mlp_cell_type *type, struct mlp_err *e)
{
    struct mlp_columnar_field *column = mlp_vec_push(&r->columns);
    size_t *at = mlp_vec_push(&r->places);
    if (!column || !at)
        return mlp_err_nomem(e);
    *at = place;
    *column = (struct mlp_columnar_field){field->name, *type};
    field->column = (int)r->columns.n - 1;
    return MLP_OK;
}

static enum mlp_code read_fields(struct arrow *r, struct mlp_flat *f, size_t vector, size_t n,
                                 const struct place *above, struct mlp_err *e);

/* Field: name 0, type_type 2, type 3, dictionary 4, children 5. */
static enum mlp_code read_field(struct arrow *r, struct mlp_flat *f, const struct place *at,
                                struct mlp_err *e)
{
    struct mlp_arrow_field field = {.parent = at->parent, .column = -1};
    enum mlp_code code = name_field(r, f, at, &field.name, e);
    int id = (int)mlp_flat_number(f, at->table, 2, 1, 0);
    if (code != MLP_OK)
        return code;
    if (!read_type(f, id, mlp_flat_table(f, at->table, 3), &field)) {
        mlp_err_set(e, MLP_EINPUT, "Arrow column \"%.*s\" is a list, a map or of a type that is "
                    "not read", MLP_STR_ARG(field.name));
        return mlp_err_hint(e, "write the table without it, or with one column an item");
    }
    struct mlp_cell_type type = field.type;
    size_t dictionary = mlp_flat_table(f, at->table, 4), n;
    size_t children = mlp_flat_vector(f, at->table, 5, 4, &n);
    if (dictionary)
        code = encode(r, f, dictionary, &field, e);
    int place = (int)r->fields.n;
    if (code == MLP_OK && field.layout != MLP_ARROW_STRUCT)
        code = add_column(r, &field, (size_t)place, &type, e);
    struct mlp_arrow_field *slot = code == MLP_OK ? mlp_vec_push(&r->fields) : NULL;
    if (code == MLP_OK && !slot)
        return mlp_err_nomem(e);
    if (code != MLP_OK)
        return code;
    *slot = field;
    if (r->fields.n > MOST_FIELDS)
        return bad(e, "there are more than 65536 columns");
    const struct place below = {0, field.name, place, at->depth + 1};
    return field.layout == MLP_ARROW_STRUCT ? read_fields(r, f, children, n, &below, e) : MLP_OK;
}

static enum mlp_code read_fields(struct arrow *r, struct mlp_flat *f, size_t vector, size_t n,
                                 const struct place *above, struct mlp_err *e)
{
    enum mlp_code code = above->depth < MOST_DEPTH ? MLP_OK : bad(e, "the schema is too deep");
    for (size_t i = 0; code == MLP_OK && i < n; i++) {
        struct place at = *above;
        at.table = mlp_flat_item(f, vector, i);
        code = f->bad || !at.table ? bad(e, "the schema is damaged") : read_field(r, f, &at, e);
    }
    return code;
}

/* Schema: endianness 0, fields 1. */
static enum mlp_code read_schema(struct arrow *r, struct mlp_flat *f, size_t schema,
                                 struct mlp_err *e)
{
    const struct place top = {0, {"", 0}, -1, 0};
    size_t n;
    if (mlp_flat_number(f, schema, 0, 2, 0) != 0)
        return bad(e, "its numbers are big-endian");
    size_t vector = mlp_flat_vector(f, schema, 1, 4, &n);
    enum mlp_code code = read_fields(r, f, vector, n, &top, e);
    return code == MLP_OK && r->columns.n == 0 ? bad(e, "it has no columns") : code;
}

static enum mlp_code open_stream(struct arrow *r, struct mlp_err *e)
{
    struct message m;
    enum mlp_code code = next_message(r, &r->schema, &m, e);
    if (code == MLP_OK && m.kind != HEAD_SCHEMA)
        code = bad(e, "it does not start with a schema");
    return code == MLP_OK ? read_schema(r, &m.meta, m.header, e) : code;
}

/* Footer: schema 1, dictionaries 2, recordBatches 3; its length and the magic end the file. */
static enum mlp_code open_file(struct arrow *r, struct mlp_err *e)
{
    unsigned char tail[10];
    struct mlp_str footer;
    uint64_t size = r->bytes.size;
    enum mlp_code code = size < 20 ? bad(e, "it is too short")
                                   : mlp_bytes_read(&r->bytes, size - 10, tail, 10, e);
    if (code != MLP_OK)
        return code;
    struct mlp_flat f = {tail, 4, false};
    uint64_t n = (uint32_t)mlp_flat_int(&f, 0, 4);
    if (memcmp(tail + 4, "ARROW1", 6) != 0 || n > size - 18 || n > META_BYTES) {
        bad(e, "it does not end as an Arrow file does");
        return mlp_err_hint(e, "was it copied whole?");
    }
    r->at = size - 10 - n;
    code = load(r, &r->schema, n, &footer, e);
    if (code != MLP_OK)
        return code;
    r->footer = (struct mlp_flat){(const unsigned char *)footer.p, (size_t)n, false};
    size_t root = mlp_flat_root(&r->footer);
    for (unsigned i = 0; i < 2; i++)
        r->blocks[i] = mlp_flat_vector(&r->footer, root, 2 + i, 24, &r->nblocks[i]);
    size_t schema = mlp_flat_table(&r->footer, root, 1);
    if (r->footer.bad || !schema)
        return bad(e, "the footer is damaged");
    return read_schema(r, &r->footer, schema, e);
}

/* ---- batches */

static struct words *find_words(struct arrow *r, int64_t id, size_t *from)
{
    for (; *from < r->words.n; (*from)++) {
        struct words *w = mlp_vec_at(&r->words, *from);
        if (w->id == id)
            return w;
    }
    return NULL;
}

/* DictionaryBatch: id 0, data 1, isDelta 2. Several fields may look at one dictionary. */
static enum mlp_code take_words(struct arrow *r, const struct message *m, struct mlp_err *e)
{
    struct mlp_flat f = m->meta;
    int64_t id = mlp_flat_number(&f, m->header, 0, 8, 0);
    enum mlp_code code = MLP_OK;
    struct words *w;
    if (mlp_flat_number(&f, m->header, 2, 1, 0))
        return bad(e, "a dictionary grows from batch to batch, which is not read");
    for (size_t i = 0; code == MLP_OK && (w = find_words(r, id, &i)); i++) {
        mlp_arena_reset(&w->arena);
        char *meta = mlp_arena_array64(&w->arena, f.n + 1, 1);
        struct mlp_str body = mlp_arena_str(&w->arena, m->body);
        if (!meta || !body.p)
            return mlp_err_nomem(e);
        memcpy(meta, f.p, f.n);
        struct mlp_arrow_batch b = {.meta = {(unsigned char *)meta, f.n, false}, .body = body,
                                    .arena = &w->arena};
        code = mlp_arrow_batch_init(&b, mlp_flat_table(&b.meta, m->header, 1), e);
        if (code == MLP_OK)
            code = mlp_arrow_array_next(&b, w->field, 0, &w->array, e);
        w->loaded = code == MLP_OK;
    }
    return code;
}

static enum mlp_code take_batch(struct arrow *r, const struct message *m, struct mlp_err *e)
{
    struct mlp_arrow_batch b = {.meta = m->meta, .body = m->body, .arena = &r->batch};
    enum mlp_code code = mlp_arrow_batch_init(&b, m->header, e);
    r->arrays = mlp_arena_array(&r->batch, r->fields.n, sizeof *r->arrays);
    if (code == MLP_OK && !r->arrays)
        return mlp_err_nomem(e);
    for (size_t i = 0; code == MLP_OK && i < r->fields.n; i++) {
        const struct mlp_arrow_field *f = mlp_vec_at(&r->fields, i);
        code = mlp_arrow_array_next(&b, f, f->encoded ? f->width : 0, &r->arrays[i], e);
    }
    r->row = 0;
    r->rows = code == MLP_OK ? b.length : 0;
    return code;
}

static enum mlp_code arrow_ready(void *self, size_t *n, struct mlp_err *e)
{
    struct arrow *r = self;
    enum mlp_code code = MLP_OK;
    struct message m = {.kind = HEAD_BATCH};
    while (code == MLP_OK && m.kind && r->row == r->rows) {
        mlp_arena_reset(&r->batch);
        code = next_message(r, &r->batch, &m, e);
        if (code == MLP_OK && m.kind == HEAD_DICTIONARY)
            code = take_words(r, &m, e);
        else if (code == MLP_OK && m.kind == HEAD_BATCH)
            code = take_batch(r, &m, e);
    }
    *n = code == MLP_OK ? r->rows - r->row : 0;
    return code;
}

/* ---- cells */

/* The word that a position says. */
static bool decode(struct arrow *r, const struct mlp_arrow_field *f, struct mlp_scalar *v)
{
    const struct words *w = mlp_vec_at(&r->words, f->words);
    if (!w->loaded || v->i < 0 || (uint64_t)v->i >= w->array.n)
        return false;
    return mlp_arrow_cell(&w->array, (size_t)v->i, v);
}

static bool parent_missing(const struct arrow *r, const struct mlp_arrow_field *f, size_t row)
{
    while (f->parent >= 0) {
        if (!mlp_arrow_valid(&r->arrays[f->parent], row))
            return true;
        f = r->arrays[f->parent].field;
    }
    return false;
}

static enum mlp_code arrow_take(void *self, size_t column, size_t n, struct mlp_scalar *out,
                                struct mlp_err *e)
{
    struct arrow *r = self;
    size_t place = *(size_t *)mlp_vec_at(&r->places, column);
    const struct mlp_arrow_array *a = &r->arrays[place];
    const struct mlp_arrow_field *f = a->field;
    for (size_t i = 0; i < n; i++) {
        bool good = mlp_arrow_cell(a, r->row + i, &out[i]);
        if (good && f->encoded && !out[i].null)
            good = decode(r, f, &out[i]);
        out[i].null = out[i].null || parent_missing(r, f, r->row + i);
        if (!good && !out[i].null)
            return mlp_err_set(e, MLP_EINPUT, "Arrow column \"%.*s\": a value lies outside of its "
                               "buffer", MLP_STR_ARG(f->name));
    }
    if (column + 1 == r->columns.n)
        r->row += n;
    return MLP_OK;
}

/* ---- life */

static void arrow_close(void *self)
{
    struct arrow *r = self;
    for (size_t i = 0; i < r->words.n; i++)
        mlp_arena_fini(&((struct words *)mlp_vec_at(&r->words, i))->arena);
    mlp_vec_fini(&r->words);
    mlp_vec_fini(&r->fields);
    mlp_vec_fini(&r->columns);
    mlp_vec_fini(&r->places);
    mlp_arena_fini(&r->schema);
    mlp_arena_fini(&r->batch);
    free(r);
}

static enum mlp_code arrow_open(const struct mlp_bytes *b, void **self, struct mlp_err *e)
{
    struct arrow *r = calloc(1, sizeof *r);
    char magic[8] = {0};
    *self = NULL;
    if (!r)
        return mlp_err_nomem(e);
    r->bytes = *b;
    mlp_arena_init(&r->schema, MEMORY);
    mlp_arena_init(&r->batch, MEMORY);
    mlp_vec_init(&r->fields, sizeof(struct mlp_arrow_field));
    mlp_vec_init(&r->columns, sizeof(struct mlp_columnar_field));
    mlp_vec_init(&r->places, sizeof(size_t));
    mlp_vec_init(&r->words, sizeof(struct words));
    enum mlp_code code = mlp_bytes_read(b, 0, magic, b->size < 8 ? (size_t)b->size : 8, e);
    if (code == MLP_OK)
        code = memcmp(magic, "ARROW1", 6) == 0 ? open_file(r, e) : open_stream(r, e);
    if (code == MLP_OK)
        *self = r;
    else
        arrow_close(r);
    return code;
}

static size_t arrow_fields(const void *self, const struct mlp_columnar_field **fields)
{
    const struct arrow *r = self;
    *fields = mlp_vec_at(&r->columns, 0);
    return r->columns.n;
}

const struct mlp_columnar_ops mlp_arrow = {arrow_open, arrow_fields, arrow_ready, arrow_take,
                                           arrow_close};
