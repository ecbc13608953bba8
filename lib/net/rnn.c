#include "net/op.h"

const struct mlp_net_op mlp_net_rnn[] = {{0}};
