/* The life of a kept server: readiness, upgrades, ends. */
#include "keep.h"

#include "base/os.h"

#define WAIT_MS 1000u
#define LOOK_MS 20u              /* while a child is about to be ready, or to be started again */
#define FIRST_BACKOFF_MS 100u
#define LAST_BACKOFF_MS 10000u
#define STEADY_NS ((uint64_t)10000000000)

static void tell(const struct keep *k, enum mlp_level level, const char *event, int64_t pid,
                 int status)
{
    const struct mlp_log_field fields[] = {
        {"pid", NULL, (double)pid}, {status >= 0 ? "status" : NULL, NULL, status}, {0}};
    mlp_log_line(&k->log, level, event, fields);
}

static enum mlp_code start(struct keep *k, struct child *c, struct mlp_err *e)
{
    int ready[2];
    enum mlp_code code = mlp_os_pipe(ready, e);
    if (code != MLP_OK)
        return code;
    const int with_admin[] = {k->sockets[0], ready[1], k->sockets[1]};
    code = mlp_os_start(k->path, (char *const *)k->argv.p, with_admin, k->sockets[1] < 0 ? 2 : 3,
                        &c->pid, e);
    mlp_os_close(ready[1], NULL);
    if (code != MLP_OK) {
        mlp_os_close(ready[0], NULL);
        return code;
    }
    c->ready_fd = ready[0];
    c->ready = false;
    c->since_ns = mlp_os_monotonic_ns();
    tell(k, MLP_INFO, "started", c->pid, -1);
    return MLP_OK;
}

static void forget(struct child *c)
{
    if (c->ready_fd >= 0)
        mlp_os_close(c->ready_fd, NULL);
    *c = (struct child){.ready_fd = -1};
}

/* --- readiness --- */

static enum mlp_code announce(struct keep *k, struct mlp_err *e)
{
    k->begun = true;
    mlp_os_notify("READY=1");
    if (!mlp_opt_given(k->cmd, KEEP_READY_FD))
        return MLP_OK;
    int fd = (int)mlp_opt_int(k->cmd, KEEP_READY_FD, 0);
    enum mlp_code code = mlp_os_write(fd, k->address, strlen(k->address), e);
    return code == MLP_OK && fd > 2 ? mlp_os_close(fd, e) : code;
}

/* Reads a child's word that it is ready. */
static void listen_to(struct keep *k, struct child *c, struct mlp_err *e)
{
    char line[sizeof k->address];
    size_t n = 0;
    bool end = false;
    if (c->ready_fd < 0 ||
        mlp_os_read_now(c->ready_fd, line, sizeof line - 1, &n, &end, e) != MLP_OK)
        return;
    if (n) {
        memcpy(k->address, line, n);
        k->address[n] = '\0';
        c->ready = true;
        tell(k, MLP_INFO, "ready", c->pid, -1);
    }
    if (n || end) {
        mlp_os_close(c->ready_fd, NULL);
        c->ready_fd = -1;
    }
}

/* The one that is ready takes over; the old one answers what it has and goes. */
static void take_over(struct keep *k)
{
    if (k->now.pid) {
        mlp_os_send(k->now.pid, MLP_CUE_STOP);
        k->leaving++;
        forget(&k->now);
    }
    k->now = k->next;
    k->next = (struct child){.ready_fd = -1};
}

static enum mlp_code look(struct keep *k, struct mlp_err *e)
{
    bool was = k->now.ready;
    uint64_t limit = (uint64_t)(mlp_opt_number(k->cmd, KEEP_START, 300) * 1e9);
    listen_to(k, &k->now, e);
    listen_to(k, &k->next, e);
    if (k->next.ready)
        take_over(k);
    if (k->next.pid && mlp_os_monotonic_ns() - k->next.since_ns > limit)
        mlp_os_send(k->next.pid, MLP_CUE_NONE); /* it is killed; reaping tells */
    return !was && k->now.ready && !k->begun ? announce(k, e) : MLP_OK;
}

/* --- ends --- */

static void plan_restart(struct keep *k, uint64_t lived_ns)
{
    if (lived_ns > STEADY_NS)
        k->backoff_ms = 0;
    k->backoff_ms = k->backoff_ms ? k->backoff_ms * 2 : FIRST_BACKOFF_MS;
    if (k->backoff_ms > LAST_BACKOFF_MS)
        k->backoff_ms = LAST_BACKOFF_MS;
    k->start_at_ns = mlp_os_monotonic_ns() + (uint64_t)k->backoff_ms * 1000000;
}

/* One that dies is started again; the sockets stay, and connections wait in them. One that never
 * was ready, the first of all, will not be ready next time either. */
static void reaped(struct keep *k, int64_t pid, int status)
{
    if (pid == k->next.pid) {
        tell(k, MLP_ERROR, "upgrade_refused", pid, status);
        forget(&k->next);
    } else if (pid == k->now.pid) {
        uint64_t lived = mlp_os_monotonic_ns() - k->now.since_ns;
        k->status = status;
        forget(&k->now);
        k->stopping = k->stopping || !k->begun;
        tell(k, k->stopping ? MLP_INFO : MLP_ERROR, "ended", pid, status);
        if (!k->stopping)
            plan_restart(k, lived);
    } else if (k->leaving) {
        k->leaving--;
        tell(k, MLP_INFO, "left", pid, status);
    }
}

static void handle(struct keep *k, enum mlp_cue cue, struct mlp_err *e)
{
    int64_t pid;
    int status;
    if (cue == MLP_CUE_STOP) {
        k->stopping = true;
        k->start_at_ns = 0;
        mlp_os_send(k->now.pid, MLP_CUE_STOP);
        mlp_os_send(k->next.pid, MLP_CUE_STOP);
    } else if (cue == MLP_CUE_RELOAD) {
        mlp_os_send(k->now.pid, MLP_CUE_RELOAD);
    } else if (cue == MLP_CUE_UPGRADE && k->now.ready && !k->next.pid && !k->stopping) {
        if (start(k, &k->next, e) != MLP_OK)
            tell(k, MLP_ERROR, "upgrade_refused", 0, -1);
    }
    while ((pid = mlp_os_reap(&status)) != 0)
        reaped(k, pid, status);
}

enum mlp_code keep_run(struct keep *k, struct mlp_err *e)
{
    enum mlp_code code = start(k, &k->now, e);
    while (code == MLP_OK && (!k->stopping || k->now.pid || k->next.pid || k->leaving)) {
        bool soon = k->now.ready_fd >= 0 || k->next.ready_fd >= 0 || k->start_at_ns;
        handle(k, mlp_os_cue_wait(soon ? LOOK_MS : WAIT_MS), e);
        if (k->start_at_ns && mlp_os_monotonic_ns() >= k->start_at_ns) {
            k->start_at_ns = 0;
            code = start(k, &k->now, e);
        }
        if (code == MLP_OK)
            code = look(k, e);
    }
    return code;
}
