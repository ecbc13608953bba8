/* Opening a registry, and the writes: each is blobs first, then one event. */
#include "registry/internal.h"

#include "base/file.h"
#include "text/json.h"

#include <stdlib.h>

#define MEMBERS_MAX ((size_t)512 << 10)

enum mlp_code mlp_registry_path(const char *given, char *out, size_t size, struct mlp_err *e)
{
    const char *path = given ? given : mlp_os_env("MLP_REGISTRY");
    int n;
    if (path && path[0]) {
        n = snprintf(out, size, "%s", path);
    } else {
        const char *home = mlp_os_env("HOME");
        if (!home || !home[0]) {
            mlp_err_set(e, MLP_EUSAGE, "no registry is named and HOME is not set");
            return mlp_err_hint(e, "give --registry DIR, or export MLP_REGISTRY=DIR");
        }
        n = snprintf(out, size, "%s/.local/share/mlp/registry", home);
    }
    return n > 0 && (size_t)n < size ? MLP_OK
                                     : mlp_err_set(e, MLP_EINPUT, "registry path is too long");
}

void mlp_registry_actor(struct mlp_registry *r, const char *actor)
{
    char user[128], host[128];
    if (actor) {
        snprintf(r->actor, sizeof r->actor, "%s", actor);
        return;
    }
    mlp_os_user(user, sizeof user);
    mlp_os_host(host, sizeof host);
    snprintf(r->actor, sizeof r->actor, "%s@%s", user, host);
}

const char *mlp_registry_actor_name(const struct mlp_registry *r)
{
    return r->actor;
}

static enum mlp_code registry_new(const char *dir, struct mlp_registry **out, struct mlp_err *e)
{
    struct mlp_registry *r = calloc(1, sizeof *r);
    *out = NULL;
    if (!r)
        return mlp_err_nomem(e);
    r->lock_fd = r->log_fd = -1;
    mlp_arena_init(&r->arena, MLP_LOG_MAX);
    mlp_vec_init(&r->events, sizeof(struct mlp_event));
    mlp_vec_init(&r->versions, sizeof(struct mlp_version));
    mlp_vec_init(&r->aliases, sizeof(struct mlp_alias));
    mlp_registry_actor(r, NULL);
    enum mlp_code code = mlp_sha256_new(&r->sha, e);
    if (code == MLP_OK && !mlp_str_copy(mlp_str_from(dir), r->dir, sizeof r->dir))
        code = mlp_err_set(e, MLP_EINPUT, "registry path is too long");
    if (code != MLP_OK)
        mlp_registry_close(r);
    else
        *out = r;
    return code;
}

void mlp_registry_close(struct mlp_registry *r)
{
    if (!r)
        return;
    mlp_log_end(r);
    for (size_t i = 0; i < r->versions.n; i++) {
        struct mlp_version *v = mlp_vec_at(&r->versions, i);
        mlp_vec_fini(&v->tags);
        mlp_vec_fini(&v->referrers);
    }
    mlp_vec_fini(&r->versions);
    mlp_vec_fini(&r->aliases);
    mlp_vec_fini(&r->events);
    mlp_arena_fini(&r->arena);
    mlp_sha256_free(r->sha);
    free(r);
}

const char *mlp_registry_dir(const struct mlp_registry *r)
{
    return r->dir;
}

/* The event's append is what makes it so: everything before can be repeated. */
static enum mlp_code append(struct mlp_registry *r, const struct mlp_log_entry *entry,
                            struct mlp_err *e)
{
    enum mlp_code code = mlp_log_append(r, entry, e);
    return code == MLP_OK ? MLP_OK : mlp_err_wrap(e, "%s was not recorded", entry->type);
}

/* Folders, oci-layout and an empty log. */
static enum mlp_code make_layout(struct mlp_registry *r, struct mlp_err *e)
{
    char path[4200];
    int fd = -1;
    enum mlp_code code = mlp_registry_file(r, "blobs/sha256", path, sizeof path, e);
    if (code == MLP_OK)
        code = mlp_os_mkdir_all(path, e);
    if (code == MLP_OK)
        code = mlp_registry_file(r, "oci-layout", path, sizeof path, e);
    if (code == MLP_OK)
        code = mlp_file_write(path, MLP_STR(MLP_OCI_LAYOUT), 0, e);
    if (code == MLP_OK)
        code = mlp_registry_file(r, "log.ndjson", path, sizeof path, e);
    if (code == MLP_OK)
        code = mlp_os_open(path, MLP_OPEN_APPEND, &fd, e);
    if (code != MLP_OK)
        return code;
    mlp_os_close(fd, NULL);
    return mlp_os_fsync_parent(path, e);
}

static enum mlp_code refuse_existing(struct mlp_registry *r, struct mlp_err *e)
{
    char path[4200];
    struct mlp_stat st = {0};
    enum mlp_code code = mlp_registry_file(r, "log.ndjson", path, sizeof path, e);
    if (code == MLP_OK)
        code = mlp_os_stat(path, false, &st, e);
    if (code == MLP_OK && st.size > 0)
        code = mlp_err_set(e, MLP_ENOTFOUND, "%s is a registry already", r->dir);
    return code;
}

enum mlp_code mlp_registry_init(const char *dir, const char *actor, struct mlp_err *e)
{
    struct mlp_registry *r;
    enum mlp_code code = registry_new(dir, &r, e);
    if (code != MLP_OK)
        return code;
    if (actor)
        mlp_registry_actor(r, actor);
    code = refuse_existing(r, e);
    if (code == MLP_OK)
        code = make_layout(r, e);
    if (code == MLP_OK)
        code = mlp_log_begin(r, e);
    /* Two at once: the second finds the first one's event. */
    if (code == MLP_OK && r->events.n == 0)
        code = append(r, &(struct mlp_log_entry){.type = "init"}, e);
    mlp_registry_close(r);
    return code;
}

enum mlp_code mlp_registry_open(const char *dir, struct mlp_registry **out, struct mlp_err *e)
{
    struct mlp_registry *r;
    enum mlp_code code = registry_new(dir, &r, e);
    if (code != MLP_OK)
        return code;
    code = mlp_log_replay(r, e);
    if (code == MLP_ENOTFOUND)
        mlp_err_hint(e, "mlp-register init --registry %s makes a registry there", dir);
    if (code == MLP_OK)
        *out = r;
    else
        mlp_registry_close(r);
    return code;
}

/* ---- names */

/* Lower-case letters, digits and "-_." (upper-case too where `upper`), not starting with "-_.". */
static bool name_chars(struct mlp_str s, bool upper)
{
    static const char first[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    static const char later[] = "-_.";
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (upper && c >= 'A' && c <= 'Z')
            continue;
        if (c == '\0' || !(strchr(first, c) || (i > 0 && strchr(later, c))))
            return false;
    }
    return s.n > 0 && s.n <= 128;
}

static enum mlp_code check_model_name(struct mlp_str s, struct mlp_err *e)
{
    if (name_chars(s, false))
        return MLP_OK;
    return mlp_err_set(e, MLP_EUSAGE, "model name \"%.*s\": expected a-z, 0-9, '-', '_', '.'",
                       MLP_STR_ARG(s));
}

/* An alias must not look like a version: name@3, name@v3 and name@latest have meanings. */
static enum mlp_code check_alias_name(struct mlp_str s, struct mlp_err *e)
{
    uint64_t number;
    struct mlp_str digits = s.n > 1 && s.p[0] == 'v' ? (struct mlp_str){s.p + 1, s.n - 1} : s;
    if (name_chars(s, true) && !mlp_str_u64(digits, &number) && !mlp_str_is(s, "latest"))
        return MLP_OK;
    mlp_err_set(e, MLP_EUSAGE, "alias \"%.*s\" cannot be used", MLP_STR_ARG(s));
    return mlp_err_hint(e, "letters, digits, '-', '_' and '.', but no number, vN or latest");
}

/* ---- add */

static const struct mlp_version *same_digest(const struct mlp_registry *r, struct mlp_str model,
                                             struct mlp_str digest, uint64_t *next)
{
    const struct mlp_version *found = NULL;
    *next = 1;
    for (size_t i = 0; i < r->versions.n; i++) {
        const struct mlp_version *v = mlp_vec_at(&r->versions, i);
        if (!mlp_str_eq(v->model, model))
            continue;
        if (v->version >= *next)
            *next = v->version + 1;
        if (mlp_str_eq(v->digest, digest))
            found = v;
    }
    return found;
}

/* "referrers":"sha256:... sha256:..." for what the package brings with it. */
static void add_referrers(struct mlp_buf *b, const struct mlp_package *p)
{
    size_t n = mlp_package_nreferrers(p);
    if (n == 0)
        return;
    mlp_buf_adds(b, "\"referrers\":\"");
    for (size_t i = 0; i < n; i++)
        mlp_buf_addf(b, "%s%.*s", i ? " " : "",
                     MLP_STR_ARG(mlp_package_referrer(p, i)->digest));
    mlp_buf_addc(b, '"');
}

static enum mlp_code record_add(struct mlp_registry *r, const struct mlp_package *p,
                                struct mlp_str model, uint64_t *version, struct mlp_err *e)
{
    struct mlp_buf members;
    mlp_buf_init(&members, MEMBERS_MAX);
    enum mlp_code code = mlp_log_begin(r, e);
    const struct mlp_version *v =
        code == MLP_OK ? same_digest(r, model, mlp_package_digest(p), version) : NULL;
    if (v) {
        *version = v->version;
    } else if (code == MLP_OK) {
        add_referrers(&members, p);
        struct mlp_log_entry entry = {"add", model, *version, mlp_package_digest(p),
                                      mlp_buf_str(&members)};
        code = mlp_buf_check(&members, e);
        if (code == MLP_OK)
            code = append(r, &entry, e);
    }
    mlp_log_end(r);
    mlp_buf_fini(&members);
    return code;
}

enum mlp_code mlp_registry_add(struct mlp_registry *r, const char *package_path, const char *name,
                               const struct mlp_key *key, uint64_t *version, struct mlp_err *e)
{
    struct mlp_package *p;
    enum mlp_code code = mlp_package_open(package_path, &p, e);
    if (code != MLP_OK)
        return code;
    struct mlp_str model = name ? mlp_str_from(name) : mlp_package_name(p);
    code = check_model_name(model, e);
    if (code == MLP_OK)
        code = mlp_package_verify(p, key, e);
    if (code == MLP_OK)
        code = mlp_package_copy(p, r->dir, e);
    if (code == MLP_OK)
        code = record_add(r, p, model, version, e);
    mlp_package_close(p);
    return code;
}

/* ---- aliases, tags, evidence */

static enum mlp_code check_expected(const struct mlp_registry *r, struct mlp_str model,
                                    struct mlp_str alias, uint64_t expect, struct mlp_err *e)
{
    const struct mlp_alias *a = mlp_registry_alias(r, model, alias);
    uint64_t now = a ? a->seq : 0;
    if (expect == MLP_ANY_SEQ || expect == now)
        return MLP_OK;
    const struct mlp_event *by = now ? mlp_registry_event(r, now - 1) : NULL;
    mlp_err_set(e, MLP_ENOTFOUND, "alias %.*s was changed by %.*s (event %llu, expected %llu)",
                MLP_STR_ARG(alias), by ? (int)by->actor.n : 6, by ? by->actor.p : "nobody",
                (unsigned long long)now, (unsigned long long)expect);
    return mlp_err_hint(e, "look at mlp-register log, then decide again");
}

static void add_member(struct mlp_buf *b, const char *name, struct mlp_str value)
{
    mlp_buf_addf(b, "%s\"%s\":", b->n ? "," : "", name);
    mlp_buf_addquoted(b, value);
}

static enum mlp_code record_alias(struct mlp_registry *r, struct mlp_str model, uint64_t version,
                                  struct mlp_str members, struct mlp_err *e)
{
    const struct mlp_version *v = NULL;
    char ref[200];
    if (version) {
        snprintf(ref, sizeof ref, "%.*s@%llu", MLP_STR_ARG(model), (unsigned long long)version);
        enum mlp_code code = mlp_registry_resolve(r, ref, &v, e);
        if (code != MLP_OK)
            return code;
    }
    struct mlp_log_entry entry = {"alias", model, version, {NULL, 0}, members};
    if (v)
        entry.digest = v->digest;
    return append(r, &entry, e);
}

enum mlp_code mlp_registry_set_alias(struct mlp_registry *r, const struct mlp_alias_change *c,
                                     struct mlp_err *e)
{
    struct mlp_buf members;
    struct mlp_str name = mlp_str_from(c->alias);
    enum mlp_code code = check_alias_name(name, e);
    if (code != MLP_OK)
        return code;
    mlp_buf_init(&members, MEMBERS_MAX);
    add_member(&members, "alias", name);
    if (c->reason)
        add_member(&members, "reason", mlp_str_from(c->reason));
    code = mlp_log_begin(r, e);
    if (code == MLP_OK)
        code = check_expected(r, c->model, name, c->expect_seq, e);
    if (code == MLP_OK && c->version == 0 && !mlp_registry_alias(r, c->model, name))
        code = mlp_err_set(e, MLP_ENOTFOUND, "model \"%.*s\" has no alias %s",
                           MLP_STR_ARG(c->model), c->alias);
    if (code == MLP_OK)
        code = record_alias(r, c->model, c->version, mlp_buf_str(&members), e);
    mlp_log_end(r);
    mlp_buf_fini(&members);
    return code;
}

enum mlp_code mlp_registry_note(struct mlp_registry *r, const char *type,
                                const struct mlp_version *v, struct mlp_str extra_members,
                                struct mlp_err *e)
{
    /* v may move when the log is replayed: keep what is needed of it. */
    struct mlp_log_entry entry = {type, v->model, v->version, v->digest, extra_members};
    enum mlp_code code = mlp_log_begin(r, e);
    if (code == MLP_OK)
        code = append(r, &entry, e);
    mlp_log_end(r);
    return code;
}

enum mlp_code mlp_registry_set_tag(struct mlp_registry *r, const struct mlp_version *v,
                                   const char *key, const char *value, struct mlp_err *e)
{
    struct mlp_buf members;
    if (!key[0] || strlen(key) > 250)
        return mlp_err_set(e, MLP_EUSAGE, "a tag needs a key of 1 to 250 bytes");
    mlp_buf_init(&members, MEMBERS_MAX);
    add_member(&members, "key", mlp_str_from(key));
    if (value)
        add_member(&members, "value", mlp_str_from(value));
    enum mlp_code code = mlp_buf_check(&members, e);
    if (code == MLP_OK)
        code = mlp_registry_note(r, "tag", v, mlp_buf_str(&members), e);
    mlp_buf_fini(&members);
    return code;
}

enum mlp_code mlp_registry_attach(struct mlp_registry *r, const struct mlp_version *v,
                                  const char *artifact_type, struct mlp_str evidence,
                                  struct mlp_err *e)
{
    char digest[MLP_DIGEST_TEXT];
    struct mlp_buf members;
    struct mlp_log_entry entry = {"attach", v->model, v->version, v->digest, {NULL, 0}};
    mlp_buf_init(&members, MEMBERS_MAX);
    /* Under the lock, since attaching rewrites index.json of the layout. */
    enum mlp_code code = mlp_log_begin(r, e);
    if (code == MLP_OK)
        code = mlp_package_attach(r->dir, entry.digest, artifact_type, evidence, digest, e);
    if (code == MLP_OK) {
        add_member(&members, "artifactType", mlp_str_from(artifact_type));
        add_member(&members, "referrers", mlp_str_from(digest));
        entry.members = mlp_buf_str(&members);
        code = append(r, &entry, e);
    }
    mlp_log_end(r);
    mlp_buf_fini(&members);
    return code;
}

void mlp_registry_mend(struct mlp_registry *r)
{
    if (mlp_index_look(r) == MLP_INDEX_CURRENT)
        return;
    mlp_log_begin(r, NULL);
    mlp_log_end(r);
}

enum mlp_code mlp_registry_package(struct mlp_registry *r, const struct mlp_version *v,
                                   struct mlp_package **p, struct mlp_err *e)
{
    struct mlp_str digest = v->digest; /* v may move when mending replays the log */
    /* Evidence is found through index.json. */
    mlp_registry_mend(r);
    return mlp_package_open_digest(r->dir, digest, p, e);
}
