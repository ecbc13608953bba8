/* leak.h: what a test must not share with training: rows, and columns that give the label away. */
#ifndef MLP_STAT_LEAK_H
#define MLP_STAT_LEAK_H

#include "base/err.h"
#include "base/str.h"
#include "stat/metrics.h"

/* Rows that were seen, by 64-bit hashes: 24 bytes a distinct row, at half to seven eighths full.
 * Two different rows of n are taken for one with probability about n^2 / 2^65 (0.3 in a million
 * for ten million rows). Owned by the caller; made by init, ended by fini. */
struct mlp_seen_row {
    uint64_t hash, rest;      /* of what is compared, and of the rest (the label) */
    uint32_t file, line;      /* where it was first; 0-based file, line as far as 2^32 */
};
struct mlp_seen {
    struct mlp_seen_row *rows;
    uint8_t *used;
    size_t n, slots, most;
};

/* most: rows that fit in the memory allowed (MLP_SEEN_BYTES each). */
#define MLP_SEEN_BYTES 50
void mlp_seen_init(struct mlp_seen *s, size_t most);
void mlp_seen_fini(struct mlp_seen *s);

/* Looks for a row's hash and keeps it when it is new. *first is where it was before (borrowed until
 * the next call), NULL when it is new. MLP_EINPUT beyond `most`, MLP_EIO without memory. */
enum mlp_code mlp_seen_add(struct mlp_seen *s, const struct mlp_seen_row *row,
                           const struct mlp_seen_row **first, struct mlp_err *e);

/* A row's hash, whatever the order of its columns: start at 0 and add every cell. */
uint64_t mlp_cell_hash(uint64_t column, struct mlp_str text);

/* How well one column alone tells the label: y as metrics take it (a class number, or a number) and
 * the column's code of each row, below ncodes. The rows are parted in two by chance (seeded), and
 * each half is predicted by what the other half's rows of the same code have: the AUC for two
 * classes, the share of the baseline's errors that it saves for more, R2 for numbers. So an
 * identifier, which has a code a row, gets no credit. NaN without two classes, rows or memory. */
struct mlp_solo {
    size_t n, ncodes, classes;
    const double *y;
    const uint32_t *code;
    enum mlp_task task;
};
double mlp_solo_score(const struct mlp_solo *s);

/* Codes of n numbers in up to `bins` bins of equal weight, NaN in one more; returns how many codes
 * there are, 0 without memory. Equal numbers share a bin. */
size_t mlp_quantile_codes(const double *v, size_t n, size_t bins, uint32_t *code);

#endif
