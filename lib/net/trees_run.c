/* trees_run.c: walking tree ensembles of ai.onnx.ml, and what their sums become (trees.h). */
#include "net/trees.h"
#include <math.h>

/* --- one tree --- */

static bool member(const struct mlp_trees *t, const struct mlp_tree_node *n, double x)
{
    for (uint32_t i = 0; i < n->nset; i++)
        if (t->members[n->set + i] == x)
            return true;
    return false;
}

static bool holds(const struct mlp_trees *t, const struct mlp_tree_node *n, double x)
{
    if (n->missing_yes && isnan(x))
        return true;
    switch (n->mode) {
    case MLP_TREE_LEQ:
        return x <= n->split;
    case MLP_TREE_LT:
        return x < n->split;
    case MLP_TREE_GTE:
        return x >= n->split;
    case MLP_TREE_GT:
        return x > n->split;
    case MLP_TREE_EQ:
        return x == n->split;
    case MLP_TREE_NEQ:
        return x != n->split;
    default:
        return member(t, n, x);
    }
}

/* The leaf of a row; false when the nodes lead in a circle. */
static bool walk(const struct mlp_trees *t, uint32_t at, const double *x, uint32_t *leaf)
{
    for (size_t steps = 0; !(at & MLP_TREE_LEAF); steps++) {
        const struct mlp_tree_node *n = &t->nodes[at];
        if (steps > t->nnodes)
            return false;
        at = holds(t, n, x[n->column]) ? n->yes : n->no;
    }
    *leaf = at & ~MLP_TREE_LEAF;
    return true;
}

/* --- sums of a row --- */

struct sums {
    double *total;               /* ntargets */
    bool *seen;                  /* some leaf named this output */
};

static double narrow(const struct mlp_trees *t, double v)
{
    return t->wide ? v : (double)(float)v;
}

static void add(const struct mlp_trees *t, const struct sums *s, const struct mlp_tree_weight *w)
{
    double *to = &s->total[w->target];
    bool first = !s->seen[w->target];
    s->seen[w->target] = true;
    if (t->sum == MLP_TREE_MIN || t->sum == MLP_TREE_MAX) {
        bool better = t->sum == MLP_TREE_MIN ? w->value < *to : w->value > *to;
        *to = first || better ? w->value : *to;
    } else {
        *to = narrow(t, *to + w->value);
    }
}

static bool sum_row(const struct mlp_trees *t, const double *x, const struct sums *s)
{
    for (uint32_t k = 0; k < t->ntargets; k++) {
        s->total[k] = 0;
        s->seen[k] = false;
    }
    for (size_t i = 0; i < t->nroots; i++) {
        uint32_t leaf;
        if (!walk(t, t->roots[i], x, &leaf))
            return false;
        for (uint32_t w = t->leaf[leaf]; w < t->leaf[leaf + 1]; w++)
            add(t, s, &t->weights[w]);
    }
    return true;
}

/* --- what they become --- */

/* Regression: the mean, then the base values. */
static void finish_targets(const struct mlp_trees *t, const struct sums *s)
{
    for (uint32_t k = 0; k < t->ntargets; k++) {
        if (t->sum == MLP_TREE_AVERAGE && t->nroots)
            s->total[k] = narrow(t, s->total[k] / (double)t->nroots);
        if (t->nbase == t->ntargets)
            s->total[k] = narrow(t, s->total[k] + t->base[k]);
    }
}

static size_t largest(const double *x, size_t n)
{
    size_t best = 0;
    for (size_t i = 1; i < n; i++)
        best = x[i] > x[best] ? i : best;
    return best;
}

/* Two classes of which only one has weights: the score is the second's. Returns the class. */
static size_t finish_pair(const struct mlp_trees *t, const struct sums *s, size_t *n,
                          enum mlp_second *second)
{
    double base = t->nbase == 2 ? t->base[1] : t->nbase == 1 ? t->base[0] : 0;
    double v = narrow(t, s->total[s->seen[1] ? 1 : 0] + base);
    s->total[0] = v;
    *n = 1;
    *second = t->positive ? MLP_SECOND_ONE_MINUS : MLP_SECOND_MINUS;
    return v > (t->positive ? 0.5 : 0);
}

static size_t finish_classes(const struct mlp_trees *t, const struct sums *s, size_t *n,
                             enum mlp_second *second)
{
    *n = t->ntargets;
    *second = MLP_SECOND_NONE;
    if (t->ntargets == 2 && t->one_id)
        return finish_pair(t, s, n, second);
    for (uint32_t k = 0; k < t->ntargets && t->nbase == t->ntargets; k++)
        s->total[k] = narrow(t, s->total[k] + t->base[k]);
    if (t->ntargets == 1)
        return s->total[0] > 0;
    return largest(s->total, t->ntargets);
}

/* --- the operators --- */

struct batch {
    size_t rows, cols;
    double *x;                   /* a row, as the thresholds see it */
    struct sums sums;
    float *scores;
    bool wide;                   /* the input is double: compared so */
};

static enum mlp_code start(const struct mlp_net_call *c, struct batch *b)
{
    const struct mlp_trees *t = c->node->params;
    const struct mlp_tensor *x = c->in[0];
    if (x->type == MLP_DT_STRING || x->rank < 1 || x->rank > 2)
        return mlp_net_bad_type(c, 0);
    b->cols = (size_t)x->dims[x->rank - 1];
    b->rows = x->rank == 1 ? 1 : (size_t)x->dims[0];
    b->wide = x->type == MLP_DT_DOUBLE;
    if (b->cols < t->ncolumns)
        return mlp_net_fail(c, "the input has %zu columns, the trees look at %u", b->cols,
                            t->ncolumns);
    b->x = mlp_arena_array(c->arena, b->cols + 1, sizeof *b->x);
    b->sums.total = mlp_arena_array(c->arena, t->ntargets + 1, sizeof(double));
    b->sums.seen = mlp_arena_array(c->arena, t->ntargets + 1, sizeof(bool));
    b->scores = mlp_arena_array(c->arena, t->ntargets + 1, sizeof(float));
    if (!b->x || !b->sums.total || !b->sums.seen || !b->scores)
        return mlp_err_nomem(c->e);
    return MLP_OK;
}

static enum mlp_code sum_next(const struct mlp_net_call *c, const struct batch *b, size_t row)
{
    for (size_t i = 0; i < b->cols; i++) {
        double v = mlp_tensor_number(c->in[0], row * b->cols + i);
        b->x[i] = b->wide ? v : (double)(float)v;
    }
    if (!sum_row(c->node->params, b->x, &b->sums))
        return mlp_net_fail(c, "a tree leads in a circle");
    return MLP_OK;
}

static enum mlp_code classifier_run(const struct mlp_net_call *c)
{
    const struct mlp_trees *t = c->node->params;
    struct batch b = {0};
    struct mlp_tensor scratch, *z = c->nout > 1 ? &c->out[1] : &scratch;
    if (start(c, &b))
        return c->e->code;
    int64_t dims[2] = {(int64_t)b.rows, t->ntargets};
    if (mlp_ml_label_make(c, &t->labels, b.rows) ||
        mlp_tensor_make(z, c->arena, MLP_DT_FLOAT, 2, dims, c->e))
        return c->e->code;
    for (size_t r = 0; r < b.rows; r++) {
        size_t n;
        enum mlp_second second;
        if (sum_next(c, &b, r))
            return c->e->code;
        mlp_ml_label_set(c, &t->labels, r, finish_classes(t, &b.sums, &n, &second));
        for (size_t k = 0; k < n; k++)
            b.scores[k] = (float)b.sums.total[k];
        mlp_ml_scores(b.scores, n, t->post, second);
        memcpy(z->f32 + r * t->ntargets, b.scores, t->ntargets * sizeof(float));
    }
    return MLP_OK;
}

static enum mlp_code regressor_run(const struct mlp_net_call *c)
{
    const struct mlp_trees *t = c->node->params;
    struct batch b = {0};
    if (start(c, &b))
        return c->e->code;
    int64_t dims[2] = {(int64_t)b.rows, t->ntargets};
    bool doubles = t->wide && c->node->opset >= 5;
    if (mlp_tensor_make(&c->out[0], c->arena, doubles ? MLP_DT_DOUBLE : MLP_DT_FLOAT, 2, dims,
                        c->e))
        return c->e->code;
    for (size_t r = 0; r < b.rows; r++) {
        if (sum_next(c, &b, r))
            return c->e->code;
        finish_targets(t, &b.sums);
        size_t at = r * t->ntargets;
        for (uint32_t k = 0; k < t->ntargets; k++)
            b.scores[k] = (float)b.sums.total[k];
        if (doubles && t->post == MLP_POST_NONE) {
            memcpy(c->out[0].f64 + at, b.sums.total, t->ntargets * sizeof(double));
            continue;
        }
        mlp_ml_scores(b.scores, t->ntargets, t->post, MLP_SECOND_NONE);
        for (uint32_t k = 0; k < t->ntargets && doubles; k++)
            c->out[0].f64[at + k] = (double)b.scores[k];
        if (!doubles)
            memcpy(c->out[0].f32 + at, b.scores, t->ntargets * sizeof(float));
    }
    return MLP_OK;
}

#define ML "ai.onnx.ml"
const struct mlp_net_op mlp_net_trees[] = {
    {ML, "TreeEnsemble", 5, 0, 1, 1, 1, mlp_trees_prepare, regressor_run},
    {ML, "TreeEnsembleClassifier", 1, 0, 1, 1, 2, mlp_trees_classifier_prepare, classifier_run},
    {ML, "TreeEnsembleRegressor", 1, 0, 1, 1, 1, mlp_trees_regressor_prepare, regressor_run},
    {NULL, NULL, 0, 0, 0, 0, 0, NULL, NULL},
};
