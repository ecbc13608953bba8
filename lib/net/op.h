/* op.h: what an operator of a network is: the seam between the executor and the kernels.
 *
 * Operators are rows of tables, one table a file (math.c, shape.c, arrange.c, reduce.c, nn.c, ml.c,
 * ...), found by domain, name and the version of the operator set that the model imports. Loading
 * resolves every node once: `prepare` reads the attributes into a parameter block; running then
 * calls `run` with tensors only. */
#ifndef MLP_NET_OP_H
#define MLP_NET_OP_H

#include "net/onnx.h"
#include "net/tensor.h"

struct mlp_net;
struct mlp_net_frame;

/* A node as it runs. in and out are indices of the net's values; MLP_NET_ABSENT for an optional
 * input or output that the node does without. */
#define MLP_NET_ABSENT UINT32_MAX
struct mlp_net_node {
    const struct mlp_net_op *op;
    const void *params;          /* what prepare made; in the net's arena */
    const struct mlp_onnx_node *source; /* for messages: name, op_type */
    int64_t opset;               /* version of the op's domain that the model imports */
    const uint32_t *in, *out;
    uint32_t nin, nout;
    bool takes_holders;          /* mlp_net_op_takes_holders() */
};

/* What prepare gets: the node as the file has it, and the constant inputs where they are known
 * (initializers): constant[i] is NULL otherwise. */
struct mlp_net_build {
    struct mlp_net *net;
    struct mlp_arena *arena;     /* of the net */
    const struct mlp_onnx_node *node;
    int64_t opset;
    const struct mlp_tensor *const *constant;
    struct mlp_err *e;
};

/* What run gets. in[i] is NULL where absent; out[i].type is to be set by mlp_tensor_make() or by
 * copying a tensor struct (views of the input's data are allowed: Reshape, Identity). The arena is
 * the run's; scratch memory comes from it too. frame leads control-flow operators back into the
 * executor. */
struct mlp_net_call {
    const struct mlp_net_node *node;
    const struct mlp_tensor *const *in;
    uint32_t nin;
    struct mlp_tensor *out;
    uint32_t nout;
    struct mlp_arena *arena;
    struct mlp_net_frame *frame;
    struct mlp_err *e;
};

struct mlp_net_op {
    const char *domain;          /* "" is ai.onnx; "ai.onnx.ml" */
    const char *name;            /* "Gemm" */
    int since, until;            /* versions of the operator set, both inclusive; until 0: all */
    uint32_t min_in, max_in;     /* inputs, absent ones counted; max_in UINT32_MAX: any */
    uint32_t max_out;
    /* May be NULL: no attributes. *params is what run will find in node->params. */
    enum mlp_code (*prepare)(struct mlp_net_build *b, const void **params);
    enum mlp_code (*run)(const struct mlp_net_call *c);
};

/* The tables; each ends with a row of zeros. */
extern const struct mlp_net_op mlp_net_math[];     /* elementwise, comparison, logic, Cast */
extern const struct mlp_net_op mlp_net_matrix[];   /* MatMul, Gemm, Det */
extern const struct mlp_net_op mlp_net_einsum[];   /* Einsum */
extern const struct mlp_net_op mlp_net_shape[];    /* Reshape ... Slice, Gather, Concat, Pad, ... */
extern const struct mlp_net_op mlp_net_arrange[];  /* Split, Pad, Tile, gathers, scatters, ranges */
extern const struct mlp_net_op mlp_net_reduce[];   /* Reduce*, ArgMax, TopK, CumSum, Softmax */
extern const struct mlp_net_op mlp_net_control[];  /* If, Loop, Scan, Identity */
extern const struct mlp_net_op mlp_net_select[];   /* Unique, TensorScatter */
extern const struct mlp_net_op mlp_net_sequence[]; /* sequences of tensors, optional values */
extern const struct mlp_net_op mlp_net_map[];      /* CastMap, DictVectorizer */
extern const struct mlp_net_op mlp_net_nn[];       /* convolutions */
extern const struct mlp_net_op mlp_net_dropout[];  /* Dropout */
extern const struct mlp_net_op mlp_net_norm[];     /* normalisations */
extern const struct mlp_net_op mlp_net_pool[];     /* pools, MaxUnpool */
extern const struct mlp_net_op mlp_net_resize[];   /* Resize, Upsample */
extern const struct mlp_net_op mlp_net_sample[];   /* GridSample, AffineGrid, RoiAlign */
extern const struct mlp_net_op mlp_net_loss[];     /* losses of classifiers */
extern const struct mlp_net_op mlp_net_rnn[];      /* RNN, GRU, LSTM */
extern const struct mlp_net_op mlp_net_attention[]; /* Attention, RotaryEmbedding */
extern const struct mlp_net_op mlp_net_signal[];   /* DFT, STFT, windows, MelWeightMatrix */
extern const struct mlp_net_op mlp_net_space[];    /* DepthToSpace, ReverseSequence, ... */
extern const struct mlp_net_op mlp_net_quant[];    /* QuantizeLinear and kin */
extern const struct mlp_net_op mlp_net_string[];   /* StringNormalizer, TfIdfVectorizer, ... */
extern const struct mlp_net_op mlp_net_ml[];       /* ai.onnx.ml but the trees */
extern const struct mlp_net_op mlp_net_trees[];    /* TreeEnsemble, -Classifier, -Regressor */

/* The operator of a node, or NULL. */
const struct mlp_net_op *mlp_net_op_find(struct mlp_str domain, struct mlp_str name,
                                         int64_t opset);

/* Whether an operator takes sequences, maps and optional values; others get tensors only. */
bool mlp_net_op_takes_holders(const struct mlp_net_op *op);

/* --- attributes, for prepare: the default where the node has none; a wrong type is MLP_EINPUT
 * with the node's place. Arrays are in the net's arena. --- */
enum mlp_code mlp_net_attr_int(struct mlp_net_build *b, const char *name, int64_t dflt,
                               int64_t *out);
enum mlp_code mlp_net_attr_float(struct mlp_net_build *b, const char *name, float dflt,
                                 float *out);
enum mlp_code mlp_net_attr_str(struct mlp_net_build *b, const char *name, const char *dflt,
                               struct mlp_str *out);
enum mlp_code mlp_net_attr_ints(struct mlp_net_build *b, const char *name, const int64_t **p,
                                size_t *n);
enum mlp_code mlp_net_attr_floats(struct mlp_net_build *b, const char *name, const float **p,
                                  size_t *n);
enum mlp_code mlp_net_attr_strs(struct mlp_net_build *b, const char *name,
                                const struct mlp_str **p, size_t *n);
/* A tensor attribute; *out is NULL when absent. */
enum mlp_code mlp_net_attr_tensor(struct mlp_net_build *b, const char *name,
                                  const struct mlp_tensor **out);
bool mlp_net_attr_given(const struct mlp_net_build *b, const char *name);

/* --- failures, with the node's name and operator in front --- */
enum mlp_code mlp_net_bad(struct mlp_net_build *b, const char *fmt, ...) MLP_PRINTF(2, 3);
enum mlp_code mlp_net_fail(const struct mlp_net_call *c, const char *fmt, ...) MLP_PRINTF(2, 3);
/* An input of a type that the kernel does not compute with. */
enum mlp_code mlp_net_bad_type(const struct mlp_net_call *c, uint32_t input);

/* An axis of -rank .. rank - 1 as 0 .. rank - 1, into *out; fails otherwise. */
enum mlp_code mlp_net_axis(const struct mlp_net_call *c, int64_t axis, uint32_t rank,
                           uint32_t *out);

/* Strides, in elements, to walk t as if it had the shape dims: 0 where it is broadcast. */
void mlp_net_strides(const struct mlp_tensor *t, uint32_t rank, const int64_t *dims,
                     int64_t strides[MLP_MAX_RANK]);

/* The sizes of a product: c (m x n) = a (m x k) times b (k x n), row-major, each with the distance
 * of its rows in elements. */
struct mlp_net_gemm {
    size_t m, n, k, lda, ldb, ldc;
};
/* The one product of the module: Gemm, MatMul, Conv, recurrent and attention kernels stand on it.
 * c is overwritten. Every element is one chain of sums over k in order, so that a row's result
 * does not depend on the others. */
void mlp_net_gemm32(const struct mlp_net_gemm *g, const float *a, const float *b, float *c);
void mlp_net_gemm64(const struct mlp_net_gemm *g, const double *a, const double *b, double *c);

/* The same with the sizes in BLAS' order. */
#define mlp_net_sgemm(m, n, k, a, lda, b, ldb, c, ldc) \
    mlp_net_gemm32(&(const struct mlp_net_gemm){m, n, k, lda, ldb, ldc}, a, b, c)
#define mlp_net_dgemm(m, n, k, a, lda, b, ldb, c, ldc) \
    mlp_net_gemm64(&(const struct mlp_net_gemm){m, n, k, lda, ldb, ldc}, a, b, c)

#endif
