#include "crypt/crypt.h"
#include "crypt/start.h"

#include "base/file.h"
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>

#define PEM_BYTES ((size_t)64 * 1024)
#define SIGNATURE_BYTES 256

struct mlp_key {
    EVP_PKEY *pkey;
    enum mlp_key_type type;
    bool is_private;
};

const char *mlp_crypt_reason(void)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    ERR_clear_error();
    return reason;
}

/* Sets the error with libcrypto's own reason and empties its queue. */
static enum mlp_code fail(struct mlp_err *e, enum mlp_code code, const char *what)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    mlp_err_set(e, code, "%s%s%s", what, reason ? ": " : "", reason ? reason : "");
    ERR_clear_error();
    return e ? e->code : code;
}

void mlp_key_free(struct mlp_key *k)
{
    if (!k)
        return;
    EVP_PKEY_free(k->pkey);
    free(k);
}

bool mlp_key_is_private(const struct mlp_key *k)
{
    return k->is_private;
}

/* Which of the accepted types pkey is; false for RSA, other curves and the rest. */
static bool type_of(const EVP_PKEY *pkey, enum mlp_key_type *type)
{
    char group[64] = "";
    if (EVP_PKEY_is_a(pkey, "ED25519")) {
        *type = MLP_KEY_ED25519;
        return true;
    }
    *type = MLP_KEY_P256;
    return EVP_PKEY_is_a(pkey, "EC") &&
           EVP_PKEY_get_group_name(pkey, group, sizeof group, NULL) == 1 &&
           strcmp(group, "prime256v1") == 0;
}

/* Takes pkey whether it succeeds or not. */
static enum mlp_code wrap_key(EVP_PKEY *pkey, bool is_private, struct mlp_key **out,
                              struct mlp_err *e)
{
    enum mlp_key_type type;
    if (!type_of(pkey, &type)) {
        const char *name = EVP_PKEY_get0_type_name(pkey);
        mlp_err_set(e, MLP_EINPUT, "a key of type %s; expected ECDSA P-256 or Ed25519",
                    name ? name : "unknown");
        EVP_PKEY_free(pkey);
        return mlp_err_hint(e, "make one with: mlp-package keygen NAME");
    }
    struct mlp_key *k = calloc(1, sizeof *k);
    if (!k) {
        EVP_PKEY_free(pkey);
        return mlp_err_nomem(e);
    }
    *k = (struct mlp_key){.pkey = pkey, .type = type, .is_private = is_private};
    *out = k;
    return MLP_OK;
}

enum mlp_code mlp_key_generate(enum mlp_key_type type, struct mlp_key **k, struct mlp_err *e)
{
    *k = NULL;
    if (!mlp_crypt_start())
        return mlp_err_nomem(e);
    EVP_PKEY *pkey = type == MLP_KEY_ED25519 ? EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")
                                             : EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    if (!pkey)
        return fail(e, MLP_EIO, "cannot make a key");
    return wrap_key(pkey, true, k, e);
}

enum mlp_code mlp_key_load(const char *path, const char *passphrase, struct mlp_key **k,
                           struct mlp_err *e)
{
    struct mlp_buf pem;
    *k = NULL;
    mlp_buf_init(&pem, PEM_BYTES);
    enum mlp_code code = mlp_file_read(path, &pem, e);
    if (code == MLP_OK)
        code = mlp_key_parse(mlp_buf_str(&pem), path, passphrase, k, e);
    if (pem.p)
        OPENSSL_cleanse(pem.p, pem.n);
    mlp_buf_fini(&pem);
    return code;
}

struct pass {
    const char *text; /* NULL: none was given */
    bool asked;
};

static int give_pass(char *out, int size, int writing, void *ctx)
{
    struct pass *p = ctx;
    (void)writing;
    p->asked = true;
    size_t n = p->text ? strlen(p->text) : 0;
    if (!p->text || size < 0 || n > (size_t)size)
        return -1;
    memcpy(out, p->text, n);
    return (int)n;
}

static bool has_text(struct mlp_str s, const char *word)
{
    return s.n && memmem(s.p, s.n, word, strlen(word)) != NULL;
}

static enum mlp_code no_key(const struct pass *pass, bool is_private, struct mlp_err *e)
{
    if (pass->asked && !pass->text) {
        mlp_err_set(e, MLP_EINPUT, "the private key is encrypted");
        ERR_clear_error();
        return mlp_err_hint(e, "give the file with its passphrase: --passphrase-file FILE");
    }
    if (pass->asked)
        return fail(e, MLP_EINPUT, "the private key does not open with this passphrase");
    return fail(e, MLP_EINPUT, is_private ? "not a readable private key in PEM"
                                          : "not a readable public key in PEM");
}

enum mlp_code mlp_key_parse(struct mlp_str pem, const char *source, const char *passphrase,
                            struct mlp_key **k, struct mlp_err *e)
{
    struct pass pass = {passphrase, false};
    enum mlp_code code;
    *k = NULL;
    bool is_private = has_text(pem, "PRIVATE KEY-----");
    if (!is_private && !has_text(pem, "BEGIN PUBLIC KEY-----")) {
        mlp_err_set(e, MLP_EINPUT, "no PEM key: expected \"-----BEGIN PUBLIC KEY-----\" or "
                                   "\"-----BEGIN PRIVATE KEY-----\"");
        return mlp_err_at(e, source, 0, 0);
    }
    BIO *bio = pem.n <= PEM_BYTES && mlp_crypt_start() ? BIO_new_mem_buf(pem.p, (int)pem.n) : NULL;
    EVP_PKEY *pkey = NULL;
    if (bio)
        pkey = is_private ? PEM_read_bio_PrivateKey(bio, NULL, give_pass, &pass)
                          : PEM_read_bio_PUBKEY(bio, NULL, give_pass, &pass);
    BIO_free(bio);
    code = pkey ? wrap_key(pkey, is_private, k, e) : no_key(&pass, is_private, e);
    if (code != MLP_OK)
        mlp_err_at(e, source, 0, 0);
    return code;
}

/* Moves a memory BIO's bytes to out and frees it; `wrote` is what the writing call returned. */
static enum mlp_code drain(BIO *bio, int wrote, struct mlp_buf *out, struct mlp_err *e)
{
    char *p = NULL;
    long n = bio && wrote == 1 ? BIO_get_mem_data(bio, &p) : 0;
    if (n > 0)
        mlp_buf_add(out, p, (size_t)n);
    BIO_free(bio);
    return n > 0 ? mlp_buf_check(out, e) : fail(e, MLP_EIO, "cannot write the key as PEM");
}

enum mlp_code mlp_key_public_pem(const struct mlp_key *k, struct mlp_buf *out, struct mlp_err *e)
{
    BIO *bio = BIO_new(BIO_s_mem());
    return drain(bio, bio ? PEM_write_bio_PUBKEY(bio, k->pkey) : 0, out, e);
}

enum mlp_code mlp_key_private_pem(const struct mlp_key *k, const char *passphrase,
                                  struct mlp_buf *out, struct mlp_err *e)
{
    if (!k->is_private)
        return mlp_err_set(e, MLP_EINPUT, "this is a public key: there is no private part");
    struct pass pass = {passphrase, false};
    const EVP_CIPHER *cipher = passphrase ? EVP_aes_256_cbc() : NULL;
    BIO *bio = BIO_new(BIO_s_secmem());
    int wrote = bio ? PEM_write_bio_PKCS8PrivateKey(bio, k->pkey, cipher, NULL, 0, give_pass, &pass)
                    : 0;
    return drain(bio, wrote, out, e);
}

enum mlp_code mlp_key_id(const struct mlp_key *k, char out[MLP_DIGEST_TEXT], struct mlp_err *e)
{
    unsigned char *der = NULL;
    uint8_t digest[MLP_SHA256_BYTES];
    int n = i2d_PUBKEY(k->pkey, &der);
    if (n <= 0)
        return fail(e, MLP_EIO, "cannot write the public key");
    enum mlp_code code = mlp_sha256((struct mlp_str){(const char *)der, (size_t)n}, digest, e);
    OPENSSL_free(der);
    if (code == MLP_OK)
        mlp_digest_text(digest, out);
    return code;
}

/* RFC 6979 nonces make ECDSA reproducible. libcrypto before 3.2 does not know the parameter and
 * passes over it, so nothing has to be asked of its version. */
static int start_signing(EVP_MD_CTX *ctx, const struct mlp_key *k)
{
    unsigned deterministic = 1;
    OSSL_PARAM params[] = {OSSL_PARAM_construct_uint("nonce-type", &deterministic),
                           OSSL_PARAM_construct_end()};
    if (k->type == MLP_KEY_ED25519)
        return EVP_DigestSignInit_ex(ctx, NULL, NULL, NULL, NULL, k->pkey, NULL);
    return EVP_DigestSignInit_ex(ctx, NULL, "SHA256", NULL, NULL, k->pkey, params);
}

enum mlp_code mlp_sign(const struct mlp_key *k, struct mlp_str bytes, struct mlp_buf *signature,
                       struct mlp_err *e)
{
    if (!k->is_private) {
        mlp_err_set(e, MLP_EINPUT, "signing needs a private key, this one is public");
        return mlp_err_hint(e, "give the .key file, not the .pub file");
    }
    unsigned char out[SIGNATURE_BYTES];
    size_t n = sizeof out;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool done = ctx && start_signing(ctx, k) == 1 &&
                EVP_DigestSign(ctx, out, &n, (const unsigned char *)bytes.p, bytes.n) == 1;
    EVP_MD_CTX_free(ctx);
    if (!done)
        return fail(e, MLP_EIO, "cannot sign");
    mlp_buf_add(signature, out, n);
    return mlp_buf_check(signature, e);
}

enum mlp_code mlp_verify(const struct mlp_key *k, struct mlp_str bytes, struct mlp_str signature,
                         struct mlp_err *e)
{
    const char *md = k->type == MLP_KEY_ED25519 ? NULL : "SHA256";
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    if (!ctx || EVP_DigestVerifyInit_ex(ctx, NULL, md, NULL, NULL, k->pkey, NULL) != 1) {
        EVP_MD_CTX_free(ctx);
        return fail(e, MLP_EIO, "cannot start to check a signature");
    }
    int holds = EVP_DigestVerify(ctx, (const unsigned char *)signature.p, signature.n,
                                 (const unsigned char *)bytes.p, bytes.n);
    EVP_MD_CTX_free(ctx);
    /* A malformed signature leaves reasons behind that say nothing to the reader. */
    ERR_clear_error();
    return holds == 1 ? MLP_OK : mlp_err_set(e, MLP_ETRUST, "the signature does not hold");
}
