/* sk_bag.c: ensembles of one estimator many times over: bagging and AdaBoost. */
#include "model/ops_est.h"
#include "model/sk_parts.h"
#include "model/sk_trees.h"

/* The columns of x that estimators_features_[i] names. */
enum mlp_code mlp_sk_subset(struct mlp_sk *s, size_t i, struct mlp_cols x, struct mlp_cols *out)
{
    struct mlp_nd all, one;
    *out = x;
    if (!mlp_sk_has(s, "estimators_features_"))
        return MLP_OK;
    const struct mlp_value *v = mlp_sk_attr(s, "estimators_features_");
    if (mlp_nd_read(v, s->tmp, &all, s->e))
        return s->e->code;
    if (!all.objects || i >= all.count)
        return mlp_sk_bad(s, "estimators_features_ does not fit estimators_");
    if (mlp_nd_read(all.objects[i], s->tmp, &one, s->e))
        return s->e->code;
    out->n = one.count;
    out->p = mlp_arena_array(s->keep, one.count, sizeof *out->p);
    if (!out->p)
        return mlp_err_nomem(s->e);
    for (size_t k = 0; k < one.count; k++) {
        int64_t f = mlp_nd_i64(&one, k, NULL);
        if (f < 0 || (size_t)f >= x.n)
            return mlp_sk_bad(s, "estimators_features_ is out of range");
        out->p[k] = x.p[f];
    }
    return MLP_OK;
}

enum mlp_code mlp_read_bagging_regressor(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    struct mlp_nd list;
    struct mlp_cols all = {NULL, 0}, some;
    struct mlp_pred p;
    if (mlp_sk_estimators(s, "estimators_", &list))
        return s->e->code;
    for (size_t i = 0; i < list.count; i++)
        if (mlp_sk_subset(s, i, x, &some) || mlp_sk_item(s, &list, i, some, &p) ||
            mlp_cols_join(s->g, &all, &p.predict, s->e))
            return s->e->code;
    out->predict_kind = MLP_OUT_F64;
    return mlp_sk_mix(s, all, list.count, NULL, (double)list.count, &out->predict);
}

/* Every inner estimator was trained on class indices. One without probabilities votes: 1 for the
 * class that it predicts. */
static enum mlp_code bagged_proba(struct mlp_sk *s, const struct mlp_pred *p,
                                  const struct mlp_labels *labels, struct mlp_cols *all)
{
    struct mlp_votes one = {NULL};
    struct mlp_cols proba;
    if (p->proba.n && p->nlabels == 1) {
        if (mlp_sk_spread(s, p, labels->n, &proba))
            return s->e->code;
    } else {
        void *params = mlp_sk_params(s, &one, sizeof one);
        if (!params || mlp_sk_relabel(s, p, labels, true, &proba) ||
            mlp_sk_node(s, &mlp_op_votes, params, proba, labels->n, &proba))
            return s->e->code;
    }
    return mlp_cols_join(s->g, all, &proba, s->e);
}

enum mlp_code mlp_read_bagging_classifier(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    struct mlp_nd list;
    struct mlp_cols all = {NULL, 0}, decisions = {NULL, 0}, some;
    const struct mlp_labels *labels;
    size_t ndecisions = 0;
    if (mlp_sk_estimators(s, "estimators_", &list) || mlp_sk_classes(s, "classes_", &labels))
        return s->e->code;
    for (size_t i = 0; i < list.count; i++) {
        struct mlp_pred p;
        if (mlp_sk_subset(s, i, x, &some) || mlp_sk_item(s, &list, i, some, &p) ||
            bagged_proba(s, &p, labels, &all) ||
            mlp_cols_join(s->g, &decisions, &p.decision, s->e))
            return s->e->code;
        ndecisions += p.decision.n != 0 && p.labels[0]->n == labels->n;
    }
    double n = (double)list.count;
    if (ndecisions == list.count && mlp_sk_mix(s, decisions, list.count, NULL, n, &out->decision))
        return s->e->code;
    return mlp_sk_mix(s, all, list.count, NULL, n, &out->proba)
               ? s->e->code
               : mlp_sk_pick(s, out->proba, labels, out);
}

/* --- AdaBoost --- */

enum mlp_code mlp_read_ada_regressor(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    struct mlp_nd list;
    struct mlp_cols all = {NULL, 0};
    struct mlp_pred p;
    const double *weight;
    size_t n;
    if (mlp_sk_estimators(s, "estimators_", &list) ||
        mlp_sk_doubles(s, "estimator_weights_", 0, &weight, &n))
        return s->e->code;
    if (n < list.count)
        return mlp_sk_bad(s, "estimator_weights_ are fewer than estimators_");
    for (size_t i = 0; i < list.count; i++)
        if (mlp_sk_item(s, &list, i, x, &p) || mlp_cols_join(s->g, &all, &p.predict, s->e))
            return s->e->code;
    struct mlp_median m = {weight};
    void *params = mlp_sk_params(s, &m, sizeof m);
    out->predict_kind = MLP_OUT_F64;
    return params ? mlp_sk_node(s, &mlp_op_median, params, all, 1, &out->predict) : s->e->code;
}

/* What every estimator says, side by side: probabilities (SAMME.R) or class indices. */
static enum mlp_code ada_answers(struct mlp_sk *s, struct mlp_cols x, const struct mlp_nd *list,
                                 const struct mlp_labels *labels, struct mlp_cols *all)
{
    bool real = mlp_sk_is(s, "algorithm", "SAMME.R");
    for (size_t i = 0; i < list->count; i++) {
        struct mlp_pred p;
        struct mlp_cols one;
        if (mlp_sk_item(s, list, i, x, &p) ||
            (!real && mlp_sk_relabel(s, &p, labels, false, &one)))
            return s->e->code;
        if (real && p.proba.n != labels->n)
            return mlp_sk_bad(s, "estimators_[%zu] does not know all classes", i);
        if (mlp_cols_join(s->g, all, real ? &p.proba : &one, s->e))
            return s->e->code;
    }
    return MLP_OK;
}

static enum mlp_code ada_node(struct mlp_sk *s, struct mlp_cols all, size_t parts,
                              struct mlp_samme samme, struct mlp_cols *out)
{
    struct mlp_samme_r samme_r = {parts, samme.divide};
    bool real = mlp_sk_is(s, "algorithm", "SAMME.R");
    void *params = real ? mlp_sk_params(s, &samme_r, sizeof samme_r)
                        : mlp_sk_params(s, &samme, sizeof samme);
    size_t k = (size_t)mlp_sk_num(s, "n_classes_", 2);
    return params ? mlp_sk_node(s, real ? &mlp_op_samme_r : &mlp_op_samme, params, all, k, out)
                  : s->e->code;
}

/* The sums of SAMME and SAMME.R over all estimators, one column a class. */
static enum mlp_code ada_sums(struct mlp_sk *s, struct mlp_cols x, const struct mlp_labels *labels,
                              struct mlp_cols *out)
{
    struct mlp_nd list;
    struct mlp_cols all = {NULL, 0};
    const double *weight;
    size_t n, k = labels->n;
    double sum = 0;
    if (mlp_sk_estimators(s, "estimators_", &list) ||
        mlp_sk_doubles(s, "estimator_weights_", 0, &weight, &n))
        return s->e->code;
    if (n < list.count || mlp_sk_num(s, "n_classes_", (double)k) != (double)k)
        return mlp_sk_bad(s, "estimator_weights_ or n_classes_ does not fit");
    for (size_t i = 0; i < n; i++)
        sum += weight[i];
    if (ada_answers(s, x, &list, labels, &all))
        return s->e->code;
    /* Until 1.3 a vote took nothing from the other classes. */
    double other = mlp_sk_version(s) < 1003000 ? 0 : -1 / ((double)k - 1);
    return ada_node(s, all, list.count, (struct mlp_samme){weight, other, sum}, out);
}

enum mlp_code mlp_read_ada_classifier(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    const struct mlp_labels *labels;
    struct mlp_cols sums, p, half;
    if (mlp_sk_classes(s, "classes_", &labels))
        return s->e->code;
    if (labels->n < 2)
        return mlp_sk_bad(s, "one class only");
    if (ada_sums(s, x, labels, &sums))
        return s->e->code;
    if (labels->n == 2) {
        struct mlp_above zero = {0, false};
        if (mlp_sk_node(s, &mlp_op_difference, NULL, sums, 1, &out->decision) ||
            mlp_sk_map(s, MLP_FN_SIGMOID, out->decision, &p) ||
            mlp_sk_node(s, &mlp_op_pair, NULL, p, 2, &out->proba))
            return s->e->code;
        return mlp_sk_pick_above(s, out->decision, zero, labels, out);
    }
    out->decision = sums;
    if (mlp_sk_affine(s, sums, 1 / ((double)labels->n - 1), 0, &half) ||
        mlp_sk_node(s, &mlp_op_softmax, NULL, half, half.n, &out->proba))
        return s->e->code;
    return mlp_sk_pick(s, sums, labels, out);
}
