#include "check.h"

#include "text/json.h"

#include <stdlib.h>

static const struct mlp_opt opts[] = {
    [OPT_RULES] = {"rules", 'r', MLP_OPT_FILE, "FILE", "the rules, see mlp-rules(5)", NULL, NULL,
                   false},
    [OPT_SCHEMA_FORMAT] = {"schema-format", 0, MLP_OPT_TEXT, "FORMAT",
                           "what the rules file is: native, gx, ... (default: by its content)",
                           NULL, NULL, false},
    [OPT_REJECTS] = {"rejects", 0, MLP_OPT_FILE, "FILE",
                     "every reason to reject a row, as NDJSON", NULL, NULL, false},
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
    [OPT_THREADS] = {"threads", 'j', MLP_OPT_INT, "N", "check on N threads; 0: one a processor",
                     NULL, "0", false},
    [OPT_MEMORY] = {"memory", 'm', MLP_OPT_SIZE, "SIZE",
                    "what unique, keys, distinct and quantiles may take; the rest is on disk in "
                    "TMPDIR, or a sample", NULL, "32M", false},
    [OPT_DRY_RUN] = {"dry-run", 'n', MLP_OPT_FLAG, NULL, "print the rules and what each costs",
                     NULL, NULL, false},
    [OPT_QUIET] = {"quiet", 'q', MLP_OPT_FLAG, NULL, "no report on stderr", NULL, NULL, false},
    MLP_INPUT_OPTS,
    {0},
};

/* Now and then, for a person who waits. */
static void tell_progress(struct check_run *run, const struct mlp_checked *x)
{
    uint64_t now = mlp_os_monotonic_ns(), size = mlp_table_size(run->table);
    if (!run->progress || now - run->told < 500000000u)
        return;
    run->told = now;
    fprintf(stderr, "\r\033[K%llu rows, %llu rejected", (unsigned long long)x->rows,
            (unsigned long long)x->rejected);
    if (size)
        fprintf(stderr, ", %.0f %%", 100.0 * (double)x->bytes / (double)size);
}

/* The line end that follows row r; that of the header where the input ends without one. */
static struct mlp_str line_end(const struct check_run *run, const struct mlp_batch *b, size_t r)
{
    const char *end = b->raw[r].p + b->raw[r].n;
    if (b->open_end && r + 1 == b->nrows)
        return mlp_table_eol(run->table);
    return *end == '\r' ? MLP_STR("\r\n") : MLP_STR("\n");
}

/* Good rows that stand next to each other in the block leave in one write, with whatever line
 * ends they had. */
static void write_good(struct check_run *run, const struct mlp_batch *b, const uint8_t *good)
{
    for (size_t r = 0; r < b->nrows; r++) {
        if (!good[r])
            continue;
        const char *start = b->raw[r].p;
        struct mlp_str eol = line_end(run, b, r);
        while (r + 1 < b->nrows && good[r + 1] &&
               b->raw[r + 1].p == b->raw[r].p + b->raw[r].n + eol.n) {
            r++;
            eol = line_end(run, b, r);
        }
        mlp_out_write(&run->good, start, (size_t)(b->raw[r].p + b->raw[r].n - start));
        mlp_out_str(&run->good, eol);
    }
}

static void write_rejects(struct check_run *run, const struct mlp_reject *x, size_t n)
{
    for (size_t i = 0; i < n; i++, x++) {
        struct mlp_buf *b = &run->line;
        mlp_buf_reset(b);
        mlp_buf_addf(b, "{\"line\":%llu,\"row\":%llu,\"column\":", (unsigned long long)x->line,
                     (unsigned long long)x->row);
        mlp_json_quote(b, x->column);
        mlp_buf_adds(b, ",\"rule\":");
        mlp_json_quote(b, x->rule);
        mlp_buf_adds(b, ",\"value\":");
        mlp_json_quote(b, x->value);
        mlp_buf_adds(b, "}\n");
        mlp_out_str(&run->rejects, mlp_buf_str(b));
    }
}

static enum mlp_code take_checked(void *ctx, const struct mlp_checked *x, struct mlp_err *e)
{
    struct check_run *run = ctx;
    enum mlp_code code = MLP_OK;
    write_good(run, x->batch, x->good);
    if (run->rejects.fd >= 0)
        write_rejects(run, x->rejects, x->nrejects);
    if (run->profiler)
        code = mlp_profiler_add(run->profiler, run->table, x->batch, x->good, e);
    if (code == MLP_OK && run->good.failed.code != MLP_OK)
        code = mlp_out_flush(&run->good, e);
    tell_progress(run, x);
    return code;
}

static enum mlp_code read_all(struct check_run *run, struct mlp_err *e)
{
    enum mlp_code code =
        mlp_checker_table(run->checker, run->table, run->stop_at, take_checked, run, e);
    if (run->progress)
        fprintf(stderr, "\r\033[K");
    return code;
}

static enum mlp_code open_outputs(struct check_run *run, struct mlp_err *e)
{
    const char *rejects = mlp_opt_text(run->cmd, OPT_REJECTS);
    enum mlp_code code = mlp_out_open(&run->good, mlp_opt_text(run->cmd, OPT_OUTPUT), e);
    if (code == MLP_OK && rejects)
        code = mlp_out_open(&run->rejects, rejects, e);
    if (code == MLP_OK && mlp_opt_text(run->cmd, OPT_PROFILE))
        code = mlp_profiler_new(NULL, &run->profiler, e);
    if (code == MLP_OK && mlp_table_header(run->table).n) {
        mlp_out_str(&run->good, mlp_table_header(run->table));
        mlp_out_str(&run->good, mlp_table_eol(run->table));
    }
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

static enum mlp_code finish(struct check_run *run, struct mlp_err *e)
{
    struct mlp_report report;
    mlp_report_init(&report, "mlp-validate", "data");
    report.subject = mlp_report_text(&report, "%s",
                                     run->copy >= 0 ? "<stdin>" : mlp_table_source(run->table));
    enum mlp_code code = mlp_checker_finish(run->checker, &report, e);
    if (code == MLP_OK)
        code = mlp_out_commit(&run->good, e);
    if (code == MLP_OK && run->rejects.fd >= 0)
        code = mlp_out_commit(&run->rejects, e);
    if (code == MLP_OK)
        code = save_profile(run, e);
    if (code == MLP_OK)
        code = check_give_gx(run, e);
    const char *format = mlp_opt_text(run->cmd, OPT_FORMAT);
    if (code == MLP_OK)
        code = give_report(run->cmd, OPT_REPORT, &report,
                           mlp_opt_flag(run->cmd, OPT_QUIET) ? NULL : format, e);
    bool warn = strcmp(mlp_opt_text(run->cmd, OPT_FAIL_ON), "warn") == 0;
    if (code == MLP_OK && (report.outcome >= (warn ? MLP_WARNED : MLP_FAIL) ||
                           mlp_checker_rejected(run->checker) >= run->stop_at))
        code = MLP_FINDING;
    mlp_report_fini(&report);
    return code;
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
        code = open_outputs(run, e);
    if (code == MLP_OK)
        code = read_all(run, e);
    if (code == MLP_OK && mlp_checker_rows(run->checker) == 0) {
        mlp_err_set(e, MLP_EINPUT, "has a header but no rows: nothing was checked");
        code = mlp_err_at(e, mlp_table_source(run->table), 0, 0);
    }
    return code == MLP_OK ? finish(run, e) : code;
}

static enum mlp_code run_check(struct mlp_cmd *cmd, struct mlp_err *e)
{
    struct check_run run = {.cmd = cmd, .good.fd = -1, .rejects.fd = -1, .copy = -1};
    run.progress = mlp_os_isatty(2) && !mlp_opt_flag(cmd, OPT_QUIET);
    run.stop_at = mlp_opt_given(cmd, OPT_MAX_REJECTS)
                      ? (uint64_t)mlp_opt_int(cmd, OPT_MAX_REJECTS, 0) + 1 : UINT64_MAX;
    if (mlp_opt_flag(cmd, OPT_FAIL_FAST))
        run.stop_at = 1;
    int64_t threads = mlp_opt_int(cmd, OPT_THREADS, 0);
    run.threads = threads < 1 ? mlp_os_cpus() : threads > 64 ? 64 : (unsigned)threads;
    mlp_buf_init(&run.line, (size_t)64 << 20);
    enum mlp_code code = check_load(&run, e);
    if (code == MLP_OK)
        code = mlp_opt_flag(cmd, OPT_DRY_RUN) ? describe(&run, e) : check(&run, e);
    mlp_out_abort(&run.good);
    mlp_out_abort(&run.rejects);
    mlp_profiler_free(run.profiler);
    mlp_checker_free(run.checker);
    mlp_table_close(run.table);
    if (run.copy >= 0)
        mlp_os_close(run.copy, NULL);
    mlp_rules_free(run.rules);
    mlp_buf_fini(&run.line);
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
             "means that a rule of severity error failed beyond what it tolerates.",
    .opts = opts,
    .examples = examples,
    .run = run_check,
};
