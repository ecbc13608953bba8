/* sequence.c: sequences of tensors and optional values: made, changed and taken apart (ONNX
 * operator spec). A sequence borrows its items; changing one makes another. */
#include "net/body.h"
#include "net/element.h"
#include "net/ml.h"

static enum mlp_code need_sequence(const struct mlp_net_call *c, uint32_t i)
{
    return c->in[i]->type == MLP_DT_SEQUENCE ? MLP_OK : mlp_net_bad_type(c, i);
}

/* A sequence of n items to be filled in; NULL after setting the error. */
static struct mlp_tensor *new_sequence(const struct mlp_net_call *c, size_t n,
                                       struct mlp_tensor *out)
{
    struct mlp_tensor *items = mlp_arena_array(c->arena, n + 1, sizeof *items);
    if (!items)
        mlp_err_set(c->e, MLP_EIO, "no memory to run the network");
    *out = (struct mlp_tensor){.type = MLP_DT_SEQUENCE, .n = n};
    out->items = items;
    return items;
}

/* A position in 0 .. most, counted from the end where it is negative. */
static enum mlp_code position(const struct mlp_net_call *c, const struct mlp_tensor *t,
                              size_t most, size_t from_end, size_t *out)
{
    if (t->n != 1 || (t->type != MLP_DT_INT32 && t->type != MLP_DT_INT64))
        return mlp_net_fail(c, "a position that is no whole number");
    int64_t at = mlp_tensor_integer(t, 0);
    at = at < 0 ? at + (int64_t)from_end : at;
    if (at < 0 || (uint64_t)at > most)
        return mlp_net_fail(c, "position %lld in a sequence of %zu",
                            (long long)mlp_tensor_integer(t, 0), from_end);
    *out = (size_t)at;
    return MLP_OK;
}

/* --- making and changing --- */

static enum mlp_code run_construct(const struct mlp_net_call *c)
{
    struct mlp_tensor *items = new_sequence(c, c->nin, &c->out[0]);
    for (uint32_t i = 0; items && i < c->nin; i++) {
        if (!c->in[i] || mlp_dtype_is_holder(c->in[i]->type) || c->in[i]->type != c->in[0]->type)
            return mlp_net_fail(c, "its inputs are no tensors of one type");
        items[i] = *c->in[i];
    }
    return items ? MLP_OK : c->e->code;
}

static enum mlp_code run_empty(const struct mlp_net_call *c)
{
    return new_sequence(c, 0, &c->out[0]) ? MLP_OK : c->e->code;
}

static enum mlp_code run_insert(const struct mlp_net_call *c)
{
    const struct mlp_tensor *s = c->in[0], *item = c->in[1];
    size_t at = s->n;
    if (need_sequence(c, 0))
        return c->e->code;
    if (mlp_dtype_is_holder(item->type) || (s->n && s->items[0].type != item->type))
        return mlp_net_bad_type(c, 1);
    if (c->nin > 2 && c->in[2] && position(c, c->in[2], s->n, s->n, &at))
        return c->e->code;
    struct mlp_tensor *items = new_sequence(c, s->n + 1, &c->out[0]);
    for (size_t i = 0; items && i <= s->n; i++)
        items[i] = i == at ? *item : s->items[i - (i > at)];
    return items ? MLP_OK : c->e->code;
}

static enum mlp_code run_erase(const struct mlp_net_call *c)
{
    const struct mlp_tensor *s = c->in[0];
    size_t at = s->n - 1;
    if (need_sequence(c, 0))
        return c->e->code;
    if (!s->n)
        return mlp_net_fail(c, "an empty sequence");
    if (c->nin > 1 && c->in[1] && position(c, c->in[1], s->n - 1, s->n, &at))
        return c->e->code;
    struct mlp_tensor *items = new_sequence(c, s->n - 1, &c->out[0]);
    for (size_t i = 0; items && i + 1 < s->n; i++)
        items[i] = s->items[i + (i >= at)];
    return items ? MLP_OK : c->e->code;
}

static enum mlp_code run_at(const struct mlp_net_call *c)
{
    size_t at;
    if (need_sequence(c, 0))
        return c->e->code;
    if (!c->in[0]->n)
        return mlp_net_fail(c, "an empty sequence");
    if (position(c, c->in[1], c->in[0]->n - 1, c->in[0]->n, &at))
        return c->e->code;
    c->out[0] = c->in[0]->items[at];
    return MLP_OK;
}

static enum mlp_code run_length(const struct mlp_net_call *c)
{
    if (need_sequence(c, 0) || mlp_tensor_make(&c->out[0], c->arena, MLP_DT_INT64, 0, NULL, c->e))
        return c->e->code;
    c->out[0].i64[0] = (int64_t)c->in[0]->n;
    return MLP_OK;
}

/* --- to and from one tensor --- */

struct axis {
    int64_t axis, keep;          /* keep: keepdims, or new_axis */
};

static enum mlp_code prepare_axis(struct mlp_net_build *b, const char *other, int64_t dflt,
                                  const void **params)
{
    void *made;
    if (mlp_net_params(b, sizeof(struct axis), &made))
        return b->e->code;
    struct axis *p = made;
    *params = p;
    return mlp_net_attr_int(b, "axis", 0, &p->axis) ? b->e->code
                                                    : mlp_net_attr_int(b, other, dflt, &p->keep);
}

static enum mlp_code prepare_split(struct mlp_net_build *b, const void **params)
{
    return prepare_axis(b, "keepdims", 1, params);
}

static enum mlp_code prepare_concat(struct mlp_net_build *b, const void **params)
{
    return prepare_axis(b, "new_axis", 0, params);
}

/* `count` entries of x along an axis, from `at` on. */
static enum mlp_code slice(const struct mlp_net_call *c, const struct mlp_tensor *x, uint32_t axis,
                           size_t at, size_t count, struct mlp_tensor *y)
{
    size_t outer = 1, inner = mlp_dtype_size(x->type);
    int64_t dims[MLP_MAX_RANK];
    memcpy(dims, x->dims, sizeof dims);
    dims[axis] = (int64_t)count;
    for (uint32_t i = 0; i < x->rank; i++)
        *(i < axis ? &outer : &inner) *= i == axis ? 1 : (size_t)x->dims[i];
    if (mlp_tensor_make(y, c->arena, x->type, x->rank, dims, c->e))
        return c->e->code;
    size_t from = (size_t)x->dims[axis] * inner, step = count * inner;
    for (size_t o = 0; step && o < outer; o++)
        memcpy((char *)y->data + o * step, (const char *)x->data + o * from + at * inner, step);
    return MLP_OK;
}

/* How long part i is: as the list says, or the scalar as far as it goes; 1 where there is neither.
 * SIZE_MAX for what is negative or longer than what is left. */
static size_t part_size(const struct mlp_tensor *split, size_t i, size_t left)
{
    int64_t n = !split ? 1 : mlp_tensor_integer(split, split->rank ? i : 0);
    if (n >= 0 && (uint64_t)n <= left)
        return (size_t)n;
    return split && !split->rank && n > 0 ? left : SIZE_MAX;
}

/* How many parts there are, in *n. */
static enum mlp_code count_parts(const struct mlp_net_call *c, const struct mlp_tensor *split,
                                 size_t total, size_t *n)
{
    if (split && split->type != MLP_DT_INT32 && split->type != MLP_DT_INT64)
        return mlp_net_bad_type(c, 1);
    if (split && split->rank) {
        *n = split->n;
        return MLP_OK;
    }
    int64_t each = split ? mlp_tensor_integer(split, 0) : 1;
    if (each < 1)
        return mlp_net_fail(c, "parts of %lld", (long long)each);
    *n = total / (size_t)each + (total % (size_t)each != 0);
    return MLP_OK;
}

/* A tensor without an axis of size 1. */
static void drop_axis(struct mlp_tensor *t, uint32_t axis)
{
    for (uint32_t i = axis; i + 1 < t->rank; i++)
        t->dims[i] = t->dims[i + 1];
    t->rank--;
}

static enum mlp_code run_split(const struct mlp_net_call *c)
{
    const struct axis *p = c->node->params;
    const struct mlp_tensor *x = c->in[0], *split = c->nin > 1 ? c->in[1] : NULL;
    uint32_t axis;
    size_t n = 0, at = 0;
    if (mlp_net_axis(c, p->axis, x->rank, &axis) ||
        count_parts(c, split, (size_t)x->dims[axis], &n))
        return c->e->code;
    struct mlp_tensor *items = new_sequence(c, n, &c->out[0]);
    for (size_t i = 0; items && i < n; i++) {
        size_t size = part_size(split, i, (size_t)x->dims[axis] - at);
        if (size == SIZE_MAX)
            return mlp_net_fail(c, "parts that are longer than the tensor");
        if (slice(c, x, axis, at, size, &items[i]))
            return c->e->code;
        at += size;
        if (!split && !p->keep)
            drop_axis(&items[i], axis);
    }
    if (items && at != (size_t)x->dims[axis])
        return mlp_net_fail(c, "parts that are shorter than the tensor");
    return items ? MLP_OK : c->e->code;
}

/* Items that fit side by side along an axis; their sizes along it summed up. */
static enum mlp_code measure(const struct mlp_net_call *c, const struct mlp_tensor *items,
                             size_t n, uint32_t axis, int64_t *total)
{
    *total = 0;
    for (size_t i = 0; i < n; i++) {
        bool fits = items[i].type == items[0].type && items[i].rank == items[0].rank;
        for (uint32_t d = 0; fits && d < items[0].rank; d++)
            fits = d == axis || items[i].dims[d] == items[0].dims[d];
        if (!fits || items[i].dims[axis] > INT64_MAX / 16 - *total)
            return mlp_net_fail(c, "tensors that do not fit each other");
        *total += items[i].dims[axis];
    }
    return MLP_OK;
}

static enum mlp_code join(const struct mlp_net_call *c, const struct mlp_tensor *items, size_t n,
                          uint32_t axis)
{
    int64_t dims[MLP_MAX_RANK];
    size_t outer = 1, inner = mlp_dtype_size(items[0].type), at = 0;
    memcpy(dims, items[0].dims, sizeof dims);
    if (measure(c, items, n, axis, &dims[axis]) ||
        mlp_tensor_make(&c->out[0], c->arena, items[0].type, items[0].rank, dims, c->e))
        return c->e->code;
    for (uint32_t i = 0; i < items[0].rank; i++)
        *(i < axis ? &outer : &inner) *= i == axis ? 1 : (size_t)items[0].dims[i];
    size_t row = (size_t)dims[axis] * inner;
    for (size_t i = 0; i < n; i++) {
        size_t step = (size_t)items[i].dims[axis] * inner;
        for (size_t o = 0; step && o < outer; o++)
            memcpy((char *)c->out[0].data + o * row + at,
                   (const char *)items[i].data + o * step, step);
        at += step;
    }
    return MLP_OK;
}

static enum mlp_code run_concat(const struct mlp_net_call *c)
{
    const struct axis *p = c->node->params;
    const struct mlp_tensor *s = c->in[0];
    uint32_t axis;
    if (need_sequence(c, 0))
        return c->e->code;
    if (!s->n || mlp_dtype_is_holder(s->items[0].type))
        return mlp_net_fail(c, "a sequence without tensors");
    struct mlp_tensor *items = mlp_arena_array(c->arena, s->n, sizeof *items);
    if (!items)
        return mlp_err_nomem(c->e);
    if (p->keep && s->items[0].rank == MLP_MAX_RANK)
        return mlp_net_fail(c, "tensors of too many dimensions");
    if (mlp_net_axis(c, p->axis, s->items[0].rank + (p->keep != 0), &axis))
        return c->e->code;
    for (size_t i = 0; i < s->n; i++) {
        items[i] = s->items[i];
        if (!p->keep)
            continue;
        if (items[i].rank != s->items[0].rank)
            return mlp_net_fail(c, "tensors of different ranks");
        for (uint32_t d = items[i].rank++; d > axis; d--)
            items[i].dims[d] = items[i].dims[d - 1];
        items[i].dims[axis] = 1;
    }
    return join(c, items, s->n, axis);
}

/* --- SequenceMap --- */

static enum mlp_code prepare_map(struct mlp_net_build *b, const void **params)
{
    const struct mlp_net_body *body;
    if (mlp_net_body_load(b, "body", &body))
        return b->e->code;
    *params = body;
    return body->ninputs == b->node->nin && body->noutputs >= b->node->nout
               ? MLP_OK
               : mlp_net_bad(b, "its body has other inputs or outputs than it needs");
}

/* The body's inputs in round r: items of the sequences, tensors as they are. */
static enum mlp_code set_inputs(const struct mlp_net_call *c, const struct mlp_net_body *body,
                                size_t r)
{
    for (uint32_t i = 0; i < c->nin; i++) {
        const struct mlp_tensor *x = c->in[i];
        if (!x || (x->type == MLP_DT_SEQUENCE && x->n != c->in[0]->n))
            return mlp_net_fail(c, "sequences of different lengths");
        *mlp_net_value(c->frame, body->inputs[i]) =
            x->type == MLP_DT_SEQUENCE ? x->items[r] : *x;
    }
    return MLP_OK;
}

static enum mlp_code run_map(const struct mlp_net_call *c)
{
    const struct mlp_net_body *body = c->node->params;
    struct mlp_tensor **items = mlp_arena_array(c->arena, c->nout, sizeof *items);
    if (need_sequence(c, 0))
        return c->e->code;
    if (!items)
        return mlp_err_nomem(c->e);
    for (uint32_t k = 0; k < c->nout; k++) {
        items[k] = new_sequence(c, c->in[0]->n, &c->out[k]);
        if (!items[k])
            return c->e->code;
    }
    for (size_t r = 0; r < c->in[0]->n; r++) {
        if (set_inputs(c, body, r) || mlp_net_body_run(c->frame, body, c->e))
            return c->e->code;
        for (uint32_t k = 0; k < c->nout; k++)
            items[k][r] = *mlp_net_value(c->frame, body->outputs[k]);
    }
    return MLP_OK;
}

/* --- optional values --- */

static enum mlp_code run_optional(const struct mlp_net_call *c)
{
    if (c->nin && c->in[0])
        c->out[0] = *c->in[0];
    else
        c->out[0] = (struct mlp_tensor){.type = MLP_DT_EMPTY};
    return MLP_OK;
}

static enum mlp_code run_has_element(const struct mlp_net_call *c)
{
    if (mlp_tensor_make(&c->out[0], c->arena, MLP_DT_BOOL, 0, NULL, c->e))
        return c->e->code;
    c->out[0].u8[0] = c->nin && c->in[0] && c->in[0]->type != MLP_DT_EMPTY;
    return MLP_OK;
}

static enum mlp_code run_get_element(const struct mlp_net_call *c)
{
    if (c->in[0]->type == MLP_DT_EMPTY)
        return mlp_net_fail(c, "an optional without a value");
    c->out[0] = *c->in[0];
    return MLP_OK;
}

const struct mlp_net_op mlp_net_sequence[] = {
    {"", "SequenceConstruct", 11, 0, 1, UINT32_MAX, 1, NULL, run_construct},
    {"", "SequenceEmpty", 11, 0, 0, 0, 1, NULL, run_empty},
    {"", "SequenceInsert", 11, 0, 2, 3, 1, NULL, run_insert},
    {"", "SequenceErase", 11, 0, 1, 2, 1, NULL, run_erase},
    {"", "SequenceAt", 11, 0, 2, 2, 1, NULL, run_at},
    {"", "SequenceLength", 11, 0, 1, 1, 1, NULL, run_length},
    {"", "SplitToSequence", 11, 0, 1, 2, 1, prepare_split, run_split},
    {"", "ConcatFromSequence", 11, 0, 1, 1, 1, prepare_concat, run_concat},
    {"", "SequenceMap", 17, 0, 1, UINT32_MAX, UINT32_MAX, prepare_map, run_map},
    {"", "Optional", 15, 0, 0, 1, 1, NULL, run_optional},
    {"", "OptionalHasElement", 15, 0, 0, 1, 1, NULL, run_has_element},
    {"", "OptionalGetElement", 15, 0, 1, 1, 1, NULL, run_get_element},
    {0}};
