/* HTTP/2 and gRPC framing: whatever comes, in whatever pieces, nothing is read that is not there,
 * what is counted comes back to zero, and answers that come late find their stream or its end. */
#include "http/h2.h"

#include "base/thread.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define WAITING 8

struct world {
    struct mlp_http http;
    struct mlp_loop loop;
    struct mlp_late *waiting[WAITING];
    size_t nwaiting;
};

/* Echoes; /l... is answered later, /m... sends more messages of a call. */
static void handle(void *ctx, const struct mlp_http_request *r, struct mlp_http_response *a)
{
    struct world *w = ctx;
    a->content_type = "text/plain";
    if (mlp_str_starts(r->path, "/l") && w->nwaiting < WAITING) {
        a->later = true;
        w->waiting[w->nwaiting++] = r->connection;
        return;
    }
    a->more = mlp_str_starts(r->path, "/m") && !r->end;
    a->grpc_status = mlp_str_starts(r->path, "/e") ? MLP_GRPC_INVALID : MLP_GRPC_OK;
    a->grpc_message = r->path;
    mlp_buf_addstr(&a->body, r->method);
    mlp_buf_addstr(&a->body, r->path);
    mlp_buf_addstr(&a->body, r->query);
    mlp_buf_addstr(&a->body, r->body);
    for (size_t i = 0; i < r->nfields; i++) {
        mlp_buf_addstr(&a->body, r->fields[i].name);
        mlp_buf_addstr(&a->body, r->fields[i].value);
    }
    mlp_buf_adds(&a->extra, "X-Extra: yes\r\nEmpty:\r\n");
}

static void answer_one(struct world *w)
{
    struct mlp_late *late = w->waiting[--w->nwaiting];
    late->status = 200;
    mlp_buf_init(&late->body, 100);
    mlp_buf_adds(&late->body, "{}");
    mlp_h2_late(late);
}

static void check(const struct mlp_h2 *h)
{
    unsigned open = 0, incomplete = 0, unsent = 0;
    size_t held = 0, owed = 0;
    for (const struct mlp_h2_stream *s = h->streams; s; s = s->next) {
        open++;
        incomplete += !s->complete;
        held += s->body.n;
        owed += s->began ? s->out.n : 0;
        unsent += s->began && s->out.n;
    }
    if (open != h->open || incomplete != h->incomplete || held != h->held || owed != h->owed ||
        unsent != h->unsent)
        abort();
}

/* Gives `step` bytes at a time, each in fresh memory. */
static void feed(struct world *w, struct mlp_conn *c, struct mlp_str bytes, size_t step)
{
    for (size_t at = 0; at < bytes.n && c->ending == MLP_END_NOT; at += step) {
        size_t n = bytes.n - at < step ? bytes.n - at : step;
        char *p = malloc(n);
        memcpy(p, bytes.p + at, n);
        struct mlp_view view = {p, n};
        while (mlp_h2_input(c, &view))
            mlp_buf_reset(&w->loop.out);
        mlp_buf_reset(&w->loop.out);
        free(p);
        check(c->h2);
        mlp_h2_phase(c);
        if (w->nwaiting && at % 3 == 0)
            answer_one(w);
    }
}

static struct world *new_world(void)
{
    static struct world w;
    struct mlp_err e;
    w.http.config.handle = handle;
    w.http.config.ctx = &w;
    w.http.config.limits = (struct mlp_http_limits){
        .line_bytes = 64, .header_bytes = 256, .body_bytes = 128, .connections = 1,
        .requests_per_connection = 20};
    mlp_monitor_new(&w.http.late, &e);
    mlp_loop_open(&w.loop, &w.http, 0, &e);
    return &w;
}

/* The first byte chooses the size of pieces, and whether the preface is put before the rest. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct world *w;
    static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0";
    static const size_t steps[] = {1, 9, 64, 100000};
    w = w ? w : new_world();
    struct mlp_conn c = {.loop = &w->loop};
    if (!size || !mlp_h2_open(&c))
        return 0;
    if (data[0] & 4)
        feed(w, &c, (struct mlp_str){preface, sizeof preface}, 100000);
    const void *rest = data + 1;
    feed(w, &c, (struct mlp_str){rest, size - 1}, steps[data[0] & 3]);
    if (data[0] & 8)
        mlp_h2_goaway(&c, true);
    struct mlp_view none = {NULL, 0};
    mlp_h2_input(&c, &none);
    mlp_buf_reset(&w->loop.out);
    if (data[0] & 16 && w->nwaiting)
        answer_one(w);
    mlp_h2_close(c.h2);
    while (w->nwaiting)
        answer_one(w);
    return 0;
}
