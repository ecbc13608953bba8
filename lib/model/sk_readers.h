/* sk_readers.h: the readers of scikit-learn classes, one a class or family. Each reads s->self
 * (sk.h); sk_table.c says which class names go to which. */
#ifndef MLP_MODEL_SK_READERS_H
#define MLP_MODEL_SK_READERS_H

#include "model/sk.h"

/* sk_compose.c */
mlp_reader_fn mlp_read_pipeline, mlp_read_column_transformer, mlp_read_union, mlp_read_search;

/* sk_pre.c */
mlp_reader_fn mlp_read_standard_scaler, mlp_read_minmax_scaler, mlp_read_maxabs_scaler,
    mlp_read_robust_scaler, mlp_read_function, mlp_read_simple_imputer,
    mlp_read_missing_indicator;

/* sk_encode.c */
mlp_reader_fn mlp_read_one_hot, mlp_read_ordinal, mlp_read_target_encoder;

/* sk_linear.c */
mlp_reader_fn mlp_read_linear_regression, mlp_read_glm, mlp_read_logistic,
    mlp_read_linear_classifier, mlp_read_sgd_classifier;

/* sk_tree.c, sk_gb.c, sk_hgb.c */
mlp_reader_fn mlp_read_tree_classifier, mlp_read_tree_regressor, mlp_read_forest_classifier,
    mlp_read_forest_regressor, mlp_read_gradient_classifier, mlp_read_gradient_regressor,
    mlp_read_hist_classifier, mlp_read_hist_regressor;

/* A NumPy or scipy.special function that is known by name. */
bool mlp_known_function(const struct mlp_value *v, enum mlp_fn *fn);

/* Sigmoid of every column, over their sum when there are several: one versus the rest. */
enum mlp_code mlp_sk_sigmoid_proba(struct mlp_sk *s, struct mlp_cols d, struct mlp_cols *out);

/* Appends the columns of self's indicator_ (add_indicator=True) to joined. is_text, one a column
 * of x, may be NULL. */
enum mlp_code mlp_sk_join_indicator(struct mlp_sk *s, struct mlp_cols x, const bool *is_text,
                                    struct mlp_cols *joined);

/* A node over texts; the output has as many columns as the input. */
enum mlp_code mlp_sk_texts(struct mlp_sk *s, const struct mlp_op *op, const void *params,
                           struct mlp_cols in, enum mlp_wire out_wire, struct mlp_cols *out);

#endif
