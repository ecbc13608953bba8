/* textproto.h: the text format of protocol buffers (protobuf.dev, "Text Format Language
 * Specification"), read without the message's definition.
 *
 * A message becomes a map from the names of its fields to the lists of their values, in order, as
 * any field may come more than once: `feature { name: "a" }` is {feature: [{name: ["a"]}]}. Which
 * field is repeated, and which the last value counts of, is the reader's of the tree. Names of
 * extensions and of Any keep their brackets. Identifiers (values of enumerations) are texts,
 * but for true and false; numbers are numbers, inf and nan among them. */
#ifndef MLP_TEXT_TEXTPROTO_H
#define MLP_TEXT_TEXTPROTO_H

#include "text/doc.h"

/* Parses text, which may go away afterwards, into d->root, a map. Errors name d->source, line and
 * column in bytes: MLP_EINPUT for what is not text format, for messages nested more than 100 deep
 * (protobuf's own limit) and for a text that is not UTF-8; also when the tree would pass d's
 * maximum. */
enum mlp_code mlp_doc_parse_textproto(struct mlp_doc *d, struct mlp_str text, struct mlp_err *e);

/* The last value of a field of a message, which counts when it is not repeated; NULL when message
 * is NULL or has none. */
struct mlp_node *mlp_textproto_last(const struct mlp_node *message, const char *field);
/* The list of the values of a repeated field; NULL when there are none. */
struct mlp_node *mlp_textproto_all(const struct mlp_node *message, const char *field);

/* Appends a string in quotes, with escapes, so that it reads back as the same bytes. */
void mlp_textproto_quote(struct mlp_buf *b, struct mlp_str s);

#endif
