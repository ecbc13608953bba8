/* packed.c: tiles of six rows and sixteen columns that stay in registers (packed.h). */
#include "net/packed.h"

#define INLINE static inline __attribute__((always_inline))
#define BLOCK_FLOATS (64u << 10) /* of a, which should stay in the second cache level */

/* What a tile needs: row p of the panel is 16 p further on, or at an offset of its own. */
struct tile {
    size_t k, lda, ldc, wide;
    const size_t *offset;
    const float *bias;           /* of the panel's columns, or NULL */
};

enum mlp_code mlp_packed_make(struct mlp_packed *p, struct mlp_arena *a,
                              const struct mlp_tensor *b, bool transposed, struct mlp_err *e)
{
    size_t k = (size_t)b->dims[transposed], n = (size_t)b->dims[!transposed];
    size_t panels = (n + MLP_PANEL - 1) / MLP_PANEL;
    float *to = k && panels ? mlp_arena_array64(a, panels * k, MLP_PANEL * sizeof *to) : NULL;
    *p = (struct mlp_packed){k, n, to};
    if (k && panels && !to)
        return mlp_err_nomem(e);
    for (size_t j = 0; j < panels * MLP_PANEL; j++)
        for (size_t i = 0; i < k; i++)
            to[(j / MLP_PANEL * k + i) * MLP_PANEL + j % MLP_PANEL] =
                j >= n ? 0 : b->f32[transposed ? j * k + i : i * n + j];
    return MLP_OK;
}

#if defined(__x86_64__)
#include <immintrin.h>

#define FMA __attribute__((target("avx2,fma")))
#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

static bool has_fma(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

/* Eight columns from `at` on of the sums, plus bias, into those that there are. */
FMA INLINE void put(const struct tile *t, __m256 sum, float *c, const unsigned at)
{
    float whole[8];
    if (at + 8 <= t->wide) {
        if (t->bias)
            sum = _mm256_add_ps(sum, _mm256_loadu_ps(t->bias + at));
        _mm256_storeu_ps(c + at, sum);
        return;
    }
    _mm256_storeu_ps(whole, sum);
    for (size_t j = at; j < t->wide; j++)
        c[j] = t->bias ? whole[j - at] + t->bias[j] : whole[j - at];
}

/* Panels of up to eight columns, of more, and windows (of all sixteen). */
enum kind { HALF, WHOLE, SLIDING };

/* Two pointers reach six rows of a: three each, which one addition can tell apart. */
FMA INLINE void tile(const struct tile *t, const float *a, const float *panel, float *c,
                     const unsigned rows, const enum kind kind)
{
    const bool two = kind != HALF;
    __m256 sum[12];
    const float *low = a, *high = a + 3 * t->lda;
    const size_t k = t->k, lda = t->lda;
    UNROLL
    for (unsigned i = 0; i < 2 * rows; i++)
        sum[i] = _mm256_setzero_ps();
    for (size_t p = 0; p < k; p++) {
        const float *from = panel + (kind == SLIDING ? t->offset[p] : p * MLP_PANEL);
        __m256 left = _mm256_loadu_ps(from);
        __m256 right = two ? _mm256_loadu_ps(from + 8) : left;
        UNROLL
        for (unsigned i = 0; i < rows; i++) {
            __m256 x = _mm256_broadcast_ss((i < 3 ? low : high) + i % 3 * lda);
            sum[2 * i] = _mm256_fmadd_ps(x, left, sum[2 * i]);
            if (two)
                sum[2 * i + 1] = _mm256_fmadd_ps(x, right, sum[2 * i + 1]);
        }
        low++;
        high++;
    }
    UNROLL
    for (unsigned i = 0; i < rows; i++) {
        put(t, sum[2 * i], c + i * t->ldc, 0);
        if (two)
            put(t, sum[2 * i + 1], c + i * t->ldc, 8);
    }
}

/* Six rows at a time; the last ones so that none is left over with two, whose few chains of sums
 * would wait for each other. */
FMA INLINE void rows_of(const struct tile *t, size_t m, const float *a, const float *panel,
                        float *c, const enum kind kind)
{
    while (m) {
        unsigned rows = m > 8 || m == 6 ? 6 : m > 6 ? 4 : (unsigned)m;
        switch (rows) {
        case 6: tile(t, a, panel, c, 6, kind); break;
        case 5: tile(t, a, panel, c, 5, kind); break;
        case 4: tile(t, a, panel, c, 4, kind); break;
        case 3: tile(t, a, panel, c, 3, kind); break;
        case 2: tile(t, a, panel, c, 2, kind); break;
        default: tile(t, a, panel, c, 1, kind); break;
        }
        m -= rows;
        a += rows * t->lda;
        c += rows * t->ldc;
    }
}

FMA static void rows_by_panel(const struct tile *t, size_t m, const float *a, const float *panel,
                              float *c)
{
    if (t->wide > 8)
        rows_of(t, m, a, panel, c, WHOLE);
    else
        rows_of(t, m, a, panel, c, HALF);
}

FMA static void rows_by_slide(const struct tile *t, size_t m, const float *a, const float *x,
                              float *c)
{
    rows_of(t, m, a, x, c, SLIDING);
}

/* One row times four panels: eight chains at once, where one panel's two would wait for each other.
 */
FMA static void row_by_four(const struct tile *t, const float *a, const float *panel, float *c)
{
    const size_t step = t->k * MLP_PANEL;
    __m256 sum[8];
    UNROLL
    for (unsigned i = 0; i < 8; i++)
        sum[i] = _mm256_setzero_ps();
    for (size_t p = 0; p < t->k; p++) {
        __m256 x = _mm256_broadcast_ss(a + p);
        UNROLL
        for (unsigned i = 0; i < 8; i++)
            sum[i] = _mm256_fmadd_ps(
                x, _mm256_loadu_ps(panel + i / 2 * step + p * MLP_PANEL + i % 2 * 8), sum[i]);
    }
    UNROLL
    for (unsigned i = 0; i < 4; i++) {
        struct tile part = *t;
        part.bias = t->bias ? t->bias + i * MLP_PANEL : NULL;
        put(&part, sum[2 * i], c + i * MLP_PANEL, 0);
        put(&part, sum[2 * i + 1], c + i * MLP_PANEL, 8);
    }
}

/* The last vector overlaps the one before, unless y is x. */
FMA static size_t add_fma(float *y, const float *x, size_t n, float add)
{
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        _mm256_storeu_ps(y + i, _mm256_add_ps(_mm256_loadu_ps(x + i), _mm256_set1_ps(add)));
    if (i == n || n < 8 || x == y)
        return i;
    i = n - 8;
    _mm256_storeu_ps(y + i, _mm256_add_ps(_mm256_loadu_ps(x + i), _mm256_set1_ps(add)));
    return n;
}

/* max(0, x): where x is NaN, the instruction gives its second operand, which is x. */
FMA static void relu_fma(float *y, const float *x, size_t n)
{
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        _mm256_storeu_ps(y + i, _mm256_max_ps(_mm256_setzero_ps(), _mm256_loadu_ps(x + i)));
    for (; i < n; i++)
        y[i] = x[i] < 0 ? 0 : x[i];
}

FMA static void max_fma(float *y, const float *x, size_t n)
{
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        _mm256_storeu_ps(y + i, _mm256_max_ps(_mm256_loadu_ps(y + i), _mm256_loadu_ps(x + i)));
    for (; i < n; i++)
        y[i] = y[i] > x[i] ? y[i] : x[i];
}
FMA static size_t scale_fma(float *y, const float *x, const float *offset, const float *scale,
                            size_t n)
{
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        __m256 from_mean = _mm256_sub_ps(_mm256_loadu_ps(x + i), _mm256_loadu_ps(offset + i));
        _mm256_storeu_ps(y + i, _mm256_mul_ps(from_mean, _mm256_loadu_ps(scale + i)));
    }
    return i;
}

/* Even and odd ones apart, within halves of a vector, whose order is put right at the end. */
FMA INLINE void pool_eight(float *y, const float *top, const float *bottom)
{
    __m256 a = _mm256_max_ps(_mm256_loadu_ps(top), _mm256_loadu_ps(bottom));
    __m256 b = _mm256_max_ps(_mm256_loadu_ps(top + 8), _mm256_loadu_ps(bottom + 8));
    __m256 most = _mm256_max_ps(_mm256_shuffle_ps(a, b, 0x88), _mm256_shuffle_ps(a, b, 0xDD));
    __m256i order = _mm256_permute4x64_epi64(_mm256_castps_si256(most), 0xD8);
    _mm256_storeu_ps(y, _mm256_castsi256_ps(order));
}

FMA INLINE void pool_four(float *y, const float *top, const float *bottom)
{
    __m128 a = _mm_max_ps(_mm_loadu_ps(top), _mm_loadu_ps(bottom));
    __m128 b = _mm_max_ps(_mm_loadu_ps(top + 4), _mm_loadu_ps(bottom + 4));
    _mm_storeu_ps(y, _mm_max_ps(_mm_shuffle_ps(a, b, 0x88), _mm_shuffle_ps(a, b, 0xDD)));
}

FMA static size_t pool_fma(float *y, const float *top, const float *bottom, size_t n)
{
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        pool_eight(y + i, top + 2 * i, bottom + 2 * i);
    if (i < n && n >= 8) {
        pool_eight(y + n - 8, top + 2 * n - 16, bottom + 2 * n - 16);
        return n;
    }
    if (n < 4 || i == n)
        return i;
    pool_four(y, top, bottom);
    pool_four(y + n - 4, top + 2 * n - 8, bottom + 2 * n - 8);
    return n;
}
#else
static bool has_fma(void)
{
    return false;
}
#define rows_by_panel rows_portable
#define rows_by_slide rows_portable
#define row_by_four(t, a, panel, c) rows_portable(t, 1, a, panel, c)
#define add_fma(y, x, n, add) ((size_t)0)
#define relu_fma(y, x, n) ((void)0)
#define max_fma(y, x, n) ((void)0)
#define pool_fma(y, top, bottom, n) ((size_t)0)
#define scale_fma(y, x, offset, scale, n) ((size_t)0)
#endif

static void rows_portable(const struct tile *t, size_t m, const float *a, const float *panel,
                          float *c)
{
    for (size_t i = 0; i < m; i++) {
        float sum[MLP_PANEL] = {0};
        for (size_t p = 0; p < t->k; p++) {
            const float *from = panel + (t->offset ? t->offset[p] : p * MLP_PANEL);
            for (size_t j = 0; j < MLP_PANEL; j++)
                sum[j] += a[i * t->lda + p] * from[j];
        }
        for (size_t j = 0; j < t->wide; j++)
            c[i * t->ldc + j] = t->bias ? sum[j] + t->bias[j] : sum[j];
    }
}

void mlp_packed_product(const struct mlp_packed *b, const struct mlp_packed_call *call,
                        const float *a, float *c)
{
    struct tile t = {.k = b->k, .lda = call->lda, .ldc = call->ldc};
    const bool fma = has_fma();
    size_t block = BLOCK_FLOATS / (b->k + 1) + 6;
    for (size_t i = 0; i < call->m; i += block) {
        size_t rows = call->m - i < block ? call->m - i : block, j = 0;
        const float *from = a + i * call->lda;
        float *to = c + i * call->ldc;
        t.wide = MLP_PANEL;
        for (; fma && rows == 1 && j + 4 * MLP_PANEL <= b->n; j += 4 * MLP_PANEL) {
            t.bias = call->bias ? call->bias + j : NULL;
            row_by_four(&t, from, b->panels + j * b->k, to + j);
        }
        for (; j < b->n; j += MLP_PANEL) {
            t.wide = b->n - j < MLP_PANEL ? b->n - j : MLP_PANEL;
            t.bias = call->bias ? call->bias + j : NULL;
            (fma ? rows_by_panel : rows_portable)(&t, rows, from, b->panels + j * b->k, to + j);
        }
    }
}

void mlp_slide_product(const struct mlp_slide *s, const float *w, const float *x, float *c)
{
    const struct tile t = {.k = s->k, .lda = s->k, .ldc = s->ldc, .wide = MLP_PANEL,
                           .offset = s->offset};
    const bool fma = has_fma();
    for (size_t j = 0; j < s->n; j += MLP_PANEL)
        (fma ? rows_by_slide : rows_portable)(&t, s->m, w, x + j, c + j);
}

void mlp_floats_add(float *y, const float *x, size_t n, float add)
{
    for (size_t i = has_fma() ? add_fma(y, x, n, add) : 0; i < n; i++)
        y[i] = x[i] + add;
}

void mlp_floats_relu(float *y, const float *x, size_t n)
{
    if (has_fma()) {
        relu_fma(y, x, n);
        return;
    }
    for (size_t i = 0; i < n; i++)
        y[i] = x[i] < 0 ? 0 : x[i];
}

void mlp_floats_max(float *y, const float *x, size_t n)
{
    if (has_fma()) {
        max_fma(y, x, n);
        return;
    }
    for (size_t i = 0; i < n; i++)
        y[i] = y[i] > x[i] ? y[i] : x[i];
}

static float larger(float a, float b)
{
    return a > b ? a : b;
}

void mlp_floats_pool(float *y, const float *top, const float *bottom, size_t n)
{
    for (size_t i = has_fma() ? pool_fma(y, top, bottom, n) : 0; i < n; i++)
        y[i] = larger(larger(top[2 * i], bottom[2 * i]),
                      larger(top[2 * i + 1], bottom[2 * i + 1]));
}

void mlp_floats_scale(float *y, const float *x, const float *offset, const float *scale, size_t n)
{
    for (size_t i = has_fma() ? scale_fma(y, x, offset, scale, n) : 0; i < n; i++)
        y[i] = (x[i] - offset[i]) * scale[i];
}
