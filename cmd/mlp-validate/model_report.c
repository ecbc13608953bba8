/* Measures of a model, whether they hold to its gates, and the report of it. */
#include "model.h"

#include <math.h>

struct result {
    const struct mlp_metric *metric;
    const struct gate *gate;
    double value, lo, hi, champion, p;
    bool compared;
};

/* Four places where they tell something, else four digits. */
static struct mlp_str figure(struct mlp_report *r, double v)
{
    double size = fabs(v);
    return mlp_report_text(r, size >= 0.001 && size < 1000 ? "%.4f" : "%.4g", v);
}

static const struct mlp_node *bound_node(const struct result *x, bool min)
{
    return min ? x->gate->min : x->gate->max;
}

static double bound_value(const struct result *x)
{
    return x->gate->bound == BOUND_LOWER ? x->lo : x->gate->bound == BOUND_UPPER ? x->hi : x->value;
}

/* How much worse than the champion; negative when better. */
static double worse(const struct result *x)
{
    if (x->metric->best == MLP_BEST_ZERO)
        return fabs(x->value) - fabs(x->champion);
    return x->metric->best == MLP_BEST_HIGH ? x->champion - x->value : x->value - x->champion;
}

/* Written so that a figure that is not defined fails. */
static bool holds(const struct result *x)
{
    const struct gate *g = x->gate;
    if (g->min && !(bound_value(x) >= mlp_node_num(g->min, 0)))
        return false;
    if (g->max && !(bound_value(x) <= mlp_node_num(g->max, 0)))
        return false;
    return !g->drop || !x->compared || worse(x) <= mlp_node_num(g->drop, 0);
}

static struct mlp_str expectation(struct mlp_report *r, const struct result *x)
{
    static const char *const ends[] = {"", "lower end ", "upper end "};
    const char *end = ends[x->gate->bound], *gap = "";
    struct mlp_str s = MLP_STR("");
    for (int min = 1; min >= 0; min--) {
        const struct mlp_node *n = bound_node(x, min);
        if (!n)
            continue;
        s = mlp_report_text(r, "%.*s%s%s%s %.*s", MLP_STR_ARG(s), gap, end, min ? ">=" : "<=",
                            MLP_STR_ARG(n->text));
        gap = ", ";
    }
    if (x->gate->drop && x->compared)
        s = mlp_report_text(r, "%.*s%sat most %.*s worse than the champion", MLP_STR_ARG(s), gap,
                            MLP_STR_ARG(x->gate->drop->text));
    return s;
}

static struct mlp_str observation(struct mlp_report *r, const struct result *x)
{
    struct mlp_str value = figure(r, x->value);
    if (isnan(x->value))
        return MLP_STR("not defined");
    if (isnan(x->lo))
        return value;
    struct mlp_str lo = figure(r, x->lo), hi = figure(r, x->hi);
    return mlp_report_text(r, "%.*s [%.*s, %.*s]", MLP_STR_ARG(value), MLP_STR_ARG(lo),
                           MLP_STR_ARG(hi));
}

static struct mlp_str comment(struct mlp_report *r, const struct result *x)
{
    if (isnan(x->value))
        return MLP_STR("rows of one class only, or scores that are no probabilities");
    if (!x->compared)
        return MLP_STR("");
    struct mlp_str champion = figure(r, x->champion);
    struct mlp_str size = figure(r, fabs(worse(x)));
    const char *word = worse(x) > 0 ? "worse" : "better";
    if (worse(x) == 0)
        return mlp_report_text(r, "as the champion, %.*s", MLP_STR_ARG(champion));
    struct mlp_str p = isnan(x->p)   ? MLP_STR("")
                       : x->p < 1e-4 ? MLP_STR(" (p < 0.0001)")
                                     : mlp_report_text(r, " (p %.2g)", x->p);
    return mlp_report_text(r, "%.*s %s than the champion, %.*s%.*s", MLP_STR_ARG(size), word,
                           MLP_STR_ARG(champion), MLP_STR_ARG(p));
}

static void add_measures(struct mlp_report *r, struct mlp_check *c, const struct result *x)
{
    mlp_report_measure(r, c, "value", x->value);
    if (!isnan(x->lo)) {
        mlp_report_measure(r, c, "lo", x->lo);
        mlp_report_measure(r, c, "hi", x->hi);
    }
    if (x->gate->min)
        mlp_report_measure(r, c, "min", mlp_node_num(x->gate->min, 0));
    if (x->gate->max)
        mlp_report_measure(r, c, "max", mlp_node_num(x->gate->max, 0));
    if (!x->compared)
        return;
    mlp_report_measure(r, c, "champion", x->champion);
    mlp_report_measure(r, c, "difference", x->value - x->champion);
    if (!isnan(x->p))
        mlp_report_measure(r, c, "p_value", x->p);
}

static enum mlp_code add_result(struct mlp_report *r, const struct result *x, struct mlp_err *e)
{
    struct mlp_str name = mlp_str_from(x->metric->name);
    struct mlp_check check = {
        .id = name, .type = MLP_STR("metric"), .column = name, .severity = MLP_SEV_INFO,
        .observed = observation(r, x), .message = comment(r, x),
    };
    if (x->gate->node) {
        check.severity = x->gate->severity;
        check.expected = expectation(r, x);
        check.outcome = holds(x) ? MLP_PASS : MLP_FAIL;
    }
    struct mlp_check *c = mlp_report_add(r, &check);
    if (!c)
        return mlp_err_nomem(e);
    add_measures(r, c, x);
    return MLP_OK;
}

static bool measurable(const struct mlp_metric *m, const struct evaluation *v, bool asked)
{
    const struct mlp_binary *b = &v->rows;
    const void *needed[] = {[MLP_NEEDS_SCORE] = b->score, [MLP_NEEDS_PRED] = b->pred,
                            [MLP_NEEDS_SCORES] = v->more.scores, [MLP_NEEDS_COST] = v->more.cost};
    return ((m->tasks | (asked ? m->asked : 0)) & v->task) && needed[m->needs];
}

static enum mlp_code compare(struct result *x, const struct evaluation *v, struct mlp_err *e)
{
    double difference, se;
    x->compared = v->other.n > 0;
    if (!x->compared)
        return MLP_OK;
    x->champion = x->metric->fn(&v->other);
    /* Without two rows of each class, or with weights, the bootstrap's p stays. */
    if (x->metric->fn != mlp_roc_auc || v->rows.w || v->positives < 2 ||
        (double)v->rows.n - v->positives < 2)
        return MLP_OK;
    return mlp_delong(&v->rows, v->other.score, &difference, &se, &x->p, e);
}

static enum mlp_code measure(struct result *x, size_t n, const struct evaluation *v,
                             const struct mlp_resample *plan, struct mlp_err *e)
{
    mlp_metric_fn *fns[MOST_METRICS];
    struct mlp_interval intervals[MOST_METRICS];
    struct mlp_resample all = *plan;
    for (size_t i = 0; i < n; i++)
        fns[i] = x[i].metric->fn;
    all.fns = fns;
    all.nfns = n;
    all.by_error = v->task == MLP_TASK_REGRESSION;
    all.other = v->other.n ? &v->other : NULL;
    enum mlp_code code = mlp_bootstrap(&v->rows, &all, intervals, e);
    for (size_t i = 0; i < n && code == MLP_OK; i++) {
        x[i].value = x[i].metric->fn(&v->rows);
        x[i].lo = intervals[i].lo;
        x[i].hi = intervals[i].hi;
        x[i].p = intervals[i].p;
        code = compare(&x[i], v, e);
    }
    return code;
}

static void summarise(struct mlp_report *r, const struct evaluation *v, const struct result *x,
                      size_t n)
{
    size_t gates = 0, held = 0;
    for (size_t i = 0; i < n; i++) {
        gates += x[i].gate->node != NULL;
        held += x[i].gate->node && holds(&x[i]);
    }
    if (gates == 0)
        r->title = MLP_STR("Measured only: no gates were given");
    else if (held == gates)
        r->title = mlp_report_text(r, "The model passes its %zu gates", gates);
    else
        r->title = mlp_report_text(r, "The model fails %zu of %zu gates", gates - held, gates);
    mlp_report_summary(r, "rows", (double)v->rows.n);
    if (v->task == MLP_TASK_BINARY)
        mlp_report_summary(r, "positives", v->positives);
    if (v->task == MLP_TASK_MULTICLASS)
        mlp_report_summary(r, "classes", (double)v->nclasses);
}

static bool measured(const struct result *x, size_t n, const struct mlp_node *gate)
{
    for (size_t i = 0; i < n; i++)
        if (x[i].gate->node == gate)
            return true;
    return false;
}

/* A gate of a metric that no definition can measure is an error, not a silent pass. */
static enum mlp_code choose_metrics(const struct evaluation *v,
                                    const struct gate gates[MOST_METRICS],
                                    struct result x[MOST_METRICS], size_t *n,
                                    const struct mlp_doc *d, struct mlp_err *e)
{
    const struct mlp_metric *table = mlp_metric_table();
    const struct mlp_node *left = NULL;
    for (size_t i = 0; i < MOST_METRICS && table[i].name; i++) {
        if (measurable(&table[i], v, gates[i].node)) {
            x[(*n)++] = (struct result){.metric = &table[i], .gate = &gates[i]};
            left = left == gates[i].node ? NULL : left;
        } else if (gates[i].node && !measured(x, *n, gates[i].node)) {
            left = left ? left : gates[i].node;
        }
    }
    return !left ? MLP_OK
                 : mlp_node_error(d, left, e,
                                  "%.*s cannot be measured: the task or the columns are others",
                                  MLP_STR_ARG(left->key));
}

enum mlp_code model_report(struct mlp_report *r, const struct evaluation *v,
                           const struct gate gates[MOST_METRICS], const struct mlp_doc *d,
                           const struct mlp_resample *plan, struct mlp_err *e)
{
    struct result x[MOST_METRICS] = {0};
    size_t n = 0;
    enum mlp_code code = choose_metrics(v, gates, x, &n, d, e);
    if (code == MLP_OK && n == 0)
        code = mlp_err_set(e, MLP_EINPUT, "no metric can be measured from these columns");
    if (code == MLP_OK)
        code = measure(x, n, v, plan, e);
    for (size_t i = 0; i < n && code == MLP_OK; i++)
        code = add_result(r, &x[i], e);
    if (code == MLP_OK)
        summarise(r, v, x, n);
    return code;
}
