/* row_check.c: rules about several columns of a row: a condition and what is expected then. */
#include "rule/internal.h"

/* The columns that an expression names, in a table. A declared column that is absent, as it may
 * be, makes the check say nothing. */
enum mlp_code mlp_expr_bind(const struct mlp_expr *x, struct mlp_row_binding *to,
                            struct mlp_expr_place **places, struct mlp_err *e)
{
    size_t n = x ? mlp_expr_ncolumns(x) : 0;
    *places = mlp_arena_array(to->arena, n, sizeof **places);
    if (n && !*places)
        return mlp_err_nomem(e);
    for (size_t i = 0; i < n; i++) {
        struct mlp_str name = mlp_expr_column(x, i);
        const struct mlp_rule_column *declared = mlp_rules_column(to->rules, name);
        int index = mlp_table_find(to->table, name);
        bool may = declared && (declared->optional || to->rules->mode == MLP_COLUMNS_SUBSET);
        if (index < 0 && !may) {
            to->missing = name;
            return MLP_OK;
        }
        to->absent = to->absent || index < 0;
        (*places)[i] = (struct mlp_expr_place){index < 0 ? 0 : (size_t)index,
                                               declared ? declared->type : MLP_TYPE_ANY};
    }
    return MLP_OK;
}

enum mlp_code mlp_row_check_bind(struct mlp_row_check *c, const struct mlp_rule *rule,
                                 struct mlp_row_binding *to, struct mlp_err *e)
{
    c->rule = rule;
    enum mlp_code code = mlp_expr_bind(rule->when, to, &c->when, e);
    if (code == MLP_OK && !to->missing.p)
        code = mlp_expr_bind(rule->expect, to, &c->expect, e);
    c->absent = to->absent;
    return code;
}

/* SQL's CHECK: what is null holds; what is wrong does not. */
enum mlp_code mlp_row_check_mark(const struct mlp_row_check *c, struct mlp_expr_context *context,
                                 const struct mlp_batch *b, struct mlp_row_marks *out,
                                 struct mlp_err *e)
{
    uint8_t *when = mlp_arena_array(b->arena, b->nrows, 1);
    enum mlp_code code = MLP_OK;
    out->fails = mlp_arena_array(b->arena, b->nrows, 1);
    out->total = out->failed = 0;
    if (!when || !out->fails)
        return mlp_err_nomem(e);
    if (c->absent)
        return MLP_OK;
    context->places = c->when;
    if (c->rule->when)
        code = mlp_expr_eval(c->rule->when, context, b, when, e);
    context->places = c->expect;
    if (code == MLP_OK)
        code = mlp_expr_eval(c->rule->expect, context, b, out->fails, e);
    for (size_t r = 0; r < b->nrows && code == MLP_OK; r++) {
        bool looks = !b->bad[r] && (!c->rule->when || when[r] == MLP_TRUE);
        out->fails[r] = looks && (out->fails[r] == MLP_FALSE || out->fails[r] == MLP_WRONG);
        out->total += looks;
        out->failed += out->fails[r];
    }
    return code;
}

struct mlp_str mlp_row_check_value(const struct mlp_row_check *c, const struct mlp_batch *b,
                                   size_t r)
{
    struct mlp_buf text;
    mlp_buf_init(&text, 1 << 16);
    for (size_t i = 0; i < mlp_expr_ncolumns(c->rule->expect); i++) {
        const struct mlp_cell *cell = mlp_cell_at(b, r, c->expect[i].index);
        mlp_buf_addf(&text, "%s%.*s=%.*s", i ? " " : "",
                     MLP_STR_ARG(mlp_expr_column(c->rule->expect, i)),
                     MLP_STR_ARG(mlp_cell_str(cell)));
    }
    struct mlp_str copy = mlp_arena_str(b->arena, mlp_buf_str(&text));
    mlp_buf_fini(&text);
    return copy.p ? copy : (struct mlp_str){"", 0};
}
