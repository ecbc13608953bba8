/* HTTP/2 and gRPC framing: a client of raw frames against the server over real sockets. */
#include "suites.h"

#include "base/os.h"
#include "base/thread.h"
#include "http/grpc.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <nghttp2/nghttp2.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum frame_type { DATA, HEADERS, PRIORITY, RST, SETTINGS, PUSH, PING, GOAWAY, WINDOW,
                  CONTINUATION };

enum { END_STREAM = 1, ACK = 1, END_HEADERS = 4 };

struct server {
    struct mlp_http *http;
    struct mlp_thread *thread;
    unsigned port;
    unsigned handled;
    struct mlp_thread *other;       /* who answers /later */
    void *waiting;
    struct mlp_err err;
};

static void answer_later(void *ctx)
{
    struct server *s = ctx;
    struct mlp_buf body;
    mlp_buf_init(&body, 100);
    mlp_buf_adds(&body, "\"later\"");
    mlp_os_sleep_ms(60);
    mlp_http_answer(s->http, s->waiting, 200, &body);
    mlp_buf_fini(&body);
}

/* Echoes; /big answers 1 MB, /later does so from another thread; a call gets its message back, and
 * another one after "twice". */
static void handle(void *ctx, const struct mlp_http_request *r, struct mlp_http_response *a)
{
    struct server *s = ctx;
    s->handled++;
    a->content_type = "text/plain";
    if (mlp_str_is(r->path, "/later") && !s->waiting) {
        a->later = true;
        s->waiting = r->connection;
        ck_assert_int_eq(mlp_thread_start(&s->other, answer_later, s, &s->err), MLP_OK);
        return;
    }
    if (mlp_str_is(r->path, "/big")) {
        memset(mlp_buf_reserve(&a->body, 1u << 20), 'x', 1u << 20);
        a->body.n = 1u << 20;
        return;
    }
    if (r->grpc) {
        a->more = mlp_str_is(r->path, "/stream") && !r->end;
        a->grpc_status = mlp_str_is(r->path, "/none") ? MLP_GRPC_UNIMPLEMENTED : MLP_GRPC_OK;
        a->grpc_message = MLP_STR("no such \"m\xC3\xA9thod\"");
        mlp_buf_addf(&a->body, "%u:%.*s", r->nth, MLP_STR_ARG(r->body));
        return;
    }
    mlp_buf_addf(&a->body, "%.*s %.*s %.*s", MLP_STR_ARG(r->method), MLP_STR_ARG(r->path),
                 MLP_STR_ARG(r->body));
    if (mlp_http_get(r, "x-extra").p)
        mlp_buf_adds(&a->extra, "X-Extra: yes\r\n");
}

static void run(void *ctx)
{
    struct server *s = ctx;
    mlp_http_run(s->http, &s->err);
}

static void start(struct server *s, struct mlp_http_limits most)
{
    *s = (struct server){0};
    mlp_os_ignore_sigpipe();
    struct mlp_http_config config = {.address = "127.0.0.1:0", .limits = most, .handle = handle,
                                     .ctx = s, .drain_ms = 2000};
    ck_assert_int_eq(mlp_http_new(&config, &s->http, &s->err), MLP_OK);
    const char *colon = strrchr(mlp_http_address(s->http), ':');
    s->port = (unsigned)strtoul(colon + 1, NULL, 10);
    ck_assert_int_eq(mlp_thread_start(&s->thread, run, s, &s->err), MLP_OK);
}

static struct mlp_http_stats stop(struct server *s)
{
    struct mlp_http_stats stats;
    mlp_http_stop(s->http);
    mlp_thread_join(s->thread);
    mlp_http_stats(s->http, &stats);
    if (s->other)
        mlp_thread_join(s->other);
    mlp_http_free(s->http);
    ck_assert_uint_eq(stats.open, 0);
    return stats;
}

/* --- the client --- */

struct client {
    int fd;
    nghttp2_hd_inflater *inflater;
    bool quiet;                     /* grants no more window */
    size_t n;
    unsigned char in[1 << 17];
    struct mlp_buf out;             /* frames not sent yet */
};

/* A frame that came; fields are "name: value" lines. */
struct frame {
    unsigned type, flags, id;
    size_t n;
    char text[20000];
};

static void put_frame(struct client *c, unsigned type, unsigned flags, unsigned id,
                      struct mlp_str payload)
{
    const char head[9] = {(char)(payload.n >> 16), (char)(payload.n >> 8), (char)payload.n,
                          (char)type, (char)flags, (char)(id >> 24), (char)(id >> 16),
                          (char)(id >> 8), (char)id};
    mlp_buf_add(&c->out, head, sizeof head);
    mlp_buf_add(&c->out, payload.p, payload.n);
}

/* Sends what was put; a peer that is gone is no error here. */
static void flush(struct client *c)
{
    for (size_t at = 0; at < c->out.n;) {
        ssize_t sent = send(c->fd, c->out.p + at, c->out.n - at, MSG_NOSIGNAL);
        if (sent <= 0)
            break;
        at += (size_t)sent;
    }
    mlp_buf_reset(&c->out);
}

static void dial(struct client *c, const struct server *s)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)s->port)};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    c->fd = socket(AF_INET, SOCK_STREAM, 0);
    c->n = 0;
    c->quiet = false;
    ck_assert_int_eq(connect(c->fd, (struct sockaddr *)&at, sizeof at), 0);
    ck_assert_int_eq(nghttp2_hd_inflate_new(&c->inflater), 0);
    mlp_buf_init(&c->out, 32u << 20);
    mlp_buf_adds(&c->out, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    put_frame(c, SETTINGS, 0, 0, MLP_STR(""));
}

static void hang_up(struct client *c)
{
    close(c->fd);
    nghttp2_hd_inflate_del(c->inflater);
    mlp_buf_fini(&c->out);
}

/* A field as a literal that is not indexed (RFC 7541, 6.2.2), lengths below 2^14. */
static void put_length(struct mlp_buf *b, size_t n)
{
    if (n < 127) {
        mlp_buf_addc(b, (char)n);
        return;
    }
    mlp_buf_addc(b, 127);
    for (n -= 127; n >= 128; n >>= 7)
        mlp_buf_addc(b, (char)(128 | (n & 127)));
    mlp_buf_addc(b, (char)n);
}

static void put_field(struct mlp_buf *b, struct mlp_str name, struct mlp_str value)
{
    mlp_buf_addc(b, 0);
    put_length(b, name.n);
    mlp_buf_add(b, name.p, name.n);
    put_length(b, value.n);
    mlp_buf_add(b, value.p, value.n);
}

/* Request fields; more is "name: value" lines. */
static struct mlp_buf block(const char *method, const char *path, const char *more)
{
    struct mlp_buf b;
    mlp_buf_init(&b, 1u << 20);
    put_field(&b, MLP_STR(":method"), mlp_str_from(method));
    put_field(&b, MLP_STR(":scheme"), MLP_STR("http"));
    put_field(&b, MLP_STR(":path"), mlp_str_from(path));
    put_field(&b, MLP_STR(":authority"), MLP_STR("a"));
    while (*more) {
        size_t name = strcspn(more, ":"), line = strcspn(more, "\n");
        put_field(&b, (struct mlp_str){more, name},
                  (struct mlp_str){more + name + 2, line - name - 2});
        more += line + (more[line] == '\n');
    }
    return b;
}

static void put_request(struct client *c, unsigned id, const char *method, const char *path,
                        const char *more, unsigned flags)
{
    struct mlp_buf b = block(method, path, more);
    put_frame(c, HEADERS, END_HEADERS | flags, id, mlp_buf_str(&b));
    mlp_buf_fini(&b);
}

#define CALL "content-type: application/grpc\nte: trailers\n"

static void put_message(struct client *c, unsigned id, const char *text, unsigned flags)
{
    struct mlp_buf b;
    mlp_buf_init(&b, 1u << 20);
    mlp_grpc_prefix(&b, strlen(text));
    mlp_buf_adds(&b, text);
    put_frame(c, DATA, flags, id, mlp_buf_str(&b));
    mlp_buf_fini(&b);
}

static bool more_input(struct client *c, int ms)
{
    struct pollfd p = {.fd = c->fd, .events = POLLIN};
    if (poll(&p, 1, ms) <= 0)
        return false;
    ssize_t got = recv(c->fd, c->in + c->n, sizeof c->in - c->n, 0);
    c->n += got > 0 ? (size_t)got : 0;
    return got > 0;
}

static void decode_fields(struct client *c, struct frame *f)
{
    const unsigned char *p = c->in + 9, *end = p + f->n;
    size_t n = 0;
    for (;;) {
        nghttp2_nv nv;
        int flags = 0;
        ssize_t used = nghttp2_hd_inflate_hd2(c->inflater, &nv, &flags, p, (size_t)(end - p), 1);
        ck_assert_int_ge(used, 0);
        p += used;
        if (flags & NGHTTP2_HD_INFLATE_EMIT)
            n += (size_t)snprintf(f->text + n, sizeof f->text - n, "%s: %s\n", nv.name, nv.value);
        if (flags & NGHTTP2_HD_INFLATE_FINAL)
            break;
    }
    nghttp2_hd_inflate_end_headers(c->inflater);
}

/* The next frame; false when the peer closed or says nothing for two seconds. Grants the window
 * that data took. */
static bool next(struct client *c, struct frame *f)
{
    flush(c);
    while (c->n < 9 || c->n < 9 + ((size_t)c->in[0] << 16 | (size_t)c->in[1] << 8 | c->in[2]))
        if (!more_input(c, 2000))
            return false;
    f->n = (size_t)c->in[0] << 16 | (size_t)c->in[1] << 8 | c->in[2];
    f->type = c->in[3];
    f->flags = c->in[4];
    f->id = (unsigned)c->in[5] << 24 | (unsigned)c->in[6] << 16 | (unsigned)c->in[7] << 8 |
            c->in[8];
    ck_assert_uint_lt(f->n, sizeof f->text);
    memcpy(f->text, c->in + 9, f->n);
    f->text[f->n] = '\0';
    if (f->type == HEADERS)
        decode_fields(c, f);
    if (f->type == DATA && f->n && !c->quiet)
        put_frame(c, WINDOW, 0, 0, (struct mlp_str){"\0\0\x3f\xff", 4});
    memmove(c->in, c->in + 9 + f->n, c->n - 9 - f->n);
    c->n -= 9 + f->n;
    return true;
}

/* The next frame of a type. */
static bool find(struct client *c, struct frame *f, unsigned type)
{
    while (next(c, f))
        if (f->type == type)
            return true;
    return false;
}

static void expect(struct client *c, unsigned type, unsigned id, unsigned flags, const char *part)
{
    static struct frame f;
    ck_assert_msg(find(c, &f, type), "no frame of type %u", type);
    ck_assert_uint_eq(f.id, id);
    ck_assert_msg((f.flags & END_STREAM) == flags, "flags %u: %s", f.flags, f.text);
    ck_assert_msg(memmem(f.text, sizeof f.text, part, strlen(part)) != NULL, "%s lacks %s", f.text,
                  part);
}

static uint32_t error_of(const struct frame *f)
{
    const unsigned char *p = (const unsigned char *)f->text + (f->type == GOAWAY ? 4 : 0);
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

START_TEST(requests_are_answered)
{
    struct server s;
    static struct client c;
    start(&s, (struct mlp_http_limits){0});
    dial(&c, &s);
    put_request(&c, 1, "GET", "/a%20b?q", "x-extra: 1\n", END_STREAM);
    expect(&c, HEADERS, 1, 0, ":status: 200\n");
    expect(&c, DATA, 1, END_STREAM, "GET /a b ");
    put_request(&c, 3, "POST", "/slow", "", 0);
    put_request(&c, 5, "POST", "/quick", "", 0);
    put_frame(&c, DATA, 0, 3, MLP_STR("on"));
    put_frame(&c, DATA, END_STREAM, 5, MLP_STR("two"));
    put_frame(&c, DATA, END_STREAM, 3, MLP_STR("e"));
    expect(&c, HEADERS, 5, 0, "content-length: 15\n");
    expect(&c, DATA, 5, END_STREAM, "POST /quick two");
    expect(&c, DATA, 3, END_STREAM, "POST /slow one");
    put_request(&c, 7, "HEAD", "/h", "x-extra: 1\n", END_STREAM);
    expect(&c, HEADERS, 7, END_STREAM, "x-extra: yes\n");
    put_request(&c, 9, "GET", "/%zz", "", END_STREAM);
    expect(&c, HEADERS, 9, 0, ":status: 400\n");
    put_request(&c, 11, "POST", "/c", "expect: 100-continue\n", 0);
    expect(&c, HEADERS, 11, 0, ":status: 100\n");
    hang_up(&c);
    ck_assert_uint_eq(stop(&s).requests, 4);
}
END_TEST

START_TEST(limits_of_a_request)
{
    struct server s;
    static struct client c;
    static char long_field[700];
    start(&s, (struct mlp_http_limits){.line_bytes = 64, .header_bytes = 512, .body_bytes = 64});
    dial(&c, &s);
    snprintf(long_field, sizeof long_field, "/%090d", 1);
    put_request(&c, 1, "GET", long_field, "", END_STREAM);
    expect(&c, HEADERS, 1, 0, ":status: 414\n");
    snprintf(long_field, sizeof long_field, "x: %0600d\n", 1);
    put_request(&c, 3, "GET", "/", long_field, END_STREAM);
    expect(&c, HEADERS, 3, 0, ":status: 431\n");
    put_request(&c, 5, "POST", "/", "", 0);
    put_frame(&c, DATA, 0, 5, (struct mlp_str){long_field, 65});
    expect(&c, HEADERS, 5, 0, ":status: 413\n");
    put_frame(&c, DATA, 0, 5, (struct mlp_str){long_field, 65}); /* too much of it */
    expect(&c, RST, 5, 0, "");
    hang_up(&c);
    ck_assert_uint_eq(stop(&s).refused, 3);
    ck_assert_uint_eq(s.handled, 0);
}
END_TEST

/* 65,535 bytes is all that a client takes that does not say otherwise. */
START_TEST(windows_hold_back_large_answers)
{
    struct server s;
    static struct client c;
    static struct frame f;
    size_t got = 0, window = 0;
    start(&s, (struct mlp_http_limits){0});
    dial(&c, &s);
    c.quiet = true;
    put_request(&c, 1, "GET", "/big", "", END_STREAM);
    while (got < 65535 && find(&c, &f, DATA))
        got += f.n;
    ck_assert_uint_eq(got, 65535);
    for (; got < 1u << 20; got += f.n) {
        if (window == 0) {
            put_frame(&c, WINDOW, 0, 0, (struct mlp_str){"\0\0\x40\0", 4});
            put_frame(&c, WINDOW, 0, 1, (struct mlp_str){"\0\0\x40\0", 4});
            window = 16384;
        }
        ck_assert(find(&c, &f, DATA));
        ck_assert_uint_eq(f.id, 1);
        window -= f.n;
    }
    hang_up(&c);
    stop(&s);
}
END_TEST

static void put_reset(struct client *c, unsigned id)
{
    put_frame(c, RST, 0, id, (struct mlp_str){"\0\0\0\x08", 4});
}

/* CVE-2023-44487: requests that are taken back at once. */
START_TEST(rapid_resets_are_cut)
{
    struct server s;
    static struct client c;
    static struct frame f;
    start(&s, (struct mlp_http_limits){0});
    dial(&c, &s);
    for (unsigned i = 0; i < 20000; i++) {
        put_request(&c, 2 * i + 1, "GET", "/", "", END_STREAM);
        put_reset(&c, 2 * i + 1);
    }
    ck_assert(find(&c, &f, GOAWAY));
    ck_assert_uint_eq(error_of(&f), 11); /* ENHANCE_YOUR_CALM */
    while (next(&c, &f)) {
    }
    hang_up(&c);
    ck_assert_uint_lt(s.handled, 1000);
    dial(&c, &s);
    put_request(&c, 1, "GET", "/", "", END_STREAM);
    for (unsigned i = 0; i < 100; i++) /* now and then that is fine */
        put_reset(&c, 2 * i + 1), put_request(&c, 2 * i + 3, "GET", "/", "", END_STREAM);
    expect(&c, HEADERS, 201, 0, ":status: 200\n");
    hang_up(&c);
    stop(&s);
}
END_TEST

/* RFC 9113, 5.1.1: numbers of streams go up. */
START_TEST(numbers_that_go_back_end_the_connection)
{
    struct server s;
    static struct client c;
    static struct frame f;
    start(&s, (struct mlp_http_limits){0});
    dial(&c, &s);
    put_request(&c, 5, "GET", "/", "", END_STREAM);
    put_request(&c, 7, "GET", "/", "", END_STREAM);
    put_request(&c, 7, "GET", "/", "", END_STREAM); /* may be the end of one that is gone */
    put_request(&c, 3, "GET", "/", "", END_STREAM);
    ck_assert(find(&c, &f, GOAWAY));
    ck_assert_uint_eq(error_of(&f), 5); /* STREAM_CLOSED, of 7 */
    hang_up(&c);
    dial(&c, &s);
    put_request(&c, 5, "GET", "/", "", END_STREAM);
    put_request(&c, 3, "GET", "/", "", END_STREAM);
    ck_assert(find(&c, &f, GOAWAY));
    ck_assert_uint_eq(error_of(&f), 1); /* PROTOCOL_ERROR */
    ck_assert(!next(&c, &f));
    hang_up(&c);
    stop(&s);
}
END_TEST

/* Nothing that costs a client little may go on for ever. */
START_TEST(floods_of_frames_are_cut)
{
    static const struct {
        unsigned type, flags, id;
        struct mlp_str payload;
    } floods[] = {
        {PING, 0, 0, {"01234567", 8}}, {SETTINGS, 0, 0, {"", 0}}, {DATA, 0, 1, {"", 0}},
        {PRIORITY, 0, 7, {"\0\0\0\0\1", 5}}, {CONTINUATION, 0, 3, {"", 0}},
        {CONTINUATION, 0, 3, {"\0\1x\1y", 5}},
    };
    struct server s;
    static struct client c;
    static struct frame f;
    start(&s, (struct mlp_http_limits){0});
    for (size_t i = 0; i < sizeof floods / sizeof *floods; i++) {
        struct mlp_buf b = block("GET", "/", "");
        dial(&c, &s);
        put_request(&c, 1, "POST", "/", "", 0);
        if (floods[i].type == CONTINUATION)
            put_frame(&c, HEADERS, END_STREAM, 3, mlp_buf_str(&b));
        for (size_t k = 0; k < 20000; k++)
            put_frame(&c, floods[i].type, floods[i].flags, floods[i].id, floods[i].payload);
        unsigned n = 0;
        while (next(&c, &f))
            n++;
        ck_assert_msg(n < 2000, "flood %zu: %u frames came back", i, n);
        hang_up(&c);
        mlp_buf_fini(&b);
    }
    ck_assert_uint_eq(stop(&s).open, 0);
    ck_assert_uint_eq(s.handled, 0);
}
END_TEST

START_TEST(slow_blocks_and_bodies_are_cut)
{
    struct server s;
    static struct client c;
    static struct frame f;
    start(&s, (struct mlp_http_limits){.header_timeout_ms = 100, .body_timeout_ms = 100,
                                      .idle_timeout_ms = 100});
    for (unsigned i = 0; i < 3; i++) {
        struct mlp_buf b = block("POST", "/", "");
        dial(&c, &s);
        put_frame(&c, HEADERS, i ? END_HEADERS : 0, 1, mlp_buf_str(&b));
        if (i == 2)
            put_frame(&c, DATA, END_STREAM, 1, MLP_STR("x")); /* answered, idle afterwards */
        ck_assert(find(&c, &f, GOAWAY));
        while (next(&c, &f)) {
        }
        hang_up(&c);
        mlp_buf_fini(&b);
    }
    ck_assert_uint_eq(stop(&s).cut, 2);
}
END_TEST

START_TEST(a_drain_says_goaway)
{
    struct server s;
    static struct client c;
    static struct frame f;
    start(&s, (struct mlp_http_limits){0});
    dial(&c, &s);
    put_request(&c, 1, "POST", "/p", "", 0);
    put_frame(&c, DATA, 0, 1, MLP_STR("a"));
    flush(&c);
    mlp_os_sleep_ms(50);
    mlp_http_stop(s.http);
    ck_assert(find(&c, &f, GOAWAY));
    ck_assert_int_eq(memcmp(f.text, "\x7f\xff\xff\xff\0\0\0\0", 8), 0); /* a notice */
    put_request(&c, 3, "GET", "/still", "", END_STREAM);
    expect(&c, DATA, 3, END_STREAM, "GET /still ");
    ck_assert(find(&c, &f, GOAWAY));
    ck_assert_int_eq(memcmp(f.text, "\0\0\0\3\0\0\0\0", 8), 0); /* what is still answered */
    put_frame(&c, DATA, END_STREAM, 1, MLP_STR("b"));
    expect(&c, DATA, 1, END_STREAM, "POST /p ab");
    while (next(&c, &f)) {
    }
    hang_up(&c);
    mlp_thread_join(s.thread);
    mlp_http_free(s.http);
}
END_TEST

/* Whether the client still waits for it or took the request back. */
START_TEST(answers_that_come_later)
{
    struct server s;
    static struct client c;
    for (unsigned i = 0; i < 3; i++) {
        start(&s, (struct mlp_http_limits){0});
        dial(&c, &s);
        put_request(&c, 1, "GET", "/later", "", END_STREAM);
        put_request(&c, 3, "GET", "/now", "", END_STREAM);
        expect(&c, DATA, 3, END_STREAM, "GET /now ");
        if (i == 0)
            expect(&c, DATA, 1, END_STREAM, "\"later\"");
        if (i == 1)
            put_reset(&c, 1);
        flush(&c);
        if (i == 2)
            hang_up(&c);
        mlp_os_sleep_ms(100);
        if (i != 2)
            hang_up(&c);
        stop(&s);
    }
}
END_TEST

START_TEST(calls_of_one_message_and_of_many)
{
    struct server s;
    static struct client c;
    start(&s, (struct mlp_http_limits){0});
    dial(&c, &s);
    put_request(&c, 1, "POST", "/unary", CALL, 0);
    put_message(&c, 1, "one", END_STREAM);
    expect(&c, HEADERS, 1, 0, "content-type: application/grpc\n");
    expect(&c, DATA, 1, 0, "\5" "0:one");
    expect(&c, HEADERS, 1, END_STREAM, "grpc-status: 0\n");
    put_request(&c, 3, "POST", "/stream", CALL, 0);
    put_frame(&c, DATA, 0, 3, (struct mlp_str){"\0\0\0", 3}); /* cut anywhere */
    put_frame(&c, DATA, 0, 3, (struct mlp_str){"\0\2ab\0\0\0\0\1c\0\0\0\0\1", 15});
    expect(&c, DATA, 3, 0, "0:ab");
    put_frame(&c, DATA, END_STREAM, 3, MLP_STR("d"));
    expect(&c, DATA, 3, 0, "2:d");
    expect(&c, HEADERS, 3, END_STREAM, "grpc-status: 0\n");
    put_request(&c, 5, "POST", "/stream", CALL, 0);
    put_message(&c, 5, "x", 0);
    expect(&c, DATA, 5, 0, "0:x");
    put_frame(&c, DATA, END_STREAM, 5, MLP_STR(""));
    expect(&c, HEADERS, 5, END_STREAM, "grpc-status: 0\n");
    hang_up(&c);
    stop(&s);
}
END_TEST

START_TEST(calls_that_fail_say_why)
{
    struct server s;
    static struct client c;
    start(&s, (struct mlp_http_limits){.body_bytes = 64});
    dial(&c, &s);
    put_request(&c, 1, "POST", "/none", CALL, 0);
    put_message(&c, 1, "m", END_STREAM);
    expect(&c, HEADERS, 1, END_STREAM,
           "grpc-status: 12\ngrpc-message: no such \"m%C3%A9thod\"\n");
    static const struct {
        struct mlp_str body;
        const char *status;
    } bad[] = {
        {{"\1\0\0\0\1a", 6}, "grpc-status: 12\n"}, {{"\2\0\0\0\1a", 6}, "grpc-status: 13\n"},
        {{"\0\0\0\0\x41", 5}, "grpc-status: 8\n"}, {{"\0\0\0\0\2a", 6}, "grpc-status: 13\n"},
        {{"", 0}, "grpc-status: 13\n"},
    };
    unsigned id = 3;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++, id += 2) {
        put_request(&c, id, "POST", "/unary", CALL, 0);
        put_frame(&c, DATA, END_STREAM, id, bad[i].body);
        expect(&c, HEADERS, id, END_STREAM, bad[i].status);
    }
    put_request(&c, id, "POST", "/unary", CALL "grpc-timeout: 1m\n", 0);
    flush(&c);
    mlp_os_sleep_ms(50);
    put_message(&c, id, "late", END_STREAM);
    expect(&c, HEADERS, id, END_STREAM, "grpc-status: 4\n");
    hang_up(&c);
    ck_assert_uint_eq(s.handled, 1);
    stop(&s);
}
END_TEST

START_TEST(timeouts_and_statuses)
{
    static const struct {
        const char *text;
        uint64_t ms;
        bool good;
    } cases[] = {
        {"1n", 1, true}, {"2500u", 3, true}, {"7m", 7, true}, {"3S", 3000, true},
        {"2M", 120000, true}, {"99999999H", 86400000, true}, {"5", 0, false}, {"m", 0, false},
        {"123456789m", 0, false}, {"-1m", 0, false}, {"1x", 0, false}, {"", 0, false},
    };
    uint64_t ms;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ms = 0;
        ck_assert_int_eq(mlp_grpc_timeout(mlp_str_from(cases[i].text), &ms), cases[i].good);
        ck_assert_uint_eq(ms, cases[i].ms);
    }
    ck_assert_int_eq(mlp_grpc_from_http(200), 0);
    ck_assert_int_eq(mlp_grpc_from_http(400), 3);
    ck_assert_int_eq(mlp_grpc_from_http(404), 5);
    ck_assert_int_eq(mlp_grpc_from_http(429), 8);
    ck_assert_int_eq(mlp_grpc_from_http(503), 14);
    ck_assert_int_eq(mlp_grpc_from_http(500), 13);
    ck_assert(mlp_grpc_is(MLP_STR("application/grpc+proto")));
    ck_assert(mlp_grpc_is(MLP_STR("application/grpc;x")));
    ck_assert(!mlp_grpc_is(MLP_STR("application/grpc-web")));
    ck_assert(!mlp_grpc_is(MLP_STR("application/json")));
}
END_TEST

Suite *suite_http2(void);
Suite *suite_http2(void)
{
    Suite *suite = suite_create("http2");
    TCase *all = tcase_create("http2");
    tcase_set_timeout(all, 30);
    tcase_add_test(all, requests_are_answered);
    tcase_add_test(all, limits_of_a_request);
    tcase_add_test(all, windows_hold_back_large_answers);
    tcase_add_test(all, rapid_resets_are_cut);
    tcase_add_test(all, numbers_that_go_back_end_the_connection);
    tcase_add_test(all, floods_of_frames_are_cut);
    tcase_add_test(all, slow_blocks_and_bodies_are_cut);
    tcase_add_test(all, a_drain_says_goaway);
    tcase_add_test(all, answers_that_come_later);
    tcase_add_test(all, calls_of_one_message_and_of_many);
    tcase_add_test(all, calls_that_fail_say_why);
    tcase_add_test(all, timeouts_and_statuses);
    suite_add_tcase(suite, all);
    return suite;
}
