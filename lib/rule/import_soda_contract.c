/* import_soda_contract.c: data contracts of Soda 4 as native rules. */
#include "rule/import_soda.h"

#include "rule/import_soda_inside.h"

#include "text/num.h"

#include <stdio.h>

/* A check: the map under its type, and the column that it is of. */
struct check {
    const struct mlp_node *node, *column;
    struct mlp_str name, filter, column_name;
    bool share;                   /* its threshold is of percentages */
};

bool mlp_import_is_soda_contract(const struct mlp_node *root)
{
    const struct mlp_node *columns = mlp_node_get(root, "columns");
    const struct mlp_node *checks = mlp_node_get(root, "checks");
    const struct mlp_node *dataset = mlp_node_get(root, "dataset");
    return dataset && dataset->type == MLP_DOC_TEXT &&
           ((columns && columns->type == MLP_DOC_LIST) || (checks && checks->type == MLP_DOC_LIST));
}

/* ---- thresholds */

static struct mlp_str number_of(struct mlp_soda *s, const struct mlp_node *n)
{
    double x;
    struct mlp_str text = n ? mlp_soda_text(s, n, n->text) : (struct mlp_str){NULL, 0};
    if (n && !mlp_num_f64(text, &x) && !mlp_str_starts(text, "$("))
        mlp_soda_refuse(s, n, "%.*s: expected a number", MLP_STR_ARG(n->key));
    return text;
}

/* {greater_than: 1, less_than_or_equal: 9}; of what must not be, the ends are those of what may. */
static void read_range(struct mlp_soda *s, const struct mlp_node *n, struct mlp_import_bounds *b)
{
    static const char *const known[] = {"greater_than", "greater_than_or_equal", "less_than",
                                        "less_than_or_equal", NULL};
    const struct mlp_node *more = mlp_node_get(n, known[0]), *less = mlp_node_get(n, known[2]);
    bool strict_more = more != NULL, strict_less = less != NULL;
    more = more ? more : mlp_node_get(n, known[1]);
    less = less ? less : mlp_node_get(n, known[3]);
    if (n->type == MLP_DOC_LIST) {
        more = mlp_node_at(n, b->outside);
        less = mlp_node_at(n, !b->outside);
        strict_more = strict_less = b->outside;
    }
    if (!more || !less) {
        mlp_soda_refuse(s, n, "%.*s: expected greater_than and less_than", MLP_STR_ARG(n->key));
        return;
    }
    if (n->type == MLP_DOC_MAP && mlp_node_known(s->in, n, known, s->e) != MLP_OK)
        return;
    b->lo = number_of(s, b->outside ? less : more);
    b->hi = number_of(s, b->outside ? more : less);
    b->open_lo = b->outside ? !strict_less : strict_more;
    b->open_hi = b->outside ? !strict_more : strict_less;
}

static const struct {
    const char *key, *op;
} comparisons[] = {
    {"must_be", "="}, {"must_not_be", "!="}, {"must_be_greater_than", ">"},
    {"must_be_greater_than_or_equal", ">="}, {"must_be_less_than", "<"},
    {"must_be_less_than_or_equal", "<="}, {"must_be_between", NULL}, {"must_be_not_between", NULL},
};
#define NCOMPARISONS (sizeof comparisons / sizeof *comparisons)

/* What a threshold says the number must be: false when it says nothing. */
static bool read_bounds(struct mlp_soda *s, const struct mlp_node *n, struct mlp_import_bounds *b)
{
    size_t found = 0;
    for (size_t i = 0; i < NCOMPARISONS && !mlp_soda_failed(s); i++) {
        const struct mlp_node *x = mlp_node_get(n, comparisons[i].key);
        if (!x)
            continue;
        *b = (struct mlp_import_bounds){.outside = i + 1 == NCOMPARISONS};
        if (comparisons[i].op)
            mlp_import_bounds_by(b, mlp_str_from(comparisons[i].op), number_of(s, x));
        else
            read_range(s, x, b);
        if (found++)
            mlp_soda_refuse(s, x, "expected one comparison in a threshold");
    }
    return found > 0;
}

static const char *level_of(struct mlp_soda *s, const struct mlp_node *threshold)
{
    const struct mlp_node *n = mlp_node_get(threshold, "level");
    struct mlp_str level = mlp_node_str(n, "fail");
    if (!mlp_str_is(level, "fail") && !mlp_str_is(level, "warn"))
        mlp_soda_refuse(s, n, "level: expected warn or fail");
    return mlp_str_is(level, "warn") ? "warn" : NULL;
}

/* What is done with one threshold of a check. */
typedef void put_fn(struct mlp_soda *s, const struct check *c, const struct mlp_import_head *h,
                    struct mlp_import_bounds *b);

static struct mlp_import_head head_of(struct mlp_soda *s, const struct check *c)
{
    return (struct mlp_import_head){.out = s->out, .from = c->node, .name = c->name,
                                    .filter = c->filter, .env = s->env};
}

static void put_one(struct mlp_soda *s, const struct check *c, const struct mlp_node *threshold,
                    struct mlp_import_bounds *b, put_fn *put)
{
    struct mlp_import_head h = head_of(s, c);
    h.severity = level_of(s, threshold);
    b->percent = c->share;
    if (!mlp_soda_failed(s))
        put(s, c, &h, b);
}

/* otherwise: what holds without a threshold; op NULL: there has to be one. */
static void put_thresholds(struct mlp_soda *s, struct check *c, const char *op, put_fn *put)
{
    static const char *const known[] = {
        "metric", "unit", "must_be", "must_not_be", "must_be_greater_than",
        "must_be_greater_than_or_equal", "must_be_less_than", "must_be_less_than_or_equal",
        "must_be_between", "must_be_not_between", "level", "additional", NULL};
    const struct mlp_node *t = mlp_node_get(c->node, "threshold");
    const struct mlp_node *more = mlp_node_get(t, "additional");
    const struct mlp_node *metric = mlp_node_get(t, "metric");
    struct mlp_import_bounds b;
    if (mlp_soda_failed(s) || (t && mlp_node_known(s->in, t, known, s->e) != MLP_OK) ||
        (more && mlp_node_known(s->in, more, known, s->e) != MLP_OK))
        return;
    c->share = mlp_str_is(mlp_node_str(metric, ""), "percent");
    if (metric && !c->share && !mlp_str_is(mlp_node_str(metric, ""), "count"))
        mlp_soda_refuse(s, metric, "metric: expected count or percent");
    if (!read_bounds(s, t, &b)) {
        if (!op && !mlp_soda_failed(s))
            mlp_soda_refuse(s, c->node, "%.*s: expected a threshold", MLP_STR_ARG(c->node->key));
        if (op)
            mlp_import_bounds_by(&b, mlp_str_from(op), MLP_STR("0"));
    }
    put_one(s, c, t, &b, put);
    if (more && read_bounds(s, more, &b))
        put_one(s, c, more, &b, put);
}

/* ---- what is missing, valid and invalid: of the check, else of its column */

static const struct mlp_node *config_of(const struct check *c, const char *key)
{
    const struct mlp_node *n = mlp_node_get(c->node, key);
    return n ? n : mlp_node_get(c->column, key);
}

/* {regex, name} is a regular expression, a text the name of a format. */
static void take_format(const struct mlp_node *n, const struct mlp_node **regex,
                        const struct mlp_node **format)
{
    if (n && n->type == MLP_DOC_MAP)
        *regex = mlp_node_get(n, "regex") ? mlp_node_get(n, "regex") : n;
    else
        *format = n;
}

static struct mlp_soda_values values_of(const struct check *c)
{
    struct mlp_soda_values v = {
        .missing_values = config_of(c, "missing_values"),
        .valid_values = config_of(c, "valid_values"),
        .valid_min = config_of(c, "valid_min"),
        .valid_max = config_of(c, "valid_max"),
        .valid_length = config_of(c, "valid_length"),
        .valid_min_length = config_of(c, "valid_min_length"),
        .valid_max_length = config_of(c, "valid_max_length"),
        .invalid_values = config_of(c, "invalid_values"),
    };
    take_format(config_of(c, "missing_format"), &v.missing_regex, &v.missing_format);
    take_format(config_of(c, "valid_format"), &v.valid_regex, &v.valid_format);
    take_format(config_of(c, "invalid_format"), &v.invalid_regex, &v.invalid_format);
    return v;
}

static void put_count(struct mlp_soda *s, const struct mlp_import_head *h, struct mlp_str which,
                      const struct mlp_import_bounds *b)
{
    if (!mlp_soda_failed(s) && b->percent)
        mlp_import_head_share(h, which, b);
    else if (!mlp_soda_failed(s))
        mlp_import_head_count(h, which, b);
}

static void put_missing(struct mlp_soda *s, const struct check *c, const struct mlp_import_head *h,
                        struct mlp_import_bounds *b)
{
    struct mlp_soda_values v = values_of(c);
    put_count(s, h, mlp_soda_missing(s, c->column_name, &v), b);
}

/* Values that are there are in a column of another table. */
static void put_referred(struct mlp_soda *s, const struct check *c,
                         const struct mlp_import_head *h, const struct mlp_import_bounds *b)
{
    const struct mlp_node *other = config_of(c, "valid_reference_data");
    struct mlp_soda_values v = values_of(c);
    struct mlp_soda_values missing = {.missing_values = v.missing_values,
                                      .missing_regex = v.missing_regex,
                                      .missing_format = v.missing_format};
    struct mlp_import_head there = *h;
    struct mlp_str column = mlp_node_str(mlp_node_get(other, "column"), "");
    struct mlp_str dataset = mlp_node_str(mlp_node_get(other, "dataset"), "");
    if (!mlp_import_bounds_zero(b, !b->percent))
        mlp_soda_refuse(s, other, "valid_reference_data: only a threshold of 0 has a counterpart");
    for (size_t at = mlp_str_find(dataset, '/'); at < dataset.n; at = mlp_str_find(dataset, '/'))
        dataset = (struct mlp_str){dataset.p + at + 1, dataset.n - at - 1};
    there.filter = mlp_soda_both(s, h->filter, mlp_soda_usable(s, c->column_name, &missing));
    if (!mlp_soda_failed(s))
        mlp_soda_put_reference(s, mlp_import_head_columns(&there, &c->column_name, 1), dataset,
                               &column, 1, other);
}

static void put_invalid(struct mlp_soda *s, const struct check *c, const struct mlp_import_head *h,
                        struct mlp_import_bounds *b)
{
    const struct mlp_node *other = config_of(c, "valid_reference_data");
    struct mlp_soda_values v = values_of(c);
    if (!other && !mlp_soda_has_validity(&v))
        mlp_soda_refuse(s, c->node, "invalid: expected what is valid, such as valid_values");
    if (mlp_soda_has_validity(&v) || mlp_soda_failed(s)) {
        put_count(s, h, mlp_soda_invalid(s, c->column_name, &v), b);
        if (!other)
            return;
    }
    put_referred(s, c, h, b);
}

static void put_duplicate(struct mlp_soda *s, const struct check *c,
                          const struct mlp_import_head *h, struct mlp_import_bounds *b)
{
    if (mlp_import_bounds_zero(b, !b->percent)) {
        struct mlp_node *check = mlp_import_head_columns(h, &c->column_name, 1);
        mlp_import_put_text(s->out, check, "unique", MLP_STR("all"), c->node);
        mlp_import_put_text(s->out, check, "skip", MLP_STR("any"), c->node);
    } else {
        mlp_import_bounds_put(s->out, mlp_import_head_column(h, c->column_name, NULL),
                              b->percent ? "copy_share" : "copies", b, c->node);
    }
}

/* Of several columns together; a value that is missing is one, too. */
static void put_duplicate_rows(struct mlp_soda *s, const struct check *c,
                               const struct mlp_import_head *h, struct mlp_import_bounds *b)
{
    const struct mlp_node *list = mlp_node_get(c->node, "columns");
    struct mlp_str names[SODA_COLUMNS];
    size_t n = 0;
    if (!list || list->type != MLP_DOC_LIST || !list->child || list->u.count > SODA_COLUMNS)
        mlp_soda_refuse(s, list ? list : c->node, "columns: expected a list of up to %d columns",
                        SODA_COLUMNS);
    else if (!mlp_import_bounds_zero(b, !b->percent))
        mlp_soda_refuse(s, c->node, "duplicate: of several columns together only a threshold of 0 "
                        "has a counterpart");
    for (const struct mlp_node *x = list ? list->child : NULL; x && !mlp_soda_failed(s);
         x = x->next)
        names[n++] = mlp_node_str(x, "");
    if (mlp_soda_failed(s))
        return;
    struct mlp_node *check = mlp_import_head_columns(h, names, n);
    mlp_import_put_text(s->out, check, "unique", MLP_STR("all"), c->node);
    mlp_import_put_text(s->out, check, "skip", MLP_STR("never"), c->node);
}

static void put_aggregate(struct mlp_soda *s, const struct check *c,
                          const struct mlp_import_head *h, struct mlp_import_bounds *b)
{
    const struct mlp_node *function = mlp_node_get(c->node, "function");
    struct mlp_soda_values v = values_of(c);
    struct mlp_import_head valid = *h;
    bool numbers, some = v.missing_values || v.missing_regex || mlp_soda_has_validity(&v);
    const char *key = mlp_soda_aggregate(mlp_node_str(function, ""), &numbers);
    if (mlp_str_is(mlp_node_str(function, ""), "count"))
        key = "values";
    if (!key || b->percent)
        mlp_soda_refuse(s, function ? function : c->node, "function: expected avg, sum, min, max, "
                        "stddev, variance, avg_length, min_length or max_length, and a number");
    if (some)
        valid.filter = mlp_soda_both(s, h->filter, mlp_soda_usable(s, c->column_name, &v));
    if (mlp_soda_failed(s))
        return;
    struct mlp_node *check = mlp_import_head_column(&valid, c->column_name,
                                                    numbers ? "float" : NULL);
    mlp_import_bounds_put(s->out, check, key, b, c->node);
}

static void put_rows(struct mlp_soda *s, const struct check *c, const struct mlp_import_head *h,
                     struct mlp_import_bounds *b)
{
    if (b->percent)
        mlp_soda_refuse(s, c->node, "row_count: a count has no percentage");
    put_count(s, h, (struct mlp_str){NULL, 0}, b);
}

static void put_failed_rows(struct mlp_soda *s, const struct check *c,
                            const struct mlp_import_head *h, struct mlp_import_bounds *b)
{
    put_count(s, h, mlp_soda_sql(s, mlp_node_get(c->node, "expression")), b);
}

/* How old the newest time is, in units. */
static void put_freshness(struct mlp_soda *s, const struct check *c,
                          const struct mlp_import_head *h, struct mlp_import_bounds *b)
{
    const struct mlp_node *unit = mlp_node_path(c->node, "threshold", "unit", NULL);
    struct mlp_str name = mlp_node_str(unit, "hour"), column;
    double units, seconds = mlp_str_is(name, "minute") ? 60 : mlp_str_is(name, "hour") ? 3600
                            : mlp_str_is(name, "day") ? 86400 : 0;
    char age[64];
    unit = unit ? unit : c->node;
    if (seconds <= 0)
        mlp_soda_refuse(s, unit, "unit: expected minute, hour or day");
    if (b->lo.p || !b->hi.p || b->outside || !mlp_num_f64(b->hi, &units) || units < 0)
        mlp_soda_refuse(s, c->node, "freshness: expected must_be_less_than, a number");
    column = mlp_node_str(mlp_node_get(c->node, "column"), "");
    if (!column.n)
        mlp_soda_refuse(s, c->node, "freshness: expected a column");
    if (mlp_soda_failed(s))
        return;
    snprintf(age, sizeof age, "%.0fs", units * seconds);
    mlp_import_put_text(s->out, mlp_import_head_column(h, column, "datetime"), "fresh",
                        mlp_str_from(age), c->node);
}

/* ---- the check `schema`: the columns that the contract lists, and their types */

static struct mlp_node *put_header(struct mlp_soda *s, const struct check *c, const char *kind,
                                   bool optional_too)
{
    struct mlp_import_head h = head_of(s, c);
    h.filter.n = 0;
    h.severity = level_of(s, mlp_node_get(c->node, "threshold"));
    struct mlp_node *check = mlp_import_head_check(&h, false);
    mlp_import_put_text(s->out, check, "header", mlp_str_from(kind), c->node);
    struct mlp_node *list = mlp_doc_new(s->out, MLP_DOC_LIST);
    mlp_import_put(s->out, check, "names", list, c->node);
    const struct mlp_node *columns = mlp_node_get(s->in->root, "columns");
    for (const struct mlp_node *n = columns ? columns->child : NULL; n; n = n->next)
        if (optional_too || !mlp_node_bool(mlp_node_get(n, "optional"), false))
            mlp_import_push(s->out, list,
                            mlp_import_copy(s->out, mlp_node_get(n, "name")));
    return check;
}

/* Values of the type, and no longer than it allows. */
static void put_type(struct mlp_soda *s, const struct check *c, const struct mlp_node *column)
{
    const struct mlp_node *sql = mlp_node_get(column, "data_type");
    const struct mlp_node *most = mlp_node_get(column, "character_maximum_length");
    const char *type = NULL;
    struct mlp_import_head h = head_of(s, c);
    if (sql && !mlp_soda_type(mlp_node_str(sql, ""), &type))
        mlp_soda_refuse(s, sql, "data_type: \"%.*s\" is not a type that values can be held to: "
                        "leave it away", MLP_STR_ARG(mlp_node_str(sql, "")));
    if ((!type && !most) || mlp_soda_failed(s))
        return;
    h.filter.n = 0;
    h.severity = level_of(s, mlp_node_get(c->node, "threshold"));
    struct mlp_node *check = mlp_import_head_check(&h, false);
    mlp_import_put_text(s->out, check, "column", mlp_node_str(mlp_node_get(column, "name"), ""),
                        column);
    mlp_import_put(s->out, check, "optional", mlp_doc_new_bool(s->out, true), column);
    if (type)
        mlp_import_put_text(s->out, check, "type", mlp_str_from(type), sql);
    if (most) {
        struct mlp_import_bounds b = {.hi = number_of(s, most)};
        mlp_import_bounds_put(s->out, check, "length", &b, most);
    }
}

static void read_schema(struct mlp_soda *s, struct check *c)
{
    const struct mlp_node *columns = mlp_node_get(s->in->root, "columns");
    bool more = mlp_node_bool(mlp_node_get(c->node, "allow_extra_columns"), false), some = false;
    bool any_order = mlp_node_bool(mlp_node_get(c->node, "allow_other_column_order"), false);
    for (const struct mlp_node *n = columns ? columns->child : NULL; n; n = n->next)
        some = some || mlp_node_bool(mlp_node_get(n, "optional"), false);
    if (!any_order && (more || some)) {
        mlp_soda_refuse(s, c->node, "schema: an order is kept here only where there are no other "
                        "columns and none that are optional: say allow_other_column_order: true");
        return;
    }
    put_header(s, c, any_order ? "superset" : "ordered", false);
    if (any_order && !more)
        put_header(s, c, "known", true);
    for (const struct mlp_node *n = columns ? columns->child : NULL; n && !mlp_soda_failed(s);
         n = n->next)
        put_type(s, c, n);
}

/* ---- kinds of checks */

static void refuse_sql(struct mlp_soda *s, struct check *c)
{
    mlp_soda_refuse(s, c->node, "%.*s: a metric in SQL has no counterpart; say it as a rule of "
                    "mlp-rules(5), or run it where the table is", MLP_STR_ARG(c->node->key));
}

static void read_failed_rows(struct mlp_soda *s, struct check *c)
{
    const struct mlp_node *query = mlp_node_get(c->node, "query");
    if (query || !mlp_node_get(c->node, "expression"))
        mlp_soda_refuse(s, query ? query : c->node, "failed_rows: a query has no counterpart; say "
                        "its condition as expression");
    put_thresholds(s, c, "=", put_failed_rows);
}

static void read_missing(struct mlp_soda *s, struct check *c)
{
    put_thresholds(s, c, "=", put_missing);
}

static void read_invalid(struct mlp_soda *s, struct check *c)
{
    put_thresholds(s, c, "=", put_invalid);
}

static void read_duplicate(struct mlp_soda *s, struct check *c)
{
    put_thresholds(s, c, "=", c->column ? put_duplicate : put_duplicate_rows);
}

static void read_aggregate(struct mlp_soda *s, struct check *c)
{
    put_thresholds(s, c, NULL, put_aggregate);
}

static void read_rows(struct mlp_soda *s, struct check *c)
{
    put_thresholds(s, c, ">", put_rows);
}

static void read_freshness(struct mlp_soda *s, struct check *c)
{
    put_thresholds(s, c, NULL, put_freshness);
}

enum where { OF_COLUMN = 1, OF_TABLE = 2, OF_BOTH = 3 };
static const struct {
    const char *key;
    enum where where;
    void (*read)(struct mlp_soda *s, struct check *c);
} kinds[] = {
    {"missing", OF_COLUMN, read_missing},     {"invalid", OF_COLUMN, read_invalid},
    {"duplicate", OF_BOTH, read_duplicate},   {"aggregate", OF_COLUMN, read_aggregate},
    {"row_count", OF_TABLE, read_rows},       {"freshness", OF_TABLE, read_freshness},
    {"schema", OF_TABLE, read_schema},        {"failed_rows", OF_BOTH, read_failed_rows},
    {"metric", OF_BOTH, refuse_sql},
};
#define NKINDS (sizeof kinds / sizeof *kinds)

static void look_at_keys(struct mlp_soda *s, const struct mlp_node *map)
{
    static const char *const known[] = {
        "name", "qualifier", "attributes", "threshold", "filter", "missing_values",
        "missing_format", "valid_values", "valid_format", "valid_min", "valid_max", "valid_length",
        "valid_min_length", "valid_max_length", "invalid_values", "invalid_format",
        "valid_reference_data", "function", "columns", "column", "expression", "query",
        "allow_extra_columns", "allow_other_column_order", "store_failed_rows", NULL};
    static const char *const refused[] = {"scope", "now_variable", NULL};
    for (size_t i = 0; refused[i]; i++)
        if (mlp_node_get(map, refused[i]))
            mlp_soda_refuse(s, mlp_node_get(map, refused[i]), "%s has no counterpart: leave it "
                            "away or say the check as a rule of mlp-rules(5)", refused[i]);
    if (map->type == MLP_DOC_MAP && !mlp_soda_failed(s))
        mlp_node_known(s->in, map, known, s->e);
    else if (map->type != MLP_DOC_NULL)
        mlp_soda_refuse(s, map, "%.*s: expected a map", MLP_STR_ARG(map->key));
}

/* A check without a name is told by its column and its kind. */
static void name_check(struct mlp_soda *s, struct check *c)
{
    struct mlp_buf b;
    c->name = mlp_soda_text(s, c->node, mlp_node_str(mlp_node_get(c->node, "name"), ""));
    if (c->name.n)
        return;
    mlp_buf_init(&b, SODA_TEXT);
    mlp_buf_addf(&b, "%.*s%s%.*s", MLP_STR_ARG(c->column_name), c->column ? ": " : "",
                 MLP_STR_ARG(c->node->key));
    c->name = mlp_soda_text(s, c->node, mlp_buf_str(&b));
    mlp_buf_fini(&b);
}

static void read_check(struct mlp_soda *s, const struct mlp_node *n, const struct mlp_node *column)
{
    const struct mlp_node *node = n->type == MLP_DOC_MAP && n->u.count == 1 ? n->child : NULL;
    struct check c = {.node = node, .column = column,
                      .column_name = mlp_node_str(mlp_node_get(column, "name"), "")};
    size_t i = 0;
    while (node && i < NKINDS && !(mlp_str_is(node->key, kinds[i].key) &&
                                   (kinds[i].where & (column ? OF_COLUMN : OF_TABLE))))
        i++;
    if (!node || i == NKINDS) {
        mlp_soda_refuse(s, n, "%.*s%sexpected one check: %s",
                        MLP_STR_ARG(node ? node->key : n->key), node ? ": " : "",
                        column ? "missing, invalid, duplicate, aggregate or failed_rows"
                               : "row_count, schema, freshness, duplicate or failed_rows");
        return;
    }
    look_at_keys(s, node);
    if (mlp_soda_failed(s))
        return;
    name_check(s, &c);
    c.filter = mlp_soda_both(s, s->filter, mlp_soda_sql(s, mlp_node_get(node, "filter")));
    if (!mlp_soda_failed(s))
        kinds[i].read(s, &c);
}

static void read_checks(struct mlp_soda *s, const struct mlp_node *list,
                        const struct mlp_node *column)
{
    if (list && list->type != MLP_DOC_LIST)
        mlp_soda_refuse(s, list, "checks: expected a list");
    for (const struct mlp_node *n = list ? list->child : NULL; n && !mlp_soda_failed(s);
         n = n->next)
        read_check(s, n, column);
}

static void read_column(struct mlp_soda *s, const struct mlp_node *n)
{
    const struct mlp_node *sql = mlp_node_get(n, "column_expression");
    struct mlp_str name = mlp_node_str(mlp_node_get(n, "name"), "");
    if (!name.n)
        mlp_soda_refuse(s, n, "expected a column with a name");
    if (sql)
        mlp_soda_refuse(s, sql, "column_expression has no counterpart: say the checks as rules of "
                        "mlp-rules(5)");
    read_checks(s, mlp_node_get(n, "checks"), n);
}

/* Types are looked at by the check `schema` alone. */
static void note_types(struct mlp_soda *s)
{
    const struct mlp_node *checks = mlp_node_get(s->in->root, "checks");
    for (const struct mlp_node *n = checks ? checks->child : NULL; n; n = n->next)
        if (mlp_node_get(n, "schema"))
            return;
    mlp_import_note(s->notes, mlp_node_get(s->in->root, "columns"), "columns and their types are "
                    "not checked, as there is no check \"schema\"");
}

static void read_variables(struct mlp_soda *s, const struct mlp_node *map)
{
    for (const struct mlp_node *n = map ? map->child : NULL; n && !mlp_soda_failed(s); n = n->next)
        mlp_soda_parameter(s, n->key, mlp_node_get(n, "default"));
}

enum mlp_code mlp_import_soda_contract(const struct mlp_doc *in, struct mlp_doc *out,
                                       struct mlp_import_notes *notes, struct mlp_err *e)
{
    static const char *const known[] = {"dataset", "description", "filter", "variables", "columns",
                                        "checks", "soda_runner", "soda_agent", "attributes",
                                        "check_attributes", "owner", "name", NULL};
    struct mlp_soda s = {.in = in, .out = out, .notes = notes, .e = e};
    const struct mlp_node *columns = mlp_node_get(in->root, "columns");
    mlp_import_start(out);
    if (!mlp_import_is_soda_contract(in->root))
        mlp_soda_refuse(&s, in->root, "expected dataset, and columns or checks as lists");
    else if (mlp_node_known(in, in->root, known, e) == MLP_OK)
        read_variables(&s, mlp_node_get(in->root, "variables"));
    if (!mlp_soda_failed(&s))
        s.filter = mlp_soda_sql(&s, mlp_node_get(in->root, "filter"));
    for (const struct mlp_node *n = columns ? columns->child : NULL; n && !mlp_soda_failed(&s);
         n = n->next)
        read_column(&s, n);
    if (!mlp_soda_failed(&s))
        read_checks(&s, mlp_node_get(in->root, "checks"), NULL);
    if (!mlp_soda_failed(&s))
        note_types(&s);
    return e->code == MLP_OK ? mlp_import_done(out, e) : e->code;
}
