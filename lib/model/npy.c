/* npy.c: NumPy's .npy format (npy.h). */
#include "model/npy.h"
#include "model/ndarray.h"

#define MOST_HEADER 65536u
#define MOST_DEPTH 6             /* {'descr': [('a', '<f8', (2,))]} needs four */

/* --- the header: a Python literal --- */

struct literal {
    struct mlp_str rest;
    struct mlp_arena *a;
    unsigned depth;
};

static void skip_space(struct literal *p)
{
    while (p->rest.n && strchr(" \n\t", p->rest.p[0]))
        p->rest = (struct mlp_str){p->rest.p + 1, p->rest.n - 1};
}

static bool eat(struct literal *p, const char *word)
{
    skip_space(p);
    size_t n = strlen(word);
    if (!mlp_str_starts(p->rest, word))
        return false;
    p->rest = (struct mlp_str){p->rest.p + n, p->rest.n - n};
    return true;
}

static struct mlp_value *read_literal(struct literal *p);

/* Items up to a closing bracket; of a dict, keys and values in turn. NULL when it is none. */
static struct mlp_value *read_items(struct literal *p, enum mlp_value_type type, const char *close)
{
    struct mlp_value *v = mlp_value_new(p->a, type, MLP_NO_OFFSET);
    bool more = true;
    while (v && !eat(p, close)) {
        struct mlp_value *item = more ? read_literal(p) : NULL;
        bool key = type == MLP_VALUE_DICT && v->u.list.n % 2 == 0;
        if (!item || !mlp_values_add(p->a, &v->u.list, &item, 1))
            return NULL;
        more = eat(p, key ? ":" : ",");
        if (key && !more)
            return NULL;
    }
    return v;
}

static struct mlp_value *read_text(struct literal *p, char quote)
{
    size_t n = mlp_str_find(p->rest, quote);
    struct mlp_str s = {p->rest.p, n};
    if (n >= p->rest.n || memchr(s.p, '\\', n))
        return NULL;
    p->rest = (struct mlp_str){s.p + n + 1, p->rest.n - n - 1};
    struct mlp_value *v = mlp_value_new(p->a, MLP_VALUE_TEXT, MLP_NO_OFFSET);
    if (v)
        v->u.s = s;
    return v;
}

static struct mlp_value *read_plain(struct literal *p)
{
    struct mlp_value *v = mlp_value_new(p->a, MLP_VALUE_BOOL, MLP_NO_OFFSET);
    size_t n = 0;
    if (!v)
        return NULL;
    v->u.b = eat(p, "True");
    if (v->u.b || eat(p, "False"))
        return v;
    while (n < p->rest.n && p->rest.p[n] >= '0' && p->rest.p[n] <= '9')
        n++;
    v->type = MLP_VALUE_INT;
    if (!mlp_str_i64((struct mlp_str){p->rest.p, n}, &v->u.i))
        return NULL;
    p->rest = (struct mlp_str){p->rest.p + n, p->rest.n - n};
    eat(p, "L");                 /* Python 2 wrote long integers so */
    return v;
}

/* One literal, or NULL for what the format does not have. */
static struct mlp_value *read_literal(struct literal *p)
{
    if (p->depth >= MOST_DEPTH)
        return NULL;
    p->depth++;
    struct mlp_value *v;
    if (eat(p, "{"))
        v = read_items(p, MLP_VALUE_DICT, "}");
    else if (eat(p, "("))
        v = read_items(p, MLP_VALUE_TUPLE, ")");
    else if (eat(p, "["))
        v = read_items(p, MLP_VALUE_LIST, "]");
    else if (eat(p, "'"))
        v = read_text(p, '\'');
    else if (eat(p, "\""))
        v = read_text(p, '"');
    else
        v = read_plain(p);
    p->depth--;
    return v;
}

/* --- data types --- */

static struct mlp_value *new_text(struct mlp_arena *a, const char *z)
{
    struct mlp_value *v = mlp_value_new(a, MLP_VALUE_TEXT, MLP_NO_OFFSET);
    if (v)
        v->u.s = mlp_str_from(z);
    return v;
}

static struct mlp_value *new_int(struct mlp_arena *a, int64_t i)
{
    struct mlp_value *v = mlp_value_new(a, MLP_VALUE_INT, MLP_NO_OFFSET);
    if (v)
        v->u.i = i;
    return v;
}

/* A tuple of n values; NULL when one of them is. */
static struct mlp_value *new_tuple(struct mlp_arena *a, struct mlp_value *const *p, size_t n)
{
    struct mlp_value *v = mlp_value_new(a, MLP_VALUE_TUPLE, MLP_NO_OFFSET);
    for (size_t i = 0; i < n; i++)
        if (!p[i])
            return NULL;
    return v && mlp_values_add(a, &v->u.list, p, n) ? v : NULL;
}

/* The call name(*args). */
static struct mlp_value *new_call(struct mlp_arena *a, const char *name, struct mlp_value *args)
{
    struct mlp_value *v = mlp_value_new(a, MLP_VALUE_OBJECT, MLP_NO_OFFSET);
    struct mlp_value *fn = mlp_value_new(a, MLP_VALUE_GLOBAL, MLP_NO_OFFSET);
    if (!v || !fn || !args)
        return NULL;
    fn->called = true;
    fn->u.s = mlp_str_from(name);
    v->u.object = mlp_arena_alloc(a, sizeof *v->u.object);
    if (!v->u.object)
        return NULL;
    v->u.object->fn = fn;
    v->u.object->args = args;
    return v;
}

static struct mlp_value *plain_type(struct mlp_arena *a, struct mlp_value *name)
{
    return new_call(a, "numpy.dtype", new_tuple(a, &name, 1));
}

/* One field ('name', '<f8') of a record at *offset; nameless ones are padding. */
static enum mlp_code add_field(struct mlp_arena *a, const struct mlp_value *field,
                               struct mlp_value *names, struct mlp_value *fields, int64_t *offset,
                               struct mlp_err *e)
{
    struct mlp_dtype type;
    struct mlp_value *name = mlp_value_at(field, 0), *typestr = mlp_value_at(field, 1);
    if (mlp_value_count(field) != 2 || !name || name->type != MLP_VALUE_TEXT || !typestr ||
        typestr->type != MLP_VALUE_TEXT)
        return mlp_err_set(e, MLP_EINPUT, "a record of the array has a field that cannot be read");
    struct mlp_value *dtype = plain_type(a, typestr);
    if (!dtype)
        return mlp_err_nomem(e);
    if (mlp_dtype_read(dtype, a, &type, e))
        return e->code;
    struct mlp_value *pair[2] = {dtype, new_int(a, *offset)};
    struct mlp_value *entry[2] = {name, new_tuple(a, pair, 2)};
    *offset += type.itemsize;
    if (name->u.s.n == 0)
        return MLP_OK;
    bool ok = entry[1] && mlp_values_add(a, &names->u.list, &name, 1) &&
              mlp_values_add(a, &fields->u.list, entry, 2);
    return ok ? MLP_OK : mlp_err_nomem(e);
}

/* A record, as the state (3, '|', None, names, fields, itemsize) that a pickle gives it. */
static enum mlp_code record_type(struct mlp_arena *a, const struct mlp_value *descr,
                                 struct mlp_value **out, struct mlp_err *e)
{
    struct mlp_value *names = mlp_value_new(a, MLP_VALUE_TUPLE, MLP_NO_OFFSET);
    struct mlp_value *fields = mlp_value_new(a, MLP_VALUE_DICT, MLP_NO_OFFSET);
    int64_t itemsize = 0;
    if (!names || !fields)
        return mlp_err_nomem(e);
    for (size_t i = 0; i < mlp_value_count(descr); i++)
        if (add_field(a, mlp_value_at(descr, i), names, fields, &itemsize, e))
            return e->code;
    struct mlp_value *state[6] = {new_int(a, 3), new_text(a, "|"),
                                  mlp_value_new(a, MLP_VALUE_NONE, MLP_NO_OFFSET), names, fields,
                                  new_int(a, itemsize)};
    *out = plain_type(a, new_text(a, "V0"));
    struct mlp_value *all = new_tuple(a, state, 6);
    if (!*out || !all)
        return mlp_err_nomem(e);
    (*out)->u.object->state = all;
    return MLP_OK;
}

/* --- the file --- */

static enum mlp_code read_header(struct mlp_str bytes, struct mlp_str *header, struct mlp_str *data,
                                 struct mlp_err *e)
{
    const unsigned char *p = (const unsigned char *)bytes.p;
    if (bytes.n < 12 || memcmp(p, "\x93NUMPY", 6) != 0 || p[6] < 1 || p[6] > 3)
        return mlp_err_set(e, MLP_EINPUT, "the array is not in NumPy's .npy format");
    size_t at = p[6] == 1 ? 10 : 12, n = (size_t)(p[8] | p[9] << 8);
    if (p[6] > 1)
        n |= (size_t)p[10] << 16 | (size_t)p[11] << 24;
    if (n > MOST_HEADER || n > bytes.n - at)
        return mlp_err_set(e, MLP_EINPUT, "the header of the .npy array is too long");
    *header = (struct mlp_str){bytes.p + at, n};
    *data = (struct mlp_str){bytes.p + at + n, bytes.n - at - n};
    return MLP_OK;
}

static enum mlp_code make_array(struct mlp_arena *a, const struct mlp_value *header,
                                struct mlp_str data, struct mlp_value **out, struct mlp_err *e)
{
    struct mlp_value *descr = mlp_value_get(header, "descr"), *type = NULL;
    const struct mlp_value *fortran = mlp_value_get(header, "fortran_order");
    struct mlp_value *shape = mlp_value_get(header, "shape");
    bool columns = fortran && fortran->type == MLP_VALUE_BOOL && fortran->u.b;
    if (!descr || !fortran || fortran->type != MLP_VALUE_BOOL || !shape)
        return mlp_err_set(e, MLP_EINPUT, "the header of the .npy array cannot be read");
    if (descr->type == MLP_VALUE_LIST) {
        if (record_type(a, descr, &type, e))
            return e->code;
    } else {
        type = plain_type(a, descr);
    }
    struct mlp_value *bytes = mlp_value_new(a, MLP_VALUE_BYTES, MLP_NO_OFFSET);
    if (!bytes)
        return mlp_err_nomem(e);
    bytes->u.s = data;
    struct mlp_value *args[4] = {bytes, type, shape, new_text(a, columns ? "F" : "C")};
    *out = new_call(a, "numpy._core.numeric._frombuffer", new_tuple(a, args, 4));
    return *out ? MLP_OK : mlp_err_nomem(e);
}

enum mlp_code mlp_npy_read(struct mlp_str bytes, struct mlp_arena *a, struct mlp_value **out,
                           struct mlp_err *e)
{
    struct mlp_nd nd;
    struct mlp_str header = {NULL, 0}, data = {NULL, 0};
    if (read_header(bytes, &header, &data, e))
        return e->code;
    struct literal p = {.rest = header, .a = a};
    const struct mlp_value *v = read_literal(&p);
    skip_space(&p);
    if (!v || p.rest.n)
        return mlp_err_set(e, MLP_EINPUT, "the header of the .npy array cannot be read");
    if (make_array(a, v, data, out, e))
        return e->code;
    return mlp_nd_read(*out, a, &nd, e);
}

struct mlp_value *mlp_npy_scalar(struct mlp_value *array, struct mlp_arena *a)
{
    const struct mlp_value *args = array->u.object->args;
    struct mlp_value *pair[2] = {mlp_value_at(args, 1), mlp_value_at(args, 0)};
    if (mlp_value_count(mlp_value_at(args, 2)))
        return array;
    return new_call(a, "numpy._core.multiarray.scalar", new_tuple(a, pair, 2));
}
