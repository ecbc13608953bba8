/* sk_trees.h: scikit-learn's trees into the packed form; shared by single trees, forests and
 * boosting. */
#ifndef MLP_MODEL_SK_TREES_H
#define MLP_MODEL_SK_TREES_H

#include "model/sk_readers.h"

/* What the values of the leaves mean. */
enum mlp_leaf_kind {
    MLP_LEAF_RAW,        /* as stored: regression */
    MLP_LEAF_SHARES,     /* class counts (before 1.4) or shares: made shares */
    MLP_LEAF_PATH,       /* length of the path to it (IsolationForest) */
    MLP_LEAF_NUMBER      /* its node's number (tree.apply) */
};

/* How to read the trees of one ensemble. class_counts: classes of each output (kind SHARES), or
 * NULL: one value an output. scale multiplies every value. */
struct mlp_tree_plan {
    enum mlp_leaf_kind kind;
    size_t noutputs;
    const size_t *class_counts;
    double scale;
    uint32_t output;             /* for leaves of width 1 */
    const struct mlp_nd *features; /* numbers of the tree's features among x, or NULL: the same */
};

/* Expected path length of an unsuccessful search among n samples (Liu, Ting and Zhou, "Isolation
 * Forest", 2008). */
double mlp_average_path(double n);

/* Adds the Tree that estimator's tree_ holds. missing (may be NULL) is set when its nodes say
 * where missing values go. */
enum mlp_code mlp_sk_add_tree(struct mlp_sk *s, struct mlp_forest_builder *b,
                              const struct mlp_value *estimator,
                              const struct mlp_tree_plan *plan, bool *missing);

/* A trees node over x from a finished builder. base may be NULL; start, when it has columns, are
 * the starting values. */
enum mlp_code mlp_sk_trees(struct mlp_sk *s, struct mlp_forest_builder *b, const double *base,
                           struct mlp_cols x, bool missing, struct mlp_cols *out);

/* The items of an object array or list of estimators: n of them in *out. */
enum mlp_code mlp_sk_estimators(struct mlp_sk *s, const char *name, struct mlp_nd *out);

#endif
