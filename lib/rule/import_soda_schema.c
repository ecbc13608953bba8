/* import_soda_schema.c: the check `schema` of SodaCL. */
#include "rule/import_soda_inside.h"

/* The validations at hand: under fail, or under warn. */
struct schema {
    struct mlp_soda *s;
    struct mlp_import_head head;
    const struct mlp_node *optional;
};

static bool is_listed(const struct mlp_node *list, struct mlp_str name)
{
    for (const struct mlp_node *n = list ? list->child : NULL; n; n = n->next)
        if (mlp_str_eq(n->text, name))
            return true;
    return false;
}

/* {header: KIND, names: [...]}: the list, to be filled. */
static struct mlp_node *put_header(struct schema *x, const char *kind, const struct mlp_node *from)
{
    struct mlp_node *check = mlp_import_head_check(&x->head, false);
    mlp_import_put_text(x->s->out, check, "header", mlp_str_from(kind), from);
    return mlp_import_put(x->s->out, check, "names", mlp_doc_new(x->s->out, MLP_DOC_LIST), from);
}

static void push_name(struct schema *x, struct mlp_node *list, const struct mlp_node *from,
                      struct mlp_str name)
{
    struct mlp_str text = mlp_soda_text(x->s, from, name);
    mlp_import_push(x->s->out, list, mlp_import_place(mlp_doc_new_str(x->s->out, text), from));
}

/* Those of a list or of a map's keys that are not optional. */
static void put_required(struct schema *x, const struct mlp_node *names)
{
    struct mlp_node *list = put_header(x, "superset", names);
    for (const struct mlp_node *n = names->child; n; n = n->next) {
        struct mlp_str name = names->type == MLP_DOC_MAP ? n->key : n->text;
        if (!is_listed(x->optional, name))
            push_name(x, list, n, name);
    }
}

/* Names with % or * as wildcards; what follows them does not matter, as in Soda. */
static void put_forbidden(struct schema *x, const struct mlp_node *names)
{
    struct mlp_buf b;
    struct mlp_node *list = put_header(x, "match", names);
    mlp_buf_init(&b, SODA_TEXT);
    mlp_buf_adds(&b, "(?s)\\A(?!");
    for (const struct mlp_node *n = names->child; n; n = n->next) {
        mlp_buf_adds(&b, n == names->child ? "" : "|");
        for (size_t i = 0; i < n->text.n; i++) {
            char c = n->text.p[i];
            bool word = (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '_';
            bool wild = c == '%' || c == '*';
            mlp_buf_adds(&b, wild ? ".*" : word || (unsigned char)c >= 0x80 ? "" : "\\");
            if (!wild)
                mlp_buf_addc(&b, c);
        }
    }
    mlp_buf_adds(&b, ")");
    mlp_import_push(x->s->out, list, mlp_import_place(mlp_doc_new_str(x->s->out, mlp_buf_str(&b)),
                                                      names));
    mlp_buf_fini(&b);
}

/* A column that is there has values of its type. */
static void put_types(struct schema *x, const struct mlp_node *map)
{
    const char *type;
    put_required(x, map);
    for (const struct mlp_node *n = map->child; n && !mlp_soda_failed(x->s); n = n->next) {
        struct mlp_str sql = mlp_node_str(n, "");
        if (!mlp_soda_type(sql, &type)) {
            mlp_soda_refuse(x->s, n, "\"%.*s\" is not a type that values can be held to; leave it "
                            "to \"when required column missing\"", MLP_STR_ARG(sql));
        } else if (type) {
            struct mlp_node *check = mlp_import_head_check(&x->head, false);
            mlp_import_put_text(x->s->out, check, "column", n->key, n);
            mlp_import_put(x->s->out, check, "optional", mlp_doc_new_bool(x->s->out, true), n);
            mlp_import_put_text(x->s->out, check, "type", mlp_str_from(type), n);
        }
    }
}

static void put_places(struct schema *x, const struct mlp_node *map)
{
    for (const struct mlp_node *n = map->child; n && !mlp_soda_failed(x->s); n = n->next) {
        struct mlp_node *check = mlp_import_head_check(&x->head, false);
        struct mlp_node *list;
        mlp_import_put_text(x->s->out, check, "header", MLP_STR("has"), n);
        list = mlp_import_put(x->s->out, check, "names", mlp_doc_new(x->s->out, MLP_DOC_LIST), n);
        push_name(x, list, n, n->key);
        mlp_import_put(x->s->out, check, "at", mlp_import_copy(x->s->out, n), n);
        if (mlp_node_int(n, -1) < 0)
            mlp_soda_refuse(x->s, n, "expected a place from 0");
    }
}

/* The types, and no other columns. */
static void put_all(struct schema *x, const struct mlp_node *map)
{
    struct mlp_node *list = put_header(x, "known", map);
    for (const struct mlp_node *n = map->child; n; n = n->next)
        push_name(x, list, n, n->key);
    put_types(x, map);
}

static void refuse_changes(struct schema *x, const struct mlp_node *n)
{
    mlp_soda_refuse(x->s, n, "\"when schema changes\" needs the runs before: say \"schema: same\" "
                    "under reference in a native file, with --reference");
}

static const struct {
    const char *key;
    enum mlp_doc_type type;
    void (*put)(struct schema *x, const struct mlp_node *n);
} validations[] = {
    {"when required column missing", MLP_DOC_LIST, put_required},
    {"when forbidden column present", MLP_DOC_LIST, put_forbidden},
    {"when wrong column type", MLP_DOC_MAP, put_types},
    {"when wrong column index", MLP_DOC_MAP, put_places},
    {"when mismatching columns", MLP_DOC_MAP, put_all},
    {"when schema changes", MLP_DOC_NULL, refuse_changes},
};
#define NVALIDATIONS (sizeof validations / sizeof *validations)

static void read_part(struct mlp_soda *s, const struct mlp_node *part, const char *severity,
                      struct mlp_str name)
{
    const char *known[NVALIDATIONS + 2] = {"with optional columns"};
    struct schema x = {.s = s, .optional = mlp_node_get(part, "with optional columns")};
    for (size_t i = 0; i < NVALIDATIONS; i++)
        known[i + 1] = validations[i].key;
    if (!part || mlp_soda_failed(s))
        return;
    if (part->type != MLP_DOC_MAP || !part->child)
        mlp_soda_refuse(s, part, "expected validations such as \"when required column missing\"");
    if (mlp_node_known(s->in, part, known, s->e) != MLP_OK)
        return;
    for (size_t i = 0; i < NVALIDATIONS && !mlp_soda_failed(s); i++) {
        const struct mlp_node *n = mlp_node_get(part, validations[i].key);
        if (!n)
            continue;
        x.head = (struct mlp_import_head){.out = s->out, .from = n, .severity = severity,
                                          .name = name.n ? name : n->key, .env = s->env};
        if (validations[i].type != MLP_DOC_NULL && (n->type != validations[i].type || !n->child))
            mlp_soda_refuse(s, n, "%.*s: expected %s", MLP_STR_ARG(n->key),
                            validations[i].type == MLP_DOC_LIST ? "a list of columns"
                                                                : "a map by column");
        else
            validations[i].put(&x, n);
    }
}

void mlp_soda_schema(struct mlp_soda *s, const struct mlp_node *check,
                     const struct mlp_node *config)
{
    static const char *const known[] = {"name", "attributes", "identity", "fail", "warn", NULL};
    struct mlp_str name = mlp_soda_text(s, config, mlp_node_str(mlp_node_get(config, "name"), ""));
    if (!mlp_node_get(config, "fail") && !mlp_node_get(config, "warn"))
        mlp_soda_refuse(s, check, "schema: expected fail or warn with what must not be");
    if (mlp_soda_failed(s) || mlp_node_known(s->in, config, known, s->e) != MLP_OK)
        return;
    read_part(s, mlp_node_get(config, "fail"), NULL, name);
    read_part(s, mlp_node_get(config, "warn"), "warn", name);
}
