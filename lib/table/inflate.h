/* inflate.h: zlib and gzip data in memory (RFC 1950, RFC 1952). zlib.h stays in lib/table. */
#ifndef MLP_TABLE_INFLATE_H
#define MLP_TABLE_INFLATE_H

#include "base/buf.h"

/* Appends the decompressed bytes of `in`, which starts with a zlib or gzip header, to out. More
 * than out->max bytes, damage, truncation or bytes behind the end are MLP_EINPUT. */
enum mlp_code mlp_inflate(struct mlp_str in, struct mlp_buf *out, struct mlp_err *e);

/* Appends the decompressed bytes of raw deflate data (RFC 1951), as zip members hold. */
enum mlp_code mlp_inflate_raw(struct mlp_str in, struct mlp_buf *out, struct mlp_err *e);

#endif
