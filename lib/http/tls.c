#include "http/tls.h"

#include "base/file.h"
#include "base/os.h"
#include "base/thread.h"

#include <openssl/ssl.h>
#include <stdlib.h>

#define PEM_MAX ((size_t)1 << 20)
#define REST_MAX ((size_t)1 << 20)

/* Forward secrecy and AEAD only; TLS 1.3 has nothing else (RFC 9325, 4.2). */
#define CIPHERS "ECDHE+AESGCM:ECDHE+CHACHA20"

struct mlp_tls {
    struct mlp_http_tls config;
    struct mlp_monitor *monitor;  /* guards ctx */
    SSL_CTX *ctx;
    BIO_METHOD *method;
    struct mlp_stat seen[3];      /* the files as they were when last tried */
};

struct mlp_tls_conn {
    SSL *ssl;
    const char *p;                /* input not taken yet */
    size_t n;
    struct mlp_buf *out;
    struct mlp_buf rest;
    char *subject;                /* owned, or NULL */
    bool looked;
};

/* --- the files --- */

static BIO *read_pem(const char *path, struct mlp_buf *bytes, struct mlp_err *e)
{
    mlp_buf_init(bytes, PEM_MAX);
    if (mlp_file_read(path, bytes, e) != MLP_OK)
        return NULL;
    BIO *bio = BIO_new_mem_buf(bytes->p ? bytes->p : "", (int)bytes->n);
    if (!bio)
        mlp_err_nomem(e);
    return bio;
}

static void free_pem(BIO *bio, struct mlp_buf *bytes)
{
    if (bytes->p)
        memset(bytes->p, 0, bytes->n);
    mlp_buf_fini(bytes);
    BIO_free(bio);
}

static enum mlp_code bad_file(struct mlp_err *e, const char *path, const char *what,
                              const char *hint)
{
    mlp_err_set(e, MLP_EINPUT, "%s", what);
    mlp_err_at(e, path, 0, 0);
    return mlp_err_hint(e, "%s", hint);
}

/* How many certificates a file says that it has: reading stops without a word at a bad one. */
static unsigned count_certificates(struct mlp_str text)
{
    static const char mark[] = "-----BEGIN CERTIFICATE-----";
    const char *p = text.p, *end = text.p + text.n;
    unsigned n = 0;
    while (p && p < end && (p = memmem(p, (size_t)(end - p), mark, sizeof mark - 1))) {
        p += sizeof mark - 1;
        n++;
    }
    return n;
}

/* The first certificate is the server's, those after it lead to the root. */
static enum mlp_code use_chain(SSL_CTX *ctx, const char *path, struct mlp_err *e)
{
    struct mlp_buf bytes;
    BIO *bio = read_pem(path, &bytes, e);
    unsigned n = 0, marks = count_certificates(mlp_buf_str(&bytes));
    bool good = bio != NULL;
    for (X509 *x; good && (x = PEM_read_bio_X509(bio, NULL, NULL, NULL)); n++) {
        good = n ? SSL_CTX_add1_chain_cert(ctx, x) == 1 : SSL_CTX_use_certificate(ctx, x) == 1;
        X509_free(x);
    }
    free_pem(bio, &bytes);
    if (!bio)
        return e ? e->code : MLP_EIO;
    if (!good || !n || n < marks)
        return bad_file(e, path, "this holds no certificate that can be used",
                        "give a PEM file: the server's certificate, then the intermediate ones");
    return MLP_OK;
}

/* Asked for the password of an encrypted key: there is none. */
static int no_password(char *buf, int size, int writing, void *ctx)
{
    (void)buf, (void)size, (void)writing, (void)ctx;
    return -1;
}

static enum mlp_code use_key(SSL_CTX *ctx, const struct mlp_http_tls *c, struct mlp_err *e)
{
    struct mlp_buf bytes;
    BIO *bio = read_pem(c->key, &bytes, e);
    if (!bio) {
        free_pem(bio, &bytes);
        return e ? e->code : MLP_EIO;
    }
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL);
    X509 *x = SSL_CTX_get0_certificate(ctx);
    bool fits = key && x && X509_check_private_key(x, key) == 1;
    bool used = fits && SSL_CTX_use_PrivateKey(ctx, key) == 1;
    bool read = key != NULL;
    EVP_PKEY_free(key);
    free_pem(bio, &bytes);
    if (!read)
        return bad_file(e, c->key, "this holds no private key that can be read",
                        "give an unencrypted PEM file, readable by the server alone");
    if (!fits) {
        mlp_err_set(e, MLP_EINPUT, "the private key is not that of the certificate in %s", c->cert);
        mlp_err_at(e, c->key, 0, 0);
        return mlp_err_hint(e, "give the key that the certificate was made for");
    }
    return used ? MLP_OK
                : bad_file(e, c->key, "the private key cannot be used",
                           "use RSA of 2048 bits or more, ECDSA P-256 or Ed25519");
}

static enum mlp_code use_ca(SSL_CTX *ctx, const struct mlp_http_tls *c, struct mlp_err *e)
{
    struct mlp_buf bytes;
    BIO *bio = read_pem(c->ca, &bytes, e);
    X509_STORE *store = SSL_CTX_get_cert_store(ctx);
    unsigned n = 0, marks = count_certificates(mlp_buf_str(&bytes));
    bool good = bio != NULL;
    for (X509 *x; good && (x = PEM_read_bio_X509(bio, NULL, NULL, NULL)); n++) {
        good = X509_STORE_add_cert(store, x) == 1 && SSL_CTX_add_client_CA(ctx, x) == 1;
        X509_free(x);
    }
    free_pem(bio, &bytes);
    if (!bio)
        return e ? e->code : MLP_EIO;
    if (!good || !n || n < marks)
        return bad_file(e, c->ca, "this holds no certificate that can be used",
                        "give a PEM file with the authorities that sign clients' certificates");
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER |
                                (c->client_required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0), NULL);
    return MLP_OK;
}

/* RFC 7301: the server chooses, h2 first. No overlap: go on without, as HTTP/1.1. */
static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *n,
                           const unsigned char *in, unsigned n_in, void *arg)
{
    static const char *const offers[] = {"\2h2", "\10http/1.1"};
    (void)ssl, (void)arg;
    for (size_t i = 0; i < 2; i++) {
        size_t length = strlen(offers[i]);
        for (unsigned at = 0; at < n_in && at + 1u + in[at] <= n_in; at += 1u + in[at]) {
            if (in[at] + 1u != length || memcmp(in + at, offers[i], length) != 0)
                continue;
            *out = in + at + 1;
            *n = in[at];
            return SSL_TLSEXT_ERR_OK;
        }
    }
    return SSL_TLSEXT_ERR_NOACK;
}

static SSL_CTX *new_context(void)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    if (!ctx)
        return NULL;
    bool good = SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1 &&
                SSL_CTX_set_cipher_list(ctx, CIPHERS) == 1 &&
                SSL_CTX_set_session_id_context(ctx, (const unsigned char *)"mlp", 3) == 1 &&
                SSL_CTX_set_num_tickets(ctx, 1) == 1;
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA |
                                 SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_alpn_select_cb(ctx, choose_protocol, NULL);
    if (good)
        return ctx;
    SSL_CTX_free(ctx);
    return NULL;
}

static enum mlp_code load(const struct mlp_http_tls *c, SSL_CTX **out, struct mlp_err *e)
{
    SSL_CTX *ctx = *out = new_context();
    if (!ctx)
        return mlp_err_nomem(e);
    enum mlp_code code = use_chain(ctx, c->cert, e);
    if (code == MLP_OK)
        code = use_key(ctx, c, e);
    if (code == MLP_OK && c->ca)
        code = use_ca(ctx, c, e);
    if (code != MLP_OK) {
        SSL_CTX_free(ctx);
        *out = NULL;
    }
    return code;
}

/* Notes the state of the files; true when one is another than at the last look. */
static bool look(struct mlp_tls *t)
{
    const char *const paths[] = {t->config.cert, t->config.key, t->config.ca};
    bool changed = false;
    for (size_t i = 0; i < 3; i++) {
        struct mlp_stat st = {0};
        const struct mlp_stat *old = &t->seen[i];
        if (!paths[i] || mlp_os_stat(paths[i], false, &st, NULL) != MLP_OK)
            continue;
        changed = changed || st.inode != old->inode || st.size != old->size ||
                  st.mtime_s != old->mtime_s || st.mtime_ns != old->mtime_ns;
        t->seen[i] = st;
    }
    return changed;
}

enum mlp_code mlp_tls_renew(struct mlp_tls *t, bool *changed, struct mlp_err *e)
{
    SSL_CTX *ctx, *old;
    *changed = false;
    if (!look(t))
        return MLP_OK;
    enum mlp_code code = load(&t->config, &ctx, e);
    if (code != MLP_OK)
        return code;
    mlp_monitor_enter(t->monitor);
    old = t->ctx;
    t->ctx = ctx;
    mlp_monitor_leave(t->monitor);
    SSL_CTX_free(old);
    *changed = true;
    return MLP_OK;
}

/* --- bytes --- */

static int take_input(BIO *bio, char *p, int n)
{
    struct mlp_tls_conn *c = BIO_get_data(bio);
    size_t most = n > 0 ? (size_t)n : 0;
    size_t got = c->n < most ? c->n : most;
    BIO_clear_retry_flags(bio);
    if (!got) {
        BIO_set_retry_read(bio);
        return -1;
    }
    memcpy(p, c->p, got);
    c->p += got;
    c->n -= got;
    return (int)got;
}

static int give_output(BIO *bio, const char *p, int n)
{
    struct mlp_tls_conn *c = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    mlp_buf_add(c->out, p, (size_t)n);
    return c->out->failed ? -1 : n;
}

static long control(BIO *bio, int command, long number, void *p)
{
    (void)bio, (void)number, (void)p;
    return command == BIO_CTRL_FLUSH;
}

static BIO_METHOD *new_method(void)
{
    BIO_METHOD *m = BIO_meth_new(BIO_TYPE_SOURCE_SINK | BIO_get_new_index(), "mlp");
    if (m && BIO_meth_set_read(m, take_input) && BIO_meth_set_write(m, give_output) &&
        BIO_meth_set_ctrl(m, control))
        return m;
    BIO_meth_free(m);
    return NULL;
}

enum mlp_code mlp_tls_new(const struct mlp_http_tls *config, struct mlp_tls **out,
                          struct mlp_err *e)
{
    struct mlp_tls *t = calloc(1, sizeof *t);
    *out = NULL;
    if (!t)
        return mlp_err_nomem(e);
    t->config = *config;
    enum mlp_code code = mlp_monitor_new(&t->monitor, e);
    if (code == MLP_OK && !(t->method = new_method()))
        code = mlp_err_nomem(e);
    look(t);
    if (code == MLP_OK)
        code = load(config, &t->ctx, e);
    if (code == MLP_OK)
        *out = t;
    else
        mlp_tls_free(t);
    return code;
}

void mlp_tls_free(struct mlp_tls *t)
{
    if (!t)
        return;
    SSL_CTX_free(t->ctx);
    BIO_meth_free(t->method);
    mlp_monitor_free(t->monitor);
    free(t);
}

struct mlp_tls_conn *mlp_tls_open(struct mlp_tls *t, struct mlp_buf *out)
{
    struct mlp_tls_conn *c = calloc(1, sizeof *c);
    BIO *bio = c ? BIO_new(t->method) : NULL;
    mlp_monitor_enter(t->monitor);
    SSL *ssl = bio ? SSL_new(t->ctx) : NULL;
    mlp_monitor_leave(t->monitor);
    if (!ssl) {
        BIO_free(bio);
        free(c);
        return NULL;
    }
    c->ssl = ssl;
    c->out = out;
    mlp_buf_init(&c->rest, REST_MAX);
    BIO_set_data(bio, c);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl, bio, bio);
    SSL_set_accept_state(ssl);
    return c;
}

void mlp_tls_close(struct mlp_tls_conn *c)
{
    if (!c)
        return;
    SSL_free(c->ssl);
    free(c->subject);
    mlp_buf_fini(&c->rest);
    free(c);
}

bool mlp_tls_feed(struct mlp_tls_conn *c, const char *p, size_t n)
{
    if (c->n) { /* what was kept comes first */
        mlp_buf_add(&c->rest, p, n);
        c->p = c->rest.p + (c->rest.n - n - c->n);
        c->n += n;
        return !c->rest.failed;
    }
    c->p = p;
    c->n = n;
    return true;
}

bool mlp_tls_keep(struct mlp_tls_conn *c)
{
    if (!c->n) {
        mlp_buf_fini(&c->rest);
        return true;
    }
    struct mlp_buf old = c->rest;
    mlp_buf_init(&c->rest, REST_MAX);
    mlp_buf_add(&c->rest, c->p, c->n);
    mlp_buf_fini(&old);
    c->p = c->rest.p;
    return !c->rest.failed;
}

/* Once, after the handshake: whom the client's certificate names. */
static void note_subject(struct mlp_tls_conn *c)
{
    X509 *x = SSL_get0_peer_certificate(c->ssl);
    BIO *bio = x ? BIO_new(BIO_s_mem()) : NULL;
    char *text;
    c->looked = true;
    if (bio && X509_NAME_print_ex(bio, X509_get_subject_name(x), 0, XN_FLAG_RFC2253) >= 0) {
        long n = BIO_get_mem_data(bio, &text);
        c->subject = malloc((size_t)n + 1);
        if (c->subject) {
            memcpy(c->subject, text, (size_t)n);
            c->subject[n] = '\0';
        }
    }
    BIO_free(bio);
}

long mlp_tls_read(struct mlp_tls_conn *c, char *p, size_t n)
{
    size_t got = 0;
    bool good = SSL_read_ex(c->ssl, p, n, &got) == 1;
    if (!c->looked && !SSL_in_init(c->ssl))
        note_subject(c);
    if (good)
        return (long)got;
    return SSL_want_read(c->ssl) ? 0 : -1;
}

bool mlp_tls_write(struct mlp_tls_conn *c, const char *p, size_t n)
{
    size_t sent;
    return !SSL_in_init(c->ssl) && SSL_write_ex(c->ssl, p, n, &sent) == 1 && sent == n;
}

void mlp_tls_bye(struct mlp_tls_conn *c)
{
    if (!SSL_in_init(c->ssl))
        SSL_shutdown(c->ssl);
}

bool mlp_tls_chose_h2(const struct mlp_tls_conn *c)
{
    const unsigned char *p;
    unsigned n;
    SSL_get0_alpn_selected(c->ssl, &p, &n);
    return n == 2 && memcmp(p, "h2", 2) == 0;
}

struct mlp_str mlp_tls_subject(const struct mlp_tls_conn *c)
{
    return c->subject ? mlp_str_from(c->subject) : (struct mlp_str){0};
}
