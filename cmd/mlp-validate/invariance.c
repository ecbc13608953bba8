#include "invariance.h"

enum { OPT_KEY, OPT_COLUMN, OPT_EPS, OPT_RELATIVE, OPT_MAX_CHANGED, OPT_REPORT, OPT_FORMAT,
       OPT_QUIET, MLP_INPUT_NAMES };

static const struct mlp_opt opts[] = {
    [OPT_KEY] = {"key", 'k', MLP_OPT_TEXT, "COL", "match rows by this column, not by order", NULL,
                 NULL, false},
    [OPT_COLUMN] = {"column", 'c', MLP_OPT_TEXT, "COL",
                    "compare this one (default: prediction*, proba_*, score)", NULL, NULL, true},
    [OPT_EPS] = {"eps", 0, MLP_OPT_NUMBER, "E", "numbers agree up to this distance", NULL, "1e-9",
                 false},
    [OPT_RELATIVE] = {"relative", 0, MLP_OPT_NUMBER, "E",
                      "or up to this share of the first file's number", NULL, "0", false},
    [OPT_MAX_CHANGED] = {"max-changed", 0, MLP_OPT_NUMBER, "SHARE",
                         "share of rows that may differ", NULL, "0", false},
    [OPT_REPORT] = {"report", 'R', MLP_OPT_TEXT, "[FORMAT:]FILE",
                    "write the report there; text, json, junit, sarif, github, html or prom", NULL,
                    NULL, true},
    [OPT_FORMAT] = {"format", 'f', MLP_OPT_CHOICE, "FORMAT", "form of the report on stdout",
                    MLP_REPORT_CHOICES, "text", false},
    [OPT_QUIET] = {"quiet", 'q', MLP_OPT_FLAG, NULL, "no report on stdout", NULL, NULL, false},
    MLP_INPUT_OPTS,
    {0},
};

static enum mlp_code tell_column(struct pair *p, const struct facet *f, const struct drift *d,
                                 struct mlp_err *e)
{
    struct mlp_report *r = &p->report;
    double share = (double)d->changed / (double)p->rows;
    struct mlp_check check = {
        .id = mlp_report_text(r, "%.*s/invariance", MLP_STR_ARG(f->name)),
        .type = MLP_STR("invariance"), .column = f->name,
        .outcome = share <= p->allowed ? MLP_PASS : MLP_FAIL,
        .failed = d->changed, .total = p->rows,
        .observed = mlp_report_text(r, "%llu of %llu rows differ, by at most %.4g",
                                    (unsigned long long)d->changed, (unsigned long long)p->rows,
                                    d->most),
        .expected = mlp_report_text(r, "<= %g of rows beyond %g", p->allowed, p->eps),
    };
    struct mlp_check *c = mlp_report_add(r, &check);
    if (!c)
        return mlp_err_nomem(e);
    for (size_t i = 0; i < d->n; i++)
        mlp_report_example(r, c, d->line[i], 0, d->value[i]);
    mlp_report_measure(r, c, "value", share);
    mlp_report_measure(r, c, "changed", (double)d->changed);
    mlp_report_measure(r, c, "max_difference", d->most);
    mlp_report_measure(r, c, "mean_difference", d->sum / (double)p->rows);
    return MLP_OK;
}

static enum mlp_code tell_all(struct pair *p, struct mlp_err *e)
{
    enum mlp_code code = MLP_OK;
    for (size_t i = 0; i < p->drifts.n && code == MLP_OK; i++)
        code = tell_column(p, mlp_vec_at(&p->first.facets, i), mlp_vec_at(&p->drifts, i), e);
    if (code != MLP_OK)
        return code;
    mlp_report_summary(&p->report, "rows", (double)p->rows);
    code = give_report(p->cmd, OPT_REPORT, &p->report, NULL, e);
    if (code == MLP_OK && !mlp_opt_flag(p->cmd, OPT_QUIET))
        code = print_report(&p->report, mlp_opt_text(p->cmd, OPT_FORMAT), e);
    return code == MLP_OK && p->report.outcome == MLP_FAIL ? MLP_FINDING : code;
}

static enum mlp_code work(struct pair *p, struct mlp_err *e)
{
    struct mlp_input in;
    const char *const paths[] = {p->cmd->operands[0], p->cmd->operands[1]};
    p->eps = mlp_opt_number(p->cmd, OPT_EPS, 1e-9);
    p->relative = mlp_opt_number(p->cmd, OPT_RELATIVE, 0);
    p->allowed = mlp_opt_number(p->cmd, OPT_MAX_CHANGED, 0);
    if (strcmp(paths[0], "-") == 0 && strcmp(paths[1], "-") == 0)
        return mlp_err_set(e, MLP_EUSAGE, "stdin cannot be both files");
    if (!(p->eps >= 0) || !(p->relative >= 0) || !(p->allowed >= 0 && p->allowed <= 1))
        return mlp_err_set(e, MLP_EUSAGE, "--eps, --relative and --max-changed take numbers from "
                                          "0, the last one up to 1");
    enum mlp_code code = mlp_input_init(&in, p->cmd, MLP_INPUT_INDICES, e);
    if (code == MLP_OK)
        code = pair_read(p, paths, &in.table, e);
    return code == MLP_OK ? tell_all(p, e) : code;
}

static enum mlp_code run_invariance(struct mlp_cmd *cmd, struct mlp_err *e)
{
    struct pair p = {.cmd = cmd, .key = mlp_opt_text(cmd, OPT_KEY), .columns = OPT_COLUMN};
    predictions_init(&p.first);
    mlp_vec_init(&p.drifts, sizeof(struct drift));
    mlp_vec_init(&p.seen, sizeof(bool));
    mlp_report_init(&p.report, "mlp-validate", "model");
    enum mlp_code code = work(&p, e);
    mlp_report_fini(&p.report);
    mlp_vec_fini(&p.seen);
    mlp_vec_fini(&p.drifts);
    predictions_fini(&p.first);
    return code;
}

static const struct mlp_example examples[] = {
    {"A change that should not matter (here: none) must not change predictions.",
     "mlp-validate invariance --eps 1e-6 old.csv predictions.csv"},
    {0},
};

const struct mlp_verb verb_invariance = {
    .name = "invariance",
    .summary = "two files of predictions that should agree",
    .operands = "FILE FILE|-",
    .min_operands = 2,
    .max_operands = 2,
    .about = "Compares predictions of the same rows, by order or by key: of the same data with\n"
             "a change that should not matter (other units, another order, a synonym), or of\n"
             "two builds of one model. Exit status 1 means that over --max-changed of the\n"
             "rows differ in some column.",
    .opts = opts,
    .examples = examples,
    .run = run_invariance,
};
