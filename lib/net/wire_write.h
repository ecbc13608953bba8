/* wire_write.h: the protobuf wire format, written: what ONNX files are made of.
 *
 * The same calls give the same bytes: fields come in the order of the calls, numbers have their
 * shortest form, nothing depends on time, locale or the machine (protobuf.dev, "Encoding"; proto2
 * rules: repeated numbers are not packed). Failure is the buffer's: sticky, looked at once at the
 * end with mlp_buf_check(). */
#ifndef MLP_NET_WIRE_WRITE_H
#define MLP_NET_WIRE_WRITE_H

#include "base/buf.h"

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
