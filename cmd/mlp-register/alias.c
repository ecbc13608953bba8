#include "verbs.h"

enum { OPT_DELETE = OPT_FIRST_OWN, OPT_EXPECT, OPT_REASON };

static const struct mlp_opt opts[] = {
    COMMON_OPTIONS,
    [OPT_DELETE] = {"delete", 'd', MLP_OPT_FLAG, NULL, "remove the alias", NULL, NULL, false},
    [OPT_EXPECT] = {"expect", 0, MLP_OPT_INT, "SEQ",
                    "only if event SEQ set it last (0: only if it does not exist)", NULL, NULL,
                    false},
    [OPT_REASON] = {"reason", 'm', MLP_OPT_TEXT, "TEXT", "why, for the log", NULL, NULL, false},
    {0},
};

static enum mlp_code run(struct mlp_cmd *cmd, struct mlp_err *e)
{
    struct mlp_registry *r = NULL;
    const struct mlp_version *v;
    enum mlp_code code = open_version(cmd, 0, &r, &v, e);
    if (code != MLP_OK)
        return code;
    bool expects = mlp_opt_given(cmd, OPT_EXPECT);
    struct mlp_alias_change change = {
        .model = v->model,
        .alias = cmd->operands[1],
        .version = mlp_opt_flag(cmd, OPT_DELETE) ? 0 : v->version,
        .expect_seq = expects ? (uint64_t)mlp_opt_int(cmd, OPT_EXPECT, 0) : MLP_ANY_SEQ,
        .reason = mlp_opt_text(cmd, OPT_REASON),
    };
    code = mlp_registry_set_alias(r, &change, e);
    if (code == MLP_OK)
        fprintf(stderr, "mlp-register: %s of %.*s is %s%llu\n", change.alias,
                MLP_STR_ARG(change.model), change.version ? "version " : "gone, was ",
                (unsigned long long)v->version);
    mlp_registry_close(r);
    return code;
}

static const struct mlp_example examples[] = {
    {"Let an alias name a version.", "mlp-register alias --registry registry flights@1 champion"},
    {0},
};

const struct mlp_verb verb_alias = {
    .name = "alias",
    .summary = "let an alias name a version, by compare-and-set",
    .operands = "MODEL@REF ALIAS",
    .min_operands = 2,
    .max_operands = 2,
    .about = "Lets ALIAS name a version, or removes it. With --expect the change is made only if\n"
             "the alias is still as it was seen: the seq of its event is in `show`.",
    .opts = opts,
    .examples = examples,
    .run = run,
};
