/* How long predictions took: quantiles of milliseconds, from a column or from a file. */
#include "model.h"

#include "base/file.h"
#include "stat/paired.h"
#include "stat/tests.h"

#include <math.h>
#include <stdlib.h>

#define FILE_BYTES ((size_t)1 << 30)

/* One number a line; a first line that is none is a header. */
static enum mlp_code parse_lines(struct mlp_str text, const char *path, struct mlp_vec *out,
                                 struct mlp_err *e)
{
    uint64_t line = 0;
    while (text.n) {
        const char *end = memchr(text.p, '\n', text.n);
        size_t n = end ? (size_t)(end - text.p) : text.n;
        struct mlp_str cell = {text.p, n > 0 && text.p[n - 1] == '\r' ? n - 1 : n};
        double value = number_of(cell), *kept;
        text.p += n + (end != NULL);
        text.n -= n + (end != NULL);
        line++;
        if (cell.n == 0 || (isnan(value) && line == 1))
            continue;
        if (!(value >= 0)) {
            mlp_err_set(e, MLP_EINPUT, "expected milliseconds, one number a line");
            return mlp_err_at(e, mlp_file_name(path), line, 0);
        }
        if ((kept = mlp_vec_push(out)) == NULL)
            return mlp_err_nomem(e);
        *kept = value;
    }
    return MLP_OK;
}

static enum mlp_code read_file(const char *path, struct mlp_vec *out, struct mlp_err *e)
{
    struct mlp_buf bytes;
    mlp_buf_init(&bytes, FILE_BYTES);
    enum mlp_code code = mlp_file_read(path, &bytes, e);
    if (code == MLP_OK)
        code = parse_lines(mlp_buf_str(&bytes), path, out, e);
    mlp_buf_fini(&bytes);
    return code;
}

static enum mlp_code read_column(const struct telling *t, struct mlp_str name, struct mlp_vec *out,
                                 struct mlp_err *e)
{
    const struct facet *f = facet_find(t->p, name);
    for (size_t i = 0; i < f->numbers.n; i++) {
        double value = *(const double *)mlp_vec_at(&f->numbers, i), *kept;
        if (!(value >= 0)) {
            const struct row *row = mlp_vec_at(&t->p->rows, i);
            mlp_err_set(e, MLP_EINPUT, "column \"%.*s\": expected milliseconds",
                        MLP_STR_ARG(name));
            return mlp_err_at(e, t->p->source, row->line, 0);
        }
        if ((kept = mlp_vec_push(out)) == NULL)
            return mlp_err_nomem(e);
        *kept = value;
    }
    return MLP_OK;
}

/* Linear between the closest ranks, as NumPy's default. */
static double quantile(const double *v, size_t n, double q)
{
    double at = q * (double)(n - 1);
    size_t low = (size_t)at;
    return low + 1 < n ? v[low] + (at - (double)low) * (v[low + 1] - v[low]) : v[n - 1];
}

struct limit {
    const char *name;
    double q;
};

/* The limit of one quantile: a number, or {max: 50, bound: upper}. */
static enum mlp_code read_limit(const struct telling *t, const char *name, struct gate *g,
                                struct mlp_err *e)
{
    const struct mlp_node *n = mlp_node_get(t->rules->latency, name);
    if (!n)
        return MLP_OK;
    if (mlp_node_is_num(n)) {
        g->max = g->node = n;
        return MLP_OK;
    }
    enum mlp_code code = gate_read(t->rules->doc, n, g, e);
    if (code == MLP_OK && (!g->max || g->min || g->drop || g->margin || g->alpha || g->gain ||
                           g->slices))
        code = mlp_node_error(t->rules->doc, n, e,
                              "a limit is a number or {max: 50, bound: upper}");
    return code;
}

static enum mlp_code tell_limit(struct telling *t, const struct mlp_vec *times,
                                const struct limit *l, struct mlp_err *e)
{
    static const char *const ends[] = {"", "lower end ", "upper end "};
    struct gate g = {0};
    double lo, hi, value = quantile(times->p, times->n, l->q);
    if (read_limit(t, l->name, &g, e) != MLP_OK)
        return e->code;
    mlp_quantile_interval(times->p, times->n, l->q, t->plan->level, &lo, &hi);
    double judged = g.bound == BOUND_LOWER ? lo : g.bound == BOUND_UPPER ? hi : value;
    struct mlp_check check = {
        .id = mlp_report_text(t->r, "latency/%s", l->name), .type = MLP_STR("latency"),
        .column = MLP_STR("latency"), .severity = g.max ? g.severity : MLP_SEV_INFO,
        .observed = mlp_report_text(t->r, "%.4g ms", value),
    };
    if (g.max) {
        check.expected = mlp_report_text(t->r, "%s<= %.*s ms", ends[g.bound],
                                         MLP_STR_ARG(g.max->text));
        check.outcome = judged <= mlp_node_num(g.max, 0) ? MLP_PASS : MLP_FAIL;
        if (isnan(judged))
            check.message = mlp_report_text(t->r, "%zu times are too few to bound it", times->n);
    }
    struct mlp_check *c = tell(t, &check, g.max != NULL);
    if (!c)
        return mlp_err_nomem(e);
    mlp_report_measure(t->r, c, "value", value);
    if (!isnan(lo))
        mlp_report_measure(t->r, c, "lo", lo);
    if (!isnan(hi))
        mlp_report_measure(t->r, c, "hi", hi);
    return MLP_OK;
}

static enum mlp_code gather(struct telling *t, struct mlp_vec *times, struct mlp_err *e)
{
    const struct mlp_node *map = t->rules->latency;
    const struct mlp_node *column = mlp_node_get(map, "column"), *file = mlp_node_get(map, "file");
    static const char *const known[] = {"column", "file", "p50", "p90", "p95", "p99", "p999",
                                        "max", NULL};
    if (map && mlp_node_known(t->rules->doc, map, known, e) != MLP_OK)
        return e->code;
    if (t->asked->latency_file)
        return read_file(t->asked->latency_file, times, e);
    if (t->asked->latency)
        return read_column(t, mlp_str_from(t->asked->latency), times, e);
    if (column)
        return read_column(t, column->text, times, e);
    if (file && file->text.n)
        return read_file(file->text.p, times, e);
    return mlp_node_error(t->rules->doc, map, e,
                          "which times? Say column: NAME or file: PATH here, or --latency");
}

enum mlp_code latency_tell(struct telling *t, struct mlp_err *e)
{
    static const struct limit limits[] = {{"p50", 0.5}, {"p90", 0.9}, {"p95", 0.95}, {"p99", 0.99},
                                          {"p999", 0.999}, {"max", 1}};
    struct mlp_vec times;
    if (!t->rules->latency && !t->asked->latency && !t->asked->latency_file)
        return MLP_OK;
    mlp_vec_init(&times, sizeof(double));
    enum mlp_code code = gather(t, &times, e);
    if (code == MLP_OK && times.n == 0)
        code = mlp_err_set(e, MLP_EINPUT, "there are no times to judge");
    if (code == MLP_OK)
        mlp_sort_f64(times.p, times.n);
    for (size_t i = 0; i < sizeof limits / sizeof *limits && code == MLP_OK; i++)
        code = tell_limit(t, &times, &limits[i], e);
    mlp_vec_fini(&times);
    return code;
}
