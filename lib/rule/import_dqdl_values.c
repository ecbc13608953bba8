/* import_dqdl_values.c: rules of DQDL about the values of a column, as expressions on rows. */
#include "rule/import_dqdl_inside.h"

#include "base/time.h"
#include "rule/sql_expr.h"
#include "text/num.h"

#include <stdio.h>

/* A condition being written about a value. */
struct values {
    struct mlp_dqdl *q;
    struct mlp_buf b;
    const struct mlp_node *list;  /* operands */
    struct mlp_str op;            /* without its "not " */
    bool not;
};

/* ---- operands */

enum operand { NUMBER, TEXT, DATE, NOW, KEYWORD, OTHER };

static bool is_date(struct mlp_str s)
{
    int64_t seconds;
    uint32_t nano;
    return s.n == 10 && mlp_time_parse(s, &seconds, &nano);
}

static enum operand operand_of(const struct mlp_node *n)
{
    if (mlp_node_is_num(n))
        return NUMBER;
    if (n->type == MLP_DOC_TEXT)
        return is_date(n->text) ? DATE : TEXT;
    return mlp_node_get(n, "keyword") ? KEYWORD : mlp_node_get(n, "now") ? NOW : OTHER;
}

/* "3 days" or "-3 days" in seconds; NaN-free: false for another unit. */
static bool seconds_of(struct mlp_str text, double *out)
{
    static const struct {
        const char *unit;
        double seconds;
    } units[] = {{"minute", 60}, {"hour", 3600}, {"day", 86400}};
    struct mlp_str number;
    mlp_str_split(&text, ' ', &number);
    for (size_t i = 0; i < 3; i++) {
        if (mlp_str_starts(text, units[i].unit) && mlp_num_f64(number, out)) {
            *out *= units[i].seconds;
            return true;
        }
    }
    return false;
}

static void add_column(struct values *v)
{
    mlp_expr_add_name(&v->b, v->q->columns[0]);
}

/* "now() - 259200" */
static void add_now(struct values *v, const struct mlp_node *n)
{
    struct mlp_str text = mlp_node_get(n, "now")->text;
    double seconds = 0;
    if (text.n && !seconds_of(text, &seconds))
        mlp_dqdl_refuse(v->q, n, "expected days, hours or minutes");
    mlp_buf_addf(&v->b, "now() %c %.0f", seconds < 0 ? '-' : '+', seconds < 0 ? -seconds : seconds);
}

/* The date, or with `next` the one after it, in quotes. */
static void add_date(struct values *v, struct mlp_str date, bool next)
{
    char text[32];
    int64_t seconds = 0;
    uint32_t nano;
    mlp_time_parse(date, &seconds, &nano);
    mlp_time_format(seconds + (next ? 86400 : 0), text);
    mlp_expr_add_text(&v->b, (struct mlp_str){text, 10});
}

/* ---- = and in, != and not in */

/* One kind of operands as "`c` in [...]", which is not null. */
static void add_listed(struct values *v, bool numbers, size_t *parts)
{
    size_t n = 0;
    for (const struct mlp_node *x = v->list->child; x; x = x->next) {
        enum operand kind = operand_of(x);
        if (numbers ? kind != NUMBER : kind != TEXT && kind != DATE)
            continue;
        if (n++ == 0) {
            mlp_buf_adds(&v->b, (*parts)++ ? v->not ? " and (" : " or (" : "(");
            add_column(v);
            mlp_buf_adds(&v->b, v->not ? " is null or " : " is not null and ");
            if (numbers) {
                mlp_buf_adds(&v->b, "text(");
                add_column(v);
                mlp_buf_adds(&v->b, v->not ? ") is not null or " : ") is null and ");
            }
            add_column(v);
            mlp_buf_adds(&v->b, v->not ? " not in [" : " in [");
        } else {
            mlp_buf_adds(&v->b, ", ");
        }
        if (numbers)
            mlp_buf_addstr(&v->b, x->text);
        else
            mlp_expr_add_text(&v->b, x->text);
    }
    mlp_buf_adds(&v->b, n ? "])" : "");
}

static void add_keyword(struct values *v, struct mlp_str word, size_t *parts)
{
    mlp_buf_adds(&v->b, (*parts)++ ? v->not ? " and (" : " or (" : "(");
    add_column(v);
    if (mlp_str_is(word, "NULL")) {
        mlp_buf_adds(&v->b, v->not ? " is not null)" : " is null)");
        return;
    }
    mlp_buf_adds(&v->b, v->not ? " is null or " : " is not null and ");
    add_column(v);
    if (mlp_str_is(word, "EMPTY"))
        mlp_buf_adds(&v->b, v->not ? " != \"\")" : " == \"\")");
    else
        mlp_buf_adds(&v->b, v->not ? " not match \"\\A\\s+\\z\")" : " match \"\\A\\s+\\z\")");
}

static void add_set(struct values *v)
{
    size_t parts = 0;
    for (const struct mlp_node *n = v->list->child; n; n = n->next) {
        enum operand kind = operand_of(n);
        if (kind == KEYWORD)
            add_keyword(v, mlp_node_get(n, "keyword")->text, &parts);
        else if (kind > DATE)
            mlp_dqdl_refuse(v->q, n, "expected a number, a text, NULL, EMPTY or WHITESPACES_ONLY");
    }
    add_listed(v, true, &parts);
    add_listed(v, false, &parts);
    if (!parts)
        mlp_dqdl_refuse(v->q, v->list, "expected a value at least");
}

/* ---- order */

/* A value on a day is as the day: `> d` begins with the next one. */
static void add_day(struct values *v, const char *op, struct mlp_str date)
{
    bool next = mlp_str_is(mlp_str_from(op), ">") || mlp_str_is(mlp_str_from(op), "<=");
    add_column(v);
    mlp_buf_adds(&v->b, op[0] == '>' ? " >= " : " < ");
    add_date(v, date, next);
}

static void add_compare(struct values *v, const char *op, const struct mlp_node *n)
{
    enum operand kind = operand_of(n);
    if (kind == DATE) {
        add_day(v, op, n->text);
        return;
    }
    add_column(v);
    mlp_buf_addf(&v->b, " %s ", op);
    if (kind == NUMBER)
        mlp_buf_addstr(&v->b, n->text);
    else if (kind == NOW)
        add_now(v, n);
    else
        mlp_dqdl_refuse(v->q, n, "expected a number, a date such as \"2024-01-31\" or now()");
}

/* "(`c` is not null and ... and", so that texts are not taken for numbers or dates. */
static void open_order(struct values *v)
{
    enum operand kind = operand_of(v->list->child);
    add_column(v);
    mlp_buf_adds(&v->b, " is not null and ");
    if (kind == NUMBER)
        mlp_buf_adds(&v->b, "text(");
    if (kind == NUMBER || kind == DATE)
        add_column(v);
    mlp_buf_adds(&v->b, kind == NUMBER ? ") is null and "
                        : kind == DATE ? " match \"\\A\\d{4}-\\d{2}-\\d{2}\" and " : "");
}

/* Both ends are out. */
static void add_between(struct values *v)
{
    const struct mlp_node *lo = mlp_node_at(v->list, 0), *hi = mlp_node_at(v->list, 1);
    open_order(v);
    mlp_buf_adds(&v->b, "(");
    add_compare(v, v->not ? "<=" : ">", lo);
    mlp_buf_adds(&v->b, v->not ? " or " : " and ");
    add_compare(v, v->not ? ">=" : "<", hi);
    mlp_buf_adds(&v->b, ")");
}

static void add_matches(struct values *v)
{
    struct mlp_buf regex;
    const struct mlp_node *n = v->list->child;
    if (n->type != MLP_DOC_TEXT) {
        mlp_dqdl_refuse(v->q, n, "expected a regular expression in quotes");
        return;
    }
    mlp_buf_init(&regex, DQDL_TEXT);
    mlp_buf_addf(&regex, "\\A(?:%.*s)\\z", MLP_STR_ARG(n->text));
    add_column(v);
    mlp_buf_adds(&v->b, " is not null and ");
    add_column(v);
    mlp_buf_adds(&v->b, v->not ? " not match " : " match ");
    mlp_expr_add_text(&v->b, mlp_buf_str(&regex));
    v->b.failed = v->b.failed || regex.failed;
    mlp_buf_fini(&regex);
}

/* ---- the rules */

/* False after a fault. `in $name` is the list of that name. */
static bool start(struct values *v, struct mlp_dqdl *q)
{
    const struct mlp_node *condition = mlp_node_get(q->rule, "condition"), *variable;
    *v = (struct values){.q = q, .list = mlp_node_get(condition, "values"),
                         .op = mlp_node_str(mlp_node_get(condition, "op"), "")};
    mlp_buf_init(&v->b, DQDL_TEXT);
    mlp_dqdl_need(q, 1, 1);
    if (!condition || !v->list || !v->list->child)
        mlp_dqdl_refuse(q, condition, "expected a condition such as > 5 or in [\"a\", \"b\"]");
    variable = mlp_node_get(mlp_node_at(v->list, 0), "variable");
    if (variable) {
        const struct mlp_node *value = mlp_node_get_str(q->in->root, variable->text);
        bool in = mlp_str_is(v->op, "in") || mlp_str_is(v->op, "not in");
        v->list = in && value && value->type == MLP_DOC_LIST ? value : NULL;
        if (!v->list || !v->list->child)
            mlp_dqdl_refuse(q, variable, "expected in $%.*s, and a list under that name",
                            MLP_STR_ARG(variable->text));
    }
    v->not = mlp_str_starts(v->op, "not ") || mlp_str_is(v->op, "!=");
    if (mlp_str_starts(v->op, "not "))
        v->op = (struct mlp_str){v->op.p + 4, v->op.n - 4};
    mlp_buf_addc(&v->b, '(');
    return !mlp_dqdl_failed(q);
}

static void finish(struct values *v)
{
    mlp_buf_addc(&v->b, ')');
    if (!mlp_dqdl_failed(v->q) && mlp_buf_check(&v->b, v->q->e) == MLP_OK)
        mlp_dqdl_rows(v->q, mlp_buf_str(&v->b));
    mlp_buf_fini(&v->b);
}

static void add_condition(struct values *v)
{
    enum operand first = operand_of(v->list->child);
    char op[3] = "";
    mlp_str_copy(v->op, op, sizeof op);
    if (mlp_str_is(v->op, "matches")) {
        add_matches(v);
    } else if (mlp_str_is(v->op, "between")) {
        add_between(v);
    } else if (mlp_str_is(v->op, "=") && first == DATE) {
        open_order(v);
        add_day(v, ">=", v->list->child->text);
        mlp_buf_adds(&v->b, " and ");
        add_day(v, "<=", v->list->child->text);
    } else if (mlp_str_is(v->op, "=") || mlp_str_is(v->op, "!=") || mlp_str_is(v->op, "in")) {
        add_set(v);
    } else {
        open_order(v);
        add_compare(v, op, v->list->child);
    }
}

void mlp_dqdl_values(struct mlp_dqdl *q)
{
    struct values v;
    if (start(&v, q))
        add_condition(&v);
    finish(&v);
}

/* Nothing is as long as an empty text. */
static void add_length(struct values *v)
{
    mlp_buf_adds(&v->b, "coalesce(length(");
    add_column(v);
    mlp_buf_adds(&v->b, "), 0)");
}

static void add_lengths(struct values *v)
{
    add_length(v);
    mlp_buf_adds(&v->b, v->not ? " not in [" : " in [");
    for (const struct mlp_node *n = v->list->child; n; n = n->next) {
        mlp_buf_addstr(&v->b, n->text);
        mlp_buf_adds(&v->b, n->next ? ", " : "]");
    }
}

static void add_length_between(struct values *v)
{
    add_length(v);
    mlp_buf_addf(&v->b, " %s %.*s %s ", v->not ? "<=" : ">", MLP_STR_ARG(v->list->child->text),
                 v->not ? "or" : "and");
    add_length(v);
    mlp_buf_addf(&v->b, " %s %.*s", v->not ? ">=" : "<", MLP_STR_ARG(v->list->last->text));
}

static void add_length_condition(struct values *v)
{
    if (mlp_str_is(v->op, "=") || mlp_str_is(v->op, "!=") || mlp_str_is(v->op, "in")) {
        add_lengths(v);
    } else if (mlp_str_is(v->op, "between")) {
        add_length_between(v);
    } else if (mlp_str_is(v->op, "matches")) {
        mlp_dqdl_refuse(v->q, NULL, "expected a condition such as > 5 or between 1 and 9");
    } else {
        add_length(v);
        mlp_buf_addf(&v->b, " %.*s %.*s", MLP_STR_ARG(v->op), MLP_STR_ARG(v->list->child->text));
    }
}

void mlp_dqdl_length(struct mlp_dqdl *q)
{
    struct values v;
    bool good = start(&v, q);
    for (const struct mlp_node *n = good ? v.list->child : NULL; n; n = n->next)
        if (!mlp_node_is_num(n))
            mlp_dqdl_refuse(q, n, "expected a number");
    if (!mlp_dqdl_failed(q))
        add_length_condition(&v);
    finish(&v);
}

/* "now() - `c` <= 86400", one end of an age. */
static void add_age(struct values *v, const char *op, double seconds)
{
    mlp_buf_adds(&v->b, "now() - ");
    add_column(v);
    mlp_buf_addf(&v->b, " %s %.0f", op, seconds);
}

/* Durations in seconds; how many there are. */
static size_t ages(struct values *v, double age[2])
{
    size_t n = 0;
    for (const struct mlp_node *x = v->list->child; x && n < 2; x = x->next) {
        const struct mlp_node *duration = mlp_node_get(x, "duration");
        if (!duration || !seconds_of(duration->text, &age[n++]))
            mlp_dqdl_refuse(v->q, x, "expected a duration such as 24 hours");
    }
    return n;
}

/* Every value's age, not the newest one's alone. */
void mlp_dqdl_freshness(struct mlp_dqdl *q)
{
    struct values v;
    double age[2] = {0, 0};
    char op[3] = "";
    bool good = start(&v, q), between = mlp_str_is(v.op, "between");
    mlp_str_copy(v.op, op, sizeof op);
    if (good)
        ages(&v, age);
    if (good && !between && op[0] != '<' && op[0] != '>')
        mlp_dqdl_refuse(q, NULL, "expected <=, <, >, >= or between");
    add_column(&v);
    mlp_buf_adds(&v.b, " is not null and (");
    add_age(&v, !between ? op : v.not ? "<=" : ">", age[0]);
    if (between) {
        mlp_buf_adds(&v.b, v.not ? " or " : " and ");
        add_age(&v, v.not ? ">=" : "<", age[1]);
    }
    mlp_buf_adds(&v.b, ")");
    finish(&v);
}

/* ---- ColumnDataType: what a text can be cast to */

/* "yyyy-MM-dd" as "%Y-%m-%d"; false for a format that Glue has not. */
static bool date_format(struct mlp_str java, char out[16])
{
    size_t n = 0;
    for (size_t i = 0; i < java.n && n + 2 < 16;) {
        struct mlp_str rest = {java.p + i, java.n - i};
        size_t letters = mlp_str_starts(rest, "yyyy") ? 4 : 2;
        char unit = letters == 4 ? 'Y' : mlp_str_starts(rest, "MM") ? 'm'
                    : mlp_str_starts(rest, "dd") ? 'd' : '\0';
        if (!unit && rest.p[0] != '-' && rest.p[0] != '/')
            return false;
        if (unit)
            out[n++] = '%';
        out[n++] = unit ? unit : rest.p[0];
        i += unit ? letters : 1;
    }
    out[n] = '\0';
    return java.n == 10;
}

static const struct {
    const char *name, *regex, *native;
} types[] = {
    {"INTEGER", "\\A\\s*[-+]?\\d+\\s*\\z", NULL}, {"LONG", "\\A\\s*[-+]?\\d+\\s*\\z", NULL},
    {"INT", "\\A\\s*[-+]?\\d+\\s*\\z", NULL},
    {"DOUBLE", "\\A\\s*[-+]?(?:\\d+\\.?\\d*|\\.\\d+)(?:[eE][-+]?\\d+)?\\s*\\z", NULL},
    {"FLOAT", "\\A\\s*[-+]?(?:\\d+\\.?\\d*|\\.\\d+)(?:[eE][-+]?\\d+)?\\s*\\z", NULL},
    {"BOOLEAN", "(?i)\\A\\s*(?:t|true|y|yes|1|f|false|n|no|0)\\s*\\z", NULL},
    {"DATE", NULL, "datetime"}, {"TIMESTAMP", NULL, "datetime"},
};
#define NTYPES (sizeof types / sizeof *types)

static bool same_type(struct mlp_str s, const char *name)
{
    size_t i = 0;
    while (i < s.n && name[i] && (s.p[i] >= 'a' && s.p[i] <= 'z' ? s.p[i] - 32 : s.p[i]) == name[i])
        i++;
    return i == s.n && !name[i];
}

/* Dates are read, which no expression tells. */
static void put_date(struct values *v, const char *native)
{
    struct mlp_dqdl *q = v->q;
    struct mlp_import_bounds b;
    char format[16] = "";
    const struct mlp_node *list = mlp_node_get(q->rule, "with"), *given = NULL;
    for (const struct mlp_node *n = list ? list->child : NULL; n; n = n->next)
        if (mlp_str_is(mlp_node_str(mlp_node_get(n, "tag"), ""), "format"))
            given = mlp_node_at(mlp_node_get(n, "values"), 0);
    if (given && !date_format(mlp_node_str(given, ""), format))
        mlp_dqdl_refuse(q, given, "expected a format such as \"yyyy-MM-dd\" or \"dd/MM/yyyy\"");
    if (v->not || mlp_dqdl_threshold(q, &b))
        mlp_dqdl_refuse(q, NULL, "of dates and timestamps only = has a counterpart, without a "
                        "threshold");
    if (mlp_dqdl_failed(q))
        return;
    struct mlp_node *check = mlp_import_head_check(&q->head, true);
    mlp_import_put_text(q->out, check, "column", q->columns[0], q->rule);
    mlp_import_put_text(q->out, check, given ? "format" : "type",
                        mlp_str_from(given ? format : native), q->rule);
    mlp_import_put(q->out, check, "required", mlp_doc_new_bool(q->out, true), q->rule);
}

void mlp_dqdl_data_type(struct mlp_dqdl *q)
{
    struct values v;
    size_t i = 0;
    bool good = start(&v, q);
    struct mlp_str name = good ? mlp_node_str(v.list->child, "") : MLP_STR("");
    while (i < NTYPES && !same_type(name, types[i].name))
        i++;
    if (good && (i == NTYPES || v.op.n > 2 || !(mlp_str_is(v.op, "=") || v.not)))
        mlp_dqdl_refuse(q, NULL, "expected = \"INTEGER\", \"LONG\", \"DOUBLE\", \"FLOAT\", "
                        "\"BOOLEAN\", \"DATE\" or \"TIMESTAMP\"");
    good = good && !mlp_dqdl_failed(q);
    if (good && !types[i].regex) {
        put_date(&v, types[i].native);
        mlp_buf_fini(&v.b);
        return;
    }
    if (good) {
        add_column(&v);
        mlp_buf_adds(&v.b, v.not ? " is null or " : " is not null and ");
        add_column(&v);
        mlp_buf_adds(&v.b, v.not ? " not match " : " match ");
        mlp_expr_add_text(&v.b, mlp_str_from(types[i].regex));
    }
    finish(&v);
}
