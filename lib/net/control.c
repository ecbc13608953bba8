/* control.c: operators that run graphs of their own: If, Loop and Scan. */
#include "net/body.h"
#include "net/unary.h"

#define MOST_ROUNDS ((int64_t)1 << 31)

/* --- tensors along an axis --- */

/* Elements before and behind an axis. */
static void around(const struct mlp_tensor *t, uint32_t axis, size_t *outer, size_t *inner)
{
    *outer = *inner = 1;
    for (uint32_t i = 0; i < t->rank; i++)
        *(i < axis ? outer : inner) *= i == axis ? 1 : (size_t)t->dims[i];
}

/* Entry i of x along an axis, without that axis. */
static enum mlp_code take(const struct mlp_net_call *c, const struct mlp_tensor *x, uint32_t axis,
                          size_t i, struct mlp_tensor *out)
{
    int64_t dims[MLP_MAX_RANK];
    size_t outer, inner, size = mlp_dtype_size(x->type), n = 0;
    around(x, axis, &outer, &inner);
    for (uint32_t k = 0; k < x->rank; k++)
        if (k != axis)
            dims[n++] = x->dims[k];
    if (mlp_tensor_make(out, c->arena, x->type, x->rank - 1, dims, c->e))
        return c->e->code;
    size_t step = inner * size, stride = (size_t)x->dims[axis] * step;
    for (size_t o = 0; o < outer; o++)
        memcpy((char *)out->data + o * step, (const char *)x->data + o * stride + i * step, step);
    return MLP_OK;
}

/* Equal tensors side by side along a new axis; reversed: the last one first. */
static enum mlp_code stack(const struct mlp_net_call *c, const struct mlp_tensor *parts, size_t n,
                           int64_t axis, bool reversed, struct mlp_tensor *out)
{
    int64_t dims[MLP_MAX_RANK];
    uint32_t at;
    size_t outer = 1, inner = 1, size = mlp_dtype_size(parts[0].type);
    if (parts[0].rank == MLP_MAX_RANK)
        return mlp_net_fail(c, "outputs of too many dimensions");
    if (mlp_net_axis(c, axis, parts[0].rank + 1, &at))
        return c->e->code;
    for (uint32_t k = 0; k <= parts[0].rank; k++)
        dims[k] = k == at ? (int64_t)n : parts[0].dims[k - (k > at)];
    for (uint32_t k = 0; k < parts[0].rank; k++)
        *(k < at ? &outer : &inner) *= (size_t)parts[0].dims[k];
    if (mlp_tensor_make(out, c->arena, parts[0].type, parts[0].rank + 1, dims, c->e))
        return c->e->code;
    for (size_t i = 0; i < n; i++) {
        const struct mlp_tensor *p = &parts[reversed ? n - 1 - i : i];
        if (p->type != parts[0].type || !mlp_tensor_same_shape(p, &parts[0]))
            return mlp_net_fail(c, "outputs that change their type or shape");
        for (size_t o = 0; o < outer; o++)
            memcpy((char *)out->data + (o * n + i) * inner * size,
                   (const char *)p->data + o * inner * size, inner * size);
    }
    return MLP_OK;
}

/* --- If --- */

struct branches {
    const struct mlp_net_body *then, *otherwise;
};

static enum mlp_code prepare_if(struct mlp_net_build *b, const void **params)
{
    struct branches *p = mlp_arena_alloc(b->arena, sizeof *p);
    if (!p)
        return mlp_err_nomem(b->e);
    *params = p;
    if (mlp_net_body_load(b, "then_branch", &p->then) ||
        mlp_net_body_load(b, "else_branch", &p->otherwise))
        return b->e->code;
    if (p->then->noutputs < b->node->nout || p->otherwise->noutputs < b->node->nout)
        return mlp_net_bad(b, "its branches have too few outputs");
    return MLP_OK;
}

static enum mlp_code run_if(const struct mlp_net_call *c)
{
    const struct branches *p = c->node->params;
    if (c->in[0]->type != MLP_DT_BOOL || c->in[0]->n != 1)
        return mlp_net_bad_type(c, 0);
    const struct mlp_net_body *body = c->in[0]->u8[0] ? p->then : p->otherwise;
    enum mlp_code code = mlp_net_body_run(c->frame, body, c->e);
    for (uint32_t i = 0; i < c->nout && !code; i++)
        c->out[i] = *mlp_net_value(c->frame, body->outputs[i]);
    return code;
}

/* --- rounds of Loop and Scan --- */

struct rounds {
    const struct mlp_net_body *body;
    size_t nstates, nscans;      /* state variables; outputs that are stacked */
    size_t ninputs;              /* of Scan: inputs that are taken apart */
    const int64_t *in_axes, *in_directions, *out_axes, *out_directions; /* or NULL */
};

/* What the rounds have put out so far: nscans tensors a round. */
struct heap {
    struct mlp_tensor *t;
    size_t rounds, room;
};

static enum mlp_code grow(const struct mlp_net_call *c, const struct rounds *p, struct heap *h)
{
    size_t room = h->room ? 2 * h->room : 64;
    struct mlp_tensor *t;
    if (h->rounds < h->room)
        return MLP_OK;
    t = mlp_arena_array(c->arena, room * (p->nscans + 1), sizeof *t);
    if (!t)
        return mlp_err_set(c->e, MLP_EIO, "no memory to run the network");
    if (h->rounds)
        memcpy(t, h->t, h->rounds * p->nscans * sizeof *t);
    h->t = t;
    h->room = room;
    return MLP_OK;
}

/* Runs the body, whose inputs are set; its states, behind `skip` outputs, go to states. */
static enum mlp_code round_of(const struct mlp_net_call *c, const struct rounds *p, size_t skip,
                              struct mlp_tensor *states, struct heap *h)
{
    const uint32_t *out = p->body->outputs + skip;
    enum mlp_code code = grow(c, p, h);
    if (!code)
        code = mlp_net_body_run(c->frame, p->body, c->e);
    for (size_t i = 0; i < p->nstates && !code; i++)
        states[i] = *mlp_net_value(c->frame, out[i]);
    for (size_t i = 0; i < p->nscans && !code; i++)
        h->t[h->rounds * p->nscans + i] = *mlp_net_value(c->frame, out[p->nstates + i]);
    h->rounds += !code;
    return code;
}

/* The node's outputs: final states, then the stacks. */
static enum mlp_code give(const struct mlp_net_call *c, const struct rounds *p,
                          const struct mlp_tensor *states, const struct heap *h)
{
    for (size_t i = 0; i < p->nstates && i < c->nout; i++)
        c->out[i] = states[i];
    for (size_t i = 0; i < p->nscans && p->nstates + i < c->nout; i++) {
        struct mlp_tensor *parts = mlp_arena_array(c->arena, h->rounds + 1, sizeof *parts);
        if (!parts)
            return mlp_err_set(c->e, MLP_EIO, "no memory to run the network");
        if (!h->rounds)
            return mlp_net_fail(c, "no round was run, so that its outputs have no shape");
        for (size_t r = 0; r < h->rounds; r++)
            parts[r] = h->t[r * p->nscans + i];
        bool reversed = p->out_directions && p->out_directions[i] != 0;
        if (stack(c, parts, h->rounds, p->out_axes ? p->out_axes[i] : 0, reversed,
                  &c->out[p->nstates + i]))
            return c->e->code;
    }
    return MLP_OK;
}

/* --- Loop --- */

static enum mlp_code prepare_loop(struct mlp_net_build *b, const void **params)
{
    struct rounds *p = mlp_arena_alloc(b->arena, sizeof *p);
    if (!p)
        return mlp_err_nomem(b->e);
    *params = p;
    if (mlp_net_body_load(b, "body", &p->body))
        return b->e->code;
    if (b->node->nin < 2)
        return mlp_net_bad(b, "it needs two inputs, which may be left out by name");
    p->nstates = b->node->nin - 2;
    if (p->body->ninputs != p->nstates + 2 || p->body->noutputs < p->nstates + 1)
        return mlp_net_bad(b, "its body has other inputs or outputs than it needs");
    p->nscans = p->body->noutputs - 1 - p->nstates;
    return MLP_OK;
}

/* The number of the round and whether to go on, as the body wants them. */
static enum mlp_code set_counter(const struct mlp_net_call *c, const struct rounds *p, int64_t i)
{
    struct mlp_tensor *number = mlp_net_value(c->frame, p->body->inputs[0]);
    struct mlp_tensor *on = mlp_net_value(c->frame, p->body->inputs[1]);
    if (mlp_tensor_make(number, c->arena, MLP_DT_INT64, 0, NULL, c->e) ||
        mlp_tensor_make(on, c->arena, MLP_DT_BOOL, 0, NULL, c->e))
        return c->e->code;
    number->i64[0] = i;
    on->u8[0] = 1;
    return MLP_OK;
}

static enum mlp_code run_loop(const struct mlp_net_call *c)
{
    const struct rounds *p = c->node->params;
    struct mlp_tensor *states = mlp_arena_array(c->arena, p->nstates + 1, sizeof *states);
    struct heap h = {NULL, 0, 0};
    int64_t most = c->in[0] && c->in[0]->n ? mlp_tensor_integer(c->in[0], 0) : MOST_ROUNDS;
    bool on = !(c->nin > 1 && c->in[1] && c->in[1]->n && mlp_tensor_integer(c->in[1], 0) == 0);
    if (!states)
        return mlp_err_set(c->e, MLP_EIO, "no memory to run the network");
    for (size_t i = 0; i < p->nstates; i++) {
        if (!c->in[i + 2])
            return mlp_net_fail(c, "a state without a first value");
        states[i] = *c->in[i + 2];
    }
    for (int64_t i = 0; i < most && on; i++) {
        if (set_counter(c, p, i))
            return c->e->code;
        for (size_t k = 0; k < p->nstates; k++)
            *mlp_net_value(c->frame, p->body->inputs[k + 2]) = states[k];
        if (round_of(c, p, 1, states, &h))
            return c->e->code;
        const struct mlp_tensor *go = mlp_net_value(c->frame, p->body->outputs[0]);
        on = go->n && mlp_tensor_integer(go, 0) != 0;
    }
    return give(c, p, states, &h);
}

/* --- Scan --- */

/* A list of one number for each of n, or none. */
static enum mlp_code numbers(struct mlp_net_build *b, const char *name, size_t n,
                             const int64_t **out)
{
    size_t given;
    if (mlp_net_attr_ints(b, name, out, &given))
        return b->e->code;
    if (!given)
        *out = NULL;
    return given && given != n ? mlp_net_bad(b, "%s has %zu numbers, expected %zu", name, given, n)
                               : MLP_OK;
}

static enum mlp_code prepare_scan(struct mlp_net_build *b, const void **params)
{
    struct rounds *p = mlp_arena_alloc(b->arena, sizeof *p);
    int64_t inputs;
    if (!p)
        return mlp_err_nomem(b->e);
    *params = p;
    if (mlp_net_attr_int(b, "num_scan_inputs", 0, &inputs) ||
        mlp_net_body_load(b, "body", &p->body))
        return b->e->code;
    if (inputs < 1 || (uint64_t)inputs > b->node->nin)
        return mlp_net_bad(b, "num_scan_inputs does not fit its inputs");
    p->ninputs = (size_t)inputs;
    p->nstates = b->node->nin - p->ninputs;
    if (p->body->ninputs != b->node->nin || p->body->noutputs < p->nstates)
        return mlp_net_bad(b, "its body has other inputs or outputs than it needs");
    p->nscans = p->body->noutputs - p->nstates;
    if (numbers(b, "scan_input_axes", p->ninputs, &p->in_axes) ||
        numbers(b, "scan_input_directions", p->ninputs, &p->in_directions) ||
        numbers(b, "scan_output_axes", p->nscans, &p->out_axes))
        return b->e->code;
    return numbers(b, "scan_output_directions", p->nscans, &p->out_directions);
}

/* How many rounds its inputs have; their axes. */
static enum mlp_code measure(const struct mlp_net_call *c, const struct rounds *p, uint32_t *axes,
                             size_t *rounds)
{
    for (size_t i = 0; i < p->ninputs; i++) {
        const struct mlp_tensor *x = c->in[p->nstates + i];
        if (!x || mlp_net_axis(c, p->in_axes ? p->in_axes[i] : 0, x->rank, &axes[i]))
            return x ? c->e->code : mlp_net_fail(c, "an input is missing");
        if (i && (size_t)x->dims[axes[i]] != *rounds)
            return mlp_net_fail(c, "inputs of different lengths");
        *rounds = (size_t)x->dims[axes[i]];
    }
    return MLP_OK;
}

static enum mlp_code run_scan(const struct mlp_net_call *c)
{
    const struct rounds *p = c->node->params;
    struct mlp_tensor *states = mlp_arena_array(c->arena, p->nstates + 1, sizeof *states);
    uint32_t *axes = mlp_arena_array(c->arena, p->ninputs, sizeof *axes);
    struct heap h = {NULL, 0, 0};
    size_t rounds = 0;
    if (!states || !axes)
        return mlp_err_set(c->e, MLP_EIO, "no memory to run the network");
    for (size_t i = 0; i < p->nstates; i++) {
        if (!c->in[i])
            return mlp_net_fail(c, "a state without a first value");
        states[i] = *c->in[i];
    }
    if (measure(c, p, axes, &rounds))
        return c->e->code;
    for (size_t r = 0; r < rounds; r++) {
        for (size_t k = 0; k < p->nstates; k++)
            *mlp_net_value(c->frame, p->body->inputs[k]) = states[k];
        for (size_t i = 0; i < p->ninputs; i++) {
            size_t at = p->in_directions && p->in_directions[i] ? rounds - 1 - r : r;
            struct mlp_tensor *to = mlp_net_value(c->frame, p->body->inputs[p->nstates + i]);
            if (take(c, c->in[p->nstates + i], axes[i], at, to))
                return c->e->code;
        }
        if (round_of(c, p, 0, states, &h))
            return c->e->code;
    }
    return give(c, p, states, &h);
}

const struct mlp_net_op mlp_net_control[] = {
    {"", "Identity", 1, 0, 1, 1, 1, NULL, mlp_net_run_identity},
    {"", "If", 1, 0, 1, 1, UINT32_MAX, prepare_if, run_if},
    {"", "Loop", 1, 0, 0, UINT32_MAX, UINT32_MAX, prepare_loop, run_loop},
    {"", "Scan", 9, 0, 1, UINT32_MAX, UINT32_MAX, prepare_scan, run_scan},
    {0}};
