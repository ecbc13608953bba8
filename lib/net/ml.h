/* ml.h: what the operators of ai.onnx.ml share: labels, scores made probabilities.
 *
 * The operator set says little about scores of one column, about ties and about float sums;
 * what these do is what onnxruntime does (core/providers/cpu/ml/ml_common.h names the rules). */
#ifndef MLP_NET_ML_H
#define MLP_NET_ML_H

#include "net/op.h"

enum mlp_post { MLP_POST_NONE, MLP_POST_SOFTMAX, MLP_POST_LOGISTIC, MLP_POST_SOFTMAX_ZERO,
                MLP_POST_PROBIT };

/* What a single score becomes when it stands for two classes: nothing else, 1 - s and s (weights
 * all positive), or -s and s; under MLP_POST_LOGISTIC the logistics of -s and s. */
enum mlp_second { MLP_SECOND_NONE, MLP_SECOND_ONE_MINUS, MLP_SECOND_MINUS };

/* The attribute post_transform; MLP_EINPUT for a word that is none. */
enum mlp_code mlp_ml_post(struct mlp_net_build *b, enum mlp_post *out);

/* Transforms n scores in place; scores has room for two when n is 1 and a second is asked for.
 * Returns how many there are after. */
size_t mlp_ml_scores(float *scores, size_t n, enum mlp_post post, enum mlp_second second);

/* Class labels: texts or integers, one of the two lists. */
struct mlp_ml_labels {
    const struct mlp_str *strs;
    const int64_t *ints;
    size_t n;
};

/* Reads classlabels_strings (or the name given, as LinearClassifier and SVMClassifier differ) and
 * classlabels_ints; the lists are borrowed from the model. */
enum mlp_code mlp_ml_labels(struct mlp_net_build *b, const char *strs, const char *ints,
                            struct mlp_ml_labels *out);

/* Makes the label output: one of n rows, texts or integers. */
enum mlp_code mlp_ml_label_make(const struct mlp_net_call *c, const struct mlp_ml_labels *l,
                                size_t rows);
/* Sets label `row` to class k; without labels the number itself. */
void mlp_ml_label_set(const struct mlp_net_call *c, const struct mlp_ml_labels *l, size_t row,
                      size_t k);

/* The first input as rows of floats, converted where it is not float; *cols is the last
 * dimension, a vector is one row. Borrowed from the input or in the run's arena. */
enum mlp_code mlp_ml_rows(const struct mlp_net_call *c, const float **x, size_t *rows,
                          size_t *cols);

/* A block of the net's arena for prepare, zeroed. */
enum mlp_code mlp_net_params(struct mlp_net_build *b, size_t size, void **out);

/* SVMClassifier and SVMRegressor, for the table in ml.c. */
enum mlp_code mlp_svm_classifier_prepare(struct mlp_net_build *b, const void **params);
enum mlp_code mlp_svm_classifier_run(const struct mlp_net_call *c);
enum mlp_code mlp_svm_regressor_prepare(struct mlp_net_build *b, const void **params);
enum mlp_code mlp_svm_regressor_run(const struct mlp_net_call *c);

/* LabelEncoder and CategoryMapper. */
enum mlp_code mlp_label_encoder_prepare(struct mlp_net_build *b, const void **params);
enum mlp_code mlp_category_prepare(struct mlp_net_build *b, const void **params);
enum mlp_code mlp_label_run(const struct mlp_net_call *c);

#endif
