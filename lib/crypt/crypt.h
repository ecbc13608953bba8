/* crypt.h: digests, keys, signatures and DSSE envelopes: the only user of libcrypto. */
#ifndef MLP_CRYPT_CRYPT_H
#define MLP_CRYPT_CRYPT_H

#include "base/buf.h"

#define MLP_SHA256_BYTES 32
#define MLP_DIGEST_TEXT 72 /* "sha256:" + 64 hex digits + NUL */

/* Running SHA-256 (FIPS 180-4). */
struct mlp_sha256;
enum mlp_code mlp_sha256_new(struct mlp_sha256 **h, struct mlp_err *e);
void mlp_sha256_add(struct mlp_sha256 *h, const void *p, size_t n);
/* Writes the digest and makes h ready for another text. */
void mlp_sha256_finish(struct mlp_sha256 *h, uint8_t out[MLP_SHA256_BYTES]);
void mlp_sha256_free(struct mlp_sha256 *h);

/* One-shot; and of a file's bytes with its size. */
enum mlp_code mlp_sha256(struct mlp_str s, uint8_t out[MLP_SHA256_BYTES], struct mlp_err *e);
enum mlp_code mlp_sha256_file(const char *path, uint8_t out[MLP_SHA256_BYTES], uint64_t *size,
                              struct mlp_err *e);

/* Appends the checksum of a file in hex by any algorithm of libcrypto: "md5", "sha1", "sha512", as
 * descriptors of others name them. Tells the size as well. MLP_EUSAGE for an unknown one. */
enum mlp_code mlp_checksum_file(const char *path, const char *algorithm, struct mlp_buf *hex,
                                uint64_t *size, struct mlp_err *e);

/* "sha256:<hex>" text of a digest, and back (false unless exactly that form, lower case). */
void mlp_digest_text(const uint8_t digest[MLP_SHA256_BYTES], char out[MLP_DIGEST_TEXT]);
bool mlp_digest_parse(struct mlp_str s, uint8_t out[MLP_SHA256_BYTES]);

/* Lower-case hex and base64 (RFC 4648, padded). Decoding is strict. */
void mlp_hex_add(struct mlp_buf *b, const void *p, size_t n);
void mlp_base64_add(struct mlp_buf *b, const void *p, size_t n);
bool mlp_base64_decode(struct mlp_str s, struct mlp_buf *out);

/* Constant-time comparison of n bytes. */
bool mlp_bytes_equal(const void *a, const void *b, size_t n);

/* A key pair or a public key. P-256 by default (OpenSSF model-signing and cosign read it);
 * ed25519 is accepted too. */
struct mlp_key;
enum mlp_key_type { MLP_KEY_P256, MLP_KEY_ED25519 };
enum mlp_code mlp_key_generate(enum mlp_key_type type, struct mlp_key **k, struct mlp_err *e);
/* PEM: PKCS#8 private ("BEGIN PRIVATE KEY"; encrypted ones ask for a passphrase file) or
 * SubjectPublicKeyInfo ("BEGIN PUBLIC KEY"). passphrase may be NULL. */
enum mlp_code mlp_key_load(const char *path, const char *passphrase, struct mlp_key **k,
                           struct mlp_err *e);
enum mlp_code mlp_key_parse(struct mlp_str pem, const char *source, const char *passphrase,
                            struct mlp_key **k, struct mlp_err *e);
void mlp_key_free(struct mlp_key *k);
bool mlp_key_is_private(const struct mlp_key *k);
/* PEM texts. passphrase NULL writes the private key unencrypted (the file gets mode 0600). */
enum mlp_code mlp_key_public_pem(const struct mlp_key *k, struct mlp_buf *out, struct mlp_err *e);
enum mlp_code mlp_key_private_pem(const struct mlp_key *k, const char *passphrase,
                                  struct mlp_buf *out, struct mlp_err *e);
/* "sha256:<hex>" of the DER SubjectPublicKeyInfo: the key's name in logs and policies. */
enum mlp_code mlp_key_id(const struct mlp_key *k, char out[MLP_DIGEST_TEXT], struct mlp_err *e);

/* ECDSA with SHA-256 in DER form (or Ed25519) over bytes; verify is MLP_ETRUST when it does not
 * hold. ECDSA is made deterministic (RFC 6979) where libcrypto offers it, so that packages
 * reproduce. */
enum mlp_code mlp_sign(const struct mlp_key *k, struct mlp_str bytes, struct mlp_buf *signature,
                       struct mlp_err *e);
enum mlp_code mlp_verify(const struct mlp_key *k, struct mlp_str bytes, struct mlp_str signature,
                         struct mlp_err *e);

/* The reason of libcrypto's (and libssl's) last failure on this thread, or NULL, in static words;
 * the thread's list of failures is empty after. */
const char *mlp_crypt_reason(void);

/* The pre-authentication encoding of DSSE v1 (secure-systems-lab/dsse protocol.md):
 * "DSSEv1 LEN(type) type LEN(body) body". */
void mlp_dsse_pae(struct mlp_str type, struct mlp_str body, struct mlp_buf *out);

/* A Sigstore bundle v0.3 JSON (application/vnd.dev.sigstore.bundle.v0.3+json) that holds a DSSE
 * envelope of an in-toto statement, signed with k; hint as OpenSSF model-signing writes it (hex
 * SHA-256 of the public PEM). */
enum mlp_code mlp_bundle_sign(const struct mlp_key *k, struct mlp_str statement,
                              struct mlp_buf *bundle, struct mlp_err *e);
/* Checks a bundle's signature with k and appends the statement's bytes; MLP_ETRUST if it does not
 * hold, MLP_EINPUT if it is no bundle. */
enum mlp_code mlp_bundle_verify(const struct mlp_key *k, struct mlp_str bundle, const char *source,
                                struct mlp_buf *statement, struct mlp_err *e);

#endif
