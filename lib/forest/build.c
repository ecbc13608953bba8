/* build.c: checking and packing trees (forest.h). */
#include "forest/forest.h"
#include "base/map.h"
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
        push_u32(&b->depths, depth, e))
        return e->code;
    b->nodes.n = b->leaf_ids.n = base + used;
    b->values.n = b->nodes.n * b->spec.value_width;
    return MLP_OK;
}

/* --- packing --- */

static struct mlp_node16 *builder_node(const struct mlp_forest_builder *b, size_t i)
{
    return mlp_vec_at(&b->nodes, i);
}

/* Leaves are told by their child, which is themselves. */
static bool is_packed_leaf(const struct mlp_forest_builder *b, size_t i)
{
    return builder_node(b, i)->child == i;
}

/* Renumbers features to those in use: narrow rows, few bits. */
static enum mlp_code compact_features(struct mlp_forest_builder *b, struct mlp_forest *f,
                                      struct mlp_err *e)
{
    uint32_t *number = mlp_arena_array(b->arena, b->spec.nfeatures + 1, sizeof *number);
    uint32_t *used = mlp_arena_array(b->arena, b->spec.nfeatures + 1, sizeof *used);
    if (!number || !used)
        return mlp_err_nomem(e);
    for (size_t i = 0; i < b->nodes.n; i++)
        if (!is_packed_leaf(b, i))
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

/* Some feature width leaves room for the nodes' numbers. */
static bool fits_packed(const struct mlp_forest_builder *b, struct mlp_forest *f)
{
    uint64_t nodes = b->nodes.n;
    f->feature_bits = f->nused <= 1u << MLP_FEATURE_BITS ? MLP_FEATURE_BITS : MLP_MORE_FEATURE_BITS;
    return f->plain_nan && b->spec.float32 && f->nused <= 1u << f->feature_bits &&
           nodes << (f->feature_bits + 1) <= UINT32_MAX;
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

static enum mlp_code copy_values(struct mlp_forest_builder *b, struct mlp_forest *f,
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

/* Codes for the rows of all nodes in map, UINT16_MAX + 1 of them at most; false when there are
 * more different rows, or no memory. */
static bool code_rows(struct mlp_forest_builder *b, struct mlp_map *map, uint16_t *code)
{
    size_t bytes = b->spec.value_width * sizeof(double);
    for (size_t i = 0; i < b->nodes.n; i++) {
        struct mlp_str row = {mlp_vec_at(&b->values, i * b->spec.value_width), bytes};
        bool fresh;
        uint64_t *at = mlp_map_put(map, row, &fresh);
        if (!at)
            return false;
        *at = fresh ? map->n - 1 : *at;
        if (*at > UINT16_MAX)
            return false;
        code[i] = (uint16_t)*at;
    }
    return true;
}

/* The different rows in the order of their codes. */
static double *take_rows(struct mlp_forest_builder *b, const struct mlp_map *map)
{
    size_t w = b->spec.value_width;
    double *rows = mlp_arena_array64(b->arena, map->n * w, sizeof *rows);
    for (size_t i = 0; rows && i < map->n; i++)
        memcpy(rows + i * w, map->entries[i].key.p, w * sizeof *rows);
    return rows;
}

/* Few different rows, many nodes: the rows are kept once. */
#define ROWS_BYTES ((size_t)16 << 20)

static enum mlp_code pack_values(struct mlp_forest_builder *b, struct mlp_forest *f,
                                 struct mlp_err *e)
{
    struct mlp_map map;
    if (b->spec.value_width < 2 || b->spec.sum_float32)
        return copy_values(b, f, e);
    uint16_t *code = mlp_arena_array64(b->arena, b->nodes.n, sizeof *code);
    mlp_map_init(&map, 0, ROWS_BYTES);
    if (code && code_rows(b, &map, code)) {
        f->value = take_rows(b, &map);
        f->code = f->value ? code : NULL;
    }
    mlp_map_fini(&map);
    return f->value ? MLP_OK : copy_values(b, f, e);
}

static const void *keep(struct mlp_arena *a, const struct mlp_vec *v)
{
    char *p = mlp_arena_alloc(a, v->n * v->item);
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
    f->root = keep(b->arena, &b->roots);
    f->output = keep(b->arena, &b->outputs);
    f->depth = keep(b->arena, &b->depths);
    f->sets = keep(b->arena, &b->sets);
    f->leaf_id = b->spec.keep_leaf_ids ? keep(b->arena, &b->leaf_ids) : NULL;
    if (!start || !f->root || !f->output || !f->depth || !f->sets ||
        (b->spec.keep_leaf_ids && !f->leaf_id))
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
