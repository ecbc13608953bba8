/* trees_run.c: walking tree ensembles of ai.onnx.ml, and what their sums become (trees.h). */
#include "net/trees.h"
#include <math.h>

#define MOST_ROWS 1024           /* of a block for the packed forest */

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

/* Regression: the mean, then the base values; of several outputs one that no leaf named stays 0,
 * as in onnxruntime. */
static void finish_targets(const struct mlp_trees *t, const struct sums *s)
{
    for (uint32_t k = 0; k < t->ntargets; k++) {
        if (t->sum == MLP_TREE_AVERAGE && t->nroots)
            s->total[k] = narrow(t, s->total[k] / (double)t->nroots);
        if (t->nbase == t->ntargets && (s->seen[k] || t->ntargets == 1))
            s->total[k] = narrow(t, s->total[k] + t->base[k]);
    }
}

/* The largest among the classes that a leaf named; the first when none was. */
static size_t largest(const struct sums *s, size_t n)
{
    size_t best = n;
    for (size_t i = 0; i < n; i++)
        if (s->seen[i] && (best == n || s->total[i] > s->total[best]))
            best = i;
    return best == n ? 0 : best;
}

/* Base values of two classes; *n is how many scores there are. When the second class has a score,
 * two base values leave what the first has as that score: onnxruntime's reading of a text that
 * does not say. */
static void base_of_pair(const struct mlp_trees *t, const struct sums *s, size_t *n)
{
    *n = s->seen[1] || t->nbase == 2 ? 2 : 1;
    if (t->nbase == 2 && s->seen[1]) {
        s->total[1] = narrow(t, s->total[0] + t->base[1]);
        s->total[0] = -s->total[1];
    } else if (t->nbase) {
        s->total[0] = narrow(t, s->total[0] + t->base[0]);
        s->seen[0] |= t->nbase == 2;
    }
    for (size_t k = 0; k < 2 && *n == 2; k++)
        if (!s->seen[k])
            s->total[k] = 0;
}

/* What a row is said to be: a class, or a bare 0 or 1. */
struct verdict {
    size_t k;
    bool bare;
};

/* Two classes. When weights name one of them only, its score is held against a half or 0;
 * otherwise onnxruntime tells the sign of the second as 0 or 1, whatever the labels are. */
static struct verdict finish_pair(const struct mlp_trees *t, const struct sums *s, size_t *n,
                                  enum mlp_second *second)
{
    base_of_pair(t, s, n);
    double v = s->seen[1] ? s->total[1] : s->total[0];
    if (!t->one_id)
        return (struct verdict){v > 0, true};
    *second = t->positive ? MLP_SECOND_ONE_MINUS : MLP_SECOND_MINUS;
    return (struct verdict){v > (t->positive ? 0.5 : 0), false};
}

static struct verdict finish_classes(const struct mlp_trees *t, const struct sums *s, size_t *n,
                                     enum mlp_second *second)
{
    *n = t->ntargets;
    *second = MLP_SECOND_NONE;
    if (t->ntargets == 2)
        return finish_pair(t, s, n, second);
    for (uint32_t k = 0; k < t->ntargets && t->nbase == t->ntargets; k++) {
        s->total[k] = narrow(t, s->total[k] + t->base[k]);
        s->seen[k] = true;
    }
    if (t->ntargets == 1)
        return (struct verdict){s->total[0] > 0, true};
    return (struct verdict){largest(s, t->ntargets), false};
}

static void say(const struct mlp_net_call *c, size_t row, struct verdict v)
{
    const struct mlp_trees *t = c->node->params;
    if (v.bare && !t->labels.strs)
        c->out[0].i64[row] = (int64_t)v.k;
    else
        mlp_ml_label_set(c, &t->labels, row, v.k);
}

/* --- the operators --- */

struct batch {
    size_t rows, cols;
    double *x;                   /* a row, as the thresholds see it */
    struct sums sums;
    float *scores;
    bool wide;                   /* the input is double: compared so */
    double *totals;              /* sums of all rows from the packed forest, or NULL */
};

/* Sums of all rows, in blocks that use each tree while it is in the cache. */
static enum mlp_code sum_packed(const struct mlp_net_call *c, struct batch *b)
{
    const struct mlp_trees *t = c->node->params;
    const struct mlp_tensor *in = c->in[0];
    size_t block = b->rows < MOST_ROWS ? b->rows : MOST_ROWS;
    double *x = mlp_arena_array64(c->arena, block * b->cols + 1, sizeof *x);
    struct mlp_forest_call call = {
        .x = x, .ldx = b->cols, .ldout = t->ntargets,
        .scratch = mlp_arena_array64(c->arena, mlp_forest_scratch(t->forest, block) + 64, 1)};
    b->totals = mlp_arena_array64(c->arena, b->rows * t->ntargets + 1, sizeof *b->totals);
    if (!x || !call.scratch || !b->totals)
        return mlp_err_nomem(c->e);
    for (size_t r = 0; r < b->rows; r += block) {
        call.rows = b->rows - r < block ? b->rows - r : block;
        call.out = b->totals + r * t->ntargets;
        for (size_t i = 0; i < call.rows * b->cols; i++)
            x[i] = b->wide ? in->f64[r * b->cols + i] : (double)in->f32[r * b->cols + i];
        mlp_forest_run(t->forest, &call);
    }
    return MLP_OK;
}

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
    bool packed = t->forest && (x->type == MLP_DT_FLOAT || (b->wide && t->wide));
    return packed ? sum_packed(c, b) : MLP_OK;
}

static enum mlp_code sum_next(const struct mlp_net_call *c, struct batch *b, size_t row)
{
    const struct mlp_trees *t = c->node->params;
    if (b->totals) {
        b->sums.total = b->totals + row * t->ntargets;
        memcpy(b->sums.seen, t->always, t->ntargets * sizeof(bool));
        return MLP_OK;
    }
    for (size_t i = 0; i < b->cols; i++) {
        double v = mlp_tensor_number(c->in[0], row * b->cols + i);
        b->x[i] = b->wide ? v : (double)(float)v;
    }
    if (!sum_row(t, b->x, &b->sums))
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
        say(c, r, finish_classes(t, &b.sums, &n, &second));
        for (size_t k = 0; k < t->ntargets; k++)
            b.scores[k] = k < n ? (float)b.sums.total[k] : 0;
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
