/* Fairness between the groups of a column. */
#include "model.h"

#include "stat/groups.h"

#include <math.h>
#include <stdlib.h>

/* Rates of one group, for people; the differences are the metrics. */
static enum mlp_code tell_group(struct telling *t, const struct groups *g, size_t k,
                                struct mlp_str column, struct mlp_err *e)
{
    const struct mlp_binary *b = &t->v->rows;
    double rows = 0, positives = 0, chosen = 0, hits = 0, scores = 0;
    for (size_t i = 0; i < b->n; i++) {
        double w = g->code[i] == k ? b->w ? b->w[i] : 1 : 0, pred = b->pred ? b->pred[i] : 0;
        rows += w;
        positives += w * b->y[i];
        chosen += w * pred;
        hits += w * pred * b->y[i];
        scores += b->score ? w * b->score[i] : 0;
    }
    struct mlp_str value = *(const struct mlp_str *)mlp_vec_at(&g->names, k);
    struct mlp_str name = mlp_report_text(t->r, "%.*s=%.*s", MLP_STR_ARG(column),
                                          MLP_STR_ARG(value));
    struct mlp_check check = {
        .id = mlp_report_text(t->r, "fairness/%.*s", MLP_STR_ARG(name)),
        .type = MLP_STR("fairness"), .column = column, .slice = name, .severity = MLP_SEV_INFO,
        .observed = mlp_report_text(t->r, "chosen %.1f %% of %zu rows, positive %.1f %%",
                                    100 * chosen / rows, g->rows[k], 100 * positives / rows),
    };
    struct mlp_check *c = tell(t, &check, false);
    if (!c)
        return mlp_err_nomem(e);
    mlp_report_measure(t->r, c, "rows", (double)g->rows[k]);
    mlp_report_measure(t->r, c, "selection_rate", chosen / rows);
    mlp_report_measure(t->r, c, "positive_rate", positives / rows);
    mlp_report_measure(t->r, c, "true_positive_rate", hits / positives);
    mlp_report_measure(t->r, c, "false_positive_rate", (chosen - hits) / (rows - positives));
    if (b->score)
        mlp_report_measure(t->r, c, "mean_score", scores / rows);
    return MLP_OK;
}

static enum mlp_code read_gates(const struct telling *t, const struct mlp_node *map,
                                struct gate gates[MOST_METRICS], struct mlp_err *e)
{
    const struct mlp_metric *table = mlp_fairness_table();
    const struct mlp_doc *d = t->rules->doc;
    if (map && (map->type != MLP_DOC_MAP || !map->child))
        return mlp_node_error(d, map, e,
                              "expected a map, as {demographic_parity_difference: {max: 0.1}}");
    if (map && names_known(d, map, table, e) != MLP_OK)
        return e->code;
    for (size_t i = 0; table[i].name; i++) {
        const struct mlp_node *node = mlp_node_get(map, table[i].name);
        if (node && gate_read(d, node, &gates[i], e) != MLP_OK)
            return e->code;
        if (gates[i].slices || gates[i].gain)
            return mlp_node_error(d, node, e, "fairness has neither slices nor gain");
    }
    return MLP_OK;
}

static enum mlp_code measure(struct telling *t, struct mlp_str column, const uint32_t *group,
                             size_t groups, const struct gate *gates, struct mlp_err *e)
{
    const struct evaluation *v = t->v;
    struct mlp_metric_more more = {.group = group, .groups = groups};
    struct result x[MOST_METRICS] = {0};
    size_t n = 0;
    struct family f = {mlp_fairness_table(), gates, v->rows, v->other, {0}, v, MLP_AS_THEY_ARE,
                       column};
    f.rows.more = f.other.more = &more;
    enum mlp_code code = family_choose(&f, x, &n, t->rules->doc, e);
    if (code == MLP_OK)
        code = family_measure(x, n, &f, t->plan, e);
    return code == MLP_OK ? family_tell(t, &f, x, n, e) : code;
}

static enum mlp_code tell_column(struct telling *t, struct mlp_str column,
                                 const struct mlp_node *map, struct mlp_err *e)
{
    struct gate gates[MOST_METRICS] = {0};
    struct groups g = {0};
    if (t->v->task != MLP_TASK_BINARY)
        return mlp_err_set(e, MLP_EINPUT, "fairness is measured where there are two classes");
    enum mlp_code code = read_gates(t, map, gates, e);
    if (code == MLP_OK)
        code = groups_make(&g, facet_find(t->p, column), e);
    for (size_t k = 0; k < g.n && code == MLP_OK; k++)
        if (g.rows[k] >= t->rules->least)
            code = tell_group(t, &g, k, column, e);
    for (size_t i = 0; i < t->v->rows.n && code == MLP_OK; i++)
        if (g.rows[g.code[i]] < t->rules->least)
            g.code[i] = UINT32_MAX;
    if (code == MLP_OK)
        code = measure(t, column, g.code, g.n, gates, e);
    groups_fini(&g);
    return code;
}

enum mlp_code fairness_tell(struct telling *t, struct mlp_err *e)
{
    const struct mlp_node *map = t->rules->fairness;
    enum mlp_code code = MLP_OK;
    const char *column;
    if (map && (map->type != MLP_DOC_MAP || !map->child))
        return mlp_node_error(t->rules->doc, map, e, "expected fairness: {COLUMN: {...}}");
    for (const struct mlp_node *c = map ? map->child : NULL; c && code == MLP_OK; c = c->next)
        code = tell_column(t, c->key, c, e);
    for (size_t k = 0; code == MLP_OK &&
                       (column = mlp_opt_nth(t->asked->cmd, t->asked->sensitive, k)) != NULL; k++)
        if (!mlp_node_get(map, column))
            code = tell_column(t, mlp_str_from(column), NULL, e);
    return code;
}
