/* sk_factor.c: projections that need more than a matrix product: factor analysis, sparse PCA,
 * random features, log likelihoods under a normal distribution. */
#include "model/ops_est.h"
#include "model/sk_parts.h"
#include <math.h>

#define LOG_2PI 1.8378770664093454836

/* --- small dense matrices, row-major --- */

/* The lower triangle l of a positive definite a = l l^T, in place; false when it is none. */
static bool cholesky(double *a, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j <= i; j++) {
            double sum = a[i * n + j];
            for (size_t k = 0; k < j; k++)
                sum -= a[i * n + k] * a[j * n + k];
            if (i == j && !(sum > 0))
                return false;
            a[i * n + j] = i == j ? sqrt(sum) : sum / a[j * n + j];
        }
    return true;
}

/* x of l x = b, then of l^T x = b, in place. */
static void solve_lower(const double *l, size_t n, double *b)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < i; k++)
            b[i] -= l[i * n + k] * b[k];
        b[i] /= l[i * n + i];
    }
}

static void solve_upper(const double *l, size_t n, double *b)
{
    for (size_t i = n; i-- > 0;) {
        for (size_t k = i + 1; k < n; k++)
            b[i] -= l[k * n + i] * b[k];
        b[i] /= l[i * n + i];
    }
}

/* rows (k of m) w and weights d to w d w^T + ridge I. */
static void gram(const double *w, const double *d, size_t k, size_t m, double ridge, double *out)
{
    for (size_t i = 0; i < k; i++)
        for (size_t j = 0; j < k; j++) {
            double sum = i == j ? ridge : 0;
            for (size_t c = 0; c < m; c++)
                sum += w[i * m + c] * (d ? d[c] : 1) * w[j * m + c];
            out[i * k + j] = sum;
        }
}

/* --- readers --- */

/* components_ of self: k rows of m. */
static enum mlp_code components(struct mlp_sk *s, size_t m, const double **w, size_t *k)
{
    size_t n;
    if (mlp_sk_doubles(s, "components_", 0, w, &n))
        return s->e->code;
    *k = n / m;
    /* The matrices made of them at loading are k x k. */
    if (!*k || n % m || *k > 5000)
        return mlp_sk_bad(s, "components_ do not fit the features");
    return MLP_OK;
}

/* (x - mean) . (d w^T) (w d w^T + ridge I)^-1 as a linear node. d: one a feature, or NULL. */
static enum mlp_code regress(struct mlp_sk *s, struct mlp_cols x, const double *d, double ridge,
                             struct mlp_cols *out)
{
    const double *w, *mean;
    size_t k, m = x.n;
    if (mlp_sk_width(s, x) || components(s, m, &w, &k) ||
        mlp_sk_doubles(s, "mean_", m, &mean, NULL))
        return s->e->code;
    double *l = mlp_arena_array64(s->tmp, k * k, sizeof *l);
    double *weight = mlp_arena_array64(s->keep, k * m, sizeof *weight);
    double *b = mlp_arena_array64(s->keep, k, sizeof *b);
    if (!l || !weight || !b)
        return mlp_err_nomem(s->e);
    gram(w, d, k, m, ridge, l);
    if (!cholesky(l, k))
        return mlp_sk_bad(s, "components_ are not independent");
    memset(b, 0, k * sizeof *b);
    for (size_t i = 0; i < m; i++) {
        double *column = weight + i * k;
        for (size_t j = 0; j < k; j++)
            column[j] = w[j * m + i] * (d ? d[i] : 1);
        solve_lower(l, k, column);
        solve_upper(l, k, column);
        for (size_t j = 0; j < k; j++)
            b[j] -= mean[i] * column[j];
    }
    struct mlp_linear p = {weight, b};
    void *params = mlp_sk_params(s, &p, sizeof p);
    return params ? mlp_sk_finite(s, &mlp_op_linear, params, x, k, out) : s->e->code;
}

/* Log density of a normal distribution whose covariance is cov (m x m, overwritten). */
static enum mlp_code log_density(struct mlp_sk *s, struct mlp_cols x, const double *mean,
                                 double *cov, struct mlp_cols *out)
{
    size_t m = x.n;
    struct mlp_gauss p = {.mean = mean};
    double *root = mlp_arena_array64(s->keep, m * m, sizeof *root);
    double *constant = mlp_arena_array(s->keep, 1, sizeof *constant);
    size_t *rank = mlp_arena_array(s->keep, 1, sizeof *rank);
    double *unit = mlp_arena_array(s->tmp, m, sizeof *unit);
    out->n = 0;
    if (!root || !constant || !rank || !unit)
        return mlp_err_nomem(s->e);
    if (!cholesky(cov, m))
        return MLP_OK;
    constant[0] = -0.5 * (double)m * LOG_2PI;
    rank[0] = m;
    for (size_t i = 0; i < m; i++) {
        constant[0] -= log(cov[i * m + i]);
        memset(unit, 0, m * sizeof *unit);
        unit[i] = 1;
        solve_lower(cov, m, unit);
        memcpy(root + i * m, unit, m * sizeof *unit);
    }
    p.constant = constant;
    p.root = root;
    p.rank = rank;
    void *params = mlp_sk_params(s, &p, sizeof p);
    return params ? mlp_sk_finite(s, &mlp_op_gauss, params, x, 1, out) : s->e->code;
}

/* w^T diag(v) w + noise: the covariance of the model; v (one a component) or noise's stride 0. */
static enum mlp_code model_covariance(struct mlp_sk *s, size_t m, const double *v,
                                      const struct mlp_nd *noise, double **out)
{
    const double *w;
    size_t k;
    *out = NULL;
    if (m > 2000)
        return MLP_OK;
    if (components(s, m, &w, &k))
        return s->e->code;
    double *cov = mlp_arena_array64(s->tmp, m * m, sizeof *cov);
    if (!cov)
        return mlp_err_nomem(s->e);
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < m; j++) {
            double sum = i != j ? 0 : mlp_nd_f64(noise, noise->count == m ? i : 0, NULL);
            for (size_t c = 0; c < k; c++)
                sum += w[c * m + i] * (v ? v[c] : 1) * w[c * m + j];
            cov[i * m + j] = sum;
        }
    *out = cov;
    return MLP_OK;
}

/* FactorAnalysis: the posterior mean of the factors, and the log likelihood. */
enum mlp_code mlp_read_factor_analysis(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    struct mlp_nd noise;
    const double *variance, *mean;
    double *inverse = mlp_arena_array64(s->tmp, x.n, sizeof *inverse), *cov;
    if (!inverse)
        return mlp_err_nomem(s->e);
    if (mlp_sk_width(s, x) || mlp_sk_doubles(s, "noise_variance_", x.n, &variance, NULL) ||
        mlp_sk_doubles(s, "mean_", x.n, &mean, NULL) || mlp_sk_array(s, "noise_variance_", &noise))
        return s->e->code;
    for (size_t i = 0; i < x.n; i++)
        inverse[i] = 1 / variance[i];
    out->is_transform = true;
    if (regress(s, x, inverse, 1, &out->transform) ||
        model_covariance(s, x.n, NULL, &noise, &cov))
        return s->e->code;
    return cov ? log_density(s, x, mean, cov, &out->score) : MLP_OK;
}

/* SparsePCA: ridge regression on the components. */
enum mlp_code mlp_read_sparse_pca(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    out->is_transform = true;
    return regress(s, x, NULL, mlp_sk_num(s, "ridge_alpha", 0.01), &out->transform);
}

/* PCA.score_samples: probabilistic PCA's log likelihood (Bishop 2006, 12.2.1). */
enum mlp_code mlp_sk_pca_score(struct mlp_sk *s, struct mlp_cols x, struct mlp_cols *out)
{
    struct mlp_nd noise;
    const double *variance, *mean;
    size_t k;
    out->n = 0;
    if (!mlp_sk_has(s, "noise_variance_") || !mlp_sk_has(s, "explained_variance_"))
        return MLP_OK;
    if (mlp_sk_array(s, "noise_variance_", &noise) ||
        mlp_sk_doubles(s, "explained_variance_", 0, &variance, &k) ||
        mlp_sk_doubles(s, "mean_", x.n, &mean, NULL))
        return s->e->code;
    double *more = mlp_arena_array(s->tmp, k, sizeof *more), *cov;
    if (!more)
        return mlp_err_nomem(s->e);
    for (size_t i = 0; i < k; i++) {
        double rest = variance[i] - mlp_nd_f64(&noise, 0, NULL);
        more[i] = rest > 0 ? rest : 0;
        /* PCA.get_covariance scales whitened components once more. */
        more[i] *= mlp_sk_flag(s, "whiten", false) ? variance[i] : 1;
    }
    const double *w;
    size_t rows;
    if (components(s, x.n, &w, &rows))
        return s->e->code;
    if (rows != k || noise.count != 1)
        return mlp_sk_bad(s, "explained_variance_ does not fit components_");
    if (model_covariance(s, x.n, more, &noise, &cov))
        return s->e->code;
    return cov ? log_density(s, x, mean, cov, out) : MLP_OK;
}

/* EllipticEnvelope: the squared Mahalanobis distance to location_, negated. */
enum mlp_code mlp_read_elliptic(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    struct mlp_gauss p;
    const double *precision;
    size_t m = x.n, *rank = mlp_arena_array(s->keep, 1, sizeof *rank);
    double *zero = mlp_arena_array(s->keep, 1, sizeof *zero);
    struct mlp_cols half;
    if (!rank || !zero)
        return mlp_err_nomem(s->e);
    if (mlp_sk_width(s, x) || mlp_sk_doubles(s, "location_", m, &p.mean, NULL) ||
        mlp_sk_doubles(s, "precision_", m * m, &precision, NULL))
        return s->e->code;
    double *root = mlp_sk_params(s, precision, m * m * sizeof *root);
    if (!root)
        return s->e->code;
    if (!cholesky(root, m))
        return mlp_sk_bad(s, "precision_ is not positive definite");
    for (size_t i = 0; i < m; i++)
        for (size_t j = i + 1; j < m; j++)
            root[i * m + j] = 0;
    rank[0] = m;
    p.constant = zero;
    p.root = root;
    p.rank = rank;
    void *params = mlp_sk_params(s, &p, sizeof p);
    if (!params || mlp_sk_finite(s, &mlp_op_gauss, params, x, 1, &half) ||
        mlp_sk_affine(s, half, 2, 0, &out->score) ||
        mlp_sk_affine(s, out->score, 1, -mlp_sk_num(s, "offset_", 0), &out->decision))
        return s->e->code;
    return mlp_sk_inliers(s, out->decision, true, out);
}

/* --- random features --- */

/* cos(x . random_weights_ + random_offset_) times a root that keeps the kernel's scale. */
static enum mlp_code random_cosines(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    struct mlp_linear p;
    size_t n;
    if (mlp_sk_doubles(s, "random_weights_", 0, &p.weight, &n))
        return s->e->code;
    size_t k = n / x.n;
    if (!k || n % x.n)
        return mlp_sk_bad(s, "random_weights_ do not fit the features");
    if (mlp_sk_doubles(s, "random_offset_", k, &p.bias, NULL))
        return s->e->code;
    void *params = mlp_sk_params(s, &p, sizeof p);
    struct mlp_cols made;
    out->is_transform = true;
    if (!params || mlp_sk_finite(s, &mlp_op_linear, params, x, k, &made) ||
        mlp_sk_map(s, MLP_FN_COS, made, &made))
        return s->e->code;
    return mlp_sk_affine(s, made, sqrt(2.0) / sqrt((double)k), 0, &out->transform);
}

enum mlp_code mlp_read_rbf_sampler(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    return mlp_sk_width(s, x) ? s->e->code : random_cosines(s, x, out);
}

enum mlp_code mlp_read_skewed_chi2(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    if (mlp_sk_width(s, x) || mlp_sk_affine(s, x, 1, mlp_sk_num(s, "skewedness", 1), &x) ||
        mlp_sk_map(s, MLP_FN_LOG, x, &x))
        return s->e->code;
    return random_cosines(s, x, out);
}
