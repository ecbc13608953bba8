/* ops_near.h: nearest neighbours among stored rows, and what is made of them (see ops.h for the
 * rules). Which of equally near rows counts is decided as scikit-learn decides it: by its heap and
 * by the order in which its trees (or all rows) are walked. */
#ifndef MLP_MODEL_OPS_NEAR_H
#define MLP_MODEL_OPS_NEAR_H

#include "model/ops.h"

enum mlp_metric_kind {
    MLP_METRIC_EUCLIDEAN, MLP_METRIC_MANHATTAN, MLP_METRIC_CHEBYSHEV, MLP_METRIC_MINKOWSKI,
    MLP_METRIC_SEUCLIDEAN, MLP_METRIC_MAHALANOBIS, MLP_METRIC_SQUARED, MLP_METRIC_COSINE,
    MLP_METRIC_CORRELATION, MLP_METRIC_CANBERRA, MLP_METRIC_BRAYCURTIS, MLP_METRIC_HAMMING,
    MLP_METRIC_NAN_EUCLIDEAN
};

/* p: Minkowski's. w: its weights (or NULL), the variances of SEUCLIDEAN, the matrix VI of
 * MAHALANOBIS (width x width). */
struct mlp_metric {
    enum mlp_metric_kind kind;
    double p;
    const double *w;
};

/* Distance of two rows of n numbers; the reduced distance saves the root where there is one. */
double mlp_metric_reduced(const struct mlp_metric *m, const double *a, const double *b, size_t n);
double mlp_metric_distance(const struct mlp_metric *m, double reduced);

/* A node of a KDTree or BallTree: its rows are order[from] .. order[to - 1]; node i's children are
 * 2 i + 1 and 2 i + 2. */
struct mlp_near_node {
    uint32_t from, to;
    bool leaf;
    double radius;
};

/* n stored rows of in.n values, and the tree over them where there is one (nnodes 0: none). lo and
 * hi: bounds of each node (KDTree), or lo its centre (ball). */
struct mlp_near {
    struct mlp_metric metric;
    size_t n;
    const double *row;
    size_t nnodes;
    const struct mlp_near_node *node;
    const uint32_t *order;
    const double *lo, *hi;
    bool ball;
};

/* y: the indices of the k nearest rows, nearest first, then their distances (2 k columns). */
struct mlp_nearest {
    struct mlp_near near;
    size_t k;
};
extern const struct mlp_op mlp_op_nearest;

/* Distances to out_width rows of in.n values. */
struct mlp_metric_rows {
    struct mlp_metric metric;
    const double *row;
};
extern const struct mlp_op mlp_op_metric;

/* What the neighbours say: in: 2 k columns of mlp_op_nearest. target has `stride` values a stored
 * row. Classes: shares of each of out_width classes, by column `column` of the targets; else the
 * mean of out_width targets. Weights 1 or one over the distance (rows at 0 take all). */
struct mlp_near_vote {
    size_t n, k, stride, column; /* n: stored rows */
    const double *target;
    bool classes, by_distance;
};
extern const struct mlp_op mlp_op_near_vote;

/* LocalOutlierFactor.score_samples over 2 k columns of mlp_op_nearest: lrd is each stored row's
 * local reachability density, reach its distance to its k-th neighbour. */
struct mlp_outlier {
    size_t k;
    const double *lrd, *reach;
};
extern const struct mlp_op mlp_op_outlier;

/* Votes of all rows within a radius; a row without any gets `alone` (out_width values). */
struct mlp_within {
    struct mlp_near near;
    struct mlp_near_vote vote;
    double radius;
    const double *alone;
};
extern const struct mlp_op mlp_op_within;

#endif
