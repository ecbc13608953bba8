#include "crypt/jws.h"

#include "crypt/crypt.h"
#include "crypt/start.h"

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <stdlib.h>

#define LEAST_RSA_BITS 2048
#define MOST_RSA_BYTES 1024u
#define MOST_EXPONENT_BYTES 8u
#define MOST_POINT 133u /* 04, and x and y of P-521 */
#define MOST_DER 160

struct mlp_jws_key {
    EVP_PKEY *pkey;
    unsigned fits;    /* mask of algorithms */
    size_t half;      /* bytes of R and of S; 0: no ECDSA */
};

static const struct {
    const char *name, *digest;
} algorithms[MLP_JWS_ALGORITHMS] = {
    [MLP_RS256] = {"RS256", "SHA256"}, [MLP_RS384] = {"RS384", "SHA384"},
    [MLP_RS512] = {"RS512", "SHA512"}, [MLP_PS256] = {"PS256", "SHA256"},
    [MLP_PS384] = {"PS384", "SHA384"}, [MLP_PS512] = {"PS512", "SHA512"},
    [MLP_ES256] = {"ES256", "SHA256"}, [MLP_ES384] = {"ES384", "SHA384"},
    [MLP_ES512] = {"ES512", "SHA512"}, [MLP_EDDSA] = {"EdDSA", NULL},
};

static const struct {
    const char *name, *group;
    size_t half;
    enum mlp_jws_algorithm algorithm;
} curves[] = {
    {"P-256", "prime256v1", 32, MLP_ES256},
    {"P-384", "secp384r1", 48, MLP_ES384},
    {"P-521", "secp521r1", 66, MLP_ES512},
};

bool mlp_jws_algorithm(struct mlp_str name, enum mlp_jws_algorithm *a)
{
    for (size_t i = 0; i < MLP_JWS_ALGORITHMS; i++)
        if (mlp_str_is(name, algorithms[i].name)) {
            *a = (enum mlp_jws_algorithm)i;
            return true;
        }
    return false;
}

/* As base64 with two letters exchanged and the padding put back, which is decoded strictly. */
bool mlp_base64url_decode(struct mlp_str s, struct mlp_buf *out)
{
    struct mlp_buf plain;
    mlp_buf_init(&plain, s.n + 4);
    char *p = s.n % 4 == 1 ? NULL : mlp_buf_reserve(&plain, s.n + 4);
    bool fine = p != NULL;
    for (size_t i = 0; fine && i < s.n; i++) {
        char c = s.p[i];
        fine = c != '+' && c != '/' && c != '=';
        p[i] = (char)(c == '-' ? '+' : c == '_' ? '/' : c);
    }
    if (fine) {
        plain.n = s.n;
        for (size_t i = s.n; i % 4 != 0; i++)
            mlp_buf_addc(&plain, '=');
        fine = !plain.failed && mlp_base64_decode(mlp_buf_str(&plain), out);
    }
    mlp_buf_fini(&plain);
    return fine;
}

static enum mlp_code no_key(struct mlp_err *e, const char *what)
{
    ERR_clear_error();
    return mlp_err_set(e, MLP_EINPUT, "no %s key", what);
}

/* Takes pkey. */
static enum mlp_code wrap(EVP_PKEY *pkey, unsigned fits, size_t half, struct mlp_jws_key **out,
                          struct mlp_err *e)
{
    struct mlp_jws_key *k = calloc(1, sizeof *k);
    if (!k) {
        EVP_PKEY_free(pkey);
        return mlp_err_nomem(e);
    }
    *k = (struct mlp_jws_key){pkey, fits, half};
    *out = k;
    return MLP_OK;
}

/* A key of numbers; NULL when they make none. */
static EVP_PKEY *from_params(const char *type, OSSL_PARAM *params)
{
    EVP_PKEY *pkey = NULL;
    EVP_PKEY_CTX *ctx = mlp_crypt_start() ? EVP_PKEY_CTX_new_from_name(NULL, type, NULL) : NULL;
    if (!ctx || EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1) {
        EVP_PKEY_free(pkey);
        pkey = NULL;
    }
    EVP_PKEY_CTX_free(ctx);
    return pkey;
}

static EVP_PKEY *rsa_of(const BIGNUM *n, const BIGNUM *exponent)
{
    EVP_PKEY *pkey = NULL;
    OSSL_PARAM *params = NULL;
    OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
    if (b && n && exponent && OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
        OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_E, exponent) == 1)
        params = OSSL_PARAM_BLD_to_param(b);
    if (params)
        pkey = from_params("RSA", params);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(b);
    return pkey;
}

enum mlp_code mlp_jws_key_rsa(struct mlp_str n, struct mlp_str exponent, struct mlp_jws_key **k,
                              struct mlp_err *e)
{
    const unsigned rsa = 1u << MLP_RS256 | 1u << MLP_RS384 | 1u << MLP_RS512 | 1u << MLP_PS256 |
                         1u << MLP_PS384 | 1u << MLP_PS512;
    *k = NULL;
    if (n.n == 0 || n.n > MOST_RSA_BYTES || exponent.n == 0 || exponent.n > MOST_EXPONENT_BYTES ||
        !mlp_crypt_start())
        return no_key(e, "RSA");
    BIGNUM *bn = BN_bin2bn((const unsigned char *)n.p, (int)n.n, NULL);
    BIGNUM *be = BN_bin2bn((const unsigned char *)exponent.p, (int)exponent.n, NULL);
    EVP_PKEY *pkey = NULL;
    if (bn && be && BN_num_bits(bn) >= LEAST_RSA_BITS && BN_is_odd(bn) && BN_is_odd(be))
        pkey = rsa_of(bn, be);
    BN_free(bn);
    BN_free(be);
    return pkey ? wrap(pkey, rsa, 0, k, e) : no_key(e, "RSA");
}

enum mlp_code mlp_jws_key_ec(struct mlp_str curve, struct mlp_str x, struct mlp_str y,
                             struct mlp_jws_key **k, struct mlp_err *e)
{
    unsigned char point[MOST_POINT] = {4};
    char group[24];
    size_t i = 0;
    *k = NULL;
    while (i < 3 && !mlp_str_is(curve, curves[i].name))
        i++;
    if (i == 3 || x.n != curves[i].half || y.n != x.n)
        return no_key(e, "elliptic curve");
    memcpy(point + 1, x.p, x.n);
    memcpy(point + 1 + x.n, y.p, y.n);
    snprintf(group, sizeof group, "%s", curves[i].group);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, 1 + 2 * x.n),
        OSSL_PARAM_construct_end()};
    EVP_PKEY *pkey = from_params("EC", params); /* off the curve: none */
    return pkey ? wrap(pkey, 1u << curves[i].algorithm, x.n, k, e) : no_key(e, "elliptic curve");
}

enum mlp_code mlp_jws_key_ed25519(struct mlp_str x, struct mlp_jws_key **k, struct mlp_err *e)
{
    *k = NULL;
    EVP_PKEY *pkey = NULL;
    if (x.n == 32 && mlp_crypt_start())
        pkey = EVP_PKEY_new_raw_public_key_ex(NULL, "ED25519", NULL, (const unsigned char *)x.p,
                                              x.n);
    return pkey ? wrap(pkey, 1u << MLP_EDDSA, 0, k, e) : no_key(e, "Ed25519");
}

void mlp_jws_key_free(struct mlp_jws_key *k)
{
    if (!k)
        return;
    EVP_PKEY_free(k->pkey);
    free(k);
}

bool mlp_jws_fits(const struct mlp_jws_key *k, enum mlp_jws_algorithm a)
{
    return k->fits >> a & 1;
}

/* R and S side by side, as DER, which libcrypto reads. 0 when it cannot be. */
static size_t ecdsa_der(size_t half, struct mlp_str s, unsigned char out[MOST_DER])
{
    if (s.n != 2 * half)
        return 0;
    ECDSA_SIG *sig = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn((const unsigned char *)s.p, (int)half, NULL);
    BIGNUM *t = BN_bin2bn((const unsigned char *)s.p + half, (int)half, NULL);
    if (!sig || !r || !t || ECDSA_SIG_set0(sig, r, t) != 1) {
        BN_free(r);
        BN_free(t);
        ECDSA_SIG_free(sig);
        return 0;
    }
    int n = i2d_ECDSA_SIG(sig, NULL);
    n = n > 0 && n <= MOST_DER ? i2d_ECDSA_SIG(sig, &out) : 0;
    ECDSA_SIG_free(sig);
    return n > 0 ? (size_t)n : 0;
}

static bool begin(EVP_MD_CTX *ctx, const struct mlp_jws_key *k, enum mlp_jws_algorithm a)
{
    EVP_PKEY_CTX *p;
    if (EVP_DigestVerifyInit_ex(ctx, &p, algorithms[a].digest, NULL, NULL, k->pkey, NULL) != 1)
        return false;
    if (a != MLP_PS256 && a != MLP_PS384 && a != MLP_PS512)
        return true;
    return EVP_PKEY_CTX_set_rsa_padding(p, RSA_PKCS1_PSS_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(p, RSA_PSS_SALTLEN_DIGEST) == 1;
}

bool mlp_jws_verify(const struct mlp_jws_key *k, enum mlp_jws_algorithm a, struct mlp_str bytes,
                    struct mlp_str signature)
{
    unsigned char der[MOST_DER];
    const unsigned char *sig = (const unsigned char *)signature.p;
    size_t n = signature.n;
    if (!mlp_jws_fits(k, a))
        return false;
    if (k->half) {
        n = ecdsa_der(k->half, signature, der);
        sig = der;
    }
    EVP_MD_CTX *ctx = n ? EVP_MD_CTX_new() : NULL;
    bool holds = ctx && begin(ctx, k, a) &&
                 EVP_DigestVerify(ctx, sig, n, (const unsigned char *)bytes.p, bytes.n) == 1;
    EVP_MD_CTX_free(ctx);
    ERR_clear_error();
    return holds;
}
