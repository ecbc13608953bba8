/* attention.c: Attention and RotaryEmbedding (onnx.ai/onnx/operators; operator sets 23 to 25). A
 * head is two products with a softmax between; heads of queries that share keys (GQA) read the
 * same turned-over matrix. */
#include <math.h>

#include "net/real.h"

/* --- attributes --- */

enum { QK, QK_CAPPED, QK_BIASED, QK_SOFTMAX };

struct attention {
    float scale, softcap;
    int64_t causal, q_heads, kv_heads, mode, left, right;
    bool scaled;
};

static enum mlp_code prepare_attention(struct mlp_net_build *b, const void **params)
{
    struct attention *p = mlp_arena_alloc(b->arena, sizeof(*p));
    if (!p)
        return mlp_err_nomem(b->e);
    *params = p;
    p->scaled = mlp_net_attr_given(b, "scale");
    if (mlp_net_attr_float(b, "scale", 0, &p->scale) ||
        mlp_net_attr_float(b, "softcap", 0, &p->softcap) ||
        mlp_net_attr_int(b, "is_causal", 0, &p->causal) ||
        mlp_net_attr_int(b, "q_num_heads", 0, &p->q_heads) ||
        mlp_net_attr_int(b, "kv_num_heads", 0, &p->kv_heads) ||
        mlp_net_attr_int(b, "qk_matmul_output_mode", 0, &p->mode) ||
        mlp_net_attr_int(b, "left_window_size", -1, &p->left) ||
        mlp_net_attr_int(b, "right_window_size", -1, &p->right))
        return b->e->code;
    if (p->mode < QK || p->mode > QK_SOFTMAX)
        return mlp_net_bad(b, "qk_matmul_output_mode is %lld", (long long)p->mode);
    return MLP_OK;
}

/* --- a run --- */

struct attend {
    const struct mlp_net_call *c;
    const struct attention *p;
    struct mlp_tensor q, k, v;   /* of one type, float or double; k and v with the past */
    struct mlp_tensor y, turned, scores, debug;
    int64_t mask_stride[MLP_MAX_RANK];
    size_t batch, q_heads, kv_heads, q_len, kv_len, past, total, head, v_head;
    bool flat;                   /* heads lie side by side in the last dimension */
    double scale, *row;
};

/* Heads, steps and width of an input of three or four dimensions. */
static bool head_sizes(const struct mlp_tensor *t, int64_t heads, size_t out[3])
{
    if (t->rank == 4) {
        out[0] = (size_t)t->dims[1];
        out[1] = (size_t)t->dims[2];
        out[2] = (size_t)t->dims[3];
        return out[0] > 0;
    }
    if (t->rank != 3 || heads < 1 || t->dims[2] % heads)
        return false;
    out[0] = (size_t)heads;
    out[1] = (size_t)t->dims[1];
    out[2] = (size_t)(t->dims[2] / heads);
    return true;
}

static enum mlp_code take_sizes(struct attend *s)
{
    const struct mlp_net_call *c = s->c;
    const struct mlp_tensor *q = c->in[0], *k = c->in[1], *v = c->in[2];
    size_t qs[3], ks[3], vs[3];
    if (q->rank != k->rank || q->rank != v->rank || !head_sizes(q, s->p->q_heads, qs) ||
        !head_sizes(k, s->p->kv_heads, ks) || !head_sizes(v, s->p->kv_heads, vs))
        return mlp_net_fail(c, "Q, K and V are no heads of three or four dimensions");
    if (q->dims[0] != k->dims[0] || q->dims[0] != v->dims[0] || ks[0] != vs[0] || ks[1] != vs[1] ||
        qs[2] != ks[2] || qs[0] % ks[0])
        return mlp_net_fail(c, "Q, K and V do not fit each other");
    s->flat = q->rank == 3;
    s->batch = (size_t)q->dims[0];
    s->q_heads = qs[0], s->q_len = qs[1], s->head = qs[2];
    s->kv_heads = ks[0], s->kv_len = ks[1], s->v_head = vs[2];
    s->scale = s->p->scaled ? (double)s->p->scale : 1 / sqrt((double)s->head);
    return MLP_OK;
}

static bool past_fits(const struct attend *s, const struct mlp_tensor *t, size_t width)
{
    return t->rank == 4 && (size_t)t->dims[0] == s->batch && (size_t)t->dims[1] == s->kv_heads &&
           (size_t)t->dims[3] == width && t->dims[2] < INT64_MAX / 2 - (int64_t)s->kv_len;
}

static enum mlp_code take_past(struct attend *s)
{
    const struct mlp_tensor *k = mlp_net_in(s->c, 4), *v = mlp_net_in(s->c, 5);
    if (!k != !v || (k && (!past_fits(s, k, s->head) || !past_fits(s, v, s->v_head) ||
                           k->dims[2] != v->dims[2])))
        return mlp_net_fail(s->c, "past_key and past_value do not fit K and V");
    s->past = k ? (size_t)k->dims[2] : 0;
    s->total = s->past + s->kv_len;
    const struct mlp_tensor *valid = mlp_net_in(s->c, 6);
    if (valid && (valid->type != MLP_DT_INT64 || valid->n != s->batch))
        return mlp_net_fail(s->c, "nonpad_kv_seqlen needs an int64 for each of the batch");
    return MLP_OK;
}

/* The mask may be shorter than the keys: those it leaves out are masked. */
static enum mlp_code take_mask(struct attend *s)
{
    const struct mlp_tensor *m = mlp_net_in(s->c, 3);
    int64_t dims[4] = {(int64_t)s->batch, (int64_t)s->q_heads, (int64_t)s->q_len, 0};
    if (!m)
        return MLP_OK;
    if (m->type != MLP_DT_BOOL && !mlp_dtype_is_real(m->type))
        return mlp_net_bad_type(s->c, 3);
    bool fits = m->rank >= 1 && m->rank <= 4 && (size_t)m->dims[m->rank - 1] <= s->total;
    for (uint32_t i = 2; fits && i <= m->rank; i++)
        fits = m->dims[m->rank - i] == 1 || m->dims[m->rank - i] == dims[4 - i];
    if (!fits)
        return mlp_net_fail(s->c, "attn_mask does not fit the queries and keys");
    dims[3] = m->dims[m->rank - 1];
    mlp_net_strides(m, 4, dims, s->mask_stride);
    return MLP_OK;
}

/* Keys or values of all steps, those of the past first: batch x heads x total x width. */
static enum mlp_code join_past(const struct attend *s, uint32_t i, size_t width,
                               struct mlp_tensor *to)
{
    const struct mlp_net_call *c = s->c;
    const struct mlp_tensor *last = mlp_net_in(c, i + 3);
    const int64_t dims[4] = {(int64_t)s->batch, (int64_t)s->kv_heads, (int64_t)s->total,
                             (int64_t)width};
    struct mlp_tensor now, past = {0};
    if (mlp_real_as(c->arena, c->in[i], s->q.type, &now, c->e) ||
        (last && mlp_real_as(c->arena, last, s->q.type, &past, c->e)) ||
        mlp_tensor_make(to, c->arena, s->q.type, 4, dims, c->e))
        return c->e->code;
    size_t size = mlp_dtype_size(s->q.type) * width, heads = s->kv_heads;
    for (size_t at = 0; to->n && at < s->batch * heads * s->total; at++) {
        size_t step = at % s->total, plane = at / s->total, b = plane / heads, h = plane % heads;
        size_t row = s->flat ? (b * s->kv_len + step - s->past) * heads + h
                             : plane * s->kv_len + step - s->past;
        const uint8_t *from = step < s->past ? past.u8 + (plane * s->past + step) * size
                                             : now.u8 + row * size;
        memcpy(to->u8 + at * size, from, size);
    }
    return MLP_OK;
}

static enum mlp_code make_tensors(struct attend *s)
{
    const struct mlp_net_call *c = s->c;
    int64_t b = (int64_t)s->batch, h = (int64_t)s->q_heads, n = (int64_t)s->q_len;
    const int64_t dims[2][4] = {{b, h, n, (int64_t)s->v_head}, {b, n, h * (int64_t)s->v_head}};
    const int64_t score_dims[2] = {n, (int64_t)s->total};
    const int64_t turned[2] = {(int64_t)s->head, (int64_t)s->total};
    const int64_t debug[4] = {b, h, n, (int64_t)s->total};
    if (mlp_tensor_make(&s->y, c->arena, s->q.type, s->flat ? 3 : 4, dims[s->flat], c->e) ||
        mlp_tensor_make(&s->turned, c->arena, s->q.type, 2, turned, c->e) ||
        mlp_tensor_make(&s->scores, c->arena, s->q.type, 2, score_dims, c->e) ||
        (mlp_net_wants(c, 3) &&
         mlp_tensor_make(&s->debug, c->arena, s->q.type, 4, debug, c->e)))
        return c->e->code;
    s->row = mlp_real_doubles(c, s->total);
    return s->row ? MLP_OK : c->e->code;
}

static enum mlp_code start(struct attend *s)
{
    const struct mlp_net_call *c = s->c;
    const struct mlp_tensor *past = mlp_net_in(c, 4);
    for (uint32_t i = 0; i < c->nin && i < 6; i++)
        if (i != 3 && c->in[i] && !mlp_dtype_is_real(c->in[i]->type))
            return mlp_net_bad_type(c, i);
    if (c->in[1]->type != c->in[0]->type || (past && past->type != c->in[0]->type))
        return mlp_net_bad_type(c, 1);
    enum mlp_dtype type = mlp_real_width(c->in[0]->type);
    if (take_sizes(s) || take_past(s) || take_mask(s) ||
        mlp_real_as(c->arena, c->in[0], type, &s->q, c->e) ||
        join_past(s, 1, s->head, &s->k) || join_past(s, 2, s->v_head, &s->v))
        return c->e->code;
    return make_tensors(s);
}

/* --- a row of scores: query i of head h against all keys --- */

static bool in_window(const struct attend *s, size_t b, size_t i, size_t j)
{
    const struct mlp_tensor *valid = mlp_net_in(s->c, 6);
    int64_t offset = (int64_t)s->past, key = (int64_t)j;
    if (valid && key >= valid->i64[b])
        return false;
    /* Here key < valid <= what int64 holds, and the cache is outside: its last queries are ours. */
    if (valid && !s->past)
        offset = (valid->i64[b] > (int64_t)s->total ? (int64_t)s->total : valid->i64[b]) -
                 (int64_t)s->q_len;
    int64_t ahead = key - (offset + (int64_t)i);
    return !(s->p->causal && ahead > 0) && !(s->p->right >= 0 && ahead > s->p->right) &&
           !(s->p->left >= 0 && -ahead > s->p->left);
}

static double bias_of(const struct attend *s, size_t mask_row, size_t j)
{
    const struct mlp_tensor *m = mlp_net_in(s->c, 3);
    if (!m)
        return 0;
    if (j >= (size_t)m->dims[m->rank - 1])
        return -INFINITY;
    size_t at = mask_row + j;
    if (m->type == MLP_DT_BOOL)
        return m->u8[at] ? 0 : -INFINITY;
    return mlp_tensor_number(m, at);
}

/* The softmax of a row; a row that attends to nothing is zeros. */
static void softmax(double *x, size_t n, bool any)
{
    double most = -INFINITY, sum = 0;
    for (size_t j = 0; j < n; j++)
        most = fmax(most, x[j]);
    for (size_t j = 0; j < n; j++)
        sum += x[j] = any && most > -INFINITY ? exp(x[j] - most) : 0;
    for (size_t j = 0; sum != 0 && j < n; j++)
        x[j] /= sum;
}

static void show(const struct attend *s, int64_t mode, size_t at)
{
    if (s->debug.type && s->p->mode == mode)
        mlp_real_write((struct mlp_tensor *)(uintptr_t)&s->debug, at, s->total, s->row);
}

static void score_row(struct attend *s, size_t b, size_t h, size_t i)
{
    double cap = (double)s->p->softcap, *x = s->row;
    size_t at = ((b * s->q_heads + h) * s->q_len + i) * s->total;
    size_t mask_row = (size_t)((int64_t)b * s->mask_stride[0] + (int64_t)h * s->mask_stride[1] +
                               (int64_t)i * s->mask_stride[2]);
    bool any = false;
    mlp_real_read(&s->scores, i * s->total, s->total, x);
    for (size_t j = 0; j < s->total; j++)
        x[j] *= s->scale;
    show(s, QK, at);
    for (size_t j = 0; cap > 0 && j < s->total; j++)
        x[j] = tanh(x[j] / cap) * cap;
    if (cap > 0)
        show(s, QK_CAPPED, at);
    for (size_t j = 0; j < s->total; j++) {
        double bias = in_window(s, b, i, j) ? bias_of(s, mask_row, j) : -INFINITY;
        x[j] += bias;
        any |= bias > -INFINITY;
    }
    /* Mode 1 was with the bias before the operator's erratum. Without a softcap, where it would be
     * mode 0 since, that is what was meant. */
    if (cap <= 0)
        show(s, QK_CAPPED, at);
    show(s, QK_BIASED, at);
    softmax(x, s->total, any);
    show(s, QK_SOFTMAX, at);
    mlp_real_write(&s->scores, i * s->total, s->total, x);
}

static void attend_head(struct attend *s, size_t b, size_t h)
{
    size_t kv = b * s->kv_heads + h / (s->q_heads / s->kv_heads);
    size_t q = s->flat ? b * s->q_len * s->q_heads + h : (b * s->q_heads + h) * s->q_len;
    size_t step = s->flat ? s->q_heads : 1;
    const struct mlp_net_gemm qk = {s->q_len, s->total, s->head, s->head * step, s->total,
                                    s->total};
    const struct mlp_net_gemm pv = {s->q_len, s->v_head, s->total, s->total, s->v_head,
                                    s->v_head * step};
    if (h % (s->q_heads / s->kv_heads) == 0)
        mlp_real_transpose(&s->turned, &s->k, kv * s->total * s->head, s->total, s->head);
    mlp_real_gemm(&qk, (struct mlp_real_at){&s->q, q * s->head},
                  (struct mlp_real_at){&s->turned, 0}, &s->scores, 0);
    for (size_t i = 0; i < s->q_len; i++)
        score_row(s, b, h, i);
    mlp_real_gemm(&pv, (struct mlp_real_at){&s->scores, 0},
                  (struct mlp_real_at){&s->v, kv * s->total * s->v_head}, &s->y, q * s->v_head);
}

static enum mlp_code run_attention(const struct mlp_net_call *c)
{
    struct attend s = {.c = c, .p = c->node->params};
    if (start(&s))
        return c->e->code;
    for (size_t b = 0; s.q_len && b < s.batch; b++)
        for (size_t h = 0; h < s.q_heads; h++)
            attend_head(&s, b, h);
    const struct mlp_tensor *all[4] = {&s.y, &s.k, &s.v, &s.debug};
    for (uint32_t i = 0; i < c->nout; i++)
        if (mlp_net_wants(c, i) &&
            mlp_real_as(c->arena, all[i], c->in[i == 2 ? 2 : 0]->type, &c->out[i], c->e))
            return c->e->code;
    return MLP_OK;
}

/* --- RotaryEmbedding --- */

struct rotary {
    int64_t interleaved, dim, heads;
};

static enum mlp_code prepare_rotary(struct mlp_net_build *b, const void **params)
{
    struct rotary *p = mlp_arena_alloc(b->arena, sizeof(*p));
    if (!p)
        return mlp_err_nomem(b->e);
    *params = p;
    if (mlp_net_attr_int(b, "interleaved", 0, &p->interleaved) ||
        mlp_net_attr_int(b, "rotary_embedding_dim", 0, &p->dim))
        return b->e->code;
    return mlp_net_attr_int(b, "num_heads", 0, &p->heads);
}

/* The caches are a row for each place of each sequence, or rows that position_ids choose from. */
static bool caches_fit(const struct mlp_net_call *c, const size_t sizes[3], size_t half)
{
    const struct mlp_tensor *cache = c->in[1], *ids = mlp_net_in(c, 3);
    if (!mlp_tensor_same_shape(cache, c->in[2]) || cache->rank != (ids ? 2 : 3) ||
        (size_t)cache->dims[cache->rank - 1] != half)
        return false;
    if (!ids)
        return cache->dims[0] == c->in[0]->dims[0] && (size_t)cache->dims[1] == sizes[1];
    if (ids->type != MLP_DT_INT64 || ids->rank != 2 || ids->dims[0] != c->in[0]->dims[0] ||
        (size_t)ids->dims[1] != sizes[1])
        return false;
    for (size_t i = 0; i < ids->n; i++)
        if (ids->i64[i] < 0 || ids->i64[i] >= cache->dims[0])
            return false;
    return true;
}

/* One head of one place: pairs of numbers, side by side or half a rotation apart, are turned. */
static void rotate(const struct mlp_net_call *c, size_t at, size_t cache, size_t half)
{
    const struct rotary *p = c->node->params;
    for (size_t k = 0; k < half; k++) {
        size_t i = at + (p->interleaved ? 2 * k : k), j = p->interleaved ? i + 1 : i + half;
        double a = mlp_tensor_number(c->in[0], i), b = mlp_tensor_number(c->in[0], j);
        double cosine = mlp_tensor_number(c->in[1], cache + k);
        double sine = mlp_tensor_number(c->in[2], cache + k);
        mlp_tensor_set_number(&c->out[0], i, cosine * a - sine * b);
        mlp_tensor_set_number(&c->out[0], j, sine * a + cosine * b);
    }
}

static enum mlp_code run_rotary(const struct mlp_net_call *c)
{
    const struct rotary *p = c->node->params;
    const struct mlp_tensor *x = c->in[0], *ids = mlp_net_in(c, 3);
    size_t sizes[3];
    if (mlp_real_inputs(c, 3))
        return c->e->code;
    if (!head_sizes(x, p->heads, sizes))
        return mlp_net_fail(c, "the input is no heads of three or four dimensions");
    size_t dim = p->dim > 0 ? (size_t)p->dim : sizes[2], half = dim / 2;
    if (dim > sizes[2] || dim % 2 || !caches_fit(c, sizes, half))
        return mlp_net_fail(c, "the caches do not fit the input");
    if (mlp_tensor_like(&c->out[0], c->arena, x->type, x, c->e))
        return c->e->code;
    memcpy(c->out[0].data, x->data, x->n * mlp_dtype_size(x->type));
    size_t rows = sizes[2] ? x->n / sizes[2] : 0;
    for (size_t r = 0; r < rows; r++) {
        size_t plane = sizes[1] * sizes[0], b = r / plane;
        size_t s = x->rank == 3 ? r % plane / sizes[0] : r % sizes[1], place = b * sizes[1] + s;
        rotate(c, r * sizes[2], (ids ? (size_t)ids->i64[place] : place) * half, half);
    }
    return MLP_OK;
}

const struct mlp_net_op mlp_net_attention[] = {
    {"", "Attention", 23, 0, 3, 7, 4, prepare_attention, run_attention},
    {"", "RotaryEmbedding", 23, 0, 3, 4, 1, prepare_rotary, run_rotary},
    {0}};
