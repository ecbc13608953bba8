/* proto_write.c: protobuf fields, written (proto.h). */
#include "text/proto.h"
#include <string.h>

enum { VARINT = 0, BYTES = 2, FIXED32 = 5 };
#define MOST_VARINT 10

static size_t varint_bytes(uint64_t v, char out[MOST_VARINT])
{
    size_t n = 0;
    for (; v >= 128; v >>= 7)
        out[n++] = (char)(v | 128);
    out[n++] = (char)v;
    return n;
}

static void varint(struct mlp_buf *b, uint64_t v)
{
    char bytes[MOST_VARINT];
    mlp_buf_add(b, bytes, varint_bytes(v, bytes));
}

static void tag(struct mlp_buf *b, unsigned field, unsigned type)
{
    varint(b, (uint64_t)field << 3 | type);
}

void mlp_wire_int(struct mlp_buf *b, unsigned field, int64_t v)
{
    tag(b, field, VARINT);
    varint(b, (uint64_t)v);
}

void mlp_wire_float(struct mlp_buf *b, unsigned field, float v)
{
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    tag(b, field, FIXED32);
    mlp_wire_raw32(b, bits);
}

void mlp_wire_str(struct mlp_buf *b, unsigned field, struct mlp_str s)
{
    tag(b, field, BYTES);
    varint(b, s.n);
    if (s.n)
        mlp_buf_addstr(b, s);
}

void mlp_wire_text(struct mlp_buf *b, unsigned field, const char *z)
{
    mlp_wire_str(b, field, mlp_str_from(z));
}

size_t mlp_wire_open(struct mlp_buf *b, unsigned field)
{
    tag(b, field, BYTES);
    return b->n;
}

void mlp_wire_close(struct mlp_buf *b, size_t at)
{
    char bytes[MOST_VARINT];
    size_t body = b->n - at, n = varint_bytes(body, bytes);
    mlp_buf_add(b, bytes, n);
    if (b->failed)
        return;
    memmove(b->p + at + n, b->p + at, body);
    memcpy(b->p + at, bytes, n);
}

void mlp_wire_raw32(struct mlp_buf *b, uint32_t v)
{
    char bytes[4];
    for (unsigned i = 0; i < 4; i++)
        bytes[i] = (char)(v >> 8 * i);
    mlp_buf_add(b, bytes, sizeof bytes);
}

void mlp_wire_raw64(struct mlp_buf *b, uint64_t v)
{
    char bytes[8];
    for (unsigned i = 0; i < 8; i++)
        bytes[i] = (char)(v >> 8 * i);
    mlp_buf_add(b, bytes, sizeof bytes);
}
