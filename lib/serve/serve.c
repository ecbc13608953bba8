/* Routes, and the life of a server. */
#include "serve/inside.h"

#include "base/os.h"

#include <stdlib.h>

#define SPARE_MAX ((size_t)256 << 20)
#define LINES_MAX ((size_t)4 << 20)
#define DEBT_BYTES ((size_t)1 << 20)
#define SPARE_KEPT ((size_t)1 << 20)
#define USUAL_ROWS 100000u

/* --- answers --- */

static void answer_json(struct mlp_http_response *a, int status)
{
    a->status = status;
    a->content_type = "application/json";
}

static void answer_error(struct mlp_asking *q, int status, const char *message, const char *hint)
{
    struct mlp_http_response *a = q->response;
    mlp_buf_reset(&a->body);
    answer_json(a, status);
    mlp_buf_adds(&a->body, "{\"error\":");
    mlp_buf_addquoted(&a->body, mlp_str_from(message));
    if (hint && hint[0]) {
        mlp_buf_adds(&a->body, ",\"hint\":");
        mlp_buf_addquoted(&a->body, mlp_str_from(hint));
    }
    mlp_buf_adds(&a->body, "}\n");
}

/* The client's fault is 400; memory or a model that fails on good input is ours. */
static void answer_failure(struct mlp_asking *q, const struct mlp_err *e)
{
    char text[sizeof e->message + 80];
    if (e->line && e->column)
        snprintf(text, sizeof text, "line %llu, column %llu: %s", (unsigned long long)e->line,
                 (unsigned long long)e->column, e->message);
    else
        snprintf(text, sizeof text, "%s", e->message);
    answer_error(q, e->code == MLP_EINPUT ? 400 : 500, text, e->hint);
}

static void answer_no_route(struct mlp_asking *q, struct mlp_str name)
{
    struct mlp_buf hint;
    char message[200];
    mlp_buf_init(&hint, 8192);
    mlp_buf_adds(&hint, "routes:");
    for (size_t i = 0; i < q->set->nroutes; i++)
        mlp_buf_addf(&hint, " /predict/%s", q->set->routes[i].name);
    if (name.n)
        snprintf(message, sizeof message, "no route \"%.*s\"", (int)(name.n < 130 ? name.n : 130),
                 name.p);
    else
        snprintf(message, sizeof message, "several routes: name one");
    answer_error(q, 404, message, hint.failed ? NULL : hint.p);
    mlp_buf_fini(&hint);
}

/* --- POST /predict --- */

/* "probabilities=true" among the query's parameters. */
static enum mlp_wish wish_of(struct mlp_str query)
{
    struct mlp_str part;
    enum mlp_wish wish = MLP_WISH_USUAL;
    while (query.p && mlp_str_split(&query, '&', &part)) {
        if (mlp_str_is(part, "probabilities=true") || mlp_str_is(part, "probabilities=1"))
            wish = MLP_WISH_YES;
        else if (mlp_str_is(part, "probabilities=false") || mlp_str_is(part, "probabilities=0"))
            wish = MLP_WISH_NO;
    }
    return wish;
}

static const struct mlp_lane *choose(struct mlp_asking *q, const struct mlp_lanes *route)
{
    if (route->n == 1)
        return &route->lane[0];
    struct mlp_str key = mlp_http_get(q->request, "x-request-key");
    return mlp_lanes_pick(route, key, key.n ? 0 : q->agent->turn++);
}

/* Which arm answered, and under which id it is in the log. */
static void add_fields(struct mlp_asking *q)
{
    struct mlp_buf *extra = &q->response->extra;
    if (q->serve->config.deployment) {
        mlp_buf_adds(extra, "X-Mlp-Arm: ");
        mlp_buf_adds(extra, mlp_arm_name(q->arm));
        mlp_buf_adds(extra, "\r\n");
    }
    if (q->serve->predlog) {
        mlp_buf_adds(extra, "X-Request-Id: ");
        mlp_buf_addstr(extra, q->id);
        mlp_buf_adds(extra, "\r\n");
    }
}

/* --- a command --- */

void mlp_serve_answered(const struct mlp_job *job, int status, struct mlp_buf *body)
{
    const struct mlp_serve *s = job->owner;
    mlp_http_answer(s->http, job->connection, status, body);
}

static void count_rows(const struct mlp_asking *q, const struct mlp_lane *lane, size_t rows)
{
    mlp_meter_add(&lane->served->tally[q->thread].rows[lane->role], rows);
}

/* The answer comes later, from the thread of the command. */
static void ask_command(struct mlp_asking *q, const struct mlp_lane *lane)
{
    struct mlp_job *job;
    struct mlp_err e;
    enum mlp_wish wish = wish_of(q->request->query);
    mlp_err_init(&e);
    enum mlp_code code = mlp_job_new(q->request->body, &job, &e);
    size_t rows = code ? 0 : job->n;
    if (!code && rows > q->serve->config.max_rows)
        code = mlp_err_set(&e, MLP_EINPUT, "more than %llu rows",
                           (unsigned long long)q->serve->config.max_rows);
    if (code) {
        mlp_job_free(job);
        answer_failure(q, &e);
        return;
    }
    job->owner = q->serve;
    job->connection = q->request->connection;
    job->probabilities = wish == MLP_WISH_YES || (job->single && wish == MLP_WISH_USUAL);
    q->response->later = mlp_command_push(lane->served->command, job);
    q->response->cookie = q->start_ns;
    if (q->response->later) {
        count_rows(q, lane, rows);
        return;
    }
    mlp_job_free(job);
    answer_error(q, 503, "too many rows wait for the model", "try again in a moment");
    mlp_buf_adds(&q->response->extra, "Retry-After: 1\r\n");
}

/* --- POST /predict, of a model --- */

static void run_lane(struct mlp_asking *q, const struct mlp_lanes *route,
                     const struct mlp_lane *lane)
{
    struct mlp_serve *s = q->serve;
    struct mlp_agent *agent = q->agent;
    struct mlp_predict p = {
        .served = lane->served, .thread = q->thread, .arm = lane->role,
        .ignore_extra = s->config.ignore_extra, .max_rows = s->config.max_rows,
        .probabilities = wish_of(q->request->query), .ctx = q,
        .outcomes = route->shadowed ? &agent->debts.outcomes : NULL,
        .seen = s->predlog ? mlp_record_rows : NULL,
    };
    struct mlp_err e;
    uint64_t rows;
    mlp_err_init(&e);
    q->first = agent->debts.outcomes.n;
    q->arm = lane->role;
    enum mlp_code code = mlp_predict_body(&p, q->request->body, &q->response->body, &agent->spare,
                                          &rows, &e);
    if (agent->spare.cap > SPARE_KEPT)
        mlp_buf_fini(&agent->spare);
    if (s->predlog)
        mlp_record_commit(q, code == MLP_OK);
    answer_json(q->response, 200);
    if (code != MLP_OK) {
        agent->debts.outcomes.n = q->first;
        answer_failure(q, &e);
        return;
    }
    add_fields(q);
    if (route->shadowed)
        mlp_shadow_owe(q, route);
}

static void on_predict(struct mlp_asking *q, struct mlp_str name)
{
    const struct mlp_lanes *route = mlp_set_route(q->set, name);
    struct mlp_str coding = mlp_http_get(q->request, "content-encoding");
    if (!route) {
        answer_no_route(q, name);
        return;
    }
    if (coding.n && !mlp_str_is(coding, "identity")) {
        answer_error(q, 415, "the body is compressed", "send it without Content-Encoding");
        return;
    }
    if (q->serve->predlog || route->shadowed)
        mlp_record_id(q);
    const struct mlp_lane *lane = choose(q, route);
    if (lane->served->command)
        ask_command(q, lane);
    else
        run_lane(q, route, lane);
}

/* --- the other routes --- */

static void add_lane(const struct mlp_lane *lane, struct mlp_buf *b)
{
    const struct mlp_served *m = lane->served;
    mlp_buf_adds(b, "{\"arm\":\"");
    mlp_buf_adds(b, mlp_arm_name(lane->role));
    mlp_buf_addf(b, "\",\"weight\":%u,\"model\":", lane->weight);
    mlp_buf_addquoted(b, mlp_str_from(m->name));
    if (m->version)
        mlp_buf_addf(b, ",\"version\":%llu", (unsigned long long)m->version);
    mlp_buf_addf(b, ",\"digest\":\"%s\",\"format\":", m->digest);
    mlp_buf_addquoted(b, m->info->format);
    mlp_buf_adds(b, ",\"estimator\":");
    mlp_buf_addquoted(b, m->info->estimator);
    mlp_buf_adds(b, ",\"signature\":");
    mlp_buf_add(b, m->signature.p, m->signature.n);
    mlp_buf_addc(b, '}');
}

static void add_route(const struct mlp_lanes *route, struct mlp_buf *b)
{
    mlp_buf_adds(b, "{\"route\":");
    mlp_buf_addquoted(b, mlp_str_from(route->name));
    mlp_buf_adds(b, ",\"targets\":[");
    for (size_t i = 0; i < route->n; i++) {
        if (i)
            mlp_buf_addc(b, ',');
        add_lane(&route->lane[i], b);
    }
    mlp_buf_adds(b, "]}");
}

static void on_model(struct mlp_asking *q, struct mlp_str name)
{
    struct mlp_buf *b = &q->response->body;
    if (name.n && !mlp_set_route(q->set, name)) {
        answer_no_route(q, name);
        return;
    }
    answer_json(q->response, 200);
    mlp_buf_adds(b, "{\"routes\":[");
    bool first = true;
    for (size_t i = 0; i < q->set->nroutes; i++) {
        if (name.n && !mlp_str_is(name, q->set->routes[i].name))
            continue;
        if (!first)
            mlp_buf_addc(b, ',');
        add_route(&q->set->routes[i], b);
        first = false;
    }
    mlp_buf_adds(b, "]}\n");
}

static void on_healthz(struct mlp_asking *q, struct mlp_str name)
{
    (void)name;
    answer_json(q->response, 200);
    mlp_buf_adds(&q->response->body, "{\"status\":\"alive\"}\n");
}

static void on_readyz(struct mlp_asking *q, struct mlp_str name)
{
    bool ready = !mlp_http_draining(q->serve->http);
    (void)name;
    answer_json(q->response, ready ? 200 : 503);
    mlp_buf_adds(&q->response->body, ready ? "{\"ready\":true}\n" : "{\"ready\":false}\n");
}

static void on_metrics(struct mlp_asking *q, struct mlp_str name)
{
    (void)name;
    q->response->content_type = "text/plain; version=0.0.4; charset=utf-8";
    mlp_meter_page(q->serve, q->set, &q->response->body);
}

/* --- finding the route --- */

struct path {
    const char *path;   /* with a slash at its end: a name follows */
    const char *method;
    enum mlp_kind kind;
    void (*answer)(struct mlp_asking *q, struct mlp_str name);
};

static const struct path paths[] = {
    {"/predict", "POST", MLP_KIND_PREDICT, on_predict},
    {"/predict/", "POST", MLP_KIND_PREDICT, on_predict},
    {"/healthz", "GET", MLP_KIND_HEALTHZ, on_healthz},
    {"/readyz", "GET", MLP_KIND_READYZ, on_readyz},
    {"/metrics", "GET", MLP_KIND_METRICS, on_metrics},
    {"/model", "GET", MLP_KIND_MODEL, on_model},
    {"/model/", "GET", MLP_KIND_MODEL, on_model},
    {"/", "GET", MLP_KIND_MODEL, on_model},
};

/* The table's row for a path; what follows a path with a slash at its end is *name. */
static const struct path *find_path(struct mlp_str path, struct mlp_str *name)
{
    *name = (struct mlp_str){0};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        size_t n = strlen(paths[i].path);
        if (path.n < n || memcmp(path.p, paths[i].path, n) != 0)
            continue;
        bool takes_name = n > 1 && paths[i].path[n - 1] == '/';
        if (path.n == n ? !takes_name : takes_name) {
            *name = (struct mlp_str){path.p + n, path.n - n};
            return &paths[i];
        }
    }
    return NULL;
}

static enum mlp_kind dispatch(struct mlp_asking *q)
{
    struct mlp_str name, method = q->request->method;
    const struct path *path = find_path(q->request->path, &name);
    if (!path) {
        answer_error(q, 404, "no such route",
                     "POST /predict, GET /model, /healthz, /readyz or /metrics");
        return MLP_KIND_OTHER;
    }
    bool head = path->method[0] == 'G' && mlp_str_is(method, "HEAD");
    if (!mlp_str_is(method, path->method) && !head) {
        answer_error(q, 405, "method not allowed here", NULL);
        mlp_buf_addf(&q->response->extra, "Allow: %s\r\n",
                     path->method[0] == 'G' ? "GET, HEAD" : "POST");
        return path->kind;
    }
    path->answer(q, name);
    return path->kind;
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
    q.row = 0;
    q.set = mlp_sets_enter(s->sets, q.thread);
    atomic_store_explicit(&agent->meter.in_flight, 1, memory_order_relaxed);
    enum mlp_kind kind = dispatch(&q);
    atomic_store_explicit(&agent->meter.in_flight, 0, memory_order_relaxed);
    mlp_sets_leave(s->sets, q.thread);
    if (!response->later)
        mlp_meter_request(&agent->meter, kind, response->status,
                          mlp_os_monotonic_ns() - q.start_ns);
}

static void answered(void *ctx, unsigned thread, int status, uint64_t start_ns)
{
    struct mlp_serve *s = ctx;
    mlp_meter_request(&s->agents[thread].meter, MLP_KIND_PREDICT, status,
                      mlp_os_monotonic_ns() - start_ns);
}

static void after(void *ctx, unsigned thread)
{
    struct mlp_serve *s = ctx;
    if (s->agents[thread].debts.items.n)
        mlp_shadow_pay(s, thread);
}

static void tick(void *ctx)
{
    mlp_keeper_tick(ctx);
}

static void reload(void *ctx)
{
    struct mlp_serve *s = ctx;
    if (s->predlog)
        mlp_predlog_reopen(s->predlog);
    mlp_keeper_force(s);
}

/* --- life --- */

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
    }
    free(s->agents);
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
        code = mlp_keeper_start(s, e);
    if (code == MLP_OK)
        code = mlp_set_load(&s->config, s->threads, NULL, &set, e);
    if (code == MLP_OK)
        mlp_sets_swap(s->sets, set);
    if (code == MLP_OK && s->config.log_path)
        code = mlp_predlog_open(s->config.log_path, s->threads, s->config.log, &s->predlog, e);
    return code;
}

enum mlp_code mlp_serve_new(const struct mlp_serve_config *config, struct mlp_serve **out,
                            struct mlp_err *e)
{
    struct mlp_serve *s = calloc(1, sizeof *s);
    *out = NULL;
    if (!s)
        return mlp_err_nomem(e);
    s->config = *config;
    s->threads = config->threads ? config->threads : mlp_os_cpus();
    s->config.max_rows = config->max_rows ? config->max_rows : USUAL_ROWS;
    s->started_ns = mlp_os_monotonic_ns();
    s->started_s = mlp_os_now_ns() / 1000000000;
    const struct mlp_http_config http = {
        .address = config->address, .threads = s->threads, .limits = config->limits,
        .tls = config->tls,
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
    mlp_predlog_close(s->predlog);
    free_agents(s);
    free(s);
}
