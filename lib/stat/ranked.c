#include "stat/ranked.h"

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

bool mlp_rank(const struct mlp_binary *b, struct mlp_ranked *r)
{
    size_t n = b->n;
    struct entry *entries = calloc(n + 1, sizeof *entries);
    double *columns = calloc(4 * n + 1, sizeof *columns);
    size_t *at = calloc(n + 1, sizeof *at);
    *r = (struct mlp_ranked){{n, columns, columns + n, NULL, NULL}, at, columns};
    if (!entries || !columns || !at) {
        free(entries);
        mlp_ranked_fini(r);
        return false;
    }
    for (size_t i = 0; i < n; i++)
        entries[i] = (struct entry){b->score[i], i};
    qsort(entries, n, sizeof *entries, by_score);
    for (size_t i = 0; i < n; i++)
        at[i] = entries[i].row;
    gather(entries, n, b->y, columns);
    gather(entries, n, b->score, columns + n);
    if (b->pred) {
        gather(entries, n, b->pred, columns + 2 * n);
        r->b.pred = columns + 2 * n;
    }
    if (b->w) {
        gather(entries, n, b->w, columns + 3 * n);
        r->b.w = columns + 3 * n;
    }
    free(entries);
    return true;
}

void mlp_ranked_fini(struct mlp_ranked *r)
{
    free(r->memory);
    free(r->at);
    *r = (struct mlp_ranked){0};
}
