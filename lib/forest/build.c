/* build.c: checking trees and laying them out (forest.h); pack.c packs them. */
#include "forest/shap.h"
#include <math.h>

/* A node that waits for its place among the packed ones. */
struct waiting {
    uint32_t node, place, depth;
};

void mlp_forest_begin(struct mlp_forest_builder *b, const struct mlp_forest_spec *spec,
                      struct mlp_arena *arena)
{
    b->spec = *spec;
    b->arena = arena;
    b->shap = NULL;
    mlp_vec_init(&b->nodes, sizeof(struct mlp_node16));
    mlp_vec_init(&b->values, sizeof(double));
    mlp_vec_init(&b->roots, sizeof(uint32_t));
    mlp_vec_init(&b->outputs, sizeof(uint32_t));
    mlp_vec_init(&b->depths, sizeof(uint32_t));
    mlp_vec_init(&b->leaf_ids, sizeof(uint32_t));
    mlp_vec_init(&b->sets, sizeof(struct mlp_cat_set));
    mlp_vec_init(&b->waiting, sizeof(struct waiting));
}

void mlp_forest_drop(struct mlp_forest_builder *b)
{
    mlp_vec_fini(&b->nodes);
    mlp_vec_fini(&b->values);
    mlp_vec_fini(&b->roots);
    mlp_vec_fini(&b->outputs);
    mlp_vec_fini(&b->depths);
    mlp_vec_fini(&b->leaf_ids);
    mlp_vec_fini(&b->sets);
    mlp_vec_fini(&b->waiting);
}

static enum mlp_code push_u32(struct mlp_vec *v, uint32_t x, struct mlp_err *e)
{
    uint32_t *p = mlp_vec_push(v);
    if (!p)
        return mlp_err_nomem(e);
    *p = x;
    return MLP_OK;
}

enum mlp_code mlp_forest_add_set(struct mlp_forest_builder *b, const uint32_t *bits,
                                 uint32_t ncodes, uint32_t *index, struct mlp_err *e)
{
    size_t words = ((size_t)ncodes + 31) / 32;
    uint32_t *copy = mlp_arena_array(b->arena, words, sizeof *copy);
    struct mlp_cat_set *s = copy ? mlp_vec_push(&b->sets) : NULL;
    if (!s)
        return mlp_err_nomem(e);
    if (words)
        memcpy(copy, bits, words * sizeof *copy);
    *s = (struct mlp_cat_set){copy, ncodes};
    *index = (uint32_t)(b->sets.n - 1);
    return MLP_OK;
}

static bool is_leaf(const struct mlp_tree *t, size_t i)
{
    return t->left[i] < 0;
}

/* The largest float32 that is not above t. NaN stays: nothing compares below it. */
static double floor32(double t)
{
    float f = (float)t;
    return (double)f > t ? (double)nextafterf(f, -INFINITY) : (double)f;
}

/* The threshold that `<=` needs for what the tree says. Nothing is below -infinity, as nothing is
 * at most NaN. */
static double settled_threshold(const struct mlp_forest_spec *s, double t)
{
    if (s->strict && s->float32)
        t = (double)(float)t == -INFINITY ? NAN : (double)nextafterf((float)t, -INFINITY);
    else if (s->strict)
        t = t == -INFINITY ? NAN : nextafter(t, -INFINITY);
    return s->float32 ? floor32(t) : t;
}

static enum mlp_code bad_tree(struct mlp_err *e, const char *what)
{
    return mlp_err_set(e, MLP_EINPUT, "a decision tree is damaged: %s", what);
}

static enum mlp_code check_inner(const struct mlp_forest_builder *b, const struct mlp_tree *t,
                                 size_t i, struct mlp_err *e)
{
    if (t->right[i] < 0 || (size_t)t->left[i] >= t->n || (size_t)t->right[i] >= t->n ||
        t->left[i] == t->right[i])
        return bad_tree(e, "a child is out of range");
    if (t->feature[i] >= b->spec.nfeatures)
        return bad_tree(e, "a feature is out of range");
    if ((t->flags[i] & MLP_SPLIT_CATEGORIES) && (!t->set || t->set[i] >= b->sets.n))
        return bad_tree(e, "a category set is out of range");
    return MLP_OK;
}

/* Node i of the tree goes to place `at`, relative to the tree's root. */
static void store(struct mlp_forest_builder *b, const struct mlp_tree *t, size_t base, size_t i,
                  uint32_t at, uint32_t child)
{
    struct mlp_node16 *n = mlp_vec_at(&b->nodes, base + at);
    size_t w = b->spec.value_width;
    uint32_t *id = mlp_vec_at(&b->leaf_ids, base + at);
    *id = t->leaf_id ? t->leaf_id[i] : (uint32_t)i;
    if (is_leaf(t, i)) {
        *n = (struct mlp_node16){INFINITY, (uint32_t)base + at, MLP_SPLIT_DEFAULT_LEFT};
        memcpy(mlp_vec_at(&b->values, (base + at) * w), t->value + i * w, w * sizeof(double));
        return;
    }
    bool cat = t->flags[i] & MLP_SPLIT_CATEGORIES;
    n->threshold = cat ? (double)t->set[i] : settled_threshold(&b->spec, t->threshold[i]);
    n->child = (uint32_t)base + child;
    n->packed = t->feature[i] << 8 | t->flags[i];
}

static enum mlp_code wait_for(struct mlp_forest_builder *b, int32_t node, uint32_t place,
                              uint32_t depth, struct mlp_err *e)
{
    struct waiting *w = mlp_vec_push(&b->waiting);
    if (!w)
        return mlp_err_nomem(e);
    *w = (struct waiting){(uint32_t)node, place, depth};
    return MLP_OK;
}

/* Depth first, siblings adjacent: a walk to the left goes on in the same cache line. *used counts
 * the places that are taken, *depth is the deepest node's. */
static enum mlp_code lay_out(struct mlp_forest_builder *b, const struct mlp_tree *t, size_t base,
                             uint32_t *used, uint32_t *depth, struct mlp_err *e)
{
    *used = 1;
    *depth = 0;
    b->waiting.n = 0;
    if (wait_for(b, 0, 0, 0, e))
        return e->code;
    while (b->waiting.n) {
        struct waiting w = *(struct waiting *)mlp_vec_at(&b->waiting, --b->waiting.n);
        if (!is_leaf(t, w.node) && check_inner(b, t, w.node, e))
            return e->code;
        store(b, t, base, w.node, w.place, *used);
        *depth = w.depth > *depth ? w.depth : *depth;
        if (is_leaf(t, w.node))
            continue;
        if (*used + 2 > t->n)
            return bad_tree(e, "a node has two parents");
        *used += 2;
        if (wait_for(b, t->right[w.node], *used - 1, w.depth + 1, e) ||
            wait_for(b, t->left[w.node], *used - 2, w.depth + 1, e))
            return e->code;
    }
    return MLP_OK;
}

static enum mlp_code make_room(struct mlp_forest_builder *b, size_t n, struct mlp_err *e)
{
    size_t total = b->nodes.n + n, w = b->spec.value_width;
    if (total >= UINT32_MAX)
        return mlp_err_set(e, MLP_EINPUT, "the forest has more than 2^32 nodes");
    /* Reserving doubles, so that many small trees do not copy everything each time. */
    size_t cap = b->nodes.cap < total ? total + total / 2 : b->nodes.cap;
    if (mlp_vec_reserve(&b->nodes, cap, e) || mlp_vec_reserve(&b->leaf_ids, cap, e) ||
        mlp_vec_reserve(&b->values, cap * w, e))
        return e->code;
    memset((struct mlp_node16 *)b->nodes.p + b->nodes.n, 0, n * sizeof(struct mlp_node16));
    memset((uint32_t *)b->leaf_ids.p + b->leaf_ids.n, 0, n * sizeof(uint32_t));
    memset((double *)b->values.p + b->values.n, 0, n * w * sizeof(double));
    b->nodes.n = b->leaf_ids.n = total;
    b->values.n = total * w;
    return MLP_OK;
}

enum mlp_code mlp_forest_add(struct mlp_forest_builder *b, const struct mlp_tree *t,
                             struct mlp_err *e)
{
    size_t base = b->nodes.n;
    uint32_t used, depth;
    if (t->n == 0 || t->n > UINT32_MAX / 4)
        return bad_tree(e, "it has no nodes");
    if (b->spec.value_width == 1 && t->output >= b->spec.noutputs)
        return bad_tree(e, "its output is out of range");
    if (b->spec.nfeatures >= 1u << 24)
        return mlp_err_set(e, MLP_EINPUT, "trees over more than 2^24 features are not read");
    if (make_room(b, t->n, e) || push_u32(&b->roots, (uint32_t)base, e) ||
        push_u32(&b->outputs, t->output, e) || lay_out(b, t, base, &used, &depth, e) ||
        push_u32(&b->depths, depth, e) || (b->spec.explain && mlp_shap_add(&b->shap, b, t, e)))
        return e->code;
    b->nodes.n = b->leaf_ids.n = base + used;
    b->values.n = b->nodes.n * b->spec.value_width;
    return MLP_OK;
}
