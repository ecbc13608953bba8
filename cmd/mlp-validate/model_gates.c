/* The section `model:` of a rules file. */
#include "model.h"

#include <math.h>

enum mlp_code number_read(const struct mlp_doc *d, const struct mlp_node *map, const char *name,
                          const struct mlp_node **out, struct mlp_err *e)
{
    *out = mlp_node_get(map, name);
    if (*out && (!mlp_node_is_num(*out) || !isfinite(mlp_node_num(*out, 0))))
        return mlp_node_error(d, *out, e, "%s takes a number", name);
    return MLP_OK;
}

/* A number, or a share as "1%". */
static enum mlp_code share(const struct mlp_doc *d, const struct mlp_node *map, const char *name,
                           const struct mlp_node **out, struct mlp_err *e)
{
    *out = mlp_node_get(map, name);
    if (!*out || mlp_node_is_num(*out))
        return number_read(d, map, name, out, e);
    struct mlp_str s = mlp_node_str(*out, "");
    if (mlp_str_ends(s, "%") && isfinite(number_of((struct mlp_str){s.p, s.n - 1})))
        return MLP_OK;
    return mlp_node_error(d, *out, e, "%s takes a number or a share, as 1%%", name);
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

static enum mlp_code read_slices(const struct mlp_doc *d, const struct mlp_node *map,
                                 struct gate *g, struct mlp_err *e)
{
    g->slices = mlp_node_get(map, "slices");
    if (!g->slices && (g->worst || g->gap))
        return mlp_node_error(d, g->worst ? g->worst : g->gap, e,
                              "worst and gap are of slices: say which, as slices: [COLUMN]");
    if (g->slices && (g->slices->type != MLP_DOC_LIST || !g->slices->child))
        return mlp_node_error(d, g->slices, e, "slices takes a list of columns");
    return MLP_OK;
}

static enum mlp_code read_words(const struct mlp_doc *d, const struct mlp_node *map,
                                struct gate *g, struct mlp_err *e)
{
    static const char *const bounds[] = {"value", "lower", "upper", NULL};
    static const char *const severities[] = {"error", "warn", "info", NULL};
    static const char *const tests[] = {"own", "bootstrap", "wilcoxon", NULL};
    int bound = 0, severity = 0, test = 0;
    if (choice(d, map, "bound", bounds, &bound, e) != MLP_OK ||
        choice(d, map, "severity", severities, &severity, e) != MLP_OK ||
        choice(d, map, "test", tests, &test, e) != MLP_OK)
        return e->code;
    g->bound = (enum gate_bound)bound;
    g->severity = (enum mlp_severity)severity;
    g->test = (enum gate_test)test;
    return MLP_OK;
}

static enum mlp_code read_numbers(const struct mlp_doc *d, const struct mlp_node *map,
                                  struct gate *g, struct mlp_err *e)
{
    const struct {
        const char *name;
        const struct mlp_node **out;
    } plain[] = {{"min", &g->min},   {"max", &g->max},     {"alpha", &g->alpha},
                 {"gain", &g->gain}, {"worst", &g->worst}, {"gap", &g->gap}};
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        if (number_read(d, map, plain[i].name, plain[i].out, e) != MLP_OK)
            return e->code;
    if (share(d, map, "drop", &g->drop, e) != MLP_OK)
        return e->code;
    return share(d, map, "margin", &g->margin, e);
}

enum mlp_code gate_read(const struct mlp_doc *d, const struct mlp_node *map, struct gate *g,
                        struct mlp_err *e)
{
    static const char *const known[] = {"min", "max", "drop", "margin", "alpha", "test", "gain",
                                        "slices", "worst", "gap", "bound", "severity", NULL};
    if (map->type != MLP_DOC_MAP)
        return mlp_node_error(d, map, e, "expected a map, as {min: 0.7, drop: 0.01}");
    if (mlp_node_known(d, map, known, e) != MLP_OK || read_numbers(d, map, g, e) != MLP_OK ||
        read_words(d, map, g, e) != MLP_OK || read_slices(d, map, g, e) != MLP_OK)
        return e->code;
    if (!g->min && !g->max && !g->drop && !g->margin && !g->alpha && !g->gain && !g->slices)
        return mlp_node_error(d, map, e,
                              "a gate needs min, max or drop, margin, alpha, gain or slices");
    g->node = map;
    return MLP_OK;
}

enum mlp_code names_known(const struct mlp_doc *d, const struct mlp_node *map,
                          const struct mlp_metric *table, struct mlp_err *e)
{
    const char *names[MOST_METRICS + 1] = {NULL};
    for (size_t i = 0; i < MOST_METRICS && table[i].name; i++)
        names[i] = table[i].name;
    return mlp_node_known(d, map, names, e);
}

static enum mlp_code read_metric(const struct mlp_doc *d, const struct mlp_node *map,
                                 const struct mlp_metric *m, struct gate *g, struct mlp_err *e)
{
    if (!map)
        return MLP_OK;
    enum mlp_code code = gate_read(d, map, g, e);
    if (code == MLP_OK && m->best == MLP_BEST_ZERO && (g->worst || g->margin || g->alpha))
        code = mlp_node_error(d, map, e, "%s has no better side: only min, max, drop and gap",
                              m->name);
    return code;
}

static enum mlp_code read_metrics(const struct mlp_doc *d, const struct mlp_node *model,
                                  struct model_rules *rules, struct mlp_err *e)
{
    const struct mlp_node *metrics = mlp_node_get(model, "metrics");
    const struct mlp_metric *table = mlp_metric_table();
    bool others = rules->fairness || rules->latency || rules->subgroups;
    if (!metrics && others)
        return MLP_OK;
    if (!metrics || metrics->type != MLP_DOC_MAP || !metrics->child)
        return mlp_node_error(d, metrics ? metrics : model, e, "expected metrics: {NAME: {...}}");
    if (names_known(d, metrics, table, e) != MLP_OK)
        return e->code;
    for (size_t i = 0; i < MOST_METRICS && table[i].name; i++) {
        const struct mlp_node *map = mlp_node_get(metrics, table[i].name);
        if (read_metric(d, map, &table[i], &rules->gates[i], e) != MLP_OK)
            return e->code;
    }
    return MLP_OK;
}

static enum mlp_code read_whole(const struct mlp_doc *d, const struct mlp_node *model,
                                const char *name, size_t *out, struct mlp_err *e)
{
    const struct mlp_node *n = mlp_node_get(model, name);
    double v = mlp_node_num(n, 1);
    if (n && (!mlp_node_is_num(n) || !(v >= 1) || !(v <= 1e15) || floor(v) != v))
        return mlp_node_error(d, n, e, "%s takes a whole number from 1", name);
    *out = n ? (size_t)v : *out;
    return MLP_OK;
}

enum mlp_code gates_read(const struct mlp_doc *d, struct model_rules *rules, struct mlp_err *e)
{
    static const char *const known[] = {"metrics", "top_k", "quantile", "min_slice", "cost",
                                        "fairness", "latency", "subgroups", NULL};
    const struct mlp_node *model = mlp_node_get(d->root, "model"), *quantile;
    if (!model || model->type != MLP_DOC_MAP)
        return mlp_node_error(d, model, e, "no section \"model:\", as mlp-rules(5) shows");
    if (mlp_node_known(d, model, known, e) != MLP_OK)
        return e->code;
    rules->doc = d;
    rules->cost = mlp_node_get(model, "cost");
    rules->fairness = mlp_node_get(model, "fairness");
    rules->latency = mlp_node_get(model, "latency");
    rules->subgroups = mlp_node_get(model, "subgroups");
    if (read_whole(d, model, "top_k", &rules->top, e) != MLP_OK ||
        read_whole(d, model, "min_slice", &rules->least, e) != MLP_OK ||
        number_read(d, model, "quantile", &quantile, e) != MLP_OK)
        return e->code;
    rules->quantile = mlp_node_num(quantile, 0.5);
    if (!(rules->quantile > 0 && rules->quantile < 1))
        return mlp_node_error(d, quantile, e, "quantile takes a number between 0 and 1");
    return read_metrics(d, model, rules, e);
}
