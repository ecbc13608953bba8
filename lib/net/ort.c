/* ort.c: ONNX Runtime's C API, called through its table (ort.h). */
#include "net/ort.h"

#include <stdlib.h>

#include "base/os.h"

/* The table as of version 8 (ONNX Runtime 1.8, 2021), which later ones still give. Functions return
 * NULL or a status that says what went wrong. The numbers are the places in struct OrtApi. */
#define API_VERSION 8
#define LOG_FATAL 4              /* ORT_LOGGING_LEVEL_FATAL: statuses tell, nothing is printed */
#define ARENA_ALLOCATOR 1        /* OrtArenaAllocator */

struct api {
    void *gap0[2];
    const char *(*error_message)(const void *status);                               /* 2 */
    void *(*create_env)(int level, const char *id, void **env);                     /* 3 */
    void *gap4[4];
    void *(*create_session)(const void *env, const void *model, size_t bytes,
                            const void *options, void **session);                   /* 8 */
    void *(*run)(void *session, const void *options, const char *const *in_names,
                 const void *const *in, size_t nin, const char *const *out_names, size_t nout,
                 void **out);                                                       /* 9 */
    void *(*create_options)(void **options);                                        /* 10 */
    void *gap11[13];
    void *(*set_intra_threads)(void *options, int n);                               /* 24 */
    void *(*set_inter_threads)(void *options, int n);                               /* 25 */
    void *gap26[22];
    void *(*create_tensor)(void *allocator, const int64_t *dims, size_t rank, int type,
                           void **value);                                           /* 48 */
    void *(*create_tensor_over)(const void *memory, void *data, size_t bytes,
                                const int64_t *dims, size_t rank, int type,
                                void **value);                                      /* 49 */
    void *(*is_tensor)(const void *value, int *yes);                                /* 50 */
    void *(*tensor_data)(void *value, void **data);                                 /* 51 */
    void *(*fill_strings)(void *value, const char *const *texts, size_t n);         /* 52 */
    void *(*strings_bytes)(const void *value, size_t *bytes);                       /* 53 */
    void *(*strings)(const void *value, void *to, size_t bytes, size_t *offsets,
                     size_t n);                                                     /* 54 */
    void *gap55[5];
    void *(*shape_type)(const void *shape, int *type);                              /* 60 */
    void *(*shape_rank)(const void *shape, size_t *rank);                           /* 61 */
    void *(*shape_dims)(const void *shape, int64_t *dims, size_t rank);             /* 62 */
    void *gap63[2];
    void *(*value_shape)(const void *value, void **shape);                          /* 65 */
    void *gap66[3];
    void *(*create_memory)(int allocator, int kind, void **memory);                 /* 69 */
    void *gap70[8];
    void *(*default_allocator)(void **allocator);                                   /* 78 */
    void *gap79[1];
    void *(*value_at)(const void *value, int index, void *allocator, void **item);  /* 80 */
    void *(*value_count)(const void *value, size_t *n);                             /* 81 */
    void *gap82[10];
    void (*release_env)(void *env);                                                 /* 92 */
    void (*release_status)(void *status);                                           /* 93 */
    void (*release_memory)(void *memory);                                           /* 94 */
    void (*release_session)(void *session);                                         /* 95 */
    void (*release_value)(void *value);                                             /* 96 */
    void *gap97[2];
    void (*release_shape)(void *shape);                                             /* 99 */
    void (*release_options)(void *options);                                         /* 100 */
};
_Static_assert(offsetof(struct api, run) == 9 * sizeof(void *), "place in OrtApi");
_Static_assert(offsetof(struct api, strings) == 54 * sizeof(void *), "place in OrtApi");
_Static_assert(offsetof(struct api, release_options) == 100 * sizeof(void *), "place in OrtApi");

struct api_base {
    const struct api *(*get)(uint32_t version);
    const char *(*version)(void);
};

/* A map's keys in the order of ZipMap's attribute; n is 0 where the order is the keys' own. */
struct keys {
    size_t n;
    const int64_t *ints;
    const struct mlp_str *texts;
};

struct mlp_ort {
    const struct api *api;
    const struct mlp_onnx_model *model;
    void *env, *options, *session, *memory, *allocator; /* the allocator is borrowed */
    size_t nin, nout;
    const struct mlp_onnx_value **in;
    const char **in_names, **out_names;
    struct keys *keys;           /* of each output */
    struct mlp_arena arena;      /* of the lists and names */
};

#define NAMES_BYTES ((size_t)64 << 20)

/* --- opening --- */

static enum mlp_code told(const struct mlp_ort *o, void *status, const char *doing,
                          struct mlp_err *e)
{
    if (!status)
        return MLP_OK;
    mlp_err_set(e, MLP_EINPUT, "ONNX Runtime, %s: %.480s", doing, o->api->error_message(status));
    o->api->release_status(status);
    return MLP_EINPUT;
}

static enum mlp_code find_library(const char *library, void (**fn)(void), struct mlp_err *e)
{
    static const char *const usual[] = {"libonnxruntime.so.1", "libonnxruntime.so"};
    static const char entry[] = "OrtGetApiBase";
    struct mlp_err first;
    if (*library)
        return mlp_os_library(library, entry, fn, e);
    mlp_err_init(&first);
    return mlp_os_library(usual[0], entry, fn, &first) == MLP_OK
               ? MLP_OK
               : mlp_os_library(usual[1], entry, fn, e);
}

static enum mlp_code load_api(struct mlp_ort *o, const char *library, struct mlp_err *e)
{
    void (*fn)(void);
    if (find_library(library, &fn, e)) {
        mlp_err_wrap(e, "ONNX Runtime is not there");
        mlp_err_hint(e, "install it, with `pip install onnxruntime` say, and name its library: "
                        "--runtime onnxruntime:/.../onnxruntime/capi/libonnxruntime.so.1.*");
        return e->code;
    }
    const struct api_base *base = ((const struct api_base *(*)(void))fn)();
    o->api = base->get(API_VERSION);
    return o->api ? MLP_OK
                  : mlp_err_set(e, MLP_EINPUT, "ONNX Runtime %.40s does not give version %d of its "
                                "C API; 1.8 and later do", base->version(), API_VERSION);
}

static enum mlp_code open_session(struct mlp_ort *o, struct mlp_str bytes, struct mlp_err *e)
{
    const struct api *api = o->api;
    if (told(o, api->create_env(LOG_FATAL, "mlp", &o->env), "starting", e) ||
        told(o, api->create_options(&o->options), "starting", e) ||
        told(o, api->set_intra_threads(o->options, 1), "starting", e) ||
        told(o, api->set_inter_threads(o->options, 1), "starting", e) ||
        told(o, api->create_memory(ARENA_ALLOCATOR, 0, &o->memory), "starting", e) ||
        told(o, api->default_allocator(&o->allocator), "starting", e))
        return e->code;
    return told(o, api->create_session(o->env, bytes.p, bytes.n, o->options, &o->session),
                "reading the model", e);
}

static bool is_weight(const struct mlp_onnx_graph *g, struct mlp_str name)
{
    for (size_t i = 0; i < g->ninits; i++)
        if (mlp_str_eq(g->init_names[i], name))
            return true;
    return false;
}

static enum mlp_code check_value(const struct mlp_onnx_value *v, bool input, struct mlp_err *e)
{
    if (mlp_dtype_size(v->type) && (!v->sequence || (v->map_key && !input)))
        return MLP_OK;
    return mlp_err_set(e, MLP_EINPUT, "%s '%.*s' is neither a tensor nor a map of probabilities",
                       input ? "input" : "output", MLP_STR_ARG(v->name));
}

/* Keys of the map that a ZipMap makes. */
static struct keys keys_of(const struct mlp_onnx_graph *g, struct mlp_str output)
{
    struct keys k = {0, NULL, NULL};
    for (size_t i = 0; i < g->nnodes; i++) {
        const struct mlp_onnx_node *n = &g->nodes[i];
        if (!mlp_str_is(n->op_type, "ZipMap") || !n->nout || !mlp_str_eq(n->out[0], output))
            continue;
        for (size_t a = 0; a < n->nattrs; a++)
            if (n->attrs[a].n)
                k = (struct keys){n->attrs[a].n, n->attrs[a].ints, n->attrs[a].strings};
    }
    return k;
}

static enum mlp_code list_inputs(struct mlp_ort *o, struct mlp_err *e)
{
    const struct mlp_onnx_graph *g = &o->model->graph;
    for (size_t i = 0; i < g->ninputs; i++) {
        const struct mlp_onnx_value *v = &g->inputs[i];
        if (is_weight(g, v->name))
            continue;
        o->in[o->nin] = v;
        o->in_names[o->nin] = mlp_arena_strz(&o->arena, v->name);
        if (!o->in_names[o->nin++])
            return mlp_err_nomem(e);
        if (check_value(v, true, e))
            return e->code;
    }
    return MLP_OK;
}

static enum mlp_code list_values(struct mlp_ort *o, struct mlp_err *e)
{
    const struct mlp_onnx_graph *g = &o->model->graph;
    o->in = mlp_arena_array(&o->arena, g->ninputs + 1, sizeof *o->in);
    o->in_names = mlp_arena_array(&o->arena, g->ninputs + 1, sizeof *o->in_names);
    o->out_names = mlp_arena_array(&o->arena, g->noutputs + 1, sizeof *o->out_names);
    o->keys = mlp_arena_array(&o->arena, g->noutputs + 1, sizeof *o->keys);
    if (!o->in || !o->in_names || !o->out_names || !o->keys)
        return mlp_err_nomem(e);
    for (o->nout = 0; o->nout < g->noutputs; o->nout++) {
        const struct mlp_onnx_value *v = &g->outputs[o->nout];
        o->keys[o->nout] = keys_of(g, v->name);
        o->out_names[o->nout] = mlp_arena_strz(&o->arena, v->name);
        if (!o->out_names[o->nout])
            return mlp_err_nomem(e);
        if (check_value(v, false, e))
            return e->code;
    }
    return list_inputs(o, e);
}

enum mlp_code mlp_ort_open(const char *library, const struct mlp_onnx_model *m,
                           struct mlp_str bytes, struct mlp_ort **ort, struct mlp_err *e)
{
    struct mlp_ort *o = calloc(1, sizeof *o);
    *ort = NULL;
    if (!o)
        return mlp_err_nomem(e);
    o->model = m;
    mlp_arena_init(&o->arena, NAMES_BYTES);
    enum mlp_code code = list_values(o, e);
    if (!code)
        code = load_api(o, library, e);
    if (!code)
        code = open_session(o, bytes, e);
    if (code)
        mlp_ort_close(o);
    else
        *ort = o;
    return code;
}

void mlp_ort_close(struct mlp_ort *o)
{
    if (!o)
        return;
    if (o->session)
        o->api->release_session(o->session);
    if (o->memory)
        o->api->release_memory(o->memory);
    if (o->options)
        o->api->release_options(o->options);
    if (o->env)
        o->api->release_env(o->env);
    mlp_arena_fini(&o->arena);
    free(o);
}

size_t mlp_ort_ninputs(const struct mlp_ort *o)
{
    return o->nin;
}

size_t mlp_ort_noutputs(const struct mlp_ort *o)
{
    return o->nout;
}

const struct mlp_onnx_value *mlp_ort_input(const struct mlp_ort *o, size_t i)
{
    return o->in[i];
}

const struct mlp_onnx_value *mlp_ort_output(const struct mlp_ort *o, size_t i)
{
    return &o->model->graph.outputs[i];
}

/* --- tensors in --- */

static enum mlp_code give_strings(const struct mlp_ort *o, const struct mlp_tensor *t,
                                  struct mlp_arena *a, void **value, struct mlp_err *e)
{
    const char **texts = mlp_arena_array(a, t->n + 1, sizeof *texts);
    for (size_t i = 0; texts && i < t->n; i++) {
        if (t->str[i].n && memchr(t->str[i].p, 0, t->str[i].n))
            return mlp_err_set(e, MLP_EINPUT, "a text holds a NUL byte, which ONNX Runtime's C API "
                               "cannot take");
        texts[i] = mlp_arena_strz(a, t->str[i]);
        if (!texts[i])
            return mlp_err_nomem(e);
    }
    if (!texts)
        return mlp_err_nomem(e);
    if (told(o, o->api->create_tensor(o->allocator, t->dims, t->rank, (int)t->type, value),
             "an input", e))
        return e->code;
    return told(o, o->api->fill_strings(*value, texts, t->n), "an input", e);
}

static enum mlp_code give(const struct mlp_ort *o, const struct mlp_tensor *t,
                          struct mlp_arena *a, void **value, struct mlp_err *e)
{
    if (t->type == MLP_DT_STRING)
        return give_strings(o, t, a, value, e);
    return told(o, o->api->create_tensor_over(o->memory, t->data, t->n * mlp_dtype_size(t->type),
                                              t->dims, t->rank, (int)t->type, value),
                "an input", e);
}

/* --- tensors out --- */

static enum mlp_code take_shape(const struct mlp_ort *o, const void *value, struct mlp_tensor *t,
                                struct mlp_arena *a, struct mlp_err *e)
{
    void *shape = NULL;
    int type = 0;
    size_t rank = 0;
    int64_t dims[MLP_MAX_RANK];
    enum mlp_code code = told(o, o->api->value_shape(value, &shape), "an output", e);
    if (!code)
        code = told(o, o->api->shape_type(shape, &type), "an output", e);
    if (!code)
        code = told(o, o->api->shape_rank(shape, &rank), "an output", e);
    if (!code && rank > MLP_MAX_RANK)
        code = mlp_err_set(e, MLP_EINPUT, "an output of %zu dimensions", rank);
    if (!code)
        code = told(o, o->api->shape_dims(shape, dims, rank), "an output", e);
    if (shape)
        o->api->release_shape(shape);
    return code ? code : mlp_tensor_make(t, a, (enum mlp_dtype)type, (uint32_t)rank, dims, e);
}

static enum mlp_code take_strings(const struct mlp_ort *o, const void *value,
                                  struct mlp_tensor *t, struct mlp_arena *a, struct mlp_err *e)
{
    size_t bytes = 0;
    if (!t->n)
        return MLP_OK;
    if (told(o, o->api->strings_bytes(value, &bytes), "an output", e))
        return e->code;
    char *text = mlp_arena_array(a, bytes + 1, 1);
    size_t *offsets = mlp_arena_array(a, t->n, sizeof *offsets);
    if (!text || !offsets)
        return mlp_err_nomem(e);
    if (told(o, o->api->strings(value, text, bytes, offsets, t->n), "an output", e))
        return e->code;
    for (size_t i = 0; i < t->n; i++)
        t->str[i] = (struct mlp_str){text + offsets[i],
                                     (i + 1 < t->n ? offsets[i + 1] : bytes) - offsets[i]};
    return MLP_OK;
}

static enum mlp_code take_tensor(const struct mlp_ort *o, void *value, struct mlp_tensor *t,
                                 struct mlp_arena *a, struct mlp_err *e)
{
    void *data = NULL;
    if (take_shape(o, value, t, a, e))
        return e->code;
    if (t->type == MLP_DT_STRING)
        return take_strings(o, value, t, a, e);
    if (told(o, o->api->tensor_data(value, &data), "an output", e))
        return e->code;
    if (t->n)
        memcpy(t->data, data, t->n * mlp_dtype_size(t->type));
    return MLP_OK;
}

/* --- maps out --- */

/* Where key i of a map belongs in its row; SIZE_MAX: nowhere. */
static size_t place_of(const struct keys *k, const struct mlp_tensor *key, size_t i)
{
    if (!k->n)
        return i;
    for (size_t p = 0; p < k->n; p++)
        if (key->type == MLP_DT_STRING ? k->texts && mlp_str_eq(k->texts[p], key->str[i])
                                       : k->ints && key->type == MLP_DT_INT64 &&
                                             k->ints[p] == key->i64[i])
            return p;
    return SIZE_MAX;
}

/* Keys and values are items 0 and 1 of a map. */
static enum mlp_code take_pairs(const struct mlp_ort *o, const void *map,
                                struct mlp_tensor pairs[2], struct mlp_arena *a,
                                struct mlp_err *e)
{
    enum mlp_code code = MLP_OK;
    for (int i = 0; i < 2 && !code; i++) {
        void *item = NULL;
        code = told(o, o->api->value_at(map, i, o->allocator, &item), "a map", e);
        if (!code)
            code = take_tensor(o, item, &pairs[i], a, e);
        if (item)
            o->api->release_value(item);
    }
    if (!code && (pairs[1].type != MLP_DT_FLOAT || pairs[0].n != pairs[1].n))
        code = mlp_err_set(e, MLP_EINPUT, "an output's maps hold no floats");
    return code;
}

/* A map into its row of t. */
static enum mlp_code put_map(const struct keys *keys, const struct mlp_tensor pairs[2], size_t row,
                             struct mlp_tensor *t, struct mlp_err *e)
{
    size_t width = pairs[0].n;
    if ((int64_t)width != t->dims[1])
        return mlp_err_set(e, MLP_EINPUT, "an output's maps are of different sizes");
    for (size_t i = 0; i < width; i++) {
        size_t to = place_of(keys, &pairs[0], i);
        if (to >= width)
            return mlp_err_set(e, MLP_EINPUT, "an output's map has a key that its ZipMap lacks");
        t->f32[row * width + to] = pairs[1].f32[i];
    }
    return MLP_OK;
}

/* A sequence of maps, one a row; the first tells how wide they are. */
static enum mlp_code take_maps(const struct mlp_ort *o, const struct keys *keys,
                               const void *value, struct mlp_tensor *t, struct mlp_arena *a,
                               struct mlp_err *e)
{
    size_t rows = 0;
    struct mlp_tensor pairs[2];
    enum mlp_code code = told(o, o->api->value_count(value, &rows), "a sequence", e);
    if (!code && (!rows || rows > INT32_MAX))
        code = mlp_err_set(e, MLP_EINPUT, "an output is a sequence of %zu maps", rows);
    for (size_t r = 0; r < rows && !code; r++) {
        void *map = NULL;
        code = told(o, o->api->value_at(value, (int)r, o->allocator, &map), "a sequence", e);
        if (!code)
            code = take_pairs(o, map, pairs, a, e);
        if (map)
            o->api->release_value(map);
        const int64_t dims[2] = {(int64_t)rows, code ? 0 : (int64_t)pairs[0].n};
        if (!code && !r)
            code = mlp_tensor_make(t, a, MLP_DT_FLOAT, 2, dims, e);
        if (!code)
            code = put_map(keys, pairs, r, t, e);
    }
    return code;
}

static enum mlp_code take(const struct mlp_ort *o, size_t output, void *value,
                          struct mlp_tensor *t, struct mlp_arena *a, struct mlp_err *e)
{
    int tensor = 0;
    if (told(o, o->api->is_tensor(value, &tensor), "an output", e))
        return e->code;
    return tensor ? take_tensor(o, value, t, a, e)
                  : take_maps(o, &o->keys[output], value, t, a, e);
}

/* --- the run --- */

static void release_all(const struct mlp_ort *o, void **values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (values[i])
            o->api->release_value(values[i]);
}

enum mlp_code mlp_ort_run(const struct mlp_ort *o, const struct mlp_tensor *in,
                          struct mlp_tensor *out, struct mlp_arena *a, struct mlp_err *e)
{
    void **given = mlp_arena_array(a, o->nin + 1, sizeof *given);
    void **got = mlp_arena_array(a, o->nout + 1, sizeof *got);
    enum mlp_code code = given && got ? MLP_OK : mlp_err_nomem(e);
    if (code)
        return code;
    for (size_t i = 0; i < o->nin && !code; i++)
        code = give(o, &in[i], a, &given[i], e);
    if (!code)
        code = told(o, o->api->run(o->session, NULL, o->in_names, (const void *const *)given,
                                   o->nin, o->out_names, o->nout, got), "running the model", e);
    for (size_t i = 0; i < o->nout && !code; i++)
        code = take(o, i, got[i], &out[i], a, e);
    release_all(o, given, o->nin);
    release_all(o, got, o->nout);
    return code;
}
