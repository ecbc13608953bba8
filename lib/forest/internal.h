/* internal.h: what the files of the forest share.
 *
 * Coding. Trees only ask whether a value is at most one of a feature's thresholds. A column holds
 * up to 255 of them, ascending; a row's code in it is how many lie below the value, and node j's
 * question "x <= threshold[j]" becomes "code <= j". That is exact for float64 as for float32, and
 * what a missing value means is settled once a row and column instead of at every node: it is code
 * 0 where it goes left and 255 where it goes right, as is a category for a set of them. Features
 * with more thresholds have several columns; nodes that treat missing values differently look at
 * different columns.
 *
 * Dense trees. With codes of one byte, a vector compares 16 to 64 rows at once. A small tree is
 * cheaper to answer whole than to walk: every node, children first, blends the leaf numbers that
 * its children chose, by comparing. No branch, no gather; two instructions a node. This goes
 * beyond QuickScorer (Lucchese et al., SIGIR 2015), which also visits nodes instead of paths but
 * keeps a bit a leaf, so that its vectors hold a quarter of the rows.
 *
 * One row. There the nodes of a tree fill the vector instead: those that send the row to the right
 * each cross out the leaves on their left, as QuickScorer does; the leftmost leaf that remains is
 * the answer. A part has 32 leaves; a tree that has more but whose halves do not is two parts, of
 * which the root picks one.
 *
 * Deep trees. Of these the first levels are answered that way, which tells the node where each row
 * goes on; from there rows walk, several in step. Only the thresholds of the first levels have
 * codes then. */
#ifndef MLP_FOREST_INTERNAL_H
#define MLP_FOREST_INTERNAL_H

#include "forest/forest.h"

/* Codes go from 0 to 255; padding is +infinity, which is below nothing. */
#define CODE_THRESHOLDS 256
#define CODE_SPLITTERS 16
#define CODE_MISSING_RIGHT 255

/* A set of categories has a column with two codes: the lowest goes left, the highest right. */
#define CODE_CATEGORY_RANK 127

struct mlp_forest_column {
    uint32_t feature;            /* index into used */
    uint32_t flags;              /* enum mlp_split */
    uint32_t set;                /* of categories; there are no thresholds then */
    const double *threshold;     /* CODE_THRESHOLDS, 64-byte aligned */
    const double *splitter;      /* every 16th of them */
};

/* Where each node finds its answer, of the builder's nodes; leaves have none. */
struct node_code {
    uint32_t column;
    uint32_t rank;
};

/* Rows that a dense tree answers at once, and the room for what its nodes say: leaf numbers, each
 * in a row of its own, then a stack of inner nodes' answers. */
#define DENSE_ROWS 128
#define DENSE_LEAVES 128
/* Times that many rows go through a deep tree while it is in the cache. */
#define DENSE_CHUNKS 8
#define DENSE_SLOTS 256
/* Fewer rows than this walk the trees instead. */
#define DENSE_LEAST 24
/* Leaf values behind the last tree's, so that whole vectors may be loaded. */
#define DENSE_PAD 64

/* to = code in column > threshold ? right : left, for every row; codes are kept 128 lower, since
 * AVX2 only compares signed bytes. */
struct dense_op {
    uint16_t column;
    int8_t threshold;
    uint8_t to, left, right;
};
struct dense_tree {
    uint32_t op, nops;
    uint32_t leaf, nleaves;      /* of the values or entries */
};
struct mlp_forest_dense {
    const struct dense_op *op;
    const struct dense_tree *tree;
    const double *value;         /* a row of value_width each leaf, one of these two */
    const float *value32;
    const uint32_t *entry;       /* of deep trees instead: the node where walking goes on */
};

/* Levels of a deep tree that are answered whole. */
#define DENSE_LEVELS 6

#define BITS_LEAVES 32
#define BITS_COLUMNS 64
/* Trees that are answered in one go; more of them are padding. */
#define BITS_TREES 16

/* The inner nodes below the part's root, in any order; those that are none never go right. keep:
 * the leaves that remain when the row goes right, the leftmost of all in the lowest bit. */
struct bits_part {
    uint8_t column[BITS_LEAVES];
    int8_t threshold[BITS_LEAVES];
    uint32_t keep[BITS_LEAVES];
};
/* The root of a tree in two parts; that of another never goes right. */
struct bits_tree {
    uint32_t part;
    uint8_t column;
    int8_t threshold;
};
struct mlp_forest_bits {
    const struct bits_tree *tree;
    struct bits_part *part;
    uint32_t *last;              /* a part's leftmost leaf among the dense trees' values, which
                                    are from right to left */
    size_t ntrees;               /* with padding */
    uint32_t ncolumns;
};

/* The kernels of one instruction set. */
struct forest_kernels {
    /* The codes of one row, 128 lower, in all columns; there is room for BITS_COLUMNS. NULL, as
     * find, where walking is faster. */
    void (*code_row)(const struct mlp_forest *f, const double *x, int8_t *codes);
    /* The leaf of each tree, by its number among the dense trees' values. */
    void (*find)(const struct mlp_forest_bits *b, const int8_t *codes, uint32_t *leaf);
    /* codes[i] = how many of the column's thresholds are below x[i], 128 lower; NaN: none. */
    void (*count)(const struct mlp_forest_column *c, const double *x, size_t n, int8_t *codes);
    /* Answers a tree for DENSE_ROWS rows: slots[result slot] are leaf numbers. */
    void (*answer)(const struct dense_op *op, size_t nops, const int8_t *codes, uint8_t *slots);
    /* sum[i] += value[leaf[i]] for DENSE_ROWS rows. */
    void (*add64)(const double *value, uint32_t nleaves, const uint8_t *leaf, double *sum);
    void (*add32)(const float *value, uint32_t nleaves, const uint8_t *leaf, float *sum);
};
extern const struct forest_kernels mlp_forest_portable;
/* NULL where the processor has not got the instructions. */
const struct forest_kernels *mlp_forest_avx2(void);
const struct forest_kernels *mlp_forest_avx512(void);
const struct forest_kernels *mlp_forest_kernels(enum mlp_forest_isa isa);

/* The nodes of a forest that is being packed; leaves are their own children. */
struct node_list {
    const struct mlp_node16 *nodes;
    const double *values;
    struct node_code *codes;
    const bool *pick;            /* those that need codes, or NULL: all */
};

/* Makes f's columns for its nodes and tells each node's place in codes. f->ncolumns stays 0 when
 * most_columns are not enough, or a threshold is NaN. */
enum mlp_code mlp_forest_columns(struct mlp_forest *f, const struct node_list *list,
                                 uint32_t most_columns, struct mlp_arena *arena,
                                 struct mlp_err *e);

/* Where a set of categories sends v, and the code that says so, 128 lower. */
bool mlp_forest_category_left(const struct mlp_forest *f, uint32_t flags, uint32_t set, double v);
int8_t mlp_forest_category_code(const struct mlp_forest *f, const struct mlp_forest_column *c,
                                double v);

/* Codes of rows in columns: codes[column * ld + row], 128 lower. values is room for n doubles. */
struct code_call {
    const double *x;
    size_t ldx, n;
    double *values;
    int8_t *codes;
    size_t ld;
};
void mlp_forest_code_rows(const struct mlp_forest *f, const struct forest_kernels *k,
                          const struct code_call *c);

/* Makes f->dense of a forest with columns: whole trees when all are small, else their first
 * levels. mlp_forest_first_levels marks the nodes of those. */
enum mlp_code mlp_forest_densify(struct mlp_forest *f, const struct node_list *list,
                                 struct mlp_arena *arena, struct mlp_err *e);
bool mlp_forest_is_small(const struct mlp_forest *f);
void mlp_forest_first_levels(const struct mlp_forest *f, const struct mlp_node16 *nodes,
                             bool *pick);

/* Starts a call of some rows; returns how many mlp_forest_dense_rows takes at a time. room has
 * mlp_forest_dense_room() bytes for that many rows. */
size_t mlp_forest_dense_room(const struct mlp_forest *f, size_t rows);
size_t mlp_forest_dense_start(const struct mlp_forest *f, size_t rows, void *room);
/* Sums of all trees for that many of the call's rows from `first` on, or those that are left. */
void mlp_forest_dense_rows(const struct mlp_forest *f, const struct forest_kernels *kernels,
                           const struct mlp_forest_call *c, size_t first, void *room);

/* Makes f->bits of a forest with small dense trees, when they fit. */
enum mlp_code mlp_forest_bits(struct mlp_forest *f, const struct node_list *list,
                              struct mlp_arena *arena, struct mlp_err *e);
/* The sums of one row of a call, by kernels that have find; the scratch has at least
 * mlp_forest_bits_room() bytes. */
size_t mlp_forest_bits_room(const struct mlp_forest *f);
void mlp_forest_bits_row(const struct mlp_forest *f, const struct forest_kernels *k,
                         const struct mlp_forest_call *c, size_t row);

/* Walks DENSE_ROWS rows of a tree of 8-byte nodes from at[row] to their leaves. x holds a column of
 * DENSE_ROWS values for each feature (or code) that nodes name; nan: some may be missing. */
void mlp_forest_descend(const struct mlp_forest *f, const float *x, bool nan, uint32_t *at);

#endif
