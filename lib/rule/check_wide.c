/* check_wide.c: the parts of a checker that look at several columns, or at the header. */
#include "rule/checker.h"

#include "text/num.h"

uint8_t *mlp_checker_looks(struct mlp_rule_lane *w, const struct mlp_active *a,
                           const struct mlp_batch *b)
{
    struct mlp_expr_context context = {a->when, &w->matcher, w->c->now};
    uint8_t *looks = mlp_arena_array(b->arena, b->nrows, 1);
    if (!looks) {
        mlp_err_nomem(w->e);
        return NULL;
    }
    if (a->rule->when && mlp_expr_eval(a->rule->when, &context, b, looks, w->e) != MLP_OK)
        return NULL;
    for (size_t r = 0; r < b->nrows; r++)
        looks[r] = !b->bad[r] && (!a->rule->when || looks[r] == MLP_TRUE);
    return looks;
}

void mlp_checker_survey_wide(struct mlp_rule_lane *w, struct mlp_active *a,
                             const struct mlp_batch *b)
{
    uint8_t *looks = mlp_checker_looks(w, a, b);
    struct mlp_wide_rows rows = {b, a->key_index.p, a->key_index.n, looks};
    if (looks)
        mlp_wide_survey(a->rule, &rows, &a->wide, w->e);
}

/* ---- the header */

static bool has_name(const struct mlp_checker *c, struct mlp_str name)
{
    for (size_t i = 0; i < c->nnames; i++)
        if (mlp_str_eq(c->names[i], name))
            return true;
    return false;
}

static bool is_listed(const struct mlp_node *list, struct mlp_str name)
{
    for (const struct mlp_node *n = list->child; n; n = n->next)
        if (mlp_str_eq(n->text, name))
            return true;
    return false;
}

static bool in_order(const struct mlp_checker *c, const struct mlp_node *list)
{
    size_t i = 0;
    for (const struct mlp_node *n = list->child; n; n = n->next, i++)
        if (i >= c->nnames || !mlp_str_eq(c->names[i], n->text))
            return false;
    return i == c->nnames;
}

static bool count_holds(const struct mlp_checker *c, const struct mlp_rule *rule)
{
    double n = (double)c->nnames;
    return !(n < rule->lo) && !(n > rule->hi) && !(rule->open_lo && n == rule->lo) &&
           !(rule->open_hi && n == rule->hi);
}

/* Every name matches one of the expressions. */
static bool all_match(const struct mlp_checker *c, const struct mlp_rule *rule)
{
    for (size_t i = 0; i < c->nnames; i++) {
        bool found = false;
        for (size_t k = 0; k < rule->regexes.n && !found; k++)
            found = mlp_regex_find(mlp_vec_at(&rule->regexes, k), c->names[i],
                                   &c->lanes[0].matcher) >= 0;
        if (!found)
            return false;
    }
    return true;
}

bool mlp_checker_is_known(const struct mlp_rule *rule, struct mlp_str name)
{
    return is_listed(mlp_node_get(rule->header, "names"), name);
}

static bool all_known(const struct mlp_checker *c, const struct mlp_node *list)
{
    for (size_t i = 0; i < c->nnames; i++)
        if (!is_listed(list, c->names[i]))
            return false;
    return true;
}

bool mlp_checker_header_holds(const struct mlp_checker *c, const struct mlp_rule *rule)
{
    const struct mlp_node *list = mlp_node_get(rule->header, "names");
    const struct mlp_node *at = mlp_node_get(rule->header, "at");
    struct mlp_str kind = mlp_node_str(mlp_node_get(rule->header, "header"), "");
    if (mlp_str_is(kind, "count"))
        return count_holds(c, rule);
    if (mlp_str_is(kind, "ordered"))
        return in_order(c, list);
    if (mlp_str_is(kind, "match"))
        return all_match(c, rule);
    bool exact = mlp_str_is(kind, "exact"), known = mlp_str_is(kind, "known");
    for (const struct mlp_node *n = list->child; n && !known; n = n->next)
        if (!has_name(c, n->text))
            return false;
    if ((exact || known) && !all_known(c, list))
        return false;
    int64_t index = mlp_node_int(at, 0);
    return !at || (list->child && index >= 0 && (uint64_t)index < c->nnames &&
                   mlp_str_eq(c->names[index], list->child->text));
}
