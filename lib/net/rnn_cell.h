/* rnn_cell.h: one step of a recurrent cell for one row of a batch: what RNN, GRU and LSTM differ
 * in (onnx.ai/onnx/operators: the equations of each operator).
 *
 * Gates come as doubles, the biases added; rnn.c multiplies the matrices around it. */
#ifndef MLP_NET_RNN_CELL_H
#define MLP_NET_RNN_CELL_H

#include "base/str.h"

enum mlp_rnn_cell_kind { MLP_RNN_CELL_RNN, MLP_RNN_CELL_GRU, MLP_RNN_CELL_LSTM };

/* An activation with its numbers. */
struct mlp_rnn_activation {
    void (*f)(double *x, size_t n, double alpha, double beta);
    double alpha, beta;
};

/* The activation of a name, upper or lower case, with its default numbers; takes: how many of alpha
 * and beta it reads, 0 to 2. False for what the operator set does not know. */
bool mlp_rnn_activation_find(struct mlp_str name, struct mlp_rnn_activation *f, unsigned *takes);

/* A direction's cell. */
struct mlp_rnn_cell {
    enum mlp_rnn_cell_kind kind;
    size_t hidden;
    struct mlp_rnn_activation f[3];   /* f, g, h of the specification */
    double clip;                      /* of what goes into f and g; 0: none */
    const double *peepholes;          /* LSTM: 3 * hidden, of i, o, f; or NULL */
    bool input_forget;                /* LSTM: the forget gate is 1 - the input gate */
};

/* The gates of a row, and the states that they change: h is read and written, c is the cell state
 * of an LSTM. gates is scratch afterwards. */
void mlp_rnn_cell_plain(const struct mlp_rnn_cell *cell, double *gates, double *h);
/* gates: i, o, f, c. */
void mlp_rnn_cell_lstm(const struct mlp_rnn_cell *cell, double *gates, double *h, double *c);
/* GRU in two parts: z and r; then, with the gate of h complete, the new state. gates: z, r, h. */
void mlp_rnn_cell_gru_gates(const struct mlp_rnn_cell *cell, double *gates);
void mlp_rnn_cell_gru_state(const struct mlp_rnn_cell *cell, double *gates, double *h);

#endif
