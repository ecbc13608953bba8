/* values.h: from the text of a cell to the value that its column's type gives it. For lib/stat. */
#ifndef MLP_STAT_VALUES_H
#define MLP_STAT_VALUES_H

#include "stat/profile.h"

/* What a text looks like, for choosing a type. SPECIAL (nan, inf) fits numbers and text alike.
 * Integers with a leading zero are TEXT: they are codes, not numbers. */
enum mlp_look { MLP_LOOK_INT, MLP_LOOK_REAL, MLP_LOOK_BOOL, MLP_LOOK_DATE, MLP_LOOK_DATETIME,
                MLP_LOOK_SPECIAL, MLP_LOOK_TEXT, MLP_LOOKS };
enum mlp_look mlp_value_look(struct mlp_str s);

/* The narrowest type that 99 % of the values have; EMPTY without values. */
enum mlp_ptype mlp_value_type(const uint64_t looks[MLP_LOOKS]);

/* Reads s as a number of the type (numeric ones only). MISSING: nan. WIDER: not of the type but
 * of the next wider one (a fraction for INT, a time of day for DATE); *x is set. */
enum mlp_reading { MLP_READ_OK, MLP_READ_WIDER, MLP_READ_MISSING, MLP_READ_INFINITE,
                   MLP_READ_BAD };
enum mlp_reading mlp_value_read(enum mlp_ptype type, struct mlp_str s, double *x);

#endif
