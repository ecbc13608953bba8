/* jws.h: public keys by their numbers and the signatures of RFC 7518 and RFC 8037. */
#ifndef MLP_CRYPT_JWS_H
#define MLP_CRYPT_JWS_H

#include "base/buf.h"

enum mlp_jws_algorithm { MLP_RS256, MLP_RS384, MLP_RS512, MLP_PS256, MLP_PS384, MLP_PS512,
                         MLP_ES256, MLP_ES384, MLP_ES512, MLP_EDDSA, MLP_JWS_ALGORITHMS };

/* "RS256" and so on; false for every other name, "none" and "HS256" among them. */
bool mlp_jws_algorithm(struct mlp_str name, enum mlp_jws_algorithm *a);

/* base64url without padding (RFC 7515, section 2), strict: false on anything else. Appends. */
bool mlp_base64url_decode(struct mlp_str s, struct mlp_buf *out);

struct mlp_jws_key;
/* Public keys by their big-endian numbers (RFC 7518, section 6). RSA: 2,048 to 8,192 bits. Curves:
 * "P-256", "P-384", "P-521". MLP_EINPUT for what is no such key. Heap. */
enum mlp_code mlp_jws_key_rsa(struct mlp_str n, struct mlp_str exponent, struct mlp_jws_key **k,
                              struct mlp_err *e);
enum mlp_code mlp_jws_key_ec(struct mlp_str curve, struct mlp_str x, struct mlp_str y,
                             struct mlp_jws_key **k, struct mlp_err *e);
enum mlp_code mlp_jws_key_ed25519(struct mlp_str x, struct mlp_jws_key **k, struct mlp_err *e);
void mlp_jws_key_free(struct mlp_jws_key *k); /* NULL is fine */

/* Whether this type of key may sign so: an RSA key RS and PS, a P-256 key ES256 alone. */
bool mlp_jws_fits(const struct mlp_jws_key *k, enum mlp_jws_algorithm a);

/* True when the signature (ECDSA as R and S side by side) holds. From any thread. */
bool mlp_jws_verify(const struct mlp_jws_key *k, enum mlp_jws_algorithm a, struct mlp_str bytes,
                    struct mlp_str signature);

#endif
