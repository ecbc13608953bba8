#include "model.h"

#include "base/file.h"
#include "rule/import.h"
#include "rule/rule.h"

#include <math.h>

enum { OPT_RULES, OPT_LABEL, OPT_SCORE, OPT_SCORES, OPT_PREDICTION, OPT_WEIGHT, OPT_POSITIVE,
       OPT_THRESHOLD, OPT_TASK, OPT_CHAMPION, OPT_LABELS, OPT_KEY, OPT_SLICE, OPT_SENSITIVE,
       OPT_SUBGROUPS, OPT_LATENCY, OPT_LATENCY_FILE, OPT_LEVEL, OPT_ROUNDS, OPT_SEED, OPT_MEMORY,
       OPT_PARAM, OPT_REPORT, OPT_FORMAT, OPT_QUIET, MLP_INPUT_NAMES };

static const struct mlp_opt opts[] = {
    [OPT_RULES] = {"rules", 'r', MLP_OPT_FILE, "FILE",
                   "gates: the section model: of mlp-rules(5)", NULL, NULL, false},
    [OPT_LABEL] = {"label", 'l', MLP_OPT_TEXT, "COL",
                   "the truth (default: label, target, y, or the only column left)", NULL, NULL,
                   false},
    [OPT_SCORE] = {"score", 0, MLP_OPT_TEXT, "COL",
                   "score of the positive class (default: proba_1)", NULL, NULL, false},
    [OPT_SCORES] = {"scores", 0, MLP_OPT_TEXT, "PREFIX",
                    "scores of several classes: columns of PREFIX and the class (default: proba_)",
                    NULL, NULL, false},
    [OPT_PREDICTION] = {"prediction", 'p', MLP_OPT_TEXT, "COL",
                        "predicted class or number (default: prediction)", NULL, NULL, false},
    [OPT_WEIGHT] = {"weight", 'w', MLP_OPT_TEXT, "COL", "weights of the rows", NULL, NULL, false},
    [OPT_POSITIVE] = {"positive", 0, MLP_OPT_TEXT, "CLASS",
                      "the positive class (default: 1, true, or the greater of two)", NULL, NULL,
                      false},
    [OPT_THRESHOLD] = {"threshold", 't', MLP_OPT_NUMBER, "SCORE",
                       "predict the positive class from this score on (default: 0.5)", NULL, NULL,
                       false},
    [OPT_TASK] = {"task", 0, MLP_OPT_CHOICE, "TASK", "what the model does",
                  "auto|binary|multiclass|regression", "auto", false},
    [OPT_CHAMPION] = {"champion", 'c', MLP_OPT_FILE, "FILE",
                      "another model's predictions of the same rows", NULL, NULL, false},
    [OPT_LABELS] = {"labels", 0, MLP_OPT_FILE, "FILE",
                    "labels that came later, to join by --key (default: id)", NULL, NULL, false},
    [OPT_KEY] = {"key", 'k', MLP_OPT_TEXT, "COL",
                 "match the champion's rows, or the labels, by this column", NULL, NULL, false},
    [OPT_SLICE] = {"slice", 's', MLP_OPT_TEXT, "COL", "metrics of each value of this column", NULL,
                   NULL, true},
    [OPT_SENSITIVE] = {"sensitive", 0, MLP_OPT_TEXT, "COL",
                       "fairness between the groups of this column", NULL, NULL, true},
    [OPT_SUBGROUPS] = {"subgroups", 0, MLP_OPT_FLAG, NULL,
                       "search all other columns for the groups that fare worst", NULL, NULL,
                       false},
    [OPT_LATENCY] = {"latency", 0, MLP_OPT_TEXT, "COL", "milliseconds that a prediction took", NULL,
                     NULL, false},
    [OPT_LATENCY_FILE] = {"latency-file", 0, MLP_OPT_FILE, "FILE",
                          "the same from a file of one number a line", NULL, NULL, false},
    [OPT_LEVEL] = {"level", 0, MLP_OPT_NUMBER, "SHARE", "level of the intervals", NULL, "0.95",
                   false},
    [OPT_ROUNDS] = {"rounds", 0, MLP_OPT_INT, "N", "bootstrap rounds; 0: no intervals", NULL,
                    "500", false},
    [OPT_SEED] = {"seed", 0, MLP_OPT_INT, "N", "seed of the bootstrap", NULL, "1", false},
    [OPT_MEMORY] = {"memory", 'm', MLP_OPT_SIZE, "SIZE",
                    "what the rows may take; more of them are refused", NULL, "4G", false},
    [OPT_PARAM] = PARAM_OPTION,
    [OPT_REPORT] = {"report", 'R', MLP_OPT_TEXT, "[FORMAT:]FILE",
                    "write the report there; text, json, junit, sarif, github, html or prom", NULL,
                    NULL, true},
    [OPT_FORMAT] = {"format", 'f', MLP_OPT_CHOICE, "FORMAT", "form of the report on stdout",
                    MLP_REPORT_CHOICES, "text", false},
    [OPT_QUIET] = {"quiet", 'q', MLP_OPT_FLAG, NULL, "no report on stdout", NULL, NULL, false},
    MLP_INPUT_OPTS,
    {0},
};

struct run {
    const struct mlp_cmd *cmd;
    struct mlp_rules *rules;
    struct model_rules gates;
    struct model_asked asked;
    struct classes classes;
    struct predictions ours, champion;
    struct evaluation evaluation;
    struct mlp_report report;
    struct joined joined;
};

static enum mlp_code read_gates(struct run *run, struct mlp_err *e)
{
    const char *path = mlp_opt_text(run->cmd, OPT_RULES);
    if (!path)
        return MLP_OK;
    struct given given;
    enum mlp_code code = given_read(run->cmd, OPT_PARAM, -1, &given, e);
    if (code == MLP_OK)
        code = mlp_rules_load_given(&(struct mlp_rules_source){path, NULL, &given.rules}, NULL,
                                    &run->rules, e);
    return code == MLP_OK ? gates_read(mlp_rules_doc(run->rules), &run->gates, e) : code;
}

/* Joins --labels; *path becomes that of the joined table. */
static enum mlp_code join_labels(struct run *run, const struct mlp_input *in, const char **path,
                                 struct mlp_err *e)
{
    const struct mlp_cmd *cmd = run->cmd;
    const struct join_from from = {
        *path, mlp_opt_text(cmd, OPT_LABELS),
        mlp_opt_given(cmd, OPT_KEY) ? mlp_opt_text(cmd, OPT_KEY) : "id",
        mlp_opt_text(cmd, OPT_LABEL), &in->table, (size_t)mlp_opt_number(cmd, OPT_MEMORY, 0),
    };
    if (!from.labels)
        return MLP_OK;
    if (strcmp(from.labels, "-") == 0 && strcmp(*path, "-") == 0)
        return mlp_err_set(e, MLP_EUSAGE, "stdin cannot be both the predictions and the labels");
    if (mlp_opt_given(cmd, OPT_CHAMPION))
        return mlp_err_set(e, MLP_EUSAGE, "--labels and --champion do not go together");
    enum mlp_code code = labels_join(&from, &run->joined, e);
    *path = run->joined.path;
    return code;
}

/* What the join came to, in the report. */
static void tell_joined(struct run *run)
{
    const struct joined *j = &run->joined;
    if (j->fd < 0)
        return;
    mlp_report_summary(&run->report, "matched", (double)j->matched);
    mlp_report_summary(&run->report, "rows_without_label", (double)j->unlabelled);
    mlp_report_summary(&run->report, "labels_without_row", (double)j->unmatched);
    mlp_report_summary(&run->report, "labels_replaced", (double)j->replaced);
}

static enum mlp_code check_options(const struct mlp_cmd *cmd, struct mlp_err *e)
{
    const char *champion = mlp_opt_text(cmd, OPT_CHAMPION), *path = mlp_operand(cmd, 0, "-");
    if (champion && strcmp(champion, "-") == 0 && strcmp(path, "-") == 0)
        return mlp_err_set(e, MLP_EUSAGE, "stdin cannot be both the predictions and the champion");
    if (!champion && !mlp_opt_given(cmd, OPT_LABELS) && mlp_opt_given(cmd, OPT_KEY))
        return mlp_err_set(e, MLP_EUSAGE, "--key is for --champion and --labels");
    return MLP_OK;
}

/* The predictions, joined or not, and the champion's. */
static enum mlp_code read_both(struct run *run, const char *path, const struct mlp_input *in,
                               struct columns *want, struct mlp_err *e)
{
    const char *champion = mlp_opt_text(run->cmd, OPT_CHAMPION);
    struct mlp_table_options options = in->table;
    if (run->joined.fd >= 0) {
        want->label = "label";
        options = (struct mlp_table_options){.format = MLP_TABLE_CSV, .delimiter = ','};
    }
    run->ours.most = run->champion.most = (size_t)mlp_opt_number(run->cmd, OPT_MEMORY, 0);
    enum mlp_code code = facets_want(&run->ours, &run->gates, &run->asked, e);
    if (code == MLP_OK)
        code = predictions_read(&run->ours, path, &options, want, &run->classes, e);
    want->weight = NULL;
    if (code == MLP_OK && champion)
        code = predictions_read(&run->champion, champion, &options, want, &run->classes, e);
    return code;
}

static enum mlp_code read_tables(struct run *run, struct mlp_err *e)
{
    const struct mlp_cmd *cmd = run->cmd;
    const char *path = mlp_operand(cmd, 0, "-");
    struct mlp_input in;
    struct columns want = {
        mlp_opt_text(cmd, OPT_LABEL), mlp_opt_text(cmd, OPT_SCORE), mlp_opt_text(cmd, OPT_SCORES),
        mlp_opt_text(cmd, OPT_PREDICTION), mlp_opt_text(cmd, OPT_WEIGHT),
        mlp_opt_given(cmd, OPT_CHAMPION) ? mlp_opt_text(cmd, OPT_KEY) : NULL,
        mlp_opt_text(cmd, OPT_POSITIVE), run->gates.doc,
        mlp_opt_given(cmd, OPT_THRESHOLD) && !mlp_opt_given(cmd, OPT_PREDICTION),
    };
    enum mlp_code code = check_options(cmd, e);
    if (code == MLP_OK)
        code = mlp_input_init(&in, cmd, MLP_INPUT_INDICES, e);
    if (code == MLP_OK && run->rules)
        mlp_rules_input(run->rules, &in.table);
    if (code == MLP_OK)
        code = join_labels(run, &in, &path, e);
    return code == MLP_OK ? read_both(run, path, &in, &want, e) : code;
}

static enum mlp_code evaluate(struct run *run, struct mlp_err *e)
{
    static const struct {
        const char *name;
        unsigned task;
    } tasks[] = {{"auto", 0}, {"binary", MLP_TASK_BINARY}, {"multiclass", MLP_TASK_MULTICLASS},
                 {"regression", MLP_TASK_REGRESSION}};
    const struct mlp_cmd *cmd = run->cmd;
    bool champion = mlp_opt_given(cmd, OPT_CHAMPION);
    run->evaluation.positive = mlp_opt_text(cmd, OPT_POSITIVE);
    run->evaluation.threshold = mlp_opt_number(cmd, OPT_THRESHOLD, 0.5);
    for (size_t i = 0; i < sizeof tasks / sizeof *tasks; i++)
        if (strcmp(mlp_opt_text(cmd, OPT_TASK), tasks[i].name) == 0)
            run->evaluation.task = tasks[i].task;
    enum mlp_code code = evaluation_make(&run->evaluation, &run->ours,
                                         champion ? &run->champion : NULL, &run->classes, e);
    struct mlp_metric_more *more[] = {&run->evaluation.more, &run->evaluation.other_more,
                                      &run->evaluation.baseline_more};
    for (size_t i = 0; i < 3; i++) {
        more[i]->top = run->gates.top;
        more[i]->quantile = run->gates.quantile;
    }
    return code == MLP_OK ? cost_read(&run->evaluation, &run->gates, &run->classes, e) : code;
}

static enum mlp_code plan_make(const struct mlp_cmd *cmd, struct mlp_resample *plan,
                               struct mlp_err *e)
{
    int64_t rounds = mlp_opt_int(cmd, OPT_ROUNDS, 500);
    plan->level = mlp_opt_number(cmd, OPT_LEVEL, 0.95);
    plan->seed = (uint64_t)mlp_opt_int(cmd, OPT_SEED, 1);
    if (!(plan->level > 0 && plan->level < 1))
        return mlp_err_set(e, MLP_EUSAGE, "--level takes a share between 0 and 1");
    if (rounds > 1000000)
        return mlp_err_set(e, MLP_EUSAGE, "--rounds takes at most 1000000");
    plan->rounds = (unsigned)rounds;
    return MLP_OK;
}

static enum mlp_code give(struct run *run, struct mlp_err *e)
{
    enum mlp_code code = give_report(run->cmd, OPT_REPORT, &run->report, NULL, e);
    if (code == MLP_OK && !mlp_opt_flag(run->cmd, OPT_QUIET))
        code = print_report(&run->report, mlp_opt_text(run->cmd, OPT_FORMAT), e);
    if (code == MLP_OK && run->report.outcome == MLP_FAIL)
        code = MLP_FINDING;
    return code;
}

static enum mlp_code work(struct run *run, struct mlp_err *e)
{
    struct mlp_resample plan = {0};
    enum mlp_code code = plan_make(run->cmd, &plan, e);
    if (code == MLP_OK)
        code = read_gates(run, e);
    if (code == MLP_OK)
        code = read_tables(run, e);
    if (code == MLP_OK)
        code = evaluate(run, e);
    if (code != MLP_OK)
        return code;
    run->report.subject = mlp_report_text(&run->report, "%s",
                                          mlp_file_name(mlp_operand(run->cmd, 0, "-")));
    tell_joined(run);
    struct telling t = {.r = &run->report, .v = &run->evaluation, .rules = &run->gates,
                        .p = &run->ours, .plan = &plan, .asked = &run->asked};
    code = model_report(&t, e);
    return code == MLP_OK ? give(run, e) : code;
}

static enum mlp_code run_model(struct mlp_cmd *cmd, struct mlp_err *e)
{
    struct run run = {.cmd = cmd, .gates = {.least = 30, .quantile = 0.5, .top = 2}};
    run.joined.fd = -1;
    run.asked = (struct model_asked){cmd, OPT_SLICE, OPT_SENSITIVE, mlp_opt_text(cmd, OPT_LATENCY),
                                     mlp_opt_text(cmd, OPT_LATENCY_FILE),
                                     mlp_opt_flag(cmd, OPT_SUBGROUPS)};
    classes_init(&run.classes);
    predictions_init(&run.ours);
    predictions_init(&run.champion);
    mlp_report_init(&run.report, "mlp-validate", "model");
    enum mlp_code code = work(&run, e);
    mlp_report_fini(&run.report);
    evaluation_fini(&run.evaluation);
    predictions_fini(&run.champion);
    predictions_fini(&run.ours);
    classes_fini(&run.classes);
    mlp_rules_free(run.rules);
    if (run.joined.fd >= 0)
        mlp_os_close(run.joined.fd, NULL);
    return code;
}

static const struct mlp_example examples[] = {
    {"Metrics of predictions with their 95 % intervals.",
     "mlp-validate model --label late predictions.csv"},
    {"The log of a server with labels that came weeks later.",
     "mlp-validate model --labels labels.ndjson --key id predictions.ndjson"},
    {"Is the new model good enough, and no worse than the one in use?",
     "mlp-validate model -r model-rules.yaml --label late --champion old.csv "
     "-R json:eval.json predictions.csv"},
    {0},
};

const struct mlp_verb verb_model = {
    .name = "model",
    .summary = "metrics of predictions against gates and a champion",
    .operands = "[FILE|-]",
    .max_operands = 1,
    .about = "Reads predictions next to their labels, as `mlp-serve batch --keep LABEL` writes\n"
             "them, and measures what makes sense for the task, as scikit-learn defines it.\n"
             "With --labels the predictions, a log of mlp-serve or a table, are joined with\n"
             "labels by id, the rest is counted. Rows are in memory, up to --memory. Intervals\n"
             "come from a seeded Poisson bootstrap. A champion's predictions of the same rows are\n"
             "compared by DeLong's test (AUC) or a paired bootstrap (the rest). Exit status 1\n"
             "means that a gate of severity error fails.",
    .opts = opts,
    .examples = examples,
    .run = run_model,
};
