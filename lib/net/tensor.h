/* tensor.h: a typed array of any rank, as the operators of a network see it.
 *
 * Elements are dense and row-major. A scalar has rank 0 and one element; a dimension may be 0.
 * Types have the numbers of ONNX's TensorProto.DataType (onnx.proto, IR version 10). float16 and
 * bfloat16 are kept as their 16 bits; operators that compute with them go through float. */
#ifndef MLP_NET_TENSOR_H
#define MLP_NET_TENSOR_H

#include "base/arena.h"
#include "base/err.h"

enum mlp_dtype {
    MLP_DT_NONE = 0, MLP_DT_FLOAT = 1, MLP_DT_UINT8 = 2, MLP_DT_INT8 = 3, MLP_DT_UINT16 = 4,
    MLP_DT_INT16 = 5, MLP_DT_INT32 = 6, MLP_DT_INT64 = 7, MLP_DT_STRING = 8, MLP_DT_BOOL = 9,
    MLP_DT_FLOAT16 = 10, MLP_DT_DOUBLE = 11, MLP_DT_UINT32 = 12, MLP_DT_UINT64 = 13,
    MLP_DT_BFLOAT16 = 16, MLP_DT_FLOAT8E4M3FN = 17, MLP_DT_FLOAT8E4M3FNUZ = 18,
    MLP_DT_FLOAT8E5M2 = 19, MLP_DT_FLOAT8E5M2FNUZ = 20, MLP_DT_UINT4 = 21, MLP_DT_INT4 = 22,
    MLP_DT_FLOAT4E2M1 = 23, MLP_DT_FLOAT8E8M0 = 24, MLP_DT_UINT2 = 25, MLP_DT_INT2 = 26,
    /* No tensors, but what holds them (numbers of our own). Only the operators of control.c and
     * sequence.c see them; mlp_dtype_size() is 0. */
    MLP_DT_SEQUENCE = 64, MLP_DT_MAP = 65, MLP_DT_EMPTY = 66
};

#define MLP_MAX_RANK 8

/* A sequence has n items; a map has two, its keys and its values, of one length; EMPTY is an
 * optional without a value (one with a value is that value). Their rank is 0.
 * Data is borrowed: it lies in the arena of the network (weights), of a run, or with the caller.
 * Nothing writes into a tensor once its operator has returned. */
struct mlp_tensor {
    enum mlp_dtype type;
    uint32_t rank;
    int64_t dims[MLP_MAX_RANK];
    size_t n;                    /* elements: the product of dims */
    union {
        void *data;
        float *f32;
        double *f64;
        int8_t *i8;
        uint8_t *u8;             /* and bool: 0 or 1; what is smaller than a byte (tiny.h) */
        int16_t *i16;
        uint16_t *u16;           /* and float16, bfloat16 */
        int32_t *i32;
        uint32_t *u32;
        int64_t *i64;
        uint64_t *u64;
        struct mlp_str *str;     /* never a NULL pointer: empty texts have p "" */
        const struct mlp_tensor *items;
    };
};

/* Bytes of an element; 0 for what is no type. */
size_t mlp_dtype_size(enum mlp_dtype t);
/* Whether t is a sequence, a map or an optional without a value. */
bool mlp_dtype_is_holder(enum mlp_dtype t);
/* "float", "int64", "tensor of no known type": for messages. */
const char *mlp_dtype_name(enum mlp_dtype t);

/* Sets type and shape, and makes room in the arena, 64-byte aligned and not zeroed (texts are
 * empty). MLP_EINPUT for a negative dimension, a rank over MLP_MAX_RANK or a product that
 * overflows; MLP_EIO when the arena is full. dims may be t->dims. */
enum mlp_code mlp_tensor_make(struct mlp_tensor *t, struct mlp_arena *a, enum mlp_dtype type,
                              uint32_t rank, const int64_t *dims, struct mlp_err *e);
/* The same with the shape of another tensor. */
enum mlp_code mlp_tensor_like(struct mlp_tensor *t, struct mlp_arena *a, enum mlp_dtype type,
                              const struct mlp_tensor *shape, struct mlp_err *e);

/* Whether two tensors have one shape. */
bool mlp_tensor_same_shape(const struct mlp_tensor *a, const struct mlp_tensor *b);

/* The shape that numpy's rules give to a and b together; false when they do not fit. rank and dims
 * may be those of a or b. */
bool mlp_tensor_broadcast(const struct mlp_tensor *a, const struct mlp_tensor *b, uint32_t *rank,
                          int64_t dims[MLP_MAX_RANK]);

/* Element i as a double or an integer, whatever the numeric type (texts: 0). For shapes, axes and
 * other small things, not for kernels. */
double mlp_tensor_number(const struct mlp_tensor *t, size_t i);
int64_t mlp_tensor_integer(const struct mlp_tensor *t, size_t i);

/* float16 (IEEE 754 binary16) and bfloat16, to nearest even. */
float mlp_half_float(uint16_t h);
uint16_t mlp_float_half(float f);
float mlp_bfloat_float(uint16_t h);
uint16_t mlp_float_bfloat(float f);

#endif
