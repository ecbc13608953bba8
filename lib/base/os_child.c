/* os_child.c: programs that run beside us, and the signals that such a parent lives by (os.h). */
#include "base/os.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define FIRST_FD 3
#define MOST_FDS 8
#define ASIDE 32                 /* beyond the descriptors that the child gets */

static const struct {
    int number;
    enum mlp_cue cue;
} signals[] = {
    {SIGTERM, MLP_CUE_STOP}, {SIGINT, MLP_CUE_STOP}, {SIGHUP, MLP_CUE_RELOAD},
    {SIGUSR2, MLP_CUE_UPGRADE}, {SIGCHLD, MLP_CUE_CHILD},
};

static void fill(sigset_t *set)
{
    sigemptyset(set);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        sigaddset(set, signals[i].number);
}

/* In the child, after fork: only calls that are safe there. Descriptors go aside first, so that
 * none is overwritten before it has its place. */
static void become(const char *path, char *const argv[], const int *fds, size_t n)
{
    int aside[MOST_FDS];
    sigset_t none;
    sigemptyset(&none);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    signal(SIGPIPE, SIG_DFL);
    sigprocmask(SIG_SETMASK, &none, NULL);
    for (size_t i = 0; i < n; i++)
        aside[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, ASIDE);
    for (size_t i = 0; i < n; i++)
        if (aside[i] < 0 || dup2(aside[i], FIRST_FD + (int)i) < 0)
            _exit(127);
    execv(path, argv);
    _exit(127);
}

enum mlp_code mlp_os_start(const char *path, char *const argv[], const int *fds, size_t n,
                           int64_t *pid, struct mlp_err *e)
{
    if (n > MOST_FDS)
        return mlp_err_set(e, MLP_EBUG, "too many descriptors to pass");
    pid_t child = fork();
    if (child == 0)
        become(path, argv, fds, n);
    if (child < 0)
        return mlp_err_sys(e, errno, "cannot start %s", path);
    *pid = child;
    return MLP_OK;
}

int64_t mlp_os_reap(int *status)
{
    int raw = 0;
    pid_t pid = waitpid(-1, &raw, WNOHANG);
    if (pid <= 0)
        return 0;
    *status = WIFSIGNALED(raw) ? 128 + WTERMSIG(raw) : WEXITSTATUS(raw);
    return pid;
}

void mlp_os_send(int64_t pid, enum mlp_cue cue)
{
    int number = cue == MLP_CUE_RELOAD ? SIGHUP : cue == MLP_CUE_STOP ? SIGTERM : SIGKILL;
    if (pid > 0)
        kill((pid_t)pid, number);
}

void mlp_os_cues_hold(void)
{
    sigset_t set;
    fill(&set);
    sigprocmask(SIG_BLOCK, &set, NULL);
}

enum mlp_cue mlp_os_cue_wait(unsigned timeout_ms)
{
    const struct timespec within = {timeout_ms / 1000, (long)(timeout_ms % 1000) * 1000000};
    sigset_t set;
    fill(&set);
    int number = sigtimedwait(&set, NULL, &within);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        if (number == signals[i].number)
            return signals[i].cue;
    return MLP_CUE_NONE;
}

enum mlp_code mlp_os_program_path(char *out, size_t size, struct mlp_err *e)
{
    ssize_t n = readlink("/proc/self/exe", out, size);
    if (n < 0 || (size_t)n >= size)
        return mlp_err_sys(e, n < 0 ? errno : ENAMETOOLONG, "cannot tell where this program is");
    out[n] = '\0';
    return MLP_OK;
}

enum mlp_code mlp_os_pipe(int fds[2], struct mlp_err *e)
{
    if (pipe2(fds, O_CLOEXEC) != 0)
        return mlp_err_sys(e, errno, "cannot make a pipe");
    fcntl(fds[0], F_SETFL, fcntl(fds[0], F_GETFL) | O_NONBLOCK);
    return MLP_OK;
}
