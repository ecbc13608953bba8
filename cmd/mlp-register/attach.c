#include "verbs.h"

#include "base/file.h"

enum { OPT_TYPE = OPT_FIRST_OWN };

static const struct mlp_opt opts[] = {
    COMMON_OPTIONS,
    [OPT_TYPE] = {"type", 't', MLP_OPT_TEXT, "MEDIA-TYPE", "what the evidence is", NULL,
                  MLP_TYPE_REPORT, false},
    {0},
};

#define EVIDENCE_MAX ((size_t)64 << 20)

static enum mlp_code run(struct mlp_cmd *cmd, struct mlp_err *e)
{
    struct mlp_registry *r = NULL;
    const struct mlp_version *v;
    struct mlp_buf b;
    enum mlp_code code = open_version(cmd, 0, &r, &v, e);
    if (code != MLP_OK)
        return code;
    mlp_buf_init(&b, EVIDENCE_MAX);
    code = mlp_file_read(cmd->operands[1], &b, e);
    if (code == MLP_OK)
        code = mlp_registry_attach(r, v, mlp_opt_text(cmd, OPT_TYPE), mlp_buf_str(&b), e);
    mlp_buf_fini(&b);
    mlp_registry_close(r);
    return code;
}

static const struct mlp_example examples[] = {
    {"Attach a report to a version.",
     "mlp-register attach --registry registry flights@1 eval.json"},
    {0},
};

const struct mlp_verb verb_attach = {
    .name = "attach",
    .summary = "attach evidence to a version",
    .operands = "MODEL@REF FILE|-",
    .min_operands = 2,
    .max_operands = 2,
    .about = "Attaches a report or other evidence to a version, as an OCI referrer of its package.",
    .opts = opts,
    .examples = examples,
    .run = run,
};
