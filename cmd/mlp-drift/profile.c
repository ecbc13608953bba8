#include "verbs.h"

enum { OPT_REFERENCE, OPT_REGISTRY, OPT_OUTPUT, MLP_INPUT_NAMES };

static const struct mlp_opt opts[] = {
    [OPT_REFERENCE] = {"reference", 'r', MLP_OPT_FILE, "REF",
                       "count into the edges of this profile, package or registered model", NULL,
                       NULL, false},
    [OPT_REGISTRY] = {"registry", 0, MLP_OPT_DIR, "DIR",
                      "the registry (default $MLP_REGISTRY, else ~/.local/share/mlp/registry)",
                      NULL, NULL, false},
    [OPT_OUTPUT] = {"output", 'o', MLP_OPT_FILE, "FILE", "where the profile goes", NULL, "-",
                    false},
    MLP_INPUT_OPTS,
    {0},
};

static enum mlp_code run(struct mlp_cmd *cmd, struct mlp_err *e)
{
    struct side ref = {0}, made = {0};
    struct mlp_input reading;
    const char *path = mlp_opt_text(cmd, OPT_REFERENCE);
    enum mlp_code code = mlp_input_init(&reading, cmd, MLP_INPUT_INDICES, e);
    if (code == MLP_OK && path)
        code = side_reference(&ref, path, mlp_opt_text(cmd, OPT_REGISTRY), &reading, e);
    if (code == MLP_OK)
        code = profile_rows(&made, mlp_operand(cmd, 0, "-"), path ? &ref.profile : NULL, &reading,
                            false, e);
    if (code == MLP_OK && made.malformed)
        fprintf(stderr, "mlp-drift: %llu malformed rows left out, the first on line %llu\n",
                (unsigned long long)made.malformed, (unsigned long long)made.first_malformed);
    if (code == MLP_OK)
        code = mlp_profile_save(&made.profile, mlp_opt_text(cmd, OPT_OUTPUT), e);
    side_fini(&made);
    side_fini(&ref);
    return code;
}

static const struct mlp_example examples[] = {
    {"A first profile, which fixes the edges.", "mlp-drift profile train.csv > profile.json"},
    {"A day of predictions, counted into those edges.",
     "mlp-drift profile --reference profile.json predictions.ndjson > day1.json"},
    {0},
};

const struct mlp_verb verb_profile = {
    .name = "profile",
    .summary = "what rows look like, in the edges of a reference",
    .operands = "[FILE|-]",
    .max_operands = 1,
    .about =
        "Writes a profile, see mlp-profile(5). Profiles of shards, replicas or days that were\n"
        "made with the same --reference add up with mlp-drift merge, in any order to the same\n"
        "bytes. Without --reference the edges are quantiles of the data themselves.",
    .opts = opts,
    .examples = examples,
    .run = run,
};
