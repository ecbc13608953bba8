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

static bool is_category(const struct question *q)
{
    return q->flags & MLP_SPLIT_CATEGORIES;
}

/* The questions of all inner nodes; -1 when one cannot be coded. A set of categories has a column
 * of its own, and its number for a threshold. */
static ptrdiff_t collect(const struct node_list *list, size_t n, struct question *q)
{
    const struct mlp_node16 *nodes = list->nodes;
    ptrdiff_t count = 0;
    for (size_t i = 0; i < n; i++) {
        if (nodes[i].child == i || (list->pick && !list->pick[i]))
            continue;
        if (isnan(nodes[i].threshold))
            return -1;
        uint32_t flags = nodes[i].packed & 255;
        flags = flags & MLP_SPLIT_CATEGORIES ? flags : missing_rule(flags);
        q[count++] = (struct question){nodes[i].packed >> 8, flags, (uint32_t)i,
                                       nodes[i].threshold};
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
        bool other = !first && q[i].threshold != q[i - 1].threshold;
        if (!fresh && other)
            at.rank++;
        fresh |= at.rank == CODE_THRESHOLDS - 1 || (is_category(&q[i]) && other);
        if (fresh)
            at = (struct node_code){at.column + !first, 0};
        codes[q[i].node] = at;
        if (is_category(&q[i]))
            codes[q[i].node].rank = CODE_CATEGORY_RANK;
    }
    return n ? at.column + 1 : 0;
}

/* Whether question i is its column's first. */
static bool opens_column(const struct question *q, size_t i, const struct node_code *codes)
{
    return i == 0 || codes[q[i].node].column != codes[q[i - 1].node].column;
}

/* Doubles of a column: its thresholds, then the splitters. */
#define COLUMN_DOUBLES (CODE_THRESHOLDS + CODE_SPLITTERS)

static double *take_thresholds(const struct question *q, size_t n, const struct node_code *codes,
                               struct mlp_arena *arena)
{
    size_t columns = 0;
    for (size_t i = 0; i < n; i++)
        columns += !is_category(&q[i]) && opens_column(q, i, codes);
    double *room = mlp_arena_array64(arena, columns * COLUMN_DOUBLES, sizeof *room);
    for (size_t i = 0; room && i < columns * COLUMN_DOUBLES; i++)
        room[i] = INFINITY;
    return room;
}

static enum mlp_code fill(struct mlp_forest *f, const struct question *q, size_t n,
                          const struct node_code *codes, struct mlp_arena *arena,
                          struct mlp_err *e)
{
    struct mlp_forest_column *columns = mlp_arena_array(arena, f->ncolumns, sizeof *columns);
    double *next = take_thresholds(q, n, codes, arena), *mine = next;
    if (!columns || !next)
        return mlp_err_nomem(e);
    for (size_t i = 0; i < n; i++) {
        const struct node_code *at = &codes[q[i].node];
        struct mlp_forest_column *c = &columns[at->column];
        c->feature = q[i].feature;
        c->flags = q[i].flags;
        if (is_category(&q[i])) {
            c->set = (uint32_t)q[i].threshold;
            continue;
        }
        if (opens_column(q, i, codes)) {
            mine = next;
            next += COLUMN_DOUBLES;
        }
        mine[at->rank] = q[i].threshold;
        mine[CODE_THRESHOLDS + at->rank / 16] = mine[(at->rank / 16) * 16 + 15];
        c->threshold = mine;
        c->splitter = mine + CODE_THRESHOLDS;
    }
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

bool mlp_forest_category_left(const struct mlp_forest *f, uint32_t flags, uint32_t set, double v)
{
    bool missing_left = flags & MLP_SPLIT_DEFAULT_LEFT;
    if (isnan(v))
        return missing_left;
    const struct mlp_cat_set *s = &f->sets[set];
    if (flags & MLP_SPLIT_TRUNCATE)
        v = trunc(v);
    if (!(v >= 0 && v < (double)s->ncodes))
        return flags & MLP_SPLIT_OUT_MISSING ? missing_left : (flags & MLP_SPLIT_OUT_LEFT) != 0;
    uint32_t code = (uint32_t)v;
    bool in = s->bits[code / 32] >> (code % 32) & 1;
    return in == ((flags & MLP_SPLIT_SET_LEFT) != 0);
}

int8_t mlp_forest_category_code(const struct mlp_forest *f, const struct mlp_forest_column *c,
                                double v)
{
    v = f->spec.float32 ? (double)(float)v : v;
    return mlp_forest_category_left(f, c->flags, c->set, v) ? -128 : CODE_MISSING_RIGHT - 128;
}

static void code_categories(const struct mlp_forest *f, const struct mlp_forest_column *column,
                            const struct code_call *c, int8_t *codes)
{
    const double *x = c->x + f->used[column->feature];
    for (size_t r = 0; r < c->n; r++)
        codes[r] = mlp_forest_category_code(f, column, x[r * c->ldx]);
}

void mlp_forest_code_rows(const struct mlp_forest *f, const struct forest_kernels *k,
                          const struct code_call *c)
{
    for (uint32_t i = 0; i < f->ncolumns; i++) {
        const struct mlp_forest_column *column = &f->columns[i];
        int8_t *codes = c->codes + i * c->ld;
        if (column->flags & MLP_SPLIT_CATEGORIES) {
            code_categories(f, column, c, codes);
            continue;
        }
        bool missing = take_values(f, column, c);
        k->count(column, c->values, c->n, codes);
        if (!missing || (column->flags & MLP_SPLIT_DEFAULT_LEFT))
            continue;
        for (size_t r = 0; r < c->n; r++)
            if (isnan(c->values[r]))
                codes[r] = CODE_MISSING_RIGHT - 128;
    }
}
