#include "net/op.h"

#include <stdarg.h>

const struct mlp_net_op *mlp_net_op_find(struct mlp_str domain, struct mlp_str name, int64_t opset)
{
    const struct mlp_net_op *const tables[] = {
        mlp_net_math,      mlp_net_matrix,   mlp_net_einsum, mlp_net_shape,   mlp_net_arrange,
        mlp_net_reduce,    mlp_net_control,  mlp_net_nn,     mlp_net_dropout, mlp_net_norm,
        mlp_net_pool,      mlp_net_resize,   mlp_net_sample, mlp_net_space,   mlp_net_rnn,
        mlp_net_attention, mlp_net_signal,   mlp_net_quant,  mlp_net_string,  mlp_net_ml,
        mlp_net_trees,     mlp_net_sequence, mlp_net_map,    mlp_net_loss,
        mlp_net_select};
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
        for (const struct mlp_net_op *op = tables[i]; op->name; op++)
            if (mlp_str_is(name, op->name) && mlp_str_is(domain, op->domain) &&
                opset >= op->since && (!op->until || opset <= op->until))
                return op;
    return NULL;
}

bool mlp_net_op_takes_holders(const struct mlp_net_op *op)
{
    const struct mlp_net_op *const tables[] = {mlp_net_control, mlp_net_sequence, mlp_net_map};
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
        for (const struct mlp_net_op *row = tables[i]; row->name; row++)
            if (row == op)
                return true;
    return false;
}

/* --- attributes --- */

static const struct mlp_onnx_attr *find_attr(const struct mlp_net_build *b, const char *name)
{
    for (size_t i = 0; i < b->node->nattrs; i++)
        if (mlp_str_is(b->node->attrs[i].name, name))
            return &b->node->attrs[i];
    return NULL;
}

bool mlp_net_attr_given(const struct mlp_net_build *b, const char *name)
{
    return find_attr(b, name) != NULL;
}

/* The attribute in *a, NULL where there is none; fails when it is of another type. */
static enum mlp_code typed_attr(struct mlp_net_build *b, const char *name,
                                enum mlp_onnx_attr_type type, const struct mlp_onnx_attr **a)
{
    *a = find_attr(b, name);
    if (*a && (*a)->type != type)
        return mlp_net_bad(b, "attribute '%s' is of type %d, not %d", name, (int)(*a)->type,
                           (int)type);
    return MLP_OK;
}

enum mlp_code mlp_net_attr_int(struct mlp_net_build *b, const char *name, int64_t dflt,
                               int64_t *out)
{
    const struct mlp_onnx_attr *a;
    enum mlp_code code = typed_attr(b, name, MLP_ATTR_INT, &a);
    *out = !code && a ? a->i : dflt;
    return code;
}

enum mlp_code mlp_net_attr_float(struct mlp_net_build *b, const char *name, float dflt, float *out)
{
    const struct mlp_onnx_attr *a;
    enum mlp_code code = typed_attr(b, name, MLP_ATTR_FLOAT, &a);
    *out = !code && a ? a->f : dflt;
    return code;
}

enum mlp_code mlp_net_attr_str(struct mlp_net_build *b, const char *name, const char *dflt,
                               struct mlp_str *out)
{
    const struct mlp_onnx_attr *a;
    enum mlp_code code = typed_attr(b, name, MLP_ATTR_STRING, &a);
    *out = !code && a ? a->s : mlp_str_from(dflt);
    return code;
}

enum mlp_code mlp_net_attr_ints(struct mlp_net_build *b, const char *name, const int64_t **p,
                                size_t *n)
{
    const struct mlp_onnx_attr *a;
    enum mlp_code code = typed_attr(b, name, MLP_ATTR_INTS, &a);
    *p = !code && a ? a->ints : NULL;
    *n = !code && a ? a->n : 0;
    return code;
}

enum mlp_code mlp_net_attr_floats(struct mlp_net_build *b, const char *name, const float **p,
                                  size_t *n)
{
    const struct mlp_onnx_attr *a;
    enum mlp_code code = typed_attr(b, name, MLP_ATTR_FLOATS, &a);
    *p = !code && a ? a->floats : NULL;
    *n = !code && a ? a->n : 0;
    return code;
}

enum mlp_code mlp_net_attr_strs(struct mlp_net_build *b, const char *name,
                                const struct mlp_str **p, size_t *n)
{
    const struct mlp_onnx_attr *a;
    enum mlp_code code = typed_attr(b, name, MLP_ATTR_STRINGS, &a);
    *p = !code && a ? a->strings : NULL;
    *n = !code && a ? a->n : 0;
    return code;
}

enum mlp_code mlp_net_attr_tensor(struct mlp_net_build *b, const char *name,
                                  const struct mlp_tensor **out)
{
    const struct mlp_onnx_attr *a;
    enum mlp_code code = typed_attr(b, name, MLP_ATTR_TENSOR, &a);
    *out = !code && a ? a->t : NULL;
    return code;
}

/* --- failures --- */

MLP_PRINTF(3, 0)
static enum mlp_code fail(struct mlp_err *e, const struct mlp_onnx_node *n, const char *fmt,
                          va_list ap)
{
    char text[512];
    vsnprintf(text, sizeof(text), fmt, ap);
    mlp_err_set(e, MLP_EINPUT, "node '%.*s' (%.*s): %s", MLP_STR_ARG(n->name),
                MLP_STR_ARG(n->op_type), text);
    return e ? e->code : MLP_EINPUT;
}

enum mlp_code mlp_net_bad(struct mlp_net_build *b, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fail(b->e, b->node, fmt, ap);
    va_end(ap);
    return mlp_err_at_byte(b->e, b->node->offset);
}

enum mlp_code mlp_net_fail(const struct mlp_net_call *c, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    enum mlp_code code = fail(c->e, c->node->source, fmt, ap);
    va_end(ap);
    return code;
}

enum mlp_code mlp_net_bad_type(const struct mlp_net_call *c, uint32_t input)
{
    const struct mlp_tensor *t = input < c->nin ? c->in[input] : NULL;
    return mlp_net_fail(c, "input %u is of type %s, which this operator does not compute with",
                        input, t ? mlp_dtype_name(t->type) : "none");
}

enum mlp_code mlp_net_axis(const struct mlp_net_call *c, int64_t axis, uint32_t rank,
                           uint32_t *out)
{
    int64_t a = axis < 0 ? axis + (int64_t)rank : axis;
    if (a < 0 || a >= (int64_t)rank)
        return mlp_net_fail(c, "axis %lld of a tensor of %u dimensions", (long long)axis, rank);
    *out = (uint32_t)a;
    return MLP_OK;
}

void mlp_net_strides(const struct mlp_tensor *t, uint32_t rank, const int64_t *dims,
                     int64_t strides[MLP_MAX_RANK])
{
    int64_t step = 1;
    for (uint32_t k = 1; k <= rank; k++) {
        uint32_t i = rank - k;
        int64_t d = k <= t->rank ? t->dims[t->rank - k] : 1;
        strides[i] = d == 1 && dims[i] != 1 ? 0 : step;
        step *= d;
    }
}
