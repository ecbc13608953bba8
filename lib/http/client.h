/* client.h: a small HTTP/1.1 client that blocks: for threads that have nothing else to do.
 *
 * http and https (TLS 1.2 and later; the peer's certificate and name are verified, there is no way
 * to switch that off). One connection is kept and used again for the same host. Every wait has an
 * end: timeout_ms is for a whole fetch, redirects among it (name servers have the system's own).
 * http_proxy (lower case only: upper case may come from a request, in CGI), https_proxy and
 * no_proxy (in either case) are respected; proxies are spoken to in clear text, https through
 * CONNECT. "unix:/path/of.sock:/target" asks a server on a unix socket. Not for loops. */
#ifndef MLP_HTTP_CLIENT_H
#define MLP_HTTP_CLIENT_H

#include "base/buf.h"

struct mlp_client_config {
    unsigned timeout_ms;       /* of a whole fetch; 0: 30,000 */
    unsigned redirects;        /* followed for GET and HEAD; 0: 5. https never leads to http, and
                                  Authorization does not follow to another host */
    const char *ca;            /* PEM file of the only authorities that count; NULL: the system's */
};

/* A request. Views are borrowed for the call. */
struct mlp_fetch {
    const char *method;        /* NULL: GET */
    const char *url;           /* "https://host[:port]/path?query", "unix:/socket:/path" */
    const char *headers;       /* complete lines, "Accept: a/b\r\n"; NULL: none */
    struct mlp_str content;    /* sent with Content-Length when the method is POST, PUT or PATCH */
    bool repeatable;           /* the content may be sent twice: on the kept connection, and on a
                                  new one when that had ended. Without content it always may */
    uint64_t max_bytes;        /* of the answer's body; 0: 16 MiB */
    /* Called for every answer that is no redirect, before its body; may be NULL. Views end with
     * the call. */
    void (*field)(void *ctx, struct mlp_str name, struct mlp_str value);
    /* Gets the body in pieces as it comes, without chunking; false ends the fetch (MLP_EIO). NULL:
     * the body is thrown away. */
    bool (*body)(void *ctx, const void *p, size_t n);
    void *ctx;
};

struct mlp_client;

/* Heap; one thread at a time. MLP_EIO without memory, or when ca cannot be read. */
enum mlp_code mlp_client_new(const struct mlp_client_config *config, struct mlp_client **c,
                             struct mlp_err *e);
void mlp_client_free(struct mlp_client *c); /* NULL is fine */

/* Asks and takes the answer, whatever its *status. MLP_EREMOTE: no connection, no certificate that
 * holds, a time-out, an answer that is none or is too long; MLP_EUSAGE: no such URL. */
enum mlp_code mlp_client_fetch(struct mlp_client *c, const struct mlp_fetch *f, int *status,
                               struct mlp_err *e);

#endif
