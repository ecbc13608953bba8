/* simd.c: the kernels of the dense trees in AVX2 and AVX-512 (internal.h). Each function names the
 * instructions it needs, so that the rest of the program runs on any processor. */
#include "forest/internal.h"
#include <math.h>

#if defined(__x86_64__)
#include <immintrin.h>

#define INLINE static inline __attribute__((always_inline))
#define AVX2 __attribute__((target("avx2,popcnt")))
#define AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,popcnt")))

/* The value as the column's nodes see it. */
static inline double seen(const struct mlp_forest *f, const struct mlp_forest_column *c, double v)
{
    v = f->spec.float32 ? (double)(float)v : v;
    if ((c->flags & MLP_SPLIT_NAN_ZERO) && isnan(v))
        v = 0;
    return (c->flags & MLP_SPLIT_ZERO_MISSING) && fabs(v) <= (double)1e-35f ? NAN : v;
}

static inline bool goes_right(const struct mlp_forest_column *c, double v)
{
    return isnan(v) && !(c->flags & MLP_SPLIT_DEFAULT_LEFT);
}

/* The part of each of BITS_TREES trees from t on that the row goes to. */
static inline void pick_parts(const struct mlp_forest_bits *b, size_t t, const int8_t *codes,
                              uint32_t *part)
{
    for (size_t k = 0; k < BITS_TREES; k++) {
        const struct bits_tree *tree = &b->tree[t + k];
        part[k] = tree->part + (codes[tree->column] > tree->threshold);
    }
}

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

AVX2 static void code_row_avx2(const struct mlp_forest *f, const double *x, int8_t *codes)
{
    for (uint32_t i = 0; i < f->ncolumns; i++) {
        const struct mlp_forest_column *c = &f->columns[i];
        if (c->flags & MLP_SPLIT_CATEGORIES) {
            codes[i] = mlp_forest_category_code(f, c, x[f->used[c->feature]]);
            continue;
        }
        double v = seen(f, c, x[f->used[c->feature]]);
        __m256d all = _mm256_set1_pd(v);
        int block = below16_avx2(c->splitter, all);
        int code = block * 16 + below16_avx2(c->threshold + block * 16, all) - 128;
        codes[i] = (int8_t)(goes_right(c, v) ? CODE_MISSING_RIGHT - 128 : code);
    }
}

/* The codes of 32 columns out of 32 or 64, which lie 16 a register, each twice. */
AVX2 INLINE __m256i pick_avx2(const __m256i *codes, __m256i column, bool wide)
{
    __m256i bit4 = _mm256_slli_epi16(column, 3), bit5 = _mm256_slli_epi16(column, 2);
    __m256i low = _mm256_blendv_epi8(_mm256_shuffle_epi8(codes[0], column),
                                     _mm256_shuffle_epi8(codes[1], column), bit4);
    if (!wide)
        return low;
    __m256i high = _mm256_blendv_epi8(_mm256_shuffle_epi8(codes[2], column),
                                      _mm256_shuffle_epi8(codes[3], column), bit4);
    return _mm256_blendv_epi8(low, high, bit5);
}

/* The leaves that remain of one part, combined over all nodes. */
AVX2 INLINE uint32_t remain_avx2(const struct bits_part *p, const __m256i *codes, bool wide)
{
    const __m256i *keep = (const void *)p->keep;
    __m256i code = pick_avx2(codes, _mm256_load_si256((const void *)p->column), wide);
    __m256i right = _mm256_cmpgt_epi8(code, _mm256_load_si256((const void *)p->threshold));
    __m128i low = _mm256_castsi256_si128(right), high = _mm256_extracti128_si256(right, 1);
    __m256i ones = _mm256_set1_epi32(-1);
    __m256i a = _mm256_blendv_epi8(ones, keep[0], _mm256_cvtepi8_epi32(low));
    __m256i b = _mm256_blendv_epi8(ones, keep[1], _mm256_cvtepi8_epi32(_mm_srli_si128(low, 8)));
    __m256i c = _mm256_blendv_epi8(ones, keep[2], _mm256_cvtepi8_epi32(high));
    __m256i d = _mm256_blendv_epi8(ones, keep[3], _mm256_cvtepi8_epi32(_mm_srli_si128(high, 8)));
    __m256i all = _mm256_and_si256(_mm256_and_si256(a, b), _mm256_and_si256(c, d));
    __m128i four = _mm_and_si128(_mm256_castsi256_si128(all), _mm256_extracti128_si256(all, 1));
    four = _mm_and_si128(four, _mm_shuffle_epi32(four, 0x4E));
    four = _mm_and_si128(four, _mm_shuffle_epi32(four, 0xB1));
    return (uint32_t)_mm_cvtsi128_si32(four);
}

AVX2 INLINE void find_among(const struct mlp_forest_bits *b, const int8_t *codes, bool wide,
                            uint32_t *leaf)
{
    __m256i row[4];
    for (size_t i = 0; i < 4; i++)
        row[i] = _mm256_broadcastsi128_si256(_mm_loadu_si128((const void *)(codes + 16 * i)));
    for (size_t t = 0; t < b->ntrees; t += BITS_TREES) {
        uint32_t part[BITS_TREES];
        pick_parts(b, t, codes, part);
        for (size_t k = 0; k < BITS_TREES; k++) {
            uint32_t remain = remain_avx2(&b->part[part[k]], row, wide);
            leaf[t + k] = b->last[part[k]] - (uint32_t)__builtin_ctz(remain);
        }
    }
}

AVX2 static void find_avx2(const struct mlp_forest_bits *b, const int8_t *codes, uint32_t *leaf)
{
    if (b->ncolumns <= 32)
        find_among(b, codes, false, leaf);
    else
        find_among(b, codes, true, leaf);
}

static const struct forest_kernels avx2 = {code_row_avx2, find_avx2, count_avx2, answer_avx2,
                                           add64_avx2, add32_avx2};

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
        codes[i] = (int8_t)(goes_right(c, v) ? CODE_MISSING_RIGHT - 128 : code);
    }
}

/* Wider vectors find leaves no faster than AVX2 does: there, lanes wait for each other. */
static const struct forest_kernels avx512 = {code_row_avx512, find_avx2, count_avx512,
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
