/* guard.c: a child loads the model first (guard.h). */
#include "model/guard.h"
#include "base/os.h"
#include "base/sandbox.h"

#define CHILD_MS (5u * 60 * 1000)

struct trial {
    struct mlp_str bytes;
    const char *source;
    const struct mlp_model_limits *limits;
    struct mlp_err *told;        /* shared with the parent */
};

static int try_loading(void *ctx)
{
    const struct trial *t = ctx;
    struct mlp_model *m = NULL;
    struct mlp_err e;
    bool partial;
    mlp_err_init(&e);
    mlp_os_close_from(3);
    enum mlp_code code = mlp_sandbox_enter(&partial, &e);
    if (!code)
        code = mlp_model_open_mem(t->bytes, t->source, t->limits, &m, &e);
    mlp_model_free(m);
    *t->told = e;
    return code ? 1 : 0;
}

static enum mlp_code judge(const struct trial *t, int status, struct mlp_err *e)
{
    if (status == 0)
        return MLP_OK;
    if (status == 1 && t->told->code != MLP_OK) {
        *e = *t->told;
        return e->code;
    }
    mlp_err_set(e, MLP_EINPUT, "loading the model ended with signal %d",
                status > 128 ? status - 128 : 0);
    return mlp_err_at(e, t->source, 0, 0);
}

enum mlp_code mlp_model_open_guarded(struct mlp_str bytes, const char *source,
                                     const struct mlp_model_limits *limits, struct mlp_model **m,
                                     struct mlp_err *e)
{
    struct trial t = {bytes, source, limits, mlp_os_shared_new(sizeof *t.told, e)};
    int status = 0;
    *m = NULL;
    if (!t.told)
        return e->code;
    enum mlp_code code = mlp_os_fork_run(try_loading, &t, CHILD_MS, &status, e);
    if (!code)
        code = judge(&t, status, e);
    mlp_os_shared_free(t.told, sizeof *t.told);
    return code ? code : mlp_model_open_mem(bytes, source, limits, m, e);
}
