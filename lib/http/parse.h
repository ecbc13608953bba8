/* parse.h: strict HTTP/1.1 request parser (RFC 9112), incremental, no allocation, no callbacks.
 *
 * Bytes accumulate in the caller's buffer; each call looks at what is there. Pure: fuzzed alone. */
#ifndef MLP_HTTP_PARSE_H
#define MLP_HTTP_PARSE_H

#include "http/http.h"

enum mlp_parse { MLP_PARSE_MORE, MLP_PARSE_DONE, MLP_PARSE_BAD };

/* Where the request stands. Zeroed before each request. */
struct mlp_http_parser {
    struct mlp_http_limits limits; /* filled in, no zeros */
    size_t head_bytes;             /* length of the head once known */
    uint64_t content_length;
    bool chunked, keep_alive, expect_continue, head_done;
    size_t body_at;                /* next raw body byte to look at (chunked) */
    size_t body_out;               /* decoded body bytes so far (compacted in place) */
    size_t scanned;
    int chunk_state;
    uint64_t chunk_left;
    int status;                    /* for BAD: 400, 405, 408, 411, 413, 414, 431, 501, 505 */
    const char *reason;            /* for BAD: a few words */
};

/* Looks at p[0..n), which grows between calls and may be written (chunks are compacted in place).
 * DONE: *r is filled with views into p and *used is the length of the request in p. */
enum mlp_parse mlp_http_parse(struct mlp_http_parser *s, char *p, size_t n,
                              struct mlp_http_request *r, size_t *used);

#endif
