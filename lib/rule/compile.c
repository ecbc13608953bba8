/* From a rules file to compiled rules. Every key has one reader in a table; what is not in the
 * table is an error with its line. */
#include "rule/internal.h"

#include "base/file.h"
#include "text/num.h"

#include <math.h>
#include <stdlib.h>

#define RULES_BYTES ((size_t)16 << 20)

/* What the readers share: the rules being made, the column's type and defaults. */
struct maker {
    struct mlp_rules *rules;
    struct mlp_err *e;
    struct mlp_str column;
    enum mlp_rule_type type;
    enum mlp_severity severity;
    double mostly;
};

static bool failed(const struct maker *m)
{
    return m->e->code != MLP_OK;
}

static void fault(struct maker *m, const struct mlp_node *n, const char *expected)
{
    struct mlp_str key = n ? n->key : (struct mlp_str){NULL, 0};
    mlp_node_error(&m->rules->doc, n, m->e, "%.*s%sexpected %s", MLP_STR_ARG(key),
                   key.n ? ": " : "", expected);
}

static struct mlp_str words(struct maker *m, const char *before, struct mlp_str text)
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
static struct mlp_rule *add_rule(struct maker *m, enum mlp_rule_kind kind,
                                 const struct mlp_node *n)
{
    struct mlp_rule *r = failed(m) ? NULL : mlp_vec_push(&m->rules->rules);
    if (!r) {
        if (!failed(m))
            mlp_err_nomem(m->e);
        return NULL;
    }
    *r = (struct mlp_rule){
        .kind = kind,
        .severity = m->severity,
        .column = m->column,
        .name = n ? n->key : (struct mlp_str){NULL, 0},
        .node = n,
        .lo = NAN,
        .hi = NAN,
        .mostly = m->mostly,
    };
    mlp_map_init(&r->set.texts, 0, RULES_BYTES);
    mlp_vec_init(&r->key_columns, sizeof(struct mlp_str));
    return r;
}

/* "8%" or 0.08. */
static bool share(const struct mlp_node *n, double *out)
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
static bool bound(struct maker *m, const struct mlp_node *n, double *out)
{
    enum mlp_rule_type type = m->type;
    if (type != MLP_TYPE_DATE && type != MLP_TYPE_DATETIME)
        return mlp_node_is_num(n) && (*out = mlp_node_num(n, 0), !isnan(*out));
    return mlp_value_parse(MLP_TYPE_DATETIME, n->text, out);
}

static void read_required(struct maker *m, const struct mlp_node *n)
{
    if (n->type != MLP_DOC_BOOL) {
        fault(m, n, "true or false");
        return;
    }
    struct mlp_rule *r = n->u.boolean ? add_rule(m, MLP_RULE_REQUIRED, n) : NULL;
    if (r)
        r->expected = MLP_STR("a value");
}

static bool is_ordered(enum mlp_rule_type type)
{
    return type != MLP_TYPE_ANY && type != MLP_TYPE_STRING && type != MLP_TYPE_BOOL;
}

static void read_bound(struct maker *m, const struct mlp_node *n)
{
    bool is_min = mlp_str_starts(n->key, "min") || mlp_str_starts(n->key, "above");
    bool exclusive = mlp_str_is(n->key, "above") || mlp_str_is(n->key, "below");
    double v;
    if (!is_ordered(m->type)) {
        fault(m, n, "the column to have the type int, float, date or datetime");
        return;
    }
    if (!bound(m, n, &v)) {
        fault(m, n, m->type >= MLP_TYPE_DATE ? "a date" : "a number");
        return;
    }
    struct mlp_rule *r = add_rule(m, is_min ? MLP_RULE_MIN : MLP_RULE_MAX, n);
    if (!r)
        return;
    r->exclusive = exclusive;
    *(is_min ? &r->lo : &r->hi) = v;
    r->expected = words(m, is_min ? exclusive ? "> " : ">= " : exclusive ? "< " : "<= ", n->text);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void fill_numbers(struct maker *m, struct mlp_rule *r, const struct mlp_node *list)
{
    r->set.numbers = mlp_arena_array(&m->rules->arena, list->u.count, sizeof(double));
    if (!r->set.numbers && list->u.count) {
        mlp_err_nomem(m->e);
        return;
    }
    for (const struct mlp_node *n = list->child; n && !failed(m); n = n->next)
        if (!mlp_value_parse(m->type, n->text, &r->set.numbers[r->set.n++]))
            fault(m, n, "a value of the column's type");
    if (r->set.n)
        qsort(r->set.numbers, r->set.n, sizeof(double), by_value);
}

/* "one of a, b, c", and the texts themselves into the set. */
static void fill_texts(struct maker *m, struct mlp_rule *r, const struct mlp_node *list)
{
    struct mlp_buf b;
    mlp_buf_init(&b, 1 << 20);
    for (const struct mlp_node *n = list->child; n && !failed(m); n = n->next) {
        if (n->type == MLP_DOC_MAP || n->type == MLP_DOC_LIST)
            fault(m, n, "a value");
        else if (!mlp_map_put(&r->set.texts, n->text, NULL))
            mlp_err_nomem(m->e);
        mlp_buf_addf(&b, "%s%.*s", n == list->child ? "" : ", ", MLP_STR_ARG(n->text));
    }
    r->expected = words(m, r->kind == MLP_RULE_IN ? "one of " : "none of ", mlp_buf_str(&b));
    mlp_buf_fini(&b);
}

static void read_set(struct maker *m, const struct mlp_node *list)
{
    if (list->type != MLP_DOC_LIST || !list->child) {
        fault(m, list, "a list of values");
        return;
    }
    bool negative = mlp_str_is(list->key, "not_in");
    struct mlp_rule *r = add_rule(m, negative ? MLP_RULE_NOT_IN : MLP_RULE_IN, list);
    if (!r)
        return;
    fill_texts(m, r, list);
    if (!failed(m) && m->type > MLP_TYPE_STRING)
        fill_numbers(m, r, list);
    if (!failed(m) && !mlp_set_index(&r->set, &m->rules->arena))
        mlp_err_nomem(m->e);
}

static void read_regex(struct maker *m, const struct mlp_node *n)
{
    int number;
    PCRE2_SIZE at;
    bool negative = mlp_str_is(n->key, "not_match");
    if (n->type != MLP_DOC_TEXT) {
        fault(m, n, "a regular expression");
        return;
    }
    struct mlp_rule *r = add_rule(m, negative ? MLP_RULE_NOT_MATCH : MLP_RULE_MATCH, n);
    if (!r)
        return;
    r->expected = words(m, negative ? "no match of " : "a match of ", n->text);
    r->regex = pcre2_compile((PCRE2_SPTR)n->text.p, n->text.n, PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C,
                             &number, &at, NULL);
    if (!r->regex) {
        PCRE2_UCHAR text[128];
        pcre2_get_error_message(number, text, sizeof text);
        mlp_node_error(&m->rules->doc, n, m->e, "regular expression, at character %zu: %s", at + 1,
                       (const char *)text);
        return;
    }
    /* Without JIT (not every machine has it) matching is slower, not different. */
    r->jit = pcre2_jit_compile(r->regex, PCRE2_JIT_COMPLETE) == 0;
}

/* One end of an interval: a number, a share such as 5%, or nothing (open: NaN). */
static bool interval_end(const struct mlp_node *n, double *out)
{
    *out = NAN;
    if (!n || n->type == MLP_DOC_NULL)
        return true;
    if (!mlp_node_is_num(n))
        return share(n, out);
    *out = mlp_node_num(n, 0);
    return true;
}

/* [lo, hi] with null for an open end, or {min: lo, max: hi}, or one number for both. */
static bool interval(const struct mlp_node *n, double *lo, double *hi)
{
    bool is_map = n->type == MLP_DOC_MAP;
    if (!is_map && n->type != MLP_DOC_LIST)
        return interval_end(n, lo) && interval_end(n, hi) && !isnan(*lo);
    if (!is_map && n->u.count != 2)
        return false;
    return interval_end(is_map ? mlp_node_get(n, "min") : mlp_node_at(n, 0), lo) &&
           interval_end(is_map ? mlp_node_get(n, "max") : mlp_node_at(n, 1), hi) &&
           !(isnan(*lo) && isnan(*hi)) && !(*lo > *hi);
}

static struct mlp_str interval_words(struct maker *m, double lo, double hi)
{
    char text[96];
    if (isnan(hi))
        snprintf(text, sizeof text, ">= %.15g", lo);
    else if (isnan(lo))
        snprintf(text, sizeof text, "<= %.15g", hi);
    else
        snprintf(text, sizeof text, "%.15g to %.15g", lo, hi);
    return words(m, text, (struct mlp_str){NULL, 0});
}

/* Rules whose value is an interval, by name. */
static void read_interval(struct maker *m, const struct mlp_node *n, enum mlp_rule_kind kind)
{
    static const char *const known[] = {"min", "max", NULL};
    double lo, hi;
    if (n->type == MLP_DOC_MAP && mlp_node_known(&m->rules->doc, n, known, m->e) != MLP_OK)
        return;
    if (!interval(n, &lo, &hi)) {
        fault(m, n, "a number, [min, max] or {min: ..., max: ...}");
        return;
    }
    struct mlp_rule *r = add_rule(m, kind, n);
    if (!r)
        return;
    r->lo = lo;
    r->hi = hi;
    r->expected = interval_words(m, lo, hi);
}

static void read_length(struct maker *m, const struct mlp_node *n)
{
    read_interval(m, n, MLP_RULE_LENGTH);
}
static void read_missing(struct maker *m, const struct mlp_node *n)
{
    read_interval(m, n, MLP_RULE_MISSING);
}
static void read_mean(struct maker *m, const struct mlp_node *n)
{
    read_interval(m, n, MLP_RULE_MEAN);
}
static void read_stdev(struct maker *m, const struct mlp_node *n)
{
    read_interval(m, n, MLP_RULE_STDEV);
}
static void read_sum(struct maker *m, const struct mlp_node *n)
{
    read_interval(m, n, MLP_RULE_SUM);
}
static void read_distinct(struct maker *m, const struct mlp_node *n)
{
    read_interval(m, n, MLP_RULE_DISTINCT);
}

static void read_finite(struct maker *m, const struct mlp_node *n)
{
    if (n->type != MLP_DOC_BOOL || m->type != MLP_TYPE_FLOAT) {
        fault(m, n, "true, for a column of type float");
        return;
    }
    struct mlp_rule *r = n->u.boolean ? add_rule(m, MLP_RULE_FINITE, n) : NULL;
    if (r)
        r->expected = MLP_STR("a finite number");
}

static void read_unique(struct maker *m, const struct mlp_node *n)
{
    if (!mlp_str_is(n->text, "later") && !(n->type == MLP_DOC_BOOL && n->u.boolean)) {
        fault(m, n, "later: the second and later copies are rejected");
        return;
    }
    struct mlp_rule *r = add_rule(m, MLP_RULE_UNIQUE, n);
    if (r)
        r->expected = MLP_STR("a value that no row before has");
}

static void ignore(struct maker *m, const struct mlp_node *n)
{
    (void)m;
    (void)n;
}

static const struct {
    const char *key;
    void (*read)(struct maker *m, const struct mlp_node *n);
} readers[] = {
    {"type", ignore},          {"severity", ignore},      {"mostly", ignore},
    {"optional", ignore},      {"description", ignore},   {"required", read_required},
    {"min", read_bound},       {"max", read_bound},       {"above", read_bound},
    {"below", read_bound},     {"in", read_set},          {"not_in", read_set},
    {"match", read_regex},     {"not_match", read_regex}, {"length", read_length},
    {"finite", read_finite},   {"unique", read_unique},   {"missing", read_missing},
    {"mean", read_mean},       {"stdev", read_stdev},     {"sum", read_sum},
    {"distinct", read_distinct},
};
#define NREADERS (sizeof readers / sizeof *readers)

static void read_severity(struct maker *m, const struct mlp_node *n)
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
        fault(m, n, "error, warn or info");
}

static void read_type(struct maker *m, const struct mlp_node *n)
{
    m->type = MLP_TYPE_ANY;
    for (int i = 0; n && mlp_rule_type_names[i]; i++) {
        if (mlp_str_is(mlp_node_str(n, ""), mlp_rule_type_names[i])) {
            m->type = (enum mlp_rule_type)i;
            struct mlp_rule *r = i > MLP_TYPE_STRING ? add_rule(m, MLP_RULE_TYPE, n) : NULL;
            if (r)
                r->expected = mlp_str_from(mlp_rule_type_names[i]);
            return;
        }
    }
    if (n)
        fault(m, n, "any, string, int, float, bool, date or datetime");
}

static void read_tolerance(struct maker *m, const struct mlp_node *map)
{
    const struct mlp_node *mostly = mlp_node_get(map, "mostly");
    m->mostly = 1;
    if (mostly && !share(mostly, &m->mostly))
        fault(m, mostly, "a share such as 0.99 or 99%");
    if (!failed(m))
        read_severity(m, mlp_node_get(map, "severity"));
}

/* type, severity and mostly hold for all rules of the column, wherever they stand. */
static void read_column_head(struct maker *m, const struct mlp_node *map)
{
    read_tolerance(m, map);
    if (!failed(m))
        read_type(m, mlp_node_get(map, "type"));
}

static void read_column(struct maker *m, const struct mlp_node *map)
{
    const char *known[NREADERS + 1] = {NULL};
    for (size_t i = 0; i < NREADERS; i++)
        known[i] = readers[i].key;
    if (map->type != MLP_DOC_MAP) {
        fault(m, map, "rules such as {type: int, min: 0}");
        return;
    }
    if (mlp_node_known(&m->rules->doc, map, known, m->e) != MLP_OK)
        return;
    struct mlp_rule_column *c = mlp_vec_push(&m->rules->columns);
    if (!c) {
        mlp_err_nomem(m->e);
        return;
    }
    c->name = m->column = map->key;
    c->optional = mlp_node_bool(mlp_node_get(map, "optional"), false);
    c->first = m->rules->rules.n;
    read_column_head(m, map);
    c->type = m->type;
    for (const struct mlp_node *n = map->child; n && !failed(m); n = n->next)
        for (size_t i = 0; i < NREADERS && !failed(m); i++)
            if (mlp_str_is(n->key, readers[i].key))
                readers[i].read(m, n);
    c->n = m->rules->rules.n - c->first;
}

static void read_columns(struct maker *m, const struct mlp_node *map)
{
    if (!map || failed(m))
        return;
    if (map->type != MLP_DOC_MAP)
        fault(m, map, "a map from column names to rules");
    for (const struct mlp_node *n = map->child; n && !failed(m); n = n->next)
        read_column(m, n);
    m->column = (struct mlp_str){NULL, 0};
    m->severity = MLP_SEV_ERROR;
    m->mostly = 1;
}

static void read_key(struct maker *m, const struct mlp_node *list, const struct mlp_node *keys)
{
    struct mlp_rule *r = add_rule(m, MLP_RULE_KEY, keys);
    if (!r)
        return;
    r->name = MLP_STR("key");
    r->expected = MLP_STR("values that no row before has");
    if (list->type != MLP_DOC_LIST || !list->child)
        fault(m, list, "a list of columns, as in keys: [[a, b]]");
    for (const struct mlp_node *n = list->child; n && !failed(m); n = n->next) {
        struct mlp_str *slot = mlp_vec_push(&r->key_columns);
        if (!slot)
            mlp_err_nomem(m->e);
        else if (n->type == MLP_DOC_MAP || n->type == MLP_DOC_LIST)
            fault(m, n, "a column");
        else
            *slot = n->text;
    }
}

/* keys: [[a, b], [c]]: rows whose values of all of these columns came before are rejected. */
static void read_keys(struct maker *m, const struct mlp_node *list)
{
    if (!list || failed(m))
        return;
    if (list->type != MLP_DOC_LIST)
        fault(m, list, "a list of lists of columns, as in keys: [[a, b]]");
    for (const struct mlp_node *k = list->child; k && !failed(m); k = k->next)
        read_key(m, k, list);
}

static struct mlp_expr *read_expression(struct maker *m, const struct mlp_node *map,
                                        const char *key)
{
    struct mlp_expr *x = NULL;
    const struct mlp_node *n = mlp_node_get(map, key);
    if (!n || failed(m))
        return NULL;
    if (n->type == MLP_DOC_MAP || n->type == MLP_DOC_LIST)
        fault(m, n, "an expression such as 'start <= end'");
    else if (mlp_expr_parse(n->text, &m->rules->arena, &x, m->e) != MLP_OK)
        mlp_err_at(m->e, m->rules->doc.source, n->line, n->column);
    return x;
}

/* {name: ..., when: ..., expect: ...}: a rule on rows about several columns. */
static void read_check(struct maker *m, const struct mlp_node *map)
{
    static const char *const known[] = {"name", "when", "expect", "mostly", "severity",
                                        "description", NULL};
    const struct mlp_node *name = mlp_node_get(map, "name"), *expect = mlp_node_get(map, "expect");
    if (map->type != MLP_DOC_MAP || !expect) {
        fault(m, map, "a check such as {name: order, expect: 'start <= end'}");
        return;
    }
    if (mlp_node_known(&m->rules->doc, map, known, m->e) != MLP_OK)
        return;
    read_tolerance(m, map);
    struct mlp_rule *r = add_rule(m, MLP_RULE_CHECK, map);
    if (!r)
        return;
    r->when = read_expression(m, map, "when");
    r->expect = read_expression(m, map, "expect");
    r->name = name ? name->text : expect->text;
    r->expected = words(m, "", expect->text);
}

static void read_checks(struct maker *m, const struct mlp_node *list)
{
    if (!list || failed(m))
        return;
    if (list->type != MLP_DOC_LIST)
        fault(m, list, "a list of checks");
    for (const struct mlp_node *n = list->child; n && !failed(m); n = n->next)
        read_check(m, n);
    m->severity = MLP_SEV_ERROR;
    m->mostly = 1;
}

static void read_table_rule(struct maker *m, const struct mlp_node *n, enum mlp_rule_kind kind)
{
    if (n && !failed(m))
        read_interval(m, n, kind);
}

static void read_nulls(struct maker *m, const struct mlp_node *list)
{
    if (!list || failed(m))
        return;
    if (list->type != MLP_DOC_LIST) {
        fault(m, list, "a list of texts");
        return;
    }
    const char **nulls = mlp_arena_array(&m->rules->arena, list->u.count + 1, sizeof *nulls);
    size_t n = 0;
    bool whole = nulls != NULL;
    for (const struct mlp_node *x = list->child; x && whole; x = x->next, n++)
        whole = (nulls[n] = mlp_arena_strz(&m->rules->arena, x->text)) != NULL;
    if (!whole)
        mlp_err_nomem(m->e);
    m->rules->nulls = whole ? nulls : NULL;
}

static void read_input(struct maker *m, const struct mlp_node *map)
{
    static const char *const known[] = {"delimiter", "null", "columns", NULL};
    static const char *const modes[] = {"any", "exact", "ordered", "superset", "subset", NULL};
    if (!map || failed(m) || mlp_node_known(&m->rules->doc, map, known, m->e) != MLP_OK)
        return;
    read_nulls(m, mlp_node_get(map, "null"));
    struct mlp_str d = mlp_node_str(mlp_node_get(map, "delimiter"), "");
    if (d.n > 1)
        fault(m, mlp_node_get(map, "delimiter"), "one character");
    m->rules->delimiter = d.n ? d.p[0] : '\0';
    const struct mlp_node *mode = mlp_node_get(map, "columns");
    int i = mode ? mlp_str_closest(mlp_node_str(mode, ""), modes) : 0;
    if (mode && (i < 0 || !mlp_str_is(mlp_node_str(mode, ""), modes[i])))
        fault(m, mode, "exact, ordered, superset or subset");
    m->rules->mode = (enum mlp_columns_mode)(i < 0 ? 0 : i);
    struct mlp_rule *r = mode && !failed(m) ? add_rule(m, MLP_RULE_COLUMNS, mode) : NULL;
    if (r)
        r->expected = words(m, "columns: ", mode->text);
}

static void read_rules(struct maker *m)
{
    static const char *const known[] = {"version", "description", "input", "rows", "columns",
                                        "keys", "checks", "rejects", "model", NULL};
    const struct mlp_node *root = m->rules->doc.root;
    if (!root || root->type != MLP_DOC_MAP) {
        fault(m, root, "a map with \"columns\", as mlp-rules(5) shows");
        return;
    }
    if (mlp_node_known(&m->rules->doc, root, known, m->e) != MLP_OK)
        return;
    if (mlp_node_int(mlp_node_get(root, "version"), 1) != 1)
        fault(m, mlp_node_get(root, "version"), "1");
    m->mostly = 1;
    read_input(m, mlp_node_get(root, "input"));
    read_table_rule(m, mlp_node_get(root, "rows"), MLP_RULE_ROWS);
    read_columns(m, mlp_node_get(root, "columns"));
    read_keys(m, mlp_node_get(root, "keys"));
    read_checks(m, mlp_node_get(root, "checks"));
    read_table_rule(m, mlp_node_get(root, "rejects"), MLP_RULE_REJECTS);
}

enum mlp_code mlp_rules_parse(struct mlp_doc *d, struct mlp_rules **out, struct mlp_err *e)
{
    struct mlp_err local;
    mlp_err_init(&local);
    struct mlp_rules *r = calloc(1, sizeof *r);
    *out = NULL;
    if (!r) {
        mlp_doc_fini(d);
        return mlp_err_nomem(e);
    }
    r->doc = *d;
    mlp_arena_init(&r->arena, RULES_BYTES * 4);
    mlp_vec_init(&r->rules, sizeof(struct mlp_rule));
    mlp_vec_init(&r->columns, sizeof(struct mlp_rule_column));
    struct maker m = {.rules = r, .e = e ? e : &local};
    read_rules(&m);
    if (failed(&m)) {
        mlp_rules_free(r);
        return m.e->code;
    }
    *out = r;
    return MLP_OK;
}

enum mlp_code mlp_rules_load(const char *path, struct mlp_rules **rules, struct mlp_err *e)
{
    struct mlp_doc d;
    mlp_doc_init(&d, mlp_file_name(path), RULES_BYTES * 8);
    enum mlp_code code = mlp_doc_load(&d, path, RULES_BYTES, e);
    if (code == MLP_OK)
        return mlp_rules_parse(&d, rules, e);
    mlp_doc_fini(&d);
    return code;
}

void mlp_rules_free(struct mlp_rules *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < r->rules.n; i++) {
        struct mlp_rule *rule = mlp_vec_at(&r->rules, i);
        pcre2_code_free(rule->regex);
        mlp_map_fini(&rule->set.texts);
        mlp_expr_fini(rule->when);
        mlp_expr_fini(rule->expect);
        mlp_vec_fini(&rule->key_columns);
    }
    mlp_vec_fini(&r->rules);
    mlp_vec_fini(&r->columns);
    mlp_arena_fini(&r->arena);
    mlp_doc_fini(&r->doc);
    free(r);
}

const struct mlp_doc *mlp_rules_doc(const struct mlp_rules *r)
{
    return &r->doc;
}

void mlp_rules_input(const struct mlp_rules *r, struct mlp_table_options *options)
{
    if (r->nulls && !options->nulls)
        options->nulls = r->nulls;
    if (r->delimiter && !options->delimiter)
        options->delimiter = r->delimiter;
}

size_t mlp_rules_count(const struct mlp_rules *r)
{
    return r->rules.n;
}

void mlp_rules_describe(const struct mlp_rules *r, struct mlp_buf *out)
{
    for (size_t i = 0; i < r->rules.n; i++) {
        const struct mlp_rule *rule = mlp_vec_at(&r->rules, i);
        bool memory = rule->kind == MLP_RULE_UNIQUE || rule->kind == MLP_RULE_KEY ||
                      rule->kind == MLP_RULE_DISTINCT;
        const char *what = rule->kind < MLP_RULE_MISSING ? "row rule" : "decided at the end";
        mlp_buf_addf(out, "%.*s%s%.*s: %.*s (%s; %s)\n", MLP_STR_ARG(rule->column),
                     rule->column.n ? "/" : "", MLP_STR_ARG(rule->name),
                     MLP_STR_ARG(rule->expected), what,
                     memory ? "one pass, 16 bytes for each distinct value" : "one pass");
    }
}
