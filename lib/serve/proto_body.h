/* proto_body.h: what a request's body is, before anybody reads rows from it. */
#ifndef MLP_SERVE_PROTO_BODY_H
#define MLP_SERVE_PROTO_BODY_H

#include "serve/inside.h"

/* Undoes Content-Encoding (gzip, deflate, zstd; RFC 9110, section 8.4) into q->body, which lives as
 * long as the request. The result may be as large as a body that is not compressed. False: it is
 * answered, with 400, 413 or 415. */
bool mlp_body_take(struct mlp_asking *q);

/* After the answer: memory that a large body took is given back. */
void mlp_body_drop(struct mlp_asking *q);

#endif
