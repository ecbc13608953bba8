#include "oci/inside.h"

#include <stdlib.h>

/* A sink that compares what it gets with a file, from the start on. */
struct comparison {
    int fd;
    uint64_t at;
    char *block;
    size_t size;
};

static enum mlp_code differs(uint64_t at, struct mlp_err *e)
{
    mlp_err_set(e, MLP_ETRUST, "the archive is not byte for byte what mlp-package writes");
    mlp_err_at_byte(e, at);
    return mlp_err_hint(e, "it was damaged, or another tool rewrote it: --repacked then checks "
                           "contents and signatures only");
}

static enum mlp_code compare(void *ctx, const void *p, size_t n, struct mlp_err *e)
{
    struct comparison *c = ctx;
    const char *want = p;
    while (n) {
        size_t got = 0;
        enum mlp_code code = mlp_os_pread(c->fd, c->block, n < c->size ? n : c->size, c->at, &got,
                                          e);
        if (code != MLP_OK)
            return code;
        if (got == 0 || memcmp(c->block, want, got) != 0)
            return differs(c->at, e);
        want += got;
        n -= got;
        c->at += got;
    }
    return MLP_OK;
}

enum mlp_code mlp_package_check_archive(struct mlp_package *p, struct mlp_err *e)
{
    struct mlp_buf index;
    struct mlp_vec parts;
    if (p->store.is_dir)
        return MLP_OK;
    struct comparison c = {.fd = p->store.fd, .size = (size_t)64 * 1024};
    struct mlp_sink sink = {compare, &c};
    mlp_buf_init(&index, MLP_JSON_BLOB_MAX);
    mlp_vec_init(&parts, sizeof(struct mlp_part));
    c.block = malloc(c.size);
    enum mlp_code code = c.block ? mlp_part_package(&parts, p, e) : mlp_err_nomem(e);
    if (code == MLP_OK) {
        mlp_package_index(p, &index);
        code = mlp_buf_check(&index, e);
    }
    if (code == MLP_OK)
        code = mlp_archive_write(&parts, mlp_buf_str(&index), p->store.mtime, &sink, e);
    if (code == MLP_OK && c.at != p->store.bytes)
        code = differs(c.at, e);
    if (code != MLP_OK)
        mlp_err_at(e, p->store.path, 0, 0);
    free(c.block);
    mlp_vec_fini(&parts);
    mlp_buf_fini(&index);
    return code;
}

static enum mlp_code check_blob(const struct mlp_package *p, struct mlp_str digest,
                                struct mlp_err *e)
{
    return mlp_store_send(&p->store, digest, NULL, e);
}

static enum mlp_code wrap_layer(const struct mlp_blob *layer, enum mlp_code code,
                                struct mlp_err *e)
{
    if (code != MLP_OK)
        mlp_err_wrap(e, "%.*s", MLP_STR_ARG(layer->name));
    return code;
}

/* diffIds of the config repeat the layers' digests: other tools trust them. */
static enum mlp_code check_diff_ids(const struct mlp_package *p, struct mlp_err *e)
{
    const struct mlp_node *ids = mlp_node_path(p->config.root, "modelfs", "diffIds", NULL);
    for (size_t i = 0; i < p->layers.n; i++)
        if (mlp_str_ends(mlp_package_layer(p, i)->media_type, ".raw") &&
            !mlp_str_eq(mlp_node_str(mlp_node_at(ids, i), ""), mlp_package_layer(p, i)->digest))
            return mlp_err_set(e, MLP_ETRUST, "the config's diffIds are not those of the files");
    return MLP_OK;
}

enum mlp_code mlp_package_check_digests(struct mlp_package *p, struct mlp_err *e)
{
    enum mlp_code code = check_blob(p, mlp_str_from(p->digest), e);
    if (code == MLP_OK)
        code = check_blob(p, p->config_digest, e);
    if (code == MLP_OK)
        code = check_diff_ids(p, e);
    for (size_t i = 0; code == MLP_OK && i < p->layers.n; i++)
        code = wrap_layer(mlp_package_layer(p, i),
                          check_blob(p, mlp_package_layer(p, i)->digest, e), e);
    for (size_t i = 0; code == MLP_OK && i < p->referrers.n; i++) {
        const struct mlp_referring *r = mlp_vec_at(&p->referrers, i);
        code = check_blob(p, r->pub.digest, e);
        if (code == MLP_OK)
            code = check_blob(p, r->pub.blob, e);
        if (code == MLP_OK)
            code = check_blob(p, r->config, e);
    }
    if (code != MLP_OK)
        mlp_err_at(e, p->store.path, 0, 0);
    return code;
}

enum mlp_code mlp_package_verify(struct mlp_package *p, const struct mlp_key *k,
                                 struct mlp_err *e)
{
    enum mlp_code code = mlp_package_check_digests(p, e);
    if (code == MLP_OK && k) {
        code = mlp_package_check_signature(p, k, e);
        if (code != MLP_OK)
            mlp_err_at(e, p->store.path, 0, 0);
    }
    return code;
}
