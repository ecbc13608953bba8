/* import_csvw.c: a table of CSVW metadata as native rules. */
#include "rule/import_csvw_inside.h"

bool mlp_import_is_csvw(const struct mlp_node *root)
{
    const struct mlp_node *context = mlp_node_get(root, "@context");
    if (context && context->type == MLP_DOC_LIST)
        context = context->child;
    return mlp_str_is(mlp_node_str(context, ""), "http://www.w3.org/ns/csvw");
}

void mlp_csvw_fault(struct mlp_csvw *w, const struct mlp_node *n, const char *words)
{
    if (!mlp_csvw_failed(w))
        mlp_node_error(w->in, n, w->e, "%.*s%sexpected %s", n ? (int)n->key.n : 0,
                       n && n->key.n ? n->key.p : "", n && n->key.n ? ": " : "", words);
}

void mlp_csvw_warn(struct mlp_csvw *w, const struct mlp_node *n, const char *words)
{
    mlp_import_note(w->notes, n, "%.*s: %s", MLP_STR_ARG(n->key), words);
}

/* ---- the header */

/* Whether a title is among titles: a text, a list, or a map of languages of them. */
static bool is_title(const struct mlp_node *n, struct mlp_str title)
{
    if (n && (n->type == MLP_DOC_LIST || n->type == MLP_DOC_MAP)) {
        for (const struct mlp_node *x = n->child; x; x = x->next)
            if (is_title(x, title))
                return true;
        return false;
    }
    return n && n->type == MLP_DOC_TEXT && mlp_str_eq(n->text, title);
}

/* Are the columns those of the file's header (Metadata Vocabulary, 5.4.3, schema compatibility). */
static void check_header(struct mlp_csvw *w)
{
    const struct mlp_csvw_table *t = &w->table;
    const struct mlp_node *n;
    size_t i = 0;
    for (; (n = mlp_csvw_column(t, i)) != NULL && i < t->header.n; i++) {
        const struct mlp_node *titles = mlp_csvw_get(n, "titles"), *name = mlp_csvw_get(n, "name");
        struct mlp_str title = *(struct mlp_str *)mlp_vec_at(&t->header, i);
        bool same = (!titles && !name) || is_title(titles, title) ||
                    (name && mlp_str_eq(name->text, title));
        if (t->has_header && !same) {
            mlp_node_error(t->in, n, w->e, "column %zu of %s has the title \"%.*s\", which is "
                           "neither its name nor among its titles", i + 1, t->path,
                           MLP_STR_ARG(title));
            return;
        }
    }
    if (n || i < t->header.n)
        mlp_node_error(t->in, mlp_node_get(t->schema, "columns"), w->e, "%s has %zu columns, "
                       "expected as many as are described", t->path, t->header.n);
}

/* Whether there is a description of columns; one that is no list describes none of them. */
static bool is_described(const struct mlp_csvw_table *t)
{
    const struct mlp_node *schema = mlp_node_get(t->node, "tableSchema");
    return (schema && !t->schema) || mlp_node_get(t->schema, "columns");
}

/* ---- columns */

/* Texts that mean missing; where a column has a default, an empty cell has a value. */
static void put_missing(struct mlp_csvw *w, struct mlp_node *column, const struct mlp_node *from)
{
    const struct mlp_node *null = mlp_csvw_inherited(w, from, "null");
    const struct mlp_node *required = mlp_csvw_inherited(w, from, "required");
    const struct mlp_node *otherwise = mlp_csvw_inherited(w, from, "default");
    struct mlp_node *list = mlp_import_put(w->out, column, "missing_values",
                                           mlp_doc_new(w->out, MLP_DOC_LIST), from);
    if (!null || mlp_node_str(otherwise, "").n)
        mlp_node_push(list, mlp_doc_new_text(w->out, ""));
    bool many = null && null->type == MLP_DOC_LIST;
    for (const struct mlp_node *n = many ? null->child : null; n; n = many ? n->next : NULL)
        if (n->type == MLP_DOC_TEXT)
            mlp_node_push(list, mlp_doc_new_str(w->out, n->text));
    if (mlp_node_bool(required, false) && !mlp_node_str(otherwise, "").n)
        mlp_import_put(w->out, column, "required", mlp_doc_new_bool(w->out, true), required);
}

static void put_columns(struct mlp_csvw *w)
{
    const struct mlp_node *from;
    for (size_t i = 0; (from = mlp_csvw_column(&w->table, i)) != NULL && !mlp_csvw_failed(w); i++) {
        struct mlp_str name = mlp_csvw_name(&w->table, i);
        struct mlp_node *column;
        if (!name.n) {
            mlp_csvw_fault(w, from, "a name or titles: its file is not there to be looked at");
            return;
        }
        column = mlp_import_column(w->out, name, from);
        put_missing(w, column, from);
        mlp_csvw_put_type(w, column, from);
    }
}

static void read_table(struct mlp_csvw *w, const struct mlp_node *table)
{
    mlp_csvw_table_open(w, table, &w->table);
    if (!mlp_csvw_failed(w) && w->table.has_file && is_described(&w->table))
        check_header(w);
    if (!mlp_csvw_failed(w))
        mlp_csvw_put_input(w);
    if (!mlp_csvw_failed(w))
        put_columns(w);
    if (!mlp_csvw_failed(w))
        mlp_csvw_put_keys(w);
    mlp_csvw_table_close(&w->table);
}

enum mlp_code mlp_import_csvw_table(const struct mlp_doc *in, const struct mlp_node *table,
                                    struct mlp_doc *out, struct mlp_import_notes *notes,
                                    struct mlp_err *e)
{
    struct mlp_err local;
    mlp_err_init(&local);
    struct mlp_csvw w = {.in = in, .out = out, .notes = notes, .e = e ? e : &local};
    mlp_import_start(out);
    if (table == mlp_csvw_first_table(in->root))
        mlp_csvw_check(&w);
    if (!mlp_csvw_failed(&w))
        read_table(&w, table);
    return mlp_csvw_failed(&w) ? w.e->code : mlp_import_done(out, e);
}

enum mlp_code mlp_import_csvw(const struct mlp_doc *in, struct mlp_doc *out,
                              struct mlp_import_notes *notes, struct mlp_err *e)
{
    return mlp_import_csvw_table(in, mlp_csvw_first_table(in->root), out, notes, e);
}
