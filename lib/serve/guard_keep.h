/* guard_keep.h: the guard's auth, read anew when its files or keys change. Internal to the guard.
 *
 * A thread of its own reads files and fetches key sets: no loop ever waits for them. */
#ifndef MLP_SERVE_GUARD_KEEP_H
#define MLP_SERVE_GUARD_KEEP_H

#include "base/log.h"
#include "http/auth.h"

struct mlp_porter;

/* Reads `path` and starts the thread. What cannot be read at first is an error, later it is told
 * in the log and what was read before stays. Heap. */
enum mlp_code mlp_porter_new(const char *path, unsigned threads, const struct mlp_log *log,
                             struct mlp_porter **p, struct mlp_err *e);
void mlp_porter_free(struct mlp_porter *p); /* NULL is fine */

/* The auth as it is now, for this thread until leave. */
const struct mlp_auth *mlp_porter_enter(struct mlp_porter *p, unsigned thread);
void mlp_porter_leave(struct mlp_porter *p, unsigned thread);

/* From any thread: look at the files; read them again; fetch the key set, as a token names a key
 * that it does not have (at most once in half a minute: tokens are anybody's to make up). */
enum mlp_porter_wish { MLP_PORTER_LOOK = 1, MLP_PORTER_FORCE = 2, MLP_PORTER_FETCH = 4,
                       MLP_PORTER_STOP = 8 };
void mlp_porter_wake(struct mlp_porter *p, enum mlp_porter_wish wish);

#endif
