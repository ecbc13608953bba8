/* auth_file.h: what an mlp-auth(5) file says, read. Internal to the module. */
#ifndef MLP_HTTP_AUTH_FILE_H
#define MLP_HTTP_AUTH_FILE_H

#include "base/map.h"
#include "crypt/crypt.h"
#include "http/auth.h"
#include "http/jwt.h"
#include "text/doc.h"

/* A list of texts. Views into the documents. */
struct mlp_texts {
    const struct mlp_str *item;
    size_t n;
};

/* An API key as the file of keys has it. */
struct mlp_api_key {
    struct mlp_str id, salt;
    uint8_t digest[MLP_SHA256_BYTES]; /* SHA-256 of the salt's text and the secret's text */
    struct mlp_texts paths;           /* where it may be used; none: everywhere */
    struct mlp_texts scopes;
    struct mlp_rate rate, quota;      /* n 0: the server's */
    int64_t expires;                  /* seconds since 1970; INT64_MAX: never */
};

/* The scope that a path and all below it ask for. */
struct mlp_auth_path {
    struct mlp_str path, scope;
};

struct mlp_auth {
    struct mlp_doc doc, keys_doc;
    struct mlp_arena arena;
    struct mlp_api_key *keys;
    size_t nkeys;
    struct mlp_map ids;               /* index into keys */
    struct mlp_texts anonymous;       /* paths, exact */
    struct mlp_auth_path *paths;
    size_t npaths;
    bool tokens;                      /* there is an oidc section */
    struct mlp_jwt_rules rules;
    struct mlp_jwks *jwks;            /* NULL: none (yet) */
    const char *url, *ca;
    char file[3][4096];               /* files read; empty: none */
};

/* Whether path is `prefix` or below it: "/a" holds "/a" and "/a/b", not "/ab". */
bool mlp_path_within(struct mlp_str path, struct mlp_str prefix);

#endif
