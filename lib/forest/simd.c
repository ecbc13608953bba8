/* simd.c: the kernels of the dense trees in AVX2 and AVX-512 (internal.h). Each function names the
 * instructions it needs, so that the rest of the program runs on any processor. */
#include "forest/internal.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define AVX2 __attribute__((target("avx2,popcnt")))
#define AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,popcnt")))

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

AVX2 static void add32_avx2(const float *value, uint32_t nleaves, const uint8_t *leaf, float *sum)
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

static const struct forest_kernels avx2 = {count_avx2, answer_avx2, add64_avx2, add32_avx2};

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

static const struct forest_kernels avx512 = {count_avx512, answer_avx512, add64_avx512,
                                             add32_avx512};

const struct forest_kernels *mlp_forest_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("popcnt") ? &avx2 : NULL;
}

const struct forest_kernels *mlp_forest_avx512(void)
{
    bool have = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
                __builtin_cpu_supports("popcnt");
    return have ? &avx512 : NULL;
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
