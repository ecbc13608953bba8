/* ml_label.c: LabelEncoder and CategoryMapper of ai.onnx.ml: tables from keys to values (ml.h).
 *
 * Keys are sorted once, the first of equal keys wins, NaN equals NaN. */
#include "net/ml.h"
#include <math.h>
#include <stdlib.h>

/* A key or value in its widest form; which member counts is the table's kind. */
struct cell {
    double f;
    int64_t i;
    struct mlp_str s;
    size_t at;                   /* a key's place in the list */
};

/* Keys and values both ways round: CategoryMapper maps whichever kind comes to the other. */
struct table {
    enum mlp_dtype key, value;   /* of the widest form: DOUBLE, INT64 or STRING */
    enum mlp_dtype out;          /* as the output is typed */
    struct cell *keys;           /* sorted */
    struct cell *values;         /* by place in the list */
    struct cell dflt;
    size_t n;
};
struct tables {
    size_t n;
    struct table t[2];
};

static enum mlp_dtype widest(enum mlp_dtype t)
{
    if (t == MLP_DT_STRING)
        return t;
    return t == MLP_DT_FLOAT || t == MLP_DT_DOUBLE ? MLP_DT_DOUBLE : MLP_DT_INT64;
}

static struct cell cell_of(const struct mlp_tensor *t, size_t i)
{
    struct cell c = {.at = i, .s = MLP_STR("")};
    if (t->type == MLP_DT_STRING)
        c.s = t->str[i];
    else if (widest(t->type) == MLP_DT_DOUBLE)
        c.f = mlp_tensor_number(t, i);
    else
        c.i = mlp_tensor_integer(t, i);
    return c;
}

static int by_place(const struct cell *a, const struct cell *b)
{
    return (a->at > b->at) - (a->at < b->at);
}

static int compare_float(double a, double b)
{
    if (isnan(a) || isnan(b))
        return isnan(a) - isnan(b);
    return (a > b) - (a < b);
}

static int float_order(const void *pa, const void *pb)
{
    const struct cell *a = pa, *b = pb;
    int d = compare_float(a->f, b->f);
    return d ? d : by_place(a, b);
}

static int int_order(const void *pa, const void *pb)
{
    const struct cell *a = pa, *b = pb;
    int d = (a->i > b->i) - (a->i < b->i);
    return d ? d : by_place(a, b);
}

static int str_order(const void *pa, const void *pb)
{
    const struct cell *a = pa, *b = pb;
    int d = mlp_str_cmp(a->s, b->s);
    return d ? d : by_place(a, b);
}

/* The first key that is not before the one looked for, when it is equal. */
static const struct cell *find(const struct table *t, const struct cell *what)
{
    size_t lo = 0, hi = t->n;
    int (*order)(const void *, const void *) =
        t->key == MLP_DT_STRING ? str_order : t->key == MLP_DT_DOUBLE ? float_order : int_order;
    struct cell key = *what;
    key.at = 0;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (order(&t->keys[mid], &key) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    if (lo == t->n)
        return &t->dflt;
    key.at = t->keys[lo].at;
    return order(&t->keys[lo], &key) ? &t->dflt : &t->values[key.at];
}

/* --- building --- */

/* A list of a node as a tensor, whichever attribute holds it; type NONE when none does. */
static enum mlp_code list_of(struct mlp_net_build *b, const char *names[4], struct mlp_tensor *out)
{
    const struct mlp_tensor *t = NULL;
    const int64_t *ints;
    const float *floats;
    const struct mlp_str *strs;
    size_t ni, nf, ns;
    *out = (struct mlp_tensor){.rank = 1};
    if (mlp_net_attr_strs(b, names[0], &strs, &ns) || mlp_net_attr_ints(b, names[1], &ints, &ni) ||
        mlp_net_attr_floats(b, names[2], &floats, &nf) || mlp_net_attr_tensor(b, names[3], &t))
        return b->e->code;
    if (t) {
        *out = *t;
        return MLP_OK;
    }
    out->type = ns ? MLP_DT_STRING : ni ? MLP_DT_INT64 : nf ? MLP_DT_FLOAT : MLP_DT_NONE;
    out->n = ns ? ns : ni ? ni : nf;
    out->dims[0] = (int64_t)out->n;
    size_t size = mlp_dtype_size(out->type);
    out->data = mlp_arena_array64(b->arena, out->n + 1, size + 1);
    if (!out->data)
        return mlp_err_nomem(b->e);
    if (out->n)
        memcpy(out->data, ns ? (const void *)strs : ni ? (const void *)ints : floats,
               out->n * size);
    return MLP_OK;
}

static enum mlp_code build_table(struct mlp_net_build *b, struct table *t,
                                 const struct mlp_tensor *keys, const struct mlp_tensor *values)
{
    t->key = widest(keys->type);
    t->value = widest(values->type);
    t->out = values->type;
    t->n = keys->n;
    t->keys = mlp_arena_array(b->arena, t->n + 1, sizeof *t->keys);
    t->values = mlp_arena_array(b->arena, t->n + 1, sizeof *t->values);
    if (!t->keys || !t->values)
        return mlp_err_nomem(b->e);
    for (size_t i = 0; i < t->n; i++) {
        t->keys[i] = cell_of(keys, i);
        t->values[i] = cell_of(values, i);
    }
    qsort(t->keys, t->n, sizeof *t->keys,
          t->key == MLP_DT_STRING ? str_order : t->key == MLP_DT_DOUBLE ? float_order : int_order);
    return MLP_OK;
}

/* What a key that is not in the table becomes. */
static enum mlp_code read_default(struct mlp_net_build *b, struct cell *dflt)
{
    const struct mlp_tensor *t = NULL;
    float f;
    if (mlp_net_attr_str(b, "default_string", "_Unused", &dflt->s) ||
        mlp_net_attr_int(b, "default_int64", -1, &dflt->i) ||
        mlp_net_attr_float(b, "default_float", -0.0f, &f) ||
        mlp_net_attr_tensor(b, "default_tensor", &t))
        return b->e->code;
    dflt->f = (double)f;
    if (t && t->n)
        *dflt = cell_of(t, 0);
    return MLP_OK;
}

/* Texts to their numbers and back: the first version of LabelEncoder, and CategoryMapper. */
static enum mlp_code build_both(struct mlp_net_build *b, struct tables *t,
                                const struct mlp_tensor *strs, const struct mlp_tensor *ints)
{
    t->n = 2;
    if (strs->n != ints->n)
        return mlp_net_bad(b, "there are %zu texts but %zu numbers", strs->n, ints->n);
    if (build_table(b, &t->t[0], strs, ints) || build_table(b, &t->t[1], ints, strs) ||
        read_default(b, &t->t[0].dflt))
        return b->e->code;
    t->t[1].dflt = t->t[0].dflt;
    return MLP_OK;
}

static enum mlp_code encoder_v1(struct mlp_net_build *b, struct tables *t)
{
    struct mlp_tensor strs, ints;
    const char *names[4] = {"classes_strings", "", "", ""};
    if (list_of(b, names, &strs))
        return b->e->code;
    int64_t dims[1] = {(int64_t)strs.n};
    if (mlp_tensor_make(&ints, b->arena, MLP_DT_INT64, 1, dims, b->e))
        return b->e->code;
    for (size_t i = 0; i < ints.n; i++)
        ints.i64[i] = (int64_t)i;
    if (!strs.n)
        return mlp_net_bad(b, "classes_strings is missing");
    return build_both(b, t, &strs, &ints);
}

enum mlp_code mlp_label_encoder_prepare(struct mlp_net_build *b, const void **params)
{
    const char *key_names[4] = {"keys_strings", "keys_int64s", "keys_floats", "keys_tensor"};
    const char *value_names[4] = {"values_strings", "values_int64s", "values_floats",
                                  "values_tensor"};
    struct mlp_tensor keys, values;
    void *p;
    if (mlp_net_params(b, sizeof(struct tables), &p))
        return b->e->code;
    struct tables *t = p;
    *params = t;
    if (b->opset < 2)
        return encoder_v1(b, t);
    if (list_of(b, key_names, &keys) || list_of(b, value_names, &values))
        return b->e->code;
    if (keys.n != values.n || !keys.type || !values.type)
        return mlp_net_bad(b, "there are %zu keys but %zu values", keys.n, values.n);
    t->n = 1;
    if (build_table(b, &t->t[0], &keys, &values))
        return b->e->code;
    return read_default(b, &t->t[0].dflt);
}

enum mlp_code mlp_category_prepare(struct mlp_net_build *b, const void **params)
{
    const char *strs_names[4] = {"cats_strings", "", "", ""};
    const char *ints_names[4] = {"", "cats_int64s", "", ""};
    struct mlp_tensor strs, ints;
    void *p;
    if (mlp_net_params(b, sizeof(struct tables), &p))
        return b->e->code;
    *params = p;
    if (list_of(b, strs_names, &strs) || list_of(b, ints_names, &ints))
        return b->e->code;
    if (!strs.n || !ints.n)
        return mlp_net_bad(b, "cats_strings and cats_int64s are missing");
    return build_both(b, p, &strs, &ints);
}

/* --- running --- */

static void put_int(struct mlp_tensor *t, size_t i, int64_t v)
{
    switch (mlp_dtype_size(t->type)) {
    case 1:
        t->i8[i] = (int8_t)v;
        return;
    case 2:
        t->i16[i] = (int16_t)v;
        return;
    case 4:
        t->i32[i] = (int32_t)v;
        return;
    default:
        t->i64[i] = v;
    }
}

static void put(struct mlp_tensor *t, size_t i, const struct cell *v)
{
    if (t->type == MLP_DT_STRING)
        t->str[i] = v->s;
    else if (t->type == MLP_DT_FLOAT)
        t->f32[i] = (float)v->f;
    else if (t->type == MLP_DT_DOUBLE)
        t->f64[i] = v->f;
    else
        put_int(t, i, v->i);
}

enum mlp_code mlp_label_run(const struct mlp_net_call *c)
{
    const struct tables *all = c->node->params;
    const struct mlp_tensor *x = c->in[0];
    const struct table *t = NULL;
    for (size_t i = 0; i < all->n && !t; i++)
        if (all->t[i].key == widest(x->type))
            t = &all->t[i];
    if (!t)
        return mlp_net_bad_type(c, 0);
    if (mlp_tensor_like(&c->out[0], c->arena, t->out, x, c->e))
        return c->e->code;
    for (size_t i = 0; i < x->n; i++) {
        struct cell key = cell_of(x, i);
        put(&c->out[0], i, find(t, &key));
    }
    return MLP_OK;
}
