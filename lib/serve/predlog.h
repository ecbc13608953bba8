/* predlog.h: the prediction log: one NDJSON line a prediction, never in the way of an answer.
 *
 *   {"id":"...","time":"2013-02-01T12:00:00.123Z","model":"flights","version":3,
 *    "digest":"sha256:...","arm":"stable","features":{...},
 *    "output":{"prediction":true,"probabilities":{...}},"latency_ms":0.021,
 *    "trace_id":"0af7651916cd43dd8448eb211c80319c"}      where the request belongs to a trace
 *
 * Each thread puts whole lines into a ring of its own; one writer empties the rings into the file.
 * A full ring or a failing disk drops lines and counts them: a prediction is worth more than its
 * record. The file is opened anew on request, so that others can rotate it, or rotated here: FILE
 * becomes FILE.1, FILE.1 becomes FILE.2 and so on. */
#ifndef MLP_SERVE_PREDLOG_H
#define MLP_SERVE_PREDLOG_H

#include "base/buf.h"
#include "base/log.h"

struct mlp_predlog;

/* Zero but for the path: one file that grows. */
struct mlp_predlog_config {
    const char *path;            /* copied */
    uint64_t max_bytes;          /* rotate before the file is larger; 0: never */
    unsigned keep;               /* older files to keep, FILE.1 the youngest; the next one goes */
};

/* Opens the file for appending and starts the writer. log (for trouble, may be NULL) outlives
 * it. */
enum mlp_code mlp_predlog_open(const struct mlp_predlog_config *config, unsigned threads,
                               const struct mlp_log *log, struct mlp_predlog **out,
                               struct mlp_err *e);

/* Writes what is left and ends the writer. NULL is fine. */
void mlp_predlog_close(struct mlp_predlog *p);

/* From thread `thread`: adds complete lines. Never waits. lines counts them. */
void mlp_predlog_add(struct mlp_predlog *p, unsigned thread, struct mlp_str text, uint64_t lines);

/* From thread `thread`: counts lines that could not even be put together. */
void mlp_predlog_drop(struct mlp_predlog *p, unsigned thread, uint64_t lines);

/* From any thread: opens the file anew before the next line. */
void mlp_predlog_reopen(struct mlp_predlog *p);

/* Lines written or waiting, and lines lost. */
void mlp_predlog_counts(const struct mlp_predlog *p, uint64_t *written, uint64_t *dropped);

#endif
