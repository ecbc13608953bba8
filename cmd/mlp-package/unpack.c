/* mlp-package unpack: the files of a package, as files. */
#include "verbs.h"

#include "base/file.h"

#define BUNDLE_MAX ((size_t)64 * 1024 * 1024)

enum { OUTPUT, SIGNATURE, FORCE };

static const struct mlp_opt options[] = {
    [OUTPUT] = {.name = "output", .letter = 'o', .kind = MLP_OPT_DIR, .value = "FOLDER",
                .help = "where to; without it, a folder with the package's name"},
    [SIGNATURE] = {.name = "signature", .kind = MLP_OPT_FILE, .value = "FILE",
                   .help = "also write the first signature bundle, for other verifiers"},
    [FORCE] = {.name = "force", .letter = 'f', .help = "replace files that are there"},
    {0},
};

static const struct mlp_example examples[] = {
    {"Unpack, with the signature that OpenSSF model-signing verifies.",
     "mlp-package unpack --force -o files --signature files.sig flights.mlp"},
    {0},
};

static enum mlp_code write_signature(struct mlp_package *p, const char *path, struct mlp_err *e)
{
    const struct mlp_referrer *found = NULL;
    struct mlp_buf bundle;
    for (size_t i = 0; i < mlp_package_nreferrers(p) && !found; i++)
        if (mlp_str_is(mlp_package_referrer(p, i)->artifact_type, MLP_TYPE_BUNDLE))
            found = mlp_package_referrer(p, i);
    if (!found)
        return mlp_err_set(e, MLP_ENOTFOUND, "the package carries no signature");
    mlp_buf_init(&bundle, BUNDLE_MAX);
    enum mlp_code code = mlp_package_read(p, found->blob, &bundle, e);
    if (code == MLP_OK)
        code = mlp_file_write(path, mlp_buf_str(&bundle), 0, e);
    mlp_buf_fini(&bundle);
    return code;
}

static enum mlp_code run(struct mlp_cmd *cmd, struct mlp_err *e)
{
    struct mlp_package *p;
    char name[160];
    enum mlp_code code = mlp_package_open(mlp_operand(cmd, 0, ""), &p, e);
    if (code != MLP_OK)
        return code;
    mlp_str_copy(mlp_package_name(p), name, sizeof name);
    const char *dir = mlp_opt_text(cmd, OUTPUT);
    code = mlp_package_unpack(p, dir ? dir : name, mlp_opt_flag(cmd, FORCE), e);
    if (code == MLP_OK && mlp_opt_text(cmd, SIGNATURE))
        code = write_signature(p, mlp_opt_text(cmd, SIGNATURE), e);
    mlp_package_close(p);
    return code;
}

const struct mlp_verb verb_unpack = {
    .name = "unpack",
    .summary = "write the files of a package into a folder",
    .operands = "PACKAGE",
    .min_operands = 1,
    .max_operands = 1,
    .about = "Every file is checked against its digest before it gets its name. Names that\n"
             "lead out of the folder are refused, and links in it are not followed.",
    .opts = options,
    .examples = examples,
    .run = run,
};
