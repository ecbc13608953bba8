#include "stat/ranked.h"

#include <math.h>
#include <stdlib.h>

struct entry {
    double score;
    size_t row;
};

static int by_score(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    if (x->score != y->score)
        return x->score < y->score ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

static void gather(const struct entry *entries, size_t n, const double *from, double *to)
{
    for (size_t i = 0; i < n; i++)
        to[i] = from[entries[i].row];
}

/* Copies the columns in the order of the entries. */
static void copy_columns(const struct mlp_binary *b, const struct entry *entries, double *columns,
                         struct mlp_ranked *r)
{
    size_t n = b->n;
    for (size_t i = 0; i < n; i++)
        r->at[i] = entries[i].row;
    gather(entries, n, b->y, columns);
    if (b->score) {
        gather(entries, n, b->score, columns + n);
        r->b.score = columns + n;
    }
    if (b->pred) {
        gather(entries, n, b->pred, columns + 2 * n);
        r->b.pred = columns + 2 * n;
    }
    if (b->w) {
        gather(entries, n, b->w, columns + 3 * n);
        r->b.w = columns + 3 * n;
    }
}

static double key_of(const struct mlp_binary *b, size_t row, enum mlp_order order)
{
    if (!b->score || order == MLP_AS_THEY_ARE)
        return 0;
    return order == MLP_BY_ERROR ? fabs(b->y[row] - b->score[row]) : b->score[row];
}

bool mlp_rank_by(const struct mlp_binary *b, enum mlp_order order, struct mlp_ranked *r)
{
    size_t n = b->n;
    struct entry *entries = calloc(n + 1, sizeof *entries);
    double *columns = calloc(4 * n + 1, sizeof *columns);
    size_t *at = calloc(n + 1, sizeof *at);
    *r = (struct mlp_ranked){{.n = n, .y = columns, .more = b->more}, at, columns};
    if (!entries || !columns || !at) {
        free(entries);
        mlp_ranked_fini(r);
        return false;
    }
    for (size_t i = 0; i < n; i++)
        entries[i] = (struct entry){key_of(b, i, order), i};
    if (b->score && order != MLP_AS_THEY_ARE)
        qsort(entries, n, sizeof *entries, by_score);
    copy_columns(b, entries, columns, r);
    free(entries);
    return true;
}

bool mlp_rank(const struct mlp_binary *b, struct mlp_ranked *r)
{
    return mlp_rank_by(b, MLP_BY_SCORE, r);
}

void mlp_ranked_fini(struct mlp_ranked *r)
{
    free(r->memory);
    free(r->at);
    *r = (struct mlp_ranked){0};
}
