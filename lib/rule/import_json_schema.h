/* import_json_schema.h: JSON Schema for the rows of a table, as qsv has it. */
#ifndef MLP_RULE_IMPORT_JSON_SCHEMA_H
#define MLP_RULE_IMPORT_JSON_SCHEMA_H

#include "rule/import.h"

/* A map with "$schema" of json-schema.org, or with "properties". */
bool mlp_import_is_json_schema(const struct mlp_node *root);

/* The schema becomes the rule `json_schema`. qsv's own keywords become what they mean:
 * `dynamicEnum` ("FILE" or "FILE|COLUMN", a path from where the program runs) an enum of the values
 * in the file, `uniqueCombinedWith` a key. An URL in dynamicEnum is MLP_EINPUT: nothing is
 * fetched. */
mlp_import_fn mlp_import_json_schema;

#endif
