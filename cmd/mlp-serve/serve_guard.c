/* Which options go together; and those of the guard: who may ask, how often. */
#include "serve.h"

static enum mlp_code read_rate(const struct mlp_cmd *cmd, int opt, struct mlp_rate *rate,
                               struct mlp_err *e)
{
    const char *text = mlp_opt_text(cmd, opt);
    if (!text || mlp_rate_parse(mlp_str_from(text), rate))
        return MLP_OK;
    return mlp_err_set(e, MLP_EUSAGE, "\"%s\" is no rate: write 100/s, 6000/m, 10/h or 1000/d",
                       text);
}

enum mlp_code serve_guard(const struct mlp_cmd *cmd, const char **origins,
                          struct mlp_guard_config *g, struct mlp_err *e)
{
    int64_t burst = mlp_opt_int(cmd, OPT_BURST, 0);
    int64_t inflight = mlp_opt_int(cmd, OPT_MAX_INFLIGHT, 0);
    *g = (struct mlp_guard_config){.auth = mlp_opt_text(cmd, OPT_AUTH),
                                   .max_inflight = inflight > 0 ? (unsigned)inflight : 0,
                                   .origins = origins};
    const char *origin;
    while (g->norigins < SERVE_ORIGINS && (origin = mlp_opt_nth(cmd, OPT_CORS, g->norigins)))
        origins[g->norigins++] = origin;
    if (mlp_opt_nth(cmd, OPT_CORS, SERVE_ORIGINS))
        return mlp_err_set(e, MLP_EUSAGE, "more than %d origins", SERVE_ORIGINS);
    enum mlp_code code = read_rate(cmd, OPT_RATE, &g->rate, e);
    if (code == MLP_OK)
        code = read_rate(cmd, OPT_QUOTA, &g->quota, e);
    if (code == MLP_OK && burst && !g->rate.n)
        return mlp_err_set(e, MLP_EUSAGE, "--burst says how --rate begins: give --rate too");
    g->rate.burst = burst > 0 ? (uint64_t)burst : g->rate.burst;
    return code;
}

static enum mlp_code check_tls(const struct mlp_http_tls *tls, struct mlp_err *e)
{
    if (!tls->cert != !tls->key)
        return mlp_err_set(e, MLP_EUSAGE, "--tls-cert and --tls-key go together");
    if (tls->ca && !tls->cert)
        return mlp_err_set(e, MLP_EUSAGE, "--tls-ca needs --tls-cert and --tls-key");
    return MLP_OK;
}

static enum mlp_code check_shares(const struct mlp_serve_config *c, struct mlp_err *e)
{
    if (!(c->log_share > 0 && c->log_share <= 1))
        return mlp_err_set(e, MLP_EUSAGE, "--log-sample %g: a share is above 0 and at most 1",
                           c->log_share);
    if (!(c->trace_share >= 0 && c->trace_share <= 1))
        return mlp_err_set(e, MLP_EUSAGE, "--trace-sample %g: a share is from 0 to 1",
                           c->trace_share);
    return MLP_OK;
}

enum mlp_code serve_operands(const struct mlp_serve_config *c, struct mlp_err *e)
{
    if (c->model && c->deployment)
        return mlp_err_set(e, MLP_EUSAGE, "give a model or --deployment, not both");
    if (c->exec && (c->model || c->deployment))
        return mlp_err_set(e, MLP_EUSAGE, "--exec is the model: give no other");
    if (c->exec && c->log_path)
        return mlp_err_set(e, MLP_EUSAGE, "--log records models, not commands (--exec)");
    enum mlp_code code = check_shares(c, e);
    if (code == MLP_OK)
        code = check_tls(&c->tls, e);
    if (code != MLP_OK || c->exec || c->model || c->deployment)
        return code;
    mlp_err_set(e, MLP_EUSAGE, "nothing to serve");
    return mlp_err_hint(e, "mlp-serve model.joblib, mlp-serve NAME@ALIAS or mlp-serve -d FILE");
}
