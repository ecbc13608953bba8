#include "serve/predlog.h"

#include "base/os.h"
#include "base/thread.h"

#include <stdatomic.h>
#include <stdlib.h>

#define RING_BYTES ((size_t)4 << 20)
#define SHORTEST_MS 5u
#define LONGEST_MS 80u

/* One producer, one consumer. head and tail only grow; the place is modulo the size. */
struct ring {
    _Alignas(64) _Atomic size_t head; /* bytes put in */
    _Atomic uint64_t lines, dropped;
    _Alignas(64) _Atomic size_t tail; /* bytes taken out */
    char *bytes;
};

struct mlp_predlog {
    char path[4096];
    uint64_t max_bytes, bytes;   /* of the file: the most, and now (the writer's) */
    unsigned keep;
    const struct mlp_log *log;
    struct mlp_thread *writer;
    unsigned threads;
    atomic_bool stopping, reopen;
    _Atomic uint64_t lost;       /* lines that the disk did not take */
    int fd;                      /* the writer's from here on */
    bool complaining, torn;
    bool stuck;                  /* it could not be rotated: not tried again until reopened */
    struct ring rings[];
};

static void complain(struct mlp_predlog *p, const struct mlp_err *e)
{
    const struct mlp_log_field fields[] = {{"file", p->path, 0}, {"why", e->message, 0}, {0}};
    if (!p->complaining)
        mlp_log_line(p->log, MLP_ERROR, "prediction_log", fields);
    p->complaining = true;
}

static enum mlp_code open_file(struct mlp_predlog *p, struct mlp_err *e)
{
    struct mlp_stat st;
    enum mlp_code code = mlp_os_open(p->path, MLP_OPEN_APPEND, &p->fd, e);
    if (code == MLP_OK && mlp_os_stat(p->path, false, &st, NULL) == MLP_OK)
        p->bytes = st.size;
    return code;
}

static void close_file(struct mlp_predlog *p)
{
    if (p->fd >= 0)
        mlp_os_close(p->fd, NULL);
    p->fd = -1;
}

/* Moves every file one number up; the one that had the last number is replaced. */
static enum mlp_code rotate(struct mlp_predlog *p, struct mlp_err *e)
{
    char from[sizeof p->path + 16], to[sizeof p->path + 16];
    struct mlp_stat st;
    enum mlp_code code = MLP_OK;
    close_file(p);
    for (unsigned i = p->keep; i-- > 0 && code == MLP_OK;) {
        snprintf(to, sizeof to, "%s.%u", p->path, i + 1);
        if (i)
            snprintf(from, sizeof from, "%s.%u", p->path, i);
        else
            snprintf(from, sizeof from, "%s", p->path);
        code = mlp_os_stat(from, false, &st, e);
        if (code == MLP_OK && st.exists)
            code = mlp_os_rename(from, to, e);
    }
    return code == MLP_OK && !p->keep ? mlp_os_unlink(p->path, e) : code;
}

/* Lines in a ring, in two pieces where they wrap around. */
struct span {
    const char *p[2];
    size_t n[2];
};

static char at(const struct span *s, size_t i)
{
    return i < s->n[0] ? s->p[0][i] : s->p[1][i - s->n[0]];
}

/* The whole lines at the front that have room, or else the first one if any must go; 0: none. */
static size_t fitting(const struct span *s, uint64_t room, bool any)
{
    size_t all = s->n[0] + s->n[1], n = room < all ? (size_t)room : all;
    while (n > 0 && at(s, n - 1) != '\n')
        n--;
    while (n == 0 && any && ++n < all && at(s, n - 1) != '\n')
        continue;
    return n;
}

static void drop_front(struct span *s, size_t n)
{
    size_t first = n < s->n[0] ? n : s->n[0];
    s->p[0] += first;
    s->n[0] -= first;
    s->p[1] += n - first;
    s->n[1] -= n - first;
}

/* Opens the file if need be, and says how much of s it takes. One that cannot be moved away
 * grows on. */
static enum mlp_code make_room(struct mlp_predlog *p, const struct span *s, size_t *n,
                               struct mlp_err *e)
{
    enum mlp_code code = p->fd < 0 ? open_file(p, e) : MLP_OK;
    *n = s->n[0] + s->n[1];
    if (code != MLP_OK || !p->max_bytes || p->stuck)
        return code;
    uint64_t room = p->max_bytes > p->bytes ? p->max_bytes - p->bytes : 0;
    size_t fit = fitting(s, room, p->bytes == 0);
    if (fit == 0 && rotate(p, e) == MLP_OK)
        fit = fitting(s, p->max_bytes, true);
    else
        p->stuck = fit == 0;
    if (p->stuck)
        complain(p, e);
    *n = fit ? fit : *n;
    return p->fd < 0 ? open_file(p, e) : MLP_OK;
}

/* A line cut by a full disk is ended first, so that the next one stands alone. */
static enum mlp_code write_front(struct mlp_predlog *p, const struct span *s, size_t n,
                                 struct mlp_err *e)
{
    size_t first = n < s->n[0] ? n : s->n[0];
    enum mlp_code code = p->torn ? mlp_os_write(p->fd, "\n", 1, e) : MLP_OK;
    if (code == MLP_OK)
        code = mlp_os_write(p->fd, s->p[0], first, e);
    if (code == MLP_OK && n > first)
        code = mlp_os_write(p->fd, s->p[1], n - first, e);
    p->torn = code != MLP_OK;
    p->bytes += n;
    return code;
}

static void put(struct mlp_predlog *p, struct span s)
{
    struct mlp_err e;
    size_t n;
    while (s.n[0] + s.n[1] > 0) {
        mlp_err_init(&e);
        enum mlp_code code = make_room(p, &s, &n, &e);
        if (code == MLP_OK)
            code = write_front(p, &s, n, &e);
        if (code != MLP_OK)
            complain(p, &e);
        for (size_t i = 0; code != MLP_OK && i < n; i++)
            p->lost += at(&s, i) == '\n';
        p->complaining = p->complaining && code != MLP_OK;
        drop_front(&s, n);
    }
}

/* Writes what a ring holds; true when there was something. */
static bool empty(struct mlp_predlog *p, struct ring *r)
{
    size_t head = atomic_load_explicit(&r->head, memory_order_acquire);
    size_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);
    if (head == tail)
        return false;
    size_t begin = tail % RING_BYTES, n = head - tail;
    size_t first = n < RING_BYTES - begin ? n : RING_BYTES - begin;
    put(p, (struct span){{r->bytes + begin, r->bytes}, {first, n - first}});
    atomic_store_explicit(&r->tail, head, memory_order_release);
    return true;
}

static bool empty_all(struct mlp_predlog *p)
{
    bool any = false;
    if (atomic_exchange(&p->reopen, false)) {
        close_file(p);
        p->stuck = false;
    }
    for (unsigned i = 0; i < p->threads; i++)
        any = empty(p, &p->rings[i]) || any;
    return any;
}

/* Looks more often while lines come; a producer that had to wake it would pay for it. */
static void write_on(void *ctx)
{
    struct mlp_predlog *p = ctx;
    unsigned pause = SHORTEST_MS;
    while (!atomic_load(&p->stopping)) {
        bool any = empty_all(p);
        pause = any ? SHORTEST_MS : pause < LONGEST_MS ? pause * 2 : LONGEST_MS;
        mlp_os_sleep_ms(pause);
    }
    empty_all(p);
}

enum mlp_code mlp_predlog_open(const struct mlp_predlog_config *config, unsigned threads,
                               const struct mlp_log *log, struct mlp_predlog **out,
                               struct mlp_err *e)
{
    size_t size = sizeof **out + threads * sizeof(struct ring);
    size = (size + 63) & ~(size_t)63;
    struct mlp_predlog *p = aligned_alloc(64, size);
    *out = NULL;
    if (!p)
        return mlp_err_nomem(e);
    memset(p, 0, size);
    p->fd = -1;
    p->log = log;
    p->threads = threads;
    p->max_bytes = config->max_bytes;
    p->keep = config->keep;
    enum mlp_code code = MLP_OK;
    if (!mlp_str_copy(mlp_str_from(config->path), p->path, sizeof p->path))
        code = mlp_err_set(e, MLP_EUSAGE, "the path of the prediction log is too long");
    for (unsigned i = 0; code == MLP_OK && i < threads; i++)
        if (!(p->rings[i].bytes = malloc(RING_BYTES)))
            code = mlp_err_nomem(e);
    if (code == MLP_OK)
        code = open_file(p, e);
    if (code == MLP_OK)
        code = mlp_thread_start(&p->writer, write_on, p, e);
    if (code == MLP_OK)
        *out = p;
    else
        mlp_predlog_close(p);
    return code;
}

void mlp_predlog_close(struct mlp_predlog *p)
{
    if (!p)
        return;
    atomic_store(&p->stopping, true);
    mlp_thread_join(p->writer);
    close_file(p);
    for (unsigned i = 0; i < p->threads; i++)
        free(p->rings[i].bytes);
    free(p);
}

void mlp_predlog_add(struct mlp_predlog *p, unsigned thread, struct mlp_str text, uint64_t lines)
{
    struct ring *r = &p->rings[thread];
    size_t head = atomic_load_explicit(&r->head, memory_order_relaxed);
    size_t tail = atomic_load_explicit(&r->tail, memory_order_acquire);
    bool fits = text.n <= RING_BYTES - (head - tail);
    atomic_fetch_add_explicit(fits ? &r->lines : &r->dropped, lines, memory_order_relaxed);
    if (!fits)
        return;
    size_t begin = head % RING_BYTES;
    size_t first = text.n < RING_BYTES - begin ? text.n : RING_BYTES - begin;
    memcpy(r->bytes + begin, text.p, first);
    memcpy(r->bytes, text.p + first, text.n - first);
    atomic_store_explicit(&r->head, head + text.n, memory_order_release);
}

void mlp_predlog_drop(struct mlp_predlog *p, unsigned thread, uint64_t lines)
{
    atomic_fetch_add_explicit(&p->rings[thread].dropped, lines, memory_order_relaxed);
}

void mlp_predlog_reopen(struct mlp_predlog *p)
{
    atomic_store(&p->reopen, true);
}

void mlp_predlog_counts(const struct mlp_predlog *p, uint64_t *written, uint64_t *dropped)
{
    *written = *dropped = 0;
    for (unsigned i = 0; i < p->threads; i++) {
        *written += atomic_load_explicit(&p->rings[i].lines, memory_order_relaxed);
        *dropped += atomic_load_explicit(&p->rings[i].dropped, memory_order_relaxed);
    }
    uint64_t lost = atomic_load(&p->lost);
    *written -= lost < *written ? lost : *written;
    *dropped += lost;
}
