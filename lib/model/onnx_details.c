/* onnx_details.c: what inspect tells of an ONNX file beside its columns. */
#include "model/loader.h"
#include "net/onnx.h"

#define MOST_NODES 2000

/* A list being written; n stays below room. */
struct detail {
    struct mlp_load *l;
    struct mlp_str *items;
    size_t n, room;
    bool failed;
};

static bool begin(struct detail *d, struct mlp_load *l, size_t room)
{
    *d = (struct detail){.l = l, .room = room};
    d->items = mlp_arena_array(&l->m->arena, room + 1, sizeof *d->items);
    return d->items != NULL;
}

static void item(struct detail *d, const struct mlp_buf *b)
{
    if (d->n == d->room)
        return;
    struct mlp_str s = mlp_arena_str(&d->l->m->arena, mlp_buf_str(b));
    d->failed = d->failed || !s.p;
    d->items[d->n++] = s;
}

/* Lists without items are left out. */
static enum mlp_code end(const struct detail *d, const char *name)
{
    struct mlp_model_info *info = &d->l->m->info;
    if (d->failed)
        return mlp_err_nomem(d->l->e);
    if (d->n)
        info->details[info->ndetails++] =
            (struct mlp_detail){mlp_str_from(name), d->n, d->items};
    return MLP_OK;
}

/* "X: float [?, 8]", with ? for what the file leaves open. */
static void add_value(struct mlp_buf *b, const struct mlp_onnx_value *v)
{
    mlp_buf_addf(b, "%.*s: ", MLP_STR_ARG(v->name));
    if (v->map_key) {
        mlp_buf_addf(b, "%smap%s from %s to %s", v->sequence ? "sequence of " : "",
                     v->sequence ? "s" : "", mlp_dtype_name(v->map_key),
                     mlp_dtype_name(v->type));
        return;
    }
    mlp_buf_addf(b, "%s%s", v->sequence ? "sequence of " : "", mlp_dtype_name(v->type));
    mlp_buf_adds(b, v->rank < 0 ? " of any shape" : " [");
    for (int32_t i = 0; i < v->rank; i++) {
        mlp_buf_adds(b, i ? ", " : "");
        if (v->dims[i] < 0)
            mlp_buf_addc(b, '?');
        else
            mlp_buf_addi64(b, v->dims[i]);
    }
    mlp_buf_adds(b, v->rank < 0 ? "" : "]");
}

static enum mlp_code values(struct mlp_load *l, const struct mlp_onnx_graph *g, bool in,
                            struct mlp_buf *b)
{
    size_t n = in ? g->ninputs : g->noutputs;
    struct detail d;
    if (!begin(&d, l, n))
        return mlp_err_nomem(l->e);
    for (size_t i = 0; i < n; i++) {
        const struct mlp_onnx_value *v = in ? &g->inputs[i] : &g->outputs[i];
        bool weight = false;
        for (size_t k = 0; in && k < g->ninits && !weight; k++)
            weight = mlp_str_eq(g->init_names[k], v->name);
        if (weight)
            continue;
        mlp_buf_reset(b);
        add_value(b, v);
        item(&d, b);
    }
    return end(&d, in ? "tensors in" : "tensors out");
}

static struct mlp_str domain_of(struct mlp_str domain)
{
    return domain.n ? domain : MLP_STR("ai.onnx");
}

static enum mlp_code opsets(struct mlp_load *l, const struct mlp_onnx_model *m, struct mlp_buf *b)
{
    struct detail d;
    if (!begin(&d, l, m->nopsets))
        return mlp_err_nomem(l->e);
    for (size_t i = 0; i < m->nopsets; i++) {
        mlp_buf_reset(b);
        mlp_buf_addf(b, "%.*s %lld", MLP_STR_ARG(domain_of(m->opsets[i].domain)),
                     (long long)m->opsets[i].version);
        item(&d, b);
    }
    return end(&d, "opsets");
}

static enum mlp_code producer(struct mlp_load *l, const struct mlp_onnx_model *m,
                              struct mlp_buf *b)
{
    struct detail d;
    if (!begin(&d, l, 1))
        return mlp_err_nomem(l->e);
    mlp_buf_reset(b);
    mlp_buf_addf(b, "%.*s %.*s", MLP_STR_ARG(m->producer), MLP_STR_ARG(m->producer_version));
    if (m->producer.n)
        item(&d, b);
    return end(&d, "producer");
}

static enum mlp_code metadata(struct mlp_load *l, const struct mlp_onnx_model *m,
                              struct mlp_buf *b)
{
    struct detail d;
    if (!begin(&d, l, m->nmetadata))
        return mlp_err_nomem(l->e);
    for (size_t i = 0; i < m->nmetadata; i++) {
        mlp_buf_reset(b);
        mlp_buf_addf(b, "%.*s: %.300s", MLP_STR_ARG(m->metadata_keys[i]),
                     m->metadata_values[i].n ? m->metadata_values[i].p : "");
        item(&d, b);
    }
    return end(&d, "metadata");
}

/* Graphs within nodes are counted with the node that holds them. */
static size_t weight_bytes(const struct mlp_onnx_graph *g, size_t *tensors)
{
    size_t bytes = 0;
    for (size_t i = 0; i < g->ninits; i++)
        bytes += g->inits[i].n * mlp_dtype_size(g->inits[i].type);
    *tensors += g->ninits;
    for (size_t i = 0; i < g->nnodes; i++)
        for (size_t k = 0; k < g->nodes[i].nattrs; k++) {
            const struct mlp_onnx_attr *a = &g->nodes[i].attrs[k];
            if (a->t) {
                bytes += a->t->n * mlp_dtype_size(a->t->type);
                ++*tensors;
            }
            if (a->g)
                bytes += weight_bytes(a->g, tensors);
        }
    return bytes;
}

static enum mlp_code weights(struct mlp_load *l, const struct mlp_onnx_graph *g,
                             struct mlp_buf *b)
{
    struct detail d;
    size_t tensors = 0, bytes = weight_bytes(g, &tensors);
    if (!begin(&d, l, 1))
        return mlp_err_nomem(l->e);
    mlp_buf_reset(b);
    mlp_buf_addf(b, "%zu bytes in %zu tensors", bytes, tensors);
    item(&d, b);
    return end(&d, "weights");
}

/* "Gemm 3": in the order of the first node of each. */
static enum mlp_code operators(struct mlp_load *l, const struct mlp_onnx_graph *g,
                               struct mlp_buf *b)
{
    struct detail d;
    size_t nodes = g->nnodes < MOST_NODES ? g->nnodes : MOST_NODES;
    if (!begin(&d, l, nodes))
        return mlp_err_nomem(l->e);
    for (size_t i = 0; i < nodes; i++) {
        const struct mlp_onnx_node *n = &g->nodes[i];
        size_t count = 0, before = 0;
        for (size_t k = 0; k < nodes && !before; k++)
            if (mlp_str_eq(g->nodes[k].op_type, n->op_type) &&
                mlp_str_eq(g->nodes[k].domain, n->domain)) {
                before += k < i;
                count++;
            }
        mlp_buf_reset(b);
        mlp_buf_addf(b, "%.*s%s%.*s %zu", MLP_STR_ARG(n->domain), n->domain.n ? "." : "",
                     MLP_STR_ARG(n->op_type), count);
        if (!before)
            item(&d, b);
    }
    return end(&d, "operators");
}

static void add_names(struct mlp_buf *b, const struct mlp_str *names, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        mlp_buf_adds(b, i ? ", " : "");
        mlp_buf_addstr(b, names[i]);
    }
}

static enum mlp_code nodes(struct mlp_load *l, const struct mlp_onnx_graph *g, struct mlp_buf *b)
{
    struct detail d;
    if (!begin(&d, l, g->nnodes < MOST_NODES ? g->nnodes : MOST_NODES))
        return mlp_err_nomem(l->e);
    for (size_t i = 0; i < d.room; i++) {
        const struct mlp_onnx_node *n = &g->nodes[i];
        mlp_buf_reset(b);
        mlp_buf_addf(b, "%.*s: ", MLP_STR_ARG(n->op_type));
        add_names(b, n->in, n->nin);
        mlp_buf_adds(b, " -> ");
        add_names(b, n->out, n->nout);
        item(&d, b);
    }
    return end(&d, "nodes");
}

enum mlp_code mlp_onnx_details(struct mlp_load *l, const struct mlp_onnx_model *m)
{
    struct mlp_buf b;
    mlp_buf_init(&b, (size_t)1 << 20);
    l->m->info.details = mlp_arena_array(&l->m->arena, 8, sizeof(struct mlp_detail));
    enum mlp_code code = l->m->info.details ? producer(l, m, &b) : mlp_err_nomem(l->e);
    if (!code && !opsets(l, m, &b) && !metadata(l, m, &b) && !values(l, &m->graph, true, &b) &&
        !values(l, &m->graph, false, &b) && !weights(l, &m->graph, &b) &&
        !operators(l, &m->graph, &b))
        nodes(l, &m->graph, &b);
    mlp_buf_fini(&b);
    return l->e->code;
}
