/* ops_shape.h: operations that bend single columns or build new ones from several (see ops.h for
 * the rules). */
#ifndef MLP_MODEL_OPS_SHAPE_H
#define MLP_MODEL_OPS_SHAPE_H

#include "model/ops.h"

/* Products: output j multiplies term[start[j]] .. term[start[j + 1] - 1] (input columns). */
struct mlp_products {
    const uint32_t *start, *term;
};
extern const struct mlp_op mlp_op_products;

/* Bin number of each column: how many of its inner edges are at or below x. */
struct mlp_bins {
    const double *const *edge;
    const size_t *n;
};
extern const struct mlp_op mlp_op_bins;

/* B-spline bases of a degree over knots: nknots - degree - 1 columns for each input (less degree
 * when periodic, and less the last when drop_last). Outside the base interval: the end
 * polynomials, the values at its ends, straight lines, its repetition, or an error. NaN gives
 * zeros when zero_missing. */
enum mlp_beyond { MLP_BEYOND_CONTINUE, MLP_BEYOND_CONSTANT, MLP_BEYOND_LINEAR,
                  MLP_BEYOND_PERIODIC, MLP_BEYOND_ERROR };
struct mlp_splines {
    const double *const *knot;
    const size_t *nknots;
    unsigned degree;
    enum mlp_beyond beyond;
    bool drop_last, zero_missing;
};
extern const struct mlp_op mlp_op_splines;
#define MLP_SPLINE_MAX_DEGREE 20

/* The columns that input `column` becomes. */
size_t mlp_splines_width(const struct mlp_splines *p, size_t column);

/* QuantileTransformer: n quantiles a column (column-major), references, uniform or normal;
 * inverse: from what it makes back to values. */
struct mlp_quantiles {
    const double *quantile, *reference;
    size_t n;
    bool normal, inverse;
};
extern const struct mlp_op mlp_op_quantiles;
/* Terms of the normal quantile's ratios, lowest first: numerator and denominator of the middle, of
 * the tails, of the far tails. */
extern const double mlp_normal_quantile_terms[6][8];

/* PowerTransformer: Box-Cox or Yeo-Johnson with one lambda a column. */
struct mlp_power {
    const double *lambda;
    bool box_cox, inverse;
};
extern const struct mlp_op mlp_op_power;

/* Rows over their norm. */
enum mlp_norm { MLP_NORM_L1, MLP_NORM_L2, MLP_NORM_MAX };
struct mlp_normalize {
    enum mlp_norm norm;
};
extern const struct mlp_op mlp_op_normalize;

/* KNNImputer: missing values become the mean of the nearest donors' (rows that have the column);
 * distances over what both rows have. keep: the input columns that come out, out_width of them. */
struct mlp_knn_impute {
    size_t n, k;
    const double *row;           /* NaN where missing */
    const double *mean;          /* of each column, where no donor is comparable */
    const uint32_t *keep;
    double missing;              /* NaN, or the number that means it */
    bool by_distance;
};
extern const struct mlp_op mlp_op_knn_impute;

#endif
