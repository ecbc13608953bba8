/* import_csvw_table.c: the tables of CSVW metadata: their files, schemas and headers. */
#include "rule/import_csvw_inside.h"

#include "table/table.h"

const struct mlp_node *mlp_csvw_first_table(const struct mlp_node *root)
{
    const struct mlp_node *tables = mlp_node_get(root, "tables");
    return tables && tables->type == MLP_DOC_LIST ? tables->child : root;
}

void mlp_csvw_base(const struct mlp_doc *in, struct mlp_buf *out)
{
    const struct mlp_node *context = mlp_node_get(in->root, "@context");
    struct mlp_str source = mlp_str_from(in->source);
    struct mlp_str base = mlp_node_str(mlp_node_get(mlp_node_at(context, 1), "@base"), "");
    while (source.n && source.p[source.n - 1] != '/')
        source.n--;
    mlp_buf_addstr(out, source);
    if (!memmem(base.p, base.n, "://", 3) && base.n && base.p[0] != '/')
        mlp_buf_addstr(out, base);
}

/* A url as a path: false for one that is absolute or leaves the folder. */
static bool resolve(const struct mlp_csvw *w, struct mlp_str url, char path[1024])
{
    struct mlp_buf b;
    bool leaves = url.n == 0 || url.p[0] == '/' || mlp_str_starts(url, "../") ||
                  memmem(url.p, url.n, "/../", 4) || memmem(url.p, url.n, "://", 3);
    if (leaves)
        return false;
    mlp_buf_init(&b, 1024);
    mlp_csvw_base(w->in, &b);
    mlp_buf_addstr(&b, url);
    mlp_str_copy(mlp_buf_str(&b), path, 1024);
    bool fits = !b.failed && b.n < 1024;
    mlp_buf_fini(&b);
    return fits;
}

static void load_schema(struct mlp_csvw *w, const struct mlp_node *named, struct mlp_csvw_table *t)
{
    char path[1024];
    if (!resolve(w, named->text, path)) {
        mlp_csvw_fault(w, named, "a schema in the folder of the document: nothing is fetched");
        return;
    }
    mlp_doc_init(&t->own, path, MLP_RULES_BYTES);
    if (mlp_doc_load(&t->own, path, MLP_RULES_BYTES, w->e) != MLP_OK)
        return;
    const struct mlp_doc *in = w->in;
    t->in = &t->own;
    t->schema = t->own.root;
    w->in = &t->own;
    mlp_csvw_check_schema(w, t->schema);
    w->in = in;
}

/* ---- dialects */

static const struct mlp_node *dialect_of(const struct mlp_csvw *w, const struct mlp_csvw_table *t)
{
    const struct mlp_node *n = mlp_csvw_get(t->node, "dialect");
    return n ? n : mlp_csvw_get(w->in->root, "dialect");
}

static int64_t header_rows(const struct mlp_node *dialect)
{
    const struct mlp_node *rows = mlp_csvw_get(dialect, "headerRowCount");
    return rows ? mlp_node_int(rows, 1) : mlp_node_bool(mlp_csvw_get(dialect, "header"), true);
}

static char one_char(const struct mlp_node *n, char otherwise)
{
    return n && n->type == MLP_DOC_TEXT && n->text.n == 1 ? n->text.p[0] : otherwise;
}

static void read_dialect(const struct mlp_node *dialect, struct mlp_table_options *options)
{
    const struct mlp_node *comment = mlp_csvw_get(dialect, "commentPrefix");
    int64_t rows = header_rows(dialect), skip = mlp_node_int(mlp_csvw_get(dialect, "skipRows"), 0);
    *options = (struct mlp_table_options){
        .format = MLP_TABLE_CSV,
        .delimiter = one_char(mlp_csvw_get(dialect, "delimiter"), ','),
        .comment = comment && comment->type == MLP_DOC_NULL ? '\0' : one_char(comment, '#'),
        .skip_rows = (size_t)(skip + (rows > 1 ? rows - 1 : 0)),
        .no_header = rows == 0,
    };
}

/* What of a dialect we have not. */
static void check_dialect(struct mlp_csvw *w, const struct mlp_node *dialect)
{
    const struct mlp_node *quote = mlp_csvw_get(dialect, "quoteChar");
    const struct mlp_node *delimiter = mlp_csvw_get(dialect, "delimiter");
    if (dialect && dialect->type == MLP_DOC_TEXT)
        mlp_csvw_fault(w, dialect, "a dialect within the document");
    else if (delimiter && delimiter->text.n != 1)
        mlp_csvw_fault(w, delimiter, "one character: no longer delimiters are read");
    else if (quote && one_char(quote, '\0') != '"')
        mlp_csvw_fault(w, quote, "\": no other quotes are read");
    else if (mlp_node_int(mlp_csvw_get(dialect, "skipColumns"), 0) > 0)
        mlp_csvw_fault(w, mlp_node_get(dialect, "skipColumns"), "0: no columns are skipped");
    else if (!mlp_node_bool(mlp_csvw_get(dialect, "doubleQuote"), true))
        mlp_csvw_fault(w, mlp_node_get(dialect, "doubleQuote"), "true: quotes are doubled");
}

void mlp_csvw_put_input(struct mlp_csvw *w)
{
    struct mlp_node *input = mlp_import_section(w->out, w->out->root, "input", MLP_DOC_MAP);
    const struct mlp_node *dialect = dialect_of(w, &w->table);
    struct mlp_table_options options;
    read_dialect(dialect, &options);
    check_dialect(w, dialect);
    mlp_import_put(w->out, input, "delimiter",
                   mlp_doc_new_str(w->out, (struct mlp_str){&options.delimiter, 1}), dialect);
    if (options.comment)
        mlp_import_put(w->out, input, "comment",
                       mlp_doc_new_str(w->out, (struct mlp_str){&options.comment, 1}), dialect);
    mlp_import_put(w->out, input, "skip_rows",
                   mlp_doc_new_int(w->out, (int64_t)options.skip_rows), dialect);
    if (!options.no_header)
        return;
    struct mlp_node *names = mlp_import_put(w->out, input, "names",
                                            mlp_doc_new(w->out, MLP_DOC_LIST), dialect);
    for (size_t i = 0; mlp_csvw_column(&w->table, i); i++)
        mlp_node_push(names, mlp_doc_new_str(w->out, mlp_csvw_name(&w->table, i)));
}

/* ---- headers */

static void read_header(struct mlp_csvw *w, struct mlp_csvw_table *t)
{
    struct mlp_table_options options;
    struct mlp_table *table;
    struct mlp_err ignored;
    mlp_err_init(&ignored);
    read_dialect(dialect_of(w, t), &options);
    t->has_header = !options.no_header;
    options.name_unnamed = true;
    /* A file that is not there or cannot be read is told when it is checked. */
    t->has_file = mlp_table_open(t->path, &options, &table, &ignored) == MLP_OK;
    if (!t->has_file)
        return;
    for (size_t i = 0; i < mlp_table_ncols(table); i++) {
        struct mlp_str *slot = mlp_vec_push(&t->header);
        if (slot)
            *slot = mlp_arena_str(&t->arena, mlp_table_name(table, i));
        if (!slot || !slot->p)
            mlp_err_nomem(w->e);
    }
    mlp_table_close(table);
}

void mlp_csvw_table_open(struct mlp_csvw *w, const struct mlp_node *node,
                         struct mlp_csvw_table *t)
{
    const struct mlp_node *schema = mlp_csvw_get(node, "tableSchema");
    const struct mlp_node *url = mlp_csvw_get(node, "url");
    *t = (struct mlp_csvw_table){.in = w->in, .node = node};
    mlp_doc_init(&t->own, "schema", MLP_RULES_BYTES);
    mlp_arena_init(&t->arena, MLP_RULES_BYTES);
    mlp_vec_init(&t->header, sizeof(struct mlp_str));
    if (!schema)
        schema = mlp_csvw_get(w->in->root, "tableSchema");
    if (!url)
        mlp_csvw_fault(w, node, "a table with a url");
    else if (!resolve(w, url->text, t->path))
        mlp_csvw_fault(w, url, "a file in the folder of the document: nothing is fetched");
    else if (schema && schema->type == MLP_DOC_TEXT)
        load_schema(w, schema, t);
    else
        t->schema = schema;
    if (!mlp_csvw_failed(w))
        read_header(w, t);
}

void mlp_csvw_table_close(struct mlp_csvw_table *t)
{
    mlp_doc_fini(&t->own);
    mlp_arena_fini(&t->arena);
    mlp_vec_fini(&t->header);
}

/* ---- columns */

const struct mlp_node *mlp_csvw_column(const struct mlp_csvw_table *t, size_t i)
{
    const struct mlp_node *list = mlp_csvw_get(t->schema, "columns");
    for (const struct mlp_node *n = list ? list->child : NULL; n; n = n->next) {
        if (n->type != MLP_DOC_MAP || mlp_node_bool(mlp_csvw_get(n, "virtual"), false))
            continue;
        if (i-- == 0)
            return n;
    }
    return NULL;
}

/* The first text of titles, which is a text, a list or a map of languages. */
static struct mlp_str first_title(const struct mlp_node *n)
{
    if (n && (n->type == MLP_DOC_MAP || n->type == MLP_DOC_LIST))
        return n->child ? first_title(n->child) : (struct mlp_str){"", 0};
    return mlp_node_str(n, "");
}

struct mlp_str mlp_csvw_name(const struct mlp_csvw_table *t, size_t i)
{
    const struct mlp_node *column = mlp_csvw_column(t, i);
    struct mlp_str title = first_title(mlp_csvw_get(column, "titles"));
    struct mlp_str name = mlp_node_str(mlp_csvw_get(column, "name"), "");
    if (t->has_file && (t->has_header || (!title.n && !name.n)) && i < t->header.n)
        return *(struct mlp_str *)mlp_vec_at(&t->header, i);
    return t->has_header && title.n ? title : name.n ? name : title;
}

long mlp_csvw_find(const struct mlp_csvw_table *t, struct mlp_str name)
{
    const struct mlp_node *n;
    for (size_t i = 0; (n = mlp_csvw_column(t, i)) != NULL; i++) {
        if (name.n && mlp_str_eq(mlp_node_str(mlp_csvw_get(n, "name"), ""), name))
            return (long)i;
    }
    return -1;
}
