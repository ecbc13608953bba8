/* xgboost_binary.c: the binary files that XGBoost wrote by default until 1.x and on request until
 * 3.0 (".deprecated"), as the document that its JSON would be.
 *
 * Little-endian C structures one after another, from XGBoost 1.7.6: src/learner.cc
 * (LearnerModelParamLegacy, LoadModel), src/gbm/gbtree_model.h, src/gbm/gblinear_model.h,
 * include/xgboost/tree_model.h (TreeParam, Node, RTreeNodeStat). */
#include "model/xgboost_binary.h"
#include <math.h>

#define LEARNER_BYTES 136
#define FOREST_BYTES 160
#define TREE_BYTES 148
#define LINEAR_BYTES 136
#define NODE_BYTES 20
#define STAT_BYTES 16
#define MAX_ATTRIBUTES 10000

struct reader {
    struct mlp_str bytes;
    size_t pos;
    struct mlp_arena *arena;
    struct mlp_err *e;
};

static enum mlp_code bad(struct reader *r, const char *what)
{
    mlp_err_set(r->e, MLP_EINPUT, "XGBoost binary: %s", what);
    return mlp_err_at_byte(r->e, r->pos);
}

static uint64_t little(const char *p, size_t n)
{
    uint64_t v = 0;
    for (size_t i = n; i-- > 0;)
        v = v << 8 | (unsigned char)p[i];
    return v;
}

static uint32_t u32(const char *p)
{
    return (uint32_t)little(p, 4);
}

static double f32(const char *p)
{
    uint32_t u = u32(p);
    float f;
    memcpy(&f, &u, sizeof f);
    return (double)f;
}

static enum mlp_code take(struct reader *r, uint64_t n, const char **p)
{
    *p = NULL;
    if (n > r->bytes.n - r->pos)
        return bad(r, "the file ends early (truncated?)");
    *p = r->bytes.p + r->pos;
    r->pos += (size_t)n;
    return MLP_OK;
}

/* A count of things of `size` bytes, and those bytes. */
static enum mlp_code take_counted(struct reader *r, size_t size, uint64_t *n, const char **p)
{
    const char *count;
    if (take(r, 8, &count))
        return r->e->code;
    *n = little(count, 8);
    if (*n > r->bytes.n / size)
        return bad(r, "a length that passes the end of the file");
    return take(r, *n * size, p);
}

static enum mlp_code take_text(struct reader *r, struct mlp_str *out)
{
    uint64_t n;
    const char *p;
    if (take_counted(r, 1, &n, &p))
        return r->e->code;
    *out = (struct mlp_str){p, (size_t)n};
    return mlp_str_utf8(*out) ? MLP_OK : bad(r, "a text is not UTF-8");
}

/* --- members of the document --- */

static struct mlp_jval *add(struct reader *r, struct mlp_jval *map, struct mlp_str key,
                            enum mlp_jtype type)
{
    struct mlp_jval *v = mlp_arena_alloc(r->arena, sizeof *v), **end = &map->child;
    if (!v) {
        mlp_err_nomem(r->e);
        return NULL;
    }
    *v = (struct mlp_jval){.type = type, .key = key};
    while (*end)
        end = &(*end)->next;
    *end = v;
    return v;
}

static struct mlp_jval *add_map(struct reader *r, struct mlp_jval *map, const char *key)
{
    return add(r, map, mlp_str_from(key), MLP_J_MAP);
}

static enum mlp_code add_number(struct reader *r, struct mlp_jval *map, const char *key, double n)
{
    struct mlp_jval *v = add(r, map, mlp_str_from(key), MLP_J_NUMBER);
    if (v)
        v->number = n;
    return v ? MLP_OK : r->e->code;
}

static enum mlp_code add_text(struct reader *r, struct mlp_jval *map, struct mlp_str key,
                              struct mlp_str text)
{
    struct mlp_jval *v = add(r, map, key, MLP_J_TEXT);
    if (v)
        v->text = text;
    return v ? MLP_OK : r->e->code;
}

/* An array of n numbers to fill; NULL without memory. */
static double *add_numbers(struct reader *r, struct mlp_jval *map, const char *key, size_t n)
{
    struct mlp_jval *v = add(r, map, mlp_str_from(key), MLP_J_NUMBERS);
    double *numbers = v ? mlp_arena_array(r->arena, n, sizeof *numbers) : NULL;
    if (!numbers) {
        mlp_err_nomem(r->e);
        return NULL;
    }
    v->n = n;
    v->numbers = numbers;
    return numbers;
}

/* Counted float32 numbers as a member. */
static enum mlp_code read_floats(struct reader *r, struct mlp_jval *map, const char *key)
{
    uint64_t n;
    const char *p;
    if (take_counted(r, 4, &n, &p))
        return r->e->code;
    double *out = add_numbers(r, map, key, (size_t)n);
    for (size_t i = 0; out && i < n; i++)
        out[i] = f32(p + 4 * i);
    return out ? MLP_OK : r->e->code;
}

/* --- boosters --- */

/* Node: parent, left, right, feature with the default direction as its highest bit, then the
 * split's condition or the leaf's value. Statistics: gain, hessian, weight, children. */
static enum mlp_code read_nodes(struct reader *r, struct mlp_jval *tree, size_t n)
{
    const char *node, *stat;
    if (take(r, (uint64_t)n * NODE_BYTES, &node) || take(r, (uint64_t)n * STAT_BYTES, &stat))
        return r->e->code;
    double *left = add_numbers(r, tree, "left_children", n);
    double *right = add_numbers(r, tree, "right_children", n);
    double *feature = add_numbers(r, tree, "split_indices", n);
    double *condition = add_numbers(r, tree, "split_conditions", n);
    double *missing = add_numbers(r, tree, "default_left", n);
    double *cover = add_numbers(r, tree, "sum_hessian", n);
    if (!left || !right || !feature || !condition || !missing || !cover)
        return r->e->code;
    for (size_t i = 0; i < n; i++, node += NODE_BYTES, stat += STAT_BYTES) {
        left[i] = (double)(int32_t)u32(node + 4);
        right[i] = (double)(int32_t)u32(node + 8);
        feature[i] = (double)(u32(node + 12) & 0x7fffffffu);
        missing[i] = (double)(u32(node + 12) >> 31);
        condition[i] = f32(node + 16);
        cover[i] = f32(stat + 4);
    }
    return MLP_OK;
}

static enum mlp_code read_tree(struct reader *r, struct mlp_jval **out)
{
    struct mlp_jval *tree = mlp_arena_alloc(r->arena, sizeof *tree);
    const char *p;
    if (!tree)
        return mlp_err_nomem(r->e);
    *tree = (struct mlp_jval){.type = MLP_J_MAP};
    *out = tree;
    if (take(r, TREE_BYTES, &p))
        return r->e->code;
    if (u32(p + 20) > 1)
        return bad(r, "trees with vector leaves, which no release wrote");
    return read_nodes(r, tree, u32(p + 4));
}

static enum mlp_code read_trees(struct reader *r, struct mlp_jval *model, size_t n)
{
    struct mlp_jval *list = add(r, model, MLP_STR("trees"), MLP_J_LIST);
    struct mlp_jval **trees = mlp_arena_array(r->arena, n, sizeof *trees);
    double *info = add_numbers(r, model, "tree_info", n);
    const char *p;
    if (!list || !trees || !info)
        return mlp_err_nomem(r->e);
    for (size_t i = 0; i < n; i++)
        if (read_tree(r, &trees[i]))
            return r->e->code;
    list->n = n;
    list->items = trees;
    if (take(r, 4 * (uint64_t)n, &p))
        return r->e->code;
    for (size_t i = 0; i < n; i++)
        info[i] = (double)u32(p + 4 * i);
    return MLP_OK;
}

static enum mlp_code read_forest(struct reader *r, struct mlp_jval *booster, bool dart)
{
    const char *p;
    struct mlp_jval *model = add_map(r, booster, "model");
    struct mlp_jval *param = model ? add_map(r, model, "gbtree_model_param") : NULL;
    if (!param || take(r, FOREST_BYTES, &p))
        return r->e->code;
    size_t n = u32(p);
    if (n > (r->bytes.n - r->pos) / TREE_BYTES)
        return bad(r, "more trees than the file has room for");
    if (add_number(r, param, "num_parallel_tree", (double)u32(p + 4)) || read_trees(r, model, n))
        return r->e->code;
    return dart && n ? read_floats(r, booster, "weight_drop") : MLP_OK;
}

static enum mlp_code read_booster(struct reader *r, struct mlp_jval *learner)
{
    struct mlp_jval *booster = add_map(r, learner, "gradient_booster"), *model;
    struct mlp_str name;
    const char *p;
    if (!booster || take_text(r, &name) || add_text(r, booster, MLP_STR("name"), name))
        return r->e->code;
    if (mlp_str_is(name, "gbtree") || mlp_str_is(name, "dart"))
        return read_forest(r, booster, mlp_str_is(name, "dart"));
    if (!mlp_str_is(name, "gblinear"))
        return bad(r, "the booster is not known");
    model = add_map(r, booster, "model");
    if (!model || take(r, LINEAR_BYTES, &p))
        return r->e->code;
    return read_floats(r, model, "weights");
}

/* --- learner --- */

/* Releases before 1.0 wrote no version, and base scores as margins but for several classes. */
static enum mlp_code read_params(struct reader *r, struct mlp_jval *root, struct mlp_jval *learner,
                                 bool *has_attributes)
{
    const char *p;
    char text[32];
    struct mlp_jval *param = add_map(r, learner, "learner_model_param");
    double *version = add_numbers(r, root, "version", 3);
    if (!param || !version || take(r, LEARNER_BYTES, &p))
        return r->e->code;
    snprintf(text, sizeof text, "%.9g", f32(p));
    struct mlp_str base = mlp_arena_str(r->arena, mlp_str_from(text));
    uint32_t targets = u32(p + 28);
    version[0] = u32(p + 20);
    version[1] = u32(p + 24);
    *has_attributes = u32(p + 12) != 0;
    if (!base.p)
        return mlp_err_nomem(r->e);
    if (!isfinite(f32(p)))
        return bad(r, "base_score is no number");
    if (version[0] < 1 && add_number(r, param, "base_is_margin", 1))
        return r->e->code;
    if (add_text(r, param, MLP_STR("base_score"), base) ||
        add_number(r, param, "num_feature", u32(p + 4)) ||
        add_number(r, param, "num_class", u32(p + 8)) ||
        add_number(r, param, "num_target", targets ? targets : 1))
        return r->e->code;
    return MLP_OK;
}

static enum mlp_code read_attributes(struct reader *r, struct mlp_jval *learner)
{
    struct mlp_jval *map = add_map(r, learner, "attributes");
    const char *p;
    struct mlp_str key, text;
    if (!map || take(r, 8, &p))
        return r->e->code;
    uint64_t n = little(p, 8);
    if (n > MAX_ATTRIBUTES)
        return bad(r, "too many attributes");
    for (uint64_t i = 0; i < n; i++)
        if (take_text(r, &key) || take_text(r, &text) || add_text(r, map, key, text))
            return r->e->code;
    return MLP_OK;
}

/* What follows the attributes says how the model was evaluated. */
static enum mlp_code read_learner(struct reader *r, struct mlp_jval *root)
{
    struct mlp_jval *learner = add_map(r, root, "learner");
    struct mlp_jval *objective = learner ? add_map(r, learner, "objective") : NULL;
    struct mlp_str name;
    bool attributes = false;
    if (!objective || read_params(r, root, learner, &attributes) || take_text(r, &name) ||
        add_text(r, objective, MLP_STR("name"), name) || read_booster(r, learner))
        return r->e->code;
    return attributes ? read_attributes(r, learner) : MLP_OK;
}

enum mlp_code mlp_jdoc_xgboost_binary(struct mlp_str bytes, struct mlp_arena *a,
                                      struct mlp_jval **root, struct mlp_err *e)
{
    struct reader r = {.bytes = bytes, .arena = a, .e = e};
    *root = mlp_arena_alloc(a, sizeof **root);
    if (!*root)
        return mlp_err_nomem(e);
    **root = (struct mlp_jval){.type = MLP_J_MAP};
    r.pos = mlp_str_starts(bytes, "binf") ? 4 : 0;
    return read_learner(&r, *root);
}

bool mlp_is_xgboost_binary(struct mlp_str b)
{
    size_t at = mlp_str_starts(b, "binf") ? 4 : 0;
    if (b.n < at + LEARNER_BYTES + 16)
        return false;
    const char *p = b.p + at + LEARNER_BYTES;
    uint64_t n = little(p, 8);
    if (n < 4 || n > 64 || b.n < at + LEARNER_BYTES + 16 + n)
        return false;
    for (size_t i = 0; i < n; i++)
        if (!memchr("abcdefghijklmnopqrstuvwxyz:_", p[8 + i], 28))
            return false;
    return memchr(p + 8, ':', (size_t)n) != NULL;
}
