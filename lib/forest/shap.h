/* shap.h: how much each feature adds to what a forest says of a row: exact path-dependent TreeSHAP.
 *
 * The values are those of Lundberg et al., "From local explanations to global understanding with
 * explainable AI for trees", Nature Machine Intelligence 2, 2020 (Algorithm 2, as shap, XGBoost
 * and LightGBM compute them): Shapley values of the game in which a split over a feature that is
 * not known follows both children, in proportion to the training rows that went there.
 *
 * The way is another one. By Owen, "Multilinear extensions of games", Management Science 18, 1972,
 * a Shapley value is the integral over t in (0, 1) of what the feature adds when every other one
 * is known with probability t. For a leaf that is v * (o - z) * the product of z (1 - t) + o t over
 * the other features of its path, where z is the share of rows that follow the path at that
 * feature and o is 1 when the row does, else 0. This is a polynomial, and n points of
 * Gauss-Legendre quadrature are exact for paths of up to 2n features. So a tree takes one walk
 * down (products) and up (sums), nodes * n steps instead of leaves * depth^2, all terms are
 * between 0 and 1, and LANES rows go side by side in vector registers.
 *
 * The copy of the trees below is kept only when it is asked for (mlp_forest_spec.explain). */
#ifndef MLP_FOREST_SHAP_H
#define MLP_FOREST_SHAP_H

#include "forest/forest.h"

/* Rows that are explained side by side. */
#define MLP_SHAP_LANES 8

/* A node, parents before children, left before right. The edge is the one that leads here. */
struct mlp_shap_node {
    double threshold;            /* inner node: x <= threshold goes left */
    double share;                /* of the rows: this edge's, times those of edges above over the
                                    same feature; > 0 */
    uint32_t feature;            /* inner node: index into `used` */
    uint32_t level;              /* the root has 0 */
    uint32_t before;             /* level of the last edge above over the edge's feature; 0: none */
    uint32_t set;
    uint8_t flags;               /* enum mlp_split */
    bool right, leaf;            /* right: this is the right child */
};

struct mlp_shap_tree {
    struct mlp_shap_tree *next;
    size_t n;
    struct mlp_shap_node *node;
    const double *value;         /* value_width a leaf, in the order of the leaves */
    const double *gain;          /* points a node: weight of its edge when the row follows it, less
                                    that when it does not */
    uint32_t output;             /* of width 1 */
    uint32_t depth, points;      /* deepest level; points of quadrature */
};

/* A forest to explain, in the forest's arena. */
struct mlp_shap {
    struct mlp_shap_tree *first, *last;
    struct mlp_forest_spec spec;
    const struct mlp_cat_set *sets;
    uint32_t nused;              /* features that some node looks at, */
    const uint32_t *used;        /* their numbers */
    double *expected;            /* noutputs: what the trees say of a row that is not known */
    uint32_t depth, points;      /* largest of the trees' */
    const double *const *rule;   /* of n points: rule[n] has t, 1 - t and weight /
                                    (1 - t), n each */
};

/* For the builder (build.c): adds t, which has been checked, and ends. *s may start as NULL.
 * MLP_EINPUT for a tree without covers, or one that is out of all proportion (a path over more
 * than 1,024 features). */
enum mlp_code mlp_shap_add(struct mlp_shap **s, const struct mlp_forest_builder *b,
                           const struct mlp_tree *t, struct mlp_err *e);
enum mlp_code mlp_shap_end(struct mlp_shap **s, const struct mlp_forest_builder *b,
                           struct mlp_forest *f, struct mlp_err *e);

/* Bytes of scratch, 64-byte aligned, that run needs. 0: more than memory can hold. */
size_t mlp_shap_scratch(const struct mlp_shap *s);

/* Contributions of n <= MLP_SHAP_LANES rows. x: rows of spec.nfeatures doubles, ldx apart. phi:
 * entry ((output * nused) + i) * LANES + row is what feature used[i] adds to the output of the row,
 * in the output's own units (sums are divided as the forest does). Features that no node looks at
 * add nothing. The forest's output is its start + expected + the sum of all contributions. */
void mlp_shap_run(const struct mlp_shap *s, size_t n, const double *x, size_t ldx, void *scratch,
                  double *phi);

#endif
