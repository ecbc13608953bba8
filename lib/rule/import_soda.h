/* import_soda.h: checks of Soda: those of SodaCL, and contracts of Soda 4. */
#ifndef MLP_RULE_IMPORT_SODA_H
#define MLP_RULE_IMPORT_SODA_H

#include "rule/import.h"

/* A map with "checks for DATASET" or "for each dataset NAME". */
bool mlp_import_is_soda(const struct mlp_node *root);

/* Each check becomes one entry of checks of its name, or two when it warns and fails. Counts that
 * have to be 0 become rules on rows. With several datasets their names are environments and rules
 * are asked for by one. Variables are parameters; datasets that are referred to are files, of the
 * parameters of their names. What needs SQL, a history or another table's data is MLP_EINPUT with
 * its place and with what to do instead; what says how to sample, store or show is a note. */
mlp_import_fn mlp_import_soda;

/* A map with "dataset" and lists under "columns" or "checks". */
bool mlp_import_is_soda_contract(const struct mlp_node *root);
/* The same for a contract: its columns with their types, and its checks. */
mlp_import_fn mlp_import_soda_contract;

#endif
