/* container.c: sniffing and decompression (container.h). The only user of libbz2, liblzma and
 * liblz4. */
#include "model/container.h"
#include "model/xgboost_binary.h"
#include "table/inflate.h"
#include <stdlib.h>
#include <bzlib.h>
#include <lzma.h>
#include <lz4frame.h>

#define STEP (1u << 20)

enum mlp_codec mlp_codec_sniff(struct mlp_str b)
{
    static const struct {
        const char *magic;
        size_t n;
        enum mlp_codec codec;
    } table[] = {
        {"\x1f\x8b", 2, MLP_CODEC_GZIP},      {"BZh", 3, MLP_CODEC_BZ2},
        {"\xfd" "7zXZ", 5, MLP_CODEC_XZ},     {"\x5d\x00", 2, MLP_CODEC_LZMA},
        {"\x04\x22\x4d\x18", 4, MLP_CODEC_LZ4}, {"\x78\x01", 2, MLP_CODEC_ZLIB},
        {"\x78\x5e", 2, MLP_CODEC_ZLIB},      {"\x78\x9c", 2, MLP_CODEC_ZLIB},
        {"\x78\xda", 2, MLP_CODEC_ZLIB},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (b.n > table[i].n && memcmp(b.p, table[i].magic, table[i].n) == 0)
            return table[i].codec;
    return MLP_CODEC_NONE;
}

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

static enum mlp_code decompress_bz2(struct mlp_str in, struct mlp_buf *out, struct mlp_err *e)
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

/* xz and the older .lzma alone; the decoder's own memory is bounded too. */
static enum mlp_code decompress_lzma(struct mlp_str in, struct mlp_buf *out, struct mlp_err *e)
{
    lzma_stream z = LZMA_STREAM_INIT;
    lzma_ret r = lzma_auto_decoder(&z, UINT64_C(256) << 20, 0);
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

static enum mlp_code decompress_lz4(struct mlp_str in, struct mlp_buf *out, struct mlp_err *e)
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

enum mlp_code mlp_codec_decompress(enum mlp_codec codec, struct mlp_str in, struct mlp_buf *out,
                                   struct mlp_err *e)
{
    switch (codec) {
    case MLP_CODEC_ZLIB:
    case MLP_CODEC_GZIP:
        return mlp_inflate(in, out, e);
    case MLP_CODEC_BZ2:
        return decompress_bz2(in, out, e);
    case MLP_CODEC_XZ:
    case MLP_CODEC_LZMA:
        return decompress_lzma(in, out, e);
    case MLP_CODEC_LZ4:
        return decompress_lz4(in, out, e);
    case MLP_CODEC_NONE:
        break;
    }
    mlp_buf_addstr(out, in);
    return mlp_buf_check(out, e);
}

uint32_t mlp_crc32(struct mlp_str bytes)
{
    return lzma_crc32((const uint8_t *)bytes.p, bytes.n, 0);
}

/* UBJSON objects start with '{' and then a length marker; JSON with white space, a quote or '}'. */
static bool is_ubjson(struct mlp_str b)
{
    return b.n > 2 && b.p[0] == '{' && memchr("iUIlL$#", b.p[1], 7) != NULL;
}

/* A pickle of protocol 2 and later starts with PROTO; older ones with an opcode of a global,
 * and then a module name. */
static bool is_pickle(struct mlp_str b)
{
    return (b.n > 2 && (unsigned char)b.p[0] == 0x80 && (unsigned char)b.p[1] <= 5) ||
           mlp_str_starts(b, "ccopy_reg\n") || mlp_str_starts(b, "c__builtin__\n") ||
           (b.n > 3 && b.p[0] == 'c' && mlp_str_find(b, '\n') < 128) ||
           (b.n > 2 && b.p[0] == '(' && memchr("dlit", b.p[1], 4) != NULL);
}

enum mlp_content mlp_content_sniff(struct mlp_str b)
{
    if (is_pickle(b))
        return MLP_CONTENT_PICKLE;
    if (mlp_str_starts(b, "PK\x03\x04"))
        return MLP_CONTENT_ZIP;
    if (is_ubjson(b))
        return MLP_CONTENT_UBJSON;
    struct mlp_str t = mlp_str_trim(b);
    if (t.n && t.p[0] == '{')
        return MLP_CONTENT_JSON;
    if (mlp_is_xgboost_binary(b))
        return MLP_CONTENT_XGBOOST;
    if (mlp_str_starts(b, "tree\n") || mlp_str_starts(b, "tree\r\n"))
        return MLP_CONTENT_LIGHTGBM;
    return b.n > 2 && b.p[0] == 0x08 && b.p[1] < 32 ? MLP_CONTENT_ONNX : MLP_CONTENT_UNKNOWN;
}
