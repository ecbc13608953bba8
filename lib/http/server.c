#include "http/conn.h"

#include "base/os.h"
#include "base/thread.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#define BACKLOG 4096
#define MOST_THREADS 256u

static void fill_limits(struct mlp_http_limits *l)
{
    static const struct mlp_http_limits usual = {
        .line_bytes = 8u << 10, .header_bytes = 32u << 10, .body_bytes = 16u << 20,
        .connections = 12000, .header_timeout_ms = 10000, .body_timeout_ms = 30000,
        .idle_timeout_ms = 60000,
    };
    l->line_bytes = l->line_bytes ? l->line_bytes : usual.line_bytes;
    l->header_bytes = l->header_bytes ? l->header_bytes : usual.header_bytes;
    l->body_bytes = l->body_bytes ? l->body_bytes : usual.body_bytes;
    l->connections = l->connections ? l->connections : usual.connections;
    l->header_timeout_ms = l->header_timeout_ms ? l->header_timeout_ms : usual.header_timeout_ms;
    l->body_timeout_ms = l->body_timeout_ms ? l->body_timeout_ms : usual.body_timeout_ms;
    l->idle_timeout_ms = l->idle_timeout_ms ? l->idle_timeout_ms : usual.idle_timeout_ms;
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
    int status = uv_tcp_init_ex(&l->uv, &l->listener.tcp, to->ss_family);
    if (status == 0 && shared) {
        status = uv_fileno(&l->listener.handle, &fd);
        if (status == 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0)
            status = uv_translate_sys_error(errno);
    }
    return status == 0 ? uv_tcp_bind(&l->listener.tcp, any, 0) : status;
}

/* Reads back the address, with the port that the system chose. */
static int bound_address(struct mlp_http *h, struct sockaddr_storage *at)
{
    void *any = at;
    int length = sizeof *at;
    char host[64];
    int status = uv_tcp_getsockname(&h->loops[0].listener.tcp, any, &length);
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
        status = uv_tcp_getsockname(&l->listener.tcp, any, &length);
    if (status == 0)
        status = uv_listen(&l->listener.stream, 1, mlp_conn_accept);
    uv_close(&l->listener.handle, NULL);
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
        l->listener.handle.data = l;
        if (status == 0 && i == 0)
            status = bound_address(h, &at);
        if (status == 0)
            status = uv_listen(&l->listener.stream, BACKLOG, mlp_conn_accept);
    }
    return status == 0 ? MLP_OK : cannot_listen(e, status, h->config.address);
}

/* One listening socket, of which every loop has a descriptor. */
static int open_pipe(struct mlp_http *h, struct mlp_loop *l, const char *path)
{
    uv_os_fd_t fd;
    int status = uv_pipe_init(&l->uv, &l->listener.pipe, 0);
    l->listener.handle.data = l;
    if (status == 0 && l->index == 0) {
        status = uv_pipe_bind(&l->listener.pipe, path);
    } else if (status == 0) {
        status = uv_fileno(&h->loops[0].listener.handle, &fd);
        fd = status == 0 ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : -1;
        status = fd < 0 ? uv_translate_sys_error(errno) : uv_pipe_open(&l->listener.pipe, fd);
    }
    return status == 0 ? uv_listen(&l->listener.stream, BACKLOG, mlp_conn_accept) : status;
}

static enum mlp_code listen_unix(struct mlp_http *h, const char *path, struct mlp_err *e)
{
    h->is_unix = true;
    if (!mlp_str_copy(mlp_str_from(h->config.address), h->address, sizeof h->address) ||
        strlen(path) > 100)
        return mlp_err_set(e, MLP_EUSAGE, "the path of a socket has at most 100 bytes: %s", path);
    for (unsigned i = 0; i < h->nloops; i++) {
        int status = open_pipe(h, &h->loops[i], path);
        if (status == UV_EADDRINUSE) {
            mlp_err_set(e, MLP_EIO, "cannot listen on %s: it exists", path);
            return mlp_err_hint(e, "remove it if no server uses it");
        }
        if (status < 0)
            return cannot_listen(e, status, h->config.address);
    }
    return MLP_OK;
}

/* A socket that somebody else bound, of which every loop has a descriptor. */
static int open_passed(struct mlp_loop *l, int fd)
{
    int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (own < 0)
        return uv_translate_sys_error(errno);
    int status = l->http->is_unix ? uv_pipe_init(&l->uv, &l->listener.pipe, 0)
                                  : uv_tcp_init(&l->uv, &l->listener.tcp);
    l->listener.handle.data = l;
    if (status == 0)
        status = l->http->is_unix ? uv_pipe_open(&l->listener.pipe, own)
                                  : uv_tcp_open(&l->listener.tcp, own);
    if (status != 0)
        mlp_os_close(own, NULL);
    return status == 0 ? uv_listen(&l->listener.stream, BACKLOG, mlp_conn_accept) : status;
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
    h->is_unix = at.ss_family == AF_UNIX;
    int status = 0;
    for (unsigned i = 0; status == 0 && i < h->nloops; i++)
        status = open_passed(&h->loops[i], (int)fd);
    mlp_os_close((int)fd, NULL);
    size_t room = sizeof h->address - 5;
    memcpy(h->address, "unix:", 5);
    if (status == 0)
        status = h->is_unix
            ? uv_pipe_getsockname(&h->loops[0].listener.pipe, h->address + 5, &room)
            : bound_address(h, &at);
    return status == 0 ? MLP_OK : cannot_listen(e, status, h->config.address);
}

static enum mlp_code listen_at(struct mlp_http *h, struct mlp_err *e)
{
    const char *address = h->config.address;
    if (mlp_str_starts(mlp_str_from(address), "unix:"))
        return listen_unix(h, address + 5, e);
    if (mlp_str_starts(mlp_str_from(address), "fd:"))
        return listen_passed(h, address + 3, e);
    return listen_tcp(h, e);
}

enum mlp_code mlp_http_new(const struct mlp_http_config *config, struct mlp_http **out,
                           struct mlp_err *e)
{
    struct mlp_http *h = calloc(1, sizeof *h);
    unsigned threads = config->threads ? config->threads : 1;
    *out = NULL;
    if (!h || threads > MOST_THREADS || !(h->loops = calloc(threads, sizeof *h->loops))) {
        free(h);
        return threads > MOST_THREADS ? mlp_err_set(e, MLP_EUSAGE, "at most 256 threads")
                                      : mlp_err_nomem(e);
    }
    h->config = *config;
    h->nloops = threads;
    fill_limits(&h->config.limits);
    if (!h->config.drain_ms)
        h->config.drain_ms = 10000;
    mlp_os_raise_files();
    enum mlp_code code = mlp_monitor_new(&h->late, e);
    if (code == MLP_OK && config->tls.cert)
        code = mlp_tls_new(&config->tls, &h->tls, e);
    for (unsigned i = 0; code == MLP_OK && i < threads; i++)
        code = mlp_loop_open(&h->loops[i], h, i, e);
    if (code == MLP_OK)
        code = listen_at(h, e);
    if (code != MLP_OK)
        mlp_http_free(h);
    else
        *out = h;
    return code;
}

const char *mlp_http_address(const struct mlp_http *h)
{
    return h->address;
}

enum mlp_code mlp_http_run(struct mlp_http *h, struct mlp_err *e)
{
    enum mlp_code code = mlp_loop_signals(&h->loops[0], e);
    for (unsigned i = 1; code == MLP_OK && i < h->nloops; i++) {
        atomic_fetch_add(&h->others, 1);
        code = mlp_thread_start(&h->loops[i].thread, mlp_loop_run, &h->loops[i], e);
        if (code != MLP_OK)
            atomic_fetch_sub(&h->others, 1);
    }
    if (code != MLP_OK)
        mlp_http_stop(h);
    mlp_loop_run(&h->loops[0]);
    for (unsigned i = 1; i < h->nloops; i++)
        mlp_thread_join(h->loops[i].thread);
    return code;
}

void mlp_http_stop(struct mlp_http *h)
{
    int before = atomic_load(&h->stopping);
    if (before < 2)
        atomic_store(&h->stopping, before + 1);
    for (unsigned i = 0; i < h->nloops; i++)
        uv_async_send(&h->loops[i].wake);
}

bool mlp_http_draining(const struct mlp_http *h)
{
    return atomic_load(&h->stopping) != 0;
}

static uint64_t load(const _Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

void mlp_http_stats(const struct mlp_http *h, struct mlp_http_stats *s)
{
    size_t resident = 0;
    *s = (struct mlp_http_stats){0};
    for (unsigned i = 0; i < h->nloops; i++) {
        const struct mlp_counters *c = &h->loops[i].counters;
        s->connections += load(&c->connections);
        s->open += load(&c->open);
        s->requests += load(&c->requests);
        s->refused += load(&c->refused);
        s->cut += load(&c->cut);
        s->bytes_in += load(&c->bytes_in);
        s->bytes_out += load(&c->bytes_out);
    }
    if (uv_resident_set_memory(&resident) == 0)
        s->resident_bytes = resident;
}

static void free_owner(struct mlp_late *late)
{
    if (late->of_stream)
        mlp_h2_free_stream(late);
    else
        mlp_conn_free((struct mlp_conn *)((char *)late - offsetof(struct mlp_conn, late)));
}

void mlp_http_answer(struct mlp_http *h, void *connection, int status, struct mlp_buf *body)
{
    struct mlp_late *late = connection;
    struct mlp_loop *l = late->loop;
    bool orphan = false;
    mlp_monitor_enter(h->late);
    late->status = status;
    late->body = *body;
    if (l->dead) {
        orphan = late->orphan;
        late->waiting = false; /* else on_closed frees it */
    } else {
        late->next = l->late;
        l->late = late;
        uv_async_send(&l->wake);
    }
    mlp_monitor_leave(h->late);
    mlp_buf_init(body, body->max);
    if (orphan)
        free_owner(late);
}

void mlp_http_free(struct mlp_http *h)
{
    if (!h)
        return;
    for (unsigned i = 0; i < h->nloops; i++)
        mlp_loop_close(&h->loops[i]);
    mlp_monitor_free(h->late);
    mlp_tls_free(h->tls);
    free(h->loops);
    free(h);
}
