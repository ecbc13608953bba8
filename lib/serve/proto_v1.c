/* TensorFlow Serving's REST API (api_rest.md), which KServe calls V1: rows under "instances" are
 * answered by "predictions", rows or columns under "inputs" by "outputs". */
#include "serve/routes.h"

void mlp_on_v1_predict(struct mlp_asking *q)
{
    struct mlp_run r;
    uint64_t rows;
    if (!mlp_run_begin(&r, q))
        return;
    r.p.wrapped = r.p.nonfinite = r.p.outputs = true;
    mlp_answer_json(q, 200);
    mlp_run_end(&r, mlp_predict_body(&r.p, q->body, &q->response->body, &q->agent->spare, &rows,
                                     &r.e));
}

void mlp_on_v1_models(struct mlp_asking *q)
{
    struct mlp_buf *b = &q->response->body;
    mlp_answer_json(q, 200);
    mlp_buf_adds(b, "{\"models\":[");
    for (size_t i = 0; i < q->set->nroutes; i++) {
        if (i)
            mlp_buf_addc(b, ',');
        mlp_buf_addquoted(b, mlp_str_from(q->set->routes[i].name));
    }
    mlp_buf_adds(b, "]}");
}

/* KServe asks for name and ready, TensorFlow Serving's clients for the list of versions. */
void mlp_on_v1_status(struct mlp_asking *q)
{
    struct mlp_buf *b = &q->response->body;
    struct mlp_run r;
    if (!mlp_run_find(&r, q))
        return;
    mlp_answer_json(q, 200);
    mlp_buf_adds(b, "{\"name\":");
    mlp_buf_addquoted(b, mlp_str_from(r.route->name));
    mlp_buf_adds(b, ",\"ready\":true,\"model_version_status\":[");
    for (size_t i = 0, n = 0; i < r.route->n; i++) {
        if (q->part[1].n && &r.route->lane[i] != r.lane)
            continue;
        mlp_buf_addf(b, "%s{\"version\":\"%llu\",\"state\":\"AVAILABLE\",\"status\":"
                        "{\"error_code\":\"OK\",\"error_message\":\"\"}}",
                     n++ ? "," : "",
                     (unsigned long long)mlp_run_version(r.route->lane[i].served));
    }
    mlp_buf_adds(b, "]}");
}

static void add_tensor(const char *dtype, bool first, struct mlp_str name, struct mlp_buf *b)
{
    if (!first)
        mlp_buf_addc(b, ',');
    mlp_buf_addquoted(b, name);
    mlp_buf_addf(b, ":{\"dtype\":\"%s\",\"tensor_shape\":{\"dim\":[{\"size\":\"-1\","
                    "\"name\":\"\"}],\"unknown_rank\":false},\"name\":",
                 dtype);
    mlp_buf_addquoted(b, name);
    mlp_buf_addc(b, '}');
}

static void add_signature(const struct mlp_served *s, struct mlp_buf *b)
{
    const struct mlp_model_info *info = s->info;
    mlp_buf_adds(b, "{\"inputs\":{");
    for (size_t i = 0; i < info->ninputs; i++)
        add_tensor(info->inputs[i].type == MLP_INPUT_TEXT ? "DT_STRING" : "DT_DOUBLE", i == 0,
                   info->inputs[i].name, b);
    mlp_buf_adds(b, "},\"outputs\":{");
    add_tensor(info->classes_are_text ? "DT_STRING" : "DT_DOUBLE", true, MLP_STR("predictions"),
               b);
    mlp_buf_adds(b, "},\"method_name\":\"tensorflow/serving/predict\"}");
}

void mlp_on_v1_metadata(struct mlp_asking *q)
{
    struct mlp_buf *b = &q->response->body;
    struct mlp_run r;
    if (!mlp_run_find(&r, q))
        return;
    mlp_answer_json(q, 200);
    mlp_buf_adds(b, "{\"model_spec\":{\"name\":");
    mlp_buf_addquoted(b, mlp_str_from(r.route->name));
    mlp_buf_addf(b, ",\"signature_name\":\"\",\"version\":\"%llu\"},"
                    "\"metadata\":{\"signature_def\":{\"signature_def\":{\"serving_default\":",
                 (unsigned long long)mlp_run_version(r.lane->served));
    add_signature(r.lane->served, b);
    mlp_buf_adds(b, "}}}}");
}
