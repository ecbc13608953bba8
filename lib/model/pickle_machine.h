/* pickle_machine.h: the machine's state, shared by pickle.c (stack, memo, containers) and
 * pickle_text.c (protocol 0's textual arguments). */
#ifndef MLP_MODEL_PICKLE_MACHINE_H
#define MLP_MODEL_PICKLE_MACHINE_H

#include "model/pickle.h"

/* frame_end is 0 outside a frame. Stack, marks and memo belong to one pickle; a second pickle
 * inside the stream (joblib object arrays) gets a machine of its own over the same bytes. */
struct mlp_machine {
    struct mlp_pickle *out;
    struct mlp_str bytes;
    size_t pos;
    size_t at;                 /* offset of the opcode that runs */
    size_t frame_end;
    struct mlp_vec stack;      /* of struct mlp_value * */
    struct mlp_vec marks;      /* of size_t */
    struct mlp_vec memo;       /* of struct mlp_value *, NULL where unset */
    size_t memo_used;
    unsigned nesting;          /* pickles inside pickles */
    bool stopped;
    struct mlp_err *e;
};

/* MLP_EINPUT at the running opcode. */
enum mlp_code mlp_machine_bad(struct mlp_machine *m, const char *fmt, ...) MLP_PRINTF(2, 3);

/* n bytes of the stream, within the frame. */
enum mlp_code mlp_machine_take(struct mlp_machine *m, size_t n, struct mlp_str *out);

enum mlp_code mlp_machine_push(struct mlp_machine *m, struct mlp_value *v);

/* A new value of a type on the stack, returned in *v for its payload. */
enum mlp_code mlp_machine_make(struct mlp_machine *m, enum mlp_value_type type,
                               struct mlp_value **v);

/* Memo by number: PUT takes the top of the stack, GET pushes. */
enum mlp_code mlp_machine_put(struct mlp_machine *m, uint64_t index);
enum mlp_code mlp_machine_get(struct mlp_machine *m, uint64_t index);

/* Pushes the dotted name and notes it with its offset. Both parts must be plain identifiers. */
enum mlp_code mlp_machine_global(struct mlp_machine *m, struct mlp_str module,
                                 struct mlp_str name);

/* The opcodes of protocol 0 whose argument is a line of text. */
enum mlp_code mlp_op_int(struct mlp_machine *m);
enum mlp_code mlp_op_long(struct mlp_machine *m);
enum mlp_code mlp_op_float(struct mlp_machine *m);
enum mlp_code mlp_op_string(struct mlp_machine *m);
enum mlp_code mlp_op_unicode(struct mlp_machine *m);
enum mlp_code mlp_op_get(struct mlp_machine *m);
enum mlp_code mlp_op_put(struct mlp_machine *m);
enum mlp_code mlp_op_global(struct mlp_machine *m);

#endif
