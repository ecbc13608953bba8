/* live.h: the live profile of a model: what it is asked and answers, counted into the edges of its
 * reference profile (mlp-profile(5)), and how far that has moved.
 *
 * Threads append rows as NDJSON to a buffer; about once a second the keeper takes the buffer,
 * counts it and merges (stat/profile.h: merging is exact). When more comes than is counted in
 * time, every 2nd, 4th, ... row is taken: a fair sample. Answers are columns "output.prediction"
 * and "output.probabilities.CLASS", compared when the reference has them. */
#ifndef MLP_SERVE_LIVE_H
#define MLP_SERVE_LIVE_H

#include "stat/profile.h"

struct mlp_live;

/* reference is taken over, also on failure. window_ns: the drift is that of the last one to one and
 * a half windows. Heap. */
enum mlp_code mlp_live_new(struct mlp_profile *reference, uint64_t window_ns, uint64_t now_ns,
                           struct mlp_live **out, struct mlp_err *e);
/* NULL is fine. */
void mlp_live_free(struct mlp_live *l);

/* How many of the next n rows to append, and where: the first is `*first`, then every `*step`th.
 * NULL: none. The buffer is the caller's until end: rows as lines of JSON objects. From any
 * thread; waits for nothing longer than another thread's rows. */
struct mlp_buf *mlp_live_begin(struct mlp_live *l, size_t n, size_t *first, size_t *step);
void mlp_live_end(struct mlp_live *l);

/* Counts what was appended, and moves the window. From one thread, about once a second. */
enum mlp_code mlp_live_tick(struct mlp_live *l, uint64_t now_ns, struct mlp_err *e);

/* A column and how far it moved. p is corrected for the number of columns (Holm); NaN: nothing to
 * compare yet. */
struct mlp_live_drift {
    struct mlp_str column;       /* of the reference */
    const char *measure;         /* of effect: as stat/shift.h names it */
    double effect, p, missing;   /* missing: share of the rows */
};

/* Calls tell for every column that the model is asked or answers, and says how many rows they
 * are about. From any thread. */
uint64_t mlp_live_drifts(struct mlp_live *l,
                         void (*tell)(void *ctx, const struct mlp_live_drift *d), void *ctx);

/* Appends the profile of all rows since the model was loaded, or of the window. From any thread. */
void mlp_live_write(struct mlp_live *l, bool window, struct mlp_buf *out);

#endif
