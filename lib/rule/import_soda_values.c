/* import_soda_values.c: which values SodaCL and contracts take for missing, valid and invalid, as
 * expressions; and the formats that SodaCL has names for. */
#include "rule/import_soda_inside.h"

#include "rule/sql_expr.h"
#include "text/num.h"

/* ---- formats: docs.soda.io, "List of valid formats" */

#define DAY "(?:0?[1-9]|[12]\\d|3[01])"
#define MONTH "(?:0?[1-9]|1[0-2])"
#define YEAR "(?:[12]\\d)?\\d\\d"
#define HOUR_24 "(?:[01]?\\d|2[0-3])"
#define HOUR_12 "(?:0?\\d|1[0-2])"
#define MINUTE "[0-5]?\\d"
#define SECOND "[0-5]?\\d(?:[.,]\\d+)?"
#define QUAD "[0-9A-Fa-f]{1,4}"

static const struct {
    const char *name, *regex;
    bool spaces;                  /* may stand around it */
} formats[] = {
    {"date us", MONTH "[-./]" DAY "[-./]" YEAR, true},
    {"date eu", DAY "[-./]" MONTH "[-./]" YEAR, true},
    {"date inverse", YEAR "[-./]" MONTH "[-./]" DAY, true},
    {"date iso 8601",
     "[12]\\d{3}-?(?:(?:0[1-9]|1[0-2])-?(?:0[1-9]|[12]\\d|3[01])|W[0-5]\\d(?:-?[1-7])?|[0-3]\\d\\d)"
     "(?:[ T]" HOUR_24 "(?::?[0-5]\\d(?::?[0-5]\\d(?:[.,]\\d+)?)?)?"
     "(?:Z|[-+]" HOUR_24 "(?::?[0-5]\\d)?)?)?", true},
    {"time 24h", HOUR_24 ":" MINUTE "(?::" SECOND ")?", true},
    {"time 24h nosec", HOUR_24 ":" MINUTE, true},
    {"time 12h", HOUR_12 ":" MINUTE "(?::" SECOND ")?", true},
    {"time 12h nosec", HOUR_12 ":" MINUTE, true},
    {"timestamp 24h", HOUR_24 ":" MINUTE ":" SECOND, true},
    {"timestamp 12h", HOUR_12 ":" MINUTE ":" SECOND, true},
    {"uuid", "[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}", false},
    {"ip address", "\\d{1,3}(?:\\.\\d{1,3}){3}", false},
    {"ipv4 address", "\\d{1,3}(?:\\.\\d{1,3}){3}", false},
    {"ipv6 address",
     "(?:" QUAD ":){7}" QUAD "|::(?:" QUAD "(?::" QUAD "){0,6})?|(?:" QUAD ":){1,7}:|"
     "(?=" QUAD ")(?=.*::)(?!.*::.*::)(?!.*:::)(?:(?:" QUAD ")?:){2,7}" QUAD, false},
    {"email", "[\\p{L}\\d._%+-]+@[\\p{L}\\d._%-]+\\.[A-Za-z]{2,4}", false},
    {"phone number", "(?:(?:\\+\\d{1,2}\\s)?\\(?\\d{3}\\)?[\\s.-])?\\d{3}[\\s.-]\\d{4}", false},
    {"credit card number", "\\d{14,19}|\\d{4}(?:-\\d{4}){3}|\\d{4}(?: \\d{4}){3}", false},
};

/* "positive decimal point": a sign, what it is, and what parts it from its fraction. */
struct number_format {
    bool positive, negative, point, comma;
    struct mlp_str what;
};

static bool take_last(struct mlp_str *s, const char *word)
{
    size_t n = mlp_str_from(word).n;
    if (!mlp_str_ends(*s, word) || s->n <= n)
        return false;
    *s = mlp_str_trim((struct mlp_str){s->p, s->n - n});
    return true;
}

static struct number_format number_format(struct mlp_str name)
{
    struct number_format f = {0};
    f.positive = mlp_str_starts(name, "positive ");
    f.negative = mlp_str_starts(name, "negative ");
    if (f.positive || f.negative)
        name = (struct mlp_str){name.p + 9, name.n - 9};
    f.point = take_last(&name, " point");
    f.comma = !f.point && take_last(&name, " comma");
    f.what = name;
    return f;
}

/* Digits and perhaps a fraction; of `digit`, as \d or 0. */
static void add_digits(struct mlp_buf *b, const struct number_format *f, const char *digit)
{
    const char *mark = f->point ? "\\." : f->comma ? "," : "[.,]";
    if (mlp_str_is(f->what, "integer"))
        mlp_buf_addf(b, "%s+", digit);
    else if (mlp_str_is(f->what, "money") && (f->point || f->comma))
        mlp_buf_addf(b, "\\d{1,3}(?:%s\\d{3})*(?:%s\\d+)?", f->point ? "," : "\\.",
                     f->point ? "\\." : ",");
    else
        mlp_buf_addf(b, "(?:%s+(?:%s%s+)?|%s%s+)", digit, mark, digit, mark, digit);
}

static bool is_number_format(const struct number_format *f)
{
    if (mlp_str_is(f->what, "integer"))
        return !f->point && !f->comma;
    if (mlp_str_is(f->what, "money"))
        return !f->positive && !f->negative;
    return mlp_str_is(f->what, "percentage") || mlp_str_is(f->what, "decimal");
}

static bool add_number_format(struct mlp_buf *b, struct mlp_str name)
{
    struct number_format f = number_format(name);
    bool money = mlp_str_is(f.what, "money"), percentage = mlp_str_is(f.what, "percentage");
    if (!is_number_format(&f))
        return false;
    mlp_buf_adds(b, "\\A *");
    mlp_buf_adds(b, f.positive ? "\\+? *" : f.negative ? "(?:- *" : "[-+]? *");
    add_digits(b, &f, "\\d");
    if (f.negative) {
        mlp_buf_adds(b, "|");
        add_digits(b, &f, "0");
        mlp_buf_adds(b, ")");
    }
    mlp_buf_adds(b, percentage ? " *%" : money ? " *(?:[A-Z]{3}|[a-z]{3})" : "");
    mlp_buf_adds(b, " *\\z");
    return true;
}

static bool add_format(struct mlp_buf *b, struct mlp_str name)
{
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        if (!mlp_str_is(name, formats[i].name))
            continue;
        const char *around = formats[i].spaces ? " *" : "";
        mlp_buf_addf(b, "\\A%s(?:%s)%s\\z", around, formats[i].regex, around);
        return true;
    }
    return add_number_format(b, name);
}

/* ---- conditions on a value that is there */

/* A condition being written, `join` between its parts. */
struct condition {
    struct mlp_soda *s;
    struct mlp_buf *b;
    struct mlp_str column;
    const char *join;
    size_t parts;
};

static void start_part(struct condition *c)
{
    mlp_buf_adds(c->b, c->parts++ ? c->join : "");
}

static bool is_number(const struct mlp_node *n)
{
    double x;
    return mlp_node_is_num(n) && mlp_num_f64(n->text, &x);
}

/* Values of one kind. A text is no number, and equal to none: text() tells. */
static void add_some(struct condition *c, const struct mlp_node *list, bool numbers)
{
    size_t n = 0;
    for (const struct mlp_node *x = list->child; x; x = x->next) {
        if (is_number(x) != numbers)
            continue;
        mlp_buf_adds(c->b, n++ ? ", " : numbers ? "(text(" : "");
        if (n == 1) {
            mlp_expr_add_name(c->b, c->column);
            mlp_buf_adds(c->b, numbers ? ") is null and " : "");
            if (numbers)
                mlp_expr_add_name(c->b, c->column);
            mlp_buf_adds(c->b, " in [");
        }
        if (numbers)
            mlp_buf_addstr(c->b, x->text);
        else
            mlp_expr_add_text(c->b, mlp_soda_text(c->s, x, x->text));
    }
    mlp_buf_adds(c->b, n ? numbers ? "])" : "]" : "");
}

static void add_values(struct condition *c, const struct mlp_node *list)
{
    size_t numbers = 0, all = 0;
    if (!list)
        return;
    for (const struct mlp_node *x = list->type == MLP_DOC_LIST ? list->child : NULL; x;
         x = x->next, all++) {
        if (x->type == MLP_DOC_MAP || x->type == MLP_DOC_LIST || x->type == MLP_DOC_NULL)
            mlp_soda_refuse(c->s, x, "%.*s: expected texts or numbers", MLP_STR_ARG(list->key));
        numbers += is_number(x);
    }
    if (!all) {
        mlp_soda_refuse(c->s, list, "%.*s: expected a list of values", MLP_STR_ARG(list->key));
        return;
    }
    start_part(c);
    mlp_buf_adds(c->b, "(");
    add_some(c, list, true);
    mlp_buf_adds(c->b, numbers && numbers < all ? " or " : "");
    add_some(c, list, false);
    mlp_buf_adds(c->b, ")");
}

static void add_match(struct condition *c, struct mlp_str regex)
{
    start_part(c);
    mlp_buf_adds(c->b, "(");
    mlp_expr_add_name(c->b, c->column);
    mlp_buf_adds(c->b, " match ");
    mlp_expr_add_text(c->b, regex);
    mlp_buf_adds(c->b, ")");
}

static void add_regex(struct condition *c, const struct mlp_node *n)
{
    if (n && (n->type == MLP_DOC_MAP || n->type == MLP_DOC_LIST || !n->text.n))
        mlp_soda_refuse(c->s, n, "%.*s: expected a regular expression", MLP_STR_ARG(n->key));
    else if (n)
        add_match(c, mlp_soda_text(c->s, n, n->text));
}

static void add_named_format(struct condition *c, const struct mlp_node *n)
{
    struct mlp_buf regex;
    if (!n)
        return;
    mlp_buf_init(&regex, SODA_TEXT);
    if (!add_format(&regex, mlp_node_str(n, "")))
        mlp_soda_refuse(c->s, n, "%.*s: \"%.*s\" is not a format that is known; say it with "
                        "\"valid regex\"", MLP_STR_ARG(n->key), MLP_STR_ARG(mlp_node_str(n, "")));
    else
        add_match(c, mlp_buf_str(&regex));
    mlp_buf_fini(&regex);
}

/* A bound of the value, or with `length` of its length. */
static void add_bound(struct condition *c, const struct mlp_node *n, const char *op, bool length)
{
    double x;
    if (!n)
        return;
    struct mlp_str bound = mlp_soda_text(c->s, n, n->text);
    if (!mlp_num_f64(bound, &x) && !mlp_str_starts(bound, "$(")) {
        mlp_soda_refuse(c->s, n, "%.*s: expected a number", MLP_STR_ARG(n->key));
        return;
    }
    start_part(c);
    mlp_buf_adds(c->b, length ? "(length(" : "(text(");
    mlp_expr_add_name(c->b, c->column);
    mlp_buf_adds(c->b, length ? ")" : ") is null and ");
    if (!length)
        mlp_expr_add_name(c->b, c->column);
    mlp_buf_addf(c->b, " %s %.*s)", op, MLP_STR_ARG(bound));
}

/* ---- the three of them */

static struct mlp_str kept(struct mlp_soda *s, struct mlp_buf *b)
{
    struct mlp_str copy = {NULL, 0};
    if (!mlp_soda_failed(s) && mlp_buf_check(b, s->e) == MLP_OK) {
        copy = mlp_arena_str(&s->out->arena, mlp_buf_str(b));
        if (!copy.p)
            mlp_err_nomem(s->e);
    }
    mlp_buf_fini(b);
    return copy;
}

static void add_missing(struct mlp_soda *s, struct mlp_buf *b, struct mlp_str column,
                        const struct mlp_soda_values *v)
{
    struct condition c = {s, b, column, " or ", 1};
    mlp_buf_adds(b, "(");
    mlp_expr_add_name(b, column);
    mlp_buf_adds(b, " is null");
    add_values(&c, v->missing_values);
    add_regex(&c, v->missing_regex);
    add_named_format(&c, v->missing_format);
    mlp_buf_adds(b, ")");
}

static size_t add_valid(struct mlp_soda *s, struct mlp_buf *b, struct mlp_str column,
                        const struct mlp_soda_values *v)
{
    struct condition c = {s, b, column, " and ", 0};
    add_values(&c, v->valid_values);
    add_named_format(&c, v->valid_format);
    add_regex(&c, v->valid_regex);
    add_bound(&c, v->valid_length, "==", true);
    add_bound(&c, v->valid_min_length, ">=", true);
    add_bound(&c, v->valid_max_length, "<=", true);
    add_bound(&c, v->valid_min, ">=", false);
    add_bound(&c, v->valid_max, "<=", false);
    return c.parts;
}

static void add_not_valid(struct mlp_soda *s, struct mlp_buf *b, struct mlp_str column,
                          const struct mlp_soda_values *v)
{
    struct condition c = {s, b, column, " or ", 0};
    size_t before = b->n;
    mlp_buf_adds(b, "not (");
    if (add_valid(s, b, column, v) == 0)
        b->n = before;
    else
        mlp_buf_adds(b, ")");
    c.parts = b->n > before;
    add_values(&c, v->invalid_values);
    add_named_format(&c, v->invalid_format);
    add_regex(&c, v->invalid_regex);
}

bool mlp_soda_has_validity(const struct mlp_soda_values *v)
{
    return v->valid_values || v->valid_regex || v->valid_format || v->valid_min || v->valid_max ||
           v->valid_length || v->valid_min_length || v->valid_max_length || v->invalid_values ||
           v->invalid_regex || v->invalid_format;
}

struct mlp_str mlp_soda_missing(struct mlp_soda *s, struct mlp_str column,
                                const struct mlp_soda_values *v)
{
    struct mlp_buf b;
    mlp_buf_init(&b, SODA_TEXT);
    add_missing(s, &b, column, v);
    return kept(s, &b);
}

static struct mlp_str judged(struct mlp_soda *s, struct mlp_str column,
                             const struct mlp_soda_values *v, bool valid)
{
    struct mlp_buf b;
    mlp_buf_init(&b, SODA_TEXT);
    mlp_buf_adds(&b, "(not ");
    add_missing(s, &b, column, v);
    if (mlp_soda_has_validity(v)) {
        mlp_buf_adds(&b, valid ? " and not (" : " and (");
        add_not_valid(s, &b, column, v);
        mlp_buf_adds(&b, ")");
    }
    if (v->include_null && !valid) {
        mlp_buf_adds(&b, " or ");
        mlp_expr_add_name(&b, column);
        mlp_buf_adds(&b, " is null");
    }
    mlp_buf_adds(&b, ")");
    return kept(s, &b);
}

struct mlp_str mlp_soda_invalid(struct mlp_soda *s, struct mlp_str column,
                                const struct mlp_soda_values *v)
{
    return judged(s, column, v, false);
}

struct mlp_str mlp_soda_usable(struct mlp_soda *s, struct mlp_str column,
                               const struct mlp_soda_values *v)
{
    return judged(s, column, v, true);
}
