/* boost.h: boosters (XGBoost, LightGBM) into the graph; used for their own files and for the
 * wrappers that sit in scikit-learn pipelines. */
#ifndef MLP_MODEL_BOOST_H
#define MLP_MODEL_BOOST_H

#include "model/jdoc.h"
#include "model/loader.h"
#include "model/sk.h"

/* What a booster offers. predict is what the library's Booster.predict gives; label and proba are
 * there for classification objectives. is_classifier: the file came from the scikit-learn wrapper,
 * whose predict gives labels. Several label columns are the marks of a multi-label classifier, and
 * have no labels. */
struct mlp_boost {
    struct mlp_cols margin, predict, proba, label, leaf;
    enum mlp_out_kind predict_kind, margin_kind;
    const char *margin_name;
    const struct mlp_labels *labels;
    bool is_classifier;
    const char *objective;
    size_t ntrees;
};

/* Number of features and (when it has any) their names, n of them in s->keep. */
enum mlp_code mlp_xgb_inputs(struct mlp_sk *s, const struct mlp_jval *root, size_t *n,
                             const struct mlp_str **names);

/* Reads a {learner, version} document over columns x. wrapped: for the scikit-learn wrapper, which
 * stops at the best iteration (files say so themselves). */
enum mlp_code mlp_xgb_read(struct mlp_sk *s, const struct mlp_jval *root, struct mlp_cols x,
                           bool wrapped, struct mlp_boost *out);

/* The booster inside a pickled wrapper, or the pickled booster itself: its document, its text. */
enum mlp_code mlp_xgb_pickled(struct mlp_sk *s, const struct mlp_value *wrapper,
                              const struct mlp_jval **model);
enum mlp_code mlp_lgb_pickled(struct mlp_sk *s, const struct mlp_value *wrapper,
                              struct mlp_str *text);

/* The header of a LightGBM text model: number of features, and their names unless they are the
 * Column_0, Column_1 that stand for none. */
enum mlp_code mlp_lgb_inputs(struct mlp_sk *s, struct mlp_str text, size_t *n,
                             const struct mlp_str **names);

/* Reads it over columns x; rounds, when not 0, is how many boosting rounds count. */
enum mlp_code mlp_lgb_read(struct mlp_sk *s, struct mlp_str text, struct mlp_cols x, size_t rounds,
                           struct mlp_boost *out);

/* Replaces a column by its code in dict (of n categories); unknown ones are NaN. */
enum mlp_code mlp_boost_code(struct mlp_sk *s, struct mlp_dict *dict, size_t n,
                             struct mlp_col *column);

/* What a classifier makes of a booster whose objective knows no classes: (1 - p, p) and the class
 * of p > 0.5, whatever p is; of several targets, a mark each. */
enum mlp_code mlp_boost_classify(struct mlp_sk *s, struct mlp_boost *b);

/* 1 where a value is above the limit, else 0. */
enum mlp_code mlp_boost_above(struct mlp_sk *s, struct mlp_cols in, double limit,
                              struct mlp_cols *out);

/* Class labels "0", "1", ... */
enum mlp_code mlp_boost_labels(struct mlp_sk *s, size_t n, const struct mlp_labels **out);

/* A pickled xgboost.core.Booster or lightgbm.basic.Booster as the whole model. */
bool mlp_boost_is_booster(const struct mlp_value *root);
enum mlp_code mlp_load_boost_pickled(struct mlp_load *l, const struct mlp_value *root);

/* Adds the outputs of a booster to the model, in the order of its own methods. */
enum mlp_code mlp_boost_outputs(struct mlp_load *l, const struct mlp_boost *b);

#endif
