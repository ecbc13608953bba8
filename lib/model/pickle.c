/* pickle.c: the inert pickle machine (pickle.h). */
#include "model/ndarray.h"
#include "model/pickle_machine.h"
#include <stdarg.h>
#include <stdlib.h>

/* joblib writes object arrays as pickles inside the stream; those hold no further ones. */
#define MAX_NESTING 4

/* Real files stay below a thousand (pickle.py batches items by that). DUP and GET make entries
 * of one byte each, so that without a bound 1 GB of file could ask for 8 GB of stack. */
#define MAX_STACK (1u << 24)

enum mlp_code mlp_machine_bad(struct mlp_machine *m, const char *fmt, ...)
{
    char text[256];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    mlp_err_set(m->e, MLP_EINPUT, "pickle refused: %s", text);
    return mlp_err_at_byte(m->e, m->at);
}

enum mlp_code mlp_machine_take(struct mlp_machine *m, size_t n, struct mlp_str *out)
{
    *out = (struct mlp_str){NULL, 0};
    if (n > m->bytes.n - m->pos)
        return mlp_machine_bad(m, "the file ends inside an opcode (truncated?)");
    if (m->frame_end && m->pos + n > m->frame_end)
        return mlp_machine_bad(m, "an opcode reaches across the end of its frame");
    *out = (struct mlp_str){m->bytes.p + m->pos, n};
    m->pos += n;
    return MLP_OK;
}

/* A frame ends between opcodes only. */
static void leave_frame(struct mlp_machine *m)
{
    if (m->pos == m->frame_end)
        m->frame_end = 0;
}

/* A little-endian unsigned number of `width` bytes. */
static enum mlp_code take_uint(struct mlp_machine *m, size_t width, uint64_t *out)
{
    struct mlp_str s;
    *out = 0;
    if (mlp_machine_take(m, width, &s))
        return m->e->code;
    uint64_t v = 0;
    for (size_t i = width; i > 0; i--)
        v = v << 8 | (unsigned char)s.p[i - 1];
    *out = v;
    return MLP_OK;
}

/* Bytes whose length precedes them in `width` bytes. */
static enum mlp_code take_sized(struct mlp_machine *m, size_t width, struct mlp_str *out)
{
    uint64_t n;
    *out = (struct mlp_str){NULL, 0};
    if (take_uint(m, width, &n))
        return m->e->code;
    if (n > m->bytes.n)
        return mlp_machine_bad(m, "a length of %llu bytes passes the end of the file",
                               (unsigned long long)n);
    return mlp_machine_take(m, (size_t)n, out);
}

enum mlp_code mlp_machine_push(struct mlp_machine *m, struct mlp_value *v)
{
    if (m->stack.n >= MAX_STACK)
        return mlp_machine_bad(m, "more than %u values on the stack", MAX_STACK);
    struct mlp_value **slot = v ? mlp_vec_push(&m->stack) : NULL;
    if (!slot)
        return mlp_err_nomem(m->e);
    *slot = v;
    return MLP_OK;
}

enum mlp_code mlp_machine_make(struct mlp_machine *m, enum mlp_value_type type,
                               struct mlp_value **v)
{
    *v = mlp_value_new(m->out->arena, type, m->at);
    return mlp_machine_push(m, *v);
}

static struct mlp_value **stack_at(struct mlp_machine *m, size_t i)
{
    return mlp_vec_at(&m->stack, i);
}

/* The stack's lowest item that the current level may take. */
static size_t stack_floor(const struct mlp_machine *m)
{
    return m->marks.n ? *(size_t *)mlp_vec_at(&m->marks, m->marks.n - 1) : 0;
}

static struct mlp_value *pop(struct mlp_machine *m)
{
    if (m->stack.n <= stack_floor(m))
        return NULL;
    return *stack_at(m, --m->stack.n);
}

static struct mlp_value *top(struct mlp_machine *m)
{
    return m->stack.n > stack_floor(m) ? *stack_at(m, m->stack.n - 1) : NULL;
}

static enum mlp_code underflow(struct mlp_machine *m)
{
    return mlp_machine_bad(m, "an opcode finds the stack empty");
}

/* Pops the topmost mark; *p are the n items above it, good until the next push. */
static enum mlp_code pop_mark(struct mlp_machine *m, struct mlp_value ***p, size_t *n)
{
    *p = NULL;
    *n = 0;
    if (!m->marks.n)
        return mlp_machine_bad(m, "an opcode finds no mark");
    size_t floor = stack_floor(m);
    m->marks.n--;
    *n = m->stack.n - floor;
    *p = *n ? stack_at(m, floor) : NULL;
    m->stack.n = floor;
    return MLP_OK;
}

enum mlp_code mlp_machine_put(struct mlp_machine *m, uint64_t index)
{
    struct mlp_value *v = top(m);
    if (!v)
        return underflow(m);
    if (index > m->bytes.n)
        return mlp_machine_bad(m, "memo number %llu is out of range", (unsigned long long)index);
    while (m->memo.n <= index)
        if (!mlp_vec_push(&m->memo))
            return mlp_err_nomem(m->e);
    struct mlp_value **slot = mlp_vec_at(&m->memo, (size_t)index);
    m->memo_used += *slot == NULL;
    *slot = v;
    return MLP_OK;
}

enum mlp_code mlp_machine_get(struct mlp_machine *m, uint64_t index)
{
    struct mlp_value **slot =
        index < m->memo.n ? mlp_vec_at(&m->memo, (size_t)index) : NULL;
    if (!slot || !*slot)
        return mlp_machine_bad(m, "memo number %llu was never set", (unsigned long long)index);
    return mlp_machine_push(m, *slot);
}

static bool is_identifier(struct mlp_str s)
{
    bool start = true;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        bool digit = c >= '0' && c <= '9';
        if (c == '.' ? start : !(letter || (digit && !start)))
            return false;
        start = c == '.';
    }
    return !start;
}

enum mlp_code mlp_machine_global(struct mlp_machine *m, struct mlp_str module,
                                 struct mlp_str name)
{
    if (!is_identifier(module) || !is_identifier(name) || module.n + name.n > 512)
        return mlp_machine_bad(m, "a global whose name is no plain dotted name: \"%.*s\" \"%.*s\"",
                               module.n > 80 ? 80 : (int)module.n, module.p ? module.p : "",
                               name.n > 80 ? 80 : (int)name.n, name.p ? name.p : "");
    struct mlp_value *v;
    if (mlp_machine_make(m, MLP_VALUE_GLOBAL, &v))
        return m->e->code;
    char *p = mlp_arena_alloc(m->out->arena, module.n + name.n + 2);
    struct mlp_global *g = p ? mlp_vec_push(&m->out->globals) : NULL;
    if (!g)
        return mlp_err_nomem(m->e);
    memcpy(p, module.p, module.n);
    p[module.n] = '.';
    memcpy(p + module.n + 1, name.p, name.n);
    v->u.s = (struct mlp_str){p, module.n + name.n + 1};
    *g = (struct mlp_global){v->u.s, m->at, v};
    return MLP_OK;
}

/* --- numbers and texts --- */

static enum mlp_code make_int(struct mlp_machine *m, int64_t i)
{
    struct mlp_value *v;
    if (mlp_machine_make(m, MLP_VALUE_INT, &v))
        return m->e->code;
    v->u.i = i;
    return MLP_OK;
}

static enum mlp_code op_binint(struct mlp_machine *m)
{
    uint64_t u;
    return take_uint(m, 4, &u) ? m->e->code : make_int(m, (int32_t)(uint32_t)u);
}

static enum mlp_code op_binint1(struct mlp_machine *m)
{
    uint64_t u;
    return take_uint(m, 1, &u) ? m->e->code : make_int(m, (int64_t)u);
}

static enum mlp_code op_binint2(struct mlp_machine *m)
{
    uint64_t u;
    return take_uint(m, 2, &u) ? m->e->code : make_int(m, (int64_t)u);
}

/* Two's complement, little-endian, any length. */
static enum mlp_code long_of(struct mlp_machine *m, struct mlp_str s)
{
    struct mlp_value *v;
    if (s.n > 8) {
        enum mlp_code code = mlp_machine_make(m, MLP_VALUE_BIGINT, &v);
        return code;
    }
    uint64_t u = s.n && (s.p[s.n - 1] & 0x80) ? UINT64_MAX : 0;
    for (size_t i = s.n; i > 0; i--)
        u = u << 8 | (unsigned char)s.p[i - 1];
    return make_int(m, (int64_t)u);
}

static enum mlp_code op_long1(struct mlp_machine *m)
{
    struct mlp_str s;
    return take_sized(m, 1, &s) ? m->e->code : long_of(m, s);
}

static enum mlp_code op_long4(struct mlp_machine *m)
{
    struct mlp_str s;
    return take_sized(m, 4, &s) ? m->e->code : long_of(m, s);
}

static enum mlp_code op_binfloat(struct mlp_machine *m)
{
    struct mlp_str s;
    struct mlp_value *v;
    if (mlp_machine_take(m, 8, &s) || mlp_machine_make(m, MLP_VALUE_FLOAT, &v))
        return m->e->code;
    uint64_t u = 0;
    for (size_t i = 0; i < 8; i++)
        u = u << 8 | (unsigned char)s.p[i];
    memcpy(&v->u.f, &u, sizeof u);
    return MLP_OK;
}

static enum mlp_code sized_value(struct mlp_machine *m, size_t width, enum mlp_value_type type)
{
    struct mlp_str s;
    struct mlp_value *v;
    if (take_sized(m, width, &s))
        return m->e->code;
    if (type == MLP_VALUE_TEXT && !mlp_str_utf8(s))
        return mlp_machine_bad(m, "a text is not UTF-8");
    if (mlp_machine_make(m, type, &v))
        return m->e->code;
    v->u.s = s;
    return MLP_OK;
}

static enum mlp_code op_text1(struct mlp_machine *m)
{
    return sized_value(m, 1, MLP_VALUE_TEXT);
}

static enum mlp_code op_text4(struct mlp_machine *m)
{
    return sized_value(m, 4, MLP_VALUE_TEXT);
}

static enum mlp_code op_text8(struct mlp_machine *m)
{
    return sized_value(m, 8, MLP_VALUE_TEXT);
}

static enum mlp_code op_bytes1(struct mlp_machine *m)
{
    return sized_value(m, 1, MLP_VALUE_BYTES);
}

static enum mlp_code op_bytes4(struct mlp_machine *m)
{
    return sized_value(m, 4, MLP_VALUE_BYTES);
}

static enum mlp_code op_bytes8(struct mlp_machine *m)
{
    return sized_value(m, 8, MLP_VALUE_BYTES);
}

static enum mlp_code op_none(struct mlp_machine *m)
{
    struct mlp_value *v;
    return mlp_machine_make(m, MLP_VALUE_NONE, &v);
}

static enum mlp_code make_bool(struct mlp_machine *m, bool b)
{
    struct mlp_value *v;
    if (mlp_machine_make(m, MLP_VALUE_BOOL, &v))
        return m->e->code;
    v->u.b = b;
    return MLP_OK;
}

static enum mlp_code op_true(struct mlp_machine *m)
{
    return make_bool(m, true);
}

static enum mlp_code op_false(struct mlp_machine *m)
{
    return make_bool(m, false);
}

/* --- containers --- */

static enum mlp_code op_empty_list(struct mlp_machine *m)
{
    struct mlp_value *v;
    return mlp_machine_make(m, MLP_VALUE_LIST, &v);
}

static enum mlp_code op_empty_tuple(struct mlp_machine *m)
{
    struct mlp_value *v;
    return mlp_machine_make(m, MLP_VALUE_TUPLE, &v);
}

static enum mlp_code op_empty_dict(struct mlp_machine *m)
{
    struct mlp_value *v;
    return mlp_machine_make(m, MLP_VALUE_DICT, &v);
}

static enum mlp_code op_empty_set(struct mlp_machine *m)
{
    struct mlp_value *v;
    return mlp_machine_make(m, MLP_VALUE_SET, &v);
}

/* A container of all items above the mark. */
static enum mlp_code gather(struct mlp_machine *m, enum mlp_value_type type)
{
    struct mlp_value **p, *v = mlp_value_new(m->out->arena, type, m->at);
    size_t n;
    if (pop_mark(m, &p, &n))
        return m->e->code;
    if (type == MLP_VALUE_DICT && n % 2)
        return mlp_machine_bad(m, "DICT with a key but no value");
    if (!v || !mlp_values_add(m->out->arena, &v->u.list, p, n))
        return mlp_err_nomem(m->e);
    return mlp_machine_push(m, v);
}

static enum mlp_code op_list(struct mlp_machine *m)
{
    return gather(m, MLP_VALUE_LIST);
}

static enum mlp_code op_tuple(struct mlp_machine *m)
{
    return gather(m, MLP_VALUE_TUPLE);
}

static enum mlp_code op_dict(struct mlp_machine *m)
{
    return gather(m, MLP_VALUE_DICT);
}

static enum mlp_code op_frozenset(struct mlp_machine *m)
{
    return gather(m, MLP_VALUE_SET);
}

static enum mlp_code short_tuple(struct mlp_machine *m, size_t n)
{
    if (m->stack.n < stack_floor(m) + n)
        return underflow(m);
    struct mlp_value *v = mlp_value_new(m->out->arena, MLP_VALUE_TUPLE, m->at);
    if (!v || !mlp_values_add(m->out->arena, &v->u.list, stack_at(m, m->stack.n - n), n))
        return mlp_err_nomem(m->e);
    m->stack.n -= n;
    return mlp_machine_push(m, v);
}

static enum mlp_code op_tuple1(struct mlp_machine *m)
{
    return short_tuple(m, 1);
}

static enum mlp_code op_tuple2(struct mlp_machine *m)
{
    return short_tuple(m, 2);
}

static enum mlp_code op_tuple3(struct mlp_machine *m)
{
    return short_tuple(m, 3);
}

/* Where APPEND (or, pairs true, SETITEM) on v stores; NULL when v takes none. */
static struct mlp_values *store_of(struct mlp_value *v, bool pairs)
{
    if (v && v->type == MLP_VALUE_OBJECT)
        return pairs ? &v->u.object->pairs : &v->u.object->items;
    if (v && v->type == (pairs ? MLP_VALUE_DICT : MLP_VALUE_LIST))
        return &v->u.list;
    return !pairs && v && v->type == MLP_VALUE_SET ? &v->u.list : NULL;
}

static enum mlp_code store(struct mlp_machine *m, struct mlp_value **p, size_t n, bool pairs)
{
    struct mlp_values *list = store_of(top(m), pairs);
    if (!list)
        return mlp_machine_bad(m, "items are added to what takes none");
    if (pairs && n % 2)
        return mlp_machine_bad(m, "SETITEMS with a key but no value");
    return mlp_values_add(m->out->arena, list, p, n) ? MLP_OK : mlp_err_nomem(m->e);
}

static enum mlp_code op_append(struct mlp_machine *m)
{
    struct mlp_value *v = pop(m);
    return v ? store(m, &v, 1, false) : underflow(m);
}

static enum mlp_code op_appends(struct mlp_machine *m)
{
    struct mlp_value **p;
    size_t n;
    return pop_mark(m, &p, &n) ? m->e->code : store(m, p, n, false);
}

static enum mlp_code op_setitem(struct mlp_machine *m)
{
    struct mlp_value *pair[2];
    pair[1] = pop(m);
    pair[0] = pop(m);
    return pair[0] && pair[1] ? store(m, pair, 2, true) : underflow(m);
}

static enum mlp_code op_setitems(struct mlp_machine *m)
{
    struct mlp_value **p;
    size_t n;
    return pop_mark(m, &p, &n) ? m->e->code : store(m, p, n, true);
}

/* --- stack and memo --- */

static enum mlp_code op_mark(struct mlp_machine *m)
{
    if (m->marks.n >= MAX_STACK)
        return mlp_machine_bad(m, "more than %u marks", MAX_STACK);
    size_t *slot = mlp_vec_push(&m->marks);
    if (!slot)
        return mlp_err_nomem(m->e);
    *slot = m->stack.n;
    return MLP_OK;
}

static enum mlp_code op_pop(struct mlp_machine *m)
{
    if (pop(m))
        return MLP_OK;
    if (!m->marks.n)
        return underflow(m);
    m->marks.n--;
    return MLP_OK;
}

static enum mlp_code op_pop_mark(struct mlp_machine *m)
{
    struct mlp_value **p;
    size_t n;
    return pop_mark(m, &p, &n);
}

static enum mlp_code op_dup(struct mlp_machine *m)
{
    return top(m) ? mlp_machine_push(m, top(m)) : underflow(m);
}

static enum mlp_code op_memoize(struct mlp_machine *m)
{
    return mlp_machine_put(m, m->memo_used);
}

static enum mlp_code op_binput(struct mlp_machine *m)
{
    uint64_t i;
    return take_uint(m, 1, &i) ? m->e->code : mlp_machine_put(m, i);
}

static enum mlp_code op_long_binput(struct mlp_machine *m)
{
    uint64_t i;
    return take_uint(m, 4, &i) ? m->e->code : mlp_machine_put(m, i);
}

static enum mlp_code op_binget(struct mlp_machine *m)
{
    uint64_t i;
    return take_uint(m, 1, &i) ? m->e->code : mlp_machine_get(m, i);
}

static enum mlp_code op_long_binget(struct mlp_machine *m)
{
    uint64_t i;
    return take_uint(m, 4, &i) ? m->e->code : mlp_machine_get(m, i);
}

/* --- what would be code --- */

static enum mlp_code op_stack_global(struct mlp_machine *m)
{
    struct mlp_value *name = pop(m), *module = pop(m);
    if (!name || !module)
        return underflow(m);
    if (name->type != MLP_VALUE_TEXT || module->type != MLP_VALUE_TEXT)
        return mlp_machine_bad(m, "STACK_GLOBAL on what is not text");
    return mlp_machine_global(m, module->u.s, name->u.s);
}

/* REDUCE, NEWOBJ: notes who would be called with what. */
static enum mlp_code op_call(struct mlp_machine *m)
{
    struct mlp_value *args = pop(m), *fn = pop(m), *v;
    if (!args || !fn)
        return underflow(m);
    if (args->type != MLP_VALUE_TUPLE)
        return mlp_machine_bad(m, "a call whose arguments are no tuple");
    if (fn->type != MLP_VALUE_GLOBAL)
        return mlp_machine_bad(m, "a call of something that is not a named class or function");
    if (mlp_machine_make(m, MLP_VALUE_OBJECT, &v))
        return m->e->code;
    v->u.object = mlp_arena_alloc(m->out->arena, sizeof *v->u.object);
    if (!v->u.object)
        return mlp_err_nomem(m->e);
    fn->called = true;
    v->u.object->fn = fn;
    v->u.object->args = args;
    return MLP_OK;
}

static enum mlp_code run(struct mlp_machine *m);

/* An object array: a whole second pickle follows in the stream. */
static enum mlp_code nested(struct mlp_machine *m, struct mlp_nd *nd)
{
    struct mlp_machine inner = {.out = m->out, .bytes = m->bytes, .pos = m->pos,
                                .nesting = m->nesting + 1, .e = m->e};
    if (inner.nesting > MAX_NESTING || m->frame_end)
        return mlp_machine_bad(m, "a pickle inside a pickle where none may be");
    enum mlp_code code = run(&inner);
    if (code)
        return code;
    m->pos = inner.pos;
    return mlp_nd_read(m->out->root, m->out->arena, nd, m->e);
}

/* Padding, whose length is in its first byte, up to the alignment within the stream. */
static enum mlp_code skip_padding(struct mlp_machine *m, const struct mlp_value *state)
{
    int64_t align = 0;
    uint64_t n;
    struct mlp_str pad;
    if (!mlp_value_i64(mlp_value_get(state, "numpy_array_alignment_bytes"), &align))
        return MLP_OK;
    if (take_uint(m, 1, &n) || mlp_machine_take(m, (size_t)n, &pad))
        return m->e->code;
    for (size_t i = 0; i < pad.n; i++)
        if ((unsigned char)pad.p[i] != 0xff)
            return mlp_machine_bad(m, "an array's padding holds other bytes than 0xff");
    if (align <= 0 || align > 4096 || m->pos % (size_t)align)
        return mlp_machine_bad(m, "an array is not aligned as it says");
    return MLP_OK;
}

static enum mlp_code wrapper_shape(struct mlp_machine *m, const struct mlp_value *state,
                                   struct mlp_nd *nd)
{
    const struct mlp_value *shape = mlp_value_get(state, "shape");
    size_t n = mlp_value_count(shape);
    if (n > MLP_ND_MAX_DIMS || !shape || shape->type != MLP_VALUE_TUPLE)
        return mlp_machine_bad(m, "an array wrapper without a usable shape");
    nd->ndim = (uint32_t)n;
    for (size_t i = 0; i < n; i++) {
        int64_t d;
        if (!mlp_value_i64(mlp_value_at(shape, i), &d) || d < 0)
            return mlp_machine_bad(m, "an array wrapper with a negative shape");
        nd->shape[i] = (size_t)d;
    }
    nd->fortran = mlp_value_text_is(mlp_value_get(state, "order"), "F");
    return MLP_OK;
}

/* joblib: after the wrapper's BUILD the array's bytes lie in the stream (numpy_pickle.py). */
static enum mlp_code wrapped_array(struct mlp_machine *m, struct mlp_value *v)
{
    const struct mlp_value *state = v->u.object->state;
    struct mlp_nd *nd = mlp_arena_alloc(m->out->arena, sizeof *nd);
    struct mlp_str raw;
    leave_frame(m);
    if (!nd)
        return mlp_err_nomem(m->e);
    if (mlp_dtype_read(mlp_value_get(state, "dtype"), m->out->arena, &nd->type, m->e))
        return mlp_err_at_byte(m->e, m->at);
    v->u.object->array = nd;
    if (nd->type.kind == 'O')
        return nested(m, nd);
    if (wrapper_shape(m, state, nd) || skip_padding(m, state))
        return m->e->code;
    if (mlp_nd_measure(nd, m->bytes.n - m->pos, m->e))
        return mlp_err_at_byte(m->e, m->at);
    if (mlp_machine_take(m, nd->count * nd->type.itemsize, &raw))
        return m->e->code;
    nd->data = raw.p;
    return MLP_OK;
}

static enum mlp_code op_build(struct mlp_machine *m)
{
    struct mlp_value *state = pop(m), *v = top(m);
    if (!state || !v)
        return underflow(m);
    if (v->type != MLP_VALUE_OBJECT)
        return mlp_machine_bad(m, "BUILD on what is no object");
    v->u.object->state = state;
    if (mlp_str_is(mlp_value_name(v), "joblib.numpy_pickle.NumpyArrayWrapper"))
        return wrapped_array(m, v);
    return MLP_OK;
}

/* --- stream --- */

static enum mlp_code op_proto(struct mlp_machine *m)
{
    uint64_t v;
    if (take_uint(m, 1, &v))
        return m->e->code;
    return v <= 5 ? MLP_OK : mlp_machine_bad(m, "protocol %u is unknown", (unsigned)v);
}

static enum mlp_code op_frame(struct mlp_machine *m)
{
    uint64_t n;
    if (take_uint(m, 8, &n))
        return m->e->code;
    if (m->frame_end)
        return mlp_machine_bad(m, "a frame starts inside a frame");
    if (n > m->bytes.n - m->pos)
        return mlp_machine_bad(m, "a frame passes the end of the file (truncated?)");
    m->frame_end = n ? m->pos + (size_t)n : 0;
    return MLP_OK;
}

static enum mlp_code op_stop(struct mlp_machine *m)
{
    struct mlp_value *v = pop(m);
    if (!v)
        return underflow(m);
    leave_frame(m);
    if (m->frame_end)
        return mlp_machine_bad(m, "STOP before the end of its frame");
    m->out->root = v;
    m->stopped = true;
    return MLP_OK;
}

static enum mlp_code op_refuse(struct mlp_machine *m)
{
    return mlp_machine_bad(m, "opcode 0x%02x (persistent ids, extension codes, INST, OBJ, "
                           "NEWOBJ_EX and out-of-band buffers are not read)",
                           (unsigned)(unsigned char)m->bytes.p[m->at]);
}

/* Opcodes by their byte: pickletools.py, PEP 307, PEP 3154, PEP 574. */
static enum mlp_code (*const opcodes[256])(struct mlp_machine *) = {
    ['('] = op_mark, ['.'] = op_stop, ['0'] = op_pop, ['1'] = op_pop_mark, ['2'] = op_dup,
    ['F'] = mlp_op_float, ['I'] = mlp_op_int, ['L'] = mlp_op_long, ['S'] = mlp_op_string,
    ['V'] = mlp_op_unicode, ['g'] = mlp_op_get, ['p'] = mlp_op_put, ['c'] = mlp_op_global,
    ['J'] = op_binint, ['K'] = op_binint1, ['M'] = op_binint2, [0x8a] = op_long1,
    [0x8b] = op_long4, ['G'] = op_binfloat, ['N'] = op_none, [0x88] = op_true, [0x89] = op_false,
    ['T'] = op_text4, ['U'] = op_text1, ['X'] = op_text4, [0x8c] = op_text1, [0x8d] = op_text8,
    ['B'] = op_bytes4, ['C'] = op_bytes1, [0x8e] = op_bytes8, [0x96] = op_bytes8,
    [']'] = op_empty_list, ['l'] = op_list, ['a'] = op_append, ['e'] = op_appends,
    [')'] = op_empty_tuple, ['t'] = op_tuple, [0x85] = op_tuple1, [0x86] = op_tuple2,
    [0x87] = op_tuple3, ['}'] = op_empty_dict, ['d'] = op_dict, ['s'] = op_setitem,
    ['u'] = op_setitems, [0x8f] = op_empty_set, [0x90] = op_appends, [0x91] = op_frozenset,
    ['q'] = op_binput, ['r'] = op_long_binput, [0x94] = op_memoize, ['h'] = op_binget,
    ['j'] = op_long_binget, [0x93] = op_stack_global, ['R'] = op_call, [0x81] = op_call,
    ['b'] = op_build, [0x80] = op_proto, [0x95] = op_frame,
    ['i'] = op_refuse, ['o'] = op_refuse, ['P'] = op_refuse, ['Q'] = op_refuse,
    [0x82] = op_refuse, [0x83] = op_refuse, [0x84] = op_refuse, [0x92] = op_refuse,
    [0x97] = op_refuse, [0x98] = op_refuse,
};

static enum mlp_code step(struct mlp_machine *m)
{
    struct mlp_str op;
    leave_frame(m);
    m->at = m->pos;
    if (mlp_machine_take(m, 1, &op))
        return m->e->code;
    enum mlp_code (*fn)(struct mlp_machine *) = opcodes[(unsigned char)op.p[0]];
    if (!fn)
        return mlp_machine_bad(m, "byte 0x%02x is no pickle opcode",
                               (unsigned)(unsigned char)op.p[0]);
    return fn(m);
}

static enum mlp_code run(struct mlp_machine *m)
{
    mlp_vec_init(&m->stack, sizeof(struct mlp_value *));
    mlp_vec_init(&m->marks, sizeof(size_t));
    mlp_vec_init(&m->memo, sizeof(struct mlp_value *));
    enum mlp_code code = MLP_OK;
    while (!code && !m->stopped)
        code = step(m);
    mlp_vec_fini(&m->stack);
    mlp_vec_fini(&m->marks);
    mlp_vec_fini(&m->memo);
    return code;
}

enum mlp_code mlp_pickle_read(struct mlp_pickle *p, struct mlp_arena *a, struct mlp_str bytes,
                              struct mlp_err *e)
{
    struct mlp_machine m = {.out = p, .bytes = bytes, .e = e};
    p->arena = a;
    p->root = NULL;
    mlp_vec_init(&p->globals, sizeof(struct mlp_global));
    enum mlp_code code = run(&m);
    m.at = m.pos;
    if (!code && m.pos != bytes.n)
        code = mlp_machine_bad(&m, "%zu bytes after STOP: a model file holds one pickle",
                               bytes.n - m.pos);
    return code;
}

void mlp_pickle_fini(struct mlp_pickle *p)
{
    mlp_vec_fini(&p->globals);
}
