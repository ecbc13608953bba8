/* packed.h: products with a matrix that is laid out once: weights that a model holds, and windows
 * that slide over a padded image.
 *
 * Every element is one chain of multiply-adds over k in order, from zero, and the bias last, so
 * that a row's result does not depend on the others (as op.h promises for its products). */
#ifndef MLP_NET_PACKED_H
#define MLP_NET_PACKED_H

#include "net/tensor.h"

/* k x n floats in panels of MLP_PANEL columns, each k rows one after the other, zeros behind n. */
#define MLP_PANEL 16
struct mlp_packed {
    size_t k, n;
    const float *panels;
};

/* Packs a matrix of floats in rank 2, k x n or (transposed) n x k, into the arena. */
enum mlp_code mlp_packed_make(struct mlp_packed *p, struct mlp_arena *a,
                              const struct mlp_tensor *b, bool transposed, struct mlp_err *e);

/* c (m x n) = a (m x k) times b, plus bias (n numbers, or NULL); rows are lda and ldc apart. */
struct mlp_packed_call {
    size_t m, lda, ldc;
    const float *bias;
};
void mlp_packed_product(const struct mlp_packed *b, const struct mlp_packed_call *call,
                        const float *a, float *c);

/* c (m x n) = w (m x k, dense) times a matrix whose row p is the n floats at x + offset[p]. Rows of
 * c are ldc apart; MLP_PANEL - 1 floats behind n are read, and written in c, so that ldc and the
 * room behind x must allow for it. */
struct mlp_slide {
    size_t m, n, k, ldc;
    const size_t *offset;
};
void mlp_slide_product(const struct mlp_slide *s, const float *w, const float *x, float *c);

/* --- the loops of float that every network runs --- */

/* y[i] = x[i] + add, y[i] = max(x[i], 0) (NaN stays), y[i] = the larger of y[i] and x[i]. */
void mlp_floats_add(float *y, const float *x, size_t n, float add);
void mlp_floats_relu(float *y, const float *x, size_t n);
void mlp_floats_max(float *y, const float *x, size_t n);
/* y[i] = (x[i] - offset[i]) * scale[i]. */
void mlp_floats_scale(float *y, const float *x, const float *offset, const float *scale, size_t n);
/* y[i] = the largest of elements 2 i and 2 i + 1 of two lines. */
void mlp_floats_pool(float *y, const float *top, const float *bottom, size_t n);

#endif
