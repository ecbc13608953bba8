/* npy.h: NumPy's .npy format (versions 1 to 3) into an inert array.
 *
 * The result has the form that a pickle of protocol 5 gives (numeric._frombuffer), so that
 * mlp_nd_read takes it. (NumPy Enhancement Proposal 1; numpy.lib.format.) */
#ifndef MLP_MODEL_NPY_H
#define MLP_MODEL_NPY_H

#include "model/value.h"

/* Reads one array that fills all of bytes, which the value views. Arrays of objects, which hold
 * pickles, are refused. MLP_EINPUT with what is wrong. */
enum mlp_code mlp_npy_read(struct mlp_str bytes, struct mlp_arena *a, struct mlp_value **out,
                           struct mlp_err *e);

/* The call numpy.core.multiarray.scalar(dtype, bytes) of an array of one element without
 * dimensions, as a pickle has it; the array itself when it has any. NULL without memory. */
struct mlp_value *mlp_npy_scalar(struct mlp_value *array, struct mlp_arena *a);

#endif
