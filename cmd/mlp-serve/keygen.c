/* mlp-serve keygen: an API key for a client. */
#include "verbs.h"

#include "base/file.h"
#include "http/auth.h"

enum { OUT, FORCE };

static const struct mlp_opt options[] = {
    [OUT] = {.name = "output", .letter = 'o', .kind = MLP_OPT_FILE, .value = "FILE",
             .help = "where the key goes, readable by its owner only (default: ID.key)"},
    [FORCE] = {.name = "force", .letter = 'f', .help = "replace a key that is there"},
    {0},
};

static const struct mlp_example examples[] = {
    {"Let a client in: it gets billing.key, the server reads keys.yaml.",
     "mlp-serve keygen billing --force >>keys.yaml"},
    {0},
};

static enum mlp_code refuse_old(const char *path, bool force, struct mlp_err *e)
{
    struct mlp_stat st;
    enum mlp_code code = mlp_os_stat(path, true, &st, e);
    if (code != MLP_OK || force || !st.exists)
        return code;
    mlp_err_set(e, MLP_ENOTFOUND, "%s exists", path);
    return mlp_err_hint(e, "its client uses it: --force replaces it");
}

static enum mlp_code run(struct mlp_cmd *cmd, struct mlp_err *e)
{
    char path[4096];
    struct mlp_buf secret, entry;
    const char *id = mlp_operand(cmd, 0, ""), *out = mlp_opt_text(cmd, OUT);
    if (!out && strlen(id) > 64)
        return mlp_err_set(e, MLP_EUSAGE, "a key's id has at most 64 letters");
    snprintf(path, sizeof path, "%s%s", out ? out : id, out ? "" : ".key");
    mlp_buf_init(&secret, 1024);
    mlp_buf_init(&entry, 1024);
    enum mlp_code code = mlp_auth_keygen(id, &secret, &entry, e);
    if (code == MLP_OK)
        code = refuse_old(path, mlp_opt_flag(cmd, FORCE), e);
    if (code == MLP_OK)
        code = mlp_file_write(path, mlp_buf_str(&secret), 0600, e);
    if (code == MLP_OK)
        fputs(entry.p, stdout);
    if (secret.p)
        memset(secret.p, 0, secret.n);
    mlp_buf_fini(&secret);
    mlp_buf_fini(&entry);
    return code;
}

const struct mlp_verb verb_keygen = {
    .name = "keygen",
    .summary = "make an API key for a client of the server",
    .operands = "ID",
    .min_operands = 1,
    .max_operands = 1,
    .about = "Writes ID.key for the client, who sends its one line as \"Authorization: Bearer\"\n"
             "or as \"X-API-Key\", and prints the entry for the server's file of keys\n"
             "(mlp-auth(5)): its SHA-256 digest, not the key. Rates, quotas, paths and the date\n"
             "on which it expires may be added to the entry.",
    .opts = options,
    .examples = examples,
    .run = run,
};
