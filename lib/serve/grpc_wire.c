#include "serve/grpc_wire.h"

#include "text/proto.h"

/* Fields of InferTensorContents. */
enum { IN_BOOL = 1, IN_INT, IN_INT64, IN_UINT, IN_UINT64, IN_FP32, IN_FP64, IN_BYTES };

/* Fields of ModelInferRequest, ModelInferResponse and ModelMetadataResponse. */
enum { REQUEST_INPUTS = 5, REQUEST_OUTPUTS = 6, REQUEST_RAW = 7,
       RESPONSE_OUTPUTS = 5, RESPONSE_RAW = 6, METADATA_INPUTS = 4, METADATA_OUTPUTS = 5 };

/* Fields of a tensor in both, and in metadata as far as they go. */
enum { TENSOR_NAME = 1, TENSOR_TYPE = 2, TENSOR_SHAPE = 3, TENSOR_CONTENTS = 5 };

static struct mlp_wire_reader reader(struct mlp_str bytes, struct mlp_err *e)
{
    return (struct mlp_wire_reader){bytes.p, bytes.p, bytes.p + bytes.n, e};
}

static enum mlp_code ended(const struct mlp_wire_reader *r)
{
    return r->e->code ? mlp_err_wrap(r->e, "the message is no protobuf of its type") : MLP_OK;
}

enum mlp_code mlp_grpc_read_names(struct mlp_str bytes, struct mlp_grpc_names *names,
                                  struct mlp_err *e)
{
    struct mlp_wire_reader r = reader(bytes, e);
    struct mlp_wire_field f;
    *names = (struct mlp_grpc_names){0};
    while (mlp_wire_next(&r, &f)) {
        if (f.type == MLP_WIRE_LEN && f.number <= 3)
            names->text[f.number - 1] = f.bytes;
        else if (f.type == MLP_WIRE_VARINT && f.number == 2)
            names->flag = f.bits != 0;
    }
    return ended(&r);
}

/* --- tensors --- */

static enum mlp_code about(const struct mlp_tensor *t, struct mlp_err *e)
{
    int n = (int)(t->name.n < 120 ? t->name.n : 120);
    return mlp_err_wrap(e, "tensor \"%.*s\"", n, t->name.n ? t->name.p : "");
}

static enum mlp_code add_dimension(struct mlp_tensor *t, uint64_t v, struct mlp_err *e)
{
    if (t->rank == MLP_TENSOR_RANK || v > INT64_MAX)
        return mlp_err_set(e, MLP_EINPUT, v > INT64_MAX ? "a negative dimension"
                                                        : "too many dimensions");
    t->shape[t->rank++] = v;
    return MLP_OK;
}

static enum mlp_code read_shape(struct mlp_tensor *t, const struct mlp_wire_reader *r,
                                const struct mlp_wire_field *f)
{
    uint64_t v;
    if (f->type == MLP_WIRE_VARINT)
        return add_dimension(t, f->bits, r->e);
    struct mlp_wire_reader packed = mlp_wire_sub(r, f->bytes);
    while (mlp_wire_varint(&packed, &v))
        if (add_dimension(t, v, r->e) != MLP_OK)
            break;
    return r->e->code;
}

/* The field of InferTensorContents that holds a type; 0: there is none. */
static uint32_t field_of(enum mlp_datatype t)
{
    static const uint8_t fields[MLP_DATATYPES] = {
        [MLP_DT_BOOL] = IN_BOOL, [MLP_DT_INT8] = IN_INT, [MLP_DT_INT16] = IN_INT,
        [MLP_DT_INT32] = IN_INT, [MLP_DT_INT64] = IN_INT64, [MLP_DT_UINT8] = IN_UINT,
        [MLP_DT_UINT16] = IN_UINT, [MLP_DT_UINT32] = IN_UINT, [MLP_DT_UINT64] = IN_UINT64,
        [MLP_DT_FP32] = IN_FP32, [MLP_DT_FP64] = IN_FP64, [MLP_DT_BYTES] = IN_BYTES,
    };
    return fields[t];
}

static double number_of(uint32_t field, uint64_t bits)
{
    uint32_t half = (uint32_t)bits;
    double d;
    float f;
    switch (field) {
    case IN_BOOL:
        return bits != 0;
    case IN_INT: case IN_INT64:
        return (double)(int64_t)bits;
    case IN_FP32:
        memcpy(&f, &half, sizeof f);
        return (double)f;
    case IN_FP64:
        memcpy(&d, &bits, sizeof d);
        return d;
    default:
        return (double)bits;
    }
}

/* Elements that a field brings: one, or a packed run of them. */
static size_t count_elements(const struct mlp_wire_field *f)
{
    size_t n = 0;
    if (f->type != MLP_WIRE_LEN || f->number == IN_BYTES)
        return 1;
    if (f->number == IN_FP32 || f->number == IN_FP64)
        return f->bytes.n / (f->number == IN_FP32 ? 4 : 8);
    for (size_t i = 0; i < f->bytes.n; i++)
        n += (unsigned char)f->bytes.p[i] < 0x80; /* each varint ends once */
    return n;
}

static uint64_t little(const char *p, size_t n)
{
    uint64_t v = 0;
    for (size_t i = n; i-- > 0;)
        v = v << 8 | (unsigned char)p[i];
    return v;
}

/* Writes what count_elements counted; returns where the next field goes on. */
static double *fill_numbers(const struct mlp_wire_reader *r, const struct mlp_wire_field *f,
                            double *to)
{
    struct mlp_wire_reader packed = mlp_wire_sub(r, f->bytes);
    size_t size = f->number == IN_FP32 ? 4 : 8;
    uint64_t v;
    if (f->type != MLP_WIRE_LEN) {
        *to++ = number_of(f->number, f->bits);
    } else if (f->number == IN_FP32 || f->number == IN_FP64) {
        for (size_t i = 0; i + size <= f->bytes.n; i += size)
            *to++ = number_of(f->number, little(f->bytes.p + i, size));
    } else {
        while (mlp_wire_varint(&packed, &v))
            *to++ = number_of(f->number, v);
    }
    return to;
}

/* Counts the elements of typed contents. *whole: they are one packed run of floats, which has the
 * layout of raw contents already. */
static enum mlp_code count_contents(struct mlp_tensor *t, struct mlp_wire_reader r,
                                    struct mlp_str *whole)
{
    struct mlp_wire_field f;
    uint32_t field = field_of(t->type);
    size_t n = 0;
    *whole = (struct mlp_str){0};
    for (; mlp_wire_next(&r, &f); n++) {
        if (f.number > IN_BYTES)
            continue;
        if (f.number != field || (field == IN_BYTES && f.type != MLP_WIRE_LEN))
            return mlp_err_set(r.e, MLP_EINPUT, "its contents are not those of %s",
                               mlp_datatype_name(t->type));
        bool floats = (field == IN_FP32 || field == IN_FP64) && f.type == MLP_WIRE_LEN;
        *whole = floats && n == 0 ? f.bytes : (struct mlp_str){0};
        t->count += count_elements(&f);
    }
    return r.e->code;
}

static enum mlp_code read_contents(struct mlp_tensor *t, struct mlp_wire_reader r,
                                   struct mlp_arena *arena)
{
    struct mlp_wire_field f;
    struct mlp_str whole;
    enum mlp_code code = count_contents(t, r, &whole);
    if (code != MLP_OK)
        return code;
    if (whole.p) {
        t->raw = whole;
        return MLP_OK;
    }
    bool texts = t->type == MLP_DT_BYTES;
    void *memory = mlp_arena_array(arena, t->count + 1, texts ? sizeof(struct mlp_str)
                                                              : sizeof(double));
    if (!memory)
        return mlp_err_nomem(r.e);
    double *number = memory;
    struct mlp_str *text = memory;
    t->numbers = texts ? NULL : number;
    t->texts = texts ? text : NULL;
    while (mlp_wire_next(&r, &f)) {
        if (f.number > IN_BYTES)
            continue;
        if (texts)
            *text++ = f.bytes;
        else
            number = fill_numbers(&r, &f, number);
    }
    return r.e->code;
}

/* Reads an InferInputTensor. *typed: it has contents. */
static enum mlp_code read_tensor(struct mlp_tensor *t, struct mlp_wire_reader r,
                                 struct mlp_arena *arena, bool *typed)
{
    struct mlp_wire_field f;
    struct mlp_str contents = {0}, type = {0};
    enum mlp_code code = MLP_OK;
    while (code == MLP_OK && mlp_wire_next(&r, &f)) {
        if (f.number == TENSOR_SHAPE)
            code = read_shape(t, &r, &f);
        else if (f.number == TENSOR_NAME)
            t->name = f.bytes;
        else if (f.number == TENSOR_TYPE)
            type = f.bytes;
        else if (f.number == TENSOR_CONTENTS)
            contents = f.bytes;
    }
    code = code == MLP_OK ? r.e->code : code;
    t->type = mlp_datatype_find(type);
    *typed = contents.n != 0;
    if (code == MLP_OK && *typed)
        code = read_contents(t, mlp_wire_sub(&r, contents), arena);
    return code == MLP_OK ? code : about(t, r.e);
}

/* --- requests --- */

static enum mlp_code count_parts(struct mlp_wire_reader r, struct mlp_grpc_request *q, size_t *raws)
{
    struct mlp_wire_field f;
    while (mlp_wire_next(&r, &f)) {
        q->in.n += f.number == REQUEST_INPUTS;
        q->noutputs += f.number == REQUEST_OUTPUTS;
        *raws += f.number == REQUEST_RAW;
    }
    return ended(&r);
}

/* The name of an InferRequestedOutputTensor. */
static struct mlp_str read_output(struct mlp_wire_reader r)
{
    struct mlp_wire_field f;
    struct mlp_str name = MLP_STR("");
    while (mlp_wire_next(&r, &f))
        if (f.number == TENSOR_NAME)
            name = f.bytes;
    return name;
}

static enum mlp_code read_parts(struct mlp_wire_reader r, struct mlp_arena *arena,
                                struct mlp_grpc_request *q)
{
    struct mlp_wire_field f;
    size_t inputs = 0, outputs = 0, raws = 0;
    enum mlp_code code = MLP_OK;
    bool typed = false, any = false;
    while (code == MLP_OK && mlp_wire_next(&r, &f)) {
        if (f.number == REQUEST_INPUTS)
            code = read_tensor(&q->in.tensor[inputs++], mlp_wire_sub(&r, f.bytes), arena, &typed);
        else if (f.number == REQUEST_OUTPUTS)
            q->outputs[outputs++] = read_output(mlp_wire_sub(&r, f.bytes));
        else if (f.number == REQUEST_RAW)
            q->in.tensor[raws++].raw = f.bytes;
        any = any || typed;
    }
    code = code == MLP_OK ? ended(&r) : code;
    if (code == MLP_OK && any && q->raw)
        return mlp_err_set(r.e, MLP_EINPUT, "contents and raw_input_contents exclude each other");
    return code;
}

enum mlp_code mlp_grpc_read_infer(struct mlp_str bytes, struct mlp_arena *arena,
                                  struct mlp_grpc_request *q, struct mlp_err *e)
{
    struct mlp_wire_reader r = reader(bytes, e);
    size_t raws = 0;
    *q = (struct mlp_grpc_request){0};
    enum mlp_code code = count_parts(r, q, &raws);
    if (code != MLP_OK)
        return code;
    if (raws && raws != q->in.n)
        return mlp_err_set(e, MLP_EINPUT, "%zu inputs have %zu raw_input_contents", q->in.n, raws);
    q->raw = raws != 0;
    q->in.tensor = mlp_arena_array(arena, q->in.n + 1, sizeof *q->in.tensor);
    q->outputs = mlp_arena_array(arena, q->noutputs + 1, sizeof *q->outputs);
    if (!q->in.tensor || !q->outputs)
        return mlp_err_nomem(e);
    return read_parts(r, arena, q);
}

enum mlp_code mlp_grpc_choose(const struct mlp_grpc_request *r, struct mlp_tensor_out *out,
                              size_t nout, struct mlp_err *e)
{
    for (size_t k = 0; r->noutputs && k < nout; k++)
        out[k].wanted = false;
    for (size_t i = 0; i < r->noutputs; i++) {
        size_t k = 0;
        while (k < nout && !mlp_str_is(r->outputs[i], out[k].name))
            k++;
        if (k == nout)
            return mlp_err_set(e, MLP_EINPUT, "the model has no output \"%.*s\"",
                               (int)(r->outputs[i].n < 100 ? r->outputs[i].n : 100),
                               r->outputs[i].p);
        out[k].wanted = true;
    }
    return MLP_OK;
}

/* --- answers --- */

void mlp_grpc_write_version(struct mlp_buf *b, unsigned field, uint64_t version)
{
    size_t at = mlp_wire_open(b, field);
    mlp_buf_addu64(b, version);
    mlp_wire_close(b, at);
}

/* Elements in the raw layout as InferTensorContents. */
static void write_contents(const struct mlp_tensor_out *o, struct mlp_buf *b)
{
    const char *p = o->raw.p, *end = p ? p + o->raw.n : p;
    uint32_t field = field_of(o->type);
    size_t at = mlp_wire_open(b, TENSOR_CONTENTS);
    if (o->type == MLP_DT_FP64 || o->type == MLP_DT_BOOL) {
        mlp_wire_str(b, field, mlp_buf_str(&o->raw)); /* packed, the layout is the same */
    } else if (o->type == MLP_DT_INT64) {
        for (; p < end; p += 8)
            mlp_wire_int(b, field, (int64_t)little(p, 8));
    } else {
        for (size_t n; p < end; p += 4 + n) {
            n = (size_t)little(p, 4);
            mlp_wire_str(b, field, (struct mlp_str){p + 4, n});
        }
    }
    mlp_wire_close(b, at);
}

static void write_tensor(struct mlp_buf *b, unsigned field, const struct mlp_tensor_out *o,
                         bool contents)
{
    size_t at = mlp_wire_open(b, field);
    mlp_wire_text(b, TENSOR_NAME, o->name);
    mlp_wire_text(b, TENSOR_TYPE, mlp_datatype_name(o->type));
    for (size_t i = 0; i < o->rank; i++)
        mlp_wire_int(b, TENSOR_SHAPE, o->shape[i]);
    if (contents)
        write_contents(o, b);
    mlp_wire_close(b, at);
}

void mlp_grpc_write_infer(const struct mlp_grpc_names *names, uint64_t version, bool raw,
                          const struct mlp_tensor_out *out, size_t nout, struct mlp_buf *b)
{
    mlp_wire_str(b, 1, names->text[0]);
    mlp_grpc_write_version(b, 2, version);
    if (names->text[2].n)
        mlp_wire_str(b, 3, names->text[2]);
    for (size_t k = 0; k < nout; k++)
        if (out[k].wanted)
            write_tensor(b, RESPONSE_OUTPUTS, &out[k], !raw);
    for (size_t k = 0; raw && k < nout; k++)
        if (out[k].wanted)
            mlp_wire_str(b, RESPONSE_RAW, mlp_buf_str(&out[k].raw));
}

void mlp_grpc_write_signature(const struct mlp_served *s, struct mlp_buf *b)
{
    struct mlp_tensor_out out[MLP_TENSOR_OUTPUTS];
    if (!s->model)
        return;
    size_t nout = mlp_tensor_outputs(s, 1, out);
    for (size_t i = 0; i < s->info->ninputs; i++) {
        size_t at = mlp_wire_open(b, METADATA_INPUTS);
        mlp_wire_str(b, TENSOR_NAME, s->info->inputs[i].name);
        mlp_wire_text(b, TENSOR_TYPE, mlp_datatype_name(mlp_tensor_input_type(s, i)));
        mlp_wire_int(b, TENSOR_SHAPE, -1);
        mlp_wire_int(b, TENSOR_SHAPE, 1);
        mlp_wire_close(b, at);
    }
    for (size_t k = 0; k < nout; k++)
        write_tensor(b, METADATA_OUTPUTS, &out[k], false);
    mlp_tensor_outputs_fini(out, nout);
}
