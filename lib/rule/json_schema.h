/* json_schema.h: JSON Schema, drafts 7, 2019-09 and 2020-12: a schema is compiled once and then
 * evaluated against values (struct mlp_node).
 *
 * All keywords of the core, applicator, unevaluated, validation and format vocabularies are there
 * (draft-bhutton-json-schema-01, draft-bhutton-json-schema-validation-01, and
 * draft-handrews-json-schema-01 for draft 7), $recursiveRef of 2019-09 and remote references are
 * not: nothing is fetched, and a reference to what is not in the document is an error with its
 * place. Regular expressions are those of ECMA 262, run by PCRE2 with a limit. Numbers compare as
 * numbers: 1.0 is an integer, integers of 64 bits are exact, and multipleOf is exact in decimals.
 * Depth and steps of an evaluation are bounded. */
#ifndef MLP_RULE_JSON_SCHEMA_H
#define MLP_RULE_JSON_SCHEMA_H

#include "text/doc.h"

enum mlp_json_draft { MLP_JSON_DRAFT_2020, MLP_JSON_DRAFT_2019, MLP_JSON_DRAFT_7 };

/* draft: of a document without $schema. formats: `format` (and, in draft 7, contentEncoding and
 * contentMediaType) decide; else they are annotations, as the specification has it. All zero is
 * the default. */
struct mlp_json_schema_options {
    enum mlp_json_draft draft;
    bool formats;
};

struct mlp_json_schema;

/* Compiles the schema at root, which stands in d. Both are borrowed: they must live as long as the
 * schema. options may be NULL. MLP_EINPUT with the place for a keyword of the wrong kind, a regular
 * expression that does not compile, and a reference that leads nowhere. */
enum mlp_code mlp_json_schema_new(const struct mlp_doc *d, const struct mlp_node *root,
                                  const struct mlp_json_schema_options *options,
                                  struct mlp_json_schema **schema, struct mlp_err *e);
/* NULL is fine. */
void mlp_json_schema_free(struct mlp_json_schema *schema);

/* One reason why a value is not valid. at: where in the value, a JSON pointer ("/items/3");
 * keyword: that failed ("minimum"; empty for the schema false); schema: where that stands, a JSON
 * pointer into the document ("/properties/items/items/minimum"); words: "expected >= 0". */
struct mlp_json_fault {
    struct mlp_str at, keyword, schema, words;
};

/* What evaluating takes besides the schema: one for each thread. */
struct mlp_json_check;
enum mlp_code mlp_json_check_new(struct mlp_json_check **check, struct mlp_err *e);
/* NULL is fine. */
void mlp_json_check_free(struct mlp_json_check *check);

/* Whether a value is valid. The first `most` faults are told by mlp_json_check_faults; 0 is the
 * fastest, as the first fault ends it. MLP_EINPUT when evaluation exceeds its limits, as it does
 * when a schema refers to itself without end. */
enum mlp_code mlp_json_check_value(struct mlp_json_check *check,
                                   const struct mlp_json_schema *schema,
                                   const struct mlp_node *value, size_t most, bool *valid,
                                   struct mlp_err *e);
/* The faults of the value before, in order; good until the next one. */
const struct mlp_json_fault *mlp_json_check_faults(const struct mlp_json_check *check, size_t *n);

/* ---- values, as JSON Schema compares them */

/* Whether two values are the same: numbers by what they are worth, objects without order. */
bool mlp_json_equal(const struct mlp_node *a, const struct mlp_node *b);
/* The order of two numbers, exact: <0, 0, >0. */
int mlp_json_compare(const struct mlp_node *a, const struct mlp_node *b);
/* Whether a number is a multiple of another, which is above zero; exact for decimals whose
 * digits fit 64 bits. */
bool mlp_json_multiple(const struct mlp_node *a, const struct mlp_node *b);

#endif
