#include "text/doc_internal.h"
#include "text/json.h"
#include "text/num.h"

#include "base/map.h"

#include <math.h>
#include <stdarg.h>
#include <yaml.h>

/* An open map or list, and for a map the name that waits for its value. */
struct frame {
    struct mlp_node *node;
    struct mlp_str key;
    uint32_t line, column;
    bool has_key;
};

/* From libyaml's events to a tree. */
struct reader {
    struct mlp_doc *d;
    struct mlp_str text;
    yaml_event_t event;
    struct mlp_map anchors;   /* name to node */
    size_t depth;
    bool second;              /* a document has ended */
    struct frame stack[MLP_DOC_MAX_DEPTH];
};

static enum mlp_code fail(const struct reader *r, struct mlp_err *e, const char *fmt, ...)
    MLP_PRINTF(3, 4);
static enum mlp_code fail(const struct reader *r, struct mlp_err *e, const char *fmt, ...)
{
    char message[256];
    const yaml_mark_t *at = &r->event.start_mark;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(message, sizeof message, fmt, ap);
    va_end(ap);
    mlp_err_set(e, MLP_EINPUT, "%s", message);
    return mlp_err_at(e, r->d->source, at->line + 1, at->column + 1);
}

/* Scalars. YAML 1.2.2, section 10.3.2: the core schema. */

struct word {
    const char *text;
    enum mlp_doc_type type;
    double value;
};

static const struct word words[] = {
    {"", MLP_DOC_NULL, 0},          {"~", MLP_DOC_NULL, 0},
    {"null", MLP_DOC_NULL, 0},      {"Null", MLP_DOC_NULL, 0},
    {"NULL", MLP_DOC_NULL, 0},      {"true", MLP_DOC_BOOL, 1},
    {"True", MLP_DOC_BOOL, 1},      {"TRUE", MLP_DOC_BOOL, 1},
    {"false", MLP_DOC_BOOL, 0},     {"False", MLP_DOC_BOOL, 0},
    {"FALSE", MLP_DOC_BOOL, 0},     {".inf", MLP_DOC_REAL, INFINITY},
    {".Inf", MLP_DOC_REAL, INFINITY},   {".INF", MLP_DOC_REAL, INFINITY},
    {"+.inf", MLP_DOC_REAL, INFINITY},  {"+.Inf", MLP_DOC_REAL, INFINITY},
    {"+.INF", MLP_DOC_REAL, INFINITY},  {"-.inf", MLP_DOC_REAL, -INFINITY},
    {"-.Inf", MLP_DOC_REAL, -INFINITY}, {"-.INF", MLP_DOC_REAL, -INFINITY},
    {".nan", MLP_DOC_REAL, NAN},        {".NaN", MLP_DOC_REAL, NAN},
    {".NAN", MLP_DOC_REAL, NAN},
};

static bool resolve_word(struct mlp_node *n)
{
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (!mlp_str_is(n->text, words[i].text))
            continue;
        n->type = words[i].type;
        if (n->type == MLP_DOC_BOOL)
            n->u.boolean = words[i].value > 0;
        if (n->type == MLP_DOC_REAL)
            n->u.real = words[i].value;
        return true;
    }
    return false;
}

static unsigned digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0');
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : 16;
}

/* 0x1F and 0o17, at most 64 bits. */
static bool resolve_radix(struct mlp_node *n)
{
    struct mlp_str s = n->text;
    if (s.n < 3 || s.p[0] != '0' || (s.p[1] != 'x' && s.p[1] != 'o'))
        return false;
    unsigned shift = s.p[1] == 'x' ? 4 : 3;
    uint64_t v = 0;
    for (size_t i = 2; i < s.n; i++) {
        unsigned digit = digit_value(s.p[i]);
        if (digit >> shift || v >> (64 - shift))
            return false;
        v = v << shift | digit;
    }
    n->type = v > INT64_MAX ? MLP_DOC_UINT : MLP_DOC_INT;
    n->u.unsigned_integer = v;
    return true;
}

/* Whether s is written as a decimal number, and then whether as an integer. */
static bool is_decimal(struct mlp_str s, bool *integral)
{
    double ignored;
    *integral = true;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool sign = (c == '-' || c == '+') && i == 0, digit = c >= '0' && c <= '9';
        if (!sign && !digit)
            *integral = false;
        /* What mlp_num_f64 reads beyond the schema, inf and nan, has other letters. */
        if (!sign && !digit && !strchr(".eE+-", c))
            return false;
    }
    return mlp_num_f64(s, &ignored);
}

static enum mlp_code resolve_plain(const struct reader *r, struct mlp_node *n, struct mlp_err *e)
{
    bool integral;
    if (resolve_word(n) || resolve_radix(n))
        return MLP_OK;
    if (is_decimal(n->text, &integral))
        return mlp_doc_number(r->d, n, integral, e);
    return MLP_OK;
}

#define CORE "tag:yaml.org,2002:"

/* The type that a tag asks for must be the one that the text has. */
static enum mlp_code resolve_tag(const struct reader *r, struct mlp_node *n, const char *tag,
                                 struct mlp_err *e)
{
    static const struct {
        const char *tag;
        enum mlp_doc_type type;
    } known[] = {{CORE "null", MLP_DOC_NULL}, {CORE "bool", MLP_DOC_BOOL},
                 {CORE "int", MLP_DOC_INT},   {CORE "int", MLP_DOC_UINT},
                 {CORE "float", MLP_DOC_REAL}};
    if (strcmp(tag, CORE "str") == 0 || strcmp(tag, "!") == 0)
        return MLP_OK;
    enum mlp_code code = resolve_plain(r, n, e);
    if (code != MLP_OK)
        return code;
    if (strcmp(tag, CORE "float") == 0 && mlp_node_is_num(n) && n->type != MLP_DOC_REAL) {
        double v = mlp_node_num(n, 0);
        n->type = MLP_DOC_REAL;
        n->u.real = v;
    }
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (n->type == known[i].type && strcmp(tag, known[i].tag) == 0)
            return MLP_OK;
    fail(r, e, "\"%.*s\" with the tag %.80s cannot be read", (int)(n->text.n < 80 ? n->text.n : 80),
         n->text.p, tag);
    return mlp_err_hint(e, "tags other than those of the core schema are not supported");
}

static struct mlp_str take_text(struct reader *r, const yaml_char_t *p, size_t n,
                                struct mlp_err *e)
{
    struct mlp_str s = mlp_arena_str(&r->d->arena, (struct mlp_str){(const char *)p, n});
    if (!s.p)
        mlp_doc_full(r->d, n + 1, e);
    return s;
}

/* The tree. */

/* An anchor's name stands for the node from here on; a later anchor may take the name. */
static enum mlp_code set_anchor(struct reader *r, const yaml_char_t *name, struct mlp_node *n,
                                struct mlp_err *e)
{
    if (!name)
        return MLP_OK;
    uint64_t *slot = mlp_map_put(&r->anchors, mlp_str_from((const char *)name), NULL);
    if (!slot)
        return mlp_doc_full(r->d, strlen((const char *)name), e);
    *slot = (uint64_t)(uintptr_t)n;
    return MLP_OK;
}

/* Puts a node where the events stand: the root, an item, or the value of the waiting name. */
static void place(struct reader *r, struct mlp_node *n)
{
    if (r->depth == 0) {
        r->d->root = n;
        return;
    }
    struct frame *f = &r->stack[r->depth - 1];
    if (f->has_key) {
        n->key = f->key;
        n->line = f->line;
        n->column = f->column;
        f->has_key = false;
    }
    mlp_node_append(f->node, n);
}

/* Whether the next scalar is a name: in a map, and none waits. */
static bool wants_key(const struct reader *r)
{
    return r->depth && r->stack[r->depth - 1].node->type == MLP_DOC_MAP &&
           !r->stack[r->depth - 1].has_key;
}

static struct mlp_node *node_here(struct reader *r, enum mlp_doc_type type, struct mlp_err *e)
{
    const yaml_mark_t *at = &r->event.start_mark;
    return mlp_doc_node(r->d, type, (uint32_t)at->line + 1, (uint32_t)at->column + 1, e);
}

static enum mlp_code on_key(struct reader *r, struct mlp_err *e)
{
    struct frame *f = &r->stack[r->depth - 1];
    const yaml_mark_t *at = &r->event.start_mark;
    f->key = take_text(r, r->event.data.scalar.value, r->event.data.scalar.length, e);
    if (!f->key.p)
        return e->code;
    if (r->event.data.scalar.plain_implicit && mlp_str_is(f->key, "<<")) {
        fail(r, e, "merge keys (<<) are not supported");
        return mlp_err_hint(e, "repeat the members, or quote the name");
    }
    f->line = (uint32_t)at->line + 1;
    f->column = (uint32_t)at->column + 1;
    f->has_key = true;
    if (!r->event.data.scalar.anchor)
        return MLP_OK;
    struct mlp_node *n = node_here(r, MLP_DOC_TEXT, e);
    if (!n)
        return e->code;
    n->text = f->key;
    return set_anchor(r, r->event.data.scalar.anchor, n, e);
}

static enum mlp_code on_scalar(struct reader *r, struct mlp_err *e)
{
    if (wants_key(r))
        return on_key(r, e);
    struct mlp_node *n = node_here(r, MLP_DOC_TEXT, e);
    if (!n)
        return e->code;
    const char *tag = (const char *)r->event.data.scalar.tag;
    n->text = take_text(r, r->event.data.scalar.value, r->event.data.scalar.length, e);
    if (!n->text.p)
        return e->code;
    enum mlp_code code = MLP_OK;
    if (tag)
        code = resolve_tag(r, n, tag, e);
    else if (r->event.data.scalar.plain_implicit)
        code = resolve_plain(r, n, e);
    if (code == MLP_OK)
        code = set_anchor(r, r->event.data.scalar.anchor, n, e);
    if (code == MLP_OK)
        place(r, n);
    return code;
}

static enum mlp_code on_open(struct reader *r, enum mlp_doc_type type, const yaml_char_t *anchor,
                             const yaml_char_t *tag, struct mlp_err *e)
{
    if (wants_key(r))
        return fail(r, e, "expected a name, found a %s", type == MLP_DOC_MAP ? "map" : "list");
    if (r->depth == MLP_DOC_MAX_DEPTH)
        return fail(r, e, "nested deeper than %d levels", MLP_DOC_MAX_DEPTH);
    if (tag && strcmp((const char *)tag, type == MLP_DOC_MAP ? CORE "map" : CORE "seq") != 0)
        return fail(r, e, "the tag %.80s is not supported", (const char *)tag);
    struct mlp_node *n = node_here(r, type, e);
    if (!n)
        return e->code;
    place(r, n);
    r->stack[r->depth++] = (struct frame){.node = n};
    return set_anchor(r, anchor, n, e);
}

static enum mlp_code on_close(struct reader *r, struct mlp_err *e)
{
    struct mlp_node *n = r->stack[--r->depth].node;
    return n->type == MLP_DOC_MAP ? mlp_doc_unique(r->d, n, e) : MLP_OK;
}

/* A copy of a tree; texts are shared. The arena's limit bounds how far aliases of aliases go. */
static struct mlp_node *copy(struct reader *r, const struct mlp_node *from, size_t depth,
                             struct mlp_err *e)
{
    struct mlp_node *n = mlp_doc_node(r->d, from->type, from->line, from->column, e);
    if (!n)
        return NULL;
    n->key = from->key;
    n->text = from->text;
    n->u = from->u;
    if (from->type != MLP_DOC_MAP && from->type != MLP_DOC_LIST)
        return n;
    if (depth == MLP_DOC_MAX_DEPTH) {
        fail(r, e, "nested deeper than %d levels", MLP_DOC_MAX_DEPTH);
        return NULL;
    }
    n->u.count = 0;
    for (const struct mlp_node *c = from->child; c; c = c->next) {
        struct mlp_node *child = copy(r, c, depth + 1, e);
        if (!child)
            return NULL;
        mlp_node_append(n, child);
    }
    return n;
}

static enum mlp_code on_alias(struct reader *r, struct mlp_err *e)
{
    const char *name = (const char *)r->event.data.alias.anchor;
    const uint64_t *slot = mlp_map_get(&r->anchors, mlp_str_from(name));
    if (!slot)
        return fail(r, e, "no anchor &%.80s before this alias", name);
    const struct mlp_node *from = (const struct mlp_node *)(uintptr_t)*slot;
    for (size_t i = 0; i < r->depth; i++)
        if (r->stack[i].node == from)
            return fail(r, e, "the alias *%.80s stands inside what it names", name);
    if (wants_key(r))
        return fail(r, e, "an alias cannot be a name here: write it out");
    struct mlp_node *n = copy(r, from, r->depth, e);
    if (!n)
        return e->code;
    n->key = (struct mlp_str){NULL, 0};
    place(r, n);
    return MLP_OK;
}

static enum mlp_code on_event(struct reader *r, struct mlp_err *e)
{
    const yaml_event_t *v = &r->event;
    switch (v->type) {
    case YAML_DOCUMENT_START_EVENT:
        return r->second ? fail(r, e, "a second document: one is expected") : MLP_OK;
    case YAML_DOCUMENT_END_EVENT:
        r->second = true;
        return MLP_OK;
    case YAML_SCALAR_EVENT:
        return on_scalar(r, e);
    case YAML_ALIAS_EVENT:
        return on_alias(r, e);
    case YAML_SEQUENCE_START_EVENT:
        return on_open(r, MLP_DOC_LIST, v->data.sequence_start.anchor, v->data.sequence_start.tag,
                       e);
    case YAML_MAPPING_START_EVENT:
        return on_open(r, MLP_DOC_MAP, v->data.mapping_start.anchor, v->data.mapping_start.tag, e);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        return on_close(r, e);
    default:
        return MLP_OK;
    }
}

/* libyaml's own errors. */
static enum mlp_code parser_error(const struct reader *r, const yaml_parser_t *p,
                                  struct mlp_err *e)
{
    if (p->error == YAML_MEMORY_ERROR)
        return mlp_err_nomem(e);
    uint64_t line = p->problem_mark.line + 1, column = p->problem_mark.column + 1;
    size_t offset = p->problem_mark.index;
    const char *problem = p->problem ? p->problem : "not YAML";
    if (p->error == YAML_READER_ERROR) {
        offset = p->problem_offset < r->text.n ? p->problem_offset : r->text.n;
        mlp_json_place(r->text, offset, &line, &column);
    }
    if (p->context)
        mlp_err_set(e, MLP_EINPUT, "%s %s", problem, p->context);
    else
        mlp_err_set(e, MLP_EINPUT, "%s", problem);
    mlp_err_at(e, r->d->source, line, column);
    if (offset < r->text.n && r->text.p[offset] == '\t')
        mlp_err_hint(e, "indent with spaces, not with tabs");
    return MLP_EINPUT;
}

static enum mlp_code read_events(struct reader *r, yaml_parser_t *p, struct mlp_err *e)
{
    for (;;) {
        if (!yaml_parser_parse(p, &r->event))
            return parser_error(r, p, e);
        bool end = r->event.type == YAML_STREAM_END_EVENT;
        enum mlp_code code = on_event(r, e);
        yaml_event_delete(&r->event);
        if (code != MLP_OK || end)
            return code;
    }
}

enum mlp_code mlp_doc_parse_yaml(struct mlp_doc *d, struct mlp_str text, struct mlp_err *e)
{
    struct mlp_err own;
    struct reader r = {.d = d, .text = text};
    yaml_parser_t parser;
    if (!e) {
        mlp_err_init(&own);
        e = &own;
    }
    d->root = NULL;
    if (!yaml_parser_initialize(&parser))
        return mlp_err_nomem(e);
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const unsigned char *)(text.n ? text.p : ""), text.n);
    mlp_map_init(&r.anchors, 0, d->arena.max);
    enum mlp_code code = read_events(&r, &parser, e);
    mlp_map_fini(&r.anchors);
    yaml_parser_delete(&parser);
    if (code != MLP_OK)
        d->root = NULL;
    return code;
}
