#include "base/thread.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

struct mlp_monitor {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
};

enum mlp_code mlp_monitor_new(struct mlp_monitor **m, struct mlp_err *e)
{
    *m = calloc(1, sizeof **m);
    if (!*m)
        return mlp_err_nomem(e);
    pthread_mutex_init(&(*m)->mutex, NULL);
    pthread_cond_init(&(*m)->changed, NULL);
    return MLP_OK;
}

void mlp_monitor_free(struct mlp_monitor *m)
{
    if (!m)
        return;
    pthread_cond_destroy(&m->changed);
    pthread_mutex_destroy(&m->mutex);
    free(m);
}

void mlp_monitor_enter(struct mlp_monitor *m)
{
    pthread_mutex_lock(&m->mutex);
}

void mlp_monitor_leave(struct mlp_monitor *m)
{
    pthread_mutex_unlock(&m->mutex);
}

void mlp_monitor_wait(struct mlp_monitor *m)
{
    pthread_cond_wait(&m->changed, &m->mutex);
}

void mlp_monitor_notify(struct mlp_monitor *m)
{
    pthread_cond_broadcast(&m->changed);
}

struct mlp_thread {
    pthread_t id;
    void (*fn)(void *ctx);
    void *ctx;
};

static void *enter_thread(void *p)
{
    struct mlp_thread *t = p;
    t->fn(t->ctx);
    return NULL;
}

enum mlp_code mlp_thread_start(struct mlp_thread **out, void (*fn)(void *ctx), void *ctx,
                               struct mlp_err *e)
{
    struct mlp_thread *t = calloc(1, sizeof *t);
    *out = NULL;
    if (!t)
        return mlp_err_nomem(e);
    t->fn = fn;
    t->ctx = ctx;
    int r = pthread_create(&t->id, NULL, enter_thread, t);
    if (r != 0) {
        free(t);
        return mlp_err_sys(e, r, "cannot start a thread");
    }
    *out = t;
    return MLP_OK;
}

void mlp_thread_join(struct mlp_thread *t)
{
    if (!t)
        return;
    pthread_join(t->id, NULL);
    free(t);
}

/* Shared state of one parallel loop: the next index to hand out. */
struct share {
    atomic_size_t next;
    size_t n;
    void (*fn)(void *ctx, size_t i);
    void *ctx;
};

static void work(void *p)
{
    struct share *s = p;
    size_t i;
    while ((i = atomic_fetch_add(&s->next, 1)) < s->n)
        s->fn(s->ctx, i);
}

#define MOST_THREADS 64

void mlp_parallel_for(size_t n, unsigned threads, void (*fn)(void *ctx, size_t i), void *ctx)
{
    struct share s = {.n = n, .fn = fn, .ctx = ctx};
    struct mlp_thread *others[MOST_THREADS] = {0};
    atomic_init(&s.next, 0);
    size_t extra = threads > 1 ? threads - 1 : 0;
    if (extra > MOST_THREADS)
        extra = MOST_THREADS;
    if (n <= extra)
        extra = n ? n - 1 : 0;
    for (size_t i = 0; i < extra; i++)
        if (mlp_thread_start(&others[i], work, &s, NULL) != MLP_OK)
            break;
    work(&s);
    for (size_t i = 0; i < extra; i++)
        mlp_thread_join(others[i]);
}
