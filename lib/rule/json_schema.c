/* json_schema.c: from a document to compiled schemas: which schemas and resources there are, and
 * what references name. Keywords are read in json_schema_make.c. */
#include "rule/json_schema_inside.h"

#include <stdlib.h>

#define SCHEMA_BYTES ((size_t)256 << 20)

void mlp_js_fault(struct js_maker *m, const struct mlp_node *at, const char *expected)
{
    mlp_node_error(m->s->doc, at, m->e, "%.*s%sexpected %s", MLP_STR_ARG(at->key),
                   at->key.n ? ": " : "", expected);
}

/* ---- paths */

static struct mlp_str add_token(struct js_maker *m, struct mlp_str path, struct mlp_str token)
{
    struct mlp_buf b;
    mlp_buf_init(&b, (size_t)1 << 20);
    mlp_buf_addstr(&b, path);
    mlp_buf_addc(&b, '/');
    for (size_t i = 0; i < token.n; i++) {
        if (token.p[i] == '~' || token.p[i] == '/')
            mlp_buf_adds(&b, token.p[i] == '~' ? "~0" : "~1");
        else
            mlp_buf_addc(&b, token.p[i]);
    }
    struct mlp_str whole = mlp_arena_str(&m->s->arena, mlp_buf_str(&b));
    mlp_buf_fini(&b);
    if (!whole.p)
        mlp_err_nomem(m->e);
    return whole;
}

static struct mlp_str add_index(struct js_maker *m, struct mlp_str path, size_t i)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%zu", i);
    return add_token(m, path, mlp_str_from(digits));
}

/* ---- discovery */

static struct mlp_str node_key(const struct mlp_node *const *node)
{
    return (struct mlp_str){(const char *)node, sizeof *node};
}

static struct js_schema *known_at(const struct mlp_json_schema *s, const struct mlp_node *node)
{
    const uint64_t *at = mlp_map_get(&s->by_node, node_key(&node));
    return at ? (struct js_schema *)(uintptr_t)*at : NULL;
}

static enum mlp_json_draft draft_of(const struct mlp_node *n, enum mlp_json_draft otherwise)
{
    struct mlp_str uri = mlp_node_str(mlp_node_get(n, "$schema"), "");
    if (memmem(uri.p, uri.n, "2020-12", 7))
        return MLP_JSON_DRAFT_2020;
    if (memmem(uri.p, uri.n, "2019-09", 7))
        return MLP_JSON_DRAFT_2019;
    return memmem(uri.p, uri.n, "draft-0", 7) ? MLP_JSON_DRAFT_7 : otherwise;
}

static void add_anchor(struct js_maker *m, struct js_resource *r, const struct mlp_node *node,
                       struct mlp_str name, bool dynamic)
{
    struct js_anchor *a = mlp_arena_alloc(&m->s->arena, sizeof *a);
    if (!a) {
        mlp_err_nomem(m->e);
        return;
    }
    *a = (struct js_anchor){name, node, dynamic, r->anchors};
    r->anchors = a;
}

static struct js_resource *add_resource(struct js_maker *m, const struct mlp_node *node,
                                        struct mlp_str uri, enum mlp_json_draft draft)
{
    struct js_resource *r = mlp_arena_alloc(&m->s->arena, sizeof *r);
    if (!r) {
        mlp_err_nomem(m->e);
        return NULL;
    }
    uri.n = mlp_str_find(uri, '#');
    *r = (struct js_resource){uri, node, draft_of(node, draft), NULL, m->s->resources};
    m->s->resources = r;
    return r;
}

/* $id and $anchor: the resource that the node is in, a new one when it starts there. In draft 7
 * nothing counts beside $ref, and an $id that is a fragment is an anchor. */
static struct js_resource *identify(struct js_maker *m, const struct mlp_node *node,
                                    struct js_resource *r)
{
    const struct mlp_node *id = mlp_node_get(node, "$id");
    enum mlp_json_draft draft = draft_of(node, r->draft);
    if (draft == MLP_JSON_DRAFT_7 && mlp_node_get(node, "$ref"))
        return r;
    struct mlp_str text = mlp_node_str(id, "");
    bool fragment = text.n && text.p[0] == '#';
    if (fragment && draft == MLP_JSON_DRAFT_7)
        add_anchor(m, r, node, (struct mlp_str){text.p + 1, text.n - 1}, false);
    if (text.n && !fragment) {
        struct mlp_str uri = mlp_js_uri_resolve(&m->s->arena, r->uri, text);
        if (node == r->root && uri.p) {
            r->uri = uri;
            r->uri.n = mlp_str_find(uri, '#');
        } else if (uri.p) {
            r = add_resource(m, node, uri, r->draft);
        } else {
            mlp_err_nomem(m->e);
        }
    }
    if (r && draft != MLP_JSON_DRAFT_7) {
        struct mlp_str anchor = mlp_node_str(mlp_node_get(node, "$anchor"), "");
        struct mlp_str dynamic = mlp_node_str(mlp_node_get(node, "$dynamicAnchor"), "");
        if (anchor.n)
            add_anchor(m, r, node, anchor, false);
        if (dynamic.n)
            add_anchor(m, r, node, dynamic, true);
    }
    return r;
}

static void walk(struct js_maker *m, const struct mlp_node *node, struct js_resource *r,
                 struct mlp_str path);

static void walk_members(struct js_maker *m, const struct mlp_node *n, struct js_resource *r,
                         struct mlp_str path, bool names)
{
    size_t i = 0;
    for (const struct mlp_node *x = n->child; x && !mlp_js_failed(m); x = x->next, i++) {
        if (names && x->type == MLP_DOC_LIST)
            continue;
        walk(m, x, r,
             n->type == MLP_DOC_MAP ? add_token(m, path, x->key) : add_index(m, path, i));
    }
}

static void walk_keyword(struct js_maker *m, const struct mlp_node *n, enum js_holds holds,
                         struct js_resource *r, struct mlp_str path)
{
    bool list = n->type == MLP_DOC_LIST;
    if (holds == JS_ONE || (holds == JS_ONE_OR_LIST && !list))
        walk(m, n, r, path);
    else if (list ? holds == JS_LIST || holds == JS_ONE_OR_LIST
                  : n->type == MLP_DOC_MAP && (holds == JS_MAP || holds == JS_MAP_OR_NAMES))
        walk_members(m, n, r, path, holds == JS_MAP_OR_NAMES);
    else
        mlp_js_fault(m, n, list ? "a map of schemas" : "a list of schemas");
}

static struct js_schema *add_schema(struct js_maker *m, const struct mlp_node *node,
                                    const struct js_resource *r, struct mlp_str path)
{
    struct js_schema *s = mlp_arena_alloc(&m->s->arena, sizeof *s);
    uint64_t *slot = s ? mlp_map_put(&m->s->by_node, node_key(&node), NULL) : NULL;
    if (!slot) {
        mlp_err_nomem(m->e);
        return NULL;
    }
    bool is_false = node->type == MLP_DOC_BOOL && !node->u.boolean;
    *s = (struct js_schema){
        .node = node, .resource = r, .path = path,
        .kind = is_false                      ? JS_IS_FALSE
                : node->type == MLP_DOC_BOOL ? JS_IS_TRUE
                                             : JS_IS_OBJECT,
    };
    *slot = (uint64_t)(uintptr_t)s;
    if (m->s->last)
        m->s->last->next = s;
    else
        m->s->first = s;
    m->s->last = s;
    return s;
}

/* Registers a schema and those in it. */
static void walk(struct js_maker *m, const struct mlp_node *node, struct js_resource *r,
                 struct mlp_str path)
{
    if (mlp_js_failed(m) || known_at(m->s, node))
        return;
    if (node->type != MLP_DOC_MAP && node->type != MLP_DOC_BOOL) {
        mlp_js_fault(m, node, "a schema: an object, true or false");
        return;
    }
    if (node->type == MLP_DOC_MAP)
        r = identify(m, node, r);
    if (!r || !add_schema(m, node, r, path))
        return;
    for (const struct js_def *d = mlp_js_defs; d->name && !mlp_js_failed(m); d++) {
        const struct mlp_node *n = d->holds ? mlp_node_get(node, d->name) : NULL;
        if (n && (d->drafts >> r->draft & 1))
            walk_keyword(m, n, d->holds, r, add_token(m, path, n->key));
    }
}

struct js_schema *mlp_js_schema_at(struct js_maker *m, const struct mlp_node *node,
                                   const struct js_resource *resource, struct mlp_str path)
{
    struct js_schema *s = known_at(m->s, node);
    if (s || mlp_js_failed(m))
        return s;
    for (struct js_resource *r = m->s->resources; r; r = r->next)
        if (r == resource)
            walk(m, node, r, path);
    return known_at(m->s, node);
}

/* ---- references */

static unsigned hex_value(char c)
{
    unsigned u = (unsigned char)c;
    return u <= '9' ? u - '0' : (u | 32) - 'a' + 10;
}

static bool is_hex(char c)
{
    return c && strchr("0123456789abcdefABCDEF", c);
}

/* Percent signs and then, of a pointer's token, tildes. */
static struct mlp_str decode(struct js_maker *m, struct mlp_str s, bool tildes)
{
    char *out = mlp_arena_alloc(&m->s->arena, s.n + 1);
    size_t n = 0;
    if (!out) {
        mlp_err_nomem(m->e);
        return (struct mlp_str){"", 0};
    }
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (!tildes && c == '%' && i + 2 < s.n && is_hex(s.p[i + 1]) && is_hex(s.p[i + 2])) {
            c = (char)(hex_value(s.p[i + 1]) << 4 | hex_value(s.p[i + 2]));
            i += 2;
        } else if (tildes && c == '~' && i + 1 < s.n && (s.p[i + 1] == '0' || s.p[i + 1] == '1')) {
            c = s.p[++i] == '0' ? '~' : '/';
        }
        out[n++] = c;
    }
    return (struct mlp_str){out, n};
}

/* Follows a JSON pointer (RFC 6901) from the root of a resource. */
static struct js_schema *follow(struct js_maker *m, const struct js_resource *r,
                                struct mlp_str pointer)
{
    const struct mlp_node *n = r->root;
    const struct js_schema *from = known_at(m->s, n);
    struct mlp_str path = from ? from->path : MLP_STR(""), rest = pointer, token;
    mlp_str_split(&rest, '/', &token);
    while (n && rest.p && mlp_str_split(&rest, '/', &token)) {
        uint64_t index;
        struct mlp_str name = decode(m, token, true);
        if (n->type == MLP_DOC_LIST)
            n = mlp_str_u64(name, &index) ? mlp_node_at(n, (size_t)index) : NULL;
        else
            n = mlp_node_get_str(n, name);
        path = add_token(m, path, name);
        const struct js_schema *known = n ? known_at(m->s, n) : NULL;
        r = known ? known->resource : r;
    }
    return n ? mlp_js_schema_at(m, n, r, path) : NULL;
}

static struct js_schema *find_fragment(struct js_maker *m, const struct js_resource *r,
                                       struct mlp_str fragment, const struct js_anchor **anchor)
{
    if (fragment.n == 0 || fragment.p[0] == '/')
        return follow(m, r, fragment);
    for (const struct js_anchor *a = r->anchors; a; a = a->next) {
        if (mlp_str_eq(a->name, fragment)) {
            *anchor = a->dynamic || !*anchor ? a : *anchor;
            if (a->dynamic)
                break;
        }
    }
    return *anchor ? known_at(m->s, (*anchor)->node) : NULL;
}

struct js_schema *mlp_js_resolve(struct js_maker *m, const struct js_resource *from,
                                 const struct mlp_node *ref, const struct js_anchor **anchor)
{
    const struct js_anchor *found = NULL;
    struct js_schema *s = NULL;
    if (ref->type != MLP_DOC_TEXT) {
        mlp_js_fault(m, ref, "a reference such as \"#/$defs/name\"");
        return NULL;
    }
    struct mlp_str uri = mlp_js_uri_resolve(&m->s->arena, from->uri, ref->text);
    struct mlp_str base = {uri.p, mlp_str_find(uri, '#')}, fragment = {NULL, 0};
    if (base.n < uri.n)
        fragment = decode(m, (struct mlp_str){uri.p + base.n + 1, uri.n - base.n - 1}, false);
    bool here = false;
    for (const struct js_resource *r = m->s->resources; r && !here; r = r->next) {
        here = mlp_str_eq(r->uri, base);
        if (here)
            s = find_fragment(m, r, fragment, &found);
    }
    if (!s && !mlp_js_failed(m)) {
        mlp_node_error(m->s->doc, ref, m->e, "%.*s: nothing in this document is \"%.200s\"",
                       MLP_STR_ARG(ref->key), uri.p ? uri.p : "");
        mlp_err_hint(m->e, here ? "look for what it names under $defs, $anchor and $id"
                                : "nothing is fetched: put that schema under $defs, with its $id");
    }
    *anchor = found;
    return s;
}

/* ---- a whole */

static struct js_keyword *add_keyword(struct js_maker *m, struct js_schema *s,
                                      struct js_keyword *last, const struct js_def *d,
                                      const struct mlp_node *n)
{
    struct js_keyword *k = mlp_arena_alloc(&m->s->arena, sizeof *k);
    if (!k) {
        mlp_err_nomem(m->e);
        return NULL;
    }
    *k = (struct js_keyword){.def = d, .node = n, .of = s};
    /* Linked before it is read, so that what it owns is freed after a failure. */
    if (last)
        last->next = k;
    else
        s->keywords = k;
    if (d->holds == JS_ONE || (d->holds == JS_ONE_OR_LIST && n->type != MLP_DOC_LIST))
        k->sub = known_at(m->s, n);
    else if (d->holds)
        mlp_js_make_list(m, k);
    if (d->make && !mlp_js_failed(m))
        d->make(m, k);
    return k;
}

static const struct js_keyword *find_keyword(const struct js_schema *s, const char *name)
{
    for (const struct js_keyword *k = s->keywords; k; k = k->next)
        if (strcmp(k->def->name, name) == 0)
            return k;
    return NULL;
}

/* Keywords that look at their neighbours. */
static void introduce(struct js_schema *s)
{
    static const char *const near[][3] = {
        {"additionalProperties", "properties", "patternProperties"},
        {"if", "then", "else"},
        {"contains", "minContains", "maxContains"},
        {"items", "prefixItems", NULL},
        {"additionalItems", "items", NULL},
    };
    for (struct js_keyword *k = s->keywords; k; k = k->next)
        for (size_t i = 0; i < sizeof near / sizeof *near; i++)
            for (int j = 0; j < 2 && strcmp(near[i][0], k->def->name) == 0; j++)
                k->near[j] = near[i][j + 1] ? find_keyword(s, near[i][j + 1]) : NULL;
}

static void make_schema(struct js_maker *m, struct js_schema *s)
{
    enum mlp_json_draft draft = s->resource->draft;
    bool only_ref = draft == MLP_JSON_DRAFT_7 && mlp_node_get(s->node, "$ref");
    struct js_keyword *last = NULL;
    for (const struct js_def *d = mlp_js_defs; d->name && !mlp_js_failed(m); d++) {
        const struct mlp_node *n = mlp_node_get(s->node, d->name);
        if (n && (d->drafts >> draft & 1) && (!only_ref || strcmp(d->name, "$ref") == 0))
            last = add_keyword(m, s, last, d, n);
    }
    introduce(s);
}

enum mlp_code mlp_json_schema_new(const struct mlp_doc *d, const struct mlp_node *root,
                                  const struct mlp_json_schema_options *options,
                                  struct mlp_json_schema **out, struct mlp_err *e)
{
    struct mlp_err local;
    mlp_err_init(&local);
    struct mlp_json_schema *s = calloc(1, sizeof *s);
    struct js_maker m = {s, e ? e : &local};
    *out = NULL;
    if (!s)
        return mlp_err_nomem(e);
    if (options)
        s->options = *options;
    s->doc = d;
    mlp_arena_init(&s->arena, SCHEMA_BYTES);
    mlp_map_init(&s->by_node, 1, SCHEMA_BYTES);
    struct js_resource *r = root ? add_resource(&m, root, MLP_STR(""), s->options.draft) : NULL;
    if (!root)
        mlp_node_error(d, NULL, m.e, "expected a schema: an object, true or false");
    if (r)
        walk(&m, root, r, MLP_STR(""));
    for (struct js_schema *x = s->first; x && !mlp_js_failed(&m); x = x->next)
        make_schema(&m, x);
    if (mlp_js_failed(&m))
        mlp_json_schema_free(s);
    else
        *out = s;
    return m.e->code;
}

void mlp_json_schema_free(struct mlp_json_schema *s)
{
    if (!s)
        return;
    for (const struct js_schema *x = s->first; x; x = x->next) {
        for (const struct js_keyword *k = x->keywords; k; k = k->next) {
            pcre2_code_free(k->regex.code);
            for (size_t i = 0; i < k->n && k->entries; i++)
                pcre2_code_free(k->entries[i].regex.code);
        }
    }
    mlp_map_fini(&s->by_node);
    mlp_arena_fini(&s->arena);
    free(s);
}
