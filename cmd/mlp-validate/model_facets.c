/* Columns to group rows by. */
#include "model.h"

#include <math.h>

#define VALUE_BYTES ((size_t)64 << 20)
#define MOST_VALUES 65536

struct facet *facet_find(const struct predictions *p, struct mlp_str name)
{
    for (size_t i = 0; i < p->facets.n; i++) {
        struct facet *f = mlp_vec_at(&p->facets, i);
        if (mlp_str_eq(f->name, name))
            return f;
    }
    return NULL;
}

enum mlp_code facet_add(struct predictions *p, struct mlp_str name, const struct mlp_node *node,
                        struct mlp_err *e)
{
    if (facet_find(p, name))
        return MLP_OK;
    struct facet *f = mlp_vec_push(&p->facets);
    if (!f)
        return mlp_err_nomem(e);
    *f = (struct facet){.name = name, .node = node, .column = -1};
    mlp_map_init(&f->values, 1, VALUE_BYTES);
    mlp_vec_init(&f->codes, sizeof(uint32_t));
    mlp_vec_init(&f->numbers, sizeof(double));
    return MLP_OK;
}

void facets_fini(struct predictions *p)
{
    for (size_t i = 0; i < p->facets.n; i++) {
        struct facet *f = mlp_vec_at(&p->facets, i);
        mlp_map_fini(&f->values);
        mlp_vec_fini(&f->codes);
        mlp_vec_fini(&f->numbers);
    }
    mlp_vec_fini(&p->facets);
    mlp_arena_fini(&p->arena);
}

/* Columns that a list of the rules names. */
static enum mlp_code want_list(struct predictions *p, const struct mlp_node *list,
                               struct mlp_err *e)
{
    for (const struct mlp_node *n = list ? list->child : NULL; n; n = n->next)
        if (facet_add(p, n->text, n, e) != MLP_OK)
            return e->code;
    return MLP_OK;
}

static enum mlp_code want_option(struct predictions *p, const struct mlp_cmd *cmd, int option,
                                 struct mlp_err *e)
{
    const char *name;
    for (size_t i = 0; (name = mlp_opt_nth(cmd, option, i)) != NULL; i++)
        if (facet_add(p, mlp_str_from(name), NULL, e) != MLP_OK)
            return e->code;
    return MLP_OK;
}

static enum mlp_code want_rules(struct predictions *p, const struct model_rules *rules,
                                struct mlp_err *e)
{
    const struct mlp_node *latency = mlp_node_get(rules->latency, "column");
    const struct mlp_node *columns = mlp_node_get(rules->subgroups, "columns");
    for (size_t i = 0; i < MOST_METRICS; i++)
        if (want_list(p, rules->gates[i].slices, e) != MLP_OK)
            return e->code;
    for (const struct mlp_node *n = rules->fairness && rules->fairness->type == MLP_DOC_MAP
                                        ? rules->fairness->child : NULL; n; n = n->next)
        if (facet_add(p, n->key, n, e) != MLP_OK)
            return e->code;
    if (latency && facet_add(p, latency->text, latency, e) != MLP_OK)
        return e->code;
    p->all_facets = p->all_facets || (rules->subgroups && !columns);
    return want_list(p, columns, e);
}

enum mlp_code facets_want(struct predictions *p, const struct model_rules *rules,
                          const struct model_asked *asked, struct mlp_err *e)
{
    p->all_facets = asked->subgroups && !rules->subgroups;
    if (want_rules(p, rules, e) != MLP_OK ||
        want_option(p, asked->cmd, asked->slice, e) != MLP_OK ||
        want_option(p, asked->cmd, asked->sensitive, e) != MLP_OK)
        return e->code;
    return asked->latency ? facet_add(p, mlp_str_from(asked->latency), NULL, e) : MLP_OK;
}

static bool is_feature(const struct predictions *p, const struct mlp_table *t, int column)
{
    struct mlp_str name = mlp_table_name(t, (size_t)column);
    if (column == p->label || column == p->score || column == p->prediction ||
        column == p->weight || column == p->key)
        return false;
    for (size_t k = 0; k < p->nscores; k++)
        if (p->score_column[k] == column)
            return false;
    return !mlp_str_starts(name, "proba_") && !mlp_str_starts(name, "prediction");
}

static enum mlp_code add_all(struct predictions *p, const struct mlp_table *t, struct mlp_err *e)
{
    for (int i = 0; i < (int)mlp_table_ncols(t); i++) {
        if (!is_feature(p, t, i))
            continue;
        struct mlp_str name = mlp_arena_str(&p->arena, mlp_table_name(t, (size_t)i));
        if (!name.p || facet_add(p, name, NULL, e) != MLP_OK)
            return mlp_err_nomem(e);
    }
    return MLP_OK;
}

enum mlp_code facets_find(struct predictions *p, const struct mlp_table *t,
                          const struct mlp_doc *d, struct mlp_err *e)
{
    char what[300];
    if (p->all_facets && add_all(p, t, e) != MLP_OK)
        return e->code;
    for (size_t i = 0; i < p->facets.n; i++) {
        struct facet *f = mlp_vec_at(&p->facets, i);
        f->column = mlp_table_find(t, f->name);
        if (f->column >= 0)
            continue;
        if (f->node)
            return mlp_node_error(d, f->node, e, "%s has no column \"%.*s\"",
                                  mlp_table_source(t), MLP_STR_ARG(f->name));
        snprintf(what, sizeof what, "no column \"%.*s\"", MLP_STR_ARG(f->name));
        return no_column(t, what, e);
    }
    return MLP_OK;
}

static enum mlp_code read_cell(struct facet *f, struct mlp_str text, struct mlp_err *e)
{
    uint32_t *code = mlp_vec_push(&f->codes);
    double *number = mlp_vec_push(&f->numbers);
    bool fresh = false;
    if (!code || !number)
        return mlp_err_nomem(e);
    *number = number_of(text);
    f->texts += isnan(*number) && text.n > 0;
    uint64_t *value = mlp_map_get(&f->values, text);
    if (!value && f->values.n < MOST_VALUES)
        value = mlp_map_put(&f->values, text, &fresh);
    if (value && fresh)
        *value = f->values.n - 1;
    *code = value ? (uint32_t)*value : MANY_VALUES;
    return MLP_OK;
}

enum mlp_code facets_read(struct predictions *p, const struct mlp_batch *b, size_t row,
                          struct mlp_err *e)
{
    for (size_t i = 0; i < p->facets.n; i++) {
        struct facet *f = mlp_vec_at(&p->facets, i);
        struct mlp_str text = mlp_cell_str(mlp_cell_at(b, row, (size_t)f->column));
        if (read_cell(f, text, e) != MLP_OK)
            return e->code;
    }
    return MLP_OK;
}
