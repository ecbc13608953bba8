#include "leakage.h"

#include <stdlib.h>

enum { OPT_LABEL, OPT_KEY, OPT_TIME, OPT_MAX_OVERLAP, OPT_MAX_SCORE, OPT_SKIP, OPT_MEMORY,
       OPT_FAIL_ON, OPT_REPORT, OPT_FORMAT, OPT_QUIET, MLP_INPUT_NAMES };

static const struct mlp_opt opts[] = {
    [OPT_LABEL] = {"label", 'l', MLP_OPT_TEXT, "COL",
                   "the truth: no other column may give it away", NULL, NULL, false},
    [OPT_KEY] = {"key", 'k', MLP_OPT_TEXT, "COL",
                 "a customer, a patient, a row: none may be in two files", NULL, NULL, false},
    [OPT_TIME] = {"time", 't', MLP_OPT_TEXT, "COL",
                  "when: each file comes after those before it", NULL, NULL, false},
    [OPT_MAX_OVERLAP] = {"max-overlap", 0, MLP_OPT_NUMBER, "SHARE",
                         "share of rows that may be in an earlier file", NULL, "0", false},
    [OPT_MAX_SCORE] = {"max-score", 0, MLP_OPT_NUMBER, "SCORE",
                       "the best that one column may tell the label: AUC, R2, errors saved", NULL,
                       "0.98", false},
    [OPT_SKIP] = {"skip", 0, MLP_OPT_CHOICE, "CHECK", "leave out a check",
                  "overlap|keys|order|duplicates|columns|new-values|identifiers|label", NULL,
                  true},
    [OPT_MEMORY] = {"memory", 'm', MLP_OPT_SIZE, "SIZE", "memory for the rows that were seen",
                    NULL, "1G", false},
    [OPT_FAIL_ON] = {"fail-on", 0, MLP_OPT_CHOICE, "SEVERITY", "what makes exit status 1",
                     "error|warn", "error", false},
    [OPT_REPORT] = {"report", 'R', MLP_OPT_TEXT, "[FORMAT:]FILE",
                    "write the report there; text, json, junit, sarif, github, html or prom", NULL,
                    NULL, true},
    [OPT_FORMAT] = {"format", 'f', MLP_OPT_CHOICE, "FORMAT", "form of the report on stdout",
                    MLP_REPORT_CHOICES, "text", false},
    [OPT_QUIET] = {"quiet", 'q', MLP_OPT_FLAG, NULL, "no report on stdout", NULL, NULL, false},
    MLP_INPUT_OPTS,
    {0},
};

static enum mlp_code give(struct leak *l, struct mlp_err *e)
{
    struct mlp_report *r = &l->report;
    uint64_t rows = 0;
    for (size_t f = 0; f < l->nfiles; f++)
        rows += l->files[f].rows;
    r->subject = mlp_report_text(r, "%s", l->files[l->nfiles - 1].source);
    mlp_report_summary(r, "files", (double)l->nfiles);
    mlp_report_summary(r, "rows", (double)rows);
    if (l->label >= 0)
        mlp_report_summary(r, "rows_scored", (double)l->sampled);
    if (r->nchecks == 0)
        return mlp_err_set(e, MLP_EUSAGE, "nothing is left to check");
    enum mlp_code code = give_report(l->cmd, OPT_REPORT, r, NULL, e);
    if (code == MLP_OK && !mlp_opt_flag(l->cmd, OPT_QUIET))
        code = print_report(r, mlp_opt_text(l->cmd, OPT_FORMAT), e);
    bool warns = strcmp(mlp_opt_text(l->cmd, OPT_FAIL_ON), "warn") == 0;
    bool found = r->outcome == MLP_FAIL || (warns && r->outcome == MLP_WARNED);
    return code == MLP_OK && found ? MLP_FINDING : code;
}

static enum mlp_code work(struct leak *l, struct mlp_err *e)
{
    const struct mlp_cmd *cmd = l->cmd;
    const char *const roles[] = {mlp_opt_text(cmd, OPT_LABEL), mlp_opt_text(cmd, OPT_KEY),
                                 mlp_opt_text(cmd, OPT_TIME)};
    const char *skip[8];
    struct leak_limits limits = {mlp_opt_number(cmd, OPT_MAX_OVERLAP, 0),
                                 mlp_opt_number(cmd, OPT_MAX_SCORE, 0.98), skip, 0};
    struct mlp_input in;
    while (limits.nskip < 8 && (skip[limits.nskip] = mlp_opt_nth(cmd, OPT_SKIP, limits.nskip)))
        limits.nskip++;
    if (!(limits.overlap >= 0 && limits.overlap <= 1))
        return mlp_err_set(e, MLP_EUSAGE, "--max-overlap takes a share between 0 and 1");
    enum mlp_code code = mlp_input_init(&in, cmd, MLP_INPUT_INDICES, e);
    l->nfiles = 0;
    for (size_t f = 0; f < (size_t)cmd->noperands; f++)
        l->files[l->nfiles++].path = cmd->operands[f];
    if (code == MLP_OK)
        code = leak_open(l, &in.table, roles, e);
    if (code == MLP_OK)
        code = leak_read(l, e);
    if (code == MLP_OK)
        code = leak_tell_rows(l, &limits, e);
    if (code == MLP_OK)
        code = leak_tell_columns(l, &limits, e);
    return code == MLP_OK ? give(l, e) : code;
}

static enum mlp_code run_leakage(struct mlp_cmd *cmd, struct mlp_err *e)
{
    struct leak *l = calloc(1, sizeof *l);
    if (!l)
        return mlp_err_nomem(e);
    leak_init(l, cmd, (size_t)mlp_opt_int(cmd, OPT_MEMORY, 1 << 30));
    enum mlp_code code = work(l, e);
    leak_fini(l);
    free(l);
    return code;
}

static const struct mlp_example examples[] = {
    {"Does the test data know anything of the training data, or a column the label?",
     "mlp-validate leakage --label late train.csv test.csv"},
    {0},
};

const struct mlp_verb verb_leakage = {
    .name = "leakage",
    .summary = "rows and columns that make a test too good",
    .operands = "TRAIN [TEST...]",
    .min_operands = 1,
    .max_operands = MOST_FILES,
    .about = "Reads training data and then what the model is tested on, each file once. Looks\n"
             "for rows that are in two files or twice in one, keys in two files, times that\n"
             "are not after training, columns that are missing, values that are new, columns\n"
             "that look like identifiers, and columns that tell the label alone (on a sample\n"
             "of 50,000 rows of the first file). Rows are compared without label and key.\n"
             "Exit status 1 means that something of severity error was found.",
    .opts = opts,
    .examples = examples,
    .run = run_leakage,
};
