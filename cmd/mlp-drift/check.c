#include "verbs.h"

#include "base/file.h"
#include "stat/tests.h"

#define REPORT_BYTES ((size_t)64 << 20)

enum { OPT_REFERENCE, OPT_REGISTRY, OPT_ALPHA, OPT_EFFECT, OPT_ADJUST, OPT_COLUMNS, OPT_IGNORE,
       OPT_STRICT, OPT_FORMAT, OPT_REPORT, OPT_QUIET, MLP_INPUT_NAMES };

static const struct mlp_opt opts[] = {
    [OPT_REFERENCE] = {"reference", 'r', MLP_OPT_FILE, "REF",
                       "profile, package, table, or NAME@ALIAS of a registered model", NULL, NULL,
                       false},
    [OPT_REGISTRY] = {"registry", 0, MLP_OPT_DIR, "DIR",
                      "the registry (default $MLP_REGISTRY, else ~/.local/share/mlp/registry)",
                      NULL, NULL, false},
    [OPT_ALPHA] = {"alpha", 'a', MLP_OPT_NUMBER, "P",
                   "a corrected p-value below it is significant", NULL, "0.05", false},
    [OPT_EFFECT] = {"effect", 0, MLP_OPT_NUMBER, "SIZE", "an effect from it on is large", NULL,
                    "0.1", false},
    [OPT_ADJUST] = {"adjust", 0, MLP_OPT_CHOICE, "METHOD", "correction for many tests",
                    "holm|bh|none", "holm", false},
    [OPT_COLUMNS] = {"columns", 'c', MLP_OPT_TEXT, "NAMES", "compare these only, with commas", NULL,
                     NULL, true},
    [OPT_IGNORE] = {"ignore", 'i', MLP_OPT_TEXT, "NAMES", "leave these columns out, with commas",
                    NULL, NULL, true},
    [OPT_STRICT] = {"strict", 0, MLP_OPT_FLAG, NULL, "too few values to tell is a failure too",
                    NULL, NULL, false},
    [OPT_FORMAT] = {"format", 'f', MLP_OPT_CHOICE, "FORMAT", "form of the report on stdout",
                    MLP_REPORT_CHOICES, "text", false},
    [OPT_REPORT] = {"report", 'R', MLP_OPT_TEXT, "[FORMAT:]FILE",
                    "write the report there; text, json, junit, sarif, github, html or prom", NULL,
                    NULL, true},
    [OPT_QUIET] = {"quiet", 'q', MLP_OPT_FLAG, NULL, "no report on stdout", NULL, NULL, false},
    MLP_INPUT_OPTS,
    {0},
};

static enum mlp_code judging_init(struct judging *j, const struct mlp_cmd *cmd, struct mlp_err *e)
{
    const char *adjust = mlp_opt_text(cmd, OPT_ADJUST);
    *j = (struct judging){.alpha = mlp_opt_number(cmd, OPT_ALPHA, 0.05),
                          .effect = mlp_opt_number(cmd, OPT_EFFECT, 0.1),
                          .strict = mlp_opt_flag(cmd, OPT_STRICT), .cmd = cmd,
                          .opt_columns = OPT_COLUMNS, .opt_ignore = OPT_IGNORE};
    if (strcmp(adjust, "none") != 0)
        j->adjust = strcmp(adjust, "bh") == 0 ? mlp_adjust_bh : mlp_adjust_holm;
    if (!(j->alpha > 0 && j->alpha < 1))
        return mlp_err_set(e, MLP_EUSAGE, "--alpha must lie between 0 and 1");
    if (!(j->effect >= 0))
        return mlp_err_set(e, MLP_EUSAGE, "--effect must not be negative");
    return MLP_OK;
}

static enum mlp_code print(const struct mlp_report *r, const char *format, struct mlp_err *e)
{
    enum mlp_report_format f = MLP_REPORT_TEXT;
    struct mlp_buf b;
    mlp_report_format_parse(mlp_str_from(format), &f);
    mlp_buf_init(&b, REPORT_BYTES);
    mlp_report_render(r, f, f == MLP_REPORT_TEXT && mlp_colour(1), &b);
    enum mlp_code code = mlp_buf_check(&b, e);
    if (code == MLP_OK)
        code = mlp_file_write("-", mlp_buf_str(&b), 0, e);
    mlp_buf_fini(&b);
    return code;
}

static enum mlp_code give(const struct mlp_cmd *cmd, const struct mlp_report *r,
                          struct mlp_err *e)
{
    enum mlp_code code = MLP_OK;
    const char *spec;
    for (size_t i = 0; (spec = mlp_opt_nth(cmd, OPT_REPORT, i)) != NULL && code == MLP_OK; i++)
        code = mlp_report_save(r, spec, e);
    if (code == MLP_OK && !mlp_opt_flag(cmd, OPT_QUIET))
        code = print(r, mlp_opt_text(cmd, OPT_FORMAT), e);
    return code == MLP_OK && r->outcome == MLP_FAIL ? MLP_FINDING : code;
}

static enum mlp_code judge_sides(const struct mlp_cmd *cmd, const struct side *ref,
                                 const struct side *cur, const struct judging *j,
                                 struct mlp_err *e)
{
    struct mlp_vec findings;
    struct mlp_report r;
    mlp_vec_init(&findings, sizeof(struct finding));
    mlp_report_init(&r, "mlp-drift", "drift");
    enum mlp_code code = compare(ref, cur, j, &findings, e);
    if (code == MLP_OK)
        code = tell(&r, ref, cur, j, &findings, e);
    if (code == MLP_OK)
        code = give(cmd, &r, e);
    mlp_vec_fini(&findings);
    mlp_report_fini(&r);
    return code;
}

static enum mlp_code run(struct mlp_cmd *cmd, struct mlp_err *e)
{
    struct side ref = {0}, cur = {0};
    struct mlp_input reading;
    struct judging j;
    const char *path = mlp_opt_text(cmd, OPT_REFERENCE);
    if (!path)
        return mlp_err_set(e, MLP_EUSAGE, "--reference is needed: what to compare with");
    enum mlp_code code = judging_init(&j, cmd, e);
    if (code == MLP_OK)
        code = mlp_input_init(&reading, cmd, MLP_INPUT_INDICES, e);
    if (code == MLP_OK)
        code = side_reference(&ref, path, mlp_opt_text(cmd, OPT_REGISTRY), &reading, e);
    if (code == MLP_OK)
        code = side_current(&cur, mlp_operand(cmd, 0, "-"), &ref, &reading, e);
    if (code == MLP_OK)
        code = judge_sides(cmd, &ref, &cur, &j, e);
    side_fini(&cur);
    side_fini(&ref);
    return code;
}

static const struct mlp_example examples[] = {
    {"Compare this month's rows with the profile that a model was trained on.",
     "mlp-drift check --reference profile.json new.csv"},
    {"The same for the log of a server, against the package itself; a page for people.",
     "mlp-drift check --reference flights.mlp -R html:drift.html predictions.ndjson"},
    {"As metrics for Prometheus' node exporter.",
     "mlp-drift check -r profile.json -q -R drift.prom new.csv"},
    {0},
};

const struct mlp_verb verb_check = {
    .name = "check",
    .summary = "compare rows or a profile with a reference",
    .operands = "[FILE|-]",
    .max_operands = 1,
    .about =
        "Numbers are compared with Kolmogorov and Smirnov's test, categories with Pearson's\n"
        "chi-square after rare ones are pooled. The effect of a number is its Wasserstein\n"
        "distance in standard deviations of the reference, values far outside moved in; that of\n"
        "a category is the Jensen-Shannon distance. Shares of missing values, of values of\n"
        "another type, of infinite values and of texts that the reference never saw are checks of\n"
        "their own, with Cohen's h as effect, which is large from twice --effect on. p-values\n"
        "are corrected over all tests of the run.\n"
        "\n"
        "A column has drifted when its corrected p-value is below --alpha and its effect is\n"
        "large: exit status 1. One without the other is a warning. So is silence when a shift of\n"
        "--effect could not have shown at these sizes: the report then says which could.\n"
        "--strict makes that a failure. A column that is gone or has another type has drifted; a\n"
        "new one is a warning.\n"
        "\n"
        "A log of mlp-serve is read as the table of its features; members of its output are\n"
        "compared when the reference has columns output.NAME. Columns that a log lacks are a\n"
        "warning.",
    .opts = opts,
    .examples = examples,
    .run = run,
};
