/* wire.h: a reader of the protobuf wire format.
 *
 * Source: protobuf.dev, "Encoding". A message is a run of fields; each has a number and a wire
 * type: varint, 64 bits, 32 bits, or bytes with their length. Groups (types 3 and 4) are refused.
 * Every read is checked against the end. Nothing is copied. */
#ifndef MLP_NET_WIRE_H
#define MLP_NET_WIRE_H

#include "base/err.h"
#include "base/str.h"

enum mlp_wire_type {
    MLP_WIRE_VARINT = 0, MLP_WIRE_I64 = 1, MLP_WIRE_LEN = 2, MLP_WIRE_I32 = 5
};

/* A message that is being read. start is the first byte of the file, for offsets. */
struct mlp_wire_reader {
    const char *start, *p, *end;
    struct mlp_err *e;
};

/* A field: bits holds a varint or the fixed bits; bytes what has a length, borrowed. */
struct mlp_wire_field {
    uint32_t number;
    enum mlp_wire_type type;
    uint64_t bits;
    struct mlp_str bytes;
    size_t offset;               /* in the file, of the field's tag */
};

/* The message in `bytes`, a part of the file that r reads. */
struct mlp_wire_reader mlp_wire_sub(const struct mlp_wire_reader *r, struct mlp_str bytes);

/* The next field into *f: true, or false at the end and on damage, when r->e is set (MLP_EINPUT
 * with its offset). */
bool mlp_wire_next(struct mlp_wire_reader *r, struct mlp_wire_field *f);

/* Varints of a packed field, one after another; false at the end and on damage. */
bool mlp_wire_varint(struct mlp_wire_reader *r, uint64_t *v);

#endif
