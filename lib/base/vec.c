#include "base/vec.h"

#include <stdlib.h>
#include <string.h>

void mlp_vec_init(struct mlp_vec *v, size_t item)
{
    *v = (struct mlp_vec){.item = item};
}

void mlp_vec_fini(struct mlp_vec *v)
{
    free(v->p);
    mlp_vec_init(v, v->item);
}

enum mlp_code mlp_vec_reserve(struct mlp_vec *v, size_t n, struct mlp_err *e)
{
    if (n <= v->cap)
        return MLP_OK;
    if (n > SIZE_MAX / 2 / v->item)
        return mlp_err_nomem(e);
    void *p = realloc(v->p, n * v->item);
    if (!p)
        return mlp_err_nomem(e);
    v->p = p;
    v->cap = n;
    return MLP_OK;
}

void *mlp_vec_push(struct mlp_vec *v)
{
    if (v->n == v->cap && mlp_vec_reserve(v, v->cap ? v->cap * 2 : 8, NULL) != MLP_OK)
        return NULL;
    void *item = (char *)v->p + v->n++ * v->item;
    memset(item, 0, v->item);
    return item;
}
