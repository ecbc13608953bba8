/* The checks of columns: one that tells the label, one that names the row, values that are new. */
#include "leakage.h"

#include <math.h>
#include <stdlib.h>

#define FEW_NUMBERS 100
#define FEW_LABELS 20
#define LEAST_ROWS 50

static bool is_numeric(const struct leak_column *c)
{
    return c->present > 0 && mlp_ptype_numeric(mlp_value_type(c->looks)) &&
           c->looks[MLP_LOOK_INT] + c->looks[MLP_LOOK_REAL] + c->looks[MLP_LOOK_SPECIAL] ==
               c->present;
}

/* The label of each sampled row: class numbers by appearance, or numbers. */
struct target {
    double *y;
    size_t n, classes;
    enum mlp_task task;
};

static enum mlp_code make_target(const struct leak *l, struct target *t, struct mlp_err *e)
{
    const struct leak_column *c = &l->columns[l->label];
    t->n = l->sampled;
    t->y = calloc(t->n + 1, sizeof *t->y);
    if (!t->y)
        return mlp_err_nomem(e);
    bool numbers = is_numeric(c) && (c->values.n > FEW_LABELS || c->many);
    t->classes = c->values.n;
    t->task = numbers            ? MLP_TASK_REGRESSION
              : t->classes == 2  ? MLP_TASK_BINARY
                                 : MLP_TASK_MULTICLASS;
    for (size_t i = 0; i < t->n; i++) {
        t->y[i] = numbers ? c->numbers[i] : (double)c->codes[i];
        if (!isfinite(t->y[i]))
            return mlp_err_set(e, MLP_EINPUT, "the label \"%.*s\" is missing in some row",
                               MLP_STR_ARG(c->name));
    }
    return MLP_OK;
}

/* The square of the correlation: R2 of the best line. */
static double line_score(const double *x, const double *y, size_t n)
{
    double mx = 0, my = 0, xx = 0, yy = 0, xy = 0;
    for (size_t i = 0; i < n; i++) {
        mx += x[i] / (double)n;
        my += y[i] / (double)n;
    }
    for (size_t i = 0; i < n; i++) {
        xx += (x[i] - mx) * (x[i] - mx);
        yy += (y[i] - my) * (y[i] - my);
        xy += (x[i] - mx) * (y[i] - my);
    }
    return xy * xy / (xx * yy);
}

/* Of a column without gaps: the area of its order for two classes, the best line for numbers. */
static double score_order(const struct leak_column *c, const struct target *t)
{
    for (size_t i = 0; i < t->n; i++)
        if (!isfinite(c->numbers[i]))
            return (double)NAN;
    if (t->task == MLP_TASK_REGRESSION)
        return line_score(c->numbers, t->y, t->n);
    if (t->task != MLP_TASK_BINARY)
        return (double)NAN;
    struct mlp_binary rows = {.n = t->n, .y = t->y, .score = c->numbers};
    double area = mlp_roc_auc(&rows);
    return fmax(area, 1 - area);
}

/* Numbers by few and by many bins (a few rows a bin are too noisy for a weak tie, wide bins too
 * coarse for a close one), and by their order. */
static double score_numbers(const struct leak_column *c, const struct target *t, uint32_t *codes)
{
    double best = (double)NAN;
    for (size_t bins = 10; bins <= 100; bins *= 10) {
        struct mlp_solo s = {t->n, mlp_quantile_codes(c->numbers, t->n, bins, codes), t->classes,
                             t->y, codes, t->task};
        if (s.ncodes)
            best = fmax(best, mlp_solo_score(&s));
    }
    return fmax(best, score_order(c, t));
}

/* Texts by their values; those beyond the few that are kept share one code. */
static double score_column(const struct leak_column *c, const struct target *t)
{
    uint32_t *codes = calloc(t->n + 1, sizeof *codes);
    struct mlp_solo s = {t->n, c->values.n + 1, t->classes, t->y, codes, t->task};
    double score = (double)NAN;
    if (codes && is_numeric(c) && (c->many || c->values.n > FEW_NUMBERS)) {
        score = score_numbers(c, t, codes);
    } else if (codes) {
        for (size_t i = 0; i < t->n; i++)
            codes[i] = c->codes[i] < c->values.n ? c->codes[i] : (uint32_t)c->values.n;
        score = mlp_solo_score(&s);
    }
    free(codes);
    return score;
}

static enum mlp_code tell_score(struct leak *l, const struct leak_column *c,
                                const struct target *t, double limit, struct mlp_err *e)
{
    struct mlp_report *r = &l->report;
    double score = score_column(c, t);
    const char *words = t->task == MLP_TASK_BINARY       ? "AUC"
                        : t->task == MLP_TASK_REGRESSION ? "R2"
                                                         : "share of errors saved";
    if (isnan(score))
        return MLP_OK;
    struct mlp_check check = {
        .id = mlp_report_text(r, "%.*s/label", MLP_STR_ARG(c->name)), .type = MLP_STR("label"),
        .column = c->name, .outcome = score <= limit ? MLP_PASS : MLP_FAIL,
        .observed = mlp_report_text(r, "%s %.4f by this column alone", words, score),
        .expected = mlp_report_text(r, "<= %g", limit),
    };
    if (check.outcome == MLP_FAIL)
        check.message = mlp_report_text(r, "%s %.4f by this column alone: known only after the "
                                           "label, or made from it?", words, score);
    struct mlp_check *k = mlp_report_add(r, &check);
    if (!k)
        return mlp_err_nomem(e);
    mlp_report_measure(r, k, "value", score);
    return MLP_OK;
}

static enum mlp_code tell_scores(struct leak *l, const struct leak_limits *limits,
                                 struct mlp_err *e)
{
    struct target t = {0};
    enum mlp_code code = make_target(l, &t, e);
    for (size_t i = 0; i < l->ncolumns && code == MLP_OK; i++)
        if (l->columns[i].role == LEAK_FEATURE || l->columns[i].role == LEAK_TIME)
            code = tell_score(l, &l->columns[i], &t, limits->score, e);
    free(t.y);
    return code;
}

/* As good as every row has a value of its own, and it is no measurement: a row number, a name. */
static enum mlp_code tell_identifier(struct leak *l, const struct leak_column *c,
                                     struct mlp_err *e)
{
    struct mlp_report *r = &l->report;
    uint64_t rows = l->files[0].rows;
    double distinct = c->many ? mlp_hll_estimate(c->distinct) : (double)c->values.n;
    enum mlp_ptype type = mlp_value_type(c->looks);
    if (rows < LEAST_ROWS || c->role != LEAK_FEATURE || distinct < 0.95 * (double)rows ||
        c->present < rows || (type != MLP_P_INT && type != MLP_P_TEXT))
        return MLP_OK;
    struct mlp_check check = {
        .id = mlp_report_text(r, "%.*s/identifiers", MLP_STR_ARG(c->name)),
        .type = MLP_STR("identifiers"), .column = c->name, .severity = MLP_SEV_WARN,
        .outcome = MLP_FAIL,
        .observed = mlp_report_text(r, "%.0f values in %llu rows", fmin(distinct, (double)rows),
                                    (unsigned long long)rows),
        .message = mlp_report_text(r, "%.*s looks like an identifier: leave it out of the model, "
                                      "and say --key %.*s", MLP_STR_ARG(c->name),
                                   MLP_STR_ARG(c->name)),
    };
    return mlp_report_add(r, &check) ? MLP_OK : mlp_err_nomem(e);
}

/* Values of a column of few texts (or the label's classes) that training never saw. */
static enum mlp_code tell_fresh(struct leak *l, const struct leak_column *c, size_t f,
                                struct mlp_err *e)
{
    struct mlp_report *r = &l->report;
    const struct leak_file *file = &l->files[f];
    bool label = c->role == LEAK_LABEL;
    bool few = label ? c->values.n <= FEW_LABELS || !is_numeric(c)
                     : mlp_value_type(c->looks) == MLP_P_TEXT || c->values.n <= FEW_LABELS;
    if (c->many || !few || c->at[f] < 0 || c->role == LEAK_KEY || c->role == LEAK_TIME ||
        (double)c->values.n > 0.5 * (double)l->files[0].rows)
        return MLP_OK;
    struct mlp_check check = {
        .id = mlp_report_text(r, "%.*s/%s/new-values", MLP_STR_ARG(c->name), file->source),
        .type = MLP_STR("new-values"), .column = c->name, .slice = mlp_str_from(file->source),
        .severity = label ? MLP_SEV_ERROR : MLP_SEV_WARN,
        .outcome = c->fresh[f] ? MLP_FAIL : MLP_PASS, .failed = c->fresh[f], .total = file->rows,
        .observed = mlp_report_text(r, "%llu of %llu rows have values that %s has not",
                                    (unsigned long long)c->fresh[f],
                                    (unsigned long long)file->rows, l->files[0].source),
        .expected = MLP_STR("none"),
    };
    struct mlp_check *k = mlp_report_add(r, &check);
    if (!k)
        return mlp_err_nomem(e);
    if (c->fresh[f])
        mlp_report_example(r, k, c->fresh_line[f], 0, mlp_str_from(c->fresh_value[f]));
    return MLP_OK;
}

static enum mlp_code tell_missing(struct leak *l, size_t f, struct mlp_err *e)
{
    struct mlp_report *r = &l->report;
    struct mlp_str lost = MLP_STR("");
    size_t n = 0;
    for (size_t i = 0; i < l->ncolumns; i++) {
        if (l->columns[i].at[f] >= 0 || l->columns[i].role == LEAK_LABEL)
            continue;
        lost = mlp_report_text(r, "%.*s%s%.*s", MLP_STR_ARG(lost), n++ ? ", " : "",
                               MLP_STR_ARG(l->columns[i].name));
    }
    struct mlp_check check = {
        .id = mlp_report_text(r, "%s/columns", l->files[f].source), .type = MLP_STR("columns"),
        .slice = mlp_str_from(l->files[f].source), .outcome = n ? MLP_FAIL : MLP_PASS,
        .observed = n ? mlp_report_text(r, "lacks %.*s", MLP_STR_ARG(lost)) : MLP_STR("all there"),
        .expected = mlp_report_text(r, "the columns of %s", l->files[0].source),
    };
    return mlp_report_add(r, &check) ? MLP_OK : mlp_err_nomem(e);
}

enum mlp_code leak_tell_columns(struct leak *l, const struct leak_limits *limits,
                                struct mlp_err *e)
{
    enum mlp_code code = MLP_OK;
    for (size_t f = 1; f < l->nfiles && code == MLP_OK; f++) {
        if (!leak_skipped(limits, "columns"))
            code = tell_missing(l, f, e);
        for (size_t i = 0; i < l->ncolumns && code == MLP_OK; i++)
            if (!leak_skipped(limits, "new-values"))
                code = tell_fresh(l, &l->columns[i], f, e);
    }
    for (size_t i = 0; i < l->ncolumns && code == MLP_OK; i++)
        if (!leak_skipped(limits, "identifiers"))
            code = tell_identifier(l, &l->columns[i], e);
    if (code == MLP_OK && l->label >= 0 && !leak_skipped(limits, "label"))
        code = tell_scores(l, limits, e);
    return code;
}
