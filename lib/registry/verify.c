/* Checking all of a registry: whatever byte was changed, something here does not hold. */
#include "registry/internal.h"

#include "base/file.h"
#include "text/doc.h"

#define MANIFEST_MAX ((size_t)16 << 20)
#define INDEX_MAX ((size_t)256 << 20)

/* Blobs that are referenced: digest text to 1. */
struct check {
    struct mlp_registry *r;
    struct mlp_map wanted;
    struct mlp_registry_sums *sums;
};

static enum mlp_code compare_file(struct check *c, const char *name, struct mlp_str want,
                                  struct mlp_err *e)
{
    char path[4200];
    struct mlp_buf b;
    mlp_buf_init(&b, INDEX_MAX);
    enum mlp_code code = mlp_registry_file(c->r, name, path, sizeof path, e);
    if (code == MLP_OK)
        code = mlp_file_read(path, &b, e);
    if (code == MLP_OK && !mlp_str_eq(mlp_buf_str(&b), want)) {
        mlp_err_set(e, MLP_ETRUST, "is not what the log says it must be");
        code = mlp_err_at(e, path, 0, 0);
    }
    mlp_buf_fini(&b);
    return code;
}

static enum mlp_code check_index(struct check *c, struct mlp_err *e)
{
    struct mlp_buf want;
    mlp_buf_init(&want, INDEX_MAX);
    if (mlp_index_look(c->r) == MLP_INDEX_STALE)
        mlp_registry_mend(c->r);
    enum mlp_code code = mlp_index_make(c->r, &want, e);
    if (code == MLP_OK)
        code = compare_file(c, "index.json", mlp_buf_str(&want), e);
    if (code == MLP_OK)
        code = compare_file(c, "oci-layout", MLP_STR(MLP_OCI_LAYOUT), e);
    mlp_buf_fini(&want);
    return code;
}

static enum mlp_code want_blob(struct check *c, struct mlp_str digest, struct mlp_err *e)
{
    uint8_t bytes[MLP_SHA256_BYTES];
    if (!mlp_digest_parse(digest, bytes))
        return mlp_err_set(e, MLP_ETRUST, "\"%.*s\" is not a digest", MLP_STR_ARG(digest));
    uint64_t *v = mlp_map_put(&c->wanted, digest, NULL);
    if (!v)
        return mlp_err_nomem(e);
    *v = 1;
    return MLP_OK;
}

/* A manifest's bytes, which must be there and have their digest before anybody reads them. */
static enum mlp_code read_manifest(const char *path, struct mlp_str digest, struct mlp_buf *b,
                                   struct mlp_err *e)
{
    char text[MLP_DIGEST_TEXT];
    uint8_t hash[MLP_SHA256_BYTES];
    struct mlp_stat st;
    enum mlp_code code = mlp_os_stat(path, false, &st, e);
    if (code == MLP_OK && !st.exists)
        return mlp_err_set(e, MLP_ETRUST, "blob %.*s is missing", MLP_STR_ARG(digest));
    if (code == MLP_OK)
        code = mlp_file_read(path, b, e);
    if (code == MLP_OK)
        code = mlp_sha256(mlp_buf_str(b), hash, e);
    if (code != MLP_OK)
        return code;
    mlp_digest_text(hash, text);
    if (mlp_str_is(digest, text))
        return MLP_OK;
    mlp_err_set(e, MLP_ETRUST, "the blob's bytes do not have the digest of its name");
    return mlp_err_at(e, path, 0, 0);
}

/* A manifest and what it names: config, layers. */
static enum mlp_code want_manifest(struct check *c, struct mlp_str digest, struct mlp_err *e)
{
    char path[4400];
    struct mlp_doc d;
    struct mlp_buf b;
    enum mlp_code code = want_blob(c, digest, e);
    if (code != MLP_OK)
        return code;
    mlp_buf_init(&b, MANIFEST_MAX);
    snprintf(path, sizeof path, "%s/blobs/sha256/%.*s", c->r->dir, MLP_HASH_HEX,
             digest.p + strlen("sha256:"));
    mlp_doc_init(&d, path, MANIFEST_MAX);
    code = read_manifest(path, digest, &b, e);
    if (code == MLP_OK)
        code = mlp_doc_parse_json(&d, mlp_buf_str(&b), e);
    if (code == MLP_OK)
        code = want_blob(c, mlp_node_str(mlp_node_path(d.root, "config", "digest", NULL), ""), e);
    const struct mlp_node *layers = mlp_node_get(d.root, "layers");
    for (const struct mlp_node *n = layers ? layers->child : NULL; n && code == MLP_OK;
         n = n->next)
        code = want_blob(c, mlp_node_str(mlp_node_get(n, "digest"), ""), e);
    mlp_doc_fini(&d);
    mlp_buf_fini(&b);
    return code;
}

static enum mlp_code want_all(struct check *c, struct mlp_err *e)
{
    enum mlp_code code = MLP_OK;
    for (size_t i = 0; i < c->r->versions.n && code == MLP_OK; i++) {
        const struct mlp_version *v = mlp_vec_at(&c->r->versions, i);
        code = want_manifest(c, v->digest, e);
        for (size_t k = 0; k < v->referrers.n && code == MLP_OK; k++)
            code = want_manifest(c, *(struct mlp_str *)mlp_vec_at(&v->referrers, k), e);
    }
    return code;
}

static enum mlp_code check_blob(struct check *c, const char *dir, const char *name,
                                struct mlp_err *e)
{
    char path[4500], text[MLP_DIGEST_TEXT];
    uint8_t digest[MLP_SHA256_BYTES];
    uint64_t size;
    snprintf(path, sizeof path, "%s/%s", dir, name);
    if (mlp_str_ends(mlp_str_from(name), ".tmp"))
        return MLP_OK; /* of a writer that was killed; never read */
    enum mlp_code code = mlp_sha256_file(path, digest, &size, e);
    if (code != MLP_OK)
        return code;
    mlp_digest_text(digest, text);
    if (strcmp(text + strlen("sha256:"), name) != 0) {
        mlp_err_set(e, MLP_ETRUST, "the blob's bytes do not have the digest of its name");
        return mlp_err_at(e, path, 0, 0);
    }
    uint64_t *wanted = mlp_map_get(&c->wanted, mlp_str_from(text));
    c->sums->blobs++;
    c->sums->bytes += size;
    if (wanted)
        *wanted = 2;
    else
        c->sums->unreferenced++;
    return MLP_OK;
}

static enum mlp_code check_blobs(struct check *c, struct mlp_err *e)
{
    char dir[4200];
    struct mlp_list list = {0};
    enum mlp_code code = mlp_registry_file(c->r, "blobs/sha256", dir, sizeof dir, e);
    if (code == MLP_OK)
        code = mlp_os_list(dir, &list, e);
    for (size_t i = 0; i < list.n && code == MLP_OK; i++)
        code = check_blob(c, dir, list.names[i], e);
    mlp_os_list_free(&list);
    for (size_t i = 0; i < c->wanted.n && code == MLP_OK; i++)
        if (c->wanted.entries[i].value != 2)
            code = mlp_err_set(e, MLP_ETRUST, "blob %.*s is missing",
                               MLP_STR_ARG(c->wanted.entries[i].key));
    return code;
}

static enum mlp_code check_lock(struct check *c, struct mlp_err *e)
{
    char path[4200];
    struct mlp_stat st = {0};
    enum mlp_code code = mlp_registry_file(c->r, "lock", path, sizeof path, e);
    if (code == MLP_OK)
        code = mlp_os_stat(path, false, &st, e);
    if (code == MLP_OK && st.size != 0)
        code = mlp_err_set(e, MLP_ETRUST, "%s must be empty", path);
    return code;
}

enum mlp_code mlp_registry_verify(struct mlp_registry *r, struct mlp_registry_sums *sums,
                                  struct mlp_err *e)
{
    struct check c = {.r = r, .sums = sums};
    *sums = (struct mlp_registry_sums){0};
    mlp_map_init(&c.wanted, 0, (size_t)1 << 30);
    /* Opening replayed and checked the chain; what was appended since is checked here. */
    enum mlp_code code = mlp_log_replay(r, e);
    sums->events = r->events.n;
    if (code == MLP_OK)
        code = want_all(&c, e);
    if (code == MLP_OK)
        code = check_blobs(&c, e);
    if (code == MLP_OK)
        code = check_index(&c, e);
    if (code == MLP_OK)
        code = check_lock(&c, e);
    mlp_map_fini(&c.wanted);
    return code;
}
