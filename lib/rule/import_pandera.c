/* import_pandera.c: schemas of pandera as native rules. */
#include "rule/import_pandera.h"

#include "rule/compile.h"

struct reader {
    const struct mlp_doc *in;
    struct mlp_doc *out;
    struct mlp_import_notes *notes;
    struct mlp_err *e;
    struct mlp_str name;          /* of the column at hand */
    bool later;                   /* the first of several copies is no copy */
    bool dated, nullable;         /* the column at hand */
};

bool mlp_import_is_pandera(const struct mlp_node *root)
{
    return mlp_str_is(mlp_node_str(mlp_node_get(root, "schema_type"), ""), "dataframe") &&
           mlp_node_get(root, "columns");
}

static bool failed(const struct reader *r)
{
    return r->e->code != MLP_OK;
}

static void fault(struct reader *r, const struct mlp_node *n, const char *words)
{
    if (!failed(r))
        mlp_node_error(r->in, n, r->e, "%.*s: %s", MLP_STR_ARG(n->key), words);
}

static void put_text(struct reader *r, struct mlp_node *map, const char *key, const char *text,
                     const struct mlp_node *from)
{
    mlp_import_put(r->out, map, key, mlp_doc_new_text(r->out, text), from);
}

static void put_true(struct reader *r, struct mlp_node *map, const char *key,
                     const struct mlp_node *from)
{
    mlp_import_put(r->out, map, key, mlp_doc_new_bool(r->out, true), from);
}

static void put_copy(struct reader *r, struct mlp_node *map, const char *key,
                     const struct mlp_node *n)
{
    mlp_import_put(r->out, map, key, mlp_import_copy(r->out, n), n);
}

static bool is_true(const struct mlp_node *map, const char *key)
{
    return mlp_node_bool(mlp_node_get(map, key), false);
}

static bool is_set(const struct mlp_node *n)
{
    return n && n->type != MLP_DOC_NULL && !(n->type == MLP_DOC_BOOL && !n->u.boolean) &&
           !((n->type == MLP_DOC_LIST || n->type == MLP_DOC_MAP) && !n->child);
}

/* ---- types */

static const struct {
    const char *name, *native;
    double lo, hi;                /* equal: the type has no bounds of its own */
} types[] = {
    {"int", "int", 0, 0}, {"int64", "int", 0, 0}, {"Int64", "int", 0, 0},
    {"int32", "int", INT32_MIN, INT32_MAX}, {"Int32", "int", INT32_MIN, INT32_MAX},
    {"int16", "int", INT16_MIN, INT16_MAX}, {"Int16", "int", INT16_MIN, INT16_MAX},
    {"int8", "int", INT8_MIN, INT8_MAX}, {"Int8", "int", INT8_MIN, INT8_MAX},
    {"uint64", "int", 0, 0x1p64}, {"UInt64", "int", 0, 0x1p64},
    {"uint32", "int", 0, UINT32_MAX}, {"UInt32", "int", 0, UINT32_MAX},
    {"uint16", "int", 0, UINT16_MAX}, {"UInt16", "int", 0, UINT16_MAX},
    {"uint8", "int", 0, UINT8_MAX}, {"UInt8", "int", 0, UINT8_MAX},
    {"float", "float", 0, 0}, {"float64", "float", 0, 0}, {"Float64", "float", 0, 0},
    {"float32", "float", 0, 0}, {"Float32", "float", 0, 0}, {"float16", "float", 0, 0},
    {"bool", "bool", 0, 0}, {"boolean", "bool", 0, 0},
    {"str", "string", 0, 0}, {"string", "string", 0, 0}, {"category", "any", 0, 0},
    {"object", "any", 0, 0},
};

static void put_date(struct reader *r, struct mlp_node *column, const struct mlp_node *n)
{
    r->dated = true;
    put_text(r, column, "type", "string", n);
    put_text(r, column, "format", "dateutil", n);
}

/* Bounds of the type are a check of their own, so that the column's are free for checks. */
static void put_range(struct reader *r, const struct mlp_node *n, double lo, double hi)
{
    struct mlp_node *check = mlp_import_check(r->out, n);
    mlp_import_put(r->out, check, "column", mlp_doc_new_str(r->out, r->name), n);
    mlp_import_put(r->out, check, "name", mlp_doc_new_str(r->out, n->text), n);
    mlp_import_put(r->out, check, "min", mlp_import_num(r->out, lo), n);
    mlp_import_put(r->out, check, "max", mlp_import_num(r->out, hi), n);
}

static void put_type(struct reader *r, struct mlp_node *column, const struct mlp_node *n)
{
    size_t i = 0, all = sizeof types / sizeof *types;
    struct mlp_str name = mlp_node_str(n, "");
    if (!is_set(n))
        return;
    if (mlp_str_starts(name, "string["))
        name = mlp_str_from("string");
    while (i < all && !mlp_str_is(name, types[i].name))
        i++;
    if (mlp_str_starts(name, "datetime64[")) {
        put_date(r, column, n);
    } else if (i == all) {
        fault(r, n, "no type that texts can be held to");
    } else {
        put_text(r, column, "type", types[i].native, n);
        if (types[i].lo < types[i].hi)
            put_range(r, n, types[i].lo, types[i].hi);
    }
}

/* ---- checks: pandera.api.checks, the built-in ones */

enum form { VALUE, ONE, RANGE, LENGTH, MATCH, FIND, START, END, LIST };
static const struct {
    const char *name, *argument;  /* argument: of the long form */
    enum form form;
    const char *native;
} checks[] = {
    {"equal_to", "value", ONE, "in"}, {"eq", "value", ONE, "in"},
    {"not_equal_to", "value", ONE, "not_in"}, {"ne", "value", ONE, "not_in"},
    {"greater_than", "min_value", VALUE, "above"}, {"gt", "min_value", VALUE, "above"},
    {"greater_than_or_equal_to", "min_value", VALUE, "min"}, {"ge", "min_value", VALUE, "min"},
    {"less_than", "max_value", VALUE, "below"}, {"lt", "max_value", VALUE, "below"},
    {"less_than_or_equal_to", "max_value", VALUE, "max"}, {"le", "max_value", VALUE, "max"},
    {"in_range", NULL, RANGE, "between"}, {"between", NULL, RANGE, "between"},
    {"isin", "allowed_values", LIST, "in"}, {"notin", "forbidden_values", LIST, "not_in"},
    {"str_matches", "pattern", MATCH, "match"}, {"str_contains", "pattern", FIND, "match"},
    {"str_startswith", "string", START, "match"}, {"str_endswith", "string", END, "match"},
    {"str_length", NULL, LENGTH, "length"},
    {"unique_values_eq", "values", LIST, "distinct_equals"},
};
#define NCHECKS (sizeof checks / sizeof *checks)

/* The argument of a check: itself, or under "value" or its name. */
static const struct mlp_node *argument_of(const struct mlp_node *n, const char *name)
{
    const struct mlp_node *value = mlp_node_get(n, "value");
    return n->type != MLP_DOC_MAP ? n : value ? value : name ? mlp_node_get(n, name) : NULL;
}

static void put_pattern(struct reader *r, struct mlp_node *to, const char *key, enum form form,
                        const struct mlp_node *n)
{
    struct mlp_buf b;
    bool literal = form == START || form == END;
    mlp_buf_init(&b, MLP_RULES_BYTES);
    mlp_buf_adds(&b, form == FIND || form == END ? "" : "\\A");
    mlp_buf_adds(&b, literal ? "" : "(?:");
    for (size_t i = 0; i < n->text.n; i++) {
        char c = n->text.p[i];
        bool word = (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
        if (literal && !word && (unsigned char)c < 0x80)
            mlp_buf_adds(&b, "\\");
        mlp_buf_addstr(&b, (struct mlp_str){n->text.p + i, 1});
    }
    mlp_buf_adds(&b, literal ? "" : ")");
    mlp_buf_adds(&b, form == END ? "\\z" : "");
    mlp_import_put(r->out, to, key, mlp_doc_new_str(r->out, mlp_buf_str(&b)), n);
    mlp_buf_fini(&b);
}

/* {min_value, max_value, include_min, include_max} as an interval. */
static void put_range_of(struct reader *r, struct mlp_node *to, const char *key,
                         const struct mlp_node *n)
{
    const struct mlp_node *lo = mlp_node_get(n, "min_value"), *hi = mlp_node_get(n, "max_value");
    const struct mlp_node *exact = mlp_node_get(n, "exact_value");
    struct mlp_node *map;
    if (is_set(exact))
        lo = hi = exact;
    if (!is_set(lo) && !is_set(hi)) {
        fault(r, n, "expected min_value or max_value");
        return;
    }
    map = mlp_import_put(r->out, to, key, mlp_doc_new(r->out, MLP_DOC_MAP), n);
    if (is_set(lo))
        put_copy(r, map, mlp_node_bool(mlp_node_get(n, "include_min"), true) ? "min" : "above", lo);
    if (is_set(hi))
        put_copy(r, map, mlp_node_bool(mlp_node_get(n, "include_max"), true) ? "max" : "below", hi);
}

static void put_values(struct reader *r, struct mlp_node *to, const char *key, enum form form,
                       const struct mlp_node *n)
{
    struct mlp_node *list;
    if (form == LIST && n->type != MLP_DOC_LIST) {
        fault(r, n, "expected a list");
    } else if (form == LIST) {
        put_copy(r, to, key, n);
    } else {
        list = mlp_import_put(r->out, to, key, mlp_doc_new(r->out, MLP_DOC_LIST), n);
        mlp_import_push(r->out, list, mlp_import_copy(r->out, n));
    }
}

static void put_rule(struct reader *r, struct mlp_node *to, size_t kind, const struct mlp_node *n)
{
    enum form form = checks[kind].form;
    const char *key = checks[kind].native;
    const struct mlp_node *x = argument_of(n, checks[kind].argument);
    if (r->dated && form <= RANGE) {
        fault(r, n, "times are not compared here: declare the column in a native file");
    } else if (form == RANGE || form == LENGTH) {
        put_range_of(r, to, key, n);
    } else if (!x) {
        fault(r, n, "expected a value");
    } else if (form == VALUE) {
        put_copy(r, to, key, x);
    } else if (form == ONE || form == LIST) {
        put_values(r, to, key, form, x);
    } else if (x->type != MLP_DOC_TEXT) {
        fault(r, n, "expected a text");
    } else {
        put_pattern(r, to, key, form, x);
    }
}

/* Options stand under "options" or, since 0.35, among the arguments. */
static const struct mlp_node *option_of(const struct mlp_node *n, const char *name)
{
    const struct mlp_node *options = mlp_node_get(n, "options");
    return mlp_node_get(options ? options : n, name);
}

/* Groups and other turns of a check are refused, and so is a missing value that fails it although
 * the column may have some. */
static void check_options(struct reader *r, const struct mlp_node *n)
{
    static const char *const known[] = {
        "value", "min_value", "max_value", "include_min", "include_max", "exact_value",
        "allowed_values", "forbidden_values", "pattern", "string", "values", "options",
        "check_name", "raise_warning", "ignore_na", "error", "n_failure_cases", "title",
        "description", "statistics", NULL};
    const struct mlp_node *missing = option_of(n, "ignore_na");
    if (n->type != MLP_DOC_MAP || mlp_node_known(r->in, n, known, r->e) != MLP_OK)
        return;
    if (mlp_node_get(n, "options"))
        mlp_node_known(r->in, mlp_node_get(n, "options"), known, r->e);
    if (r->nullable && !mlp_node_bool(missing, true))
        fault(r, missing,
              "missing values pass checks here: make the column one that is not nullable");
}

static void read_check(struct reader *r, struct mlp_str name, const struct mlp_node *n)
{
    struct mlp_str error = mlp_node_str(option_of(n, "error"), "");
    size_t kind = 0;
    while (kind < NCHECKS && !mlp_str_is(name, checks[kind].name))
        kind++;
    if (kind == NCHECKS) {
        mlp_node_error(r->in, n, r->e, "checks: \"%.*s\" is not one of pandera's own that can be "
                       "read; say it as a rule of mlp-rules(5)", MLP_STR_ARG(name));
        return;
    }
    check_options(r, n);
    struct mlp_node *check = mlp_import_check(r->out, n);
    mlp_import_put(r->out, check, "column", mlp_doc_new_str(r->out, r->name), n);
    mlp_import_put(r->out, check, "name", mlp_doc_new_str(r->out, error.n ? error : name), n);
    if (mlp_node_bool(option_of(n, "raise_warning"), false))
        put_text(r, check, "severity", "warn", n);
    put_rule(r, check, kind, n);
}

/* A map by name, or since 0.2x a list whose options have the name. */
static void read_checks(struct reader *r, const struct mlp_node *list)
{
    if (!is_set(list))
        return;
    if (list->type != MLP_DOC_LIST && list->type != MLP_DOC_MAP) {
        fault(r, list, "expected checks by name");
        return;
    }
    for (const struct mlp_node *n = list->child; n && !failed(r); n = n->next) {
        struct mlp_str name = mlp_node_str(option_of(n, "check_name"), "");
        read_check(r, list->type == MLP_DOC_MAP ? n->key : name, n);
    }
}

/* ---- columns */

/* To pandas a missing value is equal to another. */
static void put_unique(struct reader *r, struct mlp_node *column, const struct mlp_node *n)
{
    if (!r->nullable) {
        put_text(r, column, "unique", r->later ? "later" : "all", n);
        return;
    }
    struct mlp_node *check = mlp_import_check(r->out, n);
    struct mlp_node *list = mlp_import_put(r->out, check, "columns",
                                           mlp_doc_new(r->out, MLP_DOC_LIST), n);
    mlp_import_push(r->out, list, mlp_doc_new_str(r->out, r->name));
    put_text(r, check, "unique", "all", n);
    put_text(r, check, "skip", "never", n);
}

/* What of a column is no check; the first three are told of as not used. */
static const char *const own[] = {"coerce", "default", "drop_invalid_rows", "title", "description",
                                  "dtype", "nullable", "checks", "unique", "required", "regex",
                                  "metadata", "name"};
enum { UNUSED = 3, OWN = sizeof own / sizeof *own };

/* Since 0.35 checks stand among the column's keys. */
static void read_keys(struct reader *r, const struct mlp_node *column)
{
    for (const struct mlp_node *n = column->child; n && !failed(r); n = n->next) {
        size_t i = 0;
        while (i < OWN && !mlp_str_is(n->key, own[i]))
            i++;
        if (i < UNUSED && is_set(n))
            mlp_import_note(r->notes, n, "%s is not used: the table is checked and not changed",
                            own[i]);
        if (i == OWN)
            read_check(r, n->key, n);
    }
}

static void read_column(struct reader *r, const struct mlp_node *n)
{
    if (n->type != MLP_DOC_MAP) {
        fault(r, n, "expected a column, {dtype: ...}");
        return;
    }
    struct mlp_node *column = mlp_import_column(r->out, n->key, n);
    r->name = n->key;
    r->dated = false;
    r->nullable = is_true(n, "nullable");
    if (is_true(n, "regex"))
        fault(r, mlp_node_get(n, "regex"), "columns by a regular expression cannot be read");
    if (!mlp_node_bool(mlp_node_get(n, "required"), true))
        put_true(r, column, "optional", n);
    put_type(r, column, mlp_node_get(n, "dtype"));
    if (!r->nullable)
        put_true(r, column, "required", n);
    if (is_true(n, "unique"))
        put_unique(r, column, mlp_node_get(n, "unique"));
    read_checks(r, mlp_node_get(n, "checks"));
    read_keys(r, n);
}

/* ---- the table */

static void put_names(struct reader *r, struct mlp_node *check, const struct mlp_node *n)
{
    struct mlp_node *list = mlp_import_put(r->out, check, "columns",
                                           mlp_doc_new(r->out, MLP_DOC_LIST), n);
    for (const struct mlp_node *x = n->type == MLP_DOC_LIST ? n->child : n; x && !failed(r);
         x = x == n ? NULL : x->next) {
        if (x->type != MLP_DOC_TEXT)
            fault(r, n, "expected a column or a list of columns");
        else
            mlp_import_push(r->out, list, mlp_doc_new_str(r->out, x->text));
    }
    put_text(r, check, "unique", "all", n);
    put_text(r, check, "skip", "never", n);
}

static void read_mode(struct reader *r)
{
    const struct mlp_node *strict = mlp_node_get(r->in->root, "strict");
    const struct mlp_node *ordered = mlp_node_get(r->in->root, "ordered");
    const struct mlp_node *unique = mlp_node_get(r->in->root, "unique");
    struct mlp_node *input = mlp_import_section(r->out, r->out->root, "input", MLP_DOC_MAP);
    bool exact = mlp_node_bool(strict, false), in_order = mlp_node_bool(ordered, false);
    if (strict && strict->type == MLP_DOC_TEXT)
        mlp_import_note(r->notes, strict, "strict: other columns are let through, not taken out");
    if (in_order && !exact)
        fault(r, ordered, "an order is kept here only by strict schemas");
    put_text(r, input, "columns", !exact ? "superset" : in_order ? "ordered" : "exact", strict);
    if (is_set(unique))
        put_names(r, mlp_import_check(r->out, unique), unique);
}

/* An index that a table without one has: numbers from 0. */
static void check_index(struct reader *r, const struct mlp_node *list)
{
    for (const struct mlp_node *n = is_set(list) ? list->child : NULL; n && !failed(r);
         n = n->next) {
        struct mlp_str type = mlp_node_str(mlp_node_get(n, "dtype"), "int64");
        if (is_set(mlp_node_get(n, "name")) || is_set(mlp_node_get(n, "checks")) ||
            !mlp_str_is(type, "int64"))
            fault(r, list, "a table has no index: make it a column");
    }
}

static void read_table(struct reader *r)
{
    static const char *const known[] = {
        "schema_type", "api", "version", "columns", "checks", "index", "dtype", "coerce", "strict",
        "name", "ordered", "unique", "report_duplicates", "unique_column_names",
        "add_missing_columns", "title", "description", "metadata", "drop_invalid_rows", NULL};
    static const char *const refused[] = {"checks", "dtype"};
    static const char *const unused[] = {"coerce", "unique_column_names", "add_missing_columns",
                                         "drop_invalid_rows"};
    const struct mlp_node *root = r->in->root, *columns = mlp_node_get(root, "columns");
    if (mlp_node_known(r->in, root, known, r->e) != MLP_OK)
        return;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        if (is_set(mlp_node_get(root, refused[i])))
            fault(r, mlp_node_get(root, refused[i]), "of the whole table it cannot be read");
    for (size_t i = 0; i < sizeof unused / sizeof *unused; i++)
        if (is_set(mlp_node_get(root, unused[i])))
            mlp_import_note(r->notes, mlp_node_get(root, unused[i]), "%s is not used", unused[i]);
    check_index(r, mlp_node_get(root, "index"));
    if (!columns || columns->type != MLP_DOC_MAP)
        fault(r, columns ? columns : root, "expected columns by name");
    for (const struct mlp_node *n = columns ? columns->child : NULL; n && !failed(r); n = n->next)
        read_column(r, n);
    if (!failed(r))
        read_mode(r);
}

enum mlp_code mlp_import_pandera(const struct mlp_doc *in, struct mlp_doc *out,
                                 struct mlp_import_notes *notes, struct mlp_err *e)
{
    struct mlp_str copies = mlp_node_str(mlp_node_get(in->root, "report_duplicates"), "all");
    struct reader r = {.in = in, .out = out, .notes = notes, .e = e};
    r.later = mlp_str_is(copies, "exclude_first");
    mlp_import_start(out);
    read_table(&r);
    return e->code == MLP_OK ? mlp_import_done(out, e) : e->code;
}
