/* value.h: inert values: what a saved Python object graph says, with nothing brought to life.
 *
 * A pickle (or a skops schema) becomes a tree of these nodes. A class is a name, a call is a note
 * of who would have been called with what. Nodes live in the reader's arena and share children
 * where the file does (memo), so a walk over all of it needs a budget. */
#ifndef MLP_MODEL_VALUE_H
#define MLP_MODEL_VALUE_H

#include "base/arena.h"
#include "base/err.h"

enum mlp_value_type {
    MLP_VALUE_NONE, MLP_VALUE_BOOL, MLP_VALUE_INT, MLP_VALUE_FLOAT, MLP_VALUE_TEXT,
    MLP_VALUE_BYTES, MLP_VALUE_TUPLE, MLP_VALUE_LIST, MLP_VALUE_DICT, MLP_VALUE_SET,
    MLP_VALUE_GLOBAL, MLP_VALUE_OBJECT,
    MLP_VALUE_BIGINT     /* beyond int64: only random generators hold such, never a model */
};

struct mlp_value;
struct mlp_nd;

/* Children of a list, tuple or set; of a dict as key, value, key, value. */
struct mlp_values {
    struct mlp_value **p;
    size_t n, cap;
};

/* A call that the file asks for (REDUCE, NEWOBJ): the callable, its arguments and what BUILD,
 * APPEND and SETITEM gave it after. array is set for arrays that lie raw in a joblib stream. */
struct mlp_object {
    struct mlp_value *fn;
    struct mlp_value *args;
    struct mlp_value *state;     /* NULL when there was no BUILD */
    struct mlp_values items;
    struct mlp_values pairs;
    const struct mlp_nd *array;
};

/* TEXT, BYTES and GLOBAL ("module.name") use s, a view into the file or the arena. */
struct mlp_value {
    enum mlp_value_type type;
    bool called;                 /* of a GLOBAL: the file asks for a call of it */
    uint64_t offset;             /* byte in the (uncompressed) stream that made it */
    union {
        bool b;
        int64_t i;
        double f;
        struct mlp_str s;
        struct mlp_values list;
        struct mlp_object *object;
    } u;
};

/* A new node, or NULL when the arena is full. */
struct mlp_value *mlp_value_new(struct mlp_arena *a, enum mlp_value_type type, uint64_t offset);

/* Appends n children; false when the arena is full. */
bool mlp_values_add(struct mlp_arena *a, struct mlp_values *list, struct mlp_value *const *p,
                    size_t n);

/* Dotted name of a GLOBAL or of the class that an OBJECT is made from; empty for others. */
struct mlp_str mlp_value_name(const struct mlp_value *v);

/* The part of a dotted name after the last dot. */
struct mlp_str mlp_name_last(struct mlp_str dotted);

/* True for an OBJECT whose class's last name is `name`. */
bool mlp_value_is_a(const struct mlp_value *v, const char *name);

/* True when v is NULL or None. */
bool mlp_value_is_none(const struct mlp_value *v);

/* Value of a text key in a dict (NULL when absent or v is no dict). The last one wins, as in
 * Python. */
struct mlp_value *mlp_value_get(const struct mlp_value *dict, const char *key);

/* Attribute of an OBJECT: state[key], looking into the (dict, slots) pair too. NULL when absent. */
struct mlp_value *mlp_value_attr(const struct mlp_value *object, const char *key);

/* Item i of a tuple or list, or NULL. */
struct mlp_value *mlp_value_at(const struct mlp_value *list, size_t i);

/* Children of a tuple, list, set or dict (twice its length); 0 for others. */
size_t mlp_value_count(const struct mlp_value *v);

/* True when v is TEXT (or a GLOBAL) equal to z. NULL is false. */
bool mlp_value_text_is(const struct mlp_value *v, const char *z);

#endif
