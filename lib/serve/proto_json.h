/* proto_json.h: lists of JSON into tensors: the data of V2, and columns of V1 and MLflow.
 *
 * Numbers take numbers, true (1), false (0) and null (missing); BYTES take strings, null and
 * {"b64": "..."}. Nested lists are read row by row, as the flat list that they stand for. */
#ifndef MLP_SERVE_PROTO_JSON_H
#define MLP_SERVE_PROTO_JSON_H

#include "serve/tensors.h"
#include "text/json.h"

/* How many elements the value holds whose first token is *t, and which j, a copy, reads behind. */
enum mlp_code mlp_json_elements(struct mlp_json j, const struct mlp_json_token *t, size_t *n,
                                struct mlp_err *e);

/* Reads the value whose first token is *t into x->numbers or x->texts (as x->type is BYTES) in
 * arena, at most n elements; x->count says how many. */
enum mlp_code mlp_json_data(struct mlp_json *j, struct mlp_json_token *t, size_t n,
                            struct mlp_arena *arena, struct mlp_tensor *x, struct mlp_err *e);

/* The bytes of a string token, unescaped into arena where they must be. */
enum mlp_code mlp_json_string(const struct mlp_json_token *t, struct mlp_arena *arena,
                              struct mlp_str *out, struct mlp_err *e);

/* {"b64": "..."} whose brace is *t. */
enum mlp_code mlp_json_b64(struct mlp_json *j, struct mlp_json_token *t, struct mlp_arena *arena,
                           struct mlp_str *out, struct mlp_err *e);

/* An object of columns, {"a": [1, 2], "b": ["x", "y"]}, whose brace is *t, as a tensor for each
 * feature that s has; others are MLP_EINPUT unless ignore_extra. A scalar is a column of a row. */
enum mlp_code mlp_json_columns(struct mlp_json *j, const struct mlp_served *s, bool ignore_extra,
                               struct mlp_arena *arena, struct mlp_tensors *out,
                               struct mlp_err *e);

#endif
