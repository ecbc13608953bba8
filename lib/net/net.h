/* net.h: a network of tensor operators, loaded from ONNX and run.
 *
 * Loading resolves names to indices, finds every operator and lets it read its attributes; what is
 * not known is refused by domain, name and version. Running is a walk over the nodes in order; the
 * tensors of a run live in its arena, which is kept, so that a warm run does not allocate. */
#ifndef MLP_NET_NET_H
#define MLP_NET_NET_H

#include "net/onnx.h"

struct mlp_net;

/* A network in the arena, which must live as long. MLP_EINPUT names the node, its operator and
 * what is not understood, with a hint. */
enum mlp_code mlp_net_load(const struct mlp_onnx_model *m, struct mlp_arena *a,
                           struct mlp_net **net, struct mlp_err *e);

/* Inputs that a caller must give (initializers left out) and outputs, in the model's order. */
size_t mlp_net_ninputs(const struct mlp_net *n);
size_t mlp_net_noutputs(const struct mlp_net *n);
const struct mlp_onnx_value *mlp_net_input(const struct mlp_net *n, size_t i);
const struct mlp_onnx_value *mlp_net_output(const struct mlp_net *n, size_t i);

/* A network's memory while it runs: one for each thread. max_bytes bounds its arena. */
struct mlp_net_run {
    const struct mlp_net *net;
    struct mlp_arena arena;
    struct mlp_tensor *values;   /* by index of value */
};
enum mlp_code mlp_net_run_init(struct mlp_net_run *r, const struct mlp_net *n, size_t max_bytes,
                               struct mlp_err *e);
void mlp_net_run_fini(struct mlp_net_run *r);

/* Runs: in has ninputs tensors (type as declared, dims that fit the declared ones), borrowed; out
 * gets noutputs tensors whose data lie in the run and last until its next run. */
enum mlp_code mlp_net_run(struct mlp_net_run *r, const struct mlp_tensor *in,
                          struct mlp_tensor *out, struct mlp_err *e);

/* Rows to run at once so that what lies between two nodes stays in the second cache level; told by
 * the run before, which had one row. At least 1. */
size_t mlp_net_run_block(const struct mlp_net_run *r);

#endif
