#include "oci/inside.h"

#include "base/os.h"
#include <stdlib.h>

static enum mlp_code write_blob(const struct mlp_store *s, struct mlp_str digest,
                                const char *path, struct mlp_err *e)
{
    struct mlp_out out;
    enum mlp_code code = mlp_out_open(&out, path, e);
    if (code != MLP_OK)
        return code;
    struct mlp_sink sink = mlp_sink_out(&out);
    code = mlp_store_send(s, digest, &sink, e);
    if (code == MLP_OK)
        return mlp_out_commit(&out, e);
    mlp_out_abort(&out);
    return code;
}

static enum mlp_code copy_part(const struct mlp_part *part, const char *layout_dir,
                               struct mlp_err *e)
{
    char path[4200], digest[MLP_DIGEST_TEXT];
    struct mlp_stat st;
    mlp_digest_text(part->digest, digest);
    if (!mlp_store_blob_path(layout_dir, mlp_str_from(digest), path, sizeof path))
        return mlp_err_set(e, MLP_EINPUT, "path is too long: %.80s...", layout_dir);
    enum mlp_code code = mlp_os_stat(path, false, &st, e);
    if (code != MLP_OK || (st.exists && st.size == part->size))
        return code;
    return write_blob(part->store, mlp_str_from(digest), path, e);
}

enum mlp_code mlp_package_copy(struct mlp_package *p, const char *layout_dir, struct mlp_err *e)
{
    char dir[4200];
    struct mlp_vec parts;
    int n = snprintf(dir, sizeof dir, "%s/blobs/sha256", layout_dir);
    if (n < 0 || (size_t)n >= sizeof dir)
        return mlp_err_set(e, MLP_EINPUT, "path is too long: %.80s...", layout_dir);
    mlp_vec_init(&parts, sizeof(struct mlp_part));
    enum mlp_code code = mlp_os_mkdir_all(dir, e);
    if (code == MLP_OK)
        code = mlp_part_package(&parts, p, e);
    for (size_t i = 0; i < parts.n && code == MLP_OK; i++)
        code = copy_part(mlp_vec_at(&parts, i), layout_dir, e);
    mlp_vec_fini(&parts);
    return code;
}

enum mlp_code mlp_package_export(struct mlp_package *p, const char *path, struct mlp_err *e)
{
    struct mlp_vec parts;
    mlp_vec_init(&parts, sizeof(struct mlp_part));
    enum mlp_code code = mlp_part_package(&parts, p, e);
    if (code == MLP_OK)
        code = mlp_package_save(p, &parts, path, e);
    mlp_vec_fini(&parts);
    return code;
}

/* Makes the folders of a file's name one by one. A link among them could lead anywhere. */
static enum mlp_code make_parents(const char *dir, char *path, struct mlp_err *e)
{
    for (char *slash = path + strlen(dir) + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
        struct mlp_stat st;
        *slash = '\0';
        enum mlp_code code = mlp_os_stat(path, true, &st, e);
        if (code == MLP_OK && st.exists && !st.is_dir)
            code = mlp_err_set(e, MLP_ENOTFOUND, "%s is there and is no folder", path);
        if (code == MLP_OK && !st.exists)
            code = mlp_os_mkdir(path, e);
        *slash = '/';
        if (code != MLP_OK)
            return code;
    }
    return MLP_OK;
}

static enum mlp_code unpack_file(struct mlp_package *p, const struct mlp_blob *file,
                                 const char *dir, bool force, struct mlp_err *e)
{
    char path[4200];
    struct mlp_stat st;
    int n = snprintf(path, sizeof path, "%s/%.*s", dir, MLP_STR_ARG(file->name));
    if (n < 0 || (size_t)n >= sizeof path)
        return mlp_err_set(e, MLP_EINPUT, "path is too long: %.80s...", path);
    enum mlp_code code = make_parents(dir, path, e);
    if (code == MLP_OK)
        code = mlp_os_stat(path, true, &st, e);
    if (code != MLP_OK)
        return code;
    if (st.exists && !force) {
        mlp_err_set(e, MLP_ENOTFOUND, "%s is there already", path);
        return mlp_err_hint(e, "--force replaces files; or choose another folder");
    }
    if (st.exists && !st.is_file)
        return mlp_err_set(e, MLP_ENOTFOUND, "%s is there and is no plain file", path);
    return write_blob(&p->store, file->digest, path, e);
}

enum mlp_code mlp_package_unpack(struct mlp_package *p, const char *dir, bool force,
                                 struct mlp_err *e)
{
    enum mlp_code code = mlp_os_mkdir_all(dir, e);
    for (size_t i = 0; i < p->layers.n && code == MLP_OK; i++)
        if (mlp_package_layer(p, i)->name.n)
            code = unpack_file(p, mlp_package_layer(p, i), dir, force, e);
    return code;
}
