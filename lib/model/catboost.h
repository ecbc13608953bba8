/* catboost.h: what the reader of CatBoost's models shares with the operations they need: hashes of
 * categories, one-hot marks and statistics of categories ("CTR"). */
#ifndef MLP_MODEL_CATBOOST_H
#define MLP_MODEL_CATBOOST_H

#include "model/ops.h"

/* CatBoost's hash of a category: the lower half of CityHash64 (version 1.0) of its text, as a
 * signed number (catboost/libs/cat_feature/cat_feature.cpp). */
int32_t mlp_catboost_hash(struct mlp_str text);

/* Texts to their hashes; a missing one counts as the empty text, as in CatBoost's own files. */
extern const struct mlp_op mlp_op_catboost_hash;

enum mlp_ctr_type {
    MLP_CTR_BORDERS, MLP_CTR_BUCKETS, MLP_CTR_MEAN, MLP_CTR_COUNTER
};

/* One element of what a statistic is about: a category, a comparison or a certain category. */
struct mlp_ctr_element {
    enum { MLP_CTR_CATEGORY, MLP_CTR_ABOVE, MLP_CTR_EQUAL } kind;
    uint32_t column;             /* of the operation's input */
    float border;                /* ABOVE: x > border */
    bool nan_above;
    int32_t value;               /* EQUAL: its hash */
};

/* What training counted for a combination's hash: nvalues numbers, in mlp_ctr.values. */
struct mlp_ctr_bucket {
    uint64_t hash;
    size_t first;
};

/* A derived column: ((good + prior) / (total + prior_total) + shift) * scale in float32
 * (catboost/libs/model/online_ctr.h: TModelCtr::Calc). One without buckets and with one EQUAL
 * element is a mark: 1 or 0. */
struct mlp_ctr {
    size_t nelements, nbuckets, nvalues;
    const struct mlp_ctr_element *element;
    const struct mlp_ctr_bucket *bucket;   /* ascending by hash */
    const double *values;
    enum mlp_ctr_type type;
    bool is_mark;
    uint32_t border;             /* class from which on targets count, for several classes */
    float prior, prior_total, shift, scale, denominator;
};

/* out_width derived columns over the input columns (hashes, and numbers as float32). */
struct mlp_catboost {
    const struct mlp_ctr *ctr;
};
extern const struct mlp_op mlp_op_catboost;

/* Whether a JSON document is a CatBoost model. */
struct mlp_jval;
bool mlp_is_catboost(const struct mlp_jval *root);

#endif
