/* doc.h: one document tree for JSON and YAML, that knows line and column of every node.
 *
 * Trees live in an arena of their own, are read-only for most users, and are built by hand with
 * the mlp_doc_new_* functions where a program writes JSON. Integers stay exact over the whole
 * range of int64 and uint64. Duplicate keys are an error, and so is a number beyond the range of a
 * double. Nesting is bounded (512), so that a walk may recurse. */
#ifndef MLP_TEXT_DOC_H
#define MLP_TEXT_DOC_H

#include "base/arena.h"
#include "base/buf.h"

enum mlp_doc_type {
    MLP_DOC_NULL, MLP_DOC_BOOL, MLP_DOC_INT, MLP_DOC_UINT, MLP_DOC_REAL, MLP_DOC_TEXT,
    MLP_DOC_LIST, MLP_DOC_MAP
};

/* A node. UINT is used only above INT64_MAX, REAL for what has a point or an exponent, for -0 and
 * for integers beyond uint64. key is set on members of a map, whose place is that of the key. For
 * numbers and YAML scalars `text` is the source text as well. key and text are followed by a NUL
 * that does not count, live as long as the document, and hold UTF-8 when they were parsed. */
struct mlp_node {
    enum mlp_doc_type type;
    uint32_t line, column;       /* 1-based; 0 for built nodes */
    struct mlp_str key;
    struct mlp_str text;
    union {
        bool boolean;
        int64_t integer;
        uint64_t unsigned_integer;
        double real;
        size_t count;            /* of children */
    } u;
    struct mlp_node *child;      /* first child */
    struct mlp_node *last;
    struct mlp_node *next;       /* next sibling */
};

struct mlp_doc {
    struct mlp_arena arena;
    struct mlp_node *root;       /* NULL for an empty YAML stream */
    char source[256];            /* for errors */
};

/* An empty document whose tree may take max bytes. Embedded. */
void mlp_doc_init(struct mlp_doc *d, const char *source, size_t max);
void mlp_doc_fini(struct mlp_doc *d);

/* Parse text, which may go away afterwards, into d->root. Errors name d->source, line and column
 * (in bytes for JSON, in characters for YAML); MLP_EINPUT when the tree would pass the maximum.
 * YAML is the 1.2 core schema (true/false, null/~, decimal, 0x, 0o, .inf, .nan; "yes" and "no" are
 * text), one document; aliases are copied, as far as the maximum allows; no merge keys, no names
 * but scalars, no tags but the core ones. An empty text is an error in JSON, no root in YAML. */
enum mlp_code mlp_doc_parse_json(struct mlp_doc *d, struct mlp_str text, struct mlp_err *e);
enum mlp_code mlp_doc_parse_yaml(struct mlp_doc *d, struct mlp_str text, struct mlp_err *e);
/* JSON as Python's json module writes it: NaN, Infinity and -Infinity are numbers too, and so is
 * what overflows a double. */
enum mlp_code mlp_doc_parse_json_python(struct mlp_doc *d, struct mlp_str text, struct mlp_err *e);

/* Reads a file ("-" is stdin) of at most max bytes; JSON when the first byte that is no white
 * space is '{' or '[' and the name does not end in .yaml or .yml, else YAML. */
enum mlp_code mlp_doc_load(struct mlp_doc *d, const char *path, size_t max, struct mlp_err *e);

/* Member by name (NULL when absent or map is NULL or no map); list item by index. */
struct mlp_node *mlp_node_get(const struct mlp_node *map, const char *key);
struct mlp_node *mlp_node_get_str(const struct mlp_node *map, struct mlp_str key);
struct mlp_node *mlp_node_at(const struct mlp_node *list, size_t i);

/* Follows member names: mlp_node_path(root, "spec", "template", NULL). */
struct mlp_node *mlp_node_path(const struct mlp_node *map, ...);

/* Values with a default for an absent or NULL node; the wrong type also gives the default. num
 * takes any number; int takes REAL too when it is integral and in range, as JSON does not tell
 * 100.0 from 100, but no UINT. */
struct mlp_str mlp_node_str(const struct mlp_node *n, const char *otherwise);
double mlp_node_num(const struct mlp_node *n, double otherwise);
int64_t mlp_node_int(const struct mlp_node *n, int64_t otherwise);
bool mlp_node_bool(const struct mlp_node *n, bool otherwise);
bool mlp_node_is_num(const struct mlp_node *n);

/* MLP_EINPUT at the node's place in d ("rules.yaml:12:5: ..."). n may be NULL: the document. */
enum mlp_code mlp_node_error(const struct mlp_doc *d, const struct mlp_node *n, struct mlp_err *e,
                             const char *fmt, ...) MLP_PRINTF(4, 5);

/* Checks that a map has no member outside `known` (ends with NULL): "unknown key "colums", did
 * you mean "columns"?". */
enum mlp_code mlp_node_known(const struct mlp_doc *d, const struct mlp_node *map,
                             const char *const *known, struct mlp_err *e);

/* Builders: NULL without memory. put and push append, and return the value so that calls nest; they
 * take NULL and then return NULL, so that one check at the end is enough. Texts are copied; put
 * does not look for a member of the same name. A node belongs to one parent. */
struct mlp_node *mlp_doc_new(struct mlp_doc *d, enum mlp_doc_type type);
struct mlp_node *mlp_doc_new_str(struct mlp_doc *d, struct mlp_str s);
struct mlp_node *mlp_doc_new_text(struct mlp_doc *d, const char *z);
struct mlp_node *mlp_doc_new_int(struct mlp_doc *d, int64_t v);
struct mlp_node *mlp_doc_new_num(struct mlp_doc *d, double v);
struct mlp_node *mlp_doc_new_bool(struct mlp_doc *d, bool v);
struct mlp_node *mlp_node_put(struct mlp_doc *d, struct mlp_node *map, const char *key,
                              struct mlp_node *value);
struct mlp_node *mlp_node_push(struct mlp_node *list, struct mlp_node *value);

/* Writes a tree; NULL is null. indent 0: one line; sorted: members in byte order of their names
 * (the canonical form that is hashed and signed uses indent 0 and sorted). Failure is b's. */
void mlp_node_write_json(const struct mlp_node *n, struct mlp_buf *b, unsigned indent,
                         bool sorted);
/* As Python's json module does: NaN, Infinity and -Infinity as such. n is not NULL. */
void mlp_node_write_json_python(const struct mlp_node *n, struct mlp_buf *b, unsigned indent);
/* As block YAML, which reads back as the same tree; texts that some reader could take for something
 * else ("yes", "1.0") are quoted. NULL is an empty stream. */
void mlp_node_write_yaml(const struct mlp_node *n, struct mlp_buf *b);

#endif
