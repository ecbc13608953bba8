#include "verbs.h"

#include "rule/rule.h"

static const struct mlp_opt opts[] = {{0}};

static enum mlp_code run(struct mlp_cmd *cmd, struct mlp_err *e)
{
    enum mlp_code code = MLP_OK;
    for (int i = 0; i < cmd->noperands && code == MLP_OK; i++) {
        struct mlp_rules *rules = NULL;
        code = mlp_rules_load(cmd->operands[i], &rules, e);
        if (code == MLP_OK)
            fprintf(stderr, "mlp-validate: %s: %zu rules\n", cmd->operands[i],
                    mlp_rules_count(rules));
        mlp_rules_free(rules);
    }
    return code;
}

static const struct mlp_example examples[] = {
    {"Is the rules file right?", "mlp-validate lint rules.yaml"},
    {0},
};

const struct mlp_verb verb_lint = {
    .name = "lint",
    .summary = "check a rules file itself",
    .operands = "RULES...",
    .min_operands = 1,
    .max_operands = -1,
    .about = "Reads rules files and tells the first fault with its line and column.",
    .opts = opts,
    .examples = examples,
    .run = run,
};
