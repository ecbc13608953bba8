/* What every protocol does around a prediction. */
#include "serve/routes.h"

#define KEPT ((size_t)1 << 20)

/* --- which arm --- */

uint64_t mlp_run_version(const struct mlp_served *s)
{
    return s->version ? s->version : 1;
}

/* A route by its own name, or by the name of a model that it serves. */
static const struct mlp_lanes *find_route(const struct mlp_set *set, struct mlp_str name)
{
    const struct mlp_lanes *route = mlp_set_route(set, name);
    for (size_t i = 0; !route && name.n && i < set->nroutes; i++)
        if (mlp_str_is(name, set->routes[i].lane[0].served->name))
            route = &set->routes[i];
    return route;
}

static bool lane_is(const struct mlp_asking *q, const struct mlp_lane *lane)
{
    uint64_t version;
    if (q->by_label)
        return mlp_str_is(q->part[1], mlp_arm_name(lane->role));
    return mlp_str_u64(q->part[1], &version) && version == mlp_run_version(lane->served);
}

static const struct mlp_lane *choose(struct mlp_asking *q, const struct mlp_lanes *route)
{
    for (size_t i = 0; q->part[1].n && i < route->n; i++)
        if (route->lane[i].role != MLP_ARM_SHADOW && lane_is(q, &route->lane[i]))
            return &route->lane[i];
    if (q->part[1].n)
        return NULL;
    if (route->n == 1)
        return &route->lane[0];
    struct mlp_str key = mlp_http_get(q->request, "x-request-key");
    return mlp_lanes_pick(route, key, key.n ? 0 : q->agent->turn++);
}

bool mlp_run_find(struct mlp_run *r, struct mlp_asking *q)
{
    r->q = q;
    r->route = find_route(q->set, q->part[0]);
    if (!r->route) {
        mlp_answer_no_route(q, q->part[0]);
        return false;
    }
    r->lane = choose(q, r->route);
    if (r->lane)
        return true;
    mlp_err_init(&r->e);
    mlp_err_set(&r->e, MLP_ENOTFOUND, "\"%s\" has no %s \"%.*s\"", r->route->name,
                q->by_label ? "label" : "version",
                (int)(q->part[1].n < 100 ? q->part[1].n : 100), q->part[1].p);
    mlp_answer_failure(q, &r->e);
    return false;
}

/* --- around a prediction --- */

enum mlp_wish mlp_run_wish(const struct mlp_asking *q)
{
    struct mlp_str query = q->request->query, part;
    enum mlp_wish wish = MLP_WISH_USUAL;
    while (query.p && mlp_str_split(&query, '&', &part)) {
        if (mlp_str_is(part, "probabilities=true") || mlp_str_is(part, "probabilities=1"))
            wish = MLP_WISH_YES;
        else if (mlp_str_is(part, "probabilities=false") || mlp_str_is(part, "probabilities=0"))
            wish = MLP_WISH_NO;
    }
    return wish;
}

/* --- a command --- */

static void count_rows(const struct mlp_asking *q, const struct mlp_lane *lane, size_t rows)
{
    mlp_meter_add(&lane->served->tally[q->thread].rows[lane->role], rows);
}

/* The answer comes later, from the thread of the command, which has the job from here on. */
static void push_job(struct mlp_asking *q, const struct mlp_lane *lane, struct mlp_job *job)
{
    size_t rows = job->n;
    job->owner = q->serve;
    job->connection = q->request->connection;
    q->response->later = mlp_command_push(lane->served->command, job);
    if (q->response->later) {
        count_rows(q, lane, rows);
        return;
    }
    mlp_job_free(job);
    mlp_answer_error(q, 503, "too many rows wait for the model", "try again in a moment");
    mlp_buf_adds(&q->response->extra, "Retry-After: 1\r\n");
}

static void ask_command(struct mlp_asking *q, const struct mlp_lane *lane)
{
    struct mlp_job *job = NULL;
    struct mlp_err e;
    enum mlp_wish wish = mlp_run_wish(q);
    mlp_err_init(&e);
    if (q->foreign || q->event) {
        mlp_err_set(&e, MLP_EINPUT, "the model is a command: its features are not known");
        mlp_err_hint(&e, "send JSON to /predict");
    }
    enum mlp_code code = e.code ? e.code : mlp_job_new(q->body, &job, &e);
    if (!code && job->n > q->serve->config.max_rows)
        code = mlp_err_set(&e, MLP_EINPUT, "more than %llu rows",
                           (unsigned long long)q->serve->config.max_rows);
    if (code) {
        mlp_job_free(job);
        mlp_answer_failure(q, &e);
        return;
    }
    job->probabilities = wish == MLP_WISH_YES || (job->single && wish == MLP_WISH_USUAL);
    push_job(q, lane, job);
}

bool mlp_run_is_command(const struct mlp_asking *q)
{
    return q->set->routes[0].lane[0].served->command != NULL;
}

void mlp_run_job(struct mlp_run *r, struct mlp_job *job, enum mlp_code code)
{
    if (code == MLP_OK && job->n > r->q->serve->config.max_rows)
        code = mlp_err_set(&r->e, MLP_EINPUT, "more than %llu rows",
                           (unsigned long long)r->q->serve->config.max_rows);
    if (code == MLP_OK) {
        push_job(r->q, r->lane, job);
        return;
    }
    mlp_job_free(job);
    mlp_answer_failure(r->q, &r->e);
}

/* --- before and after --- */

bool mlp_run_begin(struct mlp_run *r, struct mlp_asking *q)
{
    struct mlp_serve *s = q->serve;
    if (!mlp_run_find(r, q))
        return false;
    mlp_err_init(&r->e);
    if (r->lane->served->command) {
        ask_command(q, r->lane);
        return false;
    }
    q->logged = false;
    if (s->predlog || r->route->shadowed)
        mlp_record_id(q);
    bool watched = q->logged || r->lane->served->live || (r->route->shadowed && q->foreign);
    r->w = &r->lane->served->scratch[q->thread];
    mlp_arena_reset(&r->w->strings);
    r->p = (struct mlp_predict){
        .served = r->lane->served, .thread = q->thread, .arm = r->lane->role,
        .ignore_extra = s->config.ignore_extra, .max_rows = s->config.max_rows,
        .probabilities = mlp_run_wish(q), .ctx = q,
        .outcomes = r->route->shadowed ? &q->agent->debts.outcomes : NULL,
        .seen = watched ? mlp_record_rows : NULL,
    };
    q->first = q->agent->debts.outcomes.n;
    q->arm = r->lane->role;
    q->route = r->route;
    q->served = r->lane->served;
    mlp_buf_reset(&q->agent->replay);
    return true;
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

/* What a large request needed is not kept. */
static void shrink(struct mlp_run *r)
{
    if (r->q->agent->spare.cap > KEPT)
        mlp_buf_fini(&r->q->agent->spare);
    if (r->w->strings.held > KEPT)
        mlp_arena_fini(&r->w->strings);
}

bool mlp_run_end(struct mlp_run *r, enum mlp_code code)
{
    struct mlp_asking *q = r->q;
    shrink(r);
    if (q->serve->predlog)
        mlp_record_commit(q, code == MLP_OK);
    if (code != MLP_OK) {
        q->agent->debts.outcomes.n = q->first;
        mlp_answer_failure(q, &r->e);
        return false;
    }
    add_fields(q);
    if (r->p.outcomes)
        mlp_shadow_owe(q, r->route);
    return true;
}
