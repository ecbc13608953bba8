#include "serve/trace.h"

#include "base/opt.h"
#include "base/os.h"
#include "base/rng.h"
#include "base/thread.h"
#include "crypt/crypt.h"
#include "http/client.h"

#include <stdatomic.h>
#include <stdlib.h>

#define RING 2048u               /* spans of a thread that wait; a power of two */
#define PAUSE_MS 50u
#define ROUND_MS 1000u
#define FETCH_MS 2000u
#define BODY_MAX ((size_t)16 << 20)
#define HEADERS_MAX ((size_t)8 << 10)
#define TRACEPARENT 55u          /* bytes of version 00 */

/* --- the field --- */

static bool from_hex(const char *p, uint8_t *out, size_t n)
{
    uint8_t any = 0;
    for (size_t i = 0; i < 2 * n; i++) {
        unsigned char c = (unsigned char)p[i];
        int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
        if (digit < 0)
            return false;
        out[i / 2] = (uint8_t)(i % 2 ? (out[i / 2] << 4) | digit : digit);
    }
    for (size_t i = 0; i < n; i++)
        any |= out[i];
    return any != 0; /* all zero is no id */
}

bool mlp_trace_parse(struct mlp_str s, struct mlp_trace *t)
{
    uint8_t flags = 0;
    *t = (struct mlp_trace){0};
    bool shaped = s.n >= TRACEPARENT && s.p[2] == '-' && s.p[35] == '-' && s.p[52] == '-' &&
                  (s.n == TRACEPARENT || (s.p[TRACEPARENT] == '-' && memcmp(s.p, "00", 2) != 0));
    uint8_t version = 0;
    if (!shaped || (!from_hex(s.p, &version, 1) && memcmp(s.p, "00", 2) != 0) || version == 0xff)
        return false;
    bool flagged = from_hex(s.p + 53, &flags, 1) || memcmp(s.p + 53, "00", 2) == 0;
    if (!flagged || !from_hex(s.p + 3, t->trace, 16) || !from_hex(s.p + 36, t->parent, 8)) {
        *t = (struct mlp_trace){0};
        return false;
    }
    memcpy(t->span, t->parent, sizeof t->span);
    t->known = t->parented = true;
    t->sampled = flags & 1;
    return true;
}

/* --- spans that wait --- */

/* A span in its ring. The pattern is static. */
struct record {
    struct mlp_trace trace;
    int status;
    int64_t start_ns;
    uint64_t duration_ns;
    char method[8], path[48], route[48], arm[12], model[48], digest[72];
};

/* One producer, the thread; one consumer, the sender. head and tail only grow. */
struct ring {
    _Alignas(64) atomic_uint head;
    _Atomic uint64_t dropped;
    struct mlp_rng rng;          /* the producer's */
    _Alignas(64) atomic_uint tail;
    struct record *records;
};

struct mlp_tracer {
    struct mlp_tracer_config config;
    const struct mlp_log *log;
    struct mlp_client *client;
    struct mlp_thread *sender;
    struct mlp_buf body, headers;
    char url[1024];
    unsigned threads;
    atomic_bool stopping;
    bool complaining;
    _Atomic uint64_t sent, lost;
    struct ring rings[];
};

/* Cuts at whole characters of ASCII names; what does not fit is of no use to anybody. */
static void copy(struct mlp_str from, char *to, size_t size)
{
    size_t n = from.n < size - 1 ? from.n : size - 1;
    if (n)
        memcpy(to, from.p, n);
    to[n] = '\0';
}

void mlp_tracer_begin(struct mlp_tracer *t, unsigned thread, struct mlp_trace *trace)
{
    struct mlp_rng *rng = &t->rings[thread].rng;
    if (!trace->known) {
        uint64_t id[2] = {mlp_rng_u64(rng), mlp_rng_u64(rng) | 1};
        memcpy(trace->trace, id, sizeof id);
        trace->sampled = t->config.share > 0 && mlp_rng_f64(rng) < t->config.share;
    }
    uint64_t span = mlp_rng_u64(rng) | 1;
    memcpy(trace->span, &span, sizeof span);
    trace->known = true;
}

void mlp_tracer_end(struct mlp_tracer *t, unsigned thread, const struct mlp_trace *trace,
                    const struct mlp_span *span)
{
    struct ring *r = &t->rings[thread];
    unsigned head = atomic_load_explicit(&r->head, memory_order_relaxed);
    if (!trace->sampled)
        return;
    if (head - atomic_load_explicit(&r->tail, memory_order_acquire) >= RING) {
        atomic_fetch_add_explicit(&r->dropped, 1, memory_order_relaxed);
        return;
    }
    struct record *to = &r->records[head % RING];
    to->trace = *trace;
    to->status = span->status;
    to->start_ns = span->start_ns;
    to->duration_ns = span->duration_ns;
    copy(span->method, to->method, sizeof to->method);
    copy(span->path, to->path, sizeof to->path);
    copy(span->route, to->route, sizeof to->route);
    copy(span->arm, to->arm, sizeof to->arm);
    copy(span->model, to->model, sizeof to->model);
    copy(span->digest, to->digest, sizeof to->digest);
    atomic_store_explicit(&r->head, head + 1, memory_order_release);
}

/* --- what is sent --- */

static void add_text(struct mlp_buf *b, const char *key, const char *value, bool first)
{
    mlp_buf_addf(b, "%s{\"key\":\"%s\",\"value\":{\"stringValue\":", first ? "" : ",", key);
    mlp_buf_addquoted(b, mlp_str_from(value));
    mlp_buf_adds(b, "}}");
}

static void add_id(struct mlp_buf *b, const char *key, const uint8_t *id, size_t n)
{
    mlp_buf_addf(b, "\"%s\":\"", key);
    mlp_hex_add(b, id, n);
    mlp_buf_adds(b, "\",");
}

static void add_span(struct mlp_buf *b, const struct record *r)
{
    add_id(b, "traceId", r->trace.trace, 16);
    add_id(b, "spanId", r->trace.span, 8);
    if (r->trace.parented)
        add_id(b, "parentSpanId", r->trace.parent, 8);
    mlp_buf_addf(b, "\"name\":\"%s ", r->method); /* the parser lets tokens in alone */
    mlp_buf_addf(b, "%s\",\"kind\":2,\"startTimeUnixNano\":\"%lld\",", r->path,
                 (long long)r->start_ns);
    mlp_buf_addf(b, "\"endTimeUnixNano\":\"%lld\",",
                 (long long)r->start_ns + (long long)r->duration_ns);
    mlp_buf_adds(b, "\"attributes\":[");
    add_text(b, "http.request.method", r->method, true);
    add_text(b, "http.route", r->path, false);
    mlp_buf_addf(b, ",{\"key\":\"http.response.status_code\",\"value\":{\"intValue\":\"%d\"}}",
                 r->status);
    if (r->digest[0]) {
        add_text(b, "mlp.route", r->route, false);
        add_text(b, "mlp.arm", r->arm, false);
        add_text(b, "mlp.model", r->model, false);
        add_text(b, "mlp.digest", r->digest, false);
    }
    mlp_buf_addf(b, "],\"status\":{%s}}", r->status >= 500 ? "\"code\":2" : "");
}

static void begin_body(const struct mlp_tracer *t, struct mlp_buf *b)
{
    mlp_buf_reset(b);
    mlp_buf_adds(b, "{\"resourceSpans\":[{\"resource\":{\"attributes\":[");
    add_text(b, "service.name", t->config.service, true);
    add_text(b, "service.version", mlp_version(), false);
    mlp_buf_addf(b, "]},\"scopeSpans\":[{\"scope\":{\"name\":\"mlp-serve\",\"version\":\"%s\"},"
                    "\"spans\":[", mlp_version());
}

/* Moves the spans of all rings into the body; returns how many. */
static unsigned gather(struct mlp_tracer *t)
{
    unsigned n = 0;
    begin_body(t, &t->body);
    for (unsigned i = 0; i < t->threads; i++) {
        struct ring *r = &t->rings[i];
        unsigned tail = atomic_load_explicit(&r->tail, memory_order_relaxed);
        unsigned head = atomic_load_explicit(&r->head, memory_order_acquire);
        for (; tail != head; tail++) {
            mlp_buf_adds(&t->body, n++ ? ",{" : "{");
            add_span(&t->body, &r->records[tail % RING]);
        }
        atomic_store_explicit(&r->tail, tail, memory_order_release);
    }
    mlp_buf_adds(&t->body, "]}]}]}");
    return n;
}

static void complain(struct mlp_tracer *t, const char *why)
{
    const struct mlp_log_field fields[] = {{"url", t->url, 0}, {"why", why, 0}, {0}};
    if (!t->complaining)
        mlp_log_line(t->log, MLP_WARN, "traces", fields);
    t->complaining = true;
}

static void send_all(struct mlp_tracer *t)
{
    struct mlp_err e;
    char why[64];
    int status = 0;
    unsigned n = gather(t);
    if (!n)
        return;
    const struct mlp_fetch fetch = {.method = "POST", .url = t->url, .headers = t->headers.p,
                                    .content = mlp_buf_str(&t->body)};
    mlp_err_init(&e);
    enum mlp_code code = t->body.failed ? mlp_err_nomem(&e)
                                        : mlp_client_fetch(t->client, &fetch, &status, &e);
    bool taken = code == MLP_OK && status >= 200 && status < 300;
    atomic_fetch_add(taken ? &t->sent : &t->lost, n);
    if (taken) {
        t->complaining = false;
        return;
    }
    snprintf(why, sizeof why, "the collector answered %d", status);
    complain(t, code == MLP_OK ? why : e.message);
}

static bool half_full(const struct mlp_tracer *t)
{
    for (unsigned i = 0; i < t->threads; i++)
        if (atomic_load(&t->rings[i].head) - atomic_load(&t->rings[i].tail) > RING / 2)
            return true;
    return false;
}

static void run(void *tracer)
{
    struct mlp_tracer *t = tracer;
    while (!atomic_load(&t->stopping)) {
        for (unsigned ms = 0; ms < ROUND_MS && !half_full(t); ms += PAUSE_MS) {
            if (atomic_load(&t->stopping))
                break;
            mlp_os_sleep_ms(PAUSE_MS);
        }
        send_all(t);
    }
    send_all(t);
}

/* --- life --- */

/* "name=value,name=value" as header lines. */
static enum mlp_code make_headers(struct mlp_tracer *t, struct mlp_err *e)
{
    struct mlp_str rest = mlp_str_from(t->config.headers ? t->config.headers : ""), part;
    mlp_buf_adds(&t->headers, "Content-Type: application/json\r\n");
    while (mlp_str_split(&rest, ',', &part)) {
        size_t at = mlp_str_find(part, '=');
        struct mlp_str name = mlp_str_trim((struct mlp_str){part.p, at}), value;
        if (at == part.n || !name.n || mlp_str_find(part, '\n') < part.n ||
            mlp_str_find(part, '\r') < part.n || mlp_str_find(name, ':') < name.n)
            return mlp_err_set(e, MLP_EUSAGE, "headers for the collector are name=value,...");
        value = mlp_str_trim((struct mlp_str){part.p + at + 1, part.n - at - 1});
        mlp_buf_addf(&t->headers, "%.*s: %.*s\r\n", MLP_STR_ARG(name), MLP_STR_ARG(value));
    }
    return t->headers.failed ? mlp_err_nomem(e) : MLP_OK;
}

static enum mlp_code make_url(struct mlp_tracer *t, struct mlp_err *e)
{
    static const char tail[] = "/v1/traces";
    struct mlp_str url = mlp_str_from(t->config.url);
    while (url.n && url.p[url.n - 1] == '/')
        url.n--;
    bool whole = url.n >= sizeof tail && memcmp(url.p + url.n - sizeof tail + 1, tail,
                                                sizeof tail - 1) == 0;
    int n = snprintf(t->url, sizeof t->url, "%.*s%s", MLP_STR_ARG(url), whole ? "" : tail);
    bool http = mlp_str_starts(url, "http://") || mlp_str_starts(url, "https://");
    if (http && n > 0 && (size_t)n < sizeof t->url)
        return MLP_OK;
    mlp_err_set(e, MLP_EUSAGE, "\"%s\" is no address of a collector", t->config.url);
    return mlp_err_hint(e, "write http://127.0.0.1:4318");
}

static enum mlp_code make_rings(struct mlp_tracer *t, struct mlp_err *e)
{
    uint64_t seed;
    enum mlp_code code = mlp_os_random(&seed, sizeof seed, e);
    for (unsigned i = 0; code == MLP_OK && i < t->threads; i++) {
        mlp_rng_init(&t->rings[i].rng, seed + i);
        if (!(t->rings[i].records = calloc(RING, sizeof *t->rings[i].records)))
            code = mlp_err_nomem(e);
    }
    return code;
}

enum mlp_code mlp_tracer_new(const struct mlp_tracer_config *config, unsigned threads,
                             const struct mlp_log *log, struct mlp_tracer **out, struct mlp_err *e)
{
    const struct mlp_client_config client = {.timeout_ms = FETCH_MS};
    size_t size = (sizeof **out + threads * sizeof(struct ring) + 63) & ~(size_t)63;
    struct mlp_tracer *t = aligned_alloc(64, size);
    *out = NULL;
    if (!t)
        return mlp_err_nomem(e);
    memset(t, 0, size);
    t->config = *config;
    t->config.service = config->service && config->service[0] ? config->service : "mlp-serve";
    t->log = log;
    t->threads = threads;
    mlp_buf_init(&t->body, BODY_MAX);
    mlp_buf_init(&t->headers, HEADERS_MAX);
    enum mlp_code code = make_url(t, e);
    if (code == MLP_OK)
        code = make_headers(t, e);
    if (code == MLP_OK)
        code = make_rings(t, e);
    if (code == MLP_OK)
        code = mlp_client_new(&client, &t->client, e);
    if (code == MLP_OK)
        code = mlp_thread_start(&t->sender, run, t, e);
    if (code == MLP_OK)
        *out = t;
    else
        mlp_tracer_free(t);
    return code;
}

void mlp_tracer_free(struct mlp_tracer *t)
{
    if (!t)
        return;
    atomic_store(&t->stopping, true);
    mlp_thread_join(t->sender);
    mlp_client_free(t->client);
    for (unsigned i = 0; i < t->threads; i++)
        free(t->rings[i].records);
    mlp_buf_fini(&t->body);
    mlp_buf_fini(&t->headers);
    free(t);
}

void mlp_tracer_counts(const struct mlp_tracer *t, uint64_t *sent, uint64_t *lost)
{
    *sent = atomic_load(&t->sent);
    *lost = atomic_load(&t->lost);
    for (unsigned i = 0; i < t->threads; i++)
        *lost += atomic_load_explicit(&t->rings[i].dropped, memory_order_relaxed);
}
