#include "verbs.h"

enum { OPT_OUTPUT = OPT_FIRST_OWN, OPT_UNPACK, OPT_FORCE };

static const struct mlp_opt opts[] = {
    COMMON_OPTIONS,
    [OPT_OUTPUT] = {"output", 'o', MLP_OPT_FILE, "FILE",
                    "where the package goes (default MODEL-VERSION.mlp)", NULL, NULL, false},
    [OPT_UNPACK] = {"unpack", 'u', MLP_OPT_DIR, "DIR", "write its files there instead", NULL, NULL,
                    false},
    [OPT_FORCE] = {"force", 0, MLP_OPT_FLAG, NULL, "overwrite files when unpacking", NULL, NULL,
                   false},
    {0},
};

static enum mlp_code get(struct mlp_cmd *cmd, struct mlp_package *p, const struct mlp_version *v,
                         struct mlp_err *e)
{
    char name[200];
    const char *dir = mlp_opt_text(cmd, OPT_UNPACK);
    const char *path = mlp_opt_text(cmd, OPT_OUTPUT);
    if (dir)
        return mlp_package_unpack(p, dir, mlp_opt_flag(cmd, OPT_FORCE), e);
    if (!path) {
        snprintf(name, sizeof name, "%.*s-%llu.mlp", MLP_STR_ARG(v->model),
                 (unsigned long long)v->version);
        path = name;
    }
    enum mlp_code code = mlp_package_export(p, path, e);
    if (code == MLP_OK && strcmp(path, "-") != 0)
        fprintf(stderr, "mlp-register: wrote %s\n", path);
    return code;
}

static enum mlp_code run(struct mlp_cmd *cmd, struct mlp_err *e)
{
    struct mlp_registry *r = NULL;
    struct mlp_package *p = NULL;
    const struct mlp_version *v;
    enum mlp_code code = open_version(cmd, 0, &r, &v, e);
    if (code != MLP_OK)
        return code;
    struct mlp_version kept = *v; /* opening may mend the index, which may move v */
    code = mlp_registry_package(r, v, &p, e);
    if (code == MLP_OK)
        code = mlp_package_verify(p, NULL, e);
    if (code == MLP_OK)
        code = get(cmd, p, &kept, e);
    mlp_package_close(p);
    mlp_registry_close(r);
    return code;
}

static const struct mlp_example examples[] = {
    {"Take a version out as a package file.",
     "mlp-register get --registry registry -o copy.mlp flights@1"},
    {0},
};

const struct mlp_verb verb_get = {
    .name = "get",
    .summary = "take a version out, as a package or as files",
    .operands = "MODEL@REF",
    .min_operands = 1,
    .max_operands = 1,
    .about = "Writes the package of a version to a file, with all evidence that was attached, or\n"
             "its files to a folder. Every digest is checked on the way. REF is a number, an\n"
             "alias or latest; sha256:... names a package by its digest.",
    .opts = opts,
    .examples = examples,
    .run = run,
};
