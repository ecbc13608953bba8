/* Metrics against figures worked out by hand or by scikit-learn, intervals, DeLong's test. */
#include "suites.h"

#include "base/rng.h"
#include "stat/metrics.h"

#include <math.h>

static const double absent[] = {0, 0, 0};

static void equal(const char *name, double got, double want)
{
    bool same = isnan(want) ? isnan(got) : fabs(got - want) <= 1e-12 * (1 + fabs(want));
    ck_assert_msg(same, "%s is %.17g, expected %.17g", name, got, want);
}

static double metric(const char *name, const struct mlp_binary *b)
{
    const struct mlp_metric *m = mlp_metric_find(name);
    ck_assert_ptr_nonnull(m);
    return m->fn(b);
}

struct want {
    const char *name;
    double value;
};

static void all_equal(const struct mlp_binary *b, const struct want *want)
{
    for (; want->name; want++)
        equal(want->name, metric(want->name, b), want->value);
}

START_TEST(binary_metrics_are_scikit_learns)
{
    static const double y[] = {0, 0, 1, 1, 1, 0}, pred[] = {0, 1, 1, 1, 0, 0};
    static const double score[] = {0.1, 0.6, 0.6, 0.9, 0.4, 0.4};
    const struct want want[] = {
        {"roc_auc", 7.0 / 9}, {"average_precision", 1.0 / 3 + 2.0 / 9 + 0.2},
        {"brier", (0.01 + 0.36 + 0.16 + 0.01 + 0.36 + 0.16) / 6}, {"accuracy", 4.0 / 6},
        {"balanced_accuracy", 2.0 / 3}, {"precision", 2.0 / 3}, {"recall", 2.0 / 3},
        {"f1", 2.0 / 3}, {"mcc", 1.0 / 3},
        /* Bins: 0.1; 0.4 twice and 0.6 twice, one positive each; 0.9. */
        {"ece", 0.6 / 6}, {"log_loss", -(2 * log(0.9) + 2 * log(0.4) + 2 * log(0.6)) / 6}, {0},
    };
    struct mlp_binary b = {6, y, score, pred, NULL, NULL};
    all_equal(&b, want);
}
END_TEST

START_TEST(one_class_or_nothing_predicted)
{
    static const double ones[] = {1, 1, 1}, score[] = {0.2, 0.9, 0.8}, pred[] = {0, 1, 1};
    static const double mixed[] = {1, 0, 1};
    const struct want one_class[] = {
        {"roc_auc", NAN}, {"average_precision", 1}, {"balanced_accuracy", 2.0 / 3},
        {"precision", 1}, {"mcc", 0}, {0},
    };
    const struct want none[] = {
        {"precision", 0}, {"recall", 0}, {"f1", 0}, {"mcc", 0}, {"balanced_accuracy", 0.5}, {0},
    };
    all_equal(&(struct mlp_binary){3, ones, score, pred, NULL, NULL}, one_class);
    all_equal(&(struct mlp_binary){3, mixed, score, absent, NULL, NULL}, none);
    equal("average precision without positives",
          mlp_average_precision(&(struct mlp_binary){3, absent, score, pred, NULL, NULL}), 0);
}
END_TEST

START_TEST(probabilities_are_clipped_or_refused)
{
    static const double y[] = {1, 0}, sure[] = {0, 1}, decision[] = {1.5, -2};
    struct mlp_binary b = {2, y, sure, NULL, NULL, NULL};
    equal("log loss of certainty", mlp_log_loss(&b), 52 * log(2));
    b.score = decision;
    equal("log loss of decision values", mlp_log_loss(&b), NAN);
    equal("Brier score of decision values", mlp_brier(&b), NAN);
    equal("calibration of decision values", mlp_ece(&b), NAN);
    equal("AUC of decision values", mlp_roc_auc(&b), 1);
}
END_TEST

START_TEST(a_weight_is_a_repeated_row)
{
    static const double y[] = {0, 1, 1, 0}, score[] = {0.3, 0.3, 0.8, 0.6}, pred[] = {0, 0, 1, 1};
    static const double w[] = {2, 1, 3, 0};
    static const double y2[] = {0, 0, 1, 1, 1, 1}, score2[] = {0.3, 0.3, 0.3, 0.8, 0.8, 0.8};
    static const double pred2[] = {0, 0, 0, 1, 1, 1};
    struct mlp_binary weighted = {4, y, score, pred, w, NULL};
    struct mlp_binary repeated = {6, y2, score2, pred2, NULL, NULL};
    for (const struct mlp_metric *m = mlp_metric_table(); m->name; m++)
        equal(m->name, m->fn(&weighted), m->fn(&repeated));
}
END_TEST

START_TEST(several_classes)
{
    static const double y[] = {0, 1, 2, 2, 1, 0}, pred[] = {0, 2, 2, 2, 1, 1};
    const struct want want[] = {
        {"accuracy", 4.0 / 6}, {"balanced_accuracy", 2.0 / 3},
        {"precision_macro", (1 + 0.5 + 2.0 / 3) / 3}, {"recall_macro", 2.0 / 3},
        {"f1_macro", (2.0 / 3 + 0.5 + 0.8) / 3}, {"mcc", (4.0 * 6 - 12) / sqrt(24.0 * 22)}, {0},
    };
    static const double many[] = {MLP_METRIC_CLASSES}, zero[] = {0};
    all_equal(&(struct mlp_binary){6, y, NULL, pred, NULL, NULL}, want);
    equal("too many classes",
          mlp_accuracy(&(struct mlp_binary){1, many, NULL, zero, NULL, NULL}), NAN);
}
END_TEST

START_TEST(regression)
{
    static const double y[] = {3, -0.5, 2, 7}, score[] = {2.5, 0, 2, 8}, flat[] = {2, 2};
    static const double miss[] = {2, 3};
    const struct want want[] = {
        {"mae", 0.5}, {"rmse", sqrt(0.375)}, {"r2", 0.9486081370449679}, {0},
    };
    all_equal(&(struct mlp_binary){4, y, score, NULL, NULL, NULL}, want);
    equal("r2, constant and met", mlp_r2(&(struct mlp_binary){2, flat, flat, NULL, NULL, NULL}), 1);
    equal("r2, constant and missed",
          mlp_r2(&(struct mlp_binary){2, flat, miss, NULL, NULL, NULL}), 0);
    equal("r2 of one row", mlp_r2(&(struct mlp_binary){1, flat, miss, NULL, NULL, NULL}), NAN);
}
END_TEST

/* A sample whose score is informative, and a noisier score of the same rows. */
enum { N = 2000 };
struct sample {
    double y[N], score[N], other[N], pred[N];
};

static void draw(struct sample *s, uint64_t seed)
{
    struct mlp_rng r;
    mlp_rng_init(&r, seed);
    for (size_t i = 0; i < N; i++) {
        s->y[i] = mlp_rng_f64(&r) < 0.4;
        s->score[i] = (mlp_rng_f64(&r) + 0.5 * s->y[i]) / 1.5;
        s->other[i] = (s->score[i] + mlp_rng_f64(&r)) / 2;
        s->pred[i] = s->score[i] >= 0.5;
    }
}

START_TEST(intervals_are_seeded_and_cover)
{
    static struct sample s;
    mlp_metric_fn *const fns[] = {mlp_accuracy, mlp_roc_auc};
    struct mlp_resample plan = {fns, 2, NULL, 400, 0.95, 7, MLP_BY_SCORE};
    struct mlp_interval a[2], b[2], other_seed[2];
    draw(&s, 1);
    struct mlp_binary rows = {N, s.y, s.score, s.pred, NULL, NULL};
    ck_assert_int_eq(mlp_bootstrap(&rows, &plan, a, NULL), MLP_OK);
    ck_assert_int_eq(mlp_bootstrap(&rows, &plan, b, NULL), MLP_OK);
    plan.seed = 8;
    ck_assert_int_eq(mlp_bootstrap(&rows, &plan, other_seed, NULL), MLP_OK);
    ck_assert(a[0].lo == b[0].lo && a[0].hi == b[0].hi && a[1].lo == b[1].lo);
    ck_assert(a[0].lo != other_seed[0].lo);
    ck_assert(isnan(a[0].p));
    /* Of a proportion the width is known: 2 * 1.96 * sqrt(p (1 - p) / n). */
    double p = mlp_accuracy(&rows), width = 2 * 1.96 * sqrt(p * (1 - p) / N);
    ck_assert(a[0].lo < p && p < a[0].hi);
    ck_assert(fabs(a[0].hi - a[0].lo - width) < 0.2 * width);
    ck_assert(a[1].lo < mlp_roc_auc(&rows) && mlp_roc_auc(&rows) < a[1].hi);
}
END_TEST

START_TEST(paired_differences)
{
    static struct sample s;
    mlp_metric_fn *const fns[] = {mlp_roc_auc};
    draw(&s, 2);
    struct mlp_binary rows = {N, s.y, s.score, s.pred, NULL, NULL}, other = rows;
    struct mlp_resample plan = {fns, 1, &other, 200, 0.95, 1, MLP_BY_SCORE};
    struct mlp_interval x;
    other.score = s.other;
    ck_assert_int_eq(mlp_bootstrap(&rows, &plan, &x, NULL), MLP_OK);
    equal("p of a plain difference", x.p, 2.0 / 201);
    other.score = s.score;
    ck_assert_int_eq(mlp_bootstrap(&rows, &plan, &x, NULL), MLP_OK);
    equal("p of no difference", x.p, 1);
}
END_TEST

START_TEST(nothing_to_draw_from)
{
    static const double ones[] = {1, 1, 1}, score[] = {0.2, 0.9, 0.8};
    mlp_metric_fn *const fns[] = {mlp_roc_auc};
    struct mlp_resample plan = {fns, 1, NULL, 50, 0.95, 1, MLP_BY_SCORE};
    struct mlp_interval x;
    struct mlp_binary rows = {3, ones, score, NULL, NULL, NULL};
    ck_assert_int_eq(mlp_bootstrap(&rows, &plan, &x, NULL), MLP_OK);
    ck_assert(isnan(x.lo) && isnan(x.hi));
    plan.rounds = 0;
    ck_assert_int_eq(mlp_bootstrap(&rows, &plan, &x, NULL), MLP_OK);
    ck_assert(isnan(x.lo));
}
END_TEST

/* The variance by its definition: every pair of rows, as DeLong et al. have it. */
static double by_pairs(const struct sample *s, size_t n)
{
    double m = 0, k = 0, v10 = 0, v01 = 0, mean = 0;
    static double d[N];
    for (size_t i = 0; i < n; i++)
        m += s->y[i];
    k = (double)n - m;
    for (size_t i = 0; i < n; i++) {
        d[i] = 0;
        for (size_t j = 0; j < n; j++) {
            if (s->y[i] == s->y[j])
                continue;
            size_t p = s->y[i] > 0 ? i : j, q = s->y[i] > 0 ? j : i;
            d[i] += (s->score[p] > s->score[q]) + 0.5 * (s->score[p] == s->score[q]);
            d[i] -= (s->other[p] > s->other[q]) + 0.5 * (s->other[p] == s->other[q]);
        }
        d[i] /= s->y[i] > 0 ? k : m;
        mean += s->y[i] > 0 ? d[i] / m : 0;
    }
    for (size_t i = 0; i < n; i++) {
        v10 += s->y[i] > 0 ? (d[i] - mean) * (d[i] - mean) / (m - 1) : 0;
        v01 += s->y[i] > 0 ? 0 : (d[i] - mean) * (d[i] - mean) / (k - 1);
    }
    return sqrt(v10 / m + v01 / k);
}

START_TEST(delong_agrees_with_its_definition)
{
    static struct sample s;
    double difference, se, p;
    draw(&s, 3);
    for (size_t i = 0; i < N; i++)
        s.other[i] = floor(s.other[i] * 20); /* ties */
    struct mlp_binary rows = {300, s.y, s.score, NULL, NULL, NULL}, other = rows;
    other.score = s.other;
    ck_assert_int_eq(mlp_delong(&rows, s.other, &difference, &se, &p, NULL), MLP_OK);
    equal("difference", difference, mlp_roc_auc(&rows) - mlp_roc_auc(&other));
    equal("standard error", se, by_pairs(&s, 300));
    equal("p", p, erfc(fabs(difference) / se / sqrt(2)));
    ck_assert_int_eq(mlp_delong(&rows, s.score, &difference, &se, &p, NULL), MLP_OK);
    ck_assert(difference == 0 && p == 1);
}
END_TEST

START_TEST(delong_refuses)
{
    static const double y[] = {1, 0, 0}, score[] = {0.2, 0.9, 0.8};
    double difference, se, p;
    struct mlp_err e;
    struct mlp_binary rows = {3, y, score, NULL, NULL, NULL};
    mlp_err_init(&e);
    ck_assert_int_eq(mlp_delong(&rows, score, &difference, &se, &p, &e), MLP_EINPUT);
    mlp_err_init(&e);
    rows.w = score;
    ck_assert_int_eq(mlp_delong(&rows, score, &difference, &se, &p, &e), MLP_EINPUT);
    ck_assert_ptr_nonnull(strstr(e.message, "weighted"));
}
END_TEST

START_TEST(the_table_knows_its_names)
{
    ck_assert_ptr_null(mlp_metric_find("auc"));
    ck_assert_int_eq(mlp_metric_find("brier")->best, MLP_BEST_LOW);
    ck_assert(mlp_metric_find("accuracy")->tasks == (MLP_TASK_BINARY | MLP_TASK_MULTICLASS));
}
END_TEST

Suite *suite_metrics(void)
{
    Suite *s = suite_create("metrics");
    TCase *t = tcase_create("metrics");
    tcase_add_test(t, binary_metrics_are_scikit_learns);
    tcase_add_test(t, one_class_or_nothing_predicted);
    tcase_add_test(t, probabilities_are_clipped_or_refused);
    tcase_add_test(t, a_weight_is_a_repeated_row);
    tcase_add_test(t, several_classes);
    tcase_add_test(t, regression);
    tcase_add_test(t, intervals_are_seeded_and_cover);
    tcase_add_test(t, paired_differences);
    tcase_add_test(t, nothing_to_draw_from);
    tcase_add_test(t, delong_agrees_with_its_definition);
    tcase_add_test(t, delong_refuses);
    tcase_add_test(t, the_table_knows_its_names);
    suite_add_tcase(s, t);
    return s;
}
