/* sql_expr.c: conditions of SQL as expressions (sql_expr.h): a parser that writes as it reads. */
#include "rule/sql_expr.h"

#include "text/num.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define DEPTH 60

enum token { T_END, T_BAD, T_NUMBER, T_TEXT, T_NAME, T_QUOTED, T_PARAMETER, T_SIGN };

struct sql {
    struct mlp_str text;
    size_t at, start;             /* behind the token, and where it begins */
    enum token token;
    struct mlp_str word;          /* the token; of texts and names what stands in the quotes */
    unsigned depth;
    struct mlp_buf *out;
    struct mlp_sql_fault *fault;
    bool failed;
};

/* ---- writing */

static void add_doubled(struct mlp_buf *out, struct mlp_str s, char quote)
{
    mlp_buf_addc(out, quote);
    for (size_t i = 0; i < s.n; i++) {
        mlp_buf_addc(out, s.p[i]);
        if (s.p[i] == quote)
            mlp_buf_addc(out, quote);
    }
    mlp_buf_addc(out, quote);
}

void mlp_expr_add_name(struct mlp_buf *out, struct mlp_str name)
{
    add_doubled(out, name, '`');
}

void mlp_expr_add_text(struct mlp_buf *out, struct mlp_str text)
{
    add_doubled(out, text, '"');
}

void mlp_expr_add_like(struct mlp_buf *out, struct mlp_str pattern, bool any_case)
{
    mlp_buf_adds(out, any_case ? "(?si)\\A" : "(?s)\\A");
    for (size_t i = 0; i < pattern.n; i++) {
        char c = pattern.p[i];
        bool word = (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
        if (c == '%' || c == '_') {
            mlp_buf_adds(out, c == '%' ? ".*" : ".");
            continue;
        }
        if (!word && (unsigned char)c < 0x80)
            mlp_buf_addc(out, '\\');
        mlp_buf_addc(out, c);
    }
    mlp_buf_adds(out, "\\z");
}

/* ---- tokens */

static bool fail(struct sql *p, const char *fmt, ...) MLP_PRINTF(2, 3);

static bool fail(struct sql *p, const char *fmt, ...)
{
    va_list ap;
    if (p->failed)
        return false;
    p->failed = true;
    p->fault->at = p->start + 1;
    va_start(ap, fmt);
    vsnprintf(p->fault->words, sizeof p->fault->words, fmt, ap);
    va_end(ap);
    return false;
}

static bool expected(struct sql *p, const char *what)
{
    struct mlp_str found = {p->text.p + p->start, p->text.n - p->start};
    found.n = found.n > 20 ? 20 : found.n;
    return fail(p, "expected %s, found %s%.*s%s", what, found.n ? "'" : "its end",
                MLP_STR_ARG(found), found.n ? "'" : "");
}

static char peek(const struct sql *p, size_t ahead)
{
    return p->at + ahead < p->text.n ? p->text.p[p->at + ahead] : '\0';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
    return is_digit(c) || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '_' ||
           (unsigned char)c >= 0x80;
}

static void take_number(struct sql *p)
{
    double x;
    while (is_digit(peek(p, 0)) || peek(p, 0) == '.')
        p->at++;
    if ((peek(p, 0) | 32) == 'e' && (is_digit(peek(p, 1)) || is_digit(peek(p, 2))))
        for (p->at += 2; is_digit(peek(p, 0));)
            p->at++;
    p->word = (struct mlp_str){p->text.p + p->start, p->at - p->start};
    p->token = mlp_num_f64(p->word, &x) && !is_word(peek(p, 0)) ? T_NUMBER : T_BAD;
}

/* A doubled quote stays doubled in word, as it has to be written again. */
static void take_quoted(struct sql *p, char close)
{
    size_t from = ++p->at;
    bool text = close == '\'';
    while (p->at < p->text.n && (peek(p, 0) != close || peek(p, 1) == close))
        p->at += peek(p, 0) == close ? 2 : 1;
    p->token = p->at < p->text.n ? text ? T_TEXT : T_QUOTED : T_BAD;
    p->word = (struct mlp_str){p->text.p + from, p->at - from};
    p->at++;
}

static void take_sign(struct sql *p)
{
    static const char *const signs[] = {"==", "<>", "!=", "<=", ">=", "=", "<", ">", "+", "-", "*",
                                        "/", "%", "(", ")", ",", "~", NULL};
    struct mlp_str rest = {p->text.p + p->at, p->text.n - p->at};
    p->token = T_BAD;
    for (size_t i = 0; signs[i] && p->token == T_BAD; i++) {
        if (mlp_str_starts(rest, signs[i])) {
            p->word = mlp_str_from(signs[i]);
            p->token = T_SIGN;
        }
    }
    p->at += p->token == T_SIGN ? p->word.n : 1;
}

/* $(name), which readers make of variables. */
static void take_parameter(struct sql *p)
{
    while (p->at < p->text.n && peek(p, 0) != ')')
        p->at++;
    p->at++;
    p->token = p->at <= p->text.n ? T_PARAMETER : T_BAD;
    p->word = (struct mlp_str){p->text.p + p->start, p->at - p->start};
}

static void skip_space(struct sql *p)
{
    while (peek(p, 0) == ' ' || peek(p, 0) == '\t' || peek(p, 0) == '\n' || peek(p, 0) == '\r')
        p->at++;
}

static void next(struct sql *p)
{
    skip_space(p);
    char c = peek(p, 0);
    p->start = p->at;
    p->word = (struct mlp_str){NULL, 0};
    if (p->at >= p->text.n) {
        p->token = T_END;
    } else if (is_digit(c) || (c == '.' && is_digit(peek(p, 1)))) {
        take_number(p);
    } else if (c && strchr("'\"`[", c)) {
        take_quoted(p, c == '[' ? ']' : c);
    } else if (c == '$' && peek(p, 1) == '(') {
        take_parameter(p);
    } else if (is_word(c)) {
        while (is_word(peek(p, 0)))
            p->at++;
        p->word = (struct mlp_str){p->text.p + p->start, p->at - p->start};
        p->token = T_NAME;
    } else {
        take_sign(p);
    }
}

static bool same_word(struct mlp_str s, const char *word)
{
    size_t i = 0;
    while (i < s.n && word[i] && (s.p[i] | 32) == word[i])
        i++;
    return i == s.n && !word[i];
}

static bool is_name(const struct sql *p, const char *word)
{
    return p->token == T_NAME && same_word(p->word, word);
}

static bool is_sign(const struct sql *p, const char *sign)
{
    return p->token == T_SIGN && mlp_str_is(p->word, sign);
}

static bool take_name_if(struct sql *p, const char *word)
{
    bool is = is_name(p, word);
    if (is)
        next(p);
    return is;
}

static bool take_sign_if(struct sql *p, const char *sign)
{
    bool is = is_sign(p, sign);
    if (is)
        next(p);
    return is;
}

/* ---- values */

static bool either(struct sql *p);
static bool sum(struct sql *p);

/* What stands in SQL's quotes, with doubled ones made single. */
static void add_literal(struct sql *p, struct mlp_str word, char quote)
{
    mlp_buf_addc(p->out, '"');
    for (size_t i = 0; i < word.n; i++) {
        if (word.p[i] == '"')
            mlp_buf_addc(p->out, '"');
        mlp_buf_addc(p->out, word.p[i]);
        i += word.p[i] == quote;
    }
    mlp_buf_addc(p->out, '"');
}

/* INTERVAL '7 days', INTERVAL '7' DAY, INTERVAL 7 DAY. */
static bool interval(struct sql *p)
{
    static const struct {
        const char *name;
        char unit;
    } units[] = {{"second", 's'}, {"minute", 'm'}, {"hour", 'h'}, {"day", 'd'}, {"week", 'w'}};
    struct mlp_str text = p->word, number;
    double x;
    if (p->token != T_TEXT && p->token != T_NUMBER)
        return expected(p, "a length of time such as '7 days'");
    next(p);
    mlp_str_split(&text, ' ', &number);
    struct mlp_str unit = mlp_str_trim(text);
    if (!unit.n && p->token == T_NAME) {
        unit = p->word;
        next(p);
    }
    if (unit.n && (unit.p[unit.n - 1] | 32) == 's')
        unit.n--;
    for (size_t i = 0; i < sizeof units / sizeof *units && mlp_num_f64(number, &x); i++) {
        if (same_word(unit, units[i].name)) {
            mlp_buf_addf(p->out, "%.*s%c", MLP_STR_ARG(number), units[i].unit);
            return true;
        }
    }
    return fail(p, "an interval is a number of seconds, minutes, hours, days or weeks");
}

static bool arguments(struct sql *p)
{
    for (bool more = !is_sign(p, ")"); more && !p->failed;) {
        either(p);
        more = take_sign_if(p, ",");
        mlp_buf_adds(p->out, more ? ", " : "");
    }
    return !p->failed && (take_sign_if(p, ")") || expected(p, ")"));
}

/* regexp_like(x, 'regex') */
static bool regexp(struct sql *p)
{
    mlp_buf_addc(p->out, '(');
    if (!sum(p))
        return false;
    mlp_buf_adds(p->out, " match ");
    if (!take_sign_if(p, ","))
        return expected(p, ", and a regular expression");
    if (p->token != T_TEXT)
        return expected(p, "a regular expression in quotes");
    add_literal(p, p->word, '\'');
    next(p);
    mlp_buf_addc(p->out, ')');
    return take_sign_if(p, ")") || expected(p, ")");
}

/* name has been read, and the bracket that opens. */
static bool call(struct sql *p, struct mlp_str name)
{
    static const struct {
        const char *sql, *native;
    } names[] = {
        {"length", "length"}, {"len", "length"}, {"char_length", "length"},
        {"character_length", "length"}, {"lower", "lower"}, {"lcase", "lower"},
        {"upper", "upper"}, {"ucase", "upper"}, {"trim", "trim"}, {"abs", "abs"},
        {"floor", "floor"}, {"ceil", "ceil"}, {"ceiling", "ceil"}, {"round", "round"},
        {"sqrt", "sqrt"}, {"ln", "ln"}, {"coalesce", "coalesce"}, {"year", "year"},
        {"month", "month"}, {"day", "day"}, {"now", "now"}, {"current_timestamp", "now"},
        {"starts_with", "starts"}, {"startswith", "starts"}, {"ends_with", "ends"},
        {"endswith", "ends"}, {"contains", "contains"},
    };
    if (same_word(name, "regexp_like") || same_word(name, "regexp_matches"))
        return regexp(p);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (same_word(name, names[i].sql)) {
            mlp_buf_addf(p->out, "%s(", names[i].native);
            bool good = arguments(p);
            mlp_buf_addc(p->out, ')');
            return good;
        }
    }
    return fail(p, "the function %.*s has no counterpart", MLP_STR_ARG(name));
}

static bool is_reserved(struct mlp_str name)
{
    static const char *const words[] = {
        "select", "case", "cast", "exists", "any", "all", "array", "extract", "from", "where",
        "group", "order", "having", "over", "and", "or", "not", "in", "is", "between", "like",
        "distinct", "union", "current_date", "current_time", "when", "then", "else", "end", NULL};
    for (size_t i = 0; words[i]; i++)
        if (same_word(name, words[i]))
            return true;
    return false;
}

/* A word: a literal, a function or a column. */
static bool named(struct sql *p)
{
    struct mlp_str name = p->word;
    if (is_reserved(name))
        return fail(p, "%.*s has no counterpart here", MLP_STR_ARG(name));
    next(p);
    if (take_sign_if(p, "("))
        return call(p, name);
    if (same_word(name, "interval"))
        return interval(p);
    bool time = same_word(name, "date") || same_word(name, "timestamp");
    if (time && p->token == T_TEXT) {
        add_literal(p, p->word, '\'');
        next(p);
    } else if (same_word(name, "null") || same_word(name, "true") || same_word(name, "false")) {
        mlp_buf_adds(p->out, (name.p[0] | 32) == 'n' ? "null" : (name.p[0] | 32) == 't' ? "true"
                                                                                        : "false");
    } else if (same_word(name, "current_timestamp")) {
        mlp_buf_adds(p->out, "now()");
    } else if (p->at > p->start && p->text.p[p->start] == '.') {
        return fail(p, "names with a table in front have no counterpart: there is one table");
    } else {
        mlp_expr_add_name(p->out, name);
    }
    return true;
}

static bool bracketed(struct sql *p)
{
    if (!take_sign_if(p, "("))
        return expected(p, "a value");
    mlp_buf_addc(p->out, '(');
    if (!either(p))
        return false;
    mlp_buf_addc(p->out, ')');
    return take_sign_if(p, ")") || expected(p, ")");
}

static bool value(struct sql *p)
{
    switch (p->token) {
    case T_NUMBER:
    case T_PARAMETER: mlp_buf_addstr(p->out, p->word); break;
    case T_TEXT: add_literal(p, p->word, '\''); break;
    case T_QUOTED: mlp_expr_add_name(p->out, p->word); break;
    case T_NAME: return named(p);
    default: return bracketed(p);
    }
    next(p);
    return true;
}

static bool product(struct sql *p)
{
    static const char *const signs[] = {"*", "/", "%"};
    bool good = true, more = true;
    while (good && more) {
        if (take_sign_if(p, "-"))
            mlp_buf_adds(p->out, "-");
        good = value(p);
        more = false;
        for (size_t i = 0; i < 3 && good && !more; i++) {
            more = take_sign_if(p, signs[i]);
            if (more)
                mlp_buf_addf(p->out, " %s ", signs[i]);
        }
    }
    return good;
}

static bool sum(struct sql *p)
{
    bool good = product(p);
    while (good && (is_sign(p, "+") || is_sign(p, "-"))) {
        mlp_buf_addf(p->out, " %.*s ", MLP_STR_ARG(p->word));
        next(p);
        good = product(p);
    }
    return good;
}

/* ---- conditions */

/* A number in quotes that is compared by order would be compared as a text. */
static bool is_quoted_number(struct mlp_str s)
{
    double x;
    return s.n > 2 && s.p[0] == '"' && mlp_num_f64((struct mlp_str){s.p + 1, s.n - 2}, &x);
}

static bool no_quoted_number(struct sql *p, size_t from, size_t to)
{
    return p->out->failed || !is_quoted_number((struct mlp_str){p->out->p + from, to - from}) ||
           fail(p, "a number in quotes is a text, which has another order: leave the quotes away");
}

static bool compare(struct sql *p, size_t from)
{
    const char *op = is_sign(p, "=") ? "==" : is_sign(p, "<>") ? "!=" : NULL;
    struct mlp_str sign = op ? mlp_str_from(op) : p->word;
    size_t left = p->out->n;
    next(p);
    mlp_buf_addf(p->out, " %.*s ", MLP_STR_ARG(sign));
    size_t right = p->out->n;
    if (!sum(p))
        return false;
    bool equal = mlp_str_is(sign, "==") || mlp_str_is(sign, "!=");
    return equal || (no_quoted_number(p, from, left) && no_quoted_number(p, right, p->out->n));
}

/* The operand stands at `from`: it is written twice. */
static bool between(struct sql *p, size_t from, bool not)
{
    struct mlp_buf operand;
    mlp_buf_init(&operand, p->out->max);
    mlp_buf_add(&operand, p->out->p ? p->out->p + from : "", p->out->n - from);
    mlp_buf_adds(p->out, not ? " < " : " >= ");
    size_t low = p->out->n;
    bool good = sum(p) && no_quoted_number(p, low, p->out->n) &&
                (take_name_if(p, "and") || expected(p, "and"));
    mlp_buf_addf(p->out, "%s%.*s%s", not ? " or " : " and ", MLP_STR_ARG(mlp_buf_str(&operand)),
                 not ? " > " : " <= ");
    size_t high = p->out->n;
    good = good && sum(p) && no_quoted_number(p, high, p->out->n);
    p->out->failed = p->out->failed || operand.failed;
    mlp_buf_fini(&operand);
    return good;
}

static bool in(struct sql *p)
{
    if (!take_sign_if(p, "("))
        return expected(p, "( and a list of values");
    mlp_buf_addc(p->out, '[');
    for (bool more = true; more && !p->failed;) {
        bool literal = p->token == T_NUMBER || p->token == T_TEXT || p->token == T_PARAMETER ||
                       is_sign(p, "-");
        if (!literal)
            return expected(p, "a number or a text in quotes");
        if (take_sign_if(p, "-"))
            mlp_buf_addc(p->out, '-');
        value(p);
        more = take_sign_if(p, ",");
        mlp_buf_adds(p->out, more ? ", " : "]");
    }
    return !p->failed && (take_sign_if(p, ")") || expected(p, ")"));
}

static bool pattern(struct sql *p, bool like, bool any_case)
{
    struct mlp_buf regex, plain;
    if (p->token != T_TEXT)
        return expected(p, "a pattern in quotes");
    mlp_buf_init(&regex, p->out->max);
    mlp_buf_init(&plain, p->out->max);
    for (size_t i = 0; i < p->word.n; i++) {
        mlp_buf_addc(&plain, p->word.p[i]);
        i += p->word.p[i] == '\'';
    }
    if (like)
        mlp_expr_add_like(&regex, mlp_buf_str(&plain), any_case);
    else
        mlp_buf_addstr(&regex, mlp_buf_str(&plain));
    mlp_buf_adds(p->out, " match ");
    mlp_expr_add_text(p->out, mlp_buf_str(&regex));
    p->out->failed = p->out->failed || regex.failed || plain.failed;
    mlp_buf_fini(&regex);
    mlp_buf_fini(&plain);
    next(p);
    if (is_name(p, "escape"))
        return fail(p, "ESCAPE has no counterpart here");
    return true;
}

/* What may follow NOT, behind an operand. */
static bool tested(struct sql *p, size_t from, bool not)
{
    if (take_name_if(p, "between"))
        return between(p, from, not);
    if (is_name(p, "in"))
        mlp_buf_adds(p->out, not ? " not in " : " in ");
    else if (not)
        mlp_buf_adds(p->out, " not");
    if (take_name_if(p, "in"))
        return in(p);
    if (take_name_if(p, "like"))
        return pattern(p, true, false);
    if (take_name_if(p, "ilike"))
        return pattern(p, true, true);
    if (take_name_if(p, "rlike") || take_name_if(p, "regexp") || take_sign_if(p, "~"))
        return pattern(p, false, false);
    return !not || expected(p, "between, in or like");
}

static bool is_compare(const struct sql *p)
{
    static const char *const signs[] = {"=", "==", "<>", "!=", "<", "<=", ">", ">="};
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (is_sign(p, signs[i]))
            return true;
    return false;
}

static bool predicate(struct sql *p)
{
    mlp_buf_addc(p->out, '(');
    size_t from = p->out->n;
    if (!sum(p))
        return false;
    bool good = true;
    if (is_compare(p)) {
        good = compare(p, from);
    } else if (take_name_if(p, "is")) {
        mlp_buf_adds(p->out, take_name_if(p, "not") ? " is not null" : " is null");
        good = take_name_if(p, "null") || expected(p, "null");
    } else {
        good = tested(p, from, take_name_if(p, "not"));
    }
    mlp_buf_addc(p->out, ')');
    return good;
}

static bool negated(struct sql *p)
{
    bool not = false;
    while (take_name_if(p, "not"))
        not = !not;
    mlp_buf_adds(p->out, not ? "not " : "");
    return predicate(p);
}

static bool both(struct sql *p)
{
    bool good = negated(p);
    while (good && take_name_if(p, "and")) {
        mlp_buf_adds(p->out, " and ");
        good = negated(p);
    }
    return good;
}

static bool either(struct sql *p)
{
    if (p->depth == DEPTH)
        return fail(p, "it is nested more than %d deep", DEPTH);
    p->depth++;
    bool good = both(p);
    while (good && take_name_if(p, "or")) {
        mlp_buf_adds(p->out, " or ");
        good = both(p);
    }
    p->depth--;
    return good;
}

bool mlp_sql_expr(struct mlp_str sql, struct mlp_buf *out, struct mlp_sql_fault *fault)
{
    struct sql p = {.text = sql, .out = out, .fault = fault};
    next(&p);
    mlp_buf_addc(out, '(');
    bool good = either(&p) && (p.token == T_END || expected(&p, "and, or or its end"));
    mlp_buf_addc(out, ')');
    return good && !p.failed;
}
