#include "stat/tests.h"

#include <stdlib.h>
#include <string.h>

/* Bits that order as the numbers do, and back: negative numbers are turned round. NaN of either
 * sign comes last. */
static uint64_t key_of(double x)
{
    uint64_t bits;
    if (x != x)
        return UINT64_MAX;
    memcpy(&bits, &x, sizeof bits);
    return bits ^ (bits >> 63 ? UINT64_MAX : (uint64_t)1 << 63);
}

static double value_of(uint64_t key)
{
    uint64_t bits = key ^ (key >> 63 ? (uint64_t)1 << 63 : UINT64_MAX);
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static int by_key(const void *a, const void *b)
{
    double u, v;
    memcpy(&u, a, sizeof u);
    memcpy(&v, b, sizeof v);
    uint64_t x = key_of(u), y = key_of(v);
    return (x > y) - (x < y);
}

/* One pass of a least-significant-digit radix sort; false when all keys share the digit. */
static int scatter(const uint64_t *from, uint64_t *to, size_t n, size_t *count, unsigned shift)
{
    size_t at = 0;
    if (count[from[0] >> shift & 255] == n)
        return 0;
    for (size_t i = 0; i < 256; i++) {
        size_t c = count[i];
        count[i] = at;
        at += c;
    }
    for (size_t i = 0; i < n; i++)
        to[count[from[i] >> shift & 255]++] = from[i];
    return 1;
}

void mlp_sort_f64(double *v, size_t n)
{
    static const size_t few = 256;
    if (n < 2)
        return;
    uint64_t *memory = n > few ? malloc(2 * n * sizeof *memory) : NULL;
    size_t(*count)[256] = memory ? calloc(8, sizeof *count) : NULL;
    if (!count) {
        free(memory);
        qsort(v, n, sizeof *v, by_key);
        return;
    }
    uint64_t *from = memory, *to = memory + n;
    for (size_t i = 0; i < n; i++) {
        from[i] = key_of(v[i]);
        for (unsigned d = 0; d < 8; d++)
            count[d][from[i] >> 8 * d & 255]++;
    }
    for (unsigned d = 0; d < 8; d++) {
        if (!scatter(from, to, n, count[d], 8 * d))
            continue;
        uint64_t *t = from;
        from = to;
        to = t;
    }
    for (size_t i = 0; i < n; i++)
        v[i] = value_of(from[i]);
    free(count);
    free(memory);
}
