/* import_soda_line.c: the lines of SodaCL: a metric, its columns, and what it must be. */
#include "rule/import_soda_inside.h"

#include "text/num.h"

#include <stdio.h>

struct line {
    struct mlp_str text;
    size_t at;
};

static void skip(struct line *l)
{
    while (l->at < l->text.n && (l->text.p[l->at] == ' ' || l->text.p[l->at] == '\n'))
        l->at++;
}

static struct mlp_str rest(struct line *l)
{
    skip(l);
    return (struct mlp_str){l->text.p + l->at, l->text.n - l->at};
}

/* A fixed text; one that ends in a letter ends there. */
static bool take(struct line *l, const char *word)
{
    struct mlp_str x = rest(l);
    size_t n = mlp_str_from(word).n;
    bool letter = (word[n - 1] | 32) >= 'a' && (word[n - 1] | 32) <= 'z';
    if (!mlp_str_starts(x, word) ||
        (letter && x.n > n && x.p[n] != ' ' && x.p[n] != '(' && x.p[n] != '['))
        return false;
    l->at += n;
    return true;
}

static bool ends_name(char c)
{
    return c == ' ' || c == '(' || c == ')' || c == ',' || c == '<' || c == '>' || c == '=' ||
           c == '!';
}

/* A name, perhaps in quotes, which it has not then. */
static bool take_name(struct line *l, struct mlp_str *out)
{
    struct mlp_str x = rest(l);
    char quote = x.n ? x.p[0] : '\0', close = quote == '[' ? ']' : quote;
    size_t n = 0;
    if (quote == '"' || quote == '`' || quote == '[') {
        for (n = 1; n < x.n && x.p[n] != close;)
            n++;
        *out = (struct mlp_str){x.p + 1, n - 1};
        l->at += n + 1;
        return n < x.n && n > 1;
    }
    while (n < x.n && !ends_name(x.p[n]))
        n++;
    *out = (struct mlp_str){x.p, n};
    l->at += n;
    return n > 0;
}

/* "(a, b)" */
static bool take_names(struct line *l, struct mlp_str *out, size_t *n)
{
    *n = 0;
    if (!take(l, "("))
        return false;
    do {
        if (*n == SODA_COLUMNS || !take_name(l, &out[*n]))
            return false;
        ++*n;
    } while (take(l, ","));
    return take(l, ")");
}

/* "1d6h" as seconds, into room. */
static bool take_length(struct mlp_str word, char room[32], struct mlp_str *out)
{
    static const char names[] = "smhd";
    static const double seconds[] = {1, 60, 3600, 86400};
    double sum = 0, x;
    while (word.n) {
        size_t n = 0, unit = 0;
        while (n < word.n && word.p[n] >= '0' && word.p[n] <= '9')
            n++;
        while (unit < 4 && n < word.n && word.p[n] != names[unit])
            unit++;
        if (n == word.n || unit == 4 || !mlp_num_f64((struct mlp_str){word.p, n}, &x))
            return false;
        sum += x * seconds[unit];
        word = (struct mlp_str){word.p + n + 1, word.n - n - 1};
    }
    snprintf(room, 32, "%.0f", sum);
    *out = mlp_str_from(room);
    return true;
}

/* A number, a parameter or a length of time; then perhaps a percent sign. */
static bool take_value(struct line *l, char room[32], struct mlp_str *out, bool *percent)
{
    struct mlp_str x = rest(l);
    size_t n = 0;
    double v;
    if (mlp_str_starts(x, "$("))
        n = mlp_str_find(x, ')') + 1;
    while (n < x.n && x.p[n] != ' ' && x.p[n] != '%' && x.p[n] != ')' && x.p[n] != ']')
        n++;
    if (n == 0 || n > x.n)
        return false;
    *out = (struct mlp_str){x.p, n};
    l->at += n;
    *percent = take(l, "%");
    return x.p[0] == '$' || mlp_num_f64(*out, &v) || take_length(*out, room, out);
}

static bool take_between(struct line *l, struct mlp_soda_line *out)
{
    struct mlp_import_bounds *b = &out->bounds;
    bool more, less;
    b->open_lo = take(l, "(");
    if (!b->open_lo)
        take(l, "[");
    if (!take_value(l, out->seconds[0], &b->lo, &less) || !take(l, "and") ||
        !take_value(l, out->seconds[1], &b->hi, &more))
        return false;
    b->percent = more || less;
    b->open_hi = take(l, ")");
    if (!b->open_hi)
        take(l, "]");
    return true;
}

/* What stands behind the metric. */
static bool take_bounds(struct line *l, struct mlp_soda_line *out)
{
    static const char *const signs[] = {"<=", ">=", "!=", "<>", "<", ">", "="};
    struct mlp_str value;
    bool not = take(l, "not"), percent;
    out->bounds = (struct mlp_import_bounds){0};
    if (take(l, "between")) {
        out->bounds.outside = not;
        return take_between(l, out);
    }
    for (size_t i = 0; !not && i < sizeof signs / sizeof *signs; i++) {
        if (!take(l, signs[i]))
            continue;
        if (!take_value(l, out->seconds[0], &value, &percent))
            return false;
        mlp_import_bounds_by(&out->bounds, mlp_str_from(signs[i]), value);
        out->bounds.percent = percent;
        return true;
    }
    return false;
}

static bool bad_line(struct mlp_soda *s, const struct mlp_node *n, const struct line *l,
                     const char *expected)
{
    mlp_soda_refuse(s, n, "\"%.*s\": expected %s at character %zu", MLP_STR_ARG(l->text), expected,
                    l->at + 1);
    return false;
}

bool mlp_soda_line(struct mlp_soda *s, const struct mlp_node *n, struct mlp_str text,
                   struct mlp_soda_line *out)
{
    struct line l = {text, 0};
    *out = (struct mlp_soda_line){0};
    if (mlp_soda_failed(s))
        return false;
    if (!take_name(&l, &out->metric))
        return bad_line(s, n, &l, "a metric such as row_count");
    if (mlp_str_starts(rest(&l), "(") && !take_names(&l, out->args, &out->nargs))
        return bad_line(s, n, &l, "columns such as (a, b)");
    if (rest(&l).n == 0)
        return true;
    out->has_bounds = true;
    if (!take_bounds(&l, out) || rest(&l).n)
        return bad_line(s, n, &l, "a threshold such as < 5 or between 1 and 9");
    return true;
}

/* The opposite of one end is the other, and of an end that is in, one that is out. */
static struct mlp_import_bounds opposite(struct mlp_import_bounds b)
{
    struct mlp_import_bounds x = b;
    if (b.lo.p && b.hi.p) {
        x.outside = !b.outside;
        return x;
    }
    x.lo = b.hi;
    x.hi = b.lo;
    x.open_lo = b.hi.p && !b.open_hi;
    x.open_hi = b.lo.p && !b.open_lo;
    return x;
}

bool mlp_soda_when(struct mlp_soda *s, const struct mlp_node *n, struct mlp_soda_line *out)
{
    struct line l = {mlp_soda_text(s, n, mlp_node_str(n, "")), 0};
    if (mlp_soda_failed(s))
        return false;
    out->has_bounds = true;
    if (!take(&l, "when") || !take_bounds(&l, out) || rest(&l).n)
        return bad_line(s, n, &l, "a condition such as when > 5");
    out->bounds = opposite(out->bounds);
    return true;
}

bool mlp_soda_reference(struct mlp_soda *s, const struct mlp_node *n, struct mlp_str text,
                        struct mlp_soda_reference *out)
{
    struct line l = {text, 0};
    size_t there = 0;
    take(&l, "values in");
    if (!take_names(&l, out->columns[0], &out->n))
        return bad_line(s, n, &l, "columns such as (a, b)");
    if (take(&l, "must not exist in"))
        mlp_soda_refuse(s, n, "\"%.*s\": values that must not be in another table have no "
                        "counterpart: list them under \"invalid values\"", MLP_STR_ARG(text));
    else if (!take(&l, "must exist in") || !take_name(&l, &out->dataset) ||
             !take_names(&l, out->columns[1], &there) || there != out->n || rest(&l).n)
        return bad_line(s, n, &l, "must exist in OTHER (c, d), with as many columns");
    return !mlp_soda_failed(s);
}
