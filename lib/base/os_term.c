#include "base/term.h"

#include <signal.h>
#include <sys/ioctl.h>
#include <time.h>

bool mlp_term_size(int fd, unsigned *rows, unsigned *columns)
{
    struct winsize size = {0};
    if (ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_row == 0 || size.ws_col == 0)
        return false;
    *rows = size.ws_row;
    *columns = size.ws_col;
    return true;
}

static sigset_t held(void)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH};
    sigset_t set;
    sigemptyset(&set);
    for (unsigned i = 0; i < sizeof signals / sizeof *signals; i++)
        sigaddset(&set, signals[i]);
    return set;
}

void mlp_term_hold(void)
{
    sigset_t set = held();
    sigprocmask(SIG_BLOCK, &set, NULL);
}

enum mlp_term_event mlp_term_wait(unsigned ms)
{
    sigset_t set = held();
    struct timespec most = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};
    int got = sigtimedwait(&set, NULL, &most);
    return got < 0 ? MLP_TERM_TIME : got == SIGWINCH ? MLP_TERM_RESIZED : MLP_TERM_END;
}
