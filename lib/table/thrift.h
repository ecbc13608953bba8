/* thrift.h: reading Apache Thrift's compact protocol, as Parquet's metadata is written in it
 * (thrift-compact-protocol.md of Apache Thrift). */
#ifndef MLP_TABLE_THRIFT_H
#define MLP_TABLE_THRIFT_H

#include "base/str.h"

/* The types of fields and list items. */
enum mlp_thrift_type {
    MLP_THRIFT_STOP = 0, MLP_THRIFT_TRUE = 1, MLP_THRIFT_FALSE = 2, MLP_THRIFT_BYTE = 3,
    MLP_THRIFT_I16 = 4, MLP_THRIFT_I32 = 5, MLP_THRIFT_I64 = 6, MLP_THRIFT_DOUBLE = 7,
    MLP_THRIFT_BINARY = 8, MLP_THRIFT_LIST = 9, MLP_THRIFT_SET = 10, MLP_THRIFT_MAP = 11,
    MLP_THRIFT_STRUCT = 12
};

/* A reader over [p, end), borrowed. Once `bad`, every read gives 0 and nothing moves. */
struct mlp_thrift {
    const unsigned char *p, *end;
    bool bad;
    int depth;
};

/* A field of the struct at hand: *id is the field before on the way in (0 at first). False at the
 * struct's end. */
bool mlp_thrift_field(struct mlp_thrift *t, int *id, enum mlp_thrift_type *type);

/* Values: integers of any width, bytes (a view), a list's count and type (a count that the bytes
 * left cannot hold is bad). */
int64_t mlp_thrift_int(struct mlp_thrift *t);
struct mlp_str mlp_thrift_bytes(struct mlp_thrift *t);
size_t mlp_thrift_list(struct mlp_thrift *t, enum mlp_thrift_type *type);
uint64_t mlp_thrift_varint(struct mlp_thrift *t);

/* Passes over a value of that type. */
void mlp_thrift_skip(struct mlp_thrift *t, enum mlp_thrift_type type);

#endif
