/* Forests: every kernel, on one row and on many, gives the bits that walking the tree as it was
 * handed over gives. */
#include "suites.h"

#include "base/rng.h"
#include "forest/forest.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#define FEATURES 9
#define MOST_TREES 40
#define MOST_NODES 601
#define MOST_OUTPUTS 4
#define ROWS 300

/* A tree in the form of struct mlp_tree, with room. */
struct plain {
    int32_t left[MOST_NODES], right[MOST_NODES];
    uint32_t feature[MOST_NODES], set[MOST_NODES], output;
    double threshold[MOST_NODES], value[MOST_NODES * MOST_OUTPUTS];
    uint8_t flags[MOST_NODES];
    size_t n;
};

struct sample {
    struct mlp_forest_spec spec;
    struct plain *trees;
    size_t ntrees;
    uint32_t bits[4][3];         /* category sets of 70 codes */
    double base[MOST_OUTPUTS];
    double *x;                   /* ROWS * FEATURES */
    double *want;                /* ROWS * noutputs */
    struct mlp_arena arena;
    struct mlp_forest *f;
};

/* What a test asks for. */
struct wish {
    size_t ntrees, inner;        /* inner nodes of a tree, at most */
    uint8_t flags;               /* those that nodes may have */
    bool float32, strict, sum_float32, wide, missing, few;
    uint32_t outputs;
    double divide;
};

/* Values that come often, so that thresholds are hit exactly, and the edges of both types. */
static double any_value(struct mlp_rng *r, const struct wish *w)
{
    static const double edges[] = {0.0, -0.0, INFINITY, -INFINITY, DBL_MIN / 4, -DBL_MIN / 4,
                                   (double)FLT_MIN / 8, 1e-35, -1e-35, 1e-36, DBL_MAX, -DBL_MAX,
                                   (double)FLT_MAX, 0.1, 0.5, -0.5, 1e-300};
    switch (mlp_rng_below(r, 4)) {
    case 0:
        return edges[mlp_rng_below(r, sizeof edges / sizeof *edges)];
    case 1:
        return (double)mlp_rng_below(r, w->few ? 8 : 64) - 4;
    case 2:
        return nextafter((double)(float)((double)mlp_rng_below(r, 16) / 10), mlp_rng_f64(r));
    default:
        return w->few ? 0.25 : 4 * mlp_rng_f64(r) - 2;
    }
}

static void grow(struct mlp_rng *r, const struct wish *w, struct plain *t)
{
    size_t inner = w->inner ? mlp_rng_below(r, w->inner + 1) : 0;
    t->n = 1;
    t->left[0] = -1;
    for (size_t k = 0; k < inner; k++) {
        size_t i = mlp_rng_below(r, t->n);
        while (t->left[i] >= 0)
            i = (size_t)(mlp_rng_below(r, 2) ? t->left[i] : t->right[i]);
        t->left[i] = (int32_t)t->n;
        t->right[i] = (int32_t)t->n + 1;
        t->feature[i] = (uint32_t)mlp_rng_below(r, FEATURES);
        t->threshold[i] = any_value(r, w);
        /* Nothing is below -infinity: no forest that asks has codes, so not all should. */
        if (w->strict && w->few && t->threshold[i] == -INFINITY)
            t->threshold[i] = 0;
        t->flags[i] = (uint8_t)(mlp_rng_u64(r) & w->flags);
        t->set[i] = (uint32_t)mlp_rng_below(r, 4);
        t->left[t->n] = t->left[t->n + 1] = -1;
        t->n += 2;
    }
    for (size_t i = 0; i < t->n * MOST_OUTPUTS; i++)
        t->value[i] = mlp_rng_f64(r) - 0.5;
}

static bool set_left(const struct sample *s, uint32_t flags, size_t set, double v)
{
    if (flags & MLP_SPLIT_TRUNCATE)
        v = trunc(v);
    if (!(v >= 0 && v < 70))
        return flags &
               (flags & MLP_SPLIT_OUT_MISSING ? MLP_SPLIT_DEFAULT_LEFT : MLP_SPLIT_OUT_LEFT);
    bool in = s->bits[set][(size_t)v / 32] >> ((size_t)v % 32) & 1;
    return in == ((flags & MLP_SPLIT_SET_LEFT) != 0);
}

/* As forest.h words it. */
static bool goes_left(const struct sample *s, const struct plain *t, size_t i, double v)
{
    double threshold = t->threshold[i];
    uint8_t flags = t->flags[i];
    if (s->spec.float32)
        v = (double)(float)v;
    if (flags & MLP_SPLIT_CATEGORIES)
        return isnan(v) ? flags & MLP_SPLIT_DEFAULT_LEFT : set_left(s, flags, t->set[i], v);
    if (isnan(v) && flags & MLP_SPLIT_NAN_ZERO)
        v = 0;
    if (isnan(v) || (flags & MLP_SPLIT_ZERO_MISSING && fabs(v) <= (double)1e-35f))
        return flags & MLP_SPLIT_DEFAULT_LEFT;
    if (s->spec.strict)
        return s->spec.float32 ? (float)v < (float)threshold : v < threshold;
    return v <= threshold;
}

static size_t leaf_of(const struct sample *s, const struct plain *t, const double *x)
{
    size_t i = 0;
    while (t->left[i] >= 0)
        i = (size_t)(goes_left(s, t, i, x[t->feature[i]]) ? t->left[i] : t->right[i]);
    return i;
}

static void add(const struct sample *s, double *sum, double v)
{
    *sum = s->spec.sum_float32 ? (double)((float)*sum + (float)v) : *sum + v;
}

/* The sums of a row, tree after tree. */
static void sum_plainly(const struct sample *s, const double *x, double *out)
{
    size_t k = s->spec.noutputs, w = s->spec.value_width;
    for (size_t j = 0; j < k; j++)
        out[j] = s->spec.sum_float32 ? (double)(float)s->base[j] : s->base[j];
    for (size_t t = 0; t < s->ntrees; t++) {
        const struct plain *p = &s->trees[t];
        const double *v = p->value + leaf_of(s, p, x) * w;
        for (size_t j = 0; j < w; j++)
            add(s, &out[w == 1 ? p->output : j], v[j]);
    }
    for (size_t j = 0; j < k && s->spec.divide != 0; j++)
        out[j] /= s->spec.divide;
}

static void pack(struct sample *s)
{
    struct mlp_forest_builder b;
    struct mlp_err e;
    uint32_t index;
    mlp_err_init(&e);
    mlp_arena_init(&s->arena, (size_t)64 << 20);
    mlp_forest_begin(&b, &s->spec, &s->arena);
    for (size_t k = 0; k < 4; k++)
        ck_assert_int_eq(mlp_forest_add_set(&b, s->bits[k], 70, &index, &e), MLP_OK);
    for (size_t t = 0; t < s->ntrees; t++) {
        struct plain *p = &s->trees[t];
        struct mlp_tree tree = {.n = p->n, .left = p->left, .right = p->right,
                                .feature = p->feature, .threshold = p->threshold,
                                .flags = p->flags, .set = p->set, .value = p->value,
                                .output = p->output};
        ck_assert_int_eq(mlp_forest_add(&b, &tree, &e), MLP_OK);
    }
    ck_assert_int_eq(mlp_forest_end(&b, s->base, &s->f, &e), MLP_OK);
}

static void make(struct sample *s, const struct wish *w, uint64_t seed)
{
    struct mlp_rng r;
    mlp_rng_init(&r, seed);
    s->spec = (struct mlp_forest_spec){
        .nfeatures = FEATURES, .noutputs = w->outputs, .value_width = w->wide ? w->outputs : 1,
        .float32 = w->float32, .strict = w->strict, .sum_float32 = w->sum_float32,
        .divide = w->divide, .keep_leaf_ids = true};
    s->ntrees = w->ntrees;
    s->trees = calloc(w->ntrees, sizeof *s->trees);
    s->x = calloc((size_t)ROWS * FEATURES, sizeof *s->x);
    s->want = calloc((size_t)ROWS * w->outputs, sizeof *s->want);
    ck_assert(s->trees && s->x && s->want);
    for (size_t k = 0; k < 12; k++)
        s->bits[k / 3][k % 3] = (uint32_t)mlp_rng_u64(&r);
    for (size_t j = 0; j < MOST_OUTPUTS; j++)
        s->base[j] = mlp_rng_f64(&r);
    for (size_t t = 0; t < s->ntrees; t++) {
        grow(&r, w, &s->trees[t]);
        s->trees[t].output = (uint32_t)mlp_rng_below(&r, w->outputs);
    }
    for (size_t i = 0; i < (size_t)ROWS * FEATURES; i++)
        s->x[i] = w->missing && mlp_rng_below(&r, 5) == 0 ? NAN : any_value(&r, w);
    for (size_t i = 0; i < ROWS; i++)
        sum_plainly(s, s->x + i * FEATURES, s->want + i * w->outputs);
    pack(s);
}

static void drop(struct sample *s)
{
    mlp_arena_fini(&s->arena);
    free(s->trees);
    free(s->x);
    free(s->want);
}

static void rows_agree(const struct sample *s, size_t rows, enum mlp_forest_isa isa)
{
    size_t k = s->spec.noutputs, bytes = (mlp_forest_scratch(s->f, rows) + 63) & ~(size_t)63;
    double *out = calloc(ROWS * k, sizeof *out);
    void *scratch = aligned_alloc(64, bytes);
    ck_assert(out && scratch);
    memset(scratch, 0xA5, bytes);
    for (size_t from = 0; from < ROWS; from += rows) {
        struct mlp_forest_call c = {.rows = ROWS - from < rows ? ROWS - from : rows,
                                    .x = s->x + from * FEATURES, .ldx = FEATURES,
                                    .out = out + from * k, .ldout = k, .scratch = scratch,
                                    .isa = isa};
        mlp_forest_run(s->f, &c);
    }
    for (size_t i = 0; i < ROWS * k; i++)
        ck_assert_msg(memcmp(&out[i], &s->want[i], sizeof *out) == 0,
                      "row %zu output %zu, %zu rows, kernel %d: %.17g, not %.17g", i / k, i % k,
                      rows, (int)isa, out[i], s->want[i]);
    free(scratch);
    free(out);
}

/* The leaf that the packed nodes, as they are told, lead to: relative to the tree's root. */
static uint32_t told_leaf(const struct sample *s, size_t tree, const double *x)
{
    uint32_t i = s->f->root[tree];
    for (;;) {
        struct mlp_forest_node n = mlp_forest_node(s->f, i);
        if (n.leaf)
            return s->f->leaf_id[i];
        double v = x[s->f->used[n.feature]];
        v = s->spec.float32 ? (double)(float)v : v;
        if (isnan(v) && n.flags & MLP_SPLIT_NAN_ZERO && !(n.flags & MLP_SPLIT_CATEGORIES))
            v = 0;
        bool left = v <= n.threshold;
        if (isnan(v) || (n.flags & MLP_SPLIT_ZERO_MISSING && fabs(v) <= (double)1e-35f &&
                         !(n.flags & MLP_SPLIT_CATEGORIES)))
            left = n.flags & MLP_SPLIT_DEFAULT_LEFT;
        else if (n.flags & MLP_SPLIT_CATEGORIES)
            left = set_left(s, n.flags, (size_t)n.threshold, v);
        i = n.child + !left;
    }
}

static void leaves_agree(const struct sample *s)
{
    uint32_t ids[MOST_TREES];
    void *scratch = aligned_alloc(64, (mlp_forest_scratch(s->f, 1) + 63) & ~(size_t)63);
    ck_assert(scratch);
    for (size_t i = 0; i < ROWS; i++) {
        mlp_forest_leaves(s->f, s->x + i * FEATURES, scratch, ids);
        for (size_t t = 0; t < s->ntrees; t++) {
            ck_assert_uint_eq(ids[t], leaf_of(s, &s->trees[t], s->x + i * FEATURES));
            ck_assert_uint_eq(ids[t], told_leaf(s, t, s->x + i * FEATURES));
        }
    }
    free(scratch);
}

static void all_kernels_agree(struct wish w)
{
    static const size_t rows[] = {1, 7, 24, 127, 128, 129, ROWS};
    for (uint64_t seed = 1; seed <= 4; seed++) {
        struct sample s;
        w.few = seed % 2;
        make(&s, &w, seed);
        for (int isa = MLP_FOREST_BEST; isa <= MLP_FOREST_AVX512; isa++)
            for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
                rows_agree(&s, rows[i], (enum mlp_forest_isa)isa);
        leaves_agree(&s);
        drop(&s);
    }
}

START_TEST(float32_trees_agree)
{
    for (size_t inner = 0; inner <= 300; inner = inner * 5 + 3)
        for (int missing = 0; missing < 2; missing++)
            all_kernels_agree((struct wish){.ntrees = 37, .inner = inner, .outputs = 1,
                                            .float32 = true, .strict = missing != 0,
                                            .sum_float32 = true, .missing = missing != 0,
                                            .flags = MLP_SPLIT_DEFAULT_LEFT});
}
END_TEST

START_TEST(float64_trees_agree)
{
    static const uint8_t flags[] = {0, MLP_SPLIT_DEFAULT_LEFT,
                                    MLP_SPLIT_DEFAULT_LEFT | MLP_SPLIT_NAN_ZERO,
                                    MLP_SPLIT_DEFAULT_LEFT | MLP_SPLIT_NAN_ZERO |
                                        MLP_SPLIT_ZERO_MISSING};
    for (size_t inner = 0; inner <= 300; inner = inner * 5 + 3)
        for (size_t i = 0; i < sizeof flags; i++)
            all_kernels_agree((struct wish){.ntrees = 33, .inner = inner, .outputs = 1,
                                            .strict = i % 2, .missing = i > 0,
                                            .flags = flags[i]});
}
END_TEST

START_TEST(many_outputs_agree)
{
    for (int i = 0; i < 8; i++)
        all_kernels_agree((struct wish){.ntrees = 21, .inner = i & 4 ? 200 : 30, .outputs = 4,
                                        .wide = i & 1, .sum_float32 = i & 2, .float32 = true,
                                        .divide = 21, .missing = true,
                                        .flags = MLP_SPLIT_DEFAULT_LEFT});
}
END_TEST

START_TEST(categories_agree)
{
    for (size_t inner = 1; inner < 200; inner *= 6)
        for (int missing = 0; missing < 2; missing++)
            all_kernels_agree((struct wish){.ntrees = 18, .inner = inner, .outputs = 2,
                                            .strict = missing != 0, .missing = missing != 0,
                                            .flags = 0xFF});
}
END_TEST

START_TEST(sizes_of_trees_agree)
{
    for (size_t inner = 25; inner < 130; inner += 7)
        all_kernels_agree((struct wish){.ntrees = 17, .inner = inner, .outputs = 1,
                                        .sum_float32 = inner % 2, .float32 = inner % 3 == 0});
}
END_TEST

/* A chain has the depth of its nodes, to either side. */
START_TEST(chains_agree)
{
    for (int right = 0; right < 2; right++)
        for (size_t inner = 20; inner <= 300; inner += 107) {
            struct wish w = {.ntrees = 3, .outputs = 1};
            struct sample s;
            make(&s, &w, 1);
            mlp_arena_fini(&s.arena);
            for (size_t i = 0; i < 2 * inner + 1; i++) {
                struct plain *t = &s.trees[1];
                t->left[i] = i % 2 ? -1 : (int32_t)i + (right ? 1 : 2);
                t->right[i] = (int32_t)i + (right ? 2 : 1);
                t->feature[i] = (uint32_t)i % FEATURES;
                t->threshold[i] = right ? -4.0 + (double)(i % 7) : 4.0 - (double)(i % 5);
                t->value[i] = (double)i;
                t->n = i + 1;
            }
            s.trees[1].left[2 * inner] = -1;
            for (size_t i = 0; i < ROWS; i++)
                sum_plainly(&s, s.x + i * FEATURES, s.want + i);
            pack(&s);
            rows_agree(&s, 1, MLP_FOREST_BEST);
            for (int isa = MLP_FOREST_BEST; isa <= MLP_FOREST_AVX512; isa++)
                rows_agree(&s, ROWS, (enum mlp_forest_isa)isa);
            leaves_agree(&s);
            drop(&s);
        }
}
END_TEST

START_TEST(leaves_are_told)
{
    for (int i = 0; i < 3; i++) {
        struct wish w = {.ntrees = 35, .inner = i == 2 ? 250 : 31, .outputs = 1,
                         .float32 = i == 1, .missing = true, .flags = MLP_SPLIT_DEFAULT_LEFT};
        struct sample s;
        make(&s, &w, 5);
        leaves_agree(&s);
        drop(&s);
    }
}
END_TEST

START_TEST(given_starts_are_added_to)
{
    struct wish w = {.ntrees = 9, .inner = 12, .outputs = 2};
    struct sample s;
    double start[ROWS * 2], out[ROWS * 2];
    make(&s, &w, 3);
    void *scratch = aligned_alloc(64, (mlp_forest_scratch(s.f, ROWS) + 63) & ~(size_t)63);
    for (size_t i = 0; i < ROWS * 2; i++)
        start[i] = (double)i / 7;
    for (size_t rows = 1; rows <= ROWS; rows += ROWS - 1) {
        struct mlp_forest_call c = {.rows = rows, .x = s.x, .ldx = FEATURES, .base_in = start,
                                    .ldbase = 2, .out = out, .ldout = 2, .scratch = scratch};
        mlp_forest_run(s.f, &c);
        for (size_t i = 0; i < rows * 2; i++) {
            double want[2];
            memcpy(s.base, start + i / 2 * 2, sizeof want);
            sum_plainly(&s, s.x + i / 2 * FEATURES, want);
            ck_assert(out[i] == want[i % 2]);
        }
    }
    free(scratch);
    drop(&s);
}
END_TEST

/* Children out of range, two parents, unknown features and sets. */
START_TEST(damaged_trees_are_refused)
{
    static const int32_t bad[][3] = {{1, 3, 0}, {1, -1, 0}, {1, 1, 0}, {0, 1, 0}, {1, 2, 9}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int32_t left[3] = {bad[i][0], -1, -1}, right[3] = {bad[i][1], -1, -1};
        uint32_t feature[3] = {(uint32_t)bad[i][2], 0, 0};
        double threshold[3] = {0}, value[3] = {0};
        uint8_t flags[3] = {0};
        struct mlp_tree t = {.n = 3, .left = left, .right = right, .feature = feature,
                             .threshold = threshold, .flags = flags, .value = value};
        struct mlp_forest_spec spec = {.nfeatures = FEATURES, .noutputs = 1, .value_width = 1};
        struct mlp_forest_builder b;
        struct mlp_arena a;
        struct mlp_err e;
        mlp_err_init(&e);
        mlp_arena_init(&a, 1 << 20);
        mlp_forest_begin(&b, &spec, &a);
        ck_assert_int_eq(mlp_forest_add(&b, &t, &e), MLP_EINPUT);
        mlp_forest_drop(&b);
        mlp_arena_fini(&a);
    }
}
END_TEST

Suite *suite_forest(void)
{
    Suite *s = suite_create("forest");
    TCase *c = tcase_create("forest");
    tcase_add_test(c, many_outputs_agree);
    tcase_add_test(c, categories_agree);
    tcase_add_test(c, sizes_of_trees_agree);
    tcase_add_test(c, chains_agree);
    tcase_add_test(c, leaves_are_told);
    tcase_add_test(c, given_starts_are_added_to);
    tcase_add_test(c, damaged_trees_are_refused);
    suite_add_tcase(s, c);
    TCase *all = tcase_create("every size and flag");
    tcase_set_tags(all, "long"); /* valgrind leaves these out */
    tcase_add_test(all, float32_trees_agree);
    tcase_add_test(all, float64_trees_agree);
    suite_add_tcase(s, all);
    return s;
}
