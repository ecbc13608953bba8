/* arrow.h: inside of the Arrow reader: the arrays of a record batch, checked once, then read cell
 * by cell.
 *
 * Source: Apache Arrow columnar format 1.5 (Columnar.rst, Schema.fbs, Message.fbs). */
#ifndef MLP_TABLE_ARROW_H
#define MLP_TABLE_ARROW_H

#include "table/columnar.h"
#include "table/flatbuf.h"

enum mlp_arrow_layout {
    MLP_ARROW_NONE, MLP_ARROW_BITS, MLP_ARROW_FIXED, MLP_ARROW_TEXT, MLP_ARROW_LARGE_TEXT,
    MLP_ARROW_VIEW, MLP_ARROW_STRUCT
};

/* A field of the schema. Children of structs follow their parent. */
struct mlp_arrow_field {
    struct mlp_str name;         /* the whole path */
    enum mlp_arrow_layout layout;
    size_t width;                /* bytes of a FIXED value */
    bool floating, is_signed;
    struct mlp_cell_type type;
    int parent;                  /* of a struct, or -1 */
    bool encoded;                /* cells are positions in a dictionary */
    size_t words;                /* its number among those of the file */
    int column;                  /* which column of the table, or -1: a struct */
};

/* An array of values, inside of the batch's memory. */
struct mlp_arrow_array {
    const struct mlp_arrow_field *field;
    size_t n;
    const unsigned char *valid;  /* bits; NULL: all are there */
    struct mlp_str values;       /* bits, fixed values, offsets or views */
    struct mlp_str text;         /* what offsets point into */
    const struct mlp_str *more;  /* what views point into */
    size_t nmore;
};

/* Cells of a record batch's message: nodes and buffers in order. */
struct mlp_arrow_batch {
    struct mlp_flat meta;
    struct mlp_str body;
    struct mlp_arena *arena;     /* of what was decompressed */
    size_t length, nodes, nnodes, node, buffers, nbuffers, buffer, counts, ncounts, count;
    int codec;                   /* -1: not compressed */
};

/* Reads the head of a record batch at `table`. */
enum mlp_code mlp_arrow_batch_init(struct mlp_arrow_batch *b, size_t table, struct mlp_err *e);

/* The next array of the batch, of field f; every buffer is as long as its n values need.
 * index_width: bytes of the positions of an encoded field, else 0. */
enum mlp_code mlp_arrow_array_next(struct mlp_arrow_batch *b, const struct mlp_arrow_field *f,
                                   size_t index_width, struct mlp_arrow_array *a,
                                   struct mlp_err *e);

/* Cell i < n. False when a text lies outside of its buffer. */
bool mlp_arrow_cell(const struct mlp_arrow_array *a, size_t i, struct mlp_scalar *v);

static inline bool mlp_arrow_valid(const struct mlp_arrow_array *a, size_t i)
{
    return !a->valid || (a->valid[i / 8] >> i % 8 & 1);
}

#endif
