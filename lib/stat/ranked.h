/* ranked.h: rows in ascending order of score, for what is computed from ranks. */
#ifndef MLP_STAT_RANKED_H
#define MLP_STAT_RANKED_H

#include "stat/metrics.h"

/* b's arrays point into memory; b.w is NULL when there were no weights. at[i] is the row that rank
 * i had before. */
struct mlp_ranked {
    struct mlp_binary b;
    size_t *at;
    void *memory;
};

/* Copies and sorts (rows that are equal stay in order); false without memory. pred may be NULL.
 * Without a score rows stay as they are. `more` is borrowed on: its arrays belong to rows that were
 * not sorted. */
bool mlp_rank_by(const struct mlp_binary *b, enum mlp_order order, struct mlp_ranked *r);
bool mlp_rank(const struct mlp_binary *b, struct mlp_ranked *r);
void mlp_ranked_fini(struct mlp_ranked *r);

#endif
