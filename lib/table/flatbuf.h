/* flatbuf.h: reading FlatBuffers, as the metadata of Arrow messages is written in it
 * (flatbuffers.dev, "FlatBuffer Binary Format Internals"). Every read is bounded: what points
 * outside gives the default, and `bad` is set. */
#ifndef MLP_TABLE_FLATBUF_H
#define MLP_TABLE_FLATBUF_H

#include "base/str.h"

struct mlp_flat {
    const unsigned char *p;      /* borrowed */
    size_t n;
    bool bad;
};

/* Little-endian integers of 1, 2, 4 or 8 bytes at a position, with their sign. */
int64_t mlp_flat_int(struct mlp_flat *f, size_t at, unsigned bytes);

/* Position of the root table; 0 when there is none (0 is never a table's). */
size_t mlp_flat_root(struct mlp_flat *f);

/* Fields of the table at `table`, by number: an integer or `dflt`; the table that a field points
 * to, or 0; the position of a vector's first item of `size` bytes and how many there are; a text. A
 * table 0 has no fields. */
int64_t mlp_flat_number(struct mlp_flat *f, size_t table, unsigned field, unsigned bytes,
                        int64_t dflt);
size_t mlp_flat_table(struct mlp_flat *f, size_t table, unsigned field);
size_t mlp_flat_vector(struct mlp_flat *f, size_t table, unsigned field, size_t size, size_t *n);
struct mlp_str mlp_flat_text(struct mlp_flat *f, size_t table, unsigned field);

/* The table that item i of a vector of tables points to, or 0. */
size_t mlp_flat_item(struct mlp_flat *f, size_t vector, size_t i);

#endif
