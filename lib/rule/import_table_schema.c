/* import_table_schema.c: Table Schema, resources and packages as native rules. */
#include "rule/import_table_schema.h"

#include "rule/compile.h"

struct reader {
    const struct mlp_doc *in;     /* where the schema stands */
    struct mlp_doc *out;
    struct mlp_import_notes *notes;
    struct mlp_err *e;
    const struct mlp_node *package, *resource, *schema; /* the first two may be NULL */
    struct mlp_node *column;      /* of the field at hand */
};

static bool is_list(const struct mlp_node *n)
{
    return n && n->type == MLP_DOC_LIST;
}

bool mlp_import_is_table_schema(const struct mlp_node *root)
{
    const struct mlp_node *schema = mlp_node_get(root, "schema");
    return is_list(mlp_node_get(root, "fields")) || is_list(mlp_node_get(root, "resources")) ||
           is_list(mlp_node_get(schema, "fields")) ||
           (schema && schema->type == MLP_DOC_TEXT && mlp_node_get(root, "path"));
}

static bool failed(const struct reader *r)
{
    return r->e->code != MLP_OK;
}

static void fault(struct reader *r, const struct mlp_node *n, const char *expected)
{
    mlp_node_error(r->in, n, r->e, "%.*s%sexpected %s", n ? (int)n->key.n : 0,
                   n && n->key.n ? n->key.p : "", n && n->key.n ? ": " : "", expected);
}

static void put(struct reader *r, struct mlp_node *map, const char *key, const struct mlp_node *v)
{
    if (v)
        mlp_import_put(r->out, map, key, mlp_import_copy(r->out, v), v);
}

static void put_text(struct reader *r, struct mlp_node *map, const char *key, const char *text,
                     const struct mlp_node *from)
{
    mlp_import_put(r->out, map, key, mlp_doc_new_text(r->out, text), from);
}

static struct mlp_node *put_map(struct reader *r, struct mlp_node *map, const char *key,
                                const struct mlp_node *from)
{
    return mlp_import_put(r->out, map, key, mlp_doc_new(r->out, MLP_DOC_MAP), from);
}

/* ---- fields */

/* What of a field says how its texts are read, by the names of both sides. */
static void put_reading(struct reader *r, struct mlp_node *reads, const struct mlp_node *field)
{
    static const char *const names[][2] = {
        {"format", "format"}, {"decimalChar", "decimal"}, {"groupChar", "group"},
        {"bareNumber", "bare"}, {"trueValues", "true"}, {"falseValues", "false"},
        {"delimiter", "separator"}, {"itemType", "item"},
    };
    const struct mlp_node *type = mlp_node_get(field, "type");
    if (type)
        put(r, reads, "as", type);
    else
        put_text(r, reads, "as", "any", field);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        put(r, reads, names[i][1], mlp_node_get(field, names[i][0]));
}

/* A check of its own for one bound, so that it has its own name. */
static void put_bound(struct reader *r, const struct mlp_node *field, const struct mlp_node *bound,
                      const char *key)
{
    struct mlp_node *check = mlp_import_check(r->out, bound);
    put(r, check, "column", mlp_node_get(field, "name"));
    mlp_import_put(r->out, check, "name", mlp_doc_new_str(r->out, bound->key), bound);
    put(r, check, "missing_values", mlp_node_get(r->column, "missing_values"));
    struct mlp_node *reads = put_map(r, check, "reads", bound);
    put_reading(r, reads, field);
    put(r, reads, key, bound);
    mlp_import_put(r->out, reads, "bounds_only", mlp_doc_new_bool(r->out, true), bound);
}

/* Table Schema matches the whole value. */
static void put_pattern(struct reader *r, const struct mlp_node *n)
{
    struct mlp_buf b;
    mlp_buf_init(&b, MLP_RULES_BYTES);
    mlp_buf_adds(&b, "\\A(?:");
    mlp_buf_addstr(&b, n->text);
    mlp_buf_adds(&b, ")\\z");
    mlp_import_put(r->out, r->column, "match", mlp_doc_new_str(r->out, mlp_buf_str(&b)), n);
    mlp_buf_fini(&b);
}

static void put_length(struct reader *r, const struct mlp_node *constraints)
{
    const struct mlp_node *least = mlp_node_get(constraints, "minLength");
    const struct mlp_node *most = mlp_node_get(constraints, "maxLength");
    if (!least && !most)
        return;
    struct mlp_node *length = put_map(r, r->column, "length", least ? least : most);
    put(r, length, "min", least);
    put(r, length, "max", most);
}

static void put_constraints(struct reader *r, const struct mlp_node *field,
                            const struct mlp_node *constraints)
{
    static const char *const bounds[][2] = {
        {"minimum", "min"}, {"maximum", "max"}, {"exclusiveMinimum", "above"},
        {"exclusiveMaximum", "below"}, {"enum", "in"},
    };
    static const char *const known[] = {"required", "unique", "minLength", "maxLength", "minimum",
                                        "maximum", "exclusiveMinimum", "exclusiveMaximum",
                                        "pattern", "enum", NULL};
    if (!constraints || mlp_node_known(r->in, constraints, known, r->e) != MLP_OK)
        return;
    if (mlp_node_bool(mlp_node_get(constraints, "required"), false))
        put(r, r->column, "required", mlp_node_get(constraints, "required"));
    if (mlp_node_bool(mlp_node_get(constraints, "unique"), false))
        put_text(r, r->column, "unique", "later", mlp_node_get(constraints, "unique"));
    if (mlp_node_get(constraints, "pattern"))
        put_pattern(r, mlp_node_get(constraints, "pattern"));
    put_length(r, constraints);
    for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++)
        if (mlp_node_get(constraints, bounds[i][0]))
            put_bound(r, field, mlp_node_get(constraints, bounds[i][0]), bounds[i][1]);
}

/* v2: a list of values, or of {value, label}. */
static void put_categories(struct reader *r, const struct mlp_node *field,
                           const struct mlp_node *list)
{
    struct mlp_node *in = is_list(list)
                              ? mlp_import_put(r->out, r->column, "in",
                                               mlp_doc_new(r->out, MLP_DOC_LIST), list)
                              : NULL;
    (void)field;
    for (const struct mlp_node *n = in ? list->child : NULL; n; n = n->next) {
        const struct mlp_node *value = n->type == MLP_DOC_MAP ? mlp_node_get(n, "value") : n;
        mlp_node_push(in, mlp_import_copy(r->out, value));
    }
}

static void read_field(struct reader *r, const struct mlp_node *field)
{
    const struct mlp_node *name = mlp_node_get(field, "name");
    const struct mlp_node *missing = mlp_node_get(field, "missingValues");
    if (!name || name->type != MLP_DOC_TEXT) {
        fault(r, field, "a field with a name");
        return;
    }
    r->column = mlp_import_column(r->out, name->text, field);
    missing = missing ? missing : mlp_node_get(r->schema, "missingValues");
    if (!mlp_str_is(mlp_node_str(mlp_node_get(r->schema, "fieldsMatch"), ""), "subset"))
        mlp_import_put(r->out, r->column, "optional", mlp_doc_new_bool(r->out, true), field);
    put(r, r->column, "missing_values", missing);
    put_reading(r, put_map(r, r->column, "reads", field), field);
    put_constraints(r, field, mlp_node_get(field, "constraints"));
    put_categories(r, field, mlp_node_get(field, "categories"));
}

/* ---- the header */

static void put_header(struct reader *r, const struct mlp_node *fields)
{
    static const char *const modes[][2] = {
        {"exact", "exact"}, {"equal", "exact"}, {"subset", "superset"}, {"superset", "subset"},
    };
    struct mlp_str match = mlp_node_str(mlp_node_get(r->schema, "fieldsMatch"), "exact");
    struct mlp_node *input = mlp_import_section(r->out, r->out->root, "input", MLP_DOC_MAP);
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
        if (mlp_str_is(match, modes[i][0]))
            put_text(r, input, "columns", modes[i][1], fields);
    put_text(r, input, "blank", "reject", fields);
    if (!mlp_str_is(match, "exact"))
        return;
    struct mlp_node *check = mlp_import_check(r->out, fields);
    put_text(r, check, "header", "ordered", fields);
    struct mlp_node *names = mlp_import_put(r->out, check, "names",
                                            mlp_doc_new(r->out, MLP_DOC_LIST), fields);
    for (const struct mlp_node *n = fields->child; n; n = n->next)
        mlp_node_push(names, mlp_import_copy(r->out, mlp_node_get(n, "name")));
}

/* ---- keys */

/* A name or a list of names, as a list. */
static struct mlp_node *names_of(struct reader *r, const struct mlp_node *n)
{
    struct mlp_node *list = mlp_doc_new(r->out, MLP_DOC_LIST);
    const struct mlp_node *x = is_list(n) ? n->child : n;
    for (; x && !failed(r); x = is_list(n) ? x->next : NULL) {
        if (x->type != MLP_DOC_TEXT)
            fault(r, n, "a field or a list of fields");
        mlp_node_push(list, mlp_import_place(mlp_doc_new_str(r->out, x->text), x));
    }
    return mlp_import_place(list, n);
}

static void put_key(struct reader *r, const struct mlp_node *n)
{
    mlp_node_push(mlp_import_section(r->out, r->out->root, "keys", MLP_DOC_LIST), names_of(r, n));
}

/* A primary key has no missing values. */
static void put_primary(struct reader *r, const struct mlp_node *n)
{
    put_key(r, n);
    for (const struct mlp_node *x = is_list(n) ? n->child : n; x && !failed(r);
         x = is_list(n) ? x->next : NULL) {
        struct mlp_node *column = mlp_import_column(r->out, x->text, x);
        if (!mlp_node_get(column, "required"))
            mlp_import_put(r->out, column, "required", mlp_doc_new_bool(r->out, true), n);
    }
}

static const struct mlp_node *find_resource(struct reader *r, const struct mlp_node *reference)
{
    struct mlp_str name = mlp_node_str(mlp_node_get(reference, "resource"), "");
    if (name.n == 0)
        return r->resource;
    const struct mlp_node *list = mlp_node_get(r->package, "resources");
    for (const struct mlp_node *n = list ? list->child : NULL; n; n = n->next)
        if (mlp_str_eq(mlp_node_str(mlp_node_get(n, "name"), ""), name))
            return n;
    return NULL;
}

/* A path beside the file that is read. */
static struct mlp_str beside(struct reader *r, struct mlp_str path, struct mlp_buf *b)
{
    struct mlp_str source = mlp_str_from(r->in->source);
    while (source.n && source.p[source.n - 1] != '/')
        source.n--;
    mlp_buf_addstr(b, path.n && path.p[0] == '/' ? (struct mlp_str){"", 0} : source);
    mlp_buf_addstr(b, path);
    return mlp_buf_str(b);
}

static void put_foreign(struct reader *r, const struct mlp_node *key)
{
    const struct mlp_node *reference = mlp_node_get(key, "reference");
    const struct mlp_node *resource = find_resource(r, reference);
    struct mlp_str path = mlp_node_str(mlp_node_get(resource, "path"), "");
    struct mlp_buf b;
    if (!mlp_node_get(key, "fields") || !mlp_node_get(reference, "fields")) {
        fault(r, key, "{fields: ..., reference: {resource: ..., fields: ...}}");
        return;
    }
    if (!path.n) {
        fault(r, reference, "a resource of the package that has a path");
        return;
    }
    mlp_buf_init(&b, 1 << 16);
    struct mlp_node *check = mlp_import_check(r->out, key);
    put_text(r, check, "name", "foreignKey", key);
    mlp_import_put(r->out, check, "columns", names_of(r, mlp_node_get(key, "fields")), key);
    put_text(r, check, "skip", "any", key);
    if (mlp_node_get(check, "columns"))
        mlp_import_when_there(r->out, check, key);
    struct mlp_node *file = put_map(r, check, "rows_in_file", reference);
    mlp_import_put(r->out, file, "file", mlp_doc_new_str(r->out, beside(r, path, &b)), reference);
    mlp_import_put(r->out, file, "columns", names_of(r, mlp_node_get(reference, "fields")),
                   reference);
    mlp_buf_fini(&b);
}

static void read_keys(struct reader *r)
{
    const struct mlp_node *primary = mlp_node_get(r->schema, "primaryKey");
    const struct mlp_node *unique = mlp_node_get(r->schema, "uniqueKeys");
    const struct mlp_node *foreign = mlp_node_get(r->schema, "foreignKeys");
    if (primary)
        put_primary(r, primary);
    for (const struct mlp_node *n = is_list(unique) ? unique->child : NULL; n; n = n->next)
        put_key(r, n);
    for (const struct mlp_node *n = is_list(foreign) ? foreign->child : NULL; n && !failed(r);
         n = n->next)
        put_foreign(r, n);
}

/* ---- resources */

/* A table without a header has the columns that its schema names. */
static void put_names(struct reader *r, struct mlp_node *input, const struct mlp_node *from)
{
    const struct mlp_node *fields = mlp_node_get(r->schema, "fields");
    struct mlp_node *names = mlp_import_put(r->out, input, "names",
                                            mlp_doc_new(r->out, MLP_DOC_LIST), from);
    for (const struct mlp_node *n = is_list(fields) ? fields->child : NULL; n; n = n->next)
        mlp_node_push(names, mlp_import_copy(r->out, mlp_node_get(n, "name")));
}

/* Its number, from 1; rows before it are passed over. */
static void put_header_row(struct reader *r, struct mlp_node *input, const struct mlp_node *rows)
{
    if (!rows)
        return;
    int64_t row = mlp_node_int(mlp_node_at(rows, 0), 0);
    if (!is_list(rows) || rows->u.count != 1 || row < 1)
        fault(r, rows, "one row that is the header");
    else
        mlp_import_put(r->out, input, "skip_rows", mlp_doc_new_int(r->out, row - 1), rows);
}

static bool is_used(struct mlp_str key)
{
    static const char *const used[] = {"delimiter", "csv", "header", "commentChar", "headerRows"};
    for (size_t i = 0; i < sizeof used / sizeof *used; i++)
        if (mlp_str_is(key, used[i]))
            return true;
    return false;
}

static void read_dialect(struct reader *r, const struct mlp_node *dialect)
{
    const struct mlp_node *csv = mlp_node_get(dialect, "csv");
    const struct mlp_node *delimiter = mlp_node_get(csv ? csv : dialect, "delimiter");
    struct mlp_node *input = mlp_import_section(r->out, r->out->root, "input", MLP_DOC_MAP);
    put(r, input, "delimiter", delimiter);
    put(r, input, "comment", mlp_node_get(dialect, "commentChar"));
    put_header_row(r, input, mlp_node_get(dialect, "headerRows"));
    put_header_row(r, input, mlp_node_path(r->resource, "layout", "headerRows", NULL));
    if (!mlp_node_bool(mlp_node_get(dialect, "header"), true))
        put_names(r, input, mlp_node_get(dialect, "header"));
    for (const struct mlp_node *n = dialect ? dialect->child : NULL; n; n = n->next)
        if (!is_used(n->key))
            mlp_import_note(r->notes, n, "dialect.%.*s is not used: say it with options",
                            MLP_STR_ARG(n->key));
}

static void read_schema(struct reader *r)
{
    const struct mlp_node *fields = mlp_node_get(r->schema, "fields");
    if (!is_list(fields)) {
        fault(r, r->schema, "a schema with a list of fields");
        return;
    }
    put_header(r, fields);
    for (const struct mlp_node *n = fields->child; n && !failed(r); n = n->next)
        read_field(r, n);
    if (!failed(r))
        read_keys(r);
}

static void choose_resource(struct reader *r)
{
    const struct mlp_node *list = mlp_node_get(r->package, "resources");
    for (const struct mlp_node *n = list ? list->child : NULL; n; n = n->next) {
        if (!r->resource && mlp_node_get(n, "schema"))
            r->resource = n;
        else
            mlp_import_note(r->notes, n, "resource \"%.*s\": rules are for one table, and those of "
                            "the first resource with a schema are taken",
                            MLP_STR_ARG(mlp_node_str(mlp_node_get(n, "name"), "")));
    }
    if (!r->resource)
        fault(r, list, "a resource with a schema");
}

/* What is named by its path: a schema, a dialect. Its root, or NULL after a fault. */
static const struct mlp_node *load_named(struct reader *r, const struct mlp_node *n,
                                         struct mlp_doc *d)
{
    char path[1024];
    struct mlp_buf b;
    enum mlp_code code = MLP_EINPUT;
    mlp_buf_init(&b, sizeof path);
    if (memmem(n->text.p, n->text.n, "://", 3)) {
        fault(r, n, "a path: nothing is fetched");
    } else {
        mlp_str_copy(beside(r, n->text, &b), path, sizeof path);
        mlp_doc_init(d, path, MLP_RULES_BYTES);
        code = mlp_doc_load(d, path, MLP_RULES_BYTES, r->e);
    }
    mlp_buf_fini(&b);
    return code == MLP_OK ? d->root : NULL;
}

/* The dialect, and then the schema if there is one. */
static void read_parts(struct reader *r)
{
    struct mlp_doc schema, dialect;
    mlp_doc_init(&schema, "schema", MLP_RULES_BYTES);
    mlp_doc_init(&dialect, "dialect", MLP_RULES_BYTES);
    const struct mlp_node *n = mlp_node_get(r->resource, "dialect");
    if (r->resource)
        read_dialect(r, n && n->type == MLP_DOC_TEXT ? load_named(r, n, &dialect) : n);
    if (!failed(r) && r->schema && r->schema->type == MLP_DOC_TEXT) {
        r->schema = load_named(r, r->schema, &schema);
        r->in = &schema;
    }
    if (!failed(r) && r->schema)
        read_schema(r);
    mlp_doc_fini(&schema);
    mlp_doc_fini(&dialect);
}

enum mlp_code mlp_import_table_schema(const struct mlp_doc *in, struct mlp_doc *out,
                                      struct mlp_import_notes *notes, struct mlp_err *e)
{
    struct mlp_err local;
    mlp_err_init(&local);
    struct reader r = {.in = in, .out = out, .notes = notes, .e = e ? e : &local};
    mlp_import_start(out);
    if (mlp_node_get(in->root, "resources"))
        r.package = in->root;
    else if (mlp_node_get(in->root, "schema"))
        r.resource = in->root;
    if (r.package)
        choose_resource(&r);
    r.schema = r.resource ? mlp_node_get(r.resource, "schema") : in->root;
    if (!failed(&r))
        read_parts(&r);
    return failed(&r) ? r.e->code : mlp_import_done(out, e);
}

enum mlp_code mlp_import_resource(const struct mlp_doc *in, const struct mlp_node *resource,
                                  struct mlp_doc *out, struct mlp_import_notes *notes,
                                  struct mlp_err *e)
{
    struct mlp_err local;
    mlp_err_init(&local);
    struct reader r = {.in = in, .out = out, .notes = notes, .e = e ? e : &local,
                       .resource = resource, .schema = mlp_node_get(resource, "schema")};
    mlp_import_start(out);
    if (mlp_node_get(in->root, "resources"))
        r.package = in->root;
    read_parts(&r);
    if (!r.schema)
        put_text(&r, mlp_import_section(out, out->root, "input", MLP_DOC_MAP), "blank", "reject",
                 resource);
    return failed(&r) ? r.e->code : mlp_import_done(out, e);
}
