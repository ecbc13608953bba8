/* export_pandera.c: native rules as a schema of pandera, as pandera.io.to_yaml writes it. */
#include "rule/compile.h"
#include "rule/export_walk.h"

static const char *const types[][2] = {
    {"string", "str"}, {"int", "int64"}, {"float", "float64"}, {"number", "float64"},
    {"bool", "bool"}, {"date", "datetime64[ns]"}, {"datetime", "datetime64[ns]"},
};

/* int64 has no missing values in pandas, Int64 has; and so has boolean. */
static const char *type_of(struct mlp_str native, bool nullable)
{
    if (nullable && mlp_str_is(native, "int"))
        return "Int64";
    if (nullable && mlp_str_is(native, "bool"))
        return "boolean";
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (mlp_str_is(native, types[i][0]))
            return types[i][1];
    return NULL;
}

static struct mlp_node *put_column(struct mlp_export *x, struct mlp_str name,
                                   const struct mlp_node *map)
{
    struct mlp_node *all = mlp_import_section(&x->d, x->d.root, "columns", MLP_DOC_MAP);
    struct mlp_node *column = mlp_import_put_str(&x->d, all, name,
                                                 mlp_doc_new(&x->d, MLP_DOC_MAP), NULL);
    bool nullable = !mlp_node_bool(mlp_node_get(map, "required"), false);
    const char *type = type_of(mlp_node_str(mlp_node_get(map, "type"), "any"), nullable);
    bool optional = mlp_node_bool(mlp_node_get(map, "optional"), false) ||
                    mlp_str_is(mlp_export_mode(x), "subset");
    if (type)
        mlp_export_text(x, column, "dtype", type);
    else
        mlp_import_put(&x->d, column, "dtype", mlp_doc_new(&x->d, MLP_DOC_NULL), NULL);
    mlp_export_flag(x, column, "nullable", nullable);
    mlp_export_flag(x, column, "required", !optional);
    mlp_export_put(x, column, "description", mlp_node_get(map, "description"));
    if (mlp_node_get(map, "missing_values"))
        mlp_import_note(x->notes, mlp_node_get(map, "missing_values"),
                        "left out: pandera cannot say missing_values: give them to read_csv");
    return column;
}

static struct mlp_node *check_of(struct mlp_export *x, struct mlp_node *column, const char *name)
{
    struct mlp_node *checks = mlp_import_section(&x->d, column, "checks", MLP_DOC_MAP);
    if (mlp_node_get(checks, name))
        return NULL;
    return mlp_import_put(&x->d, checks, name, mlp_doc_new(&x->d, MLP_DOC_MAP), NULL);
}

static bool is_dated(const struct mlp_node *column)
{
    return mlp_str_starts(mlp_node_str(mlp_node_get(column, "dtype"), ""), "datetime");
}

/* {min_value: ..., max_value: ..., include_min: ...} */
static bool put_range(struct mlp_export *x, struct mlp_node *column, const struct mlp_node *n)
{
    struct mlp_export_bounds b = mlp_export_bounds_of(n);
    struct mlp_node *check = b.lo && b.hi ? check_of(x, column, "in_range") : NULL;
    if (!check)
        return false;
    mlp_export_put(x, check, "min_value", b.lo);
    mlp_export_put(x, check, "max_value", b.hi);
    mlp_export_flag(x, check, "include_min", !b.open_lo);
    mlp_export_flag(x, check, "include_max", !b.open_hi);
    return true;
}

static bool put_length(struct mlp_export *x, struct mlp_node *column, const struct mlp_node *n)
{
    struct mlp_export_bounds b = mlp_export_bounds_of(n);
    struct mlp_node *check = b.open_lo || b.open_hi ? NULL : check_of(x, column, "str_length");
    if (!check)
        return false;
    mlp_export_put(x, check, "min_value", b.lo);
    mlp_export_put(x, check, "max_value", b.hi);
    return true;
}

/* One word says for the whole schema whether the first of several copies is one. */
static bool put_unique(struct mlp_export *x, const char *which)
{
    struct mlp_str was = mlp_node_str(mlp_node_get(x->d.root, "report_duplicates"), which);
    if (!mlp_str_is(was, which))
        return false;
    if (!mlp_node_get(x->d.root, "report_duplicates"))
        mlp_export_text(x, x->d.root, "report_duplicates", which);
    return true;
}

static bool put_rule(struct mlp_export *x, struct mlp_node *column, const struct mlp_node *n)
{
    static const char *const same[][2] = {
        {"min", "greater_than_or_equal_to"}, {"above", "greater_than"},
        {"max", "less_than_or_equal_to"}, {"below", "less_than"}, {"in", "isin"},
        {"not_in", "notin"}, {"match", "str_contains"},
    };
    if (is_dated(column) && !mlp_str_is(n->key, "unique"))
        return false;
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        if (!mlp_str_is(n->key, same[i][0]))
            continue;
        bool list = mlp_str_is(n->key, "match") && n->type == MLP_DOC_LIST;
        struct mlp_node *check = list ? NULL : check_of(x, column, same[i][1]);
        mlp_export_put(x, check, "value", n);
        return check != NULL;
    }
    if (mlp_str_is(n->key, "unique")) {
        if (!put_unique(x, mlp_str_is(n->text, "all") ? "all" : "exclude_first"))
            return false;
        mlp_export_flag(x, column, "unique", true);
        return true;
    }
    if (mlp_str_is(n->key, "between"))
        return put_range(x, column, n);
    return mlp_str_is(n->key, "length") && put_length(x, column, n);
}

static bool put_key(struct mlp_export *x, const struct mlp_node *columns)
{
    if (mlp_node_get(x->d.root, "unique") || !put_unique(x, "exclude_first"))
        return false;
    mlp_export_put(x, x->d.root, "unique", columns);
    return true;
}

static void put_mode(struct mlp_export *x)
{
    struct mlp_str mode = mlp_export_mode(x);
    bool ordered = mlp_str_is(mode, "ordered");
    mlp_export_flag(x, x->d.root, "strict", ordered || mlp_str_is(mode, "exact") ||
                                                mlp_str_is(mode, "subset"));
    mlp_export_flag(x, x->d.root, "ordered", ordered);
}

enum mlp_code mlp_export_pandera(const struct mlp_doc *native, struct mlp_buf *out,
                                 struct mlp_import_notes *notes, struct mlp_err *e)
{
    static const struct mlp_export_to to = {"pandera", put_column, put_rule, put_key};
    struct mlp_export x = {.to = &to, .notes = notes, .native = native->root};
    mlp_doc_init(&x.d, native->source, MLP_RULES_BYTES * 8);
    x.d.root = mlp_doc_new(&x.d, MLP_DOC_MAP);
    mlp_export_text(&x, x.d.root, "schema_type", "dataframe");
    mlp_export_text(&x, x.d.root, "version", "0.20.4");
    mlp_import_section(&x.d, x.d.root, "columns", MLP_DOC_MAP);
    if (native->root && x.d.root)
        mlp_export_walk(&x);
    put_mode(&x);
    enum mlp_code code = mlp_import_done(&x.d, e);
    if (code == MLP_OK) {
        mlp_node_write_yaml(x.d.root, out);
        code = mlp_buf_check(out, e);
    }
    mlp_doc_fini(&x.d);
    return code;
}
