/* check.h: the parts of the verb check. */
#ifndef MLP_VALIDATE_CHECK_H
#define MLP_VALIDATE_CHECK_H

#include "verbs.h"

#include "base/file.h"
#include "rule/rule.h"
#include "stat/profile.h"

enum { OPT_RULES, OPT_SCHEMA_FORMAT, OPT_REJECTS, OPT_OUTPUT, OPT_REPORT, OPT_FORMAT, OPT_PROFILE,
       OPT_MAX_REJECTS, OPT_FAIL_FAST, OPT_FAIL_ON, OPT_THREADS, OPT_MEMORY, OPT_DRY_RUN, OPT_QUIET,
       MLP_INPUT_NAMES };

/* One run: where things come from and go to. */
struct check_run {
    const struct mlp_cmd *cmd;
    struct mlp_rules *rules;
    struct mlp_table *table;
    struct mlp_checker *checker;
    struct mlp_profiler *profiler; /* or NULL */
    struct mlp_out good, rejects;
    struct mlp_buf line;
    unsigned threads;
    uint64_t stop_at;       /* rejected rows */
    uint64_t told;          /* of the progress line, monotonic ns */
    bool progress;
    int copy;               /* of a pipe that is looked at twice, or -1 */
    char copy_path[32];     /* its name */
};

/* The rules of --rules; the table with a checker for it, surveyed where the rules look twice. */
enum mlp_code check_load(struct check_run *run, struct mlp_err *e);
enum mlp_code check_open(struct check_run *run, struct mlp_err *e);

/* Reports of the form gx:FILE, which need more than a report holds. */
enum mlp_code check_give_gx(struct check_run *run, struct mlp_err *e);

#endif
