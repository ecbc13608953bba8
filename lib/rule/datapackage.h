/* datapackage.h: a data package (Frictionless Data Package v1 and v2), one resource of it, or a
 * group of tables of CSV on the Web, as tables that each have rules.
 *
 * Source: https://datapackage.org/standard/data-package/ and /data-resource/. A descriptor is
 * untrusted: what it names is read from its own folder and below, and nothing is fetched. */
#ifndef MLP_RULE_DATAPACKAGE_H
#define MLP_RULE_DATAPACKAGE_H

#include "rule/import.h"
#include "table/table.h"

/* One table of the package. Texts belong to the package. */
struct mlp_resource {
    struct mlp_str name;  /* empty when it has none */
    const char *path;     /* as we open it: the folder of the descriptor is before it */
    struct mlp_str hash;  /* "md5 in hex" or "algorithm:hex"; may be empty */
    uint64_t bytes;       /* that the file should have */
    bool has_bytes;
    enum mlp_table_encoding encoding;
    const struct mlp_node *node;
};

struct mlp_datapackage;

/* Reads a descriptor, JSON or YAML: a map with `resources`, or one with a `path`; metadata of CSVW
 * with `tables`, or one with a `url`, which is path and name. MLP_EINPUT with
 * the place for one that is neither, for a resource without a path, with several of them, with one
 * that leaves the folder or is a URL, and for dialects that we cannot read. */
enum mlp_code mlp_datapackage_open(const char *path, struct mlp_datapackage **p, struct mlp_err *e);
/* A table that nobody has described, as a package. */
enum mlp_code mlp_datapackage_bare(const char *table, struct mlp_datapackage **p,
                                   struct mlp_err *e);
/* NULL is fine. */
void mlp_datapackage_free(struct mlp_datapackage *p);

size_t mlp_datapackage_count(const struct mlp_datapackage *p);
const struct mlp_resource *mlp_datapackage_resource(const struct mlp_datapackage *p, size_t i);

/* The rules of a resource: those of its schema; without one that its rows are as long as the
 * header. The caller's to free. notes may be NULL. */
enum mlp_code mlp_datapackage_rules(const struct mlp_datapackage *p, size_t i,
                                struct mlp_import_notes *notes, struct mlp_rules **rules,
                                struct mlp_err *e);

#endif
