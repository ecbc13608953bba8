/* sk_meta.c: estimators made of others' answers: voting, stacking, thresholds; and those that
 * answer the same to all. */
#include "model/ops_est.h"
#include "model/sk_parts.h"
#include "model/sk_trees.h"

/* --- voting --- */

/* Item i of `estimators` is (name, "drop"): left out of estimators_, its weight too. */
static bool is_dropped(const struct mlp_value *list, size_t i)
{
    const struct mlp_value *e = mlp_value_at(mlp_value_at(list, i), 1);
    return mlp_value_text_is(e, "drop") || (e && e->type == MLP_VALUE_NONE);
}

/* The weights of those that are not dropped, n of them, and their sum; none: NULL and n. */
static enum mlp_code read_weights(struct mlp_sk *s, size_t n, const double **weight, double *sum)
{
    struct mlp_nd nd;
    const struct mlp_value *all = mlp_sk_attr(s, "estimators");
    size_t kept = 0;
    *weight = NULL;
    *sum = (double)n;
    if (!mlp_sk_has(s, "weights"))
        return MLP_OK;
    if (mlp_sk_array(s, "weights", &nd))
        return s->e->code;
    double *w = mlp_nd_doubles(&nd, s->keep, s->e);
    if (!w)
        return s->e->code;
    *sum = 0;
    for (size_t i = 0; i < nd.count; i++)
        if (!is_dropped(all, i))
            *sum += w[kept++] = w[i];
    *weight = w;
    return kept == n ? MLP_OK : mlp_sk_bad(s, "%zu weights for %zu estimators", kept, n);
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
        if (mlp_sk_item(s, &list, i, x, &p))
            return s->e->code;
        if (p.predict.n != 1 || p.predict_kind != MLP_OUT_F64)
            return mlp_sk_bad(s, "estimators_[%zu] does not predict one number", i);
        if (mlp_cols_join(s->g, &out->transform, &p.predict, s->e))
            return s->e->code;
    }
    out->is_transform = true;
    out->predict_kind = MLP_OUT_F64;
    return mlp_sk_mix(s, out->transform, list.count, weight, sum, &out->predict);
}

/* What the voters say, side by side: probabilities of all classes, or class indices. */
static enum mlp_code read_voters(struct mlp_sk *s, struct mlp_cols x, const struct mlp_nd *list,
                                 const struct mlp_labels *labels, struct mlp_cols *out)
{
    bool soft = mlp_sk_is(s, "voting", "soft");
    for (size_t i = 0; i < list->count; i++) {
        struct mlp_pred p;
        struct mlp_cols one;
        if (mlp_sk_item(s, list, i, x, &p) ||
            (!soft && mlp_sk_relabel(s, &p, labels, true, &one)))
            return s->e->code;
        if (soft && p.proba.n != labels->n)
            return mlp_sk_bad(s, "estimators_[%zu] gives no probabilities of all classes", i);
        if (mlp_cols_join(s->g, out, soft ? &p.proba : &one, s->e))
            return s->e->code;
    }
    return MLP_OK;
}

enum mlp_code mlp_read_voting_classifier(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    struct mlp_nd list;
    struct mlp_votes p = {NULL};
    double sum;
    const struct mlp_labels *labels;
    struct mlp_cols votes;
    if (mlp_sk_estimators(s, "estimators_", &list) ||
        read_weights(s, list.count, &p.weight, &sum) || mlp_sk_classes(s, "classes_", &labels) ||
        read_voters(s, x, &list, labels, &out->transform))
        return s->e->code;
    out->is_transform = true;
    if (mlp_sk_is(s, "voting", "soft"))
        return mlp_sk_mix(s, out->transform, list.count, p.weight, sum, &out->proba)
                   ? s->e->code
                   : mlp_sk_pick(s, out->proba, labels, out);
    void *params = mlp_sk_params(s, &p, sizeof p);
    if (!params || mlp_sk_node(s, &mlp_op_votes, params, out->transform, labels->n, &votes))
        return s->e->code;
    return mlp_sk_pick(s, votes, labels, out);
}

/* --- stacking --- */

/* Of several targets' probabilities, all but each one's first. */
static enum mlp_code later_classes(struct mlp_sk *s, const struct mlp_pred *p,
                                   struct mlp_cols *joined)
{
    for (size_t t = 0, at = 0; t < p->nlabels; at += p->labels[t++]->n) {
        size_t n = p->labels[t]->n;
        struct mlp_cols some = mlp_cols_slice(p->proba, at + 1, n ? n - 1 : 0);
        if (mlp_cols_join(s->g, joined, &some, s->e))
            return s->e->code;
    }
    return MLP_OK;
}

static enum mlp_code stack_columns(struct mlp_sk *s, const struct mlp_pred *p,
                                   const struct mlp_value *method, struct mlp_cols *joined)
{
    struct mlp_cols c = p->predict;
    bool proba = mlp_value_text_is(method, "predict_proba");
    if (proba && p->nlabels > 1 && p->proba.n > p->nlabels)
        return later_classes(s, p, joined);
    if (proba)
        c = p->proba.n == 2 ? mlp_cols_slice(p->proba, 1, 1) : p->proba;
    else if (mlp_value_text_is(method, "decision_function"))
        c = p->decision;
    else if (mlp_sk_values(s, p, &c))
        return s->e->code;
    if (!c.n)
        return mlp_sk_bad(s, "an inner estimator lacks its stack_method_");
    return mlp_cols_join(s->g, joined, &c, s->e);
}

static enum mlp_code read_stack(struct mlp_sk *s, struct mlp_cols x, struct mlp_cols *all)
{
    struct mlp_nd list;
    const struct mlp_value *methods = mlp_sk_attr(s, "stack_method_");
    struct mlp_pred p;
    if (mlp_sk_estimators(s, "estimators_", &list))
        return s->e->code;
    for (size_t i = 0; i < list.count; i++)
        if (mlp_sk_item(s, &list, i, x, &p) ||
            stack_columns(s, &p, mlp_value_at(methods, i), all))
            return s->e->code;
    return mlp_sk_flag(s, "passthrough", false) ? mlp_cols_join(s->g, all, &x, s->e) : MLP_OK;
}

/* Several targets: each one's labels are the encoder's, and (as StackingClassifier.predict_proba
 * has it) the first class's probability stands for the target's. */
static enum mlp_code stacked_targets(struct mlp_sk *s, struct mlp_pred *out)
{
    struct mlp_cols first = {mlp_arena_array(s->keep, out->nlabels + 1, sizeof *first.p), 0};
    if (!first.p)
        return mlp_err_nomem(s->e);
    for (size_t t = 0, at = 0; t < out->nlabels && at < out->proba.n; at += out->labels[t++]->n)
        first.p[first.n++] = out->proba.p[at];
    out->proba = first;
    return MLP_OK;
}

enum mlp_code mlp_read_stacking(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    struct mlp_cols all = {NULL, 0};
    const struct mlp_labels *labels = NULL;
    const struct mlp_value *classes = mlp_sk_attr(s, "classes_");
    bool several = classes && classes->type == MLP_VALUE_LIST;
    if (!mlp_value_is_none(classes) && !several && mlp_sk_classes(s, "classes_", &labels))
        return s->e->code;
    if (read_stack(s, x, &all) ||
        mlp_sk_child(s, mlp_sk_attr(s, "final_estimator_"), all, out, "final_estimator_"))
        return s->e->code;
    out->transform = all;
    out->is_transform = true;
    if (several)
        return stacked_targets(s, out);
    if (!labels)
        return MLP_OK;
    return mlp_sk_relabel(s, out, labels, true, &out->predict)
               ? s->e->code
               : mlp_sk_set_labels(s, labels, out);
}

/* --- thresholds --- */

/* The class that the threshold speaks of: 1, or 0 when pos_label names the first. */
static size_t positive_class(const struct mlp_sk *s, const struct mlp_labels *labels)
{
    const struct mlp_value *v = mlp_sk_attr(s, "pos_label");
    const struct mlp_value *scorer = mlp_sk_attr(s, "_curve_scorer");
    double number;
    if (mlp_value_is_none(v))
        v = mlp_value_get(mlp_value_attr(scorer, "_kwargs"), "pos_label");
    if (mlp_value_is_none(v))
        return 1;
    if (v->type == MLP_VALUE_TEXT)
        return !mlp_str_eq(v->u.s, labels->text[0]);
    return !mlp_value_f64(v, &number) || number != labels->number[0];
}

/* y is at or above the threshold: the positive class, else the other. */
static enum mlp_code pick_positive(struct mlp_sk *s, struct mlp_cols score, struct mlp_above above,
                                   size_t positive, struct mlp_pred *out)
{
    if (mlp_sk_pick_above(s, score, above, out->labels[0], out))
        return s->e->code;
    return positive ? MLP_OK : mlp_sk_affine(s, out->predict, -1, 1, &out->predict);
}

enum mlp_code mlp_read_threshold(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    const char *name = mlp_sk_has(s, "best_threshold_") ? "best_threshold_" : "threshold";
    if (mlp_sk_child(s, mlp_sk_attr(s, "estimator_"), x, out, "estimator_"))
        return s->e->code;
    if (out->nlabels != 1 || out->labels[0]->n != 2)
        return mlp_sk_bad(s, "a threshold needs two classes");
    bool decision = mlp_sk_is(s, "response_method", "decision_function") || !out->proba.n;
    size_t positive = positive_class(s, out->labels[0]);
    struct mlp_cols score = decision ? out->decision : mlp_cols_slice(out->proba, positive, 1);
    struct mlp_above above = {mlp_sk_num(s, name, decision ? 0 : 0.5), true};
    if (score.n != 1)
        return mlp_sk_bad(s, "estimator_ gives no score of two classes");
    if (decision && !positive && mlp_sk_map(s, MLP_FN_NEGATIVE, score, &score))
        return s->e->code;
    return pick_positive(s, score, above, positive, out);
}

/* --- constants --- */

enum mlp_code mlp_read_dummy_regressor(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    const double *v;
    size_t n;
    (void)x;
    if (mlp_sk_doubles(s, "constant_", 0, &v, &n))
        return s->e->code;
    out->predict_kind = MLP_OUT_F64;
    return mlp_sk_constant(s, v, n, &out->predict);
}

static bool strategy(const struct mlp_sk *s, const char *name)
{
    return mlp_sk_is(s, mlp_sk_has(s, "_strategy") ? "_strategy" : "strategy", name);
}

static size_t largest(const double *v, size_t n)
{
    size_t best = 0;
    for (size_t k = 0; k < n; k++)
        best = v[k] > v[best] ? k : best;
    return best;
}

/* The class that constant= names; n when it is none. */
static size_t constant_class(struct mlp_sk *s, const struct mlp_labels *labels)
{
    struct mlp_nd nd;
    size_t k = 0;
    if (!mlp_sk_has(s, "constant") || mlp_sk_array(s, "constant", &nd) || nd.count != 1)
        return labels->n;
    struct mlp_str text = mlp_nd_text(&nd, 0, s->tmp);
    double number = mlp_nd_f64(&nd, 0, NULL);
    while (k < labels->n && !(text.p ? mlp_str_eq(text, labels->text[k])
                                     : labels->number[k] == number))
        k++;
    return k;
}

/* predict_proba of one target, the same for all rows. */
static enum mlp_code dummy_row(struct mlp_sk *s, const double *prior,
                               const struct mlp_labels *labels, double *row)
{
    size_t n = labels->n, one = n;
    if (strategy(s, "most_frequent"))
        one = largest(prior, n);
    else if (strategy(s, "constant") && (one = constant_class(s, labels)) == n)
        return mlp_sk_bad(s, "constant is none of classes_");
    else if (strategy(s, "stratified"))
        return mlp_sk_bad(s, "it draws its answers at random, which no two runs repeat");
    for (size_t k = 0; k < n; k++)
        row[k] = strategy(s, "uniform") ? 1 / (double)n : one == n ? prior[k] : k == one;
    return MLP_OK;
}

static enum mlp_code dummy_target(struct mlp_sk *s, const struct mlp_value *priors,
                                  const struct mlp_labels *labels, struct mlp_pred *out)
{
    struct mlp_nd nd;
    double *row = mlp_arena_array(s->keep, labels->n, sizeof *row);
    struct mlp_cols one;
    if (!row)
        return mlp_err_nomem(s->e);
    if (mlp_nd_read(priors, s->tmp, &nd, s->e))
        return mlp_err_wrap(s->e, "class_prior_");
    const double *prior = mlp_nd_doubles(&nd, s->tmp, s->e);
    if (!prior || nd.count != labels->n)
        return mlp_sk_bad(s, "class_prior_ does not fit classes_");
    if (dummy_row(s, prior, labels, row) || mlp_sk_constant(s, row, labels->n, &one) ||
        mlp_cols_join(s->g, &out->proba, &one, s->e))
        return s->e->code;
    out->labels[out->nlabels++] = labels;
    if (strategy(s, "uniform"))
        return MLP_OK;
    return mlp_sk_node(s, &mlp_op_argmax, NULL, one, 1, &one)
               ? s->e->code
               : mlp_cols_join(s->g, &out->predict, &one, s->e);
}

enum mlp_code mlp_read_dummy_classifier(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    const struct mlp_value *classes = mlp_sk_attr(s, "classes_");
    const struct mlp_value *priors = mlp_sk_attr(s, "class_prior_");
    bool several = mlp_sk_num(s, "n_outputs_", 1) > 1;
    size_t n = several ? mlp_value_count(classes) : 1;
    (void)x;
    out->predict_kind = MLP_OUT_LABEL;
    out->labels = mlp_arena_array(s->keep, n, sizeof *out->labels);
    if (!out->labels)
        return mlp_err_nomem(s->e);
    /* Alone, a draw at random is no answer; as a start of boosting its probabilities count. */
    if (strategy(s, "uniform") && s->depth == 1)
        return mlp_sk_bad(s, "it draws its answers at random, which no two runs repeat");
    for (size_t t = 0; t < n; t++) {
        const struct mlp_labels *labels;
        if (mlp_sk_labels(s, several ? mlp_value_at(classes, t) : classes, &labels) ||
            dummy_target(s, several ? mlp_value_at(priors, t) : priors, labels, out))
            return s->e->code;
    }
    return MLP_OK;
}

/* A wrapper around an estimator that is fitted already (1.6 on). */
enum mlp_code mlp_read_frozen(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    return mlp_sk_child(s, mlp_sk_attr(s, "estimator"), x, out, "estimator");
}
