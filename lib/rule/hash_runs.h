/* hash_runs.h: sorted runs of hashes on disk, for hashes.c. */
#ifndef MLP_RULE_HASH_RUNS_H
#define MLP_RULE_HASH_RUNS_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct mlp_hash_runs;

/* Heap; filters take at most filter_bytes. */
enum mlp_code mlp_hash_runs_new(size_t filter_bytes, struct mlp_hash_runs **r, struct mlp_err *e);
void mlp_hash_runs_free(struct mlp_hash_runs *r); /* NULL is fine */

/* Writes n > 0 hashes, none of which is in a run, as a new one, and merges where that is due. They
 * are put in order in place. */
enum mlp_code mlp_hash_runs_add(struct mlp_hash_runs *r, uint64_t *hashes, size_t n,
                                struct mlp_err *e);
enum mlp_code mlp_hash_runs_has(const struct mlp_hash_runs *r, uint64_t hash, bool *has,
                                struct mlp_err *e);
uint64_t mlp_hash_runs_count(const struct mlp_hash_runs *r);

#endif
