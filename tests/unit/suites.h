/* The list of unit suites: one line a module, alphabetical. */
#ifndef TESTS_UNIT_SUITES_H
#define TESTS_UNIT_SUITES_H

/* check.h's ck_assert macros are not clean under -Wconversion and friends in older releases. */
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-compare"
#pragma GCC diagnostic ignored "-Wpedantic"
#include <check.h>

#define SUITES(X) \
    X(base) \
    X(convert) \
    X(crypt) \
    X(csv) \
    X(deployment) \
    X(explain) \
    X(expr) \
    X(forest) \
    X(grpc) \
    X(http) \
    X(http2) \
    X(json_schema) \
    X(leak) \
    X(metrics) \
    X(metrics_figures) \
    X(model) \
    X(net) \
    X(net_real) \
    X(net_types) \
    X(packed) \
    X(oci) \
    X(policy) \
    X(profile) \
    X(prom) \
    X(report) \
    X(rule) \
    X(sandbox) \
    X(serve) \
    X(stat) \
    X(table) \
    X(text) \
    X(textproto)

#define DECLARE(name) Suite *suite_##name(void);
SUITES(DECLARE)

#define ENTRY(name) suite_##name,
typedef Suite *suite_maker(void);
static suite_maker *const suites[] __attribute__((unused)) = {SUITES(ENTRY) NULL};

#endif
