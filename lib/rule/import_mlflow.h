/* import_mlflow.h: the signature in a model's MLmodel file (MLflow, Model Signature; its columns
 * are those of mlflow.types.ColSpec). */
#ifndef MLP_RULE_IMPORT_MLFLOW_H
#define MLP_RULE_IMPORT_MLFLOW_H

#include "rule/import.h"

/* A map with a map "signature", or with both "flavors" and a word of its making, such as "run_id":
 * an MLmodel file without signature is known too, so that its want is told. */
bool mlp_import_is_mlflow(const struct mlp_node *root);

/* The inputs of the signature become columns; those that are not required are optional, and others
 * that the table has are let through, as MLflow does. A tensor, a column without a name and a
 * nested type are MLP_EINPUT with the place of the inputs; outputs and parameters are noted. */
mlp_import_fn mlp_import_mlflow;

#endif
