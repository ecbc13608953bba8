/* import_pandera.h: schemas of pandera as pandera.io.to_yaml writes them (DataFrameSchema, its
 * columns and the built-in checks). */
#ifndef MLP_RULE_IMPORT_PANDERA_H
#define MLP_RULE_IMPORT_PANDERA_H

#include "rule/import.h"

/* A map whose schema_type is dataframe. */
bool mlp_import_is_pandera(const struct mlp_node *root);

/* Columns become columns, checks of them rules there or, with an `error` or raise_warning of their
 * own, entries of checks. What makes a schema take other tables than it says here (columns by a
 * regular expression, checks of the table or of an index, own checks, parsers) is MLP_EINPUT with
 * its place; what changes the table on its way (coerce, add_missing_columns) is a note. */
mlp_import_fn mlp_import_pandera;

#endif
