#include "http/listen.h"

#include "base/os.h"
#include "base/thread.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#define MOST_THREADS 256u

static void fill_limits(struct mlp_http_limits *l)
{
    static const struct mlp_http_limits usual = {
        .line_bytes = 8u << 10, .header_bytes = 32u << 10, .body_bytes = 16u << 20,
        .connections = 12000, .header_timeout_ms = 10000, .body_timeout_ms = 30000,
        .idle_timeout_ms = 60000,
    };
    l->line_bytes = l->line_bytes ? l->line_bytes : usual.line_bytes;
    l->header_bytes = l->header_bytes ? l->header_bytes : usual.header_bytes;
    l->body_bytes = l->body_bytes ? l->body_bytes : usual.body_bytes;
    l->connections = l->connections ? l->connections : usual.connections;
    l->header_timeout_ms = l->header_timeout_ms ? l->header_timeout_ms : usual.header_timeout_ms;
    l->body_timeout_ms = l->body_timeout_ms ? l->body_timeout_ms : usual.body_timeout_ms;
    l->idle_timeout_ms = l->idle_timeout_ms ? l->idle_timeout_ms : usual.idle_timeout_ms;
}

enum mlp_code mlp_http_new(const struct mlp_http_config *config, struct mlp_http **out,
                           struct mlp_err *e)
{
    struct mlp_http *h = calloc(1, sizeof *h);
    unsigned threads = config->threads ? config->threads : 1;
    *out = NULL;
    if (!h || threads > MOST_THREADS || !(h->loops = calloc(threads, sizeof *h->loops))) {
        free(h);
        return threads > MOST_THREADS ? mlp_err_set(e, MLP_EUSAGE, "at most 256 threads")
                                      : mlp_err_nomem(e);
    }
    h->config = *config;
    h->nloops = threads;
    fill_limits(&h->config.limits);
    if (!h->config.drain_ms)
        h->config.drain_ms = 10000;
    mlp_os_raise_files();
    enum mlp_code code = mlp_monitor_new(&h->late, e);
    if (code == MLP_OK && config->tls.cert)
        code = mlp_tls_new(&config->tls, &h->tls, e);
    for (unsigned i = 0; code == MLP_OK && i < threads; i++)
        code = mlp_loop_open(&h->loops[i], h, i, e);
    if (code == MLP_OK)
        code = mlp_listen(h, e);
    if (code != MLP_OK)
        mlp_http_free(h);
    else
        *out = h;
    return code;
}

const char *mlp_http_address(const struct mlp_http *h)
{
    return h->address;
}

enum mlp_code mlp_http_run(struct mlp_http *h, struct mlp_err *e)
{
    enum mlp_code code = mlp_loop_signals(&h->loops[0], e);
    for (unsigned i = 1; code == MLP_OK && i < h->nloops; i++) {
        atomic_fetch_add(&h->others, 1);
        code = mlp_thread_start(&h->loops[i].thread, mlp_loop_run, &h->loops[i], e);
        if (code != MLP_OK)
            atomic_fetch_sub(&h->others, 1);
    }
    if (code != MLP_OK)
        mlp_http_stop(h);
    mlp_loop_run(&h->loops[0]);
    for (unsigned i = 1; i < h->nloops; i++)
        mlp_thread_join(h->loops[i].thread);
    return code;
}

void mlp_http_stop(struct mlp_http *h)
{
    int before = atomic_load(&h->stopping);
    if (before < 2)
        atomic_store(&h->stopping, before + 1);
    for (unsigned i = 0; i < h->nloops; i++)
        uv_async_send(&h->loops[i].wake);
}

bool mlp_http_draining(const struct mlp_http *h)
{
    return atomic_load(&h->stopping) != 0;
}

static uint64_t load(const _Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

void mlp_http_stats(const struct mlp_http *h, struct mlp_http_stats *s)
{
    size_t resident = 0;
    *s = (struct mlp_http_stats){0};
    for (unsigned i = 0; i < h->nloops; i++) {
        const struct mlp_counters *c = &h->loops[i].counters;
        s->connections += load(&c->connections);
        s->open += load(&c->open);
        s->requests += load(&c->requests);
        s->refused += load(&c->refused);
        s->cut += load(&c->cut);
        s->bytes_in += load(&c->bytes_in);
        s->bytes_out += load(&c->bytes_out);
    }
    if (uv_resident_set_memory(&resident) == 0)
        s->resident_bytes = resident;
}

static void free_owner(struct mlp_late *late)
{
    if (late->of_stream)
        mlp_h2_free_stream(late);
    else
        mlp_conn_free((struct mlp_conn *)((char *)late - offsetof(struct mlp_conn, late)));
}

void mlp_http_answer(struct mlp_http *h, void *connection, int status, struct mlp_buf *body)
{
    struct mlp_late *late = connection;
    struct mlp_loop *l = late->loop;
    bool orphan = false;
    mlp_monitor_enter(h->late);
    late->status = status;
    late->body = *body;
    if (l->dead) {
        orphan = late->orphan;
        late->waiting = false; /* else on_closed frees it */
    } else {
        late->next = l->late;
        l->late = late;
        uv_async_send(&l->wake);
    }
    mlp_monitor_leave(h->late);
    mlp_buf_init(body, body->max);
    if (orphan)
        free_owner(late);
}

void mlp_http_free(struct mlp_http *h)
{
    if (!h)
        return;
    for (unsigned i = 0; i < h->nloops; i++)
        mlp_loop_close(&h->loops[i]);
    mlp_listen_forget(h);
    mlp_monitor_free(h->late);
    mlp_tls_free(h->tls);
    free(h->loops);
    free(h);
}
