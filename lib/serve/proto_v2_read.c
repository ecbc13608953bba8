/* Requests of the Open Inference Protocol. */
#include "serve/proto_json.h"
#include "serve/proto_v2.h"

#define DEPTH 64
#define FIRST_TENSORS 16u

struct reader {
    struct mlp_json j;
    struct mlp_json_token t;
    struct mlp_v2 *v;
    const struct mlp_served *s;
    struct mlp_arena *arena;
    struct mlp_str tail;         /* binary data that no tensor has taken yet */
    size_t room;                 /* tensors that fit */
    struct mlp_tensor_out outputs[MLP_TENSOR_OUTPUTS];
    size_t noutputs;
    int8_t as_binary[MLP_TENSOR_OUTPUTS]; /* -1: not said */
};

/* Where the data of a tensor was passed over, for its shape and type come later. */
struct data {
    struct mlp_json j;
    struct mlp_json_token t;
    bool there, read;
    bool has_shape;
    uint64_t binary;             /* bytes, UINT64_MAX: not binary */
};

/* What a member of an object means: called with its value's first token at hand, which it takes
 * whole. */
typedef enum mlp_code member(struct reader *r, struct mlp_str key, void *ctx, struct mlp_err *e);

static enum mlp_code step(struct reader *r, struct mlp_err *e)
{
    return mlp_json_next(&r->j, &r->t, e);
}

static enum mlp_code expected(const char *what, const char *kind, struct mlp_err *e)
{
    return mlp_err_set(e, MLP_EINPUT, "\"%s\" is no %s", what, kind);
}

/* The object whose brace is at hand. */
static enum mlp_code members(struct reader *r, const char *what, member *fn, void *ctx,
                             struct mlp_err *e)
{
    if (r->t.type != MLP_JSON_OBJECT)
        return expected(what, "object", e);
    for (;;) {
        enum mlp_code code = step(r, e);
        if (code != MLP_OK || r->t.type == MLP_JSON_OBJECT_END)
            return code;
        struct mlp_str key = r->t.raw;
        code = step(r, e);
        if (code == MLP_OK)
            code = fn(r, key, ctx, e);
        if (code != MLP_OK)
            return code;
    }
}

/* Each element of the list whose bracket is at hand. */
static enum mlp_code items(struct reader *r, const char *what, member *fn, void *ctx,
                           struct mlp_err *e)
{
    if (r->t.type != MLP_JSON_ARRAY)
        return expected(what, "list", e);
    for (;;) {
        enum mlp_code code = step(r, e);
        if (code != MLP_OK || r->t.type == MLP_JSON_ARRAY_END)
            return code;
        code = fn(r, (struct mlp_str){0}, ctx, e);
        if (code != MLP_OK)
            return code;
    }
}

static enum mlp_code flag(const struct reader *r, const char *what, bool *out, struct mlp_err *e)
{
    *out = r->t.type == MLP_JSON_TRUE;
    return *out || r->t.type == MLP_JSON_FALSE ? MLP_OK : expected(what, "truth value", e);
}

static enum mlp_code text(struct reader *r, const char *what, struct mlp_str *out,
                          struct mlp_err *e)
{
    if (r->t.type != MLP_JSON_STRING)
        return expected(what, "string", e);
    return mlp_json_string(&r->t, r->arena, out, e);
}

/* --- a tensor --- */

static enum mlp_code dimension(struct reader *r, struct mlp_str key, void *ctx, struct mlp_err *e)
{
    struct mlp_tensor *x = ctx;
    (void)key;
    if (x->rank == MLP_TENSOR_RANK)
        return mlp_err_set(e, MLP_EINPUT, "the shape has more than %d dimensions", MLP_TENSOR_RANK);
    if (r->t.type != MLP_JSON_NUMBER || !mlp_str_u64(r->t.raw, &x->shape[x->rank++]))
        return mlp_err_set(e, MLP_EINPUT, "a dimension is no whole number of 0 or more");
    return MLP_OK;
}

static enum mlp_code tensor_parameter(struct reader *r, struct mlp_str key, void *ctx,
                                      struct mlp_err *e)
{
    struct data *d = ctx;
    if (!mlp_str_is(key, "binary_data_size"))
        return mlp_json_skip(&r->j, &r->t, e);
    if (r->t.type != MLP_JSON_NUMBER || !mlp_str_u64(r->t.raw, &d->binary) ||
        d->binary == UINT64_MAX)
        return expected("binary_data_size", "number of bytes", e);
    return MLP_OK;
}

struct input {
    struct mlp_tensor *x;
    struct data d;
};

static enum mlp_code read_data(struct reader *r, struct input *in, struct mlp_err *e)
{
    struct mlp_tensor *x = in->x;
    size_t n = 1;
    in->d.read = true;
    for (size_t i = 0; i < x->rank; i++)
        if (__builtin_mul_overflow(n, x->shape[i], &n))
            return mlp_err_set(e, MLP_EINPUT, "the shape is too large");
    return mlp_json_data(&r->j, &r->t, n, r->arena, x, e);
}

static enum mlp_code read_shape(struct reader *r, struct input *in, struct mlp_err *e)
{
    in->d.has_shape = true;
    in->x->rank = 0;
    return items(r, "shape", dimension, in->x, e);
}

static enum mlp_code input_member(struct reader *r, struct mlp_str key, void *ctx,
                                  struct mlp_err *e)
{
    struct input *in = ctx;
    struct mlp_str type;
    if (mlp_str_is(key, "name"))
        return text(r, "name", &in->x->name, e);
    if (mlp_str_is(key, "shape"))
        return read_shape(r, in, e);
    if (mlp_str_is(key, "parameters"))
        return members(r, "parameters", tensor_parameter, &in->d, e);
    if (mlp_str_is(key, "datatype")) {
        enum mlp_code code = text(r, "datatype", &type, e);
        in->x->type = code == MLP_OK ? mlp_datatype_find(type) : MLP_DT_NONE;
        return code == MLP_OK && in->x->type == MLP_DT_NONE
                   ? mlp_err_set(e, MLP_EINPUT, "an unknown datatype")
                   : code;
    }
    if (!mlp_str_is(key, "data"))
        return mlp_json_skip(&r->j, &r->t, e);
    in->d.there = true;
    in->d.j = r->j;
    in->d.t = r->t;
    return in->x->type != MLP_DT_NONE && in->d.has_shape ? read_data(r, in, e)
                                                         : mlp_json_skip(&r->j, &r->t, e);
}

static enum mlp_code take_tail(struct reader *r, struct input *in, struct mlp_err *e)
{
    if (in->d.binary > r->tail.n)
        return mlp_err_set(e, MLP_EINPUT, "binary_data_size is %llu, but %zu bytes follow the JSON",
                           (unsigned long long)in->d.binary, r->tail.n);
    in->x->raw = (struct mlp_str){r->tail.p, (size_t)in->d.binary};
    in->x->numbers = NULL;
    in->x->texts = NULL;
    r->tail = (struct mlp_str){r->tail.p + in->x->raw.n, r->tail.n - in->x->raw.n};
    return MLP_OK;
}

/* What is read only once all of the tensor's members are known. */
static enum mlp_code settle(struct reader *r, struct input *in, struct mlp_err *e)
{
    if (!in->d.has_shape || in->x->type == MLP_DT_NONE)
        return mlp_err_set(e, MLP_EINPUT, "\"%s\" is missing",
                           in->d.has_shape ? "datatype" : "shape");
    if (in->d.binary != UINT64_MAX)
        return take_tail(r, in, e);
    if (!in->d.there)
        return mlp_err_set(e, MLP_EINPUT, "\"data\" is missing");
    if (in->d.read)
        return MLP_OK;
    struct mlp_json after = r->j;
    struct mlp_json_token token = r->t;
    r->j = in->d.j;
    r->t = in->d.t;
    enum mlp_code code = read_data(r, in, e);
    r->j = after;
    r->t = token;
    return code;
}

static struct mlp_tensor *new_tensor(struct reader *r)
{
    struct mlp_tensors *in = &r->v->in;
    if (in->n == r->room) {
        size_t room = r->room ? r->room * 2 : FIRST_TENSORS;
        struct mlp_tensor *more = mlp_arena_array(r->arena, room, sizeof *more);
        if (!more)
            return NULL;
        if (in->n)
            memcpy(more, in->tensor, in->n * sizeof *more);
        in->tensor = more;
        r->room = room;
    }
    return &in->tensor[in->n++];
}

static enum mlp_code input_item(struct reader *r, struct mlp_str key, void *ctx, struct mlp_err *e)
{
    struct input in = {.x = new_tensor(r), .d = {.binary = UINT64_MAX}};
    (void)key;
    (void)ctx;
    if (!in.x)
        return mlp_err_nomem(e);
    enum mlp_code code = members(r, "inputs", input_member, &in, e);
    if (code == MLP_OK)
        code = settle(r, &in, e);
    if (code == MLP_OK)
        return MLP_OK;
    return in.x->name.n ? mlp_err_wrap(e, "tensor \"%.*s\"",
                                       (int)(in.x->name.n < 120 ? in.x->name.n : 120), in.x->name.p)
                        : mlp_err_wrap(e, "tensor %zu", r->v->in.n);
}

/* --- outputs --- */

struct output {
    struct mlp_str name;
    int8_t binary;
};

static enum mlp_code output_parameter(struct reader *r, struct mlp_str key, void *ctx,
                                      struct mlp_err *e)
{
    struct output *o = ctx;
    bool yes;
    if (!mlp_str_is(key, "binary_data"))
        return mlp_json_skip(&r->j, &r->t, e);
    enum mlp_code code = flag(r, "binary_data", &yes, e);
    o->binary = yes;
    return code;
}

static enum mlp_code output_member(struct reader *r, struct mlp_str key, void *ctx,
                                   struct mlp_err *e)
{
    struct output *o = ctx;
    if (mlp_str_is(key, "name"))
        return text(r, "name", &o->name, e);
    if (mlp_str_is(key, "parameters"))
        return members(r, "parameters", output_parameter, o, e);
    return mlp_json_skip(&r->j, &r->t, e);
}

static enum mlp_code output_item(struct reader *r, struct mlp_str key, void *ctx,
                                 struct mlp_err *e)
{
    struct output o = {.binary = -1};
    (void)key;
    (void)ctx;
    enum mlp_code code = members(r, "outputs", output_member, &o, e);
    for (size_t i = 0; code == MLP_OK && i < r->noutputs; i++) {
        if (mlp_str_is(o.name, r->outputs[i].name)) {
            r->v->wanted[i] = true;
            r->as_binary[i] = o.binary;
            return MLP_OK;
        }
    }
    if (code != MLP_OK)
        return code;
    mlp_err_set(e, MLP_EINPUT, "the model has no output \"%.*s\"",
                (int)(o.name.n < 120 ? o.name.n : 120), o.name.n ? o.name.p : "");
    return mlp_err_hint(e, r->noutputs > 1 ? "it has predict and predict_proba" : "it has predict");
}

/* --- a request --- */

static enum mlp_code parameter(struct reader *r, struct mlp_str key, void *ctx, struct mlp_err *e)
{
    (void)ctx;
    return mlp_str_is(key, "binary_data_output")
               ? flag(r, "binary_data_output", &r->v->binary, e)
               : mlp_json_skip(&r->j, &r->t, e);
}

static enum mlp_code request_member(struct reader *r, struct mlp_str key, void *ctx,
                                    struct mlp_err *e)
{
    (void)ctx;
    if (mlp_str_is(key, "id")) {
        r->v->id = r->t.raw;
        return r->t.type == MLP_JSON_STRING ? MLP_OK : expected("id", "string", e);
    }
    if (mlp_str_is(key, "parameters"))
        return members(r, "parameters", parameter, NULL, e);
    if (mlp_str_is(key, "inputs"))
        return items(r, "inputs", input_item, NULL, e);
    if (!mlp_str_is(key, "outputs"))
        return mlp_json_skip(&r->j, &r->t, e);
    r->v->chosen = true;
    return items(r, "outputs", output_item, NULL, e);
}

/* A body without JSON: rows of all features, one after the other. */
static enum mlp_code read_raw(struct reader *r, struct mlp_err *e)
{
    struct mlp_tensor *x = new_tensor(r);
    size_t row = r->s->info->ninputs * 8;
    if (!x)
        return mlp_err_nomem(e);
    *x = (struct mlp_tensor){.type = MLP_DT_FP64, .rank = 2, .raw = r->tail,
                             .shape = {row ? r->tail.n / row : 0, r->s->info->ninputs}};
    r->v->binary = true;
    return MLP_OK;
}

static enum mlp_code read_json(struct reader *r, struct mlp_err *e)
{
    enum mlp_code code = step(r, e);
    if (code == MLP_OK && r->t.type != MLP_JSON_OBJECT)
        return mlp_err_set(e, MLP_EINPUT, "the body is no object");
    if (code == MLP_OK)
        code = members(r, "body", request_member, NULL, e);
    if (code == MLP_OK)
        code = step(r, e);
    if (code == MLP_OK && r->tail.n)
        return mlp_err_set(e, MLP_EINPUT, "%zu bytes behind the JSON belong to no tensor",
                           r->tail.n);
    return code;
}

enum mlp_code mlp_v2_read(struct mlp_str body, size_t header, const struct mlp_served *s,
                          struct mlp_arena *arena, struct mlp_v2 *v, struct mlp_err *e)
{
    struct reader r = {.v = v, .s = s, .arena = arena, .as_binary = {-1, -1}};
    memset(v, 0, sizeof *v);
    if (header != SIZE_MAX && header > body.n)
        return mlp_err_set(e, MLP_EINPUT, "Inference-Header-Content-Length is %zu, the body has "
                                          "%zu bytes", header, body.n);
    size_t json = header == SIZE_MAX ? body.n : header;
    r.noutputs = mlp_tensor_outputs(s, 0, r.outputs);
    r.tail = (struct mlp_str){json < body.n ? body.p + json : "", body.n - json};
    mlp_json_init(&r.j, (struct mlp_str){json ? body.p : "", json}, DEPTH);
    r.j.allow_nonfinite = true;
    enum mlp_code code = header == 0 ? read_raw(&r, e) : read_json(&r, e);
    for (size_t i = 0; i < r.noutputs; i++)
        v->as_binary[i] = r.as_binary[i] < 0 ? v->binary : r.as_binary[i] > 0;
    mlp_tensor_outputs_fini(r.outputs, r.noutputs);
    return code;
}
