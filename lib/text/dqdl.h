/* dqdl.h: the Data Quality Definition Language of AWS Glue (docs.aws.amazon.com, "DQDL reference";
 * the grammar is that of github.com/awslabs/dqdl), as a tree.
 *
 *     document  = { name "=" ( rules | dictionary | text | "[" text { "," text } "]" ) }
 *     rules     = "[" [ rule { "," rule } ] "]"       under the names Rules and Analyzers
 *     rule      = "(" rule ")" | rule ("and" | "or") rule | one
 *     one       = type { parameter } [ condition ] [ "where" text ] [ labels ] { "with" ... }
 *
 * The root is a map from the names to their values. A rule is {type, text, params: [...],
 * condition: {op, values: [...]}, where, labels, with: [{tag, op, values}]}, members that are
 * absent left out; text is the rule as it is written; several are {and: [...]} or {or: [...]}. op
 * is one of = != > >= < <= in, between, matches, the last three perhaps with "not " before. A value
 * is a number, a text, or a map with one member: {keyword: NULL | EMPTY | WHITESPACES_ONLY},
 * {now: "3 days"} for (now() - 3 days), {duration: "24 hours"}, {size: "5 MB"}, {variable: name},
 * {function: name}. */
#ifndef MLP_TEXT_DQDL_H
#define MLP_TEXT_DQDL_H

#include "text/doc.h"

/* Whether the text begins, after comments, with a name and "=", and has rules. */
bool mlp_dqdl_is(struct mlp_str text);

/* Parses text, which may go away afterwards, into d->root. Errors name d->source, line and column
 * in bytes: MLP_EINPUT for what is no DQDL, for rules nested more than 60 deep and for a text that
 * is not UTF-8; also when the tree would pass d's maximum. */
enum mlp_code mlp_doc_parse_dqdl(struct mlp_doc *d, struct mlp_str text, struct mlp_err *e);

#endif
