/* grpc_wire.h: messages of the Open Inference Protocol's gRPC service, as bytes.
 *
 * Read and written by hand over text/proto.h; fields that are not known are passed over, as
 * protobuf has it. Strings are not checked to be UTF-8: they name things or are data.
 * Source: open-inference-protocol, specification/protocol/open_inference_grpc.proto; Triton's
 * grpc_service.proto for streams and the repository. */
#ifndef MLP_SERVE_GRPC_WIRE_H
#define MLP_SERVE_GRPC_WIRE_H

#include "serve/tensors.h"

/* The strings of a request that name something: fields 1 to 3, which is name and version, or
 * model_name, model_version and id, or repository_name and model_name. flag: field 2 as a bool. */
struct mlp_grpc_names {
    struct mlp_str text[3];
    bool flag;
};

/* Reads them; views of bytes. MLP_EINPUT when bytes are no message. */
enum mlp_code mlp_grpc_read_names(struct mlp_str bytes, struct mlp_grpc_names *names,
                                  struct mlp_err *e);

/* What a ModelInferRequest asks for beside its names. */
struct mlp_grpc_request {
    struct mlp_tensors in;       /* raw contents are views, typed ones decoded in the arena */
    bool raw;                    /* raw_input_contents: the answer is raw too */
    struct mlp_str *outputs;     /* asked for by name, in the arena */
    size_t noutputs;             /* 0: all of them */
};

/* Reads a ModelInferRequest. Memory comes from arena. MLP_EINPUT names the tensor: contents that
 * are not its datatype's, raw and typed contents at once, or not as many raw contents as inputs. */
enum mlp_code mlp_grpc_read_infer(struct mlp_str bytes, struct mlp_arena *arena,
                                  struct mlp_grpc_request *r, struct mlp_err *e);

/* Marks the outputs that r asks for; MLP_EINPUT for one that the model does not have. */
enum mlp_code mlp_grpc_choose(const struct mlp_grpc_request *r, struct mlp_tensor_out *out,
                              size_t nout, struct mlp_err *e);

/* Appends the fields of a ModelInferResponse with the wanted outputs, as raw contents or typed
 * ones. A failure is b's. */
void mlp_grpc_write_infer(const struct mlp_grpc_names *names, uint64_t version, bool raw,
                          const struct mlp_tensor_out *out, size_t nout, struct mlp_buf *b);

/* Appends the inputs and outputs of a ModelMetadataResponse; a command has none. */
void mlp_grpc_write_signature(const struct mlp_served *s, struct mlp_buf *b);

/* Appends a version as a string field: all protocols tell versions as text. */
void mlp_grpc_write_version(struct mlp_buf *b, unsigned field, uint64_t version);

#endif
