/* import_csvw_keys.c: the primary key and the foreign keys of a table. */
#include "rule/import_csvw_inside.h"

/* Names of columns, a text or a list of texts, as the file has them. NULL when one is no column, or
 * there is none. */
static struct mlp_node *file_names(struct mlp_csvw *w, const struct mlp_csvw_table *t,
                                   const struct mlp_node *names)
{
    bool many = names && names->type == MLP_DOC_LIST;
    struct mlp_node *list = mlp_doc_new(w->out, MLP_DOC_LIST);
    size_t n = 0;
    const struct mlp_node *x = many ? names->child : names;
    for (; x; x = many ? x->next : NULL, n++) {
        long at = x->type == MLP_DOC_TEXT ? mlp_csvw_find(t, x->text) : -1;
        if (at < 0)
            return NULL;
        mlp_node_push(list, mlp_import_place(
            mlp_doc_new_str(w->out, mlp_csvw_name(t, (size_t)at)), x));
    }
    return n ? mlp_import_place(list, names) : NULL;
}

static void put_primary(struct mlp_csvw *w)
{
    const struct mlp_node *key = mlp_csvw_get(w->table.schema, "primaryKey");
    struct mlp_node *names = key ? file_names(w, &w->table, key) : NULL;
    if (names)
        mlp_node_push(mlp_import_section(w->out, w->out->root, "keys", MLP_DOC_LIST), names);
    else if (key)
        mlp_csvw_warn(w, key, "names what is no column, and is not used");
}

/* The table with that url, or with a schema that is named so. */
static const struct mlp_node *find_table(const struct mlp_csvw *w, const struct mlp_node *reference)
{
    struct mlp_str url = mlp_node_str(mlp_node_get(reference, "resource"), "");
    struct mlp_str name = mlp_node_str(mlp_node_get(reference, "schemaReference"), "");
    const struct mlp_node *first = mlp_csvw_first_table(w->in->root);
    for (const struct mlp_node *n = first; n; n = n == w->in->root ? NULL : n->next) {
        const struct mlp_node *schema = mlp_node_get(n, "tableSchema");
        struct mlp_str own = schema && schema->type == MLP_DOC_TEXT
                                 ? schema->text : mlp_node_str(mlp_node_get(schema, "@id"), "");
        if (url.n ? mlp_str_eq(mlp_node_str(mlp_node_get(n, "url"), ""), url)
                  : name.n && mlp_str_eq(own, name))
            return n;
    }
    return NULL;
}

static void put_check(struct mlp_csvw *w, const struct mlp_node *key, struct mlp_node *columns,
                      const struct mlp_csvw_table *other, struct mlp_node *theirs)
{
    struct mlp_node *check = mlp_import_check(w->out, key);
    mlp_import_put(w->out, check, "name", mlp_doc_new_text(w->out, "foreignKey"), key);
    mlp_import_put(w->out, check, "columns", columns, key);
    mlp_import_put(w->out, check, "skip", mlp_doc_new_text(w->out, "any"), key);
    mlp_import_when_there(w->out, check, key);
    struct mlp_node *file = mlp_import_put(w->out, check, "rows_in_file",
                                           mlp_doc_new(w->out, MLP_DOC_MAP), key);
    mlp_import_put(w->out, file, "file", mlp_doc_new_text(w->out, other->path), key);
    mlp_import_put(w->out, file, "columns", theirs, key);
    mlp_import_put(w->out, file, "once", mlp_doc_new_bool(w->out, true), key);
}

static void put_foreign(struct mlp_csvw *w, const struct mlp_node *key)
{
    const struct mlp_node *reference = mlp_node_get(key, "reference");
    const struct mlp_node *table = find_table(w, reference);
    struct mlp_node *columns = file_names(w, &w->table, mlp_node_get(key, "columnReference"));
    struct mlp_csvw_table other;
    if (!columns)
        mlp_csvw_fault(w, key, "columnReference: the names of columns");
    else if (!table)
        mlp_csvw_fault(w, reference ? reference : key, "a table of the document");
    if (mlp_csvw_failed(w))
        return;
    mlp_csvw_table_open(w, table, &other);
    struct mlp_node *theirs = mlp_csvw_failed(w) ? NULL
        : file_names(w, &other, mlp_node_get(reference, "columnReference"));
    if (!mlp_csvw_failed(w) && (!theirs || theirs->u.count != columns->u.count))
        mlp_csvw_fault(w, reference, "columnReference: the names of as many columns there");
    else if (!mlp_csvw_failed(w) && !other.has_header)
        mlp_csvw_fault(w, reference, "a table that has a header");
    else if (!mlp_csvw_failed(w))
        put_check(w, key, columns, &other, theirs);
    mlp_csvw_table_close(&other);
}

void mlp_csvw_put_keys(struct mlp_csvw *w)
{
    const struct mlp_node *list = mlp_csvw_get(w->table.schema, "foreignKeys");
    put_primary(w);
    for (const struct mlp_node *n = list ? list->child : NULL; n && !mlp_csvw_failed(w);
         n = n->next)
        if (n->type == MLP_DOC_MAP)
            put_foreign(w, n);
}
