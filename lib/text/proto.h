/* proto.h: the protobuf wire format, read and written: ONNX files and gRPC messages.
 *
 * Source: protobuf.dev, "Encoding". A message is a run of fields; each has a number and a wire
 * type: varint, 64 bits, 32 bits, or bytes with their length. Groups (types 3 and 4) are refused.
 * Every read is checked against the end. Nothing is copied.
 *
 * Writing: the same calls give the same bytes: fields come in the order of the calls, numbers have
 * their shortest form (repeated numbers are packed only by whoever opens a field for them). Failure
 * is the buffer's: sticky, looked at once at the end with mlp_buf_check(). */
#ifndef MLP_TEXT_PROTO_H
#define MLP_TEXT_PROTO_H

#include "base/buf.h"
#include "base/err.h"

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

/* Field `field` as a varint (int64, enum, bool), as 32 bits (float), as bytes (string, bytes). */
void mlp_wire_int(struct mlp_buf *b, unsigned field, int64_t v);
void mlp_wire_float(struct mlp_buf *b, unsigned field, float v);
void mlp_wire_str(struct mlp_buf *b, unsigned field, struct mlp_str s);
void mlp_wire_text(struct mlp_buf *b, unsigned field, const char *z);

/* A field that is a message: what is written between open and close lies in it. open returns the
 * place to hand to close; they nest. Closing moves the message by the bytes of its length. */
size_t mlp_wire_open(struct mlp_buf *b, unsigned field);
void mlp_wire_close(struct mlp_buf *b, size_t at);

/* Raw little-endian numbers, as TensorProto.raw_data holds them. */
void mlp_wire_raw32(struct mlp_buf *b, uint32_t v);
void mlp_wire_raw64(struct mlp_buf *b, uint64_t v);

#endif
