/* ahead.h: a table read on a thread of its own, up to two batches ahead of who uses them.
 *
 * What a pipe gave is handed on at once: the reader never waits for more than a row. */
#ifndef MLP_TABLE_AHEAD_H
#define MLP_TABLE_AHEAD_H

#include "table/table.h"

/* What options.kept must be for a table that is read ahead. */
#define MLP_AHEAD_KEPT MLP_TABLE_KEPT

struct mlp_ahead;

/* Starts to read; until mlp_ahead_free nobody else may call mlp_table_next, mlp_table_bytes or
 * mlp_table_close, and the table must outlive it. */
enum mlp_code mlp_ahead_new(struct mlp_table *t, struct mlp_ahead **a, struct mlp_err *e);
/* Stops the reader, also where it waits for a pipe, and waits for its end. NULL is fine. */
void mlp_ahead_free(struct mlp_ahead *a);

/* As mlp_table_next, with the same errors at the same rows; but a batch stays good until the call
 * after the next one. */
enum mlp_code mlp_ahead_next(struct mlp_ahead *a, struct mlp_batch **b, struct mlp_err *e);

/* Whether mlp_ahead_next would return at once. */
bool mlp_ahead_ready(struct mlp_ahead *a);

/* Bytes of input up to the newest batch that was handed out, as of mlp_table_bytes. */
uint64_t mlp_ahead_bytes(const struct mlp_ahead *a);

#endif
