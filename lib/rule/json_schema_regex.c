/* json_schema_regex.c: regular expressions of ECMA 262 in the words of PCRE2. What differs: $ is
 * the very end, \d and \w are ASCII, \s is the white space of Unicode, \uXXXX and \u{X} are code
 * points, \cX is a control character, [^] is anything, \p has long names; \A, \Z, \a and the like
 * are no escapes at all. */
#include "rule/json_schema_inside.h"

#define REGEX_BYTES ((size_t)1 << 20)
#define SPACES "\\x{9}-\\x{d}\\x{20}\\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}" \
               "\\x{202f}\\x{205f}\\x{3000}\\x{feff}"

/* Long names of general categories (UAX 44, 5.7.1), and PCRE2's for them. */
static const char *const categories[][2] = {
    {"Letter", "L"}, {"Lowercase_Letter", "Ll"}, {"Uppercase_Letter", "Lu"},
    {"Titlecase_Letter", "Lt"}, {"Cased_Letter", "L&"}, {"Modifier_Letter", "Lm"},
    {"Other_Letter", "Lo"}, {"Mark", "M"}, {"Nonspacing_Mark", "Mn"}, {"Spacing_Mark", "Mc"},
    {"Enclosing_Mark", "Me"}, {"Number", "N"}, {"Decimal_Number", "Nd"}, {"digit", "Nd"},
    {"Letter_Number", "Nl"}, {"Other_Number", "No"}, {"Symbol", "S"}, {"Math_Symbol", "Sm"},
    {"Currency_Symbol", "Sc"}, {"Modifier_Symbol", "Sk"}, {"Other_Symbol", "So"},
    {"Punctuation", "P"}, {"punct", "P"}, {"Connector_Punctuation", "Pc"},
    {"Dash_Punctuation", "Pd"}, {"Open_Punctuation", "Ps"}, {"Close_Punctuation", "Pe"},
    {"Initial_Punctuation", "Pi"}, {"Final_Punctuation", "Pf"}, {"Other_Punctuation", "Po"},
    {"Separator", "Z"}, {"Space_Separator", "Zs"}, {"Line_Separator", "Zl"},
    {"Paragraph_Separator", "Zp"}, {"Other", "C"}, {"Control", "Cc"}, {"Format", "Cf"},
    {"Surrogate", "Cs"}, {"Private_Use", "Co"}, {"Unassigned", "Cn"},
    {"Alphabetic", "L"}, {"Lowercase", "Ll"}, {"Uppercase", "Lu"},
};

/* Between the braces of \p{...}. */
static void add_property(struct mlp_buf *out, struct mlp_str name)
{
    size_t equal = mlp_str_find(name, '=');
    if (equal < name.n)
        name = (struct mlp_str){name.p + equal + 1, name.n - equal - 1};
    for (size_t i = 0; i < sizeof categories / sizeof *categories; i++)
        if (mlp_str_is(name, categories[i][0]))
            name = mlp_str_from(categories[i][1]);
    mlp_buf_addstr(out, name);
}

static size_t hex_digits(struct mlp_str s, unsigned *value)
{
    size_t n = 0;
    *value = 0;
    while (n < s.n && n < 6 && strchr("0123456789abcdefABCDEF", s.p[n]) && s.p[n]) {
        unsigned c = (unsigned char)s.p[n++];
        *value = *value * 16 + (c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
    }
    return n;
}

/* Whether s is the second half of a surrogate pair, \uDC00 to \uDFFF. */
static bool is_low(struct mlp_str s, unsigned *low)
{
    return s.n >= 6 && s.p[0] == '\\' && s.p[1] == 'u' &&
           hex_digits((struct mlp_str){s.p + 2, 4}, low) == 4 && *low >> 10 == 0x37;
}

/* What follows \u: the bytes that it took, 0 when it is none. */
static size_t add_code_point(struct mlp_buf *out, struct mlp_str s)
{
    unsigned high, low;
    if (s.n && s.p[0] == '{') {
        size_t n = hex_digits((struct mlp_str){s.p + 1, s.n - 1}, &high);
        mlp_buf_addf(out, "\\x{%x}", high);
        return n && n + 1 < s.n && s.p[n + 1] == '}' ? n + 2 : 0;
    }
    if (hex_digits((struct mlp_str){s.p, s.n < 4 ? s.n : 4}, &high) != 4)
        return 0;
    bool pair = high >> 10 == 0x36 && is_low((struct mlp_str){s.p + 4, s.n - 4}, &low);
    mlp_buf_addf(out, "\\x{%x}", pair ? 0x10000 + ((high & 0x3FF) << 10 | (low & 0x3FF)) : high);
    return pair ? 10 : 4;
}

/* Letters that mean the same in both. */
static bool is_same_letter(char c, bool in_class)
{
    return c && strchr(in_class ? "dDwWtnrfb" : "dDwWtnrfbBk", c);
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* \s and \S. In a class \S is PCRE2's, which takes the white space outside ASCII for words. */
static size_t add_space(struct mlp_buf *out, char c, bool in_class)
{
    if (in_class)
        mlp_buf_adds(out, c == 'S' ? "\\S" : SPACES);
    else
        mlp_buf_addf(out, "[%s" SPACES "]", c == 'S' ? "^" : "");
    return 1;
}

static size_t add_category(struct mlp_buf *out, char c, struct mlp_str rest)
{
    size_t end = mlp_str_find(rest, '}');
    if (!rest.n || rest.p[0] != '{' || end == rest.n)
        return 0;
    mlp_buf_addf(out, "\\%c{", c);
    add_property(out, (struct mlp_str){rest.p + 1, end - 1});
    mlp_buf_adds(out, "}");
    return end + 2;
}

static size_t add_control(struct mlp_buf *out, struct mlp_str rest)
{
    if (!rest.n || !is_letter(rest.p[0]))
        return 0;
    mlp_buf_addf(out, "\\x{%x}", (unsigned)(unsigned char)rest.p[0] & 31);
    return 2;
}

/* One escape, s being what follows the backslash; the bytes that it took, 0 for a fault. */
static size_t add_escape(struct mlp_buf *out, struct mlp_str s, bool in_class)
{
    char c = s.n ? s.p[0] : '\0';
    struct mlp_str rest = {s.p + 1, s.n ? s.n - 1 : 0};
    size_t n;
    switch (c) {
    case 's':
    case 'S': return add_space(out, c, in_class);
    case 'p':
    case 'P': return add_category(out, c, rest);
    case 'c': return add_control(out, rest);
    case 'u': n = add_code_point(out, rest); return n ? n + 1 : 0;
    case 'v': mlp_buf_adds(out, "\\x{b}"); return 1;
    default: mlp_buf_addf(out, "\\%c", c);
    }
    return c && (!is_letter(c) || c == 'x' || is_same_letter(c, in_class)) ? 1 : 0;
}

/* Appends the translation; false for what is no regular expression there. */
static bool translate(struct mlp_str text, struct mlp_buf *out)
{
    bool in_class = false;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (c == '\\') {
            size_t n = add_escape(out, (struct mlp_str){text.p + i + 1, text.n - i - 1}, in_class);
            if (n == 0)
                return false;
            i += n;
            continue;
        }
        if (in_class && c == '[')
            mlp_buf_adds(out, "\\");
        mlp_buf_add(out, &c, 1);
        in_class = in_class ? c != ']' : c == '[';
    }
    return true;
}

enum mlp_code mlp_js_regex_init(struct mlp_regex *r, struct mlp_str text, struct mlp_err *e)
{
    int number = 0;
    PCRE2_SIZE at = 0;
    struct mlp_buf words;
    mlp_buf_init(&words, REGEX_BYTES);
    bool is_regex = translate(text, &words);
    enum mlp_code code = mlp_buf_check(&words, e);
    *r = (struct mlp_regex){0};
    if (code == MLP_OK && is_regex) {
        struct mlp_str s = mlp_buf_str(&words);
        r->code = pcre2_compile((PCRE2_SPTR)s.p, s.n,
                                PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C | PCRE2_DOLLAR_ENDONLY |
                                    PCRE2_ALLOW_EMPTY_CLASS | PCRE2_MATCH_UNSET_BACKREF,
                                &number, &at, NULL);
        r->jit = r->code && pcre2_jit_compile(r->code, PCRE2_JIT_COMPLETE) == 0;
    }
    if (code == MLP_OK && !r->code) {
        PCRE2_UCHAR why[128] = "an escape that ECMA 262 does not have";
        if (is_regex)
            pcre2_get_error_message(number, why, sizeof why);
        code = mlp_err_set(e, MLP_EINPUT, "regular expression \"%.80s\": %s",
                           text.n ? text.p : "", (const char *)why);
    }
    mlp_buf_fini(&words);
    return code;
}
