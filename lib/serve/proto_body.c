#include "serve/proto_body.h"

#include "serve/routes.h"
#include "table/unpack.h"

#define KEPT ((size_t)4 << 20)

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
