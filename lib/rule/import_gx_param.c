/* import_gx_param.c: evaluation parameters: + - * / over numbers, now(), datetime(), timedelta()
 * and names that the suite gives values to. */
#include "rule/import_gx.h"

#include "base/time.h"
#include "text/num.h"

#include <math.h>

#define DEPTH 32

/* Seconds since 1970, seconds, or a number. */
enum kind { NUMBER, TIME, SPAN };
struct value {
    enum kind kind;
    double v;
};

struct parser {
    struct mlp_gx *g;
    const struct mlp_node *map;   /* the parameter */
    struct mlp_str text;
    size_t at;
    unsigned depth;
};

static struct value sum(struct parser *p);

static void fault(struct parser *p, const char *expected)
{
    mlp_gx_fault(p->g, p->map, "$PARAMETER, at character %zu: expected %s", p->at + 1, expected);
}

static bool take(struct parser *p, char c)
{
    while (p->at < p->text.n && p->text.p[p->at] == ' ')
        p->at++;
    bool there = p->at < p->text.n && p->text.p[p->at] == c;
    p->at += there;
    return there;
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '$' || c == ':';
}

static struct mlp_str take_word(struct parser *p)
{
    take(p, '\0');
    size_t from = p->at;
    while (p->at < p->text.n && is_word(p->text.p[p->at]))
        p->at++;
    return (struct mlp_str){p->text.p + from, p->at - from};
}

/* timedelta(weeks=52, days=1): each name in seconds. */
static struct value take_span(struct parser *p)
{
    static const struct {
        const char *name;
        double seconds;
    } units[] = {{"weeks", 604800}, {"days", 86400}, {"hours", 3600}, {"minutes", 60},
                 {"seconds", 1}, {"milliseconds", 1e-3}, {"microseconds", 1e-6}};
    struct value out = {SPAN, 0};
    while (!take(p, ')') && !mlp_gx_failed(p->g)) {
        struct mlp_str name = take_word(p);
        size_t i = 0;
        while (i < 7 && !mlp_str_is(name, units[i].name))
            i++;
        if (i == 7 || !take(p, '=')) {
            fault(p, "weeks=, days=, hours=, minutes= or seconds=");
            return out;
        }
        out.v += sum(p).v * units[i].seconds;
        take(p, ',');
    }
    return out;
}

static struct value take_date(struct parser *p)
{
    double part[7] = {1970, 1, 1, 0, 0, 0, 0};
    size_t n = 0;
    while (!take(p, ')') && !mlp_gx_failed(p->g)) {
        if (n == 7) {
            fault(p, "at most seven numbers");
            break;
        }
        part[n++] = sum(p).v;
        take(p, ',');
    }
    bool right = n >= 3;
    for (size_t i = 0; i < 7; i++)
        right = right && part[i] >= 0 && part[i] < 1e6;
    if (!right || part[1] < 1 || part[1] > 12 || part[2] < 1 || part[2] > 31) {
        fault(p, "year, month and day");
        return (struct value){TIME, 0};
    }
    double days = (double)mlp_days_from_civil((int32_t)part[0], (uint32_t)part[1],
                                              (uint32_t)part[2]);
    return (struct value){TIME, days * 86400 + part[3] * 3600 + part[4] * 60 + part[5] +
                                    part[6] * 1e-6};
}

/* A name has its value beside the expression ("$PARAMETER.name") or in the suite. */
static struct value take_name(struct parser *p, struct mlp_str name)
{
    struct value out = {NUMBER, 0};
    const struct mlp_node *n = NULL;
    for (const struct mlp_node *x = p->map->child; x && !n; x = x->next)
        if (mlp_str_starts(x->key, "$PARAMETER.") &&
            mlp_str_eq((struct mlp_str){x->key.p + 11, x->key.n - 11}, name))
            n = x;
    if (!n)
        n = mlp_node_get_str(mlp_node_get(p->g->suite, "evaluation_parameters"), name);
    if (!n)
        n = mlp_node_get_str(mlp_node_get(p->g->suite, "suite_parameters"), name);
    out.v = mlp_node_num(n, NAN);
    if (isnan(out.v))
        mlp_gx_fault(p->g, p->map, "the parameter %.*s has no value in the suite",
                     MLP_STR_ARG(name));
    return out;
}

static struct value unit(struct parser *p)
{
    struct value out = {NUMBER, 0};
    if (++p->depth > DEPTH) {
        fault(p, "less nesting");
    } else if (take(p, '-')) {
        out = unit(p);
        out.v = -out.v;
    } else if (take(p, '(')) {
        out = sum(p);
        if (!take(p, ')'))
            fault(p, "')'");
    } else {
        struct mlp_str word = take_word(p);
        if (word.n == 0)
            fault(p, "a number, a name, now(), datetime() or timedelta()");
        else if (mlp_num_f64(word, &out.v))
            out.kind = NUMBER;
        else if (!take(p, '('))
            out = take_name(p, word);
        else if (mlp_str_is(word, "now") && take(p, ')'))
            out = (struct value){TIME, p->g->now};
        else if (mlp_str_is(word, "timedelta"))
            out = take_span(p);
        else if (mlp_str_is(word, "datetime"))
            out = take_date(p);
        else
            fault(p, "now(), datetime() or timedelta()");
    }
    p->depth--;
    return out;
}

static struct value product(struct parser *p)
{
    struct value out = unit(p);
    while (!mlp_gx_failed(p->g)) {
        bool times = take(p, '*');
        if (!times && !take(p, '/'))
            return out;
        struct value by = unit(p);
        if (by.kind == SPAN && out.kind == NUMBER)
            out.kind = SPAN;
        out.v = times ? out.v * by.v : out.v / by.v;
    }
    return out;
}

static struct value sum(struct parser *p)
{
    struct value out = product(p);
    while (!mlp_gx_failed(p->g)) {
        bool plus = take(p, '+');
        if (!plus && !take(p, '-'))
            return out;
        struct value by = product(p);
        if (!plus && out.kind == TIME && by.kind == TIME)
            out.kind = SPAN;
        else if (by.kind == TIME)
            out.kind = TIME;
        out.v = plus ? out.v + by.v : out.v - by.v;
    }
    return out;
}

/* Times are texts as ISO 8601 writes them: what they are compared with is so too. */
static struct mlp_node *time_node(struct mlp_doc *d, double seconds)
{
    char text[32];
    mlp_time_format((int64_t)floor(seconds), text);
    size_t n = strlen(text);
    return mlp_doc_new_str(d, (struct mlp_str){text, n && text[n - 1] == 'Z' ? n - 1 : n});
}

const struct mlp_node *mlp_gx_parameter(struct mlp_gx *g, const struct mlp_node *map)
{
    struct parser p = {.g = g, .map = map};
    p.text = mlp_node_str(mlp_node_get(map, "$PARAMETER"), "");
    struct value v = sum(&p);
    take(&p, ' ');
    if (!mlp_gx_failed(g) && p.at < p.text.n)
        fault(&p, "an operator or the end");
    if (!mlp_gx_failed(g) && !(fabs(v.v) < 1e300))
        fault(&p, "a number that is finite");
    if (!mlp_gx_failed(g) && v.kind == TIME && !(fabs(v.v) < 2.5e11))
        fault(&p, "a time within the years 0 to 9999");
    if (mlp_gx_failed(g))
        return NULL;
    mlp_import_note(g->notes, map, "the parameter %.*s has the value that it has now",
                    MLP_STR_ARG(p.text));
    struct mlp_node *n = v.kind == TIME ? time_node(g->out, v.v) : mlp_import_num(g->out, v.v);
    if (!n)
        mlp_err_nomem(g->e);
    return mlp_import_place(n, map);
}
