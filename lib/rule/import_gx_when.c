/* import_gx_when.c: row_condition as a native expression: the text of 0.18 and 1.x (an expression
 * of pandas.query, or GX's own col("x") > 5) and the object of 1.24.
 *
 * A missing value is unequal to every value there, so `x != 1` becomes `x is null or x != 1`; a
 * quoted number is equal to no number, which text() says. */
#include "rule/import_gx.h"

#include "text/num.h"

#define DEPTH 48

struct writer {
    struct mlp_gx *g;
    const struct mlp_node *at;
    struct mlp_buf b;
};

static void fault(struct writer *w, const char *words)
{
    mlp_gx_fault(w->g, w->at, "row_condition: %s", words);
}

static void add_name(struct mlp_buf *b, struct mlp_str name)
{
    mlp_buf_addc(b, '`');
    for (size_t i = 0; i < name.n; i++)
        mlp_buf_addf(b, "%s%c", name.p[i] == '`' ? "`" : "", name.p[i]);
    mlp_buf_addc(b, '`');
}

static void add_text(struct mlp_buf *b, struct mlp_str text)
{
    mlp_buf_addc(b, '"');
    for (size_t i = 0; i < text.n; i++)
        mlp_buf_addf(b, "%s%c", text.p[i] == '"' ? "\"" : "", text.p[i]);
    mlp_buf_addc(b, '"');
}

static bool is_number(struct mlp_str text)
{
    double v;
    return mlp_num_f64(mlp_str_trim(text), &v);
}

/* One side of a comparison, as native text. */
struct side {
    struct mlp_str name;          /* a column; p NULL when it is none */
    struct mlp_str native;        /* else what it is natively */
    bool quoted_number;
};

static void add_side(struct mlp_buf *b, const struct side *s, bool as_text)
{
    if (!s->name.p) {
        mlp_buf_addstr(b, s->native);
        return;
    }
    mlp_buf_adds(b, as_text ? "text(" : "");
    add_name(b, s->name);
    mlp_buf_adds(b, as_text ? ")" : "");
}

static void add_comparison(struct mlp_buf *b, const struct side *l, const char *op,
                           const struct side *r)
{
    bool unequal = strcmp(op, "!=") == 0 || strcmp(op, "not in") == 0;
    mlp_buf_addc(b, '(');
    if (unequal && l->name.p) {
        add_side(b, l, r->quoted_number);
        mlp_buf_adds(b, " is null or ");
    }
    add_side(b, l, r->quoted_number);
    mlp_buf_addf(b, " %s ", op);
    add_side(b, r, l->quoted_number);
    mlp_buf_addc(b, ')');
}

/* ---- the text */

enum token { T_END, T_NAME, T_COLUMN, T_NUMBER, T_TEXT, T_SIGN, T_BAD };

struct reader {
    struct writer *w;
    struct mlp_str text;
    size_t at;
    enum token token;
    struct mlp_str word;          /* names and texts without quotes */
    unsigned depth;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_' ||
           (unsigned char)c >= 0x80;
}

static char peek(const struct reader *r, size_t ahead)
{
    return r->at + ahead < r->text.n ? r->text.p[r->at + ahead] : '\0';
}

static void take_quoted(struct reader *r, char quote)
{
    size_t from = ++r->at;
    while (r->at < r->text.n && r->text.p[r->at] != quote)
        r->at++;
    r->word = (struct mlp_str){r->text.p + from, r->at - from};
    r->token = r->at == r->text.n ? T_BAD : quote == '`' ? T_COLUMN : T_TEXT;
    r->at++;
}

static void take_sign_token(struct reader *r)
{
    static const char *const signs[] = {"==", "!=", "<=", ">=", "&&", "||", "<", ">", "&", "|", "~",
                                        "(", ")", "[", "]", ",", ".", "-", NULL};
    struct mlp_str rest = {r->text.p + r->at, r->text.n - r->at};
    for (size_t i = 0; signs[i] && r->token == T_BAD; i++) {
        if (mlp_str_starts(rest, signs[i])) {
            r->word = mlp_str_from(signs[i]);
            r->at += r->word.n;
            r->token = T_SIGN;
        }
    }
}

static void take_word_token(struct reader *r)
{
    size_t from = r->at;
    char c = peek(r, 0);
    r->token = is_digit(c) || c == '.' ? T_NUMBER : T_NAME;
    while (is_word(peek(r, 0)) || (r->token == T_NUMBER && peek(r, 0) == '.'))
        r->at++;
    r->word = (struct mlp_str){r->text.p + from, r->at - from};
}

static void next(struct reader *r)
{
    while (r->at < r->text.n && strchr(" \t\r\n", r->text.p[r->at]))
        r->at++;
    char c = peek(r, 0);
    r->token = r->at >= r->text.n ? T_END : T_BAD;
    if (r->token == T_END)
        return;
    if (c == '"' || c == '\'' || c == '`') {
        take_quoted(r, c);
        return;
    }
    if (!is_word(c) && !(c == '.' && is_digit(peek(r, 1)))) {
        take_sign_token(r);
        return;
    }
    take_word_token(r);
}

static bool is_sign(const struct reader *r, const char *sign)
{
    return r->token == T_SIGN && mlp_str_is(r->word, sign);
}

static bool take_sign(struct reader *r, const char *sign)
{
    bool there = is_sign(r, sign);
    if (there)
        next(r);
    return there;
}

static bool take_word(struct reader *r, const char *word)
{
    bool there = r->token == T_NAME && mlp_str_is(r->word, word);
    if (there)
        next(r);
    return there;
}

static void expect_sign(struct reader *r, const char *sign)
{
    char words[40];
    snprintf(words, sizeof words, "expected '%s'", sign);
    if (!take_sign(r, sign))
        fault(r->w, words);
}

static struct mlp_str keep(struct reader *r, struct mlp_buf *b)
{
    struct mlp_str s = mlp_arena_str(&r->w->g->out->arena, mlp_buf_str(b));
    if (!s.p || b->failed)
        mlp_err_nomem(r->w->g->e);
    mlp_buf_fini(b);
    return s.p ? s : (struct mlp_str){"", 0};
}

/* [1, 2] or ("a", "b") as a native list. */
static struct side take_list(struct reader *r, const char *close)
{
    struct side s = {{NULL, 0}, {"", 0}, false};
    struct mlp_buf b;
    mlp_buf_init(&b, 1 << 20);
    mlp_buf_addc(&b, '[');
    for (size_t n = 0; !take_sign(r, close) && !mlp_gx_failed(r->w->g); n++) {
        mlp_buf_adds(&b, n ? ", " : "");
        mlp_buf_adds(&b, take_sign(r, "-") ? "-" : "");
        if (r->token == T_TEXT)
            add_text(&b, r->word);
        else if (r->token == T_NUMBER && is_number(r->word))
            mlp_buf_addstr(&b, r->word);
        else
            fault(r->w, "expected a number or a text in the list");
        next(r);
        take_sign(r, ",");
    }
    mlp_buf_addc(&b, ']');
    s.native = keep(r, &b);
    return s;
}

/* A column, a number or a text; column: what stands in quotes is a column too. */
static struct side take_plain(struct reader *r, bool column, bool call)
{
    struct side s = {{NULL, 0}, {"", 0}, false};
    struct mlp_buf b;
    mlp_buf_init(&b, 1 << 20);
    mlp_buf_adds(&b, take_sign(r, "-") ? "-" : "");
    if (r->token == T_COLUMN || (r->token == T_NAME && !call) || (r->token == T_TEXT && column)) {
        s.name = r->word;
    } else if (r->token == T_TEXT) {
        add_text(&b, r->word);
        s.quoted_number = is_number(r->word);
    } else if (r->token == T_NUMBER && is_number(r->word)) {
        mlp_buf_addstr(&b, r->word);
    } else {
        fault(r->w, "expected a column, a number or a text in quotes");
    }
    s.native = keep(r, &b);
    next(r);
    return s;
}

/* The same, or a list, date("...") or col("..."). */
static struct side take_side(struct reader *r)
{
    bool column = mlp_str_is(r->word, "col");
    bool call = r->token == T_NAME && peek(r, 0) == '(' &&
                (column || mlp_str_is(r->word, "date"));
    if (take_sign(r, "["))
        return take_list(r, "]");
    if (call) {
        next(r);
        next(r);
    }
    struct side s = take_plain(r, call && column, call);
    if (call)
        expect_sign(r, ")");
    return s;
}

static void read_or(struct reader *r);

/* x.notnull() and its kin, after the dot. */
static void read_method(struct reader *r, const struct side *l)
{
    static const char *const methods[][2] = {
        {"notnull", " is not null"}, {"notNull", " is not null"}, {"notna", " is not null"},
        {"isnull", " is null"},      {"isNull", " is null"},      {"isna", " is null"},
    };
    struct mlp_buf *b = &r->w->b;
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        if (!take_word(r, methods[i][0]))
            continue;
        expect_sign(r, "(");
        expect_sign(r, ")");
        mlp_buf_addc(b, '(');
        add_name(b, l->name);
        mlp_buf_addf(b, "%s)", methods[i][1]);
        return;
    }
    if (take_word(r, "isin")) {
        expect_sign(r, "(");
        expect_sign(r, "[");
        struct side list = take_list(r, "]");
        expect_sign(r, ")");
        add_comparison(b, l, "in", &list);
        return;
    }
    fault(r->w, "expected notnull(), isnull() or isin([...]); other methods are not known here");
}

static void read_comparison(struct reader *r)
{
    static const char *const ops[] = {"==", "!=", "<=", ">=", "<", ">"};
    struct side l = take_side(r), right;
    const char *op = NULL;
    if (l.name.p && take_sign(r, ".")) {
        read_method(r, &l);
        return;
    }
    for (size_t i = 0; i < 6 && !op; i++)
        op = take_sign(r, ops[i]) ? ops[i] : NULL;
    bool not_in = !op && take_word(r, "not");
    if (!op && take_word(r, "in"))
        op = not_in ? "not in" : "in";
    if (!op) {
        fault(r->w, "expected one of == != < <= > >= in, or a method such as .notnull()");
        return;
    }
    right = strstr(op, "in") && take_sign(r, "(") ? take_list(r, ")") : take_side(r);
    add_comparison(&r->w->b, &l, op, &right);
}

static void read_not(struct reader *r)
{
    if (++r->depth > DEPTH) {
        fault(r->w, "nests too deep");
    } else if (take_sign(r, "~") || take_word(r, "not")) {
        mlp_buf_adds(&r->w->b, "not ");
        read_not(r);
    } else if (take_sign(r, "(")) {
        mlp_buf_addc(&r->w->b, '(');
        read_or(r);
        expect_sign(r, ")");
        mlp_buf_addc(&r->w->b, ')');
    } else {
        read_comparison(r);
    }
    r->depth--;
}

static void read_and(struct reader *r)
{
    read_not(r);
    while (!mlp_gx_failed(r->w->g) &&
           (take_sign(r, "&") || take_sign(r, "&&") || take_word(r, "and"))) {
        mlp_buf_adds(&r->w->b, " and ");
        read_not(r);
    }
}

static void read_or(struct reader *r)
{
    read_and(r);
    while (!mlp_gx_failed(r->w->g) &&
           (take_sign(r, "|") || take_sign(r, "||") || take_word(r, "or"))) {
        mlp_buf_adds(&r->w->b, " or ");
        read_and(r);
    }
}

static void read_text(struct writer *w, struct mlp_str text)
{
    struct reader r = {.w = w, .text = text};
    next(&r);
    read_or(&r);
    if (!mlp_gx_failed(w->g) && r.token != T_END)
        fault(w, "expected `and`, `or` or the end");
}

/* ---- the object */

static void write_value(struct writer *w, const struct mlp_node *n, struct mlp_buf *b)
{
    if (n && n->type == MLP_DOC_TEXT)
        add_text(b, n->text);
    else if (mlp_node_is_num(n))
        mlp_buf_addstr(b, n->text);
    else if (n && n->type == MLP_DOC_BOOL)
        mlp_buf_adds(b, n->u.boolean ? "true" : "false");
    else
        fault(w, "expected a number, a text or a boolean as parameter");
}

static void write_list(struct writer *w, const struct mlp_node *list, struct mlp_buf *b)
{
    mlp_buf_addc(b, '[');
    for (const struct mlp_node *v = list->child; v; v = v->next) {
        write_value(w, v, b);
        mlp_buf_adds(b, v->next ? ", " : "");
    }
    mlp_buf_addc(b, ']');
}

static void write_comparison(struct writer *w, const struct mlp_node *x)
{
    static const char *const ops[][2] = {{"==", "=="}, {"!=", "!="}, {"<", "<"}, {"<=", "<="},
                                         {">", ">"}, {">=", ">="}, {"IN", "in"},
                                         {"NOT_IN", "not in"}};
    const struct mlp_node *p = mlp_node_get(x, "parameter");
    struct mlp_str name = mlp_node_str(mlp_node_path(x, "column", "name", NULL), "");
    struct side l = {name, {"", 0}, false}, r = {{NULL, 0}, {"", 0}, false};
    struct mlp_buf b;
    size_t i = 0;
    while (i < 8 && !mlp_str_is(mlp_node_str(mlp_node_get(x, "operator"), ""), ops[i][0]))
        i++;
    bool list = i >= 6;
    if (i == 8 || !name.n || !p || list != (p->type == MLP_DOC_LIST)) {
        fault(w, "expected column.name, operator and parameter (a list for IN and NOT_IN)");
        return;
    }
    mlp_buf_init(&b, 1 << 20);
    if (list)
        write_list(w, p, &b);
    else
        write_value(w, p, &b);
    r.native = mlp_buf_str(&b);
    r.quoted_number = p->type == MLP_DOC_TEXT && is_number(p->text);
    if (b.failed)
        mlp_err_nomem(w->g->e);
    add_comparison(&w->b, &l, ops[i][1], &r);
    mlp_buf_fini(&b);
}

static void write_nullity(struct writer *w, const struct mlp_node *x)
{
    struct mlp_str name = mlp_node_str(mlp_node_path(x, "column", "name", NULL), "");
    mlp_buf_addc(&w->b, '(');
    add_name(&w->b, name);
    mlp_buf_adds(&w->b, mlp_node_bool(mlp_node_get(x, "is_null"), true) ? " is null)"
                                                                        : " is not null)");
    if (!name.n)
        fault(w, "expected column.name");
}

static void write_object(struct writer *w, const struct mlp_node *x, unsigned depth)
{
    struct mlp_str type = mlp_node_str(mlp_node_get(x, "type"), "");
    const struct mlp_node *list = mlp_node_get(x, "conditions");
    bool all = mlp_str_is(type, "and"), any = mlp_str_is(type, "or");
    if (depth > DEPTH) {
        fault(w, "nests too deep");
    } else if (mlp_str_is(type, "comparison")) {
        write_comparison(w, x);
    } else if (mlp_str_is(type, "nullity")) {
        write_nullity(w, x);
    } else if (mlp_str_is(type, "pass_through")) {
        read_text(w, mlp_node_str(mlp_node_get(x, "pass_through_filter"), ""));
    } else if ((all || any) && list && list->child) {
        mlp_buf_addc(&w->b, '(');
        for (const struct mlp_node *n = list->child; n && !mlp_gx_failed(w->g); n = n->next) {
            write_object(w, n, depth + 1);
            mlp_buf_adds(&w->b, n->next ? all ? " and " : " or " : "");
        }
        mlp_buf_addc(&w->b, ')');
    } else {
        fault(w, "expected type comparison, nullity, and, or, or pass_through");
    }
}

static bool is_parser(struct mlp_str name)
{
    static const char *const known[] = {"pandas", "python", "great_expectations",
                                        "great_expectations__experimental__", "spark", NULL};
    for (size_t i = 0; known[i]; i++)
        if (mlp_str_is(name, known[i]))
            return true;
    return false;
}

void mlp_gx_when(struct mlp_gx *g)
{
    const struct mlp_node *n = mlp_gx_kwarg(g, "row_condition");
    const struct mlp_node *parser = mlp_gx_kwarg(g, "condition_parser");
    struct writer w = {.g = g, .at = n};
    if (!n || (n->type == MLP_DOC_TEXT && n->text.n == 0) || mlp_gx_failed(g))
        return;
    if (parser && !is_parser(mlp_node_str(parser, ""))) {
        mlp_gx_fault(g, parser, "condition_parser: expected pandas, great_expectations or spark");
        return;
    }
    if (mlp_node_get(g->check, "header")) {
        mlp_gx_fault(g, n, "row_condition says nothing about columns");
        return;
    }
    mlp_buf_init(&w.b, 1 << 20);
    if (n->type == MLP_DOC_TEXT)
        read_text(&w, n->text);
    else
        write_object(&w, n, 0);
    if (!mlp_gx_failed(g) && mlp_buf_check(&w.b, g->e) == MLP_OK)
        mlp_import_put(g->out, g->check, "when", mlp_doc_new_str(g->out, mlp_buf_str(&w.b)), n);
    mlp_buf_fini(&w.b);
}
