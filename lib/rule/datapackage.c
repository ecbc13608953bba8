/* datapackage.c: the resources of a data package. */
#include "rule/datapackage.h"

#include "rule/compile.h"
#include "rule/import_csvw.h"
#include "rule/import_table_schema.h"
#include "rule/rule.h"

#define MOST_RESOURCES 10000

struct mlp_datapackage {
    struct mlp_doc doc;
    bool csvw;                    /* metadata of CSV on the Web */
    struct mlp_arena arena;
    struct mlp_resource *list;
    size_t n;
};

/* The one path of a resource: a text, or a list of one. */
static enum mlp_code one_path(const struct mlp_datapackage *p, const struct mlp_node *resource,
                              struct mlp_str *path, struct mlp_err *e)
{
    const struct mlp_node *n = mlp_node_get(resource, p->csvw ? "url" : "path");
    if (n && n->type == MLP_DOC_LIST && n->u.count == 1)
        n = n->child;
    if (!n || n->type != MLP_DOC_TEXT || !n->text.n)
        return mlp_node_error(&p->doc, n ? n : resource, e, "expected one path of a file: data in "
                              "the descriptor and data in several files are not read");
    bool leaves = n->text.p[0] == '/' || mlp_str_starts(n->text, "../") ||
                  memmem(n->text.p, n->text.n, "/../", 4) || mlp_str_is(n->text, "..");
    if (leaves || memmem(n->text.p, n->text.n, "://", 3))
        return mlp_node_error(&p->doc, n, e, "expected a path in the folder of the descriptor: "
                              "nothing else is read, and nothing is fetched");
    *path = n->text;
    return MLP_OK;
}

/* A path as we open it, in the package's memory; NULL without any. */
static const char *beside(struct mlp_datapackage *p, struct mlp_str path)
{
    struct mlp_buf b;
    struct mlp_str folder = mlp_str_from(p->doc.source);
    while (folder.n && folder.p[folder.n - 1] != '/')
        folder.n--;
    mlp_buf_init(&b, 1 << 16);
    if (p->csvw)
        mlp_csvw_base(&p->doc, &b);
    else
        mlp_buf_addstr(&b, folder);
    mlp_buf_addstr(&b, path);
    const char *whole = b.failed ? NULL : mlp_arena_strz(&p->arena, mlp_buf_str(&b));
    mlp_buf_fini(&b);
    return whole;
}

static enum mlp_code read_encoding(const struct mlp_datapackage *p, struct mlp_resource *x,
                                   struct mlp_err *e)
{
    static const struct {
        const char *name;
        enum mlp_table_encoding encoding;
    } known[] = {
        {"utf-8", MLP_ENCODING_AUTO}, {"utf8", MLP_ENCODING_AUTO}, {"utf-8-sig", MLP_ENCODING_AUTO},
        {"ascii", MLP_ENCODING_AUTO}, {"us-ascii", MLP_ENCODING_AUTO},
        {"utf-16", MLP_ENCODING_UTF16}, {"iso-8859-1", MLP_ENCODING_LATIN1},
        {"latin-1", MLP_ENCODING_LATIN1}, {"latin1", MLP_ENCODING_LATIN1},
        {"windows-1252", MLP_ENCODING_WINDOWS1252}, {"cp1252", MLP_ENCODING_WINDOWS1252},
    };
    const struct mlp_node *n = mlp_node_get(x->node, "encoding");
    struct mlp_str name = mlp_node_str(n, "utf-8");
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (name.n != strlen(known[i].name) || strncasecmp(name.p, known[i].name, name.n) != 0)
            continue;
        x->encoding = known[i].encoding;
        return MLP_OK;
    }
    return mlp_node_error(&p->doc, n, e, "encoding \"%.*s\": expected utf-8, utf-16, iso-8859-1 or "
                          "windows-1252", MLP_STR_ARG(name));
}

static enum mlp_code read_resource(struct mlp_datapackage *p, const struct mlp_node *n,
                                   struct mlp_resource *x, struct mlp_err *e)
{
    struct mlp_str path = {NULL, 0};
    const struct mlp_node *bytes = mlp_node_get(n, "bytes");
    enum mlp_code code = one_path(p, n, &path, e);
    if (code != MLP_OK)
        return code;
    *x = (struct mlp_resource){
        .name = p->csvw ? path : mlp_node_str(mlp_node_get(n, "name"), ""),
        .path = beside(p, path),
        .hash = mlp_node_str(mlp_node_get(n, "hash"), ""),
        .bytes = (uint64_t)mlp_node_int(bytes, 0),
        .has_bytes = bytes && mlp_node_int(bytes, -1) >= 0,
        .node = n,
    };
    if (bytes && !x->has_bytes)
        return mlp_node_error(&p->doc, bytes, e, "bytes: expected a whole number");
    return x->path ? read_encoding(p, x, e) : mlp_err_nomem(e);
}

static enum mlp_code read_list(struct mlp_datapackage *p, const struct mlp_node *list,
                               struct mlp_err *e)
{
    enum mlp_code code = MLP_OK;
    if (list->type != MLP_DOC_LIST || !list->u.count || list->u.count > MOST_RESOURCES)
        return mlp_node_error(&p->doc, list, e, "%.*s: expected a list of 1 to %d",
                              MLP_STR_ARG(list->key), MOST_RESOURCES);
    p->list = mlp_arena_array(&p->arena, list->u.count, sizeof *p->list);
    if (!p->list)
        return mlp_err_nomem(e);
    for (const struct mlp_node *n = list->child; n && code == MLP_OK; n = n->next)
        code = read_resource(p, n, &p->list[p->n++], e);
    return code;
}

enum mlp_code mlp_datapackage_open(const char *path, struct mlp_datapackage **out,
                                     struct mlp_err *e)
{
    struct mlp_datapackage *p = calloc(1, sizeof *p);
    *out = p;
    if (!p)
        return mlp_err_nomem(e);
    mlp_doc_init(&p->doc, path, MLP_RULES_BYTES);
    mlp_arena_init(&p->arena, MLP_RULES_BYTES);
    enum mlp_code code = mlp_doc_load(&p->doc, path, MLP_RULES_BYTES, e);
    const struct mlp_node *root = p->doc.root;
    p->csvw = code == MLP_OK && mlp_import_is_csvw(root);
    const struct mlp_node *list = mlp_node_get(root, p->csvw ? "tables" : "resources");
    if (code == MLP_OK && list) {
        code = read_list(p, list, e);
    } else if (code == MLP_OK && mlp_node_get(root, p->csvw ? "url" : "path")) {
        p->list = mlp_arena_alloc(&p->arena, sizeof *p->list);
        p->n = 1;
        code = p->list ? read_resource(p, root, p->list, e) : mlp_err_nomem(e);
    } else if (code == MLP_OK) {
        code = mlp_node_error(&p->doc, root, e, "expected a data package, with resources, one "
                              "resource, with a path, or metadata of CSV on the Web");
    }
    if (code == MLP_OK)
        return MLP_OK;
    mlp_datapackage_free(p);
    *out = NULL;
    return code;
}

enum mlp_code mlp_datapackage_bare(const char *table, struct mlp_datapackage **out,
                                   struct mlp_err *e)
{
    struct mlp_datapackage *p = calloc(1, sizeof *p);
    *out = p;
    if (!p)
        return mlp_err_nomem(e);
    mlp_doc_init(&p->doc, table, MLP_RULES_BYTES);
    mlp_arena_init(&p->arena, MLP_RULES_BYTES);
    enum mlp_code code = mlp_doc_parse_json(&p->doc, MLP_STR("{}"), e);
    p->list = mlp_arena_alloc(&p->arena, sizeof *p->list);
    struct mlp_str path = mlp_arena_str(&p->arena, mlp_str_from(table));
    const char *z = mlp_arena_strz(&p->arena, path);
    if (code == MLP_OK && p->list && z) {
        *p->list = (struct mlp_resource){.name = path, .path = z, .node = p->doc.root};
        p->n = 1;
        return MLP_OK;
    }
    mlp_datapackage_free(p);
    *out = NULL;
    return code == MLP_OK ? mlp_err_nomem(e) : code;
}

void mlp_datapackage_free(struct mlp_datapackage *p)
{
    if (!p)
        return;
    mlp_doc_fini(&p->doc);
    mlp_arena_fini(&p->arena);
    free(p);
}

size_t mlp_datapackage_count(const struct mlp_datapackage *p)
{
    return p->n;
}

const struct mlp_resource *mlp_datapackage_resource(const struct mlp_datapackage *p, size_t i)
{
    return &p->list[i];
}

enum mlp_code mlp_datapackage_rules(const struct mlp_datapackage *p, size_t i,
                                struct mlp_import_notes *notes, struct mlp_rules **rules,
                                struct mlp_err *e)
{
    struct mlp_doc native;
    mlp_doc_init(&native, p->doc.source, MLP_RULES_BYTES);
    enum mlp_code code = p->csvw
        ? mlp_import_csvw_table(&p->doc, p->list[i].node, &native, notes, e)
        : mlp_import_resource(&p->doc, p->list[i].node, &native, notes, e);
    if (code == MLP_OK)
        return mlp_rules_parse(&native, rules, e);
    mlp_doc_fini(&native);
    return code;
}
