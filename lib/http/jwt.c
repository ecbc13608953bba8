#include "http/jwt.h"

#include "crypt/jws.h"
#include "text/doc.h"

#include <stdlib.h>

#define MOST_KEYS 100u
#define TREE_MAX ((size_t)1 << 20)
#define BIG_NUMBER 2048u

struct key {
    struct mlp_jws_key *key;
    char *kid;                        /* NULL: it has none */
    bool bound;                       /* "alg" says which one alone */
    enum mlp_jws_algorithm algorithm;
};

struct mlp_jwks {
    struct key key[MOST_KEYS];
    size_t n;
};

/* --- key sets --- */

void mlp_jwks_free(struct mlp_jwks *k)
{
    for (size_t i = 0; k && i < k->n; i++) {
        mlp_jws_key_free(k->key[i].key);
        free(k->key[i].kid);
    }
    free(k);
}

size_t mlp_jwks_count(const struct mlp_jwks *k)
{
    return k->n;
}

/* A member in base64url, decoded; empty when it is none. */
static struct mlp_str number(const struct mlp_node *jwk, const char *name, struct mlp_buf *b)
{
    mlp_buf_reset(b);
    if (!mlp_base64url_decode(mlp_node_str(mlp_node_get(jwk, name), ""), b))
        mlp_buf_reset(b);
    return mlp_buf_str(b);
}

/* NULL for a key that is not of ours. */
static struct mlp_jws_key *key_of(const struct mlp_node *jwk, struct mlp_buf *a, struct mlp_buf *b)
{
    struct mlp_jws_key *key = NULL;
    struct mlp_str type = mlp_node_str(mlp_node_get(jwk, "kty"), "");
    struct mlp_str curve = mlp_node_str(mlp_node_get(jwk, "crv"), "");
    if (mlp_str_is(type, "RSA"))
        mlp_jws_key_rsa(number(jwk, "n", a), number(jwk, "e", b), &key, NULL);
    else if (mlp_str_is(type, "EC"))
        mlp_jws_key_ec(curve, number(jwk, "x", a), number(jwk, "y", b), &key, NULL);
    else if (mlp_str_is(type, "OKP") && mlp_str_is(curve, "Ed25519"))
        mlp_jws_key_ed25519(number(jwk, "x", a), &key, NULL);
    return key;
}

static bool for_signing(const struct mlp_node *jwk)
{
    const struct mlp_node *op = mlp_node_get(jwk, "key_ops");
    if (!mlp_str_is(mlp_node_str(mlp_node_get(jwk, "use"), "sig"), "sig"))
        return false;
    if (!op || op->type != MLP_DOC_LIST)
        return true;
    for (op = op->child; op; op = op->next)
        if (mlp_str_is(mlp_node_str(op, ""), "verify"))
            return true;
    return false;
}

static enum mlp_code add_key(struct mlp_jwks *k, const struct mlp_node *jwk, struct mlp_buf *a,
                             struct mlp_buf *b, struct mlp_err *e)
{
    struct key key = {0};
    const struct mlp_node *kid = mlp_node_get(jwk, "kid"), *alg = mlp_node_get(jwk, "alg");
    if (!for_signing(jwk))
        return MLP_OK;
    if (alg && !mlp_jws_algorithm(mlp_node_str(alg, ""), &key.algorithm))
        return MLP_OK;
    key.bound = alg != NULL;
    key.key = key_of(jwk, a, b);
    if (!key.key)
        return MLP_OK;
    if (kid && kid->type == MLP_DOC_TEXT && !(key.kid = strndup(kid->text.p, kid->text.n))) {
        mlp_jws_key_free(key.key);
        return mlp_err_nomem(e);
    }
    k->key[k->n++] = key;
    return MLP_OK;
}

static enum mlp_code add_keys(struct mlp_jwks *k, const struct mlp_doc *d, struct mlp_err *e)
{
    const struct mlp_node *list = mlp_node_get(d->root, "keys");
    struct mlp_buf a, b;
    if (!list || list->type != MLP_DOC_LIST)
        return mlp_node_error(d, d->root, e, "no key set: expected {\"keys\": [...]}");
    if (list->u.count > MOST_KEYS)
        return mlp_node_error(d, list, e, "more than %u keys", MOST_KEYS);
    mlp_buf_init(&a, BIG_NUMBER);
    mlp_buf_init(&b, BIG_NUMBER);
    enum mlp_code code = MLP_OK;
    for (const struct mlp_node *n = list->child; n && code == MLP_OK; n = n->next)
        code = add_key(k, n, &a, &b, e);
    mlp_buf_fini(&a);
    mlp_buf_fini(&b);
    return code;
}

enum mlp_code mlp_jwks_parse(struct mlp_str text, const char *source, struct mlp_jwks **out,
                             struct mlp_err *e)
{
    struct mlp_doc d;
    struct mlp_jwks *k = calloc(1, sizeof *k);
    *out = NULL;
    if (!k)
        return mlp_err_nomem(e);
    mlp_doc_init(&d, source, TREE_MAX);
    enum mlp_code code = mlp_doc_parse_json(&d, text, e);
    if (code == MLP_OK)
        code = add_keys(k, &d, e);
    mlp_doc_fini(&d);
    if (code == MLP_OK)
        *out = k;
    else
        mlp_jwks_free(k);
    return code;
}

/* --- tokens --- */

const char *mlp_jwt_words(enum mlp_jwt_fault fault)
{
    static const char *const words[] = {
        [MLP_JWT_FINE] = "the token is good",
        [MLP_JWT_MALFORMED] = "the token is no signed JWT",
        [MLP_JWT_ALGORITHM] = "the token's algorithm is not accepted",
        [MLP_JWT_CRITICAL] = "the token has critical extensions",
        [MLP_JWT_KEY] = "the token's key is not in the key set",
        [MLP_JWT_SIGNATURE] = "the token's signature does not hold",
        [MLP_JWT_EXPIRED] = "the token has expired",
        [MLP_JWT_EARLY] = "the token is not valid yet",
        [MLP_JWT_ISSUER] = "the token is of another issuer",
        [MLP_JWT_AUDIENCE] = "the token is for another audience",
        [MLP_JWT_SUBJECT] = "the token names no subject of 1 to 255 bytes",
    };
    return words[fault];
}

/* Both parts of a token that are JSON, and its signature, while it is looked at. */
struct look {
    struct mlp_str part[3], signed_text;
    struct mlp_buf bytes, signature;
    struct mlp_doc header, claims;
};

static bool split(struct mlp_str token, struct look *l)
{
    struct mlp_str rest = token;
    for (size_t i = 0; i < 3; i++)
        if (!mlp_str_split(&rest, '.', &l->part[i]) || l->part[i].n == 0)
            return false;
    l->signed_text = (struct mlp_str){token.p, l->part[0].n + 1 + l->part[1].n};
    return rest.p == NULL && token.n <= MLP_JWT_MAX;
}

static bool decode(struct look *l, struct mlp_str part, struct mlp_doc *d)
{
    mlp_buf_reset(&l->bytes);
    return mlp_base64url_decode(part, &l->bytes) &&
           mlp_doc_parse_json(d, mlp_buf_str(&l->bytes), NULL) == MLP_OK &&
           d->root->type == MLP_DOC_MAP;
}

static bool matches(const struct key *k, const struct mlp_node *kid, enum mlp_jws_algorithm a)
{
    bool named = !kid || (k->kid && mlp_str_is(mlp_node_str(kid, ""), k->kid));
    return named && (!k->bound || k->algorithm == a) && mlp_jws_fits(k->key, a);
}

/* Several keys may bear no name, or the same one: each is tried. */
static enum mlp_jwt_fault check_signature(const struct mlp_jwks *keys,
                                          const struct mlp_jwt_rules *rules, struct look *l)
{
    const struct mlp_node *kid = mlp_node_get(l->header.root, "kid");
    enum mlp_jws_algorithm a;
    bool found = false;
    if (!mlp_jws_algorithm(mlp_node_str(mlp_node_get(l->header.root, "alg"), ""), &a) ||
        (rules->algorithms && !(rules->algorithms >> a & 1)))
        return MLP_JWT_ALGORITHM;
    if (mlp_node_get(l->header.root, "crit"))
        return MLP_JWT_CRITICAL;
    if ((kid && kid->type != MLP_DOC_TEXT) || !mlp_base64url_decode(l->part[2], &l->signature))
        return MLP_JWT_MALFORMED;
    for (size_t i = 0; keys && i < keys->n; i++) {
        if (!matches(&keys->key[i], kid, a))
            continue;
        found = true;
        if (mlp_jws_verify(keys->key[i].key, a, l->signed_text, mlp_buf_str(&l->signature)))
            return MLP_JWT_FINE;
    }
    return found ? MLP_JWT_SIGNATURE : MLP_JWT_KEY;
}

/* A NumericDate may have a fraction. Absent: `otherwise`; no number: false. */
static bool date(const struct mlp_node *claims, const char *name, double otherwise, double *out)
{
    const struct mlp_node *n = mlp_node_get(claims, name);
    *out = mlp_node_num(n, otherwise);
    return !n || mlp_node_is_num(n);
}

static enum mlp_jwt_fault check_dates(const struct mlp_node *claims, double now, double leeway,
                                      struct mlp_jwt *t)
{
    double expires, from, issued;
    if (!date(claims, "exp", -1, &expires) || !date(claims, "nbf", now, &from) ||
        !date(claims, "iat", now, &issued))
        return MLP_JWT_MALFORMED;
    if (now >= expires + leeway)
        return MLP_JWT_EXPIRED;
    if (now < from - leeway || now < issued - leeway)
        return MLP_JWT_EARLY;
    t->expires = expires < 1e15 ? (int64_t)expires : (int64_t)1e15;
    return MLP_JWT_FINE;
}

static bool has_audience(const struct mlp_node *n, const struct mlp_jwt_rules *rules)
{
    if (n && n->type == MLP_DOC_LIST) {
        for (n = n->child; n; n = n->next)
            if (n->type == MLP_DOC_TEXT && has_audience(n, rules))
                return true;
        return false;
    }
    for (size_t i = 0; n && n->type == MLP_DOC_TEXT && i < rules->naudiences; i++)
        if (mlp_str_eq(n->text, rules->audiences[i]))
            return true;
    return false;
}

/* A text of words (RFC 8693, section 4.2), or a list of texts as some issuers write it. */
static bool has_scope(const struct mlp_node *n, struct mlp_str scope)
{
    struct mlp_str rest, word;
    if (n && n->type == MLP_DOC_LIST) {
        for (n = n->child; n; n = n->next)
            if (n->type == MLP_DOC_TEXT && mlp_str_eq(n->text, scope))
                return true;
        return false;
    }
    rest = mlp_node_str(n, "");
    while (mlp_str_split(&rest, ' ', &word))
        if (mlp_str_eq(word, scope))
            return true;
    return false;
}

static bool find_subject(const struct mlp_node *claims, struct mlp_jwt *t)
{
    static const char *const names[] = {"sub", "client_id", "azp"};
    for (size_t i = 0; i < 3; i++) {
        const struct mlp_node *n = mlp_node_get(claims, names[i]);
        if (n && n->type == MLP_DOC_TEXT && n->text.n)
            return memchr(n->text.p, 0, n->text.n) == NULL &&
                   mlp_str_copy(n->text, t->subject, sizeof t->subject);
    }
    return false;
}

static enum mlp_jwt_fault check_claims(const struct mlp_jwt_rules *rules,
                                       const struct mlp_node *claims, struct mlp_str scope,
                                       int64_t now_s, struct mlp_jwt *t)
{
    enum mlp_jwt_fault fault = check_dates(claims, (double)now_s, (double)rules->leeway_s, t);
    if (fault)
        return fault;
    if (!mlp_str_eq(mlp_node_str(mlp_node_get(claims, "iss"), ""), rules->issuer))
        return MLP_JWT_ISSUER;
    if (!has_audience(mlp_node_get(claims, "aud"), rules))
        return MLP_JWT_AUDIENCE;
    if (!find_subject(claims, t))
        return MLP_JWT_SUBJECT;
    t->granted = scope.n == 0 || has_scope(mlp_node_get(claims, "scope"), scope) ||
                 has_scope(mlp_node_get(claims, "scp"), scope);
    return MLP_JWT_FINE;
}

enum mlp_jwt_fault mlp_jwt_check(const struct mlp_jwks *keys, const struct mlp_jwt_rules *rules,
                                 struct mlp_str token, struct mlp_str scope, int64_t now_s,
                                 struct mlp_jwt *t)
{
    struct look l;
    *t = (struct mlp_jwt){0};
    if (!split(token, &l))
        return MLP_JWT_MALFORMED;
    mlp_buf_init(&l.bytes, MLP_JWT_MAX);
    mlp_buf_init(&l.signature, BIG_NUMBER);
    mlp_doc_init(&l.header, "token", TREE_MAX);
    mlp_doc_init(&l.claims, "token", TREE_MAX);
    enum mlp_jwt_fault fault = MLP_JWT_MALFORMED;
    if (decode(&l, l.part[0], &l.header))
        fault = check_signature(keys, rules, &l);
    if (!fault && !decode(&l, l.part[1], &l.claims))
        fault = MLP_JWT_MALFORMED;
    if (!fault)
        fault = check_claims(rules, l.claims.root, scope, now_s, t);
    mlp_doc_fini(&l.header);
    mlp_doc_fini(&l.claims);
    mlp_buf_fini(&l.bytes);
    mlp_buf_fini(&l.signature);
    return fault;
}
