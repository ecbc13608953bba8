/* Pages: their heads, their compression, their definition levels. */
#include "table/parquet.h"
#include "table/unpack.h"

#define PAGE_BYTES ((size_t)256 << 20)
#define PAGE_VALUES ((int64_t)1 << 27)
#define HEAD_BYTES ((size_t)64 << 10) /* statistics may be long */

enum page_kind { DATA_PAGE, INDEX_PAGE, DICTIONARY_PAGE, DATA_PAGE_V2 };

struct page_head {
    int64_t kind, plain_bytes, packed_bytes;
    int64_t values, encoding, level_encoding;
    int64_t level_bytes, repetition_bytes; /* V2: uncompressed, before the values */
    bool packed;                           /* V2 may say that the values are not */
    size_t size;                           /* of the head */
};

enum mlp_code mlp_parquet_bad(const struct mlp_parquet_column *c, struct mlp_err *e,
                              const char *why)
{
    mlp_err_set(e, MLP_EINPUT, "Parquet column \"%.*s\": %s", MLP_STR_ARG(c->name), why);
    return mlp_err_at_byte(e, c->at);
}

/* ---- heads */

/* Where a field of DataPageHeader 5, DictionaryPageHeader 7 or DataPageHeaderV2 8 goes; NULL:
 * nowhere. */
static int64_t *inner_place(struct page_head *h, int kind, int id)
{
    if (id == 1)
        return &h->values;
    if (kind != 8)
        return id == 2 ? &h->encoding : kind == 5 && id == 3 ? &h->level_encoding : NULL;
    return id == 4   ? &h->encoding
           : id == 5 ? &h->level_bytes
           : id == 6 ? &h->repetition_bytes
                     : NULL;
}

static void read_inner(struct mlp_thrift *t, int kind, struct page_head *h)
{
    enum mlp_thrift_type type;
    int id = 0;
    while (mlp_thrift_field(t, &id, &type)) {
        int64_t *at = inner_place(h, kind, id);
        if (type < MLP_THRIFT_BYTE && kind == 8 && id == 7)
            h->packed = type == MLP_THRIFT_TRUE;
        else if (at && type >= MLP_THRIFT_I16 && type <= MLP_THRIFT_I64)
            *at = mlp_thrift_int(t);
        else
            mlp_thrift_skip(t, type);
    }
}

static bool parse_head(const unsigned char *p, size_t n, struct page_head *h)
{
    struct mlp_thrift t = {.p = p, .end = p + n};
    enum mlp_thrift_type type;
    int id = 0;
    *h = (struct page_head){.kind = -1, .packed = true, .level_encoding = MLP_PQ_RLE};
    while (mlp_thrift_field(&t, &id, &type)) {
        if (type == MLP_THRIFT_STRUCT && (id == 5 || id == 7 || id == 8))
            read_inner(&t, id, h);
        else if (type == MLP_THRIFT_I32 && id <= 3) {
            int64_t v = mlp_thrift_int(&t);
            *(id == 1 ? &h->kind : id == 2 ? &h->plain_bytes : &h->packed_bytes) = v;
        } else {
            mlp_thrift_skip(&t, type);
        }
    }
    h->size = (size_t)(t.p - p);
    return !t.bad && h->plain_bytes >= 0 && h->packed_bytes >= 0 && h->values >= 0 &&
           h->level_bytes >= 0 && h->repetition_bytes >= 0;
}

static enum mlp_code read_head(struct mlp_parquet_column *c, const struct mlp_bytes *b,
                               struct page_head *h, struct mlp_err *e)
{
    unsigned char first[256];
    uint64_t have = c->at < b->size ? b->size - c->at : 0;
    size_t n = have < sizeof first ? (size_t)have : sizeof first;
    enum mlp_code code = mlp_bytes_read(b, c->at, first, n, e);
    if (code != MLP_OK || parse_head(first, n, h))
        return code;
    n = have < HEAD_BYTES ? (size_t)have : HEAD_BYTES;
    mlp_buf_reset(c->packed);
    char *p = mlp_buf_reserve(c->packed, n);
    code = p ? mlp_bytes_read(b, c->at, p, n, e) : mlp_err_nomem(e);
    if (code == MLP_OK && !parse_head((const unsigned char *)p, n, h))
        code = mlp_parquet_bad(c, e, "the head of a page is damaged");
    return code;
}

/* ---- compression */

static bool unpack(int64_t codec, struct mlp_str in, char *out, size_t n)
{
    enum mlp_block_codec block = codec == MLP_PQ_SNAPPY ? MLP_BLOCK_SNAPPY
                                 : codec == MLP_PQ_ZSTD ? MLP_BLOCK_ZSTD
                                                        : MLP_BLOCK_LZ4;
    return mlp_unpack_block(block, in, out, n);
}

/* The page's bytes, `stored` of them as they are, the rest decompressed, into `to`. */
static enum mlp_code unpack_page(struct mlp_parquet_column *c, const struct page_head *h,
                                 size_t stored, struct mlp_buf *to, struct mlp_err *e)
{
    struct mlp_str in = {c->packed->p + stored, c->packed->n - stored};
    size_t n = (size_t)h->plain_bytes - stored;
    bool plain = c->chunk.codec == MLP_PQ_PLAIN_BYTES || !h->packed;
    mlp_buf_reset(to);
    mlp_buf_add(to, c->packed->p, plain ? c->packed->n : stored);
    if (!plain && n && c->chunk.codec == MLP_PQ_GZIP) {
        enum mlp_code code = mlp_unpack_gzip(in, to, e);
        if (code != MLP_OK)
            return mlp_err_wrap(e, "Parquet column \"%.*s\"", MLP_STR_ARG(c->name));
    } else if (!plain && n) {
        char *p = mlp_buf_reserve(to, n);
        if (p && !unpack(c->chunk.codec, in, p, n))
            return mlp_parquet_bad(c, e, "the compressed data of a page is damaged");
        to->n += p ? n : 0;
    }
    if (mlp_buf_check(to, e) != MLP_OK)
        return e->code;
    return to->n == (size_t)h->plain_bytes ? MLP_OK
                                           : mlp_parquet_bad(c, e, "a page has not its size");
}

static enum mlp_code read_page(struct mlp_parquet_column *c, const struct mlp_bytes *b,
                               const struct page_head *h, struct mlp_buf *to, struct mlp_err *e)
{
    size_t stored = h->kind == DATA_PAGE_V2 ? (size_t)(h->level_bytes + h->repetition_bytes) : 0;
    if ((uint64_t)h->plain_bytes > PAGE_BYTES || (uint64_t)h->packed_bytes > PAGE_BYTES)
        return mlp_parquet_bad(c, e, "a page is over 256 MiB");
    if (stored > (size_t)h->plain_bytes || stored > (size_t)h->packed_bytes)
        return mlp_parquet_bad(c, e, "the levels of a page are larger than the page");
    mlp_buf_reset(c->packed);
    size_t n = (size_t)h->packed_bytes;
    char *p = mlp_buf_reserve(c->packed, n);
    enum mlp_code code = p ? mlp_bytes_read(b, c->at + h->size, p, n, e) : mlp_err_nomem(e);
    c->packed->n = n;
    if (code == MLP_OK)
        code = unpack_page(c, h, stored, to, e);
    c->at += h->size + n;
    return code;
}

/* ---- a page of data */

static unsigned bits_for(unsigned most)
{
    unsigned n = 0;
    while (most >> n)
        n++;
    return n;
}

/* Definition levels stand before the values; pages of version 1 say how long they are. */
static enum mlp_code find_levels(struct mlp_parquet_column *c, const struct page_head *h,
                                 struct mlp_err *e)
{
    size_t bytes = (size_t)h->level_bytes, have = (size_t)(c->end - c->p);
    if (h->kind == DATA_PAGE_V2) {
        c->p += h->repetition_bytes;
    } else if (c->leaf->levels) {
        if (have < 4 || h->level_encoding != MLP_PQ_RLE)
            return mlp_parquet_bad(c, e, "a page's levels are not in the encoding RLE");
        bytes = (size_t)c->p[0] | (size_t)c->p[1] << 8 | (size_t)c->p[2] << 16 |
                (size_t)c->p[3] << 24;
        c->p += 4;
    }
    if (bytes > (size_t)(c->end - c->p))
        return mlp_parquet_bad(c, e, "the levels of a page are larger than the page");
    mlp_parquet_hybrid_init(&c->levels, c->p, bytes, bits_for(c->leaf->levels));
    c->p += bytes;
    return MLP_OK;
}

/* How many of the page's values are there, which only one encoding has to know. */
static enum mlp_code count_present(struct mlp_parquet_column *c, struct mlp_err *e)
{
    struct mlp_parquet_hybrid levels = c->levels;
    c->present = c->in_page;
    for (size_t i = 0; c->leaf->levels && i < c->in_page; i++) {
        uint64_t level;
        if (!mlp_parquet_hybrid_next(&levels, &level))
            return mlp_parquet_bad(c, e, "a page has fewer levels than values");
        c->present -= level != c->leaf->levels;
    }
    return MLP_OK;
}

static enum mlp_code open_page(struct mlp_parquet_column *c, const struct page_head *h,
                               struct mlp_err *e)
{
    c->p = (const unsigned char *)c->page.p;
    c->end = c->p + c->page.n;
    c->encoding = (enum mlp_parquet_encoding)h->encoding;
    c->present = c->in_page = (size_t)h->values;
    c->left -= h->values;
    if (c->left < 0 || h->values > PAGE_VALUES)
        return mlp_parquet_bad(c, e, "a page has more values than the column, or too many");
    enum mlp_code code = find_levels(c, h, e);
    if (code == MLP_OK && c->encoding == MLP_PQ_SPLIT)
        code = count_present(c, e);
    return code == MLP_OK ? mlp_parquet_values(c, e) : code;
}

enum mlp_code mlp_parquet_load(struct mlp_parquet_column *c, const struct mlp_bytes *b,
                               struct mlp_err *e)
{
    while (c->in_page == 0 && c->left > 0) {
        struct page_head h;
        enum mlp_code code = read_head(c, b, &h, e);
        bool words = h.kind == DICTIONARY_PAGE;
        if (code == MLP_OK)
            code = read_page(c, b, &h, words ? &c->dictionary_page : &c->page, e);
        if (code == MLP_OK && words)
            code = mlp_parquet_dictionary(c, (size_t)h.values, e);
        else if (code == MLP_OK && (h.kind == DATA_PAGE || h.kind == DATA_PAGE_V2))
            code = open_page(c, &h, e);
        if (code != MLP_OK)
            return code;
    }
    return MLP_OK;
}
