#include "serve/guard.h"

#include "base/os.h"
#include "serve/grpc_infer.h"
#include "serve/guard_keep.h"
#include "serve/inside.h"

#include <stdlib.h>

#define CLIENTS 65536u

struct mlp_guard {
    struct mlp_guard_config config;
    struct mlp_porter *porter;      /* NULL: everybody may */
    struct mlp_limit *rates, *quotas;
    _Alignas(64) _Atomic uint64_t inflight;
};

/* --- answers --- */

static bool refuse(struct mlp_asking *q, int status, const char *why, const char *hint)
{
    struct mlp_http_response *a = q->response;
    a->status = status;
    a->content_type = "application/json";
    if (q->request->grpc) {
        mlp_buf_adds(&a->body, why);
        return false;
    }
    mlp_buf_adds(&a->body, "{\"error\":");
    mlp_buf_addquoted(&a->body, mlp_str_from(why));
    if (hint) {
        mlp_buf_adds(&a->body, ",\"hint\":");
        mlp_buf_addquoted(&a->body, mlp_str_from(hint));
    }
    mlp_buf_adds(&a->body, "}\n");
    return false;
}

static void add_number(struct mlp_buf *b, const char *name, uint64_t n)
{
    mlp_buf_adds(b, name);
    mlp_buf_addu64(b, n);
    mlp_buf_adds(b, "\r\n");
}

/* --- origins (the Fetch standard, CORS protocol) --- */

static bool allowed_origin(const struct mlp_guard *g, struct mlp_str origin, bool *any)
{
    *any = false;
    for (size_t i = 0; i < g->config.norigins; i++) {
        *any = strcmp(g->config.origins[i], "*") == 0;
        if (*any || mlp_str_is(origin, g->config.origins[i]))
            return true;
    }
    return false;
}

/* False: it was a preflight, and is answered. */
static bool check_origin(const struct mlp_guard *g, struct mlp_asking *q)
{
    struct mlp_str origin = mlp_http_get(q->request, "origin");
    struct mlp_buf *extra = &q->response->extra;
    bool any, asks = mlp_str_is(q->request->method, "OPTIONS") &&
                     mlp_http_get(q->request, "access-control-request-method").n;
    bool allowed = origin.n && allowed_origin(g, origin, &any);
    mlp_buf_adds(extra, "Vary: Origin\r\n");
    if (allowed) {
        mlp_buf_adds(extra, "Access-Control-Allow-Origin: ");
        mlp_buf_addstr(extra, any ? MLP_STR("*") : origin);
        mlp_buf_adds(extra, "\r\nAccess-Control-Expose-Headers: RateLimit-Limit, "
                            "RateLimit-Remaining, RateLimit-Reset, Retry-After, X-Mlp-Arm, "
                            "X-Request-Id\r\n");
    }
    if (!origin.n || !asks)
        return true;
    if (!allowed)
        return refuse(q, 403, "this origin may not ask", NULL);
    mlp_buf_adds(extra, "Access-Control-Allow-Methods: GET, HEAD, POST\r\n"
                        "Access-Control-Allow-Headers: Authorization, Content-Type, X-API-Key, "
                        "X-Request-Id, X-Request-Key, Inference-Header-Content-Length\r\n"
                        "Access-Control-Max-Age: 600\r\n");
    q->response->status = 204;
    q->response->content_type = "text/plain";
    return false;
}

/* --- who --- */

static bool refuse_who(struct mlp_asking *q, enum mlp_auth_verdict verdict,
                       const struct mlp_auth_who *who)
{
    struct mlp_buf *extra = &q->response->extra;
    mlp_buf_adds(extra, "WWW-Authenticate: Bearer"); /* RFC 6750, section 3 */
    if (verdict == MLP_AUTH_DENIED) {
        mlp_buf_adds(extra, " error=\"insufficient_scope\", scope=\"");
        mlp_buf_addstr(extra, who->scope);
        mlp_buf_addc(extra, '"');
    } else if (verdict != MLP_AUTH_MISSING) {
        mlp_buf_adds(extra, " error=\"invalid_token\"");
    }
    mlp_buf_adds(extra, "\r\n");
    return refuse(q, verdict == MLP_AUTH_DENIED ? 403 : 401, who->why, NULL);
}

static bool check_who(struct mlp_guard *g, struct mlp_asking *q, struct mlp_str path,
                      struct mlp_auth_who *who)
{
    const struct mlp_auth *a = mlp_porter_enter(g->porter, q->thread);
    const struct mlp_http_request *r = q->request;
    struct mlp_http_request as;
    if (r->grpc) {
        as = *r;
        as.path = path;
        r = &as;
    }
    enum mlp_auth_verdict verdict = mlp_auth_check(a, r, mlp_os_now_ns() / 1000000000, who);
    bool passes = verdict == MLP_AUTH_ANYBODY || verdict == MLP_AUTH_KNOWN;
    if (!passes)
        refuse_who(q, verdict, who);
    mlp_porter_leave(g->porter, q->thread);
    if (verdict == MLP_AUTH_STALE)
        mlp_porter_wake(g->porter, MLP_PORTER_FETCH);
    return passes;
}

/* --- how often --- */

static bool refuse_often(struct mlp_asking *q, const struct mlp_limit_state *state,
                         const char *why)
{
    add_number(&q->response->extra, "Retry-After: ", state->retry_s);
    return refuse(q, 429, why, "wait as long as Retry-After says");
}

static bool check_often(struct mlp_guard *g, struct mlp_asking *q, struct mlp_auth_who *who)
{
    const struct mlp_rate *rate = who->rate.n ? &who->rate : &g->config.rate;
    const struct mlp_rate *quota = who->quota.n ? &who->quota : &g->config.quota;
    struct mlp_buf *extra = &q->response->extra;
    struct mlp_limit_state state;
    if (!rate->n && !quota->n)
        return true;
    if (!who->client[0])
        mlp_http_peer(q->request, who->client);
    struct mlp_str client = mlp_str_from(who->client);
    if (quota->n) {
        mlp_limit_take(g->quotas, client, quota, q->start_ns, &state);
        if (!state.admitted)
            return refuse_often(q, &state, "the quota is used up");
    }
    if (!rate->n)
        return true;
    mlp_limit_take(g->rates, client, rate, q->start_ns, &state);
    add_number(extra, "RateLimit-Limit: ", state.limit);
    add_number(extra, "RateLimit-Remaining: ", state.remaining);
    add_number(extra, "RateLimit-Reset: ", state.reset_s);
    return state.admitted || refuse_often(q, &state, "too many requests");
}

/* --- all of it --- */

/* What the platforms whose protocols are spoken ask to see whether the server lives. */
static bool is_probe(struct mlp_str path)
{
    static const char *const paths[] = {"/healthz", "/readyz", "/v2/health/live",
                                        "/v2/health/ready", "/ping", "/health"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        if (mlp_str_is(path, paths[i]))
            return true;
    return false;
}

static bool check_load(struct mlp_guard *g, struct mlp_asking *q, uint64_t inflight)
{
    if (!g->config.max_inflight || inflight <= g->config.max_inflight)
        return true;
    mlp_buf_adds(&q->response->extra, "Retry-After: 1\r\n");
    return refuse(q, 503, "too many requests wait for an answer", "try again in a moment");
}

bool mlp_guard_admit(struct mlp_guard *g, struct mlp_asking *q)
{
    struct mlp_auth_who who;
    char text[MLP_GRPC_REST_PATH];
    if (!g)
        return true;
    struct mlp_str path = q->request->grpc ? mlp_grpc_as_rest(q->request, text) : q->request->path;
    uint64_t inflight = atomic_fetch_add_explicit(&g->inflight, 1, memory_order_relaxed) + 1;
    if (q->request->admin)
        return true; /* the file's mode let them in */
    if (g->config.norigins && !check_origin(g, q))
        return false;
    if (is_probe(path) && !g->porter)
        return true;
    who.client[0] = 0;
    who.rate = who.quota = (struct mlp_rate){0};
    if (g->porter && !check_who(g, q, path, &who))
        return false;
    return is_probe(path) || (check_load(g, q, inflight) && check_often(g, q, &who));
}

void mlp_guard_done(struct mlp_guard *g)
{
    if (g)
        atomic_fetch_sub_explicit(&g->inflight, 1, memory_order_relaxed);
}

void mlp_guard_tick(struct mlp_guard *g)
{
    if (g && g->porter)
        mlp_porter_wake(g->porter, MLP_PORTER_LOOK);
}

void mlp_guard_force(struct mlp_guard *g)
{
    if (g && g->porter)
        mlp_porter_wake(g->porter, MLP_PORTER_FORCE);
}

enum mlp_code mlp_guard_new(const struct mlp_guard_config *config, unsigned threads,
                            const struct mlp_log *log, struct mlp_guard **out, struct mlp_err *e)
{
    *out = NULL;
    if (!config->auth && !config->rate.n && !config->quota.n && !config->max_inflight &&
        !config->norigins)
        return MLP_OK;
    struct mlp_guard *g = aligned_alloc(64, sizeof *g);
    if (!g)
        return mlp_err_nomem(e);
    memset(g, 0, sizeof *g);
    g->config = *config;
    enum mlp_code code = mlp_limit_new(CLIENTS, &g->rates, e);
    if (code == MLP_OK)
        code = mlp_limit_new(CLIENTS, &g->quotas, e);
    if (code == MLP_OK && config->auth)
        code = mlp_porter_new(config->auth, threads, log, &g->porter, e);
    if (code == MLP_OK)
        *out = g;
    else
        mlp_guard_free(g);
    return code;
}

void mlp_guard_free(struct mlp_guard *g)
{
    if (!g)
        return;
    mlp_porter_free(g->porter);
    mlp_limit_free(g->rates);
    mlp_limit_free(g->quotas);
    free(g);
}
