#include "check.h"

#include "file.h"
#include "rule/history.h"

#include <stdlib.h>

static const struct mlp_opt opts[] = {
    [OPT_RULES] = {"rules", 'r', MLP_OPT_FILE, "FILE", "the rules, see mlp-rules(5)", NULL, NULL,
                   false},
    [OPT_SCHEMA_FORMAT] = {"schema-format", 0, MLP_OPT_TEXT, "FORMAT",
                           "what the rules file is: native, gx, ... (default: by its content)",
                           NULL, NULL, false},
    [OPT_REJECTS] = {"rejects", 0, MLP_OPT_FILE, "FILE",
                     "every reason to reject a row, as NDJSON; named .csv or .tsv: the rows, with "
                     "_line, _rule and _value", NULL, NULL, false},
    [OPT_OUTPUT] = {"output", 'o', MLP_OPT_FILE, "FILE", "where good rows go", NULL, "-", false},
    [OPT_REPORT] = {"report", 'R', MLP_OPT_TEXT, "[FORMAT:]FILE",
                    "write the report there; text, json, junit, sarif, github, html, prom or gx "
                    "(Great Expectations' result)", NULL,
                    NULL, true},
    [OPT_FORMAT] = {"format", 'f', MLP_OPT_CHOICE, "FORMAT", "form of the report on stderr",
                    MLP_REPORT_CHOICES, "text", false},
    [OPT_PROFILE] = {"profile", 0, MLP_OPT_FILE, "FILE", "profile of the good rows", NULL, NULL,
                     false},
    [OPT_MAX_REJECTS] = {"max-rejects", 0, MLP_OPT_INT, "N", "stop after N rejected rows", NULL,
                         NULL, false},
    [OPT_FAIL_FAST] = {"fail-fast", 0, MLP_OPT_FLAG, NULL, "stop at the first rejected row", NULL,
                       NULL, false},
    [OPT_FAIL_ON] = {"fail-on", 0, MLP_OPT_CHOICE, "SEVERITY", "what makes exit status 1",
                     "error|warn", "error", false},
    [OPT_THREADS] = THREADS_OPTION,
    [OPT_MEMORY] = {"memory", 'm', MLP_OPT_SIZE, "SIZE",
                    "what unique, keys, distinct and quantiles may take; the rest is on disk in "
                    "TMPDIR, or a sample", NULL, "32M", false},
    [OPT_WINDOW] = {"window", 0, MLP_OPT_SECONDS, "TIME",
                    "of a stream: report each TIME, such as 60s, and count anew", NULL, NULL,
                    false},
    [OPT_WINDOW_ROWS] = {"window-rows", 0, MLP_OPT_INT, "N",
                         "of a stream: report each N rows and count anew", NULL, NULL, false},
    [OPT_REFERENCE] = {"reference", 0, MLP_OPT_FILE, "FILE",
                       "what the section drift compares with: a profile, or a table", NULL, NULL,
                       false},
    [OPT_ENV] = ENV_OPTION,
    [OPT_PARAM] = PARAM_OPTION,
    [OPT_HISTORY] = {"history", 0, MLP_OPT_FILE, "FOLDER",
                     "reports of the runs before, saved as json, for rules that compare with them",
                     NULL, NULL, false},
    [OPT_PREVIOUS] = {"previous", 0, MLP_OPT_FILE, "FILE",
                      "the data of the run before, for rules that compare with it", NULL, NULL,
                      false},
    [OPT_SERVING] = {"serving", 0, MLP_OPT_FILE, "FILE",
                     "the data that the model is served with, for rules that compare with it", NULL,
                     NULL, false},
    [OPT_PREVIOUS_VERSION] = {"previous-version", 0, MLP_OPT_FILE, "FILE",
                              "the data of the version before, for rules that compare with it",
                              NULL, NULL, false},
    [OPT_DRY_RUN] = {"dry-run", 'n', MLP_OPT_FLAG, NULL, "print the rules and what each costs",
                     NULL, NULL, false},
    [OPT_QUIET] = {"quiet", 'q', MLP_OPT_FLAG, NULL, "no report on stderr", NULL, NULL, false},
    MLP_INPUT_OPTS,
    [OPT_PREVIOUS_VERSION + 1] = {0},
};

static enum mlp_code take_checked(void *ctx, const struct mlp_checked *x, struct mlp_err *e)
{
    struct check_run *run = ctx;
    enum mlp_code code = MLP_OK;
    check_write_good(run, x->batch, x->good);
    check_write_rejects(run, x);
    if (run->profiler)
        code = mlp_profiler_add(run->profiler, run->table, x->batch, x->good, e);
    if (run->drawn && code == MLP_OK)
        code = mlp_profiler_add(run->drawn, run->table, x->batch, NULL, e);
    /* Who reads a stream waits for what is good in it. */
    bool is_stream = mlp_table_size(run->table) == 0;
    if (code == MLP_OK && (is_stream || run->good.failed.code != MLP_OK))
        code = mlp_out_flush(&run->good, e);
    if (code == MLP_OK && is_stream && run->rejects.fd >= 0)
        code = mlp_out_flush(&run->rejects, e);
    mlp_progress_tell(&run->progress, &(struct mlp_progress_at){
        .rows = x->rows, .rejected = x->rejected, .bytes = x->bytes,
        .size = mlp_table_size(run->table)});
    return code;
}

static enum mlp_code read_all(struct check_run *run, struct mlp_err *e)
{
    enum mlp_code code = run->window_rows || run->window_ns
        ? check_windows(run, take_checked, e)
        : mlp_checker_table(run->checker, run->table, run->stop_at, take_checked, run, e);
    mlp_progress_wipe(&run->progress);
    return code;
}

static enum mlp_code save_profile(struct check_run *run, struct mlp_err *e)
{
    struct mlp_profile p = {0};
    if (!run->profiler)
        return MLP_OK;
    enum mlp_code code = mlp_profiler_finish(run->profiler, &p, e);
    if (code == MLP_OK)
        code = mlp_profile_save(&p, mlp_opt_text(run->cmd, OPT_PROFILE), e);
    mlp_profile_fini(&p);
    return code;
}

static enum mlp_code judge_file(const struct check_run *run, struct mlp_report *report,
                                struct mlp_err *e)
{
    struct mlp_file_rule rule;
    return mlp_rules_file(run->rules, &rule)
               ? file_check(mlp_operand(run->cmd, 0, "-"), &rule, report, e) : MLP_OK;
}

/* Against the runs before. */
static enum mlp_code judge_history(const struct check_run *run, struct mlp_report *report,
                                   struct mlp_err *e)
{
    const char *path = mlp_opt_text(run->cmd, OPT_HISTORY);
    struct mlp_history *h = NULL;
    if (path && !mlp_rules_history(run->rules)) {
        mlp_err_set(e, MLP_EUSAGE, "the rules compare nothing with a history");
        return mlp_err_hint(e, "history: {rows: {change: [0.8, 1.25]}} in the rules does");
    }
    enum mlp_code code = path ? mlp_history_load(path, &h, e) : MLP_OK;
    if (code == MLP_OK)
        code = mlp_history_judge(h, run->rules, report, e);
    mlp_history_free(h);
    return code;
}

/* What was checked since the last report. */
static enum mlp_code decide(struct check_run *run, struct mlp_report *report, struct mlp_err *e)
{
    mlp_report_init(report, "mlp-validate", "data");
    report->subject = mlp_report_text(report, "%s",
                                      run->copy >= 0 ? "<stdin>" : mlp_table_source(run->table));
    enum mlp_code code = mlp_checker_finish(run->checker, report, e);
    if (code == MLP_OK)
        code = judge_file(run, report, e);
    if (code == MLP_OK)
        code = judge_history(run, report, e);
    if (code == MLP_OK)
        code = check_draw(run, report, e);
    bool warn = strcmp(mlp_opt_text(run->cmd, OPT_FAIL_ON), "warn") == 0;
    run->found = run->found || report->outcome >= (warn ? MLP_WARNED : MLP_FAIL);
    return code;
}

static enum mlp_code tell(struct check_run *run, const struct mlp_report *report,
                          struct mlp_err *e)
{
    const char *format = mlp_opt_text(run->cmd, OPT_FORMAT);
    enum mlp_code code = check_give_gx(run, e);
    if (code == MLP_OK)
        code = give_report(run->cmd, OPT_REPORT, report,
                           mlp_opt_flag(run->cmd, OPT_QUIET) ? NULL : format, e);
    return code;
}

enum mlp_code check_tell(struct check_run *run, struct mlp_err *e)
{
    struct mlp_report report;
    enum mlp_code code = decide(run, &report, e);
    if (code == MLP_OK)
        code = tell(run, &report, e);
    mlp_report_fini(&report);
    return code;
}

static enum mlp_code commit(struct check_run *run, struct mlp_err *e)
{
    enum mlp_code code = mlp_out_commit(&run->good, e);
    if (code == MLP_OK && run->rejects.fd >= 0)
        code = mlp_out_commit(&run->rejects, e);
    return code == MLP_OK ? save_profile(run, e) : code;
}

static enum mlp_code finish(struct check_run *run, struct mlp_err *e)
{
    struct mlp_report report;
    run->found = run->found || run->rejected + mlp_checker_rejected(run->checker) >= run->stop_at;
    enum mlp_code code = decide(run, &report, e);
    if (code == MLP_OK)
        code = commit(run, e);
    if (code == MLP_OK)
        code = tell(run, &report, e);
    mlp_report_fini(&report);
    return code == MLP_OK && run->found ? MLP_FINDING : code;
}

static enum mlp_code describe(const struct check_run *run, struct mlp_err *e)
{
    struct mlp_buf b;
    mlp_buf_init(&b, (size_t)16 << 20);
    mlp_rules_describe(run->rules, &b);
    enum mlp_code code = mlp_buf_check(&b, e);
    code = code == MLP_OK ? mlp_file_write("-", mlp_buf_str(&b), 0, e) : code;
    mlp_buf_fini(&b);
    return code;
}

static enum mlp_code check(struct check_run *run, struct mlp_err *e)
{
    enum mlp_code code = check_open(run, e);
    if (code == MLP_OK)
        code = check_open_outputs(run, e);
    if (code == MLP_OK && mlp_opt_text(run->cmd, OPT_PROFILE))
        code = mlp_profiler_new(NULL, &run->profiler, e);
    if (code == MLP_OK)
        code = read_all(run, e);
    if (code == MLP_OK && !run->structure && mlp_checker_rows(run->checker) == 0) {
        mlp_err_set(e, MLP_EINPUT, "has a header but no rows: nothing was checked");
        code = mlp_err_at(e, mlp_table_source(run->table), 0, 0);
    }
    return code == MLP_OK ? finish(run, e) : code;
}

static enum mlp_code run_check(struct mlp_cmd *cmd, struct mlp_err *e)
{
    struct check_run run = {.cmd = cmd, .good.fd = -1, .rejects.fd = -1, .copy = -1};
    mlp_progress_init(&run.progress, !mlp_opt_flag(cmd, OPT_QUIET));
    run.stop_at = mlp_opt_given(cmd, OPT_MAX_REJECTS)
                      ? (uint64_t)mlp_opt_int(cmd, OPT_MAX_REJECTS, 0) + 1 : UINT64_MAX;
    if (mlp_opt_flag(cmd, OPT_FAIL_FAST))
        run.stop_at = 1;
    run.threads = thread_count(cmd, OPT_THREADS);
    run.window_rows = (uint64_t)mlp_opt_int(cmd, OPT_WINDOW_ROWS, 0);
    run.window_ns = (uint64_t)(mlp_opt_number(cmd, OPT_WINDOW, 0) * 1e9);
    mlp_buf_init(&run.line, (size_t)1 << 30);
    mlp_buf_init(&run.field, (size_t)1 << 30);
    enum mlp_code code = check_load(&run, e);
    if (code == MLP_OK)
        code = mlp_opt_flag(cmd, OPT_DRY_RUN) ? describe(&run, e) : check(&run, e);
    mlp_out_abort(&run.good);
    mlp_out_abort(&run.rejects);
    mlp_profiler_free(run.profiler);
    mlp_profiler_free(run.drawn);
    mlp_checker_free(run.checker);
    mlp_table_close(run.table);
    if (run.copy >= 0)
        mlp_os_close(run.copy, NULL);
    mlp_profile_fini(&run.reference);
    mlp_rules_free(run.rules);
    mlp_buf_fini(&run.line);
    mlp_buf_fini(&run.field);
    return code;
}

static const struct mlp_example examples[] = {
    {"Good rows flow on, bad ones aside, a report as JSON.",
     "mlp-validate -r rules.yaml --rejects bad.ndjson -R json:report.json < raw.csv > clean.csv"},
    {0},
};

const struct mlp_verb verb_check = {
    .name = "check",
    .summary = "check data: good rows to stdout, bad ones aside, a report",
    .operands = "[FILE|-]",
    .max_operands = 1,
    .about = "Checks each row of a table, read once. Good rows leave as they came. Exit status 1\n"
             "means that a rule of severity error failed beyond what it tolerates. Without\n"
             "--rules a FILE is checked for its structure: rows as long as the header, none blank.",
    .opts = opts,
    .help_opts = OPT_PROFILE,
    .examples = examples,
    .run = run_check,
};
