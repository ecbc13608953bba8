/* xgboost.c: XGBoost's model documents (JSON and UBJSON, 1.x to 3.x) into the graph (boost.h).
 *
 * float32 throughout: x < split_condition goes left, NaN by default_left, margins start from the
 * base score and add leaves in tree order. Layouts moved between versions: see each function. */
#include "model/boost.h"
#include "model/dict.h"
#include "model/sk_readers.h"
#include "text/num.h"
#include <math.h>

#define MAX_OUTPUTS 100000

/* The parts of a document that matter. */
struct document {
    struct mlp_sk *s;
    const struct mlp_jval *learner, *params, *booster, *model;
    struct mlp_str objective;
    size_t nfeatures, outputs;
    bool doubtful_names;          /* written by 3.1 to 3.3: see category_texts */
};

static enum mlp_code bad(struct document *d, const char *what)
{
    return mlp_sk_bad(d->s, "XGBoost model: %s", what);
}

static bool before_3_4(const struct mlp_jval *v)
{
    return v && v->type == MLP_J_NUMBERS && v->n == 3 && v->numbers[0] <= 3 && v->numbers[1] <= 3;
}

/* "dart" keeps its trees below `gbtree` until 3.0, in `model` after. */
static enum mlp_code open_document(struct mlp_sk *s, const struct mlp_jval *root,
                                   struct document *d)
{
    *d = (struct document){.s = s, .learner = mlp_jval_get(root, "learner")};
    d->doubtful_names = before_3_4(mlp_jval_get(root, "version"));
    d->params = mlp_jval_get(d->learner, "learner_model_param");
    d->booster = mlp_jval_get(d->learner, "gradient_booster");
    const struct mlp_jval *inner = mlp_jval_get(d->booster, "gbtree");
    d->model = mlp_jval_get(inner ? inner : d->booster, "model");
    d->objective = mlp_jval_text(mlp_jval_get(mlp_jval_get(d->learner, "objective"), "name"));
    if (!d->params || !d->booster || !d->model || !d->objective.n)
        return bad(d, "learner, gradient_booster or objective is missing");
    double nf = mlp_jval_num(mlp_jval_get(d->params, "num_feature"), 0);
    double k = mlp_jval_num(mlp_jval_get(d->params, "num_class"), 0);
    double targets = mlp_jval_num(mlp_jval_get(d->params, "num_target"), 1);
    k = k < targets ? targets : k;
    if (!(nf >= 1 && nf < (1 << 24)) || !(k >= 0 && k <= MAX_OUTPUTS))
        return bad(d, "num_feature or num_class is out of range");
    d->nfeatures = (size_t)nf;
    d->outputs = k < 1 ? 1 : (size_t)k;
    return MLP_OK;
}

enum mlp_code mlp_xgb_inputs(struct mlp_sk *s, const struct mlp_jval *root, size_t *n,
                             const struct mlp_str **names)
{
    struct document d;
    *names = NULL;
    if (open_document(s, root, &d))
        return s->e->code;
    *n = d.nfeatures;
    const struct mlp_jval *list = mlp_jval_get(d.learner, "feature_names");
    if (!list || list->type != MLP_J_LIST)
        return MLP_OK;
    struct mlp_str *out = mlp_arena_array(s->keep, list->n, sizeof *out);
    if (!out)
        return mlp_err_nomem(s->e);
    if (list->n != d.nfeatures)
        return bad(&d, "feature_names are not as many as num_feature");
    for (size_t i = 0; i < list->n; i++) {
        out[i] = mlp_arena_str(s->keep, mlp_jval_text(list->items[i]));
        if (!out[i].p)
            return mlp_err_nomem(s->e);
    }
    *names = out;
    return MLP_OK;
}

/* --- start --- */

enum link { LINK_IDENTITY, LINK_LOGIT, LINK_LOG, LINK_HINGE, LINK_SOFTPROB, LINK_SOFTMAX,
            LINK_EXPECTILE };

static enum mlp_code find_link(struct document *d, enum link *link)
{
    static const struct {
        const char *prefix;
        enum link link;
    } table[] = {
        {"binary:logistic", LINK_LOGIT}, {"reg:logistic", LINK_LOGIT},
        {"binary:logitraw", LINK_IDENTITY}, {"binary:hinge", LINK_HINGE},
        {"multi:softprob", LINK_SOFTPROB}, {"multi:softmax", LINK_SOFTMAX},
        {"count:poisson", LINK_LOG}, {"reg:gamma", LINK_LOG}, {"reg:tweedie", LINK_LOG},
        {"survival:", LINK_LOG}, {"rank:", LINK_IDENTITY}, {"reg:squarederror", LINK_IDENTITY},
        {"reg:linear", LINK_IDENTITY}, {"reg:squaredlogerror", LINK_IDENTITY},
        {"reg:pseudohubererror", LINK_IDENTITY}, {"reg:absoluteerror", LINK_IDENTITY},
        {"reg:quantileerror", LINK_IDENTITY}, {"reg:expectileerror", LINK_EXPECTILE},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (mlp_str_starts(d->objective, table[i].prefix)) {
            *link = table[i].link;
            return MLP_OK;
        }
    return mlp_sk_bad(d->s, "XGBoost model: the objective %.*s is not known",
                      MLP_STR_ARG(d->objective));
}

/* A base score is stored as the user sees predictions: a probability for logistic. */
static float to_margin(enum link link, float v)
{
    if (link == LINK_LOGIT)
        return -logf(1.0f / v - 1.0f);
    return link == LINK_LOG ? logf(v) : v;
}

/* Expectiles are stored ascending; the margin of each after the first is what softplus turns into
 * its distance from the one before (expectile_obj.cc; kRtEps = 1e-6, math.h: SoftPlusInv). */
#define RT_EPS 1e-6f

static void expectile_margins(double *base, size_t n)
{
    for (size_t i = n; i-- > 1;) {
        float gap = fmaxf((float)base[i] - (float)base[i - 1] - RT_EPS, RT_EPS);
        base[i] = (double)(gap + logf(-expm1f(-gap)));
    }
}

/* "5E-1" until 3.0, "[5E-1,2E-1]" after: one for all outputs or one each. */
static enum mlp_code read_base(struct document *d, enum link link, double *base)
{
    struct mlp_str text = mlp_jval_text(mlp_jval_get(d->params, "base_score")), part;
    bool margin = mlp_jval_get(d->params, "base_is_margin") != NULL;
    size_t n = 0;
    if (text.n > 1 && text.p[0] == '[')
        text = (struct mlp_str){text.p + 1, text.n - 2};
    while (text.p && n < d->outputs && mlp_str_split(&text, ',', &part)) {
        float f;
        if (!mlp_num_f32(mlp_str_trim(part), &f))
            return bad(d, "base_score is not a number");
        base[n++] = (double)(margin ? f : to_margin(link, f));
    }
    if (n == 0)
        return bad(d, "base_score is missing");
    for (size_t i = n; i < d->outputs; i++)
        base[i] = base[0];
    if (link == LINK_EXPECTILE)
        expectile_margins(base, d->outputs);
    return n == 1 || n == d->outputs ? MLP_OK : bad(d, "base_score has another width");
}

/* --- trees --- */

static const struct mlp_jval *numbers(const struct mlp_jval *t, const char *name)
{
    const struct mlp_jval *v = mlp_jval_get(t, name);
    return v && v->type == MLP_J_NUMBERS ? v : NULL;
}

struct arrays {
    const struct mlp_jval *left, *right, *feature, *condition, *missing, *type;
    size_t n, width;
    int32_t *l, *r;
    uint32_t *f, *set;
    double *threshold, *value;
    uint8_t *flags;
};

static int32_t as_index(double v)
{
    return v >= 0 && v < INT32_MAX ? (int32_t)v : -1;
}

static enum mlp_code find_arrays(struct document *d, const struct mlp_jval *t, struct arrays *a)
{
    a->left = numbers(t, "left_children");
    a->right = numbers(t, "right_children");
    a->feature = numbers(t, "split_indices");
    a->condition = numbers(t, "split_conditions");
    a->missing = numbers(t, "default_left");
    a->type = numbers(t, "split_type");
    if (!a->left || !a->right || !a->feature || !a->condition || !a->missing)
        return bad(d, "a tree lacks an array that is known");
    a->n = a->left->n;
    if (a->right->n != a->n || a->feature->n != a->n || a->condition->n != a->n ||
        a->missing->n != a->n || (a->type && a->type->n && a->type->n != a->n))
        return bad(d, "a tree's arrays differ in length");
    return MLP_OK;
}

static enum mlp_code take_arrays(struct document *d, struct arrays *a)
{
    struct mlp_arena *t = d->s->tmp;
    a->l = mlp_arena_array(t, a->n, sizeof *a->l);
    a->r = mlp_arena_array(t, a->n, sizeof *a->r);
    a->f = mlp_arena_array(t, a->n, sizeof *a->f);
    a->set = mlp_arena_array(t, a->n, sizeof *a->set);
    a->threshold = mlp_arena_array(t, a->n, sizeof *a->threshold);
    a->value = mlp_arena_array(t, a->n * a->width, sizeof *a->value);
    a->flags = mlp_arena_array(t, a->n, 1);
    bool ok = a->l && a->r && a->f && a->set && a->threshold && a->value && a->flags;
    return ok ? MLP_OK : mlp_err_nomem(d->s->e);
}

/* Categories of node categories_nodes[k] are categories[segment .. segment + size). */
static enum mlp_code add_set(struct document *d, struct mlp_forest_builder *b,
                             const struct mlp_jval *list, size_t from, size_t n, uint32_t *index)
{
    double most = 0;
    if (from > list->n || n > list->n - from)
        return bad(d, "a category segment is out of range");
    for (size_t i = 0; i < n; i++) {
        double c = list->numbers[from + i];
        if (!(c >= 0 && c < 16777216))
            return bad(d, "a category is out of range");
        most = c > most ? c : most;
    }
    uint32_t ncodes = (uint32_t)most + 1;
    uint32_t *bits = mlp_arena_array(d->s->tmp, ncodes / 32 + 1, sizeof *bits);
    if (!bits)
        return mlp_err_nomem(d->s->e);
    for (size_t i = 0; i < n; i++) {
        uint32_t c = (uint32_t)list->numbers[from + i];
        bits[c / 32] |= 1u << (c % 32);
    }
    return mlp_forest_add_set(b, bits, ncodes, index, d->s->e);
}

/* A category in the list goes right; the others, negative and unknown ones left. */
static enum mlp_code read_sets(struct document *d, struct mlp_forest_builder *b,
                               const struct mlp_jval *t, struct arrays *a)
{
    const struct mlp_jval *list = numbers(t, "categories"), *nodes = numbers(t, "categories_nodes");
    const struct mlp_jval *from = numbers(t, "categories_segments");
    const struct mlp_jval *sizes = numbers(t, "categories_sizes");
    if (!nodes || !nodes->n)
        return MLP_OK;
    if (!list || !from || !sizes || from->n != nodes->n || sizes->n != nodes->n)
        return bad(d, "a tree's categories lack an array");
    for (size_t k = 0; k < nodes->n; k++) {
        int32_t node = as_index(nodes->numbers[k]), start = as_index(from->numbers[k]);
        int32_t size = as_index(sizes->numbers[k]);
        if (node < 0 || (size_t)node >= a->n || start < 0 || size < 0)
            return bad(d, "a category node is out of range");
        if (add_set(d, b, list, (size_t)start, (size_t)size, &a->set[node]))
            return d->s->e->code;
        a->flags[node] |= MLP_SPLIT_CATEGORIES | MLP_SPLIT_OUT_LEFT;
    }
    return MLP_OK;
}

/* Vector leaves: base_weights by node until 3.0, leaf_weights by right_children after. */
static enum mlp_code read_vector(struct document *d, const struct mlp_jval *t, size_t i,
                                 float scale, struct arrays *a)
{
    const struct mlp_jval *w = numbers(t, "leaf_weights");
    size_t row = i;
    if (w)
        row = a->right->numbers[i] >= 0 ? (size_t)a->right->numbers[i] : SIZE_MAX / a->width;
    else
        w = numbers(t, "base_weights");
    if (!w || row >= w->n / a->width)
        return bad(d, "a vector leaf has no values");
    for (size_t k = 0; k < a->width; k++)
        a->value[i * a->width + k] = (double)((float)w->numbers[row * a->width + k] * scale);
    return MLP_OK;
}

static enum mlp_code read_nodes(struct document *d, const struct mlp_jval *t, float scale,
                                struct arrays *a)
{
    for (size_t i = 0; i < a->n; i++) {
        a->l[i] = as_index(a->left->numbers[i]);
        a->r[i] = as_index(a->right->numbers[i]);
        a->f[i] = (uint32_t)as_index(a->feature->numbers[i]);
        a->threshold[i] = a->condition->numbers[i];
        a->flags[i] = a->missing->numbers[i] != 0 ? MLP_SPLIT_DEFAULT_LEFT : 0;
        if (a->l[i] >= 0)
            continue;
        if (a->width > 1 && read_vector(d, t, i, scale, a))
            return d->s->e->code;
        if (a->width == 1)
            a->value[i] = (double)((float)a->condition->numbers[i] * scale);
    }
    return MLP_OK;
}

static enum mlp_code add_tree(struct document *d, struct mlp_forest_builder *b,
                              const struct mlp_jval *t, uint32_t output, float scale)
{
    struct arrays a = {.width = b->spec.value_width};
    if (find_arrays(d, t, &a) || take_arrays(d, &a) || read_nodes(d, t, scale, &a) ||
        read_sets(d, b, t, &a))
        return d->s->e->code;
    for (size_t i = 0; a.type && a.type->n && i < a.n; i++)
        if (a.l[i] >= 0 && (a.type->numbers[i] != 0) != ((a.flags[i] & MLP_SPLIT_CATEGORIES) != 0))
            return bad(d, "a categorical split without categories");
    struct mlp_tree tree = {.n = a.n, .left = a.l, .right = a.r, .feature = a.f, .set = a.set,
                            .threshold = a.threshold, .flags = a.flags, .value = a.value,
                            .output = output};
    const struct mlp_jval *cover = numbers(t, "sum_hessian");
    tree.cover = cover && cover->n == a.n ? cover->numbers : NULL;
    return mlp_forest_add(b, &tree, d->s->e);
}

/* The wrapper with early stopping predicts with the trees up to best_iteration. */
static size_t trees_in_use(const struct document *d, size_t ntrees, bool wrapper)
{
    const struct mlp_jval *attributes = mlp_jval_get(d->learner, "attributes");
    double best = mlp_jval_num(mlp_jval_get(attributes, "best_iteration"), -1);
    const struct mlp_jval *ends = numbers(d->model, "iteration_indptr");
    const struct mlp_jval *param = mlp_jval_get(d->model, "gbtree_model_param");
    double parallel = mlp_jval_num(mlp_jval_get(param, "num_parallel_tree"), 1);
    if (!wrapper || !(best >= 0 && best < 1e9))
        return ntrees;
    size_t i = (size_t)best + 1;
    double n = ends && i < ends->n ? ends->numbers[i]
                                   : (double)i * (double)d->outputs * (parallel < 1 ? 1 : parallel);
    return n < (double)ntrees && n >= 0 ? (size_t)n : ntrees;
}

static enum mlp_code add_trees(struct document *d, struct mlp_forest_builder *b,
                               const struct mlp_jval *trees, size_t n)
{
    const struct mlp_jval *classes = numbers(d->model, "tree_info");
    const struct mlp_jval *drop = numbers(d->booster, "weight_drop");
    drop = drop ? drop : numbers(d->model, "weight_drop");
    if (!classes || classes->n != trees->n || (drop && drop->n && drop->n != trees->n))
        return bad(d, "tree_info or weight_drop does not fit the trees");
    for (size_t i = 0; i < n; i++) {
        float scale = drop && drop->n ? (float)drop->numbers[i] : 1;
        int32_t output = as_index(classes->numbers[i]);
        if (add_tree(d, b, trees->items[i], (uint32_t)output, scale))
            return d->s->e->code;
    }
    return MLP_OK;
}

static size_t leaf_width(const struct mlp_jval *trees)
{
    const struct mlp_jval *t = trees->n ? trees->items[0] : NULL;
    double w = mlp_jval_num(mlp_jval_get(mlp_jval_get(t, "tree_param"), "size_leaf_vector"), 1);
    return w > 1 ? (size_t)w : 1;
}

static enum mlp_code trees_margin(struct document *d, struct mlp_cols x, const double *base,
                                  bool wrapper, struct mlp_boost *out)
{
    const struct mlp_jval *trees = mlp_jval_get(d->model, "trees");
    struct mlp_forest_builder b;
    struct mlp_forest *f;
    if (!trees || (trees->type != MLP_J_LIST && trees->n))
        return bad(d, "it has no trees");
    size_t width = leaf_width(trees), n = trees_in_use(d, trees->n, wrapper);
    if (width > 1 && width != d->outputs)
        return bad(d, "vector leaves of another width than the outputs");
    struct mlp_forest_spec spec = {
        .nfeatures = (uint32_t)d->nfeatures, .noutputs = (uint32_t)d->outputs,
        .value_width = (uint32_t)width, .float32 = true, .strict = true, .sum_float32 = true,
        .keep_leaf_ids = true, .explain = d->s->g->explain};
    mlp_forest_begin(&b, &spec, d->s->keep);
    if (add_trees(d, &b, trees, n)) {
        mlp_forest_drop(&b);
        return d->s->e->code;
    }
    if (mlp_forest_end(&b, base, &f, d->s->e))
        return d->s->e->code;
    struct mlp_trees p = {f};
    void *params = mlp_sk_params(d->s, &p, sizeof p);
    if (!params || mlp_sk_node(d->s, &mlp_op_trees, params, x, d->outputs, &out->margin) ||
        (f->ntrees && mlp_sk_node(d->s, &mlp_op_leaves, params, x, f->ntrees, &out->leaf)))
        return d->s->e->code;
    out->ntrees = f->ntrees;
    return MLP_OK;
}

/* weights: one row a feature, the bias last. The first base score counts for every class. */
static enum mlp_code linear_margin(struct document *d, struct mlp_cols x, const double *base,
                                   struct mlp_boost *out)
{
    const struct mlp_jval *w = numbers(d->model, "weights");
    size_t n = (d->nfeatures + 1) * d->outputs;
    float *weight = mlp_arena_array64(d->s->keep, n, sizeof *weight);
    if (!weight)
        return mlp_err_nomem(d->s->e);
    if (!w || w->n != n)
        return bad(d, "weights do not fit the features");
    for (size_t i = 0; i < n; i++)
        weight[i] = (float)w->numbers[i];
    struct mlp_gblinear p = {weight, (float)base[0]};
    void *params = mlp_sk_params(d->s, &p, sizeof p);
    return params ? mlp_sk_node(d->s, &mlp_op_gblinear, params, x, d->outputs, &out->margin)
                  : d->s->e->code;
}

/* --- categories by name (3.1 on) --- */

/* Names cut from bytes at ends, which count bytes or (by_characters) UTF-8 characters. False when
 * a cut is out of range or splits a character. */
static bool cut_names(struct mlp_str bytes, const struct mlp_jval *ends, bool by_characters,
                      struct mlp_str *out)
{
    size_t at = 0;
    for (size_t i = 0; i + 1 < ends->n; i++) {
        double n = ends->numbers[i + 1] - ends->numbers[i];
        size_t from = at;
        if (!(n >= 0 && n <= (double)bytes.n))
            return false;
        for (size_t k = 0; k < (size_t)n && at < bytes.n; k++) {
            at++;
            while (by_characters && at < bytes.n && ((unsigned char)bytes.p[at] & 0xc0) == 0x80)
                at++;
        }
        out[i] = (struct mlp_str){bytes.p + from, at - from};
        if (!mlp_str_utf8(out[i]))
            return false;
    }
    return true;
}

static bool ascending(const struct mlp_str *t, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (mlp_str_cmp(t[i - 1], t[i]) >= 0)
            return false;
    return true;
}

static bool same_texts(const struct mlp_str *a, const struct mlp_str *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!mlp_str_eq(a[i], b[i]))
            return false;
    return true;
}

/* The names of n categories, cut at offsets that count bytes or characters. Where pandas held the
 * names as objects, XGBoost's Python package (3.1 to 3.3) writes offsets that count characters, and
 * only as many bytes as there are characters. That is so when bytes split a character, or when
 * only characters give the ascending order that pandas' categories have by default. Where both
 * ways read well and differ, nobody can tell, and a guess would be a wrong answer. */
static enum mlp_code choose_names(struct document *d, struct mlp_str all,
                                  const struct mlp_jval *ends, struct mlp_str *bytes,
                                  struct mlp_str *characters)
{
    size_t n = ends->n - 1;
    bool by_bytes = cut_names(all, ends, false, bytes);
    bool by_characters = cut_names(all, ends, true, characters);
    if (!by_bytes && !by_characters)
        return bad(d, "category names cannot be read");
    bool in_order = ascending(bytes, n), other_in_order = ascending(characters, n);
    if (d->doubtful_names && by_bytes && by_characters && in_order == other_in_order &&
        !same_texts(bytes, characters, n))
        return bad(d, "category names beyond ASCII that can be read in two ways; save the model "
                      "again with a newer XGBoost, or with codes for categories");
    if (by_characters && (!by_bytes || (!in_order && other_in_order)))
        memcpy(bytes, characters, n * sizeof *bytes);
    return MLP_OK;
}

/* Texts of feature i: values are signed bytes of UTF-8. */
static enum mlp_code category_texts(struct document *d, const struct mlp_jval *one,
                                    struct mlp_str **out, size_t *n)
{
    const struct mlp_jval *ends = numbers(one, "offsets"), *bytes = numbers(one, "values");
    *n = ends && ends->n ? ends->n - 1 : 0;
    *out = NULL;
    if (!*n || !bytes)
        return MLP_OK;
    char *p = mlp_arena_alloc(d->s->keep, bytes->n + 1);
    struct mlp_str *t = mlp_arena_array(d->s->keep, *n, sizeof *t);
    struct mlp_str *c = mlp_arena_array(d->s->keep, *n, sizeof *c);
    if (!p || !t || !c)
        return mlp_err_nomem(d->s->e);
    for (size_t i = 0; i < bytes->n; i++)
        p[i] = (char)(int)bytes->numbers[i];
    *out = t;
    return choose_names(d, (struct mlp_str){p, bytes->n}, ends, t, c);
}

static enum mlp_code code_columns(struct document *d, struct mlp_cols *x)
{
    const struct mlp_jval *enc = mlp_jval_get(mlp_jval_get(d->model, "cats"), "enc");
    struct mlp_cols out = {NULL, 0};
    if (!enc || enc->type != MLP_J_LIST)
        return MLP_OK;
    if (mlp_cols_join(d->s->g, &out, x, d->s->e))
        return d->s->e->code;
    for (size_t i = 0; i < enc->n && i < out.n; i++) {
        struct mlp_str *texts;
        size_t n;
        if (category_texts(d, enc->items[i], &texts, &n))
            return d->s->e->code;
        const struct mlp_jval *v = numbers(enc->items[i], "values");
        if (texts && mlp_boost_code(d->s, mlp_dict_texts(d->s->keep, texts, n, -1), n, &out.p[i]))
            return d->s->e->code;
        if (!texts && v && v->n &&
            mlp_boost_code(d->s, mlp_dict_numbers(d->s->keep, v->numbers, v->n, -1), v->n,
                           &out.p[i]))
            return d->s->e->code;
    }
    *x = out;
    return MLP_OK;
}

/* --- results --- */

/* Several targets with a logistic objective are labels side by side, not classes. */
static enum mlp_code logistic_results(struct document *d, struct mlp_boost *out)
{
    struct mlp_sk *s = d->s;
    if (mlp_sk_map(s, MLP_FN_SIGMOID32, out->margin, &out->predict))
        return s->e->code;
    if (d->outputs != 1 || !mlp_str_starts(d->objective, "binary:"))
        return MLP_OK;
    if (mlp_sk_node(s, &mlp_op_pair, NULL, out->predict, 2, &out->proba) ||
        mlp_boost_above(s, out->predict, 0.5, &out->label))
        return s->e->code;
    return mlp_boost_labels(s, 2, &out->labels);
}

static enum mlp_code class_results(struct document *d, bool probabilities, struct mlp_boost *out)
{
    struct mlp_sk *s = d->s;
    if (d->outputs < 2)
        return bad(d, "a multi-class objective with one class");
    if (mlp_sk_node(s, &mlp_op_softmax32, NULL, out->margin, d->outputs, &out->proba) ||
        mlp_sk_node(s, &mlp_op_argmax, NULL, probabilities ? out->proba : out->margin, 1,
                    &out->label))
        return s->e->code;
    out->predict = probabilities ? out->proba : out->label;
    return mlp_boost_labels(s, d->outputs, &out->labels);
}

/* Each expectile is at least the one before: y[k] = y[k - 1] + softplus(margin[k]). */
static enum mlp_code expectile_results(struct document *d, struct mlp_boost *out)
{
    struct mlp_sk *s = d->s;
    struct mlp_cols sum = mlp_cols_slice(out->margin, 0, 1), gap;
    out->predict = (struct mlp_cols){NULL, 0};
    if (mlp_cols_join(s->g, &out->predict, &sum, s->e))
        return s->e->code;
    for (size_t k = 1; k < d->outputs; k++) {
        struct mlp_cols pair = {NULL, 0};
        struct mlp_mix mix = {.parts = 2, .divide = 1};
        void *params = mlp_sk_params(s, &mix, sizeof mix);
        if (!params ||
            mlp_sk_map(s, MLP_FN_LOG1PEXP, mlp_cols_slice(out->margin, k, 1), &gap) ||
            mlp_sk_affine(s, gap, 1, (double)RT_EPS, &gap) ||
            mlp_cols_join(s->g, &pair, &sum, s->e) || mlp_cols_join(s->g, &pair, &gap, s->e) ||
            mlp_sk_node(s, &mlp_op_mix, params, pair, 1, &sum) ||
            mlp_cols_join(s->g, &out->predict, &sum, s->e))
            return s->e->code;
    }
    return MLP_OK;
}

static enum mlp_code results(struct document *d, enum link link, struct mlp_boost *out)
{
    struct mlp_sk *s = d->s;
    out->predict_kind = out->margin_kind = MLP_OUT_F32;
    out->margin_name = "margin";
    switch (link) {
    case LINK_IDENTITY:
        out->predict = out->margin;
        return MLP_OK;
    case LINK_LOG:
        return mlp_sk_map(s, MLP_FN_EXP32, out->margin, &out->predict);
    case LINK_LOGIT:
        return logistic_results(d, out);
    case LINK_HINGE:
        if (mlp_boost_above(s, out->margin, 0, &out->predict))
            return s->e->code;
        if (d->outputs > 1)
            return MLP_OK;
        out->label = out->predict;
        return mlp_boost_labels(s, 2, &out->labels);
    case LINK_EXPECTILE:
        return expectile_results(d, out);
    case LINK_SOFTPROB:
    case LINK_SOFTMAX:
        break;
    }
    return class_results(d, link == LINK_SOFTPROB, out);
}

/* The wrapper leaves its own attributes, as JSON in a text. */
static bool from_wrapper(const struct document *d, bool *classifier)
{
    const struct mlp_jval *attributes = mlp_jval_get(d->learner, "attributes");
    struct mlp_str t = mlp_jval_text(mlp_jval_get(attributes, "scikit_learn"));
    *classifier = t.n && memmem(t.p, t.n, "\"_estimator_type\": \"classifier\"", 31) != NULL;
    return t.n != 0;
}

enum mlp_code mlp_xgb_read(struct mlp_sk *s, const struct mlp_jval *root, struct mlp_cols x,
                           bool wrapped, struct mlp_boost *out)
{
    struct document d;
    enum link link = LINK_IDENTITY;
    memset(out, 0, sizeof *out);
    if (open_document(s, root, &d) || find_link(&d, &link))
        return s->e->code;
    if (x.n != d.nfeatures)
        return bad(&d, "another number of features than flows in");
    double *base = mlp_arena_array(s->tmp, d.outputs, sizeof *base);
    if (!base)
        return mlp_err_nomem(s->e);
    bool wrapper = from_wrapper(&d, &out->is_classifier) || wrapped;
    bool linear = mlp_str_is(mlp_jval_text(mlp_jval_get(d.booster, "name")), "gblinear");
    if (read_base(&d, link, base) || code_columns(&d, &x) ||
        (linear ? linear_margin(&d, x, base, out) : trees_margin(&d, x, base, wrapper, out)) ||
        results(&d, link, out))
        return s->e->code;
    return out->is_classifier ? mlp_boost_classify(s, out) : MLP_OK;
}
