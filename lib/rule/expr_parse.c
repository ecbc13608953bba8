/* expr_parse.c: from the text of an expression to its tree (expr.h), by recursive descent. */
#include "rule/expr_internal.h"

#include "text/num.h"

#include <math.h>
#include <stdlib.h>

enum token { T_END, T_NUMBER, T_TEXT, T_NAME, T_QUOTED_NAME, T_SIGN, T_BAD };

struct parser {
    struct mlp_str text;
    size_t at;                    /* where the token at hand ends */
    size_t start;                 /* where it starts */
    enum token token;
    struct mlp_str word;          /* its bytes; of texts and quoted names without the quotes */
    double number;
    unsigned depth, nodes;
    struct mlp_expr *x;
    struct mlp_err *e;
};

/* ---- tokens */

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c == '_' || (unsigned char)c >= 0x80;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static char peek(const struct parser *p, size_t ahead)
{
    return p->at + ahead < p->text.n ? p->text.p[p->at + ahead] : '\0';
}

/* Seconds that a letter after a number stands for; 0 for none. */
static double unit(char c)
{
    switch (c) {
    case 's': return 1;
    case 'm': return 60;
    case 'h': return 3600;
    case 'd': return 86400;
    case 'w': return 7 * 86400;
    default: return 0;
    }
}

static void take_number(struct parser *p)
{
    size_t from = p->at;
    while (is_digit(peek(p, 0)) || peek(p, 0) == '.')
        p->at++;
    if ((peek(p, 0) == 'e' || peek(p, 0) == 'E') &&
        (is_digit(peek(p, 1)) ||
         ((peek(p, 1) == '-' || peek(p, 1) == '+') && is_digit(peek(p, 2)))))
        for (p->at += 2; is_digit(peek(p, 0));)
            p->at++;
    bool number = mlp_num_f64((struct mlp_str){p->text.p + from, p->at - from}, &p->number);
    if (unit(peek(p, 0)) != 0 && !is_word(peek(p, 1)))
        p->number *= unit(p->text.p[p->at++]);
    p->token = number && !is_word(peek(p, 0)) ? T_NUMBER : T_BAD;
}

double mlp_expr_seconds(struct mlp_str text)
{
    double seconds = text.n ? unit(text.p[text.n - 1]) : 0, n;
    bool number = seconds > 0 && mlp_num_f64((struct mlp_str){text.p, text.n - 1}, &n);
    return number && n >= 0 ? n * seconds : NAN;
}

/* "..." or '...' or `...`, the quote doubled inside. */
static void take_quoted(struct parser *p, char quote)
{
    struct mlp_buf b;
    mlp_buf_init(&b, p->text.n + 1);
    p->token = T_BAD;
    for (p->at++; p->at < p->text.n; p->at++) {
        if (p->text.p[p->at] == quote && peek(p, 1) != quote) {
            p->at++;
            p->token = quote == '`' ? T_QUOTED_NAME : T_TEXT;
            break;
        }
        if (p->text.p[p->at] == quote)
            p->at++;
        mlp_buf_addc(&b, p->text.p[p->at]);
    }
    p->word = mlp_arena_str(p->x->arena, mlp_buf_str(&b));
    if (!p->word.p)
        mlp_err_nomem(p->e);
    mlp_buf_fini(&b);
}

static void take_sign(struct parser *p)
{
    static const char *const signs[] = {"==", "!=", "<=", ">=", "<", ">", "+", "-", "*", "/", "%",
                                        "(", ")", "[", "]", ",", NULL};
    struct mlp_str rest = {p->text.p + p->at, p->text.n - p->at};
    p->token = T_BAD;
    for (size_t i = 0; signs[i] && p->token == T_BAD; i++) {
        if (mlp_str_starts(rest, signs[i])) {
            p->word = mlp_str_from(signs[i]);
            p->at += p->word.n;
            p->token = T_SIGN;
        }
    }
}

static void next(struct parser *p)
{
    while (peek(p, 0) == ' ' || peek(p, 0) == '\t' || peek(p, 0) == '\n' || peek(p, 0) == '\r')
        p->at++;
    p->start = p->at;
    p->word = (struct mlp_str){NULL, 0};
    char c = peek(p, 0);
    if (p->at == p->text.n) {
        p->token = T_END;
    } else if (is_digit(c) || (c == '.' && is_digit(peek(p, 1)))) {
        take_number(p);
    } else if (c == '"' || c == '\'' || c == '`') {
        take_quoted(p, c);
    } else if (is_word(c)) {
        while (is_word(peek(p, 0)))
            p->at++;
        p->word = (struct mlp_str){p->text.p + p->start, p->at - p->start};
        p->token = T_NAME;
    } else {
        take_sign(p);
    }
}

/* ---- the tree */

static struct mlp_ex_node *fail(struct parser *p, const char *expected)
{
    struct mlp_str found = {p->text.p + p->start, p->text.n - p->start};
    if (found.n > 20)
        found.n = 20;
    if (p->e->code == MLP_OK) {
        mlp_err_set(p->e, MLP_EINPUT, "expression, at character %zu: expected %s, found %s%.*s%s",
                    p->start + 1, expected, found.n ? "'" : "its end", MLP_STR_ARG(found),
                    found.n ? "'" : "");
    }
    return NULL;
}

static struct mlp_ex_node *make(struct parser *p, enum mlp_ex_op op, struct mlp_ex_node *a,
                                struct mlp_ex_node *b)
{
    if (p->e->code != MLP_OK)
        return NULL;
    if (++p->nodes > MLP_EX_NODES)
        return fail(p, "a shorter expression");
    struct mlp_ex_node *n = mlp_arena_alloc(p->x->arena, sizeof *n);
    if (!n) {
        mlp_err_nomem(p->e);
        return NULL;
    }
    n->op = op;
    n->arg = a;
    if (a)
        a->next = b;
    return n;
}

static struct mlp_ex_node *constant(struct parser *p, enum mlp_ex_kind kind, double number,
                                    struct mlp_str text)
{
    struct mlp_ex_node *n = make(p, MLP_EX_CONSTANT, NULL, NULL);
    if (n)
        n->value = (struct mlp_ex_value){kind, number, text};
    return n;
}

static bool is_sign(const struct parser *p, const char *sign)
{
    return p->token == T_SIGN && mlp_str_is(p->word, sign);
}

static bool is_name(const struct parser *p, const char *name)
{
    return p->token == T_NAME && mlp_str_is(p->word, name);
}

static bool take_sign_if(struct parser *p, const char *sign)
{
    bool is = is_sign(p, sign);
    if (is)
        next(p);
    return is;
}

static bool take_name_if(struct parser *p, const char *name)
{
    bool is = is_name(p, name);
    if (is)
        next(p);
    return is;
}

static struct mlp_ex_node *either(struct parser *p);

static struct mlp_ex_node *column(struct parser *p, struct mlp_str name)
{
    size_t i = 0;
    while (i < p->x->columns.n &&
           !mlp_str_eq(name, *(struct mlp_str *)mlp_vec_at(&p->x->columns, i)))
        i++;
    if (i == p->x->columns.n) {
        struct mlp_str *slot = mlp_vec_push(&p->x->columns);
        struct mlp_str copy = mlp_arena_str(p->x->arena, name);
        if (!slot || !copy.p) {
            mlp_err_nomem(p->e);
            return NULL;
        }
        *slot = copy;
    }
    struct mlp_ex_node *n = make(p, MLP_EX_COLUMN, NULL, NULL);
    if (n)
        n->column = i;
    return n;
}

static struct mlp_ex_node *unknown_function(struct parser *p, struct mlp_str name)
{
    struct mlp_buf b;
    mlp_buf_init(&b, 4096);
    mlp_ex_function_names(&b);
    mlp_err_set(p->e, MLP_EINPUT, "expression, at character %zu: there is no function %.*s",
                (size_t)(name.p - p->text.p) + 1, MLP_STR_ARG(name));
    mlp_err_hint(p->e, "functions are %.*s", MLP_STR_ARG(mlp_buf_str(&b)));
    mlp_buf_fini(&b);
    return NULL;
}

/* name has been read, and the bracket that opens. */
static struct mlp_ex_node *call(struct parser *p, struct mlp_str name)
{
    const struct mlp_ex_function *f = mlp_ex_function_find(name);
    if (!f)
        return unknown_function(p, name);
    struct mlp_ex_node *n = make(p, MLP_EX_CALL, NULL, NULL), **end = n ? &n->arg : NULL;
    unsigned count = 0;
    while (n && !is_sign(p, ")")) {
        if (count == f->most)
            return fail(p, ") as the function has all its arguments");
        *end = either(p);
        if (!*end)
            return NULL;
        end = &(*end)->next;
        count++;
        if (!take_sign_if(p, ",") && !is_sign(p, ")"))
            return fail(p, ", or )");
    }
    if (!n || count < f->least)
        return fail(p, "another argument");
    next(p);
    n->function = f;
    return n;
}

static struct mlp_ex_node *named(struct parser *p)
{
    static const char *const reserved[] = {"and", "or", "not", "in", "is", "match", NULL};
    struct mlp_str name = p->word, none = {NULL, 0};
    for (size_t i = 0; reserved[i]; i++)
        if (mlp_str_is(name, reserved[i]))
            return fail(p, "a value");
    next(p);
    if (take_sign_if(p, "("))
        return call(p, name);
    if (mlp_str_is(name, "null"))
        return constant(p, MLP_EX_NULL, 0, none);
    if (mlp_str_is(name, "true") || mlp_str_is(name, "false"))
        return constant(p, MLP_EX_BOOL, mlp_str_is(name, "true"), none);
    return column(p, name);
}

static struct mlp_ex_node *value(struct parser *p)
{
    struct mlp_str word = p->word;
    double number = p->number;
    switch (p->token) {
    case T_NUMBER: next(p); return constant(p, MLP_EX_NUMBER, number, word);
    case T_TEXT: next(p); return constant(p, MLP_EX_TEXT, 0, word);
    case T_QUOTED_NAME: next(p); return column(p, word);
    case T_NAME: return named(p);
    default: break;
    }
    if (!take_sign_if(p, "("))
        return fail(p, "a value");
    struct mlp_ex_node *n = either(p);
    if (n && !take_sign_if(p, ")"))
        return fail(p, ")");
    return n;
}

static struct mlp_ex_node *signed_value(struct parser *p)
{
    if (!take_sign_if(p, "-"))
        return value(p);
    struct mlp_ex_node *n = value(p);
    return n ? make(p, MLP_EX_NEGATE, n, NULL) : NULL;
}

/* Operators of one level, from left to right. */
struct level {
    const char *sign;
    enum mlp_ex_op op;
};

static struct mlp_ex_node *chain(struct parser *p, const struct level *level,
                                 struct mlp_ex_node *(*part)(struct parser *p))
{
    struct mlp_ex_node *n = part(p);
    for (size_t i = 0; n && level[i].sign;) {
        if (!take_sign_if(p, level[i].sign)) {
            i++;
            continue;
        }
        struct mlp_ex_node *right = part(p);
        n = right ? make(p, level[i].op, n, right) : NULL;
        i = 0;
    }
    return n;
}

static struct mlp_ex_node *product(struct parser *p)
{
    static const struct level level[] = {
        {"*", MLP_EX_MUL}, {"/", MLP_EX_DIV}, {"%", MLP_EX_MOD}, {NULL, 0}};
    return chain(p, level, signed_value);
}

static struct mlp_ex_node *sum(struct parser *p)
{
    static const struct level level[] = {{"+", MLP_EX_ADD}, {"-", MLP_EX_SUB}, {NULL, 0}};
    return chain(p, level, product);
}

/* [a, b, ...] as further operands of n. */
static struct mlp_ex_node *in_list(struct parser *p, struct mlp_ex_node *n)
{
    struct mlp_ex_node *in = make(p, MLP_EX_IN, n, NULL), *last = n;
    if (!take_sign_if(p, "["))
        return fail(p, "[");
    do {
        last->next = signed_value(p);
        last = last->next;
        if (!last)
            return NULL;
        if (last->op != MLP_EX_CONSTANT && last->op != MLP_EX_NEGATE)
            return fail(p, "only numbers and texts in the list");
    } while (take_sign_if(p, ","));
    return take_sign_if(p, "]") ? in : fail(p, ", or ]");
}

static struct mlp_ex_node *matches(struct parser *p, struct mlp_ex_node *n)
{
    struct mlp_str text = p->word;
    if (p->token != T_TEXT)
        return fail(p, "a regular expression in quotes");
    struct mlp_ex_node *m = make(p, MLP_EX_MATCH, n, NULL);
    struct mlp_regex *slot = m ? mlp_vec_push(&p->x->regexes) : NULL;
    if (!slot) {
        mlp_err_nomem(p->e);
        return NULL;
    }
    *slot = (struct mlp_regex){NULL, false};
    if (mlp_regex_init(slot, text, p->e) != MLP_OK)
        return NULL;
    m->regex = *slot;
    next(p);
    return m;
}

static struct mlp_ex_node *negated(struct parser *p, bool negate, struct mlp_ex_node *n)
{
    return negate && n ? make(p, MLP_EX_NOT, n, NULL) : n;
}

static struct mlp_ex_node *comparison(struct parser *p)
{
    static const struct level level[] = {{"==", MLP_EX_EQ}, {"!=", MLP_EX_NE}, {"<=", MLP_EX_LE},
                                         {">=", MLP_EX_GE}, {"<", MLP_EX_LT},  {">", MLP_EX_GT}};
    struct mlp_ex_node *n = sum(p);
    if (!n)
        return NULL;
    for (size_t i = 0; i < sizeof level / sizeof *level; i++) {
        if (take_sign_if(p, level[i].sign)) {
            struct mlp_ex_node *right = sum(p);
            return right ? make(p, level[i].op, n, right) : NULL;
        }
    }
    if (take_name_if(p, "is")) {
        bool negate = take_name_if(p, "not");
        if (!take_name_if(p, "null"))
            return fail(p, "null");
        return negated(p, negate, make(p, MLP_EX_IS_NULL, n, NULL));
    }
    bool negate = take_name_if(p, "not");
    if (take_name_if(p, "in"))
        return negated(p, negate, in_list(p, n));
    if (take_name_if(p, "match"))
        return negated(p, negate, matches(p, n));
    return negate ? fail(p, "in or match") : n;
}

static struct mlp_ex_node *negation(struct parser *p)
{
    bool negate = false;
    while (take_name_if(p, "not"))
        negate = !negate;
    return negated(p, negate, comparison(p));
}

static struct mlp_ex_node *both(struct parser *p)
{
    struct mlp_ex_node *n = negation(p);
    while (n && take_name_if(p, "and")) {
        struct mlp_ex_node *right = negation(p);
        n = right ? make(p, MLP_EX_AND, n, right) : NULL;
    }
    return n;
}

static struct mlp_ex_node *either(struct parser *p)
{
    if (p->depth == MLP_EX_DEPTH)
        return fail(p, "fewer brackets inside each other");
    p->depth++;
    struct mlp_ex_node *n = both(p);
    while (n && take_name_if(p, "or")) {
        struct mlp_ex_node *right = both(p);
        n = right ? make(p, MLP_EX_OR, n, right) : NULL;
    }
    p->depth--;
    return n;
}

enum mlp_code mlp_expr_parse(struct mlp_str text, struct mlp_arena *a, struct mlp_expr **out,
                             struct mlp_err *e)
{
    struct mlp_expr *x = mlp_arena_alloc(a, sizeof *x);
    struct mlp_err local;
    *out = NULL;
    mlp_err_init(&local);
    if (!x)
        return mlp_err_nomem(e);
    x->arena = a;
    mlp_vec_init(&x->columns, sizeof(struct mlp_str));
    mlp_vec_init(&x->regexes, sizeof(struct mlp_regex));
    struct parser p = {.text = text, .x = x, .e = e ? e : &local};
    next(&p);
    x->root = either(&p);
    if (x->root && p.token != T_END)
        fail(&p, "an operator or the end");
    if (p.e->code != MLP_OK)
        mlp_expr_fini(x);
    else
        *out = x;
    return p.e->code;
}

void mlp_expr_fini(struct mlp_expr *x)
{
    if (!x)
        return;
    for (size_t i = 0; i < x->regexes.n; i++)
        pcre2_code_free(((struct mlp_regex *)mlp_vec_at(&x->regexes, i))->code);
    mlp_vec_fini(&x->regexes);
    mlp_vec_fini(&x->columns);
}

size_t mlp_expr_ncolumns(const struct mlp_expr *x)
{
    return x->columns.n;
}

struct mlp_str mlp_expr_column(const struct mlp_expr *x, size_t i)
{
    return *(struct mlp_str *)mlp_vec_at(&x->columns, i);
}
