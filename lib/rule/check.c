/* The engine: a batch is walked column by column, rule by rule. */
#include "rule/checker.h"

#include "base/os.h"

#include <math.h>
#include <stdlib.h>

#define MOST_REASONS ((size_t)1 << 22)

/* ---- counting */

static void keep_example(struct mlp_checker *c, struct mlp_tally *t, const struct mlp_batch *b,
                         size_t r, struct mlp_str value)
{
    if (t->nexamples == MLP_REPORT_EXAMPLES)
        return;
    if (value.n > 200)
        value.n = 200;
    t->examples[t->nexamples++] = (struct mlp_example_row){
        .line = b->line[r],
        .row = b->first_row + r + 1,
        .value = value.n ? mlp_arena_str(&c->arena, value) : (struct mlp_str){"", 0},
    };
}

/* What happened at one cell: the batch, the row, the value. */
struct place {
    const struct mlp_batch *b;
    size_t row;
    struct mlp_str value;
};

static void reject(struct mlp_checker *c, const struct place *at, struct mlp_str column,
                   struct mlp_str rule, uint8_t *good)
{
    good[at->row] = 0;
    struct mlp_reject *x = c->rejects.n < MOST_REASONS ? mlp_vec_push(&c->rejects) : NULL;
    if (!x) {
        mlp_err_nomem(c->e);
        return;
    }
    *x = (struct mlp_reject){
        .line = at->b->line[at->row],
        .row = at->b->first_row + at->row + 1,
        .batch_row = (uint32_t)at->row,
        .column = column,
        .rule = rule,
        .value = at->value,
    };
}

/* The cells that the rule looked at, for those who want them all. Without memory it keeps fewer,
 * which shows. */
static void keep_row(struct mlp_checker *c, struct mlp_active *a, const struct place *at)
{
    size_t n = a->key_index.n ? a->key_index.n : 1;
    struct mlp_str *cells = mlp_arena_array(&c->arena, n, sizeof *cells);
    struct mlp_kept *kept = cells ? mlp_vec_push(&a->kept) : NULL;
    if (!kept)
        return;
    *kept = (struct mlp_kept){at->b->first_row + at->row, cells};
    for (size_t k = 0; k < n; k++) {
        struct mlp_str cell = at->value;
        if (a->key_index.n)
            cell = mlp_cell_str(mlp_cell_at(at->b, at->row,
                                            (size_t)*(int *)mlp_vec_at(&a->key_index, k)));
        if (cell.p)
            cells[k] = mlp_arena_str(&c->arena, cell);
    }
}

static void fail_cell(struct mlp_checker *c, struct mlp_active *a, const struct place *at,
                      uint8_t *good)
{
    a->tally.failed++;
    if (a->kept.n < c->keep)
        keep_row(c, a, at);
    keep_example(c, &a->tally, at->b, at->row, at->value);
    if (a->rule->severity == MLP_SEV_ERROR)
        reject(c, at, a->rule->column, a->rule->name, good);
}

/* ---- columns */

static void count_distinct(struct mlp_checker *c, struct mlp_active *a)
{
    for (size_t r = 0; r < c->view.n; r++) {
        const struct mlp_cell *cell = &c->view.cell[r];
        bool fresh, looks = c->view.state[r] == MLP_CELL_FITS || c->view.state[r] == MLP_CELL_WRONG;
        if (looks)
            mlp_hashes_add(&a->state.hashes, mlp_hash64(cell->p, cell->n, 0), &fresh, c->e);
    }
}

/* How many cells a rule on rows speaks of. */
static uint64_t total_of(const struct mlp_rule *rule, const struct mlp_column_view *v)
{
    uint64_t fits = v->count[MLP_CELL_FITS], there = fits + v->count[MLP_CELL_WRONG];
    if (rule->kind == MLP_RULE_REQUIRED || rule->kind == MLP_RULE_NULL)
        return there + v->count[MLP_CELL_ABSENT];
    return rule->kind == MLP_RULE_TYPE ? there : fits;
}

/* all_numbers: and the rules say that such a column has no format. */
static void run_rule(struct mlp_checker *c, struct mlp_active *a, const struct mlp_batch *b,
                     uint8_t *good, bool all_numbers)
{
    const struct mlp_column_view *v = &c->view;
    if (a->rule->kind == MLP_RULE_DISTINCT || a->rule->kind == MLP_RULE_DISTINCT_SHARE)
        count_distinct(c, a);
    if (a->rule->kind == MLP_RULE_SPREAD)
        mlp_spread_add(a->rule, v, &a->spread, c->e);
    if (a->rule->kind >= MLP_RULE_MISSING || a->rule->kind == MLP_RULE_WIDE)
        return;
    a->tally.seen += v->n - v->count[MLP_CELL_BAD];
    a->tally.absent += v->count[MLP_CELL_ABSENT];
    a->tally.total += total_of(a->rule, v);
    size_t left = mlp_rule_mark(a->rule, v, &c->matcher, &a->state, c->e);
    if (a->rule->kind == MLP_RULE_FORMAT && all_numbers)
        left = mlp_rule_mark_present(v);
    for (size_t r = 0; left; r++) {
        if (!v->fails[r])
            continue;
        left--;
        fail_cell(c, a, &(struct place){b, r, mlp_cell_str(&v->cell[r])}, good);
    }
}

/* Rows for which the column's `when` is not true are as if they were not well formed: no rule
 * looks at them. */
static void mask_rows(struct mlp_checker *c, const struct mlp_bound_column *bound,
                      const struct mlp_batch *b)
{
    struct mlp_expr_context context = {bound->when, &c->matcher, c->now};
    struct mlp_column_view *v = &c->view;
    uint8_t *truth = mlp_arena_array(b->arena, b->nrows, 1);
    if (!truth) {
        mlp_err_nomem(c->e);
        return;
    }
    if (mlp_expr_eval(bound->column->when, &context, b, truth, c->e) != MLP_OK)
        return;
    for (size_t r = 0; r < b->nrows; r++) {
        if (truth[r] == MLP_TRUE || v->state[r] == MLP_CELL_BAD)
            continue;
        v->count[v->state[r]]--;
        v->count[MLP_CELL_BAD]++;
        v->state[r] = MLP_CELL_BAD;
        v->value[r] = 0;
    }
}

/* Values of another type than the column's, where that is trouble, or they stay. */
static void take_unfit(struct mlp_checker *c, const struct mlp_bound_column *bound,
                       const struct mlp_batch *b)
{
    struct mlp_column_view *v = &c->view;
    for (size_t r = 0; r < v->n; r++) {
        struct mlp_str s = mlp_cell_str(&v->cell[r]);
        if (v->state[r] != MLP_CELL_WRONG)
            continue;
        if (bound->column->unfit == MLP_UNFIT_TROUBLE) {
            mlp_err_set(c->e, MLP_EINPUT, "column \"%.*s\": \"%.*s\" is no %s, which a rule needs",
                        MLP_STR_ARG(bound->column->name), (int)(s.n < 60 ? s.n : 60), s.p,
                        mlp_rule_type_names[bound->column->type]);
            mlp_err_at(c->e, c->source, b->line[r], 0);
            return;
        }
        v->state[r] = MLP_CELL_FITS;
        v->value[r] = NAN;
        v->count[MLP_CELL_WRONG]--;
        v->count[MLP_CELL_FITS]++;
    }
}

static bool is_missing(const struct mlp_node *list, struct mlp_str text)
{
    for (const struct mlp_node *n = list->child; n; n = n->next)
        if (mlp_str_eq(n->text, text))
            return true;
    return false;
}

/* Texts that mean missing in this column, instead of the empty one. */
static void take_missing(struct mlp_column_view *v, const struct mlp_node *list)
{
    bool empty = is_missing(list, (struct mlp_str){"", 0});
    for (size_t r = 0; r < v->n; r++) {
        struct mlp_cell *cell = &v->cell[r];
        bool absent = v->state[r] == MLP_CELL_ABSENT ? empty
                                                     : is_missing(list, mlp_cell_str(cell));
        uint8_t state = absent ? MLP_CELL_ABSENT : MLP_CELL_FITS;
        if (v->state[r] == MLP_CELL_BAD || state == v->state[r] ||
            (!absent && v->state[r] == MLP_CELL_WRONG))
            continue;
        v->count[v->state[r]]--;
        v->count[state]++;
        v->state[r] = state;
        if (!absent)
            *cell = (struct mlp_cell){"", 0, true};
    }
}

static void run_column(struct mlp_checker *c, struct mlp_bound_column *bound,
                       const struct mlp_batch *b, uint8_t *good)
{
    if (bound->index < 0)
        return;
    mlp_column_view(&c->view, b, (size_t)bound->index, bound->column->type);
    if (bound->column->missing)
        take_missing(&c->view, bound->column->missing);
    if (bound->column->when)
        mask_rows(c, bound, b);
    if (bound->column->unfit != MLP_UNFIT_REJECT && c->view.count[MLP_CELL_WRONG])
        take_unfit(c, bound, b);
    if (c->keep || bound->column->numbers == MLP_NUMBERS_TROUBLE)
        mlp_cell_kinds_add(&bound->kinds, &c->view);
    mlp_column_sums_add(&bound->sums, &c->view, c->e);
    bool all_numbers = bound->column->numbers == MLP_NUMBERS_FAIL &&
                       mlp_cell_kinds_numbers(&bound->surveyed);
    for (size_t i = 0; i < bound->column->n && c->e->code == MLP_OK; i++)
        run_rule(c, &c->active[bound->column->first + i], b, good, all_numbers);
}

/* ---- compound keys */

static uint64_t key_hash(const struct mlp_active *a, const struct mlp_batch *b, size_t r)
{
    uint64_t h = 0;
    for (size_t k = 0; k < a->key_index.n; k++) {
        const struct mlp_cell *cell =
            mlp_cell_at(b, r, (size_t)*(int *)mlp_vec_at(&a->key_index, k));
        h = mlp_hash64(cell->p, cell->n, h + cell->n + 1);
    }
    return h;
}

static void run_key(struct mlp_checker *c, struct mlp_active *a, const struct mlp_batch *b,
                    uint8_t *good)
{
    for (size_t r = 0; r < b->nrows; r++) {
        bool fresh = true;
        if (b->bad[r])
            continue;
        mlp_hashes_add(&a->state.hashes, key_hash(a, b, r), &fresh, c->e);
        a->tally.total++;
        if (!fresh)
            fail_cell(c, a, &(struct place){b, r, b->raw[r]}, good);
    }
}

static void run_check(struct mlp_checker *c, struct mlp_active *a, const struct mlp_batch *b,
                      uint8_t *good)
{
    struct mlp_expr_context context = {.matcher = &c->matcher, .now = c->now};
    struct mlp_row_marks marks;
    if (mlp_row_check_mark(&a->check, &context, b, &marks, c->e) != MLP_OK)
        return;
    a->tally.total += marks.total;
    for (size_t r = 0; marks.failed; r++) {
        if (!marks.fails[r])
            continue;
        marks.failed--;
        fail_cell(c, a, &(struct place){b, r, mlp_row_check_value(&a->check, b, r)}, good);
    }
}

/* A reason for each keyword that does not hold, in the column where that is. */
static void run_json(struct mlp_checker *c, struct mlp_active *a, const struct mlp_batch *b,
                     uint8_t *good)
{
    const struct mlp_json_fault *faults;
    size_t n;
    for (size_t r = 0; r < b->nrows; r++) {
        if (b->bad[r])
            continue;
        if (mlp_json_row_judge(a->json, b, r, &faults, &n, c->e) != MLP_OK)
            return;
        a->tally.total++;
        a->tally.failed += n > 0;
        for (size_t i = 0; i < n; i++) {
            int column = mlp_json_row_column(a->json, &faults[i]);
            struct place at = {b, r, column < 0 ? b->raw[r]
                                                : mlp_cell_str(mlp_cell_at(b, r, (size_t)column))};
            struct mlp_str name = column < 0 ? (struct mlp_str){"", 0} : c->names[column];
            if (i == 0)
                keep_example(c, &a->tally, b, r, at.value);
            if (a->rule->severity == MLP_SEV_ERROR)
                reject(c, &at, name, faults[i].keyword.n ? faults[i].keyword : a->rule->name,
                       good);
        }
    }
}

static void run_wide(struct mlp_checker *c, struct mlp_active *a, const struct mlp_batch *b,
                     uint8_t *good)
{
    uint8_t *looks = mlp_checker_looks(c, a, b);
    struct mlp_wide_rows rows = {b, a->key_index.p, a->key_index.n, looks};
    if (!looks)
        return;
    for (size_t r = 0; r < b->nrows; r++)
        a->tally.seen += looks[r];
    if (!a->rule->wide || mlp_wide_mark(a->rule, &rows, &a->wide, c->e) != MLP_OK)
        return;
    for (size_t r = 0; r < b->nrows; r++) {
        struct place at = {b, r, b->raw[r]};
        a->tally.total += looks[r] != 0;
        if (looks[r] != 2)
            continue;
        if (a->key_index.n == 1)
            at.value = mlp_cell_str(mlp_cell_at(b, r, (size_t)*(int *)a->key_index.p));
        fail_cell(c, a, &at, good);
    }
    a->tally.absent = a->tally.seen - a->tally.total;
}

/* ---- batches */

static void free_view(struct mlp_checker *c)
{
    free(c->view.cell);
    free(c->view.value);
    free(c->view.state);
    free(c->view.fails);
    c->view = (struct mlp_column_view){0};
    c->room = 0;
}

static enum mlp_code reserve(struct mlp_checker *c, size_t rows)
{
    struct mlp_column_view *v = &c->view;
    if (rows <= c->room)
        return MLP_OK;
    free_view(c);
    v->cell = malloc(rows * sizeof *v->cell);
    v->value = malloc(rows * sizeof *v->value);
    v->state = malloc(rows);
    v->fails = malloc(rows);
    if (!v->cell || !v->value || !v->state || !v->fails)
        return mlp_err_nomem(c->e);
    c->room = rows;
    return MLP_OK;
}

static void run_shape(struct mlp_checker *c, const struct mlp_batch *b, uint8_t *good)
{
    c->shape.total += b->nrows;
    for (size_t r = 0; r < b->nrows; r++) {
        if (!b->bad[r])
            continue;
        struct place at = {b, r, mlp_str_from(b->bad[r])};
        c->shape.failed++;
        keep_example(c, &c->shape, b, r, at.value);
        reject(c, &at, (struct mlp_str){"", 0}, MLP_STR("row"), good);
    }
}

static int by_row(const void *a, const void *b)
{
    const struct mlp_reject *x = a, *y = b;
    if (x->batch_row != y->batch_row)
        return x->batch_row < y->batch_row ? -1 : 1;
    int column = mlp_str_cmp(x->column, y->column);
    return column ? column : mlp_str_cmp(x->rule, y->rule);
}

enum mlp_code mlp_checker_batch(struct mlp_checker *c, const struct mlp_batch *b, uint8_t *good,
                                struct mlp_err *e)
{
    struct mlp_err local;
    mlp_err_init(&local);
    c->e = e ? e : &local;
    c->rejects.n = 0;
    memset(good, 1, b->nrows);
    if (reserve(c, b->nrows) != MLP_OK)
        return c->e->code;
    run_shape(c, b, good);
    for (size_t i = 0; i < c->rules->columns.n; i++)
        run_column(c, &c->columns[i], b, good);
    for (size_t i = 0; i < c->rules->rules.n; i++) {
        if (c->active[i].rule->kind == MLP_RULE_KEY)
            run_key(c, &c->active[i], b, good);
        else if (c->active[i].rule->kind == MLP_RULE_CHECK)
            run_check(c, &c->active[i], b, good);
        else if (c->active[i].rule->kind == MLP_RULE_JSON)
            run_json(c, &c->active[i], b, good);
        else if (c->active[i].rule->wide || c->active[i].when)
            run_wide(c, &c->active[i], b, good);
    }
    if (c->rejects.n)
        qsort(c->rejects.p, c->rejects.n, sizeof(struct mlp_reject), by_row);
    c->rows += b->nrows;
    for (size_t r = 0; r < b->nrows; r++)
        c->rejected += !good[r];
    return c->e->code;
}

enum mlp_code mlp_checker_survey(struct mlp_checker *c, const struct mlp_batch *b,
                                 struct mlp_err *e)
{
    struct mlp_err local;
    mlp_err_init(&local);
    c->e = e ? e : &local;
    if (reserve(c, b->nrows) != MLP_OK)
        return c->e->code;
    for (size_t i = 0; i < c->rules->columns.n; i++) {
        struct mlp_bound_column *bound = &c->columns[i];
        if (bound->column->numbers != MLP_NUMBERS_FAIL || bound->index < 0)
            continue;
        mlp_column_view(&c->view, b, (size_t)bound->index, MLP_TYPE_ANY);
        if (bound->column->when)
            mask_rows(c, bound, b);
        mlp_cell_kinds_add(&bound->surveyed, &c->view);
    }
    for (size_t i = 0; i < c->rules->rules.n && c->e->code == MLP_OK; i++)
        if (mlp_wide_looks_twice(c->active[i].rule))
            mlp_checker_survey_wide(c, &c->active[i], b);
    return c->e->code;
}

void mlp_checker_keep(struct mlp_checker *c, size_t most)
{
    c->keep = most;
}

const struct mlp_reject *mlp_checker_rejects(const struct mlp_checker *c, size_t *n)
{
    *n = c->rejects.n;
    return c->rejects.p;
}

uint64_t mlp_checker_rows(const struct mlp_checker *c)
{
    return c->rows;
}

uint64_t mlp_checker_rejected(const struct mlp_checker *c)
{
    return c->rejected;
}

/* ---- making a checker */

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
    return code;
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
    }
    c->columns_fault = compare_columns(c, t);
    return copy_names(c, t, e);
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
    mlp_vec_init(&c->rejects, sizeof(struct mlp_reject));
    c->columns = calloc(rules->columns.n + 1, sizeof *c->columns);
    c->active = calloc(rules->rules.n + 1, sizeof *c->active);
    enum mlp_code code = mlp_matcher_init(&c->matcher, e);
    if (code == MLP_OK && (!c->columns || !c->active))
        code = mlp_err_nomem(e);
    if (code == MLP_OK)
        code = bind(c, t, e);
    if (code == MLP_OK)
        *out = c;
    else
        mlp_checker_free(c);
    return code;
}

static void free_active(struct mlp_active *a)
{
    mlp_json_row_free(a->json);
    mlp_hashes_fini(&a->state.hashes);
    mlp_buf_fini(&a->state.last_text);
    mlp_wide_state_fini(&a->wide);
    mlp_spread_state_fini(&a->spread);
    mlp_buf_fini(&a->found.words);
    mlp_buf_fini(&a->found.json);
    mlp_vec_fini(&a->kept);
    if (a->rule)
        mlp_vec_fini(&a->key_index);
}

void mlp_checker_free(struct mlp_checker *c)
{
    if (!c)
        return;
    for (size_t i = 0; c->active && i < c->rules->rules.n; i++)
        free_active(&c->active[i]);
    for (size_t i = 0; c->columns && i < c->rules->columns.n; i++)
        mlp_column_sums_fini(&c->columns[i].sums);
    free(c->active);
    free(c->columns);
    free_view(c);
    mlp_vec_fini(&c->rejects);
    mlp_matcher_fini(&c->matcher);
    mlp_arena_fini(&c->arena);
    free(c);
}
