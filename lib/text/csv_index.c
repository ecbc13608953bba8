/* The first stage of csv.h: from bytes to the positions of separators. */
#include "text/csv.h"
#include "text/swar.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

/* The masks of one 64-byte group: a bit a byte, lowest first. */
struct masks {
    uint64_t quotes, delimiters, feeds;
};

/* A scan under way. */
struct run {
    uint32_t *out;       /* NULL when positions are not wanted */
    uint64_t found;      /* separators */
    uint64_t inside;     /* all ones when the next byte is inside quotes */
    uint64_t may_open;   /* 1 when a quote may open at the next byte */
    uint64_t stray;      /* not 0 when a quote opened where none may */
    uint64_t rows, feeds;
};

#define ALWAYS_INLINE inline __attribute__((always_inline))

/* Writes the offsets of the set bits, eight at a time: most groups have fewer, and a loop by the
 * exact count would be mispredicted. The overshoot is overwritten by the next group. */
static ALWAYS_INLINE void emit(uint32_t *out, uint64_t bits, uint64_t count, uint32_t base)
{
    for (uint64_t done = 0; done < count; done += 8) {
        for (int i = 0; i < 8; i++) {
            *out++ = base + (uint32_t)__builtin_ctzll(bits | (uint64_t)1 << 63);
            bits &= bits - 1;
        }
    }
}

/* Bits set; the builtin is a library call on processors that may lack the instruction. */
static ALWAYS_INLINE uint64_t count_bits(uint64_t v, bool has_popcnt)
{
    if (has_popcnt)
        return (uint64_t)__builtin_popcountll(v);
    v -= v >> 1 & 0x5555555555555555u;
    v = (v & 0x3333333333333333u) + (v >> 2 & 0x3333333333333333u);
    return ((v + (v >> 4)) & 0x0F0F0F0F0F0F0F0Fu) * 0x0101010101010101u >> 56;
}

/* Takes the masks of `n` <= 64 bytes at `base`; prefix is the prefix xor of m.quotes. */
static ALWAYS_INLINE void step(struct run *r, struct masks m, uint64_t prefix, size_t base,
                               unsigned n, bool has_popcnt)
{
    uint64_t inside = prefix ^ r->inside;
    uint64_t separators = (m.delimiters | m.feeds) & ~inside;
    uint64_t may_open = separators | m.quotes;
    uint64_t count = count_bits(separators, has_popcnt);
    r->stray |= m.quotes & inside & ~(may_open << 1 | r->may_open);
    r->may_open = may_open >> (n - 1) & 1;
    r->inside = inside >> 63 ? UINT64_MAX : 0;
    r->rows += count_bits(m.feeds & ~inside, has_popcnt);
    r->feeds += count_bits(m.feeds, has_popcnt);
    if (r->out)
        emit(r->out + r->found, separators, count, (uint32_t)base);
    r->found += count;
}

/* Masks without what lies behind the last `n` < 64 bytes. */
static ALWAYS_INLINE struct masks trim(struct masks m, size_t n)
{
    uint64_t keep = ((uint64_t)1 << n) - 1;
    return (struct masks){m.quotes & keep, m.delimiters & keep, m.feeds & keep};
}

static ALWAYS_INLINE uint64_t prefix_xor(uint64_t bits)
{
    for (int shift = 1; shift < 64; shift *= 2)
        bits ^= bits << shift;
    return bits;
}

/* ---- portable */

/* A bit for each byte of w that equals the pattern's: exact zero bytes, then their top bits are
 * gathered by one multiplication. */
static inline uint64_t equal8(uint64_t w, uint64_t pattern)
{
    uint64_t low = MLP_SWAR_ALL(0x7F), x = w ^ pattern;
    uint64_t zero = ~(((x & low) + low) | x | low);
    return zero * 0x0002040810204081u >> 56;
}

static struct masks look_portable(const char *p, const struct mlp_csv_dialect *d)
{
    uint64_t quote = MLP_SWAR_ALL(d->quote), delimiter = MLP_SWAR_ALL(d->delimiter);
    struct masks m = {0, 0, 0};
    for (unsigned i = 0; i < 64; i += 8) {
        uint64_t w = mlp_swar_load(p + i);
        m.quotes |= equal8(w, quote) << i;
        m.delimiters |= equal8(w, delimiter) << i;
        m.feeds |= equal8(w, MLP_SWAR_ALL('\n')) << i;
    }
    if (!d->quote)
        m.quotes = 0;
    return m;
}

static void run_portable(const struct mlp_csv_dialect *d, const char *p, size_t n, struct run *r)
{
    size_t i = 0;
    for (; n - i >= 64; i += 64) {
        struct masks m = look_portable(p + i, d);
        step(r, m, prefix_xor(m.quotes), i, 64, false);
    }
    if (i < n) {
        struct masks m = trim(look_portable(p + i, d), n - i);
        step(r, m, prefix_xor(m.quotes), i, (unsigned)(n - i), false);
    }
}

#if defined(__x86_64__)

/* ---- SSE2: every x86-64 has it */

static inline uint64_t equal16(__m128i bytes, __m128i c)
{
    return (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, c));
}

static inline struct masks look_sse2(const char *p, const struct mlp_csv_dialect *d)
{
    __m128i quote = _mm_set1_epi8(d->quote), delimiter = _mm_set1_epi8(d->delimiter);
    __m128i feed = _mm_set1_epi8('\n');
    struct masks m = {0, 0, 0};
    for (int i = 0; i < 64; i += 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)(p + i));
        m.quotes |= equal16(bytes, quote) << i;
        m.delimiters |= equal16(bytes, delimiter) << i;
        m.feeds |= equal16(bytes, feed) << i;
    }
    if (!d->quote)
        m.quotes = 0;
    return m;
}

static void run_sse2(const struct mlp_csv_dialect *d, const char *p, size_t n, struct run *r)
{
    size_t i = 0;
    for (; n - i >= 64; i += 64) {
        struct masks m = look_sse2(p + i, d);
        step(r, m, prefix_xor(m.quotes), i, 64, false);
    }
    if (i < n) {
        struct masks m = trim(look_sse2(p + i, d), n - i);
        step(r, m, prefix_xor(m.quotes), i, (unsigned)(n - i), false);
    }
}

/* ---- AVX2, with the prefix xor as one carry-less multiplication by all ones */

#define WIDE __attribute__((target("avx2,pclmul,bmi,bmi2,popcnt")))

WIDE static inline uint64_t equal64(__m256i low, __m256i high, __m256i c)
{
    uint64_t a = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, c));
    uint64_t b = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, c));
    return a | b << 32;
}

WIDE static inline struct masks look_avx2(const char *p, const struct mlp_csv_dialect *d)
{
    __m256i low = _mm256_loadu_si256((const __m256i *)(const void *)p);
    __m256i high = _mm256_loadu_si256((const __m256i *)(const void *)(p + 32));
    struct masks m;
    m.quotes = d->quote ? equal64(low, high, _mm256_set1_epi8(d->quote)) : 0;
    m.delimiters = equal64(low, high, _mm256_set1_epi8(d->delimiter));
    m.feeds = equal64(low, high, _mm256_set1_epi8('\n'));
    return m;
}

WIDE static inline uint64_t prefix_clmul(uint64_t bits)
{
    __m128i a = _mm_set_epi64x(0, (int64_t)bits);
    return (uint64_t)_mm_cvtsi128_si64(_mm_clmulepi64_si128(a, _mm_set1_epi8(-1), 0));
}

WIDE static void run_avx2(const struct mlp_csv_dialect *d, const char *p, size_t n, struct run *r)
{
    size_t i = 0;
    struct run local = *r;
    struct mlp_csv_dialect dialect = *d;
    for (; n - i >= 64; i += 64) {
        struct masks m = look_avx2(p + i, &dialect);
        step(&local, m, prefix_clmul(m.quotes), i, 64, true);
    }
    if (i < n) {
        struct masks m = trim(look_avx2(p + i, &dialect), n - i);
        step(&local, m, prefix_clmul(m.quotes), i, (unsigned)(n - i), true);
    }
    *r = local;
}

enum mlp_csv_isa mlp_csv_best_isa(void)
{
    bool wide = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("pclmul") &&
                __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") &&
                __builtin_cpu_supports("popcnt");
    return wide ? MLP_CSV_AVX2 : MLP_CSV_SSE2;
}

#else

static void run_sse2(const struct mlp_csv_dialect *d, const char *p, size_t n, struct run *r)
{
    run_portable(d, p, n, r);
}

static void run_avx2(const struct mlp_csv_dialect *d, const char *p, size_t n, struct run *r)
{
    run_portable(d, p, n, r);
}

enum mlp_csv_isa mlp_csv_best_isa(void)
{
    return MLP_CSV_PORTABLE;
}

#endif

/* ---- byte by byte, for blocks with a stray quote */

static size_t index_bytes(const struct mlp_csv_dialect *d, struct mlp_str block, uint32_t *out,
                          struct mlp_csv_scan *s)
{
    size_t found = 0;
    *s = (struct mlp_csv_scan){.at = s->at, .stray = true};
    for (size_t i = 0; i < block.n; i++) {
        char c = block.p[i];
        s->feeds += c == '\n';
        if (s->at == MLP_CSV_QUOTED) {
            s->at = c == d->quote ? MLP_CSV_CLOSED : MLP_CSV_QUOTED;
        } else if (c == d->delimiter || c == '\n') {
            if (out)
                out[found] = (uint32_t)i;
            found++;
            s->rows += c == '\n';
            s->at = MLP_CSV_START;
        } else {
            s->at = c == d->quote && s->at != MLP_CSV_PLAIN ? MLP_CSV_QUOTED : MLP_CSV_PLAIN;
        }
    }
    return found;
}

/* Where the byte behind the block stands. */
static enum mlp_csv_at state_after(const struct mlp_csv_dialect *d, char last, bool inside)
{
    if (inside)
        return MLP_CSV_QUOTED;
    if (last == d->delimiter || last == '\n')
        return MLP_CSV_START;
    return d->quote && last == d->quote ? MLP_CSV_CLOSED : MLP_CSV_PLAIN;
}

size_t mlp_csv_index_isa(enum mlp_csv_isa isa, const struct mlp_csv_dialect *d,
                         struct mlp_str block, uint32_t *out, struct mlp_csv_scan *s)
{
    struct run r = {.out = out, .inside = s->at == MLP_CSV_QUOTED ? UINT64_MAX : 0};
    r.may_open = s->at == MLP_CSV_START || s->at == MLP_CSV_CLOSED;
    if (isa == MLP_CSV_AVX2)
        run_avx2(d, block.p, block.n, &r);
    else if (isa == MLP_CSV_SSE2)
        run_sse2(d, block.p, block.n, &r);
    else
        run_portable(d, block.p, block.n, &r);
    if (r.stray)
        return index_bytes(d, block, out, s);
    enum mlp_csv_at at = s->at;
    if (block.n)
        at = state_after(d, block.p[block.n - 1], r.inside != 0);
    *s = (struct mlp_csv_scan){.at = at, .rows = r.rows, .feeds = r.feeds};
    return r.found;
}

size_t mlp_csv_index(const struct mlp_csv_dialect *d, const char *p, size_t n, uint32_t *out,
                     struct mlp_csv_scan *s)
{
    return mlp_csv_index_isa(mlp_csv_best_isa(), d, (struct mlp_str){p, n}, out, s);
}
