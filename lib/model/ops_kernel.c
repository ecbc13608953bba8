/* ops_kernel.c: kernel functions (ops_kernel.h). */
#include "model/ops_kernel.h"
#include <math.h>

#define PI 3.14159265358979323846

static double product(const double *x, const double *y, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += x[i] * y[i];
    return sum;
}

static double square(const double *x, const double *y, size_t n, const double *length)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        double d = length ? x[i] / length[i] - y[i] / length[i] : x[i] - y[i];
        sum += d * d;
    }
    return sum;
}

static double manhattan(const double *x, const double *y, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += fabs(x[i] - y[i]);
    return sum;
}

static double chi2(const double *x, const double *y, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        if (x[i] + y[i] != 0)
            sum += (x[i] - y[i]) * (x[i] - y[i]) / (x[i] + y[i]);
    return sum;
}

static double cosine(const double *x, const double *y, size_t n)
{
    double a = sqrt(product(x, x, n)), b = sqrt(product(y, y, n));
    return product(x, y, n) / ((a != 0 ? a : 1) * (b != 0 ? b : 1));
}

/* The modified Bessel function of the second kind, K_v(x) = integral over t > 0 of
 * exp(-x cosh t) cosh(v t) (DLMF 10.32.9), by the trapezoidal rule, which is exact to rounding
 * for a function that falls off doubly exponentially. */
static double bessel_k(double v, double x)
{
    const double step = 1.0 / 32;
    double sum = 0.5 * exp(-x);
    for (int i = 1; i < 2000; i++) {
        double t = i * step, part = exp(-x * cosh(t)) * cosh(v * t);
        sum += part;
        if (part < 1e-18 * sum && x * sinh(t) > v)
            break;
    }
    return step * sum;
}

static double matern(double d, double nu)
{
    if (nu == 0.5)
        return exp(-d);
    if (isinf(nu))
        return exp(-d * d / 2);
    double k = d * sqrt(2 * nu);
    if (nu == 1.5)
        return (1 + k) * exp(-k);
    if (nu == 2.5)
        return (1 + k + k * k / 3) * exp(-k);
    k = sqrt(2 * nu) * (d == 0 ? 0x1p-52 : d);
    return pow(2, 1 - nu) / tgamma(nu) * pow(k, nu) * bessel_k(nu, k);
}

static double periodic(const struct mlp_term *t, double d)
{
    double s = sin(PI / t->b * d) / t->a;
    return exp(-2 * s * s);
}

/* A term that needs no other; same: y is x itself. */
static double leaf(const struct mlp_term *t, const double *x, const double *y, size_t n, bool same)
{
    switch (t->kind) {
    case MLP_TERM_CONSTANT: return t->a;
    case MLP_TERM_WHITE: return same ? t->a : 0;
    case MLP_TERM_LINEAR: return product(x, y, n);
    case MLP_TERM_POLY: return pow(t->a * product(x, y, n) + t->b, t->c);
    case MLP_TERM_SIGMOID: return tanh(t->a * product(x, y, n) + t->b);
    case MLP_TERM_RBF: return exp(-t->a * square(x, y, n, NULL));
    case MLP_TERM_LAPLACIAN: return exp(-t->a * manhattan(x, y, n));
    case MLP_TERM_COSINE: return cosine(x, y, n);
    case MLP_TERM_CHI2: return exp(-t->a * chi2(x, y, n));
    case MLP_TERM_GAUSS: return exp(-0.5 * square(x, y, n, t->length));
    case MLP_TERM_MATERN: return matern(sqrt(square(x, y, n, t->length)), t->a);
    case MLP_TERM_QUADRATIC:
        return pow(1 + square(x, y, n, NULL) / (2 * t->a * t->b * t->b), -t->a);
    case MLP_TERM_PERIODIC: return periodic(t, sqrt(square(x, y, n, NULL)));
    default: return product(x, y, n) + t->a * t->a;
    }
}

static double evaluate(const struct mlp_kernel_rows *p, const double *x, const double *y, size_t n,
                       bool same)
{
    double stack[MLP_TERMS_MAX + 1];
    size_t top = 0;
    for (size_t i = 0; i < p->nterms; i++) {
        const struct mlp_term *t = &p->term[i];
        if (t->kind == MLP_TERM_POWER)
            stack[top - 1] = pow(stack[top - 1], t->a);
        else if (t->kind == MLP_TERM_ADD || t->kind == MLP_TERM_MULTIPLY) {
            double b = stack[--top];
            stack[top - 1] = t->kind == MLP_TERM_ADD ? stack[top - 1] + b : stack[top - 1] * b;
        } else {
            stack[top++] = leaf(t, x, y, n, same);
        }
    }
    return stack[0];
}

static enum mlp_code run_kernel(const struct mlp_gnode *n, struct mlp_call *c)
{
    const struct mlp_kernel_rows *p = n->params;
    for (size_t r = 0; r < c->rows; r++)
        for (size_t i = 0; i < n->out_width; i++)
            c->y[r * c->ldy + i] =
                evaluate(p, c->x + r * c->ldx, p->row + i * n->in.n, n->in.n, false);
    return MLP_OK;
}

static enum mlp_code run_diagonal(const struct mlp_gnode *n, struct mlp_call *c)
{
    for (size_t r = 0; r < c->rows; r++) {
        const double *x = c->x + r * c->ldx;
        c->y[r * c->ldy] = evaluate(n->params, x, x, n->in.n, true);
    }
    return MLP_OK;
}

const struct mlp_op mlp_op_kernel = {"kernel", run_kernel, NULL};
const struct mlp_op mlp_op_kernel_diagonal = {"kernel", run_diagonal, NULL};

/* The logistic function averaged over a normal latent value: LAMBDAS and COEFS of
 * sklearn/gaussian_process/_gpc.py. */
static double averaged_logistic(double mean, double variance)
{
    static const double lambda[5] = {0.41, 0.4, 0.37, 0.44, 0.39};
    static const double coef[5] = {-1854.8214151, 3516.89893646, 221.29346712, 128.12323805,
                                   -2010.49422654};
    double alpha = 1 / (2 * variance), sum = 0, all = 0;
    for (int i = 0; i < 5; i++) {
        double gamma = lambda[i] * mean;
        double part = sqrt(PI / alpha) *
                      erf(gamma * sqrt(alpha / (alpha + lambda[i] * lambda[i]))) /
                      (2 * sqrt(variance * 2 * PI));
        sum += coef[i] * part;
        all += coef[i];
    }
    return sum + 0.5 * all;
}

/* Squared length of L^-1 (root * k), by forward substitution. */
static double explained(const struct mlp_laplace *p, const double *k, double *v)
{
    double sum = 0;
    for (size_t i = 0; i < p->n; i++) {
        double rest = p->root[i] * k[i];
        for (size_t j = 0; j < i; j++)
            rest -= p->lower[i * p->n + j] * v[j];
        v[i] = rest / p->lower[i * p->n + i];
        sum += v[i] * v[i];
    }
    return sum;
}

static enum mlp_code run_laplace(const struct mlp_gnode *n, struct mlp_call *c)
{
    const struct mlp_laplace *p = n->params;
    for (size_t r = 0; r < c->rows; r++) {
        const double *k = c->x + r * c->ldx;
        double mean = product(k, p->slope, p->n);
        double variance = k[p->n] - explained(p, k, c->scratch);
        c->y[r * c->ldy] = mean;
        c->y[r * c->ldy + 1] = averaged_logistic(mean, variance);
    }
    return MLP_OK;
}

static size_t laplace_scratch(const struct mlp_gnode *n, size_t rows)
{
    (void)rows;
    return ((const struct mlp_laplace *)n->params)->n * sizeof(double);
}

const struct mlp_op mlp_op_laplace = {"Laplace approximation", run_laplace, laplace_scratch};
