/* onnx.h: an ONNX file as it is stored: ModelProto and what it holds, borrowed from its bytes.
 *
 * A reader of the protobuf wire format for the messages of onnx.proto (IR version 3 to 12) that
 * networks need. Unknown fields are skipped, as protobuf says. Bounded: depth of subgraphs, numbers
 * of nodes, sizes of tensors. Weights outside the file (data_location EXTERNAL), sparse tensors and
 * functions of the model's own (ModelProto.functions) are refused by name. */
#ifndef MLP_NET_ONNX_H
#define MLP_NET_ONNX_H

#include "net/tensor.h"

struct mlp_onnx_graph;

/* AttributeProto.AttributeType */
enum mlp_onnx_attr_type {
    MLP_ATTR_NONE = 0, MLP_ATTR_FLOAT = 1, MLP_ATTR_INT = 2, MLP_ATTR_STRING = 3,
    MLP_ATTR_TENSOR = 4, MLP_ATTR_GRAPH = 5, MLP_ATTR_FLOATS = 6, MLP_ATTR_INTS = 7,
    MLP_ATTR_STRINGS = 8, MLP_ATTR_TENSORS = 9, MLP_ATTR_GRAPHS = 10, MLP_ATTR_TYPE = 13
};

struct mlp_onnx_attr {
    struct mlp_str name;
    enum mlp_onnx_attr_type type;
    float f;
    int64_t i;
    struct mlp_str s;
    const struct mlp_tensor *t;
    const struct mlp_onnx_graph *g;
    size_t n;                    /* of floats, ints or strings */
    const float *floats;
    const int64_t *ints;
    const struct mlp_str *strings;
};

struct mlp_onnx_node {
    struct mlp_str name, op_type, domain; /* domain "ai.onnx" is told as "" */
    size_t nin, nout, nattrs;
    const struct mlp_str *in, *out;       /* "" is an absent optional */
    const struct mlp_onnx_attr *attrs;
    size_t offset;                        /* byte of the node in the file, for messages */
};

/* An input or output as declared: dims[i] is -1 where it is a parameter or unknown; rank -1 when
 * the shape is not told. type is that of the tensors within a sequence or optional, and of a map's
 * values; map_key is the type of its keys, 0 where there is no map. */
struct mlp_onnx_value {
    struct mlp_str name;
    enum mlp_dtype type;
    int32_t rank;
    int64_t dims[MLP_MAX_RANK];
    bool sequence, optional;
    enum mlp_dtype map_key;
};

struct mlp_onnx_graph {
    struct mlp_str name;
    size_t nnodes, ninputs, noutputs, ninits;
    const struct mlp_onnx_node *nodes;
    const struct mlp_onnx_value *inputs, *outputs;
    const struct mlp_str *init_names;
    const struct mlp_tensor *inits;       /* data copied into the arena, aligned */
};

struct mlp_onnx_opset {
    struct mlp_str domain;
    int64_t version;
};

struct mlp_onnx_model {
    int64_t ir_version;
    struct mlp_str producer, producer_version, doc;
    size_t nopsets, nmetadata;
    const struct mlp_onnx_opset *opsets;
    const struct mlp_str *metadata_keys, *metadata_values;
    struct mlp_onnx_graph graph;
};

/* Reads a ModelProto. Texts are copied too: bytes may go after. MLP_EINPUT with the byte offset of
 * what is wrong. */
enum mlp_code mlp_onnx_parse(struct mlp_onnx_model *m, struct mlp_arena *a, struct mlp_str bytes,
                             struct mlp_err *e);

/* Reads a value of the type that v declares: a TensorProto, SequenceProto, MapProto or
 * OptionalProto (onnx-data.proto). MLP_EINPUT for sequences of anything but tensors. */
enum mlp_code mlp_onnx_parse_value(struct mlp_tensor *t, struct mlp_arena *a,
                                   const struct mlp_onnx_value *v, struct mlp_str bytes,
                                   struct mlp_err *e);

/* Reads a bare TensorProto (*.pb files of the backend tests; attributes of other formats). */
enum mlp_code mlp_onnx_parse_tensor(struct mlp_tensor *t, struct mlp_arena *a,
                                    struct mlp_str bytes, struct mlp_err *e);

#endif
