/* ml_common.c: labels and scores of the classifiers and regressors (ml.h). */
#include "net/ml.h"
#include <math.h>

enum mlp_code mlp_net_params(struct mlp_net_build *b, size_t size, void **out)
{
    *out = mlp_arena_alloc(b->arena, size);
    return *out ? MLP_OK : mlp_err_nomem(b->e);
}

enum mlp_code mlp_ml_post(struct mlp_net_build *b, enum mlp_post *out)
{
    static const char *const names[] = {"NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO", "PROBIT"};
    struct mlp_str s;
    if (mlp_net_attr_str(b, "post_transform", "NONE", &s))
        return b->e->code;
    for (size_t i = 0; i < 5; i++)
        if (mlp_str_is(s, names[i])) {
            *out = (enum mlp_post)i;
            return MLP_OK;
        }
    return mlp_net_bad(b, "post_transform '%.*s' is not one that the operator set knows",
                       MLP_STR_ARG(s));
}

/* --- scores --- */

/* Without overflow on either side, and as onnxruntime has it to the bit. */
static float logistic(float x)
{
    float v = 1 / (1 + expf(-fabsf(x)));
    return x < 0 ? 1 - v : v;
}

/* The inverse of erf by Winitzki's approximation, which onnxruntime uses. */
static float inverse_erf(float x)
{
    float sign = x < 0 ? -1.0f : 1.0f, l = logf((1 - x) * (1 + x));
    float v = 2 / (3.14159f * 0.147f) + 0.5f * l;
    return sign * sqrtf(-v + sqrtf(v * v - 1 / 0.147f * l));
}

static float probit(float x)
{
    return 1.41421356f * inverse_erf(2 * x - 1);
}

static void softmax(float *s, size_t n, bool keep_zeros)
{
    float most = -INFINITY, sum = 0;
    for (size_t i = 0; i < n; i++)
        most = s[i] > most ? s[i] : most;
    for (size_t i = 0; i < n; i++) {
        bool kept = keep_zeros && !(s[i] > 0.0000001f || s[i] < -0.0000001f);
        s[i] = kept ? s[i] * expf(-most) : expf(s[i] - most);
        sum += s[i];
    }
    for (size_t i = 0; i < n; i++)
        s[i] /= sum;
}

static size_t second_score(float *s, enum mlp_post post, enum mlp_second second)
{
    float v = s[0];
    if (second == MLP_SECOND_NONE)
        return 1;
    bool squash = post == MLP_POST_LOGISTIC;
    s[1] = squash ? logistic(v) : v;
    s[0] = squash ? logistic(-v) : second == MLP_SECOND_MINUS ? -v : 1 - v;
    return 2;
}

size_t mlp_ml_scores(float *s, size_t n, enum mlp_post post, enum mlp_second second)
{
    if (post == MLP_POST_PROBIT || (post == MLP_POST_LOGISTIC && n > 1)) {
        for (size_t i = 0; i < n; i++)
            s[i] = post == MLP_POST_PROBIT ? probit(s[i]) : logistic(s[i]);
        return n;
    }
    if (n == 1)
        return second_score(s, post, second);
    if (post == MLP_POST_SOFTMAX || post == MLP_POST_SOFTMAX_ZERO)
        softmax(s, n, post == MLP_POST_SOFTMAX_ZERO);
    return n;
}

/* --- labels --- */

enum mlp_code mlp_ml_labels(struct mlp_net_build *b, const char *strs, const char *ints,
                            struct mlp_ml_labels *out)
{
    size_t nstrs = 0, nints = 0;
    if (mlp_net_attr_strs(b, strs, &out->strs, &nstrs) ||
        mlp_net_attr_ints(b, ints, &out->ints, &nints))
        return b->e->code;
    if (!nstrs)
        out->strs = NULL;
    out->n = nstrs ? nstrs : nints;
    return MLP_OK;
}

enum mlp_code mlp_ml_label_make(const struct mlp_net_call *c, const struct mlp_ml_labels *l,
                                size_t rows)
{
    int64_t dims[1] = {(int64_t)rows};
    return mlp_tensor_make(&c->out[0], c->arena, l->strs ? MLP_DT_STRING : MLP_DT_INT64, 1, dims,
                           c->e);
}

void mlp_ml_label_set(const struct mlp_net_call *c, const struct mlp_ml_labels *l, size_t row,
                      size_t k)
{
    if (l->strs)
        c->out[0].str[row] = k < l->n ? l->strs[k] : k ? MLP_STR("1") : MLP_STR("0");
    else
        c->out[0].i64[row] = k < l->n ? l->ints[k] : (int64_t)k;
}

/* --- rows --- */

enum mlp_code mlp_ml_rows(const struct mlp_net_call *c, const float **x, size_t *rows,
                          size_t *cols)
{
    const struct mlp_tensor *t = c->in[0];
    if (t->type == MLP_DT_STRING || t->rank < 1)
        return mlp_net_bad_type(c, 0);
    *cols = (size_t)t->dims[t->rank - 1];
    *rows = t->rank == 1 ? 1 : (size_t)t->dims[0];
    if (t->rank > 2)
        *cols = *rows ? t->n / *rows : 0;
    if (t->type == MLP_DT_FLOAT) {
        *x = t->f32;
        return MLP_OK;
    }
    float *to = mlp_arena_array64(c->arena, t->n, sizeof *to);
    if (!to)
        return mlp_err_nomem(c->e);
    for (size_t i = 0; i < t->n; i++)
        to[i] = (float)mlp_tensor_number(t, i);
    *x = to;
    return MLP_OK;
}
