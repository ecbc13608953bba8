/* sk_near.c: estimators over stored rows: k nearest neighbours, all within a radius, local
 * outliers. */
#include "model/ops_near.h"
#include "model/sk_parts.h"
#include <math.h>

/* --- metric --- */

static enum mlp_code metric_array(struct mlp_sk *s, const char *name, size_t want,
                                  const double **out)
{
    struct mlp_nd nd;
    const struct mlp_value *v =
        mlp_value_get(mlp_sk_attr(s, "effective_metric_params_"), name);
    if (mlp_value_is_none(v) || mlp_nd_read(v, s->tmp, &nd, s->e) || nd.count != want)
        return mlp_sk_bad(s, "the metric's %s cannot be read", name);
    *out = mlp_nd_doubles(&nd, s->keep, s->e);
    return *out ? MLP_OK : s->e->code;
}

static enum mlp_code metric_details(struct mlp_sk *s, size_t width, struct mlp_metric *m)
{
    const struct mlp_value *params = mlp_sk_attr(s, "effective_metric_params_");
    if (m->kind == MLP_METRIC_SEUCLIDEAN)
        return metric_array(s, "V", width, &m->w);
    if (m->kind == MLP_METRIC_MAHALANOBIS)
        return metric_array(s, "VI", width * width, &m->w);
    if (!mlp_value_is_none(mlp_value_get(params, "w")) && metric_array(s, "w", width, &m->w))
        return s->e->code;
    if (m->kind != MLP_METRIC_MINKOWSKI)
        return m->w ? mlp_sk_bad(s, "its metric takes no weights here") : MLP_OK;
    if (!mlp_value_f64(mlp_value_get(params, "p"), &m->p))
        m->p = mlp_sk_num(s, "p", 2);
    if (!(m->p > 0))
        return mlp_sk_bad(s, "Minkowski's p cannot be read");
    if (!m->w && (m->p == 1 || m->p == 2))
        m->kind = m->p == 1 ? MLP_METRIC_MANHATTAN : MLP_METRIC_EUCLIDEAN;
    m->kind = isinf(m->p) ? MLP_METRIC_CHEBYSHEV : m->kind;
    return MLP_OK;
}

static enum mlp_code read_metric(struct mlp_sk *s, size_t width, struct mlp_metric *m)
{
    static const struct {
        const char *name;
        enum mlp_metric_kind kind;
    } known[] = {
        {"euclidean", MLP_METRIC_EUCLIDEAN}, {"l2", MLP_METRIC_EUCLIDEAN},
        {"manhattan", MLP_METRIC_MANHATTAN}, {"l1", MLP_METRIC_MANHATTAN},
        {"cityblock", MLP_METRIC_MANHATTAN}, {"chebyshev", MLP_METRIC_CHEBYSHEV},
        {"infinity", MLP_METRIC_CHEBYSHEV}, {"minkowski", MLP_METRIC_MINKOWSKI},
        {"p", MLP_METRIC_MINKOWSKI}, {"wminkowski", MLP_METRIC_MINKOWSKI},
        {"seuclidean", MLP_METRIC_SEUCLIDEAN}, {"mahalanobis", MLP_METRIC_MAHALANOBIS},
        {"sqeuclidean", MLP_METRIC_SQUARED}, {"cosine", MLP_METRIC_COSINE},
        {"correlation", MLP_METRIC_CORRELATION}, {"canberra", MLP_METRIC_CANBERRA},
        {"braycurtis", MLP_METRIC_BRAYCURTIS}, {"hamming", MLP_METRIC_HAMMING},
        {"matching", MLP_METRIC_HAMMING}, {"nan_euclidean", MLP_METRIC_NAN_EUCLIDEAN}};
    size_t i = 0, n = sizeof known / sizeof known[0];
    while (i < n && !mlp_sk_is(s, "effective_metric_", known[i].name))
        i++;
    if (i == n)
        return mlp_sk_bad(s, "its metric is not one that is known");
    *m = (struct mlp_metric){.kind = known[i].kind, .p = 2};
    return metric_details(s, width, m);
}

/* --- the tree --- */

/* The saved state of a KDTree or BallTree: data, idx_array, node_data, node_bounds, ... */
struct tree_state {
    struct mlp_nd order, nodes, bounds;
    struct mlp_column from, to, leaf, radius;
};

static bool read_state(struct mlp_sk *s, const struct mlp_value *tree, struct tree_state *t)
{
    const struct mlp_value *state =
        tree && tree->type == MLP_VALUE_OBJECT ? tree->u.object->state : NULL;
    return mlp_value_count(state) >= 4 &&
           !mlp_nd_read(mlp_value_at(state, 1), s->tmp, &t->order, s->e) &&
           !mlp_nd_read(mlp_value_at(state, 2), s->tmp, &t->nodes, s->e) &&
           !mlp_nd_read(mlp_value_at(state, 3), s->tmp, &t->bounds, s->e) &&
           mlp_nd_field(&t->nodes, "idx_start", &t->from) &&
           mlp_nd_field(&t->nodes, "idx_end", &t->to) &&
           mlp_nd_field(&t->nodes, "is_leaf", &t->leaf) &&
           mlp_nd_field(&t->nodes, "radius", &t->radius);
}

static enum mlp_code copy_nodes(struct mlp_sk *s, const struct tree_state *t, size_t nrows,
                                struct mlp_near *p)
{
    struct mlp_near_node *node = mlp_arena_array(s->keep, t->nodes.count, sizeof *node);
    uint32_t *order = mlp_arena_array(s->keep, nrows, sizeof *order);
    if (!node || !order)
        return mlp_err_nomem(s->e);
    for (size_t i = 0; i < t->nodes.count; i++) {
        int64_t from = mlp_column_i64(&t->from, i), to = mlp_column_i64(&t->to, i);
        bool leaf = mlp_column_i64(&t->leaf, i) != 0;
        if (from < 0 || to < from || (size_t)to > nrows ||
            (!leaf && 2 * i + 2 >= t->nodes.count))
            return mlp_sk_bad(s, "_tree is damaged");
        node[i] = (struct mlp_near_node){(uint32_t)from, (uint32_t)to, leaf,
                                         mlp_column_f64(&t->radius, i)};
    }
    for (size_t i = 0; i < nrows; i++) {
        int64_t row = mlp_nd_i64(&t->order, i, NULL);
        if (row < 0 || (size_t)row >= nrows)
            return mlp_sk_bad(s, "_tree is damaged");
        order[i] = (uint32_t)row;
    }
    p->node = node;
    p->order = order;
    return MLP_OK;
}

static enum mlp_code read_tree(struct mlp_sk *s, size_t width, struct mlp_near *p)
{
    struct tree_state t;
    const struct mlp_value *tree = mlp_sk_attr(s, "_tree");
    if (mlp_value_is_none(tree))
        return MLP_OK;
    /* Its maker is _binary_tree.newObj, whose one argument is the class. */
    const struct mlp_value *class =
        tree->type == MLP_VALUE_OBJECT ? mlp_value_at(tree->u.object->args, 0) : NULL;
    struct mlp_str name = mlp_name_last(mlp_value_name(class));
    p->ball = mlp_str_starts(name, "BallTree");
    if (!p->ball && !mlp_str_starts(name, "KDTree"))
        return mlp_sk_bad(s, "_tree is neither a KDTree nor a BallTree");
    if (!read_state(s, tree, &t) || t.order.count != p->n || !t.nodes.count ||
        t.bounds.count != (p->ball ? 1 : 2) * t.nodes.count * width)
        return mlp_sk_bad(s, "_tree cannot be read");
    const double *bounds = mlp_nd_doubles(&t.bounds, s->keep, s->e);
    if (!bounds || copy_nodes(s, &t, p->n, p))
        return s->e->code;
    p->nnodes = t.nodes.count;
    p->lo = bounds;
    p->hi = p->ball ? NULL : bounds + p->nnodes * width;
    return MLP_OK;
}

static enum mlp_code read_rows(struct mlp_sk *s, struct mlp_cols x, struct mlp_near *p)
{
    memset(p, 0, sizeof *p);
    if (mlp_sk_width(s, x) || read_metric(s, x.n, &p->metric) ||
        mlp_sk_matrix(s, mlp_sk_attr(s, "_fit_X"), x.n, &p->row, &p->n))
        return s->e->code;
    if (!p->n || p->n > UINT32_MAX)
        return mlp_sk_bad(s, "_fit_X has no rows, or too many");
    return read_tree(s, x.n, p);
}

/* --- targets --- */

static enum mlp_code read_weights(struct mlp_sk *s, bool *by_distance)
{
    *by_distance = mlp_sk_is(s, "weights", "distance");
    if (!*by_distance && mlp_sk_has(s, "weights") && !mlp_sk_is(s, "weights", "uniform"))
        return mlp_sk_bad(s, "weights of their own are code, which is not run");
    return MLP_OK;
}

/* _y: one row a stored row. */
static enum mlp_code read_targets(struct mlp_sk *s, size_t nrows, struct mlp_near_vote *v)
{
    size_t n;
    if (read_weights(s, &v->by_distance) || mlp_sk_doubles(s, "_y", 0, &v->target, &n))
        return s->e->code;
    v->n = nrows;
    v->stride = n / nrows;
    return n && n % nrows == 0 ? MLP_OK : mlp_sk_bad(s, "_y does not fit _fit_X");
}

static enum mlp_code nearest(struct mlp_sk *s, struct mlp_cols x, const struct mlp_near *near,
                             const char *attribute, struct mlp_cols *out)
{
    double k = mlp_sk_num(s, attribute, 5);
    if (!(k >= 1 && k <= (double)near->n))
        return mlp_sk_bad(s, "%s does not fit _fit_X", attribute);
    struct mlp_nearest p = {*near, (size_t)k};
    void *params = mlp_sk_params(s, &p, sizeof p);
    if (!params)
        return s->e->code;
    return near->metric.kind == MLP_METRIC_NAN_EUCLIDEAN
               ? mlp_sk_node(s, &mlp_op_nearest, params, x, 2 * p.k, out)
               : mlp_sk_finite(s, &mlp_op_nearest, params, x, 2 * p.k, out);
}

/* Votes of the k nearest, or of all within the radius, on a target of `width` values. */
static enum mlp_code vote(struct mlp_sk *s, struct mlp_cols in, const struct mlp_within *w,
                          size_t width, struct mlp_cols *out)
{
    void *params = w->radius > 0 ? mlp_sk_params(s, w, sizeof *w)
                                 : mlp_sk_params(s, &w->vote, sizeof w->vote);
    if (!params)
        return s->e->code;
    return w->radius > 0 ? mlp_sk_finite(s, &mlp_op_within, params, in, width, out)
                         : mlp_sk_node(s, &mlp_op_near_vote, params, in, width, out);
}

static enum mlp_code read_regressor(struct mlp_sk *s, struct mlp_cols x, struct mlp_within *w,
                                    struct mlp_cols *out)
{
    if (read_rows(s, x, &w->near) || read_targets(s, w->near.n, &w->vote))
        return s->e->code;
    double *alone = mlp_arena_array(s->keep, w->vote.stride, sizeof *alone);
    if (!alone)
        return mlp_err_nomem(s->e);
    for (size_t i = 0; i < w->vote.stride; i++)
        alone[i] = (double)NAN;
    w->alone = alone;
    if (!(w->radius > 0) && nearest(s, x, &w->near, "n_neighbors", &x))
        return s->e->code;
    w->vote.k = x.n / 2;
    return vote(s, x, w, w->vote.stride, out);
}

enum mlp_code mlp_read_knn_regressor(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    struct mlp_within w = {.radius = 0};
    out->predict_kind = MLP_OUT_F64;
    return read_regressor(s, x, &w, &out->predict);
}

enum mlp_code mlp_read_radius_regressor(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    struct mlp_within w = {.radius = mlp_sk_num(s, "radius", 1)};
    out->predict_kind = MLP_OUT_F64;
    if (!(w.radius > 0))
        return mlp_sk_bad(s, "radius cannot be read");
    return read_regressor(s, x, &w, &out->predict);
}

/* Classes of target t: classes_ is an array, or a list of them for several targets. */
static enum mlp_code target_classes(struct mlp_sk *s, const struct mlp_near_vote *v, size_t nrows,
                                    size_t t, const struct mlp_labels **out)
{
    const struct mlp_value *classes = mlp_sk_attr(s, "classes_");
    bool several = classes && classes->type == MLP_VALUE_LIST && v->stride > 1;
    if (mlp_value_is_none(classes) ||
        mlp_sk_labels(s, several ? mlp_value_at(classes, t) : classes, out))
        return mlp_sk_bad(s, "classes_ cannot be read");
    for (size_t i = 0; i < nrows; i++) {
        double y = v->target[i * v->stride + t];
        if (!(y >= 0 && y < (double)(*out)->n))
            return mlp_sk_bad(s, "_y is out of range");
    }
    return MLP_OK;
}

/* What a row without neighbours gets: outlier_label_'s class. */
static enum mlp_code read_alone(struct mlp_sk *s, const struct mlp_labels *labels,
                                const double **out)
{
    struct mlp_nd nd;
    double *alone = mlp_arena_array(s->keep, labels->n, sizeof *alone);
    bool found = false;
    if (!alone)
        return mlp_err_nomem(s->e);
    *out = alone;
    for (size_t k = 0; k < labels->n; k++)
        alone[k] = (double)NAN;
    if (!mlp_sk_has(s, "outlier_label_") || mlp_sk_array(s, "outlier_label_", &nd) || !nd.count)
        return MLP_OK;
    struct mlp_str text = mlp_nd_text(&nd, 0, s->tmp);
    bool none = nd.objects && nd.objects[0]->type == MLP_VALUE_NONE;
    for (size_t k = 0; !none && k < labels->n; k++) {
        alone[k] = text.p ? mlp_str_eq(text, labels->text[k])
                          : mlp_nd_f64(&nd, 0, NULL) == labels->number[k];
        found |= alone[k] != 0;
    }
    return none || found ? MLP_OK : mlp_sk_bad(s, "an outlier_label that is no class is not read");
}

static enum mlp_code read_classifier(struct mlp_sk *s, struct mlp_cols x, struct mlp_within *w,
                                     struct mlp_pred *out)
{
    if (read_rows(s, x, &w->near) || read_targets(s, w->near.n, &w->vote) ||
        (!(w->radius > 0) && nearest(s, x, &w->near, "n_neighbors", &x)))
        return s->e->code;
    out->labels = mlp_arena_array(s->keep, w->vote.stride, sizeof *out->labels);
    if (!out->labels)
        return mlp_err_nomem(s->e);
    w->vote.classes = true;
    w->vote.k = x.n / 2;
    out->predict_kind = MLP_OUT_LABEL;
    for (size_t t = 0; t < w->vote.stride; t++) {
        struct mlp_cols proba, label;
        const struct mlp_labels *labels;
        w->vote.column = t;
        if (target_classes(s, &w->vote, w->near.n, t, &labels) ||
            read_alone(s, labels, &w->alone) || vote(s, x, w, labels->n, &proba) ||
            mlp_sk_node(s, &mlp_op_argmax, NULL, proba, 1, &label) ||
            mlp_cols_join(s->g, &out->proba, &proba, s->e) ||
            mlp_cols_join(s->g, &out->predict, &label, s->e))
            return s->e->code;
        out->labels[out->nlabels++] = labels;
    }
    return MLP_OK;
}

enum mlp_code mlp_read_knn_classifier(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    struct mlp_within w = {.radius = 0};
    return read_classifier(s, x, &w, out);
}

enum mlp_code mlp_read_radius_classifier(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    struct mlp_within w = {.radius = mlp_sk_num(s, "radius", 1)};
    if (!(w.radius > 0))
        return mlp_sk_bad(s, "radius cannot be read");
    return read_classifier(s, x, &w, out);
}

/* --- outliers --- */

enum mlp_code mlp_read_local_outlier(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    struct mlp_near near;
    struct mlp_outlier p;
    struct mlp_cols found;
    const double *all;
    if (!mlp_sk_flag(s, "novelty", false))
        return mlp_sk_bad(s, "without novelty=True it answers for its training rows only");
    if (read_rows(s, x, &near) || nearest(s, x, &near, "n_neighbors_", &found) ||
        mlp_sk_doubles(s, "_lrd", near.n, &p.lrd, NULL))
        return s->e->code;
    p.k = found.n / 2;
    double *reach = mlp_arena_array64(s->keep, near.n, sizeof *reach);
    if (!reach)
        return mlp_err_nomem(s->e);
    if (mlp_sk_doubles(s, "_distances_fit_X_", near.n * p.k, &all, NULL))
        return s->e->code;
    for (size_t i = 0; i < near.n; i++)
        reach[i] = all[(i + 1) * p.k - 1];
    p.reach = reach;
    void *params = mlp_sk_params(s, &p, sizeof p);
    if (!params || mlp_sk_node(s, &mlp_op_outlier, params, found, 1, &out->score) ||
        mlp_sk_affine(s, out->score, 1, -mlp_sk_num(s, "offset_", -1.5), &out->decision))
        return s->e->code;
    return mlp_sk_inliers(s, out->decision, true, out);
}
