/* map.c: CastMap and DictVectorizer of ai.onnx.ml: a map from keys to values as a row. */
#include <stdlib.h>

#include "net/cast.h"
#include "net/element.h"
#include "net/ml.h"

struct map_params {
    enum mlp_dtype to;           /* CastMap */
    int64_t width;               /* of a sparse map's row; -1: dense */
    struct mlp_tensor vocabulary; /* DictVectorizer: keys of the columns */
};

static const struct mlp_tensor *keys_of(const struct mlp_net_call *c)
{
    return &c->in[0]->items[0];
}

static const struct mlp_tensor *values_of(const struct mlp_net_call *c)
{
    return &c->in[0]->items[1];
}

/* A row of so many values, zeros or empty texts. */
static enum mlp_code make_row(const struct mlp_net_call *c, enum mlp_dtype type, int64_t width)
{
    const int64_t dims[2] = {1, width};
    struct mlp_tensor *y = &c->out[0];
    if (mlp_tensor_make(y, c->arena, type, 2, dims, c->e))
        return c->e->code;
    for (size_t i = 0; i < y->n; i++)
        mlp_tensor_set_integer(y, i, 0);
    return MLP_OK;
}

/* --- CastMap --- */

static enum mlp_code prepare_cast_map(struct mlp_net_build *b, const void **params)
{
    static const char *const names[] = {"TO_FLOAT", "TO_STRING", "TO_INT64"};
    static const enum mlp_dtype types[] = {MLP_DT_FLOAT, MLP_DT_STRING, MLP_DT_INT64};
    struct mlp_str to, form;
    int64_t width;
    void *made;
    if (mlp_net_params(b, sizeof(struct map_params), &made))
        return b->e->code;
    struct map_params *p = made;
    *params = p;
    if (mlp_net_attr_str(b, "cast_to", "TO_FLOAT", &to) ||
        mlp_net_attr_str(b, "map_form", "DENSE", &form) ||
        mlp_net_attr_int(b, "max_map", 1, &width))
        return b->e->code;
    for (int i = 0; i < 3; i++)
        if (mlp_str_is(to, names[i]))
            p->to = types[i];
    bool sparse = mlp_str_is(form, "SPARSE");
    p->width = sparse ? width : -1;
    if (!p->to || (!sparse && !mlp_str_is(form, "DENSE")) || (sparse && width < 1))
        return mlp_net_bad(b, "cast_to, map_form or max_map that makes no sense");
    return MLP_OK;
}

struct entry {
    int64_t key;
    size_t at;
};

static int by_key(const void *pa, const void *pb)
{
    const struct entry *a = pa, *b = pb;
    return (a->key > b->key) - (a->key < b->key);
}

/* Values side by side by ascending key, or at the place that the key is. */
static enum mlp_code run_cast_map(const struct mlp_net_call *c)
{
    const struct map_params *p = c->node->params;
    if (c->in[0]->type != MLP_DT_MAP || keys_of(c)->type != MLP_DT_INT64)
        return mlp_net_bad_type(c, 0);
    size_t n = keys_of(c)->n;
    struct entry *entries = mlp_arena_array(c->arena, n, sizeof *entries);
    if (!entries)
        return mlp_err_nomem(c->e);
    if (make_row(c, p->to, p->width < 0 ? (int64_t)n : p->width))
        return c->e->code;
    for (size_t i = 0; i < n; i++)
        entries[i] = (struct entry){keys_of(c)->i64[i], i};
    qsort(entries, n, sizeof *entries, by_key);
    for (size_t i = 0; i < n; i++) {
        int64_t at = p->width < 0 ? (int64_t)i : entries[i].key;
        if (at < 0 || (size_t)at >= c->out[0].n)
            return mlp_net_fail(c, "key %lld of a row of %zu", (long long)at, c->out[0].n);
        if (mlp_cast_element(c, values_of(c), entries[i].at, &c->out[0], (size_t)at))
            return c->e->code;
    }
    return MLP_OK;
}

/* --- DictVectorizer --- */

static enum mlp_code prepare_dict(struct mlp_net_build *b, const void **params)
{
    const struct mlp_str *texts;
    const int64_t *numbers;
    size_t ntexts, nnumbers;
    void *made;
    if (mlp_net_params(b, sizeof(struct map_params), &made) ||
        mlp_net_attr_strs(b, "string_vocabulary", &texts, &ntexts) ||
        mlp_net_attr_ints(b, "int64_vocabulary", &numbers, &nnumbers))
        return b->e->code;
    struct map_params *p = made;
    int64_t n = (int64_t)(ntexts ? ntexts : nnumbers);
    *params = p;
    if (!ntexts == !nnumbers)
        return mlp_net_bad(b, "it needs one vocabulary, of texts or of integers");
    if (mlp_tensor_make(&p->vocabulary, b->arena, ntexts ? MLP_DT_STRING : MLP_DT_INT64, 1, &n,
                        b->e))
        return b->e->code;
    for (size_t i = 0; i < (size_t)n; i++)
        if (ntexts)
            p->vocabulary.str[i] = texts[i];
        else
            p->vocabulary.i64[i] = numbers[i];
    return MLP_OK;
}

static bool same_key(const struct mlp_tensor *a, size_t i, const struct mlp_tensor *b, size_t j)
{
    return a->type == MLP_DT_STRING ? mlp_str_eq(a->str[i], b->str[j]) : a->i64[i] == b->i64[j];
}

static enum mlp_code run_dict(const struct mlp_net_call *c)
{
    const struct map_params *p = c->node->params;
    if (c->in[0]->type != MLP_DT_MAP || keys_of(c)->type != p->vocabulary.type)
        return mlp_net_bad_type(c, 0);
    if (make_row(c, values_of(c)->type, (int64_t)p->vocabulary.n))
        return c->e->code;
    for (size_t i = 0; i < p->vocabulary.n; i++)
        for (size_t k = 0; k < keys_of(c)->n; k++)
            if (same_key(&p->vocabulary, i, keys_of(c), k))
                mlp_tensor_copy_element(&c->out[0], i, values_of(c), k);
    return MLP_OK;
}

const struct mlp_net_op mlp_net_map[] = {
    {"ai.onnx.ml", "CastMap", 1, 0, 1, 1, 1, prepare_cast_map, run_cast_map},
    {"ai.onnx.ml", "DictVectorizer", 1, 0, 1, 1, 1, prepare_dict, run_dict},
    {0}};
