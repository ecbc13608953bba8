/* proto_table.h: rows from tables in a request's body: CSV, TSV, Arrow IPC (stream or file) and
 * Parquet.
 *
 * Columns are found by name and may come in any order; one that is no feature is MLP_EINPUT unless
 * extra ones are ignored. A CSV whose first line names no feature has no header, as SageMaker's has
 * it: its fields are the features in the model's order. An empty field is a missing value. Rows
 * that are malformed are MLP_EINPUT with their line. */
#ifndef MLP_SERVE_PROTO_TABLE_H
#define MLP_SERVE_PROTO_TABLE_H

#include "serve/predict.h"

enum mlp_tabular_kind { MLP_TABULAR_CSV, MLP_TABULAR_TSV, MLP_TABULAR_COLUMNAR };

/* A table that is read into a thread's scratch. Embedded: open, feed, close. */
struct mlp_tabular {
    const struct mlp_served *served;
    struct mlp_scratch *w;
    struct mlp_table *table;
    struct mlp_batch *batch;     /* at hand, or NULL */
    struct mlp_frame frame;      /* its columns */
    size_t at;                   /* rows of it that were handed out */
    int *map;                    /* column of each feature; of w's strings */
    struct mlp_buf csv;          /* what a columnar file says */
};

/* header: 1 the first line is one, 0 it is a row, -1 by what it says. Texts are views into body,
 * which must outlive t. served and w are set by the caller, all else is zero. After an error as
 * after MLP_OK the caller closes. */
enum mlp_code mlp_tabular_open(struct mlp_tabular *t, enum mlp_tabular_kind kind, int header,
                               bool ignore_extra, struct mlp_str body, struct mlp_err *e);
void mlp_tabular_close(struct mlp_tabular *t);

/* Fits mlp_feed.next. */
enum mlp_code mlp_tabular_next(void *tabular, size_t *n, struct mlp_err *e);

#endif
