/* routes.h: which code answers which path, the forms that errors have, and what every protocol does
 * before and after it predicts.
 *
 * A handler answers into q->response. Paths and their handlers are the table in routes.c; what a
 * star of a pattern stood for is in q->part. */
#ifndef MLP_SERVE_ROUTES_H
#define MLP_SERVE_ROUTES_H

#include "serve/command.h"
#include "serve/inside.h"

/* Finds the handler of q's path and method and calls it; 404 and 405 are answered here. Returns
 * what the request counts as. */
enum mlp_kind mlp_routes_dispatch(struct mlp_asking *q);

/* Starts an answer of JSON with this status; the caller appends the body. */
void mlp_answer_json(struct mlp_asking *q, int status);

/* Appends "routes": [...], which ends the object that the caller began: models and signatures, of
 * one route where q->part[0] names it. */
void mlp_answer_routes(struct mlp_asking *q);

/* An error in the form of q->dialect, instead of whatever the body held. hint may be NULL. */
void mlp_answer_error(struct mlp_asking *q, int status, const char *message, const char *hint);

/* The same from an error: 400 where the client can do better (MLP_EINPUT), 404 for MLP_ENOTFOUND,
 * else 500. */
void mlp_answer_failure(struct mlp_asking *q, const struct mlp_err *e);

/* 404: there is no route of that name, or several and no name; it lists them. */
void mlp_answer_no_route(struct mlp_asking *q, struct mlp_str name);

/* One prediction on its way: which arm, how, and what became of it. Embedded. */
struct mlp_run {
    struct mlp_asking *q;
    const struct mlp_lanes *route;
    const struct mlp_lane *lane;
    struct mlp_scratch *w;       /* of the thread; its texts are forgotten by begin */
    struct mlp_predict p;
    struct mlp_err e;
};

/* The first half of begin: sets q, route and lane only, for answers that predict nothing. */
bool mlp_run_find(struct mlp_run *r, struct mlp_asking *q);

/* Chooses route (by q->part[0]; empty: the only one) and arm (by q->part[1], a version, or a label
 * with q->by_label; else by the weights), and fills p. False: it is answered, with 404 say, or a
 * command has it, which takes bodies that are not q->foreign. */
bool mlp_run_begin(struct mlp_run *r, struct mlp_asking *q);

/* Whether the server's model is a command, for protocols that make jobs of requests themselves. */
bool mlp_run_is_command(const struct mlp_asking *q);
/* Gives a job (owned from here on; NULL with a code that is not MLP_OK) to the command of r, which
 * find has filled, and whose e begin would have initialised; of an error answers r->e. */
void mlp_run_job(struct mlp_run *r, struct mlp_job *job, enum mlp_code code);

/* Logs or forgets the rows, owes them to the shadows, adds the fields of the answer; of a code that
 * is not MLP_OK answers the error in r->e. True when all went well. */
bool mlp_run_end(struct mlp_run *r, enum mlp_code code);

/* "probabilities=true" or =false among the query's parameters, or what p says otherwise. */
enum mlp_wish mlp_run_wish(const struct mlp_asking *q);

/* The version that clients are told: the registry's, or 1 for a model that has none. */
uint64_t mlp_run_version(const struct mlp_served *s);

/* proto_invoke.c: POST /predict, in JSON or tables, answered in kind; MLflow's and SageMaker's POST
 * /invocations with GET /ping and /version; Vertex AI's predict route. */
void mlp_on_predict(struct mlp_asking *q);
void mlp_on_invocations(struct mlp_asking *q);
void mlp_on_ping(struct mlp_asking *q);
void mlp_on_version(struct mlp_asking *q);

/* proto_explain.c: POST /explain. */
void mlp_on_explain(struct mlp_asking *q);

/* admin.c: GET /admin and /admin/profile, POST /admin/reload and /admin/drain, by the admin's
 * socket. */
void mlp_on_admin(struct mlp_asking *q);
void mlp_on_admin_reload(struct mlp_asking *q);
void mlp_on_admin_drain(struct mlp_asking *q);
void mlp_on_admin_profile(struct mlp_asking *q);

/* proto_feedback.c: POST /feedback. */
void mlp_on_feedback(struct mlp_asking *q);

/* proto_openapi.c: GET /openapi.json. proto_docs.c: the page with a form to try it. */
void mlp_on_openapi(struct mlp_asking *q);
void mlp_on_docs(struct mlp_asking *q);
void mlp_on_docs_script(struct mlp_asking *q);
void mlp_on_docs_style(struct mlp_asking *q);

/* proto_v2.c: Open Inference Protocol over REST. */
void mlp_on_v2_server(struct mlp_asking *q);
void mlp_on_v2_live(struct mlp_asking *q);
void mlp_on_v2_ready(struct mlp_asking *q);
void mlp_on_v2_model(struct mlp_asking *q);
void mlp_on_v2_config(struct mlp_asking *q);
void mlp_on_v2_model_ready(struct mlp_asking *q);
void mlp_on_v2_infer(struct mlp_asking *q);
void mlp_on_v2_index(struct mlp_asking *q);
void mlp_on_v2_load(struct mlp_asking *q);
void mlp_on_v2_unload(struct mlp_asking *q);

/* proto_v1.c: TensorFlow Serving's REST API, which KServe calls V1. */
void mlp_on_v1_models(struct mlp_asking *q);
void mlp_on_v1_status(struct mlp_asking *q);
void mlp_on_v1_metadata(struct mlp_asking *q);
void mlp_on_v1_predict(struct mlp_asking *q);

#endif
