/* Two models on the same rows: which test a metric has, and the figures of the tests. */
#include "model.h"

#include "stat/paired.h"

#include <math.h>
#include <stdlib.h>

static bool is_metric(const struct result *x, mlp_metric_fn *fn)
{
    return x->metric->fn == fn;
}

static struct mlp_test mcnemar(const struct family *f, size_t *only_ours, size_t *only_theirs)
{
    return mlp_mcnemar(f->rows.y, f->rows.pred, f->other.pred, f->rows.n, only_ours, only_theirs);
}

/* Our size of error less the champion's, a row each; the caller frees it. */
static double *errors(const struct family *f)
{
    double *d = calloc(f->rows.n + 1, sizeof *d);
    for (size_t i = 0; i < f->rows.n && d; i++)
        d[i] = fabs(f->rows.y[i] - f->rows.score[i]) - fabs(f->rows.y[i] - f->other.score[i]);
    return d;
}

/* A metric that has a test of its own takes its p from there: DeLong's for the area, McNemar's
 * for accuracy, Student's paired t for the mean error. Weighted rows have none: the bootstrap's
 * stays. */
enum mlp_code compare_p(struct result *x, const struct family *f, struct mlp_err *e)
{
    double difference, se, positives = 0;
    size_t a, b;
    enum gate_test test = x->gate ? x->gate->test : TEST_OWN;
    if (f->rows.w || test == TEST_BOOTSTRAP)
        return MLP_OK;
    if (is_metric(x, mlp_accuracy))
        x->p = mcnemar(f, &a, &b).p;
    if (is_metric(x, mlp_mae)) {
        double *d = errors(f);
        if (!d)
            return mlp_err_nomem(e);
        x->p = (test == TEST_WILCOXON ? mlp_wilcoxon(d, f->rows.n) : mlp_paired_t(d, f->rows.n)).p;
        free(d);
    }
    for (size_t i = 0; i < f->rows.n && is_metric(x, mlp_roc_auc); i++)
        positives += f->rows.y[i];
    /* Without two rows of each class the bootstrap's p stays. */
    if (positives < 2 || (double)f->rows.n - positives < 2)
        return MLP_OK;
    return mlp_delong(&f->rows, f->other.score, &difference, &se, &x->p, e);
}

static void tell_errors(struct mlp_report *r, struct mlp_check *c, const struct family *f)
{
    double *d = errors(f);
    if (!d)
        return;
    struct mlp_test t = mlp_paired_t(d, f->rows.n), w = mlp_wilcoxon(d, f->rows.n);
    mlp_report_measure(r, c, "paired_t", t.statistic);
    mlp_report_measure(r, c, "paired_t_p", t.p);
    mlp_report_measure(r, c, "wilcoxon", w.statistic);
    mlp_report_measure(r, c, "wilcoxon_p", w.p);
    free(d);
}

void compare_tests(struct mlp_report *r, struct mlp_check *c, const struct result *x,
                   const struct family *f)
{
    if (f->rows.w)
        return;
    if (is_metric(x, mlp_mae))
        tell_errors(r, c, f);
    if (is_metric(x, mlp_accuracy)) {
        size_t ours, theirs;
        struct mlp_test t = mcnemar(f, &ours, &theirs);
        mlp_report_measure(r, c, "mcnemar_p", t.p);
        mlp_report_measure(r, c, "only_model_right", (double)ours);
        mlp_report_measure(r, c, "only_champion_right", (double)theirs);
    }
}
