#include "file.h"
#include "package.h"

#include "base/file.h"
#include "base/progress.h"
#include "table/ahead.h"
#include "text/json.h"

#include <math.h>

enum { OPT_METADATA, OPT_REJECTS, OPT_REPORT, OPT_FORMAT, OPT_THREADS, OPT_MEMORY, OPT_QUIET };

static const struct mlp_opt opts[] = {
    [OPT_METADATA] = {"metadata", 0, MLP_OPT_FILE, "FILE",
                      "of a table: metadata to use if it describes it", NULL, NULL, false},
    [OPT_REJECTS] = {"rejects", 0, MLP_OPT_FILE, "FILE",
                     "every reason to reject a row, with its resource, as NDJSON", NULL, NULL,
                     false},
    [OPT_REPORT] = {"report", 'R', MLP_OPT_TEXT, "[FORMAT:]FILE",
                    "write the report there; " MLP_REPORT_CHOICES, NULL, NULL, true},
    [OPT_FORMAT] = {"format", 'f', MLP_OPT_CHOICE, "FORMAT", "form of the report on stderr",
                    MLP_REPORT_CHOICES, "text", false},
    [OPT_THREADS] = THREADS_OPTION,
    [OPT_MEMORY] = {"memory", 'm', MLP_OPT_SIZE, "SIZE",
                    "what unique, keys, distinct and quantiles may take; the rest is on disk in "
                    "TMPDIR, or a sample", NULL, "32M", false},
    [OPT_QUIET] = {"quiet", 'q', MLP_OPT_FLAG, NULL, "no report on stderr", NULL, NULL, false},
    {0},
};

/* One resource that is being checked. */
struct package_run {
    const struct mlp_cmd *cmd;
    const struct mlp_datapackage *package;
    const struct mlp_resource *resource;
    struct mlp_report *report;      /* of the whole package */
    struct mlp_report part;         /* of the resource */
    struct mlp_rules *rules;
    struct mlp_table *table;
    struct mlp_checker *checker;
    struct mlp_out rejects;
    struct mlp_buf line;
    struct mlp_progress progress;
    uint64_t rows, rejected;        /* of the resources before */
    unsigned threads;
};

/* The file as such. */
static enum mlp_code check_file(struct package_run *run, struct mlp_err *e)
{
    const struct mlp_resource *x = run->resource;
    struct mlp_file_rule rule = {(double)x->bytes, (double)x->bytes, NAN, x->hash, {NULL, 0},
                                 {NULL, 0}};
    if (x->has_bytes)
        rule.bytes_words = mlp_report_text(&run->part, "%llu", (unsigned long long)x->bytes);
    return x->has_bytes || x->hash.n ? file_check(x->path, &rule, &run->part, e) : MLP_OK;
}

/* ---- its rows */

static enum mlp_code open_table(struct package_run *run, struct mlp_err *e)
{
    struct mlp_table_options options = {.encoding = run->resource->encoding,
                                        .kept = run->threads > 1 ? MLP_AHEAD_KEPT : 0};
    mlp_rules_input(run->rules, &options);
    return mlp_table_open(run->resource->path, &options, &run->table, e);
}

static enum mlp_code survey(struct package_run *run, struct mlp_err *e)
{
    struct mlp_batch *b;
    enum mlp_code code = MLP_OK;
    while (code == MLP_OK && (code = mlp_table_next(run->table, &b, e)) == MLP_OK && b)
        code = mlp_checker_survey(run->checker, b, e);
    mlp_table_close(run->table);
    run->table = NULL;
    return code == MLP_OK ? open_table(run, e) : code;
}

static void write_reason(struct package_run *run, const struct mlp_reject *x)
{
    struct mlp_buf *b = &run->line;
    mlp_buf_reset(b);
    mlp_buf_adds(b, "{\"resource\":");
    mlp_json_quote(b, run->resource->name);
    mlp_buf_addf(b, ",\"line\":%llu,\"row\":%llu,\"column\":", (unsigned long long)x->line,
                 (unsigned long long)x->row);
    mlp_json_quote(b, x->column);
    mlp_buf_adds(b, ",\"rule\":");
    mlp_json_quote(b, x->rule);
    mlp_buf_adds(b, ",\"value\":");
    mlp_json_quote(b, x->value);
    mlp_buf_adds(b, "}\n");
    mlp_out_str(&run->rejects, mlp_buf_str(b));
}

static enum mlp_code take_checked(void *ctx, const struct mlp_checked *x, struct mlp_err *e)
{
    struct package_run *run = ctx;
    (void)e;
    for (size_t i = 0; run->rejects.fd >= 0 && i < x->nrejects; i++)
        write_reason(run, &x->rejects[i]);
    mlp_progress_tell(&run->progress, &(struct mlp_progress_at){
        .rows = run->rows + x->rows, .rejected = run->rejected + x->rejected, .bytes = x->bytes,
        .size = mlp_table_size(run->table)});
    return MLP_OK;
}

static enum mlp_code check_rows(struct package_run *run, struct mlp_err *e)
{
    enum mlp_code code = open_table(run, e);
    if (code == MLP_OK)
        code = mlp_checker_new(run->rules, run->table, &run->checker, e);
    if (code == MLP_OK) {
        mlp_checker_memory(run->checker, (size_t)mlp_opt_number(run->cmd, OPT_MEMORY, 0));
        code = mlp_checker_threads(run->checker, run->threads, e);
    }
    if (code == MLP_OK && mlp_rules_look_twice(run->rules))
        code = survey(run, e);
    if (code == MLP_OK)
        code = mlp_checker_table(run->checker, run->table, UINT64_MAX, take_checked, run, e);
    if (code == MLP_OK)
        code = mlp_checker_finish(run->checker, &run->part, e);
    return code;
}

/* ---- all of it */

/* What cannot be read is a finding about the resource; the others are checked nevertheless. */
static void add_fault(struct package_run *run, const struct mlp_err *e)
{
    struct mlp_check *c = mlp_report_add(&run->part, &(struct mlp_check){
        .id = MLP_STR("file/readable"), .type = MLP_STR("readable"), .severity = MLP_SEV_ERROR,
        .outcome = MLP_FAIL, .expected = MLP_STR("a table as the descriptor says"),
        .observed = mlp_report_text(&run->part, "%s", e->message)});
    if (e->line)
        mlp_report_example(&run->part, c, e->line, 0, (struct mlp_str){"", 0});
}

static bool is_finding(enum mlp_code code)
{
    return code == MLP_EINPUT || code == MLP_ENOTFOUND;
}

static enum mlp_code check_resource(struct package_run *run, size_t i, struct mlp_err *e)
{
    struct mlp_err fault;
    mlp_err_init(&fault);
    run->resource = mlp_datapackage_resource(run->package, i);
    mlp_report_init(&run->part, "mlp-validate", "data");
    struct mlp_import_notes notes;
    mlp_import_notes_init(&notes);
    enum mlp_code code = mlp_datapackage_rules(run->package, i, &notes, &run->rules, e);
    if (!mlp_opt_flag(run->cmd, OPT_QUIET))
        tell_notes(run->cmd->operands[0], &notes);
    mlp_import_notes_fini(&notes);
    if (code == MLP_OK && (code = check_file(run, &fault)) == MLP_OK)
        code = check_rows(run, &fault);
    if (is_finding(fault.code)) {
        add_fault(run, &fault);
        code = MLP_OK;
    } else if (fault.code != MLP_OK && e) {
        *e = fault;
    }
    if (run->checker) {
        run->rows += mlp_checker_rows(run->checker);
        run->rejected += mlp_checker_rejected(run->checker);
    }
    mlp_report_add_all(run->report, &run->part,
                       mlp_report_text(run->report, "resource=%.*s",
                                       MLP_STR_ARG(run->resource->name)));
    mlp_report_fini(&run->part);
    mlp_checker_free(run->checker);
    mlp_table_close(run->table);
    mlp_rules_free(run->rules);
    run->checker = NULL;
    run->table = NULL;
    run->rules = NULL;
    return code;
}

static enum mlp_code check_all(struct package_run *run, struct mlp_err *e)
{
    const char *rejects = mlp_opt_text(run->cmd, OPT_REJECTS);
    enum mlp_code code = rejects ? mlp_out_open(&run->rejects, rejects, e) : MLP_OK;
    for (size_t i = 0; i < mlp_datapackage_count(run->package) && code == MLP_OK; i++)
        code = check_resource(run, i, e);
    mlp_progress_wipe(&run->progress);
    if (code == MLP_OK && rejects)
        code = mlp_out_commit(&run->rejects, e);
    if (code != MLP_OK)
        return code;
    mlp_report_summary(run->report, "resources", (double)mlp_datapackage_count(run->package));
    mlp_report_summary(run->report, "rows", (double)run->rows);
    mlp_report_summary(run->report, "rejected", (double)run->rejected);
    return give_report(run->cmd, OPT_REPORT, run->report,
                       mlp_opt_flag(run->cmd, OPT_QUIET) ? NULL
                                                         : mlp_opt_text(run->cmd, OPT_FORMAT), e);
}

static enum mlp_code run(struct mlp_cmd *cmd, struct mlp_err *e)
{
    struct mlp_datapackage *package;
    struct mlp_report report;
    enum mlp_code code = package_find(cmd->operands[0], mlp_opt_text(cmd, OPT_METADATA),
                                      &package, e);
    if (code != MLP_OK)
        return code;
    struct package_run run = {.cmd = cmd, .package = package, .report = &report,
                              .threads = thread_count(cmd, OPT_THREADS), .rejects.fd = -1};
    mlp_buf_init(&run.line, (size_t)1 << 30);
    mlp_progress_init(&run.progress, !mlp_opt_flag(cmd, OPT_QUIET));
    mlp_report_init(&report, "mlp-validate", "data");
    report.subject = mlp_report_text(&report, "%s", cmd->operands[0]);
    code = check_all(&run, e);
    if (code == MLP_OK && report.outcome == MLP_FAIL)
        code = MLP_FINDING;
    mlp_out_abort(&run.rejects);
    mlp_report_fini(&report);
    mlp_buf_fini(&run.line);
    mlp_datapackage_free(package);
    return code;
}

static const struct mlp_example examples[] = {
    {"Is all of a data package as its descriptor says?",
     "mlp-validate package datapackage.json --rejects bad.ndjson"},
    {0},
};

const struct mlp_verb verb_package = {
    .name = "package",
    .summary = "check every resource of a data package",
    .operands = "DESCRIPTOR|TABLE",
    .min_operands = 1,
    .max_operands = 1,
    .about = "Reads a Frictionless data package, one resource of it, or metadata of CSV on the\n"
             "Web, and checks all files that it names: their bytes and hash, and their rows\n"
             "against their schema. Of a table the metadata is looked for beside it, as\n"
             "TABLE-metadata.json or csv-metadata.json. A file that cannot be read is a finding.\n"
             "Exit status 1 means that there are findings.",
    .opts = opts,
    .examples = examples,
    .run = run,
};
