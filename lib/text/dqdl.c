/* dqdl.c: DQDL as a tree (dqdl.h): a parser of one token ahead. */
#include "text/dqdl.h"

#include "text/num.h"

#include <stdio.h>

#define DEPTH 60
#define MOST_TEXT ((size_t)1 << 20)

enum token { T_END, T_BAD, T_NUMBER, T_TEXT, T_NAME, T_SIGN };

struct dqdl {
    struct mlp_doc *d;
    struct mlp_err *e;
    struct mlp_str text;
    size_t at;                    /* behind the token */
    size_t start, behind;         /* where the token begins; where the one before it ended */
    uint32_t line;
    size_t line_start;
    enum token token;
    struct mlp_str word;          /* of the token; of a text what its quotes hold, as written */
    unsigned depth;
};

/* ---- errors and nodes */

static bool failed(const struct dqdl *p)
{
    return p->e->code != MLP_OK;
}

static void expected(struct dqdl *p, const char *what)
{
    struct mlp_str found = {p->text.p + p->start, p->text.n - p->start};
    found.n = found.n > 24 ? 24 : found.n;
    for (size_t i = 0; i < found.n; i++)
        if ((unsigned char)found.p[i] < ' ' || (unsigned char)found.p[i] >= 0x7f)
            found.n = i;
    if (failed(p))
        return;
    mlp_err_set(p->e, MLP_EINPUT, "expected %s, found %s%.*s%s", what,
                p->token == T_END ? "the end" : "\"", MLP_STR_ARG(found),
                p->token == T_END ? "" : "\"");
    mlp_err_at(p->e, p->d->source, p->line, (uint32_t)(p->start - p->line_start) + 1);
}

/* A new node with the place of the token. */
static struct mlp_node *placed(struct dqdl *p, struct mlp_node *n)
{
    if (!n && !failed(p)) {
        mlp_err_nomem(p->e);
        mlp_err_at(p->e, p->d->source, p->line, 0);
    }
    if (n) {
        n->line = p->line;
        n->column = (uint32_t)(p->start - p->line_start) + 1;
    }
    return n;
}

static struct mlp_node *new_node(struct dqdl *p, enum mlp_doc_type type)
{
    return placed(p, mlp_doc_new(p->d, type));
}

static struct mlp_node *put(struct dqdl *p, struct mlp_node *map, const char *key,
                            struct mlp_node *value)
{
    return mlp_node_put(p->d, map, key, value);
}

/* ---- tokens */

static char peek(const struct dqdl *p)
{
    return p->at < p->text.n ? p->text.p[p->at] : '\0';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
    return is_digit(c) || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '_' || c == '.';
}

static void skip_space(struct dqdl *p)
{
    for (bool comment = false; p->at < p->text.n; p->at++) {
        char c = peek(p);
        comment = (comment || c == '#') && c != '\n';
        if (c == '\n') {
            p->line++;
            p->line_start = p->at + 1;
        } else if (!comment && c != ' ' && c != '\t' && c != '\r') {
            return;
        }
    }
}

/* What stands in quotes; \" and \\ are undone by whoever takes it. */
static void take_text(struct dqdl *p)
{
    size_t from = ++p->at;
    while (p->at < p->text.n && peek(p) != '"' && peek(p) != '\n')
        p->at += peek(p) == '\\' && p->at + 1 < p->text.n && p->text.p[p->at + 1] != '\n' ? 2 : 1;
    p->token = peek(p) == '"' ? T_TEXT : T_BAD;
    p->word = (struct mlp_str){p->text.p + from, p->at - from};
    p->at += p->token == T_TEXT;
}

static void take_word(struct dqdl *p)
{
    double x;
    while (is_word(peek(p)))
        p->at++;
    p->word = (struct mlp_str){p->text.p + p->start, p->at - p->start};
    bool number = is_digit(p->word.p[0]);
    size_t digits = 0;
    while (number && digits < p->word.n &&
           (is_digit(p->word.p[digits]) || p->word.p[digits] == '.'))
        digits++;
    if (number && mlp_num_f64((struct mlp_str){p->word.p, digits}, &x)) { /* 5MB is 5 and MB */
        p->word.n = digits;
        p->at = p->start + digits;
        p->token = T_NUMBER;
    } else {
        p->token = T_NAME;
    }
}

static void take_sign(struct dqdl *p)
{
    static const char *const signs[] = {"!=", ">=", "<=", "=", ">", "<", "[", "]", "(", ")", "{",
                                        "}", ",", ":", "$", "-", "+", "*", "/", NULL};
    struct mlp_str rest = {p->text.p + p->at, p->text.n - p->at};
    p->token = T_BAD;
    for (size_t i = 0; signs[i] && p->token == T_BAD; i++) {
        if (mlp_str_starts(rest, signs[i])) {
            p->word = mlp_str_from(signs[i]);
            p->token = T_SIGN;
            p->at += p->word.n;
        }
    }
}

static void next(struct dqdl *p)
{
    p->behind = p->at;
    skip_space(p);
    p->start = p->at;
    p->word = (struct mlp_str){NULL, 0};
    if (p->at >= p->text.n)
        p->token = T_END;
    else if (peek(p) == '"')
        take_text(p);
    else if (is_word(peek(p)))
        take_word(p);
    else
        take_sign(p);
    if (p->token == T_BAD)
        expected(p, p->text.p[p->start] == '"' ? "a closing quote in the same line"
                                               : "a word, a number, a text in quotes or a sign");
}

static bool is_name(const struct dqdl *p, const char *name)
{
    return p->token == T_NAME && mlp_str_is(p->word, name);
}

static bool is_sign(const struct dqdl *p, const char *sign)
{
    return p->token == T_SIGN && mlp_str_is(p->word, sign);
}

static bool take_name_if(struct dqdl *p, const char *name)
{
    bool is = is_name(p, name);
    if (is)
        next(p);
    return is;
}

static bool take_sign_if(struct dqdl *p, const char *sign)
{
    bool is = is_sign(p, sign);
    if (is)
        next(p);
    return is;
}

static void need_sign(struct dqdl *p, const char *sign)
{
    if (!take_sign_if(p, sign))
        expected(p, sign);
}

/* The token, a text, as a node; it is taken. */
static struct mlp_node *text_node(struct dqdl *p)
{
    struct mlp_buf b;
    if (p->token != T_TEXT) {
        expected(p, "a text in quotes");
        return NULL;
    }
    mlp_buf_init(&b, p->text.n + 1);
    for (size_t i = 0; i < p->word.n; i++) {
        bool escape = p->word.p[i] == '\\' && i + 1 < p->word.n &&
                      (p->word.p[i + 1] == '"' || p->word.p[i + 1] == '\\');
        mlp_buf_addc(&b, p->word.p[i += escape]);
    }
    struct mlp_node *n = placed(p, b.failed ? NULL : mlp_doc_new_str(p->d, mlp_buf_str(&b)));
    mlp_buf_fini(&b);
    next(p);
    return n;
}

/* ---- values */

/* {KEY: text} with the place of the token, which is not taken. */
static struct mlp_node *pair(struct dqdl *p, const char *key, struct mlp_str text)
{
    struct mlp_node *map = new_node(p, MLP_DOC_MAP);
    put(p, map, key, placed(p, mlp_doc_new_str(p->d, text)));
    return map;
}

static bool is_unit(const struct dqdl *p, const char *const *units)
{
    for (size_t i = 0; units[i]; i++)
        if (is_name(p, units[i]))
            return true;
    return false;
}

/* A number, or with a unit behind it a duration or a size. */
static struct mlp_node *number(struct dqdl *p, bool negative)
{
    static const char *const durations[] = {"days", "hours", "minutes", "day", "hour", "minute",
                                            NULL};
    static const char *const sizes[] = {"B", "KB", "MB", "GB", "TB", NULL};
    char text[80];
    double x = 0;
    struct mlp_str digits = p->word;
    struct mlp_node *n = new_node(p, MLP_DOC_REAL);
    snprintf(text, sizeof text, "%s%.*s", negative ? "-" : "",
             (int)(digits.n < 60 ? digits.n : 60), digits.p);
    mlp_num_f64(mlp_str_from(text), &x);
    next(p);
    if (is_sign(p, "+") || is_sign(p, "-") || is_sign(p, "*") || is_sign(p, "/"))
        expected(p, "no arithmetic behind a number: say what it comes to;");
    bool duration = is_unit(p, durations), size = is_unit(p, sizes);
    if (n && (duration || size)) {
        snprintf(text, sizeof text, "%s%.*s %.*s", negative ? "-" : "",
                 (int)(digits.n < 40 ? digits.n : 40), digits.p, MLP_STR_ARG(p->word));
        n = pair(p, duration ? "duration" : "size", mlp_str_from(text));
        next(p);
    } else if (n) {
        n->u.real = x;
        n->text = mlp_arena_str(&p->d->arena, mlp_str_from(text));
        if (!n->text.p)
            placed(p, NULL);
    }
    return n;
}

/* now() has been read: perhaps with - 3 days behind it. */
static struct mlp_node *now(struct dqdl *p, bool bracket)
{
    char text[64] = "";
    struct mlp_node *n;
    bool minus = is_sign(p, "-");
    if (bracket && (take_sign_if(p, "-") || take_sign_if(p, "+"))) {
        struct mlp_str amount = p->word;
        if (p->token != T_NUMBER)
            expected(p, "a number of days, hours or minutes");
        next(p);
        if (p->token != T_NAME)
            expected(p, "days, hours or minutes");
        snprintf(text, sizeof text, "%s%.*s %.*s", minus ? "-" : "",
                 (int)(amount.n < 20 ? amount.n : 20), amount.p,
                 (int)(p->word.n < 20 ? p->word.n : 20), p->word.p ? p->word.p : "");
        next(p);
    }
    n = pair(p, "now", mlp_str_from(text));
    if (bracket)
        need_sign(p, ")");
    return n;
}

/* A keyword, now() or a function, which rules that look back at runs before have. */
static struct mlp_node *named(struct dqdl *p, bool bracket)
{
    static const char *const keywords[] = {"NULL", "EMPTY", "WHITESPACES_ONLY", "null", "empty",
                                           "whitespaces_only"};
    struct mlp_str name = p->word;
    struct mlp_node *n = NULL;
    for (size_t i = 0; i < 6 && !n; i++)
        if (mlp_str_is(name, keywords[i]))
            n = pair(p, "keyword", mlp_str_from(keywords[i % 3]));
    if (!n)
        n = pair(p, "function", name);
    next(p);
    if (!take_sign_if(p, "("))
        return n;
    if (mlp_str_is(name, "now") && take_sign_if(p, ")"))
        return now(p, bracket);
    for (unsigned open = 1; open && !failed(p); next(p)) {
        open += is_sign(p, "(");
        open -= is_sign(p, ")");
        if (p->token == T_END)
            expected(p, ")");
    }
    return n;
}

static struct mlp_node *value(struct dqdl *p)
{
    struct mlp_node *n;
    bool bracket = take_sign_if(p, "("), negative = take_sign_if(p, "-");
    if (p->token == T_NUMBER) {
        n = number(p, negative);
        if (bracket)
            need_sign(p, ")");
        return n;
    }
    if (negative)
        expected(p, "a number");
    if (p->token == T_NAME) {
        n = named(p, bracket);
        return n;
    }
    if (take_sign_if(p, "$")) {
        n = pair(p, "variable", p->word);
        next(p);
        return n;
    }
    return text_node(p);
}

static struct mlp_node *values_in_brackets(struct dqdl *p)
{
    struct mlp_node *list = new_node(p, MLP_DOC_LIST);
    need_sign(p, "[");
    for (bool more = !is_sign(p, "]"); more && !failed(p);) {
        mlp_node_push(list, value(p));
        more = take_sign_if(p, ",");
    }
    need_sign(p, "]");
    return list;
}

/* ---- conditions */

static bool take_op(struct dqdl *p, struct mlp_str *op, bool *not)
{
    static const char *const signs[] = {"=", "!=", ">=", "<=", ">", "<"};
    static const char *const words[] = {"between", "in", "matches"};
    *not = take_name_if(p, "not");
    for (size_t i = 0; !*not && i < sizeof signs / sizeof *signs; i++)
        if (is_sign(p, signs[i]))
            *op = mlp_str_from(signs[i]);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (is_name(p, words[i]))
            *op = mlp_str_from(words[i]);
    if (op->p)
        next(p);
    else if (*not)
        expected(p, "between, in or matches");
    return op->p != NULL;
}

/* Into map: op and values. False when there is no condition. */
static bool condition(struct dqdl *p, struct mlp_node *map)
{
    struct mlp_str op = {NULL, 0};
    char text[16];
    bool not;
    struct mlp_node *at = new_node(p, MLP_DOC_TEXT), *list;
    if (!take_op(p, &op, &not) || !at)
        return false;
    snprintf(text, sizeof text, "%s%.*s", not ? "not " : "", MLP_STR_ARG(op));
    at->text = mlp_arena_str(&p->d->arena, mlp_str_from(text));
    put(p, map, "op", at);
    if (mlp_str_is(op, "in") && is_sign(p, "[")) {
        put(p, map, "values", values_in_brackets(p));
        return true;
    }
    list = put(p, map, "values", new_node(p, MLP_DOC_LIST));
    mlp_node_push(list, value(p));
    if (mlp_str_is(op, "between")) {
        if (!take_name_if(p, "and") && !take_name_if(p, "AND"))
            expected(p, "and");
        mlp_node_push(list, value(p));
    }
    return true;
}

/* "labels" = [ "a" = "b", ... ] */
static void labels(struct dqdl *p, struct mlp_node *map)
{
    struct mlp_node *list = new_node(p, MLP_DOC_LIST);
    need_sign(p, "=");
    need_sign(p, "[");
    for (bool more = !is_sign(p, "]"); more && !failed(p);) {
        mlp_node_push(list, text_node(p));
        need_sign(p, "=");
        mlp_node_push(list, text_node(p));
        more = take_sign_if(p, ",");
    }
    need_sign(p, "]");
    if (map)
        put(p, map, "labels", list);
}

/* ---- rules */

static bool is_parameter(const struct dqdl *p)
{
    static const char *const words[] = {"between", "in", "not", "matches", "where", "with",
                                        "labels", "and", "AND", "or", "OR"};
    for (size_t i = 0; p->token == T_NAME && i < sizeof words / sizeof *words; i++)
        if (mlp_str_is(p->word, words[i]))
            return false;
    return p->token == T_TEXT || p->token == T_NAME || is_sign(p, "$");
}

static void parameters(struct dqdl *p, struct mlp_node *rule)
{
    struct mlp_node *list = new_node(p, MLP_DOC_LIST);
    put(p, rule, "params", list);
    while (!failed(p) && (is_parameter(p) || is_name(p, "of") || is_name(p, "OF"))) {
        if (take_name_if(p, "of") || take_name_if(p, "OF"))
            continue;
        struct mlp_node *n;
        if (take_sign_if(p, "$")) {
            n = pair(p, "variable", p->word);
            next(p);
        } else if (p->token == T_TEXT) {
            n = text_node(p);
        } else {
            n = placed(p, mlp_doc_new_str(p->d, p->word));
            next(p);
        }
        mlp_node_push(list, n);
    }
}

/* with threshold > 0.9, with format = "..." */
static void tags(struct dqdl *p, struct mlp_node *rule)
{
    struct mlp_node *list = NULL;
    while (!failed(p) && take_name_if(p, "with")) {
        struct mlp_node *tag = new_node(p, MLP_DOC_MAP);
        if (!list)
            list = put(p, rule, "with", new_node(p, MLP_DOC_LIST));
        put(p, tag, "tag", placed(p, mlp_doc_new_str(p->d, p->word)));
        if (p->token != T_NAME)
            expected(p, "a word such as threshold");
        next(p);
        if (!condition(p, tag))
            expected(p, "a condition such as > 0.9");
        mlp_node_push(list, tag);
    }
}

static struct mlp_node *one(struct dqdl *p)
{
    size_t from = p->start;
    struct mlp_node *rule = new_node(p, MLP_DOC_MAP), *text;
    if (p->token != T_NAME) {
        expected(p, "a rule such as IsComplete \"id\"");
        return rule;
    }
    put(p, rule, "type", placed(p, mlp_doc_new_str(p->d, p->word)));
    text = put(p, rule, "text", new_node(p, MLP_DOC_TEXT));
    next(p);
    parameters(p, rule);
    struct mlp_node *when = new_node(p, MLP_DOC_MAP);
    if (condition(p, when))
        put(p, rule, "condition", when);
    if (take_name_if(p, "where"))
        put(p, rule, "where", text_node(p));
    if (take_name_if(p, "labels"))
        labels(p, rule);
    tags(p, rule);
    if (text && !failed(p)) {
        text->text = mlp_arena_str(&p->d->arena, (struct mlp_str){p->text.p + from,
                                                                  p->behind - from});
        if (!text->text.p)
            placed(p, NULL);
    }
    return rule;
}

static struct mlp_node *joined(struct dqdl *p);

static struct mlp_node *bracketed(struct dqdl *p)
{
    struct mlp_node *n;
    if (!is_sign(p, "("))
        return one(p);
    if (p->depth == DEPTH) {
        expected(p, "rules nested no deeper than 60");
        return NULL;
    }
    p->depth++;
    next(p);
    n = joined(p);
    need_sign(p, ")");
    if (take_name_if(p, "labels"))
        labels(p, NULL);
    p->depth--;
    return n;
}

/* Rules joined by one word; `and` binds before `or`, as in the grammar. */
static struct mlp_node *chain(struct dqdl *p, const char *key, const char *lower, const char *upper,
                              struct mlp_node *(*part)(struct dqdl *p))
{
    struct mlp_node *n = part(p), *map = NULL, *list = NULL;
    while (!failed(p) && (is_name(p, lower) || is_name(p, upper))) {
        if (!map) {
            map = new_node(p, MLP_DOC_MAP);
            list = put(p, map, key, new_node(p, MLP_DOC_LIST));
            mlp_node_push(list, n);
        }
        next(p);
        mlp_node_push(list, part(p));
    }
    return map ? map : n;
}

static struct mlp_node *conjunction(struct dqdl *p)
{
    return chain(p, "and", "and", "AND", bracketed);
}

static struct mlp_node *joined(struct dqdl *p)
{
    return chain(p, "or", "or", "OR", conjunction);
}

static struct mlp_node *rules(struct dqdl *p)
{
    struct mlp_node *list = new_node(p, MLP_DOC_LIST);
    need_sign(p, "[");
    for (bool more = !is_sign(p, "]"); more && !failed(p);) {
        mlp_node_push(list, joined(p));
        more = take_sign_if(p, ",") && !is_sign(p, "]");
    }
    need_sign(p, "]");
    return list;
}

/* ---- sections */

/* { "name": "text", "name": ["text", ...] }, of which only texts are kept. */
static struct mlp_node *dictionary(struct dqdl *p)
{
    struct mlp_node *map = new_node(p, MLP_DOC_MAP);
    need_sign(p, "{");
    for (bool more = !is_sign(p, "}"); more && !failed(p);) {
        text_node(p);
        need_sign(p, ":");
        if (is_sign(p, "["))
            values_in_brackets(p);
        else
            text_node(p);
        more = take_sign_if(p, ",");
    }
    need_sign(p, "}");
    return map;
}

static struct mlp_node *section(struct dqdl *p, struct mlp_str name)
{
    if (mlp_str_is(name, "Rules") || mlp_str_is(name, "Analyzers"))
        return rules(p);
    if (mlp_str_is(name, "DefaultLabels")) {
        struct mlp_node *map = new_node(p, MLP_DOC_MAP);
        labels(p, map);
        return map;
    }
    return is_sign(p, "{") ? dictionary(p) : is_sign(p, "[") ? values_in_brackets(p) : value(p);
}

static void document(struct dqdl *p)
{
    struct mlp_node *root = new_node(p, MLP_DOC_MAP);
    while (!failed(p) && p->token != T_END) {
        struct mlp_str name = p->word;
        struct mlp_node at = {.line = p->line, .column = (uint32_t)(p->start - p->line_start) + 1};
        if (p->token != T_NAME)
            expected(p, "a section such as Rules = [ ... ]");
        else if (mlp_node_get_str(root, name))
            expected(p, "each name once");
        next(p);
        if (!mlp_str_is(name, "DefaultLabels"))
            need_sign(p, "=");
        char *key = failed(p) ? NULL : mlp_arena_strz(&p->d->arena, name);
        struct mlp_node *n = key ? put(p, root, key, section(p, name)) : NULL;
        if (n) {
            n->line = at.line;
            n->column = at.column;
        }
    }
    p->d->root = root;
}

enum mlp_code mlp_doc_parse_dqdl(struct mlp_doc *d, struct mlp_str text, struct mlp_err *e)
{
    struct mlp_err local;
    mlp_err_init(&local);
    struct dqdl p = {.d = d, .e = e ? e : &local, .text = text, .line = 1};
    if (!mlp_str_utf8(text)) {
        mlp_err_set(p.e, MLP_EINPUT, "the text is not UTF-8");
        return mlp_err_at(p.e, d->source, 1, 0);
    }
    next(&p);
    document(&p);
    if (failed(&p))
        d->root = NULL;
    return p.e->code;
}

bool mlp_dqdl_is(struct mlp_str text)
{
    struct mlp_doc d;
    struct mlp_err e;
    bool is = false;
    mlp_err_init(&e);
    mlp_doc_init(&d, "", MOST_TEXT);
    struct dqdl p = {.d = &d, .e = &e, .text = text, .line = 1};
    next(&p);
    if (p.token == T_NAME) {
        next(&p);
        is = is_sign(&p, "=") && (memmem(text.p, text.n, "Rules", 5) ||
                                  memmem(text.p, text.n, "Analyzers", 9));
    }
    mlp_doc_fini(&d);
    return is;
}
