/* The http module: the parser however the bytes arrive, the server over real sockets. */
#include "suites.h"

#include "base/os.h"
#include "base/thread.h"
#include "http/parse.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const struct mlp_http_limits limits = {
    .line_bytes = 64, .header_bytes = 512, .body_bytes = 64, .connections = 10,
};

/* What came out of parsing one request. */
struct outcome {
    enum mlp_parse verdict;
    int status;
    size_t used, nfields;
    char path[128], query[64], body[128];
    bool keep_alive;
};

/* Feeds the text in two parts, with chunked holes closed in between as the server does. */
static struct outcome feed(const char *text, size_t n, size_t first)
{
    struct outcome o = {0};
    struct mlp_http_parser s = {.limits = &limits};
    struct mlp_http_request r;
    char *p = malloc(n + 1);
    size_t have = first, used = 0;
    memcpy(p, text, first);
    o.verdict = mlp_http_parse(&s, p, have, &r, &used);
    if (o.verdict == MLP_PARSE_MORE && first < n) {
        size_t now = mlp_http_compact(&s, p, have);
        o.used = have - now; /* bytes given back by then */
        char *moved = malloc(n + 1);
        memcpy(moved, p, now);
        free(p);
        p = moved;
        memcpy(p + now, text + first, n - first);
        have = now + n - first;
        o.verdict = mlp_http_parse(&s, p, have, &r, &used);
    }
    o.status = s.status;
    if (o.verdict == MLP_PARSE_DONE) {
        o.used += used;
        o.nfields = r.nfields;
        o.keep_alive = s.keep_alive;
        mlp_str_copy(r.path, o.path, sizeof o.path);
        mlp_str_copy(r.query, o.query, sizeof o.query);
        mlp_str_copy(r.body, o.body, sizeof o.body);
    }
    free(p);
    return o;
}

static struct outcome parse(const char *text)
{
    return feed(text, strlen(text), strlen(text));
}

/* However a text is cut in two, the outcome is the one of the whole. */
static void same_however_cut(const char *text, size_t n)
{
    struct outcome whole = feed(text, n, n);
    for (size_t cut = 0; cut < n; cut++) {
        struct outcome o = feed(text, n, cut);
        ck_assert_int_eq(o.verdict, whole.verdict);
        ck_assert_int_eq(o.status, whole.status);
        if (whole.verdict != MLP_PARSE_DONE)
            continue;
        ck_assert_uint_eq(o.used, whole.used);
        ck_assert_uint_eq(o.nfields, whole.nfields);
        ck_assert_str_eq(o.path, whole.path);
        ck_assert_str_eq(o.body, whole.body);
        ck_assert_int_eq(o.keep_alive, whole.keep_alive);
    }
}

#define GET "GET / HTTP/1.1\r\nHost: a\r\n"
#define POST "POST /p HTTP/1.1\r\nHost: a\r\n"
#define CHUNKED POST "Transfer-Encoding: chunked\r\n\r\n"

static const struct {
    const char *text;
    const char *path, *query, *body;
    bool keep;
} good[] = {
    {GET "\r\n", "/", "", "", true},
    {"\r\n" GET "\r\n", "/", "", "", true},
    {"GET /a%20b?x=%41 HTTP/1.1\r\nHost: a:80\r\n\r\n", "/a b", "x=%41", "", true},
    {"GET http://h:1/q?z HTTP/1.1\r\nHost: [::1]\r\n\r\n", "/q", "z", "", true},
    {"OPTIONS * HTTP/1.1\r\nHost:\r\n\r\n", "*", "", "", true},
    {"GET / HTTP/1.0\r\n\r\n", "/", "", "", false},
    {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", "/", "", "", true},
    {GET "Connection: foo , Close\r\n\r\n", "/", "", "", false},
    {GET "X: \t a\xE9 b \t\r\nEmpty:\r\n\r\n", "/", "", "", true},
    {POST "content-length: 5\r\n\r\nhello", "/p", "", "hello", true},
    {POST "Content-Length: 0\r\n\r\n", "/p", "", "", true},
    {CHUNKED "5\r\nhello\r\n0\r\n\r\n", "/p", "", "hello", true},
    {CHUNKED "2;a=b\r\nhe\r\n003\r\nllo\r\n0\r\nT: x\r\n\r\n", "/p", "", "hello", true},
    {CHUNKED "A\r\n0123456789\r\n1\r\n!\r\n0\r\n\r\n", "/p", "", "0123456789!", true},
};

START_TEST(good_requests_however_cut)
{
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct outcome o = parse(good[i].text);
        ck_assert_msg(o.verdict == MLP_PARSE_DONE, "%s: %d", good[i].text, o.status);
        ck_assert_str_eq(o.path, good[i].path);
        ck_assert_str_eq(o.query, good[i].query);
        ck_assert_str_eq(o.body, good[i].body);
        ck_assert_int_eq(o.keep_alive, good[i].keep);
        ck_assert_uint_eq(o.used, strlen(good[i].text));
        same_however_cut(good[i].text, strlen(good[i].text));
    }
}
END_TEST

static const struct {
    int status;
    const char *text;
} bad[] = {
    {400, POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"},
    {400, POST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n5\r\nhello\r\n0\r\n\r\n"},
    {400, POST "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello"},
    {400, POST "Content-Length: 5, 5\r\n\r\nhello"},
    {400, POST "Content-Length: +5\r\n\r\nhello"},
    {400, POST "Content-Length: 99999999999999999999\r\n\r\n"},
    {400, POST "Content-Length:\r\n\r\n"},
    {413, POST "Content-Length: 65\r\n\r\n"},
    {501, POST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"},
    {400, POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
    {400, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
    {417, POST "Expect: 200-ok\r\nContent-Length: 1\r\n\r\na"},
    {400, CHUNKED "5\nhello\r\n0\r\n\r\n"},
    {400, CHUNKED "5\r\nhelloX\r\n0\r\n\r\n"},
    {400, CHUNKED " 5\r\nhello\r\n0\r\n\r\n"},
    {400, CHUNKED "5 \r\nhello\r\n0\r\n\r\n"},
    {400, CHUNKED "\r\nhello\r\n0\r\n\r\n"},
    {400, CHUNKED "10000000000000005\r\nhello\r\n0\r\n\r\n"},
    {413, CHUNKED "41\r\n"},
    {413, CHUNKED "40\r\n0123456789012345678901234567890123456789012345678901234567890123\r\n1"
                  "\r\n"},
    {400, CHUNKED "5;a\x01\r\nhello\r\n0\r\n\r\n"},
    {400, CHUNKED "0\r\nbad trailer\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\n\r\n"},
    {400, GET "Host: b\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\nHost: a b\r\n\r\n"},
    {400, GET "X : 1\r\n\r\n"},
    {400, GET "X: 1\r\n 2\r\n\r\n"},
    {400, GET "no colon\r\n\r\n"},
    {400, GET "X: a\x7F\r\n\r\n"},
    {400, GET "X: a\rb\r\n\r\n"},
    {400, GET "X: a\n\r\n"},
    {400, "GET / HTTP/1.1\nHost: a\n\n"},
    {400, "GET / HTTP/1.1\rHost"},
    {400, "\r\n\r\n" GET "\r\n"},
    {400, "\x16\x03\x01\x02"},
    {400, "GET / HTTP/1.1 \r\nHost: a\r\n\r\n"},
    {400, "GET  / HTTP/1.1\r\nHost: a\r\n\r\n"},
    {400, "GET / http/1.1\r\nHost: a\r\n\r\n"},
    {505, "GET / HTTP/1.2\r\nHost: a\r\n\r\n"},
    {505, "GET / HTTP/2.0\r\nHost: a\r\n\r\n"},
    {400, "GET /\r\n\r\n"},
    {400, "GET a HTTP/1.1\r\nHost: a\r\n\r\n"},
    {400, "GET /\xFF HTTP/1.1\r\nHost: a\r\n\r\n"},
    {400, "GET /#f HTTP/1.1\r\nHost: a\r\n\r\n"},
    {400, "GET /%0 HTTP/1.1\r\nHost: a\r\n\r\n"},
    {400, "GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n"},
    {400, "GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n"},
    {414, "GET /0123456789012345678901234567890123456789012345678901234567890 HTTP/1.1\r\n"},
};

START_TEST(bad_requests_however_cut)
{
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct outcome o = parse(bad[i].text);
        ck_assert_msg(o.verdict == MLP_PARSE_BAD && o.status == bad[i].status, "%s: %d, %d",
                      bad[i].text, o.verdict, o.status);
        same_however_cut(bad[i].text, strlen(bad[i].text));
    }
}
END_TEST

START_TEST(nul_bytes_are_refused)
{
    static const char value[] = GET "X: a\0b\r\n\r\n";
    static const char target[] = "GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n";
    ck_assert_int_eq(feed(value, sizeof value - 1, sizeof value - 1).status, 400);
    ck_assert_int_eq(feed(target, sizeof target - 1, sizeof target - 1).status, 400);
}
END_TEST

START_TEST(heads_over_the_limits)
{
    char text[2048];
    int n = snprintf(text, sizeof text, GET "X: %0600d\r\n\r\n", 1);
    ck_assert_int_eq(parse(text).status, 431);
    same_however_cut(text, (size_t)n);
    n = snprintf(text, sizeof text, "%s", GET);
    for (int i = 0; i < 101; i++)
        n += snprintf(text + n, sizeof text - (size_t)n, "A:\r\n");
    snprintf(text + n, sizeof text - (size_t)n, "\r\n");
    ck_assert_int_eq(parse(text).status, 431);
}
END_TEST

START_TEST(pipelined_requests_keep_their_bounds)
{
    static const char two[] = POST "Content-Length: 2\r\n\r\nab" GET "\r\n";
    struct outcome o = parse(two);
    ck_assert_int_eq(o.verdict, MLP_PARSE_DONE);
    ck_assert_str_eq(o.body, "ab");
    ck_assert_uint_eq(o.used, sizeof two - sizeof GET - 2);
}
END_TEST

/* --- the server --- */

struct server {
    struct mlp_http *http;
    struct mlp_thread *thread;
    unsigned port;
    unsigned handled, after;
    struct mlp_err err;
};

/* Echoes method, path and body; /big answers 8 MB, /fail nothing that fits, /close closes. */
static void handle(void *ctx, const struct mlp_http_request *r, struct mlp_http_response *a)
{
    struct server *s = ctx;
    s->handled++;
    a->content_type = "text/plain";
    if (mlp_str_is(r->path, "/big")) {
        char *p = mlp_buf_reserve(&a->body, 8u << 20);
        memset(p, 'x', 8u << 20);
        a->body.n = 8u << 20;
        return;
    }
    a->body.failed = mlp_str_is(r->path, "/fail");
    a->close = mlp_str_is(r->path, "/close");
    mlp_buf_addf(&a->body, "%.*s %.*s %.*s\n", MLP_STR_ARG(r->method), MLP_STR_ARG(r->path),
                 MLP_STR_ARG(r->body));
    if (mlp_http_get(r, "x-extra").p)
        mlp_buf_adds(&a->extra, "X-Extra: yes\r\n");
}

static void after(void *ctx, unsigned thread)
{
    struct server *s = ctx;
    ck_assert_uint_eq(thread, 0);
    s->after++;
}

static void run(void *ctx)
{
    struct server *s = ctx;
    mlp_http_run(s->http, &s->err);
}

static void start(struct server *s, const char *address, struct mlp_http_limits most)
{
    *s = (struct server){0};
    mlp_os_ignore_sigpipe();
    struct mlp_http_config config = {.address = address, .limits = most, .handle = handle,
                                     .after = after, .ctx = s, .drain_ms = 400};
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
    mlp_http_free(s->http);
    ck_assert_uint_eq(stats.open, 0);
    return stats;
}

static int dial(const struct server *s)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)s->port)};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
    return fd;
}

static void say(int fd, const char *text)
{
    ck_assert_int_eq(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

/* Reads until the text holds `until`, the peer closes (until NULL) or two seconds pass. */
static const char *hear(int fd, const char *until)
{
    static char text[65536];
    size_t n = 0;
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
    text[0] = '\0';
    while (n < sizeof text - 1 && !(until && strstr(text, until))) {
        if (poll(&poll_fd, 1, 2000) <= 0)
            return "(time-out)";
        ssize_t got = recv(fd, text + n, sizeof text - 1 - n, 0);
        if (got <= 0)
            return until ? "(closed)" : text;
        n += (size_t)got;
        text[n] = '\0';
    }
    return text;
}

#define HAS(text, part) \
    ck_assert_msg(strstr(text, part) != NULL, "%.600s lacks %s", text, part)

START_TEST(requests_are_answered)
{
    struct server s;
    start(&s, "127.0.0.1:0", (struct mlp_http_limits){0});
    int fd = dial(&s);
    say(fd, POST "X-Extra: 1\r\nContent-Length: 2\r\n\r\nhi");
    const char *text = hear(fd, "POST /p hi");
    HAS(text, "HTTP/1.1 200 OK\r\nDate: ");
    HAS(text, "Content-Type: text/plain\r\nContent-Length: 11\r\nX-Extra: yes\r\n\r\n");
    say(fd, "HEAD /p HTTP/1.1\r\nHost: a\r\n\r\n" GET "\r\n");
    text = hear(fd, "GET / ");
    HAS(text, "Content-Length: 9\r\n\r\nHTTP/1.1 200 OK");
    say(fd, "GET /fail HTTP/1.1\r\nHost: a\r\n\r\n");
    HAS(hear(fd, "}"), "HTTP/1.1 500 ");
    say(fd, "GET /close HTTP/1.1\r\nHost: a\r\n\r\n" GET "\r\n");
    text = hear(fd, NULL);
    HAS(text, "Connection: close\r\n");
    ck_assert_ptr_eq(strstr(text, "GET / "), NULL);
    close(fd);
    struct mlp_http_stats stats = stop(&s);
    ck_assert_uint_eq(s.handled, 5);
    ck_assert_uint_ge(s.after, 1);
    ck_assert_uint_eq(stats.requests, 5);
    ck_assert_uint_eq(stats.connections, 1);
}
END_TEST

START_TEST(pieces_and_floods_of_requests)
{
    struct server s;
    start(&s, "127.0.0.1:0", (struct mlp_http_limits){0});
    int fd = dial(&s);
    static const char text[] = CHUNKED "2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n";
    for (const char *p = text; *p; p++)
        say(fd, (char[]){*p, '\0'});
    HAS(hear(fd, "POST /p abcde\n"), "200 OK");
    struct mlp_buf many;
    mlp_buf_init(&many, 1u << 24);
    for (int i = 0; i < 5000; i++)
        mlp_buf_addf(&many, "GET /%d HTTP/1.1\r\nHost: a\r\n\r\n", i);
    mlp_buf_adds(&many, "GET /end HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    size_t sent = 0, answers = 0;
    while (sent < many.n) { /* reads too little on purpose: the server must wait, not lose */
        ssize_t n = send(fd, many.p + sent, many.n - sent, MSG_DONTWAIT);
        sent += n > 0 ? (size_t)n : 0;
        char sink[512];
        if (n <= 0)
            recv(fd, sink, sizeof sink, 0);
    }
    char part[4096];
    for (ssize_t n; (n = recv(fd, part, sizeof part, 0)) > 0;)
        answers += (size_t)n;
    ck_assert_uint_gt(answers, 0);
    mlp_buf_fini(&many);
    close(fd);
    stop(&s);
    ck_assert_uint_eq(s.handled, 5002);
}
END_TEST

START_TEST(big_answers_wait_for_slow_readers)
{
    struct server s;
    start(&s, "127.0.0.1:0", (struct mlp_http_limits){0});
    int fd = dial(&s);
    say(fd, "GET /big HTTP/1.1\r\nHost: a\r\n\r\n" GET "Connection: close\r\n\r\n");
    mlp_os_sleep_ms(50);
    static char all[9u << 20];
    size_t n = 0;
    for (ssize_t got; (got = recv(fd, all + n, sizeof all - 1 - n, 0)) > 0;)
        n += (size_t)got;
    ck_assert_uint_gt(n, 8u << 20);
    ck_assert_str_eq(all + n - 7, "GET / \n");
    close(fd);
    stop(&s);
}
END_TEST

START_TEST(errors_answer_and_close)
{
    struct server s;
    start(&s, "127.0.0.1:0", (struct mlp_http_limits){.body_bytes = 100});
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (bad[i].status == 413 || bad[i].status == 414)
            continue; /* other limits here */
        int fd = dial(&s);
        say(fd, bad[i].text);
        char line[32];
        snprintf(line, sizeof line, "HTTP/1.1 %d ", bad[i].status);
        const char *text = hear(fd, NULL);
        HAS(text, line);
        HAS(text, "Connection: close\r\n");
        HAS(text, "{\"error\":\"");
        close(fd);
    }
    int fd = dial(&s); /* refused by its head, while the body still comes */
    say(fd, POST "Content-Length: 100000\r\n\r\n");
    HAS(hear(fd, "}"), "HTTP/1.1 413 ");
    close(fd);
    ck_assert_uint_ge(stop(&s).refused, 40);
    ck_assert_uint_eq(s.handled, 0);
}
END_TEST

START_TEST(expect_gets_leave_to_continue)
{
    struct server s;
    start(&s, "127.0.0.1:0", (struct mlp_http_limits){0});
    int fd = dial(&s);
    say(fd, POST "Expect: 100-continue\r\nContent-Length: 4\r\n\r\n");
    HAS(hear(fd, "\r\n\r\n"), "HTTP/1.1 100 Continue");
    say(fd, "bo");
    say(fd, "dy");
    const char *text = hear(fd, "POST /p body");
    ck_assert_ptr_eq(strstr(text, "100 Continue"), NULL);
    close(fd);
    stop(&s);
}
END_TEST

START_TEST(slow_and_idle_clients_are_cut)
{
    struct server s;
    start(&s, "127.0.0.1:0", (struct mlp_http_limits){.header_timeout_ms = 100,
                                                     .body_timeout_ms = 100,
                                                     .idle_timeout_ms = 100});
    int silent = dial(&s), head = dial(&s), body = dial(&s), idle = dial(&s);
    say(head, "GET / HT");
    say(body, POST "Content-Length: 4\r\n\r\nbo");
    say(idle, GET "\r\n");
    HAS(hear(idle, NULL), "200 OK");
    HAS(hear(head, NULL), "HTTP/1.1 408 ");
    HAS(hear(body, NULL), "HTTP/1.1 408 ");
    ck_assert_str_eq(hear(silent, NULL), "");
    close(silent);
    close(head);
    close(body);
    close(idle);
    ck_assert_uint_eq(stop(&s).cut, 3);
}
END_TEST

/* A body that keeps coming gets all of its time, one that only drips that of a head. */
START_TEST(dripping_bodies_are_cut_early)
{
    struct server s;
    char part[2048];
    start(&s, "127.0.0.1:0", (struct mlp_http_limits){.header_timeout_ms = 100,
                                                     .body_timeout_ms = 60000});
    int drip = dial(&s), steady = dial(&s);
    memset(part, 'x', sizeof part);
    say(drip, POST "Content-Length: 4000\r\n\r\nb");
    say(steady, POST "Content-Length: 20480\r\n\r\n");
    for (int i = 0; i < 10; i++) {
        ck_assert_int_eq(send(steady, part, sizeof part, MSG_NOSIGNAL), sizeof part);
        send(drip, "b", 1, MSG_NOSIGNAL);
        mlp_os_sleep_ms(200);
    }
    HAS(hear(steady, "POST /p xx"), "HTTP/1.1 200 OK");
    HAS(hear(drip, NULL), "HTTP/1.1 408 ");
    close(drip);
    close(steady);
    ck_assert_uint_eq(stop(&s).cut, 1);
}
END_TEST

START_TEST(limits_of_connections_and_requests)
{
    struct server s;
    start(&s, "127.0.0.1:0",
          (struct mlp_http_limits){.connections = 2, .requests_per_connection = 2});
    int a = dial(&s), b = dial(&s);
    say(a, GET "\r\n");
    say(b, GET "\r\n");
    HAS(hear(a, "GET / "), "200 OK");
    HAS(hear(b, "GET / "), "200 OK");
    int c = dial(&s);
    HAS(hear(c, NULL), "HTTP/1.1 503 ");
    say(a, GET "\r\n");
    HAS(hear(a, NULL), "Connection: close\r\n");
    close(a);
    close(b);
    close(c);
    stop(&s);
}
END_TEST

START_TEST(a_drain_answers_what_is_in_flight)
{
    struct server s;
    start(&s, "127.0.0.1:0", (struct mlp_http_limits){0});
    int busy = dial(&s), idle = dial(&s), half = dial(&s);
    say(busy, GET "\r\n");
    HAS(hear(busy, "GET / "), "200 OK");
    say(idle, GET "\r\n");
    HAS(hear(idle, "GET / "), "200 OK");
    say(half, "POST /late HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\na");
    mlp_os_sleep_ms(20);
    mlp_http_stop(s.http);
    mlp_os_sleep_ms(20);
    say(busy, GET "\r\n");
    const char *text = hear(busy, NULL);
    HAS(text, "200 OK");
    HAS(text, "Connection: close\r\n");
    ck_assert_str_eq(hear(idle, NULL), "");
    say(half, "b");
    HAS(hear(half, NULL), "POST /late ab");
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)s.port)};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&at, sizeof at), -1);
    close(fd);
    close(busy);
    close(idle);
    close(half);
    mlp_thread_join(s.thread);
    mlp_http_free(s.http);
}
END_TEST

START_TEST(a_drain_ends_in_time)
{
    struct server s;
    start(&s, "127.0.0.1:0", (struct mlp_http_limits){0});
    int stuck = dial(&s);
    say(stuck, "GET / HT");
    mlp_os_sleep_ms(20);
    uint64_t before = mlp_os_monotonic_ns();
    ck_assert_uint_eq(stop(&s).cut, 1);
    ck_assert_uint_lt(mlp_os_monotonic_ns() - before, 2000000000u);
    close(stuck);
}
END_TEST

START_TEST(unix_sockets_and_many_threads)
{
    char address[80], path[64];
    snprintf(path, sizeof path, "/tmp/mlp-http-%ld.sock", (long)getpid());
    snprintf(address, sizeof address, "unix:%s", path);
    struct server s = {0};
    struct mlp_http_config config = {.address = address, .threads = 3, .handle = handle, .ctx = &s};
    ck_assert_int_eq(mlp_http_new(&config, &s.http, &s.err), MLP_OK);
    ck_assert_int_eq(mlp_thread_start(&s.thread, run, &s, &s.err), MLP_OK);
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    memcpy(at.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
    say(fd, GET "\r\n");
    HAS(hear(fd, "GET / "), "200 OK");
    close(fd);
    struct mlp_err e;
    mlp_err_init(&e);
    struct mlp_http *second;
    ck_assert_int_eq(mlp_http_new(&config, &second, &e), MLP_EIO);
    HAS(e.message, "it exists");
    stop(&s);
    ck_assert_int_ne(access(path, F_OK), 0);
}
END_TEST

START_TEST(addresses_good_and_bad)
{
    static const char *const refused[] = {"", "x", "1.2.3:80", "127.0.0.1:65536", "127.0.0.1:",
                                          "[::1:80", "300.1.1.1:80", "nohost:80"};
    struct mlp_http *h;
    struct mlp_http_config config = {.handle = handle};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct mlp_err e;
        mlp_err_init(&e);
        config.address = refused[i];
        ck_assert_msg(mlp_http_new(&config, &h, &e) == MLP_EUSAGE, "%s", refused[i]);
        ck_assert(h == NULL && e.hint[0]);
    }
    struct mlp_err e;
    mlp_err_init(&e);
    config.address = "localhost:0";
    config.threads = 2;
    ck_assert_int_eq(mlp_http_new(&config, &h, &e), MLP_OK);
    struct mlp_http_config again = {.address = mlp_http_address(h), .threads = 2, .handle = handle};
    struct mlp_http *second;
    ck_assert_int_eq(mlp_http_new(&again, &second, &e), MLP_EIO);
    HAS(e.message, "address already in use");
    mlp_http_free(h);
    mlp_http_free(NULL);
}
END_TEST

Suite *suite_http(void);
Suite *suite_http(void)
{
    Suite *suite = suite_create("http");
    TCase *parser = tcase_create("parser");
    tcase_add_test(parser, good_requests_however_cut);
    tcase_add_test(parser, bad_requests_however_cut);
    tcase_add_test(parser, nul_bytes_are_refused);
    tcase_add_test(parser, heads_over_the_limits);
    tcase_add_test(parser, pipelined_requests_keep_their_bounds);
    suite_add_tcase(suite, parser);
    TCase *server = tcase_create("server");
    tcase_set_timeout(server, 20);
    tcase_add_test(server, requests_are_answered);
    tcase_add_test(server, pieces_and_floods_of_requests);
    tcase_add_test(server, big_answers_wait_for_slow_readers);
    tcase_add_test(server, errors_answer_and_close);
    tcase_add_test(server, expect_gets_leave_to_continue);
    tcase_add_test(server, slow_and_idle_clients_are_cut);
    tcase_add_test(server, dripping_bodies_are_cut_early);
    tcase_add_test(server, limits_of_connections_and_requests);
    tcase_add_test(server, a_drain_answers_what_is_in_flight);
    tcase_add_test(server, a_drain_ends_in_time);
    tcase_add_test(server, unix_sockets_and_many_threads);
    tcase_add_test(server, addresses_good_and_bad);
    suite_add_tcase(suite, server);
    return suite;
}
