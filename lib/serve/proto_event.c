#include "serve/proto_event.h"

#include "base/os.h"
#include "base/time.h"
#include "crypt/crypt.h"
#include "serve/proto_body.h"
#include "serve/routes.h"
#include "text/json.h"

#define DEPTH 64
#define STRUCTURED "application/cloudevents+json"
#define BATCH "application/cloudevents-batch+json"
#define TYPE "io.kserve.inference.response"

/* What an event must say. Views: only whether they are there counts. */
struct attributes {
    struct mlp_str id, source, type, version;
};

static enum mlp_code check(const struct attributes *a, struct mlp_err *e)
{
    const char *lacks = !a->id.n ? "id" : !a->source.n ? "source" : !a->type.n ? "type" : NULL;
    if (!mlp_str_is(a->version, "1.0"))
        return mlp_err_set(e, MLP_EINPUT, "the event's specversion is not 1.0");
    return lacks ? mlp_err_set(e, MLP_EINPUT, "the event has no %s", lacks) : MLP_OK;
}

/* --- structured mode --- */

struct reader {
    struct mlp_json j;
    struct mlp_json_token t;
    struct attributes a;
    struct mlp_str data, base64, content_type;
};

static struct mlp_str *attribute(struct reader *r, struct mlp_str key)
{
    const struct {
        const char *name;
        struct mlp_str *to;
    } known[] = {
        {"id", &r->a.id}, {"source", &r->a.source}, {"type", &r->a.type},
        {"specversion", &r->a.version}, {"datacontenttype", &r->content_type},
        {"data_base64", &r->base64},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (mlp_str_is(key, known[i].name))
            return known[i].to;
    return NULL;
}

static enum mlp_code read_member(struct reader *r, struct mlp_err *e)
{
    struct mlp_str key = r->t.raw, *to = attribute(r, key);
    enum mlp_code code = mlp_json_next(&r->j, &r->t, e);
    if (code != MLP_OK)
        return code;
    if (to && r->t.type != MLP_JSON_STRING)
        return mlp_err_set(e, MLP_EINPUT, "the event's %.*s is no string", MLP_STR_ARG(key));
    if (to)
        *to = r->t.raw;
    size_t start = r->t.offset;
    code = mlp_json_skip(&r->j, &r->t, e);
    if (mlp_str_is(key, "data"))
        r->data = (struct mlp_str){r->j.text + start, (size_t)(r->j.p - r->j.text) - start};
    return code;
}

static enum mlp_code read_event(struct reader *r, struct mlp_str body, struct mlp_err *e)
{
    mlp_json_init(&r->j, body, DEPTH);
    enum mlp_code code = mlp_json_next(&r->j, &r->t, e);
    if (code == MLP_OK && r->t.type != MLP_JSON_OBJECT)
        return mlp_err_set(e, MLP_EINPUT, "the event is no object");
    if (code == MLP_OK)
        code = mlp_json_next(&r->j, &r->t, e);
    while (code == MLP_OK && r->t.type == MLP_JSON_KEY) {
        code = read_member(r, e);
        if (code == MLP_OK)
            code = mlp_json_next(&r->j, &r->t, e);
    }
    if (code == MLP_OK)
        code = mlp_json_next(&r->j, &r->t, e);
    return code == MLP_OK ? check(&r->a, e) : code;
}

/* Data that is a string of another type than JSON is the text itself, a CSV say. */
static enum mlp_code take_data(struct mlp_event *v, struct reader *r, struct mlp_asking *q,
                               struct mlp_err *e)
{
    bool json = mlp_body_kind(r->content_type) == MLP_BODY_JSON;
    q->content_type = r->content_type;
    q->body = r->data;
    mlp_buf_init(&v->data, q->request->body.n + q->agent->plain.n + 4);
    if (r->base64.p && !mlp_base64_decode(r->base64, &v->data))
        return mlp_err_set(e, MLP_EINPUT, "the event's data_base64 is no base64");
    if (!r->base64.p && !json && r->data.n > 1 && r->data.p[0] == '"')
        mlp_json_unescape((struct mlp_str){r->data.p + 1, r->data.n - 2}, &v->data);
    if (v->data.n)
        q->body = mlp_buf_str(&v->data);
    return mlp_buf_check(&v->data, e);
}

/* --- both modes --- */

static enum mlp_code open_binary(const struct mlp_asking *q, struct mlp_err *e)
{
    const struct attributes a = {
        mlp_http_get(q->request, "ce-id"), mlp_http_get(q->request, "ce-source"),
        mlp_http_get(q->request, "ce-type"), mlp_http_get(q->request, "ce-specversion")};
    return check(&a, e);
}

static enum mlp_code open_structured(struct mlp_event *v, struct mlp_asking *q, struct mlp_err *e)
{
    struct reader r = {.data = {"", 0}};
    v->structured = true;
    enum mlp_code code = read_event(&r, q->body, e);
    return code == MLP_OK ? take_data(v, &r, q, e) : mlp_err_wrap(e, "CloudEvent");
}

bool mlp_event_open(struct mlp_event *v, struct mlp_asking *q)
{
    struct mlp_err e;
    bool structured = mlp_body_is(q->content_type, STRUCTURED);
    bool binary = mlp_http_get(q->request, "ce-specversion").n > 0;
    mlp_err_init(&e);
    mlp_buf_init(&v->data, 0);
    v->structured = false;
    q->event = structured || binary;
    enum mlp_code code = structured ? open_structured(v, q, &e)
                         : binary   ? open_binary(q, &e)
                                    : MLP_OK;
    if (code == MLP_OK)
        return true;
    mlp_buf_fini(&v->data);
    mlp_answer_failure(q, &e);
    return false;
}

/* What names the answer. Its id is new for every event: salt and clock tell processes apart. */
struct name {
    char id[64], time[32];
    const char *route;
};

static void name_answer(struct mlp_asking *q, struct name *n)
{
    int64_t now = mlp_os_now_ns();
    struct mlp_str given = q->part[0];
    const struct mlp_lanes *route = mlp_set_route(q->set, given);
    n->route = route ? route->name : q->set->routes[0].name;
    snprintf(n->id, sizeof n->id, "%08x-%x-%llx-%llx", q->serve->salt, q->thread,
             (unsigned long long)now, (unsigned long long)++q->agent->ids);
    mlp_time_format_ms(now, n->time);
}

static void answer_binary(struct mlp_asking *q, const struct name *n)
{
    struct mlp_buf *extra = &q->response->extra;
    mlp_buf_addf(extra, "ce-specversion: 1.0\r\nce-id: %s\r\nce-type: " TYPE "\r\nce-time: %s\r\n",
                 n->id, n->time);
    mlp_buf_adds(extra, "ce-source: io.kserve.inference.");
    for (const char *c = n->route; *c; c++) /* a field's value is ASCII: RFC 3986 for the rest */
        mlp_buf_addf(extra, *c > ' ' && *c < 0x7f && *c != '%' ? "%c" : "%%%02X",
                     (unsigned char)*c);
    mlp_buf_adds(extra, "\r\n");
}

static void answer_structured(struct mlp_asking *q, const struct name *n)
{
    struct mlp_buf *body = &q->response->body, *b = &q->agent->spare;
    bool json = mlp_body_is(mlp_str_from(q->response->content_type), "application/json");
    struct mlp_str data = mlp_buf_str(body);
    mlp_buf_reset(b);
    mlp_buf_addf(b, "{\"specversion\":\"1.0\",\"id\":\"%s\",\"type\":\"" TYPE "\",\"time\":\"%s\","
                    "\"source\":",
                 n->id, n->time);
    struct mlp_buf source;
    mlp_buf_init(&source, 512);
    mlp_buf_addf(&source, "io.kserve.inference.%s", n->route);
    mlp_buf_addquoted(b, mlp_buf_str(&source));
    mlp_buf_fini(&source);
    mlp_buf_adds(b, ",\"datacontenttype\":");
    mlp_buf_addquoted(b, mlp_str_from(q->response->content_type));
    mlp_buf_adds(b, ",\"data\":");
    if (json)
        mlp_buf_addstr(b, mlp_str_trim(data));
    else
        mlp_buf_addquoted(b, data);
    mlp_buf_addc(b, '}');
    mlp_buf_reset(body);
    mlp_buf_addstr(body, mlp_buf_str(b));
    q->response->content_type = STRUCTURED;
}

void mlp_event_answer(struct mlp_event *v, struct mlp_asking *q)
{
    struct name n;
    bool good = q->event && q->response->status == 200 && !q->response->later;
    mlp_buf_fini(&v->data);
    if (!good)
        return;
    name_answer(q, &n);
    if (v->structured)
        answer_structured(q, &n);
    else
        answer_binary(q, &n);
}

/* --- batches --- */

bool mlp_event_is_batch(const struct mlp_asking *q)
{
    return mlp_body_is(q->content_type, BATCH);
}

/* The next event of the array; empty at its end. */
static enum mlp_code next_event(struct mlp_json *j, struct mlp_str *event, struct mlp_err *e)
{
    struct mlp_json_token t;
    enum mlp_code code = mlp_json_next(j, &t, e);
    *event = (struct mlp_str){0};
    if (code != MLP_OK || t.type == MLP_JSON_ARRAY_END)
        return code == MLP_OK ? mlp_json_next(j, &t, e) : code; /* nothing may follow */
    code = mlp_json_skip(j, &t, e);
    *event = (struct mlp_str){j->text + t.offset, (size_t)(j->p - j->text) - t.offset};
    return code;
}

/* False: it is answered, with an error. */
static bool answer_one(struct mlp_asking *q, struct mlp_str event,
                       void (*answer)(struct mlp_asking *q))
{
    struct mlp_event v;
    q->body = event;
    q->content_type = MLP_STR(STRUCTURED);
    q->row = 0;
    mlp_buf_reset(&q->response->body);
    mlp_buf_reset(&q->response->extra);
    if (!mlp_event_open(&v, q))
        return false;
    answer(q);
    mlp_event_answer(&v, q);
    return q->response->status == 200 && !q->response->later;
}

static void give(struct mlp_asking *q, struct mlp_buf *all)
{
    struct mlp_err e;
    mlp_err_init(&e);
    mlp_buf_addc(all, ']');
    if (mlp_buf_check(all, &e) != MLP_OK) {
        mlp_answer_failure(q, &e);
        return;
    }
    mlp_answer_json(q, 200);
    mlp_buf_reset(&q->response->body);
    mlp_buf_addstr(&q->response->body, mlp_buf_str(all));
    q->response->content_type = BATCH;
}

void mlp_event_batch(struct mlp_asking *q, void (*answer)(struct mlp_asking *q))
{
    struct mlp_json j;
    struct mlp_json_token t;
    struct mlp_buf all;
    struct mlp_str event;
    struct mlp_err e;
    bool good = true;
    mlp_err_init(&e);
    mlp_json_init(&j, q->body, DEPTH + 1);
    mlp_buf_init(&all, q->response->body.max);
    enum mlp_code code = mlp_json_next(&j, &t, &e);
    if (code == MLP_OK && t.type != MLP_JSON_ARRAY)
        code = mlp_err_set(&e, MLP_EINPUT, "a batch of events is an array");
    if (code == MLP_OK)
        code = next_event(&j, &event, &e);
    mlp_buf_addc(&all, '[');
    while (code == MLP_OK && event.n && (good = answer_one(q, event, answer))) {
        mlp_buf_adds(&all, all.n > 1 ? "," : "");
        mlp_buf_addstr(&all, mlp_buf_str(&q->response->body));
        code = next_event(&j, &event, &e);
    }
    if (code != MLP_OK)
        mlp_answer_failure(q, &e);
    else if (good)
        give(q, &all);
    mlp_buf_fini(&all);
}
