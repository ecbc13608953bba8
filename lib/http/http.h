/* http.h: an HTTP/1.1 and HTTP/2 server on libuv, with TLS: one loop a thread, SO_REUSEPORT, a
 * handler per request.
 *
 * The parser is strict (RFC 9110, RFC 9112): ambiguous lengths, obsolete folding, bare control
 * bytes, bad chunks and oversize parts are refused and the connection closes. Limits are on by
 * default. The handler runs on the loop's thread and answers before it returns, or says `later` and
 * has another thread answer (mlp_http_answer); the loop goes on meanwhile.
 *
 * A connection that waits holds no buffers: bytes are read into its loop's buffer and answers are
 * put together in its loop's, so that a warm server allocates nothing for a request, and 10,000
 * idle connections cost about half a kilobyte each. */
#ifndef MLP_HTTP_HTTP_H
#define MLP_HTTP_HTTP_H

#include "base/buf.h"
#include "base/log.h"

/* A header field; names compare without case. */
struct mlp_http_field {
    struct mlp_str name, value;
};

#define MLP_HTTP_MAX_FIELDS 100

/* A whole request; views are good until the handler returns. */
struct mlp_http_request {
    struct mlp_str method, path, query; /* path is percent-decoded, without query */
    size_t nfields;
    struct mlp_http_field fields[MLP_HTTP_MAX_FIELDS];
    struct mlp_str body;
    struct mlp_str subject;             /* of the client's certificate (RFC 2253), or empty */
    bool admin;                         /* it came by the admin's socket */
    bool grpc;                          /* body is one message of a gRPC call (see grpc below) */
    bool end;                           /* of a call: no message follows; body may have none */
    unsigned nth;                       /* messages of the call before this one */
    unsigned thread;                    /* 0 .. threads-1: index for per-thread state */
    void *connection;                   /* for mlp_http_answer */
};

/* Value of a field, or empty with p NULL. */
struct mlp_str mlp_http_get(const struct mlp_http_request *r, const char *name);

#define MLP_HTTP_PEER 48
/* The client's address, in the handler: IPv4, or the /64 of IPv6, which one household has. Empty
 * and false on a unix socket. */
bool mlp_http_peer(const struct mlp_http_request *r, char out[MLP_HTTP_PEER]);

/* The answer: the handler sets status and type and appends to body. extra is complete header
 * lines ("Retry-After: 1\r\n"). */
struct mlp_http_response {
    int status;
    const char *content_type;
    struct mlp_buf body;
    struct mlp_buf extra;
    int grpc_status;    /* to a call: its status; 0 is OK, or what stands for status from 400 on,
                           whose message is then body */
    struct mlp_str grpc_message; /* in words, static or as good as the request's views */
    bool more;          /* to a call: the body is a message of several; the stream stays open */
    bool close;
    bool later;         /* nothing of this counts but more: mlp_http_answer will be called, once;
                           messages of the call that come meanwhile wait for it */
    uint64_t cookie;    /* of an answer that comes later, for config.answered */
};

struct mlp_http_limits {            /* 0 takes the default */
    size_t line_bytes;              /* request line, 8 KiB */
    size_t header_bytes;            /* all fields, 32 KiB */
    size_t body_bytes;              /* 16 MiB */
    unsigned connections;           /* per thread, 12,000; more are told 503 */
    unsigned header_timeout_ms;     /* 10,000 */
    unsigned body_timeout_ms;       /* 30,000; a body of HTTP/1 that brings less than 1 KiB a second
                                       is cut after header_timeout_ms */
    unsigned idle_timeout_ms;       /* 60,000 */
    unsigned requests_per_connection; /* unlimited */
};

/* TLS: PEM files, read at the start, again on SIGHUP and when they change. ca: clients may show a
 * certificate that it signed (NULL: they are not asked); required: they must. */
struct mlp_http_tls {
    const char *cert, *key, *ca;
    bool client_required;
};

struct mlp_http_config {
    const char *address;            /* "127.0.0.1:8080", "[::1]:0", "unix:/path"; "fd:3": a
                                       socket that was passed, which is taken over */
    const char *admin;              /* "unix:/path" or "fd:4" of a second socket, for orders: its
                                       file's mode lets the server's user in alone; NULL: none */
    unsigned threads;               /* 0: one */
    struct mlp_http_tls tls;        /* cert NULL: no TLS */
    struct mlp_http_limits limits;
    unsigned drain_ms;              /* how long stop waits for requests in flight, 10,000 */
    const struct mlp_log *log;
    void (*handle)(void *ctx, const struct mlp_http_request *, struct mlp_http_response *);
    void (*after)(void *ctx, unsigned thread); /* answers are on their way: for work that nobody
                                       waits for, as shadow predictions; may be NULL */
    void (*answered)(void *ctx, unsigned thread, int status, uint64_t cookie); /* a late answer is
                                       on its way; may be NULL */
    void (*tick)(void *ctx);        /* about once a second, on thread 0; may be NULL */
    void (*reload)(void *ctx);      /* on SIGHUP, on thread 0; may be NULL */
    void *ctx;
};

/* Sums over threads since the start. refused: answered by the server itself with an error, without
 * the handler; cut: closed by a time-out or by the end of a drain. */
struct mlp_http_stats {
    uint64_t connections, open, requests, refused, cut, bytes_in, bytes_out;
    uint64_t resident_bytes;        /* memory of the process now */
};

struct mlp_http;
/* Binds and listens; nothing is answered before run. An address in use is MLP_EIO that names it,
 * one that is none MLP_EUSAGE. config is copied; its log and ctx must outlive h. */
enum mlp_code mlp_http_new(const struct mlp_http_config *config, struct mlp_http **h,
                           struct mlp_err *e);
/* A socket that listens at an address as of config.address, for who passes it on as "fd:N":
 * connections wait in it while no server takes them. owner_only: of a unix socket. The caller
 * closes *fd, and removes a unix socket's file. */
enum mlp_code mlp_http_bind(const char *address, bool owner_only, int *fd, struct mlp_err *e);
/* The address bound, with the port that the system chose: "127.0.0.1:40123". */
const char *mlp_http_address(const struct mlp_http *h);
/* Serves until SIGTERM, SIGINT or stop; then drains: no more is accepted, requests in flight and
 * those that arrive within a moment are answered with "Connection: close", the rest is cut after
 * drain_ms. A second signal cuts at once. Once per h. */
enum mlp_code mlp_http_run(struct mlp_http *h, struct mlp_err *e);
/* From any thread or handler, while run runs: begin to drain. */
void mlp_http_stop(struct mlp_http *h);
/* True from the beginning of the drain on. From any thread. */
bool mlp_http_draining(const struct mlp_http *h);
void mlp_http_stats(const struct mlp_http *h, struct mlp_http_stats *s);
/* The answer to a request whose handler said `later`: from any thread, exactly once, before free.
 * JSON; body is taken (empty after). A client that is gone by then is no error. */
void mlp_http_answer(struct mlp_http *h, void *connection, int status, struct mlp_buf *body);
/* NULL is fine; not while run runs. */
void mlp_http_free(struct mlp_http *h);

/* The phrase of a status: 200 "OK". */
const char *mlp_http_phrase(int status);

#endif
