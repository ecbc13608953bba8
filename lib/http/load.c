#include "http/load.h"

#include "base/os.h"
#include "base/thread.h"
#include "base/vec.h"
#include "http/client_net.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>

/* One connection. */
struct asker {
    const struct mlp_load *load;
    struct mlp_thread *thread;
    atomic_uint_fast64_t *given; /* requests given out so far, over all */
    uint64_t start_ns;
    size_t next;                 /* body */
    struct mlp_vec ns;
    uint64_t ok, other, failed;
    int status;
    struct mlp_err error;
};

/* When request i of an open loop is due. */
static uint64_t due(const struct asker *a, uint64_t i)
{
    return a->start_ns + (uint64_t)((double)i / a->load->rate * 1e9);
}

static void count(struct asker *a, enum mlp_code code, int status, uint64_t ns,
                  const struct mlp_err *e)
{
    uint64_t *slot = code == MLP_OK ? mlp_vec_push(&a->ns) : NULL;
    if (slot)
        *slot = ns;
    if (code != MLP_OK) {
        if (a->failed++ == 0)
            a->error = *e;
    } else if (status / 100 == 2) {
        a->ok++;
    } else if (a->other++ == 0) {
        a->status = status;
    }
}

static void ask_once(struct asker *a, struct mlp_client *c, uint64_t from)
{
    const struct mlp_load *load = a->load;
    struct mlp_fetch f = {.url = load->url, .headers = load->headers, .repeatable = true};
    struct mlp_err e;
    int status = 0;
    if (load->nbodies) {
        f.method = "POST";
        f.content = load->bodies[a->next++ % load->nbodies];
    }
    mlp_err_init(&e);
    enum mlp_code code = mlp_client_fetch(c, &f, &status, &e);
    count(a, code, status, mlp_os_monotonic_ns() - from, &e);
    if (code != MLP_OK)
        mlp_os_sleep_ms(10); /* a server that is not there is not asked as fast as one can */
}

static void ask(void *p)
{
    struct asker *a = p;
    const struct mlp_load *load = a->load;
    struct mlp_client_config config = {.ca = load->ca};
    struct mlp_client *c;
    if (mlp_client_new(&config, &c, &a->error) != MLP_OK) {
        a->failed++;
        return;
    }
    for (;;) {
        uint64_t i = atomic_fetch_add(a->given, 1);
        uint64_t from = load->rate > 0 ? due(a, i) : mlp_os_monotonic_ns();
        if ((load->requests && i >= load->requests) || from >= a->start_ns + load->duration_ns)
            break;
        if (load->rate > 0)
            mlp_os_sleep_until(from);
        ask_once(a, c, from);
    }
    mlp_client_free(c);
}

static int by_size(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static enum mlp_code gather(struct mlp_load_result *r, const struct asker *a, size_t n,
                            struct mlp_err *e)
{
    size_t total = 0;
    for (size_t i = 0; i < n; i++)
        total += a[i].ns.n;
    r->ns = malloc((total + 1) * sizeof *r->ns);
    if (!r->ns)
        return mlp_err_nomem(e);
    for (size_t i = 0; i < n; i++) {
        if (a[i].ns.n)
            memcpy(r->ns + r->n, a[i].ns.p, a[i].ns.n * sizeof *r->ns);
        r->n += a[i].ns.n;
        if (a[i].failed && !r->failed)
            r->error = a[i].error;
        if (a[i].other && !r->other)
            r->status = a[i].status;
        r->ok += a[i].ok;
        r->other += a[i].other;
        r->failed += a[i].failed;
    }
    qsort(r->ns, r->n, sizeof *r->ns, by_size);
    return MLP_OK;
}

enum mlp_code mlp_load_run(const struct mlp_load *load, struct mlp_load_result *r,
                           struct mlp_err *e)
{
    struct mlp_url url;
    atomic_uint_fast64_t given = 0;
    unsigned n = load->connections;
    *r = (struct mlp_load_result){0};
    mlp_err_init(&r->error);
    if (!mlp_url_parse(load->url, &url))
        return mlp_err_set(e, MLP_EUSAGE, "\"%s\" is no http or https URL", load->url);
    struct asker *a = calloc(n, sizeof *a);
    if (!a)
        return mlp_err_nomem(e);
    enum mlp_code code = MLP_OK;
    uint64_t start = mlp_os_monotonic_ns();
    for (unsigned i = 0; i < n; i++) {
        a[i] = (struct asker){.load = load, .given = &given, .start_ns = start,
                              .next = load->nbodies / n * i};
        mlp_err_init(&a[i].error);
        mlp_vec_init(&a[i].ns, sizeof(uint64_t));
        if (code == MLP_OK)
            code = mlp_thread_start(&a[i].thread, ask, &a[i], e);
    }
    for (unsigned i = 0; i < n; i++)
        mlp_thread_join(a[i].thread);
    r->seconds = (double)(mlp_os_monotonic_ns() - start) * 1e-9;
    if (code == MLP_OK)
        code = gather(r, a, n, e);
    for (unsigned i = 0; i < n; i++)
        mlp_vec_fini(&a[i].ns);
    free(a);
    return code;
}

void mlp_load_fini(struct mlp_load_result *r)
{
    free(r->ns);
}

uint64_t mlp_load_quantile(const struct mlp_load_result *r, double q)
{
    size_t rank = (size_t)ceil(q * (double)r->n);
    return r->n ? r->ns[rank > 0 ? rank - 1 : 0] : 0;
}
