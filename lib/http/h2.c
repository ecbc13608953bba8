/* HTTP/2 (RFC 9113) by nghttp2, which frames, compresses headers and keeps the windows. */
#include "http/h2.h"

#include "base/thread.h"
#include "http/head.h"

#include <stdlib.h>

#define STREAMS 128u
#define STREAM_WINDOW (1 << 20)
#define CONNECTION_WINDOW (4 << 20)
#define OUT_FULL ((size_t)256 << 10)
#define HELD_BODIES 4u          /* bodies of the largest size that a connection may keep here */

/* What a client may do beside making requests: frames that cost it nothing spend from an
 * allowance (CVE-2023-44487 and its kin), which time and messages taken fill again. */
#define ALLOWANCE 1000u
#define ALLOWANCE_PER_SECOND 100u
#define RESET_COSTS 3u
#define SPARES 64u              /* streams that a loop keeps for others */
#define SPARE_BYTES 2048u       /* of each of their buffers */
#define CONTINUATIONS 16u       /* in a block of fields (CVE-2024-27983 and its kin) */
#define BLOCK_BYTES 65536u      /* of it, compressed: what is within the limits is far smaller */

/* --- streams --- */

/* Memory for a stream: that of one which ended, with its buffers, or new. */
static struct mlp_h2_stream *take_stream(struct mlp_loop *l)
{
    const struct mlp_http_limits *limits = &l->http->config.limits;
    struct mlp_late *spare = l->spare;
    struct mlp_h2_stream *s = (struct mlp_h2_stream *)spare;
    if (spare) {
        l->spare = spare->next;
        l->nspare--;
        *s = (struct mlp_h2_stream){.head = s->head, .body = s->body, .out = s->out,
                                    .message = s->message};
        return s;
    }
    s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    mlp_buf_init(&s->head, limits->header_bytes + limits->line_bytes +
                               (MLP_HTTP_MAX_FIELDS + 4) * 8);
    mlp_buf_init(&s->body, limits->body_bytes + MLP_GRPC_PREFIX + MLP_IN_BYTES);
    mlp_buf_init(&s->out, MLP_H2_ANSWER_MAX + MLP_GRPC_PREFIX);
    mlp_buf_init(&s->message, 4096);
    return s;
}

static struct mlp_h2_stream *new_stream(struct mlp_h2 *h, int32_t id)
{
    struct mlp_h2_stream *s = take_stream(h->c->loop);
    if (!s)
        return NULL;
    s->late.loop = h->c->loop;
    s->late.conn = h->c;
    s->late.of_stream = true;
    s->h = h;
    s->id = id;
    s->next = h->streams;
    s->link = &h->streams;
    if (s->next)
        s->next->link = &s->next;
    h->streams = s;
    h->open++;
    h->incomplete++;
    return s;
}

void mlp_h2_free_stream(struct mlp_late *late)
{
    struct mlp_h2_stream *s = (struct mlp_h2_stream *)late;
    mlp_buf_fini(&s->head);
    mlp_buf_fini(&s->body);
    mlp_buf_fini(&s->out);
    mlp_buf_fini(&s->message);
    mlp_buf_fini(&s->late.body);
    free(s);
}

/* Keeps a stream of the loop's for the next one, a few small ones at most. */
static void retire(struct mlp_h2_stream *s, struct mlp_loop *l)
{
    if (l->nspare == SPARES || s->late.body.p || s->message.p) {
        mlp_h2_free_stream(&s->late);
        return;
    }
    mlp_h2_empty(&s->head);
    mlp_h2_empty(&s->body);
    mlp_h2_empty(&s->out);
    s->late.next = l->spare;
    l->spare = &s->late;
    l->nspare++;
}

void mlp_h2_free_spares(struct mlp_loop *l)
{
    for (struct mlp_late *s = l->spare, *next; s; s = next) {
        next = s->next;
        mlp_h2_free_stream(s);
    }
    l->spare = NULL;
    l->nspare = 0;
}

void mlp_h2_empty(struct mlp_buf *b)
{
    if (b->cap > SPARE_BYTES)
        mlp_buf_fini(b);
    mlp_buf_reset(b);
}

static void set_complete(struct mlp_h2_stream *s)
{
    if (!s->complete)
        s->h->incomplete--;
    s->complete = true;
}

void mlp_h2_drop_body(struct mlp_h2_stream *s)
{
    s->h->held -= s->body.n;
    mlp_h2_empty(&s->body);
}

/* The stream is over. Who still waits for its answer frees it then. */
static void end_stream(struct mlp_h2_stream *s)
{
    struct mlp_h2 *h = s->h;
    struct mlp_monitor *late = h->c->loop->http->late;
    set_complete(s);
    mlp_h2_drop_body(s);
    if (s->began) {
        h->owed -= s->out.n;
        h->unsent -= s->out.n > 0;
    }
    h->open--;
    *s->link = s->next;
    if (s->next)
        s->next->link = s->link;
    s->h = NULL;
    if (!s->late.waiting) { /* only this thread makes it wait */
        retire(s, h->c->loop);
        return;
    }
    mlp_monitor_enter(late);
    bool orphan = s->late.orphan = s->late.waiting;
    mlp_monitor_leave(late);
    if (!orphan)
        mlp_h2_free_stream(&s->late);
}

/* --- requests --- */

static bool is_pseudo(struct mlp_str name)
{
    return name.n && name.p[0] == ':';
}

static void take_pseudo(struct mlp_http_request *r, struct mlp_str name, struct mlp_str value)
{
    if (mlp_str_is(name, ":method"))
        r->method = value;
    else if (mlp_str_is(name, ":path"))
        r->path = value;
    else if (mlp_str_is(name, ":authority"))
        r->fields[r->nfields++] = (struct mlp_http_field){MLP_STR("host"), value};
}

/* Makes the loop's request of the stream's fields: false when its path is none. */
static bool make_request(struct mlp_h2_stream *s, struct mlp_http_request *r)
{
    char *p = s->head.p, *end = s->head.p + s->head.n;
    struct mlp_conn *c = s->h->c;
    *r = (struct mlp_http_request){.thread = c->loop->index, .connection = &s->late,
                                   .grpc = s->grpc, .nth = s->nth,
                                   .admin = c->from->admin};
    if (c->tls)
        r->subject = mlp_tls_subject(c->tls);
    while (p < end) {
        uint32_t n[2];
        memcpy(n, p, sizeof n);
        struct mlp_str name = {p + sizeof n, n[0]}, value = {name.p + n[0], n[1]};
        if (is_pseudo(name))
            take_pseudo(r, name, value);
        else
            r->fields[r->nfields++] = (struct mlp_http_field){name, value};
        p += sizeof n + n[0] + n[1];
    }
    size_t query = mlp_str_find(r->path, '?');
    if (query < r->path.n)
        r->query = (struct mlp_str){r->path.p + query + 1, r->path.n - query - 1};
    r->path.n = query;
    return r->path.n && (r->path.p[0] == '/' || mlp_str_is(r->path, "*"));
}

static void decode_path(struct mlp_h2_stream *s, struct mlp_http_request *r, bool *good)
{
    if (s->nth)
        return; /* decoded with the first message */
    *good = *good && mlp_http_decode(&r->path, s->head.p + (r->path.p - s->head.p));
}

/* Calls the handler with a request whose body is given. */
static bool exchange(struct mlp_h2_stream *s, struct mlp_str body, bool end)
{
    struct mlp_conn *c = s->h->c;
    struct mlp_loop *l = c->loop;
    const struct mlp_http_config *config = &l->http->config;
    bool good = make_request(s, &l->request);
    decode_path(s, &l->request, &good);
    if (!good)
        return mlp_h2_refuse(s, 400, "bad request target");
    s->nth++;
    s->h->allowance += s->h->allowance < ALLOWANCE;
    c->served++;
    mlp_count(&l->counters.requests, 1);
    mlp_h1_reset(l);
    l->request.body = body;
    l->request.end = end;
    s->no_body = mlp_str_is(l->request.method, "HEAD");
    s->late.waiting = true; /* the answer may come before the handler returns */
    config->handle(config->ctx, &l->request, &l->response);
    s->late.waiting = l->response.later;
    s->late.cookie = l->response.cookie;
    s->late_more = l->response.more;
    if (s->late.waiting)
        return true;
    unsigned most = config->limits.requests_per_connection;
    if (most && c->served >= most)
        mlp_h2_goaway(c, true);
    return s->grpc ? mlp_h2_answer_call(s) : mlp_h2_answer(s);
}

/* Takes bytes off the front of the body. */
static void shift_body(struct mlp_h2_stream *s, size_t n)
{
    if (!n || !s->body.n)
        return; /* dropped meanwhile */
    memmove(s->body.p, s->body.p + n, s->body.n - n);
    s->h->held -= n;
    s->body.n -= n;
}

/* The client has sent everything and the handler has not ended the call. */
static bool finish_call(struct mlp_h2_stream *s)
{
    if (s->body.n || s->nth == 0)
        return mlp_h2_end_call(s, MLP_GRPC_INTERNAL, MLP_STR("the call ends within a message"));
    return mlp_h2_end_call(s, MLP_GRPC_OK, MLP_STR(""));
}

/* Every whole message in the body, one after another. */
static bool take_messages(struct mlp_h2_stream *s, bool end)
{
    struct mlp_conn *c = s->h->c;
    size_t most = c->loop->http->config.limits.body_bytes, at = 0, used;
    struct mlp_str message;
    enum mlp_grpc_status status;
    const char *why;
    int got = 1;
    bool good = true;
    while (good && !s->last && !s->late.waiting) {
        struct mlp_str rest = {s->body.p ? s->body.p + at : "", s->body.n - at};
        got = mlp_grpc_take(rest, most, &message, &used, &status, &why);
        if (got <= 0)
            break;
        at += used;
        if (s->deadline && uv_now(&c->loop->uv) > s->deadline)
            return mlp_h2_end_call(s, MLP_GRPC_DEADLINE, MLP_STR("the deadline has passed"));
        good = exchange(s, message, end && at == s->body.n);
    }
    if (got < 0)
        return mlp_h2_end_call(s, status, mlp_str_from(why));
    shift_body(s, at);
    bool over = end && !s->last && !s->late.waiting;
    return good && over ? finish_call(s) : good;
}

/* A frame with the stream's fields or bytes of its body has come. */
static bool advance(struct mlp_h2_stream *s, bool end)
{
    bool good = true;
    s->ended = s->ended || end;
    if (end || (s->grpc && s->began))
        set_complete(s);
    if (s->refused)
        return true;
    if (s->grpc)
        good = take_messages(s, end);
    else if (end)
        good = exchange(s, mlp_buf_str(&s->body), true);
    if (end && !s->late.waiting && s->h)
        mlp_h2_drop_body(s);
    return good;
}

/* All fields are there: what they say about the rest. */
static bool note_head(struct mlp_h2_stream *s, bool end)
{
    struct mlp_http_request *r = &s->h->c->loop->request;
    uint64_t ms;
    if (s->refused)
        return mlp_h2_refuse(s, s->refused,
                             s->refused == 414 ? "the request target is over the limit"
                                               : "the header fields are over the limit");
    if (!make_request(s, r))
        return true; /* exchange refuses it */
    s->grpc = mlp_grpc_is(mlp_http_get(r, "content-type")) && mlp_str_is(r->method, "POST");
    if (s->grpc && mlp_grpc_timeout(mlp_http_get(r, "grpc-timeout"), &ms))
        s->deadline = uv_now(&s->h->c->loop->uv) + ms;
    return end || !mlp_str_is(mlp_http_get(r, "expect"), "100-continue") || mlp_h2_continue(s);
}

/* --- what nghttp2 tells --- */

static bool spend(struct mlp_h2 *h, unsigned cost)
{
    uint64_t now = uv_now(&h->c->loop->uv), more = (now - h->filled) * ALLOWANCE_PER_SECOND / 1000;
    if (more) {
        h->filled = now;
        h->allowance = more + h->allowance > ALLOWANCE ? ALLOWANCE
                                                       : h->allowance + (unsigned)more;
    }
    if (h->allowance < cost) {
        h->flood = true;
        nghttp2_session_terminate_session(h->session, NGHTTP2_ENHANCE_YOUR_CALM);
        return false;
    }
    h->allowance -= cost;
    return true;
}

/* True of a request whose number is lower than that of an earlier one. nghttp2 passes it over, as
 * it could be the end of a stream that is gone; a number that was skipped lately cannot. */
static bool is_skipped(struct mlp_h2 *h, int32_t id)
{
    if (id > h->latest) {
        h->skipped = id > h->latest + 2 ? h->latest : h->skipped;
        h->skipped_end = id > h->latest + 2 ? id : h->skipped_end;
        h->latest = id;
        return false;
    }
    return id > h->skipped && id < h->skipped_end;
}

/* A block of fields may not go on without end: each piece costs nothing to make. */
static int on_frame_head(nghttp2_session *session, const nghttp2_frame_hd *hd, void *user)
{
    struct mlp_h2 *h = user;
    (void)session;
    bool goes_on = hd->type == NGHTTP2_CONTINUATION;
    h->continuations = goes_on ? h->continuations + 1 : 0;
    h->block = goes_on ? h->block + hd->length : hd->length;
    if (h->continuations > CONTINUATIONS || (goes_on && h->block > BLOCK_BYTES)) {
        h->flood = true;
        h->error = NGHTTP2_ENHANCE_YOUR_CALM;
    } else if (hd->type == NGHTTP2_HEADERS && hd->stream_id % 2 && is_skipped(h, hd->stream_id)) {
        h->error = NGHTTP2_PROTOCOL_ERROR;
    }
    return h->error == NGHTTP2_NO_ERROR ? 0 : NGHTTP2_ERR_CALLBACK_FAILURE;
}

static int on_begin(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    struct mlp_h2 *h = user;
    h->in_head = true;
    if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
        return 0;
    struct mlp_h2_stream *s = new_stream(h, frame->hd.stream_id);
    if (!s)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    return nghttp2_session_set_stream_user_data(session, frame->hd.stream_id, s);
}

static int on_field(nghttp2_session *session, const nghttp2_frame *frame, nghttp2_rcbuf *name,
                    nghttp2_rcbuf *value, uint8_t flags, void *user)
{
    struct mlp_h2 *h = user;
    nghttp2_vec key = nghttp2_rcbuf_get_buf(name), text = nghttp2_rcbuf_get_buf(value);
    struct mlp_h2_stream *s = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    const struct mlp_http_limits *limits = &h->c->loop->http->config.limits;
    uint32_t n[2] = {(uint32_t)key.len, (uint32_t)text.len};
    (void)flags;
    if (!s || s->refused || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
        return 0; /* trailers are passed over */
    bool path = key.len == 5 && memcmp(key.base, ":path", 5) == 0;
    size_t size = key.len + text.len;
    if (path && text.len > limits->line_bytes)
        s->refused = 414;
    else if (++s->nfields >= MLP_HTTP_MAX_FIELDS || size > limits->header_bytes ||
             s->head.n + size > limits->header_bytes + limits->line_bytes)
        s->refused = 431;
    if (s->refused)
        return 0;
    char *to = mlp_buf_reserve(&s->head, sizeof n + size);
    if (to) {
        memcpy(to, n, sizeof n);
        memcpy(to + sizeof n, key.base, key.len);
        memcpy(to + sizeof n + key.len, text.base, text.len);
        s->head.n += sizeof n + size;
    }
    return s->head.failed ? NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE : 0;
}

/* What comes of a refused request: some clients lose the answer when they are told to stop
 * sending (RFC 9113, 8.1), so they are told late. */
static int pass_over(struct mlp_h2_stream *s, size_t n)
{
    size_t most = s->h->c->loop->http->config.limits.body_bytes;
    s->passed += n;
    if (s->passed < most)
        return 0;
    s->passed = 0;
    return nghttp2_submit_rst_stream(s->h->session, NGHTTP2_FLAG_NONE, s->id, NGHTTP2_NO_ERROR);
}

static int on_chunk(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *p,
                    size_t n, void *user)
{
    struct mlp_h2 *h = user;
    struct mlp_h2_stream *s = nghttp2_session_get_stream_user_data(session, id);
    size_t most = h->c->loop->http->config.limits.body_bytes;
    (void)flags;
    if (!s || s->refused || s->last)
        return s && s->refused ? pass_over(s, n) : 0;
    if (s->body.n + n > most + (s->grpc ? MLP_GRPC_PREFIX + MLP_IN_BYTES : 0)) {
        bool told = s->grpc ? mlp_h2_end_call(s, MLP_GRPC_EXHAUSTED,
                                              MLP_STR("the message is over the limit"))
                            : mlp_h2_refuse(s, 413, "the body is over the limit");
        s->refused = 413;
        return told ? 0 : NGHTTP2_ERR_CALLBACK_FAILURE;
    }
    if (h->held + n > most * HELD_BODIES || h->owed > MLP_H2_OWED_MAX) {
        s->refused = 503;
        return nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, id,
                                         NGHTTP2_ENHANCE_YOUR_CALM);
    }
    mlp_buf_add(&s->body, p, n);
    h->held += n;
    return s->body.failed ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
}

static int on_request_frame(struct mlp_h2 *h, const nghttp2_frame *frame)
{
    struct mlp_h2_stream *s = nghttp2_session_get_stream_user_data(h->session, frame->hd.stream_id);
    bool end = frame->hd.flags & NGHTTP2_FLAG_END_STREAM, good = true;
    if (frame->hd.type == NGHTTP2_DATA && frame->hd.length == 0 && !end && !spend(h, 1))
        return 0;
    if (!s)
        return 0;
    if (frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
        good = note_head(s, end);
    }
    return good && advance(s, end) ? 0 : NGHTTP2_ERR_CALLBACK_FAILURE;
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    struct mlp_h2 *h = user;
    (void)session;
    switch (frame->hd.type) {
    case NGHTTP2_HEADERS:
        h->in_head = false;
        return on_request_frame(h, frame);
    case NGHTTP2_DATA:
        return on_request_frame(h, frame);
    case NGHTTP2_RST_STREAM:
        spend(h, RESET_COSTS);
        return 0;
    case NGHTTP2_PING:
    case NGHTTP2_SETTINGS:
    case NGHTTP2_PRIORITY:
        spend(h, 1);
        return 0;
    default:
        return 0;
    }
}

static int on_bad_frame(nghttp2_session *session, const nghttp2_frame *frame, int code, void *user)
{
    (void)session, (void)frame, (void)code;
    spend(user, RESET_COSTS);
    return 0;
}

/* A call that ended before its messages did: they are not wanted. */
static int on_sent(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    (void)user;
    if (!(frame->hd.flags & NGHTTP2_FLAG_END_STREAM) ||
        (frame->hd.type != NGHTTP2_DATA && frame->hd.type != NGHTTP2_HEADERS))
        return 0;
    struct mlp_h2_stream *s = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    if (s && s->grpc && !s->complete)
        nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, s->id, NGHTTP2_NO_ERROR);
    return 0;
}

static int on_end(nghttp2_session *session, int32_t id, uint32_t error, void *user)
{
    (void)error, (void)user;
    struct mlp_h2_stream *s = nghttp2_session_get_stream_user_data(session, id);
    if (!s)
        return 0;
    nghttp2_session_set_stream_user_data(session, id, NULL);
    end_stream(s);
    return 0;
}

/* --- the session --- */

static int new_session(struct mlp_h2 *h)
{
    nghttp2_session_callbacks *calls;
    if (nghttp2_session_callbacks_new(&calls) != 0)
        return NGHTTP2_ERR_NOMEM;
    nghttp2_session_callbacks_set_on_begin_frame_callback(calls, on_frame_head);
    nghttp2_session_callbacks_set_on_begin_headers_callback(calls, on_begin);
    nghttp2_session_callbacks_set_on_header_callback2(calls, on_field);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(calls, on_chunk);
    nghttp2_session_callbacks_set_on_frame_recv_callback(calls, on_frame);
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(calls, on_bad_frame);
    nghttp2_session_callbacks_set_on_frame_send_callback(calls, on_sent);
    nghttp2_session_callbacks_set_on_stream_close_callback(calls, on_end);
    int status = nghttp2_session_server_new(&h->session, calls, h);
    nghttp2_session_callbacks_del(calls);
    return status;
}

bool mlp_h2_open(struct mlp_conn *c)
{
    const struct mlp_http_limits *limits = &c->loop->http->config.limits;
    struct mlp_h2 *h = calloc(1, sizeof *h);
    if (!h)
        return false;
    h->c = c;
    h->allowance = ALLOWANCE;
    h->latest = -1;
    h->filled = uv_now(&c->loop->uv);
    const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, STREAMS},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, STREAM_WINDOW},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, (uint32_t)limits->header_bytes},
    };
    if (new_session(h) != 0 ||
        nghttp2_submit_settings(h->session, NGHTTP2_FLAG_NONE, settings, 3) != 0 ||
        nghttp2_session_set_local_window_size(h->session, NGHTTP2_FLAG_NONE, 0,
                                              CONNECTION_WINDOW) != 0) {
        nghttp2_session_del(h->session);
        free(h);
        return false;
    }
    c->h2 = h;
    return true;
}

void mlp_h2_close(struct mlp_h2 *h)
{
    if (!h)
        return;
    while (h->streams)
        end_stream(h->streams);
    nghttp2_session_del(h->session);
    free(h);
}

/* Appends what is to be sent; true when the answers fill up. */
static bool output(struct mlp_h2 *h)
{
    struct mlp_buf *out = &h->c->loop->out;
    const uint8_t *p;
    while (out->n < OUT_FULL) {
        ssize_t n = nghttp2_session_mem_send(h->session, &p);
        if (n < 0)
            out->failed = true;
        if (n <= 0)
            return false;
        mlp_buf_add(out, p, (size_t)n);
    }
    return true;
}

/* Gives bytes to nghttp2, which calls back. False: the connection is to end. */
static bool receive(struct mlp_h2 *h, struct mlp_view view)
{
    const uint8_t *p = (const uint8_t *)view.p;
    if (!view.n || nghttp2_session_mem_recv(h->session, p, view.n) >= 0)
        return true;
    nghttp2_session_terminate_session(h->session, h->error ? h->error : NGHTTP2_INTERNAL_ERROR);
    return false;
}

bool mlp_h2_input(struct mlp_conn *c, struct mlp_view *view)
{
    struct mlp_h2 *h = c->h2;
    bool good = receive(h, *view);
    *view = (struct mlp_view){view->p, 0};
    bool more = output(h);
    if (h->final && h->open == 0 && !more) {
        nghttp2_session_terminate_session(h->session, NGHTTP2_NO_ERROR);
        more = output(h);
    }
    bool over = !nghttp2_session_want_read(h->session) && !nghttp2_session_want_write(h->session);
    if (!good || h->flood || over)
        c->ending = h->flood ? MLP_END_CLOSE : MLP_END_LINGER;
    return more && c->ending == MLP_END_NOT;
}

enum mlp_phase mlp_h2_phase(const struct mlp_conn *c)
{
    const struct mlp_h2 *h = c->h2;
    return h->in_head      ? MLP_CONN_HEAD
           : h->incomplete ? MLP_CONN_BODY
           : h->unsent     ? MLP_CONN_WRITE
           : h->open       ? MLP_CONN_WAIT
                           : MLP_CONN_IDLE;
}

void mlp_h2_goaway(struct mlp_conn *c, bool at_once)
{
    struct mlp_h2 *h = c->h2;
    if (!h->noticed && !at_once)
        nghttp2_submit_shutdown_notice(h->session);
    h->noticed = true;
    if (!at_once || h->final)
        return;
    h->final = true;
    nghttp2_submit_goaway(h->session, NGHTTP2_FLAG_NONE,
                          nghttp2_session_get_last_proc_stream_id(h->session), NGHTTP2_NO_ERROR,
                          NULL, 0);
    for (struct mlp_h2_stream *s = h->streams; s; s = s->next)
        if (s->grpc && s->began && !s->last)
            mlp_h2_end_call(s, MLP_GRPC_UNAVAILABLE, MLP_STR("the server is stopping"));
}

/* Makes the loop's response of what came from another thread. */
static void take_late(struct mlp_h2_stream *s)
{
    struct mlp_loop *l = s->late.loop;
    struct mlp_http_response *a = &l->response;
    bool failed = s->late.body.failed;
    mlp_h1_reset(l);
    a->status = s->late.status;
    a->content_type = "application/json";
    if (failed)
        mlp_h1_error(l, 500, "the answer is over the limit, or there is no memory for it");
    else
        mlp_buf_add(&a->body, s->late.body.p, s->late.body.n);
}

struct mlp_conn *mlp_h2_late(struct mlp_late *late)
{
    struct mlp_h2_stream *s = (struct mlp_h2_stream *)late;
    if (late->orphan) {
        mlp_h2_free_stream(late);
        return NULL;
    }
    late->waiting = false;
    struct mlp_conn *c = s->h->c;
    const struct mlp_http_config *config = &c->loop->http->config;
    if (c->closing)
        return NULL; /* on_closed frees it */
    take_late(s);
    int status = c->loop->response.status;
    c->loop->response.more = s->late_more;
    bool good = s->last ? true : s->grpc ? mlp_h2_answer_call(s) : mlp_h2_answer(s);
    mlp_buf_fini(&late->body);
    if (good && s->grpc && !s->last)
        good = advance(s, s->ended);
    if (!good)
        nghttp2_session_terminate_session(s->h->session, NGHTTP2_INTERNAL_ERROR);
    if (config->answered)
        config->answered(config->ctx, c->loop->index, status, late->cookie);
    return c;
}
