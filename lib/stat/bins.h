/* bins.h: counting values between fixed edges. For lib/stat only.
 *
 * Within a bin the distance from its lower edge (its upper one for the first bin) adds up in units
 * of 2^-20 of the bin's width, rounded to an integer for each value: the sum of a bin is then the
 * same in any order and off by at most 2^-21 of the width a value. The two open bins take the span
 * of all edges as their width, and values further away than 4,096 spans count as just that. */
#ifndef MLP_STAT_BINS_H
#define MLP_STAT_BINS_H

#include "stat/profile.h"

/* Edges with what turns a value into a bin and an offset. Arrays are owned. A grid of equal cells
 * tells how many edges lie below the cell of a value; `steps` halvings find the rest. */
#define MLP_BINS_CELLS 2048
struct mlp_bins {
    size_t nedges;
    double *edges;           /* a copy, with infinities behind it for the last halvings */
    double *inverse;         /* 2^20 / width, nedges + 1 entries */
    uint64_t *counts, *offsets;
    double low, scale;       /* cell of x: (x - low) * scale, moved into the grid */
    uint16_t *below;         /* edges in lower cells */
    unsigned steps;
};

/* Embedded; edges are copied, at most 65,535 of them. */
enum mlp_code mlp_bins_init(struct mlp_bins *b, const double *edges, size_t nedges,
                            struct mlp_err *e);
void mlp_bins_fini(struct mlp_bins *b);

/* Counts a finite x, count times; n finite values once each. nedges > 0. */
void mlp_bins_add(struct mlp_bins *b, double x, uint64_t count);
void mlp_bins_add_all(struct mlp_bins *b, const double *x, size_t n);

/* Sum of the values of bin i, from its count and offset. */
double mlp_bins_sum(const double *edges, size_t nedges, size_t i, uint64_t count,
                    uint64_t offset);

/* A value and how often it comes. */
struct mlp_weighted {
    double x;
    uint64_t count;
};

/* Chooses edges for n values, ascending by x and distinct: the values themselves up to 256, else
 * order statistics at i/256, at 2^-k and 1 - 2^-k below and above, and both ends. At most
 * MLP_BINS_MAX_EDGES go to out; returns how many. */
#define MLP_BINS_MAX_EDGES 384
size_t mlp_bins_choose(const struct mlp_weighted *v, size_t n, double *out);

#endif
