/* ml.c: the operators of ai.onnx.ml but the trees (ml.h): linear models, and the small ones that
 * prepare columns. Floats run in float, in onnxruntime's order. ZipMap gives the probabilities
 * as they are: the names of its columns are the loader's to read from the node. */
#include "net/ml.h"
#include "net/packed.h"
#include <math.h>

/* --- linear models --- */

struct linear {
    const float *coef, *intercept;
    size_t ncols, nout;
    struct mlp_packed packed;
    enum mlp_post post;
    struct mlp_ml_labels labels;
};

static enum mlp_code pack(struct mlp_net_build *b, struct linear *l, size_t ncoef)
{
    if (!l->nout || !ncoef || ncoef % l->nout)
        return mlp_net_bad(b, "%zu coefficients do not make %zu rows", ncoef, l->nout);
    l->ncols = ncoef / l->nout;
    const struct mlp_tensor coef = {.type = MLP_DT_FLOAT, .rank = 2, .n = ncoef,
                                    .dims = {(int64_t)l->nout, (int64_t)l->ncols},
                                    .data = (void *)(uintptr_t)l->coef};
    return mlp_packed_make(&l->packed, b->arena, &coef, true, b->e);
}

static enum mlp_code linear_classifier_prepare(struct mlp_net_build *b, const void **params)
{
    void *p;
    size_t ncoef, nintercept;
    if (mlp_net_params(b, sizeof(struct linear), &p))
        return b->e->code;
    struct linear *l = p;
    *params = l;
    if (mlp_net_attr_floats(b, "coefficients", &l->coef, &ncoef) ||
        mlp_net_attr_floats(b, "intercepts", &l->intercept, &nintercept) ||
        mlp_ml_post(b, &l->post) ||
        mlp_ml_labels(b, "classlabels_strings", "classlabels_ints", &l->labels))
        return b->e->code;
    l->nout = nintercept ? nintercept : l->labels.n;
    if (!nintercept)
        l->intercept = NULL;
    return pack(b, l, ncoef);
}

static enum mlp_code linear_regressor_prepare(struct mlp_net_build *b, const void **params)
{
    void *p;
    size_t ncoef, nintercept;
    int64_t targets;
    if (mlp_net_params(b, sizeof(struct linear), &p))
        return b->e->code;
    struct linear *l = p;
    *params = l;
    if (mlp_net_attr_floats(b, "coefficients", &l->coef, &ncoef) ||
        mlp_net_attr_floats(b, "intercepts", &l->intercept, &nintercept) ||
        mlp_ml_post(b, &l->post) || mlp_net_attr_int(b, "targets", 1, &targets))
        return b->e->code;
    l->nout = targets > 0 ? (size_t)targets : 0;
    if (nintercept && nintercept != l->nout)
        return mlp_net_bad(b, "there are %zu intercepts for %zu targets", nintercept, l->nout);
    if (!nintercept)
        l->intercept = NULL;
    return pack(b, l, ncoef);
}

/* The plain scores, rows x nout; *rows is set. */
static enum mlp_code linear_scores(const struct mlp_net_call *c, float **scores, size_t *rows)
{
    const struct linear *l = c->node->params;
    const float *x;
    size_t cols;
    if (mlp_ml_rows(c, &x, rows, &cols))
        return c->e->code;
    if (cols != l->ncols)
        return mlp_net_fail(c, "the input has %zu columns, the model was trained with %zu", cols,
                            l->ncols);
    float *to = mlp_arena_array64(c->arena, *rows * l->nout + 1, sizeof *to);
    if (!to)
        return mlp_err_nomem(c->e);
    const struct mlp_packed_call call = {*rows, cols, l->nout, l->intercept};
    mlp_packed_product(&l->packed, &call, x, to);
    *scores = to;
    return MLP_OK;
}

static size_t first_largest(const float *x, size_t n)
{
    size_t best = 0;
    for (size_t i = 1; i < n; i++)
        best = x[i] > x[best] ? i : best;
    return best;
}

static enum mlp_code linear_classifier_run(const struct mlp_net_call *c)
{
    const struct linear *l = c->node->params;
    float *s;
    size_t rows, k = l->nout;
    bool two = k == 1 && l->labels.n == 2;
    if (linear_scores(c, &s, &rows))
        return c->e->code;
    size_t wide = two ? 2 : k;
    int64_t dims[2] = {(int64_t)rows, (int64_t)wide};
    struct mlp_tensor scratch, *z = c->nout > 1 ? &c->out[1] : &scratch;
    if (mlp_ml_label_make(c, &l->labels, rows) ||
        mlp_tensor_make(z, c->arena, MLP_DT_FLOAT, 2, dims, c->e))
        return c->e->code;
    for (size_t r = 0; r < rows; r++) {
        float *to = z->f32 + r * wide;
        memcpy(to, s + r * k, k * sizeof *to);
        mlp_ml_label_set(c, &l->labels, r, k == 1 ? to[0] > 0 : first_largest(to, k));
        mlp_ml_scores(to, k, l->post, two ? MLP_SECOND_ONE_MINUS : MLP_SECOND_NONE);
    }
    return MLP_OK;
}

static enum mlp_code linear_regressor_run(const struct mlp_net_call *c)
{
    const struct linear *l = c->node->params;
    float *s;
    size_t rows;
    if (linear_scores(c, &s, &rows))
        return c->e->code;
    int64_t dims[2] = {(int64_t)rows, (int64_t)l->nout};
    if (mlp_tensor_make(&c->out[0], c->arena, MLP_DT_FLOAT, 2, dims, c->e))
        return c->e->code;
    memcpy(c->out[0].f32, s, rows * l->nout * sizeof *s);
    for (size_t r = 0; r < rows; r++)
        mlp_ml_scores(c->out[0].f32 + r * l->nout, l->nout, l->post, MLP_SECOND_NONE);
    return MLP_OK;
}

/* --- columns --- */

static enum mlp_code extract_run(const struct mlp_net_call *c)
{
    const struct mlp_tensor *x = c->in[0], *at = c->in[1];
    if (x->rank < 1 || at->type != MLP_DT_INT64)
        return mlp_net_bad_type(c, x->rank < 1 ? 0 : 1);
    size_t cols = (size_t)x->dims[x->rank - 1], rows = cols ? x->n / cols : 0;
    int64_t dims[MLP_MAX_RANK] = {1};
    uint32_t rank = x->rank == 1 ? 2 : x->rank;
    for (uint32_t d = 0; d + 1 < x->rank; d++)
        dims[d] = x->dims[d];
    dims[rank - 1] = (int64_t)at->n;
    for (size_t i = 0; i < at->n; i++)
        if (at->i64[i] < 0 || (size_t)at->i64[i] >= cols)
            return mlp_net_fail(c, "column %lld of %zu is asked for", (long long)at->i64[i], cols);
    if (mlp_tensor_make(&c->out[0], c->arena, x->type, rank, dims, c->e))
        return c->e->code;
    size_t size = mlp_dtype_size(x->type);
    const char *from = x->data;
    char *to = c->out[0].data;
    for (size_t r = 0; r < rows; r++)
        for (size_t i = 0; i < at->n; i++, to += size)
            memcpy(to, from + (r * cols + (size_t)at->i64[i]) * size, size);
    return MLP_OK;
}

static enum mlp_code binarizer_prepare(struct mlp_net_build *b, const void **params)
{
    void *p;
    if (mlp_net_params(b, sizeof(float), &p))
        return b->e->code;
    *params = p;
    return mlp_net_attr_float(b, "threshold", 0, p);
}

static enum mlp_code binarizer_run(const struct mlp_net_call *c)
{
    const float *threshold = c->node->params;
    const struct mlp_tensor *x = c->in[0];
    if (x->type != MLP_DT_FLOAT)
        return mlp_net_bad_type(c, 0);
    if (mlp_tensor_like(&c->out[0], c->arena, MLP_DT_FLOAT, x, c->e))
        return c->e->code;
    for (size_t i = 0; i < x->n; i++)
        c->out[0].f32[i] = x->f32[i] > *threshold ? 1 : 0;
    return MLP_OK;
}

struct scaler {
    const float *offset, *scale;
    size_t n, nscale;
};

static enum mlp_code scaler_prepare(struct mlp_net_build *b, const void **params)
{
    void *p;
    if (mlp_net_params(b, sizeof(struct scaler), &p))
        return b->e->code;
    struct scaler *s = p;
    *params = s;
    if (mlp_net_attr_floats(b, "offset", &s->offset, &s->n) ||
        mlp_net_attr_floats(b, "scale", &s->scale, &s->nscale))
        return b->e->code;
    return s->n && s->n == s->nscale ? MLP_OK
                                     : mlp_net_bad(b, "offset and scale differ in length");
}

/* The last dimension of a tensor: columns. */
static size_t columns(const struct mlp_tensor *t)
{
    return t->rank ? (size_t)t->dims[t->rank - 1] : 1;
}

static enum mlp_code scaler_run(const struct mlp_net_call *c)
{
    const struct scaler *s = c->node->params;
    const struct mlp_tensor *x = c->in[0];
    size_t cols = columns(x);
    if (s->n != 1 && s->n != cols)
        return mlp_net_fail(c, "the input has %zu columns, the scales %zu", cols, s->n);
    if (x->type == MLP_DT_STRING)
        return mlp_net_bad_type(c, 0);
    if (mlp_tensor_like(&c->out[0], c->arena, MLP_DT_FLOAT, x, c->e))
        return c->e->code;
    bool wide = x->type == MLP_DT_DOUBLE;
    for (size_t r = 0; x->type == MLP_DT_FLOAT && s->n == cols && r < x->n; r += cols)
        mlp_floats_scale(c->out[0].f32 + r, x->f32 + r, s->offset, s->scale, cols);
    for (size_t i = x->type == MLP_DT_FLOAT && s->n == cols ? x->n : 0; i < x->n; i++) {
        size_t k = s->n == 1 ? 0 : i % cols;
        double v = mlp_tensor_number(x, i);
        c->out[0].f32[i] = wide ? (float)((v - (double)s->offset[k]) * (double)s->scale[k])
                                : ((float)v - s->offset[k]) * s->scale[k];
    }
    return MLP_OK;
}

enum norm { NORM_MAX, NORM_L1, NORM_L2 };

static enum mlp_code normalizer_prepare(struct mlp_net_build *b, const void **params)
{
    void *p;
    struct mlp_str s;
    if (mlp_net_params(b, sizeof(enum norm), &p) || mlp_net_attr_str(b, "norm", "MAX", &s))
        return b->e->code;
    enum norm *norm = p;
    *params = norm;
    *norm = mlp_str_is(s, "L1") ? NORM_L1 : mlp_str_is(s, "L2") ? NORM_L2 : NORM_MAX;
    if (*norm == NORM_MAX && !mlp_str_is(s, "MAX"))
        return mlp_net_bad(b, "norm '%.*s' is none of MAX, L1, L2", MLP_STR_ARG(s));
    return MLP_OK;
}

static float norm_of(enum norm norm, const float *x, size_t n)
{
    float sum = norm == NORM_MAX ? -INFINITY : 0;
    for (size_t i = 0; i < n; i++) {
        if (norm == NORM_MAX)
            sum = x[i] > sum ? x[i] : sum;
        else
            sum += norm == NORM_L1 ? fabsf(x[i]) : x[i] * x[i];
    }
    return sum;
}

static enum mlp_code normalizer_run(const struct mlp_net_call *c)
{
    const enum norm *norm = c->node->params;
    const float *x;
    size_t rows, cols;
    if (mlp_ml_rows(c, &x, &rows, &cols) ||
        mlp_tensor_like(&c->out[0], c->arena, MLP_DT_FLOAT, c->in[0], c->e))
        return c->e->code;
    for (size_t r = 0; r < rows; r++) {
        const float *from = x + r * cols;
        float *to = c->out[0].f32 + r * cols, sum = norm_of(*norm, from, cols);
        for (size_t i = 0; i < cols; i++) {
            to[i] = from[i];
            if (sum != 0 && *norm == NORM_L2)
                to[i] = copysignf(sqrtf(from[i] * from[i] / sum), from[i]);
            else if (sum != 0)
                to[i] = from[i] / sum;
        }
    }
    return MLP_OK;
}

struct imputer {
    const float *floats;
    const int64_t *ints;
    size_t nfloats, nints;
    float replaced_float;
    int64_t replaced_int;
};

static enum mlp_code imputer_prepare(struct mlp_net_build *b, const void **params)
{
    void *p;
    if (mlp_net_params(b, sizeof(struct imputer), &p))
        return b->e->code;
    struct imputer *m = p;
    *params = m;
    if (mlp_net_attr_floats(b, "imputed_value_floats", &m->floats, &m->nfloats) ||
        mlp_net_attr_ints(b, "imputed_value_int64s", &m->ints, &m->nints) ||
        mlp_net_attr_float(b, "replaced_value_float", 0, &m->replaced_float))
        return b->e->code;
    return mlp_net_attr_int(b, "replaced_value_int64", 0, &m->replaced_int);
}

static enum mlp_code imputer_run(const struct mlp_net_call *c)
{
    const struct imputer *m = c->node->params;
    const struct mlp_tensor *x = c->in[0];
    struct mlp_tensor *y = &c->out[0];
    size_t cols = columns(x), n = x->type == MLP_DT_INT64 ? m->nints : m->nfloats;
    if (x->type != MLP_DT_FLOAT && x->type != MLP_DT_INT64)
        return mlp_net_bad_type(c, 0);
    if (n != 1 && n != cols)
        return mlp_net_fail(c, "the input has %zu columns, the imputed values %zu", cols, n);
    if (mlp_tensor_like(y, c->arena, x->type, x, c->e))
        return c->e->code;
    bool nan = isnan(m->replaced_float);
    for (size_t i = 0; i < x->n; i++) {
        size_t k = n == 1 ? 0 : i % cols;
        if (x->type == MLP_DT_INT64)
            y->i64[i] = x->i64[i] == m->replaced_int ? m->ints[k] : x->i64[i];
        else if (nan ? isnan(x->f32[i]) : x->f32[i] == m->replaced_float)
            y->f32[i] = m->floats[k];
        else
            y->f32[i] = x->f32[i];
    }
    return MLP_OK;
}

struct onehot {
    const struct mlp_str *strs;
    const int64_t *ints;
    size_t nstrs, nints;
    int64_t zeros;
};

static enum mlp_code onehot_prepare(struct mlp_net_build *b, const void **params)
{
    void *p;
    if (mlp_net_params(b, sizeof(struct onehot), &p))
        return b->e->code;
    struct onehot *h = p;
    *params = h;
    if (mlp_net_attr_strs(b, "cats_strings", &h->strs, &h->nstrs) ||
        mlp_net_attr_ints(b, "cats_int64s", &h->ints, &h->nints))
        return b->e->code;
    return mlp_net_attr_int(b, "zeros", 1, &h->zeros);
}

/* The category of element i; n when it is none. */
static size_t category(const struct onehot *h, const struct mlp_tensor *x, size_t i)
{
    size_t k = 0;
    if (x->type == MLP_DT_STRING) {
        while (k < h->nstrs && !mlp_str_eq(h->strs[k], x->str[i]))
            k++;
        return k;
    }
    int64_t v = mlp_tensor_integer(x, i);
    while (k < h->nints && h->ints[k] != v)
        k++;
    return k;
}

static enum mlp_code onehot_run(const struct mlp_net_call *c)
{
    const struct onehot *h = c->node->params;
    const struct mlp_tensor *x = c->in[0];
    size_t n = x->type == MLP_DT_STRING ? h->nstrs : h->nints;
    int64_t dims[MLP_MAX_RANK];
    if (x->rank + 1 > MLP_MAX_RANK)
        return mlp_net_bad_type(c, 0);
    memcpy(dims, x->dims, sizeof dims);
    dims[x->rank] = (int64_t)n;
    if (mlp_tensor_make(&c->out[0], c->arena, MLP_DT_FLOAT, x->rank + 1, dims, c->e))
        return c->e->code;
    for (size_t i = 0; i < x->n; i++) {
        size_t k = category(h, x, i);
        if (k == n && !h->zeros)
            return mlp_net_fail(c, "element %zu is none of the %zu categories", i, n);
        for (size_t j = 0; j < n; j++)
            c->out[0].f32[i * n + j] = j == k ? 1 : 0;
    }
    return MLP_OK;
}

/* Inputs side by side, as floats. */
static enum mlp_code features_run(const struct mlp_net_call *c)
{
    size_t total = 0, rows = c->in[0]->rank ? (size_t)c->in[0]->dims[0] : 1, at = 0;
    for (uint32_t i = 0; i < c->nin; i++) {
        const struct mlp_tensor *x = c->in[i];
        if (!x || x->type == MLP_DT_STRING || (rows && x->n % rows))
            return mlp_net_fail(c, "input %u does not have %zu rows of numbers", i, rows);
        total += rows ? x->n / rows : 0;
    }
    int64_t dims[2] = {(int64_t)rows, (int64_t)total};
    if (mlp_tensor_make(&c->out[0], c->arena, MLP_DT_FLOAT, 2, dims, c->e))
        return c->e->code;
    for (uint32_t i = 0; i < c->nin && rows; i++) {
        size_t cols = c->in[i]->n / rows;
        for (size_t k = 0; k < c->in[i]->n; k++)
            c->out[0].f32[k / cols * total + at + k % cols] =
                (float)mlp_tensor_number(c->in[i], k);
        at += cols;
    }
    return MLP_OK;
}

static enum mlp_code zipmap_run(const struct mlp_net_call *c)
{
    c->out[0] = *c->in[0];
    return MLP_OK;
}

#define ML "ai.onnx.ml"
const struct mlp_net_op mlp_net_ml[] = {
    {ML, "ArrayFeatureExtractor", 1, 0, 2, 2, 1, NULL, extract_run},
    {ML, "Binarizer", 1, 0, 1, 1, 1, binarizer_prepare, binarizer_run},
    {ML, "CategoryMapper", 1, 0, 1, 1, 1, mlp_category_prepare, mlp_label_run},
    {ML, "FeatureVectorizer", 1, 0, 1, UINT32_MAX, 1, NULL, features_run},
    {ML, "Imputer", 1, 0, 1, 1, 1, imputer_prepare, imputer_run},
    {ML, "LabelEncoder", 1, 0, 1, 1, 1, mlp_label_encoder_prepare, mlp_label_run},
    {ML, "LinearClassifier", 1, 0, 1, 1, 2, linear_classifier_prepare, linear_classifier_run},
    {ML, "LinearRegressor", 1, 0, 1, 1, 1, linear_regressor_prepare, linear_regressor_run},
    {ML, "Normalizer", 1, 0, 1, 1, 1, normalizer_prepare, normalizer_run},
    {ML, "OneHotEncoder", 1, 0, 1, 1, 1, onehot_prepare, onehot_run},
    {ML, "SVMClassifier", 1, 0, 1, 1, 2, mlp_svm_classifier_prepare, mlp_svm_classifier_run},
    {ML, "SVMRegressor", 1, 0, 1, 1, 1, mlp_svm_regressor_prepare, mlp_svm_regressor_run},
    {ML, "Scaler", 1, 0, 1, 1, 1, scaler_prepare, scaler_run},
    {ML, "ZipMap", 1, 0, 1, 1, 1, NULL, zipmap_run},
    {NULL, NULL, 0, 0, 0, 0, 0, NULL, NULL},
};
