#include "net/rnn_cell.h"

#include <math.h>

static void f_relu(double *x, size_t n, double alpha, double beta)
{
    (void)alpha, (void)beta;
    for (size_t i = 0; i < n; i++)
        x[i] = x[i] < 0 ? 0 : x[i];
}

/* By exp, which is faster than tanh() and as exact but near 0. */
static void f_tanh(double *x, size_t n, double alpha, double beta)
{
    (void)alpha, (void)beta;
    for (size_t i = 0; i < n; i++)
        x[i] = fabs(x[i]) < 0.05 ? tanh(x[i]) : 1 - 2 / (exp(2 * x[i]) + 1);
}

static void f_sigmoid(double *x, size_t n, double alpha, double beta)
{
    (void)alpha, (void)beta;
    for (size_t i = 0; i < n; i++)
        x[i] = 1 / (1 + exp(-x[i]));
}

static void f_affine(double *x, size_t n, double alpha, double beta)
{
    for (size_t i = 0; i < n; i++)
        x[i] = alpha * x[i] + beta;
}

static void f_leaky(double *x, size_t n, double alpha, double beta)
{
    (void)beta;
    for (size_t i = 0; i < n; i++)
        x[i] = x[i] < 0 ? alpha * x[i] : x[i];
}

static void f_threshold(double *x, size_t n, double alpha, double beta)
{
    (void)beta;
    for (size_t i = 0; i < n; i++)
        x[i] = x[i] >= alpha ? x[i] : 0;
}

static void f_scaled_tanh(double *x, size_t n, double alpha, double beta)
{
    for (size_t i = 0; i < n; i++)
        x[i] = alpha * tanh(beta * x[i]);
}

static void f_hard_sigmoid(double *x, size_t n, double alpha, double beta)
{
    for (size_t i = 0; i < n; i++)
        x[i] = fmin(fmax(alpha * x[i] + beta, 0), 1);
}

static void f_elu(double *x, size_t n, double alpha, double beta)
{
    (void)beta;
    for (size_t i = 0; i < n; i++)
        x[i] = x[i] >= 0 ? x[i] : alpha * expm1(x[i]);
}

static void f_softsign(double *x, size_t n, double alpha, double beta)
{
    (void)alpha, (void)beta;
    for (size_t i = 0; i < n; i++)
        x[i] = x[i] / (1 + fabs(x[i]));
}

static void f_softplus(double *x, size_t n, double alpha, double beta)
{
    (void)alpha, (void)beta;
    for (size_t i = 0; i < n; i++)
        x[i] = x[i] > 0 ? x[i] + log1p(exp(-x[i])) : log1p(exp(x[i]));
}

struct named {
    const char *name;
    unsigned takes;
    struct mlp_rnn_activation f;
};

static const struct named NAMED[] = {
    {"relu", 0, {f_relu, 0, 0}},
    {"tanh", 0, {f_tanh, 0, 0}},
    {"sigmoid", 0, {f_sigmoid, 0, 0}},
    {"affine", 2, {f_affine, 1, 0}},
    {"leakyrelu", 1, {f_leaky, 0.01, 0}},
    {"thresholdedrelu", 1, {f_threshold, 1, 0}},
    {"scaledtanh", 2, {f_scaled_tanh, 1, 1}},
    {"hardsigmoid", 2, {f_hard_sigmoid, 0.2, 0.5}},
    {"elu", 1, {f_elu, 1, 0}},
    {"softsign", 0, {f_softsign, 0, 0}},
    {"softplus", 0, {f_softplus, 0, 0}},
};

bool mlp_rnn_activation_find(struct mlp_str name, struct mlp_rnn_activation *f, unsigned *takes)
{
    char lower[32];
    if (!mlp_str_copy(name, lower, sizeof(lower)))
        return false;
    for (char *p = lower; *p; p++)
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p - 'A' + 'a');
    for (size_t i = 0; i < sizeof(NAMED) / sizeof(NAMED[0]); i++)
        if (mlp_str_is(mlp_str_from(lower), NAMED[i].name)) {
            *f = NAMED[i].f;
            *takes = NAMED[i].takes;
            return true;
        }
    return false;
}

/* --- cells --- */

static void activate(const struct mlp_rnn_cell *cell, unsigned which, double *x, size_t n)
{
    const struct mlp_rnn_activation *f = &cell->f[which];
    for (size_t i = 0; cell->clip > 0 && i < n; i++)
        x[i] = fmin(fmax(x[i], -cell->clip), cell->clip);
    f->f(x, n, f->alpha, f->beta);
}

void mlp_rnn_cell_plain(const struct mlp_rnn_cell *cell, double *gates, double *h)
{
    activate(cell, 0, gates, cell->hidden);
    memcpy(h, gates, cell->hidden * sizeof(*h));
}

void mlp_rnn_cell_gru_gates(const struct mlp_rnn_cell *cell, double *gates)
{
    activate(cell, 0, gates, 2 * cell->hidden);
}

void mlp_rnn_cell_gru_state(const struct mlp_rnn_cell *cell, double *gates, double *h)
{
    size_t n = cell->hidden;
    activate(cell, 1, gates + 2 * n, n);
    for (size_t i = 0; i < n; i++)
        h[i] = (1 - gates[i]) * gates[2 * n + i] + gates[i] * h[i];
}

static void add_peephole(const struct mlp_rnn_cell *cell, unsigned which, double *gate,
                         const double *c)
{
    const double *p = cell->peepholes ? cell->peepholes + which * cell->hidden : NULL;
    for (size_t i = 0; p && i < cell->hidden; i++)
        gate[i] += p[i] * c[i];
}

void mlp_rnn_cell_lstm(const struct mlp_rnn_cell *cell, double *gates, double *h, double *c)
{
    size_t n = cell->hidden;
    double *in = gates, *out = gates + n, *forget = gates + 2 * n, *candidate = gates + 3 * n;
    add_peephole(cell, 0, in, c);
    add_peephole(cell, 2, forget, c);
    activate(cell, 0, in, n);
    activate(cell, 0, forget, n);
    activate(cell, 1, candidate, n);
    for (size_t i = 0; i < n; i++)
        c[i] = (cell->input_forget ? 1 - in[i] : forget[i]) * c[i] + in[i] * candidate[i];
    add_peephole(cell, 1, out, c);
    activate(cell, 0, out, n);
    memcpy(h, c, n * sizeof(*h));
    cell->f[2].f(h, n, cell->f[2].alpha, cell->f[2].beta);
    for (size_t i = 0; i < n; i++)
        h[i] *= out[i];
}
