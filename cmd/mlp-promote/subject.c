#include "verbs.h"

#include "base/file.h"
#include "base/time.h"

#include <stdlib.h>

#define POLICY_MAX ((size_t)1 << 20)
#define REPORT_MAX ((size_t)64 << 20)

enum mlp_code open_registry(const struct mlp_cmd *cmd, struct mlp_registry **r, struct mlp_err *e)
{
    char dir[4096];
    enum mlp_code code =
        mlp_registry_path(mlp_opt_text(cmd, OPT_REGISTRY), dir, sizeof dir, e);
    if (code == MLP_OK)
        code = mlp_registry_open(dir, r, e);
    if (code == MLP_OK)
        mlp_registry_actor(*r, mlp_opt_text(cmd, OPT_ACTOR));
    return code;
}

void add_member(struct mlp_buf *b, const char *name, struct mlp_str value)
{
    mlp_buf_addf(b, "%s\"%s\":", b->n ? "," : "", name);
    mlp_buf_addquoted(b, value);
}

static enum mlp_code load_policy(struct subject *s, const char *path, struct mlp_err *e)
{
    uint8_t digest[MLP_SHA256_BYTES];
    struct mlp_buf b;
    mlp_buf_init(&b, POLICY_MAX);
    enum mlp_code code = mlp_file_read(path, &b, e);
    if (code == MLP_OK)
        code = mlp_sha256(mlp_buf_str(&b), digest, e);
    if (code == MLP_OK)
        code = mlp_doc_parse_yaml(&s->doc, mlp_buf_str(&b), e);
    if (code == MLP_OK)
        code = mlp_policy_parse(&s->doc, &s->policy, e);
    if (code == MLP_OK)
        mlp_digest_text(digest, s->policy_digest);
    mlp_buf_fini(&b);
    return code;
}

static void choose_alias(struct subject *s, const struct mlp_cmd *cmd)
{
    const char *given = mlp_opt_text(cmd, OPT_TO);
    struct mlp_str alias = given ? mlp_str_from(given) : mlp_policy_alias(s->policy);
    mlp_str_copy(alias.n ? alias : MLP_STR("production"), s->alias, sizeof s->alias);
}

enum mlp_code subject_open(struct subject *s, const struct mlp_cmd *cmd, const char *policy_path,
                           struct mlp_err *e)
{
    const struct mlp_version *v;
    memset(s, 0, sizeof *s);
    mlp_arena_init(&s->arena, REPORT_MAX);
    mlp_doc_init(&s->doc, policy_path, POLICY_MAX * 16);
    mlp_vec_init(&s->signatures, sizeof(struct mlp_str));
    mlp_vec_init(&s->approvals, sizeof(struct mlp_approval));
    mlp_vec_init(&s->reports, sizeof(struct mlp_report *));
    enum mlp_code code = load_policy(s, policy_path, e);
    if (code == MLP_OK)
        choose_alias(s, cmd);
    if (code == MLP_OK)
        code = open_registry(cmd, &s->registry, e);
    if (code == MLP_OK)
        code = mlp_registry_resolve(s->registry, cmd->operands[0], &v, e);
    if (code == MLP_OK) {
        s->version = *v;
        code = mlp_registry_package(s->registry, v, &s->package, e);
    }
    if (code == MLP_OK)
        code = gather_facts(s, policy_path, e);
    return code;
}

void subject_close(struct subject *s)
{
    for (size_t i = 0; i < s->reports.n; i++) {
        struct mlp_report *r = *(struct mlp_report **)mlp_vec_at(&s->reports, i);
        mlp_report_fini(r);
        free(r);
    }
    mlp_vec_fini(&s->reports);
    mlp_vec_fini(&s->approvals);
    mlp_vec_fini(&s->signatures);
    mlp_package_close(s->package);
    mlp_registry_close(s->registry);
    mlp_policy_free(s->policy);
    mlp_doc_fini(&s->doc);
    mlp_arena_fini(&s->arena);
}

enum mlp_code subject_decide(struct subject *s, struct mlp_report *verdict, struct mlp_err *e)
{
    enum mlp_code code = mlp_policy_decide(s->policy, &s->facts, verdict, e);
    if (code != MLP_OK)
        return code;
    return verdict->outcome == MLP_FAIL ? MLP_FINDING : MLP_OK;
}

enum mlp_code print_report(const struct mlp_report *r, const char *format, struct mlp_err *e)
{
    struct mlp_buf b;
    enum mlp_report_format f = MLP_REPORT_TEXT;
    mlp_report_format_parse(mlp_str_from(format), &f);
    mlp_buf_init(&b, REPORT_MAX);
    mlp_report_render(r, f, f == MLP_REPORT_TEXT && mlp_colour(1), &b);
    enum mlp_code code = mlp_buf_check(&b, e);
    if (code == MLP_OK)
        code = mlp_file_write("-", mlp_buf_str(&b), 0, e);
    mlp_buf_fini(&b);
    return code;
}
