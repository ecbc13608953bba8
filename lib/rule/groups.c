#include "rule/groups.h"

#include <stdlib.h>

#define MOST_GROUPS 10000         /* of a rule; 1,000 where values are kept for quantiles */
#define MOST_RANKED 1000
#define KEY_BYTES ((size_t)1 << 20)
#define MAP_BYTES ((size_t)64 << 20)

static bool is_ranked(const struct mlp_checker *c, const struct mlp_rule_column *column)
{
    struct mlp_column_sums s;
    const struct mlp_rule *rules = column->n ? mlp_vec_at(&c->rules->rules, column->first) : NULL;
    mlp_column_sums_init(&s, rules, column->n);
    return s.wants_values;
}

static enum mlp_code bind(struct mlp_groups *g, const struct mlp_table *t, struct mlp_err *e)
{
    const struct mlp_node *by = g->column->by;
    bool list = by->type == MLP_DOC_LIST;
    g->index = calloc(list ? by->u.count + 1 : 1, sizeof *g->index);
    if (!g->index)
        return mlp_err_nomem(e);
    for (const struct mlp_node *n = list ? by->child : by; n; n = list ? n->next : NULL) {
        g->index[g->nindex] = mlp_table_find(t, n->text);
        if (g->index[g->nindex++] < 0) {
            mlp_err_set(e, MLP_EINPUT, "there is no column \"%.*s\", by which rules group",
                        MLP_STR_ARG(n->text));
            return mlp_err_at(e, mlp_table_source(t), 1, 0);
        }
    }
    return MLP_OK;
}

enum mlp_code mlp_groups_new(struct mlp_checker *c, const struct mlp_rule_column *column,
                             const struct mlp_table *t, struct mlp_groups **out,
                             struct mlp_err *e)
{
    *out = NULL;
    if (!column->by)
        return MLP_OK;
    struct mlp_groups *g = *out = calloc(1, sizeof *g);
    if (!g)
        return mlp_err_nomem(e);
    g->column = column;
    g->most = is_ranked(c, column) ? MOST_RANKED : MOST_GROUPS;
    mlp_map_init(&g->at, 0, MAP_BYTES);
    mlp_vec_init(&g->list, sizeof(struct mlp_group));
    return bind(g, t, e);
}

void mlp_groups_free(struct mlp_groups *g)
{
    if (!g)
        return;
    for (size_t i = 0; i < g->list.n; i++) {
        struct mlp_group *x = mlp_vec_at(&g->list, i);
        for (size_t k = 0; x->active && k < g->column->n; k++)
            mlp_active_fini(&x->active[k]);
        mlp_column_sums_fini(&x->sums);
        free(x->active);
    }
    mlp_vec_fini(&g->list);
    mlp_map_fini(&g->at);
    free(g->index);
    free(g->group_of);
    free(g->rows);
    free(g->first);
    free(g);
}

/* ---- groups of a batch */

static enum mlp_code reserve(struct mlp_groups *g, size_t rows, struct mlp_err *e)
{
    if (rows > g->room) {
        free(g->group_of);
        free(g->rows);
        g->group_of = malloc(rows * sizeof *g->group_of);
        g->rows = malloc(rows * sizeof *g->rows);
        g->room = g->group_of && g->rows ? rows : 0;
    }
    if (rows > g->room)
        return mlp_err_nomem(e);
    return MLP_OK;
}

static enum mlp_code add_group(struct mlp_groups *g, struct mlp_rule_lane *w,
                               const struct mlp_batch *b, size_t r)
{
    const struct mlp_checker *c = w->c;
    struct mlp_buf label;
    if (g->list.n == g->most)
        return mlp_err_set(w->e, MLP_EINPUT, "line %llu: more than %zu groups of rules by \"%.*s\"",
                           (unsigned long long)b->line[r], g->most,
                           MLP_STR_ARG(c->names[g->index[0]]));
    struct mlp_group *x = mlp_vec_push(&g->list);
    if (!x)
        return mlp_err_nomem(w->e);
    const struct mlp_rule *rules = mlp_vec_at(&c->rules->rules, g->column->first);
    *x = (struct mlp_group){.active = calloc(g->column->n + 1, sizeof *x->active)};
    mlp_column_sums_init(&x->sums, rules, g->column->n);
    if (x->sums.wants_values)
        x->sums.most = c->columns[0].sums.most / MOST_RANKED + 64;
    for (size_t k = 0; x->active && k < g->column->n; k++) {
        x->active[k].rule = &rules[k];
        mlp_vec_init(&x->active[k].kept, sizeof(struct mlp_kept));
        mlp_vec_init(&x->active[k].key_index, sizeof(int));
    }
    mlp_buf_init(&label, KEY_BYTES);
    for (size_t k = 0; k < g->nindex; k++) {
        struct mlp_str v = mlp_cell_str(mlp_cell_at(b, r, (size_t)g->index[k]));
        mlp_buf_addf(&label, "%s%.*s=%.*s", k ? ", " : "", MLP_STR_ARG(c->names[g->index[k]]),
                     (int)(v.p ? v.n < 200 ? v.n : 200 : 0), v.p ? v.p : "");
    }
    x->label = mlp_arena_str(&w->kept, mlp_buf_str(&label));
    mlp_buf_fini(&label);
    return x->active && x->label.p ? MLP_OK : mlp_err_nomem(w->e);
}

static enum mlp_code find_group(struct mlp_groups *g, struct mlp_rule_lane *w,
                                const struct mlp_batch *b, size_t r, struct mlp_buf *key)
{
    bool fresh = false;
    mlp_buf_reset(key);
    for (size_t k = 0; k < g->nindex; k++) {
        struct mlp_str v = mlp_cell_str(mlp_cell_at(b, r, (size_t)g->index[k]));
        mlp_buf_addf(key, "%c%zu:", v.p ? '1' : '0', v.n);
        mlp_buf_addstr(key, v);
    }
    uint64_t *at = key->failed ? NULL : mlp_map_put(&g->at, mlp_buf_str(key), &fresh);
    if (!at)
        return mlp_err_nomem(w->e);
    if (fresh)
        *at = g->list.n;
    g->group_of[r] = (uint32_t)*at;
    return fresh ? add_group(g, w, b, r) : MLP_OK;
}

#define NO_GROUP UINT32_MAX

static enum mlp_code find_groups(struct mlp_groups *g, struct mlp_rule_lane *w,
                                 const struct mlp_batch *b)
{
    struct mlp_buf key;
    enum mlp_code code = reserve(g, b->nrows, w->e);
    mlp_buf_init(&key, KEY_BYTES);
    for (size_t r = 0; r < b->nrows && code == MLP_OK; r++) {
        if (w->view.state[r] == MLP_CELL_BAD)
            g->group_of[r] = NO_GROUP;
        else
            code = find_group(g, w, b, r, &key);
    }
    mlp_buf_fini(&key);
    return code;
}

/* Rows by group, each group's in their order. */
static enum mlp_code sort_rows(struct mlp_groups *g, size_t nrows, struct mlp_err *e)
{
    size_t n = g->list.n;
    if (n + 2 > g->groups_room) {
        free(g->first);
        g->groups_room = 2 * n + 64;
        g->first = malloc(g->groups_room * sizeof *g->first);
    }
    if (!g->first) {
        g->groups_room = 0;
        return mlp_err_nomem(e);
    }
    memset(g->first, 0, (n + 2) * sizeof *g->first);
    for (size_t r = 0; r < nrows; r++)
        if (g->group_of[r] != NO_GROUP)
            g->first[g->group_of[r] + 2]++;
    for (size_t i = 2; i < n + 2; i++)
        g->first[i] += g->first[i - 1];
    for (size_t r = 0; r < nrows; r++)
        if (g->group_of[r] != NO_GROUP)
            g->rows[g->first[g->group_of[r] + 1]++] = (uint32_t)r;
    return MLP_OK;
}

/* ---- running */

/* The cells of some rows side by side, in the batch's arena. */
static bool part_of(const struct mlp_column_view *v, const uint32_t *rows, size_t n,
                    struct mlp_column_view *out, struct mlp_arena *arena)
{
    *out = (struct mlp_column_view){.n = n};
    out->cell = mlp_arena_array(arena, n, sizeof *out->cell);
    out->value = mlp_arena_array(arena, n, sizeof *out->value);
    out->state = mlp_arena_array(arena, n, 1);
    out->fails = mlp_arena_array(arena, n, 1);
    if (!out->cell || !out->value || !out->state || !out->fails)
        return false;
    for (size_t i = 0; i < n; i++) {
        out->cell[i] = v->cell[rows[i]];
        out->value[i] = v->value[rows[i]];
        out->state[i] = v->state[rows[i]];
        out->count[out->state[i]]++;
    }
    return true;
}

/* Values that differ within a group are those of one set, told apart by group. */
static void count_distinct(struct mlp_rule_lane *w, struct mlp_active *shared, struct mlp_active *a,
                           size_t group)
{
    for (size_t r = 0; r < w->view.n; r++) {
        const struct mlp_cell *cell = &w->view.cell[r];
        bool fresh = false, looks = w->view.state[r] == MLP_CELL_FITS ||
                                    w->view.state[r] == MLP_CELL_WRONG;
        if (looks)
            mlp_hashes_add(&shared->state.hashes, mlp_hash64(cell->p, cell->n, group + 1), &fresh,
                           w->e);
        a->distinct += fresh;
    }
}

static void run_group(struct mlp_groups *g, struct mlp_rule_lane *w, const struct mlp_batch *b,
                      size_t group, mlp_group_run_fn *run)
{
    struct mlp_group *x = mlp_vec_at(&g->list, group);
    mlp_column_sums_add(&x->sums, &w->view, w->e);
    for (size_t k = 0; k < g->column->n && w->e->code == MLP_OK; k++) {
        enum mlp_rule_kind kind = x->active[k].rule->kind;
        if (kind == MLP_RULE_DISTINCT || kind == MLP_RULE_DISTINCT_SHARE)
            count_distinct(w, &w->c->active[g->column->first + k], &x->active[k], group);
        else
            run(w, &x->active[k], b);
    }
}

enum mlp_code mlp_groups_run(struct mlp_groups *g, struct mlp_rule_lane *w,
                             const struct mlp_batch *b, mlp_group_run_fn *run)
{
    struct mlp_column_view whole = w->view;
    enum mlp_code code = find_groups(g, w, b);
    if (code == MLP_OK)
        code = sort_rows(g, b->nrows, w->e);
    for (size_t i = 0; i < g->list.n && code == MLP_OK; i++) {
        size_t from = g->first[i], n = g->first[i + 1] - from;
        if (n == 0)
            continue;
        w->rows = g->rows + from;
        if (part_of(&whole, w->rows, n, &w->view, b->arena))
            run_group(g, w, b, i, run);
        else
            mlp_err_nomem(w->e);
        code = w->e->code;
    }
    w->view = whole;
    w->rows = NULL;
    return code;
}
