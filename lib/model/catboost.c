/* catboost.c: CatBoost's JSON models into the graph.
 *
 * A split is a number: first the borders of every float feature, then the values of every one-hot
 * feature, then the borders of every statistic of categories (catboost/libs/model/model_export/
 * json_model_helpers.cpp). A row passes when (float)x > border. Symmetric trees have one split a
 * level; bit k of a leaf's number is the outcome of split k. */
#include "model/catboost.h"
#include "model/boost.h"
#include "model/sk_readers.h"
#include "text/num.h"
#include <math.h>
#include <stdlib.h>

#define MAX_DEPTH 16
#define MAX_INPUTS 100000

/* A feature of the file: where its input is, and where it is among the forest's columns. */
struct feature {
    uint32_t input, column;
    bool nan_above;
    const struct mlp_jval *borders, *values;
};

struct split {
    uint32_t column;
    double threshold;
    bool nan_above;
};

struct document {
    struct mlp_load *l;
    struct mlp_sk s;
    const struct mlp_jval *root, *info;
    struct mlp_vec floats, cats;  /* of struct feature, by feature_index */
    struct mlp_vec splits;        /* of struct split */
    struct mlp_vec derived;       /* of struct mlp_ctr */
    size_t ninputs, dimension;
};

static enum mlp_code bad(struct document *d, const char *what)
{
    mlp_err_set(d->l->e, MLP_EINPUT, "CatBoost model: %s", what);
    return mlp_err_hint(d->l->e, "write it with model.save_model(\"model.json\", format=\"json\")");
}

static size_t count_of(const struct mlp_jval *v)
{
    return v && (v->type == MLP_J_LIST || v->type == MLP_J_NUMBERS) ? v->n : 0;
}

static const struct mlp_jval *item(const struct mlp_jval *list, size_t i)
{
    return list && list->type == MLP_J_LIST && i < list->n ? list->items[i] : NULL;
}

static const struct mlp_jval *numbers(const struct mlp_jval *map, const char *key)
{
    const struct mlp_jval *v = mlp_jval_get(map, key);
    return v && v->type == MLP_J_NUMBERS ? v : NULL;
}

static bool index_of(const struct mlp_jval *map, const char *key, size_t most, uint32_t *out)
{
    const struct mlp_jval *v = mlp_jval_get(map, key);
    if (!v || v->type != MLP_J_NUMBER || !(v->number >= 0 && v->number < (double)most))
        return false;
    *out = (uint32_t)v->number;
    return true;
}

/* --- features --- */

static enum mlp_code read_feature(struct document *d, const struct mlp_jval *v, struct mlp_vec *to)
{
    struct feature f = {.borders = numbers(v, "borders"), .values = numbers(v, "values"),
                        .column = (uint32_t)to->n};
    uint32_t index;
    struct mlp_str treatment = mlp_jval_text(mlp_jval_get(v, "nan_value_treatment"));
    f.nan_above = mlp_str_is(treatment, "AsTrue");
    if (!index_of(v, "feature_index", MAX_INPUTS, &index) || index != to->n ||
        !index_of(v, "flat_feature_index", MAX_INPUTS, &f.input))
        return bad(d, "a feature's index is missing or out of order");
    struct feature *slot = mlp_vec_push(to);
    if (!slot)
        return mlp_err_nomem(d->l->e);
    *slot = f;
    d->ninputs = f.input >= d->ninputs ? (size_t)f.input + 1 : d->ninputs;
    return MLP_OK;
}

static enum mlp_code read_features(struct document *d)
{
    const struct mlp_jval *floats = mlp_jval_get(d->info, "float_features");
    const struct mlp_jval *cats = mlp_jval_get(d->info, "categorical_features");
    if (count_of(mlp_jval_get(d->info, "text_features")) ||
        count_of(mlp_jval_get(d->info, "embedding_features")))
        return bad(d, "features of text and embeddings cannot be computed from the file");
    for (size_t i = 0; i < count_of(floats); i++)
        if (read_feature(d, item(floats, i), &d->floats))
            return d->l->e->code;
    for (size_t i = 0; i < count_of(cats); i++)
        if (read_feature(d, item(cats, i), &d->cats))
            return d->l->e->code;
    return d->ninputs ? MLP_OK : bad(d, "it has no features");
}

/* feature_id is the name, or the number where the training data had no names. */
static enum mlp_code name_inputs(struct document *d)
{
    static const char *const kinds[] = {"float_features", "categorical_features"};
    struct mlp_str *names = mlp_load_numbered(d->l, d->ninputs);
    bool named = false;
    if (!names)
        return mlp_err_nomem(d->l->e);
    for (size_t k = 0; k < 2; k++) {
        const struct mlp_jval *list = mlp_jval_get(d->info, kinds[k]);
        for (size_t i = 0; i < count_of(list); i++) {
            struct mlp_str id = mlp_jval_text(mlp_jval_get(item(list, i), "feature_id"));
            const struct feature *f = mlp_vec_at(k ? &d->cats : &d->floats, i);
            uint64_t number;
            if (!id.n || (mlp_str_u64(id, &number) && number == f->input))
                continue;
            names[f->input] = mlp_arena_str(&d->l->m->arena, id);
            named = true;
            if (!names[f->input].p)
                return mlp_err_nomem(d->l->e);
        }
    }
    d->l->m->graph.names = names;
    d->l->m->info.named = named;
    return MLP_OK;
}

/* --- splits and derived columns --- */

static enum mlp_code add_split(struct document *d, size_t column, double threshold, bool nan_above)
{
    struct split *s = mlp_vec_push(&d->splits);
    if (!s)
        return mlp_err_nomem(d->l->e);
    *s = (struct split){(uint32_t)column, threshold, nan_above};
    return MLP_OK;
}

static enum mlp_code add_borders(struct document *d, const struct mlp_jval *borders, size_t column,
                                 bool nan_above)
{
    for (size_t i = 0; i < count_of(borders); i++)
        if (add_split(d, column, (double)(float)borders->numbers[i], nan_above))
            return d->l->e->code;
    return MLP_OK;
}

static struct mlp_ctr *new_derived(struct document *d, size_t nelements,
                                   struct mlp_ctr_element **e)
{
    struct mlp_ctr *c = mlp_vec_push(&d->derived);
    *e = mlp_arena_array(&d->l->m->arena, nelements, sizeof **e);
    if (!c || !*e) {
        mlp_err_nomem(d->l->e);
        return NULL;
    }
    *c = (struct mlp_ctr){.nelements = nelements, .element = *e};
    return c;
}

/* Columns of the operation's input: floats, then hashes of categories. */
static uint32_t cat_column(const struct document *d, size_t i)
{
    return (uint32_t)(d->floats.n + i);
}

static bool hash_value(double v, int32_t *out)
{
    if (!(v >= INT32_MIN && v <= INT32_MAX))
        return false;
    *out = (int32_t)v;
    return true;
}

static enum mlp_code add_marks(struct document *d, size_t cat)
{
    const struct feature *f = mlp_vec_at(&d->cats, cat);
    for (size_t i = 0; i < count_of(f->values); i++) {
        struct mlp_ctr_element *e;
        struct mlp_ctr *c = new_derived(d, 1, &e);
        if (!c)
            return d->l->e->code;
        *e = (struct mlp_ctr_element){.kind = MLP_CTR_EQUAL, .column = cat_column(d, cat)};
        if (!hash_value(f->values->numbers[i], &e->value))
            return bad(d, "a category's hash is out of range");
        c->is_mark = true;
        if (add_split(d, d->floats.n + d->derived.n - 1, 0.5, false))
            return d->l->e->code;
    }
    return MLP_OK;
}

static enum mlp_code read_element(struct document *d, const struct mlp_jval *v,
                                  struct mlp_ctr_element *e)
{
    struct mlp_str kind = mlp_jval_text(mlp_jval_get(v, "combination_element"));
    uint32_t i;
    *e = (struct mlp_ctr_element){.kind = MLP_CTR_CATEGORY};
    if (mlp_str_is(kind, "float_feature")) {
        if (!index_of(v, "float_feature_index", d->floats.n, &i))
            return bad(d, "a statistic's feature is out of range");
        const struct feature *f = mlp_vec_at(&d->floats, i);
        e->kind = MLP_CTR_ABOVE;
        e->column = i;
        e->nan_above = f->nan_above;
        e->border = (float)mlp_jval_num(mlp_jval_get(v, "border"), NAN);
        return MLP_OK;
    }
    if (!index_of(v, "cat_feature_index", d->cats.n, &i))
        return bad(d, "a statistic's category is out of range");
    e->column = cat_column(d, i);
    if (mlp_str_is(kind, "cat_feature_value"))
        return MLP_OK;
    e->kind = MLP_CTR_EQUAL;
    return hash_value(mlp_jval_num(mlp_jval_get(v, "value"), NAN), &e->value)
               ? MLP_OK
               : bad(d, "a category's hash is out of range");
}

static int by_hash(const void *a, const void *b)
{
    uint64_t x = ((const struct mlp_ctr_bucket *)a)->hash;
    uint64_t y = ((const struct mlp_ctr_bucket *)b)->hash;
    return x < y ? -1 : x > y;
}

/* hash_map: the hash as a text, then stride - 1 numbers, again and again. */
static enum mlp_code read_buckets(struct document *d, const struct mlp_jval *table,
                                  struct mlp_ctr *c)
{
    const struct mlp_jval *list = mlp_jval_get(table, "hash_map");
    uint32_t stride;
    if (!list || list->type != MLP_J_LIST || !index_of(table, "hash_stride", 1 << 20, &stride) ||
        stride < 2 || list->n % stride)
        return bad(d, "a statistic's table is damaged");
    size_t n = list->n / stride;
    struct mlp_ctr_bucket *b = mlp_arena_array(&d->l->m->arena, n, sizeof *b);
    double *v = mlp_arena_array(&d->l->m->arena, n * (stride - 1), sizeof *v);
    if (!b || !v)
        return mlp_err_nomem(d->l->e);
    for (size_t i = 0; i < n; i++) {
        if (!mlp_str_u64(mlp_jval_text(list->items[i * stride]), &b[i].hash))
            return bad(d, "a statistic's table is damaged");
        b[i].first = i * (stride - 1);
        for (size_t k = 1; k < stride; k++)
            v[b[i].first + k - 1] = mlp_jval_num(list->items[i * stride + k], 0);
    }
    qsort(b, n, sizeof *b, by_hash);
    c->nbuckets = n;
    c->nvalues = stride - 1;
    c->bucket = b;
    c->values = v;
    return MLP_OK;
}

static bool ctr_type(struct mlp_str name, enum mlp_ctr_type *type, size_t *nvalues)
{
    static const struct {
        const char *name;
        enum mlp_ctr_type type;
        size_t nvalues;          /* 0: one a class */
    } table[] = {
        {"Borders", MLP_CTR_BORDERS, 0}, {"Buckets", MLP_CTR_BUCKETS, 0},
        {"BinarizedTargetMeanValue", MLP_CTR_MEAN, 2}, {"FloatTargetMeanValue", MLP_CTR_MEAN, 2},
        {"Counter", MLP_CTR_COUNTER, 1}, {"FeatureFreq", MLP_CTR_COUNTER, 1},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (mlp_str_is(name, table[i].name)) {
            *type = table[i].type;
            *nvalues = table[i].nvalues;
            return true;
        }
    return false;
}

static float single(const struct mlp_jval *map, const char *key, double otherwise)
{
    return (float)mlp_jval_num(mlp_jval_get(map, key), otherwise);
}

static enum mlp_code fill_ctr(struct document *d, const struct mlp_jval *v, struct mlp_ctr *c)
{
    const struct mlp_jval *all = mlp_jval_get(d->root, "ctr_data"), *table = NULL;
    struct mlp_str id = mlp_jval_text(mlp_jval_get(v, "identifier"));
    size_t nvalues;
    for (table = all && all->type == MLP_J_MAP ? all->child : NULL; table; table = table->next)
        if (mlp_str_eq(table->key, id))
            break;
    if (!table)
        return bad(d, "a statistic has no table in ctr_data");
    if (!ctr_type(mlp_jval_text(mlp_jval_get(v, "ctr_type")), &c->type, &nvalues))
        return bad(d, "a statistic's ctr_type is not known");
    if (read_buckets(d, table, c))
        return d->l->e->code;
    if (nvalues && c->nvalues != nvalues)
        return bad(d, "a statistic's table has another width");
    if (!index_of(v, "target_border_idx", 1 << 20, &c->border))
        return bad(d, "a statistic's target_border_idx is missing");
    c->prior = single(v, "prior_numerator", 0);
    c->prior_total = single(v, "prior_denomerator", 1);
    c->shift = single(v, "shift", 0);
    c->scale = single(v, "scale", 1);
    c->denominator = single(table, "counter_denominator", 0);
    return MLP_OK;
}

static enum mlp_code add_ctr(struct document *d, const struct mlp_jval *v)
{
    const struct mlp_jval *list = mlp_jval_get(v, "elements");
    size_t n = list && list->type == MLP_J_LIST ? list->n : 0;
    struct mlp_ctr_element *e;
    struct mlp_ctr *c = new_derived(d, n, &e);
    if (!c)
        return d->l->e->code;
    for (size_t i = 0; i < n; i++)
        if (read_element(d, list->items[i], &e[i]))
            return d->l->e->code;
    if (fill_ctr(d, v, c))
        return d->l->e->code;
    return add_borders(d, numbers(v, "borders"), d->floats.n + d->derived.n - 1, false);
}

static enum mlp_code read_splits(struct document *d)
{
    const struct mlp_jval *ctrs = mlp_jval_get(d->info, "ctrs");
    for (size_t i = 0; i < d->floats.n; i++) {
        const struct feature *f = mlp_vec_at(&d->floats, i);
        if (add_borders(d, f->borders, i, f->nan_above))
            return d->l->e->code;
    }
    for (size_t i = 0; i < d->cats.n; i++)
        if (add_marks(d, i))
            return d->l->e->code;
    for (size_t i = 0; i < count_of(ctrs); i++)
        if (add_ctr(d, item(ctrs, i)))
            return d->l->e->code;
    return MLP_OK;
}

/* --- trees --- */

struct nodes {
    struct mlp_vec left, right, feature, threshold, flags, id, value;
    uint32_t leaves;
};

static void nodes_init(struct nodes *n)
{
    mlp_vec_init(&n->left, sizeof(int32_t));
    mlp_vec_init(&n->right, sizeof(int32_t));
    mlp_vec_init(&n->feature, sizeof(uint32_t));
    mlp_vec_init(&n->threshold, sizeof(double));
    mlp_vec_init(&n->flags, 1);
    mlp_vec_init(&n->id, sizeof(uint32_t));
    mlp_vec_init(&n->value, sizeof(double));
    n->leaves = 0;
}

static void nodes_fini(struct nodes *n)
{
    mlp_vec_fini(&n->left);
    mlp_vec_fini(&n->right);
    mlp_vec_fini(&n->feature);
    mlp_vec_fini(&n->threshold);
    mlp_vec_fini(&n->flags);
    mlp_vec_fini(&n->id);
    mlp_vec_fini(&n->value);
}

/* A node with split (NULL: a leaf with values from `value`, dimension of them). */
static enum mlp_code push_node(struct document *d, struct nodes *n, const struct split *s,
                               const double *value)
{
    int32_t *left = mlp_vec_push(&n->left), *right = mlp_vec_push(&n->right);
    uint32_t *feature = mlp_vec_push(&n->feature), *id = mlp_vec_push(&n->id);
    double *threshold = mlp_vec_push(&n->threshold);
    uint8_t *flags = mlp_vec_push(&n->flags);
    if (!left || !right || !feature || !id || !threshold || !flags)
        return mlp_err_nomem(d->l->e);
    *left = *right = -1;
    *feature = s ? s->column : 0;
    *threshold = s ? s->threshold : 0;
    *flags = s && !s->nan_above ? MLP_SPLIT_DEFAULT_LEFT : 0;
    *id = s ? 0 : n->leaves++;
    for (size_t k = 0; k < d->dimension; k++) {
        double *v = mlp_vec_push(&n->value);
        if (!v)
            return mlp_err_nomem(d->l->e);
        *v = s ? 0 : value[k];
    }
    return MLP_OK;
}

static void set_children(struct nodes *n, size_t i, size_t left, size_t right)
{
    *(int32_t *)mlp_vec_at(&n->left, i) = (int32_t)left;
    *(int32_t *)mlp_vec_at(&n->right, i) = (int32_t)right;
}

static const struct split *split_of(struct document *d, const struct mlp_jval *v)
{
    uint32_t i;
    if (!index_of(v, "split_index", d->splits.n, &i)) {
        bad(d, "a split_index is missing or out of range");
        return NULL;
    }
    return mlp_vec_at(&d->splits, i);
}

/* Level k holds 2^k nodes of split n - 1 - k, so that leaves lie in their own order. */
static enum mlp_code read_symmetric(struct document *d, const struct mlp_jval *t, struct nodes *n)
{
    const struct mlp_jval *splits = mlp_jval_get(t, "splits"), *values = numbers(t, "leaf_values");
    size_t depth = count_of(splits), leaves = (size_t)1 << (depth <= MAX_DEPTH ? depth : 0);
    if (depth > MAX_DEPTH || !values || values->n != leaves * d->dimension)
        return bad(d, "a tree's leaf_values do not fit its splits");
    for (size_t k = 0; k < depth; k++) {
        const struct split *s = split_of(d, item(splits, depth - 1 - k));
        if (!s)
            return d->l->e->code;
        for (size_t i = 0; i < (size_t)1 << k; i++)
            if (push_node(d, n, s, NULL))
                return d->l->e->code;
    }
    for (size_t i = 0; i < leaves; i++)
        if (push_node(d, n, NULL, values->numbers + i * d->dimension))
            return d->l->e->code;
    for (size_t i = 0; i + 1 < leaves; i++)
        set_children(n, i, 2 * i + 1, 2 * i + 2);
    return MLP_OK;
}

/* {split, left, right} or {value}. The JSON reader bounds the depth. */
static enum mlp_code read_nested(struct document *d, const struct mlp_jval *t, struct nodes *n)
{
    const struct mlp_jval *v = mlp_jval_get(t, "value");
    size_t at = n->left.n, right;
    if (v) {
        bool one = v->type == MLP_J_NUMBER;
        if ((one ? 1 : count_of(v)) != d->dimension || (!one && v->type != MLP_J_NUMBERS))
            return bad(d, "a leaf's value has another width");
        return push_node(d, n, NULL, one ? &v->number : v->numbers);
    }
    const struct split *s = split_of(d, mlp_jval_get(t, "split"));
    if (!s || push_node(d, n, s, NULL) || read_nested(d, mlp_jval_get(t, "left"), n))
        return d->l->e->code;
    right = n->left.n;
    if (read_nested(d, mlp_jval_get(t, "right"), n))
        return d->l->e->code;
    set_children(n, at, at + 1, right);
    return MLP_OK;
}

static enum mlp_code add_tree(struct document *d, struct mlp_forest_builder *b,
                              const struct mlp_jval *t, bool symmetric)
{
    struct nodes n;
    nodes_init(&n);
    enum mlp_code code = symmetric ? read_symmetric(d, t, &n) : read_nested(d, t, &n);
    struct mlp_tree tree = {.n = n.left.n, .left = n.left.p, .right = n.right.p,
                            .feature = n.feature.p, .threshold = n.threshold.p,
                            .flags = n.flags.p, .value = n.value.p, .leaf_id = n.id.p};
    if (!code)
        code = mlp_forest_add(b, &tree, d->l->e);
    nodes_fini(&n);
    return code;
}

static enum mlp_code read_forest(struct document *d, struct mlp_forest **f, bool *symmetric)
{
    const struct mlp_jval *trees = mlp_jval_get(d->root, "oblivious_trees");
    struct mlp_forest_builder b;
    struct mlp_forest_spec spec = {
        .nfeatures = (uint32_t)(d->floats.n + d->derived.n), .noutputs = (uint32_t)d->dimension,
        .value_width = (uint32_t)d->dimension, .float32 = true, .keep_leaf_ids = true};
    *symmetric = trees != NULL;
    trees = trees ? trees : mlp_jval_get(d->root, "trees");
    mlp_forest_begin(&b, &spec, &d->l->m->arena);
    for (size_t i = 0; i < count_of(trees); i++)
        if (add_tree(d, &b, item(trees, i), *symmetric)) {
            mlp_forest_drop(&b);
            return d->l->e->code;
        }
    return mlp_forest_end(&b, NULL, f, d->l->e);
}

/* --- graph --- */

static enum mlp_code pick(struct document *d, const struct mlp_vec *features, struct mlp_cols x,
                          struct mlp_cols *out)
{
    *out = (struct mlp_cols){NULL, 0};
    for (size_t i = 0; i < features->n; i++) {
        const struct feature *f = mlp_vec_at(features, i);
        struct mlp_cols one = mlp_cols_slice(x, f->input, 1);
        if (mlp_cols_join(&d->l->m->graph, out, &one, d->l->e))
            return d->l->e->code;
    }
    return MLP_OK;
}

/* Floats, then derived columns. */
static enum mlp_code columns(struct document *d, struct mlp_cols x, struct mlp_cols *out)
{
    struct mlp_cols in, cats, derived;
    if (pick(d, &d->floats, x, out) || pick(d, &d->cats, x, &cats))
        return d->l->e->code;
    if (!d->derived.n)
        return MLP_OK;
    struct mlp_ctr *ctr = mlp_arena_array(&d->l->m->arena, d->derived.n, sizeof *ctr);
    struct mlp_catboost p = {ctr};
    void *params = mlp_sk_params(&d->s, &p, sizeof p);
    if (!ctr || !params)
        return mlp_err_nomem(d->l->e);
    memcpy(ctr, d->derived.p, d->derived.n * sizeof *ctr);
    in = *out;
    if (mlp_sk_texts(&d->s, &mlp_op_catboost_hash, NULL, cats, MLP_WIRE_NUM, &cats) ||
        mlp_cols_join(&d->l->m->graph, &in, &cats, d->l->e) ||
        mlp_sk_node(&d->s, &mlp_op_catboost, params, in, d->derived.n, &derived))
        return d->l->e->code;
    return mlp_cols_join(&d->l->m->graph, out, &derived, d->l->e);
}

/* raw = scale * sum + bias. */
static enum mlp_code scale_sums(struct document *d, struct mlp_cols sum, struct mlp_cols *raw)
{
    const struct mlp_jval *v = mlp_jval_get(d->root, "scale_and_bias"), *bias = item(v, 1);
    double scale = mlp_jval_num(item(v, 0), 1);
    double *mul = mlp_arena_array64(&d->l->m->arena, d->dimension, sizeof *mul);
    double *plus = mlp_arena_array64(&d->l->m->arena, d->dimension, sizeof *plus);
    if (!mul || !plus)
        return mlp_err_nomem(d->l->e);
    size_t n = count_of(bias);
    if (bias && (bias->type != MLP_J_NUMBERS || (n > 1 && n != d->dimension)))
        return bad(d, "scale_and_bias has another width");
    for (size_t k = 0; k < d->dimension; k++) {
        mul[k] = scale;
        plus[k] = n ? bias->numbers[n > 1 ? k : 0] : 0;
    }
    struct mlp_scale p = {.mul = mul, .add = plus};
    void *params = mlp_sk_params(&d->s, &p, sizeof p);
    return params ? mlp_sk_node(&d->s, &mlp_op_scale, params, sum, d->dimension, raw)
                  : d->l->e->code;
}

/* --- results --- */

/* Name of class i: as the training data had it. */
static struct mlp_str class_name(struct document *d, const struct mlp_jval *names, bool marks,
                                 size_t i)
{
    if (names->type == MLP_J_LIST)
        return mlp_arena_str(&d->l->m->arena, mlp_jval_text(item(names, i)));
    if (marks)
        return names->numbers[i] != 0 ? MLP_STR("True") : MLP_STR("False");
    return mlp_load_text(d->l, "%.17g", names->numbers[i]);
}

static enum mlp_code class_labels(struct document *d, size_t n, struct mlp_boost *out)
{
    const struct mlp_jval *info = mlp_jval_get(d->root, "model_info");
    const struct mlp_jval *params = mlp_jval_get(info, "class_params");
    const struct mlp_jval *names = mlp_jval_get(params, "class_names");
    struct mlp_str kind = mlp_jval_text(mlp_jval_get(params, "class_label_type"));
    out->is_classifier = true;
    /* Probabilities as targets have no class names. */
    if (!count_of(names) && n == 2)
        return mlp_boost_labels(&d->s, 2, &out->labels);
    struct mlp_labels *l = mlp_arena_alloc(&d->l->m->arena, sizeof *l);
    if (!l)
        return mlp_err_nomem(d->l->e);
    if (count_of(names) != n)
        return bad(d, "class_names are not as many as classes");
    *l = (struct mlp_labels){.n = n, .is_text = names->type == MLP_J_LIST};
    l->text = mlp_arena_array(&d->l->m->arena, n, sizeof *l->text);
    l->number = mlp_arena_array(&d->l->m->arena, n, sizeof *l->number);
    for (size_t i = 0; l->text && l->number && i < n; i++) {
        l->number[i] = l->is_text ? (double)i : names->numbers[i];
        l->text[i] = class_name(d, names, mlp_str_is(kind, "Boolean"), i);
        if (!l->text[i].p)
            return bad(d, "a class has no name");
    }
    out->labels = l;
    return l->text && l->number ? MLP_OK : mlp_err_nomem(d->l->e);
}

/* A class is predicted above the probability that the file may name. */
static enum mlp_code binary_results(struct document *d, struct mlp_boost *out)
{
    const struct mlp_jval *info = mlp_jval_get(d->root, "model_info");
    double p = mlp_jval_num(mlp_jval_get(info, "binclass_probability_threshold"), 0.5);
    if (!(p > 0 && p < 1))
        return bad(d, "binclass_probability_threshold is no probability");
    if (mlp_sk_map(&d->s, MLP_FN_SIGMOID, out->margin, &out->predict) ||
        mlp_sk_node(&d->s, &mlp_op_pair, NULL, out->predict, 2, &out->proba) ||
        mlp_boost_above(&d->s, out->margin, -log(1 / p - 1), &out->label))
        return d->l->e->code;
    return class_labels(d, 2, out);
}

static enum mlp_code several_results(struct document *d, bool one_vs_all, struct mlp_boost *out)
{
    if (one_vs_all ? mlp_sk_map(&d->s, MLP_FN_SIGMOID, out->margin, &out->proba)
                   : mlp_sk_node(&d->s, &mlp_op_softmax, NULL, out->margin, d->dimension,
                                 &out->proba))
        return d->l->e->code;
    return mlp_sk_node(&d->s, &mlp_op_argmax, NULL, out->margin, 1, &out->label)
               ? d->l->e->code
               : class_labels(d, d->dimension, out);
}

static enum mlp_code results(struct document *d, struct mlp_boost *out)
{
    const struct mlp_jval *info = mlp_jval_get(d->root, "model_info");
    const struct mlp_jval *params = mlp_jval_get(info, "params");
    struct mlp_str loss =
        mlp_jval_text(mlp_jval_get(mlp_jval_get(params, "loss_function"), "type"));
    bool classes = count_of(mlp_jval_get(mlp_jval_get(info, "class_params"), "class_names")) > 0;
    if (mlp_str_is(loss, "RMSEWithUncertainty"))
        return bad(d, "RMSEWithUncertainty predicts a distribution, which is not supported");
    if (mlp_str_is(loss, "MultiLogloss") || mlp_str_is(loss, "MultiCrossEntropy")) {
        out->is_classifier = true;
        return mlp_sk_map(&d->s, MLP_FN_SIGMOID, out->margin, &out->proba) ||
                       mlp_boost_above(&d->s, out->margin, 0, &out->label)
                   ? d->l->e->code
                   : MLP_OK;
    }
    if (d->dimension == 1 && (classes || mlp_str_is(loss, "CrossEntropy")))
        return binary_results(d, out);
    if (classes)
        return several_results(d, mlp_str_is(loss, "MultiClassOneVsAll"), out);
    if (mlp_str_is(loss, "Poisson") || mlp_str_is(loss, "Tweedie"))
        return mlp_sk_map(&d->s, MLP_FN_EXP, out->margin, &out->predict);
    out->predict = out->margin;
    return MLP_OK;
}

/* --- loading --- */

/* How many values a leaf has: of the first tree, or of the bias when there is none. */
static enum mlp_code find_dimension(struct document *d)
{
    const struct mlp_jval *t = item(mlp_jval_get(d->root, "oblivious_trees"), 0);
    size_t depth = count_of(mlp_jval_get(t, "splits"));
    size_t n = count_of(mlp_jval_get(t, "leaf_values")) >> (depth <= MAX_DEPTH ? depth : 0);
    for (t = item(mlp_jval_get(d->root, "trees"), 0); !n && t; t = mlp_jval_get(t, "left"))
        if (mlp_jval_get(t, "value"))
            n = count_of(mlp_jval_get(t, "value")) + (mlp_jval_get(t, "value")->type ==
                                                      MLP_J_NUMBER);
    if (!n)
        n = count_of(item(mlp_jval_get(d->root, "scale_and_bias"), 1));
    d->dimension = n;
    return n && n <= MAX_INPUTS ? MLP_OK : bad(d, "its trees have no leaves");
}

/* With several targets there is a table for each, which the file writes under one name
 * (json_model_helpers.cpp: ModelCtrBaseToStr leaves out TargetBorderClassifierIdx), so that all
 * but one are lost; what CatBoost loads from it predicts other numbers too. */
static enum mlp_code check_targets(struct document *d)
{
    const struct mlp_jval *params = mlp_jval_get(mlp_jval_get(d->root, "model_info"), "params");
    struct mlp_str loss =
        mlp_jval_text(mlp_jval_get(mlp_jval_get(params, "loss_function"), "type"));
    bool several = mlp_str_is(loss, "MultiRMSE") || mlp_str_is(loss, "MultiLogloss") ||
                   mlp_str_is(loss, "MultiRMSEWithMissingValues") ||
                   mlp_str_is(loss, "MultiCrossEntropy");
    for (size_t i = 0; several && i < d->derived.n; i++) {
        const struct mlp_ctr *c = mlp_vec_at(&d->derived, i);
        if (!c->is_mark && c->type != MLP_CTR_COUNTER)
            return bad(d, "a JSON file does not hold the statistics of categories of several "
                          "targets (train with a larger one_hot_max_size)");
    }
    return MLP_OK;
}

static enum mlp_code start(struct document *d)
{
    if (read_features(d) || find_dimension(d) || mlp_load_graph(d->l, d->ninputs) ||
        name_inputs(d) || read_splits(d))
        return d->l->e->code;
    return check_targets(d);
}

static enum mlp_code lower(struct document *d)
{
    struct mlp_cols x, in, sum;
    struct mlp_forest *f;
    bool symmetric;
    struct mlp_boost b = {.predict_kind = MLP_OUT_F64, .margin_kind = MLP_OUT_F64,
                          .margin_name = "raw"};
    if (start(d) || read_forest(d, &f, &symmetric) ||
        mlp_graph_inputs(&d->l->m->graph, &x, d->l->e) || columns(d, x, &in))
        return d->l->e->code;
    struct mlp_trees p = {f};
    void *params = mlp_sk_params(&d->s, &p, sizeof p);
    if (!params || mlp_sk_node(&d->s, &mlp_op_trees, params, in, d->dimension, &sum) ||
        (symmetric && f->ntrees &&
         mlp_sk_node(&d->s, &mlp_op_leaves, params, in, f->ntrees, &b.leaf)) ||
        scale_sums(d, sum, &b.margin) || results(d, &b))
        return d->l->e->code;
    d->l->m->info.estimator = mlp_load_text(d->l, "%zu trees", f->ntrees);
    return mlp_boost_outputs(d->l, &b);
}

bool mlp_is_catboost(const struct mlp_jval *root)
{
    return mlp_jval_get(root, "features_info") &&
           (mlp_jval_get(root, "oblivious_trees") || mlp_jval_get(root, "trees"));
}

enum mlp_code mlp_load_catboost(struct mlp_load *l)
{
    struct document d = {.l = l};
    struct mlp_jval *root;
    l->m->info.format = MLP_STR("CatBoost JSON");
    if (mlp_jdoc_json_exact(l->bytes, l->tmp, &root, l->e))
        return l->e->code;
    d.root = root;
    d.info = mlp_jval_get(root, "features_info");
    d.s = (struct mlp_sk){.g = &l->m->graph, .keep = &l->m->arena, .tmp = l->tmp, .e = l->e};
    mlp_vec_init(&d.floats, sizeof(struct feature));
    mlp_vec_init(&d.cats, sizeof(struct feature));
    mlp_vec_init(&d.splits, sizeof(struct split));
    mlp_vec_init(&d.derived, sizeof(struct mlp_ctr));
    enum mlp_code code = lower(&d);
    mlp_vec_fini(&d.floats);
    mlp_vec_fini(&d.cats);
    mlp_vec_fini(&d.splits);
    mlp_vec_fini(&d.derived);
    return code;
}
