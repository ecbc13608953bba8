/* check.h: the parts of the verb check. */
#ifndef MLP_VALIDATE_CHECK_H
#define MLP_VALIDATE_CHECK_H

#include "verbs.h"

#include "base/file.h"
#include "base/progress.h"
#include "rule/rule.h"
#include "stat/profile.h"

/* Those from OPT_PROFILE on --help names only. */
enum { OPT_RULES, OPT_SCHEMA_FORMAT, OPT_REJECTS, OPT_OUTPUT, OPT_REPORT, OPT_FORMAT,
       OPT_MAX_REJECTS, OPT_FAIL_FAST, OPT_FAIL_ON, OPT_THREADS, OPT_MEMORY, OPT_WINDOW,
       OPT_REFERENCE, OPT_HISTORY, OPT_ENV, OPT_PARAM, OPT_DRY_RUN, OPT_QUIET, MLP_INPUT_NAMES,
       OPT_PROFILE, OPT_WINDOW_ROWS, OPT_PREVIOUS, OPT_SERVING, OPT_PREVIOUS_VERSION };

/* One run: where things come from and go to. */
struct check_run {
    const struct mlp_cmd *cmd;
    struct mlp_rules *rules;
    struct mlp_table *table;
    struct mlp_checker *checker;
    struct mlp_profiler *profiler; /* or NULL */
    struct mlp_profiler *drawn;    /* of all rows, for pages; or NULL */
    struct mlp_profile reference;  /* without columns and rows: there is none */
    struct mlp_out good, rejects;
    bool rejects_table;     /* rows, not reasons, in this dialect */
    struct mlp_csv_dialect dialect;
    struct mlp_buf line, field;
    unsigned threads;
    uint64_t stop_at;       /* rejected rows */
    uint64_t window_rows, window_ns; /* of a stream; 0: there are none */
    uint64_t rejected;      /* rows, in windows that were reported */
    bool structure;         /* there are no rules: only that the table is one */
    bool found;             /* something that makes exit status 1 */
    struct mlp_progress progress;
    int copy;               /* of a pipe that is looked at twice, or -1 */
    char copy_path[32];     /* its name */
};

/* The rules of --rules; the table with a checker for it, surveyed where the rules look twice. */
enum mlp_code check_load(struct check_run *run, struct mlp_err *e);
enum mlp_code check_open(struct check_run *run, struct mlp_err *e);

/* check_header.c: how many rows stand before the one that looks like the header, for a file that
 * can be read twice. */
enum mlp_code check_header_row(const struct check_run *run, size_t *skip, struct mlp_err *e);

/* A checker for the table, as the options want it; instead of the one that was. */
enum mlp_code check_make(struct check_run *run, struct mlp_err *e);

/* check_write.c: opens the outputs and writes their headers; good rows; rejected ones. Write errors
 * are sticky in the outputs. */
enum mlp_code check_open_outputs(struct check_run *run, struct mlp_err *e);
void check_write_good(struct check_run *run, const struct mlp_batch *b, const uint8_t *good);
void check_write_rejects(struct check_run *run, const struct mlp_checked *x);

/* check_window.c: as mlp_checker_table, with a report and a new checker each window; the last one
 * is left to the caller. */
enum mlp_code check_windows(struct check_run *run, mlp_checked_fn *take, struct mlp_err *e);
/* check.c: reports on what was checked since the last report. */
enum mlp_code check_tell(struct check_run *run, struct mlp_err *e);

/* check_draw.c: starts to profile for pages, when one is asked for; puts the distributions of the
 * columns into the report. */
enum mlp_code check_draw_start(struct check_run *run, struct mlp_err *e);
enum mlp_code check_draw(struct check_run *run, struct mlp_report *report, struct mlp_err *e);

/* Reports of the form gx:FILE, which need more than a report holds. */
enum mlp_code check_give_gx(struct check_run *run, struct mlp_err *e);

#endif
