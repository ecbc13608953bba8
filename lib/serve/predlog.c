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
    const struct mlp_log *log;
    struct mlp_thread *writer;
    unsigned threads;
    atomic_bool stopping, reopen;
    _Atomic uint64_t lost;       /* lines that the disk did not take */
    int fd;                      /* the writer's from here on */
    bool complaining, torn;
    struct ring rings[];
};

static void complain(struct mlp_predlog *p, const struct mlp_err *e)
{
    const struct mlp_log_field fields[] = {{"file", p->path, 0}, {"why", e->message, 0}, {0}};
    if (!p->complaining)
        mlp_log_line(p->log, MLP_ERROR, "prediction_log", fields);
    p->complaining = true;
}

/* A line cut by a full disk is ended first, so that the next one stands alone. */
static void put(struct mlp_predlog *p, const char *text, size_t n)
{
    struct mlp_err e;
    mlp_err_init(&e);
    if (!n)
        return;
    enum mlp_code code = p->fd < 0 ? mlp_os_open(p->path, MLP_OPEN_APPEND, &p->fd, &e) : MLP_OK;
    if (code == MLP_OK && p->torn)
        code = mlp_os_write(p->fd, "\n", 1, &e);
    if (code == MLP_OK)
        code = mlp_os_write(p->fd, text, n, &e);
    p->torn = code != MLP_OK;
    if (code == MLP_OK) {
        p->complaining = false;
        return;
    }
    for (size_t i = 0; i < n; i++)
        p->lost += text[i] == '\n';
    complain(p, &e);
}

/* Writes what a ring holds; true when there was something. */
static bool empty(struct mlp_predlog *p, struct ring *r)
{
    size_t head = atomic_load_explicit(&r->head, memory_order_acquire);
    size_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);
    if (head == tail)
        return false;
    size_t at = tail % RING_BYTES, n = head - tail;
    size_t first = n < RING_BYTES - at ? n : RING_BYTES - at;
    put(p, r->bytes + at, first);
    put(p, r->bytes, n - first);
    atomic_store_explicit(&r->tail, head, memory_order_release);
    return true;
}

static bool empty_all(struct mlp_predlog *p)
{
    bool any = false;
    if (atomic_exchange(&p->reopen, false) && p->fd >= 0) {
        mlp_os_close(p->fd, NULL);
        p->fd = -1;
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

enum mlp_code mlp_predlog_open(const char *path, unsigned threads, const struct mlp_log *log,
                               struct mlp_predlog **out, struct mlp_err *e)
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
    enum mlp_code code = MLP_OK;
    if (!mlp_str_copy(mlp_str_from(path), p->path, sizeof p->path))
        code = mlp_err_set(e, MLP_EUSAGE, "the path of the prediction log is too long");
    for (unsigned i = 0; code == MLP_OK && i < threads; i++)
        if (!(p->rings[i].bytes = malloc(RING_BYTES)))
            code = mlp_err_nomem(e);
    if (code == MLP_OK)
        code = mlp_os_open(path, MLP_OPEN_APPEND, &p->fd, e);
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
    if (p->fd >= 0)
        mlp_os_close(p->fd, NULL);
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
    size_t at = head % RING_BYTES;
    size_t first = text.n < RING_BYTES - at ? text.n : RING_BYTES - at;
    memcpy(r->bytes + at, text.p, first);
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
