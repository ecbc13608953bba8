/* sk_multi.c: several outputs, and many classes out of two: MultiOutput*, chains, one versus the
 * rest, one versus one, output codes. */
#include "model/ops_est.h"
#include "model/sk_parts.h"
#include "model/sk_trees.h"

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
        if (mlp_sk_item(s, &list, i, x, &p))
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

/* What a link passes on to those after it: chain_method_ (1.5 on), else what it predicts. */
static enum mlp_code link_value(struct mlp_sk *s, const struct mlp_pred *p, struct mlp_cols *out)
{
    struct mlp_cols one = mlp_cols_slice(p->proba, 1, p->proba.n > 1);
    *out = one;
    if (mlp_sk_is(s, "chain_method_", "predict_log_proba"))
        return mlp_sk_map(s, MLP_FN_LOG, one, out);
    if (mlp_sk_is(s, "chain_method_", "decision_function"))
        *out = p->decision;
    else if (!mlp_sk_is(s, "chain_method_", "predict_proba"))
        return mlp_sk_values(s, p, out);
    return out->n == 1 ? MLP_OK : mlp_sk_bad(s, "an inner estimator lacks the chain_method_");
}

/* Results of the whole chain; a kind of them that one link lacks is left out. */
struct chain {
    struct mlp_cols predict, proba, decision;
    bool has_proba, has_decision;
    bool *filled;                /* outputs that have their link */
};

static enum mlp_code chain_room(struct mlp_sk *s, size_t n, struct chain *c)
{
    c->has_proba = c->has_decision = true;
    c->predict = (struct mlp_cols){mlp_arena_array(s->keep, n, sizeof *c->predict.p), n};
    c->proba = (struct mlp_cols){mlp_arena_array(s->keep, n, sizeof *c->proba.p), n};
    c->decision = (struct mlp_cols){mlp_arena_array(s->keep, n, sizeof *c->decision.p), n};
    c->filled = mlp_arena_array(s->tmp, n, sizeof *c->filled);
    return c->predict.p && c->proba.p && c->decision.p && c->filled ? MLP_OK
                                                                    : mlp_err_nomem(s->e);
}

static void place_link(struct chain *c, size_t at, const struct mlp_pred *p)
{
    c->predict.p[at] = p->predict.p[0];
    c->filled[at] = true;
    c->has_proba &= p->proba.n >= 2;
    c->has_decision &= p->decision.n == 1;
    if (p->proba.n >= 2)
        c->proba.p[at] = p->proba.p[1];
    if (p->decision.n == 1)
        c->decision.p[at] = p->decision.p[0];
}

/* What the chain offers. order_ that leaves an output out would leave a hole. */
static enum mlp_code chain_results(struct mlp_sk *s, const struct chain *c, size_t n,
                                   struct mlp_pred *out)
{
    for (size_t i = 0; i < n; i++)
        if (!c->filled[i])
            return mlp_sk_bad(s, "order_ does not name every output");
    out->predict = c->predict;
    if (out->predict_kind != MLP_OUT_LABEL)
        return MLP_OK;
    for (size_t i = 0; i < n; i++)
        if (!out->labels[i])
            return mlp_sk_bad(s, "estimators_[%zu] does not predict classes as the others", i);
    out->nlabels = n;
    out->proba = c->has_proba ? c->proba : out->proba;
    out->decision = c->has_decision ? c->decision : out->decision;
    return MLP_OK;
}

/* Link i, over x, which grows by its answer. */
static enum mlp_code read_link(struct mlp_sk *s, const struct mlp_nd *list, size_t i,
                               struct mlp_cols *x, struct mlp_pred *p)
{
    struct mlp_cols value;
    if (mlp_sk_item(s, list, i, *x, p) || link_value(s, p, &value) ||
        mlp_cols_join(s->g, x, &value, s->e))
        return s->e->code;
    return p->predict.n == 1 ? MLP_OK
                             : mlp_sk_bad(s, "estimators_[%zu] does not predict one value", i);
}

/* ClassifierChain and RegressorChain: each link sees the answers before it, in order_. */
enum mlp_code mlp_read_chain(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    struct mlp_nd list, order;
    struct chain c;
    if (mlp_sk_estimators(s, "estimators_", &list) || mlp_sk_array(s, "order_", &order) ||
        chain_room(s, list.count, &c))
        return s->e->code;
    size_t n = list.count;
    out->labels = mlp_arena_array(s->keep, n, sizeof *out->labels);
    if (!out->labels)
        return mlp_err_nomem(s->e);
    for (size_t i = 0; i < n; i++) {
        struct mlp_pred p;
        int64_t at = i < order.count ? mlp_nd_i64(&order, i, NULL) : -1;
        if (at < 0 || (size_t)at >= n)
            return mlp_sk_bad(s, "order_ is out of range");
        if (read_link(s, &list, i, &x, &p))
            return s->e->code;
        place_link(&c, (size_t)at, &p);
        out->predict_kind = p.predict_kind;
        out->labels[at] = p.nlabels ? p.labels[0] : NULL;
    }
    return chain_results(s, &c, n, out);
}

/* --- many classes out of two --- */

/* What two-class estimators say: decisions, probabilities of 1, and numbers that they predict;
 * a list has columns where all of them give it. */
struct binary {
    struct mlp_cols decision, proba, value;
    struct mlp_cols score;       /* the first of those that there is */
    double limit;                /* above it is 1 */
};

/* sklearn.multiclass._predict_binary and _threshold_for_binary_predict. */
static enum mlp_code choose_score(struct mlp_sk *s, struct binary *b, size_t n)
{
    b->decision.n = b->decision.n == n ? n : 0;
    b->proba.n = b->proba.n == n ? n : 0;
    b->score = b->decision.n ? b->decision : b->proba.n ? b->proba : b->value;
    b->limit = b->decision.n ? 0 : 0.5;
    return b->score.n == n ? MLP_OK : mlp_sk_bad(s, "the inner estimators do not decide");
}

static enum mlp_code read_binary(struct mlp_sk *s, struct mlp_cols x, struct binary *b)
{
    struct mlp_nd list;
    memset(b, 0, sizeof *b);
    if (mlp_sk_estimators(s, "estimators_", &list))
        return s->e->code;
    for (size_t i = 0; i < list.count; i++) {
        struct mlp_pred p;
        struct mlp_cols some, value;
        if (mlp_sk_subset(s, i, x, &some) || mlp_sk_item(s, &list, i, some, &p) ||
            mlp_sk_values(s, &p, &value))
            return s->e->code;
        struct mlp_cols one = mlp_cols_slice(p.proba, 1, p.proba.n > 1);
        if (mlp_cols_join(s->g, &b->decision, &p.decision, s->e) ||
            mlp_cols_join(s->g, &b->proba, &one, s->e) ||
            mlp_cols_join(s->g, &b->value, &value, s->e))
            return s->e->code;
    }
    return choose_score(s, b, list.count);
}

/* A class that all rows had or none (sklearn.multiclass._ConstantPredictor). */
enum mlp_code mlp_read_constant_predictor(struct mlp_sk *s, struct mlp_cols x,
                                          struct mlp_pred *out)
{
    struct mlp_nd y;
    double *row = mlp_arena_array(s->keep, 3, sizeof *row);
    struct mlp_cols all;
    (void)x;
    if (!row)
        return mlp_err_nomem(s->e);
    if (mlp_sk_array(s, "y_", &y))
        return s->e->code;
    row[0] = y.count ? mlp_nd_f64(&y, 0, NULL) : 0;
    row[1] = 1 - row[0];
    row[2] = row[0];
    if (mlp_sk_constant(s, row, 3, &all))
        return s->e->code;
    out->predict_kind = MLP_OUT_F64;
    out->predict = out->decision = mlp_cols_slice(all, 0, 1);
    out->proba = mlp_cols_slice(all, 1, 2);
    return MLP_OK;
}

/* Shares of their sum. Until 1.6 nothing but zeros became NaN. */
static enum mlp_code rest_proba(struct mlp_sk *s, struct mlp_cols proba, struct mlp_pred *out)
{
    struct mlp_share share = {false};
    void *params = mlp_sk_params(s, &share, sizeof share);
    if (!params || !proba.n)
        return params ? MLP_OK : s->e->code;
    if (proba.n == 1)
        return mlp_sk_node(s, &mlp_op_pair, NULL, proba, 2, &out->proba);
    const struct mlp_op *op = mlp_sk_version(s) < 1007000 ? &mlp_op_ratio : &mlp_op_share;
    return mlp_sk_node(s, op, params, proba, proba.n, &out->proba);
}

static bool is_multilabel(const struct mlp_value *binarizer)
{
    const struct mlp_value *type = mlp_value_attr(binarizer, "y_type_");
    return type && type->type == MLP_VALUE_TEXT && mlp_str_starts(type->u.s, "multilabel");
}

enum mlp_code mlp_read_one_vs_rest(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    const struct mlp_labels *labels;
    const struct mlp_value *binarizer = mlp_sk_attr(s, "label_binarizer_");
    struct binary b;
    if (mlp_sk_labels(s, mlp_value_attr(binarizer, "classes_"), &labels) || read_binary(s, x, &b))
        return s->e->code;
    out->decision = b.decision;
    if (is_multilabel(binarizer)) {
        out->proba = b.proba;
        out->predict_kind = MLP_OUT_INT;
        return mlp_sk_above(s, b.score, b.limit, &out->predict);
    }
    if (rest_proba(s, b.proba, out))
        return s->e->code;
    if (b.score.n == 1)
        return mlp_sk_pick_above(s, b.score, (struct mlp_above){b.limit, false}, labels, out);
    if (b.score.n != labels->n)
        return mlp_sk_bad(s, "%zu classes but %zu estimators", labels->n, b.score.n);
    /* Until 1.7 the last of equal scores won. */
    const struct mlp_op *op =
        mlp_sk_version(s) < 1008000 ? &mlp_op_argmax_last : &mlp_op_argmax;
    return mlp_sk_set_labels(s, labels, out)
               ? s->e->code
               : mlp_sk_node(s, op, NULL, b.score, 1, &out->predict);
}

enum mlp_code mlp_read_one_vs_one(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    const struct mlp_labels *labels;
    struct binary b;
    struct mlp_cols votes, all;
    if (mlp_sk_classes(s, "classes_", &labels) || read_binary(s, x, &b))
        return s->e->code;
    size_t k = labels->n;
    if (k < 2 || k > 10000 || b.score.n != k * (k - 1) / 2 || b.value.n != b.score.n)
        return mlp_sk_bad(s, "%zu classes but %zu estimators", k, b.score.n);
    all = b.value;
    if (mlp_cols_join(s->g, &all, &b.score, s->e) ||
        mlp_sk_node(s, &mlp_op_pair_scores, NULL, all, k, &votes))
        return s->e->code;
    out->decision = k == 2 ? mlp_cols_slice(votes, 1, 1) : votes;
    struct mlp_above above = {b.limit, false};
    return k == 2 ? mlp_sk_pick_above(s, out->decision, above, labels, out)
                  : mlp_sk_pick(s, votes, labels, out);
}

/* OutputCodeClassifier: the class whose code is nearest to what the estimators say. */
enum mlp_code mlp_read_output_code(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    const struct mlp_labels *labels;
    struct mlp_centres book;
    struct binary b;
    struct mlp_cols far;
    if (mlp_sk_classes(s, "classes_", &labels) || read_binary(s, x, &b) ||
        mlp_sk_doubles(s, "code_book_", labels->n * b.score.n, &book.centre, NULL))
        return s->e->code;
    void *params = mlp_sk_params(s, &book, sizeof book);
    if (!params || mlp_sk_node(s, &mlp_op_squares, params, b.score, labels->n, &far) ||
        mlp_sk_map(s, MLP_FN_NEGATIVE, far, &far))
        return s->e->code;
    return mlp_sk_pick(s, far, labels, out);
}
