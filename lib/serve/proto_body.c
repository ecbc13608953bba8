#include "serve/proto_body.h"

#include "http/parse.h"
#include "serve/proto_table.h"
#include "serve/routes.h"
#include "table/unpack.h"

#define KEPT ((size_t)4 << 20)

/* --- content types --- */

static struct mlp_str media_type(struct mlp_str content_type)
{
    struct mlp_str type;
    return mlp_str_split(&content_type, ';', &type) ? mlp_str_trim(type) : (struct mlp_str){0};
}

bool mlp_body_is(struct mlp_str content_type, const char *z)
{
    return mlp_http_is(media_type(content_type), z);
}

enum mlp_body mlp_body_kind(struct mlp_str content_type)
{
    static const struct {
        const char *name;
        enum mlp_body kind;
    } known[] = {
        {"text/csv", MLP_BODY_CSV}, {"application/csv", MLP_BODY_CSV},
        {"text/tab-separated-values", MLP_BODY_TSV},
        {"application/x-ndjson", MLP_BODY_LINES}, {"application/ndjson", MLP_BODY_LINES},
        {"application/jsonlines", MLP_BODY_LINES}, {"application/x-jsonlines", MLP_BODY_LINES},
        {"application/jsonl", MLP_BODY_LINES},
        {"application/vnd.apache.arrow.stream", MLP_BODY_COLUMNAR},
        {"application/vnd.apache.arrow.file", MLP_BODY_COLUMNAR},
        {"application/vnd.apache.parquet", MLP_BODY_COLUMNAR},
        {"application/x-parquet", MLP_BODY_COLUMNAR},
    };
    struct mlp_str type = media_type(content_type);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (mlp_http_is(type, known[i].name))
            return known[i].kind;
    return MLP_BODY_JSON;
}

int mlp_body_header(struct mlp_str content_type)
{
    struct mlp_str part;
    while (mlp_str_split(&content_type, ';', &part)) {
        part = mlp_str_trim(part);
        if (mlp_http_is(part, "header=present") || mlp_http_is(part, "header=absent"))
            return mlp_http_is(part, "header=present");
    }
    return -1;
}

enum mlp_form mlp_body_form(const struct mlp_asking *q, enum mlp_form usual)
{
    struct mlp_str accept = mlp_http_get(q->request, "accept"), part;
    while (accept.n && mlp_str_split(&accept, ',', &part)) {
        enum mlp_body kind = mlp_body_kind(part);
        if (mlp_body_is(part, "application/json"))
            return MLP_FORM_JSON;
        if (kind == MLP_BODY_CSV || kind == MLP_BODY_LINES)
            return kind == MLP_BODY_CSV ? MLP_FORM_CSV : MLP_FORM_LINES;
    }
    return usual;
}

/* --- compression --- */

typedef enum mlp_code unpack(struct mlp_str in, struct mlp_buf *out, struct mlp_err *e);

static unpack *unpack_of(struct mlp_str coding)
{
    static const struct {
        const char *name;
        unpack *fn;
    } known[] = {
        {"gzip", mlp_unpack_gzip}, {"x-gzip", mlp_unpack_gzip},
        {"deflate", mlp_unpack_gzip}, /* which takes zlib's header too, as deflate has it */
        {"zstd", mlp_unpack_zstd},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (mlp_str_is(coding, known[i].name))
            return known[i].fn;
    return NULL;
}

static bool refuse(struct mlp_asking *q, const struct mlp_err *e)
{
    bool large = q->agent->plain.failed || e->code == MLP_OK;
    if (!large) {
        mlp_answer_failure(q, e);
        return false;
    }
    mlp_answer_error(q, 413, "the body decompresses to more than the limit", "see --max-body");
    return false;
}

bool mlp_body_take(struct mlp_asking *q)
{
    struct mlp_str coding = mlp_http_get(q->request, "content-encoding");
    struct mlp_buf *plain = &q->agent->plain;
    struct mlp_err e;
    if (!coding.n || mlp_str_is(coding, "identity"))
        return true;
    unpack *fn = unpack_of(coding);
    if (!fn) {
        mlp_answer_error(q, 415, "this Content-Encoding is not taken", "send gzip or zstd");
        mlp_buf_adds(&q->response->extra, "Accept-Encoding: gzip, deflate, zstd\r\n");
        return false;
    }
    mlp_err_init(&e);
    mlp_buf_reset(plain);
    if (fn(q->body, plain, &e) != MLP_OK || plain->n > plain->max - MLP_UNPACK_STEP)
        return refuse(q, &e);
    q->body = mlp_buf_str(plain);
    return true;
}

void mlp_body_drop(struct mlp_asking *q)
{
    if (q->agent->plain.cap > KEPT)
        mlp_buf_fini(&q->agent->plain);
}

/* --- rows --- */

static const char *form_type(enum mlp_form form)
{
    return form == MLP_FORM_CSV     ? "text/csv; charset=utf-8"
           : form == MLP_FORM_LINES ? "application/x-ndjson"
                                    : "application/json";
}

static enum mlp_code predict_feed(struct mlp_asking *q, const struct mlp_predict *p,
                                  const struct mlp_feed *feed, struct mlp_err *e)
{
    uint64_t rows;
    return mlp_predict_feed(p, feed, &q->response->body, &q->agent->spare, &rows, e);
}

static enum mlp_code predict_table(struct mlp_asking *q, const struct mlp_predict *p,
                                   enum mlp_body kind, struct mlp_err *e)
{
    struct mlp_tabular t = {.served = p->served, .w = &p->served->scratch[p->thread]};
    const struct mlp_feed feed = {.next = mlp_tabular_next, .self = &t};
    enum mlp_code code = mlp_tabular_open(&t, kind == MLP_BODY_CSV   ? MLP_TABULAR_CSV
                                              : kind == MLP_BODY_TSV ? MLP_TABULAR_TSV
                                                                     : MLP_TABULAR_COLUMNAR,
                                          mlp_body_header(q->content_type), p->ignore_extra,
                                          q->body, e);
    if (code == MLP_OK)
        code = predict_feed(q, p, &feed, e);
    mlp_tabular_close(&t);
    return code;
}

static enum mlp_code next_lines(void *rows, size_t *n, struct mlp_err *e)
{
    return mlp_rows_next(rows, n, e);
}

static enum mlp_code predict_lines(struct mlp_asking *q, const struct mlp_predict *p,
                                   struct mlp_err *e)
{
    struct mlp_rows rows;
    const struct mlp_feed feed = {.next = next_lines, .self = &rows};
    rows.ignore_extra = p->ignore_extra;
    rows.nonfinite = p->nonfinite;
    mlp_rows_begin_lines(&rows, p->served, &p->served->scratch[p->thread], q->body);
    return predict_feed(q, p, &feed, e);
}

enum mlp_code mlp_body_predict(struct mlp_asking *q, struct mlp_predict *p, struct mlp_err *e)
{
    enum mlp_body kind = mlp_body_kind(q->content_type);
    uint64_t rows;
    q->response->status = 200;
    q->response->content_type = form_type(p->form);
    if (mlp_str_trim(q->body).n == 0) {
        mlp_err_set(e, MLP_EINPUT, "the body is empty");
        return mlp_err_hint(e, "send a JSON object of features; GET /model lists them");
    }
    if (kind == MLP_BODY_LINES)
        return predict_lines(q, p, e);
    if (kind != MLP_BODY_JSON)
        return predict_table(q, p, kind, e);
    return mlp_predict_body(p, q->body, &q->response->body, &q->agent->spare, &rows, e);
}
