/* xgboost_binary.h: XGBoost's deprecated binary files as documents (jdoc.h). */
#ifndef MLP_MODEL_XGBOOST_BINARY_H
#define MLP_MODEL_XGBOOST_BINARY_H

#include "model/jdoc.h"

/* Whether bytes are such a file: "binf" or nothing, 136 bytes of parameters, the objective's
 * name. */
bool mlp_is_xgboost_binary(struct mlp_str bytes);

/* The document that XGBoost's JSON would be, in a; texts are views into bytes. What JSON has not:
 * learner_model_param.base_is_margin, for files from before 1.0. MLP_EINPUT with the offset for
 * what is damaged. */
enum mlp_code mlp_jdoc_xgboost_binary(struct mlp_str bytes, struct mlp_arena *a,
                                      struct mlp_jval **root, struct mlp_err *e);

#endif
