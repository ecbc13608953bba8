/* mlp-package keygen: a key pair. */
#include "verbs.h"

#include "base/file.h"

enum { TYPE, PASSPHRASE, FORCE };

static const struct mlp_opt options[] = {
    [TYPE] = {.name = "type", .letter = 't', .kind = MLP_OPT_CHOICE, .value = "TYPE",
              .choices = "p256|ed25519", .fallback = "p256",
              .help = "kind of key; OpenSSF model-signing and cosign read p256"},
    [PASSPHRASE] = {.name = "passphrase-file", .kind = MLP_OPT_FILE, .value = "FILE",
                    .help = "encrypt the private key with the first line of FILE"},
    [FORCE] = {.name = "force", .letter = 'f', .help = "replace keys that are there"},
    {0},
};

static const struct mlp_example examples[] = {
    {"Make a key for the build server: ci.key to sign, ci.pub to check.",
     "mlp-package keygen ci --force"},
    {0},
};

static enum mlp_code refuse_old(const char *path, bool force, struct mlp_err *e)
{
    struct mlp_stat st;
    enum mlp_code code = mlp_os_stat(path, true, &st, e);
    if (code != MLP_OK || force || !st.exists)
        return code;
    mlp_err_set(e, MLP_ENOTFOUND, "%s exists", path);
    return mlp_err_hint(e, "a lost key cannot be had back: --force replaces it");
}

static enum mlp_code write_keys(const struct mlp_key *k, const char *passphrase,
                                const char *private_path, const char *public_path,
                                struct mlp_err *e)
{
    struct mlp_buf secret, shown;
    mlp_buf_init(&secret, 65536);
    mlp_buf_init(&shown, 65536);
    enum mlp_code code = mlp_key_private_pem(k, passphrase, &secret, e);
    if (code == MLP_OK)
        code = mlp_key_public_pem(k, &shown, e);
    if (code == MLP_OK)
        code = mlp_file_write(private_path, mlp_buf_str(&secret), 0600, e);
    if (code == MLP_OK)
        code = mlp_file_write(public_path, mlp_buf_str(&shown), 0, e);
    if (secret.p)
        memset(secret.p, 0, secret.n);
    mlp_buf_fini(&secret);
    mlp_buf_fini(&shown);
    return code;
}

static enum mlp_code make_keys(const struct mlp_cmd *cmd, const char *passphrase,
                               const char *private_path, const char *public_path,
                               struct mlp_err *e)
{
    struct mlp_key *k;
    char id[MLP_DIGEST_TEXT];
    bool ed25519 = strcmp(mlp_opt_text(cmd, TYPE), "ed25519") == 0;
    enum mlp_code code = mlp_key_generate(ed25519 ? MLP_KEY_ED25519 : MLP_KEY_P256, &k, e);
    if (code != MLP_OK)
        return code;
    code = write_keys(k, passphrase, private_path, public_path, e);
    if (code == MLP_OK)
        code = mlp_key_id(k, id, e);
    if (code == MLP_OK)
        printf("%s\n", id);
    mlp_key_free(k);
    return code;
}

static enum mlp_code run(struct mlp_cmd *cmd, struct mlp_err *e)
{
    char private_path[4096], public_path[4096];
    const char *name = mlp_operand(cmd, 0, "");
    const char *passphrase_file = mlp_opt_text(cmd, PASSPHRASE);
    struct mlp_buf pass;
    if (strlen(name) > sizeof private_path - 8)
        return mlp_err_set(e, MLP_EUSAGE, "the name is too long");
    snprintf(private_path, sizeof private_path, "%s.key", name);
    snprintf(public_path, sizeof public_path, "%s.pub", name);
    mlp_buf_init(&pass, 4096);
    enum mlp_code code = refuse_old(private_path, mlp_opt_flag(cmd, FORCE), e);
    if (code == MLP_OK)
        code = refuse_old(public_path, mlp_opt_flag(cmd, FORCE), e);
    if (code == MLP_OK && passphrase_file)
        code = load_passphrase(passphrase_file, &pass, e);
    if (code == MLP_OK)
        code = make_keys(cmd, passphrase_file ? pass.p : NULL, private_path, public_path, e);
    mlp_buf_fini(&pass);
    return code;
}

const struct mlp_verb verb_keygen = {
    .name = "keygen",
    .summary = "make a key pair for signing",
    .operands = "NAME",
    .min_operands = 1,
    .max_operands = 1,
    .about = "Writes NAME.key (PKCS#8 PEM, readable by its owner only) and NAME.pub, and\n"
             "prints the key's id: the SHA-256 of the public key in DER.",
    .opts = options,
    .examples = examples,
    .run = run,
};
