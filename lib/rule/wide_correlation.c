/* wide_correlation.c: Pearson's correlation of two columns, in one pass (Welford 1962, for two
 * variables). */
#include "rule/wide.h"

#include <math.h>

static bool number_of(const struct mlp_wide_rows *rows, size_t r, size_t k, double *v)
{
    struct mlp_str s = mlp_cell_str(mlp_cell_at(rows->b, r, (size_t)rows->index[k]));
    return s.p && mlp_value_parse(MLP_TYPE_NUMBER, s, v) && isfinite(*v);
}

void mlp_wide_correlation_add(const struct mlp_wide_rows *rows, struct mlp_wide_state *s)
{
    for (size_t r = 0; r < rows->b->nrows; r++) {
        double x, y;
        if (!rows->looks[r] || !number_of(rows, r, 0, &x) || !number_of(rows, r, 1, &y))
            continue;
        double n = (double)++s->n, dx = x - s->mean, dy = y - s->mean2;
        s->mean += dx / n;
        s->mean2 += dy / n;
        s->m2 += dx * (x - s->mean);
        s->m22 += dy * (y - s->mean2);
        s->both += dx * (y - s->mean2);
    }
}

double mlp_wide_correlation(const struct mlp_wide_state *s)
{
    return s->m2 > 0 && s->m22 > 0 ? s->both / (sqrt(s->m2) * sqrt(s->m22)) : NAN;
}
