/* json_schema_eval.c: evaluation: its limits, its faults, and the keywords about one value. */
#include "rule/json_schema_inside.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>

#define DEPTH_MOST 1000u
#define STEPS_MOST ((uint64_t)50000000)
#define FAULT_BYTES ((size_t)16 << 20)

enum mlp_code mlp_json_check_new(struct mlp_json_check **out, struct mlp_err *e)
{
    struct mlp_json_check *c = calloc(1, sizeof *c);
    *out = NULL;
    if (!c)
        return mlp_err_nomem(e);
    mlp_arena_init(&c->arena, FAULT_BYTES);
    mlp_vec_init(&c->seen, sizeof(const struct mlp_node *));
    mlp_vec_init(&c->faults, sizeof(struct mlp_json_fault));
    enum mlp_code code = mlp_matcher_init(&c->matcher, e);
    if (code == MLP_OK)
        *out = c;
    else
        mlp_json_check_free(c);
    return code;
}

void mlp_json_check_free(struct mlp_json_check *c)
{
    if (!c)
        return;
    mlp_matcher_fini(&c->matcher);
    mlp_vec_fini(&c->faults);
    mlp_vec_fini(&c->seen);
    mlp_arena_fini(&c->arena);
    free(c);
}

enum mlp_code mlp_json_check_value(struct mlp_json_check *c, const struct mlp_json_schema *schema,
                                   const struct mlp_node *value, size_t most, bool *valid,
                                   struct mlp_err *e)
{
    struct mlp_err local;
    struct js_at at = {value, NULL, 0};
    mlp_err_init(&local);
    mlp_arena_reset(&c->arena);
    c->schema = schema;
    c->e = &local;
    c->most = most;
    c->seen.n = c->faults.n = c->seen_from = 0;
    c->scope = NULL;
    c->depth = c->quiet = 0;
    c->steps = 0;
    *valid = mlp_js_apply(c, schema->first, &at);
    if (local.code == MLP_OK)
        return MLP_OK;
    mlp_err_at(&local, schema->doc->source, 0, 0);
    if (e && e->code == MLP_OK)
        *e = local;
    return local.code;
}

const struct mlp_json_fault *mlp_json_check_faults(const struct mlp_json_check *c, size_t *n)
{
    *n = c->faults.n;
    return c->faults.p;
}

/* ---- limits */

bool mlp_js_step(struct mlp_json_check *c, uint64_t n)
{
    c->steps += n;
    if (c->steps > STEPS_MOST)
        mlp_err_set(c->e, MLP_EINPUT, "this value and the schema take more than %llu steps",
                    (unsigned long long)STEPS_MOST);
    return c->e->code == MLP_OK;
}

static bool enter(struct mlp_json_check *c)
{
    if (++c->depth > DEPTH_MOST)
        mlp_err_set(c->e, MLP_EINPUT, "schemas apply each other more than %u deep: does one refer "
                    "to itself?", DEPTH_MOST);
    return mlp_js_step(c, 1);
}

/* ---- faults */

static void add_pointer(struct mlp_buf *b, const struct js_at *at)
{
    if (!at->up)
        return;
    add_pointer(b, at->up);
    if (at->up->v->type == MLP_DOC_LIST)
        mlp_buf_addf(b, "/%zu", at->index);
    else
        mlp_buf_addf(b, "/%.*s", MLP_STR_ARG(at->v->key));
}

static struct mlp_str keep(struct mlp_json_check *c, struct mlp_buf *b)
{
    struct mlp_str s = mlp_arena_str(&c->arena, mlp_buf_str(b));
    mlp_buf_fini(b);
    return s.p ? s : MLP_STR("");
}

bool mlp_js_tell(struct mlp_json_check *c, const struct js_keyword *k, const struct js_at *at,
                 const char *fmt, ...)
{
    char words[256];
    struct mlp_buf pointer, path;
    va_list ap;
    if (c->quiet || c->faults.n >= c->most)
        return false;
    struct mlp_json_fault *f = mlp_vec_push(&c->faults);
    if (!f) {
        mlp_err_nomem(c->e);
        return false;
    }
    va_start(ap, fmt);
    vsnprintf(words, sizeof words, fmt, ap);
    va_end(ap);
    mlp_buf_init(&pointer, (size_t)1 << 16);
    mlp_buf_init(&path, (size_t)1 << 16);
    add_pointer(&pointer, at);
    mlp_buf_addf(&path, "%.*s/%s", MLP_STR_ARG(k->of->path), k->def->name);
    f->words = mlp_arena_str(&c->arena, mlp_str_from(words));
    f->keyword = mlp_str_from(k->def->name);
    f->at = keep(c, &pointer);
    f->schema = keep(c, &path);
    return false;
}

/* ---- schemas */

static bool apply_keywords(struct mlp_json_check *c, const struct js_schema *s,
                           const struct js_at *at)
{
    static const struct js_def no_def = {.name = ""};
    unsigned types = mlp_js_types(at->v);
    bool ok = true, all = c->most && !c->quiet;
    if (s->kind == JS_IS_FALSE) {
        struct js_keyword none = {.def = &no_def, .of = s};
        return mlp_js_tell(c, &none, at, "nothing is allowed here");
    }
    for (const struct js_keyword *k = s->keywords; k && (ok || all); k = k->next)
        if (k->def->eval && (k->def->types & types))
            ok &= k->def->eval(c, k, at);
    return ok;
}

bool mlp_js_apply(struct mlp_json_check *c, const struct js_schema *s, const struct js_at *at)
{
    struct js_scope scope = {s->resource, c->scope};
    const struct js_scope *before = c->scope;
    size_t from = c->seen_from, start = c->seen.n;
    bool ok = false;
    if (enter(c)) {
        c->seen_from = start;
        if (!before || before->resource != s->resource)
            c->scope = &scope;
        ok = apply_keywords(c, s, at);
    }
    if (!ok)
        c->seen.n = start;
    c->seen_from = from;
    c->scope = before;
    c->depth--;
    return ok && c->e->code == MLP_OK;
}

bool mlp_js_try(struct mlp_json_check *c, const struct js_schema *s, const struct js_at *at)
{
    c->quiet++;
    bool ok = mlp_js_apply(c, s, at);
    c->quiet--;
    return ok;
}

void mlp_js_see(struct mlp_json_check *c, const struct mlp_node *child)
{
    const struct mlp_node **slot = c->schema->tracks ? mlp_vec_push(&c->seen) : NULL;
    if (slot)
        *slot = child;
    else if (c->schema->tracks)
        mlp_err_nomem(c->e);
}

bool mlp_js_apply_child(struct mlp_json_check *c, const struct js_schema *s,
                        const struct js_at *parent, const struct mlp_node *child, size_t index)
{
    struct js_at at = {child, parent, index};
    size_t start = c->seen.n;
    bool ok = mlp_js_apply(c, s, &at);
    c->seen.n = start;
    mlp_js_see(c, child);
    return ok;
}

/* ---- any value */

bool mlp_js_type(struct mlp_json_check *c, const struct js_keyword *k, const struct js_at *at)
{
    if (k->types & mlp_js_types(at->v))
        return true;
    return k->node->type == MLP_DOC_TEXT
               ? mlp_js_tell(c, k, at, "expected %.*s", MLP_STR_ARG(k->node->text))
               : mlp_js_tell(c, k, at, "expected one of the types");
}

bool mlp_js_enum(struct mlp_json_check *c, const struct js_keyword *k, const struct js_at *at)
{
    for (const struct mlp_node *n = k->node->child; n && mlp_js_step(c, 1); n = n->next)
        if (mlp_json_equal(n, at->v))
            return true;
    return mlp_js_tell(c, k, at, "expected one of %zu values", k->node->u.count);
}

bool mlp_js_const(struct mlp_json_check *c, const struct js_keyword *k, const struct js_at *at)
{
    return mlp_json_equal(k->node, at->v) || mlp_js_tell(c, k, at, "expected one value only");
}

/* ---- numbers */

bool mlp_js_bound(struct mlp_json_check *c, const struct js_keyword *k, const struct js_at *at)
{
    bool lower = strstr(k->def->name, "inimum") != NULL;
    bool exclusive = k->def->name[0] == 'e';
    int way = mlp_json_compare(at->v, k->node) * (lower ? 1 : -1);
    if (way > 0 || (way == 0 && !exclusive))
        return true;
    return mlp_js_tell(c, k, at, "expected %s%s %.*s", lower ? ">" : "<", exclusive ? "" : "=",
                       MLP_STR_ARG(k->node->text));
}

bool mlp_js_multiple(struct mlp_json_check *c, const struct js_keyword *k, const struct js_at *at)
{
    return mlp_json_multiple(at->v, k->node) ||
           mlp_js_tell(c, k, at, "expected a multiple of %.*s", MLP_STR_ARG(k->node->text));
}

/* ---- sizes, of texts in characters */

static size_t size_of(const struct mlp_node *v)
{
    size_t n = 0;
    if (v->type != MLP_DOC_TEXT)
        return v->u.count;
    for (size_t i = 0; i < v->text.n; i++)
        n += ((unsigned char)v->text.p[i] & 0xC0) != 0x80;
    return n;
}

bool mlp_js_size(struct mlp_json_check *c, const struct js_keyword *k, const struct js_at *at)
{
    bool least = k->def->name[1] == 'i';
    double n = (double)size_of(at->v);
    if (least ? n >= k->number : n <= k->number)
        return true;
    return mlp_js_tell(c, k, at, "expected at %s %.17g %s", least ? "least" : "most", k->number,
                       at->v->type == MLP_DOC_TEXT   ? "characters"
                       : at->v->type == MLP_DOC_LIST ? "items"
                                                     : "members");
}

/* ---- texts */

bool mlp_js_match(struct mlp_json_check *c, const struct mlp_regex *r, struct mlp_str text)
{
    mlp_js_step(c, 1 + text.n / 64);
    return mlp_regex_find(r, text, &c->matcher) >= 0;
}

bool mlp_js_pattern(struct mlp_json_check *c, const struct js_keyword *k, const struct js_at *at)
{
    return mlp_js_match(c, &k->regex, at->v->text) ||
           mlp_js_tell(c, k, at, "expected a text with %.*s", MLP_STR_ARG(k->node->text));
}

bool mlp_js_format(struct mlp_json_check *c, const struct js_keyword *k, const struct js_at *at)
{
    return !k->format || k->format(at->v->text, k->node->text) ||
           mlp_js_tell(c, k, at, "expected the format %.*s", MLP_STR_ARG(k->node->text));
}

/* The text itself, or what base64 stands for when contentEncoding is beside it. */
static bool content_is_json(const struct js_schema *s, struct mlp_str text)
{
    mlp_format_fn *json = mlp_format_find(MLP_STR("json"));
    struct mlp_buf bytes;
    if (!mlp_node_get(s->node, "contentEncoding"))
        return json(text, text);
    mlp_buf_init(&bytes, text.n + 1);
    bool ok = mlp_format_base64(text, &bytes) && json(mlp_buf_str(&bytes), text);
    mlp_buf_fini(&bytes);
    return ok;
}

/* Draft 7: base64, and application/json. */
bool mlp_js_content(struct mlp_json_check *c, const struct js_keyword *k, const struct js_at *at)
{
    bool media = strcmp(k->def->name, "contentMediaType") == 0, ok = true;
    if (!c->schema->options.formats)
        return true;
    if (media && mlp_str_is(k->node->text, "application/json"))
        ok = content_is_json(k->of, at->v->text);
    else if (!media && mlp_str_is(k->node->text, "base64"))
        ok = mlp_format_base64(at->v->text, NULL);
    return ok || mlp_js_tell(c, k, at, "expected %.*s", MLP_STR_ARG(k->node->text));
}

/* ---- lists and objects */

struct hashed {
    uint64_t hash;
    const struct mlp_node *node;
};

static int by_hash(const void *a, const void *b)
{
    const struct hashed *x = a, *y = b;
    return (x->hash > y->hash) - (x->hash < y->hash);
}

static bool differ(struct mlp_json_check *c, const struct hashed *items, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = i + 1; k < n && items[k].hash == items[i].hash && mlp_js_step(c, 1); k++)
            if (mlp_json_equal(items[i].node, items[k].node))
                return false;
    return true;
}

bool mlp_js_unique(struct mlp_json_check *c, const struct js_keyword *k, const struct js_at *at)
{
    size_t n = 0;
    if (!mlp_node_bool(k->node, false) || at->v->u.count < 2)
        return true;
    struct hashed *items = calloc(at->v->u.count, sizeof *items);
    if (!items) {
        mlp_err_nomem(c->e);
        return false;
    }
    for (const struct mlp_node *x = at->v->child; x; x = x->next)
        items[n++] = (struct hashed){mlp_js_hash(x), x};
    qsort(items, n, sizeof *items, by_hash);
    bool ok = differ(c, items, n);
    free(items);
    return ok || mlp_js_tell(c, k, at, "expected items that differ");
}

bool mlp_js_required(struct mlp_json_check *c, const struct js_keyword *k, const struct js_at *at)
{
    bool ok = true;
    for (const struct mlp_node *n = k->node->child; n && mlp_js_step(c, 1); n = n->next)
        if (!mlp_node_get_str(at->v, n->text))
            ok = mlp_js_tell(c, k, at, "expected the member \"%.*s\"", MLP_STR_ARG(n->text));
    return ok;
}
