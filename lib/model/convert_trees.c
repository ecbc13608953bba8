/* convert_trees.c: forests as TreeEnsemble of ai.onnx.ml 5 (convert_lower.h; lib/forest runs
 * them). */
#include "model/convert_lower.h"
#include <math.h>
#include <stdlib.h>

/* TreeEnsemble's nodes_modes. */
enum { BRANCH_LEQ = 0, BRANCH_LT = 1, BRANCH_MEMBER = 6 };

/* --- what a node's rules make of a feature before the runtime compares it --- */

enum variant { PLAIN, ZERO_IS_MISSING, MISSING_IS_ZERO, CODE_TRUNCATED, CODE_FLOOR, NVARIANTS };

static enum variant variant_of(uint32_t flags)
{
    if (flags & MLP_SPLIT_CATEGORIES)
        return flags & MLP_SPLIT_TRUNCATE ? CODE_TRUNCATED : CODE_FLOOR;
    if (flags & MLP_SPLIT_ZERO_MISSING)
        return ZERO_IS_MISSING;
    return flags & MLP_SPLIT_NAN_ZERO ? MISSING_IS_ZERO : PLAIN;
}

static uint32_t constant_of(struct mlp_lower *l, enum mlp_dtype type, double v)
{
    return mlp_emit_const(l->w, type, &v, NULL, 0);
}

static uint32_t make_variant(struct mlp_lower *l, uint32_t x, enum mlp_dtype type, enum variant v)
{
    struct mlp_emit *w = l->w;
    uint32_t zero = constant_of(l, type, 0);
    if (v == ZERO_IS_MISSING) {
        uint32_t tiny = constant_of(l, type, (double)1e-35f);
        return mlp_emit3(w, "Where", mlp_emit2(w, "LessOrEqual", mlp_emit1(w, "Abs", x), tiny),
                         constant_of(l, type, NAN), x);
    }
    if (v == MISSING_IS_ZERO)
        return mlp_emit3(w, "Where", mlp_emit1(w, "IsNaN", x), zero, x);
    if (v == CODE_TRUNCATED)
        return mlp_emit3(w, "Where", mlp_emit2(w, "Less", x, zero), mlp_emit1(w, "Ceil", x),
                         mlp_emit1(w, "Floor", x));
    return v == CODE_FLOOR ? mlp_emit1(w, "Floor", x) : x;
}

/* --- the arrays of the operator --- */

/* What a leaf adds: its value to its tree's output, or a number of its own to the tree's own
 * output. */
enum leaves { LEAF_VALUE, LEAF_ROW, LEAF_ID };

struct ensemble {
    const struct mlp_forest *f;
    enum leaves leaves;
    enum mlp_dtype type;         /* of thresholds and weights */
    const uint32_t *first;       /* of each tree: added to LEAF_ID; may be NULL */
    size_t n, nleaves, nmember, ntargets, nroots;
    int64_t *feature, *yes, *no, *yes_leaf, *no_leaf, *missing_yes, *target, *root;
    double *split, *mode, *weight, *member;
    uint32_t *number;            /* of each packed node: among the inner ones, or the leaves */
    bool used[NVARIANTS], any_missing;
    uint32_t place[NVARIANTS];   /* of a variant's columns, in blocks of nused */
};

static size_t count_members(const struct mlp_forest *f)
{
    size_t n = 0;
    for (uint32_t i = 0; i < f->nnodes; i++) {
        struct mlp_forest_node d = mlp_forest_node(f, i);
        if (!d.leaf && (d.flags & MLP_SPLIT_CATEGORIES))
            n += (size_t)f->sets[(size_t)d.threshold].ncodes + 1;
    }
    return n;
}

/* Numbers inner nodes and leaves; trees of one leaf and starting values take a node more each. */
static enum mlp_code make_room(struct mlp_lower *l, struct ensemble *s)
{
    const struct mlp_forest *f = s->f;
    size_t nodes = f->nnodes + f->spec.noutputs, members = count_members(f);
    int64_t **ints[] = {&s->feature, &s->yes, &s->no, &s->yes_leaf, &s->no_leaf, &s->missing_yes,
                        &s->target, &s->root};
    double **doubles[] = {&s->split, &s->mode, &s->weight};
    for (size_t i = 0; i < sizeof ints / sizeof *ints; i++)
        if (!(*ints[i] = mlp_lower_array(l, nodes, sizeof **ints[i])))
            return l->c->e->code;
    for (size_t i = 0; i < sizeof doubles / sizeof *doubles; i++)
        if (!(*doubles[i] = mlp_lower_array(l, nodes, sizeof **doubles[i])))
            return l->c->e->code;
    s->member = mlp_lower_array(l, members, sizeof *s->member);
    s->number = mlp_lower_array(l, f->nnodes, sizeof *s->number);
    return l->c->e->code;
}

static void number_nodes(struct ensemble *s)
{
    for (uint32_t i = 0; i < s->f->nnodes; i++) {
        struct mlp_forest_node d = mlp_forest_node(s->f, i);
        s->number[i] = (uint32_t)(d.leaf ? s->nleaves++ : s->n++);
        s->used[variant_of(d.flags)] |= !d.leaf;
    }
    uint32_t place = 0;
    for (size_t v = 0; v < NVARIANTS; v++)
        if (s->used[v])
            s->place[v] = place++;
}

static double leaf_weight(const struct ensemble *s, size_t tree, uint32_t i)
{
    const struct mlp_forest *f = s->f;
    if (s->leaves == LEAF_VALUE)
        return f->value32 ? (double)f->value32[i] : f->value[i];
    if (s->leaves == LEAF_ROW)
        return f->code ? f->code[i] : s->number[i];
    uint32_t id = f->leaf_id ? f->leaf_id[i] : i - f->root[tree];
    return (double)id + (s->first ? s->first[tree] : 0);
}

static bool in_set(const struct mlp_cat_set *set, uint32_t code)
{
    return set->bits[code / 32] >> (code % 32) & 1;
}

/* The codes that make the node's true branch: the set, or the rest of its range where a code
 * outside goes the way of the set. True when the branch is the left child. */
static bool add_members(struct ensemble *s, const struct mlp_forest_node *d)
{
    const struct mlp_cat_set *set = &s->f->sets[(size_t)d->threshold];
    bool set_left = d->flags & MLP_SPLIT_SET_LEFT;
    bool out_left = d->flags & (d->flags & MLP_SPLIT_OUT_MISSING ? MLP_SPLIT_DEFAULT_LEFT
                                                                 : MLP_SPLIT_OUT_LEFT);
    bool members_in = set_left != out_left;
    for (uint32_t c = 0; c < set->ncodes; c++)
        if (in_set(set, c) == members_in)
            s->member[s->nmember++] = c;
    return !out_left;
}

static void put_child(const struct ensemble *s, uint32_t child, int64_t *id, int64_t *leaf)
{
    *leaf = mlp_forest_node(s->f, child).leaf;
    *id = s->number[child];
}

static void put_inner(struct ensemble *s, uint32_t i)
{
    struct mlp_forest_node d = mlp_forest_node(s->f, i);
    uint32_t k = s->number[i];
    size_t members = s->nmember;
    bool yes_is_left = true;
    s->mode[k] = BRANCH_LEQ;
    s->split[k] = d.threshold;
    if (d.flags & MLP_SPLIT_CATEGORIES) {
        yes_is_left = add_members(s, &d);
        bool any = s->nmember > members;
        /* An empty set: what no number is below. */
        s->mode[k] = any ? BRANCH_MEMBER : BRANCH_LT;
        s->split[k] = any ? 0 : -INFINITY;
        if (any)
            s->member[s->nmember++] = NAN;
    }
    s->feature[k] = (int64_t)s->place[variant_of(d.flags)] * s->f->nused + d.feature;
    s->missing_yes[k] = ((d.flags & MLP_SPLIT_DEFAULT_LEFT) != 0) == yes_is_left &&
                        variant_of(d.flags) != MISSING_IS_ZERO;
    s->any_missing |= s->missing_yes[k] != 0;
    put_child(s, d.child + !yes_is_left, &s->yes[k], &s->yes_leaf[k]);
    put_child(s, d.child + yes_is_left, &s->no[k], &s->no_leaf[k]);
}

/* A tree that is one leaf: a node whose branches both end there. */
static void put_stump(struct ensemble *s, int64_t leaf)
{
    size_t k = s->n++;
    s->split[k] = INFINITY;
    s->yes[k] = s->no[k] = leaf;
    s->yes_leaf[k] = s->no_leaf[k] = 1;
    s->root[s->nroots++] = (int64_t)k;
}

static void put_bases(struct ensemble *s)
{
    for (uint32_t j = 0; j < s->f->spec.noutputs; j++)
        if (s->f->base[j] != 0) {
            s->weight[s->nleaves] = s->f->base[j];
            s->target[s->nleaves] = j;
            put_stump(s, (int64_t)s->nleaves++);
        }
}

static void put_tree(struct ensemble *s, size_t tree)
{
    const struct mlp_forest *f = s->f;
    for (uint32_t i = f->root[tree]; i < f->root[tree + 1]; i++) {
        uint32_t k = s->number[i];
        if (!mlp_forest_node(f, i).leaf) {
            put_inner(s, i);
            continue;
        }
        s->weight[k] = leaf_weight(s, tree, i);
        s->target[k] = s->leaves == LEAF_VALUE ? f->output[tree] : (int64_t)tree;
    }
    if (mlp_forest_node(f, f->root[tree]).leaf)
        put_stump(s, s->number[f->root[tree]]);
    else
        s->root[s->nroots++] = s->number[f->root[tree]];
}

static uint32_t emit_ensemble(struct mlp_lower *l, const struct ensemble *s, uint32_t x)
{
    struct mlp_emit *w = l->w;
    mlp_emit_attr_int(w, "aggregate_function", 1);
    mlp_emit_attr_ints(w, "leaf_targetids", s->target, s->nleaves);
    mlp_emit_attr_tensor(w, "leaf_weights", s->type, s->weight, s->nleaves);
    if (s->nmember)
        mlp_emit_attr_tensor(w, "membership_values", s->type, s->member, s->nmember);
    mlp_emit_attr_int(w, "n_targets", (int64_t)s->ntargets);
    mlp_emit_attr_ints(w, "nodes_falseleafs", s->no_leaf, s->n);
    mlp_emit_attr_ints(w, "nodes_falsenodeids", s->no, s->n);
    mlp_emit_attr_ints(w, "nodes_featureids", s->feature, s->n);
    if (s->any_missing)
        mlp_emit_attr_ints(w, "nodes_missing_value_tracks_true", s->missing_yes, s->n);
    mlp_emit_attr_tensor(w, "nodes_modes", MLP_DT_UINT8, s->mode, s->n);
    mlp_emit_attr_tensor(w, "nodes_splits", s->type, s->split, s->n);
    mlp_emit_attr_ints(w, "nodes_trueleafs", s->yes_leaf, s->n);
    mlp_emit_attr_ints(w, "nodes_truenodeids", s->yes, s->n);
    mlp_emit_attr_int(w, "post_transform", 0);
    mlp_emit_attr_ints(w, "tree_roots", s->root, s->nroots);
    return mlp_emit1(w, "ml:TreeEnsemble", x);
}

/* The features that the nodes look at, rounded as the library rounds them, in every variant. */
static uint32_t features(struct mlp_lower *l, const struct ensemble *s)
{
    const struct mlp_forest *f = s->f;
    uint32_t parts[NVARIANTS], n = 0, x = l->x;
    bool all = f->nused == l->n->in.n;
    for (uint32_t i = 0; all && i < f->nused; i++)
        all = f->used[i] == i;
    if (!f->nused)
        x = mlp_lower_column(l, l->x, 0);
    else if (!all)
        x = mlp_lower_columns(l, l->x, f->used, f->nused);
    if (f->spec.float32)
        x = mlp_emit_cast(l->w, x, MLP_DT_FLOAT);
    if (f->spec.float32 != (s->type == MLP_DT_FLOAT))
        x = mlp_emit_cast(l->w, x, s->type);
    for (size_t v = 0; v < NVARIANTS; v++)
        if (s->used[v])
            parts[n++] = make_variant(l, x, s->type, (enum variant)v);
    return n ? mlp_emit_concat(l->w, parts, n, 1) : x;
}

static enum mlp_code put_ensemble(struct mlp_lower *l, struct ensemble *s, uint32_t *y)
{
    if (!l->n->in.n)
        return mlp_lower_refuse(l, "its trees look at no column");
    if (make_room(l, s))
        return l->c->e->code;
    number_nodes(s);
    if (s->leaves == LEAF_VALUE)
        put_bases(s);
    for (size_t t = 0; t < s->f->ntrees; t++)
        put_tree(s, t);
    *y = emit_ensemble(l, s, features(l, s));
    return MLP_OK;
}

/* --- sums --- */

/* One value a leaf. */
static enum mlp_code sum_values(struct mlp_lower *l, const struct mlp_forest *f)
{
    bool narrow = f->spec.float32 && f->spec.sum_float32;
    struct ensemble s = {.f = f, .leaves = LEAF_VALUE, .ntargets = f->spec.noutputs,
                         .type = narrow ? MLP_DT_FLOAT : MLP_DT_DOUBLE};
    return put_ensemble(l, &s, &l->y);
}

/* Rows by number: those that leaves share, or every leaf's. */
static uint32_t row_table(struct mlp_lower *l, const struct mlp_forest *f, const uint32_t *number)
{
    size_t w = f->spec.value_width, n = 0;
    double *rows = mlp_lower_array(l, f->nnodes * w, sizeof *rows);
    if (!rows)
        return MLP_EMIT_NONE;
    for (uint32_t i = 0; i < f->nnodes; i++) {
        if (!mlp_forest_node(f, i).leaf)
            continue;
        size_t at = f->code ? f->code[i] : number[i], from = f->code ? f->code[i] : i;
        for (size_t j = 0; j < w; j++)
            rows[at * w + j] = f->value32 ? (double)f->value32[from * w + j]
                                          : f->value[from * w + j];
        n = at + 1 > n ? at + 1 : n;
    }
    return mlp_emit_matrix(l->w, rows, n, w);
}

/* A row of values a leaf: the leaf's row number, then the rows, then their sum over the trees. */
static enum mlp_code sum_rows(struct mlp_lower *l, const struct mlp_forest *f)
{
    struct ensemble s = {.f = f, .leaves = LEAF_ROW, .ntargets = f->ntrees,
                         .type = MLP_DT_DOUBLE};
    uint32_t y;
    if (put_ensemble(l, &s, &y))
        return l->c->e->code;
    y = mlp_emit_gather(l->w, row_table(l, f, s.number), mlp_emit_cast(l->w, y, MLP_DT_INT64), 0);
    l->y = mlp_emit_reduce(l->w, "ReduceSum", y, 1, false);
    for (uint32_t j = 0; j < f->spec.noutputs; j++)
        if (f->base[j] != 0) {
            l->y = mlp_emit2(l->w, "Add", l->y, mlp_emit_row(l->w, f->base, f->spec.noutputs));
            break;
        }
    return l->c->e->code;
}

static uint32_t starting_values(struct mlp_lower *l, const struct mlp_forest *f)
{
    uint32_t *idx = mlp_lower_array(l, f->spec.noutputs, sizeof *idx);
    for (uint32_t j = 0; idx && j < f->spec.noutputs; j++)
        idx[j] = f->spec.nfeatures + j;
    return idx ? mlp_lower_columns(l, l->x, idx, f->spec.noutputs) : MLP_EMIT_NONE;
}

static enum mlp_code write_trees(struct mlp_lower *l)
{
    struct mlp_forest f = *((const struct mlp_trees *)l->n->params)->forest;
    bool start = l->n->in.n > f.spec.nfeatures;
    double *none = mlp_lower_array(l, f.spec.noutputs, sizeof *none);
    if (!none)
        return l->c->e->code;
    if (start || !f.base)
        f.base = none;
    enum mlp_code code = f.ntrees == 0 ? MLP_OK
                         : f.spec.value_width == 1 ? sum_values(l, &f) : sum_rows(l, &f);
    if (code)
        return code;
    if (f.ntrees == 0)
        l->y = mlp_lower_constant(l, f.base, f.spec.noutputs);
    if (start && f.spec.sum_float32)
        l->y = mlp_emit_cast(l->w, l->y, MLP_DT_DOUBLE);
    if (start)
        l->y = mlp_emit2(l->w, "Add", l->y, starting_values(l, &f));
    if (f.spec.sum_float32) {
        l->y = mlp_emit_cast(l->w, l->y, MLP_DT_FLOAT);
        l->y = mlp_emit_cast(l->w, l->y, MLP_DT_DOUBLE);
    }
    if (f.spec.divide != 0)
        l->y = mlp_emit2(l->w, "Div", l->y, mlp_emit_num(l->w, f.spec.divide));
    return MLP_OK;
}

static enum mlp_code write_leaves(struct mlp_lower *l)
{
    const struct mlp_forest *f = ((const struct mlp_trees *)l->n->params)->forest;
    struct ensemble s = {.f = f, .leaves = LEAF_ID, .ntargets = f->ntrees,
                         .type = MLP_DT_DOUBLE};
    return put_ensemble(l, &s, &l->y);
}

/* --- trees with linear leaves --- */

struct linear_tables {
    double *constant, *value, *coefficient, *used;
    size_t n;
};

static enum mlp_code fill_linear(struct mlp_lower *l, struct linear_tables *t)
{
    const struct mlp_linear_trees *p = l->n->params;
    const struct mlp_forest *f = p->forest;
    size_t m = l->n->in.n;
    for (size_t k = 0; k < f->ntrees; k++)
        for (uint32_t i = f->root[k]; i < f->root[k + 1]; i++) {
            size_t at = p->first[k] + (f->leaf_id ? f->leaf_id[i] : i - f->root[k]);
            if (mlp_forest_node(f, i).leaf)
                t->n = at + 1 > t->n ? at + 1 : t->n;
        }
    t->constant = mlp_lower_array(l, t->n, sizeof *t->constant);
    t->value = mlp_lower_array(l, t->n, sizeof *t->value);
    t->coefficient = mlp_lower_array(l, t->n * m, sizeof *t->coefficient);
    t->used = mlp_lower_array(l, t->n * m, sizeof *t->used);
    for (size_t i = 0; !l->c->e->code && i < t->n; i++) {
        const struct mlp_linear_leaf *leaf = &p->leaf[i];
        t->constant[i] = leaf->constant;
        t->value[i] = leaf->value;
        for (uint32_t k = leaf->from; k < leaf->from + leaf->n; k++) {
            t->coefficient[i * m + p->feature[k]] += p->coefficient[k];
            t->used[i * m + p->feature[k]] = 1;
        }
    }
    return l->c->e->code;
}

/* [N, trees]: constant + sum of coefficient * feature, or the value where a feature is missing.
 * at: the leaf of each tree, by its entry in the tables. */
static uint32_t linear_values(struct mlp_lower *l, const struct linear_tables *t, uint32_t at)
{
    struct mlp_emit *w = l->w;
    size_t m = l->n->in.n;
    uint32_t x = mlp_emit_unsqueeze(w, l->x, 1), zero = mlp_emit_num(w, 0);
    uint32_t used = mlp_emit_gather(w, mlp_emit_matrix(w, t->used, t->n, m), at, 0);
    uint32_t by = mlp_emit_gather(w, mlp_emit_matrix(w, t->coefficient, t->n, m), at, 0);
    used = mlp_emit2(w, "Greater", used, zero);
    uint32_t part = mlp_emit3(w, "Where", used, mlp_emit2(w, "Mul", x, by), zero);
    uint32_t gone = mlp_emit2(w, "And", used, mlp_emit1(w, "IsNaN", x));
    gone = mlp_emit_reduce(w, "ReduceMax", mlp_emit_cast(w, gone, MLP_DT_DOUBLE), 2, false);
    uint32_t sum = mlp_emit2(w, "Add", mlp_emit_reduce(w, "ReduceSum", part, 2, false),
                             mlp_emit_gather(w, mlp_emit_row(w, t->constant, t->n), at, 0));
    return mlp_emit3(w, "Where", mlp_emit2(w, "Greater", gone, zero),
                     mlp_emit_gather(w, mlp_emit_row(w, t->value, t->n), at, 0), sum);
}

static enum mlp_code write_linear_trees(struct mlp_lower *l)
{
    const struct mlp_linear_trees *p = l->n->params;
    const struct mlp_forest *f = p->forest;
    struct linear_tables t = {0};
    struct ensemble s = {.f = f, .leaves = LEAF_ID, .first = p->first, .ntargets = f->ntrees,
                         .type = MLP_DT_DOUBLE};
    size_t k = l->n->out_width;
    double *sums = mlp_lower_array(l, f->ntrees * k, sizeof *sums);
    uint32_t at;
    if (!sums || fill_linear(l, &t) || put_ensemble(l, &s, &at))
        return l->c->e->code;
    for (size_t i = 0; i < f->ntrees; i++)
        sums[i * k + f->output[i]] = 1;
    at = mlp_emit_cast(l->w, at, MLP_DT_INT64);
    l->y = mlp_emit2(l->w, "MatMul", linear_values(l, &t, at),
                     mlp_emit_matrix(l->w, sums, f->ntrees, k));
    return MLP_OK;
}

bool mlp_convert_rounds(const struct mlp_gnode *n)
{
    if (n->op == &mlp_op_trees || n->op == &mlp_op_leaves)
        return ((const struct mlp_trees *)n->params)->forest->spec.float32;
    if (n->op == &mlp_op_map)
        return ((const struct mlp_map_fn *)n->params)->fn == MLP_FN_FLOAT32;
    return n->op == &mlp_op_gblinear;
}

const struct mlp_lowering mlp_lower_trees[] = {
    {&mlp_op_trees, write_trees}, {&mlp_op_leaves, write_leaves},
    {&mlp_op_linear_trees, write_linear_trees}, {NULL, NULL},
};
