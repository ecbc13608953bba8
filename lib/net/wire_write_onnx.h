/* wire_write_onnx.h: building an ONNX graph, node by node, straight into its bytes.
 *
 * A tensor is a number (of this header's own making); its name in the file is a prefix and that
 * number unless it is an input or output of the graph. An operator with its inputs becomes a node
 * at once: its attributes are set before, by mlp_emit_attr_*(), and belong to the next node.
 * Constants become initializers. Field numbers are those of onnx.proto (IR version 10).
 *
 * Failure is sticky as in buf.h and shows when the model is taken. */
#ifndef MLP_NET_WIRE_WRITE_ONNX_H
#define MLP_NET_WIRE_WRITE_ONNX_H

#include "base/arena.h"
#include "base/vec.h"
#include "net/tensor.h"
#include "text/proto.h"

/* No tensor: an optional input left out. */
#define MLP_EMIT_NONE UINT32_MAX
#define MLP_EMIT_IR 10
#define MLP_EMIT_OPSET 21        /* ai.onnx */
#define MLP_EMIT_OPSET_ML 5      /* ai.onnx.ml: TreeEnsemble with double tensors */

struct mlp_emit {
    struct mlp_buf nodes, inits, inputs, outputs, attrs;
    struct mlp_vec names;        /* struct mlp_str by tensor; n 0: prefix and number */
    const char *prefix;
    struct mlp_arena *arena;     /* of the names; borrowed */
    bool uses_ml, uses_ms;       /* some node is of ai.onnx.ml, of com.microsoft */
    bool failed;                 /* no memory for a name */
};

/* An empty graph; no buffer grows over max bytes (protobuf's own limit is 2 GiB). prefix begins the
 * names of tensors inside, at most 8 bytes; it lives as long as w. */
void mlp_emit_init(struct mlp_emit *w, struct mlp_arena *a, const char *prefix, size_t max);
void mlp_emit_fini(struct mlp_emit *w);

/* Declares an input or output of the graph: the first dimension is free (named "N"), then width
 * unless 0, which makes a vector. name is copied. An output gives the tensor from its name by an
 * Identity node. */
uint32_t mlp_emit_input(struct mlp_emit *w, struct mlp_str name, enum mlp_dtype type,
                        size_t width);
void mlp_emit_output(struct mlp_emit *w, struct mlp_str name, enum mlp_dtype type, size_t width,
                     uint32_t tensor);

/* Tells the type of a tensor inside, where readers cannot infer it: that of an operator which is in
 * no operator set of ONNX. */
void mlp_emit_type(struct mlp_emit *w, uint32_t tensor, enum mlp_dtype type);

/* Attributes of the next node. */
void mlp_emit_attr_int(struct mlp_emit *w, const char *name, int64_t v);
void mlp_emit_attr_ints(struct mlp_emit *w, const char *name, const int64_t *v, size_t n);
/* A tensor attribute of one dimension; UINT8, FLOAT or DOUBLE, from doubles. */
void mlp_emit_attr_tensor(struct mlp_emit *w, const char *name, enum mlp_dtype type,
                          const double *v, size_t n);
void mlp_emit_attr_text(struct mlp_emit *w, const char *name, struct mlp_str v);
void mlp_emit_attr_texts(struct mlp_emit *w, const char *name, const struct mlp_str *v, size_t n);

/* A node with one, two, three or n inputs; returns its output. "ml:X" is X of ai.onnx.ml, "ms:X"
 * that of com.microsoft. Nodes with more outputs: mlp_emit_outs; further outputs follow the first
 * by number. */
uint32_t mlp_emit1(struct mlp_emit *w, const char *op, uint32_t a);
uint32_t mlp_emit2(struct mlp_emit *w, const char *op, uint32_t a, uint32_t b);
uint32_t mlp_emit3(struct mlp_emit *w, const char *op, uint32_t a, uint32_t b, uint32_t c);
uint32_t mlp_emitn(struct mlp_emit *w, const char *op, const uint32_t *in, size_t n);
uint32_t mlp_emit_outs(struct mlp_emit *w, const char *op, const uint32_t *in, size_t n,
                       size_t nout);

/* Constants: a scalar; a row of n (shape [n]); an array of rows x width (or more dimensions). */
uint32_t mlp_emit_num(struct mlp_emit *w, double v);
uint32_t mlp_emit_row(struct mlp_emit *w, const double *v, size_t n);
uint32_t mlp_emit_matrix(struct mlp_emit *w, const double *v, size_t rows, size_t width);
uint32_t mlp_emit_const(struct mlp_emit *w, enum mlp_dtype type, const double *v,
                        const int64_t *dims, size_t rank);
uint32_t mlp_emit_ints(struct mlp_emit *w, const int64_t *v, size_t n);
uint32_t mlp_emit_int(struct mlp_emit *w, int64_t v);
uint32_t mlp_emit_texts(struct mlp_emit *w, const struct mlp_str *v, size_t n);

/* Cast to a type; Concat along an axis; Gather along axis 1; sum over axis 1 or the last; Reshape
 * to [N, b] or [N, b, c] (c not 0). */
uint32_t mlp_emit_cast(struct mlp_emit *w, uint32_t a, enum mlp_dtype to);
uint32_t mlp_emit_concat(struct mlp_emit *w, const uint32_t *in, size_t n, int64_t axis);
uint32_t mlp_emit_gather(struct mlp_emit *w, uint32_t a, uint32_t index, int64_t axis);
uint32_t mlp_emit_reduce(struct mlp_emit *w, const char *op, uint32_t a, int64_t axis, bool keep);
uint32_t mlp_emit_reshape(struct mlp_emit *w, uint32_t a, size_t b, size_t c);
uint32_t mlp_emit_unsqueeze(struct mlp_emit *w, uint32_t a, int64_t axis);

/* The body of a Loop: nodes and declared values between begin and end go into a graph that becomes
 * the attribute `body` of the next node. Its values keep the numbers; outer tensors may be read. */
struct mlp_emit_outer {
    struct mlp_buf nodes, inputs, outputs;
};
void mlp_emit_body_begin(struct mlp_emit *w, struct mlp_emit_outer *outer);
void mlp_emit_body_end(struct mlp_emit *w, struct mlp_emit_outer *outer);
/* A value of the body: type with no shape told. In: its number; out: the tensor that it gives. */
uint32_t mlp_emit_body_input(struct mlp_emit *w, enum mlp_dtype type, int rank);
void mlp_emit_body_output(struct mlp_emit *w, enum mlp_dtype type, int rank, uint32_t tensor);

/* What stands about a model beside its graph: name and metadata in pairs. */
struct mlp_emit_about {
    struct mlp_str producer, version, graph, doc;
    const struct mlp_str *keys, *values;
    size_t n;
};
/* Appends the ModelProto. MLP_EINPUT when it is over the maximum, MLP_EIO without memory. */
enum mlp_code mlp_emit_model(struct mlp_emit *w, const struct mlp_emit_about *about,
                             struct mlp_buf *out, struct mlp_err *e);

#endif
