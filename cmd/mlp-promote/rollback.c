#include "verbs.h"

enum { OPT_DEPLOYMENT = OPT_FIRST_OWN, OPT_ROUTE, OPT_REASON };

static const struct mlp_opt opts[] = {
    COMMON_OPTIONS,
    [OPT_DEPLOYMENT] = {"deployment", 'd', MLP_OPT_FILE, "FILE", "the deployment file to replace",
                        NULL, "deployment.yaml", false},
    [OPT_ROUTE] = {"route", 0, MLP_OPT_TEXT, "NAME", "the route (default: the model's name)", NULL,
                   NULL, false},
    [OPT_REASON] = {"reason", 'm', MLP_OPT_TEXT, "TEXT", "why, for the log", NULL, "rollback",
                    false},
    {0},
};

/* The version to go back to: the one named (model@ref), else what the alias named before. */
static enum mlp_code choose(struct mlp_registry *r, const char *text, const struct mlp_alias *a,
                            struct mlp_version *out, struct mlp_err *e)
{
    const struct mlp_version *v;
    char ref[300];
    if (strchr(text, '@')) {
        snprintf(ref, sizeof ref, "%s", text);
    } else if (a->previous) {
        snprintf(ref, sizeof ref, "%s@%llu", text, (unsigned long long)a->previous);
    } else {
        mlp_err_set(e, MLP_ENOTFOUND, "alias %.*s named no version before", MLP_STR_ARG(a->name));
        return mlp_err_hint(e, "name the version: mlp-promote rollback %s@VERSION", text);
    }
    enum mlp_code code = mlp_registry_resolve(r, ref, &v, e);
    if (code == MLP_OK)
        *out = *v;
    return code;
}

/* The file first: requests must not wait for the log. */
static enum mlp_code roll_back(struct mlp_registry *r, const struct mlp_cmd *cmd,
                               const struct mlp_alias *a, struct mlp_err *e)
{
    struct mlp_version to;
    enum mlp_code code = choose(r, cmd->operands[0], a, &to, e);
    if (code != MLP_OK)
        return code;
    const char *route = mlp_opt_text(cmd, OPT_ROUTE);
    struct serving serving = {
        .path = mlp_opt_text(cmd, OPT_DEPLOYMENT),
        .registry_dir = mlp_registry_dir(r),
        .route = route ? mlp_str_from(route) : to.model,
        .stable = &to,
    };
    struct mlp_alias_change change = {
        .model = to.model,
        .version = to.version,
        .expect_seq = a->seq,
        .reason = mlp_opt_text(cmd, OPT_REASON),
    };
    char alias[130];
    mlp_str_copy(a->name, alias, sizeof alias);
    change.alias = alias;
    code = deploy(&serving, e);
    if (code == MLP_OK)
        code = mlp_registry_set_alias(r, &change, e);
    if (code == MLP_OK)
        fprintf(stderr, "mlp-promote: %s is version %llu again\n", alias,
                (unsigned long long)to.version);
    return code;
}

static enum mlp_code run(struct mlp_cmd *cmd, struct mlp_err *e)
{
    struct mlp_registry *r = NULL;
    const char *to = mlp_opt_text(cmd, OPT_TO);
    struct mlp_str alias = mlp_str_from(to ? to : "production");
    struct mlp_str model = mlp_str_from(cmd->operands[0]);
    model.n = mlp_str_find(model, '@');
    enum mlp_code code = open_registry(cmd, &r, e);
    if (code != MLP_OK)
        return code;
    const struct mlp_alias *a = mlp_registry_alias(r, model, alias);
    if (a)
        code = roll_back(r, cmd, a, e);
    else
        code = mlp_err_set(e, MLP_ENOTFOUND, "model \"%.*s\" has no alias %.*s",
                           MLP_STR_ARG(model), MLP_STR_ARG(alias));
    mlp_registry_close(r);
    return code;
}

static const struct mlp_example examples[] = {
    {"Go back to the version that was in production before.",
     "mlp-promote rollback --registry registry --deployment deployment.yaml flights"},
    {0},
};

const struct mlp_verb verb_rollback = {
    .name = "rollback",
    .summary = "go back to the version before, at once",
    .operands = "MODEL[@REF]",
    .min_operands = 1,
    .max_operands = 1,
    .about = "Makes the deployment file serve the version that the alias named before (or the one\n"
             "given), whole, and moves the alias back. No gate is asked: going back is safe.",
    .opts = opts,
    .examples = examples,
    .run = run,
};
