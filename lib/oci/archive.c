#include "oci/inside.h"

#include "base/os.h"
#include "base/time.h"
#include <stdlib.h>

void mlp_listed_add(struct mlp_json_out *o, const struct mlp_listed *listed)
{
    mlp_json_open(o, '{');
    mlp_json_key(o, "mediaType");
    mlp_json_text(o, MLP_TYPE_MANIFEST);
    mlp_json_key(o, "digest");
    mlp_json_str(o, listed->digest);
    mlp_json_key(o, "size");
    mlp_json_u64(o, listed->size);
    mlp_json_key(o, "artifactType");
    mlp_json_str(o, listed->artifact_type);
    mlp_json_key(o, "annotations");
    mlp_json_raw(o, listed->notes);
    mlp_json_close(o, '}');
}

void mlp_package_index(const struct mlp_package *p, struct mlp_buf *out)
{
    struct mlp_json_out o;
    mlp_json_out_init(&o, out, 0);
    mlp_json_open(&o, '{');
    mlp_json_key(&o, "schemaVersion");
    mlp_json_u64(&o, 2);
    mlp_json_key(&o, "mediaType");
    mlp_json_text(&o, MLP_TYPE_INDEX);
    mlp_json_key(&o, "manifests");
    mlp_json_open(&o, '[');
    mlp_listed_add(&o, &p->self);
    for (size_t i = 0; i < p->referrers.n; i++) {
        const struct mlp_referring *r = mlp_vec_at(&p->referrers, i);
        mlp_listed_add(&o, &r->listed);
    }
    mlp_json_close(&o, ']');
    mlp_json_close(&o, '}');
}

enum mlp_code mlp_part_text(struct mlp_vec *parts, struct mlp_str bytes,
                            char digest[MLP_DIGEST_TEXT], struct mlp_err *e)
{
    struct mlp_part *part = mlp_vec_push(parts);
    if (!part)
        return mlp_err_nomem(e);
    part->bytes = bytes.p ? bytes : MLP_STR("");
    part->size = bytes.n;
    enum mlp_code code = mlp_sha256(bytes, part->digest, e);
    if (code == MLP_OK && digest)
        mlp_digest_text(part->digest, digest);
    return code;
}

enum mlp_code mlp_part_stored(struct mlp_vec *parts, const struct mlp_store *store,
                              struct mlp_str digest, struct mlp_err *e)
{
    struct mlp_part *part = mlp_vec_push(parts);
    if (!part)
        return mlp_err_nomem(e);
    part->store = store;
    enum mlp_code code = mlp_store_size(store, digest, &part->size, e);
    if (code == MLP_OK)
        mlp_digest_parse(digest, part->digest);
    return code;
}

enum mlp_code mlp_part_package(struct mlp_vec *parts, const struct mlp_package *p,
                               struct mlp_err *e)
{
    const struct mlp_store *s = &p->store;
    enum mlp_code code = mlp_part_stored(parts, s, mlp_str_from(p->digest), e);
    if (code == MLP_OK)
        code = mlp_part_stored(parts, s, p->config_digest, e);
    for (size_t i = 0; code == MLP_OK && i < p->layers.n; i++)
        code = mlp_part_stored(parts, s, ((struct mlp_blob *)mlp_vec_at(&p->layers, i))->digest,
                               e);
    for (size_t i = 0; code == MLP_OK && i < p->referrers.n; i++) {
        const struct mlp_referring *r = mlp_vec_at(&p->referrers, i);
        code = mlp_part_stored(parts, s, r->pub.digest, e);
        if (code == MLP_OK)
            code = mlp_part_stored(parts, s, r->pub.blob, e);
        if (code == MLP_OK)
            code = mlp_part_stored(parts, s, r->config, e);
    }
    return code;
}

static int by_digest(const void *a, const void *b)
{
    const struct mlp_part *x = a, *y = b;
    return memcmp(x->digest, y->digest, MLP_SHA256_BYTES);
}

static void sort_unique(struct mlp_vec *parts)
{
    struct mlp_part *p = parts->p;
    size_t kept = 0;
    if (parts->n)
        qsort(p, parts->n, sizeof *p, by_digest);
    for (size_t i = 0; i < parts->n; i++)
        if (kept == 0 || by_digest(&p[kept - 1], &p[i]) != 0)
            p[kept++] = p[i];
    parts->n = kept;
}

static enum mlp_code forward(void *ctx, const void *p, size_t n, struct mlp_err *e)
{
    return mlp_tar_data(ctx, p, n, e);
}

/* The file was hashed before the manifest was written; a writer may have come in between. */
static enum mlp_code send_file(const struct mlp_part *part, const struct mlp_sink *to,
                               struct mlp_err *e)
{
    int fd = -1;
    struct mlp_sha256 *h = NULL;
    uint8_t sum[MLP_SHA256_BYTES];
    enum mlp_code code = mlp_os_open(part->path, MLP_OPEN_READ, &fd, e);
    if (code != MLP_OK)
        return code;
    code = mlp_sha256_new(&h, e);
    if (code == MLP_OK)
        code = mlp_send_range(fd, 0, part->size, h, to, e);
    if (code == MLP_OK) {
        mlp_sha256_finish(h, sum);
        if (!mlp_bytes_equal(sum, part->digest, sizeof sum))
            code = mlp_err_set(e, MLP_EINPUT, "changed while it was packed");
    }
    if (code != MLP_OK)
        mlp_err_at(e, part->path, 0, 0);
    mlp_sha256_free(h);
    mlp_os_close(fd, NULL);
    return code;
}

static enum mlp_code write_part(struct mlp_tar *t, const struct mlp_part *part, struct mlp_err *e)
{
    char digest[MLP_DIGEST_TEXT], name[96];
    struct mlp_sink to = {forward, t};
    mlp_digest_text(part->digest, digest);
    snprintf(name, sizeof name, "blobs/sha256/%s", digest + 7);
    enum mlp_code code = mlp_tar_add_file(t, name, part->size, e);
    if (code != MLP_OK)
        return code;
    if (part->store)
        return mlp_store_send(part->store, mlp_str_from(digest), &to, e);
    return part->path ? send_file(part, &to, e) : mlp_tar_data(t, part->bytes.p, part->size, e);
}

static enum mlp_code write_text(struct mlp_tar *t, const char *name, struct mlp_str text,
                                struct mlp_err *e)
{
    enum mlp_code code = mlp_tar_add_file(t, name, text.n, e);
    return code == MLP_OK ? mlp_tar_data(t, text.p, text.n, e) : code;
}

/* Entries in byte order: blobs, blobs/sha256, blobs/sha256/HEX ..., index.json, oci-layout. */
static enum mlp_code write_entries(struct mlp_tar *t, const struct mlp_vec *parts,
                                   struct mlp_str index, struct mlp_err *e)
{
    enum mlp_code code = mlp_tar_add_dir(t, "blobs", e);
    if (code == MLP_OK)
        code = mlp_tar_add_dir(t, "blobs/sha256", e);
    for (size_t i = 0; code == MLP_OK && i < parts->n; i++)
        code = write_part(t, mlp_vec_at(parts, i), e);
    if (code == MLP_OK)
        code = write_text(t, "index.json", index, e);
    if (code == MLP_OK)
        code = write_text(t, "oci-layout", MLP_STR(MLP_LAYOUT_TEXT), e);
    return code == MLP_OK ? mlp_tar_finish(t, e) : code;
}

enum mlp_code mlp_archive_write(struct mlp_vec *parts, struct mlp_str index, int64_t mtime,
                                const struct mlp_sink *to, struct mlp_err *e)
{
    struct mlp_tar t;
    mlp_tar_init(&t, to, mtime);
    sort_unique(parts);
    return write_entries(&t, parts, index, e);
}

static enum mlp_code save_archive(struct mlp_vec *parts, struct mlp_str index, int64_t mtime,
                                  const char *path, struct mlp_err *e)
{
    struct mlp_out out;
    int64_t epoch;
    enum mlp_code code = mlp_time_epoch(mtime, &epoch, e);
    if (code != MLP_OK)
        return code;
    code = mlp_out_open(&out, path, e);
    if (code != MLP_OK)
        return code;
    struct mlp_sink sink = mlp_sink_out(&out);
    code = mlp_archive_write(parts, index, epoch, &sink, e);
    if (code == MLP_OK)
        return mlp_out_commit(&out, e);
    mlp_out_abort(&out);
    return code;
}

enum mlp_code mlp_package_save(struct mlp_package *p, struct mlp_vec *parts, const char *path,
                               struct mlp_err *e)
{
    struct mlp_buf index;
    mlp_buf_init(&index, MLP_JSON_BLOB_MAX);
    mlp_package_sort_referrers(p);
    mlp_package_index(p, &index);
    enum mlp_code code = mlp_buf_check(&index, e);
    if (code == MLP_OK)
        code = save_archive(parts, mlp_buf_str(&index), p->store.mtime, path, e);
    mlp_buf_fini(&index);
    return code;
}
