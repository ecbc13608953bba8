/* pickle.h: an inert pickle machine.
 *
 * Reads the pickle language (protocols 0 to 5, Python's pickletools) into inert values. It never
 * imports, never calls, never looks a name up: GLOBAL pushes a name, REDUCE notes a call. Refused
 * outright: persistent ids, extension codes, INST, OBJ, out-of-band buffers, bytes after STOP, and
 * arguments that cross the end of their FRAME. */
#ifndef MLP_MODEL_PICKLE_H
#define MLP_MODEL_PICKLE_H

#include "base/vec.h"
#include "model/value.h"

/* Every GLOBAL that the stream names, in order, with the byte where it does. */
struct mlp_global {
    struct mlp_str name;
    uint64_t offset;
    const struct mlp_value *value;
};

struct mlp_pickle {
    struct mlp_arena *arena;   /* borrowed: nodes and texts */
    struct mlp_vec globals;    /* of struct mlp_global */
    struct mlp_value *root;
};

/* Reads one pickle that fills all of bytes, which must outlive the values. joblib streams, whose
 * arrays lie between the opcodes, are the same thing. Call fini after success and failure alike.
 * MLP_EINPUT has the byte offset. Memory is bounded by the arena. */
enum mlp_code mlp_pickle_read(struct mlp_pickle *p, struct mlp_arena *a, struct mlp_str bytes,
                              struct mlp_err *e);
void mlp_pickle_fini(struct mlp_pickle *p);

#endif
