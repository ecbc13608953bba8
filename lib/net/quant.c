/* quant.c: QuantizeLinear, DequantizeLinear and DynamicQuantizeLinear (quant.h). */
#include "net/quant.h"

#include <math.h>

#include "net/element.h"
#include "net/ml.h"
#include "net/tiny.h"

bool mlp_quant_range(enum mlp_dtype t, int32_t *least, int32_t *most)
{
    unsigned bits = t == MLP_DT_INT16 || t == MLP_DT_UINT16 ? 16 : mlp_dtype_packing(t);
    bool negative = t == MLP_DT_INT8 || t == MLP_DT_INT16 || t == MLP_DT_INT4 || t == MLP_DT_INT2;
    bool positive = t == MLP_DT_UINT8 || t == MLP_DT_UINT16 || t == MLP_DT_UINT4 ||
                    t == MLP_DT_UINT2;
    *least = negative ? -(1 << (bits - 1)) : 0;
    *most = (1 << (negative ? bits - 1 : bits)) - 1;
    return negative || positive;
}

int32_t mlp_quant_round(float x, int32_t zero, int32_t least, int32_t most)
{
    float r = nearbyintf(x);
    if (!(r > (float)(least - zero)))
        return least; /* NaN too */
    return r < (float)(most - zero) ? (int32_t)r + zero : most;
}

struct quant {
    int64_t axis, block, saturate, type, precision; /* type, precision: 0 where not told */
};

static enum mlp_code prepare(struct mlp_net_build *b, const void **params)
{
    void *made;
    if (mlp_net_params(b, sizeof(struct quant), &made))
        return b->e->code;
    struct quant *p = made;
    *params = p;
    if (mlp_net_attr_int(b, "axis", 1, &p->axis) ||
        mlp_net_attr_int(b, "block_size", 0, &p->block) ||
        mlp_net_attr_int(b, "saturate", 1, &p->saturate) ||
        mlp_net_attr_int(b, "output_dtype", 0, &p->type) ||
        mlp_net_attr_int(b, "precision", 0, &p->precision))
        return b->e->code;
    if (p->block < 0 || p->type < 0 || p->type > MLP_DT_INT2 || p->precision < 0 ||
        p->precision > MLP_DT_INT2)
        return mlp_net_bad(b, "block_size, output_dtype or precision that makes no sense");
    return MLP_OK;
}

/* Which scale an element has: one for all, one for each place on an axis, or one for each block of
 * places on it. */
struct grid {
    size_t inner, dim, block, blocks; /* block 0: not in blocks; dim 0: one for all */
};

static size_t grid_at(const struct grid *g, size_t i)
{
    if (!g->dim)
        return 0;
    size_t k = i / g->inner % g->dim;
    if (!g->block)
        return k;
    return (i / g->inner / g->dim * g->blocks + k / g->block) * g->inner + i % g->inner;
}

static enum mlp_code blocks_fit(const struct mlp_net_call *c, uint32_t axis, const struct grid *g)
{
    const struct mlp_tensor *x = c->in[0], *scale = c->in[1];
    bool fits = scale->rank == x->rank;
    for (uint32_t i = 0; i < x->rank && fits; i++)
        fits = scale->dims[i] == (i == axis ? (int64_t)g->blocks : x->dims[i]);
    return fits ? MLP_OK : mlp_net_fail(c, "scales that do not fit blocks of %zu", g->block);
}

static enum mlp_code make_grid(const struct mlp_net_call *c, struct grid *g)
{
    const struct quant *p = c->node->params;
    const struct mlp_tensor *x = c->in[0], *scale = c->in[1];
    const struct mlp_tensor *zero = c->nin > 2 ? c->in[2] : NULL;
    uint32_t axis;
    *g = (struct grid){.inner = 1};
    if (!mlp_dtype_is_real(scale->type) || (zero && zero->n != scale->n))
        return mlp_net_fail(c, "scale and zero point do not fit each other");
    if (scale->n == 1)
        return MLP_OK;
    if (mlp_net_axis(c, p->axis, x->rank, &axis))
        return c->e->code;
    for (uint32_t i = axis + 1; i < x->rank; i++)
        g->inner *= (size_t)x->dims[i];
    g->dim = (size_t)x->dims[axis];
    g->block = (size_t)p->block;
    g->blocks = g->block ? g->dim / g->block + (g->dim % g->block != 0) : 0;
    if (g->block)
        return blocks_fit(c, axis, g);
    return scale->rank == 1 && scale->n == g->dim
               ? MLP_OK
               : mlp_net_fail(c, "%zu scales for an axis of %zu", scale->n, g->dim);
}

/* --- QuantizeLinear --- */

/* A number as one of a floating type has it. */
static float rounded_to(enum mlp_dtype t, float x)
{
    if (t == MLP_DT_FLOAT16)
        return mlp_half_float(mlp_float_half(x));
    return t == MLP_DT_BFLOAT16 ? mlp_bfloat_float(mlp_float_bfloat(x)) : x;
}

static enum mlp_code target_type(const struct mlp_net_call *c, enum mlp_dtype *type)
{
    const struct quant *p = c->node->params;
    const struct mlp_tensor *zero = c->nin > 2 ? c->in[2] : NULL;
    int32_t least, most;
    *type = zero ? zero->type : p->type ? (enum mlp_dtype)p->type : MLP_DT_UINT8;
    if ((zero && p->type && (enum mlp_dtype)p->type != zero->type) ||
        (!mlp_quant_range(*type, &least, &most) && !mlp_dtype_is_tiny(*type)))
        return mlp_net_fail(c, "it cannot quantize to %s", mlp_dtype_name(*type));
    return MLP_OK;
}

static enum mlp_code run_quantize(const struct mlp_net_call *c)
{
    const struct quant *p = c->node->params;
    const struct mlp_tensor *x = c->in[0], *scale = c->in[1];
    const struct mlp_tensor *zero = c->nin > 2 ? c->in[2] : NULL;
    struct mlp_tensor *y = &c->out[0];
    struct grid g;
    enum mlp_dtype type, exact = p->precision ? (enum mlp_dtype)p->precision : scale->type;
    int32_t least, most;
    if (make_grid(c, &g) || target_type(c, &type))
        return c->e->code;
    if (x->type == MLP_DT_STRING)
        return mlp_net_bad_type(c, 0);
    if (mlp_tensor_like(y, c->arena, type, x, c->e))
        return c->e->code;
    bool whole = mlp_quant_range(type, &least, &most);
    for (size_t i = 0; i < x->n; i++) {
        size_t at = grid_at(&g, i);
        float q = rounded_to(exact, (float)mlp_tensor_number(x, i) /
                                        (float)mlp_tensor_number(scale, at));
        if (whole)
            mlp_tensor_set_integer(y, i, mlp_quant_round(
                q, zero ? (int32_t)mlp_tensor_integer(zero, at) : 0, least, most));
        else
            y->u8[i] = mlp_tiny_bits(type, (double)q + (zero ? mlp_tensor_number(zero, at) : 0),
                                     p->saturate != 0);
    }
    return MLP_OK;
}

/* --- DequantizeLinear --- */

static enum mlp_code run_dequantize(const struct mlp_net_call *c)
{
    const struct quant *p = c->node->params;
    const struct mlp_tensor *x = c->in[0], *scale = c->in[1];
    const struct mlp_tensor *zero = c->nin > 2 ? c->in[2] : NULL;
    enum mlp_dtype type = p->type ? (enum mlp_dtype)p->type : scale->type;
    bool whole = mlp_dtype_is_whole(x->type);
    struct grid g;
    if (make_grid(c, &g))
        return c->e->code;
    if ((!whole && !mlp_dtype_is_tiny(x->type)) || (zero && zero->type != x->type))
        return mlp_net_bad_type(c, zero && zero->type != x->type ? 2 : 0);
    if (!mlp_dtype_is_real(type))
        return mlp_net_fail(c, "it cannot give %s", mlp_dtype_name(type));
    if (mlp_tensor_like(&c->out[0], c->arena, type, x, c->e))
        return c->e->code;
    for (size_t i = 0; i < x->n; i++) {
        size_t at = grid_at(&g, i);
        double v = whole ? (double)mlp_tensor_integer(x, i) : mlp_tensor_number(x, i);
        if (zero)
            v -= mlp_tensor_number(zero, at);
        mlp_tensor_set_number(&c->out[0], i,
                              (double)((float)v * (float)mlp_tensor_number(scale, at)));
    }
    return MLP_OK;
}

/* --- DynamicQuantizeLinear --- */

static enum mlp_code run_dynamic(const struct mlp_net_call *c)
{
    const struct mlp_tensor *x = c->in[0];
    struct mlp_tensor scale, zero;
    float least = 0, most = 0;
    if (x->type != MLP_DT_FLOAT)
        return mlp_net_bad_type(c, 0);
    for (size_t i = 0; i < x->n; i++) {
        least = x->f32[i] < least ? x->f32[i] : least;
        most = x->f32[i] > most ? x->f32[i] : most;
    }
    if (mlp_tensor_like(&c->out[0], c->arena, MLP_DT_UINT8, x, c->e) ||
        mlp_tensor_make(&scale, c->arena, MLP_DT_FLOAT, 0, NULL, c->e) ||
        mlp_tensor_make(&zero, c->arena, MLP_DT_UINT8, 0, NULL, c->e))
        return c->e->code;
    scale.f32[0] = least == most ? 1 : (most - least) / 255;
    zero.u8[0] = (uint8_t)mlp_quant_round(-least / scale.f32[0], 0, 0, 255);
    for (size_t i = 0; i < x->n; i++)
        c->out[0].u8[i] = (uint8_t)mlp_quant_round(x->f32[i] / scale.f32[0], zero.u8[0], 0, 255);
    if (c->nout > 1)
        c->out[1] = scale;
    if (c->nout > 2)
        c->out[2] = zero;
    return MLP_OK;
}

const struct mlp_net_op mlp_net_quant[] = {
    {"", "QuantizeLinear", 10, 0, 2, 3, 1, prepare, run_quantize},
    {"", "DequantizeLinear", 10, 0, 2, 3, 1, prepare, run_dequantize},
    {"", "DynamicQuantizeLinear", 11, 0, 1, 1, 3, NULL, run_dynamic},
    {"", "MatMulInteger", 10, 0, 2, 4, 1, NULL, mlp_net_run_matmul_integer},
    {"", "QLinearMatMul", 10, 0, 8, 8, 1, NULL, mlp_net_run_qlinear_matmul},
    {"", "ConvInteger", 10, 0, 2, 4, 1, mlp_net_prepare_qconv, mlp_net_run_conv_integer},
    {"", "QLinearConv", 10, 0, 8, 9, 1, mlp_net_prepare_qconv, mlp_net_run_qlinear_conv},
    {0}};
