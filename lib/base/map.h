/* map.h: hash map from byte strings to 64-bit values; open addressing, insertion order kept.
 *
 * Keys are copied into the map. Hashing is keyed with the seed given at init, so that hostile
 * input cannot choose collisions when the seed is random; give a fixed seed where the order of
 * work must be reproducible (iteration order is insertion order either way). */
#ifndef MLP_BASE_MAP_H
#define MLP_BASE_MAP_H

#include "base/arena.h"
#include "base/err.h"

struct mlp_map_entry {
    struct mlp_str key;   /* owned by the map */
    uint64_t hash;
    uint64_t value;
};

struct mlp_map {
    struct mlp_map_entry *entries; /* in order of insertion, n of them */
    uint32_t *slots;               /* index + 1 into entries, 0 = free */
    size_t n, cap, nslots;
    uint64_t seed;
    struct mlp_arena keys;
};

/* An empty map whose keys may take at most max_key_bytes. Allocates nothing. */
void mlp_map_init(struct mlp_map *m, uint64_t seed, size_t max_key_bytes);
void mlp_map_fini(struct mlp_map *m);

/* The value of key, or NULL. The pointer is good until the next put. */
uint64_t *mlp_map_get(const struct mlp_map *m, struct mlp_str key);

/* The value of key, inserted as 0 when absent (*fresh, which may be NULL, says so); NULL without
 * memory or over the maximum. */
uint64_t *mlp_map_put(struct mlp_map *m, struct mlp_str key, bool *fresh);

/* A fast 64-bit hash of bytes, good for tables and sketches, not for secrets. The same on every
 * machine: profiles store what depends on it. */
uint64_t mlp_hash64(const void *p, size_t n, uint64_t seed);

#endif
