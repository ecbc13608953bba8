/* Measuring a family of metrics, and one check for each in the report. */
#include "model.h"

#include <math.h>

struct mlp_str figure(struct mlp_report *r, double v)
{
    double size = fabs(v);
    return mlp_report_text(r, size >= 0.001 && size < 1000 ? "%.4f" : "%.4g", v);
}

struct mlp_check *tell(struct telling *t, const struct mlp_check *check, bool gated)
{
    t->gates += gated;
    t->held += gated && check->outcome == MLP_PASS;
    return mlp_report_add(t->r, check);
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

/* The most that it can be worse, at the interval's level. */
static double worse_at_most(const struct result *x)
{
    return x->metric->best == MLP_BEST_HIGH ? -x->delta_lo : x->delta_hi;
}

/* How much better than the baseline the figure that bounds are compared with is. */
static double gained(const struct result *x)
{
    double gain = bound_value(x) - x->baseline;
    return x->metric->best == MLP_BEST_HIGH ? gain : -gain;
}

/* A number, or a share of the champion's figure. */
static double allowed(const struct mlp_node *n, const struct result *x)
{
    if (mlp_node_is_num(n))
        return mlp_node_num(n, 0);
    struct mlp_str s = mlp_node_str(n, "");
    return number_of((struct mlp_str){s.p, s.n - 1}) / 100 * fabs(x->champion);
}

static bool holds_to_champion(const struct result *x)
{
    const struct gate *g = x->gate;
    if (!x->compared)
        return true;
    if (g->drop && !(worse(x) <= allowed(g->drop, x)))
        return false;
    if (g->margin && !(worse_at_most(x) < allowed(g->margin, x)))
        return false;
    return !g->alpha || worse(x) <= 0 || x->p >= mlp_node_num(g->alpha, 0);
}

/* Written so that a figure that is not defined fails. */
static bool holds(const struct result *x)
{
    const struct gate *g = x->gate;
    if (g->min && !(bound_value(x) >= mlp_node_num(g->min, 0)))
        return false;
    if (g->max && !(bound_value(x) <= mlp_node_num(g->max, 0)))
        return false;
    if (g->gain && !(gained(x) >= mlp_node_num(g->gain, 0)))
        return false;
    return holds_to_champion(x);
}

static void expect(struct mlp_report *r, struct mlp_str *s, const char *words,
                   const struct mlp_node *n, const char *after)
{
    if (n)
        *s = mlp_report_text(r, "%.*s%s%s %.*s%s", MLP_STR_ARG(*s), s->n ? ", " : "", words,
                             MLP_STR_ARG(n->text), after);
}

static struct mlp_str expectation(struct mlp_report *r, const struct result *x)
{
    static const char *const least[] = {">=", "lower end >=", "upper end >="};
    static const char *const most[] = {"<=", "lower end <=", "upper end <="};
    const struct gate *g = x->gate;
    struct mlp_str s = MLP_STR("");
    expect(r, &s, least[g->bound], g->min, "");
    expect(r, &s, most[g->bound], g->max, "");
    expect(r, &s, "at least", g->gain, " better than the baseline");
    if (!x->compared)
        return s;
    expect(r, &s, "at most", g->drop, " worse than the champion");
    expect(r, &s, "surely less than", g->margin, " worse than the champion");
    expect(r, &s, "not worse than the champion at the level", g->alpha, "");
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
        return x->gate->drop || x->gate->margin || x->gate->alpha
                   ? MLP_STR("not compared: there is no --champion") : MLP_STR("");
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
    if (x->based && !isnan(x->baseline))
        mlp_report_measure(r, c, "baseline", x->baseline);
    if (!x->compared)
        return;
    mlp_report_measure(r, c, "champion", x->champion);
    mlp_report_measure(r, c, "difference", x->value - x->champion);
    if (!isnan(x->delta_lo)) {
        mlp_report_measure(r, c, "difference_lo", x->delta_lo);
        mlp_report_measure(r, c, "difference_hi", x->delta_hi);
    }
    if (!isnan(x->p))
        mlp_report_measure(r, c, "p_value", x->p);
}

/* A gate may have slices alone, or compare with a champion that there is not, and then says nothing
 * of all rows. */
static bool is_gated(const struct result *x)
{
    const struct gate *g = x->gate;
    return g->min || g->max || g->gain || (x->compared && (g->drop || g->margin || g->alpha));
}

static enum mlp_code tell_result(struct telling *t, const struct family *f, const struct result *x,
                                 struct mlp_err *e)
{
    struct mlp_str name = mlp_str_from(x->metric->name);
    struct mlp_check check = {
        .id = name, .type = MLP_STR("metric"), .column = name, .severity = MLP_SEV_INFO,
        .observed = observation(t->r, x), .message = comment(t->r, x), .slice = f->slice,
    };
    if (f->slice.n)
        check.id = mlp_report_text(t->r, "%.*s/%.*s", MLP_STR_ARG(f->slice), MLP_STR_ARG(name));
    if (is_gated(x)) {
        check.severity = x->gate->severity;
        check.expected = expectation(t->r, x);
        check.outcome = holds(x) ? MLP_PASS : MLP_FAIL;
    }
    struct mlp_check *c = tell(t, &check, is_gated(x));
    if (!c)
        return mlp_err_nomem(e);
    add_measures(t->r, c, x);
    if (x->compared)
        compare_tests(t->r, c, x, f);
    return MLP_OK;
}

enum mlp_code family_tell(struct telling *t, const struct family *f, const struct result *x,
                          size_t n, struct mlp_err *e)
{
    enum mlp_code code = MLP_OK;
    for (size_t i = 0; i < n && code == MLP_OK; i++)
        code = tell_result(t, f, &x[i], e);
    return code;
}

bool measurable(const struct mlp_metric *m, const struct mlp_binary *b, unsigned task, bool asked)
{
    const struct mlp_metric_more *more = b->more;
    const void *needed[] = {[MLP_NEEDS_SCORE] = b->score, [MLP_NEEDS_PRED] = b->pred,
                            [MLP_NEEDS_SCORES] = more->scores, [MLP_NEEDS_COST] = more->cost};
    return ((m->tasks | (asked ? m->asked : 0)) & task) && needed[m->needs];
}

static bool measured(const struct result *x, size_t n, const struct mlp_node *gate)
{
    for (size_t i = 0; i < n; i++)
        if (x[i].gate->node == gate)
            return true;
    return false;
}

/* A gate of a metric that no definition can measure is an error, not a silent pass. */
enum mlp_code family_choose(const struct family *f, struct result x[MOST_METRICS], size_t *n,
                            const struct mlp_doc *d, struct mlp_err *e)
{
    const struct mlp_node *left = NULL;
    for (size_t i = 0; i < MOST_METRICS && f->table[i].name; i++) {
        const struct mlp_node *node = f->gates[i].node;
        if (measurable(&f->table[i], &f->rows, f->v->task, node)) {
            x[(*n)++] = (struct result){.metric = &f->table[i], .gate = &f->gates[i]};
            left = left == node ? NULL : left;
        } else if (node && !measured(x, *n, node)) {
            left = left ? left : node;
        }
    }
    return !left ? MLP_OK
                 : mlp_node_error(d, left, e,
                                  "%.*s cannot be measured: the task or the columns are others",
                                  MLP_STR_ARG(left->key));
}

enum mlp_code family_measure(struct result *x, size_t n, const struct family *f,
                             const struct mlp_resample *plan, struct mlp_err *e)
{
    mlp_metric_fn *fns[MOST_METRICS];
    struct mlp_interval intervals[MOST_METRICS];
    struct mlp_resample all = *plan;
    for (size_t i = 0; i < n; i++)
        fns[i] = x[i].metric->fn;
    all.fns = fns;
    all.nfns = n;
    all.order = f->order;
    all.other = f->other.n ? &f->other : NULL;
    enum mlp_code code = mlp_bootstrap(&f->rows, &all, intervals, e);
    for (size_t i = 0; i < n && code == MLP_OK; i++) {
        x[i].value = x[i].metric->fn(&f->rows);
        x[i].lo = intervals[i].lo;
        x[i].hi = intervals[i].hi;
        x[i].p = intervals[i].p;
        x[i].delta_lo = intervals[i].delta_lo;
        x[i].delta_hi = intervals[i].delta_hi;
        x[i].based = f->baseline.n > 0;
        x[i].baseline = x[i].based ? x[i].metric->fn(&f->baseline) : (double)NAN;
        x[i].compared = f->other.n > 0;
        x[i].champion = x[i].compared ? x[i].metric->fn(&f->other) : (double)NAN;
        if (x[i].compared)
            code = compare_p(&x[i], f, e);
    }
    return code;
}
