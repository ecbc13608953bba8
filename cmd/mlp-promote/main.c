#include "verbs.h"

static const struct mlp_verb *const verbs[] = {
    &verb_check, &verb_request, &verb_approve, &verb_rollout, &verb_status, &verb_rollback, NULL,
};

static const struct mlp_program program = {
    .name = "mlp-promote",
    .summary = "policy gate, signed approvals, progressive rollout and rollback of models",
    .about = "Brings a registered version to an alias such as production. A policy says what must\n"
             "hold: signatures, reports, metrics, approvals. The verdict is a report; every step\n"
             "is an event of the registry's log. Rolling out replaces the deployment file, which\n"
             "every mlp-serve that watches it follows.",
    .files = "mlp-policy(5) is the policy, mlp-deployment(5) the deployment file.",
    .see_also = "mlp-register(1), mlp-serve(1), mlp-deployment(5), mlp-policy(5), mlp(7)",
    .verbs = verbs,
};

int main(int argc, char **argv)
{
    return mlp_main(&program, argc, argv);
}
