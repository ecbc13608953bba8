#include "verbs.h"

#include <stdlib.h>

enum { OPT_DEPLOYMENT = OPT_FIRST_OWN };

static const struct mlp_opt opts[] = {
    COMMON_OPTIONS,
    [OPT_DEPLOYMENT] = {"deployment", 'd', MLP_OPT_FILE, "FILE", "the deployment file", NULL, NULL,
                        false},
    {0},
};

static const char *const arms[] = {"stable", "canary", "shadow"};

static enum mlp_code print_routes(const char *path, struct mlp_err *e)
{
    struct mlp_deployment *d = calloc(1, sizeof *d);
    if (!d)
        return mlp_err_nomem(e);
    enum mlp_code code = mlp_deployment_load(d, path, e);
    for (size_t i = 0; i < d->nroutes && code == MLP_OK; i++) {
        const struct mlp_route *r = &d->routes[i];
        for (size_t k = 0; k < r->ntargets; k++) {
            const struct mlp_target *t = &r->targets[k];
            printf("%-8s  %-16.*s  %3u %%  %.*s@%llu  %.19s\n", arms[t->role],
                   MLP_STR_ARG(r->name), t->weight, MLP_STR_ARG(t->model),
                   (unsigned long long)t->version, t->digest.p ? t->digest.p : "");
        }
    }
    mlp_deployment_fini(d);
    free(d);
    return code;
}

static enum mlp_code run(struct mlp_cmd *cmd, struct mlp_err *e)
{
    struct mlp_registry *r = NULL;
    const struct mlp_version *v;
    enum mlp_code code = open_registry(cmd, &r, e);
    if (code != MLP_OK)
        return code;
    code = mlp_registry_resolve(r, cmd->operands[0], &v, e);
    for (size_t i = 0; i < mlp_registry_naliases(r) && code == MLP_OK; i++) {
        const struct mlp_alias *a = mlp_registry_alias_at(r, i);
        if (a->version && mlp_str_eq(a->model, v->model))
            printf("alias     %-16.*s  version %llu (before: %llu, event %llu)\n",
                   MLP_STR_ARG(a->name), (unsigned long long)a->version,
                   (unsigned long long)a->previous, (unsigned long long)a->seq);
    }
    const char *path = mlp_opt_text(cmd, OPT_DEPLOYMENT);
    if (code == MLP_OK && path)
        code = print_routes(path, e);
    mlp_registry_close(r);
    return code;
}

static const struct mlp_example examples[] = {
    {"What production serves, and what it served before.",
     "mlp-promote status --registry registry flights"},
    {0},
};

const struct mlp_verb verb_status = {
    .name = "status",
    .summary = "what the aliases name and the deployment file serves",
    .operands = "MODEL",
    .min_operands = 1,
    .max_operands = 1,
    .about = "Prints the aliases of a model and, with --deployment, the targets of the routes.",
    .opts = opts,
    .examples = examples,
    .run = run,
};
