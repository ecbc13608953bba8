/* pickle_text.c: opcodes whose argument is a line of text (protocol 0, and GLOBAL of all). */
#include "base/buf.h"
#include "model/pickle_machine.h"
#include "text/num.h"

static enum mlp_code take_line(struct mlp_machine *m, struct mlp_str *line)
{
    struct mlp_str rest = {m->bytes.p + m->pos, m->bytes.n - m->pos};
    size_t n = mlp_str_find(rest, '\n');
    if (n == rest.n)
        return mlp_machine_bad(m, "the file ends inside an opcode's line");
    struct mlp_str raw;
    enum mlp_code code = mlp_machine_take(m, n + 1, &raw);
    *line = (struct mlp_str){raw.p, n};
    return code;
}

enum mlp_code mlp_op_int(struct mlp_machine *m)
{
    struct mlp_str s;
    struct mlp_value *v;
    int64_t i;
    if (take_line(m, &s))
        return m->e->code;
    bool truth = mlp_str_is(s, "01") || mlp_str_is(s, "00");
    if (!mlp_str_i64(s, &i))
        return mlp_machine_bad(m, "INT is not a number");
    if (mlp_machine_make(m, truth ? MLP_VALUE_BOOL : MLP_VALUE_INT, &v))
        return m->e->code;
    if (truth)
        v->u.b = i == 1;
    else
        v->u.i = i;
    return MLP_OK;
}

enum mlp_code mlp_op_long(struct mlp_machine *m)
{
    struct mlp_str s;
    struct mlp_value *v;
    int64_t i = 0;
    if (take_line(m, &s))
        return m->e->code;
    if (s.n && s.p[s.n - 1] == 'L')
        s.n--;
    bool small = mlp_str_i64(s, &i);
    for (size_t k = 0; !small && k < s.n; k++)
        if (!(s.p[k] >= '0' && s.p[k] <= '9') && !(k == 0 && s.p[k] == '-' && s.n > 1))
            return mlp_machine_bad(m, "LONG is not a number");
    if (s.n == 0)
        return mlp_machine_bad(m, "LONG is not a number");
    if (mlp_machine_make(m, small ? MLP_VALUE_INT : MLP_VALUE_BIGINT, &v))
        return m->e->code;
    v->u.i = i;
    return MLP_OK;
}

enum mlp_code mlp_op_float(struct mlp_machine *m)
{
    struct mlp_str s;
    struct mlp_value *v;
    double f;
    if (take_line(m, &s))
        return m->e->code;
    if (!mlp_num_f64(s, &f))
        return mlp_machine_bad(m, "FLOAT is not a number");
    if (mlp_machine_make(m, MLP_VALUE_FLOAT, &v))
        return m->e->code;
    v->u.f = f;
    return MLP_OK;
}

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void add_utf8(struct mlp_buf *b, unsigned c)
{
    if (c < 0x80) {
        mlp_buf_addc(b, (char)c);
    } else if (c < 0x800) {
        mlp_buf_addc(b, (char)(0xc0 | c >> 6));
        mlp_buf_addc(b, (char)(0x80 | (c & 0x3f)));
    } else if (c < 0x10000) {
        mlp_buf_addc(b, (char)(0xe0 | c >> 12));
        mlp_buf_addc(b, (char)(0x80 | (c >> 6 & 0x3f)));
        mlp_buf_addc(b, (char)(0x80 | (c & 0x3f)));
    } else {
        mlp_buf_addc(b, (char)(0xf0 | c >> 18));
        mlp_buf_addc(b, (char)(0x80 | (c >> 12 & 0x3f)));
        mlp_buf_addc(b, (char)(0x80 | (c >> 6 & 0x3f)));
        mlp_buf_addc(b, (char)(0x80 | (c & 0x3f)));
    }
}

/* Reads `digits` hexadecimal digits at s.p[*i]. */
static bool read_hex(struct mlp_str s, size_t *i, unsigned digits, unsigned *out)
{
    unsigned c = 0;
    for (unsigned k = 0; k < digits; k++, (*i)++) {
        int h = *i < s.n ? hex(s.p[*i]) : -1;
        if (h < 0)
            return false;
        c = c << 4 | (unsigned)h;
    }
    *out = c;
    return c <= 0x10ffff;
}

/* One escape after the backslash at *i: the letters of repr(), \xNN, \uNNNN, \UNNNNNNNN. */
static bool unescape_one(struct mlp_str s, size_t *i, struct mlp_buf *b)
{
    static const char from[] = "\\'\"nrt", to[] = "\\'\"\n\r\t";
    char c = s.p[(*i)++];
    unsigned code;
    if (c == 'x' || c == 'u' || c == 'U') {
        if (!read_hex(s, i, c == 'x' ? 2 : c == 'u' ? 4 : 8, &code))
            return false;
        add_utf8(b, code);
        return true;
    }
    for (size_t k = 0; k < sizeof from - 1; k++)
        if (from[k] == c) {
            mlp_buf_addc(b, to[k]);
            return true;
        }
    return false;
}

/* Text with escapes; raw keeps a backslash that starts none of \u and \U (UNICODE). Bytes above
 * 0x7f are Latin-1, as both of Python's codecs read them. */
static bool unescape(struct mlp_str s, bool raw, struct mlp_buf *b)
{
    for (size_t i = 0; i < s.n;) {
        unsigned char c = (unsigned char)s.p[i++];
        char next = i < s.n ? s.p[i] : 0;
        if (c != '\\' || (raw && next != 'u' && next != 'U'))
            add_utf8(b, c);
        else if (i >= s.n || !unescape_one(s, &i, b))
            return false;
    }
    return !b->failed;
}

static enum mlp_code push_text(struct mlp_machine *m, struct mlp_str s, bool raw)
{
    struct mlp_buf b;
    struct mlp_value *v;
    mlp_buf_init(&b, s.n * 2 + 16);
    enum mlp_code code = MLP_OK;
    if (!unescape(s, raw, &b) || !mlp_str_utf8(mlp_buf_str(&b)))
        code = mlp_machine_bad(m, "text with a bad escape");
    else if (!(code = mlp_machine_make(m, MLP_VALUE_TEXT, &v))) {
        v->u.s = mlp_arena_str(m->out->arena, mlp_buf_str(&b));
        if (!v->u.s.p)
            code = mlp_err_nomem(m->e);
    }
    mlp_buf_fini(&b);
    return code;
}

enum mlp_code mlp_op_string(struct mlp_machine *m)
{
    struct mlp_str s;
    if (take_line(m, &s))
        return m->e->code;
    if (s.n < 2 || s.p[0] != s.p[s.n - 1] || (s.p[0] != '\'' && s.p[0] != '"'))
        return mlp_machine_bad(m, "STRING is not quoted");
    return push_text(m, (struct mlp_str){s.p + 1, s.n - 2}, false);
}

enum mlp_code mlp_op_unicode(struct mlp_machine *m)
{
    struct mlp_str s;
    if (take_line(m, &s))
        return m->e->code;
    return push_text(m, s, true);
}

enum mlp_code mlp_op_get(struct mlp_machine *m)
{
    struct mlp_str s;
    uint64_t i;
    if (take_line(m, &s))
        return m->e->code;
    return mlp_str_u64(s, &i) ? mlp_machine_get(m, i) : mlp_machine_bad(m, "GET is no number");
}

enum mlp_code mlp_op_put(struct mlp_machine *m)
{
    struct mlp_str s;
    uint64_t i;
    if (take_line(m, &s))
        return m->e->code;
    return mlp_str_u64(s, &i) ? mlp_machine_put(m, i) : mlp_machine_bad(m, "PUT is no number");
}

enum mlp_code mlp_op_global(struct mlp_machine *m)
{
    struct mlp_str module, name;
    if (take_line(m, &module) || take_line(m, &name))
        return m->e->code;
    return mlp_machine_global(m, module, name);
}
