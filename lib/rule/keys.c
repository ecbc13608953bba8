/* keys.c: the keys of a column: each has one reader in a table; what is not in the table is an
 * error with its line. */
#include "rule/compile.h"

#include "rule/field.h"
#include "rule/given.h"
#include "text/num.h"

#include <math.h>
#include <stdlib.h>

void mlp_make_fault(struct mlp_maker *m, const struct mlp_node *n, const char *expected)
{
    struct mlp_str key = n ? n->key : (struct mlp_str){NULL, 0};
    mlp_node_error(&m->rules->doc, n, m->e, "%.*s%sexpected %s", MLP_STR_ARG(key),
                   key.n ? ": " : "", expected);
}

struct mlp_str mlp_make_words(struct mlp_maker *m, const char *before, struct mlp_str text)
{
    struct mlp_buf b;
    mlp_buf_init(&b, 1 << 16);
    mlp_buf_adds(&b, before);
    mlp_buf_addstr(&b, text.n > 200 ? (struct mlp_str){text.p, 200} : text);
    if (text.n > 200)
        mlp_buf_adds(&b, "...");
    struct mlp_str copy = mlp_arena_str(&m->rules->arena, mlp_buf_str(&b));
    mlp_buf_fini(&b);
    return copy;
}

/* Appends a rule of the column at hand. NULL without memory. */
struct mlp_rule *mlp_make_rule(struct mlp_maker *m, enum mlp_rule_kind kind,
                               const struct mlp_node *n)
{
    struct mlp_rule *r = mlp_make_failed(m) ? NULL : mlp_vec_push(&m->rules->rules);
    if (!r) {
        if (!mlp_make_failed(m))
            mlp_err_nomem(m->e);
        return NULL;
    }
    *r = (struct mlp_rule){
        .kind = kind,
        .severity = m->severity,
        .column = m->column,
        .name = m->label.n ? m->label : n ? n->key : (struct mlp_str){NULL, 0},
        .node = n,
        .lo = NAN,
        .hi = NAN,
        .mostly = m->mostly,
        .meta = m->meta,
    };
    mlp_map_init(&r->set.texts, 0, MLP_RULES_BYTES);
    mlp_vec_init(&r->regexes, sizeof(struct mlp_regex));
    mlp_vec_init(&r->key_columns, sizeof(struct mlp_str));
    return r;
}

/* "8%" or 0.08. */
bool mlp_make_share(const struct mlp_node *n, double *out)
{
    struct mlp_str s = n->text;
    bool percent = s.n && s.p[s.n - 1] == '%';
    if (percent)
        s.n--;
    if (!mlp_num_f64(s, out))
        return false;
    if (percent)
        *out /= 100;
    return *out >= 0 && *out <= 1;
}

/* A bound in the column's unit: a date for dates, else a number. */
static bool bound(struct mlp_maker *m, const struct mlp_node *n, double *out)
{
    enum mlp_rule_type type = m->type;
    if (type != MLP_TYPE_DATE && type != MLP_TYPE_DATETIME)
        return mlp_node_is_num(n) && (*out = mlp_node_num(n, 0), !isnan(*out));
    return mlp_value_parse(MLP_TYPE_DATETIME, n->text, out);
}

static void read_required(struct mlp_maker *m, const struct mlp_node *n)
{
    if (n->type != MLP_DOC_BOOL) {
        mlp_make_fault(m, n, "true or false");
        return;
    }
    struct mlp_rule *r = n->u.boolean ? mlp_make_rule(m, MLP_RULE_REQUIRED, n) : NULL;
    if (r)
        r->expected = MLP_STR("a value");
}

static bool is_ordered(enum mlp_rule_type type)
{
    return type != MLP_TYPE_ANY && type != MLP_TYPE_STRING && type != MLP_TYPE_BOOL;
}

static void read_bound(struct mlp_maker *m, const struct mlp_node *n)
{
    bool is_min = mlp_str_starts(n->key, "min") || mlp_str_starts(n->key, "above");
    bool exclusive = mlp_str_is(n->key, "above") || mlp_str_is(n->key, "below");
    double v;
    if (!is_ordered(m->type)) {
        mlp_make_fault(m, n, "the column to have the type int, float, date or datetime");
        return;
    }
    if (!bound(m, n, &v)) {
        mlp_make_fault(m, n, m->type >= MLP_TYPE_DATE ? "a date" : "a number");
        return;
    }
    struct mlp_rule *r = mlp_make_rule(m, is_min ? MLP_RULE_MIN : MLP_RULE_MAX, n);
    if (!r)
        return;
    r->exclusive = exclusive;
    *(is_min ? &r->lo : &r->hi) = v;
    const char *sign = is_min ? exclusive ? "> " : ">= " : exclusive ? "< " : "<= ";
    r->expected = mlp_make_words(m, sign, n->text);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void fill_numbers(struct mlp_maker *m, struct mlp_rule *r, const struct mlp_node *list)
{
    r->set.numbers = mlp_arena_array(&m->rules->arena, list->u.count, sizeof(double));
    if (!r->set.numbers) {
        mlp_err_nomem(m->e);
        return;
    }
    for (const struct mlp_node *n = list->child; n && !mlp_make_failed(m); n = n->next)
        if (!mlp_value_parse(m->type, n->text, &r->set.numbers[r->set.n++]))
            mlp_make_fault(m, n, "a value of the column's type");
    if (r->set.n)
        qsort(r->set.numbers, r->set.n, sizeof(double), by_value);
}

/* "one of a, b, c", and the texts themselves into the set. */
static void fill_texts(struct mlp_maker *m, struct mlp_rule *r, const struct mlp_node *list)
{
    struct mlp_buf b;
    mlp_buf_init(&b, 1 << 20);
    for (const struct mlp_node *n = list->child; n && !mlp_make_failed(m); n = n->next) {
        if (n->type == MLP_DOC_MAP || n->type == MLP_DOC_LIST)
            mlp_make_fault(m, n, "a value");
        else if (!mlp_map_put(&r->set.texts, n->text, NULL))
            mlp_err_nomem(m->e);
        mlp_buf_addf(&b, "%s%.*s", n == list->child ? "" : ", ", MLP_STR_ARG(n->text));
    }
    const char *before = r->kind == MLP_RULE_IN ? "one of " : "none of ";
    r->expected = mlp_make_words(m, before, mlp_buf_str(&b));
    mlp_buf_fini(&b);
}

static void read_set(struct mlp_maker *m, const struct mlp_node *list)
{
    if (list->type != MLP_DOC_LIST) {
        mlp_make_fault(m, list, "a list of values");
        return;
    }
    bool negative = mlp_str_is(list->key, "not_in");
    struct mlp_rule *r = mlp_make_rule(m, negative ? MLP_RULE_NOT_IN : MLP_RULE_IN, list);
    if (!r)
        return;
    fill_texts(m, r, list);
    if (!mlp_make_failed(m) && m->type > MLP_TYPE_STRING)
        fill_numbers(m, r, list);
    if (!mlp_make_failed(m) && !mlp_set_index(&r->set, &m->rules->arena))
        mlp_err_nomem(m->e);
}

void mlp_make_regex(struct mlp_maker *m, struct mlp_rule *r, struct mlp_str text,
                    const struct mlp_node *n)
{
    struct mlp_regex *slot = n->type == MLP_DOC_TEXT ? mlp_vec_push(&r->regexes) : NULL;
    struct mlp_err fault;
    mlp_err_init(&fault);
    if (n->type != MLP_DOC_TEXT) {
        mlp_make_fault(m, n, "a regular expression");
    } else if (!slot) {
        mlp_err_nomem(m->e);
    } else if (mlp_regex_init(slot, text, &fault) != MLP_OK) {
        mlp_node_error(&m->rules->doc, n, m->e, "%s", fault.message);
    }
}

/* One regular expression or a list. */
static void read_regex(struct mlp_maker *m, const struct mlp_node *n)
{
    bool none = mlp_str_is(n->key, "not_match"), all = mlp_str_is(n->key, "match_all");
    bool list = n->type == MLP_DOC_LIST && n->child;
    struct mlp_rule *r = mlp_make_rule(m, none  ? MLP_RULE_NOT_MATCH
                                          : all ? MLP_RULE_MATCH_ALL
                                                : MLP_RULE_MATCH, n);
    struct mlp_buf words;
    mlp_buf_init(&words, 1 << 20);
    for (const struct mlp_node *x = list ? n->child : n; r && x && !mlp_make_failed(m);
         x = list ? x->next : NULL) {
        mlp_make_regex(m, r, x->text, x);
        mlp_buf_addf(&words, "%s%.*s", r->regexes.n > 1 ? all ? " and " : " or " : "",
                     MLP_STR_ARG(x->text));
    }
    if (r)
        r->expected = mlp_make_words(m, none ? "no match of " : "a match of ",
                                     mlp_buf_str(&words));
    mlp_buf_fini(&words);
}

static void read_format(struct mlp_maker *m, const struct mlp_node *n)
{
    mlp_format_fn *format = n->type == MLP_DOC_TEXT ? mlp_format_find(n->text) : NULL;
    if (!format) {
        mlp_make_fault(m, n, mlp_format_names());
        return;
    }
    struct mlp_rule *r = mlp_make_rule(m, MLP_RULE_FORMAT, n);
    if (!r)
        return;
    r->format = format;
    r->pattern = n->text;
    r->expected = mlp_make_words(m, "the format ", n->text);
}

static void read_null(struct mlp_maker *m, const struct mlp_node *n)
{
    if (n->type != MLP_DOC_BOOL) {
        mlp_make_fault(m, n, "true or false");
        return;
    }
    struct mlp_rule *r = n->u.boolean ? mlp_make_rule(m, MLP_RULE_NULL, n) : NULL;
    if (r)
        r->expected = MLP_STR("no value");
}

static void read_order(struct mlp_maker *m, const struct mlp_node *n)
{
    static const char *const names[] = {"increasing", "strictly increasing", "decreasing",
                                        "strictly decreasing", "sequential", NULL};
    int i = mlp_str_closest(n->text, names);
    if (n->type != MLP_DOC_TEXT || i < 0 || !mlp_str_is(n->text, names[i])) {
        mlp_make_fault(m, n, "increasing or decreasing, perhaps with strictly before it, or "
                             "sequential");
        return;
    }
    if (i == 4 && m->type <= MLP_TYPE_STRING) {
        mlp_make_fault(m, n, "sequential of numbers: the column to have the type int");
        return;
    }
    struct mlp_rule *r = mlp_make_rule(m, MLP_RULE_ORDER, n);
    if (!r)
        return;
    r->exclusive = i % 2;
    r->sequential = i == 4;
    r->direction = i < 2 || r->sequential ? 1 : -1;
    r->numbers = m->type > MLP_TYPE_STRING;
    r->expected = mlp_make_words(m, names[i], (struct mlp_str){NULL, 0});
}

/* One end of an interval: a number, a share such as 5%, in_unit a date for dates, or nothing (open:
 * NaN). */
static bool interval_end(struct mlp_maker *m, const struct mlp_node *n, bool in_unit, double *out)
{
    *out = NAN;
    if (!n || n->type == MLP_DOC_NULL)
        return true;
    if (in_unit)
        return bound(m, n, out);
    if (!mlp_node_is_num(n))
        return mlp_make_share(n, out);
    *out = mlp_node_num(n, 0);
    return true;
}

/* The nodes of an interval's ends, NULL where open. */
struct ends {
    const struct mlp_node *lo, *hi;
    bool open_lo, open_hi;
};

/* min or above, max or below. */
static struct ends ends_of_map(const struct mlp_node *n)
{
    struct ends x = {mlp_node_get(n, "min"), mlp_node_get(n, "max"), false, false};
    if (!x.lo && (x.lo = mlp_node_get(n, "above")) != NULL)
        x.open_lo = true;
    if (!x.hi && (x.hi = mlp_node_get(n, "below")) != NULL)
        x.open_hi = true;
    return x;
}

/* [lo, hi] with null for an open end, or {min: lo, max: hi} where above and below leave the end
 * out, or one number for both; {} is open at both ends. */
static bool interval(struct mlp_maker *m, const struct mlp_node *n, bool in_unit,
                     struct mlp_bounds *b)
{
    struct ends x = {n, n, false, false};
    bool any = n->type == MLP_DOC_MAP && !n->child;
    if (n->type == MLP_DOC_MAP)
        x = ends_of_map(n);
    else if (n->type == MLP_DOC_LIST)
        x = (struct ends){mlp_node_at(n, 0), mlp_node_at(n, 1), false, false};
    if (n->type == MLP_DOC_LIST && n->u.count != 2)
        return false;
    b->open_lo = x.open_lo;
    b->open_hi = x.open_hi;
    if (!interval_end(m, x.lo, in_unit, &b->lo) || !interval_end(m, x.hi, in_unit, &b->hi))
        return false;
    return (any || !isnan(b->lo) || !isnan(b->hi)) && !(b->lo > b->hi);
}

bool mlp_make_bounds(struct mlp_maker *m, const struct mlp_node *n, bool in_unit,
                     struct mlp_bounds *out)
{
    static const char *const known[] = {"min", "max", "above", "below", NULL};
    if (n->type == MLP_DOC_MAP && mlp_node_known(&m->rules->doc, n, known, m->e) != MLP_OK)
        return false;
    if (interval(m, n, in_unit, out))
        return true;
    mlp_make_fault(m, n, "a number, [min, max] or {min: ..., max: ...}");
    return false;
}

struct mlp_str mlp_make_bounds_words(struct mlp_maker *m, const struct mlp_bounds *b)
{
    char text[96];
    const char *out = b->open_lo ? " without the first" : b->open_hi ? " without the last" : "";
    if (isnan(b->lo) && isnan(b->hi))
        snprintf(text, sizeof text, "any");
    else if (isnan(b->hi))
        snprintf(text, sizeof text, "%s %.15g", b->open_lo ? ">" : ">=", b->lo);
    else if (isnan(b->lo))
        snprintf(text, sizeof text, "%s %.15g", b->open_hi ? "<" : "<=", b->hi);
    else
        snprintf(text, sizeof text, "%.15g to %.15g%s", b->lo, b->hi,
                 b->open_lo && b->open_hi ? " without the ends" : out);
    return mlp_make_words(m, text, (struct mlp_str){NULL, 0});
}

/* The bounds of a rule; outside: its number is not within them. */
static void set_bounds(struct mlp_maker *m, struct mlp_rule *r,
                                const struct mlp_bounds *b, bool outside)
{
    r->lo = b->lo;
    r->hi = b->hi;
    r->open_lo = b->open_lo;
    r->open_hi = b->open_hi;
    r->outside = outside;
    r->expected = mlp_make_bounds_words(m, b);
    if (outside)
        r->expected = mlp_make_words(m, "not ", r->expected);
}

/* What {not: INTERVAL} is not; NULL for another interval. */
static const struct mlp_node *outside_of(const struct mlp_node *n)
{
    const struct mlp_node *not = mlp_node_get(n, "not");
    return not && n->u.count == 1 ? not : NULL;
}

/* Rules whose value is an interval, by name. */
void mlp_make_interval(struct mlp_maker *m, const struct mlp_node *n, enum mlp_rule_kind kind)
{
    struct mlp_bounds b;
    bool in_unit = kind == MLP_RULE_RANGE ||
                   (kind >= MLP_RULE_LEAST && kind <= MLP_RULE_QUANTILE);
    const struct mlp_node *not = kind < MLP_RULE_MISSING ? NULL : outside_of(n);
    if (!mlp_make_bounds(m, not ? not : n, in_unit, &b))
        return;
    struct mlp_rule *r = mlp_make_rule(m, kind, n);
    if (r)
        set_bounds(m, r, &b, not != NULL);
}

bool mlp_make_number_bounds(struct mlp_maker *m, struct mlp_rule *r, const struct mlp_node *n)
{
    struct mlp_bounds b;
    const struct mlp_node *not = outside_of(n);
    if (!mlp_make_bounds(m, not ? not : n, false, &b))
        return false;
    set_bounds(m, r, &b, not != NULL);
    return true;
}

static void read_length(struct mlp_maker *m, const struct mlp_node *n)
{
    mlp_make_interval(m, n, MLP_RULE_LENGTH);
}
static void read_missing(struct mlp_maker *m, const struct mlp_node *n)
{
    mlp_make_interval(m, n, MLP_RULE_MISSING);
}
static void read_present(struct mlp_maker *m, const struct mlp_node *n)
{
    mlp_make_interval(m, n, MLP_RULE_PRESENT);
}
static void read_values(struct mlp_maker *m, const struct mlp_node *n)
{
    mlp_make_interval(m, n, MLP_RULE_VALUES);
}
static void read_mean(struct mlp_maker *m, const struct mlp_node *n)
{
    mlp_make_interval(m, n, MLP_RULE_MEAN);
}
static void read_stdev(struct mlp_maker *m, const struct mlp_node *n)
{
    mlp_make_interval(m, n, MLP_RULE_STDEV);
}
static void read_sum(struct mlp_maker *m, const struct mlp_node *n)
{
    mlp_make_interval(m, n, MLP_RULE_SUM);
}
/* These need a type with numbers: without one there would never be a value. */
static void read_numbers(struct mlp_maker *m, const struct mlp_node *n, enum mlp_rule_kind kind)
{
    bool extreme = kind == MLP_RULE_LEAST || kind == MLP_RULE_GREATEST;
    if (m->type == MLP_TYPE_STRING && extreme)
        mlp_make_spread(m, n);
    else if (is_ordered(m->type))
        mlp_make_interval(m, n, kind);
    else
        mlp_make_fault(m, n, "the column to have the type int, float, number, date or datetime");
}

/* Rules of one number, by their names. */
static void read_number(struct mlp_maker *m, const struct mlp_node *n)
{
    static const struct {
        const char *key;
        enum mlp_rule_kind kind;
    } kinds[] = {
        {"least", MLP_RULE_LEAST},         {"greatest", MLP_RULE_GREATEST},
        {"median", MLP_RULE_MEDIAN},       {"skewness", MLP_RULE_SKEWNESS},
        {"kurtosis", MLP_RULE_KURTOSIS},   {"zeros", MLP_RULE_ZEROS},
        {"negatives", MLP_RULE_NEGATIVES}, {"positives", MLP_RULE_POSITIVES},
        {"variance", MLP_RULE_VARIANCE},   {"iqr", MLP_RULE_IQR},
        {"stdev_population", MLP_RULE_STDEV_POPULATION},
        {"variance_population", MLP_RULE_VARIANCE_POPULATION},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (mlp_str_is(n->key, kinds[i].key))
            read_numbers(m, n, kinds[i].kind);
}

static void read_lengths(struct mlp_maker *m, const struct mlp_node *n)
{
    mlp_make_interval(m, n, mlp_str_starts(n->key, "mean")    ? MLP_RULE_MEAN_LENGTH
                            : mlp_str_starts(n->key, "least") ? MLP_RULE_LEAST_LENGTH
                                                              : MLP_RULE_GREATEST_LENGTH);
}

/* fresh: 24h, how old the newest value may be. */
static void read_fresh(struct mlp_maker *m, const struct mlp_node *n)
{
    double seconds = mlp_expr_seconds(mlp_node_str(n, ""));
    bool has_times = m->type == MLP_TYPE_DATE || m->type == MLP_TYPE_DATETIME;
    if (!has_times || isnan(seconds)) {
        mlp_make_fault(m, n, has_times ? "a length of time such as 90s, 24h or 7d"
                                       : "the column to have the type date or datetime");
        return;
    }
    struct mlp_rule *r = mlp_make_rule(m, MLP_RULE_FRESH, n);
    if (!r)
        return;
    r->lo = NAN;
    r->hi = seconds;
    r->expected = mlp_make_words(m, "a value not older than ", mlp_node_str(n, ""));
}

static void read_distinct_share(struct mlp_maker *m, const struct mlp_node *n)
{
    mlp_make_interval(m, n, MLP_RULE_DISTINCT_SHARE);
}

/* {0.5: [1, 3], 0.95: {max: 9}}: a rule for each. */
static void read_quantiles(struct mlp_maker *m, const struct mlp_node *map)
{
    if (map->type != MLP_DOC_MAP || !map->child)
        mlp_make_fault(m, map, "a map such as {0.95: [1, 3]}");
    for (const struct mlp_node *n = map->child; n && !mlp_make_failed(m); n = n->next) {
        double q;
        size_t before = m->rules->rules.n;
        if (!mlp_num_f64(n->key, &q) || !(q >= 0 && q <= 1)) {
            mlp_make_fault(m, n, "quantiles from 0 to 1");
            return;
        }
        read_numbers(m, n, MLP_RULE_QUANTILE);
        if (m->rules->rules.n == before)
            return;
        struct mlp_rule *r = mlp_vec_at(&m->rules->rules, before);
        r->quantile = q;
        r->name = m->label.n ? m->label : mlp_make_words(m, "quantile ", n->key);
    }
}

static void read_distinct(struct mlp_maker *m, const struct mlp_node *n)
{
    mlp_make_interval(m, n, MLP_RULE_DISTINCT);
}

static void read_finite(struct mlp_maker *m, const struct mlp_node *n)
{
    if (n->type != MLP_DOC_BOOL || m->type != MLP_TYPE_FLOAT) {
        mlp_make_fault(m, n, "true, for a column of type float");
        return;
    }
    struct mlp_rule *r = n->u.boolean ? mlp_make_rule(m, MLP_RULE_FINITE, n) : NULL;
    if (r)
        r->expected = MLP_STR("a finite number");
}

static void read_unique(struct mlp_maker *m, const struct mlp_node *n)
{
    if (mlp_str_is(n->text, "all")) {
        mlp_make_unique_all(m, n);
        return;
    }
    if (!mlp_str_is(n->text, "later") && !(n->type == MLP_DOC_BOOL && n->u.boolean)) {
        mlp_make_fault(m, n, "later: the second and later copies are rejected; or all");
        return;
    }
    struct mlp_rule *r = mlp_make_rule(m, MLP_RULE_UNIQUE, n);
    if (r)
        r->expected = MLP_STR("a value that no row before has");
}

/* Between texts, in their own order. */
static void read_text_range(struct mlp_maker *m, const struct mlp_node *n)
{
    struct ends x = ends_of_map(n);
    if ((!x.lo && !x.hi) || (x.lo && x.hi && mlp_str_cmp(x.lo->text, x.hi->text) > 0)) {
        mlp_make_fault(m, n, "{min: TEXT, max: TEXT}; for numbers the column has to have the type "
                             "int, float or number");
        return;
    }
    struct mlp_rule *r = mlp_make_rule(m, MLP_RULE_RANGE, n);
    if (!r)
        return;
    r->text_lo = x.lo ? x.lo->text : (struct mlp_str){NULL, 0};
    r->text_hi = x.hi ? x.hi->text : (struct mlp_str){NULL, 0};
    r->open_lo = x.open_lo;
    r->open_hi = x.open_hi;
    r->expected = MLP_STR("a text within bounds");
}

/* One rule for both ends. */
static void read_between(struct mlp_maker *m, const struct mlp_node *n)
{
    static const char *const known[] = {"min", "max", "above", "below", NULL};
    if (is_ordered(m->type))
        mlp_make_interval(m, n, MLP_RULE_RANGE);
    else if (mlp_node_known(&m->rules->doc, n, known, m->e) == MLP_OK)
        read_text_range(m, n);
}

static void ignore(struct mlp_maker *m, const struct mlp_node *n)
{
    (void)m;
    (void)n;
}

static const struct {
    const char *key;
    void (*read)(struct mlp_maker *m, const struct mlp_node *n);
} readers[] = {
    {"type", ignore},          {"severity", ignore},      {"mostly", ignore},
    {"env", ignore},           {"not_env", ignore},
    {"optional", ignore},      {"description", ignore},   {"required", read_required},
    {"min", read_bound},       {"max", read_bound},       {"above", read_bound},
    {"below", read_bound},     {"in", read_set},          {"not_in", read_set},
    {"match_all", read_regex}, {"format", read_format},   {"null", read_null},
    {"order", read_order},
    {"match", read_regex},     {"not_match", read_regex}, {"length", read_length},
    {"finite", read_finite},   {"unique", read_unique},   {"missing", read_missing},
    {"mean", read_mean},       {"stdev", read_stdev},     {"sum", read_sum},
    {"skewness", read_number}, {"kurtosis", read_number}, {"zeros", read_number},
    {"negatives", read_number}, {"positives", read_number}, {"variance", read_number},
    {"iqr", read_number},      {"mean_length", read_lengths}, {"fresh", read_fresh},
    {"least_length", read_lengths}, {"greatest_length", read_lengths},
    {"stdev_population", read_number}, {"variance_population", read_number},
    {"duplicates", mlp_make_spread}, {"copies", mlp_make_spread},
    {"duplicate_share", mlp_make_spread}, {"copy_share", mlp_make_spread},
    {"unrepeated", mlp_make_spread},
    {"distinct", read_distinct}, {"distinct_share", read_distinct_share},
    {"least", read_number},    {"greatest", read_number}, {"median", read_number},
    {"quantile", read_quantiles}, {"unfit", ignore},      {"numbers", ignore},
    {"missing_values", ignore}, {"reads", mlp_make_reads},
    {"between", read_between}, {"like", mlp_make_like},   {"not_like", mlp_make_like},
    {"json_schema", mlp_make_cell_schema},
    {"present", read_present}, {"values", read_values},   {"kind", mlp_make_kind},
    {"there", mlp_make_there}, {"never", mlp_make_never}, {"distance", mlp_make_distance},
    {"of_kind", ignore},       {"only_env", ignore},
    {"like_all", mlp_make_like},
    {"distinct_in", mlp_make_spread}, {"distinct_contains", mlp_make_spread},
    {"distinct_equals", mlp_make_spread}, {"most_common", mlp_make_spread},
    {"entropy", mlp_make_spread}, {"singles", mlp_make_spread}, {"repeated", mlp_make_spread},
    {"balance", mlp_make_spread}, {"spellings", mlp_make_spread},
    {"null_spellings", mlp_make_spread},
    {"quantiles", mlp_make_spread}, {"kl", mlp_make_spread},
    {"chi_square", mlp_make_spread}, {"ks", mlp_make_spread}, {"dtype", mlp_make_spread},
};
#define NREADERS (sizeof readers / sizeof *readers)
#define MOST_MORE 8 /* keys of a check beside those of a column */

static void read_severity(struct mlp_maker *m, const struct mlp_node *n)
{
    static const char *const names[] = {"error", "warn", "info"};
    m->severity = MLP_SEV_ERROR;
    for (int i = 0; n && i < 3; i++) {
        if (mlp_str_is(mlp_node_str(n, ""), names[i])) {
            m->severity = (enum mlp_severity)i;
            return;
        }
    }
    if (n)
        mlp_make_fault(m, n, "error, warn or info");
}

static void read_type(struct mlp_maker *m, const struct mlp_node *n)
{
    m->type = MLP_TYPE_ANY;
    for (int i = 0; n && mlp_rule_type_names[i]; i++) {
        if (mlp_str_is(mlp_node_str(n, ""), mlp_rule_type_names[i])) {
            m->type = (enum mlp_rule_type)i;
            bool rule = i > MLP_TYPE_STRING && m->unfit == MLP_UNFIT_REJECT;
            struct mlp_rule *r = rule ? mlp_make_rule(m, MLP_RULE_TYPE, n) : NULL;
            if (r)
                r->expected = mlp_str_from(mlp_rule_type_names[i]);
            return;
        }
    }
    if (n)
        mlp_make_fault(m, n, "any, string, int, float, number, bool, date or datetime");
}

void mlp_make_tolerance(struct mlp_maker *m, const struct mlp_node *map)
{
    const struct mlp_node *mostly = mlp_node_get(map, "mostly");
    m->mostly = 1;
    if (mostly && !mlp_make_share(mostly, &m->mostly))
        mlp_make_fault(m, mostly, "a share such as 0.99 or 99%");
    if (!mlp_make_failed(m))
        read_severity(m, mlp_node_get(map, "severity"));
}

/* One of the names, by its place; the first when n is NULL. */
static unsigned read_choice(struct mlp_maker *m, const struct mlp_node *n,
                            const char *const names[4])
{
    for (unsigned i = 0; n && i < 4 && names[i]; i++)
        if (mlp_str_is(mlp_node_str(n, ""), names[i]))
            return i;
    if (n)
        mlp_node_error(&m->rules->doc, n, m->e, "%.*s: expected %s, %s%s%s or %s",
                       MLP_STR_ARG(n->key), names[0], names[1], names[3] ? ", " : "",
                       names[3] ? names[2] : "", names[3] ? names[3] : names[2]);
    return 0;
}

/* type, severity and mostly hold for all rules of the column, wherever they stand. */
static void read_column_head(struct mlp_maker *m, const struct mlp_node *map,
                             struct mlp_rule_column *c)
{
    static const char *const unfit[] = {"reject", "trouble", "keep", "skip"};
    static const char *const numbers[] = {"allow", "fail", "trouble", NULL};
    const struct mlp_node *of_kind = mlp_node_get(map, "of_kind");
    mlp_make_tolerance(m, map);
    c->unfit = m->unfit = (enum mlp_unfit)read_choice(m, mlp_node_get(map, "unfit"), unfit);
    c->numbers = (enum mlp_numbers)read_choice(m, mlp_node_get(map, "numbers"), numbers);
    if (!mlp_make_failed(m))
        read_type(m, mlp_node_get(map, "type"));
    if (of_kind && !mlp_make_failed(m))
        c->of_kind = mlp_make_kinds(m, of_kind);
    c->missing = mlp_node_get(map, "missing_values");
    if (c->missing && c->missing->type != MLP_DOC_LIST)
        mlp_make_fault(m, c->missing, "a list of texts");
    const struct mlp_rule_column *declared = mlp_rules_column(m->rules, m->column);
    if (declared && !mlp_node_get(map, "type"))
        m->type = declared->type;
}

static void read_keys(struct mlp_maker *m, const struct mlp_node *map)
{
    for (const struct mlp_node *n = map->child; n && !mlp_make_failed(m); n = n->next)
        for (size_t i = 0; i < NREADERS && !mlp_make_failed(m); i++)
            if (mlp_str_is(n->key, readers[i].key))
                readers[i].read(m, n);
}

void mlp_make_column(struct mlp_maker *m, const struct mlp_node *map, const char *const *more,
                     struct mlp_expr *when)
{
    const char *known[NREADERS + MOST_MORE + 1] = {NULL};
    size_t n = 0;
    for (; n < NREADERS; n++)
        known[n] = readers[n].key;
    for (; *more && n < NREADERS + MOST_MORE; more++)
        known[n++] = *more;
    if (map->type != MLP_DOC_MAP) {
        mlp_make_fault(m, map, "rules such as {type: int, min: 0}");
        return;
    }
    if (mlp_node_known(&m->rules->doc, map, known, m->e) != MLP_OK)
        return;
    struct mlp_rule_column *c = mlp_vec_push(&m->rules->columns);
    if (!c) {
        mlp_err_nomem(m->e);
        return;
    }
    c->name = m->column;
    c->when = when;
    c->optional = mlp_node_bool(mlp_node_get(map, "optional"), false);
    c->first = m->rules->rules.n;
    if (!mlp_given_here(m, map)) {
        c->optional = true; /* there or not, nothing is asked of it */
        return;
    }
    read_column_head(m, map, c);
    c->type = m->type;
    read_keys(m, map);
    c->n = m->rules->rules.n - c->first;
}
