/* convert_kernel.c: kernel functions as ONNX operators (convert_lower.h; ops_kernel.c runs
 * them). */
#include "model/convert_lower.h"
#include "model/ops_kernel.h"
#include <math.h>

#define PI 3.14159265358979323846

/* What the terms are made of: the stored rows, or for the diagonal (row NULL) the row itself, of
 * which every difference is 0. */
struct pairs {
    const double *row;
    size_t n, m;                 /* stored rows (1 for the diagonal), columns */
};

static uint32_t by(struct mlp_lower *l, const char *op, uint32_t x, double v)
{
    return mlp_emit2(l->w, op, x, mlp_emit_num(l->w, v));
}

static uint32_t sum_of_squares(struct mlp_lower *l, uint32_t x, int64_t axis, bool keep)
{
    return mlp_emit_reduce(l->w, "ReduceSum", mlp_emit2(l->w, "Mul", x, x), axis, keep);
}

/* [N, n]: x.y */
static uint32_t products(struct mlp_lower *l, const struct pairs *p)
{
    if (!p->row)
        return sum_of_squares(l, l->x, 1, true);
    double *turned = mlp_lower_array(l, p->n * p->m, sizeof *turned);
    for (size_t i = 0; turned && i < p->n; i++)
        for (size_t j = 0; j < p->m; j++)
            turned[j * p->n + i] = p->row[i * p->m + j];
    if (!turned)
        return MLP_EMIT_NONE;
    return mlp_emit2(l->w, "MatMul", l->x, mlp_emit_matrix(l->w, turned, p->m, p->n));
}

/* [N, n, m]: x - y, each over the length first where there is one. */
static uint32_t differences(struct mlp_lower *l, const struct pairs *p, const double *length)
{
    uint32_t x = mlp_emit_unsqueeze(l->w, l->x, 1);
    if (!p->row)
        return mlp_emit2(l->w, "Sub", x, x);
    uint32_t y = mlp_emit_matrix(l->w, p->row, p->n, p->m);
    if (length) {
        uint32_t by_length = mlp_emit_row(l->w, length, p->m);
        x = mlp_emit2(l->w, "Div", x, by_length);
        y = mlp_emit2(l->w, "Div", y, by_length);
    }
    return mlp_emit2(l->w, "Sub", x, y);
}

static uint32_t squares(struct mlp_lower *l, const struct pairs *p, const double *length)
{
    return sum_of_squares(l, differences(l, p, length), 2, false);
}

static uint32_t constant(struct mlp_lower *l, const struct pairs *p, double v)
{
    double *row = mlp_lower_array(l, p->n, sizeof *row);
    for (size_t i = 0; row && i < p->n; i++)
        row[i] = v;
    return row ? mlp_lower_constant(l, row, p->n) : MLP_EMIT_NONE;
}

static uint32_t cosine(struct mlp_lower *l, const struct pairs *p)
{
    struct mlp_emit *w = l->w;
    uint32_t own = mlp_emit1(w, "Sqrt", sum_of_squares(l, l->x, 1, true)), other = own;
    uint32_t zero = mlp_emit_num(w, 0), one = mlp_emit_num(w, 1);
    double *lengths = mlp_lower_array(l, p->n, sizeof *lengths);
    for (size_t i = 0; lengths && p->row && i < p->n; i++) {
        for (size_t j = 0; j < p->m; j++)
            lengths[i] += p->row[i * p->m + j] * p->row[i * p->m + j];
        lengths[i] = lengths[i] != 0 ? sqrt(lengths[i]) : 1;
    }
    own = mlp_emit3(w, "Where", mlp_emit2(w, "Equal", own, zero), one, own);
    other = p->row && lengths ? mlp_emit_row(w, lengths, p->n) : own;
    return mlp_emit2(w, "Div", products(l, p), mlp_emit2(w, "Mul", own, other));
}

static uint32_t chi2(struct mlp_lower *l, const struct pairs *p)
{
    struct mlp_emit *w = l->w;
    uint32_t x = mlp_emit_unsqueeze(w, l->x, 1), zero = mlp_emit_num(w, 0);
    uint32_t y = p->row ? mlp_emit_matrix(w, p->row, p->n, p->m) : x;
    uint32_t sum = mlp_emit2(w, "Add", x, y), d = mlp_emit2(w, "Sub", x, y);
    d = mlp_emit2(w, "Div", mlp_emit2(w, "Mul", d, d), sum);
    d = mlp_emit3(w, "Where", mlp_emit2(w, "Equal", sum, zero), zero, d);
    return mlp_emit_reduce(w, "ReduceSum", d, 2, false);
}

/* The orders that have a closed form; another asks for a Bessel function. */
static uint32_t matern(struct mlp_lower *l, const struct pairs *p, const struct mlp_term *t)
{
    struct mlp_emit *w = l->w;
    double nu = t->a;
    if (nu != 0.5 && nu != 1.5 && nu != 2.5 && !isinf(nu))
        return MLP_EMIT_NONE;
    uint32_t square = squares(l, p, t->length);
    if (isinf(nu))
        return mlp_emit1(w, "Exp", by(l, "Mul", square, -0.5));
    uint32_t d = mlp_emit1(w, "Sqrt", square);
    if (nu == 0.5)
        return mlp_emit1(w, "Exp", mlp_emit1(w, "Neg", d));
    uint32_t k = by(l, "Mul", d, sqrt(2 * nu)), factor = by(l, "Add", k, 1);
    if (nu == 2.5)
        factor = mlp_emit2(w, "Add", factor, by(l, "Div", mlp_emit2(w, "Mul", k, k), 3));
    return mlp_emit2(w, "Mul", factor, mlp_emit1(w, "Exp", mlp_emit1(w, "Neg", k)));
}

static uint32_t periodic(struct mlp_lower *l, const struct pairs *p, const struct mlp_term *t)
{
    struct mlp_emit *w = l->w;
    uint32_t d = mlp_emit1(w, "Sqrt", squares(l, p, NULL));
    uint32_t s = by(l, "Div", mlp_emit1(w, "Sin", by(l, "Mul", d, PI / t->b)), t->a);
    return mlp_emit1(w, "Exp", by(l, "Mul", mlp_emit2(w, "Mul", s, s), -2));
}

static uint32_t scaled_exp(struct mlp_lower *l, uint32_t x, double by_what)
{
    return mlp_emit1(l->w, "Exp", by(l, "Mul", x, by_what));
}

/* Terms over differences. */
static uint32_t distance_term(struct mlp_lower *l, const struct pairs *p, const struct mlp_term *t)
{
    uint32_t d;
    switch (t->kind) {
    case MLP_TERM_RBF:
        return scaled_exp(l, squares(l, p, NULL), -t->a);
    case MLP_TERM_LAPLACIAN:
        d = mlp_emit1(l->w, "Abs", differences(l, p, NULL));
        return scaled_exp(l, mlp_emit_reduce(l->w, "ReduceSum", d, 2, false), -t->a);
    case MLP_TERM_CHI2:
        return scaled_exp(l, chi2(l, p), -t->a);
    case MLP_TERM_GAUSS:
        return scaled_exp(l, squares(l, p, t->length), -0.5);
    case MLP_TERM_MATERN:
        return matern(l, p, t);
    case MLP_TERM_QUADRATIC:
        d = by(l, "Div", squares(l, p, NULL), 2 * t->a * t->b * t->b);
        return by(l, "Pow", by(l, "Add", d, 1), -t->a);
    case MLP_TERM_PERIODIC:
        return periodic(l, p, t);
    default:
        return MLP_EMIT_NONE;
    }
}

/* Terms over products; the rest over differences. */
static uint32_t term(struct mlp_lower *l, const struct pairs *p, const struct mlp_term *t)
{
    uint32_t linear;
    switch (t->kind) {
    case MLP_TERM_CONSTANT:
        return constant(l, p, t->a);
    case MLP_TERM_WHITE:
        return constant(l, p, p->row ? 0 : t->a);
    case MLP_TERM_LINEAR:
        return products(l, p);
    case MLP_TERM_POLY:
        linear = by(l, "Add", by(l, "Mul", products(l, p), t->a), t->b);
        return by(l, "Pow", linear, t->c);
    case MLP_TERM_SIGMOID:
        linear = by(l, "Add", by(l, "Mul", products(l, p), t->a), t->b);
        return mlp_emit1(l->w, "Tanh", linear);
    case MLP_TERM_COSINE:
        return cosine(l, p);
    case MLP_TERM_DOT:
        return by(l, "Add", products(l, p), t->a * t->a);
    default:
        return distance_term(l, p, t);
    }
}

static enum mlp_code write_terms(struct mlp_lower *l, const struct pairs *p)
{
    const struct mlp_kernel_rows *k = l->n->params;
    uint32_t stack[MLP_TERMS_MAX + 1];
    size_t top = 0;
    for (size_t i = 0; i < k->nterms; i++) {
        const struct mlp_term *t = &k->term[i];
        if (t->kind == MLP_TERM_POWER) {
            stack[top - 1] = by(l, "Pow", stack[top - 1], t->a);
        } else if (t->kind == MLP_TERM_ADD || t->kind == MLP_TERM_MULTIPLY) {
            top--;
            stack[top - 1] = mlp_emit2(l->w, t->kind == MLP_TERM_ADD ? "Add" : "Mul",
                                       stack[top - 1], stack[top]);
        } else if ((stack[top++] = term(l, p, t)) == MLP_EMIT_NONE) {
            return mlp_lower_refuse(l, "its kernel has a term (%d) that ONNX's operators do not "
                                    "make", (int)t->kind);
        }
    }
    l->y = stack[0];
    return l->c->e->code;
}

static enum mlp_code write_kernel(struct mlp_lower *l)
{
    const struct mlp_kernel_rows *k = l->n->params;
    return write_terms(l, &(struct pairs){k->row, l->n->out_width, l->n->in.n});
}

static enum mlp_code write_diagonal(struct mlp_lower *l)
{
    return write_terms(l, &(struct pairs){NULL, 1, l->n->in.n});
}

const struct mlp_lowering mlp_lower_kernel[] = {
    {&mlp_op_kernel, write_kernel}, {&mlp_op_kernel_diagonal, write_diagonal}, {NULL, NULL},
};
