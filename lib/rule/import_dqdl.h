/* import_dqdl.h: rulesets of AWS Glue Data Quality in DQDL (text/dqdl.h). */
#ifndef MLP_RULE_IMPORT_DQDL_H
#define MLP_RULE_IMPORT_DQDL_H

#include "rule/import.h"

/* Each rule becomes one or two entries of checks of its own text; rules about every row
 * (IsComplete, ColumnValues, ...) become rules on rows unless a threshold says that not all need to
 * hold. What is joined by `and` are rules of their own; what is joined by `or` is MLP_EINPUT, as
 * each rule is judged by itself here. Meanings are those of its documentation and of deequ:
 * `between` leaves its ends out, `matches` is about the whole value, a missing value fails what
 * does not say != or not in, StandardDeviation and Variance are the population's. What needs SQL, a
 * history, files or another table's rows is MLP_EINPUT with its place and with what to do
 * instead. */
mlp_import_fn mlp_import_dqdl;

#endif
