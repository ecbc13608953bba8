/* sk_meta.c: estimators made of others' answers: voting, stacking, bagging, AdaBoost, one versus
 * the rest, several outputs, thresholds, transformed targets, constants. */
#include "model/ops_est.h"
#include "model/sk_trees.h"
#include <float.h>
#include <math.h>

/* --- labels among labels --- */

static double label_position(const struct mlp_labels *in, const struct mlp_labels *from, size_t i)
{
    for (size_t k = 0; k < in->n; k++) {
        bool same = in->is_text || from->is_text ? mlp_str_eq(in->text[k], from->text[i])
                                                 : in->number[k] == from->number[i];
        if (same)
            return (double)k;
    }
    return -1;
}

/* predict's class index as an index into `to`. encoded: the estimator was trained on the indices
 * of `to` (a LabelEncoder's), which its own labels then are. */
static enum mlp_code relabel(struct mlp_sk *s, const struct mlp_pred *p,
                             const struct mlp_labels *to,
                             bool encoded, struct mlp_cols *out)
{
    if (p->predict.n != 1 || p->predict_kind != MLP_OUT_LABEL)
        return mlp_sk_bad(s, "an inner estimator does not predict one class");
    const struct mlp_labels *own = p->labels[0];
    double *table = mlp_arena_array(s->keep, own->n + 1, sizeof *table);
    const double **tables = mlp_arena_array(s->keep, 1, sizeof *tables);
    if (!table || !tables)
        return mlp_err_nomem(s->e);
    for (size_t i = 0; i < own->n; i++) {
        table[i + 1] = encoded ? own->number[i] : label_position(to, own, i);
        if (!(table[i + 1] >= 0 && table[i + 1] < (double)to->n))
            return mlp_sk_bad(s, "an inner estimator knows a class that the outer does not");
    }
    tables[0] = table;
    struct mlp_lookup look = {tables};
    void *params = mlp_sk_params(s, &look, sizeof look);
    return params ? mlp_sk_node(s, &mlp_op_lookup, params, p->predict, 1, out) : s->e->code;
}

/* proba with one column for each of `to`'s classes: those that the estimator lacks are 0. */
static enum mlp_code spread(struct mlp_sk *s, const struct mlp_pred *p, const struct mlp_labels *to,
                            struct mlp_cols *out)
{
    const struct mlp_labels *own = p->labels[0];
    double *zero = mlp_arena_array(s->keep, 1, sizeof *zero);
    struct mlp_constant none = {zero};
    void *params = zero ? mlp_sk_params(s, &none, sizeof none) : NULL;
    struct mlp_cols empty = {NULL, 0}, made;
    *out = (struct mlp_cols){mlp_arena_array(s->keep, to->n, sizeof *out->p), to->n};
    if (!params || !out->p || mlp_sk_node(s, &mlp_op_constant, params, empty, 1, &made))
        return mlp_err_nomem(s->e);
    for (size_t k = 0; k < to->n; k++)
        out->p[k] = made.p[0];
    for (size_t i = 0; i < own->n && i < p->proba.n; i++) {
        /* Bagging trains on indices: a class of its own is an index, too. */
        double k = label_position(to, own, i);
        if (k < 0 && own->number[i] >= 0 && own->number[i] < (double)to->n)
            k = own->number[i];
        if (!(k >= 0))
            return mlp_sk_bad(s, "an inner estimator knows a class that the outer does not");
        out->p[(size_t)k] = p->proba.p[i];
    }
    return MLP_OK;
}

static enum mlp_code mix(struct mlp_sk *s, struct mlp_cols all, size_t parts, const double *weight,
                         double divide, struct mlp_cols *out)
{
    struct mlp_mix p = {parts, weight, divide};
    void *params = mlp_sk_params(s, &p, sizeof p);
    return params ? mlp_sk_node(s, &mlp_op_mix, params, all, all.n / parts, out) : s->e->code;
}

/* Item i of a list of estimators, over x (or over the columns that features names). */
static enum mlp_code read_item(struct mlp_sk *s, const struct mlp_nd *list, size_t i,
                               struct mlp_cols x, struct mlp_pred *out)
{
    return mlp_sk_child(s, list->objects[i], x, out, "estimators_[%zu]", i);
}

/* --- voting --- */

static enum mlp_code read_weights(struct mlp_sk *s, size_t n, const double **weight, double *sum)
{
    struct mlp_nd nd;
    *weight = NULL;
    *sum = (double)n;
    if (!mlp_sk_has(s, "weights"))
        return MLP_OK;
    if (mlp_sk_array(s, "weights", &nd))
        return s->e->code;
    /* Weights of estimators that were dropped would shift the others'. */
    if (nd.count != n)
        return mlp_sk_bad(s, "%zu weights for %zu estimators", nd.count, n);
    *weight = mlp_nd_doubles(&nd, s->keep, s->e);
    *sum = 0;
    for (size_t i = 0; *weight && i < n; i++)
        *sum += (*weight)[i];
    return *weight ? MLP_OK : s->e->code;
}

enum mlp_code mlp_read_voting_regressor(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    struct mlp_nd list;
    const double *weight;
    double sum;
    struct mlp_pred p;
    if (mlp_sk_estimators(s, "estimators_", &list) || read_weights(s, list.count, &weight, &sum))
        return s->e->code;
    for (size_t i = 0; i < list.count; i++) {
        if (read_item(s, &list, i, x, &p))
            return s->e->code;
        if (p.predict.n != 1 || p.predict_kind != MLP_OUT_F64)
            return mlp_sk_bad(s, "estimators_[%zu] does not predict one number", i);
        if (mlp_cols_join(s->g, &out->transform, &p.predict, s->e))
            return s->e->code;
    }
    out->is_transform = true;
    out->predict_kind = MLP_OUT_F64;
    return mix(s, out->transform, list.count, weight, sum, &out->predict);
}

enum mlp_code mlp_read_voting_classifier(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    struct mlp_nd list;
    const double *weight;
    double sum;
    const struct mlp_labels *labels;
    bool soft = mlp_sk_is(s, "voting", "soft");
    struct mlp_cols votes;
    if (mlp_sk_estimators(s, "estimators_", &list) || read_weights(s, list.count, &weight, &sum) ||
        mlp_sk_classes(s, "classes_", &labels))
        return s->e->code;
    for (size_t i = 0; i < list.count; i++) {
        struct mlp_pred p;
        struct mlp_cols one;
        if (read_item(s, &list, i, x, &p) || (!soft && relabel(s, &p, labels, true, &one)))
            return s->e->code;
        if (soft && p.proba.n != labels->n)
            return mlp_sk_bad(s, "estimators_[%zu] gives no probabilities of all classes", i);
        if (mlp_cols_join(s->g, &out->transform, soft ? &p.proba : &one, s->e))
            return s->e->code;
    }
    out->is_transform = true;
    if (soft)
        return mix(s, out->transform, list.count, weight, sum, &out->proba)
                   ? s->e->code
                   : mlp_sk_pick(s, out->proba, labels, out);
    struct mlp_votes p = {weight};
    void *params = mlp_sk_params(s, &p, sizeof p);
    if (!params || mlp_sk_node(s, &mlp_op_votes, params, out->transform, labels->n, &votes))
        return s->e->code;
    return mlp_sk_pick(s, votes, labels, out);
}

/* --- stacking --- */

static enum mlp_code stack_columns(struct mlp_sk *s, const struct mlp_pred *p,
                                   const struct mlp_value *method, struct mlp_cols *joined)
{
    struct mlp_cols c = p->predict;
    if (mlp_value_text_is(method, "predict_proba"))
        c = p->proba.n == 2 ? mlp_cols_slice(p->proba, 1, 1) : p->proba;
    else if (mlp_value_text_is(method, "decision_function"))
        c = p->decision;
    else if (p->predict_kind == MLP_OUT_LABEL && relabel(s, p, p->labels[0], true, &c))
        return s->e->code;
    if (!c.n)
        return mlp_sk_bad(s, "an inner estimator lacks its stack_method_");
    return mlp_cols_join(s->g, joined, &c, s->e);
}

enum mlp_code mlp_read_stacking(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    struct mlp_nd list;
    const struct mlp_value *methods = mlp_sk_attr(s, "stack_method_");
    struct mlp_cols all = {NULL, 0};
    const struct mlp_labels *labels = NULL;
    bool classifier = mlp_sk_has(s, "classes_");
    if (mlp_sk_estimators(s, "estimators_", &list) ||
        (classifier && mlp_sk_classes(s, "classes_", &labels)))
        return s->e->code;
    for (size_t i = 0; i < list.count; i++) {
        struct mlp_pred p;
        if (read_item(s, &list, i, x, &p) || stack_columns(s, &p, mlp_value_at(methods, i), &all))
            return s->e->code;
    }
    if (mlp_sk_flag(s, "passthrough", false) && mlp_cols_join(s->g, &all, &x, s->e))
        return s->e->code;
    if (mlp_sk_child(s, mlp_sk_attr(s, "final_estimator_"), all, out, "final_estimator_"))
        return s->e->code;
    out->transform = all;
    out->is_transform = true;
    if (!classifier)
        return MLP_OK;
    const struct mlp_labels **own = mlp_arena_array(s->keep, 1, sizeof *own);
    if (!own || relabel(s, out, labels, true, &out->predict))
        return mlp_err_nomem(s->e);
    own[0] = labels;
    out->labels = own;
    return MLP_OK;
}

/* --- bagging --- */

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
        if (mlp_sk_subset(s, i, x, &some) || read_item(s, &list, i, some, &p) ||
            mlp_cols_join(s->g, &all, &p.predict, s->e))
            return s->e->code;
    out->predict_kind = MLP_OUT_F64;
    return mix(s, all, list.count, NULL, (double)list.count, &out->predict);
}

enum mlp_code mlp_read_bagging_classifier(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    struct mlp_nd list;
    struct mlp_cols all = {NULL, 0}, decisions = {NULL, 0}, some, proba;
    const struct mlp_labels *labels;
    size_t ndecisions = 0;
    if (mlp_sk_estimators(s, "estimators_", &list) || mlp_sk_classes(s, "classes_", &labels))
        return s->e->code;
    for (size_t i = 0; i < list.count; i++) {
        struct mlp_pred p;
        if (mlp_sk_subset(s, i, x, &some) || read_item(s, &list, i, some, &p))
            return s->e->code;
        if (!p.proba.n || p.nlabels != 1)
            return mlp_sk_bad(s, "bagging over an estimator without probabilities is not read");
        if (spread(s, &p, labels, &proba) || mlp_cols_join(s->g, &all, &proba, s->e) ||
            mlp_cols_join(s->g, &decisions, &p.decision, s->e))
            return s->e->code;
        ndecisions += p.decision.n != 0 && p.labels[0]->n == labels->n;
    }
    double n = (double)list.count;
    if (ndecisions == list.count && mix(s, decisions, list.count, NULL, n, &out->decision))
        return s->e->code;
    return mix(s, all, list.count, NULL, n, &out->proba)
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
        if (read_item(s, &list, i, x, &p) || mlp_cols_join(s->g, &all, &p.predict, s->e))
            return s->e->code;
    struct mlp_median m = {weight};
    void *params = mlp_sk_params(s, &m, sizeof m);
    out->predict_kind = MLP_OUT_F64;
    return params ? mlp_sk_node(s, &mlp_op_median, params, all, 1, &out->predict) : s->e->code;
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
    bool real = mlp_sk_is(s, "algorithm", "SAMME.R");
    if (mlp_sk_estimators(s, "estimators_", &list) ||
        mlp_sk_doubles(s, "estimator_weights_", 0, &weight, &n))
        return s->e->code;
    for (size_t i = 0; i < n; i++)
        sum += weight[i];
    for (size_t i = 0; i < list.count; i++) {
        struct mlp_pred p;
        struct mlp_cols one;
        if (read_item(s, &list, i, x, &p) || (!real && relabel(s, &p, labels, false, &one)))
            return s->e->code;
        if (n < list.count || (real && p.proba.n != k))
            return mlp_sk_bad(s, "estimators_[%zu] does not fit the ensemble", i);
        if (mlp_cols_join(s->g, &all, real ? &p.proba : &one, s->e))
            return s->e->code;
    }
    /* Until 1.3 a vote took nothing from the other classes. */
    double other = mlp_sk_version(s) < 1003000 ? 0 : -1 / ((double)k - 1);
    struct mlp_samme samme = {weight, other, sum};
    struct mlp_samme_r samme_r = {list.count, sum};
    void *a = mlp_sk_params(s, &samme, sizeof samme);
    void *b = mlp_sk_params(s, &samme_r, sizeof samme_r);
    if (!a || !b)
        return s->e->code;
    return mlp_sk_node(s, real ? &mlp_op_samme_r : &mlp_op_samme, real ? b : a, all, k, out);
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

/* --- several outputs --- */

enum mlp_code mlp_read_multi_output(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    struct mlp_nd list;
    struct mlp_pred p;
    if (mlp_sk_estimators(s, "estimators_", &list))
        return s->e->code;
    out->labels = mlp_arena_array(s->keep, list.count, sizeof *out->labels);
    if (!out->labels)
        return mlp_err_nomem(s->e);
    bool proba = true;
    for (size_t i = 0; i < list.count; i++) {
        if (read_item(s, &list, i, x, &p))
            return s->e->code;
        if (p.predict.n != 1 || (i && p.predict_kind != out->predict_kind))
            return mlp_sk_bad(s, "estimators_[%zu] does not predict one value as the others", i);
        out->predict_kind = p.predict_kind;
        proba &= p.proba.n != 0;
        if (p.nlabels == 1)
            out->labels[out->nlabels++] = p.labels[0];
        if (mlp_cols_join(s->g, &out->predict, &p.predict, s->e) ||
            mlp_cols_join(s->g, &out->proba, &p.proba, s->e))
            return s->e->code;
    }
    out->proba.n = proba ? out->proba.n : 0;
    return MLP_OK;
}

/* ClassifierChain and RegressorChain: each link sees the predictions before it, in order_. */
enum mlp_code mlp_read_chain(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    struct mlp_nd list, order;
    if (mlp_sk_estimators(s, "estimators_", &list) || mlp_sk_array(s, "order_", &order))
        return s->e->code;
    size_t n = list.count;
    if (mlp_sk_has(s, "chain_method_") && !mlp_sk_is(s, "chain_method_", "predict"))
        return mlp_sk_bad(s, "a chain over probabilities is not read");
    out->predict = (struct mlp_cols){mlp_arena_array(s->keep, n, sizeof *out->predict.p), n};
    out->labels = mlp_arena_array(s->keep, n, sizeof *out->labels);
    if (!out->predict.p || !out->labels)
        return mlp_err_nomem(s->e);
    for (size_t i = 0; i < n; i++) {
        struct mlp_pred p;
        struct mlp_cols value;
        int64_t at = mlp_nd_i64(&order, i, NULL);
        if (at < 0 || (size_t)at >= n || order.count != n)
            return mlp_sk_bad(s, "order_ is out of range");
        if (read_item(s, &list, i, x, &p))
            return s->e->code;
        value = p.predict;
        if (p.predict_kind == MLP_OUT_LABEL && relabel(s, &p, p.labels[0], true, &value))
            return s->e->code;
        out->predict_kind = p.predict_kind;
        out->predict.p[at] = p.predict.p[0];
        out->labels[at] = p.nlabels ? p.labels[0] : NULL;
        if (mlp_cols_join(s->g, &x, &value, s->e))
            return s->e->code;
    }
    out->nlabels = out->predict_kind == MLP_OUT_LABEL ? n : 0;
    return MLP_OK;
}

/* --- one versus the rest --- */

/* What decides about class i: the decision, or else the probability of 1. */
static enum mlp_code binary_columns(struct mlp_sk *s, const struct mlp_nd *list, struct mlp_cols x,
                                    struct mlp_cols *decision, struct mlp_cols *proba)
{
    for (size_t i = 0; i < list->count; i++) {
        struct mlp_pred p;
        if (read_item(s, list, i, x, &p))
            return s->e->code;
        struct mlp_cols one = mlp_cols_slice(p.proba, 1, 1);
        if (mlp_cols_join(s->g, decision, &p.decision, s->e) ||
            mlp_cols_join(s->g, proba, &one, s->e))
            return s->e->code;
    }
    decision->n = decision->n == list->count ? decision->n : 0;
    proba->n = proba->n == list->count ? proba->n : 0;
    return decision->n || proba->n ? MLP_OK : mlp_sk_bad(s, "the inner estimators do not decide");
}

static enum mlp_code rest_labels(struct mlp_sk *s, struct mlp_cols score, double limit,
                                 struct mlp_pred *out)
{
    struct mlp_above above = {limit, false};
    void *params = mlp_sk_params(s, &above, sizeof above);
    out->predict_kind = MLP_OUT_INT;
    return params ? mlp_sk_node(s, &mlp_op_above, params, score, score.n, &out->predict)
                  : s->e->code;
}

enum mlp_code mlp_read_one_vs_rest(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    struct mlp_nd list;
    const struct mlp_labels *labels;
    const struct mlp_value *binarizer = mlp_sk_attr(s, "label_binarizer_");
    const struct mlp_value *type = mlp_value_attr(binarizer, "y_type_");
    struct mlp_cols proba = {NULL, 0};
    if (mlp_sk_estimators(s, "estimators_", &list) ||
        mlp_sk_labels(s, mlp_value_attr(binarizer, "classes_"), &labels) ||
        binary_columns(s, &list, x, &out->decision, &proba))
        return s->e->code;
    bool multilabel =
        type && type->type == MLP_VALUE_TEXT && mlp_str_starts(type->u.s, "multilabel");
    struct mlp_cols score = out->decision.n ? out->decision : proba;
    double limit = out->decision.n ? 0 : 0.5;
    if (multilabel) {
        out->proba = proba;
        return rest_labels(s, score, limit, out);
    }
    struct mlp_share share = {false};
    void *params = mlp_sk_params(s, &share, sizeof share);
    if (!params)
        return s->e->code;
    if (score.n == 1) {
        struct mlp_above above = {limit, false};
        if (proba.n && mlp_sk_node(s, &mlp_op_pair, NULL, proba, 2, &out->proba))
            return s->e->code;
        return mlp_sk_pick_above(s, score, above, labels, out);
    }
    if (proba.n && mlp_sk_node(s, &mlp_op_share, params, proba, proba.n, &out->proba))
        return s->e->code;
    return mlp_sk_pick(s, score, labels, out);
}

/* --- thresholds, targets, constants --- */

enum mlp_code mlp_read_threshold(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    const char *name = mlp_sk_has(s, "best_threshold_") ? "best_threshold_" : "threshold";
    bool automatic = mlp_sk_is(s, "threshold", "auto") && !mlp_sk_has(s, "best_threshold_");
    const struct mlp_value *inner = mlp_sk_attr(s, "estimator_");
    if (mlp_sk_child(s, inner, x, out, "estimator_"))
        return s->e->code;
    bool decision = mlp_sk_is(s, "response_method", "decision_function") || !out->proba.n;
    struct mlp_cols score = decision ? out->decision : mlp_cols_slice(out->proba, 1, 1);
    struct mlp_above above = {mlp_sk_num(s, name, decision ? 0 : 0.5), true};
    if (mlp_sk_has(s, "pos_label") || out->nlabels != 1 || score.n != 1 ||
        (automatic && mlp_sk_has(s, "best_threshold_")))
        return mlp_sk_bad(s, "a threshold over other than the second of two classes is not read");
    return mlp_sk_pick_above(s, score, above, out->labels[0], out);
}

/* y = what the transformer makes back of the regressor's prediction. */
static enum mlp_code invert_target(struct mlp_sk *s, struct mlp_cols y, struct mlp_cols *out)
{
    const struct mlp_value *outer = s->self, *t = mlp_sk_attr(s, "transformer_");
    enum mlp_fn fn = MLP_FN_IDENTITY;
    struct mlp_scale p = {0};
    enum mlp_code code = MLP_OK;
    s->self = t;
    if (mlp_value_is_a(t, "FunctionTransformer")) {
        const struct mlp_value *f = mlp_sk_attr(s, "inverse_func");
        if (!mlp_value_is_none(f) && !mlp_known_function(f, &fn))
            code = mlp_sk_bad(s, "the inverse function is not known");
        else
            code = mlp_sk_map(s, fn, y, out);
    } else if (mlp_value_is_a(t, "StandardScaler")) {
        if ((mlp_sk_has(s, "scale_") && mlp_sk_doubles(s, "scale_", y.n, &p.mul, NULL)) ||
            (mlp_sk_flag(s, "with_mean", true) && mlp_sk_doubles(s, "mean_", y.n, &p.add, NULL)))
            code = s->e->code;
    } else if (mlp_value_is_a(t, "MinMaxScaler")) {
        if (mlp_sk_doubles(s, "min_", y.n, &p.sub, NULL) ||
            mlp_sk_doubles(s, "scale_", y.n, &p.div, NULL))
            code = s->e->code;
    } else {
        code = mlp_sk_bad(s, "a target transformed back by this class is not read");
    }
    if (!code && (p.mul || p.add || p.div)) {
        void *params = mlp_sk_params(s, &p, sizeof p);
        code = params ? mlp_sk_node(s, &mlp_op_scale, params, y, y.n, out) : s->e->code;
    } else if (!code && !mlp_value_is_a(t, "FunctionTransformer")) {
        *out = y;
    }
    s->self = outer;
    return code;
}

enum mlp_code mlp_read_target(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    struct mlp_pred p;
    if (mlp_sk_child(s, mlp_sk_attr(s, "regressor_"), x, &p, "regressor_"))
        return s->e->code;
    if (!p.predict.n || p.predict_kind == MLP_OUT_LABEL)
        return mlp_sk_bad(s, "regressor_ does not predict numbers");
    out->predict_kind = MLP_OUT_F64;
    return invert_target(s, p.predict, &out->predict);
}

static enum mlp_code constant_row(struct mlp_sk *s, const double *v, size_t n, struct mlp_cols *out)
{
    struct mlp_constant p = {v};
    struct mlp_cols none = {NULL, 0};
    void *params = mlp_sk_params(s, &p, sizeof p);
    return params ? mlp_sk_node(s, &mlp_op_constant, params, none, n, out) : s->e->code;
}

enum mlp_code mlp_read_dummy_regressor(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    const double *v;
    size_t n;
    (void)x;
    if (mlp_sk_doubles(s, "constant_", 0, &v, &n))
        return s->e->code;
    out->predict_kind = MLP_OUT_F64;
    return constant_row(s, v, n, &out->predict);
}

enum mlp_code mlp_read_dummy_classifier(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    const struct mlp_labels *labels;
    const double *prior;
    bool hard = mlp_sk_is(s, "_strategy", "most_frequent") ||
                mlp_sk_is(s, "strategy", "most_frequent");
    bool as_is = mlp_sk_is(s, "_strategy", "prior") || mlp_sk_is(s, "strategy", "prior");
    (void)x;
    if (!hard && !as_is)
        return mlp_sk_bad(s, "a random or constant strategy is not read");
    if (mlp_sk_classes(s, "classes_", &labels) ||
        mlp_sk_doubles(s, "class_prior_", labels->n, &prior, NULL))
        return s->e->code;
    double *row = mlp_sk_params(s, prior, labels->n * sizeof *row);
    size_t best = 0;
    for (size_t k = 0; k < labels->n; k++)
        best = prior[k] > prior[best] ? k : best;
    for (size_t k = 0; row && hard && k < labels->n; k++)
        row[k] = k == best;
    if (!row || constant_row(s, row, labels->n, &out->proba))
        return s->e->code;
    return mlp_sk_pick(s, out->proba, labels, out);
}

/* A wrapper around an estimator that is fitted already (1.6 on). */
enum mlp_code mlp_read_frozen(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    return mlp_sk_child(s, mlp_sk_attr(s, "estimator"), x, out, "estimator");
}
