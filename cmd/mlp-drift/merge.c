#include "verbs.h"

enum { OPT_OUTPUT };

static const struct mlp_opt opts[] = {
    [OPT_OUTPUT] = {"output", 'o', MLP_OPT_FILE, "FILE", "where the profile goes", NULL, "-",
                    false},
    {0},
};

static enum mlp_code run(struct mlp_cmd *cmd, struct mlp_err *e)
{
    struct mlp_profile sum = {0};
    const char *const *paths = (const char *const *)cmd->operands;
    enum mlp_code code = mlp_profile_load_sum(&sum, paths, (size_t)cmd->noperands, e);
    if (code == MLP_OK)
        code = mlp_profile_save(&sum, mlp_opt_text(cmd, OPT_OUTPUT), e);
    mlp_profile_fini(&sum);
    return code;
}

static const struct mlp_example examples[] = {
    {"Two days, counted into the same edges.",
     "mlp-drift merge day1.json day2.json > days.json"},
    {0},
};

const struct mlp_verb verb_merge = {
    .name = "merge",
    .summary = "add profiles of shards, replicas or days",
    .operands = "PROFILE...",
    .min_operands = 1,
    .max_operands = -1,
    .about = "Adds profiles that were made with the same reference. The order does not matter, to\n"
             "the byte. Profiles with other columns or edges are refused.",
    .opts = opts,
    .examples = examples,
    .run = run,
};
