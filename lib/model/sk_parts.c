/* sk_parts.c: labels among labels, means of estimators (sk_parts.h). */
#include "model/ops_est.h"
#include "model/sk_parts.h"

double mlp_sk_position(const struct mlp_labels *in, const struct mlp_labels *from, size_t i)
{
    for (size_t k = 0; k < in->n; k++) {
        bool same = in->is_text || from->is_text ? mlp_str_eq(in->text[k], from->text[i])
                                                 : in->number[k] == from->number[i];
        if (same)
            return (double)k;
    }
    return -1;
}

/* Class indices to the values of table, whose first entry stands for no class. */
static enum mlp_code look_up(struct mlp_sk *s, const double *table, struct mlp_cols x,
                             struct mlp_cols *out)
{
    const double **tables = mlp_arena_array(s->keep, 1, sizeof *tables);
    struct mlp_lookup look = {tables};
    void *params = tables ? mlp_sk_params(s, &look, sizeof look) : NULL;
    if (!params)
        return mlp_err_nomem(s->e);
    tables[0] = table;
    return mlp_sk_node(s, &mlp_op_lookup, params, x, 1, out);
}

static enum mlp_code one_class(struct mlp_sk *s, const struct mlp_pred *p)
{
    if (p->predict.n == 1 && p->predict_kind == MLP_OUT_LABEL && p->nlabels == 1)
        return MLP_OK;
    return mlp_sk_bad(s, "an inner estimator does not predict one class");
}

enum mlp_code mlp_sk_relabel(struct mlp_sk *s, const struct mlp_pred *p,
                             const struct mlp_labels *to, bool encoded, struct mlp_cols *out)
{
    if (one_class(s, p))
        return s->e->code;
    const struct mlp_labels *own = p->labels[0];
    double *table = mlp_arena_array(s->keep, own->n + 1, sizeof *table);
    if (!table)
        return mlp_err_nomem(s->e);
    for (size_t i = 0; i < own->n; i++) {
        table[i + 1] = encoded ? own->number[i] : mlp_sk_position(to, own, i);
        if (!(table[i + 1] >= 0 && table[i + 1] < (double)to->n))
            return mlp_sk_bad(s, "an inner estimator knows a class that the outer does not");
    }
    return look_up(s, table, p->predict, out);
}

enum mlp_code mlp_sk_values(struct mlp_sk *s, const struct mlp_pred *p, struct mlp_cols *out)
{
    *out = p->predict;
    if (p->predict_kind != MLP_OUT_LABEL)
        return MLP_OK;
    if (p->predict.n != p->nlabels)
        return mlp_sk_bad(s, "an inner estimator's classes do not fit what it predicts");
    out->n = 0;
    for (size_t t = 0; t < p->nlabels; t++) {
        const struct mlp_labels *own = p->labels[t];
        double *table = mlp_arena_array(s->keep, own->n + 1, sizeof *table);
        struct mlp_cols one;
        if (!table)
            return mlp_err_nomem(s->e);
        if (own->is_text)
            return mlp_sk_bad(s, "an inner estimator predicts texts where numbers are needed");
        memcpy(table + 1, own->number, own->n * sizeof *table);
        if (look_up(s, table, mlp_cols_slice(p->predict, t, 1), &one) ||
            mlp_cols_join(s->g, out, &one, s->e))
            return s->e->code;
    }
    return MLP_OK;
}

enum mlp_code mlp_sk_constant(struct mlp_sk *s, const double *v, size_t n, struct mlp_cols *out)
{
    struct mlp_constant p = {v};
    struct mlp_cols none = {NULL, 0};
    void *params = mlp_sk_params(s, &p, sizeof p);
    return params ? mlp_sk_node(s, &mlp_op_constant, params, none, n, out) : s->e->code;
}

enum mlp_code mlp_sk_spread(struct mlp_sk *s, const struct mlp_pred *p, size_t n,
                            struct mlp_cols *out)
{
    double *zero = mlp_arena_array(s->keep, 1, sizeof *zero);
    struct mlp_cols made;
    *out = (struct mlp_cols){mlp_arena_array(s->keep, n, sizeof *out->p), n};
    if (!zero || !out->p)
        return mlp_err_nomem(s->e);
    if (mlp_sk_constant(s, zero, 1, &made))
        return s->e->code;
    for (size_t k = 0; k < n; k++)
        out->p[k] = made.p[0];
    for (size_t i = 0; i < p->labels[0]->n && i < p->proba.n; i++) {
        double k = p->labels[0]->number[i];
        if (!(k >= 0 && k < (double)n))
            return mlp_sk_bad(s, "an inner estimator knows a class that the outer does not");
        out->p[(size_t)k] = p->proba.p[i];
    }
    return MLP_OK;
}

enum mlp_code mlp_sk_mix(struct mlp_sk *s, struct mlp_cols all, size_t parts, const double *weight,
                         double divide, struct mlp_cols *out)
{
    struct mlp_mix p = {parts, weight, divide};
    void *params = mlp_sk_params(s, &p, sizeof p);
    if (all.n % parts)
        return mlp_sk_bad(s, "its estimators give results of several widths");
    return params ? mlp_sk_node(s, &mlp_op_mix, params, all, all.n / parts, out) : s->e->code;
}

enum mlp_code mlp_sk_item(struct mlp_sk *s, const struct mlp_nd *list, size_t i, struct mlp_cols x,
                          struct mlp_pred *out)
{
    return mlp_sk_child(s, list->objects[i], x, out, "estimators_[%zu]", i);
}

enum mlp_code mlp_sk_set_labels(struct mlp_sk *s, const struct mlp_labels *labels,
                                struct mlp_pred *out)
{
    out->labels = mlp_arena_array(s->keep, 1, sizeof *out->labels);
    if (!out->labels)
        return mlp_err_nomem(s->e);
    out->labels[0] = labels;
    out->nlabels = 1;
    out->predict_kind = MLP_OUT_LABEL;
    return MLP_OK;
}

enum mlp_code mlp_sk_above(struct mlp_sk *s, struct mlp_cols x, double limit,
                           struct mlp_cols *out)
{
    struct mlp_above above = {limit, false};
    void *params = mlp_sk_params(s, &above, sizeof above);
    return params ? mlp_sk_node(s, &mlp_op_above, params, x, x.n, out) : s->e->code;
}

/* --- matrices --- */

/* What a sparse matrix may take when it is written out: 1 GB. */
#define MAX_DENSE (1u << 27)

struct sparse {
    struct mlp_nd data, index, start;
};

static enum mlp_code read_sparse(struct mlp_sk *s, const struct mlp_value *v, struct sparse *m)
{
    if (mlp_nd_read(mlp_value_attr(v, "data"), s->tmp, &m->data, s->e) ||
        mlp_nd_read(mlp_value_attr(v, "indices"), s->tmp, &m->index, s->e) ||
        mlp_nd_read(mlp_value_attr(v, "indptr"), s->tmp, &m->start, s->e))
        return s->e->code;
    if (m->start.count < 1 || m->index.count != m->data.count)
        return mlp_sk_bad(s, "a sparse matrix is damaged");
    return MLP_OK;
}

static enum mlp_code write_out(struct mlp_sk *s, const struct sparse *m, size_t width, double *to)
{
    for (size_t r = 0; r + 1 < m->start.count; r++) {
        int64_t from = mlp_nd_i64(&m->start, r, NULL), end = mlp_nd_i64(&m->start, r + 1, NULL);
        if (from < 0 || end < from || (size_t)end > m->data.count)
            return mlp_sk_bad(s, "a sparse matrix is damaged");
        for (size_t k = (size_t)from; k < (size_t)end; k++) {
            int64_t column = mlp_nd_i64(&m->index, k, NULL);
            if (column < 0 || (size_t)column >= width)
                return mlp_sk_bad(s, "a sparse matrix is damaged");
            to[r * width + (size_t)column] += mlp_nd_f64(&m->data, k, NULL);
        }
    }
    return MLP_OK;
}

enum mlp_code mlp_sk_matrix(struct mlp_sk *s, const struct mlp_value *v, size_t width,
                            const double **out, size_t *n)
{
    struct mlp_nd nd;
    struct sparse m;
    size_t rows, unused;
    n = n ? n : &unused;
    if (!width)
        return mlp_sk_bad(s, "a matrix without columns");
    if (!mlp_value_is_a(v, "csr_matrix") && !mlp_value_is_a(v, "csr_array")) {
        if (mlp_value_is_none(v) || mlp_nd_read(v, s->tmp, &nd, s->e))
            return mlp_sk_bad(s, "a matrix cannot be read");
        *out = mlp_nd_doubles(&nd, s->keep, s->e);
        *n = nd.count / width;
        return !*out            ? s->e->code
               : nd.count % width ? mlp_sk_bad(s, "a matrix has rows of another width")
                                  : MLP_OK;
    }
    if (read_sparse(s, v, &m))
        return s->e->code;
    rows = m.start.count - 1;
    if (rows > MAX_DENSE / (width ? width : 1))
        return mlp_sk_bad(s, "a sparse matrix of %zu x %zu is too large", rows, width);
    double *dense = mlp_arena_array64(s->keep, rows * width, sizeof *dense);
    if (!dense)
        return mlp_err_nomem(s->e);
    memset(dense, 0, rows * width * sizeof *dense);
    *out = dense;
    *n = rows;
    return write_out(s, &m, width, dense);
}
