/* compile.c: from a rules file to compiled rules: its sections. The keys of a column are in keys.c;
 * a key that nobody knows is an error with its line. */
#include "rule/compile.h"

#include "rule/drift.h"
#include "rule/given.h"
#include "rule/import.h"
#include "rule/json_row.h"
#include "rule/json_schema.h"
#include "rule/spread.h"
#include "rule/wide.h"

#include <stdlib.h>

static void read_columns(struct mlp_maker *m, const struct mlp_node *map)
{
    static const char *const no_more[] = {NULL};
    size_t first = m->rules->columns.n;
    if (!map || mlp_make_failed(m))
        return;
    if (map->type != MLP_DOC_MAP)
        mlp_make_fault(m, map, "a map from column names to rules");
    for (const struct mlp_node *n = map->child; n && !mlp_make_failed(m); n = n->next) {
        m->column = n->key;
        mlp_make_column(m, n, no_more, NULL);
    }
    for (size_t i = first; i < m->rules->columns.n; i++)
        ((struct mlp_rule_column *)mlp_vec_at(&m->rules->columns, i))->declared = true;
    m->column = (struct mlp_str){NULL, 0};
    m->severity = MLP_SEV_ERROR;
    m->mostly = 1;
}

static void read_key(struct mlp_maker *m, const struct mlp_node *list, const struct mlp_node *keys)
{
    struct mlp_rule *r = mlp_make_rule(m, MLP_RULE_KEY, keys);
    if (!r)
        return;
    r->name = MLP_STR("key");
    r->expected = MLP_STR("values that no row before has");
    if (list->type != MLP_DOC_LIST || !list->child)
        mlp_make_fault(m, list, "a list of columns, as in keys: [[a, b]]");
    for (const struct mlp_node *n = list->child; n && !mlp_make_failed(m); n = n->next) {
        struct mlp_str *slot = mlp_vec_push(&r->key_columns);
        if (!slot)
            mlp_err_nomem(m->e);
        else if (n->type == MLP_DOC_MAP || n->type == MLP_DOC_LIST)
            mlp_make_fault(m, n, "a column");
        else
            *slot = n->text;
    }
}

/* keys: [[a, b], [c]]: rows whose values of all of these columns came before are rejected. */
static void read_keys(struct mlp_maker *m, const struct mlp_node *list)
{
    if (!list || mlp_make_failed(m))
        return;
    if (list->type != MLP_DOC_LIST)
        mlp_make_fault(m, list, "a list of lists of columns, as in keys: [[a, b]]");
    for (const struct mlp_node *k = list->child; k && !mlp_make_failed(m); k = k->next)
        read_key(m, k, list);
}

struct mlp_expr *mlp_make_expr(struct mlp_maker *m, const struct mlp_node *map, const char *key)
{
    struct mlp_expr *x = NULL;
    const struct mlp_node *n = mlp_node_get(map, key);
    if (!n || mlp_make_failed(m))
        return NULL;
    if (n->type == MLP_DOC_MAP || n->type == MLP_DOC_LIST)
        mlp_make_fault(m, n, "an expression such as 'start <= end'");
    else if (mlp_expr_parse(n->text, &m->rules->arena, &x, m->e) != MLP_OK)
        mlp_err_at(m->e, m->rules->doc.source, n->line, n->column);
    return x;
}

/* {name: ..., when: ..., expect: ...}: a rule on rows about several columns. */
static void read_check(struct mlp_maker *m, const struct mlp_node *map)
{
    static const char *const known[] = {"name", "when", "expect", "mostly", "severity",
                                        "description", "meta", "env", "not_env", "only_env", NULL};
    const struct mlp_node *name = mlp_node_get(map, "name"), *expect = mlp_node_get(map, "expect");
    if (mlp_node_known(&m->rules->doc, map, known, m->e) != MLP_OK)
        return;
    mlp_make_tolerance(m, map);
    struct mlp_rule *r = mlp_make_rule(m, MLP_RULE_CHECK, map);
    if (!r)
        return;
    r->when = mlp_make_expr(m, map, "when");
    r->expect = mlp_make_expr(m, map, "expect");
    r->name = name ? name->text : expect->text;
    r->expected = mlp_make_words(m, "", expect->text);
}

/* {column: ..., when: ..., and rules as under columns}: the same for some rows, or with a name or a
 * tolerance of its own. */
static void read_column_check(struct mlp_maker *m, const struct mlp_node *map)
{
    static const char *const more[] = {"name", "column", "when", "meta", "by", NULL};
    size_t before = m->rules->columns.n;
    struct mlp_expr *when = mlp_make_expr(m, map, "when");
    m->column = mlp_node_get(map, "column")->text;
    m->label = mlp_node_str(mlp_node_get(map, "name"), "");
    if (!mlp_make_failed(m))
        mlp_make_column(m, map, more, when);
    if (m->rules->columns.n == before)
        mlp_expr_fini(when);
    else
        mlp_make_by(m, mlp_node_get(map, "by"), mlp_vec_at(&m->rules->columns, before));
    m->label = m->column = (struct mlp_str){NULL, 0};
}

static void read_checks(struct mlp_maker *m, const struct mlp_node *list)
{
    if (!list || mlp_make_failed(m))
        return;
    if (list->type != MLP_DOC_LIST)
        mlp_make_fault(m, list, "a list of checks");
    for (const struct mlp_node *n = list->child; n && !mlp_make_failed(m); n = n->next) {
        m->meta = mlp_node_get(n, "meta");
        if (n->type == MLP_DOC_MAP && !mlp_given_here(m, n))
            continue;
        if (n->type == MLP_DOC_MAP && mlp_make_is_wide(n))
            mlp_make_wide(m, n);
        else if (n->type == MLP_DOC_MAP && mlp_node_get(n, "expect"))
            read_check(m, n);
        else if (n->type == MLP_DOC_MAP && mlp_node_get(n, "column"))
            read_column_check(m, n);
        else
            mlp_make_fault(m, n, "a check such as {name: order, expect: 'start <= end'} or "
                                 "{column: age, when: 'plan == \"pro\"', min: 18}");
    }
    m->meta = NULL;
    m->severity = MLP_SEV_ERROR;
    m->mostly = 1;
}

static void read_table_rule(struct mlp_maker *m, const struct mlp_node *n, enum mlp_rule_kind kind)
{
    if (n && !mlp_make_failed(m))
        mlp_make_interval(m, n, kind);
}

/* Ends with NULL; NULL when the list is absent or after a fault. */
static const char **read_texts(struct mlp_maker *m, const struct mlp_node *list)
{
    if (!list || mlp_make_failed(m))
        return NULL;
    if (list->type != MLP_DOC_LIST) {
        mlp_make_fault(m, list, "a list of texts");
        return NULL;
    }
    const char **texts = mlp_arena_array(&m->rules->arena, list->u.count + 1, sizeof *texts);
    size_t n = 0;
    bool whole = texts != NULL;
    for (const struct mlp_node *x = list->child; x && whole; x = x->next, n++)
        whole = (texts[n] = mlp_arena_strz(&m->rules->arena, x->text)) != NULL;
    if (!whole)
        mlp_err_nomem(m->e);
    return whole ? texts : NULL;
}

static enum mlp_columns_mode read_mode(struct mlp_maker *m, const struct mlp_node *n)
{
    static const char *const modes[] = {"any", "exact", "ordered", "superset", "subset", NULL};
    for (int i = 0; modes[i]; i++)
        if (mlp_str_is(mlp_node_str(n, ""), modes[i]))
            return (enum mlp_columns_mode)i;
    mlp_make_fault(m, n, "exact, ordered, superset or subset");
    return MLP_COLUMNS_ANY;
}

static void read_blank(struct mlp_maker *m, const struct mlp_node *n)
{
    m->rules->blank_rows = mlp_str_is(mlp_node_str(n, ""), "reject");
    if (n && !m->rules->blank_rows && !mlp_str_is(mlp_node_str(n, ""), "pass"))
        mlp_make_fault(m, n, "pass or reject: what happens to blank rows");
}

static char read_character(struct mlp_maker *m, const struct mlp_node *n)
{
    struct mlp_str s = mlp_node_str(n, "");
    if (n && s.n != 1)
        mlp_make_fault(m, n, "one character");
    return s.n == 1 ? s.p[0] : '\0';
}

static void read_input(struct mlp_maker *m, const struct mlp_node *map)
{
    static const char *const known[] = {"delimiter", "null", "columns", "blank", "unnamed",
                                         "names", "comment", "skip_rows", NULL};
    if (!map || mlp_make_failed(m) || mlp_node_known(&m->rules->doc, map, known, m->e) != MLP_OK)
        return;
    m->rules->nulls = read_texts(m, mlp_node_get(map, "null"));
    m->rules->names = read_texts(m, mlp_node_get(map, "names"));
    read_blank(m, mlp_node_get(map, "blank"));
    m->rules->delimiter = read_character(m, mlp_node_get(map, "delimiter"));
    m->rules->comment = read_character(m, mlp_node_get(map, "comment"));
    const struct mlp_node *skip = mlp_node_get(map, "skip_rows");
    m->rules->skip_rows = (size_t)mlp_node_int(skip, 0);
    if (skip && mlp_node_int(skip, -1) < 0)
        mlp_make_fault(m, skip, "how many rows stand before the header");
    const struct mlp_node *unnamed = mlp_node_get(map, "unnamed");
    m->rules->unnamed = unnamed && mlp_str_is(mlp_node_str(unnamed, ""), "allow");
    if (unnamed && !m->rules->unnamed)
        mlp_make_fault(m, unnamed, "allow");
    const struct mlp_node *mode = mlp_node_get(map, "columns");
    m->rules->mode = mode ? read_mode(m, mode) : MLP_COLUMNS_ANY;
    struct mlp_rule *r = mode ? mlp_make_rule(m, MLP_RULE_COLUMNS, mode) : NULL;
    if (r)
        r->expected = mlp_make_words(m, "columns: ", mode->text);
}

static void read_rules(struct mlp_maker *m)
{
    static const char *const known[] = {"version", "description", "parameters", "environments",
                                        "input", "rows", "columns", "json_schema", "keys", "checks",
                                        "drift", "reference", "history", "file", "rejects",
                                        "model", NULL};
    const struct mlp_node *root = m->rules->doc.root;
    if (!root || root->type != MLP_DOC_MAP) {
        mlp_make_fault(m, root, "a map with \"columns\", as mlp-rules(5) shows");
        return;
    }
    if (mlp_node_known(&m->rules->doc, root, known, m->e) != MLP_OK)
        return;
    if (mlp_node_int(mlp_node_get(root, "version"), 1) != 1)
        mlp_make_fault(m, mlp_node_get(root, "version"), "1");
    m->mostly = 1;
    mlp_given_environments(m, mlp_node_get(root, "environments"));
    read_input(m, mlp_node_get(root, "input"));
    read_table_rule(m, mlp_node_get(root, "rows"), MLP_RULE_ROWS);
    read_columns(m, mlp_node_get(root, "columns"));
    read_keys(m, mlp_node_get(root, "keys"));
    mlp_make_json_schema(m, mlp_node_get(root, "json_schema"));
    read_checks(m, mlp_node_get(root, "checks"));
    mlp_make_drift(m, mlp_node_get(root, "drift"));
    mlp_make_reference(m, mlp_node_get(root, "reference"));
    mlp_make_history(m, mlp_node_get(root, "history"));
    mlp_make_file(m, mlp_node_get(root, "file"));
    read_table_rule(m, mlp_node_get(root, "rejects"), MLP_RULE_REJECTS);
    mlp_given_check(m);
}

enum mlp_code mlp_rules_parse(struct mlp_doc *d, struct mlp_rules **out, struct mlp_err *e)
{
    return mlp_rules_parse_given(d, NULL, out, e);
}

enum mlp_code mlp_rules_parse_given(struct mlp_doc *d, const struct mlp_rules_given *given,
                                    struct mlp_rules **out, struct mlp_err *e)
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
    mlp_arena_init(&r->arena, MLP_RULES_BYTES * 4);
    mlp_vec_init(&r->rules, sizeof(struct mlp_rule));
    mlp_vec_init(&r->columns, sizeof(struct mlp_rule_column));
    mlp_vec_init(&r->history, sizeof(struct mlp_history_rule));
    struct mlp_maker m = {.rules = r, .e = e ? e : &local};
    m.env = mlp_str_from(given && given->env ? given->env : "");
    if (mlp_given_fill(&r->doc, given, m.e) == MLP_OK)
        read_rules(&m);
    if (mlp_make_failed(&m)) {
        mlp_rules_free(r);
        return m.e->code;
    }
    *out = r;
    return MLP_OK;
}

enum mlp_code mlp_rules_load(const char *path, struct mlp_rules **rules, struct mlp_err *e)
{
    return mlp_rules_load_as(path, NULL, NULL, rules, e);
}

enum mlp_code mlp_rules_load_as(const char *path, const char *format,
                                struct mlp_import_notes *notes, struct mlp_rules **rules,
                                struct mlp_err *e)
{
    return mlp_rules_load_given(&(struct mlp_rules_source){path, format, NULL}, notes, rules, e);
}

enum mlp_code mlp_rules_load_given(const struct mlp_rules_source *from,
                                   struct mlp_import_notes *notes, struct mlp_rules **rules,
                                   struct mlp_err *e)
{
    struct mlp_doc d;
    const struct mlp_rules_format *f = NULL;
    *rules = NULL;
    if (from->format && !(f = mlp_rules_format_find(mlp_str_from(from->format))))
        return mlp_rules_format_unknown(from->format, false, e);
    enum mlp_code code = mlp_rules_import(from->path, f, &d, NULL, notes, e);
    if (code == MLP_OK)
        return mlp_rules_parse_given(&d, from->given, rules, e);
    mlp_doc_fini(&d);
    return code;
}

void mlp_rules_free(struct mlp_rules *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < r->rules.n; i++) {
        struct mlp_rule *rule = mlp_vec_at(&r->rules, i);
        for (size_t k = 0; k < rule->regexes.n; k++)
            pcre2_code_free(((struct mlp_regex *)mlp_vec_at(&rule->regexes, k))->code);
        mlp_vec_fini(&rule->regexes);
        mlp_map_fini(&rule->set.texts);
        if (rule->wide)
            mlp_map_fini(&rule->wide->pairs);
        if (rule->spread)
            mlp_map_fini(&rule->spread->set);
        mlp_json_schema_free(rule->schema);
        mlp_expr_fini(rule->when);
        mlp_expr_fini(rule->expect);
        mlp_vec_fini(&rule->key_columns);
    }
    for (size_t i = 0; i < r->columns.n; i++)
        mlp_expr_fini(((struct mlp_rule_column *)mlp_vec_at(&r->columns, i))->when);
    mlp_vec_fini(&r->rules);
    mlp_vec_fini(&r->columns);
    mlp_vec_fini(&r->history);
    mlp_arena_fini(&r->arena);
    mlp_doc_fini(&r->doc);
    free(r);
}

const struct mlp_rule_column *mlp_rules_column(const struct mlp_rules *r, struct mlp_str name)
{
    for (size_t i = 0; i < r->columns.n; i++) {
        const struct mlp_rule_column *c = mlp_vec_at(&r->columns, i);
        if (c->declared && mlp_str_eq(c->name, name))
            return c;
    }
    return NULL;
}

const struct mlp_doc *mlp_rules_doc(const struct mlp_rules *r)
{
    return &r->doc;
}

void mlp_rules_input(const struct mlp_rules *r, struct mlp_table_options *options)
{
    if (r->nulls && !options->nulls)
        options->nulls = r->nulls;
    options->blank_rows = options->blank_rows || r->blank_rows;
    if (r->delimiter && !options->delimiter)
        options->delimiter = r->delimiter;
    if (r->comment && !options->comment)
        options->comment = r->comment;
    if (r->skip_rows && !options->skip_rows)
        options->skip_rows = r->skip_rows;
    options->name_unnamed = options->name_unnamed || r->unnamed;
    if (r->names) {
        options->no_header = true;
        options->names = r->names;
    }
}

size_t mlp_rules_count(const struct mlp_rules *r)
{
    return r->rules.n + r->history.n + r->has_file;
}

bool mlp_rules_look_twice(const struct mlp_rules *r)
{
    for (size_t i = 0; i < r->rules.n; i++)
        if (mlp_wide_looks_twice(mlp_vec_at(&r->rules, i)))
            return true;
    for (size_t i = 0; i < r->columns.n; i++)
        if (((struct mlp_rule_column *)mlp_vec_at(&r->columns, i))->numbers == MLP_NUMBERS_FAIL)
            return true;
    return false;
}

static const char one_pass[] = "one pass";
static const char sampled[] = "one pass, exact while --memory holds the values, then a sample";

static const char *cost_of_spread(const struct mlp_spread *x)
{
    if (x->op == MLP_SPREAD_QUANTILES || x->op == MLP_SPREAD_KS)
        return sampled;
    bool counts = x->op <= MLP_SPREAD_NULL_SPELLINGS || x->op == MLP_SPREAD_CHI_SQUARE ||
                  (x->op == MLP_SPREAD_KL && !x->edges);
    return counts ? "one pass, memory for each distinct value, 256 MB at most" : one_pass;
}

static const char *cost_of_wide(const struct mlp_rule *rule)
{
    switch (rule->wide->op) {
    case MLP_WIDE_ZSCORE: return "two passes";
    case MLP_WIDE_QUARTILES: return "two passes, exact while --memory holds the values, then a "
                                    "sample";
    case MLP_WIDE_UNIQUE: return "two passes, exact, on disk beyond --memory";
    case MLP_WIDE_DETERMINES: return "one pass, exact, on disk beyond --memory";
    default: return one_pass;
    }
}

static const char *cost_of_association(const struct mlp_rule *rule)
{
    return rule->wide->op == MLP_WIDE_CORRELATION || rule->wide->op == MLP_WIDE_MEANS
               ? one_pass : "one pass, memory for each distinct pair, 256 MB at most";
}

/* What a rule costs beside the pass over the data. */
static const char *cost_of(const struct mlp_rule *rule)
{
    switch (rule->kind) {
    case MLP_RULE_DRIFT: return "one pass, against the profile of --reference";
    case MLP_RULE_UNIQUE:
    case MLP_RULE_KEY:
    case MLP_RULE_DISTINCT:
    case MLP_RULE_DISTINCT_SHARE: return "one pass, exact, on disk beyond --memory";
    case MLP_RULE_MEDIAN:
    case MLP_RULE_IQR:
    case MLP_RULE_QUANTILE: return sampled;
    case MLP_RULE_ASSOCIATION: return cost_of_association(rule);
    case MLP_RULE_WIDE: return cost_of_wide(rule);
    case MLP_RULE_SPREAD: return cost_of_spread(rule->spread);
    case MLP_RULE_DISTANCE:
        return rule->numbers ? "one pass over both tables, exact while --memory holds the values, "
                               "then a sample"
                             : "one pass over both tables, memory for each distinct value, 256 MB "
                               "at most";
    default: return one_pass;
    }
}

void mlp_rules_describe(const struct mlp_rules *r, struct mlp_buf *out)
{
    for (size_t i = 0; i < r->rules.n; i++) {
        const struct mlp_rule *rule = mlp_vec_at(&r->rules, i);
        const char *what = rule->kind < MLP_RULE_MISSING ? "row rule" : "decided at the end";
        mlp_buf_addf(out, "%.*s%s%.*s: %.*s (%s; %s)\n", MLP_STR_ARG(rule->column),
                     rule->column.n ? "/" : "", MLP_STR_ARG(rule->name),
                     MLP_STR_ARG(rule->expected), what, cost_of(rule));
    }
    for (size_t i = 0; i < r->history.n; i++) {
        const struct mlp_history_rule *rule = mlp_vec_at(&r->history, i);
        mlp_buf_addf(out, "history/%.*s: against --history (decided at the end; from reports)\n",
                     MLP_STR_ARG(rule->figure));
    }
    if (r->has_file)
        mlp_buf_adds(out, "file: the file itself (before its rows; hash: a pass of its own)\n");
}
