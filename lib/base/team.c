/* A team: threads that wait for work. One that is asked again soon is still awake: it looks for the
 * next work for a while before it sleeps. */
#include "base/thread.h"

#include <stdatomic.h>
#include <stdlib.h>

#define MOST_MEMBERS 64u
#define LOOKS 4000 /* for work, some ten microseconds, before a member sleeps */

struct member {
    struct mlp_team *team;
    struct mlp_thread *thread;
    unsigned number;
};

struct mlp_team {
    struct mlp_monitor *monitor;
    unsigned size;
    struct member *members; /* size - 1, the first is number 1 */
    atomic_uint round;      /* how many works there were; changes under the monitor */
    atomic_uint at_work;    /* members in the round; rises under the monitor */
    bool open, stop;        /* under the monitor: more may join the round; all shall end */
    atomic_size_t next;
    size_t n;
    void (*fn)(void *ctx, size_t i, unsigned member);
    void *ctx;
};

static inline void breathe(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
}

static void share(struct mlp_team *t, unsigned member)
{
    size_t i;
    while ((i = atomic_fetch_add_explicit(&t->next, 1, memory_order_relaxed)) < t->n)
        t->fn(t->ctx, i, member);
}

/* Joins the next round. False when the team ends. */
static bool join_round(struct mlp_team *t, unsigned *seen)
{
    for (int i = 0; i < LOOKS && atomic_load(&t->round) == *seen; i++)
        breathe();
    mlp_monitor_enter(t->monitor);
    while (!t->stop && (atomic_load(&t->round) == *seen || !t->open)) {
        *seen = atomic_load(&t->round);
        mlp_monitor_wait(t->monitor);
    }
    *seen = atomic_load(&t->round);
    bool joins = !t->stop;
    if (joins)
        atomic_fetch_add(&t->at_work, 1);
    mlp_monitor_leave(t->monitor);
    return joins;
}

static void live(void *p)
{
    const struct member *m = p;
    unsigned seen = 0;
    while (join_round(m->team, &seen)) {
        share(m->team, m->number);
        if (atomic_fetch_sub(&m->team->at_work, 1) == 1) {
            mlp_monitor_enter(m->team->monitor);
            mlp_monitor_notify(m->team->monitor);
            mlp_monitor_leave(m->team->monitor);
        }
    }
}

enum mlp_code mlp_team_new(unsigned threads, struct mlp_team **out, struct mlp_err *e)
{
    unsigned others = threads > MOST_MEMBERS ? MOST_MEMBERS - 1 : threads > 1 ? threads - 1 : 0;
    struct mlp_team *t = calloc(1, sizeof *t);
    *out = NULL;
    if (!t)
        return mlp_err_nomem(e);
    t->size = 1;
    t->members = calloc(others + 1, sizeof *t->members);
    enum mlp_code code = mlp_monitor_new(&t->monitor, e);
    if (code == MLP_OK && !t->members)
        code = mlp_err_nomem(e);
    for (unsigned i = 0; i < others && code == MLP_OK; i++) {
        struct member *m = &t->members[i];
        *m = (struct member){.team = t, .number = t->size};
        if (mlp_thread_start(&m->thread, live, m, NULL) != MLP_OK)
            break;
        t->size++;
    }
    if (code == MLP_OK)
        *out = t;
    else
        mlp_team_free(t);
    return code;
}

void mlp_team_free(struct mlp_team *t)
{
    if (!t)
        return;
    if (t->monitor) {
        mlp_monitor_enter(t->monitor);
        t->stop = true;
        mlp_monitor_notify(t->monitor);
        mlp_monitor_leave(t->monitor);
    }
    for (unsigned i = 0; i + 1 < t->size; i++)
        mlp_thread_join(t->members[i].thread);
    mlp_monitor_free(t->monitor);
    free(t->members);
    free(t);
}

unsigned mlp_team_size(const struct mlp_team *t)
{
    return t ? t->size : 1;
}

/* Nobody joins from now on; waits for those who did. */
static void close_round(struct mlp_team *t)
{
    mlp_monitor_enter(t->monitor);
    t->open = false;
    mlp_monitor_leave(t->monitor);
    for (int i = 0; i < LOOKS && atomic_load(&t->at_work); i++)
        breathe();
    mlp_monitor_enter(t->monitor);
    while (atomic_load(&t->at_work))
        mlp_monitor_wait(t->monitor);
    mlp_monitor_leave(t->monitor);
}

void mlp_team_run(struct mlp_team *t, size_t n, void (*fn)(void *ctx, size_t i, unsigned member),
                  void *ctx)
{
    if (mlp_team_size(t) == 1 || n < 2) {
        for (size_t i = 0; i < n; i++)
            fn(ctx, i, 0);
        return;
    }
    mlp_monitor_enter(t->monitor);
    t->fn = fn;
    t->ctx = ctx;
    t->n = n;
    atomic_store(&t->next, 0);
    t->open = true;
    atomic_fetch_add(&t->round, 1);
    mlp_monitor_notify(t->monitor);
    mlp_monitor_leave(t->monitor);
    share(t, 0);
    close_round(t);
}
