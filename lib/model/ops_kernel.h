/* ops_kernel.h: kernel functions of scikit-learn between a row and stored rows (see ops.h for the
 * rules): sklearn.metrics.pairwise and sklearn.gaussian_process.kernels. */
#ifndef MLP_MODEL_OPS_KERNEL_H
#define MLP_MODEL_OPS_KERNEL_H

#include "model/ops.h"

/* What a term of a kernel computes. Those above MLP_TERM_ADD take their values from the terms
 * before them, as in reverse Polish notation. */
enum mlp_term_kind {
    MLP_TERM_CONSTANT,   /* a */
    MLP_TERM_WHITE,      /* a on the diagonal of the training rows, 0 between rows */
    MLP_TERM_LINEAR,     /* x.y */
    MLP_TERM_POLY,       /* (a x.y + b)^c */
    MLP_TERM_SIGMOID,    /* tanh(a x.y + b) */
    MLP_TERM_RBF,        /* exp(-a |x - y|^2) */
    MLP_TERM_LAPLACIAN,  /* exp(-a sum |x - y|) */
    MLP_TERM_COSINE,     /* x.y / (|x| |y|) */
    MLP_TERM_CHI2,       /* exp(-a sum (x - y)^2 / (x + y)) */
    MLP_TERM_GAUSS,      /* exp(-|x/l - y/l|^2 / 2) */
    MLP_TERM_MATERN,     /* of order a over |x/l - y/l| */
    MLP_TERM_QUADRATIC,  /* (1 + |x - y|^2 / (2 a b^2))^-a */
    MLP_TERM_PERIODIC,   /* exp(-2 (sin(pi |x - y| / b) / a)^2) */
    MLP_TERM_DOT,        /* x.y + a^2 */
    MLP_TERM_ADD,
    MLP_TERM_MULTIPLY,
    MLP_TERM_POWER       /* to the a */
};

/* length: one number a column, or NULL for the terms that have no length scale. */
struct mlp_term {
    enum mlp_term_kind kind;
    double a, b, c;
    const double *length;
};
#define MLP_TERMS_MAX 32

/* y[i] = k(x, row i) for the out_width stored rows of in.n values. */
struct mlp_kernel_rows {
    size_t nterms;
    const struct mlp_term *term;
    const double *row;
};
extern const struct mlp_op mlp_op_kernel;

/* y = k(x, x), with the noise that White adds. Same parameters; row is not used. */
extern const struct mlp_op mlp_op_kernel_diagonal;

/* Binary Gaussian process classification (Rasmussen and Williams 2006, algorithm 3.2; the
 * integral by scikit-learn's sum of error functions): in: k(x, row) of n training rows, then
 * k(x, x). Out: the latent mean and the probability of class 1. */
struct mlp_laplace {
    size_t n;
    const double *slope;         /* y - pi of each training row */
    const double *root;          /* W^(1/2) of each */
    const double *lower;         /* L, n x n: its lower triangle */
};
extern const struct mlp_op mlp_op_laplace;

#endif
