/* Counters of requests and predictions, and the /metrics page. */
#include "serve/inside.h"

#include "base/opt.h"
#include "base/os.h"
#include "crypt/crypt.h"
#include "text/prom.h"

#include <math.h>

const uint64_t mlp_bucket_ns[MLP_BUCKETS] = {
    10000, 25000, 50000, 100000, 250000, 500000, 1000000, 2500000, 5000000, 10000000, 25000000,
    50000000, 100000000, 250000000, 500000000, 1000000000, 2500000000,
};
static const char *const bucket_names[MLP_BUCKETS + 1] = {
    "1e-05", "2.5e-05", "5e-05", "0.0001", "0.00025", "0.0005", "0.001", "0.0025", "0.005",
    "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "+Inf",
};
const int mlp_codes[MLP_CODES] = {200, 400, 404, 405, 413, 415, 429, 500, 503, 0};
static const char *const code_names[MLP_CODES] = {"200", "400", "404", "405", "413", "415",
                                                  "429", "500", "503", "other"};
static const char *const kind_names[MLP_KINDS] = {
    "/predict", "/v1", "/v2", "/invocations", "/explain", "grpc", "/model", "/healthz",
    "/readyz", "/metrics", "/admin", "other",
};

/* A page under way: Prometheus' own text, or OpenMetrics. */
struct page {
    struct mlp_buf *out;
    bool open;
};

static void head(struct page *page, const char *name, const char *type, const char *help)
{
    if (page->open)
        mlp_prom_head_open(page->out, name, type, help);
    else
        mlp_prom_head(page->out, name, type, help);
}

/* A reader that sees the same even turn before and after has read one whole exemplar: who sees a
 * word of the next one (acquire) sees the odd turn before it (release) as well. */
static void keep_exemplar(struct mlp_exemplar *x, const struct mlp_trace *t, uint64_t ns)
{
    uint64_t id[3];
    uint64_t turn = atomic_load_explicit(&x->turn, memory_order_relaxed);
    memcpy(id, t->trace, 16);
    memcpy(id + 2, t->span, 8);
    atomic_store_explicit(&x->turn, turn + 1, memory_order_relaxed);
    for (size_t i = 0; i < 3; i++)
        atomic_store_explicit(&x->id[i], id[i], memory_order_release);
    atomic_store_explicit(&x->ns, ns, memory_order_release);
    atomic_store_explicit(&x->time_ms, (uint64_t)(mlp_os_now_ns() / 1000000),
                          memory_order_release);
    atomic_store_explicit(&x->turn, turn + 2, memory_order_release);
}

void mlp_meter_request(struct mlp_meter *m, enum mlp_kind kind, int status, uint64_t ns,
                       const struct mlp_trace *trace)
{
    size_t code = 0, bucket = 0;
    while (code < MLP_CODES - 1 && mlp_codes[code] != status)
        code++;
    mlp_meter_add(&m->requests[kind][code], 1);
    if (kind > MLP_KIND_LAST)
        return;
    while (bucket < MLP_BUCKETS && ns > mlp_bucket_ns[bucket])
        bucket++;
    mlp_meter_add(&m->latency[bucket], 1);
    if (trace && trace->sampled)
        keep_exemplar(&m->exemplars[bucket], trace, ns);
    mlp_meter_add(&m->latency_ns, ns);
}

static uint64_t load(const _Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

/* Sum over the threads of a counter at an offset in struct mlp_meter. */
static uint64_t sum(const struct mlp_serve *s, size_t offset)
{
    uint64_t total = 0;
    for (unsigned i = 0; i < s->threads; i++) {
        const char *meter = (const char *)&s->agents[i].meter;
        total += load((const void *)(meter + offset));
    }
    return total;
}

static void one(struct page *page, const char *name, const char *type, const char *help,
                double value)
{
    head(page, name, type, help);
    mlp_prom_sample(page->out, name, NULL, value);
}

static void requests(const struct mlp_serve *s, struct page *page)
{
    const char *name = "mlp_requests_total";
    head(page, name, "counter", "Requests answered, by route and status.");
    for (size_t kind = 0; kind < MLP_KINDS; kind++) {
        for (size_t code = 0; code < MLP_CODES; code++) {
            uint64_t n = sum(s, offsetof(struct mlp_meter, requests[kind][code]));
            const struct mlp_prom_label labels[] = {{"route", mlp_str_from(kind_names[kind])},
                                                    {"code", mlp_str_from(code_names[code])},
                                                    {0}};
            if (n || (kind == MLP_KIND_PREDICT && code == 0))
                mlp_prom_sample(page->out, name, labels, (double)n);
        }
    }
}

/* The youngest exemplar of a bucket over the threads; false: none, or all are being written. */
static bool find_exemplar(const struct mlp_serve *s, size_t bucket, uint64_t found[5])
{
    found[4] = 0;
    for (unsigned i = 0; i < s->threads; i++) {
        const struct mlp_exemplar *x = &s->agents[i].meter.exemplars[bucket];
        uint64_t turn = atomic_load_explicit(&x->turn, memory_order_acquire), one[5];
        for (size_t k = 0; k < 3; k++)
            one[k] = atomic_load_explicit(&x->id[k], memory_order_acquire);
        one[3] = atomic_load_explicit(&x->ns, memory_order_acquire);
        one[4] = atomic_load_explicit(&x->time_ms, memory_order_acquire);
        if (turn % 2 == 0 && load(&x->turn) == turn && one[4] > found[4])
            memcpy(found, one, sizeof one);
    }
    return found[4] != 0;
}

static void add_exemplar(const struct mlp_serve *s, size_t bucket, struct page *page)
{
    uint64_t x[5];
    struct mlp_buf id;
    if (!page->open || !find_exemplar(s, bucket, x))
        return;
    mlp_buf_init(&id, 64);
    mlp_hex_add(&id, x, 24);
    const struct mlp_prom_label labels[] = {{"trace_id", {id.p, 32}}, {"span_id", {id.p + 32, 16}},
                                            {0}};
    if (!id.failed)
        mlp_prom_exemplar(page->out, labels, (double)x[3] / 1e9, (double)x[4] / 1e3);
    mlp_buf_fini(&id);
}

static void latency(const struct mlp_serve *s, struct page *page)
{
    uint64_t upto = 0;
    head(page, "mlp_request_duration_seconds", "histogram",
                  "Time from the parsed request to the finished answer of a prediction.");
    for (size_t i = 0; i <= MLP_BUCKETS; i++) {
        const struct mlp_prom_label labels[] = {{"le", mlp_str_from(bucket_names[i])}, {0}};
        upto += sum(s, offsetof(struct mlp_meter, latency[i]));
        mlp_prom_sample(page->out, "mlp_request_duration_seconds_bucket", labels, (double)upto);
        add_exemplar(s, i, page);
    }
    mlp_prom_sample(page->out, "mlp_request_duration_seconds_sum", NULL,
                    (double)sum(s, offsetof(struct mlp_meter, latency_ns)) / 1e9);
    mlp_prom_sample(page->out, "mlp_request_duration_seconds_count", NULL, (double)upto);
}

/* Sum over the threads of a counter at an offset in struct mlp_tally. */
static double tally(const struct mlp_served *s, size_t offset)
{
    uint64_t total = 0;
    for (unsigned i = 0; i < s->threads; i++) {
        const char *at = (const char *)&s->tally[i];
        total += load((const void *)(at + offset));
    }
    return (double)total;
}

/* One sample for every lane of the set. */
struct lane_sample {
    const char *name, *type, *help;
    double (*value)(const struct mlp_lane *lane);
};

static double lane_one(const struct mlp_lane *lane)
{
    (void)lane;
    return 1;
}

static double lane_weight(const struct mlp_lane *lane)
{
    return lane->weight;
}

static double lane_rows(const struct mlp_lane *lane)
{
    return tally(lane->served, offsetof(struct mlp_tally, rows[lane->role]));
}

static double lane_bytes(const struct mlp_lane *lane)
{
    return (double)lane->served->info->bytes;
}

static const struct lane_sample lane_samples[] = {
    {"mlp_model_info", "gauge", "1 for every model that serves.", lane_one},
    {"mlp_model_weight_percent", "gauge", "Share of the requests, in per cent.", lane_weight},
    {"mlp_model_bytes", "gauge", "Memory of the loaded model.", lane_bytes},
    {"mlp_predictions_total", "counter", "Rows predicted.", lane_rows},
};

static void lane_line(const struct mlp_lanes *route, const struct mlp_lane *lane,
                      const struct lane_sample *sample, struct page *page)
{
    char version[24] = "";
    if (lane->served->version)
        snprintf(version, sizeof version, "%llu", (unsigned long long)lane->served->version);
    const struct mlp_prom_label labels[] = {{"route", mlp_str_from(route->name)},
                                            {"arm", mlp_str_from(mlp_arm_name(lane->role))},
                                            {"model", mlp_str_from(lane->served->name)},
                                            {"version", mlp_str_from(version)},
                                            {"digest", mlp_str_from(lane->served->digest)},
                                            {0}};
    mlp_prom_sample(page->out, sample->name, labels, sample->value(lane));
}

static void lanes(const struct mlp_set *set, struct page *page)
{
    for (size_t k = 0; k < sizeof lane_samples / sizeof *lane_samples; k++) {
        const struct lane_sample *sample = &lane_samples[k];
        head(page, sample->name, sample->type, sample->help);
        for (size_t i = 0; i < set->nroutes; i++)
            for (size_t j = 0; j < set->routes[i].n; j++)
                lane_line(&set->routes[i], &set->routes[i].lane[j], sample, page);
    }
}

struct drift_page {
    struct page *page;
    const char *name;
    const struct mlp_lanes *route;
    const struct mlp_lane *lane;
};

static void drift_line(void *ctx, const struct mlp_live_drift *d)
{
    struct drift_page *at = ctx;
    bool effect = strcmp(at->name, "mlp_drift_effect") == 0;
    double value = effect                                        ? d->effect
                   : strcmp(at->name, "mlp_drift_p_value") == 0 ? d->p
                                                                 : d->missing;
    const struct mlp_prom_label labels[] = {{"route", mlp_str_from(at->route->name)},
                                            {"arm", mlp_str_from(mlp_arm_name(at->lane->role))},
                                            {"feature", d->column},
                                            {effect ? "measure" : NULL, mlp_str_from(d->measure)},
                                            {0}};
    if (!isnan(value))
        mlp_prom_sample(at->page->out, at->name, labels, value);
}

static void no_line(void *ctx, const struct mlp_live_drift *d)
{
    (void)ctx, (void)d;
}

static void live_rows(struct drift_page *at)
{
    const struct mlp_prom_label labels[] = {{"route", mlp_str_from(at->route->name)},
                                            {"arm", mlp_str_from(mlp_arm_name(at->lane->role))},
                                            {0}};
    mlp_prom_sample(at->page->out, at->name, labels,
                    (double)mlp_live_drifts(at->lane->served->live, no_line, NULL));
}

/* How far what the models are asked has moved from their references (live.h). */
static void lives(const struct mlp_set *set, struct page *page)
{
    static const char *const names[][2] = {
        {"mlp_drift_rows", "Rows in the window of the live profile."},
        {"mlp_drift_effect", "How far a column moved from the reference, in its measure."},
        {"mlp_drift_p_value", "Probability of that by chance, corrected for the columns (Holm)."},
        {"mlp_drift_missing_ratio", "Share of the rows in which a column is missing."},
    };
    bool any = false;
    for (size_t i = 0; i < set->nroutes; i++)
        for (size_t j = 0; j < set->routes[i].n; j++)
            any = any || set->routes[i].lane[j].served->live;
    for (size_t k = 0; any && k < sizeof names / sizeof *names; k++) {
        head(page, names[k][0], "gauge", names[k][1]);
        for (size_t i = 0; i < set->nroutes; i++) {
            for (size_t j = 0; j < set->routes[i].n; j++) {
                struct drift_page at = {page, names[k][0], &set->routes[i],
                                        &set->routes[i].lane[j]};
                if (at.lane->served->live && k == 0)
                    live_rows(&at);
                else if (at.lane->served->live)
                    mlp_live_drifts(at.lane->served->live, drift_line, &at);
            }
        }
    }
}

static void shadow_line(const struct mlp_lanes *route, const struct mlp_served *s,
                        const char *outcome, double value, struct page *page)
{
    const struct mlp_prom_label labels[] = {{"route", mlp_str_from(route->name)},
                                            {"digest", mlp_str_from(s->digest)},
                                            {"outcome", mlp_str_from(outcome)},
                                            {0}};
    mlp_prom_sample(page->out, "mlp_shadow_rows_total", labels, value);
}

static void shadows(const struct mlp_serve *s, const struct mlp_set *set, struct page *page)
{
    head(page, "mlp_shadow_rows_total", "counter",
                  "Rows of shadow models, compared with the arm that answered.");
    for (size_t i = 0; i < set->nroutes; i++) {
        for (size_t j = 0; j < set->routes[i].n; j++) {
            const struct mlp_served *m = set->routes[i].lane[j].served;
            if (set->routes[i].lane[j].role != MLP_ARM_SHADOW)
                continue;
            shadow_line(&set->routes[i], m, "same",
                        tally(m, offsetof(struct mlp_tally, same)), page);
            shadow_line(&set->routes[i], m, "different",
                        tally(m, offsetof(struct mlp_tally, different)), page);
            shadow_line(&set->routes[i], m, "failed",
                        tally(m, offsetof(struct mlp_tally, failed)), page);
        }
    }
    one(page, "mlp_shadow_dropped_total", "counter", "Requests that shadows had no time for.",
        (double)sum(s, offsetof(struct mlp_meter, shadow_dropped)));
}

static void connections(const struct mlp_serve *s, struct page *page)
{
    struct mlp_http_stats h;
    mlp_http_stats(s->http, &h);
    one(page, "mlp_connections_open", "gauge", "Connections open now.", (double)h.open);
    one(page, "mlp_connections_total", "counter", "Connections accepted.", (double)h.connections);
    one(page, "mlp_http_refused_total", "counter",
        "Requests refused before they reached a route: malformed, over a limit, too slow.",
        (double)h.refused);
    one(page, "mlp_http_cut_total", "counter", "Connections cut by a time-out or a drain.",
        (double)h.cut);
    one(page, "mlp_http_read_bytes_total", "counter", "Bytes read.", (double)h.bytes_in);
    one(page, "mlp_http_written_bytes_total", "counter", "Bytes written.", (double)h.bytes_out);
    one(page, "process_resident_memory_bytes", "gauge", "Resident memory.",
        (double)h.resident_bytes);
}

static void process(const struct mlp_serve *s, struct page *page)
{
    const struct mlp_prom_label build[] = {{"version", mlp_str_from(mlp_version())}, {0}};
    head(page, "mlp_build_info", "gauge", "1, with the version of this program.");
    mlp_prom_sample(page->out, "mlp_build_info", build, 1);
    one(page, "mlp_uptime_seconds", "gauge", "Time since the start.",
        (double)(mlp_os_monotonic_ns() - s->started_ns) / 1e9);
    one(page, "process_start_time_seconds", "gauge", "Start, in seconds since 1970.",
        (double)s->started_s);
    one(page, "process_cpu_seconds_total", "counter", "CPU time used.",
        (double)mlp_os_cpu_ns() / 1e9);
    one(page, "mlp_reloads_total", "counter", "Times that another set of models took over.",
        (double)load(&s->reloads));
    one(page, "mlp_reloads_refused_total", "counter",
        "Times that a set of models could not be loaded and the old one stayed.",
        (double)load(&s->refusals));
}

static void records(const struct mlp_serve *s, struct page *page)
{
    uint64_t written = 0, dropped = 0;
    if (s->tracer) {
        mlp_tracer_counts(s->tracer, &written, &dropped);
        one(page, "mlp_spans_total", "counter", "Spans that the collector took.",
            (double)written);
        one(page, "mlp_spans_lost_total", "counter", "Spans that nobody took.", (double)dropped);
    }
    if (!s->predlog)
        return;
    mlp_predlog_counts(s->predlog, &written, &dropped);
    one(page, "mlp_log_lines_total", "counter", "Lines given to the prediction log.",
        (double)written);
    one(page, "mlp_log_dropped_total", "counter", "Lines that the prediction log lost.",
        (double)dropped);
}

void mlp_meter_page(struct mlp_serve *s, const struct mlp_set *set, bool open, struct mlp_buf *out)
{
    struct page page = {out, open};
    requests(s, &page);
    latency(s, &page);
    one(&page, "mlp_requests_in_flight", "gauge", "Requests being answered, this one included.",
        (double)sum(s, offsetof(struct mlp_meter, in_flight)));
    lanes(set, &page);
    shadows(s, set, &page);
    lives(set, &page);
    connections(s, &page);
    process(s, &page);
    records(s, &page);
    if (open)
        mlp_buf_adds(out, "# EOF\n");
}
