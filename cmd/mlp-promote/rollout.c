#include "verbs.h"

#include "base/file.h"

enum { OPT_POLICY = OPT_FIRST_OWN, OPT_DEPLOYMENT, OPT_ROUTE, OPT_NO_WAIT, OPT_FORMAT };

static const struct mlp_opt opts[] = {
    COMMON_OPTIONS,
    [OPT_POLICY] = POLICY_OPTION,
    [OPT_DEPLOYMENT] = {"deployment", 'd', MLP_OPT_FILE, "FILE",
                        "the deployment file to replace, see mlp-deployment(5)", NULL,
                        "deployment.yaml", false},
    [OPT_ROUTE] = {"route", 0, MLP_OPT_TEXT, "NAME", "the route (default: the model's name)", NULL,
                   NULL, false},
    [OPT_NO_WAIT] = {"no-wait", 0, MLP_OPT_FLAG, NULL, "do not hold between steps", NULL, NULL,
                     false},
    [OPT_FORMAT] = {"format", 'f', MLP_OPT_CHOICE, "FORMAT", "form of the verdict",
                    MLP_REPORT_CHOICES, "text", false},
    {0},
};

#define REPORT_MAX ((size_t)16 << 20)

/* The verdict goes with the version as evidence, and the log names its outcome. */
static enum mlp_code record_verdict(struct subject *s, const struct mlp_report *verdict,
                                    struct mlp_err *e)
{
    struct mlp_buf json, members;
    mlp_buf_init(&json, REPORT_MAX);
    mlp_buf_init(&members, 1 << 16);
    mlp_report_render(verdict, MLP_REPORT_JSON, false, &json);
    enum mlp_code code = mlp_buf_check(&json, e);
    if (code == MLP_OK)
        code = mlp_registry_attach(s->registry, &s->version, MLP_TYPE_REPORT, mlp_buf_str(&json),
                                   e);
    add_member(&members, "alias", mlp_str_from(s->alias));
    add_member(&members, "policy", mlp_str_from(s->policy_digest));
    add_member(&members, "outcome", mlp_str_from(mlp_outcome_name(verdict->outcome)));
    if (code == MLP_OK)
        code = mlp_registry_note(s->registry, "verdict", &s->version, mlp_buf_str(&members), e);
    mlp_buf_fini(&members);
    mlp_buf_fini(&json);
    return code;
}

static enum mlp_code record_step(struct subject *s, unsigned percent, struct mlp_err *e)
{
    char text[80];
    snprintf(text, sizeof text, "\"weight\":%u", percent);
    fprintf(stderr, "mlp-promote: %.*s@%llu gets %u %%\n", MLP_STR_ARG(s->version.model),
            (unsigned long long)s->version.version, percent);
    return mlp_registry_note(s->registry, "rollout", &s->version, mlp_str_from(text), e);
}

/* The version that the alias names now, to be served while the new one is tried; false if none. */
static bool current_version(struct subject *s, struct mlp_version *current, uint64_t *seq)
{
    const struct mlp_version *v;
    char ref[300];
    const struct mlp_alias *a =
        mlp_registry_alias(s->registry, s->version.model, mlp_str_from(s->alias));
    *seq = a ? a->seq : 0;
    snprintf(ref, sizeof ref, "%.*s@%s", MLP_STR_ARG(s->version.model), s->alias);
    if (!a || mlp_registry_resolve(s->registry, ref, &v, NULL) != MLP_OK)
        return false;
    *current = *v;
    return v->version != s->version.version;
}

static enum mlp_code run_steps(struct subject *s, const struct mlp_cmd *cmd,
                               struct serving *serving, struct mlp_err *e)
{
    enum mlp_code code = MLP_OK;
    serving->canary = &s->version;
    for (size_t i = 0; i < mlp_policy_nsteps(s->policy) && code == MLP_OK; i++) {
        const struct mlp_step *step = mlp_policy_step(s->policy, i);
        if (step->weight == 100)
            break;
        serving->percent = step->weight;
        code = deploy(serving, e);
        if (code == MLP_OK)
            code = record_step(s, step->weight, e);
        if (code == MLP_OK && !mlp_opt_flag(cmd, OPT_NO_WAIT))
            mlp_os_sleep_ms(step->hold_seconds * 1000);
    }
    return code;
}

/* Steps, then the alias by compare-and-set, then everything to the new version: when somebody
 * moved the alias meanwhile, the file goes back to what the alias names. */
static enum mlp_code roll_out(struct subject *s, const struct mlp_cmd *cmd, struct mlp_err *e)
{
    struct mlp_version current;
    uint64_t seq;
    const char *route = mlp_opt_text(cmd, OPT_ROUTE);
    struct serving serving = {
        .path = mlp_opt_text(cmd, OPT_DEPLOYMENT),
        .registry_dir = mlp_registry_dir(s->registry),
        .route = route ? mlp_str_from(route) : s->version.model,
    };
    bool replaces = current_version(s, &current, &seq);
    enum mlp_code code = MLP_OK;
    if (replaces) {
        serving.stable = &current;
        code = run_steps(s, cmd, &serving, e);
    }
    struct mlp_alias_change change = {s->version.model, s->alias, s->version.version, seq, NULL};
    if (code == MLP_OK)
        code = mlp_registry_set_alias(s->registry, &change, e);
    if (code != MLP_OK && replaces) {
        serving.canary = NULL;
        deploy(&serving, NULL);
        return code;
    }
    serving.stable = &s->version;
    serving.canary = NULL;
    if (code == MLP_OK)
        code = deploy(&serving, e);
    return code == MLP_OK ? record_step(s, 100, e) : code;
}

static enum mlp_code run(struct mlp_cmd *cmd, struct mlp_err *e)
{
    struct subject s;
    struct mlp_report verdict;
    mlp_report_init(&verdict, "mlp-promote", "gate");
    enum mlp_code code = subject_open(&s, cmd, mlp_opt_text(cmd, OPT_POLICY), e);
    if (code == MLP_OK)
        code = subject_decide(&s, &verdict, e);
    if (code == MLP_OK || code == MLP_FINDING) {
        enum mlp_code printed = print_report(&verdict, mlp_opt_text(cmd, OPT_FORMAT), e);
        if (printed == MLP_OK)
            printed = record_verdict(&s, &verdict, e);
        code = printed == MLP_OK ? code : printed;
    }
    if (code == MLP_OK)
        code = roll_out(&s, cmd, e);
    subject_close(&s);
    mlp_report_fini(&verdict);
    return code;
}

static const struct mlp_example examples[] = {
    {"Roll a version out by the steps of the policy.",
     "mlp-promote rollout --registry registry --policy policy.yaml "
     "--deployment deployment.yaml --no-wait flights@1"},
    {0},
};

const struct mlp_verb verb_rollout = {
    .name = "rollout",
    .summary = "decide, then bring a version to the alias step by step",
    .operands = "MODEL@REF",
    .min_operands = 1,
    .max_operands = 1,
    .about = "Asks the policy, attaches the verdict, and when the gate is open replaces the\n"
             "deployment file step by step: the new version gets its share as canary, held for\n"
             "the time that the policy says, and in the end everything. The alias moves by\n"
             "compare-and-set; if somebody else moved it meanwhile, the file goes back.",
    .opts = opts,
    .examples = examples,
    .run = run,
};
