/* ops_est.h: operations of whole estimators: distances, kernels, votes, densities (see ops.h for
 * the rules). */
#ifndef MLP_MODEL_OPS_EST_H
#define MLP_MODEL_OPS_EST_H

#include "model/ops.h"

/* Labels of `in.n` voters (class indices) to weighted counts of out_width classes. */
struct mlp_votes {
    const double *weight;        /* NULL: 1 each */
};
extern const struct mlp_op mlp_op_votes;

/* AdaBoost SAMME: a vote adds weight to its class and `other` * weight to each other, the sums
 * over the sum of weights (AdaBoostClassifier.decision_function). */
struct mlp_samme {
    const double *weight;
    double other, divide;
};
extern const struct mlp_op mlp_op_samme;

/* AdaBoost SAMME.R: blocks of out_width probabilities; (k - 1) * (log p - mean log p), summed. */
struct mlp_samme_r {
    size_t parts;
    double divide;
};
extern const struct mlp_op mlp_op_samme_r;

/* Weighted median of the inputs (AdaBoostRegressor). */
struct mlp_median {
    const double *weight;
};
extern const struct mlp_op mlp_op_median;

/* Column 1 less column 0. */
extern const struct mlp_op mlp_op_difference;

/* Piecewise linear through (x[i], y[i]), x ascending, n >= 1; clipped at both ends, or NaN
 * outside when clip is off (IsotonicRegression). */
struct mlp_curve {
    const double *x, *y;
    size_t n;
    bool clip;
};
extern const struct mlp_op mlp_op_curve;

/* Euclidean distances to out_width centres of in.n values. */
struct mlp_centres {
    const double *centre;
};
extern const struct mlp_op mlp_op_distances;

/* The same squared, as sums of squares less twice the product: not below 0 (euclidean_distances
 * and the pairwise reductions of scikit-learn, whose rounding decides between equals). */
extern const struct mlp_op mlp_op_squares;

/* y[k] = constant[k] - half the squared length of (x - mean[k]) * root[k], where root[k] is
 * in.n x rank[k], one after the other: Gaussian log densities (QDA, mixtures). */
struct mlp_gauss {
    const double *mean, *constant, *root;
    const size_t *rank;
};
extern const struct mlp_op mlp_op_gauss;

/* GaussianNB: y[k] = constant[k] - half the sum of (x - mean[k])^2 / variance[k]. */
struct mlp_naive {
    const double *mean, *variance, *constant;
};
extern const struct mlp_op mlp_op_naive;

/* log of the sum of exp of the inputs. */
extern const struct mlp_op mlp_op_logsumexp;

/* Support vector machines (libsvm): kernel values against n vectors, then out_width sums: sum j is
 * kernel . weight[j] + intercept[j]. */
enum mlp_kernel { MLP_KERNEL_LINEAR, MLP_KERNEL_POLY, MLP_KERNEL_RBF, MLP_KERNEL_SIGMOID };
struct mlp_svm {
    enum mlp_kernel kernel;
    double gamma, coef0, degree;
    size_t n;
    const double *vector;        /* n rows of in.n */
    const double *weight;        /* out_width rows of n */
    const double *intercept;
};
extern const struct mlp_op mlp_op_svm;

/* Pairwise decisions of k classes (k (k - 1) / 2 of them, above 0 for the first of the pair) to:
 * votes with ties to the first class, as an index; scikit-learn's one-versus-rest decision; and
 * probabilities by Platt's a and b and libsvm's coupling. */
struct mlp_pairs {
    size_t k;
    const double *a, *b;         /* of probabilities */
};
extern const struct mlp_op mlp_op_pair_votes;
extern const struct mlp_op mlp_op_pair_decision;
extern const struct mlp_op mlp_op_pair_proba;

/* Predictions (0 or 1) of all pairs of out_width classes, then their confidences, to scores of the
 * classes (_ovr_decision_function of sklearn.utils.multiclass). */
extern const struct mlp_op mlp_op_pair_scores;

#endif
