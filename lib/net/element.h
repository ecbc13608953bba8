/* element.h: single elements of tensors, for kernels that serve every type.
 *
 * Floating types compute as double and round once: for + - * / and sqrt of float that gives the
 * same bits as float arithmetic. Integers compute as int64. */
#ifndef MLP_NET_ELEMENT_H
#define MLP_NET_ELEMENT_H

#include "net/op.h"

/* float, double, float16, bfloat16 and smaller floats; and integers or bool. */
bool mlp_dtype_is_real(enum mlp_dtype t);
bool mlp_dtype_is_whole(enum mlp_dtype t);

/* Writes element i from a number, as a C cast would where it fits; texts are left alone. */
void mlp_tensor_set_number(struct mlp_tensor *t, size_t i, double x);
void mlp_tensor_set_integer(struct mlp_tensor *t, size_t i, int64_t x);

/* Copies element `from` of a to element `to` of t, of the same type. */
void mlp_tensor_copy_element(struct mlp_tensor *t, size_t to, const struct mlp_tensor *a,
                             size_t from);

/* A walk over the elements of a shape in row-major order, with the offset of each of up to three
 * tensors that are broadcast to it. */
struct mlp_walk {
    uint32_t rank;
    int64_t dims[MLP_MAX_RANK], at[MLP_MAX_RANK];
    int64_t stride[3][MLP_MAX_RANK];
    size_t offset[3];
};
void mlp_walk_init(struct mlp_walk *w, uint32_t rank, const int64_t *dims);
void mlp_walk_add(struct mlp_walk *w, unsigned which, const struct mlp_tensor *t);
void mlp_walk_next(struct mlp_walk *w);

#endif
