/* sk_parts.h: what readers of estimators that are made of others share: labels among labels,
 * weighted means, lists of estimators, and transformers turned round. */
#ifndef MLP_MODEL_SK_PARTS_H
#define MLP_MODEL_SK_PARTS_H

#include "model/sk_readers.h"

/* p's predicted class (its index) as an index into `to`. encoded: p was trained on the indices of
 * `to` (a LabelEncoder's), which its own labels then are. MLP_EINPUT when a class is none of
 * `to`'s or p does not predict one class. */
enum mlp_code mlp_sk_relabel(struct mlp_sk *s, const struct mlp_pred *p,
                             const struct mlp_labels *to, bool encoded, struct mlp_cols *out);

/* Which class of `in` is class i of `from`: its index, or -1. */
double mlp_sk_position(const struct mlp_labels *in, const struct mlp_labels *from, size_t i);

/* predict as the numbers that predict() returns: labels that are numbers instead of their
 * indices. MLP_EINPUT for labels that are text. */
enum mlp_code mlp_sk_values(struct mlp_sk *s, const struct mlp_pred *p, struct mlp_cols *out);

/* proba with one column for each of n classes, of an estimator that was trained on class indices:
 * those that it lacks are 0. */
enum mlp_code mlp_sk_spread(struct mlp_sk *s, const struct mlp_pred *p, size_t n,
                            struct mlp_cols *out);

/* `parts` blocks of columns side by side to their weighted sum over divide; weight may be NULL and
 * is borrowed. */
enum mlp_code mlp_sk_mix(struct mlp_sk *s, struct mlp_cols all, size_t parts, const double *weight,
                         double divide, struct mlp_cols *out);

/* Item i of a list of estimators, over x. */
enum mlp_code mlp_sk_item(struct mlp_sk *s, const struct mlp_nd *list, size_t i, struct mlp_cols x,
                          struct mlp_pred *out);

/* Sets out's one entry of labels and predict to the index columns of `label`. */
enum mlp_code mlp_sk_set_labels(struct mlp_sk *s, const struct mlp_labels *labels,
                                struct mlp_pred *out);

/* 1 where a value is above the limit, else 0, for every column. */
enum mlp_code mlp_sk_above(struct mlp_sk *s, struct mlp_cols x, double limit,
                           struct mlp_cols *out);

/* The same row for every input: n numbers, which are borrowed. */
enum mlp_code mlp_sk_constant(struct mlp_sk *s, const double *v, size_t n, struct mlp_cols *out);

/* The columns of x where keep is set, as a transformer's result. */
enum mlp_code mlp_sk_keep_where(struct mlp_sk *s, struct mlp_cols x, const bool *keep,
                                struct mlp_pred *out);

/* numpy.percentile of n values, linear between the two neighbours; NaN when n is 0. */
double mlp_sk_percentile(struct mlp_sk *s, const double *v, size_t n, double q);

/* A matrix of rows of `width` numbers, an array or scipy.sparse's CSR, in C order in s->keep; *n
 * (may be NULL) gets the number of rows. */
enum mlp_code mlp_sk_matrix(struct mlp_sk *s, const struct mlp_value *v, size_t width,
                            const double **out, size_t *n);

/* Rows over their norm, which self's attribute norm names. */
enum mlp_code mlp_sk_norm(struct mlp_sk *s, struct mlp_cols x, struct mlp_cols *out);

/* score_samples of self, a PCA; no columns where it cannot be had. */
enum mlp_code mlp_sk_pca_score(struct mlp_sk *s, struct mlp_cols x, struct mlp_cols *out);

/* Self's quantiles_ and references_ (a QuantileTransformer's) for `width` columns. */
struct mlp_quantiles;
enum mlp_code mlp_sk_read_quantiles(struct mlp_sk *s, size_t width, struct mlp_quantiles *p);

/* A function f(x, **kw) that is known by name over every column; f may be None (nothing happens)
 * and kw too. MLP_EINPUT, with a hint, for any other code. */
enum mlp_code mlp_sk_function(struct mlp_sk *s, const struct mlp_value *f,
                              const struct mlp_value *kw, struct mlp_cols x,
                              struct mlp_cols *out);

/* y = x clipped to [lo, hi]; y = x with one number (or NaN) replaced by another. */
enum mlp_code mlp_sk_clip(struct mlp_sk *s, struct mlp_cols x, double lo, double hi,
                          struct mlp_cols *out);
enum mlp_code mlp_sk_replace(struct mlp_sk *s, struct mlp_cols x, double what, double by,
                             struct mlp_cols *out);

/* inverse_transform of the transformer t over y. MLP_EINPUT when its class has none here. */
enum mlp_code mlp_sk_invert(struct mlp_sk *s, const struct mlp_value *t, struct mlp_cols y,
                            struct mlp_cols *out);

#endif
