/* The engine: a batch is walked column by column, rule by rule. */
#include "rule/groups.h"

#include <math.h>
#include <stdlib.h>

#define MOST_REASONS ((size_t)1 << 22)
#define KEPT_BYTES ((size_t)64 << 20)
#define SCRATCH_BYTES ((size_t)1 << 30)

/* ---- counting */

static void keep_example(struct mlp_rule_lane *w, struct mlp_tally *t, const struct mlp_batch *b,
                         size_t r, struct mlp_str value)
{
    if (t->nexamples == MLP_REPORT_EXAMPLES)
        return;
    if (value.n > 200)
        value.n = 200;
    t->examples[t->nexamples++] = (struct mlp_example_row){
        .line = b->line[r],
        .row = b->first_row + r + 1,
        .value = value.n ? mlp_arena_str(&w->kept, value) : (struct mlp_str){"", 0},
    };
}

/* What happened at one cell: the batch, the row, the value. */
struct place {
    const struct mlp_batch *b;
    size_t row;
    struct mlp_str value;
};

static void reject(struct mlp_rule_lane *w, const struct place *at, struct mlp_str column,
                   struct mlp_str rule)
{
    struct mlp_reject *x = w->rejects.n < MOST_REASONS ? mlp_vec_push(&w->rejects) : NULL;
    if (!x) {
        mlp_err_nomem(w->e);
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
static void keep_row(struct mlp_rule_lane *w, struct mlp_active *a, const struct place *at)
{
    size_t n = a->key_index.n ? a->key_index.n : 1;
    struct mlp_str *cells = mlp_arena_array(&w->kept, n, sizeof *cells);
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
            cells[k] = mlp_arena_str(&w->kept, cell);
    }
}

static void fail_cell(struct mlp_rule_lane *w, struct mlp_active *a, const struct place *at)
{
    a->tally.failed++;
    if (a->kept.n < w->c->keep)
        keep_row(w, a, at);
    keep_example(w, &a->tally, at->b, at->row, at->value);
    if (a->rule->severity == MLP_SEV_ERROR)
        reject(w, at, a->rule->column, a->rule->name);
}

/* ---- columns */

static void count_distinct(struct mlp_rule_lane *w, struct mlp_active *a)
{
    for (size_t r = 0; r < w->view.n; r++) {
        const struct mlp_cell *cell = &w->view.cell[r];
        bool fresh, looks = w->view.state[r] == MLP_CELL_FITS || w->view.state[r] == MLP_CELL_WRONG;
        if (looks)
            mlp_hashes_add(&a->state.hashes, mlp_hash64(cell->p, cell->n, 0), &fresh, w->e);
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
static void run_rule(struct mlp_rule_lane *w, struct mlp_active *a, const struct mlp_batch *b,
                     bool all_numbers)
{
    const struct mlp_column_view *v = &w->view;
    if (a->rule->kind == MLP_RULE_DISTINCT || a->rule->kind == MLP_RULE_DISTINCT_SHARE)
        count_distinct(w, a);
    if (a->rule->kind == MLP_RULE_SPREAD)
        mlp_spread_add(a->rule, v, &a->spread, w->e);
    if (a->rule->kind == MLP_RULE_DISTANCE)
        mlp_distance_add(&a->here, !a->rule->numbers, v, w->e);
    if (a->rule->kind >= MLP_RULE_MISSING || a->rule->kind == MLP_RULE_WIDE)
        return;
    a->tally.seen += v->n - v->count[MLP_CELL_BAD];
    a->tally.absent += v->count[MLP_CELL_ABSENT];
    a->tally.total += total_of(a->rule, v);
    size_t left = mlp_rule_mark(a->rule, v, &w->matcher, &a->state, w->e);
    if (a->rule->kind == MLP_RULE_FORMAT && all_numbers)
        left = mlp_rule_mark_present(v);
    for (size_t r = 0; left; r++) {
        if (!v->fails[r])
            continue;
        left--;
        fail_cell(w, a, &(struct place){b, w->rows ? w->rows[r] : r, mlp_cell_str(&v->cell[r])});
    }
}

static void run_in_group(struct mlp_rule_lane *w, struct mlp_active *a, const struct mlp_batch *b)
{
    run_rule(w, a, b, false);
}

/* Rows for which the column's `when` is not true are as if they were not well formed: no rule
 * looks at them. */
static void mask_rows(struct mlp_rule_lane *w, const struct mlp_bound_column *bound,
                      const struct mlp_batch *b)
{
    struct mlp_expr_context context = {bound->when, &w->matcher, w->c->now};
    struct mlp_column_view *v = &w->view;
    uint8_t *truth = mlp_arena_array(b->arena, b->nrows, 1);
    if (!truth) {
        mlp_err_nomem(w->e);
        return;
    }
    if (mlp_expr_eval(bound->column->when, &context, b, truth, w->e) != MLP_OK)
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
static void take_unfit(struct mlp_rule_lane *w, const struct mlp_bound_column *bound,
                       const struct mlp_batch *b)
{
    struct mlp_column_view *v = &w->view;
    for (size_t r = 0; r < v->n; r++) {
        struct mlp_str s = mlp_cell_str(&v->cell[r]);
        if (v->state[r] != MLP_CELL_WRONG)
            continue;
        if (bound->column->unfit == MLP_UNFIT_TROUBLE) {
            mlp_err_set(w->e, MLP_EINPUT, "column \"%.*s\": \"%.*s\" is no %s, which a rule needs",
                        MLP_STR_ARG(bound->column->name), (int)(s.n < 60 ? s.n : 60), s.p,
                        mlp_rule_type_names[bound->column->type]);
            mlp_err_at(w->e, w->c->source, b->line[r], 0);
            return;
        }
        if (bound->column->unfit == MLP_UNFIT_SKIP)
            continue;
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

static void run_column(struct mlp_rule_lane *w, struct mlp_bound_column *bound,
                       const struct mlp_batch *b)
{
    if (bound->index < 0)
        return;
    mlp_column_view(&w->view, b, (size_t)bound->index, bound->column->type);
    if (bound->wants_kind)
        mlp_kind_add(&bound->kind, &w->view);
    if (bound->column->missing)
        take_missing(&w->view, bound->column->missing);
    if (bound->column->when)
        mask_rows(w, bound, b);
    if (bound->column->unfit != MLP_UNFIT_REJECT && w->view.count[MLP_CELL_WRONG])
        take_unfit(w, bound, b);
    if (bound->groups) {
        mlp_groups_run(bound->groups, w, b, run_in_group);
        return;
    }
    if (w->c->keep || bound->column->numbers == MLP_NUMBERS_TROUBLE)
        mlp_cell_kinds_add(&bound->kinds, &w->view);
    mlp_column_sums_add(&bound->sums, &w->view, w->e);
    bool all_numbers = bound->column->numbers == MLP_NUMBERS_FAIL &&
                       mlp_cell_kinds_numbers(&bound->surveyed);
    for (size_t i = 0; i < bound->column->n && w->e->code == MLP_OK; i++)
        run_rule(w, &w->c->active[bound->column->first + i], b, all_numbers);
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

static void run_key(struct mlp_rule_lane *w, struct mlp_active *a, const struct mlp_batch *b)
{
    for (size_t r = 0; r < b->nrows; r++) {
        bool fresh = true;
        if (b->bad[r])
            continue;
        mlp_hashes_add(&a->state.hashes, key_hash(a, b, r), &fresh, w->e);
        a->tally.total++;
        if (!fresh)
            fail_cell(w, a, &(struct place){b, r, b->raw[r]});
    }
}

static void run_check(struct mlp_rule_lane *w, struct mlp_active *a, const struct mlp_batch *b)
{
    struct mlp_expr_context context = {.matcher = &w->matcher, .now = w->c->now};
    struct mlp_row_marks marks;
    if (mlp_row_check_mark(&a->check, &context, b, &marks, w->e) != MLP_OK)
        return;
    a->tally.total += marks.total;
    for (size_t r = 0; marks.failed; r++) {
        if (!marks.fails[r])
            continue;
        marks.failed--;
        fail_cell(w, a, &(struct place){b, r, mlp_row_check_value(&a->check, b, r)});
    }
}

/* A reason for each keyword that does not hold, in the column where that is. */
static void run_json(struct mlp_rule_lane *w, struct mlp_active *a, const struct mlp_batch *b)
{
    const struct mlp_json_fault *faults;
    size_t n;
    for (size_t r = 0; r < b->nrows; r++) {
        if (b->bad[r])
            continue;
        if (mlp_json_row_judge(a->json, b, r, &faults, &n, w->e) != MLP_OK)
            return;
        a->tally.total++;
        a->tally.failed += n > 0;
        for (size_t i = 0; i < n; i++) {
            int column = mlp_json_row_column(a->json, &faults[i]);
            struct place at = {b, r, column < 0 ? b->raw[r]
                                                : mlp_cell_str(mlp_cell_at(b, r, (size_t)column))};
            struct mlp_str name = column < 0 ? (struct mlp_str){"", 0} : w->c->names[column];
            if (i == 0)
                keep_example(w, &a->tally, b, r, at.value);
            if (a->rule->severity == MLP_SEV_ERROR)
                reject(w, &at, name, faults[i].keyword.n ? faults[i].keyword : a->rule->name);
        }
    }
}

static void run_wide(struct mlp_rule_lane *w, struct mlp_active *a, const struct mlp_batch *b)
{
    uint8_t *looks = mlp_checker_looks(w, a, b);
    struct mlp_wide_rows rows = {b, a->key_index.p, a->key_index.n, looks};
    if (!looks)
        return;
    for (size_t r = 0; r < b->nrows; r++)
        a->tally.seen += looks[r];
    if (!a->rule->wide || mlp_wide_mark(a->rule, &rows, &a->wide, w->e) != MLP_OK)
        return;
    for (size_t r = 0; r < b->nrows; r++) {
        struct place at = {b, r, b->raw[r]};
        a->tally.total += looks[r] != 0;
        if (looks[r] != 2)
            continue;
        if (a->key_index.n == 1)
            at.value = mlp_cell_str(mlp_cell_at(b, r, (size_t)*(int *)a->key_index.p));
        fail_cell(w, a, &at);
    }
    a->tally.absent = a->tally.seen - a->tally.total;
}

/* Rows of the whole, and those of them that are its part. */
static void run_share(struct mlp_rule_lane *w, struct mlp_active *a, const struct mlp_batch *b)
{
    struct mlp_expr_context context = {a->of, &w->matcher, w->c->now};
    uint8_t *looks = mlp_checker_looks(w, a, b);
    uint8_t *of = looks ? mlp_arena_array(b->arena, b->nrows, 1) : NULL;
    if (looks && !of)
        mlp_err_nomem(w->e);
    if (!of || (a->rule->expect &&
                mlp_expr_eval(a->rule->expect, &context, b, of, w->e) != MLP_OK))
        return;
    for (size_t r = 0; r < b->nrows; r++) {
        bool whole = !b->bad[r] && (!a->rule->expect || of[r] == MLP_TRUE);
        a->tally.total += whole;
        a->tally.seen += whole && looks[r];
    }
}

/* ---- rows that are not well formed */

static void run_shape(struct mlp_rule_lane *w, const struct mlp_batch *b)
{
    struct mlp_tally *shape = &w->c->shape;
    shape->total += b->nrows;
    for (size_t r = 0; r < b->nrows; r++) {
        if (!b->bad[r])
            continue;
        struct place at = {b, r, mlp_str_from(b->bad[r])};
        shape->failed++;
        keep_example(w, shape, b, r, at.value);
        reject(w, &at, (struct mlp_str){"", 0}, MLP_STR("row"));
    }
}

/* ---- batches */

static void free_view(struct mlp_rule_lane *w)
{
    free(w->view.cell);
    free(w->view.value);
    free(w->view.state);
    free(w->view.fails);
    w->view = (struct mlp_column_view){0};
    w->room = 0;
}

static enum mlp_code reserve(struct mlp_rule_lane *w, size_t rows)
{
    struct mlp_column_view *v = &w->view;
    if (rows <= w->room)
        return MLP_OK;
    free_view(w);
    v->cell = malloc(rows * sizeof *v->cell);
    v->value = malloc(rows * sizeof *v->value);
    v->state = malloc(rows);
    v->fails = malloc(rows);
    if (!v->cell || !v->value || !v->state || !v->fails)
        return mlp_err_nomem(w->e);
    w->room = rows;
    return MLP_OK;
}

enum mlp_code mlp_rule_lane_init(struct mlp_rule_lane *w, struct mlp_checker *c, struct mlp_err *e)
{
    *w = (struct mlp_rule_lane){.c = c};
    mlp_vec_init(&w->rejects, sizeof(struct mlp_reject));
    mlp_arena_init(&w->kept, KEPT_BYTES);
    mlp_arena_init(&w->scratch[0], SCRATCH_BYTES);
    mlp_arena_init(&w->scratch[1], SCRATCH_BYTES);
    return mlp_matcher_init(&w->matcher, e);
}

void mlp_rule_lane_fini(struct mlp_rule_lane *w)
{
    free_view(w);
    mlp_vec_fini(&w->rejects);
    mlp_arena_fini(&w->kept);
    mlp_arena_fini(&w->scratch[0]);
    mlp_arena_fini(&w->scratch[1]);
    mlp_matcher_fini(&w->matcher);
}

/* Rules about several columns or none. */
static void run_row_rule(struct mlp_rule_lane *w, struct mlp_active *a, const struct mlp_batch *b)
{
    if (a->rule->kind == MLP_RULE_KEY)
        run_key(w, a, b);
    else if (a->rule->kind == MLP_RULE_CHECK)
        run_check(w, a, b);
    else if (a->rule->kind == MLP_RULE_JSON)
        run_json(w, a, b);
    else if (a->rule->kind == MLP_RULE_SHARE)
        run_share(w, a, b);
    else if (a->rule->wide || a->when)
        run_wide(w, a, b);
}

/* What a batch is to the team: one work for the rows' shape, one a column, one a rule of the rest,
 * one for the profile that is compared with a reference; before them the works of whoever checks.
 * Each has its own counts, so that their order does not matter; and each is done batch after
 * batch. */
struct round {
    struct mlp_checker *c;
    const struct mlp_check_work *work;
};

static void run_work(struct mlp_rule_lane *w, const struct mlp_batch *b, size_t i)
{
    struct mlp_checker *c = w->c;
    if (i == 0)
        run_shape(w, b);
    else if (i <= c->rules->columns.n)
        run_column(w, &c->columns[i - 1], b);
    else if (i > c->rules->columns.n + c->nrow_rules)
        mlp_checker_drift_add(c, b, w->e);
    else
        run_row_rule(w, &c->active[c->row_rules[i - 1 - c->rules->columns.n]], b);
}

static void run_in_lane(void *ctx, size_t i, unsigned member)
{
    const struct round *x = ctx;
    struct mlp_rule_lane *w = &x->c->lanes[member];
    const struct mlp_check_work *work = x->work;
    if (i < work->nbefore) {
        work->before(work->ctx);
        return;
    }
    i -= work->nbefore;
    struct mlp_batch mine = *work->batch;
    mine.arena = &w->scratch[work->turn];
    if (w->error.code != MLP_OK || reserve(w, mine.nrows) != MLP_OK)
        return;
    run_work(w, &mine, i);
    if (w->error.code != MLP_OK)
        w->failed_at = i;
}

/* The error that one thread would have met. */
static enum mlp_code first_error(const struct mlp_checker *c, struct mlp_err *e)
{
    const struct mlp_rule_lane *first = NULL;
    for (unsigned k = 0; k < c->nlanes; k++) {
        const struct mlp_rule_lane *w = &c->lanes[k];
        if (w->error.code != MLP_OK && (!first || w->failed_at < first->failed_at))
            first = w;
    }
    if (first && e && e->code == MLP_OK)
        *e = first->error;
    return first ? first->error.code : MLP_OK;
}

static int by_row(const void *a, const void *b)
{
    const struct mlp_reject *x = a, *y = b;
    if (x->batch_row != y->batch_row)
        return x->batch_row < y->batch_row ? -1 : 1;
    int column = mlp_str_cmp(x->column, y->column);
    return column ? column : mlp_str_cmp(x->rule, y->rule);
}

/* The lanes' reasons become the batch's. */
static enum mlp_code gather(struct mlp_checker *c, const struct mlp_check_work *work,
                            struct mlp_err *e)
{
    struct mlp_vec *all = &c->rejects[work->turn];
    const struct mlp_batch *b = work->batch;
    for (unsigned k = 0; k < c->nlanes; k++) {
        const struct mlp_vec *part = &c->lanes[k].rejects;
        for (size_t i = 0; i < part->n; i++) {
            struct mlp_reject *x = mlp_vec_push(all);
            if (!x)
                return mlp_err_nomem(e);
            *x = *(struct mlp_reject *)mlp_vec_at(part, i);
            work->good[x->batch_row] = 0;
        }
    }
    if (all->n)
        qsort(all->p, all->n, sizeof(struct mlp_reject), by_row);
    c->rows += b->nrows;
    for (size_t r = 0; r < b->nrows; r++)
        c->rejected += !work->good[r];
    return MLP_OK;
}

enum mlp_code mlp_checker_work(struct mlp_checker *c, const struct mlp_check_work *work,
                               struct mlp_err *e)
{
    struct round x = {c, work};
    c->rejects[work->turn].n = 0;
    memset(work->good, 1, work->batch->nrows);
    for (unsigned k = 0; k < c->nlanes; k++) {
        struct mlp_rule_lane *w = &c->lanes[k];
        w->rejects.n = 0;
        w->e = &w->error;
        mlp_err_init(&w->error);
        mlp_arena_reset(&w->scratch[work->turn]);
    }
    size_t n = work->nbefore + 1 + c->rules->columns.n + c->nrow_rules + (c->side != NULL);
    mlp_team_run(c->team, n, run_in_lane, &x);
    enum mlp_code code = first_error(c, e);
    return code == MLP_OK ? gather(c, work, e) : code;
}

enum mlp_code mlp_checker_batch(struct mlp_checker *c, const struct mlp_batch *b, uint8_t *good,
                                struct mlp_err *e)
{
    return mlp_checker_work(c, &(struct mlp_check_work){.batch = b, .good = good}, e);
}

enum mlp_code mlp_checker_survey(struct mlp_checker *c, const struct mlp_batch *b,
                                 struct mlp_err *e)
{
    struct mlp_err local;
    struct mlp_rule_lane *w = &c->lanes[0];
    mlp_err_init(&local);
    w->e = e ? e : &local;
    if (reserve(w, b->nrows) != MLP_OK)
        return w->e->code;
    for (size_t i = 0; i < c->rules->columns.n; i++) {
        struct mlp_bound_column *bound = &c->columns[i];
        if (bound->column->numbers != MLP_NUMBERS_FAIL || bound->index < 0)
            continue;
        mlp_column_view(&w->view, b, (size_t)bound->index, MLP_TYPE_ANY);
        if (bound->column->when)
            mask_rows(w, bound, b);
        mlp_cell_kinds_add(&bound->surveyed, &w->view);
    }
    for (size_t i = 0; i < c->rules->rules.n && w->e->code == MLP_OK; i++)
        if (mlp_wide_looks_twice(c->active[i].rule))
            mlp_checker_survey_wide(w, &c->active[i], b);
    return w->e->code;
}

void mlp_checker_keep(struct mlp_checker *c, size_t most)
{
    c->keep = most;
}

const struct mlp_reject *mlp_checker_rejects(const struct mlp_checker *c, size_t *n)
{
    *n = c->rejects[0].n;
    return c->rejects[0].p;
}

uint64_t mlp_checker_rows(const struct mlp_checker *c)
{
    return c->rows;
}

uint64_t mlp_checker_rejected(const struct mlp_checker *c)
{
    return c->rejected;
}
