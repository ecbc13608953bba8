/* unpack.h: compressed data in memory. With stream.c the only user of the compression libraries.
 *
 * Where the size is not known before, the bytes are appended to out: more than out->max, damage,
 * truncation and bytes behind the end are MLP_EINPUT. out->max should be MLP_UNPACK_STEP
 * more than what is to be taken, for the last step's room. */
#ifndef MLP_TABLE_UNPACK_H
#define MLP_TABLE_UNPACK_H

#include "base/buf.h"

#define MLP_UNPACK_STEP ((size_t)1 << 20)

/* With a zlib or gzip header (RFC 1950, RFC 1952); raw deflate data (RFC 1951), as zip has it. */
enum mlp_code mlp_unpack_gzip(struct mlp_str in, struct mlp_buf *out, struct mlp_err *e);
enum mlp_code mlp_unpack_deflate(struct mlp_str in, struct mlp_buf *out, struct mlp_err *e);

/* Zstandard frames (RFC 8878) with a window of 8 MiB at most, as HTTP has it (RFC 9659). */
enum mlp_code mlp_unpack_zstd(struct mlp_str in, struct mlp_buf *out, struct mlp_err *e);

enum mlp_code mlp_unpack_bz2(struct mlp_str in, struct mlp_buf *out, struct mlp_err *e);

/* xz and the older .lzma alone; the decoder's own memory is bounded too. */
enum mlp_code mlp_unpack_lzma(struct mlp_str in, struct mlp_buf *out, struct mlp_err *e);

/* One LZ4 frame. */
enum mlp_code mlp_unpack_lz4(struct mlp_str in, struct mlp_buf *out, struct mlp_err *e);

/* A block that decompresses to n bytes exactly, into out. False when it does not. */
enum mlp_block_codec { MLP_BLOCK_SNAPPY, MLP_BLOCK_ZSTD, MLP_BLOCK_LZ4 };
bool mlp_unpack_block(enum mlp_block_codec codec, struct mlp_str in, void *out, size_t n);

/* The check sum of gzip, xz and zip (ISO 3309). */
uint32_t mlp_crc32(struct mlp_str bytes);

#endif
