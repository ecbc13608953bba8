/* Metrics of the slices of a column: each of them, the worst, and the gap between them. */
#include "model.h"

#include <math.h>
#include <stdlib.h>

/* The rows of one slice, copied. */
struct subset {
    struct mlp_binary rows;
    struct mlp_metric_more more;
    double *memory, *scores;
    size_t *order;
};

static void copy_column(const struct mlp_binary *from, const struct groups *g, size_t slice,
                        const double *column, double *to)
{
    size_t n = 0;
    for (size_t i = 0; i < from->n && column; i++)
        if (g->code[i] == slice)
            to[n++] = column[i];
}

static bool copy_scores(struct subset *s, const struct mlp_binary *b, const struct groups *g,
                        size_t slice)
{
    size_t classes = b->more->classes, n = 0;
    if (!b->more->scores)
        return true;
    s->scores = calloc(s->rows.n * classes + 1, sizeof *s->scores);
    for (size_t i = 0; i < b->n && s->scores; i++)
        if (g->code[i] == slice)
            memcpy(s->scores + n++ * classes, b->more->scores + i * classes,
                   classes * sizeof *s->scores);
    if (s->scores)
        s->order = mlp_class_order(s->scores, s->rows.n, classes);
    s->more.scores = s->scores;
    s->more.order = s->order;
    return s->order != NULL;
}

static bool subset_make(struct subset *s, const struct mlp_binary *b, const struct groups *g,
                        size_t slice)
{
    size_t n = g->rows[slice];
    *s = (struct subset){.memory = calloc(4 * n + 1, sizeof(double)), .more = *b->more};
    double *m = s->memory;
    if (!m)
        return false;
    s->rows = (struct mlp_binary){n, m, b->score ? m + n : NULL, b->pred ? m + 2 * n : NULL,
                                  b->w ? m + 3 * n : NULL, &s->more};
    copy_column(b, g, slice, b->y, m);
    copy_column(b, g, slice, b->score, m + n);
    copy_column(b, g, slice, b->pred, m + 2 * n);
    copy_column(b, g, slice, b->w, m + 3 * n);
    return copy_scores(s, b, g, slice);
}

static void subset_fini(struct subset *s)
{
    free(s->memory);
    free(s->scores);
    free(s->order);
}

/* The slices of one column under one metric. */
struct sliced {
    struct telling *t;
    const struct result *x;
    const struct groups *g;
    struct mlp_str column;
    size_t worst, best, judged, small;
    struct result most;       /* the worst slice */
    double least;             /* the best slice's figure */
};

static double badness(const struct mlp_metric *m, double v)
{
    return m->best == MLP_BEST_HIGH ? -v : m->best == MLP_BEST_LOW ? v : fabs(v);
}

static struct mlp_str slice_name(struct sliced *s, size_t slice)
{
    struct mlp_str value = *(const struct mlp_str *)mlp_vec_at(&s->g->names, slice);
    return mlp_report_text(s->t->r, "%.*s=%.*s", MLP_STR_ARG(s->column), MLP_STR_ARG(value));
}

static struct mlp_str with_interval(struct mlp_report *r, const struct result *x)
{
    struct mlp_str value = figure(r, x->value), lo = figure(r, x->lo), hi = figure(r, x->hi);
    if (isnan(x->value))
        return MLP_STR("not defined");
    return isnan(x->lo) ? value : mlp_report_text(r, "%.*s [%.*s, %.*s]", MLP_STR_ARG(value),
                                                  MLP_STR_ARG(lo), MLP_STR_ARG(hi));
}

static enum mlp_code tell_slice(struct sliced *s, size_t slice, const struct result *x,
                                struct mlp_err *e)
{
    struct mlp_report *r = s->t->r;
    struct mlp_str name = slice_name(s, slice), metric = mlp_str_from(x->metric->name);
    struct mlp_str observed = with_interval(r, x);
    struct mlp_check check = {
        .id = mlp_report_text(r, "%s/%.*s", x->metric->name, MLP_STR_ARG(name)),
        .type = MLP_STR("slice"), .column = metric, .slice = name, .severity = MLP_SEV_INFO,
        .observed = mlp_report_text(r, "%.*s of %zu rows", MLP_STR_ARG(observed),
                                    s->g->rows[slice]),
    };
    struct mlp_check *c = tell(s->t, &check, false);
    if (!c)
        return mlp_err_nomem(e);
    mlp_report_measure(r, c, "rows", (double)s->g->rows[slice]);
    mlp_report_measure(r, c, "value", x->value);
    if (!isnan(x->lo)) {
        mlp_report_measure(r, c, "lo", x->lo);
        mlp_report_measure(r, c, "hi", x->hi);
    }
    return MLP_OK;
}

static enum mlp_code measure_slice(struct sliced *s, size_t slice, struct mlp_err *e)
{
    const struct evaluation *v = s->t->v;
    struct subset part;
    struct result x = {.metric = s->x->metric, .gate = s->x->gate};
    enum mlp_code code = subset_make(&part, &v->rows, s->g, slice) ? MLP_OK : mlp_err_nomem(e);
    struct family f = {.rows = part.rows, .v = v, .order = v->task == MLP_TASK_REGRESSION
                                                               ? MLP_BY_ERROR : MLP_BY_SCORE};
    if (code == MLP_OK)
        code = family_measure(&x, 1, &f, s->t->plan, e);
    if (code == MLP_OK)
        code = tell_slice(s, slice, &x, e);
    subset_fini(&part);
    if (code != MLP_OK || isnan(x.value))
        return code;
    if (s->judged == 0 || badness(x.metric, x.value) > badness(x.metric, s->most.value)) {
        s->worst = slice;
        s->most = x;
    }
    if (s->judged == 0 || badness(x.metric, x.value) < badness(x.metric, s->least)) {
        s->best = slice;
        s->least = x.value;
    }
    s->judged++;
    return MLP_OK;
}

/* Adds the check `what` of the gate's member n; figures that are not there fail. */
static enum mlp_code tell_gate(struct sliced *s, const char *what, struct mlp_check *check,
                               double value, struct mlp_err *e)
{
    const char *name = s->x->metric->name;
    check->id = mlp_report_text(s->t->r, "%s/%.*s/%s", name, MLP_STR_ARG(s->column), what);
    check->type = MLP_STR("slice");
    check->column = mlp_str_from(name);
    check->severity = s->x->gate->severity;
    if (s->judged == 0) {
        check->outcome = MLP_FAIL;
        check->observed = MLP_STR("not defined");
        check->message = mlp_report_text(s->t->r, "no slice has %zu rows", s->t->rules->least);
    }
    struct mlp_check *c = tell(s->t, check, true);
    if (!c)
        return mlp_err_nomem(e);
    mlp_report_measure(s->t->r, c, "value", value);
    return MLP_OK;
}

static enum mlp_code tell_worst(struct sliced *s, struct mlp_err *e)
{
    static const char *const ends[] = {"", "lower end ", "upper end "};
    const struct gate *g = s->x->gate;
    bool high = s->x->metric->best == MLP_BEST_HIGH;
    double value = g->bound == BOUND_LOWER   ? s->most.lo
                   : g->bound == BOUND_UPPER ? s->most.hi
                                             : s->most.value;
    double limit = mlp_node_num(g->worst, 0);
    if (!g->worst)
        return MLP_OK;
    struct mlp_check check = {
        .outcome = (high ? value >= limit : value <= limit) ? MLP_PASS : MLP_FAIL,
        .slice = s->judged ? slice_name(s, s->worst) : MLP_STR(""),
        .observed = with_interval(s->t->r, &s->most),
        .expected = mlp_report_text(s->t->r, "%s%s %.*s", ends[g->bound], high ? ">=" : "<=",
                                    MLP_STR_ARG(g->worst->text)),
    };
    return tell_gate(s, "worst", &check, value, e);
}

static enum mlp_code tell_gap(struct sliced *s, struct mlp_err *e)
{
    const struct gate *g = s->x->gate;
    double gap = fabs(s->most.value - s->least);
    if (!g->gap)
        return MLP_OK;
    struct mlp_check check = {
        .outcome = gap <= mlp_node_num(g->gap, 0) ? MLP_PASS : MLP_FAIL,
        .slice = s->column, .observed = figure(s->t->r, gap),
        .expected = mlp_report_text(s->t->r, "<= %.*s", MLP_STR_ARG(g->gap->text)),
    };
    if (s->judged > 0) {
        struct mlp_str low = slice_name(s, s->worst), high = slice_name(s, s->best);
        check.message = mlp_report_text(s->t->r, "from %.*s to %.*s", MLP_STR_ARG(low),
                                        MLP_STR_ARG(high));
    }
    return tell_gate(s, "gap", &check, gap, e);
}

static enum mlp_code slice_column(struct telling *t, const struct result *x, struct mlp_str column,
                                  struct mlp_err *e)
{
    struct groups g;
    struct sliced s = {.t = t, .x = x, .g = &g, .column = column};
    s.most = (struct result){.value = (double)NAN, .lo = (double)NAN, .hi = (double)NAN};
    s.least = (double)NAN;
    enum mlp_code code = groups_make(&g, facet_find(t->p, column), e);
    for (size_t k = 0; k < g.n && code == MLP_OK; k++) {
        s.small += g.rows[k] > 0 && g.rows[k] < t->rules->least;
        if (g.rows[k] >= t->rules->least)
            code = measure_slice(&s, k, e);
    }
    if (code == MLP_OK)
        code = tell_worst(&s, e);
    if (code == MLP_OK)
        code = tell_gap(&s, e);
    if (code == MLP_OK && s.small)
        mlp_report_summary(t->r, "small_slices", (double)s.small);
    groups_fini(&g);
    return code;
}

/* What --slice shows where no gate says which metrics matter. */
static bool is_headline(const struct mlp_metric *m)
{
    static const char *const names[] = {"roc_auc", "accuracy", "f1", "f1_macro", "mae", NULL};
    for (size_t i = 0; names[i]; i++)
        if (strcmp(m->name, names[i]) == 0)
            return true;
    return false;
}

enum mlp_code slices_tell(struct telling *t, const struct result *x, size_t n, struct mlp_err *e)
{
    enum mlp_code code = MLP_OK;
    const char *column;
    for (size_t i = 0; i < n && code == MLP_OK; i++) {
        const struct mlp_node *list = x[i].gate->slices;
        for (const struct mlp_node *c = list ? list->child : NULL; c && code == MLP_OK; c = c->next)
            code = slice_column(t, &x[i], c->text, e);
        if (list || (t->gates ? !x[i].gate->node : !is_headline(x[i].metric)))
            continue;
        for (size_t k = 0; code == MLP_OK &&
                           (column = mlp_opt_nth(t->asked->cmd, t->asked->slice, k)) != NULL; k++)
            code = slice_column(t, &x[i], mlp_str_from(column), e);
    }
    return code;
}
