/* jwt.h: JSON Web Tokens (RFC 7519) signed by the keys of a JSON Web Key Set (RFC 7517).
 *
 * Only signatures with public keys are known (RFC 7518, section 3; RFC 8037): "none" and the HMAC
 * algorithms are refused by name, and a key signs with the algorithms of its own type alone, so
 * that a public key cannot be passed off as a shared secret (RFC 8725, section 3.1). */
#ifndef MLP_HTTP_JWT_H
#define MLP_HTTP_JWT_H

#include "base/err.h"
#include "base/str.h"

#define MLP_JWT_MAX 16384 /* bytes of a token that is looked at */

struct mlp_jwks;

/* Keys for signing of a set; those of other types or for other use are passed over, as the RFC
 * asks. At most 100 keys. MLP_EINPUT with the place for what is no key set. Heap; immutable. */
enum mlp_code mlp_jwks_parse(struct mlp_str text, const char *source, struct mlp_jwks **k,
                             struct mlp_err *e);
void mlp_jwks_free(struct mlp_jwks *k); /* NULL is fine */
size_t mlp_jwks_count(const struct mlp_jwks *k);

/* What a token must say. algorithms is a mask of 1u << enum mlp_jws_algorithm; 0: all. */
struct mlp_jwt_rules {
    struct mlp_str issuer;
    const struct mlp_str *audiences; /* one of them; n > 0 */
    size_t naudiences;
    unsigned algorithms;
    int64_t leeway_s;                /* that clocks may differ */
};

enum mlp_jwt_fault { MLP_JWT_FINE, MLP_JWT_MALFORMED, MLP_JWT_ALGORITHM, MLP_JWT_CRITICAL,
                     MLP_JWT_KEY, MLP_JWT_SIGNATURE, MLP_JWT_EXPIRED, MLP_JWT_EARLY,
                     MLP_JWT_ISSUER, MLP_JWT_AUDIENCE, MLP_JWT_SUBJECT };

/* A sentence for a fault: "the token has expired". */
const char *mlp_jwt_words(enum mlp_jwt_fault fault);

struct mlp_jwt {
    char subject[256];  /* sub (or client_id, or azp, in this order), NUL-terminated */
    bool granted;       /* scope, or scp, holds the one asked for; true for the empty one */
    int64_t expires;    /* seconds since 1970 */
};

/* Checks a token in compact form (RFC 7515, section 3.1): signature first, then exp (required),
 * nbf, iat, iss, aud, sub. MLP_JWT_KEY: the set has no key of that kid and type. scope is what the
 * request asks for. *t is filled when fine. keys may be NULL: no key. */
enum mlp_jwt_fault mlp_jwt_check(const struct mlp_jwks *keys, const struct mlp_jwt_rules *rules,
                                 struct mlp_str token, struct mlp_str scope, int64_t now_s,
                                 struct mlp_jwt *t);

#endif
