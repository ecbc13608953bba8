/* gemm.c: the product of two matrices (op.h).
 *
 * Every element is one chain of multiply-adds over k in order, whatever the path, so that a row's
 * result does not depend on how many rows come with it. Tiles of C stay in registers; where many
 * rows share a panel of B, the panel is packed on the stack first. */
#include "net/op.h"

#define INLINE static inline __attribute__((always_inline))
#define PANEL 16       /* columns of a packed panel */
#define DEPTH 256      /* and its rows: 16 kB, half of the first cache level */
#define ROWS 192       /* rows of A that meet a panel: 192 kB, in the second */
#define PACK_FROM 24   /* rows that pay for packing */

/* --- portable --- */

static void sgemm_portable(const struct mlp_net_gemm *g, const float *a, const float *b,
                           float *c)
{
    for (size_t i = 0; i < g->m; i++) {
        float *restrict row = c + i * g->ldc;
        for (size_t j = 0; j < g->n; j++)
            row[j] = 0;
        for (size_t p = 0; p < g->k; p++) {
            const float *restrict from = b + p * g->ldb;
            float x = a[i * g->lda + p];
            for (size_t j = 0; j < g->n; j++)
                row[j] += x * from[j];
        }
    }
}

static void dgemm_portable(const struct mlp_net_gemm *g, const double *a, const double *b,
                           double *c)
{
    for (size_t i = 0; i < g->m; i++) {
        double *restrict row = c + i * g->ldc;
        for (size_t j = 0; j < g->n; j++)
            row[j] = 0;
        for (size_t p = 0; p < g->k; p++) {
            const double *restrict from = b + p * g->ldb;
            double x = a[i * g->lda + p];
            for (size_t j = 0; j < g->n; j++)
                row[j] += x * from[j];
        }
    }
}

#if defined(__x86_64__)
#include <immintrin.h>

#define FMA __attribute__((target("avx2,fma")))

#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

/* What tiles share: k products on top of what is in C, or of zeros. */
struct part {
    size_t k, lda, ldb, ldc;
    bool add;
};

/* --- float: rows x vecs * 8 --- */

FMA INLINE void tile32(const struct part *t, const float *a, const float *b, float *c,
                       const unsigned rows, const unsigned vecs)
{
    __m256 sum[8];
    UNROLL
    for (unsigned i = 0; i < rows * vecs; i++)
        sum[i] = t->add ? _mm256_loadu_ps(c + i / vecs * t->ldc + i % vecs * 8)
                        : _mm256_setzero_ps();
    for (size_t p = 0; p < t->k; p++) {
        const float *from = b + p * t->ldb;
        UNROLL
        for (unsigned i = 0; i < rows * vecs; i++)
            sum[i] = _mm256_fmadd_ps(_mm256_broadcast_ss(a + i / vecs * t->lda + p),
                                     _mm256_loadu_ps(from + i % vecs * 8), sum[i]);
    }
    UNROLL
    for (unsigned i = 0; i < rows * vecs; i++)
        _mm256_storeu_ps(c + i / vecs * t->ldc + i % vecs * 8, sum[i]);
}

/* Six rows and two vectors: 12 sums, 2 vectors of B and one of A fill the 16 registers. */
FMA static void tile32_6(const struct part *t, const float *a, const float *b, float *c)
{
    __m256 sum[12];
    UNROLL
    for (unsigned i = 0; i < 12; i++)
        sum[i] = t->add ? _mm256_loadu_ps(c + i / 2 * t->ldc + i % 2 * 8) : _mm256_setzero_ps();
    for (size_t p = 0; p < t->k; p++) {
        __m256 left = _mm256_loadu_ps(b + p * t->ldb), right = _mm256_loadu_ps(b + p * t->ldb + 8);
        UNROLL
        for (unsigned i = 0; i < 6; i++) {
            __m256 x = _mm256_broadcast_ss(a + i * t->lda + p);
            sum[2 * i] = _mm256_fmadd_ps(x, left, sum[2 * i]);
            sum[2 * i + 1] = _mm256_fmadd_ps(x, right, sum[2 * i + 1]);
        }
    }
    UNROLL
    for (unsigned i = 0; i < 12; i++)
        _mm256_storeu_ps(c + i / 2 * t->ldc + i % 2 * 8, sum[i]);
}

/* One row, fewer than eight columns. */
FMA static void tile32_tail(const struct part *t, const float *a, const float *b, float *c,
                            size_t n)
{
    __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    __m256i on = _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), lane);
    __m256 sum = t->add ? _mm256_maskload_ps(c, on) : _mm256_setzero_ps();
    for (size_t p = 0; p < t->k; p++)
        sum = _mm256_fmadd_ps(_mm256_broadcast_ss(a + p), _mm256_maskload_ps(b + p * t->ldb, on),
                              sum);
    _mm256_maskstore_ps(c, on, sum);
}

/* A row times all columns. */
FMA static void row32(const struct part *t, const float *a, const float *b, float *c, size_t n)
{
    size_t j = 0;
    for (; j + 64 <= n; j += 64)
        tile32(t, a, b + j, c + j, 1, 8);
    for (; j + 32 <= n; j += 32)
        tile32(t, a, b + j, c + j, 1, 4);
    for (; j + 8 <= n; j += 8)
        tile32(t, a, b + j, c + j, 1, 1);
    if (j < n)
        tile32_tail(t, a, b + j, c + j, n - j);
}

/* Rows times a strip of at most PANEL columns. */
FMA static void strip32(const struct part *t, size_t m, size_t n, const float *a, const float *b,
                        float *c)
{
    size_t i = 0;
    for (; n == PANEL && i + 6 <= m; i += 6)
        tile32_6(t, a + i * t->lda, b, c + i * t->ldc);
    for (; n == PANEL && i + 2 <= m; i += 2)
        tile32(t, a + i * t->lda, b, c + i * t->ldc, 2, 2);
    for (; n != PANEL && n >= 8 && i + 4 <= m; i += 4)
        tile32(t, a + i * t->lda, b, c + i * t->ldc, 4, 1);
    if (n < PANEL && n > 8 && i) {
        const struct part rest = *t;
        for (size_t r = 0; r < i; r++)
            tile32_tail(&rest, a + r * t->lda, b + 8, c + r * t->ldc + 8, n - 8);
    }
    for (; i < m; i++)
        row32(t, a + i * t->lda, b, c + i * t->ldc, n);
}

static void pack32(float *to, const float *b, size_t ldb, size_t k, size_t n)
{
    for (size_t p = 0; p < k; p++)
        memcpy(to + p * PANEL, b + p * ldb, n * sizeof *to);
}

FMA static void sgemm_fma(const struct mlp_net_gemm *g, const float *a, const float *b,
                          float *c)
{
    const size_t m = g->m, n = g->n, k = g->k;
    float panel[PANEL * DEPTH] __attribute__((aligned(64)));
    struct part t = {.k = k, .lda = g->lda, .ldb = g->ldb, .ldc = g->ldc};
    if (m < PACK_FROM || !k) {
        for (size_t i = 0; i < m && m < 6; i++)
            row32(&t, a + i * t.lda, b, c + i * t.ldc, n);
        for (size_t j = 0; j < n && m >= 6; j += PANEL)
            strip32(&t, m, n - j < PANEL ? n - j : PANEL, a, b + j, c + j);
        return;
    }
    t.ldb = PANEL;
    for (size_t i = 0; i < m; i += ROWS) {
        size_t rows = m - i < ROWS ? m - i : ROWS;
        for (size_t p = 0; p < k; p += DEPTH) {
            t.k = k - p < DEPTH ? k - p : DEPTH;
            t.add = p > 0;
            for (size_t j = 0; j < n; j += PANEL) {
                size_t wide = n - j < PANEL ? n - j : PANEL;
                pack32(panel, b + p * g->ldb + j, g->ldb, t.k, wide);
                strip32(&t, rows, wide, a + i * g->lda + p, panel, c + i * g->ldc + j);
            }
        }
    }
}

/* --- double: the same with vectors of four, without packing --- */

FMA INLINE void tile64(const struct part *t, const double *a, const double *b, double *c,
                       const unsigned rows, const unsigned vecs)
{
    __m256d sum[8];
    UNROLL
    for (unsigned i = 0; i < rows * vecs; i++)
        sum[i] = _mm256_setzero_pd();
    for (size_t p = 0; p < t->k; p++) {
        const double *from = b + p * t->ldb;
        UNROLL
        for (unsigned i = 0; i < rows * vecs; i++)
            sum[i] = _mm256_fmadd_pd(_mm256_broadcast_sd(a + i / vecs * t->lda + p),
                                     _mm256_loadu_pd(from + i % vecs * 4), sum[i]);
    }
    UNROLL
    for (unsigned i = 0; i < rows * vecs; i++)
        _mm256_storeu_pd(c + i / vecs * t->ldc + i % vecs * 4, sum[i]);
}

FMA static void tile64_tail(const struct part *t, const double *a, const double *b, double *c,
                            size_t n)
{
    __m256i lane = _mm256_setr_epi64x(0, 1, 2, 3);
    __m256i on = _mm256_cmpgt_epi64(_mm256_set1_epi64x((long long)n), lane);
    __m256d sum = _mm256_setzero_pd();
    for (size_t p = 0; p < t->k; p++)
        sum = _mm256_fmadd_pd(_mm256_broadcast_sd(a + p), _mm256_maskload_pd(b + p * t->ldb, on),
                              sum);
    _mm256_maskstore_pd(c, on, sum);
}

FMA static void dgemm_fma(const struct mlp_net_gemm *g, const double *a, const double *b,
                          double *c)
{
    const size_t m = g->m, n = g->n, k = g->k;
    const struct part t = {.k = k, .lda = g->lda, .ldb = g->ldb, .ldc = g->ldc};
    size_t four = m / 4 * 4, wide = n / 8 * 8, i, j;
    for (j = 0; j < wide; j += 8)
        for (i = 0; i < four; i += 4)
            tile64(&t, a + i * t.lda, b + j, c + i * t.ldc + j, 4, 2);
    for (i = 0; i < m; i++) {
        for (j = i < four ? wide : 0; j + 16 <= n; j += 16)
            tile64(&t, a + i * t.lda, b + j, c + i * t.ldc + j, 1, 4);
        for (; j + 4 <= n; j += 4)
            tile64(&t, a + i * t.lda, b + j, c + i * t.ldc + j, 1, 1);
        if (j < n)
            tile64_tail(&t, a + i * t.lda, b + j, c + i * t.ldc + j, n - j);
    }
}

static bool has_fma(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}
#else
static bool has_fma(void)
{
    return false;
}
#define sgemm_fma sgemm_portable
#define dgemm_fma dgemm_portable
#endif

void mlp_net_gemm32(const struct mlp_net_gemm *g, const float *a, const float *b, float *c)
{
    if (has_fma())
        sgemm_fma(g, a, b, c);
    else
        sgemm_portable(g, a, b, c);
}

void mlp_net_gemm64(const struct mlp_net_gemm *g, const double *a, const double *b, double *c)
{
    if (has_fma())
        dgemm_fma(g, a, b, c);
    else
        dgemm_portable(g, a, b, c);
}
