/* trees.c: reading TreeEnsembleClassifier, TreeEnsembleRegressor (parallel lists by tree and node
 * numbers) and TreeEnsemble (indices, since version 5) into one form (trees.h). */
#include "net/trees.h"
#include <math.h>
#include <stdlib.h>

/* Numbers of either width: a floats attribute or a tensor. */
struct numbers {
    const float *f;
    const double *d;
    size_t n;
};

static double number(const struct numbers *v, size_t i)
{
    return v->d ? v->d[i] : (double)v->f[i];
}

static enum mlp_code tensor_numbers(struct mlp_net_build *b, const char *name, struct numbers *v)
{
    const struct mlp_tensor *t;
    if (mlp_net_attr_tensor(b, name, &t) || !t)
        return b->e->code;
    if (t->type != MLP_DT_FLOAT && t->type != MLP_DT_DOUBLE)
        return mlp_net_bad(b, "%s is neither float nor double", name);
    v->n = t->n;
    v->f = t->type == MLP_DT_FLOAT ? t->f32 : NULL;
    v->d = t->type == MLP_DT_DOUBLE ? t->f64 : NULL;
    return MLP_OK;
}

static enum mlp_code read_numbers(struct mlp_net_build *b, const char *floats, const char *tensor,
                                  struct numbers *v)
{
    if (mlp_net_attr_floats(b, floats, &v->f, &v->n))
        return b->e->code;
    return v->n ? MLP_OK : tensor_numbers(b, tensor, v);
}

static enum mlp_code copy_base(struct mlp_net_build *b, struct mlp_trees *t,
                               const struct numbers *v)
{
    double *to = mlp_arena_array(b->arena, v->n + 1, sizeof *to);
    if (!to)
        return mlp_err_nomem(b->e);
    for (size_t i = 0; i < v->n; i++)
        to[i] = number(v, i);
    t->base = to;
    t->nbase = v->n;
    return MLP_OK;
}

/* --- lists by tree and node --- */

struct lists {
    const int64_t *tree, *node, *column, *yes, *no, *missing;
    const struct mlp_str *mode;
    struct numbers value, weight;
    size_t n, nmissing;
    const int64_t *wtree, *wnode, *wid;
    size_t nweights;
};

/* A node's numbers and where it stands in the lists. */
struct named {
    int64_t tree, node;
    uint32_t at;
};

static int named_order(const void *pa, const void *pb)
{
    const struct named *a = pa, *b = pb;
    if (a->tree != b->tree)
        return a->tree < b->tree ? -1 : 1;
    return (a->node > b->node) - (a->node < b->node);
}

static const struct named *find_named(const struct named *list, size_t n, int64_t tree,
                                      int64_t node)
{
    struct named key = {.tree = tree, .node = node};
    return bsearch(&key, list, n, sizeof *list, named_order);
}

static enum mlp_code read_nodes(struct mlp_net_build *b, struct lists *l)
{
    size_t n[6];
    if (mlp_net_attr_ints(b, "nodes_treeids", &l->tree, &l->n) ||
        mlp_net_attr_ints(b, "nodes_nodeids", &l->node, &n[0]) ||
        mlp_net_attr_ints(b, "nodes_featureids", &l->column, &n[1]) ||
        mlp_net_attr_ints(b, "nodes_truenodeids", &l->yes, &n[2]) ||
        mlp_net_attr_ints(b, "nodes_falsenodeids", &l->no, &n[3]) ||
        mlp_net_attr_strs(b, "nodes_modes", &l->mode, &n[4]) ||
        mlp_net_attr_ints(b, "nodes_missing_value_tracks_true", &l->missing, &l->nmissing) ||
        read_numbers(b, "nodes_values", "nodes_values_as_tensor", &l->value))
        return b->e->code;
    n[5] = l->value.n;
    for (size_t i = 0; i < 6; i++)
        if (n[i] != l->n)
            return mlp_net_bad(b, "the lists of the nodes differ in length");
    if (!l->n || l->n >= MLP_TREE_LEAF || (l->nmissing && l->nmissing != l->n))
        return mlp_net_bad(b, "%zu nodes do not make trees", l->n);
    return MLP_OK;
}

static enum mlp_code read_weights(struct mlp_net_build *b, struct lists *l, bool classes)
{
    size_t n[3];
    if (mlp_net_attr_ints(b, classes ? "class_treeids" : "target_treeids", &l->wtree, &n[0]) ||
        mlp_net_attr_ints(b, classes ? "class_nodeids" : "target_nodeids", &l->wnode, &n[1]) ||
        mlp_net_attr_ints(b, classes ? "class_ids" : "target_ids", &l->wid, &n[2]) ||
        read_numbers(b, classes ? "class_weights" : "target_weights",
                     classes ? "class_weights_as_tensor" : "target_weights_as_tensor",
                     &l->weight))
        return b->e->code;
    l->nweights = l->weight.n;
    if (n[0] != l->nweights || n[1] != l->nweights || n[2] != l->nweights)
        return mlp_net_bad(b, "the lists of the weights differ in length");
    return MLP_OK;
}

/* The mode by its word; -1 for LEAF, -2 for none. */
static int mode_of(struct mlp_str s)
{
    static const char *const names[] = {"BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT",
                                        "BRANCH_EQ", "BRANCH_NEQ"};
    for (int i = 0; i < 6; i++)
        if (mlp_str_is(s, names[i]))
            return i;
    return mlp_str_is(s, "LEAF") ? -1 : -2;
}

static enum mlp_code column_of(struct mlp_net_build *b, struct mlp_trees *t, int64_t column,
                               struct mlp_tree_node *to)
{
    if (column < 0 || column > INT32_MAX)
        return mlp_net_bad(b, "a node looks at column %lld", (long long)column);
    to->column = (uint32_t)column;
    if (to->column >= t->ncolumns)
        t->ncolumns = to->column + 1;
    return MLP_OK;
}

/* Node i of the lists; leaves only get their number. place[i] is where others find it. */
static enum mlp_code build_node(struct mlp_net_build *b, struct mlp_trees *t,
                                const struct lists *l, size_t i, const uint32_t *place)
{
    const struct named *names = (const struct named *)(const void *)(place + l->n + (l->n & 1));
    struct mlp_tree_node node = {.split = number(&l->value, i)};
    if (place[i] & MLP_TREE_LEAF)
        return MLP_OK;
    node.mode = (uint8_t)mode_of(l->mode[i]);
    node.missing_yes = l->nmissing && l->missing[i];
    const struct named *yes = find_named(names, l->n, l->tree[i], l->yes[i]);
    const struct named *no = find_named(names, l->n, l->tree[i], l->no[i]);
    if (!yes || !no)
        return mlp_net_bad(b, "node %lld of tree %lld leads to a node that is not there",
                           (long long)l->node[i], (long long)l->tree[i]);
    node.yes = place[yes->at];
    node.no = place[no->at];
    if (column_of(b, t, l->column[i], &node))
        return b->e->code;
    t->nodes[place[i]] = node;
    return MLP_OK;
}

/* Numbers nodes and leaves, and finds the first node of every tree: where its number begins. */
static enum mlp_code number_nodes(struct mlp_net_build *b, struct mlp_trees *t,
                                  const struct lists *l, uint32_t *place, uint32_t *roots)
{
    uint32_t nodes = 0, leaves = 0;
    for (size_t i = 0; i < l->n; i++) {
        int mode = mode_of(l->mode[i]);
        if (mode == -2)
            return mlp_net_bad(b, "mode '%.*s' is none that the operator set knows",
                               MLP_STR_ARG(l->mode[i]));
        place[i] = mode < 0 ? MLP_TREE_LEAF | leaves++ : nodes++;
        if (!i || l->tree[i] != l->tree[i - 1])
            roots[t->nroots++] = place[i];
    }
    t->nnodes = nodes;
    t->nleaves = leaves;
    t->roots = roots;
    return MLP_OK;
}

/* Weights in the order of their leaves; among those of a leaf, as listed. */
static enum mlp_code build_weights(struct mlp_net_build *b, struct mlp_trees *t,
                                   const struct lists *l, const uint32_t *place,
                                   const struct named *names)
{
    uint32_t *start = mlp_arena_array(b->arena, t->nleaves + 2, sizeof *start);
    uint32_t *leaf = mlp_arena_array(b->arena, l->nweights + 1, sizeof *leaf);
    struct mlp_tree_weight *w = mlp_arena_array(b->arena, l->nweights + 1, sizeof *w);
    if (!start || !leaf || !w)
        return mlp_err_nomem(b->e);
    for (size_t i = 0; i < l->nweights; i++) {
        const struct named *at = find_named(names, l->n, l->wtree[i], l->wnode[i]);
        leaf[i] = at && (place[at->at] & MLP_TREE_LEAF) ? place[at->at] & ~MLP_TREE_LEAF
                                                        : UINT32_MAX;
        if (l->wid[i] < 0 || l->wid[i] >= (int64_t)t->ntargets)
            return mlp_net_bad(b, "a weight goes to output %lld of %u", (long long)l->wid[i],
                               t->ntargets);
        if (leaf[i] != UINT32_MAX)
            start[leaf[i] + 2]++;
    }
    for (size_t i = 2; i < t->nleaves + 2; i++)
        start[i] += start[i - 1];
    for (size_t i = 0; i < l->nweights; i++)
        if (leaf[i] != UINT32_MAX)
            w[start[leaf[i] + 1]++] = (struct mlp_tree_weight){number(&l->weight, i),
                                                               (uint32_t)l->wid[i]};
    t->leaf = start;
    t->weights = w;
    return MLP_OK;
}

static void look_at_weights(struct mlp_trees *t, const struct lists *l)
{
    t->positive = t->one_id = true;
    for (size_t i = 0; i < l->nweights; i++) {
        t->positive &= number(&l->weight, i) >= 0;
        t->one_id &= l->wid[i] == l->wid[0];
    }
}

static enum mlp_code build_lists(struct mlp_net_build *b, struct mlp_trees *t,
                                 const struct lists *l)
{
    /* The names follow the places, so that one pointer leads to both. */
    size_t even = l->n + (l->n & 1);
    uint32_t *place = mlp_arena_array(b->arena, even + l->n * (sizeof(struct named) / 4), 4);
    uint32_t *roots = mlp_arena_array(b->arena, l->n, sizeof *roots);
    if (!place || !roots)
        return mlp_err_nomem(b->e);
    struct named *names = (struct named *)(void *)(place + even);
    for (size_t i = 0; i < l->n; i++)
        names[i] = (struct named){l->tree[i], l->node[i], (uint32_t)i};
    qsort(names, l->n, sizeof *names, named_order);
    if (number_nodes(b, t, l, place, roots))
        return b->e->code;
    t->nodes = mlp_arena_array(b->arena, t->nnodes + 1, sizeof *t->nodes);
    if (!t->nodes)
        return mlp_err_nomem(b->e);
    for (size_t i = 0; i < l->n; i++)
        if (build_node(b, t, l, i, place))
            return b->e->code;
    look_at_weights(t, l);
    return build_weights(b, t, l, place, names);
}

static enum mlp_code sum_of(struct mlp_net_build *b, struct mlp_trees *t)
{
    static const char *const names[] = {"AVERAGE", "SUM", "MIN", "MAX"};
    struct mlp_str s;
    if (mlp_net_attr_str(b, "aggregate_function", "SUM", &s))
        return b->e->code;
    for (size_t i = 0; i < 4; i++)
        if (mlp_str_is(s, names[i])) {
            t->sum = (enum mlp_tree_sum)i;
            return MLP_OK;
        }
    return mlp_net_bad(b, "aggregate_function '%.*s' is none of AVERAGE, SUM, MIN, MAX",
                       MLP_STR_ARG(s));
}

static enum mlp_code prepare_lists(struct mlp_net_build *b, struct mlp_trees *t, bool classes)
{
    struct lists l = {0};
    struct numbers base = {0};
    if (read_nodes(b, &l) || read_weights(b, &l, classes) || mlp_ml_post(b, &t->post) ||
        read_numbers(b, "base_values", "base_values_as_tensor", &base) ||
        copy_base(b, t, &base))
        return b->e->code;
    t->wide = l.value.d != NULL || l.weight.d != NULL;
    if (build_lists(b, t, &l))
        return b->e->code;
    mlp_trees_pack(t, b->arena);
    return MLP_OK;
}

static enum mlp_code new_trees(struct mlp_net_build *b, struct mlp_trees **t, const void **params)
{
    void *p;
    if (mlp_net_params(b, sizeof **t, &p))
        return b->e->code;
    *t = p;
    *params = p;
    (*t)->sum = MLP_TREE_SUM;
    return MLP_OK;
}

enum mlp_code mlp_trees_classifier_prepare(struct mlp_net_build *b, const void **params)
{
    struct mlp_trees *t = NULL;
    if (new_trees(b, &t, params) ||
        mlp_ml_labels(b, "classlabels_strings", "classlabels_int64s", &t->labels))
        return b->e->code;
    if (!t->labels.n || t->labels.n > INT32_MAX)
        return mlp_net_bad(b, "there are no class labels");
    t->ntargets = (uint32_t)t->labels.n;
    return prepare_lists(b, t, true);
}

enum mlp_code mlp_trees_regressor_prepare(struct mlp_net_build *b, const void **params)
{
    struct mlp_trees *t = NULL;
    int64_t targets;
    if (new_trees(b, &t, params) || mlp_net_attr_int(b, "n_targets", 1, &targets) || sum_of(b, t))
        return b->e->code;
    if (targets < 1 || targets > INT32_MAX)
        return mlp_net_bad(b, "n_targets is %lld", (long long)targets);
    t->ntargets = (uint32_t)targets;
    return prepare_lists(b, t, false);
}

/* --- TreeEnsemble, by indices --- */

struct indexed {
    const int64_t *column, *yes, *no, *yes_leaf, *no_leaf, *missing, *roots, *target;
    size_t n, nmissing, nroots, ntarget;
    const struct mlp_tensor *mode;
    struct numbers split, weight, members;
};

static bool indexed_fit(const struct indexed *x)
{
    return x->split.n == x->n && x->mode && x->mode->n == x->n && x->mode->type == MLP_DT_UINT8 &&
           x->weight.n == x->ntarget && (!x->nmissing || x->nmissing == x->n) &&
           x->n < MLP_TREE_LEAF;
}

static enum mlp_code read_indexed(struct mlp_net_build *b, struct indexed *x)
{
    size_t n[4];
    const struct {
        const char *name;
        const int64_t **list;
        size_t *n;
    } lists[] = {
        {"nodes_featureids", &x->column, &x->n},
        {"nodes_truenodeids", &x->yes, &n[0]},
        {"nodes_falsenodeids", &x->no, &n[1]},
        {"nodes_trueleafs", &x->yes_leaf, &n[2]},
        {"nodes_falseleafs", &x->no_leaf, &n[3]},
        {"nodes_missing_value_tracks_true", &x->missing, &x->nmissing},
        {"tree_roots", &x->roots, &x->nroots},
        {"leaf_targetids", &x->target, &x->ntarget},
    };
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        if (mlp_net_attr_ints(b, lists[i].name, lists[i].list, lists[i].n))
            return b->e->code;
    if (mlp_net_attr_tensor(b, "nodes_modes", &x->mode) ||
        tensor_numbers(b, "nodes_splits", &x->split) ||
        tensor_numbers(b, "leaf_weights", &x->weight) ||
        tensor_numbers(b, "membership_values", &x->members))
        return b->e->code;
    bool fits = true;
    for (size_t i = 0; i < 4; i++)
        fits &= n[i] == x->n;
    return fits && indexed_fit(x) ? MLP_OK
                                  : mlp_net_bad(b, "the lists of the nodes differ in length");
}

/* A place by its index, which is checked. */
static enum mlp_code place_of(struct mlp_net_build *b, const struct indexed *x, int64_t i,
                              int64_t leaf, uint32_t *to)
{
    size_t most = leaf ? x->ntarget : x->n;
    if (i < 0 || (uint64_t)i >= most)
        return mlp_net_bad(b, "a node leads to %s %lld of %zu", leaf ? "leaf" : "node",
                           (long long)i, most);
    *to = (uint32_t)i | (leaf ? MLP_TREE_LEAF : 0);
    return MLP_OK;
}

static enum mlp_code build_leaves(struct mlp_net_build *b, struct mlp_trees *t,
                                  const struct indexed *x)
{
    uint32_t *start = mlp_arena_array(b->arena, x->ntarget + 1, sizeof *start);
    struct mlp_tree_weight *w = mlp_arena_array(b->arena, x->ntarget + 1, sizeof *w);
    if (!start || !w)
        return mlp_err_nomem(b->e);
    for (size_t i = 0; i < x->ntarget; i++) {
        if (x->target[i] < 0 || x->target[i] >= (int64_t)t->ntargets)
            return mlp_net_bad(b, "a leaf adds to output %lld of %u", (long long)x->target[i],
                               t->ntargets);
        w[i] = (struct mlp_tree_weight){number(&x->weight, i), (uint32_t)x->target[i]};
        start[i + 1] = (uint32_t)i + 1;
    }
    t->leaf = start;
    t->weights = w;
    t->nleaves = x->ntarget;
    return MLP_OK;
}

/* The sets, one for each MEMBER node in order, are parted by NaN. */
static enum mlp_code take_set(struct mlp_net_build *b, const struct indexed *x, size_t *at,
                              struct mlp_tree_node *node)
{
    node->set = (uint32_t)*at;
    while (*at < x->members.n && !isnan(number(&x->members, *at)))
        ++*at;
    node->nset = (uint32_t)*at - node->set;
    if (*at >= x->members.n)
        return mlp_net_bad(b, "membership_values has fewer sets than there are MEMBER nodes");
    ++*at;
    return MLP_OK;
}

static enum mlp_code build_indexed(struct mlp_net_build *b, struct mlp_trees *t,
                                   const struct indexed *x)
{
    struct mlp_tree_node *nodes = mlp_arena_array(b->arena, x->n + 1, sizeof *nodes);
    size_t at = 0;
    if (!nodes)
        return mlp_err_nomem(b->e);
    t->nodes = nodes;
    t->nnodes = x->n;
    for (size_t i = 0; i < x->n; i++) {
        nodes[i].split = number(&x->split, i);
        nodes[i].mode = x->mode->u8[i];
        nodes[i].missing_yes = x->nmissing && x->missing[i];
        if (nodes[i].mode > MLP_TREE_MEMBER)
            return mlp_net_bad(b, "mode %u is none that the operator set knows", nodes[i].mode);
        if (column_of(b, t, x->column[i], &nodes[i]) ||
            place_of(b, x, x->yes[i], x->yes_leaf[i], &nodes[i].yes) ||
            place_of(b, x, x->no[i], x->no_leaf[i], &nodes[i].no) ||
            (nodes[i].mode == MLP_TREE_MEMBER && take_set(b, x, &at, &nodes[i])))
            return b->e->code;
    }
    return MLP_OK;
}

/* Roots are nodes: a tree of one leaf is a node of which both ways lead there. */
static enum mlp_code build_roots(struct mlp_net_build *b, struct mlp_trees *t,
                                 const struct indexed *x)
{
    uint32_t *roots = mlp_arena_array(b->arena, x->nroots + 1, sizeof *roots);
    if (!roots)
        return mlp_err_nomem(b->e);
    for (size_t i = 0; i < x->nroots; i++)
        if (place_of(b, x, x->roots[i], 0, &roots[i]))
            return b->e->code;
    t->roots = roots;
    t->nroots = x->nroots;
    return MLP_OK;
}

static enum mlp_code copy_members(struct mlp_net_build *b, struct mlp_trees *t,
                                  const struct numbers *v)
{
    double *to = mlp_arena_array(b->arena, v->n + 1, sizeof *to);
    if (!to)
        return mlp_err_nomem(b->e);
    for (size_t i = 0; i < v->n; i++)
        to[i] = number(v, i);
    t->members = to;
    return MLP_OK;
}

static enum mlp_code prepare_indexed(struct mlp_net_build *b, struct mlp_trees *t)
{
    struct indexed x = {0};
    int64_t targets, sum, post;
    if (mlp_net_attr_int(b, "n_targets", 1, &targets) ||
        mlp_net_attr_int(b, "aggregate_function", 1, &sum) ||
        mlp_net_attr_int(b, "post_transform", 0, &post) || read_indexed(b, &x))
        return b->e->code;
    if (targets < 1 || targets > INT32_MAX || sum < 0 || sum > 3 || post < 0 || post > 4)
        return mlp_net_bad(b, "n_targets, aggregate_function or post_transform cannot be");
    t->ntargets = (uint32_t)targets;
    t->sum = (enum mlp_tree_sum)sum;
    t->post = (enum mlp_post)post;
    t->wide = x.split.d != NULL;
    if (build_indexed(b, t, &x) || build_leaves(b, t, &x) || build_roots(b, t, &x))
        return b->e->code;
    return copy_members(b, t, &x.members);
}

enum mlp_code mlp_trees_prepare(struct mlp_net_build *b, const void **params)
{
    struct mlp_trees *t = NULL;
    if (new_trees(b, &t, params) || prepare_indexed(b, t))
        return b->e->code;
    mlp_trees_pack(t, b->arena);
    return MLP_OK;
}
