/* verbs.h: the verbs of mlp-serve, one file each. */
#ifndef MLP_SERVE_VERBS_H
#define MLP_SERVE_VERBS_H

#include "base/opt.h"

extern const struct mlp_verb verb_serve, verb_batch, verb_convert, verb_inspect;

#endif
