/* simd.c: the kernels of the dense trees in AVX2 and AVX-512 (internal.h). Each function names the
 * instructions it needs, so that the rest of the program runs on any processor. */
#include "forest/internal.h"
#include <math.h>

#if defined(__x86_64__)
#include <immintrin.h>

#define AVX2 __attribute__((target("avx2,popcnt")))
#define AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,popcnt")))

#define BITS512 \
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512cd,avx512vbmi,popcnt")))

/* --- AVX2 --- */

/* How many of 16 thresholds are below x. */
AVX2 static inline int below16_avx2(const double *t, __m256d x)
{
    __m256i a = _mm256_castpd_si256(_mm256_cmp_pd(_mm256_load_pd(t), x, _CMP_LT_OQ));
    __m256i b = _mm256_castpd_si256(_mm256_cmp_pd(_mm256_load_pd(t + 4), x, _CMP_LT_OQ));
    __m256i c = _mm256_castpd_si256(_mm256_cmp_pd(_mm256_load_pd(t + 8), x, _CMP_LT_OQ));
    __m256i d = _mm256_castpd_si256(_mm256_cmp_pd(_mm256_load_pd(t + 12), x, _CMP_LT_OQ));
    /* 64-bit masks to 16-bit ones: two bits a threshold. */
    __m256i all = _mm256_packs_epi16(_mm256_packs_epi32(a, b), _mm256_packs_epi32(c, d));
    return __builtin_popcount((unsigned)_mm256_movemask_epi8(all)) / 2;
}

AVX2 static void count_avx2(const struct mlp_forest_column *c, const double *x, size_t n,
                            int8_t *codes)
{
    for (size_t r = 0; r < n; r++) {
        __m256d v = _mm256_broadcast_sd(&x[r]);
        int block = below16_avx2(c->splitter, v);
        codes[r] = (int8_t)(block * 16 + below16_avx2(c->threshold + block * 16, v) - 128);
    }
}

AVX2 static void answer_avx2(const struct dense_op *op, size_t nops, const int8_t *codes,
                             uint8_t *slots)
{
    for (const struct dense_op *end = op + nops; op < end; op++) {
        const __m256i *x = (const void *)(codes + (size_t)op->column * DENSE_ROWS);
        const __m256i *left = (const void *)(slots + (size_t)op->left * DENSE_ROWS);
        const __m256i *right = (const void *)(slots + (size_t)op->right * DENSE_ROWS);
        __m256i *to = (void *)(slots + (size_t)op->to * DENSE_ROWS);
        __m256i threshold = _mm256_set1_epi8(op->threshold);
        for (size_t i = 0; i < DENSE_ROWS / sizeof(__m256i); i++) {
            __m256i goes_right = _mm256_cmpgt_epi8(_mm256_load_si256(x + i), threshold);
            _mm256_store_si256(to + i, _mm256_blendv_epi8(_mm256_load_si256(left + i),
                                                          _mm256_load_si256(right + i),
                                                          goes_right));
        }
    }
}

AVX2 static void add32_avx2(const float *value, uint32_t nleaves, const uint8_t *leaf,
                            float *sum)
{
    (void)nleaves;
    for (size_t r = 0; r < DENSE_ROWS; r += 8) {
        __m256i at = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const void *)(leaf + r)));
        __m256 v = _mm256_i32gather_ps(value, at, sizeof(float));
        _mm256_store_ps(sum + r, _mm256_add_ps(_mm256_load_ps(sum + r), v));
    }
}

AVX2 static void add64_avx2(const double *value, uint32_t nleaves, const uint8_t *leaf,
                            double *sum)
{
    (void)nleaves;
    for (size_t r = 0; r < DENSE_ROWS; r += 4) {
        int four;
        memcpy(&four, leaf + r, sizeof four);
        __m128i at = _mm_cvtepu8_epi32(_mm_cvtsi32_si128(four));
        __m256d v = _mm256_i32gather_pd(value, at, sizeof(double));
        _mm256_store_pd(sum + r, _mm256_add_pd(_mm256_load_pd(sum + r), v));
    }
}

static const struct forest_kernels avx2 = {NULL, NULL, count_avx2, answer_avx2, add64_avx2,
                                           add32_avx2};

/* --- AVX-512 --- */

AVX512 static inline int below16_avx512(const double *t, __m512d x)
{
    __mmask8 low = _mm512_cmp_pd_mask(_mm512_load_pd(t), x, _CMP_LT_OQ);
    __mmask8 high = _mm512_cmp_pd_mask(_mm512_load_pd(t + 8), x, _CMP_LT_OQ);
    return __builtin_popcount((unsigned)low | (unsigned)high << 8);
}

AVX512 static void count_avx512(const struct mlp_forest_column *c, const double *x, size_t n,
                                int8_t *codes)
{
    for (size_t r = 0; r < n; r++) {
        __m512d v = _mm512_set1_pd(x[r]);
        int block = below16_avx512(c->splitter, v);
        codes[r] = (int8_t)(block * 16 + below16_avx512(c->threshold + block * 16, v) - 128);
    }
}

AVX512 static void answer_avx512(const struct dense_op *op, size_t nops, const int8_t *codes,
                                 uint8_t *slots)
{
    for (const struct dense_op *end = op + nops; op < end; op++) {
        const __m512i *x = (const void *)(codes + (size_t)op->column * DENSE_ROWS);
        const __m512i *left = (const void *)(slots + (size_t)op->left * DENSE_ROWS);
        const __m512i *right = (const void *)(slots + (size_t)op->right * DENSE_ROWS);
        __m512i *to = (void *)(slots + (size_t)op->to * DENSE_ROWS);
        __m512i threshold = _mm512_set1_epi8(op->threshold);
        for (size_t i = 0; i < DENSE_ROWS / sizeof(__m512i); i++) {
            __mmask64 goes_right = _mm512_cmpgt_epi8_mask(_mm512_load_si512(x + i), threshold);
            _mm512_store_si512(to + i, _mm512_mask_blend_epi8(goes_right,
                                                              _mm512_load_si512(left + i),
                                                              _mm512_load_si512(right + i)));
        }
    }
}

/* Up to 64 values stay in four registers and are looked up there. */
AVX512 static void add32_avx512(const float *value, uint32_t nleaves, const uint8_t *leaf,
                                float *sum)
{
    if (nleaves > 64) {
        mlp_forest_portable.add32(value, nleaves, leaf, sum);
        return;
    }
    __m512 a = _mm512_loadu_ps(value), b = _mm512_loadu_ps(value + 16);
    __m512 c = _mm512_loadu_ps(value + 32), d = _mm512_loadu_ps(value + 48);
    for (size_t r = 0; r < DENSE_ROWS; r += 16) {
        __m512i at = _mm512_cvtepu8_epi32(_mm_load_si128((const void *)(leaf + r)));
        __mmask16 high = _mm512_test_epi32_mask(at, _mm512_set1_epi32(32));
        __m512 v = _mm512_mask_blend_ps(high, _mm512_permutex2var_ps(a, at, b),
                                        _mm512_permutex2var_ps(c, at, d));
        _mm512_store_ps(sum + r, _mm512_add_ps(_mm512_load_ps(sum + r), v));
    }
}

/* Up to 32 values, as above. */
AVX512 static void add64_avx512(const double *value, uint32_t nleaves, const uint8_t *leaf,
                                double *sum)
{
    if (nleaves > 32) {
        mlp_forest_portable.add64(value, nleaves, leaf, sum);
        return;
    }
    __m512d a = _mm512_loadu_pd(value), b = _mm512_loadu_pd(value + 8);
    __m512d c = _mm512_loadu_pd(value + 16), d = _mm512_loadu_pd(value + 24);
    for (size_t r = 0; r < DENSE_ROWS; r += 8) {
        __m512i at = _mm512_cvtepu8_epi64(_mm_loadl_epi64((const void *)(leaf + r)));
        __mmask8 high = _mm512_test_epi64_mask(at, _mm512_set1_epi64(16));
        __m512d v = _mm512_mask_blend_pd(high, _mm512_permutex2var_pd(a, at, b),
                                         _mm512_permutex2var_pd(c, at, d));
        _mm512_store_pd(sum + r, _mm512_add_pd(_mm512_load_pd(sum + r), v));
    }
}

/* The value as the column's nodes see it. */
static inline double seen(const struct mlp_forest *f, const struct mlp_forest_column *c, double v)
{
    v = f->spec.float32 ? (double)(float)v : v;
    if ((c->flags & MLP_SPLIT_NAN_ZERO) && isnan(v))
        v = 0;
    return (c->flags & MLP_SPLIT_ZERO_MISSING) && fabs(v) <= (double)1e-35f ? NAN : v;
}

AVX512 static void code_row_avx512(const struct mlp_forest *f, const double *x, int8_t *codes)
{
    for (uint32_t i = 0; i < f->ncolumns; i++) {
        const struct mlp_forest_column *c = &f->columns[i];
        if (c->flags & MLP_SPLIT_CATEGORIES) {
            codes[i] = mlp_forest_category_code(f, c, x[f->used[c->feature]]);
            continue;
        }
        double v = seen(f, c, x[f->used[c->feature]]);
        __m512d all = _mm512_set1_pd(v);
        int block = below16_avx512(c->splitter, all);
        int code = block * 16 + below16_avx512(c->threshold + block * 16, all) - 128;
        bool right = isnan(v) && !(c->flags & MLP_SPLIT_DEFAULT_LEFT);
        codes[i] = (int8_t)(right ? CODE_MISSING_RIGHT - 128 : code);
    }
}

/* The leaves that remain in two parts, to be combined over all lanes. */
BITS512 static inline void cross_out(const struct bits_part *a, const struct bits_part *b,
                                     __m512i codes, __m512i *to)
{
    __m512i column = _mm512_castsi256_si512(_mm256_load_si256((const void *)a->column));
    __m512i limit = _mm512_castsi256_si512(_mm256_load_si256((const void *)a->threshold));
    column = _mm512_inserti64x4(column, _mm256_load_si256((const void *)b->column), 1);
    limit = _mm512_inserti64x4(limit, _mm256_load_si256((const void *)b->threshold), 1);
    uint64_t right = _mm512_cmpgt_epi8_mask(_mm512_permutexvar_epi8(column, codes), limit);
    const __m512i *keep_a = (const void *)a->keep, *keep_b = (const void *)b->keep;
    __m512i ones = _mm512_set1_epi32(-1);
    __m512i x = _mm512_mask_loadu_epi32(ones, (__mmask16)right, keep_a);
    __m512i y = _mm512_mask_loadu_epi32(ones, (__mmask16)(right >> 32), keep_b);
    to[0] = _mm512_mask_and_epi32(x, (__mmask16)(right >> 16), x, keep_a[1]);
    to[1] = _mm512_mask_and_epi32(y, (__mmask16)(right >> 48), y, keep_b[1]);
}

BITS512 static inline __m512i and32(__m512i a, __m512i b)
{
    return _mm512_and_si512(_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
}

BITS512 static inline __m512i and64(__m512i a, __m512i b)
{
    return _mm512_and_si512(_mm512_unpacklo_epi64(a, b), _mm512_unpackhi_epi64(a, b));
}

BITS512 static inline __m512i and128(__m512i a, __m512i b)
{
    return _mm512_and_si512(_mm512_shuffle_i64x2(a, b, 0x88), _mm512_shuffle_i64x2(a, b, 0xDD));
}

/* All lanes of each of 16 vectors combined, the vectors' results side by side. */
BITS512 static inline __m512i combine16(const __m512i *v)
{
    __m512i four[4];
    for (size_t i = 0; i < 4; i++)
        four[i] = and64(and32(v[4 * i], v[4 * i + 1]), and32(v[4 * i + 2], v[4 * i + 3]));
    return and128(and128(four[0], four[1]), and128(four[2], four[3]));
}

BITS512 static void find_avx512(const struct mlp_forest_bits *b, const int8_t *codes,
                                uint32_t *leaf)
{
    __m512i row = _mm512_loadu_si512(codes);
    for (size_t t = 0; t < b->ntrees; t += BITS_TREES) {
        uint32_t part[BITS_TREES];
        __m512i remain[BITS_TREES];
        for (size_t k = 0; k < BITS_TREES; k++) {
            const struct bits_tree *tree = &b->tree[t + k];
            part[k] = tree->part + (codes[tree->column] > tree->threshold);
        }
        for (size_t k = 0; k < BITS_TREES; k += 2)
            cross_out(&b->part[part[k]], &b->part[part[k + 1]], row, remain + k);
        __m512i from_left = _mm512_lzcnt_epi32(combine16(remain));
        __m512i last = _mm512_i32gather_epi32(_mm512_loadu_si512(part), b->last, 4);
        _mm512_storeu_si512(leaf + t, _mm512_sub_epi32(last, from_left));
    }
}

static const struct forest_kernels avx512 = {NULL, NULL, count_avx512, answer_avx512,
                                             add64_avx512, add32_avx512};
static const struct forest_kernels avx512_bits = {code_row_avx512, find_avx512, count_avx512,
                                                  answer_avx512, add64_avx512, add32_avx512};

const struct forest_kernels *mlp_forest_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("popcnt") ? &avx2 : NULL;
}

const struct forest_kernels *mlp_forest_avx512(void)
{
    bool have = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
                __builtin_cpu_supports("popcnt");
    bool bits = __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512cd");
    return !have ? NULL : bits ? &avx512_bits : &avx512;
}

#else

const struct forest_kernels *mlp_forest_avx2(void)
{
    return NULL;
}

const struct forest_kernels *mlp_forest_avx512(void)
{
    return NULL;
}

#endif
