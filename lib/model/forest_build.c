/* forest_build.c: checking and packing trees (forest.h). */
#include "model/forest.h"
#include <math.h>

void mlp_forest_begin(struct mlp_forest_builder *b, const struct mlp_forest_spec *spec,
                      struct mlp_arena *arena)
{
    b->spec = *spec;
    b->arena = arena;
    mlp_vec_init(&b->nodes, sizeof(struct mlp_node16));
    mlp_vec_init(&b->values, sizeof(double));
    mlp_vec_init(&b->roots, sizeof(uint32_t));
    mlp_vec_init(&b->outputs, sizeof(uint32_t));
    mlp_vec_init(&b->leaf_ids, sizeof(uint32_t));
    mlp_vec_init(&b->sets, sizeof(struct mlp_cat_set));
    mlp_vec_init(&b->order, sizeof(uint32_t));
}

void mlp_forest_drop(struct mlp_forest_builder *b)
{
    mlp_vec_fini(&b->nodes);
    mlp_vec_fini(&b->values);
    mlp_vec_fini(&b->roots);
    mlp_vec_fini(&b->outputs);
    mlp_vec_fini(&b->leaf_ids);
    mlp_vec_fini(&b->sets);
    mlp_vec_fini(&b->order);
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

/* The threshold that `<=` needs for what the tree says. */
static double settled_threshold(const struct mlp_forest_spec *s, double t)
{
    if (s->strict)
        t = s->float32 ? (double)nextafterf((float)t, -INFINITY) : nextafter(t, -INFINITY);
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
        *n = (struct mlp_node16){INFINITY, at, MLP_SPLIT_DEFAULT_LEFT};
        memcpy(mlp_vec_at(&b->values, (base + at) * w), t->value + i * w, w * sizeof(double));
        return;
    }
    bool cat = t->flags[i] & MLP_SPLIT_CATEGORIES;
    n->threshold = cat ? (double)t->set[i] : settled_threshold(&b->spec, t->threshold[i]);
    n->child = child;
    n->packed = t->feature[i] << 8 | t->flags[i];
}

/* Breadth first keeps siblings adjacent and the top of the tree in few cache lines. order[at] is
 * the tree's node at place `at`. */
static enum mlp_code lay_out(struct mlp_forest_builder *b, const struct mlp_tree *t, size_t base,
                             struct mlp_err *e)
{
    b->order.n = 0;
    if (push_u32(&b->order, 0, e))
        return e->code;
    for (size_t at = 0; at < b->order.n; at++) {
        size_t i = *(uint32_t *)mlp_vec_at(&b->order, at);
        uint32_t child = (uint32_t)b->order.n;
        if (!is_leaf(t, i)) {
            if (check_inner(b, t, i, e))
                return e->code;
            if (b->order.n + 2 > t->n)
                return bad_tree(e, "a node has two parents");
            if (push_u32(&b->order, (uint32_t)t->left[i], e) ||
                push_u32(&b->order, (uint32_t)t->right[i], e))
                return e->code;
        }
        store(b, t, base, i, (uint32_t)at, child);
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
    if (t->n == 0 || t->n > UINT32_MAX / 4)
        return bad_tree(e, "it has no nodes");
    if (b->spec.value_width == 1 && t->output >= b->spec.noutputs)
        return bad_tree(e, "its output is out of range");
    if (b->spec.nfeatures >= 1u << 24)
        return mlp_err_set(e, MLP_EINPUT, "trees over more than 2^24 features are not read");
    if (make_room(b, t->n, e) || push_u32(&b->roots, (uint32_t)base, e) ||
        push_u32(&b->outputs, t->output, e) || lay_out(b, t, base, e))
        return e->code;
    b->nodes.n = b->leaf_ids.n = base + b->order.n;
    b->values.n = b->nodes.n * b->spec.value_width;
    return MLP_OK;
}

/* --- packing --- */

static struct mlp_node16 *builder_node(const struct mlp_forest_builder *b, size_t i)
{
    return mlp_vec_at(&b->nodes, i);
}

/* Leaves are told by their child, which is themselves. */
static bool packed_leaf(const struct mlp_node16 *n, size_t relative)
{
    return n->child == relative;
}

/* Renumbers features to those in use: narrow rows, few bits. */
static enum mlp_code compact_features(struct mlp_forest_builder *b, struct mlp_forest *f,
                                      struct mlp_err *e)
{
    uint32_t *number = mlp_arena_array(b->arena, b->spec.nfeatures + 1, sizeof *number);
    uint32_t *used = mlp_arena_array(b->arena, b->spec.nfeatures + 1, sizeof *used);
    if (!number || !used)
        return mlp_err_nomem(e);
    for (size_t t = 0; t < f->ntrees; t++)
        for (size_t i = f->root[t]; i < f->root[t + 1]; i++)
            if (!packed_leaf(builder_node(b, i), i - f->root[t]))
                number[builder_node(b, i)->packed >> 8] = 1;
    for (uint32_t i = 0; i < b->spec.nfeatures; i++)
        if (number[i]) {
            number[i] = f->nused;
            used[f->nused++] = i;
        }
    for (size_t i = 0; i < b->nodes.n; i++) {
        struct mlp_node16 *n = builder_node(b, i);
        n->packed = number[n->packed >> 8] << 8 | (n->packed & 255);
    }
    f->used = used;
    return MLP_OK;
}

static bool fits_packed(const struct mlp_forest_builder *b, struct mlp_forest *f)
{
    uint32_t most = 0;
    for (size_t i = 0; i < b->nodes.n; i++)
        most = builder_node(b, i)->child > most ? builder_node(b, i)->child : most;
    f->feature_bits = 0;
    while (f->feature_bits < 31 && (UINT64_C(1) << f->feature_bits) < f->nused)
        f->feature_bits++;
    return f->plain_nan && b->spec.float32 && (uint64_t)most << (f->feature_bits + 1) <= UINT32_MAX;
}

static enum mlp_code pack_nodes(struct mlp_forest_builder *b, struct mlp_forest *f,
                                struct mlp_err *e)
{
    size_t n = b->nodes.n;
    uint32_t all = 0;
    for (size_t i = 0; i < n; i++)
        all |= builder_node(b, i)->packed & 255;
    f->plain = !(all & ~(uint32_t)(MLP_SPLIT_DEFAULT_LEFT | MLP_SPLIT_NAN_ZERO));
    f->plain_nan = f->plain && !(all & MLP_SPLIT_NAN_ZERO);
    if (!fits_packed(b, f)) {
        struct mlp_node16 *p = mlp_arena_array64(b->arena, n, sizeof *p);
        if (!p)
            return mlp_err_nomem(e);
        memcpy(p, b->nodes.p, n * sizeof *p);
        f->n16 = p;
        return MLP_OK;
    }
    struct mlp_node8 *p = mlp_arena_array64(b->arena, n, sizeof *p);
    if (!p)
        return mlp_err_nomem(e);
    for (size_t i = 0; i < n; i++) {
        const struct mlp_node16 *from = builder_node(b, i);
        uint32_t left = from->packed & MLP_SPLIT_DEFAULT_LEFT;
        p[i].threshold = (float)from->threshold;
        p[i].packed =
            from->child << (f->feature_bits + 1) | left << f->feature_bits | from->packed >> 8;
    }
    f->n8 = p;
    return MLP_OK;
}

static enum mlp_code pack_values(struct mlp_forest_builder *b, struct mlp_forest *f,
                                 struct mlp_err *e)
{
    size_t n = b->values.n;
    double *wide = b->spec.sum_float32 ? NULL : mlp_arena_array64(b->arena, n, sizeof *wide);
    float *narrow = b->spec.sum_float32 ? mlp_arena_array64(b->arena, n, sizeof *narrow) : NULL;
    if (!wide && !narrow)
        return mlp_err_nomem(e);
    for (size_t i = 0; narrow && i < n; i++)
        narrow[i] = (float)*(double *)mlp_vec_at(&b->values, i);
    if (wide && n)
        memcpy(wide, b->values.p, n * sizeof *wide);
    f->value = wide;
    f->value32 = narrow;
    return MLP_OK;
}

static const void *keep(struct mlp_arena *a, const struct mlp_vec *v, size_t extra)
{
    char *p = mlp_arena_alloc(a, (v->n + extra) * v->item);
    if (p && v->n)
        memcpy(p, v->p, v->n * v->item);
    return p;
}

static enum mlp_code pack(struct mlp_forest_builder *b, const double *base, struct mlp_forest *f,
                          struct mlp_err *e)
{
    f->spec = b->spec;
    f->ntrees = b->roots.n;
    f->nnodes = b->nodes.n;
    uint32_t end = (uint32_t)b->nodes.n;
    double *start = mlp_arena_array(b->arena, b->spec.noutputs, sizeof *start);
    if (push_u32(&b->roots, end, e))
        return e->code;
    f->root = keep(b->arena, &b->roots, 0);
    f->output = keep(b->arena, &b->outputs, 0);
    f->sets = keep(b->arena, &b->sets, 0);
    f->leaf_id = b->spec.keep_leaf_ids ? keep(b->arena, &b->leaf_ids, 0) : NULL;
    if (!start || !f->root || !f->output || !f->sets || (b->spec.keep_leaf_ids && !f->leaf_id))
        return mlp_err_nomem(e);
    if (base)
        memcpy(start, base, b->spec.noutputs * sizeof *start);
    f->base = start;
    if (compact_features(b, f, e) || pack_nodes(b, f, e))
        return e->code;
    return pack_values(b, f, e);
}

enum mlp_code mlp_forest_end(struct mlp_forest_builder *b, const double *base,
                             struct mlp_forest **out, struct mlp_err *e)
{
    *out = mlp_arena_alloc(b->arena, sizeof **out);
    enum mlp_code code = *out ? pack(b, base, *out, e) : mlp_err_nomem(e);
    mlp_forest_drop(b);
    return code;
}
