/* verbs.h: the verbs of mlp-package, one file each, and what they share (common.c). */
#ifndef MLP_PACKAGE_VERBS_H
#define MLP_PACKAGE_VERBS_H

#include "base/opt.h"
#include "base/vec.h"
#include "model/model.h"
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

/* Files on their way into a package, with memory for their names, digests and small contents. */
struct gathered {
    struct mlp_arena arena;
    struct mlp_vec files; /* struct mlp_package_file, sum and size known */
};

/* A name inside: folder ("code/", "") and the path's last part; NULL without memory. */
const char *inner_name(struct gathered *g, const char *folder, const char *path);

/* Adds bytes that outlive g; a file of at most 64 MiB, which is read and so cannot change between
 * its digest and its packing; a file of any size. name NULL is taken as a failed allocation. */
enum mlp_code gather_bytes(struct gathered *g, enum mlp_role role, const char *name,
                           struct mlp_str bytes, struct mlp_err *e);
enum mlp_code gather_small(struct gathered *g, enum mlp_role role, const char *name,
                           const char *path, struct mlp_err *e);
enum mlp_code gather_large(struct gathered *g, enum mlp_role role, const char *name,
                           const char *path, struct mlp_err *e);

/* What loading a model says of it, found out in a sandboxed child: the JSON of describe.h's
 * `model` and, when golden_path is not NULL, "golden": golden_predict's text. d must be
 * initialised; it is parsed. */
enum mlp_code probe_model(const char *model_path, const char *golden_path, struct mlp_doc *d,
                          struct mlp_err *e);

/* Appends the rows of a table as CSV: the model's inputs, "prediction" and, for classifiers, a
 * column "probability_CLASS" for each class. */
enum mlp_code golden_predict(const struct mlp_model *m, const char *path, struct mlp_buf *out,
                             struct mlp_err *e);

#endif
