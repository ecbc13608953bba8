#include "crypt/crypt.h"

#include "base/os.h"
#include "crypt/start.h"
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>

#define FILE_STEP ((size_t)256 * 1024)

struct mlp_sha256 {
    EVP_MD_CTX *ctx;
    EVP_MD *md; /* fetched once: an implicit fetch costs more than a short hash */
    bool failed;
};

enum mlp_code mlp_sha256_new(struct mlp_sha256 **h, struct mlp_err *e)
{
    *h = NULL;
    struct mlp_sha256 *s = calloc(1, sizeof *s);
    if (!s)
        return mlp_err_nomem(e);
    bool ready = mlp_crypt_start();
    s->md = ready ? EVP_MD_fetch(NULL, "SHA256", NULL) : NULL;
    s->ctx = ready ? EVP_MD_CTX_new() : NULL;
    if (!s->md || !s->ctx || EVP_DigestInit_ex2(s->ctx, s->md, NULL) != 1) {
        mlp_sha256_free(s);
        return mlp_err_set(e, MLP_EIO, "libcrypto offers no SHA-256");
    }
    *h = s;
    return MLP_OK;
}

void mlp_sha256_add(struct mlp_sha256 *h, const void *p, size_t n)
{
    if (n && !h->failed && EVP_DigestUpdate(h->ctx, p, n) != 1)
        h->failed = true;
}

void mlp_sha256_finish(struct mlp_sha256 *h, uint8_t out[MLP_SHA256_BYTES])
{
    unsigned n = 0;
    /* A digest that could not be computed must not equal any that is expected. */
    if (h->failed || EVP_DigestFinal_ex(h->ctx, out, &n) != 1 || n != MLP_SHA256_BYTES)
        memset(out, 0, MLP_SHA256_BYTES);
    h->failed = EVP_DigestInit_ex2(h->ctx, NULL, NULL) != 1;
}

void mlp_sha256_free(struct mlp_sha256 *h)
{
    if (!h)
        return;
    EVP_MD_CTX_free(h->ctx);
    EVP_MD_free(h->md);
    free(h);
}

enum mlp_code mlp_sha256(struct mlp_str s, uint8_t out[MLP_SHA256_BYTES], struct mlp_err *e)
{
    size_t n = 0;
    if (!mlp_crypt_start() || EVP_Q_digest(NULL, "SHA256", NULL, s.p ? s.p : "", s.n, out, &n) != 1)
        return mlp_err_set(e, MLP_EIO, "libcrypto could not compute a SHA-256");
    return MLP_OK;
}

static enum mlp_code hash_rest(int fd, struct mlp_sha256 *h, uint64_t *size, struct mlp_err *e)
{
    char *block = malloc(FILE_STEP);
    if (!block)
        return mlp_err_nomem(e);
    enum mlp_code code;
    size_t got = 0;
    *size = 0;
    while ((code = mlp_os_read(fd, block, FILE_STEP, &got, e)) == MLP_OK && got) {
        mlp_sha256_add(h, block, got);
        *size += got;
    }
    free(block);
    return code;
}

enum mlp_code mlp_sha256_file(const char *path, uint8_t out[MLP_SHA256_BYTES], uint64_t *size,
                              struct mlp_err *e)
{
    int fd;
    uint64_t bytes = 0;
    struct mlp_sha256 *h = NULL;
    enum mlp_code code = mlp_os_open(path, MLP_OPEN_READ, &fd, e);
    if (code != MLP_OK)
        return code;
    code = mlp_sha256_new(&h, e);
    if (code == MLP_OK)
        code = hash_rest(fd, h, &bytes, e);
    if (code == MLP_OK)
        mlp_sha256_finish(h, out);
    if (size)
        *size = bytes;
    mlp_sha256_free(h);
    mlp_os_close(fd, NULL);
    if (code != MLP_OK)
        mlp_err_at(e, path, 0, 0);
    return code;
}

static enum mlp_code sum_rest(int fd, EVP_MD_CTX *ctx, uint64_t *size, struct mlp_err *e)
{
    char *block = malloc(FILE_STEP);
    if (!block)
        return mlp_err_nomem(e);
    size_t got = 0;
    enum mlp_code code;
    *size = 0;
    while ((code = mlp_os_read(fd, block, FILE_STEP, &got, e)) == MLP_OK && got) {
        *size += got;
        if (EVP_DigestUpdate(ctx, block, got) != 1)
            code = mlp_err_set(e, MLP_EIO, "libcrypto could not compute a checksum");
        if (code != MLP_OK)
            break;
    }
    free(block);
    return code;
}

enum mlp_code mlp_checksum_file(const char *path, const char *algorithm, struct mlp_buf *hex,
                                uint64_t *size, struct mlp_err *e)
{
    int fd;
    unsigned n = 0;
    uint8_t sum[EVP_MAX_MD_SIZE];
    EVP_MD *md = mlp_crypt_start() ? EVP_MD_fetch(NULL, algorithm, NULL) : NULL;
    if (!md)
        return mlp_err_set(e, MLP_EUSAGE, "libcrypto does not know the checksum \"%s\"", algorithm);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    enum mlp_code code = ctx && EVP_DigestInit_ex2(ctx, md, NULL) == 1 ? MLP_OK : mlp_err_nomem(e);
    if (code == MLP_OK && (code = mlp_os_open(path, MLP_OPEN_READ, &fd, e)) == MLP_OK) {
        code = sum_rest(fd, ctx, size, e);
        mlp_os_close(fd, NULL);
    }
    if (code == MLP_OK && EVP_DigestFinal_ex(ctx, sum, &n) != 1)
        code = mlp_err_set(e, MLP_EIO, "libcrypto could not compute a checksum");
    if (code == MLP_OK)
        mlp_hex_add(hex, sum, n);
    EVP_MD_CTX_free(ctx);
    EVP_MD_free(md);
    return code == MLP_OK ? mlp_buf_check(hex, e) : mlp_err_at(e, path, 0, 0);
}

static const char hex_digits[] = "0123456789abcdef";

void mlp_hex_add(struct mlp_buf *b, const void *p, size_t n)
{
    const uint8_t *bytes = p;
    for (size_t i = 0; i < n; i++) {
        mlp_buf_addc(b, hex_digits[bytes[i] >> 4]);
        mlp_buf_addc(b, hex_digits[bytes[i] & 15]);
    }
}

void mlp_digest_text(const uint8_t digest[MLP_SHA256_BYTES], char out[MLP_DIGEST_TEXT])
{
    memcpy(out, "sha256:", 7);
    for (size_t i = 0; i < MLP_SHA256_BYTES; i++) {
        out[7 + 2 * i] = hex_digits[digest[i] >> 4];
        out[8 + 2 * i] = hex_digits[digest[i] & 15];
    }
    out[MLP_DIGEST_TEXT - 1] = '\0';
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool mlp_digest_parse(struct mlp_str s, uint8_t out[MLP_SHA256_BYTES])
{
    if (s.n != MLP_DIGEST_TEXT - 1 || !mlp_str_starts(s, "sha256:"))
        return false;
    for (size_t i = 0; i < MLP_SHA256_BYTES; i++) {
        int high = hex_value(s.p[7 + 2 * i]);
        int low = hex_value(s.p[8 + 2 * i]);
        if (high < 0 || low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void mlp_base64_add(struct mlp_buf *b, const void *p, size_t n)
{
    const uint8_t *in = p;
    for (size_t i = 0; i < n; i += 3) {
        size_t left = n - i;
        uint32_t v = (uint32_t)in[i] << 16 | (left > 1 ? (uint32_t)in[i + 1] << 8 : 0) |
                     (left > 2 ? in[i + 2] : 0u);
        char four[4] = {base64_digits[v >> 18], base64_digits[v >> 12 & 63],
                        left > 1 ? base64_digits[v >> 6 & 63] : '=',
                        left > 2 ? base64_digits[v & 63] : '='};
        mlp_buf_add(b, four, 4);
    }
}

static int base64_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Four characters, of which the last `pad` are '='; the bits that padding leaves must be zero. */
static bool decode_quad(const char *p, size_t pad, struct mlp_buf *out)
{
    uint32_t v = 0;
    for (size_t i = 0; i < 4; i++) {
        int digit = i < 4 - pad ? base64_value(p[i]) : 0;
        if (digit < 0)
            return false;
        v = v << 6 | (uint32_t)digit;
    }
    if ((pad == 1 && (v & 0xff)) || (pad == 2 && (v & 0xffff)))
        return false;
    char three[3] = {(char)(v >> 16 & 0xff), (char)(v >> 8 & 0xff), (char)(v & 0xff)};
    mlp_buf_add(out, three, 3 - pad);
    return true;
}

bool mlp_base64_decode(struct mlp_str s, struct mlp_buf *out)
{
    if (s.n % 4 != 0)
        return false;
    for (size_t i = 0; i < s.n; i += 4) {
        size_t pad = 0;
        if (i + 4 == s.n)
            pad = s.p[i + 3] != '=' ? 0 : s.p[i + 2] != '=' ? 1 : 2;
        if (!decode_quad(s.p + i, pad, out))
            return false;
    }
    return !out->failed;
}

bool mlp_bytes_equal(const void *a, const void *b, size_t n)
{
    return n == 0 || CRYPTO_memcmp(a, b, n) == 0;
}
