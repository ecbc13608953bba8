/* state.h: what a profile's builder holds for one column while values stream in. For lib/stat.
 *
 * Every column starts as a tally of texts, whatever its type: that settles most columns without
 * parsing a number twice. When the tally is full the type is settled and the texts move on into
 * the state below. Either way gives the same profile. */
#ifndef MLP_STAT_STATE_H
#define MLP_STAT_STATE_H

#include "base/rng.h"
#include "stat/bins.h"
#include "stat/sketch.h"
#include "stat/values.h"

/* Numbers. few holds until there are too many of them, then hll (NULL before). With a reference
 * bins count; without one, and when asked to keep, values gather in sample: all while thinned is
 * 0, then each with probability 2^-thinned. */
#define MLP_WAITING 256
struct mlp_numbers {
    struct mlp_moments moments;
    double min, max;
    uint64_t infinite;
    struct mlp_few few;
    uint8_t *hll;
    struct mlp_bins bins;
    double *sample;
    size_t nsample, cap, limit;
    unsigned thinned;
    struct mlp_rng rng;
    size_t nwaiting;               /* values read but not counted: they are counted in blocks, */
    double waiting[MLP_WAITING];   /*   so that each loop does one thing */
};

/* Texts beyond a tally. */
struct mlp_texts {
    struct mlp_bottom bottom;
    uint8_t hll[MLP_HLL_REGISTERS];
    uint64_t min_length, max_length;
};

struct mlp_column {
    struct mlp_str name;             /* owned */
    const struct mlp_pcolumn *ref;   /* borrowed, or NULL */
    enum mlp_ptype type;
    bool settled, tallying, seen;
    uint64_t rows, missing, bad;
    struct mlp_tally tally;
    struct mlp_numbers *numbers;     /* one of the two once settled */
    struct mlp_texts *texts;
    size_t limit;                    /* most values in sample; 0: keep none */
};

/* Makes a column that expects values. ref may be NULL. name is copied. */
enum mlp_code mlp_column_init(struct mlp_column *c, struct mlp_str name,
                              const struct mlp_pcolumn *ref, struct mlp_err *e);
void mlp_column_fini(struct mlp_column *c);

/* Counts one cell that is not missing. */
enum mlp_code mlp_column_add(struct mlp_column *c, struct mlp_str s, struct mlp_err *e);

/* Writes the column into the arena of a profile: keep asks for the sorted values. */
enum mlp_code mlp_column_finish(struct mlp_column *c, bool keep, struct mlp_arena *arena,
                                struct mlp_pcolumn *out, struct mlp_err *e);

/* Sets distinct, values and hashes of a column from texts that are all there are; sorts them. */
void mlp_values_sort(struct mlp_pvalue *v, size_t n);

/* Makes min, max (as given), mean, stdev, bin_sums and distinct from the exact state. */
void mlp_pcolumn_derive(struct mlp_pcolumn *c);

#endif
