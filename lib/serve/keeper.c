/* The thread that keeps the models up to date: it watches one file and reloads when it changes. */
#include "serve/inside.h"

#include "base/os.h"
#include "base/thread.h"
#include "registry/registry.h"

#include <stdlib.h>

#define RETRY_TICKS 10u

struct mlp_keeper {
    struct mlp_monitor *monitor;
    struct mlp_thread *thread;
    bool look, force, stop;      /* guarded by the monitor */
    void *asker;                 /* connection that waits for the reload; guarded too */
    char path[4160];             /* the file watched; empty: none */
    struct mlp_stat seen;        /* as it was when it was last loaded, or tried */
    unsigned retry;              /* ticks until a refused set is tried again; 0: not refused */
};

/* What tells that the set is another one: the deployment file, or the registry's log when a model
 * was named by alias. */
static void choose_path(struct mlp_keeper *k, const struct mlp_serve_config *c)
{
    char dir[4096];
    struct mlp_stat st;
    if (c->deployment)
        mlp_str_copy(mlp_str_from(c->deployment), k->path, sizeof k->path);
    else if (c->model && strchr(c->model, '@') &&
             mlp_os_stat(c->model, false, &st, NULL) == MLP_OK && !st.exists &&
             mlp_registry_path(c->registry, dir, sizeof dir, NULL) == MLP_OK)
        snprintf(k->path, sizeof k->path, "%s/log.ndjson", dir);
}

static bool same_file(const struct mlp_stat *a, const struct mlp_stat *b)
{
    return a->exists == b->exists && a->inode == b->inode && a->size == b->size &&
           a->mtime_s == b->mtime_s && a->mtime_ns == b->mtime_ns;
}

static void look_at(const struct mlp_keeper *k, struct mlp_stat *st)
{
    if (!k->path[0] || mlp_os_stat(k->path, false, st, NULL) != MLP_OK)
        *st = (struct mlp_stat){0};
}

static void tell_lane(const struct mlp_serve *s, const char *event, const char *route,
                      const struct mlp_lane *lane)
{
    const struct mlp_served *m = lane->served;
    const struct mlp_log_field fields[] = {
        {"route", route, 0}, {"arm", mlp_arm_name(lane->role), 0},
        {"weight", NULL, lane->weight}, {"model", m->name, 0},
        {"version", NULL, (double)m->version}, {"digest", m->digest, 0}, {0}};
    mlp_log_line(s->config.log, MLP_INFO, event, fields);
}

void mlp_keeper_tell(const struct mlp_serve *s, const struct mlp_set *set, const char *event)
{
    for (size_t i = 0; i < set->nroutes; i++)
        for (size_t j = 0; j < set->routes[i].n; j++)
            tell_lane(s, event, set->routes[i].name, &set->routes[i].lane[j]);
}

static void tell_refusal(const struct mlp_serve *s, const struct mlp_err *e)
{
    char text[1024];
    mlp_err_format(e, text, sizeof text);
    const struct mlp_log_field fields[] = {
        {"why", text, 0}, {"hint", e->hint[0] ? e->hint : "the models that served go on", 0}, {0}};
    mlp_log_line(s->config.log, MLP_ERROR, "swap_refused", fields);
}

enum mlp_code mlp_serve_reload(struct mlp_serve *s, bool *changed, struct mlp_err *e)
{
    struct mlp_set *now = mlp_sets_now(s->sets), *next = NULL;
    *changed = false;
    enum mlp_code code = mlp_set_load(&s->config, s->threads, now, &next, e);
    if (code != MLP_OK) {
        atomic_fetch_add(&s->refusals, 1);
        return code;
    }
    if (mlp_set_same(now, next)) {
        mlp_set_free(next);
        return MLP_OK;
    }
    *changed = true;
    atomic_fetch_add(&s->reloads, 1);
    mlp_sets_swap(s->sets, next);
    mlp_keeper_tell(s, next, "swap");
    return MLP_OK;
}

/* Tells the one who asked. asker NULL: nobody did. */
static void answer(struct mlp_serve *s, void *asker, bool changed, const struct mlp_err *e)
{
    struct mlp_buf body;
    char text[1024];
    if (!asker)
        return;
    mlp_buf_init(&body, 8192);
    if (e->code == MLP_OK) {
        mlp_buf_addf(&body, "{\"changed\":%s}\n", changed ? "true" : "false");
    } else {
        mlp_err_format(e, text, sizeof text);
        mlp_buf_adds(&body, "{\"error\":");
        mlp_buf_addquoted(&body, mlp_str_from(text));
        mlp_buf_adds(&body, ",\"hint\":\"the models that served go on\"}\n");
    }
    mlp_http_answer(s->http, asker, e->code == MLP_OK ? 200 : 409, &body);
}

static void reload(struct mlp_serve *s, bool forced, void *asker)
{
    struct mlp_keeper *k = s->keeper;
    struct mlp_err e;
    bool changed;
    mlp_err_init(&e);
    look_at(k, &k->seen); /* before loading: a change while loading is seen next time */
    enum mlp_code code = mlp_serve_reload(s, &changed, &e);
    bool again = k->retry > 0;
    k->retry = code == MLP_OK ? 0 : RETRY_TICKS;
    answer(s, asker, changed, &e);
    if (code != MLP_OK && (!again || forced))
        tell_refusal(s, &e);
    else if (code == MLP_OK && forced && !changed)
        mlp_keeper_tell(s, mlp_sets_now(s->sets), "unchanged");
}

static void look(struct mlp_serve *s)
{
    struct mlp_keeper *k = s->keeper;
    struct mlp_stat st;
    look_at(k, &st);
    bool moved = k->path[0] && !same_file(&st, &k->seen);
    if (moved)
        k->retry = 0; /* another file: its refusal is news */
    if (moved || k->retry == 1)
        reload(s, false, NULL);
    else if (k->retry)
        k->retry--;
}

/* A live profile that cannot go on is told about once a time; what serves goes on. */
static void tick_lives(struct mlp_serve *s)
{
    struct mlp_set *set = mlp_sets_now(s->sets);
    uint64_t now = mlp_os_monotonic_ns();
    for (size_t i = 0; set && i < set->nroutes; i++) {
        for (size_t j = 0; j < set->routes[i].n; j++) {
            struct mlp_served *m = set->routes[i].lane[j].served;
            struct mlp_err e;
            mlp_err_init(&e);
            if (!m->live || mlp_live_tick(m->live, now, &e) == MLP_OK)
                continue;
            const struct mlp_log_field fields[] = {{"model", m->name, 0}, {"why", e.message, 0},
                                                   {0}};
            mlp_log_line(s->config.log, MLP_WARN, "live_profile", fields);
        }
    }
}

static void keep(void *serve)
{
    struct mlp_serve *s = serve;
    struct mlp_keeper *k = s->keeper;
    mlp_monitor_enter(k->monitor);
    while (!k->stop) {
        bool forced = k->force, looks = k->look;
        void *asker = forced ? k->asker : NULL;
        k->force = k->look = false;
        k->asker = forced ? NULL : k->asker;
        if (!forced && !looks) {
            mlp_monitor_wait(k->monitor);
            continue;
        }
        mlp_monitor_leave(k->monitor);
        if (forced)
            reload(s, true, asker);
        else
            look(s);
        tick_lives(s);
        if (forced)
            mlp_os_notify("READY=1");
        mlp_monitor_enter(k->monitor);
    }
    mlp_monitor_leave(k->monitor);
}

enum mlp_code mlp_keeper_start(struct mlp_serve *s, struct mlp_err *e)
{
    struct mlp_keeper *k = calloc(1, sizeof *k);
    s->keeper = k;
    if (!k)
        return mlp_err_nomem(e);
    choose_path(k, &s->config);
    look_at(k, &k->seen);
    enum mlp_code code = mlp_monitor_new(&k->monitor, e);
    return code == MLP_OK ? mlp_thread_start(&k->thread, keep, s, e) : code;
}

static void wake(struct mlp_keeper *k, bool *flag)
{
    mlp_monitor_enter(k->monitor);
    *flag = true;
    mlp_monitor_notify(k->monitor);
    mlp_monitor_leave(k->monitor);
}

void mlp_keeper_tick(struct mlp_serve *s)
{
    if (s->keeper->path[0] || s->config.live_window_ns)
        wake(s->keeper, &s->keeper->look);
}

void mlp_keeper_force(struct mlp_serve *s)
{
    wake(s->keeper, &s->keeper->force);
}

bool mlp_keeper_ask(struct mlp_serve *s, void *connection)
{
    struct mlp_keeper *k = s->keeper;
    mlp_monitor_enter(k->monitor);
    bool first = !k->asker;
    if (first) {
        k->asker = connection;
        k->force = true;
        mlp_monitor_notify(k->monitor);
    }
    mlp_monitor_leave(k->monitor);
    return first;
}

void mlp_keeper_stop(struct mlp_serve *s)
{
    struct mlp_keeper *k = s->keeper;
    if (!k)
        return;
    if (k->thread)
        wake(k, &k->stop);
    mlp_thread_join(k->thread);
    mlp_monitor_free(k->monitor);
    free(k);
    s->keeper = NULL;
}
