#include "text/textproto.h"

#include "text/doc_internal.h"
#include "text/num.h"
#include "text/unicode.h"

#include <math.h>

#define MOST_DEPTH 100
#define MOST_NAMES 1000

/* What is left of the text, and where it stands. */
struct reader {
    struct mlp_doc *d;
    struct mlp_err *e;
    const char *p, *end, *line_start;
    uint32_t line;
    unsigned depth;
    struct mlp_buf scratch;
};

static bool failed(const struct reader *r)
{
    return r->e->code != MLP_OK;
}

static uint32_t column_at(const struct reader *r)
{
    return (uint32_t)(r->p - r->line_start) + 1;
}

static void fault(struct reader *r, const char *expected)
{
    if (failed(r))
        return;
    mlp_err_set(r->e, MLP_EINPUT, "expected %s", expected);
    mlp_err_at(r->e, r->d->source, r->line, column_at(r));
}

static struct mlp_node *new_node(struct reader *r, enum mlp_doc_type type)
{
    return failed(r) ? NULL : mlp_doc_node(r->d, type, r->line, column_at(r), r->e);
}

static int peek(const struct reader *r)
{
    return r->p < r->end ? (unsigned char)*r->p : -1;
}

/* White space and comments, which run to the end of the line. */
static void skip(struct reader *r)
{
    while (r->p < r->end) {
        if (*r->p == '\n') {
            r->line++;
            r->line_start = r->p + 1;
        } else if (*r->p == '#') {
            while (r->p + 1 < r->end && r->p[1] != '\n')
                r->p++;
        } else if (*r->p != ' ' && (*r->p < '\t' || *r->p > '\r')) {
            return;
        }
        r->p++;
    }
}

static bool take(struct reader *r, char c)
{
    if (peek(r) != c)
        return false;
    r->p++;
    skip(r);
    return true;
}

static bool is_letter(int c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(int c)
{
    return c >= '0' && c <= '9';
}

/* ---- strings */

static int hex_digit(int c)
{
    if (is_digit(c))
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Up to `most` digits of a base, 8 or 16. False without any. */
static bool take_digits(struct reader *r, unsigned base, unsigned most, uint32_t *v)
{
    unsigned n = 0;
    *v = 0;
    for (; n < most; n++, r->p++) {
        int digit = hex_digit(peek(r));
        if (digit < 0 || (unsigned)digit >= base)
            break;
        *v = *v * base + (uint32_t)digit;
    }
    return n > 0;
}

static void take_code_point(struct reader *r, unsigned digits)
{
    char utf8[4];
    uint32_t c;
    const char *start = r->p;
    bool whole = take_digits(r, 16, digits, &c) && r->p == start + digits;
    if (!whole || c > 0x10FFFF || (c >= 0xD800 && c < 0xE000))
        fault(r, "the digits of a Unicode code point");
    else
        mlp_buf_add(&r->scratch, utf8, mlp_unicode_put(c, utf8));
}

/* What comes after a backslash. */
static void take_escape(struct reader *r)
{
    static const char from[] = "abfnrtv\\'\"?", to[] = "\a\b\f\n\r\t\v\\'\"?";
    int c = peek(r);
    const char *plain = c > 0 ? strchr(from, c) : NULL;
    uint32_t v = 0;
    if (c >= '0' && c <= '7') {
        take_digits(r, 8, 3, &v);
        if (v > 0xFF)
            fault(r, "an octal escape of a byte");
        mlp_buf_addc(&r->scratch, (char)(unsigned char)v);
        return;
    }
    if (c < 0) {
        fault(r, "the rest of an escape");
        return;
    }
    r->p++;
    if (plain)
        mlp_buf_addc(&r->scratch, to[plain - from]);
    else if (c == 'x' || c == 'X')
        take_digits(r, 16, 2, &v) ? mlp_buf_addc(&r->scratch, (char)(unsigned char)v)
                                  : fault(r, "hexadecimal digits");
    else if (c == 'u' || c == 'U')
        take_code_point(r, c == 'u' ? 4 : 8);
    else
        fault(r, "one of the escapes \\a \\b \\f \\n \\r \\t \\v \\\\ \\' \\\" \\? \\000 \\x00 "
                 "\\u0000 \\U00000000");
}

static void take_quoted(struct reader *r)
{
    char quote = *r->p++;
    while (!failed(r) && peek(r) != quote) {
        if (peek(r) < 0 || peek(r) == '\n') {
            fault(r, "the quote that ends the string");
        } else if (*r->p == '\\') {
            r->p++;
            take_escape(r);
        } else {
            mlp_buf_addc(&r->scratch, *r->p++);
        }
    }
    r->p += !failed(r);
    skip(r);
}

/* Strings side by side are one. Bytes that are no UTF-8 cannot be in a tree. */
static struct mlp_node *take_string(struct reader *r)
{
    struct mlp_node *n = new_node(r, MLP_DOC_TEXT);
    mlp_buf_reset(&r->scratch);
    while (!failed(r) && (peek(r) == '"' || peek(r) == '\''))
        take_quoted(r);
    if (failed(r))
        return NULL;
    if (mlp_buf_check(&r->scratch, r->e) != MLP_OK)
        return NULL;
    struct mlp_str s = mlp_buf_str(&r->scratch);
    if (!mlp_str_utf8(s) || (s.n && memchr(s.p, '\0', s.n))) {
        mlp_node_error(r->d, n, r->e, "expected a string of UTF-8 without NUL");
        return NULL;
    }
    n->text = mlp_arena_str(&r->d->arena, s);
    if (!n->text.p)
        mlp_doc_full(r->d, s.n + 1, r->e);
    return n;
}

/* ---- numbers and names */

/* 0x1F and 017: the type has no such spelling, so the text becomes decimal. */
static bool read_other_base(struct mlp_str s, uint64_t *v)
{
    bool hex = s.n > 2 && (s.p[1] | 0x20) == 'x';
    unsigned base = hex ? 16 : 8;
    *v = 0;
    for (size_t i = hex ? 2 : 1; i < s.n; i++) {
        int digit = hex_digit((unsigned char)s.p[i]);
        if (digit < 0 || (unsigned)digit >= base || *v > (UINT64_MAX - 15) / base)
            return false;
        *v = *v * base + (unsigned)digit;
    }
    return s.n > 1;
}

static bool is_integral(struct mlp_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!is_digit((unsigned char)s.p[i]))
            return false;
    return s.n > 0;
}

/* The number in scratch, behind its sign; a float may end in f. */
static bool fill_number(struct reader *r, struct mlp_node *n, struct mlp_str s)
{
    struct mlp_str digits = {s.p + (s.p[0] == '-'), s.n - (s.p[0] == '-')};
    uint64_t v;
    bool integral = is_integral(digits);
    bool other = digits.n > 1 && digits.p[0] == '0' && (integral || (digits.p[1] | 0x20) == 'x');
    if (other) {
        if (!read_other_base(digits, &v))
            return false;
        char text[32];
        int length = snprintf(text, sizeof text, "%s%llu", s.p[0] == '-' ? "-" : "",
                              (unsigned long long)v);
        s = (struct mlp_str){text, (size_t)length};
        n->text = mlp_arena_str(&r->d->arena, s);
        integral = true;
    } else {
        if (!integral && s.n > 1 && (s.p[s.n - 1] | 0x20) == 'f')
            s.n--;
        n->text = mlp_arena_str(&r->d->arena, s);
    }
    double x;
    if (!n->text.p) {
        mlp_doc_full(r->d, s.n + 1, r->e);
        return true;
    }
    if (!mlp_num_f64(n->text, &x))
        return false;
    mlp_doc_number(r->d, n, integral, r->e);
    return true;
}

static void collect_number(struct reader *r)
{
    for (int c = peek(r); is_digit(c) || is_letter(c) || c == '.' ||
                          ((c == '+' || c == '-') && (r->p[-1] | 0x20) == 'e');
         c = peek(r))
        mlp_buf_addc(&r->scratch, *r->p++);
}

/* -inf and nan, too. */
static bool fill_special(struct reader *r, struct mlp_node *n, struct mlp_str s)
{
    double x;
    if (!mlp_num_f64(s, &x) || isfinite(x))
        return false;
    n->type = MLP_DOC_REAL;
    n->u.real = x;
    n->text = mlp_arena_str(&r->d->arena, isnan(x) ? MLP_STR(".nan")
                                          : x > 0  ? MLP_STR(".inf")
                                                   : MLP_STR("-.inf"));
    if (!n->text.p)
        mlp_doc_full(r->d, 5, r->e);
    return true;
}

static struct mlp_node *take_number(struct reader *r)
{
    struct mlp_node *n = new_node(r, MLP_DOC_TEXT);
    mlp_buf_reset(&r->scratch);
    if (take(r, '-'))
        mlp_buf_addc(&r->scratch, '-');
    bool word = is_letter(peek(r));
    if (!is_digit(peek(r)) && peek(r) != '.' && !word)
        fault(r, "a number");
    if (failed(r))
        return NULL;
    mlp_buf_addc(&r->scratch, *r->p++);
    collect_number(r);
    struct mlp_str s = mlp_buf_str(&r->scratch);
    bool fine = !r->scratch.failed && (word ? fill_special(r, n, s) : fill_number(r, n, s));
    if (!fine && !failed(r))
        mlp_node_error(r->d, n, r->e, "expected a number");
    skip(r);
    return n;
}

/* Letters, digits and underscores. */
static struct mlp_str take_word(struct reader *r)
{
    const char *start = r->p;
    while (is_letter(peek(r)) || is_digit(peek(r)))
        r->p++;
    return (struct mlp_str){start, (size_t)(r->p - start)};
}

static struct mlp_node *take_identifier(struct reader *r)
{
    struct mlp_node *n = new_node(r, MLP_DOC_TEXT);
    struct mlp_str word = take_word(r);
    if (!n)
        return NULL;
    n->text = mlp_arena_str(&r->d->arena, word);
    if (!n->text.p)
        mlp_doc_full(r->d, word.n + 1, r->e);
    else if (mlp_str_is(word, "true") || mlp_str_is(word, "false")) {
        n->type = MLP_DOC_BOOL;
        n->u.boolean = word.n == 4;
    } else {
        fill_special(r, n, word);
    }
    skip(r);
    return n;
}

/* ---- messages */

static struct mlp_node *take_message(struct reader *r);

static struct mlp_node *take_scalar(struct reader *r)
{
    int c = peek(r);
    if (c == '"' || c == '\'')
        return take_string(r);
    if (is_letter(c))
        return take_identifier(r);
    if (is_digit(c) || c == '-' || c == '.')
        return take_number(r);
    fault(r, "a value");
    return NULL;
}

static struct mlp_node *take_value(struct reader *r)
{
    return peek(r) == '{' || peek(r) == '<' ? take_message(r) : take_scalar(r);
}

/* [a, b]: as if the field came with each. */
static void take_list(struct reader *r, struct mlp_node *values)
{
    take(r, '[');
    while (!failed(r) && !take(r, ']')) {
        struct mlp_node *v = take_value(r);
        if (v)
            mlp_node_append(values, v);
        if (!failed(r) && !take(r, ',') && peek(r) != ']')
            fault(r, "a comma or ]");
    }
}

/* A name, or that of an extension or of Any in brackets. */
static struct mlp_str take_name(struct reader *r)
{
    const char *start = r->p;
    if (is_letter(peek(r)))
        return take_word(r);
    if (peek(r) == '[') {
        const char *end = memchr(r->p, ']', (size_t)(r->end - r->p));
        const char *feed = memchr(r->p, '\n', (size_t)(r->end - r->p));
        if (end && (!feed || feed > end)) {
            r->p = end + 1;
            return (struct mlp_str){start, (size_t)(r->p - start)};
        }
    }
    fault(r, "the name of a field");
    return (struct mlp_str){NULL, 0};
}

/* The list of the field's values, made with the first. */
static struct mlp_node *values_of(struct reader *r, struct mlp_node *message, struct mlp_str name)
{
    struct mlp_node *list = mlp_node_get_str(message, name);
    if (list)
        return list;
    if (message->u.count >= MOST_NAMES)
        fault(r, "at most 1000 fields of different names in a message");
    list = new_node(r, MLP_DOC_LIST);
    if (!list)
        return NULL;
    list->column = (uint32_t)(name.p - r->line_start) + 1;
    list->key = mlp_arena_str(&r->d->arena, name);
    if (!list->key.p) {
        mlp_doc_full(r->d, name.n + 1, r->e);
        return NULL;
    }
    mlp_node_append(message, list);
    return list;
}

static void take_field(struct reader *r, struct mlp_node *message)
{
    struct mlp_str name = take_name(r);
    struct mlp_node *list = failed(r) ? NULL : values_of(r, message, name), *value = NULL;
    skip(r);
    if (!list)
        return;
    bool colon = take(r, ':');
    if (!colon && peek(r) != '{' && peek(r) != '<')
        fault(r, "a colon or {");
    else if (peek(r) == '[')
        take_list(r, list);
    else
        value = take_value(r);
    if (value)
        mlp_node_append(list, value);
    if (!take(r, ','))
        take(r, ';');
}

static struct mlp_node *take_message(struct reader *r)
{
    struct mlp_node *message = new_node(r, MLP_DOC_MAP);
    char close = peek(r) == '<' ? '>' : '}';
    if (++r->depth > MOST_DEPTH)
        fault(r, "messages nested at most 100 deep");
    if (!message || failed(r))
        return NULL;
    r->p++;
    skip(r);
    while (!failed(r) && !take(r, close)) {
        if (peek(r) < 0)
            fault(r, close == '>' ? "> to end the message" : "} to end the message");
        else
            take_field(r, message);
    }
    r->depth--;
    return message;
}

enum mlp_code mlp_doc_parse_textproto(struct mlp_doc *d, struct mlp_str text, struct mlp_err *e)
{
    struct mlp_err local;
    mlp_err_init(&local);
    if (mlp_str_starts(text, "\xEF\xBB\xBF"))
        text = (struct mlp_str){text.p + 3, text.n - 3};
    struct reader r = {.d = d, .e = e ? e : &local, .p = text.p, .end = text.p + text.n,
                       .line_start = text.p, .line = 1};
    mlp_buf_init(&r.scratch, d->arena.max);
    skip(&r);
    struct mlp_node *root = new_node(&r, MLP_DOC_MAP);
    while (root && !failed(&r) && r.p < r.end)
        take_field(&r, root);
    mlp_buf_fini(&r.scratch);
    d->root = failed(&r) ? NULL : root;
    return r.e->code;
}

struct mlp_node *mlp_textproto_all(const struct mlp_node *message, const char *field)
{
    struct mlp_node *list = mlp_node_get(message, field);
    return list && list->child ? list : NULL;
}

struct mlp_node *mlp_textproto_last(const struct mlp_node *message, const char *field)
{
    struct mlp_node *list = mlp_textproto_all(message, field);
    return list ? list->last : NULL;
}

void mlp_textproto_quote(struct mlp_buf *b, struct mlp_str s)
{
    mlp_buf_addc(b, '"');
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c == '"' || c == '\\')
            mlp_buf_addf(b, "\\%c", c);
        else if (c == '\n')
            mlp_buf_adds(b, "\\n");
        else if (c < 0x20 || c == 0x7F)
            mlp_buf_addf(b, "\\%03o", c);
        else
            mlp_buf_addc(b, (char)c);
    }
    mlp_buf_addc(b, '"');
}
