/* Open Inference Protocol over REST: answers, metadata, and its routes. */
#include "serve/proto_v2.h"

#include "base/opt.h"
#include "serve/command_tensors.h"
#include "serve/routes.h"
#include "text/json.h"
#include "text/num.h"

#define OUTPUT_MAX ((size_t)256 << 20)

/* --- answers --- */

static uint64_t little(const char *p, size_t n)
{
    uint64_t v = 0;
    for (size_t i = n; i-- > 0;)
        v = v << 8 | (unsigned char)p[i];
    return v;
}

/* The element at p as JSON; returns what is behind it. */
static const char *add_element(enum mlp_datatype type, const char *p, struct mlp_buf *b)
{
    size_t size = mlp_datatype_size(type);
    uint64_t v = little(p, size ? size : 4);
    double number;
    if (type == MLP_DT_BYTES) {
        mlp_buf_addquoted(b, (struct mlp_str){p + 4, (size_t)v});
        return p + 4 + v;
    }
    if (type == MLP_DT_BOOL) {
        mlp_buf_adds(b, v ? "true" : "false");
    } else if (type == MLP_DT_INT64) {
        mlp_buf_addi64(b, (int64_t)v);
    } else {
        memcpy(&number, &v, sizeof number);
        mlp_num_add_json(b, number);
    }
    return p + size;
}

static void add_data(const struct mlp_tensor_out *o, struct mlp_buf *b)
{
    const char *p = o->raw.p, *end = p ? p + o->raw.n : p;
    mlp_buf_adds(b, ",\"data\":[");
    for (bool first = true; p != end; first = false) {
        if (!first)
            mlp_buf_addc(b, ',');
        p = add_element(o->type, p, b);
    }
    mlp_buf_addc(b, ']');
}

static void add_shape(const struct mlp_tensor_out *o, struct mlp_buf *b)
{
    mlp_buf_adds(b, ",\"shape\":[");
    for (size_t i = 0; i < o->rank; i++) {
        if (i)
            mlp_buf_addc(b, ',');
        mlp_buf_addi64(b, o->shape[i]);
    }
    mlp_buf_addc(b, ']');
}

static void add_head(const struct mlp_tensor_out *o, struct mlp_buf *b)
{
    mlp_buf_adds(b, "{\"name\":\"");
    mlp_buf_adds(b, o->name);
    mlp_buf_adds(b, "\",\"datatype\":\"");
    mlp_buf_adds(b, mlp_datatype_name(o->type));
    mlp_buf_addc(b, '"');
    add_shape(o, b);
}

static void add_output(const struct mlp_tensor_out *o, bool binary, struct mlp_buf *b)
{
    add_head(o, b);
    if (binary) {
        mlp_buf_adds(b, ",\"parameters\":{\"binary_data_size\":");
        mlp_buf_addu64(b, o->raw.n);
        mlp_buf_addc(b, '}');
    } else {
        add_data(o, b);
    }
    mlp_buf_addc(b, '}');
}

void mlp_v2_write(const struct mlp_v2 *v, const char *model, const struct mlp_tensor_out *out,
                  size_t nout, struct mlp_buf *b, size_t *header)
{
    bool first = true, binary = false;
    size_t start = b->n;
    mlp_buf_addc(b, '{');
    mlp_buf_adds(b, model);
    if (v->id.p) {
        mlp_buf_adds(b, ",\"id\":\"");
        mlp_buf_addstr(b, v->id);
        mlp_buf_addc(b, '"');
    }
    mlp_buf_adds(b, ",\"outputs\":[");
    for (size_t i = 0; i < nout; i++) {
        if (!out[i].wanted)
            continue;
        if (!first)
            mlp_buf_addc(b, ',');
        add_output(&out[i], v->as_binary[i], b);
        binary = binary || v->as_binary[i];
        first = false;
    }
    mlp_buf_adds(b, "]}");
    *header = binary ? b->n - start : SIZE_MAX;
    for (size_t i = 0; i < nout; i++)
        if (out[i].wanted && v->as_binary[i])
            mlp_buf_add(b, out[i].raw.p, out[i].raw.n);
}

/* --- infer --- */

/* The members that name the model: "model_name":"m","model_version":"1". */
static void name_model(const struct mlp_lanes *route, const struct mlp_served *s,
                       struct mlp_buf *b)
{
    mlp_buf_adds(b, "\"model_name\":");
    mlp_buf_addquoted(b, mlp_str_from(route->name));
    mlp_buf_addf(b, ",\"model_version\":\"%llu\"", (unsigned long long)mlp_run_version(s));
}

static enum mlp_code header_length(const struct mlp_asking *q, size_t *header, struct mlp_err *e)
{
    struct mlp_str text = mlp_http_get(q->request, "inference-header-content-length");
    uint64_t n;
    *header = SIZE_MAX;
    if (!text.p)
        return MLP_OK;
    if (!mlp_str_u64(text, &n) || n >= SIZE_MAX)
        return mlp_err_set(e, MLP_EINPUT, "Inference-Header-Content-Length is no number");
    *header = (size_t)n;
    return MLP_OK;
}

static void write_answer(struct mlp_run *r, const struct mlp_v2 *v,
                         const struct mlp_tensor_out *out, size_t nout)
{
    struct mlp_http_response *a = r->q->response;
    struct mlp_buf model;
    size_t header;
    mlp_buf_init(&model, 4096);
    name_model(r->route, r->p.served, &model);
    mlp_answer_json(r->q, 200);
    mlp_v2_write(v, mlp_buf_str(&model).p, out, nout, &a->body, &header);
    mlp_buf_fini(&model);
    if (header == SIZE_MAX)
        return;
    a->content_type = "application/octet-stream";
    mlp_buf_addf(&a->extra, "Inference-Header-Content-Length: %zu\r\n", header);
}

static enum mlp_code infer(struct mlp_run *r, struct mlp_v2 *v, struct mlp_tensor_out *out,
                           size_t nout)
{
    uint64_t rows;
    for (size_t i = 0; i < nout; i++)
        out[i].wanted = !v->chosen || v->wanted[i];
    enum mlp_code code = mlp_predict_tensors(&r->p, &v->in, out, nout, &rows, &r->e);
    if (code == MLP_OK)
        write_answer(r, v, out, nout);
    return code;
}

/* --- infer, by a command --- */

static int write_job(const struct mlp_job *job, const struct mlp_answer *answers,
                     struct mlp_buf *b)
{
    struct mlp_tensor_out out[MLP_TENSOR_OUTPUTS];
    struct mlp_v2 v = {.id = job->names.raw ? mlp_buf_str(&job->names.id) : (struct mlp_str){0}};
    size_t header, n = mlp_job_outputs(job, answers, out);
    mlp_v2_write(&v, mlp_buf_str(&job->names.model).p, out, n, b, &header);
    b->failed = b->failed || out[0].raw.failed || out[1].raw.failed;
    mlp_tensor_outputs_fini(out, MLP_TENSOR_OUTPUTS);
    return 200;
}

/* The answer is JSON also where binary outputs are asked for, which every client reads. */
static void infer_by_command(struct mlp_asking *q)
{
    struct mlp_arena arena;
    struct mlp_job *job = NULL;
    struct mlp_run r;
    struct mlp_v2 v;
    size_t header;
    if (!mlp_run_find(&r, q))
        return;
    mlp_err_init(&r.e);
    mlp_arena_init(&arena, OUTPUT_MAX);
    enum mlp_code code = header_length(q, &header, &r.e);
    if (code == MLP_OK)
        code = mlp_v2_read(q->body, header, r.lane->served, &arena, &v, &r.e);
    if (code == MLP_OK)
        code = mlp_job_of_tensors(&v.in, &arena, &job, &r.e);
    if (code == MLP_OK) {
        job->write = write_job;
        job->names.raw = v.id.p != NULL; /* an id was given */
        mlp_buf_addstr(&job->names.id, v.id);
        name_model(r.route, r.lane->served, &job->names.model);
        for (size_t i = 0; i < MLP_TENSOR_OUTPUTS; i++)
            job->names.wanted[i] = !v.chosen || v.wanted[i];
    }
    mlp_arena_fini(&arena);
    mlp_run_job(&r, job, code);
}

void mlp_on_v2_infer(struct mlp_asking *q)
{
    struct mlp_tensor_out out[MLP_TENSOR_OUTPUTS];
    struct mlp_run r;
    struct mlp_v2 v;
    size_t header;
    q->foreign = true;
    if (mlp_run_is_command(q)) {
        infer_by_command(q);
        return;
    }
    if (!mlp_run_begin(&r, q))
        return;
    size_t nout = mlp_tensor_outputs(r.p.served, OUTPUT_MAX, out);
    enum mlp_code code = header_length(q, &header, &r.e);
    if (code == MLP_OK)
        code = mlp_v2_read(q->body, header, r.p.served, &r.w->strings, &v, &r.e);
    if (code == MLP_OK)
        code = infer(&r, &v, out, nout);
    mlp_tensor_outputs_fini(out, nout);
    mlp_run_end(&r, code);
}

/* --- metadata --- */

void mlp_on_v2_server(struct mlp_asking *q)
{
    mlp_answer_json(q, 200);
    mlp_buf_addf(&q->response->body,
                 "{\"name\":\"mlp-serve\",\"version\":\"%s\",\"extensions\":"
                 "[\"binary_tensor_data\",\"model_repository\"]}",
                 mlp_version());
}

void mlp_on_v2_live(struct mlp_asking *q)
{
    mlp_answer_json(q, 200);
    mlp_buf_adds(&q->response->body, "{\"live\":true}");
}

/* The specification's text names the field "live", its OpenAPI file "ready": both are sent. */
void mlp_on_v2_ready(struct mlp_asking *q)
{
    bool ready = !mlp_http_draining(q->serve->http);
    mlp_answer_json(q, ready ? 200 : 503);
    mlp_buf_adds(&q->response->body, ready ? "{\"live\":true,\"ready\":true}"
                                           : "{\"live\":true,\"ready\":false}");
}

void mlp_on_v2_model_ready(struct mlp_asking *q)
{
    struct mlp_run r;
    if (!mlp_run_find(&r, q))
        return;
    mlp_answer_json(q, 200);
    mlp_buf_adds(&q->response->body, "{\"name\":");
    mlp_buf_addquoted(&q->response->body, mlp_str_from(r.route->name));
    mlp_buf_adds(&q->response->body, ",\"ready\":true}");
}

static void add_versions(const struct mlp_lanes *route, struct mlp_buf *b)
{
    uint64_t said[MLP_DEPLOYMENT_TARGETS];
    size_t n = 0;
    mlp_buf_addc(b, '[');
    for (size_t i = 0; i < route->n; i++) {
        uint64_t version = mlp_run_version(route->lane[i].served);
        bool again = route->lane[i].role == MLP_ARM_SHADOW;
        for (size_t j = 0; j < n; j++)
            again = again || said[j] == version;
        if (again)
            continue;
        mlp_buf_addf(b, "%s\"%llu\"", n ? "," : "", (unsigned long long)version);
        said[n++] = version;
    }
    mlp_buf_addc(b, ']');
}

static void add_inputs(const struct mlp_served *s, struct mlp_buf *b)
{
    mlp_buf_adds(b, ",\"inputs\":[");
    for (size_t i = 0; i < s->info->ninputs; i++) {
        if (i)
            mlp_buf_addc(b, ',');
        mlp_buf_adds(b, "{\"name\":");
        mlp_buf_addquoted(b, s->info->inputs[i].name);
        mlp_buf_addf(b, ",\"datatype\":\"%s\",\"shape\":[-1,1]}",
                     mlp_datatype_name(mlp_tensor_input_type(s, i)));
    }
    mlp_buf_adds(b, "],\"outputs\":[");
}

static void add_platform(const struct mlp_served *s, struct mlp_buf *b)
{
    struct mlp_buf text;
    mlp_buf_init(&text, 4096);
    mlp_buf_adds(&text, "mlp ");
    mlp_buf_addstr(&text, s->info->format);
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] == ' ')
            text.p[i] = '_';
    mlp_buf_addquoted(b, mlp_buf_str(&text));
    mlp_buf_fini(&text);
}

void mlp_on_v2_model(struct mlp_asking *q)
{
    struct mlp_tensor_out out[MLP_TENSOR_OUTPUTS];
    struct mlp_buf *b = &q->response->body;
    struct mlp_run r;
    if (!mlp_run_find(&r, q))
        return;
    mlp_answer_json(q, 200);
    mlp_buf_adds(b, "{\"name\":");
    mlp_buf_addquoted(b, mlp_str_from(r.route->name));
    mlp_buf_adds(b, ",\"versions\":");
    add_versions(r.route, b);
    mlp_buf_adds(b, ",\"platform\":");
    add_platform(r.lane->served, b);
    add_inputs(r.lane->served, b);
    size_t n = r.lane->served->command ? 0 : mlp_tensor_outputs(r.lane->served, 0, out);
    for (size_t i = 0; i < n; i++) {
        if (i)
            mlp_buf_addc(b, ',');
        add_head(&out[i], b);
        mlp_buf_addc(b, '}');
    }
    mlp_buf_adds(b, "]}");
    mlp_tensor_outputs_fini(out, n);
}

/* A tensor in the words of Triton's model configuration (model_config.proto): BYTES are strings. */
static void add_configured(struct mlp_str name, enum mlp_datatype type, const int64_t *shape,
                           size_t rank, struct mlp_buf *b)
{
    const char *named = type == MLP_DT_BYTES ? "STRING" : mlp_datatype_name(type);
    mlp_buf_adds(b, "{\"name\":");
    mlp_buf_addquoted(b, name);
    mlp_buf_addf(b, ",\"data_type\":\"TYPE_%s\",\"dims\":[", named);
    for (size_t i = 0; i < rank; i++)
        mlp_buf_addf(b, "%s%lld", i ? "," : "", (long long)shape[i]);
    mlp_buf_adds(b, "]}");
}

void mlp_on_v2_config(struct mlp_asking *q)
{
    static const int64_t column[] = {-1, 1};
    struct mlp_tensor_out out[MLP_TENSOR_OUTPUTS];
    struct mlp_buf *b = &q->response->body;
    struct mlp_run r;
    if (!mlp_run_find(&r, q))
        return;
    const struct mlp_served *s = r.lane->served;
    mlp_answer_json(q, 200);
    mlp_buf_adds(b, "{\"name\":");
    mlp_buf_addquoted(b, mlp_str_from(r.route->name));
    mlp_buf_adds(b, ",\"platform\":");
    add_platform(s, b);
    mlp_buf_adds(b, ",\"backend\":\"mlp\",\"max_batch_size\":0,\"input\":[");
    for (size_t i = 0; i < s->info->ninputs; i++) {
        if (i)
            mlp_buf_addc(b, ',');
        add_configured(s->info->inputs[i].name, mlp_tensor_input_type(s, i), column, 2, b);
    }
    mlp_buf_adds(b, "],\"output\":[");
    size_t n = s->command ? 0 : mlp_tensor_outputs(s, 0, out);
    for (size_t i = 0; i < n; i++) {
        if (i)
            mlp_buf_addc(b, ',');
        add_configured(mlp_str_from(out[i].name), out[i].type, out[i].shape, out[i].rank, b);
    }
    mlp_buf_adds(b, "]}");
    mlp_tensor_outputs_fini(out, n);
}

/* --- the repository --- */

/* Of {"ready": true} nothing changes: what is listed is ready. */
void mlp_on_v2_index(struct mlp_asking *q)
{
    struct mlp_buf *b = &q->response->body;
    mlp_answer_json(q, 200);
    mlp_buf_addc(b, '[');
    for (size_t i = 0; i < q->set->nroutes; i++) {
        const struct mlp_lanes *route = &q->set->routes[i];
        for (size_t j = 0; j < route->n; j++) {
            if (i + j)
                mlp_buf_addc(b, ',');
            mlp_buf_adds(b, "{\"name\":");
            mlp_buf_addquoted(b, mlp_str_from(route->name));
            mlp_buf_addf(b, ",\"version\":\"%llu\",\"state\":\"READY\",\"reason\":\"\"}",
                         (unsigned long long)mlp_run_version(route->lane[j].served));
        }
    }
    mlp_buf_addc(b, ']');
}

/* What serves is decided by the deployment file and who may write it, not by who may ask: a model
 * that is there is loaded already. */
void mlp_on_v2_load(struct mlp_asking *q)
{
    struct mlp_run r;
    if (!mlp_run_find(&r, q))
        return;
    mlp_answer_json(q, 200);
    mlp_buf_adds(&q->response->body, "{}");
}

void mlp_on_v2_unload(struct mlp_asking *q)
{
    struct mlp_run r;
    if (mlp_run_find(&r, q))
        mlp_answer_error(q, 400, "models are unloaded by the deployment file, not by clients",
                         NULL);
}
