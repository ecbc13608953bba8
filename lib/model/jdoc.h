/* jdoc.h: documents of numbers: JSON and UBJSON model files in one compact tree.
 *
 * Boosters' files are mostly arrays of numbers; each such array is one block of doubles here, so
 * that a file of 100 MB takes about its own size in memory and one pass. Non-finite numbers (bare
 * NaN, which XGBoost writes) are read; floats are rounded to float32 as their writers had them. */
#ifndef MLP_MODEL_JDOC_H
#define MLP_MODEL_JDOC_H

#include "base/arena.h"
#include "base/err.h"

enum mlp_jtype {
    MLP_J_NULL, MLP_J_NUMBER, MLP_J_TEXT, MLP_J_LIST, MLP_J_NUMBERS, MLP_J_MAP
};

/* true and false are numbers. An empty array is NUMBERS with n 0; one of numbers and other things
 * is a LIST. */
struct mlp_jval {
    enum mlp_jtype type;
    struct mlp_str key;           /* of a member of a map */
    double number;
    struct mlp_str text;
    size_t n;                     /* of NUMBERS and LIST */
    const double *numbers;
    struct mlp_jval *const *items;
    struct mlp_jval *child, *next; /* members of a map, in order */
};

/* Parses a whole text. Texts are views into it or the arena. MLP_EINPUT with the offset. */
enum mlp_code mlp_jdoc_json(struct mlp_str text, struct mlp_arena *a, struct mlp_jval **root,
                            struct mlp_err *e);
/* The same with numbers as float64, for writers that had those. */
enum mlp_code mlp_jdoc_json_exact(struct mlp_str text, struct mlp_arena *a, struct mlp_jval **root,
                                  struct mlp_err *e);
enum mlp_code mlp_jdoc_ubjson(struct mlp_str bytes, struct mlp_arena *a, struct mlp_jval **root,
                              struct mlp_err *e);

/* Member by name, NULL when absent or map is NULL or no map. */
const struct mlp_jval *mlp_jval_get(const struct mlp_jval *map, const char *key);

/* Number of a value: a NUMBER, or a TEXT that is one ("5E-1"); otherwise when absent or neither. */
double mlp_jval_num(const struct mlp_jval *v, double otherwise);
struct mlp_str mlp_jval_text(const struct mlp_jval *v);

#endif
