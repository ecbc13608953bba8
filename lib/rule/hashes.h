/* hashes.h: a set of 64-bit hashes of any size in bounded memory.
 *
 * Hashes stand in a table in memory until that is full; then they go, sorted, to a run: a file
 * without a name under TMPDIR. A hash that the table lacks may be in a run only where the run's
 * filter says so (a Bloom filter whose bits for one key share a cache line: Putze, Sanders and
 * Singler, Cache-, Hash- and Space-Efficient Bloom Filters, 2007), and is then looked for in one
 * page of it. Runs of a level become one of the next (O'Neil and others, The Log-Structured
 * Merge-Tree, 1996). All answers are exact, whether it spills or not. */
#ifndef MLP_RULE_HASHES_H
#define MLP_RULE_HASHES_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct mlp_hash_runs;

/* All zero is an empty set without a limit; finish with mlp_hashes_fini. */
struct mlp_hashes {
    uint64_t *slots;            /* open addressing; 0: free */
    size_t n, cap;              /* in the table */
    bool has_zero;              /* the hash 0, which is kept apart */
    size_t most;                /* bytes that it may take, a quarter of it for filters; 0: any */
    struct mlp_hash_runs *runs; /* NULL: none yet */
};

/* Adds a hash; *fresh tells whether it was new. MLP_EIO without memory or disk. */
enum mlp_code mlp_hashes_add(struct mlp_hashes *h, uint64_t hash, bool *fresh, struct mlp_err *e);
/* *has becomes whether it is there. MLP_EIO when a run cannot be read. */
enum mlp_code mlp_hashes_has(const struct mlp_hashes *h, uint64_t hash, bool *has,
                             struct mlp_err *e);
/* How many there are, and how many bytes of them are on disk. */
uint64_t mlp_hashes_count(const struct mlp_hashes *h);
uint64_t mlp_hashes_spilled(const struct mlp_hashes *h);
void mlp_hashes_fini(struct mlp_hashes *h);

/* Brings what is looked at for a hash that is added soon into the cache. */
static inline void mlp_hashes_soon(const struct mlp_hashes *h, uint64_t hash)
{
    if (h->cap)
        __builtin_prefetch(&h->slots[(size_t)hash & (h->cap - 1)], 1);
}

#endif
