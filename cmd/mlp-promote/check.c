#include "verbs.h"

enum { OPT_POLICY = OPT_FIRST_OWN, OPT_FORMAT };

static const struct mlp_opt opts[] = {
    COMMON_OPTIONS,
    [OPT_POLICY] = POLICY_OPTION,
    [OPT_FORMAT] = {"format", 'f', MLP_OPT_CHOICE, "FORMAT", "form of the verdict",
                    MLP_REPORT_CHOICES, "text", false},
    {0},
};

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
        code = printed == MLP_OK ? code : printed;
    }
    subject_close(&s);
    mlp_report_fini(&verdict);
    return code;
}

static const struct mlp_example examples[] = {
    {"Ask whether a version may go to production, without doing anything.",
     "mlp-promote check --registry registry --policy policy.yaml flights@1"},
    {0},
};

const struct mlp_verb verb_check = {
    .name = "check",
    .summary = "ask the policy about a version; changes nothing",
    .operands = "MODEL@REF",
    .min_operands = 1,
    .max_operands = 1,
    .about = "Prints the verdict of the policy with every reason. Exit status 1 means that the\n"
             "gate is closed. The same version, evidence and policy give the same verdict.",
    .opts = opts,
    .examples = examples,
    .run = run,
};
