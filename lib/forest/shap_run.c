/* shap_run.c: contributions of rows, LANES side by side (shap.h).
 *
 * A tree is one walk over its nodes, parents first. Going down, each level of the path holds the
 * products of the factors z (1 - t) + o t at every point t. Coming back up, a level holds their
 * sums over the leaves below, from which the edge's own feature gets its part. An edge over a
 * feature that is on the path already replaces the factor of the edge before it. */
#include "forest/shap.h"
#include <math.h>

#define LANES MLP_SHAP_LANES
#define INLINE static inline __attribute__((always_inline))

/* One value of each row. The compiler makes what the processor has of it. */
typedef double lanes __attribute__((vector_size(LANES * sizeof(double))));
typedef int64_t mask __attribute__((vector_size(LANES * sizeof(double))));

/* The path, by level. known: 1 where the row follows the edge (and those before it over the same
 * feature); left: 1 where it goes left at the node; gain: at each point, what a known edge adds to
 * the weight of an unknown one. Sums are value_width * points a level. */
struct path {
    lanes *product, *sum, *known, *left;
    double *share, *gain;
    uint32_t *feature, *before;
};

/* Everything that a walk looks at. */
struct walk {
    const struct mlp_shap *s;
    const struct mlp_shap_tree *tree;
    const double *t, *u, *w;     /* the rule: points, 1 - t, weights */
    uint32_t n;                  /* points */
    size_t width;
    const lanes *x;              /* of used features */
    lanes *phi;                  /* of the tree's first output */
    struct path p;
};

/* --- memory --- */

static size_t levels(const struct mlp_shap *s)
{
    return (size_t)s->depth + 1;
}

size_t mlp_shap_scratch(const struct mlp_shap *s)
{
    size_t vectors = 0, per_level = (2 + s->spec.value_width) * ((size_t)s->points + 1) + 2;
    if (__builtin_mul_overflow(levels(s), per_level, &vectors) ||
        vectors > SIZE_MAX / 4 / sizeof(lanes))
        return 0;
    return (vectors + s->nused + 8) * sizeof(lanes);
}

static void *cut(char **at, size_t n, size_t size)
{
    void *p = *at;
    *at += (n * size + 63) & ~(size_t)63;
    return p;
}

static lanes *lay_out(const struct mlp_shap *s, void *scratch, struct path *p)
{
    char *at = scratch;
    size_t l = levels(s);
    lanes *x = cut(&at, s->nused, sizeof *x);
    p->product = cut(&at, l * s->points, sizeof *p->product);
    p->sum = cut(&at, l * s->points * s->spec.value_width, sizeof *p->sum);
    p->known = cut(&at, l, sizeof *p->known);
    p->left = cut(&at, l, sizeof *p->left);
    p->gain = cut(&at, l * s->points, sizeof *p->gain);
    p->share = cut(&at, l, sizeof *p->share);
    p->feature = cut(&at, l, sizeof *p->feature);
    p->before = cut(&at, l, sizeof *p->before);
    return x;
}

/* --- decisions --- */

static bool category_left(const struct mlp_shap *s, const struct mlp_shap_node *n, double v)
{
    bool missing_left = (n->flags & MLP_SPLIT_DEFAULT_LEFT) != 0;
    const struct mlp_cat_set *set = &s->sets[n->set];
    if (isnan(v))
        return missing_left;
    if (n->flags & MLP_SPLIT_TRUNCATE)
        v = trunc(v);
    if (!(v >= 0 && v < (double)set->ncodes))
        return n->flags & MLP_SPLIT_OUT_MISSING ? missing_left
                                                : (n->flags & MLP_SPLIT_OUT_LEFT) != 0;
    uint32_t code = (uint32_t)v;
    bool in = set->bits[code / 32] >> (code % 32) & 1;
    return in == ((n->flags & MLP_SPLIT_SET_LEFT) != 0);
}

static bool special_left(const struct mlp_shap *s, const struct mlp_shap_node *n, double v)
{
    if (n->flags & MLP_SPLIT_CATEGORIES)
        return category_left(s, n, v);
    if (isnan(v) && (n->flags & MLP_SPLIT_NAN_ZERO))
        v = 0;
    bool missing = isnan(v) || ((n->flags & MLP_SPLIT_ZERO_MISSING) && fabs(v) <= (double)1e-35f);
    return missing ? (n->flags & MLP_SPLIT_DEFAULT_LEFT) != 0 : v <= n->threshold;
}

/* 1 where a row goes left. NaN compares with nothing: it goes where the flag says. */
INLINE void decide(const struct mlp_shap *s, const struct mlp_shap_node *n, const lanes *x,
                   lanes *left)
{
    const lanes one = (lanes){0} + 1.0;
    if (n->flags & ~(unsigned)MLP_SPLIT_DEFAULT_LEFT) {
        for (unsigned i = 0; i < LANES; i++)
            (*left)[i] = special_left(s, n, (*x)[i]);
        return;
    }
    mask to_left = *x <= n->threshold;
    if (n->flags)
        to_left |= *x != *x;
    *left = (lanes)(to_left & (mask)one);
}

/* --- down and up --- */

/* The edge to node n joins the path. */
INLINE void descend(const struct walk *w, const struct mlp_shap_node *n)
{
    const struct path *p = &w->p;
    uint32_t l = n->level, b = n->before;
    size_t points = w->n;
    lanes known = n->right ? 1.0 - p->left[l - 1] : p->left[l - 1];
    double z = n->share;
    const lanes *up = p->product + (l - 1) * points;
    lanes *to = p->product + l * points;
    known *= b ? p->known[b] : (lanes){0} + 1.0;
    for (size_t i = 0; i < points; i++) {
        lanes factor = z * w->u[i] + known * w->t[i];
        if (b)
            factor /= p->share[b] * w->u[i] + p->known[b] * w->t[i];
        to[i] = up[i] * factor;
        p->gain[l * points + i] = w->w[i] * ((1 - z) / (z * w->u[i] + w->t[i]) + 1 / w->u[i]);
    }
    p->known[l] = known;
    p->share[l] = z;
    p->before[l] = b;
}

/* What is below level l is summed: its edge's feature gets its part, the level above the sums. */
INLINE void ascend(const struct walk *w, uint32_t l)
{
    const struct path *p = &w->p;
    size_t points = w->n;
    uint32_t b = p->before[l];
    const double *gain = p->gain + l * points, *gain_before = p->gain + b * points;
    lanes known = p->known[l], known_before = p->known[b];
    for (size_t k = 0; k < w->width; k++) {
        const lanes *sum = p->sum + (l * w->width + k) * points;
        lanes *up = p->sum + ((l - 1) * w->width + k) * points;
        lanes part = {0};
        for (size_t i = 0; i < points; i++) {
            lanes weight = known * gain[i];
            weight -= b ? known_before * gain_before[i]
                        : (lanes){0} + w->w[i] / w->u[i];
            part += sum[i] * weight;
            up[i] += sum[i];
        }
        w->phi[k * w->s->nused + p->feature[l - 1]] += part;
    }
}

/* An inner node's sums start at 0, a leaf's are its value times the products. */
INLINE void visit(const struct walk *w, const struct mlp_shap_node *n, const double *value)
{
    const struct path *p = &w->p;
    size_t points = w->n;
    lanes *sum = p->sum + n->level * w->width * points;
    for (size_t k = 0; n->leaf && k < w->width; k++)
        for (size_t i = 0; i < points; i++)
            sum[k * points + i] = p->product[n->level * points + i] * value[k];
    if (n->leaf)
        return;
    memset(sum, 0, w->width * points * sizeof *sum);
    p->feature[n->level] = n->feature;
    decide(w->s, n, &w->x[n->feature], &p->left[n->level]);
}

INLINE void walk_tree(const struct walk *w)
{
    const double *value = w->tree->value;
    const struct mlp_shap_node *node = w->tree->node;
    uint32_t level = 0;
    for (size_t i = 0; i < w->n; i++)
        w->p.product[i] = (lanes){0} + 1.0;
    for (size_t i = 0; i < w->tree->n; i++) {
        for (; i && level >= node[i].level; level--)
            ascend(w, level);
        level = node[i].level;
        if (level)
            descend(w, &node[i]);
        visit(w, &node[i], value);
        value += node[i].leaf ? w->width : 0;
    }
    for (; level > 0; level--)
        ascend(w, level);
}

INLINE void walk_trees(struct walk *w, lanes *phi)
{
    for (w->tree = w->s->first; w->tree; w->tree = w->tree->next) {
        w->n = w->tree->points;
        w->t = w->s->rule[w->n];
        w->u = w->t + w->n;
        w->w = w->u + w->n;
        w->phi = phi + (w->width == 1 ? w->tree->output * (size_t)w->s->nused : 0);
        walk_tree(w);
    }
}

#if defined(__x86_64__)
#define WIDE __attribute__((target("avx2")))
WIDE static void walk_wide(struct walk *w, lanes *phi)
{
    walk_trees(w, phi);
}

static void walk_any(struct walk *w, lanes *phi)
{
    if (__builtin_cpu_supports("avx2"))
        walk_wide(w, phi);
    else
        walk_trees(w, phi);
}
#else
static void walk_any(struct walk *w, lanes *phi)
{
    walk_trees(w, phi);
}
#endif

/* Rows into lanes, as the trees compare them; lanes without a row hold the last one's. */
static void fill(const struct mlp_shap *s, size_t n, const double *x, size_t ldx, lanes *to)
{
    for (uint32_t f = 0; f < s->nused; f++)
        for (size_t i = 0; i < LANES; i++) {
            double v = x[(i < n ? i : n - 1) * ldx + s->used[f]];
            to[f][i] = s->spec.float32 ? (double)(float)v : v;
        }
}

void mlp_shap_run(const struct mlp_shap *s, size_t n, const double *x, size_t ldx, void *scratch,
                  double *phi)
{
    struct walk w = {.s = s, .width = s->spec.value_width};
    lanes *rows = lay_out(s, scratch, &w.p), *out = (lanes *)(void *)phi;
    size_t total = (size_t)s->spec.noutputs * s->nused;
    fill(s, n, x, ldx, rows);
    w.x = rows;
    memset(phi, 0, total * sizeof *out);
    walk_any(&w, out);
    for (size_t i = 0; i < total && s->spec.divide != 0; i++)
        out[i] /= s->spec.divide;
}
