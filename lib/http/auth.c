#include "http/auth_file.h"

#include "base/os.h"

#include <strings.h>

#define SECRET_BYTES 32u
#define SALT_BYTES 16u

const char *mlp_auth_jwks_url(const struct mlp_auth *a)
{
    return a->url;
}

const char *mlp_auth_jwks_ca(const struct mlp_auth *a)
{
    return a->ca;
}

const char *mlp_auth_file(const struct mlp_auth *a, size_t i)
{
    size_t at = 0;
    for (; at < 3; at++)
        if (a->file[at][0] && i-- == 0)
            return a->file[at];
    return NULL;
}

bool mlp_path_within(struct mlp_str path, struct mlp_str prefix)
{
    if (prefix.n && prefix.p[prefix.n - 1] == '/')
        prefix.n--;
    return path.n >= prefix.n && memcmp(path.p, prefix.p, prefix.n) == 0 &&
           (path.n == prefix.n || path.p[prefix.n] == '/');
}

static bool holds(const struct mlp_texts *t, struct mlp_str text)
{
    for (size_t i = 0; i < t->n; i++)
        if (mlp_str_eq(t->item[i], text))
            return true;
    return false;
}

/* The scope of the longest path that holds this one. */
static struct mlp_str scope_of(const struct mlp_auth *a, struct mlp_str path)
{
    const struct mlp_auth_path *best = NULL;
    for (size_t i = 0; i < a->npaths; i++)
        if (mlp_path_within(path, a->paths[i].path) &&
            (!best || a->paths[i].path.n > best->path.n))
            best = &a->paths[i];
    return best ? best->scope : (struct mlp_str){0};
}

/* --- keys --- */

static bool right_secret(const struct mlp_api_key *k, struct mlp_str secret)
{
    char text[512];
    uint8_t digest[MLP_SHA256_BYTES];
    if (k->salt.n + secret.n > sizeof text)
        return false;
    memcpy(text, k->salt.p, k->salt.n);
    memcpy(text + k->salt.n, secret.p, secret.n);
    struct mlp_str both = {text, k->salt.n + secret.n};
    return mlp_sha256(both, digest, NULL) == MLP_OK &&
           mlp_bytes_equal(digest, k->digest, sizeof digest);
}

/* Keys of clients without scopes in the file may predict. */
static bool may(const struct mlp_api_key *k, struct mlp_str path, struct mlp_str scope)
{
    bool there = k->paths.n == 0;
    for (size_t i = 0; i < k->paths.n && !there; i++)
        there = mlp_path_within(path, k->paths.item[i]);
    if (!there || scope.n == 0)
        return there;
    return k->scopes.n ? holds(&k->scopes, scope) : mlp_str_is(scope, "mlp:predict");
}

static enum mlp_auth_verdict check_key(const struct mlp_auth *a, struct mlp_str key,
                                       struct mlp_str path, int64_t now_s,
                                       struct mlp_auth_who *who)
{
    size_t dot = mlp_str_find(key, '.');
    struct mlp_str id = {key.p, dot}, secret = {key.p + dot + 1, key.n - dot - (dot < key.n)};
    const uint64_t *index = dot < key.n ? mlp_map_get(&a->ids, id) : NULL;
    const struct mlp_api_key *k = index ? &a->keys[*index] : NULL;
    who->why = "the key is not known";
    if (!k || !right_secret(k, secret))
        return MLP_AUTH_BAD;
    who->why = "the key has expired";
    if (now_s >= k->expires)
        return MLP_AUTH_BAD;
    memcpy(who->client, "key:", 4);
    memcpy(who->client + 4, k->id.p, k->id.n);
    who->client[4 + k->id.n] = 0;
    who->rate = k->rate;
    who->quota = k->quota;
    who->why = "the key may not do this";
    return may(k, path, who->scope) ? MLP_AUTH_KNOWN : MLP_AUTH_DENIED;
}

/* --- tokens --- */

static enum mlp_auth_verdict check_token(const struct mlp_auth *a, struct mlp_str token,
                                         int64_t now_s, struct mlp_auth_who *who)
{
    struct mlp_jwt t;
    who->why = "tokens are not accepted here";
    if (!a->tokens)
        return MLP_AUTH_BAD;
    enum mlp_jwt_fault fault = mlp_jwt_check(a->jwks, &a->rules, token, who->scope, now_s, &t);
    who->why = mlp_jwt_words(fault);
    if (fault)
        return fault == MLP_JWT_KEY ? MLP_AUTH_STALE : MLP_AUTH_BAD;
    snprintf(who->client, sizeof who->client, "sub:%s", t.subject);
    who->why = "the token lacks the scope";
    return t.granted ? MLP_AUTH_KNOWN : MLP_AUTH_DENIED;
}

/* The one credential of a request; false when there are several, or one in another form. */
static bool credential(const struct mlp_http_request *r, struct mlp_str *secret)
{
    unsigned n = 0;
    *secret = (struct mlp_str){0};
    for (size_t i = 0; i < r->nfields; i++) {
        struct mlp_str name = r->fields[i].name, value = r->fields[i].value;
        bool bearer = name.n == 13 && strncasecmp(name.p, "authorization", 13) == 0;
        if (!bearer && !(name.n == 9 && strncasecmp(name.p, "x-api-key", 9) == 0))
            continue;
        if (bearer && (value.n < 8 || strncasecmp(value.p, "bearer ", 7) != 0))
            return false;
        *secret = mlp_str_trim(bearer ? (struct mlp_str){value.p + 7, value.n - 7} : value);
        n++;
    }
    return n == 0 || (n == 1 && secret->n);
}

enum mlp_auth_verdict mlp_auth_check(const struct mlp_auth *a, const struct mlp_http_request *r,
                                     int64_t now_s, struct mlp_auth_who *who)
{
    struct mlp_str secret;
    who->client[0] = 0;
    who->rate = who->quota = (struct mlp_rate){0};
    who->why = "a key or a token is needed";
    if (holds(&a->anonymous, r->path)) {
        who->scope = (struct mlp_str){0};
        return MLP_AUTH_ANYBODY;
    }
    who->scope = scope_of(a, r->path);
    if (!credential(r, &secret)) {
        who->why = "send one key or token: Authorization: Bearer, or X-API-Key";
        return MLP_AUTH_BAD;
    }
    if (!secret.p)
        return MLP_AUTH_MISSING;
    size_t dot = mlp_str_find(secret, '.');
    struct mlp_str rest = {secret.p + dot, secret.n - dot};
    bool token = rest.n && memchr(rest.p + 1, '.', rest.n - 1) != NULL;
    return token ? check_token(a, secret, now_s, who)
                 : check_key(a, secret, r->path, now_s, who);
}

/* --- making keys --- */

enum mlp_code mlp_auth_keygen(const char *id, struct mlp_buf *secret, struct mlp_buf *entry,
                              struct mlp_err *e)
{
    uint8_t random[SECRET_BYTES], salt[SALT_BYTES], digest[MLP_SHA256_BYTES];
    struct mlp_buf text;
    size_t n = strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");
    if (n == 0 || n > 64 || id[n])
        return mlp_err_set(e, MLP_EUSAGE,
                           "a key's id is 1 to 64 letters, digits, \"-\" and \"_\"");
    enum mlp_code code = mlp_os_random(random, sizeof random, e);
    if (code == MLP_OK)
        code = mlp_os_random(salt, sizeof salt, e);
    if (code != MLP_OK)
        return code;
    mlp_buf_init(&text, 256);
    mlp_hex_add(&text, salt, sizeof salt);
    mlp_buf_addf(secret, "%s.", id);
    mlp_buf_addf(entry, "- id: \"%s\"\n  salt: \"%s\"\n  sha256: \"", id, text.p ? text.p : "");
    size_t at = text.n;
    mlp_hex_add(&text, random, sizeof random);
    code = mlp_buf_check(&text, e);
    if (code == MLP_OK)
        code = mlp_sha256(mlp_buf_str(&text), digest, e);
    if (code == MLP_OK) {
        mlp_buf_add(secret, text.p + at, text.n - at);
        mlp_buf_addc(secret, '\n');
        mlp_hex_add(entry, digest, sizeof digest);
        mlp_buf_adds(entry, "\"\n");
        code = mlp_buf_check(entry, e);
    }
    mlp_buf_fini(&text);
    return code;
}
