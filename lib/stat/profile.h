/* profile.h: what a data set looks like (mlp-profile(5)).
 *
 * A reference profile is made from data and fixes, per numeric column, 255 inner edges at its
 * quantiles plus tail edges at the quantiles 2^-k and 1 - 2^-k and at minimum and maximum. Every
 * later profile counts into those edges, so that profiles of shards merge in any order to the same
 * bytes: all state is integers, exact sums, minima and maxima, and the values with the smallest
 * hashes. (KLL sketches merge randomly and break the KS test at large n.) */
#ifndef MLP_STAT_PROFILE_H
#define MLP_STAT_PROFILE_H

#include "base/arena.h"
#include "stat/exact.h"
#include "table/table.h"
#include "text/doc.h"

/* Dates are numbers: seconds since 1970, UTC. EMPTY: no value at all. */
enum mlp_ptype { MLP_P_INT, MLP_P_REAL, MLP_P_BOOL, MLP_P_DATE, MLP_P_DATETIME, MLP_P_TEXT,
                 MLP_P_EMPTY };

struct mlp_pvalue {          /* a value and its exact count */
    struct mlp_str text;
    uint64_t count;
    uint64_t hash;           /* of the text, or of the number's bits */
};

/* One column. Numeric state is for INT, REAL, BOOL (0/1) and dates. Arrays are in the profile's
 * arena. counts has nedges + 1 entries: counts[i] is the number of values in
 * (edges[i-1], edges[i]]; the first has no lower bound and the last no upper one. A reference with
 * at most 256 distinct values has one bin a value. */
struct mlp_pcolumn {
    struct mlp_str name;
    enum mlp_ptype type;
    uint64_t rows, missing, bad, infinite; /* bad: present but not of the type */
    double min, max, mean, stdev;          /* NaN without values; stdev is sample (n-1) */
    struct mlp_exact *sum, *squares;       /* of the finite values, exact; NULL for TEXT, EMPTY */
    size_t nedges;
    double *edges;                         /* ascending, distinct */
    uint64_t *counts;
    double *bin_sums;                      /* sum of the values in each bin */
    uint64_t *offsets;                     /* what bin_sums is made of: see mlp_bins_sum */
    bool sampled;                          /* counts are those of a fair sample (see below) */
    size_t nvalues, values_cap;            /* values by count, then text: all of them while */
    struct mlp_pvalue *values;             /*   distinct_exact holds (TEXT at most 4,096, else */
    bool distinct_exact;                   /*   256); otherwise those with the 256 smallest */
    double distinct;                       /*   hashes (TEXT), or none. distinct is exact or the */
    uint8_t *hll;                          /*   estimate of hll (p = 12, 1.6 %); NULL if exact */
    uint64_t min_length, max_length;       /* of TEXT, in bytes */
    double *sorted;                        /* in memory only: all finite values, ascending, when */
    size_t nsorted;                        /*   the builder was asked to keep them; else NULL */
};

struct mlp_profile {
    struct mlp_arena arena;
    struct mlp_str source_digest;          /* may be empty */
    uint64_t rows;
    size_t ncols;
    struct mlp_pcolumn *cols;
};

/* Building: feed batches, then finish. With `reference` the edges and types are its own (and the
 * result merges with every other profile made against it); columns that the reference lacks are
 * left out of the columns and told by mlp_profiler_extra. Without, types are inferred (the
 * narrowest that 99 % of the values have; decided at the end, or where a column shows its 4,097th
 * distinct text) and edges chosen from the data.
 *
 * Edges and counts of a first profile are exact up to 32 MiB of values over all columns (at least
 * 4,096 and at most 1,048,576 a column). Beyond, both are those of a fair sample of that size, and
 * `sampled` says so; sums, extremes, missing and distinct stay those of all rows. Profiling again
 * with that profile as reference makes the counts exact too.
 *
 * reference may be NULL; it must outlive the builder. */
struct mlp_profiler;
enum mlp_code mlp_profiler_new(const struct mlp_profile *reference, struct mlp_profiler **p,
                               struct mlp_err *e);
void mlp_profiler_free(struct mlp_profiler *p);

/* Asks for `sorted`, at most max values a column (more: it stays NULL). Before the first add. */
void mlp_profiler_keep(struct mlp_profiler *p, size_t max);

/* names come from the table on the first call. rows[r] == 0 leaves row r out; NULL takes all.
 * Malformed rows (b->bad[r]) are always left out. */
enum mlp_code mlp_profiler_add(struct mlp_profiler *p, const struct mlp_table *t,
                               const struct mlp_batch *b, const uint8_t *rows, struct mlp_err *e);

/* The same without a table: names has b->ncols entries and is copied on the first call. */
enum mlp_code mlp_profiler_add_named(struct mlp_profiler *p, const struct mlp_str *names,
                                     const struct mlp_batch *b, const uint8_t *rows,
                                     struct mlp_err *e);

/* Reads a table to its end and adds all of it. With threads > 1 the table, opened with
 * options.kept = MLP_AHEAD_KEPT, is read ahead and its columns are shared out; the profile is the
 * same, to the byte. */
enum mlp_code mlp_profiler_table(struct mlp_profiler *p, struct mlp_table *t, unsigned threads,
                                 struct mlp_err *e);

/* Tells how far mlp_profiler_table is; progress must live as long. */
struct mlp_progress;
void mlp_profiler_watch(struct mlp_profiler *p, struct mlp_progress *progress);

/* out must be zeroed; the caller frees it with mlp_profile_fini. The builder is spent. */
enum mlp_code mlp_profiler_finish(struct mlp_profiler *p, struct mlp_profile *out,
                                  struct mlp_err *e);

/* Columns that the data have and the reference has not, in their order; and whether the data had
 * the reference's column i. Good until mlp_profiler_free. */
size_t mlp_profiler_nextra(const struct mlp_profiler *p);
struct mlp_str mlp_profiler_extra(const struct mlp_profiler *p, size_t i);
bool mlp_profiler_seen(const struct mlp_profiler *p, size_t i);

void mlp_profile_fini(struct mlp_profile *p);

/* JSON, canonical (same profile, same bytes). */
void mlp_profile_write(const struct mlp_profile *p, struct mlp_buf *out);
enum mlp_code mlp_profile_parse(struct mlp_profile *p, struct mlp_str json, const char *source,
                                struct mlp_err *e);
/* Whether a file that starts like that is a profile. */
bool mlp_profile_is(struct mlp_str start);
enum mlp_code mlp_profile_load(struct mlp_profile *p, const char *path, struct mlp_err *e);
/* The sum of the profiles in n >= 1 files; errors name the file. */
enum mlp_code mlp_profile_load_sum(struct mlp_profile *sum, const char *const *paths, size_t n,
                                   struct mlp_err *e);
/* Writes the file aside and renames it; "-" is standard output. */
enum mlp_code mlp_profile_save(const struct mlp_profile *p, const char *path, struct mlp_err *e);

/* Adds b into a; MLP_EINPUT when their columns, types or edges differ, or either is sampled.
 * Commutative and associative to the byte. */
enum mlp_code mlp_profile_merge(struct mlp_profile *a, const struct mlp_profile *b,
                                struct mlp_err *e);

/* Column by name, or NULL. */
const struct mlp_pcolumn *mlp_profile_column(const struct mlp_profile *p, struct mlp_str name);
/* Of a numeric column with values: the share of them up to x, straight between edges, all of an
 * open bin at its edge; and the upper edge of the bin in which the share q is reached. */
double mlp_pcolumn_share_below(const struct mlp_pcolumn *c, double x);
double mlp_pcolumn_quantile(const struct mlp_pcolumn *c, double q);
const char *mlp_ptype_name(enum mlp_ptype t);
bool mlp_ptype_parse(struct mlp_str name, enum mlp_ptype *t);
static inline bool mlp_ptype_numeric(enum mlp_ptype t)
{
    return t != MLP_P_TEXT && t != MLP_P_EMPTY;
}

/* A number of a column as its type writes it: 12, 0.5, true, 2013-01-31, 2013-01-31T00:00:00Z.
 * out has room for 48 bytes; returns the length. */
size_t mlp_ptype_print(enum mlp_ptype t, double v, char out[48]);

#endif
