/* sk_hgb.c: HistGradientBoostingClassifier and HistGradientBoostingRegressor.
 *
 * x stays double and goes left at x <= num_threshold. A categorical value goes left when its bit
 * is set, right when it is another known category; NaN, negative and unknown values go where the
 * node sends missing ones. With a preprocessor (1.4 on) categories come first, recoded. */
#include "model/sk_trees.h"
#include <math.h>

#define CODES 256

/* Categories are codes below 256; one known set a feature, NULL where it is numeric. */
struct categories {
    uint32_t **known;
    size_t n;
};

static enum mlp_code known_codes(struct mlp_sk *s, const struct mlp_value *v, uint32_t **out)
{
    struct mlp_nd nd;
    *out = mlp_arena_array(s->tmp, CODES / 32, sizeof **out);
    if (!*out)
        return mlp_err_nomem(s->e);
    if (!v || mlp_nd_read(v, s->tmp, &nd, s->e))
        return mlp_sk_bad(s, "bin_thresholds_ cannot be read");
    for (size_t i = 0; i < nd.count; i++) {
        int64_t c = mlp_nd_i64(&nd, i, NULL);
        if (c >= 0 && c < CODES)
            (*out)[c / 32] |= 1u << (c % 32);
    }
    return MLP_OK;
}

static enum mlp_code read_categories(struct mlp_sk *s, size_t nfeatures, struct categories *c)
{
    const char *name = mlp_sk_has(s, "_is_categorical_remapped") ? "_is_categorical_remapped"
                                                                 : "is_categorical_";
    const struct mlp_value *bins =
        mlp_value_attr(mlp_sk_attr(s, "_bin_mapper"), "bin_thresholds_");
    struct mlp_nd is;
    c->n = nfeatures;
    c->known = mlp_arena_array(s->tmp, nfeatures, sizeof *c->known);
    if (!c->known)
        return mlp_err_nomem(s->e);
    if (!mlp_sk_has(s, name))
        return MLP_OK;
    if (mlp_sk_array(s, name, &is))
        return s->e->code;
    for (size_t i = 0; i < is.count && i < nfeatures; i++)
        if (mlp_nd_i64(&is, i, NULL) && known_codes(s, mlp_value_at(bins, i), &c->known[i]))
            return s->e->code;
    return MLP_OK;
}

/* The columns of a predictor's nodes, by name. */
struct columns {
    struct mlp_column value, feature, threshold, missing_left, left, right, leaf, categorical, set,
        count;
};

static bool find_columns(const struct mlp_nd *nodes, struct columns *c)
{
    return mlp_nd_field(nodes, "value", &c->value) &&
           mlp_nd_field(nodes, "feature_idx", &c->feature) &&
           mlp_nd_field(nodes, "num_threshold", &c->threshold) &&
           mlp_nd_field(nodes, "missing_go_to_left", &c->missing_left) &&
           mlp_nd_field(nodes, "left", &c->left) && mlp_nd_field(nodes, "right", &c->right) &&
           mlp_nd_field(nodes, "is_leaf", &c->leaf) &&
           mlp_nd_field(nodes, "is_categorical", &c->categorical) &&
           mlp_nd_field(nodes, "bitset_idx", &c->set) && mlp_nd_field(nodes, "count", &c->count);
}

/* The codes that go left at a node: those in the file's set, and the unknown ones when missing
 * values go left. */
struct set_row {
    const struct mlp_nd *sets;
    size_t row;
    const uint32_t *known;       /* the categories that training saw */
    bool missing_left;
};

static enum mlp_code add_set(struct mlp_sk *s, struct mlp_forest_builder *b,
                             const struct set_row *r, uint32_t *index)
{
    const struct mlp_nd *sets = r->sets;
    const uint32_t *known = r->known;
    uint32_t bits[CODES / 32];
    if (sets->ndim != 2 || sets->shape[1] != CODES / 32 || r->row >= sets->shape[0] || !known)
        return mlp_sk_bad(s, "a categorical split without its categories");
    for (size_t k = 0; k < CODES / 32; k++) {
        bits[k] = (uint32_t)mlp_nd_i64(sets, r->row * (CODES / 32) + k, NULL);
        bits[k] |= r->missing_left ? ~known[k] : 0;
    }
    return mlp_forest_add_set(b, bits, CODES, index, s->e);
}

/* Room for one tree in s->tmp. */
struct room {
    int32_t *left, *right;
    uint32_t *feature, *set;
    double *threshold, *value, *cover;
    uint8_t *flags;
};

static enum mlp_code take_room(struct mlp_sk *s, size_t n, struct room *r)
{
    r->left = mlp_arena_array(s->tmp, n, sizeof *r->left);
    r->right = mlp_arena_array(s->tmp, n, sizeof *r->right);
    r->feature = mlp_arena_array(s->tmp, n, sizeof *r->feature);
    r->set = mlp_arena_array(s->tmp, n, sizeof *r->set);
    r->threshold = mlp_arena_array(s->tmp, n, sizeof *r->threshold);
    r->value = mlp_arena_array(s->tmp, n, sizeof *r->value);
    r->cover = mlp_arena_array(s->tmp, n, sizeof *r->cover);
    r->flags = mlp_arena_array(s->tmp, n, 1);
    bool ok = r->left && r->right && r->feature && r->set && r->threshold && r->value && r->cover &&
              r->flags;
    return ok ? MLP_OK : mlp_err_nomem(s->e);
}

static int32_t child_of(const struct mlp_column *c, size_t i)
{
    int64_t v = mlp_column_i64(c, i);
    return v < 0 || v > INT32_MAX ? INT32_MAX : (int32_t)v;
}

static void read_node(const struct columns *c, size_t i, struct room *r)
{
    bool leaf = mlp_column_i64(&c->leaf, i) != 0;
    r->value[i] = mlp_column_f64(&c->value, i);
    r->cover[i] = mlp_column_f64(&c->count, i);
    r->left[i] = leaf ? -1 : child_of(&c->left, i);
    r->right[i] = leaf ? -1 : child_of(&c->right, i);
    r->feature[i] = (uint32_t)child_of(&c->feature, i);
    r->threshold[i] = mlp_column_f64(&c->threshold, i);
    r->flags[i] = mlp_column_i64(&c->missing_left, i) ? MLP_SPLIT_DEFAULT_LEFT : 0;
}

static enum mlp_code add_predictor(struct mlp_sk *s, struct mlp_forest_builder *b,
                                   const struct mlp_value *v, const struct categories *cats,
                                   uint32_t output)
{
    struct mlp_nd nodes, sets = {.ndim = 0};
    struct columns c;
    struct room r;
    if (!mlp_value_is_a(v, "TreePredictor"))
        return mlp_sk_bad(s, "_predictors holds something else than TreePredictor");
    if (mlp_nd_read(mlp_value_attr(v, "nodes"), s->tmp, &nodes, s->e))
        return s->e->code;
    const struct mlp_value *bitsets = mlp_value_attr(v, "raw_left_cat_bitsets");
    if (bitsets && mlp_nd_read(bitsets, s->tmp, &sets, s->e))
        return s->e->code;
    if (!find_columns(&nodes, &c))
        return mlp_sk_bad(s, "a predictor's nodes lack a field that is known");
    if (take_room(s, nodes.count, &r))
        return s->e->code;
    for (size_t i = 0; i < nodes.count; i++) {
        read_node(&c, i, &r);
        if (r.left[i] < 0 || !mlp_column_i64(&c.categorical, i))
            continue;
        const uint32_t *known = r.feature[i] < cats->n ? cats->known[r.feature[i]] : NULL;
        struct set_row set = {&sets, (size_t)mlp_column_i64(&c.set, i), known, r.flags[i] != 0};
        if (add_set(s, b, &set, &r.set[i]))
            return s->e->code;
        r.flags[i] |= MLP_SPLIT_CATEGORIES | MLP_SPLIT_SET_LEFT | MLP_SPLIT_OUT_MISSING;
    }
    struct mlp_tree t = {.n = nodes.count, .left = r.left, .right = r.right, .feature = r.feature,
                         .threshold = r.threshold, .flags = r.flags, .set = r.set,
                         .value = r.value, .cover = r.cover, .output = output};
    return mlp_forest_add(b, &t, s->e);
}

static enum mlp_code add_iterations(struct mlp_sk *s, struct mlp_forest_builder *b,
                                    const struct categories *cats, size_t k)
{
    const struct mlp_value *all = mlp_sk_attr(s, "_predictors");
    for (size_t i = 0; i < mlp_value_count(all); i++) {
        const struct mlp_value *one = mlp_value_at(all, i);
        if (mlp_value_count(one) != k)
            return mlp_sk_bad(s, "_predictors has iterations of different width");
        for (size_t j = 0; j < k; j++)
            if (add_predictor(s, b, mlp_value_at(one, j), cats, (uint32_t)j))
                return s->e->code;
    }
    return MLP_OK;
}

/* x as the trees see it: recoded by the preprocessor when there is one. */
static enum mlp_code preprocess(struct mlp_sk *s, struct mlp_cols *x)
{
    const struct mlp_value *pre = mlp_sk_attr(s, "_preprocessor");
    struct mlp_pred p;
    if (mlp_sk_width(s, *x))
        return s->e->code;
    if (mlp_value_is_none(pre))
        return MLP_OK;
    if (mlp_sk_child(s, pre, *x, &p, "_preprocessor"))
        return s->e->code;
    *x = p.transform;
    return p.is_transform ? MLP_OK : mlp_sk_bad(s, "_preprocessor does not transform");
}

static enum mlp_code read_raw(struct mlp_sk *s, struct mlp_cols x, struct mlp_cols *raw)
{
    const double *base;
    size_t k;
    struct categories cats;
    struct mlp_forest_builder b;
    if (preprocess(s, &x) || mlp_sk_doubles(s, "_baseline_prediction", 0, &base, &k) ||
        read_categories(s, x.n, &cats))
        return s->e->code;
    struct mlp_forest_spec spec = {.nfeatures = (uint32_t)x.n, .noutputs = (uint32_t)k,
                                   .value_width = 1, .explain = s->g->explain};
    mlp_forest_begin(&b, &spec, s->keep);
    if (add_iterations(s, &b, &cats, k)) {
        mlp_forest_drop(&b);
        return s->e->code;
    }
    return mlp_sk_trees(s, &b, base, x, true, raw);
}

enum mlp_code mlp_read_hist_regressor(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    struct mlp_cols raw;
    bool log_link = mlp_sk_is(s, "loss", "poisson") || mlp_sk_is(s, "loss", "gamma");
    out->predict_kind = MLP_OUT_F64;
    if (read_raw(s, x, &raw))
        return s->e->code;
    if (log_link)
        return mlp_sk_map(s, MLP_FN_EXP, raw, &out->predict);
    out->predict = raw;
    return MLP_OK;
}

enum mlp_code mlp_read_hist_classifier(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    const struct mlp_labels *labels;
    struct mlp_cols p;
    if (mlp_sk_classes(s, "classes_", &labels) || read_raw(s, x, &out->decision))
        return s->e->code;
    struct mlp_cols raw = out->decision;
    enum mlp_code code =
        raw.n > 1 ? mlp_sk_node(s, &mlp_op_softmax, NULL, raw, raw.n, &out->proba)
        : mlp_sk_map(s, MLP_FN_SIGMOID, raw, &p)
            ? s->e->code
            : mlp_sk_node(s, &mlp_op_pair, NULL, p, 2, &out->proba);
    return code ? code : mlp_sk_pick(s, out->proba, labels, out);
}
