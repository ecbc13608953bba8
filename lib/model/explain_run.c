/* explain_run.c: contributions of a block of rows (explain.h). */
#include "model/explain.h"
#include "forest/shap.h"
#include "model/ops.h"
#include <math.h>

/* Rows [start, start + n) of the block, and where a part's input and the results of them lie. */
struct rows {
    size_t start, n;
    const double *x;
    size_t ldx;
    double *out;
    size_t width;
};

static void add_trees(const struct mlp_explain *e, const struct mlp_explain_part *part,
                      const struct rows *r, void *scratch)
{
    const struct mlp_trees *p = part->node->params;
    const struct mlp_shap *s = p->forest->shap;
    double *phi = scratch;
    void *rest = phi + (size_t)s->spec.noutputs * s->nused * MLP_SHAP_LANES;
    mlp_shap_run(s, r->n, r->x, r->ldx, rest, phi);
    for (size_t l = 0; l < part->nlinks; l++) {
        const struct mlp_explain_link *link = &part->link[l];
        for (size_t i = 0; i < s->nused; i++) {
            const double *from = phi + (link->from * (size_t)s->nused + i) * MLP_SHAP_LANES;
            double *to = r->out + link->to * (e->ninputs + 1) + part->input[i];
            for (size_t k = 0; k < r->n; k++)
                to[k * r->width] += link->weight * from[k];
        }
    }
}

/* What a linear booster's column adds: missing values nothing. */
static double booster_term(const struct mlp_gblinear *p, size_t at, double x)
{
    return isnan(x) ? 0 : (double)((float)x * p->weight[at]);
}

static double linear_term(const struct mlp_linear *p, size_t at, double x)
{
    return x * p->weight[at];
}

static void add_linear(const struct mlp_explain *e, const struct mlp_explain_part *part,
                       const struct rows *r)
{
    const struct mlp_gnode *n = part->node;
    bool booster = n->op == &mlp_op_gblinear;
    for (size_t l = 0; l < part->nlinks; l++) {
        const struct mlp_explain_link *link = &part->link[l];
        double *to = r->out + link->to * (e->ninputs + 1);
        for (size_t k = 0; k < r->n; k++, to += r->width)
            for (size_t i = 0; i < n->in.n; i++) {
                double x = r->x[k * r->ldx + i];
                size_t at = i * n->out_width + link->from;
                double term = booster ? booster_term(n->params, at, x)
                                      : linear_term(n->params, at, x);
                to[part->input[i]] += link->weight * term;
            }
    }
}

static void start_rows(const struct mlp_explain *e, size_t rows, double *out)
{
    memset(out, 0, rows * e->output.width * sizeof *out);
    for (size_t k = 0; k < rows; k++)
        for (size_t v = 0; v < e->nvalues; v++)
            out[k * e->output.width + v * (e->ninputs + 1) + e->ninputs] = e->base[v];
}

void mlp_explain_run(const struct mlp_explain *e, const struct mlp_area *a, size_t rows,
                     void *scratch, double *out)
{
    start_rows(e, rows, out);
    for (size_t i = 0; i < e->nparts; i++) {
        const struct mlp_explain_part *part = &e->part[i];
        const struct mlp_place *at = &part->node->in_place;
        const double *x = a->num + at->base * a->rows + at->column;
        for (size_t start = 0; start < rows; start += MLP_SHAP_LANES) {
            size_t n = rows - start < MLP_SHAP_LANES ? rows - start : MLP_SHAP_LANES;
            struct rows r = {start, n, x + start * at->ld, at->ld, out + start * e->output.width,
                             e->output.width};
            if (part->node->op == &mlp_op_trees)
                add_trees(e, part, &r, scratch);
            else
                add_linear(e, part, &r);
        }
    }
}
