/* sk_kernel.c: estimators over kernels: KernelRidge, KernelPCA, Nystroem, Gaussian processes. */
#include "model/ops_kernel.h"
#include "model/sk_parts.h"
#include <math.h>

/* A kernel being read: its terms so far, and what stack they need. */
struct kernel {
    struct mlp_term term[MLP_TERMS_MAX];
    size_t n;
    size_t width;                /* columns of a row */
};

static enum mlp_code add_term(struct mlp_sk *s, struct kernel *k, struct mlp_term t)
{
    if (k->n == MLP_TERMS_MAX)
        return mlp_sk_bad(s, "a kernel of more than %d terms is not read", MLP_TERMS_MAX);
    k->term[k->n++] = t;
    return MLP_OK;
}

/* --- sklearn.metrics.pairwise --- */

/* A parameter from kernel_params where it is there, else self's attribute; None is otherwise. */
static double kernel_parameter(const struct mlp_sk *s, const char *name, double otherwise)
{
    double v;
    if (mlp_value_f64(mlp_value_get(mlp_sk_attr(s, "kernel_params"), name), &v))
        return v;
    if (mlp_value_f64(mlp_value_get(mlp_sk_attr(s, "pairwise_kernels_kwargs"), name), &v))
        return v;
    return mlp_sk_num(s, name, otherwise);
}

/* The kernel that self's attribute names. */
static enum mlp_code pairwise_kernel(struct mlp_sk *s, const char *attribute, struct kernel *k)
{
    static const struct {
        const char *name;
        enum mlp_term_kind kind;
    } known[] = {{"linear", MLP_TERM_LINEAR}, {"poly", MLP_TERM_POLY},
                 {"polynomial", MLP_TERM_POLY}, {"rbf", MLP_TERM_RBF},
                 {"sigmoid", MLP_TERM_SIGMOID}, {"laplacian", MLP_TERM_LAPLACIAN},
                 {"cosine", MLP_TERM_COSINE}, {"chi2", MLP_TERM_CHI2}};
    size_t i = 0, n = sizeof known / sizeof known[0];
    while (i < n && !mlp_sk_is(s, attribute, known[i].name))
        i++;
    if (i == n)
        return mlp_sk_bad(s, "its kernel is not one of linear, poly, rbf, sigmoid, laplacian, "
                             "cosine and chi2");
    double otherwise = known[i].kind == MLP_TERM_CHI2 ? 1 : 1 / (double)k->width;
    double gamma = kernel_parameter(s, mlp_sk_has(s, "gamma_") ? "gamma_" : "gamma", otherwise);
    struct mlp_term t = {.kind = known[i].kind, .a = gamma,
                         .b = kernel_parameter(s, "coef0", 1),
                         .c = kernel_parameter(s, "degree", 3)};
    return add_term(s, k, t);
}

/* --- sklearn.gaussian_process.kernels --- */

static enum mlp_code read_kernel(struct mlp_sk *s, const struct mlp_value *v, struct kernel *k);

static enum mlp_code length_scale(struct mlp_sk *s, const struct kernel *k, const double **out)
{
    struct mlp_nd nd;
    double *length = mlp_arena_array64(s->keep, k->width, sizeof *length);
    if (!length)
        return mlp_err_nomem(s->e);
    if (mlp_sk_array(s, "length_scale", &nd))
        return s->e->code;
    if (nd.count != 1 && nd.count != k->width)
        return mlp_sk_bad(s, "length_scale has %zu values for %zu features", nd.count, k->width);
    for (size_t i = 0; i < k->width; i++)
        length[i] = mlp_nd_f64(&nd, nd.count == 1 ? 0 : i, NULL);
    *out = length;
    return MLP_OK;
}

static enum mlp_code two_kernels(struct mlp_sk *s, struct kernel *k, enum mlp_term_kind kind)
{
    const struct mlp_value *a = mlp_sk_attr(s, "k1"), *b = mlp_sk_attr(s, "k2");
    if (read_kernel(s, a, k) || read_kernel(s, b, k))
        return s->e->code;
    return add_term(s, k, (struct mlp_term){.kind = kind});
}

static enum mlp_code scaled_kernel(struct mlp_sk *s, struct kernel *k, struct mlp_term t)
{
    return length_scale(s, k, &t.length) ? s->e->code : add_term(s, k, t);
}

/* Self, a kernel without parts. */
static enum mlp_code simple_kernel(struct mlp_sk *s, struct kernel *k)
{
    const struct {
        const char *name;
        struct mlp_term term;
    } known[] = {
        {"ConstantKernel", {MLP_TERM_CONSTANT, mlp_sk_num(s, "constant_value", NAN), 0, 0, NULL}},
        {"WhiteKernel", {MLP_TERM_WHITE, mlp_sk_num(s, "noise_level", NAN), 0, 0, NULL}},
        {"DotProduct", {MLP_TERM_DOT, mlp_sk_num(s, "sigma_0", NAN), 0, 0, NULL}},
        {"RationalQuadratic", {MLP_TERM_QUADRATIC, mlp_sk_num(s, "alpha", NAN),
                               mlp_sk_num(s, "length_scale", NAN), 0, NULL}},
        {"ExpSineSquared", {MLP_TERM_PERIODIC, mlp_sk_num(s, "length_scale", NAN),
                            mlp_sk_num(s, "periodicity", NAN), 0, NULL}}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (mlp_value_is_a(s->self, known[i].name))
            return isnan(known[i].term.a) ? mlp_sk_bad(s, "its parameters cannot be read")
                                          : add_term(s, k, known[i].term);
    return mlp_sk_bad(s, "it is a kernel that is not known");
}

static enum mlp_code own_kernel(struct mlp_sk *s, struct kernel *k)
{
    const struct mlp_value *v = s->self;
    if (mlp_value_is_a(v, "RBF"))
        return scaled_kernel(s, k, (struct mlp_term){.kind = MLP_TERM_GAUSS});
    if (mlp_value_is_a(v, "Matern")) {
        double nu = mlp_sk_num(s, "nu", 1.5);
        return nu > 0 ? scaled_kernel(s, k, (struct mlp_term){.kind = MLP_TERM_MATERN, .a = nu})
                      : mlp_sk_bad(s, "nu cannot be read");
    }
    if (mlp_value_is_a(v, "Sum"))
        return two_kernels(s, k, MLP_TERM_ADD);
    if (mlp_value_is_a(v, "Product"))
        return two_kernels(s, k, MLP_TERM_MULTIPLY);
    if (mlp_value_is_a(v, "PairwiseKernel"))
        return pairwise_kernel(s, "metric", k);
    if (!mlp_value_is_a(v, "Exponentiation"))
        return simple_kernel(s, k);
    double power = mlp_sk_num(s, "exponent", 1);
    if (read_kernel(s, mlp_sk_attr(s, "kernel"), k))
        return s->e->code;
    return add_term(s, k, (struct mlp_term){.kind = MLP_TERM_POWER, .a = power});
}

static enum mlp_code read_kernel(struct mlp_sk *s, const struct mlp_value *v, struct kernel *k)
{
    const struct mlp_value *outer = s->self;
    struct mlp_str name = mlp_value_name(v);
    if (!mlp_str_starts(name, "sklearn.gaussian_process.kernels."))
        return mlp_sk_bad(s, "its kernel %.*s is not known", name.n ? (int)name.n : 4,
                          name.n ? name.p : "None");
    if (s->depth >= 40)
        return mlp_sk_bad(s, "kernels are nested too deeply");
    s->depth++;
    s->self = v;
    enum mlp_code code = own_kernel(s, k);
    s->self = outer;
    s->depth--;
    return code;
}

/* --- estimators --- */

/* Kernel values against the rows that self's attribute holds, *n of them. */
static enum mlp_code kernel_node(struct mlp_sk *s, const struct kernel *k, const char *rows,
                                 struct mlp_cols x, struct mlp_cols *out)
{
    size_t n;
    struct mlp_kernel_rows p = {.nterms = k->n};
    p.term = mlp_sk_params(s, k->term, k->n * sizeof *k->term);
    if (!p.term || mlp_sk_matrix(s, mlp_sk_attr(s, rows), x.n, &p.row, &n))
        return s->e->code;
    void *params = mlp_sk_params(s, &p, sizeof p);
    return params ? mlp_sk_finite(s, &mlp_op_kernel, params, x, n, out) : s->e->code;
}

/* kernel values . weight (n, or n x k) + bias. */
static enum mlp_code weigh(struct mlp_sk *s, struct mlp_cols kernel, const char *weight,
                           struct mlp_cols *out)
{
    size_t n;
    struct mlp_linear p = {NULL, NULL};
    if (mlp_sk_doubles(s, weight, 0, &p.weight, &n))
        return s->e->code;
    if (!n || n % kernel.n)
        return mlp_sk_bad(s, "%s does not fit the training rows", weight);
    void *params = mlp_sk_params(s, &p, sizeof p);
    return params ? mlp_sk_node(s, &mlp_op_linear, params, kernel, n / kernel.n, out)
                  : s->e->code;
}

enum mlp_code mlp_read_kernel_ridge(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    struct kernel k = {.width = x.n};
    struct mlp_cols values;
    out->predict_kind = MLP_OUT_F64;
    if (mlp_sk_width(s, x) || pairwise_kernel(s, "kernel", &k) ||
        kernel_node(s, &k, "X_fit_", x, &values))
        return s->e->code;
    return weigh(s, values, "dual_coef_", &out->predict);
}

enum mlp_code mlp_read_nystroem(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    struct kernel k = {.width = x.n};
    struct mlp_cols values;
    const double *root;
    size_t n;
    out->is_transform = true;
    if (mlp_sk_width(s, x) || pairwise_kernel(s, "kernel", &k) ||
        kernel_node(s, &k, "components_", x, &values) ||
        mlp_sk_doubles(s, "normalization_", 0, &root, &n))
        return s->e->code;
    if (n % values.n)
        return mlp_sk_bad(s, "normalization_ does not fit components_");
    return mlp_sk_linear(s, values, root, n / values.n, NULL, &out->transform);
}

/* eigenvectors_ over the roots of their eigenvalues_; those of 0 stay 0. */
static enum mlp_code scaled_alphas(struct mlp_sk *s, size_t n, double **out, size_t *k)
{
    const double *vectors, *values;
    bool old = !mlp_sk_has(s, "eigenvalues_");
    if (mlp_sk_doubles(s, old ? "lambdas_" : "eigenvalues_", 0, &values, k) ||
        mlp_sk_doubles(s, old ? "alphas_" : "eigenvectors_", n * *k, &vectors, NULL))
        return s->e->code;
    double *w = mlp_arena_array64(s->keep, n * *k, sizeof *w);
    if (!w || !*k)
        return w ? mlp_sk_bad(s, "it has no eigenvalues_") : mlp_err_nomem(s->e);
    for (size_t i = 0; i < n * *k; i++) {
        double value = values[i % *k];
        w[i] = value != 0 ? vectors[i] / sqrt(value) : 0;
    }
    *out = w;
    return MLP_OK;
}

/* KernelCenterer: less the mean over the training rows, less each row's own, plus that of all. */
static enum mlp_code centre_kernel(struct mlp_sk *s, const struct mlp_value *centerer,
                                   struct mlp_cols *k)
{
    const struct mlp_value *outer = s->self;
    const double *rows;
    struct mlp_scale p = {0};
    s->self = centerer;
    double *all = mlp_arena_array64(s->keep, k->n, sizeof *all);
    enum mlp_code code = all ? mlp_sk_doubles(s, "K_fit_rows_", k->n, &rows, NULL)
                             : mlp_err_nomem(s->e);
    for (size_t i = 0; !code && i < k->n; i++)
        all[i] = mlp_sk_num(s, "K_fit_all_", 0) - rows[i];
    s->self = outer;
    p.add = all;
    void *params = code ? NULL : mlp_sk_params(s, &p, sizeof p);
    if (!params || mlp_sk_node(s, &mlp_op_centre, NULL, *k, k->n, k))
        return s->e->code;
    return mlp_sk_node(s, &mlp_op_scale, params, *k, k->n, k);
}

enum mlp_code mlp_read_kernel_pca(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    struct kernel k = {.width = x.n};
    struct mlp_cols values;
    double *w = NULL;
    size_t n = 0;
    out->is_transform = true;
    if (mlp_sk_width(s, x) || pairwise_kernel(s, "kernel", &k) ||
        kernel_node(s, &k, "X_fit_", x, &values) || scaled_alphas(s, values.n, &w, &n) ||
        centre_kernel(s, mlp_sk_attr(s, "_centerer"), &values))
        return s->e->code;
    struct mlp_linear p = {w, NULL};
    void *params = mlp_sk_params(s, &p, sizeof p);
    return params ? mlp_sk_node(s, &mlp_op_linear, params, values, n, &out->transform)
                  : s->e->code;
}

/* The mean of the targets that normalize_y took off, and their deviation, put back. */
static enum mlp_code unscale(struct mlp_sk *s, struct mlp_cols *y)
{
    struct mlp_nd mean, deviation;
    double *mul = mlp_arena_array64(s->keep, y->n, sizeof *mul);
    double *add = mlp_arena_array64(s->keep, y->n, sizeof *add);
    if (!mul || !add)
        return mlp_err_nomem(s->e);
    if (mlp_sk_array(s, "_y_train_mean", &mean) || mlp_sk_array(s, "_y_train_std", &deviation))
        return s->e->code;
    if (!mean.count || !deviation.count || (mean.count != 1 && mean.count != y->n) ||
        (deviation.count != 1 && deviation.count != y->n))
        return mlp_sk_bad(s, "_y_train_mean or _y_train_std does not fit the targets");
    for (size_t i = 0; i < y->n; i++) {
        mul[i] = mlp_nd_f64(&deviation, deviation.count == 1 ? 0 : i, NULL);
        add[i] = mlp_nd_f64(&mean, mean.count == 1 ? 0 : i, NULL);
    }
    struct mlp_scale p = {.mul = mul, .add = add};
    void *params = mlp_sk_params(s, &p, sizeof p);
    return params ? mlp_sk_node(s, &mlp_op_scale, params, *y, y->n, y) : s->e->code;
}

enum mlp_code mlp_read_gaussian_regressor(struct mlp_sk *s, struct mlp_cols x,
                                          struct mlp_pred *out)
{
    struct kernel k = {.width = x.n};
    struct mlp_cols values;
    out->predict_kind = MLP_OUT_F64;
    if (mlp_sk_width(s, x) || read_kernel(s, mlp_sk_attr(s, "kernel_"), &k) ||
        kernel_node(s, &k, "X_train_", x, &values) || weigh(s, values, "alpha_", &out->predict))
        return s->e->code;
    return unscale(s, &out->predict);
}

static enum mlp_code laplace_node(struct mlp_sk *s, struct mlp_cols values, struct mlp_cols *out)
{
    struct mlp_laplace p = {.n = values.n - 1};
    const double *y, *pi;
    double *slope = mlp_arena_array64(s->keep, p.n, sizeof *slope);
    if (!slope)
        return mlp_err_nomem(s->e);
    if (mlp_sk_doubles(s, "y_train_", p.n, &y, NULL) || mlp_sk_doubles(s, "pi_", p.n, &pi, NULL) ||
        mlp_sk_doubles(s, "W_sr_", p.n, &p.root, NULL) ||
        mlp_sk_doubles(s, "L_", p.n * p.n, &p.lower, NULL))
        return s->e->code;
    for (size_t i = 0; i < p.n; i++)
        slope[i] = y[i] - pi[i];
    p.slope = slope;
    void *params = mlp_sk_params(s, &p, sizeof p);
    return params ? mlp_sk_node(s, &mlp_op_laplace, params, values, 2, out) : s->e->code;
}

/* _BinaryGaussianProcessClassifierLaplace. */
enum mlp_code mlp_read_gaussian_binary(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    struct kernel k = {.width = x.n};
    struct mlp_cols values, diagonal, both;
    const struct mlp_labels *labels;
    if (mlp_sk_width(s, x) || mlp_sk_classes(s, "classes_", &labels) ||
        read_kernel(s, mlp_sk_attr(s, "kernel_"), &k) ||
        kernel_node(s, &k, "X_train_", x, &values))
        return s->e->code;
    struct mlp_kernel_rows p = {k.n, mlp_sk_params(s, k.term, k.n * sizeof *k.term), NULL};
    void *params = p.term ? mlp_sk_params(s, &p, sizeof p) : NULL;
    if (!params || mlp_sk_node(s, &mlp_op_kernel_diagonal, params, x, 1, &diagonal) ||
        mlp_cols_join(s->g, &values, &diagonal, s->e) || laplace_node(s, values, &both) ||
        mlp_sk_node(s, &mlp_op_pair, NULL, mlp_cols_slice(both, 1, 1), 2, &out->proba))
        return s->e->code;
    struct mlp_above zero = {0, false};
    return mlp_sk_pick_above(s, mlp_cols_slice(both, 0, 1), zero, labels, out);
}

enum mlp_code mlp_read_gaussian_classifier(struct mlp_sk *s, struct mlp_cols x,
                                           struct mlp_pred *out)
{
    if (mlp_sk_child(s, mlp_sk_attr(s, "base_estimator_"), x, out, "base_estimator_"))
        return s->e->code;
    out->decision.n = 0;
    if (mlp_sk_is(s, "multi_class", "one_vs_one"))
        out->proba.n = 0;
    return MLP_OK;
}
