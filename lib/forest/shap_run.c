/* shap_run.c: contributions of rows, LANES side by side (shap.h).
 *
 * A tree is one walk over its nodes, parents first. Going down, each level of the path holds the
 * products of the factors z (1 - t) + o t at every point t. Coming back up, a level holds their
 * sums over the leaves below, from which the edge's own feature gets its part. An edge over a
 * feature that is on the path already replaces the factor of the edge before it. */
#include "forest/shap.h"
#include <math.h>

#define LANES MLP_SHAP_LANES
#define HALVES 2u
#define INLINE static inline __attribute__((always_inline))
#if defined(__clang__)
#define EACH_HALF(h) _Pragma("clang loop unroll(full)") for (unsigned h = 0; h < HALVES; h++)
#else
#define EACH_HALF(h) _Pragma("GCC unroll 2") for (unsigned h = 0; h < HALVES; h++)
#endif

/* One value of each row, in vectors of the size that AVX2 has. */
typedef double quad __attribute__((vector_size(LANES * sizeof(double) / HALVES)));
typedef int64_t mask __attribute__((vector_size(LANES * sizeof(double) / HALVES)));
struct lanes {
    quad half[HALVES];
};

/* The path, by level. known: 1 where the row follows the edge (and those before it over the same
 * feature); left: 1 where it goes left at the node; gain: at each point, what a known edge adds to
 * the weight of an unknown one. Sums are value_width * points a level. */
struct path {
    struct lanes *product, *sum, *known, *left;
    const double **gain;
    double *share;
    uint32_t *feature, *before;
};

/* Everything that a walk looks at. */
struct walk {
    const struct mlp_shap *s;
    const struct mlp_shap_tree *tree;
    const double *t, *u, *v;     /* the rule: points, 1 - t, weights / (1 - t) */
    uint32_t n;                  /* points */
    size_t width;
    const struct lanes *x;       /* of used features */
    struct lanes *phi;           /* of the tree's first output */
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
        vectors > SIZE_MAX / 4 / sizeof(struct lanes))
        return 0;
    return (vectors + s->nused + 8) * sizeof(struct lanes);
}

static void *cut(char **at, size_t n, size_t size)
{
    void *p = *at;
    *at += (n * size + 63) & ~(size_t)63;
    return p;
}

static struct lanes *lay_out(const struct mlp_shap *s, void *scratch, struct path *p)
{
    char *at = scratch;
    size_t l = levels(s);
    struct lanes *x = cut(&at, s->nused, sizeof *x);
    p->product = cut(&at, l * s->points, sizeof *p->product);
    p->sum = cut(&at, l * s->points * s->spec.value_width, sizeof *p->sum);
    p->known = cut(&at, l, sizeof *p->known);
    p->left = cut(&at, l, sizeof *p->left);
    p->gain = cut(&at, l, sizeof *p->gain);
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

static void decide_each(const struct mlp_shap *s, const struct mlp_shap_node *n,
                        const struct lanes *x, struct lanes *left)
{
    for (unsigned i = 0; i < LANES; i++) {
        bool is = special_left(s, n, x->half[i / (LANES / HALVES)][i % (LANES / HALVES)]);
        left->half[i / (LANES / HALVES)][i % (LANES / HALVES)] = is;
    }
}

/* 1 where a row goes left. NaN compares with nothing: it goes where the flags say. */
INLINE void decide(const struct mlp_shap *s, const struct mlp_shap_node *n, const struct lanes *x,
                   struct lanes *left)
{
    const quad one = (quad){0} + 1.0;
    if (n->flags & ~(unsigned)(MLP_SPLIT_DEFAULT_LEFT | MLP_SPLIT_NAN_ZERO)) {
        decide_each(s, n, x, left);
        return;
    }
    bool missing_left = n->flags & MLP_SPLIT_NAN_ZERO ? n->threshold >= 0 : n->flags != 0;
    EACH_HALF(h) {
        mask to_left = x->half[h] <= n->threshold;
        if (missing_left)
            to_left |= x->half[h] != x->half[h];
        left->half[h] = (quad)(to_left & (mask)one);
    }
}

/* --- down and up --- */

/* The factors of an edge over a feature that is on the path already. */
INLINE void replace(const struct walk *w, uint32_t l, uint32_t b)
{
    const struct path *p = &w->p;
    struct lanes *to = p->product + l * (size_t)w->n;
    double z = p->share[b];
    for (size_t i = 0; i < w->n; i++)
        EACH_HALF(h)
            to[i].half[h] /= z * w->u[i] + p->known[b].half[h] * w->t[i];
}

/* The edge to node n joins the path. */
INLINE void descend(const struct walk *w, const struct mlp_shap_node *n, const double *gain)
{
    const struct path *p = &w->p;
    uint32_t l = n->level, b = n->before;
    size_t points = w->n;
    struct lanes known = p->left[l - 1];
    double z = n->share;
    const struct lanes *up = p->product + (l - 1) * points;
    struct lanes *to = p->product + l * points;
    EACH_HALF(h) {
        known.half[h] = n->right ? 1.0 - known.half[h] : known.half[h];
        if (b)
            known.half[h] *= p->known[b].half[h];
    }
    for (size_t i = 0; i < points; i++)
        EACH_HALF(h)
            to[i].half[h] = up[i].half[h] * (z * w->u[i] + known.half[h] * w->t[i]);
    p->known[l] = known;
    p->share[l] = z;
    p->before[l] = b;
    p->gain[l] = gain;
    if (b)
        replace(w, l, b);
}

/* What is below level l is summed: its edge's feature gets its part, the level above the sums. The
 * weight of an edge that is not known is -v; over a feature that was on the path before, the part
 * that the edge before it gets for the same leaves is taken off, and -v cancels. */
INLINE void ascend(const struct walk *w, uint32_t l)
{
    const struct path *p = &w->p;
    size_t points = w->n;
    uint32_t b = p->before[l];
    const double *gain = p->gain[l], *off = b ? p->gain[b] : w->v;
    struct lanes known = p->known[l], known_off = p->known[b];
    for (size_t k = 0; k < w->width; k++) {
        const struct lanes *sum = p->sum + (l * w->width + k) * points;
        struct lanes *up = p->sum + ((l - 1) * w->width + k) * points;
        struct lanes *part = &w->phi[k * w->s->nused + p->feature[l - 1]], add = *part;
        for (size_t i = 0; i < points; i++)
            EACH_HALF(h) {
                quad s = sum[i].half[h];
                add.half[h] += s * (known.half[h] * gain[i] - known_off.half[h] * off[i]);
                up[i].half[h] += s;
            }
        *part = add;
    }
}

/* An inner node's sums start at 0, a leaf's are its value times the products. */
INLINE void visit(const struct walk *w, const struct mlp_shap_node *n, const double *value)
{
    const struct path *p = &w->p;
    size_t points = w->n;
    struct lanes *sum = p->sum + n->level * w->width * points;
    const struct lanes *product = p->product + n->level * points;
    for (size_t k = 0; n->leaf && k < w->width; k++)
        for (size_t i = 0; i < points; i++)
            EACH_HALF(h)
                sum[k * points + i].half[h] = product[i].half[h] * value[k];
    if (n->leaf)
        return;
    for (size_t i = 0; i < w->width * points; i++)
        EACH_HALF(h)
            sum[i].half[h] = (quad){0};
    p->feature[n->level] = n->feature;
    decide(w->s, n, &w->x[n->feature], &p->left[n->level]);
}

INLINE void walk_tree(const struct walk *w)
{
    const double *value = w->tree->value, *gain = w->tree->gain;
    const struct mlp_shap_node *node = w->tree->node;
    uint32_t level = 0;
    for (size_t i = 0; i < w->tree->n; i++, gain += w->n) {
        for (; i && level >= node[i].level; level--)
            ascend(w, level);
        level = node[i].level;
        if (level)
            descend(w, &node[i], gain);
        visit(w, &node[i], value);
        value += node[i].leaf ? w->width : 0;
    }
    for (; level > 0; level--)
        ascend(w, level);
}

/* At the root nothing is known of any feature: the product is 1, and level 0 stands for a known
 * edge before those that have none. */
INLINE void walk_trees(struct walk *w, struct lanes *phi)
{
    for (w->tree = w->s->first; w->tree; w->tree = w->tree->next) {
        w->n = w->tree->points;
        w->t = w->s->rule[w->n];
        w->u = w->t + w->n;
        w->v = w->u + w->n;
        w->phi = phi + (w->width == 1 ? w->tree->output * (size_t)w->s->nused : 0);
        for (size_t i = 0; i < w->n; i++)
            EACH_HALF(h)
                w->p.product[i].half[h] = w->p.known[0].half[h] = (quad){0} + 1.0;
        walk_tree(w);
    }
}

#if defined(__x86_64__)
#define WIDE __attribute__((target("avx2")))
WIDE static void walk_wide(struct walk *w, struct lanes *phi)
{
    walk_trees(w, phi);
}

static void walk_any(struct walk *w, struct lanes *phi)
{
    if (__builtin_cpu_supports("avx2"))
        walk_wide(w, phi);
    else
        walk_trees(w, phi);
}
#else
static void walk_any(struct walk *w, struct lanes *phi)
{
    walk_trees(w, phi);
}
#endif

/* Rows into lanes, as the trees compare them; lanes without a row hold the last one's. */
static void fill(const struct mlp_shap *s, size_t n, const double *x, size_t ldx, struct lanes *to)
{
    for (uint32_t f = 0; f < s->nused; f++)
        for (size_t i = 0; i < LANES; i++) {
            double v = x[(i < n ? i : n - 1) * ldx + s->used[f]];
            to[f].half[i / (LANES / HALVES)][i % (LANES / HALVES)] =
                s->spec.float32 ? (double)(float)v : v;
        }
}

void mlp_shap_run(const struct mlp_shap *s, size_t n, const double *x, size_t ldx, void *scratch,
                  double *phi)
{
    struct walk w = {.s = s, .width = s->spec.value_width};
    struct lanes *rows = lay_out(s, scratch, &w.p), *out = (struct lanes *)(void *)phi;
    size_t total = (size_t)s->spec.noutputs * s->nused;
    fill(s, n, x, ldx, rows);
    w.x = rows;
    memset(phi, 0, total * sizeof *out);
    walk_any(&w, out);
    for (size_t i = 0; i < total && s->spec.divide != 0; i++)
        EACH_HALF(h)
            out[i].half[h] /= s->spec.divide;
}
