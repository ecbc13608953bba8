#include "http/conn.h"

#include "base/thread.h"

#include <stdlib.h>

#define LINGER_MS 2000u
#define WAIT_MS (24u * 3600u * 1000u) /* whoever answers later has a time-out of its own */
#define READ_LEAST 16384u
#define BODY_RATE 1024u            /* bytes a second that a body has to bring */
#define READ_MOST ((size_t)1 << 20)

enum mlp_preface { MLP_PREFACE_NOT, MLP_PREFACE_PART, MLP_PREFACE_WHOLE };

/* The part of an answer that the socket did not take at once. */
struct pending {
    uv_write_t request;
    char bytes[];
};

static unsigned phase_ms(const struct mlp_conn *c)
{
    const struct mlp_http_limits *limits = &c->loop->http->config.limits;
    switch ((enum mlp_phase)c->phase) {
    case MLP_CONN_NEW:
    case MLP_CONN_HEAD:
        return limits->header_timeout_ms;
    case MLP_CONN_BODY:
    case MLP_CONN_WRITE:
        return limits->body_timeout_ms;
    case MLP_CONN_LINGER:
        return LINGER_MS;
    case MLP_CONN_WAIT:
        return WAIT_MS;
    case MLP_CONN_IDLE:
        break;
    }
    return limits->idle_timeout_ms;
}

static void enter(struct mlp_conn *c, enum mlp_phase phase)
{
    const struct mlp_http_limits *limits = &c->loop->http->config.limits;
    c->phase = (uint8_t)phase;
    c->entered = uv_now(&c->loop->uv);
    c->got = 0;
    unsigned ms = phase_ms(c);
    if (phase == MLP_CONN_BODY && !c->h2 && ms > limits->header_timeout_ms)
        ms = limits->header_timeout_ms; /* then it has to keep up */
    mlp_loop_deadline(c, ms);
}

/* A body gets the time of a head, and goes on for as long as it comes at BODY_RATE, to the end of
 * its own time: who only drips holds a connection no longer than a slow head does. */
static bool keeps_up(struct mlp_conn *c)
{
    uint64_t spent = uv_now(&c->loop->uv) - c->entered;
    unsigned most = phase_ms(c);
    if (c->phase != MLP_CONN_BODY || c->h2 || spent >= most || c->got < spent * BODY_RATE / 1000)
        return false;
    mlp_loop_deadline(c, most - spent < 1000 ? (unsigned)(most - spent) : 1000);
    return true;
}

void mlp_conn_free(struct mlp_conn *c)
{
    mlp_buf_fini(&c->in);
    mlp_buf_fini(&c->late.body);
    mlp_tls_close(c->tls);
    free(c);
}

static void on_closed(uv_handle_t *handle)
{
    struct mlp_conn *c = handle->data;
    struct mlp_monitor *late = c->loop->http->late;
    mlp_monitor_enter(late);
    bool orphan = c->late.orphan = c->late.waiting && !c->late_ready;
    mlp_monitor_leave(late);
    mlp_h2_close(c->h2);
    c->h2 = NULL;
    if (!orphan)
        mlp_conn_free(c);
}

void mlp_conn_close(struct mlp_conn *c)
{
    if (c->closing)
        return;
    c->closing = true;
    mlp_loop_forget(c);
    uv_close(&c->uv.handle, on_closed);
}

static void on_shutdown(uv_shutdown_t *request, int status)
{
    struct mlp_conn *c = request->handle->data;
    free(request);
    if (status < 0)
        mlp_conn_close(c);
}

/* So that the client can tell the end from a cut (RFC 8446, 6.1). */
static void say_bye(struct mlp_conn *c)
{
    struct mlp_buf *out = &c->loop->sealed;
    mlp_tls_bye(c->tls);
    uv_buf_t buf = uv_buf_init(out->p, (unsigned)out->n);
    if (out->n)
        uv_try_write(&c->uv.stream, &buf, 1);
    mlp_buf_reset(out);
}

/* Everything is sent: end the connection as asked. */
static void finish(struct mlp_conn *c)
{
    uv_shutdown_t *request = c->ending == MLP_END_LINGER ? malloc(sizeof *request) : NULL;
    mlp_buf_fini(&c->in);
    if (c->tls)
        say_bye(c);
    if (!request || uv_shutdown(request, &c->uv.stream, on_shutdown) < 0) {
        free(request);
        mlp_conn_close(c);
        return;
    }
    enter(c, MLP_CONN_LINGER);
}

static void pump(struct mlp_conn *c, char *p, size_t n);
static void unseal(struct mlp_conn *c, const char *p, size_t n);
static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *room);
static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *room);

static bool may_go_on(const struct mlp_conn *c)
{
    return !c->writing && !c->late.waiting && !c->closing;
}

static void read_on(struct mlp_conn *c)
{
    if (may_go_on(c) && uv_read_start(&c->uv.stream, on_alloc, on_read) < 0)
        mlp_conn_close(c);
}

/* The answers are sent: what was kept of the input comes next. */
static void resume(struct mlp_conn *c)
{
    enter(c, MLP_CONN_IDLE);
    pump(c, c->in.p, c->in.n);
    if (c->tls && may_go_on(c) && c->ending == MLP_END_NOT)
        unseal(c, NULL, 0);
}

static void on_written(uv_write_t *request, int status)
{
    struct mlp_conn *c = request->handle->data;
    free(request);
    c->writing = false;
    if (c->closing)
        return;
    if (status < 0) {
        mlp_conn_close(c);
    } else if (c->late_ready) {
        mlp_conn_late(c);
        return;
    } else if (c->ending != MLP_END_NOT) {
        finish(c);
    } else {
        resume(c);
    }
    read_on(c);
}

/* Sends the rest when the socket takes it; reading stops until then, so that a client that does not
 * read cannot make the server buffer more. */
static bool send_later(struct mlp_conn *c, const char *p, size_t n)
{
    struct pending *rest = malloc(sizeof *rest + n);
    if (!rest)
        return false;
    memcpy(rest->bytes, p, n);
    uv_buf_t buf = uv_buf_init(rest->bytes, (unsigned)n);
    if (uv_write(&rest->request, &c->uv.stream, &buf, 1, on_written) < 0) {
        free(rest);
        return false;
    }
    c->writing = true;
    uv_read_stop(&c->uv.stream);
    enter(c, MLP_CONN_WRITE);
    return true;
}

static void empty(struct mlp_buf *b)
{
    if (b->cap > READ_MOST)
        mlp_buf_fini(b);
    mlp_buf_reset(b);
}

/* Sends loop->out, sealed where there is TLS, and empties it. */
static void flush(struct mlp_conn *c)
{
    struct mlp_loop *l = c->loop;
    struct mlp_buf *out = c->tls ? &l->sealed : &l->out;
    bool good = !l->out.failed;
    if (c->tls && good && l->out.n)
        good = mlp_tls_write(c->tls, l->out.p, l->out.n);
    size_t n = out->n;
    good = good && !out->failed;
    if (n && good) {
        uv_buf_t buf = uv_buf_init(out->p, (unsigned)n);
        int sent = uv_try_write(&c->uv.stream, &buf, 1);
        sent = sent == UV_EAGAIN ? 0 : sent;
        good = sent >= 0 && ((size_t)sent == n || send_later(c, out->p + sent, n - (size_t)sent));
        mlp_count(&l->counters.bytes_out, n);
    }
    empty(&l->out);
    empty(&l->sealed);
    if (!good)
        mlp_conn_close(c);
    else if (c->ending != MLP_END_NOT && !c->writing)
        finish(c);
}

/* Keeps the start of an incomplete request, or gives the memory back. own: it is there already. */
static void keep(struct mlp_conn *c, struct mlp_view rest, bool own)
{
    if (rest.n == 0) {
        mlp_buf_fini(&c->in);
    } else if (own) {
        memmove(c->in.p, rest.p, rest.n);
        c->in.n = rest.n;
    } else {
        mlp_buf_reset(&c->in);
        mlp_buf_add(&c->in, rest.p, rest.n);
    }
    if (c->in.failed)
        mlp_conn_close(c);
}

/* The phase after input: a deadline holds for a whole head or body, however it trickles in. */
static void settle(struct mlp_conn *c, bool answered)
{
    if (c->late.waiting) {
        uv_read_stop(&c->uv.stream);
        enter(c, MLP_CONN_WAIT);
        return;
    }
    enum mlp_phase phase = c->h2                  ? mlp_h2_phase(c)
                           : c->in.n == 0        ? MLP_CONN_IDLE
                           : c->parser.head_done ? MLP_CONN_BODY
                                                 : MLP_CONN_HEAD;
    if ((phase == MLP_CONN_IDLE && !c->h2) || answered || phase != (enum mlp_phase)c->phase)
        enter(c, phase);
}

/* HTTP/2 over TLS is agreed on by ALPN; in the clear, a client that knows begins with its preface
 * (RFC 9113, 3.3 and 3.4), whose first line no HTTP/1 request has. */
static enum mlp_preface look_for_preface(const struct mlp_conn *c, struct mlp_view view)
{
    static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    size_t n = view.n < sizeof preface - 1 ? view.n : sizeof preface - 1;
    if (c->tls)
        return mlp_tls_chose_h2(c->tls) ? MLP_PREFACE_WHOLE : MLP_PREFACE_NOT;
    if (n < 4 || memcmp(view.p, preface, n) != 0)
        return MLP_PREFACE_NOT;
    return n == sizeof preface - 1 ? MLP_PREFACE_WHOLE : MLP_PREFACE_PART;
}

/* Gives bytes to the protocol that the connection speaks. */
static bool input(struct mlp_conn *c, struct mlp_view *view)
{
    if (!c->h2 && !c->served && c->phase != MLP_CONN_BODY) {
        enum mlp_preface preface = look_for_preface(c, *view);
        if (preface == MLP_PREFACE_PART)
            return false;
        if (preface == MLP_PREFACE_WHOLE && !mlp_h2_open(c)) {
            mlp_conn_close(c);
            return false;
        }
    }
    return c->h2 ? mlp_h2_input(c, view) : mlp_h1_input(c, view);
}

/* Feeds bytes to the protocol and sends what it answers, until nothing moves any more. */
static void pump(struct mlp_conn *c, char *p, size_t n)
{
    const struct mlp_http_config *config = &c->loop->http->config;
    struct mlp_view view = {p, n};
    bool own = p && p == c->in.p, stopped = true;
    unsigned served = c->served;
    while (stopped && may_go_on(c)) {
        stopped = input(c, &view);
        flush(c);
    }
    bool goes_on = !c->closing && c->ending == MLP_END_NOT;
    if (goes_on)
        keep(c, view, own);
    if (goes_on && !c->closing && !c->writing)
        settle(c, c->served != served || c->moved);
    c->moved = false;
    if (config->after && c->served != served)
        config->after(config->ctx, c->loop->index);
}

/* As on_written: what was kept of the input comes next. */
void mlp_conn_late(struct mlp_conn *c)
{
    c->late_ready = c->writing && !c->closing;
    if (c->late_ready)
        return;
    c->late.waiting = false;
    if (c->late.orphan) {
        mlp_conn_free(c);
        return;
    }
    if (c->closing)
        return; /* closed, not let go of yet: on_closed frees it */
    mlp_h1_late(c);
    flush(c);
    if (!c->writing && !c->closing && c->ending == MLP_END_NOT)
        resume(c);
    read_on(c);
}

void mlp_conn_push(struct mlp_conn *c)
{
    if (may_go_on(c) && c->ending == MLP_END_NOT)
        pump(c, NULL, 0);
}

/* Where the protocol's next bytes go: the loop's buffer, or the connection's own when that has a
 * part of something large. Many that send little have little memory, whatever they announce. */
static uv_buf_t room_for(struct mlp_conn *c, char *idle)
{
    if (c->in.n < READ_LEAST)
        return uv_buf_init(idle, MLP_IN_BYTES);
    size_t want = mlp_http_wanted(&c->parser, c->in.n);
    want = want < READ_LEAST ? READ_LEAST : want > READ_MOST ? READ_MOST : want;
    char *p = mlp_buf_reserve(&c->in, want);
    return uv_buf_init(p, p ? (unsigned)want : 0);
}

static void arrived(struct mlp_conn *c, char *p, size_t n)
{
    c->got += n;
    if (c->in.n == 0) {
        pump(c, p, n);
        return;
    }
    if (p == c->in.p + c->in.n)
        c->in.n += n;
    else
        mlp_buf_add(&c->in, p, n);
    if (c->in.failed)
        mlp_conn_close(c);
    else
        pump(c, c->in.p, c->in.n);
}

/* Decrypts what came, and what was kept before, for as long as the protocol takes it. */
static void unseal(struct mlp_conn *c, const char *p, size_t n)
{
    bool good = n == 0 || mlp_tls_feed(c->tls, p, n);
    while (good && may_go_on(c) && c->ending == MLP_END_NOT) {
        uv_buf_t room = room_for(c, c->loop->plain);
        long got = room.len ? mlp_tls_read(c->tls, room.base, room.len) : -1;
        good = got >= 0;
        if (got <= 0)
            break;
        arrived(c, room.base, (size_t)got);
    }
    if (c->closing)
        return;
    if (!good && c->ending == MLP_END_NOT)
        c->ending = MLP_END_CLOSE;
    if (!mlp_tls_keep(c->tls))
        mlp_conn_close(c);
    else if (!c->writing)
        flush(c); /* of the handshake, or an alert */
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *room)
{
    struct mlp_conn *c = handle->data;
    (void)suggested;
    *room = c->tls ? uv_buf_init(c->loop->in, MLP_IN_BYTES) : room_for(c, c->loop->in);
} /* no room is UV_ENOBUFS in on_read */

static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *room)
{
    struct mlp_conn *c = stream->data;
    if (got < 0)
        mlp_conn_close(c);
    if (got <= 0 || c->phase == MLP_CONN_LINGER)
        return;
    mlp_count(&c->loop->counters.bytes_in, (uint64_t)got);
    if (c->tls)
        unseal(c, room->base, (size_t)got);
    else
        arrived(c, room->base, (size_t)got);
}

void mlp_conn_expire(struct mlp_conn *c)
{
    bool slow = c->phase == MLP_CONN_HEAD || c->phase == MLP_CONN_BODY;
    if (keeps_up(c))
        return;
    if (c->phase != MLP_CONN_IDLE && c->phase != MLP_CONN_LINGER)
        mlp_count(&c->loop->counters.cut, 1);
    if (c->h2) {
        mlp_h2_goaway(c, true);
        mlp_conn_push(c);
    } else if (slow) {
        mlp_h1_refuse(c, 408, "the request did not arrive in time");
        c->ending = MLP_END_CLOSE;
        flush(c);
    }
    mlp_conn_close(c);
}

static int open_handle(struct mlp_conn *c, struct mlp_listener *from)
{
    struct mlp_loop *l = c->loop;
    int status = from->is_unix ? uv_pipe_init(&l->uv, &c->uv.pipe, 0)
                                  : uv_tcp_init(&l->uv, &c->uv.tcp);
    c->uv.handle.data = c;
    if (status == 0)
        status = uv_accept(&from->uv.stream, &c->uv.stream);
    if (status == 0 && !from->is_unix)
        uv_tcp_nodelay(&c->uv.tcp, 1);
    return status;
}

void mlp_conn_accept(struct mlp_listener *from, int status)
{
    struct mlp_loop *l = from->loop;
    const struct mlp_http_limits *limits = &l->http->config.limits;
    struct mlp_conn *c = status == 0 ? calloc(1, sizeof *c) : NULL;
    from->starved = status == 0 && !c;
    if (!c)
        return;
    c->loop = c->late.loop = l;
    c->from = from;
    c->late.conn = c;
    c->parser.limits = limits;
    mlp_buf_init(&c->in, limits->line_bytes + limits->header_bytes + limits->body_bytes +
                             READ_MOST + MLP_IN_BYTES);
    l->open++;
    mlp_count(&l->counters.connections, 1);
    atomic_store_explicit(&l->counters.open, l->open, memory_order_relaxed);
    enter(c, MLP_CONN_NEW);
    bool over = l->open > limits->connections && !from->admin;
    if (open_handle(c, from) != 0 ||
        (l->http->tls && !from->admin && !(c->tls = mlp_tls_open(l->http->tls, &l->sealed)))) {
        mlp_conn_close(c);
    } else if (over && c->tls) {
        mlp_conn_close(c);
    } else if (over) {
        mlp_h1_refuse(c, 503, "too many connections");
        flush(c);
    }
    if (!c->closing && uv_read_start(&c->uv.stream, on_alloc, on_read) < 0)
        mlp_conn_close(c);
}
