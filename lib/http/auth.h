/* auth.h: who asks, and whether they may: API keys and bearer tokens by an mlp-auth(5) file.
 *
 * What was read is immutable and may be asked from any thread; a changed file is read into another
 * one. Secrets are never kept: the file of keys holds SHA-256 digests. A fast digest is enough for
 * a secret of 256 random bits, which nobody guesses at any speed; slow ones (scrypt, Argon2) are
 * for passwords, and would let strangers spend the server's time. */
#ifndef MLP_HTTP_AUTH_H
#define MLP_HTTP_AUTH_H

#include "http/http.h"
#include "http/limit.h"

struct mlp_auth;

/* Reads the file and the files that it names (paths relative to it). `jwks` is the key set when
 * the file names a URL (see mlp_auth_jwks_url), ignored otherwise; empty: every token is refused
 * for now. Heap. Errors name file, line and column. */
enum mlp_code mlp_auth_load(const char *path, struct mlp_str jwks, struct mlp_auth **a,
                            struct mlp_err *e);
void mlp_auth_free(struct mlp_auth *a); /* NULL is fine */

/* The URL of the key set, or NULL: there are no tokens, or their keys are in a file. */
const char *mlp_auth_jwks_url(const struct mlp_auth *a);
/* Only this one file may vouch for that URL's server; NULL: the system's authorities. */
const char *mlp_auth_jwks_ca(const struct mlp_auth *a);
/* Path i of the files that were read (the first is the file itself), or NULL beyond the last. */
const char *mlp_auth_file(const struct mlp_auth *a, size_t i);

enum mlp_auth_verdict {
    MLP_AUTH_ANYBODY,  /* the path asks for nothing */
    MLP_AUTH_KNOWN,    /* who.client may */
    MLP_AUTH_MISSING,  /* 401: no key and no token */
    MLP_AUTH_BAD,      /* 401: not a good one; who.why */
    MLP_AUTH_STALE,    /* 401: signed with a key that the key set does not have (yet) */
    MLP_AUTH_DENIED    /* 403: known, but may not do this; who.why */
};

/* Views are borrowed from the auth and good as long as it. */
struct mlp_auth_who {
    char client[272];           /* "key:ID" or "sub:SUBJECT"; empty when unknown */
    struct mlp_rate rate, quota; /* the key's own; n 0: none was said */
    const char *why;            /* a sentence without a secret in it */
    struct mlp_str scope;       /* that the path asks for */
};

/* Looks at Authorization: Bearer and X-API-Key. now_s is seconds since 1970. Of several keys and
 * tokens in one request none counts. */
enum mlp_auth_verdict mlp_auth_check(const struct mlp_auth *a, const struct mlp_http_request *r,
                                     int64_t now_s, struct mlp_auth_who *who);

/* Makes a key: *secret gets the line "ID.SECRET" that its owner keeps, *entry the lines of YAML
 * that go to the file of keys. id is 1 to 64 letters, digits, "-" and "_" (else MLP_EUSAGE). */
enum mlp_code mlp_auth_keygen(const char *id, struct mlp_buf *secret, struct mlp_buf *entry,
                              struct mlp_err *e);

#endif
