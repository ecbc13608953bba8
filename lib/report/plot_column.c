#include "report/plot.h"

#include "stat/profile.h"
#include "stat/shift.h"

#include <math.h>

#define BARS 32
#define FEW 12 /* as many values get a bar each, with its name */

/* What is said beside the picture: how many values, what is missing. */
static struct mlp_str words_of(const struct mlp_pcolumn *c, char out[400])
{
    char lo[48] = "", hi[48] = "", mean[48] = "";
    double n = (double)mlp_pcolumn_values(c), all = c->rows ? (double)c->rows : 1;
    int k = snprintf(out, 400, "%s, %.0f values", mlp_ptype_name(c->type), n);
    if (mlp_ptype_numeric(c->type) && n > 0) {
        lo[mlp_ptype_print(c->type, c->min, lo)] = 0;
        hi[mlp_ptype_print(c->type, c->max, hi)] = 0;
        mean[mlp_ptype_print(c->type == MLP_P_INT || c->type == MLP_P_BOOL ? MLP_P_REAL : c->type,
                             c->mean, mean)] = 0;
        k += snprintf(out + k, 400 - (size_t)k, " from %s to %s, mean %s", lo, hi, mean);
    } else {
        k += snprintf(out + k, 400 - (size_t)k, ", %s%.0f distinct",
                      c->distinct_exact ? "" : "about ", c->distinct);
    }
    k += snprintf(out + k, 400 - (size_t)k, ", %.3g %% missing", 100 * (double)c->missing / all);
    return (struct mlp_str){out, (size_t)k};
}

/* Equal widths over what lies between the outermost 256ths, the rest in the bars at the ends. */
static void add_histogram(struct mlp_buf *b, const struct mlp_plot *p, const struct mlp_pcolumn *c)
{
    double share[BARS], before = 0;
    char low[48], high[48];
    double lo = fmax(mlp_pcolumn_quantile(c, 1 / 256.0), c->min);
    double hi = fmin(mlp_pcolumn_quantile(c, 255 / 256.0), c->max);
    if (!(lo < hi)) {
        lo = c->min;
        hi = c->max > lo ? c->max : lo + 1;
    }
    for (size_t i = 0; i < BARS; i++) {
        double x = lo + (hi - lo) * (double)(i + 1) / BARS;
        double here = i + 1 < BARS ? mlp_pcolumn_share_below(c, x) : 1;
        share[i] = here - before;
        before = here;
    }
    size_t nlow = mlp_ptype_print(c->type, lo, low), nhigh = mlp_ptype_print(c->type, hi, high);
    mlp_plot_bars(b, p, &(struct mlp_plot_bars){share, BARS, {low, nlow}, {high, nhigh}});
}

/* Numbers that are few: each edge is one of them. */
static void add_numbers(struct mlp_buf *b, const struct mlp_plot *p, const struct mlp_pcolumn *c)
{
    char text[FEW][48];
    struct mlp_str names[FEW];
    double share[FEW], n = (double)mlp_pcolumn_values(c);
    for (size_t i = 0; i < c->nedges; i++) {
        names[i] = (struct mlp_str){text[i], mlp_ptype_print(c->type, c->edges[i], text[i])};
        share[i] = (double)c->counts[i] / n;
    }
    mlp_plot_names(b, p, names, share, c->nedges);
}

/* The most frequent texts, and one bar for all others. */
static void add_texts(struct mlp_buf *b, const struct mlp_plot *p, const struct mlp_pcolumn *c)
{
    struct mlp_str names[FEW + 1];
    double share[FEW + 1], n = (double)mlp_pcolumn_values(c), left = 1;
    size_t k = 0;
    for (; k < c->nvalues && k < FEW; k++) {
        names[k] = c->values[k].text;
        share[k] = (double)c->values[k].count / n;
        left -= share[k];
    }
    if (c->nvalues > FEW || !c->distinct_exact) {
        names[k] = MLP_STR("(others)");
        share[k++] = left > 0 ? left : 0;
    }
    mlp_plot_names(b, p, names, share, k);
}

void mlp_plot_column(struct mlp_buf *b, const struct mlp_pcolumn *c)
{
    char words[400];
    struct mlp_plot p = {.title = c->name, .words = words_of(c, words)};
    if (mlp_pcolumn_values(c) == 0)
        return;
    if (c->type == MLP_P_TEXT)
        add_texts(b, &p, c);
    else if (c->nedges && c->nedges <= FEW)
        add_numbers(b, &p, c);
    else if (c->nedges)
        add_histogram(b, &p, c);
}
