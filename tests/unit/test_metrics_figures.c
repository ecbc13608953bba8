/* Metrics of tests/fixtures/metrics/rows.csv against the figures that scikit-learn gave for them
 * (make.py beside it writes both). */
#include "suites.h"

#include "stat/metrics.h"
#include "text/doc.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define FIXTURES "tests/fixtures/metrics/"
enum { ROWS = 60, COLUMNS = 12, W = 0, Y, SCORE, PRED, CLASS, SCORES, CLASS_PRED = 9, NUMBER,
       GUESS };

static double cells[COLUMNS][ROWS], scores[ROWS * 4];
static struct mlp_doc expected;

static void load(void)
{
    char line[512];
    FILE *f = fopen(FIXTURES "rows.csv", "r");
    ck_assert_ptr_nonnull(f);
    ck_assert_ptr_nonnull(fgets(line, sizeof line, f));
    for (size_t i = 0; i < ROWS; i++) {
        ck_assert_ptr_nonnull(fgets(line, sizeof line, f));
        char *at = line;
        for (size_t k = 0; k < COLUMNS; k++, at++)
            cells[k][i] = strtod(at, &at);
        for (size_t k = 0; k < 4; k++)
            scores[4 * i + k] = cells[SCORES + k][i];
    }
    fclose(f);
    mlp_doc_init(&expected, "expected.json", 1 << 20);
    ck_assert_int_eq(mlp_doc_load(&expected, FIXTURES "expected.json", 1 << 20, NULL), MLP_OK);
}

static void unload(void)
{
    mlp_doc_fini(&expected);
}

/* Every metric of the task that has a figure; all figures must have been met. */
static void agree(const char *name, unsigned task, const struct mlp_binary *b)
{
    const struct mlp_node *figures = mlp_node_get(expected.root, name);
    size_t met = 0;
    ck_assert_ptr_nonnull(figures);
    for (const struct mlp_metric *m = mlp_metric_table(); m->name; m++) {
        const struct mlp_node *want = mlp_node_get(figures, m->name);
        if (!want || !((m->tasks | m->asked) & task))
            continue;
        double got = m->fn(b), figure = mlp_node_num(want, (double)NAN);
        met++;
        ck_assert_msg(fabs(got - figure) <= 1e-12 * (1 + fabs(figure)),
                      "%s: %s is %.17g, not %.17g", name, m->name, got, figure);
    }
    ck_assert_uint_eq(met, figures->u.count);
}

START_TEST(figures_of_binary_rows)
{
    struct mlp_binary b = {ROWS, cells[Y], cells[SCORE], cells[PRED], NULL, NULL};
    agree("binary", MLP_TASK_BINARY, &b);
    b.w = cells[W];
    agree("binary_weighted", MLP_TASK_BINARY, &b);
}
END_TEST

START_TEST(figures_of_several_classes)
{
    struct mlp_metric_more more = {.scores = scores, .classes = 4, .top = 2};
    struct mlp_binary b = {ROWS, cells[CLASS], NULL, cells[CLASS_PRED], NULL, &more};
    agree("multiclass", MLP_TASK_MULTICLASS, &b);
    b.w = cells[W];
    agree("multiclass_weighted", MLP_TASK_MULTICLASS, &b);
    size_t *order = mlp_class_order(scores, ROWS, 4);
    ck_assert_ptr_nonnull(order);
    more.order = order;
    agree("multiclass_weighted", MLP_TASK_MULTICLASS, &b);
    free(order);
    /* A class without rows, and a label that has no score. */
    static const double y[] = {0, 0}, beyond[] = {0, 4};
    struct mlp_binary one = {2, y, NULL, y, NULL, &more};
    more.order = NULL;
    ck_assert(isnan(mlp_roc_auc_ovr(&one)) && isnan(mlp_roc_auc_ovo(&one)));
    one.y = beyond;
    ck_assert(isnan(mlp_log_loss_classes(&one)) && isnan(mlp_roc_auc_ovr(&one)));
    one.more = NULL;
    ck_assert(isnan(mlp_top_k_accuracy(&one)) && isnan(mlp_ece_classes(&one)));
}
END_TEST

START_TEST(figures_of_regression)
{
    struct mlp_metric_more more = {.quantile = 0.9};
    struct mlp_binary b = {ROWS, cells[NUMBER], cells[GUESS], NULL, NULL, &more};
    agree("regression", MLP_TASK_REGRESSION, &b);
    b.w = cells[W];
    agree("regression_weighted", MLP_TASK_REGRESSION, &b);
}
END_TEST

START_TEST(costs_and_calibration_of_classes)
{
    static const double cost[] = {0, 1, 5, -1}, y[] = {0, 0, 1, 1}, pred[] = {0, 1, 0, 1};
    static const double w[] = {1, 1, 2, 0}, sure[] = {0.9, 0.1, 0.2, 0.8}, first[] = {0, 0};
    struct mlp_metric_more more = {.cost = cost, .classes = 2, .scores = sure};
    struct mlp_binary b = {4, y, NULL, pred, NULL, &more};
    ck_assert(mlp_expected_cost(&b) == 5.0 / 4);
    b.w = w;
    ck_assert(mlp_expected_cost(&b) == 11.0 / 4);
    struct mlp_binary two = {2, first, NULL, NULL, NULL, &more};
    ck_assert(fabs(mlp_ece_classes(&two) - (0.1 + 0.8) / 2) < 1e-15);
    more.cost = NULL;
    ck_assert(isnan(mlp_expected_cost(&b)));
}
END_TEST

Suite *suite_metrics_figures(void)
{
    Suite *s = suite_create("metrics_figures");
    TCase *t = tcase_create("metrics_figures");
    tcase_add_checked_fixture(t, load, unload);
    tcase_add_test(t, figures_of_binary_rows);
    tcase_add_test(t, figures_of_several_classes);
    tcase_add_test(t, figures_of_regression);
    tcase_add_test(t, costs_and_calibration_of_classes);
    suite_add_tcase(s, t);
    return s;
}
