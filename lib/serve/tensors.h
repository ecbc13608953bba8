/* tensors.h: the Open Inference Protocol (KServe V2) apart from its transport.
 *
 * REST (JSON with the binary extension) and gRPC both make struct mlp_tensor of what arrived and
 * write out struct mlp_tensor_out, so that they answer the same.
 *
 * In: either a tensor for each feature, by name, of shape [n] or [n, 1] (a DataFrame, which clients
 * call content_type "pd"), or one tensor under any other name with the features in the model's
 * order, [n, features] (or [features]: one row; or [n] where the model has one feature). A text
 * feature takes BYTES; a number takes every other type, and BYTES that hold a number. NaN, null and
 * empty BYTES where a number is wanted are missing values.
 * Out: "predict" [n] (BYTES, INT64, BOOL or FP64, as the classes are; FP64 of a regression) and
 * "predict_proba" FP64 [n, classes] where the model has it. Without a list of outputs both.
 * Source: open-inference-protocol, inference_rest.md and inference_grpc.md; the layout of raw data
 * is that of Triton's binary tensor extension: little-endian, row-major; BOOL is a byte, an element
 * of BYTES a 32-bit length and the bytes. */
#ifndef MLP_SERVE_TENSORS_H
#define MLP_SERVE_TENSORS_H

#include "serve/served.h"

struct mlp_predict;

enum mlp_datatype {
    MLP_DT_NONE, MLP_DT_BOOL, MLP_DT_UINT8, MLP_DT_UINT16, MLP_DT_UINT32, MLP_DT_UINT64,
    MLP_DT_INT8, MLP_DT_INT16, MLP_DT_INT32, MLP_DT_INT64, MLP_DT_FP16, MLP_DT_BF16, MLP_DT_FP32,
    MLP_DT_FP64, MLP_DT_BYTES, MLP_DATATYPES
};

/* "FP32" and back; MLP_DT_NONE for a name that is none. size: bytes an element, 0 for BYTES. */
const char *mlp_datatype_name(enum mlp_datatype t);
enum mlp_datatype mlp_datatype_find(struct mlp_str name);
size_t mlp_datatype_size(enum mlp_datatype t);

#define MLP_TENSOR_RANK 8

/* A tensor that arrived. Everything is borrowed for the time of the request. Its elements are in
 * exactly one place: numbers or texts when they were decoded on arrival (JSON, typed contents of
 * gRPC: count says how many arrived), else raw. */
struct mlp_tensor {
    struct mlp_str name;
    enum mlp_datatype type;
    size_t rank;
    uint64_t shape[MLP_TENSOR_RANK];
    struct mlp_str raw;
    const double *numbers;         /* NaN: missing */
    const struct mlp_str *texts;   /* of BYTES; p NULL: missing */
    size_t count;                  /* of numbers or texts; bind sets it for raw */
};

/* Where the values of a feature are. */
struct mlp_tensor_column {
    const struct mlp_tensor *tensor;
    size_t first, stride;          /* element of row r: first + r * stride */
};

/* A request once it is bound to a model. */
struct mlp_tensors {
    struct mlp_tensor *tensor;     /* set by the caller, with n */
    size_t n;
    struct mlp_tensor_column *columns; /* one a feature; of the arena given to bind */
    uint64_t rows;
};

/* Checks types, shapes and lengths, and finds the elements of raw texts, in memory of arena.
 * MLP_EINPUT names the tensor. For models whose features are not known: bind does it too. */
enum mlp_code mlp_tensors_check(struct mlp_tensors *t, struct mlp_arena *arena, struct mlp_err *e);

/* Element i of a tensor that was checked and has no texts. NaN: missing. */
double mlp_tensor_value(const struct mlp_tensor *t, size_t i);

/* Checks types, shapes and lengths and finds every feature. Memory comes from arena and lives as
 * long. MLP_EINPUT names the tensor; unknown tensors are passed over with ignore_extra. */
enum mlp_code mlp_tensors_bind(struct mlp_tensors *t, const struct mlp_served *s,
                               bool ignore_extra, struct mlp_arena *arena, struct mlp_err *e);

/* The same where every tensor is a feature by its name, whatever their number. */
enum mlp_code mlp_tensors_bind_columns(struct mlp_tensors *t, const struct mlp_served *s,
                                       bool ignore_extra, struct mlp_arena *arena,
                                       struct mlp_err *e);

/* Fills n rows (at most w->max_rows) of the columns of w, from row `first` on. MLP_EINPUT for text
 * that should be a number, with its row and feature. */
enum mlp_code mlp_tensors_fill(const struct mlp_tensors *t, const struct mlp_served *s,
                               struct mlp_scratch *w, uint64_t first, size_t n,
                               struct mlp_err *e);

/* A tensor to send. */
struct mlp_tensor_out {
    const char *name;              /* static */
    enum mlp_datatype type;
    size_t rank;
    int64_t shape[2];              /* rows first; -1 rows in metadata */
    bool wanted;
    struct mlp_buf raw;            /* the elements in the layout above */
};

#define MLP_TENSOR_OUTPUTS 2

/* The outputs of a model, wanted all, empty (raw can hold max bytes), with -1 rows: what metadata
 * says. Returns how many there are; the caller calls fini afterwards. A
 * command's are known when it answers: here it has both, and only their names count. */
size_t mlp_tensor_outputs(const struct mlp_served *s, size_t max,
                          struct mlp_tensor_out out[MLP_TENSOR_OUTPUTS]);
void mlp_tensor_outputs_fini(struct mlp_tensor_out *out, size_t n);

/* Appends the n low bytes of v, the lowest first: an element as raw has it. */
void mlp_tensor_add_bits(struct mlp_buf *b, uint64_t v, size_t n);

/* Datatype of a feature in metadata: FP64 or BYTES; its shape is [-1, 1]. */
enum mlp_datatype mlp_tensor_input_type(const struct mlp_served *s, size_t input);

/* Appends the n rows predicted in w to the wanted outputs and counts them into shape[0], which
 * must be 0 or more. */
void mlp_tensor_outputs_add(const struct mlp_served *s, const struct mlp_scratch *w, size_t n,
                            struct mlp_tensor_out *out, size_t nout);

/* Binds, predicts in chunks and fills the wanted outputs, with everything that p asks for (limits,
 * counters, outcomes, seen; p->probabilities is not looked at). Texts and the plan are in the
 * strings arena of the thread's scratch, in which t's own memory may be too; the caller resets it
 * before it decodes a request. *rows counts. On an error out holds rubbish. */
enum mlp_code mlp_predict_tensors(const struct mlp_predict *p, struct mlp_tensors *t,
                                  struct mlp_tensor_out *out, size_t nout, uint64_t *rows,
                                  struct mlp_err *e);

#endif
