/* einsum.c: Einsum: sums of products over named dimensions (onnx.ai/onnx/operators, numpy's
 * einsum). Operands are folded from the left: two are packed as a batch of matrices and
 * multiplied, which drops the labels that nothing after them needs. */
#include "net/real.h"

#define LETTERS 52
#define LABELS (LETTERS + MLP_MAX_RANK) /* the dimensions of "..." from the last on */
#define DOTS 255
#define MOST_TERMS 16

struct term {
    uint8_t labels[64];          /* DOTS stands for all dimensions that have no letter */
    size_t n;
};

struct einsum {
    struct term in[MOST_TERMS], out;
    size_t nin;
    bool given;                  /* the output is written in the equation */
};

/* --- the equation --- */

static int letter_of(char ch)
{
    if (ch >= 'A' && ch <= 'Z')
        return ch - 'A';
    return ch >= 'a' && ch <= 'z' ? ch - 'a' + 26 : -1;
}

static bool parse_term(struct mlp_str s, struct term *t)
{
    bool dots = false;
    for (size_t i = 0; i < s.n; i++) {
        int letter = letter_of(s.p[i]);
        if (s.p[i] == ' ')
            continue;
        if (t->n == sizeof(t->labels))
            return false;
        if (letter >= 0) {
            t->labels[t->n++] = (uint8_t)letter;
        } else if (!dots && i + 2 < s.n && memcmp(s.p + i, "...", 3) == 0) {
            t->labels[t->n++] = DOTS;
            dots = true;
            i += 2;
        } else {
            return false;
        }
    }
    return true;
}

/* Without an arrow: the dots, then the letters that occur once, in order. */
static void infer_out(struct einsum *p)
{
    unsigned count[256] = {0};
    for (size_t i = 0; i < p->nin; i++)
        for (size_t k = 0; k < p->in[i].n; k++)
            count[p->in[i].labels[k]]++;
    if (count[DOTS])
        p->out.labels[p->out.n++] = DOTS;
    for (unsigned letter = 0; letter < LETTERS; letter++)
        if (count[letter] == 1)
            p->out.labels[p->out.n++] = (uint8_t)letter;
}

static bool parse_equation(struct mlp_str s, struct einsum *p)
{
    struct mlp_str in = s, out = {"", 0}, part;
    for (size_t i = 0; i + 1 < s.n; i++)
        if (s.p[i] == '-' && s.p[i + 1] == '>') {
            in.n = i;
            out = (struct mlp_str){s.p + i + 2, s.n - i - 2};
            p->given = true;
            break;
        }
    while (mlp_str_split(&in, ',', &part))
        if (p->nin == MOST_TERMS || !parse_term(part, &p->in[p->nin++]))
            return false;
    if (!p->given)
        infer_out(p);
    return p->given ? parse_term(out, &p->out) : p->out.n <= sizeof(p->out.labels);
}

static enum mlp_code prepare_einsum(struct mlp_net_build *b, const void **params)
{
    struct einsum *p = mlp_arena_alloc(b->arena, sizeof(*p));
    struct mlp_str equation;
    if (!p)
        return mlp_err_nomem(b->e);
    *params = p;
    if (mlp_net_attr_str(b, "equation", "", &equation))
        return b->e->code;
    if (!parse_equation(equation, p) || p->nin != b->node->nin)
        return mlp_net_bad(b, "equation '%.*s' is not understood for %zu inputs",
                           MLP_STR_ARG(equation), b->node->nin);
    return MLP_OK;
}

/* --- operands --- */

/* A tensor by labels, however many: where it has them and how far apart their elements are. */
struct operand {
    struct mlp_tensor t;
    bool has[LABELS];
    size_t stride[LABELS];
};

struct pass {
    const struct mlp_net_call *c;
    const struct einsum *p;
    size_t size[LABELS];
    bool seen[LABELS];
    uint32_t dots;               /* dimensions of the longest "..." */
    enum mlp_dtype type;         /* to multiply in: float, double or int64 */
};

/* The label of dimension d of an input. */
static enum mlp_code label_of(const struct pass *s, size_t i, uint32_t d, uint32_t *label)
{
    const struct term *t = &s->p->in[i];
    uint32_t rank = s->c->in[i]->rank, before = 0, letters = 0;
    bool dots = false;
    for (size_t k = 0; k < t->n; k++) {
        dots = dots || t->labels[k] == DOTS;
        letters += t->labels[k] != DOTS;
        before += !dots;
    }
    if (letters > rank || (!dots && letters < rank))
        return mlp_net_fail(s->c, "input %zu has %u dimensions, not those of the equation", i,
                            rank);
    uint32_t covered = rank - letters;
    if (d < before || !dots)
        *label = t->labels[d];
    else if (d < before + covered)
        *label = LETTERS + before + covered - 1 - d;
    else
        *label = t->labels[d - covered + 1];
    return MLP_OK;
}

static enum mlp_code take_size(struct pass *s, uint32_t label, size_t n)
{
    if (label >= LETTERS && label - LETTERS + 1 > s->dots)
        s->dots = label - LETTERS + 1;
    if (s->seen[label] && s->size[label] != n && s->size[label] != 1 && n != 1)
        return mlp_net_fail(s->c, "a dimension of %zu, where others are %zu", n, s->size[label]);
    if (!s->seen[label] || s->size[label] == 1)
        s->size[label] = n;
    s->seen[label] = true;
    return MLP_OK;
}

static enum mlp_code take_sizes(struct pass *s)
{
    for (size_t i = 0; i < s->p->nin; i++) {
        const struct mlp_tensor *t = s->c->in[i];
        uint32_t label = 0;
        if (!t || t->type != s->c->in[0]->type)
            return mlp_net_bad_type(s->c, (uint32_t)i);
        if (t->rank == 0 && label_of(s, i, 0, &label))
            return s->c->e->code;
        for (uint32_t d = 0; d < t->rank; d++)
            if (label_of(s, i, d, &label) || take_size(s, label, (size_t)t->dims[d]))
                return s->c->e->code;
    }
    return MLP_OK;
}

/* An input as an operand: a label twice is the diagonal, a size of 1 is broadcast. */
static enum mlp_code take_operand(const struct pass *s, size_t i, struct operand *o)
{
    const struct mlp_tensor *t = s->c->in[i];
    size_t step = 1;
    *o = (struct operand){0};
    if (mlp_real_as(s->c->arena, t, s->type, &o->t, s->c->e))
        return s->c->e->code;
    for (uint32_t d = t->rank; d-- > 0;) {
        uint32_t label = 0;
        if (label_of(s, i, d, &label))
            return s->c->e->code;
        o->has[label] = true;
        o->stride[label] += t->dims[d] == 1 ? 0 : step;
        step *= (size_t)t->dims[d];
    }
    return MLP_OK;
}

/* --- products of two operands --- */

/* Labels in the order of a packed tensor. */
struct order {
    uint32_t label[LABELS];
    size_t n;
};

static bool order_size(const struct pass *s, const struct order *o, size_t *size)
{
    *size = 1;
    for (size_t i = 0; i < o->n; i++)
        if (!mlp_real_times(*size, s->size[o->label[i]], size))
            return false;
    return true;
}

static void append(struct order *to, const struct order *more)
{
    for (size_t i = 0; i < more->n; i++)
        to->label[to->n++] = more->label[i];
}

/* The operand with its elements in the order of the labels. */
static enum mlp_code pack(const struct pass *s, const struct operand *x, const struct order *o,
                          struct mlp_tensor *y)
{
    size_t n, at = 0, place[LABELS] = {0};
    if (!order_size(s, o, &n))
        return mlp_net_fail(s->c, "an operand that is too large");
    if (mlp_real_room(s->c->arena, s->type, n, y, s->c->e))
        return s->c->e->code;
    for (size_t i = 0; i < n; i++) {
        mlp_tensor_copy_element(y, i, &x->t, at);
        for (size_t k = o->n; k-- > 0;) {
            size_t stride = x->stride[o->label[k]];
            at += stride;
            if (++place[k] < s->size[o->label[k]])
                break;
            at -= stride * place[k];
            place[k] = 0;
        }
    }
    return MLP_OK;
}

static void whole_product(const struct mlp_net_gemm *g, const int64_t *a, const int64_t *b,
                          int64_t *y)
{
    for (size_t i = 0; i < g->m * g->n; i++) {
        uint64_t sum = 0;
        for (size_t k = 0; k < g->k; k++)
            sum += (uint64_t)a[i / g->n * g->k + k] * (uint64_t)b[k * g->n + i % g->n];
        y[i] = (int64_t)sum;
    }
}

static void multiply(const struct pass *s, size_t batch, const struct mlp_net_gemm *g,
                     const struct mlp_tensor *a, const struct mlp_tensor *b, struct mlp_tensor *y)
{
    memset(y->data, 0, y->n * mlp_dtype_size(y->type));
    for (size_t i = 0; g->k && y->n && i < batch; i++) {
        size_t pa = i * g->m * g->k, pb = i * g->k * g->n, py = i * g->m * g->n;
        if (s->type == MLP_DT_INT64)
            whole_product(g, a->i64 + pa, b->i64 + pb, y->i64 + py);
        else
            mlp_real_gemm(g, (struct mlp_real_at){a, pa}, (struct mlp_real_at){b, pb}, y, py);
    }
}

enum { BATCH, ROWS, COLUMNS, INNER };

/* Labels by what they are in a batch of products of matrices: of both operands, of one, or summed
 * over as nothing needs them. */
static void sort_labels(const struct operand *a, const struct operand *b,
                        const bool needed[LABELS], struct order by[4])
{
    for (uint32_t l = 0; l < LABELS; l++) {
        bool both = a->has[l] && b->has[l];
        unsigned kind = !needed[l] ? INNER : both ? BATCH : a->has[l] ? ROWS : COLUMNS;
        if (a->has[l] || b->has[l])
            by[kind].label[by[kind].n++] = l;
    }
}

/* a times b into y, which may be a; needed: labels that stay. */
static enum mlp_code contract(const struct pass *s, const struct operand *a,
                              const struct operand *b, const bool needed[LABELS],
                              struct operand *y)
{
    struct order by[4] = {{.n = 0}};
    sort_labels(a, b, needed, by);
    struct order left = by[BATCH], right = by[BATCH], all = by[BATCH];
    append(&left, &by[ROWS]), append(&left, &by[INNER]);
    append(&right, &by[INNER]), append(&right, &by[COLUMNS]);
    append(&all, &by[ROWS]), append(&all, &by[COLUMNS]);
    struct operand out = {0};
    struct mlp_tensor pa, pb;
    size_t count, n[4];
    bool fits = order_size(s, &all, &count);
    for (unsigned i = 0; i < 4; i++)
        fits = order_size(s, &by[i], &n[i]) && fits;
    if (!fits)
        return mlp_net_fail(s->c, "a product that is too large");
    if (pack(s, a, &left, &pa) || pack(s, b, &right, &pb) ||
        mlp_real_room(s->c->arena, s->type, count, &out.t, s->c->e))
        return s->c->e->code;
    const struct mlp_net_gemm g = {n[ROWS], n[COLUMNS], n[INNER], n[INNER], n[COLUMNS], n[COLUMNS]};
    multiply(s, n[BATCH], &g, &pa, &pb, &out.t);
    for (size_t i = all.n, step = 1; i-- > 0;) {
        out.has[all.label[i]] = true;
        out.stride[all.label[i]] = step;
        step *= s->size[all.label[i]];
    }
    *y = out;
    return MLP_OK;
}

/* --- the whole --- */

/* The output's labels and shape. */
static enum mlp_code out_order(const struct pass *s, struct order *o, int64_t dims[MLP_MAX_RANK])
{
    const struct term *t = &s->p->out;
    bool used[LABELS] = {false};
    for (size_t i = 0; i < t->n; i++) {
        bool dots = t->labels[i] == DOTS;
        uint32_t n = dots ? s->dots : 1;
        for (uint32_t k = 0; k < n; k++) {
            uint32_t label = dots ? LETTERS + n - 1 - k : t->labels[i];
            if (!s->seen[label] || used[label] || o->n == MLP_MAX_RANK)
                return mlp_net_fail(s->c, "an output that is not made of the inputs' dimensions");
            used[label] = true;
            dims[o->n] = (int64_t)s->size[label];
            o->label[o->n++] = label;
        }
    }
    return MLP_OK;
}

/* What the inputs from `next` on and the output still need. */
static void mark_needed(const struct pass *s, const struct operand *operands, size_t next,
                        const struct order *out, bool needed[LABELS])
{
    memset(needed, 0, LABELS * sizeof(*needed));
    for (size_t i = next; i < s->p->nin; i++)
        for (size_t l = 0; l < LABELS; l++)
            needed[l] = needed[l] || operands[i].has[l];
    for (size_t i = 0; i < out->n; i++)
        needed[out->label[i]] = true;
}

/* One operand is multiplied by 1. */
static enum mlp_code unit_of(const struct pass *s, struct operand *one)
{
    *one = (struct operand){0};
    if (mlp_real_room(s->c->arena, s->type, 1, &one->t, s->c->e))
        return s->c->e->code;
    mlp_tensor_set_number(&one->t, 0, 1);
    return MLP_OK;
}

/* All operands multiplied into one, which has the labels of the output. */
static enum mlp_code fold(const struct pass *s, const struct order *out, struct operand *sum)
{
    struct operand *o = mlp_arena_array(s->c->arena, MOST_TERMS + 1, sizeof(*o));
    bool needed[LABELS];
    size_t n = s->p->nin;
    if (!o)
        return mlp_err_nomem(s->c->e);
    for (size_t i = 0; i < n; i++)
        if (take_operand(s, i, &o[i]))
            return s->c->e->code;
    if (n == 1 && unit_of(s, &o[n++]))
        return s->c->e->code;
    *sum = o[0];
    for (size_t i = 1; i < n; i++) {
        mark_needed(s, o, i + 1, out, needed);
        if (contract(s, sum, &o[i], needed, sum))
            return s->c->e->code;
    }
    return MLP_OK;
}

static enum mlp_code run_einsum(const struct mlp_net_call *c)
{
    struct pass s = {.c = c, .p = c->node->params};
    enum mlp_dtype type = c->in[0]->type;
    struct operand sum;
    struct order out = {.n = 0};
    struct mlp_tensor packed;
    int64_t dims[MLP_MAX_RANK] = {0};
    if (type == MLP_DT_STRING || type == MLP_DT_BOOL || type == MLP_DT_UINT64)
        return mlp_net_bad_type(c, 0);
    s.type = mlp_dtype_is_real(type) ? mlp_real_width(type) : MLP_DT_INT64;
    if (take_sizes(&s) || out_order(&s, &out, dims) || fold(&s, &out, &sum) ||
        pack(&s, &sum, &out, &packed))
        return c->e->code;
    packed.rank = (uint32_t)out.n;
    memcpy(packed.dims, dims, sizeof(dims));
    return mlp_real_as(c->arena, &packed, type, &c->out[0], c->e);
}

const struct mlp_net_op mlp_net_einsum[] = {
    {"", "Einsum", 12, 0, 1, MOST_TERMS, 1, prepare_einsum, run_einsum},
    {0}};
