/* Values of Parquet pages, in each of their encodings. */
#include "table/parquet.h"

#define JULIAN_1970 2440588

static uint64_t little_endian(const unsigned char *p, size_t n)
{
    uint64_t v = 0;
    for (size_t i = 0; i < n; i++)
        v |= (uint64_t)p[i] << 8 * i;
    return v;
}

/* Bytes of a value whose size is fixed; 0 for texts and truth values. */
static size_t fixed_bytes(const struct mlp_parquet_leaf *leaf)
{
    static const size_t bytes[] = {0, 4, 8, 12, 4, 8, 0, 0};
    return leaf->physical == MLP_PQ_FIXED ? leaf->width : bytes[leaf->physical];
}

static void set_int(const struct mlp_parquet_leaf *leaf, int64_t i, struct mlp_scalar *v)
{
    v->i = leaf->physical == MLP_PQ_INT32 ? (leaf->unsigned_int ? (int64_t)(uint32_t)i
                                                                : (int64_t)(int32_t)(uint32_t)i)
                                          : i;
}

/* INT96: nanoseconds of the day, then the Julian day (as Spark and Impala write timestamps). False
 * outside of the years 1678 to 2261, whose nanoseconds 64 bits can count. */
static bool set_int96(const unsigned char *p, struct mlp_scalar *v)
{
    uint64_t nanos = little_endian(p, 8);
    int64_t day = (int64_t)little_endian(p + 8, 4) - JULIAN_1970;
    v->i = (int64_t)((uint64_t)day * UINT64_C(86400000000000) + nanos);
    return day > -106000 && day < 106000;
}

static bool set_fixed(const struct mlp_parquet_leaf *leaf, const unsigned char *p,
                      struct mlp_scalar *v)
{
    float narrow;
    switch (leaf->physical) {
    case MLP_PQ_INT32:
        set_int(leaf, (int64_t)little_endian(p, 4), v);
        break;
    case MLP_PQ_INT64:
        v->i = (int64_t)little_endian(p, 8);
        break;
    case MLP_PQ_INT96:
        return set_int96(p, v);
    case MLP_PQ_FLOAT:
        memcpy(&narrow, p, sizeof narrow);
        v->f = (double)narrow;
        break;
    case MLP_PQ_DOUBLE:
        memcpy(&v->f, p, sizeof v->f);
        break;
    default:
        v->s = (struct mlp_str){(const char *)p, leaf->width};
        if (leaf->type.kind == MLP_CELL_FLOAT)
            v->f = mlp_columnar_half((unsigned)little_endian(p, 2));
        break;
    }
    return true;
}

/* ---- PLAIN */

static bool take_plain(struct mlp_parquet_column *c, struct mlp_scalar *v)
{
    size_t have = (size_t)(c->end - c->p), n = fixed_bytes(c->leaf);
    if (c->leaf->physical == MLP_PQ_BYTE_ARRAY) {
        if (have < 4 || (n = (size_t)little_endian(c->p, 4)) > have - 4)
            return false;
        v->s = (struct mlp_str){(const char *)c->p + 4, n};
        c->p += 4 + n;
        return true;
    }
    if (have < n)
        return false;
    c->p += n;
    return set_fixed(c->leaf, c->p - n, v);
}

/* ---- the others */

static bool take_code(struct mlp_parquet_column *c, struct mlp_scalar *v)
{
    uint64_t code;
    if (!mlp_parquet_hybrid_next(&c->codes, &code) || code >= c->nwords)
        return false;
    *v = c->dictionary[code];
    return true;
}

static bool take_truth(struct mlp_parquet_column *c, struct mlp_scalar *v)
{
    uint64_t bit;
    bool good = mlp_parquet_hybrid_next(&c->codes, &bit);
    v->i = good && bit;
    return good;
}

static bool take_delta(struct mlp_parquet_column *c, struct mlp_scalar *v)
{
    int64_t i = 0;
    bool good = mlp_parquet_delta_next(&c->delta, &i);
    set_int(c->leaf, i, v);
    return good;
}

static bool take_length(struct mlp_parquet_column *c, struct mlp_str *s)
{
    int64_t n;
    if (!mlp_parquet_delta_next(&c->delta, &n) || n < 0 || (uint64_t)n > (uint64_t)(c->end - c->p))
        return false;
    *s = (struct mlp_str){(const char *)c->p, (size_t)n};
    c->p += n;
    return true;
}

/* What it shares with the value before, then the rest. */
static bool take_prefixed(struct mlp_parquet_column *c, struct mlp_scalar *v)
{
    struct mlp_str rest;
    int64_t shared;
    if (!mlp_parquet_delta_next(&c->prefix, &shared) || shared < 0 ||
        (uint64_t)shared > c->before.n || !take_length(c, &rest))
        return false;
    c->before.n = (size_t)shared;
    mlp_buf_addstr(&c->before, rest);
    v->s = mlp_arena_str(&c->texts, mlp_buf_str(&c->before));
    bool fits = c->leaf->physical != MLP_PQ_FIXED || v->s.n == c->leaf->width;
    return !c->before.failed && v->s.p && fits;
}

/* Byte k of all values, then byte k + 1 of all values. */
static bool take_split(struct mlp_parquet_column *c, struct mlp_scalar *v)
{
    size_t n = fixed_bytes(c->leaf);
    unsigned char *p = mlp_arena_alloc(&c->texts, n);
    if (!p || c->index >= c->present)
        return false;
    for (size_t k = 0; k < n; k++)
        p[k] = c->p[k * c->present + c->index];
    c->index++;
    return set_fixed(c->leaf, p, v);
}

static bool take(struct mlp_parquet_column *c, struct mlp_scalar *v)
{
    switch (c->encoding) {
    case MLP_PQ_PLAIN:
        return c->leaf->physical == MLP_PQ_BOOLEAN ? take_truth(c, v) : take_plain(c, v);
    case MLP_PQ_RLE:
        return take_truth(c, v);
    case MLP_PQ_PLAIN_DICTIONARY:
    case MLP_PQ_DICTIONARY:
        return take_code(c, v);
    case MLP_PQ_DELTA:
        return take_delta(c, v);
    case MLP_PQ_DELTA_LENGTH:
        return take_length(c, &v->s);
    case MLP_PQ_DELTA_BYTES:
        return take_prefixed(c, v);
    case MLP_PQ_SPLIT:
        return take_split(c, v);
    }
    return false;
}

enum mlp_code mlp_parquet_take(struct mlp_parquet_column *c, struct mlp_scalar *v,
                               struct mlp_err *e)
{
    uint64_t level = c->leaf->levels;
    *v = (struct mlp_scalar){.s = {"", 0}};
    c->in_page--;
    if (c->leaf->levels && !mlp_parquet_hybrid_next(&c->levels, &level))
        return mlp_parquet_bad(c, e, "a page has fewer levels than values");
    v->null = level != c->leaf->levels;
    if (v->null)
        return MLP_OK;
    return take(c, v) ? MLP_OK : mlp_parquet_bad(c, e, "a value is damaged, or a time out of "
                                                              "range");
}

/* ---- readying a page */

/* The bits of truth values in PLAIN are packed as one group without a head. */
static void pack_truth(struct mlp_parquet_column *c)
{
    mlp_parquet_hybrid_init(&c->codes, c->p, (size_t)(c->end - c->p), 1);
    c->codes.packed = c->present;
}

/* Truth values in RLE have their length before them. */
static bool open_runs(struct mlp_parquet_column *c)
{
    size_t have = (size_t)(c->end - c->p);
    if (c->leaf->physical != MLP_PQ_BOOLEAN || have < 4)
        return c->present == 0;
    size_t n = (size_t)little_endian(c->p, 4);
    mlp_parquet_hybrid_init(&c->codes, c->p + 4, n < have - 4 ? n : have - 4, 1);
    return true;
}

static bool open_codes(struct mlp_parquet_column *c)
{
    if (c->p == c->end)
        return c->present == 0;
    unsigned width = *c->p++;
    mlp_parquet_hybrid_init(&c->codes, c->p, (size_t)(c->end - c->p), width);
    return width <= 32 && c->dictionary;
}

/* Lengths, and what is shared before them; the bytes come behind. */
static bool open_lengths(struct mlp_parquet_column *c, bool prefixed)
{
    struct mlp_parquet_delta skim;
    int64_t v;
    if (prefixed) {
        if (!mlp_parquet_delta_init(&c->prefix, c->p, (size_t)(c->end - c->p)))
            return false;
        for (skim = c->prefix; mlp_parquet_delta_next(&skim, &v);)
            ;
        c->p = mlp_parquet_delta_end(&skim);
    }
    if (!mlp_parquet_delta_init(&c->delta, c->p, (size_t)(c->end - c->p)))
        return false;
    for (skim = c->delta; mlp_parquet_delta_next(&skim, &v);)
        ;
    c->p = mlp_parquet_delta_end(&skim);
    mlp_buf_reset(&c->before);
    return skim.left == 0;
}

static bool is_text(const struct mlp_parquet_leaf *leaf)
{
    return leaf->physical == MLP_PQ_BYTE_ARRAY || leaf->physical == MLP_PQ_FIXED;
}

static bool open_encoding(struct mlp_parquet_column *c)
{
    size_t have = (size_t)(c->end - c->p), fixed = fixed_bytes(c->leaf);
    bool integer = c->leaf->physical == MLP_PQ_INT32 || c->leaf->physical == MLP_PQ_INT64;
    switch (c->encoding) {
    case MLP_PQ_PLAIN:
        if (c->leaf->physical == MLP_PQ_BOOLEAN)
            pack_truth(c);
        return true;
    case MLP_PQ_RLE:
        return open_runs(c);
    case MLP_PQ_PLAIN_DICTIONARY:
    case MLP_PQ_DICTIONARY:
        return open_codes(c);
    case MLP_PQ_DELTA:
        return integer && mlp_parquet_delta_init(&c->delta, c->p, have);
    case MLP_PQ_DELTA_LENGTH:
        return c->leaf->physical == MLP_PQ_BYTE_ARRAY && open_lengths(c, false);
    case MLP_PQ_DELTA_BYTES:
        return is_text(c->leaf) && open_lengths(c, true);
    case MLP_PQ_SPLIT:
        return fixed && c->present <= have / fixed;
    }
    return false;
}

enum mlp_code mlp_parquet_values(struct mlp_parquet_column *c, struct mlp_err *e)
{
    c->index = 0;
    mlp_arena_reset(&c->texts);
    if (c->present == 0 || open_encoding(c))
        return MLP_OK;
    return mlp_parquet_bad(c, e, "the values of a page are damaged, or in an encoding that is not "
                                 "known");
}

enum mlp_code mlp_parquet_dictionary(struct mlp_parquet_column *c, size_t n, struct mlp_err *e)
{
    c->p = (const unsigned char *)c->dictionary_page.p;
    c->end = c->p + c->dictionary_page.n;
    mlp_arena_reset(&c->words);
    c->nwords = 0;
    if (n > c->dictionary_page.n)
        return mlp_parquet_bad(c, e, "the dictionary has more words than bytes");
    c->dictionary = mlp_arena_array(&c->words, n + 1, sizeof *c->dictionary);
    if (!c->dictionary)
        return mlp_parquet_bad(c, e, "the dictionary is too large");
    for (size_t i = 0; i < n; i++) {
        c->dictionary[i].s = (struct mlp_str){"", 0};
        if (c->leaf->physical == MLP_PQ_BOOLEAN || !take_plain(c, &c->dictionary[i]))
            return mlp_parquet_bad(c, e, "the dictionary is damaged");
    }
    c->nwords = n;
    return MLP_OK;
}
