#include "verbs.h"

static const struct mlp_opt opts[] = {COMMON_OPTIONS, {0}};

static enum mlp_code run(struct mlp_cmd *cmd, struct mlp_err *e)
{
    char dir[4096];
    enum mlp_code code =
        mlp_registry_path(mlp_opt_text(cmd, OPT_REGISTRY), dir, sizeof dir, e);
    if (code == MLP_OK)
        code = mlp_registry_init(dir, mlp_opt_text(cmd, OPT_ACTOR), e);
    if (code == MLP_OK)
        fprintf(stderr, "mlp-register: made a registry in %s\n", dir);
    return code;
}

static const struct mlp_example examples[] = {
    {"Make a registry in a folder of its own.", "mlp-register init --registry new-registry"},
    {0},
};

const struct mlp_verb verb_init = {
    .name = "init",
    .summary = "make an empty registry",
    .operands = "",
    .about = "Makes an empty registry. The folder may exist, but must hold no registry yet.",
    .opts = opts,
    .examples = examples,
    .run = run,
};
