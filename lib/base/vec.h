/* vec.h: a growing array of equal items. */
#ifndef MLP_BASE_VEC_H
#define MLP_BASE_VEC_H

#include "base/err.h"
#include <stddef.h>

/* p is owned. Items are plain bytes: they are moved by realloc, nothing is called on them. */
struct mlp_vec {
    void *p;
    size_t n;     /* items in use */
    size_t cap;   /* items allocated */
    size_t item;  /* bytes an item */
};

/* An empty vector of items of `item` bytes. Allocates nothing. */
void mlp_vec_init(struct mlp_vec *v, size_t item);
void mlp_vec_fini(struct mlp_vec *v);

/* Appends one zeroed item and returns it, or NULL when there is no memory. The pointer is good
 * until the next push. */
void *mlp_vec_push(struct mlp_vec *v);

/* Makes room for n items in all. MLP_EIO without memory. */
enum mlp_code mlp_vec_reserve(struct mlp_vec *v, size_t n, struct mlp_err *e);

/* Item i, which must be below n. */
static inline void *mlp_vec_at(const struct mlp_vec *v, size_t i)
{
    return (char *)v->p + i * v->item;
}

#endif
