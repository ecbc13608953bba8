/* ops_trees.c: forests as operations of the graph (ops.h). */
#include "model/ops.h"
#include <math.h>

static enum mlp_code run_trees(const struct mlp_gnode *n, struct mlp_call *c)
{
    const struct mlp_forest *f = ((const struct mlp_trees *)n->params)->forest;
    bool start = n->in.n > f->spec.nfeatures;
    struct mlp_forest_call call = {
        .rows = c->rows, .x = c->x, .ldx = c->ldx,
        .base_in = start ? c->x + f->spec.nfeatures : NULL, .ldbase = c->ldx,
        .out = c->y, .ldout = c->ldy, .scratch = c->scratch};
    mlp_forest_run(f, &call);
    return MLP_OK;
}

static size_t trees_scratch(const struct mlp_gnode *n, size_t rows)
{
    return mlp_forest_scratch(((const struct mlp_trees *)n->params)->forest, rows);
}

const struct mlp_op mlp_op_trees = {"trees", run_trees, trees_scratch};

static size_t leaves_scratch(const struct mlp_gnode *n, size_t rows)
{
    (void)rows;
    const struct mlp_forest *f = ((const struct mlp_trees *)n->params)->forest;
    return mlp_forest_scratch(f, 1) + f->ntrees * sizeof(uint32_t) + 64;
}

static enum mlp_code run_leaves(const struct mlp_gnode *n, struct mlp_call *c)
{
    const struct mlp_forest *f = ((const struct mlp_trees *)n->params)->forest;
    uint32_t *ids = c->scratch;
    char *rest = (char *)c->scratch + ((f->ntrees * sizeof *ids + 63) & ~(size_t)63);
    for (size_t r = 0; r < c->rows; r++) {
        mlp_forest_leaves(f, c->x + r * c->ldx, rest, ids);
        for (size_t t = 0; t < f->ntrees; t++)
            c->y[r * c->ldy + t] = ids[t];
    }
    return MLP_OK;
}

const struct mlp_op mlp_op_leaves = {"leaves", run_leaves, leaves_scratch};

static double linear_value(const struct mlp_linear_trees *p, const struct mlp_linear_leaf *l,
                           const double *x)
{
    double v = l->constant;
    for (uint32_t i = l->from; i < l->from + l->n; i++) {
        double f = x[p->feature[i]];
        if (isnan(f))
            return l->value;
        v += f * p->coefficient[i];
    }
    return v;
}

static enum mlp_code run_linear_trees(const struct mlp_gnode *n, struct mlp_call *c)
{
    const struct mlp_linear_trees *p = n->params;
    const struct mlp_forest *f = p->forest;
    uint32_t *ids = c->scratch;
    char *rest = (char *)c->scratch + ((f->ntrees * sizeof *ids + 63) & ~(size_t)63);
    for (size_t r = 0; r < c->rows; r++) {
        const double *x = c->x + r * c->ldx;
        double *y = c->y + r * c->ldy;
        memset(y, 0, n->out_width * sizeof *y);
        mlp_forest_leaves(f, x, rest, ids);
        for (size_t t = 0; t < f->ntrees; t++)
            y[f->output[t]] += linear_value(p, &p->leaf[p->first[t] + ids[t]], x);
    }
    return MLP_OK;
}

/* The parameter block starts with the forest, as that of the leaves does. */
const struct mlp_op mlp_op_linear_trees = {"linear trees", run_linear_trees, leaves_scratch};
