/* profile.h: what a data set looks like (mlp-profile(5)).
 *
 * A reference profile is made from data and fixes, per numeric column, 255 inner edges at its
 * quantiles plus power-of-two tail edges. Every later profile counts into those edges, so that
 * profiles of shards merge in any order to the same bytes: all state is integers, exact sums, min
 * and max, bottom-k hashes. (KLL sketches merge randomly and break the KS test at large n.) */
#ifndef MLP_STAT_PROFILE_H
#define MLP_STAT_PROFILE_H

#include "base/arena.h"
#include "table/table.h"
#include "text/doc.h"

enum mlp_ptype { MLP_P_INT, MLP_P_REAL, MLP_P_BOOL, MLP_P_DATE, MLP_P_DATETIME, MLP_P_TEXT,
                 MLP_P_EMPTY };

struct mlp_pvalue {          /* a frequent value and its count */
    struct mlp_str text;
    uint64_t count;
};

/* One column. Numeric state is for INT, REAL, BOOL (0/1) and dates (seconds). Arrays are in the
 * profile's arena. counts has nedges + 1 entries: counts[i] is the number of values in
 * (edges[i-1], edges[i]]; the first has no lower bound and the last no upper one. */
struct mlp_pcolumn {
    struct mlp_str name;
    enum mlp_ptype type;
    uint64_t rows, missing, bad, infinite; /* bad: present but not of the type */
    double min, max, mean, stdev;          /* NaN without values; stdev is sample (n-1) */
    size_t nedges;
    double *edges;                         /* ascending, distinct */
    uint64_t *counts;
    double *bin_sums;                      /* sum of the values in each bin */
    size_t nvalues;                        /* frequent values, by count then text; exact while */
    struct mlp_pvalue *values;             /*   distinct_exact holds (at most 4,096 values) */
    bool distinct_exact;
    double distinct;                       /* exact, or HyperLogLog estimate (p = 12, 1.6 %) */
    uint64_t min_length, max_length;       /* of TEXT, in bytes */
};

struct mlp_profile {
    struct mlp_arena arena;
    struct mlp_str source_digest;          /* may be empty */
    uint64_t rows;
    size_t ncols;
    struct mlp_pcolumn *cols;
};

/* Building: feed batches, then finish. With `reference` the edges and types are its own (and the
 * result merges with every other profile made against it); without, types are inferred and edges
 * chosen from the data. reference may be NULL; it must outlive the builder. */
struct mlp_profiler;
enum mlp_code mlp_profiler_new(const struct mlp_profile *reference, struct mlp_profiler **p,
                               struct mlp_err *e);
void mlp_profiler_free(struct mlp_profiler *p);
/* names come from the table on the first call. rows[r] == 0 leaves row r out; NULL takes all. */
enum mlp_code mlp_profiler_add(struct mlp_profiler *p, const struct mlp_table *t,
                               const struct mlp_batch *b, const uint8_t *rows, struct mlp_err *e);
/* out must be zeroed; the caller frees it with mlp_profile_fini. */
enum mlp_code mlp_profiler_finish(struct mlp_profiler *p, struct mlp_profile *out,
                                  struct mlp_err *e);

void mlp_profile_fini(struct mlp_profile *p);

/* JSON, canonical (same profile, same bytes). */
void mlp_profile_write(const struct mlp_profile *p, struct mlp_buf *out);
enum mlp_code mlp_profile_parse(struct mlp_profile *p, struct mlp_str json, const char *source,
                                struct mlp_err *e);
enum mlp_code mlp_profile_load(struct mlp_profile *p, const char *path, struct mlp_err *e);

/* Adds b into a; MLP_EINPUT when their columns or edges differ. Commutative and associative to
 * the byte. */
enum mlp_code mlp_profile_merge(struct mlp_profile *a, const struct mlp_profile *b,
                                struct mlp_err *e);

/* Column by name, or NULL. */
const struct mlp_pcolumn *mlp_profile_column(const struct mlp_profile *p, struct mlp_str name);
const char *mlp_ptype_name(enum mlp_ptype t);
bool mlp_ptype_parse(struct mlp_str name, enum mlp_ptype *t);

#endif
