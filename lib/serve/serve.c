/* Routes, and the life of a server. */
#include "serve/routes.h"

#include "base/os.h"
#include "table/unpack.h"

#include <stdlib.h>

/* A late answer's cookie: when its request came, and what it counts as in the low bits. */
#define KIND_BITS 15u
_Static_assert(MLP_KINDS <= KIND_BITS + 1, "a kind fits");
#define SPARE_MAX ((size_t)256 << 20)
#define LINES_MAX ((size_t)4 << 20)
#define DEBT_BYTES ((size_t)1 << 20)
#define USUAL_ROWS 100000u
#define USUAL_BODY ((size_t)16 << 20)

/* --- requests --- */

void mlp_serve_answered(const struct mlp_job *job, int status, struct mlp_buf *body)
{
    const struct mlp_serve *s = job->owner;
    mlp_http_answer(s->http, job->connection, status, body);
}

/* A late answer's span is the time until its command had it. */
static void end_span(const struct mlp_asking *q, uint64_t ns)
{
    struct mlp_span span = {
        .method = q->request->method,
        .path = mlp_str_from(q->pattern ? q->pattern : q->request->grpc ? "grpc" : "unknown"),
        .status = q->response->later ? 200 : q->response->status,
        .start_ns = mlp_os_now_ns() - (int64_t)ns, .duration_ns = ns,
    };
    if (q->route) {
        span.route = mlp_str_from(q->route->name);
        span.arm = mlp_str_from(mlp_arm_name(q->arm));
        span.model = mlp_str_from(q->served->name);
        span.digest = mlp_str_from(q->served->digest);
    }
    mlp_tracer_end(q->serve->tracer, q->thread, &q->trace, &span);
}

static void handle(void *ctx, const struct mlp_http_request *request,
                   struct mlp_http_response *response)
{
    struct mlp_serve *s = ctx;
    struct mlp_agent *agent = &s->agents[request->thread];
    struct mlp_asking q;
    q.serve = s;
    q.agent = agent;
    q.thread = request->thread;
    q.request = request;
    q.response = response;
    q.id = (struct mlp_str){0};
    q.start_ns = mlp_os_monotonic_ns();
    q.pattern = NULL;
    q.route = NULL;
    mlp_trace_parse(mlp_http_get(request, "traceparent"), &q.trace);
    if (s->tracer)
        mlp_tracer_begin(s->tracer, q.thread, &q.trace);
    q.row = 0;
    q.body = request->body;
    q.foreign = false;
    q.set = mlp_sets_enter(s->sets, q.thread);
    atomic_store_explicit(&agent->meter.in_flight, 1, memory_order_relaxed);
    enum mlp_kind kind =
        mlp_guard_admit(s->guard, &q) ? mlp_routes_dispatch(&q) : MLP_KIND_OTHER;
    atomic_store_explicit(&agent->meter.in_flight, 0, memory_order_relaxed);
    uint64_t ns = mlp_os_monotonic_ns() - q.start_ns;
    if (s->tracer && q.trace.sampled)
        end_span(&q, ns);
    mlp_sets_leave(s->sets, q.thread);
    if (response->later) {
        response->cookie = (q.start_ns & ~(uint64_t)KIND_BITS) | kind;
        return;
    }
    mlp_guard_done(s->guard);
    mlp_meter_request(&agent->meter, kind, response->status, ns, &q.trace);
}

static void answered(void *ctx, unsigned thread, int status, uint64_t cookie)
{
    struct mlp_serve *s = ctx;
    uint64_t ns = mlp_os_monotonic_ns() - (cookie & ~(uint64_t)KIND_BITS);
    mlp_guard_done(s->guard);
    mlp_meter_request(&s->agents[thread].meter, (enum mlp_kind)(cookie & KIND_BITS), status, ns,
                      NULL);
}

static void after(void *ctx, unsigned thread)
{
    struct mlp_serve *s = ctx;
    if (s->agents[thread].debts.items.n)
        mlp_shadow_pay(s, thread);
}

static void tick(void *ctx)
{
    const struct mlp_serve *s = ctx;
    mlp_guard_tick(s->guard);
    mlp_keeper_tick(ctx);
    if (s->watched)
        mlp_os_notify("WATCHDOG=1");
}

void mlp_serve_reopen(struct mlp_serve *s)
{
    if (s->predlog)
        mlp_predlog_reopen(s->predlog);
    if (s->feedback)
        mlp_predlog_reopen(s->feedback);
    mlp_guard_force(s->guard);
}

static void reload(void *ctx)
{
    struct mlp_serve *s = ctx;
    mlp_serve_reopen(s);
    char line[80];
    snprintf(line, sizeof line, "RELOADING=1\nMONOTONIC_USEC=%llu",
             (unsigned long long)(mlp_os_monotonic_ns() / 1000));
    mlp_os_notify(line);
    mlp_keeper_force(s);
}

/* --- life --- */

/* A compressed body may become as large as one that is not. */
static size_t body_bytes(const struct mlp_serve *s)
{
    return s->config.limits.body_bytes ? s->config.limits.body_bytes : USUAL_BODY;
}

static enum mlp_code make_agents(struct mlp_serve *s, struct mlp_err *e)
{
    s->agents = aligned_alloc(64, s->threads * sizeof *s->agents);
    if (!s->agents)
        return mlp_err_nomem(e);
    memset(s->agents, 0, s->threads * sizeof *s->agents);
    for (unsigned i = 0; i < s->threads; i++) {
        struct mlp_agent *a = &s->agents[i];
        mlp_buf_init(&a->spare, SPARE_MAX);
        mlp_buf_init(&a->lines, LINES_MAX);
        mlp_buf_init(&a->replay, DEBT_BYTES);
        mlp_buf_init(&a->plain, body_bytes(s) + MLP_UNPACK_STEP);
        mlp_buf_init(&a->debts.bytes, DEBT_BYTES);
        mlp_vec_init(&a->debts.items, sizeof(struct mlp_debt));
        mlp_vec_init(&a->debts.outcomes, sizeof(double));
        mlp_vec_init(&a->debts.own, sizeof(double));
    }
    return MLP_OK;
}

static void free_agents(struct mlp_serve *s)
{
    for (unsigned i = 0; s->agents && i < s->threads; i++) {
        struct mlp_debts *d = &s->agents[i].debts;
        for (size_t j = 0; j < d->items.n; j++)
            mlp_served_drop(((struct mlp_debt *)mlp_vec_at(&d->items, j))->shadow);
        mlp_vec_fini(&d->items);
        mlp_vec_fini(&d->outcomes);
        mlp_vec_fini(&d->own);
        mlp_buf_fini(&d->bytes);
        mlp_buf_fini(&s->agents[i].spare);
        mlp_buf_fini(&s->agents[i].lines);
        mlp_buf_fini(&s->agents[i].replay);
        mlp_buf_fini(&s->agents[i].plain);
    }
    free(s->agents);
}

static enum mlp_code open_logs(struct mlp_serve *s, struct mlp_err *e)
{
    const struct mlp_serve_config *c = &s->config;
    struct mlp_predlog_config file = {c->log_path, c->log_bytes, c->log_keep};
    enum mlp_code code = MLP_OK;
    if (file.path)
        code = mlp_predlog_open(&file, s->threads, c->log, &s->predlog, e);
    const struct mlp_tracer_config traces = {c->otlp_url, c->otlp_service, c->otlp_headers,
                                             c->trace_share};
    if (code == MLP_OK && traces.url)
        code = mlp_tracer_new(&traces, s->threads, c->log, &s->tracer, e);
    file.path = c->feedback_path;
    if (code == MLP_OK && file.path)
        code = mlp_predlog_open(&file, s->threads, c->log, &s->feedback, e);
    return code;
}

/* The keeper looks at its file before the models are loaded: what changes meanwhile is seen. */
static enum mlp_code start_parts(struct mlp_serve *s, struct mlp_err *e)
{
    struct mlp_set *set = NULL;
    enum mlp_code code = mlp_os_random(&s->salt, sizeof s->salt, e);
    if (code == MLP_OK)
        code = make_agents(s, e);
    if (code == MLP_OK)
        code = mlp_sets_new(s->threads, &s->sets, e);
    if (code == MLP_OK)
        code = mlp_guard_new(&s->config.guard, s->threads, s->config.log, &s->guard, e);
    if (code == MLP_OK)
        code = mlp_keeper_start(s, e);
    if (code == MLP_OK)
        code = mlp_set_load(&s->config, s->threads, NULL, &set, e);
    if (code == MLP_OK)
        mlp_sets_swap(s->sets, set);
    return code == MLP_OK ? open_logs(s, e) : code;
}

enum mlp_code mlp_serve_new(const struct mlp_serve_config *config, struct mlp_serve **out,
                            struct mlp_err *e)
{
    struct mlp_serve *s = calloc(1, sizeof *s);
    *out = NULL;
    if (!s)
        return mlp_err_nomem(e);
    s->config = *config;
    s->watched = mlp_os_watchdog_us() > 0;
    s->threads = config->threads ? config->threads : mlp_os_cpus();
    s->config.max_rows = config->max_rows ? config->max_rows : USUAL_ROWS;
    s->started_ns = mlp_os_monotonic_ns();
    s->started_s = mlp_os_now_ns() / 1000000000;
    const struct mlp_http_config http = {
        .address = config->address, .admin = config->admin, .threads = s->threads,
        .limits = config->limits, .tls = config->tls,
        .drain_ms = config->drain_ms, .log = config->log, .handle = handle, .after = after,
        .tick = tick, .reload = reload, .answered = answered, .ctx = s,
    };
    enum mlp_code code = start_parts(s, e);
    if (code == MLP_OK)
        code = mlp_http_new(&http, &s->http, e);
    if (code == MLP_OK) {
        mlp_keeper_tell(s, mlp_sets_now(s->sets), "serving");
        *out = s;
    } else {
        mlp_serve_free(s);
    }
    return code;
}

const char *mlp_serve_address(const struct mlp_serve *s)
{
    return mlp_http_address(s->http);
}

enum mlp_code mlp_serve_run(struct mlp_serve *s, struct mlp_err *e)
{
    return mlp_http_run(s->http, e);
}

void mlp_serve_stop(struct mlp_serve *s)
{
    mlp_http_stop(s->http);
}

void mlp_serve_free(struct mlp_serve *s)
{
    if (!s)
        return;
    mlp_keeper_stop(s);
    mlp_sets_free(s->sets); /* a command answers what it still has, to the server's loops */
    mlp_http_free(s->http);
    mlp_guard_free(s->guard);
    mlp_tracer_free(s->tracer);
    mlp_predlog_close(s->predlog);
    mlp_predlog_close(s->feedback);
    free_agents(s);
    free(s);
}
