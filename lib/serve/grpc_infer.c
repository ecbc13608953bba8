#include "serve/grpc_infer.h"

#include "base/opt.h"
#include "serve/command_tensors.h"
#include "serve/grpc_wire.h"
#include "text/proto.h"

#define OUTPUT_MAX ((size_t)256 << 20)
#define ID_MAX 128
#define NAME_MOST 200u /* bytes; no route has a longer name */
#define VERSION_MOST 40u

enum { HEALTH_SERVING = 1, HEALTH_NOT_SERVING = 2 };

#define SERVICE "inference.GRPCInferenceService"

/* --- infer --- */

static enum mlp_code predict(struct mlp_run *r, const struct mlp_grpc_names *names)
{
    struct mlp_tensor_out out[MLP_TENSOR_OUTPUTS];
    struct mlp_grpc_request m;
    uint64_t rows;
    size_t nout = mlp_tensor_outputs(r->p.served, OUTPUT_MAX, out);
    enum mlp_code code = mlp_grpc_read_infer(r->q->body, &r->w->strings, &m, &r->e);
    if (code == MLP_OK)
        code = mlp_grpc_choose(&m, out, nout, &r->e);
    if (code == MLP_OK)
        code = mlp_predict_tensors(&r->p, &m.in, out, nout, &rows, &r->e);
    if (code == MLP_OK)
        mlp_grpc_write_infer(names, mlp_run_version(r->p.served), m.raw, out, nout,
                             &r->q->response->body);
    mlp_tensor_outputs_fini(out, nout);
    return code;
}

/* Good as an id in the log and in a field. */
static bool is_plain(struct mlp_str id)
{
    for (size_t i = 0; i < id.n; i++)
        if (id.p[i] <= ' ' || id.p[i] > '~')
            return false;
    return id.n > 0 && id.n <= ID_MAX;
}

static int write_job(const struct mlp_job *job, const struct mlp_answer *answers,
                     struct mlp_buf *b)
{
    struct mlp_tensor_out out[MLP_TENSOR_OUTPUTS];
    const struct mlp_grpc_names names = {.text = {mlp_buf_str(&job->names.model), {0},
                                                  mlp_buf_str(&job->names.id)}};
    size_t n = mlp_job_outputs(job, answers, out);
    mlp_grpc_write_infer(&names, job->names.version, job->names.raw, out, n, b);
    b->failed = b->failed || out[0].raw.failed || out[1].raw.failed;
    mlp_tensor_outputs_fini(out, MLP_TENSOR_OUTPUTS);
    return 200;
}

/* Appends a ModelStreamInferResponse with a message for the one whose id is given. */
static void write_failure(struct mlp_str words, struct mlp_str id, struct mlp_buf *b)
{
    mlp_wire_str(b, 1, words);
    size_t at = mlp_wire_open(b, 2);
    mlp_wire_str(b, 3, id);
    mlp_wire_close(b, at);
}

/* One of the answers of a stream. What went wrong with one message does not end the stream; the
 * client finds it by its id. */
static int wrap_job(const struct mlp_job *job, int status, struct mlp_buf *answer)
{
    struct mlp_buf plain = *answer;
    mlp_buf_init(answer, OUTPUT_MAX);
    if (status == 200)
        mlp_wire_str(answer, 2, mlp_buf_str(&plain));
    else
        write_failure(mlp_buf_str(&plain), mlp_buf_str(&job->names.id), answer);
    answer->failed = answer->failed || plain.failed;
    mlp_buf_fini(&plain);
    return 200;
}

static enum mlp_code make_job(struct mlp_run *r, const struct mlp_grpc_names *names,
                              struct mlp_arena *arena, struct mlp_job **job)
{
    struct mlp_tensor_out out[MLP_TENSOR_OUTPUTS];
    struct mlp_grpc_request m;
    size_t n = mlp_tensor_outputs(r->lane->served, 0, out);
    enum mlp_code code = mlp_grpc_read_infer(r->q->body, arena, &m, &r->e);
    if (code == MLP_OK)
        code = mlp_grpc_choose(&m, out, n, &r->e);
    if (code == MLP_OK)
        code = mlp_job_of_tensors(&m.in, arena, job, &r->e);
    mlp_tensor_outputs_fini(out, n);
    if (code != MLP_OK)
        return code;
    (*job)->write = write_job;
    (*job)->plain = true;
    (*job)->names.version = mlp_run_version(r->lane->served);
    (*job)->names.raw = m.raw;
    for (size_t i = 0; i < n; i++)
        (*job)->names.wanted[i] = out[i].wanted;
    mlp_buf_adds(&(*job)->names.model, r->route->name);
    mlp_buf_addstr(&(*job)->names.id, names->text[2]);
    return MLP_OK;
}

static void infer_by_command(struct mlp_asking *q, const struct mlp_grpc_names *names,
                             bool streams)
{
    struct mlp_arena arena;
    struct mlp_job *job = NULL;
    struct mlp_run r;
    if (!mlp_run_find(&r, q))
        return;
    mlp_err_init(&r.e);
    mlp_arena_init(&arena, OUTPUT_MAX);
    enum mlp_code code = make_job(&r, names, &arena, &job);
    mlp_arena_fini(&arena);
    if (code == MLP_OK && streams)
        job->wrap = wrap_job;
    mlp_run_job(&r, job, code);
}

static void on_infer(struct mlp_asking *q, const struct mlp_grpc_names *names)
{
    struct mlp_run r;
    if (mlp_run_is_command(q)) {
        infer_by_command(q, names, false);
        return;
    }
    if (!mlp_run_begin(&r, q))
        return;
    if (is_plain(names->text[2]))
        q->id = names->text[2];
    struct mlp_grpc_names said = *names;
    said.text[0] = mlp_str_from(r.route->name);
    mlp_run_end(&r, predict(&r, &said));
}

static void tell_failure(struct mlp_asking *q, const struct mlp_grpc_names *names)
{
    struct mlp_buf *b = &q->response->body;
    char text[600];
    size_t n = b->n < sizeof text ? b->n : sizeof text;
    if (n)
        memcpy(text, b->p, n);
    mlp_buf_reset(b);
    write_failure((struct mlp_str){text, n}, names->text[2], b);
    q->response->status = 200;
}

static void on_stream(struct mlp_asking *q, const struct mlp_grpc_names *names)
{
    struct mlp_http_response *a = q->response;
    bool command = mlp_run_is_command(q); /* whose answers come later, and are wrapped then */
    size_t at = command ? 0 : mlp_wire_open(&a->body, 2);
    if (command)
        infer_by_command(q, names, true);
    else
        on_infer(q, names);
    if (a->status != 200)
        tell_failure(q, names);
    else if (!command)
        mlp_wire_close(&a->body, at);
    a->more = !q->request->end;
}

/* --- about the server and its models --- */

static void on_live(struct mlp_asking *q, const struct mlp_grpc_names *names)
{
    (void)names;
    mlp_wire_int(&q->response->body, 1, 1);
}

static void on_ready(struct mlp_asking *q, const struct mlp_grpc_names *names)
{
    (void)names;
    mlp_wire_int(&q->response->body, 1, !mlp_http_draining(q->serve->http));
}

static void on_model_ready(struct mlp_asking *q, const struct mlp_grpc_names *names)
{
    struct mlp_run r;
    (void)names;
    bool ready = mlp_run_find(&r, q); /* a model that is not there is not ready: no error */
    mlp_buf_reset(&q->response->body);
    q->response->status = 200;
    mlp_wire_int(&q->response->body, 1, ready);
}

static void on_server(struct mlp_asking *q, const struct mlp_grpc_names *names)
{
    struct mlp_buf *b = &q->response->body;
    (void)names;
    mlp_wire_text(b, 1, "mlp-serve");
    mlp_wire_text(b, 2, mlp_version());
    mlp_wire_text(b, 3, "binary_tensor_data");
    mlp_wire_text(b, 3, "model_repository");
}

static bool is_told(const struct mlp_lanes *route, size_t lane)
{
    uint64_t version = mlp_run_version(route->lane[lane].served);
    for (size_t i = 0; i < lane; i++)
        if (mlp_run_version(route->lane[i].served) == version)
            return true;
    return route->lane[lane].role == MLP_ARM_SHADOW;
}

static void on_model(struct mlp_asking *q, const struct mlp_grpc_names *names)
{
    struct mlp_buf *b = &q->response->body;
    struct mlp_run r;
    (void)names;
    if (!mlp_run_find(&r, q))
        return;
    mlp_wire_text(b, 1, r.route->name);
    for (size_t i = 0; i < r.route->n; i++)
        if (!is_told(r.route, i))
            mlp_grpc_write_version(b, 2, mlp_run_version(r.route->lane[i].served));
    size_t at = mlp_wire_open(b, 3);
    mlp_buf_adds(b, "mlp_");
    for (size_t i = 0; i < r.lane->served->info->format.n; i++) {
        char c = r.lane->served->info->format.p[i];
        mlp_buf_addc(b, c == ' ' ? '_' : c);
    }
    mlp_wire_close(b, at);
    mlp_grpc_write_signature(r.lane->served, b);
}

static void on_index(struct mlp_asking *q, const struct mlp_grpc_names *names)
{
    struct mlp_buf *b = &q->response->body;
    (void)names; /* what is listed is ready, whether asked for or not */
    for (size_t i = 0; i < q->set->nroutes; i++) {
        const struct mlp_lanes *route = &q->set->routes[i];
        for (size_t k = 0; k < route->n; k++) {
            size_t at = mlp_wire_open(b, 1);
            mlp_wire_text(b, 1, route->name);
            mlp_grpc_write_version(b, 2, mlp_run_version(route->lane[k].served));
            mlp_wire_text(b, 3, "READY");
            mlp_wire_close(b, at);
        }
    }
}

/* The deployment file says what serves, not who asks: a model that is there is loaded already. */
static void on_load(struct mlp_asking *q, const struct mlp_grpc_names *names)
{
    struct mlp_run r;
    q->part[0] = names->text[1];
    q->part[1] = (struct mlp_str){0};
    mlp_run_find(&r, q);
}

static void on_unload(struct mlp_asking *q, const struct mlp_grpc_names *names)
{
    on_load(q, names);
    if (q->response->status == 200)
        mlp_answer_error(q, 400, "models are unloaded by the deployment file, not by clients",
                         NULL);
}

/* A service is "" (all), this one, or a model by its name. */
static bool is_model(struct mlp_str service)
{
    return service.n && !mlp_str_is(service, SERVICE);
}

static void on_health(struct mlp_asking *q, const struct mlp_grpc_names *names)
{
    struct mlp_run r;
    bool ready = !mlp_http_draining(q->serve->http);
    q->part[1] = (struct mlp_str){0};
    if (!is_model(names->text[0]) || mlp_run_find(&r, q))
        mlp_wire_int(&q->response->body, 1, ready ? HEALTH_SERVING : HEALTH_NOT_SERVING);
}

/* --- finding the method --- */

/* rest: the path of REST that does the same; its star is the model's name, text[named]. */
static const struct method {
    const char *path;
    enum mlp_kind kind;
    uint8_t named;
    void (*answer)(struct mlp_asking *q, const struct mlp_grpc_names *names);
    const char *rest;
} methods[] = {
    {"/" SERVICE "/ModelInfer", MLP_KIND_GRPC, 0, on_infer, "/v2/models/*/infer"},
    {"/" SERVICE "/ModelStreamInfer", MLP_KIND_GRPC, 0, on_stream, "/v2/models/*/infer"},
    {"/" SERVICE "/ServerLive", MLP_KIND_HEALTHZ, 0, on_live, "/healthz"},
    {"/" SERVICE "/ServerReady", MLP_KIND_READYZ, 0, on_ready, "/readyz"},
    {"/" SERVICE "/ModelReady", MLP_KIND_READYZ, 0, on_model_ready, "/v2/models/*/ready"},
    {"/" SERVICE "/ServerMetadata", MLP_KIND_MODEL, 0, on_server, "/v2"},
    {"/" SERVICE "/ModelMetadata", MLP_KIND_MODEL, 0, on_model, "/v2/models/*"},
    {"/" SERVICE "/RepositoryIndex", MLP_KIND_MODEL, 0, on_index, "/v2/repository/index"},
    {"/" SERVICE "/RepositoryModelLoad", MLP_KIND_MODEL, 1, on_load,
     "/v2/repository/models/*/load"},
    {"/" SERVICE "/RepositoryModelUnload", MLP_KIND_MODEL, 1, on_unload,
     "/v2/repository/models/*/unload"},
    {"/grpc.health.v1.Health/Check", MLP_KIND_HEALTHZ, 0, on_health, "/readyz"},
};

static const struct method *find_method(struct mlp_str path)
{
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        if (mlp_str_is(path, methods[i].path))
            return &methods[i];
    return NULL;
}

static int clip(struct mlp_str s, size_t most)
{
    return (int)(s.n < most ? s.n : most);
}

struct mlp_str mlp_grpc_as_rest(const struct mlp_http_request *r, char to[MLP_GRPC_REST_PATH])
{
    const struct method *method = find_method(r->path);
    struct mlp_grpc_names names;
    struct mlp_err e;
    mlp_err_init(&e);
    if (!method || mlp_grpc_read_names(r->body, &names, &e) != MLP_OK)
        return r->path;
    const char *rest = method->rest, *star = strchr(rest, '*');
    if (method->answer == on_health && is_model(names.text[0]))
        star = strchr(rest = "/v2/models/*/ready", '*');
    if (!star)
        return mlp_str_from(rest);
    struct mlp_str name = names.text[method->named], version = names.text[1];
    bool pinned = method->named == 0 && method->answer != on_health && version.n;
    int n = snprintf(to, MLP_GRPC_REST_PATH, "%.*s%.*s%s%.*s%s", (int)(star - rest), rest,
                     clip(name, NAME_MOST), name.n ? name.p : "", pinned ? "/versions/" : "",
                     pinned ? clip(version, VERSION_MOST) : 0, pinned ? version.p : "", star + 1);
    return (struct mlp_str){to, (size_t)n};
}

enum mlp_kind mlp_grpc_dispatch(struct mlp_asking *q)
{
    const struct method *method = find_method(q->request->path);
    struct mlp_grpc_names names;
    struct mlp_err e;
    mlp_err_init(&e);
    q->dialect = MLP_DIALECT_GRPC;
    q->foreign = true;
    q->by_label = false;
    q->response->status = 200;
    if (!method) {
        mlp_answer_error(q, 501, "no such method", NULL);
        return MLP_KIND_OTHER;
    }
    if (mlp_grpc_read_names(q->body, &names, &e) != MLP_OK) {
        mlp_answer_failure(q, &e);
        return method->kind;
    }
    q->part[0] = names.text[0];
    q->part[1] = names.text[1];
    if (strchr(method->rest, '*') && !names.text[method->named].n)
        mlp_answer_error(q, 400, "the name of the model is missing", NULL);
    else
        method->answer(q, &names);
    return method->kind;
}
