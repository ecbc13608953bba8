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

/* The lane of ?arm=NAME, else the first that has a live profile. */
static const struct mlp_lane *find_live(const struct mlp_lanes *route, struct mlp_str arm)
{
    for (size_t i = 0; i < route->n; i++) {
        const struct mlp_lane *lane = &route->lane[i];
        if (lane->served->live && (!arm.n || mlp_str_is(arm, mlp_arm_name(lane->role))))
            return lane;
    }
    return NULL;
}

void mlp_on_admin_profile(struct mlp_asking *q)
{
    struct mlp_str query = q->request->query, part, arm = {0};
    bool window = false;
    while (query.p && mlp_str_split(&query, '&', &part)) {
        if (mlp_str_starts(part, "arm="))
            arm = (struct mlp_str){part.p + 4, part.n - 4};
        window = window || mlp_str_is(part, "window=true");
    }
    const struct mlp_lanes *route = mlp_set_route(q->set, q->part[0]);
    if (!route) {
        mlp_answer_no_route(q, q->part[0]);
        return;
    }
    const struct mlp_lane *lane = find_live(route, arm);
    if (!lane) {
        mlp_answer_error(q, 404, "there is no live profile of it",
                         "serve a package with a profile, or give --profile");
        return;
    }
    mlp_answer_json(q, 200);
    mlp_live_write(lane->served->live, window, &q->response->body);
}
