/* jdoc.c: the tree's accessors and the JSON reader (jdoc.h). */
#include "model/jdoc.h"
#include "base/vec.h"
#include "model/jdoc_build.h"
#include "text/json.h"
#include "text/num.h"
#include <math.h>

const struct mlp_jval *mlp_jval_get(const struct mlp_jval *map, const char *key)
{
    if (!map || map->type != MLP_J_MAP)
        return NULL;
    for (const struct mlp_jval *v = map->child; v; v = v->next)
        if (mlp_str_is(v->key, key))
            return v;
    return NULL;
}

double mlp_jval_num(const struct mlp_jval *v, double otherwise)
{
    float f;
    if (v && v->type == MLP_J_NUMBER)
        return v->number;
    if (v && v->type == MLP_J_TEXT && mlp_num_f32(v->text, &f))
        return (double)f;
    return otherwise;
}

struct mlp_str mlp_jval_text(const struct mlp_jval *v)
{
    return v && v->type == MLP_J_TEXT ? v->text : (struct mlp_str){NULL, 0};
}

/* --- building (jdoc_build.h) --- */

void mlp_jbuild_init(struct mlp_jbuild *b, struct mlp_arena *a, struct mlp_err *e)
{
    b->arena = a;
    b->e = e;
    mlp_vec_init(&b->numbers, sizeof(double));
    mlp_vec_init(&b->items, sizeof(struct mlp_jval *));
}

void mlp_jbuild_fini(struct mlp_jbuild *b)
{
    mlp_vec_fini(&b->numbers);
    mlp_vec_fini(&b->items);
}

struct mlp_jval *mlp_jbuild_new(struct mlp_jbuild *b, enum mlp_jtype type)
{
    struct mlp_jval *v = mlp_arena_alloc(b->arena, sizeof *v);
    if (v)
        v->type = type;
    else
        mlp_err_nomem(b->e);
    return v;
}

enum mlp_code mlp_jbuild_number(struct mlp_jbuild *b, double v)
{
    double *slot = mlp_vec_push(&b->numbers);
    if (!slot)
        return mlp_err_nomem(b->e);
    *slot = v;
    return MLP_OK;
}

enum mlp_code mlp_jbuild_item(struct mlp_jbuild *b, struct mlp_jval *v)
{
    struct mlp_jval **slot = mlp_vec_push(&b->items);
    if (!slot)
        return mlp_err_nomem(b->e);
    *slot = v;
    return MLP_OK;
}

enum mlp_code mlp_jbuild_array(struct mlp_jbuild *b, struct mlp_jmark from, struct mlp_jval **out)
{
    size_t nn = b->numbers.n - from.numbers, ni = b->items.n - from.items;
    struct mlp_jval *v = mlp_jbuild_new(b, ni ? MLP_J_LIST : MLP_J_NUMBERS);
    if (!v)
        return b->e->code;
    if (nn && ni)
        return mlp_err_set(b->e, MLP_EINPUT, "an array mixes numbers with something else");
    void *p = ni ? mlp_arena_array(b->arena, ni, sizeof(struct mlp_jval *))
                 : mlp_arena_array(b->arena, nn, sizeof(double));
    if (!p)
        return mlp_err_nomem(b->e);
    if (ni)
        memcpy(p, (struct mlp_jval **)b->items.p + from.items, ni * sizeof(struct mlp_jval *));
    else if (nn)
        memcpy(p, (double *)b->numbers.p + from.numbers, nn * sizeof(double));
    v->n = ni ? ni : nn;
    v->items = ni ? p : NULL;
    v->numbers = ni ? NULL : p;
    b->numbers.n = from.numbers;
    b->items.n = from.items;
    *out = v;
    return MLP_OK;
}

/* --- JSON --- */

/* XGBoost's own depth is 6; CatBoost nests as deep as its trees. */
#define MAX_DEPTH 256

struct reader {
    struct mlp_json j;
    struct mlp_jbuild b;
    bool exact;
    struct mlp_err *e;
};

/* Whole numbers stay exact; what has a point or an exponent was a float32. */
static enum mlp_code parse_number(struct reader *r, struct mlp_str raw, double *out)
{
    bool whole = true;
    for (size_t i = 0; !r->exact && i < raw.n; i++)
        whole &= (raw.p[i] >= '0' && raw.p[i] <= '9') || raw.p[i] == '-';
    float f = 0;
    if (mlp_str_is(raw, "NaN"))
        *out = NAN;
    else if (mlp_str_is(raw, "Infinity") || mlp_str_is(raw, "-Infinity"))
        *out = raw.p[0] == '-' ? -(double)INFINITY : (double)INFINITY;
    else if (whole ? !mlp_num_f64(raw, out) : !mlp_num_f32(raw, &f))
        return mlp_err_set(r->e, MLP_EINPUT, "a number cannot be read");
    else if (!whole)
        *out = (double)f;
    return MLP_OK;
}

static enum mlp_code parse_text(struct reader *r, const struct mlp_json_token *t,
                                struct mlp_str *out)
{
    *out = t->raw.p ? t->raw : MLP_STR("");
    if (!t->escaped)
        return MLP_OK;
    struct mlp_buf b;
    mlp_buf_init(&b, t->raw.n + 16);
    mlp_json_unescape(t->raw, &b);
    *out = mlp_arena_str(r->b.arena, mlp_buf_str(&b));
    bool ok = !b.failed && out->p;
    mlp_buf_fini(&b);
    return ok ? MLP_OK : mlp_err_nomem(r->e);
}

static enum mlp_code value(struct reader *r, const struct mlp_json_token *t,
                           struct mlp_jval **out);

/* A number that follows another thing in its array is a value like that. */
static enum mlp_code add_number(struct reader *r, struct mlp_jmark from, double number)
{
    if (r->b.items.n == from.items)
        return mlp_jbuild_number(&r->b, number);
    struct mlp_jval *v = mlp_jbuild_new(&r->b, MLP_J_NUMBER);
    if (!v)
        return r->e->code;
    v->number = number;
    return mlp_jbuild_item(&r->b, v);
}

/* So are the numbers before it. */
static enum mlp_code add_item(struct reader *r, struct mlp_jmark from, struct mlp_jval *v)
{
    for (size_t i = from.numbers; i < r->b.numbers.n; i++) {
        struct mlp_jval *n = mlp_jbuild_new(&r->b, MLP_J_NUMBER);
        if (!n)
            return r->e->code;
        n->number = *(const double *)mlp_vec_at(&r->b.numbers, i);
        if (mlp_jbuild_item(&r->b, n))
            return r->e->code;
    }
    r->b.numbers.n = from.numbers;
    return mlp_jbuild_item(&r->b, v);
}

static enum mlp_code array(struct reader *r, struct mlp_jval **out)
{
    struct mlp_jmark from = {r->b.numbers.n, r->b.items.n};
    struct mlp_json_token t;
    for (;;) {
        double number = 0;
        struct mlp_jval *v;
        if (mlp_json_next(&r->j, &t, r->e))
            return r->e->code;
        if (t.type == MLP_JSON_ARRAY_END)
            return mlp_jbuild_array(&r->b, from, out);
        if (t.type == MLP_JSON_NUMBER) {
            if (parse_number(r, t.raw, &number) || add_number(r, from, number))
                return r->e->code;
        } else if (t.type == MLP_JSON_TRUE || t.type == MLP_JSON_FALSE) {
            if (add_number(r, from, t.type == MLP_JSON_TRUE))
                return r->e->code;
        } else if (value(r, &t, &v) || add_item(r, from, v)) {
            return r->e->code;
        }
    }
}

static enum mlp_code map(struct reader *r, struct mlp_jval **out)
{
    struct mlp_jval *m = mlp_jbuild_new(&r->b, MLP_J_MAP), *last = NULL;
    if (!m)
        return r->e->code;
    *out = m;
    for (;;) {
        struct mlp_json_token key, t;
        struct mlp_jval *v;
        struct mlp_str name;
        if (mlp_json_next(&r->j, &key, r->e) || key.type == MLP_JSON_OBJECT_END)
            return r->e->code;
        if (parse_text(r, &key, &name) || mlp_json_next(&r->j, &t, r->e) || value(r, &t, &v))
            return r->e->code;
        v->key = name;
        if (last)
            last->next = v;
        else
            m->child = v;
        last = v;
    }
}

static enum mlp_code value(struct reader *r, const struct mlp_json_token *t,
                           struct mlp_jval **out)
{
    struct mlp_jval *v;
    if (t->type == MLP_JSON_OBJECT)
        return map(r, out);
    if (t->type == MLP_JSON_ARRAY)
        return array(r, out);
    v = mlp_jbuild_new(&r->b, t->type == MLP_JSON_STRING ? MLP_J_TEXT
                              : t->type == MLP_JSON_NULL ? MLP_J_NULL
                                                         : MLP_J_NUMBER);
    if (!v)
        return r->e->code;
    *out = v;
    if (v->type == MLP_J_TEXT)
        return parse_text(r, t, &v->text);
    v->number = t->type == MLP_JSON_TRUE;
    return t->type == MLP_JSON_NUMBER ? parse_number(r, t->raw, &v->number) : MLP_OK;
}

static enum mlp_code read_json(struct mlp_str text, struct mlp_arena *a, bool exact,
                               struct mlp_jval **root, struct mlp_err *e)
{
    struct reader r = {.e = e, .exact = exact};
    struct mlp_json_token t;
    mlp_json_init(&r.j, text, MAX_DEPTH);
    r.j.allow_nonfinite = true;
    mlp_jbuild_init(&r.b, a, e);
    enum mlp_code code = mlp_json_next(&r.j, &t, e);
    if (!code)
        code = value(&r, &t, root);
    if (!code)
        code = mlp_json_next(&r.j, &t, e);
    mlp_jbuild_fini(&r.b);
    return code;
}

enum mlp_code mlp_jdoc_json(struct mlp_str text, struct mlp_arena *a, struct mlp_jval **root,
                            struct mlp_err *e)
{
    return read_json(text, a, false, root, e);
}

enum mlp_code mlp_jdoc_json_exact(struct mlp_str text, struct mlp_arena *a, struct mlp_jval **root,
                                  struct mlp_err *e)
{
    return read_json(text, a, true, root, e);
}
