/* rnn.c: RNN, GRU and LSTM: the products of matrices around the cells of rnn_cell.c. The inputs of
 * all time steps are multiplied at once; a step multiplies the states of a batch. */
#include "net/real.h"
#include "net/rnn_cell.h"

struct rnn {
    struct mlp_rnn_cell cell;        /* hidden and peepholes: when running */
    struct mlp_rnn_activation f[6];
    size_t gates, dirs;
    int64_t hidden, layout, input_forget, before_reset;
    bool reverse;                /* the first direction */
    struct mlp_tensor w, r;      /* turned over when loading, where they are constant */
};

/* --- attributes --- */

static enum mlp_code prepare_direction(struct mlp_net_build *b, struct rnn *p)
{
    struct mlp_str way;
    if (mlp_net_attr_str(b, "direction", "forward", &way))
        return b->e->code;
    p->dirs = mlp_str_is(way, "bidirectional") ? 2 : 1;
    p->reverse = mlp_str_is(way, "reverse");
    if (p->dirs == 1 && !p->reverse && !mlp_str_is(way, "forward"))
        return mlp_net_bad(b, "direction '%.*s' is none of forward, reverse, bidirectional",
                           MLP_STR_ARG(way));
    return MLP_OK;
}

/* The numbers are handed to the functions that take them, in the order of the functions. */
static enum mlp_code prepare_functions(struct mlp_net_build *b, struct rnn *p)
{
    static const char *const usual[3][3] = {
        {"Tanh"}, {"Sigmoid", "Tanh"}, {"Sigmoid", "Tanh", "Tanh"}};
    size_t each = (size_t)p->cell.kind + 1, n, na, nb, ia = 0, ib = 0;
    const struct mlp_str *names;
    const float *alpha, *beta;
    if (mlp_net_attr_strs(b, "activations", &names, &n) ||
        mlp_net_attr_floats(b, "activation_alpha", &alpha, &na) ||
        mlp_net_attr_floats(b, "activation_beta", &beta, &nb))
        return b->e->code;
    if (n && n != each * p->dirs)
        return mlp_net_bad(b, "%zu activations where %zu are needed", n, each * p->dirs);
    for (size_t i = 0; i < each * p->dirs; i++) {
        struct mlp_str name = n ? names[i] : mlp_str_from(usual[p->cell.kind][i % each]);
        unsigned takes = 0;
        if (!mlp_rnn_activation_find(name, &p->f[i], &takes))
            return mlp_net_bad(b, "activation '%.*s' is not understood", MLP_STR_ARG(name));
        if (takes > 0 && ia < na)
            p->f[i].alpha = (double)alpha[ia++];
        if (takes > 1 && ib < nb)
            p->f[i].beta = (double)beta[ib++];
    }
    return MLP_OK;
}

/* Weights with the last two dimensions exchanged, so that a row of inputs can be multiplied. */
static enum mlp_code turn_over(struct mlp_arena *a, const struct mlp_tensor *x,
                               struct mlp_tensor *y, struct mlp_err *e)
{
    const int64_t dims[3] = {x->dims[0], x->dims[2], x->dims[1]};
    if (mlp_tensor_make(y, a, x->type, 3, dims, e))
        return e->code;
    size_t rows = (size_t)x->dims[1], cols = (size_t)x->dims[2];
    for (size_t at = 0; at < x->n; at += rows * cols) {
        struct mlp_tensor part = *y;
        part.u8 += at * mlp_dtype_size(x->type);
        mlp_real_transpose(&part, x, at, rows, cols);
    }
    return MLP_OK;
}

static enum mlp_code prepare_weights(struct mlp_net_build *b, uint32_t i, struct mlp_tensor *to)
{
    const struct mlp_tensor *w = b->constant[i];
    if (!w || w->rank != 3 || (w->type != MLP_DT_FLOAT && w->type != MLP_DT_DOUBLE))
        return MLP_OK;
    return turn_over(b->arena, w, to, b->e);
}

static enum mlp_rnn_cell_kind kind_of(struct mlp_str op_type)
{
    if (mlp_str_is(op_type, "LSTM"))
        return MLP_RNN_CELL_LSTM;
    return mlp_str_is(op_type, "GRU") ? MLP_RNN_CELL_GRU : MLP_RNN_CELL_RNN;
}

static enum mlp_code prepare_rnn(struct mlp_net_build *b, const void **params)
{
    struct rnn *p = mlp_arena_alloc(b->arena, sizeof(*p));
    float clip = 0;
    if (!p)
        return mlp_err_nomem(b->e);
    *params = p;
    static const size_t gates[] = {1, 3, 4};
    p->cell.kind = kind_of(b->node->op_type);
    p->gates = gates[p->cell.kind];
    if (mlp_net_attr_int(b, "hidden_size", 0, &p->hidden) ||
        mlp_net_attr_int(b, "layout", 0, &p->layout) ||
        mlp_net_attr_int(b, "input_forget", 0, &p->input_forget) ||
        mlp_net_attr_int(b, "linear_before_reset", 0, &p->before_reset) ||
        mlp_net_attr_float(b, "clip", 0, &clip) || prepare_direction(b, p) ||
        prepare_functions(b, p) || prepare_weights(b, 1, &p->w))
        return b->e->code;
    if (p->layout != 0 && p->layout != 1)
        return mlp_net_bad(b, "layout is %lld", (long long)p->layout);
    p->cell.clip = (double)clip;
    p->cell.input_forget = p->input_forget != 0;
    return prepare_weights(b, 2, &p->r);
}

/* --- a run --- */

struct pass {
    const struct mlp_net_call *c;
    const struct rnn *p;
    struct mlp_rnn_cell cell;
    struct mlp_tensor x, w, r;   /* of the type to multiply in; w and r are turned over */
    struct mlp_tensor xw, hr;    /* their products: seq * batch x wide, batch x wide */
    struct mlp_tensor state;     /* what goes into a product: batch x hidden */
    size_t seq, batch, in, wide; /* wide: all gates of a row */
    size_t direct;               /* gates that need no more than the last state */
    double *gates, *h, *cell_state, *bias, *reset_bias, *peepholes;
    bool reverse;
};

static enum mlp_code check_shape(const struct mlp_net_call *c, uint32_t i, uint32_t rank,
                                 const int64_t *dims)
{
    const struct mlp_tensor *t = mlp_net_in(c, i);
    bool fits = !t || t->rank == rank;
    for (uint32_t d = 0; t && fits && d < rank; d++)
        fits = t->dims[d] == dims[d];
    return fits ? MLP_OK : mlp_net_fail(c, "input %u does not have the shape of the others", i);
}

static enum mlp_code check_lengths(const struct pass *s)
{
    const struct mlp_tensor *len = mlp_net_in(s->c, 4);
    if (!len)
        return MLP_OK;
    if (len->type != MLP_DT_INT32 || len->n != s->batch)
        return mlp_net_fail(s->c, "sequence_lens needs an int32 for each of the batch");
    for (size_t i = 0; i < len->n; i++)
        if (len->i32[i] < 0 || (size_t)len->i32[i] > s->seq)
            return mlp_net_fail(s->c, "a sequence of %d of %zu steps", (int)len->i32[i], s->seq);
    return MLP_OK;
}

static enum mlp_code check_types(const struct mlp_net_call *c)
{
    for (uint32_t i = 0; i < c->nin; i++)
        if (i != 4 && c->in[i] && (!mlp_dtype_is_real(c->in[i]->type) ||
                                   c->in[i]->type != c->in[0]->type))
            return mlp_net_bad_type(c, i);
    return MLP_OK;
}

static enum mlp_code check_shapes(const struct pass *s)
{
    const struct mlp_net_call *c = s->c;
    int64_t hidden = (int64_t)s->cell.hidden, wide = (int64_t)s->wide;
    int64_t dirs = (int64_t)s->p->dirs, batch = (int64_t)s->batch;
    int64_t rows = s->p->layout ? batch : dirs, cols = s->p->layout ? dirs : batch;
    if (check_shape(c, 1, 3, (const int64_t[]){dirs, wide, (int64_t)s->in}) ||
        check_shape(c, 2, 3, (const int64_t[]){dirs, wide, hidden}) ||
        check_shape(c, 3, 2, (const int64_t[]){dirs, 2 * wide}) ||
        check_shape(c, 5, 3, (const int64_t[]){rows, cols, hidden}) ||
        check_shape(c, 6, 3, (const int64_t[]){rows, cols, hidden}) ||
        check_shape(c, 7, 2, (const int64_t[]){dirs, 3 * hidden}))
        return c->e->code;
    return check_lengths(s);
}

/* Sizes from X, W and R; then everything else has to fit them. */
static enum mlp_code take_shapes(struct pass *s)
{
    const struct mlp_net_call *c = s->c;
    const struct mlp_tensor *x = c->in[0], *r = c->in[2];
    if (check_types(c))
        return c->e->code;
    if (x->rank != 3 || r->rank != 3 || r->dims[2] < 1 || r->dims[2] > INT32_MAX ||
        (s->p->hidden && s->p->hidden != r->dims[2]))
        return mlp_net_fail(c, "inputs that are no sequences and weights of the hidden size");
    s->cell.hidden = (size_t)r->dims[2];
    s->wide = s->cell.hidden * s->p->gates;
    s->seq = (size_t)x->dims[s->p->layout ? 1 : 0];
    s->batch = (size_t)x->dims[s->p->layout ? 0 : 1];
    s->in = (size_t)x->dims[2];
    s->direct = s->cell.kind == MLP_RNN_CELL_GRU ? 2 * s->cell.hidden : s->wide;
    return check_shapes(s);
}
static enum mlp_code make_room(struct pass *s)
{
    const struct mlp_net_call *c = s->c;
    size_t rows, all, states, gates;
    if (!mlp_real_times(s->seq, s->batch, &rows) || !mlp_real_times(rows, s->wide, &all) ||
        !mlp_real_times(s->batch, s->cell.hidden, &states) ||
        !mlp_real_times(s->batch, s->wide, &gates))
        return mlp_net_fail(c, "%zu steps of %zu are too many", s->seq, s->batch);
    if (mlp_real_room(c->arena, s->x.type, all, &s->xw, c->e) ||
        mlp_real_room(c->arena, s->x.type, gates, &s->hr, c->e) ||
        mlp_real_room(c->arena, s->x.type, states, &s->state, c->e))
        return c->e->code;
    s->gates = mlp_real_doubles(c, gates);
    s->h = mlp_real_doubles(c, states);
    s->cell_state = mlp_real_doubles(c, states);
    s->bias = mlp_real_doubles(c, s->wide);
    s->reset_bias = mlp_real_doubles(c, s->cell.hidden);
    s->peepholes = mlp_real_doubles(c, 3 * s->cell.hidden);
    return c->e->code;
}

static enum mlp_code take_weights(const struct pass *s, uint32_t i, const struct mlp_tensor *fixed,
                                  struct mlp_tensor *to)
{
    struct mlp_tensor real;
    if (fixed->type) {
        *to = *fixed;
        return MLP_OK;
    }
    if (mlp_real_as(s->c->arena, s->c->in[i], s->x.type, &real, s->c->e))
        return s->c->e->code;
    return turn_over(s->c->arena, &real, to, s->c->e);
}

static enum mlp_code start(struct pass *s)
{
    enum mlp_dtype type = mlp_real_width(s->c->in[0]->type);
    if (take_shapes(s) || mlp_real_as(s->c->arena, s->c->in[0], type, &s->x, s->c->e) ||
        take_weights(s, 1, &s->p->w, &s->w) || take_weights(s, 2, &s->p->r, &s->r))
        return s->c->e->code;
    return make_room(s);
}

/* --- one direction --- */

/* Where the states of row b and direction d lie in initial_h, initial_c, Y_h and Y_c. */
static size_t state_at(const struct pass *s, size_t d, size_t b)
{
    return (s->p->layout ? b * s->p->dirs + d : d * s->batch + b) * s->cell.hidden;
}

static void read_states(const struct pass *s, uint32_t i, size_t d, double *to)
{
    const struct mlp_tensor *t = mlp_net_in(s->c, i);
    size_t n = s->cell.hidden;
    memset(to, 0, s->batch * n * sizeof(*to));
    for (size_t b = 0; t && b < s->batch; b++)
        mlp_real_read(t, state_at(s, d, b), n, to + b * n);
}

/* The biases of W and R are one sum but for the gate of a GRU that is reset after its product. */
static void read_bias(struct pass *s, size_t d)
{
    const struct mlp_tensor *t = mlp_net_in(s->c, 3);
    memset(s->bias, 0, s->wide * sizeof(*s->bias));
    memset(s->reset_bias, 0, s->cell.hidden * sizeof(*s->reset_bias));
    if (!t)
        return;
    size_t at = 2 * d * s->wide, after = s->p->before_reset ? s->direct : s->wide;
    for (size_t i = 0; i < s->wide; i++)
        s->bias[i] = mlp_tensor_number(t, at + i) +
                     (i < after ? mlp_tensor_number(t, at + s->wide + i) : 0);
    for (size_t i = after; i < s->wide; i++)
        s->reset_bias[i - after] = mlp_tensor_number(t, at + s->wide + i);
}

static void start_direction(struct pass *s, size_t d)
{
    const struct mlp_tensor *peepholes = mlp_net_in(s->c, 7);
    size_t n = s->cell.hidden, each = (size_t)s->cell.kind + 1;
    const struct mlp_net_gemm g = {s->seq * s->batch, s->wide, s->in, s->in, s->wide, s->wide};
    for (size_t i = 0; i < each; i++)
        s->cell.f[i] = s->p->f[d * each + i];
    s->reverse = d == 1 || s->p->reverse;
    if (peepholes) {
        mlp_real_read(peepholes, d * 3 * n, 3 * n, s->peepholes);
        s->cell.peepholes = s->peepholes;
    }
    read_bias(s, d);
    read_states(s, 5, d, s->h);
    read_states(s, 6, d, s->cell_state);
    mlp_real_gemm(&g, (struct mlp_real_at){&s->x, 0},
                  (struct mlp_real_at){&s->w, d * s->in * s->wide}, &s->xw, 0);
}

/* The place in its sequence of what row b reads in step t; false when it has ended. */
static bool place_of(const struct pass *s, size_t t, size_t b, size_t *place)
{
    const struct mlp_tensor *len = mlp_net_in(s->c, 4);
    size_t end = len ? (size_t)len->i32[b] : s->seq;
    *place = s->reverse ? end - 1 - t : t;
    return t < end;
}

static void multiply_states(struct pass *s, size_t d, size_t from, size_t end)
{
    size_t n = s->cell.hidden;
    const struct mlp_net_gemm g = {s->batch, end - from, n, n, s->wide, s->wide};
    mlp_real_gemm(&g, (struct mlp_real_at){&s->state, 0},
                  (struct mlp_real_at){&s->r, d * n * s->wide + from}, &s->hr, from);
}

static void add_products(const struct pass *s, size_t b, size_t place)
{
    double *g = s->gates + b * s->wide;
    size_t row = s->p->layout ? b * s->seq + place : place * s->batch + b;
    mlp_real_read(&s->xw, row * s->wide, s->wide, g);
    for (size_t i = 0; i < s->wide; i++)
        g[i] += s->bias[i];
    for (size_t i = 0; i < s->direct; i++)
        g[i] += mlp_tensor_number(&s->hr, b * s->wide + i);
}

/* The gates z and r of a GRU, and what its third gate adds to them. */
static void reset_rows(struct pass *s, size_t d)
{
    size_t n = s->cell.hidden;
    for (size_t b = 0; b < s->batch; b++) {
        double *g = s->gates + b * s->wide, *r = g + n;
        mlp_rnn_cell_gru_gates(&s->cell, g);
        for (size_t i = 0; !s->p->before_reset && i < n; i++)
            mlp_tensor_set_number(&s->state, b * n + i, r[i] * s->h[b * n + i]);
    }
    if (!s->p->before_reset)
        multiply_states(s, d, s->direct, s->wide);
    for (size_t b = 0; b < s->batch; b++) {
        double *g = s->gates + b * s->wide, *r = g + n;
        for (size_t i = 0; i < n; i++) {
            double add = mlp_tensor_number(&s->hr, b * s->wide + s->direct + i);
            g[s->direct + i] += s->p->before_reset ? r[i] * (add + s->reset_bias[i]) : add;
        }
    }
}

static void finish_row(struct pass *s, size_t d, size_t b, size_t place)
{
    struct mlp_tensor *y = &s->c->out[0];
    size_t n = s->cell.hidden, dirs = s->p->dirs;
    size_t row = s->p->layout ? (b * s->seq + place) * dirs + d : (place * dirs + d) * s->batch + b;
    double *g = s->gates + b * s->wide, *h = s->h + b * n;
    if (s->cell.kind == MLP_RNN_CELL_RNN)
        mlp_rnn_cell_plain(&s->cell, g, h);
    else if (s->cell.kind == MLP_RNN_CELL_GRU)
        mlp_rnn_cell_gru_state(&s->cell, g, h);
    else
        mlp_rnn_cell_lstm(&s->cell, g, h, s->cell_state + b * n);
    if (mlp_net_wants(s->c, 0))
        mlp_real_write(y, row * n, n, h);
}

static void step(struct pass *s, size_t d, size_t t)
{
    size_t place;
    mlp_real_write(&s->state, 0, s->state.n, s->h);
    multiply_states(s, d, 0, s->p->before_reset ? s->wide : s->direct);
    for (size_t b = 0; b < s->batch; b++)
        if (place_of(s, t, b, &place))
            add_products(s, b, place);
    if (s->cell.kind == MLP_RNN_CELL_GRU)
        reset_rows(s, d);
    for (size_t b = 0; b < s->batch; b++)
        if (place_of(s, t, b, &place))
            finish_row(s, d, b, place);
}

/* --- outputs --- */

static enum mlp_code make_outputs(const struct pass *s)
{
    const struct mlp_net_call *c = s->c;
    int64_t n = (int64_t)s->cell.hidden, seq = (int64_t)s->seq, batch = (int64_t)s->batch;
    int64_t dirs = (int64_t)s->p->dirs;
    const int64_t all[2][4] = {{seq, dirs, batch, n}, {batch, seq, dirs, n}};
    const int64_t last[2][3] = {{dirs, batch, n}, {batch, dirs, n}};
    for (uint32_t i = 0; i < c->nout; i++) {
        if (mlp_tensor_make(&c->out[i], c->arena, c->in[0]->type, i ? 3 : 4,
                            i ? last[s->p->layout] : all[s->p->layout], c->e))
            return c->e->code;
        memset(c->out[i].data, 0, c->out[i].n * mlp_dtype_size(c->out[i].type));
    }
    return MLP_OK;
}

/* A sequence without steps has states of zeros, as onnxruntime has it: the operator set is
 * silent. */
static void write_states(const struct pass *s, size_t d, uint32_t i, const double *from)
{
    const struct mlp_tensor *len = mlp_net_in(s->c, 4);
    size_t n = s->cell.hidden;
    for (size_t b = 0; i < s->c->nout && b < s->batch; b++)
        if (!len || len->i32[b])
            mlp_real_write(&s->c->out[i], state_at(s, d, b), n, from + b * n);
}

static enum mlp_code run_rnn(const struct mlp_net_call *c)
{
    const struct rnn *p = c->node->params;
    struct pass s = {.c = c, .p = p, .cell = p->cell};
    if (start(&s) || make_outputs(&s))
        return c->e->code;
    for (size_t d = 0; d < p->dirs; d++) {
        start_direction(&s, d);
        for (size_t t = 0; s.batch && t < s.seq; t++)
            step(&s, d, t);
        write_states(&s, d, 1, s.h);
        write_states(&s, d, 2, s.cell_state);
    }
    return MLP_OK;
}

const struct mlp_net_op mlp_net_rnn[] = {
    {"", "RNN", 7, 0, 3, 6, 2, prepare_rnn, run_rnn},
    {"", "GRU", 7, 0, 3, 6, 2, prepare_rnn, run_rnn},
    {"", "LSTM", 7, 0, 3, 8, 3, prepare_rnn, run_rnn},
    {0}};
