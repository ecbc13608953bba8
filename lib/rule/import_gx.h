/* import_gx.h: the parts of the reader of Great Expectations' suites. */
#ifndef MLP_RULE_IMPORT_GX_H
#define MLP_RULE_IMPORT_GX_H

#include "rule/import.h"

/* One expectation being read. The first fault is kept: functions do nothing after one. */
struct mlp_gx {
    const struct mlp_doc *in;
    struct mlp_doc *out;
    struct mlp_import_notes *notes;
    struct mlp_err *e;
    const struct mlp_node *suite;
    const struct mlp_node *kwargs;
    struct mlp_str type;          /* "expect_column_values_to_be_unique" */
    struct mlp_node *check;       /* the native check being built */
    double now;                   /* seconds since 1970, for now() */
};

static inline bool mlp_gx_failed(const struct mlp_gx *g)
{
    return g->e->code != MLP_OK;
}
/* "expect_...: WORDS", at the node. */
void mlp_gx_fault(struct mlp_gx *g, const struct mlp_node *n, const char *fmt, ...)
    MLP_PRINTF(3, 4);

/* A kwarg, a parameter in its place; NULL when absent or null. */
const struct mlp_node *mlp_gx_kwarg(struct mlp_gx *g, const char *key);

/* import_gx_param.c: the value of {"$PARAMETER": expression}: a number, or a text for a time. NULL
 * after a fault. */
const struct mlp_node *mlp_gx_parameter(struct mlp_gx *g, const struct mlp_node *map);

/* import_gx_when.c: row_condition as a native expression under "when". */
void mlp_gx_when(struct mlp_gx *g);

/* import_gx_kinds.c: the readers of single expectations by name; NULL for an unknown one. */
struct mlp_gx_kind {
    const char *type;
    const char *kwargs;           /* names that it knows, beside those of all */
    void (*read)(struct mlp_gx *g);
    const char *refused;          /* why it cannot be checked; NULL: it can */
};
const struct mlp_gx_kind *mlp_gx_kind_find(struct mlp_str type);

mlp_import_fn mlp_import_gx;
mlp_export_fn mlp_export_gx;
bool mlp_import_is_gx(const struct mlp_node *root);

#endif
