/* Who may ask, how often: the options of the guard. */
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
