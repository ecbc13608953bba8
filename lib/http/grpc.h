/* grpc.h: what gRPC adds to HTTP/2: message framing, deadlines, statuses and their text form.
 *
 * Source: grpc/doc/PROTOCOL-HTTP2.md. A call is a POST to /SERVICE/METHOD whose body is a run of
 * messages, each behind one byte (compressed or not) and four of length; its status comes in the
 * trailers. Pure functions: h2.c moves the bytes. */
#ifndef MLP_HTTP_GRPC_H
#define MLP_HTTP_GRPC_H

#include "http/http.h"

#define MLP_GRPC_PREFIX 5u

/* The statuses used here (grpc/doc/statuscodes.md). */
enum mlp_grpc_status {
    MLP_GRPC_OK = 0, MLP_GRPC_INVALID = 3, MLP_GRPC_DEADLINE = 4, MLP_GRPC_NOT_FOUND = 5,
    MLP_GRPC_DENIED = 7, MLP_GRPC_EXHAUSTED = 8, MLP_GRPC_UNIMPLEMENTED = 12,
    MLP_GRPC_INTERNAL = 13, MLP_GRPC_UNAVAILABLE = 14, MLP_GRPC_UNAUTHENTICATED = 16
};

/* True of "application/grpc" and "application/grpc+proto". */
bool mlp_grpc_is(struct mlp_str content_type);

/* The status that stands for an HTTP status: 400 is INVALID, 404 NOT_FOUND ... */
enum mlp_grpc_status mlp_grpc_from_http(int status);

/* "grpc-timeout": milliseconds, rounded up, at most a day. False when it is none. */
bool mlp_grpc_timeout(struct mlp_str text, uint64_t *ms);

/* Looks at bytes for one whole message of at most `most` bytes. 1: *message is a view of it and
 * *used the bytes it took; 0: more bytes are needed; -1: *status and *why (static) say what is
 * wrong. */
int mlp_grpc_take(struct mlp_str bytes, size_t most, struct mlp_str *message, size_t *used,
                  enum mlp_grpc_status *status, const char **why);

/* Appends the prefix of a message of n bytes. */
void mlp_grpc_prefix(struct mlp_buf *out, size_t n);

/* Appends a status message as grpc-message wants it: percent-encoded, at most 1,000 bytes. */
void mlp_grpc_escape(struct mlp_buf *out, struct mlp_str message);

#endif
