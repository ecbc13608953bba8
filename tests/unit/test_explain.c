/* Contributions of trees against the definition: Shapley values over every subset of features, of
 * random trees with repeated features, missing values, sets of categories and empty nodes. */
#include "suites.h"

#include "base/rng.h"
#include "forest/shap.h"
#include <math.h>
#include <stdlib.h>

#define FEATURES 6
#define NODES 127
#define OUTPUTS 2
#define ROWS 11

/* A tree as a loader hands it over. */
struct tree {
    int32_t left[NODES], right[NODES];
    uint32_t feature[NODES], set[NODES];
    double threshold[NODES], value[NODES * OUTPUTS], cover[NODES];
    uint8_t flags[NODES];
    int32_t n;
};

static void grow(struct tree *t, struct mlp_rng *r, int32_t node, unsigned depth, double cover)
{
    t->cover[node] = cover;
    t->left[node] = t->right[node] = -1;
    for (size_t k = 0; k < OUTPUTS; k++)
        t->value[(size_t)node * OUTPUTS + k] = mlp_rng_f64(r) * 4 - 2;
    if (depth == 0 || t->n + 2 > NODES || (depth < 4 && mlp_rng_f64(r) < 0.2))
        return;
    double share = mlp_rng_f64(r);
    t->feature[node] = (uint32_t)mlp_rng_below(r, FEATURES);
    t->threshold[node] = mlp_rng_f64(r) * 8;
    t->flags[node] = mlp_rng_f64(r) < 0.5 ? MLP_SPLIT_DEFAULT_LEFT : 0;
    if (mlp_rng_f64(r) < 0.3)
        t->flags[node] |= MLP_SPLIT_CATEGORIES | MLP_SPLIT_SET_LEFT;
    share = share < 0.1 ? 0 : share;
    int32_t left = t->left[node] = t->n++, right = t->right[node] = t->n++;
    grow(t, r, left, depth - 1, cover * share);
    grow(t, r, right, depth - 1, cover * (1 - share));
}

static bool goes_left(const struct tree *t, int32_t i, const double *x)
{
    double v = x[t->feature[i]];
    if (isnan(v))
        return t->flags[i] & MLP_SPLIT_DEFAULT_LEFT;
    if (t->flags[i] & MLP_SPLIT_CATEGORIES)
        return v < 8 && (0xb2u >> (unsigned)v & 1);
    return v <= t->threshold[i];
}

/* The value of the game for the features in `known`. */
static double expect(const struct tree *t, int32_t i, const double *x, unsigned known, size_t k)
{
    if (t->left[i] < 0)
        return t->value[(size_t)i * OUTPUTS + k];
    if (known >> t->feature[i] & 1)
        return expect(t, goes_left(t, i, x) ? t->left[i] : t->right[i], x, known, k);
    double share = t->cover[i] > 0 ? t->cover[t->left[i]] / t->cover[i] : 0.5;
    return share * expect(t, t->left[i], x, known, k) +
           (1 - share) * expect(t, t->right[i], x, known, k);
}

static double shapley(const struct tree *t, const double *x, unsigned feature, size_t k)
{
    /* |S|! (5 - |S|)! / 6! */
    static const double weight[FEATURES] = {1. / 6, 1. / 30, 1. / 60, 1. / 60, 1. / 30, 1. / 6};
    double sum = 0;
    for (unsigned s = 0; s < 1u << FEATURES; s++)
        if (!(s >> feature & 1))
            sum += weight[__builtin_popcount(s)] *
                   (expect(t, 0, x, s | 1u << feature, k) - expect(t, 0, x, s, k));
    return sum;
}

static void check_rows(const struct mlp_forest *f, const struct tree *t, const double *x, size_t n)
{
    const struct mlp_shap *s = f->shap;
    double *phi = aligned_alloc(64, OUTPUTS * FEATURES * MLP_SHAP_LANES * sizeof *phi);
    void *scratch = aligned_alloc(64, (mlp_shap_scratch(s) + 63) & ~(size_t)63);
    mlp_shap_run(s, n, x, FEATURES, scratch, phi);
    for (size_t k = 0; k < OUTPUTS; k++)
        ck_assert_double_eq_tol(s->expected[k], expect(t, 0, x, 0, k), 1e-12);
    for (size_t k = 0; k < OUTPUTS; k++)
        for (uint32_t i = 0; i < s->nused; i++)
            for (size_t r = 0; r < n; r++) {
                double got = phi[(k * s->nused + i) * MLP_SHAP_LANES + r];
                double want = shapley(t, x + r * FEATURES, s->used[i], k);
                ck_assert_msg(fabs(got - want) < 1e-12, "row %zu feature %u: %.17g, not %.17g", r,
                              s->used[i], got, want);
            }
    free(phi);
    free(scratch);
}

static void check_tree(struct mlp_rng *r, const struct tree *t)
{
    struct mlp_arena arena;
    struct mlp_forest_builder b;
    struct mlp_forest *f;
    struct mlp_err e;
    double x[ROWS * FEATURES];
    uint32_t set, bits = 0xb2;
    struct mlp_forest_spec spec = {.nfeatures = FEATURES, .noutputs = OUTPUTS,
                                   .value_width = OUTPUTS, .explain = true};
    struct mlp_tree tree = {.n = (size_t)t->n, .left = t->left, .right = t->right,
                            .feature = t->feature, .threshold = t->threshold, .flags = t->flags,
                            .set = t->set, .value = t->value, .cover = t->cover};
    for (size_t i = 0; i < ROWS * FEATURES; i++)
        x[i] = mlp_rng_f64(r) < 0.15 ? NAN : floor(mlp_rng_f64(r) * 16) / 2;
    mlp_err_init(&e);
    mlp_arena_init(&arena, (size_t)1 << 24);
    mlp_forest_begin(&b, &spec, &arena);
    ck_assert(!mlp_forest_add_set(&b, &bits, 8, &set, &e));
    ck_assert_msg(!mlp_forest_add(&b, &tree, &e), "%s", e.message);
    ck_assert_msg(!mlp_forest_end(&b, NULL, &f, &e), "%s", e.message);
    check_rows(f, t, x, 8);
    check_rows(f, t, x + 8 * FEATURES, ROWS - 8);
    mlp_arena_fini(&arena);
}

START_TEST(shapley_values)
{
    struct mlp_rng r;
    static struct tree t;
    mlp_rng_init(&r, 11);
    for (unsigned round = 0; round < 60; round++) {
        memset(&t, 0, sizeof t);
        t.n = 1;
        grow(&t, &r, 0, round % 9, 100);
        check_tree(&r, &t);
    }
}
END_TEST

/* A chain over many features: 20 points of quadrature, exact to the last digits. */
START_TEST(long_path)
{
    enum { N = 40 };
    int32_t left[2 * N + 1], right[2 * N + 1];
    uint32_t feature[2 * N + 1];
    double threshold[2 * N + 1], value[2 * N + 1], cover[2 * N + 1], x[N], sum = 0;
    uint8_t flags[2 * N + 1];
    memset(flags, 0, sizeof flags);
    for (int32_t i = 0; i <= N; i++) {
        int32_t at = i * 2;
        left[at] = i < N ? at + 1 : -1;
        right[at] = i < N ? at + 2 : -1;
        feature[at] = (uint32_t)(i % N);
        threshold[at] = 0;
        cover[at] = pow(0.9, i);
        value[at] = 1;
        if (i < N) {
            left[at + 1] = right[at + 1] = -1;
            value[at + 1] = 0;
            cover[at + 1] = cover[at] * 0.1;
            x[i] = 1;
        }
    }
    struct mlp_forest_spec spec = {.nfeatures = N, .noutputs = 1, .value_width = 1,
                                   .explain = true};
    struct mlp_tree tree = {.n = 2 * N + 1, .left = left, .right = right, .feature = feature,
                            .threshold = threshold, .flags = flags, .value = value,
                            .cover = cover};
    struct mlp_arena arena;
    struct mlp_forest_builder b;
    struct mlp_forest *f;
    struct mlp_err e;
    static _Alignas(64) double phi[N * MLP_SHAP_LANES];
    mlp_err_init(&e);
    mlp_arena_init(&arena, (size_t)1 << 24);
    mlp_forest_begin(&b, &spec, &arena);
    ck_assert(!mlp_forest_add(&b, &tree, &e) && !mlp_forest_end(&b, NULL, &f, &e));
    void *scratch = aligned_alloc(64, (mlp_shap_scratch(f->shap) + 63) & ~(size_t)63);
    mlp_shap_run(f->shap, 1, x, N, scratch, phi);
    /* By symmetry every feature has the same part of 1 - 0.9^40. */
    for (size_t i = 0; i < N; i++) {
        ck_assert_double_eq_tol(phi[i * MLP_SHAP_LANES], (1 - pow(0.9, N)) / N, 1e-14);
        sum += phi[i * MLP_SHAP_LANES];
    }
    ck_assert_double_eq_tol(f->shap->expected[0] + sum, 1, 1e-13);
    free(scratch);
    mlp_arena_fini(&arena);
}
END_TEST

START_TEST(no_covers)
{
    int32_t leaf = -1;
    double value = 3;
    struct mlp_forest_spec spec = {.nfeatures = 1, .noutputs = 1, .value_width = 1,
                                   .explain = true};
    struct mlp_tree tree = {.n = 1, .left = &leaf, .right = &leaf, .value = &value};
    struct mlp_arena arena;
    struct mlp_forest_builder b;
    struct mlp_err e;
    mlp_err_init(&e);
    mlp_arena_init(&arena, (size_t)1 << 20);
    mlp_forest_begin(&b, &spec, &arena);
    ck_assert(mlp_forest_add(&b, &tree, &e) == MLP_EINPUT);
    ck_assert(strstr(e.message, "how many rows reached each node") != NULL);
    mlp_forest_drop(&b);
    mlp_arena_fini(&arena);
}
END_TEST

Suite *suite_explain(void)
{
    Suite *s = suite_create("explain");
    TCase *c = tcase_create("explain");
    tcase_add_test(c, shapley_values);
    tcase_add_test(c, long_path);
    tcase_add_test(c, no_covers);
    suite_add_tcase(s, c);
    return s;
}
