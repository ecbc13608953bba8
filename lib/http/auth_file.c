/* Reading mlp-auth(5) and the file of keys. */
#include "http/auth_file.h"

#include "base/file.h"
#include "base/time.h"
#include "crypt/jws.h"

#include <stdlib.h>

#define FILE_MAX ((size_t)8 << 20)
#define TREE_MAX ((size_t)64 << 20)
#define ID_MAX 64u
#define LEEWAY_MAX 600

static enum mlp_code read_texts(struct mlp_auth *a, const struct mlp_doc *d,
                                const struct mlp_node *list, struct mlp_texts *t,
                                struct mlp_err *e)
{
    size_t n = list && list->type == MLP_DOC_LIST ? list->u.count : list != NULL;
    const struct mlp_node *item = list && list->type == MLP_DOC_LIST ? list->child : list;
    if (!n)
        return MLP_OK;
    struct mlp_str *texts = mlp_arena_array(&a->arena, n, sizeof *texts);
    t->item = texts;
    if (!texts)
        return mlp_err_nomem(e);
    for (; item; item = item == list ? NULL : item->next) {
        if (item->type != MLP_DOC_TEXT || !item->text.n)
            return mlp_node_error(d, item, e, "expected a text, or a list of texts");
        texts[t->n++] = item->text;
    }
    return MLP_OK;
}

static enum mlp_code read_rate(const struct mlp_doc *d, const struct mlp_node *n,
                               struct mlp_rate *rate, struct mlp_err *e)
{
    if (n && !mlp_rate_parse(mlp_node_str(n, ""), rate))
        return mlp_node_error(d, n, e, "expected a rate such as 100/s, 6000/m, 10/h or 1000/d");
    return MLP_OK;
}

/* --- the file of keys --- */

static bool good_id(struct mlp_str id)
{
    for (size_t i = 0; i < id.n; i++) {
        char c = id.p[i];
        bool fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    c == '-' || c == '_';
        if (!fine)
            return false;
    }
    return id.n > 0 && id.n <= ID_MAX;
}

static enum mlp_code read_identity(struct mlp_auth *a, const struct mlp_node *n,
                                   struct mlp_api_key *k, struct mlp_err *e)
{
    const struct mlp_node *digest = mlp_node_get(n, "sha256");
    char text[MLP_DIGEST_TEXT];
    k->id = mlp_node_str(mlp_node_get(n, "id"), "");
    k->salt = mlp_node_str(mlp_node_get(n, "salt"), "");
    if (!good_id(k->id))
        return mlp_node_error(&a->keys_doc, n, e,
                              "a key's id is 1 to 64 letters, digits, \"-\" and \"_\"");
    bool fresh;
    uint64_t *index = mlp_map_put(&a->ids, k->id, &fresh);
    if (!index)
        return mlp_err_nomem(e);
    if (!fresh)
        return mlp_node_error(&a->keys_doc, n, e, "two keys have the id \"%.*s\"",
                              MLP_STR_ARG(k->id));
    *index = (uint64_t)(k - a->keys);
    snprintf(text, sizeof text, "sha256:%.*s", MLP_STR_ARG(mlp_node_str(digest, "")));
    if (!mlp_digest_parse(mlp_str_from(text), k->digest))
        return mlp_node_error(&a->keys_doc, digest ? digest : n, e,
                              "sha256 is no digest: expected 64 hex digits in quotes");
    return MLP_OK;
}

static enum mlp_code read_expiry(const struct mlp_auth *a, const struct mlp_node *n,
                                 struct mlp_api_key *k, struct mlp_err *e)
{
    uint32_t nano;
    k->expires = INT64_MAX;
    if (n && !mlp_time_parse(mlp_node_str(n, ""), &k->expires, &nano))
        return mlp_node_error(&a->keys_doc, n, e, "expected a date such as 2027-01-31");
    return MLP_OK;
}

static enum mlp_code read_key(struct mlp_auth *a, const struct mlp_node *n, struct mlp_api_key *k,
                              struct mlp_err *e)
{
    static const char *const known[] = {"id", "salt", "sha256", "paths", "scopes", "rate",
                                        "burst", "quota", "expires", NULL};
    const struct mlp_doc *d = &a->keys_doc;
    const struct mlp_node *burst = mlp_node_get(n, "burst");
    if (n->type != MLP_DOC_MAP)
        return mlp_node_error(d, n, e, "expected a key: id, salt, sha256");
    enum mlp_code code = mlp_node_known(d, n, known, e);
    if (code == MLP_OK)
        code = read_identity(a, n, k, e);
    if (code == MLP_OK)
        code = read_texts(a, d, mlp_node_get(n, "paths"), &k->paths, e);
    if (code == MLP_OK)
        code = read_texts(a, d, mlp_node_get(n, "scopes"), &k->scopes, e);
    if (code == MLP_OK)
        code = read_rate(d, mlp_node_get(n, "rate"), &k->rate, e);
    if (code == MLP_OK)
        code = read_rate(d, mlp_node_get(n, "quota"), &k->quota, e);
    if (code == MLP_OK)
        code = read_expiry(a, mlp_node_get(n, "expires"), k, e);
    if (code == MLP_OK && burst && (mlp_node_int(burst, 0) < 1 || !k->rate.n))
        return mlp_node_error(d, burst, e, "burst is a number above 0, beside a rate");
    k->rate.burst = burst ? (uint64_t)mlp_node_int(burst, 1) : k->rate.burst;
    return code;
}

/* The files hold no secrets; who may write them decides who is let in. */
static enum mlp_code refuse_writable(const char *path, struct mlp_err *e)
{
    struct mlp_stat st;
    enum mlp_code code = mlp_os_stat(path, false, &st, e);
    if (code != MLP_OK || !st.exists || !(st.mode & 022))
        return code;
    mlp_err_set(e, MLP_ETRUST, "others than its owner may write %s", path);
    return mlp_err_hint(e, "chmod go-w %s", path);
}

static enum mlp_code read_keys(struct mlp_auth *a, const char *path, struct mlp_err *e)
{
    enum mlp_code code = refuse_writable(path, e);
    if (code == MLP_OK)
        code = mlp_doc_load(&a->keys_doc, path, FILE_MAX, e);
    const struct mlp_node *list = a->keys_doc.root;
    if (code != MLP_OK || !list)
        return code;
    if (list->type != MLP_DOC_LIST)
        return mlp_node_error(&a->keys_doc, list, e, "expected a list of keys");
    a->keys = mlp_arena_array(&a->arena, list->u.count + 1, sizeof *a->keys);
    if (!a->keys)
        return mlp_err_nomem(e);
    for (const struct mlp_node *n = list->child; n && code == MLP_OK; n = n->next) {
        a->keys[a->nkeys] = (struct mlp_api_key){0};
        code = read_key(a, n, &a->keys[a->nkeys++], e);
    }
    return code;
}

/* --- the file itself --- */

/* name as it is when absolute, else beside the file. */
static enum mlp_code beside(struct mlp_auth *a, struct mlp_str name, size_t slot,
                            struct mlp_err *e)
{
    const char *slash = strrchr(a->file[0], '/');
    int folder = slash && name.n && name.p[0] != '/' ? (int)(slash - a->file[0]) + 1 : 0;
    int n = snprintf(a->file[slot], sizeof a->file[slot], "%.*s%.*s", folder, a->file[0],
                     MLP_STR_ARG(name));
    if (n < 0 || (size_t)n >= sizeof a->file[slot])
        return mlp_err_set(e, MLP_EINPUT, "path is too long: %.80s...", a->file[slot]);
    return MLP_OK;
}

static enum mlp_code read_jwks(struct mlp_auth *a, struct mlp_str jwks, struct mlp_err *e)
{
    struct mlp_buf b;
    if (a->url)
        return jwks.n ? mlp_jwks_parse(jwks, a->url, &a->jwks, e) : MLP_OK;
    mlp_buf_init(&b, FILE_MAX);
    enum mlp_code code = refuse_writable(a->file[2], e);
    if (code == MLP_OK)
        code = mlp_file_read(a->file[2], &b, e);
    if (code == MLP_OK)
        code = mlp_jwks_parse(mlp_buf_str(&b), a->file[2], &a->jwks, e);
    mlp_buf_fini(&b);
    return code;
}

static enum mlp_code read_algorithms(struct mlp_auth *a, const struct mlp_node *list,
                                     struct mlp_err *e)
{
    struct mlp_texts names = {0};
    enum mlp_jws_algorithm algorithm;
    enum mlp_code code = read_texts(a, &a->doc, list, &names, e);
    for (size_t i = 0; i < names.n && code == MLP_OK; i++) {
        if (!mlp_jws_algorithm(names.item[i], &algorithm))
            return mlp_node_error(&a->doc, list, e, "unknown algorithm \"%.*s\"; RS, PS and ES "
                                  "with 256, 384 or 512, and EdDSA, are known",
                                  MLP_STR_ARG(names.item[i]));
        a->rules.algorithms |= 1u << algorithm;
    }
    return code;
}

static enum mlp_code read_oidc(struct mlp_auth *a, const struct mlp_node *n, struct mlp_err *e)
{
    static const char *const known[] = {"issuer", "audience", "jwks", "ca", "algorithms",
                                        "leeway", NULL};
    const struct mlp_node *leeway = mlp_node_get(n, "leeway");
    struct mlp_str jwks = mlp_node_str(mlp_node_get(n, "jwks"), "");
    struct mlp_texts audiences = {0};
    enum mlp_code code = mlp_node_known(&a->doc, n, known, e);
    if (code == MLP_OK)
        code = read_texts(a, &a->doc, mlp_node_get(n, "audience"), &audiences, e);
    if (code == MLP_OK)
        code = read_algorithms(a, mlp_node_get(n, "algorithms"), e);
    a->rules.issuer = mlp_node_str(mlp_node_get(n, "issuer"), "");
    a->rules.audiences = audiences.item;
    a->rules.naudiences = audiences.n;
    a->rules.leeway_s = mlp_node_int(leeway, 60);
    a->ca = mlp_node_str(mlp_node_get(n, "ca"), NULL).p;
    if (code == MLP_OK && (!a->rules.issuer.n || !audiences.n || !jwks.n))
        return mlp_node_error(&a->doc, n, e, "oidc needs issuer, audience and jwks");
    if (code == MLP_OK && (a->rules.leeway_s < 0 || a->rules.leeway_s > LEEWAY_MAX))
        return mlp_node_error(&a->doc, leeway, e, "leeway is 0 to %d seconds", LEEWAY_MAX);
    if (mlp_str_starts(jwks, "https://") || mlp_str_starts(jwks, "http://"))
        a->url = jwks.p;
    else if (code == MLP_OK)
        code = beside(a, jwks, 2, e);
    a->tokens = true;
    return code;
}

static enum mlp_code read_paths(struct mlp_auth *a, const struct mlp_node *n, struct mlp_err *e)
{
    static const struct mlp_auth_path usual[] = {
        {{"/", 1}, {"mlp:predict", 11}}, {{"/metrics", 8}, {"mlp:metrics", 11}}};
    size_t count = n && n->type == MLP_DOC_MAP ? n->u.count : 2;
    a->paths = mlp_arena_array(&a->arena, count + 1, sizeof *a->paths);
    if (!a->paths)
        return mlp_err_nomem(e);
    if (!n) {
        memcpy(a->paths, usual, sizeof usual);
        a->npaths = 2;
        return MLP_OK;
    }
    if (n->type != MLP_DOC_MAP)
        return mlp_node_error(&a->doc, n, e, "expected paths and the scope that each asks for");
    for (n = n->child; n; n = n->next) {
        if (n->type != MLP_DOC_TEXT || n->key.n == 0 || n->key.p[0] != '/')
            return mlp_node_error(&a->doc, n, e, "expected /PATH: SCOPE");
        a->paths[a->npaths++] = (struct mlp_auth_path){n->key, n->text};
    }
    return MLP_OK;
}

static enum mlp_code read_anonymous(struct mlp_auth *a, const struct mlp_node *n,
                                    struct mlp_err *e)
{
    static const struct mlp_str usual[] = {{"/healthz", 8}, {"/readyz", 7},
                                           {"/v2/health/live", 15}, {"/v2/health/ready", 16},
                                           {"/ping", 5}, {"/health", 7}};
    if (n)
        return read_texts(a, &a->doc, n, &a->anonymous, e);
    a->anonymous = (struct mlp_texts){usual, sizeof usual / sizeof *usual};
    return MLP_OK;
}

static enum mlp_code load_file(struct mlp_auth *a, struct mlp_err *e)
{
    static const char *const known[] = {"keys", "oidc", "paths", "anonymous", NULL};
    enum mlp_code code = refuse_writable(a->file[0], e);
    if (code == MLP_OK)
        code = mlp_doc_load(&a->doc, a->file[0], FILE_MAX, e);
    if (code != MLP_OK)
        return code;
    const struct mlp_node *root = a->doc.root;
    bool is_map = root && root->type == MLP_DOC_MAP;
    if (!is_map || (!mlp_node_get(root, "keys") && !mlp_node_get(root, "oidc")))
        return mlp_node_error(&a->doc, root, e, "nobody is let in: expected keys or oidc");
    return mlp_node_known(&a->doc, root, known, e);
}

static enum mlp_code read_file(struct mlp_auth *a, struct mlp_str jwks, struct mlp_err *e)
{
    enum mlp_code code = load_file(a, e);
    const struct mlp_node *root = a->doc.root, *keys = mlp_node_get(root, "keys");
    const struct mlp_node *oidc = mlp_node_get(root, "oidc");
    if (code == MLP_OK)
        code = read_paths(a, mlp_node_get(root, "paths"), e);
    if (code == MLP_OK)
        code = read_anonymous(a, mlp_node_get(root, "anonymous"), e);
    if (code == MLP_OK && keys)
        code = beside(a, mlp_node_str(keys, ""), 1, e);
    if (code == MLP_OK && keys)
        code = read_keys(a, a->file[1], e);
    if (code == MLP_OK && oidc)
        code = read_oidc(a, oidc, e);
    return code == MLP_OK && oidc ? read_jwks(a, jwks, e) : code;
}

enum mlp_code mlp_auth_load(const char *path, struct mlp_str jwks, struct mlp_auth **out,
                            struct mlp_err *e)
{
    struct mlp_auth *a = calloc(1, sizeof *a);
    *out = NULL;
    if (!a)
        return mlp_err_nomem(e);
    mlp_doc_init(&a->doc, path, TREE_MAX);
    mlp_doc_init(&a->keys_doc, path, TREE_MAX);
    mlp_arena_init(&a->arena, TREE_MAX);
    mlp_map_init(&a->ids, 1, TREE_MAX);
    enum mlp_code code = MLP_OK;
    if (!mlp_str_copy(mlp_str_from(path), a->file[0], sizeof a->file[0]))
        code = mlp_err_set(e, MLP_EINPUT, "path is too long: %.80s...", path);
    if (code == MLP_OK)
        code = read_file(a, jwks, e);
    if (code == MLP_OK)
        *out = a;
    else
        mlp_auth_free(a);
    return code;
}

void mlp_auth_free(struct mlp_auth *a)
{
    if (!a)
        return;
    mlp_jwks_free(a->jwks);
    mlp_doc_fini(&a->doc);
    mlp_doc_fini(&a->keys_doc);
    mlp_map_fini(&a->ids);
    mlp_arena_fini(&a->arena);
    free(a);
}
