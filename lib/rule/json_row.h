/* json_row.h: rows of a table as JSON objects, for a schema: rules of kind JSON. */
#ifndef MLP_RULE_JSON_ROW_H
#define MLP_RULE_JSON_ROW_H

#include "rule/internal.h"
#include "rule/json_schema.h"

/* A rule of kind JSON at work on one table. Rows of NDJSON are taken as they are. Rows of other
 * tables become objects with a member for every column: a missing cell is null, another one is cast
 * by the `type` of its property (the first of a list that the text can be; without `type`, by what
 * `enum`, `const` and bounds hold); what cannot be cast stays text, so that `type` rejects it. */
struct mlp_json_row;

/* Borrows the rule. The caller frees *row. */
enum mlp_code mlp_json_row_new(const struct mlp_rule *rule, const struct mlp_table *t,
                               struct mlp_json_row **row, struct mlp_err *e);
/* NULL is fine. */
void mlp_json_row_free(struct mlp_json_row *row);

/* Why row r does not hold; *n is 0 when it does. The faults are good until the next call. */
enum mlp_code mlp_json_row_judge(struct mlp_json_row *row, const struct mlp_batch *b, size_t r,
                                 const struct mlp_json_fault **faults, size_t *n,
                                 struct mlp_err *e);

/* The column that a fault is in, and its cell; -1 for a fault of the row. */
int mlp_json_row_column(const struct mlp_json_row *row, const struct mlp_json_fault *fault);

/* compile.c's reader of `json_schema`. */
struct mlp_maker;
void mlp_make_json_schema(struct mlp_maker *m, const struct mlp_node *n);

#endif
