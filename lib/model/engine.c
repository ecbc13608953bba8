/* engine.c: running a finished graph over blocks of rows (graph.h). */
#include "model/graph.h"
#include <math.h>
#include <stdlib.h>

static const struct mlp_gnode *node_at(const struct mlp_graph *g, size_t i)
{
    return mlp_vec_at(&g->nodes, i);
}

/* Scratch is shared: nodes run one after the other. */
static size_t scratch_bytes(const struct mlp_graph *g, size_t rows)
{
    size_t most = 0;
    for (size_t i = 0; i < g->nodes.n; i++) {
        const struct mlp_gnode *n = node_at(g, i);
        size_t want = n->need && n->op->scratch ? n->op->scratch(n, rows) : 0;
        most = want > most ? want : most;
    }
    return most;
}

static void *aligned(size_t count, size_t size)
{
    size_t n = 0;
    if (__builtin_mul_overflow(count, size, &n) || n > SIZE_MAX - 128)
        return NULL;
    n = (n + 127) & ~(size_t)63;
    void *p = aligned_alloc(64, n);
    if (p)
        memset(p, 0, n);
    return p;
}

enum mlp_code mlp_area_init(struct mlp_area *w, const struct mlp_graph *g, size_t rows,
                            struct mlp_err *e)
{
    w->rows = rows;
    w->state = NULL;
    w->num = aligned(g->num_width * rows, sizeof *w->num);
    w->text = aligned(g->text_width * rows, sizeof *w->text);
    w->scratch = aligned(scratch_bytes(g, rows), 1);
    if (w->num && w->text && w->scratch)
        return MLP_OK;
    mlp_area_fini(w);
    return mlp_err_nomem(e);
}

void mlp_area_fini(struct mlp_area *w)
{
    free(w->num);
    free(w->text);
    free(w->scratch);
    if (w->state)
        w->state_free(w->state);
    memset(w, 0, sizeof *w);
}

static size_t first(const struct mlp_area *w, const struct mlp_place *p)
{
    return p->base * w->rows + p->column;
}

static void copy_numbers(const struct mlp_area *w, const struct mlp_gnode *n,
                         const struct mlp_gnode *from, const struct mlp_copy *c, size_t rows)
{
    double *to = w->num + first(w, &n->in_place) + c->to;
    const double *p = w->num + first(w, &from->out_place) + c->from.index;
    for (size_t r = 0; r < rows; r++, to += n->in_place.ld, p += from->out_place.ld)
        for (uint32_t k = 0; k < c->count; k++)
            to[k] = p[k];
}

static void copy_texts(const struct mlp_area *w, const struct mlp_gnode *n,
                       const struct mlp_gnode *from, const struct mlp_copy *c, size_t rows)
{
    struct mlp_str *to = w->text + first(w, &n->in_place) + c->to;
    const struct mlp_str *p = w->text + first(w, &from->out_place) + c->from.index;
    for (size_t r = 0; r < rows; r++, to += n->in_place.ld, p += from->out_place.ld)
        for (uint32_t k = 0; k < c->count; k++)
            to[k] = p[k];
}

static void gather(const struct mlp_graph *g, const struct mlp_area *w, const struct mlp_gnode *n,
                   size_t rows)
{
    for (size_t i = 0; i < n->ncopies; i++) {
        const struct mlp_copy *c = &n->copies[i];
        const struct mlp_gnode *from = node_at(g, c->from.node);
        if (n->in_wire == MLP_WIRE_NUM)
            copy_numbers(w, n, from, c, rows);
        else
            copy_texts(w, n, from, c, rows);
    }
}

struct mlp_str mlp_graph_column_name(const struct mlp_graph *g, const struct mlp_gnode *n, size_t i)
{
    if (i < n->in.n && n->in.p[i].node <= MLP_NODE_TEXTS && g->names)
        return g->names[n->in.p[i].index];
    return (struct mlp_str){NULL, 0};
}

/* What the libraries do with such rows is an error; a made-up answer would be worse. */
static enum mlp_code check_finite(const struct mlp_gnode *n, struct mlp_call *c)
{
    for (size_t r = 0; r < c->rows; r++) {
        const double *x = c->x + r * c->ldx;
        for (size_t i = 0; i < n->in.n; i++) {
            if (isfinite(x[i]))
                continue;
            struct mlp_str name = mlp_graph_column_name(c->g, n, i);
            c->row = r;
            return mlp_err_set(c->e, MLP_EINPUT,
                               "%s%.*s is %s, and the model's %s takes no such value",
                               name.n ? "column " : "a feature", MLP_STR_ARG(name),
                               isnan(x[i]) ? "missing" : "infinite", n->op->name);
        }
    }
    return MLP_OK;
}

static enum mlp_code run_node(const struct mlp_graph *g, struct mlp_area *w,
                              const struct mlp_gnode *n, struct mlp_call *call)
{
    gather(g, w, n, call->rows);
    call->node = n;
    call->ldx = n->in_place.ld;
    call->ldy = n->out_place.ld;
    call->x = n->in_wire == MLP_WIRE_NUM ? w->num + first(w, &n->in_place) : NULL;
    call->t = n->in_wire == MLP_WIRE_TEXT ? w->text + first(w, &n->in_place) : NULL;
    call->y = n->out_wire == MLP_WIRE_NUM ? w->num + first(w, &n->out_place) : NULL;
    call->ty = n->out_wire == MLP_WIRE_TEXT ? w->text + first(w, &n->out_place) : NULL;
    if (n->finite && check_finite(n, call))
        return call->e->code;
    return n->op->run(n, call);
}

enum mlp_code mlp_graph_run(const struct mlp_graph *g, struct mlp_area *w, size_t rows,
                            uint32_t outputs, size_t *bad, struct mlp_err *e)
{
    struct mlp_call call = {.rows = rows, .scratch = w->scratch, .g = g, .area = w, .e = e};
    enum mlp_code code = MLP_OK;
    for (size_t i = 2; i < g->nodes.n && !code; i++) {
        const struct mlp_gnode *n = node_at(g, i);
        if (n->need & outputs)
            code = run_node(g, w, n, &call);
    }
    *bad = call.row;
    return code;
}

double *mlp_area_numbers(const struct mlp_graph *g, const struct mlp_area *w, size_t r)
{
    const struct mlp_place *p = &node_at(g, MLP_NODE_NUMBERS)->out_place;
    return w->num + first(w, p) + r * p->ld;
}

struct mlp_str *mlp_area_texts(const struct mlp_graph *g, const struct mlp_area *w, size_t r)
{
    const struct mlp_place *p = &node_at(g, MLP_NODE_TEXTS)->out_place;
    return w->text + first(w, p) + r * p->ld;
}

const double *mlp_area_column(const struct mlp_graph *g, const struct mlp_area *w,
                              struct mlp_col c, size_t *stride)
{
    const struct mlp_place *p = &node_at(g, c.node)->out_place;
    *stride = p->ld;
    return w->num + first(w, p) + c.index;
}
