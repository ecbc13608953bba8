/* value.c: inert values (value.h). */
#include "model/value.h"

struct mlp_value *mlp_value_new(struct mlp_arena *a, enum mlp_value_type type, uint64_t offset)
{
    struct mlp_value *v = mlp_arena_alloc(a, sizeof *v);
    if (!v)
        return NULL;
    v->type = type;
    v->offset = offset;
    return v;
}

static bool grow(struct mlp_arena *a, struct mlp_values *list, size_t want)
{
    size_t cap = list->cap ? list->cap : 4;
    while (cap < want)
        cap *= 2;
    struct mlp_value **p = mlp_arena_array(a, cap, sizeof(struct mlp_value *));
    if (!p)
        return false;
    if (list->n)
        memcpy(p, list->p, list->n * sizeof(struct mlp_value *));
    list->p = p;
    list->cap = cap;
    return true;
}

bool mlp_values_add(struct mlp_arena *a, struct mlp_values *list, struct mlp_value *const *p,
                    size_t n)
{
    if (n == 0)
        return true;
    if (list->n + n > list->cap && !grow(a, list, list->n + n))
        return false;
    memcpy(list->p + list->n, p, n * sizeof(struct mlp_value *));
    list->n += n;
    return true;
}

struct mlp_str mlp_value_name(const struct mlp_value *v)
{
    if (v && v->type == MLP_VALUE_OBJECT)
        v = v->u.object->fn;
    return v && v->type == MLP_VALUE_GLOBAL ? v->u.s : (struct mlp_str){NULL, 0};
}

struct mlp_str mlp_name_last(struct mlp_str dotted)
{
    size_t i = dotted.n;
    while (i > 0 && dotted.p[i - 1] != '.')
        i--;
    return i ? (struct mlp_str){dotted.p + i, dotted.n - i} : dotted;
}

bool mlp_value_is_a(const struct mlp_value *v, const char *name)
{
    return v && v->type == MLP_VALUE_OBJECT &&
           mlp_str_is(mlp_name_last(mlp_value_name(v)), name);
}

bool mlp_value_is_none(const struct mlp_value *v)
{
    return !v || v->type == MLP_VALUE_NONE;
}

struct mlp_value *mlp_value_get(const struct mlp_value *dict, const char *key)
{
    if (!dict || dict->type != MLP_VALUE_DICT)
        return NULL;
    const struct mlp_values *l = &dict->u.list;
    for (size_t i = l->n & ~(size_t)1; i > 0; i -= 2)
        if (l->p[i - 2]->type == MLP_VALUE_TEXT && mlp_str_is(l->p[i - 2]->u.s, key))
            return l->p[i - 1];
    return NULL;
}

struct mlp_value *mlp_value_attr(const struct mlp_value *object, const char *key)
{
    if (!object || object->type != MLP_VALUE_OBJECT)
        return NULL;
    const struct mlp_value *state = object->u.object->state;
    if (!state || state->type != MLP_VALUE_TUPLE)
        return mlp_value_get(state, key);
    struct mlp_value *v = mlp_value_get(mlp_value_at(state, 0), key);
    return v ? v : mlp_value_get(mlp_value_at(state, 1), key);
}

struct mlp_value *mlp_value_at(const struct mlp_value *list, size_t i)
{
    if (!list || (list->type != MLP_VALUE_TUPLE && list->type != MLP_VALUE_LIST))
        return NULL;
    return i < list->u.list.n ? list->u.list.p[i] : NULL;
}

size_t mlp_value_count(const struct mlp_value *v)
{
    if (!v || v->type < MLP_VALUE_TUPLE || v->type > MLP_VALUE_SET)
        return 0;
    return v->u.list.n;
}

bool mlp_value_text_is(const struct mlp_value *v, const char *z)
{
    return v && (v->type == MLP_VALUE_TEXT || v->type == MLP_VALUE_GLOBAL) &&
           mlp_str_is(v->u.s, z);
}
