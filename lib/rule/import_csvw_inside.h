/* import_csvw_inside.h: what the files that read CSVW metadata share. */
#ifndef MLP_RULE_IMPORT_CSVW_INSIDE_H
#define MLP_RULE_IMPORT_CSVW_INSIDE_H

#include "base/vec.h"
#include "rule/compile.h"
#include "rule/import_csvw.h"

/* A table with its schema, which may be a document of its own, and the names of its columns as its
 * file has them. */
struct mlp_csvw_table {
    const struct mlp_doc *in;     /* where the schema stands */
    const struct mlp_node *node, *schema; /* schema: NULL when there is none */
    struct mlp_doc own;
    struct mlp_arena arena;
    struct mlp_vec header;        /* struct mlp_str */
    bool has_file, has_header;
    char path[1024];              /* of its file */
};

struct mlp_csvw {
    const struct mlp_doc *in;
    struct mlp_doc *out;
    struct mlp_import_notes *notes;
    struct mlp_err *e;
    struct mlp_csvw_table table;
};

static inline bool mlp_csvw_failed(const struct mlp_csvw *w)
{
    return w->e->code != MLP_OK;
}
/* An error at a node: "KEY: expected WORDS". */
void mlp_csvw_fault(struct mlp_csvw *w, const struct mlp_node *n, const char *words);
/* A note: "KEY: WORDS". */
void mlp_csvw_warn(struct mlp_csvw *w, const struct mlp_node *n, const char *words);

/* import_csvw_check.c: holds every description of the document to the specification: faults and
 * notes; and those of a schema in a document of its own. */
void mlp_csvw_check(struct mlp_csvw *w);
void mlp_csvw_check_schema(struct mlp_csvw *w, const struct mlp_node *schema);
/* A property of a description whose value is of the right kind, so that it counts; else NULL. */
const struct mlp_node *mlp_csvw_get(const struct mlp_node *description, const char *key);
/* The same, of a column, or what it inherits of its schema, its table or the group. */
const struct mlp_node *mlp_csvw_inherited(const struct mlp_csvw *w, const struct mlp_node *column,
                                          const char *key);

/* import_csvw_table.c: opens the table of a node, with its schema and its header; after a fault
 * too it is the caller's to close. */
void mlp_csvw_table_open(struct mlp_csvw *w, const struct mlp_node *node,
                         struct mlp_csvw_table *t);
void mlp_csvw_table_close(struct mlp_csvw_table *t);
/* The i-th column that is not virtual, or NULL; and the name that the file has for it. */
const struct mlp_node *mlp_csvw_column(const struct mlp_csvw_table *t, size_t i);
struct mlp_str mlp_csvw_name(const struct mlp_csvw_table *t, size_t i);
/* The place of the column with that `name`; -1 when there is none. */
long mlp_csvw_find(const struct mlp_csvw_table *t, struct mlp_str name);
/* Puts how the file is read: section input. */
void mlp_csvw_put_input(struct mlp_csvw *w);

/* import_csvw_type.c: a column's datatype, separator and constraints as rules; column: its native
 * map, from: its description. */
void mlp_csvw_put_type(struct mlp_csvw *w, struct mlp_node *column, const struct mlp_node *from);

/* import_csvw_keys.c: primary key and foreign keys. */
void mlp_csvw_put_keys(struct mlp_csvw *w);

#endif
