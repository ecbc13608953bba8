/* mlp-package sign: a signature by one more key. */
#include "verbs.h"

enum { KEY, PASSPHRASE };

static const struct mlp_opt options[] = {
    [KEY] = {.name = "key", .letter = 'k', .kind = MLP_OPT_FILE, .value = "KEY",
             .help = "private key to sign with"},
    [PASSPHRASE] = {.name = "passphrase-file", .kind = MLP_OPT_FILE, .value = "FILE",
                    .help = "file whose first line opens the key"},
    {0},
};

static const struct mlp_example examples[] = {
    {"Sign a package; its digest stays the same, the signature refers to it.",
     "mlp-package sign --key ci.key flights.mlp"},
    {0},
};

static enum mlp_code run(struct mlp_cmd *cmd, struct mlp_err *e)
{
    struct mlp_key *k;
    const char *path = mlp_opt_text(cmd, KEY);
    if (!path) {
        mlp_err_set(e, MLP_EUSAGE, "no key to sign with");
        return mlp_err_hint(e, "give --key NAME.key; mlp-package keygen NAME makes one");
    }
    enum mlp_code code = load_key(path, mlp_opt_text(cmd, PASSPHRASE), &k, e);
    if (code == MLP_OK)
        code = mlp_package_sign(mlp_operand(cmd, 0, ""), k, e);
    mlp_key_free(k);
    return code;
}

const struct mlp_verb verb_sign = {
    .name = "sign",
    .summary = "sign a package",
    .operands = "PACKAGE",
    .min_operands = 1,
    .max_operands = 1,
    .about = "Attaches a Sigstore bundle with a signed in-toto statement about every file,\n"
             "as OpenSSF model-signing writes it, to an archive or a layout folder. The\n"
             "archive is replaced at once or not at all. A package that the key has signed\n"
             "stays as it is.",
    .opts = options,
    .examples = examples,
    .run = run,
};
