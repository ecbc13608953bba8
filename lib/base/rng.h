/* rng.h: seeded random numbers that are the same on every machine.
 *
 * xoshiro256** seeded by splitmix64 (Blackman and Vigna, "Scrambled linear pseudorandom number
 * generators", ACM TOMS 47, 2021). Not for secrets: those come from mlp_os_random(). */
#ifndef MLP_BASE_RNG_H
#define MLP_BASE_RNG_H

#include <stdint.h>

struct mlp_rng {
    uint64_t s[4];
};

void mlp_rng_init(struct mlp_rng *r, uint64_t seed);

/* 64 random bits; a double in [0, 1) with 53 random bits. */
uint64_t mlp_rng_u64(struct mlp_rng *r);
double mlp_rng_f64(struct mlp_rng *r);

/* Uniform in [0, n), without bias (Lemire 2019); n > 0. */
uint64_t mlp_rng_below(struct mlp_rng *r, uint64_t n);

/* Poisson with mean 1, for bootstrap weights. */
unsigned mlp_rng_poisson1(struct mlp_rng *r);

#endif
