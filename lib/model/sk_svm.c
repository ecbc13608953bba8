/* sk_svm.c: support vector machines of libsvm: SVC, NuSVC, SVR, NuSVR, OneClassSVM. */
#include "model/ops_est.h"
#include "model/sk_parts.h"
#include <math.h>

static enum mlp_code read_kernel(struct mlp_sk *s, struct mlp_svm *p)
{
    static const char *const names[] = {"linear", "poly", "rbf", "sigmoid"};
    size_t k = 0;
    while (k < 4 && !mlp_sk_is(s, "kernel", names[k]))
        k++;
    if (k == 4)
        return mlp_sk_bad(s, "the kernel is not linear, poly, rbf or sigmoid");
    p->kernel = (enum mlp_kernel)k;
    p->gamma = mlp_sk_num(s, "_gamma", NAN);
    p->coef0 = mlp_sk_num(s, "coef0", 0);
    p->degree = mlp_sk_num(s, "degree", 3);
    return isnan(p->gamma) ? mlp_sk_bad(s, "it has no _gamma (not fitted?)") : MLP_OK;
}

static enum mlp_code read_vectors(struct mlp_sk *s, struct mlp_cols x, struct mlp_svm *p)
{
    if (mlp_sk_width(s, x) || read_kernel(s, p))
        return s->e->code;
    return mlp_sk_matrix(s, mlp_sk_attr(s, "support_vectors_"), x.n, &p->vector, &p->n);
}

/* _dual_coef_, `rows` of one value a vector; sparse where the training data was. */
static enum mlp_code dual_coef(struct mlp_sk *s, size_t rows, size_t n, const double **out)
{
    size_t found;
    if (mlp_sk_matrix(s, mlp_sk_attr(s, "_dual_coef_"), n, out, &found))
        return s->e->code;
    return found == rows ? MLP_OK : mlp_sk_bad(s, "_dual_coef_ does not fit support_vectors_");
}

static enum mlp_code add_svm(struct mlp_sk *s, const struct mlp_svm *p, struct mlp_cols x,
                             size_t width, struct mlp_cols *out)
{
    void *params = mlp_sk_params(s, p, sizeof *p);
    return params ? mlp_sk_finite(s, &mlp_op_svm, params, x, width, out) : s->e->code;
}

/* One sum: regression and outliers. */
static enum mlp_code single_sum(struct mlp_sk *s, struct mlp_cols x, struct mlp_cols *out)
{
    struct mlp_svm p = {.n = 0};
    if (read_vectors(s, x, &p) || dual_coef(s, 1, p.n, &p.weight) ||
        mlp_sk_doubles(s, "_intercept_", 1, &p.intercept, NULL))
        return s->e->code;
    return add_svm(s, &p, x, 1, out);
}

enum mlp_code mlp_read_svr(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    out->predict_kind = MLP_OUT_F64;
    return single_sum(s, x, &out->predict);
}

/* 1 for inliers, -1 for outliers: where the decision is (or_equal) above 0. */
enum mlp_code mlp_sk_inliers(struct mlp_sk *s, struct mlp_cols decision, bool or_equal,
                             struct mlp_pred *out)
{
    struct mlp_above above = {0, or_equal};
    struct mlp_cols one;
    void *params = mlp_sk_params(s, &above, sizeof above);
    out->predict_kind = MLP_OUT_INT;
    if (!params || mlp_sk_node(s, &mlp_op_above, params, decision, 1, &one))
        return s->e->code;
    return mlp_sk_affine(s, one, 2, -1, &out->predict);
}

enum mlp_code mlp_read_one_class_svm(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    struct mlp_nd offset;
    if (mlp_sk_array(s, "offset_", &offset) || single_sum(s, x, &out->decision) ||
        mlp_sk_affine(s, out->decision, 1, offset.count ? mlp_nd_f64(&offset, 0, NULL) : 0,
                      &out->score))
        return s->e->code;
    return mlp_sk_inliers(s, out->decision, false, out);
}

/* --- classification --- */

/* First vector of each class, k + 1 of them. */
static enum mlp_code class_starts(struct mlp_sk *s, size_t k, size_t nvectors, size_t **out)
{
    struct mlp_nd counts;
    size_t *start = mlp_arena_array(s->tmp, k + 1, sizeof *start);
    if (!start)
        return mlp_err_nomem(s->e);
    if (mlp_sk_array(s, "_n_support", &counts))
        return s->e->code;
    for (size_t i = 0; i < k && i < counts.count; i++) {
        int64_t n = mlp_nd_i64(&counts, i, NULL);
        start[i + 1] = start[i] + (n > 0 && (size_t)n <= nvectors ? (size_t)n : 0);
    }
    if (counts.count != k || start[k] != nvectors)
        return mlp_sk_bad(s, "_n_support does not fit the support vectors");
    *out = start;
    return MLP_OK;
}

/* libsvm stores k - 1 coefficients a vector; pair (i, j) takes row j - 1 for class i's vectors and
 * row i for class j's. */
static enum mlp_code pair_weights(struct mlp_sk *s, size_t k, struct mlp_svm *p)
{
    const double *dual;
    size_t *start = NULL, pairs = k * (k - 1) / 2;
    if (class_starts(s, k, p->n, &start) ||
        dual_coef(s, k - 1, p->n, &dual) ||
        mlp_sk_doubles(s, "_intercept_", pairs, &p->intercept, NULL))
        return s->e->code;
    double *w = mlp_arena_array64(s->keep, pairs * p->n, sizeof *w);
    if (!w)
        return mlp_err_nomem(s->e);
    memset(w, 0, pairs * p->n * sizeof *w);
    double *row = w;
    for (size_t i = 0; i < k; i++)
        for (size_t j = i + 1; j < k; j++, row += p->n) {
            for (size_t v = start[i]; v < start[i + 1]; v++)
                row[v] = dual[(j - 1) * p->n + v];
            for (size_t v = start[j]; v < start[j + 1]; v++)
                row[v] = dual[i * p->n + v];
        }
    p->weight = w;
    return MLP_OK;
}

static enum mlp_code add_proba(struct mlp_sk *s, struct mlp_cols pairs, size_t k,
                               struct mlp_pred *out)
{
    struct mlp_pairs p = {.k = k};
    struct mlp_nd a;
    if (!mlp_sk_flag(s, "probability", false) || !mlp_sk_has(s, "_probA") ||
        mlp_sk_array(s, "_probA", &a) || a.count == 0)
        return s->e->code;
    if (mlp_sk_doubles(s, "_probA", pairs.n, &p.a, NULL) ||
        mlp_sk_doubles(s, "_probB", pairs.n, &p.b, NULL))
        return s->e->code;
    void *params = mlp_sk_params(s, &p, sizeof p);
    return params ? mlp_sk_node(s, &mlp_op_pair_proba, params, pairs, k, &out->proba) : s->e->code;
}

static enum mlp_code many_classes(struct mlp_sk *s, struct mlp_cols pairs,
                                  const struct mlp_labels *labels, struct mlp_pred *out)
{
    struct mlp_pairs p = {.k = labels->n};
    void *params = mlp_sk_params(s, &p, sizeof p);
    bool ovr = mlp_sk_is(s, "decision_function_shape", "ovr");
    if (!params)
        return s->e->code;
    out->decision = pairs;
    if (ovr && mlp_sk_node(s, &mlp_op_pair_decision, params, pairs, labels->n, &out->decision))
        return s->e->code;
    if (ovr && mlp_sk_flag(s, "break_ties", false))
        return mlp_sk_pick(s, out->decision, labels, out);
    out->labels = mlp_arena_array(s->keep, 1, sizeof *out->labels);
    if (!out->labels)
        return mlp_err_nomem(s->e);
    out->labels[0] = labels;
    out->nlabels = 1;
    out->predict_kind = MLP_OUT_LABEL;
    return mlp_sk_node(s, &mlp_op_pair_votes, params, pairs, 1, &out->predict);
}

enum mlp_code mlp_read_svc(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    const struct mlp_labels *labels;
    struct mlp_svm p = {.n = 0};
    struct mlp_cols pairs;
    if (mlp_sk_classes(s, "classes_", &labels))
        return s->e->code;
    size_t k = labels->n;
    if (k < 2 || k > 10000)
        return mlp_sk_bad(s, "%zu classes", k);
    if (read_vectors(s, x, &p) || pair_weights(s, k, &p) ||
        add_svm(s, &p, x, k * (k - 1) / 2, &pairs) || add_proba(s, pairs, k, out))
        return s->e->code;
    if (k > 2)
        return many_classes(s, pairs, labels, out);
    /* libsvm's first class is the positive one; scikit-learn turns the sign. */
    struct mlp_above zero = {0, false};
    return mlp_sk_map(s, MLP_FN_NEGATIVE, pairs, &out->decision)
               ? s->e->code
               : mlp_sk_pick_above(s, out->decision, zero, labels, out);
}
