/* sk_project.c: linear projections: PCA, ICA, TruncatedSVD, random projections, partial least
 * squares, agglomeration. */
#include "model/sk_parts.h"
#include <math.h>

/* y = (x - mean) . rows^T, each output over scale; mean and scale may be NULL. rows: k of x.n. */
struct projection {
    const double *rows;
    size_t k;
    const double *mean, *scale;
};

static enum mlp_code project(struct mlp_sk *s, struct mlp_cols x, const struct projection *p,
                             struct mlp_cols *out)
{
    const double *rows = p->rows, *mean = p->mean, *scale = p->scale;
    size_t k = p->k;
    double *coef = mlp_arena_array64(s->keep, k * x.n, sizeof *coef);
    double *b = mlp_arena_array64(s->keep, k, sizeof *b);
    if (!coef || !b)
        return mlp_err_nomem(s->e);
    for (size_t j = 0; j < k; j++) {
        b[j] = 0;
        for (size_t i = 0; i < x.n; i++) {
            coef[j * x.n + i] = rows[j * x.n + i] / (scale ? scale[j] : 1);
            b[j] -= mean ? mean[i] * coef[j * x.n + i] : 0;
        }
    }
    return mlp_sk_linear(s, x, coef, k, b, out);
}

static enum mlp_code components(struct mlp_sk *s, struct mlp_cols x, const double **rows, size_t *k)
{
    size_t n;
    if (mlp_sk_width(s, x) || mlp_sk_doubles(s, "components_", 0, rows, &n))
        return s->e->code;
    *k = n / x.n;
    return *k && n % x.n == 0 ? MLP_OK : mlp_sk_bad(s, "components_ do not fit the features");
}

enum mlp_code mlp_read_pca(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    const double *rows, *mean = NULL, *variance;
    double *scale = NULL;
    size_t k;
    out->is_transform = true;
    if (components(s, x, &rows, &k) ||
        (mlp_sk_has(s, "mean_") && mlp_sk_doubles(s, "mean_", x.n, &mean, NULL)))
        return s->e->code;
    if (mlp_sk_flag(s, "whiten", false)) {
        scale = mlp_arena_array(s->tmp, k, sizeof *scale);
        if (!scale)
            return mlp_err_nomem(s->e);
        if (mlp_sk_doubles(s, "explained_variance_", k, &variance, NULL))
            return s->e->code;
        for (size_t j = 0; j < k; j++) {
            double deviation = sqrt(variance[j]);
            scale[j] = deviation < 0x1p-52 ? 0x1p-52 : deviation;
        }
    }
    if (mlp_value_is_a(s->self, "PCA") && mlp_sk_pca_score(s, x, &out->score))
        return s->e->code;
    return project(s, x, &(struct projection){rows, k, mean, scale}, &out->transform);
}

/* FastICA: less the mean where it whitened. */
enum mlp_code mlp_read_ica(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    const double *rows, *mean = NULL;
    size_t k;
    out->is_transform = true;
    if (components(s, x, &rows, &k) ||
        (mlp_sk_has(s, "mean_") && mlp_sk_doubles(s, "mean_", x.n, &mean, NULL)))
        return s->e->code;
    return project(s, x, &(struct projection){rows, k, mean, NULL}, &out->transform);
}

/* Random projections and neighbourhood components: components_, dense or sparse. */
enum mlp_code mlp_read_random_projection(struct mlp_sk *s, struct mlp_cols x,
                                         struct mlp_pred *out)
{
    const double *rows;
    size_t k;
    out->is_transform = true;
    if (mlp_sk_width(s, x) || mlp_sk_matrix(s, mlp_sk_attr(s, "components_"), x.n, &rows, &k))
        return s->e->code;
    return mlp_sk_linear(s, x, rows, k, NULL, &out->transform);
}

/* FeatureAgglomeration: the mean of every cluster of columns. */
enum mlp_code mlp_read_agglomeration(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    struct mlp_nd label;
    const struct mlp_value *pool = mlp_sk_attr(s, "pooling_func");
    size_t k = (size_t)fmax(1, fmin(mlp_sk_num(s, "n_clusters_", 1), (double)x.n));
    double *rows = mlp_arena_array64(s->keep, k * x.n, sizeof *rows);
    double *size = mlp_arena_array64(s->keep, k, sizeof *size);
    struct mlp_scale p = {.div = size};
    if (!rows || !size)
        return mlp_err_nomem(s->e);
    if (!mlp_value_text_is(pool, "numpy.mean"))
        return mlp_sk_bad(s, "a pooling_func other than numpy.mean is not read");
    if (mlp_sk_width(s, x) || mlp_sk_array(s, "labels_", &label))
        return s->e->code;
    memset(rows, 0, k * x.n * sizeof *rows);
    memset(size, 0, k * sizeof *size);
    for (size_t i = 0; i < x.n; i++) {
        int64_t c = i < label.count ? mlp_nd_i64(&label, i, NULL) : -1;
        if (c < 0 || (size_t)c >= k)
            return mlp_sk_bad(s, "labels_ do not fit the features");
        rows[(size_t)c * x.n + i] = 1;
        size[c]++;
    }
    void *params = mlp_sk_params(s, &p, sizeof p);
    out->is_transform = true;
    if (!params || mlp_sk_linear(s, x, rows, k, NULL, &x))
        return s->e->code;
    return mlp_sk_node(s, &mlp_op_scale, params, x, k, &out->transform);
}

enum mlp_code mlp_read_svd(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    const double *rows;
    size_t k;
    out->is_transform = true;
    if (components(s, x, &rows, &k))
        return s->e->code;
    return project(s, x, &(struct projection){rows, k, NULL, NULL}, &out->transform);
}

/* coef_ applies to scaled x until 1.4; it is features x targets before 1.2, where _coef_ is targets
 * x features, as coef_ is after. */
static enum mlp_code pls_predict(struct mlp_sk *s, struct mlp_cols x, const double *mean,
                                 const double *deviation, struct mlp_cols *out)
{
    const double *coef, *intercept;
    size_t n, k;
    bool old = mlp_sk_version(s) < 1005000;
    bool turned = mlp_sk_version(s) < 1003000 && mlp_sk_has(s, "coef_");
    const char *name = mlp_sk_has(s, "coef_") ? "coef_" : "_coef_";
    if (mlp_sk_doubles(s, name, 0, &coef, &n))
        return s->e->code;
    k = n / x.n;
    double *rows = mlp_arena_array(s->keep, n, sizeof *rows);
    double *b = mlp_arena_array64(s->keep, k, sizeof *b);
    if (!rows || !b)
        return mlp_err_nomem(s->e);
    if (n % x.n || mlp_sk_doubles(s, "intercept_", k, &intercept, NULL))
        return mlp_sk_bad(s, "coef_ does not fit the features");
    for (size_t j = 0; j < k; j++) {
        b[j] = intercept[j];
        for (size_t i = 0; i < x.n; i++) {
            rows[j * x.n + i] = coef[turned ? i * k + j : j * x.n + i] /
                                (old ? deviation[i] : 1);
            b[j] -= mean[i] * rows[j * x.n + i];
        }
    }
    return mlp_sk_linear(s, x, rows, k, b, out);
}

static enum mlp_code pls_transform(struct mlp_sk *s, struct mlp_cols x, const double *mean,
                                   const double *deviation, struct mlp_cols *out)
{
    const double *rotation;
    size_t n;
    const char *name = mlp_sk_has(s, "x_rotations_") ? "x_rotations_" : "x_weights_";
    if (mlp_sk_doubles(s, name, 0, &rotation, &n))
        return s->e->code;
    size_t k = n / x.n;
    double *rows = mlp_arena_array(s->keep, n, sizeof *rows);
    if (!rows)
        return mlp_err_nomem(s->e);
    if (n % x.n)
        return mlp_sk_bad(s, "%s does not fit the features", name);
    for (size_t j = 0; j < k; j++)
        for (size_t i = 0; i < x.n; i++)
            rows[j * x.n + i] = rotation[i * k + j] / deviation[i];
    return project(s, x, &(struct projection){rows, k, mean, NULL}, out);
}

enum mlp_code mlp_read_pls(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    const double *mean, *deviation;
    bool predicts = mlp_sk_has(s, "coef_") || mlp_sk_has(s, "_coef_");
    if (mlp_sk_width(s, x) || mlp_sk_doubles(s, "_x_mean", x.n, &mean, NULL) ||
        mlp_sk_doubles(s, "_x_std", x.n, &deviation, NULL) ||
        (predicts && pls_predict(s, x, mean, deviation, &out->predict)) ||
        pls_transform(s, x, mean, deviation, &out->transform))
        return s->e->code;
    out->predict_kind = MLP_OUT_F64;
    out->is_transform = true;
    return MLP_OK;
}
