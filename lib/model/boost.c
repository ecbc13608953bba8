/* boost.c: what the readers of boosters share (boost.h). */
#include "model/boost.h"
#include "model/dict.h"
#include "model/sk_readers.h"
#include <math.h>

enum mlp_code mlp_boost_code(struct mlp_sk *s, struct mlp_dict *dict, size_t n,
                             struct mlp_col *column)
{
    bool text = dict && dict->text;
    struct mlp_cols in = {column, 1}, code;
    struct mlp_encode p = {dict, false};
    double *values = mlp_arena_array(s->keep, n + 1, sizeof *values);
    const double **table = mlp_arena_array(s->keep, 1, sizeof *table);
    if (!dict || !values || !table)
        return mlp_err_nomem(s->e);
    values[0] = NAN;
    for (size_t i = 0; i < n; i++)
        values[i + 1] = (double)i;
    table[0] = values;
    struct mlp_lookup look = {table};
    void *a = mlp_sk_params(s, &p, sizeof p), *b = mlp_sk_params(s, &look, sizeof look);
    if (!a || !b || (text ? mlp_sk_texts(s, &mlp_op_encode_text, a, in, MLP_WIRE_NUM, &code)
                          : mlp_sk_node(s, &mlp_op_encode, a, in, 1, &code)) ||
        mlp_sk_node(s, &mlp_op_lookup, b, code, 1, &code))
        return s->e->code;
    *column = code.p[0];
    return MLP_OK;
}

enum mlp_code mlp_boost_labels(struct mlp_sk *s, size_t n, const struct mlp_labels **out)
{
    struct mlp_labels *l = mlp_arena_alloc(s->keep, sizeof *l);
    if (!l)
        return mlp_err_nomem(s->e);
    l->n = n;
    l->text = mlp_arena_array(s->keep, n, sizeof *l->text);
    l->number = mlp_arena_array(s->keep, n, sizeof *l->number);
    for (size_t i = 0; l->text && l->number && i < n; i++) {
        char text[24];
        snprintf(text, sizeof text, "%zu", i);
        l->text[i] = mlp_arena_str(s->keep, mlp_str_from(text));
        l->number[i] = (double)i;
    }
    *out = l;
    return l->text && l->number ? MLP_OK : mlp_err_nomem(s->e);
}

enum mlp_code mlp_boost_above(struct mlp_sk *s, struct mlp_cols in, double limit,
                              struct mlp_cols *out)
{
    struct mlp_above above = {limit, false};
    void *params = mlp_sk_params(s, &above, sizeof above);
    return params ? mlp_sk_node(s, &mlp_op_above, params, in, in.n, out) : s->e->code;
}

enum mlp_code mlp_boost_classify(struct mlp_sk *s, struct mlp_boost *b)
{
    if (!b->label.n && mlp_boost_above(s, b->predict, 0.5, &b->label))
        return s->e->code;
    if (b->proba.n)
        return MLP_OK;
    if (b->predict.n > 1) {
        b->proba = b->predict;
        return MLP_OK;
    }
    if (mlp_sk_node(s, &mlp_op_pair, NULL, b->predict, 2, &b->proba))
        return s->e->code;
    return b->labels ? MLP_OK : mlp_boost_labels(s, 2, &b->labels);
}
