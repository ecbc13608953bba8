/* verbs.h: the verbs of mlp-package, one file each, and what they share (common.c). */
#ifndef MLP_PACKAGE_VERBS_H
#define MLP_PACKAGE_VERBS_H

#include "base/opt.h"
#include "oci/package.h"

extern const struct mlp_verb verb_keygen, verb_create, verb_sign, verb_attach, verb_verify,
    verb_inspect, verb_unpack;

/* Loads a key; the passphrase is the first line of a file, NULL when the key has none. */
enum mlp_code load_key(const char *path, const char *passphrase_file, struct mlp_key **k,
                       struct mlp_err *e);
/* Reads the first line of a passphrase file into b. */
enum mlp_code load_passphrase(const char *path, struct mlp_buf *b, struct mlp_err *e);

/* "812 bytes", "3.4 MB". */
void size_words(uint64_t bytes, char out[32]);

/* Writes text to stdout at once. */
enum mlp_code say(const struct mlp_buf *text, struct mlp_err *e);

/* What loading a model says of it, from a sandboxed child: the JSON of describe.h's `model` with
 * "signature" and, when golden_path is not NULL, "golden": the predictions of its rows as CSV.
 * d is parsed; it must be initialised. */
enum mlp_code probe_model(const char *model_path, const char *golden_path, struct mlp_doc *d,
                          struct mlp_err *e);

#endif
