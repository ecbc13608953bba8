#include "net/net.h"

#include <stdlib.h>

#include "base/map.h"
#include "net/body.h"

/* Names of a graph while it is loaded; those of the graph around it are found too. */
struct scope {
    struct mlp_map names;
    const struct scope *outer;
};

struct mlp_net {
    struct mlp_arena *arena;
    const struct mlp_onnx_model *model;
    struct mlp_net_body main;
    const struct mlp_onnx_value **inputs;
    struct mlp_tensor *constants; /* by value; type NONE where it is computed */
    size_t nvalues, max_values;
    struct scope *scope;          /* while loading */
    struct mlp_err *e;
};

struct mlp_net_frame {
    struct mlp_net_run *run;
};

#define BLOCK_BYTES ((size_t)1 << 20) /* what a block of rows may take at once */
#define MAX_NAME_BYTES ((size_t)1 << 28)

/* --- names --- */

static size_t count_values(const struct mlp_onnx_graph *g)
{
    size_t n = g->ninputs + g->ninits;
    for (size_t i = 0; i < g->nnodes; i++) {
        n += g->nodes[i].nout;
        for (size_t k = 0; k < g->nodes[i].nattrs; k++)
            if (g->nodes[i].attrs[k].g)
                n += count_values(g->nodes[i].attrs[k].g);
    }
    return n;
}

static enum mlp_code find_value(struct mlp_net *n, struct mlp_str name, uint32_t *value)
{
    for (const struct scope *s = n->scope; s; s = s->outer) {
        const uint64_t *v = mlp_map_get(&s->names, name);
        if (v) {
            *value = (uint32_t)*v;
            return MLP_OK;
        }
    }
    mlp_err_set(n->e, MLP_EINPUT, "value '%.*s' is used before anything computes it",
                MLP_STR_ARG(name));
    return n->e->code;
}

static enum mlp_code new_value(struct mlp_net *n, struct mlp_str name, uint32_t *value)
{
    bool fresh;
    uint64_t *v = mlp_map_put(&n->scope->names, name, &fresh);
    if (!v)
        return mlp_err_nomem(n->e);
    if (!fresh)
        return mlp_err_set(n->e, MLP_EINPUT, "value '%.*s' is computed twice", MLP_STR_ARG(name));
    if (n->nvalues >= n->max_values)
        return mlp_err_set(n->e, MLP_EINPUT, "a network of too many values");
    *v = n->nvalues;
    *value = (uint32_t)n->nvalues++;
    return MLP_OK;
}

static void *new_array(struct mlp_net *n, size_t count, size_t size)
{
    void *p = mlp_arena_array(n->arena, count ? count : 1, size);
    if (!p)
        mlp_err_nomem(n->e);
    return p;
}

/* --- the operator Constant: its value is known when loading --- */

static enum mlp_code list_tensor(struct mlp_net_build *b, enum mlp_dtype type, const void *p,
                                 size_t n, struct mlp_tensor *t)
{
    int64_t dims[1] = {(int64_t)n};
    if (mlp_tensor_make(t, b->arena, type, 1, dims, b->e))
        return b->e->code;
    if (n)
        memcpy(t->data, p, n * mlp_dtype_size(type));
    return MLP_OK;
}

static enum mlp_code scalar_tensor(struct mlp_net_build *b, enum mlp_dtype type, const void *p,
                                   struct mlp_tensor *t)
{
    enum mlp_code code = list_tensor(b, type, p, 1, t);
    t->rank = 0;
    return code;
}

static enum mlp_code constant_attr(struct mlp_net_build *b, const struct mlp_onnx_attr *a,
                                   struct mlp_tensor *t)
{
    switch (a->type) {
    case MLP_ATTR_TENSOR:
        *t = *a->t;
        return MLP_OK;
    case MLP_ATTR_FLOAT: return scalar_tensor(b, MLP_DT_FLOAT, &a->f, t);
    case MLP_ATTR_INT: return scalar_tensor(b, MLP_DT_INT64, &a->i, t);
    case MLP_ATTR_STRING: return scalar_tensor(b, MLP_DT_STRING, &a->s, t);
    case MLP_ATTR_FLOATS: return list_tensor(b, MLP_DT_FLOAT, a->floats, a->n, t);
    case MLP_ATTR_INTS: return list_tensor(b, MLP_DT_INT64, a->ints, a->n, t);
    case MLP_ATTR_STRINGS: return list_tensor(b, MLP_DT_STRING, a->strings, a->n, t);
    default: return mlp_net_bad(b, "a constant that is no dense tensor is not understood");
    }
}

static enum mlp_code load_constant(struct mlp_net *n, const struct mlp_onnx_node *node)
{
    struct mlp_net_build b = {.net = n, .arena = n->arena, .node = node, .e = n->e};
    uint32_t value;
    if (node->nattrs != 1 || node->nout != 1 || (node->attrs[0].type == MLP_ATTR_TENSOR &&
                                                 !node->attrs[0].t))
        return mlp_net_bad(&b, "a constant needs one attribute and one output");
    if (new_value(n, node->out[0], &value))
        return n->e->code;
    return constant_attr(&b, &node->attrs[0], &n->constants[value]);
}

/* --- nodes --- */

static int64_t opset_of(const struct mlp_net *n, struct mlp_str domain)
{
    for (size_t i = 0; i < n->model->nopsets; i++)
        if (mlp_str_eq(n->model->opsets[i].domain, domain))
            return n->model->opsets[i].version;
    return 1;
}

static enum mlp_code unknown_op(struct mlp_net_build *b)
{
    const struct mlp_onnx_node *n = b->node;
    mlp_err_set(b->e, MLP_EINPUT, "operator %.*s of domain '%.*s', version %lld, is not understood",
                MLP_STR_ARG(n->op_type), n->domain.n ? (int)n->domain.n : 7,
                n->domain.n ? n->domain.p : "ai.onnx", (long long)b->opset);
    mlp_err_at_byte(b->e, n->offset);
    return mlp_err_hint(b->e, "node '%.*s' uses it; ONNX Runtime may know it: try --runtime "
                              "onnxruntime, or export with other operators",
                        MLP_STR_ARG(n->name));
}

static enum mlp_code resolve_inputs(struct mlp_net *n, const struct mlp_onnx_node *node,
                                    uint32_t *in, const struct mlp_tensor **constant)
{
    for (size_t i = 0; i < node->nin; i++) {
        in[i] = MLP_NET_ABSENT;
        if (!node->in[i].n)
            continue;
        if (find_value(n, node->in[i], &in[i]))
            return mlp_err_at_byte(n->e, node->offset);
        if (n->constants[in[i]].type)
            constant[i] = &n->constants[in[i]];
    }
    return MLP_OK;
}

static enum mlp_code name_outputs(struct mlp_net *n, const struct mlp_onnx_node *node,
                                  uint32_t *out)
{
    for (size_t i = 0; i < node->nout; i++) {
        out[i] = MLP_NET_ABSENT;
        if (node->out[i].n && new_value(n, node->out[i], &out[i]))
            return mlp_err_at_byte(n->e, node->offset);
    }
    return MLP_OK;
}

static enum mlp_code check_arity(struct mlp_net_build *b, const struct mlp_net_op *op)
{
    const struct mlp_onnx_node *n = b->node;
    if (n->nin < op->min_in || n->nin > op->max_in)
        return mlp_net_bad(b, "%zu inputs; the operator takes at least %u", n->nin, op->min_in);
    for (size_t i = 0; i < op->min_in; i++)
        if (!n->in[i].n)
            return mlp_net_bad(b, "input %zu is left out", i);
    if (n->nout > op->max_out || n->nout == 0)
        return mlp_net_bad(b, "%zu outputs; the operator has 1 to %u", n->nout, op->max_out);
    return MLP_OK;
}

static enum mlp_code load_node(struct mlp_net *n, const struct mlp_onnx_node *source,
                               struct mlp_net_node *node)
{
    uint32_t *in = new_array(n, source->nin, sizeof(*in));
    uint32_t *out = new_array(n, source->nout, sizeof(*out));
    const struct mlp_tensor **constant = new_array(n, source->nin, sizeof(*constant));
    struct mlp_net_build b = {.net = n, .arena = n->arena, .node = source, .constant = constant,
                              .opset = opset_of(n, source->domain), .e = n->e};
    if (n->e->code)
        return n->e->code;
    *node = (struct mlp_net_node){.op = mlp_net_op_find(source->domain, source->op_type, b.opset),
                                  .source = source, .opset = b.opset, .in = in, .out = out,
                                  .nin = (uint32_t)source->nin, .nout = (uint32_t)source->nout};
    if (!node->op)
        return unknown_op(&b);
    node->takes_holders = mlp_net_op_takes_holders(node->op);
    if (check_arity(&b, node->op) || resolve_inputs(n, source, in, constant) ||
        (node->op->prepare && node->op->prepare(&b, &node->params)))
        return n->e->code;
    return name_outputs(n, source, out);
}

/* --- graphs --- */

static enum mlp_code load_inits(struct mlp_net *n, const struct mlp_onnx_graph *g)
{
    for (size_t i = 0; i < g->ninits; i++) {
        uint32_t value;
        if (new_value(n, g->init_names[i], &value))
            return n->e->code;
        n->constants[value] = g->inits[i];
    }
    return MLP_OK;
}

/* Inputs that no initializer gives: IR version 3 lists weights among the inputs. */
static enum mlp_code load_inputs(struct mlp_net *n, const struct mlp_onnx_graph *g,
                                 struct mlp_net_body *body)
{
    for (size_t i = 0; i < g->ninputs; i++) {
        if (mlp_map_get(&n->scope->names, g->inputs[i].name))
            continue;
        if (body == &n->main)
            n->inputs[body->ninputs] = &g->inputs[i];
        if (new_value(n, g->inputs[i].name, &body->inputs[body->ninputs++]))
            return n->e->code;
    }
    return MLP_OK;
}

static enum mlp_code load_nodes(struct mlp_net *n, const struct mlp_onnx_graph *g,
                                struct mlp_net_body *body)
{
    for (size_t i = 0; i < g->nnodes; i++) {
        const struct mlp_onnx_node *s = &g->nodes[i];
        if (mlp_str_is(s->op_type, "Constant") && s->domain.n == 0)
            load_constant(n, s);
        else
            load_node(n, s, &body->nodes[body->nnodes++]);
        if (n->e->code)
            return n->e->code;
    }
    return MLP_OK;
}

static enum mlp_code load_body(struct mlp_net *n, const struct mlp_onnx_graph *g,
                               struct mlp_net_body *body)
{
    body->nodes = new_array(n, g->nnodes, sizeof(*body->nodes));
    body->inputs = new_array(n, g->ninputs, sizeof(*body->inputs));
    body->outputs = new_array(n, g->noutputs, sizeof(*body->outputs));
    if (n->e->code || load_inits(n, g) || load_inputs(n, g, body) || load_nodes(n, g, body))
        return n->e->code;
    for (size_t i = 0; i < g->noutputs; i++)
        if (find_value(n, g->outputs[i].name, &body->outputs[body->noutputs++]))
            return n->e->code;
    return MLP_OK;
}

/* A graph's names live only while it is loaded. */
static enum mlp_code load_scoped(struct mlp_net *n, const struct mlp_onnx_graph *g,
                                 struct mlp_net_body *body)
{
    struct scope s = {.outer = n->scope};
    mlp_map_init(&s.names, 0x6F6E6E78, MAX_NAME_BYTES);
    n->scope = &s;
    enum mlp_code code = load_body(n, g, body);
    n->scope = (struct scope *)(uintptr_t)s.outer;
    mlp_map_fini(&s.names);
    return code;
}

static const struct mlp_onnx_graph *graph_attr(const struct mlp_onnx_node *n, const char *name)
{
    for (size_t i = 0; i < n->nattrs; i++)
        if (mlp_str_is(n->attrs[i].name, name))
            return n->attrs[i].g;
    return NULL;
}

enum mlp_code mlp_net_body_load(struct mlp_net_build *b, const char *name,
                                const struct mlp_net_body **body)
{
    const struct mlp_onnx_graph *g = graph_attr(b->node, name);
    struct mlp_net_body *made = new_array(b->net, 1, sizeof(*made));
    *body = made;
    if (!g)
        return mlp_net_bad(b, "it has no graph '%s'", name);
    return made ? load_scoped(b->net, g, made) : b->e->code;
}

static enum mlp_code check_value(const struct mlp_onnx_value *v, bool input, struct mlp_err *e)
{
    if (mlp_dtype_size(v->type) && !(input && v->sequence && v->map_key))
        return MLP_OK;
    return mlp_err_set(e, MLP_EINPUT, "%s '%.*s' is of a type that is not understood (%s)",
                       input ? "input" : "output", MLP_STR_ARG(v->name),
                       v->map_key ? "sequence of maps" : mlp_dtype_name(v->type));
}

static enum mlp_code check_values(const struct mlp_net *n)
{
    const struct mlp_onnx_graph *g = &n->model->graph;
    for (size_t i = 0; i < n->main.ninputs; i++)
        if (check_value(n->inputs[i], true, n->e))
            return n->e->code;
    for (size_t i = 0; i < g->noutputs; i++)
        if (check_value(&g->outputs[i], false, n->e))
            return n->e->code;
    return MLP_OK;
}

enum mlp_code mlp_net_load(const struct mlp_onnx_model *m, struct mlp_arena *a,
                           struct mlp_net **net, struct mlp_err *e)
{
    struct mlp_net *n = mlp_arena_alloc(a, sizeof(*n));
    if (!n)
        return mlp_err_nomem(e);
    *n = (struct mlp_net){.arena = a, .model = m, .max_values = count_values(&m->graph), .e = e};
    n->constants = new_array(n, n->max_values, sizeof(*n->constants));
    n->inputs = new_array(n, m->graph.ninputs, sizeof(const struct mlp_onnx_value *));
    if (e->code || load_scoped(n, &m->graph, &n->main) || check_values(n))
        return e->code;
    n->e = NULL;
    *net = n;
    return MLP_OK;
}

size_t mlp_net_ninputs(const struct mlp_net *n)
{
    return n->main.ninputs;
}

size_t mlp_net_noutputs(const struct mlp_net *n)
{
    return n->main.noutputs;
}

const struct mlp_onnx_value *mlp_net_input(const struct mlp_net *n, size_t i)
{
    return n->inputs[i];
}

const struct mlp_onnx_value *mlp_net_output(const struct mlp_net *n, size_t i)
{
    return &n->model->graph.outputs[i];
}

/* --- running --- */

enum mlp_code mlp_net_run_init(struct mlp_net_run *r, const struct mlp_net *n, size_t max_bytes,
                               struct mlp_err *e)
{
    *r = (struct mlp_net_run){.net = n};
    mlp_arena_init(&r->arena, max_bytes);
    r->values = calloc(n->nvalues ? n->nvalues : 1, sizeof(*r->values));
    if (!r->values)
        return mlp_err_nomem(e);
    for (size_t i = 0; i < n->nvalues; i++)
        r->values[i] = n->constants[i];
    return MLP_OK;
}

void mlp_net_run_fini(struct mlp_net_run *r)
{
    free(r->values);
    r->values = NULL;
    mlp_arena_fini(&r->arena);
}

/* One block for all that the last run took, so that a warm run never allocates. */
static void reset_arena(struct mlp_arena *a)
{
    size_t used = a->used;
    mlp_arena_reset(a);
    if (a->held >= used)
        return;
    mlp_arena_fini(a);
    mlp_arena_array64(a, used + used / 8, 1);
    mlp_arena_reset(a);
}

struct mlp_tensor *mlp_net_value(const struct mlp_net_frame *f, uint32_t value)
{
    return &f->run->values[value];
}

static enum mlp_code gather_inputs(const struct mlp_net_call *c, const struct mlp_tensor **in)
{
    for (uint32_t i = 0; i < c->nin; i++) {
        uint32_t v = c->node->in[i];
        in[i] = v == MLP_NET_ABSENT ? NULL : mlp_net_value(c->frame, v);
        if (in[i] && !in[i]->type)
            return mlp_net_fail(c, "input %u was not computed", i);
        if (in[i] && mlp_dtype_is_holder(in[i]->type) && !c->node->takes_holders)
            return mlp_net_bad_type(c, i);
    }
    return MLP_OK;
}

static enum mlp_code run_node(struct mlp_net_frame *f, const struct mlp_net_node *n,
                              struct mlp_err *e)
{
    struct mlp_arena *a = &f->run->arena;
    const struct mlp_tensor **in = mlp_arena_array(a, n->nin, sizeof(*in));
    struct mlp_tensor *out = mlp_arena_array(a, n->nout, sizeof(*out));
    struct mlp_net_call c = {.node = n, .in = in, .nin = n->nin, .out = out, .nout = n->nout,
                             .arena = a, .frame = f, .e = e};
    if (!in || !out)
        return mlp_err_set(e, MLP_EIO, "no memory to run the network");
    if (gather_inputs(&c, in))
        return e->code;
    enum mlp_code code = n->op->run(&c);
    if (code)
        return mlp_err_wrap(e, "%.*s", MLP_STR_ARG(n->source->op_type));
    for (uint32_t i = 0; i < n->nout; i++)
        if (n->out[i] != MLP_NET_ABSENT)
            *mlp_net_value(f, n->out[i]) = out[i];
    return MLP_OK;
}

enum mlp_code mlp_net_body_run(struct mlp_net_frame *f, const struct mlp_net_body *body,
                               struct mlp_err *e)
{
    for (size_t i = 0; i < body->nnodes; i++) {
        enum mlp_code code = run_node(f, &body->nodes[i], e);
        if (code)
            return code;
    }
    return MLP_OK;
}

static bool holder_fits(const struct mlp_onnx_value *v, const struct mlp_tensor *t)
{
    if (t->type == MLP_DT_EMPTY)
        return v->optional;
    if (t->type == MLP_DT_MAP)
        return !v->sequence && t->n == 2 && t->items[0].type == v->map_key &&
               t->items[1].type == v->type && t->items[0].n == t->items[1].n;
    bool fits = v->sequence && t->type == MLP_DT_SEQUENCE;
    for (size_t i = 0; fits && i < t->n; i++)
        fits = t->items[i].type == v->type;
    return fits;
}

static bool fits(const struct mlp_onnx_value *v, const struct mlp_tensor *t)
{
    if (mlp_dtype_is_holder(t->type) || v->sequence || v->map_key)
        return holder_fits(v, t);
    if (v->type != t->type || (v->rank >= 0 && (uint32_t)v->rank != t->rank))
        return false;
    for (int32_t i = 0; i < v->rank; i++)
        if (v->dims[i] > 0 && v->dims[i] != t->dims[i])
            return false;
    return true;
}

enum mlp_code mlp_net_run(struct mlp_net_run *r, const struct mlp_tensor *in,
                          struct mlp_tensor *out, struct mlp_err *e)
{
    const struct mlp_net_body *body = &r->net->main;
    struct mlp_net_frame f = {r};
    reset_arena(&r->arena);
    for (size_t i = 0; i < body->ninputs; i++) {
        if (!fits(r->net->inputs[i], &in[i]))
            return mlp_err_set(e, MLP_EINPUT, "input '%.*s' of the network has another type or "
                               "shape than the model declares",
                               MLP_STR_ARG(r->net->inputs[i]->name));
        r->values[body->inputs[i]] = in[i];
    }
    if (mlp_net_body_run(&f, body, e))
        return e->code;
    for (size_t i = 0; i < body->noutputs; i++) {
        const struct mlp_onnx_value *v = mlp_net_output(r->net, i);
        out[i] = r->values[body->outputs[i]];
        if (mlp_dtype_is_holder(out[i].type) && !v->sequence && !v->optional)
            return mlp_err_set(e, MLP_EINPUT, "output '%.*s' of the network is a %s, which the "
                               "model does not declare", MLP_STR_ARG(v->name),
                               mlp_dtype_name(out[i].type));
    }
    return MLP_OK;
}

size_t mlp_net_run_block(const struct mlp_net_run *r)
{
    size_t rows = BLOCK_BYTES / (r->arena.used + 1);
    return rows ? rows : 1;
}
