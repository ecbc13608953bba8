/* groups.h: rules of a column that are judged for each group of rows: `by` of a check. */
#ifndef MLP_RULE_GROUPS_H
#define MLP_RULE_GROUPS_H

#include "rule/checker.h"

/* One group: its values ("store=5"), what each rule of the column counted, and its sums. */
struct mlp_group {
    struct mlp_str label;
    struct mlp_active *active;    /* one a rule of the column */
    struct mlp_column_sums sums;
};

/* The groups of a column, in order of appearance. */
struct mlp_groups {
    const struct mlp_rule_column *column;
    int *index;                   /* in the table, of the columns that make the groups */
    size_t nindex, most;          /* groups there may be */
    struct mlp_map at;
    struct mlp_vec list;          /* of struct mlp_group */
    uint32_t *group_of, *rows;    /* of a batch: by row; and the rows by group */
    size_t *first;                /* in rows, by group, and one more */
    size_t room, groups_room;
};

/* Binds the columns of `by`. *out is NULL for a column without; the caller's to free. Errors as for
 * any column that the table has not. */
enum mlp_code mlp_groups_new(struct mlp_checker *c, const struct mlp_rule_column *column,
                             const struct mlp_table *t, struct mlp_groups **out,
                             struct mlp_err *e);
/* NULL is fine. */
void mlp_groups_free(struct mlp_groups *g);

/* Runs the column's rules over the view at hand, group by group. run is what one rule takes, with
 * w->view and w->rows those of the group. MLP_EINPUT beyond the most groups. */
typedef void mlp_group_run_fn(struct mlp_rule_lane *w, struct mlp_active *a,
                              const struct mlp_batch *b);
enum mlp_code mlp_groups_run(struct mlp_groups *g, struct mlp_rule_lane *w,
                             const struct mlp_batch *b, mlp_group_run_fn *run);

#endif
