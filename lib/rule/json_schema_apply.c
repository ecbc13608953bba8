/* json_schema_apply.c: keywords that apply schemas, and the table of all keywords. */
#include "rule/json_schema_inside.h"

#include <math.h>

#define EVAL(name) \
    static bool name(struct mlp_json_check *c, const struct js_keyword *k, const struct js_at *at)

/* ---- in place */

EVAL(all_of)
{
    bool ok = true;
    for (size_t i = 0; i < k->n && (ok || (c->most && !c->quiet)); i++)
        ok &= mlp_js_apply(c, k->entries[i].schema, at);
    return ok;
}

/* How many of the schemas hold; all are looked at where what they saw matters. */
static size_t count_holding(struct mlp_json_check *c, const struct js_keyword *k,
                            const struct js_at *at, size_t enough)
{
    size_t n = 0;
    for (size_t i = 0; i < k->n && (n < enough || c->schema->tracks); i++)
        n += mlp_js_try(c, k->entries[i].schema, at);
    return n;
}

EVAL(any_of)
{
    return count_holding(c, k, at, 1) > 0 ||
           mlp_js_tell(c, k, at, "none of the %zu schemas holds", k->n);
}

EVAL(one_of)
{
    size_t n = count_holding(c, k, at, 2);
    return n == 1 || mlp_js_tell(c, k, at, n ? "more than one of the %zu schemas holds"
                                             : "none of the %zu schemas holds", k->n);
}

EVAL(not_this)
{
    size_t start = c->seen.n;
    bool holds = mlp_js_try(c, k->sub, at);
    c->seen.n = start;
    return !holds || mlp_js_tell(c, k, at, "the schema under \"not\" holds");
}

EVAL(if_then)
{
    const struct js_keyword *next = k->near[mlp_js_try(c, k->sub, at) ? 0 : 1];
    return !next || mlp_js_apply(c, next->sub, at);
}

EVAL(reference)
{
    return mlp_js_apply(c, k->sub, at);
}

/* The outermost resource on the way here that has the anchor. */
EVAL(dynamic_reference)
{
    const struct mlp_node *target = NULL;
    for (const struct js_scope *s = c->scope; s && k->name.p; s = s->up)
        for (const struct js_anchor *a = s->resource->anchors; a; a = a->next)
            if (a->dynamic && mlp_str_eq(a->name, k->name))
                target = a->node;
    const uint64_t *at_schema =
        target ? mlp_map_get(&c->schema->by_node,
                             (struct mlp_str){(const char *)&target, sizeof target})
               : NULL;
    return mlp_js_apply(c, at_schema ? (const struct js_schema *)(uintptr_t)*at_schema : k->sub,
                        at);
}

/* ---- members of objects */

EVAL(properties)
{
    bool ok = true, all = c->most && !c->quiet;
    for (size_t i = 0; i < k->n && (ok || all); i++) {
        const struct mlp_node *x = mlp_node_get_str(at->v, k->entries[i].name);
        if (x)
            ok &= mlp_js_apply_child(c, k->entries[i].schema, at, x, 0);
    }
    return ok;
}

EVAL(pattern_properties)
{
    bool ok = true, all = c->most && !c->quiet;
    for (const struct mlp_node *x = at->v->child; x && (ok || all); x = x->next)
        for (size_t i = 0; i < k->n; i++)
            if (mlp_js_match(c, &k->entries[i].regex, x->key))
                ok &= mlp_js_apply_child(c, k->entries[i].schema, at, x, 0);
    return ok;
}

static bool is_named(struct mlp_json_check *c, const struct js_keyword *k, struct mlp_str name)
{
    const struct js_keyword *named = k->near[0], *patterns = k->near[1];
    if (named && mlp_node_get_str(named->node, name))
        return true;
    for (size_t i = 0; patterns && i < patterns->n; i++)
        if (mlp_js_match(c, &patterns->entries[i].regex, name))
            return true;
    return false;
}

EVAL(additional_properties)
{
    bool ok = true, all = c->most && !c->quiet;
    for (const struct mlp_node *x = at->v->child; x && (ok || all); x = x->next) {
        if (is_named(c, k, x->key))
            continue;
        if (k->sub->kind == JS_IS_FALSE)
            ok = mlp_js_tell(c, k, at, "the member \"%.*s\" is not expected",
                             MLP_STR_ARG(x->key));
        else
            ok &= mlp_js_apply_child(c, k->sub, at, x, 0);
    }
    return ok;
}

EVAL(property_names)
{
    bool ok = true;
    for (const struct mlp_node *x = at->v->child; x && ok; x = x->next) {
        struct mlp_node name = {.type = MLP_DOC_TEXT, .text = x->key, .key = x->key};
        struct js_at here = {&name, at, 0};
        size_t start = c->seen.n;
        ok = mlp_js_apply(c, k->sub, &here);
        c->seen.n = start;
    }
    return ok;
}

static bool has_all(const struct mlp_node *v, const struct mlp_node *names,
                    struct mlp_str *missing)
{
    for (const struct mlp_node *n = names->child; n; n = n->next) {
        *missing = n->text;
        if (!mlp_node_get_str(v, n->text))
            return false;
    }
    return true;
}

/* dependentRequired, dependentSchemas, and draft 7's dependencies, which is both. */
EVAL(dependent)
{
    bool ok = true;
    struct mlp_str missing;
    for (size_t i = 0; i < k->n && ok; i++) {
        const struct js_entry *x = &k->entries[i];
        if (!mlp_node_get_str(at->v, x->name))
            continue;
        if (x->schema)
            ok = mlp_js_apply(c, x->schema, at);
        else if (!has_all(at->v, x->node, &missing))
            ok = mlp_js_tell(c, k, at, "\"%.*s\" needs the member \"%.*s\"",
                             MLP_STR_ARG(x->name), MLP_STR_ARG(missing));
    }
    return ok;
}

/* ---- items of lists */

/* The items from `from` on. */
static bool apply_rest(struct mlp_json_check *c, const struct js_keyword *k,
                       const struct js_at *at, size_t from)
{
    bool ok = true, all = c->most && !c->quiet;
    size_t i = 0;
    for (const struct mlp_node *x = at->v->child; x && (ok || all); x = x->next, i++)
        if (i >= from)
            ok &= mlp_js_apply_child(c, k->sub, at, x, i);
    return ok;
}

EVAL(prefix_items)
{
    bool ok = true;
    size_t i = 0;
    for (const struct mlp_node *x = at->v->child; x && i < k->n && ok; x = x->next, i++)
        ok = mlp_js_apply_child(c, k->entries[i].schema, at, x, i);
    return ok;
}

/* A list of schemas before 2020-12. */
EVAL(items)
{
    if (!k->sub)
        return prefix_items(c, k, at);
    return apply_rest(c, k, at, k->near[0] ? k->near[0]->n : 0);
}

EVAL(additional_items)
{
    return !k->near[0] || k->near[0]->sub || apply_rest(c, k, at, k->near[0]->n);
}

EVAL(contains)
{
    double least = k->near[0] ? k->near[0]->number : 1, n = 0;
    double most = k->near[1] ? k->near[1]->number : INFINITY;
    bool tracks = c->schema->tracks && k->of->resource->draft == MLP_JSON_DRAFT_2020;
    size_t i = 0;
    for (const struct mlp_node *x = at->v->child; x; x = x->next, i++) {
        struct js_at here = {x, at, i};
        size_t start = c->seen.n;
        bool holds = mlp_js_try(c, k->sub, &here);
        c->seen.n = start;
        n += holds;
        if (holds && tracks)
            mlp_js_see(c, x);
    }
    return (n >= least && n <= most) ||
           mlp_js_tell(c, k, at, "%.17g of the items hold, expected at %s %.17g", n,
                       n < least ? "least" : "most", n < least ? least : most);
}

/* ---- what nobody looked at */

static bool was_seen(struct mlp_json_check *c, const struct mlp_node *x)
{
    mlp_js_step(c, 1 + (c->seen.n - c->seen_from) / 16);
    for (size_t i = c->seen_from; i < c->seen.n; i++)
        if (*(const struct mlp_node **)mlp_vec_at(&c->seen, i) == x)
            return true;
    return false;
}

EVAL(unevaluated)
{
    bool ok = true;
    size_t i = 0;
    for (const struct mlp_node *x = at->v->child; x && c->e->code == MLP_OK; x = x->next, i++) {
        if (was_seen(c, x))
            continue;
        if (k->sub->kind == JS_IS_FALSE && at->v->type == MLP_DOC_MAP)
            ok = mlp_js_tell(c, k, at, "the member \"%.*s\" is not expected",
                             MLP_STR_ARG(x->key));
        else
            ok &= mlp_js_apply_child(c, k->sub, at, x, i);
    }
    return ok;
}

/* ---- the table */

#define D7 (1u << MLP_JSON_DRAFT_7)
#define D19 (1u << MLP_JSON_DRAFT_2019)
#define D20 (1u << MLP_JSON_DRAFT_2020)
#define NEW (D19 | D20)
#define OLD (D7 | D19)
#define EVERY (D7 | NEW)

const struct js_def mlp_js_defs[] = {
    {"$defs", EVERY, 0, JS_MAP, NULL, NULL},
    {"definitions", EVERY, 0, JS_MAP, NULL, NULL},
    {"$recursiveRef", D19, 0, JS_NO_SCHEMA, mlp_js_make_refused, NULL},
    {"type", EVERY, JS_ANY, JS_NO_SCHEMA, mlp_js_make_type, mlp_js_type},
    {"enum", EVERY, JS_ANY, JS_NO_SCHEMA, mlp_js_make_enum, mlp_js_enum},
    {"const", EVERY, JS_ANY, JS_NO_SCHEMA, NULL, mlp_js_const},
    {"minimum", EVERY, JS_NUMBER, JS_NO_SCHEMA, mlp_js_make_number, mlp_js_bound},
    {"maximum", EVERY, JS_NUMBER, JS_NO_SCHEMA, mlp_js_make_number, mlp_js_bound},
    {"exclusiveMinimum", EVERY, JS_NUMBER, JS_NO_SCHEMA, mlp_js_make_number, mlp_js_bound},
    {"exclusiveMaximum", EVERY, JS_NUMBER, JS_NO_SCHEMA, mlp_js_make_number, mlp_js_bound},
    {"multipleOf", EVERY, JS_NUMBER, JS_NO_SCHEMA, mlp_js_make_number, mlp_js_multiple},
    {"minLength", EVERY, JS_STRING, JS_NO_SCHEMA, mlp_js_make_count, mlp_js_size},
    {"maxLength", EVERY, JS_STRING, JS_NO_SCHEMA, mlp_js_make_count, mlp_js_size},
    {"pattern", EVERY, JS_STRING, JS_NO_SCHEMA, mlp_js_make_pattern, mlp_js_pattern},
    {"format", EVERY, JS_STRING, JS_NO_SCHEMA, mlp_js_make_format, mlp_js_format},
    {"contentEncoding", D7, JS_STRING, JS_NO_SCHEMA, mlp_js_make_text, mlp_js_content},
    {"contentMediaType", D7, JS_STRING, JS_NO_SCHEMA, mlp_js_make_text, mlp_js_content},
    {"minItems", EVERY, JS_ARRAY, JS_NO_SCHEMA, mlp_js_make_count, mlp_js_size},
    {"maxItems", EVERY, JS_ARRAY, JS_NO_SCHEMA, mlp_js_make_count, mlp_js_size},
    {"uniqueItems", EVERY, JS_ARRAY, JS_NO_SCHEMA, mlp_js_make_flag, mlp_js_unique},
    {"minProperties", EVERY, JS_OBJECT, JS_NO_SCHEMA, mlp_js_make_count, mlp_js_size},
    {"maxProperties", EVERY, JS_OBJECT, JS_NO_SCHEMA, mlp_js_make_count, mlp_js_size},
    {"required", EVERY, JS_OBJECT, JS_NO_SCHEMA, mlp_js_make_names, mlp_js_required},
    {"dependentRequired", NEW, JS_OBJECT, JS_NO_SCHEMA, mlp_js_make_depends, dependent},
    {"dependentSchemas", NEW, JS_OBJECT, JS_MAP, NULL, dependent},
    {"dependencies", EVERY, JS_OBJECT, JS_MAP_OR_NAMES, mlp_js_make_depends, dependent},
    {"propertyNames", EVERY, JS_OBJECT, JS_ONE, NULL, property_names},
    {"properties", EVERY, JS_OBJECT, JS_MAP, NULL, properties},
    {"patternProperties", EVERY, JS_OBJECT, JS_MAP, mlp_js_make_patterns, pattern_properties},
    {"additionalProperties", EVERY, JS_OBJECT, JS_ONE, NULL, additional_properties},
    {"prefixItems", D20, JS_ARRAY, JS_LIST, NULL, prefix_items},
    {"items", EVERY, JS_ARRAY, JS_ONE_OR_LIST, NULL, items},
    {"additionalItems", OLD, JS_ARRAY, JS_ONE, NULL, additional_items},
    {"minContains", NEW, 0, JS_NO_SCHEMA, mlp_js_make_count, NULL},
    {"maxContains", NEW, 0, JS_NO_SCHEMA, mlp_js_make_count, NULL},
    {"contains", EVERY, JS_ARRAY, JS_ONE, NULL, contains},
    {"contentSchema", NEW, 0, JS_ONE, NULL, NULL},
    {"allOf", EVERY, JS_ANY, JS_LIST, NULL, all_of},
    {"anyOf", EVERY, JS_ANY, JS_LIST, NULL, any_of},
    {"oneOf", EVERY, JS_ANY, JS_LIST, NULL, one_of},
    {"not", EVERY, JS_ANY, JS_ONE, NULL, not_this},
    {"then", EVERY, 0, JS_ONE, NULL, NULL},
    {"else", EVERY, 0, JS_ONE, NULL, NULL},
    {"if", EVERY, JS_ANY, JS_ONE, NULL, if_then},
    {"$ref", EVERY, JS_ANY, JS_NO_SCHEMA, mlp_js_make_ref, reference},
    {"$dynamicRef", D20, JS_ANY, JS_NO_SCHEMA, mlp_js_make_dynamic_ref, dynamic_reference},
    {"unevaluatedItems", NEW, JS_ARRAY, JS_ONE, mlp_js_make_tracked, unevaluated},
    {"unevaluatedProperties", NEW, JS_OBJECT, JS_ONE, mlp_js_make_tracked, unevaluated},
    {NULL, 0, 0, JS_NO_SCHEMA, NULL, NULL},
};
