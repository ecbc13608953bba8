/* mlp-package attach: evidence that comes after the package was made. */
#include "verbs.h"

#include "base/file.h"

#define EVIDENCE_MAX ((size_t)64 * 1024 * 1024)

enum { TYPE };

static const struct mlp_opt options[] = {
    [TYPE] = {.name = "type", .letter = 't', .kind = MLP_OPT_TEXT, .value = "MEDIA-TYPE",
              .fallback = MLP_TYPE_REPORT, .help = "what the evidence is"},
    {0},
};

static const struct mlp_example examples[] = {
    {"Attach the report of a drift check that ran later.",
     "mlp-package attach flights.mlp report.json"},
    {0},
};

/* A media type is "type/subtype" of visible ASCII (RFC 6838, 4.2). */
static enum mlp_code check_type(const char *type, struct mlp_err *e)
{
    size_t plain = strspn(type, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "0123456789!#$&-^_.+/");
    const char *slash = strchr(type, '/');
    if (type[plain] == '\0' && slash && slash != type && slash[1] && !strchr(slash + 1, '/') &&
        plain < 256)
        return MLP_OK;
    return mlp_err_set(e, MLP_EUSAGE, "\"%.80s\" is no media type, expected type/subtype", type);
}

static enum mlp_code attach(const char *path, const char *type, struct mlp_str evidence,
                            struct mlp_err *e)
{
    struct mlp_package *p;
    char subject[MLP_DIGEST_TEXT], referrer[MLP_DIGEST_TEXT];
    enum mlp_code code = mlp_package_open(path, &p, e);
    if (code != MLP_OK)
        return code;
    mlp_str_copy(mlp_package_digest(p), subject, sizeof subject);
    mlp_package_close(p);
    code = mlp_package_attach(path, mlp_str_from(subject), type, evidence, referrer, e);
    if (code == MLP_OK)
        printf("%s\n", referrer);
    return code;
}

static enum mlp_code run(struct mlp_cmd *cmd, struct mlp_err *e)
{
    struct mlp_buf evidence;
    const char *type = mlp_opt_text(cmd, TYPE);
    mlp_buf_init(&evidence, EVIDENCE_MAX);
    enum mlp_code code = check_type(type, e);
    if (code == MLP_OK)
        code = mlp_file_read(mlp_operand(cmd, 1, "-"), &evidence, e);
    if (code == MLP_OK)
        code = attach(mlp_operand(cmd, 0, ""), type, mlp_buf_str(&evidence), e);
    mlp_buf_fini(&evidence);
    return code;
}

const struct mlp_verb verb_attach = {
    .name = "attach",
    .summary = "attach evidence to a package",
    .operands = "PACKAGE [FILE|-]",
    .min_operands = 1,
    .max_operands = 2,
    .about = "Adds a report or another document as a manifest that refers to the package\n"
             "(an OCI referrer) and prints that manifest's digest. The package keeps its\n"
             "digest and its signatures. Attaching the same document again changes\n"
             "nothing.",
    .opts = options,
    .examples = examples,
    .run = run,
};
