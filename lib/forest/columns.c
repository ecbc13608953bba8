/* columns.c: thresholds of a forest as columns of codes (internal.h). */
#include "forest/internal.h"
#include <math.h>
#include <stdlib.h>

/* What an inner node asks. */
struct question {
    uint32_t feature, flags, node;
    double threshold;
};

/* Flags that change what a missing value does: two nodes with the same share a column. */
static uint32_t missing_rule(uint32_t flags)
{
    uint32_t rule = flags & (MLP_SPLIT_DEFAULT_LEFT | MLP_SPLIT_ZERO_MISSING | MLP_SPLIT_NAN_ZERO);
    bool never = (rule & MLP_SPLIT_NAN_ZERO) && !(rule & MLP_SPLIT_ZERO_MISSING);
    return never ? MLP_SPLIT_NAN_ZERO : rule;
}

static int by_column(const void *a, const void *b)
{
    const struct question *x = a, *y = b;
    if (x->feature != y->feature)
        return x->feature < y->feature ? -1 : 1;
    if (x->flags != y->flags)
        return x->flags < y->flags ? -1 : 1;
    return (x->threshold > y->threshold) - (x->threshold < y->threshold);
}

/* The questions of all inner nodes; -1 when one cannot be coded. */
static ptrdiff_t collect(const struct node_list *list, size_t n, struct question *q)
{
    const struct mlp_node16 *nodes = list->nodes;
    ptrdiff_t count = 0;
    for (size_t i = 0; i < n; i++) {
        if (nodes[i].child == i || (list->pick && !list->pick[i]))
            continue;
        if ((nodes[i].packed & MLP_SPLIT_CATEGORIES) || isnan(nodes[i].threshold))
            return -1;
        q[count++] = (struct question){nodes[i].packed >> 8, missing_rule(nodes[i].packed & 255),
                                       (uint32_t)i, nodes[i].threshold};
    }
    return count;
}

/* Numbers columns and ranks; returns how many columns there are. */
static uint32_t assign(const struct question *q, size_t n, struct node_code *codes)
{
    struct node_code at = {0, 0};
    for (size_t i = 0; i < n; i++) {
        bool first = i == 0, fresh = first || q[i].feature != q[i - 1].feature ||
                                     q[i].flags != q[i - 1].flags;
        if (!first && !fresh && q[i].threshold != q[i - 1].threshold)
            at.rank++;
        fresh |= at.rank == CODE_THRESHOLDS - 1;
        if (fresh)
            at = (struct node_code){at.column + !first, 0};
        codes[q[i].node] = at;
    }
    return n ? at.column + 1 : 0;
}

static enum mlp_code fill(struct mlp_forest *f, const struct question *q, size_t n,
                          const struct node_code *codes, struct mlp_arena *arena,
                          struct mlp_err *e)
{
    size_t each = CODE_THRESHOLDS + CODE_SPLITTERS, total = f->ncolumns * each;
    struct mlp_forest_column *columns = mlp_arena_array(arena, f->ncolumns, sizeof *columns);
    double *room = mlp_arena_array64(arena, total, sizeof *room);
    if (!columns || !room)
        return mlp_err_nomem(e);
    for (size_t i = 0; i < total; i++)
        room[i] = INFINITY;
    for (size_t i = 0; i < n; i++) {
        const struct node_code *at = &codes[q[i].node];
        double *mine = room + at->column * each;
        mine[at->rank] = q[i].threshold;
        columns[at->column] = (struct mlp_forest_column){q[i].feature, q[i].flags, mine,
                                                         mine + CODE_THRESHOLDS};
    }
    for (size_t c = 0; c < f->ncolumns; c++)
        for (size_t k = 0; k < CODE_SPLITTERS; k++)
            room[c * each + CODE_THRESHOLDS + k] = room[c * each + k * 16 + 15];
    f->columns = columns;
    return MLP_OK;
}

enum mlp_code mlp_forest_columns(struct mlp_forest *f, const struct node_list *list,
                                 uint32_t most_columns, struct mlp_arena *arena,
                                 struct mlp_err *e)
{
    struct question *q = malloc((f->nnodes + 1) * sizeof *q);
    if (!q)
        return mlp_err_nomem(e);
    enum mlp_code code = MLP_OK;
    ptrdiff_t count = collect(list, f->nnodes, q);
    if (count >= 0) {
        qsort(q, (size_t)count, sizeof *q, by_column);
        f->ncolumns = assign(q, (size_t)count, list->codes);
        if (f->ncolumns > most_columns)
            f->ncolumns = 0;
        else
            code = fill(f, q, (size_t)count, list->codes, arena, e);
    }
    free(q);
    return code;
}

/* The feature's values as the nodes see them; true when some are missing, which become NaN. */
static bool take_values(const struct mlp_forest *f, const struct mlp_forest_column *column,
                        const struct code_call *c)
{
    const double *x = c->x + f->used[column->feature];
    bool missing = false;
    for (size_t r = 0; r < c->n; r++) {
        double v = x[r * c->ldx];
        c->values[r] = f->spec.float32 ? (double)(float)v : v;
        missing |= isnan(v);
    }
    if (missing && (column->flags & MLP_SPLIT_NAN_ZERO))
        for (size_t r = 0; r < c->n; r++)
            c->values[r] = isnan(c->values[r]) ? 0 : c->values[r];
    if (!(column->flags & MLP_SPLIT_ZERO_MISSING))
        return missing && !(column->flags & MLP_SPLIT_NAN_ZERO);
    for (size_t r = 0; r < c->n; r++)
        if (fabs(c->values[r]) <= (double)1e-35f)
            c->values[r] = NAN;
    return true;
}

void mlp_forest_code_rows(const struct mlp_forest *f, const struct forest_kernels *k,
                          const struct code_call *c)
{
    for (uint32_t i = 0; i < f->ncolumns; i++) {
        const struct mlp_forest_column *column = &f->columns[i];
        int8_t *codes = c->codes + i * c->ld;
        bool missing = take_values(f, column, c);
        k->count(column, c->values, c->n, codes);
        if (!missing || (column->flags & MLP_SPLIT_DEFAULT_LEFT))
            continue;
        for (size_t r = 0; r < c->n; r++)
            if (isnan(c->values[r]))
                codes[r] = CODE_MISSING_RIGHT - 128;
    }
}
