#include "verbs.h"

enum { OPT_NAME = OPT_FIRST_OWN, OPT_KEY };

static const struct mlp_opt opts[] = {
    COMMON_OPTIONS,
    [OPT_NAME] = {"name", 'n', MLP_OPT_TEXT, "NAME", "model name (default: the package's)", NULL,
                  NULL, false},
    [OPT_KEY] = {"key", 'k', MLP_OPT_FILE, "PUB",
                 "public key whose signature the package must bear", NULL, NULL, false},
    {0},
};

static enum mlp_code add(struct mlp_cmd *cmd, struct mlp_registry *r, const struct mlp_key *key,
                         struct mlp_err *e)
{
    uint64_t version = 0;
    size_t before = mlp_registry_nversions(r);
    enum mlp_code code = mlp_registry_add(r, cmd->operands[0], mlp_opt_text(cmd, OPT_NAME), key,
                                          &version, e);
    if (code != MLP_OK)
        return code;
    bool fresh = mlp_registry_nversions(r) > before;
    fprintf(stderr, "mlp-register: %s as version %llu%s\n", cmd->operands[0],
            (unsigned long long)version, fresh ? "" : " (it was there already)");
    printf("%llu\n", (unsigned long long)version);
    return MLP_OK;
}

static enum mlp_code run(struct mlp_cmd *cmd, struct mlp_err *e)
{
    struct mlp_registry *r = NULL;
    struct mlp_key *key = NULL;
    const char *path = mlp_opt_text(cmd, OPT_KEY);
    enum mlp_code code = path ? mlp_key_load(path, NULL, &key, e) : MLP_OK;
    if (code == MLP_OK)
        code = open_registry(cmd, &r, e);
    if (code == MLP_OK)
        code = add(cmd, r, key, e);
    mlp_registry_close(r);
    mlp_key_free(key);
    return code;
}

static const struct mlp_example examples[] = {
    {"Register a package and keep the number of its version.",
     "v=$(mlp-register add --registry registry flights.mlp)"},
    {0},
};

const struct mlp_verb verb_add = {
    .name = "add",
    .summary = "register a package; prints the number of its version",
    .operands = "PACKAGE.mlp",
    .min_operands = 1,
    .max_operands = 1,
    .about = "Checks every digest of a package (and its signature, with --key), copies what the\n"
             "registry does not have yet, and records the event. The number of the version goes\n"
             "to stdout. A package that is there already keeps the version that it has.",
    .opts = opts,
    .examples = examples,
    .run = run,
};
