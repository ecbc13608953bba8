#include "oci/store.h"

#include "base/os.h"
#include <stdlib.h>

#define STEP ((size_t)256 * 1024)
#define MAX_ENTRIES ((size_t)262144)
#define HEX_DIGITS 64

static enum mlp_code append_buf(void *ctx, const void *p, size_t n, struct mlp_err *e)
{
    mlp_buf_add(ctx, p, n);
    return mlp_buf_check(ctx, e);
}

struct mlp_sink mlp_sink_buf(struct mlp_buf *b)
{
    return (struct mlp_sink){append_buf, b};
}

static enum mlp_code append_out(void *ctx, const void *p, size_t n, struct mlp_err *e)
{
    struct mlp_out *o = ctx;
    enum mlp_code code = mlp_out_write(o, p, n);
    return code == MLP_OK ? MLP_OK : mlp_out_flush(o, e);
}

struct mlp_sink mlp_sink_out(struct mlp_out *o)
{
    return (struct mlp_sink){append_out, o};
}

/* The digest of "blobs/sha256/HEX"; false for any other name. */
static bool blob_name(struct mlp_str name, uint8_t digest[MLP_SHA256_BYTES])
{
    static const char prefix[] = "blobs/sha256/";
    char text[MLP_DIGEST_TEXT];
    if (!mlp_str_starts(name, prefix) || name.n != sizeof prefix - 1 + HEX_DIGITS)
        return false;
    snprintf(text, sizeof text, "sha256:%.*s", HEX_DIGITS, name.p + sizeof prefix - 1);
    return mlp_digest_parse(mlp_str_from(text), digest);
}

static enum mlp_code add_blob(struct mlp_store *s, const struct mlp_tar_entry *entry,
                              const uint8_t digest[MLP_SHA256_BYTES], struct mlp_err *e)
{
    struct mlp_store_blob *blob = mlp_vec_push(&s->blobs);
    if (!blob)
        return mlp_err_nomem(e);
    blob->offset = entry->offset;
    blob->size = entry->size;
    memcpy(blob->digest, digest, MLP_SHA256_BYTES);
    return MLP_OK;
}

static enum mlp_code twice(struct mlp_str name, struct mlp_err *e)
{
    return mlp_err_set(e, MLP_EINPUT, "archive entry \"%.*s\" is there twice", MLP_STR_ARG(name));
}

static enum mlp_code no_layout_entry(struct mlp_str name, struct mlp_err *e)
{
    mlp_err_set(e, MLP_EINPUT, "archive entry \"%.*s\" does not belong into a package",
                (int)(name.n < 120 ? name.n : 120), name.p);
    return mlp_err_hint(e, "a package holds oci-layout, index.json and blobs/sha256/HEX only");
}

static enum mlp_code take_entry(void *ctx, const struct mlp_tar_entry *entry, struct mlp_err *e)
{
    struct mlp_store *s = ctx;
    uint8_t digest[MLP_SHA256_BYTES];
    if (s->blobs.n == 0 && s->index.size == 0 && !s->has_layout)
        s->mtime = entry->mtime;
    if (entry->is_dir)
        return mlp_str_is(entry->name, "blobs") || mlp_str_is(entry->name, "blobs/sha256") ||
                       mlp_str_is(entry->name, ".")
                   ? MLP_OK : no_layout_entry(entry->name, e);
    if (blob_name(entry->name, digest))
        return add_blob(s, entry, digest, e);
    if (mlp_str_is(entry->name, "index.json")) {
        if (s->index.size)
            return twice(entry->name, e);
        s->index = *entry;
        s->index.name = MLP_STR("index.json");
        return MLP_OK;
    }
    if (!mlp_str_is(entry->name, "oci-layout"))
        return no_layout_entry(entry->name, e);
    if (s->has_layout)
        return twice(entry->name, e);
    s->has_layout = true;
    return MLP_OK;
}

static int by_digest(const void *a, const void *b)
{
    const struct mlp_store_blob *x = a, *y = b;
    return memcmp(x->digest, y->digest, MLP_SHA256_BYTES);
}

static enum mlp_code sort_blobs(struct mlp_store *s, struct mlp_err *e)
{
    struct mlp_store_blob *blobs = s->blobs.p;
    if (s->blobs.n)
        qsort(blobs, s->blobs.n, sizeof *blobs, by_digest);
    for (size_t i = 1; i < s->blobs.n; i++) {
        if (by_digest(&blobs[i - 1], &blobs[i]) == 0) {
            char text[MLP_DIGEST_TEXT];
            mlp_digest_text(blobs[i].digest, text);
            return twice(mlp_str_from(text), e);
        }
    }
    return MLP_OK;
}

static enum mlp_code open_archive(struct mlp_store *s, struct mlp_err *e)
{
    struct mlp_stat st;
    enum mlp_code code = mlp_os_open(s->path, MLP_OPEN_READ, &s->fd, e);
    if (code == MLP_OK)
        code = mlp_os_fstat(s->fd, &st, e);
    if (code != MLP_OK)
        return code;
    s->bytes = st.size;
    if (!st.is_file)
        return mlp_err_set(e, MLP_EINPUT, "is no file and no folder");
    if (st.size == 0)
        return mlp_err_set(e, MLP_EINPUT, "is empty, expected a package");
    code = mlp_tar_list(s->fd, s->bytes, MAX_ENTRIES, take_entry, s, e);
    if (code == MLP_OK)
        code = sort_blobs(s, e);
    if (code == MLP_OK && (s->index.size == 0 || !s->has_layout))
        code = mlp_err_set(e, MLP_EINPUT, "no package: the archive holds no %s",
                           s->has_layout ? "index.json" : "oci-layout");
    return code;
}

enum mlp_code mlp_store_open(struct mlp_store *s, const char *path, struct mlp_err *e)
{
    struct mlp_stat st;
    memset(s, 0, sizeof *s);
    s->fd = -1;
    mlp_vec_init(&s->blobs, sizeof(struct mlp_store_blob));
    if (!mlp_str_copy(mlp_str_from(path), s->path, sizeof s->path))
        return mlp_err_set(e, MLP_EINPUT, "path is too long: %.80s...", path);
    enum mlp_code code = mlp_os_stat(path, false, &st, e);
    if (code == MLP_OK && !st.exists) {
        mlp_err_set(e, MLP_ENOTFOUND, "no such file or folder");
        code = MLP_ENOTFOUND;
    }
    s->is_dir = st.is_dir;
    if (code == MLP_OK && !s->is_dir)
        code = open_archive(s, e);
    if (code != MLP_OK) {
        mlp_err_at(e, path, 0, 0);
        mlp_store_close(s);
    }
    return code;
}

void mlp_store_close(struct mlp_store *s)
{
    if (s->fd >= 0)
        mlp_os_close(s->fd, NULL);
    s->fd = -1;
    mlp_vec_fini(&s->blobs);
}

enum mlp_code mlp_send_range(int fd, uint64_t offset, uint64_t bytes, struct mlp_sha256 *h,
                             const struct mlp_sink *to, struct mlp_err *e)
{
    char *block = malloc(STEP);
    if (!block)
        return mlp_err_nomem(e);
    enum mlp_code code = MLP_OK;
    while (bytes && code == MLP_OK) {
        size_t got = 0;
        code = mlp_os_pread(fd, block, bytes < STEP ? (size_t)bytes : STEP, offset, &got, e);
        if (code == MLP_OK && got == 0)
            code = mlp_err_set(e, MLP_EINPUT, "ends early: %llu bytes are missing",
                               (unsigned long long)bytes);
        if (code == MLP_OK && h)
            mlp_sha256_add(h, block, got);
        if (code == MLP_OK && to)
            code = to->write(to->ctx, block, got, e);
        offset += got;
        bytes -= got;
    }
    free(block);
    return code;
}

bool mlp_store_blob_path(const char *dir, struct mlp_str digest, char *out, size_t size)
{
    int n = snprintf(out, size, "%s/blobs/sha256/%.*s", dir, HEX_DIGITS, digest.p + 7);
    return n > 0 && (size_t)n < size;
}

/* Where a blob's bytes are: a descriptor that the caller gives back with end_range. */
struct range {
    int fd;
    uint64_t offset, size;
    bool opened;
};

static enum mlp_code missing(struct mlp_str digest, struct mlp_err *e)
{
    return mlp_err_set(e, MLP_ENOTFOUND, "blob %.*s is missing", MLP_STR_ARG(digest));
}

static enum mlp_code find_in_archive(const struct mlp_store *s, struct mlp_str digest,
                                     struct range *r, struct mlp_err *e)
{
    struct mlp_store_blob key;
    mlp_digest_parse(digest, key.digest);
    const struct mlp_store_blob *found =
        s->blobs.n ? bsearch(&key, s->blobs.p, s->blobs.n, sizeof key, by_digest) : NULL;
    if (!found)
        return missing(digest, e);
    *r = (struct range){.fd = s->fd, .offset = found->offset, .size = found->size};
    return MLP_OK;
}

static enum mlp_code find_in_dir(const struct mlp_store *s, struct mlp_str digest,
                                 struct range *r, struct mlp_err *e)
{
    char path[4200];
    struct mlp_stat st;
    struct mlp_err local;
    if (!mlp_store_blob_path(s->path, digest, path, sizeof path))
        return mlp_err_set(e, MLP_EINPUT, "path is too long");
    mlp_err_init(&local);
    *r = (struct range){.opened = true};
    enum mlp_code code = mlp_os_open(path, MLP_OPEN_READ, &r->fd, &local);
    if (code == MLP_ENOTFOUND)
        return missing(digest, e);
    if (code != MLP_OK)
        return mlp_err_set(e, code, "%s", local.message);
    code = mlp_os_fstat(r->fd, &st, e);
    r->size = st.size;
    if (code == MLP_OK && !st.is_file)
        code = mlp_err_set(e, MLP_EINPUT, "blob %.*s is no file", MLP_STR_ARG(digest));
    if (code != MLP_OK)
        mlp_os_close(r->fd, NULL);
    return code;
}

static enum mlp_code find_range(const struct mlp_store *s, struct mlp_str digest, struct range *r,
                                struct mlp_err *e)
{
    uint8_t parsed[MLP_SHA256_BYTES];
    if (!mlp_digest_parse(digest, parsed))
        return mlp_err_set(e, MLP_EINPUT, "\"%.*s\" is no digest, expected sha256: and 64 hex "
                           "digits", (int)(digest.n < 80 ? digest.n : 80), digest.p);
    return s->is_dir ? find_in_dir(s, digest, r, e) : find_in_archive(s, digest, r, e);
}

static void end_range(const struct range *r)
{
    if (r->opened)
        mlp_os_close(r->fd, NULL);
}

enum mlp_code mlp_store_size(const struct mlp_store *s, struct mlp_str digest, uint64_t *size,
                             struct mlp_err *e)
{
    struct range r;
    enum mlp_code code = find_range(s, digest, &r, e);
    if (code != MLP_OK) {
        mlp_err_at(e, s->path, 0, 0);
        return code;
    }
    *size = r.size;
    end_range(&r);
    return MLP_OK;
}

static enum mlp_code send_checked(struct mlp_str digest, const struct range *r,
                                  const struct mlp_sink *to, struct mlp_err *e)
{
    struct mlp_sha256 *h = NULL;
    uint8_t sum[MLP_SHA256_BYTES], expected[MLP_SHA256_BYTES];
    mlp_digest_parse(digest, expected);
    enum mlp_code code = mlp_sha256_new(&h, e);
    if (code == MLP_OK)
        code = mlp_send_range(r->fd, r->offset, r->size, h, to, e);
    if (code == MLP_OK) {
        mlp_sha256_finish(h, sum);
        if (!mlp_bytes_equal(sum, expected, sizeof sum))
            code = mlp_err_set(e, MLP_ETRUST, "blob %.*s was changed: its bytes have another "
                               "digest", MLP_STR_ARG(digest));
    }
    mlp_sha256_free(h);
    return code;
}

enum mlp_code mlp_store_send(const struct mlp_store *s, struct mlp_str digest,
                             const struct mlp_sink *to, struct mlp_err *e)
{
    struct range r;
    enum mlp_code code = find_range(s, digest, &r, e);
    if (code == MLP_OK) {
        code = send_checked(digest, &r, to, e);
        end_range(&r);
    }
    if (code != MLP_OK)
        mlp_err_at(e, s->path, 0, 0);
    return code;
}

enum mlp_code mlp_store_read(const struct mlp_store *s, struct mlp_str digest,
                             struct mlp_buf *out, struct mlp_err *e)
{
    uint64_t size = 0;
    size_t before = out->n;
    struct mlp_sink sink = mlp_sink_buf(out);
    enum mlp_code code = mlp_store_size(s, digest, &size, e);
    if (code == MLP_OK && size > out->max - out->n) {
        mlp_err_set(e, MLP_EINPUT, "blob %.*s has %llu bytes, more than the limit of %zu",
                    MLP_STR_ARG(digest), (unsigned long long)size, out->max);
        code = MLP_EINPUT;
    }
    if (code == MLP_OK && size)
        mlp_buf_reserve(out, (size_t)size);
    if (code == MLP_OK)
        code = mlp_store_send(s, digest, &sink, e);
    if (code != MLP_OK)
        out->n = before;
    if (code != MLP_OK && out->p)
        out->p[before] = '\0';
    return code;
}

static enum mlp_code index_of_archive(const struct mlp_store *s, struct mlp_buf *out,
                                      struct mlp_err *e)
{
    struct mlp_sink sink = mlp_sink_buf(out);
    if (s->index.size > MLP_INDEX_MAX)
        return mlp_err_set(e, MLP_EINPUT, "index.json has more than %zu bytes", MLP_INDEX_MAX);
    return mlp_send_range(s->fd, s->index.offset, s->index.size, NULL, &sink, e);
}

enum mlp_code mlp_store_index(const struct mlp_store *s, struct mlp_buf *out, struct mlp_err *e)
{
    char path[4200];
    enum mlp_code code;
    if (s->is_dir) {
        snprintf(path, sizeof path, "%s/index.json", s->path);
        code = mlp_file_read(path, out, e);
        if (code == MLP_ENOTFOUND)
            mlp_err_hint(e, "the folder is no OCI layout: it has no index.json");
    } else {
        code = index_of_archive(s, out, e);
    }
    if (code != MLP_OK)
        mlp_err_at(e, s->path, 0, 0);
    return code;
}
