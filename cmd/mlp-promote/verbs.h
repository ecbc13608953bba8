/* The verbs of mlp-promote: one file each; and what they share. */
#ifndef MLP_PROMOTE_VERBS_H
#define MLP_PROMOTE_VERBS_H

#include "base/opt.h"
#include "base/vec.h"
#include "policy/policy.h"
#include "registry/deployment.h"
#include "registry/registry.h"

extern const struct mlp_verb verb_check, verb_request, verb_approve, verb_rollout, verb_status,
    verb_rollback;

/* Every verb's table begins with these rows. */
enum { OPT_REGISTRY, OPT_ACTOR, OPT_TO, OPT_FIRST_OWN };
#define COMMON_OPTIONS \
    [OPT_REGISTRY] = {"registry", 'r', MLP_OPT_DIR, "DIR", \
                      "the registry (default $MLP_REGISTRY, else ~/.local/share/mlp/registry)", \
                      NULL, NULL, false}, \
    [OPT_ACTOR] = {"actor", 0, MLP_OPT_TEXT, "NAME", \
                   "who acts, for the log (default user@host)", NULL, NULL, false}, \
    [OPT_TO] = {"to", 't', MLP_OPT_TEXT, "ALIAS", \
                "the alias to move (default: the policy's, else production)", NULL, NULL, false}

#define POLICY_OPTION \
    {"policy", 'p', MLP_OPT_FILE, "FILE", "the policy, see mlp-policy(5)", NULL, "policy.yaml", \
     false}

#define MLP_PREDICATE_APPROVAL "https://mlp.dev/attestation/approval/v1"
#define MLP_PREDICATE_VERDICT "https://mlp.dev/attestation/verdict/v1"

/* A version under a policy: everything that deciding needs, opened and verified. */
struct subject {
    struct mlp_registry *registry;
    struct mlp_version version;      /* a copy: views live as long as the registry */
    struct mlp_package *package;
    struct mlp_doc doc;              /* the policy's text */
    struct mlp_policy *policy;
    char policy_digest[MLP_DIGEST_TEXT];
    char alias[130];
    struct mlp_facts facts;
    struct mlp_vec signatures;       /* of struct mlp_str */
    struct mlp_vec approvals;        /* of struct mlp_approval */
    struct mlp_vec reports;          /* of struct mlp_report *, owned */
    struct mlp_arena arena;
};

/* Opens registry, version (operand 0), package and policy; verifies signatures and approvals;
 * reads the reports. Close it whatever is returned. */
enum mlp_code subject_open(struct subject *s, const struct mlp_cmd *cmd, const char *policy_path,
                           struct mlp_err *e);
void subject_close(struct subject *s);

/* Decides into an initialised report. MLP_FINDING when the gate is closed. */
enum mlp_code subject_decide(struct subject *s, struct mlp_report *verdict, struct mlp_err *e);

/* Fills signatures, approvals and reports (gather.c). */
enum mlp_code gather_facts(struct subject *s, const char *policy_path, struct mlp_err *e);

/* Prints a report on stdout in the format named. */
enum mlp_code print_report(const struct mlp_report *r, const char *format, struct mlp_err *e);

/* Opens the registry that the options name. */
enum mlp_code open_registry(const struct mlp_cmd *cmd, struct mlp_registry **r, struct mlp_err *e);

/* Makes the file serve `stable` whole, or with `percent` of the requests to `canary`. Other routes
 * and shadow targets stay as they are. */
struct serving {
    const char *path, *registry_dir;
    struct mlp_str route;
    const struct mlp_version *stable, *canary; /* canary may be NULL */
    unsigned percent;
};
enum mlp_code deploy(const struct serving *s, struct mlp_err *e);

/* `"name":"value"` with a comma before it when the buffer has text. */
void add_member(struct mlp_buf *b, const char *name, struct mlp_str value);

#endif
