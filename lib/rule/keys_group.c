/* keys_group.c: checks that are judged for each group of rows. */
#include "rule/compile.h"

/* What a group can be asked. */
static bool fits_groups(const struct mlp_rule *r)
{
    bool other = r->kind == MLP_RULE_UNIQUE || r->kind == MLP_RULE_WIDE ||
                 (r->kind >= MLP_RULE_SPREAD && r->kind <= MLP_RULE_NEVER);
    return !other;
}

void mlp_make_by(struct mlp_maker *m, const struct mlp_node *n, struct mlp_rule_column *c)
{
    bool list = n && n->type == MLP_DOC_LIST;
    if (!n || mlp_make_failed(m))
        return;
    c->by = n;
    if (n->type != MLP_DOC_TEXT && !(list && n->child))
        mlp_make_fault(m, n, "a column, or a list of columns, whose values make the groups");
    for (const struct mlp_node *x = list ? n->child : NULL; x; x = x->next)
        if (x->type == MLP_DOC_MAP || x->type == MLP_DOC_LIST)
            mlp_make_fault(m, x, "a column");
    for (size_t i = 0; i < c->n; i++) {
        const struct mlp_rule *r = mlp_vec_at(&m->rules->rules, c->first + i);
        if (!fits_groups(r))
            mlp_make_fault(m, r->node, "a rule that can be judged by groups; keys: say what is "
                                       "unique in a group");
    }
}

/* {rows: [10, 20], by: store}: how many rows each group has. They are those of its first column. */
void mlp_make_group_rows(struct mlp_maker *m, const struct mlp_node *map)
{
    static const char *const known[] = {"name", "rows", "when", "severity", "description", "meta",
                                        "env", "not_env", "only_env", "by", NULL};
    const struct mlp_node *by = mlp_node_get(map, "by");
    if (mlp_node_known(&m->rules->doc, map, known, m->e) != MLP_OK)
        return;
    struct mlp_rule_column *c = mlp_vec_push(&m->rules->columns);
    if (!c) {
        mlp_err_nomem(m->e);
        return;
    }
    m->column = by->type == MLP_DOC_LIST && by->child ? by->child->text : by->text;
    *c = (struct mlp_rule_column){.name = m->column, .first = m->rules->rules.n};
    mlp_make_interval(m, mlp_node_get(map, "rows"), MLP_RULE_GROUP_ROWS);
    c->n = m->rules->rules.n - c->first;
    c->when = mlp_make_expr(m, map, "when");
    mlp_make_by(m, by, c);
    m->column = (struct mlp_str){NULL, 0};
}
