/* convert_lower.h: what the files of convert have in common: one writer for each operation.
 *
 * A writer gets the tensor of its node's input, [N, in.n], double or string, and gives the tensor
 * of the output, [N, out_width] double (string for an imputer of texts). */
#ifndef MLP_MODEL_CONVERT_LOWER_H
#define MLP_MODEL_CONVERT_LOWER_H

#include "model/convert.h"
#include "model/loader.h"
#include "model/ops.h"
#include "net/wire_write_onnx.h"

struct mlp_convert {
    const struct mlp_model *m;
    const struct mlp_graph *g;
    struct mlp_emit w;
    struct mlp_arena arena;      /* scratch of the conversion */
    uint32_t *tensor;            /* of each node's output, by node */
    uint32_t *gathered, *guarded; /* of each node's input, by node, before and after its check */
    uint32_t *number, *text;     /* of each input column: [N,1] or none */
    uint32_t any_input;          /* some input of the graph, for the number of rows */
    uint32_t batch;              /* that number, [1] int64, or none yet */
    char prefix[8];              /* of the names of tensors inside */
    struct mlp_str missing_text;
    struct mlp_err *e;
};

/* A node as its writer sees it. */
struct mlp_lower {
    struct mlp_convert *c;
    const struct mlp_gnode *n;
    struct mlp_emit *w;          /* &c->w */
    uint32_t x;                  /* input; MLP_EMIT_NONE when it has no columns */
    uint32_t y;                  /* output, set by the writer */
};

struct mlp_lowering {
    const struct mlp_op *op;
    enum mlp_code (*write)(struct mlp_lower *l);
};
/* The tables, by family; each ends with an op of NULL. */
extern const struct mlp_lowering mlp_lower_num[];
extern const struct mlp_lowering mlp_lower_codes[];
extern const struct mlp_lowering mlp_lower_trees[];
extern const struct mlp_lowering mlp_lower_est[];
extern const struct mlp_lowering mlp_lower_svm[];
extern const struct mlp_lowering mlp_lower_shape[];
extern const struct mlp_lowering mlp_lower_kernel[];
extern const struct mlp_lowering mlp_lower_words[];

/* Refuses the node, whose name and place go before the reason. */
enum mlp_code mlp_lower_refuse(struct mlp_lower *l, const char *fmt, ...) MLP_PRINTF(2, 3);

/* Scratch of the conversion, zeroed; NULL after setting the error. */
void *mlp_lower_array(struct mlp_lower *l, size_t n, size_t item);

/* Column i of a matrix as [N,1]; the matrix of columns idx[0..n-1]. */
uint32_t mlp_lower_column(struct mlp_lower *l, uint32_t x, size_t i);
uint32_t mlp_lower_columns(struct mlp_lower *l, uint32_t x, const uint32_t *idx, size_t n);

/* The same row of `width` values for each of the N rows. */
uint32_t mlp_lower_constant(struct mlp_lower *l, const double *v, size_t width);

/* 0, 1, ... n - 1 as a row of doubles. */
uint32_t mlp_lower_iota(struct mlp_lower *l, size_t n);

/* Row `index` (double, [N,1]) of a table of n rows x width: [N, width]. An index beyond it is the
 * runtime's error. */
uint32_t mlp_lower_table(struct mlp_lower *l, const double *v, size_t n, size_t width,
                         uint32_t index);

/* 1.0 or 0.0 for a comparison's bool. */
uint32_t mlp_lower_flag(struct mlp_lower *l, const char *op, uint32_t a, uint32_t b);

/* log(1 + x) and exp(x) - 1 to a few units in the last place also near 0, by the difference that
 * rounding makes (Kahan; Higham, "Accuracy and Stability of Numerical Algorithms", 1.14). */
uint32_t mlp_lower_log1p(struct mlp_lower *l, uint32_t x);
uint32_t mlp_lower_expm1(struct mlp_lower *l, uint32_t x);

/* Weights of neighbours by distance d [N,k], nearest first: 1 / d, but where some are at 0 those
 * take all. */
uint32_t mlp_lower_nearness(struct mlp_lower *l, uint32_t d);

/* How many codes a column of codes can have (0 .. n - 1, and -1), by what makes it; 0: unknown. */
size_t mlp_convert_codes(const struct mlp_convert *c, struct mlp_col col);

/* Whether a node looks at numbers only after rounding them to float32. */
bool mlp_convert_rounds(const struct mlp_gnode *n);

#endif
