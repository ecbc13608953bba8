/* Unix sockets, and what a service manager asks of a service, by its documented protocol and
 * without its library. */
#include "base/os.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* $NOTIFY_SOCKET is a path, or a name in the abstract space that starts with "@" (sd_notify(3)). */
static socklen_t notify_address(struct sockaddr_un *to)
{
    const char *path = getenv("NOTIFY_SOCKET");
    size_t n = path ? strlen(path) : 0;
    *to = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (n < 2 || n >= sizeof to->sun_path || (path[0] != '/' && path[0] != '@'))
        return 0;
    memcpy(to->sun_path, path, n);
    if (path[0] == '@')
        to->sun_path[0] = '\0';
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
}

void mlp_os_notify(const char *state)
{
    struct sockaddr_un to;
    socklen_t n = notify_address(&to);
    int fd = n ? socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0) : -1;
    const void *any = &to;
    if (fd < 0)
        return;
    while (sendto(fd, state, strlen(state), MSG_NOSIGNAL, any, n) < 0 && errno == EINTR)
        continue;
    close(fd);
}

/* A number in the environment that is for the process $NAME says. */
static uint64_t number_for_us(const char *number, const char *process)
{
    const char *text = getenv(number), *pid = getenv(process);
    uint64_t n = 0, who = 0;
    if (!text || !mlp_str_u64(mlp_str_from(text), &n))
        return 0;
    if (pid && (!mlp_str_u64(mlp_str_from(pid), &who) || who != (uint64_t)getpid()))
        return 0;
    return n;
}

unsigned mlp_os_passed_sockets(void)
{
    uint64_t n = getenv("LISTEN_PID") ? number_for_us("LISTEN_FDS", "LISTEN_PID") : 0;
    return n < 1024 ? (unsigned)n : 0;
}

uint64_t mlp_os_watchdog_us(void)
{
    return number_for_us("WATCHDOG_USEC", "WATCHDOG_PID");
}

/* A socket file that nobody listens at any more, as a killed server leaves it. */
static bool is_stale(const struct sockaddr_un *at)
{
    const void *any = at;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool stale = fd >= 0 && connect(fd, any, sizeof *at) != 0 && errno == ECONNREFUSED;
    if (fd >= 0)
        close(fd);
    return stale;
}

/* Returns an errno. The mode is set before the socket can be found. */
static int bind_at(int fd, const struct sockaddr_un *at, bool owner_only)
{
    const void *any = at;
    if (owner_only && fchmod(fd, S_IRUSR | S_IWUSR) != 0)
        return errno;
    if (bind(fd, any, sizeof *at) == 0)
        return 0;
    if (errno != EADDRINUSE || !is_stale(at))
        return errno;
    return unlink(at->sun_path) == 0 && bind(fd, any, sizeof *at) == 0 ? 0 : errno;
}

enum mlp_code mlp_os_bind_unix(const char *path, bool owner_only, int *fd, struct mlp_err *e)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    *fd = -1;
    if (!path[0] || !mlp_str_copy(mlp_str_from(path), at.sun_path, sizeof at.sun_path))
        return mlp_err_set(e, MLP_EUSAGE, "the path of a socket has 1 to %zu bytes: %s",
                           sizeof at.sun_path - 1, path);
    *fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int number = *fd < 0 ? errno : bind_at(*fd, &at, owner_only);
    if (number == 0)
        return MLP_OK;
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
    if (number != EADDRINUSE)
        return mlp_err_sys(e, number, "cannot listen on %s", path);
    mlp_err_set(e, MLP_EIO, "cannot listen on %s: it exists", path);
    return mlp_err_hint(e, "remove it if no server uses it");
}

enum mlp_code mlp_os_dial(const char *path, int *fd, struct mlp_err *e)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int number = 0;
    *fd = -1;
    if (!mlp_str_copy(mlp_str_from(path), to.sun_path, sizeof to.sun_path))
        number = ENAMETOOLONG;
    else if ((*fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) < 0 ||
             connect(*fd, (const struct sockaddr *)&to, sizeof to) != 0)
        number = errno;
    if (number == 0)
        return MLP_OK;
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
    mlp_err_sys(e, number, "cannot connect to %s", path);
    if (e)
        e->code = MLP_EREMOTE;
    return MLP_EREMOTE;
}
