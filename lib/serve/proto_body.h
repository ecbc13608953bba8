/* proto_body.h: what a request's body is, before anybody reads rows from it, and how the answer is
 * to be written. */
#ifndef MLP_SERVE_PROTO_BODY_H
#define MLP_SERVE_PROTO_BODY_H

#include "serve/inside.h"

/* By the content type; what is not known is taken for JSON, as curl -d says a form. */
enum mlp_body { MLP_BODY_JSON, MLP_BODY_LINES, MLP_BODY_CSV, MLP_BODY_TSV, MLP_BODY_COLUMNAR };
enum mlp_body mlp_body_kind(struct mlp_str content_type);

/* Whether a content type is this one, its parameters aside; z is lower case. */
bool mlp_body_is(struct mlp_str content_type, const char *z);

/* "header=present" (1) or "header=absent" (0) among the parameters of a content type (RFC 4180,
 * section 3), else -1. */
int mlp_body_header(struct mlp_str content_type);

/* What Accept asks for; usual when it names none of JSON, CSV and lines. */
enum mlp_form mlp_body_form(const struct mlp_asking *q, enum mlp_form usual);

/* Undoes Content-Encoding (gzip, deflate, zstd; RFC 9110, section 8.4) into q->body, which lives as
 * long as the request. The result may be as large as a body that is not compressed. False: it is
 * answered, with 400, 413 or 415. */
bool mlp_body_take(struct mlp_asking *q);

/* After the answer: memory that a large body took is given back. */
void mlp_body_drop(struct mlp_asking *q);

/* Predicts all rows of q's body and writes the answer in r->p.form with its content type. Own JSON
 * is read as mlp_predict_body does. */
enum mlp_code mlp_body_predict(struct mlp_asking *q, struct mlp_predict *p, struct mlp_err *e);

#endif
