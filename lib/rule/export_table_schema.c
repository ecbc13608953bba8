/* export_table_schema.c: native rules as a Table Schema (Frictionless, v2). */
#include "rule/compile.h"
#include "rule/export_walk.h"

static const char *const types[][2] = {
    {"any", "any"}, {"string", "string"}, {"int", "integer"}, {"float", "number"},
    {"number", "number"}, {"bool", "boolean"}, {"date", "date"}, {"datetime", "datetime"},
};

static struct mlp_node *constraints_of(struct mlp_export *x, struct mlp_node *field)
{
    return mlp_import_section(&x->d, field, "constraints", MLP_DOC_MAP);
}

static struct mlp_node *put_column(struct mlp_export *x, struct mlp_str name,
                                   const struct mlp_node *map)
{
    struct mlp_node *fields = mlp_import_section(&x->d, x->d.root, "fields", MLP_DOC_LIST);
    struct mlp_node *field = mlp_import_push(&x->d, fields, mlp_doc_new(&x->d, MLP_DOC_MAP));
    struct mlp_str type = mlp_node_str(mlp_node_get(map, "type"), "any");
    mlp_import_put(&x->d, field, "name", mlp_doc_new_str(&x->d, name), NULL);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (mlp_str_is(type, types[i][0]))
            mlp_export_text(x, field, "type", types[i][1]);
    mlp_export_put(x, field, "description", mlp_node_get(map, "description"));
    mlp_export_put(x, field, "missingValues", mlp_node_get(map, "missing_values"));
    if (mlp_node_bool(mlp_node_get(map, "required"), false))
        mlp_export_flag(x, constraints_of(x, field), "required", true);
    if (mlp_node_bool(mlp_node_get(map, "optional"), false) &&
        !mlp_str_is(mlp_export_mode(x), "subset"))
        mlp_import_note(x->notes, mlp_node_get(map, "optional"),
                        "left out: Table Schema cannot say that column %.*s may be absent",
                        MLP_STR_ARG(name));
    return field;
}

/* The whole value has to match there, a part of it here. */
static bool put_pattern(struct mlp_export *x, struct mlp_node *field, const struct mlp_node *n)
{
    struct mlp_buf b;
    struct mlp_str s = n->text;
    bool whole = mlp_str_starts(s, "\\A(?:") && mlp_str_ends(s, ")\\z");
    if (n->type != MLP_DOC_TEXT || mlp_node_get(constraints_of(x, field), "pattern"))
        return false;
    mlp_buf_init(&b, MLP_RULES_BYTES);
    if (whole)
        mlp_buf_addstr(&b, (struct mlp_str){s.p + 5, s.n - 8});
    else
        mlp_buf_addf(&b, ".*(?:%.*s).*", MLP_STR_ARG(s));
    mlp_import_put(&x->d, constraints_of(x, field), "pattern",
                   mlp_doc_new_str(&x->d, mlp_buf_str(&b)), NULL);
    mlp_buf_fini(&b);
    return true;
}

static bool put_ends(struct mlp_export *x, struct mlp_node *field, const struct mlp_node *n)
{
    struct mlp_export_bounds b = mlp_export_bounds_of(n);
    const char *lo = b.open_lo ? "exclusiveMinimum" : "minimum";
    const char *hi = b.open_hi ? "exclusiveMaximum" : "maximum";
    if (mlp_node_get(constraints_of(x, field), lo) || mlp_node_get(constraints_of(x, field), hi))
        return false;
    mlp_export_put(x, constraints_of(x, field), lo, b.lo);
    mlp_export_put(x, constraints_of(x, field), hi, b.hi);
    return true;
}

static bool put_length(struct mlp_export *x, struct mlp_node *field, const struct mlp_node *n)
{
    struct mlp_export_bounds b = mlp_export_bounds_of(n);
    struct mlp_node *to = constraints_of(x, field);
    if (b.open_lo || b.open_hi)
        return false;
    mlp_export_put(x, to, "minLength", b.lo);
    mlp_export_put(x, to, "maxLength", b.hi);
    return true;
}

/* A field has one constraint of a name. */
static bool put_once(struct mlp_export *x, struct mlp_node *field, const char *key,
                     const struct mlp_node *n)
{
    if (mlp_node_get(constraints_of(x, field), key))
        return false;
    mlp_export_put(x, constraints_of(x, field), key, n);
    return true;
}

static bool put_unique(struct mlp_export *x, struct mlp_node *field)
{
    if (!mlp_node_get(constraints_of(x, field), "unique"))
        mlp_export_flag(x, constraints_of(x, field), "unique", true);
    return true;
}

static bool put_rule(struct mlp_export *x, struct mlp_node *field, const struct mlp_node *n)
{
    static const char *const same[][2] = {
        {"min", "minimum"}, {"above", "exclusiveMinimum"}, {"max", "maximum"},
        {"below", "exclusiveMaximum"}, {"in", "enum"},
    };
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        if (!mlp_str_is(n->key, same[i][0]))
            continue;
        return put_once(x, field, same[i][1], n);
    }
    if (mlp_str_is(n->key, "unique") && !mlp_str_is(n->text, "all"))
        return put_unique(x, field);
    if (mlp_str_is(n->key, "between"))
        return put_ends(x, field, n);
    if (mlp_str_is(n->key, "length"))
        return put_length(x, field, n);
    return mlp_str_is(n->key, "match") && put_pattern(x, field, n);
}

static bool put_key(struct mlp_export *x, const struct mlp_node *columns)
{
    mlp_import_push(&x->d, mlp_import_section(&x->d, x->d.root, "uniqueKeys", MLP_DOC_LIST),
                    mlp_import_copy(&x->d, columns));
    return true;
}

/* Which columns there may be, and the texts that mean missing beside the empty one. */
static void put_head(struct mlp_export *x)
{
    static const char *const modes[][2] = {{"any", "subset"}, {"superset", "subset"},
                                           {"exact", "equal"}, {"ordered", "exact"},
                                           {"subset", "superset"}};
    const struct mlp_node *nulls = mlp_node_path(x->native, "input", "null", NULL);
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
        if (mlp_str_is(mlp_export_mode(x), modes[i][0]))
            mlp_export_text(x, x->d.root, "fieldsMatch", modes[i][1]);
    if (!nulls)
        return;
    struct mlp_node *list = mlp_import_put(&x->d, x->d.root, "missingValues",
                                           mlp_doc_new(&x->d, MLP_DOC_LIST), NULL);
    mlp_import_push(&x->d, list, mlp_doc_new_text(&x->d, ""));
    for (const struct mlp_node *n = nulls->child; n; n = n->next)
        mlp_import_push(&x->d, list, mlp_doc_new_str(&x->d, n->text));
}

enum mlp_code mlp_export_table_schema(const struct mlp_doc *native, struct mlp_buf *out,
                                      struct mlp_import_notes *notes, struct mlp_err *e)
{
    static const struct mlp_export_to to = {"Table Schema", put_column, put_rule, put_key};
    struct mlp_export x = {.to = &to, .notes = notes, .native = native->root};
    mlp_doc_init(&x.d, native->source, MLP_RULES_BYTES * 8);
    x.d.root = mlp_doc_new(&x.d, MLP_DOC_MAP);
    mlp_export_text(&x, x.d.root, "$schema",
                    "https://datapackage.org/profiles/2.0/tableschema.json");
    put_head(&x);
    mlp_import_section(&x.d, x.d.root, "fields", MLP_DOC_LIST);
    if (native->root && x.d.root)
        mlp_export_walk(&x);
    enum mlp_code code = mlp_import_done(&x.d, e);
    if (code == MLP_OK) {
        mlp_node_write_json(x.d.root, out, 2, false);
        mlp_buf_addc(out, '\n');
        code = mlp_buf_check(out, e);
    }
    mlp_doc_fini(&x.d);
    return code;
}
