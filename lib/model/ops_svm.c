/* ops_svm.c: kernels, pairwise votes and probabilities as libsvm has them (ops_est.h). */
#include "model/ops_est.h"
#include <math.h>

static double kernel(const struct mlp_svm *p, const double *x, const double *v, size_t n)
{
    double sum = 0;
    if (p->kernel == MLP_KERNEL_RBF) {
        for (size_t i = 0; i < n; i++)
            sum += (x[i] - v[i]) * (x[i] - v[i]);
        return exp(-p->gamma * sum);
    }
    for (size_t i = 0; i < n; i++)
        sum += x[i] * v[i];
    if (p->kernel == MLP_KERNEL_POLY)
        return pow(p->gamma * sum + p->coef0, p->degree);
    return p->kernel == MLP_KERNEL_SIGMOID ? tanh(p->gamma * sum + p->coef0) : sum;
}

static enum mlp_code run_svm(const struct mlp_gnode *n, struct mlp_call *c)
{
    const struct mlp_svm *p = n->params;
    double *k = c->scratch;
    for (size_t r = 0; r < c->rows; r++) {
        for (size_t i = 0; i < p->n; i++)
            k[i] = kernel(p, c->x + r * c->ldx, p->vector + i * n->in.n, n->in.n);
        for (size_t j = 0; j < n->out_width; j++) {
            const double *w = p->weight + j * p->n;
            double sum = 0;
            for (size_t i = 0; i < p->n; i++)
                sum += k[i] * w[i];
            c->y[r * c->ldy + j] = sum + p->intercept[j];
        }
    }
    return MLP_OK;
}

static size_t svm_scratch(const struct mlp_gnode *n, size_t rows)
{
    (void)rows;
    return ((const struct mlp_svm *)n->params)->n * sizeof(double);
}

const struct mlp_op mlp_op_svm = {"support vectors", run_svm, svm_scratch};

static size_t pair_scratch(const struct mlp_gnode *n, size_t rows)
{
    size_t k = ((const struct mlp_pairs *)n->params)->k;
    (void)rows;
    return (2 * k * k + 4 * k) * sizeof(double);
}

static void count_votes(const double *d, size_t k, double *votes)
{
    memset(votes, 0, k * sizeof *votes);
    for (size_t i = 0, p = 0; i < k; i++)
        for (size_t j = i + 1; j < k; j++, p++)
            votes[d[p] > 0 ? i : j]++;
}

static enum mlp_code run_pair_votes(const struct mlp_gnode *n, struct mlp_call *c)
{
    size_t k = ((const struct mlp_pairs *)n->params)->k;
    double *votes = c->scratch;
    for (size_t r = 0; r < c->rows; r++) {
        size_t best = 0;
        count_votes(c->x + r * c->ldx, k, votes);
        for (size_t i = 1; i < k; i++)
            best = votes[i] > votes[best] ? i : best;
        c->y[r * c->ldy] = (double)best;
    }
    return MLP_OK;
}

/* _ovr_decision_function of sklearn.utils.multiclass, over the negated decisions. */
static enum mlp_code run_pair_decision(const struct mlp_gnode *n, struct mlp_call *c)
{
    size_t k = ((const struct mlp_pairs *)n->params)->k;
    double *votes = c->scratch, *sum = votes + k;
    for (size_t r = 0; r < c->rows; r++) {
        const double *d = c->x + r * c->ldx;
        memset(votes, 0, 2 * k * sizeof *votes);
        for (size_t i = 0, p = 0; i < k; i++)
            for (size_t j = i + 1; j < k; j++, p++) {
                sum[i] += d[p];
                sum[j] -= d[p];
                votes[d[p] < 0 ? j : i]++;
            }
        for (size_t i = 0; i < k; i++)
            c->y[r * c->ldy + i] = votes[i] + sum[i] / (3 * (fabs(sum[i]) + 1));
    }
    return MLP_OK;
}

static enum mlp_code run_pair_scores(const struct mlp_gnode *n, struct mlp_call *c)
{
    size_t k = n->out_width, pairs = k * (k - 1) / 2;
    double *votes = c->scratch, *sum = votes + k;
    for (size_t r = 0; r < c->rows; r++) {
        const double *answer = c->x + r * c->ldx, *confidence = answer + pairs;
        memset(votes, 0, 2 * k * sizeof *votes);
        for (size_t i = 0, p = 0; i < k; i++)
            for (size_t j = i + 1; j < k; j++, p++) {
                sum[i] -= confidence[p];
                sum[j] += confidence[p];
                votes[answer[p] == 0 ? i : j]++;
            }
        for (size_t i = 0; i < k; i++)
            c->y[r * c->ldy + i] = votes[i] + sum[i] / (3 * (fabs(sum[i]) + 1));
    }
    return MLP_OK;
}

static size_t pair_scores_scratch(const struct mlp_gnode *n, size_t rows)
{
    (void)rows;
    return 2 * (size_t)n->out_width * sizeof(double);
}

const struct mlp_op mlp_op_pair_scores = {"pairwise scores", run_pair_scores,
                                          pair_scores_scratch};

/* libsvm's sigmoid_predict, kept off 0 and 1. */
static double platt(double d, double a, double b)
{
    double z = d * a + b, p = z >= 0 ? exp(-z) / (1 + exp(-z)) : 1 / (1 + exp(z));
    return p < 1e-7 ? 1e-7 : p > 1 - 1e-7 ? 1 - 1e-7 : p;
}

/* One sweep of the coupling over all classes; true when it is good enough. */
static bool couple_step(const double *q, size_t k, double *p, double *qp)
{
    double pqp = 0, most = 0;
    for (size_t t = 0; t < k; t++) {
        qp[t] = 0;
        for (size_t j = 0; j < k; j++)
            qp[t] += q[t * k + j] * p[j];
        pqp += p[t] * qp[t];
    }
    for (size_t t = 0; t < k; t++)
        most = fabs(qp[t] - pqp) > most ? fabs(qp[t] - pqp) : most;
    if (most < 0.005 / (double)k)
        return true;
    for (size_t t = 0; t < k; t++) {
        double diff = (-qp[t] + pqp) / q[t * k + t];
        p[t] += diff;
        pqp = (pqp + diff * (diff * q[t * k + t] + 2 * qp[t])) / (1 + diff) / (1 + diff);
        for (size_t j = 0; j < k; j++) {
            qp[j] = (qp[j] + diff * q[t * k + j]) / (1 + diff);
            p[j] /= 1 + diff;
        }
    }
    return false;
}

/* libsvm's multiclass_probability: method 2 of Wu, Lin and Weng, "Probability Estimates for
 * Multi-class Classification by Pairwise Coupling", 2004. r is k x k. */
static void couple(const double *r, size_t k, double *p, double *q, double *qp)
{
    for (size_t t = 0; t < k; t++) {
        p[t] = 1 / (double)k;
        q[t * k + t] = 0;
        for (size_t j = 0; j < k; j++) {
            if (j == t)
                continue;
            q[t * k + t] += r[j * k + t] * r[j * k + t];
            q[t * k + j] = -r[j * k + t] * r[t * k + j];
        }
    }
    for (size_t i = 0; i < (k > 100 ? k : 100); i++)
        if (couple_step(q, k, p, qp))
            return;
}

static enum mlp_code run_pair_proba(const struct mlp_gnode *n, struct mlp_call *c)
{
    const struct mlp_pairs *par = n->params;
    size_t k = par->k;
    double *pair = c->scratch, *q = pair + k * k, *qp = q + k * k;
    for (size_t r = 0; r < c->rows; r++) {
        const double *d = c->x + r * c->ldx;
        for (size_t i = 0, t = 0; i < k; i++)
            for (size_t j = i + 1; j < k; j++, t++) {
                pair[i * k + j] = platt(d[t], par->a[t], par->b[t]);
                pair[j * k + i] = 1 - pair[i * k + j];
            }
        couple(pair, k, c->y + r * c->ldy, q, qp);
    }
    return MLP_OK;
}

const struct mlp_op mlp_op_pair_votes = {"pairwise votes", run_pair_votes, pair_scratch};
const struct mlp_op mlp_op_pair_decision = {"pairwise decisions", run_pair_decision, pair_scratch};
const struct mlp_op mlp_op_pair_proba = {"pairwise coupling", run_pair_proba, pair_scratch};
