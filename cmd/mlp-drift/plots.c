/* Both distributions of a column over each other, as small SVG pictures: the reference as a line,
 * the current data as an area. No script; colours come from the page. */
#include "verbs.h"

#include "text/html.h"

#include <math.h>

#define BARS 32
#define FEW 24            /* as many values get a bar each */
#define MOST_PLOTS 60
#define WIDTH 256
#define HEIGHT 56

/* Heights of the bars on both sides, as shares; labels of both ends. */
struct picture {
    size_t n;
    double ref[BARS + 2], cur[BARS + 2];
    char low[64], high[64];
};

static uint64_t total(const struct mlp_pcolumn *c)
{
    uint64_t n = 0;
    for (size_t i = 0; i <= c->nedges; i++)
        n += c->counts[i];
    return n;
}

static void spread_bars(const struct finding *f, struct picture *p)
{
    double lo = fmin(mlp_pcolumn_quantile(f->ref, 1 / 256.0), mlp_pcolumn_quantile(f->cur, 0.02));
    double hi = fmax(mlp_pcolumn_quantile(f->ref, 255 / 256.0), mlp_pcolumn_quantile(f->cur, 0.98));
    double before = 0, cur_before = 0;
    p->n = BARS;
    for (size_t i = 0; i < BARS; i++) {
        double x = lo + (hi - lo) * (double)(i + 1) / BARS;
        double here = i + 1 < BARS ? mlp_pcolumn_share_below(f->ref, x) : 1;
        double cur = i + 1 < BARS ? mlp_pcolumn_share_below(f->cur, x) : 1;
        p->ref[i] = here - before;
        p->cur[i] = cur - cur_before;
        before = here;
        cur_before = cur;
    }
    mlp_ptype_print(f->ref->type, lo, p->low);
    mlp_ptype_print(f->ref->type, hi, p->high);
}

static bool number_picture(const struct finding *f, struct picture *p)
{
    double n = (double)total(f->ref), m = (double)total(f->cur);
    if (!f->ref->nedges || !(n > 0) || !(m > 0))
        return false;
    if (f->ref->nedges > FEW) {
        spread_bars(f, p);
        return true;
    }
    p->n = f->ref->nedges + 1;
    for (size_t i = 0; i < p->n; i++) {
        p->ref[i] = (double)f->ref->counts[i] / n;
        p->cur[i] = (double)f->cur->counts[i] / m;
    }
    mlp_ptype_print(f->ref->type, f->ref->edges[0], p->low);
    mlp_ptype_print(f->ref->type, f->ref->edges[f->ref->nedges - 1], p->high);
    return true;
}

static double count_of(const struct mlp_pcolumn *c, uint64_t hash)
{
    for (size_t i = 0; i < c->nvalues; i++)
        if (c->values[i].hash == hash)
            return (double)c->values[i].count;
    return 0;
}

/* The reference's most frequent texts, and one bar for all others. */
static bool text_picture(const struct finding *f, struct picture *p)
{
    double n = (double)mlp_pcolumn_values(f->ref), m = (double)mlp_pcolumn_values(f->cur);
    double left = 1, cur_left = 1;
    if (!(n > 0) || !(m > 0) || !f->ref->distinct_exact)
        return false;
    for (p->n = 0; p->n < f->ref->nvalues && p->n < FEW; p->n++) {
        const struct mlp_pvalue *v = &f->ref->values[p->n];
        p->ref[p->n] = (double)v->count / n;
        p->cur[p->n] = count_of(f->cur, v->hash) / m;
        left -= p->ref[p->n];
        cur_left -= p->cur[p->n];
    }
    p->ref[p->n] = left > 0 ? left : 0;
    p->cur[p->n++] = cur_left > 0 ? cur_left : 0;
    mlp_str_copy(f->ref->nvalues ? f->ref->values[0].text : MLP_STR(""), p->low, sizeof p->low);
    snprintf(p->high, sizeof p->high, "others");
    return true;
}

/* Steps from left to right; closed at the bottom when they are an area. */
static void add_path(struct mlp_buf *b, const double *v, size_t n, double most, const char *style)
{
    mlp_buf_addf(b, "<path %s d=\"M0,%d", style, HEIGHT);
    for (size_t i = 0; i < n; i++)
        mlp_buf_addf(b, "V%.1fH%.1f", HEIGHT - v[i] / most * (HEIGHT - 2),
                     (double)WIDTH * (double)(i + 1) / (double)n);
    mlp_buf_addf(b, "V%d\"/>", HEIGHT);
}

static void add_picture(struct mlp_buf *b, const struct picture *p)
{
    double most = 0;
    for (size_t i = 0; i < p->n; i++)
        most = fmax(most, fmax(p->ref[i], p->cur[i]));
    mlp_buf_addf(b, "<svg viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" role=\"img\">", WIDTH,
                 HEIGHT, WIDTH, HEIGHT);
    add_path(b, p->cur, p->n, most > 0 ? most : 1, "fill=\"#3b82c4\" fill-opacity=\".45\"");
    add_path(b, p->ref, p->n, most > 0 ? most : 1,
             "fill=\"none\" stroke=\"currentColor\" stroke-width=\"1.2\"");
    mlp_buf_adds(b, "</svg><br><span class=\"soft\">");
    mlp_html_add(b, mlp_str_from(p->low));
    mlp_buf_adds(b, " &hellip; ");
    mlp_html_add(b, mlp_str_from(p->high));
    mlp_buf_adds(b, "</span>");
}

static void add_row(struct mlp_buf *b, const struct finding *f)
{
    struct picture p = {0};
    const char *class = f->verdict == DRIFT ? "fail" : f->verdict == SAME ? "pass" : "warn";
    bool drawn = f->ref->type == MLP_P_TEXT ? text_picture(f, &p) : number_picture(f, &p);
    mlp_buf_adds(b, "<tr><td><code>");
    mlp_html_add(b, f->column);
    mlp_buf_addf(b, "</code></td><td class=\"%s\">%s</td><td>", class, verdict_name(f->verdict));
    if (drawn)
        add_picture(b, &p);
    mlp_buf_addf(b, "</td><td>%.3f<br><span class=\"soft\">%s</span></td><td>%.2g</td><td>%.2g</td>"
                    "<td>%.0f<br>%.0f</td></tr>\n",
                 f->shift.effect, f->shift.effect_name, f->adjusted, f->visible, f->shift.n,
                 f->shift.m);
}

void add_plots(const struct mlp_vec *findings, struct mlp_buf *b)
{
    size_t n = 0;
    mlp_buf_adds(b, "<table><thead><tr><th>column</th><th></th><th>reference (line), now (area)"
                    "</th><th>effect</th><th>corrected p</th><th>smallest visible</th>"
                    "<th>values: reference, now</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < findings->n && n < MOST_PLOTS; i++) {
        const struct finding *f = mlp_vec_at(findings, i);
        if (f->question != ASK_VALUES || f->shift.test == MLP_SHIFT_NONE)
            continue;
        add_row(b, f);
        n++;
    }
    mlp_buf_adds(b, "</tbody></table>\n");
}
