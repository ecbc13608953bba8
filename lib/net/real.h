/* real.h: kernels over real numbers that serve float, double and the two halves alike.
 *
 * What multiplies matrices computes in float or double and lets the halves go through float; the
 * rest computes each element as double (element.h). Sizes come from files: products of them are
 * checked here before memory is asked for. */
#ifndef MLP_NET_REAL_H
#define MLP_NET_REAL_H

#include "net/element.h"

/* Every input but the absent ones is real and of the type of input 0; MLP_EINPUT names the one that
 * is not. Inputs from `end` on are not looked at. */
enum mlp_code mlp_real_inputs(const struct mlp_net_call *c, uint32_t end);

/* The type to multiply in: double for double, else float. */
enum mlp_dtype mlp_real_width(enum mlp_dtype t);

/* t with its numbers as another numeric type: t itself where it is of that type, else a copy in the
 * arena. out may not be t. MLP_EIO when the arena is full. */
enum mlp_code mlp_real_as(struct mlp_arena *a, const struct mlp_tensor *t, enum mlp_dtype type,
                          struct mlp_tensor *out, struct mlp_err *e);

/* n elements from `at` on as doubles, and back: rounded once. t is of a real type. */
void mlp_real_read(const struct mlp_tensor *t, size_t at, size_t n, double *to);
void mlp_real_write(struct mlp_tensor *t, size_t at, size_t n, const double *from);

/* Room for n elements of a float or double tensor of one dimension; not zeroed. */
enum mlp_code mlp_real_room(struct mlp_arena *a, enum mlp_dtype type, size_t n,
                            struct mlp_tensor *out, struct mlp_err *e);

/* y, from element 0 on, as `rows` x `cols` of x, from element `at` on, turned over; y has room for
 * them and the type of x. */
void mlp_real_transpose(struct mlp_tensor *y, const struct mlp_tensor *x, size_t at, size_t rows,
                        size_t cols);

/* A place in a tensor: where a matrix of a product starts. */
struct mlp_real_at {
    const struct mlp_tensor *t;
    size_t at;
};
/* mlp_net_gemm32 or 64 over tensors of one type, float or double. */
void mlp_real_gemm(const struct mlp_net_gemm *g, struct mlp_real_at a, struct mlp_real_at b,
                   struct mlp_tensor *y, size_t at);

/* Scratch memory for n doubles, zeroed; NULL sets the call's error. */
double *mlp_real_doubles(const struct mlp_net_call *c, size_t n);

/* a * b in *n; false where that overflows. Sizes are not negative. */
bool mlp_real_times(size_t a, size_t b, size_t *n);

/* Input i, or NULL where the node does without. */
const struct mlp_tensor *mlp_net_in(const struct mlp_net_call *c, uint32_t i);
/* Whether the node asks for output i. */
bool mlp_net_wants(const struct mlp_net_call *c, uint32_t i);

#endif
