/* start.h: libcrypto before its first use in this module. Internal. */
#ifndef MLP_CRYPT_START_H
#define MLP_CRYPT_START_H

#include <openssl/crypto.h>
#include <stdbool.h>

/* False when libcrypto could not start, as without memory: calling on would crash inside it. The
 * system's openssl.cnf is not read: what a digest or signature is must not depend on it, and
 * reading it is most of the start-up time of a short command. Names of ciphers and digests are
 * added: keys with a passphrase look theirs up. Safe to call often. */
static inline bool mlp_crypt_start(void)
{
    return OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) == 1 &&
           OSSL_LIB_CTX_get0_global_default() != NULL;
}

#endif
