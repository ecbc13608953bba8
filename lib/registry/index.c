/* index.json: what other tools see of the registry, derived from the state. */
#include "registry/internal.h"

#include "base/file.h"
#include "text/doc.h"
#include "text/json.h"

#define INDEX_MAX ((size_t)256 << 20)
#define HEAD_KEY "org.mlp.log.head"

/* One descriptor with one annotation: the name of a package, or the subject of evidence. The size
 * is the blob's. */
static enum mlp_code add_descriptor(const struct mlp_registry *r, struct mlp_json_out *o,
                                    struct mlp_str digest, const char *name,
                                    struct mlp_str subject, struct mlp_err *e)
{
    char path[4400], file[128];
    struct mlp_stat st;
    snprintf(file, sizeof file, "blobs/sha256/%.*s", 64,
             digest.n == 71 ? digest.p + strlen("sha256:") : "");
    enum mlp_code code = mlp_registry_file(r, file, path, sizeof path, e);
    if (code == MLP_OK)
        code = mlp_os_stat(path, false, &st, e);
    if (code != MLP_OK)
        return code;
    if (!st.exists)
        return mlp_err_set(e, MLP_ETRUST, "blob %.*s is missing", MLP_STR_ARG(digest));
    mlp_json_open(o, '{');
    mlp_json_key(o, "mediaType");
    mlp_json_text(o, MLP_TYPE_MANIFEST);
    if (name) {
        mlp_json_key(o, "artifactType");
        mlp_json_text(o, MLP_TYPE_MODEL);
    }
    mlp_json_key(o, "digest");
    mlp_json_str(o, digest);
    mlp_json_key(o, "size");
    mlp_json_u64(o, st.size);
    mlp_json_key(o, "annotations");
    mlp_json_open(o, '{');
    mlp_json_key(o, name ? "org.opencontainers.image.ref.name" : MLP_NOTE_SUBJECT);
    mlp_json_str(o, name ? mlp_str_from(name) : subject);
    mlp_json_close(o, '}');
    mlp_json_close(o, '}');
    return MLP_OK;
}

static enum mlp_code add_version(const struct mlp_registry *r, struct mlp_json_out *o,
                                 const struct mlp_version *v, struct mlp_err *e)
{
    char name[300];
    snprintf(name, sizeof name, "%.*s-v%llu", MLP_STR_ARG(v->model),
             (unsigned long long)v->version);
    enum mlp_code code = add_descriptor(r, o, v->digest, name, (struct mlp_str){NULL, 0}, e);
    for (size_t i = 0; i < v->referrers.n && code == MLP_OK; i++)
        code = add_descriptor(r, o, *(struct mlp_str *)mlp_vec_at(&v->referrers, i), NULL,
                              v->digest, e);
    return code;
}

static enum mlp_code add_aliases(const struct mlp_registry *r, struct mlp_json_out *o,
                                 struct mlp_err *e)
{
    enum mlp_code code = MLP_OK;
    for (size_t i = 0; i < r->aliases.n && code == MLP_OK; i++) {
        const struct mlp_alias *a = mlp_vec_at(&r->aliases, i);
        for (size_t k = 0; k < r->versions.n && code == MLP_OK; k++) {
            const struct mlp_version *v = mlp_vec_at(&r->versions, k);
            char name[300];
            if (v->version != a->version || !mlp_str_eq(v->model, a->model))
                continue;
            snprintf(name, sizeof name, "%.*s-%.*s", MLP_STR_ARG(a->model), MLP_STR_ARG(a->name));
            code = add_descriptor(r, o, v->digest, name, (struct mlp_str){NULL, 0}, e);
        }
    }
    return code;
}

enum mlp_code mlp_index_make(const struct mlp_registry *r, struct mlp_buf *out, struct mlp_err *e)
{
    struct mlp_json_out o;
    enum mlp_code code = MLP_OK;
    mlp_json_out_init(&o, out, 0);
    mlp_json_open(&o, '{');
    mlp_json_key(&o, "schemaVersion");
    mlp_json_u64(&o, 2);
    mlp_json_key(&o, "mediaType");
    mlp_json_text(&o, "application/vnd.oci.image.index.v1+json");
    mlp_json_key(&o, "manifests");
    mlp_json_open(&o, '[');
    for (size_t i = 0; i < r->versions.n && code == MLP_OK; i++)
        code = add_version(r, &o, mlp_vec_at(&r->versions, i), e);
    if (code == MLP_OK)
        code = add_aliases(r, &o, e);
    mlp_json_close(&o, ']');
    mlp_json_key(&o, "annotations");
    mlp_json_open(&o, '{');
    mlp_json_key(&o, HEAD_KEY);
    mlp_json_text(&o, r->head);
    mlp_json_close(&o, '}');
    mlp_json_close(&o, '}');
    return code == MLP_OK ? mlp_buf_check(out, e) : code;
}

/* The annotation stands at the end of the file, so that a few bytes tell. Gives the hash that
 * index.json carries; false when there is none. */
static bool read_head(const struct mlp_registry *r, char head[MLP_HASH_HEX + 1])
{
    char path[4200], tail[MLP_HASH_HEX + 3];
    int fd;
    struct mlp_stat st;
    size_t got = 0;
    if (mlp_registry_file(r, "index.json", path, sizeof path, NULL) != MLP_OK ||
        mlp_os_open(path, MLP_OPEN_READ, &fd, NULL) != MLP_OK)
        return false;
    if (mlp_os_fstat(fd, &st, NULL) == MLP_OK && st.size >= sizeof tail)
        mlp_os_pread(fd, tail, sizeof tail, st.size - sizeof tail, &got, NULL);
    mlp_os_close(fd, NULL);
    if (got != sizeof tail || memcmp(tail + MLP_HASH_HEX, "\"}}", 3) != 0)
        return false;
    memcpy(head, tail, MLP_HASH_HEX);
    head[MLP_HASH_HEX] = '\0';
    return true;
}

enum mlp_index_state mlp_index_look(const struct mlp_registry *r)
{
    char head[MLP_HASH_HEX + 1], path[4200];
    struct mlp_stat st = {0};
    if (mlp_registry_file(r, "index.json", path, sizeof path, NULL) == MLP_OK &&
        mlp_os_stat(path, false, &st, NULL) == MLP_OK && !st.exists)
        return MLP_INDEX_STALE;
    if (!read_head(r, head))
        return MLP_INDEX_WRONG;
    if (strcmp(head, r->head) == 0)
        return MLP_INDEX_CURRENT;
    for (size_t i = 0; i < r->events.n; i++) {
        const struct mlp_event *event = mlp_vec_at(&r->events, i);
        const char *hash = event->line.p + event->line.n - MLP_HASH_HEX - 2;
        if (memcmp(hash, head, MLP_HASH_HEX) == 0)
            return MLP_INDEX_STALE;
    }
    return MLP_INDEX_WRONG;
}

enum mlp_code mlp_index_write(const struct mlp_registry *r, struct mlp_err *e)
{
    char path[4200];
    struct mlp_buf b;
    mlp_buf_init(&b, INDEX_MAX);
    enum mlp_code code = mlp_registry_file(r, "index.json", path, sizeof path, e);
    if (code == MLP_OK)
        code = mlp_index_make(r, &b, e);
    if (code == MLP_OK)
        code = mlp_file_write(path, mlp_buf_str(&b), 0, e);
    mlp_buf_fini(&b);
    return code;
}
