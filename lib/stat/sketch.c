#include "stat/sketch.h"

#include "base/map.h"

#include <math.h>
#include <stdlib.h>

void mlp_hll_merge(uint8_t *a, const uint8_t *b)
{
    for (size_t i = 0; i < MLP_HLL_REGISTERS; i++)
        a[i] = a[i] > b[i] ? a[i] : b[i];
}

/* Ertl's sigma: x + sum of x^(2^k) 2^(k-1); tau: the same for registers that are full. */
static double sigma(double x)
{
    double y = 1, z = x, before;
    if (x >= 1)
        return INFINITY;
    do {
        x *= x;
        before = z;
        z += x * y;
        y += y;
    } while (z > before);
    return z;
}

static double tau(double x)
{
    double y = 1, z = 1 - x, before;
    if (x <= 0 || x >= 1)
        return 0;
    do {
        x = sqrt(x);
        before = z;
        y *= 0.5;
        z -= (1 - x) * (1 - x) * y;
    } while (z < before);
    return z / 3;
}

double mlp_hll_estimate(const uint8_t *registers)
{
    enum { Q = 64 - 12 };
    const double m = MLP_HLL_REGISTERS;
    unsigned histogram[Q + 2] = {0};
    for (size_t i = 0; i < MLP_HLL_REGISTERS; i++)
        histogram[registers[i] <= Q + 1 ? registers[i] : Q + 1]++;
    double z = m * tau(1 - histogram[Q + 1] / m);
    for (int k = Q; k >= 1; k--)
        z = 0.5 * (z + histogram[k]);
    z += m * sigma(histogram[0] / m);
    return m * m / (2 * log(2)) / z;
}

static uint64_t finish(uint64_t z)
{
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ z >> 27) * 0x94D049BB133111EBull;
    return z ^ z >> 31;
}

uint64_t mlp_hash_text(struct mlp_str s)
{
    return finish(mlp_hash64(s.p, s.n, 0));
}

uint64_t mlp_hash_f64(double x)
{
    uint64_t bits;
    x += 0.0; /* -0 becomes 0 */
    memcpy(&bits, &x, sizeof bits);
    return finish(bits + 0x9E3779B97F4A7C15ull);
}

void mlp_tally_init(struct mlp_tally *t)
{
    *t = (struct mlp_tally){0};
}

void mlp_tally_fini(struct mlp_tally *t)
{
    free(t->items);
    free(t->slots);
    free(t->bytes);
    mlp_tally_init(t);
}

/* Little-endian whatever the machine: overlapping loads must agree on their common bytes. */
static uint32_t load32(const char *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof v);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    v = __builtin_bswap32(v);
#endif
    return v;
}

/* The first eight bytes, never reading past the end. */
static uint64_t first_word(struct mlp_str s)
{
    uint64_t w = 0;
    if (s.n >= 8) {
        w = load32(s.p) | (uint64_t)load32(s.p + 4) << 32;
    } else if (s.n >= 4) {
        w = load32(s.p) | (uint64_t)load32(s.p + s.n - 4) << 8 * (s.n - 4);
    } else if (s.n) {
        const unsigned char *p = (const unsigned char *)s.p;
        w = (uint64_t)p[0] | (uint64_t)p[s.n / 2] << 8 * (s.n / 2) |
            (uint64_t)p[s.n - 1] << 8 * (s.n - 1);
    }
    return w;
}

static bool same_text(const struct mlp_tally *t, const struct mlp_tally_item *i, uint64_t word,
                      struct mlp_str s)
{
    return i->word == word && i->n == s.n &&
           (s.n <= 8 || memcmp(t->bytes + i->at + 8, s.p + 8, s.n - 8) == 0);
}

static size_t home(const struct mlp_tally *t, uint64_t word, struct mlp_str s)
{
    uint64_t h = s.n > 8 ? mlp_hash64(s.p, s.n, 1) : (word ^ s.n << 56) * 0x9E3779B97F4A7C15ull;
    return (size_t)(h ^ h >> 29) >> 7 & (t->nslots - 1);
}

/* The slot of s, or the free slot where it would go. */
static size_t find(const struct mlp_tally *t, uint64_t word, struct mlp_str s)
{
    size_t i = home(t, word, s);
    while (t->slots[i] && !same_text(t, &t->items[t->slots[i] - 1], word, s))
        i = (i + 1) & (t->nslots - 1);
    return i;
}

static bool grow(struct mlp_tally *t)
{
    size_t nslots = t->nslots ? 4 * t->nslots : 64, cap = nslots / 2;
    struct mlp_tally_item *items = realloc(t->items, cap * sizeof *items);
    if (items)
        t->items = items;
    uint16_t *slots = items ? calloc(nslots, sizeof *slots) : NULL;
    if (!slots)
        return false;
    free(t->slots);
    t->slots = slots;
    t->nslots = nslots;
    t->cap = cap;
    for (size_t k = 0; k < t->n; k++)
        slots[find(t, items[k].word, mlp_tally_text(t, k))] = (uint16_t)(k + 1);
    return true;
}

static bool grow_bytes(struct mlp_tally *t, size_t n)
{
    size_t cap = t->bytes_cap ? t->bytes_cap : 256;
    while (cap < t->nbytes + n)
        cap *= 2;
    char *bytes = realloc(t->bytes, cap);
    if (!bytes)
        return false;
    t->bytes = bytes;
    t->bytes_cap = cap;
    return true;
}

static enum mlp_code insert(struct mlp_tally *t, uint64_t word, struct mlp_str s, uint64_t count,
                            struct mlp_err *e)
{
    if (t->n == MLP_TALLY_VALUES || t->nbytes + s.n > MLP_TALLY_BYTES)
        return MLP_FINDING;
    if ((t->n == t->cap && !grow(t)) ||
        ((t->nbytes + s.n > t->bytes_cap || !t->bytes) && !grow_bytes(t, s.n)))
        return mlp_err_nomem(e);
    if (s.n)
        memcpy(t->bytes + t->nbytes, s.p, s.n);
    t->items[t->n] = (struct mlp_tally_item){word, count, (uint32_t)s.n, (uint32_t)t->nbytes};
    t->nbytes += s.n;
    t->slots[find(t, word, s)] = (uint16_t)(t->n + 1);
    t->last = t->n++;
    return MLP_OK;
}

enum mlp_code mlp_tally_add(struct mlp_tally *t, struct mlp_str s, uint64_t count,
                            struct mlp_err *e)
{
    uint64_t word = first_word(s);
    if (t->n && same_text(t, &t->items[t->last], word, s)) {
        t->items[t->last].count += count;
        return MLP_OK;
    }
    size_t i = t->n ? t->slots[find(t, word, s)] : 0;
    if (i == 0)
        return insert(t, word, s, count, e);
    t->last = i - 1;
    t->items[t->last].count += count;
    return MLP_OK;
}

void mlp_bottom_fini(struct mlp_bottom *b)
{
    for (size_t i = 0; i < b->n; i++)
        free((void *)(uintptr_t)b->items[i].text.p);
    b->n = 0;
}

size_t mlp_bottom_cut(struct mlp_str s)
{
    size_t n = s.n;
    if (n <= MLP_BOTTOM_TEXT)
        return n;
    n = MLP_BOTTOM_TEXT;
    while (n && ((unsigned char)s.p[n] & 0xC0) == 0x80)
        n--;
    return n;
}

enum mlp_code mlp_bottom_put(struct mlp_bottom *b, uint64_t hash, struct mlp_str text,
                             uint64_t count, struct mlp_err *e)
{
    size_t lo = 0, hi = b->n;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (b->items[mid].hash < hash)
            lo = mid + 1;
        else
            hi = mid;
    }
    if (lo < b->n && b->items[lo].hash == hash) {
        b->items[lo].count += count;
        return MLP_OK;
    }
    size_t n = mlp_bottom_cut(text);
    char *copy = malloc(n + 1);
    if (!copy)
        return mlp_err_nomem(e);
    if (n)
        memcpy(copy, text.p, n);
    copy[n] = 0;
    memmove(&b->items[lo + 1], &b->items[lo], (b->n - lo) * sizeof b->items[0]);
    b->items[lo].hash = hash;
    b->items[lo].count = count;
    b->items[lo].text = (struct mlp_str){copy, n};
    if (b->n < MLP_BOTTOM_K)
        b->n++;
    else
        free((void *)(uintptr_t)b->items[MLP_BOTTOM_K].text.p);
    return MLP_OK;
}

bool mlp_few_add(struct mlp_few *f, double x, uint64_t count)
{
    size_t lo = 0, hi = f->n;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (f->value[mid] < x)
            lo = mid + 1;
        else
            hi = mid;
    }
    if (lo < f->n && f->value[lo] <= x) {
        f->count[lo] += count;
        return true;
    }
    if (f->n == MLP_FEW_VALUES)
        return false;
    memmove(&f->value[lo + 1], &f->value[lo], (f->n - lo) * sizeof f->value[0]);
    memmove(&f->count[lo + 1], &f->count[lo], (f->n - lo) * sizeof f->count[0]);
    f->value[lo] = x;
    f->count[lo] = count;
    f->n++;
    return true;
}
