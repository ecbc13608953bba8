/* import_dqdl.c: rulesets of DQDL as native rules. */
#include "rule/import_dqdl.h"

#include "rule/import_dqdl_inside.h"
#include "rule/sql_expr.h"
#include "text/num.h"

#include <stdarg.h>
#include <stdio.h>

void mlp_dqdl_refuse(struct mlp_dqdl *q, const struct mlp_node *n, const char *fmt, ...)
{
    char words[400];
    va_list ap;
    if (mlp_dqdl_failed(q))
        return;
    va_start(ap, fmt);
    vsnprintf(words, sizeof words, fmt, ap);
    va_end(ap);
    mlp_node_error(q->in, n ? n : q->rule, q->e, "%.*s: %s",
                   MLP_STR_ARG(mlp_node_str(mlp_node_get(q->rule, "type"), "")), words);
}

void mlp_dqdl_need(struct mlp_dqdl *q, size_t least, size_t most)
{
    if (q->ncolumns >= least && q->ncolumns <= most)
        return;
    if (most == 0)
        mlp_dqdl_refuse(q, NULL, "expected no names behind it, found %zu", q->ncolumns);
    else
        mlp_dqdl_refuse(q, NULL, "expected %s%zu name%s, found %zu; is there a comma between the "
                        "rules?", least < most ? "at least " : "", least, least == 1 ? "" : "s",
                        q->ncolumns);
}

/* ---- conditions on a number */

static const char looks_back[] = "a rule that looks at runs before has no counterpart: say a "
                                 "number, or compare with --reference";

bool mlp_dqdl_bounds(struct mlp_dqdl *q, const struct mlp_node *condition,
                     struct mlp_import_bounds *b)
{
    const struct mlp_node *values = mlp_node_get(condition, "values");
    const struct mlp_node *lo = mlp_node_at(values, 0), *hi = mlp_node_at(values, 1);
    struct mlp_str op = mlp_node_str(mlp_node_get(condition, "op"), "");
    bool between = mlp_str_is(op, "between"), not = mlp_str_is(op, "not between");
    for (const struct mlp_node *n = values ? values->child : NULL; n; n = n->next)
        if (!mlp_node_is_num(n))
            mlp_dqdl_refuse(q, n, "%s", mlp_node_get(n, "function") ? looks_back
                                                                    : "expected a number");
    if (!condition)
        mlp_dqdl_refuse(q, NULL, "expected a condition such as > 5");
    else if ((between || not) && lo && hi) /* Glue leaves both ends out */
        *b = (struct mlp_import_bounds){lo->text, hi->text, !not, !not, not, false};
    else if (!lo || !mlp_import_bounds_by(b, op, lo->text))
        mlp_dqdl_refuse(q, condition, "\"%.*s\" of a number has no counterpart: say > 5 or between",
                        MLP_STR_ARG(op));
    return !mlp_dqdl_failed(q);
}

static const struct mlp_node *tag_of(const struct mlp_dqdl *q, const char *name)
{
    const struct mlp_node *list = mlp_node_get(q->rule, "with");
    for (const struct mlp_node *n = list ? list->child : NULL; n; n = n->next)
        if (mlp_str_is(mlp_node_str(mlp_node_get(n, "tag"), ""), name))
            return n;
    return NULL;
}

bool mlp_dqdl_threshold(struct mlp_dqdl *q, struct mlp_import_bounds *b)
{
    const struct mlp_node *tag = tag_of(q, "threshold");
    return tag && mlp_dqdl_bounds(q, tag, b);
}

static const struct mlp_import_bounds all_of = {.lo = {"1", 1}};

void mlp_dqdl_rows(struct mlp_dqdl *q, struct mlp_str which)
{
    struct mlp_import_bounds b = all_of;
    bool threshold = mlp_dqdl_threshold(q, &b);
    if (mlp_dqdl_failed(q))
        return;
    if (threshold)
        mlp_import_head_share(&q->head, which, &b);
    else
        mlp_import_head_expect(&q->head, which);
}

/* ---- rules */

static void row_count(struct mlp_dqdl *q)
{
    struct mlp_import_bounds b;
    mlp_dqdl_need(q, 0, 0);
    if (mlp_dqdl_bounds(q, mlp_node_get(q->rule, "condition"), &b))
        mlp_import_head_count(&q->head, (struct mlp_str){NULL, 0}, &b);
}

static struct mlp_node *header(struct mlp_dqdl *q, const char *kind)
{
    struct mlp_node *check = mlp_import_head_check(&q->head, false);
    mlp_import_put_text(q->out, check, "header", mlp_str_from(kind), q->rule);
    return check;
}

static void column_count(struct mlp_dqdl *q)
{
    struct mlp_import_bounds b;
    mlp_dqdl_need(q, 0, 0);
    if (!mlp_dqdl_bounds(q, mlp_node_get(q->rule, "condition"), &b))
        return;
    if (b.outside)
        mlp_dqdl_refuse(q, NULL, "\"!=\" and \"not between\" have no counterpart here");
    else
        mlp_import_bounds_put(q->out, header(q, "count"), "is", &b, q->rule);
}

static void header_names(struct mlp_dqdl *q, const char *kind)
{
    mlp_dqdl_need(q, 1, 1);
    if (mlp_dqdl_failed(q))
        return;
    struct mlp_node *list = mlp_import_put(q->out, header(q, kind), "names",
                                           mlp_doc_new(q->out, MLP_DOC_LIST), q->rule);
    mlp_import_push(q->out, list,
                    mlp_import_place(mlp_doc_new_str(q->out, q->columns[0]), q->rule));
}

static void column_exists(struct mlp_dqdl *q)
{
    header_names(q, "superset");
}

static void names_match(struct mlp_dqdl *q)
{
    header_names(q, "match");
}

/* "(`a` is not null and `b` is not null)" of all columns. */
static void complete(struct mlp_dqdl *q, struct mlp_buf *b)
{
    mlp_buf_adds(b, "(");
    for (size_t i = 0; i < q->ncolumns; i++) {
        mlp_buf_adds(b, i ? " and " : "");
        mlp_expr_add_name(b, q->columns[i]);
        mlp_buf_adds(b, " is not null");
    }
    mlp_buf_adds(b, ")");
}

static void is_complete(struct mlp_dqdl *q)
{
    struct mlp_buf b;
    mlp_dqdl_need(q, 1, 1);
    mlp_buf_init(&b, DQDL_TEXT);
    complete(q, &b);
    mlp_dqdl_rows(q, mlp_buf_str(&b));
    mlp_buf_fini(&b);
}

static bool asks_for_all(const struct mlp_import_bounds *b)
{
    double x;
    return b->lo.p && !b->outside && !b->open_lo && mlp_num_f64(b->lo, &x) && x == 1;
}

static void completeness(struct mlp_dqdl *q)
{
    struct mlp_buf b;
    struct mlp_import_bounds share;
    mlp_dqdl_need(q, 1, 1);
    if (!mlp_dqdl_bounds(q, mlp_node_get(q->rule, "condition"), &share))
        return;
    mlp_buf_init(&b, DQDL_TEXT);
    complete(q, &b);
    if (asks_for_all(&share))
        mlp_import_head_expect(&q->head, mlp_buf_str(&b));
    else
        mlp_import_head_share(&q->head, mlp_buf_str(&b), &share);
    mlp_buf_fini(&b);
}

/* Rows without any value are no copies of each other. */
static void unique(struct mlp_dqdl *q)
{
    if (mlp_dqdl_failed(q))
        return;
    struct mlp_node *check = mlp_import_head_columns(&q->head, q->columns, q->ncolumns);
    mlp_import_put_text(q->out, check, "unique", MLP_STR("all"), q->rule);
}

static void is_unique(struct mlp_dqdl *q)
{
    mlp_dqdl_need(q, 1, DQDL_COLUMNS);
    unique(q);
}

static void is_primary_key(struct mlp_dqdl *q)
{
    struct mlp_buf b;
    mlp_dqdl_need(q, 1, DQDL_COLUMNS);
    if (mlp_dqdl_failed(q))
        return;
    mlp_buf_init(&b, DQDL_TEXT);
    complete(q, &b);
    mlp_dqdl_rows(q, mlp_buf_str(&b));
    mlp_buf_fini(&b);
    unique(q);
}

/* ---- rules on a number of a column */

static void column_number(struct mlp_dqdl *q, const char *key, const char *type)
{
    struct mlp_import_bounds b;
    mlp_dqdl_need(q, 1, 1);
    if (mlp_dqdl_bounds(q, mlp_node_get(q->rule, "condition"), &b))
        mlp_import_bounds_put(q->out, mlp_import_head_column(&q->head, q->columns[0], type), key,
                              &b, q->rule);
}

static void uniqueness(struct mlp_dqdl *q)
{
    struct mlp_import_bounds b;
    mlp_dqdl_need(q, 1, DQDL_COLUMNS);
    if (q->ncolumns == 1) {
        column_number(q, "singles", NULL);
        return;
    }
    if (!mlp_dqdl_bounds(q, mlp_node_get(q->rule, "condition"), &b))
        return;
    if (!asks_for_all(&b))
        mlp_dqdl_refuse(q, NULL, "of several columns together only = 1.0 has a counterpart");
    unique(q);
}

static void unique_value_ratio(struct mlp_dqdl *q) { column_number(q, "unrepeated", NULL); }
static void distinct_values(struct mlp_dqdl *q) { column_number(q, "distinct", NULL); }
static void entropy(struct mlp_dqdl *q) { column_number(q, "entropy", NULL); }
static void mean(struct mlp_dqdl *q) { column_number(q, "mean", "float"); }
static void sum(struct mlp_dqdl *q) { column_number(q, "sum", "float"); }
static void deviation(struct mlp_dqdl *q) { column_number(q, "stdev_population", "float"); }
static void variance(struct mlp_dqdl *q) { column_number(q, "variance_population", "float"); }

static void correlation(struct mlp_dqdl *q)
{
    struct mlp_import_bounds b;
    mlp_dqdl_need(q, 2, 2);
    if (!mlp_dqdl_bounds(q, mlp_node_get(q->rule, "condition"), &b))
        return;
    if (b.outside)
        mlp_dqdl_refuse(q, NULL, "\"!=\" and \"not between\" have no counterpart here");
    else
        mlp_import_bounds_put(q->out, mlp_import_head_columns(&q->head, q->columns, 2),
                              "correlation", &b, q->rule);
}

/* ---- other tables */

static void put_file(struct mlp_dqdl *q, struct mlp_node *check, struct mlp_str dataset,
                     const struct mlp_str *columns, size_t n)
{
    char file[300];
    struct mlp_doc *d = q->out;
    struct mlp_node *map = mlp_import_put(d, check, "rows_in_file", mlp_doc_new(d, MLP_DOC_MAP),
                                          q->rule);
    struct mlp_node *parameters = mlp_import_section(d, d->root, "parameters", MLP_DOC_MAP), *list;
    if (parameters && !mlp_node_get_str(parameters, dataset)) {
        snprintf(file, sizeof file, "%.*s.csv", (int)(dataset.n < 250 ? dataset.n : 250),
                 dataset.p);
        mlp_import_put_str(d, parameters, dataset, mlp_doc_new_text(d, file), q->rule);
    }
    snprintf(file, sizeof file, "$(%.*s)", (int)(dataset.n < 250 ? dataset.n : 250), dataset.p);
    mlp_import_put_text(d, map, "file", mlp_str_from(file), q->rule);
    list = mlp_import_put(d, map, "columns", mlp_doc_new(d, MLP_DOC_LIST), q->rule);
    for (size_t i = 0; i < n; i++)
        mlp_import_push(d, list, mlp_import_place(mlp_doc_new_str(d, columns[i]), q->rule));
    mlp_import_put_text(d, check, "skip", MLP_STR("never"), q->rule);
}

/* "a,b", perhaps in braces, as names. */
static size_t split_names(struct mlp_str text, struct mlp_str out[DQDL_COLUMNS])
{
    size_t n = 0;
    if (text.n > 1 && text.p[0] == '{' && text.p[text.n - 1] == '}')
        text = (struct mlp_str){text.p + 1, text.n - 2};
    while (text.n && n < DQDL_COLUMNS) {
        mlp_str_split(&text, ',', &out[n]);
        out[n] = mlp_str_trim(out[n]);
        n++;
    }
    return n;
}

static bool is_parameter_name(struct mlp_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        bool letter = (s.p[i] | 32) >= 'a' && (s.p[i] | 32) <= 'z';
        if (!letter && (i == 0 || !((s.p[i] >= '0' && s.p[i] <= '9') || s.p[i] == '_')))
            return false;
    }
    return s.n > 0;
}

/* ReferentialIntegrity "a,b" "other.{c,d}" = 1.0 */
static void referential(struct mlp_dqdl *q)
{
    struct mlp_str here[DQDL_COLUMNS], there[DQDL_COLUMNS], other = {NULL, 0}, dataset = {NULL, 0};
    const struct mlp_node *condition = mlp_node_get(q->rule, "condition");
    struct mlp_import_bounds b = all_of;
    size_t n = 0;
    mlp_dqdl_need(q, 2, 2);
    if (q->ncolumns == 2) {
        other = q->columns[1];
        mlp_str_split(&other, '.', &dataset);
        n = split_names(q->columns[0], here);
    }
    if (!n || split_names(other, there) != n || !is_parameter_name(dataset))
        mlp_dqdl_refuse(q, NULL, "expected \"a,b\" \"other.{c,d}\", with as many columns on both "
                        "sides and a dataset of letters, digits and underscores");
    if (condition && !mlp_dqdl_bounds(q, condition, &b))
        return;
    if (!b.lo.p || b.open_lo || b.outside || (b.hi.p && !asks_for_all(&b)))
        mlp_dqdl_refuse(q, condition, "only = 1.0 and >= have a counterpart");
    if (mlp_dqdl_failed(q))
        return;
    struct mlp_node *check = mlp_import_head_columns(&q->head, here, n);
    put_file(q, check, dataset, there, n);
    if (!asks_for_all(&b))
        mlp_import_put_text(q->out, check, "mostly", b.lo, q->rule);
}

/* There is one table to compare with. */
static struct mlp_node *reference(struct mlp_dqdl *q)
{
    mlp_dqdl_need(q, 1, 1);
    if (q->other.p && q->ncolumns == 1 && !mlp_str_eq(q->other, q->columns[0]))
        mlp_dqdl_refuse(q, NULL, "there is one --reference: \"%.*s\" is compared with already",
                        MLP_STR_ARG(q->other));
    if (mlp_dqdl_failed(q))
        return NULL;
    q->other = q->columns[0];
    mlp_import_note(q->notes, q->rule, "\"%.*s\" is the table of --reference",
                    MLP_STR_ARG(q->other));
    struct mlp_node *map = mlp_import_section(q->out, q->out->root, "reference", MLP_DOC_MAP);
    return mlp_import_place(map, q->rule);
}

static void row_count_match(struct mlp_dqdl *q)
{
    struct mlp_import_bounds b;
    if (!mlp_dqdl_bounds(q, mlp_node_get(q->rule, "condition"), &b))
        return;
    struct mlp_node *map = reference(q);
    if (!mlp_dqdl_failed(q) && (b.outside || mlp_node_get(map, "rows")))
        mlp_dqdl_refuse(q, NULL, "one interval has a counterpart, such as = 1.0 or >= 0.9");
    else if (map)
        mlp_import_bounds_put(q->out, map, "rows", &b, q->rule);
}

static void schema_match(struct mlp_dqdl *q)
{
    struct mlp_import_bounds b;
    if (!mlp_dqdl_bounds(q, mlp_node_get(q->rule, "condition"), &b))
        return;
    struct mlp_node *map = reference(q);
    if (!mlp_dqdl_failed(q) && (!asks_for_all(&b) || mlp_node_get(map, "schema")))
        mlp_dqdl_refuse(q, NULL, "only = 1.0 has a counterpart");
    else if (map)
        mlp_import_put_text(q->out, map, "schema", MLP_STR("same"), q->rule);
}

static void dataset_match(struct mlp_dqdl *q)
{
    mlp_dqdl_refuse(q, NULL, "rows of another table, one by one, have no counterpart: say "
                    "ReferentialIntegrity, or RowCountMatch with --reference");
}

static void aggregate_match(struct mlp_dqdl *q)
{
    mlp_dqdl_refuse(q, NULL, "aggregates of two tables have no counterpart: say mean, sum or stdev "
                    "under drift, with --reference");
}

static void custom_sql(struct mlp_dqdl *q)
{
    mlp_dqdl_refuse(q, NULL, "SQL has no counterpart: say it as an expression, {expect: ...}, or "
                    "as a rule of mlp-rules(5)");
}

static void anomalies(struct mlp_dqdl *q)
{
    mlp_dqdl_refuse(q, NULL, "a history of runs has no counterpart: compare with --reference");
}

static void files(struct mlp_dqdl *q)
{
    mlp_dqdl_refuse(q, NULL, "rules about files have no counterpart: look at them before, with "
                    "find or sha256sum");
}

static const struct {
    const char *type;
    void (*read)(struct mlp_dqdl *q);
    bool where, threshold;        /* may have them */
} kinds[] = {
    {"RowCount", row_count, true, false},         {"ColumnCount", column_count, false, false},
    {"ColumnExists", column_exists, false, false}, {"IsComplete", is_complete, true, true},
    {"Completeness", completeness, true, false},  {"IsUnique", is_unique, true, false},
    {"IsPrimaryKey", is_primary_key, true, false}, {"Uniqueness", uniqueness, true, false},
    {"UniqueValueRatio", unique_value_ratio, true, false},
    {"DistinctValuesCount", distinct_values, true, false}, {"Entropy", entropy, true, false},
    {"Mean", mean, true, false},                  {"Sum", sum, true, false},
    {"StandardDeviation", deviation, true, false}, {"Variance", variance, true, false},
    {"ColumnCorrelation", correlation, true, false},
    {"ColumnNamesMatchPattern", names_match, false, false},
    {"ColumnValues", mlp_dqdl_values, true, true}, {"ColumnLength", mlp_dqdl_length, true, true},
    {"ColumnDataType", mlp_dqdl_data_type, true, true},
    {"DataFreshness", mlp_dqdl_freshness, true, true},
    {"ReferentialIntegrity", referential, true, false},
    {"RowCountMatch", row_count_match, false, false}, {"SchemaMatch", schema_match, false, false},
    {"DatasetMatch", dataset_match, true, true},  {"AggregateMatch", aggregate_match, true, true},
    {"CustomSql", custom_sql, true, true},        {"CustomSQL", custom_sql, true, true},
    {"DetectAnomalies", anomalies, true, true},   {"FileFreshness", files, true, true},
    {"FileMatch", files, true, true},             {"FileUniqueness", files, true, true},
    {"FileSize", files, true, true},
};
#define NKINDS (sizeof kinds / sizeof *kinds)

/* ---- what a rule has besides */

/* Variables that stand for one text become it. */
static const struct mlp_node *resolved(struct mlp_dqdl *q, const struct mlp_node *n)
{
    const struct mlp_node *variable = mlp_node_get(n, "variable");
    if (!variable)
        return n;
    const struct mlp_node *value = mlp_node_get_str(q->in->root, variable->text);
    if (!value)
        mlp_dqdl_refuse(q, n, "there is no variable $%.*s", MLP_STR_ARG(variable->text));
    return value;
}

static void take_params(struct mlp_dqdl *q)
{
    const struct mlp_node *params = mlp_node_get(q->rule, "params");
    q->ncolumns = 0;
    for (const struct mlp_node *n = params ? params->child : NULL; n; n = n->next) {
        const struct mlp_node *value = resolved(q, n);
        if (q->ncolumns == DQDL_COLUMNS || (value && value->type != MLP_DOC_TEXT))
            mlp_dqdl_refuse(q, n, "expected up to %d names", DQDL_COLUMNS);
        if (mlp_dqdl_failed(q))
            return;
        q->columns[q->ncolumns++] = value->text;
    }
}

static void take_where(struct mlp_dqdl *q, bool may, struct mlp_buf *where)
{
    const struct mlp_node *n = mlp_node_get(q->rule, "where");
    struct mlp_sql_fault fault;
    q->head.filter = (struct mlp_str){NULL, 0};
    if (n && !may)
        mlp_dqdl_refuse(q, n, "it has no where");
    else if (n && !mlp_sql_expr(n->text, where, &fault))
        mlp_dqdl_refuse(q, n, "where, at character %zu: %s", fault.at, fault.words);
    else if (n)
        q->head.filter = mlp_buf_str(where);
}

static void look_at_tags(struct mlp_dqdl *q, bool threshold)
{
    const struct mlp_node *list = mlp_node_get(q->rule, "with");
    bool typed = mlp_str_is(mlp_node_str(mlp_node_get(q->rule, "type"), ""), "ColumnDataType");
    if (mlp_node_get(q->rule, "labels"))
        mlp_import_note(q->notes, q->rule, "labels are not used");
    for (const struct mlp_node *n = list ? list->child : NULL; n; n = n->next) {
        struct mlp_str tag = mlp_node_str(mlp_node_get(n, "tag"), "");
        if (!(threshold && mlp_str_is(tag, "threshold")) && !(typed && mlp_str_is(tag, "format")))
            mlp_dqdl_refuse(q, n, "\"with %.*s\" has no counterpart", MLP_STR_ARG(tag));
    }
}

static void read_one(struct mlp_dqdl *q, const struct mlp_node *rule)
{
    struct mlp_str type = mlp_node_str(mlp_node_get(rule, "type"), "");
    struct mlp_buf where;
    size_t i = 0;
    q->rule = rule;
    while (i < NKINDS && !mlp_str_is(type, kinds[i].type))
        i++;
    if (i == NKINDS) {
        mlp_dqdl_refuse(q, NULL, "there is no such rule type here; say it as a rule of "
                        "mlp-rules(5)");
        return;
    }
    mlp_buf_init(&where, DQDL_TEXT);
    q->head.from = rule;
    q->head.name = mlp_node_str(mlp_node_get(rule, "text"), "");
    take_params(q);
    take_where(q, kinds[i].where, &where);
    look_at_tags(q, kinds[i].threshold);
    if (!mlp_dqdl_failed(q))
        kinds[i].read(q);
    mlp_buf_fini(&where);
}

/* ---- rules that are joined */

static void read_joined(struct mlp_dqdl *q, const struct mlp_node *n)
{
    const struct mlp_node *all = mlp_node_get(n, "and"), *any = mlp_node_get(n, "or");
    if (any) {
        q->rule = n;
        mlp_node_error(q->in, any, q->e, "rules joined by \"or\" have no counterpart: each rule is "
                       "judged by itself; say one expression with or, {expect: ...}, for each row");
        return;
    }
    for (const struct mlp_node *x = all ? all->child : NULL; x && !mlp_dqdl_failed(q); x = x->next)
        read_joined(q, x);
    if (!all && !mlp_dqdl_failed(q))
        read_one(q, n);
}

enum mlp_code mlp_import_dqdl(const struct mlp_doc *in, struct mlp_doc *out,
                              struct mlp_import_notes *notes, struct mlp_err *e)
{
    struct mlp_dqdl q = {.in = in, .out = out, .notes = notes, .e = e, .head = {.out = out}};
    const struct mlp_node *rules = mlp_node_get(in->root, "Rules");
    const struct mlp_node *analyzers = mlp_node_get(in->root, "Analyzers");
    mlp_import_start(out);
    if (!rules || rules->type != MLP_DOC_LIST || !rules->child)
        mlp_node_error(in, in->root, e, "expected Rules = [ ... ] with a rule at least");
    if (analyzers)
        mlp_import_note(notes, analyzers, "Analyzers is not used: it checks nothing");
    for (const struct mlp_node *n = rules ? rules->child : NULL; n && !mlp_dqdl_failed(&q);
         n = n->next)
        read_joined(&q, n);
    return e->code == MLP_OK ? mlp_import_done(out, e) : e->code;
}
