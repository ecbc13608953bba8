#include "net/onnx.h"

#include "net/tiny.h"
#include "text/proto.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "raw_data is little-endian");

/* Field numbers of onnx.proto. */
enum {
    MODEL_IR = 1, MODEL_PRODUCER = 2, MODEL_PRODUCER_VERSION = 3, MODEL_DOC = 6, MODEL_GRAPH = 7,
    MODEL_OPSET = 8, MODEL_METADATA = 14, MODEL_FUNCTIONS = 25,
    GRAPH_NODE = 1, GRAPH_NAME = 2, GRAPH_INIT = 5, GRAPH_INPUT = 11, GRAPH_OUTPUT = 12,
    GRAPH_SPARSE = 15,
    NODE_INPUT = 1, NODE_OUTPUT = 2, NODE_NAME = 3, NODE_OP = 4, NODE_ATTR = 5, NODE_DOMAIN = 7,
    ATTR_NAME = 1, ATTR_F = 2, ATTR_I = 3, ATTR_S = 4, ATTR_T = 5, ATTR_G = 6, ATTR_FLOATS = 7,
    ATTR_INTS = 8, ATTR_STRINGS = 9, ATTR_TYPE = 20, ATTR_REF = 21,
    TENSOR_DIMS = 1, TENSOR_TYPE = 2, TENSOR_FLOATS = 4, TENSOR_INT32S = 5, TENSOR_STRINGS = 6,
    TENSOR_INT64S = 7, TENSOR_NAME = 8, TENSOR_RAW = 9, TENSOR_DOUBLES = 10, TENSOR_UINT64S = 11,
    TENSOR_LOCATION = 14,
    TYPE_TENSOR = 1, TYPE_SEQUENCE = 4, TYPE_MAP = 5, TYPE_OPTIONAL = 9
};

#define MAX_SUBGRAPHS 16

struct reader {
    struct mlp_arena *a;
    struct mlp_err *e;
    unsigned depth;
};

static enum mlp_code bad_at(struct mlp_wire_reader *r, size_t offset, const char *what)
{
    mlp_err_set(r->e, MLP_EINPUT, "%s", what);
    return mlp_err_at_byte(r->e, offset);
}

/* --- repeated fields: counted first, so that each array is made once --- */

static size_t count_field(const struct mlp_wire_reader *r, uint32_t number)
{
    struct mlp_err quiet;
    mlp_err_init(&quiet);
    struct mlp_wire_reader walk = *r;
    struct mlp_wire_field f;
    size_t n = 0;
    for (walk.e = &quiet; mlp_wire_next(&walk, &f);)
        n += f.number == number && f.type == MLP_WIRE_LEN;
    return n;
}

static void *new_array(struct reader *rd, size_t n, size_t size)
{
    void *p = mlp_arena_array(rd->a, n ? n : 1, size);
    if (!p)
        mlp_err_nomem(rd->e);
    return p;
}

static enum mlp_code copy_text(struct reader *rd, struct mlp_str from, struct mlp_str *to)
{
    *to = mlp_arena_str(rd->a, from);
    return to->p ? MLP_OK : mlp_err_nomem(rd->e);
}

static enum mlp_code read_texts(struct reader *rd, struct mlp_wire_reader r, uint32_t number,
                                const struct mlp_str **out, size_t *n)
{
    struct mlp_wire_field f;
    struct mlp_str *p = new_array(rd, count_field(&r, number), sizeof(*p));
    *n = 0;
    *out = p;
    while (p && mlp_wire_next(&r, &f))
        if (f.number == number && f.type == MLP_WIRE_LEN && copy_text(rd, f.bytes, &p[(*n)++]))
            return rd->e->code;
    return rd->e->code;
}

/* Numbers of a repeated field, packed or one by one: `size` bytes each as they are stored, or
 * varints when size is 0. put(to, i, bits) takes them. */
struct sink {
    uint32_t number;
    size_t size;                 /* as stored; 0: varint */
    size_t width;                /* bytes of an element in memory */
    char *to;                    /* NULL: only counted */
    size_t n, max;
};

static void put(struct sink *s, uint64_t bits)
{
    if (s->to && s->n < s->max)
        memcpy(s->to + s->n * s->width, &bits, s->width);
    s->n++;
}

static void put_packed(struct sink *s, const struct mlp_wire_reader *r, struct mlp_str bytes)
{
    struct mlp_wire_reader sub = mlp_wire_sub(r, bytes);
    uint64_t bits = 0;
    if (!s->size)
        while (mlp_wire_varint(&sub, &bits))
            put(s, bits);
    for (size_t i = 0; s->size && i + s->size <= bytes.n; i += s->size) {
        memcpy(&bits, bytes.p + i, s->size);
        put(s, bits);
    }
}

static enum mlp_code read_numbers(struct mlp_wire_reader r, struct sink *s)
{
    struct mlp_wire_field f;
    s->n = 0;
    while (mlp_wire_next(&r, &f)) {
        if (f.number != s->number)
            continue;
        if (f.type == MLP_WIRE_LEN)
            put_packed(s, &r, f.bytes);
        else
            put(s, f.bits);
    }
    return r.e->code;
}

/* Counts and then reads into an array of the arena. */
static enum mlp_code read_array(struct reader *rd, struct mlp_wire_reader r, struct sink *s)
{
    if (read_numbers(r, s))
        return rd->e->code;
    s->max = s->n;
    s->to = new_array(rd, s->n, s->width);
    return s->to ? read_numbers(r, s) : rd->e->code;
}

/* --- TensorProto --- */

struct tensor_head {
    int64_t type, location;
    struct mlp_str raw, name;
    bool has_raw;
    uint32_t rank;
    int64_t dims[MLP_MAX_RANK];
};

static enum mlp_code read_dims(struct mlp_wire_reader r, struct tensor_head *h)
{
    struct sink s = {.number = TENSOR_DIMS, .width = 8, .to = (char *)h->dims,
                     .max = MLP_MAX_RANK};
    if (read_numbers(r, &s))
        return r.e->code;
    h->rank = (uint32_t)(s.n > UINT32_MAX ? UINT32_MAX : s.n);
    return MLP_OK;
}

static enum mlp_code read_head(struct mlp_wire_reader r, struct tensor_head *h)
{
    struct mlp_wire_field f;
    *h = (struct tensor_head){.name = MLP_STR("")};
    if (read_dims(r, h))
        return r.e->code;
    while (mlp_wire_next(&r, &f)) {
        if (f.number == TENSOR_TYPE)
            h->type = (int64_t)f.bits;
        else if (f.number == TENSOR_LOCATION)
            h->location = (int64_t)f.bits;
        else if (f.number == TENSOR_NAME)
            h->name = f.bytes;
        else if (f.number == TENSOR_RAW) {
            h->raw = f.bytes;
            h->has_raw = true;
        }
    }
    return r.e->code;
}

/* The field that holds the elements of a type, and how they are stored there. */
static struct sink typed_field(enum mlp_dtype t)
{
    size_t width = mlp_dtype_size(t);
    switch (t) {
    case MLP_DT_FLOAT: return (struct sink){.number = TENSOR_FLOATS, .size = 4, .width = 4};
    case MLP_DT_DOUBLE: return (struct sink){.number = TENSOR_DOUBLES, .size = 8, .width = 8};
    case MLP_DT_INT64: return (struct sink){.number = TENSOR_INT64S, .width = 8};
    case MLP_DT_UINT32:
    case MLP_DT_UINT64: return (struct sink){.number = TENSOR_UINT64S, .width = width};
    default: return (struct sink){.number = TENSOR_INT32S, .width = width};
    }
}

static enum mlp_code wrong_size(struct mlp_wire_reader *r, const struct tensor_head *h,
                                size_t have, size_t want)
{
    mlp_err_set(r->e, MLP_EINPUT, "tensor '%.*s' holds %zu elements, its shape asks for %zu",
                MLP_STR_ARG(h->name), have, want);
    return mlp_err_at_byte(r->e, (uint64_t)(r->p - r->start));
}

static enum mlp_code read_strings(struct reader *rd, struct mlp_wire_reader *r,
                                  const struct tensor_head *h, struct mlp_tensor *t)
{
    const struct mlp_str *p;
    size_t n;
    if (read_texts(rd, *r, TENSOR_STRINGS, &p, &n))
        return rd->e->code;
    if (n != t->n)
        return wrong_size(r, h, n, t->n);
    for (size_t i = 0; i < n; i++)
        t->str[i] = p[i];
    return MLP_OK;
}

static enum mlp_code read_elements(struct reader *rd, struct mlp_wire_reader *r,
                                   const struct tensor_head *h, struct mlp_tensor *t)
{
    size_t size = mlp_dtype_size(t->type), packing = mlp_dtype_packing(t->type);
    size_t want = packing == 8 ? t->n : t->n / (8 / packing) + (t->n % (8 / packing) != 0);
    if (t->type == MLP_DT_STRING)
        return read_strings(rd, r, h, t);
    if (h->has_raw) {
        if (h->raw.n != want * size)
            return wrong_size(r, h, h->raw.n / size, want);
        if (h->raw.n)
            memcpy(t->data, h->raw.p, h->raw.n);
    } else {
        struct sink s = typed_field(t->type);
        s.to = t->data;
        s.max = want;
        if (read_numbers(*r, &s))
            return rd->e->code;
        if (s.n != want)
            return wrong_size(r, h, s.n, want);
    }
    mlp_tiny_unpack(t->type, t->u8, t->n);
    return MLP_OK;
}

/* The elements must be in the file before room is made for them: a shape may claim anything. */
static bool may_hold(const struct mlp_wire_reader *r, const struct tensor_head *h)
{
    uint64_t n = 1, most = (uint64_t)(r->end - r->p);
    most *= 8 / mlp_dtype_packing((enum mlp_dtype)h->type);
    for (uint32_t i = 0; i < h->rank && i < MLP_MAX_RANK; i++)
        if (h->dims[i] == 0)
            return true;
    for (uint32_t i = 0; i < h->rank && i < MLP_MAX_RANK; i++) {
        if (h->dims[i] < 0 || (uint64_t)h->dims[i] > most)
            return false;
        n *= (uint64_t)h->dims[i];
        if (n > most)
            return false;
    }
    return true;
}

static enum mlp_code read_tensor(struct reader *rd, struct mlp_wire_reader r,
                                 struct mlp_tensor *t, struct mlp_str *name)
{
    struct tensor_head h;
    if (read_head(r, &h))
        return rd->e->code;
    if (h.location == 1) {
        mlp_err_set(rd->e, MLP_EINPUT, "the elements of tensor '%.*s' are in another file",
                    MLP_STR_ARG(h.name));
        return mlp_err_hint(rd->e, "save the model in one file: "
                                   "onnx.save(model, path, save_as_external_data=False)");
    }
    if (!may_hold(&r, &h))
        return bad_at(&r, (size_t)(r.p - r.start), "the shape of a tensor does not fit its bytes");
    if (mlp_tensor_make(t, rd->a, (enum mlp_dtype)h.type, h.rank, h.dims, rd->e))
        return mlp_err_wrap(rd->e, "tensor '%.*s'", MLP_STR_ARG(h.name));
    if (name && copy_text(rd, h.name, name))
        return rd->e->code;
    return read_elements(rd, &r, &h, t);
}

/* --- NodeProto and its attributes --- */

static enum mlp_code read_graph(struct reader *rd, struct mlp_wire_reader r,
                                struct mlp_onnx_graph *g);

static enum mlp_code attr_graph(struct reader *rd, struct mlp_wire_reader r,
                                struct mlp_onnx_attr *a)
{
    struct mlp_onnx_graph *g = new_array(rd, 1, sizeof(*g));
    a->g = g;
    return g ? read_graph(rd, r, g) : rd->e->code;
}

static enum mlp_code attr_tensor(struct reader *rd, struct mlp_wire_reader r,
                                 struct mlp_onnx_attr *a)
{
    struct mlp_tensor *t = new_array(rd, 1, sizeof(*t));
    a->t = t;
    return t ? read_tensor(rd, r, t, NULL) : rd->e->code;
}

static enum mlp_code attr_field(struct reader *rd, struct mlp_wire_reader *r,
                                const struct mlp_wire_field *f, struct mlp_onnx_attr *a)
{
    uint32_t low = (uint32_t)f->bits;
    switch (f->number) {
    case ATTR_NAME: return copy_text(rd, f->bytes, &a->name);
    case ATTR_TYPE: a->type = (enum mlp_onnx_attr_type)f->bits; return MLP_OK;
    case ATTR_F: memcpy(&a->f, &low, sizeof(a->f)); return MLP_OK;
    case ATTR_I: a->i = (int64_t)f->bits; return MLP_OK;
    case ATTR_S: return copy_text(rd, f->bytes, &a->s);
    case ATTR_T: return attr_tensor(rd, mlp_wire_sub(r, f->bytes), a);
    case ATTR_G: return attr_graph(rd, mlp_wire_sub(r, f->bytes), a);
    case ATTR_REF: return bad_at(r, f->offset, "an attribute that refers to a function's");
    default: return MLP_OK;
    }
}

static enum mlp_code attr_array(struct reader *rd, struct mlp_wire_reader r,
                                struct mlp_onnx_attr *a)
{
    struct sink floats = {.number = ATTR_FLOATS, .size = 4, .width = 4};
    struct sink ints = {.number = ATTR_INTS, .width = 8};
    if (a->type == MLP_ATTR_STRINGS)
        return read_texts(rd, r, ATTR_STRINGS, &a->strings, &a->n);
    if (a->type == MLP_ATTR_FLOATS && !read_array(rd, r, &floats)) {
        a->floats = (const float *)(const void *)floats.to;
        a->n = floats.n;
    }
    if (a->type == MLP_ATTR_INTS && !read_array(rd, r, &ints)) {
        a->ints = (const int64_t *)(const void *)ints.to;
        a->n = ints.n;
    }
    return rd->e->code;
}

/* IR version 1 left the type out; then it shows by the field that is there. */
static void guess_type(struct mlp_onnx_attr *a, uint32_t number)
{
    static const uint8_t of_field[] = {
        [ATTR_F] = MLP_ATTR_FLOAT, [ATTR_I] = MLP_ATTR_INT, [ATTR_S] = MLP_ATTR_STRING,
        [ATTR_T] = MLP_ATTR_TENSOR, [ATTR_G] = MLP_ATTR_GRAPH, [ATTR_FLOATS] = MLP_ATTR_FLOATS,
        [ATTR_INTS] = MLP_ATTR_INTS, [ATTR_STRINGS] = MLP_ATTR_STRINGS};
    if (!a->type && number < sizeof(of_field))
        a->type = (enum mlp_onnx_attr_type)of_field[number];
}

static enum mlp_code read_attr(struct reader *rd, struct mlp_wire_reader r,
                               struct mlp_onnx_attr *a)
{
    struct mlp_wire_reader all = r;
    struct mlp_wire_field f;
    uint32_t seen = 0;
    *a = (struct mlp_onnx_attr){.name = MLP_STR(""), .s = MLP_STR("")};
    while (mlp_wire_next(&r, &f)) {
        if (attr_field(rd, &r, &f, a))
            return rd->e->code;
        if (f.number > ATTR_NAME && f.number <= ATTR_STRINGS)
            seen = f.number;
    }
    guess_type(a, seen);
    return rd->e->code ? rd->e->code : attr_array(rd, all, a);
}

static enum mlp_code node_attrs(struct reader *rd, struct mlp_wire_reader r,
                                struct mlp_onnx_node *n)
{
    struct mlp_wire_field f;
    struct mlp_onnx_attr *p = new_array(rd, count_field(&r, NODE_ATTR), sizeof(*p));
    n->attrs = p;
    while (p && mlp_wire_next(&r, &f))
        if (f.number == NODE_ATTR && f.type == MLP_WIRE_LEN &&
            read_attr(rd, mlp_wire_sub(&r, f.bytes), &p[n->nattrs++]))
            return rd->e->code;
    return rd->e->code;
}

static struct mlp_str plain_domain(struct mlp_str d)
{
    return mlp_str_is(d, "ai.onnx") ? MLP_STR("") : d;
}

static enum mlp_code read_node(struct reader *rd, struct mlp_wire_reader r,
                               struct mlp_onnx_node *n)
{
    struct mlp_wire_reader all = r;
    struct mlp_wire_field f;
    struct mlp_str domain = MLP_STR("");
    *n = (struct mlp_onnx_node){.name = MLP_STR(""), .op_type = MLP_STR(""),
                                .offset = (size_t)(r.p - r.start)};
    while (mlp_wire_next(&r, &f)) {
        if ((f.number == NODE_NAME && copy_text(rd, f.bytes, &n->name)) ||
            (f.number == NODE_OP && copy_text(rd, f.bytes, &n->op_type)))
            return rd->e->code;
        if (f.number == NODE_DOMAIN)
            domain = plain_domain(f.bytes);
    }
    if (copy_text(rd, domain, &n->domain) || read_texts(rd, all, NODE_INPUT, &n->in, &n->nin) ||
        read_texts(rd, all, NODE_OUTPUT, &n->out, &n->nout))
        return rd->e->code;
    return node_attrs(rd, all, n);
}

/* --- ValueInfoProto --- */

static enum mlp_code read_dim(struct mlp_wire_reader r, int64_t *d)
{
    struct mlp_wire_field f;
    for (*d = -1; mlp_wire_next(&r, &f);)
        if (f.number == 1 && f.type == MLP_WIRE_VARINT)
            *d = (int64_t)f.bits;
    return r.e->code;
}

static enum mlp_code read_shape(struct mlp_wire_reader r, struct mlp_onnx_value *v)
{
    struct mlp_wire_field f;
    v->rank = 0;
    while (mlp_wire_next(&r, &f)) {
        if (f.number != 1 || f.type != MLP_WIRE_LEN)
            continue;
        if (v->rank == MLP_MAX_RANK)
            return bad_at(&r, f.offset, "a shape of more than 8 dimensions");
        if (read_dim(mlp_wire_sub(&r, f.bytes), &v->dims[v->rank++]))
            return r.e->code;
    }
    return r.e->code;
}

static enum mlp_code read_tensor_type(struct mlp_wire_reader r, struct mlp_onnx_value *v)
{
    struct mlp_wire_field f;
    while (mlp_wire_next(&r, &f)) {
        if (f.number == 1)
            v->type = (enum mlp_dtype)f.bits;
        if (f.number == 2 && read_shape(mlp_wire_sub(&r, f.bytes), v))
            return r.e->code;
    }
    return r.e->code;
}

static enum mlp_code read_type(struct mlp_wire_reader r, struct mlp_onnx_value *v, unsigned depth);

/* map(key, value): the key's type; the value is told as if there were no map. */
static enum mlp_code read_map(struct mlp_wire_reader r, struct mlp_onnx_value *v, unsigned depth)
{
    struct mlp_wire_field f;
    while (mlp_wire_next(&r, &f)) {
        if (f.number == 1)
            v->map_key = (enum mlp_dtype)f.bits;
        if (f.number == 2 && read_type(mlp_wire_sub(&r, f.bytes), v, depth + 1))
            return r.e->code;
    }
    return r.e->code;
}

/* sequence(element) and optional(element): field 1 is the element's type. */
static enum mlp_code read_element(struct mlp_wire_reader r, struct mlp_onnx_value *v,
                                  unsigned depth)
{
    struct mlp_wire_field f;
    while (mlp_wire_next(&r, &f))
        if (f.number == 1 && read_type(mlp_wire_sub(&r, f.bytes), v, depth + 1))
            return r.e->code;
    return r.e->code;
}

static enum mlp_code read_type(struct mlp_wire_reader r, struct mlp_onnx_value *v, unsigned depth)
{
    struct mlp_wire_field f;
    if (depth > MAX_SUBGRAPHS)
        return bad_at(&r, (size_t)(r.p - r.start), "a type within too many types");
    while (mlp_wire_next(&r, &f)) {
        struct mlp_wire_reader sub = mlp_wire_sub(&r, f.bytes);
        v->sequence = v->sequence || f.number == TYPE_SEQUENCE;
        v->optional = v->optional || f.number == TYPE_OPTIONAL;
        if ((f.number == TYPE_TENSOR && read_tensor_type(sub, v)) ||
            ((f.number == TYPE_SEQUENCE || f.number == TYPE_OPTIONAL) &&
             read_element(sub, v, depth)) ||
            (f.number == TYPE_MAP && read_map(sub, v, depth)))
            return r.e->code;
    }
    return r.e->code;
}

static enum mlp_code read_value(struct reader *rd, struct mlp_wire_reader r,
                                struct mlp_onnx_value *v)
{
    struct mlp_wire_field f;
    *v = (struct mlp_onnx_value){.name = MLP_STR(""), .rank = -1};
    while (mlp_wire_next(&r, &f))
        if ((f.number == 1 && copy_text(rd, f.bytes, &v->name)) ||
            (f.number == 2 && read_type(mlp_wire_sub(&r, f.bytes), v, 0)))
            return rd->e->code;
    return rd->e->code;
}

/* --- GraphProto --- */

struct parts {
    struct mlp_onnx_node *nodes;
    struct mlp_onnx_value *inputs, *outputs;
    struct mlp_str *init_names;
    struct mlp_tensor *inits;
};

static enum mlp_code graph_rooms(struct reader *rd, const struct mlp_wire_reader *r,
                                 struct parts *p)
{
    size_t ninits = count_field(r, GRAPH_INIT);
    p->nodes = new_array(rd, count_field(r, GRAPH_NODE), sizeof(*p->nodes));
    p->inputs = new_array(rd, count_field(r, GRAPH_INPUT), sizeof(*p->inputs));
    p->outputs = new_array(rd, count_field(r, GRAPH_OUTPUT), sizeof(*p->outputs));
    p->init_names = new_array(rd, ninits, sizeof(*p->init_names));
    p->inits = new_array(rd, ninits, sizeof(*p->inits));
    return rd->e->code;
}

static enum mlp_code graph_field(struct reader *rd, struct mlp_wire_reader *r,
                                 const struct mlp_wire_field *f, struct mlp_onnx_graph *g,
                                 struct parts *p)
{
    struct mlp_wire_reader sub = mlp_wire_sub(r, f->bytes);
    switch (f->type == MLP_WIRE_LEN ? f->number : 0) {
    case GRAPH_NAME: return copy_text(rd, f->bytes, &g->name);
    case GRAPH_NODE: return read_node(rd, sub, &p->nodes[g->nnodes++]);
    case GRAPH_INPUT: return read_value(rd, sub, &p->inputs[g->ninputs++]);
    case GRAPH_OUTPUT: return read_value(rd, sub, &p->outputs[g->noutputs++]);
    case GRAPH_SPARSE: return bad_at(r, f->offset, "a sparse weight, which is not understood");
    case GRAPH_INIT:
        g->ninits++;
        return read_tensor(rd, sub, &p->inits[g->ninits - 1], &p->init_names[g->ninits - 1]);
    default: return MLP_OK;
    }
}

static enum mlp_code read_graph(struct reader *rd, struct mlp_wire_reader r,
                                struct mlp_onnx_graph *g)
{
    struct parts p;
    struct mlp_wire_field f;
    *g = (struct mlp_onnx_graph){.name = MLP_STR("")};
    if (rd->depth == MAX_SUBGRAPHS)
        return bad_at(&r, (size_t)(r.p - r.start), "a graph within too many graphs");
    rd->depth++;
    if (graph_rooms(rd, &r, &p))
        return rd->e->code;
    *g = (struct mlp_onnx_graph){.name = MLP_STR(""), .nodes = p.nodes, .inputs = p.inputs,
                                 .outputs = p.outputs, .init_names = p.init_names,
                                 .inits = p.inits};
    while (mlp_wire_next(&r, &f))
        if (graph_field(rd, &r, &f, g, &p))
            return rd->e->code;
    rd->depth--;
    return rd->e->code;
}

/* --- ModelProto --- */

static enum mlp_code read_opset(struct reader *rd, struct mlp_wire_reader r,
                                struct mlp_onnx_opset *o)
{
    struct mlp_wire_field f;
    *o = (struct mlp_onnx_opset){.domain = MLP_STR("")};
    while (mlp_wire_next(&r, &f)) {
        if (f.number == 1 && copy_text(rd, plain_domain(f.bytes), &o->domain))
            return rd->e->code;
        if (f.number == 2)
            o->version = (int64_t)f.bits;
    }
    return rd->e->code;
}

static enum mlp_code read_entry(struct reader *rd, struct mlp_wire_reader r, struct mlp_str *key,
                                struct mlp_str *value)
{
    struct mlp_wire_field f;
    *key = *value = MLP_STR("");
    while (mlp_wire_next(&r, &f))
        if ((f.number == 1 && copy_text(rd, f.bytes, key)) ||
            (f.number == 2 && copy_text(rd, f.bytes, value)))
            return rd->e->code;
    return rd->e->code;
}

/* Operator sets and metadata. */
static enum mlp_code model_lists(struct reader *rd, struct mlp_wire_reader r,
                                 struct mlp_onnx_model *m)
{
    struct mlp_wire_field f;
    size_t nmeta = count_field(&r, MODEL_METADATA);
    struct mlp_onnx_opset *o = new_array(rd, count_field(&r, MODEL_OPSET), sizeof(*o));
    struct mlp_str *keys = new_array(rd, nmeta, sizeof(*keys));
    struct mlp_str *values = new_array(rd, nmeta, sizeof(*values));
    if (rd->e->code)
        return rd->e->code;
    m->opsets = o;
    m->metadata_keys = keys;
    m->metadata_values = values;
    while (mlp_wire_next(&r, &f)) {
        struct mlp_wire_reader sub = mlp_wire_sub(&r, f.bytes);
        if (f.type != MLP_WIRE_LEN)
            continue;
        if (f.number == MODEL_OPSET)
            read_opset(rd, sub, &o[m->nopsets++]);
        if (f.number == MODEL_METADATA) {
            read_entry(rd, sub, &keys[m->nmetadata], &values[m->nmetadata]);
            m->nmetadata++;
        }
    }
    return rd->e->code;
}

static enum mlp_code model_field(struct reader *rd, struct mlp_wire_reader *r,
                                 const struct mlp_wire_field *f, struct mlp_onnx_model *m)
{
    switch (f->number) {
    case MODEL_IR: m->ir_version = (int64_t)f->bits; return MLP_OK;
    case MODEL_PRODUCER: return copy_text(rd, f->bytes, &m->producer);
    case MODEL_PRODUCER_VERSION: return copy_text(rd, f->bytes, &m->producer_version);
    case MODEL_DOC: return copy_text(rd, f->bytes, &m->doc);
    case MODEL_GRAPH: return read_graph(rd, mlp_wire_sub(r, f->bytes), &m->graph);
    case MODEL_FUNCTIONS:
        return bad_at(r, f->offset, "the model has functions of its own, not understood");
    default: return MLP_OK;
    }
}

enum mlp_code mlp_onnx_parse(struct mlp_onnx_model *m, struct mlp_arena *a, struct mlp_str bytes,
                             struct mlp_err *e)
{
    struct reader rd = {.a = a, .e = e};
    struct mlp_wire_reader r = {bytes.p, bytes.p, bytes.p + bytes.n, e};
    struct mlp_wire_field f;
    *m = (struct mlp_onnx_model){.producer = MLP_STR(""), .producer_version = MLP_STR(""),
                                 .doc = MLP_STR("")};
    if (model_lists(&rd, r, m))
        return e->code;
    while (mlp_wire_next(&r, &f))
        if (model_field(&rd, &r, &f, m))
            return e->code;
    if (!e->code && !m->graph.nodes)
        return bad_at(&r, 0, "the file holds no graph: it is no ONNX model");
    return e->code;
}

enum mlp_code mlp_onnx_parse_tensor(struct mlp_tensor *t, struct mlp_arena *a,
                                    struct mlp_str bytes, struct mlp_err *e)
{
    struct reader rd = {.a = a, .e = e};
    struct mlp_wire_reader r = {bytes.p, bytes.p, bytes.p + bytes.n, e};
    return read_tensor(&rd, r, t, NULL);
}
