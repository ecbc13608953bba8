/* ubjson.c: Universal Binary JSON (ubjson.org, draft 12) as XGBoost writes it (jdoc.h): typed
 * arrays `[$t#n`, counted arrays `[#n`, plain ones, big-endian numbers. */
#include "model/jdoc_build.h"
#include <math.h>

#define MAX_DEPTH 64

struct reader {
    struct mlp_str bytes;
    size_t pos;
    unsigned depth;
    struct mlp_jbuild b;
    struct mlp_err *e;
};

static enum mlp_code bad(struct reader *r, const char *what)
{
    mlp_err_set(r->e, MLP_EINPUT, "UBJSON: %s", what);
    return mlp_err_at_byte(r->e, r->pos);
}

static enum mlp_code take(struct reader *r, uint64_t n, const char **p)
{
    *p = "";
    if (n > r->bytes.n - r->pos)
        return bad(r, "the file ends early (truncated?)");
    *p = r->bytes.p + r->pos;
    r->pos += (size_t)n;
    return MLP_OK;
}

static enum mlp_code marker(struct reader *r, char *c)
{
    const char *p = "";
    enum mlp_code code = take(r, 1, &p);
    *c = *p;
    return code;
}

static size_t width_of(char type)
{
    switch (type) {
    case 'i':
    case 'U':
        return 1;
    case 'I':
        return 2;
    case 'l':
    case 'd':
        return 4;
    case 'L':
    case 'D':
        return 8;
    default:
        return 0;
    }
}

static double decode(char type, const char *p)
{
    uint64_t u = 0;
    size_t n = width_of(type);
    for (size_t i = 0; i < n; i++)
        u = u << 8 | (unsigned char)p[i];
    if (type == 'd') {
        uint32_t u4 = (uint32_t)u;
        float f;
        memcpy(&f, &u4, sizeof f);
        return (double)f;
    }
    if (type == 'D') {
        double d;
        memcpy(&d, &u, sizeof d);
        return d;
    }
    if (type == 'U')
        return (double)u;
    unsigned shift = 64 - 8 * (unsigned)n;
    return (double)((int64_t)(u << shift) >> shift);
}

static enum mlp_code number(struct reader *r, char type, double *out)
{
    const char *p;
    size_t n = width_of(type);
    if (!n)
        return bad(r, "a marker that is not known");
    if (take(r, n, &p))
        return r->e->code;
    *out = decode(type, p);
    return MLP_OK;
}

static enum mlp_code length(struct reader *r, uint64_t *out)
{
    char type;
    double n;
    if (marker(r, &type))
        return r->e->code;
    if (type == 'd' || type == 'D')
        return bad(r, "a length that is no integer");
    if (number(r, type, &n))
        return r->e->code;
    if (!(n >= 0 && n <= (double)r->bytes.n))
        return bad(r, "a length that passes the end of the file");
    *out = (uint64_t)n;
    return MLP_OK;
}

static enum mlp_code text(struct reader *r, struct mlp_str *out)
{
    uint64_t n;
    const char *p;
    if (length(r, &n) || take(r, n, &p))
        return r->e->code;
    *out = (struct mlp_str){p, (size_t)n};
    return mlp_str_utf8(*out) ? MLP_OK : bad(r, "a text is not UTF-8");
}

static bool next_is(const struct reader *r, char c)
{
    return r->pos < r->bytes.n && r->bytes.p[r->pos] == c;
}

static enum mlp_code value(struct reader *r, struct mlp_jval **out);

/* `[$t#n` and then n numbers without markers. */
static enum mlp_code typed(struct reader *r, struct mlp_jval **out)
{
    struct mlp_jval *v = mlp_jbuild_new(&r->b, MLP_J_NUMBERS);
    char type, hash;
    uint64_t n;
    const char *p;
    if (!v || marker(r, &type) || marker(r, &hash))
        return r->e->code;
    size_t width = width_of(type);
    if (!width || hash != '#')
        return bad(r, "a typed array that is not of numbers, or has no count");
    if (length(r, &n) || take(r, n * width, &p))
        return r->e->code;
    double *numbers = mlp_arena_array(r->b.arena, (size_t)n, sizeof *numbers);
    if (!numbers)
        return mlp_err_nomem(r->e);
    for (size_t i = 0; i < n; i++)
        numbers[i] = decode(type, p + i * width);
    v->n = (size_t)n;
    v->numbers = numbers;
    *out = v;
    return MLP_OK;
}

static enum mlp_code element(struct reader *r)
{
    struct mlp_jval *v;
    if (value(r, &v))
        return r->e->code;
    return v->type == MLP_J_NUMBER ? mlp_jbuild_number(&r->b, v->number)
                                   : mlp_jbuild_item(&r->b, v);
}

static enum mlp_code array(struct reader *r, struct mlp_jval **out)
{
    struct mlp_jmark from = {r->b.numbers.n, r->b.items.n};
    uint64_t n = 0;
    if (next_is(r, '$')) {
        r->pos++;
        return typed(r, out);
    }
    bool counted = next_is(r, '#');
    if (counted) {
        r->pos++;
        if (length(r, &n))
            return r->e->code;
    }
    for (uint64_t i = 0; counted ? i < n : !next_is(r, ']'); i++)
        if (element(r))
            return r->e->code;
    r->pos += !counted;
    return mlp_jbuild_array(&r->b, from, out);
}

static enum mlp_code map(struct reader *r, struct mlp_jval **out)
{
    struct mlp_jval *m = mlp_jbuild_new(&r->b, MLP_J_MAP), *last = NULL, *v;
    struct mlp_str key;
    if (!m)
        return r->e->code;
    if (next_is(r, '$') || next_is(r, '#'))
        return bad(r, "a counted object, which no model file has");
    *out = m;
    for (; !next_is(r, '}'); last = v) {
        if (text(r, &key) || value(r, &v))
            return r->e->code;
        v->key = key;
        if (last)
            last->next = v;
        else
            m->child = v;
    }
    r->pos++;
    return MLP_OK;
}

static enum mlp_code scalar(struct reader *r, char type, struct mlp_jval **out)
{
    struct mlp_jval *v = mlp_jbuild_new(&r->b, type == 'S'   ? MLP_J_TEXT
                                               : type == 'Z' ? MLP_J_NULL
                                                             : MLP_J_NUMBER);
    if (!v)
        return r->e->code;
    *out = v;
    if (type == 'S')
        return text(r, &v->text);
    if (type == 'T' || type == 'F' || type == 'Z') {
        v->number = type == 'T';
        return MLP_OK;
    }
    return number(r, type, &v->number);
}

static enum mlp_code value(struct reader *r, struct mlp_jval **out)
{
    char type;
    if (marker(r, &type))
        return r->e->code;
    if (type != '[' && type != '{')
        return scalar(r, type, out);
    if (++r->depth > MAX_DEPTH)
        return bad(r, "values are nested too deeply");
    enum mlp_code code = type == '[' ? array(r, out) : map(r, out);
    r->depth--;
    return code;
}

enum mlp_code mlp_jdoc_ubjson(struct mlp_str bytes, struct mlp_arena *a, struct mlp_jval **root,
                              struct mlp_err *e)
{
    struct reader r = {.bytes = bytes, .e = e};
    mlp_jbuild_init(&r.b, a, e);
    enum mlp_code code = value(&r, root);
    if (!code && r.pos != bytes.n)
        code = bad(&r, "bytes after the end of the document");
    mlp_jbuild_fini(&r.b);
    return code;
}
