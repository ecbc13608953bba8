/* proto_v2.h: requests and answers of the Open Inference Protocol over REST, as bytes.
 *
 * A body is JSON, or JSON and the binary extension: the field Inference-Header-Content-Length says
 * how much of the body is JSON, and tensors whose parameters have binary_data_size follow it in
 * their order, without gaps. A header length of 0 is a body of raw FP64, rows of all features.
 * Source: open-inference-protocol, inference_rest.md; Triton, extension_binary_data.md. */
#ifndef MLP_SERVE_PROTO_V2_H
#define MLP_SERVE_PROTO_V2_H

#include "serve/tensors.h"

/* A request. Everything is a view into the body or memory of the arena. */
struct mlp_v2 {
    struct mlp_str id;           /* JSON between its quotes, good to write again; p NULL: none */
    struct mlp_tensors in;
    bool binary;                 /* of all outputs: parameters.binary_data_output */
    bool chosen;                 /* "outputs" is there: only `wanted` ones */
    bool wanted[MLP_TENSOR_OUTPUTS];
    bool as_binary[MLP_TENSOR_OUTPUTS]; /* filled in for every output */
};

/* Reads a body. header: bytes of JSON, SIZE_MAX when all of it is. NaN, Infinity and -Infinity are
 * numbers. MLP_EINPUT with the line and column or the tensor. */
enum mlp_code mlp_v2_read(struct mlp_str body, size_t header, const struct mlp_served *s,
                          struct mlp_arena *arena, struct mlp_v2 *v, struct mlp_err *e);

/* Appends an answer to b: JSON, and behind it the outputs that are binary; *header is the length of
 * the JSON when there is one of them, else SIZE_MAX. What is not finite is null in JSON. model: the
 * JSON members that name it, without braces. */
void mlp_v2_write(const struct mlp_v2 *v, const char *model,
                  const struct mlp_tensor_out *out, size_t nout, struct mlp_buf *b, size_t *header);

#endif
