#include "http/conn.h"

#include "base/os.h"
#include "base/thread.h"

#include <stddef.h>
#include <stdlib.h>

#define GRACE_MS 250u
#define RESPONSE_MAX ((size_t)256 << 20)
#define EXTRA_MAX ((size_t)8 << 10)

enum mlp_code mlp_loop_error(struct mlp_err *e, int status, const char *what)
{
    return mlp_err_set(e, MLP_EIO, "%s: %s", what, uv_strerror(status));
}

/* The tick that holds a deadline; at most one turn of the wheel ahead. */
static uint64_t slot_of(const struct mlp_loop *l, uint64_t deadline)
{
    uint64_t tick = deadline / MLP_WHEEL_TICK_MS + 1;
    uint64_t last = l->tick + MLP_WHEEL_SLOTS - 1;
    return tick > last ? last : tick <= l->tick ? l->tick + 1 : tick;
}

static void link_in(struct mlp_conn *c, uint64_t slot)
{
    struct mlp_conn **head = &c->loop->wheel[slot % MLP_WHEEL_SLOTS];
    c->slot = slot;
    c->next = *head;
    c->link = head;
    if (c->next)
        c->next->link = &c->next;
    *head = c;
}

static void link_out(struct mlp_conn *c)
{
    *c->link = c->next;
    if (c->next)
        c->next->link = c->link;
    c->link = NULL;
}

void mlp_loop_deadline(struct mlp_conn *c, unsigned ms)
{
    struct mlp_loop *l = c->loop;
    c->deadline = uv_now(&l->uv) + ms;
    uint64_t slot = slot_of(l, c->deadline);
    if (c->link && slot >= c->slot)
        return; /* found late, put back then */
    if (c->link)
        link_out(c);
    link_in(c, slot);
}

/* The loop ends when nothing is left to wait for. */
static void close_handles(struct mlp_loop *l)
{
    l->finished = true;
    mlp_monitor_enter(l->http->late);
    l->dead = true; /* who is left is an orphan */
    mlp_monitor_leave(l->http->late);
    if (l->index > 0) {
        atomic_fetch_sub(&l->http->others, 1);
        uv_async_send(&l->http->loops[0].wake);
    }
    uv_close((uv_handle_t *)&l->timer, NULL);
    uv_close((uv_handle_t *)&l->wake, NULL);
    for (size_t i = 0; l->index == 0 && i < 3; i++)
        uv_close((uv_handle_t *)&l->signals[i], NULL);
}

/* The first loop hears the signals: it stays until the others are done. */
static void end_if_empty(struct mlp_loop *l)
{
    bool last = l->index > 0 || atomic_load(&l->http->others) == 0;
    if (l->draining && !l->finished && l->open == 0 && last)
        close_handles(l);
}

void mlp_loop_forget(struct mlp_conn *c)
{
    struct mlp_loop *l = c->loop;
    if (c->link)
        link_out(c);
    l->open--;
    atomic_store_explicit(&l->counters.open, l->open, memory_order_relaxed);
    end_if_empty(l);
}

/* Looks at every connection of a slot: those whose time is up end, the others are put back. */
static void turn(struct mlp_loop *l, uint64_t now)
{
    struct mlp_conn *c = l->wheel[l->tick % MLP_WHEEL_SLOTS], *next;
    for (; c; c = next) {
        next = c->next;
        if (c->deadline <= now)
            mlp_conn_expire(c);
        if (!c->closing) {
            link_out(c);
            link_in(c, slot_of(l, c->deadline));
        }
    }
}

/* During a drain: idle connections go after the grace, all of them at its end. */
static void sweep(struct mlp_loop *l, uint64_t now)
{
    bool all = now >= l->drain_end || atomic_load(&l->http->stopping) > 1;
    for (size_t i = 0; i < MLP_WHEEL_SLOTS; i++) {
        struct mlp_conn *c = l->wheel[i], *next;
        for (; c; c = next) {
            next = c->next;
            bool idle = c->phase == MLP_CONN_NEW || c->phase == MLP_CONN_IDLE;
            if (all && !idle)
                mlp_count(&l->counters.cut, 1);
            if (all || (idle && now >= l->drain_at))
                mlp_conn_close(c);
        }
    }
}

/* HTTP/2 clients are told beforehand, so that they open no stream that would be lost. */
static void say_goaway(struct mlp_loop *l, bool at_once)
{
    for (size_t i = 0; i < MLP_WHEEL_SLOTS; i++) {
        struct mlp_conn *c = l->wheel[i], *next;
        for (; c; c = next) {
            next = c->next;
            if (!c->h2)
                continue;
            mlp_h2_goaway(c, at_once);
            mlp_conn_push(c);
        }
    }
}

/* New files of certificates, if there are any. */
static void renew(struct mlp_loop *l)
{
    bool changed = false;
    struct mlp_err e;
    mlp_err_init(&e);
    if (!l->http->tls || (mlp_tls_renew(l->http->tls, &changed, &e) == MLP_OK && !changed))
        return;
    const struct mlp_log_field fields[] = {
        {"file", e.source, 0}, {"message", e.message, 0}, {0}};
    mlp_log_line(l->http->config.log, changed ? MLP_INFO : MLP_WARN,
                 changed ? "certificate_renewed" : "certificate_refused",
                 changed ? NULL : fields);
}

static void on_timer(uv_timer_t *timer)
{
    struct mlp_loop *l = timer->data;
    const struct mlp_http_config *config = &l->http->config;
    uint64_t now = uv_now(&l->uv), upto = now / MLP_WHEEL_TICK_MS;
    mlp_h1_date(l);
    if (l->draining && !l->told && now >= l->drain_at) {
        l->told = true;
        say_goaway(l, true);
    }
    if (l->draining)
        sweep(l, now);
    while (l->tick < upto) {
        l->tick++;
        turn(l, now);
    }
    if (l->listener.starved)
        mlp_conn_accept(&l->listener, 0);
    if (l->admin.starved)
        mlp_conn_accept(&l->admin, 0);
    if (l->index == 0 && !l->draining && now / 1000 != l->second) {
        renew(l);
        if (config->tick)
            config->tick(config->ctx);
    }
    l->second = now / 1000;
}

static void tell_drain(const struct mlp_loop *l)
{
    struct mlp_http_stats s;
    mlp_http_stats(l->http, &s);
    const struct mlp_log_field fields[] = {{"connections", NULL, (double)s.open}, {0}};
    mlp_log_line(l->http->config.log, MLP_INFO, "drain", fields);
    mlp_os_notify("STOPPING=1");
}

/* Gives the answers of other threads to their connections. */
static void take_late(struct mlp_loop *l)
{
    mlp_monitor_enter(l->http->late);
    struct mlp_late *late = l->late, *next;
    l->late = NULL;
    mlp_monitor_leave(l->http->late);
    for (; late; late = next) {
        next = late->next;
        if (late->of_stream) {
            struct mlp_conn *c = mlp_h2_late(late);
            if (c)
                mlp_conn_push(c);
        } else {
            mlp_conn_late((struct mlp_conn *)((char *)late - offsetof(struct mlp_conn, late)));
        }
    }
}

/* Begins the drain, or hurries it when asked a second time. */
static void on_wake(uv_async_t *wake)
{
    struct mlp_loop *l = wake->data;
    uint64_t now = uv_now(&l->uv);
    take_late(l);
    if (!atomic_load(&l->http->stopping) || l->finished)
        return;
    if (!l->draining) {
        l->draining = true;
        l->drain_at = now + GRACE_MS;
        l->drain_end = now + l->http->config.drain_ms;
        if (l->drain_at > l->drain_end)
            l->drain_at = l->drain_end;
        uv_close(&l->listener.uv.handle, NULL);
        if (l->admin.open)
            uv_close(&l->admin.uv.handle, NULL);
        if (l->index == 0)
            tell_drain(l);
        say_goaway(l, false);
        uv_timer_start(&l->timer, on_timer, GRACE_MS / 5, GRACE_MS / 5);
    }
    sweep(l, now);
    end_if_empty(l);
}

static void on_signal(uv_signal_t *signal, int number)
{
    struct mlp_loop *l = signal->data;
    const struct mlp_http_config *config = &l->http->config;
    if (number != SIGHUP)
        mlp_http_stop(l->http);
    else if (!l->draining)
        renew(l);
    if (number == SIGHUP && config->reload && !l->draining)
        config->reload(config->ctx);
}

enum mlp_code mlp_loop_signals(struct mlp_loop *l, struct mlp_err *e)
{
    static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};
    for (size_t i = 0; i < 3; i++) {
        int status = uv_signal_start(&l->signals[i], on_signal, numbers[i]);
        if (status < 0)
            return mlp_loop_error(e, status, "cannot watch signals");
    }
    return MLP_OK;
}

static int init_handles(struct mlp_loop *l)
{
    int status = uv_loop_init(&l->uv);
    if (status < 0)
        return status;
    l->opened = true;
    uv_timer_init(&l->uv, &l->timer);
    status = uv_async_init(&l->uv, &l->wake, on_wake);
    for (size_t i = 0; l->index == 0 && status == 0 && i < 3; i++) {
        status = uv_signal_init(&l->uv, &l->signals[i]);
        l->signals[i].data = l;
    }
    l->timer.data = l->wake.data = l;
    return status;
}

enum mlp_code mlp_loop_open(struct mlp_loop *l, struct mlp_http *h, unsigned index,
                            struct mlp_err *e)
{
    l->http = h;
    l->index = index;
    mlp_buf_init(&l->out, RESPONSE_MAX + MLP_IN_BYTES);
    mlp_buf_init(&l->response.body, RESPONSE_MAX);
    mlp_buf_init(&l->response.extra, EXTRA_MAX);
    mlp_buf_init(&l->sealed, 2 * RESPONSE_MAX);
    l->in = malloc(MLP_IN_BYTES);
    l->plain = h->tls ? malloc(MLP_IN_BYTES) : NULL;
    if (!l->in || (h->tls && !l->plain))
        return mlp_err_nomem(e);
    int status = init_handles(l);
    if (status < 0)
        return mlp_loop_error(e, status, "cannot make an event loop");
    l->tick = uv_now(&l->uv) / MLP_WHEEL_TICK_MS;
    mlp_h1_date(l);
    return MLP_OK;
}

static void close_any(uv_handle_t *handle, void *arg)
{
    (void)arg;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

void mlp_loop_close(struct mlp_loop *l)
{
    if (l->opened) {
        uv_walk(&l->uv, close_any, NULL);
        uv_run(&l->uv, UV_RUN_DEFAULT);
        uv_loop_close(&l->uv);
        take_late(l);
        mlp_h2_free_spares(l);
    }
    free(l->in);
    free(l->plain);
    mlp_buf_fini(&l->sealed);
    mlp_buf_fini(&l->out);
    mlp_buf_fini(&l->response.body);
    mlp_buf_fini(&l->response.extra);
}

void mlp_loop_run(void *loop)
{
    struct mlp_loop *l = loop;
    uv_timer_start(&l->timer, on_timer, MLP_WHEEL_TICK_MS, MLP_WHEEL_TICK_MS);
    uv_run(&l->uv, UV_RUN_DEFAULT);
}
