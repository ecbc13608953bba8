/* ops.h: the operations of the graph and their parameters.
 *
 * Each parameter block lives in the model's arena and never changes after loading. Widths are the
 * node's own: in.n input columns, out_width output columns. Formulae follow scikit-learn's code,
 * operation by operation, so that results agree to the last bits. */
#ifndef MLP_MODEL_OPS_H
#define MLP_MODEL_OPS_H

#include "forest/forest.h"
#include "model/graph.h"

/* y = ((x - sub) / div) * mul + add, each step present when its array (one value a column) is;
 * then clipped to [lo, hi] when clip. */
struct mlp_scale {
    const double *sub, *div, *mul, *add;
    bool clip;
    double lo, hi;
};
extern const struct mlp_op mlp_op_scale;

/* y = x, missing replaced by value (one a column). Missing is NaN, or `missing` when not NaN. */
struct mlp_impute {
    const double *value;
    double missing;
};
extern const struct mlp_op mlp_op_impute;

/* y = 1 where x is missing, else 0. Same parameter block; value is not used. */
extern const struct mlp_op mlp_op_indicator;

/* The same over texts: missing is no text, or equal to `missing` when that has bytes. */
struct mlp_impute_text {
    const struct mlp_str *value;
    struct mlp_str missing;
};
extern const struct mlp_op mlp_op_impute_text;
extern const struct mlp_op mlp_op_indicator_text;

/* One function over every value. */
enum mlp_fn {
    MLP_FN_IDENTITY, MLP_FN_EXP, MLP_FN_EXPM1, MLP_FN_LOG, MLP_FN_LOG1P, MLP_FN_LOG2,
    MLP_FN_LOG10, MLP_FN_SQRT, MLP_FN_CBRT, MLP_FN_ABS, MLP_FN_SQUARE, MLP_FN_NEGATIVE,
    MLP_FN_RECIPROCAL, MLP_FN_SIGN, MLP_FN_SIN, MLP_FN_COS, MLP_FN_TANH, MLP_FN_SINH,
    MLP_FN_COSH, MLP_FN_ARCSINH, MLP_FN_FLOOR, MLP_FN_CEIL, MLP_FN_RINT, MLP_FN_EXP2,
    MLP_FN_RADIANS, MLP_FN_DEGREES, MLP_FN_SIGMOID, MLP_FN_RELU, MLP_FN_HALF_SIGMOID,
    MLP_FN_ISNAN, MLP_FN_FLOAT32,
    MLP_FN_LOG1PEXP, MLP_FN_SIGNED_SQUARE,
    MLP_FN_SIGMOID32, MLP_FN_EXP32, /* in float32, as XGBoost computes them */
    MLP_FN_TAN, MLP_FN_ARCSIN, MLP_FN_ARCCOS, MLP_FN_ARCTAN, MLP_FN_ARCCOSH, MLP_FN_ARCTANH,
    MLP_FN_TRUNC, MLP_FN_ISFINITE, MLP_FN_ISINF, MLP_FN_SIGNBIT, MLP_FN_NOT, MLP_FN_LOGIT,
    MLP_FN_EXP10, MLP_FN_ERF, MLP_FN_ERFC, MLP_FN_LGAMMA, MLP_FN_NDTR
};
struct mlp_map_fn {
    enum mlp_fn fn;
};
extern const struct mlp_op mlp_op_map;

/* y[k] = x . weight[:, k] + bias[k]; weight is in.n x out_width, row-major. */
struct mlp_linear {
    const double *weight, *bias;
};
extern const struct mlp_op mlp_op_linear;

/* Rows: softmax with the maximum subtracted; values over their sum (1 / width when the sum is 0
 * and uniform is set, else left as they are). */
extern const struct mlp_op mlp_op_softmax;
struct mlp_share {
    bool uniform;
};
extern const struct mlp_op mlp_op_share;

/* Values over their sum, whatever it is; values less their mean. */
extern const struct mlp_op mlp_op_ratio;
extern const struct mlp_op mlp_op_centre;

/* softmax in float32 with a float64 sum, as XGBoost computes it. */
extern const struct mlp_op mlp_op_softmax32;

/* p -> (1 - p, p) for every input column. */
extern const struct mlp_op mlp_op_pair;

/* Index of the first largest value; 1 where the one column is above (or at, when or_equal) the
 * limit, else 0. */
extern const struct mlp_op mlp_op_argmax;
extern const struct mlp_op mlp_op_argmax_last; /* of the last largest */
struct mlp_above {
    double limit;
    bool or_equal;
};
extern const struct mlp_op mlp_op_above;

/* Columns (mask, a, b) of out_width each: b where the mask is not 0, else a. */
extern const struct mlp_op mlp_op_choose;

/* The same row for every input. */
struct mlp_constant {
    const double *value;
};
extern const struct mlp_op mlp_op_constant;

/* Categories of a column: texts by hash, numbers by binary search; code of the missing value, or
 * -1 when it is no category. */
struct mlp_dict {
    size_t n;
    const struct mlp_str *text;  /* NULL for numbers */
    const uint32_t *slots;       /* code + 1, 0 free; nslots is a power of two */
    size_t nslots;
    const double *number;        /* ascending, NaN left out */
    const int32_t *code;         /* of number[i] */
    size_t nnumbers;
    int32_t missing;
};

/* Codes of categories; what is none of them is -1, or an error when refuse is set. */
struct mlp_encode {
    const struct mlp_dict *dict; /* one a column */
    bool refuse;
};
extern const struct mlp_op mlp_op_encode;      /* numbers in */
extern const struct mlp_op mlp_op_encode_text; /* texts in */

/* Codes to indicator columns: input column i sets output column map[i][code + 1], when that is
 * not negative, to 1. */
struct mlp_expand {
    const int32_t *const *map;
    const size_t *end;           /* one past the last output column of each input column */
};
extern const struct mlp_op mlp_op_expand;

/* Codes to values: y[i] = table[i][code + 1]. */
struct mlp_lookup {
    const double *const *table;
};
extern const struct mlp_op mlp_op_lookup;

/* Weighted mean of `parts` blocks of out_width columns that lie side by side: the sum in order,
 * each times its weight when weight is set, over `divide`. */
struct mlp_mix {
    size_t parts;
    const double *weight;
    double divide;
};
extern const struct mlp_op mlp_op_mix;

/* Trees over the first spec.nfeatures input columns. Further input columns, when there are any,
 * are the starting values (noutputs of them). */
struct mlp_trees {
    const struct mlp_forest *forest;
};
extern const struct mlp_op mlp_op_trees;

/* Linear booster in float32: start + bias, then each feature that is not missing, in order.
 * weight has in.n + 1 rows of out_width, the last is the bias. */
struct mlp_gblinear {
    const float *weight;
    float start;
};
extern const struct mlp_op mlp_op_gblinear;

/* The leaf that each tree ends in: one output column a tree. */
extern const struct mlp_op mlp_op_leaves;

/* Trees whose leaves are linear models (LightGBM): leaf k of tree t is entry first[t] + k. Its
 * value is constant + sum of coefficient * x, or `value` when one of its features is missing. */
struct mlp_linear_leaf {
    double constant, value;
    uint32_t from, n;            /* its terms */
};
struct mlp_linear_trees {
    const struct mlp_forest *forest;
    const uint32_t *first;
    const struct mlp_linear_leaf *leaf;
    const uint32_t *feature;     /* of the terms */
    const double *coefficient;
};
extern const struct mlp_op mlp_op_linear_trees;

#endif
