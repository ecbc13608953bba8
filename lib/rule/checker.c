/* Making a checker: rules bound to the columns of a table. */
#include "rule/groups.h"

#include "base/os.h"
#include "rule/json_schema.h"

#include <stdlib.h>

#define LEAST_SHARE ((size_t)64 << 10) /* of memory, for a set or list */

static enum mlp_code missing_column(const struct mlp_checker *c, const struct mlp_table *t,
                                    struct mlp_str name, struct mlp_err *e)
{
    unsigned least = 4;
    struct mlp_str near = {NULL, 0};
    (void)c;
    mlp_err_set(e, MLP_EINPUT, "there is no column \"%.*s\", which the rules name",
                MLP_STR_ARG(name));
    for (size_t i = 0; i < mlp_table_ncols(t); i++) {
        unsigned d = mlp_str_distance(name, mlp_table_name(t, i));
        if (d < least) {
            least = d;
            near = mlp_table_name(t, i);
        }
    }
    if (near.p)
        mlp_err_hint(e, "the nearest is \"%.*s\"; optional: true lets a column be absent",
                     MLP_STR_ARG(near));
    else
        mlp_err_hint(e, "optional: true in the rules lets a column be absent");
    return mlp_err_at(e, mlp_table_source(t), 1, 0);
}

static enum mlp_code bind_keys(struct mlp_checker *c, struct mlp_active *a,
                               const struct mlp_table *t, struct mlp_err *e)
{
    mlp_vec_init(&a->key_index, sizeof(int));
    for (size_t i = 0; i < a->rule->key_columns.n; i++) {
        struct mlp_str name = *(struct mlp_str *)mlp_vec_at(&a->rule->key_columns, i);
        int *slot = mlp_vec_push(&a->key_index);
        if (!slot)
            return mlp_err_nomem(e);
        *slot = mlp_table_find(t, name);
        if (*slot < 0)
            return missing_column(c, t, name, e);
    }
    return MLP_OK;
}

static enum mlp_code bind_check(struct mlp_checker *c, struct mlp_active *a,
                                const struct mlp_table *t, struct mlp_err *e)
{
    struct mlp_row_binding to = {.rules = c->rules, .table = t, .arena = &c->arena};
    enum mlp_code code = mlp_row_check_bind(&a->check, a->rule, &to, e);
    return code == MLP_OK && to.missing.p ? missing_column(c, t, to.missing, e) : code;
}

/* The `when` of a rule on the table. */
static enum mlp_code bind_when(struct mlp_checker *c, struct mlp_active *a,
                               const struct mlp_table *t, struct mlp_err *e)
{
    struct mlp_row_binding to = {.rules = c->rules, .table = t, .arena = &c->arena};
    enum mlp_code code = mlp_expr_bind(a->rule->when, &to, &a->when, e);
    if (code == MLP_OK && !to.missing.p && a->rule->kind == MLP_RULE_SHARE)
        code = mlp_expr_bind(a->rule->expect, &to, &a->of, e);
    return code == MLP_OK && to.missing.p ? missing_column(c, t, to.missing, e) : code;
}

static bool is_declared(const struct mlp_checker *c, size_t table_column)
{
    for (size_t k = 0; k < c->rules->columns.n; k++)
        if (c->columns[k].column->declared && c->columns[k].index == (int)table_column)
            return true;
    return false;
}

/* Which columns there may be: the words of what is wrong, or empty. Those that the file declares
 * come first among the rules' columns. */
static struct mlp_str compare_columns(struct mlp_checker *c, const struct mlp_table *t)
{
    enum mlp_columns_mode mode = c->rules->mode;
    bool may_have_more = mode == MLP_COLUMNS_ANY || mode == MLP_COLUMNS_SUPERSET;
    for (size_t i = 0; i < mlp_table_ncols(t) && !may_have_more; i++)
        if (!is_declared(c, i))
            return mlp_arena_str(&c->arena, mlp_table_name(t, i));
    for (size_t k = 0; k < c->rules->columns.n && mode == MLP_COLUMNS_ORDERED; k++)
        if (c->columns[k].column->declared && c->columns[k].index != (int)k)
            return mlp_arena_str(&c->arena, c->columns[k].column->name);
    return (struct mlp_str){"", 0};
}

static enum mlp_code bind_column(struct mlp_checker *c, const struct mlp_rule_column *column,
                                 struct mlp_bound_column *bound, const struct mlp_table *t,
                                 struct mlp_err *e)
{
    const struct mlp_rule_column *declared = mlp_rules_column(c->rules, column->name);
    struct mlp_row_binding to = {.rules = c->rules, .table = t, .arena = &c->arena};
    *bound = (struct mlp_bound_column){
        .column = column,
        .index = mlp_table_find(t, column->name),
    };
    const struct mlp_rule *rules = column->n ? mlp_vec_at(&c->rules->rules, column->first) : NULL;
    for (size_t i = 0; i < column->n; i++)
        bound->wants_kind = bound->wants_kind || rules[i].kind == MLP_RULE_KIND;
    mlp_column_sums_init(&bound->sums, rules, column->n);
    bool may = column->optional ||
               (declared && (declared->optional || c->rules->mode == MLP_COLUMNS_SUBSET));
    if (bound->index < 0 && !may)
        return missing_column(c, t, column->name, e);
    enum mlp_code code = mlp_expr_bind(column->when, &to, &bound->when, e);
    if (code == MLP_OK && to.missing.p)
        code = missing_column(c, t, to.missing, e);
    if (to.absent)
        bound->index = -1;
    return code == MLP_OK ? mlp_groups_new(c, column, t, &bound->groups, e) : code;
}

static enum mlp_code copy_names(struct mlp_checker *c, const struct mlp_table *t,
                                struct mlp_err *e)
{
    c->nnames = mlp_table_ncols(t);
    c->names = mlp_arena_array(&c->arena, c->nnames, sizeof *c->names);
    c->source = mlp_arena_strz(&c->arena, mlp_str_from(mlp_table_source(t)));
    bool whole = c->names && c->source;
    for (size_t i = 0; i < c->nnames && whole; i++) {
        c->names[i] = mlp_arena_str(&c->arena, mlp_table_name(t, i));
        whole = c->names[i].p != NULL;
    }
    return whole ? MLP_OK : mlp_err_nomem(e);
}

/* The first column of the rules that is the same of the table looks for all of them what its values
 * are. */
static void share_kinds(struct mlp_checker *c)
{
    for (size_t i = 0; i < c->rules->columns.n; i++) {
        struct mlp_bound_column *bound = &c->columns[i];
        size_t k = 0;
        while (k < i && c->columns[k].index != bound->index)
            k++;
        bound->kind_from = &c->columns[k];
        if (bound->column->of_kind || bound->wants_kind)
            c->columns[k].wants_kind = true;
    }
}

static bool is_row_rule(const struct mlp_active *a)
{
    enum mlp_rule_kind kind = a->rule->kind;
    return kind == MLP_RULE_KEY || kind == MLP_RULE_CHECK || kind == MLP_RULE_JSON ||
           a->rule->wide || a->when;
}

static enum mlp_code bind(struct mlp_checker *c, const struct mlp_table *t, struct mlp_err *e)
{
    for (size_t i = 0; i < c->rules->columns.n; i++) {
        const struct mlp_rule_column *column = mlp_vec_at(&c->rules->columns, i);
        enum mlp_code code = bind_column(c, column, &c->columns[i], t, e);
        if (code != MLP_OK)
            return code;
    }
    for (size_t i = 0; i < c->rules->rules.n; i++) {
        c->active[i].rule = mlp_vec_at(&c->rules->rules, i);
        bool check = c->active[i].rule->kind == MLP_RULE_CHECK;
        mlp_vec_init(&c->active[i].kept, sizeof(struct mlp_kept));
        enum mlp_code code = check ? bind_check(c, &c->active[i], t, e)
                                   : bind_keys(c, &c->active[i], t, e);
        if (code == MLP_OK && c->active[i].rule->kind == MLP_RULE_JSON)
            code = mlp_json_row_new(c->active[i].rule, t, &c->active[i].json, e);
        if (code == MLP_OK && !check && c->active[i].rule->when)
            code = bind_when(c, &c->active[i], t, e);
        if (code != MLP_OK)
            return code;
        if (is_row_rule(&c->active[i]))
            c->row_rules[c->nrow_rules++] = i;
    }
    share_kinds(c);
    c->columns_fault = compare_columns(c, t);
    return copy_names(c, t, e);
}

static enum mlp_code make_lanes(struct mlp_checker *c, unsigned n, struct mlp_err *e)
{
    struct mlp_rule_lane *lanes = realloc(c->lanes, n * sizeof *lanes);
    enum mlp_code code = MLP_OK;
    if (!lanes)
        return mlp_err_nomem(e);
    c->lanes = lanes;
    for (; c->nlanes < n && code == MLP_OK; c->nlanes++)
        code = mlp_rule_lane_init(&lanes[c->nlanes], c, e);
    return code;
}

/* The sets and lists that grow with the data. */
static size_t count_growing(const struct mlp_checker *c)
{
    size_t n = 0;
    for (size_t i = 0; i < c->rules->rules.n; i++) {
        enum mlp_rule_kind kind = c->active[i].rule->kind;
        n += kind == MLP_RULE_UNIQUE || kind == MLP_RULE_KEY || kind == MLP_RULE_DISTINCT ||
             kind == MLP_RULE_DISTINCT_SHARE || kind == MLP_RULE_SPREAD;
        bool determines = c->active[i].rule->wide &&
                          c->active[i].rule->wide->op == MLP_WIDE_DETERMINES;
        n += kind == MLP_RULE_DISTANCE ? 2 : 0;
        n += determines || mlp_wide_looks_twice(c->active[i].rule) ? 2 : 0;
    }
    for (size_t i = 0; i < c->rules->columns.n; i++)
        n += c->columns[i].sums.wants_values;
    return n;
}

void mlp_checker_memory(struct mlp_checker *c, size_t bytes)
{
    size_t n = count_growing(c), share = bytes / (n ? n : 1);
    share = share < LEAST_SHARE ? LEAST_SHARE : share;
    for (size_t i = 0; i < c->rules->rules.n; i++) {
        struct mlp_active *a = &c->active[i];
        a->state.hashes.most = a->wide.seen.most = a->wide.twice.most = share;
        a->spread.sums.most = a->wide.values.most = share / sizeof(double);
        a->here.sums.most = a->there.sums.most = share / sizeof(double);
    }
    for (size_t i = 0; i < c->rules->columns.n; i++)
        c->columns[i].sums.most = share / sizeof(double);
}

enum mlp_code mlp_checker_threads(struct mlp_checker *c, unsigned threads, struct mlp_err *e)
{
    enum mlp_code code = threads > 1 ? mlp_team_new(threads, &c->team, e) : MLP_OK;
    return code == MLP_OK ? make_lanes(c, mlp_team_size(c->team), e) : code;
}

enum mlp_code mlp_checker_new(const struct mlp_rules *rules, const struct mlp_table *t,
                              struct mlp_checker **out, struct mlp_err *e)
{
    struct mlp_checker *c = calloc(1, sizeof *c);
    *out = NULL;
    if (!c)
        return mlp_err_nomem(e);
    c->rules = rules;
    c->now = (double)mlp_os_now_ns() * 1e-9;
    mlp_arena_init(&c->arena, (size_t)64 << 20);
    mlp_vec_init(&c->rejects[0], sizeof(struct mlp_reject));
    mlp_vec_init(&c->rejects[1], sizeof(struct mlp_reject));
    c->columns = calloc(rules->columns.n + 1, sizeof *c->columns);
    c->active = calloc(rules->rules.n + 1, sizeof *c->active);
    c->row_rules = calloc(rules->rules.n + 1, sizeof *c->row_rules);
    enum mlp_code code = MLP_OK;
    if (!c->columns || !c->active || !c->row_rules)
        code = mlp_err_nomem(e);
    if (code == MLP_OK)
        code = make_lanes(c, 1, e);
    if (code == MLP_OK)
        code = bind(c, t, e);
    if (code == MLP_OK)
        *out = c;
    else
        mlp_checker_free(c);
    return code;
}

void mlp_active_fini(struct mlp_active *a)
{
    mlp_json_row_free(a->json);
    mlp_json_check_free(a->state.json);
    mlp_hashes_fini(&a->state.hashes);
    mlp_buf_fini(&a->state.last_text);
    mlp_wide_state_fini(&a->wide);
    mlp_spread_state_fini(&a->spread);
    mlp_distance_state_fini(&a->here);
    mlp_distance_state_fini(&a->there);
    mlp_buf_fini(&a->found.words);
    mlp_buf_fini(&a->found.json);
    mlp_vec_fini(&a->kept);
    if (a->rule)
        mlp_vec_fini(&a->key_index);
}

static void free_column(struct mlp_bound_column *bound)
{
    mlp_column_sums_fini(&bound->sums);
    mlp_groups_free(bound->groups);
}

void mlp_checker_free(struct mlp_checker *c)
{
    if (!c)
        return;
    for (size_t i = 0; c->active && i < c->rules->rules.n; i++)
        mlp_active_fini(&c->active[i]);
    for (size_t i = 0; c->columns && i < c->rules->columns.n; i++)
        free_column(&c->columns[i]);
    for (unsigned i = 0; i < c->nlanes; i++)
        mlp_rule_lane_fini(&c->lanes[i]);
    mlp_checker_drift_free(c);
    mlp_team_free(c->team);
    free(c->lanes);
    free(c->active);
    free(c->columns);
    free(c->row_rules);
    mlp_vec_fini(&c->rejects[0]);
    mlp_vec_fini(&c->rejects[1]);
    mlp_arena_fini(&c->arena);
    free(c);
}
