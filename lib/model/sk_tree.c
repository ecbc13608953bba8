/* sk_tree.c: decision trees and forests of them.
 *
 * x is float32, thresholds are float64: left when (double)(float)x <= threshold, which is the
 * same as x <= the largest float32 that is not above the threshold. */
#include "model/sk_trees.h"
#include <math.h>

/* Node arrays of one tree, in s->tmp. */
struct arrays {
    int32_t *left, *right;
    uint32_t *feature;
    double *threshold, *value, *cover;
    uint8_t *flags;
};

static enum mlp_code take_arrays(struct mlp_sk *s, size_t n, size_t width, struct arrays *a)
{
    a->left = mlp_arena_array(s->tmp, n, sizeof *a->left);
    a->right = mlp_arena_array(s->tmp, n, sizeof *a->right);
    a->feature = mlp_arena_array(s->tmp, n, sizeof *a->feature);
    a->threshold = mlp_arena_array(s->tmp, n, sizeof *a->threshold);
    a->value = mlp_arena_array(s->tmp, n * width, sizeof *a->value);
    a->flags = mlp_arena_array(s->tmp, n, 1);
    a->cover = mlp_arena_array(s->tmp, n, sizeof *a->cover);
    bool ok = a->left && a->right && a->feature && a->threshold && a->value && a->flags && a->cover;
    return ok ? MLP_OK : mlp_err_nomem(s->e);
}

static int32_t clamp_index(int64_t v)
{
    return v < 0 ? -1 : v > INT32_MAX ? INT32_MAX : (int32_t)v;
}

static enum mlp_code read_nodes(struct mlp_sk *s, const struct mlp_nd *nodes, struct arrays *a,
                                bool *missing)
{
    struct mlp_column left, right, feature, threshold, nan_left, cover;
    if (!mlp_nd_field(nodes, "left_child", &left) || !mlp_nd_field(nodes, "right_child", &right) ||
        !mlp_nd_field(nodes, "feature", &feature) ||
        !mlp_nd_field(nodes, "threshold", &threshold))
        return mlp_sk_bad(s, "a tree's nodes lack a field that is known");
    bool has = mlp_nd_field(nodes, "missing_go_to_left", &nan_left);
    bool covers = mlp_nd_field(nodes, "weighted_n_node_samples", &cover);
    for (size_t i = 0; i < nodes->count; i++) {
        a->left[i] = clamp_index(mlp_column_i64(&left, i));
        a->right[i] = clamp_index(mlp_column_i64(&right, i));
        a->feature[i] = (uint32_t)clamp_index(mlp_column_i64(&feature, i));
        a->threshold[i] = mlp_column_f64(&threshold, i);
        a->flags[i] = has && mlp_column_i64(&nan_left, i) ? MLP_SPLIT_DEFAULT_LEFT : 0;
        a->cover[i] = covers ? mlp_column_f64(&cover, i) : 0;
    }
    *missing = has;
    return MLP_OK;
}

/* One output's class values as shares of their sum, as predict_proba of before 1.4 makes them. */
static void make_shares(double *v, size_t n, bool counts)
{
    double sum = 0;
    for (size_t k = 0; k < n; k++)
        sum += v[k];
    for (size_t k = 0; k < n && counts && sum != 0; k++)
        v[k] /= sum;
}

/* values has shape (nodes, outputs, most classes); ours has the classes that each output has. */
static enum mlp_code read_values(struct mlp_sk *s, const struct mlp_nd *values,
                                 const struct mlp_tree_plan *p, size_t n, double *to)
{
    bool counts = mlp_sk_version(s) < 1004000;
    if (values->ndim != 3 || values->shape[0] != n || values->shape[1] != p->noutputs)
        return mlp_sk_bad(s, "a tree's values have another shape than its nodes");
    size_t most = values->shape[2];
    for (size_t i = 0; i < n; i++)
        for (size_t o = 0; o < p->noutputs; o++) {
            size_t k = p->class_counts ? p->class_counts[o] : 1;
            if (k > most)
                return mlp_sk_bad(s, "a tree's values have fewer classes than classes_");
            for (size_t j = 0; j < k; j++)
                to[j] = mlp_nd_f64(values, (i * p->noutputs + o) * most + j, NULL) * p->scale;
            if (p->kind == MLP_LEAF_SHARES)
                make_shares(to, k, counts);
            to += k;
        }
    return MLP_OK;
}

double mlp_average_path(double n)
{
    if (n <= 1)
        return 0;
    return n == 2 ? 1 : 2 * (log(n - 1) + 0.57721566490153286061) - 2 * (n - 1) / n;
}

/* Every leaf's depth and what its samples would add. Children follow their parents in the file;
 * where they do not, the packing refuses the tree. */
static enum mlp_code path_values(struct mlp_sk *s, const struct mlp_nd *nodes, struct arrays *a)
{
    struct mlp_column samples;
    double *depth = mlp_arena_array(s->tmp, nodes->count, sizeof *depth);
    if (!depth)
        return mlp_err_nomem(s->e);
    if (!mlp_nd_field(nodes, "n_node_samples", &samples))
        return mlp_sk_bad(s, "a tree's nodes lack n_node_samples");
    for (size_t i = 0; i < nodes->count; i++) {
        int32_t l = a->left[i], r = a->right[i];
        if (l >= 0 && (size_t)l < nodes->count && r >= 0 && (size_t)r < nodes->count)
            depth[l] = depth[r] = depth[i] + 1;
        a->value[i] = depth[i] + mlp_average_path(mlp_column_f64(&samples, i));
    }
    return MLP_OK;
}

static enum mlp_code map_features(struct mlp_sk *s, const struct mlp_nd *features, size_t n,
                                  struct arrays *a)
{
    for (size_t i = 0; i < n; i++) {
        if (a->left[i] < 0)
            continue;
        int64_t f = a->feature[i] < features->count
                        ? mlp_nd_i64(features, a->feature[i], NULL) : -1;
        if (f < 0 || f > INT32_MAX)
            return mlp_sk_bad(s, "a tree's feature is out of range");
        a->feature[i] = (uint32_t)f;
    }
    return MLP_OK;
}

static size_t plan_width(const struct mlp_tree_plan *p)
{
    size_t w = 0;
    for (size_t o = 0; o < p->noutputs; o++)
        w += p->class_counts ? p->class_counts[o] : 1;
    return w;
}

static enum mlp_code leaf_values(struct mlp_sk *s, const struct mlp_tree_plan *plan,
                                 const struct mlp_nd *nodes, const struct mlp_nd *values,
                                 struct arrays *a)
{
    if (plan->kind == MLP_LEAF_PATH)
        return path_values(s, nodes, a);
    if (plan->kind != MLP_LEAF_NUMBER)
        return read_values(s, values, plan, nodes->count, a->value);
    for (size_t i = 0; i < nodes->count; i++)
        a->value[i] = (double)i;
    return MLP_OK;
}

static enum mlp_code add_tree(struct mlp_sk *s, struct mlp_forest_builder *b,
                              const struct mlp_tree_plan *plan, bool *missing)
{
    const struct mlp_value *tree = mlp_sk_attr(s, "tree_");
    struct mlp_nd nodes, values;
    struct arrays a;
    size_t width = plan_width(plan);
    if (!mlp_value_is_a(tree, "Tree"))
        return mlp_sk_bad(s, "it has no tree_ (not fitted?)");
    if (mlp_nd_read(mlp_value_attr(tree, "nodes"), s->tmp, &nodes, s->e) ||
        mlp_nd_read(mlp_value_attr(tree, "values"), s->tmp, &values, s->e) ||
        take_arrays(s, nodes.count, width, &a) || read_nodes(s, &nodes, &a, missing) ||
        (plan->features && map_features(s, plan->features, nodes.count, &a)) ||
        leaf_values(s, plan, &nodes, &values, &a))
        return s->e->code;
    struct mlp_tree t = {.n = nodes.count, .left = a.left, .right = a.right, .feature = a.feature,
                         .threshold = a.threshold, .flags = a.flags, .value = a.value,
                         .cover = a.cover, .output = plan->output};
    if (mlp_forest_add(b, &t, s->e))
        return s->e->code;
    return MLP_OK;
}

enum mlp_code mlp_sk_add_tree(struct mlp_sk *s, struct mlp_forest_builder *b,
                              const struct mlp_value *estimator,
                              const struct mlp_tree_plan *plan, bool *missing)
{
    const struct mlp_value *outer = s->self;
    bool has = false;
    s->self = estimator;
    enum mlp_code code = add_tree(s, b, plan, &has);
    s->self = outer;
    if (missing)
        *missing = has;
    return code;
}

enum mlp_code mlp_sk_trees(struct mlp_sk *s, struct mlp_forest_builder *b, const double *base,
                           struct mlp_cols x, bool missing, struct mlp_cols *out)
{
    struct mlp_forest *f;
    if (mlp_forest_end(b, base, &f, s->e))
        return s->e->code;
    struct mlp_trees p = {f};
    void *params = mlp_sk_params(s, &p, sizeof p);
    if (!params)
        return s->e->code;
    size_t k = f->spec.noutputs;
    return missing ? mlp_sk_node(s, &mlp_op_trees, params, x, k, out)
                   : mlp_sk_finite(s, &mlp_op_trees, params, x, k, out);
}

enum mlp_code mlp_sk_estimators(struct mlp_sk *s, const char *name, struct mlp_nd *out)
{
    if (mlp_sk_array(s, name, out))
        return s->e->code;
    if (!out->objects || !out->count)
        return mlp_sk_bad(s, "%s holds no estimators", name);
    return MLP_OK;
}

/* --- classes of one or several outputs --- */

struct outputs {
    size_t n, width;             /* outputs, classes of all */
    size_t *counts;
    const struct mlp_labels **labels;
};

/* classes_ is one array, or for several outputs a list of arrays. */
static enum mlp_code read_outputs(struct mlp_sk *s, struct outputs *o)
{
    const struct mlp_value *classes = mlp_sk_attr(s, "classes_");
    bool many = classes && classes->type == MLP_VALUE_LIST && mlp_value_count(classes) &&
                mlp_nd_is(mlp_value_at(classes, 0));
    o->n = many ? mlp_value_count(classes) : 1;
    o->width = 0;
    o->counts = mlp_arena_array(s->keep, o->n, sizeof *o->counts);
    o->labels = mlp_arena_array(s->keep, o->n, sizeof *o->labels);
    if (!o->counts || !o->labels)
        return mlp_err_nomem(s->e);
    for (size_t i = 0; i < o->n; i++) {
        if (many ? mlp_sk_labels(s, mlp_value_at(classes, i), &o->labels[i])
                 : mlp_sk_classes(s, "classes_", &o->labels[i]))
            return s->e->code;
        o->width += o->counts[i] = o->labels[i]->n;
    }
    return MLP_OK;
}

static enum mlp_code pick_outputs(struct mlp_sk *s, const struct outputs *o, struct mlp_cols proba,
                                  struct mlp_pred *out)
{
    out->predict_kind = MLP_OUT_LABEL;
    out->labels = o->labels;
    out->nlabels = o->n;
    out->proba = proba;
    for (size_t i = 0, at = 0; i < o->n; at += o->counts[i++]) {
        struct mlp_cols one;
        if (mlp_sk_node(s, &mlp_op_argmax, NULL, mlp_cols_slice(proba, at, o->counts[i]), 1,
                        &one) ||
            mlp_cols_join(s->g, &out->predict, &one, s->e))
            return s->e->code;
    }
    return MLP_OK;
}

/* --- readers --- */

static void begin(struct mlp_sk *s, struct mlp_forest_builder *b, size_t nfeatures, size_t width,
                  double divide)
{
    struct mlp_forest_spec spec = {.nfeatures = (uint32_t)nfeatures, .noutputs = (uint32_t)width,
                                   .value_width = (uint32_t)width, .float32 = true,
                                   .explain = s->g->explain, .divide = divide};
    mlp_forest_begin(b, &spec, s->keep);
}

/* The trees of self: its estimators_, or (single) itself. */
static enum mlp_code read_trees(struct mlp_sk *s, struct mlp_cols x, const struct mlp_tree_plan *p,
                                bool single, struct mlp_cols *out)
{
    struct mlp_forest_builder b;
    struct mlp_nd list = {.count = 1};
    bool missing = false;
    if (mlp_sk_width(s, x) || (!single && mlp_sk_estimators(s, "estimators_", &list)))
        return s->e->code;
    begin(s, &b, x.n, plan_width(p), single ? 0 : (double)list.count);
    for (size_t i = 0; i < list.count; i++)
        if (mlp_sk_add_tree(s, &b, single ? s->self : list.objects[i], p, &missing)) {
            mlp_forest_drop(&b);
            return s->e->code;
        }
    return mlp_sk_trees(s, &b, NULL, x, missing, out);
}

static enum mlp_code read_classifier(struct mlp_sk *s, struct mlp_cols x, bool single,
                                     struct mlp_pred *out)
{
    struct outputs o;
    struct mlp_cols proba;
    if (read_outputs(s, &o))
        return s->e->code;
    struct mlp_tree_plan p = {MLP_LEAF_SHARES, o.n, o.counts, 1, 0, NULL};
    if (read_trees(s, x, &p, single, &proba))
        return s->e->code;
    return pick_outputs(s, &o, proba, out);
}

static enum mlp_code read_regressor(struct mlp_sk *s, struct mlp_cols x, bool single,
                                    struct mlp_pred *out)
{
    double n = mlp_sk_num(s, "n_outputs_", 1);
    if (!(n >= 1 && n < 1e6))
        return mlp_sk_bad(s, "n_outputs_ cannot be read");
    struct mlp_tree_plan p = {MLP_LEAF_RAW, (size_t)n, NULL, 1, 0, NULL};
    out->predict_kind = MLP_OUT_F64;
    return read_trees(s, x, &p, single, &out->predict);
}

enum mlp_code mlp_read_tree_classifier(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    return read_classifier(s, x, true, out);
}

enum mlp_code mlp_read_forest_classifier(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    return read_classifier(s, x, false, out);
}

enum mlp_code mlp_read_tree_regressor(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    return read_regressor(s, x, true, out);
}

enum mlp_code mlp_read_forest_regressor(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    return read_regressor(s, x, false, out);
}

/* score = -2^(-mean path / average path), decision = score - offset_. */
static enum mlp_code isolation_results(struct mlp_sk *s, struct mlp_cols path,
                                       struct mlp_pred *out)
{
    struct mlp_cols y;
    double offset = mlp_sk_num(s, "offset_", -0.5);
    if (mlp_sk_map(s, MLP_FN_NEGATIVE, path, &y) || mlp_sk_map(s, MLP_FN_EXP2, y, &y) ||
        mlp_sk_map(s, MLP_FN_NEGATIVE, y, &out->score) ||
        mlp_sk_affine(s, out->score, 1, -offset, &out->decision))
        return s->e->code;
    return mlp_sk_inliers(s, out->decision, true, out);
}

/* RandomTreesEmbedding: the leaf of each tree, one-hot. */
enum mlp_code mlp_read_trees_embedding(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    struct mlp_forest_builder b;
    struct mlp_nd list;
    struct mlp_cols leaves;
    if (mlp_sk_width(s, x) || mlp_sk_estimators(s, "estimators_", &list))
        return s->e->code;
    struct mlp_forest_spec spec = {.nfeatures = (uint32_t)x.n, .noutputs = (uint32_t)list.count,
                                   .value_width = 1, .float32 = true};
    mlp_forest_begin(&b, &spec, s->keep);
    for (size_t i = 0; i < list.count; i++) {
        struct mlp_tree_plan p = {MLP_LEAF_NUMBER, 1, NULL, 1, (uint32_t)i, NULL};
        if (mlp_sk_add_tree(s, &b, list.objects[i], &p, NULL)) {
            mlp_forest_drop(&b);
            return s->e->code;
        }
    }
    if (mlp_sk_trees(s, &b, NULL, x, false, &leaves))
        return s->e->code;
    return mlp_sk_child(s, mlp_sk_attr(s, "one_hot_encoder_"), leaves, out, "one_hot_encoder_");
}

enum mlp_code mlp_read_isolation_forest(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    struct mlp_forest_builder b;
    struct mlp_nd list, subsets, features;
    struct mlp_cols path;
    bool missing = false;
    double samples = mlp_sk_num(s, "_max_samples", mlp_sk_num(s, "max_samples_", 0));
    if (mlp_sk_width(s, x) || mlp_sk_estimators(s, "estimators_", &list) ||
        mlp_sk_estimators(s, "estimators_features_", &subsets))
        return s->e->code;
    if (subsets.count != list.count || samples < 2)
        return mlp_sk_bad(s, "estimators_features_ or max_samples_ does not fit");
    begin(s, &b, x.n, 1, (double)list.count * mlp_average_path(samples));
    for (size_t i = 0; i < list.count; i++) {
        struct mlp_tree_plan p = {MLP_LEAF_PATH, 1, NULL, 1, 0, &features};
        if (mlp_nd_read(subsets.objects[i], s->tmp, &features, s->e) ||
            mlp_sk_add_tree(s, &b, list.objects[i], &p, &missing)) {
            mlp_forest_drop(&b);
            return s->e->code;
        }
    }
    return mlp_sk_trees(s, &b, NULL, x, missing, &path) ? s->e->code
                                                         : isolation_results(s, path, out);
}
