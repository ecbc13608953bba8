/* sk_cluster.c: what is decided by the nearest of some centres: clusters, nearest centroid. */
#include "model/ops_est.h"
#include "model/ops_near.h"
#include "model/sk_parts.h"
#include <math.h>

static enum mlp_code distances(struct mlp_sk *s, const char *name, struct mlp_cols x, size_t *k,
                               struct mlp_cols *out)
{
    struct mlp_centres p;
    size_t n;
    if (mlp_sk_width(s, x) || mlp_sk_doubles(s, name, 0, &p.centre, &n))
        return s->e->code;
    *k = n / x.n;
    if (*k == 0 || n % x.n)
        return mlp_sk_bad(s, "%s does not fit the features", name);
    void *params = mlp_sk_params(s, &p, sizeof p);
    return params ? mlp_sk_finite(s, &mlp_op_distances, params, x, *k, out) : s->e->code;
}

/* The index of the nearest centre. */
static enum mlp_code nearest(struct mlp_sk *s, struct mlp_cols far, struct mlp_cols *out)
{
    struct mlp_cols closeness;
    if (mlp_sk_map(s, MLP_FN_NEGATIVE, far, &closeness))
        return s->e->code;
    return mlp_sk_node(s, &mlp_op_argmax, NULL, closeness, 1, out);
}

/* KMeans and MiniBatchKMeans; MeanShift and AffinityPropagation, which do not transform. */
enum mlp_code mlp_read_kmeans(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    struct mlp_cols far;
    size_t k;
    bool means = mlp_sk_has(s, "n_clusters");
    out->predict_kind = MLP_OUT_INT;
    if (distances(s, "cluster_centers_", x, &k, &far) || nearest(s, far, &out->predict))
        return s->e->code;
    out->is_transform = means;
    out->transform = means ? far : out->transform;
    return MLP_OK;
}

/* --- BisectingKMeans --- */

static enum mlp_code join_centre(struct mlp_sk *s, const struct mlp_value *node, size_t m,
                                 double *to)
{
    struct mlp_nd centre, mean = {.count = 0};
    if (mlp_nd_read(mlp_value_attr(node, "center"), s->tmp, &centre, s->e) || centre.count != m ||
        (mlp_sk_has(s, "_X_mean") && mlp_sk_array(s, "_X_mean", &mean)))
        return mlp_sk_bad(s, "_bisecting_tree does not fit the features");
    for (size_t i = 0; i < m; i++)
        to[i] = mlp_nd_f64(&centre, i, NULL) + (mean.count == m ? mlp_nd_f64(&mean, i, NULL) : 0);
    return MLP_OK;
}

static enum mlp_code bisect(struct mlp_sk *s, const struct mlp_value *node, struct mlp_cols x,
                            struct mlp_cols *out);

/* A node with two children: the label of the one whose centre is nearer. */
static enum mlp_code bisect_further(struct mlp_sk *s, const struct mlp_value *node,
                                    struct mlp_cols x, struct mlp_cols *out)
{
    double *centre = mlp_arena_array64(s->keep, 2 * x.n, sizeof *centre);
    struct mlp_centres p = {centre};
    void *params = centre ? mlp_sk_params(s, &p, sizeof p) : NULL;
    const struct mlp_value *left = mlp_value_attr(node, "left");
    const struct mlp_value *right = mlp_value_attr(node, "right");
    struct mlp_cols far, choice, a, b;
    if (!params)
        return mlp_err_nomem(s->e);
    if (join_centre(s, left, x.n, centre) || join_centre(s, right, x.n, centre + x.n) ||
        mlp_sk_finite(s, &mlp_op_distances, params, x, 2, &far) || nearest(s, far, &choice) ||
        bisect(s, left, x, &a) || bisect(s, right, x, &b) ||
        mlp_cols_join(s->g, &choice, &a, s->e) || mlp_cols_join(s->g, &choice, &b, s->e))
        return s->e->code;
    return mlp_sk_node(s, &mlp_op_choose, NULL, choice, 1, out);
}

static enum mlp_code bisect(struct mlp_sk *s, const struct mlp_value *node, struct mlp_cols x,
                            struct mlp_cols *out)
{
    if (!mlp_value_is_none(mlp_value_attr(node, "left"))) {
        if (s->depth >= 40 || s->budget == 0)
            return mlp_sk_bad(s, "_bisecting_tree is too deep");
        s->depth++;
        s->budget--;
        enum mlp_code code = bisect_further(s, node, x, out);
        s->depth--;
        return code;
    }
    double *label = mlp_arena_array(s->keep, 1, sizeof *label);
    if (!label)
        return mlp_err_nomem(s->e);
    if (!mlp_value_f64(mlp_value_attr(node, "label"), label))
        return mlp_sk_bad(s, "_bisecting_tree has a leaf without a label");
    return mlp_sk_constant(s, label, 1, out);
}

enum mlp_code mlp_read_bisecting(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    size_t k;
    out->is_transform = true;
    out->predict_kind = MLP_OUT_INT;
    if (distances(s, "cluster_centers_", x, &k, &out->transform))
        return s->e->code;
    return bisect(s, mlp_sk_attr(s, "_bisecting_tree"), x, &out->predict);
}

/* Birch: the label of the nearest subcluster. */
enum mlp_code mlp_read_birch(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    const double *label;
    size_t k;
    struct mlp_cols index;
    out->is_transform = true;
    out->predict_kind = MLP_OUT_INT;
    if (distances(s, "subcluster_centers_", x, &k, &out->transform) ||
        nearest(s, out->transform, &index) ||
        mlp_sk_doubles(s, "subcluster_labels_", k, &label, NULL))
        return s->e->code;
    double *table = mlp_arena_array(s->keep, k + 1, sizeof *table);
    const double **tables = mlp_arena_array(s->keep, 1, sizeof *tables);
    struct mlp_lookup look = {tables};
    void *params = mlp_sk_params(s, &look, sizeof look);
    if (!table || !tables || !params)
        return mlp_err_nomem(s->e);
    memcpy(table + 1, label, k * sizeof *table);
    tables[0] = table;
    return mlp_sk_node(s, &mlp_op_lookup, params, index, 1, &out->predict);
}

/* --- NearestCentroid --- */

/* Scores of 1.6 on: twice the log prior less the squared distance in standard deviations. */
static enum mlp_code centroid_scores(struct mlp_sk *s, struct mlp_cols x, size_t k,
                                     struct mlp_pred *out)
{
    struct mlp_naive p;
    const double *deviation, *prior;
    struct mlp_cols scores;
    double *variance = mlp_arena_array64(s->keep, k * x.n, sizeof *variance);
    double *constant = mlp_arena_array(s->keep, k, sizeof *constant);
    if (!variance || !constant)
        return mlp_err_nomem(s->e);
    if (mlp_sk_doubles(s, "within_class_std_dev_", x.n, &deviation, NULL) ||
        mlp_sk_doubles(s, "class_prior_", k, &prior, NULL) ||
        mlp_sk_doubles(s, "centroids_", k * x.n, &p.mean, NULL))
        return s->e->code;
    for (size_t i = 0; i < k * x.n; i++) {
        double d = deviation[i % x.n];
        variance[i] = d != 0 ? d * d / 2 : 0.5;
    }
    for (size_t c = 0; c < k; c++)
        constant[c] = 2 * log(prior[c]);
    p.variance = variance;
    p.constant = constant;
    void *params = mlp_sk_params(s, &p, sizeof p);
    if (!params || mlp_sk_finite(s, &mlp_op_naive, params, x, k, &scores) ||
        mlp_sk_node(s, &mlp_op_softmax, NULL, scores, k, &out->proba))
        return s->e->code;
    out->decision = scores;
    return k == 2 ? mlp_sk_node(s, &mlp_op_difference, NULL, scores, 1, &out->decision) : MLP_OK;
}

/* Distances to centroids_ by self's metric. */
static enum mlp_code centroid_distances(struct mlp_sk *s, struct mlp_cols x,
                                        const struct mlp_labels *labels, struct mlp_cols *out)
{
    static const struct {
        const char *name;
        enum mlp_metric_kind kind;
    } known[] = {{"euclidean", MLP_METRIC_EUCLIDEAN}, {"l2", MLP_METRIC_EUCLIDEAN},
                 {"manhattan", MLP_METRIC_MANHATTAN}, {"l1", MLP_METRIC_MANHATTAN},
                 {"cityblock", MLP_METRIC_MANHATTAN}, {"chebyshev", MLP_METRIC_CHEBYSHEV},
                 {"cosine", MLP_METRIC_COSINE}, {"correlation", MLP_METRIC_CORRELATION},
                 {"canberra", MLP_METRIC_CANBERRA}, {"sqeuclidean", MLP_METRIC_SQUARED}};
    size_t i = 0, n = sizeof known / sizeof known[0];
    while (i < n && !mlp_sk_is(s, "metric", known[i].name))
        i++;
    if (i == n)
        return mlp_sk_bad(s, "its metric is not one that is known");
    struct mlp_metric_rows p = {{.kind = known[i].kind, .p = 2}, NULL};
    if (mlp_sk_width(s, x) || mlp_sk_doubles(s, "centroids_", labels->n * x.n, &p.row, NULL))
        return s->e->code;
    void *params = mlp_sk_params(s, &p, sizeof p);
    return params ? mlp_sk_finite(s, &mlp_op_metric, params, x, labels->n, out) : s->e->code;
}

/* Priors that are not all 1 / k decide by the discriminant scores (1.6 on). */
static bool unequal_priors(struct mlp_sk *s, size_t k)
{
    struct mlp_nd nd;
    if (!mlp_sk_has(s, "class_prior_") || mlp_sk_array(s, "class_prior_", &nd))
        return false;
    for (size_t i = 0; i < nd.count; i++) {
        double equal = 1 / (double)k;
        if (fabs(mlp_nd_f64(&nd, i, NULL) - equal) > 1e-8 + 1e-5 * equal)
            return true;
    }
    return false;
}

enum mlp_code mlp_read_nearest_centroid(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    const struct mlp_labels *labels;
    struct mlp_cols far;
    if (mlp_sk_classes(s, "classes_", &labels))
        return s->e->code;
    bool scores = mlp_sk_has(s, "within_class_std_dev_") && mlp_sk_is(s, "metric", "euclidean");
    if (mlp_sk_width(s, x) || (scores && centroid_scores(s, x, labels->n, out)))
        return s->e->code;
    if (unequal_priors(s, labels->n)) {
        struct mlp_above zero = {0, false};
        if (!scores)
            return mlp_sk_bad(s, "priors go with the euclidean metric");
        return labels->n == 2 ? mlp_sk_pick_above(s, out->decision, zero, labels, out)
                              : mlp_sk_pick(s, out->decision, labels, out);
    }
    if (centroid_distances(s, x, labels, &far) || mlp_sk_map(s, MLP_FN_NEGATIVE, far, &far))
        return s->e->code;
    return mlp_sk_pick(s, far, labels, out);
}
