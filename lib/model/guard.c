/* guard.c: a child loads the model first (guard.h). */
#include "model/guard.h"
#include "base/os.h"
#include "base/sandbox.h"

#define CHILD_MS (5u * 60 * 1000)

static int try_loading(void *ctx)
{
    const struct mlp_guard *g = ctx;
    struct mlp_model *m = NULL;
    struct mlp_err e;
    bool partial;
    mlp_err_init(&e);
    mlp_os_close_from(3);
    enum mlp_code code = mlp_sandbox_enter(&partial, &e);
    if (!code)
        code = mlp_model_open_mem(g->bytes, g->source, g->limits, &m, &e);
    *g->told = e;
    mlp_model_free(m);
    return code ? 1 : 0;
}

static enum mlp_code judge(const struct mlp_guard *g, int status, struct mlp_err *e)
{
    if (status == 0)
        return MLP_OK;
    if (status == 1 && g->told->code != MLP_OK) {
        *e = *g->told;
        return e->code;
    }
    mlp_err_set(e, MLP_EINPUT, "loading the model ended with signal %d",
                status > 128 ? status - 128 : 0);
    return mlp_err_at(e, g->source, 0, 0);
}

enum mlp_code mlp_guard_start(struct mlp_guard *g, struct mlp_str bytes, const char *source,
                              const struct mlp_model_limits *limits, struct mlp_err *e)
{
    *g = (struct mlp_guard){.bytes = bytes, .source = source, .limits = limits};
    g->told = mlp_os_shared_new(sizeof *g->told, e);
    if (!g->told)
        return e->code;
    enum mlp_code code = mlp_os_fork_start(try_loading, g, &g->pid, e);
    if (code)
        mlp_os_shared_free(g->told, sizeof *g->told);
    return code;
}

enum mlp_code mlp_guard_end(struct mlp_guard *g, struct mlp_model **m, struct mlp_err *e)
{
    int status = 0;
    struct mlp_err verdict;
    mlp_err_init(&verdict);
    enum mlp_code code = mlp_os_fork_wait(g->pid, CHILD_MS, &status, &verdict);
    if (!code)
        code = judge(g, status, &verdict);
    mlp_os_shared_free(g->told, sizeof *g->told);
    if (!m)
        return MLP_OK;
    if (code) {
        *e = verdict;
        return code;
    }
    return mlp_model_open_mem(g->bytes, g->source, g->limits, m, e);
}

enum mlp_code mlp_model_open_guarded(struct mlp_str bytes, const char *source,
                                     const struct mlp_model_limits *limits, struct mlp_model **m,
                                     struct mlp_err *e)
{
    struct mlp_guard g;
    *m = NULL;
    enum mlp_code code = mlp_guard_start(&g, bytes, source, limits, e);
    return code ? code : mlp_guard_end(&g, m, e);
}
