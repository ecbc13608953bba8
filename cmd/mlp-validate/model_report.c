/* The report of a model: its metrics, and what else was asked. */
#include "model.h"

#include <math.h>

static void summarise(struct telling *t)
{
    struct mlp_report *r = t->r;
    const struct evaluation *v = t->v;
    if (t->gates == 0)
        r->title = MLP_STR("Measured only: no gates were given");
    else if (t->held == t->gates)
        r->title = mlp_report_text(r, "The model passes its %zu gates", t->gates);
    else
        r->title = mlp_report_text(r, "The model fails %zu of %zu gates", t->gates - t->held,
                                   t->gates);
    mlp_report_summary(r, "rows", (double)v->rows.n);
    if (v->task == MLP_TASK_BINARY)
        mlp_report_summary(r, "positives", v->positives);
    if (v->task == MLP_TASK_MULTICLASS)
        mlp_report_summary(r, "classes", (double)v->nclasses);
}

/* Whether a gate asks for a champion that there is not. */
static bool compares(const struct telling *t)
{
    for (size_t i = 0; i < MOST_METRICS && t->v->other.n == 0; i++) {
        const struct gate *g = &t->rules->gates[i];
        if (g->drop || g->margin || g->alpha)
            return true;
    }
    return false;
}

enum mlp_code model_report(struct telling *t, struct mlp_err *e)
{
    static enum mlp_code (*const others[])(struct telling *, struct mlp_err *) = {
        fairness_tell, threshold_tell, latency_tell, subgroups_tell, plots_tell};
    const struct evaluation *v = t->v;
    struct family f = {mlp_metric_table(), t->rules->gates, v->rows, v->other, v->baseline, v,
                       v->task == MLP_TASK_REGRESSION ? MLP_BY_ERROR : MLP_BY_SCORE,
                       MLP_STR("")};
    struct result x[MOST_METRICS] = {0};
    size_t n = 0;
    enum mlp_code code = family_choose(&f, x, &n, t->rules->doc, e);
    if (code == MLP_OK && n == 0)
        code = mlp_err_set(e, MLP_EINPUT, "no metric can be measured from these columns");
    if (code == MLP_OK)
        code = family_measure(x, n, &f, t->plan, e);
    if (code == MLP_OK)
        code = family_tell(t, &f, x, n, e);
    if (code == MLP_OK)
        code = slices_tell(t, x, n, e);
    for (size_t i = 0; i < sizeof others / sizeof *others && code == MLP_OK; i++)
        code = others[i](t, e);
    if (code == MLP_OK && t->gates == 0 && compares(t)) {
        mlp_err_set(e, MLP_EUSAGE, "no gate of the rules was judged");
        code = mlp_err_hint(e, "they compare with a champion: say --champion FILE");
    }
    if (code == MLP_OK)
        summarise(t);
    return code;
}
