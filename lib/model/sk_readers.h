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

/* sk_meta.c, sk_bag.c, sk_multi.c, sk_target.c, sk_calibrate.c */
mlp_reader_fn mlp_read_voting_regressor, mlp_read_voting_classifier, mlp_read_stacking,
    mlp_read_bagging_regressor, mlp_read_bagging_classifier, mlp_read_ada_regressor,
    mlp_read_ada_classifier, mlp_read_multi_output, mlp_read_chain, mlp_read_one_vs_rest,
    mlp_read_threshold, mlp_read_target, mlp_read_dummy_regressor, mlp_read_dummy_classifier,
    mlp_read_frozen, mlp_read_isotonic, mlp_read_calibrated, mlp_read_one_vs_one,
    mlp_read_output_code, mlp_read_constant_predictor;

/* sk_svm.c, sk_prob.c, sk_mlp.c */
mlp_reader_fn mlp_read_svr, mlp_read_one_class_svm, mlp_read_svc, mlp_read_gaussian_nb,
    mlp_read_discrete_nb, mlp_read_bernoulli_nb, mlp_read_lda, mlp_read_qda, mlp_read_mixture,
    mlp_read_kmeans, mlp_read_nearest_centroid,
    mlp_read_mlp_classifier, mlp_read_mlp_regressor, mlp_read_isolation_forest;

/* sk_project.c, sk_shape.c, sk_select.c */
mlp_reader_fn mlp_read_pca, mlp_read_svd, mlp_read_pls, mlp_read_polynomial, mlp_read_bins,
    mlp_read_spline, mlp_read_quantile, mlp_read_power, mlp_read_normalizer, mlp_read_binarizer,
    mlp_read_knn_imputer, mlp_read_select_best, mlp_read_select_support, mlp_read_select_variance,
    mlp_read_select_model;

/* sk_cluster.c and the rest */
mlp_reader_fn mlp_read_bisecting, mlp_read_birch, mlp_read_categorical_nb, mlp_read_sgd_one_class,
    mlp_read_inner, mlp_read_trees_embedding, mlp_read_label_encoder, mlp_read_label_binarizer;

/* sk_impute.c, sk_factor.c, sk_project.c */
mlp_reader_fn mlp_read_iterative_imputer, mlp_read_factor_analysis, mlp_read_sparse_pca,
    mlp_read_elliptic, mlp_read_rbf_sampler, mlp_read_skewed_chi2, mlp_read_ica,
    mlp_read_random_projection, mlp_read_agglomeration;

/* sk_near.c */
mlp_reader_fn mlp_read_knn_regressor, mlp_read_knn_classifier, mlp_read_radius_regressor,
    mlp_read_radius_classifier, mlp_read_local_outlier;

/* sk_kernel.c */
mlp_reader_fn mlp_read_kernel_ridge, mlp_read_nystroem, mlp_read_kernel_pca,
    mlp_read_gaussian_regressor, mlp_read_gaussian_binary, mlp_read_gaussian_classifier;

/* sk_text.c */
mlp_reader_fn mlp_read_count_vectorizer, mlp_read_tfidf_vectorizer, mlp_read_tfidf,
    mlp_read_hashing_vectorizer;

/* sk_boost.c: the wrappers of XGBoost and LightGBM */
mlp_reader_fn mlp_read_xgb_wrapper, mlp_read_lgb_wrapper;

/* Columns that estimators_features_[i] picks of x. */
enum mlp_code mlp_sk_subset(struct mlp_sk *s, size_t i, struct mlp_cols x, struct mlp_cols *out);

/* Self, an IsotonicRegression, over every column. */
enum mlp_code mlp_sk_isotonic(struct mlp_sk *s, struct mlp_cols x, struct mlp_cols *out);

/* predict of outlier detectors: 1 where the decision is above (or at) 0, else -1. */
enum mlp_code mlp_sk_inliers(struct mlp_sk *s, struct mlp_cols decision, bool or_equal,
                             struct mlp_pred *out);

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

/* One column of text to numbers. */
enum mlp_code mlp_sk_text_node(struct mlp_sk *s, const struct mlp_op *op, const void *params,
                               struct mlp_cols in, size_t width, struct mlp_cols *out);

#endif
