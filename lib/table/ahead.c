#include "table/ahead.h"

#include "base/thread.h"
#include "table/internal.h"

#include <stdlib.h>

/* The user holds the newest batch and the one before it. One more may be ready and one in the
 * making: the table keeps that many. */
#define AHEAD 2u

struct made {
    struct mlp_batch *batch;
    uint64_t bytes;
};

struct mlp_ahead {
    struct mlp_table *table;
    struct mlp_monitor *monitor;
    struct mlp_thread *reader;
    atomic_bool stop;
    /* Under the monitor: */
    struct made made[AHEAD];
    uint64_t nmade, ntaken;
    bool ended;
    struct mlp_err error; /* at the end */
    uint64_t bytes;       /* the user's own */
};

/* Waits for room. False when the reading stops. */
static bool may_read(struct mlp_ahead *a)
{
    mlp_monitor_enter(a->monitor);
    while (!atomic_load(&a->stop) && a->nmade == a->ntaken + AHEAD)
        mlp_monitor_wait(a->monitor);
    mlp_monitor_leave(a->monitor);
    return !atomic_load(&a->stop);
}

static void read_all(void *p)
{
    struct mlp_ahead *a = p;
    while (may_read(a)) {
        struct mlp_err e;
        struct mlp_batch *b = NULL;
        mlp_err_init(&e);
        enum mlp_code code = mlp_table_next(a->table, &b, &e);
        mlp_monitor_enter(a->monitor);
        if (code == MLP_OK && b) {
            a->made[a->nmade++ % AHEAD] = (struct made){b, mlp_table_bytes(a->table)};
        } else {
            a->ended = true;
            a->error = e;
        }
        mlp_monitor_notify(a->monitor);
        mlp_monitor_leave(a->monitor);
        if (!b)
            return;
    }
}

enum mlp_code mlp_ahead_new(struct mlp_table *t, struct mlp_ahead **out, struct mlp_err *e)
{
    struct mlp_ahead *a = calloc(1, sizeof *a);
    *out = NULL;
    if (!a)
        return mlp_err_nomem(e);
    a->table = t;
    mlp_err_init(&a->error);
    enum mlp_code code = MLP_OK;
    if (t->options.kept < MLP_AHEAD_KEPT)
        code = mlp_err_set(e, MLP_EBUG, "a table that is read ahead must keep its batches");
    if (code == MLP_OK)
        code = mlp_monitor_new(&a->monitor, e);
    if (code == MLP_OK) {
        mlp_table_stop_when(t, &a->stop);
        code = mlp_thread_start(&a->reader, read_all, a, e);
    }
    if (code == MLP_OK)
        *out = a;
    else
        mlp_ahead_free(a);
    return code;
}

void mlp_ahead_free(struct mlp_ahead *a)
{
    if (!a)
        return;
    if (a->monitor) {
        mlp_monitor_enter(a->monitor);
        atomic_store(&a->stop, true);
        mlp_monitor_notify(a->monitor);
        mlp_monitor_leave(a->monitor);
    }
    mlp_thread_join(a->reader);
    mlp_table_stop_when(a->table, NULL);
    mlp_monitor_free(a->monitor);
    free(a);
}

enum mlp_code mlp_ahead_next(struct mlp_ahead *a, struct mlp_batch **b, struct mlp_err *e)
{
    enum mlp_code code = MLP_OK;
    *b = NULL;
    mlp_monitor_enter(a->monitor);
    while (a->nmade == a->ntaken && !a->ended)
        mlp_monitor_wait(a->monitor);
    if (a->nmade > a->ntaken) {
        const struct made *m = &a->made[a->ntaken++ % AHEAD];
        *b = m->batch;
        a->bytes = m->bytes;
        mlp_monitor_notify(a->monitor);
    } else {
        code = a->error.code;
        if (code != MLP_OK && e && e->code == MLP_OK)
            *e = a->error;
    }
    mlp_monitor_leave(a->monitor);
    return code;
}

bool mlp_ahead_ready(struct mlp_ahead *a)
{
    mlp_monitor_enter(a->monitor);
    bool ready = a->nmade > a->ntaken || a->ended;
    mlp_monitor_leave(a->monitor);
    return ready;
}

uint64_t mlp_ahead_bytes(const struct mlp_ahead *a)
{
    return a->bytes;
}
