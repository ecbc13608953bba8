/* The facts that a policy asks for: signatures and approvals verified, reports read. */
#include "verbs.h"

#include "base/file.h"
#include "base/time.h"

#include <stdlib.h>

#define BLOB_MAX ((size_t)64 << 20)

/* A key that the policy names by a path is looked for beside the policy. */
static void beside(const char *policy_path, struct mlp_str key, char *out, size_t size)
{
    const char *slash = strrchr(policy_path, '/');
    int dir = slash && key.n && key.p[0] != '/' ? (int)(slash - policy_path) + 1 : 0;
    snprintf(out, size, "%.*s%.*s", dir, policy_path, MLP_STR_ARG(key));
}

static enum mlp_code push_text(struct mlp_vec *list, struct mlp_str text, struct mlp_err *e)
{
    struct mlp_str *slot = mlp_vec_push(list);
    if (!slot || !text.p)
        return mlp_err_nomem(e);
    *slot = text;
    return MLP_OK;
}

static enum mlp_code gather_signature(struct subject *s, const char *path, struct mlp_str name,
                                      struct mlp_err *e)
{
    struct mlp_key *key;
    char id[MLP_DIGEST_TEXT];
    enum mlp_code code = mlp_key_load(path, NULL, &key, e);
    if (code != MLP_OK)
        return code;
    struct mlp_err local;
    mlp_err_init(&local);
    /* A signature that does not hold is a fact, not a failure: the policy judges it. */
    code = mlp_package_verify(s->package, key, &local);
    bool holds = code == MLP_OK;
    if (code == MLP_ETRUST)
        code = MLP_OK;
    else if (code != MLP_OK && e)
        *e = local;
    if (holds)
        code = push_text(&s->signatures, name, e);
    if (holds && code == MLP_OK)
        code = mlp_key_id(key, id, e);
    if (holds && code == MLP_OK)
        code = push_text(&s->signatures, mlp_arena_str(&s->arena, mlp_str_from(id)), e);
    mlp_key_free(key);
    return code;
}

static enum mlp_code gather_signatures(struct subject *s, const char *policy_path,
                                       struct mlp_err *e)
{
    enum mlp_code code = MLP_OK;
    for (size_t i = 0; i < mlp_policy_nkeys(s->policy) && code == MLP_OK; i++) {
        char path[4400];
        beside(policy_path, mlp_policy_key(s->policy, i), path, sizeof path);
        code = gather_signature(s, path, mlp_policy_key(s->policy, i), e);
    }
    return code;
}

static enum mlp_code add_report(struct subject *s, struct mlp_str digest, struct mlp_str name,
                                struct mlp_err *e)
{
    struct mlp_buf b;
    struct mlp_report **slot = mlp_vec_push(&s->reports);
    struct mlp_report *r = slot ? malloc(sizeof *r) : NULL;
    if (!r) {
        s->reports.n -= slot ? 1 : 0;
        return mlp_err_nomem(e);
    }
    mlp_report_init(r, "", "");
    *slot = r;
    mlp_buf_init(&b, BLOB_MAX);
    enum mlp_code code = mlp_package_read(s->package, digest, &b, e);
    char source[200];
    snprintf(source, sizeof source, "%.*s", MLP_STR_ARG(name));
    if (code == MLP_OK)
        code = mlp_report_parse(r, mlp_buf_str(&b), source, e);
    mlp_buf_fini(&b);
    return code;
}

/* Reports in the package come first, those attached later after them, so that the newest of a
 * kind is the last. */
static enum mlp_code gather_reports(struct subject *s, struct mlp_err *e)
{
    enum mlp_code code = MLP_OK;
    for (size_t i = 0; i < mlp_package_nlayers(s->package) && code == MLP_OK; i++) {
        const struct mlp_blob *b = mlp_package_layer(s->package, i);
        if (mlp_str_is(b->role, mlp_role_name(MLP_ROLE_REPORT)))
            code = add_report(s, b->digest, b->name, e);
    }
    for (size_t k = 0; k < s->version.referrers.n && code == MLP_OK; k++) {
        struct mlp_str digest = *(struct mlp_str *)mlp_vec_at(&s->version.referrers, k);
        for (size_t i = 0; i < mlp_package_nreferrers(s->package) && code == MLP_OK; i++) {
            const struct mlp_referrer *f = mlp_package_referrer(s->package, i);
            if (mlp_str_eq(f->digest, digest) && mlp_str_is(f->artifact_type, MLP_TYPE_REPORT))
                code = add_report(s, f->blob, digest, e);
        }
    }
    return code;
}

/* The approval that a verified statement holds, if it is one about this package and policy. */
static bool read_approval(struct subject *s, struct mlp_str statement, struct mlp_approval *out)
{
    struct mlp_doc d;
    uint32_t nano;
    mlp_doc_init(&d, "approval", BLOB_MAX);
    bool good = mlp_doc_parse_json(&d, statement, NULL) == MLP_OK;
    const struct mlp_node *subject = mlp_node_at(mlp_node_get(d.root, "subject"), 0);
    const struct mlp_node *p = mlp_node_get(d.root, "predicate");
    struct mlp_str hex = mlp_node_str(mlp_node_path(subject, "digest", "sha256", NULL), "");
    struct mlp_str package = s->version.digest;
    good = good && mlp_str_is(mlp_node_str(mlp_node_get(d.root, "predicateType"), ""),
                              MLP_PREDICATE_APPROVAL);
    good = good && package.n == hex.n + 7 && memcmp(package.p + 7, hex.p, hex.n) == 0;
    good = good && mlp_str_is(mlp_node_str(mlp_node_get(p, "policy"), ""), s->policy_digest);
    good = good && mlp_str_is(mlp_node_str(mlp_node_get(p, "alias"), ""), s->alias);
    good = good && mlp_time_parse(mlp_node_str(mlp_node_get(p, "time"), ""), &out->time, &nano);
    out->actor = mlp_arena_str(&s->arena, mlp_node_str(mlp_node_get(p, "actor"), ""));
    out->role = mlp_arena_str(&s->arena, mlp_node_str(mlp_node_get(p, "role"), ""));
    mlp_doc_fini(&d);
    return good && out->actor.p && out->role.p;
}

/* Every attached bundle that this key signed and that approves. */
static enum mlp_code gather_by_key(struct subject *s, const struct mlp_key *key,
                                   struct mlp_err *e)
{
    char id[MLP_DIGEST_TEXT];
    struct mlp_buf bundle, statement;
    enum mlp_code code = mlp_key_id(key, id, e);
    mlp_buf_init(&bundle, BLOB_MAX);
    mlp_buf_init(&statement, BLOB_MAX);
    for (size_t i = 0; i < mlp_package_nreferrers(s->package) && code == MLP_OK; i++) {
        const struct mlp_referrer *f = mlp_package_referrer(s->package, i);
        struct mlp_approval a = {.signature_holds = true};
        if (!mlp_str_is(f->artifact_type, MLP_TYPE_BUNDLE))
            continue;
        mlp_buf_reset(&bundle);
        mlp_buf_reset(&statement);
        code = mlp_package_read(s->package, f->blob, &bundle, e);
        if (code != MLP_OK || mlp_bundle_verify(key, mlp_buf_str(&bundle), "approval", &statement,
                                                NULL) != MLP_OK)
            continue;
        if (!read_approval(s, mlp_buf_str(&statement), &a))
            continue;
        struct mlp_approval *slot = mlp_vec_push(&s->approvals);
        a.key_id = mlp_arena_str(&s->arena, mlp_str_from(id));
        if (!slot || !a.key_id.p)
            code = mlp_err_nomem(e);
        else
            *slot = a;
    }
    mlp_buf_fini(&bundle);
    mlp_buf_fini(&statement);
    return code;
}

static enum mlp_code gather_approvals(struct subject *s, const char *policy_path,
                                      struct mlp_err *e)
{
    enum mlp_code code = MLP_OK;
    for (size_t i = 0; i < mlp_policy_napprovers(s->policy) && code == MLP_OK; i++) {
        char path[4400];
        struct mlp_key *key = NULL;
        beside(policy_path, mlp_policy_approver(s->policy, i), path, sizeof path);
        code = mlp_key_load(path, NULL, &key, e);
        if (code == MLP_OK)
            code = gather_by_key(s, key, e);
        mlp_key_free(key);
    }
    return code;
}

enum mlp_code gather_facts(struct subject *s, const char *policy_path, struct mlp_err *e)
{
    enum mlp_code code = gather_signatures(s, policy_path, e);
    if (code == MLP_OK)
        code = gather_reports(s, e);
    if (code == MLP_OK)
        code = gather_approvals(s, policy_path, e);
    int64_t now = 0;
    if (code == MLP_OK)
        code = mlp_time_epoch(mlp_os_now_ns() / 1000000000, &now, e);
    const struct mlp_node *config = mlp_package_config(s->package);
    s->facts = (struct mlp_facts){
        .now = now,
        .model = s->version.model,
        .digest = s->version.digest,
        .format = mlp_node_str(mlp_node_path(config, "config", "format", NULL), ""),
        .version = s->version.version,
        .author = s->version.actor,
        .nsignatures = s->signatures.n,
        .signatures = s->signatures.p,
        .nreports = s->reports.n,
        .reports = (const struct mlp_report *const *)s->reports.p,
        .napprovals = s->approvals.n,
        .approvals = s->approvals.p,
    };
    return code;
}
