/* container.c: sniffing and decompression (container.h). */
#include "model/container.h"
#include "model/xgboost_binary.h"
#include "table/unpack.h"

#include <stdlib.h>

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

enum mlp_code mlp_codec_decompress(enum mlp_codec codec, struct mlp_str in, struct mlp_buf *out,
                                   struct mlp_err *e)
{
    switch (codec) {
    case MLP_CODEC_ZLIB:
    case MLP_CODEC_GZIP:
        return mlp_unpack_gzip(in, out, e);
    case MLP_CODEC_BZ2:
        return mlp_unpack_bz2(in, out, e);
    case MLP_CODEC_XZ:
    case MLP_CODEC_LZMA:
        return mlp_unpack_lzma(in, out, e);
    case MLP_CODEC_LZ4:
        return mlp_unpack_lz4(in, out, e);
    case MLP_CODEC_NONE:
        break;
    }
    mlp_buf_addstr(out, in);
    return mlp_buf_check(out, e);
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
