/* wire_write_onnx.c: an ONNX graph into its bytes (wire_write_onnx.h). */
#include "net/wire_write_onnx.h"
#include <string.h>

/* Field numbers of onnx.proto. */
enum { NODE_INPUT = 1, NODE_OUTPUT = 2, NODE_OP = 4, NODE_ATTRIBUTE = 5, NODE_DOMAIN = 7 };
enum { ATTR_NAME = 1, ATTR_I = 3, ATTR_S = 4, ATTR_T = 5, ATTR_G = 6, ATTR_INTS = 8,
       ATTR_STRINGS = 9, ATTR_TYPE = 20 };
enum { TYPE_INT = 2, TYPE_STRING = 3, TYPE_TENSOR = 4, TYPE_GRAPH = 5, TYPE_INTS = 7,
       TYPE_STRINGS = 8 };
enum { TENSOR_DIMS = 1, TENSOR_TYPE = 2, TENSOR_STRINGS = 6, TENSOR_NAME = 8, TENSOR_RAW = 9 };
enum { GRAPH_NODE = 1, GRAPH_NAME = 2, GRAPH_INIT = 5, GRAPH_INPUT = 11, GRAPH_OUTPUT = 12,
       GRAPH_VALUE = 13 };
enum { MODEL_IR = 1, MODEL_PRODUCER = 2, MODEL_VERSION = 3, MODEL_DOC = 6, MODEL_GRAPH = 7,
       MODEL_OPSET = 8, MODEL_METADATA = 14 };

void mlp_emit_init(struct mlp_emit *w, struct mlp_arena *a, const char *prefix, size_t max)
{
    struct mlp_buf *bufs[] = {&w->nodes, &w->inits, &w->inputs, &w->outputs, &w->attrs};
    for (size_t i = 0; i < sizeof bufs / sizeof *bufs; i++)
        mlp_buf_init(bufs[i], max);
    mlp_vec_init(&w->names, sizeof(struct mlp_str));
    w->arena = a;
    w->prefix = prefix;
    w->uses_ml = w->uses_ms = w->failed = false;
}

void mlp_emit_fini(struct mlp_emit *w)
{
    struct mlp_buf *bufs[] = {&w->nodes, &w->inits, &w->inputs, &w->outputs, &w->attrs};
    for (size_t i = 0; i < sizeof bufs / sizeof *bufs; i++)
        mlp_buf_fini(bufs[i]);
    mlp_vec_fini(&w->names);
}

/* --- tensors and their names --- */

static uint32_t new_tensor(struct mlp_emit *w, struct mlp_str name)
{
    struct mlp_str *s = mlp_vec_push(&w->names);
    if (!s) {
        w->failed = true;
        return 0;
    }
    if (name.n) {
        *s = mlp_arena_str(w->arena, name);
        w->failed |= s->p == NULL;
    }
    return (uint32_t)(w->names.n - 1);
}

static const struct mlp_str no_name = {"", 0};

static void put_name(struct mlp_emit *w, struct mlp_buf *b, unsigned field, uint32_t t)
{
    char text[32];
    if (t == MLP_EMIT_NONE) {
        mlp_wire_str(b, field, no_name);
        return;
    }
    const struct mlp_str *s = t < w->names.n ? mlp_vec_at(&w->names, t) : &no_name;
    snprintf(text, sizeof text, "%.8s%u", w->prefix, (unsigned)t);
    mlp_wire_str(b, field, s->n ? *s : mlp_str_from(text));
}

/* ValueInfoProto.type: dims[i] below 0 is the free dimension "N"; rank below 0: no shape. */
static void put_type(struct mlp_buf *b, enum mlp_dtype type, const int64_t *dims, int rank)
{
    size_t t = mlp_wire_open(b, 2), tensor = mlp_wire_open(b, 1);
    mlp_wire_int(b, 1, (int64_t)type);
    if (rank >= 0) {
        size_t shape = mlp_wire_open(b, 2);
        for (int i = 0; i < rank; i++) {
            size_t dim = mlp_wire_open(b, 1);
            if (dims[i] < 0)
                mlp_wire_text(b, 2, "N");
            else
                mlp_wire_int(b, 1, dims[i]);
            mlp_wire_close(b, dim);
        }
        mlp_wire_close(b, shape);
    }
    mlp_wire_close(b, tensor);
    mlp_wire_close(b, t);
}

static void put_rows(struct mlp_buf *b, enum mlp_dtype type, size_t width)
{
    int64_t dims[2] = {-1, (int64_t)width};
    put_type(b, type, dims, width ? 2 : 1);
}

uint32_t mlp_emit_input(struct mlp_emit *w, struct mlp_str name, enum mlp_dtype type, size_t width)
{
    uint32_t t = new_tensor(w, name);
    size_t at = mlp_wire_open(&w->inputs, GRAPH_INPUT);
    put_name(w, &w->inputs, 1, t);
    put_rows(&w->inputs, type, width);
    mlp_wire_close(&w->inputs, at);
    return t;
}

static void put_node(struct mlp_emit *w, const char *op, const uint32_t *in, size_t n,
                     uint32_t first, size_t nout)
{
    bool ml = strncmp(op, "ml:", 3) == 0, ms = strncmp(op, "ms:", 3) == 0;
    size_t at = mlp_wire_open(&w->nodes, GRAPH_NODE);
    for (size_t i = 0; i < n; i++)
        put_name(w, &w->nodes, NODE_INPUT, in[i]);
    for (size_t i = 0; i < nout; i++)
        put_name(w, &w->nodes, NODE_OUTPUT, first + (uint32_t)i);
    mlp_wire_text(&w->nodes, NODE_OP, ml || ms ? op + 3 : op);
    mlp_buf_addstr(&w->nodes, mlp_buf_str(&w->attrs));
    if (ml)
        mlp_wire_text(&w->nodes, NODE_DOMAIN, "ai.onnx.ml");
    if (ms)
        mlp_wire_text(&w->nodes, NODE_DOMAIN, "com.microsoft");
    mlp_wire_close(&w->nodes, at);
    w->uses_ml |= ml;
    w->uses_ms |= ms;
    if (!w->attrs.failed)
        mlp_buf_reset(&w->attrs);
}

void mlp_emit_output(struct mlp_emit *w, struct mlp_str name, enum mlp_dtype type, size_t width,
                     uint32_t tensor)
{
    uint32_t t = new_tensor(w, name);
    put_node(w, "Identity", &tensor, 1, t, 1);
    size_t at = mlp_wire_open(&w->outputs, GRAPH_OUTPUT);
    put_name(w, &w->outputs, 1, t);
    put_rows(&w->outputs, type, width);
    mlp_wire_close(&w->outputs, at);
}

/* --- attributes --- */

static size_t open_attr(struct mlp_emit *w, const char *name)
{
    size_t at = mlp_wire_open(&w->attrs, NODE_ATTRIBUTE);
    mlp_wire_text(&w->attrs, ATTR_NAME, name);
    return at;
}

static void close_attr(struct mlp_emit *w, size_t at, int type)
{
    mlp_wire_int(&w->attrs, ATTR_TYPE, type);
    mlp_wire_close(&w->attrs, at);
}

void mlp_emit_attr_int(struct mlp_emit *w, const char *name, int64_t v)
{
    size_t at = open_attr(w, name);
    mlp_wire_int(&w->attrs, ATTR_I, v);
    close_attr(w, at, TYPE_INT);
}

void mlp_emit_attr_ints(struct mlp_emit *w, const char *name, const int64_t *v, size_t n)
{
    size_t at = open_attr(w, name);
    for (size_t i = 0; i < n; i++)
        mlp_wire_int(&w->attrs, ATTR_INTS, v[i]);
    close_attr(w, at, TYPE_INTS);
}

void mlp_emit_attr_text(struct mlp_emit *w, const char *name, struct mlp_str v)
{
    size_t at = open_attr(w, name);
    mlp_wire_str(&w->attrs, ATTR_S, v);
    close_attr(w, at, TYPE_STRING);
}

void mlp_emit_attr_texts(struct mlp_emit *w, const char *name, const struct mlp_str *v, size_t n)
{
    size_t at = open_attr(w, name);
    for (size_t i = 0; i < n; i++)
        mlp_wire_str(&w->attrs, ATTR_STRINGS, v[i]);
    close_attr(w, at, TYPE_STRINGS);
}

static void raw_number(struct mlp_buf *b, enum mlp_dtype type, double v)
{
    uint64_t bits;
    float f = (float)v;
    uint32_t bits32;
    memcpy(&bits, &v, sizeof bits);
    memcpy(&bits32, &f, sizeof bits32);
    switch (type) {
    case MLP_DT_DOUBLE:
        mlp_wire_raw64(b, bits);
        break;
    case MLP_DT_FLOAT:
        mlp_wire_raw32(b, bits32);
        break;
    case MLP_DT_INT64:
        mlp_wire_raw64(b, (uint64_t)(int64_t)v);
        break;
    default:                     /* UINT8 and BOOL */
        mlp_buf_addc(b, (char)(unsigned char)v);
        break;
    }
}

static void put_raw(struct mlp_buf *b, enum mlp_dtype type, const double *v, size_t n)
{
    size_t at = mlp_wire_open(b, TENSOR_RAW);
    for (size_t i = 0; i < n; i++)
        raw_number(b, type, v[i]);
    mlp_wire_close(b, at);
}

void mlp_emit_attr_tensor(struct mlp_emit *w, const char *name, enum mlp_dtype type,
                          const double *v, size_t n)
{
    size_t at = open_attr(w, name), t = mlp_wire_open(&w->attrs, ATTR_T);
    mlp_wire_int(&w->attrs, TENSOR_DIMS, (int64_t)n);
    mlp_wire_int(&w->attrs, TENSOR_TYPE, (int64_t)type);
    put_raw(&w->attrs, type, v, n);
    mlp_wire_close(&w->attrs, t);
    close_attr(w, at, TYPE_TENSOR);
}

/* --- nodes --- */

uint32_t mlp_emit_outs(struct mlp_emit *w, const char *op, const uint32_t *in, size_t n,
                       size_t nout)
{
    uint32_t first = new_tensor(w, no_name);
    for (size_t i = 1; i < nout; i++)
        new_tensor(w, no_name);
    put_node(w, op, in, n, first, nout);
    return first;
}

uint32_t mlp_emitn(struct mlp_emit *w, const char *op, const uint32_t *in, size_t n)
{
    return mlp_emit_outs(w, op, in, n, 1);
}

uint32_t mlp_emit1(struct mlp_emit *w, const char *op, uint32_t a)
{
    return mlp_emitn(w, op, &a, 1);
}

uint32_t mlp_emit2(struct mlp_emit *w, const char *op, uint32_t a, uint32_t b)
{
    uint32_t in[2] = {a, b};
    return mlp_emitn(w, op, in, 2);
}

uint32_t mlp_emit3(struct mlp_emit *w, const char *op, uint32_t a, uint32_t b, uint32_t c)
{
    uint32_t in[3] = {a, b, c};
    return mlp_emitn(w, op, in, 3);
}

/* --- constants --- */

static size_t open_init(struct mlp_emit *w, enum mlp_dtype type, const int64_t *dims, size_t rank)
{
    size_t at = mlp_wire_open(&w->inits, GRAPH_INIT);
    for (size_t i = 0; i < rank; i++)
        mlp_wire_int(&w->inits, TENSOR_DIMS, dims[i]);
    mlp_wire_int(&w->inits, TENSOR_TYPE, (int64_t)type);
    return at;
}

static uint32_t name_init(struct mlp_emit *w)
{
    uint32_t t = new_tensor(w, no_name);
    put_name(w, &w->inits, TENSOR_NAME, t);
    return t;
}

uint32_t mlp_emit_const(struct mlp_emit *w, enum mlp_dtype type, const double *v,
                        const int64_t *dims, size_t rank)
{
    size_t at = open_init(w, type, dims, rank), n = 1;
    uint32_t t = name_init(w);
    for (size_t i = 0; i < rank; i++)
        n *= (size_t)dims[i];
    put_raw(&w->inits, type, v, n);
    mlp_wire_close(&w->inits, at);
    return t;
}

uint32_t mlp_emit_num(struct mlp_emit *w, double v)
{
    return mlp_emit_const(w, MLP_DT_DOUBLE, &v, NULL, 0);
}

uint32_t mlp_emit_row(struct mlp_emit *w, const double *v, size_t n)
{
    int64_t dim = (int64_t)n;
    return mlp_emit_const(w, MLP_DT_DOUBLE, v, &dim, 1);
}

uint32_t mlp_emit_matrix(struct mlp_emit *w, const double *v, size_t rows, size_t width)
{
    int64_t dims[2] = {(int64_t)rows, (int64_t)width};
    return mlp_emit_const(w, MLP_DT_DOUBLE, v, dims, 2);
}

uint32_t mlp_emit_ints(struct mlp_emit *w, const int64_t *v, size_t n)
{
    int64_t dim = (int64_t)n;
    size_t at = open_init(w, MLP_DT_INT64, &dim, 1);
    uint32_t t = name_init(w);
    size_t raw = mlp_wire_open(&w->inits, TENSOR_RAW);
    for (size_t i = 0; i < n; i++)
        mlp_wire_raw64(&w->inits, (uint64_t)v[i]);
    mlp_wire_close(&w->inits, raw);
    mlp_wire_close(&w->inits, at);
    return t;
}

uint32_t mlp_emit_int(struct mlp_emit *w, int64_t v)
{
    double d = (double)v;
    return mlp_emit_const(w, MLP_DT_INT64, &d, NULL, 0);
}

uint32_t mlp_emit_texts(struct mlp_emit *w, const struct mlp_str *v, size_t n)
{
    int64_t dim = (int64_t)n;
    size_t at = open_init(w, MLP_DT_STRING, &dim, 1);
    for (size_t i = 0; i < n; i++)
        mlp_wire_str(&w->inits, TENSOR_STRINGS, v[i]);
    uint32_t t = name_init(w);
    mlp_wire_close(&w->inits, at);
    return t;
}

/* --- the nodes that everybody needs --- */

uint32_t mlp_emit_cast(struct mlp_emit *w, uint32_t a, enum mlp_dtype to)
{
    mlp_emit_attr_int(w, "to", (int64_t)to);
    return mlp_emit1(w, "Cast", a);
}

uint32_t mlp_emit_concat(struct mlp_emit *w, const uint32_t *in, size_t n, int64_t axis)
{
    if (n == 1)
        return in[0];
    mlp_emit_attr_int(w, "axis", axis);
    return mlp_emitn(w, "Concat", in, n);
}

uint32_t mlp_emit_gather(struct mlp_emit *w, uint32_t a, uint32_t index, int64_t axis)
{
    mlp_emit_attr_int(w, "axis", axis);
    return mlp_emit2(w, "Gather", a, index);
}

uint32_t mlp_emit_reduce(struct mlp_emit *w, const char *op, uint32_t a, int64_t axis, bool keep)
{
    uint32_t axes = mlp_emit_ints(w, &axis, 1);
    mlp_emit_attr_int(w, "keepdims", keep);
    return mlp_emit2(w, op, a, axes);
}

/* 0 keeps the dimension, so that blocks without rows go through too. */
uint32_t mlp_emit_reshape(struct mlp_emit *w, uint32_t a, size_t b, size_t c)
{
    int64_t shape[3] = {0, (int64_t)b, (int64_t)c};
    return mlp_emit2(w, "Reshape", a, mlp_emit_ints(w, shape, c ? 3 : 2));
}

uint32_t mlp_emit_unsqueeze(struct mlp_emit *w, uint32_t a, int64_t axis)
{
    return mlp_emit2(w, "Unsqueeze", a, mlp_emit_ints(w, &axis, 1));
}

void mlp_emit_type(struct mlp_emit *w, uint32_t tensor, enum mlp_dtype type)
{
    size_t at = mlp_wire_open(&w->outputs, GRAPH_VALUE);
    put_name(w, &w->outputs, 1, tensor);
    put_type(&w->outputs, type, NULL, -1);
    mlp_wire_close(&w->outputs, at);
}

/* --- bodies of loops --- */

void mlp_emit_body_begin(struct mlp_emit *w, struct mlp_emit_outer *outer)
{
    *outer = (struct mlp_emit_outer){w->nodes, w->inputs, w->outputs};
    mlp_buf_init(&w->nodes, outer->nodes.max);
    mlp_buf_init(&w->inputs, outer->nodes.max);
    mlp_buf_init(&w->outputs, outer->nodes.max);
}

static void put_graph(struct mlp_emit *w, struct mlp_buf *b, struct mlp_str name, bool inits)
{
    mlp_buf_addstr(b, mlp_buf_str(&w->nodes));
    mlp_wire_str(b, GRAPH_NAME, name);
    if (inits)
        mlp_buf_addstr(b, mlp_buf_str(&w->inits));
    mlp_buf_addstr(b, mlp_buf_str(&w->inputs));
    mlp_buf_addstr(b, mlp_buf_str(&w->outputs));
}

void mlp_emit_body_end(struct mlp_emit *w, struct mlp_emit_outer *outer)
{
    size_t at = open_attr(w, "body"), g = mlp_wire_open(&w->attrs, ATTR_G);
    put_graph(w, &w->attrs, mlp_str_from("body"), false);
    mlp_wire_close(&w->attrs, g);
    close_attr(w, at, TYPE_GRAPH);
    bool failed = w->nodes.failed || w->inputs.failed || w->outputs.failed;
    mlp_buf_fini(&w->nodes);
    mlp_buf_fini(&w->inputs);
    mlp_buf_fini(&w->outputs);
    w->nodes = outer->nodes;
    w->nodes.failed |= failed;
    w->inputs = outer->inputs;
    w->outputs = outer->outputs;
}

static void body_value(struct mlp_emit *w, bool input, enum mlp_dtype type, int rank, uint32_t t)
{
    struct mlp_buf *b = input ? &w->inputs : &w->outputs;
    size_t at = mlp_wire_open(b, input ? GRAPH_INPUT : GRAPH_OUTPUT);
    put_name(w, b, 1, t);
    put_type(b, type, NULL, rank ? -1 : 0);
    mlp_wire_close(b, at);
}

uint32_t mlp_emit_body_input(struct mlp_emit *w, enum mlp_dtype type, int rank)
{
    uint32_t t = new_tensor(w, no_name);
    body_value(w, true, type, rank, t);
    return t;
}

void mlp_emit_body_output(struct mlp_emit *w, enum mlp_dtype type, int rank, uint32_t tensor)
{
    body_value(w, false, type, rank, tensor);
}

/* --- the model --- */

static void put_opset(struct mlp_buf *b, const char *domain, int64_t version)
{
    size_t at = mlp_wire_open(b, MODEL_OPSET);
    mlp_wire_text(b, 1, domain);
    mlp_wire_int(b, 2, version);
    mlp_wire_close(b, at);
}

static void put_metadata(struct mlp_buf *b, const struct mlp_emit_about *about)
{
    for (size_t i = 0; i < about->n; i++) {
        size_t at = mlp_wire_open(b, MODEL_METADATA);
        mlp_wire_str(b, 1, about->keys[i]);
        mlp_wire_str(b, 2, about->values[i]);
        mlp_wire_close(b, at);
    }
}

enum mlp_code mlp_emit_model(struct mlp_emit *w, const struct mlp_emit_about *about,
                             struct mlp_buf *out, struct mlp_err *e)
{
    const struct mlp_buf *parts[] = {&w->nodes, &w->inits, &w->inputs, &w->outputs, &w->attrs};
    size_t total = 0;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (mlp_buf_check(parts[i], e))
            return e->code;
        total += parts[i]->n;
    }
    if (w->failed)
        return mlp_err_nomem(e);
    if (total > out->max - out->n)
        return mlp_err_set(e, MLP_EINPUT, "the ONNX file would have more than %zu bytes",
                           out->max);
    mlp_wire_int(out, MODEL_IR, MLP_EMIT_IR);
    mlp_wire_str(out, MODEL_PRODUCER, about->producer);
    mlp_wire_str(out, MODEL_VERSION, about->version);
    mlp_wire_str(out, MODEL_DOC, about->doc);
    size_t g = mlp_wire_open(out, MODEL_GRAPH);
    put_graph(w, out, about->graph, true);
    mlp_wire_close(out, g);
    put_opset(out, "", MLP_EMIT_OPSET);
    if (w->uses_ml)
        put_opset(out, "ai.onnx.ml", MLP_EMIT_OPSET_ML);
    if (w->uses_ms)
        put_opset(out, "com.microsoft", 1);
    put_metadata(out, about);
    return mlp_buf_check(out, e);
}
