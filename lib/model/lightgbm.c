/* lightgbm.c: LightGBM's text models (versions 3 and 4) into the graph (boost.h).
 *
 * double throughout, x <= threshold. decision_type: bit 0 categorical, bit 1 default left, bits 2
 * and 3 missing type (0 none, 1 zero, 2 NaN); NaN where the type is not NaN counts as 0. A child
 * below zero is leaf ~child. (src/io/tree.cpp, gbdt_model_text.cpp) */
#include "model/boost.h"
#include "model/dict.h"
#include "model/sk_readers.h"
#include "text/num.h"
#include <math.h>

#define MAX_OUTPUTS 100000

/* A model text: the header's lines, then trees from `trees` on. */
struct document {
    struct mlp_sk *s;
    struct mlp_str header, trees, tail;
    size_t nfeatures, outputs;
    size_t most;                 /* trees that count */
    bool average, any_linear;
    struct mlp_str objective;
};

static enum mlp_code bad(struct document *d, const char *what)
{
    return mlp_sk_bad(d->s, "LightGBM model: %s", what);
}

/* The value of `key=` at the start of a line of block; p NULL when there is none. */
static struct mlp_str value_of(struct mlp_str block, const char *key)
{
    size_t n = strlen(key);
    struct mlp_str line;
    while (mlp_str_split(&block, '\n', &line))
        if (line.n > n && line.p[n] == '=' && memcmp(line.p, key, n) == 0) {
            line = (struct mlp_str){line.p + n + 1, line.n - n - 1};
            return mlp_str_trim(line);
        }
    return (struct mlp_str){NULL, 0};
}

static bool has_line(struct mlp_str block, const char *text)
{
    struct mlp_str line;
    while (mlp_str_split(&block, '\n', &line))
        if (mlp_str_is(mlp_str_trim(line), text))
            return true;
    return false;
}

static bool size_value(struct mlp_str block, const char *key, size_t most, size_t *out)
{
    uint64_t v;
    if (!mlp_str_u64(value_of(block, key), &v) || v > most)
        return false;
    *out = (size_t)v;
    return true;
}

/* Cuts at the first line that starts with `mark`; what is from it on goes to *rest. */
static struct mlp_str cut(struct mlp_str text, const char *mark, struct mlp_str *rest)
{
    const char *p = text.n ? memmem(text.p, text.n, mark, strlen(mark)) : NULL;
    size_t n = p ? (size_t)(p - text.p) : text.n;
    *rest = (struct mlp_str){text.p + n, text.n - n};
    return (struct mlp_str){text.p, n};
}

static enum mlp_code open_document(struct mlp_sk *s, struct mlp_str text, struct document *d)
{
    *d = (struct document){.s = s};
    struct mlp_str rest;
    d->header = cut(text, "\nTree=", &rest);
    d->trees = cut(rest, "\nend of trees", &d->tail);
    if (!size_value(d->header, "max_feature_idx", (1 << 24) - 2, &d->nfeatures) ||
        !size_value(d->header, "num_tree_per_iteration", MAX_OUTPUTS, &d->outputs) ||
        !d->outputs)
        return bad(d, "max_feature_idx or num_tree_per_iteration is missing or out of range");
    if (!d->tail.n)
        return bad(d, "\"end of trees\" is missing (truncated?)");
    d->nfeatures++;
    d->average = has_line(d->header, "average_output");
    d->objective = value_of(d->header, "objective");
    return MLP_OK;
}

enum mlp_code mlp_lgb_inputs(struct mlp_sk *s, struct mlp_str text, size_t *n,
                             const struct mlp_str **names)
{
    struct document d;
    *names = NULL;
    if (open_document(s, text, &d))
        return s->e->code;
    *n = d.nfeatures;
    struct mlp_str rest = value_of(d.header, "feature_names"), part;
    struct mlp_str *out = mlp_arena_array(s->keep, d.nfeatures, sizeof *out);
    size_t k = 0;
    if (!out)
        return mlp_err_nomem(s->e);
    while (rest.p && mlp_str_split(&rest, ' ', &part) && k < d.nfeatures) {
        out[k] = mlp_arena_str(s->keep, part);
        if (!out[k++].p)
            return mlp_err_nomem(s->e);
    }
    if (k != d.nfeatures)
        return bad(&d, "feature_names are not as many as features");
    *names = mlp_str_is(out[0], "Column_0") ? NULL : out;
    return MLP_OK;
}

/* --- trees --- */

/* Numbers between spaces. *n is their count; NULL without memory or for what is no number. */
static double *numbers(struct document *d, struct mlp_str list, size_t *n)
{
    size_t most = 0;
    struct mlp_str part, rest = list;
    for (size_t i = 0; i < list.n; i++)
        most += list.p[i] != ' ' && (i == 0 || list.p[i - 1] == ' ');
    double *out = mlp_arena_array(d->s->tmp, most, sizeof *out);
    *n = 0;
    if (!out)
        mlp_err_nomem(d->s->e);
    while (out && rest.p && mlp_str_split(&rest, ' ', &part)) {
        if (!part.n)
            continue;
        if (*n == most || !mlp_num_f64(part, &out[*n])) {
            bad(d, "a list holds something else than numbers");
            return NULL;
        }
        ++*n;
    }
    return out;
}

/* A list of a tree that must have `want` numbers. */
static enum mlp_code list(struct document *d, struct mlp_str tree, const char *key, size_t want,
                          const double **out)
{
    size_t n;
    *out = numbers(d, value_of(tree, key), &n);
    if (!*out)
        return d->s->e->code;
    return n == want ? MLP_OK : mlp_sk_bad(d->s, "LightGBM model: %s has %zu values, not %zu", key,
                                           n, want);
}

/* A tree in the text: leaves become nodes inner .. inner + leaves. */
struct text_tree {
    struct mlp_str text;
    size_t leaves, inner;
    const double *feature, *threshold, *decision, *left, *right, *value;
    size_t ncat;
    const double *boundaries, *bits;
    size_t nbits;
};

static enum mlp_code read_lists(struct document *d, struct text_tree *t)
{
    if (!size_value(t->text, "num_leaves", 1u << 28, &t->leaves) || !t->leaves)
        return bad(d, "num_leaves is missing or out of range");
    t->inner = t->leaves - 1;
    if (!size_value(t->text, "num_cat", 1u << 28, &t->ncat))
        t->ncat = 0;
    if (list(d, t->text, "leaf_value", t->leaves, &t->value))
        return d->s->e->code;
    if (t->inner == 0)
        return MLP_OK;
    if (list(d, t->text, "split_feature", t->inner, &t->feature) ||
        list(d, t->text, "threshold", t->inner, &t->threshold) ||
        list(d, t->text, "decision_type", t->inner, &t->decision) ||
        list(d, t->text, "left_child", t->inner, &t->left) ||
        list(d, t->text, "right_child", t->inner, &t->right))
        return d->s->e->code;
    if (t->ncat == 0)
        return MLP_OK;
    t->bits = numbers(d, value_of(t->text, "cat_threshold"), &t->nbits);
    return t->bits ? list(d, t->text, "cat_boundaries", t->ncat + 1, &t->boundaries)
                   : d->s->e->code;
}

struct arrays {
    int32_t *l, *r;
    uint32_t *f, *set, *id;
    double *threshold, *value, *cover;
    uint8_t *flags;
};

static enum mlp_code take_arrays(struct document *d, size_t n, struct arrays *a)
{
    struct mlp_arena *t = d->s->tmp;
    a->l = mlp_arena_array(t, n, sizeof *a->l);
    a->r = mlp_arena_array(t, n, sizeof *a->r);
    a->f = mlp_arena_array(t, n, sizeof *a->f);
    a->set = mlp_arena_array(t, n, sizeof *a->set);
    a->id = mlp_arena_array(t, n, sizeof *a->id);
    a->threshold = mlp_arena_array(t, n, sizeof *a->threshold);
    a->value = mlp_arena_array(t, n, sizeof *a->value);
    a->flags = mlp_arena_array(t, n, 1);
    bool ok = a->l && a->r && a->f && a->set && a->id && a->threshold && a->value && a->flags;
    return ok ? MLP_OK : mlp_err_nomem(d->s->e);
}

static int32_t child_of(const struct text_tree *t, double v)
{
    if (v < 0)
        v = (double)t->inner - v - 1;
    return v >= 0 && v < (double)(t->inner + t->leaves) ? (int32_t)v : INT32_MAX;
}

/* LightGBM drops what is at most this far from 0 from a row before trees see it (c_api.cpp:
 * kZeroThreshold), so that it compares as 0. Its thresholds around 0 are just this number. */
static double effective_threshold(double t)
{
    const double zero = (double)1e-35f;
    if (t >= -zero && t < 0)
        return nextafter(-zero, -(double)INFINITY);
    return t >= 0 && t < zero ? zero : t;
}

static uint8_t numeric_flags(unsigned decision)
{
    unsigned missing = decision >> 2 & 3, flags = 0;
    if (decision & 2)
        flags |= MLP_SPLIT_DEFAULT_LEFT;
    if (missing != 2)
        flags |= MLP_SPLIT_NAN_ZERO;
    if (missing == 1)
        flags |= MLP_SPLIT_ZERO_MISSING;
    /* Without missing values nothing looks at the default. */
    if (missing == 0)
        flags &= ~(unsigned)MLP_SPLIT_DEFAULT_LEFT;
    return (uint8_t)flags;
}

/* Words [boundaries[k], boundaries[k + 1]) of cat_threshold are the bits of set k. */
static enum mlp_code add_set(struct document *d, struct mlp_forest_builder *b,
                             const struct text_tree *t, double k, uint32_t *index)
{
    if (!(k >= 0 && k < (double)t->ncat))
        return bad(d, "a category set is out of range");
    double from = t->boundaries[(size_t)k], to = t->boundaries[(size_t)k + 1];
    if (!(from >= 0 && to >= from && to <= (double)t->nbits))
        return bad(d, "a category set is out of range");
    size_t words = (size_t)to - (size_t)from;
    uint32_t *bits = mlp_arena_array(d->s->tmp, words, sizeof *bits);
    if (!bits)
        return mlp_err_nomem(d->s->e);
    for (size_t i = 0; i < words; i++) {
        double w = t->bits[(size_t)from + i];
        bits[i] = w >= 0 && w <= (double)UINT32_MAX ? (uint32_t)w : 0;
    }
    return mlp_forest_add_set(b, bits, (uint32_t)(words * 32), index, d->s->e);
}

static enum mlp_code fill_arrays(struct document *d, struct mlp_forest_builder *b,
                                 const struct text_tree *t, struct arrays *a)
{
    for (size_t i = 0; i < t->inner; i++) {
        bool known = t->decision[i] >= 0 && t->decision[i] < 256;
        unsigned decision = known ? (unsigned)t->decision[i] : 0;
        bool ok = t->feature[i] >= 0 && t->feature[i] < (double)d->nfeatures;
        a->l[i] = child_of(t, t->left[i]);
        a->r[i] = child_of(t, t->right[i]);
        a->f[i] = ok ? (uint32_t)t->feature[i] : UINT32_MAX;
        a->threshold[i] = effective_threshold(t->threshold[i]);
        a->flags[i] = decision & 1 ? MLP_SPLIT_CATEGORIES | MLP_SPLIT_SET_LEFT | MLP_SPLIT_TRUNCATE
                                   : numeric_flags(decision);
        if (!known)
            return bad(d, "a decision_type is out of range");
        if ((decision & 1) && add_set(d, b, t, t->threshold[i], &a->set[i]))
            return d->s->e->code;
    }
    for (size_t i = 0; i < t->leaves; i++) {
        a->l[t->inner + i] = a->r[t->inner + i] = -1;
        a->id[t->inner + i] = (uint32_t)i;
        a->value[t->inner + i] = t->value[i];
    }
    return MLP_OK;
}

/* Training rows of every node. A tree that is one leaf does not tell, and needs none. */
static enum mlp_code fill_covers(struct document *d, const struct text_tree *t, struct arrays *a)
{
    const double *inner, *leaves;
    a->cover = mlp_arena_array(d->s->tmp, t->inner + t->leaves, sizeof *a->cover);
    if (!a->cover)
        return mlp_err_nomem(d->s->e);
    if (t->inner == 0)
        return MLP_OK;
    if (list(d, t->text, "internal_count", t->inner, &inner) ||
        list(d, t->text, "leaf_count", t->leaves, &leaves))
        return d->s->e->code;
    memcpy(a->cover, inner, t->inner * sizeof *inner);
    memcpy(a->cover + t->inner, leaves, t->leaves * sizeof *leaves);
    return MLP_OK;
}

static enum mlp_code add_tree(struct document *d, struct mlp_forest_builder *b,
                              struct mlp_str text, size_t number)
{
    struct text_tree t = {.text = text};
    struct arrays a = {.cover = NULL};
    if (read_lists(d, &t) || take_arrays(d, t.inner + t.leaves, &a) || fill_arrays(d, b, &t, &a) ||
        (b->spec.explain && fill_covers(d, &t, &a)))
        return d->s->e->code;
    d->any_linear |= mlp_str_is(value_of(text, "is_linear"), "1");
    struct mlp_tree tree = {.n = t.inner + t.leaves, .left = a.l, .right = a.r, .feature = a.f,
                            .set = a.set, .threshold = a.threshold, .flags = a.flags,
                            .value = a.value, .leaf_id = a.id, .cover = a.cover,
                            .output = (uint32_t)(number % d->outputs)};
    return mlp_forest_add(b, &tree, d->s->e);
}

/* The next "Tree=..." block of *rest; p NULL at the end. */
static struct mlp_str next_tree(struct mlp_str *rest)
{
    if (rest->n < 6)
        return (struct mlp_str){NULL, 0};
    struct mlp_str body = {rest->p + 1, rest->n - 1};
    return cut(body, "\nTree=", rest);
}

/* --- linear leaves --- */

struct linear {
    struct mlp_vec first, leaf, feature, coefficient;
};

static enum mlp_code add_terms(struct document *d, struct linear *l, struct mlp_str tree,
                               const double *counts, size_t leaves)
{
    size_t nf, nc, total = 0;
    const double *f = numbers(d, value_of(tree, "leaf_features"), &nf);
    const double *c = numbers(d, value_of(tree, "leaf_coeff"), &nc);
    if (!f || !c)
        return d->s->e->code;
    for (size_t i = 0; i < leaves; i++)
        total += counts[i] >= 0 && counts[i] <= (double)d->nfeatures ? (size_t)counts[i] : nf + 1;
    if (nf != nc || nf != total)
        return bad(d, "the leaves' linear terms do not fit");
    for (size_t i = 0; i < nf; i++) {
        uint32_t *feature = mlp_vec_push(&l->feature);
        double *coefficient = mlp_vec_push(&l->coefficient);
        if (!feature || !coefficient)
            return mlp_err_nomem(d->s->e);
        if (!(f[i] >= 0 && f[i] < (double)d->nfeatures))
            return bad(d, "a leaf's feature is out of range");
        *feature = (uint32_t)f[i];
        *coefficient = c[i];
    }
    return MLP_OK;
}

static enum mlp_code add_linear(struct document *d, struct linear *l, struct mlp_str tree)
{
    bool is = mlp_str_is(value_of(tree, "is_linear"), "1");
    uint32_t *first = mlp_vec_push(&l->first), from = (uint32_t)l->feature.n;
    const double *value, *constant = NULL, *counts = NULL;
    size_t leaves;
    if (!first)
        return mlp_err_nomem(d->s->e);
    *first = (uint32_t)l->leaf.n;
    if (!size_value(tree, "num_leaves", 1u << 28, &leaves) ||
        list(d, tree, "leaf_value", leaves, &value) ||
        (is && (list(d, tree, "leaf_const", leaves, &constant) ||
                list(d, tree, "num_features", leaves, &counts) ||
                add_terms(d, l, tree, counts, leaves))))
        return bad(d, "a linear tree cannot be read");
    for (size_t i = 0; i < leaves; i++) {
        struct mlp_linear_leaf *leaf = mlp_vec_push(&l->leaf);
        if (!leaf)
            return mlp_err_nomem(d->s->e);
        uint32_t n = is ? (uint32_t)counts[i] : 0;
        *leaf = (struct mlp_linear_leaf){is ? constant[i] : value[i], value[i], from, n};
        from += n;
    }
    return MLP_OK;
}

static void *keep(struct document *d, const struct mlp_vec *v)
{
    void *p = mlp_arena_array(d->s->keep, v->n, v->item);
    if (p && v->n)
        memcpy(p, v->p, v->n * v->item);
    if (!p)
        mlp_err_nomem(d->s->e);
    return p;
}

static enum mlp_code linear_node(struct document *d, const struct mlp_forest *f, struct mlp_cols x,
                                 struct mlp_cols *out)
{
    struct linear l;
    struct mlp_str rest = d->trees, tree;
    enum mlp_code code = MLP_OK;
    mlp_vec_init(&l.first, sizeof(uint32_t));
    mlp_vec_init(&l.leaf, sizeof(struct mlp_linear_leaf));
    mlp_vec_init(&l.feature, sizeof(uint32_t));
    mlp_vec_init(&l.coefficient, sizeof(double));
    while (!code && (tree = next_tree(&rest)).p)
        code = add_linear(d, &l, tree);
    struct mlp_linear_trees p = {f, keep(d, &l.first), keep(d, &l.leaf), keep(d, &l.feature),
                                 keep(d, &l.coefficient)};
    mlp_vec_fini(&l.first);
    mlp_vec_fini(&l.leaf);
    mlp_vec_fini(&l.feature);
    mlp_vec_fini(&l.coefficient);
    if (code || !p.first || !p.leaf || !p.feature || !p.coefficient)
        return d->s->e->code;
    void *params = mlp_sk_params(d->s, &p, sizeof p);
    return params ? mlp_sk_node(d->s, &mlp_op_linear_trees, params, x, d->outputs, out)
                  : d->s->e->code;
}

static enum mlp_code raw_scores(struct document *d, struct mlp_cols x, struct mlp_boost *out)
{
    struct mlp_forest_builder b;
    struct mlp_forest *f;
    struct mlp_str rest = d->trees, tree;
    enum mlp_code code = MLP_OK;
    struct mlp_forest_spec spec = {.nfeatures = (uint32_t)d->nfeatures,
                                   .noutputs = (uint32_t)d->outputs, .value_width = 1,
                                   .keep_leaf_ids = true, .explain = d->s->g->explain};
    mlp_forest_begin(&b, &spec, d->s->keep);
    for (; !code && out->ntrees < d->most && (tree = next_tree(&rest)).p; out->ntrees++)
        code = add_tree(d, &b, tree, out->ntrees);
    if (code) {
        mlp_forest_drop(&b);
        return code;
    }
    if (mlp_forest_end(&b, NULL, &f, d->s->e))
        return d->s->e->code;
    struct mlp_trees p = {f};
    void *params = mlp_sk_params(d->s, &p, sizeof p);
    if (!params || (out->ntrees && mlp_sk_node(d->s, &mlp_op_leaves, params, x, f->ntrees,
                                               &out->leaf)))
        return d->s->e->code;
    return d->any_linear ? linear_node(d, f, x, &out->margin)
                         : mlp_sk_node(d->s, &mlp_op_trees, params, x, d->outputs, &out->margin);
}

/* --- pandas categories --- */

/* Indices after "[categorical_feature: " of the parameters. */
static const double *category_columns(struct document *d, size_t *n)
{
    struct mlp_str rest, line;
    cut(d->tail, "[categorical_feature: ", &rest);
    *n = 0;
    double *out = mlp_arena_array(d->s->tmp, d->nfeatures, sizeof *out);
    if (!out || !mlp_str_split(&rest, '\n', &line) || line.n < 23)
        return out;
    line = (struct mlp_str){line.p + 22, mlp_str_find(line, ']') - 22};
    struct mlp_str part;
    while (*n < d->nfeatures && mlp_str_split(&line, ',', &part))
        if (mlp_num_f64(part, &out[*n]) && out[*n] >= 0 && out[*n] < (double)d->nfeatures)
            ++*n;
    return out;
}

/* Position in the list is the code: texts, or numbers (bools among them). */
static enum mlp_code code_column(struct document *d, const struct mlp_jval *list,
                                 struct mlp_col *column)
{
    struct mlp_sk *s = d->s;
    if (list->type == MLP_J_NUMBERS) {
        double *v = mlp_arena_array(s->keep, list->n, sizeof *v);
        if (!v)
            return mlp_err_nomem(s->e);
        if (list->n)
            memcpy(v, list->numbers, list->n * sizeof *v);
        return mlp_boost_code(s, mlp_dict_numbers(s->keep, v, list->n, -1), list->n, column);
    }
    struct mlp_str *t = mlp_arena_array(s->keep, list->n, sizeof *t);
    if (!t)
        return mlp_err_nomem(s->e);
    for (size_t i = 0; i < list->n; i++) {
        struct mlp_str text = mlp_jval_text(list->items[i]);
        t[i] = mlp_arena_str(s->keep, text);
        if (!text.p || !t[i].p)
            return bad(d, "pandas_categorical holds something else than texts");
    }
    return mlp_boost_code(s, mlp_dict_texts(s->keep, t, list->n, -1), list->n, column);
}

static enum mlp_code code_columns(struct document *d, struct mlp_cols *x)
{
    struct mlp_str rest, line;
    struct mlp_jval *root;
    struct mlp_cols out = {NULL, 0};
    size_t n;
    cut(d->tail, "\npandas_categorical:", &rest);
    if (rest.n < 20)
        return MLP_OK;
    rest = (struct mlp_str){rest.p + 20, rest.n - 20};
    if (!mlp_str_split(&rest, '\n', &line) || mlp_str_is(mlp_str_trim(line), "null") || !line.n)
        return MLP_OK;
    if (mlp_jdoc_json_exact(line, d->s->tmp, &root, d->s->e))
        return mlp_err_wrap(d->s->e, "pandas_categorical");
    const double *columns = category_columns(d, &n);
    if (!columns || mlp_cols_join(d->s->g, &out, x, d->s->e))
        return mlp_err_nomem(d->s->e);
    if (root->type != MLP_J_LIST)
        return MLP_OK;
    if (root->n != n)
        return bad(d, "pandas_categorical does not fit categorical_feature");
    for (size_t i = 0; i < n; i++)
        if (code_column(d, root->items[i], &out.p[(size_t)columns[i]]))
            return d->s->e->code;
    *x = out;
    return MLP_OK;
}

/* --- results --- */

/* A parameter of the objective: "binary sigmoid:1". */
static double parameter(const struct document *d, const char *name, double otherwise)
{
    struct mlp_str rest = d->objective, part;
    double v;
    size_t n = strlen(name);
    while (rest.p && mlp_str_split(&rest, ' ', &part))
        if (mlp_str_starts(part, name) && part.n > n + 1 && part.p[n] == ':' &&
            mlp_num_f64((struct mlp_str){part.p + n + 1, part.n - n - 1}, &v))
            return v;
    return otherwise;
}

static enum mlp_code class_labels(struct document *d, struct mlp_cols of, struct mlp_boost *out)
{
    if (mlp_sk_node(d->s, &mlp_op_argmax, NULL, of, 1, &out->label))
        return d->s->e->code;
    out->proba = of;
    return mlp_boost_labels(d->s, of.n, &out->labels);
}

static enum mlp_code sigmoid_results(struct document *d, struct mlp_cols score, bool binary,
                                     struct mlp_boost *out)
{
    struct mlp_sk *s = d->s;
    double k = parameter(d, "sigmoid", 1);
    if (binary && d->outputs != 1)
        return bad(d, "a binary objective with several scores");
    if ((k != 1 && mlp_sk_affine(s, score, k, 0, &score)) ||
        mlp_sk_map(s, MLP_FN_SIGMOID, score, &out->predict))
        return s->e->code;
    if (!binary)
        return d->outputs > 1 ? class_labels(d, out->predict, out) : MLP_OK;
    if (mlp_sk_node(s, &mlp_op_pair, NULL, out->predict, 2, &out->proba) ||
        mlp_boost_above(s, out->predict, 0.5, &out->label))
        return s->e->code;
    return mlp_boost_labels(s, 2, &out->labels);
}

/* Objectives whose prediction is the score itself. */
static enum mlp_code plain_results(struct document *d, struct mlp_str name, struct mlp_cols score,
                                   struct mlp_boost *out)
{
    static const char *const identity[] = {"regression", "regression_l1", "quantile", "huber",
                                           "fair", "mape", "lambdarank", "rank_xendcg", "custom",
                                           "none", NULL};
    out->predict = score;
    for (size_t i = 0; identity[i]; i++)
        if (mlp_str_is(name, identity[i]))
            return MLP_OK;
    return mlp_sk_bad(d->s, "LightGBM model: the objective %.*s is not known", MLP_STR_ARG(name));
}

static enum mlp_code results(struct document *d, struct mlp_cols score, struct mlp_boost *out)
{
    struct mlp_sk *s = d->s;
    struct mlp_str rest = d->objective, name = MLP_STR("custom");
    mlp_str_split(&rest, ' ', &name);
    bool root = rest.p && mlp_str_is(mlp_str_trim(rest), "sqrt");
    if (mlp_str_is(name, "binary"))
        return sigmoid_results(d, score, true, out);
    if (mlp_str_is(name, "multiclassova") || mlp_str_is(name, "cross_entropy"))
        return sigmoid_results(d, score, false, out);
    if (mlp_str_is(name, "multiclass"))
        return mlp_sk_node(s, &mlp_op_softmax, NULL, score, score.n, &out->predict)
                   ? s->e->code
                   : class_labels(d, out->predict, out);
    if (mlp_str_is(name, "poisson") || mlp_str_is(name, "gamma") || mlp_str_is(name, "tweedie"))
        return mlp_sk_map(s, MLP_FN_EXP, score, &out->predict);
    if (mlp_str_is(name, "cross_entropy_lambda"))
        return mlp_sk_map(s, MLP_FN_LOG1PEXP, score, &out->predict);
    /* The objectives that derive from L2 (regression_objective.hpp) know sqrt, but for huber. */
    if (root && !mlp_str_is(name, "huber"))
        return mlp_sk_map(s, MLP_FN_SIGNED_SQUARE, score, &out->predict);
    return plain_results(d, name, score, out);
}

/* Random forests average what predict transforms; the raw score stays the sum. */
static enum mlp_code averaged(struct document *d, const struct mlp_boost *out,
                              struct mlp_cols *score)
{
    struct mlp_scale p = {0};
    size_t rounds = out->ntrees / d->outputs;
    double *div = mlp_arena_array64(d->s->keep, d->outputs, sizeof *div);
    *score = out->margin;
    if (!d->average || rounds == 0)
        return MLP_OK;
    if (!div)
        return mlp_err_nomem(d->s->e);
    for (size_t i = 0; i < d->outputs; i++)
        div[i] = (double)rounds;
    p.div = div;
    void *params = mlp_sk_params(d->s, &p, sizeof p);
    return params ? mlp_sk_node(d->s, &mlp_op_scale, params, out->margin, d->outputs, score)
                  : d->s->e->code;
}

enum mlp_code mlp_lgb_read(struct mlp_sk *s, struct mlp_str text, struct mlp_cols x, size_t rounds,
                           struct mlp_boost *out)
{
    struct document d;
    struct mlp_cols score;
    memset(out, 0, sizeof *out);
    out->predict_kind = out->margin_kind = MLP_OUT_F64;
    out->margin_name = "raw";
    if (open_document(s, text, &d))
        return s->e->code;
    d.most = rounds ? rounds * d.outputs : SIZE_MAX;
    if (x.n != d.nfeatures)
        return bad(&d, "another number of features than flows in");
    if (code_columns(&d, &x) || raw_scores(&d, x, out) || averaged(&d, out, &score) ||
        results(&d, score, out))
        return s->e->code;
    return MLP_OK;
}
