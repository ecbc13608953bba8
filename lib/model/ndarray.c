/* ndarray.c: NumPy arrays from their saved forms (ndarray.h). */
#include "model/ndarray.h"
#include <math.h>

/* "f8", "<U3", "|b1", "V64", "O": kind, then size (characters for U). */
static bool parse_typestr(struct mlp_str s, struct mlp_dtype *out)
{
    out->big_endian = s.n && s.p[0] == '>';
    if (s.n && strchr("<>|=", s.p[0]))
        s = (struct mlp_str){s.p + 1, s.n - 1};
    if (!s.n)
        return false;
    uint64_t size = s.p[0] == '?' ? 1 : s.p[0] == 'O' ? 8 : 0;
    if (s.n > 1 && !mlp_str_u64((struct mlp_str){s.p + 1, s.n - 1}, &size))
        return false;
    out->kind = s.p[0] == '?' ? 'b' : s.p[0];
    if (size > (1u << 28))
        return false;
    out->itemsize = (uint32_t)(out->kind == 'U' ? size * 4 : size);
    return strchr("fiubUSOVmMc", out->kind) != NULL;
}

static enum mlp_code bad_dtype(struct mlp_err *e)
{
    return mlp_err_set(e, MLP_EINPUT, "an array's data type cannot be read");
}

/* One entry of the fields dict: name -> (dtype, offset). */
static enum mlp_code read_field(const struct mlp_value *fields, struct mlp_str name,
                                struct mlp_arena *a, struct mlp_dfield *out, struct mlp_err *e)
{
    const struct mlp_value *pair = NULL;
    int64_t offset;
    for (size_t i = 0; fields && i + 1 < mlp_value_count(fields); i += 2)
        if (fields->u.list.p[i]->type == MLP_VALUE_TEXT &&
            mlp_str_eq(fields->u.list.p[i]->u.s, name))
            pair = fields->u.list.p[i + 1];
    if (!pair || !mlp_value_i64(mlp_value_at(pair, 1), &offset) || offset < 0 ||
        offset > INT32_MAX)
        return bad_dtype(e);
    const struct mlp_value *type = mlp_value_at(pair, 0);
    /* A record inside a record would recurse as deep as the file likes; no model has one. */
    if (mlp_value_is_a(type, "dtype") && type->u.object->state &&
        !mlp_value_is_none(mlp_value_at(type->u.object->state, 3)))
        return bad_dtype(e);
    out->name = name;
    out->offset = (uint32_t)offset;
    return mlp_dtype_read(type, a, &out->type, e);
}

static enum mlp_code read_record(const struct mlp_value *state, struct mlp_arena *a,
                                 struct mlp_dtype *out, struct mlp_err *e)
{
    const struct mlp_value *names = mlp_value_at(state, 3), *fields = mlp_value_at(state, 4);
    size_t n = mlp_value_count(names);
    int64_t itemsize;
    struct mlp_dfield *f = mlp_arena_array(a, n, sizeof *f);
    if (!f)
        return mlp_err_nomem(e);
    if (!fields || fields->type != MLP_VALUE_DICT ||
        !mlp_value_i64(mlp_value_at(state, 5), &itemsize))
        return bad_dtype(e);
    for (size_t i = 0; i < n; i++) {
        const struct mlp_value *name = mlp_value_at(names, i);
        if (!name || name->type != MLP_VALUE_TEXT)
            return bad_dtype(e);
        if (read_field(fields, name->u.s, a, &f[i], e))
            return e->code;
        if (itemsize <= 0 || itemsize > INT32_MAX || f[i].type.kind == 'O' ||
            (uint64_t)f[i].offset + f[i].type.itemsize > (uint64_t)itemsize)
            return bad_dtype(e);
    }
    out->kind = 'V';
    out->itemsize = (uint32_t)itemsize;
    out->nfields = n;
    out->fields = f;
    return MLP_OK;
}

enum mlp_code mlp_dtype_read(const struct mlp_value *v, struct mlp_arena *a, struct mlp_dtype *out,
                             struct mlp_err *e)
{
    memset(out, 0, sizeof *out);
    const struct mlp_value *name = v, *state = NULL;
    if (mlp_value_is_a(v, "dtype")) {
        name = mlp_value_at(v->u.object->args, 0);
        state = v->u.object->state;
    }
    if (!name || name->type != MLP_VALUE_TEXT || !parse_typestr(name->u.s, out))
        return bad_dtype(e);
    if (!state)
        return MLP_OK;
    if (!mlp_value_is_none(mlp_value_at(state, 2)))
        return bad_dtype(e);
    out->big_endian = mlp_value_text_is(mlp_value_at(state, 1), ">");
    if (!mlp_value_is_none(mlp_value_at(state, 3)))
        return read_record(state, a, out, e);
    return MLP_OK;
}

enum mlp_code mlp_nd_measure(struct mlp_nd *nd, size_t bytes, struct mlp_err *e)
{
    size_t n = 1, item = nd->type.itemsize ? nd->type.itemsize : 1;
    bool empty = false;
    for (uint32_t i = 0; i < nd->ndim; i++)
        empty |= nd->shape[i] == 0;
    for (uint32_t i = 0; i < nd->ndim && !empty; i++) {
        if (nd->shape[i] > bytes / item / n)
            return mlp_err_set(e, MLP_EINPUT, "an array is larger than the file that holds it");
        n *= nd->shape[i];
    }
    nd->count = empty ? 0 : n;
    return MLP_OK;
}

static enum mlp_code read_shape(const struct mlp_value *v, struct mlp_nd *nd, struct mlp_err *e)
{
    size_t n = mlp_value_count(v);
    int64_t d;
    if (!v || v->type != MLP_VALUE_TUPLE || n > MLP_ND_MAX_DIMS)
        return mlp_err_set(e, MLP_EINPUT, "an array's shape cannot be read");
    nd->ndim = (uint32_t)n;
    for (size_t i = 0; i < n; i++) {
        if (!mlp_value_i64(mlp_value_at(v, i), &d) || d < 0)
            return mlp_err_set(e, MLP_EINPUT, "an array's shape cannot be read");
        nd->shape[i] = (size_t)d;
    }
    return MLP_OK;
}

/* Data is bytes, or a list for kind O. */
static enum mlp_code attach(const struct mlp_value *data, struct mlp_arena *a, struct mlp_nd *nd,
                            struct mlp_err *e)
{
    struct mlp_str raw = {NULL, 0};
    bool objects = nd->type.kind == 'O';
    if (objects ? !data || data->type != MLP_VALUE_LIST : !mlp_value_bytes(data, a, &raw))
        return mlp_err_set(e, MLP_EINPUT, "an array's data cannot be read");
    size_t have = objects ? mlp_value_count(data) * nd->type.itemsize : raw.n;
    if (mlp_nd_measure(nd, have, e))
        return e->code;
    if (have != nd->count * nd->type.itemsize)
        return mlp_err_set(e, MLP_EINPUT, "an array's data does not fill its shape");
    nd->data = raw.p;
    nd->objects = objects ? data->u.list.p : NULL;
    return MLP_OK;
}

/* numpy.core.multiarray._reconstruct(...) and its state (version, shape, dtype, fortran, data). */
static enum mlp_code from_reconstruct(const struct mlp_value *state, struct mlp_arena *a,
                                      struct mlp_nd *nd, struct mlp_err *e)
{
    const struct mlp_value *fortran = mlp_value_at(state, 3);
    if (read_shape(mlp_value_at(state, 1), nd, e) ||
        mlp_dtype_read(mlp_value_at(state, 2), a, &nd->type, e))
        return e->code;
    nd->fortran = fortran && fortran->type == MLP_VALUE_BOOL && fortran->u.b;
    return attach(mlp_value_at(state, 4), a, nd, e);
}

/* numpy.core.numeric._frombuffer(bytearray, dtype, shape, order). */
static enum mlp_code from_buffer(const struct mlp_value *args, struct mlp_arena *a,
                                 struct mlp_nd *nd, struct mlp_err *e)
{
    if (mlp_dtype_read(mlp_value_at(args, 1), a, &nd->type, e) ||
        read_shape(mlp_value_at(args, 2), nd, e))
        return e->code;
    nd->fortran = mlp_value_text_is(mlp_value_at(args, 3), "F");
    return attach(mlp_value_at(args, 0), a, nd, e);
}

/* numpy.core.multiarray.scalar(dtype, bytes): an array without dimensions. */
static enum mlp_code from_scalar(const struct mlp_value *args, struct mlp_arena *a,
                                 struct mlp_nd *nd, struct mlp_err *e)
{
    struct mlp_str raw;
    if (mlp_dtype_read(mlp_value_at(args, 0), a, &nd->type, e))
        return e->code;
    if (!mlp_value_bytes(mlp_value_at(args, 1), a, &raw) || raw.n != nd->type.itemsize)
        return mlp_err_set(e, MLP_EINPUT, "a NumPy scalar cannot be read");
    nd->count = 1;
    nd->data = raw.p;
    return MLP_OK;
}

/* A list or tuple, or one Python scalar, as an object array. */
static enum mlp_code from_python(const struct mlp_value *v, struct mlp_arena *a, struct mlp_nd *nd,
                                 struct mlp_err *e)
{
    nd->type = (struct mlp_dtype){.kind = 'O', .itemsize = 8};
    if (v->type == MLP_VALUE_LIST || v->type == MLP_VALUE_TUPLE) {
        nd->ndim = 1;
        nd->shape[0] = nd->count = v->u.list.n;
        nd->objects = v->u.list.p;
        return MLP_OK;
    }
    struct mlp_value **one = mlp_arena_alloc(a, sizeof(struct mlp_value *));
    struct mlp_value *copy = mlp_value_new(a, v->type, v->offset);
    if (!one || !copy)
        return mlp_err_nomem(e);
    *copy = *v;
    *one = copy;
    nd->count = 1;
    nd->objects = one;
    return MLP_OK;
}

bool mlp_nd_is(const struct mlp_value *v)
{
    if (!v || v->type != MLP_VALUE_OBJECT)
        return false;
    return v->u.object->array || mlp_value_is_a(v, "_reconstruct") ||
           mlp_value_is_a(v, "_frombuffer");
}

enum mlp_code mlp_nd_read(const struct mlp_value *v, struct mlp_arena *a, struct mlp_nd *out,
                          struct mlp_err *e)
{
    memset(out, 0, sizeof *out);
    if (!v)
        return mlp_err_set(e, MLP_EINPUT, "an array is missing");
    if (v->type != MLP_VALUE_OBJECT && v->type != MLP_VALUE_DICT && v->type != MLP_VALUE_GLOBAL)
        return from_python(v, a, out, e);
    if (v->type == MLP_VALUE_OBJECT) {
        const struct mlp_object *o = v->u.object;
        if (o->array) {
            *out = *o->array;
            return MLP_OK;
        }
        if (mlp_value_is_a(v, "_reconstruct") && o->state)
            return from_reconstruct(o->state, a, out, e);
        if (mlp_value_is_a(v, "_frombuffer"))
            return from_buffer(o->args, a, out, e);
        if (mlp_value_is_a(v, "scalar"))
            return from_scalar(o->args, a, out, e);
    }
    struct mlp_str name = mlp_value_name(v);
    return mlp_err_set(e, MLP_EINPUT, "an array was expected, %.*s found",
                       name.n ? (int)name.n : 4, name.n ? name.p : "dict");
}

/* Place in memory of element i in C order. */
static size_t memory_index(const struct mlp_nd *nd, size_t i)
{
    if (!nd->fortran || nd->ndim < 2)
        return i;
    size_t index = 0, step = nd->count;
    for (uint32_t d = nd->ndim; d-- > 0;) {
        step /= nd->shape[d];
        index += i % nd->shape[d] * step;
        i /= nd->shape[d];
    }
    return index;
}

/* The raw bits of a little number, byte order settled. */
static uint64_t load(const char *p, uint32_t size, bool big)
{
    uint64_t u = 0;
    for (uint32_t k = 0; k < size; k++)
        u = u << 8 | (unsigned char)p[big ? k : size - 1 - k];
    return u;
}

static int64_t sign_extend(uint64_t u, uint32_t size)
{
    unsigned shift = 64 - 8 * size;
    return (int64_t)(u << shift) >> shift;
}

static double half_to_double(uint64_t h)
{
    int exponent = (int)(h >> 10 & 31);
    double mantissa = (double)(h & 1023), v;
    if (exponent == 31)
        v = mantissa != 0 ? NAN : INFINITY;
    else if (exponent == 0)
        v = ldexp(mantissa, -24);
    else
        v = ldexp(mantissa + 1024, exponent - 25);
    return h >> 15 ? -v : v;
}

static double load_real(const char *p, uint32_t size, bool big, bool *ok)
{
    uint64_t u = size <= 8 ? load(p, size, big) : 0;
    if (size == 8) {
        double d;
        memcpy(&d, &u, sizeof d);
        return d;
    }
    if (size == 4) {
        uint32_t u4 = (uint32_t)u;
        float f;
        memcpy(&f, &u4, sizeof f);
        return (double)f;
    }
    if (size == 2)
        return half_to_double(u);
    *ok = false;
    return NAN;
}

/* One number of any plain kind. */
static double load_f64(const char *p, char kind, uint32_t size, bool big, bool *ok)
{
    if (kind == 'f')
        return load_real(p, size, big, ok);
    if (size == 0 || size > 8 || (kind != 'i' && kind != 'u' && kind != 'b')) {
        *ok = false;
        return NAN;
    }
    uint64_t u = load(p, size, big);
    return kind == 'i' ? (double)sign_extend(u, size) : (double)u;
}

static int64_t load_i64(const char *p, char kind, uint32_t size, bool big, bool *ok)
{
    if ((kind == 'i' || kind == 'u' || kind == 'b') && size > 0 && size <= 8) {
        uint64_t u = load(p, size, big);
        return kind == 'i' ? sign_extend(u, size) : (int64_t)u;
    }
    double d = load_f64(p, kind, size, big, ok);
    if (!(d >= -9007199254740992.0 && d <= 9007199254740992.0) || d != floor(d))
        *ok = false;
    return *ok ? (int64_t)d : 0;
}

double mlp_nd_f64(const struct mlp_nd *nd, size_t i, bool *ok)
{
    bool dummy, *good = ok ? ok : &dummy;
    double d = NAN;
    *good = true;
    size_t m = memory_index(nd, i);
    if (nd->objects)
        *good = mlp_value_f64(nd->objects[m], &d);
    else
        d = load_f64(nd->data + m * nd->type.itemsize, nd->type.kind, nd->type.itemsize,
                     nd->type.big_endian, good);
    return d;
}

int64_t mlp_nd_i64(const struct mlp_nd *nd, size_t i, bool *ok)
{
    bool dummy, *good = ok ? ok : &dummy;
    int64_t v = 0;
    *good = true;
    size_t m = memory_index(nd, i);
    if (nd->objects)
        *good = mlp_value_i64(nd->objects[m], &v);
    else
        v = load_i64(nd->data + m * nd->type.itemsize, nd->type.kind, nd->type.itemsize,
                     nd->type.big_endian, good);
    return v;
}

/* UCS-4 characters up to the first NUL as UTF-8. */
static struct mlp_str ucs4_text(const char *p, uint32_t size, bool big, struct mlp_arena *a)
{
    char *out = mlp_arena_alloc(a, (size_t)size + 1);
    size_t n = 0;
    if (!out)
        return (struct mlp_str){NULL, 0};
    for (uint32_t i = 0; i + 4 <= size; i += 4) {
        uint64_t c = load(p + i, 4, big);
        if (!c || c > 0x10ffff)
            break;
        if (c < 0x80) {
            out[n++] = (char)c;
            continue;
        }
        unsigned more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
        static const unsigned char lead[4] = {0, 0xc0, 0xe0, 0xf0};
        out[n++] = (char)(lead[more] | c >> 6 * more);
        while (more-- > 0)
            out[n++] = (char)(0x80 | (c >> 6 * more & 0x3f));
    }
    return (struct mlp_str){out, n};
}

struct mlp_str mlp_nd_text(const struct mlp_nd *nd, size_t i, struct mlp_arena *a)
{
    size_t m = memory_index(nd, i);
    const struct mlp_value *v = nd->objects ? nd->objects[m] : NULL;
    if (v && mlp_value_is_a(v, "scalar")) {
        struct mlp_nd one;
        struct mlp_err ignored;
        mlp_err_init(&ignored);
        if (!mlp_nd_read(v, a, &one, &ignored) && !one.objects)
            return mlp_nd_text(&one, 0, a);
    }
    if (v && v->type == MLP_VALUE_TEXT)
        return v->u.s.p ? v->u.s : MLP_STR("");
    const char *p = nd->objects ? NULL : nd->data + m * nd->type.itemsize;
    if (p && nd->type.kind == 'U')
        return ucs4_text(p, nd->type.itemsize, nd->type.big_endian, a);
    if (p && nd->type.kind == 'S')
        return (struct mlp_str){p, strnlen(p, nd->type.itemsize)};
    return (struct mlp_str){NULL, 0};
}

double *mlp_nd_doubles(const struct mlp_nd *nd, struct mlp_arena *a, struct mlp_err *e)
{
    double *out = mlp_arena_array64(a, nd->count, sizeof *out);
    bool ok = true;
    if (!out) {
        mlp_err_nomem(e);
        return NULL;
    }
    for (size_t i = 0; i < nd->count && ok; i++)
        out[i] = mlp_nd_f64(nd, i, &ok);
    if (!ok)
        mlp_err_set(e, MLP_EINPUT, "an array holds something else than numbers");
    return ok ? out : NULL;
}

bool mlp_nd_field(const struct mlp_nd *nd, const char *name, struct mlp_column *out)
{
    for (size_t i = 0; i < nd->type.nfields; i++) {
        const struct mlp_dfield *f = &nd->type.fields[i];
        if (!mlp_str_is(f->name, name))
            continue;
        *out = (struct mlp_column){nd->data + f->offset, nd->type.itemsize, nd->count,
                                   f->type.kind, f->type.itemsize, f->type.big_endian};
        return true;
    }
    return false;
}

double mlp_column_f64(const struct mlp_column *c, size_t i)
{
    bool ok = true;
    return load_f64(c->p + i * c->stride, c->kind, c->itemsize, c->big_endian, &ok);
}

int64_t mlp_column_i64(const struct mlp_column *c, size_t i)
{
    bool ok = true;
    return load_i64(c->p + i * c->stride, c->kind, c->itemsize, c->big_endian, &ok);
}

/* Protocol 2 has no bytes: _codecs.encode(text, "latin1"); text holds only U+0000 to U+00FF. out
 * has room for text.n bytes. */
static bool decode_latin1(struct mlp_str text, char *out, size_t *n)
{
    *n = 0;
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if (c < 0x80)
            out[(*n)++] = (char)c;
        else if ((c == 0xc2 || c == 0xc3) && i + 1 < text.n)
            out[(*n)++] = (char)((c & 3) << 6 | (text.p[++i] & 0x3f));
        else
            return false;
    }
    return true;
}

/* The text that _codecs.encode would encode, or NULL when v is no such call. */
static const struct mlp_value *encoded_text(const struct mlp_value *v)
{
    if (!v || v->type != MLP_VALUE_OBJECT || !mlp_str_is(mlp_value_name(v), "_codecs.encode"))
        return NULL;
    const struct mlp_value *arg = mlp_value_at(v->u.object->args, 0);
    return arg && arg->type == MLP_VALUE_TEXT ? arg : NULL;
}

/* The bytes of a small scalar, decoded into local when they are text. */
static bool scalar_bytes(const struct mlp_value *v, char local[32], struct mlp_str *raw)
{
    const struct mlp_value *text = encoded_text(v);
    if (!text)
        return mlp_value_bytes(v, NULL, raw);
    *raw = (struct mlp_str){local, 0};
    return text->u.s.n <= 32 && decode_latin1(text->u.s, local, &raw->n);
}

/* numpy.core.multiarray.scalar(dtype, bytes). */
static bool scalar_f64(const struct mlp_value *args, double *out)
{
    char local[32];
    struct mlp_str raw;
    struct mlp_dtype type;
    struct mlp_err ignored;
    bool ok = true;
    mlp_err_init(&ignored);
    const struct mlp_value *name = mlp_value_at(args, 0);
    const struct mlp_value *state = mlp_value_is_a(name, "dtype") ? name->u.object->state : NULL;
    if (!mlp_value_is_none(mlp_value_at(state, 3)) ||
        mlp_dtype_read(name, NULL, &type, &ignored) ||
        !scalar_bytes(mlp_value_at(args, 1), local, &raw) || raw.n != type.itemsize)
        return false;
    *out = load_f64(raw.p, type.kind, type.itemsize, type.big_endian, &ok);
    return ok;
}

bool mlp_value_f64(const struct mlp_value *v, double *out)
{
    if (!v)
        return false;
    switch (v->type) {
    case MLP_VALUE_BOOL:
        *out = v->u.b;
        return true;
    case MLP_VALUE_INT:
        *out = (double)v->u.i;
        return true;
    case MLP_VALUE_FLOAT:
        *out = v->u.f;
        return true;
    case MLP_VALUE_OBJECT:
        break;
    default:
        return false;
    }
    return mlp_value_is_a(v, "scalar") && scalar_f64(v->u.object->args, out);
}

bool mlp_value_i64(const struct mlp_value *v, int64_t *out)
{
    double d;
    if (v && v->type == MLP_VALUE_INT) {
        *out = v->u.i;
        return true;
    }
    if (!mlp_value_f64(v, &d) || !(d >= -9007199254740992.0 && d <= 9007199254740992.0) ||
        d != floor(d))
        return false;
    *out = (int64_t)d;
    return true;
}

bool mlp_value_bytes(const struct mlp_value *v, struct mlp_arena *a, struct mlp_str *out)
{
    if (!v)
        return false;
    if (v->type == MLP_VALUE_BYTES) {
        *out = v->u.s;
        return true;
    }
    if (v->type != MLP_VALUE_OBJECT)
        return false;
    const struct mlp_value *arg = mlp_value_at(v->u.object->args, 0), *text = encoded_text(v);
    struct mlp_str name = mlp_value_name(v);
    if (text) {
        char *p = a ? mlp_arena_alloc(a, text->u.s.n + 1) : NULL;
        *out = (struct mlp_str){p, 0};
        return p && decode_latin1(text->u.s, p, &out->n);
    }
    bool empty = mlp_str_is(name, "builtins.bytes") || mlp_str_is(name, "__builtin__.bytes") ||
                 mlp_str_is(name, "builtins.bytearray");
    if (empty && !arg) {
        *out = (struct mlp_str){"", 0};
        return true;
    }
    return empty && arg->type == MLP_VALUE_BYTES && mlp_value_bytes(arg, a, out);
}
