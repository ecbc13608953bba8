/* check_against.c: rules about what a column is as a whole, and those that compare the table with
 * another. */
#include "rule/checker.h"

#include <math.h>
#include <stdlib.h>

static const char *const options[] = {"", "--previous", "--serving", "--previous-version"};

/* ---- reading the other table */

static enum mlp_code copy_names(struct mlp_checker *c, struct mlp_other *other,
                                const struct mlp_table *t, struct mlp_err *e)
{
    other->nnames = mlp_table_ncols(t);
    other->names = mlp_arena_array(&c->arena, other->nnames, sizeof *other->names);
    for (size_t i = 0; i < other->nnames; i++) {
        if (!other->names)
            return mlp_err_nomem(e);
        other->names[i] = mlp_arena_str(&c->arena, mlp_table_name(t, i));
        if (!other->names[i].p)
            return mlp_err_nomem(e);
    }
    return MLP_OK;
}

static enum mlp_code add_cells(struct mlp_active *a, const struct mlp_batch *b, size_t column,
                               struct mlp_column_view *v, struct mlp_err *e)
{
    mlp_column_view(v, b, column, MLP_TYPE_ANY);
    return mlp_distance_add(&a->there, !a->rule->numbers, v, e);
}

static enum mlp_code add_batch(struct mlp_checker *c, enum mlp_against which,
                               const struct mlp_table *t, const struct mlp_batch *b,
                               struct mlp_err *e)
{
    struct mlp_column_view v = {0};
    enum mlp_code code = MLP_OK;
    v.cell = mlp_arena_array(b->arena, b->nrows, sizeof *v.cell);
    v.value = mlp_arena_array(b->arena, b->nrows, sizeof *v.value);
    v.state = mlp_arena_array(b->arena, b->nrows, 1);
    if (!v.cell || !v.value || !v.state)
        return mlp_err_nomem(e);
    for (size_t i = 0; i < c->rules->rules.n && code == MLP_OK; i++) {
        struct mlp_active *a = &c->active[i];
        bool mine = a->rule->kind == MLP_RULE_DISTANCE && a->rule->against == which;
        int column = mine ? mlp_table_find(t, a->rule->column) : -1;
        if (column >= 0)
            code = add_cells(a, b, (size_t)column, &v, e);
    }
    return code;
}

enum mlp_code mlp_checker_against(struct mlp_checker *c, enum mlp_against which,
                                  struct mlp_table *t, struct mlp_err *e)
{
    struct mlp_other *other = &c->others[which];
    struct mlp_batch *b = NULL;
    enum mlp_code code = copy_names(c, other, t, e);
    other->given = true;
    while (code == MLP_OK && (code = mlp_table_next(t, &b, e)) == MLP_OK && b) {
        other->rows += b->nrows;
        code = add_batch(c, which, t, b, e);
    }
    return code;
}

/* ---- deciding */

bool mlp_checker_has_name(const struct mlp_str *names, size_t n, struct mlp_str name)
{
    for (size_t i = 0; i < n; i++)
        if (mlp_str_eq(names[i], name))
            return true;
    return false;
}

/* Of the column's values as a whole; a column that is not there has none. */
static enum mlp_kind kind_of(const struct mlp_bound_column *column)
{
    return column->index < 0 ? MLP_KIND_NONE : column->kind_from->kind;
}

bool mlp_checker_counts(const struct mlp_checker *c, const struct mlp_active *a)
{
    const struct mlp_bound_column *column = mlp_checker_column(c, a);
    unsigned kinds = column ? column->column->of_kind : 0;
    return !kinds || (kinds >> kind_of(column) & 1);
}

static bool is_compared(const struct mlp_checker *c, const struct mlp_rule *rule)
{
    const struct mlp_other *other = &c->others[rule->against];
    return other->given && mlp_checker_has_name(other->names, other->nnames, rule->column);
}

static bool is_there(const struct mlp_checker *c, const struct mlp_rule *rule)
{
    const struct mlp_other *other = &c->others[rule->against];
    if (rule->against == MLP_AGAINST_NONE)
        return mlp_checker_has_name(c->names, c->nnames, rule->column);
    return !other->given || mlp_checker_has_name(other->names, other->nnames, rule->column);
}

static void decide_rows(const struct mlp_checker *c, struct mlp_active *a)
{
    const struct mlp_other *other = &c->others[a->rule->against];
    a->value = other->given ? (double)c->rows / (double)other->rows : NAN;
    a->holds = !other->given || (!(a->value < a->rule->lo) && !(a->value > a->rule->hi));
}

void mlp_checker_decide_against(const struct mlp_checker *c, struct mlp_active *a,
                                const struct mlp_bound_column *column, struct mlp_err *e)
{
    struct mlp_str most = {NULL, 0};
    a->value = NAN;
    switch (a->rule->kind) {
    case MLP_RULE_KIND: a->holds = a->rule->kinds >> kind_of(column) & 1; return;
    case MLP_RULE_THERE: a->holds = is_there(c, a->rule); return;
    case MLP_RULE_NEVER: a->holds = false; return;
    case MLP_RULE_ROWS_RATIO: decide_rows(c, a); return;
    default: break;
    }
    if (is_compared(c, a->rule))
        mlp_distance_value(a->rule, &a->here, &a->there, &a->value, &most, e);
    a->holds = !(a->value > a->rule->hi);
    mlp_buf_init(&a->found.words, (size_t)1 << 20);
    if (most.p)
        mlp_buf_addf(&a->found.words, "%.6g; \"%.*s\" differs most", a->value,
                     (int)(most.n < 100 ? most.n : 100), most.p);
    else
        mlp_buf_addf(&a->found.words, "%.6g", a->value);
}

struct mlp_str mlp_checker_against_words(const struct mlp_checker *c, const struct mlp_active *a,
                                         struct mlp_report *report)
{
    const struct mlp_rule *rule = a->rule;
    const struct mlp_other *other = &c->others[rule->against];
    bool compares = rule->against != MLP_AGAINST_NONE;
    if (compares && !other->given)
        return mlp_report_text(report, "not compared: %s FILE was not given",
                               options[rule->against]);
    switch (rule->kind) {
    case MLP_RULE_KIND:
        return mlp_str_from(mlp_kind_names[kind_of(mlp_checker_column(c, a))]);
    case MLP_RULE_THERE:
        return a->holds ? MLP_STR("there is such a column") : MLP_STR("there is no such column");
    case MLP_RULE_NEVER: return rule->expected;
    case MLP_RULE_ROWS_RATIO:
        return mlp_report_text(report, "%llu rows here, %llu there: %.6g",
                               (unsigned long long)c->rows, (unsigned long long)other->rows,
                               a->value);
    default: break;
    }
    return isnan(a->value) ? MLP_STR("not compared: one has no values, or texts for numbers")
                           : mlp_buf_str(&a->found.words);
}
