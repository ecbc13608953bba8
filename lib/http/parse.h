/* parse.h: strict HTTP/1.1 request parser (RFC 9110, RFC 9112), incremental, no allocation.
 *
 * Why our own: the parsers that distributions ship differ from one to the next (http-parser here,
 * llhttp there, with other leniencies in each release), and all need strictness on top: both
 * lengths at once, repeated lengths, odd chunk sizes, folded lines. This one is pure (bytes in,
 * views out), small enough to read, and fuzzed against itself: every way of cutting a request
 * into reads must give the same answer. */
#ifndef MLP_HTTP_PARSE_H
#define MLP_HTTP_PARSE_H

#include "http/http.h"

enum mlp_parse { MLP_PARSE_MORE, MLP_PARSE_DONE, MLP_PARSE_BAD };

/* Where one request stands. Zeroed, then limits set, before each request. Offsets count from the
 * request's first byte, so that the bytes may move between calls. */
struct mlp_http_parser {
    const struct mlp_http_limits *limits; /* borrowed; filled in, no zeros */
    uint64_t content_length;
    uint64_t chunk_left;           /* bytes of the current chunk still to come */
    size_t start;                  /* 2 after an empty line before the request, else 0 */
    size_t line;                   /* where the head's current line starts */
    size_t fields_at;              /* where the first field line starts, once known */
    size_t scanned;                /* head bytes known to hold no line end */
    size_t head_bytes;             /* length of the head once known, else 0 */
    size_t body_at;                /* next raw body byte to look at (chunked) */
    size_t body_out;               /* decoded body bytes, right behind the head (chunked) */
    size_t trailer_bytes;
    uint8_t chunk_state;
    bool chunked, expect_continue, head_done;
    bool keep_alive;               /* by version and Connection */
    bool keep_named;               /* the client named keep-alive: HTTP/1.0 wants it answered */
    int status;                    /* for BAD: 400, 413, 414, 417, 431, 501 or 505 */
    const char *reason;            /* for BAD: a few words, static */
};

/* Looks at p[0..n), which grows between calls and may be written (chunks are compacted and the
 * path is decoded in place). DONE: *r is filled with views into p and *used is the length of the
 * request in p. MORE: call again with more bytes. BAD: status and reason are set; the connection
 * cannot be used any more, since where the next request would start is not known.
 *
 * Refused by RFC 9112 or by choice: bare LF or CR, folded lines, blanks before the colon, control
 * bytes, Content-Length with Transfer-Encoding or twice, any coding but chunked, chunk sizes that
 * are not plain hex, Host absent or twice, targets with bytes outside RFC 3986, HTTP/0.9. */
enum mlp_parse mlp_http_parse(struct mlp_http_parser *s, char *p, size_t n,
                              struct mlp_http_request *r, size_t *used);

/* After MORE: closes the hole that decoded chunks left in p[0..n), so that a body in many small
 * chunks takes no more room than its bytes. Returns the new n. */
size_t mlp_http_compact(struct mlp_http_parser *s, char *p, size_t n);

/* How many bytes the request needs at least beyond the n that are there; 0 when not known. */
size_t mlp_http_wanted(const struct mlp_http_parser *s, size_t n);

/* Undoes %XX in place. False on a bad escape or a NUL. */
bool mlp_http_decode(struct mlp_str *s, char *at);

/* Equality without ASCII case; z is lower case. */
bool mlp_http_is(struct mlp_str s, const char *z);

#endif
