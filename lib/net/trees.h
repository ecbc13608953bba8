/* trees.h: tree ensembles of ai.onnx.ml as they are walked: what trees.c builds and trees_run.c
 * runs.
 *
 * All three operators become one form. A node compares one column with a number (or a set of
 * them) and goes to one of two places; a place is a node or, with its highest bit set, a leaf,
 * which is a run of weights. Sums run tree by tree, in float unless the thresholds are double, and
 * the base values are added last: that is onnxruntime's order, and the last bits are its. */
#ifndef MLP_NET_TREES_H
#define MLP_NET_TREES_H

#include "forest/forest.h"
#include "net/ml.h"

/* Numbers as TreeEnsemble's nodes_modes has them. */
enum mlp_tree_mode { MLP_TREE_LEQ, MLP_TREE_LT, MLP_TREE_GTE, MLP_TREE_GT, MLP_TREE_EQ,
                     MLP_TREE_NEQ, MLP_TREE_MEMBER };
enum mlp_tree_sum { MLP_TREE_AVERAGE, MLP_TREE_SUM, MLP_TREE_MIN, MLP_TREE_MAX };

#define MLP_TREE_LEAF 0x80000000u

struct mlp_tree_node {
    double split;                /* with MEMBER: unused */
    uint32_t column;
    uint32_t yes, no;
    uint32_t set, nset;          /* MEMBER: members[set .. set + nset) */
    uint8_t mode;
    bool missing_yes;            /* NaN counts as true */
};

struct mlp_tree_weight {
    double value;
    uint32_t target;
};

struct mlp_trees {
    struct mlp_tree_node *nodes;
    const uint32_t *roots;       /* places */
    const uint32_t *leaf;        /* first weight of each leaf, nleaves + 1 */
    const struct mlp_tree_weight *weights;
    const double *members;
    const double *base;
    size_t nnodes, nroots, nleaves, nbase;
    uint32_t ncolumns;           /* one more than the largest column that a node looks at */
    uint32_t ntargets;
    bool wide;                   /* thresholds and sums are double */
    enum mlp_tree_sum sum;
    enum mlp_post post;
    struct mlp_ml_labels labels; /* of the classifier */
    bool positive;               /* no weight is negative */
    bool one_id;                 /* all weights name the same class */
    struct mlp_forest *forest;   /* the same trees packed, or NULL; for float columns, and for
                                    double ones when wide */
    const bool *always;          /* outputs that its leaves name, whatever the row */
};

/* Sets forest and always where the ensemble is of the kind that lib/forest has. */
void mlp_trees_pack(struct mlp_trees *t, struct mlp_arena *a);

/* The prepare functions of the three operators, for the table in trees_run.c. */
enum mlp_code mlp_trees_classifier_prepare(struct mlp_net_build *b, const void **params);
enum mlp_code mlp_trees_regressor_prepare(struct mlp_net_build *b, const void **params);
enum mlp_code mlp_trees_prepare(struct mlp_net_build *b, const void **params);

#endif
