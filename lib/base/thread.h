/* thread.h: work shared over threads. */
#ifndef MLP_BASE_THREAD_H
#define MLP_BASE_THREAD_H

#include "base/err.h"
#include <stdbool.h>
#include <stddef.h>

/* A mutex and a condition in one, for hand-over between threads. */
struct mlp_monitor;
enum mlp_code mlp_monitor_new(struct mlp_monitor **m, struct mlp_err *e);
void mlp_monitor_free(struct mlp_monitor *m);
void mlp_monitor_enter(struct mlp_monitor *m);
void mlp_monitor_leave(struct mlp_monitor *m);
/* Inside: sleeps until another thread calls notify. Spurious wake-ups happen: test in a loop. */
void mlp_monitor_wait(struct mlp_monitor *m);
void mlp_monitor_notify(struct mlp_monitor *m);

/* A thread that runs fn(ctx) until it returns. */
struct mlp_thread;
enum mlp_code mlp_thread_start(struct mlp_thread **t, void (*fn)(void *ctx), void *ctx,
                               struct mlp_err *e);
/* Waits for its end and frees it. NULL is fine. */
void mlp_thread_join(struct mlp_thread *t);

/* Calls fn(ctx, i) for every i below n on up to `threads` threads, the caller's among them;
 * returns when all are done. Falls back to fewer threads when they cannot be had. */
void mlp_parallel_for(size_t n, unsigned threads, void (*fn)(void *ctx, size_t i), void *ctx);

/* Threads that stay, for short works that come often, such as the columns of one batch. */
struct mlp_team;
/* Up to `threads` of them, at most 64, the caller's among them; fewer when they cannot be had. */
enum mlp_code mlp_team_new(unsigned threads, struct mlp_team **t, struct mlp_err *e);
/* NULL is fine. */
void mlp_team_free(struct mlp_team *t);
/* How many threads there are; 1 for NULL. */
unsigned mlp_team_size(const struct mlp_team *t);
/* Calls fn(ctx, i, member) for every i below n, in their order, each as soon as a thread is free;
 * member < mlp_team_size() is the thread's own. Returns when all are done; what they wrote is then
 * seen. t NULL: all on the caller. One caller at a time. */
void mlp_team_run(struct mlp_team *t, size_t n, void (*fn)(void *ctx, size_t i, unsigned member),
                  void *ctx);

#endif
