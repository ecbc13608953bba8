/* Policies: what they refuse to read, and how they decide. */
#include "suites.h"

#include "policy/policy.h"

#include <math.h>

static struct mlp_doc doc;
static struct mlp_policy *policy;
static struct mlp_err err;

static enum mlp_code parse(const char *yaml)
{
    mlp_err_init(&err);
    mlp_doc_init(&doc, "policy.yaml", 1 << 20);
    policy = NULL;
    enum mlp_code code = mlp_doc_parse_yaml(&doc, mlp_str_from(yaml), &err);
    return code == MLP_OK ? mlp_policy_parse(&doc, &policy, &err) : code;
}

static void done(void)
{
    mlp_policy_free(policy);
    mlp_doc_fini(&doc);
}

/* Decides with the facts given; the verdict's outcome. */
static enum mlp_outcome decide(const struct mlp_facts *f)
{
    struct mlp_report verdict;
    mlp_report_init(&verdict, "test", "gate");
    ck_assert_int_eq(mlp_policy_decide(policy, f, &verdict, &err), MLP_OK);
    enum mlp_outcome outcome = verdict.outcome;
    mlp_report_fini(&verdict);
    return outcome;
}

START_TEST(faults_are_told_with_their_place)
{
    static const struct {
        const char *yaml, *says;
    } cases[] = {
        {"policy: p\ngaets: []\n", "gates"},
        {"policy: p\ngates: [{name: a}]\n", "metric or a report"},
        {"policy: p\ngates: [{name: a, metric: auc}]\n", "min, max or outcome"},
        {"gates: []\n", "name"},
        {"policy: p\nrollout: {steps: [{weight: 50}, {weight: 20}]}\n", "rise"},
        {"policy: p\nrollout: {steps: [{weight: 500}]}\n", "1 to 100"},
        {"policy: p\napprovals: {needed: 2, keys: [a.pub]}\n", "2 approvals"},
        {"policy: p\napprovals: {needed: 0, expires: soon}\n", "duration"},
        {"policy: p\nfreeze: [someday]\n", "day"},
        {"- a\n", "map"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ck_assert_int_eq(parse(cases[i].yaml), MLP_EINPUT);
        ck_assert_msg(strstr(err.message, cases[i].says) || strstr(err.hint, cases[i].says),
                      "%s: %s / %s", cases[i].yaml, err.message, err.hint);
        ck_assert_uint_gt(err.line, 0);
        ck_assert_str_eq(err.source, "policy.yaml");
        done();
    }
}
END_TEST

START_TEST(steps_end_with_everything)
{
    ck_assert_int_eq(parse("policy: p\nrollout: {steps: [{weight: 10, for: 10m}]}\n"), MLP_OK);
    ck_assert_uint_eq(mlp_policy_nsteps(policy), 2);
    ck_assert_uint_eq(mlp_policy_step(policy, 0)->hold_seconds, 600);
    ck_assert_uint_eq(mlp_policy_step(policy, 1)->weight, 100);
    done();
    ck_assert_int_eq(parse("policy: p\n"), MLP_OK);
    ck_assert_uint_eq(mlp_policy_nsteps(policy), 1);
    done();
}
END_TEST

START_TEST(a_policy_that_asks_for_nothing_is_closed)
{
    struct mlp_facts f = {.model = MLP_STR("m"), .version = 1};
    ck_assert_int_eq(parse("policy: p\n"), MLP_OK);
    ck_assert_int_eq(decide(&f), MLP_FAIL);
    done();
}
END_TEST

/* A report with one check "roc_auc" of the value given. */
static void make_report(struct mlp_report *r, double auc)
{
    mlp_report_init(r, "mlp-validate", "model");
    struct mlp_check c = {.id = MLP_STR("metric/roc_auc"), .column = MLP_STR("roc_auc")};
    mlp_report_measure(r, mlp_report_add(r, &c), "value", auc);
}

START_TEST(gates_look_at_the_newest_report)
{
    struct mlp_report old, new;
    make_report(&old, 0.9);
    make_report(&new, 0.6);
    const struct mlp_report *reports[] = {&old, &new};
    struct mlp_facts f = {.model = MLP_STR("m"), .version = 1, .nreports = 1, .reports = reports};
    ck_assert_int_eq(parse("policy: p\ngates: [{name: a, metric: roc_auc, min: 0.7}]\n"), MLP_OK);
    ck_assert_int_eq(decide(&f), MLP_PASS);
    f.nreports = 2;
    ck_assert_int_eq(decide(&f), MLP_FAIL);
    f.nreports = 0;
    ck_assert_int_eq(decide(&f), MLP_FAIL); /* no report: closed, never silent */
    done();
    ck_assert_int_eq(parse("policy: p\ngates: [{name: a, metric: roc_auc, min: 0.7, "
                           "severity: warn}]\n"), MLP_OK);
    f.nreports = 2;
    ck_assert_int_eq(decide(&f), MLP_WARNED);
    done();
    mlp_report_fini(&old);
    make_report(&old, NAN);
    f.nreports = 1;
    ck_assert_int_eq(parse("policy: p\ngates: [{name: a, metric: roc_auc, min: 0.7}]\n"), MLP_OK);
    ck_assert_int_eq(decide(&f), MLP_FAIL); /* NaN passes no bound */
    done();
    mlp_report_fini(&old);
    mlp_report_fini(&new);
}
END_TEST

START_TEST(signatures_and_formats_are_asked_for)
{
    const struct mlp_str keys[] = {MLP_STR("ci.pub")};
    struct mlp_facts f = {.model = MLP_STR("m"), .format = MLP_STR("XGBoost JSON")};
    ck_assert_int_eq(parse("policy: p\nrequire: {signatures: [{key: ci.pub}], "
                           "formats: {allow: [xgboost], deny: [python]}}\n"), MLP_OK);
    ck_assert_int_eq(decide(&f), MLP_FAIL);
    f.nsignatures = 1;
    f.signatures = keys;
    ck_assert_int_eq(decide(&f), MLP_PASS);
    f.format = MLP_STR("Python model");
    ck_assert_int_eq(decide(&f), MLP_FAIL);
    done();
}
END_TEST

START_TEST(approvals_count_people)
{
    struct mlp_approval a[] = {
        {MLP_STR("alice"), MLP_STR("owner"), MLP_STR("sha256:a"), 1000, true},
        {MLP_STR("alice"), MLP_STR("owner"), MLP_STR("sha256:a"), 1100, true},
        {MLP_STR("bob"), MLP_STR("owner"), MLP_STR("sha256:b"), 1000, true},
    };
    struct mlp_facts f = {.now = 2000, .author = MLP_STR("carol"), .approvals = a};
    ck_assert_int_eq(parse("policy: p\napprovals: {needed: 2, keys: [a, b], roles: [owner], "
                           "not_author: true, expires: 1h}\n"), MLP_OK);
    f.napprovals = 2;
    ck_assert_int_eq(decide(&f), MLP_FAIL); /* one key twice is one person */
    f.napprovals = 3;
    ck_assert_int_eq(decide(&f), MLP_PASS);
    f.author = MLP_STR("bob");
    ck_assert_int_eq(decide(&f), MLP_FAIL);
    f.author = MLP_STR("carol");
    f.now = 1000 + 3601 + 100;
    ck_assert_int_eq(decide(&f), MLP_FAIL);
    f.now = 2000;
    a[2].role = MLP_STR("intern");
    ck_assert_int_eq(decide(&f), MLP_FAIL);
    a[2].role = MLP_STR("owner");
    a[2].signature_holds = false;
    ck_assert_int_eq(decide(&f), MLP_FAIL);
    done();
}
END_TEST

START_TEST(frozen_days_are_closed)
{
    struct mlp_facts f = {.now = 1385078400}; /* Friday 2013-11-22 */
    ck_assert_int_eq(parse("policy: p\nmodel: m\nfreeze: [fri]\n"), MLP_OK);
    f.model = MLP_STR("m");
    ck_assert_int_eq(decide(&f), MLP_FAIL);
    f.now += 86400;
    ck_assert_int_eq(decide(&f), MLP_PASS);
    done();
}
END_TEST

Suite *suite_policy(void)
{
    Suite *s = suite_create("policy");
    TCase *t = tcase_create("policy");
    tcase_add_test(t, faults_are_told_with_their_place);
    tcase_add_test(t, steps_end_with_everything);
    tcase_add_test(t, a_policy_that_asks_for_nothing_is_closed);
    tcase_add_test(t, gates_look_at_the_newest_report);
    tcase_add_test(t, signatures_and_formats_are_asked_for);
    tcase_add_test(t, approvals_count_people);
    tcase_add_test(t, frozen_days_are_closed);
    suite_add_tcase(s, t);
    return s;
}
