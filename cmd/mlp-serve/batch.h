/* batch.h: the parts of `mlp-serve batch`: choosing columns (batch.c), writing rows
 * (batch_write.c), predicting them (batch_run.c). */
#ifndef MLP_SERVE_BATCH_H
#define MLP_SERVE_BATCH_H

#include "verbs.h"

#include "base/file.h"
#include "model/model.h"
#include "text/json.h"

#define BATCH_OUTPUTS 32
#define BATCH_BLOCK ((size_t)1 << 20)

/* The rows of the option table. */
enum { OUTPUTS, ID, KEEP, KEEP_ALL, FORMAT, MISSING, EMPTY_TEXT, EXPLAIN, EXEC,
       ROW_TIMEOUT, STARTS, OUT, INTO, PART, FORCE, ALLOW_EMPTY,
       THREADS, RUNTIME };

/* One output to write: its number in the model, and the names of its columns. */
struct column_set {
    const struct mlp_output *o;
    const struct mlp_str *names;
};

struct batch {
    struct mlp_cmd *cmd;
    struct mlp_model *m;
    struct mlp_table *t;
    struct mlp_arena arena;      /* names, maps */
    int *map;
    bool *skip;
    size_t *keep, nkeep;
    const struct mlp_output *outputs;
    size_t noutputs;
    uint32_t which;
    struct column_set sets[BATCH_OUTPUTS];
    size_t nsets;
    bool ndjson;
    double missing;
    unsigned threads;
    struct mlp_out out;
};

/* A share of a batch's rows, for one thread. */
struct share {
    struct batch *b;
    struct mlp_batch rows;       /* a view: cells and lines are the batch's, arena is ours */
    struct mlp_arena arena;
    struct mlp_work *work;
    double *values[BATCH_OUTPUTS]; /* of each set: rows * width */
    struct mlp_buf text;
    struct mlp_err e;
};

/* The header line of the CSV, and one row of predictions in either form. */
void batch_write_header(struct batch *b, struct mlp_buf *to);
void batch_csv_row(const struct share *s, size_t r, struct mlp_buf *to);
void batch_json_row(const struct share *s, size_t r, struct mlp_buf *to);

/* A kept cell as JSON: numbers and truth values as such, unless they are quoted. */
void batch_json_cell(struct mlp_json_out *o, const struct mlp_cell *cell);

/* Fills skip and keep by the options. */
enum mlp_code batch_choose_kept(struct batch *b, struct mlp_err *e);

/* batch_text.c. */
extern const char *const batch_details[];

/* batch.c: opens the model. Before that gives up files for writing, but those of out's folder. */
enum mlp_code batch_open_model(struct batch *b, const char *out, struct mlp_err *e);

/* batch.c: chooses columns of b->t, predicts it and commits b->out. */
enum mlp_code batch_table(struct batch *b, struct mlp_err *e);

/* batch_files.c: the whole run over files, or parts of them. */
enum mlp_code batch_files(struct batch *b, struct mlp_err *e);

/* exec.c: the whole run with a command as the model. */
enum mlp_code batch_exec(struct batch *b, struct mlp_err *e);

/* Reads, predicts and writes everything, on b->threads threads; commits the output. */
enum mlp_code batch_run(struct batch *b, struct mlp_err *e);

#endif
