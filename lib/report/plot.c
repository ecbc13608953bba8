#include "report/plot.h"

#include "text/html.h"

#include <math.h>

/* The drawing's size, and the frame of the plot in it. */
enum { WIDTH = 340, HEIGHT = 300, LEFT = 52, TOP = 26, ACROSS = 272, DOWN = 224, TICKS = 5 };

static void open_figure(struct mlp_buf *b, const struct mlp_plot *p, int width, int height)
{
    mlp_buf_addf(b, "<figure><svg role=\"img\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" "
                    "aria-label=\"", width, height, width, height);
    mlp_html_add(b, p->title);
    mlp_buf_adds(b, ". ");
    mlp_html_add(b, p->words);
    mlp_buf_adds(b, "\"><title>");
    mlp_html_add(b, p->title);
    mlp_buf_adds(b, "</title><desc>");
    mlp_html_add(b, p->words);
    mlp_buf_adds(b, "</desc>\n");
}

static void close_figure(struct mlp_buf *b, const struct mlp_plot *p)
{
    mlp_buf_adds(b, "</svg><figcaption>");
    mlp_html_add(b, p->title);
    mlp_buf_adds(b, ". <span class=\"soft\">");
    mlp_html_add(b, p->words);
    mlp_buf_adds(b, "</span></figcaption></figure>\n");
}

static void add_text(struct mlp_buf *b, double x, double y, const char *more, struct mlp_str text)
{
    mlp_buf_addf(b, "<text x=\"%.1f\" y=\"%.1f\"%s>", x, y, more);
    mlp_html_add(b, text);
    mlp_buf_adds(b, "</text>\n");
}

static double at_x(const struct mlp_plot *p, double x)
{
    return LEFT + ACROSS * (x - p->x_lo) / (p->x_hi - p->x_lo);
}

static double at_y(const struct mlp_plot *p, double y)
{
    return TOP + DOWN - DOWN * (y - p->y_lo) / (p->y_hi - p->y_lo);
}

static void add_number(struct mlp_buf *b, double x, double y, const char *more, double value)
{
    char text[32];
    int n = snprintf(text, sizeof text, "%.3g", value);
    add_text(b, x, y, more, (struct mlp_str){text, (size_t)n});
}

static void add_axes(struct mlp_buf *b, const struct mlp_plot *p)
{
    for (int i = 0; i <= TICKS; i++) {
        double x = p->x_lo + (p->x_hi - p->x_lo) * i / TICKS;
        double y = p->y_lo + (p->y_hi - p->y_lo) * i / TICKS;
        mlp_buf_addf(b, "<path class=\"grid\" d=\"M%.1f %dv%dM%d %.1fh%d\"/>\n", at_x(p, x), TOP,
                     DOWN, LEFT, at_y(p, y), ACROSS);
        add_number(b, at_x(p, x), TOP + DOWN + 16, " text-anchor=\"middle\"", x);
        add_number(b, LEFT - 6, at_y(p, y) + 4, " text-anchor=\"end\"", y);
    }
    add_text(b, LEFT + ACROSS / 2.0, HEIGHT - 16, " text-anchor=\"middle\"", p->x);
    add_text(b, 12, TOP + DOWN / 2.0, " text-anchor=\"middle\" transform=\"rotate(-90 12 138)\"",
             p->y);
}

static bool inside(const struct mlp_plot_series *s, size_t i)
{
    return isfinite(s->x[i]) && isfinite(s->y[i]);
}

static void add_dots(struct mlp_buf *b, const struct mlp_plot *p, const struct mlp_plot_series *s)
{
    for (size_t i = 0; i < s->n; i++)
        if (inside(s, i))
            mlp_buf_addf(b, "<circle class=\"dot%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"2.5\"/>\n",
                         s->second ? " second" : "", at_x(p, s->x[i]), at_y(p, s->y[i]));
}

static void add_path(struct mlp_buf *b, const struct mlp_plot *p, const struct mlp_plot_series *s)
{
    char pen = 'M';
    mlp_buf_addf(b, "<path class=\"%s%s\" d=\"", s->form == MLP_PLOT_GUIDE ? "guide" : "line",
                 s->second ? " second" : "");
    for (size_t i = 0; i < s->n; i++) {
        if (!inside(s, i))
            continue;
        if (s->form == MLP_PLOT_STEPS && pen == 'L')
            mlp_buf_addf(b, "V%.1f", at_y(p, s->y[i]));
        mlp_buf_addf(b, "%c%.1f %.1f", pen, at_x(p, s->x[i]), at_y(p, s->y[i]));
        pen = 'L';
    }
    mlp_buf_adds(b, "\"/>\n");
}

static void add_legend(struct mlp_buf *b, const struct mlp_plot_series *s, size_t n)
{
    double x = LEFT;
    for (size_t i = 0; i < n; i++) {
        if (!s[i].name.n)
            continue;
        mlp_buf_addf(b, "<path class=\"line%s\" d=\"M%.1f 12h18\"/>\n",
                     s[i].second ? " second" : "", x);
        add_text(b, x + 23, 16, "", s[i].name);
        x += 140;
    }
}

void mlp_plot_add(struct mlp_buf *b, const struct mlp_plot *p, const struct mlp_plot_series *s,
                  size_t n)
{
    open_figure(b, p, WIDTH, HEIGHT);
    add_axes(b, p);
    for (size_t i = 0; i < n; i++) {
        if (s[i].form != MLP_PLOT_DOTS)
            add_path(b, p, &s[i]);
        else
            add_dots(b, p, &s[i]);
    }
    add_legend(b, s, n);
    close_figure(b, p);
}

/* A name that fits over a cell. */
static struct mlp_str shorten(struct mlp_str name)
{
    size_t n = name.n < 12 ? name.n : 12;
    while (n > 0 && n < name.n && ((unsigned char)name.p[n] & 0xc0) == 0x80)
        n--;
    return (struct mlp_str){name.p, n};
}

struct cell {
    double x, y, size, share, count;
    bool right;
};

static void add_cell(struct mlp_buf *b, const struct cell *c)
{
    mlp_buf_addf(b, "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" "
                    "fill-opacity=\"%.3f\"/>\n",
                 c->right ? "right" : "wrong", c->x, c->y, c->size, c->size,
                 0.04 + 0.66 * c->share);
    char text[32];
    int n = snprintf(text, sizeof text, "%.6g", c->count);
    add_text(b, c->x + c->size / 2, c->y + c->size / 2 + 4, " text-anchor=\"middle\"",
             (struct mlp_str){text, (size_t)n});
}

static void add_row(struct mlp_buf *b, const struct mlp_str *names, const double *counts,
                    size_t row, size_t n)
{
    const double size = 200.0 / (double)n > 26 ? 200.0 / (double)n : 26;
    double total = 0, y = 62 + size * (double)row;
    for (size_t k = 0; k < n; k++)
        total += counts[row * n + k];
    add_text(b, 102, y + size / 2 + 4, " text-anchor=\"end\"", shorten(names[row]));
    for (size_t k = 0; k < n; k++) {
        double count = counts[row * n + k];
        add_cell(b, &(struct cell){110 + size * (double)k, y, size, total > 0 ? count / total : 0,
                                   count, k == row});
    }
}

void mlp_plot_matrix(struct mlp_buf *b, const struct mlp_plot *p, const struct mlp_str *names,
                     const double *counts, size_t n)
{
    const double size = 200.0 / (double)n > 26 ? 200.0 / (double)n : 26;
    int side = (int)(size * (double)n);
    open_figure(b, p, 130 + side, 90 + side);
    add_text(b, 110 + side / 2.0, 16, " text-anchor=\"middle\"", p->x);
    char side_on[96];
    snprintf(side_on, sizeof side_on, " text-anchor=\"middle\" transform=\"rotate(-90 14 %.1f)\"",
             62 + side / 2.0);
    add_text(b, 14, 62 + side / 2.0, side_on, p->y);
    for (size_t k = 0; k < n; k++) {
        char turn[96] = " text-anchor=\"middle\"";
        double x = 110 + size * ((double)k + 0.5);
        if (size < 60)
            snprintf(turn, sizeof turn, " transform=\"rotate(-35 %.1f 56)\"", x);
        add_text(b, x, 54, turn, shorten(names[k]));
    }
    for (size_t row = 0; row < n; row++)
        add_row(b, names, counts, row, n);
    close_figure(b, p);
}

/* ---- bars */

enum { BARS_WIDTH = 340, BARS_DOWN = 90, BAR_LEFT = 130, BAR_ACROSS = 160, BAR_STEP = 17 };

static double greatest(const double *share, size_t n)
{
    double most = 0;
    for (size_t i = 0; i < n; i++)
        most = share[i] > most ? share[i] : most;
    return most > 0 ? most : 1;
}

void mlp_plot_bars(struct mlp_buf *b, const struct mlp_plot *p, const struct mlp_plot_bars *bars)
{
    double most = greatest(bars->share, bars->n), step = BARS_WIDTH / (double)bars->n;
    open_figure(b, p, BARS_WIDTH, BARS_DOWN + 22);
    for (size_t i = 0; i < bars->n; i++) {
        double height = bars->share[i] / most * (BARS_DOWN - 4);
        mlp_buf_addf(b, "<rect class=\"right\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
                        "height=\"%.1f\"><title>%.3g %%</title></rect>\n",
                     step * (double)i, BARS_DOWN - height, step > 2 ? step - 1 : step, height,
                     bars->share[i] * 100);
    }
    mlp_buf_addf(b, "<path class=\"grid\" d=\"M0 %dh%d\"/>\n", BARS_DOWN, BARS_WIDTH);
    add_text(b, 0, BARS_DOWN + 15, "", bars->low);
    add_text(b, BARS_WIDTH, BARS_DOWN + 15, " text-anchor=\"end\"", bars->high);
    close_figure(b, p);
}

/* A name that fits beside its bar. */
static struct mlp_str fitting(struct mlp_str name)
{
    size_t n = name.n < 20 ? name.n : 20;
    while (n > 0 && n < name.n && ((unsigned char)name.p[n] & 0xc0) == 0x80)
        n--;
    return (struct mlp_str){name.p, n};
}

void mlp_plot_names(struct mlp_buf *b, const struct mlp_plot *p, const struct mlp_str *names,
                    const double *share, size_t n)
{
    double most = greatest(share, n);
    open_figure(b, p, BARS_WIDTH, BAR_STEP * (int)n + 6);
    for (size_t i = 0; i < n; i++) {
        char per_cent[32];
        double y = BAR_STEP * (double)i + 3, width = share[i] / most * BAR_ACROSS;
        int k = snprintf(per_cent, sizeof per_cent, "%.3g %%", share[i] * 100);
        mlp_buf_addf(b, "<rect class=\"right\" x=\"%d\" y=\"%.1f\" width=\"%.1f\" "
                        "height=\"%d\"/>\n", BAR_LEFT, y, width, BAR_STEP - 4);
        add_text(b, BAR_LEFT - 6, y + 10, " text-anchor=\"end\"", fitting(names[i]));
        add_text(b, BAR_LEFT + width + 5, y + 10, "", (struct mlp_str){per_cent, (size_t)k});
    }
    close_figure(b, p);
}
