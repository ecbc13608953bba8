#include "verbs.h"

static const struct mlp_opt opts[] = {COMMON_OPTIONS, {0}};

static enum mlp_code set(struct mlp_registry *r, const char *ref, const char *pair,
                         struct mlp_err *e)
{
    char key[256];
    const struct mlp_version *v;
    const char *equals = strchr(pair, '=');
    struct mlp_str name = {pair, equals ? (size_t)(equals - pair) : 0};
    if (!equals || !mlp_str_copy(name, key, sizeof key)) {
        mlp_err_set(e, MLP_EUSAGE, "\"%s\" is not KEY=VALUE", pair);
        return mlp_err_hint(e, "KEY= removes a tag");
    }
    enum mlp_code code = mlp_registry_resolve(r, ref, &v, e);
    if (code == MLP_OK)
        code = mlp_registry_set_tag(r, v, key, equals[1] ? equals + 1 : NULL, e);
    return code;
}

static enum mlp_code run(struct mlp_cmd *cmd, struct mlp_err *e)
{
    struct mlp_registry *r = NULL;
    enum mlp_code code = open_registry(cmd, &r, e);
    for (int i = 1; i < cmd->noperands && code == MLP_OK; i++)
        code = set(r, cmd->operands[0], cmd->operands[i], e);
    mlp_registry_close(r);
    return code;
}

static const struct mlp_example examples[] = {
    {"Say which data a version was trained on.",
     "mlp-register tag --registry registry flights@1 data=2013-01..02"},
    {0},
};

const struct mlp_verb verb_tag = {
    .name = "tag",
    .summary = "set or remove tags of a version",
    .operands = "MODEL@REF KEY=VALUE...",
    .min_operands = 2,
    .max_operands = -1,
    .about = "Sets tags, each by an event of its own. KEY= removes one.",
    .opts = opts,
    .examples = examples,
    .run = run,
};
