/* ops_est.c: votes, medians, curves, distances and densities (ops_est.h). */
#include "model/ops_est.h"
#include <math.h>
#include <stdlib.h>

static enum mlp_code run_votes(const struct mlp_gnode *n, struct mlp_call *c)
{
    const struct mlp_votes *p = n->params;
    for (size_t r = 0; r < c->rows; r++) {
        const double *x = c->x + r * c->ldx;
        double *y = c->y + r * c->ldy;
        memset(y, 0, n->out_width * sizeof *y);
        for (size_t i = 0; i < n->in.n; i++)
            if (x[i] >= 0 && x[i] < n->out_width)
                y[(size_t)x[i]] += p->weight ? p->weight[i] : 1;
    }
    return MLP_OK;
}

const struct mlp_op mlp_op_votes = {"votes", run_votes, NULL};

static enum mlp_code run_samme(const struct mlp_gnode *n, struct mlp_call *c)
{
    const struct mlp_samme *p = n->params;
    size_t k = n->out_width;
    for (size_t r = 0; r < c->rows; r++) {
        const double *x = c->x + r * c->ldx;
        double *y = c->y + r * c->ldy;
        memset(y, 0, k * sizeof *y);
        for (size_t i = 0; i < n->in.n; i++)
            for (size_t j = 0; j < k; j++)
                y[j] += x[i] == (double)j ? p->weight[i] : p->other * p->weight[i];
        for (size_t j = 0; j < k; j++)
            y[j] /= p->divide;
    }
    return MLP_OK;
}

const struct mlp_op mlp_op_samme = {"SAMME", run_samme, NULL};

static enum mlp_code run_samme_r(const struct mlp_gnode *n, struct mlp_call *c)
{
    const struct mlp_samme_r *p = n->params;
    size_t k = n->out_width;
    for (size_t r = 0; r < c->rows; r++) {
        const double *x = c->x + r * c->ldx;
        double *y = c->y + r * c->ldy;
        memset(y, 0, k * sizeof *y);
        for (size_t i = 0; i < p->parts; i++, x += k) {
            double sum = 0;
            for (size_t j = 0; j < k; j++)
                sum += log(x[j] < 0x1p-52 ? 0x1p-52 : x[j]);
            for (size_t j = 0; j < k; j++)
                y[j] += ((double)k - 1) *
                        (log(x[j] < 0x1p-52 ? 0x1p-52 : x[j]) - 1 / (double)k * sum);
        }
        for (size_t j = 0; j < k; j++)
            y[j] /= p->divide;
    }
    return MLP_OK;
}

const struct mlp_op mlp_op_samme_r = {"SAMME.R", run_samme_r, NULL};

struct weighed {
    double value, weight;
    size_t order;
};

static int by_value(const void *a, const void *b)
{
    const struct weighed *x = a, *y = b;
    if (x->value != y->value)
        return x->value < y->value ? -1 : 1;
    return x->order < y->order ? -1 : x->order > y->order;
}

static double weighted_median(struct weighed *v, size_t n)
{
    double sum = 0, half = 0;
    qsort(v, n, sizeof *v, by_value);
    for (size_t i = 0; i < n; i++)
        sum += v[i].weight;
    size_t k = 0;
    for (half = v[0].weight; k + 1 < n && half < 0.5 * sum; half += v[k].weight)
        k++;
    return v[k].value;
}

static enum mlp_code run_median(const struct mlp_gnode *n, struct mlp_call *c)
{
    const struct mlp_median *p = n->params;
    struct weighed *v = c->scratch;
    for (size_t r = 0; r < c->rows; r++) {
        for (size_t i = 0; i < n->in.n; i++)
            v[i] = (struct weighed){c->x[r * c->ldx + i], p->weight[i], i};
        c->y[r * c->ldy] = weighted_median(v, n->in.n);
    }
    return MLP_OK;
}

static size_t median_scratch(const struct mlp_gnode *n, size_t rows)
{
    (void)rows;
    return n->in.n * sizeof(struct weighed);
}

const struct mlp_op mlp_op_median = {"weighted median", run_median, median_scratch};

static enum mlp_code run_difference(const struct mlp_gnode *n, struct mlp_call *c)
{
    (void)n;
    for (size_t r = 0; r < c->rows; r++)
        c->y[r * c->ldy] = c->x[r * c->ldx + 1] - c->x[r * c->ldx];
    return MLP_OK;
}

const struct mlp_op mlp_op_difference = {"difference", run_difference, NULL};

static double on_curve(const struct mlp_curve *p, double x)
{
    if (isnan(x) || p->n == 0)
        return NAN;
    if (x <= p->x[0])
        return x < p->x[0] && !p->clip ? NAN : p->y[0];
    if (x >= p->x[p->n - 1])
        return x > p->x[p->n - 1] && !p->clip ? NAN : p->y[p->n - 1];
    size_t lo = 0, hi = p->n - 1;
    while (hi - lo > 1) {
        size_t mid = (lo + hi) / 2;
        if (p->x[mid] <= x)
            lo = mid;
        else
            hi = mid;
    }
    double slope = (p->y[hi] - p->y[lo]) / (p->x[hi] - p->x[lo]);
    return slope * (x - p->x[lo]) + p->y[lo];
}

static enum mlp_code run_curve(const struct mlp_gnode *n, struct mlp_call *c)
{
    for (size_t r = 0; r < c->rows; r++)
        for (size_t i = 0; i < n->in.n; i++)
            c->y[r * c->ldy + i] = on_curve(n->params, c->x[r * c->ldx + i]);
    return MLP_OK;
}

const struct mlp_op mlp_op_curve = {"isotonic curve", run_curve, NULL};

static double squared_distance(const double *a, const double *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (a[i] - b[i]) * (a[i] - b[i]);
    return sum;
}

static enum mlp_code run_distances(const struct mlp_gnode *n, struct mlp_call *c)
{
    const struct mlp_centres *p = n->params;
    for (size_t r = 0; r < c->rows; r++)
        for (size_t k = 0; k < n->out_width; k++)
            c->y[r * c->ldy + k] =
                sqrt(squared_distance(c->x + r * c->ldx, p->centre + k * n->in.n, n->in.n));
    return MLP_OK;
}

const struct mlp_op mlp_op_distances = {"distances", run_distances, NULL};

static enum mlp_code run_squares(const struct mlp_gnode *n, struct mlp_call *c)
{
    const struct mlp_centres *p = n->params;
    size_t m = n->in.n;
    for (size_t r = 0; r < c->rows; r++) {
        const double *x = c->x + r * c->ldx;
        double own = 0;
        for (size_t i = 0; i < m; i++)
            own += x[i] * x[i];
        for (size_t k = 0; k < n->out_width; k++) {
            const double *centre = p->centre + k * m;
            double product = 0, square = 0;
            for (size_t i = 0; i < m; i++) {
                product = fma(x[i], centre[i], product);
                square += centre[i] * centre[i];
            }
            double d = own - 2 * product + square;
            c->y[r * c->ldy + k] = d > 0 ? d : 0;
        }
    }
    return MLP_OK;
}

const struct mlp_op mlp_op_squares = {"squared distances", run_squares, NULL};

static enum mlp_code run_gauss(const struct mlp_gnode *n, struct mlp_call *c)
{
    const struct mlp_gauss *p = n->params;
    size_t m = n->in.n;
    for (size_t r = 0; r < c->rows; r++) {
        const double *x = c->x + r * c->ldx, *root = p->root;
        for (size_t k = 0; k < n->out_width; k++) {
            const double *mean = p->mean + k * m;
            double length = 0;
            for (size_t j = 0; j < p->rank[k]; j++) {
                double sum = 0;
                for (size_t i = 0; i < m; i++)
                    sum += (x[i] - mean[i]) * root[i * p->rank[k] + j];
                length += sum * sum;
            }
            c->y[r * c->ldy + k] = p->constant[k] - 0.5 * length;
            root += m * p->rank[k];
        }
    }
    return MLP_OK;
}

const struct mlp_op mlp_op_gauss = {"normal densities", run_gauss, NULL};

static enum mlp_code run_naive(const struct mlp_gnode *n, struct mlp_call *c)
{
    const struct mlp_naive *p = n->params;
    size_t m = n->in.n;
    for (size_t r = 0; r < c->rows; r++) {
        const double *x = c->x + r * c->ldx;
        for (size_t k = 0; k < n->out_width; k++) {
            double sum = 0;
            for (size_t i = 0; i < m; i++) {
                double d = x[i] - p->mean[k * m + i];
                sum += d * d / p->variance[k * m + i];
            }
            c->y[r * c->ldy + k] = p->constant[k] - 0.5 * sum;
        }
    }
    return MLP_OK;
}

const struct mlp_op mlp_op_naive = {"naive Bayes", run_naive, NULL};

static enum mlp_code run_logsumexp(const struct mlp_gnode *n, struct mlp_call *c)
{
    for (size_t r = 0; r < c->rows; r++) {
        const double *x = c->x + r * c->ldx;
        double most = x[0], sum = 0;
        for (size_t i = 1; i < n->in.n; i++)
            most = x[i] > most ? x[i] : most;
        for (size_t i = 0; i < n->in.n; i++)
            sum += exp(x[i] - most);
        c->y[r * c->ldy] = log(sum) + most;
    }
    return MLP_OK;
}

const struct mlp_op mlp_op_logsumexp = {"log of the sum", run_logsumexp, NULL};
