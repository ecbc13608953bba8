/* import_tfdv.h: schemas of TensorFlow Data Validation (schema.proto of tensorflow_metadata, in the
 * text format: schema.pbtxt).
 *
 * Each anomaly that its reference can find (anomalies.proto) becomes a check of that name: those on
 * values reject rows, the rest is decided at the end. What a column is, is inferred from its values
 * as that program does for CSV, and most checks count only for the kind that they are about. What a
 * schema gets wrong itself (INVALID_SCHEMA_SPECIFICATION and its kin) is a check that always fails.
 * Environments and comparators are native keys. Where the reference does not do what its
 * documentation says (max_examples_count without min_examples_count, repeated values of a
 * domain), the documentation is followed. */
#ifndef MLP_RULE_IMPORT_TFDV_H
#define MLP_RULE_IMPORT_TFDV_H

#include "rule/import.h"

/* Whether a text is such a schema: after comments it starts with the name of one of its fields and
 * with what follows a message or a value there. */
bool mlp_import_sniffs_tfdv(struct mlp_str text);

/* See mlp_import_fn. `in` is as mlp_doc_parse_textproto makes it. Unknown fields and values of
 * the wrong type are MLP_EINPUT with their place; so are sparse and weighted features, which are
 * about several columns. Domains and features whose values nobody looks at are noted. */
enum mlp_code mlp_import_tfdv(const struct mlp_doc *in, struct mlp_doc *out,
                              struct mlp_import_notes *notes, struct mlp_err *e);

#endif
