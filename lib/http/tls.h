/* tls.h: TLS between the socket and the protocol: bytes in, bytes out, no descriptor.
 *
 * TLS 1.2 and 1.3 (RFC 5246, RFC 8446) by OpenSSL, with forward secrecy and authenticated
 * encryption only; no renegotiation, no compression. ALPN (RFC 7301) offers h2 and http/1.1.
 * Sessions are resumed by tickets, so that the server keeps no state for clients that are away.
 * A connection that waits holds no buffers beyond OpenSSL's own state. */
#ifndef MLP_HTTP_TLS_H
#define MLP_HTTP_TLS_H

#include "http/http.h"

struct mlp_tls;
struct mlp_tls_conn;

/* Reads the files of config (borrowed, outlives the result). MLP_EIO or MLP_EINPUT name the file;
 * a key that is not the certificate's is MLP_EINPUT. */
enum mlp_code mlp_tls_new(const struct mlp_http_tls *config, struct mlp_tls **t,
                          struct mlp_err *e);
/* NULL is fine; connections that live keep what they need. */
void mlp_tls_free(struct mlp_tls *t);

/* Reads the files again when one of them changed since the last try. On success connections that
 * open from now on use them and *changed is true; on failure the old ones stay. One thread. */
enum mlp_code mlp_tls_renew(struct mlp_tls *t, bool *changed, struct mlp_err *e);

/* A connection's state; what it sends is appended to *out, borrowed. NULL: no memory. From any
 * thread; free takes NULL. */
struct mlp_tls_conn *mlp_tls_open(struct mlp_tls *t, struct mlp_buf *out);
void mlp_tls_close(struct mlp_tls_conn *c);

/* Bytes from the socket: borrowed until mlp_tls_keep, which copies what read has not taken yet.
 * False: no memory. */
bool mlp_tls_feed(struct mlp_tls_conn *c, const char *p, size_t n);
bool mlp_tls_keep(struct mlp_tls_conn *c);

/* Does the handshake, then decrypts into p[0..n): bytes, 0 when more input is needed, or -1 at the
 * end of the connection or a failure (the alert to send is in *out). */
long mlp_tls_read(struct mlp_tls_conn *c, char *p, size_t n);

/* Encrypts into *out. False on failure, and before the handshake is done. */
bool mlp_tls_write(struct mlp_tls_conn *c, const char *p, size_t n);

/* Says good-bye (close_notify) into *out. */
void mlp_tls_bye(struct mlp_tls_conn *c);

/* After the handshake: whether the client chose h2; the subject of its certificate as RFC 2253
 * writes it, empty when it gave none. Borrowed from c. */
bool mlp_tls_chose_h2(const struct mlp_tls_conn *c);
struct mlp_str mlp_tls_subject(const struct mlp_tls_conn *c);

#endif
