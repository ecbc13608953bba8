#include "text/json.h"
#include "text/swar.h"

#include <stdarg.h>

/* What may come next. */
enum { WANT_VALUE, WANT_FIRST_ITEM, WANT_FIRST_KEY, WANT_SEPARATOR };

void mlp_json_init(struct mlp_json *j, struct mlp_str text, unsigned max_depth)
{
    *j = (struct mlp_json){.text = text.p, .p = text.p, .state = WANT_VALUE};
    j->end = text.n ? text.p + text.n : text.p;
    j->max_depth = max_depth < MLP_JSON_MAX_DEPTH ? max_depth : MLP_JSON_MAX_DEPTH;
}

void mlp_json_place(struct mlp_str text, size_t offset, uint64_t *line, uint64_t *column)
{
    size_t start = 0;
    const char *feed;
    *line = 1;
    while (start < offset && (feed = memchr(text.p + start, '\n', offset - start))) {
        start = (size_t)(feed - text.p) + 1;
        ++*line;
    }
    *column = offset - start + 1;
}

/* An error at a place. */
static enum mlp_code fail(const struct mlp_json *j, const char *at, struct mlp_err *e,
                          const char *fmt, ...) MLP_PRINTF(4, 5);
static enum mlp_code fail(const struct mlp_json *j, const char *at, struct mlp_err *e,
                          const char *fmt, ...)
{
    char message[160];
    uint64_t line, column;
    size_t offset = at ? (size_t)(at - j->text) : 0;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(message, sizeof message, fmt, ap);
    va_end(ap);
    mlp_json_place((struct mlp_str){j->text, (size_t)(j->end - j->text)}, offset, &line, &column);
    mlp_err_set(e, MLP_EINPUT, "%s", message);
    mlp_err_at(e, NULL, line, column);
    mlp_err_at_byte(e, offset);
    return MLP_EINPUT;
}

/* The error that something else stands where `what` belongs; names what stands there. */
static enum mlp_code expected(const struct mlp_json *j, const char *at, struct mlp_err *e,
                              const char *what)
{
    if (at >= j->end)
        return fail(j, at, e, "expected %s, but the text ends here", what);
    unsigned char c = (unsigned char)*at;
    if (c == 0xEF && j->end - at >= 3 && memcmp(at, "\xEF\xBB\xBF", 3) == 0) {
        fail(j, at, e, "expected %s, found a byte order mark", what);
        mlp_err_hint(e, "save the text as UTF-8 without a byte order mark");
    } else if (c > ' ' && c < 0x7F) {
        fail(j, at, e, "expected %s, found '%c'", what, c);
    } else {
        fail(j, at, e, "expected %s, found byte 0x%02x", what, c);
    }
    return MLP_EINPUT;
}

static inline const char *skip_space(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\n' || *p == '\t' || *p == '\r'))
        p++;
    return p;
}

static inline bool is_digit(const char *p, const char *end)
{
    return p < end && *p >= '0' && *p <= '9';
}

static inline const char *skip_digits(const char *p, const char *end)
{
    while (end - p >= 8 && mlp_swar_digits(mlp_swar_load(p)))
        p += 8;
    while (is_digit(p, end))
        p++;
    return p;
}

/* NaN, Infinity, -Infinity, as Python and XGBoost write them; NULL when p starts with none. */
static const char *skip_nonfinite(const char *p, const char *end)
{
    size_t sign = p < end && *p == '-', n = (size_t)(end - p);
    if (n >= 3 && memcmp(p, "NaN", 3) == 0)
        return p + 3;
    if (n >= 8 + sign && memcmp(p + sign, "Infinity", 8) == 0)
        return p + sign + 8;
    return NULL;
}

static const char *skip_exponent(struct mlp_json *j, const char *p, struct mlp_err *e)
{
    p++;
    if (p < j->end && (*p == '+' || *p == '-'))
        p++;
    if (!is_digit(p, j->end)) {
        expected(j, p, e, "a digit of the exponent");
        return NULL;
    }
    return skip_digits(p, j->end);
}

/* RFC 8259, section 6. */
static inline enum mlp_code scan_number(struct mlp_json *j, struct mlp_json_token *t,
                                        struct mlp_err *e)
{
    const char *start = j->p, *p = start, *end = j->end;
    const char *special = j->allow_nonfinite ? skip_nonfinite(p, end) : NULL;
    if (special) {
        p = special;
    } else {
        p += *p == '-';
        if (!is_digit(p, end))
            return expected(j, p, e, "a digit");
        if (*p == '0' && is_digit(p + 1, end))
            return fail(j, p, e, "a number must not start with 0");
        p = skip_digits(p, end);
        if (p < end && *p == '.') {
            if (!is_digit(p + 1, end))
                return expected(j, p + 1, e, "a digit after the point");
            p = skip_digits(p + 1, end);
        }
        if (p < end && (*p | 0x20) == 'e' && !(p = skip_exponent(j, p, e)))
            return MLP_EINPUT;
    }
    t->type = MLP_JSON_NUMBER;
    t->raw = (struct mlp_str){start, (size_t)(p - start)};
    j->p = p;
    return MLP_OK;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The code unit of four hexadecimal digits, or -1. */
static int32_t hex4(const char *p, const char *end)
{
    int32_t v = 0;
    if (end - p < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        int digit = hex_value(p[i]);
        if (digit < 0)
            return -1;
        v = v << 4 | digit;
    }
    return v;
}

/* p stands behind "\u"; a high surrogate needs its low one. Returns what follows, or NULL. */
static const char *skip_unicode(struct mlp_json *j, const char *p, struct mlp_err *e)
{
    int32_t unit = hex4(p, j->end);
    if (unit < 0) {
        fail(j, p - 2, e, "\\u needs four hexadecimal digits");
        return NULL;
    }
    if (unit < 0xD800 || unit > 0xDFFF)
        return p + 4;
    int32_t low = -1;
    if (unit < 0xDC00 && j->end - p >= 10 && p[4] == '\\' && p[5] == 'u')
        low = hex4(p + 6, j->end);
    if (low < 0xDC00 || low > 0xDFFF) {
        fail(j, p - 2, e, "\\u%.4s is half of a surrogate pair", p);
        return NULL;
    }
    return p + 10;
}

/* Passes one byte or sequence that is not plain: an escape, UTF-8. NULL after an error. */
static const char *skip_special(struct mlp_json *j, const char *p, bool *escaped,
                                struct mlp_err *e)
{
    unsigned char c = (unsigned char)*p;
    if (c >= 0x80) {
        size_t n = mlp_utf8_sequence((struct mlp_str){p, (size_t)(j->end - p)});
        if (n == 0)
            fail(j, p, e, "byte 0x%02x is not UTF-8", c);
        return n ? p + n : NULL;
    }
    if (c != '\\') {
        fail(j, p, e, "control character 0x%02x in a string: write it as \\u%04x", c, c);
        return NULL;
    }
    *escaped = true;
    p++;
    if (p < j->end && *p == 'u')
        return skip_unicode(j, p + 1, e);
    if (p < j->end && *p && strchr("\"\\/bfnrt", *p))
        return p + 1;
    expected(j, p, e, "one of \" \\ / b f n r t u after the backslash");
    return NULL;
}

/* j->p is at the opening quote. */
static inline enum mlp_code scan_string(struct mlp_json *j, struct mlp_json_token *t,
                                        struct mlp_err *e)
{
    const char *start = j->p + 1, *p = start, *end = j->end;
    bool escaped = false;
    for (;;) {
        while (end - p >= 8 && !mlp_swar_special(mlp_swar_load(p)))
            p += 8;
        while (p < end && (unsigned char)(*p - ' ') < 0x60 && *p != '"' && *p != '\\')
            p++;
        if (p == end)
            return fail(j, start - 1, e, "the string that starts here has no closing quote");
        if (*p == '"')
            break;
        p = skip_special(j, p, &escaped, e);
        if (!p)
            return MLP_EINPUT;
    }
    t->type = MLP_JSON_STRING;
    t->raw = (struct mlp_str){start, (size_t)(p - start)};
    t->escaped = escaped;
    j->p = p + 1;
    return MLP_OK;
}

static enum mlp_code scan_word(struct mlp_json *j, struct mlp_json_token *t, const char *word,
                               struct mlp_err *e)
{
    size_t n = strlen(word);
    if ((size_t)(j->end - j->p) < n || memcmp(j->p, word, n) != 0)
        return expected(j, j->p, e, "a value (text goes in double quotes)");
    t->type = *word == 't' ? MLP_JSON_TRUE : *word == 'f' ? MLP_JSON_FALSE : MLP_JSON_NULL;
    t->raw = (struct mlp_str){j->p, n};
    j->p += n;
    return MLP_OK;
}

static enum mlp_code open_level(struct mlp_json *j, struct mlp_json_token *t, bool object,
                                struct mlp_err *e)
{
    if (j->depth >= j->max_depth)
        return fail(j, j->p, e, "nested deeper than %u levels", j->max_depth);
    uint64_t bit = UINT64_C(1) << (j->depth % 64), *word = &j->stack[j->depth / 64];
    *word = object ? *word | bit : *word & ~bit;
    j->depth++;
    t->type = object ? MLP_JSON_OBJECT : MLP_JSON_ARRAY;
    j->state = object ? WANT_FIRST_KEY : WANT_FIRST_ITEM;
    j->p++;
    return MLP_OK;
}

static enum mlp_code close_level(struct mlp_json *j, struct mlp_json_token *t, bool object)
{
    t->type = object ? MLP_JSON_OBJECT_END : MLP_JSON_ARRAY_END;
    j->depth--;
    j->p++;
    j->state = WANT_SEPARATOR;
    return MLP_OK;
}

static inline bool in_object(const struct mlp_json *j)
{
    unsigned level = j->depth - 1;
    return j->stack[level / 64] >> (level % 64) & 1;
}

static inline enum mlp_code scan_value(struct mlp_json *j, struct mlp_json_token *t,
                                       struct mlp_err *e)
{
    j->state = WANT_SEPARATOR;
    char c = j->p < j->end ? *j->p : '\0';
    bool letter = j->allow_nonfinite && (c == 'N' || c == 'I');
    if ((c >= '0' && c <= '9') || c == '-' || letter)
        return scan_number(j, t, e);
    switch (c) {
    case '"':
        return scan_string(j, t, e);
    case '{':
        return open_level(j, t, true, e);
    case '[':
        return open_level(j, t, false, e);
    case 't':
        return scan_word(j, t, "true", e);
    case 'f':
        return scan_word(j, t, "false", e);
    case 'n':
        return scan_word(j, t, "null", e);
    default:
        return expected(j, j->p, e, "a value");
    }
}

/* A name and the colon after it. */
static enum mlp_code scan_key(struct mlp_json *j, struct mlp_json_token *t, struct mlp_err *e)
{
    if (j->p >= j->end || *j->p != '"')
        return expected(j, j->p, e, "a name in double quotes");
    enum mlp_code code = scan_string(j, t, e);
    if (code != MLP_OK)
        return code;
    t->type = MLP_JSON_KEY;
    j->p = skip_space(j->p, j->end);
    if (j->p >= j->end || *j->p != ':')
        return expected(j, j->p, e, "':' after the name");
    j->p++;
    j->state = WANT_VALUE;
    return MLP_OK;
}

/* After a value: a comma and what it brings, or the end of the level or of the text. */
static inline enum mlp_code scan_separator(struct mlp_json *j, struct mlp_json_token *t,
                                           struct mlp_err *e)
{
    if (j->depth == 0) {
        if (j->p < j->end)
            return expected(j, j->p, e, "nothing after the document");
        t->type = MLP_JSON_END;
        return MLP_OK;
    }
    bool object = in_object(j);
    if (j->p < j->end && *j->p == ',') {
        j->p = skip_space(j->p + 1, j->end);
        t->offset = (size_t)(j->p - j->text);
        return object ? scan_key(j, t, e) : scan_value(j, t, e);
    }
    if (j->p < j->end && *j->p == (object ? '}' : ']'))
        return close_level(j, t, object);
    return expected(j, j->p, e, object ? "',' or '}'" : "',' or ']'");
}

enum mlp_code mlp_json_next(struct mlp_json *j, struct mlp_json_token *t, struct mlp_err *e)
{
    j->p = skip_space(j->p, j->end);
    *t = (struct mlp_json_token){.offset = (size_t)(j->p - j->text)};
    bool more = j->p < j->end;
    switch (j->state) {
    case WANT_SEPARATOR:
        return scan_separator(j, t, e);
    case WANT_FIRST_KEY:
        return more && *j->p == '}' ? close_level(j, t, true) : scan_key(j, t, e);
    case WANT_FIRST_ITEM:
        return more && *j->p == ']' ? close_level(j, t, false) : scan_value(j, t, e);
    default:
        return scan_value(j, t, e);
    }
}

enum mlp_code mlp_json_skip(struct mlp_json *j, const struct mlp_json_token *t,
                            struct mlp_err *e)
{
    if (t->type != MLP_JSON_OBJECT && t->type != MLP_JSON_ARRAY)
        return MLP_OK;
    unsigned outside = j->depth - 1;
    struct mlp_json_token inner;
    while (j->depth > outside) {
        enum mlp_code code = mlp_json_next(j, &inner, e);
        if (code != MLP_OK)
            return code;
    }
    return MLP_OK;
}

static size_t put_utf8(char *out, uint32_t c)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xC0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xE0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3F));
        out[2] = (char)(0x80 | (c & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3F));
    out[2] = (char)(0x80 | (c >> 6 & 0x3F));
    out[3] = (char)(0x80 | (c & 0x3F));
    return 4;
}

/* p is at "\uXXXX", and a second one when the first is a high surrogate. Returns what follows. */
static const char *add_unicode(const char *p, const char *end, struct mlp_buf *out)
{
    char utf8[4];
    uint32_t c = (uint32_t)hex4(p + 2, end);
    p += 6;
    if (c >= 0xD800 && c <= 0xDBFF) {
        c = 0x10000 + ((c - 0xD800) << 10) + ((uint32_t)hex4(p + 2, end) - 0xDC00);
        p += 6;
    }
    mlp_buf_add(out, utf8, put_utf8(utf8, c));
    return p;
}

void mlp_json_unescape(struct mlp_str raw, struct mlp_buf *out)
{
    static const char letters[] = "bfnrt", bytes[] = "\b\f\n\r\t";
    const char *p = raw.p, *end = raw.n ? raw.p + raw.n : raw.p;
    while (p < end) {
        const char *slash = memchr(p, '\\', (size_t)(end - p));
        if (!slash) {
            mlp_buf_add(out, p, (size_t)(end - p));
            return;
        }
        mlp_buf_add(out, p, (size_t)(slash - p));
        if (slash[1] == 'u') {
            p = add_unicode(slash, end, out);
            continue;
        }
        const char *hit = strchr(letters, slash[1]);
        mlp_buf_addc(out, hit ? bytes[hit - letters] : slash[1]);
        p = slash + 2;
    }
}
