#include "verbs.h"

#include "base/file.h"

enum mlp_code open_registry(const struct mlp_cmd *cmd, struct mlp_registry **r, struct mlp_err *e)
{
    char dir[4096];
    enum mlp_code code =
        mlp_registry_path(mlp_opt_text(cmd, OPT_REGISTRY), dir, sizeof dir, e);
    if (code == MLP_OK)
        code = mlp_registry_open(dir, r, e);
    if (code == MLP_OK)
        mlp_registry_actor(*r, mlp_opt_text(cmd, OPT_ACTOR));
    return code;
}

enum mlp_code open_version(const struct mlp_cmd *cmd, int i, struct mlp_registry **r,
                           const struct mlp_version **v, struct mlp_err *e)
{
    enum mlp_code code = open_registry(cmd, r, e);
    if (code != MLP_OK)
        return code;
    code = mlp_registry_resolve(*r, mlp_operand(cmd, i, ""), v, e);
    if (code != MLP_OK) {
        mlp_registry_close(*r);
        *r = NULL;
    }
    return code;
}

void add_alias_names(const struct mlp_registry *r, const struct mlp_version *v, const char *joint,
                     struct mlp_buf *b)
{
    const char *gap = "";
    for (size_t i = 0; i < mlp_registry_naliases(r); i++) {
        const struct mlp_alias *a = mlp_registry_alias_at(r, i);
        if (a->version != v->version || !mlp_str_eq(a->model, v->model))
            continue;
        mlp_buf_addf(b, "%s%.*s", gap, MLP_STR_ARG(a->name));
        gap = joint;
    }
}

void add_tags(const struct mlp_version *v, const char *joint, struct mlp_buf *b)
{
    const char *gap = "";
    for (size_t i = 0; i < v->tags.n; i++) {
        const struct mlp_pair *tag = mlp_vec_at(&v->tags, i);
        if (!tag->value.p)
            continue;
        mlp_buf_addf(b, "%s%.*s=%.*s", gap, MLP_STR_ARG(tag->key), MLP_STR_ARG(tag->value));
        gap = joint;
    }
}

enum mlp_code print_buf(struct mlp_buf *b, struct mlp_err *e)
{
    enum mlp_code code = mlp_buf_check(b, e);
    return code == MLP_OK ? mlp_file_write("-", mlp_buf_str(b), 0, e) : code;
}
