/* sk_prob.c: generative classifiers, densities, clusters: naive Bayes, discriminant analysis,
 * mixtures. */
#include "model/dict.h"
#include "model/ops_est.h"
#include "model/sk_parts.h"
#include <math.h>

#define LOG_2PI 1.8378770664093454836

/* Joint log likelihoods to classes and probabilities. */
static enum mlp_code from_joint(struct mlp_sk *s, struct mlp_cols joint,
                                const struct mlp_labels *labels, struct mlp_pred *out)
{
    if (mlp_sk_node(s, &mlp_op_softmax, NULL, joint, joint.n, &out->proba))
        return s->e->code;
    return mlp_sk_pick(s, joint, labels, out);
}

enum mlp_code mlp_read_gaussian_nb(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    const struct mlp_labels *labels;
    struct mlp_naive p;
    const double *prior;
    struct mlp_cols joint;
    if (mlp_sk_width(s, x) || mlp_sk_classes(s, "classes_", &labels))
        return s->e->code;
    size_t k = labels->n;
    const char *variance = mlp_sk_has(s, "var_") ? "var_" : "sigma_";
    double *constant = mlp_arena_array(s->keep, k, sizeof *constant);
    if (!constant)
        return mlp_err_nomem(s->e);
    if (mlp_sk_doubles(s, "theta_", k * x.n, &p.mean, NULL) ||
        mlp_sk_doubles(s, variance, k * x.n, &p.variance, NULL) ||
        mlp_sk_doubles(s, "class_prior_", k, &prior, NULL))
        return s->e->code;
    for (size_t c = 0; c < k; c++) {
        double sum = 0;
        for (size_t i = 0; i < x.n; i++)
            sum += log(2 * 3.14159265358979323846 * p.variance[c * x.n + i]);
        constant[c] = log(prior[c]) - 0.5 * sum;
    }
    p.constant = constant;
    void *params = mlp_sk_params(s, &p, sizeof p);
    if (!params || mlp_sk_finite(s, &mlp_op_naive, params, x, k, &joint))
        return s->e->code;
    return from_joint(s, joint, labels, out);
}

/* MultinomialNB and ComplementNB are linear; the latter has no priors but for one class. */
enum mlp_code mlp_read_discrete_nb(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    const struct mlp_labels *labels;
    const double *coef, *prior;
    struct mlp_cols joint;
    if (mlp_sk_width(s, x) || mlp_sk_classes(s, "classes_", &labels))
        return s->e->code;
    size_t k = labels->n;
    bool complement = mlp_value_is_a(s->self, "ComplementNB") && k > 1;
    if (mlp_sk_doubles(s, "feature_log_prob_", k * x.n, &coef, NULL) ||
        mlp_sk_doubles(s, "class_log_prior_", k, &prior, NULL) ||
        mlp_sk_linear(s, x, coef, k, complement ? NULL : prior, &joint))
        return s->e->code;
    return from_joint(s, joint, labels, out);
}

enum mlp_code mlp_read_bernoulli_nb(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    const struct mlp_labels *labels;
    const double *yes, *prior;
    struct mlp_above above = {mlp_sk_num(s, "binarize", 0), false};
    struct mlp_cols joint, binary = x;
    if (mlp_sk_width(s, x) || mlp_sk_classes(s, "classes_", &labels))
        return s->e->code;
    size_t k = labels->n;
    double *coef = mlp_arena_array(s->keep, k * x.n, sizeof *coef);
    double *constant = mlp_arena_array(s->keep, k, sizeof *constant);
    void *params = mlp_sk_params(s, &above, sizeof above);
    if (!coef || !constant || !params)
        return mlp_err_nomem(s->e);
    if (mlp_sk_doubles(s, "feature_log_prob_", k * x.n, &yes, NULL) ||
        mlp_sk_doubles(s, "class_log_prior_", k, &prior, NULL))
        return s->e->code;
    for (size_t c = 0; c < k; c++) {
        constant[c] = prior[c];
        for (size_t i = 0; i < x.n; i++) {
            double no = log(1 - exp(yes[c * x.n + i]));
            coef[c * x.n + i] = yes[c * x.n + i] - no;
            constant[c] += no;
        }
    }
    if ((mlp_sk_has(s, "binarize") && mlp_sk_finite(s, &mlp_op_above, params, x, x.n, &binary)) ||
        mlp_sk_linear(s, binary, coef, k, constant, &joint))
        return s->e->code;
    return from_joint(s, joint, labels, out);
}

/* One feature's log probabilities: a table a class, whose first entry no code reaches. */
static enum mlp_code category_tables(struct mlp_sk *s, const struct mlp_value *v, size_t k,
                                     struct mlp_dict *dict, const double **table)
{
    struct mlp_nd nd;
    if (mlp_value_is_none(v) || mlp_nd_read(v, s->tmp, &nd, s->e) || nd.ndim != 2 ||
        nd.shape[0] != k)
        return mlp_sk_bad(s, "feature_log_prob_ cannot be read");
    size_t n = nd.shape[1];
    double *number = mlp_arena_array(s->keep, n, sizeof *number);
    if (!number)
        return mlp_err_nomem(s->e);
    for (size_t i = 0; i < n; i++)
        number[i] = (double)i;
    struct mlp_dict *made = mlp_dict_numbers(s->keep, number, n, -1);
    if (!made)
        return mlp_err_nomem(s->e);
    *dict = *made;
    for (size_t c = 0; c < k; c++) {
        double *to = mlp_arena_array(s->keep, n + 1, sizeof *to);
        if (!to)
            return mlp_err_nomem(s->e);
        for (size_t i = 0; i < n; i++)
            to[i + 1] = mlp_nd_f64(&nd, c * n + i, NULL);
        table[c] = to;
    }
    return MLP_OK;
}

/* Codes, one for each class and feature, to joint log likelihoods: the tables' values, added up
 * feature by feature, and the priors. */
static enum mlp_code add_categories(struct mlp_sk *s, struct mlp_cols wide,
                                    const double *const *table, const double *prior, size_t k,
                                    struct mlp_cols *out)
{
    struct mlp_lookup look = {table};
    struct mlp_scale add = {.add = prior};
    void *a = mlp_sk_params(s, &look, sizeof look), *b = mlp_sk_params(s, &add, sizeof add);
    if (!a || !b || mlp_sk_node(s, &mlp_op_lookup, a, wide, wide.n, out) ||
        mlp_sk_mix(s, *out, wide.n / k, NULL, 1, out))
        return s->e->code;
    return mlp_sk_node(s, &mlp_op_scale, b, *out, k, out);
}

/* CategoricalNB: the sum of the log probabilities of each feature's category. */
enum mlp_code mlp_read_categorical_nb(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    const struct mlp_labels *labels;
    const double *prior;
    struct mlp_cols codes, wide = {NULL, 0}, joint;
    if (mlp_sk_width(s, x) || mlp_sk_classes(s, "classes_", &labels) ||
        mlp_sk_doubles(s, "class_log_prior_", labels->n, &prior, NULL))
        return s->e->code;
    size_t k = labels->n;
    struct mlp_dict *dict = mlp_arena_array(s->keep, x.n, sizeof *dict);
    const double **table = mlp_arena_array(s->keep, x.n * k, sizeof *table);
    struct mlp_encode encode = {dict, true};
    void *params = mlp_sk_params(s, &encode, sizeof encode);
    wide.p = mlp_arena_array(s->keep, x.n * k, sizeof *wide.p);
    if (!dict || !table || !params || !wide.p)
        return mlp_err_nomem(s->e);
    for (size_t i = 0; i < x.n; i++)
        if (category_tables(s, mlp_value_at(mlp_sk_attr(s, "feature_log_prob_"), i), k, &dict[i],
                            table + i * k))
            return s->e->code;
    if (mlp_sk_finite(s, &mlp_op_encode, params, x, x.n, &codes))
        return s->e->code;
    for (; wide.n < x.n * k; wide.n++)
        wide.p[wide.n] = codes.p[wide.n / k];
    return add_categories(s, wide, table, prior, k, &joint)
               ? s->e->code
               : from_joint(s, joint, labels, out);
}

/* --- discriminant analysis --- */

/* -mean . coef of each of k rows of m; 0 without a mean. */
static double *minus_mean(struct mlp_sk *s, const double *mean, const double *coef, size_t k,
                          size_t m)
{
    double *b = mlp_arena_array64(s->keep, k, sizeof *b);
    for (size_t j = 0; b && j < k; j++) {
        b[j] = 0;
        for (size_t i = 0; mean && i < m; i++)
            b[j] -= mean[i] * coef[j * m + i];
    }
    if (!b)
        mlp_err_nomem(s->e);
    return b;
}

/* transform of the solvers svd and eigen: (x - xbar) . scalings, the first components. */
static enum mlp_code lda_transform(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    struct mlp_nd nd;
    const double *mean = NULL;
    double most = mlp_sk_num(s, "_max_components", 0);
    if (!mlp_sk_has(s, "scalings_") || most < 1)
        return MLP_OK;
    if (mlp_sk_array(s, "scalings_", &nd) ||
        (mlp_sk_has(s, "xbar_") && mlp_sk_doubles(s, "xbar_", x.n, &mean, NULL)))
        return s->e->code;
    if (nd.ndim != 2 || nd.shape[0] != x.n)
        return mlp_sk_bad(s, "scalings_ do not fit the features");
    size_t rank = nd.shape[1], k = (size_t)fmin(most, (double)rank);
    double *coef = mlp_arena_array64(s->tmp, x.n * k, sizeof *coef);
    if (!coef)
        return mlp_err_nomem(s->e);
    for (size_t i = 0; i < x.n * k; i++)
        coef[i] = mlp_nd_f64(&nd, i % x.n * rank + i / x.n, NULL);
    const double *b = minus_mean(s, mean, coef, k, x.n);
    out->is_transform = true;
    return b ? mlp_sk_linear(s, x, coef, k, b, &out->transform) : s->e->code;
}

enum mlp_code mlp_read_lda(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    if (mlp_read_linear_classifier(s, x, out) || lda_transform(s, x, out))
        return s->e->code;
    if (out->decision.n == 1)
        return mlp_sk_sigmoid_proba(s, out->decision, &out->proba);
    return mlp_sk_node(s, &mlp_op_softmax, NULL, out->decision, out->decision.n, &out->proba);
}

/* Per class: rotation times 1 / sqrt(scaling), and less half the log determinant. */
static enum mlp_code qda_class(struct mlp_sk *s, size_t c, size_t m, double **root, size_t *rank,
                               double *half_log)
{
    struct mlp_nd r, l;
    const struct mlp_value *rotations = mlp_sk_attr(s, "rotations_");
    const struct mlp_value *scalings = mlp_sk_attr(s, "scalings_");
    if (mlp_nd_read(mlp_value_at(rotations, c), s->tmp, &r, s->e) ||
        mlp_nd_read(mlp_value_at(scalings, c), s->tmp, &l, s->e))
        return s->e->code;
    /* A rank above the features would overrun the room. */
    if (r.ndim != 2 || r.shape[0] != m || r.shape[1] != l.count || l.count > m)
        return mlp_sk_bad(s, "rotations_ and scalings_ do not fit");
    *rank = l.count;
    double logs = 0, *to = *root;
    for (size_t j = 0; j < l.count; j++)
        logs += log(mlp_nd_f64(&l, j, NULL));
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < l.count; j++)
            *to++ = mlp_nd_f64(&r, i * l.count + j, NULL) / sqrt(mlp_nd_f64(&l, j, NULL));
    *root = to;
    *half_log = -0.5 * logs;
    return MLP_OK;
}

static enum mlp_code add_gauss(struct mlp_sk *s, const struct mlp_gauss *p, struct mlp_cols x,
                               size_t k, struct mlp_cols *out)
{
    void *params = mlp_sk_params(s, p, sizeof *p);
    return params ? mlp_sk_finite(s, &mlp_op_gauss, params, x, k, out) : s->e->code;
}

static enum mlp_code gauss_room(struct mlp_sk *s, size_t m, size_t k, double **root, size_t **rank,
                                double **constant)
{
    size_t n;
    if (__builtin_mul_overflow(m * m, k, &n))
        return mlp_sk_bad(s, "it is too wide");
    *root = mlp_arena_array64(s->keep, n, sizeof **root);
    *rank = mlp_arena_array(s->keep, k, sizeof **rank);
    *constant = mlp_arena_array(s->keep, k, sizeof **constant);
    return *root && *rank && *constant ? MLP_OK : mlp_err_nomem(s->e);
}

enum mlp_code mlp_read_qda(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    const struct mlp_labels *labels;
    const double *mean, *prior;
    double *root, *constant;
    size_t *rank;
    struct mlp_cols joint;
    if (mlp_sk_width(s, x) || mlp_sk_classes(s, "classes_", &labels))
        return s->e->code;
    size_t k = labels->n;
    if (mlp_sk_doubles(s, "means_", k * x.n, &mean, NULL) ||
        mlp_sk_doubles(s, "priors_", k, &prior, NULL) ||
        gauss_room(s, x.n, k, &root, &rank, &constant))
        return s->e->code;
    double *at = root;
    for (size_t c = 0; c < k; c++) {
        if (mlp_value_count(mlp_sk_attr(s, "scalings_")) != k ||
            qda_class(s, c, x.n, &at, &rank[c], &constant[c]))
            return mlp_sk_bad(s, "scalings_ do not fit the classes");
        constant[c] = log(prior[c]) + constant[c];
    }
    struct mlp_gauss p = {mean, constant, root, rank};
    if (add_gauss(s, &p, x, k, &joint) || from_joint(s, joint, labels, out))
        return s->e->code;
    out->decision = joint;
    if (k > 2)
        return MLP_OK;
    struct mlp_above zero = {0, false};
    return mlp_sk_node(s, &mlp_op_difference, NULL, joint, 1, &out->decision)
               ? s->e->code
               : mlp_sk_pick_above(s, out->decision, zero, labels, out);
}

/* --- mixtures --- */

/* Cholesky factors of the precisions: full and tied are matrices, diag rows, spherical numbers. */
static enum mlp_code mixture_roots(struct mlp_sk *s, size_t m, size_t k, double *root,
                                   double *constant)
{
    bool full = mlp_sk_is(s, "covariance_type", "full");
    bool tied = mlp_sk_is(s, "covariance_type", "tied");
    bool diag = mlp_sk_is(s, "covariance_type", "diag");
    const double *chol;
    size_t want = full ? k * m * m : tied ? m * m : diag ? k * m : k;
    if (mlp_sk_doubles(s, "precisions_cholesky_", want, &chol, NULL))
        return s->e->code;
    memset(root, 0, k * m * m * sizeof *root);
    for (size_t c = 0; c < k; c++)
        for (size_t i = 0; i < m; i++) {
            double *row = root + (c * m + i) * m;
            for (size_t j = 0; (full || tied) && j < m; j++)
                row[j] = chol[(full ? c * m + i : i) * m + j];
            if (!full && !tied)
                row[i] = chol[diag ? c * m + i : c];
            constant[c] += log(row[i]);
        }
    return MLP_OK;
}

/* The derivative of log gamma: up by its recurrence, then the asymptotic series (Abramowitz and
 * Stegun 6.3.5 and 6.3.18). */
static double digamma(double x)
{
    double sum = 0;
    for (; x < 12; x++)
        sum -= 1 / x;
    double f = 1 / (x * x);
    return sum + log(x) - 0.5 / x -
           f * (1.0 / 12 - f * (1.0 / 120 - f * (1.0 / 252 - f * (1.0 / 240 - f / 132))));
}

/* The expected log weights of a Dirichlet process (stick breaking) or distribution. */
static enum mlp_code expected_log_weights(struct mlp_sk *s, size_t k, double *constant)
{
    struct mlp_nd a, b;
    const struct mlp_value *v = mlp_sk_attr(s, "weight_concentration_");
    bool process = v && v->type == MLP_VALUE_TUPLE;
    double before = 0, total = 0;
    if (mlp_value_is_none(v) ||
        mlp_nd_read(process ? mlp_value_at(v, 0) : v, s->tmp, &a, s->e) || a.count != k ||
        (process && (mlp_nd_read(mlp_value_at(v, 1), s->tmp, &b, s->e) || b.count != k)))
        return mlp_sk_bad(s, "weight_concentration_ does not fit weights_");
    for (size_t c = 0; c < k; c++)
        total += mlp_nd_f64(&a, c, NULL);
    for (size_t c = 0; c < k; c++) {
        double x = mlp_nd_f64(&a, c, NULL), y = process ? mlp_nd_f64(&b, c, NULL) : 0;
        constant[c] += digamma(x) - digamma(process ? x + y : total) + before;
        before += process ? digamma(y) - digamma(x + y) : 0;
    }
    return MLP_OK;
}

/* BayesianGaussianMixture: what its log probabilities have beside the Gaussian ones (Bishop 2006,
 * 10.2): expected log weights, and the spread of the precisions. */
static enum mlp_code bayesian_constants(struct mlp_sk *s, size_t m, size_t k, double *constant)
{
    const double *freedom, *precision;
    if (mlp_sk_doubles(s, "degrees_of_freedom_", k, &freedom, NULL) ||
        mlp_sk_doubles(s, "mean_precision_", k, &precision, NULL) ||
        expected_log_weights(s, k, constant))
        return s->e->code;
    for (size_t c = 0; c < k; c++) {
        double lambda = (double)m * log(2);
        for (size_t i = 0; i < m; i++)
            lambda += digamma(0.5 * (freedom[c] - (double)i));
        constant[c] += -0.5 * (double)m * LOG_2PI - 0.5 * (double)m * log(freedom[c]) +
                       0.5 * (lambda - (double)m / precision[c]);
    }
    return MLP_OK;
}

enum mlp_code mlp_read_mixture(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    const double *mean, *weight;
    double *root, *constant;
    size_t *rank, k;
    struct mlp_cols joint;
    if (mlp_sk_width(s, x) || mlp_sk_doubles(s, "weights_", 0, &weight, &k) ||
        mlp_sk_doubles(s, "means_", k * x.n, &mean, NULL) ||
        gauss_room(s, x.n, k, &root, &rank, &constant) ||
        mixture_roots(s, x.n, k, root, constant))
        return s->e->code;
    bool bayesian = mlp_value_is_a(s->self, "BayesianGaussianMixture");
    if (bayesian && bayesian_constants(s, x.n, k, constant))
        return s->e->code;
    for (size_t c = 0; c < k; c++) {
        rank[c] = x.n;
        constant[c] += bayesian ? 0 : log(weight[c]) - 0.5 * (double)x.n * LOG_2PI;
    }
    struct mlp_gauss p = {mean, constant, root, rank};
    out->predict_kind = MLP_OUT_INT;
    if (add_gauss(s, &p, x, k, &joint) ||
        mlp_sk_node(s, &mlp_op_argmax, NULL, joint, 1, &out->predict) ||
        mlp_sk_node(s, &mlp_op_softmax, NULL, joint, k, &out->proba))
        return s->e->code;
    return mlp_sk_node(s, &mlp_op_logsumexp, NULL, joint, 1, &out->score);
}
