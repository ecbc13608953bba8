/* dict.h: dictionaries of categories (struct mlp_dict of ops.h). */
#ifndef MLP_MODEL_DICT_H
#define MLP_MODEL_DICT_H

#include "model/ops.h"

/* A dictionary over n categories whose code is their index; an entry without bytes pointer (a
 * NaN for numbers) is none. missing is the code that a missing value gets, or -1. The texts are
 * borrowed. NULL when the arena is full. */
struct mlp_dict *mlp_dict_texts(struct mlp_arena *a, const struct mlp_str *text, size_t n,
                                int32_t missing);
struct mlp_dict *mlp_dict_numbers(struct mlp_arena *a, const double *v, size_t n, int32_t missing);

/* The code of a value, or -1. */
int32_t mlp_dict_text(const struct mlp_dict *d, struct mlp_str t);
int32_t mlp_dict_number(const struct mlp_dict *d, double v);

#endif
