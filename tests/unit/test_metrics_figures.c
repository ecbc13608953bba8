/* Metrics of tests/fixtures/metrics/rows.csv against the figures that scikit-learn gave for them
 * (make.py beside it writes both). */
#include "suites.h"

#include "base/rng.h"
#include "stat/curves.h"
#include "stat/groups.h"
#include "stat/metrics.h"
#include "stat/paired.h"
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

static double figure(const char *name, const char *member)
{
    const struct mlp_node *n = mlp_node_get(mlp_node_get(expected.root, "paired"), name);
    ck_assert_ptr_nonnull(n);
    return mlp_node_num(member ? mlp_node_get(n, member) : n, (double)NAN);
}

static void near(const char *name, double got, double want)
{
    ck_assert_msg(fabs(got - want) <= 1e-12 + 1e-11 * fabs(want), "%s is %.17g, not %.17g", name,
                  got, want);
}

static void test_agrees(const char *name, struct mlp_test t)
{
    near(name, t.statistic, figure(name, "statistic"));
    near(name, t.p, figure(name, "p"));
}

/* SciPy tests the rows' differences of error, all of them, whole ones, and the first few. */
START_TEST(figures_of_paired_tests)
{
    double b[ROWS], d[ROWS], whole[ROWS];
    size_t only_a, only_b;
    for (size_t i = 0; i < ROWS; i++) {
        b[i] = cells[SCORE][i] >= 0.7;
        d[i] = fabs(cells[NUMBER][i] - cells[GUESS][i]) -
               fabs(cells[NUMBER][i] - 40 * cells[SCORES][i]);
        whole[i] = nearbyint(d[i]);
    }
    test_agrees("mcnemar", mlp_mcnemar(cells[Y], cells[PRED], b, ROWS, &only_a, &only_b));
    ck_assert(only_a == figure("only_a", NULL) && only_b == figure("only_b", NULL));
    test_agrees("paired_t", mlp_paired_t(d, ROWS));
    test_agrees("wilcoxon", mlp_wilcoxon(d, ROWS));
    test_agrees("wilcoxon_exact", mlp_wilcoxon(d, 20));
    test_agrees("wilcoxon_ties", mlp_wilcoxon(whole, 12));
    test_agrees("wilcoxon_rounded", mlp_wilcoxon(whole, ROWS));
    static const double none[20], one[] = {3}, same[] = {2, 2, 2};
    ck_assert(mlp_mcnemar(none, none, none, 20, &only_a, &only_b).p == 1);
    ck_assert(isnan(mlp_paired_t(one, 1).p) && mlp_paired_t(same, 3).p == 0);
    ck_assert(mlp_paired_t(none, 3).p == 1 && isnan(mlp_wilcoxon(none, 20).p));
}
END_TEST

START_TEST(figures_of_groups)
{
    double loss[ROWS], ranks[ROWS], ties, sum = 0;
    size_t errors = 0, inside = 0, rows = 0;
    uint32_t code[ROWS];
    for (size_t i = 0; i < ROWS; i++) {
        bool in = cells[CLASS][i] == 1, error = cells[PRED][i] != cells[Y][i];
        loss[i] = fabs(cells[NUMBER][i] - cells[GUESS][i]);
        code[i] = (uint32_t)cells[CLASS][i];
        errors += error;
        rows += in;
        inside += in && error;
    }
    near("fisher", mlp_fisher_more(ROWS, errors, rows, inside), figure("fisher", NULL));
    ck_assert(mlp_mean_ranks(loss, ROWS, ranks, &ties));
    for (size_t i = 0; i < ROWS; i++)
        sum += code[i] == 1 ? ranks[i] : 0;
    near("rank_sum", mlp_rank_sum_more(ROWS, rows, sum, ties), figure("rank_sum", NULL));
    struct mlp_metric_more more = {.group = code, .groups = 4};
    struct mlp_binary b = {ROWS, cells[Y], cells[SCORE], cells[PRED], NULL, &more};
    const struct mlp_metric *table = mlp_fairness_table();
    for (size_t k = 0; k < 2; k++, b.w = cells[W]) {
        const struct mlp_node *want = mlp_node_get(expected.root,
                                                   k ? "fairness_weighted" : "fairness");
        for (size_t i = 0; i < 5; i++)
            near(table[i].name, table[i].fn(&b),
                 mlp_node_num(mlp_node_get(want, table[i].name), (double)NAN));
    }
    more.groups = 1;
    ck_assert(isnan(mlp_demographic_parity_ratio(&b)));
}
END_TEST

START_TEST(the_worst_group_is_found)
{
    enum { N = 400 };
    double loss[N];
    uint32_t a[N], b[N];
    struct mlp_subgroup found[50];
    size_t n, looked;
    for (uint32_t i = 0; i < N; i++) {
        a[i] = i % 4;
        b[i] = i / 4 % 5;
        loss[i] = (a[i] == 2 && b[i] == 3) ? i % 3 > 0 : i % 17 == 0;
    }
    const struct mlp_grouping groupings[] = {{a, 4}, {b, 5}};
    struct mlp_search s = {loss, N, true, true, groupings, 2, 10};
    ck_assert_int_eq(mlp_subgroup_search(&s, 50, found, &n, &looked, NULL), MLP_OK);
    ck_assert_uint_eq(looked, 4 + 5 + 20);
    ck_assert(n > 0 && found[0].b == 1 && found[0].code_a == 2 && found[0].code_b == 3);
    ck_assert(found[0].rows == 20 && found[0].adjusted < 0.001);
    near("adjusted", found[0].adjusted, found[0].p * 29);
    for (size_t i = 1; i < n; i++)
        ck_assert(found[i].p >= found[i - 1].p && found[i].adjusted <= 1);
    s.errors = false;
    ck_assert_int_eq(mlp_subgroup_search(&s, 1, found, &n, &looked, NULL), MLP_OK);
    ck_assert(n == 1 && found[0].code_a == 2 && found[0].code_b == 3 && found[0].adjusted < 0.001);
    s.least = 500;
    ck_assert_int_eq(mlp_subgroup_search(&s, 50, found, &n, &looked, NULL), MLP_OK);
    ck_assert(n == 0 && looked == 0);
}
END_TEST

/* Of pure chance, what the adjusted p promises: a finding below 5 % in at most about 5 % of
 * data. */
START_TEST(chance_finds_nothing)
{
    enum { N = 300, TRIALS = 200 };
    static double loss[N];
    static uint32_t code[4][N];
    struct mlp_rng r;
    struct mlp_subgroup found[50];
    size_t n, looked, findings = 0;
    mlp_rng_init(&r, 11);
    for (size_t trial = 0; trial < TRIALS; trial++) {
        struct mlp_grouping groupings[4];
        for (size_t k = 0; k < 4; k++)
            groupings[k] = (struct mlp_grouping){code[k], 5};
        for (size_t i = 0; i < N; i++) {
            loss[i] = mlp_rng_f64(&r) < 0.2;
            for (size_t k = 0; k < 4; k++)
                code[k][i] = (uint32_t)mlp_rng_below(&r, 5);
        }
        struct mlp_search s = {loss, N, true, true, groupings, 4, 8};
        ck_assert_int_eq(mlp_subgroup_search(&s, 50, found, &n, &looked, NULL), MLP_OK);
        findings += n > 0 && found[0].adjusted < 0.05;
    }
    ck_assert_msg(findings <= 18, "%zu findings in %d", findings, TRIALS);
}
END_TEST

START_TEST(curves_and_thresholds)
{
    static const double y[] = {0, 0, 1, 1}, score[] = {0.1, 0.6, 0.6, 0.9}, cost[] = {0, 1, 5, 0};
    struct mlp_binary b = {4, y, score, NULL, NULL, NULL};
    struct mlp_curve curve;
    const struct mlp_threshold *t = curve.points;
    struct mlp_cheapest best;
    struct mlp_calibration c;
    ck_assert_int_eq(mlp_curve_make(&b, &curve, NULL), MLP_OK);
    ck_assert(curve.n == 3 && curve.positives == 2 && curve.negatives == 2);
    ck_assert(t[0].threshold == 0.9 && t[0].tp == 1 && t[0].fp == 0);
    ck_assert(t[1].tp == 2 && t[1].fp == 1 && t[2].tp == 2 && t[2].fp == 2);
    static double many[2000], truth[2000];
    for (size_t i = 0; i < 2000; i++) {
        many[i] = (double)i;
        truth[i] = i % 2 > 0;
    }
    struct mlp_binary long_one = {2000, truth, many, NULL, NULL, NULL};
    ck_assert_int_eq(mlp_curve_make(&long_one, &curve, NULL), MLP_OK);
    ck_assert(curve.n == MLP_CURVE_POINTS && t[0].tp == 1 && t[curve.n - 1].fp == 1000);
    ck_assert_int_eq(mlp_curve_make(&b, &curve, NULL), MLP_OK);
    ck_assert_int_eq(mlp_cheapest_threshold(&b, cost, &best, NULL), MLP_OK);
    ck_assert(best.threshold == 0.6 && best.cost == 0.25);
    ck_assert(mlp_calibrate(&b, &c) && c.weight[6] == 2 && c.truth[6] == 0.5 && isnan(c.score[0]));
}
END_TEST

START_TEST(quantiles_have_intervals)
{
    double lo, hi, sorted[100];
    for (size_t i = 0; i < 100; i++)
        sorted[i] = (double)i + 1;
    /* The binomial table's ranks for the median of 100. */
    mlp_quantile_interval(sorted, 100, 0.5, 0.95, &lo, &hi);
    ck_assert_msg(lo == 40 && hi == 61, "%g to %g", lo, hi);
    mlp_quantile_interval(sorted, 100, 0.99, 0.95, &lo, &hi);
    ck_assert(lo == 97 && isnan(hi));
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
    tcase_add_test(t, figures_of_paired_tests);
    tcase_add_test(t, figures_of_groups);
    tcase_add_test(t, the_worst_group_is_found);
    tcase_add_test(t, chance_finds_nothing);
    tcase_add_test(t, curves_and_thresholds);
    tcase_add_test(t, quantiles_have_intervals);
    suite_add_tcase(s, t);
    return s;
}
