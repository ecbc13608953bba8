/* quant_product.c: products and convolutions of bytes, summed in 32 bits (quant.h). */
#include "net/element.h"
#include "net/ml.h"
#include "net/nn.h"
#include "net/quant.h"

/* A tensor of bytes with its zero point and scale. scale is NULL for sums that stay integers. */
struct bytes {
    const struct mlp_tensor *t, *zero, *scale;
};

static const struct mlp_tensor *input(const struct mlp_net_call *c, uint32_t i)
{
    return i < c->nin ? c->in[i] : NULL;
}

static bool is_bytes(const struct mlp_tensor *t)
{
    return t->type == MLP_DT_INT8 || t->type == MLP_DT_UINT8;
}

/* A scale or zero point is one number, or one for each of n rows, columns or channels. */
static bool fits(const struct mlp_tensor *t, size_t n)
{
    return !t || t->n == 1 || t->n == n;
}

static enum mlp_code check(const struct mlp_net_call *c, const struct bytes *b, size_t n)
{
    if (!is_bytes(b->t) || (b->zero && b->zero->type != b->t->type) ||
        (b->scale && !mlp_dtype_is_real(b->scale->type)))
        return mlp_net_fail(c, "a tensor of %s with its scale and zero point",
                            mlp_dtype_name(b->t->type));
    return fits(b->zero, n) && fits(b->scale, n)
               ? MLP_OK
               : mlp_net_fail(c, "a scale or zero point that is not for one, or each of %zu", n);
}

static float scale_of(const struct bytes *b, size_t k)
{
    return (float)mlp_tensor_number(b->scale, b->scale->n == 1 ? 0 : k);
}

/* The bytes less their zero point; element i has number i / inner % n of those. */
static int32_t *widen(const struct mlp_net_call *c, const struct bytes *b, size_t inner, size_t n)
{
    int32_t *to = mlp_arena_array64(c->arena, b->t->n, sizeof *to);
    if (!to)
        mlp_err_nomem(c->e);
    for (size_t i = 0; to && i < b->t->n; i++) {
        size_t k = b->zero && b->zero->n > 1 ? i / inner % n : 0;
        int64_t zero = b->zero ? mlp_tensor_integer(b->zero, k) : 0;
        to[i] = (int32_t)(mlp_tensor_integer(b->t, i) - zero);
    }
    return to;
}

/* y (m x n) = a (m x k) b (k x n); sums wrap around as int32 does elsewhere. */
static void product(const size_t mnk[3], const int32_t *a, const int32_t *b, uint32_t *y)
{
    size_t n = mnk[1];
    for (size_t i = 0; i < mnk[0]; i++) {
        uint32_t *row = y + i * n;
        for (size_t j = 0; j < n; j++)
            row[j] = 0;
        for (size_t p = 0; p < mnk[2]; p++) {
            uint32_t v = (uint32_t)a[i * mnk[2] + p];
            const int32_t *from = b + p * n;
            for (size_t j = 0; j < n; j++)
                row[j] += v * (uint32_t)from[j];
        }
    }
}

/* --- products of matrices --- */

struct operands {
    struct bytes a, b;
    struct mlp_tensor as, bs;    /* as matrices: a vector is a row or a column */
    size_t mnk[3];
};

static struct mlp_tensor as_matrix(const struct mlp_tensor *t, bool left)
{
    struct mlp_tensor m = *t;
    if (t->rank != 1)
        return m;
    m.rank = 2;
    m.dims[left] = t->dims[0];
    m.dims[!left] = 1;
    return m;
}

static enum mlp_code read_operands(const struct mlp_net_call *c, struct operands *o)
{
    if (o->a.t->rank == 0 || o->b.t->rank == 0)
        return mlp_net_fail(c, "inputs that are no matrices");
    o->as = as_matrix(o->a.t, true);
    o->bs = as_matrix(o->b.t, false);
    o->mnk[0] = (size_t)o->as.dims[o->as.rank - 2];
    o->mnk[1] = (size_t)o->bs.dims[o->bs.rank - 1];
    o->mnk[2] = (size_t)o->as.dims[o->as.rank - 1];
    if ((size_t)o->bs.dims[o->bs.rank - 2] != o->mnk[2])
        return mlp_net_fail(c, "matrices whose shapes do not fit each other");
    return check(c, &o->a, o->mnk[0]) ? c->e->code : check(c, &o->b, o->mnk[1]);
}

/* The sums as a tensor of int32. */
static enum mlp_code multiply(const struct mlp_net_call *c, struct operands *o,
                              struct mlp_tensor *y)
{
    struct mlp_tensor ba = o->as, bb = o->bs;
    int64_t dims[MLP_MAX_RANK];
    uint32_t rank;
    struct mlp_walk w;
    size_t m = o->mnk[0], n = o->mnk[1], k = o->mnk[2];
    ba.rank -= 2;
    bb.rank -= 2;
    if (!mlp_tensor_broadcast(&ba, &bb, &rank, dims))
        return mlp_net_fail(c, "matrices whose shapes do not fit each other");
    mlp_walk_init(&w, rank, dims);
    mlp_walk_add(&w, 0, &ba);
    mlp_walk_add(&w, 1, &bb);
    if (o->a.t->rank > 1)
        dims[rank++] = (int64_t)m;
    if (o->b.t->rank > 1)
        dims[rank++] = (int64_t)n;
    if (mlp_tensor_make(y, c->arena, MLP_DT_INT32, rank, dims, c->e))
        return c->e->code;
    const int32_t *a = widen(c, &o->a, k ? k : 1, m), *b = a ? widen(c, &o->b, 1, n) : NULL;
    for (size_t at = 0; b && m > 0 && n > 0 && at < y->n; at += m * n, mlp_walk_next(&w))
        product(o->mnk, a + w.offset[0] * m * k, b + w.offset[1] * k * n, y->u32 + at);
    return b ? MLP_OK : c->e->code;
}

enum mlp_code mlp_net_run_matmul_integer(const struct mlp_net_call *c)
{
    struct operands o = {.a = {c->in[0], input(c, 2), NULL}, .b = {c->in[1], input(c, 3), NULL}};
    return read_operands(c, &o) ? c->e->code : multiply(c, &o, &c->out[0]);
}

/* The scale and zero point of what comes out, and its range. */
struct target {
    float scale;
    int32_t zero, least, most;
};

static enum mlp_code read_target(const struct mlp_net_call *c, struct target *t)
{
    const struct mlp_tensor *scale = c->in[6], *zero = c->in[7];
    if (scale->n != 1 || zero->n != 1 || !mlp_dtype_is_real(scale->type) || !is_bytes(zero))
        return mlp_net_fail(c, "the output needs one scale, and one zero point of bytes");
    mlp_quant_range(zero->type, &t->least, &t->most);
    t->scale = (float)mlp_tensor_number(scale, 0);
    t->zero = (int32_t)mlp_tensor_integer(zero, 0);
    return MLP_OK;
}

static void put(struct mlp_tensor *y, size_t i, int32_t sum, float scale, const struct target *t)
{
    y->u8[i] = (uint8_t)mlp_quant_round((float)sum * scale, t->zero, t->least, t->most);
}

enum mlp_code mlp_net_run_qlinear_matmul(const struct mlp_net_call *c)
{
    struct operands o = {.a = {c->in[0], c->in[2], c->in[1]}, .b = {c->in[3], c->in[5], c->in[4]}};
    struct mlp_tensor sums;
    struct target t;
    if (read_target(c, &t) || read_operands(c, &o) || multiply(c, &o, &sums) ||
        mlp_tensor_like(&c->out[0], c->arena, c->in[7]->type, &sums, c->e))
        return c->e->code;
    for (size_t i = 0; i < sums.n; i++)
        put(&c->out[0], i, sums.i32[i],
            scale_of(&o.a, i / o.mnk[1] % o.mnk[0]) * scale_of(&o.b, i % o.mnk[1]) / t.scale, &t);
    return MLP_OK;
}

/* --- convolutions --- */

struct qconv {
    struct mlp_window_spec window;
    int64_t group;
};

enum mlp_code mlp_net_prepare_qconv(struct mlp_net_build *b, const void **params)
{
    void *made;
    if (mlp_net_params(b, sizeof(struct qconv), &made))
        return b->e->code;
    struct qconv *p = made;
    *params = p;
    if (mlp_window_read(b, &p->window) || mlp_net_attr_int(b, "group", 1, &p->group))
        return b->e->code;
    return p->group >= 1 && p->group <= INT32_MAX ? MLP_OK
                                                  : mlp_net_bad(b, "group is %lld",
                                                                (long long)p->group);
}

/* A few bytes of a file may ask for any padding: what it makes of a plane is bounded. */
#define MOST_GROWTH 16
#define SMALL_PLANE 4096

/* x and the weights with their window; a matrix for the windows of one group of channels. */
struct conv {
    struct bytes x, k;
    struct mlp_window w;
    size_t groups, cin, cout;    /* channels of a group */
    const int32_t *xs, *ks;
    int32_t *matrix;
};

static enum mlp_code read_conv(const struct mlp_net_call *c, struct conv *v)
{
    const struct qconv *p = c->node->params;
    const struct mlp_tensor *x = v->x.t, *k = v->k.t;
    v->groups = (size_t)p->group;
    if (x->rank < 3 || x->rank != k->rank || x->dims[1] / p->group != k->dims[1] ||
        x->dims[1] % p->group || k->dims[0] % p->group)
        return mlp_net_fail(c, "input and weights do not fit each other");
    if (check(c, &v->x, 1) || check(c, &v->k, (size_t)k->dims[0]) ||
        mlp_window_make(c, &p->window, k->dims + 2, &v->w))
        return c->e->code;
    if (v->w.nout / MOST_GROWTH > v->w.nin + SMALL_PLANE)
        return mlp_net_fail(c, "padding that makes the output %d times as large as the input",
                            MOST_GROWTH);
    v->cin = (size_t)k->dims[1];
    v->cout = (size_t)k->dims[0] / v->groups;
    return MLP_OK;
}

static enum mlp_code make_room(const struct mlp_net_call *c, struct conv *v)
{
    size_t depth = v->cin * v->w.nkernel;
    v->xs = widen(c, &v->x, 1, 1);
    v->ks = v->xs ? widen(c, &v->k, depth ? depth : 1, (size_t)v->k.t->dims[0]) : NULL;
    if (!v->ks)
        return c->e->code;
    v->matrix = depth && v->w.nout > SIZE_MAX / depth
                    ? NULL
                    : mlp_arena_array64(c->arena, depth * v->w.nout, sizeof *v->matrix);
    return v->matrix ? MLP_OK : mlp_err_nomem(c->e);
}

/* The windows over the channels from x on: cin * nkernel rows of nout. The padding is the zero
 * point, which is 0 here. */
static void lay_out(const struct conv *v, const int32_t *x)
{
    for (size_t k = 0; k < v->w.nkernel; k++)
        for (size_t o = 0; o < v->w.nout; o++) {
            int64_t at = mlp_window_at(&v->w, o, k);
            for (size_t ch = 0; ch < v->cin; ch++)
                v->matrix[(ch * v->w.nkernel + k) * v->w.nout + o] =
                    at < 0 ? 0 : x[ch * v->w.nin + (size_t)at];
        }
}

static enum mlp_code convolve(const struct mlp_net_call *c, struct conv *v, struct mlp_tensor *y)
{
    size_t depth = v->cin * v->w.nkernel;
    const size_t mnk[3] = {v->cout, v->w.nout, depth};
    int64_t dims[MLP_MAX_RANK] = {v->x.t->dims[0], v->k.t->dims[0]};
    for (uint32_t d = 0; d < v->w.rank; d++)
        dims[d + 2] = v->w.out[d];
    if (mlp_tensor_make(y, c->arena, MLP_DT_INT32, v->w.rank + 2, dims, c->e) || make_room(c, v))
        return c->e->code;
    for (size_t i = 0; y->n && i < (size_t)v->x.t->dims[0] * v->groups; i++) {
        lay_out(v, v->xs + i * v->cin * v->w.nin);
        product(mnk, v->ks + i % v->groups * v->cout * depth, v->matrix,
                y->u32 + i * v->cout * v->w.nout);
    }
    return MLP_OK;
}

enum mlp_code mlp_net_run_conv_integer(const struct mlp_net_call *c)
{
    struct conv v = {.x = {c->in[0], input(c, 2), NULL}, .k = {c->in[1], input(c, 3), NULL}};
    return read_conv(c, &v) ? c->e->code : convolve(c, &v, &c->out[0]);
}

enum mlp_code mlp_net_run_qlinear_conv(const struct mlp_net_call *c)
{
    struct conv v = {.x = {c->in[0], c->in[2], c->in[1]}, .k = {c->in[3], c->in[5], c->in[4]}};
    const struct mlp_tensor *bias = input(c, 8);
    struct mlp_tensor sums;
    struct target t;
    if (read_target(c, &t) || read_conv(c, &v) || convolve(c, &v, &sums) ||
        mlp_tensor_like(&c->out[0], c->arena, c->in[7]->type, &sums, c->e))
        return c->e->code;
    if (bias && (bias->type != MLP_DT_INT32 || (int64_t)bias->n != v.k.t->dims[0]))
        return mlp_net_bad_type(c, 8);
    for (size_t i = 0; i < sums.n; i++) {
        size_t ch = i / v.w.nout % (size_t)v.k.t->dims[0];
        uint32_t sum = sums.u32[i] + (bias ? bias->u32[ch] : 0);
        put(&c->out[0], i, (int32_t)sum, scale_of(&v.x, 0) * scale_of(&v.k, ch) / t.scale, &t);
    }
    return MLP_OK;
}
