/* stream.h: bytes from a file or stdin, decompressed on the way when they start as gzip (RFC
 * 1952) or Zstandard (RFC 8878) do. The only user of zlib and libzstd for tables. */
#ifndef MLP_TABLE_STREAM_H
#define MLP_TABLE_STREAM_H

#include "base/err.h"
#include "base/str.h"

struct mlp_stream;

/* Opens path ("-" is stdin). The magic bytes decide, never the name. */
enum mlp_code mlp_stream_open(const char *path, struct mlp_stream **s, struct mlp_err *e);
void mlp_stream_close(struct mlp_stream *s);

/* Up to n decompressed bytes; *got is 0 only at the end. Truncated or damaged input is
 * MLP_EINPUT with the source and the compressed offset. */
enum mlp_code mlp_stream_read(struct mlp_stream *s, void *p, size_t n, size_t *got,
                              struct mlp_err *e);

/* Bytes taken from the file so far, the file's size (0 if unknown), and whether it is compressed.
 * */
uint64_t mlp_stream_consumed(const struct mlp_stream *s);
uint64_t mlp_stream_size(const struct mlp_stream *s);
bool mlp_stream_compressed(const struct mlp_stream *s);

#endif
