/* Signature bundles and keys from anywhere: whatever the bytes, no statement may come out that the
 * fixed key has not signed, and nothing may crash. The first byte chooses: key text or bundle. */
#include "crypt/crypt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Its private key was thrown away. */
static const char public_key[] =
    "-----BEGIN PUBLIC KEY-----\n"
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEIQRvnfIz5dlrm1vP7K1Xvp8cHJLi\n"
    "DclpyKiZKdbvfWi/srrkxa9/ioE8feRzNgfn4b+s2D29sqcNWM13n2n6NA==\n"
    "-----END PUBLIC KEY-----\n";

static void try_bundle(struct mlp_str text)
{
    struct mlp_key *k;
    struct mlp_buf statement;
    struct mlp_err e;
    mlp_err_init(&e);
    mlp_buf_init(&statement, 1 << 20);
    if (mlp_key_parse(mlp_str_from(public_key), "key", NULL, &k, NULL) == MLP_OK &&
        mlp_bundle_verify(k, text, "bundle", &statement, &e) == MLP_OK)
        __builtin_trap(); /* nobody has the private key */
    mlp_key_free(k);
    mlp_buf_fini(&statement);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct mlp_str text = {(const char *)data + 1, size - 1};
    if (data[0] & 1) {
        struct mlp_key *k;
        struct mlp_err e;
        mlp_err_init(&e);
        if (mlp_key_parse(text, "key", "x", &k, &e) == MLP_OK)
            mlp_key_free(k);
    } else {
        try_bundle(text);
    }
    return 0;
}
