/* ndarray.h: NumPy arrays as the four saved forms have them, read without NumPy.
 *
 * (a) raw bytes in a joblib stream after a NumpyArrayWrapper, (b) an object array as a second
 * pickle in that stream, (c) multiarray._reconstruct with a state tuple, (d) protocol 5's
 * numeric._frombuffer. Fields are read by the name and offset that the saved dtype gives, never by
 * a layout known beforehand. */
#ifndef MLP_MODEL_NDARRAY_H
#define MLP_MODEL_NDARRAY_H

#include "model/value.h"

#define MLP_ND_MAX_DIMS 8

/* kind as in numpy.dtype.kind: f i u b U S O V. */
struct mlp_dtype {
    char kind;
    bool big_endian;
    uint32_t itemsize;
    size_t nfields;
    const struct mlp_dfield *fields; /* of kind V */
};

struct mlp_dfield {
    struct mlp_str name;
    uint32_t offset;
    struct mlp_dtype type;           /* a plain type; nested records are refused */
};

/* data is a view into the file or the arena, of any alignment; objects is set for kind O. */
struct mlp_nd {
    struct mlp_dtype type;
    uint32_t ndim;
    size_t shape[MLP_ND_MAX_DIMS];
    bool fortran;
    size_t count;
    const char *data;
    struct mlp_value *const *objects;
};

/* One value of a record field over the whole array: how the tree readers walk node arrays. */
struct mlp_column {
    const char *p;
    size_t stride;
    size_t n;
    char kind;
    uint32_t itemsize;
    bool big_endian;
};

/* Reads a dtype from its pickled form. */
enum mlp_code mlp_dtype_read(const struct mlp_value *v, struct mlp_arena *a, struct mlp_dtype *out,
                             struct mlp_err *e);

/* Fills count from shape; MLP_EINPUT when the product passes what bytes can hold. */
enum mlp_code mlp_nd_measure(struct mlp_nd *nd, size_t bytes, struct mlp_err *e);

/* The array that v stands for. Lists and tuples of scalars count as one-dimensional object
 * arrays, scalars as arrays without dimensions. MLP_EINPUT when v is no array. */
enum mlp_code mlp_nd_read(const struct mlp_value *v, struct mlp_arena *a, struct mlp_nd *out,
                          struct mlp_err *e);

/* True when v has a form that mlp_nd_read takes for an array (not a list). */
bool mlp_nd_is(const struct mlp_value *v);

/* Element i in C order. Objects that are numbers convert; anything else is NaN / 0 with *ok false
 * (ok may be NULL). */
double mlp_nd_f64(const struct mlp_nd *nd, size_t i, bool *ok);
int64_t mlp_nd_i64(const struct mlp_nd *nd, size_t i, bool *ok);

/* Element i of a text array (U, S or objects) as UTF-8 in a; p NULL when it is no text. */
struct mlp_str mlp_nd_text(const struct mlp_nd *nd, size_t i, struct mlp_arena *a);

/* All elements in C order as doubles in a, 64-byte aligned; NULL when they are no numbers or the
 * arena is full (e says which). */
double *mlp_nd_doubles(const struct mlp_nd *nd, struct mlp_arena *a, struct mlp_err *e);

/* A field of a record array; false when there is none of that name. */
bool mlp_nd_field(const struct mlp_nd *nd, const char *name, struct mlp_column *out);
double mlp_column_f64(const struct mlp_column *c, size_t i);
int64_t mlp_column_i64(const struct mlp_column *c, size_t i);

/* A Python or NumPy scalar as a number; false when it is none. Bools count as 0 and 1. */
bool mlp_value_f64(const struct mlp_value *v, double *out);
bool mlp_value_i64(const struct mlp_value *v, int64_t *out);

/* Bytes of a BYTES value or of _codecs.encode(text, "latin1"), which protocol 2 uses for them. */
bool mlp_value_bytes(const struct mlp_value *v, struct mlp_arena *a, struct mlp_str *out);

#endif
