/* import_list.h: the readers and writers of foreign rules files: one line each here and one in the
 * list, in the order in which they are asked whether a document is theirs. Those that look for a
 * name which is theirs alone (CSVW's @context, pandera's schema_type, MLflow's flavors) come before
 * those that look at the shape: Soda's "checks for" before JSON Schema's properties, a contract's
 * dataset before Table Schema's fields. What is no JSON and no YAML, such as a schema.pbtxt or
 * DQDL, has a parser of its own, and is asked first, by its bytes.
 *
 * A reader without a writer has NULL there. */
#ifndef MLP_RULE_IMPORT_LIST_H
#define MLP_RULE_IMPORT_LIST_H

#include "rule/export_walk.h"
#include "rule/import_csvw.h"
#include "rule/import_dqdl.h"
#include "rule/import_gx.h"
#include "rule/import_json_schema.h"
#include "rule/import_mlflow.h"
#include "rule/import_pandera.h"
#include "rule/import_soda.h"
#include "rule/import_table_schema.h"
#include "rule/import_tfdv.h"
#include "text/dqdl.h"
#include "text/textproto.h"

/* name, what it is, sniff (bytes), parse (to a tree), detect (tree), read, write. Formats that are
 * neither JSON nor YAML are known by their first bytes, all others by their tree. */
#define MLP_RULES_FORMATS \
    {"tfdv", "schema of TensorFlow Data Validation", mlp_import_sniffs_tfdv, \
     mlp_doc_parse_textproto, NULL, mlp_import_tfdv, NULL}, \
    {"dqdl", "ruleset of AWS Glue Data Quality", mlp_dqdl_is, mlp_doc_parse_dqdl, NULL, \
     mlp_import_dqdl, NULL}, \
    {"gx", "Great Expectations suite, 0.18 or 1.x", NULL, NULL, mlp_import_is_gx, mlp_import_gx, \
     mlp_export_gx}, \
    {"csvw", "metadata of CSV on the Web", NULL, NULL, mlp_import_is_csvw, mlp_import_csvw, NULL}, \
    {"pandera", "pandera schema in YAML", NULL, NULL, mlp_import_is_pandera, mlp_import_pandera, \
     mlp_export_pandera}, \
    {"mlflow", "MLmodel signature", NULL, NULL, mlp_import_is_mlflow, mlp_import_mlflow, NULL}, \
    {"soda", "checks of SodaCL", NULL, NULL, mlp_import_is_soda, mlp_import_soda, NULL}, \
    {"soda-contract", "data contract of Soda 4", NULL, NULL, mlp_import_is_soda_contract, \
     mlp_import_soda_contract, NULL}, \
    {"json-schema", "JSON Schema of a row", NULL, NULL, mlp_import_is_json_schema, \
     mlp_import_json_schema, mlp_export_json_schema}, \
    {"table-schema", "Table Schema or Data Package", NULL, NULL, mlp_import_is_table_schema, \
     mlp_import_table_schema, mlp_export_table_schema},

#endif
