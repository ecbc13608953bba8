/* snappy.h: data in Snappy's block format, as Parquet pages hold it (google/snappy,
 * format_description.txt). */
#ifndef MLP_TABLE_SNAPPY_H
#define MLP_TABLE_SNAPPY_H

#include "base/str.h"

/* Decompresses all of `in` into out, which must come to n bytes exactly. False when it does not, or
 * the data is damaged; out then holds rubbish. */
bool mlp_snappy(struct mlp_str in, void *out, size_t n);

#endif
