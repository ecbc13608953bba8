/* container.h: what a model file is, by its first bytes, and its plain contents.
 *
 * joblib compresses with zlib, gzip, bz2, xz, lzma or lz4; the boosters' files
 * come plain. */
#ifndef MLP_MODEL_CONTAINER_H
#define MLP_MODEL_CONTAINER_H

#include "base/buf.h"

enum mlp_codec {
    MLP_CODEC_NONE, MLP_CODEC_ZLIB, MLP_CODEC_GZIP, MLP_CODEC_BZ2, MLP_CODEC_XZ, MLP_CODEC_LZMA,
    MLP_CODEC_LZ4
};

enum mlp_content {
    MLP_CONTENT_UNKNOWN, MLP_CONTENT_PICKLE, MLP_CONTENT_JSON, MLP_CONTENT_UBJSON,
    MLP_CONTENT_LIGHTGBM, MLP_CONTENT_ZIP, MLP_CONTENT_ONNX, MLP_CONTENT_XGBOOST
};

/* How bytes are compressed, by their magic number. */
enum mlp_codec mlp_codec_sniff(struct mlp_str bytes);

/* Decompresses `in` into out (initialised by the caller, who frees it); out->max bounds it.
 * MLP_EINPUT for damage. */
enum mlp_code mlp_codec_decompress(enum mlp_codec codec, struct mlp_str in, struct mlp_buf *out,
                                   struct mlp_err *e);

/* What plain bytes hold. */
enum mlp_content mlp_content_sniff(struct mlp_str bytes);

#endif
