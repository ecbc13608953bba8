/* wide_more.c: outliers by quartiles, columns that determine another, means that differ. */
#include "rule/wide.h"

#include "stat/tests.h"

#include <math.h>

static struct mlp_str cell_of(const struct mlp_wide_rows *rows, size_t r, size_t k)
{
    return mlp_cell_str(mlp_cell_at(rows->b, r, (size_t)rows->index[k]));
}

static bool number_of(const struct mlp_wide_rows *rows, size_t r, double *v)
{
    struct mlp_str s = cell_of(rows, r, 0);
    return s.p && mlp_value_parse(MLP_TYPE_NUMBER, s, v) && isfinite(*v);
}

/* ---- quartiles */

enum mlp_code mlp_wide_quartiles_survey(const struct mlp_wide_rows *rows, struct mlp_wide_state *s,
                                        struct mlp_err *e)
{
    enum mlp_code code = MLP_OK;
    double v;
    if (!s->has_values) {
        size_t most = s->values.most;
        mlp_column_sums_init(&s->values, NULL, 0);
        s->values.most = most ? most : s->values.most;
        s->has_values = true;
    }
    for (size_t r = 0; r < rows->b->nrows && code == MLP_OK; r++)
        if (rows->looks[r] && number_of(rows, r, &v))
            code = mlp_column_sums_keep(&s->values, v, e);
    return code;
}

/* Tukey 1977: further out than so many interquartile ranges. What is no number is no outlier. */
void mlp_wide_quartiles_mark(const struct mlp_wide *w, const struct mlp_wide_rows *rows,
                             struct mlp_wide_state *s)
{
    double low = mlp_column_sums_quantile(&s->values, 0.25), v;
    double high = mlp_column_sums_quantile(&s->values, 0.75), reach = w->number * (high - low);
    for (size_t r = 0; r < rows->b->nrows; r++)
        if (rows->looks[r] && number_of(rows, r, &v) && (v < low - reach || v > high + reach))
            rows->looks[r] = 2;
}

/* ---- one column that follows from the others */

static uint64_t hash_of(const struct mlp_wide_rows *rows, size_t r, size_t n)
{
    uint64_t h = 0;
    for (size_t k = 0; k < n; k++) {
        struct mlp_str s = cell_of(rows, r, k);
        h = mlp_hash64(s.p ? s.p : "", s.n, h + s.n + (s.p != NULL));
    }
    return h;
}

/* A row fails when its values came before, but not with what they are said to determine. */
enum mlp_code mlp_wide_determines_mark(const struct mlp_wide_rows *rows, struct mlp_wide_state *s,
                                       struct mlp_err *e)
{
    enum mlp_code code = MLP_OK;
    for (size_t r = 0; r < rows->b->nrows && code == MLP_OK; r++) {
        bool fresh = true, fresh_with = true;
        if (!rows->looks[r])
            continue;
        code = mlp_hashes_add(&s->seen, hash_of(rows, r, rows->ncolumns - 1), &fresh, e);
        if (code == MLP_OK)
            code = mlp_hashes_add(&s->twice, hash_of(rows, r, rows->ncolumns), &fresh_with, e);
        if (!fresh && fresh_with)
            rows->looks[r] = 2;
    }
    return code;
}

/* ---- means */

static void add(double x, uint64_t *n, double *mean, double *m2)
{
    double d = x - *mean;
    *mean += d / (double)++*n;
    *m2 += d * (x - *mean);
}

void mlp_wide_means_add(const struct mlp_wide *w, const struct mlp_wide_rows *rows,
                        struct mlp_wide_state *s)
{
    double v;
    for (size_t r = 0; r < rows->b->nrows; r++) {
        if (!rows->looks[r] || !number_of(rows, r, &v))
            continue;
        struct mlp_str group = w->groups[0].p ? cell_of(rows, r, 1) : (struct mlp_str){"", 0};
        if (!w->groups[0].p || mlp_str_eq(group, w->groups[0]))
            add(v, &s->n, &s->mean, &s->m2);
        else if (mlp_str_eq(group, w->groups[1]))
            add(v, &s->n2, &s->mean2, &s->m22);
    }
}

/* Student 1908 against a number; Welch 1947 between two groups. */
double mlp_wide_means_p(const struct mlp_wide *w, const struct mlp_wide_state *s)
{
    double n = (double)s->n, m = (double)s->n2;
    double a = s->m2 / (n - 1) / n, b = w->groups[0].p ? s->m22 / (m - 1) / m : 0;
    if (s->n < 2 || (w->groups[0].p && s->n2 < 2) || !(a + b > 0))
        return NAN;
    double other = w->groups[0].p ? s->mean2 : w->number;
    double df = w->groups[0].p ? (a + b) * (a + b) / (a * a / (n - 1) + b * b / (m - 1)) : n - 1;
    return mlp_t_two_sided((s->mean - other) / sqrt(a + b), df);
}
