#include "oci/inside.h"

#include "base/os.h"

#define EMPTY_TEXT "{}"
#define LOCK_MS 10000u
#define LOCK_TRIES 64

void mlp_evidence_init(struct mlp_evidence *v, const char *type)
{
    memset(v, 0, sizeof *v);
    v->type = type;
    mlp_buf_init(&v->manifest, 65536);
    mlp_vec_init(&v->parts, sizeof(struct mlp_part));
}

void mlp_evidence_fini(struct mlp_evidence *v)
{
    mlp_buf_fini(&v->manifest);
    mlp_vec_fini(&v->parts);
}

static void add_descriptor(struct mlp_json_out *o, const char *key, const char *type,
                           struct mlp_str digest, uint64_t size)
{
    if (key)
        mlp_json_key(o, key);
    mlp_json_open(o, '{');
    mlp_json_key(o, "mediaType");
    mlp_json_text(o, type);
    mlp_json_key(o, "digest");
    mlp_json_str(o, digest);
    mlp_json_key(o, "size");
    mlp_json_u64(o, size);
    mlp_json_close(o, '}');
}

/* What cosign and policy engines look at before they fetch a bundle; in index.json also the
 * subject. */
static void add_notes(struct mlp_json_out *o, const char *type, const char *subject)
{
    mlp_json_open(o, '{');
    if (strcmp(type, MLP_TYPE_BUNDLE) == 0) {
        mlp_json_key(o, "dev.sigstore.bundle.content");
        mlp_json_text(o, "dsse-envelope");
    }
    if (subject) {
        mlp_json_key(o, MLP_NOTE_SUBJECT);
        mlp_json_text(o, subject);
    }
    mlp_json_close(o, '}');
}

/* An artifact manifest with a subject (OCI image-spec 1.1, manifest.md, "Guidelines for Artifact
 * Usage"): the empty config, one layer. */
static enum mlp_code write_manifest(struct mlp_evidence *v, const struct mlp_package *p,
                                    struct mlp_err *e)
{
    struct mlp_json_out o;
    mlp_json_out_init(&o, &v->manifest, 0);
    mlp_json_open(&o, '{');
    mlp_json_key(&o, "schemaVersion");
    mlp_json_u64(&o, 2);
    mlp_json_key(&o, "mediaType");
    mlp_json_text(&o, MLP_TYPE_MANIFEST);
    mlp_json_key(&o, "artifactType");
    mlp_json_text(&o, v->type);
    add_descriptor(&o, "config", MLP_TYPE_EMPTY, mlp_str_from(v->empty), sizeof EMPTY_TEXT - 1);
    mlp_json_key(&o, "layers");
    mlp_json_open(&o, '[');
    add_descriptor(&o, NULL, v->type, mlp_str_from(v->blob), v->bytes.n);
    mlp_json_close(&o, ']');
    add_descriptor(&o, "subject", MLP_TYPE_MANIFEST, mlp_package_digest(p), p->self.size);
    mlp_json_key(&o, "annotations");
    add_notes(&o, v->type, NULL);
    mlp_json_close(&o, '}');
    return mlp_buf_check(&v->manifest, e);
}

enum mlp_code mlp_evidence_make(struct mlp_evidence *v, const struct mlp_package *p,
                                struct mlp_str bytes, struct mlp_err *e)
{
    v->bytes = bytes;
    if (v->bytes.n == 0 || v->bytes.n > MLP_EVIDENCE_MAX)
        return mlp_err_set(e, MLP_EINPUT, "evidence has %zu bytes, expected 1 to %zu", v->bytes.n,
                           MLP_EVIDENCE_MAX);
    enum mlp_code code = mlp_part_text(&v->parts, v->bytes, v->blob, e);
    if (code == MLP_OK)
        code = mlp_part_text(&v->parts, MLP_STR(EMPTY_TEXT), v->empty, e);
    if (code == MLP_OK)
        code = write_manifest(v, p, e);
    return code == MLP_OK ? mlp_part_text(&v->parts, mlp_buf_str(&v->manifest), v->digest, e)
                          : code;
}

static bool is_attached(const struct mlp_package *p, const char *digest)
{
    for (size_t i = 0; i < p->referrers.n; i++)
        if (mlp_str_is(mlp_package_referrer(p, i)->digest, digest))
            return true;
    return false;
}

enum mlp_code mlp_evidence_refer(struct mlp_package *p, const struct mlp_evidence *v,
                                 struct mlp_err *e)
{
    struct mlp_referring *r = mlp_vec_push(&p->referrers);
    struct mlp_json_out o;
    struct mlp_buf notes;
    if (!r)
        return mlp_err_nomem(e);
    r->pub = (struct mlp_referrer){.digest = mlp_str_from(v->digest), .size = v->bytes.n,
                                   .artifact_type = mlp_str_from(v->type),
                                   .blob = mlp_str_from(v->blob)};
    r->config = mlp_str_from(v->empty);
    r->listed = (struct mlp_listed){.digest = r->pub.digest, .size = v->manifest.n,
                                    .artifact_type = r->pub.artifact_type};
    mlp_buf_init(&notes, 4096);
    mlp_json_out_init(&o, &notes, 0);
    add_notes(&o, v->type, p->digest);
    if (!notes.failed)
        r->listed.notes = mlp_arena_str(&p->arena, mlp_buf_str(&notes));
    mlp_buf_fini(&notes);
    return r->listed.notes.p ? MLP_OK : mlp_err_nomem(e);
}

static enum mlp_code write_archive(struct mlp_package *p, struct mlp_evidence *v, const char *path,
                                   struct mlp_err *e)
{
    enum mlp_code code = mlp_part_package(&v->parts, p, e);
    if (code == MLP_OK)
        code = mlp_evidence_refer(p, v, e);
    return code == MLP_OK ? mlp_package_save(p, &v->parts, path, e) : code;
}

static enum mlp_code write_blobs(const struct mlp_evidence *v, const char *dir, struct mlp_err *e)
{
    enum mlp_code code = MLP_OK;
    for (size_t i = 0; i < v->parts.n && code == MLP_OK; i++) {
        const struct mlp_part *part = mlp_vec_at(&v->parts, i);
        char digest[MLP_DIGEST_TEXT], path[4200];
        struct mlp_stat st;
        mlp_digest_text(part->digest, digest);
        if (!mlp_store_blob_path(dir, mlp_str_from(digest), path, sizeof path))
            return mlp_err_set(e, MLP_EINPUT, "path is too long");
        code = mlp_os_stat(path, false, &st, e);
        if (code == MLP_OK && (!st.exists || st.size != part->size))
            code = mlp_file_write(path, part->bytes, 0, e);
    }
    return code;
}

/* Other members of the index stay as they are: this folder may belong to many packages. */
static enum mlp_code grow_index(const struct mlp_listed *listed, const char *path,
                                struct mlp_buf *text, struct mlp_err *e)
{
    struct mlp_doc index, added;
    struct mlp_json_out o;
    mlp_json_out_init(&o, text, 0);
    mlp_listed_add(&o, listed);
    mlp_doc_init(&index, path, MLP_INDEX_MAX * 16);
    mlp_doc_init(&added, path, (size_t)16 << 20);
    enum mlp_code code = mlp_doc_parse_json(&added, mlp_buf_str(text), e);
    if (code == MLP_OK)
        code = mlp_doc_load(&index, path, MLP_INDEX_MAX, e);
    struct mlp_node *list = mlp_node_get(index.root, "manifests");
    if (code == MLP_OK && (!list || list->type != MLP_DOC_LIST))
        code = mlp_node_error(&index, index.root, e, "there is no list of manifests");
    if (code == MLP_OK && !mlp_node_push(list, added.root))
        code = mlp_err_nomem(e);
    mlp_buf_reset(text);
    if (code == MLP_OK)
        mlp_node_write_json(index.root, text, 0, false);
    mlp_doc_fini(&added);
    mlp_doc_fini(&index);
    return code == MLP_OK ? mlp_buf_check(text, e) : code;
}

static enum mlp_code list_in_index(struct mlp_package *p, const struct mlp_evidence *v,
                                   const char *dir, struct mlp_err *e)
{
    char path[4200];
    struct mlp_buf text;
    enum mlp_code code = mlp_evidence_refer(p, v, e);
    if (code != MLP_OK)
        return code;
    const struct mlp_referring *r = mlp_vec_at(&p->referrers, p->referrers.n - 1);
    snprintf(path, sizeof path, "%s/index.json", dir);
    mlp_buf_init(&text, MLP_INDEX_MAX);
    code = grow_index(&r->listed, path, &text, e);
    if (code == MLP_OK)
        code = mlp_file_write(path, mlp_buf_str(&text), 0, e);
    mlp_buf_fini(&text);
    return code;
}

static enum mlp_code attach_to(struct mlp_package *p, struct mlp_evidence *v, const char *path,
                               struct mlp_err *e)
{
    enum mlp_code code = mlp_evidence_make(v, p, v->bytes, e);
    if (code != MLP_OK || is_attached(p, v->digest))
        return code;
    if (!p->store.is_dir)
        return write_archive(p, v, path, e);
    code = write_blobs(v, path, e);
    return code == MLP_OK ? list_in_index(p, v, path, e) : code;
}

/* A writer replaces the file by a rename: a lock taken on a file that is no longer the one of
 * that name guards nothing, and is taken again on the new one. */
static enum mlp_code lock_file(const char *path, int *fd, struct mlp_err *e)
{
    for (int i = 0; i < LOCK_TRIES; i++) {
        struct mlp_stat named, held;
        enum mlp_code code = mlp_os_stat(path, false, &named, e);
        if (code == MLP_OK && !named.exists)
            code = mlp_err_set(e, MLP_ENOTFOUND, "%s: no such file", path);
        if (code != MLP_OK)
            return code;
        code = mlp_os_open(path, MLP_OPEN_RDWR, fd, e);
        if (code != MLP_OK)
            return code;
        code = mlp_os_lock(*fd, LOCK_MS, e);
        if (code == MLP_OK)
            code = mlp_os_fstat(*fd, &held, e);
        if (code == MLP_OK)
            code = mlp_os_stat(path, false, &named, e);
        if (code == MLP_OK && named.exists && named.inode == held.inode)
            return MLP_OK;
        mlp_os_close(*fd, NULL);
        if (code != MLP_OK)
            return code;
    }
    return mlp_err_set(e, MLP_ENOTFOUND, "%s is being written by others all the time", path);
}

static enum mlp_code attach_locked(const char *path, bool is_dir, struct mlp_str subject,
                                   struct mlp_evidence *v, struct mlp_err *e)
{
    struct mlp_package *p;
    enum mlp_code code = is_dir ? mlp_package_open_digest(path, subject, &p, e)
                                : mlp_package_open(path, &p, e);
    if (code != MLP_OK)
        return code;
    if (!mlp_str_eq(mlp_package_digest(p), subject)) {
        code = mlp_err_set(e, MLP_ENOTFOUND, "%s holds %s, not %.*s", path, p->digest,
                           MLP_STR_ARG(subject));
    } else {
        code = attach_to(p, v, path, e);
    }
    mlp_package_close(p);
    return code;
}

enum mlp_code mlp_package_attach(const char *path, struct mlp_str subject_digest,
                                 const char *artifact_type, struct mlp_str evidence,
                                 char referrer[MLP_DIGEST_TEXT], struct mlp_err *e)
{
    char guard[4200];
    struct mlp_stat st;
    int fd;
    enum mlp_code code = mlp_os_stat(path, false, &st, e);
    if (code != MLP_OK)
        return code;
    /* A process loses its fcntl lock on a file when it closes any descriptor of it: in a folder
     * the lock is on oci-layout, which nothing else here opens. */
    snprintf(guard, sizeof guard, "%s%s", path, st.is_dir ? "/oci-layout" : "");
    code = lock_file(guard, &fd, e);
    if (code != MLP_OK)
        return code;
    struct mlp_evidence v;
    mlp_evidence_init(&v, artifact_type);
    v.bytes = evidence;
    code = attach_locked(path, st.is_dir, subject_digest, &v, e);
    memcpy(referrer, v.digest, MLP_DIGEST_TEXT);
    mlp_evidence_fini(&v);
    mlp_os_close(fd, NULL);
    return code;
}
