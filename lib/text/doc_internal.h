/* doc_internal.h: what the JSON and the YAML parser of doc.h share. */
#ifndef MLP_TEXT_DOC_INTERNAL_H
#define MLP_TEXT_DOC_INTERNAL_H

#include "text/doc.h"

/* Levels that a document may nest, so that walks may recurse. */
#define MLP_DOC_MAX_DEPTH 512

/* A node of a type at a place, or NULL with e set. */
struct mlp_node *mlp_doc_node(struct mlp_doc *d, enum mlp_doc_type type, uint32_t line,
                              uint32_t column, struct mlp_err *e);

/* Appends child to a map or list: the count and both ends are kept. */
void mlp_node_append(struct mlp_node *parent, struct mlp_node *child);

/* The error after the arena refused n bytes, with the document's name: over the limit
 * (MLP_EINPUT) or no memory (MLP_EIO). */
enum mlp_code mlp_doc_full(const struct mlp_doc *d, size_t n, struct mlp_err *e);

/* MLP_EINPUT when two members of the map have the same name; the place is the later one's. */
enum mlp_code mlp_doc_unique(const struct mlp_doc *d, const struct mlp_node *map,
                             struct mlp_err *e);

/* Makes n the number that its text says: INT, UINT above INT64_MAX, else REAL ("-0" too). The text
 * is known to be a well-formed decimal number; integral: without point and exponent. MLP_EINPUT
 * beyond the range of a double. */
enum mlp_code mlp_doc_number(const struct mlp_doc *d, struct mlp_node *n, bool integral,
                             struct mlp_err *e);

#endif
