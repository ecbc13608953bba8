/* forest.h: decision trees of every library in one packed form.
 *
 * What the libraries do differently becomes flags: compare in float32 or float64, `<` or `<=`
 * (always stored as <=, the threshold moved to the number before), where a missing value goes,
 * sets of categories as bits, leaves that add one value to one output or a row to all, sums in
 * float32 or float64, always in tree order.
 *
 * Packed nodes have 8 bytes: a float32 threshold and `child << (bits + 1) | default_left << bits
 * | feature`. Siblings are adjacent, so that a step is child + (x > threshold), without a branch;
 * a leaf points at itself with threshold +inf. Children are numbered over the whole forest, depth
 * first. Several trees walk in step over a row, which hides the latency of memory; this layout
 * comes from measuring (tests/bench/predict.c). Trees that need float64 thresholds, more bits or
 * categories use 16-byte nodes. */
#ifndef MLP_FOREST_FOREST_H
#define MLP_FOREST_FOREST_H

#include "base/arena.h"
#include "base/err.h"
#include "base/vec.h"

enum mlp_split {
    MLP_SPLIT_DEFAULT_LEFT = 1,   /* NaN goes left */
    MLP_SPLIT_CATEGORIES = 2,     /* a set of codes instead of a threshold */
    MLP_SPLIT_SET_LEFT = 4,       /* a code in the set goes left, else right */
    MLP_SPLIT_OUT_LEFT = 8,       /* a code outside [0, set size) goes left */
    MLP_SPLIT_OUT_MISSING = 16,   /* ... goes where NaN does */
    MLP_SPLIT_ZERO_MISSING = 32,  /* |x| <= 1e-35f counts as missing (LightGBM) */
    MLP_SPLIT_NAN_ZERO = 64,      /* NaN counts as 0 (LightGBM) */
    MLP_SPLIT_TRUNCATE = 128      /* -0.5 is code 0 (LightGBM), else it is outside */
};

/* A tree as a loader hands it over. Children of leaves are negative; feature, threshold, flags
 * and set are looked at for inner nodes only. Every array has n entries but value, which has
 * n * value_width; set holds indices into sets (below) and may be NULL without categories. */
struct mlp_tree {
    size_t n;
    const int32_t *left, *right;
    const uint32_t *feature;
    const double *threshold;
    const uint8_t *flags;
    const uint32_t *set;
    const double *value;
    const uint32_t *leaf_id;     /* what the library calls the leaf; NULL: the node's number */
    const double *cover;         /* training rows that reached each node, by weight, or NULL */
    uint32_t output;             /* where a leaf of width 1 adds */
};

/* What holds for all trees. */
struct mlp_forest_spec {
    uint32_t nfeatures;
    uint32_t noutputs;
    uint32_t value_width;        /* 1, or noutputs: every leaf adds a row */
    bool float32;                /* x is rounded to float32 before it is compared */
    bool strict;                 /* x < threshold goes left (else <=) */
    bool sum_float32;            /* sums run in float32 */
    bool keep_leaf_ids;
    bool explain;                /* keep what contributions need (shap.h): every tree has covers */
    double divide;               /* sums are divided by it at the end; 0: not */
};

/* Bits of one set of categories: code c is in it when bits[c / 32] >> (c % 32) & 1. */
struct mlp_cat_set {
    const uint32_t *bits;
    uint32_t ncodes;
};

/* Packed nodes have this many bits for the feature: 128 features and 16 million nodes, or 2048
 * features and a million nodes. */
#define MLP_FEATURE_BITS 7
#define MLP_MORE_FEATURE_BITS 11
struct mlp_node8 {
    float threshold;
    uint32_t packed;
};
struct mlp_node16 {
    double threshold;            /* of categories: index of the set */
    uint32_t child;
    uint32_t packed;             /* feature << 8 | flags */
};

struct mlp_forest_column;
struct mlp_forest_dense;
struct mlp_forest_bits;

struct mlp_forest {
    struct mlp_forest_spec spec;
    size_t ntrees, nnodes;
    const uint32_t *root;        /* first node of each tree, ntrees + 1 */
    const uint32_t *output;      /* of each tree, width 1 */
    const uint32_t *depth;       /* of each tree */
    const struct mlp_node8 *n8;  /* one of n8 and n16 */
    const struct mlp_node16 *n16;
    uint32_t feature_bits;       /* of n8 */
    const double *value;         /* nnodes * value_width; or with code, a row for each code */
    const uint16_t *code;        /* of each node: wide rows repeat a lot (pure leaves), and kept
                                    once they stay in the first cache level; or NULL */
    const float *value32;        /* instead, for sums in float32 */
    const uint32_t *leaf_id;
    const struct mlp_cat_set *sets;
    bool plain;                  /* rows without NaN: no categories or zero rules, so that the
                                    fast kernels fit */
    bool plain_nan;              /* rows with NaN too */
    bool coded;                  /* nodes compare codes of columns, not features (internal.h) */
    uint32_t ncolumns;
    const struct mlp_forest_column *columns;
    const struct mlp_forest_dense *dense; /* trees as batches want them, or NULL */
    const struct mlp_forest_bits *bits;   /* small trees as one row wants them, or NULL */
    uint32_t nused;              /* features that some node looks at, */
    const uint32_t *used;        /* their numbers; nodes hold indices into this */
    const double *base;          /* noutputs starting values, or NULL: 0 */
    const struct mlp_shap *shap; /* when spec.explain */
};

/* Collects trees, then packs them. */
struct mlp_forest_builder {
    struct mlp_forest_spec spec;
    struct mlp_arena *arena;     /* of the finished forest */
    struct mlp_vec nodes;        /* of struct mlp_node16, features not yet renumbered */
    struct mlp_vec values;       /* of double */
    struct mlp_vec roots, outputs, depths, leaf_ids, sets, waiting;
    struct mlp_shap *shap;       /* in arena; NULL but for spec.explain */
};
void mlp_forest_begin(struct mlp_forest_builder *b, const struct mlp_forest_spec *spec,
                      struct mlp_arena *arena);

/* Adds a tree after checking it: children in range, each node reached once, features in range.
 * MLP_EINPUT otherwise. */
enum mlp_code mlp_forest_add(struct mlp_forest_builder *b, const struct mlp_tree *t,
                             struct mlp_err *e);

/* Adds a set of categories, copied; its index is *index. */
enum mlp_code mlp_forest_add_set(struct mlp_forest_builder *b, const uint32_t *bits,
                                 uint32_t ncodes, uint32_t *index, struct mlp_err *e);

/* Packs. base (noutputs values, copied) may be NULL. The builder is empty after, as after
 * mlp_forest_drop. */
enum mlp_code mlp_forest_end(struct mlp_forest_builder *b, const double *base,
                             struct mlp_forest **out, struct mlp_err *e);
void mlp_forest_drop(struct mlp_forest_builder *b);

/* Instructions to run with. All give the same bits. */
enum mlp_forest_isa {
    MLP_FOREST_BEST,             /* what the processor has */
    MLP_FOREST_PORTABLE,
    MLP_FOREST_AVX2,             /* these as far as the processor has them */
    MLP_FOREST_AVX512
};

/* Rows to sums. x: rows of nfeatures doubles, ldx apart; out: noutputs doubles a row, ldout apart.
 * base_in: starting values a row (ldbase apart) instead of the forest's own, or NULL. scratch has
 * mlp_forest_scratch() bytes, 64-byte aligned. */
struct mlp_forest_call {
    size_t rows;
    const double *x;
    size_t ldx;
    const double *base_in;
    size_t ldbase;
    double *out;
    size_t ldout;
    void *scratch;
    enum mlp_forest_isa isa;
};
size_t mlp_forest_scratch(const struct mlp_forest *f, size_t rows);
void mlp_forest_run(const struct mlp_forest *f, const struct mlp_forest_call *c);

/* A packed node as the tree had it, for those who write forests elsewhere: i is below nnodes; the
 * nodes of tree t are root[t] .. root[t + 1] - 1. Children are child (left) and child + 1. */
struct mlp_forest_node {
    bool leaf;
    uint32_t child;
    uint32_t feature;            /* index into used */
    uint32_t flags;              /* enum mlp_split */
    double threshold;            /* x <= threshold goes left; of categories: index of the set */
};
struct mlp_forest_node mlp_forest_node(const struct mlp_forest *f, uint32_t i);

/* The leaf of every tree: ids[tree] for one row, by leaf_id. */
void mlp_forest_leaves(const struct mlp_forest *f, const double *x, void *scratch, uint32_t *ids);

#endif
