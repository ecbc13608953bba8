/* export_json_schema.c: native rules as a JSON Schema of a row, draft 2020-12: a member for each
 * column, null where a value is missing; keys with qsv's word for them. */
#include "rule/compile.h"
#include "rule/export_walk.h"

static const struct {
    const char *native, *type, *format;
} types[] = {
    {"string", "string", NULL}, {"int", "integer", NULL}, {"float", "number", NULL},
    {"number", "number", NULL}, {"bool", "boolean", NULL}, {"date", "string", "date"},
    {"datetime", "string", "date-time"},
};

/* A further condition beside those that are there. */
static struct mlp_node *more(struct mlp_export *x, struct mlp_node *property)
{
    struct mlp_node *all = mlp_import_section(&x->d, property, "allOf", MLP_DOC_LIST);
    return mlp_import_push(&x->d, all, mlp_doc_new(&x->d, MLP_DOC_MAP));
}

static void put_type(struct mlp_export *x, struct mlp_node *property, struct mlp_str native,
                     bool required)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (!mlp_str_is(native, types[i].native))
            continue;
        struct mlp_node *list = mlp_import_put(&x->d, property, "type",
                                               mlp_doc_new(&x->d, MLP_DOC_LIST), NULL);
        mlp_import_push(&x->d, list, mlp_doc_new_text(&x->d, types[i].type));
        if (!required)
            mlp_import_push(&x->d, list, mlp_doc_new_text(&x->d, "null"));
        if (types[i].format)
            mlp_export_text(x, property, "format", types[i].format);
        return;
    }
    if (required) {
        struct mlp_node *not = mlp_import_put(&x->d, more(x, property), "not",
                                              mlp_doc_new(&x->d, MLP_DOC_MAP), NULL);
        mlp_export_text(x, not, "type", "null");
    }
}

static struct mlp_node *put_column(struct mlp_export *x, struct mlp_str name,
                                   const struct mlp_node *map)
{
    struct mlp_node *all = mlp_import_section(&x->d, x->d.root, "properties", MLP_DOC_MAP);
    struct mlp_node *property = mlp_import_put_str(&x->d, all, name,
                                                   mlp_doc_new(&x->d, MLP_DOC_MAP), NULL);
    bool optional = mlp_node_bool(mlp_node_get(map, "optional"), false);
    put_type(x, property, mlp_node_str(mlp_node_get(map, "type"), "any"),
             mlp_node_bool(mlp_node_get(map, "required"), false));
    mlp_export_put(x, property, "description", mlp_node_get(map, "description"));
    if (!optional && !mlp_str_is(mlp_export_mode(x), "subset"))
        mlp_import_push(&x->d, mlp_import_section(&x->d, x->d.root, "required", MLP_DOC_LIST),
                        mlp_doc_new_str(&x->d, name));
    return property;
}

static void put_ends(struct mlp_export *x, struct mlp_node *to, const struct mlp_node *n)
{
    struct mlp_export_bounds b = mlp_export_bounds_of(n);
    mlp_export_put(x, to, b.open_lo ? "exclusiveMinimum" : "minimum", b.lo);
    mlp_export_put(x, to, b.open_hi ? "exclusiveMaximum" : "maximum", b.hi);
}

/* A missing value is in every set. */
static void put_values(struct mlp_export *x, struct mlp_node *property, const struct mlp_node *n)
{
    bool in = mlp_str_is(n->key, "in");
    struct mlp_node *to = more(x, property);
    if (!in)
        to = mlp_import_put(&x->d, to, "not", mlp_doc_new(&x->d, MLP_DOC_MAP), NULL);
    struct mlp_node *list = mlp_import_put(&x->d, to, "enum", mlp_import_copy(&x->d, n), NULL);
    if (in)
        mlp_import_push(&x->d, list, mlp_doc_new(&x->d, MLP_DOC_NULL));
}

/* One of a list, all, or none. */
static void put_patterns(struct mlp_export *x, struct mlp_node *property, const struct mlp_node *n)
{
    bool list = n->type == MLP_DOC_LIST, none = mlp_str_is(n->key, "not_match");
    struct mlp_node *to = more(x, property);
    if (none)
        to = mlp_import_put(&x->d, to, "not", mlp_doc_new(&x->d, MLP_DOC_MAP), NULL);
    if (!list) {
        if (none)
            mlp_export_text(x, to, "type", "string");
        mlp_export_put(x, to, "pattern", n);
        return;
    }
    struct mlp_node *any = mlp_import_put(&x->d, to, mlp_str_is(n->key, "match_all") ? "allOf"
                                                                                     : "anyOf",
                                          mlp_doc_new(&x->d, MLP_DOC_LIST), NULL);
    for (const struct mlp_node *p = n->child; p; p = p->next) {
        struct mlp_node *one = mlp_import_push(&x->d, any, mlp_doc_new(&x->d, MLP_DOC_MAP));
        if (none)
            mlp_export_text(x, one, "type", "string");
        mlp_export_put(x, one, "pattern", p);
    }
}

/* A second bound of the same name is a condition of its own. */
static bool put_member(struct mlp_export *x, struct mlp_node *property, const char *key,
                       const struct mlp_node *n)
{
    mlp_export_put(x, mlp_node_get(property, key) ? more(x, property) : property, key, n);
    return true;
}

static bool is_text(const struct mlp_node *n)
{
    return n && n->type == MLP_DOC_TEXT;
}

static bool put_rule(struct mlp_export *x, struct mlp_node *property, const struct mlp_node *n)
{
    static const char *const ends[][2] = {{"min", "minimum"}, {"above", "exclusiveMinimum"},
                                          {"max", "maximum"}, {"below", "exclusiveMaximum"}};
    struct mlp_export_bounds b = mlp_export_bounds_of(n);
    for (size_t i = 0; i < 4; i++)
        if (mlp_str_is(n->key, ends[i][0]) && !is_text(n))
            return put_member(x, property, ends[i][1], n);
    if (mlp_str_is(n->key, "between") && !is_text(b.lo) && !is_text(b.hi)) {
        put_ends(x, more(x, property), n);
    } else if (mlp_str_is(n->key, "in") || mlp_str_is(n->key, "not_in")) {
        put_values(x, property, n);
    } else if (mlp_str_is(n->key, "match") || mlp_str_is(n->key, "match_all") ||
               mlp_str_is(n->key, "not_match")) {
        put_patterns(x, property, n);
    } else if (mlp_str_is(n->key, "length") && !b.open_lo && !b.open_hi) {
        mlp_export_put(x, property, "minLength", b.lo);
        mlp_export_put(x, property, "maxLength", b.hi);
    } else {
        return false;
    }
    return true;
}

static bool put_key(struct mlp_export *x, const struct mlp_node *columns)
{
    if (mlp_node_get(x->d.root, "uniqueCombinedWith"))
        return false;
    mlp_export_put(x, x->d.root, "uniqueCombinedWith", columns);
    return true;
}

static void put_mode(struct mlp_export *x)
{
    struct mlp_str mode = mlp_export_mode(x);
    const struct mlp_node *n = mlp_node_path(x->native, "input", "columns", NULL);
    bool closed = mlp_str_is(mode, "exact") || mlp_str_is(mode, "ordered") ||
                  mlp_str_is(mode, "subset");
    if (closed)
        mlp_export_flag(x, x->d.root, "additionalProperties", false);
    if (mlp_str_is(mode, "ordered"))
        mlp_import_note(x->notes, n, "left out: JSON Schema cannot say the order of columns");
}

enum mlp_code mlp_export_json_schema(const struct mlp_doc *native, struct mlp_buf *out,
                                     struct mlp_import_notes *notes, struct mlp_err *e)
{
    static const struct mlp_export_to to = {"JSON Schema", put_column, put_rule, put_key};
    struct mlp_export x = {.to = &to, .notes = notes, .native = native->root};
    mlp_doc_init(&x.d, native->source, MLP_RULES_BYTES * 8);
    x.d.root = mlp_doc_new(&x.d, MLP_DOC_MAP);
    mlp_export_text(&x, x.d.root, "$schema", "https://json-schema.org/draft/2020-12/schema");
    mlp_export_put(&x, x.d.root, "description", mlp_node_get(native->root, "description"));
    mlp_export_text(&x, x.d.root, "type", "object");
    mlp_import_section(&x.d, x.d.root, "properties", MLP_DOC_MAP);
    if (native->root && x.d.root)
        mlp_export_walk(&x);
    put_mode(&x);
    enum mlp_code code = mlp_import_done(&x.d, e);
    if (code == MLP_OK) {
        mlp_node_write_json(x.d.root, out, 2, false);
        mlp_buf_addc(out, '\n');
        code = mlp_buf_check(out, e);
    }
    mlp_doc_fini(&x.d);
    return code;
}
