/* import_dqdl_inside.h: what the files that read DQDL share. */
#ifndef MLP_RULE_IMPORT_DQDL_INSIDE_H
#define MLP_RULE_IMPORT_DQDL_INSIDE_H

#include "rule/import_count.h"

#define DQDL_TEXT ((size_t)1 << 20)
enum { DQDL_COLUMNS = 16 };       /* most of one rule */

/* What is read, and the rule at hand. */
struct mlp_dqdl {
    const struct mlp_doc *in;
    struct mlp_doc *out;
    struct mlp_import_notes *notes;
    struct mlp_err *e;
    const struct mlp_node *rule;
    struct mlp_import_head head;
    struct mlp_str columns[DQDL_COLUMNS]; /* its parameters */
    size_t ncolumns;
    struct mlp_str other;         /* dataset that is compared with; p NULL: none yet */
};

static inline bool mlp_dqdl_failed(const struct mlp_dqdl *q)
{
    return q->e->code != MLP_OK;
}

/* MLP_EINPUT at a node, the first one; n NULL: the rule. */
void mlp_dqdl_refuse(struct mlp_dqdl *q, const struct mlp_node *n, const char *fmt, ...)
    MLP_PRINTF(3, 4);

/* A rule without parameters that are no columns has that many of them, else it is refused. */
void mlp_dqdl_need(struct mlp_dqdl *q, size_t least, size_t most);

/* The condition of the rule, or a threshold, as bounds of a number; false after a fault. */
bool mlp_dqdl_bounds(struct mlp_dqdl *q, const struct mlp_node *condition,
                     struct mlp_import_bounds *b);
/* The threshold; false when there is none, or after a fault. */
bool mlp_dqdl_threshold(struct mlp_dqdl *q, struct mlp_import_bounds *b);
/* The rows of the rule that an expression, which is never null, is true of are all of them, or such
 * a share as the threshold says. */
void mlp_dqdl_rows(struct mlp_dqdl *q, struct mlp_str which);

/* import_dqdl_values.c: ColumnValues, ColumnLength, ColumnDataType and DataFreshness. */
void mlp_dqdl_values(struct mlp_dqdl *q);
void mlp_dqdl_length(struct mlp_dqdl *q);
void mlp_dqdl_data_type(struct mlp_dqdl *q);
void mlp_dqdl_freshness(struct mlp_dqdl *q);

#endif
