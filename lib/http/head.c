#include "http/head.h"

/* Classes of bytes, one bit each. */
enum { TCHAR = 1, VALUE = 2, TARGET = 4, HOST = 8 };

#define A_TO_Z(flags, c) \
    [c] = flags, [c + 1] = flags, [c + 2] = flags, [c + 3] = flags, [c + 4] = flags, \
    [c + 5] = flags, [c + 6] = flags, [c + 7] = flags, [c + 8] = flags, [c + 9] = flags, \
    [c + 10] = flags, [c + 11] = flags, [c + 12] = flags, [c + 13] = flags, [c + 14] = flags, \
    [c + 15] = flags, [c + 16] = flags, [c + 17] = flags, [c + 18] = flags, [c + 19] = flags, \
    [c + 20] = flags, [c + 21] = flags, [c + 22] = flags, [c + 23] = flags, [c + 24] = flags, \
    [c + 25] = flags
#define ALL (TCHAR | VALUE | TARGET | HOST)

/* Bytes from 0x80 are obs-text: allowed in values only, and handled beside the table. */
static const uint8_t classes[128] = {
    ['\t'] = VALUE, [' '] = VALUE,
    ['!'] = ALL, ['"'] = VALUE, ['#'] = TCHAR | VALUE, ['$'] = ALL, ['%'] = ALL, ['&'] = ALL,
    ['\''] = ALL, ['('] = VALUE | TARGET | HOST, [')'] = VALUE | TARGET | HOST, ['*'] = ALL,
    ['+'] = ALL, [','] = VALUE | TARGET | HOST, ['-'] = ALL, ['.'] = ALL, ['/'] = VALUE | TARGET,
    ['0'] = ALL, ['1'] = ALL, ['2'] = ALL, ['3'] = ALL, ['4'] = ALL, ['5'] = ALL, ['6'] = ALL,
    ['7'] = ALL, ['8'] = ALL, ['9'] = ALL, [':'] = VALUE | TARGET | HOST,
    [';'] = VALUE | TARGET | HOST, ['<'] = VALUE, ['='] = VALUE | TARGET | HOST, ['>'] = VALUE,
    ['?'] = VALUE | TARGET, ['@'] = VALUE | TARGET, A_TO_Z(ALL, 'A'),
    ['['] = VALUE | TARGET | HOST, ['\\'] = VALUE, [']'] = VALUE | TARGET | HOST,
    ['^'] = TCHAR | VALUE, ['_'] = ALL, ['`'] = TCHAR | VALUE, A_TO_Z(ALL, 'a'),
    ['{'] = VALUE, ['|'] = TCHAR | VALUE, ['}'] = VALUE, ['~'] = ALL,
};

static bool in_class(char c, unsigned flag)
{
    unsigned char u = (unsigned char)c;
    return u < 0x80 ? (classes[u] & flag) != 0 : flag == VALUE;
}

/* Length of the run of bytes of a class that s starts with. */
static size_t run(struct mlp_str s, unsigned flag)
{
    size_t i = 0;
    while (i < s.n && in_class(s.p[i], flag))
        i++;
    return i;
}

bool mlp_http_is_tchar(char c)
{
    return in_class(c, TCHAR);
}

bool mlp_http_refuse(struct mlp_http_parser *s, int status, const char *reason)
{
    s->status = status;
    s->reason = reason;
    return false;
}

bool mlp_http_is(struct mlp_str s, const char *z)
{
    size_t i = 0;
    for (; i < s.n && z[i]; i++) {
        char c = s.p[i];
        if (c >= 'A' && c <= 'Z')
            c = (char)(c + ('a' - 'A'));
        if (c != z[i])
            return false;
    }
    return i == s.n && z[i] == '\0';
}

int mlp_http_hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

bool mlp_http_decode(struct mlp_str *s, char *at)
{
    size_t out = 0;
    for (size_t i = 0; i < s->n; i++, out++) {
        char c = s->p[i];
        if (c == '%') {
            int high = i + 2 < s->n ? mlp_http_hex(s->p[i + 1]) : -1;
            int low = high >= 0 ? mlp_http_hex(s->p[i + 2]) : -1;
            if (low < 0 || (high == 0 && low == 0))
                return false;
            c = (char)(high * 16 + low);
            i += 2;
        }
        at[out] = c;
    }
    *s = (struct mlp_str){at, out};
    return true;
}

static struct mlp_str cut(struct mlp_str s, size_t from, size_t to)
{
    return (struct mlp_str){s.p + from, to - from};
}

/* Removes "http://authority" from an absolute-form target (RFC 9112, 3.2.2: must be accepted). */
static void strip_authority(struct mlp_str *t)
{
    size_t scheme = mlp_str_starts(*t, "http://") ? 7 : mlp_str_starts(*t, "https://") ? 8 : 0;
    if (!scheme)
        return;
    size_t i = scheme;
    while (i < t->n && t->p[i] != '/' && t->p[i] != '?')
        i++;
    bool path = i > scheme && i < t->n && t->p[i] == '/';
    *t = path ? cut(*t, i, t->n) : i == t->n && i > scheme ? MLP_STR("/") : *t;
}

static bool parse_target(struct mlp_http_parser *s, struct mlp_str target,
                         struct mlp_http_request *r)
{
    if (run(target, TARGET) != target.n || target.n == 0)
        return mlp_http_refuse(s, 400, "bad byte in the request target");
    strip_authority(&target);
    bool star = mlp_str_is(target, "*") && mlp_str_is(r->method, "OPTIONS");
    if (target.p[0] != '/' && !star)
        return mlp_http_refuse(s, 400, "the request target does not start with /");
    size_t query = mlp_str_find(target, '?');
    r->path = cut(target, 0, query);
    r->query = query < target.n ? cut(target, query + 1, target.n) : (struct mlp_str){0};
    return true;
}

/* "HTTP/1.1" exactly; another well-formed version is 505, anything else is no HTTP at all. */
static bool parse_version(struct mlp_http_parser *s, struct mlp_str v)
{
    bool shape = v.n == 8 && memcmp(v.p, "HTTP/", 5) == 0 && v.p[6] == '.' &&
                 v.p[5] >= '0' && v.p[5] <= '9' && v.p[7] >= '0' && v.p[7] <= '9';
    if (!shape)
        return mlp_http_refuse(s, 400, "bad HTTP version in the request line");
    if (v.p[5] != '1' || v.p[7] > '1')
        return mlp_http_refuse(s, 505, "only HTTP/1.1 and HTTP/1.0 are spoken here");
    s->keep_alive = v.p[7] == '1';
    return true;
}

static bool parse_request_line(struct mlp_http_parser *s, struct mlp_str line,
                               struct mlp_http_request *r)
{
    size_t method = run(line, TCHAR);
    if (method == 0 || method >= line.n || line.p[method] != ' ')
        return mlp_http_refuse(s, 400, "bad method in the request line");
    r->method = cut(line, 0, method);
    struct mlp_str rest = cut(line, method + 1, line.n);
    size_t space = mlp_str_find(rest, ' ');
    if (space == rest.n)
        return mlp_http_refuse(s, 400, "request line without a version");
    return parse_version(s, cut(rest, space + 1, rest.n)) &&
           parse_target(s, cut(rest, 0, space), r);
}

bool mlp_http_field_line(struct mlp_str line, struct mlp_http_field *f)
{
    size_t name = run(line, TCHAR);
    if (name == 0 || name >= line.n || line.p[name] != ':')
        return false;
    f->name = cut(line, 0, name);
    struct mlp_str value = cut(line, name + 1, line.n);
    if (run(value, VALUE) != value.n)
        return false;
    while (value.n && (value.p[0] == ' ' || value.p[0] == '\t')) {
        value.p++;
        value.n--;
    }
    while (value.n && (value.p[value.n - 1] == ' ' || value.p[value.n - 1] == '\t'))
        value.n--;
    f->value = value;
    return true;
}

/* What the fields of one head said about framing. */
struct framing {
    unsigned hosts, lengths, codings;
    bool close, keep;
};

static bool host_field(struct mlp_http_parser *s, struct mlp_str value, struct framing *f)
{
    if (f->hosts++)
        return mlp_http_refuse(s, 400, "Host given twice");
    if (run(value, HOST) != value.n)
        return mlp_http_refuse(s, 400, "bad byte in Host");
    return true;
}

static bool length_field(struct mlp_http_parser *s, struct mlp_str value, struct framing *f)
{
    if (f->lengths++)
        return mlp_http_refuse(s, 400, "Content-Length given twice");
    for (size_t i = 0; i < value.n; i++)
        if (value.p[i] < '0' || value.p[i] > '9')
            return mlp_http_refuse(s, 400, "Content-Length is not a plain number");
    if (!mlp_str_u64(value, &s->content_length))
        return mlp_http_refuse(s, 400, "Content-Length is empty or too large");
    return true;
}

static bool coding_field(struct mlp_http_parser *s, struct mlp_str value, struct framing *f)
{
    if (f->codings++)
        return mlp_http_refuse(s, 400, "Transfer-Encoding given twice");
    if (!mlp_http_is(value, "chunked"))
        return mlp_http_refuse(s, 501, "the only Transfer-Encoding taken is chunked");
    s->chunked = true;
    return true;
}

static bool connection_field(struct mlp_str value, struct framing *f)
{
    struct mlp_str part;
    while (mlp_str_split(&value, ',', &part)) {
        part = mlp_str_trim(part);
        f->close = f->close || mlp_http_is(part, "close");
        f->keep = f->keep || mlp_http_is(part, "keep-alive");
    }
    return true;
}

static bool expect_field(struct mlp_http_parser *s, struct mlp_str value)
{
    if (!mlp_http_is(value, "100-continue"))
        return mlp_http_refuse(s, 417, "the only expectation met is 100-continue");
    s->expect_continue = true;
    return true;
}

static bool note_field(struct mlp_http_parser *s, const struct mlp_http_field *field,
                       struct framing *f)
{
    switch (field->name.n) {
    case 4:
        return mlp_http_is(field->name, "host") ? host_field(s, field->value, f) : true;
    case 6:
        return mlp_http_is(field->name, "expect") ? expect_field(s, field->value) : true;
    case 10:
        return mlp_http_is(field->name, "connection") ? connection_field(field->value, f) : true;
    case 14:
        return mlp_http_is(field->name, "content-length") ? length_field(s, field->value, f)
                                                          : true;
    case 17:
        return mlp_http_is(field->name, "transfer-encoding") ? coding_field(s, field->value, f)
                                                             : true;
    default:
        return true;
    }
}

/* What the fields mean together; s->keep_alive still tells the version. */
static bool settle(struct mlp_http_parser *s, const struct framing *f)
{
    bool http11 = s->keep_alive;
    if (f->lengths && f->codings)
        return mlp_http_refuse(s, 400, "both Content-Length and Transfer-Encoding");
    if (f->codings && !http11)
        return mlp_http_refuse(s, 400, "Transfer-Encoding in HTTP/1.0");
    if (!f->hosts && http11)
        return mlp_http_refuse(s, 400, "no Host");
    if (s->content_length > s->limits->body_bytes)
        return mlp_http_refuse(s, 413, "the body is over the limit");
    s->keep_alive = !f->close && (http11 || f->keep);
    s->keep_named = f->keep;
    s->expect_continue = s->expect_continue && http11;
    return true;
}

bool mlp_http_head(struct mlp_http_parser *s, const char *p, struct mlp_http_request *r)
{
    struct framing f = {0};
    s->content_length = 0;
    s->chunked = s->expect_continue = false;
    r->nfields = 0;
    r->body = (struct mlp_str){0};
    if (!parse_request_line(s, (struct mlp_str){p + s->start, s->fields_at - 2 - s->start}, r))
        return false;
    size_t at = s->fields_at, end = s->head_bytes - 2;
    while (at < end) {
        const char *cr = memchr(p + at, '\r', s->head_bytes - at);
        size_t next = (size_t)(cr - p);
        if (r->nfields == MLP_HTTP_MAX_FIELDS)
            return mlp_http_refuse(s, 431, "too many header fields");
        struct mlp_http_field *field = &r->fields[r->nfields++];
        if (!mlp_http_field_line((struct mlp_str){p + at, next - at}, field))
            return mlp_http_refuse(s, 400, "malformed header field");
        if (!note_field(s, field, &f))
            return false;
        at = next + 2;
    }
    return settle(s, &f);
}
