/* matrix.c: products of matrices. */
#include <math.h>

#include "net/packed.h"
#include "net/real.h"

/* --- MatMul --- */

/* An operand and where in it the matrix starts. */
struct part {
    const struct mlp_tensor *t;
    size_t at;
};

static void whole_product(const struct mlp_net_gemm *g, struct part a, struct part b,
                          struct mlp_tensor *y, size_t at)
{
    for (size_t i = 0; i < g->m; i++)
        for (size_t j = 0; j < g->n; j++) {
            uint64_t sum = 0;
            for (size_t p = 0; p < g->k; p++)
                sum += (uint64_t)mlp_tensor_integer(a.t, a.at + i * g->k + p) *
                       (uint64_t)mlp_tensor_integer(b.t, b.at + p * g->n + j);
            mlp_tensor_set_integer(y, at + i * g->n + j, (int64_t)sum);
        }
}

static void product_at(const size_t mnk[3], struct part a, struct part b, struct mlp_tensor *y,
                       size_t at)
{
    const struct mlp_net_gemm g = {mnk[0], mnk[1], mnk[2], mnk[2], mnk[1], mnk[1]};
    if (a.t->type == MLP_DT_FLOAT)
        mlp_net_gemm32(&g, a.t->f32 + a.at, b.t->f32 + b.at, y->f32 + at);
    else if (a.t->type == MLP_DT_DOUBLE)
        mlp_net_gemm64(&g, a.t->f64 + a.at, b.t->f64 + b.at, y->f64 + at);
    else
        whole_product(&g, a, b, y, at);
}

/* A vector is a matrix of one row on the left, of one column on the right. */
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

/* The dimensions in front of the two of the matrices, as tensors to broadcast. */
static struct mlp_tensor batch_of(const struct mlp_tensor *t)
{
    struct mlp_tensor b = *t;
    b.rank -= 2;
    return b;
}

static enum mlp_code multiply(const struct mlp_net_call *c, const struct mlp_tensor *left,
                              const struct mlp_tensor *right, struct mlp_tensor *y)
{
    struct mlp_tensor a = as_matrix(left, true), b = as_matrix(right, false);
    struct mlp_tensor ba = batch_of(&a), bb = batch_of(&b);
    const size_t mnk[3] = {(size_t)a.dims[a.rank - 2], (size_t)b.dims[b.rank - 1],
                           (size_t)a.dims[a.rank - 1]};
    int64_t dims[MLP_MAX_RANK];
    uint32_t rank;
    struct mlp_walk w;
    if (a.dims[a.rank - 1] != b.dims[b.rank - 2] || !mlp_tensor_broadcast(&ba, &bb, &rank, dims))
        return mlp_net_fail(c, "matrices whose shapes do not fit each other");
    mlp_walk_init(&w, rank, dims);
    mlp_walk_add(&w, 0, &ba);
    mlp_walk_add(&w, 1, &bb);
    if (left->rank > 1)
        dims[rank++] = a.dims[a.rank - 2];
    if (right->rank > 1)
        dims[rank++] = b.dims[b.rank - 1];
    if (mlp_tensor_make(y, c->arena, a.type, rank, dims, c->e))
        return c->e->code;
    size_t step = mnk[0] * mnk[1];
    for (size_t at = 0; step && at < y->n; at += step, mlp_walk_next(&w))
        product_at(mnk, (struct part){&a, w.offset[0] * mnk[0] * mnk[2]},
                   (struct part){&b, w.offset[1] * mnk[2] * mnk[1]}, y, at);
    return MLP_OK;
}

/* A constant matrix on the right is packed when loading; params stay NULL for others. */
static enum mlp_code prepare_matmul(struct mlp_net_build *b, const void **params)
{
    const struct mlp_tensor *w = b->constant[1];
    if (!w || w->rank != 2 || w->type != MLP_DT_FLOAT)
        return MLP_OK;
    struct mlp_packed *p = mlp_arena_alloc(b->arena, sizeof *p);
    *params = p;
    return p ? mlp_packed_make(p, b->arena, w, false, b->e) : mlp_err_nomem(b->e);
}

static enum mlp_code run_packed(const struct mlp_net_call *c, const struct mlp_packed *b)
{
    const struct mlp_tensor *a = c->in[0];
    struct mlp_tensor *y = &c->out[0];
    int64_t dims[MLP_MAX_RANK];
    memcpy(dims, a->dims, a->rank * sizeof *dims);
    if ((size_t)dims[a->rank - 1] != b->k)
        return mlp_net_fail(c, "matrices whose shapes do not fit each other");
    dims[a->rank - 1] = (int64_t)b->n;
    if (mlp_tensor_make(y, c->arena, MLP_DT_FLOAT, a->rank, dims, c->e))
        return c->e->code;
    const struct mlp_packed_call call = {b->n ? y->n / b->n : 0, b->k, b->n, NULL};
    mlp_packed_product(b, &call, a->f32, y->f32);
    return MLP_OK;
}

/* The halves multiply as floats. */
static enum mlp_code run_any_matmul(const struct mlp_net_call *c)
{
    enum mlp_dtype type = c->in[0]->type;
    struct mlp_tensor a, b, y;
    if (c->in[0]->rank == 0 || c->in[1]->rank == 0 || type != c->in[1]->type)
        return mlp_net_fail(c, "inputs that are no matrices of one type");
    if (type == MLP_DT_STRING)
        return mlp_net_bad_type(c, 0);
    if (type != MLP_DT_FLOAT16 && type != MLP_DT_BFLOAT16)
        return multiply(c, c->in[0], c->in[1], &c->out[0]);
    if (mlp_real_as(c->arena, c->in[0], MLP_DT_FLOAT, &a, c->e) ||
        mlp_real_as(c->arena, c->in[1], MLP_DT_FLOAT, &b, c->e) || multiply(c, &a, &b, &y))
        return c->e->code;
    return mlp_real_as(c->arena, &y, type, &c->out[0], c->e);
}

static enum mlp_code run_matmul(const struct mlp_net_call *c)
{
    bool packed = c->node->params && c->in[0]->type == MLP_DT_FLOAT && c->in[0]->rank > 0;
    return packed ? run_packed(c, c->node->params) : run_any_matmul(c);
}

/* --- Gemm: alpha A B + beta C, A and B transposed on demand --- */

struct gemm {
    float alpha, beta;
    int64_t ta, tb;
    struct mlp_tensor b;         /* the constant B, transposed when loading */
    bool fixed;
    struct mlp_packed packed;    /* the constant B of floats */
    bool is_packed;
};

static enum mlp_code transpose(struct mlp_arena *a, const struct mlp_tensor *x,
                               struct mlp_tensor *y, struct mlp_err *e)
{
    const int64_t dims[2] = {x->dims[1], x->dims[0]};
    if (mlp_tensor_make(y, a, x->type, 2, dims, e))
        return e->code;
    for (size_t i = 0; i < (size_t)dims[0]; i++)
        for (size_t k = 0; k < (size_t)dims[1]; k++)
            mlp_tensor_copy_element(y, i * (size_t)dims[1] + k, x, k * (size_t)dims[0] + i);
    return MLP_OK;
}

static enum mlp_code prepare_gemm(struct mlp_net_build *b, const void **params)
{
    struct gemm *g = mlp_arena_alloc(b->arena, sizeof(*g));
    if (!g)
        return mlp_err_nomem(b->e);
    *params = g;
    if (mlp_net_attr_float(b, "alpha", 1, &g->alpha) ||
        mlp_net_attr_float(b, "beta", 1, &g->beta) ||
        mlp_net_attr_int(b, "transA", 0, &g->ta) || mlp_net_attr_int(b, "transB", 0, &g->tb))
        return b->e->code;
    const struct mlp_tensor *w = b->node->nin > 1 ? b->constant[1] : NULL;
    g->is_packed = w && w->rank == 2 && w->type == MLP_DT_FLOAT && !g->ta && g->alpha == 1;
    if (g->is_packed)
        return mlp_packed_make(&g->packed, b->arena, w, g->tb != 0, b->e);
    g->fixed = g->tb && w && w->rank == 2;
    return g->fixed ? transpose(b->arena, w, &g->b, b->e) : MLP_OK;
}

static void add_bias(const struct gemm *g, const struct mlp_tensor *bias, struct mlp_tensor *y)
{
    struct mlp_walk w;
    mlp_walk_init(&w, y->rank, y->dims);
    if (bias)
        mlp_walk_add(&w, 0, bias);
    if (bias && y->type == MLP_DT_FLOAT && g->alpha == 1 && g->beta == 1) {
        for (size_t i = 0; i < y->n; i++, mlp_walk_next(&w))
            y->f32[i] += bias->f32[w.offset[0]];
        return;
    }
    for (size_t i = 0; i < y->n; i++, mlp_walk_next(&w)) {
        double v = (double)g->alpha * mlp_tensor_number(y, i);
        double add = bias ? (double)g->beta * mlp_tensor_number(bias, w.offset[0]) : 0;
        mlp_tensor_set_number(y, i, v + add);
    }
}

static enum mlp_code gemm_operands(const struct mlp_net_call *c, struct mlp_tensor *a,
                                   struct mlp_tensor *b)
{
    const struct gemm *g = c->node->params;
    *a = *c->in[0];
    *b = g->fixed ? g->b : *c->in[1];
    if (a->rank != 2 || b->rank != 2 || a->type != b->type)
        return mlp_net_fail(c, "inputs that are no matrices of one type");
    if (a->type != MLP_DT_FLOAT && a->type != MLP_DT_DOUBLE)
        return mlp_net_bad_type(c, 0);
    if (g->ta && transpose(c->arena, c->in[0], a, c->e))
        return c->e->code;
    if (g->tb && !g->fixed && transpose(c->arena, c->in[1], b, c->e))
        return c->e->code;
    return a->dims[1] == b->dims[0] ? MLP_OK : mlp_net_fail(c, "shapes that do not fit");
}

/* The bias as the packed product takes it: one number a column. */
static bool is_row(const struct mlp_tensor *bias, size_t n)
{
    return bias->type == MLP_DT_FLOAT && bias->n == n && bias->rank > 0 && bias->rank <= 2 &&
           (size_t)bias->dims[bias->rank - 1] == n;
}

static enum mlp_code run_packed_gemm(const struct mlp_net_call *c, const struct gemm *g,
                                     const struct mlp_tensor *bias)
{
    const struct mlp_tensor *a = c->in[0];
    const int64_t shape[2] = {a->dims[0], (int64_t)g->packed.n};
    if ((size_t)a->dims[1] != g->packed.k)
        return mlp_net_fail(c, "shapes that do not fit");
    if (mlp_tensor_make(&c->out[0], c->arena, MLP_DT_FLOAT, 2, shape, c->e))
        return c->e->code;
    const struct mlp_packed_call call = {(size_t)shape[0], g->packed.k, g->packed.n,
                                         bias ? bias->f32 : NULL};
    mlp_packed_product(&g->packed, &call, a->f32, c->out[0].f32);
    return MLP_OK;
}

static enum mlp_code run_any_gemm(const struct mlp_net_call *c)
{
    const struct gemm *g = c->node->params;
    const struct mlp_tensor *bias = c->nin > 2 ? c->in[2] : NULL;
    struct mlp_tensor a, b, *y = &c->out[0];
    int64_t dims[MLP_MAX_RANK];
    uint32_t rank;
    if (gemm_operands(c, &a, &b))
        return c->e->code;
    const int64_t shape[2] = {a.dims[0], b.dims[1]};
    const size_t mnk[3] = {(size_t)shape[0], (size_t)shape[1], (size_t)a.dims[1]};
    if (mlp_tensor_make(y, c->arena, a.type, 2, shape, c->e))
        return c->e->code;
    if (bias && (bias->type != a.type || !mlp_tensor_broadcast(y, bias, &rank, dims) ||
                 rank != 2 || dims[0] != shape[0] || dims[1] != shape[1]))
        return mlp_net_bad_type(c, 2);
    product_at(mnk, (struct part){&a, 0}, (struct part){&b, 0}, y, 0);
    if (bias || g->alpha != 1)
        add_bias(g, bias, y);
    return MLP_OK;
}

static enum mlp_code run_gemm(const struct mlp_net_call *c)
{
    const struct gemm *g = c->node->params;
    const struct mlp_tensor *bias = c->nin > 2 ? c->in[2] : NULL;
    bool packed = g->is_packed && c->in[0]->type == MLP_DT_FLOAT && c->in[0]->rank == 2 &&
                  (!bias || (g->beta == 1 && is_row(bias, g->packed.n)));
    return packed ? run_packed_gemm(c, g, bias) : run_any_gemm(c);
}

/* --- Det: the product of the pivots --- */

static double determinant(double *m, size_t n)
{
    double product = 1;
    for (size_t k = 0; k < n; k++) {
        size_t best = k;
        for (size_t i = k + 1; i < n; i++)
            if (fabs(m[i * n + k]) > fabs(m[best * n + k]))
                best = i;
        product *= best == k ? m[k * n + k] : -m[best * n + k];
        if (product == 0)
            return 0;
        for (size_t j = 0; j < n; j++) {
            double t = m[k * n + j];
            m[k * n + j] = m[best * n + j];
            m[best * n + j] = t;
        }
        for (size_t i = k + 1; i < n; i++) {
            double f = m[i * n + k] / m[k * n + k];
            for (size_t j = k; j < n; j++)
                m[i * n + j] -= f * m[k * n + j];
        }
    }
    return product;
}

static enum mlp_code run_det(const struct mlp_net_call *c)
{
    const struct mlp_tensor *x = c->in[0];
    if (mlp_real_inputs(c, 1))
        return c->e->code;
    if (x->rank < 2 || x->dims[x->rank - 1] != x->dims[x->rank - 2] ||
        x->dims[x->rank - 1] > INT32_MAX)
        return mlp_net_fail(c, "an input that is no square matrices");
    size_t n = (size_t)x->dims[x->rank - 1];
    double *m = mlp_real_doubles(c, x->n ? n * n : 0);
    if (!m || mlp_tensor_make(&c->out[0], c->arena, x->type, x->rank - 2, x->dims, c->e))
        return c->e->code;
    for (size_t i = 0; i < c->out[0].n; i++) {
        mlp_real_read(x, i * n * n, n * n, m);
        mlp_tensor_set_number(&c->out[0], i, determinant(m, n));
    }
    return MLP_OK;
}

const struct mlp_net_op mlp_net_matrix[] = {
    {"", "Det", 11, 0, 1, 1, 1, NULL, run_det},
    {"", "MatMul", 1, 0, 2, 2, 1, prepare_matmul, run_matmul},
    {"", "Gemm", 7, 0, 2, 3, 1, prepare_gemm, run_gemm},
    {0}};
