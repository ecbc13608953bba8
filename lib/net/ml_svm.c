/* ml_svm.c: SVMClassifier and SVMRegressor of ai.onnx.ml (ml.h).
 *
 * libsvm's one-against-one votes and pairwise coupling (Wu, Lin, Weng, "Probability estimates for
 * multi-class classification by pairwise coupling", 2004, second method), in onnxruntime's
 * precision: kernels in float, sums of a decision in double, coupling in float. */
#include "net/ml.h"
#include <math.h>

enum kernel { LINEAR, POLY, RBF, SIGMOID };

struct svm {
    enum kernel kernel;
    float gamma, coef0, degree;
    const float *vectors, *coef, *rho, *prob_a, *prob_b;
    size_t nvectors, ncols, ncoef, nrho;
    size_t nprob;                /* of prob_a: pairs, or 0 */
    struct mlp_ml_labels labels;
    const int64_t *per_class;    /* vectors of each class */
    size_t nclasses;
    enum mlp_post post;
    bool positive;               /* no coefficient is negative */
    bool one_class;
};

static enum mlp_code read_kernel(struct mlp_net_build *b, struct svm *s)
{
    static const char *const names[] = {"LINEAR", "POLY", "RBF", "SIGMOID"};
    struct mlp_str type;
    const float *p;
    size_t n;
    if (mlp_net_attr_str(b, "kernel_type", "LINEAR", &type) ||
        mlp_net_attr_floats(b, "kernel_params", &p, &n))
        return b->e->code;
    s->gamma = n > 0 ? p[0] : 0;
    s->coef0 = n > 1 ? p[1] : 0;
    s->degree = n > 2 ? p[2] : 0;
    for (size_t i = 0; i < 4; i++)
        if (mlp_str_is(type, names[i])) {
            s->kernel = (enum kernel)i;
            return MLP_OK;
        }
    return mlp_net_bad(b, "kernel_type '%.*s' is none of LINEAR, POLY, RBF, SIGMOID",
                       MLP_STR_ARG(type));
}

static enum mlp_code read_common(struct mlp_net_build *b, struct svm *s, size_t *nvec)
{
    if (read_kernel(b, s) || mlp_net_attr_floats(b, "support_vectors", &s->vectors, nvec) ||
        mlp_net_attr_floats(b, "coefficients", &s->coef, &s->ncoef) ||
        mlp_net_attr_floats(b, "rho", &s->rho, &s->nrho) || mlp_ml_post(b, &s->post))
        return b->e->code;
    s->positive = true;
    for (size_t i = 0; i < s->ncoef; i++)
        s->positive &= s->coef[i] >= 0;
    return s->nrho && s->ncoef ? MLP_OK : mlp_net_bad(b, "rho or coefficients are missing");
}

static float dot(const float *a, const float *b, size_t n)
{
    float sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

static float kernel(const struct svm *s, const float *x, const float *y)
{
    float sum = 0;
    switch (s->kernel) {
    case RBF:
        for (size_t i = 0; i < s->ncols; i++)
            sum += (x[i] - y[i]) * (x[i] - y[i]);
        return expf(-s->gamma * sum);
    case POLY:
        return powf(s->gamma * dot(x, y, s->ncols) + s->coef0, s->degree);
    case SIGMOID:
        return tanhf(s->gamma * dot(x, y, s->ncols) + s->coef0);
    default:
        return dot(x, y, s->ncols);
    }
}

static enum mlp_code check_cols(const struct mlp_net_call *c, const struct svm *s, size_t cols)
{
    if (cols == s->ncols)
        return MLP_OK;
    return mlp_net_fail(c, "the input has %zu columns, the model was trained with %zu", cols,
                        s->ncols);
}

/* --- classifier --- */

static enum mlp_code check_classifier(struct mlp_net_build *b, struct svm *s, size_t nvec)
{
    size_t pairs, total = 0;
    if (!s->nclasses) {
        s->nclasses = s->labels.n;
        s->ncols = s->nclasses ? s->ncoef / s->nclasses : 0;
        return s->ncols ? MLP_OK : mlp_net_bad(b, "no class has coefficients");
    }
    for (size_t i = 0; i < s->nclasses; i++) {
        if (s->per_class[i] < 0 || (uint64_t)s->per_class[i] > nvec)
            return mlp_net_bad(b, "vectors_per_class has a number that cannot be");
        total += (size_t)s->per_class[i];
    }
    s->nvectors = total;
    s->ncols = total ? nvec / total : 0;
    pairs = s->nclasses * (s->nclasses - 1) / 2;
    if (!s->ncols || s->nclasses < 2 || s->nrho < pairs || s->ncoef < (s->nclasses - 1) * total ||
        (s->nprob && s->nprob < pairs))
        return mlp_net_bad(b, "support vectors, coefficients and rho do not fit each other");
    return MLP_OK;
}

enum mlp_code mlp_svm_classifier_prepare(struct mlp_net_build *b, const void **params)
{
    void *p;
    size_t nvec, nprob_b;
    if (mlp_net_params(b, sizeof(struct svm), &p))
        return b->e->code;
    struct svm *s = p;
    *params = s;
    if (read_common(b, s, &nvec) ||
        mlp_net_attr_floats(b, "prob_a", &s->prob_a, &s->nprob) ||
        mlp_net_attr_floats(b, "prob_b", &s->prob_b, &nprob_b) ||
        mlp_net_attr_ints(b, "vectors_per_class", &s->per_class, &s->nclasses) ||
        mlp_ml_labels(b, "classlabels_strings", "classlabels_ints", &s->labels))
        return b->e->code;
    if (nprob_b != s->nprob)
        return mlp_net_bad(b, "prob_a and prob_b differ in length");
    return check_classifier(b, s, nvec);
}

/* Room of one row. */
struct work {
    float *kernels;              /* nvectors */
    float *scores;               /* pairs */
    float *r, *q, *qp;           /* coupling: nclasses squared, twice, and nclasses */
    float *p;
    int64_t *votes;
    size_t *start;               /* first vector of each class */
};

/* Decisions of all pairs, and their votes. */
static size_t decide(const struct svm *s, struct work *w)
{
    size_t pair = 0;
    for (size_t i = 0; i < s->nclasses; i++)
        w->votes[i] = 0;
    for (size_t i = 0; i < s->nclasses; i++)
        for (size_t j = i + 1; j < s->nclasses; j++) {
            const float *ci = s->coef + (j - 1) * s->nvectors, *cj = s->coef + i * s->nvectors;
            double sum = 0;
            for (size_t v = w->start[i]; v < w->start[i + 1]; v++)
                sum += (double)(ci[v] * w->kernels[v]);
            for (size_t v = w->start[j]; v < w->start[j + 1]; v++)
                sum += (double)(cj[v] * w->kernels[v]);
            sum += (double)s->rho[pair];
            w->scores[pair++] = (float)sum;
            w->votes[sum > 0 ? i : j]++;
        }
    return pair;
}

static float pair_probability(float score, float a, float b)
{
    float v = score * a + b, l = 1 / (1 + expf(-fabsf(v)));
    float p = 1 - (v < 0 ? 1 - l : l);
    p = p < 1e-7f ? 1e-7f : p;
    return p > 1 - 1e-7f ? 1 - 1e-7f : p;
}

static void fill_coupling(const struct work *w, size_t k)
{
    for (size_t i = 0; i < k; i++) {
        w->p[i] = 1.0f / (float)k;
        w->q[i * k + i] = 0;
        for (size_t j = 0; j < k; j++) {
            if (j == i)
                continue;
            w->q[i * k + i] += w->r[j * k + i] * w->r[j * k + i];
            w->q[i * k + j] = j < i ? w->q[j * k + i] : -w->r[j * k + i] * w->r[i * k + j];
        }
    }
}

/* Sets qp = Q p and returns p Q p; *error is how far from the solution that is. */
static float couple_measure(const struct work *w, size_t k, float *error)
{
    float pqp = 0;
    for (size_t i = 0; i < k; i++) {
        w->qp[i] = 0;
        for (size_t j = 0; j < k; j++)
            w->qp[i] += w->q[i * k + j] * w->p[j];
        pqp += w->p[i] * w->qp[i];
    }
    *error = 0;
    for (size_t i = 0; i < k; i++)
        *error = fmaxf(*error, fabsf(w->qp[i] - pqp));
    return pqp;
}

static void couple(const struct work *w, size_t k)
{
    fill_coupling(w, k);
    for (int loop = 0; loop < 100; loop++) {
        float error, pqp = couple_measure(w, k, &error);
        if (error < 0.005f / (float)k)
            return;
        for (size_t i = 0; i < k; i++) {
            float diff = (-w->qp[i] + pqp) / w->q[i * k + i];
            w->p[i] += diff;
            pqp = (pqp + diff * (diff * w->q[i * k + i] + 2 * w->qp[i])) / (1 + diff) / (1 + diff);
            for (size_t j = 0; j < k; j++) {
                w->qp[j] = (w->qp[j] + diff * w->q[i * k + j]) / (1 + diff);
                w->p[j] /= 1 + diff;
            }
        }
    }
}

static void probabilities(const struct svm *s, const struct work *w)
{
    size_t k = s->nclasses, pair = 0;
    for (size_t i = 0; i < k; i++)
        for (size_t j = i + 1; j < k; j++, pair++) {
            float p = pair_probability(w->scores[pair], s->prob_a[pair], s->prob_b[pair]);
            w->r[i * k + j] = p;
            w->r[j * k + i] = 1 - p;
        }
    couple(w, k);
}

static enum mlp_code make_work(const struct mlp_net_call *c, const struct svm *s, struct work *w)
{
    size_t k = s->nclasses, pairs = k * (k - 1) / 2 + k + 2;
    w->kernels = mlp_arena_array(c->arena, s->nvectors + 1, sizeof *w->kernels);
    w->scores = mlp_arena_array(c->arena, pairs, sizeof *w->scores);
    w->r = mlp_arena_array(c->arena, 2 * k * k + 2 * k, sizeof *w->r);
    w->votes = mlp_arena_array(c->arena, k, sizeof *w->votes);
    w->start = mlp_arena_array(c->arena, k + 1, sizeof *w->start);
    if (!w->kernels || !w->scores || !w->r || !w->votes || !w->start)
        return mlp_err_nomem(c->e);
    w->q = w->r + k * k;
    w->qp = w->q + k * k;
    w->p = w->qp + k;
    for (size_t i = 0; i < k && s->nvectors; i++)
        w->start[i + 1] = w->start[i] + (size_t)s->per_class[i];
    return MLP_OK;
}

static size_t most_votes(const struct work *w, size_t k)
{
    size_t best = 0;
    for (size_t i = 1; i < k; i++)
        best = w->votes[i] > w->votes[best] ? i : best;
    return best;
}

static size_t largest(const float *x, size_t n)
{
    size_t best = 0;
    for (size_t i = 1; i < n; i++)
        best = x[i] > x[best] ? i : best;
    return best;
}

/* The scores of a row and its class; *n is how many scores. The class is that of most votes, as
 * libsvm's and ONNX Runtime's: it need not be the most probable. */
static size_t classify(const struct svm *s, struct work *w, const float *x, size_t *n)
{
    if (!s->nvectors) {
        for (size_t k = 0; k < s->nclasses; k++)
            w->scores[k] = dot(x, s->coef + k * s->ncols, s->ncols) + s->rho[0];
        *n = s->nclasses;
        return largest(w->scores, s->nclasses);
    }
    for (size_t v = 0; v < s->nvectors; v++)
        w->kernels[v] = kernel(s, x, s->vectors + v * s->ncols);
    *n = decide(s, w);
    if (s->nprob) {
        probabilities(s, w);
        memcpy(w->scores, w->p, s->nclasses * sizeof *w->p);
        *n = s->nclasses;
    }
    return most_votes(w, s->nclasses);
}

enum mlp_code mlp_svm_classifier_run(const struct mlp_net_call *c)
{
    const struct svm *s = c->node->params;
    const float *x;
    size_t rows, cols, pairs = s->nclasses * (s->nclasses - 1) / 2;
    struct work w = {0};
    if (mlp_ml_rows(c, &x, &rows, &cols) || check_cols(c, s, cols) || make_work(c, s, &w))
        return c->e->code;
    size_t wide = s->nprob || !s->nvectors ? s->nclasses : pairs == 1 ? 2 : pairs;
    int64_t dims[2] = {(int64_t)rows, (int64_t)wide};
    struct mlp_tensor scratch, *z = c->nout > 1 ? &c->out[1] : &scratch;
    if (mlp_ml_label_make(c, &s->labels, rows) ||
        mlp_tensor_make(z, c->arena, MLP_DT_FLOAT, 2, dims, c->e))
        return c->e->code;
    enum mlp_second second = s->post == MLP_POST_NONE ? MLP_SECOND_MINUS : MLP_SECOND_ONE_MINUS;
    for (size_t r = 0; r < rows; r++) {
        size_t n, best = classify(s, &w, x + r * cols, &n);
        mlp_ml_label_set(c, &s->labels, r, best);
        n = mlp_ml_scores(w.scores, n, s->post, second);
        memcpy(z->f32 + r * wide, w.scores, (n < wide ? n : wide) * sizeof(float));
    }
    return MLP_OK;
}

/* --- regressor --- */

enum mlp_code mlp_svm_regressor_prepare(struct mlp_net_build *b, const void **params)
{
    void *p;
    size_t nvec;
    int64_t one, supports;
    if (mlp_net_params(b, sizeof(struct svm), &p))
        return b->e->code;
    struct svm *s = p;
    *params = s;
    if (read_common(b, s, &nvec) || mlp_net_attr_int(b, "one_class", 0, &one) ||
        mlp_net_attr_int(b, "n_supports", 0, &supports))
        return b->e->code;
    s->one_class = one != 0;
    s->nvectors = supports > 0 ? (size_t)supports : 0;
    s->ncols = s->nvectors ? nvec / s->nvectors : s->ncoef;
    if (!s->ncols || (s->nvectors && s->ncoef < s->nvectors))
        return mlp_net_bad(b, "support vectors and coefficients do not fit each other");
    return MLP_OK;
}

enum mlp_code mlp_svm_regressor_run(const struct mlp_net_call *c)
{
    const struct svm *s = c->node->params;
    const float *x;
    size_t rows, cols;
    if (mlp_ml_rows(c, &x, &rows, &cols) || check_cols(c, s, cols))
        return c->e->code;
    int64_t dims[2] = {(int64_t)rows, 1};
    if (mlp_tensor_make(&c->out[0], c->arena, MLP_DT_FLOAT, 2, dims, c->e))
        return c->e->code;
    for (size_t r = 0; r < rows; r++) {
        const float *row = x + r * cols;
        float sum = 0;
        for (size_t v = 0; v < s->nvectors; v++)
            sum += s->coef[v] * kernel(s, row, s->vectors + v * s->ncols);
        if (!s->nvectors)
            sum = kernel(s, row, s->coef);
        sum += s->rho[0];
        c->out[0].f32[r] = s->one_class ? sum > 0 ? 1 : -1 : sum;
    }
    return MLP_OK;
}
