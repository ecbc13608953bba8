#include "verbs.h"

enum { OPT_POLICY = OPT_FIRST_OWN, OPT_REASON };

static const struct mlp_opt opts[] = {
    COMMON_OPTIONS,
    [OPT_POLICY] = POLICY_OPTION,
    [OPT_REASON] = {"reason", 'm', MLP_OPT_TEXT, "TEXT", "why, for the log", NULL, NULL, false},
    {0},
};

/* What is still missing goes to stderr, so that the one who asks knows whom to ask next. */
static void tell_missing(const struct mlp_report *verdict)
{
    for (const struct mlp_check *c = verdict->checks; c; c = c->next)
        if (c->outcome == MLP_FAIL && c->severity == MLP_SEV_ERROR)
            fprintf(stderr, "mlp-promote: missing: %.*s: %.*s, expected %.*s\n",
                    MLP_STR_ARG(c->id), MLP_STR_ARG(c->observed), MLP_STR_ARG(c->expected));
}

static enum mlp_code record(struct subject *s, const char *reason, struct mlp_err *e)
{
    struct mlp_buf members;
    mlp_buf_init(&members, 1 << 16);
    add_member(&members, "alias", mlp_str_from(s->alias));
    add_member(&members, "policy", mlp_str_from(s->policy_digest));
    if (reason)
        add_member(&members, "reason", mlp_str_from(reason));
    enum mlp_code code = mlp_buf_check(&members, e);
    if (code == MLP_OK)
        code = mlp_registry_note(s->registry, "request", &s->version, mlp_buf_str(&members), e);
    mlp_buf_fini(&members);
    return code;
}

static enum mlp_code run(struct mlp_cmd *cmd, struct mlp_err *e)
{
    struct subject s;
    struct mlp_report verdict;
    mlp_report_init(&verdict, "mlp-promote", "gate");
    enum mlp_code code = subject_open(&s, cmd, mlp_opt_text(cmd, OPT_POLICY), e);
    if (code == MLP_OK)
        code = subject_decide(&s, &verdict, e);
    if (code == MLP_FINDING)
        tell_missing(&verdict);
    if (code == MLP_OK || code == MLP_FINDING)
        code = record(&s, mlp_opt_text(cmd, OPT_REASON), e);
    if (code == MLP_OK)
        fprintf(stderr, "mlp-promote: asked for %.*s@%llu to become %s\n",
                MLP_STR_ARG(s.version.model), (unsigned long long)s.version.version, s.alias);
    subject_close(&s);
    mlp_report_fini(&verdict);
    return code;
}

static const struct mlp_example examples[] = {
    {"Ask for a version to go to production.",
     "mlp-promote request --registry registry --policy policy.yaml flights@1"},
    {0},
};

const struct mlp_verb verb_request = {
    .name = "request",
    .summary = "ask for a version to be promoted; says what is missing",
    .operands = "MODEL@REF",
    .min_operands = 1,
    .max_operands = 1,
    .about = "Records the wish in the log, and tells what the policy still misses.",
    .opts = opts,
    .examples = examples,
    .run = run,
};
