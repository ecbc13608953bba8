/* zip.c: strict zip archives (zip.h). */
#include "model/zip.h"
#include "model/container.h"
#include "table/unpack.h"
#include <stdlib.h>

#define LOCAL_BYTES 30u
#define CENTRAL_BYTES 46u
#define END_BYTES 22u

#define FLAG_UTF8 0x800u
#define FLAG_LEVEL 0x006u        /* how hard the writer tried */
#define METHOD_DEFLATE 8u
#define ZIP64_EXTRA 1u
#define SIZE_IN_EXTRA UINT32_MAX

/* Content may be larger than the archive by this, or by this factor. */
#define SLACK (UINT64_C(64) << 20)
#define MOST_RATIO 200u

static uint32_t u16(const char *p)
{
    const unsigned char *u = (const unsigned char *)p;
    return (uint32_t)(u[0] | u[1] << 8);
}

static uint32_t u32(const char *p)
{
    return u16(p) | u16(p + 2) << 16;
}

static uint64_t u64(const char *p)
{
    return u32(p) | (uint64_t)u32(p + 4) << 32;
}

static enum mlp_code bad(struct mlp_err *e, const char *what)
{
    return mlp_err_set(e, MLP_EINPUT, "the zip archive %s", what);
}

static enum mlp_code bad_entry(struct mlp_err *e, struct mlp_str name, const char *what)
{
    int n = name.n > 80 ? 80 : (int)name.n;
    return mlp_err_set(e, MLP_EINPUT, "the zip archive's entry \"%.*s\" %s", n, name.p, what);
}

/* --- the directory --- */

struct directory {
    struct mlp_str bytes;        /* of the archive */
    size_t start, end;           /* of the directory in it */
    size_t at;
    uint64_t total;              /* bytes of content so far */
    struct mlp_err *e;
};

/* The end record is the archive's last 22 bytes: a comment could hide another one. */
static enum mlp_code read_end(struct directory *d, size_t *n)
{
    size_t size = d->bytes.n;
    if (size < END_BYTES)
        return bad(d->e, "is cut short");
    const char *p = d->bytes.p + size - END_BYTES;
    if (memcmp(p, "PK\x05\x06", 4) != 0 || u16(p + 20) != 0)
        return bad(d->e, "does not end with its directory (it is cut, or has bytes behind it)");
    if (u16(p + 4) || u16(p + 6) || u16(p + 8) != u16(p + 10) || u16(p + 10) == 0xffff)
        return bad(d->e, "is one of several disks, or has 65,535 entries and more");
    *n = u16(p + 10);
    d->start = d->at = u32(p + 16);
    d->end = size - END_BYTES;
    if (d->start > d->end || d->end - d->start != u32(p + 12))
        return bad(d->e, "has bytes between its directory and its end");
    return MLP_OK;
}

static enum mlp_code check_flags(struct directory *d, const char *p, struct mlp_str name)
{
    if (u16(p + 8) & ~(FLAG_UTF8 | FLAG_LEVEL))
        return bad_entry(d->e, name, "is encrypted, or has its sizes behind its data");
    if (u16(p + 10) != 0 && u16(p + 10) != METHOD_DEFLATE)
        return bad_entry(d->e, name, "is compressed by other means than deflate");
    if (u16(p + 32) || u16(p + 34))
        return bad_entry(d->e, name, "has a comment, or lies on another disk");
    if (u32(p + 20) == SIZE_IN_EXTRA || u32(p + 24) == SIZE_IN_EXTRA)
        return bad_entry(d->e, name, "is larger than 4 GiB");
    if (u16(p + 10) == 0 && u32(p + 20) != u32(p + 24))
        return bad_entry(d->e, name, "is stored in two different sizes");
    if (name.n == 0 || memchr(name.p, '\0', name.n))
        return bad_entry(d->e, name, "has no proper name");
    return MLP_OK;
}

/* One line of the directory. data has its length only, until the local header is read. */
static enum mlp_code read_central(struct directory *d, struct mlp_zip_entry *z)
{
    const char *p = d->bytes.p + d->at;
    size_t left = d->end - d->at;
    if (left < CENTRAL_BYTES || memcmp(p, "PK\x01\x02", 4) != 0)
        return bad(d->e, "has a damaged directory");
    size_t n = u16(p + 28), all = CENTRAL_BYTES + n + u16(p + 30);
    if (all > left)
        return bad(d->e, "has a damaged directory");
    z->name = (struct mlp_str){p + CENTRAL_BYTES, n};
    if (check_flags(d, p, z->name))
        return d->e->code;
    z->deflated = u16(p + 10) == METHOD_DEFLATE;
    z->crc = u32(p + 16);
    z->data.n = u32(p + 20);
    z->size = u32(p + 24);
    z->offset = u32(p + 42);
    d->total += z->size;
    d->at += all;
    if (d->total > SLACK && d->total / MOST_RATIO > d->bytes.n)
        return bad(d->e, "would decompress to more than a model of its size holds");
    return MLP_OK;
}

/* --- local headers --- */

/* A size of the local header: numpy.savez puts both into a ZIP64 extra field beforehand. */
static bool local_sizes(const char *p, struct mlp_str extra, uint64_t *size, uint64_t *packed)
{
    *packed = u32(p + 18);
    *size = u32(p + 22);
    if (*packed != SIZE_IN_EXTRA && *size != SIZE_IN_EXTRA)
        return true;
    if (*packed != *size || extra.n < 20 || u16(extra.p) != ZIP64_EXTRA || u16(extra.p + 2) != 16)
        return false;
    *size = u64(extra.p + 4);
    *packed = u64(extra.p + 12);
    return true;
}

/* Where the entry's data lies; *at is where its header must start, and then where the next must. */
static enum mlp_code read_local(const struct directory *d, struct mlp_zip_entry *z, size_t *at)
{
    const char *p = d->bytes.p + *at;
    uint64_t size, packed;
    if (z->offset != *at)
        return bad_entry(d->e, z->name, "does not follow the one before");
    if (d->start - *at < LOCAL_BYTES || memcmp(p, "PK\x03\x04", 4) != 0)
        return bad_entry(d->e, z->name, "has no header");
    size_t n = u16(p + 26), extra = u16(p + 28);
    if (d->start - *at - LOCAL_BYTES < n + extra)
        return bad_entry(d->e, z->name, "has no header");
    struct mlp_str name = {p + LOCAL_BYTES, n}, more = {p + LOCAL_BYTES + n, extra};
    if (!local_sizes(p, more, &size, &packed) || !mlp_str_eq(name, z->name) ||
        size != z->size || packed != z->data.n || u32(p + 14) != z->crc ||
        (u16(p + 8) == METHOD_DEFLATE) != z->deflated || (u16(p + 6) & ~(FLAG_UTF8 | FLAG_LEVEL)))
        return bad_entry(d->e, z->name, "has a header that contradicts the directory");
    z->data.p = more.p + extra;
    if ((size_t)(d->bytes.p + d->start - z->data.p) < z->data.n)
        return bad_entry(d->e, z->name, "passes the end of the archive");
    *at = (size_t)(z->data.p - d->bytes.p) + z->data.n;
    return MLP_OK;
}

static int by_offset(const void *a, const void *b)
{
    const struct mlp_zip_entry *x = a, *y = b;
    return (x->offset > y->offset) - (x->offset < y->offset);
}

static int by_name(const void *a, const void *b)
{
    const struct mlp_zip_entry *x = a, *y = b;
    return mlp_str_cmp(x->name, y->name);
}

/* The entries cover the archive from its first byte to the directory, once each. */
static enum mlp_code locate(const struct directory *d, struct mlp_zip_entry *z, size_t n)
{
    size_t at = 0;
    qsort(z, n, sizeof *z, by_offset);
    for (size_t i = 0; i < n; i++)
        if (read_local(d, &z[i], &at))
            return d->e->code;
    if (at != d->start)
        return bad(d->e, "has bytes that belong to no entry");
    qsort(z, n, sizeof *z, by_name);
    for (size_t i = 1; i < n; i++)
        if (mlp_str_eq(z[i - 1].name, z[i].name))
            return bad_entry(d->e, z[i].name, "is there twice");
    return MLP_OK;
}

enum mlp_code mlp_zip_open(struct mlp_zip *z, struct mlp_arena *a, struct mlp_str bytes,
                           struct mlp_err *e)
{
    struct directory d = {.bytes = bytes, .e = e};
    size_t n = 0;
    *z = (struct mlp_zip){.arena = a};
    if (read_end(&d, &n))
        return e->code;
    struct mlp_zip_entry *entries = mlp_arena_array(a, n, sizeof *entries);
    if (!entries)
        return mlp_err_nomem(e);
    for (size_t i = 0; i < n; i++)
        if (read_central(&d, &entries[i]))
            return e->code;
    if (d.at != d.end)
        return bad(e, "has more in its directory than it says");
    if (locate(&d, entries, n))
        return e->code;
    z->entries = entries;
    z->n = n;
    return MLP_OK;
}

const struct mlp_zip_entry *mlp_zip_find(const struct mlp_zip *z, struct mlp_str name)
{
    size_t low = 0, high = z->n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int order = mlp_str_cmp(z->entries[mid].name, name);
        if (order == 0)
            return &z->entries[mid];
        if (order < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return NULL;
}

static enum mlp_code inflate_entry(const struct mlp_zip *z, const struct mlp_zip_entry *entry,
                                   struct mlp_str *out, struct mlp_err *e)
{
    struct mlp_buf b;
    /* The decompressor asks for a step's room before it knows that it needs none. */
    mlp_buf_init(&b, (size_t)entry->size + ((size_t)2 << 20));
    enum mlp_code code = mlp_unpack_deflate(entry->data, &b, e);
    if (!code && b.n != entry->size)
        code = bad_entry(e, entry->name, "has another size than the directory says");
    if (!code)
        *out = mlp_arena_str(z->arena, mlp_buf_str(&b));
    mlp_buf_fini(&b);
    if (!code && !out->p)
        code = mlp_err_nomem(e);
    return code;
}

enum mlp_code mlp_zip_read(const struct mlp_zip *z, const struct mlp_zip_entry *entry,
                           struct mlp_str *out, struct mlp_err *e)
{
    *out = entry->data;
    if (entry->deflated && inflate_entry(z, entry, out, e))
        return mlp_err_wrap(e, "\"%.*s\"", entry->name.n > 80 ? 80 : (int)entry->name.n,
                            entry->name.p);
    return mlp_crc32(*out) == entry->crc
               ? MLP_OK
               : bad_entry(e, entry->name, "is damaged (its CRC differs)");
}
