#include "oci/inside.h"

#include "base/time.h"

enum mlp_code mlp_package_export(struct mlp_package *p, const char *path, struct mlp_err *e)
{
    struct mlp_out out;
    struct mlp_buf index;
    struct mlp_vec parts;
    int64_t mtime;
    enum mlp_code code = mlp_time_epoch(p->store.mtime, &mtime, e);
    if (code != MLP_OK)
        return code;
    mlp_vec_init(&parts, sizeof(struct mlp_part));
    mlp_buf_init(&index, MLP_JSON_BLOB_MAX);
    mlp_package_index(p, &index);
    code = mlp_buf_check(&index, e);
    if (code == MLP_OK)
        code = mlp_part_package(&parts, p, e);
    if (code == MLP_OK)
        code = mlp_out_open(&out, path, e);
    if (code == MLP_OK) {
        struct mlp_sink sink = mlp_sink_out(&out);
        code = mlp_archive_write(&parts, mlp_buf_str(&index), mtime, &sink, e);
        if (code == MLP_OK)
            code = mlp_out_commit(&out, e);
        else
            mlp_out_abort(&out);
    }
    mlp_buf_fini(&index);
    mlp_vec_fini(&parts);
    return code;
}
