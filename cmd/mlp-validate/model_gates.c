/* The gates of a model, as the rules file has them. */
#include "model.h"

#include <math.h>

static enum mlp_code number(const struct mlp_doc *d, const struct mlp_node *map, const char *name,
                            const struct mlp_node **out, struct mlp_err *e)
{
    *out = mlp_node_get(map, name);
    if (*out && (!mlp_node_is_num(*out) || !isfinite(mlp_node_num(*out, 0))))
        return mlp_node_error(d, *out, e, "%s takes a number", name);
    return MLP_OK;
}

static enum mlp_code choice(const struct mlp_doc *d, const struct mlp_node *map, const char *name,
                            const char *const names[4], int *out, struct mlp_err *e)
{
    const struct mlp_node *n = mlp_node_get(map, name);
    *out = 0;
    if (!n)
        return MLP_OK;
    for (int i = 0; i < 3; i++)
        if (mlp_str_is(mlp_node_str(n, ""), names[i])) {
            *out = i;
            return MLP_OK;
        }
    return mlp_node_error(d, n, e, "%s is %s, %s or %s", name, names[0], names[1], names[2]);
}

static enum mlp_code read_gate(const struct mlp_doc *d, const struct mlp_node *map, struct gate *g,
                               struct mlp_err *e)
{
    static const char *const known[] = {"min", "max", "drop", "bound", "severity", NULL};
    static const char *const bounds[] = {"value", "lower", "upper", NULL};
    static const char *const severities[] = {"error", "warn", "info", NULL};
    int bound = 0, severity = 0;
    if (map->type != MLP_DOC_MAP)
        return mlp_node_error(d, map, e, "expected a map, as {min: 0.7, drop: 0.01}");
    if (mlp_node_known(d, map, known, e) != MLP_OK || number(d, map, "min", &g->min, e) != MLP_OK ||
        number(d, map, "max", &g->max, e) != MLP_OK ||
        number(d, map, "drop", &g->drop, e) != MLP_OK ||
        choice(d, map, "bound", bounds, &bound, e) != MLP_OK ||
        choice(d, map, "severity", severities, &severity, e) != MLP_OK)
        return e->code;
    if (!g->min && !g->max && !g->drop)
        return mlp_node_error(d, map, e, "a gate needs min, max or drop");
    g->node = map;
    g->bound = (enum gate_bound)bound;
    g->severity = (enum mlp_severity)severity;
    return MLP_OK;
}

enum mlp_code gates_read(const struct mlp_doc *d, struct gate gates[MOST_METRICS],
                         struct mlp_err *e)
{
    static const char *const known[] = {"metrics", NULL};
    const struct mlp_node *model = mlp_node_get(d->root, "model");
    const struct mlp_node *metrics = mlp_node_get(model, "metrics");
    const struct mlp_metric *table = mlp_metric_table();
    const char *names[MOST_METRICS + 1] = {NULL};
    for (size_t i = 0; i < MOST_METRICS && table[i].name; i++)
        names[i] = table[i].name;
    if (!model || model->type != MLP_DOC_MAP)
        return mlp_node_error(d, model, e, "no section \"model:\", as mlp-rules(5) shows");
    if (mlp_node_known(d, model, known, e) != MLP_OK)
        return e->code;
    if (!metrics || metrics->type != MLP_DOC_MAP || !metrics->child)
        return mlp_node_error(d, metrics ? metrics : model, e, "expected metrics: {NAME: {...}}");
    if (mlp_node_known(d, metrics, names, e) != MLP_OK)
        return e->code;
    for (size_t i = 0; names[i]; i++) {
        const struct mlp_node *map = mlp_node_get(metrics, names[i]);
        if (map && read_gate(d, map, &gates[i], e) != MLP_OK)
            return e->code;
    }
    return MLP_OK;
}
