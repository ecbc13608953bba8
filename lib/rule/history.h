/* history.h: figures of this run against those of the runs before: the section `history` of a rules
 * file (mlp-rules(5)), judged over reports that were saved as JSON (mlp-report(5)).
 *
 * A figure is named as the report has it: "rows" of the summary, or "amount/mean" of a check: the
 * number that it measured, or for a check of rows the share of them that failed. Two rules: the
 * change from the last run, a ratio in an interval; and how many standard deviations it may be from
 * the mean of all of them, as deequ's RelativeRateOfChangeStrategy and BatchNormalStrategy. */
#ifndef MLP_RULE_HISTORY_H
#define MLP_RULE_HISTORY_H

#include "report/report.h"
#include "rule/rule.h"

struct mlp_history;

/* Reads reports, oldest first: a file, or the files of a folder that end in .json by their names
 * (the last 1,000). An empty folder is a history of no runs. MLP_EINPUT for what is no report. */
enum mlp_code mlp_history_load(const char *path, struct mlp_history **h, struct mlp_err *e);
/* NULL is fine. */
void mlp_history_free(struct mlp_history *h);

/* How many figures the rules compare with a history. */
size_t mlp_rules_history(const struct mlp_rules *r);

/* Adds a check "history/FIGURE" for each to a report that holds the figures of this run. Until
 * there are runs enough (1 for a change, `least` or else 3 for deviations) a rule holds. A figure
 * that the report has not is MLP_EINPUT. h NULL: nothing is judged, and the checks say so. */
enum mlp_code mlp_history_judge(const struct mlp_history *h, const struct mlp_rules *rules,
                                struct mlp_report *report, struct mlp_err *e);

#endif
