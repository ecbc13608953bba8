/* import_json_schema.c: a schema for rows becomes the rule json_schema, qsv's keywords what they
 * mean. */
#include "rule/import_json_schema.h"

#include "table/table.h"
#include "text/num.h"

#define MOST_VALUES ((size_t)1000000)

bool mlp_import_is_json_schema(const struct mlp_node *root)
{
    struct mlp_str schema = mlp_node_str(mlp_node_get(root, "$schema"), "");
    const struct mlp_node *properties = mlp_node_get(root, "properties");
    return memmem(schema.p, schema.n, "json-schema.org", 15) ||
           (properties && properties->type == MLP_DOC_MAP && !mlp_node_get(root, "@context"));
}

/* ---- dynamicEnum */

static void push_value(struct mlp_doc *out, struct mlp_node *list, struct mlp_str text)
{
    double v;
    struct mlp_node *value = mlp_doc_new_str(out, text);
    if (!mlp_node_push(list, value))
        out->root = NULL;
    if (mlp_num_f64(text, &v) && v == v && v - v == 0)
        mlp_node_push(list, mlp_import_num(out, v));
}

static enum mlp_code read_values(struct mlp_table *t, size_t column, struct mlp_doc *out,
                                 struct mlp_node *list, struct mlp_err *e)
{
    struct mlp_batch *b;
    enum mlp_code code = MLP_OK;
    size_t n = 0;
    while (out->root && (code = mlp_table_next(t, &b, e)) == MLP_OK && b) {
        for (size_t r = 0; r < b->nrows; r++)
            if (!b->bad[r] && mlp_cell_at(b, r, column)->p)
                push_value(out, list, mlp_cell_str(mlp_cell_at(b, r, column)));
        n += b->nrows;
        if (n > MOST_VALUES)
            return mlp_err_set(e, MLP_EINPUT, "dynamicEnum: more than %zu values in %s",
                               MOST_VALUES, mlp_table_source(t));
    }
    return code;
}

/* Puts `enum` for "FILE" or "FILE|COLUMN" (a name, or a number from 0). An empty cell is for `type`
 * to judge. */
static enum mlp_code put_enum(const struct mlp_doc *in, struct mlp_doc *out,
                              struct mlp_node *property, const struct mlp_node *n,
                              struct mlp_err *e)
{
    char path[1024];
    struct mlp_table *t;
    struct mlp_str file = mlp_node_str(n, ""), column = {NULL, 0};
    size_t bar = mlp_str_find(file, '|');
    if (memmem(file.p, file.n, "://", 3) || !file.n)
        return mlp_node_error(in, n, e, "dynamicEnum: expected a file: nothing is fetched");
    if (bar < file.n)
        column = (struct mlp_str){file.p + bar + 1, file.n - bar - 1};
    mlp_str_copy((struct mlp_str){file.p, bar}, path, sizeof path);
    enum mlp_code code = mlp_table_open(path, NULL, &t, e);
    if (code != MLP_OK)
        return code;
    int64_t number;
    int index = column.n ? mlp_table_find(t, column) : 0;
    if (index < 0 && mlp_str_i64(column, &number) && number >= 0 &&
        (size_t)number < mlp_table_ncols(t))
        index = (int)number;
    struct mlp_node *list = mlp_import_put(out, property, "enum", mlp_doc_new(out, MLP_DOC_LIST),
                                           n);
    mlp_node_push(list, mlp_doc_new(out, MLP_DOC_NULL));
    code = index >= 0 ? read_values(t, (size_t)index, out, list, e)
                      : mlp_node_error(in, n, e, "dynamicEnum: %s has no column \"%.*s\"", path,
                                       MLP_STR_ARG(column));
    mlp_table_close(t);
    return code;
}

/* ---- uniqueCombinedWith */

static void put_key(struct mlp_doc *out, const struct mlp_node *columns)
{
    struct mlp_node *keys = mlp_import_section(out, out->root, "keys", MLP_DOC_LIST);
    struct mlp_node *key = mlp_node_push(keys, mlp_doc_new(out, MLP_DOC_LIST));
    mlp_import_place(key, columns);
    for (const struct mlp_node *n = columns->child; n; n = n->next)
        mlp_node_push(key, mlp_import_place(mlp_doc_new_str(out, n->text), n));
}

static enum mlp_code put_keys(const struct mlp_doc *in, struct mlp_doc *out,
                              const struct mlp_node *n, struct mlp_err *e)
{
    for (const struct mlp_node *x = n->type == MLP_DOC_LIST ? n->child : NULL; x; x = x->next)
        if (x->type != MLP_DOC_TEXT)
            return mlp_node_error(in, n, e, "uniqueCombinedWith: expected names of columns");
    if (n->type != MLP_DOC_LIST || !n->child)
        return mlp_node_error(in, n, e, "uniqueCombinedWith: expected a list of columns");
    put_key(out, n);
    return MLP_OK;
}

enum mlp_code mlp_import_json_schema(const struct mlp_doc *in, struct mlp_doc *out,
                                     struct mlp_import_notes *notes, struct mlp_err *e)
{
    const struct mlp_node *unique = mlp_node_get(in->root, "uniqueCombinedWith");
    enum mlp_code code = MLP_OK;
    (void)notes;
    mlp_import_start(out);
    struct mlp_node *schema = mlp_import_put(out, out->root, "json_schema",
                                             mlp_import_copy(out, in->root), in->root);
    struct mlp_node *properties = mlp_node_get(schema, "properties");
    for (struct mlp_node *p = properties ? properties->child : NULL; p && code == MLP_OK;
         p = p->next) {
        const struct mlp_node *dynamic = mlp_node_get(p, "dynamicEnum");
        if (dynamic)
            code = put_enum(in, out, p, dynamic, e);
    }
    if (code == MLP_OK && unique)
        code = put_keys(in, out, unique, e);
    return code == MLP_OK ? mlp_import_done(out, e) : code;
}
