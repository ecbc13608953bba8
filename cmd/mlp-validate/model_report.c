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

enum mlp_code model_report(struct telling *t, struct mlp_err *e)
{
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
    if (code == MLP_OK)
        code = fairness_tell(t, e);
    if (code == MLP_OK)
        code = threshold_tell(t, e);
    if (code == MLP_OK)
        code = latency_tell(t, e);
    if (code == MLP_OK)
        code = subgroups_tell(t, e);
    if (code == MLP_OK)
        code = plots_tell(t, e);
    if (code == MLP_OK)
        summarise(t);
    return code;
}
