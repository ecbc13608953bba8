/* POST /predict and POST /invocations: rows in any form, answers in the form asked for. */
#include "base/opt.h"
#include "serve/proto_body.h"
#include "serve/routes.h"

static enum mlp_form usual_form(enum mlp_body kind)
{
    return kind == MLP_BODY_CSV || kind == MLP_BODY_TSV ? MLP_FORM_CSV
           : kind == MLP_BODY_LINES                     ? MLP_FORM_LINES
                                                        : MLP_FORM_JSON;
}

void mlp_on_predict(struct mlp_asking *q)
{
    enum mlp_body kind = mlp_body_kind(q->content_type);
    struct mlp_run r;
    q->foreign = kind != MLP_BODY_JSON;
    if (!mlp_run_begin(&r, q))
        return;
    r.p.form = mlp_body_form(q, usual_form(kind));
    r.p.header = true;
    mlp_run_end(&r, mlp_body_predict(q, &r.p, &r.e));
}

/* As MLflow's scoring server answers, JSON unless asked; lines are SageMaker's and answered in
 * kind, and its CSV has no header. */
void mlp_on_invocations(struct mlp_asking *q)
{
    enum mlp_body kind = mlp_body_kind(q->content_type);
    struct mlp_run r;
    q->foreign = kind != MLP_BODY_JSON;
    if (!mlp_run_begin(&r, q))
        return;
    r.p.form = mlp_body_form(q, kind == MLP_BODY_LINES ? MLP_FORM_LINES : MLP_FORM_JSON);
    r.p.nonfinite = r.p.list = true;
    mlp_run_end(&r, mlp_body_predict(q, &r.p, &r.e));
}

void mlp_on_ping(struct mlp_asking *q)
{
    q->response->status = mlp_http_draining(q->serve->http) ? 503 : 200;
    q->response->content_type = "application/json";
    mlp_buf_addc(&q->response->body, '\n');
}

void mlp_on_version(struct mlp_asking *q)
{
    q->response->content_type = "text/plain; charset=utf-8";
    mlp_buf_adds(&q->response->body, mlp_version());
}
