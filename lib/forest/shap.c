/* shap.c: the trees as TreeSHAP walks them (shap.h). */
#include "forest/shap.h"
#include <math.h>

/* A share of no rows at all would divide by zero; this one adds nothing that a double shows. */
#define LEAST_SHARE 1e-150
#define MOST_FEATURES 1024

/* --- quadrature --- */

/* The Legendre polynomial of degree n at x, and its slope. */
static double legendre(unsigned n, double x, double *slope)
{
    double p = 1, q = 0;
    for (unsigned k = 0; k < n; k++) {
        double r = q;
        q = p;
        p = ((2 * k + 1) * x * q - k * r) / (k + 1);
    }
    *slope = n * (x * p - q) / (x * x - 1);
    return p;
}

/* Points and weights on (0, 1): roots by Newton's method from Tricomi's estimate. The rule is
 * symmetric, so that 1 - t is read from the other end, without a difference that would cancel. */
static void fill_rule(unsigned n, double *t, double *u, double *v)
{
    for (unsigned i = 0; i < n; i++) {
        double x = cos(M_PI * (i + 0.75) / (n + 0.5)), slope = 1;
        for (unsigned k = 0; k < 8; k++)
            x -= legendre(n, x, &slope) / slope;
        legendre(n, x, &slope);
        u[n - 1 - i] = t[i] = (1 - x) / 2;
        v[i] = 1 / ((1 - x * x) * slope * slope);
    }
    for (unsigned i = 0; i < n; i++)
        v[i] /= u[i];
}

static enum mlp_code make_rules(struct mlp_shap *s, struct mlp_arena *a, struct mlp_err *e)
{
    double **rule = mlp_arena_array(a, s->points + 1, sizeof *rule);
    if (!rule)
        return mlp_err_nomem(e);
    for (const struct mlp_shap_tree *t = s->first; t; t = t->next) {
        uint32_t n = t->points;
        if (rule[n])
            continue;
        rule[n] = mlp_arena_array(a, 3 * (size_t)n, sizeof **rule);
        if (!rule[n])
            return mlp_err_nomem(e);
        fill_rule(n, rule[n], rule[n] + n, rule[n] + 2 * n);
    }
    s->rule = (const double *const *)rule;
    return MLP_OK;
}

/* What a row that follows an edge gains, at every point: w (1 - z) / (z (1 - t) + t), and the
 * w / (1 - t) that it does not lose. */
static enum mlp_code fill_gains(const struct mlp_shap *s, struct mlp_shap_tree *t,
                                struct mlp_arena *a, struct mlp_err *e)
{
    size_t n = t->points;
    const double *point = s->rule[n], *u = point + n, *v = u + n;
    double *gain = mlp_arena_array64(a, t->n * n, sizeof *gain);
    if (!gain)
        return mlp_err_nomem(e);
    for (size_t k = 0; k < t->n; k++)
        for (size_t i = 0; i < n; i++) {
            double z = t->node[k].share;
            gain[k * n + i] = v[i] * ((1 - z) * u[i] / (z * u[i] + point[i]) + 1);
        }
    t->gain = gain;
    return MLP_OK;
}

/* --- one tree --- */

/* An edge of the path from the root to the node at hand. */
struct edge {
    uint32_t feature, before;
    uint32_t features;           /* different ones from the root to here */
    double share, reach;         /* reach: share of all rows that come here */
};

/* A node that waits for its turn. */
struct waiting {
    uint32_t node, parent, level;
    bool right;
};

/* What building one tree needs; edges by level, last: level of the last edge over a feature. */
struct work {
    const struct mlp_forest_builder *b;
    const struct mlp_tree *t;
    struct mlp_vec edges, waiting;
    uint32_t *last;
    uint32_t level, features;    /* deepest edge on the path; most features of a path */
    struct mlp_shap *s;
    struct mlp_shap_tree *to;
    struct mlp_shap_node *node;
    double *value;
    size_t nleaves;
};

static struct edge *edge_at(const struct work *w, size_t level)
{
    return mlp_vec_at(&w->edges, level);
}

/* The share of a node's rows that go to a child. Rows of weight 0 leave none: any share will do. */
static double share_of(const struct mlp_tree *t, uint32_t parent, uint32_t child)
{
    double share = t->cover[child] / t->cover[parent];
    return isfinite(share) && share >= 0 ? share : 0.5;
}

static void leave(struct work *w, uint32_t level)
{
    for (; w->level >= level && w->level > 0; w->level--)
        w->last[edge_at(w, w->level)->feature] = edge_at(w, w->level)->before;
}

/* The edge to a node becomes the deepest of the path. */
static enum mlp_code enter(struct work *w, const struct waiting *at, struct mlp_err *e)
{
    leave(w, at->level);
    while (w->edges.n <= at->level)
        if (!mlp_vec_push(&w->edges))
            return mlp_err_nomem(e);
    struct edge *to = edge_at(w, at->level), *up = edge_at(w, at->level - 1);
    uint32_t feature = w->t->feature[at->parent], before = w->last[feature];
    double share = share_of(w->t, at->parent, at->node);
    *to = (struct edge){feature, before, up->features + !before, share, up->reach * share};
    to->share *= before ? edge_at(w, before)->share : 1;
    to->share = to->share < LEAST_SHARE ? LEAST_SHARE : to->share;
    w->last[feature] = w->level = at->level;
    w->features = to->features > w->features ? to->features : w->features;
    return w->features <= MOST_FEATURES
               ? MLP_OK
               : mlp_err_set(e, MLP_EINPUT, "a tree's path asks for more than %d features: its "
                                            "contributions are not computed", MOST_FEATURES);
}

/* The threshold that `<=` needs. */
static double settled(const struct mlp_forest_spec *s, double t)
{
    if (!s->strict)
        return t;
    return s->float32 ? (double)nextafterf((float)t, -INFINITY) : nextafter(t, -INFINITY);
}

static void take_leaf(struct work *w, uint32_t node, double reach)
{
    size_t width = w->b->spec.value_width;
    const double *v = w->t->value + node * width;
    memcpy(w->value + w->nleaves++ * width, v, width * sizeof *v);
    for (size_t k = 0; k < width; k++)
        w->s->expected[width == 1 ? w->t->output : k] += v[k] * reach;
}

static enum mlp_code take_node(struct work *w, const struct waiting *at, struct mlp_err *e)
{
    const struct mlp_tree *t = w->t;
    uint32_t i = at->node;
    if (at->level && enter(w, at, e))
        return e->code;
    const struct edge *edge = edge_at(w, at->level);
    struct mlp_shap_node *n = &w->node[w->to->n++];
    *n = (struct mlp_shap_node){.level = at->level, .share = edge->share, .before = edge->before,
                                .right = at->right, .leaf = t->left[i] < 0};
    w->to->depth = at->level > w->to->depth ? at->level : w->to->depth;
    if (n->leaf) {
        take_leaf(w, i, edge->reach);
        return MLP_OK;
    }
    n->feature = t->feature[i];
    n->flags = t->flags[i];
    n->threshold = settled(&w->b->spec, t->threshold[i]);
    n->set = t->flags[i] & MLP_SPLIT_CATEGORIES ? t->set[i] : 0;
    struct waiting *right = mlp_vec_push(&w->waiting), *left = mlp_vec_push(&w->waiting);
    if (!right || !left)
        return mlp_err_nomem(e);
    right = left - 1;
    *right = (struct waiting){(uint32_t)t->right[i], i, at->level + 1, true};
    *left = (struct waiting){(uint32_t)t->left[i], i, at->level + 1, false};
    return MLP_OK;
}

static enum mlp_code take_nodes(struct work *w, struct mlp_err *e)
{
    struct edge *root = mlp_vec_push(&w->edges);
    struct waiting *first = mlp_vec_push(&w->waiting);
    if (!root || !first)
        return mlp_err_nomem(e);
    *root = (struct edge){0, 0, 0, 1, 1};
    *first = (struct waiting){0, 0, 0, false};
    while (w->waiting.n) {
        struct waiting at = *(struct waiting *)mlp_vec_at(&w->waiting, --w->waiting.n);
        if (take_node(w, &at, e))
            return e->code;
    }
    leave(w, 1);
    return MLP_OK;
}

static enum mlp_code start(struct mlp_shap **s, const struct mlp_forest_builder *b,
                           struct mlp_err *e)
{
    if (*s)
        return MLP_OK;
    *s = mlp_arena_alloc(b->arena, sizeof **s);
    double *expected = mlp_arena_array(b->arena, b->spec.noutputs, sizeof *expected);
    if (!*s || !expected)
        return mlp_err_nomem(e);
    (*s)->spec = b->spec;
    (*s)->expected = expected;
    return MLP_OK;
}

enum mlp_code mlp_shap_add(struct mlp_shap **s, const struct mlp_forest_builder *b,
                           const struct mlp_tree *t, struct mlp_err *e)
{
    struct mlp_arena *a = b->arena, tmp;
    if (!t->cover)
        return mlp_err_set(e, MLP_EINPUT, "the file does not tell how many rows reached each "
                                          "node: contributions cannot be computed");
    if (start(s, b, e))
        return e->code;
    mlp_arena_init(&tmp, SIZE_MAX);
    struct work w = {.b = b, .t = t, .s = *s};
    mlp_vec_init(&w.edges, sizeof(struct edge));
    mlp_vec_init(&w.waiting, sizeof(struct waiting));
    w.to = mlp_arena_alloc(a, sizeof *w.to);
    w.node = mlp_arena_array(a, t->n, sizeof *w.node);
    w.value = mlp_arena_array(a, (t->n / 2 + 1) * b->spec.value_width, sizeof *w.value);
    w.last = mlp_arena_array(&tmp, b->spec.nfeatures, sizeof *w.last);
    bool room = w.to && w.node && w.value && w.last;
    enum mlp_code code = room ? take_nodes(&w, e) : mlp_err_nomem(e);
    mlp_vec_fini(&w.edges);
    mlp_vec_fini(&w.waiting);
    mlp_arena_fini(&tmp);
    if (code)
        return code;
    w.to->node = w.node;
    w.to->value = w.value;
    w.to->output = t->output;
    w.to->points = w.features < 2 ? 1 : (w.features + 1) / 2;
    *((*s)->last ? &(*s)->last->next : &(*s)->first) = w.to;
    (*s)->last = w.to;
    return MLP_OK;
}

/* --- all trees --- */

/* Features become indices into `used`. */
static void number_features(struct mlp_shap *s, uint32_t *number, uint32_t *used)
{
    for (const struct mlp_shap_tree *t = s->first; t; t = t->next)
        for (size_t i = 0; i < t->n; i++)
            if (!t->node[i].leaf)
                number[t->node[i].feature] = 1;
    for (uint32_t i = 0; i < s->spec.nfeatures; i++)
        if (number[i]) {
            number[i] = s->nused;
            used[s->nused++] = i;
        }
}

enum mlp_code mlp_shap_end(struct mlp_shap **out, const struct mlp_forest_builder *b,
                           struct mlp_forest *f, struct mlp_err *e)
{
    if (start(out, b, e))
        return e->code;
    struct mlp_shap *s = *out;
    uint32_t *number = mlp_arena_array(b->arena, b->spec.nfeatures, sizeof *number);
    uint32_t *used = mlp_arena_array(b->arena, b->spec.nfeatures, sizeof *used);
    if (!number || !used)
        return mlp_err_nomem(e);
    number_features(s, number, used);
    for (struct mlp_shap_tree *t = s->first; t; t = t->next) {
        for (size_t i = 0; i < t->n; i++)
            t->node[i].feature = number[t->node[i].feature];
        s->depth = t->depth > s->depth ? t->depth : s->depth;
        s->points = t->points > s->points ? t->points : s->points;
    }
    for (size_t k = 0; k < s->spec.noutputs && s->spec.divide != 0; k++)
        s->expected[k] /= s->spec.divide;
    s->used = used;
    s->sets = f->sets;
    f->shap = s;
    if (make_rules(s, b->arena, e))
        return e->code;
    for (struct mlp_shap_tree *t = s->first; t; t = t->next)
        if (fill_gains(s, t, b->arena, e))
            return e->code;
    return MLP_OK;
}
