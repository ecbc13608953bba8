/* guard.h: loading a model whose file nobody vouches for, in a process that has something to lose.
 *
 * A server holds sockets, keys and other people's models. It lets a child under the sandbox load
 * the bytes first; only when that child came back with a model does it load the same bytes, which
 * lie in memory and cannot change in between. A programming error that the child survives would
 * still be met; a crash, a hang or a hunger for memory ends the child. */
#ifndef MLP_MODEL_GUARD_H
#define MLP_MODEL_GUARD_H

#include "model/model.h"

/* As mlp_model_open_mem, after a child has done the same. MLP_EINPUT with the child's words when it
 * refused the file, or with the signal that ended it. Takes twice the time of loading. */
enum mlp_code mlp_model_open_guarded(struct mlp_str bytes, const char *source,
                                     const struct mlp_model_limits *limits, struct mlp_model **m,
                                     struct mlp_err *e);

/* The same in two steps, for who has work meanwhile that does not look into the bytes (their
 * digest, say). Every start that is MLP_OK wants its end; with m NULL that only waits for the
 * child. bytes, source and limits are borrowed until then. */
struct mlp_guard {
    struct mlp_str bytes;
    const char *source;
    const struct mlp_model_limits *limits;
    struct mlp_err *told;        /* shared with the child */
    int64_t pid;
};
enum mlp_code mlp_guard_start(struct mlp_guard *g, struct mlp_str bytes, const char *source,
                              const struct mlp_model_limits *limits, struct mlp_err *e);
enum mlp_code mlp_guard_end(struct mlp_guard *g, struct mlp_model **m, struct mlp_err *e);

#endif
