#include "verbs.h"

#include "base/time.h"

enum { OPT_POLICY = OPT_FIRST_OWN, OPT_KEY, OPT_ROLE, OPT_REASON };

static const struct mlp_opt opts[] = {
    COMMON_OPTIONS,
    [OPT_POLICY] = POLICY_OPTION,
    [OPT_KEY] = {"key", 'k', MLP_OPT_FILE, "KEY", "private key of the one who approves", NULL,
                 NULL, false},
    [OPT_ROLE] = {"role", 0, MLP_OPT_TEXT, "ROLE", "in which role", NULL, "", false},
    [OPT_REASON] = {"reason", 'm', MLP_OPT_TEXT, "TEXT", "why, for the log", NULL, "", false},
    {0},
};

#define STATEMENT_MAX ((size_t)1 << 20)

/* An in-toto statement v1 about the package's manifest: who approves what under which policy. */
static void write_statement(const struct subject *s, const struct mlp_cmd *cmd, const char *actor,
                            struct mlp_buf *b)
{
    char time[32];
    struct mlp_buf predicate;
    mlp_time_format(s->facts.now, time);
    mlp_buf_init(&predicate, STATEMENT_MAX);
    add_member(&predicate, "alias", mlp_str_from(s->alias));
    add_member(&predicate, "policy", mlp_str_from(s->policy_digest));
    add_member(&predicate, "actor", mlp_str_from(actor));
    add_member(&predicate, "role", mlp_str_from(mlp_opt_text(cmd, OPT_ROLE)));
    add_member(&predicate, "reason", mlp_str_from(mlp_opt_text(cmd, OPT_REASON)));
    add_member(&predicate, "time", mlp_str_from(time));
    mlp_buf_addf(b,
                 "{\"_type\":\"https://in-toto.io/Statement/v1\",\"subject\":[{\"name\":"
                 "\"%.*s@%llu\",\"digest\":{\"sha256\":\"%s\"}}],\"predicateType\":\"%s\","
                 "\"predicate\":{%s}}",
                 MLP_STR_ARG(s->version.model), (unsigned long long)s->version.version,
                 s->version.digest.p + strlen("sha256:"), MLP_PREDICATE_APPROVAL,
                 predicate.p ? predicate.p : "");
    b->failed = b->failed || predicate.failed;
    mlp_buf_fini(&predicate);
}

static enum mlp_code approve(struct subject *s, const struct mlp_cmd *cmd,
                             const struct mlp_key *key, struct mlp_err *e)
{
    char actor[300], id[MLP_DIGEST_TEXT], digest[MLP_DIGEST_TEXT];
    struct mlp_buf statement, bundle, members;
    mlp_buf_init(&statement, STATEMENT_MAX);
    mlp_buf_init(&bundle, STATEMENT_MAX * 4);
    mlp_buf_init(&members, STATEMENT_MAX);
    snprintf(actor, sizeof actor, "%s", mlp_registry_actor_name(s->registry));
    /* The digest as text, NUL-terminated for the statement. */
    mlp_str_copy(s->version.digest, digest, sizeof digest);
    s->version.digest.p = digest;
    write_statement(s, cmd, actor, &statement);
    enum mlp_code code = mlp_buf_check(&statement, e);
    if (code == MLP_OK)
        code = mlp_key_id(key, id, e);
    if (code == MLP_OK)
        code = mlp_bundle_sign(key, mlp_buf_str(&statement), &bundle, e);
    if (code == MLP_OK)
        code = mlp_registry_attach(s->registry, &s->version, MLP_TYPE_BUNDLE,
                                   mlp_buf_str(&bundle), e);
    if (code == MLP_OK) {
        add_member(&members, "alias", mlp_str_from(s->alias));
        add_member(&members, "policy", mlp_str_from(s->policy_digest));
        add_member(&members, "key", mlp_str_from(id));
        add_member(&members, "role", mlp_str_from(mlp_opt_text(cmd, OPT_ROLE)));
        add_member(&members, "reason", mlp_str_from(mlp_opt_text(cmd, OPT_REASON)));
        code = mlp_registry_note(s->registry, "approve", &s->version, mlp_buf_str(&members), e);
    }
    mlp_buf_fini(&members);
    mlp_buf_fini(&bundle);
    mlp_buf_fini(&statement);
    return code;
}

static enum mlp_code run(struct mlp_cmd *cmd, struct mlp_err *e)
{
    struct subject s;
    struct mlp_key *key = NULL;
    const char *path = mlp_opt_text(cmd, OPT_KEY);
    if (!path) {
        mlp_err_set(e, MLP_EUSAGE, "an approval is signed: --key KEY is needed");
        return mlp_err_hint(e, "mlp-package keygen NAME makes a key pair");
    }
    enum mlp_code code = subject_open(&s, cmd, mlp_opt_text(cmd, OPT_POLICY), e);
    if (code == MLP_OK)
        code = mlp_key_load(path, NULL, &key, e);
    if (code == MLP_OK)
        code = approve(&s, cmd, key, e);
    if (code == MLP_OK)
        fprintf(stderr, "mlp-promote: approved %.*s@%llu for %s\n", MLP_STR_ARG(s.version.model),
                (unsigned long long)s.version.version, s.alias);
    mlp_key_free(key);
    subject_close(&s);
    return code;
}

static const struct mlp_example examples[] = {
    {"Approve with one's own key.",
     "mlp-promote approve --registry registry --policy policy.yaml --key alice.key "
     "--actor alice flights@1"},
    {0},
};

const struct mlp_verb verb_approve = {
    .name = "approve",
    .summary = "sign an approval and attach it to the version",
    .operands = "MODEL@REF",
    .min_operands = 1,
    .max_operands = 1,
    .about = "Signs an in-toto statement that names the package's digest, the policy's digest and\n"
             "the alias, and attaches it. An approval counts only under the very policy that it\n"
             "was given for, by a key that the policy names, from somebody who did not register\n"
             "the version when the policy says not_author.",
    .opts = opts,
    .examples = examples,
    .run = run,
};
