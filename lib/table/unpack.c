#include "table/snappy.h"
#include "table/unpack.h"

#include <bzlib.h>
#include <lz4.h>
#include <lz4frame.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

/* Libraries count in unsigned int: larger inputs and outputs go in steps. */
#define STEP ((unsigned)MLP_UNPACK_STEP)
#define LZMA_MEMORY (UINT64_C(256) << 20) /* xz -9 asks for 65 MiB */

/* --- zlib */

static int step(z_stream *z, struct mlp_str *in, struct mlp_buf *out)
{
    size_t take = in->n < STEP ? in->n : STEP;
    char *room = mlp_buf_reserve(out, STEP);
    if (!room)
        return Z_MEM_ERROR;
    z->next_in = (Bytef *)(uintptr_t)in->p;
    z->avail_in = (uInt)take;
    z->next_out = (Bytef *)room;
    z->avail_out = STEP;
    int r = inflate(z, Z_NO_FLUSH);
    size_t used = take - z->avail_in;
    out->n += STEP - z->avail_out;
    in->p += used;
    in->n -= used;
    return r;
}

static enum mlp_code run(struct mlp_str in, int window, struct mlp_buf *out, struct mlp_err *e)
{
    z_stream z = {0};
    int r = inflateInit2(&z, window);
    if (r != Z_OK)
        return mlp_err_nomem(e);
    while (r == Z_OK)
        r = step(&z, &in, out);
    inflateEnd(&z);
    if (out->failed)
        return mlp_err_set(e, MLP_EINPUT, "the data decompresses to more than %zu bytes", out->max);
    if (r == Z_BUF_ERROR)
        return mlp_err_set(e, MLP_EINPUT, "the compressed data ends early (truncated?)");
    if (r != Z_STREAM_END)
        return mlp_err_set(e, MLP_EINPUT, "the compressed data is damaged");
    if (in.n)
        return mlp_err_set(e, MLP_EINPUT, "%zu bytes after the end of the compressed data", in.n);
    return MLP_OK;
}

enum mlp_code mlp_unpack_gzip(struct mlp_str in, struct mlp_buf *out, struct mlp_err *e)
{
    return run(in, 15 + 32, out, e);
}

enum mlp_code mlp_unpack_deflate(struct mlp_str in, struct mlp_buf *out, struct mlp_err *e)
{
    return run(in, -15, out, e);
}

uint32_t mlp_crc32(struct mlp_str bytes)
{
    return lzma_crc32((const uint8_t *)bytes.p, bytes.n, 0);
}

/* --- Zstandard */

#define ZSTD_WINDOW 23 /* 2^23 bytes */

static enum mlp_code zstd_frames(ZSTD_DStream *z, struct mlp_str in, struct mlp_buf *out,
                                 struct mlp_err *e)
{
    ZSTD_inBuffer from = {in.p, in.n, 0};
    size_t left = 1;
    bool full = true; /* the last step filled its room: more may wait inside of z */
    while (from.pos < from.size || (left && full)) {
        char *room = mlp_buf_reserve(out, STEP);
        if (!room)
            return mlp_err_set(e, MLP_EINPUT, "the data decompresses to more than %zu bytes",
                               out->max);
        ZSTD_outBuffer to = {room, STEP, 0};
        left = ZSTD_decompressStream(z, &to, &from);
        if (ZSTD_isError(left))
            return mlp_err_set(e, MLP_EINPUT, "the compressed data is damaged");
        out->n += to.pos;
        full = to.pos == to.size;
    }
    return left ? mlp_err_set(e, MLP_EINPUT, "the compressed data ends early (truncated?)")
                : MLP_OK;
}

enum mlp_code mlp_unpack_zstd(struct mlp_str in, struct mlp_buf *out, struct mlp_err *e)
{
    ZSTD_DStream *z = ZSTD_createDStream();
    if (!z)
        return mlp_err_nomem(e);
    ZSTD_DCtx_setParameter(z, ZSTD_d_windowLogMax, ZSTD_WINDOW);
    enum mlp_code code = zstd_frames(z, in, out, e);
    ZSTD_freeDStream(z);
    return code;
}

/* --- bzip2, xz, LZ4 */

/* The end of every decompressor: what its outcome means. */
static enum mlp_code outcome(const struct mlp_buf *out, bool done, size_t left, struct mlp_err *e)
{
    if (out->failed)
        return mlp_err_set(e, MLP_EINPUT, "the data decompresses to more than %zu bytes", out->max);
    if (!done)
        return mlp_err_set(e, MLP_EINPUT, "the compressed data is damaged or truncated");
    if (left)
        return mlp_err_set(e, MLP_EINPUT, "%zu bytes after the end of the compressed data", left);
    return MLP_OK;
}

enum mlp_code mlp_unpack_bz2(struct mlp_str in, struct mlp_buf *out, struct mlp_err *e)
{
    bz_stream z = {0};
    int r = BZ2_bzDecompressInit(&z, 0, 0);
    if (r != BZ_OK)
        return mlp_err_nomem(e);
    while (r == BZ_OK && !out->failed) {
        size_t take = in.n < STEP ? in.n : STEP;
        char *room = mlp_buf_reserve(out, STEP);
        z.next_in = (char *)(uintptr_t)in.p;
        z.avail_in = (unsigned)take;
        z.next_out = room;
        z.avail_out = room ? STEP : 0;
        r = room ? BZ2_bzDecompress(&z) : BZ_MEM_ERROR;
        size_t used = take - z.avail_in, made = room ? STEP - z.avail_out : 0;
        out->n += made;
        in = (struct mlp_str){in.p + used, in.n - used};
        if (r == BZ_OK && used == 0 && made == 0)
            break;
    }
    BZ2_bzDecompressEnd(&z);
    return outcome(out, r == BZ_STREAM_END, in.n, e);
}

enum mlp_code mlp_unpack_lzma(struct mlp_str in, struct mlp_buf *out, struct mlp_err *e)
{
    lzma_stream z = LZMA_STREAM_INIT;
    lzma_ret r = lzma_auto_decoder(&z, LZMA_MEMORY, 0);
    if (r != LZMA_OK)
        return mlp_err_nomem(e);
    z.next_in = (const uint8_t *)in.p;
    z.avail_in = in.n;
    while (r == LZMA_OK && !out->failed) {
        char *room = mlp_buf_reserve(out, STEP);
        z.next_out = (uint8_t *)room;
        z.avail_out = room ? STEP : 0;
        r = room ? lzma_code(&z, LZMA_FINISH) : LZMA_MEM_ERROR;
        out->n += room ? STEP - z.avail_out : 0;
    }
    size_t left = z.avail_in;
    lzma_end(&z);
    return outcome(out, r == LZMA_STREAM_END, left, e);
}

enum mlp_code mlp_unpack_lz4(struct mlp_str in, struct mlp_buf *out, struct mlp_err *e)
{
    LZ4F_dctx *z;
    if (LZ4F_isError(LZ4F_createDecompressionContext(&z, LZ4F_VERSION)))
        return mlp_err_nomem(e);
    size_t hint = 1;
    bool good = true;
    while (good && hint && !out->failed) {
        char *room = mlp_buf_reserve(out, STEP);
        size_t made = room ? STEP : 0, used = in.n;
        if (!room)
            break;
        hint = LZ4F_decompress(z, room, &made, in.p, &used, NULL);
        good = !LZ4F_isError(hint) && (used || made);
        out->n += good ? made : 0;
        in = (struct mlp_str){in.p + used, in.n - used};
    }
    LZ4F_freeDecompressionContext(z);
    return outcome(out, good && hint == 0, in.n, e);
}

/* --- blocks whose size is known */

bool mlp_unpack_block(enum mlp_block_codec codec, struct mlp_str in, void *out, size_t n)
{
    if (codec == MLP_BLOCK_SNAPPY)
        return mlp_snappy(in, out, n);
    if (codec == MLP_BLOCK_ZSTD)
        return ZSTD_decompress(out, n, in.p, in.n) == n;
    return in.n <= INT32_MAX && n <= INT32_MAX &&
           LZ4_decompress_safe(in.p, out, (int)in.n, (int)n) == (int)n;
}
