#include "table/thrift.h"

#define MOST_DEPTH 32

static unsigned byte(struct mlp_thrift *t)
{
    t->bad = t->bad || t->p == t->end;
    return t->bad ? 0 : *t->p++;
}

uint64_t mlp_thrift_varint(struct mlp_thrift *t)
{
    uint64_t v = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        unsigned b = byte(t);
        v |= (uint64_t)(b & 127) << shift;
        if (!(b & 128))
            return t->bad ? 0 : v;
    }
    t->bad = true;
    return 0;
}

int64_t mlp_thrift_int(struct mlp_thrift *t)
{
    uint64_t v = mlp_thrift_varint(t);
    return (int64_t)(v >> 1 ^ (0 - (v & 1)));
}

bool mlp_thrift_field(struct mlp_thrift *t, int *id, enum mlp_thrift_type *type)
{
    unsigned head = byte(t);
    *type = (enum mlp_thrift_type)(head & 15);
    if (t->bad || *type == MLP_THRIFT_STOP)
        return false;
    int64_t next = head >> 4 ? *id + (int64_t)(head >> 4) : mlp_thrift_int(t);
    t->bad = t->bad || *type > MLP_THRIFT_STRUCT || next < 0 || next > 32767;
    *id = t->bad ? 0 : (int)next;
    return !t->bad;
}

struct mlp_str mlp_thrift_bytes(struct mlp_thrift *t)
{
    uint64_t n = mlp_thrift_varint(t);
    t->bad = t->bad || n > (uint64_t)(t->end - t->p);
    if (t->bad)
        return (struct mlp_str){"", 0};
    struct mlp_str s = {(const char *)t->p, (size_t)n};
    t->p += n;
    return s;
}

size_t mlp_thrift_list(struct mlp_thrift *t, enum mlp_thrift_type *type)
{
    unsigned head = byte(t);
    uint64_t n = head >> 4 == 15 ? mlp_thrift_varint(t) : head >> 4;
    *type = (enum mlp_thrift_type)(head & 15);
    t->bad = t->bad || n > (uint64_t)(t->end - t->p);
    return t->bad ? 0 : (size_t)n;
}

static void pass(struct mlp_thrift *t, uint64_t n)
{
    t->bad = t->bad || n > (uint64_t)(t->end - t->p);
    t->p += t->bad ? 0 : n;
}

/* An item of a list or map. Every one takes a byte at least, so that no count is endless: a truth
 * value has a byte of its own here, as a field its type says it. */
static void skip_item(struct mlp_thrift *t, unsigned type)
{
    t->bad = t->bad || type > MLP_THRIFT_STRUCT;
    mlp_thrift_skip(t, type <= MLP_THRIFT_FALSE ? MLP_THRIFT_BYTE : (enum mlp_thrift_type)type);
}

static void skip_map(struct mlp_thrift *t)
{
    uint64_t n = mlp_thrift_varint(t);
    unsigned types = n ? byte(t) : 0;
    for (uint64_t i = 0; i < n && !t->bad; i++) {
        skip_item(t, types >> 4);
        skip_item(t, types & 15);
    }
}

static void skip_list(struct mlp_thrift *t)
{
    enum mlp_thrift_type type;
    size_t n = mlp_thrift_list(t, &type);
    for (size_t i = 0; i < n && !t->bad; i++)
        skip_item(t, type);
}

static void skip_struct(struct mlp_thrift *t)
{
    enum mlp_thrift_type type;
    int id = 0;
    while (mlp_thrift_field(t, &id, &type))
        mlp_thrift_skip(t, type);
}

void mlp_thrift_skip(struct mlp_thrift *t, enum mlp_thrift_type type)
{
    t->bad = t->bad || t->depth >= MOST_DEPTH;
    if (t->bad)
        return;
    t->depth++;
    if (type == MLP_THRIFT_BYTE)
        pass(t, 1);
    else if (type >= MLP_THRIFT_I16 && type <= MLP_THRIFT_I64)
        mlp_thrift_varint(t);
    else if (type == MLP_THRIFT_DOUBLE)
        pass(t, 8);
    else if (type == MLP_THRIFT_BINARY)
        mlp_thrift_bytes(t);
    else if (type == MLP_THRIFT_LIST || type == MLP_THRIFT_SET)
        skip_list(t);
    else if (type == MLP_THRIFT_MAP)
        skip_map(t);
    else if (type == MLP_THRIFT_STRUCT)
        skip_struct(t);
    t->depth--;
}
