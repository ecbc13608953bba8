/* expr_value.c: what operators and functions of expressions do with single values (expr.h). */
#include "rule/expr_internal.h"

#include "base/time.h"
#include "text/num.h"

#include <math.h>

static const struct mlp_ex_value null_value = {MLP_EX_NULL, 0, {NULL, 0}};
static const struct mlp_ex_value wrong_value = {MLP_EX_WRONG, 0, {NULL, 0}};

static struct mlp_ex_value number_value(double v)
{
    return (struct mlp_ex_value){isnan(v) ? MLP_EX_WRONG : MLP_EX_NUMBER, v, {NULL, 0}};
}

static struct mlp_ex_value bool_value(bool v)
{
    return (struct mlp_ex_value){MLP_EX_BOOL, v, {NULL, 0}};
}

static struct mlp_ex_value text_value(struct mlp_str s)
{
    return (struct mlp_ex_value){MLP_EX_TEXT, 0, s};
}

static bool has_text(struct mlp_ex_value v)
{
    return v.kind == MLP_EX_TEXT || v.kind == MLP_EX_ANY;
}

static struct mlp_ex_value as(enum mlp_ex_kind kind, enum mlp_rule_type type,
                              struct mlp_ex_value v)
{
    double x;
    if (v.kind == kind || v.kind == MLP_EX_NULL)
        return v;
    if (!has_text(v) || !mlp_value_parse(type, v.text, &x) || isnan(x))
        return wrong_value;
    return (struct mlp_ex_value){kind, x, v.text};
}

struct mlp_ex_value mlp_ex_number(struct mlp_ex_value v)
{
    return as(MLP_EX_NUMBER, MLP_TYPE_FLOAT, v);
}

struct mlp_ex_value mlp_ex_time(struct mlp_ex_value v)
{
    return as(MLP_EX_TIME, MLP_TYPE_DATETIME, v);
}

/* ---- arithmetic */

static double compute(enum mlp_ex_op op, double a, double b)
{
    switch (op) {
    case MLP_EX_ADD: return a + b;
    case MLP_EX_SUB: return a - b;
    case MLP_EX_MUL: return a * b;
    case MLP_EX_DIV: return b == 0 ? NAN : a / b;
    default: return b == 0 ? NAN : a - b * floor(a / b);
    }
}

/* time - time is seconds; time + seconds and time - seconds are times. */
static struct mlp_ex_value compute_time(enum mlp_ex_op op, struct mlp_ex_value a,
                                        struct mlp_ex_value b)
{
    bool both = a.kind == MLP_EX_TIME && (b.kind == MLP_EX_TIME || has_text(b));
    if (op != MLP_EX_ADD && op != MLP_EX_SUB)
        return wrong_value;
    if (both && op == MLP_EX_SUB) {
        b = mlp_ex_time(b);
        return b.kind == MLP_EX_TIME ? number_value(a.number - b.number) : b;
    }
    struct mlp_ex_value other = mlp_ex_number(a.kind == MLP_EX_TIME ? b : a);
    if (other.kind != MLP_EX_NUMBER || (op == MLP_EX_SUB && a.kind != MLP_EX_TIME))
        return wrong_value;
    double v = compute(op, a.kind == MLP_EX_TIME ? a.number : other.number,
                       a.kind == MLP_EX_TIME ? other.number : b.number);
    return (struct mlp_ex_value){MLP_EX_TIME, v, {NULL, 0}};
}

struct mlp_ex_value mlp_ex_arith(enum mlp_ex_op op, struct mlp_ex_value a, struct mlp_ex_value b)
{
    if (a.kind == MLP_EX_WRONG || b.kind == MLP_EX_WRONG)
        return wrong_value;
    if (a.kind == MLP_EX_NULL || b.kind == MLP_EX_NULL)
        return null_value;
    if (a.kind == MLP_EX_TIME || b.kind == MLP_EX_TIME)
        return compute_time(op, a, b);
    a = mlp_ex_number(a);
    b = mlp_ex_number(b);
    if (a.kind != MLP_EX_NUMBER || b.kind != MLP_EX_NUMBER)
        return wrong_value;
    return number_value(compute(op, a.number, b.number));
}

/* ---- comparison */

static struct mlp_ex_value decide(enum mlp_ex_op op, int order)
{
    switch (op) {
    case MLP_EX_EQ: return bool_value(order == 0);
    case MLP_EX_NE: return bool_value(order != 0);
    case MLP_EX_LT: return bool_value(order < 0);
    case MLP_EX_LE: return bool_value(order <= 0);
    case MLP_EX_GT: return bool_value(order > 0);
    default: return bool_value(order >= 0);
    }
}

/* Two texts of columns without a type are numbers when both are: 9 is below 10. */
static void settle(struct mlp_ex_value *a, struct mlp_ex_value *b)
{
    struct mlp_ex_value x = mlp_ex_number(*a), y = mlp_ex_number(*b);
    if (x.kind == MLP_EX_NUMBER && y.kind == MLP_EX_NUMBER) {
        *a = x;
        *b = y;
    }
}

struct mlp_ex_value mlp_ex_compare(enum mlp_ex_op op, struct mlp_ex_value a,
                                   struct mlp_ex_value b)
{
    if (a.kind == MLP_EX_WRONG || b.kind == MLP_EX_WRONG)
        return wrong_value;
    if (a.kind == MLP_EX_NULL || b.kind == MLP_EX_NULL)
        return null_value;
    if (a.kind == MLP_EX_ANY && b.kind == MLP_EX_ANY)
        settle(&a, &b);
    if (has_text(a) && has_text(b))
        return decide(op, mlp_str_cmp(a.text, b.text));
    /* The side that is no text says what the other must become. */
    enum mlp_ex_kind kind = has_text(a) ? b.kind : a.kind;
    enum mlp_rule_type type = kind == MLP_EX_TIME   ? MLP_TYPE_DATETIME
                              : kind == MLP_EX_BOOL ? MLP_TYPE_BOOL
                                                    : MLP_TYPE_FLOAT;
    a = as(kind, type, a);
    b = as(kind, type, b);
    if (a.kind != kind || b.kind != kind)
        return wrong_value;
    return decide(op, (a.number > b.number) - (a.number < b.number));
}

/* ---- functions. The text of a number is gone, so that what works on texts refuses it. */

#define CALL(name) \
    static struct mlp_ex_value name(const struct mlp_ex_value *v, size_t n, \
                                    struct mlp_arena *a, double now)
#define UNUSED() ((void)v, (void)n, (void)a, (void)now)

/* Characters, not bytes. */
CALL(call_length)
{
    double count = 0;
    UNUSED();
    if (!has_text(v[0]))
        return v[0].kind == MLP_EX_NULL ? null_value : wrong_value;
    for (size_t i = 0; i < v[0].text.n; i++)
        count += ((unsigned char)v[0].text.p[i] & 0xC0) != 0x80;
    return number_value(count);
}

/* ASCII letters only, as in the C locale. */
static struct mlp_ex_value change_case(struct mlp_ex_value v, struct mlp_arena *a, char from,
                                       int by)
{
    if (!has_text(v))
        return v.kind == MLP_EX_NULL ? null_value : wrong_value;
    char *p = mlp_arena_strz(a, v.text);
    for (size_t i = 0; p && i < v.text.n; i++)
        if (p[i] >= from && p[i] < from + 26)
            p[i] = (char)(p[i] + by);
    return p ? text_value((struct mlp_str){p, v.text.n}) : wrong_value;
}

CALL(call_lower)
{
    UNUSED();
    return change_case(v[0], a, 'A', 'a' - 'A');
}

CALL(call_upper)
{
    UNUSED();
    return change_case(v[0], a, 'a', 'A' - 'a');
}

CALL(call_trim)
{
    UNUSED();
    return has_text(v[0])                ? text_value(mlp_str_trim(v[0].text))
           : v[0].kind == MLP_EX_NULL ? null_value
                                         : wrong_value;
}

static struct mlp_ex_value apply(struct mlp_ex_value v, double (*f)(double))
{
    v = mlp_ex_number(v);
    return v.kind == MLP_EX_NUMBER ? number_value(f(v.number)) : v;
}

/* Half away from zero, as people round. */
CALL(call_round)
{
    UNUSED();
    struct mlp_ex_value digits = n > 1 ? mlp_ex_number(v[1]) : number_value(0);
    struct mlp_ex_value x = mlp_ex_number(v[0]);
    if (digits.kind != MLP_EX_NUMBER || x.kind != MLP_EX_NUMBER)
        return x.kind == MLP_EX_NULL ? null_value : wrong_value;
    double scale = pow(10, digits.number);
    return number_value(round(x.number * scale) / scale);
}

CALL(call_abs)
{
    UNUSED();
    return apply(v[0], fabs);
}

CALL(call_floor)
{
    UNUSED();
    return apply(v[0], floor);
}

CALL(call_ceil)
{
    UNUSED();
    return apply(v[0], ceil);
}

CALL(call_sqrt)
{
    UNUSED();
    return apply(v[0], sqrt);
}

CALL(call_ln)
{
    UNUSED();
    return apply(v[0], log);
}

CALL(call_number)
{
    UNUSED();
    return v[0].kind == MLP_EX_BOOL ? number_value(v[0].number) : mlp_ex_number(v[0]);
}

CALL(call_now)
{
    UNUSED();
    return (struct mlp_ex_value){MLP_EX_TIME, now, {NULL, 0}};
}

enum part { PART_YEAR, PART_MONTH, PART_DAY, PART_WEEKDAY };

static struct mlp_ex_value part_of(struct mlp_ex_value v, enum part part)
{
    struct mlp_civil c;
    v = mlp_ex_time(v);
    if (v.kind != MLP_EX_TIME || fabs(v.number) > 1e12)
        return v.kind == MLP_EX_NULL ? v : wrong_value;
    int64_t seconds = (int64_t)floor(v.number);
    if (part == PART_WEEKDAY) /* 1970-01-01 was a Thursday; Monday is 1 */
        return number_value(fmod(fmod(floor(v.number / 86400) + 3, 7) + 7, 7) + 1);
    mlp_civil_from_unix(seconds, &c);
    return number_value(part == PART_YEAR    ? (double)c.year
                        : part == PART_MONTH ? (double)c.month
                                             : (double)c.day);
}

CALL(call_year)
{
    UNUSED();
    return part_of(v[0], PART_YEAR);
}

CALL(call_month)
{
    UNUSED();
    return part_of(v[0], PART_MONTH);
}

CALL(call_day)
{
    UNUSED();
    return part_of(v[0], PART_DAY);
}

CALL(call_weekday)
{
    UNUSED();
    return part_of(v[0], PART_WEEKDAY);
}

/* Where b may begin in a: at its start, at its end, anywhere. */
static struct mlp_ex_value finds(const struct mlp_ex_value *v, bool start, bool end)
{
    if (v[0].kind == MLP_EX_NULL || v[1].kind == MLP_EX_NULL)
        return null_value;
    if (!has_text(v[0]) || !has_text(v[1]))
        return wrong_value;
    struct mlp_str s = v[0].text, part = v[1].text;
    if (part.n > s.n)
        return bool_value(false);
    size_t from = end ? s.n - part.n : 0, to = start ? 0 : s.n - part.n;
    bool found = false;
    for (size_t i = from; i <= to && !found; i++)
        found = part.n == 0 || memcmp(s.p + i, part.p, part.n) == 0;
    return bool_value(found);
}

CALL(call_starts)
{
    UNUSED();
    return finds(v, true, false);
}

CALL(call_ends)
{
    UNUSED();
    return finds(v, false, true);
}

CALL(call_contains)
{
    UNUSED();
    return finds(v, false, false);
}

CALL(call_coalesce)
{
    UNUSED();
    for (size_t i = 0; i < n; i++)
        if (v[i].kind != MLP_EX_NULL)
            return v[i];
    return null_value;
}

/* A text that is no number; what reads as one is null. */
CALL(call_text)
{
    UNUSED();
    double x;
    bool is_text = v[0].kind == MLP_EX_TEXT || v[0].kind == MLP_EX_ANY;
    if (v[0].kind == MLP_EX_NULL || !is_text || mlp_num_f64(v[0].text, &x))
        return null_value;
    struct mlp_ex_value out = v[0];
    out.kind = MLP_EX_TEXT;
    return out;
}

/* The value that is least, or greatest, of those that are not null; as SQL in PostgreSQL. */
static struct mlp_ex_value extreme(const struct mlp_ex_value *v, size_t n, enum mlp_ex_op op)
{
    struct mlp_ex_value best = null_value;
    for (size_t i = 0; i < n; i++) {
        if (v[i].kind == MLP_EX_NULL)
            continue;
        struct mlp_ex_value x = v[i].kind == MLP_EX_ANY ? mlp_ex_number(v[i]) : v[i];
        struct mlp_ex_value less = mlp_ex_compare(op, x, best);
        if (x.kind == MLP_EX_WRONG || less.kind == MLP_EX_WRONG)
            return wrong_value;
        if (less.kind == MLP_EX_NULL || less.number != 0)
            best = x;
    }
    return best;
}

CALL(call_least)
{
    UNUSED();
    return extreme(v, n, MLP_EX_LT);
}

CALL(call_greatest)
{
    UNUSED();
    return extreme(v, n, MLP_EX_GT);
}

static const struct mlp_ex_function functions[] = {
    {"length", 1, 1, call_length},     {"lower", 1, 1, call_lower},
    {"upper", 1, 1, call_upper},       {"trim", 1, 1, call_trim},
    {"abs", 1, 1, call_abs},           {"floor", 1, 1, call_floor},
    {"ceil", 1, 1, call_ceil},         {"round", 1, 2, call_round},
    {"sqrt", 1, 1, call_sqrt},         {"ln", 1, 1, call_ln},
    {"number", 1, 1, call_number},     {"text", 1, 1, call_text},
    {"year", 1, 1, call_year},
    {"month", 1, 1, call_month},       {"day", 1, 1, call_day},
    {"weekday", 1, 1, call_weekday},   {"now", 0, 0, call_now},
    {"starts", 2, 2, call_starts},     {"ends", 2, 2, call_ends},
    {"contains", 2, 2, call_contains}, {"coalesce", 1, MLP_EX_ARGS, call_coalesce},
    {"least", 1, MLP_EX_ARGS, call_least}, {"greatest", 1, MLP_EX_ARGS, call_greatest},
};
#define NFUNCTIONS (sizeof functions / sizeof *functions)

const struct mlp_ex_function *mlp_ex_function_find(struct mlp_str name)
{
    for (size_t i = 0; i < NFUNCTIONS; i++)
        if (mlp_str_is(name, functions[i].name))
            return &functions[i];
    return NULL;
}

void mlp_ex_function_names(struct mlp_buf *b)
{
    for (size_t i = 0; i < NFUNCTIONS; i++)
        mlp_buf_addf(b, "%s%s", i ? " " : "", functions[i].name);
}
