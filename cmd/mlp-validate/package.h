/* package.h: the parts of the verb package. */
#ifndef MLP_VALIDATE_PACKAGE_H
#define MLP_VALIDATE_PACKAGE_H

#include "verbs.h"

#include "rule/datapackage.h"

/* package_find.c: opens a descriptor; for a table the metadata that describes it: `first` (or
 * NULL), TABLE-metadata.json, csv-metadata.json beside it (W3C Model for Tabular Data, 5). Without
 * any the table alone. Metadata that does not describe it is told and passed over. */
enum mlp_code package_find(const char *operand, const char *first, struct mlp_datapackage **p,
                           struct mlp_err *e);

#endif
