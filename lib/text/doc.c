#include "text/doc_internal.h"
#include "text/json.h"
#include "text/num.h"

#include "base/file.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>

void mlp_doc_init(struct mlp_doc *d, const char *source, size_t max)
{
    *d = (struct mlp_doc){.root = NULL};
    mlp_arena_init(&d->arena, max);
    mlp_str_copy(mlp_str_from(source), d->source, sizeof d->source);
}

void mlp_doc_fini(struct mlp_doc *d)
{
    mlp_arena_fini(&d->arena);
    d->root = NULL;
}

enum mlp_code mlp_doc_full(const struct mlp_doc *d, size_t n, struct mlp_err *e)
{
    const struct mlp_arena *a = &d->arena;
    if (a->held < a->max && n < a->max - a->held)
        return mlp_err_nomem(e);
    mlp_err_set(e, MLP_EINPUT, "the document needs more than its limit of %zu bytes", a->max);
    mlp_err_at(e, d->source, 0, 0);
    return MLP_EINPUT;
}

struct mlp_node *mlp_doc_node(struct mlp_doc *d, enum mlp_doc_type type, uint32_t line,
                              uint32_t column, struct mlp_err *e)
{
    struct mlp_node *n = mlp_doc_new(d, type);
    if (!n) {
        mlp_doc_full(d, sizeof *n, e);
        return NULL;
    }
    n->line = line;
    n->column = column;
    return n;
}

void mlp_node_append(struct mlp_node *parent, struct mlp_node *child)
{
    if (parent->last)
        parent->last->next = child;
    else
        parent->child = child;
    parent->last = child;
    parent->u.count++;
}

enum mlp_code mlp_doc_number(const struct mlp_doc *d, struct mlp_node *n, bool integral,
                             struct mlp_err *e)
{
    struct mlp_str digits = n->text;
    if (digits.n && digits.p[0] == '+')
        digits = (struct mlp_str){digits.p + 1, digits.n - 1};
    if (integral && !mlp_str_is(digits, "-0")) {
        n->type = MLP_DOC_INT;
        if (mlp_str_i64(digits, &n->u.integer))
            return MLP_OK;
        n->type = MLP_DOC_UINT;
        if (mlp_str_u64(digits, &n->u.unsigned_integer))
            return MLP_OK;
    }
    n->type = MLP_DOC_REAL;
    if (mlp_num_f64(digits, &n->u.real) && isfinite(n->u.real))
        return MLP_OK;
    mlp_node_error(d, n, e, "%.*s is beyond the range of a double",
                   (int)(digits.n < 40 ? digits.n : 40), digits.p);
    return mlp_err_hint(e, "write it as text, in double quotes");
}

/* Duplicate names. */

static int compare_names(const void *a, const void *b)
{
    const struct mlp_node *x = *(struct mlp_node *const *)a, *y = *(struct mlp_node *const *)b;
    int c = mlp_str_cmp(x->key, y->key);
    if (c)
        return c;
    if (x->line != y->line)
        return x->line < y->line ? -1 : 1;
    return (x->column > y->column) - (x->column < y->column);
}

static enum mlp_code duplicate(const struct mlp_doc *d, const struct mlp_node *first,
                               const struct mlp_node *second, struct mlp_err *e)
{
    mlp_node_error(d, second, e, "the name \"%.*s\" is already at line %u",
                   (int)(second->key.n < 80 ? second->key.n : 80), second->key.p, first->line);
    return mlp_err_hint(e, "remove one of the two");
}

#define FEW_NAMES 12

static enum mlp_code unique_few(const struct mlp_doc *d, const struct mlp_node *map,
                                struct mlp_err *e)
{
    for (const struct mlp_node *b = map->child; b; b = b->next)
        for (const struct mlp_node *a = map->child; a != b; a = a->next)
            if (mlp_str_eq(a->key, b->key))
                return duplicate(d, a, b, e);
    return MLP_OK;
}

enum mlp_code mlp_doc_unique(const struct mlp_doc *d, const struct mlp_node *map,
                             struct mlp_err *e)
{
    size_t n = 0;
    if (map->u.count <= FEW_NAMES)
        return unique_few(d, map, e);
    const struct mlp_node **names = malloc(map->u.count * sizeof *names);
    if (!names)
        return mlp_err_nomem(e);
    for (const struct mlp_node *m = map->child; m; m = m->next)
        names[n++] = m;
    qsort(names, n, sizeof *names, compare_names);
    enum mlp_code code = MLP_OK;
    for (size_t i = 1; i < n && code == MLP_OK; i++)
        if (mlp_str_eq(names[i - 1]->key, names[i]->key))
            code = duplicate(d, names[i - 1], names[i], e);
    free(names);
    return code;
}

/* Files. */

static bool looks_like_json(const char *path, struct mlp_str text)
{
    struct mlp_str name = mlp_str_from(path), start = mlp_str_trim(text);
    return !mlp_str_ends(name, ".yaml") && !mlp_str_ends(name, ".yml") && start.n &&
           (start.p[0] == '{' || start.p[0] == '[');
}

enum mlp_code mlp_doc_load(struct mlp_doc *d, const char *path, size_t max, struct mlp_err *e)
{
    struct mlp_buf bytes;
    mlp_buf_init(&bytes, max);
    mlp_str_copy(mlp_str_from(mlp_file_name(path)), d->source, sizeof d->source);
    enum mlp_code code = mlp_file_read(path, &bytes, e);
    struct mlp_str text = mlp_buf_str(&bytes);
    if (code == MLP_OK)
        code = looks_like_json(path, text) ? mlp_doc_parse_json(d, text, e)
                                           : mlp_doc_parse_yaml(d, text, e);
    mlp_buf_fini(&bytes);
    return code;
}

/* Looking. */

struct mlp_node *mlp_node_get_str(const struct mlp_node *map, struct mlp_str key)
{
    if (!map || map->type != MLP_DOC_MAP)
        return NULL;
    for (struct mlp_node *m = map->child; m; m = m->next)
        if (mlp_str_eq(m->key, key))
            return m;
    return NULL;
}

struct mlp_node *mlp_node_get(const struct mlp_node *map, const char *key)
{
    return mlp_node_get_str(map, mlp_str_from(key));
}

struct mlp_node *mlp_node_at(const struct mlp_node *list, size_t i)
{
    if (!list || list->type != MLP_DOC_LIST || i >= list->u.count)
        return NULL;
    struct mlp_node *n = list->child;
    while (i--)
        n = n->next;
    return n;
}

struct mlp_node *mlp_node_path(const struct mlp_node *map, ...)
{
    va_list ap;
    const char *key;
    struct mlp_node *n = NULL;
    va_start(ap, map);
    while ((key = va_arg(ap, const char *)) != NULL) {
        n = mlp_node_get(map, key);
        map = n;
    }
    va_end(ap);
    return n;
}

struct mlp_str mlp_node_str(const struct mlp_node *n, const char *otherwise)
{
    return n && n->type == MLP_DOC_TEXT ? n->text : mlp_str_from(otherwise);
}

double mlp_node_num(const struct mlp_node *n, double otherwise)
{
    if (!n)
        return otherwise;
    switch (n->type) {
    case MLP_DOC_INT:
        return (double)n->u.integer;
    case MLP_DOC_UINT:
        return (double)n->u.unsigned_integer;
    case MLP_DOC_REAL:
        return n->u.real;
    default:
        return otherwise;
    }
}

int64_t mlp_node_int(const struct mlp_node *n, int64_t otherwise)
{
    if (!n)
        return otherwise;
    if (n->type == MLP_DOC_INT)
        return n->u.integer;
    /* JSON does not tell 100.0 from 100. */
    if (n->type == MLP_DOC_REAL && n->u.real >= -0x1p63 && n->u.real < 0x1p63 &&
        n->u.real == floor(n->u.real))
        return (int64_t)n->u.real;
    return otherwise;
}

bool mlp_node_bool(const struct mlp_node *n, bool otherwise)
{
    return n && n->type == MLP_DOC_BOOL ? n->u.boolean : otherwise;
}

bool mlp_node_is_num(const struct mlp_node *n)
{
    return n && (n->type == MLP_DOC_INT || n->type == MLP_DOC_UINT || n->type == MLP_DOC_REAL);
}

/* Complaining. */

enum mlp_code mlp_node_error(const struct mlp_doc *d, const struct mlp_node *n, struct mlp_err *e,
                             const char *fmt, ...)
{
    char message[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(message, sizeof message, fmt, ap);
    va_end(ap);
    mlp_err_set(e, MLP_EINPUT, "%s", message);
    return e ? mlp_err_at(e, d->source, n ? n->line : 0, n ? n->column : 0) : MLP_EINPUT;
}

static bool is_known(struct mlp_str key, const char *const *known)
{
    for (; *known; known++)
        if (mlp_str_is(key, *known))
            return true;
    return false;
}

enum mlp_code mlp_node_known(const struct mlp_doc *d, const struct mlp_node *map,
                             const char *const *known, struct mlp_err *e)
{
    if (!map || map->type != MLP_DOC_MAP)
        return MLP_OK;
    for (const struct mlp_node *m = map->child; m; m = m->next) {
        if (is_known(m->key, known))
            continue;
        int closest = mlp_str_closest(m->key, known), n = m->key.n < 80 ? (int)m->key.n : 80;
        if (closest >= 0)
            return mlp_node_error(d, m, e, "unknown key \"%.*s\", did you mean \"%s\"?", n,
                                  m->key.p, known[closest]);
        return mlp_node_error(d, m, e, "unknown key \"%.*s\"", n, m->key.p);
    }
    return MLP_OK;
}

/* Building. */

struct mlp_node *mlp_doc_new(struct mlp_doc *d, enum mlp_doc_type type)
{
    struct mlp_node *n = mlp_arena_alloc(&d->arena, sizeof *n);
    if (n)
        n->type = type;
    return n;
}

struct mlp_node *mlp_doc_new_str(struct mlp_doc *d, struct mlp_str s)
{
    struct mlp_node *n = mlp_doc_new(d, MLP_DOC_TEXT);
    if (!n)
        return NULL;
    n->text = mlp_arena_str(&d->arena, s);
    return n->text.p ? n : NULL;
}

struct mlp_node *mlp_doc_new_text(struct mlp_doc *d, const char *z)
{
    return mlp_doc_new_str(d, mlp_str_from(z));
}

struct mlp_node *mlp_doc_new_int(struct mlp_doc *d, int64_t v)
{
    struct mlp_node *n = mlp_doc_new(d, MLP_DOC_INT);
    if (n)
        n->u.integer = v;
    return n;
}

struct mlp_node *mlp_doc_new_num(struct mlp_doc *d, double v)
{
    struct mlp_node *n = mlp_doc_new(d, MLP_DOC_REAL);
    if (n)
        n->u.real = v;
    return n;
}

struct mlp_node *mlp_doc_new_bool(struct mlp_doc *d, bool v)
{
    struct mlp_node *n = mlp_doc_new(d, MLP_DOC_BOOL);
    if (n)
        n->u.boolean = v;
    return n;
}

struct mlp_node *mlp_node_put(struct mlp_doc *d, struct mlp_node *map, const char *key,
                              struct mlp_node *value)
{
    if (!map || !value)
        return NULL;
    value->key = mlp_arena_str(&d->arena, mlp_str_from(key));
    if (!value->key.p)
        return NULL;
    mlp_node_append(map, value);
    return value;
}

struct mlp_node *mlp_node_push(struct mlp_node *list, struct mlp_node *value)
{
    if (!list || !value)
        return NULL;
    mlp_node_append(list, value);
    return value;
}
