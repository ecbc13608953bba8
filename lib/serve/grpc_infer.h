/* grpc_infer.h: gRPC: the Open Inference Protocol's GRPCInferenceService and the health service.
 *
 * ServerLive, ServerReady, ModelReady, ServerMetadata, ModelMetadata, ModelInfer, and of Triton's
 * extensions ModelStreamInfer, RepositoryIndex, RepositoryModelLoad and RepositoryModelUnload;
 * grpc.health.v1.Health/Check. The names of models, arms, limits, the log and the shadows are those
 * of REST. Errors are statuses: INVALID_ARGUMENT, NOT_FOUND, UNIMPLEMENTED, INTERNAL ...; those of
 * one message of a stream are its error_message, and the stream goes on.
 * Source: open-inference-protocol, open_inference_grpc.proto; grpc/doc/health-checking.md. */
#ifndef MLP_SERVE_GRPC_INFER_H
#define MLP_SERVE_GRPC_INFER_H

#include "serve/routes.h"

/* Answers a message of a call (q->request->grpc) into q->response. Returns what it counts as. */
enum mlp_kind mlp_grpc_dispatch(struct mlp_asking *q);

/* The path of REST that asks for the same as a message of a call: what keys, tokens and limits go
 * by. A view of to, of r or static; r's own path when the method is not known. */
#define MLP_GRPC_REST_PATH 300
struct mlp_str mlp_grpc_as_rest(const struct mlp_http_request *r, char to[MLP_GRPC_REST_PATH]);

#endif
