/* json_schema_make.c: the values of keywords, read when a schema is compiled. */
#include "rule/json_schema_inside.h"

#include <math.h>

static unsigned type_of(struct mlp_str name)
{
    static const struct {
        const char *name;
        unsigned types;
    } types[] = {
        {"null", JS_NULL}, {"boolean", JS_BOOL}, {"integer", JS_INTEGER}, {"number", JS_NUMBER},
        {"string", JS_STRING}, {"array", JS_ARRAY}, {"object", JS_OBJECT},
    };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (mlp_str_is(name, types[i].name))
            return types[i].types;
    return 0;
}

void mlp_js_make_type(struct js_maker *m, struct js_keyword *k)
{
    const struct mlp_node *one = k->node->type == MLP_DOC_LIST ? k->node->child : k->node;
    for (const struct mlp_node *n = one; n; n = n == k->node ? NULL : n->next) {
        unsigned bit = n->type == MLP_DOC_TEXT ? type_of(n->text) : 0;
        if (!bit) {
            mlp_js_fault(m, n->key.n ? n : k->node,
                         "null, boolean, integer, number, string, array or object");
            return;
        }
        k->types |= bit;
    }
}

void mlp_js_make_number(struct js_maker *m, struct js_keyword *k)
{
    k->number = mlp_node_num(k->node, NAN);
    if (!mlp_node_is_num(k->node))
        mlp_js_fault(m, k->node, "a number");
    else if (strcmp(k->def->name, "multipleOf") == 0 && !(k->number > 0))
        mlp_js_fault(m, k->node, "a number above 0");
}

void mlp_js_make_count(struct js_maker *m, struct js_keyword *k)
{
    k->number = mlp_node_num(k->node, NAN);
    if (!mlp_node_is_num(k->node) || !(k->number >= 0) || k->number != floor(k->number))
        mlp_js_fault(m, k->node, "a whole number, 0 or more");
}

static void compile(struct js_maker *m, const struct mlp_node *at, struct mlp_str text,
                    struct mlp_regex *out)
{
    if (mlp_js_regex_init(out, text, m->e) != MLP_OK)
        mlp_err_at(m->e, m->s->doc->source, at->line, at->column);
}

void mlp_js_make_pattern(struct js_maker *m, struct js_keyword *k)
{
    if (k->node->type != MLP_DOC_TEXT)
        mlp_js_fault(m, k->node, "a regular expression");
    else
        compile(m, k->node, k->node->text, &k->regex);
}

void mlp_js_make_patterns(struct js_maker *m, struct js_keyword *k)
{
    for (size_t i = 0; i < k->n && !mlp_js_failed(m); i++)
        compile(m, k->entries[i].node, k->entries[i].name, &k->entries[i].regex);
}

/* A name that nobody knows is an annotation. */
void mlp_js_make_format(struct js_maker *m, struct js_keyword *k)
{
    if (k->node->type != MLP_DOC_TEXT)
        mlp_js_fault(m, k->node, "the name of a format");
    else if (m->s->options.formats)
        k->format = mlp_format_schema(k->node->text);
}

static void make_entries(struct js_maker *m, struct js_keyword *k)
{
    k->n = k->node->u.count;
    k->entries = mlp_arena_array(&m->s->arena, k->n, sizeof *k->entries);
    if (!k->entries) {
        k->n = 0;
        mlp_err_nomem(m->e);
    }
    struct js_entry *entry = k->entries;
    for (const struct mlp_node *x = k->node->child; x && entry; x = x->next, entry++)
        *entry = (struct js_entry){.name = x->key, .node = x};
}

void mlp_js_make_list(struct js_maker *m, struct js_keyword *k)
{
    make_entries(m, k);
    for (size_t i = 0; i < k->n && !mlp_js_failed(m); i++) {
        bool names = k->def->holds == JS_MAP_OR_NAMES && k->entries[i].node->type == MLP_DOC_LIST;
        if (!names)
            k->entries[i].schema = mlp_js_schema_at(m, k->entries[i].node, k->of->resource,
                                                    k->of->path);
    }
}

static void expect_names(struct js_maker *m, const struct mlp_node *list)
{
    if (list->type != MLP_DOC_LIST)
        mlp_js_fault(m, list, "a list of names");
    for (const struct mlp_node *n = list->child; n && !mlp_js_failed(m); n = n->next)
        if (n->type != MLP_DOC_TEXT)
            mlp_js_fault(m, list, "a list of names");
}

void mlp_js_make_names(struct js_maker *m, struct js_keyword *k)
{
    expect_names(m, k->node);
}

void mlp_js_make_depends(struct js_maker *m, struct js_keyword *k)
{
    if (k->node->type != MLP_DOC_MAP) {
        mlp_js_fault(m, k->node, "a map from names to lists of names");
        return;
    }
    if (!k->entries)
        make_entries(m, k);
    for (size_t i = 0; i < k->n && !mlp_js_failed(m); i++)
        if (!k->entries[i].schema)
            expect_names(m, k->entries[i].node);
}

void mlp_js_make_flag(struct js_maker *m, struct js_keyword *k)
{
    if (k->node->type != MLP_DOC_BOOL)
        mlp_js_fault(m, k->node, "true or false");
}

void mlp_js_make_text(struct js_maker *m, struct js_keyword *k)
{
    if (k->node->type != MLP_DOC_TEXT)
        mlp_js_fault(m, k->node, "a text");
}

void mlp_js_make_enum(struct js_maker *m, struct js_keyword *k)
{
    if (k->node->type != MLP_DOC_LIST)
        mlp_js_fault(m, k->node, "a list of values");
}

void mlp_js_make_ref(struct js_maker *m, struct js_keyword *k)
{
    const struct js_anchor *anchor;
    k->sub = mlp_js_resolve(m, k->of->resource, k->node, &anchor);
}

void mlp_js_make_dynamic_ref(struct js_maker *m, struct js_keyword *k)
{
    const struct js_anchor *anchor;
    k->sub = mlp_js_resolve(m, k->of->resource, k->node, &anchor);
    if (k->sub && anchor && anchor->dynamic)
        k->name = anchor->name;
}

void mlp_js_make_tracked(struct js_maker *m, struct js_keyword *k)
{
    (void)k;
    m->s->tracks = true;
}

void mlp_js_make_refused(struct js_maker *m, struct js_keyword *k)
{
    mlp_node_error(m->s->doc, k->node, m->e, "%s is not supported", k->def->name);
    mlp_err_hint(m->e, "say it with $dynamicRef, as draft 2020-12 does");
}
