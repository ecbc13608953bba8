#include "http/listen.h"

#include "base/os.h"

#include <errno.h>

#define BACKLOG 4096

static void on_connection(uv_stream_t *stream, int status)
{
    mlp_conn_accept(stream->data, status);
}

static enum mlp_code bad_address(struct mlp_err *e, const char *text)
{
    mlp_err_set(e, MLP_EUSAGE, "\"%s\" is no address to listen on", text);
    return mlp_err_hint(e, "write 127.0.0.1:8080, 0.0.0.0:8080, [::1]:8080, a port alone, or "
                           "unix:/run/mlp.sock");
}

/* "HOST:PORT", "[HOST]:PORT" or "PORT" into a socket address. Host is numeric or "localhost". */
static enum mlp_code parse_address(const char *text, struct sockaddr_storage *out,
                                   struct mlp_err *e)
{
    char host[64] = "127.0.0.1";
    int64_t port;
    const char *colon = strrchr(text, ':');
    struct mlp_str name = {text, colon ? (size_t)(colon - text) : 0};
    if (!mlp_str_i64(mlp_str_from(colon ? colon + 1 : text), &port) || port < 0 || port > 65535)
        return bad_address(e, text);
    if (name.n >= 2 && name.p[0] == '[' && name.p[name.n - 1] == ']')
        name = (struct mlp_str){name.p + 1, name.n - 2};
    if (mlp_str_is(name, "*"))
        name = MLP_STR("0.0.0.0");
    else if (mlp_str_is(name, "localhost"))
        name = MLP_STR("127.0.0.1");
    if (name.n && !mlp_str_copy(name, host, sizeof host))
        return bad_address(e, text);
    memset(out, 0, sizeof *out);
    void *any = out;
    int status = strchr(host, ':') ? uv_ip6_addr(host, (int)port, any)
                                   : uv_ip4_addr(host, (int)port, any);
    return status < 0 ? bad_address(e, text) : MLP_OK;
}

static enum mlp_code cannot_listen(struct mlp_err *e, int status, const char *address)
{
    mlp_err_set(e, MLP_EIO, "cannot listen on %s: %s", address, uv_strerror(status));
    if (status == UV_EADDRINUSE)
        mlp_err_hint(e, "stop the program that listens there, or choose another port");
    else if (status == UV_EACCES)
        mlp_err_hint(e, "ports below 1024 are reserved: choose a higher one");
    return e ? e->code : MLP_EIO;
}

/* A socket of this loop, bound. shared: others will bind the same port (SO_REUSEPORT: the kernel
 * spreads new connections over them). */
static int bind_tcp(struct mlp_loop *l, const struct sockaddr_storage *to, bool shared)
{
    const void *any = to;
    uv_os_fd_t fd;
    int on = 1;
    int status = uv_tcp_init_ex(&l->uv, &l->listener.uv.tcp, to->ss_family);
    if (status == 0 && shared) {
        status = uv_fileno(&l->listener.uv.handle, &fd);
        if (status == 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0)
            status = uv_translate_sys_error(errno);
    }
    return status == 0 ? uv_tcp_bind(&l->listener.uv.tcp, any, 0) : status;
}

/* Reads back the address, with the port that the system chose. */
static int bound_address(struct mlp_http *h, struct sockaddr_storage *at)
{
    void *any = at;
    int length = sizeof *at;
    char host[64];
    int status = uv_tcp_getsockname(&h->loops[0].listener.uv.tcp, any, &length);
    if (status < 0)
        return status;
    bool six = at->ss_family == AF_INET6;
    if (six)
        uv_ip6_name(any, host, sizeof host);
    else
        uv_ip4_name(any, host, sizeof host);
    uint16_t port = six ? ((struct sockaddr_in6 *)any)->sin6_port
                        : ((struct sockaddr_in *)any)->sin_port;
    snprintf(h->address, sizeof h->address, six ? "[%s]:%u" : "%s:%u", host, ntohs(port));
    return 0;
}

/* SO_REUSEPORT would let a second server share the port silently: ask once without it. */
static int probe(struct mlp_loop *l, const struct sockaddr_storage *to)
{
    struct sockaddr_storage at;
    void *any = &at;
    int length = sizeof at;
    int status = bind_tcp(l, to, false);
    if (status == 0)
        status = uv_tcp_getsockname(&l->listener.uv.tcp, any, &length);
    if (status == 0)
        status = uv_listen(&l->listener.uv.stream, 1, on_connection);
    uv_close(&l->listener.uv.handle, NULL);
    uv_run(&l->uv, UV_RUN_NOWAIT);
    return status;
}

static enum mlp_code listen_tcp(struct mlp_http *h, struct mlp_err *e)
{
    struct sockaddr_storage at;
    enum mlp_code code = parse_address(h->config.address, &at, e);
    if (code != MLP_OK)
        return code;
    int status = h->nloops > 1 ? probe(&h->loops[0], &at) : 0;
    for (unsigned i = 0; status == 0 && i < h->nloops; i++) {
        struct mlp_loop *l = &h->loops[i];
        status = bind_tcp(l, &at, h->nloops > 1);
        l->listener.uv.handle.data = &l->listener;
        if (status == 0 && i == 0)
            status = bound_address(h, &at);
        if (status == 0)
            status = uv_listen(&l->listener.uv.stream, BACKLOG, on_connection);
    }
    return status == 0 ? MLP_OK : cannot_listen(e, status, h->config.address);
}

static enum mlp_code make_unix(const char *path, bool owner_only, struct mlp_made *made, int *fd,
                               struct mlp_err *e)
{
    struct mlp_stat st;
    enum mlp_code code = mlp_os_bind_unix(path, owner_only, fd, e);
    if (code == MLP_OK)
        code = mlp_os_stat(path, false, &st, e);
    if (code != MLP_OK)
        return code;
    mlp_str_copy(mlp_str_from(path), made->path, sizeof made->path);
    made->inode = st.inode;
    return MLP_OK;
}

/* Listens at a descriptor of its own of a socket that is bound. */
static int open_bound(struct mlp_listener *l, struct mlp_loop *loop, int fd)
{
    int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (own < 0)
        return uv_translate_sys_error(errno);
    int status = l->is_unix ? uv_pipe_init(&loop->uv, &l->uv.pipe, 0)
                            : uv_tcp_init(&loop->uv, &l->uv.tcp);
    l->uv.handle.data = l;
    if (status == 0)
        status = l->is_unix ? uv_pipe_open(&l->uv.pipe, own) : uv_tcp_open(&l->uv.tcp, own);
    if (status != 0)
        mlp_os_close(own, NULL);
    return status == 0 ? uv_listen(&l->uv.stream, BACKLOG, on_connection) : status;
}

/* One socket, of which every loop has a descriptor. fd is closed. */
static enum mlp_code share(struct mlp_http *h, int fd, bool is_unix, struct mlp_err *e)
{
    int status = 0;
    for (unsigned i = 0; status == 0 && i < h->nloops; i++) {
        h->loops[i].listener.is_unix = is_unix;
        status = open_bound(&h->loops[i].listener, &h->loops[i], fd);
    }
    mlp_os_close(fd, NULL);
    return status == 0 ? MLP_OK : cannot_listen(e, status, h->config.address);
}

static enum mlp_code listen_unix(struct mlp_http *h, const char *path, struct mlp_err *e)
{
    int fd;
    enum mlp_code code = make_unix(path, false, &h->made[0], &fd, e);
    if (code == MLP_OK)
        mlp_str_copy(mlp_str_from(h->config.address), h->address, sizeof h->address);
    else if (fd >= 0)
        mlp_os_close(fd, NULL);
    return code == MLP_OK ? share(h, fd, true, e) : code;
}

static enum mlp_code listen_passed(struct mlp_http *h, const char *number, struct mlp_err *e)
{
    struct sockaddr_storage at = {0};
    void *any = &at;
    socklen_t length = sizeof at;
    int64_t fd = -1;
    if (!mlp_str_i64(mlp_str_from(number), &fd) || fd < 3 || fd > INT32_MAX ||
        getsockname((int)fd, any, &length) != 0)
        return mlp_err_set(e, MLP_EUSAGE, "%s: no socket was passed", h->config.address);
    bool is_unix = at.ss_family == AF_UNIX;
    enum mlp_code code = share(h, (int)fd, is_unix, e);
    if (code != MLP_OK)
        return code;
    size_t room = sizeof h->address - 5;
    memcpy(h->address, "unix:", 5);
    int status = is_unix
        ? uv_pipe_getsockname(&h->loops[0].listener.uv.pipe, h->address + 5, &room)
        : bound_address(h, &at);
    return status == 0 ? MLP_OK : cannot_listen(e, status, h->config.address);
}

enum mlp_code mlp_http_bind(const char *address, bool owner_only, int *fd, struct mlp_err *e)
{
    struct sockaddr_storage at;
    const void *any = &at;
    int on = 1;
    *fd = -1;
    if (mlp_str_starts(mlp_str_from(address), "unix:")) {
        enum mlp_code code = mlp_os_bind_unix(address + 5, owner_only, fd, e);
        return code != MLP_OK || listen(*fd, BACKLOG) == 0 ? code
                                                           : mlp_err_sys(e, errno, "%s", address);
    }
    enum mlp_code code = parse_address(address, &at, e);
    if (code != MLP_OK)
        return code;
    socklen_t size = at.ss_family == AF_INET6 ? sizeof(struct sockaddr_in6)
                                              : sizeof(struct sockaddr_in);
    *fd = socket(at.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (*fd >= 0 && setsockopt(*fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
        bind(*fd, any, size) == 0 && listen(*fd, BACKLOG) == 0)
        return MLP_OK;
    code = cannot_listen(e, uv_translate_sys_error(errno), address);
    if (*fd >= 0)
        mlp_os_close(*fd, NULL);
    *fd = -1;
    return code;
}

/* fd is closed. */
static enum mlp_code open_admin(struct mlp_loop *loop, int fd, const char *address,
                                struct mlp_err *e)
{
    loop->admin.loop = loop;
    loop->admin.admin = loop->admin.is_unix = true;
    int status = open_bound(&loop->admin, loop, fd);
    mlp_os_close(fd, NULL);
    loop->admin.open = status == 0;
    return status == 0 ? MLP_OK : cannot_listen(e, status, address);
}

/* One that was passed must be a unix socket too. */
static enum mlp_code share_admin(struct mlp_loop *loop, const char *number, struct mlp_err *e)
{
    struct sockaddr_storage at = {0};
    void *any = &at;
    socklen_t length = sizeof at;
    int64_t fd = -1;
    if (!mlp_str_i64(mlp_str_from(number), &fd) || fd < 3 || fd > INT32_MAX ||
        getsockname((int)fd, any, &length) != 0 || at.ss_family != AF_UNIX)
        return mlp_err_set(e, MLP_EUSAGE, "--admin fd:%.20s: no unix socket was passed", number);
    return open_admin(loop, (int)fd, "--admin", e);
}

/* Only the server's own user may connect to the admin's socket. */
static enum mlp_code listen_admin(struct mlp_http *h, struct mlp_err *e)
{
    const char *address = h->config.admin;
    struct mlp_loop *loop = &h->loops[0];
    int fd = -1;
    if (mlp_str_starts(mlp_str_from(address), "fd:"))
        return share_admin(loop, address + 3, e);
    if (!mlp_str_starts(mlp_str_from(address), "unix:")) {
        mlp_err_set(e, MLP_EUSAGE, "\"%s\" is no address of the admin", address);
        return mlp_err_hint(e, "write unix:/run/mlp-admin.sock: who may connect is up to the file");
    }
    enum mlp_code code = make_unix(address + 5, true, &h->made[1], &fd, e);
    return code == MLP_OK ? open_admin(loop, fd, address, e) : code;
}

static enum mlp_code listen_clients(struct mlp_http *h, struct mlp_err *e)
{
    const char *address = h->config.address;
    if (mlp_str_starts(mlp_str_from(address), "unix:"))
        return listen_unix(h, address + 5, e);
    if (mlp_str_starts(mlp_str_from(address), "fd:"))
        return listen_passed(h, address + 3, e);
    return listen_tcp(h, e);
}

enum mlp_code mlp_listen(struct mlp_http *h, struct mlp_err *e)
{
    for (unsigned i = 0; i < h->nloops; i++)
        h->loops[i].listener.loop = &h->loops[i];
    enum mlp_code code = listen_clients(h, e);
    return code == MLP_OK && h->config.admin ? listen_admin(h, e) : code;
}

void mlp_listen_forget(struct mlp_http *h)
{
    struct mlp_stat st;
    for (size_t i = 0; i < 2; i++) {
        struct mlp_made *m = &h->made[i];
        if (m->path[0] && mlp_os_stat(m->path, false, &st, NULL) == MLP_OK && st.exists &&
            st.inode == m->inode)
            mlp_os_unlink(m->path, NULL);
        m->path[0] = '\0';
    }
}
