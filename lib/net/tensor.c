#include "net/tensor.h"

#include <math.h>

#include "net/tiny.h"

struct type_row {
    const char *name;
    size_t size;
};

static const struct type_row TYPES[] = {
    [MLP_DT_FLOAT] = {"float", 4},     [MLP_DT_UINT8] = {"uint8", 1},
    [MLP_DT_INT8] = {"int8", 1},       [MLP_DT_UINT16] = {"uint16", 2},
    [MLP_DT_INT16] = {"int16", 2},     [MLP_DT_INT32] = {"int32", 4},
    [MLP_DT_INT64] = {"int64", 8},     [MLP_DT_STRING] = {"string", sizeof(struct mlp_str)},
    [MLP_DT_BOOL] = {"bool", 1},       [MLP_DT_FLOAT16] = {"float16", 2},
    [MLP_DT_DOUBLE] = {"double", 8},   [MLP_DT_UINT32] = {"uint32", 4},
    [MLP_DT_UINT64] = {"uint64", 8},   [MLP_DT_BFLOAT16] = {"bfloat16", 2},
    [MLP_DT_FLOAT8E4M3FN] = {"float8e4m3fn", 1},
    [MLP_DT_FLOAT8E4M3FNUZ] = {"float8e4m3fnuz", 1},
    [MLP_DT_FLOAT8E5M2] = {"float8e5m2", 1},
    [MLP_DT_FLOAT8E5M2FNUZ] = {"float8e5m2fnuz", 1},
    [MLP_DT_UINT4] = {"uint4", 1},     [MLP_DT_INT4] = {"int4", 1},
    [MLP_DT_FLOAT4E2M1] = {"float4e2m1", 1},
    [MLP_DT_FLOAT8E8M0] = {"float8e8m0", 1},
    [MLP_DT_UINT2] = {"uint2", 1},     [MLP_DT_INT2] = {"int2", 1},
    [MLP_DT_SEQUENCE] = {"sequence", 0},
    [MLP_DT_MAP] = {"map", 0},         [MLP_DT_EMPTY] = {"optional without a value", 0},
};

static const struct type_row *type_row(enum mlp_dtype t)
{
    return (size_t)t < sizeof(TYPES) / sizeof(TYPES[0]) && TYPES[t].name ? &TYPES[t] : NULL;
}

size_t mlp_dtype_size(enum mlp_dtype t)
{
    const struct type_row *r = type_row(t);
    return r ? r->size : 0;
}

bool mlp_dtype_is_holder(enum mlp_dtype t)
{
    return t == MLP_DT_SEQUENCE || t == MLP_DT_MAP || t == MLP_DT_EMPTY;
}

const char *mlp_dtype_name(enum mlp_dtype t)
{
    const struct type_row *r = type_row(t);
    return r ? r->name : "tensor of no known type";
}

static enum mlp_code set_shape(struct mlp_tensor *t, uint32_t rank, const int64_t *dims,
                               struct mlp_err *e)
{
    size_t n = 1;
    if (rank > MLP_MAX_RANK)
        return mlp_err_set(e, MLP_EINPUT, "a tensor of %u dimensions; at most %d are understood",
                           rank, MLP_MAX_RANK);
    for (uint32_t i = 0; i < rank; i++) {
        if (dims[i] < 0 || (dims[i] > 0 && n > (size_t)INT64_MAX / 16 / (size_t)dims[i]))
            return mlp_err_set(e, MLP_EINPUT, "dimension %u of a tensor is %lld", i,
                               (long long)dims[i]);
        n *= (size_t)dims[i];
        t->dims[i] = dims[i];
    }
    t->rank = rank;
    t->n = n;
    return MLP_OK;
}

enum mlp_code mlp_tensor_make(struct mlp_tensor *t, struct mlp_arena *a, enum mlp_dtype type,
                              uint32_t rank, const int64_t *dims, struct mlp_err *e)
{
    size_t size = mlp_dtype_size(type);
    if (!size)
        return mlp_err_set(e, MLP_EINPUT, "a tensor of type %d, which is not understood",
                           (int)type);
    if (set_shape(t, rank, dims, e))
        return e ? e->code : MLP_EINPUT;
    t->type = type;
    t->data = mlp_arena_array64(a, t->n ? t->n : 1, size);
    if (!t->data)
        return mlp_err_set(e, MLP_EIO, "no memory for a tensor of %zu elements", t->n);
    for (size_t i = 0; type == MLP_DT_STRING && i < t->n; i++)
        t->str[i] = MLP_STR("");
    return MLP_OK;
}

enum mlp_code mlp_tensor_like(struct mlp_tensor *t, struct mlp_arena *a, enum mlp_dtype type,
                              const struct mlp_tensor *shape, struct mlp_err *e)
{
    return mlp_tensor_make(t, a, type, shape->rank, shape->dims, e);
}

bool mlp_tensor_same_shape(const struct mlp_tensor *a, const struct mlp_tensor *b)
{
    if (a->rank != b->rank)
        return false;
    for (uint32_t i = 0; i < a->rank; i++)
        if (a->dims[i] != b->dims[i])
            return false;
    return true;
}

bool mlp_tensor_broadcast(const struct mlp_tensor *a, const struct mlp_tensor *b, uint32_t *rank,
                          int64_t dims[MLP_MAX_RANK])
{
    uint32_t r = a->rank > b->rank ? a->rank : b->rank;
    int64_t both[MLP_MAX_RANK]; /* dims may be those of a or b */
    for (uint32_t i = 0; i < r; i++) {
        int64_t da = i + a->rank >= r ? a->dims[i + a->rank - r] : 1;
        int64_t db = i + b->rank >= r ? b->dims[i + b->rank - r] : 1;
        if (da != db && da != 1 && db != 1)
            return false;
        both[i] = da == 1 ? db : da;
    }
    memcpy(dims, both, r * sizeof *dims);
    *rank = r;
    return true;
}

static double wide_number(const struct mlp_tensor *t, size_t i)
{
    switch (t->type) {
    case MLP_DT_FLOAT: return (double)t->f32[i];
    case MLP_DT_DOUBLE: return t->f64[i];
    case MLP_DT_FLOAT16: return (double)mlp_half_float(t->u16[i]);
    case MLP_DT_BFLOAT16: return (double)mlp_bfloat_float(t->u16[i]);
    case MLP_DT_UINT64: return (double)t->u64[i];
    default: return mlp_dtype_is_tiny(t->type) ? (double)mlp_tiny_number(t->type, t->u8[i]) : 0;
    }
}

static bool is_whole(enum mlp_dtype t)
{
    return t != MLP_DT_FLOAT && t != MLP_DT_DOUBLE && t != MLP_DT_FLOAT16 &&
           t != MLP_DT_BFLOAT16 && t != MLP_DT_STRING && !mlp_dtype_is_tiny(t) &&
           !mlp_dtype_is_holder(t);
}

double mlp_tensor_number(const struct mlp_tensor *t, size_t i)
{
    return is_whole(t->type) && t->type != MLP_DT_UINT64 ? (double)mlp_tensor_integer(t, i)
                                                         : wide_number(t, i);
}

/* A number as an integer, at the ends of the range where it does not fit; NaN is 0. */
static int64_t clamp(double x)
{
    if (!(x > -9.2e18))
        return x < 0 ? INT64_MIN : 0;
    return x < 9.2e18 ? (int64_t)x : INT64_MAX;
}

int64_t mlp_tensor_integer(const struct mlp_tensor *t, size_t i)
{
    switch (t->type) {
    case MLP_DT_INT64: return t->i64[i];
    case MLP_DT_UINT64: return (int64_t)t->u64[i];
    case MLP_DT_INT32: return t->i32[i];
    case MLP_DT_UINT32: return t->u32[i];
    case MLP_DT_INT16: return t->i16[i];
    case MLP_DT_UINT16: return t->u16[i];
    case MLP_DT_INT2:
    case MLP_DT_INT4:
    case MLP_DT_INT8: return t->i8[i];
    case MLP_DT_BOOL:
    case MLP_DT_UINT2:
    case MLP_DT_UINT4:
    case MLP_DT_UINT8: return t->u8[i];
    default: return clamp(wide_number(t, i));
    }
}

static uint32_t float_bits(float f)
{
    uint32_t u;
    memcpy(&u, &f, sizeof(u));
    return u;
}

static float bits_float(uint32_t u)
{
    float f;
    memcpy(&f, &u, sizeof(f));
    return f;
}

float mlp_half_float(uint16_t h)
{
    uint32_t sign = (uint32_t)(h & 0x8000) << 16, mantissa = h & 0x3FF, exponent = (h >> 10) & 31;
    if (exponent == 31)
        return bits_float(sign | 0x7F800000 | mantissa << 13);
    if (exponent)
        return bits_float(sign | (exponent + 112) << 23 | mantissa << 13);
    float f = ldexpf((float)mantissa, -24);
    return sign ? -f : f;
}

uint16_t mlp_float_half(float f)
{
    uint32_t u = float_bits(f), sign = u >> 16 & 0x8000, rest = u & 0x7FFFFFFF;
    if (rest > 0x7F800000)
        return (uint16_t)(sign | 0x7E00);
    if (rest >= 0x477FF000) /* rounds to 65520 or more */
        return (uint16_t)(sign | 0x7C00);
    if (rest < 0x38800000)  /* subnormal: the float unit rounds to nearest even */
        return (uint16_t)(sign | (uint32_t)lrintf(ldexpf(bits_float(rest), 24)));
    rest += 0xFFF + (rest >> 13 & 1);
    return (uint16_t)(sign | ((rest >> 13) - (112U << 10)));
}

float mlp_bfloat_float(uint16_t h)
{
    return bits_float((uint32_t)h << 16);
}

uint16_t mlp_float_bfloat(float f)
{
    uint32_t u = float_bits(f);
    if ((u & 0x7FFFFFFF) > 0x7F800000)
        return (uint16_t)(u >> 16 | 0x40);
    return (uint16_t)((u + 0x7FFF + (u >> 16 & 1)) >> 16);
}
