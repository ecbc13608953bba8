/* import_csvw.h: metadata of CSV on the Web (W3C: Metadata Vocabulary for Tabular Data; Model for
 * Tabular Data and Metadata on the Web). */
#ifndef MLP_RULE_IMPORT_CSVW_H
#define MLP_RULE_IMPORT_CSVW_H

#include "rule/import.h"

/* A map whose @context is http://www.w3.org/ns/csvw. */
bool mlp_import_is_csvw(const struct mlp_node *root);

/* The first table of the metadata becomes rules. Its file, when it is beside the metadata, is
 * looked at for its header: columns go by their place there, and their titles must agree; without
 * it they go by their first title or their name. What the specification calls an error is
 * MLP_EINPUT, what it warns of is a note. A foreign key needs the file that it names. */
mlp_import_fn mlp_import_csvw;

/* The same for any table of a group: a node of `in` with a url. Notes about the whole document come
 * with the first. */
enum mlp_code mlp_import_csvw_table(const struct mlp_doc *in, const struct mlp_node *table,
                                    struct mlp_doc *out, struct mlp_import_notes *notes,
                                    struct mlp_err *e);

/* The first table of the list, or the document itself, which is a table without a group. */
const struct mlp_node *mlp_csvw_first_table(const struct mlp_node *root);
/* The folder that urls are relative to: that of the document, and "@base" behind it. */
void mlp_csvw_base(const struct mlp_doc *in, struct mlp_buf *out);

#endif
