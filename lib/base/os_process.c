/* os_process.c: commands with pipes (os.h). */
#include "base/os.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOST_READY 8

struct pipes {
    int in[2], out[2], err[2];
};

static void close_pair(int pair[2])
{
    for (int i = 0; i < 2; i++)
        if (pair[i] >= 0)
            close(pair[i]);
}

static void close_pipes(struct pipes *p)
{
    close_pair(p->in);
    close_pair(p->out);
    close_pair(p->err);
}

static bool open_pipes(struct pipes *p, bool take_err)
{
    *p = (struct pipes){{-1, -1}, {-1, -1}, {-1, -1}};
    return pipe2(p->in, O_CLOEXEC) == 0 && pipe2(p->out, O_CLOEXEC) == 0 &&
           (!take_err || pipe2(p->err, O_CLOEXEC) == 0);
}

/* In the child, after fork: only calls that are safe there. */
static void become(const char *command, const struct pipes *p)
{
    sigset_t none;
    sigemptyset(&none);
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGPIPE, SIG_DFL);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (dup2(p->in[0], 0) >= 0 && dup2(p->out[1], 1) >= 0 &&
        (p->err[1] < 0 || dup2(p->err[1], 2) >= 0))
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    _exit(127);
}

static int keep(int pair[2], int end)
{
    int fd = pair[end];
    if (fd >= 0)
        fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    pair[end] = -1;
    return fd;
}

enum mlp_code mlp_os_spawn(const char *command, bool take_err, struct mlp_process *out,
                           struct mlp_err *e)
{
    struct pipes p;
    *out = (struct mlp_process){0, -1, -1, -1};
    pid_t pid = open_pipes(&p, take_err) ? fork() : -1;
    if (pid == 0)
        become(command, &p);
    if (pid < 0) {
        int number = errno;
        close_pipes(&p);
        return mlp_err_sys(e, number, "cannot start %s", command);
    }
    setpgid(pid, pid); /* both sides do: whoever comes first */
    *out = (struct mlp_process){pid, keep(p.in, 1), keep(p.out, 0), keep(p.err, 0)};
    close_pipes(&p);
    return MLP_OK;
}

/* Whether the process ended; it stays a zombie, so that its group's number is not given away. */
static bool has_ended(pid_t pid, unsigned within_ms)
{
    uint64_t end = mlp_os_monotonic_ns() + (uint64_t)within_ms * 1000000u;
    for (unsigned wait = 1;; wait = wait < 20 ? wait + 1 : 20) {
        siginfo_t info = {.si_pid = 0};
        int r = waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT);
        if ((r == 0 && info.si_pid == pid) || (r < 0 && errno != EINTR))
            return true;
        if (mlp_os_monotonic_ns() >= end)
            return false;
        mlp_os_sleep_ms(wait);
    }
}

bool mlp_os_end(struct mlp_process *p, unsigned grace_ms, int *status)
{
    int raw = 0, fds[] = {p->in, p->out, p->err};
    pid_t pid = (pid_t)p->pid;
    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++)
        if (fds[i] >= 0)
            close(fds[i]);
    *p = (struct mlp_process){0, -1, -1, -1};
    if (pid <= 0)
        return true;
    bool ended = has_ended(pid, grace_ms);
    kill(-pid, SIGKILL);
    kill(pid, SIGKILL);
    while (waitpid(pid, &raw, 0) < 0 && errno == EINTR)
        continue;
    if (status)
        *status = WIFSIGNALED(raw) ? 128 + WTERMSIG(raw) : WEXITSTATUS(raw);
    return ended;
}

enum mlp_code mlp_os_poll(struct mlp_ready *r, size_t n, unsigned timeout_ms, struct mlp_err *e)
{
    struct pollfd fds[MOST_READY];
    if (n > MOST_READY)
        return mlp_err_set(e, MLP_EBUG, "too many descriptors to wait for");
    for (size_t i = 0; i < n; i++)
        fds[i] = (struct pollfd){r[i].fd, r[i].want_write ? POLLOUT : POLLIN, 0};
    int got = poll(fds, (nfds_t)n, timeout_ms > INT32_MAX ? INT32_MAX : (int)timeout_ms);
    if (got < 0 && errno != EINTR)
        return mlp_err_sys(e, errno, "cannot wait for a pipe");
    for (size_t i = 0; i < n; i++)
        r[i].ready = got > 0 && r[i].fd >= 0 && fds[i].revents != 0;
    return MLP_OK;
}

enum mlp_code mlp_os_read_now(int fd, void *p, size_t n, size_t *done, bool *end,
                              struct mlp_err *e)
{
    ssize_t r;
    do
        r = read(fd, p, n);
    while (r < 0 && errno == EINTR);
    *done = r > 0 ? (size_t)r : 0;
    *end = r == 0;
    return r < 0 && errno != EAGAIN ? mlp_err_sys(e, errno, "cannot read") : MLP_OK;
}

enum mlp_code mlp_os_write_now(int fd, const void *p, size_t n, size_t *done, struct mlp_err *e)
{
    ssize_t r;
    do
        r = write(fd, p, n);
    while (r < 0 && errno == EINTR);
    *done = r > 0 ? (size_t)r : 0;
    return r < 0 && errno != EAGAIN ? mlp_err_sys(e, errno, "cannot write") : MLP_OK;
}

static void stop_signals(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGINT);
}

void mlp_os_hold_stop(void)
{
    sigset_t set;
    stop_signals(&set);
    sigprocmask(SIG_BLOCK, &set, NULL);
}

bool mlp_os_stop_asked(void)
{
    sigset_t set;
    return sigpending(&set) == 0 && (sigismember(&set, SIGTERM) || sigismember(&set, SIGINT));
}
