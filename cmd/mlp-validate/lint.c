#include "verbs.h"

#include "rule/import.h"

enum { OPT_SCHEMA_FORMAT, OPT_PARAM, OPT_ENV };

static const struct mlp_opt opts[] = {
    [OPT_SCHEMA_FORMAT] = {"schema-format", 0, MLP_OPT_TEXT, "FORMAT",
                           "what the rules files are: native, gx, ... (default: by their content)",
                           NULL, NULL, false},
    [OPT_PARAM] = PARAM_OPTION,
    [OPT_ENV] = ENV_OPTION,
    {0},
};

static enum mlp_code lint(struct mlp_cmd *cmd, const char *path, struct mlp_err *e)
{
    struct mlp_rules *rules = NULL;
    struct mlp_import_notes notes;
    mlp_import_notes_init(&notes);
    struct given given;
    enum mlp_code code = given_read(cmd, OPT_PARAM, OPT_ENV, &given, e);
    const struct mlp_rules_source from = {path, mlp_opt_text(cmd, OPT_SCHEMA_FORMAT),
                                          &given.rules};
    if (code == MLP_OK)
        code = mlp_rules_load_given(&from, &notes, &rules, e);
    tell_notes(path, &notes);
    if (code == MLP_OK)
        fprintf(stderr, "mlp-validate: %s: %zu rules\n", path, mlp_rules_count(rules));
    mlp_rules_free(rules);
    mlp_import_notes_fini(&notes);
    return code;
}

static enum mlp_code run(struct mlp_cmd *cmd, struct mlp_err *e)
{
    enum mlp_code code = MLP_OK;
    for (int i = 0; i < cmd->noperands && code == MLP_OK; i++)
        code = lint(cmd, cmd->operands[i], e);
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
    .about = "Reads rules files, ours and those of others, and tells the first fault with its\n"
             "line and column, and what of a file of others has no meaning here.",
    .opts = opts,
    .examples = examples,
    .run = run,
};
