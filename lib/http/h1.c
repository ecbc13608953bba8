#include "http/conn.h"

#include "base/os.h"
#include "base/time.h"

#define OUT_FULL ((size_t)256 << 10)
#define BODY_KEPT ((size_t)1 << 20)

static const struct {
    int status;
    const char *phrase;
} phrases[] = {
    {200, "OK"}, {201, "Created"}, {202, "Accepted"}, {204, "No Content"}, {304, "Not Modified"},
    {400, "Bad Request"}, {401, "Unauthorized"}, {403, "Forbidden"}, {404, "Not Found"},
    {405, "Method Not Allowed"}, {408, "Request Timeout"}, {409, "Conflict"},
    {411, "Length Required"}, {413, "Content Too Large"}, {414, "URI Too Long"},
    {415, "Unsupported Media Type"}, {417, "Expectation Failed"},
    {422, "Unprocessable Content"}, {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"}, {500, "Internal Server Error"},
    {501, "Not Implemented"}, {503, "Service Unavailable"}, {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
};

const char *mlp_http_phrase(int status)
{
    for (size_t i = 0; i < sizeof phrases / sizeof *phrases; i++)
        if (phrases[i].status == status)
            return phrases[i].phrase;
    return "Unknown";
}

struct mlp_str mlp_http_get(const struct mlp_http_request *r, const char *name)
{
    for (size_t i = 0; i < r->nfields; i++)
        if (mlp_http_is(r->fields[i].name, name))
            return r->fields[i].value;
    return (struct mlp_str){0};
}

/* RFC 9110, 5.6.7: "Sun, 06 Nov 1994 08:49:37 GMT". */
void mlp_h1_date(struct mlp_loop *l)
{
    static const char days[] = "ThuFriSatSunMonTueWed";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    struct mlp_civil t;
    int64_t now = mlp_os_now_ns() / 1000000000;
    mlp_civil_from_unix(now, &t);
    snprintf(l->date, sizeof l->date, "Date: %.3s, %02u %.3s %04d %02u:%02u:%02u GMT\r\n",
             days + 3 * (now / 86400 % 7), t.day, months + 3 * (t.month - 1), t.year, t.hour,
             t.minute, t.second);
}

static void status_line(struct mlp_buf *out, int status)
{
    if (status == 200) {
        mlp_buf_adds(out, "HTTP/1.1 200 OK\r\n");
        return;
    }
    mlp_buf_adds(out, "HTTP/1.1 ");
    mlp_buf_addu64(out, (uint64_t)status);
    mlp_buf_addc(out, ' ');
    mlp_buf_adds(out, mlp_http_phrase(status));
    mlp_buf_adds(out, "\r\n");
}

/* Appends the answer in l->response to l->out. */
static void put_answer(struct mlp_loop *l, bool close, bool keep_named, bool head_only)
{
    struct mlp_buf *out = &l->out;
    const struct mlp_http_response *a = &l->response;
    bool no_body = a->status == 204 || a->status == 304;
    status_line(out, a->status);
    mlp_buf_adds(out, l->date);
    if (a->content_type && !no_body) {
        mlp_buf_adds(out, "Content-Type: ");
        mlp_buf_adds(out, a->content_type);
        mlp_buf_adds(out, "\r\n");
    }
    if (!no_body) {
        mlp_buf_adds(out, "Content-Length: ");
        mlp_buf_addu64(out, a->body.n);
        mlp_buf_adds(out, "\r\n");
    }
    if (close)
        mlp_buf_adds(out, "Connection: close\r\n");
    else if (keep_named)
        mlp_buf_adds(out, "Connection: keep-alive\r\n");
    mlp_buf_add(out, a->extra.p, a->extra.n);
    mlp_buf_adds(out, "\r\n");
    if (!no_body && !head_only)
        mlp_buf_add(out, a->body.p, a->body.n);
}

void mlp_h1_reset(struct mlp_loop *l)
{
    struct mlp_http_response *a = &l->response;
    if (a->body.cap > BODY_KEPT)
        mlp_buf_fini(&a->body);
    mlp_buf_reset(&a->body);
    mlp_buf_reset(&a->extra);
    a->status = 200;
    a->content_type = NULL;
    a->close = false;
    a->later = false;
    a->more = false;
    a->grpc_status = 0;
    a->grpc_message = (struct mlp_str){0};
}

void mlp_h1_error(struct mlp_loop *l, int status, const char *reason)
{
    mlp_h1_reset(l);
    l->response.status = status;
    l->response.content_type = "application/json";
    mlp_buf_adds(&l->response.body, "{\"error\":");
    mlp_buf_addquoted(&l->response.body, mlp_str_from(reason));
    mlp_buf_adds(&l->response.body, "}\n");
}

void mlp_h1_refuse(struct mlp_conn *c, int status, const char *reason)
{
    mlp_h1_error(c->loop, status, reason);
    put_answer(c->loop, true, false, false);
    c->ending = MLP_END_LINGER;
    mlp_count(&c->loop->counters.refused, 1);
}

/* True when this answer is the last one that the connection gets. */
static bool is_last(const struct mlp_conn *c)
{
    const struct mlp_loop *l = c->loop;
    unsigned most = l->http->config.limits.requests_per_connection;
    return l->response.close || l->draining || (most && c->served >= most);
}

/* One complete request: hands it to the handler and appends the answer. */
static void exchange(struct mlp_conn *c)
{
    struct mlp_loop *l = c->loop;
    const struct mlp_http_config *config = &l->http->config;
    bool keep = c->parser.keep_alive;
    c->served++;
    mlp_count(&l->counters.requests, 1);
    mlp_h1_reset(l);
    l->request.thread = l->index;
    l->request.connection = &c->late;
    l->request.grpc = false;
    l->request.admin = c->from->admin;
    l->request.subject = c->tls ? mlp_tls_subject(c->tls) : (struct mlp_str){0};
    c->late_keep = keep;
    c->late_named = c->parser.keep_named;
    c->late_head = mlp_str_is(l->request.method, "HEAD");
    c->late.waiting = true; /* the answer may come before the handler returns */
    config->handle(config->ctx, &l->request, &l->response);
    c->late.waiting = l->response.later;
    c->late.cookie = l->response.cookie;
    if (c->late.waiting)
        return;
    if (l->response.body.failed || l->response.extra.failed)
        mlp_h1_error(l, 500, "the answer is over the limit, or there is no memory for it");
    bool last = is_last(c);
    put_answer(l, last || !keep, c->parser.keep_named, mlp_str_is(l->request.method, "HEAD"));
    c->ending = !keep ? MLP_END_CLOSE : last ? MLP_END_LINGER : MLP_END_NOT;
}

void mlp_h1_late(struct mlp_conn *c)
{
    struct mlp_loop *l = c->loop;
    const struct mlp_http_config *config = &l->http->config;
    bool failed = c->late.body.failed;
    mlp_h1_reset(l);
    l->response.status = failed ? 500 : c->late.status;
    l->response.content_type = "application/json";
    if (failed)
        mlp_h1_error(l, 500, "the answer is over the limit, or there is no memory for it");
    else
        mlp_buf_add(&l->response.body, c->late.body.p, c->late.body.n);
    mlp_buf_fini(&c->late.body);
    bool last = is_last(c);
    put_answer(l, last || !c->late_keep, c->late_named, c->late_head);
    c->ending = !c->late_keep ? MLP_END_CLOSE : last ? MLP_END_LINGER : MLP_END_NOT;
    if (config->answered)
        config->answered(config->ctx, l->index, l->response.status, c->late.cookie);
}

static void next_request(struct mlp_conn *c)
{
    c->parser = (struct mlp_http_parser){.limits = c->parser.limits};
    c->continued = false;
}

/* More bytes are needed; a client that waits for leave to send its body gets it, once. */
static void wait_for_more(struct mlp_conn *c, struct mlp_view *view)
{
    view->n = mlp_http_compact(&c->parser, view->p, view->n);
    if (c->parser.head_done && c->parser.expect_continue && !c->continued)
        mlp_buf_adds(&c->loop->out, "HTTP/1.1 100 Continue\r\n\r\n");
    c->continued = c->parser.head_done;
}

bool mlp_h1_input(struct mlp_conn *c, struct mlp_view *view)
{
    struct mlp_loop *l = c->loop;
    while (view->n && c->ending == MLP_END_NOT) {
        size_t used = 0;
        enum mlp_parse outcome = mlp_http_parse(&c->parser, view->p, view->n, &l->request, &used);
        if (outcome == MLP_PARSE_MORE) {
            wait_for_more(c, view);
            return false;
        }
        if (outcome == MLP_PARSE_BAD) {
            mlp_h1_refuse(c, c->parser.status, c->parser.reason);
            return false;
        }
        exchange(c);
        next_request(c);
        view->p += used;
        view->n -= used;
        if (c->late.waiting)
            return false;
        if (l->out.n >= OUT_FULL)
            return true;
    }
    return false;
}
