/* Paths, the form of errors, and the routes that predict nothing. */
#include "serve/grpc_infer.h"
#include "serve/proto_body.h"
#include "serve/proto_event.h"
#include "serve/routes.h"

#include "base/os.h"

/* --- answers --- */

void mlp_answer_json(struct mlp_asking *q, int status)
{
    q->response->status = status;
    q->response->content_type = "application/json";
}

/* MLflow's names of what went wrong (its ErrorCode enumeration). */
static const char *mlflow_code(int status)
{
    return status == 404   ? "RESOURCE_DOES_NOT_EXIST"
           : status == 503 ? "TEMPORARILY_UNAVAILABLE"
           : status >= 500 ? "INTERNAL_ERROR"
                           : "BAD_REQUEST";
}

void mlp_answer_error(struct mlp_asking *q, int status, const char *message, const char *hint)
{
    struct mlp_buf *b = &q->response->body;
    bool mlflow = q->dialect == MLP_DIALECT_MLFLOW;
    mlp_buf_reset(b);
    mlp_answer_json(q, status);
    if (q->dialect == MLP_DIALECT_GRPC) {
        mlp_buf_adds(b, message);
        if (hint && hint[0])
            mlp_buf_addf(b, "; %s", hint);
        return;
    }
    if (mlflow)
        mlp_buf_addf(b, "{\"error_code\":\"%s\",\"message\":", mlflow_code(status));
    else
        mlp_buf_adds(b, "{\"error\":");
    mlp_buf_addquoted(b, mlp_str_from(message));
    if (hint && hint[0] && q->dialect != MLP_DIALECT_ERROR) {
        mlp_buf_adds(b, ",\"hint\":");
        mlp_buf_addquoted(b, mlp_str_from(hint));
    }
    mlp_buf_adds(b, "}\n");
}

void mlp_answer_failure(struct mlp_asking *q, const struct mlp_err *e)
{
    char text[sizeof e->message + sizeof e->hint + 80];
    int n = 0, status = e->code == MLP_EINPUT ? 400 : e->code == MLP_ENOTFOUND ? 404 : 500;
    if (e->line && e->column)
        n = snprintf(text, sizeof text, "line %llu, column %llu: ", (unsigned long long)e->line,
                     (unsigned long long)e->column);
    else if (e->line)
        n = snprintf(text, sizeof text, "line %llu: ", (unsigned long long)e->line);
    n += snprintf(text + n, sizeof text - (size_t)n, "%s", e->message);
    if (q->dialect == MLP_DIALECT_ERROR && e->hint[0])
        snprintf(text + n, sizeof text - (size_t)n, "; %s", e->hint);
    mlp_answer_error(q, status, text, e->hint);
}

void mlp_answer_no_route(struct mlp_asking *q, struct mlp_str name)
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
    mlp_answer_error(q, 404, message, hint.failed ? NULL : hint.p);
    mlp_buf_fini(&hint);
}

/* --- what the server says of itself --- */

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

void mlp_answer_routes(struct mlp_asking *q)
{
    struct mlp_str name = q->part[0];
    struct mlp_buf *b = &q->response->body;
    bool first = true;
    mlp_buf_adds(b, "\"routes\":[");
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

static void on_model(struct mlp_asking *q)
{
    if (q->part[0].n && !mlp_set_route(q->set, q->part[0])) {
        mlp_answer_no_route(q, q->part[0]);
        return;
    }
    mlp_answer_json(q, 200);
    mlp_buf_addc(&q->response->body, '{');
    mlp_answer_routes(q);
}

/* Clients of KServe V1 ask here whether the server lives. */
static void on_root(struct mlp_asking *q)
{
    mlp_answer_json(q, 200);
    mlp_buf_adds(&q->response->body, "{\"status\":\"alive\",");
    mlp_answer_routes(q);
}

static void on_healthz(struct mlp_asking *q)
{
    mlp_answer_json(q, 200);
    mlp_buf_adds(&q->response->body, "{\"status\":\"alive\"}\n");
}

static void on_readyz(struct mlp_asking *q)
{
    bool ready = !mlp_http_draining(q->serve->http);
    mlp_answer_json(q, ready ? 200 : 503);
    mlp_buf_adds(&q->response->body, ready ? "{\"ready\":true}\n" : "{\"ready\":false}\n");
}

static void on_metrics(struct mlp_asking *q)
{
    struct mlp_str accept = mlp_http_get(q->request, "accept");
    static const char type[] = "application/openmetrics-text";
    bool open = accept.n && memmem(accept.p, accept.n, type, sizeof type - 1);
    q->response->content_type = open ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                                     : "text/plain; version=0.0.4; charset=utf-8";
    mlp_meter_page(q->serve, q->set, open, &q->response->body);
}

static void on_predict_label(struct mlp_asking *q)
{
    q->by_label = true;
    mlp_on_v1_predict(q);
}

/* --- finding the route --- */

struct path {
    const char *pattern; /* a star is one name: no slash, no colon */
    char method;         /* G: GET or HEAD, P: POST */
    uint8_t kind, dialect;
    void (*answer)(struct mlp_asking *q);
};

static const struct path paths[] = {
    {"/predict", 'P', MLP_KIND_PREDICT, MLP_DIALECT_OWN, mlp_on_predict},
    {"/predict/*", 'P', MLP_KIND_PREDICT, MLP_DIALECT_OWN, mlp_on_predict},
    {"/v2/models/*/infer", 'P', MLP_KIND_V2, MLP_DIALECT_ERROR, mlp_on_v2_infer},
    {"/v2/models/*/versions/*/infer", 'P', MLP_KIND_V2, MLP_DIALECT_ERROR, mlp_on_v2_infer},
    {"/v1/models/*:predict", 'P', MLP_KIND_V1, MLP_DIALECT_ERROR, mlp_on_v1_predict},
    {"/v1/models/*/versions/*:predict", 'P', MLP_KIND_V1, MLP_DIALECT_ERROR, mlp_on_v1_predict},
    {"/v1/models/*/labels/*:predict", 'P', MLP_KIND_V1, MLP_DIALECT_ERROR, on_predict_label},
    {"/invocations", 'P', MLP_KIND_INVOCATIONS, MLP_DIALECT_MLFLOW, mlp_on_invocations},
    {"/invocations/*", 'P', MLP_KIND_INVOCATIONS, MLP_DIALECT_MLFLOW, mlp_on_invocations},
    {"/explain", 'P', MLP_KIND_EXPLAIN, MLP_DIALECT_OWN, mlp_on_explain},
    {"/explain/*", 'P', MLP_KIND_EXPLAIN, MLP_DIALECT_OWN, mlp_on_explain},
    {"/v1/models/*:explain", 'P', MLP_KIND_EXPLAIN, MLP_DIALECT_ERROR, mlp_on_explain},
    {"/feedback", 'P', MLP_KIND_MODEL, MLP_DIALECT_OWN, mlp_on_feedback},
    {"/admin", 'G', MLP_KIND_ADMIN, MLP_DIALECT_OWN, mlp_on_admin},
    {"/admin/reload", 'P', MLP_KIND_ADMIN, MLP_DIALECT_OWN, mlp_on_admin_reload},
    {"/admin/drain", 'P', MLP_KIND_ADMIN, MLP_DIALECT_OWN, mlp_on_admin_drain},
    {"/admin/profile", 'G', MLP_KIND_ADMIN, MLP_DIALECT_OWN, mlp_on_admin_profile},
    {"/admin/profile/*", 'G', MLP_KIND_ADMIN, MLP_DIALECT_OWN, mlp_on_admin_profile},
    {"/openapi.json", 'G', MLP_KIND_MODEL, MLP_DIALECT_OWN, mlp_on_openapi},
    {"/docs", 'G', MLP_KIND_MODEL, MLP_DIALECT_OWN, mlp_on_docs},
    {"/docs/try.js", 'G', MLP_KIND_MODEL, MLP_DIALECT_OWN, mlp_on_docs_script},
    {"/docs/style.css", 'G', MLP_KIND_MODEL, MLP_DIALECT_OWN, mlp_on_docs_style},
    {"/", 'P', MLP_KIND_PREDICT, MLP_DIALECT_OWN, mlp_on_predict}, /* events are sent here */
    {"/ping", 'G', MLP_KIND_READYZ, MLP_DIALECT_MLFLOW, mlp_on_ping},
    {"/health", 'G', MLP_KIND_READYZ, MLP_DIALECT_MLFLOW, mlp_on_ping},
    {"/version", 'G', MLP_KIND_MODEL, MLP_DIALECT_MLFLOW, mlp_on_version},
    {"/healthz", 'G', MLP_KIND_HEALTHZ, MLP_DIALECT_OWN, on_healthz},
    {"/readyz", 'G', MLP_KIND_READYZ, MLP_DIALECT_OWN, on_readyz},
    {"/metrics", 'G', MLP_KIND_METRICS, MLP_DIALECT_OWN, on_metrics},
    {"/model", 'G', MLP_KIND_MODEL, MLP_DIALECT_OWN, on_model},
    {"/model/*", 'G', MLP_KIND_MODEL, MLP_DIALECT_OWN, on_model},
    {"/", 'G', MLP_KIND_MODEL, MLP_DIALECT_OWN, on_root},
    {"/v2", 'G', MLP_KIND_MODEL, MLP_DIALECT_ERROR, mlp_on_v2_server},
    {"/v2/", 'G', MLP_KIND_MODEL, MLP_DIALECT_ERROR, mlp_on_v2_server},
    {"/v2/health/live", 'G', MLP_KIND_HEALTHZ, MLP_DIALECT_ERROR, mlp_on_v2_live},
    {"/v2/health/ready", 'G', MLP_KIND_READYZ, MLP_DIALECT_ERROR, mlp_on_v2_ready},
    {"/v2/models/*", 'G', MLP_KIND_MODEL, MLP_DIALECT_ERROR, mlp_on_v2_model},
    {"/v2/models/*/versions/*", 'G', MLP_KIND_MODEL, MLP_DIALECT_ERROR, mlp_on_v2_model},
    {"/v2/models/*/config", 'G', MLP_KIND_MODEL, MLP_DIALECT_ERROR, mlp_on_v2_config},
    {"/v2/models/*/versions/*/config", 'G', MLP_KIND_MODEL, MLP_DIALECT_ERROR, mlp_on_v2_config},
    {"/v2/models/*/ready", 'G', MLP_KIND_READYZ, MLP_DIALECT_ERROR, mlp_on_v2_model_ready},
    {"/v2/models/*/versions/*/ready", 'G', MLP_KIND_READYZ, MLP_DIALECT_ERROR,
     mlp_on_v2_model_ready},
    {"/v2/repository/index", 'P', MLP_KIND_MODEL, MLP_DIALECT_ERROR, mlp_on_v2_index},
    {"/v2/repository/models/*/load", 'P', MLP_KIND_MODEL, MLP_DIALECT_ERROR, mlp_on_v2_load},
    {"/v2/repository/models/*/unload", 'P', MLP_KIND_MODEL, MLP_DIALECT_ERROR, mlp_on_v2_unload},
    {"/v1/models", 'G', MLP_KIND_MODEL, MLP_DIALECT_ERROR, mlp_on_v1_models},
    {"/v1/models/*", 'G', MLP_KIND_MODEL, MLP_DIALECT_ERROR, mlp_on_v1_status},
    {"/v1/models/*/versions/*", 'G', MLP_KIND_MODEL, MLP_DIALECT_ERROR, mlp_on_v1_status},
    {"/v1/models/*/metadata", 'G', MLP_KIND_MODEL, MLP_DIALECT_ERROR, mlp_on_v1_metadata},
    {"/v1/models/*/versions/*/metadata", 'G', MLP_KIND_MODEL, MLP_DIALECT_ERROR,
     mlp_on_v1_metadata},
};

static bool matches(const char *pattern, struct mlp_str path, struct mlp_str part[2])
{
    size_t at = 0, parts = 0;
    part[0] = part[1] = (struct mlp_str){0};
    for (; *pattern; pattern++) {
        if (*pattern != '*') {
            if (at == path.n || path.p[at] != *pattern)
                return false;
            at++;
            continue;
        }
        size_t start = at;
        while (at < path.n && path.p[at] != '/' && path.p[at] != ':')
            at++;
        if (at == start)
            return false;
        part[parts++] = (struct mlp_str){path.p + start, at - start};
    }
    return at == path.n;
}

static bool is_method(char method, struct mlp_str m)
{
    return method == 'P' ? mlp_str_is(m, "POST") : mlp_str_is(m, "GET") || mlp_str_is(m, "HEAD");
}

/* The table's row for a path. Of rows for other methods the last is *other. */
static const struct path *find_path(struct mlp_asking *q, const struct path **other)
{
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        if (paths[i].kind == MLP_KIND_ADMIN && !q->request->admin)
            continue; /* to others it does not exist */
        if (!matches(paths[i].pattern, q->request->path, q->part))
            continue;
        if (is_method(paths[i].method, q->request->method))
            return &paths[i];
        *other = &paths[i];
    }
    return NULL;
}

static enum mlp_kind refuse_path(struct mlp_asking *q, const struct path *other)
{
    q->dialect = other ? (enum mlp_dialect)other->dialect : MLP_DIALECT_OWN;
    if (!other) {
        mlp_answer_error(q, 404, "no such route",
                         "POST /predict; GET /docs tells the others");
        return MLP_KIND_OTHER;
    }
    mlp_answer_error(q, 405, "method not allowed here", NULL);
    mlp_buf_addf(&q->response->extra, "Allow: %s\r\n", other->method == 'G' ? "GET, HEAD" : "POST");
    return (enum mlp_kind)other->kind;
}

static void answer_post(struct mlp_asking *q, const struct path *path)
{
    struct mlp_event event;
    bool taken = mlp_body_take(q);
    if (taken && mlp_event_is_batch(q)) {
        mlp_event_batch(q, path->answer);
    } else if (taken && mlp_event_open(&event, q)) {
        path->answer(q);
        mlp_event_answer(&event, q);
    }
    mlp_body_drop(q);
}

/* Vertex AI says in its environment which paths it will ask. */
static const struct path *given_path(const struct mlp_asking *q)
{
    static const struct path predict = {"", 'P', MLP_KIND_PREDICT, MLP_DIALECT_OWN,
                                        mlp_on_invocations};
    static const struct path health = {"", 'G', MLP_KIND_READYZ, MLP_DIALECT_OWN, on_readyz};
    const struct mlp_serve_config *c = &q->serve->config;
    bool post = is_method('P', q->request->method);
    if (c->predict_route && post && mlp_str_is(q->request->path, c->predict_route))
        return &predict;
    bool asks = c->health_route && mlp_str_is(q->request->path, c->health_route);
    return asks && is_method('G', q->request->method) ? &health : NULL;
}

enum mlp_kind mlp_routes_dispatch(struct mlp_asking *q)
{
    const struct path *other = NULL, *path = given_path(q);
    q->by_label = q->event = false;
    q->part[0] = q->part[1] = (struct mlp_str){0};
    q->content_type = mlp_http_get(q->request, "content-type");
    if (q->request->grpc)
        return mlp_grpc_dispatch(q);
    if (!path)
        path = find_path(q, &other);
    if (!path)
        return refuse_path(q, other);
    q->dialect = (enum mlp_dialect)path->dialect;
    q->pattern = path->pattern;
    if (path->method == 'G')
        path->answer(q);
    else
        answer_post(q, path);
    return (enum mlp_kind)path->kind;
}
