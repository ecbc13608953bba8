#include "text/csv.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

/* The masks of one 64-byte group: a bit a byte, lowest first. */
struct masks {
    uint64_t quotes, separators;
};

/* Bits that lie inside quotes, the opening quote among them: the prefix xor of the quote bits. */
static uint64_t prefix_xor(uint64_t bits)
{
    for (int shift = 1; shift < 64; shift *= 2)
        bits ^= bits << shift;
    return bits;
}

/* Writes the offsets of the set bits; four at a time, the overshoot is overwritten later. */
static inline uint32_t *emit(uint32_t *out, uint64_t bits, uint32_t base)
{
    uint32_t *end = out + __builtin_popcountll(bits);
    while (out < end) {
        for (int i = 0; i < 4; i++) {
            out[i] = base + (uint32_t)__builtin_ctzll(bits | (uint64_t)1 << 63);
            bits &= bits - 1;
        }
        out += 4;
    }
    return end;
}

/* Takes one group's masks; the last group may be shorter than 64. */
static inline uint32_t *group(uint32_t *out, struct masks m, uint64_t inside, size_t base,
                              size_t left)
{
    uint64_t bits = m.separators & ~inside;
    if (left < 64)
        bits &= ((uint64_t)1 << left) - 1;
    return emit(out, bits, (uint32_t)base);
}

/* The state after a group that has `left` bytes. */
static inline uint64_t carry(uint64_t inside, size_t left)
{
    unsigned last = left < 64 ? (unsigned)left - 1 : 63;
    return inside >> last & 1 ? UINT64_MAX : 0;
}

#if defined(__x86_64__)

static inline uint64_t equal16(__m128i bytes, __m128i c)
{
    return (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, c));
}

static inline struct masks look(const char *p, const struct mlp_csv_dialect *d)
{
    __m128i quote = _mm_set1_epi8(d->quote), comma = _mm_set1_epi8(d->delimiter);
    __m128i feed = _mm_set1_epi8('\n');
    struct masks m = {0, 0};
    for (int i = 0; i < 4; i++) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)(p + 16 * i));
        uint64_t separators = equal16(bytes, comma) | equal16(bytes, feed);
        m.separators |= separators << (16 * i);
        m.quotes |= equal16(bytes, quote) << (16 * i);
    }
    return m;
}

#define WIDE __attribute__((target("avx2,pclmul,bmi,bmi2,popcnt,lzcnt")))

WIDE static inline uint64_t equal64(__m256i low, __m256i high, __m256i c)
{
    uint64_t a = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, c));
    uint64_t b = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, c));
    return a | b << 32;
}

/* As the plain loop below, 64 bytes in four instructions, the prefix xor in one (carry-less
 * multiplication by all ones). */
WIDE static size_t index_avx2(const struct mlp_csv_dialect *d, const char *p, size_t n,
                              uint32_t *out, bool *in_quotes)
{
    __m256i quote = _mm256_set1_epi8(d->quote), comma = _mm256_set1_epi8(d->delimiter);
    __m256i feed = _mm256_set1_epi8('\n');
    __m128i ones = _mm_set1_epi8(-1);
    uint64_t state = *in_quotes ? UINT64_MAX : 0;
    uint32_t *o = out;
    for (size_t i = 0; i < n; i += 64) {
        __m256i low = _mm256_loadu_si256((const __m256i *)(const void *)(p + i));
        __m256i high = _mm256_loadu_si256((const __m256i *)(const void *)(p + i + 32));
        uint64_t quotes = d->quote ? equal64(low, high, quote) : 0;
        struct masks m = {quotes, equal64(low, high, comma) | equal64(low, high, feed)};
        if (n - i < 64)
            m.quotes &= ((uint64_t)1 << (n - i)) - 1;
        __m128i product = _mm_clmulepi64_si128(_mm_set_epi64x(0, (int64_t)m.quotes), ones, 0);
        uint64_t inside = (uint64_t)_mm_cvtsi128_si64(product) ^ state;
        state = carry(inside, n - i);
        o = group(o, m, inside, i, n - i);
    }
    *in_quotes = state != 0;
    return (size_t)(o - out);
}

static bool have_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("pclmul") &&
           __builtin_cpu_supports("bmi2");
}

#else

static inline struct masks look(const char *p, const struct mlp_csv_dialect *d)
{
    struct masks m = {0, 0};
    for (unsigned i = 0; i < 64; i++) {
        uint64_t bit = (uint64_t)1 << i;
        m.quotes |= p[i] == d->quote ? bit : 0;
        m.separators |= p[i] == d->delimiter || p[i] == '\n' ? bit : 0;
    }
    return m;
}

static bool have_avx2(void)
{
    return false;
}
#define index_avx2 index_plain

#endif

static size_t index_plain(const struct mlp_csv_dialect *d, const char *p, size_t n, uint32_t *out,
                          bool *in_quotes)
{
    uint64_t state = *in_quotes ? UINT64_MAX : 0;
    uint32_t *o = out;
    for (size_t i = 0; i < n; i += 64) {
        struct masks m = look(p + i, d);
        if (!d->quote)
            m.quotes = 0;
        if (n - i < 64)
            m.quotes &= ((uint64_t)1 << (n - i)) - 1;
        uint64_t inside = prefix_xor(m.quotes) ^ state;
        state = carry(inside, n - i);
        o = group(o, m, inside, i, n - i);
    }
    *in_quotes = state != 0;
    return (size_t)(o - out);
}

size_t mlp_csv_index(const struct mlp_csv_dialect *d, const char *p, size_t n, uint32_t *out,
                     bool *in_quotes)
{
    return have_avx2() ? index_avx2(d, p, n, out, in_quotes)
                       : index_plain(d, p, n, out, in_quotes);
}

struct mlp_str mlp_csv_unquote(const struct mlp_csv_dialect *d, struct mlp_str raw,
                               struct mlp_buf *scratch)
{
    char q = d->quote;
    mlp_buf_reset(scratch);
    if (!q || raw.n < 2 || raw.p[0] != q || raw.p[raw.n - 1] != q)
        return raw;
    struct mlp_str inner = {raw.p + 1, raw.n - 2};
    size_t at = mlp_str_find(inner, q);
    if (at == inner.n)
        return inner;
    struct mlp_str rest = inner;
    while (at < rest.n) {
        mlp_buf_add(scratch, rest.p, at + 1);
        size_t skip = at + 2 < rest.n ? at + 2 : rest.n;
        rest = (struct mlp_str){rest.p + skip, rest.n - skip};
        at = mlp_str_find(rest, q);
    }
    mlp_buf_addstr(scratch, rest);
    return mlp_buf_str(scratch);
}

const char *mlp_csv_fault(const struct mlp_csv_dialect *d, struct mlp_str raw)
{
    char q = d->quote;
    if (!q || raw.n == 0)
        return NULL;
    if (raw.p[0] != q)
        return memchr(raw.p, q, raw.n) ? "a quote inside an unquoted field" : NULL;
    size_t i = 1;
    while (i < raw.n) {
        if (raw.p[i] != q) {
            i++;
        } else if (i + 1 < raw.n && raw.p[i + 1] == q) {
            i += 2;
        } else {
            return i + 1 == raw.n ? NULL : "text after a closing quote";
        }
    }
    return "a quoted field that does not end";
}

static bool needs_quotes(const struct mlp_csv_dialect *d, struct mlp_str v)
{
    for (size_t i = 0; i < v.n; i++) {
        char c = v.p[i];
        if (c == d->delimiter || c == '\n' || c == '\r' || (d->quote && c == d->quote))
            return true;
    }
    return false;
}

void mlp_csv_add(const struct mlp_csv_dialect *d, struct mlp_buf *b, struct mlp_str value,
                 bool quote_empty)
{
    bool quoted = d->quote && ((value.n == 0 && quote_empty) || needs_quotes(d, value));
    if (!quoted) {
        mlp_buf_addstr(b, value);
        return;
    }
    mlp_buf_addc(b, d->quote);
    while (value.n) {
        size_t n = mlp_str_find(value, d->quote);
        mlp_buf_add(b, value.p, n);
        if (n < value.n)
            mlp_buf_add(b, (char[]){d->quote, d->quote}, 2);
        size_t skip = n < value.n ? n + 1 : n;
        value = (struct mlp_str){value.p + skip, value.n - skip};
    }
    mlp_buf_addc(b, d->quote);
}

size_t mlp_csv_lines(const char *p, size_t n)
{
    size_t count = 0;
    const char *end = p + n;
    while (p < end && (p = memchr(p, '\n', (size_t)(end - p))) != NULL) {
        count++;
        p++;
    }
    return count;
}
