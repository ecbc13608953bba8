/* head.h: inside of the parser: the request line and the fields of a complete head. */
#ifndef MLP_HTTP_HEAD_H
#define MLP_HTTP_HEAD_H

#include "http/parse.h"

/* Parses the head p[s->start .. s->head_bytes) into *r and the framing facts of *s. The head is
 * complete and every line of it ends in CRLF with no other CR or LF. False: s->status is set.
 * Calling it again for the same bytes gives the same result. */
bool mlp_http_head(struct mlp_http_parser *s, const char *p, struct mlp_http_request *r);

/* True when the line (without CRLF) is "name: value" with a token and clean value bytes; the views
 * are set, the value trimmed. RFC 9112 section 5. */
bool mlp_http_field_line(struct mlp_str line, struct mlp_http_field *f);

/* Sets status and reason of a refused request; returns false so that `return` reads well. */
bool mlp_http_refuse(struct mlp_http_parser *s, int status, const char *reason);

/* RFC 9110 token characters: names and methods. */
bool mlp_http_is_tchar(char c);

/* Value of a hex digit, or -1. */
int mlp_http_hex(char c);

#endif
