/* trees_pack.c: ensembles that are what every library trains, in lib/forest's packed form, which
 * walks them several times as fast (trees.h).
 *
 * They compare with <= (or all with <), add, and every leaf of a tree names the same outputs, so
 * that it does not depend on the row which outputs get a sum. Others, and graphs that are no
 * trees, stay with the walker of trees_run.c. */
#include "net/trees.h"

#include <math.h>

/* Wide leaves of many nodes: beyond this many numbers they stay as the model has them. */
#define MOST_VALUES ((size_t)1 << 26)

/* A tree while it is copied: places of the ensemble by the node's new number. */
struct copy {
    const struct mlp_trees *t;
    uint32_t *places;
    int32_t *left, *right;
    uint32_t *feature;
    double *threshold, *value;
    uint8_t *flags;
    size_t n, room, width;
};

static bool is_leaf(uint32_t place)
{
    return place & MLP_TREE_LEAF;
}

static const struct mlp_tree_weight *weights_of(const struct mlp_trees *t, uint32_t place,
                                                uint32_t *n)
{
    uint32_t leaf = place & ~MLP_TREE_LEAF;
    *n = t->leaf[leaf + 1] - t->leaf[leaf];
    return t->weights + t->leaf[leaf];
}

static bool comparable(const struct mlp_trees *t)
{
    if ((t->sum != MLP_TREE_SUM && t->sum != MLP_TREE_AVERAGE) || !t->ntargets || !t->nroots)
        return false;
    for (size_t i = 0; i < t->nnodes; i++)
        if (t->nodes[i].mode != t->nodes[0].mode || isnan(t->nodes[i].split))
            return false;
    return !t->nnodes || t->nodes[0].mode == MLP_TREE_LEQ || t->nodes[0].mode == MLP_TREE_LT;
}

/* Whether two leaves name the same outputs, each once and in one order. */
static bool same_targets(const struct mlp_trees *t, uint32_t a, uint32_t b)
{
    uint32_t na, nb;
    const struct mlp_tree_weight *wa = weights_of(t, a, &na), *wb = weights_of(t, b, &nb);
    bool same = na == nb;
    for (uint32_t i = 0; i < na && same; i++)
        same = wa[i].target == wb[i].target && (i == 0 || wa[i].target > wa[i - 1].target);
    return same;
}

/* Breadth first from the root; false for what is too large to be a tree of the ensemble. */
static bool list_places(struct copy *c, uint32_t root)
{
    const struct mlp_trees *t = c->t;
    c->n = 1;
    c->places[0] = root;
    for (size_t i = 0; i < c->n; i++) {
        uint32_t place = c->places[i];
        c->left[i] = c->right[i] = -1;
        if (is_leaf(place))
            continue;
        if (c->n + 2 > c->room)
            return false;
        c->left[i] = (int32_t)c->n;
        c->right[i] = (int32_t)c->n + 1;
        c->places[c->n++] = t->nodes[place].yes;
        c->places[c->n++] = t->nodes[place].no;
    }
    return true;
}

static bool fill(struct copy *c)
{
    const struct mlp_trees *t = c->t;
    uint32_t first = c->places[c->n - 1]; /* the last one is a leaf */
    memset(c->value, 0, c->n * c->width * sizeof *c->value);
    for (size_t i = 0; i < c->n; i++) {
        uint32_t place = c->places[i], n;
        if (!is_leaf(place)) {
            const struct mlp_tree_node *node = &t->nodes[place];
            c->feature[i] = node->column;
            c->threshold[i] = node->split;
            c->flags[i] = node->missing_yes ? MLP_SPLIT_DEFAULT_LEFT : 0;
            continue;
        }
        if (!same_targets(t, first, place))
            return false;
        const struct mlp_tree_weight *w = weights_of(t, place, &n);
        for (uint32_t k = 0; k < n; k++)
            c->value[c->width == 1 ? i : i * c->width + w[k].target] = w[k].value;
    }
    return true;
}

/* Every leaf has one weight: trees that add to one output each. */
static bool all_single(const struct mlp_trees *t)
{
    bool single = true;
    for (size_t i = 0; i < t->nleaves && single; i++)
        single = t->leaf[i + 1] - t->leaf[i] == 1;
    return single;
}

static bool add_tree(struct copy *c, struct mlp_forest_builder *b, uint32_t root, bool *always)
{
    struct mlp_err lost;
    uint32_t n;
    mlp_err_init(&lost);
    if (!list_places(c, root) || !fill(c))
        return false;
    const struct mlp_tree_weight *w = weights_of(c->t, c->places[c->n - 1], &n);
    for (uint32_t k = 0; k < n; k++)
        always[w[k].target] = true;
    const struct mlp_tree tree = {
        .n = c->n, .left = c->left, .right = c->right, .feature = c->feature,
        .threshold = c->threshold, .flags = c->flags, .value = c->value,
        .output = c->width == 1 && n ? w[0].target : 0};
    return mlp_forest_add(b, &tree, &lost) == MLP_OK;
}

static bool make_room(struct copy *c, struct mlp_arena *a)
{
    size_t n = c->room = 2 * c->t->nnodes + 1;
    c->places = mlp_arena_array(a, n, sizeof *c->places);
    c->left = mlp_arena_array(a, n, sizeof *c->left);
    c->right = mlp_arena_array(a, n, sizeof *c->right);
    c->feature = mlp_arena_array(a, n, sizeof *c->feature);
    c->threshold = mlp_arena_array(a, n, sizeof *c->threshold);
    c->flags = mlp_arena_array(a, n, sizeof *c->flags);
    c->value = mlp_arena_array64(a, n, c->width * sizeof *c->value);
    return c->places && c->left && c->right && c->feature && c->threshold && c->flags && c->value;
}

void mlp_trees_pack(struct mlp_trees *t, struct mlp_arena *a)
{
    struct mlp_arena tmp;
    struct mlp_forest_builder b;
    struct mlp_err lost;
    struct copy c = {.t = t, .width = all_single(t) ? 1 : t->ntargets};
    const struct mlp_forest_spec spec = {
        .nfeatures = t->ncolumns ? t->ncolumns : 1, .noutputs = t->ntargets,
        .value_width = (uint32_t)c.width, .float32 = !t->wide, .sum_float32 = !t->wide,
        .strict = t->nnodes && t->nodes[0].mode == MLP_TREE_LT};
    mlp_err_init(&lost);
    if (!comparable(t) || (2 * t->nnodes + 1) * c.width > MOST_VALUES)
        return;
    mlp_arena_init(&tmp, (size_t)1 << 32);
    mlp_forest_begin(&b, &spec, a);
    bool *always = mlp_arena_array(a, t->ntargets, sizeof *always);
    bool good = always && make_room(&c, &tmp);
    size_t nodes = 0;
    for (size_t i = 0; i < t->nroots && good; i++) {
        good = add_tree(&c, &b, t->roots[i], always);
        nodes += c.n;
        good = good && nodes <= 2 * t->nnodes + t->nroots;
    }
    if (good && mlp_forest_end(&b, NULL, &t->forest, &lost) == MLP_OK)
        t->always = always;
    else
        t->forest = NULL;
    mlp_forest_drop(&b);
    mlp_arena_fini(&tmp);
}
