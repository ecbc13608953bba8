/* What errors cost, and the threshold that costs least. */
#include "model.h"

#include "stat/curves.h"

#include <math.h>
#include <stdlib.h>

static enum mlp_code cost_number(const struct mlp_doc *d, const struct mlp_node *n, double *out,
                                 struct mlp_err *e)
{
    *out = mlp_node_num(n, 0);
    return mlp_node_is_num(n) && isfinite(*out) ? MLP_OK
                                                : mlp_node_error(d, n, e, "a cost is a number");
}

/* Of two classes: {fp: 1, fn: 5}, what is not named costs nothing. */
static enum mlp_code read_binary(const struct mlp_doc *d, const struct mlp_node *map, double *cost,
                                 struct mlp_err *e)
{
    static const char *const known[] = {"tn", "fp", "fn", "tp", NULL};
    if (mlp_node_known(d, map, known, e) != MLP_OK)
        return e->code;
    for (size_t i = 0; i < 4; i++) {
        const struct mlp_node *n = mlp_node_get(map, known[i]);
        if (n && cost_number(d, n, &cost[i], e) != MLP_OK)
            return e->code;
    }
    return MLP_OK;
}

static enum mlp_code class_at(const struct evaluation *v, const struct mlp_doc *d,
                              const struct mlp_node *n, const struct classes *classes, size_t *out,
                              struct mlp_err *e)
{
    uint32_t found = classes_find(classes, n->key);
    if (found == NO_CLASS)
        return mlp_node_error(d, n, e, "no row is of the class \"%.*s\"", MLP_STR_ARG(n->key));
    struct mlp_str name = classes->names.entries[found].key;
    for (*out = 0; *out < v->nclasses && !mlp_str_eq(v->names[*out], name);)
        ++*out;
    return MLP_OK;
}

/* Of several: {TRUTH: {PREDICTION: cost}}. */
static enum mlp_code read_classes(struct evaluation *v, const struct mlp_doc *d,
                                  const struct mlp_node *map, const struct classes *classes,
                                  struct mlp_err *e)
{
    size_t truth, pred;
    for (const struct mlp_node *row = map->child; row; row = row->next) {
        if (row->type != MLP_DOC_MAP)
            return mlp_node_error(d, row, e, "expected costs as {TRUTH: {PREDICTION: 5}}");
        if (class_at(v, d, row, classes, &truth, e) != MLP_OK)
            return e->code;
        for (const struct mlp_node *n = row->child; n; n = n->next)
            if (class_at(v, d, n, classes, &pred, e) != MLP_OK ||
                cost_number(d, n, &v->cost[truth * v->nclasses + pred], e) != MLP_OK)
                return e->code;
    }
    return MLP_OK;
}

enum mlp_code cost_read(struct evaluation *v, const struct model_rules *rules,
                        const struct classes *classes, struct mlp_err *e)
{
    const struct mlp_node *map = rules->cost;
    const struct mlp_doc *d = rules->doc;
    size_t n = v->task == MLP_TASK_BINARY ? 2 : v->nclasses;
    if (!map)
        return MLP_OK;
    if (map->type != MLP_DOC_MAP || !map->child || v->task == MLP_TASK_REGRESSION)
        return mlp_node_error(d, map, e, "cost is of classes, as {fp: 1, fn: 5}");
    v->cost = calloc(n * n, sizeof *v->cost);
    if (!v->cost)
        return mlp_err_nomem(e);
    v->more.cost = v->other_more.cost = v->baseline_more.cost = v->cost;
    v->more.classes = v->other_more.classes = v->baseline_more.classes = n;
    return v->task == MLP_TASK_BINARY ? read_binary(d, map, v->cost, e)
                                      : read_classes(v, d, map, classes, e);
}

/* Told, not judged: a threshold that was chosen on these rows is good for them. */
enum mlp_code threshold_tell(struct telling *t, struct mlp_err *e)
{
    const struct evaluation *v = t->v;
    struct mlp_cheapest best;
    if (v->task != MLP_TASK_BINARY || !v->cost || !v->rows.score)
        return MLP_OK;
    enum mlp_code code = mlp_cheapest_threshold(&v->rows, v->cost, &best, e);
    if (code != MLP_OK)
        return code;
    struct mlp_str cost = figure(t->r, best.cost);
    struct mlp_check check = {
        .id = MLP_STR("best_threshold"), .type = MLP_STR("threshold"), .severity = MLP_SEV_INFO,
        .observed = isinf(best.threshold)
                        ? mlp_report_text(t->r, "none: cost %.*s", MLP_STR_ARG(cost))
                        : mlp_report_text(t->r, "%.6g: cost %.*s", best.threshold,
                                          MLP_STR_ARG(cost)),
        .message = MLP_STR("the least expected cost of these rows; confirm it on others"),
    };
    struct mlp_check *c = tell(t, &check, false);
    if (!c)
        return mlp_err_nomem(e);
    mlp_report_measure(t->r, c, "threshold", best.threshold);
    mlp_report_measure(t->r, c, "cost", best.cost);
    return MLP_OK;
}
