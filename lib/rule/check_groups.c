/* check_groups.c: what is told of rules that are judged by groups. */
#include "rule/groups.h"

#include <math.h>

#define MOST_TOLD 100 /* groups of a rule that fail */

/* Decides the rule for one group. */
static void decide(const struct mlp_checker *c, struct mlp_active *a, struct mlp_group *x)
{
    a->value = NAN;
    if (a->rule->kind < MLP_RULE_MISSING) {
        a->holds = mlp_checker_row_holds(a->rule, &a->tally);
        return;
    }
    a->value = mlp_checker_end_value(c, a, &x->sums);
    a->holds = mlp_checker_end_holds(a->rule, a->value);
}

static void tell_group(struct mlp_report *report, struct mlp_active *a, const struct mlp_group *x)
{
    bool rows = a->rule->kind < MLP_RULE_MISSING;
    double error = mlp_column_sums_rank_error(&x->sums);
    struct mlp_check check = {.outcome = MLP_FAIL, .slice = x->label, .failed = a->tally.failed,
                              .total = a->tally.total};
    check.observed = rows ? mlp_checker_row_words(report, &a->tally)
                          : mlp_checker_end_words(report, a);
    if (error > 0)
        check.message = mlp_report_text(report, "approximate: within %.2g %% of the rows",
                                        error * 100);
    struct mlp_check *told = mlp_checker_tell(report, a->rule, rows ? &a->tally : NULL, &check);
    if (told && !rows)
        mlp_report_measure(report, told, "value", a->value);
}

/* What all groups come to, where none fails or too many do. */
static void tell_all(struct mlp_report *report, const struct mlp_active *a, size_t failed,
                     size_t groups)
{
    struct mlp_check check = {.outcome = failed ? MLP_FAIL : MLP_PASS};
    check.observed = failed ? mlp_report_text(report, "%zu of %zu groups do not", failed, groups)
                            : mlp_report_text(report, "all %zu groups hold", groups);
    mlp_checker_tell(report, a->rule, NULL, &check);
}

void mlp_checker_tell_groups(const struct mlp_checker *c, struct mlp_report *report,
                             struct mlp_active *a, struct mlp_groups *g)
{
    size_t failed = 0, k = (size_t)(a - c->active) - g->column->first;
    for (size_t i = 0; i < g->list.n; i++) {
        struct mlp_group *x = mlp_vec_at(&g->list, i);
        struct mlp_active *of = &x->active[k];
        decide(c, of, x);
        a->tally.failed += of->tally.failed;
        a->tally.total += of->tally.total;
        a->tally.seen += of->tally.seen;
        a->tally.absent += of->tally.absent;
        if (!of->holds && failed++ < MOST_TOLD)
            tell_group(report, of, x);
    }
    a->holds = failed == 0;
    if (failed == 0 || failed > MOST_TOLD)
        tell_all(report, a, failed, g->list.n);
}
