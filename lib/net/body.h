/* body.h: the executor as control-flow operators see it: bodies and values.
 *
 * A body is a list of nodes to run in order: the main graph, or the subgraph of an If, Loop or
 * Scan. All bodies of a net share one space of values: a subgraph's names that hide those around
 * it have indices of their own, so a body that runs needs no scope. */
#ifndef MLP_NET_BODY_H
#define MLP_NET_BODY_H

#include "net/net.h"
#include "net/op.h"

struct mlp_net_body {
    struct mlp_net_node *nodes;
    size_t nnodes;
    uint32_t *inputs, *outputs;  /* values */
    size_t ninputs, noutputs;
};

/* For prepare: the subgraph in attribute `name` as a body in the net's arena. MLP_EINPUT when there
 * is none, or for what is not understood within. */
enum mlp_code mlp_net_body_load(struct mlp_net_build *b, const char *name,
                                const struct mlp_net_body **body);

/* For run: the value of an index, to set a body's inputs and to read its outputs; the nodes of a
 * body, in order. Values are borrowed from the run. */
struct mlp_tensor *mlp_net_value(const struct mlp_net_frame *f, uint32_t value);
enum mlp_code mlp_net_body_run(struct mlp_net_frame *f, const struct mlp_net_body *body,
                               struct mlp_err *e);

#endif
