/* element.c: single elements and walks (element.h). */
#include "net/element.h"

#include "net/tiny.h"

bool mlp_dtype_is_real(enum mlp_dtype t)
{
    return t == MLP_DT_FLOAT || t == MLP_DT_DOUBLE || t == MLP_DT_FLOAT16 ||
           t == MLP_DT_BFLOAT16 || mlp_dtype_is_tiny(t);
}

bool mlp_dtype_is_whole(enum mlp_dtype t)
{
    return mlp_dtype_size(t) && t != MLP_DT_STRING && !mlp_dtype_is_real(t);
}

/* A number as an integer, at the ends of the range where it does not fit; NaN is 0. */
static int64_t clamp(double x)
{
    if (!(x > -9.2e18))
        return x < 0 ? INT64_MIN : 0;
    return x < 9.2e18 ? (int64_t)x : INT64_MAX;
}

void mlp_tensor_set_number(struct mlp_tensor *t, size_t i, double x)
{
    switch (t->type) {
    case MLP_DT_FLOAT: t->f32[i] = (float)x; break;
    case MLP_DT_DOUBLE: t->f64[i] = x; break;
    case MLP_DT_FLOAT16: t->u16[i] = mlp_float_half((float)x); break;
    case MLP_DT_BFLOAT16: t->u16[i] = mlp_float_bfloat((float)x); break;
    case MLP_DT_BOOL: t->u8[i] = x != 0; break;
    default:
        if (mlp_dtype_is_tiny(t->type))
            t->u8[i] = mlp_tiny_bits(t->type, x, true);
        else
            mlp_tensor_set_integer(t, i, clamp(x));
        break;
    }
}

/* x modulo 2^bits, with its sign. */
static uint8_t wrapped(enum mlp_dtype t, int64_t x)
{
    unsigned bits = mlp_dtype_packing(t), mask = (1U << bits) - 1, v = (unsigned)x & mask;
    bool negative = (t == MLP_DT_INT4 || t == MLP_DT_INT2) && v >> (bits - 1);
    return (uint8_t)(negative ? v | ~mask : v);
}

void mlp_tensor_set_integer(struct mlp_tensor *t, size_t i, int64_t x)
{
    if (t->type == MLP_DT_STRING)
        return;
    if (mlp_dtype_is_real(t->type)) {
        mlp_tensor_set_number(t, i, (double)x);
        return;
    }
    switch (mlp_dtype_size(t->type)) {
    case 8: t->i64[i] = x; break;
    case 4: t->u32[i] = (uint32_t)x; break;
    case 2: t->u16[i] = (uint16_t)x; break;
    case 1: t->u8[i] = t->type == MLP_DT_BOOL ? x != 0 : wrapped(t->type, x); break;
    default: break;
    }
}

void mlp_tensor_copy_element(struct mlp_tensor *t, size_t to, const struct mlp_tensor *a,
                             size_t from)
{
    switch (mlp_dtype_size(t->type)) {
    case 1: t->u8[to] = a->u8[from]; break;
    case 2: t->u16[to] = a->u16[from]; break;
    case 4: t->u32[to] = a->u32[from]; break;
    case 8: t->u64[to] = a->u64[from]; break;
    default: t->str[to] = a->str[from]; break;
    }
}

void mlp_walk_init(struct mlp_walk *w, uint32_t rank, const int64_t *dims)
{
    *w = (struct mlp_walk){.rank = rank};
    for (uint32_t i = 0; i < rank; i++)
        w->dims[i] = dims[i];
}

void mlp_walk_add(struct mlp_walk *w, unsigned which, const struct mlp_tensor *t)
{
    mlp_net_strides(t, w->rank, w->dims, w->stride[which]);
}

void mlp_walk_next(struct mlp_walk *w)
{
    for (uint32_t i = w->rank; i-- > 0;) {
        bool more = ++w->at[i] < w->dims[i];
        int64_t steps = more ? 1 : 1 - w->dims[i];
        for (unsigned k = 0; k < 3; k++)
            w->offset[k] += (size_t)(steps * w->stride[k][i]);
        if (more)
            return;
        w->at[i] = 0;
    }
}
