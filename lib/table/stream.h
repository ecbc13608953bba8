/* stream.h: bytes from a file or stdin, decompressed on the way when they start as gzip (RFC
 * 1952), Zstandard (RFC 8878) or xz do, and as CSV when they start as a Parquet or Arrow file
 * (columnar.h; from a pipe such a file is read into memory first, at most 1 GiB). */
#ifndef MLP_TABLE_STREAM_H
#define MLP_TABLE_STREAM_H

#include "base/err.h"
#include "base/str.h"

#include <stdatomic.h>

struct mlp_stream;

/* Opens path ("-" is stdin). The magic bytes decide, never the name. */
enum mlp_code mlp_stream_open(const char *path, struct mlp_stream **s, struct mlp_err *e);
void mlp_stream_close(struct mlp_stream *s);

/* Up to n decompressed bytes; *got is 0 only at the end. Truncated or damaged input is
 * MLP_EINPUT with the source and the compressed offset. */
enum mlp_code mlp_stream_read(struct mlp_stream *s, void *p, size_t n, size_t *got,
                              struct mlp_err *e);

/* A pipe that gives nothing is left, as if it ended, soon after *stop becomes true. NULL: never. */
void mlp_stream_stop_when(struct mlp_stream *s, const atomic_bool *stop);

/* Bytes taken from the file so far, the file's size (0 if unknown), and whether it is compressed.
 * */
uint64_t mlp_stream_consumed(const struct mlp_stream *s);
uint64_t mlp_stream_size(const struct mlp_stream *s);
bool mlp_stream_compressed(const struct mlp_stream *s);

/* Whether the text is made from a Parquet or Arrow file. */
bool mlp_stream_columnar(const struct mlp_stream *s);

#endif
