/* What the deployment file says of one route. */
#include "verbs.h"

#include "base/os.h"

#include <stdlib.h>

static struct mlp_target target_of(const struct mlp_version *v, enum mlp_arm role, unsigned weight)
{
    return (struct mlp_target){
        .role = role,
        .model = v->model,
        .version = v->version,
        .digest = v->digest,
        .weight = weight,
    };
}

/* Stable and canary are replaced, shadow targets are kept. */
static enum mlp_code set_targets(struct mlp_route *route, const struct serving *s,
                                 struct mlp_err *e)
{
    struct mlp_target targets[MLP_DEPLOYMENT_TARGETS];
    size_t n = 0;
    unsigned percent = s->canary ? s->percent : 0;
    targets[n++] = target_of(s->stable, MLP_ARM_STABLE, 100 - percent);
    if (s->canary)
        targets[n++] = target_of(s->canary, MLP_ARM_CANARY, percent);
    for (size_t i = 0; i < route->ntargets; i++) {
        if (route->targets[i].role != MLP_ARM_SHADOW)
            continue;
        if (n == MLP_DEPLOYMENT_TARGETS)
            return mlp_err_set(e, MLP_EINPUT, "route %.*s has too many targets",
                               MLP_STR_ARG(route->name));
        targets[n++] = route->targets[i];
    }
    memcpy(route->targets, targets, n * sizeof *targets);
    route->ntargets = n;
    return MLP_OK;
}

enum mlp_code deploy(const struct serving *s, struct mlp_err *e)
{
    struct mlp_stat st;
    struct mlp_deployment *d = calloc(1, sizeof *d);
    if (!d)
        return mlp_err_nomem(e);
    enum mlp_code code = mlp_os_stat(s->path, false, &st, e);
    if (code == MLP_OK && st.exists)
        code = mlp_deployment_load(d, s->path, e);
    struct mlp_route *route = code == MLP_OK ? mlp_deployment_route(d, s->route) : NULL;
    if (code == MLP_OK && !route && d->nroutes == MLP_DEPLOYMENT_ROUTES)
        code = mlp_err_set(e, MLP_EINPUT, "%s has too many routes", s->path);
    if (code == MLP_OK && !route) {
        route = &d->routes[d->nroutes++];
        route->name = s->route;
    }
    if (code == MLP_OK)
        code = set_targets(route, s, e);
    /* Relative paths of the file are relative to it, not to the current folder. */
    if (code == MLP_OK && !d->registry[0])
        code = mlp_os_absolute(s->registry_dir, d->registry, sizeof d->registry, e);
    if (code == MLP_OK)
        code = mlp_deployment_save(d, s->path, e);
    mlp_deployment_fini(d);
    free(d);
    return code;
}
