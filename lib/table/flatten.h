/* flatten.h: the log of mlp-serve as a table: members of each line's "features" become columns of
 * their own names, those of "output" with "output." before them, nested ones with a point between;
 * lists are no columns. */
#ifndef MLP_TABLE_FLATTEN_H
#define MLP_TABLE_FLATTEN_H

#include "table/table.h"

struct mlp_flat;

/* Whether a table is such a log: NDJSON with "features". */
bool mlp_flat_wanted(const struct mlp_table *t);
/* For a table that is one; *f is the caller's, to free also after a failure. */
enum mlp_code mlp_flat_new(const struct mlp_table *t, struct mlp_flat **f, struct mlp_err *e);
/* NULL is fine. */
void mlp_flat_free(struct mlp_flat *f);

/* Turns a batch of the log into *out, with as many rows, which is good until the next call and as
 * long as `in`. The first batch decides which columns there are; later ones are told by
 * mlp_flat_late. A row that has no features is a bad one. */
enum mlp_code mlp_flat_batch(struct mlp_flat *f, const struct mlp_batch *in,
                             struct mlp_batch *out, struct mlp_err *e);

/* The columns of what mlp_flat_batch gave; and the names that came too late. */
const struct mlp_str *mlp_flat_names(const struct mlp_flat *f);
size_t mlp_flat_nlate(const struct mlp_flat *f);
struct mlp_str mlp_flat_late(const struct mlp_flat *f, size_t i);

#endif
