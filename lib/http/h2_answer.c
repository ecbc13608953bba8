/* Answers of HTTP/2: fields, bodies in pieces, trailers. */
#include "http/h2.h"

#define FIELDS 32u

static nghttp2_nv field(const char *name, size_t name_n, const char *value, size_t value_n)
{
    union {
        const char *in;
        uint8_t *out;
    } n = {name}, v = {value};
    return (nghttp2_nv){n.out, v.out, name_n, value_n, NGHTTP2_NV_FLAG_NONE};
}

struct fields {
    nghttp2_nv nv[FIELDS];
    size_t n;
};

/* The name is static. */
static void put(struct fields *f, const char *name, const char *value, size_t n)
{
    if (f->n == FIELDS)
        return;
    f->nv[f->n] = field(name, strlen(name), value, n);
    f->nv[f->n++].flags = NGHTTP2_NV_FLAG_NO_COPY_NAME;
}

/* "Name: value\r\n" lines; names are made lower case in place (RFC 9113, 8.2.1). */
static void put_lines(struct fields *f, char *p, size_t n)
{
    while (n) {
        char *colon = memchr(p, ':', n), *end = memchr(p, '\r', n);
        if (!colon || !end || colon > end)
            return;
        for (char *c = p; c < colon; c++)
            *c = *c >= 'A' && *c <= 'Z' ? (char)(*c + 32) : *c;
        char *value = colon + 1;
        while (value < end && *value == ' ')
            value++;
        if (f->n < FIELDS)
            f->nv[f->n++] = field(p, (size_t)(colon - p), value, (size_t)(end - value));
        n -= (size_t)(end + 2 - p);
        p = end + 2;
    }
}

/* grpc-status and grpc-message; digits holds the former. */
static void put_status(struct mlp_h2_stream *s, struct fields *f, char digits[2])
{
    unsigned status = (unsigned)s->status % 100;
    digits[0] = (char)('0' + status / 10);
    digits[1] = (char)('0' + status % 10);
    size_t skip = status < 10;
    put(f, "grpc-status", digits + skip, 2 - skip);
    if (s->message.n)
        put(f, "grpc-message", s->message.p, s->message.n);
}

static ssize_t fail_stream(struct mlp_h2_stream *s)
{
    nghttp2_submit_rst_stream(s->h->session, NGHTTP2_FLAG_NONE, s->id, NGHTTP2_INTERNAL_ERROR);
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

/* The whole of out is sent: end the stream, with trailers in a call, or wait for more. */
static bool all_sent(struct mlp_h2_stream *s, uint32_t *flags)
{
    struct fields f = {.n = 0};
    char digits[2];
    s->h->owed -= s->out.n;
    s->h->unsent -= s->out.n > 0;
    mlp_h2_empty(&s->out);
    s->sent = 0;
    if (!s->last)
        return true;
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (!s->grpc)
        return true;
    *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
    put_status(s, &f, digits);
    return nghttp2_submit_trailer(s->h->session, s->id, f.nv, f.n) == 0;
}

static ssize_t read_out(nghttp2_session *session, int32_t id, uint8_t *to, size_t most,
                        uint32_t *flags, nghttp2_data_source *source, void *user)
{
    struct mlp_h2_stream *s = source->ptr;
    size_t n = s->out.n - s->sent;
    (void)session, (void)id, (void)user;
    if (!n && !s->last)
        return NGHTTP2_ERR_DEFERRED;
    n = n < most ? n : most;
    if (n)
        memcpy(to, s->out.p + s->sent, n);
    s->sent += n;
    s->h->c->moved = true;
    if (s->sent == s->out.n && !all_sent(s, flags))
        return fail_stream(s);
    return (ssize_t)n;
}

/* Sends the fields, and out after them if there is any or will be. */
static bool submit(struct mlp_h2_stream *s, const struct fields *f)
{
    nghttp2_data_provider body = {.source.ptr = s, .read_callback = read_out};
    bool has_body = s->out.n || !s->last;
    s->began = true;
    s->h->owed += s->out.n;
    s->h->unsent += s->out.n > 0;
    return nghttp2_submit_response(s->h->session, s->id, f->nv, f->n,
                                   has_body ? &body : NULL) == 0;
}

static void put_date(const struct mlp_loop *l, struct fields *f)
{
    size_t n = strlen(l->date); /* "Date: ...\r\n" */
    if (n > 8)
        put(f, "date", l->date + 6, n - 8);
}

/* Answers with the loop's response. */
bool mlp_h2_answer(struct mlp_h2_stream *s)
{
    struct mlp_loop *l = s->h->c->loop;
    struct mlp_http_response *a = &l->response;
    struct fields f = {.n = 0};
    char status[16], length[24];
    if (a->body.failed || a->extra.failed)
        mlp_h1_error(l, 500, "the answer is over the limit, or there is no memory for it");
    bool no_body = a->status == 204 || a->status == 304;
    put(&f, ":status", status, (size_t)snprintf(status, sizeof status, "%d", a->status));
    put_date(l, &f);
    if (a->content_type && !no_body)
        put(&f, "content-type", a->content_type, strlen(a->content_type));
    if (!no_body)
        put(&f, "content-length", length,
            (size_t)snprintf(length, sizeof length, "%zu", a->body.n));
    put_lines(&f, a->extra.p, a->extra.n);
    if (!no_body && !s->no_body)
        mlp_buf_add(&s->out, a->body.p, a->body.n);
    s->last = true;
    return !s->out.failed && submit(s, &f);
}

/* An answer made by the server itself. */
bool mlp_h2_refuse(struct mlp_h2_stream *s, int status, const char *reason)
{
    mlp_h1_error(s->h->c->loop, status, reason);
    mlp_count(&s->h->c->loop->counters.refused, 1);
    s->refused = status;
    mlp_h2_drop_body(s);
    return mlp_h2_answer(s);
}

bool mlp_h2_continue(struct mlp_h2_stream *s)
{
    nghttp2_nv nv = field(":status", 7, "100", 3);
    return nghttp2_submit_headers(s->h->session, NGHTTP2_FLAG_NONE, s->id, NULL, &nv, 1, NULL) == 0;
}

/* --- calls --- */

/* extra: complete lines for the call's first fields, or NULL. */
static bool begin_call(struct mlp_h2_stream *s, struct mlp_buf *extra)
{
    struct fields f = {.n = 0};
    char digits[2];
    put(&f, ":status", "200", 3);
    put_date(s->h->c->loop, &f);
    put(&f, "content-type", "application/grpc", 16);
    put(&f, "grpc-accept-encoding", "identity", 8);
    if (extra)
        put_lines(&f, extra->p, extra->n);
    if (s->last && !s->out.n)
        put_status(s, &f, digits);
    return submit(s, &f);
}

/* What out has got, or the end, is on its way. */
static bool go_on(struct mlp_h2_stream *s, size_t before, struct mlp_buf *extra)
{
    if (!s->began)
        return begin_call(s, extra);
    s->h->owed += s->out.n - before;
    s->h->unsent += before == 0 && s->out.n > 0;
    nghttp2_session_resume_data(s->h->session, s->id);
    return true;
}

static bool end_with(struct mlp_h2_stream *s, enum mlp_grpc_status status, struct mlp_str why,
                     struct mlp_buf *extra)
{
    s->last = true;
    s->status = status;
    mlp_grpc_escape(&s->message, why);
    mlp_h2_drop_body(s);
    return go_on(s, s->out.n, extra);
}

bool mlp_h2_end_call(struct mlp_h2_stream *s, enum mlp_grpc_status status, struct mlp_str why)
{
    return end_with(s, status, why, NULL);
}

bool mlp_h2_answer_call(struct mlp_h2_stream *s)
{
    struct mlp_http_response *a = &s->h->c->loop->response;
    struct mlp_buf *extra = a->extra.failed ? NULL : &a->extra;
    size_t before = s->out.n;
    if (a->body.failed)
        return mlp_h2_end_call(s, MLP_GRPC_EXHAUSTED, MLP_STR("the answer is over the limit"));
    if (a->grpc_status)
        return end_with(s, (enum mlp_grpc_status)a->grpc_status, a->grpc_message, extra);
    if (a->status >= 400)
        return end_with(s, mlp_grpc_from_http(a->status), mlp_buf_str(&a->body), extra);
    mlp_grpc_prefix(&s->out, a->body.n);
    mlp_buf_add(&s->out, a->body.p, a->body.n);
    if (s->out.failed)
        return false;
    s->last = !a->more;
    return go_on(s, before, extra);
}
