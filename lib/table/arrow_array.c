/* Arrays of record batches: their buffers, and their cells. */
#include "table/arrow.h"
#include "table/unpack.h"

#define BUFFER_BYTES ((uint64_t)512 << 20)

static enum mlp_code bad(struct mlp_err *e, const char *why)
{
    return mlp_err_set(e, MLP_EINPUT, "Arrow: %s", why);
}

/* RecordBatch: length 0, nodes 1, buffers 2, compression 3, variadicBufferCounts 4. */
enum mlp_code mlp_arrow_batch_init(struct mlp_arrow_batch *b, size_t table, struct mlp_err *e)
{
    struct mlp_flat *f = &b->meta;
    int64_t length = mlp_flat_number(f, table, 0, 8, 0);
    size_t packing = mlp_flat_table(f, table, 3);
    b->nodes = mlp_flat_vector(f, table, 1, 16, &b->nnodes);
    b->buffers = mlp_flat_vector(f, table, 2, 16, &b->nbuffers);
    b->counts = mlp_flat_vector(f, table, 4, 8, &b->ncounts);
    b->codec = packing ? (int)mlp_flat_number(f, packing, 0, 1, 0) : -1;
    b->node = b->buffer = b->count = 0;
    if (f->bad || length < 0 || length > INT64_C(1) << 31 || b->codec > 1)
        return bad(e, "a record batch is damaged");
    b->length = (size_t)length;
    return MLP_OK;
}

/* ---- buffers */

static enum mlp_code unpack_lz4(struct mlp_str in, char *p, size_t n, struct mlp_err *e)
{
    struct mlp_buf out;
    mlp_buf_init(&out, BUFFER_BYTES);
    enum mlp_code code = mlp_unpack_lz4(in, &out, e);
    if (code == MLP_OK && out.n == n)
        memcpy(p, out.p, n);
    else if (code == MLP_OK)
        code = bad(e, "a compressed buffer has not its size");
    mlp_buf_fini(&out);
    return code;
}

/* A compressed buffer has its size before it; -1 says that it was left as it is. */
static enum mlp_code unpack(struct mlp_arrow_batch *b, struct mlp_str *s, struct mlp_err *e)
{
    struct mlp_flat head = {(const unsigned char *)s->p, s->n, false};
    int64_t n = mlp_flat_int(&head, 0, 8);
    if (head.bad || n < -1 || n > (int64_t)BUFFER_BYTES)
        return bad(e, "a compressed buffer is damaged");
    struct mlp_str in = {s->p + 8, s->n - 8};
    if (n <= 0) {
        *s = n ? in : (struct mlp_str){"", 0};
        return MLP_OK;
    }
    char *p = mlp_arena_array64(b->arena, (size_t)n, 1);
    if (!p)
        return mlp_err_nomem(e);
    *s = (struct mlp_str){p, (size_t)n};
    if (b->codec == 0)
        return unpack_lz4(in, p, (size_t)n, e);
    return mlp_unpack_block(MLP_BLOCK_ZSTD, in, p, (size_t)n)
               ? MLP_OK
               : bad(e, "a compressed buffer is damaged");
}

static enum mlp_code next_buffer(struct mlp_arrow_batch *b, struct mlp_str *s, struct mlp_err *e)
{
    *s = (struct mlp_str){"", 0};
    if (b->buffer >= b->nbuffers)
        return bad(e, "a record batch has fewer buffers than its columns need");
    size_t at = b->buffers + 16 * b->buffer++;
    int64_t offset = mlp_flat_int(&b->meta, at, 8), n = mlp_flat_int(&b->meta, at + 8, 8);
    if (offset < 0 || n < 0 || (uint64_t)offset > b->body.n ||
        (uint64_t)n > b->body.n - (uint64_t)offset)
        return bad(e, "a buffer lies outside of its message");
    if (n)
        *s = (struct mlp_str){b->body.p + offset, (size_t)n};
    return n && b->codec >= 0 ? unpack(b, s, e) : MLP_OK;
}

/* Bytes that n values of a layout need. */
static uint64_t needed(const struct mlp_arrow_field *f, size_t n, size_t index_width)
{
    if (index_width)
        return (uint64_t)n * index_width;
    switch (f->layout) {
    case MLP_ARROW_BITS:
        return ((uint64_t)n + 7) / 8;
    case MLP_ARROW_FIXED:
        return (uint64_t)n * f->width;
    case MLP_ARROW_TEXT:
        return n ? ((uint64_t)n + 1) * 4 : 0;
    case MLP_ARROW_LARGE_TEXT:
        return n ? ((uint64_t)n + 1) * 8 : 0;
    case MLP_ARROW_VIEW:
        return (uint64_t)n * 16;
    case MLP_ARROW_NONE:
    case MLP_ARROW_STRUCT:
        break;
    }
    return 0;
}

static enum mlp_code next_views(struct mlp_arrow_batch *b, struct mlp_arrow_array *a,
                                struct mlp_err *e)
{
    if (b->count >= b->ncounts)
        return bad(e, "a record batch is damaged");
    int64_t n = mlp_flat_int(&b->meta, b->counts + 8 * b->count++, 8);
    if (n < 0 || (uint64_t)n > b->nbuffers)
        return bad(e, "a record batch is damaged");
    struct mlp_str *more = mlp_arena_array(b->arena, (size_t)n + 1, sizeof *more);
    enum mlp_code code = more ? MLP_OK : mlp_err_nomem(e);
    for (size_t i = 0; code == MLP_OK && i < (size_t)n; i++)
        code = next_buffer(b, &more[i], e);
    a->more = more;
    a->nmore = (size_t)n;
    return code;
}

static enum mlp_code next_values(struct mlp_arrow_batch *b, size_t index_width,
                                 struct mlp_arrow_array *a, struct mlp_err *e)
{
    enum mlp_arrow_layout layout = index_width ? MLP_ARROW_FIXED : a->field->layout;
    enum mlp_code code = next_buffer(b, &a->values, e);
    if (code == MLP_OK && a->values.n < needed(a->field, a->n, index_width))
        code = bad(e, "a buffer is shorter than its values");
    if (code == MLP_OK && (layout == MLP_ARROW_TEXT || layout == MLP_ARROW_LARGE_TEXT))
        code = next_buffer(b, &a->text, e);
    return code == MLP_OK && layout == MLP_ARROW_VIEW ? next_views(b, a, e) : code;
}

enum mlp_code mlp_arrow_array_next(struct mlp_arrow_batch *b, const struct mlp_arrow_field *f,
                                   size_t index_width, struct mlp_arrow_array *a,
                                   struct mlp_err *e)
{
    struct mlp_str valid;
    *a = (struct mlp_arrow_array){.field = f};
    if (b->node >= b->nnodes)
        return bad(e, "a record batch has fewer columns than the schema");
    size_t at = b->nodes + 16 * b->node++;
    int64_t n = mlp_flat_int(&b->meta, at, 8), missing = mlp_flat_int(&b->meta, at + 8, 8);
    if (n < 0 || (uint64_t)n != b->length)
        return bad(e, "a column has not as many values as its record batch");
    a->n = (size_t)n;
    if (f->layout == MLP_ARROW_NONE && !index_width)
        return MLP_OK;
    enum mlp_code code = next_buffer(b, &valid, e);
    if (code == MLP_OK && missing && valid.n) {
        if (valid.n < (a->n + 7) / 8)
            return bad(e, "a buffer is shorter than its values");
        a->valid = (const unsigned char *)valid.p;
    }
    if (code == MLP_OK && (index_width || f->layout != MLP_ARROW_STRUCT))
        code = next_values(b, index_width, a, e);
    return code;
}

/* ---- cells */

static int64_t integer(struct mlp_str s, size_t at, size_t bytes)
{
    struct mlp_flat f = {(const unsigned char *)s.p, s.n, false};
    return mlp_flat_int(&f, at, (unsigned)bytes);
}

static bool text_cell(const struct mlp_arrow_array *a, size_t i, struct mlp_scalar *v)
{
    size_t bytes = a->field->layout == MLP_ARROW_TEXT ? 4 : 8;
    int64_t from = integer(a->values, i * bytes, bytes);
    int64_t to = integer(a->values, (i + 1) * bytes, bytes);
    if (from < 0 || to < from || (uint64_t)to > a->text.n)
        return false;
    v->s = (struct mlp_str){a->text.p + from, (size_t)(to - from)};
    return true;
}

/* A length, then up to 12 bytes of text, or the first 4, a buffer's number and an offset. */
static bool view_cell(const struct mlp_arrow_array *a, size_t i, struct mlp_scalar *v)
{
    const char *p = a->values.p + 16 * i;
    int64_t n = integer(a->values, 16 * i, 4), number = integer(a->values, 16 * i + 8, 4);
    int64_t at = integer(a->values, 16 * i + 12, 4);
    if (n < 0)
        return false;
    if (n <= 12) {
        v->s = (struct mlp_str){p + 4, (size_t)n};
        return true;
    }
    if (number < 0 || (uint64_t)number >= a->nmore || at < 0)
        return false;
    struct mlp_str s = a->more[number];
    if ((uint64_t)at > s.n || (uint64_t)n > s.n - (uint64_t)at)
        return false;
    v->s = (struct mlp_str){s.p + at, (size_t)n};
    return true;
}

static void float_cell(const struct mlp_arrow_field *f, const char *p, struct mlp_scalar *v)
{
    float narrow;
    if (f->width == 8) {
        memcpy(&v->f, p, sizeof v->f);
    } else if (f->width == 4) {
        memcpy(&narrow, p, sizeof narrow);
        v->f = (double)narrow;
    } else {
        v->f = mlp_columnar_half((unsigned char)p[0] | (unsigned)(unsigned char)p[1] << 8);
    }
}

static void fixed_cell(const struct mlp_arrow_array *a, size_t i, struct mlp_scalar *v)
{
    const struct mlp_arrow_field *f = a->field;
    const char *p = a->values.p + i * f->width;
    v->s = (struct mlp_str){p, f->width};
    if (f->floating) {
        float_cell(f, p, v);
    } else if (f->width <= 8 && f->type.kind != MLP_CELL_BYTES) {
        v->i = integer(a->values, i * f->width, f->width);
        unsigned unused = 64 - 8 * (unsigned)f->width;
        if (!f->is_signed && unused)
            v->i = (int64_t)((uint64_t)v->i << unused >> unused);
        v->s.n = 0;
    }
}

bool mlp_arrow_cell(const struct mlp_arrow_array *a, size_t i, struct mlp_scalar *v)
{
    *v = (struct mlp_scalar){.s = {"", 0}};
    v->null = a->field->layout == MLP_ARROW_NONE || !mlp_arrow_valid(a, i);
    if (v->null)
        return true;
    switch (a->field->layout) {
    case MLP_ARROW_BITS:
        v->i = (unsigned char)a->values.p[i / 8] >> i % 8 & 1;
        return true;
    case MLP_ARROW_FIXED:
        fixed_cell(a, i, v);
        return true;
    case MLP_ARROW_TEXT:
    case MLP_ARROW_LARGE_TEXT:
        return text_cell(a, i, v);
    case MLP_ARROW_VIEW:
        return view_cell(a, i, v);
    case MLP_ARROW_NONE:
    case MLP_ARROW_STRUCT:
        break;
    }
    return true;
}
