/* policy.h: pure decisions from facts to verdicts: no I/O, no clock, no randomness. The same
 * policy and facts give the same verdict, byte for byte. */
#ifndef MLP_POLICY_POLICY_H
#define MLP_POLICY_POLICY_H

#include "report/report.h"
#include "text/doc.h"

/* An approval as it was found and verified. */
struct mlp_approval {
    struct mlp_str actor, role, key_id;
    int64_t time;              /* seconds since 1970 */
    bool signature_holds;
};

/* What is known when the gate is asked. */
struct mlp_facts {
    int64_t now;
    struct mlp_str model, digest, format;
    uint64_t version;
    struct mlp_str author;                  /* who registered it */
    /* Keys whose signature over the package was verified: each as the policy names it (its path)
     * and as its id "sha256:...". */
    size_t nsignatures;
    const struct mlp_str *signatures;
    size_t nreports;                        /* attached reports */
    const struct mlp_report *const *reports;
    size_t napprovals;
    const struct mlp_approval *approvals;
};

struct mlp_step {
    unsigned weight;           /* percent for the candidate */
    unsigned hold_seconds;
};

/* A parsed policy (YAML, mlp-policy(5)). Unknown keys are errors with their place. */
struct mlp_policy;
enum mlp_code mlp_policy_parse(struct mlp_doc *d, struct mlp_policy **p, struct mlp_err *e);
void mlp_policy_free(struct mlp_policy *p);
struct mlp_str mlp_policy_name(const struct mlp_policy *p);
struct mlp_str mlp_policy_alias(const struct mlp_policy *p);      /* to: alias */
size_t mlp_policy_nsteps(const struct mlp_policy *p);
const struct mlp_step *mlp_policy_step(const struct mlp_policy *p, size_t i);
/* Paths of public keys that the policy names, relative to it, so that the caller can verify. */
size_t mlp_policy_nkeys(const struct mlp_policy *p);
struct mlp_str mlp_policy_key(const struct mlp_policy *p, size_t i);
/* The same for the public keys of people who may approve. */
size_t mlp_policy_napprovers(const struct mlp_policy *p);
struct mlp_str mlp_policy_approver(const struct mlp_policy *p, size_t i);

/* Decides: one check per requirement and gate goes into `verdict` (kind "gate"), which fails when
 * any does. A report that a gate names and facts lack is a failure, never silence. */
enum mlp_code mlp_policy_decide(const struct mlp_policy *p, const struct mlp_facts *f,
                                struct mlp_report *verdict, struct mlp_err *e);

#endif
