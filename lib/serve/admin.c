/* Orders, by the admin's socket alone: what the server is at, reload, drain. */
#include "serve/routes.h"

#include "base/opt.h"
#include "base/os.h"

void mlp_on_admin(struct mlp_asking *q)
{
    const struct mlp_serve *s = q->serve;
    struct mlp_buf *b = &q->response->body;
    mlp_answer_json(q, 200);
    mlp_buf_adds(b, "{\"version\":");
    mlp_buf_addquoted(b, mlp_str_from(mlp_version()));
    mlp_buf_adds(b, ",\"listen\":");
    mlp_buf_addquoted(b, mlp_str_from(mlp_http_address(s->http)));
    mlp_buf_addf(b, ",\"draining\":%s,\"uptime_s\":%.3f,\"threads\":%u,\"reloads\":%llu,",
                 mlp_http_draining(s->http) ? "true" : "false",
                 (double)(mlp_os_monotonic_ns() - s->started_ns) / 1e9, s->threads,
                 (unsigned long long)atomic_load(&s->reloads));
    mlp_buf_addf(b, "\"reloads_refused\":%llu,", (unsigned long long)atomic_load(&s->refusals));
    mlp_answer_routes(q);
}

void mlp_on_admin_reload(struct mlp_asking *q)
{
    mlp_serve_reopen(q->serve);
    q->response->later = mlp_keeper_ask(q->serve, q->request->connection);
    if (!q->response->later)
        mlp_answer_error(q, 409, "a reload is under way", "ask again when it is done");
}

void mlp_on_admin_drain(struct mlp_asking *q)
{
    mlp_answer_json(q, 202);
    mlp_buf_adds(&q->response->body, "{\"draining\":true}\n");
    mlp_http_stop(q->serve->http);
}
