/* The files of a package to be: their names inside, bytes and digests. */
#include "verbs.h"

#include "base/file.h"

#define SMALL_FILE ((size_t)64 << 20)

const char *inner_name(struct gathered *g, const char *folder, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *last = slash ? slash + 1 : path;
    size_t n = strlen(folder) + strlen(last) + 1;
    char *name = mlp_arena_alloc(&g->arena, n);
    if (name)
        snprintf(name, n, "%s%s", folder, last);
    return name;
}

enum mlp_code gather_bytes(struct gathered *g, enum mlp_role role, const char *name,
                           struct mlp_str bytes, struct mlp_err *e)
{
    uint8_t *sum = mlp_arena_alloc(&g->arena, MLP_SHA256_BYTES);
    struct mlp_package_file *f = mlp_vec_push(&g->files);
    if (!sum || !f || !name)
        return mlp_err_nomem(e);
    *f = (struct mlp_package_file){.role = role, .name = name, .bytes = bytes, .sum = sum,
                                   .size = bytes.n};
    return mlp_sha256(bytes, sum, e);
}

enum mlp_code gather_small(struct gathered *g, enum mlp_role role, const char *name,
                           const char *path, struct mlp_err *e)
{
    struct mlp_buf b;
    mlp_buf_init(&b, SMALL_FILE);
    enum mlp_code code = mlp_file_read(path, &b, e);
    struct mlp_str kept = {NULL, 0};
    if (code == MLP_OK) {
        kept = mlp_arena_str(&g->arena, mlp_buf_str(&b));
        code = kept.p ? gather_bytes(g, role, name, kept, e) : mlp_err_nomem(e);
    }
    mlp_buf_fini(&b);
    return code;
}

enum mlp_code gather_large(struct gathered *g, enum mlp_role role, const char *name,
                           const char *path, struct mlp_err *e)
{
    uint8_t *sum = mlp_arena_alloc(&g->arena, MLP_SHA256_BYTES);
    struct mlp_package_file *f = mlp_vec_push(&g->files);
    struct mlp_stat st;
    if (!sum || !f || !name)
        return mlp_err_nomem(e);
    *f = (struct mlp_package_file){.role = role, .name = name, .path = path, .sum = sum};
    enum mlp_code code = mlp_os_stat(path, false, &st, e);
    if (code == MLP_OK && st.exists && !st.is_file) {
        mlp_err_set(e, MLP_EINPUT, "is %s, expected a file", st.is_dir ? "a folder" : "no file");
        return mlp_err_at(e, path, 0, 0);
    }
    return code == MLP_OK ? mlp_sha256_file(path, sum, &f->size, e) : code;
}
