/* onnx_value.c: values of sequence, map and optional types as files hold them (onnx.h). */
#include "net/onnx.h"

#include "text/proto.h"

/* Field numbers of onnx-data.proto. */
enum {
    SEQUENCE_TENSORS = 3, SEQUENCE_OTHERS = 4,
    MAP_INTS = 3, MAP_TEXTS = 4, MAP_VALUES = 5,
    OPTIONAL_TENSOR = 3, OPTIONAL_SEQUENCE = 5
};

static enum mlp_code bad(struct mlp_err *e, const char *what)
{
    return mlp_err_set(e, MLP_EINPUT, "%s", what);
}

static enum mlp_code read_sequence(struct mlp_tensor *t, struct mlp_arena *a, struct mlp_str bytes,
                                   struct mlp_err *e)
{
    struct mlp_wire_reader r = {bytes.p, bytes.p, bytes.p + bytes.n, e}, count = r;
    struct mlp_wire_field f;
    size_t n = 0;
    while (mlp_wire_next(&count, &f))
        n += f.number == SEQUENCE_TENSORS;
    struct mlp_tensor *items = mlp_arena_array(a, n + 1, sizeof(*items));
    if (!items)
        return mlp_err_nomem(e);
    *t = (struct mlp_tensor){.type = MLP_DT_SEQUENCE};
    t->items = items;
    while (mlp_wire_next(&r, &f)) {
        if (f.number >= SEQUENCE_OTHERS)
            return bad(e, "a sequence of anything but tensors is not understood");
        if (f.number == SEQUENCE_TENSORS &&
            mlp_onnx_parse_tensor(&items[t->n++], a, f.bytes, e))
            return e->code;
    }
    return e->code;
}

/* The keys as a vector: integers, or texts. */
static enum mlp_code read_keys(struct mlp_tensor *keys, struct mlp_arena *a, struct mlp_str bytes,
                               bool texts, struct mlp_err *e)
{
    struct mlp_wire_reader r = {bytes.p, bytes.p, bytes.p + bytes.n, e};
    struct mlp_wire_field f;
    int64_t most = (int64_t)bytes.n; /* a key takes a byte at least */
    if (mlp_tensor_make(keys, a, texts ? MLP_DT_STRING : MLP_DT_INT64, 1, &most, e))
        return e->code;
    keys->n = 0;
    while (mlp_wire_next(&r, &f)) {
        struct mlp_wire_reader sub = mlp_wire_sub(&r, f.bytes);
        uint64_t bits;
        if (texts && f.number == MAP_TEXTS) {
            keys->str[keys->n] = mlp_arena_str(a, f.bytes);
            if (!keys->str[keys->n++].p)
                return mlp_err_nomem(e);
        } else if (!texts && f.number == MAP_INTS && f.type == MLP_WIRE_VARINT) {
            keys->i64[keys->n++] = (int64_t)f.bits;
        } else if (!texts && f.number == MAP_INTS && f.type == MLP_WIRE_LEN) {
            while (mlp_wire_varint(&sub, &bits))
                keys->i64[keys->n++] = (int64_t)bits;
        }
    }
    keys->dims[0] = (int64_t)keys->n;
    return e->code;
}

/* The values are a sequence of one tensor for all keys. */
static enum mlp_code read_map(struct mlp_tensor *t, struct mlp_arena *a,
                              const struct mlp_onnx_value *v, struct mlp_str bytes,
                              struct mlp_err *e)
{
    struct mlp_wire_reader r = {bytes.p, bytes.p, bytes.p + bytes.n, e};
    struct mlp_wire_field f;
    struct mlp_tensor *items = mlp_arena_array(a, 2, sizeof(*items)), values = {0};
    if (!items)
        return mlp_err_nomem(e);
    if (read_keys(&items[0], a, bytes, v->map_key == MLP_DT_STRING, e))
        return e->code;
    while (mlp_wire_next(&r, &f))
        if (f.number == MAP_VALUES && read_sequence(&values, a, f.bytes, e))
            return e->code;
    if (e->code || values.n != 1 || values.items[0].n != items[0].n)
        return bad(e, "a map with other values than keys");
    items[1] = values.items[0];
    *t = (struct mlp_tensor){.type = MLP_DT_MAP, .n = 2};
    t->items = items;
    return MLP_OK;
}

static enum mlp_code read_optional(struct mlp_tensor *t, struct mlp_arena *a, struct mlp_str bytes,
                                   struct mlp_err *e)
{
    struct mlp_wire_reader r = {bytes.p, bytes.p, bytes.p + bytes.n, e};
    struct mlp_wire_field f;
    *t = (struct mlp_tensor){.type = MLP_DT_EMPTY};
    while (mlp_wire_next(&r, &f))
        if ((f.number == OPTIONAL_TENSOR && mlp_onnx_parse_tensor(t, a, f.bytes, e)) ||
            (f.number == OPTIONAL_SEQUENCE && read_sequence(t, a, f.bytes, e)))
            return e->code;
    return e->code;
}

enum mlp_code mlp_onnx_parse_value(struct mlp_tensor *t, struct mlp_arena *a,
                                   const struct mlp_onnx_value *v, struct mlp_str bytes,
                                   struct mlp_err *e)
{
    if (v->optional)
        return read_optional(t, a, bytes, e);
    if (v->sequence)
        return read_sequence(t, a, bytes, e);
    return v->map_key ? read_map(t, a, v, bytes, e) : mlp_onnx_parse_tensor(t, a, bytes, e);
}
