/* graph.c: building a graph and placing its matrices (graph.h). */
#include "model/graph.h"

#define NO_HOST UINT32_MAX

static struct mlp_gnode *node_at(const struct mlp_graph *g, size_t i)
{
    return mlp_vec_at(&g->nodes, i);
}

static enum mlp_code no_run(const struct mlp_gnode *n, struct mlp_call *c)
{
    (void)n;
    (void)c;
    return MLP_OK;
}

static const struct mlp_op op_input = {"input", no_run, NULL};

static enum mlp_code add_input(struct mlp_graph *g, enum mlp_wire wire, struct mlp_err *e)
{
    struct mlp_gnode *n = mlp_vec_push(&g->nodes);
    if (!n)
        return mlp_err_nomem(e);
    n->op = &op_input;
    n->in_wire = n->out_wire = wire;
    n->out_width = (uint32_t)g->ninputs;
    n->host = NO_HOST;
    return MLP_OK;
}

enum mlp_code mlp_graph_init(struct mlp_graph *g, struct mlp_arena *a, size_t ninputs,
                             struct mlp_err *e)
{
    memset(g, 0, sizeof *g);
    g->arena = a;
    g->ninputs = ninputs;
    mlp_vec_init(&g->nodes, sizeof(struct mlp_gnode));
    g->used_num = mlp_arena_alloc(a, ninputs);
    g->used_text = mlp_arena_alloc(a, ninputs);
    if (!g->used_num || !g->used_text)
        return mlp_err_nomem(e);
    enum mlp_code code = add_input(g, MLP_WIRE_NUM, e);
    return code ? code : add_input(g, MLP_WIRE_TEXT, e);
}

void mlp_graph_fini(struct mlp_graph *g)
{
    mlp_vec_fini(&g->nodes);
}

/* A copy of the columns, inputs turned to the wanted wire. */
static enum mlp_code typed_copy(struct mlp_graph *g, const struct mlp_node_spec *s,
                                struct mlp_cols *out, struct mlp_err *e)
{
    out->n = s->in.n;
    out->p = mlp_arena_array(g->arena, s->in.n, sizeof *out->p);
    if (!out->p)
        return mlp_err_nomem(e);
    for (size_t i = 0; i < s->in.n; i++) {
        struct mlp_col c = s->in.p[i];
        if (s->in_wire == MLP_WIRE_TEXT && c.node == MLP_NODE_NUMBERS)
            c.node = MLP_NODE_TEXTS;
        if (node_at(g, c.node)->out_wire != s->in_wire)
            return mlp_err_set(e, MLP_EINPUT, "%s wants %s, column %zu is not", s->op->name,
                               s->in_wire == MLP_WIRE_TEXT ? "text" : "numbers", i);
        out->p[i] = c;
    }
    return MLP_OK;
}

static enum mlp_code range(struct mlp_graph *g, uint32_t node, size_t n, struct mlp_cols *out,
                           struct mlp_err *e)
{
    out->n = n;
    out->p = mlp_arena_array(g->arena, n, sizeof *out->p);
    if (!out->p)
        return mlp_err_nomem(e);
    for (size_t i = 0; i < n; i++)
        out->p[i] = (struct mlp_col){node, (uint32_t)i};
    return MLP_OK;
}

enum mlp_code mlp_graph_add(struct mlp_graph *g, const struct mlp_node_spec *spec,
                            struct mlp_cols *out, struct mlp_err *e)
{
    struct mlp_cols in;
    enum mlp_code code = typed_copy(g, spec, &in, e);
    if (code)
        return code;
    if (spec->out_width > (1u << 30) || g->nodes.n > (1u << 24))
        return mlp_err_set(e, MLP_EINPUT, "the model is too wide");
    struct mlp_gnode *n = mlp_vec_push(&g->nodes);
    if (!n)
        return mlp_err_nomem(e);
    n->op = spec->op;
    n->params = spec->params;
    n->in_wire = spec->in_wire;
    n->out_wire = spec->out_wire;
    n->in = in;
    n->out_width = (uint32_t)spec->out_width;
    n->finite = spec->finite;
    n->host = NO_HOST;
    return range(g, (uint32_t)(g->nodes.n - 1), spec->out_width, out, e);
}

void mlp_graph_texts(struct mlp_graph *g, struct mlp_cols texts)
{
    node_at(g, g->nodes.n - 1)->texts = texts;
}

enum mlp_code mlp_graph_inputs(struct mlp_graph *g, struct mlp_cols *out, struct mlp_err *e)
{
    return range(g, MLP_NODE_NUMBERS, g->ninputs, out, e);
}

enum mlp_code mlp_cols_join(struct mlp_graph *g, struct mlp_cols *a, const struct mlp_cols *b,
                            struct mlp_err *e)
{
    struct mlp_col *p = mlp_arena_array(g->arena, a->n + b->n, sizeof *p);
    if (!p)
        return mlp_err_nomem(e);
    if (a->n)
        memcpy(p, a->p, a->n * sizeof *p);
    if (b->n)
        memcpy(p + a->n, b->p, b->n * sizeof *p);
    a->p = p;
    a->n += b->n;
    return MLP_OK;
}

struct mlp_cols mlp_cols_slice(struct mlp_cols a, size_t start, size_t n)
{
    if (start > a.n)
        start = a.n;
    size_t rest = n < a.n - start ? n : a.n - start;
    return (struct mlp_cols){rest ? a.p + start : NULL, rest};
}

enum mlp_code mlp_graph_output(struct mlp_graph *g, const struct mlp_goutput *o, struct mlp_err *e)
{
    if (g->noutputs == MLP_MAX_OUTPUTS)
        return mlp_err_set(e, MLP_EBUG, "more than %d outputs", MLP_MAX_OUTPUTS);
    g->outputs[g->noutputs++] = *o;
    return MLP_OK;
}

/* --- finishing --- */

/* Which outputs need which node, from the last node to the first. */
static void mark_needs(struct mlp_graph *g)
{
    for (size_t i = 0; i < g->noutputs; i++)
        for (size_t k = 0; k < g->outputs[i].cols.n; k++)
            node_at(g, g->outputs[i].cols.p[k].node)->need |= 1u << i;
    for (size_t i = g->nodes.n; i-- > 0;) {
        struct mlp_gnode *n = node_at(g, i);
        for (size_t k = 0; n->need && k < n->in.n; k++)
            node_at(g, n->in.p[k].node)->need |= n->need;
    }
}

static enum mlp_code mark_inputs(struct mlp_graph *g, struct mlp_err *e)
{
    for (size_t i = 0; i < g->nodes.n; i++) {
        const struct mlp_gnode *n = node_at(g, i);
        for (size_t k = 0; n->need && k < n->in.n; k++) {
            struct mlp_col c = n->in.p[k];
            if (c.node <= MLP_NODE_TEXTS)
                (c.node == MLP_NODE_TEXTS ? g->used_text : g->used_num)[c.index] = 1;
        }
        for (size_t k = 0; n->need && k < n->texts.n; k++)
            g->used_text[n->texts.p[k].index] = 1;
    }
    for (size_t i = 0; i < g->noutputs; i++)
        for (size_t k = 0; k < g->outputs[i].cols.n; k++)
            if (g->outputs[i].cols.p[k].node == MLP_NODE_NUMBERS)
                g->used_num[g->outputs[i].cols.p[k].index] = 1;
    for (size_t i = 0; i < g->ninputs; i++)
        if (g->used_num[i] && g->used_text[i])
            return mlp_err_set(e, MLP_EINPUT,
                               "input column %zu is used both as a number and as text", i + 1);
    return MLP_OK;
}

/* Columns from k on that follow each other in one node. */
static size_t run_length(const struct mlp_cols *in, size_t k)
{
    size_t n = 1;
    while (k + n < in->n && in->p[k + n].node == in->p[k].node &&
           in->p[k + n].index == in->p[k].index + n)
        n++;
    return n;
}

/* True when the input is one run of columns: it is read in place. */
static bool in_place(const struct mlp_gnode *n)
{
    return n->in.n > 0 && run_length(&n->in, 0) == n->in.n;
}

/* Lets the nodes whose whole output is a run in this input write straight into it. */
static void host_inputs(struct mlp_graph *g, size_t i)
{
    const struct mlp_gnode *n = node_at(g, i);
    if (!n->need || in_place(n))
        return;
    for (size_t k = 0, len; k < n->in.n; k += len) {
        struct mlp_gnode *from = node_at(g, n->in.p[k].node);
        len = run_length(&n->in, k);
        if (n->in.p[k].node > MLP_NODE_TEXTS && n->in.p[k].index == 0 &&
            len == from->out_width && from->host == NO_HOST) {
            from->host = (uint32_t)i;
            from->host_column = (uint32_t)k;
        }
    }
}

static size_t *width_of(struct mlp_graph *g, enum mlp_wire wire)
{
    return wire == MLP_WIRE_NUM ? &g->num_width : &g->text_width;
}

/* Rows of matrices start on 64-byte lines only when the block does; widths stay as they are, so
 * that single rows pack tightly. */
static struct mlp_place take_area(struct mlp_graph *g, enum mlp_wire wire, size_t width)
{
    size_t *w = width_of(g, wire);
    struct mlp_place p = {*w, 0, width};
    *w += width;
    return p;
}

/* Inputs that are gathered get areas first; then every output is in its host's or has its own. */
static void place_outputs(struct mlp_graph *g)
{
    for (size_t i = 0; i < g->nodes.n; i++) {
        struct mlp_gnode *n = node_at(g, i);
        if (n->need && n->in.n && !in_place(n))
            n->in_place = take_area(g, n->in_wire, n->in.n);
    }
    for (size_t i = 0; i < g->nodes.n; i++) {
        struct mlp_gnode *n = node_at(g, i);
        if (!n->need)
            continue;
        if (n->host == NO_HOST) {
            n->out_place = take_area(g, n->out_wire, n->out_width);
        } else {
            n->out_place = node_at(g, n->host)->in_place;
            n->out_place.column += n->host_column;
        }
    }
}

/* The runs of an input that nobody writes in place. */
static enum mlp_code plan_copies(struct mlp_graph *g, size_t i, struct mlp_err *e)
{
    struct mlp_gnode *n = node_at(g, i);
    if (in_place(n)) {
        n->in_place = node_at(g, n->in.p[0].node)->out_place;
        n->in_place.column += n->in.p[0].index;
        return MLP_OK;
    }
    n->copies = mlp_arena_array(g->arena, n->in.n, sizeof *n->copies);
    if (!n->copies)
        return mlp_err_nomem(e);
    for (size_t k = 0, len; k < n->in.n; k += len) {
        const struct mlp_gnode *from = node_at(g, n->in.p[k].node);
        len = run_length(&n->in, k);
        if (from->host != i || from->host_column != k || n->in.p[k].index != 0)
            n->copies[n->ncopies++] =
                (struct mlp_copy){n->in.p[k], (uint32_t)k, (uint32_t)len};
    }
    return MLP_OK;
}

enum mlp_code mlp_graph_finish(struct mlp_graph *g, struct mlp_err *e)
{
    mark_needs(g);
    enum mlp_code code = mark_inputs(g, e);
    if (code)
        return code;
    bool text = false;
    for (size_t i = 0; i < g->ninputs; i++)
        text |= g->used_text[i] != 0;
    node_at(g, MLP_NODE_NUMBERS)->need = UINT32_MAX;
    node_at(g, MLP_NODE_TEXTS)->need = text ? UINT32_MAX : 0;
    for (size_t i = 0; i < g->nodes.n; i++)
        host_inputs(g, i);
    place_outputs(g);
    for (size_t i = 0; i < g->nodes.n && !code; i++)
        if (node_at(g, i)->need)
            code = plan_copies(g, i, e);
    return code;
}
