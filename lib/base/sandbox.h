/* sandbox.h: giving up what a parser of untrusted bytes does not need. */
#ifndef MLP_BASE_SANDBOX_H
#define MLP_BASE_SANDBOX_H

#include "base/err.h"
#include <stdbool.h>

/* From here on this thread and all that it starts may not execute programs, open sockets, trace
 * others or use io_uring (seccomp), nor open any file for writing (Landlock). Returns MLP_OK with
 * *partial set when the kernel lacks one of the two. Irreversible. */
enum mlp_code mlp_sandbox_enter(bool *partial, struct mlp_err *e);

/* The same, but files of the folder that holds `out` may be made, written and removed: for a
 * program whose one output it is. NULL and "-" (stdout, which is open) allow nothing. */
enum mlp_code mlp_sandbox_enter_writing(const char *out, bool *partial, struct mlp_err *e);

/* A server's two halves. Files: from here on this thread and all that it starts may make, write and
 * remove files only in the folders that hold the n paths (NULL and "-" are passed over), and
 * execute none. Before other threads are started: Landlock binds one thread. */
enum mlp_code mlp_sandbox_files(const char *const *paths, size_t n, bool *partial,
                                struct mlp_err *e);

/* Calls: the whole process, threads that run too, may not execute programs, trace others, mount,
 * change its user, load code into the kernel and so on, nor open sockets but unix ones unless
 * outgoing. Irreversible. */
enum mlp_code mlp_sandbox_serve(bool outgoing, bool *partial, struct mlp_err *e);

/* Whether this kernel has both seccomp filters and Landlock. Changes nothing. */
bool mlp_sandbox_complete(void);

#endif
