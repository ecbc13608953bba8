/* import_table_schema.h: Frictionless Table Schema and Data Package (v1 and v2). */
#ifndef MLP_RULE_IMPORT_TABLE_SCHEMA_H
#define MLP_RULE_IMPORT_TABLE_SCHEMA_H

#include "rule/import.h"

/* A map with a list "fields", with a "schema" that has one, or with a list "resources". */
bool mlp_import_is_table_schema(const struct mlp_node *root);

/* Fields become columns: their types the rule `reads`, their constraints native rules or bounds of
 * `reads`; primaryKey and uniqueKeys become keys, foreignKeys checks with `rows_in_file`, relative
 * to the file that is read. Of a package the first resource with a schema is taken, and the others
 * are noted. A schema that is a path is read from the folder of the file; URLs are MLP_EINPUT. */
mlp_import_fn mlp_import_table_schema;

/* The same for one resource of a package, a node of `in`, which may lack a schema. */
enum mlp_code mlp_import_resource(const struct mlp_doc *in, const struct mlp_node *resource,
                                  struct mlp_doc *out, struct mlp_import_notes *notes,
                                  struct mlp_err *e);

#endif
