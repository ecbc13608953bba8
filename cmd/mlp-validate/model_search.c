/* The groups of rows that the model serves worst. */
#include "model.h"

#include "stat/groups.h"

#include <math.h>
#include <stdlib.h>

#define MOST_FOUND 500
#define MOST_TOLD 5

struct search {
    struct telling *t;
    struct mlp_search s;
    struct groups *groups;
    struct mlp_grouping *groupings;
    const struct facet **facets;
    double *loss;
    double alpha, gap;
    enum mlp_severity severity;
    bool gated;
};

/* 0 or 1 for a class, the size of the error for a number. */
static void measure_losses(struct search *s)
{
    const struct mlp_binary *b = &s->t->v->rows;
    s->s.errors = s->t->v->task != MLP_TASK_REGRESSION;
    for (size_t i = 0; i < b->n; i++)
        s->loss[i] = s->s.errors ? b->pred[i] != b->y[i] : fabs(b->score[i] - b->y[i]);
}

static enum mlp_code read_rules(struct search *s, struct mlp_err *e)
{
    static const char *const known[] = {"columns", "min_rows", "alpha", "gap", "severity", NULL};
    const struct mlp_node *map = s->t->rules->subgroups, *alpha, *gap, *least;
    const struct mlp_doc *d = s->t->rules->doc;
    s->alpha = 0.05;
    s->s.least = s->t->rules->least;
    s->gated = map != NULL;
    if (!map)
        return MLP_OK;
    const struct mlp_node *columns = mlp_node_get(map, "columns");
    if (columns && (columns->type != MLP_DOC_LIST || !columns->child))
        return mlp_node_error(d, columns, e, "columns takes a list");
    if (map->type != MLP_DOC_MAP)
        return mlp_node_error(d, map, e, "expected a map, as {columns: [a, b], alpha: 0.05}");
    if (mlp_node_known(d, map, known, e) != MLP_OK ||
        number_read(d, map, "alpha", &alpha, e) != MLP_OK ||
        number_read(d, map, "gap", &gap, e) != MLP_OK ||
        number_read(d, map, "min_rows", &least, e) != MLP_OK)
        return e->code;
    s->alpha = mlp_node_num(alpha, 0.05);
    s->gap = mlp_node_num(gap, 0);
    double rows = mlp_node_num(least, (double)s->s.least);
    if (!(rows >= 1 && rows < 1e15))
        return mlp_node_error(d, least, e, "min_rows takes a whole number from 1");
    s->s.least = (size_t)rows;
    s->severity = mlp_str_is(mlp_node_str(mlp_node_get(map, "severity"), ""), "warn")
                      ? MLP_SEV_WARN : MLP_SEV_ERROR;
    return MLP_OK;
}

static bool is_searched(const struct search *s, const struct facet *f)
{
    const struct mlp_node *list = mlp_node_get(s->t->rules->subgroups, "columns");
    const struct mlp_node *times = mlp_node_get(s->t->rules->latency, "column");
    const char *asked = s->t->asked->latency;
    if ((times && mlp_str_eq(times->text, f->name)) ||
        (asked && mlp_str_is(f->name, asked)))
        return false;
    for (const struct mlp_node *n = list ? list->child : NULL; n; n = n->next)
        if (mlp_str_eq(n->text, f->name))
            return true;
    return !list;
}

static enum mlp_code make_groups(struct search *s, struct mlp_err *e)
{
    size_t n = s->t->p->facets.n, used = 0;
    s->groups = calloc(n + 1, sizeof *s->groups);
    s->groupings = calloc(n + 1, sizeof *s->groupings);
    s->facets = calloc(n + 1, sizeof *s->facets);
    s->loss = calloc(s->t->v->rows.n + 1, sizeof *s->loss);
    if (!s->groups || !s->groupings || !s->facets || !s->loss)
        return mlp_err_nomem(e);
    for (size_t i = 0; i < n; i++) {
        const struct facet *f = mlp_vec_at(&s->t->p->facets, i);
        if (!is_searched(s, f))
            continue;
        s->facets[used] = f;
        if (groups_make(&s->groups[used], f, e) != MLP_OK)
            return e->code;
        s->groupings[used] = (struct mlp_grouping){s->groups[used].code, s->groups[used].n};
        used++;
    }
    s->s.ngroupings = used;
    s->s.groupings = s->groupings;
    s->s.rows = s->t->v->rows.n;
    s->s.loss = s->loss;
    s->s.pairs = true;
    return MLP_OK;
}

static struct mlp_str condition(const struct search *s, size_t grouping, uint32_t code)
{
    struct mlp_str value = *(const struct mlp_str *)mlp_vec_at(&s->groups[grouping].names, code);
    return mlp_report_text(s->t->r, "%.*s=%.*s", MLP_STR_ARG(s->facets[grouping]->name),
                           MLP_STR_ARG(value));
}

static struct mlp_str group_name(const struct search *s, const struct mlp_subgroup *g)
{
    struct mlp_str a = condition(s, g->a, g->code_a);
    if (g->b == SIZE_MAX)
        return a;
    struct mlp_str b = condition(s, g->b, g->code_b);
    return mlp_report_text(s->t->r, "%.*s, %.*s", MLP_STR_ARG(a), MLP_STR_ARG(b));
}

static enum mlp_code tell_group(struct search *s, const struct mlp_subgroup *g, size_t place,
                                size_t looked, struct mlp_err *e)
{
    struct mlp_report *r = s->t->r;
    bool sure = g->adjusted < s->alpha && g->mean - g->rest > s->gap;
    bool gated = s->gated && (sure || place == 0);
    const char *what = s->s.errors ? "errors" : "mean error";
    double scale = s->s.errors ? 100 : 1;
    struct mlp_check check = {
        .id = mlp_report_text(r, "subgroup/%zu", place + 1), .type = MLP_STR("subgroup"),
        .slice = group_name(s, g), .severity = gated ? s->severity : MLP_SEV_INFO,
        .outcome = gated && sure ? MLP_FAIL : MLP_PASS,
        .observed = mlp_report_text(r, "%s %.4g%s in %zu rows, %.4g%s in the rest", what,
                                    scale * g->mean, s->s.errors ? " %" : "", g->rows,
                                    scale * g->rest, s->s.errors ? " %" : ""),
        .message = mlp_report_text(r, "p %.2g, adjusted for %zu groups looked at", g->adjusted,
                                   looked),
    };
    if (gated)
        check.expected = mlp_report_text(r, "no surely worse group (p < %g) by over %g", s->alpha,
                                         s->gap);
    struct mlp_check *c = tell(s->t, &check, gated);
    if (!c)
        return mlp_err_nomem(e);
    mlp_report_measure(r, c, "rows", (double)g->rows);
    mlp_report_measure(r, c, "mean", g->mean);
    mlp_report_measure(r, c, "rest", g->rest);
    mlp_report_measure(r, c, "p_value", g->p);
    mlp_report_measure(r, c, "adjusted_p", g->adjusted);
    mlp_report_measure(r, c, "groups", (double)looked);
    return MLP_OK;
}

static enum mlp_code tell_found(struct search *s, struct mlp_err *e)
{
    struct mlp_subgroup *found = calloc(MOST_FOUND, sizeof *found);
    size_t n = 0, looked = 0;
    struct mlp_check none = {.id = MLP_STR("subgroup"), .type = MLP_STR("subgroup"),
                             .severity = s->severity, .observed = MLP_STR("no group is worse")};
    enum mlp_code code = found ? MLP_OK : mlp_err_nomem(e);
    if (code == MLP_OK)
        code = mlp_subgroup_search(&s->s, MOST_FOUND, found, &n, &looked, e);
    for (size_t i = 0; i < n && i < MOST_TOLD && code == MLP_OK; i++)
        code = tell_group(s, &found[i], i, looked, e);
    if (code == MLP_OK && s->gated && n == 0 && !tell(s->t, &none, true))
        code = mlp_err_nomem(e);
    if (code == MLP_OK)
        mlp_report_summary(s->t->r, "subgroups_searched", (double)looked);
    if (code == MLP_OK && s->gated && looked == 0)
        code = mlp_node_error(s->t->rules->doc, s->t->rules->subgroups, e,
                              "no group has %zu rows: nothing was searched", s->s.least);
    free(found);
    return code;
}

enum mlp_code subgroups_tell(struct telling *t, struct mlp_err *e)
{
    struct search s = {.t = t};
    if (!t->rules->subgroups && !t->asked->subgroups)
        return MLP_OK;
    if (t->v->task != MLP_TASK_REGRESSION && !t->v->rows.pred)
        return mlp_err_set(e, MLP_EINPUT, "the search for subgroups needs predictions");
    enum mlp_code code = read_rules(&s, e);
    if (code == MLP_OK)
        code = make_groups(&s, e);
    if (code == MLP_OK) {
        measure_losses(&s);
        code = tell_found(&s, e);
    }
    for (size_t i = 0; s.groups && i < t->p->facets.n; i++)
        groups_fini(&s.groups[i]);
    free(s.groups);
    free(s.groupings);
    free(s.facets);
    free(s.loss);
    return code;
}
