/* client_net.h: the client's connection: addresses, proxies, TLS, time. Internal to the client. */
#ifndef MLP_HTTP_CLIENT_NET_H
#define MLP_HTTP_CLIENT_NET_H

#include "http/client.h"

#include <openssl/ssl.h>

/* A URL in its parts; texts fit or the URL is refused. */
struct mlp_url {
    bool tls;
    char host[256], port[8];
    char path[104];             /* of a unix socket; else empty */
    char target[4096];          /* path and query */
};

/* False for what is no http, https or unix URL, has a user in it, or does not fit. */
bool mlp_url_parse(const char *text, struct mlp_url *u);
bool mlp_url_same_host(const struct mlp_url *a, const struct mlp_url *b);

/* A connection, or none (fd -1). */
struct mlp_link {
    int fd;
    SSL_CTX *tls;               /* owned; for every connection */
    SSL *ssl;                   /* NULL: clear text */
    struct mlp_url to;          /* where it leads */
    bool proxied;               /* clear text through a proxy: targets are whole URLs */
    uint64_t deadline_ns;       /* monotonic */
    size_t at, n;               /* unread bytes of in */
    char in[16384];
};

/* Connects, by the proxy that the environment names, and says hello. MLP_EREMOTE. */
enum mlp_code mlp_link_open(struct mlp_link *l, const struct mlp_url *u, struct mlp_err *e);
void mlp_link_close(struct mlp_link *l);

enum mlp_code mlp_link_write(struct mlp_link *l, struct mlp_str bytes, struct mlp_err *e);
/* Reads more into `in`, when all of it was used. *end: nothing more will come. */
enum mlp_code mlp_link_fill(struct mlp_link *l, bool *end, struct mlp_err *e);
/* A line without its end, into b (emptied; its maximum holds). */
enum mlp_code mlp_link_line(struct mlp_link *l, struct mlp_buf *b, struct mlp_err *e);

#endif
