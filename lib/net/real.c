#include "net/real.h"

const struct mlp_tensor *mlp_net_in(const struct mlp_net_call *c, uint32_t i)
{
    return i < c->nin ? c->in[i] : NULL;
}

bool mlp_net_wants(const struct mlp_net_call *c, uint32_t i)
{
    return i < c->nout && c->node->out[i] != MLP_NET_ABSENT;
}

enum mlp_code mlp_real_inputs(const struct mlp_net_call *c, uint32_t end)
{
    for (uint32_t i = 0; i < c->nin && i < end; i++)
        if (c->in[i] && (!mlp_dtype_is_real(c->in[i]->type) || c->in[i]->type != c->in[0]->type))
            return mlp_net_bad_type(c, i);
    return MLP_OK;
}

enum mlp_dtype mlp_real_width(enum mlp_dtype t)
{
    return t == MLP_DT_DOUBLE ? MLP_DT_DOUBLE : MLP_DT_FLOAT;
}

enum mlp_code mlp_real_as(struct mlp_arena *a, const struct mlp_tensor *t, enum mlp_dtype type,
                          struct mlp_tensor *out, struct mlp_err *e)
{
    if (t->type == type) {
        *out = *t;
        return MLP_OK;
    }
    enum mlp_code code = mlp_tensor_like(out, a, type, t, e);
    for (size_t i = 0; !code && i < t->n; i++)
        mlp_tensor_set_number(out, i, mlp_tensor_number(t, i));
    return code;
}

void mlp_real_read(const struct mlp_tensor *t, size_t at, size_t n, double *to)
{
    if (t->type == MLP_DT_FLOAT)
        for (size_t i = 0; i < n; i++)
            to[i] = (double)t->f32[at + i];
    else
        for (size_t i = 0; i < n; i++)
            to[i] = mlp_tensor_number(t, at + i);
}

void mlp_real_write(struct mlp_tensor *t, size_t at, size_t n, const double *from)
{
    if (t->type == MLP_DT_FLOAT)
        for (size_t i = 0; i < n; i++)
            t->f32[at + i] = (float)from[i];
    else
        for (size_t i = 0; i < n; i++)
            mlp_tensor_set_number(t, at + i, from[i]);
}

double *mlp_real_doubles(const struct mlp_net_call *c, size_t n)
{
    double *p = mlp_arena_array(c->arena, n ? n : 1, sizeof(*p));
    if (!p)
        mlp_err_nomem(c->e);
    return p;
}

enum mlp_code mlp_real_room(struct mlp_arena *a, enum mlp_dtype type, size_t n,
                            struct mlp_tensor *out, struct mlp_err *e)
{
    const int64_t dims[1] = {n > INT64_MAX ? -1 : (int64_t)n};
    return mlp_tensor_make(out, a, type, 1, dims, e);
}

void mlp_real_transpose(struct mlp_tensor *y, const struct mlp_tensor *x, size_t at, size_t rows,
                        size_t cols)
{
    for (size_t i = 0; i < rows; i++)
        for (size_t k = 0; k < cols; k++)
            mlp_tensor_copy_element(y, k * rows + i, x, at + i * cols + k);
}

void mlp_real_gemm(const struct mlp_net_gemm *g, struct mlp_real_at a, struct mlp_real_at b,
                   struct mlp_tensor *y, size_t at)
{
    if (y->type == MLP_DT_FLOAT)
        mlp_net_gemm32(g, a.t->f32 + a.at, b.t->f32 + b.at, y->f32 + at);
    else
        mlp_net_gemm64(g, a.t->f64 + a.at, b.t->f64 + b.at, y->f64 + at);
}

bool mlp_real_times(size_t a, size_t b, size_t *n)
{
    return !__builtin_mul_overflow(a, b, n);
}
