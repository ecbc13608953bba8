/* json_schema_inside.h: compiled schemas, shared by the files that compile and evaluate them. */
#ifndef MLP_RULE_JSON_SCHEMA_INSIDE_H
#define MLP_RULE_JSON_SCHEMA_INSIDE_H

#include "rule/internal.h"
#include "rule/json_schema.h"

/* What an instance is; integers are numbers too. */
enum { JS_NULL = 1, JS_BOOL = 2, JS_INTEGER = 4, JS_NUMBER = 8, JS_STRING = 16, JS_ARRAY = 32,
       JS_OBJECT = 64, JS_ANY = 127 };
unsigned mlp_js_types(const struct mlp_node *v);

struct js_anchor {
    struct mlp_str name;
    const struct mlp_node *node;
    bool dynamic;
    struct js_anchor *next;
};

/* A schema resource: what has an $id, and the document itself. uri has no fragment. */
struct js_resource {
    struct mlp_str uri;
    const struct mlp_node *root;
    enum mlp_json_draft draft;
    struct js_anchor *anchors;
    struct js_resource *next;
};

/* One of the members of a keyword's value: a property's schema, a pattern's, a dependency. */
struct js_entry {
    struct mlp_str name;
    const struct mlp_node *node;
    struct mlp_regex regex;
    struct js_schema *schema;     /* NULL where the member is no schema */
};

struct js_def;

/* One keyword of a schema that was found there. */
struct js_keyword {
    const struct js_def *def;
    const struct mlp_node *node;  /* its value */
    const struct js_schema *of;
    struct js_schema *sub;        /* its schema, or NULL */
    struct js_entry *entries;
    size_t n;                     /* entries */
    const struct js_keyword *near[2]; /* properties and patternProperties; then and else;
                                     minContains and maxContains; prefixItems */
    unsigned types;
    double number;
    mlp_format_fn *format;
    struct mlp_regex regex;
    struct mlp_str name;          /* of a dynamic anchor */
    struct js_keyword *next;
};

enum js_schema_kind { JS_IS_FALSE, JS_IS_TRUE, JS_IS_OBJECT };

struct js_schema {
    const struct mlp_node *node;
    const struct js_resource *resource;
    enum js_schema_kind kind;
    struct mlp_str path;          /* a JSON pointer into the document */
    struct js_keyword *keywords;
    struct js_schema *next;       /* all of them, in the order of discovery */
};

struct mlp_json_schema {
    const struct mlp_doc *doc;
    struct mlp_arena arena;
    struct mlp_map by_node;       /* address of a node to that of its js_schema */
    struct js_resource *resources;
    struct js_schema *first, *last;
    struct mlp_json_schema_options options;
    bool tracks;                  /* some unevaluatedItems or unevaluatedProperties is there */
};

/* Where in a value evaluation is; the chain lies on the stack. */
struct js_at {
    const struct mlp_node *v;
    const struct js_at *up;
    size_t index;                 /* in a list */
};

struct mlp_json_check;
typedef bool js_eval_fn(struct mlp_json_check *c, const struct js_keyword *k,
                        const struct js_at *at);

/* What the value of a keyword holds: schemas, where $id and $anchor have a meaning. */
enum js_holds { JS_NO_SCHEMA, JS_ONE, JS_LIST, JS_MAP, JS_ONE_OR_LIST, JS_MAP_OR_NAMES };

struct js_maker;

struct js_def {
    const char *name;
    unsigned drafts;              /* one bit each */
    unsigned types;               /* of instances that it says something about */
    enum js_holds holds;
    void (*make)(struct js_maker *m, struct js_keyword *k); /* NULL: nothing more */
    js_eval_fn *eval;             /* NULL: others look at it */
};

/* Keywords in the order of evaluation; ends with a NULL name. */
extern const struct js_def mlp_js_defs[];

/* Compiling. */
struct js_maker {
    struct mlp_json_schema *s;
    struct mlp_err *e;
};
static inline bool mlp_js_failed(const struct js_maker *m)
{
    return m->e->code != MLP_OK;
}
/* "KEYWORD: expected ...", at the value. */
void mlp_js_fault(struct js_maker *m, const struct mlp_node *at, const char *expected);
/* The schema at a node, registered where it was not. NULL after a failure. */
struct js_schema *mlp_js_schema_at(struct js_maker *m, const struct mlp_node *node,
                                   const struct js_resource *resource, struct mlp_str path);
/* The schema that a reference names, from a resource. */
struct js_schema *mlp_js_resolve(struct js_maker *m, const struct js_resource *from,
                                 const struct mlp_node *ref, const struct js_anchor **anchor);

/* Readers of keywords, for the table. */
void mlp_js_make_type(struct js_maker *m, struct js_keyword *k);
void mlp_js_make_number(struct js_maker *m, struct js_keyword *k);
void mlp_js_make_count(struct js_maker *m, struct js_keyword *k);
void mlp_js_make_pattern(struct js_maker *m, struct js_keyword *k);
void mlp_js_make_patterns(struct js_maker *m, struct js_keyword *k);
void mlp_js_make_format(struct js_maker *m, struct js_keyword *k);
void mlp_js_make_list(struct js_maker *m, struct js_keyword *k);
void mlp_js_make_names(struct js_maker *m, struct js_keyword *k);
void mlp_js_make_depends(struct js_maker *m, struct js_keyword *k);
void mlp_js_make_flag(struct js_maker *m, struct js_keyword *k);
void mlp_js_make_text(struct js_maker *m, struct js_keyword *k);
void mlp_js_make_ref(struct js_maker *m, struct js_keyword *k);
void mlp_js_make_dynamic_ref(struct js_maker *m, struct js_keyword *k);
void mlp_js_make_enum(struct js_maker *m, struct js_keyword *k);
void mlp_js_make_tracked(struct js_maker *m, struct js_keyword *k);
void mlp_js_make_refused(struct js_maker *m, struct js_keyword *k);

/* RFC 3986, 5.2: the URI that a reference means against a base, in the arena; p NULL without
 * memory. The fragment stays. */
struct mlp_str mlp_js_uri_resolve(struct mlp_arena *a, struct mlp_str base, struct mlp_str ref);

/* An ECMA 262 regular expression (with the flag u, and forgiving needless escapes). */
enum mlp_code mlp_js_regex_init(struct mlp_regex *r, struct mlp_str text, struct mlp_err *e);

/* A hash that equal values share. */
uint64_t mlp_js_hash(const struct mlp_node *v);

/* Evaluating. */
struct js_scope {
    const struct js_resource *resource;
    const struct js_scope *up;
};

struct mlp_json_check {
    struct mlp_matcher matcher;
    const struct mlp_json_schema *schema;
    struct mlp_arena arena;       /* of the faults */
    struct mlp_vec seen;          /* of const struct mlp_node *: members that were evaluated */
    size_t seen_from;             /* those of the schema at hand */
    const struct js_scope *scope;
    struct mlp_vec faults;
    size_t most;
    unsigned quiet, depth;
    uint64_t steps;
    struct mlp_err *e;
};

/* Applies a schema in place. */
bool mlp_js_apply(struct mlp_json_check *c, const struct js_schema *s, const struct js_at *at);
/* Without telling faults. */
bool mlp_js_try(struct mlp_json_check *c, const struct js_schema *s, const struct js_at *at);
/* Applies a schema to a member, which then counts as evaluated. */
bool mlp_js_apply_child(struct mlp_json_check *c, const struct js_schema *s,
                        const struct js_at *parent, const struct mlp_node *child, size_t index);
void mlp_js_see(struct mlp_json_check *c, const struct mlp_node *child);
/* One step of work; false when there were too many. */
bool mlp_js_step(struct mlp_json_check *c, uint64_t n);
/* Tells a fault; false. */
bool mlp_js_tell(struct mlp_json_check *c, const struct js_keyword *k, const struct js_at *at,
                 const char *fmt, ...) MLP_PRINTF(4, 5);
/* pcre2's search; a limit that was passed counts as no match. */
bool mlp_js_match(struct mlp_json_check *c, const struct mlp_regex *r, struct mlp_str text);

/* Keywords about one value; those that apply schemas are in json_schema_apply.c. */
bool mlp_js_type(struct mlp_json_check *c, const struct js_keyword *k, const struct js_at *at);
bool mlp_js_enum(struct mlp_json_check *c, const struct js_keyword *k, const struct js_at *at);
bool mlp_js_const(struct mlp_json_check *c, const struct js_keyword *k, const struct js_at *at);
bool mlp_js_bound(struct mlp_json_check *c, const struct js_keyword *k, const struct js_at *at);
bool mlp_js_multiple(struct mlp_json_check *c, const struct js_keyword *k, const struct js_at *at);
bool mlp_js_size(struct mlp_json_check *c, const struct js_keyword *k, const struct js_at *at);
bool mlp_js_pattern(struct mlp_json_check *c, const struct js_keyword *k, const struct js_at *at);
bool mlp_js_format(struct mlp_json_check *c, const struct js_keyword *k, const struct js_at *at);
bool mlp_js_content(struct mlp_json_check *c, const struct js_keyword *k, const struct js_at *at);
bool mlp_js_unique(struct mlp_json_check *c, const struct js_keyword *k, const struct js_at *at);
bool mlp_js_required(struct mlp_json_check *c, const struct js_keyword *k,
                     const struct js_at *at);

#endif
