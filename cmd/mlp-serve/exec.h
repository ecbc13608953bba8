/* exec.h: the parts of `mlp-serve batch --exec`: rows and answers on their way (exec.c), and how
 * answers are written (exec_write.c). */
#ifndef MLP_SERVE_EXEC_H
#define MLP_SERVE_EXEC_H

#include "batch.h"

#include "base/vec.h"
#include "serve/child.h"

#define EXEC_TEXT_MAX ((size_t)1 << 30)

/* What a run needs beside the batch. */
struct exec {
    struct batch *b;
    struct mlp_child *child;
    struct mlp_buf lines, text;  /* rows as JSON; what is written */
    bool started;                /* the header is written, the classes are known */
    struct mlp_vec classes;      /* of struct mlp_str, in the batch's arena */
    uint64_t rows, failed, first_line;
    char first[200];
};

/* Takes the classes, and so the columns, from the first of n answers that has some. */
enum mlp_code exec_learn(struct exec *x, const struct mlp_answer *answers, size_t n,
                         struct mlp_err *e);

/* The header of the CSV; the answer to row r in either form, appended to `to`. A class that is no
 * column becomes the reply's error. */
void exec_header(struct exec *x, struct mlp_buf *to);
void exec_csv_row(const struct exec *x, const struct mlp_batch *rows, size_t r,
                  struct mlp_reply *reply, struct mlp_buf *to);
void exec_json_row(const struct exec *x, const struct mlp_batch *rows, size_t r,
                   const struct mlp_reply *reply, struct mlp_buf *to);

#endif
