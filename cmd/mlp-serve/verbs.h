/* verbs.h: the verbs of mlp-serve, one file each. */
#ifndef MLP_SERVE_VERBS_H
#define MLP_SERVE_VERBS_H

#include "base/opt.h"

/* Gives up what reading a model does not need, before it is read: programs, sockets, and files for
 * writing but those of out's folder (NULL and "-": none). Warns on stderr where the kernel cannot
 * do all of it. */
enum mlp_code serve_confine(const char *out, struct mlp_err *e);

/* What --runtime says: *library is NULL for our own engine, else a library of ONNX Runtime as
 * mlp_model_limits has it, borrowed from value or the environment. */
enum mlp_code serve_runtime(const char *value, const char **library, struct mlp_err *e);

extern const struct mlp_verb verb_serve, verb_batch, verb_convert, verb_inspect, verb_keygen,
    verb_bench, verb_kafka, verb_keep, verb_top;

#endif
