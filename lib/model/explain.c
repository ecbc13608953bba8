/* explain.c: what of a graph adds up, and which input each column comes from (explain.h). */
#include "model/explain.h"
#include "forest/shap.h"
#include "model/ops_est.h"
#include "model/ops_shape.h"
#include <stdlib.h>

/* A node deeper than any that is read; a damaged graph has no such chain. */
#define MOST_DEPTH 200

/* Where a column comes from: an input's column, nothing (a constant), or several inputs, by way of
 * the node that mixed them. */
#define NOWHERE (-1)
#define MIXED_BY(node) (-2 - (int64_t)(node))

struct plan {
    const struct mlp_graph *g;
    const struct mlp_model_info *info;
    struct mlp_explain *x;
    struct mlp_arena *keep, tmp;
    struct mlp_vec links, parts;
    double *base;
    int64_t **origin;            /* of each node, one a column */
    uint32_t *input;             /* model input of a graph input */
    struct mlp_err *e;
};

static const struct mlp_gnode *node_at(const struct mlp_graph *g, size_t i)
{
    return mlp_vec_at(&g->nodes, i);
}

/* --- where columns come from --- */

static bool by_column(const struct mlp_gnode *n)
{
    static const struct mlp_op *const ops[] = {
        &mlp_op_scale, &mlp_op_impute, &mlp_op_indicator, &mlp_op_impute_text,
        &mlp_op_indicator_text, &mlp_op_map, &mlp_op_above, &mlp_op_encode, &mlp_op_encode_text,
        &mlp_op_lookup, &mlp_op_bins, &mlp_op_quantiles, &mlp_op_power, &mlp_op_curve};
    for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++)
        if (n->op == ops[i])
            return n->out_width == n->in.n;
    return false;
}

static int64_t origin_of(const struct plan *p, const struct mlp_gnode *n, size_t column)
{
    struct mlp_col c = n->in.p[column];
    return p->origin[c.node][c.index];
}

/* Blocks of columns, one an input column, that end at `end`. */
static void by_block(const struct plan *p, const struct mlp_gnode *n, size_t column, size_t end,
                     size_t *at, int64_t *out)
{
    for (; *at < end && *at < n->out_width; ++*at)
        out[*at] = origin_of(p, n, column);
}

/* What all inputs of a node have in common. */
static int64_t common(const struct plan *p, size_t node)
{
    const struct mlp_gnode *n = node_at(p->g, node);
    int64_t all = NOWHERE;
    for (size_t i = 0; i < n->in.n; i++) {
        int64_t one = origin_of(p, n, i);
        if (one == NOWHERE || one == all)
            continue;
        if (all != NOWHERE)
            return MIXED_BY(node);
        all = one;
    }
    return all;
}

static void trace(const struct plan *p, size_t node, int64_t *out)
{
    const struct mlp_gnode *n = node_at(p->g, node);
    const struct mlp_expand *expand = n->params;
    const struct mlp_splines *splines = n->params;
    const struct mlp_knn_impute *neighbours = n->params;
    size_t at = 0;
    for (size_t i = 0; n->op == &mlp_op_expand && i < n->in.n; i++)
        by_block(p, n, i, expand->end[i], &at, out);
    for (size_t i = 0; n->op == &mlp_op_splines && i < n->in.n; i++)
        by_block(p, n, i, at + splines->nknots[i] - splines->degree - 1 - splines->drop_last, &at,
                 out);
    for (; n->op == &mlp_op_knn_impute && at < n->out_width; at++)
        out[at] = origin_of(p, n, neighbours->keep[at]);
    for (; by_column(n) && at < n->out_width; at++)
        out[at] = origin_of(p, n, at);
    int64_t all = at < n->out_width ? common(p, node) : NOWHERE;
    for (; at < n->out_width; at++)
        out[at] = all;
}

static enum mlp_code trace_all(struct plan *p)
{
    size_t n = p->g->nodes.n;
    p->origin = mlp_arena_array(&p->tmp, n, sizeof *p->origin);
    for (size_t i = 0; p->origin && i < n; i++) {
        size_t width = node_at(p->g, i)->out_width;
        p->origin[i] = mlp_arena_array(&p->tmp, width, sizeof **p->origin);
        if (!p->origin[i])
            return mlp_err_nomem(p->e);
        for (size_t k = 0; i <= MLP_NODE_TEXTS && k < width; k++)
            p->origin[i][k] = (int64_t)k;
        if (i > MLP_NODE_TEXTS)
            trace(p, i, p->origin[i]);
    }
    return p->origin ? MLP_OK : mlp_err_nomem(p->e);
}

/* --- what adds up --- */

static enum mlp_code refuse(struct plan *p, const struct mlp_gnode *n, const char *why)
{
    struct mlp_str maker = n->maker.n ? n->maker : mlp_str_from(n->op->name);
    mlp_err_set(p->e, MLP_EINPUT, "%.*s cannot be explained: %s", MLP_STR_ARG(maker), why);
    return mlp_err_hint(p->e, "forests, boosters and linear models are explained, also behind "
                              "steps that keep columns apart; others by shap.KernelExplainer");
}

static enum mlp_code add_link(struct plan *p, struct mlp_col c, uint32_t to, double weight)
{
    struct mlp_explain_link *l = mlp_vec_push(&p->links);
    if (!l)
        return mlp_err_nomem(p->e);
    *l = (struct mlp_explain_link){c.node, c.index, to, weight};
    return MLP_OK;
}

/* A column on its way up: weight times it goes to explained value `to`. */
struct thread {
    struct mlp_col col;
    uint32_t to;
    double weight;
    unsigned depth;
};

static enum mlp_code follow(struct plan *p, struct thread t);

static enum mlp_code follow_in(struct plan *p, const struct mlp_gnode *n, size_t column,
                               struct thread t, double weight)
{
    t.col = n->in.p[column];
    t.weight *= weight;
    t.depth++;
    return follow(p, t);
}

static enum mlp_code follow_scale(struct plan *p, const struct mlp_gnode *n, struct thread t)
{
    const struct mlp_scale *s = n->params;
    size_t i = t.col.index;
    double mul = (s->mul ? s->mul[i] : 1) / (s->div ? s->div[i] : 1);
    double add = (s->add ? s->add[i] : 0) - (s->sub ? s->sub[i] * mul : 0);
    if (s->clip)
        return refuse(p, n, "it clips values, which do not add up then");
    p->base[t.to] += t.weight * add;
    return follow_in(p, n, i, t, mul);
}

static enum mlp_code follow_mix(struct plan *p, const struct mlp_gnode *n, struct thread t)
{
    const struct mlp_mix *m = n->params;
    for (size_t i = 0; i < m->parts; i++) {
        double weight = (m->weight ? m->weight[i] : 1) / m->divide;
        if (follow_in(p, n, i * n->out_width + t.col.index, t, weight))
            return p->e->code;
    }
    return MLP_OK;
}

/* p -> (1 - p, p). */
static enum mlp_code follow_pair(struct plan *p, const struct mlp_gnode *n, struct thread t)
{
    bool second = t.col.index % 2;
    p->base[t.to] += second ? 0 : t.weight;
    return follow_in(p, n, t.col.index / 2, t, second ? 1 : -1);
}

static enum mlp_code follow_trees(struct plan *p, const struct mlp_gnode *n, struct thread t)
{
    const struct mlp_forest *f = ((const struct mlp_trees *)n->params)->forest;
    uint32_t k = t.col.index;
    double divide = f->spec.divide != 0 ? f->spec.divide : 1;
    if (!f->shap)
        return refuse(p, n, "the file does not tell how many rows reached each node");
    p->base[t.to] += t.weight * f->shap->expected[k];
    if (add_link(p, t.col, t.to, t.weight))
        return p->e->code;
    if (n->in.n > f->spec.nfeatures)
        return follow_in(p, n, f->spec.nfeatures + k, t, 1 / divide);
    p->base[t.to] += t.weight * f->base[k] / divide;
    return MLP_OK;
}

static enum mlp_code follow_linear(struct plan *p, const struct mlp_gnode *n, struct thread t)
{
    const struct mlp_linear *l = n->params;
    const struct mlp_gblinear *g = n->params;
    size_t k = t.col.index;
    if (n->op == &mlp_op_linear)
        p->base[t.to] += t.weight * (l->bias ? l->bias[k] : 0);
    else
        p->base[t.to] += t.weight * (double)(g->weight[n->in.n * n->out_width + k] + g->start);
    return add_link(p, t.col, t.to, t.weight);
}

static bool passes(const struct mlp_gnode *n, double *factor)
{
    if (n->op != &mlp_op_map)
        return false;
    enum mlp_fn fn = ((const struct mlp_map_fn *)n->params)->fn;
    *factor = fn == MLP_FN_NEGATIVE ? -1 : 1;
    return fn == MLP_FN_IDENTITY || fn == MLP_FN_NEGATIVE || fn == MLP_FN_FLOAT32;
}

static enum mlp_code follow(struct plan *p, struct thread t)
{
    const struct mlp_gnode *n = node_at(p->g, t.col.node);
    double factor;
    if (t.depth > MOST_DEPTH)
        return refuse(p, n, "it lies too deep");
    if (n->op == &mlp_op_trees)
        return follow_trees(p, n, t);
    if (n->op == &mlp_op_linear || n->op == &mlp_op_gblinear)
        return follow_linear(p, n, t);
    if (n->op == &mlp_op_scale)
        return follow_scale(p, n, t);
    if (n->op == &mlp_op_mix)
        return follow_mix(p, n, t);
    if (n->op == &mlp_op_pair)
        return follow_pair(p, n, t);
    if (passes(n, &factor))
        return follow_in(p, n, t.col.index, t, factor);
    if (n->op == &mlp_op_constant) {
        p->base[t.to] += t.weight * ((const struct mlp_constant *)n->params)->value[t.col.index];
        return MLP_OK;
    }
    return refuse(p, n, "its result is no sum over the inputs");
}

/* What goes into the curves (links) that lie on top: exp, sigmoid. Scaling on the way stays where
 * no curve is below it. */
static struct mlp_col below_curves(const struct mlp_graph *g, struct mlp_col c)
{
    struct mlp_col below = c;
    for (unsigned depth = 0; depth < MOST_DEPTH; depth++) {
        const struct mlp_gnode *n = node_at(g, c.node);
        double factor;
        if ((n->op != &mlp_op_map && n->op != &mlp_op_scale) || n->out_width != n->in.n)
            break;
        c = n->in.p[c.index];
        if (n->op == &mlp_op_map && !passes(n, &factor))
            below = c;
    }
    return below;
}

static bool is_softmax(const struct mlp_gnode *n)
{
    return n->op == &mlp_op_softmax || n->op == &mlp_op_softmax32;
}

/* Probabilities that a curve made: softmax of scores, sigmoid of one. What goes into them. */
static struct mlp_cols below_links(const struct plan *p, struct mlp_cols cols)
{
    const struct mlp_gnode *n = node_at(p->g, cols.p[0].node);
    for (size_t i = 0; i < cols.n; i++)
        if (cols.p[i].node != cols.p[0].node || cols.n != n->out_width)
            return cols;
    if (is_softmax(n) && n->in.n == cols.n)
        return n->in;
    if (n->op != &mlp_op_pair || n->in.n != 1)
        return cols;
    struct mlp_col *below = &p->x->single;
    *below = below_curves(p->g, n->in.p[0]);
    bool curve = below->node != n->in.p[0].node;
    return curve ? (struct mlp_cols){below, 1} : cols;
}

/* --- parts --- */

/* The model input that column `column` of a part comes from. */
static enum mlp_code input_of(struct plan *p, const struct mlp_gnode *n, size_t column,
                              uint32_t *out)
{
    int64_t origin = origin_of(p, n, column);
    *out = 0;
    if (origin >= 0)
        *out = p->input[origin];
    if (origin >= NOWHERE)
        return MLP_OK;
    return refuse(p, node_at(p->g, (size_t)(-2 - origin)),
                  "it mixes input columns, whose contributions cannot be told apart");
}

static enum mlp_code map_columns(struct plan *p, const struct mlp_gnode *n,
                                 struct mlp_explain_part *part)
{
    const struct mlp_trees *trees = n->params;
    const struct mlp_shap *s = n->op == &mlp_op_trees ? trees->forest->shap : NULL;
    size_t count = s ? s->nused : n->in.n;
    uint32_t *input = mlp_arena_array(p->keep, count, sizeof *input);
    if (!input)
        return mlp_err_nomem(p->e);
    for (size_t i = 0; i < count; i++)
        if (input_of(p, n, s ? s->used[i] : i, &input[i]))
            return p->e->code;
    part->input = input;
    if (!s)
        return MLP_OK;
    size_t walk = mlp_shap_scratch(s), phi = 0;
    if (__builtin_mul_overflow((size_t)s->spec.noutputs * s->nused,
                               MLP_SHAP_LANES * sizeof(double), &phi) ||
        !walk || phi > SIZE_MAX - walk)
        return mlp_err_nomem(p->e);
    p->x->scratch = walk + phi > p->x->scratch ? walk + phi : p->x->scratch;
    return MLP_OK;
}

static int by_node(const void *a, const void *b)
{
    const struct mlp_explain_link *x = a, *y = b;
    return x->node != y->node ? (x->node > y->node) - (x->node < y->node)
                              : (x->to > y->to) - (x->to < y->to);
}

static enum mlp_code collect(struct plan *p)
{
    size_t n = p->links.n, at = 0;
    struct mlp_explain_link *link = mlp_arena_array(p->keep, n, sizeof *link);
    struct mlp_explain_part *part = mlp_arena_array(p->keep, n, sizeof *part);
    if (!link || !part)
        return mlp_err_nomem(p->e);
    if (n) {
        memcpy(link, p->links.p, n * sizeof *link);
        qsort(link, n, sizeof *link, by_node);
    }
    p->x->part = part;
    while (at < n) {
        part->node = node_at(p->g, link[at].node);
        part->link = link + at;
        while (at < n && link[at].node == part->link->node)
            at++;
        part->nlinks = (size_t)(link + at - part->link);
        if (map_columns(p, part->node, part))
            return p->e->code;
        part++;
        p->x->nparts++;
    }
    return MLP_OK;
}

/* --- the target --- */

static enum mlp_code choose_target(struct plan *p)
{
    static const char *const names[] = {"margin", "raw", "decision", "proba", "predict", "score"};
    for (size_t k = 0; k < sizeof names / sizeof names[0]; k++)
        for (size_t i = 0; i < p->g->noutputs; i++)
            if (mlp_str_is(p->g->outputs[i].name, names[k]) &&
                p->g->outputs[i].kind != MLP_OUT_LABEL) {
                p->x->target = (uint32_t)i;
                return MLP_OK;
            }
    return mlp_err_set(p->e, MLP_EINPUT, "the model has no value that could be explained");
}

/* Of two classes the second: its share, or the odds when both are scores under a softmax. */
static enum mlp_code follow_target(struct plan *p, struct mlp_cols cols, bool scores)
{
    bool second = cols.n > p->x->nvalues;
    for (size_t k = 0; k < p->x->nvalues; k++) {
        struct thread t = {below_curves(p->g, cols.p[k + second]), (uint32_t)k, 1, 0};
        if (follow(p, t))
            return p->e->code;
    }
    struct thread first = {cols.p[0], 0, -1, 0};
    return second && scores ? follow(p, first) : MLP_OK;
}

/* The base, or a contribution, to value k of n: "base_value", "base_value.CLASS". */
static struct mlp_str name(const struct plan *p, const char *what, size_t k, struct mlp_str input)
{
    struct mlp_buf b;
    size_t n = p->x->nvalues, classes = p->info->nclasses;
    mlp_buf_init(&b, (size_t)1 << 20);
    mlp_buf_adds(&b, what);
    if (n > 1) {
        mlp_buf_addc(&b, '.');
        if (n == classes)
            mlp_buf_addstr(&b, p->info->classes[k]);
        else
            mlp_buf_addu64(&b, k);
    }
    if (input.p) {
        mlp_buf_addc(&b, '.');
        mlp_buf_addstr(&b, input);
    }
    struct mlp_str out = mlp_arena_str(p->keep, mlp_buf_str(&b));
    mlp_buf_fini(&b);
    return out;
}

static enum mlp_code name_columns(struct plan *p)
{
    size_t inputs = p->x->ninputs, width = p->x->nvalues * (inputs + 1);
    struct mlp_str *names = mlp_arena_array(p->keep, width, sizeof *names);
    for (size_t i = 0; names && i < width; i++) {
        size_t column = i % (inputs + 1), k = i / (inputs + 1);
        names[i] = column < inputs
                       ? name(p, "contribution", k, p->info->inputs[column].name)
                       : name(p, "base_value", k, (struct mlp_str){NULL, 0});
        if (!names[i].p)
            return mlp_err_nomem(p->e);
    }
    p->x->output = (struct mlp_output){.name = MLP_STR("contribution"), .kind = MLP_OUTPUT_F64,
                                       .width = width, .columns = names};
    return names ? MLP_OK : mlp_err_nomem(p->e);
}

static enum mlp_code make(struct plan *p, const uint32_t *position)
{
    struct mlp_explain *x = p->x;
    if (trace_all(p) || choose_target(p))
        return p->e->code;
    struct mlp_cols offered = p->g->outputs[x->target].cols, cols = below_links(p, offered);
    x->ninputs = p->info->ninputs;
    x->nvalues = cols.n == 2 && p->info->nclasses == 2 ? 1 : cols.n;
    x->base = p->base = mlp_arena_array(p->keep, x->nvalues, sizeof *p->base);
    p->input = mlp_arena_array(&p->tmp, p->g->ninputs, sizeof *p->input);
    if (!p->base || !p->input)
        return mlp_err_nomem(p->e);
    for (size_t i = 0; i < x->ninputs; i++)
        p->input[position[i]] = (uint32_t)i;
    if (follow_target(p, cols, cols.p != offered.p) || collect(p))
        return p->e->code;
    return name_columns(p);
}

enum mlp_code mlp_explain_plan(const struct mlp_graph *g, const struct mlp_model_info *info,
                               const uint32_t *position, struct mlp_explain **out,
                               struct mlp_err *e)
{
    struct plan p = {.g = g, .info = info, .keep = g->arena, .e = e};
    *out = p.x = mlp_arena_alloc(p.keep, sizeof *p.x);
    if (!p.x)
        return mlp_err_nomem(e);
    mlp_arena_init(&p.tmp, SIZE_MAX);
    mlp_vec_init(&p.links, sizeof(struct mlp_explain_link));
    enum mlp_code code = make(&p, position);
    mlp_vec_fini(&p.links);
    mlp_arena_fini(&p.tmp);
    return code;
}
