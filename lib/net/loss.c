/* loss.c: NegativeLogLikelihoodLoss and SoftmaxCrossEntropyLoss (ONNX operator spec): how far the
 * scores of N rows are from their classes. */
#include <math.h>

#include "net/element.h"
#include "net/ml.h"

enum reduction { NONE, SUM, MEAN };

struct loss {
    enum reduction reduction;
    bool ignores;
    int64_t ignored;             /* the class that counts nothing */
};

static enum mlp_code prepare(struct mlp_net_build *b, const void **params)
{
    static const char *const names[] = {[NONE] = "none", [SUM] = "sum", [MEAN] = "mean"};
    void *made;
    struct mlp_str s;
    if (mlp_net_params(b, sizeof(struct loss), &made))
        return b->e->code;
    struct loss *p = made;
    *params = p;
    p->ignores = mlp_net_attr_given(b, "ignore_index");
    if (mlp_net_attr_int(b, "ignore_index", 0, &p->ignored) ||
        mlp_net_attr_str(b, "reduction", "mean", &s))
        return b->e->code;
    for (int i = 0; i < 3; i++)
        if (mlp_str_is(s, names[i])) {
            p->reduction = (enum reduction)i;
            return MLP_OK;
        }
    return mlp_net_bad(b, "reduction '%.*s' is none that is known", MLP_STR_ARG(s));
}

/* Scores are N x C x inner, classes N x inner. */
struct shape {
    size_t classes, inner;
};

static enum mlp_code check(const struct mlp_net_call *c, struct shape *s)
{
    const struct mlp_tensor *x = c->in[0], *t = c->in[1], *w = c->nin > 2 ? c->in[2] : NULL;
    bool fits = x->rank >= 2 && t->rank == x->rank - 1 && t->dims[0] == x->dims[0];
    *s = (struct shape){.inner = 1};
    for (uint32_t i = 2; fits && i < x->rank; i++) {
        fits = t->dims[i - 1] == x->dims[i];
        s->inner *= (size_t)x->dims[i];
    }
    if (!mlp_dtype_is_real(x->type) || (t->type != MLP_DT_INT32 && t->type != MLP_DT_INT64))
        return mlp_net_bad_type(c, mlp_dtype_is_real(x->type));
    if (!fits || (w && (w->type != x->type || w->rank != 1 || w->dims[0] != x->dims[1])))
        return mlp_net_fail(c, "scores, classes and weights do not fit each other");
    s->classes = (size_t)x->dims[1];
    return MLP_OK;
}

/* The loss of place i from the logarithms of the probabilities, and its weight. */
static enum mlp_code loss_at(const struct mlp_net_call *c, const struct shape *s,
                             const struct mlp_tensor *logs, size_t i, double loss[2])
{
    const struct loss *p = c->node->params;
    const struct mlp_tensor *w = c->nin > 2 ? c->in[2] : NULL;
    int64_t k = mlp_tensor_integer(c->in[1], i);
    loss[0] = loss[1] = 0;
    if (p->ignores && k == p->ignored)
        return MLP_OK;
    if (k < 0 || (size_t)k >= s->classes)
        return mlp_net_fail(c, "class %lld of %zu", (long long)k, s->classes);
    size_t at = (i / s->inner * s->classes + (size_t)k) * s->inner + i % s->inner;
    loss[1] = w ? mlp_tensor_number(w, (size_t)k) : 1;
    loss[0] = -mlp_tensor_number(logs, at) * loss[1];
    return MLP_OK;
}

/* The losses of all places, or their sum or weighted mean, into out[0]. */
static enum mlp_code reduce(const struct mlp_net_call *c, const struct shape *s,
                            const struct mlp_tensor *logs)
{
    const struct loss *p = c->node->params;
    struct mlp_tensor *y = &c->out[0];
    double one[2], sum = 0, weights = 0;
    if (p->reduction == NONE ? mlp_tensor_like(y, c->arena, logs->type, c->in[1], c->e)
                             : mlp_tensor_make(y, c->arena, logs->type, 0, NULL, c->e))
        return c->e->code;
    for (size_t i = 0; i < c->in[1]->n; i++) {
        if (loss_at(c, s, logs, i, one))
            return c->e->code;
        sum += one[0];
        weights += one[1];
        if (p->reduction == NONE)
            mlp_tensor_set_number(y, i, one[0]);
    }
    if (p->reduction != NONE)
        mlp_tensor_set_number(y, 0, p->reduction == MEAN ? sum / weights : sum);
    return MLP_OK;
}

static enum mlp_code run_likelihood(const struct mlp_net_call *c)
{
    struct shape s;
    return check(c, &s) ? c->e->code : reduce(c, &s, c->in[0]);
}

/* Logarithms of the probabilities of one place's classes, which lie inner apart from at on. */
static void log_softmax(const struct shape *s, const struct mlp_tensor *x, size_t at,
                        struct mlp_tensor *y)
{
    double most = -INFINITY, sum = 0;
    for (size_t k = 0; k < s->classes; k++)
        most = fmax(most, mlp_tensor_number(x, at + k * s->inner));
    for (size_t k = 0; k < s->classes; k++)
        sum += exp(mlp_tensor_number(x, at + k * s->inner) - most);
    for (size_t k = 0; k < s->classes; k++)
        mlp_tensor_set_number(y, at + k * s->inner,
                              mlp_tensor_number(x, at + k * s->inner) - most - log(sum));
}

static enum mlp_code run_entropy(const struct mlp_net_call *c)
{
    struct shape s;
    struct mlp_tensor logs;
    if (check(c, &s) || mlp_tensor_like(&logs, c->arena, c->in[0]->type, c->in[0], c->e))
        return c->e->code;
    for (size_t i = 0; i < c->in[1]->n; i++)
        log_softmax(&s, c->in[0], i / s.inner * s.classes * s.inner + i % s.inner, &logs);
    if (c->nout > 1)
        c->out[1] = logs;
    return reduce(c, &s, &logs);
}

const struct mlp_net_op mlp_net_loss[] = {
    {"", "NegativeLogLikelihoodLoss", 12, 0, 2, 3, 1, prepare, run_likelihood},
    {"", "SoftmaxCrossEntropyLoss", 12, 0, 2, 3, 2, prepare, run_entropy},
    {0}};
