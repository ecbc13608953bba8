#include "text/proto.h"

static bool damage(struct mlp_wire_reader *r, const char *what)
{
    mlp_err_set(r->e, MLP_EINPUT, "%s", what);
    mlp_err_at_byte(r->e, (uint64_t)(r->p - r->start));
    r->p = r->end;
    return false;
}

struct mlp_wire_reader mlp_wire_sub(const struct mlp_wire_reader *r, struct mlp_str bytes)
{
    return (struct mlp_wire_reader){r->start, bytes.p, bytes.p + bytes.n, r->e};
}

bool mlp_wire_varint(struct mlp_wire_reader *r, uint64_t *v)
{
    *v = 0;
    if (r->p >= r->end)
        return false;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (r->p >= r->end)
            return damage(r, "the file ends within a number");
        uint8_t b = (uint8_t)*r->p++;
        *v |= (uint64_t)(b & 0x7F) << shift;
        if (b < 0x80)
            return true;
    }
    return damage(r, "a number of more than 64 bits");
}

static bool fixed(struct mlp_wire_reader *r, size_t n, uint64_t *v)
{
    if ((size_t)(r->end - r->p) < n)
        return damage(r, "the file ends within a number");
    *v = 0;
    for (size_t i = 0; i < n; i++)
        *v |= (uint64_t)(uint8_t)r->p[i] << 8 * i;
    r->p += n;
    return true;
}

static bool counted(struct mlp_wire_reader *r, struct mlp_str *bytes)
{
    uint64_t n;
    if (r->p >= r->end)
        return damage(r, "the file ends within a field");
    if (!mlp_wire_varint(r, &n))
        return false;
    if (n > (uint64_t)(r->end - r->p))
        return damage(r, "a field is longer than what is left of the message");
    *bytes = (struct mlp_str){r->p, (size_t)n};
    r->p += n;
    return true;
}

bool mlp_wire_next(struct mlp_wire_reader *r, struct mlp_wire_field *f)
{
    uint64_t tag;
    size_t offset = (size_t)(r->p - r->start);
    if (!mlp_wire_varint(r, &tag))
        return false;
    if (tag >> 3 == 0 || tag >> 3 > 0x1FFFFFFF)
        return damage(r, "a field without a number");
    *f = (struct mlp_wire_field){.number = (uint32_t)(tag >> 3), .offset = offset,
                                 .type = (enum mlp_wire_type)(tag & 7), .bytes = MLP_STR("")};
    switch (tag & 7) {
    case MLP_WIRE_VARINT:
        return r->p < r->end ? mlp_wire_varint(r, &f->bits)
                             : damage(r, "the file ends within a field");
    case MLP_WIRE_I64:
        return fixed(r, 8, &f->bits);
    case MLP_WIRE_I32:
        return fixed(r, 4, &f->bits);
    case MLP_WIRE_LEN:
        return counted(r, &f->bytes);
    default:
        return damage(r, "a field of a wire type that protobuf 3 does not have");
    }
}
