#include "top_canvas.h"

#define DRIFTS 5u

/* --- the parts --- */

static void head(struct top_canvas *c, const struct top_span *s, const char *url,
                 const char *trouble)
{
    mlp_buf_adds(&c->line, "mlp-serve at ");
    canvas_add_safe(&c->line, mlp_str_from(url));
    if (s->now->at_ns) {
        mlp_buf_adds(&c->line, "   up ");
        canvas_add_time(&c->line, top_value(s, "mlp_uptime_seconds"));
    }
    canvas_put(c, TOP_BOLD);
    if (trouble) {
        mlp_buf_adds(&c->line, "no answer: ");
        canvas_add_safe(&c->line, mlp_str_from(trouble));
        canvas_put(c, TOP_RED);
    }
}

static bool is_error(const struct mlp_prom_point *p)
{
    struct mlp_str code = mlp_prom_get(p, "code");
    return mlp_str_is(p->name, "mlp_requests_total") && code.n &&
           !(code.p[0] >= '1' && code.p[0] <= '3');
}

/* One figure a status: several routes have samples of it. */
static double errors_of(const struct top_span *s, struct mlp_str code, size_t first)
{
    double sum = 0;
    for (size_t i = first; i < s->now->page.n; i++) {
        const struct mlp_prom_point *p = &s->now->page.points[i];
        if (is_error(p) && mlp_str_eq(mlp_prom_get(p, "code"), code))
            sum += top_point_rate(s, p);
    }
    return sum;
}

static bool code_came_before(const struct top_span *s, struct mlp_str code, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (is_error(&s->now->page.points[i]) &&
            mlp_str_eq(mlp_prom_get(&s->now->page.points[i], "code"), code))
            return true;
    return false;
}

static void errors(struct top_canvas *c, const struct top_span *s)
{
    double all = 0;
    mlp_buf_adds(&c->line, "errors/s");
    for (size_t i = 0; i < s->now->page.n; i++) {
        const struct mlp_prom_point *p = &s->now->page.points[i];
        struct mlp_str code = mlp_prom_get(p, "code");
        if (!is_error(p) || code_came_before(s, code, i))
            continue;
        double rate = errors_of(s, code, i);
        all += rate;
        mlp_buf_adds(&c->line, "  ");
        canvas_add_safe(&c->line, code);
        mlp_buf_addf(&c->line, ": %.1f", rate);
    }
    if (c->line.n == 8)
        mlp_buf_adds(&c->line, "  0");
    double refused = top_rate(s, "mlp_http_refused_total"), cut = top_rate(s, "mlp_http_cut_total");
    mlp_buf_addf(&c->line, "   refused/s  %.1f   cut/s  %.1f", refused, cut);
    canvas_put(c, all + refused + cut > 0 ? TOP_RED : NULL);
}

static void figures(struct top_canvas *c, const struct top_span *s)
{
    static const char times[] = "mlp_request_duration_seconds_bucket";
    struct mlp_buf *b = &c->line;
    mlp_buf_addf(b, "requests/s  %.1f   in flight %.0f   connections %.0f (%.1f new/s)",
                 top_rate(s, "mlp_requests_total"), top_value(s, "mlp_requests_in_flight"),
                 top_value(s, "mlp_connections_open"), top_rate(s, "mlp_connections_total"));
    canvas_put(c, NULL);
    errors(c, s);
    mlp_buf_adds(b, "latency");
    canvas_add_ms(b, "p50", top_quantile(s, times, 0.5));
    canvas_add_ms(b, "p95", top_quantile(s, times, 0.95));
    canvas_add_ms(b, "p99", top_quantile(s, times, 0.99));
    canvas_put(c, NULL);
    mlp_buf_adds(b, "memory  ");
    canvas_add_bytes(b, top_value(s, "process_resident_memory_bytes"));
    mlp_buf_addf(b, "   CPU %.0f %%   read ", 100 * top_rate(s, "process_cpu_seconds_total"));
    canvas_add_bytes(b, top_rate(s, "mlp_http_read_bytes_total"));
    mlp_buf_adds(b, "/s   written ");
    canvas_add_bytes(b, top_rate(s, "mlp_http_written_bytes_total"));
    mlp_buf_adds(b, "/s");
    canvas_put(c, NULL);
    double dropped = top_value(s, "mlp_log_dropped_total");
    double late = top_value(s, "mlp_shadow_dropped_total");
    double kept = top_value(s, "mlp_reloads_refused_total");
    mlp_buf_addf(b, "log %.1f lines/s, %.0f dropped   shadows: %.0f dropped   "
                 "reloads %.0f, %.0f refused", top_rate(s, "mlp_log_lines_total"), dropped, late,
                 top_value(s, "mlp_reloads_total"), kept);
    canvas_put(c, dropped + late + kept > 0 ? TOP_RED : NULL);
}

/* The sample of a name with the labels route and digest, and `label` as given. */
static const struct mlp_prom_point *find(const struct top_span *s, const char *name,
                                         const struct mlp_prom_point *of, const char *label,
                                         struct mlp_str value)
{
    for (size_t i = 0; i < s->now->page.n; i++) {
        const struct mlp_prom_point *p = &s->now->page.points[i];
        if (mlp_str_is(p->name, name) &&
            mlp_str_eq(mlp_prom_get(p, "route"), mlp_prom_get(of, "route")) &&
            mlp_str_eq(mlp_prom_get(p, "digest"), mlp_prom_get(of, "digest")) &&
            mlp_str_eq(mlp_prom_get(p, label), value))
            return p;
    }
    return NULL;
}

static double rate_of(const struct top_span *s, const struct mlp_prom_point *p)
{
    return p ? top_point_rate(s, p) : 0;
}

/* What a shadow says that the arm which answered does not. */
static void shadow(struct mlp_buf *b, const struct top_span *s, const struct mlp_prom_point *arm)
{
    static const char name[] = "mlp_shadow_rows_total";
    double same = rate_of(s, find(s, name, arm, "outcome", MLP_STR("same")));
    double different = rate_of(s, find(s, name, arm, "outcome", MLP_STR("different")));
    double failed = rate_of(s, find(s, name, arm, "outcome", MLP_STR("failed")));
    if (same + different > 0)
        mlp_buf_addf(b, "%.2f %% (%.1f/s)", 100 * different / (same + different), different);
    else
        mlp_buf_adds(b, "-");
    if (failed > 0)
        mlp_buf_addf(b, ", %.1f/s failed", failed);
}

static void arm_line(struct top_canvas *c, const struct top_span *s,
                     const struct mlp_prom_point *info)
{
    struct mlp_buf *b = &c->line;
    struct mlp_str arm = mlp_prom_get(info, "arm"), digest = mlp_prom_get(info, "digest");
    struct mlp_str version = mlp_prom_get(info, "version");
    const struct mlp_prom_point *weight = find(s, "mlp_model_weight_percent", info, "arm", arm);
    if (mlp_str_starts(digest, "sha256:"))
        digest = (struct mlp_str){digest.p + 7, digest.n - 7};
    canvas_add_column(b, mlp_prom_get(info, "route"), 12);
    canvas_add_column(b, arm, 6);
    canvas_add_column(b, mlp_prom_get(info, "model"), 14);
    canvas_add_column(b, version.n ? version : MLP_STR("-"), 7);
    canvas_add_column(b, digest, 12);
    mlp_buf_addf(b, "%5.1f%%  %9.1f  ", weight ? weight->value : 0,
                 rate_of(s, find(s, "mlp_predictions_total", info, "arm", arm)));
    if (mlp_str_is(arm, "shadow"))
        shadow(b, s, info);
    canvas_put(c, NULL);
}

static void arms(struct top_canvas *c, const struct top_span *s)
{
    canvas_put(c, NULL);
    mlp_buf_addf(&c->line, "%-12s  %-6s  %-14s  %-7s  %-12s  %6s  %9s  %s", "ROUTE", "ARM", "MODEL",
                 "VERSION", "DIGEST", "WEIGHT", "ROWS/S", "DIFFERENT");
    canvas_put(c, TOP_BOLD);
    for (size_t i = 0; i < s->now->page.n; i++)
        if (mlp_str_is(s->now->page.points[i].name, "mlp_model_info"))
            arm_line(c, s, &s->now->page.points[i]);
}

/* The next of the features that moved most: below the one before it, NULL at first. */
static const struct mlp_prom_point *next_drift(const struct top_span *s,
                                               const struct mlp_prom_point *than)
{
    const struct mlp_prom_point *worst = NULL;
    for (size_t i = 0; i < s->now->page.n; i++) {
        const struct mlp_prom_point *p = &s->now->page.points[i];
        bool after = !than || p->value < than->value || (p->value == than->value && p > than);
        if (mlp_str_is(p->name, "mlp_drift_effect") && p->value == p->value && after &&
            (!worst || p->value > worst->value))
            worst = p;
    }
    return worst;
}

static void drifts(struct top_canvas *c, const struct top_span *s)
{
    const struct mlp_prom_point *p = next_drift(s, NULL);
    if (!p)
        return;
    canvas_put(c, NULL);
    mlp_buf_addf(&c->line, "%-12s  %-6s  %-40s  %s", "DRIFT", "ARM", "FEATURE", "EFFECT");
    canvas_put(c, TOP_BOLD);
    for (unsigned i = 0; p && i < DRIFTS; i++, p = next_drift(s, p)) {
        canvas_add_column(&c->line, mlp_prom_get(p, "route"), 12);
        canvas_add_column(&c->line, mlp_prom_get(p, "arm"), 6);
        canvas_add_column(&c->line, mlp_prom_get(p, "feature"), 40);
        mlp_buf_addf(&c->line, "%.3f", p->value);
        canvas_put(c, NULL);
    }
}

void top_paint(const struct top_span *s, const char *url, const char *trouble,
               const struct top_style *style, struct mlp_buf *b)
{
    struct top_canvas c = {.style = style, .out = b};
    mlp_buf_init(&c.line, 1 << 16);
    head(&c, s, url, trouble);
    if (s->now->at_ns && s->before->at_ns) {
        figures(&c, s);
        arms(&c, s);
        drifts(&c, s);
    }
    mlp_buf_fini(&c.line);
}
