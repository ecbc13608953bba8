/* The plots of a model's page, and the tables behind them in the report's detail. */
#include "model.h"

#include "report/plot.h"
#include "stat/curves.h"
#include "text/json.h"
#include "text/num.h"

#include <math.h>
#include <stdlib.h>

#define PLOT_BYTES ((size_t)16 << 20)
#define MOST_PLOTTED 30
#define MOST_DOTS 1000
#define POINTS (MLP_CURVE_POINTS + 1)

static const double diagonal[] = {0, 1};

/* Everything that the plots of a binary model draw: ours, and the champion's. */
struct drawn {
    struct mlp_curve curve;
    double x[2][POINTS], y[2][POINTS];
    struct mlp_calibration calibration[2];
    size_t n[2], models;
};

static struct mlp_plot unit_plot(const char *title, const char *x, const char *y)
{
    return (struct mlp_plot){mlp_str_from(title), MLP_STR(""), mlp_str_from(x), mlp_str_from(y),
                             0, 1, 0, 1};
}

static void draw(struct mlp_buf *b, const struct mlp_plot *p, const struct drawn *d,
                 enum mlp_plot_form form, bool guided)
{
    struct mlp_plot_series s[3];
    size_t n = 0;
    if (guided)
        s[n++] = (struct mlp_plot_series){MLP_STR(""), diagonal, diagonal, 2, MLP_PLOT_GUIDE,
                                          false};
    for (size_t k = 0; k < d->models; k++)
        s[n++] = (struct mlp_plot_series){
            d->models < 2 ? MLP_STR("") : k ? MLP_STR("champion") : MLP_STR("model"), d->x[k],
            d->y[k], d->n[k], form, k > 0};
    mlp_plot_add(b, p, s, n);
}

static enum mlp_code plot_roc(struct telling *t, struct drawn *d, const struct mlp_binary *rows[2],
                              struct mlp_buf *b, struct mlp_err *e)
{
    struct mlp_plot p = unit_plot("ROC curve", "false positive rate", "true positive rate");
    for (size_t k = 0; k < d->models; k++) {
        if (mlp_curve_make(rows[k], &d->curve, e) != MLP_OK)
            return e->code;
        d->n[k] = d->curve.n + 1;
        d->x[k][0] = d->y[k][0] = 0;
        for (size_t i = 0; i < d->curve.n; i++) {
            d->x[k][i + 1] = d->curve.points[i].fp / d->curve.negatives;
            d->y[k][i + 1] = d->curve.points[i].tp / d->curve.positives;
        }
    }
    p.words = mlp_report_text(t->r, "Area %.4f", mlp_roc_auc(rows[0]));
    draw(b, &p, d, MLP_PLOT_LINE, true);
    return MLP_OK;
}

static enum mlp_code plot_precision(struct telling *t, struct drawn *d,
                                    const struct mlp_binary *rows[2], struct mlp_buf *b,
                                    struct mlp_err *e)
{
    struct mlp_plot p = unit_plot("Precision and recall", "recall", "precision");
    for (size_t k = 0; k < d->models; k++) {
        if (mlp_curve_make(rows[k], &d->curve, e) != MLP_OK)
            return e->code;
        d->n[k] = d->curve.n + 1;
        for (size_t i = 0; i < d->curve.n; i++) {
            const struct mlp_threshold *at = &d->curve.points[i];
            d->x[k][i + 1] = at->tp / d->curve.positives;
            d->y[k][i + 1] = at->tp / (at->tp + at->fp);
        }
        d->x[k][0] = 0;
        d->y[k][0] = d->y[k][1];
    }
    p.words = mlp_report_text(t->r, "Average precision %.4f; by chance %.4f",
                              mlp_average_precision(rows[0]),
                              d->curve.positives / (d->curve.positives + d->curve.negatives));
    draw(b, &p, d, MLP_PLOT_STEPS, false);
    return MLP_OK;
}

static void plot_calibration(struct telling *t, struct drawn *d, const struct mlp_binary *rows[2],
                             struct mlp_buf *b)
{
    struct mlp_plot p = unit_plot("Calibration", "mean score", "share of positives");
    for (size_t k = 0; k < d->models; k++) {
        struct mlp_calibration *c = &d->calibration[k];
        if (!mlp_calibrate(rows[k], c))
            return;
        d->n[k] = MLP_CALIBRATION_BINS;
        memcpy(d->x[k], c->score, sizeof c->score);
        memcpy(d->y[k], c->truth, sizeof c->truth);
    }
    p.words = mlp_report_text(t->r, "Expected calibration error %.4f", mlp_ece(rows[0]));
    draw(b, &p, d, MLP_PLOT_LINE, true);
}

static enum mlp_code plot_binary(struct telling *t, struct mlp_buf *b, struct mlp_err *e)
{
    const struct evaluation *v = t->v;
    const struct mlp_binary *rows[2] = {&v->rows, &v->other};
    struct drawn *d = calloc(1, sizeof *d);
    if (!d)
        return mlp_err_nomem(e);
    d->models = v->other.n && v->other.score ? 2 : 1;
    enum mlp_code code = plot_roc(t, d, rows, b, e);
    if (code == MLP_OK)
        code = plot_precision(t, d, rows, b, e);
    if (code == MLP_OK)
        plot_calibration(t, d, rows, b);
    free(d);
    return code;
}

static void add_detail(struct mlp_buf *json, const char *name, const double *v, size_t n)
{
    mlp_buf_addf(json, "%s\"%s\": [", json->n > 1 ? ", " : "", name);
    for (size_t i = 0; i < n; i++) {
        mlp_buf_adds(json, i ? ", " : "");
        mlp_num_add_json(json, v[i]);
    }
    mlp_buf_addc(json, ']');
}

/* The confusion matrix, and precision, recall and support of every class. */
static void detail_classes(const struct evaluation *v, const double *counts, size_t n,
                           struct mlp_buf *json)
{
    mlp_buf_addf(json, "%s\"classes\": [", json->n > 1 ? ", " : "");
    for (size_t k = 0; k < n; k++) {
        double label = 0, pred = 0, hit = counts[k * n + k];
        for (size_t i = 0; i < n; i++) {
            label += counts[k * n + i];
            pred += counts[i * n + k];
        }
        mlp_buf_adds(json, k ? ", {\"name\": " : "{\"name\": ");
        mlp_json_quote(json, v->names[k]);
        const double measures[] = {label, hit / pred, hit / label, 2 * hit / (label + pred)};
        const char *const names[] = {"support", "precision", "recall", "f1"};
        for (size_t i = 0; i < 4; i++) {
            mlp_buf_addf(json, ", \"%s\": ", names[i]);
            mlp_num_add_json(json, i && isnan(measures[i]) ? 0 : measures[i]);
        }
        mlp_buf_addc(json, '}');
    }
    mlp_buf_addc(json, ']');
    add_detail(json, "confusion", counts, n * n);
}

static enum mlp_code tables_of_classes(struct telling *t, struct mlp_buf *b, struct mlp_buf *json,
                                       struct mlp_err *e)
{
    const struct evaluation *v = t->v;
    size_t n = v->task == MLP_TASK_BINARY ? 2 : v->nclasses;
    double *counts = calloc(n * n + 1, sizeof *counts), hits = 0;
    struct mlp_plot p = {MLP_STR("Confusion matrix"), MLP_STR(""), MLP_STR("prediction"),
                         MLP_STR("truth"), 0, 1, 0, 1};
    if (!counts)
        return mlp_err_nomem(e);
    if (mlp_confusion(&v->rows, n, counts)) {
        for (size_t k = 0; k < n; k++)
            hits += counts[k * n + k];
        p.words = mlp_report_text(t->r, "%.6g rows on the diagonal are right", hits);
        if (n <= MOST_PLOTTED)
            mlp_plot_matrix(b, &p, v->names, counts, n);
        detail_classes(v, counts, n, json);
    }
    free(counts);
    return MLP_OK;
}

static void detail_calibration(const struct mlp_binary *rows, struct mlp_buf *json)
{
    struct mlp_calibration c;
    if (!mlp_calibrate(rows, &c))
        return;
    add_detail(json, "calibration_rows", c.weight, MLP_CALIBRATION_BINS);
    add_detail(json, "calibration_score", c.score, MLP_CALIBRATION_BINS);
    add_detail(json, "calibration_truth", c.truth, MLP_CALIBRATION_BINS);
}

/* Of many rows, every k-th. */
static enum mlp_code plot_numbers(struct telling *t, struct mlp_buf *b, struct mlp_err *e)
{
    const struct mlp_binary *rows = &t->v->rows;
    size_t step = rows->n / MOST_DOTS + 1, n = 0;
    double *x = calloc(2 * (rows->n / step + 1), sizeof *x), *y = x + rows->n / step + 1;
    if (!x)
        return mlp_err_nomem(e);
    double lo = rows->y[0], hi = rows->y[0];
    for (size_t i = 0; i < rows->n; i += step, n++) {
        x[n] = rows->y[i];
        y[n] = rows->score[i];
        lo = fmin(lo, fmin(x[n], y[n]));
        hi = fmax(hi, fmax(x[n], y[n]));
    }
    hi = hi > lo ? hi : lo + 1;
    const double guide[] = {lo, hi};
    struct mlp_plot p = {MLP_STR("Prediction against truth"), MLP_STR(""), MLP_STR("truth"),
                         MLP_STR("prediction"), lo, hi, lo, hi};
    const struct mlp_plot_series s[] = {
        {MLP_STR(""), guide, guide, 2, MLP_PLOT_GUIDE, false},
        {MLP_STR(""), x, y, n, MLP_PLOT_DOTS, false}};
    p.words = mlp_report_text(t->r, "R2 %.4f%s", mlp_r2(rows),
                              step > 1 ? "; some of the rows" : "");
    mlp_plot_add(b, &p, s, 2);
    free(x);
    return MLP_OK;
}

static enum mlp_code make_plots(struct telling *t, struct mlp_buf *b, struct mlp_buf *json,
                                struct mlp_err *e)
{
    const struct evaluation *v = t->v;
    double negatives = (double)v->rows.n - v->positives;
    enum mlp_code code = MLP_OK;
    if (v->task == MLP_TASK_REGRESSION)
        return plot_numbers(t, b, e);
    if (v->task == MLP_TASK_BINARY && v->rows.score && v->positives > 0 && negatives > 0)
        code = plot_binary(t, b, e);
    if (code == MLP_OK && v->task == MLP_TASK_BINARY && v->rows.score)
        detail_calibration(&v->rows, json);
    return code == MLP_OK && v->rows.pred ? tables_of_classes(t, b, json, e) : code;
}

enum mlp_code plots_tell(struct telling *t, struct mlp_err *e)
{
    struct mlp_buf html, json;
    mlp_buf_init(&html, PLOT_BYTES);
    mlp_buf_init(&json, PLOT_BYTES);
    mlp_buf_adds(&html, "<div class=\"plots\">\n");
    mlp_buf_addc(&json, '{');
    enum mlp_code code = make_plots(t, &html, &json, e);
    mlp_buf_adds(&html, "</div>\n");
    mlp_buf_addc(&json, '}');
    if (code == MLP_OK && (mlp_buf_check(&html, e) != MLP_OK || mlp_buf_check(&json, e) != MLP_OK))
        code = e->code;
    if (code == MLP_OK)
        t->r->extra_html = mlp_report_text(t->r, "%.*s", MLP_STR_ARG(mlp_buf_str(&html)));
    if (code == MLP_OK && json.n > 2)
        t->r->extra_json = mlp_report_text(t->r, "%.*s", MLP_STR_ARG(mlp_buf_str(&json)));
    mlp_buf_fini(&html);
    mlp_buf_fini(&json);
    return code;
}
