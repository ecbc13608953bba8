#include "serve/guard_keep.h"

#include "base/os.h"
#include "base/thread.h"
#include "http/client.h"
#include "http/jwt.h"

#include <stdatomic.h>
#include <stdlib.h>

#define JWKS_MAX ((size_t)1 << 20)
#define FETCH_MS 5000u
#define PAUSE_NS 30000000000ull   /* between two fetches that tokens ask for */
#define AGE_NS 3600000000000ull   /* fetched again after this, so that withdrawn keys go */
#define FILES 3u

struct hazard {
    _Alignas(64) const struct mlp_auth *_Atomic auth;
};

struct mlp_porter {
    const char *path;
    const struct mlp_log *log;
    struct mlp_auth *_Atomic now;
    struct hazard *hazards;          /* what each thread looks at */
    unsigned threads, wishes;        /* wishes: guarded by the monitor */
    struct mlp_monitor *monitor;
    struct mlp_thread *thread;
    struct mlp_stat seen[FILES];
    struct mlp_buf jwks;             /* as it was last fetched */
    uint64_t fetched_ns;             /* or tried; 0: never */
    _Atomic uint64_t hushed_ns;      /* until then nobody needs to be woken for a token */
};

const struct mlp_auth *mlp_porter_enter(struct mlp_porter *p, unsigned thread)
{
    const struct mlp_auth *a = atomic_load(&p->now), *again;
    for (;; a = again) {
        atomic_store(&p->hazards[thread].auth, a);
        again = atomic_load(&p->now);
        if (again == a)
            return a;
    }
}

void mlp_porter_leave(struct mlp_porter *p, unsigned thread)
{
    atomic_store_explicit(&p->hazards[thread].auth, NULL, memory_order_release);
}

static void swap(struct mlp_porter *p, struct mlp_auth *next)
{
    struct mlp_auth *before = atomic_exchange(&p->now, next);
    for (unsigned i = 0; before && i < p->threads; i++)
        while (atomic_load(&p->hazards[i].auth) == before)
            mlp_os_sleep_ms(1);
    mlp_auth_free(before);
}

static void tell(const struct mlp_porter *p, enum mlp_level level, const char *event,
                 const struct mlp_err *e)
{
    char text[1024] = "";
    if (e)
        mlp_err_format(e, text, sizeof text);
    const struct mlp_log_field fields[] = {{"file", p->path, 0}, {e ? "why" : NULL, text, 0}, {0}};
    mlp_log_line(p->log, level, event, fields);
}

/* What the files look like, before they are read: a change meanwhile is seen next time. */
static bool look(struct mlp_porter *p)
{
    const struct mlp_auth *a = atomic_load(&p->now);
    bool changed = false;
    for (size_t i = 0; i < FILES; i++) {
        const char *path = a ? mlp_auth_file(a, i) : i ? NULL : p->path;
        struct mlp_stat st = {0}, *was = &p->seen[i];
        if (path && mlp_os_stat(path, false, &st, NULL) != MLP_OK)
            st = (struct mlp_stat){0};
        changed = changed || st.inode != was->inode || st.size != was->size ||
                  st.mtime_s != was->mtime_s || st.mtime_ns != was->mtime_ns;
        *was = st;
    }
    return changed;
}

static bool take_bytes(void *buf, const void *p, size_t n)
{
    struct mlp_buf *b = buf;
    mlp_buf_add(b, p, n);
    return !b->failed;
}

/* The key set of a URL; what was fetched before stays when that fails. */
static enum mlp_code fetch(struct mlp_porter *p, const struct mlp_auth *a, struct mlp_err *e)
{
    struct mlp_buf b;
    struct mlp_client *c;
    struct mlp_jwks *keys = NULL;
    const struct mlp_client_config config = {.timeout_ms = FETCH_MS, .ca = mlp_auth_jwks_ca(a)};
    mlp_buf_init(&b, JWKS_MAX);
    const struct mlp_fetch request = {.url = mlp_auth_jwks_url(a), .max_bytes = JWKS_MAX,
                                      .body = take_bytes, .ctx = &b};
    int status = 0;
    enum mlp_code code = mlp_client_new(&config, &c, e);
    if (code == MLP_OK)
        code = mlp_client_fetch(c, &request, &status, e);
    if (code == MLP_OK && status != 200)
        code = mlp_err_set(e, MLP_EREMOTE, "%s answers %d", request.url, status);
    if (code == MLP_OK)
        code = mlp_jwks_parse(mlp_buf_str(&b), request.url, &keys, e);
    if (code == MLP_OK) {
        mlp_buf_fini(&p->jwks);
        p->jwks = b;
        mlp_buf_init(&b, 0);
    }
    p->fetched_ns = mlp_os_monotonic_ns();
    atomic_store(&p->hushed_ns, p->fetched_ns + PAUSE_NS);
    mlp_jwks_free(keys);
    mlp_client_free(c);
    mlp_buf_fini(&b);
    return code;
}

/* Reads the files, and the key set when `fetches` or when there is none of that URL. */
static enum mlp_code load(struct mlp_porter *p, bool fetches, struct mlp_err *e)
{
    struct mlp_auth *next;
    const struct mlp_auth *now = atomic_load(&p->now);
    struct mlp_err failed;
    mlp_err_init(&failed);
    enum mlp_code code = mlp_auth_load(p->path, mlp_buf_str(&p->jwks), &next, e);
    if (code != MLP_OK)
        return code;
    const char *url = mlp_auth_jwks_url(next), *before = now ? mlp_auth_jwks_url(now) : NULL;
    bool moved = url && (!before || strcmp(url, before) != 0);
    if (moved)
        mlp_buf_reset(&p->jwks); /* another issuer's keys */
    if (url && (fetches || moved)) {
        if (fetch(p, next, &failed) != MLP_OK)
            tell(p, MLP_WARN, "jwks_refused", &failed);
        mlp_auth_free(next);
        code = mlp_auth_load(p->path, mlp_buf_str(&p->jwks), &next, e);
    }
    if (code == MLP_OK)
        swap(p, next);
    return code;
}

/* What there is to do; may take as long as a fetch. */
static void serve_wishes(struct mlp_porter *p, unsigned wishes)
{
    struct mlp_err e;
    uint64_t age = mlp_os_monotonic_ns() - p->fetched_ns;
    bool tokens = mlp_auth_jwks_url(atomic_load(&p->now)) != NULL;
    bool never = tokens && p->jwks.n == 0;
    bool fetches = tokens && (wishes & MLP_PORTER_FORCE || age > AGE_NS ||
                              ((never || wishes & MLP_PORTER_FETCH) && age > PAUSE_NS));
    bool changed = look(p);
    mlp_err_init(&e);
    if (!changed && !fetches && !(wishes & MLP_PORTER_FORCE))
        return;
    if (load(p, fetches, &e) == MLP_OK) {
        look(p); /* the file may name others now */
        tell(p, MLP_INFO, "auth", NULL);
    } else {
        tell(p, MLP_ERROR, "auth_refused", &e);
    }
}

static void keep(void *porter)
{
    struct mlp_porter *p = porter;
    mlp_monitor_enter(p->monitor);
    while (!(p->wishes & MLP_PORTER_STOP)) {
        unsigned wishes = p->wishes;
        p->wishes = 0;
        if (!wishes) {
            mlp_monitor_wait(p->monitor);
            continue;
        }
        mlp_monitor_leave(p->monitor);
        serve_wishes(p, wishes);
        mlp_monitor_enter(p->monitor);
    }
    mlp_monitor_leave(p->monitor);
}

void mlp_porter_wake(struct mlp_porter *p, enum mlp_porter_wish wish)
{
    if (wish == MLP_PORTER_FETCH && mlp_os_monotonic_ns() < atomic_load(&p->hushed_ns))
        return;
    mlp_monitor_enter(p->monitor);
    p->wishes |= (unsigned)wish;
    mlp_monitor_notify(p->monitor);
    mlp_monitor_leave(p->monitor);
}

enum mlp_code mlp_porter_new(const char *path, unsigned threads, const struct mlp_log *log,
                             struct mlp_porter **out, struct mlp_err *e)
{
    struct mlp_porter *p = calloc(1, sizeof *p);
    *out = NULL;
    if (!p)
        return mlp_err_nomem(e);
    p->path = path;
    p->log = log;
    p->threads = threads;
    mlp_buf_init(&p->jwks, JWKS_MAX);
    p->hazards = aligned_alloc(64, threads * sizeof *p->hazards);
    enum mlp_code code = p->hazards ? MLP_OK : mlp_err_nomem(e);
    if (code == MLP_OK) {
        memset(p->hazards, 0, threads * sizeof *p->hazards);
        code = mlp_monitor_new(&p->monitor, e);
    }
    if (code == MLP_OK)
        code = load(p, false, e);
    if (code == MLP_OK) {
        look(p);
        code = mlp_thread_start(&p->thread, keep, p, e);
    }
    if (code == MLP_OK)
        *out = p;
    else
        mlp_porter_free(p);
    return code;
}

void mlp_porter_free(struct mlp_porter *p)
{
    if (!p)
        return;
    if (p->thread)
        mlp_porter_wake(p, MLP_PORTER_STOP);
    mlp_thread_join(p->thread);
    mlp_monitor_free(p->monitor);
    mlp_auth_free(atomic_load(&p->now));
    mlp_buf_fini(&p->jwks);
    free(p->hazards);
    free(p);
}
