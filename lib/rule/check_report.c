/* check_report.c: what a checker found, as a report. */
#include "rule/checker.h"

#include <math.h>

struct mlp_check *mlp_checker_tell(struct mlp_report *report, const struct mlp_rule *rule,
                                   const struct mlp_tally *tally, struct mlp_check *c)
{
    c->id = rule->column.n ? mlp_report_text(report, "%.*s/%.*s", MLP_STR_ARG(rule->column),
                                             MLP_STR_ARG(rule->name))
                           : rule->name;
    c->type = rule->name;
    c->column = rule->column;
    c->severity = c->severity == MLP_SEV_INFO ? MLP_SEV_INFO : rule->severity;
    c->expected = rule->expected;
    struct mlp_check *added = mlp_report_add(report, c);
    for (size_t i = 0; tally && i < tally->nexamples; i++)
        mlp_report_example(report, added, tally->examples[i].line, tally->examples[i].row,
                           tally->examples[i].value);
    return added;
}

struct mlp_str mlp_checker_row_words(struct mlp_report *report, const struct mlp_tally *t)
{
    return t->failed ? mlp_report_text(report, "%llu of %llu do not (%.3g %%)",
                                       (unsigned long long)t->failed, (unsigned long long)t->total,
                                       (double)t->failed * 100 / (double)t->total)
                     : mlp_report_text(report, "all %llu hold", (unsigned long long)t->total);
}

static double share_of(uint64_t part, uint64_t whole)
{
    return whole ? (double)part / (double)whole : 0;
}

/* 9 of 10 are 90 %, whatever 0.9 is in binary. */
bool mlp_checker_row_holds(const struct mlp_rule *rule, const struct mlp_tally *t)
{
    double total = (double)t->total;
    return total - (double)t->failed >= rule->mostly * total - total * 1e-9;
}

/* error: how far the ranks may be off that it decides by, as a share of the rows. */
static void report_row_rule(struct mlp_report *report, const struct mlp_rule *rule,
                            const struct mlp_tally *t, double error)
{
    struct mlp_check c = {.failed = t->failed, .total = t->total};
    c.outcome = mlp_checker_row_holds(rule, t) ? MLP_PASS : MLP_FAIL;
    c.observed = mlp_checker_row_words(report, t);
    if (t->failed && c.outcome == MLP_PASS)
        c.message = mlp_report_text(report, "within what mostly: %.9g allows", rule->mostly);
    if (error > 0)
        c.message = mlp_report_text(report, "approximate: quartiles are within %.2g %% of the rows",
                                    error * 100);
    mlp_checker_tell(report, rule, t, &c);
}

struct mlp_bound_column *mlp_checker_column(const struct mlp_checker *c,
                                            const struct mlp_active *a)
{
    size_t at = (size_t)(a - c->active);
    for (size_t i = 0; i < c->rules->columns.n; i++) {
        const struct mlp_rule_column *column = c->columns[i].column;
        if (at >= column->first && at - column->first < column->n)
            return &c->columns[i];
    }
    return NULL;
}

/* The number that a rule at the end looks at; NaN when there is none. Rows that are not well
 * formed have no cells that could be missing. */
double mlp_checker_end_value(const struct mlp_checker *c, const struct mlp_active *a,
                             struct mlp_column_sums *sums)
{
    uint64_t distinct = a->distinct ? a->distinct : mlp_hashes_count(&a->state.hashes);
    switch (a->rule->kind) {
    case MLP_RULE_ROWS: return (double)(a->rule->when ? a->tally.seen : c->rows);
    case MLP_RULE_SHARE: return share_of(a->tally.seen, a->tally.total);
    case MLP_RULE_ASSOCIATION: return a->value;
    case MLP_RULE_REJECTS: return share_of(c->rejected, c->rows);
    case MLP_RULE_DISTINCT: return (double)distinct;
    case MLP_RULE_DISTINCT_SHARE:
        return share_of(distinct, sums->rows - sums->missing);
    case MLP_RULE_FRESH: return c->now - sums->greatest;
    default: return mlp_column_sums_value(sums, a->rule);
    }
}

static bool is_share(enum mlp_rule_kind kind)
{
    return kind == MLP_RULE_MISSING || kind == MLP_RULE_PRESENT || kind == MLP_RULE_REJECTS ||
           kind == MLP_RULE_DISTINCT_SHARE || kind == MLP_RULE_ZEROS ||
           kind == MLP_RULE_NEGATIVES || kind == MLP_RULE_POSITIVES || kind == MLP_RULE_SHARE;
}

static bool in_bounds(const struct mlp_rule *rule, double v)
{
    return !isnan(v) && !(v < rule->lo) && !(v > rule->hi) && !(rule->open_lo && v == rule->lo) &&
           !(rule->open_hi && v == rule->hi);
}

/* A rule whose bounds are open at both ends asks for nothing. */
bool mlp_checker_end_holds(const struct mlp_rule *rule, double v)
{
    if (rule->outside)
        return !isnan(v) && !in_bounds(rule, v);
    return in_bounds(rule, v) || (isnan(rule->lo) && isnan(rule->hi));
}

static double rank_error(const struct mlp_active *a, const struct mlp_bound_column *column)
{
    enum mlp_rule_kind kind = a->rule->kind;
    if (kind == MLP_RULE_SPREAD)
        return mlp_column_sums_rank_error(&a->spread.sums);
    if (kind == MLP_RULE_DISTANCE)
        return fmax(mlp_column_sums_rank_error(&a->here.sums),
                    mlp_column_sums_rank_error(&a->there.sums));
    bool ranked = kind == MLP_RULE_MEDIAN || kind == MLP_RULE_QUANTILE ||
                  kind == MLP_RULE_IQR;
    return ranked ? mlp_column_sums_rank_error(&column->sums) : 0;
}

struct mlp_str mlp_checker_end_words(struct mlp_report *report, const struct mlp_active *a)
{
    double v = a->value;
    if (a->rule->kind == MLP_RULE_SPREAD)
        return mlp_buf_str(&a->found.words);
    if (a->rule->kind == MLP_RULE_DRIFT && *a->words)
        return mlp_str_from(a->words);
    if (a->rule->kind == MLP_RULE_FRESH)
        return mlp_report_text(report, "the newest is %.0f s old", v);
    return is_share(a->rule->kind) ? mlp_report_text(report, "%.4g (%.3g %%)", v, v * 100)
                                   : mlp_report_text(report, "%.10g", v);
}

static bool is_against(enum mlp_rule_kind kind)
{
    return kind == MLP_RULE_ROWS_RATIO || (kind >= MLP_RULE_KIND && kind <= MLP_RULE_NEVER);
}

static void report_end_rule(const struct mlp_checker *c, struct mlp_report *report,
                            const struct mlp_active *a)
{
    struct mlp_bound_column *column = mlp_checker_column(c, a);
    struct mlp_check check = {.outcome = a->holds ? MLP_PASS : MLP_FAIL};
    if (column && column->index < 0 && a->rule->kind != MLP_RULE_THERE) {
        check.outcome = MLP_PASS;
        check.observed = MLP_STR("the column is absent, as it may be");
        mlp_checker_tell(report, a->rule, NULL, &check);
        return;
    }
    check.observed = is_against(a->rule->kind) ? mlp_checker_against_words(c, a, report)
                                               : mlp_checker_end_words(report, a);
    if (a->rule->kind == MLP_RULE_DRIFT && !c->reference)
        check.severity = MLP_SEV_INFO; /* it was not judged */
    double error = rank_error(a, column);
    if (error > 0)
        check.message = mlp_report_text(report, "approximate: within %.2g %% of the rows",
                                        error * 100);
    mlp_checker_tell(report, a->rule, NULL, &check);
    bool may_lack = a->rule->kind == MLP_RULE_SPREAD || a->rule->kind == MLP_RULE_DRIFT ||
                    is_against(a->rule->kind);
    if (!may_lack || !isnan(a->value))
        mlp_report_measure(report, report->last, "value", a->value);
}

static enum mlp_code measure_association(struct mlp_active *a, struct mlp_err *e)
{
    const struct mlp_wide *w = a->rule->wide;
    if (w->op == MLP_WIDE_CORRELATION)
        a->value = mlp_wide_correlation(&a->wide);
    else if (w->op == MLP_WIDE_MEANS)
        a->value = mlp_wide_means_p(w, &a->wide);
    else
        return mlp_wide_phi(w, &a->wide, &a->value, e);
    return MLP_OK;
}

/* Decides a rule that is decided at the end. */
static enum mlp_code decide(struct mlp_checker *c, struct mlp_active *a, struct mlp_err *e)
{
    struct mlp_bound_column *column = mlp_checker_column(c, a);
    if (a->rule->kind == MLP_RULE_DRIFT)
        return mlp_checker_drift_decide(c, a, e);
    if (a->rule->kind == MLP_RULE_SPREAD) {
        mlp_buf_init(&a->found.words, (size_t)1 << 20);
        mlp_buf_init(&a->found.json, (size_t)64 << 20);
        enum mlp_code code = mlp_spread_end(a->rule, &a->spread, &a->found, e);
        a->value = a->found.value;
        a->holds = a->found.holds;
        return code == MLP_OK ? mlp_buf_check(&a->found.json, e) : code;
    }
    if (a->rule->kind == MLP_RULE_HEADER) {
        a->holds = mlp_checker_header_holds(c, a->rule);
        return MLP_OK;
    }
    if (is_against(a->rule->kind)) {
        mlp_checker_decide_against(c, a, column, e);
        return e ? e->code : MLP_OK;
    }
    if (a->rule->kind == MLP_RULE_ASSOCIATION && measure_association(a, e) != MLP_OK)
        return e ? e->code : MLP_EIO;
    a->value = mlp_checker_end_value(c, a, column ? &column->sums : NULL);
    a->holds = mlp_checker_end_holds(a->rule, a->value);
    return MLP_OK;
}

/* Columns whose rules need texts, and that have none. */
static enum mlp_code look_for_numbers(const struct mlp_checker *c, struct mlp_err *e)
{
    for (size_t i = 0; i < c->rules->columns.n; i++) {
        const struct mlp_bound_column *bound = &c->columns[i];
        if (bound->column->numbers != MLP_NUMBERS_TROUBLE || !mlp_cell_kinds_numbers(&bound->kinds))
            continue;
        mlp_err_set(e, MLP_EINPUT, "column \"%.*s\" has only numbers: a rule needs texts",
                    MLP_STR_ARG(bound->column->name));
        return mlp_err_at(e, c->source, 0, 0);
    }
    return MLP_OK;
}

static void report_header(const struct mlp_checker *c, struct mlp_report *report,
                          const struct mlp_active *a)
{
    struct mlp_check check = {.outcome = a->holds ? MLP_PASS : MLP_FAIL};
    struct mlp_buf names;
    mlp_buf_init(&names, 1 << 16);
    for (size_t i = 0; i < c->nnames && i < 50; i++)
        mlp_buf_addf(&names, "%s%.*s", i ? ", " : "", MLP_STR_ARG(c->names[i]));
    check.observed = mlp_report_text(report, "%zu columns: %.*s%s", c->nnames,
                                     MLP_STR_ARG(mlp_buf_str(&names)),
                                     c->nnames > 50 ? ", ..." : "");
    mlp_buf_fini(&names);
    mlp_checker_tell(report, a->rule, NULL, &check);
}

/* A check for each column that the rules do not name. */
static bool report_unknown(const struct mlp_checker *c, struct mlp_report *report,
                           const struct mlp_active *a)
{
    struct mlp_str kind = mlp_node_str(mlp_node_get(a->rule->header, "header"), "");
    struct mlp_rule rule = *a->rule;
    if (!mlp_str_is(kind, "known") || a->holds)
        return false;
    for (size_t i = 0; i < c->nnames; i++) {
        struct mlp_check check = {.outcome = MLP_FAIL, .observed = MLP_STR("it is not among them")};
        rule.column = c->names[i];
        if (!mlp_checker_is_known(a->rule, c->names[i]))
            mlp_checker_tell(report, &rule, NULL, &check);
    }
    return true;
}

/* A rule that does not count for what the values are. */
static void report_idle(const struct mlp_checker *c, struct mlp_report *report,
                        const struct mlp_active *a)
{
    struct mlp_bound_column *column = mlp_checker_column(c, a);
    struct mlp_check check = {.outcome = MLP_PASS};
    check.observed = column->index < 0
                         ? MLP_STR("the column is absent, as it may be")
                         : mlp_report_text(report, "does not count: the values are of kind %s",
                                           mlp_kind_names[column->kind_from->kind]);
    mlp_checker_tell(report, a->rule, NULL, &check);
}

static void report_columns(const struct mlp_checker *c, struct mlp_report *report,
                           const struct mlp_rule *rule)
{
    struct mlp_check check = {.outcome = c->columns_fault.n ? MLP_FAIL : MLP_PASS};
    check.observed = c->columns_fault.n
                         ? mlp_report_text(report, "column \"%.*s\" is extra or out of place",
                                           MLP_STR_ARG(c->columns_fault))
                         : MLP_STR("the columns are as expected");
    mlp_checker_tell(report, rule, NULL, &check);
}

static void report_rule(const struct mlp_checker *c, struct mlp_report *report,
                        const struct mlp_active *a)
{
    if (!mlp_checker_counts(c, a))
        report_idle(c, report, a);
    else if (a->rule->kind == MLP_RULE_COLUMNS)
        report_columns(c, report, a->rule);
    else if (a->rule->kind == MLP_RULE_HEADER && !report_unknown(c, report, a))
        report_header(c, report, a);
    else if (a->rule->kind >= MLP_RULE_MISSING && a->rule->kind != MLP_RULE_HEADER)
        report_end_rule(c, report, a);
    else if (a->rule->kind < MLP_RULE_MISSING)
        report_row_rule(report, a->rule, &a->tally, mlp_column_sums_rank_error(&a->wide.values));
}

enum mlp_code mlp_checker_finish(struct mlp_checker *c, struct mlp_report *report,
                                 struct mlp_err *e)
{
    static const struct mlp_rule shape = {
        .name = {"row", 3}, .expected = {"well-formed rows", 16}, .mostly = 1,
    };
    if (look_for_numbers(c, e) != MLP_OK)
        return MLP_EINPUT;
    report_row_rule(report, &shape, &c->shape, 0);
    for (size_t i = 0; i < c->rules->rules.n; i++) {
        struct mlp_active *a = &c->active[i];
        struct mlp_bound_column *column = mlp_checker_column(c, a);
        if (column && column->groups) {
            mlp_checker_tell_groups(c, report, a, column->groups);
            continue;
        }
        if (a->rule->kind >= MLP_RULE_MISSING && a->rule->kind != MLP_RULE_COLUMNS) {
            enum mlp_code code = decide(c, a, e);
            if (code != MLP_OK)
                return code;
        }
        report_rule(c, report, a);
    }
    mlp_report_summary(report, "rows", (double)c->rows);
    mlp_report_summary(report, "rejected", (double)c->rejected);
    mlp_report_summary(report, "rejected_share", share_of(c->rejected, c->rows));
    return report->failed || report->nchecks < c->rules->rules.n + 1 ? mlp_err_nomem(e) : MLP_OK;
}
