/* sk_shape.c: transformers that bend columns or build new ones: polynomials, bins, splines,
 * quantiles, powers, norms, imputation from neighbours. */
#include "model/ops_shape.h"
#include "model/sk_parts.h"
#include <math.h>

/* What polynomials and splines may grow to: a million columns is 8 MB a row. */
#define MAX_WIDTH 1000000

/* A transformer of one operation; params come from mlp_sk_params and are NULL when it failed. */
static enum mlp_code add(struct mlp_sk *s, const struct mlp_op *op, const void *params,
                         struct mlp_cols x, size_t width, struct mlp_pred *out)
{
    out->is_transform = true;
    return params ? mlp_sk_node(s, op, params, x, width, &out->transform) : s->e->code;
}

/* --- polynomials --- */

struct combinations {
    struct mlp_sk *s;
    struct mlp_vec start, term;
    size_t nfeatures;
    bool distinct;
};

static enum mlp_code emit(struct combinations *c, const uint32_t *term, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        uint32_t *t = mlp_vec_push(&c->term);
        if (!t)
            return mlp_err_nomem(c->s->e);
        *t = term[i];
    }
    uint32_t *end = mlp_vec_push(&c->start);
    if (!end)
        return mlp_err_nomem(c->s->e);
    *end = (uint32_t)c->term.n;
    return c->start.n > MAX_WIDTH ? mlp_sk_bad(c->s, "more than %d columns", MAX_WIDTH) : MLP_OK;
}

/* All terms of one degree in lexicographic order, as itertools gives them. */
static enum mlp_code all_of_degree(struct combinations *c, unsigned degree)
{
    uint32_t term[64] = {0};
    for (unsigned i = 0; i < degree; i++)
        term[i] = c->distinct ? i : 0;
    if (c->distinct && degree > c->nfeatures)
        return MLP_OK;
    for (;;) {
        if (emit(c, term, degree))
            return c->s->e->code;
        int i = (int)degree - 1;
        while (i >= 0 && term[i] == c->nfeatures - 1 - (c->distinct ? degree - 1 - (unsigned)i : 0))
            i--;
        if (i < 0)
            return MLP_OK;
        term[i]++;
        for (unsigned k = (unsigned)i + 1; k < degree; k++)
            term[k] = term[k - 1] + c->distinct;
    }
}

static enum mlp_code all_degrees(struct combinations *c)
{
    double lo = mlp_sk_num(c->s, "_min_degree", 0), hi = mlp_sk_num(c->s, "_max_degree", -1);
    uint32_t *first = mlp_vec_push(&c->start);
    if (!first)
        return mlp_err_nomem(c->s->e);
    if (!(lo >= 0 && hi >= lo && hi <= 60))
        return mlp_sk_bad(c->s, "_min_degree and _max_degree cannot be read");
    if (mlp_sk_flag(c->s, "include_bias", true) && emit(c, NULL, 0))
        return c->s->e->code;
    for (unsigned d = lo < 1 ? 1 : (unsigned)lo; d <= (unsigned)hi; d++)
        if (all_of_degree(c, d))
            return c->s->e->code;
    return MLP_OK;
}

enum mlp_code mlp_read_polynomial(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    struct combinations c = {.s = s, .nfeatures = x.n,
                             .distinct = mlp_sk_flag(s, "interaction_only", false)};
    if (mlp_sk_width(s, x))
        return s->e->code;
    mlp_vec_init(&c.start, sizeof(uint32_t));
    mlp_vec_init(&c.term, sizeof(uint32_t));
    enum mlp_code code = all_degrees(&c);
    size_t width = c.start.n ? c.start.n - 1 : 0;
    struct mlp_products p = {NULL, NULL};
    if (!code) {
        p.start = mlp_sk_params(s, c.start.p, c.start.n * sizeof(uint32_t));
        uint32_t *term = mlp_arena_array(s->keep, c.term.n + 1, sizeof *term);
        if (term && c.term.n)
            memcpy(term, c.term.p, c.term.n * sizeof *term);
        p.term = term;
        code = p.start && term ? add(s, &mlp_op_products, mlp_sk_params(s, &p, sizeof p), x, width,
                                      out)
                               : mlp_err_nomem(s->e);
    }
    mlp_vec_fini(&c.start);
    mlp_vec_fini(&c.term);
    return code;
}

/* --- bins --- */

static enum mlp_code read_edges(struct mlp_sk *s, const struct mlp_value *v, const double **edge,
                                size_t *n)
{
    struct mlp_nd nd;
    if (mlp_nd_read(v, s->tmp, &nd, s->e))
        return s->e->code;
    if (nd.count < 2)
        return mlp_sk_bad(s, "bin_edges_ has fewer than two edges");
    *edge = mlp_nd_doubles(&nd, s->keep, s->e);
    if (!*edge)
        return s->e->code;
    ++*edge;
    *n = nd.count - 2;
    return MLP_OK;
}

/* Bin numbers to indicator columns, one block a column. */
static enum mlp_code expand_bins(struct mlp_sk *s, struct mlp_cols codes, const size_t *n,
                                 struct mlp_pred *out)
{
    const int32_t **map = mlp_arena_array(s->keep, codes.n, sizeof *map);
    size_t width = 0, *end = mlp_arena_array(s->keep, codes.n, sizeof *end);
    if (!map || !end)
        return mlp_err_nomem(s->e);
    for (size_t i = 0; i < codes.n; i++) {
        int32_t *m = mlp_arena_array(s->keep, n[i] + 2, sizeof *m);
        if (!m)
            return mlp_err_nomem(s->e);
        for (size_t k = 0; k < n[i] + 2; k++)
            m[k] = k ? (int32_t)(width + k - 1) : -1;
        map[i] = m;
        end[i] = width += n[i] + 1;
    }
    struct mlp_expand p = {map, end};
    return add(s, &mlp_op_expand, mlp_sk_params(s, &p, sizeof p), codes, width, out);
}

enum mlp_code mlp_read_bins(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    struct mlp_nd list;
    const double **edge = mlp_arena_array(s->keep, x.n, sizeof *edge);
    size_t *n = mlp_arena_array(s->keep, x.n, sizeof *n);
    if (!edge || !n)
        return mlp_err_nomem(s->e);
    if (mlp_sk_width(s, x) || mlp_sk_array(s, "bin_edges_", &list))
        return s->e->code;
    if (!list.objects || list.count != x.n)
        return mlp_sk_bad(s, "bin_edges_ does not fit the features");
    for (size_t i = 0; i < x.n; i++)
        if (read_edges(s, list.objects[i], &edge[i], &n[i]))
            return s->e->code;
    struct mlp_bins p = {edge, n};
    void *params = mlp_sk_params(s, &p, sizeof p);
    if (!params || mlp_sk_finite(s, &mlp_op_bins, params, x, x.n, &out->transform))
        return s->e->code;
    out->is_transform = true;
    return mlp_sk_is(s, "encode", "ordinal") ? MLP_OK
                                             : expand_bins(s, out->transform, n, out);
}

/* --- splines --- */

/* Newer SciPy keeps a spline's parts in an object inside its state. */
static const struct mlp_value *knots_of(const struct mlp_value *spline)
{
    const struct mlp_value *t = mlp_value_attr(spline, "t");
    t = t ? t : mlp_value_attr(spline, "_t");
    bool nested = !t && spline && spline->type == MLP_VALUE_OBJECT;
    return nested ? mlp_value_attr(mlp_value_at(spline->u.object->state, 0), "t") : t;
}

static enum mlp_code read_beyond(struct mlp_sk *s, enum mlp_beyond *out)
{
    static const char *const names[] = {"continue", "constant", "linear", "periodic", "error"};
    size_t i = 0;
    while (i < 5 && !mlp_sk_is(s, "extrapolation", names[i]))
        i++;
    *out = (enum mlp_beyond)i;
    return i < 5 ? MLP_OK : mlp_sk_bad(s, "its extrapolation is not known");
}

/* The knots of one column, of which there must be enough for a base interval. */
static enum mlp_code read_knots(struct mlp_sk *s, size_t i, unsigned degree, const double **knot,
                                size_t *n)
{
    struct mlp_nd nd;
    const struct mlp_value *list = mlp_sk_attr(s, "bsplines_");
    if (mlp_nd_read(knots_of(mlp_value_at(list, i)), s->tmp, &nd, s->e))
        return mlp_err_wrap(s->e, "bsplines_[%zu].t", i);
    *knot = mlp_nd_doubles(&nd, s->keep, s->e);
    *n = nd.count;
    if (!*knot)
        return s->e->code;
    return nd.count < 2 * (size_t)degree + 2 ? mlp_sk_bad(s, "bsplines_ have too few knots")
                                             : MLP_OK;
}

enum mlp_code mlp_read_spline(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    const double **knot = mlp_arena_array(s->keep, x.n, sizeof *knot);
    size_t *n = mlp_arena_array(s->keep, x.n, sizeof *n), width = 0;
    double degree = mlp_sk_num(s, "degree", 3);
    struct mlp_splines p = {.knot = knot, .nknots = n,
                            .drop_last = !mlp_sk_flag(s, "include_bias", true),
                            .zero_missing = mlp_sk_is(s, "handle_missing", "zeros")};
    if (!knot || !n)
        return mlp_err_nomem(s->e);
    if (!(degree >= 0 && degree <= MLP_SPLINE_MAX_DEGREE) ||
        mlp_value_count(mlp_sk_attr(s, "bsplines_")) != x.n)
        return mlp_sk_bad(s, "bsplines_ or degree cannot be read");
    p.degree = (unsigned)degree;
    if (read_beyond(s, &p.beyond))
        return s->e->code;
    for (size_t i = 0; i < x.n; i++) {
        if (read_knots(s, i, p.degree, &knot[i], &n[i]))
            return s->e->code;
        width += mlp_splines_width(&p, i);
    }
    void *params = mlp_sk_params(s, &p, sizeof p);
    out->is_transform = true;
    if (!params)
        return s->e->code;
    return p.zero_missing
               ? mlp_sk_node(s, &mlp_op_splines, params, x, width, &out->transform)
               : mlp_sk_finite(s, &mlp_op_splines, params, x, width, &out->transform);
}

/* --- quantiles, powers, norms --- */

enum mlp_code mlp_sk_read_quantiles(struct mlp_sk *s, size_t width, struct mlp_quantiles *p)
{
    const double *q;
    *p = (struct mlp_quantiles){.normal = mlp_sk_is(s, "output_distribution", "normal")};
    if (mlp_sk_doubles(s, "references_", 0, &p->reference, &p->n) ||
        mlp_sk_doubles(s, "quantiles_", p->n * width, &q, NULL))
        return s->e->code;
    double *columns = mlp_arena_array64(s->keep, p->n * width, sizeof *columns);
    if (!columns)
        return mlp_err_nomem(s->e);
    if (p->n < 1)
        return mlp_sk_bad(s, "quantiles_ is empty");
    for (size_t i = 0; i < width; i++)
        for (size_t k = 0; k < p->n; k++)
            columns[i * p->n + k] = q[k * width + i];
    p->quantile = columns;
    return MLP_OK;
}

enum mlp_code mlp_read_quantile(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    struct mlp_quantiles p;
    if (mlp_sk_width(s, x) || mlp_sk_read_quantiles(s, x.n, &p))
        return s->e->code;
    return add(s, &mlp_op_quantiles, mlp_sk_params(s, &p, sizeof p), x, x.n, out);
}

enum mlp_code mlp_read_power(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    struct mlp_power p = {.box_cox = mlp_sk_is(s, "method", "box-cox")};
    if (mlp_sk_width(s, x) || mlp_sk_doubles(s, "lambdas_", x.n, &p.lambda, NULL) ||
        add(s, &mlp_op_power, mlp_sk_params(s, &p, sizeof p), x, x.n, out))
        return s->e->code;
    if (!mlp_sk_flag(s, "standardize", true))
        return MLP_OK;
    return mlp_sk_child(s, mlp_sk_attr(s, "_scaler"), out->transform, out, "_scaler");
}

enum mlp_code mlp_sk_norm(struct mlp_sk *s, struct mlp_cols x, struct mlp_cols *out)
{
    struct mlp_normalize p = {mlp_sk_is(s, "norm", "l1")    ? MLP_NORM_L1
                              : mlp_sk_is(s, "norm", "max") ? MLP_NORM_MAX
                                                            : MLP_NORM_L2};
    void *params = mlp_sk_params(s, &p, sizeof p);
    return params ? mlp_sk_finite(s, &mlp_op_normalize, params, x, x.n, out) : s->e->code;
}

enum mlp_code mlp_read_normalizer(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    out->is_transform = true;
    return mlp_sk_norm(s, x, &out->transform);
}

enum mlp_code mlp_read_binarizer(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    struct mlp_above p = {mlp_sk_num(s, "threshold", 0), false};
    void *params = mlp_sk_params(s, &p, sizeof p);
    out->is_transform = true;
    return params ? mlp_sk_finite(s, &mlp_op_above, params, x, x.n, &out->transform) : s->e->code;
}

/* --- imputation from neighbours --- */

static enum mlp_code column_means(struct mlp_sk *s, const struct mlp_knn_impute *p, size_t m,
                                  double **out)
{
    double *mean = mlp_arena_array(s->keep, m, sizeof *mean);
    if (!mean)
        return mlp_err_nomem(s->e);
    for (size_t i = 0; i < m; i++) {
        double n = 0;
        for (size_t r = 0; r < p->n; r++)
            if (!isnan(p->row[r * m + i])) {
                mean[i] += p->row[r * m + i];
                n++;
            }
        mean[i] = n > 0 ? mean[i] / n : 0;
    }
    *out = mean;
    return MLP_OK;
}

/* Columns that were missing throughout, which keep_empty_features keeps, are 0 whatever comes. */
static enum mlp_code empty_columns(struct mlp_sk *s, struct mlp_cols *made)
{
    double *zero = mlp_arena_array(s->keep, 1, sizeof *zero);
    struct mlp_nd valid;
    struct mlp_cols none;
    if (!zero)
        return mlp_err_nomem(s->e);
    if (!mlp_sk_flag(s, "keep_empty_features", false) || !mlp_sk_has(s, "_valid_mask"))
        return MLP_OK;
    if (mlp_sk_array(s, "_valid_mask", &valid) || mlp_sk_constant(s, zero, 1, &none))
        return s->e->code;
    for (size_t i = 0; i < valid.count && i < made->n; i++)
        if (!mlp_nd_i64(&valid, i, NULL))
            made->p[i] = none.p[0];
    return MLP_OK;
}

/* Columns that were missing throughout are left out, unless kept. */
static enum mlp_code valid_columns(struct mlp_sk *s, size_t m, uint32_t **keep, size_t *width)
{
    struct mlp_nd valid;
    bool all = mlp_sk_flag(s, "keep_empty_features", false) || !mlp_sk_has(s, "_valid_mask");
    *keep = mlp_arena_array(s->keep, m, sizeof **keep);
    *width = 0;
    if (!*keep)
        return mlp_err_nomem(s->e);
    if (!all && mlp_sk_array(s, "_valid_mask", &valid))
        return s->e->code;
    if (!all && valid.count != m)
        return mlp_sk_bad(s, "_valid_mask does not fit the features");
    for (size_t i = 0; i < m; i++)
        if (all || mlp_nd_i64(&valid, i, NULL))
            (*keep)[(*width)++] = (uint32_t)i;
    return MLP_OK;
}

/* The rows to take from, NaN where they are missing, and what is taken of them. */
static enum mlp_code read_donors(struct mlp_sk *s, size_t m, struct mlp_knn_impute *p)
{
    double *row, k = mlp_sk_num(s, "n_neighbors", 5);
    p->missing = mlp_sk_num(s, "missing_values", NAN);
    p->by_distance = mlp_sk_is(s, "weights", "distance");
    if (!p->by_distance && !mlp_sk_is(s, "weights", "uniform"))
        return mlp_sk_bad(s, "weights other than uniform and distance are not read");
    if (mlp_sk_matrix(s, mlp_sk_attr(s, "_fit_X"), m, &p->row, &p->n))
        return s->e->code;
    if (!(k >= 1 && k < 1e6))
        return mlp_sk_bad(s, "n_neighbors cannot be read");
    row = mlp_sk_params(s, p->row, p->n * m * sizeof *row);
    for (size_t i = 0; row && i < p->n * m; i++)
        row[i] = row[i] == p->missing ? NAN : row[i];
    p->row = row;
    p->k = (size_t)k;
    return row ? MLP_OK : s->e->code;
}

enum mlp_code mlp_read_knn_imputer(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    struct mlp_knn_impute p = {.n = 0};
    size_t width;
    uint32_t *keep = NULL;
    double *mean = NULL;
    if (mlp_sk_width(s, x) || read_donors(s, x.n, &p) || valid_columns(s, x.n, &keep, &width) ||
        column_means(s, &p, x.n, &mean))
        return s->e->code;
    p.keep = keep;
    p.mean = mean;
    if (add(s, &mlp_op_knn_impute, mlp_sk_params(s, &p, sizeof p), x, width, out) ||
        empty_columns(s, &out->transform))
        return s->e->code;
    return mlp_sk_join_indicator(s, x, NULL, &out->transform);
}
