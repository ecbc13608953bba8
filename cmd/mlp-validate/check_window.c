/* Windows of a stream: each has its own checker, and its own report when it ends. */
#include "check.h"

#include <stdlib.h>

struct windows {
    struct check_run *run;
    mlp_checked_fn *take;
    uint8_t *good;
    size_t room;
    uint64_t rows, began;  /* before this window; monotonic ns */
};

/* Rows [from, from + n) of a batch. */
static struct mlp_batch part_of(const struct mlp_batch *b, size_t from, size_t n)
{
    struct mlp_batch part = *b;
    part.nrows = n;
    part.cells += from * b->ncols;
    part.raw += from;
    part.line += from;
    part.bad += from;
    part.first_row += from;
    part.open_end = b->open_end && from + n == b->nrows;
    return part;
}

static enum mlp_code check_part(struct windows *w, const struct mlp_batch *b, struct mlp_err *e)
{
    struct mlp_checker *c = w->run->checker;
    if (b->nrows > w->room) {
        uint8_t *good = realloc(w->good, b->nrows);
        if (!good)
            return mlp_err_nomem(e);
        w->good = good;
        w->room = b->nrows;
    }
    enum mlp_code code = mlp_checker_batch(c, b, w->good, e);
    struct mlp_checked x = {.batch = b, .good = w->good,
                            .rows = w->rows + mlp_checker_rows(c),
                            .rejected = w->run->rejected + mlp_checker_rejected(c),
                            .bytes = mlp_table_bytes(w->run->table)};
    x.rejects = mlp_checker_rejects(c, &x.nrejects);
    return code == MLP_OK ? w->take(w->run, &x, e) : code;
}

static enum mlp_code end_window(struct windows *w, struct mlp_err *e)
{
    struct check_run *run = w->run;
    w->rows += mlp_checker_rows(run->checker);
    w->began = mlp_os_monotonic_ns();
    run->rejected += mlp_checker_rejected(run->checker);
    enum mlp_code code = check_tell(run, e);
    return code == MLP_OK ? check_make(run, e) : code;
}

/* Whether the window is over, and how many rows it still takes. */
static bool is_over(const struct windows *w, uint64_t *left)
{
    const struct check_run *run = w->run;
    uint64_t rows = mlp_checker_rows(run->checker);
    *left = run->window_rows ? run->window_rows - rows : UINT64_MAX;
    return *left == 0 ||
           (run->window_ns && rows && mlp_os_monotonic_ns() - w->began >= run->window_ns);
}

static enum mlp_code check_batch(struct windows *w, const struct mlp_batch *b, struct mlp_err *e)
{
    enum mlp_code code = MLP_OK;
    for (size_t from = 0, n; from < b->nrows && code == MLP_OK; from += n) {
        uint64_t left;
        n = 0;
        if (is_over(w, &left)) {
            code = end_window(w, e);
            continue;
        }
        n = b->nrows - from < left ? b->nrows - from : (size_t)left;
        struct mlp_batch part = part_of(b, from, n);
        code = check_part(w, &part, e);
        if (w->run->rejected + mlp_checker_rejected(w->run->checker) >= w->run->stop_at)
            break;
    }
    return code;
}

enum mlp_code check_windows(struct check_run *run, mlp_checked_fn *take, struct mlp_err *e)
{
    struct windows w = {.run = run, .take = take, .began = mlp_os_monotonic_ns()};
    struct mlp_batch *b;
    enum mlp_code code = MLP_OK;
    while (code == MLP_OK && (code = mlp_table_next(run->table, &b, e)) == MLP_OK && b &&
           run->rejected + mlp_checker_rejected(run->checker) < run->stop_at)
        code = check_batch(&w, b, e);
    free(w.good);
    return code;
}
