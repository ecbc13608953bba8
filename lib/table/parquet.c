/* The footer of a Parquet file: schema and row groups; and its rows, run by run. */
#include "table/parquet.h"

#include <stdlib.h>

#define FOOTER_BYTES ((uint64_t)64 << 20)
#define MEMORY ((size_t)1 << 30)
#define MOST_DEPTH 32
#define MOST_LEAVES 65536u

/* The path of a node of the schema, while it is walked. */
struct level {
    int64_t children;            /* yet to come */
    size_t name_n;               /* of the path so far */
    unsigned levels;
};

struct element {
    struct mlp_str name;
    int64_t physical, width, repetition, children, converted, scale;
    bool is_leaf;
    int logical;                 /* field number in LogicalType, 0: none */
    int64_t unit;                /* of TIME and TIMESTAMP: 1 ms, 2 us, 3 ns */
    bool utc, int_signed;
};

struct parquet {
    struct mlp_bytes bytes;
    struct mlp_arena arena;      /* footer, fields, leaves, columns */
    struct mlp_thrift footer;    /* row groups that are still to come, at groups_left */
    size_t groups_left;
    size_t nleaves;
    struct mlp_vec leaves;       /* of struct mlp_parquet_leaf */
    struct mlp_vec fields;       /* of struct mlp_columnar_field */
    struct mlp_parquet_column *columns;
    struct mlp_buf packed;       /* of all columns */
};

static enum mlp_code bad(struct mlp_err *e, const char *why)
{
    mlp_err_set(e, MLP_EINPUT, "Parquet: %s", why);
    return mlp_err_hint(e, "was the file written to its end?");
}

/* ---- schema elements */

/* The members of LogicalType's struct: DECIMAL {scale 1}, TIME and TIMESTAMP {isAdjustedToUTC 1,
 * unit 2}, INTEGER {bitWidth 1, isSigned 2}. */
static void read_logical(struct mlp_thrift *t, struct element *el)
{
    enum mlp_thrift_type type, inner;
    int id = 0, sub = 0;
    while (mlp_thrift_field(t, &id, &type)) {
        if (id == 1 && type == MLP_THRIFT_I32)
            el->scale = mlp_thrift_int(t);
        else if (id == 1 && type <= MLP_THRIFT_FALSE)
            el->utc = type == MLP_THRIFT_TRUE;
        else if (id == 2 && type <= MLP_THRIFT_FALSE)
            el->int_signed = type == MLP_THRIFT_TRUE;
        else if (id == 2 && type == MLP_THRIFT_STRUCT) {
            for (sub = 0; mlp_thrift_field(t, &sub, &inner); el->unit = sub)
                mlp_thrift_skip(t, inner);
        } else {
            mlp_thrift_skip(t, type);
        }
    }
}

static void read_union(struct mlp_thrift *t, struct element *el)
{
    enum mlp_thrift_type type;
    int id = 0;
    while (mlp_thrift_field(t, &id, &type)) {
        el->logical = id;
        if (type == MLP_THRIFT_STRUCT)
            read_logical(t, el);
        else
            mlp_thrift_skip(t, type);
    }
}

static void read_element(struct mlp_thrift *t, struct element *el)
{
    enum mlp_thrift_type type;
    int id = 0;
    *el = (struct element){.physical = -1, .converted = -1, .int_signed = true};
    while (mlp_thrift_field(t, &id, &type)) {
        if (id == 4 && type == MLP_THRIFT_BINARY) {
            el->name = mlp_thrift_bytes(t);
        } else if (id == 10 && type == MLP_THRIFT_STRUCT) {
            read_union(t, el);
        } else if (type == MLP_THRIFT_I32 && id <= 7) {
            int64_t v = mlp_thrift_int(t);
            int64_t *const at[] = {NULL, &el->physical, &el->width, &el->repetition, NULL,
                                   &el->children, &el->converted, &el->scale};
            el->is_leaf = el->is_leaf || id == 1;
            if (at[id])
                *at[id] = v;
        } else {
            mlp_thrift_skip(t, type);
        }
    }
}

/* ---- what a leaf's cells are */

static struct mlp_cell_type plain_type(const struct element *el)
{
    static const enum mlp_cell_kind kinds[] = {
        MLP_CELL_BOOL, MLP_CELL_INT, MLP_CELL_INT, MLP_CELL_TIMESTAMP, MLP_CELL_FLOAT,
        MLP_CELL_DOUBLE, MLP_CELL_BYTES, MLP_CELL_BYTES};
    return (struct mlp_cell_type){.kind = kinds[el->physical],
                                  .scale = el->physical == MLP_PQ_INT96 ? 9 : 0};
}

/* ConvertedType of old files: UTF8 0, ENUM 4, DECIMAL 5, DATE 6, TIME 7 8, TIMESTAMP 9 10, UINT 11
 * to 14, JSON 19. */
static struct mlp_cell_type converted_type(const struct element *el)
{
    struct mlp_cell_type type = plain_type(el);
    int64_t c = el->converted;
    if (c == 0 || c == 4 || c == 19)
        type.kind = MLP_CELL_TEXT;
    else if (c == 5)
        type = (struct mlp_cell_type){.kind = MLP_CELL_DECIMAL, .scale = (int)el->scale};
    else if (c == 6)
        type.kind = MLP_CELL_DATE;
    else if (c >= 7 && c <= 10)
        type = (struct mlp_cell_type){.kind = c < 9 ? MLP_CELL_TIME : MLP_CELL_TIMESTAMP,
                                      .scale = c == 7 || c == 9 ? 3 : 6, .utc = c >= 9};
    else if (c >= 11 && c <= 14)
        type.kind = MLP_CELL_UINT;
    return type;
}

/* LogicalType: STRING 1, ENUM 4, DECIMAL 5, DATE 6, TIME 7, TIMESTAMP 8, INTEGER 10, JSON 12, UUID
 * 14, FLOAT16 15. */
static struct mlp_cell_type cell_type(const struct element *el)
{
    static const enum mlp_cell_kind kinds[] = {
        [1] = MLP_CELL_TEXT, [4] = MLP_CELL_TEXT, [5] = MLP_CELL_DECIMAL, [6] = MLP_CELL_DATE,
        [7] = MLP_CELL_TIME, [8] = MLP_CELL_TIMESTAMP, [10] = MLP_CELL_INT, [12] = MLP_CELL_TEXT,
        [14] = MLP_CELL_UUID, [15] = MLP_CELL_FLOAT};
    size_t logical = (size_t)el->logical;
    if (logical >= sizeof kinds / sizeof *kinds || kinds[logical] == MLP_CELL_NULL)
        return converted_type(el);
    struct mlp_cell_type type = {.kind = kinds[logical]};
    if (type.kind == MLP_CELL_DECIMAL)
        type.scale = (int)el->scale;
    else if (type.kind == MLP_CELL_TIME || type.kind == MLP_CELL_TIMESTAMP)
        type.scale = (int)(el->unit > 3 ? 9 : el->unit * 3);
    else if (type.kind == MLP_CELL_INT && !el->int_signed)
        type.kind = MLP_CELL_UINT;
    type.utc = el->utc;
    return type;
}

/* Whether the bytes of a leaf are what its kind of cell is made of. */
static bool fits(const struct element *el, const struct mlp_cell_type *type)
{
    enum { INTEGER = 1 << MLP_PQ_INT32 | 1 << MLP_PQ_INT64,
           BYTES = 1 << MLP_PQ_BYTE_ARRAY | 1 << MLP_PQ_FIXED };
    static const unsigned made_of[] = {
        [MLP_CELL_BOOL] = 1 << MLP_PQ_BOOLEAN, [MLP_CELL_INT] = INTEGER,
        [MLP_CELL_UINT] = INTEGER, [MLP_CELL_FLOAT] = 1 << MLP_PQ_FLOAT | 1 << MLP_PQ_FIXED,
        [MLP_CELL_DOUBLE] = 1 << MLP_PQ_DOUBLE, [MLP_CELL_TEXT] = BYTES,
        [MLP_CELL_BYTES] = BYTES, [MLP_CELL_UUID] = 1 << MLP_PQ_FIXED,
        [MLP_CELL_DATE] = INTEGER, [MLP_CELL_TIME] = INTEGER,
        [MLP_CELL_TIMESTAMP] = INTEGER | 1 << MLP_PQ_INT96,
        [MLP_CELL_DECIMAL] = INTEGER | BYTES};
    bool fixed = el->physical == MLP_PQ_FIXED;
    return made_of[type->kind] >> el->physical & 1 && type->scale >= 0 && type->scale <= 76 &&
           (type->kind != MLP_CELL_UUID || el->width == 16) &&
           (type->kind != MLP_CELL_FLOAT || !fixed || el->width == 2);
}

static enum mlp_code add_leaf(struct parquet *q, const struct element *el, struct mlp_str path,
                              unsigned levels, struct mlp_err *e)
{
    bool fixed = el->physical == MLP_PQ_FIXED;
    if (el->physical < 0 || el->physical > MLP_PQ_FIXED ||
        (fixed && (el->width < 1 || el->width > 65536)))
        return bad(e, "the schema is damaged");
    struct mlp_cell_type type = cell_type(el);
    if (!fits(el, &type))
        type = plain_type(el);
    struct mlp_parquet_leaf *leaf = mlp_vec_push(&q->leaves);
    struct mlp_columnar_field *field = mlp_vec_push(&q->fields);
    struct mlp_str name = mlp_arena_str(&q->arena, path);
    if (!leaf || !field || !name.p)
        return mlp_err_nomem(e);
    if (q->leaves.n > MOST_LEAVES)
        return mlp_err_set(e, MLP_EINPUT, "Parquet: more than %u columns", MOST_LEAVES);
    *leaf = (struct mlp_parquet_leaf){
        .physical = (enum mlp_parquet_physical)el->physical, .width = (size_t)el->width,
        .levels = levels, .unsigned_int = type.kind == MLP_CELL_UINT, .type = type};
    *field = (struct mlp_columnar_field){name, type};
    return MLP_OK;
}

/* ---- the tree of the schema, depth first */

struct walk {
    struct level at[MOST_DEPTH];
    int depth;
    struct mlp_buf path;
};

static enum mlp_code enter(struct walk *w, const struct element *el, unsigned levels,
                           struct mlp_err *e)
{
    if (w->depth + 1 >= MOST_DEPTH)
        return bad(e, "the schema is too deep");
    w->at[++w->depth] = (struct level){el->children, w->path.n, levels};
    return MLP_OK;
}

static enum mlp_code walk_element(struct parquet *q, struct walk *w, const struct element *el,
                                  struct mlp_err *e)
{
    struct level *above = &w->at[w->depth];
    unsigned levels = above->levels + (el->repetition != 0);
    above->children--;
    w->path.n = above->name_n;
    if (w->path.n)
        mlp_buf_addc(&w->path, '.');
    mlp_buf_addstr(&w->path, el->name);
    if (el->repetition == 2) {
        struct mlp_str name = mlp_buf_str(&w->path);
        mlp_err_set(e, MLP_EINPUT, "Parquet column \"%.*s\" is a list or a map", MLP_STR_ARG(name));
        return mlp_err_hint(e, "write the table without it, or with one column an item");
    }
    if (!el->is_leaf && el->children > 0)
        return enter(w, el, levels, e);
    enum mlp_code code = add_leaf(q, el, mlp_buf_str(&w->path), levels, e);
    while (w->depth > 0 && w->at[w->depth].children == 0)
        w->depth--;
    return code;
}

static enum mlp_code read_schema(struct parquet *q, struct mlp_thrift *t, struct mlp_err *e)
{
    enum mlp_thrift_type type;
    struct walk w = {.depth = 0};
    struct element el;
    size_t n = mlp_thrift_list(t, &type);
    enum mlp_code code = type == MLP_THRIFT_STRUCT && n ? MLP_OK : bad(e, "there is no schema");
    mlp_buf_init(&w.path, 1 << 16);
    for (size_t i = 0; code == MLP_OK && i < n; i++) {
        read_element(t, &el);
        if (t->bad || (i && w.at[w.depth].children == 0))
            code = bad(e, "the schema is damaged");
        else if (i == 0)
            w.at[0].children = el.children;
        else
            code = walk_element(q, &w, &el, e);
    }
    mlp_buf_fini(&w.path);
    return code;
}

/* ---- row groups */

static void read_chunk_meta(struct mlp_thrift *t, struct mlp_parquet_chunk *c)
{
    enum mlp_thrift_type type;
    int id = 0;
    while (mlp_thrift_field(t, &id, &type)) {
        bool integer = type == MLP_THRIFT_I32 || type == MLP_THRIFT_I64;
        int64_t *at = id == 4   ? &c->codec
                      : id == 5 ? &c->values
                      : id == 7 ? &c->bytes
                      : id == 9 ? &c->data_at
                      : id == 11 ? &c->dictionary_at
                                 : NULL;
        if (integer && at)
            *at = mlp_thrift_int(t);
        else
            mlp_thrift_skip(t, type);
    }
}

static void read_chunk(struct mlp_thrift *t, struct mlp_parquet_chunk *c, bool *elsewhere)
{
    enum mlp_thrift_type type;
    int id = 0;
    *c = (struct mlp_parquet_chunk){0};
    while (mlp_thrift_field(t, &id, &type)) {
        *elsewhere = *elsewhere || id == 1;
        if (id == 3 && type == MLP_THRIFT_STRUCT)
            read_chunk_meta(t, c);
        else
            mlp_thrift_skip(t, type);
    }
}

static enum mlp_code open_column(struct mlp_parquet_column *c, int64_t rows, bool elsewhere,
                                 struct mlp_err *e)
{
    const struct mlp_parquet_chunk *k = &c->chunk;
    static const bool known[] = {true, true, true, false, false, false, true, true};
    if (elsewhere)
        return mlp_parquet_bad(c, e, "its values are in another file");
    if (k->values != rows || k->data_at < 4)
        return mlp_parquet_bad(c, e, "it has not as many values as the file has rows");
    if (k->codec < 0 || k->codec > 7 || !known[k->codec]) {
        mlp_parquet_bad(c, e, "it is compressed with LZO, Brotli or the old LZ4");
        return mlp_err_hint(e, "write it with Snappy, Zstandard, gzip or no compression");
    }
    bool words = k->dictionary_at >= 4 && k->dictionary_at < k->data_at;
    c->at = (uint64_t)(words ? k->dictionary_at : k->data_at);
    c->left = rows;
    c->in_page = 0;
    c->nwords = 0;
    c->dictionary = NULL;
    return MLP_OK;
}

/* The columns of a row group: field 1, which stands before field 3, the number of rows. */
static enum mlp_code read_group(struct parquet *q, struct mlp_err *e)
{
    enum mlp_thrift_type type, item;
    int id = 0;
    int64_t rows = 0;
    size_t n = 0;
    bool elsewhere = false;
    struct mlp_thrift *t = &q->footer;
    while (mlp_thrift_field(t, &id, &type)) {
        if (id == 1 && type == MLP_THRIFT_LIST) {
            n = mlp_thrift_list(t, &item);
            for (size_t i = 0; i < n && n == q->nleaves && !t->bad; i++)
                read_chunk(t, &q->columns[i].chunk, &elsewhere);
            t->bad = t->bad || n != q->nleaves;
        } else if (id == 3 && type == MLP_THRIFT_I64) {
            rows = mlp_thrift_int(t);
        } else {
            mlp_thrift_skip(t, type);
        }
    }
    if (t->bad || n != q->nleaves || rows < 0)
        return bad(e, "a row group is damaged");
    enum mlp_code code = MLP_OK;
    for (size_t i = 0; code == MLP_OK && i < n; i++)
        code = open_column(&q->columns[i], rows, elsewhere, e);
    return code;
}

/* ---- the footer */

/* FileMetaData: schema 2, row_groups 4, which stay where they are, to be read one by one. */
static enum mlp_code read_footer(struct parquet *q, struct mlp_thrift t, struct mlp_err *e)
{
    enum mlp_thrift_type type, item;
    int id = 0;
    enum mlp_code code = MLP_OK;
    bool schema = false;
    while (code == MLP_OK && mlp_thrift_field(&t, &id, &type)) {
        if (id == 2 && type == MLP_THRIFT_LIST && !schema) {
            code = read_schema(q, &t, e);
            schema = true;
        } else if (id == 4 && type == MLP_THRIFT_LIST) {
            q->footer = t;
            q->groups_left = mlp_thrift_list(&q->footer, &item);
            mlp_thrift_skip(&t, type);
        } else {
            mlp_thrift_skip(&t, type);
        }
    }
    if (code == MLP_OK && (t.bad || q->leaves.n == 0))
        code = bad(e, "the footer is damaged");
    return code;
}

static enum mlp_code load_footer(struct parquet *q, struct mlp_err *e)
{
    unsigned char tail[8];
    const struct mlp_bytes *b = &q->bytes;
    if (b->size < 12)
        return bad(e, "it is too short");
    enum mlp_code code = mlp_bytes_read(b, b->size - 8, tail, 8, e);
    if (code == MLP_OK && memcmp(tail + 4, "PARE", 4) == 0)
        return mlp_err_set(e, MLP_EINPUT, "Parquet: the file is encrypted");
    uint64_t n = (uint64_t)tail[0] | (uint64_t)tail[1] << 8 | (uint64_t)tail[2] << 16 |
                 (uint64_t)tail[3] << 24;
    if (code == MLP_OK && (memcmp(tail + 4, "PAR1", 4) != 0 || n > b->size - 12))
        return bad(e, "it does not end as a Parquet file does");
    if (code == MLP_OK && n > FOOTER_BYTES)
        return bad(e, "the footer is over 64 MiB");
    unsigned char *p = code == MLP_OK ? mlp_arena_alloc(&q->arena, (size_t)n + 1) : NULL;
    if (code == MLP_OK)
        code = p ? mlp_bytes_read(b, b->size - 8 - n, p, (size_t)n, e) : mlp_err_nomem(e);
    return code == MLP_OK ? read_footer(q, (struct mlp_thrift){.p = p, .end = p + n}, e) : code;
}

static void parquet_close(void *self)
{
    struct parquet *q = self;
    for (size_t i = 0; q->columns && i < q->nleaves; i++) {
        struct mlp_parquet_column *c = &q->columns[i];
        mlp_buf_fini(&c->page);
        mlp_buf_fini(&c->before);
        mlp_buf_fini(&c->dictionary_page);
        mlp_arena_fini(&c->texts);
        mlp_arena_fini(&c->words);
    }
    mlp_buf_fini(&q->packed);
    mlp_vec_fini(&q->leaves);
    mlp_vec_fini(&q->fields);
    mlp_arena_fini(&q->arena);
    free(q);
}

static enum mlp_code make_columns(struct parquet *q, struct mlp_err *e)
{
    q->columns = mlp_arena_array(&q->arena, q->leaves.n, sizeof *q->columns);
    if (!q->columns)
        return mlp_err_nomem(e);
    q->nleaves = q->leaves.n;
    for (size_t i = 0; i < q->nleaves; i++) {
        struct mlp_parquet_column *c = &q->columns[i];
        c->leaf = mlp_vec_at(&q->leaves, i);
        c->name = ((struct mlp_columnar_field *)mlp_vec_at(&q->fields, i))->name;
        c->packed = &q->packed;
        mlp_buf_init(&c->page, MEMORY);
        mlp_buf_init(&c->before, MEMORY);
        mlp_buf_init(&c->dictionary_page, MEMORY);
        mlp_arena_init(&c->texts, MEMORY);
        mlp_arena_init(&c->words, MEMORY);
    }
    return MLP_OK;
}

static enum mlp_code parquet_open(const struct mlp_bytes *b, void **self, struct mlp_err *e)
{
    struct parquet *q = calloc(1, sizeof *q);
    *self = NULL;
    if (!q)
        return mlp_err_nomem(e);
    q->bytes = *b;
    mlp_arena_init(&q->arena, MEMORY);
    mlp_buf_init(&q->packed, MEMORY);
    mlp_vec_init(&q->leaves, sizeof(struct mlp_parquet_leaf));
    mlp_vec_init(&q->fields, sizeof(struct mlp_columnar_field));
    enum mlp_code code = load_footer(q, e);
    if (code == MLP_OK)
        code = make_columns(q, e);
    if (code == MLP_OK)
        *self = q;
    else
        parquet_close(q);
    return code;
}

static size_t parquet_fields(const void *self, const struct mlp_columnar_field **fields)
{
    const struct parquet *q = self;
    *fields = mlp_vec_at(&q->fields, 0);
    return q->nleaves;
}

/* What every column has at hand; a row group without rows is passed over. */
static enum mlp_code parquet_ready(void *self, size_t *n, struct mlp_err *e)
{
    struct parquet *q = self;
    enum mlp_code code = MLP_OK;
    bool at_end = q->columns[0].left == 0 && q->columns[0].in_page == 0;
    *n = 0;
    while (code == MLP_OK && at_end && q->groups_left) {
        q->groups_left--;
        code = read_group(q, e);
        at_end = q->columns[0].left == 0;
    }
    size_t least = at_end ? 0 : SIZE_MAX;
    for (size_t i = 0; code == MLP_OK && least && i < q->nleaves; i++) {
        struct mlp_parquet_column *c = &q->columns[i];
        code = mlp_parquet_load(c, &q->bytes, e);
        least = c->in_page < least ? c->in_page : least;
    }
    *n = code == MLP_OK ? least : 0;
    return code;
}

static enum mlp_code parquet_take(void *self, size_t column, size_t n, struct mlp_scalar *out,
                                  struct mlp_err *e)
{
    struct parquet *q = self;
    enum mlp_code code = MLP_OK;
    for (size_t i = 0; code == MLP_OK && i < n; i++)
        code = mlp_parquet_take(&q->columns[column], &out[i], e);
    return code;
}

const struct mlp_columnar_ops mlp_parquet = {parquet_open, parquet_fields, parquet_ready,
                                             parquet_take, parquet_close};
