/* plot.h: plots as inline SVG, for the page of a report: no script, no request; colours are the
 * page's variables, so that they follow light and dark; each has a title and words that say what it
 * shows. */
#ifndef MLP_REPORT_PLOT_H
#define MLP_REPORT_PLOT_H

#include "base/buf.h"
#include "base/str.h"

/* Texts are escaped here; they need not be. lo and hi: the ranges of both axes. */
struct mlp_plot {
    struct mlp_str title, words;    /* words: the figure in a sentence, for who cannot see it */
    struct mlp_str x, y;            /* names of the axes */
    double x_lo, x_hi, y_lo, y_hi;
};

/* A series: points x[i], y[i] (not finite ones are left out), joined (steps: first up or
 * down, then across) or as dots. second: another colour, dashed. */
enum mlp_plot_form { MLP_PLOT_LINE, MLP_PLOT_STEPS, MLP_PLOT_DOTS, MLP_PLOT_GUIDE };
struct mlp_plot_series {
    struct mlp_str name;            /* of the legend; may be empty */
    const double *x, *y;
    size_t n;
    enum mlp_plot_form form;
    bool second;
};

/* Appends a <figure>. Failure is the buffer's. Nothing is kept. */
void mlp_plot_add(struct mlp_buf *b, const struct mlp_plot *p, const struct mlp_plot_series *s,
                  size_t n);

/* Appends a matrix of n x n counts as a <figure>: rows are truths, columns predictions, the
 * shade is the share of the row. */
void mlp_plot_matrix(struct mlp_buf *b, const struct mlp_plot *p, const struct mlp_str *names,
                     const double *counts, size_t n);

/* Appends bars side by side as a <figure>: their heights are shares; low and high are what the
 * first and the last stand for. */
struct mlp_plot_bars {
    const double *share;
    size_t n;
    struct mlp_str low, high;
};
void mlp_plot_bars(struct mlp_buf *b, const struct mlp_plot *p, const struct mlp_plot_bars *bars);

/* Appends a bar for each name, one below the other, with its share in per cent. */
void mlp_plot_names(struct mlp_buf *b, const struct mlp_plot *p, const struct mlp_str *names,
                    const double *share, size_t n);

/* plot_column.c: how the values of a column of a profile are distributed: a histogram of numbers
 * and dates, bars of the most frequent texts. Nothing for a column without values. */
struct mlp_pcolumn;
void mlp_plot_column(struct mlp_buf *b, const struct mlp_pcolumn *c);

#endif
