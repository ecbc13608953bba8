/* The deployment file: what is taken, what is refused and where, and that it survives a round. */
#include "suites.h"

#include "base/file.h"
#include "registry/deployment.h"

#include <stdlib.h>
#include <unistd.h>

#define D1 "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define D2 "sha256:1123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static char folder[32];
static char path[64];

static void make_folder(void)
{
    snprintf(folder, sizeof folder, "/tmp/mlp-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/deployment.yaml", folder);
}

static void remove_folder(void)
{
    unlink(path);
    rmdir(folder);
}

static struct mlp_deployment *load(const char *text, struct mlp_err *e)
{
    static struct mlp_deployment d;
    memset(&d, 0, sizeof d);
    mlp_err_init(e);
    ck_assert_int_eq(mlp_file_write(path, mlp_str_from(text), 0, e), MLP_OK);
    return mlp_deployment_load(&d, path, e) == MLP_OK ? &d : NULL;
}

START_TEST(a_file_with_all_of_it)
{
    struct mlp_err e;
    struct mlp_deployment *d = load(
        "version: 1\n"
        "registry: ../registry\n"
        "routes:\n"
        "  - name: flights\n"
        "    targets:\n"
        "      - {role: stable, model: flights, version: 3, digest: \"" D1 "\", weight: 95}\n"
        "      - {role: canary, model: flights, version: 4, digest: \"" D2 "\", weight: 5}\n"
        "      - {role: shadow, path: next.mlp}\n"
        "  - name: other\n"
        "    targets: [{path: m.joblib}]\n",
        &e);
    ck_assert_msg(d != NULL, "%s", e.message);
    ck_assert_str_eq(d->registry, "../registry");
    ck_assert_uint_eq(d->nroutes, 2);
    struct mlp_route *r = mlp_deployment_route(d, MLP_STR("flights"));
    ck_assert_uint_eq(r->ntargets, 3);
    ck_assert_uint_eq(r->targets[1].weight, 5);
    ck_assert_uint_eq(r->targets[1].version, 4);
    ck_assert(mlp_str_is(r->targets[1].digest, D2));
    ck_assert_int_eq(r->targets[2].role, MLP_ARM_SHADOW);
    ck_assert(mlp_str_is(r->targets[2].path, "next.mlp"));
    ck_assert_uint_eq(d->routes[1].targets[0].weight, 100);
    ck_assert_ptr_null(mlp_deployment_route(d, MLP_STR("flight")));
    mlp_deployment_fini(d);
}
END_TEST

START_TEST(saved_and_loaded_it_is_the_same)
{
    static struct mlp_deployment again;
    struct mlp_err e;
    struct mlp_deployment *d = load("version: 1\nregistry: \"a \\\"b\\\": c\"\nroutes:\n"
                                    "- name: r\n  targets:\n"
                                    "  - {model: \"x: y\", digest: \"" D1 "\", weight: 60}\n"
                                    "  - {role: canary, path: \"p q.mlp\", weight: 40}\n"
                                    "  - {role: shadow, digest: \"" D2 "\"}\n",
                                    &e);
    ck_assert_msg(d != NULL, "%s", e.message);
    ck_assert_int_eq(mlp_deployment_save(d, path, &e), MLP_OK);
    memset(&again, 0, sizeof again);
    ck_assert_msg(mlp_deployment_load(&again, path, &e) == MLP_OK, "%s", e.message);
    ck_assert_str_eq(again.registry, d->registry);
    ck_assert_uint_eq(again.nroutes, 1);
    ck_assert_uint_eq(again.routes[0].ntargets, 3);
    for (size_t i = 0; i < 3; i++) {
        const struct mlp_target *a = &d->routes[0].targets[i], *b = &again.routes[0].targets[i];
        ck_assert_int_eq(a->role, b->role);
        ck_assert_uint_eq(a->weight, b->weight);
        ck_assert(mlp_str_eq(a->model, b->model) && mlp_str_eq(a->digest, b->digest) &&
                  mlp_str_eq(a->path, b->path));
    }
    mlp_deployment_fini(&again);
    mlp_deployment_fini(d);
}
END_TEST

#define ROUTES "version: 1\nroutes:\n"
#define ROUTE ROUTES "  - name: r\n    targets:\n"

static const struct {
    const char *text, *message;
    unsigned line;
} refused[] = {
    {"", "no deployment file", 0},
    {"[1]\n", "no deployment file", 1},
    {"routes: []\n", "version must be 1", 0},
    {"version: 2\nroutes: []\n", "version must be 1", 1},
    {"version: 1\nroutes: []\n", "a list with an entry", 2},
    {"version: 1\nroute: []\n", "unknown key", 2},
    {"version: 1\nregistry: 5\nroutes:\n- {name: r, targets: [{path: a}]}\n", "registry must", 2},
    {ROUTES "  - 5\n", "a route must be a map", 3},
    {ROUTES "  - targets: [{path: a}]\n", "needs a name", 3},
    {ROUTES "  - name: \"a/b\"\n    targets: [{path: a}]\n", "needs a name", 3},
    {ROUTES "  - {name: r, targets: [{path: a}]}\n  - {name: r, targets: [{path: a}]}\n",
     "two routes are named", 4},
    {ROUTES "  - name: r\n", "needs a list of targets", 0},
    {ROUTE "      - {role: stabel, path: a}\n", "role must be", 5},
    {ROUTE "      - {rolle: stable, path: a}\n", "unknown key", 5},
    {ROUTE "      - {role: stable}\n", "a digest or a path", 5},
    {ROUTE "      - {role: stable, digest: \"sha256:12\"}\n", "64 hex digits", 5},
    {ROUTE "      - {role: stable, path: a, weight: 101}\n", "whole number from 0 to 100", 5},
    {ROUTE "      - {role: stable, path: a, weight: 90}\n", "add up to 90", 4},
    {ROUTE "      - {role: stable, path: a, weight: 90}\n"
           "      - {role: canary, path: b, weight: 20}\n", "add up to 110", 4},
    {ROUTE "      - {path: a}\n      - {role: canary, path: b}\n", "add up to 0", 4},
    {ROUTE "      - {role: shadow, path: a}\n", "add up to 0", 4},
    {ROUTE "      - {path: a}\n      - {role: shadow, path: b, weight: 1}\n", "has no weight", 6},
    {ROUTE "      - {path: a, version: -1}\n", "whole number", 5},
    {ROUTE "      - {path: 7}\n", "path must be a text", 5},
};

START_TEST(what_is_wrong_is_refused_at_its_place)
{
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct mlp_err e;
        ck_assert_msg(load(refused[i].text, &e) == NULL, "%s", refused[i].text);
        ck_assert_int_eq(e.code, MLP_EINPUT);
        ck_assert_msg(strstr(e.message, refused[i].message) != NULL, "%s: %s", refused[i].text,
                      e.message);
        ck_assert_msg(!refused[i].line || e.line == refused[i].line, "%s: line %llu",
                      refused[i].text, (unsigned long long)e.line);
        ck_assert_str_eq(e.source, path);
    }
}
END_TEST

START_TEST(more_than_fits_is_refused)
{
    struct mlp_err e;
    struct mlp_buf b;
    mlp_buf_init(&b, 1u << 20);
    mlp_buf_adds(&b, ROUTE "      - {path: a}\n");
    for (int i = 0; i < MLP_DEPLOYMENT_TARGETS; i++)
        mlp_buf_adds(&b, "      - {role: shadow, path: b}\n");
    ck_assert_ptr_null(load(b.p, &e));
    ck_assert_ptr_nonnull(strstr(e.message, "more than 8 targets"));
    mlp_buf_reset(&b);
    mlp_buf_adds(&b, ROUTES);
    for (int i = 0; i <= MLP_DEPLOYMENT_ROUTES; i++)
        mlp_buf_addf(&b, "  - {name: r%d, targets: [{path: a}]}\n", i);
    ck_assert_ptr_null(load(b.p, &e));
    ck_assert_ptr_nonnull(strstr(e.message, "more than 64 routes"));
    mlp_buf_fini(&b);
    static struct mlp_deployment d;
    mlp_err_init(&e);
    ck_assert_int_eq(mlp_deployment_load(&d, "/nonexistent/d.yaml", &e), MLP_ENOTFOUND);
}
END_TEST

START_TEST(paths_are_seen_from_the_file)
{
    char out[32];
    ck_assert(mlp_deployment_resolve("d.yaml", MLP_STR("m"), out, sizeof out));
    ck_assert_str_eq(out, "m");
    ck_assert(mlp_deployment_resolve("a/b/d.yaml", MLP_STR("../m"), out, sizeof out));
    ck_assert_str_eq(out, "a/b/../m");
    ck_assert(mlp_deployment_resolve("a/d.yaml", MLP_STR("/m"), out, sizeof out));
    ck_assert_str_eq(out, "/m");
    ck_assert(!mlp_deployment_resolve("a/d.yaml", MLP_STR("mmmmmmmmmmmmmmmmmmmmmmmmmmmmmm"), out,
                                      sizeof out));
    ck_assert_str_eq(mlp_arm_name(MLP_ARM_CANARY), "canary");
}
END_TEST

Suite *suite_deployment(void);
Suite *suite_deployment(void)
{
    Suite *suite = suite_create("deployment");
    TCase *cases = tcase_create("deployment");
    tcase_add_checked_fixture(cases, make_folder, remove_folder);
    tcase_add_test(cases, a_file_with_all_of_it);
    tcase_add_test(cases, saved_and_loaded_it_is_the_same);
    tcase_add_test(cases, what_is_wrong_is_refused_at_its_place);
    tcase_add_test(cases, more_than_fits_is_refused);
    tcase_add_test(cases, paths_are_seen_from_the_file);
    suite_add_tcase(suite, cases);
    return suite;
}
