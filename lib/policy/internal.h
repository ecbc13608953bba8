/* internal.h: what parsing hands to deciding. Everything is in the policy's arena or
 * borrowed from the document that it was parsed from. */
#ifndef MLP_POLICY_INTERNAL_H
#define MLP_POLICY_INTERNAL_H

#include "policy/policy.h"

/* One gate: a number of a report within bounds, or the outcome of a report. Bounds are NaN when
 * not given. */
struct mlp_gate {
    struct mlp_str name;
    struct mlp_str report;      /* kind: "data" "model" "drift" ... */
    struct mlp_str check;       /* id or column of the check; empty: the report's summary */
    struct mlp_str measure;     /* "value" by default */
    double min, max;
    bool outcome;               /* asks only that the report (or check) passes */
    enum mlp_severity severity;
    struct mlp_gate *next;
};

/* A list of texts. */
struct mlp_texts {
    size_t n;
    struct mlp_str *p;
};

struct mlp_policy {
    struct mlp_arena arena;
    struct mlp_str name, model, alias;
    struct mlp_texts keys;          /* public keys whose signature on the package must hold */
    struct mlp_texts key_ids;       /* "sha256:..." given in place of a path */
    struct mlp_texts formats_allow, formats_deny;
    struct mlp_texts reports;       /* kinds that must be there and pass */
    struct mlp_gate *gates;
    struct mlp_texts approvers;     /* public keys of people who may approve */
    unsigned approvals_needed;
    struct mlp_texts roles;
    bool not_author;
    int64_t approval_seconds;       /* 0: approvals do not expire */
    size_t nsteps;
    struct mlp_step *steps;
    unsigned freeze_days;           /* bit 0 is Monday */
};

#endif
