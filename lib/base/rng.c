#include "base/rng.h"

static uint64_t splitmix(uint64_t *state)
{
    uint64_t z = *state += 0x9E3779B97F4A7C15ull;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ z >> 27) * 0x94D049BB133111EBull;
    return z ^ z >> 31;
}

void mlp_rng_init(struct mlp_rng *r, uint64_t seed)
{
    for (int i = 0; i < 4; i++)
        r->s[i] = splitmix(&seed);
}

static uint64_t rotate(uint64_t x, int k)
{
    return x << k | x >> (64 - k);
}

uint64_t mlp_rng_u64(struct mlp_rng *r)
{
    uint64_t *s = r->s;
    uint64_t result = rotate(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

double mlp_rng_f64(struct mlp_rng *r)
{
    return (double)(mlp_rng_u64(r) >> 11) * 0x1p-53;
}

uint64_t mlp_rng_below(struct mlp_rng *r, uint64_t n)
{
    __extension__ typedef unsigned __int128 wide;
    uint64_t threshold = (0 - n) % n;
    for (;;) {
        wide product = (wide)mlp_rng_u64(r) * n;
        if ((uint64_t)product >= threshold)
            return (uint64_t)(product >> 64);
    }
}

/* P(X <= k) for k = 0 .. 15, in order of summation. */
static const double poisson1[16] = {
    0x1.78b56362cef38p-2, 0x1.78b56362cef38p-1, 0x1.d6e2bc3b82b06p-1, 0x1.f6472f2e6944bp-1,
    0x1.fe204beb22e9cp-1, 0x1.ffb21e77480acp-1, 0x1.fff516e3f8e59p-1, 0x1.fffea81812296p-1,
    0x1.ffffda3e9551ep-1, 0x1.fffffc42dcc82p-1, 0x1.ffffffa9b0ba6p-1, 0x1.fffffff8db44cp-1,
    0x1.ffffffff7425ap-1, 0x1.fffffffff60f9p-1, 0x1.ffffffffff572p-1, 0x1.fffffffffff58p-1,
};

/* Inversion of the distribution function. The first steps, where nearly all draws end, are counted
 * without branches that nobody could predict; the tail beyond 12 has less than 2^-32. */
unsigned mlp_rng_poisson1(struct mlp_rng *r)
{
    double u = mlp_rng_f64(r);
    unsigned k = (unsigned)(u >= poisson1[0]) + (unsigned)(u >= poisson1[1]) +
                 (unsigned)(u >= poisson1[2]) + (unsigned)(u >= poisson1[3]);
    if (k < 4)
        return k;
    while (k < 16 && u >= poisson1[k])
        k++;
    return k;
}
