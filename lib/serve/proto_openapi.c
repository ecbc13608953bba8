/* GET /openapi.json: the routes and what their models take and answer, made from the signatures of
 * the models that serve (OpenAPI 3.1.0, whose schemas are JSON Schema 2020-12). */
#include "base/opt.h"
#include "serve/routes.h"

#define ANSWERS \
    ",\"400\":{\"$ref\":\"#/components/responses/Refused\"}}}}"
#define REF(name) "{\"$ref\":\"#/components/schemas/" name "\"}"

/* A route's name as a part of a path (RFC 3986: unreserved bytes stand for themselves). */
static void add_escaped(const char *name, struct mlp_buf *b)
{
    for (const char *c = name; *c; c++) {
        bool plain = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
                     (*c >= '0' && *c <= '9') || strchr("-._~", *c);
        if (plain)
            mlp_buf_addc(b, *c);
        else
            mlp_buf_addf(b, "%%%02X", (unsigned char)*c);
    }
}

/* --- schemas --- */

static void add_row(const struct mlp_served *s, size_t i, struct mlp_buf *b)
{
    mlp_buf_addf(b, "\"Row%zu\":{\"type\":\"object\"", i);
    if (s->command) {
        mlp_buf_addc(b, '}');
        return;
    }
    mlp_buf_adds(b, ",\"additionalProperties\":false,\"properties\":{");
    for (size_t k = 0; k < s->info->ninputs; k++) {
        bool text = s->info->inputs[k].type == MLP_INPUT_TEXT;
        if (k)
            mlp_buf_addc(b, ',');
        mlp_buf_addquoted(b, s->info->inputs[k].name);
        mlp_buf_addf(b, ":{\"type\":[%s,\"null\"]}",
                     text ? "\"string\"" : "\"number\",\"boolean\"");
    }
    mlp_buf_adds(b, "},\"required\":[");
    for (size_t k = 0; k < s->info->ninputs; k++) {
        if (k)
            mlp_buf_addc(b, ',');
        mlp_buf_addquoted(b, s->info->inputs[k].name);
    }
    mlp_buf_adds(b, "]}");
}

static void add_value(const struct mlp_served *s, size_t i, struct mlp_buf *b)
{
    mlp_buf_addf(b, ",\"Value%zu\":", i);
    if (s->command || !s->info->nclasses) {
        mlp_buf_adds(b, s->command ? "{}" : "{\"type\":[\"number\",\"null\"]}");
        return;
    }
    mlp_buf_adds(b, "{\"enum\":[");
    for (size_t c = 0; c < s->info->nclasses; c++) {
        if (c)
            mlp_buf_addc(b, ',');
        mlp_buf_addstr(b, s->labels[c]);
    }
    mlp_buf_adds(b, "]}");
}

static void add_answers(size_t i, struct mlp_buf *b)
{
    static const char probabilities[] =
        "{\"type\":\"object\",\"additionalProperties\":{\"type\":[\"number\",\"null\"]}}";
    mlp_buf_addf(b, ",\"One%zu\":{\"type\":\"object\",\"required\":[\"prediction\"],"
                    "\"properties\":{\"prediction\":" REF("Value%zu") ",\"probabilities\":%s}}",
                 i, i, probabilities);
    mlp_buf_addf(b, ",\"List%zu\":{\"type\":\"object\",\"required\":[\"predictions\"],"
                    "\"properties\":{\"predictions\":{\"type\":\"array\",\"items\":" REF("Value%zu")
                    "},\"probabilities\":{\"type\":\"array\",\"items\":%s}}}",
                 i, i, probabilities);
}

static void add_schemas(const struct mlp_set *set, struct mlp_buf *b)
{
    mlp_buf_adds(b, "\"components\":{\"responses\":{\"Refused\":{\"description\":"
                    "\"what is wrong with the request\",\"content\":{\"application/json\":"
                    "{\"schema\":" REF("Error") "}}}},\"schemas\":{\"Error\":{\"type\":\"object\","
                    "\"required\":[\"error\"],\"properties\":{\"error\":{\"type\":\"string\"},"
                    "\"hint\":{\"type\":\"string\"}}},");
    for (size_t i = 0; i < set->nroutes; i++) {
        const struct mlp_served *s = set->routes[i].lane[0].served;
        if (i)
            mlp_buf_addc(b, ',');
        add_row(s, i, b);
        add_value(s, i, b);
        add_answers(i, b);
    }
    mlp_buf_adds(b, "}}");
}

/* --- paths --- */

/* The start of a path's POST: "/predict/NAME":{"post":{... route NULL: without a name. */
static void open_post(const char *prefix, const struct mlp_lanes *route, const char *suffix,
                      const char *summary, struct mlp_buf *b)
{
    mlp_buf_addf(b, ",\"%s", prefix);
    if (route) {
        mlp_buf_addc(b, '/');
        add_escaped(route->name, b);
    }
    mlp_buf_addf(b, "%s\":{\"post\":{\"summary\":\"%s\"", suffix, summary);
}

static void add_predict(const struct mlp_lanes *route, size_t i, bool named, struct mlp_buf *b)
{
    open_post("/predict", named ? route : NULL, "", "predict one row or a list of rows", b);
    mlp_buf_adds(b, ",\"parameters\":[{\"name\":\"probabilities\",\"in\":\"query\",\"description\":"
                    "\"the probability of each class too; for one row they are usual\","
                    "\"schema\":{\"type\":\"boolean\"}}],\"requestBody\":{\"required\":true,"
                    "\"content\":{\"application/json\":{\"schema\":{\"anyOf\":[");
    mlp_buf_addf(b, REF("Row%zu") ",{\"type\":\"array\",\"items\":{\"anyOf\":[" REF("Row%zu")
                    ",{\"type\":\"array\",\"description\":\"the features in their order\"}]}}]}},",
                 i, i);
    mlp_buf_adds(b, "\"text/csv\":{\"schema\":{\"type\":\"string\"}},"
                    "\"application/x-ndjson\":{\"schema\":{\"type\":\"string\"}},"
                    "\"application/vnd.apache.arrow.stream\":{}}},\"responses\":{\"200\":"
                    "{\"description\":\"the predictions\",\"content\":{\"application/json\":"
                    "{\"schema\":{\"anyOf\":[");
    mlp_buf_addf(b, REF("One%zu") "," REF("List%zu") "]}},\"text/csv\":{\"schema\":"
                    "{\"type\":\"string\"}},\"application/x-ndjson\":{\"schema\":"
                    "{\"type\":\"string\"}}}}" ANSWERS,
                 i, i);
}

static void add_explain(const struct mlp_lanes *route, size_t i, bool named, struct mlp_buf *b)
{
    open_post("/explain", named ? route : NULL, "", "what each feature adds to a prediction", b);
    mlp_buf_addf(b, ",\"requestBody\":{\"required\":true,\"content\":{\"application/json\":"
                    "{\"schema\":{\"anyOf\":[" REF("Row%zu") ",{\"type\":\"array\"}]}}}},"
                    "\"responses\":{\"200\":{\"description\":\"prediction, base, contributions\","
                    "\"content\":{\"application/json\":{\"schema\":{\"type\":\"object\"}}}}"
                    ANSWERS,
                 i);
}

/* The protocols of other servers, whose own documents tell their forms. */
static void add_protocols(const struct mlp_lanes *route, bool named, struct mlp_buf *b)
{
    static const struct {
        const char *prefix, *suffix, *summary;
        bool always;
    } other[] = {
        {"/v2/models", "/infer", "Open Inference Protocol", true},
        {"/v1/models", ":predict", "TensorFlow Serving, KServe V1", true},
        {"/invocations", "", "MLflow, SageMaker", false},
    };
    for (size_t k = 0; k < sizeof other / sizeof *other; k++) {
        open_post(other[k].prefix, named || other[k].always ? route : NULL, other[k].suffix,
                  other[k].summary, b);
        mlp_buf_adds(b, ",\"requestBody\":{\"required\":true,\"content\":{\"application/json\":"
                        "{\"schema\":{\"type\":\"object\"}}}},\"responses\":{\"200\":"
                        "{\"description\":\"the predictions\",\"content\":{\"application/json\":"
                        "{\"schema\":{\"type\":\"object\"}}}}" ANSWERS);
    }
}

static void add_reads(struct mlp_buf *b)
{
    static const struct {
        const char *path, *summary, *type;
    } reads[] = {
        {"/model", "what serves: models, digests, features, classes", "application/json"},
        {"/healthz", "the process lives", "application/json"},
        {"/readyz", "the models are loaded and no drain has begun", "application/json"},
        {"/metrics", "counters as Prometheus text", "text/plain"},
    };
    for (size_t k = 0; k < sizeof reads / sizeof *reads; k++)
        mlp_buf_addf(b, "%s\"%s\":{\"get\":{\"summary\":\"%s\",\"responses\":{\"200\":"
                        "{\"description\":\"the answer\",\"content\":{\"%s\":{}}}}}}",
                     k ? "," : "", reads[k].path, reads[k].summary, reads[k].type);
}

void mlp_on_openapi(struct mlp_asking *q)
{
    struct mlp_buf *b = &q->response->body;
    bool named = q->set->nroutes != 1;
    mlp_answer_json(q, 200);
    mlp_buf_addf(b, "{\"openapi\":\"3.1.0\",\"info\":{\"title\":\"mlp-serve\",\"version\":\"%s\","
                    "\"description\":\"Predictions of the models that serve.\"},\"paths\":{",
                 mlp_version());
    add_reads(b);
    for (size_t i = 0; i < q->set->nroutes; i++) {
        const struct mlp_lanes *route = &q->set->routes[i];
        add_predict(route, i, named, b);
        if (q->serve->config.explain)
            add_explain(route, i, named, b);
        add_protocols(route, named, b);
    }
    mlp_buf_adds(b, "},");
    add_schemas(q->set, b);
    mlp_buf_adds(b, "}\n");
}
