/* sketch.h: what a profile keeps of the values of a column: exact counts while they are few, then
 * a number of distinct values and a fair sample.
 *
 * All of it is a function of the multiset of values, never of their order, so that shards merge
 * to the same bytes: HyperLogLog registers are maxima; "at most so many distinct values" is a
 * property of the set; the k values with the smallest hashes are the same however they come, and a
 * value among them has been counted from its first occurrence on. */
#ifndef MLP_STAT_SKETCH_H
#define MLP_STAT_SKETCH_H

#include "base/err.h"
#include "base/str.h"

/* HyperLogLog (Flajolet et al. 2007) with 2^12 registers: standard error 1.6 %. The hash's top 12
 * bits choose the register. */
#define MLP_HLL_REGISTERS 4096
static inline void mlp_hll_add(uint8_t *registers, uint64_t hash)
{
    size_t i = (size_t)(hash >> 52);
    uint8_t rank = (uint8_t)(__builtin_clzll(hash << 12 | (uint64_t)1 << 11) + 1);
    if (rank > registers[i])
        registers[i] = rank;
}
void mlp_hll_merge(uint8_t *a, const uint8_t *b);

/* Estimate by Ertl, "New cardinality estimation algorithms for HyperLogLog sketches", 2017,
 * algorithm 6: no tables, no switch between ranges. */
double mlp_hll_estimate(const uint8_t *registers);

/* Hashes as profiles store them: of a text, and of a number's bits with -0 as 0. The same on every
 * machine; every bit depends on all input (the finisher of splitmix64). */
uint64_t mlp_hash_text(struct mlp_str s);
uint64_t mlp_hash_f64(double x);

/* Texts and their counts, at most MLP_TALLY_VALUES of them and MLP_TALLY_BYTES in all: the state
 * of every column until it proves to have more. */
#define MLP_TALLY_VALUES 4096
#define MLP_TALLY_BYTES ((size_t)1 << 20)
struct mlp_tally_item {
    uint64_t word;      /* the first eight bytes, zero-padded */
    uint64_t count;
    uint32_t n;         /* length */
    uint32_t at;        /* offset in bytes */
};
struct mlp_tally {
    struct mlp_tally_item *items;
    uint16_t *slots;    /* item + 1, 0 = free; nslots is a power of two */
    char *bytes;
    size_t n, cap, nslots, nbytes, bytes_cap;
    size_t last;        /* the item met last: neighbouring rows are often equal */
};

/* An empty tally; allocates nothing. */
void mlp_tally_init(struct mlp_tally *t);
void mlp_tally_fini(struct mlp_tally *t);

/* Counts s. MLP_FINDING: s is new and there is no room for it; the tally is as before. */
enum mlp_code mlp_tally_add(struct mlp_tally *t, struct mlp_str s, uint64_t count,
                            struct mlp_err *e);

/* The text of an item, good until the next add. */
static inline struct mlp_str mlp_tally_text(const struct mlp_tally *t, size_t i)
{
    return (struct mlp_str){t->bytes + t->items[i].at, t->items[i].n};
}

/* The texts with the smallest hashes, and their exact counts; ascending by hash. Texts are owned
 * and cut at MLP_BOTTOM_TEXT bytes (between characters): the hash tells them apart. */
#define MLP_BOTTOM_K 256
#define MLP_BOTTOM_TEXT 256
struct mlp_bottom {
    size_t n;
    struct mlp_bottom_item {
        uint64_t hash, count;
        struct mlp_str text;
    } items[MLP_BOTTOM_K + 1];
};

void mlp_bottom_fini(struct mlp_bottom *b);

/* Length of s at most MLP_BOTTOM_TEXT, cut before a character that does not fit. */
size_t mlp_bottom_cut(struct mlp_str s);

/* Counts a text; the texts beyond the k smallest hashes are forgotten. */
enum mlp_code mlp_bottom_put(struct mlp_bottom *b, uint64_t hash, struct mlp_str text,
                             uint64_t count, struct mlp_err *e);

/* Counts a text whose hash is known; the common case, too large a hash, is told here. */
static inline enum mlp_code mlp_bottom_add(struct mlp_bottom *b, uint64_t hash,
                                           struct mlp_str text, uint64_t count, struct mlp_err *e)
{
    if (b->n == MLP_BOTTOM_K && hash > b->items[MLP_BOTTOM_K - 1].hash)
        return MLP_OK;
    return mlp_bottom_put(b, hash, text, count, e);
}

/* Numbers and their counts, ascending, while there are at most MLP_FEW_VALUES of them. */
#define MLP_FEW_VALUES 256
struct mlp_few {
    size_t n;           /* MLP_FEW_VALUES + 1: there were more, nothing is kept */
    double value[MLP_FEW_VALUES];
    uint64_t count[MLP_FEW_VALUES];
};

/* Counts x; false when x is one value too many (the caller empties it into a HyperLogLog). */
bool mlp_few_add(struct mlp_few *f, double x, uint64_t count);

#endif
