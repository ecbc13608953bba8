/* sandbox.h: giving up what a parser of untrusted bytes does not need. */
#ifndef MLP_BASE_SANDBOX_H
#define MLP_BASE_SANDBOX_H

#include "base/err.h"
#include <stdbool.h>

/* From here on this process (all its threads) may not execute programs, open sockets or trace
 * others (seccomp), nor open any file for writing (Landlock). Returns MLP_OK with *partial set
 * when the kernel lacks one of the two. Irreversible. */
enum mlp_code mlp_sandbox_enter(bool *partial, struct mlp_err *e);

#endif
